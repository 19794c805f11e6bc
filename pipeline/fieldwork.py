"""Simulated fieldwork: what a call centre would hand over for a table of respondents.

The report says how it was done: 1,829 contacts at around 300 organisations; an introductory email to all of them,
telephone calls to those who replied, the same again after two weeks; some questionnaires filled by several people.
That is taken over. What it does not say is assumed, here and in params.yaml: dates, outcomes of attempts, how those
who did not answer ended, and the slips in the export. Those who did not answer get the frame's facts of respondents
drawn at random, so they have the same mix of sectors and sizes; what they would have said is not invented.

The answers come back unchanged: pipeline/clean.py makes exactly the table that this module was given.
"""

import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import typer

from pipeline.codebook import ORGANISATION, load_codebook
from pipeline.contacts import invent_contacts
from pipeline.export import export_answers, export_labels
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.raw import FILES, MODES, Fieldwork, frame_questions, interview_questions, raw_columns, readings
from pipeline.tables import read_respondents, write_table
from pipeline.texts import fold

ANSWERED, TWO_PEOPLE, RESUMED = "answered", "two_people", "resumed"
ROUNDS = (1, 2)
WEEKDAYS_BETWEEN_ROUNDS = 10
# Chances of what an email or a call leads to before a case is settled: True where someone there reacts at times.
_EMAIL = {True: {"no reply": 0.8, "out of office": 0.12, "bounced": 0.08}, False: {"no reply": 0.9, "bounced": 0.1}}
_CALL = {
    True: {"no answer": 0.4, "answerphone": 0.25, "call back": 0.2, "left organisation": 0.1, "wrong number": 0.05},
    False: {"no answer": 0.85, "wrong number": 0.15},
}
_SILENT = ("nothing_heard", "closed_or_merged")
_DEAD_ENDS = ("bounced", "left organisation", "wrong number")
# How a case is settled: (who, outcome), one to three attempts on successive days. The lead answers or speaks for the
# organisation; "second" is another person there.
_SETTLED = {
    ANSWERED: (("lead", "appointment"), ("lead", "completed")),
    TWO_PEOPLE: (("lead", "appointment"), ("lead", "partial"), ("second", "completed")),
    RESUMED: (("lead", "appointment"), ("lead", "partial"), ("lead", "completed")),
    "refused": (("lead", "refused"),),
    "broke_off": (("lead", "appointment"), ("lead", "partial")),
    "put_off": (("lead", "appointment"), ("lead", "call back")),
    "not_reached": (("lead", "call back"),),
    "nothing_heard": (("lead", "no answer"),),
    "closed_or_merged": (("lead", "not eligible"),),
}


class Case(NamedTuple):
    """An organisation's way through the fieldwork: how and in which round it ends, who speaks for it, by which mode.

    `repeats` are second listings of some of its `contacts`, which get the introductory email as well.
    """

    organisation: str
    ending: str
    round: int
    contacts: tuple[str, ...]
    repeats: tuple[str, ...]
    people: dict[str, str]
    mode: str


def simulate(respondents, codebook, settings):
    """The Fieldwork (frame, contact_history, interviews) that would bring these respondents in: tables of text.

    `settings` is the `fieldwork` section of params.yaml. The same arguments give the same tables.
    Raises InputProblem where the respondents do not fit into the settings.
    """
    _check_room(respondents, settings)
    rng = np.random.default_rng([settings.seed, codebook.wave])
    organisations = _approach(rng, respondents, codebook, settings)
    contacts = invent_contacts(
        rng, organisations[ORGANISATION], contacts=settings.contacts, listed_twice=settings.listed_twice
    )
    organisations = _choose_parts(rng, organisations, contacts, settings)
    cases = _plan(rng, organisations, contacts, respondents, codebook)
    history = _contact_history(rng, cases, _weekdays(codebook.wave, settings.starts))
    interviews = _interviews(rng, organisations, history, respondents, codebook, settings.slips)
    frame = _frame(rng, organisations, contacts, respondents, codebook, settings.slips)
    columns = raw_columns(codebook)
    tables = zip((frame, history, interviews), FILES, strict=True)
    return Fieldwork(*(table[columns[file]].reset_index(drop=True) for table, file in tables))


def _check_room(respondents, settings):
    listings = max(settings.organisations, settings.listed_twice) + settings.listed_twice
    in_parts = settings.two_people + settings.resumed
    for what, found, least in (
        ("there are no respondents to do fieldwork for", len(respondents), 1),
        ("fieldwork.organisations is fewer than the respondents", settings.organisations, len(respondents)),
        ("fieldwork.contacts is too few for a contact each and listed_twice", settings.contacts, listings),
        ("fieldwork.two_people and resumed are more than the respondents", len(respondents), in_parts),
    ):
        if found < least:
            raise InputProblem(what, file="params.yaml", found=found, allowed=f"at least {least}")


