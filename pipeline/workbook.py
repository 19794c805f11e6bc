"""The data tables as a workbook for people: cover, contents, notes and a sheet per measure, made with gptables.

It follows the UK Analysis Function's guidance on accessible spreadsheets: one table a sheet, no merged or empty cell, a
word in brackets wherever a number is not given, and document properties. The same tables give the same bytes.
"""

import io
import re
import zipfile
from datetime import datetime

import pandas as pd

from pipeline.estimate import UNWEIGHTED, WEIGHTED
from pipeline.group_tests import MARKS, NO_DIFFERENCE, NOT_EVIDENCE
from pipeline.printing import STATUS, why_withheld
from pipeline.tables import plain_cell

LANGUAGE = "en-GB"
# The workbook's own clock stands still, so that the same tables give the same bytes.
CREATED = datetime(2014, 1, 1)
NOT_GIVEN = {
    "settled": "[x]",
    "bounded": "[b]",
    "assumed": "[x]",
    "withheld": "[c]",
}
# Why a test has no mark, by what is said of it; the rest could not be tested.
NO_MARK = {"": "[z]", NO_DIFFERENCE: "[n]", NOT_EVIDENCE: "[m]"}
# The marks as they stand in a cell, which must hold a letter or digit to be read aloud.
CELL_MARKS = {mark: f"p<{level:g}" for level, mark in MARKS.items()}
# In characters, points and the number that spreadsheets have for A3.
COVER_WIDTH, LABEL_WIDTHS, HEADING_HEIGHT, A3 = 120, (24, 30, 40), 80, 8
SHARE, WHOLE, DECIMAL = "0.0%", "#,##0", "#,##0.0"


def key(kind):
    """What the shorthand of a wave of this kind means, line by line."""
    return [
        "Shorthand: [b] known up to a range, in the columns of smallest and largest possible share; [x] not known;",
        f"[c] withheld: {why_withheld(kind)}; [z] does not apply.",
        f"Groups differ: {', '.join(CELL_MARKS.values())} say below which level the adjusted p of the test lies;",
        "[n] no clear difference; [m] rests on modelled numbers, so is no evidence; [t] could not be tested.",
        "Few: yes where a share rests on few organisations and is to be read with care; [z] where no share is given.",
    ]


