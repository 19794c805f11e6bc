"""The columns of a delivery placed under the questions of a codebook, and their answers under its answers.

Everything is matched by what the file itself says: column names (letter case aside), the texts of questions, labels,
codes and spellings of answers (`pipeline.offers`).
"""

from shlex import quote
from typing import NamedTuple

import pandas as pd

from pipeline.delivered_cells import answer_cells, code_of, labelled, mentioned, stop_at_missing_value
from pipeline.delivery import AnswerSet
from pipeline.dispositions import OUTCOMES
from pipeline.offers import Edit, answers_told, known_among, match, offers_of
from pipeline.problems import InputProblem
from pipeline.raw import (
    CONTACT_HISTORY,
    FRAME,
    INTERVIEWS,
    MODES,
    PERSONAL,
    STATUSES,
    frame_questions,
    interview_questions,
    raw_columns,
)
from pipeline.texts import ITEMS, fold


class Placed(NamedTuple):
    """A delivery under a codebook's questions.

    `columns`: text cells by column of the raw files. `texts`: what the file says was asked, by question. `edits`: what
    the codebook's draft has to change in answers. `moved`: {question id: its column}, where that is another one.
    `silent`: (question, answer) of which the labels of the file say nothing; `no_answers`: those that the file declares
    to be missing values, and the codebook does not. `told`: the columns of a table of respondents of which the file
    itself says what they are. `rest`: the columns and sets left over.
    """

    columns: dict[str, pd.Series]
    texts: dict[str, str]
    edits: tuple[Edit, ...]
    moved: dict[str, str]
    silent: tuple[tuple[str, str], ...]
    no_answers: tuple[tuple[str, str], ...]
    told: tuple[str, ...]
    rest: tuple[str | AnswerSet, ...]


def place(delivery, codebook, questions, *, needed, own, same=None, leave_out=()):
    """The Placed columns of a delivery: those of `questions`, and the raw files' own (ids, dates, names).

    `needed` are the ids of the questions that it must have, `own` the names of `own_columns` for this file. `same` says
    what a column is where its name does not, {column: id of a question, or name of a column of the raw files};
    `leave_out` names columns that are none of the survey's. Raises InputProblem for a needed question without its
    columns, for two columns that are to be one, for one with another question's text, where codes and labels contradict
    the codebook, and at a value that the file declares to be missing where one that is not must stand: in a size, an
    id or a date, or a tick.
    """
    same = same or {}
    known = {fold(c): c for c in delivery.table.columns if fold(c) not in {fold(o) for o in leave_out}}
    own = _own(known, own, same, delivery.file, ids={q.id for q in questions})
    for question in questions:
        _stop_at_two(question.id, _said_of(question, same, known), delivery.file)
    for name, column in own.items():
        if name not in PERSONAL:
            stop_at_missing_value(delivery.table[column], delivery, known={*MODES, *OUTCOMES, *STATUSES})
    columns = {name: labelled(delivery.table[c], delivery.labels.get(c, {})) for name, c in own.items()}
    used = set(own.values())
    others = {f: c for f, c in known.items() if c not in used}
    texts, edits, moved, silent, no_answers, told = {}, [], {}, [], [], []
    there = [(q, _columns_of(_moved(q, same, known), others, delivery)) for q in questions]
    missing = [_moved(q, same, known) for q, found in there if found is None and q.id in needed]
    if missing:
        _stop_at_missing(missing, known, delivery, codebook)
    for before, found in there:
        if found is None:
            continue
        question = _moved(before, same, known)
        used |= set(found.columns)
        text = _text_of(question, found, delivery)
        if before.id not in same.values():  # what a person says goes before what the file does
            _stop_at_text_of_another(text, before, found.columns[0], codebook, delivery.file)
        offered = offers_of(question, found, delivery)
        changed, given = match(question, offered, delivery, found.columns)
        edits += changed
        no_answers += [(question.id, a.id) for a, offer in given if offer.missing and not a.missing]
        if found.columns[0] in delivery.labels and (question.kind != "multiple" or found.mentions):
            said = {a.id for a, _ in given}
            silent += [(question.id, a.id) for a in question.answers if a.id not in said]
        if found.mentions:
            columns |= mentioned(question, found, delivery, changed, given)
        else:
            columns |= dict(zip(question.export_columns, answer_cells(question, found, delivery), strict=True))
        told += _told(question, text, given)
        if text and fold(text) not in _called(before):
            texts[question.id] = text
        if question.column != before.column:
            moved[question.id] = question.column
    sets = [s for s in delivery.sets if not used & set(s.columns)]
    rest = [c for c in known.values() if c not in used | {c for s in sets for c in s.columns}]
    of_answers = (tuple(silent), tuple(no_answers), tuple(told))
    return Placed(columns, texts, tuple(edits), moved, *of_answers, (*rest, *sets))


