"""Swapped codes are given away by shares only where nothing else explains them."""

import numpy as np
import pytest

from pipeline.swapped import p_value, swapped

SHARES = np.array([0.6, 0.25, 0.1, 0.05])


def test_the_same_shares_never_look_swapped():
    rng = np.random.default_rng(1)
    for _ in range(500):
        assert swapped(rng.multinomial(200, SHARES), rng.multinomial(200, SHARES), [0, 1, 2, 3]) is None


def test_shares_that_moved_do_not_look_swapped():
    rng = np.random.default_rng(2)
    moved = np.array([0.45, 0.35, 0.15, 0.05])
    found = [swapped(rng.multinomial(200, moved), rng.multinomial(200, SHARES), [0, 1, 2, 3]) for _ in range(500)]
    assert not any(order is not None for order in found)


@pytest.mark.parametrize("order", [[2, 1, 0, 3], [1, 0, 2, 3], [3, 2, 1, 0]], ids=str)
def test_an_exchange_or_a_reversal_is_found(order):
    rng = np.random.default_rng(3)
    for _ in range(20):
        then, now = rng.multinomial(300, SHARES), rng.multinomial(300, SHARES)
        found = swapped(now[order], then, [0, 1, 2, 3])
        assert found is not None and found.tolist() == order


def test_a_question_of_two_answers_can_be_swapped_too():
    assert swapped(np.array([160, 40]), np.array([44, 156]), [0, 1]).tolist() == [1, 0]


def test_only_answers_of_substance_are_exchanged():
    """The last of these is a don't know: with it left where it is, nothing makes the counts alike."""
    now, then = np.array([30, 60, 110]), np.array([110, 60, 30])
    assert swapped(now, then, [0, 1, 2]).tolist() == [2, 1, 0]
    assert swapped(now, then, [0, 1]) is None


def test_answers_of_one_share_cannot_be_told_apart():
    assert swapped(np.array([100, 98, 2]), np.array([98, 100, 2]), [0, 1, 2]) is None


def test_nothing_answered_says_nothing():
    assert swapped(np.array([0, 0]), np.array([50, 5]), [0, 1]) is None
    assert swapped(np.array([50, 5]), np.array([0, 0]), [0, 1]) is None
    assert p_value(np.array([5, 0]), np.array([9, 0])) == 1.0
