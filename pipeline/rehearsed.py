"""What a rehearsal was made to move, beside what the tracker found.

A rehearsal's answers are drawn from a truth that the settings state (`pipeline.rehearse`), so of each of its tests it
is known what it should have said. One wave shows it once, with the luck of one draw; `pipeline.pairs` draws many.
"""

import numpy as np

from pipeline.change import DOWN, NO_CLEAR_CHANGE, UP
from pipeline.codebook import TOTAL

COLUMNS = ["wave", "since", "measure", "category", "basis", "moved", "change", "mix", "ci_low", "ci_high"]
COLUMNS += ["p_adjusted", "word", "verdict"]
FOUND, MISSED, FALSE, RIGHT = "found", "not found", "a false word", "rightly no word"


def beside_truth(changes, parts, waves, truth):
    """Every tested change of everyone in a rehearsal beside what the truth moved: a table with COLUMNS.

    `changes` and `parts` are the tables of `pipeline.change` and `pipeline.decompose` (of which comes `mix`: a sample
    of another make-up moves shares as well, which `moved` has no part in); `truth` is the section `rehearse` of the
    Params, whose wave `before` the rehearsal is compared with, or None. A share that the truth moves by an amount that
    it does not state (`moved_by`) is not in the table.
    """
    rehearsed = {w.wave: w.codebook for w in waves if w.kind == "rehearsal" and truth}
    rows = changes[changes["wave"].isin(list(rehearsed)) & changes["since"].eq(truth.before if truth else "")]
    rows = rows[rows["break"].eq(TOTAL) & rows["p_adjusted"].notna()]
    moved = [moved_by(rehearsed[r.wave], r.measure, r.category, truth) for r in rows.itertuples()]
    rows = rows.assign(moved=np.array(moved, dtype=float))
    keys = ["wave", "since", "measure", "category", "basis"]
    rows = rows[rows["moved"].notna()].merge(parts[[*keys, "mix"]], on=keys, how="left", validate="m:1")
    verdicts = [_verdict(row) for row in rows.to_dict("records")]
    return rows.assign(verdict=np.array(verdicts, dtype=object))[COLUMNS].reset_index(drop=True)


def moved_by(codebook, measure_id, category, truth):
    """By how much a truth moves a share of everyone asked, or None where it does not state that.

    It does not where several answers of an organisation are netted, where the truth says what old answers become, and
    where who is asked or in the base hangs on a question that it moves.
    """
    measure = codebook.measure(measure_id)
    question = codebook.question(measure.question)
    hangs_on = {*question.asked_if, *codebook.base(measure.base).where}
    members, stated = question.members(category), truth.moved.get(question.id, {})
    if question.id in truth.becomes or hangs_on & {*truth.moved, *truth.becomes}:
        return None
    if question.several and len(members) > 1 and set(members) & set(stated):
        return None
    return round(sum(stated.get(answer, 0.0) for answer in members), 9)


def _verdict(row):
    if row["word"] == NO_CLEAR_CHANGE:
        return MISSED if row["moved"] else RIGHT
    return FOUND if row["word"] == {1.0: UP, -1.0: DOWN}.get(np.sign(row["moved"])) else FALSE


def tally(table):
    """How many shares have which verdict, by wave and basis."""
    return table.groupby(["wave", "basis", "verdict"], sort=False).size().rename("shares").reset_index()