def _approach(rng, respondents, codebook, settings):
    """A row per organisation: organisation, ending, record (the row of `respondents` whose facts it has)."""
    others = settings.organisations - len(respondents)
    answered = pd.DataFrame({ORGANISATION: respondents[ORGANISATION].astype(object), "ending": ANSWERED})
    answered["record"] = respondents.index
    drawn = rng.choice(respondents.index.to_numpy(), others)
    sectors = respondents.loc[drawn, codebook.sector].to_numpy()
    endings = rng.permutation(_shared_out(settings.not_answering.model_dump(), others))
    names = _free_ids(sectors, set(respondents[ORGANISATION]))
    silent = pd.DataFrame({ORGANISATION: names, "ending": endings, "record": drawn})
    return pd.concat([answered, silent]).sort_values(ORGANISATION, ignore_index=True)


def _shared_out(shares, total):
    """`total` names in the given shares, by largest remainder."""
    exact = pd.Series(shares) * total
    numbers = np.floor(exact)
    left = total - int(numbers.sum())
    numbers[(numbers - exact).sort_values(kind="stable").index[:left]] += 1
    return np.repeat(exact.index.to_numpy(dtype=object), numbers.astype(int))


def _free_ids(sectors, taken):
    """An unused organisation id for each sector id in turn: the sector in capitals and the number after the last."""
    last = dict.fromkeys(sectors, 0)
    for sector in last:
        numbers = (name.removeprefix(f"{sector.upper()}-") for name in taken)
        last[sector] = max((int(n) for n in numbers if n.isdecimal()), default=0)
    ids = []
    for sector in sectors:
        last[sector] += 1
        ids.append(f"{sector.upper()}-{last[sector]:03d}")
    return ids


def _choose_parts(rng, organisations, contacts, settings):
    """Draw which questionnaires two people fill (at most as many as have two) and which are taken up again."""
    people = contacts.drop_duplicates("first_listing").groupby(ORGANISATION).size()
    answered = organisations.index[organisations["ending"].eq(ANSWERED)]
    several = answered[organisations.loc[answered, ORGANISATION].map(people).gt(1)]
    two_people = rng.permutation(several)[: settings.two_people]
    resumed = rng.permutation(answered.difference(two_people))[: settings.resumed]
    ending = organisations["ending"].copy()
    ending[two_people], ending[resumed] = TWO_PEOPLE, RESUMED
    return organisations.assign(ending=ending)


def _plan(rng, organisations, contacts, respondents, codebook):
    """A Case per organisation."""
    is_first = contacts["contact_id"].eq(contacts["first_listing"])
    people, repeats = (contacts[m].groupby(ORGANISATION)["contact_id"].apply(tuple) for m in (is_first, ~is_first))
    cases = []
    for row in organisations.itertuples():
        known = people[row.organisation]
        speakers = [known[i] for i in rng.permutation(len(known))[:2]]
        ends_in = ROUNDS[-1] if row.ending in ("not_reached", "nothing_heard") else int(rng.choice(ROUNDS))
        cases.append(
            Case(
                organisation=row.organisation,
                ending=row.ending,
                round=ends_in,
                contacts=known,
                repeats=repeats.get(row.organisation, ()),
                people={"lead": speakers[0], "second": speakers[-1]},
                mode=_completion_mode(respondents.loc[row.record], codebook),
            )
        )
    return cases


def _completion_mode(record, codebook):
    """The mode that the interviewer noted: of an answer that may be spelled as one of the modes of an attempt."""
    for question in codebook.questions:
        if question.asked_of == "interviewer" and not question.several:
            answer = record[question.id]
            for mode in MODES:
                if pd.notna(answer) and readings(question).get(fold(mode)) == answer:
                    return mode
    return MODES[0]


def _weekdays(wave, starts):
    """The working days of each round: by round, an array of dates."""
    first = np.busday_offset(np.datetime64(f"{wave}-{starts}"), 0, roll="forward")
    days = np.busday_offset(first, np.arange(len(ROUNDS) * WEEKDAYS_BETWEEN_ROUNDS))
    return dict(zip(ROUNDS, days.reshape(len(ROUNDS), WEEKDAYS_BETWEEN_ROUNDS), strict=True))


def _contact_history(rng, cases, weekdays):
    """A row per attempt, in order of time, with the columns of the raw file and `organisation`."""
    attempts = [
        (case.organisation, contact, round_, mode, str(weekdays[round_][day]), outcome)
        for case in cases
        for round_, contact, mode, day, outcome in _attempts(rng, case)
    ]
    columns = [ORGANISATION, "contact_id", "round", "mode", "attempted_on", "outcome"]
    history = pd.DataFrame(attempts, columns=columns).sort_values("attempted_on", kind="stable", ignore_index=True)
    return history.assign(
        round=history["round"].astype(str), attempt_id=[f"A{i:05d}" for i in range(1, len(history) + 1)]
    )


def _attempts(rng, case):
    """The attempts at one organisation: (round, contact, mode, weekday of the round, outcome)."""
    dead = set()
    for round_ in range(1, case.round + 1):
        last = round_ == case.round
        for attempt in (*_emails(rng, case, dead, last), *_calls(rng, case, dead, last)):
            yield round_, *attempt


