"""The tracker's page: what changed is told in words, what is simulated says so, and ids stay in the tables."""

from html import escape

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT

from pipeline import change, tracker_pages
from pipeline.codebook import SeriesBreak
from pipeline.files import MARK, MARKED
from pipeline.params import load_params
from pipeline.printing import FLAGGED
from pipeline.site import page
from pipeline.tracker_pages import CHANGED, breaks_shown, changes_shown, tracker_parts

NO_TEST = {"word": "", "why": "rests on modelled numbers: no evidence"}


def row(category, word="", why="", break_="total", group="total", basis="unweighted", quality="ok"):
    return {
        **{"wave": 2021, "since": 2020, "measure": "shop", "category": category, "break": break_, "group": group},
        **{"basis": basis, "before": 0.371, "after": 0.5514, "change": 0.1804, "ci_low": 0.11, "ci_high": -0.056},
        **{"word": word, "why": why, "quality": quality},
    }


@pytest.fixture(scope="module")
def books(small_codebook):
    later = small_codebook.model_copy(update={"wave": 2021, "kind": "rehearsal"})
    return {2020: small_codebook, 2021: later}


def test_what_moved_stands_in_words_and_everyone_before_the_groups(books):
    rows = [
        row("yes", "up", break_="kind", group="lib", quality="flagged"),
        row("yes", "down"),
        row("no", "no clear change"),
        row("no", "no clear change", break_="kind", group="lib"),
        row("yes", "up", basis="weighted"),
        row("no", why="known up to a range"),
        row("yes", why="known up to a range"),
        row("yes", why="no evidence"),
        row("yes", why="no evidence", break_="kind", group="lib"),
    ]
    [pair] = changes_shown(pd.DataFrame(rows), books, "unweighted")
    assert (pair["wave"], pair["since"], pair["rehearsal"], pair["unclear"]) == (2021, 2020, True, 1)
    assert [(m["group"], m["few"]) for m in pair["moved"]] == [("All", False), ("Kind of house: Library", True)]
    assert pair["care"] == FLAGGED and list(pair["heads"].values()) == ["2020", "2021 (rehearsal)"]
    first = pair["moved"][0]
    assert (first["measure"], first["answer"]) == ("Shop", "Yes")
    assert (first["before"], first["after"], first["change"]) == ("37%", "55%", "+18")
    assert first["interval"] == "+11 to \N{MINUS SIGN}6"
    assert first["link"] == "../waves/2021/numbers/shop.html#yes.total.total"
    assert pair["reasons"] == [{"why": "known up to a range", "rows": 2}, {"why": "no evidence", "rows": 1}]


def test_two_real_waves_are_no_rehearsal(small_codebook):
    books = {2020: small_codebook, 2021: small_codebook.model_copy(update={"wave": 2021})}
    [pair] = changes_shown(pd.DataFrame([row("yes", "up")]), books, "unweighted")
    assert not pair["rehearsal"] and not pair["reconstructed"]
    assert not pair["care"] and len(pair["moved"]) == 1 and pair["unclear"] == 0


@pytest.mark.parametrize("kind", ["reconstruction", "fieldwork"])
def test_only_above_a_comparison_with_a_printed_report_is_it_said_how_its_shares_were_taken(small_codebook, kind):
    books = {2020: small_codebook.model_copy(update={"kind": kind}), 2021: small_codebook}
    shown = changes_shown(pd.DataFrame([row("yes", "up")]), books, "unweighted")
    one = {"basis": "unweighted", "confidence": "95%", "rehearsal": False}
    waves = [one | {"wave": year, "kind": book.kind} for year, book in books.items()]
    tracker = {"changes": shown, "breaks": [], "pictures": [], "tables": [], "notebooks": []}
    text = page("tracker.html", "../", edition="", rehearsal=False, supports=[], waves=waves, tracker=tracker)
    assert ("of what a report prints, as printed" in text) == (kind == "reconstruction")
    assert shown[0]["heads"][2020] == ("2020 (reconstructed)" if kind == "reconstruction" else "2020")


def test_the_page_marks_what_rests_on_few_respondents_and_says_which_wave_was_rehearsed():
    page = BeautifulSoup((ROOT / "reports/pages/tracker.html").read_text(encoding="utf-8"), "html.parser")
    changes = pd.read_csv(ROOT / "reports/tracker/changes.csv")
    shown = changes[changes["basis"].eq(load_params(ROOT / "params.yaml").figures.basis)]
    told = shown[shown["word"].isin([change.UP, change.DOWN])]
    rows = page.select("table.moved:not(.truth) tbody tr")
    assert len(rows) == len(told) > 0
    marked = [row for row in rows if "*" in row.get_text()]
    assert len(marked) == told["quality"].eq("flagged").sum() > 0
    assert all(FLAGGED in row.get_text() for row in marked)
    for table in page.select("table.moved"):
        assert "REHEARSAL" in table.caption.get_text()
        heads = [head.get_text() for head in table.select("thead th")]
        assert "truth" in table["class"] or any(head.endswith("(rehearsal)") for head in heads[1:3]), heads
        # What is set as a block on a telephone says what each number is.
        assert all([td["data-label"] for td in tr.select("td")] == heads[1:] for tr in table.select("tbody tr"))


