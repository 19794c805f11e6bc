"""Estimates as they are printed: which rows, how numbers are rounded, ranged and worded, which difference is clear.

Figures, findings and pages take every number and every word for a number from here, so that they cannot differ.
"""

from math import floor, sqrt

import numpy as np
import pandas as pd

from pipeline.files import MARK, MARKED
from pipeline.names import KEYS, WEIGHTED
from pipeline.problems import InputProblem

# What a claim or a record settles; `bounded` is settled up to a range and `assumed` not at all.
SETTLED = ("published", "implied", "measured", "simulated")
# What stands behind an estimate of a reconstruction, whose records are modelled however well it is known.
OF_A_RECONSTRUCTION = ("published", "implied", "bounded", "assumed")
NOT_KNOWN = "not known"
# How the line of a key begins where no value of a drawing has an interval.
NONE_DRAWN = "No interval"
DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
WITHHELD = "withheld"
# How the sentence of a clause begins that may not be stated.
CLAUSE_WITHHELD = "Withheld, since it rests on too few organisations or would give a few away"
FLAGGED = "Few respondents: read with care"
PERHAPS_FLAGGED = "Few respondents, or perhaps few where their number is a range: read with care"
# Why a share is withheld: of a report that is public already it would give nobody away.
TOO_FEW = "too few respondents for a share"
TOO_FEW_OR_PROTECTED = "too few respondents, or it would give a few away"
STATUS = {
    "reconstruction": "Reconstructed from the printed report; not the original records. Questions are in our words.",
    "rehearsal": f"{MARK}: {MARKED}.",
    "fieldwork": "",
}

# How far the numbers of a wave's records are evidence, in a word.
EVIDENCE = {"reconstruction": "modelled", "rehearsal": "simulated", "fieldwork": "measured"}
# Fractions that readers know, in per cent, each with its name. `size_words` picks the nearest.
FRACTIONS = {
    10: "one in ten",
    20: "a fifth",
    25: "a quarter",
    30: "three in ten",
    100 / 3: "a third",
    40: "two fifths",
    50: "half",
    60: "three fifths",
    200 / 3: "two thirds",
    70: "seven in ten",
    75: "three quarters",
    80: "four fifths",
    90: "nine in ten",
}
ABOUT, JUST, FEW = 1, 3, 3
# Half counts as this much nearer than it is: whether it is a majority is what readers ask first.
PULL_OF_HALF = 2
# A difference whose whole interval is within this many percentage points of none is called none.
SAME = 5


def with_evidence(table, codebook):
    """A table with a last column `evidence`: how far the records of the codebook's wave are, in a word (EVIDENCE)."""
    return table.assign(evidence=EVIDENCE[codebook.kind])


def with_bases_evidence(table, codebook):
    """A table of estimates with `bases_evidence`: what the weighted and the effective base rest on, in a word.

    It is of the weights, whatever the share is: empty for an unweighted estimate.
    """
    weighted = table["basis"].eq(WEIGHTED)
    return table.assign(bases_evidence=weighted.map({True: EVIDENCE[codebook.kind], False: ""}))


def why_withheld(kind):
    """Why a share of a wave of this kind is withheld, within a sentence."""
    return TOO_FEW if kind == "reconstruction" else TOO_FEW_OR_PROTECTED


def status_text(codebook):
    """What the wave's records are, as bold Markdown; empty for a real survey."""
    status = STATUS[codebook.kind]
    return f"**{status}**" if status else ""


def find_rows(estimates, wanted, basis, place):
    """The rows of `estimates` that `wanted` (a table of measure, category, break and group) asks for, in its order.

    Raises InputProblem naming `place` (a figure or finding) where a row is missing or stands twice, or where a
    bounded estimate has no bounds.
    """
    ours = estimates[estimates["basis"].eq(basis)]
    rows = wanted[KEYS].merge(ours, on=KEYS, how="left")
    absent = rows["basis"].isna()
    if absent.any():
        name = _name(rows[absent].iloc[0])
        raise InputProblem(f"the estimates have no row {name}, basis {basis}", file=place, do="run analyse first")
    if len(rows) != len(wanted):
        name = _name(rows[rows.duplicated(KEYS)].iloc[0])
        raise InputProblem(f"the estimates have the row {name}, basis {basis} more than once", file=place)
    unbounded = rows["support"].eq("bounded") & rows["n"].gt(0) & rows[["low", "high"]].isna().any(axis=1)
    if unbounded.any():
        name = _name(rows[unbounded].iloc[0])
        raise InputProblem(f"the bounded estimate {name}, basis {basis} has no low or no high", file=place)
    return rows


def _name(row):
    return ", ".join(f"{k} {row[k]}" for k in KEYS)


def per_cent(share, decimals=0):
    """A share as a whole per cent, or one with `decimals`, halves up as the report rounds.

    The billionth added makes up for what a float loses, and is far less than any other share of a base is away.
    """
    rounded = floor(100 * 10**decimals * share + 0.5 + 1e-9)
    return rounded / 10**decimals if decimals else rounded


