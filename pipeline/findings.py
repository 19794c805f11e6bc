"""Key findings: the codebook's clauses with every number, size word and direction filled in from the estimates.

A sentence is stated of what is settled, with its bounds of what is bounded, and not at all of what the report's
text leaves open or what rests on too few: there the sentence says that instead.
"""

from html import escape
from string import Formatter

import pandas as pd

from pipeline.names import TOTAL, UNWEIGHTED, WEIGHTED
from pipeline.printing import (
    CLAUSE_WITHHELD,
    FLAGGED,
    KEYS,
    MINUS,
    NOT_KNOWN,
    STATUS,
    base_text,
    comparison_words,
    difference,
    find_rows,
    level_text,
    per_cent,
    percent_text,
    points_text,
    range_words,
    size_words,
    state,
    value_text,
)
from pipeline.problems import InputProblem

OF_ONE = {"share", "interval", "n", "base", "words"}
OF_TWO = {"other", "other_n", "other_base", "comparison", "difference"}
NO_INTERVAL = "interval not stated"
AGAINST = " against "
DIFFERENCE = ["difference", "difference_low", "difference_high"]
OTHER = ["comparison", "other_share", "other_base", "other_support", *DIFFERENCE]
STATED = ["base", "count", "share", "ci_low", "ci_high", "low", "high", "support", "quality", "words", *OTHER]
CLAUSES = ["finding", "number", "clause", *KEYS, "versus", "versus_category", *STATED]
CLAUSES += [UNWEIGHTED, f"{UNWEIGHTED}_text", WEIGHTED, f"{WEIGHTED}_text", "sentence"]
FINDINGS = ["finding", "number", "heading", "sentence", "support", "both_bases", "status"]
NONE_WORDED = "*The codebook has no key findings.*"


def finding_clauses(estimates, codebook, confidence, basis=UNWEIGHTED):
    """The clauses of every finding: one row each, with its sentence and all that the sentence rests on.

    `confidence` is that of the intervals in `estimates`; sentences are on `basis`, the other stands beside them.
    Columns: finding, number, clause; the estimate's measure, category, break, group and what it is compared with
    (versus, versus_category); base and count; share, ci_low, ci_high, low, high, support, quality of `basis`; words,
    comparison; other_share, other_base, other_support, difference and its interval; for each basis the share and the
    whole in print (unweighted, unweighted_text, weighted, weighted_text); sentence. Shares are proportions. What is not
    settled has no numbers but its bounds. Raises InputProblem naming the finding for a placeholder or estimate that
    does not exist.
    """
    rows = []
    for finding in codebook.findings:
        named = False
        for number, clause in enumerate(finding.clauses, start=1):
            place = f"finding {finding.id}"
            _check_placeholders(clause, place)
            pairs = {b: clause_rows(estimates, clause, b, place) for b in (UNWEIGHTED, WEIGHTED)}
            one, other = pairs[basis]
            label = f"{level_text(confidence)} interval " if not named else ""
            sentence = clause_sentence(clause, one, other, codebook, label)
            named = named or (bool(label) and label in sentence)
            start = {"finding": finding.id, "number": finding.number, "clause": number}
            both = {b: one["estimate"] if state(one) == "settled" else None for b, (one, _) in pairs.items()}
            both |= {f"{b}_text": in_print(*pair) for b, pair in pairs.items()}
            rows.append(start | _evidence(clause, one, other) | both | {"sentence": sentence})
    return pd.DataFrame(rows, columns=CLAUSES)


def key_findings(clauses, codebook):
    """The findings, one row each: finding, number, heading, sentence, support, both_bases, status.

    `clauses` are those of `finding_clauses`. `support` is each clause's; `both_bases` says each clause's estimate
    unweighted and weighted; `status` what the records are.
    """
    rows = []
    for finding in codebook.findings:
        ours = clauses[clauses["finding"].eq(finding.id)]
        labels = [about(clause, codebook) for clause in finding.clauses]
        both = _both_bases(labels, ours[f"{UNWEIGHTED}_text"], ours[f"{WEIGHTED}_text"])
        row = {"finding": finding.id, "number": finding.number, "heading": finding.heading}
        row |= {"sentence": " ".join(ours["sentence"]), "support": "; ".join(ours["support"])}
        rows.append(row | {"both_bases": both, "status": STATUS[codebook.kind]})
    return pd.DataFrame(rows, columns=FINDINGS)


