"""A year's export becomes a wave of the tracker: all of it worked out, as far as a cleaned table, before it is written.

The wave's codebook is drafted from that of the wave before, unless somebody has written one; then the export is held
against that. `pipeline/new_wave_command.py` shows the result and writes it.
"""

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from shlex import quote
from typing import NamedTuple

import pandas as pd

from pipeline.alike_ids import stop_at_ids_alike
from pipeline.cells import are_days
from pipeline.changes import each_text
from pipeline.clean import clean, read_organisations
from pipeline.codebook import ORGANISATION, Codebook, load_codebook
from pipeline.deliveries import read_delivery
from pipeline.draft import codebook_of, draft, of_fieldwork
from pipeline.drafted_texts import stop_at_details, stop_at_labels_alike
from pipeline.names import OWN_COLUMNS, RESERVED
from pipeline.new_questions import new_question
from pipeline.new_wave_report import decisions, shown_differences
from pipeline.params import load_params
from pipeline.placing import own_columns, place
from pipeline.problems import InputProblem
from pipeline.raw import (
    CONTACT_HISTORY,
    FILES,
    FRAME,
    INTERVIEWS,
    PERSONAL,
    Fieldwork,
    frame_questions,
    interview_questions,
    listed,
    raw_columns,
)
from pipeline.swapped import stop_at_swapped_codes, stop_at_swapped_columns
from pipeline.tables import read_respondents
from pipeline.texts import ITEMS, fold, tidy
from pipeline.yaml_edits import set_values

# Columns that hold dates in a delivery; anywhere else a date is what a spreadsheet has made of something.
DATES = ("completed_on", "attempted_on")
# Columns that hold ids, of which one that begins like a month is none.
IDS = (ORGANISATION, "contact_id", "interview_id", "attempt_id")
# What each file of a delivery must have beside its questions; the rest can be made up for.
NEEDED = {
    INTERVIEWS: (ORGANISATION, "completed_on"),
    FRAME: (ORGANISATION,),
    CONTACT_HISTORY: ("contact_id", "mode", "attempted_on", "outcome"),
}


@dataclass(frozen=True)
class Choices:
    """What a person has decided on the command line. `sheets`: that of a workbook, by raw file that it becomes."""

    same: dict[str, str] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    sheets: dict[str, str] = field(default_factory=dict)
    codes_are_right: bool = False


class Wave(NamedTuple):
    """A wave ready to be written: its codebook and raw tables, what differs from the wave before, what is to decide."""

    before: Codebook | None
    codebook: Codebook
    text: str
    fieldwork: Fieldwork
    differences: pd.DataFrame
    to_decide: list[str]


