"""The data tables: what they hold is what the estimates say, nothing more; a workbook that people can use."""

import csv
import io
import json
import zipfile

import openpyxl
import pandas as pd
import pytest
from made_estimates import changed, estimates_of

from pipeline.codebook import Codebook, load_codebook
from pipeline.csvw import describe
from pipeline.estimate import KEYS
from pipeline.group_tests import COLUMNS as TEST_COLUMNS
from pipeline.group_tests import NO_DIFFERENCE, NOT_EVIDENCE
from pipeline.problems import InputProblem
from pipeline.tables import read_table, write_table
from pipeline.tabulate import COLUMNS, tabulate, tidy
from pipeline.workbook import LANGUAGE, workbook

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=2", "\r=3", '=HYPERLINK("http://example.org")', "'=5"]
TRICKS = ["$$note$$ here", "[click](http://example.org)", "http://example.org", "<b>bold</b>", "{=4}", "***"]


@pytest.fixture(scope="module")
def estimates(small_codebook):
    """Estimates of the made-up survey with one of each kind that may not be shown in full."""
    table = estimates_of(small_codebook)
    table["n_weighted"] = table["n"] * 7.5
    measure = small_codebook.measures[0]
    ids = [a.id for a in small_codebook.question(measure.question).answers]
    hidden = {"estimate": None, "count": None, "se": None, "ci_low": None, "ci_high": None, "quality": "withheld"}
    table = changed(table, measure.id, ids[0], **hidden)
    shop = {"support": "bounded", "low": 0.125, "high": 0.5}
    table = changed(table, "shop", "yes", **shop)
    return changed(table, "shop", "planned", support="assumed", quality="modelled")


@pytest.fixture(scope="module")
def tests(small_codebook):
    """One test of a question answered once, by the measure's first break, with a mark."""
    measure = small_codebook.measure("shop")
    row = dict.fromkeys(TEST_COLUMNS, "") | {"measure": "shop", "break": measure.breaks[0], "basis": "unweighted"}
    marked = row | {"mark": "**", "key": "groups differ (adjusted p below 0.01)"}
    return pd.DataFrame([marked, row | {"basis": "weighted", "key": NOT_EVIDENCE}], columns=TEST_COLUMNS)


@pytest.fixture(scope="module")
def book(estimates, tests, small_codebook):
    """The workbook of the estimates as a reader opens it."""
    return openpyxl.load_workbook(io.BytesIO(workbook(tidy(estimates, tests, small_codebook), small_codebook)))


def sheet_of(book, measure):
    """A measure's table as it stands in a workbook: a DataFrame of cells."""
    [name] = [n for n in book.sheetnames if n[3:] == measure]
    [table] = book[name].tables.values()
    heads, *rows = ([cell.value for cell in row] for row in book[name][table.ref])
    return pd.DataFrame(rows, columns=[head.partition("\n")[0] for head in heads])


# ---- what may be shown


def test_every_estimate_has_its_row_in_order(estimates, tests, small_codebook):
    table = tidy(estimates, tests, small_codebook)
    assert list(table) == list(COLUMNS)
    assert table[[*KEYS, "basis"]].equals(estimates[[*KEYS, "basis"]])


def test_what_is_settled_is_given_as_it_is(estimates, tests, small_codebook):
    table = tidy(estimates, tests, small_codebook)
    settled = table["shown"].eq("settled")
    assert settled.sum() > 50
    for column in ("n", "count", "estimate", "ci_low", "ci_high", "n_eff", "n_weighted"):
        assert table.loc[settled, column].astype(float).equals(estimates.loc[settled, column].astype(float)), column


@pytest.mark.parametrize(
    ("category", "shown", "given"),
    [("yes", "bounded", {"low", "high"}), ("planned", "assumed", set()), ("no", "settled", {"estimate", "ci_low"})],
)
def test_only_what_the_evidence_settles_has_a_number(category, shown, given, estimates, tests, small_codebook):
    table = tidy(estimates, tests, small_codebook)
    row = table[table["measure"].eq("shop") & table["category"].eq(category) & table["break"].eq("total")].iloc[0]
    assert row["shown"] == shown
    numbers = {"count", "estimate", "ci_low", "ci_high", "low", "high"}
    assert {c for c in numbers if pd.notna(row[c])} & {"low", "high", "estimate", "ci_low"} == given
    assert pd.notna(row["count"]) == (shown == "settled")


