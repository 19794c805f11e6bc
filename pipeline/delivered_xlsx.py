"""A delivered Excel workbook as a table of text, looked at as an archive before it is unpacked."""

import datetime
import errno
import re
import struct
import zipfile
import zlib
from contextlib import closing
from xml.parsers import expat

import pandas as pd

from pipeline.delivery import HEADER_ROWS, made_a_date, number_text, stop_at_low_header
from pipeline.problems import InputProblem
from pipeline.texts import ITEMS, fold

# What an Excel file unpacks to at most: a real export of a few thousand rows has a few megabytes, in a dozen parts,
# none of which is packed to less than a hundredth unless it is nearly empty.
MOST_UNPACKED = 500_000_000
MOST_PARTS = 1_000
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
MOST_PACKED, SMALL_PART = 100, 10_000_000
# Parts that hold what an export has no need of: programs, and values kept in other files.
_FOREIGN = re.compile(r"vbaProject|macrosheets/|externalLinks/|embeddings/|activeX/|connections\.xml", re.IGNORECASE)


def read_xlsx(path, dates, sheet, *, own):
    """One sheet of a workbook; `dates` are the columns that may hold dates, `own` what columns of our own are called.

    Raises InputProblem as `read_delivery`.
    """
    _check_archive(path)
    header, *body = _rows_of(path, sheet) or [()]
    first = ([str(c.value or "") for c in row] for row in (header, *body[: HEADER_ROWS - 1]))
    stop_at_low_header(first, own, path.name)
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
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, struct.error) as e:
        if getattr(e, "errno", None) not in (None, errno.EINVAL):  # the disk: a broken archive has EINVAL, or none
            raise InputProblem(f"the file cannot be read ({e.strerror})", file=path.name) from None
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
        """Stop at a document type, whatever it says."""
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
        do = "say which by --sheet (--frame-sheet and --history-sheet for those of the other tables)"
        raise InputProblem("the workbook has several sheets", file=file, found=ITEMS.join(names), do=do)
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
