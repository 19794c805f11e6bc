"""Bounds and support of estimates: never narrower than the truth that every possible table together makes up."""

import numpy as np
import pandas as pd
import pytest
from made_claims import claims_of, every_table, met_by, rows_of, tiny_codebook, tiny_kinds, true_claims

from pipeline.bounds import bound_estimates
from pipeline.codebook import TOTAL
from pipeline.contradictions import judge
from pipeline.params import Reconstruct
from pipeline.system import build_system

SETTINGS = Reconstruct(seed=1, worded_tolerance=5, time_limit=30, effort=2)
COUNT = {"unit": "count", "rounding": "exact"}
COLUMNS = ["measure", "category", "break", "group", "basis", "support", "low", "high", "attained"]
COLUMNS += ["count_low", "count_high", "base_low", "base_high", "given"]
HOUSES = 4


def bounds_of(codebook, claims):
    system = build_system(codebook, claims, SETTINGS.worded_tolerance)
    verdict = judge(system, seed=SETTINGS.seed, time_limit=SETTINGS.time_limit)
    return verdict, bound_estimates(codebook, claims, verdict, SETTINGS)


@pytest.fixture(scope="module")
def enumerated():
    codebook = tiny_codebook(HOUSES)
    kinds = tiny_kinds(codebook)
    return codebook, kinds, every_table(kinds, HOUSES)


def truth(codebook, kinds, tables, bound):
    """Counts and bases of an estimate in each of these tables."""
    estimate = bound | {"base": codebook.measure(bound["measure"]).base}
    rows = rows_of(codebook, estimate, bound["category"], bound["group"], kinds)
    return tuple(tables @ r.to_numpy(dtype=int) for r in rows)


def check_by_enumeration(enumerated, make_respondents, seed, number):
    """Hold the bounds of every estimate against all tables that meet the claims; returns which bounds are exact."""
    codebook, kinds, tables = enumerated
    table = make_respondents(codebook, rows=HOUSES, seed=seed)
    rows = [r for r in true_claims(codebook, table, number=number, seed=seed) if r.get("unit") != "answers"]
    claims = claims_of(codebook, *rows)
    verdict, bounds = bounds_of(codebook, claims)
    assert verdict.left_out == ()
    possible = tables[met_by(claims, codebook, kinds, tables).all(axis=1)]
    exact = []
    for bound in bounds.to_dict("records"):
        count, base = truth(codebook, kinds, possible, bound)
        assert bound["base_low"] <= base.min() and base.max() <= bound["base_high"]
        if not pd.isna(bound["count_low"]):
            assert bound["count_low"] <= count.min() and count.max() <= bound["count_high"]
        if pd.isna(bound["low"]):
            assert bound["base_low"] == 0 and pd.isna(bound["high"])
            assert bound["support"] in ("assumed", "published")
            continue
        assert base.min() > 0
        shares = count / base
        assert bound["low"] <= shares.min() + 1e-6 and shares.max() <= bound["high"] + 1e-6
        if bound["support"] == "implied":
            assert np.ptp(shares) < 1e-6 and bound["high"] - bound["low"] < 1e-6
        if bound["support"] == "bounded":
            assert bound["low"] > 0 or bound["high"] < 1
        exact.append(abs(bound["low"] - shares.min()) + abs(bound["high"] - shares.max()) < 1e-6)
    return exact


def test_bounds_are_never_narrower_than_the_truth(enumerated, make_respondents):
    exact = [x for seed in range(4) for x in check_by_enumeration(enumerated, make_respondents, seed, 3 + seed)]
    assert len(exact) > 50
    assert sum(exact) / len(exact) > 0.6  # bounds that are always 0 and 1 would not be too narrow either


@pytest.mark.slow
@pytest.mark.parametrize("start", range(100, 120, 10))
def test_bounds_are_never_narrower_than_the_truth_in_many_cases(enumerated, make_respondents, start):
    for seed in range(start, start + 10):
        check_by_enumeration(enumerated, make_respondents, seed, 2 + seed % 7)


# Ten houses: six on the shore; half are open, of which four on the shore.
PRINTED = [
    {"measure": "place", "category": "shore", "value": "6", **COUNT},
    {"measure": "open", "value": "50"},
    {"measure": "open", "break": "place", "group": "shore", "value": "67"},
    {"measure": "late", "base": "open", "op": ">=", "value": "2", **COUNT},
    {"measure": "hires", "category": "boats", "op": "<", "value": "1/2", "unit": "share", "rounding": "exact"},
]