def test_a_withheld_estimate_keeps_its_base_only(estimates, tests, small_codebook):
    table = tidy(estimates, tests, small_codebook)
    withheld = table[table["shown"].eq("withheld")]
    assert len(withheld) == 2
    assert withheld["n"].notna().all()
    assert (
        withheld[["count", "estimate", "ci_low", "ci_high", "n_eff", "n_weighted", "low", "high"]].isna().all(axis=None)
    )


def test_a_base_that_the_report_leaves_open_is_not_given(estimates, tests, small_codebook):
    open_base = changed(estimates, "shop", "no", base_low=90.0, base_high=100.0)
    table = tidy(open_base, tests, small_codebook)
    row = table[table["measure"].eq("shop") & table["category"].eq("no") & table["break"].eq("total")]
    assert row["n"].isna().all()


def test_a_count_that_the_report_leaves_open_is_not_given_though_the_share_is_settled(estimates, tests, small_codebook):
    """A weighted share of a size band is the population's, however many of the band answered."""
    table = tidy(changed(estimates, "shop", "no", count_low=3.0, count_high=57.0), tests, small_codebook)
    rows = table[table["measure"].eq("shop") & table["category"].eq("no") & table["break"].eq("total")]
    assert rows["shown"].eq("settled").all() and rows["estimate"].notna().all() and rows["n"].notna().all()
    assert rows["count"].isna().all()


def test_a_mark_stands_in_every_row_that_its_test_is_about(estimates, tests, small_codebook):
    table = tidy(estimates, tests, small_codebook)
    first = small_codebook.measure("shop").breaks[0]
    tested = table["measure"].eq("shop") & table["break"].eq(first)
    assert set(table.loc[tested & table["basis"].eq("unweighted"), "mark"]) == {"**"}
    assert set(table.loc[tested & table["basis"].eq("weighted"), "mark_key"]) == {NOT_EVIDENCE}
    assert set(table.loc[~tested, "mark"]) == {""}


# ---- the workbook


def test_the_workbook_says_what_the_estimates_say(book, estimates, tests, small_codebook):
    table = tidy(estimates, tests, small_codebook)
    for measure in small_codebook.measures:
        sheet = sheet_of(book, measure.id)
        ours = table[table["measure"].eq(measure.id)]
        one, other = (ours[ours["basis"].eq(b)].reset_index(drop=True) for b in ("unweighted", "weighted"))
        assert list(sheet["Answer"]) == list(one["category_label"])
        assert list(sheet["Group"]) == list(one["group_label"])
        columns = {"Unweighted base": (one, "n"), "Weighted base": (other, "n_weighted"), "Count": (one, "count")}
        columns |= {"Unweighted share": (one, "estimate"), "Weighted share": (other, "estimate")}
        columns |= {"Weighted share, lower end": (other, "ci_low"), "Smallest possible, unweighted": (one, "low")}
        for column, (rows, source) in columns.items():
            for cell, value in zip(sheet[column], rows[source], strict=True):
                if pd.isna(value):
                    assert cell in ("[b]", "[c]", "[x]", "[z]"), (measure.id, column)
                else:
                    assert cell == pytest.approx(float(value), abs=5e-4), (measure.id, column)


def test_shorthand_says_why_a_number_is_not_given(book, small_codebook):
    sheet = sheet_of(book, "shop").set_index(["Split by", "Answer"])
    assert sheet.loc[("All", "Yes"), "Unweighted share"] == "[b]"
    assert sheet.loc[("All", "Yes"), "Smallest possible, unweighted"] == 0.125
    assert sheet.loc[("All", "No, but planned"), "Unweighted share"] == "[x]"
    first = sheet_of(book, small_codebook.measures[0].id)
    assert first.loc[0, "Unweighted share"] == "[c]" and first.loc[0, "Count"] == "[c]"


