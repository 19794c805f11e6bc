"""Forty made-up houses as raw fieldwork, faults to plant in them, and what validation must find of each."""

import pandas as pd

from pipeline.expectations import ADVISORY, CRITICAL
from pipeline.raw import CONTACT_HISTORY, FILES, FRAME, INTERVIEWS, Fieldwork, raw_columns

HOUSES = 40
EMAIL, TELEPHONE = "ann.lee@somewhere.org.uk", "020 7946 0123"
# Forty houses, each with two contacts, an attempt that brought a questionnaire in, and that questionnaire: the house on
# line 2 of interviews and history is on lines 2 and 42 of the frame, and so on. One house more was never interviewed.
SPARE = HOUSES
ANSWERS = {"Channel": "In a call", "E1_1": "1", "S1": "No", "V1": "Steady"}

# Every fault is planted in a house of its own: file, line, column, cell.
FAULTS = [
    (FRAME, SPARE + 2, "contact_id", ""),
    (FRAME, SPARE + 3, "contact_id", "B04"),
    (FRAME, SPARE + 5, "organisation", ""),
    (FRAME, SPARE + 15, "organisation", "mus\u201015"),
    (FRAME, SPARE + 6, "Type", "Hospital"),
    (FRAME, SPARE + 7, "Type", "Library"),
    (FRAME, SPARE + 8, "Visits", "many"),
    (FRAME, SPARE + 9, "Visits", "900000"),
    (FRAME, 10, "Visits", ""),
    (FRAME, SPARE + 10, "Visits", " "),
    (FRAME, SPARE + 11, "email", "A11@EXAMPLE.ORG"),
    (FRAME, SPARE + 12, "email", "nobody.example.org"),
    (FRAME, SPARE + 13, "email", EMAIL),
    (FRAME, SPARE + 14, "telephone", "ask at the desk"),
    (CONTACT_HISTORY, 2, "attempt_id", ""),
    (CONTACT_HISTORY, 3, "attempt_id", "T04"),
    (CONTACT_HISTORY, 5, "contact_id", ""),
    (CONTACT_HISTORY, 6, "contact_id", "A99"),
    (CONTACT_HISTORY, 7, "round", ""),
    (CONTACT_HISTORY, 8, "round", "first"),
    (CONTACT_HISTORY, 9, "mode", ""),
    (CONTACT_HISTORY, 10, "mode", "pigeon"),
    (CONTACT_HISTORY, 11, "outcome", ""),
    (CONTACT_HISTORY, 12, "outcome", "perhaps"),
    (CONTACT_HISTORY, 13, "attempted_on", ""),
    (CONTACT_HISTORY, 14, "attempted_on", "02.03.2020"),
    (CONTACT_HISTORY, 15, "attempted_on", "2020-02-30"),
    (CONTACT_HISTORY, 16, "attempted_on", "2019-03-02"),
    (CONTACT_HISTORY, HOUSES + 2, "attempted_on", "2020-03-01"),
    (CONTACT_HISTORY, HOUSES + 3, "outcome", "Completed"),
    (INTERVIEWS, 2, "interview_id", ""),
    (INTERVIEWS, 3, "interview_id", "I04"),
    (INTERVIEWS, 5, "organisation", ""),
    (INTERVIEWS, 6, "organisation", "LIB-99"),
    (INTERVIEWS, 7, "contact_id", ""),
    (INTERVIEWS, 8, "contact_id", "A99"),
    (INTERVIEWS, 9, "contact_id", "A10"),
    (INTERVIEWS, 11, "status", ""),
    (INTERVIEWS, 12, "status", "finished"),
    (INTERVIEWS, 13, "completed_on", ""),
    (INTERVIEWS, 14, "completed_on", "43894"),
    (INTERVIEWS, 15, "completed_on", "2020-04-31"),
    (INTERVIEWS, 16, "completed_on", "2021-03-03"),
    (INTERVIEWS, 17, "completed_on", "2020-01-02"),
    (INTERVIEWS, 18, "Channel", "By pigeon"),
    (INTERVIEWS, 19, "Channel", ""),
    (INTERVIEWS, 20, "S1", "Perhaps"),
    (INTERVIEWS, 21, "S1", ""),
    (INTERVIEWS, 22, "V1", "97"),
    (INTERVIEWS, 23, "V1", "\u00a0"),
    (INTERVIEWS, 24, "E1_1", "2"),
    (INTERVIEWS, 25, "E1_2", "Sometimes"),
    (INTERVIEWS, 26, "E1_3", "Talks"),
    (INTERVIEWS, 27, "E1_4", "?"),
    (INTERVIEWS, 28, "E1_2", "x"),
    (INTERVIEWS, 28, "E1_3", "yes"),
    (INTERVIEWS, 29, "E1_text", "Chess on Mondays"),
    (INTERVIEWS, 30, "E1_4", "1"),
    (INTERVIEWS, 30, "E1_text", "Something nobody has thought of"),
    (INTERVIEWS, 31, "S2_1", "1"),
    (INTERVIEWS, 32, "S1", "Yes"),
    (INTERVIEWS, 33, "S2_1", "maybe"),
    (INTERVIEWS, 34, "S2_2", "maybe"),
    (INTERVIEWS, 35, "S2_3", "maybe"),
    (INTERVIEWS, 36, "S2_98", "maybe"),
    (INTERVIEWS, 37, "S3", "Both"),
    (INTERVIEWS, 38, "S3", "No"),
    (INTERVIEWS, 39, "S1", "Yes"),
    (INTERVIEWS, 39, "S2_1", "1"),
    (INTERVIEWS, 40, "V2", "We need more hands, our roof leaks. The budget shrinks each year."),
    (INTERVIEWS, 41, "V2", "Everything is fine"),
    (INTERVIEWS, HOUSES + 2, "status", "Complete "),
]
EMPTY, TWICE, UNKNOWN = "the cell is empty", "this key stands twice", "the codebook knows no such answer"
NO_SIGN, UNCODED = "this is no sign for chosen or not chosen", "own words that no phrase of the codebook covers"
ANOTHER = "the organisation has no value, or another in an earlier row"
ALIKE = "but for letter case or the form of a dash this is an id that stands above"
SECOND = "the organisation has another complete questionnaire"
COUNTED = "this is not the number of complete questionnaires that the source gives"
NO_DATE, NO_DAY, OTHER_YEAR = "this is not a date", "no calendar has this day", "this is not in the wave's year"
NOT_ASKED, NO_ANSWER = "an answer to a question that was not asked", "the question was asked and has no answer"
FOUND = [
    (CRITICAL, FRAME, "contact_id", EMPTY, [42]),
    (CRITICAL, FRAME, "contact_id", TWICE, [43, 44]),
    (CRITICAL, FRAME, "organisation", EMPTY, [45]),
    (CRITICAL, FRAME, "organisation", ALIKE, [55]),
    (CRITICAL, FRAME, "Type", UNKNOWN, [46]),
    (CRITICAL, FRAME, "Type", ANOTHER, [47]),
    (CRITICAL, FRAME, "Visits", "no size band of the organisation's sector holds this", [48]),
    (CRITICAL, FRAME, "Visits", ANOTHER, [10, 49]),
    (ADVISORY, FRAME, "contact_id", "the contact is listed a second time", [51]),
    (ADVISORY, FRAME, "email", "this is not the form of an email address", [52]),
    (ADVISORY, FRAME, "telephone", "this is not the form of a telephone number", [54]),
    (CRITICAL, FRAME, "email", "the address could be a real person's", [53]),
    (CRITICAL, CONTACT_HISTORY, "attempt_id", EMPTY, [2]),
    (CRITICAL, CONTACT_HISTORY, "attempt_id", TWICE, [3, 4]),
    (CRITICAL, CONTACT_HISTORY, "contact_id", EMPTY, [5]),
    (CRITICAL, CONTACT_HISTORY, "contact_id", "the frame has no such contact", [6]),
    (CRITICAL, CONTACT_HISTORY, "round", EMPTY, [7]),
    (CRITICAL, CONTACT_HISTORY, "round", "this is not the number of a round", [8]),
    (CRITICAL, CONTACT_HISTORY, "mode", EMPTY, [9]),
    (CRITICAL, CONTACT_HISTORY, "mode", "this is not a way of contact", [10]),
    (CRITICAL, CONTACT_HISTORY, "outcome", EMPTY, [11]),
    (CRITICAL, CONTACT_HISTORY, "outcome", "this is not an outcome of a contact attempt", [12]),
    (CRITICAL, CONTACT_HISTORY, "attempted_on", EMPTY, [13]),
    (CRITICAL, CONTACT_HISTORY, "attempted_on", NO_DATE, [14]),
    (CRITICAL, CONTACT_HISTORY, "attempted_on", NO_DAY, [15]),
    (ADVISORY, CONTACT_HISTORY, "attempted_on", OTHER_YEAR, [16]),
    (ADVISORY, CONTACT_HISTORY, "attempted_on", "the attempt is earlier than one of the round before", [42]),
    (CRITICAL, CONTACT_HISTORY, "outcome", "interviews.csv has no complete interview with this organisation", [43]),
    (CRITICAL, INTERVIEWS, "interview_id", EMPTY, [2]),
    (CRITICAL, INTERVIEWS, "interview_id", TWICE, [3, 4]),
    (CRITICAL, INTERVIEWS, "organisation", EMPTY, [5]),
    (CRITICAL, INTERVIEWS, "organisation", "the frame has no such organisation", [6]),
    (CRITICAL, INTERVIEWS, "contact_id", EMPTY, [7]),
    (CRITICAL, INTERVIEWS, "contact_id", "the frame has no such contact", [8]),
    (CRITICAL, INTERVIEWS, "contact_id", "the frame has this contact at another organisation", [9]),
    (CRITICAL, INTERVIEWS, "status", EMPTY, [11]),
    (CRITICAL, INTERVIEWS, "status", "this is not a status of an interview", [12]),
    (CRITICAL, INTERVIEWS, "completed_on", EMPTY, [13]),
    (CRITICAL, INTERVIEWS, "completed_on", NO_DATE, [14]),
    (CRITICAL, INTERVIEWS, "completed_on", NO_DAY, [15]),
    (ADVISORY, INTERVIEWS, "completed_on", OTHER_YEAR, [16]),
    (ADVISORY, INTERVIEWS, "completed_on", "the contact was first tried on a later day", [17]),
    (CRITICAL, INTERVIEWS, "status", SECOND, [41, 42]),
    (ADVISORY, INTERVIEWS, "status", COUNTED, []),
    (CRITICAL, INTERVIEWS, "Channel", UNKNOWN, [18]),
    (CRITICAL, INTERVIEWS, "E1_1", NO_SIGN, [24]),
    (CRITICAL, INTERVIEWS, "E1_2", NO_SIGN, [25]),
    (CRITICAL, INTERVIEWS, "E1_3", NO_SIGN, [26]),
    (CRITICAL, INTERVIEWS, "E1_4", NO_SIGN, [27]),
    (ADVISORY, INTERVIEWS, "E1_text", UNCODED, [30]),
    (CRITICAL, INTERVIEWS, "S1", UNKNOWN, [20]),
    (CRITICAL, INTERVIEWS, "S2_1", NO_SIGN, [33]),
    (CRITICAL, INTERVIEWS, "S2_2", NO_SIGN, [34]),
    (CRITICAL, INTERVIEWS, "S2_3", NO_SIGN, [35]),
    (CRITICAL, INTERVIEWS, "S2_98", NO_SIGN, [36]),
    (CRITICAL, INTERVIEWS, "S3", UNKNOWN, [37]),
    (CRITICAL, INTERVIEWS, "V1", UNKNOWN, [22]),
    (ADVISORY, INTERVIEWS, "V2", UNCODED, [41]),
    (CRITICAL, INTERVIEWS, "Channel", NO_ANSWER, [19]),
    (ADVISORY, INTERVIEWS, "E1", "too many answers", [28]),
    (ADVISORY, INTERVIEWS, "E1_text", NOT_ASKED, [29]),
    (CRITICAL, INTERVIEWS, "S1", NO_ANSWER, [21]),
    (ADVISORY, INTERVIEWS, "S2", NOT_ASKED, [31]),
    (CRITICAL, INTERVIEWS, "S2", "too few answers", [32]),
    (CRITICAL, INTERVIEWS, "S3", NO_ANSWER, [39]),
    (ADVISORY, INTERVIEWS, "S3", NOT_ASKED, [38]),
    (CRITICAL, INTERVIEWS, "V1", NO_ANSWER, [23]),
    (ADVISORY, INTERVIEWS, "V2", "too many answers", [40]),
]


