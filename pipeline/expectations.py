"""Single expectations of the raw files, each a Check in plain sentences.

A check names one of Great Expectations' expectations with its arguments; it says in a sentence what is expected and
in a phrase what is wrong where it is not met; and it is critical (the run stops) or advisory (it is shown). It looks
at the columns of a view (pipeline/views.py) and reports what it finds at a column of the raw file.
"""

from typing import NamedTuple

from pipeline import views as v
from pipeline.alike_ids import DO
from pipeline.codebook import ORGANISATION
from pipeline.raw import FRAME, listed

CRITICAL, ADVISORY = "critical", "advisory"


class Check(NamedTuple):
    """One expectation of one file. `column` is the raw file's; `kind` and `arguments` are Great Expectations'."""

    column: str
    sentence: str
    fault: str
    kind: str
    arguments: dict
    severity: str = CRITICAL
    allowed: str = ""
    do: str = ""


def key(column):
    """A key is filled in and stands once."""
    unique = Check(
        column,
        f"Each {column} stands once",
        "this key stands twice",
        "ExpectColumnValuesToBeUnique",
        {"column": column},
        do="delete or renumber one of the rows",
    )
    return [filled(column), unique]


def filled(column):
    """No cell of a column is empty."""
    what = ("No cell is empty", "the cell is empty")
    return Check(column, *what, "ExpectColumnValuesToNotBeNull", {"column": column}, do="fill it in")


def one_id():
    """An organisation has one id, in one form."""
    return Check(
        ORGANISATION,
        "No two ids differ in letter case or the form of a dash alone",
        "but for letter case or the form of a dash this is an id that stands above",
        "ExpectColumnValuesToBeInSet",
        {"column": v.ALIKE, "value_set": [v.OWN_ID]},
        do=DO,
    )


def known_contact():
    """A row's contact is filled in and stands in the frame."""
    known = Check(
        "contact_id",
        "The contact is in the frame",
        "the frame has no such contact",
        "ExpectColumnValuesToBeInSet",
        {"column": v.CONTACT_IN_FRAME, "value_set": [v.IN]},
        allowed=f"a contact_id of {FRAME}",
    )
    return [filled("contact_id"), known]


def one_of(column, values, what):
    """A cell is one of a few words, in any letter case."""
    known = Check(
        column,
        f"Each cell is {what}",
        f"this is not {what}",
        "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": list(values)},
        allowed="; ".join(values),
    )
    return [filled(column), known]


def dates(column, codebook):
    """A cell is a day of the calendar, written so that text sorts as time, in the wave's year."""
    day = {"column": v.date_of(column)}
    form = ("this is not a date", "ExpectColumnValuesToMatchRegex", {"column": column, "regex": f"^{v.DATE_FORM}$"})
    real = (
        "no calendar has this day",
        "ExpectColumnValuesToMatchStrftimeFormat",
        {**day, "strftime_format": "%Y-%m-%d"},
    )
    year = ("this is not in the wave's year", "ExpectColumnValuesToMatchRegex", {**day, "regex": f"^{codebook.wave}-"})
    return [
        filled(column),
        Check(column, "Each cell is a date written as YYYY-MM-DD", *form, allowed="YYYY-MM-DD"),
        Check(column, "Each date is a day of the calendar", *real, allowed="YYYY-MM-DD"),
        Check(column, f"Each date is in {codebook.wave}", *year, ADVISORY, f"a day of {codebook.wave}"),
    ]


def answers(question, column):
    """A cell holds one of a question's answers."""
    return Check(
        column,
        f"Each answer to “{question.label}” is in the codebook, as label, code or other spelling",
        "the codebook knows no such answer",
        "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": [a.id for a in question.answers]},
        allowed=listed(question),
        do="correct the cell, or add the spelling to the codebook",
    )


def tick(question, column, answer):
    """A cell says whether one of several answers was chosen."""
    return Check(
        column,
        f"“{answer.label}” ({question.label}) is marked as chosen or not",
        "this is no sign for chosen or not chosen",
        "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": list(v.TICKS)},
        allowed=f"1; 0; Yes; No; X; an empty cell; {answer.label}",
        do="correct the cell",
    )


def no_code(question, column):
    """A size is no code of a band, by the look of the whole column."""
    return Check(
        column,
        f"Sizes (“{question.label}”) are not the codes of size bands",
        "these are codes of size bands, which would be read as sizes",
        "ExpectColumnValuesToNotBeInSet",
        {"column": v.number_or_code(column), "value_set": [v.CODE_OF_BAND]},
        do="give sizes, or labels of the bands",
    )


def size(question, column):
    """A size lies in a band of its organisation's sector."""
    return Check(
        column,
        f"Each size (“{question.label}”) lies in a band of its organisation's sector",
        "no size band of the organisation's sector holds this",
        "ExpectColumnValuesToBeInSet",
        {"column": v.banded(column), "value_set": [a.id for a in question.answers]},
        allowed="a whole number in one of: " + "; ".join(a.label for a in question.answers),
    )


def one_value(question, column):
    """All rows of an organisation say the same of it, and at least one says something."""
    return Check(
        column,
        f"The rows of an organisation give it one “{question.label}”",
        "the organisation has no value, or another in an earlier row",
        "ExpectColumnValuesToBeInSet",
        {"column": v.per_organisation(column), "value_set": [v.ONE]},
        do="give all its rows the same",
    )


def every_sector(sector, column, view_column, what):
    """Each answer to the sector question occurs."""
    return Check(
        column,
        f"Each sector has a {what}",
        f"a sector has no {what}",
        "ExpectColumnDistinctValuesToContainSet",
        {"column": view_column, "value_set": [a.id for a in sector.answers]},
        allowed="each of " + listed(sector),
    )
