"""What may leave a wave that is not public: numbers of too few are withheld, and those that would give them away.

Withheld first are the shares of a base below `minimum_base`, and a count of some organisations but fewer than
`minimum_count`, or of all but so few. Then, as long as a reader could work out a withheld number from the published ones
(`pipeline.attack`), one of those that hold it is withheld as well, the finest table's first. What is known of an
organisation before anyone calls it is no secret, nor is an answer that says nothing of the matter; such numbers are
withheld only to protect others. Weighted numbers are rounded, since an exact one would say how many in each class of the
frame it rests on.

A reconstruction of a printed report is public already: nothing of it is withheld.
"""

import numpy as np
import pandas as pd

from pipeline.attack import Attack, Cell, in_frame
from pipeline.codebook import TOTAL
from pipeline.estimate import INFERENCE, KEYS, UNWEIGHTED, WEIGHTED

LOG = ["wave", *KEYS, "what", "reason"]
SMALL_BASE = "the base is below the smallest that results are given for"
CONFIDENTIAL = "too few, or all but too few, gave the answer, or the number would give such a one away"
BASE = "base"


def protect(estimates, respondents, *, codebook, settings):
    """The estimates that may be published and the log of what is withheld: (estimates, log).

    `estimates` are all those of `pipeline.estimate`; `settings` the section `disclose` of the Params. Of a withheld row
    quality is `withheld`, and count, share, error and interval are empty; of a withheld base the bases too. The log has
    a row per withheld share and base, with LOG; it does not tell small numbers from those that protect them, since that
    alone would say how small they are.
    """
    if codebook.kind == "reconstruction":
        return estimates, pd.DataFrame(columns=LOG)
    hidden, small = withheld_cells(estimates, respondents, codebook=codebook, settings=settings)
    rows = estimates[KEYS].apply(tuple, axis=1)
    bases = _base_keys(estimates, codebook)
    no_base = pd.Series([key in hidden for key in bases], index=estimates.index)
    no_share = pd.Series([key in hidden for key in rows], index=estimates.index) | no_base
    kept = _rounded(estimates, settings)
    blank = {c: kept[c].mask(no_share) for c in (*INFERENCE, "estimate")}
    blank["count"] = kept["count"].astype("Int64").mask(no_share)
    blank["n"] = kept["n"].astype("Int64").mask(no_base)
    blank |= {c: kept[c].mask(no_base) for c in ("n_weighted", "n_eff")}
    log = _log(estimates, no_share, no_base, rows.isin(small))
    return kept.assign(quality=kept["quality"].mask(no_share, "withheld"), **blank), log


def _log(estimates, no_share, no_base, small):
    one = estimates["basis"].eq(UNWEIGHTED)
    shares = estimates[no_share & one].assign(what="share")
    shares["reason"] = np.where(small[shares.index], SMALL_BASE, CONFIDENTIAL)
    bases = estimates[no_base & one].drop_duplicates(["measure", "break", "group"])
    bases = bases.assign(what=BASE, category="", reason=CONFIDENTIAL)
    return pd.concat([shares, bases]).sort_index(kind="stable")[LOG].reset_index(drop=True)


def _rounded(estimates, settings):
    """The estimates with weighted numbers as coarse as the settings say."""
    weighted = estimates["basis"].eq(WEIGHTED)
    coarse = {c: estimates[c].round(settings.share_digits) for c in ("estimate", "se", "ci_low", "ci_high")}
    coarse |= {"deff": estimates["deff"].round(1), "n_eff": estimates["n_eff"].round(0)}
    coarse["n_weighted"] = _to(estimates["n_weighted"], settings.weighted_base_to)
    return estimates.assign(**{c: estimates[c].mask(weighted, values) for c, values in coarse.items()})


def _to(numbers, step):
    return (numbers / step).round(0) * step


def _base_keys(estimates, codebook):
    """For each row of the estimates the key of its base."""
    base_of = {m.id: m.base for m in codebook.measures}
    return [(BASE, base_of[m], b, g) for m, b, g in estimates[["measure", "break", "group"]].itertuples(index=False)]


def withheld_cells(estimates, respondents, *, codebook, settings):
    """The keys of the cells that must not be published, and among the shares those of a small base: (hidden, small).

    A share's key is its KEYS, a base's (BASE, base, break, group).
    """
    rows = estimates[estimates["basis"].eq(UNWEIGHTED)]
    cells, values = cells_of(rows, codebook)
    hidden, small = _primary(rows, cells, values, codebook, settings)
    attack = Attack(
        cells,
        values,
        codebook=codebook,
        respondents=respondents,
        weighted=list(_weighted_sums(estimates, respondents, codebook, settings)),
        nets=_nets(rows, codebook),
    )
    sacred = {key for key, cell in cells.items() if not attack.place[key][0]}
    needed = {key: settings.minimum_count if key in hidden else 1 for key in cells}
    return _secondary(attack, hidden, needed, sacred, codebook), small


