"""The steps and the net scores: what the codebook makes of its measures, by organisation and by group.

A *net score* is the share of one set of answers less the share of another, over the measure's base: the mean of +1, -1
and 0. A *mark* is how much of a step an organisation has taken: the share of the step's criteria that it meets, each
criterion counting alike; its mark overall is the mean of its steps' marks. So a group's mark for a step is the mean of
its shares that meet each criterion, and what is printed of those shares pins it down.

Errors and intervals are svy's, of means over domains under the design of `pipeline.estimate`. Of a reconstruction the
scores and marks have outer bounds from those of their parts, and no error: how answers go together in one organisation
was never printed, so a profile is `assumed`, and the spread of marks hangs on it.
"""

import numpy as np
import pandas as pd

from pipeline.codebook import ORGANISATION, TOTAL
from pipeline.codebook_difference import meaning
from pipeline.estimate import PAIR, ROUND_OFF, SUPPORT, Grid, add_quality, kish_effective_base, sample_of
from pipeline.harmonise import compare, sampled_otherwise, untouched
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.printing import KEYS, SETTLED, open_bases, with_bases_evidence
from pipeline.respondents import gave, select

NET, OVERALL = "net", "overall"
COLUMNS = ["wave", *KEYS, "basis", "n", "n_eff", "estimate", "se", "ci_low", "ci_high", "support", "low", "high"]
COLUMNS += ["bases_evidence", "quality"]


def score_grid(respondents, codebook):
    """The Grid of the net scores: an answer is +1, -1 or 0, a domain a group of the score's base."""
    rows, domains, answers = [], {}, {}
    for score in codebook.net_scores:
        measure = codebook.measure(score.measure)
        question = codebook.question(measure.question)
        base = select(respondents, codebook.base(measure.base).where)
        gives = [np.any([gave(respondents, question, c) for c in side], axis=0) for side in (score.plus, score.minus)]
        answers[f"score {score.id}"] = gives[0].astype(float) - gives[1].astype(float)
        for break_ in (TOTAL, *measure.breaks):
            for group in codebook.groups(break_):
                domain = f"domain {measure.base} {break_} {group.id}"
                domains[domain] = base & select(respondents, group.where)
                rows.append((score.id, NET, break_, group.id, domain, f"score {score.id}"))
    return _grid(rows, domains, answers, respondents)


def mark_grid(respondents, codebook):
    """The Grid of the marks: each step's and the overall one, for everyone and by sector and size."""
    marks = marks_of(respondents, codebook)
    rows, domains = [], {}
    for break_ in mark_breaks(codebook):
        for group in codebook.groups(break_):
            domain = f"domain {break_} {group.id}"
            domains[domain] = select(respondents, group.where)
            rows += [(mark, "mark", break_, group.id, domain, f"mark {mark}") for mark in marks]
    return _grid(rows, domains, {f"mark {mark}": marks[mark].to_numpy(float) for mark in marks}, respondents)


def _grid(rows, domains, answers, respondents):
    return Grid(
        rows=pd.DataFrame(rows, columns=[*KEYS, *PAIR]),
        domains=pd.DataFrame(domains, index=respondents.index).astype("int64"),
        answers=pd.DataFrame(answers, index=respondents.index),
    )


def mark_breaks(codebook):
    """Everyone, and the breaks that are the sector's and the size band's own."""
    return [TOTAL, *(b.id for b in codebook.breaks if b.of in (codebook.sector, codebook.size_band))]


def criteria_met(respondents, codebook):
    """Which organisation meets which criterion: a boolean table with a column `step.criterion` each."""
    return pd.DataFrame(
        {f"{s.id}.{c.id}": select(respondents, c.where) for s in codebook.steps for c in s.criteria},
        index=respondents.index,
    )


def marks_of(respondents, codebook):
    """Each organisation's marks, 0 to 1: a column per step and `overall`, the mean of the steps."""
    met = criteria_met(respondents, codebook)
    marks = pd.DataFrame(
        {s.id: met[[f"{s.id}.{c.id}" for c in s.criteria]].mean(axis=1) for s in codebook.steps},
        index=respondents.index,
    )
    return marks.assign(**{OVERALL: marks.mean(axis=1)}) if len(marks.columns) else marks