def _emails(rng, case, dead, last):
    """The introductory email of a round, to every contact whose address has not failed."""
    agreed = ("lead", "appointment") in _SETTLED[case.ending]
    for contact in case.contacts:
        outcome = _draw(rng, _EMAIL[case.ending not in _SILENT])
        if contact == case.people["lead"] and last and agreed:
            outcome = "replied"
        elif contact in case.people.values():
            outcome = "no reply"
        if contact not in dead:
            yield contact, "email", 0, outcome
        if outcome in _DEAD_ENDS:
            dead.add(contact)
    for contact in case.repeats:
        yield contact, "email", 0, "no reply"


def _calls(rng, case, dead, last):
    """The calls of a round: up to three tries, and in the last round the attempts that settle the case."""
    for day in range(1, 1 + int(rng.integers(0 if last else 1, 4))):
        open_ = [c for c in case.contacts if c not in dead]
        contact, outcome = open_[rng.integers(len(open_))], _draw(rng, _CALL[case.ending not in _SILENT])
        if outcome in _DEAD_ENDS:
            if contact in case.people.values():
                outcome = "no answer"
            else:
                dead.add(contact)
        yield contact, "telephone", day, outcome
    if last:
        first_day = int(rng.integers(4, 8))
        for step, (who, outcome) in enumerate(_SETTLED[case.ending]):
            mode = case.mode if outcome in ("partial", "completed") else "telephone"
            yield case.people[who], mode, first_day + step, outcome


def _draw(rng, chances):
    return list(chances)[rng.choice(len(chances), p=list(chances.values()))]


def _interviews(rng, organisations, history, respondents, codebook, slips):
    """A row per questionnaire or part of one, in order of time."""
    spoken = history[history["outcome"].isin(("partial", "completed"))]
    cases = organisations.set_index(ORGANISATION)
    records = respondents.loc[spoken[ORGANISATION].map(cases["record"])].set_axis(spoken.index)
    questions = interview_questions(codebook)
    cells = export_answers(rng, records, questions, slips)
    # The questionnaire is cut somewhere within what is put to respondents; the interviewer's notes are on every part.
    order = [q for q in questions if q.asked_of == "respondent"]
    cut = spoken[ORGANISATION].map(dict(zip(cases.index, rng.integers(1, max(2, len(order)), len(cases)), strict=True)))
    ending = spoken[ORGANISATION].map(cases["ending"])
    first_part = spoken["outcome"].eq("partial")
    for place, question in enumerate(order):
        elsewhere = (first_part & cut.le(place)) | (ending.eq(TWO_PEOPLE) & ~first_part & cut.gt(place))
        cells.loc[elsewhere, question.export_columns] = ""
    about = spoken[[ORGANISATION, "contact_id"]].assign(
        interview_id=[f"I{i:04d}" for i in range(1, len(spoken) + 1)],
        completed_on=spoken["attempted_on"],
        status=spoken["outcome"].map({"completed": "complete", "partial": "partial"}),
    )
    return pd.concat([about, cells], axis=1)


def _frame(rng, organisations, contacts, respondents, codebook, slips):
    """A row per contact: the organisation's facts as a list broker spells them, and the contact's details."""
    cases = organisations.set_index(ORGANISATION)
    of_contact = contacts[ORGANISATION]
    records = respondents.loc[cases["record"]].set_axis(cases.index)
    sector = records[codebook.sector].map(codebook.question(codebook.sector).categories)
    name = sector + " " + cases.index.str.rsplit("-", n=1).str[-1]
    frame = contacts.assign(organisation_name=of_contact.map(name))
    for question in frame_questions(codebook):
        (column,) = question.export_columns
        if any(a.band for a in question.answers):
            sizes = pd.Series([_size(rng, question.answer(a).band) for a in records[question.id]], index=records.index)
            frame[column] = of_contact.map(sizes)
        else:
            frame[column] = export_labels(rng, of_contact.map(records[question.id]), question, slips)
    return frame


def _size(rng, band):
    """A whole number inside a size band, small ones likelier; an open band reaches to four times its start."""
    # Nobody has nothing to do with a size of 0 unless it has a band of its own.
    least = max(band.at_least, 0 if band.below == 1 else 1)
    below = 4 * least if band.below is None else max(band.below, least + 1)
    return str(min(rng.integers(least, below, size=2)))


def main(
    wave: Annotated[int, typer.Option(help="Year of the wave.")],
    params: Annotated[Path, typer.Option(help="Settings file.")] = Path("params.yaml"),
    data: Annotated[Path, typer.Option(help="Folder that holds codebook/, respondents/ and raw/.")] = Path("data"),
):
    """Simulate the fieldwork of a wave: data/respondents/WAVE to data/raw/WAVE."""
    codebook = load_codebook(data / "codebook" / f"{wave}.yaml")
    records = data / "respondents" / str(wave) / "respondents.csv"
    if not records.exists():
        what = "there are no records to do fieldwork for"
        raise InputProblem(what, file=records, do="make the wave's records first")
    respondents = read_respondents(records, codebook)
    tables = simulate(respondents, codebook, load_params(params).fieldwork)
    for table, file in zip(tables, FILES, strict=True):
        write_table(data / "raw" / str(wave) / file, table, codebook, exact=True)
        typer.echo(f"{file}: {len(table):,} rows")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
