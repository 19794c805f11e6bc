"""Claims: the numbers that a report prints, read, checked and turned into limits on counts.

A claim says that the share (or count) of the organisations in its base and group that gave its category is `value`,
as its operator and rounding have it. `data/report/YEAR/claims.csv` holds one a row; `docs/claims.md` gives the format.
"""

import math
import operator
import re
from fractions import Fraction
from pathlib import Path

import pandas as pd

from pipeline.cells import check_texts, key_fault, read_cells
from pipeline.codebook import TOTAL
from pipeline.problems import InputProblem
from pipeline.respondents import gave, select
from pipeline.whom import base_of, counted_of

COLUMNS = [
    *("id", "place", "measure", "category", "break", "group", "base", "op", "value", "unit", "rounding"),
    *("versus_category", "versus_group", "base_known", "printed_unit", "reading"),
]
OPERATORS = {"=", ">", "<", ">=", "<=", "about"}
# What `rounding` each unit may have: `half_up` to the decimals printed, `worded` a fraction said in words, `exact`.
ROUNDINGS = {
    "percent": {"half_up", "exact"},
    "share": {"worded", "exact"},
    "count": {"exact", "worded"},
    "order": {"exact"},
    "answers": {"exact"},
}
# The operators of units that do not take them all: an order is strict or not, and of answers only a most is a limit.
OPERATORS_OF = {"order": {"<", "<=", ">", ">="}, "answers": {"<", "<="}}
# The units that give a share, and those that give a size.
SHARES = ("percent", "share")
SIZES = (*SHARES, "count")
# What a number may be printed as, where that is not what it is read as.
PRINTED_UNITS = ("", "percent", "count", "share")


def load_claims(path, codebook):
    """Read and check a claims file against its codebook.

    Returns one row per claim, text columns, with `line` (the row in the file, the header being 1) and `number`
    (a Fraction, or None where nothing is printed). Raises InputProblem at the first fault, by file, row and column.
    """
    if not Path(path).is_file():
        raise InputProblem("there is no such claims file", file=path)
    table = read_cells(path, file=path)
    for column in COLUMNS:
        if column not in table.columns:
            raise InputProblem("the column is missing", file=path, column=column, allowed=COLUMNS)
    for column in table.columns.difference(COLUMNS, sort=False):
        raise InputProblem("there is no such column", file=path, column=column, allowed=COLUMNS)
    check_texts(table, path, one_line=True)
    table = table[COLUMNS].astype("string").assign(line=table.index).reset_index(drop=True)
    if table.empty:
        raise InputProblem("there are no claims", file=path, do="give at least one row")
    repeated = table[table["id"].duplicated()]
    if len(repeated):
        row = repeated.iloc[0]
        first = table.loc[table["id"] == row["id"], "line"].iloc[0]
        raise InputProblem(
            f"the id stands in row {first} already", file=path, row=row["line"], column="id", found=row["id"]
        )
    claims = table.assign(number=[_check(row, codebook, path) for row in table.to_dict("records")])
    _check_bases(claims.to_dict("records"), codebook, path)
    return claims


def _check(row, codebook, path):
    """Check one claim; its printed number as a Fraction, or None."""

    def fault(column, what, allowed):
        """Stop at this cell of the claim."""
        raise InputProblem(what, file=path, row=row["line"], column=column, found=row[column], allowed=allowed)

    if not row["id"]:
        fault("id", "a claim needs an id", "any text")
    if key_fault(row["id"]):
        fault("id", key_fault(row["id"]), "a text without blanks at its ends")
    if row["op"] not in OPERATORS:
        fault("op", "not an operator", sorted(OPERATORS))
    if row["unit"] not in ROUNDINGS:
        fault("unit", "not a unit", ROUNDINGS)
    if row["op"] not in OPERATORS_OF.get(row["unit"], OPERATORS):
        fault("op", f"not an operator of unit {row['unit']}", sorted(OPERATORS_OF[row["unit"]]))
    if row["rounding"] not in ROUNDINGS[row["unit"]]:
        fault("rounding", f"not a rounding of unit {row['unit']}", sorted(ROUNDINGS[row["unit"]]))
    if row["printed_unit"] not in PRINTED_UNITS:
        fault("printed_unit", "not a unit that a number is printed in", "percent, count, share, or an empty cell")
    number = _number(row, fault)
    if row["measure"]:
        _check_names(row, codebook, fault)
        everyone = codebook.respondents
        if row["unit"] == "count" and everyone is not None and number > everyone:
            fault("value", "more organisations than the codebook's respondents", f"0 to {everyone}")
    else:
        _check_nothing_asked(row, fault)
    return number


