"""Minimal sets that cannot be met, held against all subsets of a small universe."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.hitting_sets import minimal_sets

CLAIMS = 6
EVERYTHING = (1 << CLAIMS) - 1
SETS = [sum(1 << n for n in chosen) for size in range(CLAIMS + 1) for chosen in combinations(range(CLAIMS), size)]


def meeting(solutions):
    """What `minimal_sets` asks: the largest of the solutions (each the set of claims that it meets) with these."""

    def meet(claims, universe):
        met = [s for s in solutions if s & claims == claims]
        return max(met, key=lambda s: (s & universe).bit_count()) if met else None

    return meet


def by_trying(solutions, start):
    """The minimal sets that hold `start` and are within no solution, smallest first."""
    found = []
    for claims in SETS:
        holds = claims & start == start
        if holds and not any(s & claims == claims for s in solutions) and not any(f & claims == f for f in found):
            found.append(claims)
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(SETS), min_size=1, max_size=8), st.sampled_from(SETS[:7]))
def test_without_a_limit_every_minimal_set_is_found(solutions, start):
    found, size = minimal_sets(meeting(solutions), start, EVERYTHING, most=CLAIMS + 1, few=0)
    assert size is None
    assert sorted(found) == sorted(by_trying(solutions, start))
    assert [f.bit_count() for f in found] == sorted(f.bit_count() for f in found)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(SETS), min_size=1, max_size=8), st.integers(1, 3))
def test_with_a_limit_it_says_how_far_the_list_is_whole(solutions, most):
    start = 1
    found, size = minimal_sets(meeting(solutions), start, EVERYTHING, most=most, few=0)
    expected = by_trying(solutions, start)
    if size is not None:
        assert size >= most
        # The size counts the steps from `start`, which is one claim here.
        expected = [c for c in expected if c.bit_count() <= size]
    assert sorted(found) == sorted(expected)


def test_a_worked_example():
    """Claims 0, 1 and 2, any two of which can be met: the three together are the one minimal set."""
    pairs = [0b011, 0b101, 0b110]
    assert minimal_sets(meeting(pairs), 0b001, 0b111, most=9, few=0) == ([0b111], None)
    assert minimal_sets(meeting(pairs), 0b001, 0b111, most=2, few=0) == ([], 2)
    assert minimal_sets(meeting(pairs), 0b001, 0b111, most=2, few=1) == ([0b111], None)
