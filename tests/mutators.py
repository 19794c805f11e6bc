"""Named ways to break a file: each takes a file's content and gives it back with one thing wrong.

A mutator is made by a function named for what it does, `cell("V1", "NaN")`, and joined to others by `both`. Those of
bytes and text work on any file, those of tables on an export before it is written, those of workbooks on openpyxl's,
those of archives on the parts of an .xlsx, those of SPSS on (values, labels, missing values), those of Arrow on its
tables.
"""

import io
import re
import zipfile

import numpy as np
import pyarrow as pa
from openpyxl import load_workbook


def both(*changes):
    """One after the other."""

    def change(content):
        for one in changes:
            content = one(content)
        return content

    return change


# ---- bytes


def encoded(encoding):
    """The text in another encoding."""
    return lambda data: data.decode("utf-8").encode(encoding)


def beginning(with_):
    """Something before the first byte."""
    return lambda data: with_ + data


def ending(with_):
    """Something after the last byte."""
    return lambda data: data + with_


def cut(share):
    """The first part of the bytes, as a copy that broke off leaves it."""
    return lambda data: data[: int(len(data) * share)]


def without_end(count):
    """The last bytes gone."""
    return lambda data: data[:-count]


def only(content):
    """Nothing of what stood there."""
    return lambda data: content


def swapped(old, new, times=1):
    """The first of some bytes in place of others; they must be there."""

    def change(data):
        assert old in data, old
        return data.replace(old, new, times)

    return change


def line(number, change):
    """One line changed; the first is 1."""

    def apply(data):
        lines = data.split(b"\n")
        lines[number - 1] = change(lines[number - 1])
        return b"\n".join(lines)

    return apply


def every_line(change):
    """Each line that is not empty changed."""
    return lambda data: b"\n".join(change(x) if x else x for x in data.split(b"\n"))


def number_at(place, value, size=4):
    """A little-endian number in the head of a binary file."""
    return lambda data: data[:place] + value.to_bytes(size, "little", signed=True) + data[place + size :]


# ---- text


def text(old, new):
    """Some text in place of other; as bytes, so that it fits any file."""
    return swapped(old.encode(), new.encode())


def pattern(old, new):
    """The first place where a pattern fits, replaced."""

    def change(data):
        changed = re.sub(old, new, data.decode("utf-8"), count=1, flags=re.MULTILINE)
        assert changed.encode() != data, old
        return changed.encode()

    return change


def deep(opening, closing, times):
    """Brackets in brackets."""
    return only((opening * times + closing * times).encode())


# ---- tables


def cell(column, value, row=3):
    """One cell of a table; rows count from 0."""

    def change(table):
        table = table.astype({column: object}) if isinstance(value, str) else table.copy()
        table.loc[table.index[row], column] = value
        return table

    return change


def everywhere(column, value):
    """A column with the same in every row."""
    return lambda table: table.assign(**{column: value})


def renamed(old, new):
    """A column under another name."""
    return lambda table: table.rename(columns={old: new})


def dropped(column):
    """A column less."""
    return lambda table: table.drop(columns=column)


def rows(first, last):
    """Some of the rows."""
    return lambda table: table.iloc[first:last]


# ---- workbooks


def in_workbook(change):
    """What `change` does to openpyxl's workbook."""

    def apply(data):
        book = load_workbook(io.BytesIO(data))
        change(book)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return apply


def in_cell(column, value, row=5):
    """A value of any kind in a cell of the first sheet, found by its column's name."""

    def change(book):
        sheet = book.worksheets[0]
        names = [c.value for c in sheet[1]]
        sheet.cell(row=row, column=names.index(column) + 1).value = value

    return in_workbook(change)


def in_archive(change):
    """What `change` does to the parts of an archive, {name: bytes}, or gives instead as (name, bytes) pairs."""

    def apply(data):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {member.filename: archive.read(member) for member in archive.infolist()}
        changed = change(dict(parts))
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in changed.items() if isinstance(changed, dict) else changed:
                archive.writestr(name, content)
        return out.getvalue()

    return apply


def part(name, content):
    """A part of an archive put in, or in place of what stood there."""
    return in_archive(lambda parts: parts | {name: content})


def part_swapped(name, old, new):
    """Bytes of a part in place of others."""
    return in_archive(lambda parts: parts | {name: swapped(old, new)(parts[name])})


def without_part(name):
    """A part of an archive less."""
    return in_archive(lambda parts: {n: content for n, content in parts.items() if n != name})


def locked(data):
    """Every part of an archive marked as encrypted."""
    data = bytearray(data)
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.find(mark)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


# ---- SPSS


def values(change):
    """Another table of values."""
    return lambda table, labels, missing: (change(table), labels, missing)


def labelled(column, **codes):
    """Labels of a column by code, `c1="Yes"`; others stay."""
    given = {float(code[1:].replace("_", ".")): label for code, label in codes.items()}
    return lambda table, labels, missing: (table, labels | {column: labels.get(column, {}) | given}, missing)


def missing_values(column, *spans):
    """The missing values that a column declares: codes, or (low, high)."""
    found = [{"lo": s[0], "hi": s[1]} if isinstance(s, tuple) else s for s in spans]
    return lambda table, labels, missing: (table, labels, missing | {column: found})


NOTHING = np.nan


# ---- Parquet


def arrow(column, change):
    """What `change` does to a column of an Arrow table, which may become one of another type."""
    return lambda table: table.set_column(table.column_names.index(column), column, change(table[column]))


def replaced(column, value, row=3):
    """A text, or nothing, in one cell of an Arrow column; rows count from 0."""
    cells = column.to_pylist()
    return pa.array([*cells[:row], value, *cells[row + 1 :]], pa.string())
