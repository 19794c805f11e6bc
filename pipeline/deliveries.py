"""What an agency delivers, read safely: CSV, Excel (.xlsx), SPSS (.sav) and Parquet files, each as one Delivery.

Nothing in a file is run or worked out: a formula is refused, not evaluated. What a spreadsheet has made of a text (a
date of "1-499") is refused as well, since what stood there before cannot be known. A file is looked at before the
library that parses it sees it, so that none is unpacked, or taken into memory, that is more than an export can be, and
whatever such a library says of a broken file is one sentence of ours. docs/security.md says what that keeps out.
"""

import datetime
import os
import re
import struct
import zipfile
import zlib
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

import pandas as pd

from pipeline.cells import check_texts, read_cells
from pipeline.privacy import hide_details
from pipeline.problems import InputProblem
from pipeline.raw import PERSONAL
from pipeline.texts import ITEMS, fold, tidy

KINDS = (".csv", ".xlsx", ".sav", ".parquet")
# What an Excel file unpacks to at most: a real export of a few thousand rows has a few megabytes, in a dozen parts,
# none of which is packed to less than a hundredth unless it is nearly empty.
MOST_UNPACKED = 500_000_000
MOST_PARTS = 1_000
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
MOST_PACKED, SMALL_PART = 100, 10_000_000
# Parts that hold what an export has no need of: programs, and values kept in other files.
_FOREIGN = re.compile(r"vbaProject|macrosheets/|externalLinks/|embeddings/|activeX/|connections\.xml", re.IGNORECASE)
# An SPSS or Parquet file in memory, at most.
MOST_IN_MEMORY = 4_000_000_000
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
# What spreadsheets show of a text that they took for a date, once it is text again.
_DATE_LIKE = re.compile(
    rf"\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{1,4}}|\d{{4}}-\d\d-\d\d(?: 00:00:00)?", re.IGNORECASE
)


class AnswerSet(NamedTuple):
    """A multiple-response set of an SPSS file: a column per answer (`counted` marks it as chosen) or per mention."""

    name: str
    label: str
    columns: tuple[str, ...]
    counted: str | None


@dataclass(frozen=True)
class Delivery:
    """One file as delivered: a table of text cells, indexed by row of the file, and what the file says of its columns.

    `texts`: what was asked, by column. `labels`: {code: label} by column. `missing`: codes that say nothing of the
    matter, by column. `sets`: multiple-response sets. `dates`: columns that the file itself holds as dates. A file in
    CSV has none of these.
    """

    file: str
    table: pd.DataFrame
    texts: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, frozenset[str]] = field(default_factory=dict)
    sets: tuple[AnswerSet, ...] = ()


def read_delivery(path, *, dates, sheet=None):
    """Read a file of any of KINDS. `dates` are the columns that may hold dates, `sheet` is that of a workbook.

    Raises InputProblem for another kind of file, one that cannot be read, text in mixed or unknown encodings, a column
    without a name or with the name of another, a formula, a fault (#N/A), a date in another column, and no rows.
    """
    path = Path(path)
    if path.suffix.lower() not in KINDS:
        raise InputProblem("this kind of file cannot be read", file=path, allowed=KINDS)
    if not path.is_file():
        raise InputProblem("there is no such file", file=path)
    if path.suffix.lower() == ".sav":
        delivery = _read_sav(path, {fold(d) for d in dates})
    elif path.suffix.lower() == ".parquet":
        delivery = Delivery(path.name, _read_parquet(path, {fold(d) for d in dates}))
    elif path.suffix.lower() == ".xlsx":
        delivery = Delivery(path.name, _read_xlsx(path, {fold(d) for d in dates}, sheet))
    else:
        _check_encoding(path)
        delivery = Delivery(path.name, read_cells(path))
    table = delivery.table
    if table.empty:
        raise InputProblem("there are no rows below the header", file=path.name, do="export the file again")
    names = [fold(c) for c in table.columns]
    for name, column in zip(names, table.columns, strict=True):
        if not name or names.count(name) > 1:
            what = "this column stands twice" if name else "a column has no name"
            raise InputProblem(what, file=path.name, row=1, column=column or None, do="give each its own name")
    check_texts(table, path.name, personal=[c for c in table.columns if fold(c) in PERSONAL])
    for column in table.columns:
        _check_cells(table[column], path.name, {fold(d) for d in dates})
    return delivery


