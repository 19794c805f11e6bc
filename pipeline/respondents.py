"""A table of respondents, read by its codebook: who was asked, who gave an answer, who meets a condition.

A *table of respondents* has one row per organisation: `organisation`, then for a question answered once one
column of answer ids, and for a question that allows several answers one column `question.answer` per answer,
1 where it was given and 0 where not. Empty cells mean "not asked" (routing), never "don't know", which is an answer.
"""

import pandas as pd


def select(table, condition):
    """Which rows of a table of respondents meet a condition: a boolean Series on the table's index.

    Works on any table with the columns that the condition needs, so also on the solver's table of possible
    respondents. An organisation that was not asked a question meets neither `any` nor `all`, but does meet `none`.
    """
    rows = pd.Series(True, index=table.index)
    for question, test in condition.items():
        if test.any:
            rows &= _gave(table, question, test.any)
        for answer in test.all:
            rows &= _gave(table, question, (answer,))
        if test.none:
            rows &= ~_gave(table, question, test.none)
    return rows


def _gave(table, question, answers):
    if question in table.columns:
        return table[question].isin(answers).astype(bool)
    rows = pd.Series(False, index=table.index)
    for answer in answers:
        rows |= table[f"{question}.{answer}"].eq(1).fillna(False).astype(bool)
    return rows


def gave(table, question, category):
    """Which rows gave an answer, or any answer of a net, of a Question: a boolean Series."""
    return _gave(table, question.id, question.members(category))


def asked(table, question):
    """Which rows a Question was asked of, by its routing: a boolean Series."""
    return select(table, question.asked_if)


def typed(table, codebook):
    """The table with the codebook's columns, in order and typed: answer ids as text, several-answer columns as Int8."""
    types = {c: "string" for c in codebook.columns}
    types |= {c: "Int8" for q in codebook.questions if q.several for c in q.columns}
    return table[codebook.columns].astype(types)
