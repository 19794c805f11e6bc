"""What stands in the workbook of data tables: a measure's rows with words where there is no number, and their key.

A letter in brackets means what it means in the tables of government statistics; what has no letter there is a word.
"""

import re

import pandas as pd

from pipeline.group_tests import MARKS, NO_DIFFERENCE, NOT_EVIDENCE
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.printing import in_steps, level_text, why_withheld
from pipeline.tables import plain_cell

# Why a number is not given. The letters are the standard ones: [b], for one, is a break in a series there.
NOT_AVAILABLE, NOT_APPLICABLE, RANGE, HIDDEN = "[x]", "[z]", "[range]", "[withheld]"
NOT_GIVEN = {"settled": NOT_AVAILABLE, "bounded": RANGE, "assumed": NOT_AVAILABLE, "withheld": HIDDEN}
# Why a test has no mark, by what is said of it; the rest could not be tested.
NOT_TESTED = "[not tested]"
NO_MARK = {"": NOT_APPLICABLE, NO_DIFFERENCE: "[not clear]", NOT_EVIDENCE: "[modelled]"}
# The marks as they stand in a cell, which must hold a letter or digit to be read aloud.
CELL_MARKS = {mark: f"p<{level:g}" for level, mark in MARKS.items()}
# The columns of bases that rest on the weights.
OF_WEIGHTS = {"Weighted base": "n_weighted", "Effective base": "n_eff"}
ENDS = {"lower": "low", "upper": "high"}
# The columns of labels, which come first.
LABELS = ["Split by", "Group", "Answer"]


def key(kind):
    """All that may stand in a cell for a number, or as a word, in a wave of this kind: (cell, columns, meaning)."""
    shares = "Shares and counts"
    tests = [
        (said, "Groups differ", f"The groups differ: the adjusted p of the test is below {said.removeprefix('p<')}.")
        for said in CELL_MARKS.values()
    ]
    return [
        (RANGE, shares, "Known up to a range, which the columns of smallest and largest possible share give."),
        (
            NOT_AVAILABLE,
            "Any",
            "Not available: the number is not settled, or there is none: no interval where the weights fix a share.",
        ),
        (
            NOT_APPLICABLE,
            "Any",
            "Not applicable: nobody is in the base, there is no test, the share is known and so has no range, or it is "
            "not given and so has no low base.",
        ),
        (HIDDEN, "Any", f"Withheld: {why_withheld(kind)}."),
        *tests,
        (NO_MARK[NO_DIFFERENCE], "Groups differ", "No clear difference between the groups."),
        (
            NO_MARK[NOT_EVIDENCE],
            "Groups differ",
            "Not said: the test would rest on modelled numbers, so is no evidence.",
        ),
        (
            NOT_TESTED,
            "Groups differ",
            "Could not be tested: too few in a group, one answer only, no error, or a number withheld.",
        ),
        ("published", "Evidence", "The share is printed in the report."),
        ("implied", "Evidence", "The share is forced by what is printed, a weighted one with the population's totals."),
        ("bounded", "Evidence", "The share is forced into a range by what is printed."),
        ("assumed", "Evidence", "The report settles no number, so none is given."),
        ("simulated", "Evidence", "The share is of a rehearsal, not of a survey."),
        ("measured", "Evidence", "The share is of those who were asked."),
    ]


def readable_rows(table, measure, confidence):
    """A measure's rows of a wave's tidy table, both bases side by side: a word wherever there is no number.

    What is known of a share stands together: the share, its range where any share of the wave has one, its interval at
    the level `confidence`.
    """
    keys = ["measure", "category", "break", "group"]
    ranged = table["shown"].eq("bounded").any()
    ours = table[table["measure"].eq(measure)]
    one, other = (ours[ours["basis"].eq(basis)].reset_index(drop=True) for basis in (UNWEIGHTED, WEIGHTED))
    if not one[keys].equals(other[keys]):
        raise ValueError("the two bases have different rows")
    rest_on = " (modelled)" if table["records"].eq("reconstruction").any() else ""
    answers = zip(one["category_label"], one["category"], one["net"], strict=True)
    rows = {
        "Split by": [_named(*pair) for pair in zip(one["break_label"], one["break"], strict=True)],
        "Group": [_named(*pair) for pair in zip(one["group_label"], one["group"], strict=True)],
        "Answer": [_named(f"Net: {label}" if net else label, id_) for label, id_, net in answers],
        "Unweighted base": _numbers(one, "n"),
        "Count": _numbers(one, "count"),
        **_said(one, UNWEIGHTED, confidence, ranged),
        **{f"{name}{rest_on}": _numbers(other, column, 1) for name, column in OF_WEIGHTS.items()},
        **_said(other, WEIGHTED, confidence, ranged),
    }
    return pd.DataFrame(rows).astype(object)


def _said(rows, basis, confidence, ranged):
    """The columns of what is said of shares on one basis."""
    level = level_text(confidence)
    limits = {f"Smallest possible {basis} share": "low", f"Largest possible {basis} share": "high"} if ranged else {}
    ends = {f"{basis.capitalize()} {level} interval, {end}": f"ci_{end_}" for end, end_ in ENDS.items()}
    columns = {f"{basis.capitalize()} share": "estimate"} | limits | ends
    return {heading: _numbers(rows, column, 3) for heading, column in columns.items()} | {
        f"Evidence, {basis}": list(rows["support"]),
        f"Groups differ, {basis}": [_mark(*pair) for pair in zip(rows["mark"], rows["mark_key"], strict=True)],
        f"Low base, {basis}": [_few(*pair) for pair in zip(rows["quality"], rows["shown"], strict=True)],
    }


def _mark(mark, key):
    """The mark of a test, or in brackets why there is none."""
    return CELL_MARKS.get(mark) or NO_MARK.get(key, NOT_TESTED)


def _few(quality, shown):
    """Whether a share rests on few organisations, where one is given."""
    return NOT_APPLICABLE if shown != "settled" else "yes" if quality == "flagged" else "no"


def _numbers(rows, column, digits=0):
    """A column of numbers, rounded, with the reason in brackets where a number is not given."""
    rounded = in_steps(rows[column].astype(float), 10.0**-digits).round(digits) if digits else rows[column]
    numbers = zip(rounded.astype(float).tolist(), rows["n"].tolist(), rows["shown"].tolist(), strict=True)
    return [_absent(column, n, shown) if pd.isna(x) else x if digits else int(x) for x, n, shown in numbers]


def _absent(column, n, shown):
    """What stands in a cell whose number is not given, and why."""
    if (pd.notna(n) and n == 0) or (column in ("low", "high") and shown == "settled"):
        return NOT_APPLICABLE
    return NOT_AVAILABLE if column in ("n", "n_weighted", "n_eff") and shown != "withheld" else NOT_GIVEN[shown]


def _named(label, part):
    """A label as a cell; the id of what it names as well where it holds no letter or digit that gptables knows."""
    text = safe(label)
    return text if re.search("[A-Za-z0-9]", text) else f"{text} ({part})"


def safe(text):
    """A text that stays one in a cell: no formula, no link and no note reference of gptables."""
    return plain_cell(re.sub(r"\$(?=\$)", "$ ", text).replace("](", "] ("))