def _check_cells(cells, file, dates):
    """Raise InputProblem at text that was decoded wrongly, and at a text that was made a date.

    Each text is looked at once, where it stands first.
    """
    personal, may_be_date = (fold(cells.name) in names for names in (PERSONAL, dates))
    for cell in cells.unique().tolist():
        mixed = not cell.isascii() and _was_utf8(cell)
        if not mixed and (may_be_date or not _DATE_LIKE.fullmatch(tidy(cell))):
            continue
        where = {"file": file, "row": cells.index[cells.eq(cell)][0], "column": cells.name}
        if mixed:
            what = "mixed encodings: this cell was UTF-8 and has been read as Windows-1252 somewhere on its way"
            found = None if personal else hide_details(cell)
            raise InputProblem(what, **where, found=found, do="export the file again as UTF-8")
        raise made_a_date(**where, found=cell)


def made_a_date(file, row, column, found):
    """The problem of a cell that a spreadsheet took for a date."""
    return InputProblem(
        "a spreadsheet has made a date of this answer, and what stood there is lost",
        **{"file": file, "row": row, "column": column, "found": found},
        do="format the column as text before the answers are filled in, and export again",
    )


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


# ---- Excel


def _read_xlsx(path, dates, sheet):
    _check_archive(path)
    header, *body = _rows_of(path, sheet) or [()]
    names = [_cell(c, path.name, 1, "", True) for c in header]
    while names and not names[-1] and not any(_filled(row, len(names) - 1) for row in body):
        names.pop()
    if not names:
        raise InputProblem("the file has no header", file=path.name, row=1)
    cells = [
        [_cell(row[i], path.name, n, name, fold(name) in dates) if i < len(row) else "" for i, name in enumerate(names)]
        for n, row in enumerate(body, start=2)
    ]
    for n, row in enumerate(body, start=2):
        if any(_filled(row, i) for i in range(len(names), len(row))):
            raise InputProblem("a cell stands to the right of the header", file=path.name, row=n, do="clear it")
    table = pd.DataFrame(cells, columns=names, index=pd.RangeIndex(2, len(cells) + 2, name="row"), dtype="str")
    return table[table.ne("").any(axis=1)]


def _rows_of(path, sheet):
    """The rows of a workbook's sheet, each a tuple of openpyxl's cells."""
    from openpyxl import load_workbook  # no other command needs it

    try:
        with closing(load_workbook(path, read_only=True, data_only=False, keep_links=False)) as book:
            found = _one_sheet(book, path.name, sheet)
            found.reset_dimensions()  # what the file says of its own size is at times too small, and would hide rows
            rows = []
            # A sheet says in which row and column each cell stands, and openpyxl fills up what lies before it.
            for row in found.iter_rows():
                rows.append(row)
                if len(rows) > MOST_ROWS or len(row) > MOST_COLUMNS:
                    most = f"{MOST_ROWS:,} rows of {MOST_COLUMNS:,} cells"
                    what = "a cell stands further down or to the right than a sheet goes"
                    raise InputProblem(what, file=path.name, allowed=most, do="save it again as .xlsx")
            return rows
    except InputProblem:
        raise
    except Exception as problem:  # openpyxl has no exception of its own for a broken part: it raises whatever comes up
        raise InputProblem(f"not an Excel workbook ({problem})", file=path.name, do="save it again as .xlsx") from None


def _check_archive(path):
    """Raise InputProblem, before anything is unpacked, for what is no archive, as .xlsx is, or is none of an export.

    That is one that unpacks to far more than an export can, that has a part twice or one with a path out of the
    archive, that holds programs or links to other files, or whose XML declares entities (DTD).
    """
    do = "save it as .xlsx without a password"
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if any(m.flag_bits & 1 for m in members):
                raise zipfile.BadZipFile
            _check_members(members, path.name)
            for member in members:
                _check_xml(archive, member, path.name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, struct.error):
        raise InputProblem("not an Excel workbook, or one with a password", file=path.name, do=do) from None


