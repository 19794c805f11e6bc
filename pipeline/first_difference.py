"""What first differs between two versions of a published file, said so that a reader can find it.

Of a table it is the row, by the columns that tell its rows apart, and the column; of a notebook or workbook the cell;
of a figure the pixel or the line; of JSON the place; of anything else the line or the byte. In each sentence what is
committed comes first and what was rebuilt second.
"""

import csv
import io
import json
from itertools import zip_longest
from pathlib import PurePosixPath
from zipfile import BadZipFile, ZipFile

LONGEST = 80
DRAWN = {".png", ".svg"}


def first_difference(path, committed, rebuilt):
    """The first difference of a file, one clause without a full stop; "" where both are the same bytes.

    path: the file's name, whose ending says how it is read. committed, rebuilt: its bytes, None where there is no file.
    """
    if committed == rebuilt:
        return ""
    if committed is None:
        return "rebuilt, and not committed"
    if rebuilt is None:
        return "committed, and not made by the run"
    ending = PurePosixPath(path).suffix
    try:
        said = READERS.get(ending, in_text)(committed, rebuilt)
    except (ValueError, KeyError, TypeError, csv.Error, OSError, BadZipFile):  # hand-edited into something else
        said = in_text(committed, rebuilt)
    name = PurePosixPath(path).stem
    return f"{name}: {said}" if ending in DRAWN else said


def in_table(committed, rebuilt):
    """The first cell or row that differs between two CSV tables, and how many cells differ besides."""
    (header, *rows), (new_header, *new_rows) = (_rows(data) for data in (committed, rebuilt))
    if header != new_header:
        return f"the columns are {_pair(', '.join(header), ', '.join(new_header))}"
    wide = _key_width(rows, new_rows)
    old, new = _by_key(rows, wide), _by_key(new_rows, wide)
    cells = [
        (key, column, was, now)
        for key in old
        if key in new
        for column, was, now in zip_longest(header, old[key], new[key], fillvalue="")
        if was != now
    ]
    first_cell = cells[0][0] if cells else None
    for key in old:
        if key not in new:
            return f"{_row(header, key, wide)} is committed, and not rebuilt"
        if key == first_cell:
            _, column, was, now = cells[0]
            more = f"; {len(cells)} cells in all" if len(cells) > 1 else ""
            return f"{_row(header, key, wide)}, column {column}: {_pair(was, now)}{more}"
    added = [key for key in new if key not in old]
    if added:
        return f"{_row(header, added[0], wide)} is rebuilt, and not committed"
    if list(old) != list(new):
        return "the same rows in another order"
    return in_text(committed, rebuilt)


