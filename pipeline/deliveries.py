"""What an agency delivers, read safely: CSV, Excel (.xlsx), SPSS (.sav) and Parquet files, each as one Delivery.

Nothing in a file is run or worked out: a formula is refused, not evaluated. What a spreadsheet has made of a text (a
date of "1-499") is refused as well, since what stood there before cannot be known. A file is looked at before the
library that parses it sees it, so that none is unpacked, or taken into memory, that is more than an export can be, and
whatever such a library says of a broken file is one sentence of ours. docs/security.md says what that keeps out.
"""

import re
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pandas as pd

from pipeline.cells import check_texts, fault_of, read_cells
from pipeline.delivered_parquet import read_parquet
from pipeline.delivered_sav import read_sav
from pipeline.delivered_xlsx import read_xlsx
from pipeline.delivery import HEADER_ROWS, Delivery, made_a_date, stop_at_low_header
from pipeline.privacy import hide_details
from pipeline.problems import InputProblem
from pipeline.raw import PERSONAL
from pipeline.texts import fold, tidy

KINDS = (".csv", ".xlsx", ".sav", ".parquet")
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
# What spreadsheets show of a text that they took for a date, once it is text again, and a date written out.
_MONTH_LIKE = re.compile(rf"\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{1,4}}", re.IGNORECASE)
_DAY_LIKE = re.compile(r"\d{4}-\d\d-\d\d(?: 00:00:00)?")


def read_delivery(path, *, dates, ids=(), personal=PERSONAL, sheet=None):
    """Read a file of any of KINDS. `dates` are the columns that may hold dates, `sheet` is that of a workbook.

    Columns of `ids` may hold what looks like a month and a number, as MAR-001 does, but no date. No message says what
    stands in a column of `personal`.

    Raises InputProblem for another kind of file, one that cannot be read, a sheet of what is no workbook, text in mixed
    or unknown encodings, a column without a name or with the name of another, a formula (in a cell, or in a column's
    name, text or labels), a fault (#N/A), a date in another column, and no rows.
    """
    path = Path(path)
    _check_file(path, sheet)
    may_be_dates, own, hidden = ({fold(name) for name in names} for names in (dates, (*dates, *ids), personal))
    delivery = _read_kind(path, may_be_dates, own, sheet)
    delivery = replace(delivery, table=_without_blank_rows(delivery.table))
    table = delivery.table
    if table.empty:
        raise InputProblem("there are no rows below the header", file=path.name, do="export the file again")
    names = [fold(c) for c in table.columns]
    for name, column in zip(names, table.columns, strict=True):
        if not name or names.count(name) > 1:
            what = "this column stands twice" if name else "a column has no name"
            raise InputProblem(what, file=path.name, row=1, column=column or None, do="give each its own name")
    _check_names_and_labels(delivery)
    check_texts(table, path.name, personal=[c for c in table.columns if fold(c) in hidden])
    for column in table.columns:
        _check_cells(table[column], path.name, may_be_dates, {fold(i) for i in ids}, hidden)
    return delivery


def _check_file(path, sheet):
    """Raise InputProblem where a path is of no file that can be read, or where a sheet is named of what has none."""
    if path.name.startswith("~$"):
        raise InputProblem(
            "this is what Excel leaves beside a workbook that is open", file=path, do="name the workbook"
        )
    if path.suffix.lower() not in KINDS:
        raise InputProblem("this kind of file cannot be read", file=path, allowed=KINDS)
    if not path.is_file():
        raise InputProblem("there is no such file", file=path)
    try:
        path.open("rb").close()
    except OSError as problem:  # before a reader takes it for a broken file of its kind
        raise InputProblem(f"the file cannot be read ({problem.strerror})", file=path) from None
    if sheet is not None and path.suffix.lower() != ".xlsx":
        raise InputProblem("a sheet is named, and this is no Excel workbook", file=path, found=sheet)