def workbook(table, codebook):
    """The workbook of a wave's tidy table (`pipeline.tabulate.tidy`), as the bytes of an .xlsx file."""
    from gptables import Cover, produce_workbook

    sheets = {}
    for number, measure in enumerate(codebook.measures, start=1):
        name = re.sub(r"[^A-Za-z0-9_]", "_", measure.id)
        sheets[f"{number:02d} {name}"[:31]] = _sheet(table, codebook, measure, number, f"table_{number:02d}_{name}")
    written = io.BytesIO()
    book = produce_workbook(
        written,
        sheets,
        cover=Cover(title=safe(codebook.title), intro=_intro(codebook), about=key(codebook.kind), width=COVER_WIDTH),
        contentsheet_options={"instructions": "This worksheet contains one table: each sheet, with a link to it."},
        notes_table=pd.DataFrame(NOTES, columns=["reference", "Note"]),
        notesheet_options={"instructions": "This worksheet contains one table: the notes that headings refer to."},
        auto_width={name: False for name in sheets},
        # A text that begins like a formula or an address stays a text.
        workbook_options={"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    book.set_properties(
        {
            "title": codebook.title,
            "subject": f"Data tables of wave {codebook.wave}",
            "keywords": f"{codebook.kind}, data tables",
            "comments": STATUS[codebook.kind],
            "created": CREATED,
        }
    )
    for sheet in book.worksheets():
        sheet.set_landscape()
        sheet.set_paper(A3)
        sheet.fit_to_pages(1, 0)
        if sheet.name in sheets:
            _set_widths(sheet, sheets[sheet.name])
    book.close()
    return _with_language(written.getvalue())


def _set_widths(sheet, table):
    """Columns as wide as a label or number needs, and room for the headings above them."""
    for column, width in enumerate([*LABEL_WIDTHS, *[13] * (table.table.shape[1] - len(LABEL_WIDTHS))]):
        sheet.set_column(column, column, width)
    sheet.set_row(table.data_range[0], HEADING_HEIGHT)


def _intro(codebook):
    """What the tables are, for the cover: source, what the records are, how to read a table."""
    lines = [
        STATUS[codebook.kind],
        f"Source: {codebook.source}",
        "Each sheet holds one table: the shares of one measure, for everyone and for each group that it is split by.",
        "Shares are given twice: unweighted, where each organisation counts one, and weighted to all organisations.",
        "The same numbers, one row for each, are in tables.csv, which tables.csv-metadata.json describes.",
    ]
    return [safe(line) for line in lines if line]


NOTES = [
    (
        "bases",
        "Organisations that answered and of which the share is. The weighted base is the sum of their weights, the "
        "effective base the number of organisations of equal weight that would say as much. In a reconstruction both "
        "rest, as do the errors of weighted shares, on sizes of organisations that are modelled where the report "
        "leaves them open.",
    ),
    (
        "interval",
        "Confidence interval of the share at the level set for the wave. It says how far chance may have moved the "
        "share, not how far those who answered differ from those who did not.",
    ),
    (
        "evidence",
        "published: printed in the report; implied: forced by what is printed; bounded: forced into a range; assumed: "
        "the report settles no number, so none is given; simulated: a rehearsal, not a survey; measured: asked.",
    ),
    (
        "difference",
        "Rao and Scott's test of whether the groups differ, with the level below which its p lies after correction for "
        "the number of tests. Of a question answered once the whole question is tested.",
    ),
]


def _sheet(table, codebook, measure, number, name):
    """One measure as a GPTable: a row per group and answer, with both bases beside each other."""
    from gptables import GPTable

    question = codebook.question(measure.question)
    rows = readable_rows(table[table["measure"].eq(measure.id)])
    base = f"Base: {codebook.base(measure.base).label}"
    subtitles = [line for line in (question.text, base, STATUS[codebook.kind], question.note) if line]
    shapes = [(number, _format(column)) for number, column in enumerate(rows.columns)]
    return GPTable(
        table=rows,
        table_name=name,
        title=safe(f"Table {number}: {measure.label}"),
        subtitles=[safe(line) for line in subtitles],
        instructions="This worksheet contains one table. Headings refer to notes, which are on the notes worksheet.",
        legend=key(codebook.kind),
        source=f"Source: {safe(codebook.source)}",
        index_columns={1: 0, 2: 1, 3: 2},
        table_notes={
            "Unweighted base": "$$bases$$",
            "Unweighted share, lower end": "$$interval$$",
            "Evidence, unweighted": "$$evidence$$",
            "Groups differ, unweighted": "$$difference$$",
        },
        additional_formatting=[
            {"column": {"columns": [number], "format": {"num_format": shape, "align": "right"}}}
            for number, shape in shapes
            if shape
        ],
    )


def readable_rows(table):
    """A measure's rows of the tidy table, both bases side by side: a word wherever there is no number."""
    keys = ["measure", "category", "break", "group"]
    one, other = (table[table["basis"].eq(basis)].reset_index(drop=True) for basis in (UNWEIGHTED, WEIGHTED))
    if not one[keys].equals(other[keys]):
        raise ValueError("the two bases have different rows")
    rows = {
        "Split by": [_named(*pair) for pair in zip(one["break_label"], one["break"], strict=True)],
        "Group": [_named(*pair) for pair in zip(one["group_label"], one["group"], strict=True)],
        "Answer": [_named(*pair) for pair in zip(one["category_label"], one["category"], strict=True)],
        "Unweighted base": _numbers(one, "n"),
        "Weighted base": _numbers(other, "n_weighted", 1),
        "Effective base": _numbers(other, "n_eff", 1),
        "Count": _numbers(one, "count"),
    }
    for basis, part in ((UNWEIGHTED, one), (WEIGHTED, other)):
        rows |= {
            f"{basis.capitalize()} share": _numbers(part, "estimate", 3),
            f"{basis.capitalize()} share, lower end": _numbers(part, "ci_low", 3),
            f"{basis.capitalize()} share, upper end": _numbers(part, "ci_high", 3),
            f"Smallest possible, {basis}": _numbers(part, "low", 3),
            f"Largest possible, {basis}": _numbers(part, "high", 3),
            f"Evidence, {basis}": list(part["support"]),
            f"Groups differ, {basis}": [_mark(*pair) for pair in zip(part["mark"], part["mark_key"], strict=True)],
            f"Few, {basis}": [_few(*pair) for pair in zip(part["quality"], part["shown"], strict=True)],
        }
    return pd.DataFrame(rows).astype(object)


def _mark(mark, key):
    """The mark of a test, or in brackets why there is none."""
    return CELL_MARKS.get(mark) or NO_MARK.get(key, "[t]")


def _few(quality, shown):
    """Whether a share rests on few organisations, where one is given."""
    return "[z]" if shown != "settled" else "yes" if quality == "flagged" else "no"


def _numbers(rows, column, digits=0):
    """A column of numbers, rounded, with the reason in brackets where a number is not given."""
    numbers = zip(rows[column].astype(float).tolist(), rows["n"].tolist(), rows["shown"].tolist(), strict=True)
    return [
        _absent(column, n, shown) if pd.isna(x) else int(x) if digits == 0 else round(x, digits)
        for x, n, shown in numbers
    ]


def _absent(column, n, shown):
    if column in ("low", "high") or (pd.notna(n) and n == 0):
        return "[z]"
    return "[x]" if column in ("n", "n_weighted", "n_eff") and shown != "withheld" else NOT_GIVEN[shown]


def _format(column):
    if column in ("Unweighted base", "Count"):
        return WHOLE
    if column in ("Weighted base", "Effective base"):
        return DECIMAL
    return SHARE if "share" in column or "possible" in column else None


def _named(label, part):
    """A label as a cell; the id of what it names as well where it holds no letter or digit that gptables knows."""
    text = safe(label)
    return text if re.search("[A-Za-z0-9]", text) else f"{text} ({part})"


def safe(text):
    """A text that stays one in a cell: no formula, no link and no note reference of gptables."""
    return plain_cell(re.sub(r"\$(?=\$)", "$ ", text).replace("](", "] ("))


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
