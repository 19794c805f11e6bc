"""Claims as sentences, and the arithmetic of contradictions: said where it holds, and never of claims that are true."""

from fractions import Fraction
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_claims import claims_of, tiny_codebook, true_claims

from pipeline.faults import fault_sentence
from pipeline.wording import percent, say

YES, NO = {"measure": "open", "category": "yes"}, {"measure": "open", "category": "no"}
AT_BOATS = {"break": "hires", "group": "boats"}


def records(codebook, *rows):
    return claims_of(codebook, *rows).to_dict("records")


def fault(respondents, *rows):
    codebook = tiny_codebook(respondents)
    return fault_sentence(records(codebook, *rows), codebook, 5)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (YES | {"value": "40"}, "Open: Yes = 40% of all"),
        (YES | {"value": "40"} | AT_BOATS, "Open: Yes = 40% of the organisations with for hire 'Boats'"),
        (
            {"measure": "late", "value": "7", "unit": "count", "rounding": "exact", "base": "open"}
            | {"break": "place", "group": "hill"},
            "Late: Yes = 7 of the organisations with place 'Hill', among open ones",
        ),
        (YES | {"op": "about", "value": "2/3", "unit": "share", "rounding": "worded"}, "Open: Yes is about 2/3 of all"),
        (YES | {"value": "1", "unit": "share", "rounding": "exact"}, "Open: Yes = 100% of all"),
        (
            {"measure": "hires", "category": "", "op": "<=", "value": "1", "unit": "answers", "rounding": "exact"},
            "For hire is at most 1 answers for each of all",
        ),
        (
            {"measure": "hires", "category": "boats", "op": "<", "unit": "order", "rounding": "exact", "value": ""}
            | {"break": "place", "group": "shore", "versus_group": "hill"},
            "For hire: Boats is lower among 'Shore' than among 'Hill' (Place)",
        ),
        (
            {"measure": "hires", "category": "boats", "op": ">=", "unit": "order", "rounding": "exact", "value": ""}
            | {"versus_category": "bikes"},
            "For hire: Boats is no lower than 'Bicycles' among all",
        ),
        ({"measure": "", "category": "", "value": "13", "unit": "count", "rounding": "exact"}, "13, not of any answer"),
    ],
)
def test_a_claim_reads_as_a_sentence(row, said):
    codebook = tiny_codebook(200)
    assert say(records(codebook, row)[0], codebook) == said


def test_one_share_printed_twice():
    assert fault(200, YES | {"value": "66"}, YES | {"value": "60", "place": "page 2"}) == (
        "Open: Yes, of all, is printed as 66% (a page) and as 60% (page 2)."
    )
    count = YES | {"value": "120", "unit": "count", "rounding": "exact"}
    assert fault(200, count, YES | {"value": "67"}) == (
        "Open: Yes, of all, is printed as 120 organisations (a page) and as 67% (a page): "
        "120 organisations of 200 is 60%."
    )


def test_parts_that_do_not_make_the_whole():
    assert fault(200, YES | {"value": "24"} | AT_BOATS, NO | {"value": "66"} | AT_BOATS) == (
        "Open: 'Yes' 24% (a page) and 'No' 66% (a page) add up to 90% of the organisations with for hire 'Boats', "
        "not to 100%."
    )
    place = {"measure": "place", "unit": "count", "rounding": "exact"}
    whole = {"measure": "place", "category": "anywhere", "value": "30"}
    rows = [place | {"category": "shore", "value": "29"}, place | {"category": "hill", "value": "32"}, whole]
    assert fault(200, *rows) == (
        "Place: 'Shore' 29 organisations (a page) and 'Hill' 32 organisations (a page) add up to 30.5% of all, "
        "which rounds to 31%, yet 'Anywhere', which is all of these, is 30% (a page)."
    )


def test_more_answers_than_each_may_give():
    shares = [{"measure": "hires", "category": c, "value": v} for c, v in (("boats", "80"), ("bikes", "31"))]
    most = {"measure": "hires", "category": "", "op": "<=", "value": "1", "unit": "answers", "rounding": "exact"}
    assert fault(200, *shares, most) == (
        "For hire: the shares of 2 answers (a page) add up to 111%, before rounding at least 110%, "
        "yet at most 1 answers each (a page) allow 100%."
    )


