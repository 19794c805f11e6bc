"""Marks under other weights: the choices, what lies between them, and which orders and changes survive them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_waves import STEPS, stepped, two_waves, wave_of

from pipeline.codebook import TOTAL
from pipeline.harmonise import register
from pipeline.maturity import marks_of
from pipeline.step_weights import _turned, choices, robustness, what_survives
from pipeline.track import books


@pytest.fixture(scope="module")
def book(small_codebook):
    return stepped(small_codebook)


@pytest.fixture(scope="module")
def waves(book, make_respondents):
    return two_waves(book, make_respondents)


def test_every_choice_of_weights_adds_up_to_one(book):
    made = choices(book)
    assert all(sum(w.values()) == pytest.approx(1) for w in made.values())
    # Every step alike, 2 alone, 2 left out, 4 criteria left out, every criterion alike
    assert len(made) == 1 + 2 + 2 + 4 + 1 and next(iter(made)) == "every step alike"


def test_a_criterion_that_is_left_out_is_the_one_that_is_named_and_the_others_of_its_step_have_its_weight(book):
    made = choices(book)
    for step in book.steps:
        others = {f"{s.id}.{c.id}": 1 / len(book.steps) / len(s.criteria) for s in book.steps for c in s.criteria}
        for left in step.criteria if len(step.criteria) > 1 else ():
            kept = {f"{step.id}.{c.id}": 1 / len(book.steps) / (len(step.criteria) - 1) for c in step.criteria}
            expected = {k: v for k, v in (others | kept).items() if k != f"{step.id}.{left.id}"}
            assert made[f"without: {left.label}"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("usual", "other", "turned"),
    [(0.2, 0.1, False), (0.2, -0.1, True), (0.2, 0.0, True), (0.0, 0.0, False), (0.0, 0.1, True), (-0.2, -0.3, False)],
)
def test_a_choice_turns_a_difference_that_it_turns_round_makes_or_takes_away(usual, other, turned):
    apart = pd.Series({"every step alike": usual, "without: a": other, "only: b": usual})
    difference, least, most, survives, left_out, against = _turned(apart)
    assert (difference, least, most) == (usual, min(usual, other), max(usual, other))
    assert (survives, left_out, against) == (not turned, not turned, "without: a" if turned else "")


def test_criteria_and_steps_of_one_label_are_different_choices(book):
    alike = [
        s.model_copy(update={"label": "Go", "criteria": [c.model_copy(update={"label": "Has it"}) for c in s.criteria]})
        for s in STEPS
    ]
    made = choices(book.model_copy(update={"steps": tuple(alike)}))
    assert list(made.values()) == list(choices(book).values())
    assert {"only: Go (sell)", "without: Go (look)", "without: Has it (sell.shop)"} <= set(made)


def test_a_label_that_is_written_as_another_is_told_apart_is_a_choice_of_its_own(waves, book):
    """Two steps called Go are Go (sell) and Go (look); so is a criterion by itself. Other waves call none so."""
    first, second = STEPS
    named = second.criteria[0].model_copy(update={"label": "Go (look)"})
    second = second.model_copy(update={"label": "Go", "criteria": (named, *second.criteria[1:])})
    steps = (first.model_copy(update={"label": "Go"}), second)
    after = replace(waves[1], codebook=book.model_copy(update={"steps": steps, "wave": waves[1].wave}))
    assert list(choices(after.codebook).values()) == list(choices(book).values())
    changed = what_survives(robustness([waves[0], after]), [waves[0], after], breaks=register(books(waves)))
    usual = what_survives(robustness(waves), waves, breaks=register(books(waves)))
    pd.testing.assert_frame_equal(changed.drop(columns="against"), usual.drop(columns="against"))


def test_any_weights_for_the_steps_lie_between_those_of_one_step_alone(waves, book):
    table = robustness(waves[:1])
    marks = table.set_index(["choice", "break", "group", "basis"])["mark"]
    people = marks_of(waves[0].respondents, book)
    rng = np.random.default_rng(3)
    for weights in rng.dirichlet([1, 1], 20):
        mark = (people[["sell", "look"]] * weights).sum(axis=1).mean()
        ends = [marks[f"only: {label}", TOTAL, TOTAL, "unweighted"] for label in ("Sell", "Look ahead")]
        assert min(ends) - 1e-12 <= mark <= max(ends) + 1e-12
    assert marks["every step alike", TOTAL, TOTAL, "unweighted"] == pytest.approx(people["overall"].mean())


@pytest.mark.parametrize(
    "kinds, pairs",
    [
        (("fieldwork", "rehearsal", "fieldwork"), {("2019", 2020), ("2019", 2021)}),
        (("fieldwork", "fieldwork", "fieldwork"), {("2019", 2020), ("2020", 2021)}),
    ],
)
def test_what_survives_sets_no_real_wave_against_a_rehearsal(book, make_respondents, kinds, pairs):
    made = [wave_of(book, make_respondents(book, 60, i), 2019 + i, kind=kind) for i, kind in enumerate(kinds)]
    found = what_survives(robustness(made), made, breaks=register(books(made)))
    changes_ = found[found["kind"].eq("change")]
    assert set(zip(changes_["other"], changes_["wave"], strict=True)) == pairs


def test_without_steps_there_is_nothing_to_survive(waves):
    bare = [replace(w, codebook=w.codebook.model_copy(update={"steps": ()})) for w in waves]
    assert what_survives(robustness(bare), bare, breaks=register(books(bare))).empty


def test_what_survives_says_which_choice_turns_it(waves):
    table = robustness(waves)
    found = what_survives(table, waves, breaks=register(books(waves)))
    assert set(found["kind"]) == {"order", "change"}
    for row in found[found["basis"].eq("unweighted")].to_dict("records"):
        turned = [c for c in row["against"].split("; ") if c]
        assert row["survives"] == (not turned)
        assert row["survives_left_out"] == all(c.startswith("only: ") for c in turned)
        if row["survives"] and row["difference"]:
            assert row["least"] * row["most"] > 0
    sector = found[found["kind"].eq("order") & found["break"].eq("kind") & found["basis"].eq("unweighted")].iloc[0]
    marks = table[table["choice"].eq("every step alike") & table["basis"].eq("unweighted")].set_index(["wave", "group"])
    assert sector["difference"] == pytest.approx(marks.loc[(2020, "lib"), "mark"] - marks.loc[(2020, "mus"), "mark"])


def test_a_step_that_is_only_called_something_else_is_the_same_step(waves):
    """The labels of steps and criteria are no part of what is compared."""
    steps = [s.model_copy(update={"label": f"{s.label}, reworded"}) for s in waves[-1].codebook.steps]
    reworded = replace(waves[-1], codebook=waves[-1].codebook.model_copy(update={"steps": tuple(steps)}))
    found = []
    for made in (waves, [*waves[:-1], reworded]):
        survives = what_survives(robustness(made), made, breaks=register(books(made)))
        found.append(survives[survives["kind"].eq("change")].drop(columns="against").reset_index(drop=True))
    assert len(found[0])
    pd.testing.assert_frame_equal(*found)
