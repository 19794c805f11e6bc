"""The corpus of broken inputs: for every file that a person may edit or an agency may send, ways in which it is broken.

Each is a name and a mutator (`mutators.py`); of files that come together also which of them. What is said of each
stands in `broken_inputs.yaml`.
"""

import datetime
import decimal
import io
import re

import mutators as m
import pandas as pd
import pyarrow as pa

DTD = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
XXE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
UTC = pa.timestamp("ms", "UTC")
SHEET = "xl/worksheets/sheet1.xml"


def hide_data(book):
    book.create_sheet("Front")
    book.worksheets[0].sheet_state = "hidden"


def add_hidden(book):
    book.create_sheet("Notes").sheet_state = "veryHidden"


def add_title(book):
    book.active.insert_rows(1, 2)
    book.active["A1"] = "Survey of houses"
    book.active.merge_cells("A1:F1")


def add_blanks(book):
    book.active.append([" \u00a0"] * book.active.max_column)


CSV = {
    "byte order mark": m.beginning(b"\xef\xbb\xbf"),
    "UTF-16": m.encoded("utf-16"),
    "UTF-32": m.encoded("utf-32"),
    "zero byte": m.text("completed_on", "completed\0on"),
    "mixed line ends": m.both(m.line(9, lambda x: x + b"\r"), m.line(20, lambda x: x + b"\r")),
    "line ends of an old Mac": lambda data: data.replace(b"\n", b"\r"),
    "nothing in it": m.only(b""),
    "empty lines only": m.only(b"\n\n\n"),
    "empty line first": m.beginning(b"\n"),
    "title line first": m.beginning(b"Survey of houses\n"),
    "line that tells Excel the separator": m.beginning(b"sep=,\n"),
    "row with a cell too many": m.line(6, lambda x: x + b",x"),
    "row with a cell too few": m.line(6, lambda x: x.rsplit(b",", 1)[0]),
    "empty cells beyond the header": m.every_line(lambda x: x + b",,"),
    "open quotation mark at the start of a row": m.line(6, lambda x: b'"' + x),
    "open quotation mark in the last cell": m.line(6, lambda x: x[: x.rindex(b",") + 1] + b'"roof'),
    "two open quotation marks, ten rows apart": m.both(
        m.line(6, lambda x: x[: x.rindex(b",") + 1] + b'"roof'),
        m.line(16, lambda x: x[: x.rindex(b",") + 1] + b'"roof'),
    ),
    "broken off": m.cut(0.5),
    "web page": m.only(b"<html><table><tr><td>organisation</td></tr></table></html>"),
    "name of a column with a line break": m.text("V1", '"V1\n"'),
    "column without a name": m.text("V1", ""),
    "name of a column in look-alike letters": m.text("V1", "V\u0661"),
    "name of a column with a zero-width space": m.text("V1", "V\u200b1"),
    "header in the middle": lambda data: m.line(11, lambda x: data.split(b"\n")[0])(data),
    "cell of megabytes": m.text("Museum", "M" * 3_000_000),
    "cell longer than a spreadsheet's": m.text("Museum", "M" * 40_000),
    "surrogate": m.swapped(b"Museum", b"Museum\xed\xa0\x80"),
    "rows twice": lambda data: data + data.split(b"\n", 1)[1],
    "workbook named as CSV": m.only(b"PK\x03\x04" + bytes(range(200))),
}
TABLE = {
    "code that turns a terminal red": m.cell("V2", "Our roof leaks\x1b[31m"),
    "text that runs from right to left": m.cell("V2", "Our roof leaks \u202e\u2066"),
    "character that was lost before": m.cell("V2", "Our roof leaks \ufffd"),
    "non-breaking blanks": lambda t: m.cell("V1", f"\u00a0{t['V1'].iloc[3]}\u00a0")(t),
    "zero-width blanks": lambda t: m.cell("V1", t["V1"].iloc[3][:2] + "\u200b" + t["V1"].iloc[3][2:])(t),
    "wide letters": lambda t: m.cell(
        "V1", "".join(chr(ord(c) + 0xFEE0) if c.isalpha() and c.isascii() else c for c in t["V1"].iloc[3])
    )(t),
    "column of spaces": m.everywhere("V1", "   "),
    "column named by spaces": m.everywhere("  ", "x"),
    "NaN for an answer": m.cell("V1", "NaN"),
    "fault of a spreadsheet for an answer": m.cell("V1", "#REF!"),
    "code with a fraction": m.cell("V1", "1.5"),
    "code with a nought before it": m.cell("V1", "01"),
    "two as a tick": m.cell("E1_1", "2"),
    "infinity as a tick": m.cell("E1_1", "inf"),
    "size of four hundred digits": m.cell("Visits", "9" * 400),
    "size with a point between thousands": m.cell("Visits", "20.000"),
    "size with an exponent": m.cell("Visits", "1e5"),
    "size that is infinite": m.cell("Visits", "inf"),
    "size below nothing": m.cell("Visits", "-5"),
    "size in wide digits": m.cell("Visits", "\uff11\uff12\uff13\uff14"),
    "size in Arabic digits": m.cell("Visits", "\u0661\u0662\u0663"),
    "size in hexadecimal": m.cell("Visits", "0x10"),
    "size that is blank": m.cell("Visits", " "),
    "day of no calendar": m.cell("completed_on", "2021-02-30"),
    "day without noughts": m.cell("completed_on", "2021-3-1"),
    "day as a number": m.everywhere("completed_on", "44256"),
    "day with a time": m.cell("completed_on", "2021-03-01T10:00"),
    "day in another order": m.cell("completed_on", "01/03/2021"),
    "id that is blank": m.cell("organisation", "  "),
    "id with a line break": m.cell("organisation", "LIB-001\n"),
    "formula behind a blank": m.cell("V2", " =1+1"),
    "formula behind a tab": m.cell("V2", "\t=1+1"),
    "formula that begins with a minus and runs a program": m.cell("V2", "-1+cmd|' /C calc'!A0"),
    "function that begins with an at sign": m.cell("V2", "@SUM(1+1)"),
    "formula as an id": m.cell("organisation", "=cmd"),
    "status that is none": m.everywhere("status", "done"),
    "no complete questionnaire": m.everywhere("status", "partial"),
    "one contact for all": m.everywhere("contact_id", "K1"),
}
XLSX = {
    "merged cells": m.in_workbook(lambda b: b.active.merge_cells("Q5:Q7")),
    "merged names of columns": m.in_workbook(lambda b: b.active.merge_cells("A1:C1")),
    "hidden sheet beside the data": m.in_workbook(add_hidden),
    "data on a hidden sheet": m.in_workbook(hide_data),
    "sheet without a cell": m.in_workbook(lambda b: b.active.delete_rows(1, 500)),
    "names of columns alone": m.in_workbook(lambda b: b.active.delete_rows(2, 500)),
    "empty row first": m.in_workbook(lambda b: b.active.insert_rows(1)),
    "title in merged cells first": m.in_workbook(add_title),
    "row of blanks last": m.in_workbook(add_blanks),
    "empty column": m.in_workbook(lambda b: b.active.insert_cols(3)),
    "row of totals": m.in_workbook(lambda b: setattr(b.active.cell(row=95, column=2), "value", "Total")),
    "note below the rows": m.in_workbook(lambda b: setattr(b.active.cell(row=95, column=1), "value", "Sent on Monday")),
    "picture sheet": m.in_workbook(lambda b: b.create_chartsheet("Chart")),
    "formula for an answer": m.in_cell("V1", "=B5"),
    "formula for a name": m.in_cell("V1", '="V"&"1"', row=1),
    "fault for an answer": m.in_cell("V1", "#N/A"),
    "date for an answer": m.in_cell("V1", datetime.date(2021, 3, 1)),
    "time for an answer": m.in_cell("V1", datetime.time(10, 0)),
    "truth for a single answer": m.in_cell("V1", False),
    "code a little off": m.in_cell("V1", 2.0000001),
    "size a little off": m.in_cell("Visits", 20000.5),
    "size beyond any": m.in_cell("Visits", 1.5e300),
    "number for a day": m.in_cell("completed_on", "44256"),
    "no sheet in it": m.without_part(SHEET),
    "no workbook in it": m.without_part("xl/workbook.xml"),
    "no list of contents": m.without_part("[Content_Types].xml"),
    "no formats": m.without_part("xl/styles.xml"),
    "sheet that breaks off": m.in_archive(lambda p: p | {SHEET: p[SHEET][:2000]}),
    "formats that are no XML": m.part("xl/styles.xml", b"<x"),
    "number that is text": m.part_swapped(SHEET, b't="n"><v>', b't="n"><v>abc'),
    "number that is none": m.in_archive(
        lambda p: p | {SHEET: re.sub(rb't="n"><v>[01]</v>', b't="n"><v>NaN</v>', p[SHEET], count=1)}
    ),
    "cell in a column beyond the last": m.part_swapped(SHEET, b'r="C3"', b'r="ZZZZ3"'),
    "two cells in one place": m.part_swapped(SHEET, b'r="C3"', b'r="B3"'),
    "row beyond the last": m.part_swapped(SHEET, b'<row r="5"', b'<row r="5000000000"'),
    "text beyond the list of texts": m.part_swapped(
        SHEET, b't="inlineStr"><is><t>Library</t></is>', b't="s"><v>99999</v>'
    ),
    "broken in the middle": m.cut(0.5),
    "end gone": m.without_end(30),
    "nothing in it": m.only(b""),
    "password": m.only(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)),
    "encrypted parts": m.locked,
    "CSV named as a workbook": m.only(b"organisation,V1\nLIB-001,1\n"),
    "entities": m.in_archive(lambda p: p | {SHEET: DTD + p[SHEET]}),
    "entity from a file": m.in_archive(lambda p: p | {SHEET: XXE + p[SHEET].replace(b"Library", b"&a;")}),
    "document type behind comments": m.in_archive(
        lambda p: p | {SHEET: b"<!--" + b"x" * 9000 + b"-->" + XXE + p[SHEET]}
    ),
    "path out of the archive": m.part("../../evil.csv", b"x"),
    "path from the root": m.part("/etc/evil", b"x"),
    "path of Windows": m.part("xl\\..\\..\\evil", b"x"),
    "macros": m.part("xl/vbaProject.bin", b"x"),
    "values of another workbook": m.part("xl/externalLinks/externalLink1.xml", b"<externalLink/>"),
    "query of a database": m.part("xl/connections.xml", b"<connections/>"),
    "file inside": m.part("xl/embeddings/oleObject1.bin", b"x"),
    "thousands of parts": m.in_archive(lambda p: p | {f"x/{n}": b"" for n in range(2000)}),
    "part that unpacks to a thousand times its size": m.part("xl/media/1.bin", bytes(40_000_000)),
    "sheet that stands twice": m.in_archive(lambda p: [*p.items(), (SHEET, p[SHEET].replace(b"Bleak", b"Steady"))]),
}
SAV = {
    "nothing in it": m.only(b""),
    "head alone": m.cut(0.01),
    "last rows gone": m.without_end(400),
    "CSV named as SPSS": m.only(b"organisation,V1\n" * 99),
    "a billion rows promised": m.number_at(80, 10**9),
    "two billion cells to a row promised": m.number_at(68, 2**31 - 1),
    "rows below none": m.number_at(80, -7),
    "unknown encoding": m.text("UTF-8", "XXX-8"),
    "text that is not UTF-8": m.swapped(b"Bleak", b"Bl\xe9ak"),
}
SAV_VALUES = {
    "code without a label": m.values(m.cell("V1", 7.0)),
    "code with a fraction": m.values(m.cell("V1", 1.5)),
    "infinite code": m.values(m.cell("V1", float("inf"))),
    "code beyond any": m.values(m.cell("V1", 1e300)),
    "no answer": m.values(m.cell("V1", m.NOTHING)),
    "code below nothing": m.values(m.cell("V1", -9.0)),
    "third value in a set of ticks": m.values(m.cell("E1_1", 2.0)),
    "half a tick": m.values(m.cell("E1_1", 0.5)),
    "day that is missing": m.values(m.cell("completed_on", None)),
    "days as seconds": m.values(m.everywhere("completed_on", 13800000000.0)),
    "no rows": m.values(m.rows(0, 0)),
    "formula in own words": m.values(m.cell("V2", "=1+1")),
    "terminal code in own words": m.values(m.cell("V2", "roof\x1b]0;x\x07")),
    "two labels alike": m.labelled("V1", c2="Bright"),
    "label that is empty": m.labelled("V1", c1=""),
    "label of a code with a fraction": m.labelled("V1", c1_5="Middling"),
    "labels the other way round": m.labelled("S1", c1="No", c3="Yes"),
    "missing values as a range": m.missing_values("V1", (90, 99)),
    "missing values that take in every answer": m.missing_values("V1", (1, 99)),
    "missing values from minus infinity": m.missing_values("V1", (-1e300, 0), 98),
    "column under another name": m.values(m.renamed("V1", "V_1")),
}
PARQUET = {
    "nothing in it": m.only(b""),
    "four bytes": m.only(b"PAR1"),
    "both ends and nothing between": m.only(b"PAR1" + bytes(4) + b"PAR1"),
    "broken off": m.cut(0.5),
    "CSV named as Parquet": m.only(b"organisation,V1\n" * 99),
    "encrypted": lambda data: b"PARE" + data[4:-4] + b"PARE",
    "foot that is larger than the file": lambda data: data[:-8] + b"\xff\xff\xff\x7f" + data[-4:],
    "foot of noughts": lambda data: data[:-108] + bytes(100) + data[-8:],
}
PARQUET_VALUES = {
    "text of no answer": m.arrow("V1", lambda c: m.replaced(c, "Bleakest")),
    "fault of a spreadsheet for an answer": m.arrow("V1", lambda c: m.replaced(c, "#REF!")),
    "empty answer": m.arrow("V1", lambda c: m.replaced(c, None)),
    "date for an answer": m.arrow("V1", lambda c: pa.array([datetime.date(2021, 3, 1)] * len(c))),
    "time for an answer": m.arrow("V1", lambda c: pa.array([datetime.datetime(2021, 3, 1, 9)] * len(c))),
    "list for an answer": m.arrow("E1_1", lambda c: pa.array([[1]] * len(c))),
    "bytes for an answer": m.arrow("V1", lambda c: pa.array([b"Bleak"] * len(c))),
    "bytes that are no text": m.arrow("V2", lambda c: pa.array([b"\xff\xfe"] * len(c)).view(pa.string())),
    "answers with parts": m.arrow("V1", lambda c: pa.array([{"a": 1}] * len(c))),
    "decimals for ticks": m.arrow("E1_1", lambda c: pa.array([decimal.Decimal(1)] * len(c))),
    "half a tick": m.arrow("E1_1", lambda c: pa.array([0.5] * len(c))),
    "ticks with a point": m.arrow("E1_1", lambda c: c.cast(pa.float64())),
    "ticks as truths": m.arrow("E1_1", lambda c: c.cast(pa.bool_())),
    "infinity as a tick": m.arrow("E1_1", lambda c: pa.array([float("inf")] * len(c))),
    "column without a value": m.arrow("V1", lambda c: pa.nulls(len(c))),
    "days as times": m.arrow("completed_on", lambda c: c.cast(pa.timestamp("ms"))),
    "days with a time zone": m.arrow("completed_on", lambda c: c.cast(pa.timestamp("ms")).cast(UTC)),
    "formula in own words": m.arrow("V2", lambda c: m.replaced(c, "=1+1")),
    "terminal code in own words": m.arrow("V2", lambda c: m.replaced(c, "roof\x1b]0;x\x07")),
    "text that was decoded wrongly": m.arrow("V2", lambda c: m.replaced(c, "caf\u00c3\u00a9")),
    "text of a megabyte in every row": m.arrow("V2", lambda c: pa.array(["M" * 1_000_000] * len(c))),
    "column that stands twice": lambda t: t.append_column("V1", t["V1"]),
    "column under another name": lambda t: t.rename_columns({"V1": "V_1"}),
    "index of pandas": lambda t: t.append_column("__index_level_0__", pa.array(range(len(t)))),
    "no rows": lambda t: t.slice(0, 0),
    "no columns": lambda t: t.select([]),
}
FRAME, HISTORY, INTERVIEWS = "frame.csv", "contact_history.csv", "interviews.csv"


