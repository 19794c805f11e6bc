"""Swapped codes are given away by shares only where nothing else explains them."""

import numpy as np
import pytest

from pipeline.swapped import alike, p_value, swapped, swapped_columns

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


# ---- columns

TICKED = {"a": 0.8, "b": 0.5, "c": 0.45, "d": 0.1}


def ticks(rng, shares, asked=200):
    """How many chose each answer and how many did not."""
    return {c: np.array([n := rng.binomial(asked, share), asked - n]) for c, share in shares.items()}


def test_ticks_with_the_same_shares_never_look_swapped():
    rng = np.random.default_rng(5)
    assert not any(swapped_columns(ticks(rng, TICKED), ticks(rng, TICKED)) for _ in range(300))


def test_swapped_ticks_are_found_beside_others_that_moved():
    rng = np.random.default_rng(6)
    now = TICKED | {"a": TICKED["d"], "d": TICKED["a"], "b": 0.9}
    found = [swapped_columns(ticks(rng, now), ticks(rng, TICKED)) for _ in range(200)]
    assert set(found) <= {("a", "d"), None}
    assert found.count(("a", "d")) > 180


def test_an_answer_that_moves_to_where_another_stays_is_no_swap():
    """It takes two: of b and c, which are much the same, one moves to where a is, and a stays."""
    rng = np.random.default_rng(7)
    now = TICKED | {"c": TICKED["a"]}
    assert not any(swapped_columns(ticks(rng, now), ticks(rng, TICKED)) for _ in range(300))


def test_alike_are_the_ticks_of_one_question_and_questions_with_one_set_of_answers(small_codebook):
    outlook = small_codebook.question("outlook")
    asked = {"id": "prospect", "label": "Prospects", "column": "V3"}
    routed = {"id": "return", "column": "V4", "asked_if": small_codebook.question("profit").asked_if}
    more = [outlook.model_copy(update=update) for update in (asked, routed)]
    book = small_codebook.model_copy(update={"questions": (*small_codebook.questions, *more)})
    found = [of.columns for of in alike(book) if len(of.columns) > 1]
    assert [list(columns) for columns in found] == [
        [f"events.{a.id}" for a in book.question("events").answers],
        [f"goods.{a.id}" for a in book.question("goods").answers],
        ["outlook", "prospect"],
    ]
    assert found[0]["events.crafts"] == ("Crafts", "E1_2")
    assert found[2]["prospect"] == ("Prospects", "V3")