def _both_bases(labels, unweighted, weighted):
    """Each clause's estimate on both bases; where no weighted one is known, that is said once."""
    if all(set(text.split(AGAINST)) == {NOT_KNOWN} for text in weighted):
        said = "; ".join(f"{label}: {text}" for label, text in zip(labels, unweighted, strict=True))
        return f"Unweighted: {said}. Weighted: {NOT_KNOWN}."
    each = zip(labels, unweighted, weighted, strict=True)
    return "; ".join(f"{label}: {one} unweighted, {other} weighted" for label, one, other in each) + "."


def check_placeholders(codebook, path):
    """Raise InputProblem, naming the codebook's `path` and the finding, for a text that cannot be filled in."""
    for finding in codebook.findings:
        for clause in finding.clauses:
            _check_placeholders(clause, f"{path}: finding {finding.id}")


def _check_placeholders(clause, place):
    for text in (clause.text, clause.ranged):
        _check_text(text, OF_ONE | (OF_TWO if len(clause.keys) > 1 else set()), place)


def _check_text(text, allowed, place):
    try:
        fields = [field[1:] for field in Formatter().parse(text) if field[1] is not None]
        used = [name + (f"!{how}" if how else "") + (f":{spec}" if spec else "") for name, spec, how in fields]
    except ValueError as e:
        raise InputProblem(f"the text cannot be read: {e}", file=place, found=text) from None
    for name in used:
        if name not in allowed:
            what = "the text has a placeholder that is not known"
            raise InputProblem(what, file=place, found=name, allowed=sorted(allowed))


def clause_rows(estimates, clause, basis, place):
    """The estimate of a clause and the one that it is compared with (or None), as dicts."""
    found = find_rows(estimates, pd.DataFrame(clause.keys, columns=KEYS), basis, place).to_dict("records")
    return found[0], found[1] if len(found) > 1 else None


def template(clause, one, other):
    """The text that a clause's numbers are put into: `ranged`, if it has one, where an estimate is only a range."""
    ranges = any(state(row) == "bounded" for row in (one, other) if row is not None)
    return clause.ranged if ranges and clause.ranged else clause.text


def clause_sentence(clause, one, other, codebook, label):
    """A clause in words. `one` and `other` are rows of estimates; `label` names the interval where it first stands."""
    rows = [row for row in (one, other) if row is not None]
    if any(state(row) == "withheld" for row in rows):
        return f"{CLAUSE_WITHHELD}: {about(clause, codebook)}."
    if any(state(row) == "assumed" for row in rows):
        return clause.unsettled or f"Not settled by the report's text: {about(clause, codebook)}."
    said = _said(one, label)
    if other is not None:
        said |= {"other": value_text(other, words=True), "other_n": value_text(other, "count", words=True)}
        said |= {"other_base": base_text(other, words=True), "comparison": compared(clause, one, other)}
        said |= {"difference": _difference_text(clause, one, other, "" if "{interval}" in clause.text else label)}
    text = template(clause, one, other).format(**said)
    care = f" {FLAGGED}." if any(row["quality"] == "flagged" for row in rows) else ""
    return text[:1].upper() + text[1:] + care


def _difference_text(clause, one, other, label):
    """How far two shares are apart before they are rounded, with the interval of that; or that none is stated.

    Positive for the direction that `comparison_words` names; where neither is clear, of the first less the second.
    """
    if not (state(one) == state(other) == "settled") or pd.isna(one["ci_low"]) or pd.isna(other["ci_low"]):
        return NO_INTERVAL
    far, low, high = apart(clause, one, other)
    if high < 0:
        far, low, high = -far, -high, -low
    points = [points_text(x).removeprefix("+") if per_cent(abs(x)) or low <= 0 else "<1" for x in (far, low, high)]
    unit = "point" if points[0].lstrip(MINUS) in ("1", "<1") else "points"
    how = "apart" if low > 0 else "between them"
    exact = all(state(row, "count") == "settled" for row in (one, other))
    return f"{points[0]} {unit} {how} {'before rounding' if exact else 'as printed'}, {label}{points[1]} to {points[2]}"


