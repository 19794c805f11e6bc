"""Weights that bring the respondents to the population's totals, one step a column.

`base_weight` organisations of the sector for each one approached; `response_weight` the same, made up for those that
did not answer; `calibrated_weight` brought to the population's totals; `weight` trimmed, the totals met again.
`stratum` and `stratum_total` are the classes within which the respondents count as a simple random sample, and how many
organisations each holds (the finite population). Every table has one row per organisation that answered; a *cell* is as
in `pipeline.population`. The steps are svy's; see `pipeline.nonresponse` and `pipeline.calibration`.
"""

from dataclasses import dataclass
from typing import get_args

import pandas as pd

from pipeline.calibration import TOLERANCE, poststratify, rake, trim
from pipeline.codebook import ORGANISATION
from pipeline.collapse import collapse_cells
from pipeline.names import BAND_SEPARATOR
from pipeline.nonresponse import adjust_for_nonresponse, in_scope, too_many
from pipeline.params import Calibration
from pipeline.population import POPULATION_FILE, cell_of_band
from pipeline.problems import InputProblem

STEPS = ("base_weight", "response_weight", "calibrated_weight", "weight")
CALIBRATIONS = get_args(Calibration)
RESTS_ON = {
    "reconstruction": "are **modelled**: which organisations answered is itself rebuilt, so none of these is measured",
    "rehearsal": "are **simulated**: no organisation answered, so none of these is measured",
    "fieldwork": "are those of the organisations that answered",
}


@dataclass(frozen=True)
class Weighted:
    """Weighted respondents (`rows`), the `cells` that they were weighted by, and the cells that were `joined`."""

    rows: pd.DataFrame
    cells: pd.DataFrame
    joined: pd.DataFrame


def weigh(respondents, *, approached, cells, codebook, settings):
    """Every step at once: the Weighted respondents of a wave.

    `respondents` as `clean` writes them; `approached` one row per organisation approached, as in
    `pipeline.nonresponse`; `cells` those of `pipeline.population` (moved by `shift_totals`, if at all); `settings` the
    Weight section of the Params. The columns STEPS, `cell`, `stratum` and `stratum_total` are added and the rows stay
    as they came. Raises InputProblem where a step cannot be done as asked, and where a margin, a limit or an
    option that was asked for is not met at the end.
    """
    # A cell that holds nobody, and of which nobody answered, needs no answers.
    there = respondents[codebook.size_band].astype(object).unique()
    holds_some = cells["total"].gt(0) | cells["cell"].map(lambda c: not {*c.split(BAND_SEPARATOR)}.isdisjoint(there))
    cells, joined = join_sparse(respondents, cells=cells[holds_some], codebook=codebook, settings=settings)
    placed = place_in_cells(respondents, cells=cells, codebook=codebook)
    based = add_base_weights(placed, approached=approached, cells=cells, codebook=codebook, settings=settings)
    rows = calibrate(based, cells=cells, codebook=codebook, settings=settings)
    check_cells(rows, cells=cells, settings=settings)
    return Weighted(rows=rows, cells=cells, joined=joined)


def what_weights_rest_on(codebook):
    """One sentence on how far the tables of weights are evidence, by where the wave's records come from."""
    return f"The answers counted in each cell, the design effects and the effective bases {RESTS_ON[codebook.kind]}."


def join_sparse(respondents, *, cells, codebook, settings):
    """The cells with sparse ones joined, and the table of those; as they are where no step uses cells."""
    used = settings.calibration != "none" or settings.nonresponse == "cells"
    answered = respondents[codebook.size_band].astype(object).value_counts()
    sparse = settings.sparse
    return collapse_cells(
        cells, answered=answered, codebook=codebook, fewest=sparse.fewest if used else 0, what=sparse.do
    )


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


def add_base_weights(placed, *, approached, cells, codebook, settings):
    """Add the columns `base_weight` and `response_weight` (`pipeline.nonresponse`)."""
    cases = in_scope(approached, respondents=placed, cells=cells, codebook=codebook)
    response = adjust_for_nonresponse(cases, codebook=codebook, nonresponse=settings.nonresponse)
    base = cases.set_index(ORGANISATION)["base_weight"]
    organisations = placed[ORGANISATION].to_numpy(object)
    return placed.assign(
        base_weight=base.loc[organisations].to_numpy(float), response_weight=response.loc[organisations].to_numpy(float)
    )