def prepare(wave, files, *, params="params.yaml", data="data", choices=None):
    """Work a Wave out from the files of a delivery, {raw file that it becomes: path}, writing nothing.

    Raises InputProblem at the first thing that cannot be read, placed or cleaned, naming it.
    """
    choices, data = choices or Choices(), Path(data)
    path = data / "codebook" / f"{wave}.yaml"
    settings = load_params(params)
    paths = _codebooks_before(wave, settings.waves, data / "codebook")
    books_before = [load_codebook(p) for p in paths]
    before, before_path = (books_before[-1], paths[-1]) if paths else (None, None)
    written = load_codebook(path) if path.exists() else None
    start = written or before
    if start is None:
        raise InputProblem("no earlier wave has a codebook to draft this one from", file=path, do="write it by hand")
    called = {"dates": (*_called(DATES, choices), *choices.leave_out)}
    called |= {"ids": _called(IDS, choices), "personal": _called(PERSONAL, choices)}
    delivered = {name: read_delivery(f, **called, sheet=choices.sheets.get(name)) for name, f in files.items()}
    _check_choices(choices, delivered, start)
    placed = _placed(delivered, start, choices)
    _check_year(placed[INTERVIEWS].columns["completed_on"], wave, delivered[INTERVIEWS].file)
    then = _respondents_of(before, data)
    # Those of a reconstruction or a rehearsal are nobody: only their answers can be held against these.
    known = then if before is None or before.kind == "fieldwork" else None
    # The frame's ids go first: it is the list that the interviews are looked up in.
    ids = [(delivered[n].file, placed[n].columns[ORGANISATION]) for n in (FRAME, INTERVIEWS) if n in placed]
    stop_at_ids_alike(ids, () if known is None else known[ORGANISATION])
    if written is not None:
        placed = {name: _under_own_names(found, written) for name, found in placed.items()}
        _stop_at_edits(placed, written, delivered, path)
        text, book = _as_fieldwork(path, written)
    else:
        text, book = _drafted(path, placed, delivered, before, before_path, wave)
    fieldwork = assemble(placed, delivered, book)
    cleaned = _cleaned(fieldwork, book, delivered, placed)
    if known is not None:
        _check_sectors(cleaned.respondents, known, book, before, delivered[INTERVIEWS].file)
    if then is not None and not choices.codes_are_right:
        file, told = delivered[INTERVIEWS].file, placed[INTERVIEWS].told
        stop_at_swapped_codes(fieldwork.interviews, book, then, file)
        stop_at_swapped_columns(cleaned.respondents, book, then, told, file)
    table = shown_differences(before, book)
    earlier = before if written is None or written.kind == "fieldwork" else written
    read_over = written is not None and written.kind == "fieldwork"
    given = {"books_before": books_before, "then": then, "known": known, "earlier": earlier, "read_over": read_over}
    left = decisions(book, table, placed, cleaned, **given, fewest=settings.disclose.minimum_base)
    return Wave(before, book, text, fieldwork, table, left)


def _drafted(path, placed, delivered, before, before_path, wave):
    """The text and the model of a codebook drafted from a delivery, whose new columns are placed under its names."""
    questions, columns = _new_questions(placed[INTERVIEWS].rest, delivered[INTERVIEWS], before)
    stop_at_details(delivered, placed, questions, before)
    stop_at_labels_alike(delivered, placed, questions, before)
    began = date.fromisoformat(placed[INTERVIEWS].columns["completed_on"].min())
    text = before_path.read_text(encoding="utf-8")
    asked = {"placed": tuple(placed.values()), "new_questions": questions, "began": began}
    # The file of the draft is not there yet: whatever else is wrong with it came with the delivery.
    with _named_as_delivered({str(path): f"{delivered[INTERVIEWS].file}, drafted as {path}"}):
        text, book = draft(text, before, wave=wave, **asked, path=path, source=before_path)
    placed[INTERVIEWS].columns.update(columns)
    return text, book


def _codebooks_before(wave, waves, folder):
    """The codebooks of the waves before, as far as there are any, the newest last."""
    return [path for w in waves.all if w < wave and (path := folder / f"{w}.yaml").exists()]


def _respondents_of(before, data):
    """The cleaned respondents of the wave before, where they are on this machine."""
    path = data / "clean" / str(before.wave) / "respondents.csv" if before else None
    return read_respondents(path, before) if path and path.exists() else None


def _check_sectors(respondents, then, codebook, before, file):
    """Raise InputProblem for an organisation of another sector than in the wave before: an id given to another one."""
    was = respondents[ORGANISATION].map(then.set_index(ORGANISATION)[before.sector])
    now = respondents[codebook.sector]
    moved = was.notna() & was.ne(now).fillna(False).astype(bool)
    for row in respondents.index[moved]:
        raise InputProblem(
            f"organisation {respondents.at[row, ORGANISATION]} was of another sector in {before.wave}",
            **{"file": file, "found": now[row], "allowed": was[row]},
            do="an id stays with its organisation: give this one another",
        )


def _called(names, choices):
    """These columns of the raw files and what a delivery calls them, as far as a person has said it."""
    return (*names, *(column for column, meant in choices.same.items() if meant in names))


