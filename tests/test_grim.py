"""Which shares a base can have: worked examples after Brown and Heathers (2017), and against counting them all."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.grim import around, granularity, nearest_possible, possible_on, power, sizes_text


def percent(value, op="=", rounding="half_up"):
    return {"number": Fraction(value), "value": value, "unit": "percent", "op": op, "rounding": rounding}


def count(value, op="="):
    return {"number": Fraction(value), "value": value, "unit": "count", "op": op, "rounding": "exact"}


def rounded(share, decimals=0):
    return Decimal(100 * share.numerator) / Decimal(share.denominator), Decimal(1).scaleb(-decimals)


def printed(base):
    """The whole per cents that shares of a base are printed as, counted one by one."""
    shares = [rounded(Fraction(k, base)) for k in range(base + 1)]
    return {int(exact.quantize(unit, rounding=ROUND_HALF_UP)) for exact, unit in shares}


@pytest.mark.parametrize(
    ("value", "base", "possible"),
    [
        ("16", 25, True),
        ("17", 25, False),  # steps of 4 points: 16%, 20%
        ("33", 30, True),
        ("31", 30, False),  # 9 of 30 are 30%, 10 are 33%
        ("2", 77, False),  # 1 of 77 is 1%, 2 are 3%
        ("13", 200, True),  # 25 of 200 are 12.5%, rounded half up
        ("12", 200, True),
        ("99", 99, True),
        ("50", 99, False),  # 49 are 49%, 50 are 51%
        ("50", 100, True),
        ("0", 1, True),
        ("50", 1, False),
    ],
)
def test_a_whole_per_cent_is_possible_where_a_whole_number_of_the_base_rounds_to_it(value, base, possible):
    assert possible_on(percent(value), [base], 5) == ((base,) if possible else ())


def test_a_share_is_possible_on_those_of_several_bases_that_have_it():
    assert possible_on(percent("17"), range(20, 31), 5) == (23, 24, 29, 30)


def test_half_of_an_odd_number_is_never_exact():
    exact = percent("50", rounding="exact")
    assert possible_on(exact, range(1, 7), 5) == (2, 4, 6)
    assert possible_on(percent("50", op=">", rounding="exact"), [1, 2], 5) == (1, 2)


def test_a_count_is_possible_up_to_its_base():
    assert possible_on(count("12"), [11, 12, 13], 5) == (12, 13)
    assert possible_on(count("12", op="<"), [3], 5) == (3,)
    assert possible_on(count("3", op=">"), [3, 4], 5) == (4,)


def test_no_share_is_possible_of_nobody():
    assert possible_on(percent("0"), [0], 5) == ()


@given(st.integers(1, 400).flatmap(lambda base: st.tuples(st.integers(0, base), st.just(base))))
def test_a_share_computed_from_a_count_is_never_impossible(share):
    given_by, base = share
    value, unit = rounded(Fraction(given_by, base))
    text = str(int(value.quantize(unit, rounding=ROUND_HALF_UP)))
    assert possible_on(percent(text), [base], 5) == (base,)


@given(st.integers(1, 160), st.integers(0, 100))
def test_what_is_possible_is_what_counting_finds(base, value):
    assert bool(possible_on(percent(str(value)), [base], 5)) == (value in printed(base))


@given(st.integers(1, 160))
def test_power_is_the_share_of_whole_per_cents_that_no_count_gives(base):
    assert power(percent("50"), [base]) == pytest.approx(1 - len(printed(base)) / 101)


@pytest.mark.parametrize(("base", "left"), [(1, 2), (10, 11), (25, 26), (50, 51), (99, 100), (100, 101), (5000, 101)])
def test_power_falls_to_nothing_at_a_base_of_one_hundred(base, left):
    assert power(percent("50"), [base]) == pytest.approx(1 - left / 101)


def test_several_possible_bases_leave_less_power():
    assert power(percent("50"), [3, 7]) == pytest.approx(1 - len(printed(3) | printed(7)) / 101)


def test_a_decimal_more_gives_the_test_power_where_whole_per_cents_have_none():
    exact = percent("12.5", rounding="exact")
    assert power(exact, [200]) == pytest.approx(1 - 201 / 1001)
    assert power(exact, [3]) == pytest.approx(1 - 2 / 1001)  # 0% and 100%; a third has no end


def test_power_is_said_of_per_cents_only():
    assert power(count("5"), [10]) is None
    assert power(percent("50", op=">"), [10]) is None
    assert power(percent("50"), []) is None


def test_one_of_a_base_is_so_many_points():
    assert granularity(40) == 2.5


def test_the_nearest_bases_on_either_side():
    assert nearest_possible(percent("31"), [30], 90, 5) == (29, 32)
    assert nearest_possible(percent("50"), [1], 90, 5) == (2,)


def test_the_whole_numbers_around_a_share_are_named():
    assert around(percent("31"), 30, 5) == "of 30 organisations 9 are 30% and 10 are 33.3%"
    assert around(percent("1"), 20, 5) == "of 20 organisations 0 are 0% and 1 is 5%"
    assert around(percent("100", rounding="exact"), 3, 5) == "of 3 organisations 3 are 100%"
    assert around(count("12"), 11, 5) == "there are only 11"
    # 45.5 would be read as the 46 that is refuted.
    assert around(percent("46"), 11, 5) == "of 11 organisations 5 are 45.45% and 6 are 54.5%"


def test_base_sizes_are_shown_as_runs():
    assert sizes_text((3,)) == "3"
    assert sizes_text((3, 4, 5, 9, 11, 12)) == "3-5, 9, 11-12"
    assert sizes_text(()) == ""
