"""What the data give for a claim, beside what is printed, and how far apart the two are.

The data's value is read from the estimates where the claim is of one of them, and counted again from the records where
it is of none (another base or break, a most of answers). Where the claims kept leave the value a range it is the range
that is given, and what rests on the records alone is called modelled: those are filler.
"""

import pandas as pd

from pipeline.bases import gives_a_size
from pipeline.claims import decimals, limits, other_side, whole_ends
from pipeline.printing import SETTLED, has_open_base, per_cent
from pipeline.problems import InputProblem

POINTS, ORGANISATIONS = "percentage points", "organisations"
# From the best known to the least.
SUPPORTS = (*SETTLED, "bounded", "assumed")


def regenerated(claim, counted, rows, report):
    """The columns regenerated (text), difference, difference_in, support, low and high of one claim.

    `counted` is the claim's row of `claims.regenerate`; `rows` are estimates by measure, category, break and group.
    `difference` is regenerated less printed in the printed rounding; of an inequality or a fraction in words, how far
    outside of these the share is; 0 where the claim is met. Of a range the end nearer to what is printed counts; there
    is none where the range holds what is printed, and where what the data give is modelled. Raises InputProblem where
    an estimate is not of the records counted.
    """
    if claim["unit"] == "answers":
        beyond = "as many or more" if claim["op"] == "<" else "more"
        text = f"{counted['count'] or 'none'} of {counted['base']} gave {beyond}"
        return _found(text + ("" if counted["met"] else " (modelled)"), 0 if counted["met"] else None, ORGANISATIONS)
    row = _row(claim, claim["category"], claim["group"], rows, report.codebook)
    if claim["unit"] == "order":
        return _order(claim, counted, row, rows, report)
    _check_agreement(claim, counted, row)
    own = counted["count"] if claim["unit"] == "count" else counted["share"]
    low, high, modelled = _ends(claim, row, own)
    text = _text(claim, low, high) + (" (modelled)" if modelled else "")
    difference = 0 if counted["met"] else None
    nearest = _nearest(claim, low, high)
    if difference is None and not modelled and nearest is not None:
        difference = _difference(claim, nearest, report.worded_tolerance)
    found = _found(text, difference, ORGANISATIONS if claim["unit"] == "count" else POINTS)
    return found | ({} if row is None else {c: row[c] for c in ("support", "low", "high")})


def _found(text, difference, unit):
    return {"regenerated": text, "difference": difference, "difference_in": None if difference is None else unit}


def _row(claim, category, group, rows, codebook):
    """The estimate of a category and group of a claim's measure and break; None where it is of another base."""
    own = codebook.measure(claim["measure"]).base == claim["base"]
    return rows.get((claim["measure"], category, claim["break"], group)) if own else None


def _check_agreement(claim, counted, row):
    """Raise InputProblem where the estimate counts otherwise than the records do; no estimate has what is open."""
    if row is None or "estimate" not in row or not gives_a_size(claim):
        return
    both = (row["count"], counted["count"]), (row["n"], counted["base"])
    if any(pd.notna(estimated) and estimated != own for estimated, own in both):
        raise InputProblem(
            f"estimates and records are not of the same organisations: claim {claim['id']}",
            found=f"{row['count']} of {row['n']} estimated, {counted['count']} of {counted['base']} counted",
            do="run analyse again",
        )


def _ends(claim, row, own):
    """The least and most that the data give for a claim, and whether that rests on the records alone (`own`).

    A share in whole per cent is read from the estimate, which a claim settles up to the rounding; one with decimals may
    be finer than what settles it.
    """
    if row is None or row["support"] == "assumed":
        return own, own, True
    if row["support"] in SETTLED and _rounded(claim) and not decimals(claim):
        return (row.get("estimate", own),) * 2 + (False,)
    low, high = (row[c] for c in (("count_low", "count_high") if claim["unit"] == "count" else ("low", "high")))
    if pd.isna(low) or pd.isna(high):
        open_count = claim["unit"] == "count" and has_open_base(row)
        return own, own, open_count or row["support"] not in SETTLED
    return low, high, False


def _text(claim, low, high):
    """A value or range in the rounding of what is printed; a share of nobody is none."""
    if pd.isna(low):
        return "nobody to be a share of"
    if claim["unit"] == "count":
        texts = [f"{int(x)}" for x in (low, high)]
    elif _rounded(claim):
        texts = [f"{per_cent(x, decimals(claim)):.{decimals(claim)}f}%" for x in (low, high)]
    else:
        texts = [f"{_points(x)}%" for x in (low, high)]
    return texts[0] if texts[0] == texts[1] else " to ".join(texts)


def _rounded(claim):
    return claim["op"] == "=" and claim["rounding"] == "half_up"


def _nearest(claim, low, high):
    """The end of a range nearer to what is printed; None where the range holds that, or there is nobody."""
    if pd.isna(low):
        return None
    printed = claim["number"] / (100 if claim["unit"] == "percent" else 1)
    return low if low == high or printed < low else high if printed > high else None


def _difference(claim, value, worded_tolerance):
    """How far a value that does not meet a claim is from it, in percentage points or organisations."""
    limit = limits(claim, worded_tolerance)
    if claim["unit"] == "count":
        return int(_away(value, *whole_ends(*limit)))
    if _rounded(claim):
        apart = round(per_cent(value, decimals(claim)) - float(claim["number"]), decimals(claim))
        return apart if decimals(claim) else int(apart)
    return _points(_away(value, limit[0], limit[2]))


def _away(value, low, high):
    """How far a value is above (or, negative, below) the nearer of two ends; None is no end."""
    if low is not None and value < low:
        return value - low
    return value - high if high is not None and value > high else 0


def _points(share):
    """A share in percentage points to one decimal, without a .0."""
    points = round(float(100 * share), 1)
    return int(points) if points == int(points) else points


def _order(claim, counted, row, rows, report):
    """The two shares of an order; support is that of the one less well known."""
    category, group = other_side(claim)
    pair = [(row, counted["share"]), (_row(claim, category, group, rows, report.codebook), counted["versus"])]
    ends = [_ends(claim, r, share) for r, share in pair]
    texts = [_text(claim, low, high) + (" (modelled)" if modelled else "") for low, high, modelled in ends]
    difference = 0 if counted["met"] else None
    if difference is None and not any(modelled or pd.isna(low) for low, _, modelled in ends):
        (low, high, _), (other_low, other_high, _) = ends
        apart = low - other_high if low > other_high else high - other_low if high < other_low else None
        difference = None if apart is None else _points(apart)
    supports = ["assumed" if r is None else r["support"] for r, _ in pair]
    return _found(" against ".join(texts), difference, POINTS) | {"support": max(supports, key=SUPPORTS.index)}
