"""The cells of a delivery as those of raw files: labels for codes, ticks for sets, and no value without a meaning."""

import re
from shlex import quote

import pandas as pd

from pipeline.changes import each_text
from pipeline.privacy import hide_details
from pipeline.problems import InputProblem
from pipeline.responses import tick_readings
from pipeline.texts import ITEMS, NOT_CHOSEN, fold, tidy

# What a label of a tick, folded, may be that says neither that the answer was chosen nor that it was not.
SAYS_NOTHING = re.compile(r"refused?|refusal|(?:don'?t|do not) know|dk|not (?:asked|answered|stated|applicable)|n/a")


def code_of(text):
    """The whole number of at most 12 digits that a text is; None for any other."""
    return int(text) if re.fullmatch(r"-?\d{1,12}", str(text), re.ASCII) else None


def labelled(cells, labels):
    """Cells with the label in place of each code that has one."""
    return each_text(cells, lambda code: labels.get(code, code)).astype("str") if labels else cells.astype("str")


def stop_at_missing_value(cells, delivery, known):
    """Raise InputProblem at a value that the file declares to be missing and that, with its label, is none `known`."""
    labels = delivery.labels.get(cells.name, {})
    said = {v for v in delivery.missing.get(cells.name, ()) if not {fold(v), fold(labels.get(v, v))} & set(known)}
    for row in cells.index[cells.isin(said)]:
        raise InputProblem(
            "the file declares this value to be missing, and it would be read as what it says",
            **{"file": delivery.file, "row": row, "column": cells.name, "found": hide_details(cells[row])},
            do="correct the cell, or declare the value to be none that is missing",
        )


def stop_at_unlabelled(cells, labels, file, *, known=(), needed=False):
    """Raise InputProblem at a value without a label that is none of the `known` texts: nothing says what it means.

    A column that is `needed` cannot be left out.
    """
    for text in dict.fromkeys(map(tidy, cells.unique())):
        if text and text not in labels and fold(text) not in known:
            or_out = "" if needed else f", or say --leave-out {quote(cells.name)} if it is none of the survey's"
            raise InputProblem(
                "the file has no label for this value",
                **{"file": file, "row": cells.index[each_text(cells, tidy).eq(text)][0], "column": cells.name},
                **{"found": hide_details(text), "allowed": ITEMS.join(f"{t} ({code})" for code, t in labels.items())},
                do=f"label it in the file{or_out}",
            )


def answer_cells(question, found, delivery):
    """The cells of the raw columns of a question, each a Series of text.

    Raises InputProblem at a tick that the file declares to be missing and, in a set, at one of a third value.
    """
    table = delivery.table
    if question.kind != "multiple":
        column = found.columns[0]
        return [labelled(table[column], delivery.labels.get(column, {}))]
    cells = []
    for answer, column in zip(question.answers, found.columns, strict=True):
        counted = found.set_.counted if found.set_ else None
        if counted is not None:
            cells.append(ticks_of_counted(table[column], counted, delivery))
        else:
            labels = delivery.labels.get(column, {})
            ticks = tick_readings(question, answer)
            chosen = next((code for code, label in labels.items() if ticks.get(fold(label)) == 1), "1")
            _stop_at_missing_tick(each_text(table[column], tidy), chosen, delivery)
            readable = {c: label for c, label in labels.items() if fold(label) in ticks}
            cells.append(table[column].replace(readable))
    return cells


def mentioned(question, found, delivery, edits, given):
    """The ticks of a set of mentions by raw column: those of each answer, and of each that only the draft has.

    `edits` and `given` are those of `match`: an answer stands where the file has its label or code, and its column is
    called by the code that the draft gives it.
    """
    table = delivery.table[list(found.columns)]
    labels = {c: {code: label for code, label in delivery.labels.get(c, {}).items() if label} for c in table}
    mentions = pd.DataFrame({c: each_text(labelled(table[c], labels[c]), _mention) for c in table})
    asked, name = table.ne("").any(axis=1), question.column or question.id
    codes = {a.id: a.code for a in question.answers}
    codes |= {e.answer: e.offered.code for e in edits if e.answer and None not in (e.offered.code, codes[e.answer])}
    offers = {(i if c is None else c): [o for a, o in given if a.id == i] for i, c in codes.items()}
    offers |= {e.offered.code: [e.offered] for e in edits if e.answer is None}
    texts = {code: {_mention(o.label or str(o.code)) for o in own} for code, own in offers.items()}
    return {f"{name}_{code}": ticks_of(mentions.isin(own).any(axis=1), asked) for code, own in texts.items()}


def _mention(text):
    """A label or code as it is compared: a code without noughts before it, a label folded."""
    return fold(text) if code_of(text) is None else str(code_of(text))


def ticks_of_counted(cells, counted, delivery):
    """The ticks of one answer of a set, from the column in which a value is counted.

    Raises InputProblem at a cell that is neither the counted value nor the one other: a set of two values has one that
    is counted, and one that is not; a third would be taken for "not chosen", whatever its label says. So would a value
    that the file declares to be missing, unless its label says that it is that.
    """
    column, cells = cells.name, each_text(cells, tidy)
    _stop_at_missing_tick(cells, counted, delivery)
    labels = delivery.labels.get(column, {})
    not_chosen = {"0", *(v for v, label in labels.items() if fold(label) in NOT_CHOSEN)}
    others = [text for text in cells.unique() if text not in {counted, "", *not_chosen}]
    if others and (len(others) > 1 or cells.isin(not_chosen).any()):
        raise InputProblem(
            "the file says neither that this value is chosen nor that it is not",
            **{"file": delivery.file, "row": cells.index[cells.eq(others[-1])][0], "column": column},
            **{"found": others[-1], "allowed": f"{counted} for chosen, 0 for not"},
            do="correct the cell, or label the value in the file as not chosen",
        )
    return ticks_of(cells.eq(counted), cells.ne(""))


def _stop_at_missing_tick(cells, chosen, delivery):
    """Raise InputProblem at a value of ticks that the file declares to be missing, or labels so that it says nothing.

    The value of the `chosen` answer is none of these, nor is one whose label says that the answer was not chosen.
    """
    column = cells.name
    labels, missing = delivery.labels.get(column, {}), delivery.missing.get(column, ())
    unsaid = {v for v in missing if fold(labels.get(v, "")) not in NOT_CHOSEN}
    unsaid |= {v for v, label in labels.items() if SAYS_NOTHING.fullmatch(fold(label))}
    for row in cells.index[cells.isin(unsaid - {chosen})]:
        said = "declares this value to be missing" if cells[row] in missing else f"calls this {labels[cells[row]]!r}"
        raise InputProblem(
            f"the file {said}, which is neither chosen nor not chosen",
            **{"file": delivery.file, "row": row, "column": column},
            **{"found": cells[row], "allowed": f"{chosen} for chosen, 0 for not, empty where nothing was asked"},
            do="correct the cell, or declare the value to be none that is missing and label it as not chosen",
        )


def ticks_of(chosen, asked):
    """Ticks as text: 1 where an answer was chosen, 0 where it was not, empty where nothing was asked."""
    return chosen.map({True: "1", False: "0"}).where(asked, "")
