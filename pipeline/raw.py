"""Fieldwork as it arrives: three files, their columns, strict reading, and how exports spell the codebook's answers.

`data/raw/YEAR/` holds a sample frame (a row per contact), a contact history (a row per attempt) and the interviews (a
row per questionnaire or part of one). A table read here has text cells, "" where empty, and as its index the line of
the file on which the row begins (the header is line 1), so that whatever is said of a cell says where it stands.
A contact history without a row says that none was delivered: nothing is known of attempts then.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipeline.alike_ids import stop_at_ids_alike
from pipeline.cells import check_texts, read_cells
from pipeline.codebook import ORGANISATION
from pipeline.privacy import hide_details
from pipeline.problems import InputProblem
from pipeline.texts import fold

FRAME, CONTACT_HISTORY, INTERVIEWS = "frame.csv", "contact_history.csv", "interviews.csv"
FILES = (FRAME, CONTACT_HISTORY, INTERVIEWS)
OPTIONAL = (CONTACT_HISTORY,)
# What names a person or leads to one: needed to reach people, and never carried past cleaning.
PERSONAL = ("organisation_name", "contact_name", "job_title", "email", "telephone")
MODES = ("telephone", "email")
# The number of a round, from 1 to 99.
ROUND_FORM = "[1-9][0-9]?"
ORIGINS = {
    "reconstruction": "MODELLED: answers rebuilt from a printed report; contacts and contact attempts are invented",
    "rehearsal": "REHEARSAL: answers, contacts and contact attempts are simulated; this is not a survey",
    "fieldwork": "Collected",
}
STATUSES = ("complete", "partial")
_COUNTED = {"contact": "contact_id", "organisation": ORGANISATION}


class Fieldwork(NamedTuple):
    """The three tables of one wave's fieldwork."""

    frame: pd.DataFrame
    contact_history: pd.DataFrame
    interviews: pd.DataFrame


def frame_questions(codebook):
    """The questions whose answers the sample frame holds, the sector first, since size bands depend on it."""
    known = [q for q in codebook.questions if q.asked_of == "frame"]
    return sorted(known, key=lambda q: q.id != codebook.sector)


def interview_questions(codebook):
    """The questions whose answers the interviews hold, in codebook order."""
    return [q for q in codebook.questions if q.asked_of != "frame"]


def raw_columns(codebook):
    """The columns that each of the three files must have, by file name."""
    facts = [c for q in codebook.questions if q.asked_of == "frame" for c in q.export_columns]
    answers = [c for q in interview_questions(codebook) for c in q.export_columns]
    who = ["contact_name", "job_title", "email", "telephone"]
    return {
        FRAME: ["contact_id", ORGANISATION, "organisation_name", *facts, *who],
        CONTACT_HISTORY: ["attempt_id", "contact_id", "round", "mode", "attempted_on", "outcome"],
        INTERVIEWS: ["interview_id", ORGANISATION, "contact_id", "completed_on", "status", *answers],
    }


def read_fieldwork(folder, codebook):
    """Read a wave's three files: a Fieldwork of text tables indexed by line.

    Raises InputProblem at the first file that is missing, is not UTF-8 comma-separated text, holds no rows, lacks a
    column, or has one that the codebook does not know.
    """
    columns = raw_columns(codebook)
    return Fieldwork(*(read_raw(Path(folder) / name, columns[name], may_be_empty=name in OPTIONAL) for name in FILES))


def read_raw(path, columns, may_be_empty=False):
    """Read one file strictly: every column there, no other, every row as wide as the header. Empty lines are no rows.

    Raises InputProblem as `read_fieldwork` does. A byte order mark is accepted.
    """
    table = read_cells(path, columns, beside=FILES)
    check_texts(table, Path(path).name, personal=PERSONAL)
    if table.empty and not may_be_empty:
        raise InputProblem("there are no rows below the header", file=Path(path).name, do="export the file again")
    return table


def describe_wave(codebook, wave):
    """One row that says which wave this is and where its records come from: wave, title, records, source.

    Raises InputProblem if the codebook is of another wave.
    """
    if codebook.wave != wave:
        raise InputProblem("the codebook is of another wave", found=codebook.wave, allowed=str(wave))
    row = {"wave": wave, "title": codebook.title, "records": ORIGINS[codebook.kind], "source": codebook.source}
    return pd.DataFrame([row])


def count_rows(fieldwork):
    """What the three files hold: file, rows, contacts, organisations (empty where a file has no such column)."""
    counts = [
        {"file": file, "rows": len(table), **{f"{n}s": table[c].nunique() for n, c in _COUNTED.items() if c in table}}
        for file, table in zip(FILES, fieldwork, strict=True)
    ]
    return pd.DataFrame(counts).astype({f"{n}s": "Int64" for n in _COUNTED})


def check_keys(fieldwork):
    """Raise InputProblem unless ids are unique and every id that a file refers to is in the frame.

    No two organisations of the frame may have ids that differ in letter case or the form of a dash alone, and an
    interview must be with a contact of the organisation that it speaks for.
    """
    frame, history, interviews = fieldwork
    for table, file, key in ((frame, FRAME, "contact_id"), (history, CONTACT_HISTORY, "attempt_id")):
        _check_unique(table, file, key)
    _check_unique(interviews, INTERVIEWS, "interview_id")
    _check_filled(frame, FRAME, ORGANISATION)
    stop_at_ids_alike([(FRAME, frame[ORGANISATION])])
    for table, file, key in (
        (history, CONTACT_HISTORY, "contact_id"),
        (interviews, INTERVIEWS, ORGANISATION),
        (interviews, INTERVIEWS, "contact_id"),
    ):
        _check_filled(table, file, key)
        strange = ~among(table[key], frame[key])
        stop_at(table, strange, file, key, "it is not in the frame", allowed=f"one of {FRAME}")
    employer = interviews["contact_id"].map(frame.set_index("contact_id")[ORGANISATION])
    stop_at(
        interviews,
        employer.ne(interviews[ORGANISATION]),
        INTERVIEWS,
        "contact_id",
        "the frame has this contact at another organisation",
        do="correct the organisation or the contact",
    )


def among(cells, known):
    """Which cells are among the known texts, two Series, many in both: pandas' own way is six times as long."""
    return cells.astype(object).isin(known.astype(object))


def _check_unique(table, file, key):
    _check_filled(table, file, key)
    stop_at(table, table[key].duplicated(), file, key, "this key stands twice", do="delete or renumber one of the rows")


def _check_filled(table, file, key):
    stop_at(table, table[key].eq(""), file, key, "the cell is empty", do="fill it in")


def stop_at(table, faulty, file, column, what, **details):
    """Raise InputProblem at the first row of `faulty` (a boolean Series), showing the cell found there."""
    if faulty.any():
        row = faulty.index[faulty][0]
        found = hide_details(table.at[row, column])
        raise InputProblem(what, file=file, row=row, column=column, found=found, **details)


def readings(question):
    """Which answer each text stands for: folded label, id, code and spellings, to answer id.

    Raises InputProblem if the codebook gives one text to two answers.
    """
    found = {}
    for answer in question.answers:
        for text in answer.texts:
            if found.setdefault(fold(text), answer.id) != answer.id:
                raise InputProblem(
                    f"the codebook gives {text!r} to two answers of {question.id}",
                    found=[found[fold(text)], answer.id],
                    do="take the spelling from one of them",
                )
    return found


def listed(question):
    """A question's answers as a person may type them: "label (code); label (code)"."""
    return "; ".join(a.label if a.code is None else f"{a.label} ({a.code})" for a in question.answers)
