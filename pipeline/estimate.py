"""The estimates table: every share of every measure, for everyone and for each group, unweighted and weighted.

A share is of a base: the rows that the measure's base selects, and within a group those that the group selects too. Its
category is an answer or a net; an organisation in the base that gave no answer counts as not giving it. Standard
errors, intervals and design effects are svy's, by Taylor linearisation on the whole table with the base as a domain
(never on the base's rows alone), so overlapping groups and routed bases are right:
- `unweighted`: every respondent counts one, as the report prints; a simple random sample with replacement.
- `weighted`: the column `weight`, strata `stratum`, and the finite population `stratum_total`. Where the weights of a
  stratum add up to its total they are calibrated to it, and the error of what calibration fixes is none: with equal
  weights inside strata the strata see to that, with unequal ones svy's record of the calibration does.

The interval is symmetric on the logit scale, t-distributed with the domain's degrees of freedom (R: svyciprop, method
xlogit); a share of exactly 0 or 1 has Korn and Graubard's one-sided interval (Survey Methodology 24, 1998) as NCHS
applies it, and a base without degrees of freedom has none. Nor has a share of answers that do not vary inside any
stratum, nor a fact of the frame that the weights fix or that all or none have, as there is no sampling error. The
design effect is against simple random sampling with replacement, so the finite population's gain is in it; it is empty
at 0 and 1. The effective base is Kish's, sum(w)^2 / sum(w^2) over the base, the same for every category; the weighted
base is sum(w).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.codebook import ORGANISATION, TOTAL
from pipeline.names import BAND_SEPARATOR, KEYS, UNWEIGHTED, WEIGHTED
from pipeline.printing import as_printed, open_bases, state, with_bases_evidence
from pipeline.problems import InputProblem
from pipeline.respondents import gave, select
from pipeline.texts import ITEMS

PAIR = ["domain", "answer"]
INFERENCE = ["se", "ci_low", "ci_high", "deff"]
# Bounds of a reconstruction: of the share, of the number that gave the answer, and of the base.
BOUNDS = ["low", "high", "count_low", "count_high", "base_low", "base_high"]
COLUMNS = ["wave", *KEYS, "basis", "n", "count", "n_weighted", "n_eff", "estimate", *INFERENCE]
COLUMNS += ["bases_evidence", "support", *BOUNDS, "attained", "quality"]
SUPPORT = {"rehearsal": "simulated", "fieldwork": "measured"}
# A share this near to 0 or 1 is 0 or 1, and a standard error this small is none: that of a share that the weights fix,
# such as a sector's. Anything else would be the last bits of a sum, which differ between machines.
ROUND_OFF = 1e-8


@dataclass(frozen=True)
class Grid:
    """What is estimated: `rows` (a row of keys per estimate) and, by column name, who is in each base and category.

    `domain` and `answer` in `rows` name a column of `domains` and `answers`: 0/1, a row per respondent.
    """

    rows: pd.DataFrame
    domains: pd.DataFrame
    answers: pd.DataFrame


def estimate(respondents, *, codebook, settings, bounds=None):
    """All estimates of a wave from its weighted respondents.

    `settings` has `confidence`, `flag_below` and `withhold_below` (the section `analyse` of params.yaml). `bounds` are
    those of a reconstruction: measure, category, break, group, support, those of BOUNDS and, if they are not all of the
    unweighted shares, basis, attained and given; a share without bounds is `assumed`. Columns of the result are
    COLUMNS; rows stand in the codebook's order, unweighted before weighted. Raises InputProblem for missing weight
    columns and for bounds that do not fit the estimates.
    """
    _check_weighted(respondents)
    grid = lay_out(respondents, codebook)
    found = [
        estimate_basis(grid, respondents=respondents, basis=basis, confidence=settings.confidence)
        for basis in (UNWEIGHTED, WEIGHTED)
    ]
    table = pd.concat(found).sort_index(kind="stable").reset_index(drop=True)
    table = _without_certainty(table, codebook)
    table = add_support(table, codebook=codebook, bounds=_that_hold(bounds, respondents))
    table = widen(table, grid, respondents=respondents, confidence=settings.confidence)
    table = add_quality(table, flag_below=settings.flag_below, withhold_below=settings.withhold_below)
    table = withhold(table, printed=codebook.kind == "reconstruction")
    table = mark_modelled(table, flag_below=settings.flag_below)
    table = without_modelled_errors(table, respondents, codebook)
    # Which of the counts that a printed share stands for the records have is the model's: the share is what is printed.
    return with_bases_evidence(as_printed(table), codebook).assign(wave=codebook.wave)[COLUMNS]


def _without_certainty(table, codebook):
    """Empty intervals where there is no sampling error: of no width, and of facts of the frame that all have or none.

    Answers that do not vary in a sample may elsewhere; what the weights fix, or a group is made of, varies nowhere.
    """
    inside = table["estimate"].gt(0) & table["estimate"].lt(1)
    certain = table["se"].eq(0) & (inside | _of_the_frame(table, codebook))
    return table.assign(**{c: table[c].mask(certain) for c in ("ci_low", "ci_high")})


def _of_the_frame(table, codebook):
    """Which estimates are of what is known of an organisation before it is asked."""
    return table["measure"].isin(m.id for m in codebook.measures if codebook.question(m.question).asked_of == "frame")


def lay_out(respondents, codebook):
    """The Grid of a codebook: every measure by every category of its question, in total and by each break's groups."""
    rows, domains, answers = [], {}, {}
    for measure in codebook.measures:
        question = codebook.question(measure.question)
        base = select(respondents, codebook.base(measure.base).where)
        for break_ in (TOTAL, *measure.breaks):
            for group in codebook.groups(break_):
                domain = f"domain {measure.base} {break_} {group.id}"
                if domain not in domains:
                    domains[domain] = base & select(respondents, group.where)
                for category in question.categories:
                    answer = f"answer {question.id} {category}"
                    if answer not in answers:
                        answers[answer] = gave(respondents, question, category)
                    rows.append((measure.id, category, break_, group.id, domain, answer))
    return Grid(
        rows=pd.DataFrame(rows, columns=[*KEYS, "domain", "answer"]),
        domains=pd.DataFrame(domains).astype("int8"),
        answers=pd.DataFrame(answers).astype("int8"),
    )


