"""Weights that bring the respondents to the population's totals, one step a column.

`base_weight` organisations of the sector for each one approached; `response_weight` the same, shared out among those
that answered; `weight` brought to the population's totals by svy. `stratum` and `stratum_total` are the classes within
which the respondents count as a simple random sample, and how many organisations each holds (the finite population).
Every table has one row per organisation that answered; a *cell* is as in `pipeline.population`.
"""

import pandas as pd

from pipeline.codebook import ORGANISATION
from pipeline.population import POPULATION_FILE, cell_of_band
from pipeline.problems import InputProblem

STEPS = ("base_weight", "response_weight", "weight")
CALIBRATIONS = ("none", "poststratify", "rake")
# A weighted total may miss its population total by this share of it: round-off, and raking's own tolerance.
TOLERANCE = 1e-9
RAKING_ROUNDS = 1000
RESTS_ON = {
    "reconstruction": "are **modelled**: which organisations answered is itself rebuilt, so none of these is measured",
    "rehearsal": "are **simulated**: no organisation answered, so none of these is measured",
    "fieldwork": "are those of the organisations that answered",
}


def what_weights_rest_on(codebook):
    """One sentence on how far the tables of weights are evidence, by where the wave's records come from."""
    return f"The answers counted in each cell, the design effects and the effective bases {RESTS_ON[codebook.kind]}."


def place_in_cells(respondents, *, cells, codebook):
    """Add the column `cell` to a table of respondents.

    Raises InputProblem for an organisation without a size band, in a band without a population total, or in a band
    of another sector.
    """
    bands = respondents[codebook.size_band].astype(object)
    if bands.isna().any():
        organisation = respondents.loc[bands.isna(), ORGANISATION].iloc[0]
        raise InputProblem("an organisation has no size band and cannot be weighted", found=organisation)
    known = cell_of_band(cells)
    if not bands.isin(known).all():
        raise InputProblem(
            "the population has no total for a size band that answered",
            file=POPULATION_FILE,
            found=bands[~bands.isin(known)].iloc[0],
            allowed=known,
            do="add a total that takes it in",
        )
    placed = respondents.assign(cell=bands.map(known))
    other = placed["cell"].map(cells.set_index("cell")["sector"]) != placed[codebook.sector]
    if other.any():
        raise InputProblem(
            "an organisation's size band belongs to another sector", found=placed.loc[other, ORGANISATION].iloc[0]
        )
    return placed


def add_base_weights(placed, *, approached, cells, codebook):
    """Add the columns `base_weight` and `response_weight`, both by sector.

    `approached` has a row per organisation that was approached (not per contact), with the columns of the sector
    and the size band.
    base_weight = organisations in the population / approached; response_weight = base_weight * approached / answered.
    Raises InputProblem for an answer from an organisation that was not approached, and where a sector of the
    population has no answer or more answers than organisations.
    """
    sector = codebook.sector
    strangers = placed[~placed[ORGANISATION].isin(approached[ORGANISATION])]
    if len(strangers):
        raise InputProblem(
            "an organisation answered that is not among those approached", found=strangers[ORGANISATION].iloc[0]
        )
    counts = pd.DataFrame({"total": cells.groupby("sector")["total"].sum()})
    counts["approached"] = approached[sector].value_counts().reindex(counts.index, fill_value=0)
    counts["answered"] = placed[sector].value_counts().reindex(counts.index, fill_value=0)
    for name, row in counts.iterrows():
        if row["answered"] == 0:
            raise InputProblem(
                f"{name}: none of its {row['total']:.0f} organisations answered",
                do=f"take it out of the population in {POPULATION_FILE}",
            )
        if row["answered"] > row["total"]:
            raise _too_many(name, row["answered"], row["total"])
    base = counts["total"] / counts["approached"]
    response = base * counts["approached"] / counts["answered"]
    sectors = placed[sector].astype(object)
    return placed.assign(base_weight=sectors.map(base), response_weight=sectors.map(response))


def calibrate(table, *, cells, codebook, calibration):
    """Add the columns `weight`, `stratum` and `stratum_total`.

    `calibration` is `none` (the weight is the response weight, strata are the sectors), `poststratify` (each cell is
    brought to its total) or `rake` (each sector and each cell is, in turn, until all are); for the last two the
    strata are the cells. Cells lie inside sectors, so raking gives the same weights as poststratifying until the
    population has a margin that cuts across. Raises InputProblem for another calibration, an
    empty or too small stratum, a weight that is not above 0, and margins that are not met.
    """
    if calibration not in CALIBRATIONS:
        what = "weight.calibration: no such way of weighting"
        raise InputProblem(what, file="params.yaml", found=calibration, allowed=CALIBRATIONS)
    margins = population_margins(cells, codebook)
    margin = codebook.sector if calibration == "none" else "cell"
    stratum = table[margin].astype(object)
    _check_strata(stratum, margins[margin])
    if calibration == "rake":
        weight = rake(table, margins=margins, start=STEPS[-2])
    elif calibration == "poststratify":
        weight = poststratify(table, cells="cell", totals=margins["cell"], start=STEPS[-2])
    else:
        weight = table[STEPS[-2]]
    stratum_total = stratum.map(margins[margin]).astype(float)
    weighted = table.assign(weight=weight, stratum=stratum, stratum_total=stratum_total)
    check_weights(weighted)
    check_margins(margin_table(weighted, cells=cells, codebook=codebook, calibration=calibration))
    return weighted


