"""Whom a share is of, in one form, so that claims worded apart can be seen to speak of the same organisations.

A *whom* is a frozenset of plain tests that must all hold: (question, True, answers) for having given one of these
answers, (question, False, answers) for having given none of them. No test at all is everyone.
"""

from itertools import product

import pandas as pd

from pipeline.codebook import TOTAL
from pipeline.respondents import select

# A break over a question of several answers is looked through pattern by pattern, up to so many answers.
MOST_ANSWERS = 12


def whom(codebook, *conditions):
    """The organisations that meet all of these conditions of the codebook, as a frozenset of plain tests.

    Who gave an answer was asked, so the question's routing is part of it; who gave any answer of a question of one
    answer is whoever was asked, and who gave none of some answers of a question put to everyone gave another.
    """
    tests = frozenset()
    for condition in conditions:
        for question_id, test in condition.items():
            for answers in ([test.any] if test.any else []) + [(answer,) for answer in test.all]:
                tests |= _gave(codebook, question_id, answers)
            question = codebook.question(question_id)
            if test.none and not question.several and not question.asked_if:
                others = [a.id for a in question.answers if a.id not in test.none]
                tests |= _gave(codebook, question_id, others)
            else:
                tests |= {(question_id, False, frozenset([answer])) for answer in test.none}
    return tests


def _gave(codebook, question_id, answers):
    question = codebook.question(question_id)
    any_answer = not question.several and set(answers) == {a.id for a in question.answers}
    own = frozenset() if any_answer else frozenset([(question_id, True, frozenset(answers))])
    return own | whom(codebook, question.asked_if)


def within(inner, outer):
    """Whether whoever meets the one whom is seen to meet the other."""
    return all(any(q == r and gave == had and a <= b for q, gave, a in inner) for r, had, b in outer)


def base_of(codebook, claim, group=None):
    """Whom a claim's share is of: its base and its group (or another group of its break)."""
    group = codebook.group(claim["break"], group or claim["group"])
    return whom(codebook, codebook.base(claim["base"]).where, group.where)


def counted_of(codebook, claim):
    """Whom a claim counts: those of its base who gave its category."""
    question = codebook.question(codebook.measure(claim["measure"]).question)
    return base_of(codebook, claim) | _gave(codebook, question.id, question.members(claim["category"]))


def share_of(codebook, claim):
    """What a claim of a share or count is a claim of: (question, category, whom)."""
    return codebook.measure(claim["measure"]).question, claim["category"], base_of(codebook, claim)


def parts_those_asked(codebook, break_id):
    """Whether a break's groups part whom they are made of: everyone asked is in exactly one, whatever they say."""
    groups = codebook.groups(break_id)
    asked = {q for g in groups for q in g.where}
    if break_id == TOTAL or len(asked) != 1:
        return False
    kinds = _kinds(codebook.question(asked.pop()), groups)
    return kinds is not None and bool(sum(select(kinds, g.where).astype(int) for g in groups).eq(1).all())


def groups_of(codebook, break_id, base):
    """The whoms into which a break that `parts_those_asked` parts a base; none where not all of the base were asked."""
    groups = codebook.groups(break_id)
    asked = {q for g in groups for q in g.where}
    if not all(within(base, whom(codebook, codebook.question(q).asked_if)) for q in asked):
        return ()
    return tuple(base | whom(codebook, g.where) for g in groups)


def _kinds(question, groups):
    """One row for each way to answer a question, as far as the groups tell them apart."""
    if not question.several:
        return pd.DataFrame({question.id: [a.id for a in question.answers]})
    named = {a for g in groups for t in g.where.values() for a in (*t.any, *t.all, *t.none)}
    if len(named) > MOST_ANSWERS:
        return None
    columns = [f"{question.id}.{a.id}" for a in question.answers if a.id in named]
    kinds = pd.DataFrame(product((0, 1), repeat=len(columns)), columns=columns)
    some = question.min_answers > 0 and len(columns) == len(question.answers)
    return kinds[kinds.any(axis=1)] if some else kinds
