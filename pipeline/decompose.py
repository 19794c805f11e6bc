"""How much of a change is within groups, and how much is that the sample is of another make-up.

A share is the sum over cells (sector by size) of the cell's part of the base times the cell's own share. Between two
waves it changes because the cells' shares do (`within`) and because their parts do (`mix`). Each is weighed with the
mean of the other over the two waves (Kitagawa 1955, Journal of the American Statistical Association 50; the two-fold
decomposition of Oaxaca and Blinder with equal weights), so that nothing is left over: within + mix = change, exactly.

Weighted to the population, what is left of `mix` is that of the population and of the base.
"""

import numpy as np
import pandas as pd

from pipeline.change import pairs_of, support_of
from pipeline.codebook import TOTAL, Test
from pipeline.harmonise import compare, untouched
from pipeline.names import WEIGHTED
from pipeline.respondents import gave, select

COLUMNS = ["wave", "since", "measure", "category", "basis", "n_before", "n_after", "cells"]
COLUMNS += ["before", "after", "change", "within", "mix", "support"]
REST = "other sizes"


def decompose(waves, *, breaks):
    """Every comparable share of everyone in two Waves, its change parted into `within` and `mix`: COLUMNS.

    `cells` counts those in which both waves have somebody; sizes that are not the same in both, or that one wave has
    nobody of, are taken together by sector, and sectors likewise. `support` is `assumed` where a wave is a
    reconstruction, whose answers by size are mostly modelled.
    """
    rows = []
    for before, after, _ in pairs_of(waves):
        compared = compare(before.codebook, after.codebook, breaks=breaks)
        compared = compared[compared["comparable"] & compared["break"].eq(TOTAL)]
        cells = cells_of(before, after, breaks=breaks)
        support = support_of(before, after)
        for row in compared.to_dict("records"):
            sides = [_side(w, c, row) for w, c in zip((before, after), cells, strict=True)]
            if min(len(s) for s in sides):
                keys = {k: row[k] for k in ("measure", "category", "basis")} | {"support": support}
                rows.append({"wave": after.wave, "since": before.wave} | keys | parted(*sides))
    return pd.DataFrame(rows, columns=COLUMNS)


def cells_of(before, after, *, breaks):
    """Each respondent's cell in either Wave: `sector / size`, with sizes that are not the same in both in one."""
    book = after.codebook
    same = [
        a.id
        for a in book.question(book.size_band).answers
        if not untouched({book.size_band: Test(any=(a.id,))}, before.codebook, book, breaks=breaks)
    ]
    found = []
    for wave in (before, after):
        sector = wave.respondents[wave.codebook.sector].astype(object)
        size = wave.respondents[wave.codebook.size_band].astype(object)
        found.append(sector + " / " + size.where(size.isin(same), REST))
    return found


def _side(wave, cells, row):
    """The base of a share in a wave: cell, whether the answer was given, and weight, a row per organisation."""
    measure = wave.codebook.measure(row["measure"])
    people = wave.respondents
    base = select(people, wave.codebook.base(measure.base).where).to_numpy(bool)
    given = gave(people, wave.codebook.question(measure.question), row["category"]).to_numpy(float)
    weight = people["weight"].to_numpy(float) if row["basis"] == WEIGHTED else np.ones(len(people))
    return pd.DataFrame({"cell": cells, "gave": given, "weight": weight})[base]


def parted(one, other):
    """The change between two bases parted: tables of cell (`sector / size`), gave (0 or 1) and weight."""
    one, other = common_cells(one, other)
    parts = [
        side.assign(gave=side["gave"] * side["weight"]).groupby("cell")[["gave", "weight"]].sum()
        for side in (one, other)
    ]
    shares = [p["gave"] / p["weight"] for p in parts]
    mixes = [p["weight"] / p["weight"].sum() for p in parts]
    before, after = (float((s * m).sum()) for s, m in zip(shares, mixes, strict=True))
    within = float(((shares[1] - shares[0]) * (mixes[0] + mixes[1]) / 2).sum())
    mix = float(((mixes[1] - mixes[0]) * (shares[0] + shares[1]) / 2).sum())
    counts = {"n_before": len(one), "n_after": len(other), "cells": len(mixes[0])}
    return counts | {"before": before, "after": after, "change": after - before, "within": within, "mix": mix}


def common_cells(one, other):
    """Both tables with cells that both have: a size that one has not joins its sector, such a sector everyone."""
    for wider in (lambda cell: cell.split(" / ")[0], lambda cell: TOTAL):
        missing = set(one["cell"]) ^ set(other["cell"])
        if not missing:
            break
        touched = {wider(cell) for cell in missing}
        one, other = (
            side.assign(cell=[wider(c) if wider(c) in touched else c for c in side["cell"]]) for side in (one, other)
        )
    return one, other
