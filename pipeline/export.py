"""A record as a call centre's export spells it: the way back is pipeline/responses.py."""

import numpy as np
import pandas as pd

from pipeline.respondents import asked
from pipeline.texts import fold

# How a column of ticks marks chosen and not chosen; each question keeps to one.
_TICKS = (("1", "0"), ("Yes", "No"), ("X", ""))
_JOINS = ("; ", ", ", ". ", " and ", " / ", " - ", ", and also ")
_ENDS = ("", "", ".", "!", "...")
_BLANKS = (" {}", "{} ", "  {}", "{}\u00a0", "\u00a0{} ")
_CURLY = "\u2019"


def export_answers(rng, records, questions, slips):
    """The export's columns for the answers to some questions, one row per record: text cells, "" where empty.

    `records` is a table of respondents (any index), `slips` the shares of cells with each kind of slip.
    """
    columns = {}
    for question in questions:
        heard = asked(records, question)
        if question.kind == "single":
            cells = [[_label(rng, question, answer, slips) for answer in records[question.id]]]
        elif question.kind == "open":
            cells = [[_own_words(rng, question, given, slips) for given in records[question.columns].to_numpy()]]
        else:
            chosen, not_chosen = _TICKS[rng.integers(len(_TICKS))]
            ticks = records[question.columns].eq(1).fillna(False).to_numpy(dtype=bool)
            marks = np.where(ticks, chosen, not_chosen)
            marks = np.where(heard.to_numpy()[:, None], marks, "")
            cells = [[_slipped(rng, mark, slips) for mark in column] for column in marks.T]
        columns |= dict(zip(question.export_columns, cells, strict=True))
    return pd.DataFrame(columns, index=records.index, dtype="str")


def export_labels(rng, answers, question, slips):
    """A column of answer ids as a list of labels, spelled as an export might."""
    return [_label(rng, question, answer, slips) for answer in answers]


def _label(rng, question, answer_id, slips):
    if pd.isna(answer_id):
        return _slipped(rng, "", slips)
    answer = question.answer(answer_id)
    as_code = slips.missing_as_code if answer.missing else slips.code
    text = answer.label
    spellings = [s for s in answer.spellings if s]
    if answer.code is not None and rng.random() < as_code:
        text = str(answer.code)
    elif spellings and rng.random() < slips.spelling:
        text = spellings[rng.integers(len(spellings))]
    return _slipped(rng, text, slips)


def _own_words(rng, question, given, slips):
    """One phrase per code, in any order, joined and punctuated in any way; nothing where no code was given."""
    told = [a for a, g in zip(question.answers, given, strict=True) if not pd.isna(g) and g == 1]
    phrases = [(a.phrases or (a.label,))[rng.integers(len(a.phrases or (a.label,)))] for a in told]
    if not phrases:
        return _slipped(rng, "", slips)
    join = _JOINS[rng.integers(len(_JOINS))]
    in_order = [phrases[i] for i in rng.permutation(len(phrases))]
    # After the first phrase a sentence begins only where the join ends one.
    rest = [p if join.startswith(".") else p[:1].lower() + p[1:] for p in in_order[1:]]
    return _slipped(rng, join.join([in_order[0], *rest]) + _ENDS[rng.integers(len(_ENDS))], slips)


def _slipped(rng, text, slips):
    """The text with the slips that fall on it; each draws whether or not it applies, so that cells stay independent."""
    case, blanks, curly, which = rng.random(), rng.random(), rng.random(), rng.integers(1 << 16)
    if curly < slips.curly:
        text = text.replace("'", _CURLY)
    if case < slips.letter_case:
        changed = text.upper() if which % 2 else text.lower()
        # Some letters do not survive a change of case; those texts are left alone.
        text = changed if fold(changed) == fold(text) else text
    # An empty cell gets a blank more rarely: typing one there takes a second slip.
    if blanks < slips.blanks * (1 if text else 0.2):
        text = _BLANKS[which % len(_BLANKS)].format(text)
    return text
