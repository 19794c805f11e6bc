"""What answers a delivery offers to a question, held against those of the codebook.

What contradicts the codebook stops, by name; what differs from it in a way that a new questionnaire may is an Edit, a
change to the codebook's draft.
"""

import re
from difflib import SequenceMatcher
from typing import NamedTuple

from pipeline.changes import each_text
from pipeline.clean import band_codes
from pipeline.delivered_cells import code_of, labelled, stop_at_missing_value, stop_at_unlabelled
from pipeline.problems import InputProblem
from pipeline.texts import ITEMS, fold, tidy

# What stands between the text of a question and that of an answer.
SEPARATOR = re.compile(r": | - | \N{EN DASH} |\? ")
# From this likeness two texts are taken for one that was reworded; below it a person has to say so.
ALIKE = 0.6
# A text of a file without labels is the reworded label of the answer that it is so much like.
NEARLY = 0.8


class Offered(NamedTuple):
    """An answer as a delivery offers it: its code and label, either of them missing where the file does not say."""

    code: int | None
    label: str | None
    missing: bool = False


class Edit(NamedTuple):
    """A change to one answer of the draft: another label or code, or an answer that is new (`answer` is None)."""

    question: str
    answer: str | None
    offered: Offered


def likeness(one, other):
    """How much two texts are alike, from 0 to 1 (difflib's ratio of their folded forms)."""
    return SequenceMatcher(None, fold(one), fold(other), autojunk=False).ratio()


def answers_told(columns, delivery):
    """What the texts of a set's columns say of its answers: {column: `Talks` of `Which events? - Talks`}.

    What all texts begin with is cut, up to the last separator in it; an answer may have a separator too.
    """
    texts = {c: delivery.texts[c] for c in columns if delivery.texts.get(c)}
    ends = [m.end() for m in SEPARATOR.finditer(next(iter(texts.values()), ""))]
    start = max((e for e in ends if len({text[:e] for text in texts.values()}) == 1), default=0)
    return {c: text[start:].strip("- \N{EN DASH}") for c, text in texts.items()}


def known_among(told, known):
    """The text that a column tells of its answer, or the end of it, whichever is one of the known; or None."""
    ends = (told, SEPARATOR.split(told)[-1].strip("- \N{EN DASH}"))
    return next((text for text in ends if fold(text) in known), None)


def offers_of(question, found, delivery):
    """The answers that a delivery offers to a question, or none where it says nothing of them."""
    if question.kind == "open":
        return []
    column = found.columns[0]
    if found.mentions:
        return _offered_as_mentions(question, found, delivery)
    if question.kind == "multiple":
        told, known = answers_told(found.columns, delivery), {fold(t) for a in question.answers for t in a.texts}
        # Only the texts that are some answer of the question: others may be of the column as a whole.
        texts = [known_among(told.get(column, ""), known) for column in found.columns]
        return [Offered(a.code, text) for a, text in zip(question.answers, texts, strict=True) if text is not None]
    is_size, missing = any(a.band for a in question.answers), delivery.missing.get(column, frozenset())
    if is_size:
        bands = {fold(t) for a in question.answers for t in a.texts}
        stop_at_missing_value(delivery.table[column], delivery, known=bands)
        _stop_at_codes_of_bands(question, delivery.table[column], delivery)
    if column in delivery.labels:
        return [Offered(code_of(c), label, c in missing) for c, label in delivery.labels[column].items()]
    if is_size:
        return []
    codes = {a.code for a in question.answers}
    texts = [t for t in dict.fromkeys(map(tidy, delivery.table[column].unique())) if t]
    coded = [t for t in texts if code_of(t) is not None and code_of(t) in codes]
    of_codes = [Offered(code_of(t), None, t in missing) for t in coded]
    return of_codes + [Offered(None, t, t in missing) for t in texts if t not in coded]


