"""Running numbers of answers: a table of kinds of respondent holds just those that some respondent can be of."""

from itertools import product

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.codebook import Answer, Question
from pipeline.tallies import NOT_ASKED, Tally

ANSWERS = 5


def question(routed):
    answers = tuple(Answer(id=f"a{k}", label=f"Answer {k}") for k in range(ANSWERS))
    asked_if = {"other": ["yes"]} if routed else {}
    return Question(id="q", text="Which?", label="Which", kind="multiple", answers=answers, asked_if=asked_if)


def respondents(tally):
    """Every respondent that a limit allows: answers and running numbers, and one that was not asked, if any is not."""
    rows = []
    for answers in product([0, 1], repeat=ANSWERS):
        numbers = [min(sum(answers[:k]), tally.most) for k in range(1, ANSWERS + 1)]
        if sum(answers) <= tally.most or not tally.capped:
            rows.append([*answers, *numbers])
    if tally.question.asked_if:
        rows.append([NOT_ASKED] * 2 * ANSWERS)
    return pd.DataFrame(rows, columns=[*tally.question.columns, *tally.columns], dtype=object)


@settings(deadline=None)
@given(st.integers(1, ANSWERS), st.booleans(), st.booleans(), st.data())
def test_a_table_holds_the_kinds_that_some_respondent_is_of_and_no_other(most, capped, routed, data):
    tally = Tally(question(routed), most, capped)
    known = respondents(tally)
    seen = data.draw(st.lists(st.sampled_from(list(known)), min_size=1, unique=True))
    levels = {c: known[c].unique() for c in seen}
    kinds = pd.DataFrame(list(product(*levels.values())), columns=seen, dtype=object)
    allowed = kinds[tally.allowed(kinds, lambda _: True)]
    expected = known[seen].drop_duplicates()
    assert set(map(tuple, allowed.to_numpy())) == set(map(tuple, expected.to_numpy()))


def test_a_column_whose_levels_are_merged_is_not_looked_at():
    tally = Tally(question(routed=False), 1, capped=True)
    kinds = pd.DataFrame({"q.a0": [1, 1], "q.a1": [1, 0]}, dtype=object)
    assert tally.allowed(kinds, lambda _: True).tolist() == [False, True]
    assert tally.allowed(kinds, lambda c: c == "q.a0").tolist() == [True, True]
