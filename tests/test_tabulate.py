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
from pipeline.workbook_cells import _numbers

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
    return openpyxl.load_workbook(io.BytesIO(workbook(tidy(estimates, tests, small_codebook), small_codebook, 0.95)))


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
    # Nor what the weights make of it.
    assert len(row) == 2 and row[["n", "n_weighted", "n_eff"]].isna().all(axis=None)
    same = tidy(changed(estimates, "shop", "no", base_low=100.0, base_high=100.0), tests, small_codebook)
    assert same.loc[row.index, ["n", "n_weighted", "n_eff"]].notna().all(axis=None)


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


def test_a_mark_of_one_answer_or_of_one_group_stands_beside_no_other(estimates, small_codebook):
    """Each answer of a question with several is tested alone, and each group of a break whose groups overlap."""
    tested = [("events", "talks", "kind", ""), ("shop", "", "events", "talks")]
    starred = {"basis": "unweighted", "mark": "*", "key": "groups differ (adjusted p below 0.05)"}
    rows = [dict.fromkeys(TEST_COLUMNS, "") | dict(zip(KEYS, key, strict=True)) | starred for key in tested]
    table = tidy(estimates, pd.DataFrame(rows, columns=TEST_COLUMNS), small_codebook)
    marked = set(table.loc[table["mark"].eq("*"), KEYS].itertuples(index=False, name=None))
    answers = small_codebook.question("shop").categories
    assert marked == {("events", "talks", "kind", g) for g in ("lib", "mus")} | {
        ("shop", a, "events", "talks") for a in answers
    }
    assert table.loc[table["mark"].eq("*"), "basis"].eq("unweighted").all()


# ---- the workbook


def test_the_workbook_says_what_the_estimates_say(book, estimates, tests, small_codebook):
    table = tidy(estimates, tests, small_codebook)
    for measure in small_codebook.measures:
        sheet = sheet_of(book, measure.id)
        ours = table[table["measure"].eq(measure.id)]
        one, other = (ours[ours["basis"].eq(b)].reset_index(drop=True) for b in ("unweighted", "weighted"))
        nets = ["Net: " if net else "" for net in one["net"]]
        assert list(sheet["Answer"]) == [net + label for net, label in zip(nets, one["category_label"], strict=True)]
        assert list(sheet["Group"]) == list(one["group_label"])
        columns = {"Unweighted base": (one, "n"), "Weighted base": (other, "n_weighted"), "Count": (one, "count")}
        columns |= {"Unweighted share": (one, "estimate"), "Weighted share": (other, "estimate")}
        columns |= {"Effective base": (other, "n_eff"), "Largest possible weighted share": (other, "high")}
        columns |= {
            "Weighted 95% interval, lower": (other, "ci_low"),
            "Unweighted 95% interval, upper": (one, "ci_high"),
        }
        columns |= {"Smallest possible unweighted share": (one, "low")}
        for column, (rows, source) in columns.items():
            for cell, value in zip(sheet[column], rows[source], strict=True):
                if pd.isna(value):
                    assert cell in ("[range]", "[withheld]", "[x]", "[z]"), (measure.id, column)
                else:
                    assert cell == pytest.approx(float(value), abs=5e-4), (measure.id, column)


def test_shorthand_says_why_a_number_is_not_given(book, small_codebook):
    sheet = sheet_of(book, "shop").set_index(["Split by", "Answer"])
    ends = ["Smallest possible unweighted share", "Largest possible unweighted share"]
    ranged = sheet.loc[("All", "Yes")]
    assert ranged["Unweighted share"] == ranged["Count"] == ranged["Unweighted 95% interval, lower"] == "[range]"
    assert list(ranged[ends]) == [0.125, 0.5]
    assert set(sheet.loc[("All", "No, but planned"), ["Unweighted share", *ends]]) == {"[x]"}
    assert set(sheet.loc[("All", "No"), ends]) == {"[z]"}
    first = sheet_of(book, small_codebook.measures[0].id)
    assert set(first.loc[0, ["Unweighted share", "Count", *ends]]) == {"[withheld]"}


