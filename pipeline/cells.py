"""Tables in CSV that come from outside, read strictly: cells as they stand, with the line where each row begins.

What an agency delivers and what a person keeps by hand (claims, population files, published figures) is read here and
nowhere else; what a stage of ours has written is read by `pipeline.tables`. pandas' own reader guesses where a file is
broken: it drops zero bytes, takes a first column too many for row names, renames a column that stands twice and goes on
over an open quotation mark. Here each of these is a sentence.
"""

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from pipeline.files import MARK
from pipeline.problems import InputProblem
from pipeline.texts import tidy

# Characters that cannot be seen and are no blanks: of a terminal, or of the direction in which a text is read.
UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd\ufffe\uffff]")
# A function's bracket; two words side by side, as in no formula; and a cell of another sheet.
_CALL, _TWO_WORDS, _ELSEWHERE = re.compile(r"\w\("), re.compile(r"\w\s+[\w(]"), re.compile(r"!\$?[A-Za-z]{1,3}\$?\d")
# The beginning of a formula, in a line of its own, after what `tidy` takes away.
_MAY_BE_FORMULA = re.compile("(?m:^)(?:[^\\S\n]|[\u00ad\u200b\u200c\u200d\u2060\ufeff])*[=@+-]")
# A day, and nothing that sorts otherwise than as a day.
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# As many characters as a cell of a spreadsheet can hold.
LONGEST = 32767
# A number as a person writes it: digits, and at most a point.
NUMBER = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)
# How many there are of something that cannot be parted: a point would be one of thousands.
HOW_MANY = re.compile(r"\d{1,12}", re.ASCII)


def read_cells(path, columns=None, *, file=None, beside=()):
    """Any CSV file as a table of text, "" where empty, indexed by line of the file (the header is line 1).

    `columns`: those that it must have, and no other; the table has them in this order. `file` is what messages call it
    (its name, if nothing is said), `beside` names the files that belong together. Lines without a filled cell are no
    rows. Raises InputProblem where it is not UTF-8 comma-separated text with a header that names each column once and
    rows as wide as that. A byte order mark is accepted.
    """
    path = Path(path)
    file = path.name if file is None else file
    text = _decoded(path, file, beside)
    header = _header(file, text)
    _check_header(file, [name for name in header if name != MARK], columns)
    try:
        table = _parsed(text, header)
    except pa.ArrowInvalid:
        raise _ragged(file, text, len(header)) from None
    # A cell may hold line breaks, so a row's line is found by counting them, not rows.
    broken = text.count("\n") + (not text.endswith("\n")) != len(table) + 1
    breaks = sum(table[c].str.count("\n") for c in header) if broken else pd.Series(0, index=table.index)
    if breaks.any() or text.count('"') % 2:
        _check_quotes(file, text)
    table.index = pd.Index((breaks + 1).cumsum().shift(fill_value=0) + 2, dtype="int64", name="row")
    filled = table.ne("").any(axis=1)
    return (table if filled.all() else table[filled])[list(columns or header)]


def _decoded(path, file, beside):
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        allowed = f"a folder with {', '.join(beside)}" if beside else None
        raise InputProblem("there is no such file", file=path, allowed=allowed) from None
    except OSError as problem:
        raise InputProblem(f"it cannot be read ({problem.strerror})", file=path) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise InputProblem(
            f"not UTF-8 text: byte 0x{data[e.start]:02x} cannot be read",
            file=file,
            row=data.count(b"\n", 0, e.start) + 1,
            do="export the file again as CSV UTF-8",
        ) from None
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        raise InputProblem("not UTF-8 text: a zero byte", file=file, row=row, do="export it as CSV UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check_texts(table, file, *, personal=(), one_line=False):
    """Raise InputProblem at a cell that is too long, holds a formula or what cannot be seen.

    Contact details (the columns `personal`) are never shown. `one_line`: nor may a cell hold a line break, which in a
    file that is kept by hand comes of a quotation mark too many, and swallows rows.
    """
    for column in table.columns:
        texts = table[column].unique().tolist()
        if not _may_be_faulty(texts, one_line):
            continue
        for text in texts:
            fault = fault_of(text, hidden=column in personal, one_line=one_line)
            if fault:
                what, found, do = fault
                row = table.index[table[column].eq(text)][0]
                raise InputProblem(what, file=file, row=row, column=column, found=found, do=do)


def _may_be_faulty(texts, one_line):
    """Whether a look at all the texts together finds anything that `fault_of` may call a fault in one of them."""
    together = "\n".join(texts)
    if UNSEEN.search(together) or _MAY_BE_FORMULA.search(together):
        return True
    return max(map(len, texts), default=0) > LONGEST or (one_line and together.count("\n") >= len(texts))


def fault_of(text, *, what="the cell", hidden=False, one_line=False):
    """What is wrong with a text, what of it is shown and what to do; None where nothing is.

    `what` is where it stands. A telephone number, which is `hidden`, may well begin with a plus and have brackets.
    """
    if len(text) > LONGEST:
        do = f"a cell holds at most {LONGEST:,}: look for a quotation mark too many"
        return f"{what} is longer than a cell can be", f"{len(text):,} characters", do
    if one_line and "\n" in text:
        return f"{what} holds a line break", None, "look for a quotation mark too many"
    if unseen := UNSEEN.search(text):
        code = f"U+{ord(unseen.group()):04X}"
        return f"{what} holds a character that cannot be seen", code, "take it out, and export again"
    if is_formula(tidy(text)) and not (hidden and text[:1] == "+"):
        do = "export values, not formulas" if what == "the cell" else "write it as no formula, and export again"
        return f"{what} holds a formula", None, do
    return None


def is_formula(text):
    """Whether a spreadsheet would work something out of a tidy text: `=1+1`, `@SUM(A1)`, `-1+cmd|' /C calc'!A0`.

    Own words may begin with `+`, `-` or `@` too (`- Great!`, `+ more staff (two)`): there only a call of a function, of
    another program or of another sheet's cell is one. What is left gets an apostrophe where a table is written.
    """
    if text[:1] not in ("=", "+", "-", "@"):
        return False
    if text[0] == "=":
        return len(text) > 1
    call = _CALL.search(text)
    is_call = call is not None and not _TWO_WORDS.search(text[: call.end() - 1])
    return is_call or "!" in text.partition("|")[2] or _ELSEWHERE.search(text) is not None


def _header(file, text):
    try:
        header = next(csv.reader(_lines(text)), [])
    except csv.Error:
        raise InputProblem("the header is longer than a header can be", file=file, row=1) from None
    for name in header:
        if "\n" in name:
            do = "give it a name in one line, or look for a quotation mark too many"
            raise InputProblem("the name of a column holds a line break", file=file, row=1, column=name[:40], do=do)
    return header


def _lines(text):
    """The lines of a text one by one, each with its end. A StringIO would copy all of it, at four bytes a character."""
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin) + 1 or len(text)
        yield text[begin:end]
        begin = end