def profiles(respondents, codebook):
    """The maturity profile of each organisation: who it is, its marks, `reached` and how far that is evidence.

    `reached` counts the steps of which it meets more than half the criteria.
    """
    marks = marks_of(respondents, codebook)
    who = respondents[[ORGANISATION, codebook.sector, codebook.size_band]].astype(object)
    steps = [s.id for s in codebook.steps]
    return pd.concat([who, marks], axis="columns").assign(
        wave=codebook.wave,
        reached=(marks[steps] > 0.5).sum(axis=1),
        support=SUPPORT.get(codebook.kind, "assumed"),
    )[["wave", *who.columns, *marks.columns, "reached", "support"]]


def estimate_means(grid, *, respondents, codebook, settings, bounds):
    """The means of a Grid for a wave, unweighted and weighted: a table with COLUMNS.

    `bounds` has KEYS, basis, support, low and high of a reconstruction (see `score_bounds`, `mark_bounds`); what is
    withheld has no estimate, what a reconstruction leaves open no error, and a mean without variance no interval. The
    intervals are svy's, by Student's t, cut at the ends of the scale (0 to 1, of a net score -1 to 1).
    """
    if grid.rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    tables = [_means(grid, respondents=respondents, basis=basis, settings=settings) for basis in (UNWEIGHTED, WEIGHTED)]
    table = pd.concat(tables).sort_index(kind="stable").reset_index(drop=True)
    if codebook.kind == "reconstruction":
        table = table.merge(bounds, on=[*KEYS, "basis"], how="left", validate="1:1")
    else:
        table = table.assign(support=SUPPORT[codebook.kind], low=np.nan, high=np.nan)
    table = add_quality(table, flag_below=settings.flag_below, withhold_below=settings.withhold_below)
    withheld, modelled = table["quality"].eq("withheld"), codebook.kind == "reconstruction"
    hidden = {"se": table["se"].mask(withheld | modelled)}
    # Where all answered alike there is no variance, and the interval of a mean would be a point. That of a small group
    # may reach beyond the scale, where no mean can be.
    no_interval, least = withheld | modelled | table["se"].lt(ROUND_OFF), -table["category"].eq(NET).astype(float)
    hidden |= {c: table[c].clip(least, 1.0).mask(no_interval) for c in ("ci_low", "ci_high")}
    quality = table["quality"].mask(~withheld & ~table["support"].isin(SETTLED), "modelled")
    table = table.assign(quality=quality, estimate=table["estimate"].mask(withheld), **hidden)
    # How many a group has that the report leaves open is the model's: the base is none then.
    bases = {c: table[c].mask(open_bases(table)) for c in ("n", "n_eff")}
    table = table.assign(**bases, wave=codebook.wave).astype({"n": "Int64"})
    return with_bases_evidence(table, codebook)[COLUMNS]


def _means(grid, *, respondents, basis, settings):
    """svy's mean, error and interval for each row of a Grid on one basis."""
    import svy

    weights = np.ones(len(respondents)) if basis == UNWEIGHTED else respondents["weight"].to_numpy(float)
    columns = {c: grid.domains[c].to_numpy() for c in grid.domains}
    columns |= {c: grid.answers[c].to_numpy(float) for c in grid.answers}
    sample = sample_of(columns, respondents, basis)
    found = []
    for row in grid.rows.to_dict("records"):
        inside = grid.domains[row["domain"]].to_numpy(bool)
        counts = {"basis": basis, "n": int(inside.sum()), "n_eff": kish_effective_base(weights[inside])}
        made = dict.fromkeys(("estimate", "se", "ci_low", "ci_high"), np.nan)
        if inside.any():
            where, alpha = svy.col(row["domain"]) == 1, 1 - settings.confidence
            [mean] = sample.estimation.mean(row["answer"], where=where, alpha=alpha).estimates
            made = {"estimate": mean.est, "se": mean.se, "ci_low": mean.lci, "ci_high": mean.uci}
        found.append({k: row[k] for k in KEYS} | counts | made)
    return pd.DataFrame(found)


# ---- what a reconstruction knows of them


