"""The columns of a delivery placed under the questions of a codebook, and their answers under its answers.

Everything is matched by what the file itself says: column names (letter case aside), the texts of questions, labels,
codes and spellings of answers. What contradicts the codebook stops, by name; what differs from it in a way that a new
questionnaire may is an Edit, a change to the codebook's draft.
"""

import re
from difflib import SequenceMatcher
from shlex import quote
from typing import NamedTuple

import pandas as pd

from pipeline.changes import each_text
from pipeline.clean import band_codes
from pipeline.delivery import AnswerSet
from pipeline.dispositions import OUTCOMES
from pipeline.privacy import hide_details
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
from pipeline.responses import tick_readings
from pipeline.texts import ITEMS, NOT_CHOSEN, fold, tidy

# What stands between the text of a question and that of an answer.
SEPARATOR = re.compile(r": | - | \N{EN DASH} |\? ")
# From this likeness two texts are taken for one that was reworded; below it a person has to say so.
ALIKE = 0.6
# A text of a file without labels is the reworded label of the answer that it is so much like.
NEARLY = 0.8


class Offered(NamedTuple):
    """An answer as a delivery offers it: its code and label, either of them missing where the file does not say."""

    code: int | None
    label: str | None
    missing: bool = False


class Edit(NamedTuple):
    """A change to one answer of the draft: another label or code, or an answer that is new (`answer` is None)."""

    question: str
    answer: str | None
    offered: Offered


class Placed(NamedTuple):
    """A delivery under a codebook's questions.

    `columns`: text cells by column of the raw files. `texts`: what the file says was asked, by question. `edits`: what
    the codebook's draft has to change in answers. `moved`: {question id: its column}, where that is another one.
    `silent`: (question, answer) of which the labels of the file say nothing; `no_answers`: those that the file declares
    to be missing values, and the codebook does not. `rest`: the columns and sets left over.
    """

    columns: dict[str, pd.Series]
    texts: dict[str, str]
    edits: tuple[Edit, ...]
    moved: dict[str, str]
    silent: tuple[tuple[str, str], ...]
    no_answers: tuple[tuple[str, str], ...]
    rest: tuple[str | AnswerSet, ...]


def likeness(one, other):
    """How much two texts are alike, from 0 to 1 (difflib's ratio of their folded forms)."""
    return SequenceMatcher(None, fold(one), fold(other), autojunk=False).ratio()


def place(delivery, codebook, questions, *, needed, own, same=None, leave_out=()):
    """The Placed columns of a delivery: those of `questions`, and the raw files' own (ids, dates, names).

    `needed` are the ids of the questions that it must have, `own` the names of `own_columns` for this file. `same` says
    what a column is where its name does not, {column: id of a question, or name of a column of the raw files};
    `leave_out` names columns that are none of the survey's. Raises InputProblem for a needed question without its
    columns, for two columns that are to be one, where codes and labels contradict the codebook, and at a value that the
    file declares to be missing where one that is not must stand: in a size, an id or a date, in the ticks of a set.
    """
    same = same or {}
    known = {fold(c): c for c in delivery.table.columns if fold(c) not in {fold(o) for o in leave_out}}
    own = _own(known, own, same, delivery.file, ids={q.id for q in questions})
    for question in questions:
        _stop_at_two(question.id, _said_of(question, same, known), delivery.file)
    for name, column in own.items():
        if name not in PERSONAL:
            _stop_at_missing_value(delivery.table[column], delivery, known={*MODES, *OUTCOMES, *STATUSES})
    columns = {name: labelled(delivery.table[c], delivery.labels.get(c, {})) for name, c in own.items()}
    used = set(own.values())
    others = {f: c for f, c in known.items() if c not in used}
    texts, edits, moved, silent, no_answers = {}, [], {}, [], []
    there = [(q, _columns_of(_moved(q, same, known), others, delivery)) for q in questions]
    missing = [_moved(q, same, known) for q, found in there if found is None and q.id in needed]
    if missing:
        _stop_at_missing(missing, known, delivery, codebook)
    for before, found in there:
        if found is None:
            continue
        question = _moved(before, same, known)
        used |= set(found.columns)
        offered = _offered(question, found, delivery)
        changed, given = _match(question, offered, delivery, found.columns)
        edits += changed
        no_answers += [(question.id, a.id) for a, offer in given if offer.missing and not a.missing]
        if found.columns[0] in delivery.labels and (question.kind != "multiple" or found.mentions):
            said = {a.id for a, _ in given}
            silent += [(question.id, a.id) for a in question.answers if a.id not in said]
        if found.mentions:
            columns |= _mentioned(question, found, delivery, changed, given)
        else:
            columns |= dict(zip(question.export_columns, _cells(question, found, delivery), strict=True))
        text = _text_of(question, found, delivery)
        if text and fold(text) not in (fold(before.text), fold(before.label)):
            texts[question.id] = text
        if question.column != before.column:
            moved[question.id] = question.column
    sets = [s for s in delivery.sets if not used & set(s.columns)]
    rest = [c for c in known.values() if c not in used | {c for s in sets for c in s.columns}]
    return Placed(columns, texts, tuple(edits), moved, tuple(silent), tuple(no_answers), (*rest, *sets))


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
    told = {c: _known_among(text, answers) for c, text in answers_told(of_name.columns, delivery).items()}
    by_answer = {answers[fold(text)]: c for c, text in told.items() if text is not None}
    columns = [by_answer.get(a.id) for a in question.answers]
    return Found(tuple(columns), of_name) if None not in columns else None


