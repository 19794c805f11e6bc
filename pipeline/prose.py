"""Key findings with every number a link to its row, and the strip that shows it beside the sentence.

The sentences are those of `findings`: this module only marks where in them a number begins and ends.
"""

import re

from pipeline.findings import clause_rows, clause_sentence, in_print
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.printing import CLAUSE_WITHHELD, KEYS, base_text, level_text, range_text, state, value_text, whole_text
from pipeline.site import row_link

# Signs that no text may hold (Unicode's private use) mark a number of the first and of the second estimate.
ONE, OTHER, END = "\ue000", "\ue001", "\ue002"
LINKED = {"share": ONE, "interval": ONE, "n": ONE, "base": ONE, "other": OTHER, "other_n": OTHER, "other_base": OTHER}
BASES = {UNWEIGHTED: "Of those that answered", WEIGHTED: "Weighted to the population"}
# Numbers of one estimate that only these stand between are one link.
BETWEEN = re.compile(rf"({ONE}|{OTHER})([^{ONE}{OTHER}{END}]*){END}((?:, n = | of |, ))\1")


def finding_texts(estimates, codebook, confidence, basis=UNWEIGHTED):
    """The findings for a page: [{id, number, heading, clauses: [{parts, support, quality, strips, otherwise}]}].

    `parts` are the sentence in pieces [text, link]: the pieces put together are exactly the published sentence, and a
    link (None where there is none) leads from the wave's first page to the row of the estimate. `otherwise` is what the
    basis that the sentence does not speak of gives, empty where that is not settled.
    """
    told, other_basis = [], WEIGHTED if basis == UNWEIGHTED else UNWEIGHTED
    for finding in codebook.findings:
        clauses, named = [], False
        for clause in finding.clauses:
            one, other = clause_rows(estimates, clause, basis, f"finding {finding.id}")
            label = f"{level_text(confidence)} interval " if not named else ""
            beside = clause_rows(estimates, clause, other_basis, f"finding {finding.id}")
            settled = all(state(row) == "settled" for row in filter(None, (one, other, *beside)))
            otherwise = {"otherwise": f"{BASES[other_basis]}: {in_print(*beside)}" if settled else ""}
            clauses.append(_clause(clause, one, other, codebook, label) | otherwise)
            named = named or (bool(label) and label in "".join(text for text, _ in clauses[-1]["parts"]))
        told.append({"id": finding.id, "number": finding.number, "heading": finding.heading, "clauses": clauses})
    return told


def _clause(clause, one, other, codebook, label):
    rows = [row for row in (one, other) if row is not None]
    plain = clause_sentence(clause, one, other, codebook, label)
    marked = clause.model_copy(update={key: _with_marks(getattr(clause, key)) for key in ("text", "ranged")})
    sentence = clause_sentence(marked, one, other, codebook, label)
    links = {ONE: _link(one), OTHER: _link(other) if other else None}
    return {
        "parts": linked_parts(sentence, plain, links),
        # Of what is withheld nothing is told, and nothing is evidence of it.
        "support": [] if plain.startswith(CLAUSE_WITHHELD) else [row["support"] for row in rows],
        "quality": [row["quality"] for row in rows],
        "strips": [strip(row, codebook, clause, several=len(rows) > 1) for row in rows],
    }


def _with_marks(text):
    """A clause's text with every placeholder as `_marked` gives it."""
    return re.sub(r"(?<!\{)\{(\w+)\}", _marked, text)


def _marked(placeholder):
    """A placeholder between the signs that show which estimate its number is linked to; itself where to none."""
    mark = LINKED.get(placeholder[1])
    return placeholder[0] if mark is None else f"{mark}{placeholder[0]}{END}"


def _link(row):
    return row_link(*(row[key] for key in KEYS))


def linked_parts(marked, plain, links):
    """A marked sentence as pieces [text, link] that together read as `plain`, its capital letter included."""
    while BETWEEN.search(marked):
        marked = BETWEEN.sub(r"\1\2\3", marked)
    pieces = re.split(rf"([{ONE}{OTHER}][^{END}]*{END})", marked)
    parts = [[p[1:-1], links[p[0]]] if p[:1] in (ONE, OTHER) else [p, None] for p in pieces if p]
    parts[0][0] = plain[:1] + parts[0][0][1:]
    assert "".join(text for text, _ in parts) == plain, plain
    return parts


def strip(row, codebook, clause, several):
    """What the strip beside a sentence shows of an estimate, in per cent: a dot with its interval, or a range."""
    known = state(row)
    label = ""
    if several:
        measure = codebook.measure(row["measure"])
        answer = codebook.question(measure.question).categories[row["category"]]
        label = f"{measure.label}: {answer}"
        if not clause.versus_category:
            broken = next((b.label for b in codebook.breaks if b.id == row["break"]), "")
            label = f"{broken}: {codebook.group(row['break'], row['group']).label}" if broken else ""
    low, high = (row["low"], row["high"]) if known == "bounded" else (row["ci_low"], row["ci_high"])
    settled = known == "settled"
    return {
        "label": label,
        "state": known,
        "text": value_text(row),
        "share": round(100 * row["estimate"], 1) if settled else None,
        "low": round(100 * low, 1) if known in ("settled", "bounded") and low == low else None,
        "high": round(100 * high, 1) if known in ("settled", "bounded") and high == high else None,
        "base": base_text(row),
    }


def count_text(row):
    """How many gave the answer, in print: a number, a range, or nothing where it is not known."""
    known = state(row, "count")
    if known == "bounded":
        return range_text(row["count_low"], row["count_high"], whole_text)
    return whole_text(row["count"]) if known == "settled" else ""