def score_bounds(estimates, codebook):
    """Outer bounds of a reconstruction's net scores from those of their two parts: KEYS, basis, support, low, high.

    With the bounds of the base, base_low and base_high.
    """
    shares, bases = _shares(estimates), _bases(estimates)
    rows = []
    for score in codebook.net_scores:
        for break_ in (TOTAL, *codebook.measure(score.measure).breaks):
            for group in codebook.groups(break_):
                for basis in (UNWEIGHTED, WEIGHTED):
                    place = (break_, group.id, basis)
                    plus, minus = (
                        _sum([shares[score.measure, c, *place] for c in side]) for side in (score.plus, score.minus)
                    )
                    # No organisation is on both sides, so the two shares leave each other only so much room.
                    low = plus[0] - min(minus[1], 1 - plus[0])
                    high = min(plus[1], 1 - minus[0]) - minus[0]
                    base = bases[score.measure, break_, group.id]
                    rows.append((score.id, NET, break_, group.id, basis, *_support([plus, minus]), low, high, *base))
    return pd.DataFrame(rows, columns=[*KEYS, "basis", "support", "low", "high", "base_low", "base_high"])


def mark_bounds(estimates, codebook):
    """Outer bounds of a reconstruction's marks from the shares that meet each criterion, where these are estimated.

    They are where a criterion asks one question for an answer, a net or the absence of one, of everyone. With the
    bounds of how many each group has, base_low and base_high.
    """
    shares, sizes, rows = _shares(estimates), _sizes(estimates, codebook), []
    for break_ in mark_breaks(codebook):
        for group in codebook.groups(break_):
            for basis in (UNWEIGHTED, WEIGHTED):
                parts = {
                    s.id: [_criterion(c, codebook, shares, (break_, group.id, basis)) for c in s.criteria]
                    for s in codebook.steps
                }
                means = {step: _mean(of_step) for step, of_step in parts.items()}
                every = [part for of_step in parts.values() for part in of_step]
                for mark, (low, high), of in [
                    *((step, means[step], parts[step]) for step in parts),
                    (OVERALL, _mean(list(means.values())), every),
                ]:
                    size = sizes.get((break_, group.id), (0, np.inf))
                    rows.append((mark, "mark", break_, group.id, basis, *_support(of), low, high, *size))
    return pd.DataFrame(rows, columns=[*KEYS, "basis", "support", "low", "high", "base_low", "base_high"])


def _shares(estimates):
    """The bounds of every share by measure, category, break, group and basis; (0, 1) where nothing is known."""
    exact = estimates["support"].isin(SETTLED)
    low = estimates["low"].where(estimates["low"].notna(), estimates["estimate"].where(exact)).fillna(0)
    high = estimates["high"].where(estimates["high"].notna(), estimates["estimate"].where(exact)).fillna(1)
    unknown = estimates["support"].eq("assumed")
    keys = estimates[[*KEYS, "basis"]].itertuples(index=False, name=None)
    return dict(zip(keys, zip(low.mask(unknown, 0), high.mask(unknown, 1), unknown, strict=True), strict=True))


def _bases(estimates):
    """The bounds of the base of every measure in every group, by measure, break and group."""
    ends = estimates.reindex(columns=["base_low", "base_high"]).itertuples(index=False, name=None)
    return dict(zip(estimates[["measure", "break", "group"]].itertuples(index=False, name=None), ends, strict=True))


def _sizes(estimates, codebook):
    """The bounds of how many each group has, by break and group, from the measures that count everyone."""
    whole = _of_everyone(codebook)
    return {(b, g): ends for (measure, b, g), ends in _bases(estimates).items() if measure in whole}


def _sum(parts):
    """Bounds of a sum of shares of answers of which each organisation gives one."""
    return min(1, sum(p[0] for p in parts)), min(1, sum(p[1] for p in parts)), any(p[2] for p in parts)


def _mean(parts):
    return float(np.mean([p[0] for p in parts])), float(np.mean([p[1] for p in parts]))


def _support(parts):
    """How far bounds of these parts pin something down."""
    if any(p[2] for p in parts):
        return ("assumed",)
    return ("implied" if all(p[1] - p[0] < 1e-9 for p in parts) else "bounded",)


def _criterion(criterion, codebook, shares, place):
    """The bounds of the share of everyone that meets a criterion."""
    for way in shares_of_everyone(criterion, codebook):
        parts = [shares.get((*share, *place)) for share in way]
        if None not in parts:
            low, high, assumed = _sum(parts)
            [test] = criterion.where.values()
            return (1 - high, 1 - low, assumed) if test.none else (low, high, assumed)
    return 0.0, 1.0, True


