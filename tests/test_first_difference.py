"""What differs first between two versions of a published file is said so that it can be found."""

import io
import json

import pytest
from PIL import Image

from pipeline.first_difference import first_difference

TABLE = b"measure,group,n,estimate\nshop,lib,10,0.5\nshop,mus,20,0.25\ncafe,lib,10,0.1\n"


def notebook(*cells):
    kind = {"cell_type": "code", "metadata": {}, "execution_count": 1}
    made = [
        kind
        | {
            "id": i,
            "source": source,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": shown}],
        }
        for i, source, shown in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4}).encode()


def picture(*, mark=(0, 0, 0), title=""):
    image = Image.new("RGB", (6, 4), "white")
    image.putpixel((3, 2), mark)
    written = io.BytesIO()
    image.save(written, format="png", compress_level=1 if title else 9)
    return written.getvalue()


def workbook(value, *, sheet="shop", wide=False):
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = sheet
    book.active["B2"] = value
    book.active.column_dimensions["B"].width = 30 if wide else 20
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


DIFFERENCES = {
    "a cell of a workbook": (
        "tables.xlsx",
        workbook(0.5),
        workbook(0.6),
        "sheet shop, cell B2: 0.5 committed, 0.6 rebuilt",
    ),
    "a sheet": (
        "tables.xlsx",
        workbook(1),
        workbook(1, sheet="cafe"),
        "the sheets are 'shop' committed, 'cafe' rebuilt",
    ),
    "a number": (
        "estimates.csv",
        TABLE,
        TABLE.replace(b"20,0.25", b"20,0.26"),
        "row measure shop, group mus, column estimate: '0.25' committed, '0.26' rebuilt",
    ),
    "several numbers": (
        "estimates.csv",
        TABLE,
        TABLE.replace(b"10", b"11"),
        "row measure shop, group lib, column n: '10' committed, '11' rebuilt; 2 cells in all",
    ),
    "a row that is gone": (
        "estimates.csv",
        TABLE,
        TABLE.replace(b"shop,mus,20,0.25\n", b""),
        "row measure shop, group mus is committed, and not rebuilt",
    ),
    "a row that is new": (
        "estimates.csv",
        TABLE.replace(b"shop,mus,20,0.25\n", b""),
        TABLE,
        "row measure shop, group mus is rebuilt, and not committed",
    ),
    "a column": (
        "estimates.csv",
        TABLE,
        TABLE.replace(b"estimate", b"share"),
        "the columns are 'measure, group, n, estimate' committed, 'measure, group, n, share' rebuilt",
    ),
    "another order": (
        "estimates.csv",
        b"id,n\na,1\nb,2\n",
        b"id,n\nb,2\na,1\n",
        "the same rows in another order",
    ),
    "rows that no column tells apart": (
        "log.csv",
        b"a,b\n1,1\n1,1\n",
        b"a,b\n1,1\n1,2\n",
        "row 2, column b: '1' committed, '2' rebuilt",
    ),
    "quotes alone": ("t.csv", b'a,b\n"1",2\n', b"a,b\n1,2\n", "line 2: '\"1\",2' committed, '1,2' rebuilt"),
    "no table any more": ("t.csv", TABLE, b"", "line 1: 'measure,group,n,estimate' committed, '' rebuilt"),
    "what a cell shows": (
        "notebooks/clean.ipynb",
        notebook(("load", "f()", "120 rows\nof 130\n"), ("show", "g()", "x")),
        notebook(("load", "f()", "120 rows\nof 131\n"), ("show", "g()", "y")),
        "cell 1 (load), what it shows, line 2: 'of 130' committed, 'of 131' rebuilt",
    ),
    "a cell's text": (
        "notebooks/clean.ipynb",
        notebook(("load", "f()", "x")),
        notebook(("load", "f(1)", "x")),
        "cell 1 (load), its text, line 1: 'f()' committed, 'f(1)' rebuilt",
    ),
    "a cell more": (
        "notebooks/clean.ipynb",
        notebook(("load", "f()", "x")),
        notebook(("load", "f()", "x"), ("show", "g()", "y")),
        "cell 2 (show) is only in what is rebuilt",
    ),
    "a place in JSON": (
        "metrics.json",
        b'{"a": {"b": [1, 2]}}',
        b'{"a": {"b": [1, 3]}}',
        "a.b.1: 2 committed, 3 rebuilt",
    ),
    "a key more": ("metrics.json", b'{"a": {}}', b'{"a": {"b": 1}}', "a.b is only in what is rebuilt"),
    "a pixel": (
        "figures/figure_07.png",
        picture(),
        picture(mark=(9, 0, 0)),
        "figure_07: 1 pixels differ, the first 3 from the left and 2 from the top",
    ),
    "packing alone": (
        "figures/figure_07.png",
        picture(),
        picture(title="x"),
        "figure_07: the same pixels, other text or packing",
    ),
    "a line drawn": (
        "figures/figure_07.svg",
        b"<svg>\n<path d='1'/>\n",
        b"<svg>\n<path d='2'/>\n",
        """figure_07: line 2: "<path d='1'/>" committed, "<path d='2'/>" rebuilt""",
    ),
    "a line": ("page.html", b"one\ntwo\n", b"one\n2\n", "line 2: 'two' committed, '2' rebuilt"),
    "a line less": ("page.html", b"one\ntwo", b"one", "line 2: 'two' committed, nothing rebuilt"),
    "a byte": ("page.bin", b"\xff\x00\x01", b"\xff\x00\x02", "byte 3 (of 3 committed, 3 rebuilt)"),
    "a file less": ("page.html", b"one", None, "committed, and not made by the run"),
    "a file more": ("page.html", None, b"one", "rebuilt, and not committed"),
    "nothing": ("page.html", b"one", b"one", ""),
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_the_first_difference_is_said(case):
    path, committed, rebuilt, said = DIFFERENCES[case]
    assert first_difference(path, committed, rebuilt) == said


def test_two_long_lines_are_shown_from_where_they_part():
    said = first_difference("a.txt", b"x" * 500 + b"1" + b"y" * 500, b"x" * 500 + b"2" + b"y" * 500)
    assert said.startswith("line 1: '…xxx") and "x1y" in said and "x2y" in said and len(said) < 250


def test_a_workbook_that_only_looks_otherwise_is_different():
    said = first_difference("tables.xlsx", workbook(1), workbook(1, wide=True))
    assert said == "the same cells, other xl/worksheets/sheet1.xml"
