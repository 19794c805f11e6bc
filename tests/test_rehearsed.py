"""A rehearsal's truth beside what was found of it: what a test should have said, and no move that nobody stated."""

from types import SimpleNamespace

import pandas as pd
import pytest

from pipeline.change import DOWN, NO_CLEAR_CHANGE, UP
from pipeline.rehearsed import COLUMNS, FALSE, FOUND, MISSED, RIGHT, beside_truth, moved_by, tally

TRUTH = SimpleNamespace(
    before=2020, moved={"outlook": {"bright": 0.2, "bleak": -0.2}, "events": {"talks": -0.1}}, becomes={"profit": {}}
)


def waves_of(codebook, kind="rehearsal"):
    books = {2020: codebook, 2021: codebook.model_copy(update={"wave": 2021, "kind": kind})}
    return [SimpleNamespace(wave=year, kind=book.kind, codebook=book) for year, book in books.items()]


def changes_of(*rows, **of_all):
    """A table of changes: measure, category and word of each row, which are of everyone and tested."""
    same = {"wave": 2021, "since": 2020, "break": "total", "group": "total", "basis": "unweighted", "change": 0.1}
    same |= {"ci_low": 0.01, "ci_high": 0.2, "p_adjusted": 0.03} | of_all
    return pd.DataFrame([same | dict(zip(("measure", "category", "word"), row, strict=True)) for row in rows])


def parts_of(changes):
    return changes[["wave", "since", "measure", "category", "basis"]].assign(mix=0.02)


@pytest.mark.parametrize(
    ("measure", "category", "moved"),
    [
        ("outlook", "bright", 0.2),
        ("outlook", "steady", 0),
        # A net of one answer that falls and one that stays, and one of all that moves: what is stated adds up.
        ("outlook", "not_bright", -0.2),
        ("events", "talks", -0.1),
        ("events", "crafts", 0),
        # Whoever gives up talks may hold concerts as well or not: nobody stated what becomes of either or both.
        ("events", "spoken_or_sung", None),
        ("shop", "yes", 0),
        # Only who holds other events is asked, and the truth moves what events are held.
        ("events_other", "games", None),
        ("profit", "yes", None),
    ],
)
def test_a_move_is_known_as_far_as_the_truth_states_it(small_codebook, measure, category, moved):
    with_profit = small_codebook.measure("shop").model_copy(update={"id": "profit", "question": "profit"})
    book = small_codebook.model_copy(update={"measures": (*small_codebook.measures, with_profit)})
    assert moved_by(book, measure, category, TRUTH) == moved


def test_each_test_has_the_verdict_that_the_truth_gives_it(small_codebook):
    changes = changes_of(
        ("outlook", "bright", UP),
        ("outlook", "bleak", UP),
        ("outlook", "not_bright", NO_CLEAR_CHANGE),
        ("shop", "yes", DOWN),
        ("shop", "no", NO_CLEAR_CHANGE),
        ("events", "spoken_or_sung", DOWN),
    )
    table = beside_truth(changes, parts_of(changes), waves_of(small_codebook), TRUTH)
    assert list(table) == COLUMNS
    assert table["verdict"].tolist() == [FOUND, FALSE, MISSED, FALSE, RIGHT]
    assert table["mix"].eq(0.02).all()
    assert tally(table).set_index("verdict")["shares"].to_dict() == {FOUND: 1, FALSE: 2, MISSED: 1, RIGHT: 1}


@pytest.mark.parametrize(
    ("of_all", "kind", "truth"),
    [
        ({}, "fieldwork", TRUTH),
        ({}, "rehearsal", None),
        ({"since": 2019}, "rehearsal", TRUTH),
        ({"break": "kind", "group": "lib"}, "rehearsal", TRUTH),
        ({"p_adjusted": None}, "rehearsal", TRUTH),
    ],
    ids=["a real wave", "no truth", "since another wave", "of a group", "without a test"],
)
def test_of_what_no_truth_was_stated_there_is_no_row(small_codebook, of_all, kind, truth):
    changes = changes_of(("outlook", "bright", UP), **of_all)
    table = beside_truth(changes, parts_of(changes), waves_of(small_codebook, kind), truth)
    assert table.empty and list(table) == COLUMNS
