"""Weights of those that answered, before they are brought to the population's totals.

`base_weight` is the inverse of the chance of being approached, `response_weight` the same with the weight of those that
did not answer shared out among those that did. Cases are organisations, never contacts. A table of those *approached*
has one row per organisation, with its final disposition `group` (`pipeline.dispositions`), the number of its `contacts`
in the frame, and the codebook's frame questions.
"""

from typing import get_args

import numpy as np
import pandas as pd

from pipeline.codebook import ORGANISATION
from pipeline.params import Nonresponse
from pipeline.population import POPULATION_FILE, cell_of_band
from pipeline.problems import InputProblem

NONRESPONSES = get_args(Nonresponse)
# AAPOR's group of cases that turned out not to be organisations of the population: they stand for nobody.
NOT_ELIGIBLE = "NE"
ANSWERED, DID_NOT = "rr", "nr"
# A fitted propensity this near to 0 or 1 comes from a model without a finite solution.
SEPARATED = 1e-6


def in_scope(approached, *, respondents, cells, codebook):
    """Those approached that belong to the population, with `cell`, `status` (rr, nr) and `base_weight` each.

    base_weight = organisations of the sector in the population / organisations of it approached and in scope. A case
    whose eligibility never became known is in scope, as the register that the totals are counted from says it is.
    Raises InputProblem for an answer from an organisation that was not approached or is out of scope, for a band
    without a population total, and where a sector of the population has no answer or more cases than organisations.
    """
    kept = approached[approached["group"].ne(NOT_ELIGIBLE)]
    strangers = respondents[~respondents[ORGANISATION].astype(object).isin(kept[ORGANISATION].astype(object))]
    if len(strangers):
        raise InputProblem(
            "an organisation answered that is not among those approached", found=strangers[ORGANISATION].iloc[0]
        )
    bands, cell_of = kept[codebook.size_band].astype(object), cell_of_band(cells)
    if not bands.isin(cell_of).all():
        row = kept[~bands.isin(cell_of)].iloc[0]
        # A cell of 0 that nobody answered of has been left out before: it is no cell to be weighted.
        what = "was approached, and the population has no total above 0 for its size band"
        raise InputProblem(
            f"organisation {row[ORGANISATION]} {what}",
            file=POPULATION_FILE,
            found=row[codebook.size_band],
            allowed=cell_of,
            do="add a total that takes it in, or correct the one that is 0",
        )
    answered = kept[ORGANISATION].astype(object).isin(respondents[ORGANISATION].astype(object))
    counts = _count_by_sector(kept[codebook.sector], answered, cells)
    base = counts["total"] / counts["approached"]
    return kept.assign(
        cell=bands.map(cell_of),
        status=np.where(answered, ANSWERED, DID_NOT),
        base_weight=kept[codebook.sector].astype(object).map(base).astype(float),
    )


def _count_by_sector(sectors, answered, cells):
    """Organisations by sector: `total` in the population, `approached`, `answered`; checked against each other."""
    counts = pd.DataFrame({"total": cells.groupby("sector", sort=False)["total"].sum()})
    counts["approached"] = sectors.value_counts().reindex(counts.index, fill_value=0)
    counts["answered"] = sectors[answered].value_counts().reindex(counts.index, fill_value=0)
    for name, row in counts.iterrows():
        if row["answered"] == 0:
            raise InputProblem(
                f"{name}: none of its {row['total']:.12g} organisations answered",
                do=f"take it out of the population in {POPULATION_FILE}",
            )
        if row["approached"] > row["total"]:
            raise too_many(name, row["approached"], "were approached", row["total"])
    return counts


def too_many(place, found, what, total):
    """The problem of a place with more cases than the population has organisations there."""
    return InputProblem(
        f"{place}: {found:.0f} organisations {what} and the population has {total:.12g}",
        file=POPULATION_FILE,
        do="correct the total or choose the population that the respondents belong to",
    )