def _offered_as_mentions(question, found, delivery):
    """What the columns of a set of mentions offer: what they have a label for, and what stands in them without one."""
    offered, codes = {}, {a.code for a in question.answers}
    for column in found.columns:
        labels, missing = delivery.labels.get(column, {}), delivery.missing.get(column, frozenset())
        labelled = (Offered(code_of(code), label, code in missing) for code, label in labels.items())
        bare = [t for t in map(tidy, delivery.table[column].unique()) if t and t not in labels]
        known = (code_of(t) is not None and code_of(t) in codes for t in bare)
        read = ((code_of(t), None) if k else (None, t) for t, k in zip(bare, known, strict=True))
        unlabelled = (Offered(*texts, t in missing) for t, texts in zip(bare, read, strict=True))
        offered |= dict.fromkeys((*labelled, *unlabelled))
    return list(offered)


def _stop_at_codes_of_bands(question, cells, delivery):
    """Raise InputProblem if a column of sizes holds the codes of bands: read as sizes, they would be tiny ones.

    Where the file has labels for bands all of its cells are codes, also those for which it has none.
    """
    labels, known = delivery.labels.get(cells.name, {}), {fold(t) for a in question.answers for t in a.texts}
    if any(code in known or fold(label) in known for code, label in labels.items()):
        stop_at_unlabelled(cells, labels, delivery.file, known={fold(label) for label in labels.values()}, needed=True)
    tidied = each_text(labelled(cells, labels), tidy)
    for row in cells.index[band_codes(tidied, question)]:
        raise InputProblem(
            "these are codes of size bands, which would be read as sizes",
            **{"file": delivery.file, "row": row, "column": cells.name, "found": tidied[row]},
            do="export sizes as numbers, or the labels of the bands",
        )


def match(question, offered, delivery, columns):
    """The Edits that the offered answers ask for, and each Answer of the codebook with what is offered of it."""
    by_text = {fold(t): a for a in question.answers for t in (a.label, a.id, *a.spellings) if t}
    by_code = {a.code: a for a in question.answers if a.code is not None}
    edits, given = [], []
    for offer in offered:
        named = by_text.get(fold(offer.label)) if offer.label else None
        coded = by_code.get(offer.code) if offer.code is not None else None
        if named is not None and coded is not None and named.id != coded.id:
            raise InputProblem(
                f"answer codes are swapped: code {offer.code} is labelled {offer.label!r}, and the codebook has it for "
                f"{coded.label!r}",
                **{"file": delivery.file, "column": columns[0]},
                do="ask the agency which is right; if the code was changed, write the wave's codebook by hand",
            )
        answer = named or coded
        if answer is None:
            answer, edit = _unknown(question, offer, offered, delivery, columns)
            edits.append(edit)
        # An answer that the codebook gives no code takes whichever the file has: nothing changes by it.
        elif (named is None and offer.label) or (coded is None and None not in (offer.code, answer.code)):
            edits.append(Edit(question.id, answer.id, offer))
        given += [(answer, offer)] if answer else []
    return edits, given


def _unknown(question, offer, offered, delivery, columns):
    """The answer that an unknown one may be under another label, and the Edit; raises InputProblem if it is none."""
    if offer.code is not None and offer.label:
        return None, Edit(question.id, None, offer)
    given = {fold(o.label) for o in offered if o.label}
    if offer.label:
        free = [a for a in question.answers if not given & {fold(t) for t in a.texts}]
        near = [a for a in free if likeness(a.label, offer.label) >= NEARLY]
        if len(near) == 1:
            return near[0], Edit(question.id, near[0].id, offer)
    text = offer.label or str(offer.code)
    places = ((c, row) for c in columns for row, cell in delivery.table[c].items() if tidy(cell) == text)
    column, row = next(places, (columns[0], None))
    allowed = ITEMS.join(a.label if a.code is None else f"{a.label} ({a.code})" for a in question.answers)
    called = {fold(t) for a in question.answers for t in a.texts}
    others = [o.label for o in offered if o.label and o.label != text and fold(o.label) not in called]
    nor = f", nor {', '.join(map(repr, others))}" if others else ""
    raise InputProblem(
        f"no answer of {question.id} is called so{nor}",
        **{"file": delivery.file, "row": row, "column": column, "found": text, "allowed": allowed},
        do=f"correct {'these cells' if others else 'the cell'}, or write the wave's codebook by hand with this answer "
        "or spelling in it",
    )