def _check_members(members, file):
    size, names = sum(m.file_size for m in members), set()
    if size > MOST_UNPACKED:
        what = "the workbook unpacks to more than an export can be"
        raise InputProblem(what, file=file, found=f"{size:,} bytes", allowed=f"{MOST_UNPACKED:,} bytes")
    if len(members) > MOST_PARTS:
        what = "the workbook has more parts than an export can have"
        raise InputProblem(what, file=file, found=f"{len(members):,}", allowed=f"{MOST_PARTS:,}")
    for member in members:
        name, do = member.filename, "save it again as .xlsx, without macros and links"
        if name.startswith(("/", "\\")) or ":" in name or ".." in re.split(r"[/\\]", name):
            raise InputProblem("a part of the workbook has a path that leads out of it", file=file, found=name, do=do)
        if name.lower() in names:
            raise InputProblem("a part of the workbook stands in it twice", file=file, found=name, do=do)
        if _FOREIGN.search(name):
            what = "the workbook holds a program, or takes values from elsewhere"
            raise InputProblem(what, file=file, found=name, do=do)
        if member.file_size > max(SMALL_PART, MOST_PACKED * member.compress_size):
            what = "a part of the workbook unpacks to more than a hundred times its size"
            raise InputProblem(what, file=file, found=name, do=do)
        names.add(name.lower())


def _check_xml(archive, member, file):
    """Raise InputProblem for a part in XML that declares a document type: the only place for entities, and no export's.

    Read as far as its first element; a part that is no XML is left to openpyxl.
    """
    begun = []

    def refuse(*_):
        what = "a part of the workbook declares a document type (DTD), which an export has no use for"
        raise InputProblem(what, file=file, found=member.filename, do="save it again as .xlsx")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, lambda *_: begun.append(True)
    with archive.open(member) as part:
        while not begun and (read := part.read(4096)):
            try:
                parser.Parse(read)
            except expat.ExpatError:
                return


def _one_sheet(book, file, sheet):
    names = [s.title for s in book.worksheets]
    if sheet is None and len(names) > 1:
        raise InputProblem(
            "the workbook has several sheets", file=file, found=ITEMS.join(names), do="say which by --sheet"
        )
    if sheet is not None and sheet not in names:
        raise InputProblem("the workbook has no such sheet", file=file, found=sheet, allowed=names)
    return book[sheet or names[0]]


def _filled(row, place):
    return place < len(row) and row[place].value not in (None, "")


def _cell(cell, file, row, column, may_be_date):
    """A cell of a workbook as text."""
    value = cell.value
    where = {"file": file, "row": row, "column": column or None}
    if value is None:
        return ""
    if cell.data_type == "e":
        raise InputProblem("the cell holds a fault of a formula", **where, found=value, do="export values")
    if cell.data_type == "f":
        raise InputProblem("the cell holds a formula", **where, do="export values, not formulas")
    if isinstance(value, datetime.datetime | datetime.date | datetime.time | datetime.timedelta):
        if not may_be_date:
            raise made_a_date(file, row, column, str(value))
        if not isinstance(value, datetime.date):
            return str(value)
        return value.strftime("%Y-%m-%d")
    return number_text(value)