def _check_choices(choices, delivered, codebook):
    """Raise InputProblem for a choice that names a column or question that there is not."""
    there = {fold(c) for d in delivered.values() for c in d.table.columns}
    for column in choices.leave_out:
        if fold(column) not in there:
            raise InputProblem("--leave-out: no file has such a column", found=column)
    known = [*(q.id for q in codebook.questions), *own_columns(codebook)]
    for column, meant in choices.same.items():
        if meant not in known:
            raise InputProblem("--same: no such question or column", found=meant, allowed=known)
        if not any(c == fold(column) or c.startswith(f"{fold(column)}_") for c in there):
            raise InputProblem("--same: no file has such a column", found=column)


def _placed(delivered, codebook, choices):
    """Each delivered file under the questions that it holds: {raw file: Placed}."""
    facts, asked = frame_questions(codebook), interview_questions(codebook)
    questions = {INTERVIEWS: facts + asked, FRAME: facts, CONTACT_HISTORY: []}
    needed = {INTERVIEWS: asked if FRAME in delivered else facts + asked, FRAME: facts, CONTACT_HISTORY: []}
    placed = {}
    for name, delivery in delivered.items():
        ids = {q.id for q in needed[name]}
        how = {"own": own_columns(codebook, name), "same": choices.same, "leave_out": choices.leave_out}
        placed[name] = place(delivery, codebook, questions[name], needed=ids, **how)
        _check_own_columns(placed[name], delivery, name, codebook)
    return placed


def _check_own_columns(placed, delivery, name, codebook):
    """Raise InputProblem for a column that a raw file needs and a delivery lacks, or one that no raw file takes."""
    for column in NEEDED[name]:
        if column not in placed.columns:
            found, do = ITEMS.join(delivery.table.columns), f"say --same COLUMN={column} if it has another name"
            raise InputProblem("this column is missing", file=delivery.file, row=1, column=column, found=found, do=do)
    if name == INTERVIEWS:
        days = placed.columns["completed_on"]
        wrong = ~are_days(days)
        where = {"file": delivery.file, "column": "completed_on", "allowed": "YYYY-MM-DD"}
        for row in days.index[wrong]:
            raise InputProblem("not a date", row=row, found=days[row], **where)
        return
    for item in placed.rest:
        what, do = "no such column is known", f"say --leave-out {quote(item)} if it is not needed"
        allowed = raw_columns(codebook)[name]
        raise InputProblem(what, file=delivery.file, row=1, column=item, allowed=allowed, do=do)


def _check_year(days, wave, file):
    """Raise InputProblem for the first interview that is not of the wave's year, nor of the one before or after.

    A year that is typed wrong, in the command or in a date, would name the wave's files and its breaks in series. So
    would last year's delivery, none of whose interviews is of the year.
    """
    for row, day in days.items():
        if abs(int(day[:4]) - wave) > 1:
            do = "correct the date, or name the wave after the year of its interviews"
            where = {"file": file, "row": row, "column": "completed_on", "allowed": f"{wave - 1} to {wave + 1}"}
            raise InputProblem(f"this day is not of wave {wave}", found=day, do=do, **where)
    if not days.str.startswith(str(wave)).any():
        found, do = f"{days.min()} to {days.max()}", "name the wave after the year of its interviews"
        raise InputProblem(f"no interview is of {wave}", file=file, column="completed_on", found=found, do=do)


def _new_questions(rest, delivery, codebook):
    """The questions that no earlier wave has, as mappings, and their raw columns."""
    questions, columns, taken = [], {}, [*(q.id for q in codebook.questions), *RESERVED]
    for item in rest:
        question, cells = new_question(item, delivery, taken)
        questions.append(question)
        columns |= cells
        taken.append(question["id"])
    return questions, columns


def _under_own_names(placed, codebook):
    """A Placed whose questions have the columns that the codebook gives them, where `same` gave them others."""
    names = {}
    for question_id, column in placed.moved.items():
        question = codebook.question(question_id)
        there = question.model_copy(update={"column": column})
        names |= dict(zip(there.export_columns, question.export_columns, strict=True))
    return placed._replace(columns={names.get(c, c): cells for c, cells in placed.columns.items()})