# The standard shorthand of the Government Statistical Service, less the two letters that we use as it does.
STANDARD = {"[b]", "[c]", "[e]", "[er]", "[f]", "[low]", "[ns]", "[p]", "[r]", "[s]", "[ss]", "[sss]", "[u]", "[w]"}


def in_brackets(book):
    """Every cell of a workbook's tables of numbers that is a letter or word in brackets."""
    cells = {cell.value for sheet in book.worksheets[4:] for row in sheet.iter_rows(min_col=4) for cell in row}
    return {cell for cell in cells if isinstance(cell, str) and cell.startswith("[")}


def test_no_shorthand_means_something_else_in_government_statistics(estimates, tests, small_codebook):
    untested = tests.assign(key=["not tested: all gave the same answer", NO_DIFFERENCE], mark="")
    made = workbook(tidy(estimates, untested, small_codebook), small_codebook, 0.95)
    used = in_brackets(openpyxl.load_workbook(io.BytesIO(made)))
    assert used == {"[range]", "[withheld]", "[x]", "[z]", "[not tested]", "[not clear]"}
    assert not used & STANDARD


def test_the_key_explains_every_word_that_stands_in_a_cell_and_no_other(book):
    [table] = book["Key"].tables.values()
    explained = [row[0].value for row in book["Key"][table.ref]][1:]
    heads = ("Evidence", "Groups differ")
    words = {
        cell.value
        for sheet in book.worksheets[4:]
        for [table] in [sheet.tables.values()]
        for column in zip(*sheet[table.ref], strict=True)
        if column[0].value.startswith(heads)
        for cell in column[1:]
    }
    assert set(explained) == words | in_brackets(book)
    assert len(explained) == len(set(explained))


def test_marks_are_words(estimates, tests, small_codebook):
    plain = tests.assign(key=[tests["key"][0], NO_DIFFERENCE])
    book = openpyxl.load_workbook(io.BytesIO(workbook(tidy(estimates, plain, small_codebook), small_codebook, 0.95)))
    sheet = sheet_of(book, "shop")
    assert set(sheet["Groups differ, unweighted"]) == {"p<0.01", "[z]"}
    assert set(sheet["Groups differ, weighted"]) == {"[not clear]", "[z]"}


# ---- how it is laid out


def test_what_is_known_of_a_share_stands_beside_it(book):
    heads = list(sheet_of(book, "shop"))
    for basis in ("weighted", "unweighted"):
        share = heads.index(f"{basis.capitalize()} share")
        assert heads[share + 1 : share + 5] == [
            f"Smallest possible {basis} share",
            f"Largest possible {basis} share",
            f"{basis.capitalize()} 95% interval, lower",
            f"{basis.capitalize()} 95% interval, upper",
        ]
    assert heads.index("Unweighted share") < 6


def test_intervals_are_headed_by_the_level_of_the_settings(estimates, tests, small_codebook):
    made = workbook(tidy(estimates, tests, small_codebook), small_codebook, 0.9)
    book = openpyxl.load_workbook(io.BytesIO(made))
    heads = [head for head in sheet_of(book, "shop") if "interval" in head]
    assert len(heads) == 4 and all("90% interval" in head for head in heads)
    assert any("90% confidence" in str(cell.value) for cell in book["Cover"]["A"])


def test_a_wave_without_ranges_has_no_columns_for_them(small_codebook, tests):
    table = estimates_of(small_codebook).assign(n_weighted=1.0)
    book = openpyxl.load_workbook(
        io.BytesIO(workbook(tidy(table, tests.iloc[:0], small_codebook), small_codebook, 0.95))
    )
    assert not [head for head in sheet_of(book, "shop") if "possible" in head]
    assert not [cell.value for cell in book["Notes"]["B"] if "range" in str(cell.value)]