def estimate_basis(grid, *, respondents, basis, confidence):
    """The estimates of a grid on one basis: its rows with bases, count, estimate, se, interval and design effect."""
    weights = np.ones(len(respondents)) if basis == UNWEIGHTED else respondents["weight"].to_numpy(float)
    answers = grid.answers.to_numpy(bool)
    inside = {domain: grid.domains[domain].to_numpy(bool) for domain in grid.domains}
    counts = {domain: answers[members].sum(axis=0) for domain, members in inside.items()}
    counts = pd.DataFrame(counts, index=grid.answers.columns).unstack()
    rows = grid.rows.assign(
        basis=basis,
        n=grid.rows["domain"].map({d: int(members.sum()) for d, members in inside.items()}),
        n_weighted=grid.rows["domain"].map({d: round(float(weights[m].sum()), 9) for d, m in inside.items()}),
        n_eff=grid.rows["domain"].map({d: kish_effective_base(weights[members]) for d, members in inside.items()}),
        count=counts.reindex(pd.MultiIndex.from_frame(grid.rows[PAIR])).to_numpy(),
    )
    shares = _shares(rows, sample=_sample(grid, respondents, basis), confidence=confidence)
    return rows.merge(shares, on=PAIR, how="left", validate="m:1")


def kish_effective_base(weights):
    """Kish's effective base, sum(w)^2 / sum(w^2): organisations of equal weight that would say as much (Kish 1965).

    Rounded to nine digits after the point, so that thirty equal weights are never a hair under thirty.
    """
    return round(float(weights.sum() ** 2 / (weights**2).sum()), 9) if len(weights) else 0.0


def _sample(grid, respondents, basis):
    """The grid's 0/1 columns under the basis' design. One sample for all: svy looks at each column once per sample.

    Answers are the fractions that svy computes with; it would make them so again in every call.
    """
    columns = {c: grid.domains[c].to_numpy() for c in grid.domains}
    return sample_of(columns | {c: grid.answers[c].to_numpy(float) for c in grid.answers}, respondents, basis)


def sample_of(columns, respondents, basis):
    """A svy sample of `columns` (a dict of arrays or lists, a value per respondent) under the basis' design."""
    import polars as pl
    import svy

    if basis == UNWEIGHTED:
        return svy.Sample(pl.DataFrame(columns))
    columns = columns | {c: respondents[c].to_numpy(float) for c in ("weight", "stratum_total")}
    columns["stratum"] = respondents["stratum"].astype(object).tolist()
    sample = svy.Sample(pl.DataFrame(columns), svy.Design(stratum="stratum", wgt="weight", pop_size="stratum_total"))
    totals = calibrated_strata(respondents)
    return sample.weighting.poststratify(totals, cells="stratum", wgt_name="calibrated") if totals else sample


