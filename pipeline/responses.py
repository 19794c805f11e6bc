"""Cells of the interviews to answers: spellings and codes to answer ids, ticks to 1 and 0, own words to codes."""

import pandas as pd

from pipeline.cells import are_days
from pipeline.changes import CODED, NOT_CODED, SPELLING, TICK, change_log, changes, each_text
from pipeline.codebook import ORGANISATION
from pipeline.problems import InputProblem
from pipeline.raw import INTERVIEWS, STATUSES, interview_questions, listed, readings, stop_at
from pipeline.texts import NOT_CHOSEN, fold, words

ABOUT = ["interview_id", ORGANISATION, "contact_id", "completed_on", "status"]
UNCODED = [ORGANISATION, "file", "row", "column", "text", "coded_to"]

_CHOSEN = ("1", "1.0", "yes", "y", "x", "true", "ticked", "selected", "chosen")
_JOINERS = {"and", "also", "plus"}


def read_answers(interviews, codebook):
    """Texts to answer ids, ticks to 1 and 0: a row per interview row, with the columns of a table of respondents.

    A question answered in own words keeps its text, under the export's column, for `code_texts`. Empty cells are
    missing. Gives the table and its log. Raises InputProblem at a text that the codebook does not know, saying which
    it does, and at a status or date that is none.
    """
    status = each_text(interviews["status"], fold)
    what = "not a status of an interview"
    stop_at(interviews, ~status.isin(STATUSES), INTERVIEWS, "status", what, allowed=STATUSES)
    days = are_days(interviews["completed_on"])
    stop_at(interviews, ~days, INTERVIEWS, "completed_on", "not a date", allowed="YYYY-MM-DD")
    columns, logs = {}, [changes(INTERVIEWS, "status", interviews["status"], status, SPELLING)]
    for question in interview_questions(codebook):
        exported = question.export_columns
        if question.kind == "open":
            columns[exported[0]] = interviews[exported[0]]
        elif question.kind == "single":
            columns[question.id], log = read_labels(interviews[exported[0]], question, INTERVIEWS)
            logs.append(log)
        else:
            for name, column, answer in zip(question.columns, exported, question.answers, strict=True):
                columns[name], log = _read_ticks(interviews[column], question, answer)
                logs.append(log)
    about = interviews[ABOUT].assign(status=status)
    return pd.concat([about, pd.DataFrame(columns, index=about.index)], axis=1), change_log(*logs)


def read_labels(cells, question, file):
    """A column of labels, codes or spellings to answer ids (an empty cell is missing), and its log."""
    known = {"": None} | {text: answer for text, answer in readings(question).items() if text}
    _stop_at_unknown(cells, known, file, listed(question))
    answers = each_text(cells, lambda text: known[fold(text)]).astype("string")
    own = {str(text) for a in question.answers for text in (a.label, a.id, a.code) if text is not None}
    other = ~cells.isin(own)
    return answers, changes(file, cells.name, cells[other], answers[other], SPELLING)


def tick_readings(question, answer):
    """What each folded text means in the column of one answer of a multiple question: 1 chosen, 0 not, None empty."""
    own = [text for text, meant in readings(question).items() if meant == answer.id]
    return dict.fromkeys(own, 1) | dict.fromkeys(_CHOSEN, 1) | dict.fromkeys(NOT_CHOSEN, 0) | {"": None}


def _read_ticks(cells, question, answer):
    known = tick_readings(question, answer)
    _stop_at_unknown(cells, known, INTERVIEWS, f"1; 0; Yes; No; X; an empty cell; {answer.label}")
    ticks = each_text(cells, lambda text: known[fold(text)]).astype("Int8")
    return ticks, changes(INTERVIEWS, cells.name, cells, ticks, TICK)


def _stop_at_unknown(cells, known, file, allowed):
    unknown = cells.isin([text for text in cells.unique() if fold(text) not in known])
    stop_at(cells.to_frame(), unknown, file, cells.name, "the codebook knows no such answer", allowed=allowed)


def code_texts(answers, codebook):
    """Code own words by the codebook's phrases: the answers with 1 or 0 per code, the texts left uncoded, the log.

    A text of which words remain that no phrase covers is coded as far as it goes, and listed as uncoded as well:
    organisation, file, row, column, text, coded_to (answer ids). Raises InputProblem if the codebook's phrases overlap.
    """
    coded, logs, uncoded = {}, [], []
    for question in interview_questions(codebook):
        if question.kind != "open":
            coded |= {c: answers[c] for c in question.columns}
            continue
        (column,) = question.export_columns
        texts = answers[column][answers[column].ne("")]
        found, left = _codes(texts.unique(), _phrases(question))
        for name, answer in zip(question.columns, question.answers, strict=True):
            given = texts.map({text: int(answer.id in ids) for text, ids in found.items()})
            coded[name] = given.reindex(answers.index).astype("Int8")
        coded_to, covered = texts.map({text: "; ".join(ids) for text, ids in found.items()}), ~texts.isin(left)
        logs.append(changes(INTERVIEWS, column, texts[covered], coded_to[covered], CODED))
        logs.append(changes(INTERVIEWS, column, texts[~covered], coded_to[~covered], NOT_CODED))
        rest = pd.DataFrame({"row": texts.index, "text": texts, "coded_to": coded_to})[~covered]
        uncoded.append(
            rest.assign(organisation=answers.loc[rest.index, ORGANISATION], file=INTERVIEWS, column=column)[UNCODED]
        )
    left_over = pd.concat([pd.DataFrame(columns=UNCODED), *uncoded]).sort_values("row", kind="stable")
    table = pd.concat([answers[ABOUT], pd.DataFrame(coded, index=answers.index)], axis=1)
    return table, left_over.reset_index(drop=True), change_log(*logs)


def _phrases(question):
    """Phrase as folded words, to answer id, longest first; an answer without phrases is known by its label."""
    phrases = [(words(p), a.id) for a in question.answers for p in (a.phrases or (a.label,))]
    for phrase, answer in phrases:
        for longer, other in phrases:
            if answer != other and f" {phrase} " in f" {longer} ":
                raise InputProblem(
                    f"the codebook's phrase {phrase!r} of {question.id} is part of another answer's",
                    found=longer,
                    do="reword one of the two",
                )
    return dict(sorted(phrases, key=lambda p: (-len(p[0]), p[0])))


def _codes(texts, phrases):
    """The answer ids found in each text, and the texts in which phrases leave more than joining words uncovered."""
    found, left = {}, []
    for text in texts:
        rest, ids = f" {words(text)} ", set()
        for phrase, answer in phrases.items():
            while f" {phrase} " in rest:
                ids.add(answer)
                # Two blanks, so that words to the left and right of a phrase never read as another phrase.
                rest = rest.replace(f" {phrase} ", "  ")
        found[text] = sorted(ids)
        if not ids or set(rest.split()) - _JOINERS:
            left.append(text)
    return found, left