def test_marks_are_words_with_their_key_on_the_sheet(estimates, tests, small_codebook):
    plain = tests.assign(key=[tests["key"][0], NO_DIFFERENCE])
    book = openpyxl.load_workbook(io.BytesIO(workbook(tidy(estimates, plain, small_codebook), small_codebook)))
    sheet = sheet_of(book, "shop")
    assert set(sheet["Groups differ, unweighted"]) == {"p<0.01", "[z]"}
    assert set(sheet["Groups differ, weighted"]) == {"[n]", "[z]"}
    [name] = [n for n in book.sheetnames if n.endswith("shop")]
    said = " ".join(str(cell.value) for row in book[name]["A1:A12"] for cell in row)
    assert "p<0.01" in said and "[n] no clear difference" in said and "[c] withheld" in said


def test_the_workbook_is_accessible(book, small_codebook):
    assert book.sheetnames[:3] == ["Cover", "Contents", "Notes"]
    assert len(book.sheetnames) == 3 + len(small_codebook.measures)
    assert book.properties.language == LANGUAGE and book.properties.title == small_codebook.title
    names = set()
    for sheet in book.worksheets[1:]:
        [table] = sheet.tables.values()
        names.add(table.displayName)
        assert not sheet.merged_cells.ranges
        cells = [cell for row in sheet[table.ref] for cell in row]
        assert all(cell.value not in (None, "") for cell in cells), sheet.title
        assert sheet["A1"].font.bold and all(cell.font.bold for cell in sheet[table.ref][0])
    assert len(names) == len(book.sheetnames) - 1


@pytest.mark.parametrize(("kind", "said"), [("rehearsal", "REHEARSAL"), ("reconstruction", "Reconstructed")])
def test_every_sheet_says_what_the_records_are(kind, said, estimates, tests, small_codebook):
    made = small_codebook.model_copy(update={"kind": kind})
    book = openpyxl.load_workbook(io.BytesIO(workbook(tidy(estimates, tests, made), made)))
    for sheet in [book["Cover"], *book.worksheets[3:]]:
        assert any(said in str(cell.value) for cell in sheet["A"]), sheet.title
    assert said in book.properties.description


def test_the_same_tables_give_the_same_bytes(estimates, tests, small_codebook):
    table = tidy(estimates, tests, small_codebook)
    data = workbook(table, small_codebook)
    assert data == workbook(table, small_codebook)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2014-01-01T00:00:00Z" in parts.read("docProps/core.xml")


# ---- hostile labels


@pytest.fixture(scope="module")
def hostile(small_codebook):
    """The made-up survey with labels and texts that a spreadsheet, gptables or HTML would act on."""
    raw = small_codebook.model_dump(by_alias=True, exclude_defaults=True)
    labels = [*FORMULAS, *TRICKS]
    question = next(q for q in raw["questions"] if q["id"] == "shop")
    question |= {"text": "=cmd|' /C calc'!A0", "note": "[a](b)", "nets": ()}
    question["answers"] = tuple({"id": f"a{n}", "label": label} for n, label in enumerate(labels))
    measures = [m | {"label": "@" + m["label"], "breaks": ()} for m in raw["measures"] if m["question"] == "shop"]
    keep = ("wave", "kind", "source", "sector", "size_band")
    made = {k: raw[k] for k in keep} | {"title": "+Title", "source": "-Source", "breaks": ()}
    questions = [q for q in raw["questions"] if q["id"] in ("shop", raw["sector"], raw["size_band"])]
    question.pop("asked_if", None)
    return Codebook.model_validate(made | {"questions": questions, "measures": measures})


def test_no_cell_reads_as_a_formula_or_a_link(hostile, tests):
    table = estimates_of(hostile).assign(n_weighted=1.0)
    data = workbook(tidy(table, tests.iloc[:0], hostile), hostile)
    book = openpyxl.load_workbook(io.BytesIO(data))
    texts = [cell.value for sheet in book for row in sheet for cell in row if isinstance(cell.value, str)]
    assert any("=1+1" in text for text in texts)
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    linked = [sheet.title for sheet in book for row in sheet for cell in row if cell.hyperlink]
    assert set(linked) == {"Contents"}
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert not [part for part in parts.namelist() if part.startswith("xl/externalLinks")]