def in_steps(numbers, step):
    """A Series of numbers in whole steps, halves away from nil as in print, whatever the last bits of a float are."""
    return np.sign(numbers) * np.floor((numbers.abs() / step).round(6) + 0.5) * step


def outwards(low, high, digits):
    """Both ends of intervals (Series) in so many digits after the point, the lower rounded down and the upper up."""
    step = 10.0**-digits
    low, high = np.floor(low.astype(float) / step + 1e-9), np.ceil(high.astype(float) / step - 1e-9)
    return (low * step).round(digits), (high * step).round(digits)


def percent_text(share):
    """`71%`; a share that is neither none nor all never reads 0% or 100%."""
    if share > 0 and per_cent(share) == 0:
        return "<1%"
    if share < 1 and per_cent(share) == 100:
        return ">99%"
    return f"{per_cent(share)}%"


def points_text(change):
    """A change of shares in percentage points with its sign: `+11`; a proper minus, and halves away from none."""
    points = per_cent(abs(change))
    return f"{'+' if change > 0 else MINUS}{points}" if points else "0"


def level_text(confidence):
    """The level of an interval: `95%`, `99.5%`; never rounded to one that it has not."""
    return f"{100 * confidence:.12g}%"


def interval_key(settled, confidence):
    """The line of a picture's key that says what its thin lines are, and which settled values have none: pairs.

    `settled` are the rows drawn as one value, with ci_low and n, which is empty where the base is only a range.
    """
    drawn, open_base = settled["ci_low"].notna(), settled["n"].isna()
    reasons = {
        "the number of respondents is a range": (open_base & ~drawn).any(),
        "no error can be stated": (~open_base & ~drawn).any(),
    }
    none = " or ".join(reason for reason, met in reasons.items() if met)
    if not drawn.any():
        return [("withheld", f"{NONE_DRAWN}, since {none}")] if none else []
    return [("interval", f"{level_text(confidence)} interval" + (f"; none where {none}" if none else ""))]


def whole_text(number):
    """A whole number with thousands set apart: `1,829`."""
    return f"{round(number):,}"


def range_text(low, high, text, words=False):
    """Two numbers as a range, joined by a dash or, in `words`, as `between 43% and 52%`; one where they print alike.

    In words, two whole numbers or per cents that follow each other read `111 or 112`, `48% or 49%`.
    """
    first, last = text(low), text(high)
    if first == last:
        return first
    whole = {whole_text: round, percent_text: per_cent}.get(text)
    if words and whole and whole(high) - whole(low) == 1:
        return f"{first} or {last}"
    if words:
        return f"between {first} and {last}"
    limits = first[0] in "<>" or last[0] in "<>"  # a dash beside them is hard to read
    return f"{first} to {last}" if limits else f"{first.removesuffix('%')}{DASH}{last}"


def state(row, unit="percent"):
    """What may be said of an estimate: `settled`, `bounded`, `assumed` or `withheld`.

    A count claims nothing of a population, so a small base does not withhold it; a value that is not there is withheld.
    A printed share may stand for several counts, and of an open base for any: then it is settled, and its count is not.
    Of what is assumed nothing is shown that could be withheld, and whether its base is too small is itself modelled.
    """
    known = "settled" if row["support"] in SETTLED else row["support"]
    if unit == "count" and known == "settled":
        known = _count_known(row)
    if known == "assumed":
        return known
    shown = [value(row, unit)] if known == "settled" else bounds(row, unit)
    if (row["quality"] == WITHHELD and unit == "percent") or any(pd.isna(x) for x in shown):
        return WITHHELD
    return known


def count_withheld(estimates):
    """Whether the count of each estimate is withheld, a Series; one that the report leaves open is not."""
    states = [state(row, "count") for row in estimates.to_dict("records")]
    return estimates["count"].isna() & pd.Series(states, index=estimates.index).eq(WITHHELD)


def _count_known(row):
    """How far the count of a settled share is known."""
    low, high = row["count_low"], row["count_high"]
    if pd.isna(low) or pd.isna(high):
        return "assumed" if has_open_base(row) else "settled"
    return "bounded" if low < high else "settled"


def has_open_base(row):
    """Whether the report leaves a range to the base of an estimate."""
    ends = row["base_low"], row["base_high"]
    return not any(pd.isna(end) for end in ends) and ends[0] < ends[1]


def open_bases(estimates):
    """Of which estimates the report leaves a range to the base: a Series; of none where no base has bounds."""
    ends = estimates.reindex(columns=["base_low", "base_high"])
    return ends["base_low"] < ends["base_high"]


def as_printed(estimates):
    """A table of estimates in which a published share that stands for more than one count is the printed per cent.

    So none is a share that the records alone give. A share that nobody printed and that the printed numbers leave one
    value has that value, whatever its count.
    """
    rows = estimates.to_dict("records")
    several = [r["support"] == "published" and state(r, "count") not in ("settled", WITHHELD) for r in rows]
    printed = [
        per_cent(r["estimate"]) / 100 if s and pd.notna(r["estimate"]) else np.nan
        for r, s in zip(rows, several, strict=True)
    ]
    return estimates.assign(estimate=estimates["estimate"].where(pd.isna(printed), printed))


