"""The simulated pairs of waves: how they are drawn, what their truth is, and the published tables of them."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from made_weights import CELLS, settings_of

from pipeline.codebook import Trend
from pipeline.pairs import (
    AGAIN,
    COLUMNS,
    NOTHING,
    ROUNDED,
    SOME,
    WITH,
    WITHOUT,
    build_years,
    draw_pair,
    found_by_move,
    judge_all,
    moved_measures,
    summary,
)
from pipeline.params import Analyse, Coverage, Disclose, Rehearse

sys.path.insert(0, str(ROOT / "benchmarks"))
ANALYSE = Analyse(confidence=0.95, flag_below=30, withhold_below=10)
DISCLOSE = Disclose(minimum_base=10, minimum_count=1, share_digits=2, weighted_base_to=10)
COVERAGE = Coverage(seed=1, surveys=2, bases=2, shares=3, response=(0.6, 0.8), odds=4)
MOVED = {"outlook": {"bright": 0.2, "steady": -0.2}}
POPULATION = CELLS.assign(total=[300.0, 150.0, 400.0, 100.0])
SEEDS = np.random.SeedSequence(5).spawn(3)


@pytest.fixture(scope="module")
def years(small_codebook, make_respondents):
    respondents = make_respondents(small_codebook, 120, seed=6).assign(weight=1.0)
    respondents["outlook"] = pd.Series(["bright", "steady", "bleak"] * 40, dtype="string")
    approached = pd.concat([respondents] * 3, ignore_index=True)
    truth = {"seed": 1, "before": 2020, "organisations": {"lib_few": {"panel": 1, "new": 1}}, "first_number": 900}
    settings = SimpleNamespace(
        coverage=COVERAGE,
        analyse=ANALYSE,
        weight=settings_of(nonresponse="cells"),
        disclose=DISCLOSE,
        rehearse=Rehearse(**truth, stays=0.9, moved=MOVED),
    )
    trend = Trend(id="outlook", number=1, title="Outlook", measure="outlook", categories=["bright"])
    book = small_codebook.model_copy(update={"trends": (trend,)})
    return build_years(respondents, approached=approached, cells=POPULATION, codebook=book, settings=settings)


@pytest.fixture(scope="module")
def judged(years):
    return pd.concat([judge_all(years, world, SEEDS) for world in (NOTHING, SOME)], ignore_index=True)


def test_what_moves_is_what_the_truth_moves(years):
    shares = [t["outlook"].value_counts(normalize=True) for t in (years.first, years.later[SOME], years.later[NOTHING])]
    assert shares[1]["bright"] - shares[0]["bright"] == pytest.approx(0.2, abs=0.04)
    assert shares[2]["bright"] - shares[0]["bright"] == pytest.approx(0, abs=0.04)
    truth = years.truths[SOME]["outlook", "bright", "weighted"]
    assert truth == pytest.approx(shares[1]["bright"] - shares[0]["bright"])


def test_moves_are_of_questions_and_changes_of_measures(small_codebook):
    """A measure may be called otherwise than its question, and a question may have two or none."""
    renamed = [
        m.model_copy(update={"id": "mood"}) if m.question == "outlook" else m
        for m in small_codebook.measures
        if m.question != "goods"
    ]
    again = next(m for m in renamed if m.id == "shop").model_copy(update={"id": "shop_again"})
    book = small_codebook.model_copy(update={"measures": (*renamed, again)})
    moved = {"outlook": {"bright": 0.2}, "goods": {"books": 0.1}, "shop": {"yes": 0.1}}
    assert moved_measures(book, moved) == {
        "shop": {"yes": 0.1},
        "mood": {"bright": 0.2},
        "shop_again": {"yes": 0.1},
    }


def test_some_of_the_first_wave_answer_again_and_nobody_twice(years):
    (first, asked), (later, asked_later) = draw_pair(years, np.random.default_rng(1))
    assert len(set(first)) == len(first) and len(set(later)) == len(later)
    assert set(first) <= set(asked) and set(later) <= set(asked_later)
    assert len(asked) == len(asked_later) == sum(years.approached.values())
    assert np.isin(first, later).mean() == pytest.approx(AGAIN, abs=0.12)
    assert set(later) - set(first)


def test_each_change_is_judged_with_the_covariance_and_without(judged):
    assert set(judged) == set(COLUMNS)
    keys = ["world", "pair", "measure", "category", "basis"]
    both = judged.pivot(index=keys, columns="errors", values="se").dropna(subset=[WITH, WITHOUT])
    # Nine in ten answer as they did: the panel makes a change surer.
    assert (both[WITH] < both[WITHOUT]).mean() > 0.9


def test_weighted_changes_are_judged_once_more_as_they_are_published(judged):
    keys = ["world", "pair", "measure", "category", "basis"]
    pairs = judged.pivot(index=keys, columns="errors", values="change")
    assert pairs[ROUNDED].notna().groupby("basis").any().to_dict() == {"unweighted": False, "weighted": True}
    moved = pairs.dropna(subset=[ROUNDED])
    assert moved[ROUNDED].to_numpy() == pytest.approx(moved[ROUNDED].round(2).to_numpy())
    assert 0 < (moved[ROUNDED] - moved[WITH]).abs().max() <= 0.01 + 1e-9


def test_a_large_move_is_found_and_its_interval_holds_the_truth(judged):
    result = summary(judged, MOVED).set_index(["world", "basis", "errors"])
    assert result.loc[(SOME, "weighted", WITH), "found"] > 0.5
    assert result["misses"].max() < 0.3
    moves = found_by_move(judged, MOVED)
    assert set(moves["category"]) == {"bright", "steady"} and len(moves) == 4


def test_each_pair_has_its_own_seed(years, judged):
    again = judge_all(years, SOME, SEEDS[1:2], first=1)
    before = judged[judged["world"].eq(SOME) & judged["pair"].eq(1)]
    pd.testing.assert_frame_equal(again, before.reset_index(drop=True)[again.columns])


def test_a_worked_summary():
    """Two pairs of two changes: one of four intervals misses, one pair has a false word, one of two moves is found."""
    rows = [
        (SOME, 0, "a", "x", "up", 0.1, True),
        (SOME, 0, "b", "y", "up", 0.0, False),
        (SOME, 1, "a", "x", "no clear change", 0.1, True),
        (SOME, 1, "b", "y", "no clear change", 0.0, True),
    ]
    table = pd.DataFrame(rows, columns=["world", "pair", "measure", "category", "word", "truth", "covers"])
    table = table.assign(basis="weighted", errors=WITH, change=[0.1, 0.0, 0.2, 0.1], se=0.05, p=0.5)
    [row] = summary(table, {"a": {"x": 0.1}}).to_dict("records")
    assert (row["pairs"], row["changes"], row["misses"], row["false_pairs"], row["found"]) == (2, 4, 0.25, 0.5, 0.5)
    # Of the two words of the first pair one is false; the second has none.
    assert row["false_words"] == 0.25
    assert row["se_ratio"] == pytest.approx(0.05 / np.std([0.1, 0.2], ddof=1))


# ---- what was published of two hundred pairs


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(ROOT / "reports/tracker/pairs.csv").set_index(["world", "basis", "errors"])


def test_two_hundred_pairs_and_no_more_false_alarms_than_stated(published):
    assert published["pairs"].min() == 200
    with_panel = pd.concat([published.xs(way, level="errors") for way in (WITH, ROUNDED)])
    assert len(with_panel) == 6
    assert (with_panel["misses"] < 0.05 + 3 * with_panel["misses_error"]).all()
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    # Where nothing moves every word is false; where some do, the correction promises how many of the words are.
    assert (with_panel.loc[NOTHING, "false_pairs"] < most).all() and (with_panel["false_words"] < most).all()


def test_the_panels_covariance_matters(published):
    for basis in ("unweighted", "weighted"):
        with_panel, without = (published.loc[(SOME, basis, errors)] for errors in (WITH, WITHOUT))
        assert with_panel["found"] > without["found"] + 0.1
        assert abs(with_panel["se_ratio"] - 1) < abs(without["se_ratio"] - 1)


def test_the_document_has_the_published_numbers():
    from changes import markdown

    moves = pd.read_csv(ROOT / "reports/tracker/pairs_found.csv")
    text = markdown(pd.read_csv(ROOT / "reports/tracker/pairs.csv"), moves)
    document = (ROOT / "docs/methodology.md").read_text(encoding="utf-8")
    assert text.strip() in document
    assert "those of seven to nine in fewer than half of the pairs" in document
    assert (moves.loc[moves["truth"].abs().between(0.07, 0.09), WITH] < 0.5).all()