def house(line):
    return f"{'MUS' if line % 2 else 'LIB'}-{line:02d}"


def contact(letter, line, **cells):
    who = f"{letter}{line:02d}"
    usual = {
        "contact_id": who,
        "organisation": house(line),
        "Type": "Museum" if line % 2 else "Library",
        "Visits": "100",
    }
    return usual | {"contact_name": f"Name {who}", "email": f"{who}@example.org", "telephone": TELEPHONE} | cells


def attempt(line, contact_id, **cells):
    usual = {"attempt_id": f"T{line:02d}", "contact_id": contact_id, "round": "1", "mode": "telephone"}
    return usual | {"attempted_on": "2020-03-02", "outcome": "completed"} | cells


def interview(line, of_house, letter="A", **cells):
    usual = {"interview_id": f"I{line:02d}", "organisation": house(of_house), "contact_id": f"{letter}{of_house:02d}"}
    return usual | {"completed_on": "2020-03-04", "status": "complete"} | ANSWERS | cells


def fieldwork_of(codebook, frame, history, interviews):
    columns = raw_columns(codebook)
    tables = zip(FILES, (frame, history, interviews), strict=True)
    made = [pd.DataFrame(rows, columns=columns[file], dtype="str").fillna("") for file, rows in tables]
    return Fieldwork(*(t.set_axis(pd.RangeIndex(2, 2 + len(t), name="row")) for t in made))