def cells_of(rows, codebook):
    """Every published number of organisations, unweighted: ({key: Cell}, {key: number}). `rows`: unweighted estimates."""
    cells, values = {}, {}
    for row in rows.to_dict("records"):
        measure = codebook.measure(row["measure"])
        question = codebook.question(measure.question)
        wheres = (codebook.base(measure.base).where, codebook.group(row["break"], row["group"]).where)
        key, base = tuple(row[k] for k in KEYS), (BASE, measure.base, row["break"], row["group"])
        cells[base], values[base] = Cell(wheres), float(row["n"])
        if pd.notna(row["count"]):
            cells[key], values[key] = Cell(wheres, question, row["category"]), float(row["count"])
    return cells, values


def _primary(rows, cells, values, codebook, settings):
    """The cells that are too small themselves, and among the shares those of a small base."""
    hidden, small = set(), set()
    for row in rows.to_dict("records"):
        measure = codebook.measure(row["measure"])
        question = codebook.question(measure.question)
        key, base = tuple(row[k] for k in KEYS), (BASE, measure.base, row["break"], row["group"])
        n, count = row["n"], values.get(key, row["count"])
        if not _secret(cells[base], codebook) and in_frame(question):
            continue
        if 0 < n < settings.minimum_count and _secret(cells[base], codebook):
            hidden.add(base)
        if 0 < n < settings.minimum_base:
            hidden.add(key)
            small.add(key)
        elif not _says_nothing(question, row["category"]) and question.asked_of == "respondent":
            few = 0 < count < settings.minimum_count
            if few or (question.several and 0 < n - count < settings.minimum_count):
                hidden.add(key)
    return hidden, small


def _secret(cell, codebook):
    """Whether a base depends on what organisations answered."""
    return any(codebook.question(name).asked_of == "respondent" for where in cell.wheres for name in where)


def _says_nothing(question, category):
    """Whether all answers of a category are a don't know or a refusal."""
    missing = {a.id for a in question.answers if a.missing}
    return set(question.members(category)) <= missing


def _nets(rows, codebook):
    """The nets of answers that may be given together, with these answers: pairs of keys."""
    found = []
    for measure, break_, group in rows[["measure", "break", "group"]].drop_duplicates().itertuples(index=False):
        question = codebook.question(codebook.measure(measure).question)
        for net in question.nets if question.several else ():
            keys = [(measure, category, break_, group) for category in (net.id, *net.answers)]
            found.append((keys[0], keys[1:]))
    return found


def _weighted_sums(estimates, respondents, codebook, settings):
    """What the weighted numbers force: (cells with factors by class of the frame, lowest, highest, keys) each.

    None where weights differ inside a class of the frame: a reader does not know who has which.
    """
    facts = [c for q in codebook.questions if in_frame(q) for c in q.columns]
    weights = respondents["weight"].groupby([respondents[f].astype(object) for f in facts], dropna=False, sort=True)
    if (weights.max() - weights.min() > 1e-9 * weights.max()).any():
        return
    factors = weights.first().to_numpy()
    rounded = _rounded(estimates, settings)
    ours = rounded[rounded["basis"].eq(WEIGHTED) & rounded["n"].gt(0)]
    bases = dict(zip(ours.index, _base_keys(ours, codebook), strict=True))
    step = settings.weighted_base_to / 2
    for base in dict.fromkeys(bases.values()):
        row = ours.loc[next(i for i, key in bases.items() if key == base)]
        yield [(base, factors)], row["n_weighted"] - step, row["n_weighted"] + step, (base,)
    for index, row in ours[ours["estimate"].notna()].iterrows():
        key, base = tuple(row[k] for k in KEYS), bases[index]
        slack = (0.5 * 10**-settings.share_digits + 1e-9) * (row["n_weighted"] + step)
        yield [(key, factors), (base, -row["estimate"] * factors)], -slack, slack, (key, base)


def _secondary(attack, hidden, needed, sacred, codebook):
    """The hidden cells with all that must be hidden beside them, so that none of them can be worked out."""
    hidden, waiting = set(hidden), sorted(hidden - sacred)
    while waiting:
        key = waiting.pop()
        limits = attack.bounds(hidden)
        held = attack.reach(key, limits, enough=needed[key])
        if attack.steps(key) >= needed[key]:
            continue
        held = [k for k in held if k not in hidden and k not in sacred]
        if not held:
            continue  # what is known of the frame alone gives it away: there is nothing to protect
        chosen = min(held, key=lambda k: _cost(k, attack.values))
        hidden.add(chosen)
        waiting += [key, chosen]
    return hidden


def _cost(key, values):
    """What is lost with a cell, to be compared: a base is worth more than a share, everyone more than a group."""
    return key[0] == BASE, key[2] == TOTAL, values[key], key