def calibrated_strata(respondents):
    """The strata's totals, where the weights meet every one of them and differ inside one; an empty dict elsewhere."""
    by_stratum = respondents.groupby(respondents["stratum"].astype(object))
    weights, totals = by_stratum["weight"].agg(["sum", "min", "max"]), by_stratum["stratum_total"].first()
    met = ((weights["sum"] - totals).abs() <= ROUND_OFF * totals).all()
    equal = (weights["max"] - weights["min"] <= ROUND_OFF * weights["max"]).all()
    return totals.to_dict() if met and not equal else {}


def _shares(rows, *, sample, confidence):
    """svy's estimate for each pair of domain and answer, in two calls per domain: shares of 0 or 1, and all others."""
    pairs = rows[rows["n"] > 0].drop_duplicates(PAIR)
    pairs = pairs.assign(edge=(pairs["count"] == 0) | (pairs["count"] == pairs["n"]))
    found = []
    for (domain, edge), answers in pairs.groupby(["domain", "edge"], sort=False)["answer"]:
        # svy refuses a design effect where the reference has no variance.
        options = {"ci_method": "korn-graubard"} if edge else {"ci_method": "logit", "deff": "wr"}
        shares = _proportions(sample, list(answers), where=domain, alpha=1 - confidence, **options)
        found.append(shares.assign(domain=domain))
    # Where nobody is in any base there is nothing to estimate.
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*PAIR, "estimate", *INFERENCE])


def _proportions(sample, answers, *, where, alpha, ci_method, **options):
    """Shares of 1 in the columns `answers` among the rows where the column `where` is 1.

    Taken as means of 0 and 1, which are the same and which svy has in a seventh of the time of its proportions; the
    interval is the one that svy gives a proportion of this error, these degrees of freedom and this many rows.
    """
    import svy

    rows = []
    mean, where = sample.estimation.mean, svy.col(where) == 1
    # svy 0.35: a call with a list of answers passes over the record of a calibration.
    calibrated = sample.design.wgt_adjustment is not None
    found = [mean(a, where=where, **options) for a in answers] if calibrated else mean(answers, where=where, **options)
    for means in found:
        [share] = means.estimates
        low, high = sample.estimation._compute_prop_ci(
            share.est, share.se, alpha=alpha, df=share.df, n=share.n, method=ci_method
        )
        est = float(round(share.est)) if min(share.est, 1 - share.est) < ROUND_OFF else share.est
        se, deff = share.se, np.nan if share.deff is None else share.deff
        if se < ROUND_OFF:
            se, deff = 0.0, deff * 0.0
            low, high = (est, est) if 0 < est < 1 else (low, high)
        rows.append((share.y, est, se, low, high, abs(deff)))
    return pd.DataFrame(rows, columns=["answer", "estimate", *INFERENCE])


def effect_table(estimates):
    """What weighting and design cost each share of everyone: measure, category, n, n_eff, weight_effect, deff, quality.

    A base that a printed report leaves open is empty. `weight_effect` is n / n_eff, the factor by which the inequality
    of the weights alone raises a variance (Kish); `deff` svy's design effect of the share, with strata, calibration and
    the finite population in it.
    """
    there = estimates["n"].ne(0).fillna(True).astype(bool)
    rows = estimates[estimates["basis"].eq(WEIGHTED) & estimates["break"].eq(TOTAL) & there]
    rows = rows.assign(n=rows["n"].mask(open_bases(rows)))
    rows = rows.assign(weight_effect=(rows["n"] / rows["n_eff"]).where(rows["n_eff"].gt(0)))
    columns = ["measure", "category", "n", "n_eff", "weight_effect", "deff", "quality"]
    return rows[columns].reset_index(drop=True)


def add_support(table, *, codebook, bounds):
    """Add `support` and the columns BOUNDS: how far the estimate is evidence.

    `measured` for fieldwork and `simulated` for a rehearsal, without bounds. For a reconstruction as `bounds` say
    (of the unweighted shares, if they have no column `basis`), and `assumed` where they say nothing.
    Raises InputProblem for bounds of an unknown estimate, given twice, or that the estimate lies outside of.
    """
    if codebook.kind != "reconstruction":
        return table.assign(support=SUPPORT[codebook.kind], attained=None, **dict.fromkeys(BOUNDS, np.nan))
    if bounds is None:
        return table.assign(support="assumed", attained=None, **dict.fromkeys(BOUNDS, np.nan))
    keys = [*KEYS, "basis"]
    known = bounds if "basis" in bounds else bounds.assign(basis=UNWEIGHTED)
    _check_bounds(known, table, keys)
    known = known.reindex(columns=[*keys, "support", "attained", *BOUNDS])
    joined = table.merge(known, on=keys, how="left", validate="1:1")
    outside = (joined["estimate"] < joined["low"] - 1e-9) | (joined["estimate"] > joined["high"] + 1e-9)
    if outside.any():
        row = joined[outside].iloc[0]
        raise InputProblem(
            f"the {row['basis']} estimate of {_named(row)} lies outside its bounds",
            found=float(row["estimate"]),
            allowed=f"{row['low']} to {row['high']}",
            do="run reconstruct again, so that records and bounds belong together",
        )
    return joined.fillna({"support": "assumed"})


