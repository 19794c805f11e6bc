"""Codes or columns that look swapped: a file without labels and texts gives them away by shares alone, if at all."""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from pipeline.changes import each_text
from pipeline.problems import InputProblem
from pipeline.raw import interview_questions
from pipeline.texts import tidy

# Fewer coded answers than this say too little about shares.
FEWEST = 30
# Shares this improbable as they stand, and this probable once two codes are exchanged or the whole scale is reversed.
AS_THEY_STAND, ONCE_SWAPPED = 1e-6, 0.05


def stop_at_swapped_codes(interviews, codebook, before, file):
    """Raise InputProblem at the first question whose codes fit the wave before only if some are exchanged.

    `interviews` are raw, `before` the respondents of the wave before. Only columns of codes are looked at: a
    label says itself what it means. Swapped answers with much the same shares, or that nobody gave, go unseen.
    """
    for question in interview_questions(codebook):
        if question.kind != "single" or question.id not in before:
            continue
        column = question.column or question.id
        codes = {str(a.code): place for place, a in enumerate(question.answers) if a.code is not None}
        cells = each_text(interviews[column], tidy)
        filled = cells[cells.ne("")]
        if len(filled) < FEWEST or not filled.isin(list(codes)).all():
            continue
        now = np.bincount(filled.map(codes), minlength=len(question.answers))
        then = before[question.id].value_counts().reindex([a.id for a in question.answers], fill_value=0).to_numpy()
        order = swapped(now, then, [i for i, a in enumerate(question.answers) if not a.missing])
        if order is not None:
            changed = [a for a, place in zip(question.answers, order, strict=True) if question.answers[place] is not a]
            raise InputProblem(
                f"answer codes look swapped: the answers to {question.id} are unlike those of the wave before, and "
                f"would be like them if {', '.join(f'{a.label} ({a.code})' for a in changed)} were exchanged",
                **{"file": file, "column": column},
                do="ask the agency; if the codes are right, say --codes-are-right",
            )


def swapped(now, then, substantive):
    """The order of answers in which these counts would be like the former ones, if they are unlike them as they stand.

    None where they are not that unlike, or no exchange of two `substantive` answers (nor a reversal of all) mends it.
    """
    if then.sum() == 0 or now.sum() == 0 or p_value(now, then) > AS_THEY_STAND:
        return None
    orders = [_exchanged(len(now), [a, b], [b, a]) for a, b in combinations(substantive, 2)]
    orders.append(_exchanged(len(now), substantive, substantive[::-1]))
    found = max(orders, key=lambda order: p_value(now[order], then), default=None)
    return found if found is not None and p_value(now[found], then) > ONCE_SWAPPED else None


class Alike(NamedTuple):
    """Columns that could stand for each other unseen, since they have the same answers and are asked of the same.

    `columns`: the label of each and its name in an export, by its name in a table of respondents.
    """

    answers: list
    columns: dict[str, tuple[str, str]]


def stop_at_swapped_columns(respondents, codebook, before, told, file):
    """Raise InputProblem at two columns that fit the wave before only if each is taken for the other.

    `respondents` are those of this wave and `before` of the wave before; `told` are the columns among them of which the
    delivery has a text, which says itself what they are. Columns with much the same shares go unseen.
    """
    for answers, columns in alike(codebook):
        names = [c for c in columns if c in before and c not in told]
        now, then = ({c: _counts(table[c], answers) for c in names} for table in (respondents, before))
        enough = [c for c in names if min(now[c].sum(), then[c].sum()) >= FEWEST]
        pair = swapped_columns({c: now[c] for c in enough}, then)
        if pair is not None:
            (label, column), (other_label, other) = (columns[c] for c in pair)
            raise InputProblem(
                f"columns look swapped: the answers in {column} ({label}) and {other} ({other_label}) are unlike those "
                "of the wave before, and would be like them if the two columns were exchanged",
                **{"file": file, "column": column},
                do="ask the agency; if the columns are right, say --codes-are-right",
            )


def alike(codebook):
    """The Alike columns of a codebook, a list: those of the ticks of one question, and of questions answered once."""
    ticks, once = [], {}
    for q in interview_questions(codebook):
        if q.kind == "multiple":
            called = zip((a.label for a in q.answers), q.export_columns, strict=True)
            ticks.append(Alike([1, 0], dict(zip(q.columns, called, strict=True))))
        elif q.kind == "single":
            answers = [a.id for a in q.answers]
            found = once.setdefault(repr((answers, q.asked_if)), Alike(answers, {}))
            found.columns[q.id] = (q.label, *q.export_columns)
    return [*ticks, *once.values()]


def _counts(cells, answers):
    return cells.value_counts().reindex(answers, fill_value=0).to_numpy(dtype=int)


def swapped_columns(now, then):
    """The two columns of which each has counts unlike its former ones, and each would have like ones if exchanged.

    `now` and `then` are {column: counts by answer}. None where no two are like that; where several are, the most
    probable. A column alone may well have moved to where another one was; that the other then took its place is a swap.
    """
    moved = [c for c in now if p_value(now[c], then[c]) <= AS_THEY_STAND]
    # Twice the smaller of the two, as Bonferroni has it: neither is to be improbable.
    like = {(a, b): 2 * min(p_value(now[a], then[b]), p_value(now[b], then[a])) for a, b in combinations(moved, 2)}
    best = max(like, key=like.get, default=None)
    return best if best is not None and like[best] > ONCE_SWAPPED else None


def _exchanged(number, places, by):
    order = np.arange(number)
    order[places] = by
    return order


def p_value(now, then):
    """The p-value of Pearson's test that two rows of counts have one set of shares; 1 where there is one answer."""
    from scipy.stats import chi2_contingency  # slow to load

    table = np.array([now, then])
    table = table[:, table.sum(axis=0) > 0]
    return 1.0 if table.shape[1] < 2 else float(chi2_contingency(table, correction=False).pvalue)
