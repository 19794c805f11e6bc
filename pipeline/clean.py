"""Raw fieldwork to one row per organisation, with a log of every change.

Each step takes tables and gives new ones, with the rows that it adds to the change log (pipeline/changes.py). A cell
that holds an answer's own label, code or id, or 1 or 0 for a tick, is read as it stands; every other cell has a log
row. A row that a step takes away has one too, so that rows in = rows out + rows logged.

A questionnaire is complete when one of its organisation's rows says so. Other rows (another person's part, an
interview broken off and taken up later) fill what it leaves empty; where both speak, the complete one stands. Two
complete rows for one organisation stop the run, because nothing in the files says which is right.

An answer to a question that the routing did not ask is taken out and logged: interviewers go back and correct an
earlier answer, and the export keeps what hung on the old one. A question that was asked and has no answer stops the
run, unless the codebook gives an empty cell a meaning (an answer with the spelling ""); of several answers, an empty
cell means "not chosen".

Contact details go into no result and no log row: a contact is known here by its id alone, and in answers in own words
they are hidden before anything else is done.
"""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.changes import (
    BANDED,
    EMPTY_ANSWER,
    HIDDEN,
    MERGED,
    NOT_CHOSEN,
    OFF_ROUTE,
    REPEATED,
    REPLACED,
    REPOINTED,
    TIDIED,
    UNFINISHED,
    change_log,
    changes,
    each_text,
)
from pipeline.codebook import ORGANISATION
from pipeline.dispositions import read_history
from pipeline.privacy import NameList, hide_details
from pipeline.problems import InputProblem
from pipeline.raw import (
    CONTACT_HISTORY,
    FRAME,
    INTERVIEWS,
    PERSONAL,
    Fieldwork,
    among,
    check_keys,
    frame_questions,
    interview_questions,
    listed,
    readings,
    stop_at,
)
from pipeline.respondents import asked, typed
from pipeline.responses import code_texts, read_answers, read_labels
from pipeline.texts import fold, tidy

# Up to twelve digits, and no 20.000, in which the point may part thousands: of a size that reads two ways neither is
# taken.
_WHOLE_NUMBER = re.compile(r"\d{1,3}(,\d{3}){1,3}|\d{1,12}(\.0{1,2})?", re.ASCII)


class Cleaned(NamedTuple):
    """The respondents, every organisation of the frame with its facts, the change log, and the texts left uncoded."""

    respondents: pd.DataFrame
    organisations: pd.DataFrame
    change_log: pd.DataFrame
    uncoded: pd.DataFrame


class Merged(NamedTuple):
    """One row of answers per organisation, and the line of the raw file from which each question's answer came."""

    answers: pd.DataFrame
    lines: pd.DataFrame


def clean(fieldwork, codebook):
    """Every step in order, from a Fieldwork of raw tables to Cleaned; the notebook makes the same calls one by one."""
    hidden, log_hidden = hide_contact_details(fieldwork, codebook)
    tidied, log_tidied = tidy_text(hidden)
    check_keys(tidied)
    distinct, log_contacts = drop_repeated_contacts(tidied)
    organisations, log_frame = read_organisations(distinct.frame, codebook)
    _, log_history = read_history(distinct.contact_history)
    answers, log_answers = read_answers(distinct.interviews, codebook)
    coded, uncoded, log_coded = code_texts(answers, codebook)
    merged, log_merged = merge_rows(coded, codebook)
    respondents, log_routed = apply_routing(merged, organisations, codebook)
    by_step = (log_hidden, log_tidied, log_contacts, log_frame, log_answers, log_coded, log_merged, log_routed)
    return Cleaned(respondents, organisations, change_log(*by_step, log_history), uncoded)


def hide_contact_details(fieldwork, codebook):
    """Hide addresses, telephone numbers and names of the frame's contacts in answers in own words, from the log too."""
    interviews, names = fieldwork.interviews, NameList(fieldwork.frame["contact_name"].unique())
    after, logs = interviews, []
    for question in interview_questions(codebook):
        if question.kind == "open":
            (column,) = question.export_columns
            shown = each_text(interviews[column], lambda text: hide_details(text, names))
            hidden = shown[shown.ne(interviews[column])]
            unseen = pd.Series("(not shown)", index=hidden.index)
            logs.append(changes(INTERVIEWS, column, unseen, hidden, HIDDEN))
            after = after.assign(**{column: shown})
    return fieldwork._replace(interviews=after), change_log(*logs)


