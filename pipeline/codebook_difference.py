"""What differs between two waves' questionnaires, question by question and answer by answer.

Questions and answers are the same where their ids are: an id ties them together from wave to wave.
"""

import pandas as pd

from pipeline.texts import fold

COLUMNS = ("question", "answer", "what", "before", "after", "kind")
KINDS = ("same", "relabelled", "recoded", "new", "gone", "unsure")
# The change of a break in series (`codebook.SeriesBreak`) that answers to a difference in each of these. What is not
# here moves no series: how the columns of exports are called, and what the codebook calls a question or a net.
BREAKING = {
    "question": "new",
    "text": "reworded",
    "kind": "answers",
    "asked of": "routing",
    "asked if": "routing",
    "fewest answers": "answers",
    "most answers": "answers",
    "answer": "answers",
    "answer label": "reworded",
    "code": "answers",
    "missing": "answers",
    "band": "bands",
    "order of answers": "answers",
    "answers of a net": "answers",
}
# A question that is gone, which has no series to go on with, has a name of its own there.
GONE = "gone"
# How the reason of a drafted break in series begins, until somebody has judged it.
TO_JUDGE = "To be judged"
# What leaves nothing to judge.
SAID_BY_ITSELF = {"new": "Not asked before", GONE: "No longer asked"}


def differences(before, after):
    """The difference of two Codebooks: a row for each question that is the same, and one for each thing that is not.

    Columns: question, answer (an answer's or net's id, "" where it is about the whole question), what, before, after
    (as text, "" where there is none) and kind:
    `same`: the question as it was; `relabelled`: other words; `recoded`: other codes, bands, routing, numbers of
    answers, or answers of a net; `new` and `gone`: a question, answer or net on one side only; `unsure`: one that is
    gone and one that is new, which have so much in common that they may be one under two ids (`before` and `after`
    give the ids; `question` or `answer` is the new one). Rows in the order of `after`, what is gone last.
    """
    was, now = ({q.id: q for q in book.questions} for book in (before, after))
    pairs = _taken_for_one([q for i, q in was.items() if i not in now], [q for i, q in now.items() if i not in was])
    rows = []
    for question in after.questions:
        if question.id in was:
            found = _within(was[question.id], question)
            rows += found or [_row(question.id, "", "question", was[question.id].text, question.text, "same")]
        elif question.id in pairs:
            rows.append(_row(question.id, "", "question", pairs[question.id], question.id, "unsure"))
        else:
            rows.append(_row(question.id, "", "question", "", question.text, "new"))
    gone = [q for i, q in was.items() if i not in now and i not in pairs.values()]
    rows += [_row(q.id, "", "question", q.text, "", "gone") for q in gone]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="string")


def _row(question, answer, what, before, after, kind):
    return dict(zip(COLUMNS, (question, answer, what, before, after, kind), strict=True))


def _within(was, now):
    """The differences inside one question."""
    rows = _compared(now.id, "", was, now, ("text", "label"), "relabelled")
    rows += [
        _row(now.id, "", what, one, other, "recoded")
        for what, one, other in (
            ("kind", was.kind, now.kind),
            ("column", was.column or was.id, now.column or now.id),
            ("asked of", was.asked_of, now.asked_of),
            ("asked if", *_conditions(was.asked_if, now.asked_if)),
            ("fewest answers", _text(was.min_answers), _text(now.min_answers)),
            ("most answers", _text(was.max_answers), _text(now.max_answers)),
        )
        if one != other
    ]
    return rows + _answers(was, now) + _nets(was, now)


def _answers(was, now):
    """The differences between the answers of one question."""
    old, new = ({a.id: a for a in q.answers} for q in (was, now))
    pairs = _taken_for_one([a for i, a in old.items() if i not in new], [a for i, a in new.items() if i not in old])
    rows = []
    for answer in now.answers:
        if answer.id in old:
            rows += _answer(now.id, old[answer.id], answer)
        elif answer.id in pairs:
            rows.append(_row(now.id, answer.id, "answer", pairs[answer.id], answer.id, "unsure"))
        else:
            rows.append(_row(now.id, answer.id, "answer", "", answer.label, "new"))
    both = [[i for i in ids if i in old and i in new] for ids in (old, new)]
    if both[0] != both[1]:
        rows.append(_row(now.id, "", "order of answers", ", ".join(both[0]), ", ".join(both[1]), "recoded"))
    gone = [a for i, a in old.items() if i not in new and i not in pairs.values()]
    return rows + [_row(now.id, a.id, "answer", a.label, "", "gone") for a in gone]


def _answer(question, was, now):
    """The differences inside one answer."""
    rows = []
    if was.label != now.label:
        rows.append(_row(question, now.id, "answer label", was.label, now.label, "relabelled"))
    return rows + [
        _row(question, now.id, what, one, other, "recoded")
        for what, one, other in (
            ("code", _text(was.code), _text(now.code)),
            ("missing", _text(was.missing), _text(now.missing)),
            ("band", _band(was.band), _band(now.band)),
        )
        if one != other
    ]