def number_text(value):
    """A number as text without a needless .0, true and false as 1 and 0, a text as it is."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


# ---- SPSS


def _read_sav(path, dates):
    import pyreadstat  # no other command needs it

    _check_sav(path)
    _try_apart(lambda: pyreadstat.read_sav(path, user_missing=True), path.name)
    try:
        table, about = pyreadstat.read_sav(path, user_missing=True)
    except Exception as problem:  # ReadStat's own, or whatever pandas makes of dates and texts that are none
        do = "save it again from SPSS in Unicode mode"
        raise InputProblem(f"not an SPSS file that can be read ({problem})", file=path.name, do=do) from None
    text = pd.DataFrame({c: _sav_cells(table[c], path.name, fold(c) in dates) for c in table.columns}, dtype="str")
    text.index = pd.RangeIndex(2, len(text) + 2, name="row")  # as in the other kinds: the header is row 1
    sets = [
        AnswerSet(
            name=name.lstrip("$"),
            label=tidy(found["label"] or ""),
            columns=tuple(found["variable_list"]),
            counted=number_text(found["counted_value"]) if found["is_dichotomy"] else None,
        )
        for name, found in about.mr_sets.items()
    ]
    labels = {
        column: {number_text(code): tidy(label) for code, label in known.items()}
        for column, known in about.variable_value_labels.items()
    }
    missing = {c: frozenset(_missing(c, about, [*labels.get(c, {}), *text[c].unique()])) for c in text.columns}
    return Delivery(
        file=path.name,
        table=text[text.ne("").any(axis=1)],
        texts={c: tidy(t) for c, t in about.column_names_to_labels.items() if t},
        labels=labels,
        missing={c: codes for c, codes in missing.items() if codes},
        sets=tuple(sets),
    )


def _check_sav(path):
    """Raise InputProblem for an SPSS file whose head promises more cells than it can hold.

    ReadStat makes room for as many rows as the head says before it has read one.
    """
    with path.open("rb") as file:
        head = file.read(84)
    if len(head) < 84 or head[:4] not in (b"$FL2", b"$FL3"):
        what, do = "not an SPSS file that can be read", "save it again from SPSS in Unicode mode"
        raise InputProblem(what, file=path.name, do=do)
    order = "<" if 1 <= int.from_bytes(head[64:68], "little") <= 3 else ">"
    width, packed, _, rows = struct.unpack(f"{order}4i", head[68:84])
    cells = max(width, 1) * max(rows, 0)
    # Each cell takes a byte at the least, unless the file is packed as a whole (ZSAV).
    most = path.stat().st_size if packed in (0, 1) else MOST_IN_MEMORY // 8
    if width > 100_000 or rows < -1 or cells > most:
        what = "the head of the file promises more cells than the file can hold"
        found, do = f"{rows:,} rows of {width:,} cells", "save it again from SPSS"
        raise InputProblem(what, file=path.name, found=found, allowed=f"{most:,} cells", do=do)


def _try_apart(read, file, kind="an SPSS file"):
    """Call a reader in a process of its own first; raises InputProblem if that dies of it.

    ReadStat is written in C, and fuzzing has found files on which it breaks off with the whole process; Arrow's reader
    of Parquet is in C++. What they raise is left to the call proper. Where processes cannot be forked (Windows) nothing
    is tried.
    """
    if not hasattr(os, "fork"):
        return
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.closerange(0, 3)  # what the C library prints as it dies is nothing to read
            read()
            status = 0
        finally:
            os._exit(status)
    if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        what, do = f"not {kind} that can be read: the reader breaks off", "save it again from where it came"
        raise InputProblem(what, file=file, do=do)


def _sav_cells(cells, file, may_be_date):
    """A column as text: each value is looked at once, where it stands first."""
    places, values = pd.factorize(cells.array)
    rows = pd.Series(places).drop_duplicates()
    first = dict(zip(rows, rows.index + 2, strict=True))  # the header is row 1
    texts = []
    for place, value in enumerate(values):
        if isinstance(value, datetime.date):
            if not may_be_date:
                raise made_a_date(file, first[place], cells.name, str(value))
            texts.append(value.strftime("%Y-%m-%d"))
        else:
            texts.append(number_text(value))
    return pd.array([*texts, ""], dtype="str").take(places)  # a missing value has the place -1, the last


def _missing(column, about, codes):
    """Which of these codes the file declares as missing values, one by one or as a range."""
    ranges = about.missing_ranges.get(column, [])
    for code in codes:
        for span in ranges:
            low, high = span["lo"], span["hi"]
            if isinstance(low, str):
                found = str(low) == code
            else:
                found = re.fullmatch(r"-?\d+(\.\d+)?", code) and low <= float(code) <= high
            if found:
                yield code


# ---- Parquet


def _read_parquet(path, dates):
    """A Parquet file as a table of text: texts (or categories of them), numbers, truths and dates; nothing else."""
    import pyarrow as pa

    with path.open("rb") as file:
        head = file.read(4)
        file.seek(-min(4, path.stat().st_size), os.SEEK_END)
        end = file.read(4)
    do = "save it again as Parquet, not encrypted, or as CSV UTF-8"
    if head != b"PAR1" or end != b"PAR1":
        what = "not a Parquet file that can be read"
        raise InputProblem(what, file=path.name, found=head, allowed="PAR1 at both ends", do=do)
    _try_apart(lambda: _parquet_columns(path, dates), path.name, "a Parquet file")
    try:
        columns, rows = _parquet_columns(path, dates)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as problem:
        said = (str(problem) or type(problem).__name__).splitlines()[0]
        raise InputProblem(f"not a Parquet file that can be read ({said})", file=path.name, do=do) from None
    table = pd.DataFrame(columns, index=pd.RangeIndex(2, rows + 2, name="row"), dtype="str")  # the header is row 1
    return table[table.ne("").any(axis=1)]


def _parquet_columns(path, dates):
    """The columns of a Parquet file as text, {name: cells}, and how many rows it has."""
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        _check_parquet(file.metadata, schema, path.name)
        texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
    columns, room = {}, MOST_IN_MEMORY
    # A text that stands in many rows is kept once, however long it is.
    with parquet.ParquetFile(path, read_dictionary=texts, pre_buffer=False) as file:
        for name in schema.names:
            # Threads of the process that this one was forked from are not there.
            column = file.read(columns=[name], use_threads=False).column(name)
            columns[name], size = _parquet_cells(column, name, path.name, fold(name) in dates, room)
            room -= size
        return columns, file.metadata.num_rows


def _check_parquet(about, schema, file):
    """Raise InputProblem for a file that its head says to be larger than an export can be, or that holds lists.

    Nothing but this head has been read then. Parquet keeps runs of one value in a few bytes, so that a small file may
    hold any number of cells.
    """
    cells, most = about.num_rows * max(about.num_columns, 1), MOST_IN_MEMORY // 8
    packed = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    if about.num_columns > 100_000 or cells > most or packed > MOST_IN_MEMORY:
        what = "the file holds more than an export can"
        found = f"{about.num_rows:,} rows of {about.num_columns:,} cells"
        raise InputProblem(what, file=file, found=found, allowed=f"{most:,} cells of {MOST_IN_MEMORY:,} bytes")
    for column in schema:
        if schema.names.count(column.name) > 1:
            what = "this column stands twice"
            raise InputProblem(what, file=file, row=1, column=column.name, do="give each its own name")
        if not _is_plain(column.type):
            what, do = "the column holds what is no answer", "export texts, numbers, truths or dates"
            raise InputProblem(what, file=file, row=1, column=column.name, found=str(column.type), do=do)


def _is_plain(kind):
    """Whether a type of Arrow's is one that answers have: a text, number, truth or date, or a category of texts."""
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_timestamp(kind):
        return kind.tz is None
    tests = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean)
    return any(test(kind) for test in (*tests, types.is_date, types.is_null))