def houses(codebook):
    """The forty houses without a fault."""
    lines = range(2, HOUSES + 2)
    last = lines[-1]
    frame = [contact("A", line) for line in lines] + [contact("B", line) for line in lines] + [contact("A", 82)]
    history = [attempt(line, f"A{line:02d}") for line in lines]
    history += [
        attempt(last + 1, f"A{last}", round="2", attempted_on="2020-03-16", outcome="no reply"),
        attempt(last + 2, "A82", outcome="refused"),
    ]
    interviews = [interview(line, line) for line in lines] + [interview(last + 1, last, "B", status="partial", V1="")]
    return fieldwork_of(codebook, frame, history, interviews)


def planted(fieldwork, faults):
    """The tables with cells changed."""
    tables = {file: table.copy() for file, table in zip(FILES, fieldwork, strict=True)}
    for file, row, column, cell in faults:
        tables[file].at[row, column] = cell
    return Fieldwork(*tables.values())


def limited(codebook):
    """The made-up survey as a rehearsal that limits and counts all that can be: every expectation there is is in it."""
    questions = [q.model_copy(update={"min_answers": 1}) if q.id == "goods" else q for q in codebook.questions]
    changes = {"kind": "rehearsal", "respondents": HOUSES, "questions": tuple(questions)}
    return codebook.model_copy(update=changes)
