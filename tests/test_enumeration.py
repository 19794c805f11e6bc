"""Small surveys of which every table can be made: the solver and the bounds say what the tables say."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from brute_force import (
    brute_force_counts,
    brute_force_range,
    brute_force_weighted_range,
    can_be_met,
    enumerate_survey,
    estimates_of,
    every_kind,
    minimal_contradictions,
    smallest_hitting_size,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from made_claims import EVERY_KIND, claims_of, tiny_codebook, tiny_kinds, true_claims
from made_surveys import codebooks, small_enough
from test_planted_faults import LIMITS, TOLERANCE, steadily

from pipeline.bounds import bound_estimates
from pipeline.contradictions import judge
from pipeline.params import Reconstruct
from pipeline.respondents import typed
from pipeline.system import build_system

# The most tables that are made of one survey.
TABLES = 40_000
# The least part of all bounds that is no wider than what the tables reach: bounds may be outer bounds.
REACHED = 0.98
# The least part of the ends that some table reaches that is found to be attained.
FOUND = 0.9
SETTINGS = Reconstruct(seed=1, worded_tolerance=TOLERANCE, time_limit=60, effort=2)
COUNT = {"unit": "count", "rounding": "exact"}


@st.composite
def small_surveys(draw, make_respondents, *, tables, claims, kinds=EVERY_KIND):
    """A codebook and claims, so many of each of some tables: of one they can all be met, of two mostly not."""
    codebook = draw(
        codebooks(
            respondents=draw(st.integers(3, 6)),
            questions=(1, 3),
            most_answers=3,
            most_sectors=2,
            most_kinds=60,
        )
    )
    assume(small_enough(codebook, len(every_kind(codebook)), TABLES))
    seed, rows = draw(st.integers(0, 2**31)), []
    for part in range(tables):
        table = make_respondents(codebook, rows=codebook.respondents, seed=seed + part)
        drawn = true_claims(codebook, table, number=claims, seed=seed + part, kinds=kinds)
        rows += [r | {"id": f"{r['id']}.{part}"} for r in drawn]
    return codebook, claims_of(codebook, *rows)


def check_verdict(codebook, claims):
    """Feasibility, the size of the largest set and the contradictions, each read off the tables."""
    survey = enumerate_survey(codebook, claims, TOLERANCE)
    verdict = judge(build_system(codebook, claims, TOLERANCE), **LIMITS)
    contradictions = minimal_contradictions(survey)
    assert len(survey.possible(verdict.kept))
    assert len(verdict.kept) == survey.met.sum(axis=1).max()
    assert set(map(frozenset, verdict.contradictions)) <= contradictions
    assert len(verdict.left_out) == smallest_hitting_size(contradictions)
    for claim, size in verdict.listed.items():
        alone = {c for c in contradictions if claim in c and c - {claim} <= set(verdict.kept)}
        listed = {frozenset(c) for c in verdict.contradictions} & alone
        assert {c for c in alone if size is None or len(c) <= size} <= listed
    return survey, verdict


@pytest.mark.slow
def test_the_verdict_on_claims_of_two_tables_is_that_of_every_table(make_respondents):
    left_out = []

    @steadily(70)
    @given(survey=small_surveys(make_respondents, tables=2, claims=6))
    def check(survey):
        left_out.append(len(check_verdict(*survey)[1].left_out))

    check()
    assert left_out.count(0) >= 5 and sum(n > 1 for n in left_out) >= 20


@pytest.mark.slow
def test_the_flat_model_agrees_with_every_table(make_respondents):
    """The model by which larger surveys are judged is itself held against enumeration."""

    @steadily(40)
    @given(survey=small_surveys(make_respondents, tables=2, claims=4), data=st.data())
    def check(survey, data):
        codebook, claims = survey
        enumerated = enumerate_survey(codebook, claims, TOLERANCE)
        for _ in range(4):
            ids = data.draw(st.lists(st.sampled_from(enumerated.ids), min_size=1, unique=True))
            assert can_be_met(codebook, claims, ids) == bool(len(enumerated.possible(ids)))

    check()


def exactness(survey, verdict, bounds):
    """Hold the bounds of every estimate against all tables; by estimate, whether they are no wider than these.

    Also, of the ends that some table has, whether they are called attained; no others may be.
    """
    exact, attained = [], []
    keys = ["measure", "category", "break", "group"]
    assert [tuple(b) for b in bounds[keys].to_numpy()] == [
        tuple(e[k] for k in keys) for e in estimates_of(survey.codebook)
    ]
    for bound, estimate in zip(bounds.to_dict("records"), estimates_of(survey.codebook), strict=True):
        counts, bases = brute_force_counts(survey, verdict.kept, estimate)
        assert bound["base_low"] <= bases.min() and bases.max() <= bound["base_high"]
        if pd.isna(bound["low"]):
            exact.append(bases.min() == 0)
            continue
        low, high = brute_force_range(survey, verdict.kept, estimate)
        assert bases.min() > 0
        assert bound["low"] <= low + 1e-6 and bound["high"] >= high - 1e-6
        if not pd.isna(bound["count_low"]):
            assert bound["count_low"] <= counts.min() and counts.max() <= bound["count_high"]
        if bound["support"] == "implied":
            assert low == high
        reached = {name: abs(bound[name] - end) < 1e-6 for name, end in (("low", low), ("high", high))}
        exact.append(all(reached.values()))
        for name, is_reached in reached.items():
            called = bound["attained"] in ("both", name)
            assert is_reached or not called, (estimate, name)
            attained += [called] if is_reached else []
    return exact, attained


@pytest.mark.slow
def test_bounds_hold_the_range_over_every_table(make_respondents):
    exact, attained = [], []

    @steadily(30)
    @given(survey=st.integers(1, 2).flatmap(lambda n: small_surveys(make_respondents, tables=n, claims=8 // n)))
    def check(survey):
        enumerated, verdict = check_verdict(*survey)
        found = exactness(enumerated, verdict, bound_estimates(*survey, verdict, SETTINGS))
        exact.extend(found[0])
        attained.extend(found[1])

    check()
    assert len(exact) > 500 and np.mean(exact) >= REACHED
    assert len(attained) > 1000 and np.mean(attained) >= FOUND


@pytest.mark.slow
def test_bounds_under_orders_of_groups_of_different_size_hold_the_range_over_every_table(make_respondents):
    """Linear programs see what an order implies by the sizes of its groups, and solvers the order itself."""
    orders = []

    @steadily(40)
    @given(survey=small_surveys(make_respondents, tables=1, claims=30, kinds=(*["order"] * 4, "count")))
    def check(survey):
        codebook, claims = survey
        enumerated, verdict = check_verdict(codebook, claims)
        exactness(enumerated, verdict, bound_estimates(codebook, claims, verdict, SETTINGS))
        orders.append((claims["versus_group"].fillna("") != "").sum())

    check()
    assert sum(orders) > 40


@pytest.mark.slow
def test_weighted_bounds_hold_the_range_over_every_table_that_can_be_weighted(make_respondents):
    """Each sector, whatever its bands, is a cell of the population."""
    checked, attained = [], []

    @steadily(30)
    @given(
        survey=st.integers(1, 2).flatmap(lambda n: small_surveys(make_respondents, tables=n, claims=8 // n)),
        sizes=st.lists(st.integers(1, 99), min_size=2, max_size=2),
    )
    def check(survey, sizes):
        codebook, claims = survey
        enumerated = enumerate_survey(codebook, claims, TOLERANCE)
        verdict = judge(build_system(codebook, claims, TOLERANCE), **LIMITS)
        bands = pd.Series({a.id: a.band.sector for a in codebook.question(codebook.size_band).answers})
        cells = pd.DataFrame({"cell": bands.index.to_series().groupby(bands, sort=False).agg("+".join)})
        cells["total"] = [float(size) for size in sizes[: len(cells)]]
        totals, of_band = dict(zip(cells["cell"], sizes, strict=False)), bands.map(cells["cell"]).to_dict()
        bounds = bound_estimates(codebook, claims, verdict, SETTINGS, cells=cells)
        bounds = bounds[bounds["basis"].eq("weighted")].to_dict("records")
        for bound, estimate in zip(bounds, estimates_of(codebook), strict=True):
            options = {"cells": of_band, "every_cell": True}
            ends = brute_force_weighted_range(enumerated, verdict.kept, estimate, totals, **options)
            if ends is None or pd.isna(bound["low"]):
                continue
            assert bound["low"] <= ends[0] + 1e-6 and bound["high"] >= ends[1] - 1e-6, estimate
            for name, end in zip(("low", "high"), ends, strict=True):
                is_reached, called = abs(bound[name] - end) < 1e-6, bound["attained"] in ("both", name)
                assert is_reached or not called, (estimate, name)
                checked.append(is_reached)
                attained.extend([called] if is_reached else [])

    check()
    assert len(checked) > 1000 and np.mean(checked) >= REACHED and np.mean(attained) >= FOUND


def test_the_kinds_are_those_written_by_hand():
    codebook = tiny_codebook(3)
    found, by_hand = (
        typed(kinds.assign(organisation=""), codebook)
        .astype(object)
        .fillna("not asked")
        .itertuples(index=False, name=None)
        for kinds in (every_kind(codebook), tiny_kinds(codebook))
    )
    assert sorted(found, key=str) == sorted(by_hand, key=str)


def test_routing_and_numbers_of_answers_make_the_kinds(small_codebook):
    """Goods are asked of those with a shop, who give at least one of four; of four events up to two are held."""
    kinds = every_kind(small_codebook, questions={"shop", "goods"})
    assert len(kinds) == 4 + 2**4 - 1
    assert len(every_kind(small_codebook, questions={"events"})) == 1 + 4 + 6
    assert len(every_kind(small_codebook, questions={"events"}, unlimited={"events"})) == 2**4
    assert len(every_kind(small_codebook, questions={"kind", "scale"})) == 5


THREE_SHARES = [{"measure": "open", "value": v} for v in ("33", "67", "100")]


def test_all_minimal_contradictions_of_a_worked_example():
    """Three prints of one share: each two contradict each other; a fourth, of no whole number of three, itself."""
    codebook = tiny_codebook(3)
    survey = enumerate_survey(codebook, claims_of(codebook, *THREE_SHARES, {"measure": "open", "value": "50"}))
    found = minimal_contradictions(survey)
    assert found == {frozenset(s) for s in (("c1", "c2"), ("c1", "c3"), ("c2", "c3"), ("c4",))}
    assert smallest_hitting_size(found) == 3
    consistent = enumerate_survey(codebook, claims_of(codebook, THREE_SHARES[0]))
    assert minimal_contradictions(consistent) == set()
    assert smallest_hitting_size(set()) == 0


def test_ranges_of_a_worked_example():
    """Of four houses two are on the shore, one small and one large, and one of these two is open; nobody uphill is."""
    codebook = tiny_codebook(4)
    rows = [
        {"measure": "size", "category": "shore_small", "value": "1", **COUNT},
        {"measure": "size", "category": "shore_large", "value": "1", **COUNT},
        {"measure": "open", "break": "place", "group": "shore", "value": "1", **COUNT},
        {"measure": "open", "break": "place", "group": "hill", "value": "0", **COUNT},
    ]
    survey = enumerate_survey(codebook, claims_of(codebook, *rows))
    of_all = {"measure": "open", "category": "yes", "break": "total", "group": "total", "base": "all"}
    late = {"measure": "late", "category": "yes", "break": "total", "group": "total", "base": "open"}
    assert brute_force_range(survey, survey.ids, of_all) == (Fraction(1, 4), Fraction(1, 4))
    assert brute_force_range(survey, survey.ids, late) == (0, 1)
    # Ten small houses on the shore, thirty large ones and sixty uphill: the open one stands for ten or for thirty.
    totals = {"shore_small": 10, "shore_large": 30, "hill_any": 60}
    weighted = brute_force_weighted_range(survey, survey.ids, of_all, totals)
    assert weighted == (Fraction(1, 10), Fraction(3, 10))
    # With both sizes in one cell each of its two houses stands for twenty.
    cells = {"shore_small": "shore", "shore_large": "shore", "hill_any": "hill"}
    merged = brute_force_weighted_range(survey, survey.ids, of_all, {"shore": 40, "hill": 60}, cells=cells)
    assert merged == (Fraction(1, 5), Fraction(1, 5))


def test_a_cell_that_nobody_answered_from_weighs_nothing_or_rules_a_table_out():
    codebook = tiny_codebook(2)
    rows = [{"measure": "open", "value": "50"}, {"measure": "open", "break": "place", "group": "shore", "value": "100"}]
    survey = enumerate_survey(codebook, claims_of(codebook, *rows))
    of_all = {"measure": "open", "category": "yes", "break": "total", "group": "total", "base": "all"}
    totals = {"shore": 30, "hill": 10}
    cells = {"shore_small": "shore", "shore_large": "shore", "hill_any": "hill"}
    every = brute_force_weighted_range(survey, survey.ids, of_all, totals, cells=cells, every_cell=True)
    assert every == (Fraction(3, 4), Fraction(3, 4))
    nobody = enumerate_survey(codebook, claims_of(codebook, rows[0]))
    assert brute_force_weighted_range(nobody, nobody.ids, of_all, totals, cells=cells) == (
        Fraction(1, 4),
        Fraction(3, 4),
    )