def raw_cell(column, value, row=3):
    """One cell of a raw file, rows counted from 0."""

    def change(data):
        t = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)
        t.loc[row, column] = value
        return t.to_csv(index=False, lineterminator="\n").encode()

    return change


RAW = {
    "byte order mark": (FRAME, m.beginning(b"\xef\xbb\xbf")),
    "mixed line ends": (INTERVIEWS, m.line(9, lambda x: x + b"\r")),
    "UTF-16": (HISTORY, m.encoded("utf-16")),
    "zero byte": (HISTORY, m.swapped(b"email", b"em\0ail")),
    "column twice": (
        FRAME,
        m.both(
            m.text("telephone", "telephone,telephone"),
        ),
    ),
    "column less": (INTERVIEWS, m.text("status", "state")),
    "open quotation mark": (INTERVIEWS, m.line(6, lambda x: x[: x.rindex(b",") + 1] + b'"roof')),
    "broken off in a row": (HISTORY, lambda d: d[: d.rindex(b",") - 4]),
    "rows gone but the header": (INTERVIEWS, lambda d: d.split(b"\n")[0] + b"\n"),
    "header alone, without line end": (INTERVIEWS, lambda d: d.split(b"\n")[0]),
    "folder in place of a file": (INTERVIEWS, None),
    "row twice": (INTERVIEWS, lambda d: d + d.split(b"\n")[5] + b"\n"),
    "contact twice": (FRAME, lambda d: d + d.split(b"\n")[5] + b"\n"),
    "round of a wide digit": (HISTORY, raw_cell("round", "\uff11")),
    "round of nought": (HISTORY, raw_cell("round", "0")),
    "round and a half": (HISTORY, raw_cell("round", "1.5")),
    "round without end": (HISTORY, raw_cell("round", "inf")),
    "mode that is none": (HISTORY, raw_cell("mode", "fax")),
    "outcome that is none": (HISTORY, raw_cell("outcome", "ok")),
    "attempt on no day": (HISTORY, raw_cell("attempted_on", "2020-02-30")),
    "attempt on a day without noughts": (HISTORY, raw_cell("attempted_on", "2020-3-9")),
    "attempt of nobody": (HISTORY, raw_cell("contact_id", "C-none")),
    "interview of nobody": (INTERVIEWS, raw_cell("organisation", "NONE-1")),
    "interview on no day": (INTERVIEWS, raw_cell("completed_on", "soon")),
    "interview on a day without noughts": (INTERVIEWS, raw_cell("completed_on", "2020-3-9")),
    "status that is none": (INTERVIEWS, raw_cell("status", "done")),
    "answer of look-alike letters": (INTERVIEWS, raw_cell("V1", "\u0412right")),
    "answer that is not a number": (INTERVIEWS, raw_cell("V1", "NaN")),
    "formula in own words": (INTERVIEWS, raw_cell("V2", '=HYPERLINK("http://example.org")')),
    "terminal code in own words": (INTERVIEWS, raw_cell("V2", "roof \x1b[2J")),
    "own words longer than a cell": (INTERVIEWS, raw_cell("V2", "roof " * 9000)),
    "formula for an organisation's name": (FRAME, raw_cell("organisation_name", "@SUM(A1)")),
    "sector that is none": (FRAME, raw_cell("Type", "Zoo")),
    "size that reads two ways": (FRAME, raw_cell("Visits", "20.000")),
    "size in Arabic digits": (FRAME, raw_cell("Visits", "\u0661\u0662")),
    "size of forty digits": (FRAME, raw_cell("Visits", "9" * 40)),
    "organisation in two letter cases": (FRAME, lambda d: d.replace(b"LIB-005", b"Lib-005", 1)),
    "organisation with two dashes": (FRAME, lambda d: d.replace(b"LIB-005", "LIB\u2011005".encode(), 1)),
    "round of three digits": (HISTORY, raw_cell("round", "100")),
    "organisation without an id": (FRAME, raw_cell("organisation", " ")),
}
BOOK = {
    "byte order mark": m.beginning(b"\xef\xbb\xbf"),
    "line ends of Windows": lambda d: d.replace(b"\n", b"\r\n"),
    "UTF-16": m.encoded("utf-16"),
    "zero byte": m.text("Library", "Lib\0rary"),
    "tab for an indent": m.text("    text: Is it a", "\ttext: Is it a"),
    "nothing in it": m.only(b""),
    "broken off": m.cut(0.5),
    "two documents": m.ending(b"\n---\nwave: 2021\n"),
    "brackets five thousand deep": m.deep("[", "]", 5000),
    "bomb of anchors": m.only(
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9))
    ),
    "list that holds itself": m.text("    answers:\n", "    answers: &a\n      - *a\n"),
    "tag that calls a function": m.text("kind: fieldwork", 'kind: !!python/object/apply:os.system ["touch pwned"]'),
    "tag of no one": m.text("kind: fieldwork", "kind: !mine fieldwork"),
    "bytes for text": m.text("kind: fieldwork", "kind: !!binary aGVsbG8="),
    "number in octal": m.text("wave: 2020", "wave: 03744"),
    "size in sixties": m.text("at_least: 20000", "at_least: 1:30.5"),
    "size below nobody": m.text("at_least: 20000", "at_least: -20000"),
    "number in base sixty": m.text("wave: 2020", "wave: 33:40"),
    "number with low lines": m.text("wave: 2020", "wave: 2_020"),
    "number in hexadecimal": m.text("wave: 2020", "wave: 0x7e4"),
    "yes for a number": m.text("code: 11", "code: yes"),
    "infinity for a number": m.text("wave: 2020", "wave: .inf"),
    "five thousand digits": m.text("wave: 2020", "wave: " + "9" * 5000),
    "year below nought": m.text("wave: 2020", "wave: -5"),
    "key that is nothing": m.text("kind: fieldwork", "~: x\nkind: fieldwork"),
    "key that is a list": m.text("kind: fieldwork", "? [a, b]\n: x\nkind: fieldwork"),
    "id that leads out of a folder": m.text("id: figure_1,", "id: ../../evil,"),
    "id of nothing": m.text("id: channel", 'id: ""'),
    "id with a line break": m.text("id: channel", 'id: "a\\nb"'),
    "id of a column of ours": m.text("id: channel", "id: organisation"),
    "label of nothing": m.text("label: Channel", 'label: " "'),
    "label with a terminal code": m.text("label: Channel", 'label: "A\\eB"'),
    "label from right to left": m.text("label: Channel", 'label: "A\\u202EB"'),
    "question without answers": m.pattern(
        r"    answers:\n      - \{id: talks.*\n.*\n.*\n.*\n    nets:\n.*\n", "    answers: []\n"
    ),
    "fewer than nought at most": m.text("max_answers: 2", "max_answers: -1"),
    "more at least than there are": m.text("min_answers: 1", "min_answers: 99"),
    "net of nothing": m.text("answers: [lib_few, mus_few]}", "answers: []}"),
    "band joined to itself": m.text("[mus_many, mus_middle]", "[mus_many, mus_many]"),
    "band joined to another sector's": m.text("[mus_many, mus_middle]", "[mus_many, lib_few]"),
    "band joined to none": m.text("[mus_many, mus_middle]", "[mus_many, nowhere]"),
    "column of ours": m.text("column: Channel", "column: completed_on"),
    "column with blanks": m.text("column: Channel", 'column: " Channel "'),
    "columns that differ in letter case": m.text("column: Channel", "column: s1"),
    "number of a figure twice": m.text("number: 2, title: A shop", "number: 1, title: A shop"),
    "break twice": m.text("label: Events held, breaks: [kind, scale]", "label: Events held, breaks: [kind, kind]"),
}
PARAMS = {
    "byte order mark": m.beginning(b"\xef\xbb\xbf"),
    "key twice": m.text("clean:\n", "clean:\n  partial_from: 0.9\n"),
    "yes for a share": m.text("partial_from: 0.5", "partial_from: yes"),
    "yes for a seed": m.text("seed: 1829", "seed: yes"),
    "seed in octal": m.text("seed: 1829", "seed: 01727"),
    "seed as a time": m.text("seed: 1829", "seed: 30:29"),
    "comma for a point": m.text("confidence: 0.95", "confidence: 0,95"),
    "share in per cent": m.text("confidence: 0.95", "confidence: 95%"),
    "not a number": m.text("confidence: 0.95", "confidence: .nan"),
    "infinite limit": m.text("flag_below: 30", "flag_below: .inf"),
    "infinite trim": m.text("trim: {lower: null, upper: null}", "trim: {lower: null, upper: .inf}"),
    "year below nought": m.pattern(r"^  all: .*$", "  all: [-1, 2020]"),
    "year beyond any": m.pattern(r"^  all: .*$", "  all: [2020, 99999999999999999]"),
    "years that are one": m.pattern(r"^  all: .*$", "  all: 2020"),
    "picture of a mile": m.text("width: 5", "width: 100000"),
    "two million dots": m.text("dpi: 200", "dpi: 2000000"),
    "one dot": m.text("dpi: 200", "dpi: 1"),
    "jobs below one": m.text("jobs: -1", "jobs: -7"),
    "file for a scheduler": m.text("scheduler: null", 'scheduler: "file:///etc/hostname"'),
    "population that is a list": m.text("population: england", "population: [england]"),
    "population that is a command": m.text("population: england", 'population: "england; touch pwned"'),
    "tag that calls a function": m.text("confidence: 0.95", 'confidence: !!python/object/apply:os.system ["x"]'),
}