def apart(clause, one, other):
    """The `difference` of two settled shares."""
    return difference(one, other, alike=_alike(clause))


def _said(row, label):
    """What the placeholders of one estimate stand for."""
    settled = state(row) == "settled"
    return {
        "share": value_text(row, words=True),
        "interval": label + interval_text(row) if settled and pd.notna(row["ci_low"]) else NO_INTERVAL,
        "n": value_text(row, "count", words=True),
        "base": base_text(row, words=True),
        "words": size_words(row["estimate"]) if settled else range_words(row["low"], row["high"]),
    }


def interval_text(row):
    """A confidence interval in words: `64% to 77%`; without one, as where the base is open, that none is stated."""
    if pd.isna(row["ci_low"]):
        return NO_INTERVAL
    return f"{percent_text(row['ci_low'])} to {percent_text(row['ci_high'])}"


def in_print(*rows):
    """A clause's estimates (None for none) in print with their intervals: `59% (48% to 70%) against 7% (2% to 19%)`."""
    texts = []
    for row in filter(None, rows):
        text = value_text(row, words=True)
        texts.append(f"{text} ({interval_text(row)})" if state(row) == "settled" else text)
    return AGAINST.join(texts)


def _evidence(clause, one, other):
    """The numbers of a clause as columns, without those that the report's text does not settle."""
    row = {key: one[key] for key in KEYS} | {"versus": clause.versus, "versus_category": clause.versus_category}
    row |= {"base": base_text(one), "count": None, "share": None, "ci_low": None, "ci_high": None}
    known = state(one, "count")
    if known == "settled":
        row["count"] = one["count"]
    elif known == "bounded" and one["count_low"] == one["count_high"]:
        # What bounds leave one value is settled too, and the sentence says it.
        row["count"] = one["count_low"]
    row |= {"low": None, "high": None, "support": one["support"], "quality": one["quality"], "words": _words(one)}
    if state(one) == "settled":
        row |= {"share": one["estimate"], "ci_low": one["ci_low"], "ci_high": one["ci_high"]}
    elif state(one) != "withheld":
        row |= {"low": one["low"], "high": one["high"]}
    return row | _compared_with(clause, one, other)


def _compared_with(clause, one, other):
    """The columns of a comparison; empty where there is none, or where it may not be made."""
    row = dict.fromkeys(OTHER)
    if other is None:
        return row
    row |= {"other_base": base_text(other), "other_support": other["support"]}
    states = {state(one), state(other)}
    if state(other) == "settled":
        row["other_share"] = other["estimate"]
    if states <= {"settled", "bounded"}:
        row["comparison"] = compared(clause, one, other)
    if states == {"settled"}:
        row |= dict(zip(DIFFERENCE, apart(clause, one, other), strict=True))
    return row


def compared(clause, one, other):
    """The direction of the difference of two estimates in words (`comparison_words`)."""
    return comparison_words(one, other, alike=_alike(clause))


def _alike(clause):
    """Whether both shares of a comparison are of the same organisations."""
    return clause.versus in (None, clause.group)


def _words(row):
    known = state(row)
    if known == "settled":
        return size_words(row["estimate"])
    return range_words(row["low"], row["high"]) if known == "bounded" else None


def about(clause, codebook):
    """What a clause is about, in the codebook's labels: `Measure, category (Break: group against group)`."""
    measure = codebook.measure(clause.measure)
    labels = codebook.question(measure.question).categories
    text = f"{measure.label}, {labels[clause.category]}"
    if clause.versus_category:
        text += f" against {labels[clause.versus_category]}"
    if clause.break_ == TOTAL:
        return text
    groups = [codebook.group(clause.break_, g).label for g in (clause.group, clause.versus) if g]
    broken = codebook.break_(clause.break_).label
    return f"{text} ({broken}: {' against '.join(groups)})"


def findings_text(findings):
    """The findings as Markdown for a notebook: a heading, a sentence and both bases each; texts are escaped."""
    blocks = [f"*{escape(status)}*" for status in findings["status"].unique() if status]
    for row in findings.to_dict("records"):
        blocks += [f"**{row['number']}. {escape(row['heading'])}**  ", escape(row["sentence"])]
        blocks += [f"<small>{escape(row['both_bases'])}</small>"]
    return "\n\n".join(blocks) or NONE_WORDED
