"""What a delivery would add to a codebook, which is published: no contact details, and no names of contacts."""

from pipeline.privacy import NameList, hide_details, holds_details
from pipeline.problems import InputProblem
from pipeline.raw import INTERVIEWS
from pipeline.texts import words


def stop_at_details(delivered, placed, questions, codebook):
    """Raise InputProblem at the first text of the draft that holds contact details or the name of a contact.

    `delivered` are the Delivery and `placed` the Placed by raw file, `questions` the mappings of new questions, and
    `codebook` is that of the wave before. The contacts are those whom the delivery itself names.
    """
    names = _either_way(n for p in placed.values() for n in p.columns.get("contact_name", ()))
    for name, column, what, text in _drafted(placed, questions, codebook):
        if holds_details(text, names):
            raise InputProblem(
                f"{what} would be published, and holds contact details or the name of a contact",
                **{"file": delivered[name].file, "column": hide_details(column, names)},
                found=hide_details(text, names),
                do="take it out of the file, say --leave-out of a column that is none of the survey's, or write the "
                "wave's codebook by hand",
            )


def _drafted(placed, questions, codebook):
    """What the draft takes over: (raw file, column, what it is, text)."""
    for name, found in placed.items():
        for question, text in found.texts.items():
            yield name, _column_of(question, found, codebook), "the text of the column", text
        for edit in found.edits:
            if edit.offered.label:
                yield name, _column_of(edit.question, found, codebook), "the label of an answer", edit.offered.label
    for question in questions:
        column = question["column"]
        yield INTERVIEWS, column, "the name of the column", column
        yield INTERVIEWS, column, "the text of the column", question["text"]
        for answer in question["answers"]:
            yield INTERVIEWS, column, "the label of an answer", answer["label"]


def _column_of(question_id, placed, codebook):
    question = codebook.question(question_id)
    return placed.moved.get(question_id) or question.column or question.id


def _either_way(names):
    """The NameList of people as they are called and with the last word first: Jane Smith and Smith, Jane."""
    called = [words(n).split() for n in set(names)]
    return NameList([" ".join(order) for n in called for order in (n, [*n[-1:], *n[:-1]])])