def _stop_at_edits(placed, codebook, delivered, path):
    """Raise InputProblem where a delivery says other than the codebook that stands there, which somebody wrote."""
    do = "change one of the two"
    for name, found in placed.items():
        file = delivered[name].file
        for item in found.rest:
            column = getattr(item, "name", item)
            its = next((q.id for q in codebook.questions if column in q.export_columns), None)
            left_over = f"{path} has this column for {its}, for which --same gives another"
            what = left_over if its else f"{path} has no question with this column"
            raise InputProblem(what, file=file, row=1, column=column, do=do)
        for edit in found.edits:
            said = edit.offered.label if edit.offered.code is None else f"{edit.offered.label} ({edit.offered.code})"
            what = f"{path} has no such answer to {edit.question}"
            raise InputProblem(what, file=file, found=said, allowed=listed(codebook.question(edit.question)), do=do)


def _as_fieldwork(path, codebook):
    """The codebook that stands there, of a wave that is no longer rebuilt or rehearsed: its text and itself.

    A report's survey stays the source of its own microdata; that of a rehearsal is nobody's.
    """
    text = path.read_text(encoding="utf-8")
    if codebook.kind == "fieldwork":
        return text, codebook
    rehearsed = codebook.kind == "rehearsal"
    changes = of_fieldwork(codebook, codebook.wave) if rehearsed else {("kind",): "fieldwork"}
    text = set_values(text, changes, path)
    return text, codebook_of(text, path)


# ---- the raw files


def assemble(placed, delivered, codebook):
    """The Fieldwork of a delivery, rows in the order of its files and under their row numbers.

    Without a frame, the organisations of the interviews are the frame; without a history there is no row in it. Ids
    that the files do not have are numbers in the order of their rows; a status that they do not have is `complete`.
    """
    names = raw_columns(codebook)
    _check_contacts_known(placed, delivered)
    interviews = pd.DataFrame(placed[INTERVIEWS].columns)
    if FRAME in placed:
        frame = pd.DataFrame(placed[FRAME].columns)
        _check_facts_agree(interviews, frame, codebook, delivered)
    else:
        frame = _frame_of(interviews, codebook)
    frame = _filled(frame, "contact_id", _numbers("C", frame))
    ids = _tidied(frame[[ORGANISATION, "contact_id"]])
    first = ids.drop_duplicates(ORGANISATION).set_index(ORGANISATION)["contact_id"]
    interviews = _filled(interviews, "interview_id", _numbers("I", interviews))
    interviews = _filled(interviews, "contact_id", each_text(interviews[ORGANISATION], tidy).map(first).fillna(""))
    interviews = _filled(interviews, "status", "complete")
    history = pd.DataFrame(columns=names[CONTACT_HISTORY], dtype="str")
    if CONTACT_HISTORY in placed:
        history = pd.DataFrame(placed[CONTACT_HISTORY].columns)
        history = _filled(_filled(history, "attempt_id", _numbers("A", history)), "round", "1")
    frame = frame.assign(**{c: "" for c in PERSONAL if c not in frame})
    tables = zip((frame, history, interviews), FILES, strict=True)
    return Fieldwork(*(table[names[file]].astype("str") for table, file in tables))


def _numbers(letter, table):
    return [f"{letter}{n:05d}" for n in range(1, len(table) + 1)]


def _filled(table, column, value):
    return table if column in table else table.assign(**{column: value})


def _tidied(table):
    """The table as cleaning will read it: nothing is looked up, or taken for another, by a stray blank."""
    return table.assign(**{c: each_text(table[c], tidy) for c in table.columns if c not in PERSONAL})


def _check_contacts_known(placed, delivered):
    """Raise InputProblem for ids of contacts where the table that they are looked up in has none of its own.

    Its ids would be made up, and those of the delivery not be among them.
    """
    frame = FRAME if FRAME in placed else INTERVIEWS
    if "contact_id" in placed[frame].columns:
        return
    for name in (INTERVIEWS, CONTACT_HISTORY):
        if name in placed and "contact_id" in placed[name].columns:
            column = placed[name].columns["contact_id"].name
            what = f"{delivered[frame].file} has no column contact_id, so that nothing says whose ids these are"
            do = "add it there, or say --same COLUMN=contact_id if it has another name"
            if CONTACT_HISTORY not in placed:
                do += f", or --leave-out {quote(column)} here"
            raise InputProblem(what, file=delivered[name].file, column=column, do=do)