def test_headings_refer_to_notes_that_are_there(book):
    [table] = book["Notes"].tables.values()
    notes = {f"[note {row[0].value}]": row[1].value for row in book["Notes"][table.ref][1:]}
    named = {"interval": "Confidence interval", "possible": "smallest", "differ": "Rao and Scott"}
    used = set()
    for sheet in book.worksheets[4:]:
        [table] = sheet.tables.values()
        for cell in sheet[table.ref][0]:
            head, _, reference = cell.value.partition("\n")
            used |= {reference} - {""}
            for part, text in named.items():
                assert part not in head or text in notes[reference], head
    assert used == set(notes)


def test_columns_of_text_are_narrow_and_every_sheet_is_printed_a_page_wide_with_its_headings(book):
    for sheet in book:
        widths = [dimension.width for dimension in sheet.column_dimensions.values()]
        assert widths and max(widths) <= 101, sheet.title
        # Excel leaves out a width of one page, since that is what it takes where there is none.
        assert sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.title
        assert sheet.page_setup.fitToWidth in (None, 1) and sheet.page_setup.fitToHeight == 0, sheet.title
        assert sheet.freeze_panes is None
        for [table] in [sheet.tables.values()] if sheet.tables else []:
            assert sheet.print_title_rows == "${0}:${0}".format(sheet[table.ref][0][0].row), sheet.title
    for sheet in book.worksheets[4:]:
        assert sheet.page_setup.orientation == "landscape"


def test_text_that_takes_several_lines_wraps_in_a_row_of_their_height(small_codebook, estimates, tests):
    """LibreOffice gives a row no more than the file says, so that lines would lie over each other."""
    long = small_codebook.model_copy(update={"source": "One long word after another. " * 20})
    book = openpyxl.load_workbook(io.BytesIO(workbook(tidy(estimates, tests, long), long, 0.95)))
    checked = 0
    for sheet in (book["Cover"], book["Notes"], book["Key"]):
        for cell in (cell for row in sheet for cell in row if isinstance(cell.value, str)):
            width = sheet.column_dimensions[cell.column_letter].width
            # Letters are about as wide as the unit of a column's width.
            lines = len(cell.value) // width + 1
            if lines > 1 and (sheet.title == "Cover" or cell.row > 3):
                assert cell.alignment.wrap_text, cell
                assert sheet.row_dimensions[cell.row].height >= 15 * lines, cell
                checked += 1
    assert checked > 5


def test_no_line_above_a_table_runs_off_the_screen(estimates, tests, small_codebook):
    questions = tuple(q.model_copy(update={"note": "One word after another. " * 30}) for q in small_codebook.questions)
    noted = small_codebook.model_copy(update={"questions": questions})
    book = openpyxl.load_workbook(io.BytesIO(workbook(tidy(estimates, tests, noted), noted, 0.95)))
    for sheet in book.worksheets[4:]:
        [table] = sheet.tables.values()
        lines = [sheet.cell(row, 1).value for row in range(1, sheet[table.ref][0][0].row)]
        assert all(lines) and max(map(len, lines)) <= 130
        assert " ".join(lines).count("One word after another.") == 30


def test_few_lines_stand_above_a_table_and_lead_to_the_key(book, small_codebook):
    for sheet in book.worksheets[4:]:
        [table] = sheet.tables.values()
        measure = small_codebook.measure(sheet.title[3:])
        note = bool(small_codebook.question(measure.question).note)
        assert sheet[table.ref][0][0].row <= 9 + note, sheet.title
        links = {cell.hyperlink.location for cell in sheet["A"] if cell.hyperlink}
        assert links == {"'Key'!A1", "'Notes'!A1", "'Contents'!A1"}, sheet.title


def test_numbers_show_no_digit_that_they_do_not_have(book, estimates, tests, small_codebook):
    coarse = tidy(estimates, tests, small_codebook)
    weighted = coarse["basis"].eq("weighted")
    shares = ["estimate", "ci_low", "ci_high", "low", "high"]
    coarse[shares] = coarse[shares].mask(weighted, coarse[shares].round(2))
    coarse["ci_low"] = coarse["ci_low"].mask(~weighted & coarse["ci_low"].notna(), 0.123)
    coarse["n_weighted"], coarse["n_eff"] = coarse["n_weighted"].round(-1), coarse["n_eff"] + 0.5
    rounded = openpyxl.load_workbook(io.BytesIO(workbook(coarse, small_codebook, 0.95)))
    [name] = [n for n in rounded.sheetnames if n[3:] == "shop"]
    formats = {
        column[0].value.partition("\n")[0]: column[1].number_format
        for [table] in [rounded[name].tables.values()]
        for column in zip(*rounded[name][table.ref], strict=True)
    }
    assert formats["Weighted share"] == "0%" and formats["Unweighted 95% interval, lower"] == "0.0%"
    assert formats["Weighted base"] == "#,##0" and formats["Effective base"] == "#,##0.0"