def _read_kind(path, may_be_dates, own, sheet):
    """A Delivery as the reader of its kind of file gives it. `own` are the folded names of columns that are ours."""
    if path.suffix.lower() == ".sav":
        return read_sav(path, may_be_dates)
    if path.suffix.lower() == ".parquet":
        return Delivery(path.name, read_parquet(path, may_be_dates))
    if path.suffix.lower() == ".xlsx":
        return Delivery(path.name, read_xlsx(path, may_be_dates, sheet, own=own))
    _check_encoding(path)
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        stop_at_low_header((line.replace('"', "").split(",") for line in islice(file, HEADER_ROWS)), own, path.name)
    return Delivery(path.name, read_cells(path))


def _without_blank_rows(table):
    """The table without rows in which nothing stands but blanks, such as a spreadsheet has below its last row."""
    blank = pd.Series(True, index=table.index)
    for column in table:
        there = table.loc[blank, column].str.strip().eq("")
        blank = blank.where(~blank, there.reindex(blank.index, fill_value=False))
        if not blank.any():
            return table
    return table[~blank]


def _check_names_and_labels(delivery):
    """Raise InputProblem at a name, text or label of a column or set that could not stand in a cell.

    All of them may: a draft of the codebook takes them over, and labels are written in place of codes.
    """
    for row, column, what, text in _names_and_labels(delivery):
        fault = fault_of(text, what=what)
        if fault:
            said, found, do = fault
            raise InputProblem(said, file=delivery.file, row=row, column=column, found=found, do=do)


def _names_and_labels(delivery):
    """What a delivery says beside its cells: (row, or None where none is of it; column or set; what it is; text)."""
    yield from ((1, column, "the name of the column", column) for column in delivery.table.columns)
    yield from ((None, column, "the text of the column", text) for column, text in delivery.texts.items())
    for column, labels in delivery.labels.items():
        yield from ((None, column, f"the label of {code}", label) for code, label in labels.items())
    for found in delivery.sets:
        yield None, found.name, "the name of the set", found.name
        yield None, found.name, "the text of the set", found.label


def _check_cells(cells, file, dates, ids, hidden):
    """Raise InputProblem at text that was decoded wrongly, and at a text that was made a date.

    Each text is looked at once, where it stands first.
    """
    personal, may_be_date, is_id = (fold(cells.name) in names for names in (hidden, dates, ids))
    for cell in cells.unique().tolist():
        mixed = not cell.isascii() and _was_utf8(cell)
        if not mixed and (may_be_date or not _is_date_like(tidy(cell), is_id)):
            continue
        where = {"file": file, "row": cells.index[cells.eq(cell)][0], "column": cells.name}
        if mixed:
            what = "mixed encodings: this cell was UTF-8 and has been read as Windows-1252 somewhere on its way"
            found = None if personal else hide_details(cell)
            raise InputProblem(what, **where, found=found, do="export the file again as UTF-8")
        raise made_a_date(**where, found=cell)


def _is_date_like(text, is_id):
    """Whether a text may be what a spreadsheet has made of another; of an id its own letters are taken for letters."""
    return bool(_DAY_LIKE.fullmatch(text) or (not is_id and _MONTH_LIKE.fullmatch(text)))


def _was_utf8(text):
    """Whether a text with other than ASCII characters reads as UTF-8 once it is Windows-1252 again."""
    try:
        text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return False
    return True


# ---- CSV


def _check_encoding(path):
    """Raise InputProblem if a file is not UTF-8, saying whether it is all of another encoding or mixes two."""
    wrong, right, data = [], [], path.read_bytes()
    if data.isascii():
        return
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.isascii():
            try:
                line.decode("utf-8-sig")
                right.append(number)
            except UnicodeDecodeError:
                wrong.append(number)
    if wrong and right:
        raise InputProblem(
            f"mixed encodings: row {right[0]} is UTF-8 and this one is not",
            **{"file": path.name, "row": wrong[0]},
            do="export all of it again as CSV UTF-8",
        )
