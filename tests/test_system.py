"""The claims as linear constraints: sound for every table of respondents, and the same however they are laid out."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from made_claims import claims_of, counts_of, every_table, meets, met_by, tiny_codebook, tiny_kinds, true_claims

from pipeline.problems import InputProblem
from pipeline.system import Comparison, build_system, linear_row, whole_ends
from pipeline.whole import solve

COUNT = {"unit": "count", "rounding": "exact"}
ORDER = {"unit": "order", "rounding": "exact", "value": ""}


def resting_on(codebook, respondents):
    return codebook.model_copy(update={"respondents": respondents})


@given(
    st.tuples(*[st.integers(0, 4)] * 4), st.sampled_from([1, -1]), st.booleans(), st.tuples(*[st.integers(0, 5)] * 2)
)
def test_an_eased_comparison_lets_all_through_that_meets_it_and_no_more_where_the_bases_are_known(
    sizes, sign, strict, room
):
    """The eased Row follows from the comparison, and says the same where both bases are exact."""
    a, rest, c, other = sizes
    counts = np.array([a, a + rest, c, c + other])
    comparison = Comparison(*(np.array([k]) for k in range(4)), sign=sign, strict=strict)
    larger, smaller = (counts[1], counts[3]) if sign > 0 else (counts[3], counts[1])
    assume(larger and smaller)
    if comparison.holds(counts):
        assert meets(comparison.eased(int(max(larger - room[0], 0)), int(smaller + room[1])), counts)
    assert meets(comparison.eased(int(larger), int(smaller)), counts) == comparison.holds(counts)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_a_table_meets_the_structure_and_every_claim_that_was_counted_from_it(
    small_codebook, make_respondents, seed, whole
):
    codebook = resting_on(small_codebook, 45)
    table = make_respondents(codebook, rows=45, seed=seed)
    claims = claims_of(codebook, *true_claims(codebook, table, number=16, seed=seed))
    system = build_system(codebook, claims, 5, whole=whole)
    counts = counts_of(system, table)
    assert all(meets(row, counts) for row in system.structure)
    assert {i for i, rows in system.claims.items() if not all(meets(r, counts) for r in rows)} == set()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 50))
def test_a_table_meets_what_was_counted_from_it_in_many_surveys(small_codebook, make_respondents, seed):
    test_a_table_meets_the_structure_and_every_claim_that_was_counted_from_it(
        small_codebook, make_respondents, seed, True
    )


def test_each_row_says_of_every_table_what_the_claim_says():
    """All 82,251 tables of four houses: a claim's rows hold in just those that the claim is true of."""
    codebook = tiny_codebook(4)
    kinds = tiny_kinds(codebook)
    tables = every_table(kinds, 4)[::37]
    claims = claims_of(
        codebook,
        {"measure": "open", "value": "50"},
        {"measure": "open", "value": "67", "break": "place", "group": "shore"},
        {"measure": "open", "op": ">", "value": "1/2", "unit": "share", "rounding": "exact"},
        {"measure": "open", "op": "<=", "value": "1/2", "unit": "share", "rounding": "exact"},
        {"measure": "late", "value": "33", "base": "open"},
        {"measure": "late", "base": "open", "op": "about", "value": "1/3", "unit": "share", "rounding": "worded"},
        {"measure": "late", "base": "open", "op": "about", "value": "48", "rounding": "exact"},
        {"measure": "hires", "category": "boats", "op": ">=", "value": "2", **COUNT},
        {"measure": "hires", "category": "boats", "op": "<", "value": "2", **COUNT},
        {"measure": "place", "category": "anywhere", "value": "4", **COUNT},
        {"measure": "hires", "category": "boats", "break": "hires", "group": "bikes", "value": "50"},
        {"measure": "open", "op": ">", "break": "place", "group": "shore", "versus_group": "hill", **ORDER},
        {"measure": "open", "op": "<=", "break": "hires", "group": "boats", "versus_group": "bikes", **ORDER},
        {"measure": "hires", "category": "boats", "op": "<", "versus_category": "bikes", **ORDER},
        {"measure": "hires", "category": "boats", "op": "<=", "versus_category": "bikes", **ORDER, "break": "place"}
        | {"group": "hill"},
        {"measure": "size", "category": "hill_any", "break": "place", "group": "hill", "value": "100"},
    )
    system = build_system(codebook, claims, 5)
    expected = met_by(claims, codebook, kinds, tables)
    # How many of each unknown one house of each kind is: tables then only add these up.
    one_each = np.array([counts_of(system, kinds.iloc[[k]]) for k in range(len(kinds))])
    found = np.array(
        [[all(meets(r, counts) for r in system.claims[i]) for i in claims["id"]] for counts in tables @ one_each]
    )
    assert (found == expected).all()
    assert expected[:, :9].any(axis=0).all() and (~expected[:, :9]).any(axis=0).all()


def test_a_base_and_a_group_of_one_question_with_several_answers_must_both_be_met(small_codebook):
    """Those with other events among whom crafts are held are those who hold both, not everyone."""
    codebook = resting_on(small_codebook, 20)
    few = {"measure": "events", "category": "other", "value": "3", **COUNT}
    many = {"measure": "events", "category": "crafts", "base": "other_events", "break": "events", "group": "talks"}
    system = build_system(codebook, claims_of(codebook, few, many | COUNT | {"value": "4"}), 5)
    assert solve(system, ["c1"], seed=1, time_limit=10) is not None
    assert solve(system, ["c1", "c2"], seed=1, time_limit=10) is None