def _rows(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


def _key_width(*tables):
    """How many of the first columns tell the rows of each table apart; 0 where all columns together do not."""
    columns = min((len(row) for rows in tables for row in rows), default=0)
    for width in range(1, columns + 1):
        if all(len({tuple(row[:width]) for row in rows}) == len(rows) for rows in tables):
            return width
    return 0


def _by_key(rows, width):
    return {tuple(row[:width]) if width else number: row for number, row in enumerate(rows, start=1)}


def _row(header, key, width):
    named = ", ".join(f"{column} {value}" for column, value in zip(header, key, strict=False)) if width else key
    return f"row {named}"


def in_notebook(committed, rebuilt):
    """The first cell that differs between two executed notebooks, and what of it."""
    old, new = (json.loads(data)["cells"] for data in (committed, rebuilt))
    for number, (was, now) in enumerate(zip_longest(old, new), start=1):
        if was is None or now is None:
            cell, side = (now, "rebuilt") if was is None else (was, "committed")
            return f"cell {number} ({cell['id']}) is only in what is {side}"
        if was["id"] != now["id"]:
            return f"cell {number} is {_pair(was['id'], now['id'])}"
        if was != now:
            return f"cell {number} ({now['id']}), {_in_cell(was, now)}"
    return in_json(committed, rebuilt)


def _in_cell(was, now):
    if was["source"] != now["source"]:
        return f"its text, {_line(''.join(was['source']), ''.join(now['source']))}"
    if was.get("outputs") != now.get("outputs"):
        return f"what it shows, {_line(*(_shown(cell['outputs']) for cell in (was, now)))}"
    return "its tags or number"


def _shown(outputs):
    """All that a cell shows as text, the coded pictures among it."""
    parts = [value for output in outputs for value in [output.get("text", ""), *output.get("data", {}).values()]]
    return "\n".join(part if isinstance(part, str) else "".join(map(str, part)) for part in parts)


def in_json(committed, rebuilt):
    """The first place, written as a.b.0, where two JSON files differ."""
    return _place(json.loads(committed), json.loads(rebuilt), "") or in_text(committed, rebuilt)


def _place(was, now, place):
    if isinstance(was, list) and isinstance(now, list):
        was, now = (dict(enumerate(values)) for values in (was, now))
    if not (isinstance(was, dict) and isinstance(now, dict)):
        return "" if was == now else f"{place.lstrip('.') or 'all of it'}: {_pair(was, now)}"
    for key in [*was, *(key for key in now if key not in was)]:
        if key not in was or key not in now:
            return f"{place.lstrip('.')}.{key} is only in what is {'committed' if key in was else 'rebuilt'}".lstrip(
                "."
            )
        if said := _place(was[key], now[key], f"{place}.{key}"):
            return said
    return ""


def in_picture(committed, rebuilt):
    """The first pixel, from the top left, in which two pictures differ, and how many do."""
    import numpy as np
    from PIL import Image

    old, new = (Image.open(io.BytesIO(data)) for data in (committed, rebuilt))
    if old.size != new.size:
        return f"the picture is {_pair('{} by {} pixels'.format(*old.size), '{} by {} pixels'.format(*new.size))}"
    differ = (np.asarray(old.convert("RGBA")) != np.asarray(new.convert("RGBA"))).any(axis=2)
    if not differ.any():
        return "the same pixels, other text or packing"
    row, column = map(int, np.argwhere(differ)[0])
    return f"{int(differ.sum())} pixels differ, the first {column} from the left and {row} from the top"


def in_workbook(committed, rebuilt):
    """The first cell that differs between two Excel workbooks, by sheet; else the first part of the file."""
    from openpyxl import load_workbook

    old, new = (load_workbook(io.BytesIO(data)) for data in (committed, rebuilt))
    if old.sheetnames != new.sheetnames:
        return f"the sheets are {_pair(', '.join(old.sheetnames), ', '.join(new.sheetnames))}"
    for sheet in old.sheetnames:
        cells = [{cell.coordinate: cell.value for row in book[sheet] for cell in row} for book in (old, new)]
        for place in [*cells[0], *(place for place in cells[1] if place not in cells[0])]:
            if (was := cells[0].get(place)) != (now := cells[1].get(place)):
                return f"sheet {sheet}, cell {place}: {_pair(was, now)}"
    parts = [{name: book.read(name) for name in book.namelist()} for book in map(_archive, (committed, rebuilt))]
    names = [name for name in {**parts[0], **parts[1]} if parts[0].get(name) != parts[1].get(name)]
    return f"the same cells, other {names[0]}" if names else "the same parts, packed otherwise"


def _archive(data):
    return ZipFile(io.BytesIO(data))


def in_text(committed, rebuilt):
    """The first line in which two texts differ; the first byte where one of them is no text."""
    try:
        return _line(committed.decode("utf-8"), rebuilt.decode("utf-8"))
    except UnicodeDecodeError:
        differing = (n for n, pair in enumerate(zip(committed, rebuilt, strict=False), start=1) if pair[0] != pair[1])
        byte = next(differing, min(len(committed), len(rebuilt)) + 1)
        return f"byte {byte} (of {len(committed)} committed, {len(rebuilt)} rebuilt)"


def _line(was, now):
    for number, (old, new) in enumerate(zip_longest(was.split("\n"), now.split("\n")), start=1):
        if old != new:
            return f"line {number}: {_pair(*_around(old, new))}"
    return "nothing that can be seen"


def _around(old, new):
    """Two lines from shortly before where they part."""
    if old is None or new is None:
        return old, new
    parts = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, parts - LONGEST // 2) if max(len(old), len(new)) > LONGEST else 0
    return tuple(("…" if start else "") + line[start:] for line in (old, new))


def _pair(was, now):
    return f"{_short(was)} committed, {_short(now)} rebuilt"


def _short(value):
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


READERS = {".csv": in_table, ".ipynb": in_notebook, ".json": in_json, ".png": in_picture, ".xlsx": in_workbook}