CLAIMS = {
    "line ends of Windows": lambda d: d.replace(b"\n", b"\r\n"),
    "zero byte": m.text("40", "4\0"),
    "column twice": m.text("reading", "place"),
    "name of a column with a blank": m.text("reading", " reading"),
    "row with a cell too few": m.line(2, lambda x: x[:-1]),
    "every row with a cell too many": m.both(m.line(2, lambda x: b"x," + x), m.line(3, lambda x: b"x," + x)),
    "semicolons": lambda d: d.replace(b",", b";"),
    "open quotation mark": m.text("p. 1", '"p. 1'),
    "UTF-16": m.encoded("utf-16"),
    "number that is none": m.text(",40,", ",NaN,"),
    "infinite number": m.text(",40,", ",inf,"),
    "number with an exponent": m.text(",40,", ",4e1,"),
    "number in wide digits": m.text(",40,", ",\uff14\uff10,"),
    "number in Arabic digits": m.text(",40,", ",\u0664\u0660,"),
    "number with a low line": m.text(",40,", ",4_0,"),
    "number with a blank": m.text(",40,", ", 40,"),
    "letter for a nought": m.text(",40,", ",4O,"),
    "number of five thousand digits": m.text(",40,", "," + "9" * 5000 + ","),
    "parts of nought": m.text(",40,", ",2/0,"),
    "id twice": m.text("c2", "c1"),
    "id twice but for a blank": m.text("c2", "c1 "),
    "id of a blank": m.text("c2", " "),
    "id that is a formula": m.text("c2", "=1+1"),
    "measure in look-alike letters": m.text("shop", "\u0455hop"),
    "operator in a wide sign": m.text(",=,", ",\uff1d,"),
    "terminal code in a place": m.text("p. 1", "p.\x1b[31m"),
    "place over two lines": m.text("p. 1", '"p.\n1"'),
    "answer without a measure": m.text("shop", ""),
    "share for a per cent": m.both(m.text(",40,", ",2/3,"), m.text("half_up", "exact")),
}
COMPARED = {
    "zero byte": m.text("31%", "3\0%"),
    "column twice": m.text(",note,", ",id,"),
    "every row with a cell too many": m.both(m.line(2, lambda x: b"x," + x), m.line(3, lambda x: b"x," + x)),
    "two open quotation marks": lambda d: d.replace(b"spring", b'"spring'),
    "not UTF-8": m.swapped(b"Census", b"Cens\xe9s"),
    "value with an exponent": m.text(",31,", ",3e1,"),
    "value with a low line": m.text(",31,", ",3_1,"),
    "value in wide digits": m.text(",31,", ",\uff13\uff11,"),
    "value of nothing below nought": m.text(",31,", ",-0,"),
    "value with a comma": m.text(",31,", ',"31,5",'),
    "printed with a comma": m.text("31%", '"31,5%"'),
    "printed in words": m.text("31%", "13 per cent"),
    "printed with a wide sign": m.text("31%", "13\uff05"),
    "year in wide digits": m.text(",2022,", ",\uff12\uff10\uff12\uff12,"),
    "year of twenty digits": m.text(",2022,", "," + "9" * 20 + ","),
    "year of two digits": m.text(",2022,", ",22,"),
    "base of nobody": m.text(",1200,", ",0,"),
    "base of thirty digits": m.text(",1200,", "," + "9" * 30 + ","),
    "address without a host": m.text("https://example.org/census", "https://"),
    "address that runs a script": m.text("https://example.org/census", "javascript:alert(1)"),
    "address with a quotation mark": m.text("https://example.org/census", '"https://example.org/"" onclick=""x"'),
    "address with a password": m.text("https://example.org/census", "https://a:b@example.org/"),
    "address of a broken host": m.text("https://example.org/census", "https://[::1"),
    "title that cannot be seen": m.text("Census", "\u200b"),
    "title that is a formula": m.text("Census", "=1+1"),
    "title with a terminal code": m.text("Census", "A\x1bB"),
    "id twice but for a blank": m.text("\nb,", "\ncensus.shop ,"),
}
HOUSES, TOTALS = "houses.csv", "population.yaml"


