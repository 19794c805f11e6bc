"""What a delivery would add to a codebook: texts that can be told apart, and that may be published."""

from pipeline.privacy import either_way, hide_details, holds_details
from pipeline.problems import InputProblem
from pipeline.raw import INTERVIEWS
from pipeline.texts import fold


def stop_at_details(delivered, placed, questions, codebook):
    """Raise InputProblem at the first text of the draft that holds contact details or the name of a contact.

    `delivered` are the Delivery and `placed` the Placed by raw file, `questions` the mappings of new questions, and
    `codebook` is that of the wave before. The contacts are those whom the delivery itself names.
    """
    names = either_way(n for p in placed.values() for n in p.columns.get("contact_name", ()))
    for name, column, what, text in _drafted(placed, questions, codebook):
        if holds_details(text, names):
            raise InputProblem(
                f"{what} would be published, and holds contact details or the name of a contact",
                **{"file": delivered[name].file, "column": hide_details(column, names)},
                found=hide_details(text, names),
                do="take it out of the file, say --leave-out of a column that is none of the survey's, or write the "
                "wave's codebook by hand",
            )


def stop_at_labels_alike(delivered, placed, questions, codebook):
    """Raise InputProblem where the draft would give one text to two answers of a question: neither could be read.

    The arguments are those of `stop_at_details`.
    """
    for name, found in placed.items():
        for question in {e.question: codebook.question(e.question) for e in found.edits}.values():
            edits = [e for e in found.edits if e.question == question.id]
            column = _column_of(question.id, found, codebook)
            _stop_at_text_of_two(_texts_once_edited(question, edits), delivered[name].file, column)
    for question in questions:
        texts = [[a["label"], *([str(a["code"])] if "code" in a else [])] for a in question["answers"]]
        _stop_at_text_of_two(texts, delivered[INTERVIEWS].file, question["column"])


def _texts_once_edited(question, edits):
    """The texts that stand for each answer of a question in the draft: a list for each; former labels stay in them."""
    changed = {e.answer: e.offered for e in edits if e.answer is not None}
    texts = [[*a.texts, *_said(changed.get(a.id))] for a in question.answers]
    return [*texts, *(_said(e.offered) for e in edits if e.answer is None)]


def _said(offered):
    """The label and code of an offered answer, as far as there are any."""
    return [str(part) for part in (offered.label, offered.code) if part is not None] if offered else []


def _stop_at_text_of_two(answers, file, column):
    meant = {}
    for place, texts in enumerate(answers):
        for text in texts:
            if meant.setdefault(fold(text), place) != place:
                raise InputProblem(
                    "two answers of the draft would be called so",
                    **{"file": file, "column": column, "found": text},
                    do="give each a label of its own, letter case and blanks aside, that is no other's code, or write "
                    "the wave's codebook by hand",
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
