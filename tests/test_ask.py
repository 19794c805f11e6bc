"""What a report leaves of any share: held against every table there is, and against what is published of 2014."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from brute_force import brute_force_counts, enumerate_survey
from conftest import ROOT
from made_claims import EVERY_KIND, claims_of, tiny_codebook, true_claims
from ortools.sat.python import cp_model
from test_planted_faults import TOLERANCE
from typer.testing import CliRunner

from pipeline.app import app
from pipeline.ask import HIGH, LOW, End, ask, pose
from pipeline.ask_command import as_text, asked
from pipeline.params import Reconstruct
from pipeline.printing import DASH
from pipeline.problems import InputProblem
from pipeline.tables import read_table
from pipeline.whole import exact_solver

SETTINGS = Reconstruct(seed=1, worded_tolerance=TOLERANCE, time_limit=60, effort=2)
COUNT = {"unit": "count", "rounding": "exact"}


def some_conditions(codebook, rng):
    """One or two questions, each with some of its answers or a net."""
    chosen = rng.choice(len(codebook.questions), size=rng.integers(0, 3), replace=False)
    found = []
    for question in (codebook.questions[i] for i in sorted(chosen)):
        answers = list(question.categories)
        found.append((question.id, list(rng.choice(answers, size=rng.integers(1, len(answers)), replace=False))))
    return found


def shares_of(counts, bases):
    return [Fraction(int(c), int(b)) for c, b in zip(counts, bases, strict=True) if b]


@pytest.mark.parametrize("seed", range(24))
def test_the_ends_are_those_of_every_table_and_the_proofs_hold_in_all(make_respondents, seed):
    rng, codebook = np.random.default_rng(seed), tiny_codebook(4)
    respondents = make_respondents(codebook, rows=4, seed=seed)
    rows = true_claims(codebook, respondents, number=6, seed=seed, kinds=EVERY_KIND)
    claims = claims_of(codebook, *rows)
    survey = enumerate_survey(codebook, claims, TOLERANCE)
    for _ in range(2):
        measure = codebook.measures[rng.integers(len(codebook.measures))]
        category = rng.choice(list(codebook.question(measure.question).categories))
        try:
            posed = pose(codebook, measure.id, category, some_conditions(codebook, rng))
        except InputProblem as problem:
            assert "nobody gave two answers to" in str(problem)
            continue
        found = ask(posed, claims, claims["id"].tolist(), SETTINGS)
        every = replace(survey, codebook=posed.codebook)
        counts, bases = brute_force_counts(every, survey.ids, posed.row)
        for said, numbers in ((found.base, bases), (found.count, counts)):
            assert (said[LOW].value, said[HIGH].value) == (numbers.min(), numbers.max())
            assert said[LOW].attained and said[HIGH].attained
        shares = shares_of(counts, bases)
        if not shares:
            assert found.share is None and not found.proofs
            continue
        assert (found.share[LOW].value, found.share[HIGH].value) == (min(shares), max(shares))
        for end, proof in found.proofs.items():
            counts, bases = brute_force_counts(every, proof.claims, posed.row)
            numbers = counts if proof.unit == "count" else shares_of(counts, bases)
            assert min(numbers) >= proof.number if end == LOW else max(numbers) <= proof.number
            edge = found.count if proof.unit == "count" else found.share
            assert proof.exact == (proof.number == edge[end].value)
            assert proof.whole == (min(numbers) == edge[end].value if end == LOW else max(numbers) == edge[end].value)
        settled = found.base[LOW].value == found.base[HIGH].value
        assert LOW not in found.proofs or found.share[LOW].value > 0
        assert HIGH not in found.proofs or found.share[HIGH].value < 1
        assert all((proof.unit == "count") == settled for proof in found.proofs.values())


class Undecided:
    """A solver that runs out of time, with no bound at all or with one that lies a little too far out."""

    def __init__(self, bounded):
        self.bounded, self.real = bounded, exact_solver(1, None)
        self.parameters, self.best_objective_bound = self.real.parameters, -float("inf")

    def solve(self, model):
        """Solve, and say that it was not solved."""
        status = self.real.solve(model)
        if status == cp_model.INFEASIBLE:
            return status
        assert status == cp_model.OPTIMAL
        self.best_objective_bound = self.real.objective_value - 0.7 if self.bounded else -float("inf")
        return cp_model.UNKNOWN


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_ends_that_the_solver_does_not_decide_are_never_too_narrow(make_respondents, monkeypatch, seed, bounded):
    monkeypatch.setattr("pipeline.ask.exact_solver", lambda *_: Undecided(bounded))
    codebook = tiny_codebook(5)
    respondents = make_respondents(codebook, rows=5, seed=seed)
    claims = claims_of(codebook, *true_claims(codebook, respondents, number=8, seed=seed, kinds=EVERY_KIND))
    survey = enumerate_survey(codebook, claims, TOLERANCE)
    posed = pose(codebook, "open", "yes", [("hires", ["boats"])])
    found = ask(posed, claims, claims["id"].tolist(), SETTINGS)
    counts, bases = brute_force_counts(replace(survey, codebook=posed.codebook), survey.ids, posed.row)
    known = {"base": bases, "count": counts, "share": shares_of(counts, bases)}
    assert (found.share is None) == (not known["share"])
    for said, numbers in ((getattr(found, name), numbers) for name, numbers in known.items() if len(numbers)):
        assert not (said[LOW].attained or said[HIGH].attained)
        assert said[LOW].value <= min(numbers) and said[HIGH].value >= max(numbers)


def test_no_more_gave_the_answer_than_there_are_however_little_is_decided(monkeypatch):
    """The base is found, and then the solver runs out of time."""
    solvers = iter([exact_solver(1, None), exact_solver(1, None)])
    monkeypatch.setattr("pipeline.ask.exact_solver", lambda *_: next(solvers, None) or Undecided(False))
    codebook = tiny_codebook(6)
    claims = claims_of(codebook, {"measure": "place", "category": "shore", "value": "3", "id": "shore"} | COUNT)
    found = ask(pose(codebook, "open", "yes", [("place", ["shore"])]), claims, ["shore"], SETTINGS)
    assert found.base == {LOW: End(3, True), HIGH: End(3, True)}
    assert found.share == {LOW: End(0, False), HIGH: End(1, False)}


def test_too_many_kinds_of_respondent_are_refused(codebook_2014):
    several = next(q for q in codebook_2014.questions if q.several and len(q.answers) > 12)
    conditions = [(several.id, [a.id]) for a in several.answers]
    measure = next(m for m in codebook_2014.measures if m.question != several.id)
    category = codebook_2014.question(measure.question).answers[0].id
    claims = claims_of(tiny_codebook(6), {"measure": "open", "value": "3"} | COUNT)
    with pytest.raises(InputProblem, match="too many kinds of respondent would have to be told apart"):
        ask(pose(codebook_2014, measure.id, category, conditions), claims, [], SETTINGS)


def test_a_proof_holds_no_claim_that_it_does_not_need():
    codebook = tiny_codebook(20)
    shore = {"measure": "place", "category": "shore"}
    claims = claims_of(
        codebook,
        shore | COUNT | {"value": "12", "id": "shore"},
        {"measure": "open", "value": "15", "id": "open"} | COUNT,
        {"measure": "hires", "category": "boats", "value": "9", "id": "boats"} | COUNT,
    )
    found = ask(pose(codebook, "open", "yes", [("place", ["shore"])]), claims, claims["id"].tolist(), SETTINGS)
    # Of 12 on the shore at most 5 are shut.
    assert (found.count[LOW].value, found.count[HIGH].value, found.base[LOW].value) == (7, 12, 12)
    assert found.proofs == {LOW: found.proofs[LOW]}
    assert (found.proofs[LOW].number, found.proofs[LOW].exact) == (7, True)
    assert found.proofs[LOW].claims == ("shore", "open")


def test_several_conditions_on_one_question_must_all_hold():
    codebook = tiny_codebook(6)
    boats, bikes = ({"measure": "hires", "category": c, "value": "4", "id": c} | COUNT for c in ("boats", "bikes"))
    claims = claims_of(codebook, boats, bikes)
    both = pose(codebook, "open", "yes", [("hires", ["boats"]), ("hires", ["bikes"])])
    either = pose(codebook, "open", "yes", [("hires", ["boats", "bikes"])])
    in_order = pose(codebook, "open", "yes", [("hires", ["boats", "bikes"]), ("hires", ["bikes"])])
    turned = pose(codebook, "open", "yes", [("hires", ["bikes"]), ("hires", ["boats", "bikes"])])
    ends = [
        tuple(int(e.value) for e in ask(p, claims, claims["id"].tolist(), SETTINGS).base.values())
        for p in (both, either, in_order, turned)
    ]
    assert ends == [(2, 4), (4, 6), (4, 4), (4, 4)]


@pytest.mark.parametrize(
    ("measure", "category", "conditions", "said"),
    [
        ("opens", "yes", [], "the 2000 wave has no such measure; found 'opens'"),
        ("open", "perhaps", [], "the question open of the 2000 wave has no such answer; found 'perhaps'"),
        ("open", "yes", [("where", ["shore"])], "the 2000 wave has no such question; found 'where'"),
        ("open", "yes", [("place", ["sea"])], "the question place of the 2000 wave has no such answer; found 'sea'"),
        ("open", "yes", [("place", ["shore"]), ("place", ["hill"])], "nobody gave two answers to place; found "),
        ("late", "yes", [("open", ["no"])], "nobody gave two answers to open; found "),
        ("open", "yes", [("hires", ["boats", "bikes"])] * 2, "two sets of answers to hires are asked for"),
    ],
)
def test_what_cannot_be_asked_is_said(measure, category, conditions, said):
    with pytest.raises(InputProblem, match=said):
        pose(tiny_codebook(6), measure, category, conditions)


def test_the_wave_that_is_asked_is_named_and_those_that_have_the_measure(committed):
    lacks = "the 2014 wave has no such measure; found {!r}; allowed: [^;]*"
    has = "; the 2015 wave has it, not rebuilt from a report: tracker explain reporting/yes --wave 2015[.]$"
    for share, said in (
        ("reporting/yes", lacks.format("reporting") + has),
        ("reportin/yes", lacks.format("reportin") + "[.]$"),
        ("policy/perhaps", "the question policy of the 2014 wave has no such answer; [^;]*; [^;]*[.]$"),
    ):
        with pytest.raises(InputProblem, match=said):
            asked(share, ["sector=la"], project=committed)


def test_a_share_of_nobody_is_none():
    codebook = tiny_codebook(6)
    claims = claims_of(codebook, {"measure": "open", "value": "0", "id": "shut"} | COUNT)
    found = ask(pose(codebook, "late", "yes", []), claims, ["shut"], SETTINGS)
    assert found.share is None and found.base[HIGH].value == 0


def test_claims_that_cannot_be_met_are_refused():
    codebook = tiny_codebook(6)
    claims = claims_of(codebook, *({"value": v, "id": f"v{v}"} | {"measure": "open"} | COUNT for v in ("2", "3")))
    with pytest.raises(InputProblem, match="the claims that the last run kept cannot all be met; run dvc repro"):
        ask(pose(codebook, "open", "yes", []), claims, ["v2", "v3"], SETTINGS)


# ---- the report of 2014


@pytest.fixture(scope="module")
def policy_of_councils():
    return asked("policy/yes", ["sector=la"], project=ROOT)


def test_what_is_published_as_a_range_is_what_is_asked_for(policy_of_councils):
    rows = read_table(ROOT / "reports/2014/estimates.csv").set_index(["measure", "category", "group", "basis"])
    row = rows.loc[("policy", "yes", "la", "unweighted")]
    assert policy_of_councils["gave_it"] == {LOW: 3, HIGH: 62} and policy_of_councils["respondents"][LOW] == row["n"]
    assert policy_of_councils["share"] == pytest.approx({LOW: row["low"], HIGH: row["high"]})
    assert policy_of_councils["attained"] == {LOW: True, HIGH: True}


def test_the_upper_end_has_a_proof_that_can_be_followed_by_hand(policy_of_councils):
    """33 of the 77 councils (43%) and 41 of 123 associations (33%) find defining hard; 24% of these have a policy.

    So at most 18 of the 74 have one, and at least 15 of the 33 councils have none: 62 are left.
    """
    proof = policy_of_councils["why"][HIGH]
    assert (proof["number"], proof["is_the_end"]) == (62, True)
    ids = [c["id"] for c in proof["claims"]]
    assert ids == ["f2.defining.with", "s23.defining.la", "s23.defining.ha", "m.la"]
    hard = [n for n in range(78) if np.floor(100 * n / 77 + 0.5) == 43]
    others = [n for n in range(124) if np.floor(100 * n / 123 + 0.5) == 33]
    most = max(n for n in range(max(hard) + max(others)) if 100 * n / (max(hard) + max(others)) < 24.5)
    assert 77 - (max(hard) - most) == 62


def test_the_terminal_shows_range_and_claims(policy_of_councils):
    text = as_text(policy_of_councils)
    assert f"SHARE      4{DASH}81% (3{DASH}62 of 77): there are records at both ends, and none beyond" in text
    assert "NO MORE    These claims together leave no more than 62:" in text
    assert "f2.defining.with, figure 2: " in text
    assert "the rest takes whole numbers" in text and text.count("m.la, ") == 1
    assert all(len(line) <= 110 for line in text.splitlines())


def test_the_command_says_the_same_as_json(policy_of_councils, monkeypatch):
    monkeypatch.setattr("pipeline.ask_command.asked", lambda *_, **__: policy_of_councils)
    done = CliRunner().invoke(app, ["ask", "policy/yes", "sector=la", "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout) == policy_of_councils


def test_the_manual_shows_what_the_command_says(policy_of_councils):
    shown = f"```text\n$ tracker ask policy/yes sector=la\n{as_text(policy_of_councils)}\n```\n"
    assert shown in (ROOT / "docs/running.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "options", "said"),
    [
        (["policy"], {}, "that is no share to ask for; found 'policy'; allowed: MEASURE/CATEGORY"),
        (["policy/yes/sector"], {}, "that is no share to ask for"),
        (["policy/yes", "sector"], {}, "that is no condition; found 'sector'"),
        (["policy/yes", "sector=la,"], {}, "that is no condition"),
        (
            ["policy/yes"],
            {"wave": 2015},
            "no report is asked: that is for waves that are rebuilt from one; found '?2015",
        ),
    ],
)
def test_bad_questions_get_one_sentence(words, options, said):
    with pytest.raises(InputProblem, match=said):
        asked(words[0], words[1:], project=ROOT, **options)


def test_claims_that_were_not_checked_are_refused(committed, tmp_path):
    from shutil import copytree

    project = copytree(committed, tmp_path / "project")
    file = project / "data/report/2014/claims.csv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(
        InputProblem, match=r"claims_checked.csv: the claims have changed since they were checked; run dvc"
    ):
        asked("policy/yes", [], project=project)