def test_a_base_and_a_group_that_exclude_each_other_hold_nobody(small_codebook):
    codebook = resting_on(small_codebook, 20)
    nobody = {"measure": "outlook", "category": "bright", "base": "shops", "break": "shop_held", "group": "no_shop"}
    claims = claims_of(codebook, nobody | COUNT | {"value": "0"}, nobody | COUNT | {"value": "1"})
    system = build_system(codebook, claims, 5)
    assert solve(system, ["c1"], seed=1, time_limit=10) is not None
    assert solve(system, ["c2"], seed=1, time_limit=10) is None


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("value", "possible"), [("66", True), ("67", False)])
def test_the_most_answers_of_a_question_bound_what_its_answers_add_up_to(small_codebook, whole, value, possible):
    """Up to two of four events: three of them can be 66% each, not 67%, also in a system of just these three."""
    codebook = resting_on(small_codebook, 100)
    rows = [{"measure": "events", "category": c, "value": value} for c in ("talks", "crafts", "concerts")]
    claims = claims_of(codebook, *rows)
    system = build_system(codebook, claims, 5, whole=whole)
    assert (solve(system, ["c1", "c2", "c3"], seed=1, time_limit=10) is not None) == possible


def test_where_the_report_claims_the_most_answers_the_claim_alone_says_so(small_codebook):
    codebook = resting_on(small_codebook, 100)
    rows = [{"measure": "events", "category": c, "value": "80"} for c in ("talks", "crafts", "concerts")]
    most = {"measure": "events", "category": "", "op": "<=", "value": "2", "unit": "answers", "rounding": "exact"}
    system = build_system(codebook, claims_of(codebook, *rows, most), 5)
    ids = ["c1", "c2", "c3"]
    assert solve(system, ids, seed=1, time_limit=10) is not None
    assert solve(system.only(ids), ids, seed=1, time_limit=10) is not None
    assert solve(system, [*ids, "c4"], seed=1, time_limit=10) is None


def test_layouts_with_and_without_untouched_columns_agree_on_what_is_possible(small_codebook, make_respondents):
    """Claims of one table fit; half of the cases say more of another table, which may or may not fit."""
    codebook, verdicts = resting_on(small_codebook, 30), []
    for seed in range(8):
        one, other = (make_respondents(codebook, rows=30, seed=s) for s in (seed, seed + 1000))
        rows = true_claims(codebook, one, number=6, seed=seed)
        if seed % 2:
            rows += [r | {"id": f"o{r['id']}"} for r in true_claims(codebook, other, number=4, seed=seed)]
        claims = claims_of(codebook, *rows)
        ids = claims["id"].tolist()
        whole = build_system(codebook, claims, 5)
        small = whole.only(ids)
        assert small.size <= whole.size
        verdicts.append([solve(s, ids, seed=1, time_limit=20) is not None for s in (whole, small)])
    assert all(one == other for one, other in verdicts)
    assert all(one for one, _ in verdicts[::2]) and not all(one for one, _ in verdicts[1::2])


def test_a_row_adds_up_the_coefficients_of_an_unknown_and_drops_those_that_vanish():
    row = linear_row(np.array([1, 2]), (-1, np.array([2, 3])), (2, np.array([1])), low=0, high=5)
    assert row.unknowns.tolist() == [1, 3] and row.coefficients.tolist() == [3, -1]
    assert (row.low, row.high) == (0, 5)


@pytest.mark.parametrize(
    ("limit", "ends"),
    [
        ((4.2, False, 7.8, False), (5, 7)),
        ((4, False, 7, False), (4, 7)),
        ((4, True, 7, True), (5, 6)),
        ((4.2, True, 7.8, True), (5, 7)),
        ((None, False, 3, True), (None, 2)),
        ((0, True, None, False), (1, None)),
        ((-0.5, False, 0.5, True), (0, 0)),
    ],
)
def test_whole_numbers_within_open_and_closed_limits(limit, ends):
    assert whole_ends(*limit) == ends


def test_shares_of_different_bases_are_compared_as_products(small_codebook):
    row = {"measure": "shop", "op": ">=", "break": "kind", "group": "lib", "versus_group": "mus", **ORDER}
    system = build_system(resting_on(small_codebook, 20), claims_of(small_codebook, row), 5)
    *bases, comparison = system.claims["c1"]
    assert isinstance(comparison, Comparison)
    assert (comparison.sign, comparison.strict) == (1, False)
    assert [(r.low, r.high) for r in bases] == [(1, None), (1, None)]
    assert set(comparison.a) < set(comparison.b) and set(comparison.c) < set(comparison.d)
    assert not set(comparison.b) & set(comparison.d)


def test_claims_that_are_not_about_answers_have_no_rows(small_codebook):
    claims = claims_of(
        small_codebook, {"measure": "", "category": "", "value": "7", **COUNT}, {"measure": "shop", "value": "5"}
    )
    assert list(build_system(resting_on(small_codebook, 20), claims, 5).claims) == ["c2"]


def test_the_questions_of_a_claim_are_those_of_its_measure_base_and_break(small_codebook):
    claims = claims_of(
        small_codebook,
        {"measure": "goods", "category": "books", "base": "shops", "break": "kind", "group": "lib", "value": "5"},
        {"measure": "shop", "op": ">", "break": "events", "group": "talks", "versus_group": "crafts", **ORDER},
    )
    system = build_system(resting_on(small_codebook, 20), claims, 5)
    assert system.questions("c1") == {"goods", "shop", "kind"}
    assert system.questions("c2") == {"shop", "events"}


def test_a_codebook_that_does_not_say_how_many_answered_is_refused(small_codebook):
    with pytest.raises(InputProblem) as caught:
        build_system(small_codebook, claims_of(small_codebook, {"measure": "shop", "value": "5"}), 5)
    assert str(caught.value) == "column respondents: the codebook does not say how many respondents there were."