def _number(row, fault):
    if row["unit"] == "order":
        if row["value"]:
            fault("value", "an order has no value", "an empty cell")
        return None
    if not re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?|-?\d{1,6}/0*[1-9]\d{0,5}", row["value"], re.ASCII):
        fault("value", "not a number", "a number such as 37, 12.5 or 2/3")
    number = Fraction(row["value"])
    most = {"percent": 100, "share": 1}.get(row["unit"])
    if number < 0 or (most is not None and number > most):
        fault("value", f"outside the range of unit {row['unit']}", f"0 to {most}" if most else "0 or more")
    if row["rounding"] == "half_up" and "/" in row["value"]:
        fault("value", "a rounded per cent is no fraction", "a number such as 37 or 12.5")
    if row["unit"] == "percent" and "/" in row["value"] and number < 1:
        # 2/3 of one per cent is never what is meant; 200/3 says it.
        fault(
            "value", "less than one per cent, as a fraction", "a number of per cent such as 37 or 12.5, or unit share"
        )
    if row["unit"] == "answers" and row["op"] == "<" and number == 0:
        fault("value", "nobody gives fewer answers than none", "1 or more")
    if number.denominator > 1 and row["unit"] in ("count", "answers"):
        fault("value", f"a {row['unit']} of rounding {row['rounding']} is a whole number", "a number such as 37")
    return number


def _check_nothing_asked(row, fault):
    """Stop where a claim without a measure, which nothing tests, names an answer or a group all the same."""
    what = "a claim without a measure is not about answers, and is not tested"
    for column in ("category", "versus_category", "versus_group"):
        if row[column]:
            fault(column, what, "an empty cell, or a measure beside it")
    for column in ("break", "group"):
        if row[column] not in ("", TOTAL):
            fault(column, what, f"{TOTAL}, or a measure beside it")


def _check_names(row, codebook, fault):
    measures = {m.id: m for m in codebook.measures}
    if row["measure"] not in measures:
        fault("measure", "no such measure in the codebook", measures)
    question = codebook.question(measures[row["measure"]].question)
    if row["base"] not in {b.id for b in codebook.bases}:
        fault("base", "no such base in the codebook", [b.id for b in codebook.bases])
    if row["break"] not in {TOTAL, *(b.id for b in codebook.breaks)}:
        fault("break", "no such break in the codebook", [TOTAL, *(b.id for b in codebook.breaks)])
    groups = [g.id for g in codebook.groups(row["break"])]
    if row["group"] not in groups:
        fault("group", f"no such group of break {row['break']}", groups)
    if row["unit"] == "answers":
        if not question.several:
            fault("unit", f"question {question.id} takes one answer, so answers cannot be counted", "percent, count")
        for column in ("category", "versus_category", "versus_group"):
            if row[column]:
                fault(column, "a claim of how many answers each gave is of no single answer", "an empty cell")
        return
    if row["category"] not in question.categories:
        fault("category", f"no such answer or net of question {question.id}", question.categories)
    if row["versus_category"] and row["versus_category"] not in question.categories:
        fault("versus_category", f"no such answer or net of question {question.id}", question.categories)
    if row["versus_group"] and row["versus_group"] not in groups:
        fault("versus_group", f"no such group of break {row['break']}", groups)
    if (row["unit"] == "order") != bool(row["versus_category"] or row["versus_group"]):
        fault(
            "versus_group", "an order compares two shares, and nothing else does", "a group or category to compare with"
        )
    if row["unit"] == "order" and other_side(row) == (row["category"], row["group"]):
        fault("versus_group", "an order compares a share with itself", "another group or category")


def _check_bases(claims, codebook, path):
    """Raise InputProblem at the first share whose base another claim prints as no organisations."""
    counts = {}
    for claim in claims:
        if testable(claim) and claim["unit"] == "count" and claim["op"] == "=":
            counts.setdefault(counted_of(codebook, claim), []).append(claim)
    for claim in claims:
        groups = ("group", "versus_group") if claim["unit"] == "order" else ("group",)
        of_a_base = testable(claim) and claim["unit"] in ("percent", "share", "order")
        for column in groups if of_a_base else ():
            printed = counts.get(base_of(codebook, claim, claim[column]), [])
            if printed and not any(c["number"] for c in printed):
                column = "base" if claim["break"] == TOTAL else column
                raise InputProblem(
                    f"a share of no organisations: row {printed[0]['line']} says that there are none",
                    file=path,
                    row=claim["line"],
                    column=column,
                    found=claim[column],
                    do="leave one of the two rows out, or give the number of organisations that is meant",
                )


def testable(claim):
    """Whether a claim speaks of the respondents' answers at all (some speak of the fieldwork, or have no label)."""
    return bool(claim["measure"])


