"""The data tables as a workbook for people: cover, contents, notes, key and a sheet per measure, made with gptables.

It follows the UK Analysis Function's guidance on accessible spreadsheets: one table a sheet, no merged or empty cell, a
word in brackets wherever a number is not given, and document properties. The same tables give the same bytes.
"""

import io
import re
import textwrap
import zipfile
from datetime import datetime

import pandas as pd

from pipeline.printing import STATUS, level_text
from pipeline.workbook_cells import LABELS, key, readable_rows, safe
from pipeline.workbook_layout import LINE, TEXT_WIDTH, group_lines, lay_out, number_formats, theme

LANGUAGE = "en-GB"
ONE_TABLE = "This worksheet contains one table"


def workbook(table, codebook, confidence):
    """The workbook of a wave's tidy table (`pipeline.tabulate.tidy`), as the bytes of an .xlsx file.

    `confidence` is the level of its intervals.
    """
    from gptables import Cover, produce_workbook

    measures = {}
    for number, measure in enumerate(codebook.measures, start=1):
        name = re.sub(r"[^A-Za-z0-9_]", "_", measure.id)
        rows = readable_rows(table, measure.id, confidence)
        measures[f"{number:02d} {name}"[:31]] = _sheet(rows, codebook, measure, number, f"table_{number:02d}_{name}")
    sheets = {"Key": _key_sheet([sheet.table for sheet in measures.values()], codebook.kind)} | measures
    intro, about, notes = _intro(codebook), _about(confidence), _notes(measures.values())
    written = io.BytesIO()
    book = produce_workbook(
        written,
        sheets,
        theme=theme(),
        cover=Cover(title=safe(codebook.title), intro=intro, about=about, width=TEXT_WIDTH),
        contentsheet_options={"instructions": f"{ONE_TABLE}: each sheet, with a link to it."},
        notes_table=notes,
        notesheet_options={"instructions": f"{ONE_TABLE}: the notes that headings refer to."},
        auto_width=False,
        # A text that begins like a formula or an address stays a text.
        workbook_options={"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    book.set_properties(
        {
            "title": codebook.title,
            "subject": f"Data tables of wave {codebook.wave}",
            "keywords": f"{codebook.kind}, data tables",
            "comments": STATUS[codebook.kind],
            # Its clock stands still, so that the same tables give the same bytes.
            "created": datetime(codebook.wave, 1, 1),
        }
    )
    texts = {
        "Cover": [[line] for line in (codebook.title, "", *intro, "", *about)],
        "Contents": [[name, sheet.title] for name, sheet in sheets.items()],
        "Notes": [["", note] for note in notes["Note"]],
        "Key": sheets["Key"].table.to_numpy().tolist(),
    }
    for sheet in book.worksheets():
        lay_out(sheet, measures.get(sheet.name), texts.get(sheet.name), codebook.title)
    book.close()
    return _with_language(written.getvalue())


def _link(text, sheet):
    """A line that leads to another sheet, as gptables has it."""
    return f"[{text}](internal:'{sheet}'!A1)"


LINKS = [
    _link("Go to Key: what a letter or word in square brackets stands for", "Key"),
    _link("Go to Notes: what headings refer to", "Notes"),
    _link("Go to Contents: all tables", "Contents"),
]


def _intro(codebook):
    """What the tables are, for the cover: what the records are, and their source."""
    return [safe(line) for line in (STATUS[codebook.kind], f"Source: {codebook.source}") if line]


def _about(confidence):
    """How to read the tables, for the cover, with links to where more is said."""
    return [
        "Each sheet holds one table: the shares of one measure, for everyone and for each group that it is split by.",
        "Shares are given twice: unweighted, where each organisation counts one, and weighted to all organisations.",
        f"Intervals are {level_text(confidence)} confidence intervals.",
        "Where a number is not given, a letter or word in square brackets says why.",
        "The same numbers, one row for each, are in tables.csv, which tables.csv-metadata.json describes.",
        *LINKS,
    ]


# What headings refer to: (reference, what such a heading has in it, text). The first that fits is the heading's.
NOTES = [
    (
        "nets",
        "Answer",
        "An answer that begins with Net stands for several of the answers taken together. Where each organisation "
        "could give one answer, the shares of a group add up to 100% without the nets.",
    ),
    (
        "few",
        "Low base",
        "Whether the share rests on so few organisations, by the effective base, that it is to be read with care.",
    ),
    (
        "bases",
        "base",
        "Organisations that answered and of which the share is. The weighted base is the sum of their weights, the "
        "effective base the number of organisations of equal weight that would say as much. In a reconstruction both "
        "rest, as do the errors of weighted shares, on sizes of organisations that are modelled where the report "
        "leaves them open.",
    ),
    (
        "range",
        "possible",
        "The smallest and the largest share that the report's text allows, where it leaves a range. Unlike an "
        "interval it says nothing of chance.",
    ),
    (
        "interval",
        "interval",
        "Confidence interval of the share, at the level that the heading names. It says how far chance may have moved "
        "the share, not how far those who answered differ from those who did not.",
    ),
    ("evidence", "Evidence", "What stands behind the share, in a word that the worksheet Key explains."),
    (
        "difference",
        "differ",
        "Rao and Scott's test of whether the groups differ, with the level below which its p lies after correction for "
        "the number of tests. Of a question answered once the whole question is tested; where too many combinations "
        "are empty, answers that say nothing and the rarest as one (as_one in group_tests.csv).",
    ),
]


def _references(rows):
    """The reference to a note of each heading that has one, as gptables wants it."""
    found = {h: next((reference for reference, part, _ in NOTES if part in h), None) for h in rows.columns}
    return {heading: f"$${reference}$$" for heading, reference in found.items() if reference}


def _notes(sheets):
    """The notes that headings of these sheets refer to, in the order in which they first do."""
    texts = {f"$${reference}$$": (reference, text) for reference, _, text in NOTES}
    used = dict.fromkeys(reference for sheet in sheets for reference in sheet.table_notes.values())
    return pd.DataFrame([texts[reference] for reference in used], columns=["reference", "Note"])


def _key_sheet(tables, kind):
    """The key as a GPTable: what stands in the cells of these tables, and nothing that does not."""
    from gptables import GPTable

    used = {cell for rows in tables for cell in rows.drop(columns=LABELS).to_numpy().ravel()}
    rows = [row for row in key(kind) if row[0] in used]
    return GPTable(
        table=pd.DataFrame(rows, columns=["In a cell", "In the columns", "Meaning"]),
        table_name="key_table",
        title="Key: what stands in a cell that holds no number",
        instructions=f"{ONE_TABLE}: each letter or word that stands in place of a number, or as one.",
        index_columns={},
    )


def _sheet(rows, codebook, measure, number, name):
    """One measure as a GPTable: a row per group and answer, first unweighted and then weighted."""
    from gptables import GPTable

    question = codebook.question(measure.question)
    base = f"Base: {codebook.base(measure.base).label}{'; several answers possible' if question.several else ''}"
    said = [line for line in (question.text, base, STATUS[codebook.kind], question.note) if line]
    return GPTable(
        table=rows,
        table_name=name,
        title=safe(f"Table {number}: {measure.label}"),
        # A line runs on to the right of its cell, so it is broken where a reader would have to scroll.
        subtitles=[safe(line) for text in said for line in textwrap.wrap(text, LINE)],
        instructions=f"{ONE_TABLE}. Headings refer to notes, which are on the notes worksheet.",
        legend=LINKS,
        index_columns={1: 0, 2: 1, 3: 2},
        table_notes=_references(rows),
        additional_formatting=[*number_formats(rows), *group_lines(rows)],
    )


def _with_language(data):
    """The same workbook with its language among the document properties, which XlsxWriter cannot set."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                end = b"</cp:coreProperties>"
                content = content.replace(end, f"<dc:language>{LANGUAGE}</dc:language>".encode() + end)
            part = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            part.compress_type, part.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(part, content)
    return written.getvalue()