def _own(known, names, same, file, ids):
    """By name the columns of a file that are the raw files' own, of which it may have those of `names`.

    What `same` says to be one of `ids` is a question, even where a column of the raw files is called so too.
    """
    found, spoken_of = {}, {known[fold(column)] for column in same if fold(column) in known}
    for name in names:
        # What a person says of a column goes before what it is called.
        said = [c for c, meant in same.items() if meant == name and name not in ids and fold(c) in known]
        said = [known[fold(c)] for c in said]
        own = known.get(fold(name))
        here = said or ([own] if own is not None and own not in spoken_of else [])
        _stop_at_two(name, here, file)
        if here:
            found[name] = here[0]
    return found


def _stop_at_two(name, columns, file):
    """Raise InputProblem where more than one column is to be the one of a name: neither goes before the other."""
    if len(columns) > 1:
        what, do = f"two columns are {name}", "leave one of them out (--leave-out)"
        raise InputProblem(what, file=file, row=1, found=ITEMS.join(columns), do=do)


def own_columns(codebook, file=None):
    """The columns of the raw files that are no question's in their file; of these, those that a delivery of `file` has.

    A delivery may have columns of the other files beside its own (names of contacts in the interviews), but one that is
    called as a question's of its own is the question's.
    """
    facts, asked = frame_questions(codebook), interview_questions(codebook)
    held = {FRAME: facts, CONTACT_HISTORY: [], INTERVIEWS: asked}
    own = {
        name: [c for c in columns if c not in {e for q in held[name] for e in q.export_columns}]
        for name, columns in raw_columns(codebook).items()
    }
    # Interviews may hold the facts of the frame too.
    questions = [*facts, *asked] if file == INTERVIEWS else held.get(file, [])
    taken = {fold(c) for q in questions for c in q.export_columns} - {fold(c) for c in own.get(file, [])}
    return [c for c in dict.fromkeys(c for columns in own.values() for c in columns) if fold(c) not in taken]


def _moved(question, same, known):
    """The question with the column that `same` gives it, if the file has one of that name."""
    columns = _said_of(question, same, known)
    return question.model_copy(update={"column": columns[0]}) if columns else question


def _said_of(question, same, known):
    """The columns of the file that are a question's by what `same` says."""
    said = [c for c, meant in same.items() if meant == question.id]
    return [c for c in said if any(k == fold(c) or k.startswith(f"{fold(c)}_") for k in known)]


class Found(NamedTuple):
    """Where a question's answers are in a delivery: one column, one per answer, or one per mention."""

    columns: tuple[str, ...]
    set_: AnswerSet | None = None

    @property
    def mentions(self):
        """Whether each column holds one of the answers, by its code, and not the ticks of one answer."""
        return self.set_ is not None and self.set_.counted is None