def tidy_text(fieldwork):
    """Remove stray blanks (at the ends, doubled, non-breaking) from every cell but the frame's contact details."""
    tidied, logs = [], []
    for table, file in zip(fieldwork, (FRAME, CONTACT_HISTORY, INTERVIEWS), strict=True):
        # A column of the interviews that is called so is a question's.
        columns = [c for c in table.columns if file != FRAME or c not in PERSONAL]
        after = table.assign(**{c: each_text(table[c], tidy) for c in columns})
        logs += [changes(file, c, table[c], after[c], TIDIED) for c in columns]
        tidied.append(after)
    return Fieldwork(*tidied), change_log(*logs)


def drop_repeated_contacts(fieldwork):
    """Keep the first listing of a contact whose organisation and email address stand in the frame twice.

    Attempts and interviews under the later listing's id are put under the first's.
    """
    frame, history, interviews = fieldwork
    address = each_text(frame["email"], fold)
    address = address.where(address.ne(""), frame["contact_id"])
    first = frame.groupby([frame[ORGANISATION], address], sort=False)["contact_id"].transform("first")
    repeated = first.ne(frame["contact_id"])
    same_as = dict(zip(frame.loc[repeated, "contact_id"], first[repeated], strict=True))
    logs = [changes(FRAME, "contact_id", frame["contact_id"], first, REPEATED)]
    repointed = []
    for table, file in ((history, CONTACT_HISTORY), (interviews, INTERVIEWS)):
        after = table.assign(contact_id=table["contact_id"].replace(same_as))
        logs.append(changes(file, "contact_id", table["contact_id"], after["contact_id"], REPOINTED))
        repointed.append(after)
    return Fieldwork(frame[~repeated], *repointed), change_log(*logs)


def read_organisations(frame, codebook):
    """What the frame says of each organisation: one row each, sorted, a column of answer ids per frame question.

    Gives the table and its log. Raises InputProblem at a text or size that the codebook does not know, at codes of size
    bands in place of sizes, at an organisation of which two rows say different things, and at one of which no row says
    anything.
    """
    organisations = pd.DataFrame(index=pd.Index(sorted(frame[ORGANISATION].unique()), name=ORGANISATION))
    logs = []
    for question in frame_questions(codebook):
        (column,) = question.export_columns
        if any(a.band for a in question.answers):
            what = "these are codes of size bands, which would be read as sizes"
            coded = band_codes_in(frame, question)
            stop_at(frame, coded, FRAME, column, what, do="give sizes, or labels of the bands")
            sector = frame[ORGANISATION].map(organisations[codebook.sector])
            answers, log = _read_sizes(frame[column], sector, question)
            # A size is the organisation's, repeated for each of its contacts: one log row says it.
            log = log[~frame.loc[log["row"], ORGANISATION].duplicated().to_numpy()]
        else:
            answers, log = read_labels(frame[column], question, FRAME)
        organisations[question.id] = _one_per_organisation(frame, column, answers)
        logs.append(log)
    return organisations.reset_index(), change_log(*logs)


def size_bands(sizes, sector, question):
    """The band of each row's sector that holds its size, a whole number or a band's label; missing where none does."""
    labels, numbers = _band_labels(question), _numbers(sizes)
    found = each_text(sizes, lambda text: labels.get(fold(text))).astype("string")
    for answer in question.answers:
        band = answer.band
        inside = numbers.ge(band.at_least) & (numbers.lt(band.below) if band.below is not None else True)
        found = found.mask(inside & sector.eq(band.sector), answer.id)
    fits = found.map({a.id: a.band.sector for a in question.answers}).eq(sector).fillna(False).astype(bool)
    return found.where(fits)


def band_codes(sizes, question):
    """Which of a column's cells are codes of size bands: none, unless all that are no band's label are codes.

    A size may be a code by chance; all of them together are not.
    """
    codes = [a.code for a in question.answers if a.code is not None]
    labels, coded = _band_labels(question), _numbers(sizes).isin(codes)
    known = coded | sizes.isin([text for text in sizes.unique() if not text or fold(text) in labels])
    return coded if known.all() else pd.Series(False, index=sizes.index)


