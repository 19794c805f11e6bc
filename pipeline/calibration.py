"""Weights brought to the population's totals, and trimmed without losing them, by svy.

A table has one row per respondent. Margins are a dict from column to a dict from category to its total.
"""

import pandas as pd

from pipeline.problems import InputProblem

# A weighted total may miss its population total by this share of it: round-off, and raking's own tolerance.
TOLERANCE = 1e-9
RAKING_ROUNDS = 1000
# Trimming and raking are repeated at most so often, until the limits and the margins hold together.
TRIMMING_ROUNDS = 200


def poststratify(table, *, cells, totals, start):
    """Weights whose sum in each class of the column `cells` is its total: a Series on the table's index (svy)."""
    sample = design_sample(table, [cells], start)
    return _weights(sample.weighting.poststratify(totals, cells=cells, wgt_name="calibrated"), table)


def rake(table, *, margins, start):
    """Weights that meet every margin at once, by iterative proportional fitting: a Series on the table's index (svy).

    Raises InputProblem where the margins are not met in 1,000 rounds, or are not totals of one and the same population.
    """
    from svy.errors import WeightingError

    sample = design_sample(table, list(margins), start)
    try:
        raked = sample.weighting.rake(
            controls=margins, wgt_name="calibrated", tol=TOLERANCE / 10, max_iter=RAKING_ROUNDS
        )
    except WeightingError as e:
        raise InputProblem(
            f"raking cannot meet its margins ({e.title.lower()}, at most {RAKING_ROUNDS} rounds)",
            found=list(margins),
            do="check that all are totals of one population and that each has answers, or choose poststratify",
        ) from None
    return _weights(raked, table)


def trim(table, *, margins, start, lower=None, upper=None, kept="the population's totals"):
    """Weights within limits that still meet every margin: a Series on the table's index (svy).

    `lower` and `upper` are multiples of the median of the column `start`, or None; `kept` is what the margins are, in
    words. What is cut off is shared out among the others and the margins are raked again, in turn, until both hold; so
    every total is kept. Raises InputProblem where no weights within the limits meet the margins.
    """
    import svy
    from svy.errors import WeightingError

    median = table[start].median()
    limits = {k: None if v is None else float(v * median) for k, v in (("lower", lower), ("upper", upper))}
    # min_cell_size: svy would pass over small samples in silence.
    trimming = svy.TrimConfig(**limits, min_cell_size=1, max_iter=TRIMMING_ROUNDS)
    sample = design_sample(table, list(margins), start)
    options = {"tol": TOLERANCE / 10, "max_iter": RAKING_ROUNDS}
    try:
        trimmed = sample.weighting.rake(controls=margins, wgt_name="calibrated", trimming=trimming, **options)
    except WeightingError:
        raise _unmet(table, margins, start, limits, kept) from None
    weights = _weights(trimmed, table)
    check_limits(weights, **limits)
    return weights


def check_limits(weights, *, lower, upper):
    """Raise InputProblem at a weight outside the limits (organisations; None is no limit)."""
    least, most = lower or 0, float("inf") if upper is None else upper
    outside = weights[(weights < least * (1 - TOLERANCE)) | (weights > most * (1 + TOLERANCE))]
    if len(outside):
        raise InputProblem(f"a trimmed weight is {outside.iloc[0]:.6f}", allowed=f"{least:.6f} to {most:.6f}")


def _unmet(table, margins, start, limits, kept):
    """The problem of limits that the margins leave no room for, naming the first category that is out of reach."""
    shown = " to ".join("none" if v is None else f"{v:.4g}" for v in limits.values())
    what = f"weight.trim: no weights within the limits ({shown}) meet {kept}"
    for margin, totals in margins.items():
        counts = table[margin].astype(object).value_counts()
        for category, total in totals.items():
            mean = total / counts.get(category, 1)
            if mean < (limits["lower"] or 0) or mean > (limits["upper"] or float("inf")):
                what += f": {category} needs {mean:.4g} for each of its {counts[category]} answers"
                return InputProblem(what, file="params.yaml", do="widen the limits or merge the category with another")
    return InputProblem(what, file="params.yaml", found=f"median {table[start].median():.4g}", do="widen the limits")


def design_sample(table, columns, weight):
    """A svy sample of these columns of classes and a column of weights."""
    import polars as pl
    import svy

    rows = {c: table[c].astype(object).tolist() for c in columns}
    return svy.Sample(pl.DataFrame(rows | {weight: table[weight].to_numpy(float)}), svy.Design(wgt=weight))


def _weights(sample, table):
    return pd.Series(sample.data["calibrated"].to_numpy(), index=table.index)