def calibrate(table, *, cells, codebook, settings):
    """Add the columns `calibrated_weight`, `weight`, `stratum` and `stratum_total`.

    Calibration `none` leaves the response weight, and strata are the sectors; `poststratify` brings each cell to its
    total, `rake` each sector and each cell, in turn, until all are; for these two the strata are the cells. Cells
    lie inside sectors, so raking gives the same weights as poststratifying until the population has a margin that cuts
    across. Trimming meets the margins asked for again. Raises InputProblem for another calibration, an empty or too
    small stratum, a weight that is not above 0, and margins or limits that are not met.
    """
    calibration = settings.calibration
    if calibration not in CALIBRATIONS:
        what = "weight.calibration: no such way of weighting"
        raise InputProblem(what, file="params.yaml", found=calibration, allowed=CALIBRATIONS)
    margins = population_margins(cells, codebook)
    margin = codebook.sector if calibration == "none" else "cell"
    stratum = table[margin].astype(object)
    do = "let the codebook's `collapse` say which cell it joins, or set weight.calibration to none"
    if calibration == "none":
        do = "take the sector, with who answered of it, out of the wave, since one answer says nothing of a sector"
    _check_strata(stratum, margins[margin], do)
    table = table.assign(
        calibrated_weight=_calibrated(table, margins=margins, calibration=calibration),
        stratum=stratum,
        stratum_total=stratum.map(margins[margin]).astype(float),
    )
    weighted = table.assign(weight=_trimmed(table, cells=cells, codebook=codebook, settings=settings))
    check_weights(weighted)
    check_margins(margin_table(weighted, cells=cells, codebook=codebook, settings=settings))
    return weighted


def _calibrated(table, *, margins, calibration):
    if calibration == "rake":
        return rake(table, margins=margins, start="response_weight")
    if calibration == "poststratify":
        return poststratify(table, cells="cell", totals=margins["cell"], start="response_weight")
    return table["response_weight"]


def _trimmed(table, *, cells, codebook, settings):
    """The calibrated weights within the limits; where no margin is asked for, each sector keeps its sum of weights."""
    lower, upper = settings.trim.lower, settings.trim.upper
    if lower is None and upper is None:
        return table["calibrated_weight"]
    limits = {"start": "calibrated_weight", "lower": lower, "upper": upper}
    if asked := asked_margins(cells, codebook, settings):
        return trim(table, margins=asked, **limits)
    sums = table.groupby(table[codebook.sector].astype(object))["calibrated_weight"].sum()
    kept = "what the weights of each sector add up to"
    return trim(table, margins={codebook.sector: sums.to_dict()}, kept=kept, **limits)


def asked_margins(cells, codebook, settings):
    """The margins that the settings promise to meet: sector and cells, the sector alone, or none."""
    margins = population_margins(cells, codebook)
    if settings.calibration != "none":
        return margins
    return {} if settings.nonresponse == "none" else {codebook.sector: margins[codebook.sector]}


def population_margins(cells, codebook):
    """The totals to weight to: a dict from column (the sector, `cell`) to a dict from category to organisations."""
    return {
        codebook.sector: cells.groupby("sector", sort=False)["total"].sum().to_dict(),
        "cell": dict(zip(cells["cell"], cells["total"], strict=True)),
    }


def _check_strata(stratum, totals, do):
    """Every stratum of the population needs two answers to have a variance, and cannot have more than it holds.

    `do` is what to do where one has fewer.
    """
    for name, total in totals.items():
        answered = int((stratum == name).sum())
        if answered < 2:
            raise InputProblem(
                f"{name}: {answered} of its {total:.12g} organisations answered",
                allowed="at least two answers in each stratum",
                do=do,
            )
        if answered > total:
            raise too_many(name, answered, "answered", total)


def check_cells(weighted, *, cells, settings):
    """Raise InputProblem where a cell is unknown, or is sparse though the settings promise that none is."""
    answered = weighted["cell"].value_counts()
    unknown = sorted(set(answered.index) - set(cells["cell"]))
    if unknown:
        raise InputProblem("an organisation is in a cell that the population does not have", found=unknown[0])
    answered = answered.reindex(cells["cell"], fill_value=0)
    promised = settings.calibration != "none" or settings.nonresponse == "cells"
    if promised and answered.min() < settings.sparse.fewest:
        allowed = f"{settings.sparse.fewest} answers or more"
        raise InputProblem("a cell is sparse and was not joined", found=answered.idxmin(), allowed=allowed)


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


def margin_table(weighted, *, cells, codebook, settings):
    """Totals of the population and of the weights: margin, category, population, weighted, difference, asked.

    Every margin is shown; `asked` says whether the settings promise to meet it.
    """
    asked, rows = asked_margins(cells, codebook, settings), []
    for margin, totals in population_margins(cells, codebook).items():
        sums = weighted.groupby(weighted[margin].astype(object))["weight"].sum()
        unknown = sorted(set(sums.index) - set(totals))
        categories = [*totals, *unknown]
        rows += [(margin, c, totals.get(c, 0.0), sums.get(c, 0.0), margin in asked) for c in categories]
    table = pd.DataFrame(rows, columns=["margin", "category", "population", "weighted", "asked"])
    return table.assign(difference=(table["weighted"] - table["population"]).round(6) + 0.0)


def check_margins(margins):
    """Raise InputProblem at the first category asked for that misses its population total: none lumped, none lost."""
    for row in margins[margins["asked"]].itertuples():
        if abs(row.weighted - row.population) > TOLERANCE * row.population:
            raise InputProblem(
                f"the weights of {row.margin} {row.category} add up to {row.weighted:.6f}",
                allowed=f"its population total, {row.population:.6f}",
            )