def _that_hold(bounds, respondents):
    """The bounds without those of weighted shares where the weights are not what these take as given.

    They take each weight to be its cell's total over the respondents in it, for the cells that the column `given`
    lists: trimmed or unequal weights within a cell, joined cells and weights to the sectors alone are others.
    """
    if bounds is None or "given" not in bounds:
        return bounds
    strata = respondents["stratum"].astype(object)
    equal = respondents["stratum_total"] / strata.map(strata.value_counts())
    as_given = np.allclose(respondents["weight"].to_numpy(float), equal.to_numpy(float), rtol=ROUND_OFF, atol=0)
    cells = bounds["given"].fillna("").map(lambda given: set(given.split(ITEMS)) == set(strata))
    return bounds[bounds["basis"].ne(WEIGHTED) | (cells & as_given)]


def _check_bounds(bounds, table, keys):
    repeated = bounds[bounds.duplicated(keys)]
    if len(repeated):
        raise InputProblem("bounds are given twice", row=repeated.index[0] + 2, found=_named(repeated.iloc[0]))
    unknown = bounds[~pd.MultiIndex.from_frame(bounds[keys]).isin(pd.MultiIndex.from_frame(table[keys]))]
    if len(unknown):
        raise InputProblem(
            "bounds are given for an estimate that the codebook does not ask for",
            row=unknown.index[0] + 2,
            found=_named(unknown.iloc[0]),
            do="run reconstruct again with this codebook",
        )


def _named(row):
    return " / ".join(row[key] for key in KEYS)