def test_a_group_that_holds_more_than_there_are():
    boats = {"measure": "hires", "category": "boats", "value": "90"}
    assert fault(200, NO | {"value": "56"} | AT_BOATS, YES | {"value": "37"}, boats) == (
        "For hire: Boats = 90% of all (a page) is at least 179 of 200. Among these, Open: No = 56% (a page) means at "
        "least 78 with 'Yes', yet 'Yes' = 37% (a page) means at most 74 of all."
    )


def test_claims_of_no_common_shape():
    rows = [YES | {"value": v} for v in ("10", "50", "90")]
    assert fault(200, *rows) == "These 3 claims cannot all be met; leaving out any one of them, the others can."


@pytest.mark.parametrize("seed", range(4))
def test_true_claims_are_never_said_to_contradict_each_other(make_respondents, seed):
    """Whatever claims are so in one table of respondents, two or three of them get no sentence of arithmetic."""
    codebook = tiny_codebook(30)
    respondents = make_respondents(codebook, rows=30, seed=seed)
    told = records(codebook, *true_claims(codebook, respondents, number=24, seed=seed))
    for some in chain(combinations(told, 2), combinations(told, 3)):
        assert fault_sentence(list(some), codebook, 5).startswith(f"These {len(some)} claims")


@pytest.mark.parametrize(("op", "said"), [("<", "lower"), ("<=", "no higher")])
def test_an_order_that_the_shares_turn_round(op, said):
    order = {"measure": "hires", "category": "boats", "op": op, "unit": "order", "rounding": "exact", "value": ""}
    order |= {"break": "place", "group": "shore", "versus_group": "hill"}
    inside = {"measure": "place", "category": "hill", "value": "40"} | AT_BOATS
    overall = {"measure": "place", "category": "shore", "value": "37"}
    assert fault(200, order, inside, overall) == (
        "At least 59.5% of the organisations with for hire 'Boats' have Place 'Shore' (a page), against at most "
        "37.5% of all (a page); so For hire: Boats is higher among 'Shore' than among 'Hill', yet the report says "
        f"{said} (a page)."
    )
    assert fault(200, order | {"op": ">"}, inside, overall).startswith("These 3 claims")


COUNT = {"unit": "count", "rounding": "exact"}


@pytest.mark.parametrize(
    ("respondents", "rows", "said"),
    [
        (
            30,
            [YES | {"value": "11"}],
            "Open: Yes = 11% of all (a page), yet of 30 organisations 3 are 10% and 4 are 13.3%.",
        ),
        (
            90,
            [
                {"measure": "place", "category": "hill", "value": "30", "place": "page 2"} | COUNT,
                YES | {"value": "31", "break": "place", "group": "hill"},
            ],
            "Open: Yes = 31% of the organisations with place 'Hill' (a page), yet of 30 organisations 9 are 30% and 10 "
            "are 33.3% (page 2).",
        ),
        (
            90,
            [
                {"measure": "place", "category": "hill", "value": "31", "place": "page 2"} | COUNT,
                YES | {"value": "32", "break": "place", "group": "hill"} | COUNT,
            ],
            "Open: Yes = 32 of the organisations with place 'Hill' (a page), yet there are only 31 (page 2).",
        ),
        (
            90,
            [
                {"measure": "place", "category": "hill", "value": "60"},
                {"measure": "place", "category": "anywhere", "value": "50", "place": "page 2"},
            ],
            "Place: Hill, of all, is printed as 60% (a page), yet 'Anywhere', which holds it, as 50% (page 2).",
        ),
        (
            90,
            [YES | {"value": "60"}, NO | {"value": "1/2", "op": ">", "unit": "share", "rounding": "exact"}],
            "Open: 'Yes' 60% (a page) and 'No' more than 1/2 (a page) add up to more than 110% of all, not to 100%.",
        ),
        (
            90,
            [
                {"measure": "size", "category": "shore_small", "value": "60"},
                {"measure": "size", "category": "hill_any", "value": "50"},
            ],
            "Size: 'Small' 60% (a page) and 'Any' 50% (a page) add up to at least 109% of all, where each gave one "
            "answer.",
        ),
        (
            1000,
            [YES | {"value": "100", "op": "about", "rounding": "worded"} | {"unit": "count"}, YES | {"value": "12"}],
            "Open: Yes, of all, is printed as about 100 organisations (a page) and as 12% (a page): about 100 "
            "organisations of 1000 is about 10%, though a number in words may be 5% off.",
        ),
    ],
)
def test_the_plainest_faults_have_their_arithmetic(respondents, rows, said):
    assert fault(respondents, *rows) == said


