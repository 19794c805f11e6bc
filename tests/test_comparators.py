"""Published figures stand beside the tracker with method, population and source, and join nothing."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from made_estimates import changed, estimates_of

from pipeline.codebook import TOTAL
from pipeline.comparators import (
    CAUTION,
    COLUMNS,
    ELSEWHERE,
    LANE,
    MARKS,
    NOWHERE,
    TRACKER,
    _rows,
    comparator_words,
    compare,
    draw_comparators,
    load_comparators,
)
from pipeline.params import load_params
from pipeline.printing import KEYS
from pipeline.problems import InputProblem
from pipeline.sheet import set_sheet
from pipeline.tables import read_table

SETTINGS = load_params(ROOT / "params.yaml")
GOOD = {
    **{"id": "census.shop", "year": "2022", "when": "spring 2022", "title": "Census", "publisher": "A ministry"},
    **{"method": "Forms", "population": "Libraries", "base": "1200", "base_note": "answered", "what": "Has a shop"},
    **{
        "printed": "31%",
        "op": "=",
        "value": "31",
        "measure": "shop",
        "category": "yes",
        "break": "kind",
        "group": "lib",
    },
    **{"differs": "A kiosk counts too", "note": "", "source": "https://example.org/census"},
}
OLDER = GOOD | {"id": "poll.shop", "year": "2018", "when": "2018", "title": "Poll", "printed": "under 20%", "op": "<"}
OLDER |= {"value": "20", "base": "", "base_note": "base not seen"}
ALONE = GOOD | {
    "id": "census.cafe",
    "what": "Has a cafe",
    "printed": "12%",
    "value": "12",
    "differs": "Never asked here",
}
ALONE |= dict.fromkeys(KEYS, "")


@pytest.fixture
def write(tmp_path):
    def written(*rows, columns=COLUMNS):
        path = tmp_path / "comparators.csv"
        pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
        return path

    return written


@pytest.fixture
def table(small_codebook, write):
    books = {2020: small_codebook}
    read = load_comparators(write(GOOD, OLDER, ALONE), books)
    return compare(read, estimates_of(small_codebook), books)


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("id", "", "column id: the cell is empty; found ''; allowed: what the source says, or that it was not seen."),
        ("method", " ", "column method: the cell is empty"),
        ("year", "MMXXII", "column year: not a whole number; found 'MMXXII'"),
        ("base", "1,200", "column base: not a whole number; found '1,200'"),
        ("op", "~", "column op: not a way to print a number; found '~'; allowed: =, about, <, >."),
        ("value", "a third", "column value: not a share in per cent; found 'a third'; allowed: 0 to 100."),
        ("value", "131", "column value: not a share in per cent; found '131'"),
        ("value", "13", "column value: another number than is printed ("),
        ("value", "nan", "column value: not a share in per cent; found 'nan'"),
        ("source", "a friend", "column source: not an address of a page; found 'a friend'"),
        ("source", "https://example.org; hearsay", "not an address of a page; found 'hearsay'"),
        (
            "measure",
            "",
            "column measure: the cell is empty; found ''; allowed: all of measure, category, break, group, or none",
        ),
        (
            "measure",
            "cafe",
            "column measure: no wave's codebook has this measure; found 'cafe'; allowed: kind, scale, ",
        ),
        ("category", "maybe", "column category: no wave's codebook has this category; found 'maybe'; allowed: yes, "),
        ("break", "town", "column break: no wave's codebook has this break; found 'town'; allowed: total, kind, "),
        ("group", "zoo", "column group: no wave's codebook has this group; found 'zoo'; allowed: lib, mus."),
    ],
)
def test_a_bad_cell_is_refused_in_one_sentence(small_codebook, write, column, cell, said):
    with pytest.raises(InputProblem) as problem:
        load_comparators(write(OLDER, GOOD | {column: cell}), {2020: small_codebook})
    assert "comparators.csv, row 3, column" in str(problem.value) and said in str(problem.value)


@pytest.mark.parametrize(
    "printed", ["31.5%", "31.5 per cent", "31,5 percent", "31,5\u202f%", "31.5\uff05", "31.5 PER CENT"]
)
def test_a_share_is_held_against_what_is_printed_however_that_is_written(small_codebook, write, printed):
    given = GOOD | {"printed": printed}
    assert load_comparators(write(given | {"value": "31.5"}), {2020: small_codebook})["value"].tolist() == [31.5]
    with pytest.raises(
        InputProblem, match=r"another number than is printed \(.*\); found '31'; allowed: 31\.5, or the"
    ):
        load_comparators(write(given | {"value": "31"}), {2020: small_codebook})


@pytest.mark.parametrize(
    ("printed", "refused", "taken"),
    [
        ("Fewer than 30%", "=>", ("<", "about")),
        ("less than 30 per cent", "=>", ("<",)),
        ("up to 30%", "=>", ("<",)),
        ("over 30%", "=<", (">", "about")),
        ("at least 30%", "=<", (">",)),
        ("30%, more than in 2010", "", ("=",)),
    ],
)
def test_a_limit_is_read_as_the_limit_that_is_printed(small_codebook, write, printed, refused, taken):
    given = GOOD | {"printed": printed, "value": "30"}
    for op in taken:
        assert load_comparators(write(given | {"op": op}), {2020: small_codebook})["op"].tolist() == [op]
    for op in refused:
        with pytest.raises(InputProblem, match=r"column op: another limit than is printed \("):
            load_comparators(write(given | {"op": op}), {2020: small_codebook})


def test_percentage_points_are_no_share(small_codebook, write):
    load_comparators(write(GOOD | {"printed": "about a third, 3 percentage points more"}), {2020: small_codebook})


def test_an_id_twice_and_other_columns_are_refused(small_codebook, write):
    with pytest.raises(InputProblem, match=r"row 4, column id: the id stands twice; found 'poll\.shop'\."):
        load_comparators(write(OLDER, GOOD, OLDER), {2020: small_codebook})
    with pytest.raises(InputProblem, match="these are not the columns of the file"):
        load_comparators(write(GOOD, columns=COLUMNS[1:]), {2020: small_codebook})


def test_the_tracker_stands_first_and_the_others_by_year_with_how_and_of_whom(table):
    beside = table[table["beside"].ne(NOWHERE)]
    assert beside["beside"].unique() == ["Shop: Yes. Kind of house: Library"]
    assert list(beside["whose"]) == [TRACKER, ELSEWHERE, ELSEWHERE]
    assert list(beside["when"]) == ["2020", "2018", "spring 2022"]
    assert beside["population"].iloc[0] == "All houses: Library"
    assert list(beside["base"]) == ["n = 100", "base not seen", "n = 1,200, answered"]
    others = table[table["whose"].eq(ELSEWHERE)]
    assert others[["method", "population", "source", "text", "differs"]].notna().all(axis=None)


def test_a_limit_is_no_share(table):
    limit = table[table["text"].eq("under 20%")].iloc[0]
    assert (limit["low"], limit["high"], limit["drawn"]) == (0, 0.2, "limit")
    assert pd.isna(limit["share"])


def test_what_has_no_row_of_the_tracker_is_kept_last_and_not_drawn(table, small_codebook, tmp_path):
    assert list(table["beside"].eq(NOWHERE)) == [False, False, False, True]
    said = draw_comparators(table, {2020: small_codebook}, SETTINGS, tmp_path)
    assert "Has a cafe" not in (tmp_path / "comparators.csv").read_text() and "12%" not in said


def test_no_interval_and_no_change_is_given_of_published_figures(table):
    assert table.loc[table["whose"].eq(ELSEWHERE), ["ci_low", "ci_high"]].isna().all(axis=None)
    assert not {"change", "difference", "trend"} & set(table.columns)


def test_a_group_that_is_not_settled_has_everyone_beside_it(small_codebook, write):
    book = small_codebook.model_copy(update={"kind": "reconstruction"})
    estimates = changed(estimates_of(book), "shop", "yes", "kind", "lib", support="bounded", low=0.1, high=0.6)
    estimates = changed(estimates, "shop", "yes", support="published")
    table = compare(load_comparators(write(GOOD), {2020: book}), estimates, {2020: book})
    group, everyone = table[table["whose"].eq(TRACKER)].to_dict("records")
    assert (group["low"], group["high"], group["drawn"]) == (0.1, 0.6, "bounded") and pd.isna(group["share"])
    assert everyone["drawn"] == "settled" and everyone["differs"].startswith("Everyone")
    # Each row says of whom it is, also to who reads no words; both stand under one heading.
    assert [(row["break"], row["group"]) for row in (group, everyone)] == [("kind", "lib"), (TOTAL, TOTAL)]
    assert group["beside"] == everyone["beside"]
    assert "Reconstructed" in group["method"]


def test_a_rehearsal_is_never_set_beside_what_was_published(small_codebook, write):
    rehearsal = small_codebook.model_copy(update={"kind": "rehearsal", "wave": 2021})
    books = {2020: small_codebook, 2021: rehearsal}
    estimates = pd.concat([estimates_of(book) for book in books.values()])
    table = compare(load_comparators(write(GOOD), books), estimates, books)
    assert list(table.loc[table["whose"].eq(TRACKER), "year"]) == [2020]


def test_a_wave_without_the_question_is_passed_over(small_codebook, write):
    measures = tuple(m for m in small_codebook.measures if m.id != "shop")
    without = small_codebook.model_copy(update={"wave": 2021, "measures": measures})
    books = {2020: small_codebook, 2021: without}
    table = compare(load_comparators(write(GOOD), books), estimates_of(small_codebook), books)
    assert list(table.loc[table["whose"].eq(TRACKER), "year"]) == [2020]


def test_no_line_goes_from_one_figure_to_another(table, small_codebook):
    words = comparator_words(table, {2020: small_codebook})
    placed = table[table["beside"].ne(NOWHERE)]
    page = set_sheet(words, SETTINGS.figures, lambda page: _rows(page, placed))
    tall = [max(ys) - min(ys) for ys in (line.get_ydata() for line in page.sheet.get_lines())]
    assert len(tall) > 10 and max(tall) < LANE


def test_shares_intervals_and_limits_stand_where_their_scale_says(table, small_codebook):
    """From none at the left to all at the right, in per cent below the first figure of a block."""
    placed = table[table["beside"].ne(NOWHERE)].reset_index(drop=True)
    page = set_sheet(comparator_words(table, {2020: small_codebook}), SETTINGS.figures, lambda p: _rows(p, placed))
    left, right = page.left + 4, page.right - 4

    def share_at(x):
        return (x - left) / (right - left)

    dots = [line for line in page.sheet.lines if line.get_marker() == "o"][: placed["share"].notna().sum()]
    assert [share_at(d.get_xdata()[0]) for d in dots] == pytest.approx(placed["share"].dropna().tolist())
    boxes = [b for b in page.sheet.patches if b.get_height() == pytest.approx(8)]
    ranged = placed[placed["low"].notna()]
    spans = [(share_at(b.get_x()), share_at(b.get_x() + b.get_width())) for b in boxes][: len(ranged)]
    np.testing.assert_allclose(spans, ranged[["low", "high"]])
    assert len(ranged)
    lines = [tuple(map(share_at, x)) for x in (line.get_xdata() for line in page.sheet.lines) if len(x) == 2]
    known = placed[placed["ci_low"].notna()]
    for ends in zip(known["ci_low"], known["ci_high"], strict=True):
        assert any(line == pytest.approx(ends) for line in lines)
    texts = {t.get_text(): share_at(t.get_position()[0]) for t in page.sheet.texts if t.get_text().endswith("%")}
    assert (texts["0%"], texts["50%"], texts["100%"]) == pytest.approx((0, 0.5, 1), abs=0.02)


def test_the_key_has_the_marks_that_are_drawn_and_no_other(table, small_codebook):
    words = comparator_words(table, {2020: small_codebook})
    assert [mark for mark, _ in words["key"]] == ["filled", "interval", "hollow", "assumed"]
    bare = table.assign(ci_low=None)[table["drawn"].ne("limit")]
    assert [mark for mark, _ in comparator_words(bare, {2020: small_codebook})["key"]] == ["filled", "hollow"]


def test_picture_table_and_words_say_the_same_and_come_out_the_same(table, small_codebook, tmp_path):
    for folder in ("one", "two"):
        said = draw_comparators(table, {2020: small_codebook}, SETTINGS, tmp_path / folder)
    for name in ("comparators.svg", "comparators.png", "comparators.csv", "comparators.txt"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    for text in ("under 20%", "31%", "Forms", "Libraries", "example.org", "A ministry", CAUTION):
        assert text in said
    drawn = read_table(tmp_path / "one/comparators.csv")
    assert list(drawn[MARKS[0]].dropna()) == list(table.loc[table["beside"].ne(NOWHERE), MARKS[0]].dropna())


def test_without_published_figures_there_is_an_empty_table_and_a_sentence(small_codebook, write, tmp_path):
    books = {2020: small_codebook}
    table = compare(load_comparators(write(), books), estimates_of(small_codebook), books)
    assert table.empty
    draw_comparators(table, books, SETTINGS, tmp_path)
    assert (tmp_path / "comparators.svg").stat().st_size > 1000


def test_the_published_figures_of_this_project_are_read_and_cite_their_pages(codebook_2014):
    read = load_comparators(ROOT / "data/report/comparators.csv", {2014: codebook_2014})
    assert {"2016", "2019", "2024"} <= set(read["when"])
    assert read["measure"].notna().sum() >= 10
    assert read.loc[read["year"].lt(2014), "id"].empty
