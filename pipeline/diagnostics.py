"""What weights do: their distribution step by step, what they cost, what they balance, and on whom results hang.

Tables read the rows that `pipeline.weight.weigh` returns (one per organisation that answered) and the organisations
that were approached and are in scope (`pipeline.nonresponse.in_scope`). Shares are proportions.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from pipeline.approached import attempts_are_known, frame_is_known
from pipeline.calibration import design_sample
from pipeline.codebook import ORGANISATION, TOTAL
from pipeline.estimate import lay_out
from pipeline.weight import STEPS

# Before any weight, every organisation counts one.
BEFORE = "unweighted"
QUARTILES = {"lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75}


def step_table(weighted):
    """One row per step of the weights: their sum, distribution, and what their inequality costs.

    Kish's design effect of the weights is n * sum(w^2) / sum(w)^2 and the effective base n divided by it, both by svy.
    `variance_share` is the share of an estimate's variance that the inequality of the weights alone accounts for,
    where they have nothing to do with the answers: 1 - 1 / design effect.
    """
    rows = []
    for step in STEPS:
        found = design_sample(weighted, [], step).check().weights
        spread = weighted[step].quantile(list(QUARTILES.values()))
        rows.append((step, found.n, found.sum, found.min, *spread, found.max, found.ratio, found.deff, found.ess))
    columns = ["step", "respondents", "sum", "min", *QUARTILES, "max", "max_to_min", "design_effect", "effective_base"]
    return pd.DataFrame(rows, columns=columns).assign(variance_share=lambda t: 1 - 1 / t["design_effect"])


def cell_table(weighted, *, cases, cells):
    """One row per cell: what the population has, what was approached and answered, what each answer stands for.

    The columns of the population's cells, then `approached` (those in scope; empty where no frame says who was),
    `respondents`, `response_rate` (empty where no attempt is on record), the mean of each weight, `weighted` (sum of
    weights), and the cell's share of the population, of the respondents and of the weights (0 to 1).
    """
    by_cell = weighted.groupby("cell")
    counts = pd.DataFrame({"respondents": by_cell.size(), **{s: by_cell[s].mean() for s in STEPS}})
    counts = counts.assign(weighted=by_cell["weight"].sum())
    table = cells.assign(approached=cells["cell"].map(cases["cell"].value_counts()).fillna(0).astype(int))
    table = table.merge(counts, left_on="cell", right_index=True, how="left", validate="1:1")
    table = table.fillna({"respondents": 0, "weighted": 0.0}).astype({"respondents": int})
    shares = {
        "response_rate": table["respondents"] / table["approached"] if attempts_are_known(cases) else np.nan,
        "population_share": table["total"] / table["total"].sum(),
        "respondent_share": table["respondents"] / table["respondents"].sum(),
        "weighted_share": table["weighted"] / table["weighted"].sum(),
    }
    table = table.assign(**shares)
    return table if frame_is_known(cases) else table.assign(approached=np.nan)


def balance_table(weighted, *, cases, cells, codebook):
    """How far the respondents are from those that they stand for, before and after each step of the weights.

    One row per class of the frame: variable, category, label, `against` (`population`: sectors and cells, whose totals
    are known; `approached`: what only the frame knows, size bands and the number of contacts, against all those
    approached by their base weights; no such rows where no frame says who was), `target` (the share there, or the
    mean), and for BEFORE and each step the standardised difference: (share - target) / standard deviation there
    (sqrt(p (1 - p)) of a share p). No rows where nothing is known that tells organisations apart.
    """
    wanted = _against_population(weighted, cells, codebook)
    if frame_is_known(cases):
        wanted += _against_approached(weighted, cases, codebook)
    weights = {BEFORE: np.ones(len(weighted))} | {s: weighted[s].to_numpy(float) for s in STEPS}
    rows = []
    for keys, values, target, deviation in wanted:
        apart = {s: (np.average(values, weights=w) - target) / deviation for s, w in weights.items()}
        rows.append(keys | {"target": target} | {s: round(v, 12) + 0.0 for s, v in apart.items()})
    numbers = ["target", *weights]
    table = pd.DataFrame(rows, columns=["variable", "category", "label", "against", *numbers])
    return table.astype(dict.fromkeys(numbers, float))


def _against_population(weighted, cells, codebook):
    """Sectors and cells: pairs of keys, who is in the class, its share of the population and its deviation."""
    sectors = codebook.question(codebook.sector)
    totals = cells.groupby("sector", sort=False)["total"].sum()
    labels = {codebook.sector: sectors.categories, "cell": dict(zip(cells["cell"], cells["label"], strict=True))}
    margins = {codebook.sector: totals, "cell": cells.set_index("cell")["total"]}
    rows = []
    for margin, total in margins.items():
        for category, share in (total / total.sum()).items():
            if share in (0, 1):
                continue  # nobody, or all there are: nothing can be out of balance
            keys = {"variable": margin, "category": category, "label": labels[margin][category]}
            inside = weighted[margin].astype(object).eq(category).to_numpy(float)
            rows.append((keys | {"against": "population"}, inside, share, np.sqrt(share * (1 - share))))
    return rows


def _against_approached(weighted, cases, codebook):
    """Size bands and the number of contacts (its logarithm), against all those approached by their base weights."""
    base, rows = cases["base_weight"].to_numpy(float), []
    for band, label in codebook.question(codebook.size_band).categories.items():
        share = np.average(cases[codebook.size_band].astype(object).eq(band), weights=base)
        if 0 < share < 1:
            keys = {"variable": codebook.size_band, "category": band, "label": label, "against": "approached"}
            inside = weighted[codebook.size_band].astype(object).eq(band).to_numpy(float)
            rows.append((keys, inside, share, np.sqrt(share * (1 - share))))
    contacts = np.log(cases.set_index(ORGANISATION)["contacts"].astype(float))
    mean = np.average(contacts, weights=base)
    deviation = np.sqrt(np.average((contacts - mean) ** 2, weights=base))
    if deviation > 0:
        keys = {"variable": "contacts", "category": "logarithm", "label": "Number of contacts", "against": "approached"}
        rows.append((keys, contacts.loc[weighted[ORGANISATION]].to_numpy(), mean, deviation))
    return rows


def option_table(weighted, joined, *, settings):
    """Every option of the settings with what it did: option, setting, effect (a sentence from the weights themselves).

    `settings` is the Weight section of the Params, `weighted` and `joined` what `pipeline.weight.weigh` returned.
    """
    changed = {step: _changed(weighted, before, step) for before, step in pairwise(STEPS)}
    limits, sparse = settings.trim, settings.sparse
    cells = "cell" if len(joined) == 1 else "cells"
    shown = "none" if limits.lower is None and limits.upper is None else limits_text(limits)
    total = weighted.groupby("stratum")["stratum_total"].first().sum()
    rows = [
        ("population", settings.population, f"{total:.0f} organisations to speak for"),
        ("totals", settings.totals, f"{total:.0f} organisations to speak for"),
        ("nonresponse", settings.nonresponse, changed["response_weight"]),
        ("sparse", f"{sparse.do} below {sparse.fewest}", f"{len(joined)} {cells} joined to others"),
        ("calibration", settings.calibration, changed["calibrated_weight"]),
        ("trim", shown, changed["weight"]),
    ]
    return pd.DataFrame(rows, columns=["option", "setting", "effect"])


def limits_text(trim):
    """The limits of trimming in words: `0.3 to 3`, `no limit to 3`."""
    return " to ".join("no limit" if limit is None else f"{limit:g}" for limit in (trim.lower, trim.upper))


def _changed(weighted, before, step):
    factor = (weighted[step] / weighted[before]).round(9)
    if (factor == 1).all():
        return "no weight changed"
    return f"{(factor != 1).sum()} weights changed, by factors from {factor.min():.3f} to {factor.max():.3f}"


def influence_table(weighted, *, codebook, most=10):
    """The `most` organisations on which weighted results hang most: a row each, the most influential first.

    organisation, its cell, weight and `weight_share` (of the sum of weights), and the share of all respondents that
    moves most when it is left out, the other weights staying as they are: measure, category, `shift` (what the share
    becomes less what it was, as a proportion). Of a wave that is not public already neither which organisation it is
    nor which answer is said, since that would tell what it answered.
    """
    grid = lay_out(weighted, codebook)
    of_all = grid.rows["break"].eq(TOTAL) & grid.rows["domain"].map(grid.domains.all())
    wanted = grid.rows[of_all].reset_index(drop=True)
    if wanted.empty:
        weighted = weighted.iloc[:0]  # no share is of everyone, so none can be moved
    weights = weighted["weight"].to_numpy(float)
    largest, shift = np.zeros(len(weights), int), np.zeros(len(weights))
    # One share at a time: all of them for a million organisations would take gigabytes.
    for place, (domain, answer) in enumerate(zip(wanted["domain"], wanted["answer"], strict=True)):
        inside = grid.domains[domain].to_numpy(float) * weights
        given = inside * grid.answers[answer].to_numpy(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            moved = (given.sum() - given) / (inside.sum() - inside) - given.sum() / inside.sum()
        moved = np.nan_to_num(moved.round(12))
        more = np.abs(moved) > np.abs(shift)
        largest[more], shift[more] = place, moved[more]
    table = weighted[[ORGANISATION, "cell", "weight"]].reset_index(drop=True)
    table = table.assign(
        weight_share=table["weight"] / table["weight"].sum(),
        measure=wanted["measure"].to_numpy()[largest],
        category=wanted["category"].to_numpy()[largest],
        shift=shift,
        size=np.abs(shift),
    )
    order = table.sort_values(["size", ORGANISATION], ascending=[False, True], ignore_index=True)
    # With its weight, by how much a share moves would say what the share is to all digits.
    private = [] if codebook.kind == "reconstruction" else [ORGANISATION, "measure", "category", "shift"]
    return order.drop(columns=["size", *private]).head(most)