def test_no_cell_of_a_csv_reads_as_a_formula_and_we_read_back_what_was_meant(hostile, tests, tmp_path):
    table = tidy(estimates_of(hostile).assign(n_weighted=1.0), tests.iloc[:0], hostile)
    write_table(tmp_path / "tables.csv", table)
    with (tmp_path / "tables.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    labels = read_table(tmp_path / "tables.csv")["category_label"]
    assert list(labels.unique()) == [label.replace("\r", "\n") for label in (*FORMULAS, *TRICKS)]


def test_numbers_below_nothing_stay_numbers(tmp_path):
    write_table(tmp_path / "a.csv", pd.DataFrame({"x": [-0.5, 2.0], "y": ["-", None]}))
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "x,y\n-0.5,'-\n2,\n"
    assert read_table(tmp_path / "a.csv")["y"].tolist()[0] == "-"


# ---- the CSV and its description


def test_the_description_fits_the_table(estimates, tests, small_codebook, tmp_path):
    """Each cell is of the datatype that CSVW says its column has; the primary key is one."""
    write_table(tmp_path / "tables.csv", tidy(estimates, tests, small_codebook))
    described = describe(small_codebook, COLUMNS, "tables.csv")
    schema = described["tableSchema"]
    with (tmp_path / "tables.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [column["name"] for column in schema["columns"]]
    kinds = {"integer": int, "number": float, "gYear": int, "string": str}
    for column in schema["columns"]:
        cells = [row[column["name"]] for row in rows]
        assert not column["required"] or all(cells), column["name"]
        if isinstance(column["datatype"], dict):
            assert column["datatype"]["base"] == "boolean"
            assert set(cells) <= set(column["datatype"]["format"].split("|"))
            continue
        for cell in cells:
            assert cell == "" or kinds[column["datatype"]](cell) is not None
    keys = [tuple(row[k] for k in schema["primaryKey"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert described["@context"][0] == "http://www.w3.org/ns/csvw"


def test_the_files_are_written_together(estimates, tests, tmp_path):
    from conftest import HERE

    write_table(tmp_path / "estimates.csv", estimates)
    write_table(tmp_path / "group_tests.csv", tests)
    tabulate(HERE / "small_codebook.yaml", tmp_path)
    described = json.loads((tmp_path / "tables.csv-metadata.json").read_text(encoding="utf-8"))
    assert (tmp_path / described["url"]).exists() and (tmp_path / "tables.xlsx").exists()


def test_estimates_of_another_codebook_are_refused(estimates, tests, tmp_path):
    from conftest import HERE

    measure = load_codebook(HERE / "small_codebook.yaml").measures[-1].id
    write_table(tmp_path / "estimates.csv", estimates[estimates["measure"].ne(measure)])
    write_table(tmp_path / "group_tests.csv", tests)
    with pytest.raises(InputProblem, match="the estimates are of another codebook; found '"):
        tabulate(HERE / "small_codebook.yaml", tmp_path)
    assert not (tmp_path / "tables.csv").exists()


def test_labels_without_a_latin_letter_can_be_tabulated(small_codebook, tests):
    breaks = [b.model_copy(update={"label": "\u0395\u03af\u03b4\u03bf\u03c2"}) for b in small_codebook.breaks]
    groups = [tuple(g.model_copy(update={"label": "'"}) for g in b.groups) for b in breaks]
    breaks = tuple(b.model_copy(update={"groups": g}) for b, g in zip(breaks, groups, strict=True))
    book = small_codebook.model_copy(update={"breaks": breaks})
    table = estimates_of(book).assign(n_weighted=1.0)
    read = openpyxl.load_workbook(io.BytesIO(workbook(tidy(table, tests.iloc[:0], book), book)))
    texts = {cell.value for sheet in read for row in sheet for cell in row}
    assert {f"\u0395\u03af\u03b4\u03bf\u03c2 ({b.id})" for b in breaks if b.groups} & texts