def other_side(claim):
    """(category, group) of the share that an order compares its own with."""
    return claim["versus_category"] or claim["category"], claim["versus_group"] or claim["group"]


def decimals(claim):
    """How many decimals a claim's value is printed with."""
    return len(claim["value"].partition(".")[2])


def limits(claim, worded_tolerance):
    """The shares or counts that agree with a claim: (low, low_open, high, high_open); None is no limit.

    Shares are Fractions of 1. A per cent v rounded half up stands for [v - 0.5, v + 0.5), for one with decimals half of
    the last of them is in the place of 0.5; a fraction in words for what lies within `worded_tolerance` percentage
    points of it, and so does a per cent that is only about right (for a count: that many per cent of it).
    """
    value, op = claim["number"], claim["op"]
    scale = 100 if claim["unit"] == "percent" else 1
    if op == ">":
        return value / scale, True, None, False
    if op == ">=":
        return value / scale, False, None, False
    if op == "<":
        return None, False, value / scale, True
    if op == "<=":
        return None, False, value / scale, False
    if op == "about" or claim["rounding"] == "worded":
        width = Fraction(str(worded_tolerance)) / 100 * (value if claim["unit"] == "count" else 1)
        return value / scale - width, False, value / scale + width, False
    if claim["rounding"] == "half_up":
        half = Fraction(1, 2 * 10 ** decimals(claim))
        return (value - half) / scale, False, (value + half) / scale, True
    return value / scale, False, value / scale, False


def whole_ends(low, low_open, high, high_open):
    """The least and most whole number within limits, each open or not; None where there is no limit."""
    least = None if low is None else math.floor(low) + 1 if low_open else math.ceil(low)
    most = None if high is None else math.ceil(high) - 1 if high_open else math.floor(high)
    return least, most


def whole_parts(base, limit):
    """The least and most of `base` organisations whose share lies within `limits`; least > most where none does."""
    low, low_open, high, high_open = limit
    least, most = whole_ends(
        None if low is None else low * base, low_open, None if high is None else high * base, high_open
    )
    return max(0, least if least is not None else 0), min(base, most if most is not None else base)


def has_whole_part(base, limit):
    """Whether some whole number of `base` organisations is a share within `limits`."""
    least, most = whole_parts(base, limit)
    return least <= most


def regenerate(claims, respondents, codebook, worded_tolerance):
    """What a table of respondents gives for each claim, counted from its rows and from nothing else.

    Returns id, count, base, share (count / base; of answers each, the count is of those who break the limit),
    versus (the share compared with), and met: whether the claim holds; what is not testable has empty cells.
    """
    found = [_regenerated(c, respondents, codebook, worded_tolerance) for c in claims.to_dict("records")]
    return pd.DataFrame(found).astype({"count": "Int64", "base": "Int64", "met": "boolean"})


def _regenerated(claim, respondents, codebook, worded_tolerance):
    empty = {"id": claim["id"], "count": None, "base": None, "share": None, "versus": None, "met": None}
    if not testable(claim):
        return empty
    question = codebook.question(codebook.measure(claim["measure"]).question)

    def counts(category, group):
        """How many of a group gave an answer (of a claim on numbers of answers: did not keep to it), and its base."""
        where = select(respondents, codebook.base(claim["base"]).where)
        where &= select(respondents, codebook.group(claim["break"], group).where)
        if claim["unit"] == "answers":
            given = respondents.loc[where, question.columns].eq(1).sum(axis=1)
            return int((~given.map(lambda g: COMPARE[claim["op"]](g, claim["number"]))).sum()), int(where.sum())
        return int((where & gave(respondents, question, category)).sum()), int(where.sum())

    count, base = counts(claim["category"], claim["group"])
    share = Fraction(count, base) if base else None
    found = empty | {"count": count, "base": base, "share": None if share is None else float(share)}
    if claim["unit"] == "order":
        other, other_base = counts(*other_side(claim))
        versus = Fraction(other, other_base) if other_base else None
        met = None not in (share, versus) and COMPARE[claim["op"]](share, versus)
        return found | {"versus": None if versus is None else float(versus), "met": met}
    if claim["unit"] == "answers":
        return found | {"met": base > 0 and count == 0}
    value = Fraction(count) if claim["unit"] == "count" else share
    of_someone = base > 0 or claim["unit"] == "count"
    return found | {"met": of_someone and within(value, limits(claim, worded_tolerance))}


COMPARE = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "=": operator.eq}


def within(value, limit):
    """Whether a share or count lies within `limits`."""
    low, low_open, high, high_open = limit
    above = low is None or (value > low if low_open else value >= low)
    return above and (high is None or (value < high if high_open else value <= high))
