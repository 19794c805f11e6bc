"""Faults planted in random consistent reports are found, each with what contradicts it, and nothing else is flagged."""

import numpy as np
import pytest
from brute_force import can_be_met
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_claims import EVERY_KIND, claims_of, true_claims
from made_surveys import codebooks
from planted import FAULTS, alterations, plant

from pipeline.contradictions import judge
from pipeline.problems import InputProblem
from pipeline.system import build_system

TOLERANCE = 5
LIMITS = {"seed": 1, "time_limit": 60}
# Sixteen different ones of each kind of fault, 224 in all; more are drawn, as Hypothesis makes some more than once.
CASES, DRAWN = 16, 40


def steadily(examples):
    """Settings of Hypothesis: the same examples each time, however long they take."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def verdict_on(codebook, claims):
    return judge(build_system(codebook, claims, TOLERANCE), **LIMITS)


def check_nothing_is_flagged(codebook, claims):
    verdict = verdict_on(codebook, claims)
    assert verdict.contradictions == verdict.left_out == ()
    assert verdict.kept == tuple(claims["id"])


def check_minimal(codebook, claims, contradiction):
    """No respondents meet all of a contradiction; some meet all but any one of its claims."""
    assert not can_be_met(codebook, claims, contradiction)
    for dropped in contradiction:
        assert can_be_met(codebook, claims, [i for i in contradiction if i != dropped])


def check_altered_is_found(codebook, claims):
    """All claims but the altered one are of one table: it is in every contradiction, and one claim must go."""
    verdict = verdict_on(codebook, claims)
    assert verdict.contradictions
    for contradiction in verdict.contradictions:
        assert "altered" in contradiction
        check_minimal(codebook, claims, contradiction)
    assert len(verdict.left_out) == 1
    assert sorted(verdict.kept + verdict.left_out) == sorted(claims["id"])
    assert can_be_met(codebook, claims, verdict.kept)


def read_or_refused(codebook, *rows):
    """The claims, or None where one is refused as a share of a base of which another says that it is nobody."""
    try:
        return claims_of(codebook, *rows)
    except InputProblem as problem:
        assert "a share of no organisations" in str(problem)
        return None


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_a_planted_fault_is_found_and_nothing_else_is(make_respondents, fault):
    found = set()

    @steadily(DRAWN)
    @given(data=st.data())
    def check(data):
        codebook = data.draw(codebooks(respondents=data.draw(st.integers(12, 60)), feature=FAULTS[fault]))
        seed = data.draw(st.integers(0, 2**32 - 1))
        if len(found) == CASES:
            return
        rng = np.random.default_rng(seed)
        table = make_respondents(codebook, rows=codebook.respondents, seed=seed)
        rows, place, altered = plant(fault, codebook, table, rng)
        rows = [row | {"id": f"c{n}"} for n, row in enumerate(rows)]
        more = true_claims(codebook, table, number=int(rng.integers(4, 12)), seed=seed, kinds=EVERY_KIND)
        # A claim of the most answers takes the place of what the questionnaire says of its question.
        more = [r for r in more if r.get("unit") != "answers" or r["measure"] not in {row["measure"] for row in rows}]
        order = rng.permutation(len(rows) + len(more))
        before = claims_of(codebook, *np.array([*rows, *more])[order])
        rows[place] = altered | {"id": "altered"}
        after = read_or_refused(codebook, *np.array([*rows, *more])[order])
        if after is None or after.to_csv() in found:
            return
        assert not can_be_met(codebook, after, [r["id"] for r in rows])
        check_nothing_is_flagged(codebook, before)
        check_altered_is_found(codebook, after)
        found.add(after.to_csv())

    check()
    assert len(found) == CASES


@pytest.mark.parametrize(("printed", "left_out"), [("12", ("altered",)), ("13", ()), ("14", ("altered",))])
def test_a_half_is_rounded_up_and_nothing_else_passes(small_codebook, printed, left_out):
    """Five of forty houses are 12.5%, which is printed as 13%."""
    codebook = small_codebook.model_copy(update={"respondents": 40})
    count = {"measure": "shop", "value": "5", "unit": "count", "rounding": "exact"}
    claims = claims_of(codebook, count, {"measure": "shop", "value": printed, "id": "altered"})
    assert verdict_on(codebook, claims).left_out == left_out


@pytest.mark.slow
@pytest.mark.parametrize("limited", [False, True], ids=["unlimited", "limited"])
def test_claims_altered_at_random_are_flagged_just_where_they_contradict_the_others(make_respondents, limited):
    """Whether they do is asked of one flat table of every kind of respondent, which knows nothing of cliques."""
    contradicted = []

    @steadily(60)
    @given(data=st.data())
    def check(data):
        asked_of = data.draw(st.integers(12, 60))
        codebook = data.draw(codebooks(respondents=asked_of, questions=(2, 3), limited=limited))
        seed = data.draw(st.integers(0, 2**32 - 1))
        rng = np.random.default_rng(seed)
        table = make_respondents(codebook, rows=codebook.respondents, seed=seed)
        kinds = [k for k in EVERY_KIND if limited or k != "answers"]
        rows = true_claims(codebook, table, number=20, seed=seed, kinds=kinds)
        place = int(rng.integers(len(rows)))
        changed = alterations(rows[place], codebook.respondents)
        rows[place] = changed[int(rng.integers(min(len(changed), 8)))] | {"id": "altered"}
        claims = read_or_refused(codebook, *rows)
        if claims is None:
            return
        contradicted.append(not can_be_met(codebook, claims))
        if contradicted[-1]:
            check_altered_is_found(codebook, claims)
        else:
            check_nothing_is_flagged(codebook, claims)

    check()
    # Both happen often enough to be put to the test.
    assert 10 <= sum(contradicted) <= len(contradicted) - 10


# Up to two events a house, of ten libraries among forty houses.
LIBRARIES = {"measure": "kind", "category": "lib", "value": "10", "unit": "count", "rounding": "exact"}
TWO = {"measure": "events", "category": "", "op": "<=", "value": "2", "unit": "answers", "rounding": "exact"}
IN_LIBRARIES = [
    {"measure": "events", "category": c, "break": "kind", "group": "lib", "value": "80"}
    for c in ("talks", "crafts", "concerts")
]
BOTH_AND_MORE = [
    {"measure": "events", "category": c, "value": v}
    for c, v in (("spoken_or_sung", "60"), ("talks", "60"), ("concerts", "60"), ("crafts", "50"))
]


@pytest.mark.parametrize(
    "rows",
    [[LIBRARIES, *IN_LIBRARIES], [LIBRARIES, TWO, *IN_LIBRARIES], BOTH_AND_MORE, [TWO, *BOTH_AND_MORE]],
    ids=["in a group", "in a group, as printed", "of those who gave two", "of those who gave two, as printed"],
)
def test_the_most_answers_hold_for_each_respondent(small_codebook, rows):
    """Ten libraries with two events each hold 20, not 24; and of 60% who hold talks and concerts none holds crafts."""
    codebook = small_codebook.model_copy(update={"respondents": 40})
    claims = claims_of(codebook, *rows)
    assert not can_be_met(codebook, claims)
    verdict = verdict_on(codebook, claims)
    assert len(verdict.left_out) == 1
    for contradiction in verdict.contradictions:
        check_minimal(codebook, claims, contradiction)
