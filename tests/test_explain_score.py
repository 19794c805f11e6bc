"""What is said of a mark or net score is what the tracker published, and what its parts and the records make it."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from conftest import ROOT
from made_waves import SCORE, SETTINGS, STEPS, wave_of

from pipeline import maturity
from pipeline.addresses import Key
from pipeline.explain_command import as_text, explained
from pipeline.explain_score import FILES, explain_score, score_key
from pipeline.problems import InputProblem
from pipeline.tables import write_table
from pipeline.track import with_scores

TABLES = {kind: pd.read_csv(ROOT / file) for kind, file in FILES.items()}


def test_a_mark_is_the_mean_of_the_shares_that_are_shown(committed):
    """Of 2014 a policy is printed as 37%, a lead as 60%, and that it is hard to define as 37%."""
    found = explained(["mark", "define"], project=committed)
    criteria = [(part["shares"][0]["estimate"], part["lacks"]) for part in found["score"]["parts"]]
    assert sum(1 - share if lacks else share for share, lacks in criteria) / 3 == pytest.approx(
        found["score"]["estimate"], abs=1e-9
    )
    text = as_text(found)
    assert "Define the vision: 53% of the criteria" in text and "all but" in text and "notebooks/track.ipynb" in text
    assert "how answers go together in an organisation is not known" in text, "why it has no interval"
    assert "respondents.csv is not here" in " ".join(text.split())
    json.dumps(found)


def test_what_a_report_leaves_open_has_a_range_or_nothing(committed):
    text = as_text(explained(["net/processes"], project=committed))
    assert "+24 to +51 points" in text and "PLUS" in text and "LESS" in text
    text = as_text(explained(["mark", "overall", "sector", "la"], project=committed))
    assert "MARK       All steps, Local authority: not known" in text and text.count("\nSTEP ") == 4


def test_a_share_that_was_never_printed_is_not_shown_for_a_criterion(committed):
    text = " ".join(as_text(explained(["mark", "partner"], project=committed)).split())
    assert "Has a partner of the third sector (Kinds of partner is 'Third sector'): no published share is of it" in text


ROWS = [
    pytest.param(kind, row, id=f"{kind} {row['measure']} {row['wave']}")
    for kind, table in TABLES.items()
    for row in table.sample(10, random_state=1).to_dict("records")
]


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_any_row_of_the_tables_can_be_explained(committed, kind, row):
    words = [kind, *(row[k] for k in ("measure", "break", "group", "basis"))]
    found = explained(words, wave=row["wave"], project=committed)
    stated = found["score"]["estimate"]
    assert stated == pytest.approx(row["estimate"]) if pd.notna(row["estimate"]) else stated is None
    assert found["score"]["address"] == "/".join(words)
    assert ("REHEARSAL" in as_text(found)) == (row["wave"] == 2015)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("mark", "name a mark; allowed: define, "),
        ("net nothing", "there is no such net; found 'nothing'; allowed: processes, "),
        ("mark define region", "mark define is not split by this; found 'region'; allowed: total, sector, "),
        ("mark define sector", "name a group of break sector; allowed: la, ha"),
        ("mark define sector la median", "there is no such basis; found 'median'; allowed: unweighted, weighted"),
    ],
)
def test_what_is_unknown_is_said_with_what_there_is(committed, words, message):
    with pytest.raises(InputProblem, match=message):
        explained(words.split(), project=committed)


def test_a_survey_without_steps_says_so(small_codebook):
    for kind, what in (("mark", "steps"), ("net", "net scores")):
        with pytest.raises(InputProblem, match=f"the codebook of .* has no {what}; found '{kind} x'"):
            score_key([kind, "x"], small_codebook, "unweighted")


# ---- with the records at hand


@pytest.fixture(scope="module")
def wave(small_codebook, make_respondents):
    book = small_codebook.model_copy(update={"steps": STEPS, "net_scores": (SCORE,)})
    return wave_of(book, make_respondents(book, 90, 1), 2020, weight="uneven")


@pytest.fixture
def publish(tmp_path, wave):
    """Write the wave's marks and net scores where the tracker has them, and explain one of them."""

    def publish(words, **changes):
        for kind, laid_out, bounded in (
            ("mark", maturity.mark_grid, maturity.mark_bounds),
            ("net", maturity.score_grid, maturity.score_bounds),
        ):
            [made] = with_scores([wave], laid_out, bounded, SETTINGS)
            write_table(tmp_path / FILES[kind], made.estimates.assign(wave=wave.wave, **changes))
        given = {"codebook": wave.codebook, "estimates": wave.estimates, "claims": []}
        key = score_key(words.split(), wave.codebook, "unweighted")
        return explain_score(key, tmp_path, **given, respondents=wave.respondents, share_digits=2)

    return publish


@pytest.mark.parametrize(
    "words",
    ["mark sell", "mark look kind mus weighted", "mark overall weighted", "net mood", "net mood kind mus weighted"],
)
def test_the_mean_is_worked_out_again_from_the_records(publish, words):
    found = publish(words)
    assert found["in_records"] == pytest.approx(found["estimate"], abs=1e-9)


def test_a_mean_that_is_not_that_of_the_records_stops(publish):
    with pytest.raises(InputProblem, match=r"do not give the published sell/mark/total/total/unweighted; found 0\."):
        publish("mark sell", estimate=0.9)
    with pytest.raises(InputProblem, match=r"do not give the published mood/net/total/total/weighted"):
        publish("net mood weighted", estimate=0.9)


def test_a_published_number_may_be_as_coarse_as_disclosure_control_makes_it(publish, wave):
    exact = publish("mark sell weighted")["estimate"]
    assert round(exact, 2) != exact
    assert publish("mark sell weighted", estimate=round(exact, 2))["in_records"] == pytest.approx(exact)
    unweighted = publish("mark sell")["estimate"]
    with pytest.raises(InputProblem, match="do not give the published"):
        publish("mark sell", estimate=round(unweighted, 2) + 0.001)


def test_of_what_is_withheld_the_records_say_nothing(publish):
    found = publish("mark sell", estimate=float("nan"), quality="withheld")
    assert "in_records" not in found and "the mean of the records is not shown" in found["withheld"]
    assert found["printed"] == "withheld"


def test_a_tracker_that_was_never_run_is_said(tmp_path, wave):
    with pytest.raises(InputProblem, match=r"the tracker has made nothing yet; run dvc repro"):
        explain_score(Key("sell", "mark"), tmp_path, codebook=wave.codebook, estimates=wave.estimates, claims=[])


def test_a_row_that_the_tracker_lacks_is_said(publish, wave, tmp_path):
    publish("mark sell")
    other = replace(wave, codebook=wave.codebook.model_copy(update={"wave": 2031}))
    with pytest.raises(InputProblem, match=r"maturity\.csv: the tracker has no such row; found 'sell/mark/"):
        explain_score(Key("sell", "mark"), tmp_path, codebook=other.codebook, estimates=wave.estimates, claims=[])