def shares_of_everyone(criterion, codebook):
    """Those of `criterion_shares` whose measure counts everyone: of a question that is put to all."""
    whole = _of_everyone(codebook)
    ways = criterion_shares(criterion, codebook)
    if not ways or codebook.question(next(iter(criterion.where))).asked_if:
        return []
    return [way for way in ways if way[0][0] in whole]


def _of_everyone(codebook):
    """The measures whose base is everyone."""
    return {m.id for m in codebook.measures if not codebook.base(m.base).where}


def criterion_shares(criterion, codebook):
    """The ways to work out how many meet a criterion from a measure's shares: lists of (measure, category) to add up.

    There are some where it asks one question for an answer, a net or the absence of one, and a measure counts all who
    were asked.
    """
    if len(criterion.where) != 1:
        return []
    [(question, test)] = criterion.where.items()
    if sum(map(bool, (test.any, test.all, test.none))) != 1 or len(test.all) > 1:
        return []
    asked_for, found = test.any or test.all or test.none, codebook.question(question)
    ways = []
    for measure in (m for m in codebook.measures if m.question == question):
        if codebook.base(measure.base).where in ({}, found.asked_if):
            ways += [[(measure.id, c)] for c in found.categories if set(found.members(c)) == set(asked_for)]
            ways += [[(measure.id, answer) for answer in asked_for]] if not found.several else []
    return ways


# ---- over the waves


def compare_scores(before, after, *, breaks):
    """Which rows of two waves' net scores may be compared, as `harmonise.compare` says of the shares."""
    shares = compare(before, after, breaks=breaks)
    reasons = {tuple(r[k] for k in [*KEYS, "basis"]): r["why"] for r in shares.to_dict("records")}
    rows = []
    for score in after.net_scores:
        same = [s for s in before.net_scores if s.id == score.id]
        for break_ in (TOTAL, *after.measure(score.measure).breaks):
            for group in after.groups(break_):
                for basis in (UNWEIGHTED, WEIGHTED):
                    parts = [(score.measure, c, break_, group.id, basis) for c in (*score.plus, *score.minus)]
                    why = next((reasons[p] for p in parts if reasons[p]), "")
                    if not same or _made_of(same[0]) != _made_of(score):
                        why = f"the score is made up otherwise than in {before.wave}"
                    rows.append((score.id, NET, break_, group.id, basis, not why, why))
    return pd.DataFrame(rows, columns=[*KEYS, "basis", "comparable", "why"])


def _made_of(score):
    """What a net score is made of, in whichever order its answers are written."""
    return score.measure, frozenset(score.plus), frozenset(score.minus)


def compare_marks(before, after, *, breaks):
    """Which rows of two waves' marks may be compared: steps made up alike, of questions that no break touches."""
    rows, reasons = [], {}
    for step in after.steps:
        same = [s for s in before.steps if s.id == step.id]
        why = "" if same and _made_alike(*same, step) else f"the step is made up otherwise than in {before.wave}"
        for criterion in step.criteria:
            why = why or untouched(criterion.where, before, after, breaks=breaks)
        reasons[step.id] = why
    reasons[OVERALL] = next((why for why in reasons.values() if why), "")
    if {s.id for s in before.steps} != {s.id for s in after.steps}:
        reasons[OVERALL] = f"there are other steps than in {before.wave}"
    groups = {(b, g.id): g for b in mark_breaks(before) for g in before.groups(b)}
    for break_ in mark_breaks(after):
        for group in after.groups(break_):
            other = groups.get((break_, group.id))
            apart = "" if other else f"there is no such group in {before.wave}"
            if other and meaning(other.where) != meaning(group.where):
                apart = f"its group is made up otherwise than in {before.wave}"
            apart = apart or untouched(group.where, before, after, breaks=breaks)
            for basis in (UNWEIGHTED, WEIGHTED):
                sample = apart or sampled_otherwise(group.where, before, after, basis=basis, breaks=breaks)
                for mark, why in reasons.items():
                    said = why or sample
                    rows.append((mark, "mark", break_, group.id, basis, not said, said))
    return pd.DataFrame(rows, columns=[*KEYS, "basis", "comparable", "why"])


def _made_alike(one, other):
    """Whether two steps ask for the same, in whichever order and by whichever names: a mark is their mean."""
    asked = [[meaning(c.where) for c in step.criteria] for step in (one, other)]
    return len(asked[0]) == len(asked[1]) and all(asked[0].count(m) == asked[1].count(m) for m in asked[0])