def _check_header(file, header, columns):
    if not any(header):
        raise InputProblem("the file has no header", file=file, row=1, allowed=columns)
    separator = next((s for s in ";\t|" if len(header) == 1 and s in header[0]), None)
    if separator:
        raise InputProblem(
            "cells are not separated by commas",
            file=file,
            row=1,
            found=separator,
            allowed=",",
            do="save it as CSV with commas",
        )
    for place, name in enumerate(header, start=1):
        if not name.strip():
            raise InputProblem("a column has no name", file=file, row=1, column=place, do="name it, or take it out")
        if header.count(name) > 1:
            raise InputProblem("this column stands twice", file=file, row=1, column=name, do="keep one of the two")
    if columns is None:
        return
    for name in columns:
        if name not in header:
            raise InputProblem("this column is missing", file=file, row=1, column=name, found=", ".join(header))
    for name in header:
        if name not in columns:
            raise InputProblem("no question has this column", file=file, row=1, column=name, allowed=columns)


def _check_quotes(file, text):
    """Raise InputProblem where a quotation mark opens and does not close before a comma or the end of a line.

    Such a mark takes the rows after it into one cell, which then holds line breaks; Arrow reads on.
    """
    lines, begins = csv.reader(_lines(text), strict=True), 1
    try:
        for _ in lines:
            begins = lines.line_num + 1
    except csv.Error:
        do = "take it out, or double it and close the cell"
        raise InputProblem("a quotation mark opens and is not closed", file=file, row=begins, do=do) from None


def _parsed(text, header):
    if "\n" not in text:
        return pd.DataFrame(columns=header, dtype="str")
    parsed = arrow_csv.read_csv(
        io.BytesIO(text.encode("utf-8")),
        read_options=arrow_csv.ReadOptions(column_names=header, skip_rows=1),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )
    return parsed.to_pandas()


def _ragged(file, text, width):
    """The InputProblem of the first row whose number of cells is not the header's."""
    lines = csv.reader(_lines(text))
    begins = 1
    try:
        for cells in lines:
            if cells and len(cells) != width:
                break
            begins = lines.line_num + 1
        else:
            return InputProblem("there are no rows below the header that can be read", file=file)
    except csv.Error:
        do = "look for a quotation mark too many"
        return InputProblem("a cell is longer than a cell can be", file=file, row=begins, do=do)
    return InputProblem(
        "the row is not as wide as the header",
        file=file,
        row=begins,
        found=f"{len(cells)} cells",
        allowed=f"{width} cells",
        do="look for a comma or quotation mark too many",
    )


def are_days(cells):
    """Which cells of a column of text are days as YYYY-MM-DD: a boolean Series. 2021-3-1 is none: it sorts wrongly."""
    return cells.str.fullmatch(DAY).astype(bool) & pd.to_datetime(cells, format="%Y-%m-%d", errors="coerce").notna()


def key_fault(text):
    """What is wrong with a text as the key of a row; None where nothing is."""
    if not tidy(text):
        return "the cell is empty"
    return None if tidy(text) == text else "the key has blanks that cannot be seen"
