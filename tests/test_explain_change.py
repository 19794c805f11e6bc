"""What is said of a change is what the tracker published and what the estimates of its two waves make it."""

import json
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT

from pipeline.addresses import Key
from pipeline.explain_change import SCORE_CHANGES, change_lines, changes_of, explain_change
from pipeline.explain_command import as_text, explained
from pipeline.problems import InputProblem

CHANGES = pd.read_csv(ROOT / "reports/tracker/changes.csv")


def test_a_change_has_both_its_estimates_its_error_and_its_test(committed):
    found = explained(["change", "policy/yes"], project=committed)
    [change] = found["changes"]
    row = CHANGES.query(
        "measure == 'policy' and category == 'yes' and `break` == 'total' and basis == 'unweighted'"
    ).iloc[0]
    assert (change["since"], change["wave"], change["word"]) == (row["since"], row["wave"], row["word"])
    before, after = change["estimates"]
    assert after["estimate"] - before["estimate"] == pytest.approx(row["change"], abs=1e-9)
    errors = change["errors"]
    root = errors["se_before"] ** 2 + errors["se_after"] ** 2 - 2 * errors["covariance"]
    assert errors["se"] == pytest.approx(root**0.5, rel=1e-6), "the formula that is printed gives the error"
    text = as_text(found)
    assert (
        f"{change['panel']:.0f} organisations are in this base in both waves; not all of them answered"
        in " ".join(text.split())
        and "+18 points, interval +11 to +26: up" in text
    )
    assert "REHEARSAL" in text and "Reconstructed from the printed report" in text and "notebooks/track.ipynb" in text
    json.dumps(found)


def test_a_change_from_a_printed_number_is_from_that_number_and_says_what_it_stands_for(committed):
    found = explained(["change", "challenges/measuring_after"], project=committed)
    [change] = found["changes"]
    before, after = change["estimates"]
    assert before["estimate"] == 0.55
    assert change["change"] == pytest.approx(after["estimate"] - 0.55)
    low, high = before["count_bounds"]
    said = "55% stands for 109 or 110 organisations: the interval reaches over the changes from all of these"
    assert (low, high) == (109, 110) and said in " ".join(as_text(found).split())
    settled = as_text(explained(["change", "lead/yes/size_band/ha_1_499"], project=committed))
    assert "57%" in settled and "ROUNDING" not in settled


def test_what_is_not_settled_has_a_range_and_what_was_asked_otherwise_a_break(committed):
    text = as_text(explained(["change", "policy", "yes", "sector", "la"], project=committed))
    assert "no change is stated" in text and "RANGE" in text and "an estimate is known only up to a range" in text
    text = as_text(explained(["change", "tenants/yes"], project=committed))
    assert "BREAK" in text and "break in series in 2015" in text and "PANEL      not stated" in text


@pytest.mark.parametrize("row", CHANGES.sample(12, random_state=1).to_dict("records"), ids=lambda r: r["measure"])
def test_any_row_of_the_table_can_be_explained(committed, row):
    words = "/".join(str(row[k]) for k in ("measure", "category", "break", "group", "basis"))
    assert as_text(explained(["change", words], project=committed)).count("CHANGE ") >= 1


SCORES = [
    pytest.param(kind, row, id=f"{kind} {row['measure']} {row['break']}")
    for kind, file in SCORE_CHANGES.items()
    for row in pd.read_csv(ROOT / file).sample(6, random_state=1).to_dict("records")
]


@pytest.mark.parametrize(("kind", "row"), SCORES)
def test_changes_of_marks_and_net_scores_have_both_with_their_parts(committed, kind, row):
    words = ["change", kind, *(row[k] for k in ("measure", "break", "group", "basis"))]
    found = explained(words, project=committed)
    change = next(c for c in found["changes"] if c["since"] == row["since"])
    before, after = change["estimates"]
    assert before["parts"] and after["parts"] and before["address"] == after["address"]
    if pd.notna(row["change"]):
        assert after["estimate"] - before["estimate"] == pytest.approx(row["change"], abs=1e-9)
    text = as_text(found)
    assert text.count("CHANGE ") == len(found["changes"]) and "RECORDS" not in text
    assert Path(SCORE_CHANGES[kind]).name in text
    json.dumps(found)


def test_what_is_no_change_is_said_with_what_there_is(committed):
    with pytest.raises(InputProblem, match=r"a change is of one share, mark or net score; found 'change finding 3'"):
        explained(["change", "finding", "3"], project=committed)
    with pytest.raises(InputProblem, match=r"no change of it up to 2014; .*allowed: 2015\."):
        explained(["change", "policy/yes"], wave=2014, project=committed)
    with pytest.raises(InputProblem, match=r"nothing yet; run dvc repro"):
        changes_of(committed / "data", Key("policy", "yes"), 2015)


@pytest.mark.parametrize(
    ("panel", "support", "said"),
    [
        (0, "simulated", "none: no organisation is in this base in both waves"),
        (0, "measured", "none: no organisation is in this base in both waves"),
        (7, "measured", "7 organisations are in this base in both waves"),
        (None, "measured", "not stated"),
    ],
)
def test_a_panel_of_nobody_is_said_to_be_none(panel, support, said):
    row = CHANGES[CHANGES["change"].notna()].iloc[0].to_dict()
    facts = explain_change(row, {"estimate": row["before"]}, {"estimate": row["after"]})
    facts |= {"panel": panel, "estimates": [{"support": support}] * 2}
    assert ("PANEL", said) in list(change_lines(facts, lambda *parts: parts))


def test_tables_of_two_runs_are_not_explained_away():
    row = CHANGES[CHANGES["change"].notna() & CHANGES["support_before"].eq("published")].iloc[0].to_dict()
    before, after = {"estimate": row["before"]}, {"estimate": row["after"]}
    assert explain_change(row, before, after)["change"] == row["change"]
    with pytest.raises(InputProblem, match=rf"the estimates of {row['since']} are of different runs"):
        explain_change(row, {"estimate": row["before"] + 0.01}, after)
    with pytest.raises(InputProblem, match=rf"the estimates of {row['wave']} are of different runs"):
        explain_change(row, before, {"estimate": row["after"] + 0.01})