def _stop_at_missing(lacking, known, delivery, codebook):
    """Raise InputProblem for the first question that the delivery lacks, naming the column that may be it."""
    question, *others = lacking
    names = question.export_columns
    missing = next((n for n in names if fold(n) not in known), names[0])
    own = {fold(c) for columns in raw_columns(codebook).values() for c in columns}
    unplaced = [c for f, c in known.items() if f not in own]
    told = [c for c in unplaced if fold(_text_or_name(c, delivery)) in (fold(question.text), fold(question.label))]
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


def answers_told(columns, delivery):
    """What the texts of a set's columns say of its answers: {column: `Talks` of `Which events? - Talks`}.

    What all texts begin with is cut, up to the last separator in it; an answer may have a separator too.
    """
    texts = {c: delivery.texts[c] for c in columns if delivery.texts.get(c)}
    ends = [m.end() for m in SEPARATOR.finditer(next(iter(texts.values()), ""))]
    start = max((e for e in ends if len({text[:e] for text in texts.values()}) == 1), default=0)
    return {c: text[start:].strip("- \N{EN DASH}") for c, text in texts.items()}


def _known_among(told, known):
    """The text that a column tells of its answer, or the end of it, whichever is one of the known; or None."""
    ends = (told, SEPARATOR.split(told)[-1].strip("- \N{EN DASH}"))
    return next((text for text in ends if fold(text) in known), None)


def _offered(question, found, delivery):
    """The answers that a delivery offers to a question, or none where it says nothing of them."""
    if question.kind == "open":
        return []
    column = found.columns[0]
    if found.mentions:
        return _offered_as_mentions(question, found, delivery)
    if question.kind == "multiple":
        told, known = answers_told(found.columns, delivery), {fold(t) for a in question.answers for t in a.texts}
        # Only the texts that are some answer of the question: others may be of the column as a whole.
        texts = [_known_among(told.get(column, ""), known) for column in found.columns]
        return [Offered(a.code, text) for a, text in zip(question.answers, texts, strict=True) if text is not None]
    is_size, missing = any(a.band for a in question.answers), delivery.missing.get(column, frozenset())
    if is_size:
        bands = {fold(t) for a in question.answers for t in a.texts}
        _stop_at_missing_value(delivery.table[column], delivery, known=bands)
        _stop_at_codes_of_bands(question, delivery.table[column], delivery)
    if column in delivery.labels:
        return [Offered(code_of(c), label, c in missing) for c, label in delivery.labels[column].items()]
    if is_size:
        return []
    codes = {a.code for a in question.answers}
    texts = [t for t in dict.fromkeys(map(tidy, delivery.table[column].unique())) if t]
    coded = [t for t in texts if code_of(t) is not None and code_of(t) in codes]
    of_codes = [Offered(code_of(t), None, t in missing) for t in coded]
    return of_codes + [Offered(None, t, t in missing) for t in texts if t not in coded]


def _offered_as_mentions(question, found, delivery):
    """What the columns of a set of mentions offer: what they have a label for, and what stands in them without one."""
    offered, codes = {}, {a.code for a in question.answers}
    for column in found.columns:
        labels, missing = delivery.labels.get(column, {}), delivery.missing.get(column, frozenset())
        labelled = (Offered(code_of(code), label, code in missing) for code, label in labels.items())
        bare = [t for t in map(tidy, delivery.table[column].unique()) if t and t not in labels]
        known = (code_of(t) is not None and code_of(t) in codes for t in bare)
        read = ((code_of(t), None) if k else (None, t) for t, k in zip(bare, known, strict=True))
        unlabelled = (Offered(*texts, t in missing) for t, texts in zip(bare, read, strict=True))
        offered |= dict.fromkeys((*labelled, *unlabelled))
    return list(offered)


def _stop_at_missing_value(cells, delivery, known=()):
    """Raise InputProblem at a value that the file declares to be missing and that, with its label, is none `known`."""
    labels = delivery.labels.get(cells.name, {})
    said = {v for v in delivery.missing.get(cells.name, ()) if not {fold(v), fold(labels.get(v, v))} & set(known)}
    for row in cells.index[cells.isin(said)]:
        raise InputProblem(
            "the file declares this value to be missing, and it would be read as what it says",
            **{"file": delivery.file, "row": row, "column": cells.name, "found": hide_details(cells[row])},
            do="correct the cell, or declare the value to be none that is missing",
        )


