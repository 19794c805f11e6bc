"""The picture of what survives: what it draws, what it says, and that modelled records never read as evidence."""

import pandas as pd
import pytest
from conftest import ROOT

from pipeline.codebook import TOTAL
from pipeline.params import load_params
from pipeline.survival import draw_survival, modelled_words, picture_data, said_of, survival_alternative, survival_words

CHOICES = pd.DataFrame(
    {
        "choice": ["set", "choice 01", "choice 02", "choice 03"],
        "label": ["As set", "one", "two", "three"],
        "met": ["yes", "yes", "yes", "no room"],
        "same_as": ["", "", "set", None],
    }
)


def judged_of(codebook, verdicts, whatever="open"):
    """Every clause of the findings as printed and under two choices, with these verdicts."""
    rows = []
    for finding in codebook.findings:
        for number, clause in enumerate(finding.clauses, start=1):
            compared = clause.versus is not None or clause.versus_category is not None
            for choice, verdict in zip(("printed", "set", "choice 01"), ("holds", *verdicts), strict=True):
                row = {"finding": finding.id, "number": finding.number, "clause": number, "choice": choice}
                row |= {"verdict": verdict, "versus": "x" if compared else None, "estimate": 0.5, "difference": 0.1}
                row |= {"ci_low": 0.4, "ci_high": 0.6, "diff_low": -0.1, "diff_high": 0.3, "break": TOTAL}
                row |= {"low": 0.45, "high": 0.7, "whatever_the_records": whatever if choice == "set" else ""}
                rows.append(row)
    return pd.DataFrame(rows)


def rows(*verdicts):
    return pd.DataFrame({"choice": ["printed", "set", "choice 01"], "verdict": ["holds", *verdicts]})


def test_a_verdict_counts_choices_that_can_be_met_and_twins():
    assert said_of(rows("holds", "holds"), CHOICES) == "holds"
    assert said_of(rows("moves", "holds"), CHOICES) == "moves under 2 of 3"
    assert said_of(rows("holds", "fades"), CHOICES) == "fades under 1 of 3"
    assert said_of(rows("not settled", "not settled"), CHOICES) == "not settled"


@pytest.mark.parametrize(
    ("words", "whatever", "said"),
    [
        ("holds", "open", "holds (modelled)"),
        ("holds", "holds", "holds for any records"),
        ("moves under 2 of 3", "open", "moves under 2 of 3 (modelled)"),
        ("holds", "moves", "moves for any records"),
        ("not settled", "", "not settled"),
    ],
)
def test_modelled_verdicts_are_marked_unless_bounds_settle_them(words, whatever, said):
    assert modelled_words(words, whatever) == said


def test_shares_and_differences_are_drawn_apart(small_codebook):
    data = picture_data(judged_of(small_codebook, ("holds", "holds")), CHOICES, small_codebook)
    assert data.groupby("panel")["value"].first().to_dict() == {"difference": 0.1, "share": 0.5}
    assert data.loc[data["drawn"].ne("reference"), "low"].isna().all()
    assert data.loc[data["panel"].eq("difference"), "bound_low"].isna().all()


def test_what_is_not_settled_has_no_number(small_codebook):
    data = picture_data(judged_of(small_codebook, ("not settled", "not settled")), CHOICES, small_codebook)
    unsettled = data[data["verdict"].eq("not settled")]
    assert unsettled[["value", "bound_low", "bound_high"]].isna().all().all()


def test_a_reconstruction_says_so_in_words_and_states_no_modelled_number(small_codebook):
    book = small_codebook.model_copy(update={"kind": "reconstruction"})
    data = picture_data(judged_of(book, ("moves", "holds")), CHOICES, book)
    survivors = pd.DataFrame(
        {"verdict": ["survives", "does not survive"], "choices": 3, "clauses": 2, "tested": [2, 1]}
    )
    words = survival_words(data, survivors, book, 0.95)
    text = survival_alternative(data, words)
    assert "MODELLED" in words["kicker"] and "next to no evidence" in text and "(modelled)" in text
    assert "1 survives, 1 does not, as far as they could be tested (3 of their 4 statements)." in text
    assert "0.5" not in text and "50%" not in text
    assert data["evidence"].eq("modelled").all()


@pytest.mark.parametrize("kind", ["rehearsal", "fieldwork"])
def test_it_is_drawn_the_same_twice_with_its_files(small_codebook, tmp_path, kind):
    book = small_codebook.model_copy(update={"kind": kind})
    settings = load_params(ROOT / "params.yaml")
    judged = judged_of(book, ("holds", "moves"))
    survivors = pd.DataFrame({"verdict": ["survives", "not tested"], "choices": 3, "clauses": 2, "tested": 2})
    for name in ("one", "two"):
        text = draw_survival(judged, CHOICES, survivors, book, settings, tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert files == [f"sensitivity.{end}" for end in ("csv", "png", "svg", "txt")]
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert ("REHEARSAL" in text) == (kind == "rehearsal")
    assert "(modelled)" not in text and "as far as" not in text