def _frame_of(interviews, codebook):
    """The frame as far as interviews tell it: a row for each organisation and contact that speaks for it."""
    facts = [c for q in frame_questions(codebook) for c in q.export_columns]
    answers = {c for q in interview_questions(codebook) for c in q.export_columns}
    personal = [c for c in PERSONAL if c not in answers]
    kept = [c for c in (ORGANISATION, "contact_id", *personal, *facts) if c in interviews]
    again = _tidied(interviews[[c for c in kept if c not in personal]]).duplicated()
    return interviews.loc[~again, kept]


def _check_facts_agree(interviews, frame, codebook, delivered):
    """Raise InputProblem where the interviews place an organisation otherwise than the frame does."""
    columns = {q.id: c for q in frame_questions(codebook) for c in q.export_columns}
    # The interviews' own columns are theirs, whatever a fact of the frame is called.
    if not set(columns.values()) <= set(interviews.columns) - set(OWN_COLUMNS["interviews"]):
        return
    interviews, frame = _tidied(interviews), _tidied(frame)
    file = delivered[INTERVIEWS].file
    said = _facts(interviews, codebook, file)
    known = _facts(frame, codebook, delivered[FRAME].file).reindex(said.index)
    for question, column in columns.items():
        other = said[question].ne(known[question]) & known[question].notna()
        for organisation in said.index[other.fillna(False)]:
            rows = interviews.index[interviews[ORGANISATION].eq(organisation)]
            what = f"the frame has organisation {organisation} elsewhere"
            found, allowed = said.at[organisation, question], known.at[organisation, question]
            raise InputProblem(what, file=file, row=rows[0], column=column, found=found, allowed=allowed)


def _facts(table, codebook, file):
    """What a table of the delivery says of each organisation, indexed by it; `file` is what problems name."""
    with _named_as_delivered({FRAME: file}):
        return read_organisations(table, codebook)[0].set_index(ORGANISATION)


@contextmanager
def _named_as_delivered(files, columns=None):
    """Let a problem of raw files name what was delivered: {raw file: delivered file}, {(raw file, column): column}."""
    try:
        yield
    except InputProblem as problem:
        text, column = str(problem).removesuffix("."), (columns or {}).get((problem.file, problem.column))
        if column:
            text = text.replace(f"column {problem.column}: ", f"column {column}: ", 1)
        raise InputProblem(re.sub("|".join(map(re.escape, files)), lambda m: files[m[0]], text)) from None


def _cleaned(fieldwork, codebook, delivered, placed):
    """The Cleaned fieldwork, as the stage `clean` will make it; a problem names files and columns as delivered."""
    origin = {name: name if name in delivered else INTERVIEWS for name in FILES}
    files = {name: delivered[of].file for name, of in origin.items()}
    columns = {(name, c): cells.name for name, of in origin.items() for c, cells in placed[of].columns.items()}
    with _named_as_delivered(files, columns):
        _check_names(fieldwork.frame)
        return clean(fieldwork, codebook)


def _check_names(frame):
    """Raise InputProblem if one name stands under two ids: the same organisation, most likely, counted twice."""
    frame = _tidied(frame[[ORGANISATION, "organisation_name"]])
    names = each_text(frame["organisation_name"], fold)
    named = frame[names.ne("")]
    first = named.groupby(names)[ORGANISATION].transform("first")
    for row in named.index[named[ORGANISATION].ne(first)]:
        what = f"an organisation stands twice: its name is that of {first[row]} too"
        do = "give both rows one id, or tell the names apart"
        raise InputProblem(what, file=FRAME, row=row, column=ORGANISATION, found=named.at[row, ORGANISATION], do=do)