def adjust_for_nonresponse(cases, *, codebook, nonresponse):
    """Response weights of those that answered: a Series by organisation. `cases` are those of `in_scope`.

    `none` leaves the base weights as they are, so that calibration alone makes up for who did not answer; `cells`
    shares the weight of each cell's silent organisations out among those of it that answered; `propensity` divides
    by the fitted chance of answering, scaled so that each sector's weights add up to what its cases stood for.
    Raises InputProblem for another adjustment and for a propensity model that has no solution.
    """
    if nonresponse not in NONRESPONSES:
        what = "weight.nonresponse: no such way of adjusting for non-response"
        raise InputProblem(what, file="params.yaml", found=nonresponse, allowed=NONRESPONSES)
    answered = cases["status"].eq(ANSWERED)
    if nonresponse == "none":
        weights = cases.loc[answered, "base_weight"]
    elif nonresponse == "cells":
        weights = share_out(cases, cells="cell")
    else:
        chance = response_propensity(cases, codebook=codebook)
        inverse = (cases["base_weight"] / chance)[answered]
        stood_for = cases.groupby(codebook.sector)["base_weight"].sum()
        sectors = cases.loc[answered, codebook.sector]
        weights = inverse * sectors.map(stood_for / inverse.groupby(sectors).sum()).astype(float)
    return pd.Series(weights.to_numpy(), index=cases.loc[answered, ORGANISATION].to_numpy())


def share_out(cases, *, cells):
    """Base weights of those that answered, each cell's whole base weight shared out among them (svy).

    A Series on the rows of `cases` that answered. Raises InputProblem for a cell in which nobody did.
    """
    import polars as pl
    import svy

    answers = cases.groupby(cases[cells].astype(object), sort=False)["status"].agg(lambda s: s.eq(ANSWERED).sum())
    for cell in answers.index[answers == 0]:
        raise InputProblem(
            f"{cell}: none of its {(cases[cells] == cell).sum()} organisations approached answered",
            do="let the codebook's `collapse` say which cell it joins, or set weight.nonresponse to none",
        )
    columns = {c: cases[c].astype(object).tolist() for c in (cells, "status")}
    sample = svy.Sample(pl.DataFrame(columns | {"base": cases["base_weight"].to_numpy()}), svy.Design(wgt="base"))
    adjusted = sample.weighting.adjust("status", cells=cells, wgt_name="adjusted", respondents_only=False)
    shared = pd.Series(adjusted.data["adjusted"].to_numpy(), index=cases.index)
    return shared[cases["status"].eq(ANSWERED)]


def response_propensity(cases, *, codebook):
    """The chance of answering of each case, by a logistic model on frame variables only: a Series on their index (svy).

    The model is weighted by the base weights; its terms are the frame's questions but the sector (size bands lie inside
    sectors), each as classes, and the logarithm of the number of contacts that the frame holds. Raises InputProblem
    where a class of organisations answered as one, which gives the model no finite solution.
    """
    import polars as pl
    import svy

    classes = [q.id for q in codebook.questions if q.asked_of == "frame" and q.id in cases and q.id != codebook.sector]
    for question in classes:
        _check_split(cases, question)
    columns = {c: cases[c].astype(object).tolist() for c in classes}
    columns |= {"contacts_log": np.log(cases["contacts"].to_numpy(float)), "base": cases["base_weight"].to_numpy()}
    rows = pl.DataFrame(columns | {"answered": cases["status"].eq(ANSWERED).to_numpy().astype(float)})
    sample = svy.Sample(rows, svy.Design(wgt="base"))
    terms = [svy.Cat(c) for c in classes] + (["contacts_log"] if cases["contacts"].nunique() > 1 else [])
    try:
        model = sample.glm.fit("answered", x=terms, family="binomial")
    except svy.errors.ModelError as e:
        raise InputProblem(
            f"the propensity model cannot be fitted to the frame's variables: {e.title}",
            found=", ".join(classes),
            do="set weight.nonresponse to cells",
        ) from None
    chance = pd.Series(np.asarray(model.predict(rows).yhat, dtype=float), index=cases.index)
    if not chance.between(SEPARATED, 1 - SEPARATED).all():
        raise InputProblem(
            "the propensity model has no solution: the frame's variables tell exactly who answered",
            do="set weight.nonresponse to cells",
        )
    return chance


def _check_split(cases, question):
    """Raise InputProblem for a class in which all or none answered: its propensity would be 1 or 0."""
    rate = cases["status"].eq(ANSWERED).groupby(cases[question].astype(object), sort=False).mean()
    for name in rate.index[(rate == 0) | (rate == 1)]:
        raise InputProblem(
            f"{name}: {'all' if rate[name] == 1 else 'none'} of its organisations approached answered, so the "
            "propensity model has no solution",
            column=question,
            do="set weight.nonresponse to cells",
        )