def test_the_workbook_is_accessible(book, small_codebook):
    assert book.sheetnames[:4] == ["Cover", "Contents", "Notes", "Key"]
    assert len(book.sheetnames) == 4 + len(small_codebook.measures)
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
    book = openpyxl.load_workbook(io.BytesIO(workbook(tidy(estimates, tests, made), made, 0.95)))
    for sheet in [book["Cover"], *book.worksheets[4:]]:
        assert any(said in str(cell.value) for cell in sheet["A"]), sheet.title
    assert said in book.properties.description


def test_the_same_tables_give_the_same_bytes(estimates, tests, small_codebook):
    table = tidy(estimates, tests, small_codebook)
    data = workbook(table, small_codebook, 0.95)
    assert data == workbook(table, small_codebook, 0.95)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2020-01-01T00:00:00Z" in parts.read("docProps/core.xml")


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
    data = workbook(tidy(table, tests.iloc[:0], hostile), hostile, 0.95)
    book = openpyxl.load_workbook(io.BytesIO(data))
    texts = [cell.value for sheet in book for row in sheet for cell in row if isinstance(cell.value, str)]
    assert any("=1+1" in text for text in texts)
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    links = [cell.hyperlink for sheet in book for row in sheet for cell in row if cell.hyperlink]
    assert links and all(link.target is None and link.id is None for link in links)
    assert {link.location for link in links} <= {f"'{name}'!A1" for name in book.sheetnames}
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
    tabulate(HERE / "small_codebook.yaml", tmp_path, 0.95)
    described = json.loads((tmp_path / "tables.csv-metadata.json").read_text(encoding="utf-8"))
    assert (tmp_path / described["url"]).exists() and (tmp_path / "tables.xlsx").exists()


def test_estimates_of_another_codebook_are_refused(estimates, tests, tmp_path):
    from conftest import HERE

    measure = load_codebook(HERE / "small_codebook.yaml").measures[-1].id
    write_table(tmp_path / "estimates.csv", estimates[estimates["measure"].ne(measure)])
    write_table(tmp_path / "group_tests.csv", tests)
    with pytest.raises(InputProblem, match="the estimates are of another codebook; found '"):
        tabulate(HERE / "small_codebook.yaml", tmp_path, 0.95)
    assert not (tmp_path / "tables.csv").exists()


def test_labels_without_a_latin_letter_can_be_tabulated(small_codebook, tests):
    breaks = [b.model_copy(update={"label": "\u0395\u03af\u03b4\u03bf\u03c2"}) for b in small_codebook.breaks]
    groups = [tuple(g.model_copy(update={"label": "'"}) for g in b.groups) for b in breaks]
    breaks = tuple(b.model_copy(update={"groups": g}) for b, g in zip(breaks, groups, strict=True))
    book = small_codebook.model_copy(update={"breaks": breaks})
    table = estimates_of(book).assign(n_weighted=1.0)
    read = openpyxl.load_workbook(io.BytesIO(workbook(tidy(table, tests.iloc[:0], book), book, 0.95)))
    texts = {cell.value for sheet in read for row in sheet for cell in row}
    assert {f"\u0395\u03af\u03b4\u03bf\u03c2 ({b.id})" for b in breaks if b.groups} & texts


def test_halves_round_up_in_the_workbook_as_they_do_on_the_pages():
    rows = pd.DataFrame({"estimate": [0.3125, 0.0625, 0.5005], "n": 16, "shown": "settled"})
    assert _numbers(rows, "estimate", 3) == [0.313, 0.063, 0.501]