def widen(table, grid, *, respondents, confidence):
    """Let an unweighted interval reach as far as those of all counts that its share may stand for, and so its error.

    A printed 82% of 200 is 163 or 164 organisations: which of them the records have is modelled, and neither an end of
    an interval nor an error may rest on it. An interval moves with its count, so those of the smallest and the largest
    are enough; the error is largest where half gave the answer, or at the count that is nearest to that.
    """
    several = table["basis"].eq(UNWEIGHTED) & table["support"].eq("published") & table["se"].notna()
    several &= table["count_low"] < table["count_high"]
    if not several.any():
        return table
    counts = table.loc[several, ["count_low", "count_high"]]
    counts["count_most_varied"] = (table["n"] // 2).clip(counts["count_low"], counts["count_high"])
    ends = pd.concat(table[several].assign(count=counts[end].astype(int), of=counts.index, end=end) for end in counts)
    ends = ends.assign(answer=[f"answer {end} {of}" for end, of in zip(ends["end"], ends["of"], strict=True)])
    inside = {domain: grid.domains[domain].to_numpy() for domain in ends["domain"].unique()}
    given = {
        row.answer: ((inside[row.domain] == 1) & (inside[row.domain].cumsum() <= row.count)).astype(float)
        for row in ends[["answer", "domain", "count"]].itertuples()
    }
    shares = _shares(ends, sample=sample_of(inside | given, respondents, UNWEIGHTED), confidence=confidence)
    by_row = ends[[*PAIR, "of"]].merge(shares, on=PAIR, validate="1:1").groupby("of")
    outer = {"se": by_row["se"].max(), "ci_low": by_row["ci_low"].min(), "ci_high": by_row["ci_high"].max()}
    return table.assign(**{c: table[c].where(~several, ends_.reindex(table.index)) for c, ends_ in outer.items()})


def add_quality(table, *, flag_below, withhold_below):
    """Add `quality` by the effective base: `withheld` below the one limit, `flagged` below the other, else `ok`."""
    quality = np.select(
        [table["n_eff"] < withhold_below, table["n_eff"] < flag_below], ["withheld", "flagged"], default="ok"
    )
    return table.assign(quality=quality)


def withhold(table, *, printed):
    """Empty what rests on too few: standard error, interval and design effect, and the share and its count too.

    Where the unweighted shares are `printed` already (a reconstruction of a published report) these and their counts
    stay, so that its figures can be drawn and audited; `quality` still says `withheld`.
    """
    withheld = table["quality"] == "withheld"
    kept = withheld & printed & (table["basis"] == UNWEIGHTED)
    silent = withheld & ~kept
    blank = {c: table[c].mask(withheld) for c in INFERENCE} | {"estimate": table["estimate"].mask(silent)}
    blank["count"] = table["count"].astype("Int64").mask(silent)
    return table.assign(**blank)


def mark_modelled(table, *, flag_below):
    """Say what rests on the model and not on the report: quality `modelled`, and no inference from what is modelled.

    An estimate that has a number and that bounds do not leave one value, `assumed` or `bounded`, is one that the
    model picked, so its quality is `modelled` and never `ok`, and it has no standard error and no interval: these would
    be around that pick. Its design effect stays, for what the weights cost. Where the bounds leave the base of an
    estimate open, how many answered is modelled too: its weighted and effective base, standard error, interval and
    design effect are emptied, and it is flagged if the smallest possible base is below the limit. Every other quality
    promises that no share, base or count of the row is a pick, so what the report leaves open of these is emptied.
    """
    open_base = open_bases(table)
    there = open_base & table["estimate"].notna()
    quality = table["quality"].mask(there, "ok").mask(there & (table["base_low"] < flag_below), "flagged")
    picked = table["support"].isin(["assumed", "bounded"])
    blank = {c: table[c].mask(open_base) for c in ("n_weighted", "n_eff", "deff")}
    blank |= {c: table[c].mask(open_base | picked) for c in ("se", "ci_low", "ci_high")}
    quality = quality.mask(picked & quality.ne("withheld"), "modelled")
    promised, open_count = quality.ne("modelled"), open_base | (table["count_low"] < table["count_high"])
    blank["estimate"] = table["estimate"].mask(promised & picked)
    blank["count"] = table["count"].mask(promised & (picked | open_count))
    blank["n"] = table["n"].astype("Int64").mask(promised & open_base)
    return table.assign(quality=quality, **blank)


def without_modelled_errors(table, respondents, codebook):
    """Empty the errors and intervals of weighted shares where how many answered in some stratum is modelled.

    They rest on these numbers, also where the share is settled. So do the weighted and the effective base, which stay:
    of a reconstruction they are modelled in every row, and say so where they are shown.
    """
    if codebook.kind != "reconstruction":
        return table
    strata = [m.id for m in codebook.measures if m.question in (codebook.sector, codebook.size_band)]
    sizes = table[table["measure"].isin(strata) & table["basis"].eq(UNWEIGHTED) & table["break"].eq(TOTAL)]
    settled = {row["category"] for row in sizes.to_dict("records") if state(row, "count") == "settled"}
    if {part for stratum in respondents["stratum"].unique() for part in stratum.split(BAND_SEPARATOR)} <= settled:
        return table
    weighted = table["basis"].eq(WEIGHTED) & table["quality"].ne("modelled")
    # No error of an answer that all gave, or none, says that it has none only beside its interval.
    rests = {
        "se": table["se"].gt(0) | ~_of_the_frame(table, codebook),
        "deff": table["deff"].gt(0),
        "ci_low": True,
        "ci_high": True,
    }
    return table.assign(**{column: table[column].mask(weighted & rows) for column, rows in rests.items()})


def _check_weighted(respondents):
    """Raise InputProblem where the design that the weighted basis needs is missing or has no variance."""
    for column in ("weight", "stratum", "stratum_total"):
        if column not in respondents:
            raise InputProblem("the respondents are not weighted", column=column, do="run weight first")
    if len(respondents) == 0:
        raise InputProblem("there are no respondents to estimate from")
    unfit = respondents[~(respondents["weight"] > 0)]
    if len(unfit):
        raise InputProblem(
            f"organisation {unfit[ORGANISATION].iloc[0]} has a weight that is not above 0",
            column="weight",
            found=float(unfit["weight"].iloc[0]),
        )
    strata = respondents.groupby("stratum")["stratum_total"].agg(["size", "min", "max"])
    for stratum, row in strata.iterrows():
        if not 2 <= row["size"] <= row["min"] == row["max"]:
            raise InputProblem(
                f"stratum {stratum} has {row['size']:.0f} respondents and holds {row['min']:g} to {row['max']:g}",
                allowed="at least two respondents, and one total that is no smaller",
                do="run weight again",
            )
