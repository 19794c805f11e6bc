"""The columns of a delivery that no question takes, drafted as new questions and answers of the codebook.

What `pipeline.placing` leaves over: a question is drafted where the file itself gives its answers; where it does not,
the column is refused by name.
"""

import re
from shlex import quote

from pipeline.changes import each_text
from pipeline.delivered_cells import code_of, labelled, stop_at_unlabelled, ticks_of, ticks_of_counted
from pipeline.delivery import AnswerSet
from pipeline.files import MARK
from pipeline.offers import Offered, answers_told
from pipeline.problems import InputProblem
from pipeline.texts import fold, tidy

# A question of which the file gives no labels has at most so many different texts as answers.
MOST_ANSWERS = 12
# A number, or a code, of which those with a sign often say that nothing was answered.
_NUMBER = re.compile(r"[+-]? ?[\d.,]+")


def new_question(item, delivery, taken):
    """A question for a column or set that no question takes, as the mapping of a codebook, and its raw columns.

    `taken` are the ids of questions. Raises InputProblem, by name, for what cannot be told: own words, numbers or codes
    without labels, a value that has none where others have, and the column that marks what is simulated.
    """
    if isinstance(item, AnswerSet):
        return _new_multiple(item, delivery, taken)
    if item == MARK:
        raise InputProblem(
            "a column of this name marks what is simulated, and no question can have it",
            **{"file": delivery.file, "row": 1, "column": item},
            do=f"deliver what was collected; if this was, say --leave-out {item}, or give the column another name",
        )
    cells, labels = delivery.table[item], delivery.labels.get(item, {})
    texts = sorted({tidy(c) for c in cells.unique()} - {""}, key=lambda t: (fold(t), t))
    missing = delivery.missing.get(item, frozenset())
    if labels:
        stop_at_unlabelled(cells, labels, delivery.file, known={fold(label) for label in labels.values()})
        offered = [Offered(code_of(code), label, code in missing) for code, label in labels.items()]
    elif 2 <= len(texts) <= MOST_ANSWERS and not any(_NUMBER.fullmatch(fold(t)) for t in texts):
        offered = [Offered(None, t, t in missing) for t in texts]
    else:
        raise InputProblem(
            "no question has this column, and what its answers are cannot be told from the file",
            **{"file": delivery.file, "row": 1, "column": item},
            do=f"say --leave-out {quote(item)} if it is none of the survey's, or write the wave's codebook by hand",
        )
    answers = [new_answer(o, []) for o in offered]
    _ids_once(answers)
    if each_text(cells, tidy).eq("").any():
        answers = _with_not_stated(answers)
    text = delivery.texts.get(item, item)
    question = {"id": _free(item, taken), "text": text, "label": text, "column": item, "answers": answers}
    return question, {item: labelled(cells, labels)}


def _with_not_stated(answers):
    """Answers of which an empty cell is one: that which the file calls so itself, or else one more."""
    label = "Not stated"
    if not any(fold(a["label"]) == fold(label) for a in answers):
        answers = [*answers, {"id": _free(label, [a["id"] for a in answers]), "label": label}]
    meant = {"spellings": [""], "missing": "dont_know"}
    return [{**a, **meant, **a} if fold(a["label"]) == fold(label) else a for a in answers]


def _new_multiple(item, delivery, taken):
    table = delivery.table[list(item.columns)].apply(each_text, args=(tidy,))
    column = re.sub(r"_$", "", item.name)
    if item.counted is not None:
        told = answers_told(item.columns, delivery)
        labels = [(i, told.get(c) or c) for i, c in enumerate(item.columns, start=1)]
        ticks = [ticks_of_counted(table[c], item.counted, delivery) for c in item.columns]
    else:
        known = {}
        for c in item.columns:
            known |= delivery.labels.get(c, {})
        for c in item.columns:
            stop_at_unlabelled(table[c], known, delivery.file)
        labels = [(code_of(code), label) for code, label in known.items()]
        asked = table.ne("").any(axis=1)
        ticks = [ticks_of(table.eq(code).any(axis=1), asked) for code in known]
    answers = [new_answer(Offered(code, label), []) for code, label in labels]
    _ids_once(answers)
    columns = [f"{column}_{a.get('code', a['id'])}" for a in answers]
    text = item.label or item.name
    question = {"id": _free(item.name, taken), "text": text, "label": text, "column": column, "kind": "multiple"}
    return question | {"answers": answers}, dict(zip(columns, ticks, strict=True))


def new_answer(offer, taken):
    """The mapping of a codebook for an answer that a delivery offers; `taken` are the ids of the question's answers."""
    answer = {"id": _free(offer.label, taken), "label": offer.label}
    if offer.code is not None:
        answer["code"] = offer.code
    if offer.missing:
        answer["missing"] = "refused" if "refus" in fold(offer.label) else "dont_know"
    return answer


def _ids_once(answers):
    for place, answer in enumerate(answers):
        answer["id"] = _free(answer["label"], [a["id"] for a in answers[:place]])


def _free(text, taken):
    """An id made of a text, with a number where it is taken."""
    start = "_".join(re.findall(r"[a-z0-9]+", fold(text)))[:30].strip("_") or "answer"
    names = [start, *(f"{start}_{n}" for n in range(2, len(taken) + 3))]
    return next(n for n in names if n not in taken)