@pytest.fixture(scope="module")
def worked():
    """The bounds that PRINTED leaves, by measure, category, break and group."""
    codebook = tiny_codebook(10)
    _, bounds = bounds_of(codebook, claims_of(codebook, *PRINTED))
    return bounds.set_index(COLUMNS[:4])


def test_every_estimate_of_every_measure_has_one_row(worked):
    codebook = tiny_codebook(10)
    expected = [
        (m.id, category, break_, group.id)
        for m in codebook.measures
        for break_ in (TOTAL, *m.breaks)
        for group in codebook.groups(break_)
        for category in codebook.question(m.question).categories
    ]
    assert sorted(worked.index) == sorted(expected)
    assert worked.reset_index().columns.tolist() == COLUMNS


@pytest.mark.parametrize(
    ("estimate", "support", "low", "high", "counts"),
    [
        (("place", "shore", "total", "total"), "published", 0.6, 0.6, (6, 6)),
        (("place", "hill", "total", "total"), "implied", 0.4, 0.4, (4, 4)),
        (("place", "anywhere", "total", "total"), "implied", 1, 1, (10, 10)),
        (("open", "yes", "total", "total"), "published", 0.5, 0.5, (5, 5)),
        (("open", "no", "total", "total"), "implied", 0.5, 0.5, (5, 5)),
        (("open", "yes", "place", "shore"), "published", 2 / 3, 2 / 3, (4, 4)),
        (("open", "yes", "place", "hill"), "implied", 0.25, 0.25, (1, 1)),
        (("late", "yes", "total", "total"), "bounded", 0.4, 1, (2, 5)),
        (("late", "no", "total", "total"), "bounded", 0, 0.6, (0, 3)),
        (("late", "yes", "place", "shore"), "bounded", 0.25, 1, (1, 4)),
        (("late", "yes", "place", "hill"), "assumed", 0, 1, (0, 1)),
        (("hires", "boats", "total", "total"), "bounded", 0, 0.4, (0, 4)),
        (("hires", "bikes", "total", "total"), "assumed", 0, 1, (0, 10)),
        (("hires", "boats", "place", "shore"), "bounded", 0, 4 / 6, (0, 4)),
        (("hires", "boats", "place", "hill"), "assumed", 0, 1, (0, 4)),
        (("size", "hill_any", "place", "hill"), "implied", 1, 1, (4, 4)),
        (("size", "hill_any", "place", "shore"), "implied", 0, 0, (0, 0)),
        (("size", "shore_small", "place", "shore"), "assumed", 0, 1, (0, 6)),
    ],
)
def test_support_and_bounds_on_worked_examples(worked, estimate, support, low, high, counts):
    bound = worked.loc[estimate]
    assert bound["support"] == support
    assert (bound["low"], bound["high"]) == pytest.approx((low, high), abs=1e-6)
    assert (bound["count_low"], bound["count_high"]) == counts
    assert bound["base_low"] == bound["base_high"]


def test_a_share_of_a_base_that_can_be_nil_has_no_bounds(worked):
    bound = worked.loc["open", "yes", "size", "shore_small"]
    assert bound["support"] == "assumed"
    assert (bound["base_low"], bound["base_high"]) == (0, 6)
    assert bound[["low", "high", "count_low", "count_high"]].isna().all()


def test_a_share_of_an_open_base_is_bounded_as_the_ratio_that_it_is():
    """Four to six are open, and exactly three of them late: from 3 of 6 to 3 of 4."""
    codebook = tiny_codebook(10)
    rows = [
        {"measure": "open", "op": ">=", "value": "4", **COUNT},
        {"measure": "open", "op": "<=", "value": "6", **COUNT},
        {"measure": "late", "base": "open", "value": "3", **COUNT},
    ]
    _, bounds = bounds_of(codebook, claims_of(codebook, *rows))
    bound = bounds.set_index(COLUMNS[:4]).loc["late", "yes", "total", "total"]
    assert (bound["base_low"], bound["base_high"]) == (4, 6)
    assert (bound["low"], bound["high"]) == pytest.approx((0.5, 0.75), abs=1e-6)
    # The count is printed, the share is not.
    assert (bound["support"], bound["count_low"], bound["count_high"]) == ("bounded", 3, 3)
    other = bounds.set_index(COLUMNS[:4]).loc["late", "no", "total", "total"]
    assert (other["support"], other["low"], other["high"]) == ("bounded", pytest.approx(0.25), pytest.approx(0.5))