def value(row, unit):
    """The number that is drawn or said: the proportion, or the count."""
    return row["count"] if unit == "count" else row["estimate"]


def bounds(row, unit):
    """The smallest and largest value that the report's text allows, in the unit."""
    return (row["count_low"], row["count_high"]) if unit == "count" else (row["low"], row["high"])


def value_text(row, unit="percent", words=False):
    """An estimate in print: `66%`, a range (`between 43% and 52%` in `words`), `not known` or `withheld`."""
    text = whole_text if unit == "count" else percent_text
    match state(row, unit):
        case "withheld":
            return WITHHELD
        case "assumed":
            return NOT_KNOWN
        case "bounded":
            return range_text(*bounds(row, unit), text=text, words=words)
        case _:
            return text(value(row, unit))


def size_words(share):
    """The size of a share in words, by its whole per cent: `just over half`, `about two thirds`, `almost all`.

    The nearest of FRACTIONS is named, half counting as PULL_OF_HALF points nearer: `about` within ABOUT points of it,
    `just over` and `nearly` within JUST, `over` and `under` beyond. Within FEW points of none it is `very few`, of
    all `almost all`. Larger shares never get smaller words.
    """
    percent = per_cent(share)
    if share <= 0 or share >= 1:
        return "none" if share <= 0 else "all"
    if percent <= FEW or percent >= 100 - FEW:
        return "very few" if percent <= FEW else "almost all"
    nearest = min(FRACTIONS, key=lambda f: (abs(percent - f) - (PULL_OF_HALF if f == 50 else 0), f != 50, f))
    over = percent - nearest
    if abs(over) <= ABOUT:
        qualifier = "about"
    elif over > 0:
        qualifier = "just over" if over <= JUST else "over"
    else:
        qualifier = "nearly" if -over <= JUST else "under"
    return f"{qualifier} {FRACTIONS[nearest]}"


def range_words(low, high):
    """The size of a share known up to a range, in words: `between a third and half`, `up to half`, `at least half`."""
    first, last = size_words(low), size_words(high)
    if first == last:
        return first
    if low <= 0:
        return "any share" if high >= 1 else f"up to {last}"
    return f"at least {first}" if high >= 1 and per_cent(low) > FEW else f"between {first} and {last}"


def difference(one, other, alike=False):
    """The difference of two estimates and its interval, from theirs: (one - other, low, high), as proportions.

    The interval is MOVER (Zou and Donner 2008; Newcombe 1998 for proportions), for groups that do not share
    organisations; groups that do are correlated upwards, which makes it wide. Two answers of the same organisations
    (`alike`) may be correlated either way: their interval adds the two margins, which covers any correlation.
    """
    apart = one["estimate"] - other["estimate"]
    below = (one["estimate"] - one["ci_low"], other["ci_high"] - other["estimate"])
    above = (one["ci_high"] - one["estimate"], other["estimate"] - other["ci_low"])
    margin = sum if alike else lambda parts: sqrt(sum(p * p for p in parts))
    return apart, apart - margin(below), apart + margin(above)


def comparison_words(one, other, alike=False):
    """The direction of a difference in words.

    `more often than` or `less often than` where the interval of the difference leaves out zero; `about as often as`
    where all of it is within SAME points of zero; else that neither is clear. Where the report leaves a range to
    either, or their bases open, so that there is no interval, the shares themselves are compared and the words say so.
    Of answers that were given there is nothing to say without an interval.
    """
    printed = any(row["support"] in OF_A_RECONSTRUCTION for row in (one, other))
    if printed and ("bounded" in (state(one), state(other)) or pd.isna(one["ci_low"]) or pd.isna(other["ci_low"])):
        (low, high), (other_low, other_high) = _reach(one), _reach(other)
        if low > other_high or high < other_low:
            return f"{'more' if low > other_high else 'less'} often, among those who answered, than"
        return "more or less often (the report's text does not settle which) than"
    if pd.isna(one["ci_low"]) or pd.isna(other["ci_low"]):
        return "more or less often (without an interval that is not settled) than"
    _, low, high = difference(one, other, alike)
    if low > 0 or high < 0:
        return "more often than" if low > 0 else "less often than"
    if max(-low, high) <= SAME / 100:
        return "about as often as"
    return "neither clearly more nor clearly less often than"


def _reach(row):
    """The least and most that a share may be: what the report leaves, or the one value."""
    ends = bounds(row, "percent")
    return (row["estimate"],) * 2 if any(pd.isna(end) for end in ends) else ends


def first_lower(label):
    """A label within a sentence: its first letter small, unless it is an abbreviation."""
    return label if label[1:2].isupper() or not label else label[0].lower() + label[1:]


def ended(text):
    """A text as a sentence among others: with a full stop, unless it ends as one."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def base_text(row, words=False):
    """The unweighted base in print: `74`, a range where the report's text leaves one to the base itself, `withheld`."""
    if has_open_base(row):
        return range_text(row["base_low"], row["base_high"], whole_text, words)
    return WITHHELD if pd.isna(row["n"]) else whole_text(row["n"])
