"""Checks of single numbers: each fault is found and said in arithmetic, and true numbers are never flagged."""

from fractions import Fraction

import pandas as pd
import pytest
from conftest import respondents_of
from hypothesis import given, settings
from hypothesis import strategies as st
from made_claims import claims_of, rows_of, tiny_codebook, true_claims

from pipeline.bases import Base
from pipeline.checks import (
    CHECKS,
    DIFFERENTLY,
    IMPOSSIBLE,
    MISLABELLED,
    NOT_WHOLE,
    OUTSIDE,
    as_printed,
    check_all,
    outside_its_groups,
)
from pipeline.codebook import TOTAL
from pipeline.codebook import Base as BaseOfShares
from pipeline.shares import Report, bases_of_claims, range_of, shares_of
from pipeline.whom import whom

COUNT = {"unit": "count", "rounding": "exact"}
YES, NO = {"measure": "open", "category": "yes"}, {"measure": "open", "category": "no"}
SHORE, HILL = {"break": "place", "group": "shore"}, {"break": "place", "group": "hill"}
LATE = {"measure": "late", "base": "open"}


def report(codebook, claims, bounded=None):
    records = tuple(claims.to_dict("records"))
    return Report(records, codebook, bases_of_claims(records, codebook, 5, bounded or {}), 5)


def found(respondents, *rows, bounded=None):
    """(check, ids, sentence) of every finding among these claims of the tiny survey."""
    codebook = tiny_codebook(respondents)
    findings = check_all(report(codebook, claims_of(codebook, *rows), bounded))
    return [(f["check"], f["claims"], f["sentence"]) for f in findings.to_dict("records")]


# ---- true numbers