def _nets(was, now):
    """The differences between the nets of one question."""
    old, new = ({n.id: n for n in q.nets} for q in (was, now))
    rows = []
    for net in now.nets:
        if net.id not in old:
            rows.append(_row(now.id, net.id, "net", "", net.label, "new"))
            continue
        if old[net.id].label != net.label:
            rows.append(_row(now.id, net.id, "net", old[net.id].label, net.label, "relabelled"))
        one, other = (", ".join(sorted(n.answers)) for n in (old[net.id], net))
        if one != other:
            rows.append(_row(now.id, net.id, "answers of a net", one, other, "recoded"))
    return rows + [_row(now.id, n.id, "net", n.label, "", "gone") for i, n in old.items() if i not in new]


def _compared(question, answer, was, now, fields, kind):
    found = [(field, getattr(was, field), getattr(now, field)) for field in fields]
    return [_row(question, answer, field, one, other, kind) for field, one, other in found if one != other]


def _taken_for_one(gone, new):
    """New parts that may be gone ones under another id: {new id: gone id}, each once, the first that fits."""
    pairs = {}
    for part in new:
        like = [g for g in gone if g.id not in pairs.values() and _alike(g, part)]
        if like:
            pairs[part.id] = like[0].id
    return pairs


def _alike(one, other):
    """Whether two questions or two answers share a text, and questions a column or answers a code."""
    shared = [field for field in ("text", "label") if hasattr(one, field) and hasattr(other, field)]
    if any(fold(getattr(one, field)) == fold(getattr(other, field)) for field in shared):
        return True
    if hasattr(one, "column"):
        return one.column is not None and one.column == other.column
    return one.code is not None and one.code == other.code


def meaning(condition):
    """What a condition selects by, in whichever order it is written: two that are equal select the same."""
    return {q: tuple(map(frozenset, (t.any, t.all, t.none))) for q, t in condition.items() if t.any or t.all or t.none}


def _conditions(was, now):
    """The texts of two conditions, twice the same one where they mean the same."""
    return condition_text(was), condition_text(was if meaning(was) == meaning(now) else now)


def condition_text(condition):
    """A condition as one text: `lead: any of yes, no; benefits: none of image`; "" where it selects everyone."""
    tests = [
        f"{question}: {how} of {', '.join(answers)}"
        for question, test in condition.items()
        for how, answers in (("any", test.any), ("all", test.all), ("none", test.none))
        if answers
    ]
    return "; ".join(tests)


def _band(band):
    if band is None:
        return ""
    return f"{band.sector}, {band.at_least} {'and over' if band.below is None else f'to under {band.below}'}"


def _text(value):
    return "" if value is None else str(value)


def change_of(difference):
    """The change of a break in series (`codebook.SeriesBreak`) that answers to a row of `differences`."""
    is_question = difference["what"] == "question"
    return GONE if is_question and difference["kind"] == "gone" else BREAKING[difference["what"]]


def entries_for(table, after, began):
    """Entries of the register of breaks in series, as mappings: one for each question and kind of change in `table`.

    `table` is that of `differences`, `after` the later Codebook. An entry for answers that are gone is for the whole
    question. So is one for an answer that is new where only one may be given: whoever would choose it had to choose
    another. Bands are not chosen: an entry for redrawn ones names those that are new, and the others go on.
    """
    entries = {}
    for row in table[table["kind"].ne("same") & table["what"].isin(BREAKING)].to_dict("records"):
        if row["answer"] and _is_banded(row["question"], after):
            change, named = "bands", set() if row["kind"] == "gone" else {row["answer"]}
        else:
            change, named = change_of(row), {"" if _touches_all(row, after) else row["answer"]}
        entry = entries.setdefault((row["question"], change), {"answers": set(), "said": []})
        entry["answers"] |= named
        entry["said"].append(_said(row))
    return [
        {
            "question": question,
            **({} if "" in entry["answers"] or not entry["answers"] else {"answers": sorted(entry["answers"])}),
            "change": change,
            "date": began,
            "reason": SAID_BY_ITSELF.get(change, f"{TO_JUDGE}: {'; '.join(entry['said'])}"),
        }
        for (question, change), entry in entries.items()
    ]


def _is_banded(question_id, after):
    """Whether the answers of a question are bands of a size."""
    return any(a.band for q in after.questions if q.id == question_id for a in q.answers)


def _touches_all(difference, after):
    """Whether a difference in an answer is one of the whole question."""
    if difference["kind"] == "gone":
        return True
    offered = difference["what"] == "answer" and difference["kind"] in ("new", "unsure")
    return offered and not after.question(difference["question"]).several


def _said(row):
    of = f" of {row['answer']}" if row["answer"] else ""
    if not row["before"]:
        return f"{row['what']} {row['answer'] or row['question']} is new"
    if not row["after"]:
        return f"{row['what']} {row['answer'] or row['question']} is gone"
    return f"{row['what']}{of} was '{row['before']}' and is '{row['after']}'"
