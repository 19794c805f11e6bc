"""Answer codes that look swapped: a file without labels gives them away by shares alone, if at all."""

from itertools import combinations

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