def _columns_of(question, known, delivery):
    names = [fold(c) for c in question.export_columns]
    if question.kind != "multiple":
        return Found((known[names[0]],)) if names[0] in known else None
    base = fold(question.column or question.id)
    of_name = next((s for s in delivery.sets if fold(s.name) == base), None)
    if all(n in known for n in names):
        columns = tuple(known[n] for n in names)
        of_columns = next((s for s in delivery.sets if s.counted and set(columns) <= set(s.columns)), None)
        return Found(columns, of_columns)
    if of_name is None or not all(fold(c) in known for c in of_name.columns):
        return None
    if of_name.counted is None:
        return Found(of_name.columns, of_name)
    answers = {fold(t): a.id for a in question.answers for t in a.texts}
    told = {c: known_among(text, answers) for c, text in answers_told(of_name.columns, delivery).items()}
    by_answer = {answers[fold(text)]: c for c, text in told.items() if text is not None}
    columns = [by_answer.get(a.id) for a in question.answers]
    return Found(tuple(columns), of_name) if None not in columns else None


def _called(question):
    """What a file may call a question, and mean no other by it: its text and its label, folded."""
    return fold(question.text), fold(question.label)


def _told(question, text, given):
    """The columns of respondents that a delivery tells: of ticks by the text of the answer, else by the question's."""
    if question.kind == "multiple":
        return [f"{question.id}.{answer.id}" for answer, offer in given if offer.label]
    return [question.id] if fold(text) in _called(question) else []


def _stop_at_text_of_another(text, question, column, codebook, file):
    """Raise InputProblem where a column that is named as a question's has the text of another: two are exchanged."""
    others = [q for q in codebook.questions if fold(text) in _called(q)]
    if others and fold(text) not in _called(question):
        raise InputProblem(
            f"by its name this column is {question.id} ({question.label}), and its text is that of {others[0].id}",
            **{"file": file, "column": column, "found": text},
            do=f"ask the agency which is right: say --same {quote(f'{column}={question.id}')} if it is the name; if it "
            f"is the text, say --same {quote(f'{column}={others[0].id}')}, and likewise which column is {question.id}",
        )


def _stop_at_missing(lacking, known, delivery, codebook):
    """Raise InputProblem for the first question that the delivery lacks, naming the column that may be it."""
    question, *others = lacking
    names = question.export_columns
    missing = next((n for n in names if fold(n) not in known), names[0])
    own = {fold(c) for columns in raw_columns(codebook).values() for c in columns}
    unplaced = [c for f, c in known.items() if f not in own]
    told = [c for c in unplaced if fold(_text_or_name(c, delivery)) in _called(question)]
    near = told or [c for c in unplaced if _answers_it(delivery.table[c], question)]
    do = f"if another column is it, say --same COLUMN={question.id}; if the questionnaire dropped it, write the wave's "
    do += "codebook by hand (docs/new_wave.md)"
    if question.asked_of == "frame":
        do = f"give the frame that has it (--frame), or say --same COLUMN={question.id} if another column is it"
    if near:
        do = f"{near[0]} may be it: if so, say --same {quote(_stem(near[0], question) + '=' + question.id)}"
    what = f"the question {question.id} ({question.label}) is missing: no such column"
    if others:
        what += f"; nor are there columns of {', '.join(q.id for q in others)}"
    found = ", ".join(unplaced) if unplaced else None
    raise InputProblem(what, file=delivery.file, row=1, column=missing, found=found, do=do)


def _stem(column, question):
    return column.rpartition("_")[0] or column if question.kind == "multiple" else column


def _text_or_name(column, delivery):
    return delivery.texts.get(column, column)


def _answers_it(cells, question):
    """Whether every text of a column is an answer of a question, and not all are numbers or ticks."""
    texts = {fold(c) for c in cells.unique()} - {""}
    known = {fold(t) for a in question.answers for t in a.texts}
    return (
        bool(texts) and texts <= known and not all(code_of(t) is not None for t in texts) and question.kind == "single"
    )


def _text_of(question, found, delivery):
    """What the delivery says was asked: the text of its set, or of its one column."""
    if found.set_ is not None and found.set_.label:
        return found.set_.label
    return delivery.texts.get(found.columns[0], "") if question.kind != "multiple" else ""
