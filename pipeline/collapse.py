"""Sparse cells joined to others in the order that the codebook declares, each with a row that says why."""

import pandas as pd

from pipeline.names import BAND_SEPARATOR
from pipeline.population import cell_of_band
from pipeline.problems import InputProblem

COLUMNS = ["cell", "label", "respondents", "fewest", "joined", "joined_respondents", "reason"]


def collapse_cells(cells, *, answered, codebook, fewest, what):
    """Cells of which none has fewer than `fewest` respondents, and the table of those that were joined.

    `answered` is the number of respondents by size band (a dict or Series), `what` is `collapse` or `stop`. The
    codebook's `collapse` is a list of pairs of bands, gone through in order until no cell is sparse: where the
    cell that holds the first is sparse, it joins the cell that holds the second. Returns (cells, joined): `cells` with
    the columns of `pipeline.population`, `joined` with COLUMNS, a row per join in the order made. Raises InputProblem
    for a sparse cell where `what` is `stop` or where no pair of the order covers it.
    """
    _check_order(codebook)
    answered = pd.Series(answered, dtype=float)
    cells, joined = cells.reset_index(drop=True), []
    while (sparse := _sparse(cells, answered, fewest)) is not None:
        pair = _pair(cells, answered, codebook, fewest) if what == "collapse" else None
        if pair is None:
            raise _stuck(cells, answered, sparse, fewest, what)
        cells, row = _join(cells, answered, *pair, fewest=fewest)
        joined.append(row)
    return cells, pd.DataFrame(joined, columns=COLUMNS)


def _count(cell, answered):
    return answered.reindex(cell.split(BAND_SEPARATOR), fill_value=0).sum()


def _sparse(cells, answered, fewest):
    return next((cell for cell in cells["cell"] if _count(cell, answered) < fewest), None)


def _pair(cells, answered, codebook, fewest):
    """The first pair of the order that joins a sparse cell to another: their ids; None if there is none."""
    of_band = cell_of_band(cells)
    for band, other in codebook.collapse:
        one, two = of_band.get(band), of_band.get(other)
        if one and two and one != two and _count(one, answered) < fewest:
            return one, two
    return None


def _join(cells, answered, one, two, *, fewest):
    rows = cells[cells["cell"].isin([one, two])]
    whole = {"cell": BAND_SEPARATOR.join(rows["cell"]), "label": " and ".join(rows["label"])}
    whole |= {c: rows[c].sum() for c in ("total", "low", "high") if c in rows}
    kept = cells.drop(rows.index[1:])
    for column, value in whole.items():
        kept.loc[rows.index[0], column] = value
    kept = kept.reset_index(drop=True)
    row = {"cell": one, "label": rows.loc[rows["cell"] == one, "label"].iloc[0], "fewest": fewest, "joined": two}
    row |= {"respondents": int(_count(one, answered)), "joined_respondents": int(_count(two, answered))}
    reason = f"{row['respondents']} answered and weight.sparse.fewest asks for {fewest}"
    return kept, row | {"reason": reason}


def _stuck(cells, answered, sparse, fewest, what):
    label = cells.loc[cells["cell"] == sparse, "label"].iloc[0]
    cell = cells.loc[cells["cell"] == sparse].iloc[0]
    do = "add a pair with one of its bands to the codebook's `collapse`, or set weight.sparse.fewest lower"
    if what != "collapse":
        do = "set weight.sparse.do to collapse, or weight.sparse.fewest lower"
    return InputProblem(
        f"{label} ({sparse}): {_count(sparse, answered):.0f} of its {cell['total']:.12g} organisations answered"
        + (", and no pair of the codebook's `collapse` covers it" if what == "collapse" else ""),
        allowed=f"at least {fewest} answers in each cell",
        do=do,
    )


def _check_order(codebook):
    """Raise InputProblem for a pair that names no band, or bands of two sectors."""
    bands = {a.id: a.band.sector for a in codebook.question(codebook.size_band).answers if a.band}
    for pair in codebook.collapse:
        for band in pair:
            if band not in bands:
                raise InputProblem("collapse: no such size band", file="codebook", found=band, allowed=list(bands))
        if len({bands[band] for band in pair}) > 1:
            raise InputProblem("collapse: a pair's bands must be of one sector", file="codebook", found=list(pair))