def band_codes_in(frame, question):
    """Which rows of a frame have a band's code for a size: as `band_codes`, and of more than one organisation."""
    coded = band_codes(frame[question.export_columns[0]], question)
    return coded & (frame.loc[coded, ORGANISATION].nunique() > 1)


def _band_labels(question):
    """What stands for a band in a column of sizes, folded, to its id: no code, nor any other number."""
    return {text: band for text, band in readings(question).items() if not _WHOLE_NUMBER.fullmatch(text)}


def _numbers(sizes):
    """The sizes that are whole numbers, in any of the ways to write them; missing where a cell is none."""
    is_number = sizes.str.fullmatch(_WHOLE_NUMBER).astype(bool)
    return pd.to_numeric(sizes.where(is_number).str.replace(",", ""))


def _read_sizes(sizes, sector, question):
    """Sizes to the band ids of each row's sector, and their log."""
    found = size_bands(sizes, sector, question)
    allowed = "a whole number in one of: " + "; ".join(a.label for a in question.answers)
    what = "no size band of the organisation's sector holds this"
    stop_at(sizes.to_frame(), sizes.ne("") & found.isna(), FRAME, sizes.name, what, allowed=allowed)
    return found, changes(FRAME, sizes.name, sizes, found, BANDED)


def _one_per_organisation(frame, column, answers):
    known = pd.DataFrame({ORGANISATION: frame[ORGANISATION], "answer": answers, "row": frame.index}).dropna()
    again = known[ORGANISATION].duplicated()
    first, repeated = known[~again].set_index(ORGANISATION), known[again]
    other = repeated["answer"].ne(repeated[ORGANISATION].map(first["answer"]))
    for row, organisation in repeated[ORGANISATION][other].items():
        what = f"organisation {organisation} has another value in row {first.at[organisation, 'row']}"
        do = "give all its rows the same"
        raise InputProblem(what, file=FRAME, row=row, column=column, found=frame.at[row, column], do=do)
    nowhere = ~among(frame[ORGANISATION], known[ORGANISATION])
    stop_at(frame, nowhere, FRAME, column, "no row says this of the organisation", do="fill it in")
    return first["answer"]


def merge_rows(answers, codebook):
    """Bring each organisation's rows together: Merged, indexed by organisation, and the log.

    Each question's answer comes from the complete row, or else from the latest other row that has one. Rows of an
    organisation without a complete row are left out. Raises InputProblem at a second complete row, or if none is.
    """
    is_complete = answers["status"].eq("complete")
    if not is_complete.any():
        raise InputProblem(
            "no questionnaire is complete", file=INTERVIEWS, column="status", do="see the export's filter"
        )
    complete = answers[is_complete].drop_duplicates(ORGANISATION)
    complete = complete.assign(row=complete.index).set_index(ORGANISATION).sort_index()
    second = is_complete & ~answers.index.isin(complete["row"])
    for row, organisation in answers[ORGANISATION][second].items():
        what = f"this organisation has another complete questionnaire in row {complete.at[organisation, 'row']}"
        do = "keep one; if one was left unfinished, say partial of it in a column status, and complete of all others"
        raise InputProblem(what, file=INTERVIEWS, row=row, column=ORGANISATION, found=organisation, do=do)
    into = answers[ORGANISATION].map(complete["interview_id"])
    logs = [
        changes(INTERVIEWS, "interview_id", answers["interview_id"][rows], into[rows], rule)
        for rows, rule in ((into.isna(), UNFINISHED), (into.notna() & ~is_complete, MERGED))
    ]
    in_order = answers[into.notna()].assign(last=is_complete).sort_values(["last", "completed_on"], kind="stable")
    organisation = complete.index.get_indexer(in_order[ORGANISATION])
    merged, lines = {}, {}
    for question in interview_questions(codebook):
        own = in_order[question.columns]
        filled = np.flatnonzero(own.notna().any(axis=1))
        # Of the rows of an organisation the last one written stays: the one that stands.
        latest = np.full(len(complete), -1)
        latest[organisation[filled]] = filled
        merged |= {c: own[c].array.take(latest, allow_fill=True) for c in question.columns}
        lines[question.id] = np.where(latest < 0, complete["row"], in_order.index.to_numpy()[latest])
        logs.append(_replaced(own.iloc[filled], own.iloc[latest[organisation[filled]]], question))
    merged, lines = (pd.DataFrame(table, index=complete.index) for table in (merged, lines))
    return Merged(merged, lines), change_log(*logs)