def _stop_at_codes_of_bands(question, cells, delivery):
    """Raise InputProblem if a column of sizes holds the codes of bands: read as sizes, they would be tiny ones.

    Where the file has labels for bands all of its cells are codes, also those for which it has none.
    """
    labels, known = delivery.labels.get(cells.name, {}), {fold(t) for a in question.answers for t in a.texts}
    if any(code in known or fold(label) in known for code, label in labels.items()):
        stop_at_unlabelled(cells, labels, delivery.file, known={fold(label) for label in labels.values()}, needed=True)
    tidied = each_text(labelled(cells, labels), tidy)
    for row in cells.index[band_codes(tidied, question)]:
        raise InputProblem(
            "these are codes of size bands, which would be read as sizes",
            **{"file": delivery.file, "row": row, "column": cells.name, "found": tidied[row]},
            do="export sizes as numbers, or the labels of the bands",
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


def code_of(text):
    """The whole number of at most 12 digits that a text is; None for any other."""
    return int(text) if re.fullmatch(r"-?\d{1,12}", str(text), re.ASCII) else None


def _match(question, offered, delivery, columns):
    """The Edits that the offered answers ask for, and each Answer of the codebook with what is offered of it."""
    by_text = {fold(t): a for a in question.answers for t in (a.label, a.id, *a.spellings) if t}
    by_code = {a.code: a for a in question.answers if a.code is not None}
    edits, given = [], []
    for offer in offered:
        named = by_text.get(fold(offer.label)) if offer.label else None
        coded = by_code.get(offer.code) if offer.code is not None else None
        if named is not None and coded is not None and named.id != coded.id:
            raise InputProblem(
                f"answer codes are swapped: code {offer.code} is labelled {offer.label!r}, and the codebook has it for "
                f"{coded.label!r}",
                **{"file": delivery.file, "column": columns[0]},
                do="ask the agency which is right; if the code was changed, write the wave's codebook by hand",
            )
        answer = named or coded
        if answer is None:
            answer, edit = _unknown(question, offer, offered, delivery, columns)
            edits.append(edit)
        # An answer that the codebook gives no code takes whichever the file has: nothing changes by it.
        elif (named is None and offer.label) or (coded is None and None not in (offer.code, answer.code)):
            edits.append(Edit(question.id, answer.id, offer))
        given += [(answer, offer)] if answer else []
    return edits, given


def _unknown(question, offer, offered, delivery, columns):
    """The answer that an unknown one may be under another label, and the Edit; raises InputProblem if it is none."""
    if offer.code is not None and offer.label:
        return None, Edit(question.id, None, offer)
    given = {fold(o.label) for o in offered if o.label}
    if offer.label:
        free = [a for a in question.answers if not given & {fold(t) for t in a.texts}]
        near = [a for a in free if likeness(a.label, offer.label) >= NEARLY]
        if len(near) == 1:
            return near[0], Edit(question.id, near[0].id, offer)
    text = offer.label or str(offer.code)
    places = ((c, row) for c in columns for row, cell in delivery.table[c].items() if tidy(cell) == text)
    column, row = next(places, (columns[0], None))
    allowed = ITEMS.join(a.label if a.code is None else f"{a.label} ({a.code})" for a in question.answers)
    called = {fold(t) for a in question.answers for t in a.texts}
    others = [o.label for o in offered if o.label and o.label != text and fold(o.label) not in called]
    nor = f", nor {', '.join(map(repr, others))}" if others else ""
    raise InputProblem(
        f"no answer of {question.id} is called so{nor}",
        **{"file": delivery.file, "row": row, "column": column, "found": text, "allowed": allowed},
        do=f"correct {'these cells' if others else 'the cell'}, or write the wave's codebook by hand with this answer "
        "or spelling in it",
    )


def _cells(question, found, delivery):
    """The cells of the raw columns of a question, each a Series of text."""
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
            readable = {c: label for c, label in labels.items() if fold(label) in ticks}
            cells.append(table[column].replace(readable))
    return cells


def _mentioned(question, found, delivery, edits, given):
    """The ticks of a set of mentions by raw column: those of each answer, and of each that only the draft has.

    `edits` and `given` are those of `_match`: an answer stands where the file has its label or code, and its column is
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
    labels = delivery.labels.get(column, {})
    unsaid = {v for v in delivery.missing.get(column, ()) if v != counted and fold(labels.get(v, "")) not in NOT_CHOSEN}
    for row in cells.index[cells.isin(unsaid)]:
        raise InputProblem(
            "the file declares this value to be missing, which is neither chosen nor not chosen",
            **{"file": delivery.file, "row": row, "column": column},
            **{"found": cells[row], "allowed": f"{counted} for chosen, 0 for not, empty where nothing was asked"},
            do="correct the cell, or declare the value to be none that is missing",
        )
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


def labelled(cells, labels):
    """Cells with the label in place of each code that has one."""
    return each_text(cells, lambda code: labels.get(code, code)).astype("str") if labels else cells.astype("str")


def ticks_of(chosen, asked):
    """Ticks as text: 1 where an answer was chosen, 0 where it was not, empty where nothing was asked."""
    return chosen.map({True: "1", False: "0"}).where(asked, "")