def test_a_claim_left_out_neither_bounds_nor_prints():
    codebook = tiny_codebook(10)
    rows = [{"measure": "open", "value": "50"}, {"measure": "open", "value": "70"}]
    verdict, bounds = bounds_of(codebook, claims_of(codebook, *rows))
    assert verdict.left_out == ("c2",)
    bound = bounds.set_index(COLUMNS[:4]).loc["open", "yes", "total", "total"]
    assert (bound["support"], bound["low"], bound["high"]) == ("published", 0.5, 0.5)


def test_a_claim_on_another_base_than_the_measures_does_not_print_its_estimate():
    codebook = tiny_codebook(10)
    _, bounds = bounds_of(codebook, claims_of(codebook, {"measure": "late", "base": "all", "value": "20"}))
    assert bounds.set_index(COLUMNS[:4]).loc["late", "yes", "total", "total"]["support"] == "bounded"


def test_bounds_are_the_same_each_time():
    codebook = tiny_codebook(10)
    one, other = (bounds_of(codebook, claims_of(codebook, *PRINTED))[1] for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def weighted(respondents, *rows):
    """The weighted bounds of the tiny survey by measure, category and group, each size band being a cell."""
    codebook = tiny_codebook(respondents)
    claims = claims_of(codebook, *rows)
    system = build_system(codebook, claims, SETTINGS.worded_tolerance)
    verdict = judge(system, seed=SETTINGS.seed, time_limit=SETTINGS.time_limit)
    cells = pd.DataFrame(
        {"cell": ["shore_small", "shore_large", "hill_any"], "label": list("abc"), "sector": ["shore", "shore", "hill"]}
    ).assign(total=[10.0, 30.0, 60.0])
    bounds = bound_estimates(codebook, claims, verdict, SETTINGS, cells=cells)
    return bounds[bounds["basis"].eq("weighted")].set_index(["measure", "category", "group"])


def test_a_weighted_share_that_the_cells_alone_settle_is_settled_whoever_answered():
    row = weighted(6, {"measure": "open", "category": "yes", "value": "50"}).loc["place", "shore", TOTAL]
    assert (row["low"], row["high"], row["support"]) == (0.4, 0.4, "implied")


def test_no_weighted_end_is_attained_by_records_that_cannot_be_weighted():
    """All tables of four houses with one in each cell: an end that is called attained is found among them."""
    codebook, claim = tiny_codebook(4), {"measure": "open", "category": "yes", "value": "50"}
    kinds = tiny_kinds(codebook)
    tables = every_table(kinds, 4)
    tables = tables[met_by(claims_of(codebook, claim), codebook, kinds, tables).all(axis=1)]
    bands, totals = kinds["size"].astype(str).to_numpy(), {"shore_small": 10, "shore_large": 30, "hill_any": 60}
    members = {band: tables[:, bands == band].sum(axis=1) for band in totals}
    tables = tables[np.all([m > 0 for m in members.values()], axis=0)]
    members = {band: tables[:, bands == band].sum(axis=1) for band in totals}
    weights = np.stack([totals[b] / members[b] for b in bands], axis=1)
    checked = 0
    for (measure, category, group), bound in weighted(4, claim).iterrows():
        if group != TOTAL or pd.isna(bound["low"]):
            continue
        estimate = {"measure": measure, "break": TOTAL, "base": codebook.measure(measure).base}
        gave, base = (rows.to_numpy(int) for rows in rows_of(codebook, estimate, category, group, kinds))
        whole = (tables * weights) @ base
        shares = ((tables * weights) @ gave)[whole > 0] / whole[whole > 0]
        assert bound["low"] <= shares.min() + 1e-9 and shares.max() - 1e-9 <= bound["high"]
        for end, name in ((bound["low"], "low"), (bound["high"], "high")):
            if bound["attained"] in ("both", name):
                assert np.isclose(shares, end, atol=1e-6).any(), (measure, category, name)
                checked += 1
    assert checked > 5


def test_where_a_cell_must_be_empty_there_are_no_weighted_bounds():
    rows = [{"measure": "size", "category": "hill_any", "value": "0", "unit": "count", "rounding": "exact"}]
    found = weighted(6, *rows, {"measure": "open", "category": "yes", "value": "50"})
    assert found["low"].isna().all() and found["support"].eq("assumed").all()