def _by_register(data):
    """The first sector counted from the register in place of its totals."""
    count = 'count: {file: register.csv, id: name, size: visits, keep: {open: ["yes"]}}'
    return m.pattern(r"    - sector: lib\n      totals:\n(      [- ] .*\n)+", f"    - sector: lib\n      {count}\n")(
        data
    )


POPULATION = {
    "zero byte": (HOUSES, m.text("450", "4\0")),
    "total of nought": (HOUSES, m.text("450", "0")),
    "total below nought": (HOUSES, m.text("450", "-450")),
    "infinite total": (HOUSES, m.text("450", "inf")),
    "total beyond any": (HOUSES, m.text("450", "1e400")),
    "total that is none": (HOUSES, m.text("450", "NaN")),
    "total in wide digits": (HOUSES, m.text("450", "\uff14\uff15\uff10")),
    "total with a comma": (HOUSES, m.text("450", '"4,50"')),
    "total with a point for thousands": (HOUSES, m.text("450", "4.50")),
    "total twice": (HOUSES, m.ending(b"lib Few,3\n")),
    "total of look-alike letters": (HOUSES, m.text("lib Few", "l\u0456b Few")),
    "column twice": (HOUSES, m.every_line(lambda x: x + (b",value" if x.startswith(b"measure") else b",9"))),
    "every row with a cell too many": (HOUSES, m.every_line(lambda x: x if x.startswith(b"measure") else b"x," + x)),
    "semicolons": (HOUSES, lambda d: d.replace(b",", b";")),
    "open quotation mark": (HOUSES, m.text("lib Few", '"lib Few')),
    "nothing in it": (HOUSES, m.only(b"")),
    "file in another folder": (TOTALS, m.text("file: houses.csv", "file: ../../params.yaml")),
    "file from the root": (TOTALS, m.text("file: houses.csv", "file: /etc/hostname")),
    "folder for a file": (TOTALS, m.text("file: houses.csv", "file: .")),
    "file of no name": (TOTALS, m.text("file: houses.csv", 'file: ""')),
    "address for a file": (TOTALS, m.text("file: houses.csv", "file: http://example.org/x.csv")),
    "label that cannot be seen": (TOTALS, m.text("label: Few", 'label: "\\u200b"')),
    "column called otherwise": (HOUSES, m.text("measure", "measured")),
    "yes for a size": (TOTALS, m.text("below: 20000", "below: yes")),
    "range of no size": (TOTALS, m.text("below: 20000", "below: 1")),
    "range that meets another": (TOTALS, m.text("at_least: 20000", "at_least: 1")),
    "range with a gap": (TOTALS, m.text("at_least: 20000", "at_least: 30000")),
    "more off than there is": (TOTALS, m.text("      - label: Few\n", "      - label: Few\n        spread: 5000\n")),
    "infinitely off": (TOTALS, m.text("      - label: Few\n", "      - label: Few\n        spread: .inf\n")),
    "register without rows": (TOTALS, _by_register, ("register.csv", lambda d: d.split(b"\n")[0] + b"\n")),
    "register that keeps nobody": (TOTALS, m.both(_by_register, m.text('["yes"]', '["ja"]')), None),
    "register without anything to keep": (TOTALS, m.both(_by_register, m.text('["yes"]', "[]")), None),
    "register with a size that is none": (TOTALS, _by_register, ("register.csv", m.text("30000", "NaN"))),
    "register with a size in thousands": (TOTALS, _by_register, ("register.csv", m.text("30000", '"30,000"'))),
    "register with a point of thousands": (TOTALS, _by_register, ("register.csv", m.text("30000", "30.000"))),
    "register with one twice": (TOTALS, _by_register, ("register.csv", m.text("b1,", "a1,"))),
    "register with one twice but for a blank": (TOTALS, _by_register, ("register.csv", m.text("b1,", "a1 ,"))),
    "register with one without a name": (TOTALS, _by_register, ("register.csv", m.text("b1,", ","))),
    "register with a size with an exponent": (TOTALS, _by_register, ("register.csv", m.text("30000", "3e4"))),
}