def _parquet_cells(column, name, file, may_be_date, room):
    """A column as text, each value of a part looked at once, and its bytes; InputProblem if there is no `room`."""
    import pyarrow as pa
    from pyarrow import compute

    parts, size, begins = [], 0, 2  # the header is row 1
    for chunk in column.chunks:
        if pa.types.is_null(chunk.type):
            chunk = chunk.cast(pa.string())
        if pa.types.is_float16(chunk.type):
            chunk = chunk.cast(pa.float32())
        if not pa.types.is_dictionary(chunk.type):
            chunk = chunk.dictionary_encode()
        chunk.validate(full=True)
        values = chunk.dictionary.to_pylist()
        if not may_be_date:
            _stop_at_dates(values, chunk.indices, file, name, begins)
        texts = pa.array([_parquet_text(value) for value in values] + [""], pa.large_string())
        places = compute.fill_null(chunk.indices.cast(pa.int64()), len(values))
        size += compute.sum(compute.take(compute.binary_length(texts), places)).as_py() or 0
        if size > room:
            what, most = "the texts of the file are longer than an export's", f"{MOST_IN_MEMORY:,} bytes in all"
            raise InputProblem(what, file=file, column=name, allowed=most)
        parts.append(compute.take(texts, places))
        begins += len(chunk)
    return pd.array(pa.chunked_array(parts, pa.large_string()), dtype="str"), size


def _stop_at_dates(values, places, file, name, begins):
    """Raise InputProblem at the first cell with a date, in a column that is none of dates."""
    wrong = {i for i, value in enumerate(values) if isinstance(value, datetime.date)}
    row = next((n for n, place in enumerate(places.to_pylist()) if place in wrong), None) if wrong else None
    if row is not None:
        raise made_a_date(file, begins + row, name, str(values[places[row].as_py()]))


def _parquet_text(value):
    if value is None or value != value:  # an empty cell, or a number that is none
        return ""
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime.date) else number_text(value)