def test_arithmetic_is_as_fine_as_what_is_printed_and_finer_by_a_digit():
    rows = [
        {"measure": "size", "category": c, "value": v}
        for c, v in (("shore_small", "33.35"), ("shore_large", "33.35"), ("hill_any", "33.34"))
    ]
    assert "add up to 100.04% of all, not to 100%." in fault(30000, *rows)


@given(
    st.fractions(0, 1, max_denominator=5000),
    st.lists(st.integers(0, 2000).map(lambda k: Fraction(k, 2000)), max_size=3),
    st.integers(0, 2),
)
def test_a_share_is_shown_on_the_side_of_others_on_which_it_is(share, others, digits):
    shown = Fraction(percent(share, digits, beside=[None, *others]).removesuffix("%")) / 100
    for other in others:
        assert (shown > other, shown < other) == (share > other, share < other) or share == other
    # And no digit more than that takes, or than was asked for.
    shorter = Fraction(percent(share, digits).removesuffix("%")) / 100
    assert shown == shorter or any((shorter > o) != (share > o) or (shorter < o) != (share < o) for o in others)
    assert abs(shown - share) <= Fraction(1, 2 * 10 ** (digits + 2))


def test_no_number_reads_like_the_one_that_it_refutes():
    """A digit more where one would hide what is wrong; no word of rounding where there is nothing to round."""
    assert "5 are 45.45% and 6 are 54.5%" in fault(11, YES | {"value": "46"})
    whole = {"measure": "place", "category": "anywhere", "value": "33.0"}
    parts = [{"measure": "place", "category": c, "value": v} for c, v in (("shore", "16.5"), ("hill", "17.0"))]
    assert "add up to 33.5% of all, yet 'Anywhere'" in fault(200, *parts, whole)
    rows = [YES | COUNT | {"value": "2000", "op": ">="}, NO | COUNT | {"value": "1001", "op": ">="}]
    assert "add up to at least 100.03% of all, not to 100%" in fault(3000, *rows)
    assert "more than 40 organisations of 90 is more than 44.4%" in fault(
        90, YES | COUNT | {"value": "40", "op": ">"}, YES | {"value": "30"}
    )


def test_a_claim_that_nothing_can_meet_is_not_called_several():
    nobody = {"measure": "hires", "category": "", "op": "<=", "value": "0", "unit": "answers", "rounding": "exact"}
    assert fault(20, nobody).endswith("(a page), which cannot be, whatever else is so.")


def test_a_total_outside_its_groups_is_said():
    shore, hill = ({"break": "place", "group": g} for g in ("shore", "hill"))
    rows = [YES | {"value": "60", "place": "page 2"}, YES | shore | {"value": "62"}, YES | hill | {"value": "68"}]
    assert fault(200, *rows) == (
        "Open: Yes, of all, is printed as 60% (page 2), yet 62% 'Shore' and 68% 'Hill' (a page) make 61.5% to 68.5% of "
        "all."
    )
    sizes = [{"measure": "place", "category": "shore", "value": "60"} | COUNT]
    sized = [YES | {"value": "45"} | COUNT, YES | shore | {"value": "65"}, YES | hill | {"value": "40"}, *sizes]
    assert "yet 65% of 60 'Shore' and 40% of 30 'Hill' (a page) make 56.2% to 57.2% of all" in fault(90, *sized)