def all_shares(codebook, table):
    """Rows of claims: every share of every measure, total and by each break, and the size of each base and group."""
    rows = []
    for measure in codebook.measures:
        for break_ in (TOTAL, *measure.breaks):
            for group in codebook.groups(break_):
                for category in codebook.question(measure.question).categories:
                    row = {"measure": measure.id, "category": category, "break": break_, "group": group.id}
                    row["base"] = measure.base
                    count, base = (int(x.sum()) for x in rows_of(codebook, row, category, group.id, table))
                    if base:
                        rows.append(row | {"value": str((200 * count + base) // (2 * base))})
                    if break_ == TOTAL and base:
                        rows.append(row | {"value": str(count)} | COUNT)
    return [{"id": f"a{n}"} | row for n, row in enumerate(rows)]


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(1, 150), st.integers(0, 10_000))
def test_shares_computed_from_real_counts_are_never_flagged(small_codebook, houses, seed):
    codebook = small_codebook.model_copy(update={"respondents": houses})
    table = respondents_of(codebook, rows=houses, seed=seed)
    findings = check_all(report(codebook, claims_of(codebook, *all_shares(codebook, table))))
    assert findings.empty, findings["sentence"].tolist()


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(5, 90), st.integers(0, 10_000))
def test_true_claims_of_every_sort_are_never_flagged(small_codebook, houses, seed):
    codebook = small_codebook.model_copy(update={"respondents": houses})
    table = respondents_of(codebook, rows=houses, seed=seed)
    findings = check_all(report(codebook, claims_of(codebook, *true_claims(codebook, table, number=60, seed=seed))))
    assert findings.empty, findings["sentence"].tolist()


# ---- a share that its base cannot have


def test_a_share_that_no_whole_number_of_its_base_is():
    rows = [
        {"measure": "place", "category": "shore", "value": "30", **COUNT},
        YES | {"id": "x", "value": "31"} | SHORE,
    ]
    assert found(90, *rows) == [
        (
            IMPOSSIBLE,
            "x",
            "Open: Yes, of the organisations with place 'Shore', is printed as 31%, yet of 30 organisations 9 are 30% "
            "and 10 are 33.3%. It would be possible of 29 or 32 organisations.",
        )
    ]


def test_a_share_that_fits_no_size_in_the_range_that_is_left():
    codebook = tiny_codebook(90)
    bounded = {whom(codebook, codebook.group("place", "shore").where): Base((9, 10, 11), "bounded")}
    ((check, _, sentence),) = found(90, YES | {"value": "2"} | SHORE, bounded=bounded)
    assert check == IMPOSSIBLE
    assert "yet none of 9-11 organisations fits: for example, of 11 organisations 0 are 0% and 1 is 9.1%." in sentence
    assert not found(90, YES | {"value": "11"} | SHORE, bounded=bounded)


def test_a_count_of_more_than_there_are():
    rows = [
        {"measure": "open", "category": "yes", "value": "8", **COUNT},
        LATE | {"id": "x", "value": "9"} | COUNT,
    ]
    (finding,) = found(20, *rows)
    assert finding[:2] == (IMPOSSIBLE, "x")
    assert "is printed as 9, yet there are only 8." in finding[2]


# ---- what a claim leaves of a share


def test_a_count_of_an_open_base_leaves_the_shares_of_both_its_ends():
    codebook = tiny_codebook(90)
    for value, ends in (("9", (Fraction(9, 12), Fraction(9, 10))), ("13", None)):
        [claim] = claims_of(codebook, YES | SHORE | {"value": value} | COUNT).to_dict("records")
        bases = {claim["id"]: Base((10, 11, 12), "bounded")}
        left = range_of(claim, Report((claim,), codebook, bases, worded_tolerance=5))
        assert (left and (left.low, left.high)) == ends


def test_a_share_that_no_size_of_its_base_allows_leaves_nothing():
    codebook = tiny_codebook(90)
    for value, possible in (("2", False), ("11", True)):
        [claim] = claims_of(codebook, YES | SHORE | {"value": value}).to_dict("records")
        given_ = Report((claim,), codebook, {claim["id"]: Base((9, 10, 11), "bounded")}, worded_tolerance=5)
        assert (range_of(claim, given_) is not None) == possible


def test_only_what_is_printed_as_one_number_is_a_printed_share():
    codebook = tiny_codebook(90)
    rows = [YES | {"id": "at_least", "op": ">=", "value": "50"}, YES | {"id": "exact", "value": "60"}]
    for claims, printed in ((rows[:1], []), (rows, [("exact",)])):
        found_ = shares_of(report(codebook, claims_of(codebook, *claims)))
        assert [tuple(c["id"] for c in share.claims) for share in found_.values()] == printed


def test_a_size_that_a_disputed_claim_states_may_be_any_that_is_left():
    codebook = tiny_codebook(90)
    rows = [{"id": "shore", "measure": "place", "category": "shore", "value": "12"} | COUNT, YES | {"id": "x"} | SHORE]
    claims = claims_of(codebook, *(row | {"value": row.get("value", "50")} for row in rows)).to_dict("records")
    bounded = {whom(codebook, codebook.group("place", "shore").where): Base((10, 11), "bounded")}
    sizes = {
        (bool(disputed), bool(left)): bases_of_claims(claims, codebook, 5, left, disputed)["x"].sizes
        for disputed in (frozenset(), frozenset({"shore"}))
        for left in ({}, bounded)
    }
    assert sizes == {
        (False, False): (12,),
        (False, True): (12,),
        (True, False): (),
        (True, True): (10, 11, 12),
    }


def test_a_finding_says_how_its_claims_were_read():
    codebook = tiny_codebook(90)
    rows = [YES | {"value": "66", "reading": "From the chart."}, YES | {"value": "60"}]
    (finding,) = check_all(report(codebook, claims_of(codebook, *rows))).to_dict("records")
    assert finding["reading"] == "From the chart."


def test_a_base_of_no_known_size_tests_nothing():
    assert found(90, YES | {"value": "31"} | SHORE) == []


# ---- counts with a per cent sign

FIGURE = {"place": "figure 1"}
SIZE = YES | {"id": "size", "place": "table 1", "value": "45"} | COUNT


def late(answer, value, **more):
    return LATE | FIGURE | {"category": answer, "value": value} | more


def test_counts_with_a_per_cent_sign_add_up_to_their_base():
    rows = [late("yes", "31", **COUNT, printed_unit="percent"), late("no", "14", **COUNT, printed_unit="percent")]
    assert found(90, SIZE, *rows) == [
        (
            MISLABELLED,
            "c2 c3",
            "Late: the 2 numbers of figure 1, read as per cent, add up to 45%, not to 100%; 45 is how many open ones "
            "there are (table 1). They are counts, as the claims file reads them.",
        )
    ]


def test_counts_transcribed_as_per_cent_are_seen_too():
    findings = found(90, SIZE, late("yes", "31"), late("no", "14"))
    checks = [check for check, *_ in findings]
    assert checks[0] == MISLABELLED or MISLABELLED in checks
    sentence = next(s for check, _, s in findings if check == MISLABELLED)
    assert sentence.endswith("They are counts, but the claims file reads per cent.")


def test_the_same_number_printed_as_a_count_elsewhere_is_named():
    rows = [late("yes", "31", **COUNT, printed_unit="percent"), late("no", "14", **COUNT, printed_unit="percent")]
    again = LATE | {"place": "page 9", "category": "yes", "value": "31"} | COUNT
    ((_, _, sentence),) = found(90, SIZE, *rows, again)
    assert sentence.endswith(" 1 of them is printed as counts too (page 9).")


@pytest.mark.parametrize(
    "rows",
    [
        [SIZE, late("yes", "69"), late("no", "31")],  # per cent indeed
        [late("yes", "31"), late("no", "14")],  # the size of the base is not printed: only that they do not add up
        [SIZE | {"value": "44"}, late("yes", "31"), late("no", "14")],  # it is, and is another
    ],
)
def test_per_cents_are_not_taken_for_counts(rows):
    assert MISLABELLED not in [check for check, *_ in found(90, *rows)]


def test_a_reading_that_no_sum_confirms_is_said_to_be_one():
    ((check, ids, sentence),) = found(90, SIZE, late("yes", "31", id="x", **COUNT, printed_unit="percent"))
    assert (check, ids) == (MISLABELLED, "x")
    assert sentence == (
        "Late: Yes, of open ones, is printed as 31% and read as a count; no sum shows whether that reading is right."
    )


# ---- one share printed twice


def test_two_values_of_one_share():
    rows = [YES | {"value": "66"} | FIGURE, YES | {"value": "66"}, YES | {"value": "60", "place": "page 2"}]
    assert found(200, *rows) == [
        (
            DIFFERENTLY,
            "c1 c2 c3",
            "Open: Yes, of all, is printed as 66% (figure 1 and a page), but as 60% (page 2).",
        )
    ]


def test_a_count_a_share_and_words_are_compared_as_shares():
    words = {"op": "about", "value": "2/3", "unit": "share", "rounding": "worded"}
    rows = [YES | {"value": "120"} | COUNT, YES | {"value": "60"}, YES | words]
    ((_, _, sentence),) = found(200, *rows)
    assert sentence.endswith(
        "as 120, 60% of 200 (a page) and as 60% (a page), but as about 2/3, 61.7% to 71.7% (a page)."
    )
    assert found(200, YES | {"value": "134"} | COUNT, YES | {"value": "67"}, YES | words) == []


def test_what_both_allow_is_no_difference():
    side = {"op": ">", "value": "1/2", "unit": "share", "rounding": "exact"}
    assert found(200, YES | {"value": "51"}, YES | side) == []
    assert found(400, YES | {"value": "50"}, YES | side) == []  # 201 of 400 are 50%, and more than half
    assert [f[0] for f in found(20, YES | {"value": "50"}, YES | side)] == [DIFFERENTLY]  # of 20 only 10 are 50%


def test_the_same_share_may_go_by_another_base_or_group():
    rows = [
        {"measure": "late", "base": "open", "value": "30"},
        {"measure": "late", "base": "open", "value": "40", "place": "page 2"},
        {"measure": "late", "base": "all", "value": "10"},
    ]
    assert [f[:2] for f in found(200, *rows)] == [(DIFFERENTLY, "c1 c2")]


# ---- parts of a whole


def test_answers_that_do_not_add_up_to_all():
    rows = [YES | {"value": "24"} | SHORE, NO | {"value": "66", "place": "page 2"} | SHORE]
    assert found(200, *rows) == [
        (
            NOT_WHOLE,
            "c1 c2",
            "Open: 'Yes' 24% (a page) and 'No' 66% (page 2) add up to 90% of the organisations with place 'Shore', "
            "less than 91% before rounding, not to 100%.",
        )
    ]


def test_rounding_alone_is_no_fault():
    assert found(200, YES | {"value": "24"} | SHORE, NO | {"value": "75"} | SHORE) == [
        (
            NOT_WHOLE,
            "c1 c2",
            "Open: 'Yes' 24% (a page) and 'No' 75% (a page) add up to 99% of the organisations with place 'Shore', "
            "less than 100% before rounding, not to 100%.",
        )
    ]
    assert found(200, YES | {"value": "24"} | SHORE, NO | {"value": "77"} | SHORE) == []


def test_whole_organisations_see_more_than_rounding_does():
    # 13 of 20 are 65% and 6 are 30%: with whole per cents of all possible shares 64% and 36% would do.
    assert [f[:2] for f in found(20, YES | {"value": "65"}, NO | {"value": "30"})] == [(NOT_WHOLE, "c1 c2")]


def test_a_sum_may_be_one_of_counts():
    assert [f[0] for f in found(20, YES | {"value": "12"} | COUNT, NO | {"value": "9"} | COUNT)] == [NOT_WHOLE]
    assert found(20, YES | {"value": "12"} | COUNT, NO | {"value": "8"} | COUNT) == []


def test_answers_that_do_not_add_up_to_their_net(small_codebook):
    codebook = small_codebook.model_copy(update={"respondents": 200})
    shop = {"measure": "shop"}
    rows = [
        shop | {"category": "planned", "value": "20"},
        shop | {"category": "no", "value": "30"},
        shop | {"category": "no_shop", "value": "40", "place": "page 2"},
    ]
    (finding,) = check_all(report(codebook, claims_of(codebook, *rows))).to_dict("records")
    assert finding["check"] == NOT_WHOLE
    assert finding["places"] == "a page; page 2"
    assert finding["sentence"].endswith(
        "add up to 50% of all houses, at least 49% before rounding, not to the 40% of 'No shop yet', which is all "
        "of these (page 2)."
    )


def test_several_answers_may_add_up_to_anything():
    hires = {"measure": "hires"}
    assert found(200, hires | {"category": "boats", "value": "80"}, hires | {"category": "bikes", "value": "70"}) == []


def test_a_wrong_number_spoils_one_sum_only():
    rows = [YES | {"value": "24"}, NO | {"value": "66"}, NO | {"value": "76", "place": "page 2"}]
    assert [f[0] for f in found(200, *rows)] == [DIFFERENTLY, NOT_WHOLE]


# ---- totals


def sizes(shore, hill):
    place = {"measure": "place"}
    return [
        place | {"category": c, "value": str(v)} | COUNT for c, v in (("shore", shore), ("hill", hill)) if v is not None
    ]


def test_a_total_between_its_groups_that_their_sizes_do_not_allow():
    rows = [YES | {"value": "50"}, YES | {"value": "65"} | SHORE, YES | {"value": "40"} | HILL]
    ((check, ids, sentence),) = found(90, *sizes(60, 30), *rows)
    assert (check, ids) == (OUTSIDE, "c3 c4 c5")
    assert sentence == (
        "Open: Yes, of all, is printed as 50% (a page), yet by place 65% of 60 'Shore' and 40% of 30 'Hill' (a page) "
        "make 56.7% of all."
    )


def test_a_total_outside_its_groups_whatever_their_sizes():
    rows = [YES | {"value": "70"}, YES | {"value": "65"} | SHORE, YES | {"value": "40"} | HILL]
    ((check, _, sentence),) = found(90, *rows)
    assert check == OUTSIDE
    assert sentence.endswith("yet by place 65% of 'Shore' and 40% of 'Hill' (a page) make 39.5% to 65.5% of all.")
    assert found(90, YES | {"value": "50"}, *rows[1:]) == []


def test_a_group_has_its_own_name_also_where_its_share_is_printed_of_a_base_of_its_own():
    codebook = tiny_codebook(90)
    shore = BaseOfShares(id="shore", label="Those at the shore", where={"place": ["shore"]})
    codebook = codebook.model_copy(update={"bases": (*codebook.bases, shore)})
    rows = [YES | {"value": "70"}, YES | {"value": "65", "base": "shore"}, YES | {"value": "40"} | HILL]
    [finding] = outside_its_groups(report(codebook, claims_of(codebook, *rows)))
    assert "yet by place 65% of 'Shore' and 40% of 'Hill' (a page) make" in finding["sentence"]


def test_groups_that_overlap_say_nothing_of_the_total():
    boats, bikes = ({"break": "hires", "group": g} for g in ("boats", "bikes"))
    assert found(90, YES | {"value": "90"}, YES | {"value": "40"} | boats, YES | {"value": "30"} | bikes) == []


# ---- words


def test_numbers_read_as_they_are_printed():
    codebook = tiny_codebook(90)
    rows = [
        YES | {"value": "37"},
        YES | {"value": "33", "printed_unit": "percent"} | COUNT,
        YES | {"op": ">", "value": "1/3", "unit": "share", "rounding": "exact"},
        YES | {"op": "about", "value": "2/3", "unit": "share", "rounding": "worded"},
        YES | {"op": "<=", "value": "4"} | COUNT,
        YES | {"value": "12.5", "rounding": "exact"},
    ]
    shown = [as_printed(c) for c in claims_of(codebook, *rows).to_dict("records")]
    assert shown == ["37%", "33%", "more than 1/3", "about 2/3", "at most 4", "12.5%"]


def test_findings_stand_in_the_order_of_the_checks():
    rows = [
        *sizes(30, None),
        YES | {"value": "31"} | SHORE,
        {"measure": "late", "base": "open", "value": "30"},
        {"measure": "late", "base": "open", "value": "40"},
        YES | {"value": "20"},
        NO | {"value": "70"},
    ]
    checks = pd.Series([f[0] for f in found(90, *rows)]).map({c: n for n, c in enumerate(CHECKS)})
    assert len(checks) >= 3 and checks.is_monotonic_increasing
