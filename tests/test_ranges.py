"""Ranges of shares against the shares that lie in them."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ranges import WHOLE, Range, mean_range, total_range

TENTHS = [Fraction(i, 10) for i in range(11)]


@st.composite
def ranges(draw, bounded=True):
    low, high = sorted(draw(st.lists(st.sampled_from(TENTHS), min_size=2, max_size=2)))
    ends = [(low, draw(st.booleans())), (high, draw(st.booleans()))]
    if low == high:
        ends = [(low, False), (high, False)]
    if not bounded:
        ends = [draw(st.sampled_from([end, (None, False)])) for end in ends]
    return Range(*ends[0], *ends[1])


def lies_in(share, found):
    above = found.low is None or share > found.low or (share == found.low and not found.low_open)
    below = found.high is None or share < found.high or (share == found.high and not found.high_open)
    return above and below


def inside(found, step=Fraction(1, 20)):
    """Shares within a range, some very near to its ends."""
    low, high = (Fraction(0) if found.low is None else found.low), (Fraction(1) if found.high is None else found.high)
    near = Fraction(1, 10**6)
    shares = [low, low + near, (low + high) / 2, high - near, high, *(low + step * i for i in range(20))]
    return [share for share in shares if lies_in(share, found) and low <= share <= high]


@given(ranges(bounded=False), ranges(bounded=False))
def test_what_lies_above_leaves_no_share_in_both(one, other):
    pairs = list(product(inside(one), inside(other)))
    if one.above(other):
        assert all(a > b for a, b in pairs)
    if one.apart(other):
        assert all(a != b for a, b in pairs)
    elif None not in (*one.ends, *other.ends):
        shared = Range(max(one.low, other.low), False, min(one.high, other.high), False)
        assert any(lies_in(share, one) and lies_in(share, other) for share in inside(shared))


@given(st.lists(ranges(bounded=False), min_size=1, max_size=3))
def test_sums_lie_in_the_range_of_the_total(parts):
    for shares in product(*(inside(part)[:6] for part in parts)):
        assert lies_in(sum(shares), total_range(parts))
        assert lies_in(sum(shares), total_range([part.from_none() for part in parts]))


@given(st.lists(ranges(), min_size=1, max_size=3), st.data())
def test_means_lie_in_the_range_of_the_mean(parts, data):
    weights = [data.draw(st.integers(1, 9)) for _ in parts]
    for shares in product(*(inside(part)[:6] for part in parts)):
        mean = sum(w * s for w, s in zip(weights, shares, strict=True)) / sum(weights)
        assert lies_in(mean, mean_range(parts, weights)) and lies_in(mean, mean_range(parts, None))


@given(ranges(bounded=False))
def test_the_rest_is_what_is_left_of_everyone(found):
    assert found.rest().rest() == found
    assert all(lies_in(1 - share, found.rest()) for share in inside(found))


@pytest.mark.parametrize(
    ("low", "low_open", "above"),
    [(Fraction(1), False, False), (Fraction(1), True, True), (Fraction(11, 10), False, True)],
)
def test_more_than_all_is_above_the_whole(low, low_open, above):
    assert Range(low, low_open, None, False).above(WHOLE) == above


def test_the_ends_of_a_mean_and_a_total_are_attained_or_open_as_their_parts_are():
    half, third = Range(Fraction(1, 2), False, Fraction(3, 5), True), Range(Fraction(1, 3), True, Fraction(2, 5), False)
    assert total_range([half, third]) == Range(Fraction(5, 6), True, Fraction(1), True)
    assert mean_range([half, third], [1, 3]) == Range(Fraction(3, 8), True, Fraction(9, 20), True)
    assert mean_range([half, third], None) == Range(Fraction(1, 3), True, Fraction(3, 5), True)
    assert total_range([half, Range(None, False, Fraction(1, 5), True)]) == Range(None, False, Fraction(4, 5), True)