def population_margins(cells, codebook):
    """The totals to weight to: a dict from column (the sector, `cell`) to a dict from category to organisations."""
    return {
        codebook.sector: cells.groupby("sector", sort=False)["total"].sum().to_dict(),
        "cell": dict(zip(cells["cell"], cells["total"], strict=True)),
    }


def poststratify(table, *, cells, totals, start):
    """Weights whose sum in each class of the column `cells` is its total: a Series on the table's index (svy)."""
    sample = _sample(table, [cells], start)
    return _weights(sample.weighting.poststratify(totals, cells=cells, wgt_name="calibrated"), table)


def rake(table, *, margins, start):
    """Weights that meet every margin at once, by iterative proportional fitting: a Series on the table's index (svy).

    Raises InputProblem where the margins are not met in 1,000 rounds, or are not totals of one and the same population.
    """
    from svy.errors import WeightingError

    sample = _sample(table, list(margins), start)
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


def _sample(table, columns, weight):
    import polars as pl
    import svy

    rows = {c: table[c].astype(object).tolist() for c in columns}
    return svy.Sample(pl.DataFrame(rows | {weight: table[weight].to_numpy(float)}), svy.Design(wgt=weight))


def _weights(sample, table):
    return pd.Series(sample.data["calibrated"].to_numpy(), index=table.index)


def _check_strata(stratum, totals):
    """Every stratum of the population needs two answers to have a variance, and cannot have more than it holds."""
    for name, total in totals.items():
        answered = int((stratum == name).sum())
        if answered < 2:
            raise InputProblem(
                f"{name}: {answered} of its {total:.0f} organisations answered",
                allowed="at least two answers in each stratum",
                do="widen the codebook's size bands, or set calibration to none",
            )
        if answered > total:
            raise _too_many(name, answered, total)


def _too_many(place, answered, total):
    return InputProblem(
        f"{place}: {answered:.0f} organisations answered and the population has {total:.0f}",
        file=POPULATION_FILE,
        do="correct the total or choose the population that the respondents belong to",
    )


def check_weights(table):
    """Raise InputProblem at the first weight, of any step, that is missing, zero or negative."""
    for step in STEPS:
        bad = table[~(table[step] > 0)]
        if len(bad):
            raise InputProblem(
                f"organisation {bad[ORGANISATION].iloc[0]} has a weight that is not above 0",
                column=step,
                found=float(bad[step].iloc[0]),
            )


def margin_table(weighted, *, cells, codebook, calibration):
    """The totals asked for and those that the weights give: margin, category, population, weighted, difference."""
    margins = population_margins(cells, codebook)
    asked = margins if calibration != "none" else {codebook.sector: margins[codebook.sector]}
    rows = []
    for margin, totals in asked.items():
        sums = weighted.groupby(weighted[margin].astype(object))["weight"].sum()
        unknown = sorted(set(sums.index) - set(totals))
        rows += [
            (margin, category, totals.get(category, 0.0), sums.get(category, 0.0)) for category in [*totals, *unknown]
        ]
    table = pd.DataFrame(rows, columns=["margin", "category", "population", "weighted"])
    return table.assign(difference=(table["weighted"] - table["population"]).round(6) + 0.0)


def check_margins(margins):
    """Raise InputProblem at the first category whose weighted total is not the population's: none lumped, none lost."""
    for row in margins.itertuples():
        if abs(row.weighted - row.population) > TOLERANCE * row.population:
            raise InputProblem(
                f"the weights of {row.margin} {row.category} add up to {row.weighted:.6f}",
                allowed=f"its population total, {row.population:.6f}",
            )


def cell_table(weighted, *, approached, cells, codebook):
    """One row per cell: what the population has, what was approached and answered, what each answer stands for.

    The columns of the population's cells, then `approached`, `respondents`, the mean of each weight, `weighted` (sum of
    weights), and the cell's share of the population, of the respondents and of the weights (0 to 1).
    """
    by_cell = weighted.groupby("cell")
    counts = pd.DataFrame({"respondents": by_cell.size(), **{s: by_cell[s].mean() for s in STEPS}})
    counts = counts.assign(weighted=by_cell["weight"].sum())
    tried = approached[codebook.size_band].astype(object).map(cell_of_band(cells)).value_counts()
    table = cells.assign(approached=cells["cell"].map(tried).fillna(0).astype(int))
    table = table.merge(counts, left_on="cell", right_index=True, how="left", validate="1:1")
    table = table.fillna({"respondents": 0, "weighted": 0.0}).astype({"respondents": int})
    shares = {
        "population_share": table["total"],
        "respondent_share": table["respondents"],
        "weighted_share": table["weighted"],
    }
    return table.assign(**{name: values / values.sum() for name, values in shares.items()})


def step_table(weighted):
    """One row per step of the weights: organisations, sum, min, max, their ratio, Kish's design effect, effective base.

    Kish's design effect of the weights is n * sum(w^2) / sum(w)^2 and the effective base n divided by it, both by svy.
    """
    rows = []
    for step in STEPS:
        found = _sample(weighted, [], step).check().weights
        rows.append((step, found.n, found.sum, found.min, found.max, found.ratio, found.deff, found.ess))
    return pd.DataFrame(
        rows, columns=["step", "respondents", "sum", "min", "max", "max_to_min", "design_effect", "effective_base"]
    )