def _replaced(filled, final, question):
    """Log rows of the answers that a later row of the same organisation speaks against; `final` has that row's."""
    replaced = filled.index != final.index
    several_rows = filled[replaced]
    # An empty cell beside ticked ones says the same as a 0.
    unticked = dict.fromkeys(question.columns, 0) if question.kind == "multiple" else {}
    before = _as_exported(several_rows.fillna(unticked), question)
    final = final[replaced].set_axis(several_rows.index)
    after = _as_exported(final.fillna(unticked), question)
    return change_log(*(changes(INTERVIEWS, c, before[c], after[c], REPLACED) for c in before.columns))


def _as_exported(table, question):
    """The answers to a question under the export's columns: ids, ticks, or the ids that own words were coded to."""
    answers = table[question.columns]
    if question.kind == "open":
        given = answers.eq(1).fillna(False).to_numpy(dtype=bool)
        names = [a.id for a in question.answers]
        joined = ["; ".join(n for n, g in zip(names, row, strict=True) if g) for row in given]
        answers = pd.DataFrame({question.id: joined}, index=table.index)
    return answers.set_axis(question.export_columns, axis=1)


def apply_routing(merged, organisations, codebook):
    """Empty what was not asked, and read the empty cells of what was: the table of respondents and the log.

    The respondents are ordered by sector (codebook order) and organisation. Raises InputProblem where a question that
    was asked has no answer, or fewer than it must have. More than `max_answers` are kept: validation shows them.
    """
    facts = organisations.set_index(ORGANISATION)
    table = merged.answers.join(facts[[q.id for q in frame_questions(codebook)]])
    logs = []
    for question in interview_questions(codebook):
        heard = asked(table, question)
        route = _route_several if question.several else _route_single
        answers, log = route(table[question.columns], question, heard, merged.lines[question.id])
        logs += [_off_route(table.loc[~heard, question.columns], question, merged.lines[question.id]), log]
        table = table.assign(**{c: answers[c] for c in question.columns})
    sectors = [a.id for a in codebook.question(codebook.sector).answers]
    place = table[codebook.sector].map({s: i for i, s in enumerate(sectors)})
    ordered = table.sort_index().loc[place.sort_index().sort_values(kind="stable").index]
    return typed(ordered.reset_index(), codebook), change_log(*logs)


def _off_route(answers, question, lines):
    """Log rows of answers given by those whom the routing did not ask."""
    given = _as_exported(answers[answers.notna().any(axis=1)], question)
    nothing = pd.Series("", index=given.index)
    return change_log(
        *(changes(INTERVIEWS, c, given[c], nothing, OFF_ROUTE, lines[given.index]) for c in given.columns)
    )


def _route_single(given, question, heard, lines):
    silent = heard & given[question.id].isna()
    meant = readings(question).get("")
    if meant is None and silent.any():
        raise InputProblem(
            "the question was asked and has no answer",
            file=INTERVIEWS,
            row=lines[silent].min(),
            column=question.export_columns[0],
            allowed=listed(question),
            do='fill it in, or give the answer that an empty cell stands for the spelling "" in the codebook',
        )
    answers = given.where(heard).mask(silent, meant)
    column = question.export_columns[0]
    cells = given.loc[silent, question.id]
    return answers, changes(INTERVIEWS, column, cells, answers.loc[silent, question.id], EMPTY_ANSWER, lines[silent])


def _route_several(given, question, heard, lines):
    answers = given.fillna(0).where(heard)
    number = answers.sum(axis=1)
    few = heard & number.lt(question.min_answers)
    if few.any():
        organisation = lines[few].idxmin()
        raise InputProblem(
            "the question was asked and has too few answers",
            file=INTERVIEWS,
            row=lines[organisation],
            column=question.column or question.id,
            found=int(number[organisation]),
            allowed=f"at least {question.min_answers}",
        )
    empty = given.isna() & heard.to_numpy()[:, None]
    # Own words that were left out are no cell of their own: only ticks are read from empty cells.
    ticked = zip(question.columns, question.export_columns, strict=True) if question.kind == "multiple" else ()
    logs = [
        changes(INTERVIEWS, column, given.loc[empty[c], c], answers.loc[empty[c], c], NOT_CHOSEN, lines[empty[c]])
        for c, column in ticked
    ]
    return answers, change_log(*logs)