def test_a_break_is_told_in_labels_also_of_a_question_that_is_gone(small_codebook):
    left = tuple(q for q in small_codebook.questions if q.id != "shop")
    books = {2020: small_codebook, 2021: small_codebook.model_copy(update={"wave": 2021, "questions": left})}
    register = {"wave": 2021, "since": 2020, "date": "2021-01-01", "reason": "Why."}
    rows = [
        {
            "question": "outlook",
            "answers": "bright; bleak",
            "change": "reworded",
            "comparable": True,
            "differences": "a; b",
        },
        {"question": "shop", "answers": float("nan"), "change": "gone", "comparable": False, "differences": ""},
    ]
    one, other = breaks_shown(pd.DataFrame([register | r for r in rows]), books)
    assert one["answers"] == ["Bright", "Bleak"] and one["change"] == "worded otherwise" and one["comparable"]
    assert one["differences"] == ["a", "b"]
    assert (other["question"], other["answers"], other["change"]) == ("Shop", [], "no longer asked")


def test_a_break_is_told_in_the_words_of_the_later_wave_and_as_its_table_was_read(small_codebook):
    """A column of truths with a text among them is read as texts."""
    shop = small_codebook.question("shop").model_copy(update={"label": "Shop or stall"})
    later = tuple(shop if q.id == "shop" else q for q in small_codebook.questions)
    books = {2020: small_codebook, 2021: small_codebook.model_copy(update={"wave": 2021, "questions": later})}
    entry = {"wave": 2021, "since": 2020, "date": "2021-01-01", "reason": "Why.", "question": "shop", "answers": ""}
    rows = [entry | {"change": "reworded", "comparable": c, "differences": ""} for c in ("True", "False")]
    shown = breaks_shown(pd.DataFrame(rows), books)
    assert [b["question"] for b in shown] == ["Shop or stall"] * 2
    assert [b["comparable"] for b in shown] == [True, False]


@pytest.mark.parametrize("marked", [True, False])
def test_the_data_of_a_picture_say_that_they_are_of_a_rehearsal_where_they_are(books, tmp_path, marked):
    table = pd.DataFrame({"wave": [2021], "estimate": [0.5]} | ({MARK: [MARKED]} if marked else {}))
    table.to_csv(tmp_path / "trend_a.csv", index=False)
    (tmp_path / "trend_a.svg").write_text('<svg viewBox="0 0 10 10"/>', encoding="utf-8")
    (tmp_path / "trend_a.txt").write_text("Trend 1: A. Words.", encoding="utf-8")
    [picture] = tracker_parts(tmp_path, books, "unweighted")["pictures"]
    assert picture["data"]["rehearsal"] == marked


def test_the_page_knows_a_change_that_is_not_clear_by_the_words_of_the_table():
    assert tracker_pages.NO_CLEAR_CHANGE == change.NO_CLEAR_CHANGE


def test_every_kind_of_break_has_its_words():
    assert set(CHANGED) == set(SeriesBreak.model_fields["change"].annotation.__args__)


def test_nothing_that_a_reconstruction_leaves_open_is_a_number_of_the_tracker():
    """What the records hold there is filler: no table of changes, scores or marks states it."""
    tables = {"changes": "before", "net_score_changes": "before", "maturity_changes": "before"}
    tables |= {"net_scores": "estimate", "maturity": "estimate"}
    for name, column in tables.items():
        table = pd.read_csv(ROOT / f"reports/tracker/{name}.csv")
        support = table["support_before" if column == "before" else "support"]
        open_ = support.isin(["bounded", "assumed"])
        assert open_.any() and table.loc[open_, column].isna().all(), name
        assert table.loc[support.isin(["published", "implied", "simulated"]), column].notna().any(), name
        if column == "before":
            assert table.loc[open_, "change"].isna().all()


def test_the_page_quotes_labels_as_they_are():
    page = (ROOT / "reports/pages/tracker.html").read_text(encoding="utf-8")
    breaks = pd.read_csv(ROOT / "reports/tracker/breaks_in_series.csv")
    quoted = [part for cell in breaks["differences"].dropna() for part in cell.split("; ") if "'" in part]
    assert quoted
    for part in quoted:
        assert escape(part[:1].upper() + part[1:], quote=True).replace("&#x27;", "&#39;") in page


def test_the_page_tells_what_a_rehearsal_was_made_to_move_and_every_false_word():
    """Who publishes a rehearsal must not pick the moves that were found."""
    page = BeautifulSoup((ROOT / "reports/pages/tracker.html").read_text(encoding="utf-8"), "html.parser")
    truth = pd.read_csv(ROOT / "reports/tracker/rehearsed.csv")
    truth = truth[truth["basis"].eq(load_params(ROOT / "params.yaml").figures.basis)]
    told = truth[truth["moved"].ne(0) | truth["word"].isin([change.UP, change.DOWN])]
    rows = page.select("table.truth tbody tr")
    assert [row.select("td")[-1].get_text() for row in rows] == told["verdict"].tolist()
    for verdict, number in truth["verdict"].value_counts().items():
        assert f"{number} {verdict}" in page.select_one("#changes").get_text()


def test_the_mix_stands_beside_a_change_of_everyone(small_codebook):
    books = {2020: small_codebook, 2021: small_codebook.model_copy(update={"wave": 2021})}
    keys = {"wave": 2021, "since": 2020, "measure": "shop", "category": "yes"}
    parts = pd.DataFrame([keys | {"basis": "unweighted", "mix": 0.02}, keys | {"basis": "weighted", "mix": 0.0}])
    rows = [row("yes", "up"), row("yes", "up", break_="kind", group="lib")]
    [pair] = changes_shown(pd.DataFrame(rows), books, "unweighted", parts=parts)
    assert [m["mix"] for m in pair["moved"]] == ["+2", "\N{EN DASH}"]
