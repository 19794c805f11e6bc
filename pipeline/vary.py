"""Which findings survive: the key findings weighed again under every reasonable choice.

A choice is one set of the weighting options. Ways to weigh (non-response, calibration, trimming) are crossed with each
other for the population that is set; whom to weigh to (population, totals) is crossed for the way that is set. The
reference is the basis that the report printed, unweighted. The rule, clause by clause (docs/methodology.md, section 7):
- a share *holds* under a choice where its weighted estimate lies within the reference's own interval, so that the
  choice moves it no further than another sample might have;
- a comparison *holds* where the difference's interval says the same of its direction as the reference's: one more, the
  other more, or neither clear;
- a finding *survives* where every clause that the report settles holds under every choice that can be met.

The records of a reconstruction are as near to independence as its claims allow, so weights can move them little: that a
finding survives on them is next to no evidence. `whatever_the_records` says what the weighted bounds say instead.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from pipeline.diagnostics import limits_text, step_table
from pipeline.estimate import KEYS, PAIR, Grid, estimate_basis, lay_out
from pipeline.findings import about
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.params import Weight
from pipeline.population import population_cells, shift_totals
from pipeline.printing import (
    EVIDENCE,
    SETTLED,
    WITHHELD,
    count_withheld,
    difference,
    in_steps,
    open_bases,
    outwards,
    size_words,
    with_evidence,
)
from pipeline.problems import InputProblem
from pipeline.weight import weigh

SET, REFERENCE = "set", "printed"
SET_LABEL = "As set in params.yaml"
OPTIONS = ("nonresponse", "calibration", "trim", "population", "totals")
HOLDS, MOVES, TURNS, FADES, APPEARS = "holds", "moves", "turns", "fades", "appears"
OPEN, TOO_FEW, NOT_SETTLED = "open", "too few", "not settled"
UNCLEAR = "neither clear"
BOUNDS = ["low", "high", "other_low", "other_high"]
BROKEN = (MOVES, TURNS, FADES, APPEARS)
SURVIVES, DOES_NOT, NOT_TESTED = "survives", "does not survive", "not tested"
CLAUSES = ["finding", "number", "clause", "heading", *KEYS, "versus", "versus_category"]
MEASURED = ["n_eff", "estimate", "ci_low", "ci_high", "other_estimate", "difference", "diff_low", "diff_high"]
SURVIVORS = ["finding", "number", "heading", "verdict", "clauses", "tested", "choices", "holding", "set"]
SURVIVORS += ["whatever_the_records", "broken"]


RESTS_ON = {
    "reconstruction": "All of this rests on **modelled** records. They are as near to independence as the printed "
    "claims allow: organisations of different sizes were given much the same answers wherever the report does not tell "
    "them apart. Weighting by sector and size can move little in such records, so that a finding survives on them is "
    "next to no evidence that it would have survived on the real ones. The bounds do not rest on the records.",
    "rehearsal": "All of this rests on **simulated** answers.",
    "fieldwork": "All of this rests on the organisations that answered.",
}


@dataclass(frozen=True)
class Choice:
    """One set of weighting options with its id and its label for readers."""

    id: str
    label: str
    options: Weight


def what_survival_rests_on(codebook):
    """How far survival is evidence, by where the wave's records come from; and what no weighting can do."""
    return f"{RESTS_ON[codebook.kind]} No choice here can undo that those who care more are readier to answer."


def choices_of(settings):
    """Every choice, the one that is set first. `settings` are the Params; their section `vary` lists the options."""
    base, varied = settings.weight, settings.vary
    ways = product(varied.nonresponse, varied.calibration, varied.trim)
    whom = product(varied.population, varied.totals)
    changed = [dict(zip(OPTIONS[:3], way, strict=True)) for way in ways]
    changed += [dict(zip(OPTIONS[3:], one, strict=True)) for one in whom]
    found = {base: Choice(SET, SET_LABEL, base)}
    for options in (base.model_copy(update=change) for change in changed):
        if options not in found:
            label = _label(base, options)
            found[options] = Choice(f"choice {len(found):02d}", label, options)
    return list(found.values())


def _label(base, options):
    """What differs from the options that are set, in words."""
    parts = []
    for name in OPTIONS:
        value = getattr(options, name)
        if value != getattr(base, name):
            shown = limits_text(value) if name == "trim" else value.replace("_", " ")
            parts.append(f"{name.replace('nonresponse', 'non-response')} {shown}")
    return ", ".join(parts)


def weigh_choices(choices, respondents, *, approached, folder, codebook):
    """The respondents weighted under each choice, and the table of the choices.

    Returns (rows by choice id, table): only the first of several choices that give the same weights is in the dict.
    Columns of the table: choice, label, the options, `met` (yes, or the sentence that says why the options cannot be
    met), `same_as` (the earlier choice with the same weights), the weights' sum, max_to_min, design_effect and
    effective_base, and `evidence`, how far the records that are weighted are.
    """
    cells = {c.options.population: None for c in choices}
    cells = {p: population_cells(p, folder=folder, codebook=codebook) for p in cells}
    weighted, seen, rows = {}, {}, []
    for choice in choices:
        moved = shift_totals(cells[choice.options.population], choice.options.totals)
        row = {"choice": choice.id, "label": choice.label} | _option_columns(choice.options)
        options = {"cells": moved, "codebook": codebook, "settings": choice.options}
        try:
            found = weigh(respondents, approached=approached, **options).rows
        except InputProblem as problem:
            rows.append(row | {"met": str(problem)})
            continue
        # Equal weights in equal strata are one choice, however they were come by; nine digits are beyond round-off.
        print_of = tuple(found["weight"].round(9)), tuple(found["stratum"]), tuple(found["stratum_total"])
        same = seen.setdefault(print_of, choice.id)
        if same == choice.id:
            weighted[choice.id] = found
        steps = step_table(found).set_index("step").loc["weight"]
        facts = {k: steps[k] for k in ("sum", "max_to_min", "design_effect", "effective_base")}
        rows.append(row | {"met": "yes", "same_as": "" if same == choice.id else same} | facts)
    return weighted, with_evidence(pd.DataFrame(rows), codebook)


def _option_columns(options):
    return {
        "nonresponse": options.nonresponse,
        "calibration": options.calibration,
        "trim_lower": options.trim.lower,
        "trim_upper": options.trim.upper,
        "population": options.population,
        "totals": options.totals,
    }


def clause_rows(codebook):
    """The clauses of all findings and the estimates that they need: (clauses, wanted).

    `clauses`: finding, number, clause, heading, KEYS, and `versus` and `versus_category` (the other estimate's group
    and category; empty for a share). `wanted`: the distinct KEYS of all estimates.
    """
    rows, wanted = [], []
    for finding in codebook.findings:
        for number, clause in enumerate(finding.clauses, start=1):
            one, *other = clause.keys
            wanted += clause.keys
            start = {"finding": finding.id, "number": finding.number, "clause": number, "heading": finding.heading}
            names = {"versus": other[0][3], "versus_category": other[0][1]} if other else {}
            rows.append(start | dict(zip(KEYS, one, strict=True)) | names)
    return pd.DataFrame(rows, columns=CLAUSES), pd.DataFrame(wanted, columns=KEYS).drop_duplicates()


def narrowed(grid, wanted):
    """A Grid (`pipeline.estimate`) of only the estimates that are wanted (a table of KEYS)."""
    rows = grid.rows.merge(wanted, on=KEYS, how="inner").reset_index(drop=True)
    domains, answers = (list(dict.fromkeys(rows[c])) for c in PAIR)
    return Grid(rows=rows, domains=grid.domains[domains], answers=grid.answers[answers])


def estimate_choices(weighted, respondents, *, codebook, wanted, confidence):
    """The estimates that the findings need under each choice: KEYS, choice, and those of `estimate.estimate_basis`.

    The choice REFERENCE is the unweighted basis; `respondents` are in the order of the rows that were weighted. Without
    findings there are none.
    """
    if wanted.empty:
        return pd.DataFrame(columns=[*KEYS, "choice", "n_eff", "estimate", "ci_low", "ci_high"])
    grid = narrowed(lay_out(respondents, codebook), wanted)
    tables = [estimate_basis(grid, respondents=respondents, basis=UNWEIGHTED, confidence=confidence)]
    tables[0] = tables[0].assign(choice=REFERENCE)
    for choice, rows in weighted.items():
        found = estimate_basis(grid, respondents=rows, basis=WEIGHTED, confidence=confidence)
        tables.append(found.assign(choice=choice))
    return pd.concat(tables, ignore_index=True)


def judge(clauses, estimates, *, supports, withhold_below):
    """A row for each clause under each choice, the reference first, with its `verdict`.

    `supports` are the unweighted estimates of the wave: what the report settles, and of what not even the count may be
    given, which has no numbers here either. Columns: those of `clauses`, choice, settled (whether the reported clause
    is), n_eff, estimate, ci_low, ci_high, words, and of a comparison other_estimate, difference and its interval
    (diff_low, diff_high), direction (more, less, neither clear); verdict: holds, moves, turns, fades, appears, too
    few, not settled.
    """
    by_key = _as_published(estimates, supports).set_index(["choice", *KEYS])
    known = supports.set_index(KEYS)
    # Where the report leaves the base open, how many answered is modelled, and so is any interval.
    support = known["support"].mask(open_bases(known), "bounded")
    support = support.mask(count_withheld(known), WITHHELD)
    rows = []
    for clause in clauses.to_dict("records"):
        first = None
        for choice in dict.fromkeys(estimates["choice"]):
            row = clause | {"choice": choice} | _measured(clause, choice, by_key, support)
            first = first or row
            rows.append(row | {"verdict": verdict(row, first, withhold_below)})
    return _with_every_column(pd.DataFrame(rows))


def _with_every_column(judged):
    """The table with each column that may be asked for, also where no finding compares or where there is none."""
    wanted = [*CLAUSES, "choice", "settled", "words", *MEASURED, "direction", "verdict"]
    judged = judged.reindex(columns=[*judged.columns, *(c for c in wanted if c not in judged)])
    return judged.astype(dict.fromkeys(MEASURED, float) | {"settled": bool}) if judged.empty else judged


def _as_published(estimates, supports):
    """The estimates, those of REFERENCE as they are published, so that none is of a count that the records alone give.

    A share that stands for several counts is the printed one, with an interval that reaches over all of them.
    """
    columns = ["estimate", "ci_low", "ci_high"]
    published = supports.set_index(KEYS)[columns]
    ours = published.reindex(pd.MultiIndex.from_frame(estimates[KEYS])).set_index(estimates.index)
    kept = estimates["choice"].eq(REFERENCE) & ours["ci_low"].notna()
    return estimates.assign(**{c: estimates[c].mask(kept, ours[c]) for c in columns})


def _measured(clause, choice, by_key, support):
    """What a choice gives for a clause."""
    key = tuple(clause[k] for k in KEYS)
    compared = (key[0], clause["versus_category"], key[2], clause["versus"]) if pd.notna(clause["versus"]) else key
    if WITHHELD in (support[key], support[compared]):
        return {"settled": False, "n_eff": np.nan, "words": None}
    one = by_key.loc[(choice, *key)]
    if any(pd.isna(by_key.loc[(choice, *k), "estimate"]) for k in (key, compared)):
        return {"settled": False, "n_eff": np.nan, "words": None}  # of nobody there is no share
    row = {"settled": support[key] in SETTLED, "n_eff": one["n_eff"], "words": size_words(one["estimate"])}
    row |= {k: one[k] for k in ("estimate", "ci_low", "ci_high")}
    if pd.isna(clause["versus"]):
        return row
    other = by_key.loc[(choice, *compared)]
    apart, low, high = difference(one, other, alike=clause["versus"] == clause["group"])
    row["settled"] &= support[compared] in SETTLED
    row["n_eff"] = min(one["n_eff"], other["n_eff"])
    direction = "more" if low > 0 else "less" if high < 0 else UNCLEAR
    compared = {"difference": apart, "diff_low": low, "diff_high": high, "direction": direction}
    return row | {"other_estimate": other["estimate"]} | compared


def coarse(table, *, codebook, settings):
    """The rows with shares as coarse as `settings` (the section `disclose`) say, of a wave that is not public already.

    The same share under many weights would give away how many in each size band gave the answer. Those of REFERENCE
    are published in full. Done to estimates before they are judged, so that a reader comes to the same verdicts, and to
    what `judge` makes of them.
    """
    if codebook.kind == "reconstruction":
        return table
    digits, other = settings.share_digits, table["choice"].ne(REFERENCE)
    shares = [c for c in ("estimate", "other_estimate", "difference") if c in table]
    rounded = {c: in_steps(table[c].astype(float), 10.0**-digits).round(digits) for c in shares}
    for low, high in (("ci_low", "ci_high"), ("diff_low", "diff_high")):
        if low in table:
            rounded |= zip((low, high), outwards(table[low], table[high], digits), strict=True)
    rounded["n_eff"] = table["n_eff"].round(0)
    return table.assign(**{c: table[c].mask(other, values) for c, values in rounded.items()})


def verdict(row, reference, withhold_below):
    """What becomes of a clause under a choice, by the rule at the top of this module."""
    if not row["settled"]:
        return NOT_SETTLED
    if row["n_eff"] < withhold_below or reference["n_eff"] < withhold_below:
        return TOO_FEW
    if "direction" not in row:
        return HOLDS if reference["ci_low"] <= row["estimate"] <= reference["ci_high"] else MOVES
    one, other = reference["direction"], row["direction"]
    if one == other:
        return HOLDS
    if UNCLEAR in (one, other):
        return FADES if other == UNCLEAR else APPEARS
    return TURNS


def add_bounds(judged, estimates):
    """Add `low`, `high`, `other_low`, `other_high` and `whatever_the_records` to the rows of the choice that is set.

    `estimates` are the wave's weighted ones (`pipeline.estimate`), whose bounds hold for all records that meet what a
    report prints. A share *holds* or *moves* where all its bounds say so; a comparison *moves* where they turn it round
    and never holds, since bounds have no interval. Else it is *open*. The column is empty for other choices, without
    bounds, and for a clause that is not settled on the printed basis.
    """
    reach = estimates.set_index(KEYS)[["low", "high"]].astype(float)
    first = judged[judged["choice"].eq(REFERENCE)].set_index(["finding", "clause"])
    rows = []
    for row in judged.to_dict("records"):
        known = dict.fromkeys(BOUNDS)
        if row["choice"] == SET:
            known["low"], known["high"] = reach.loc[tuple(row[k] for k in KEYS)]
            if pd.notna(row["versus"]):
                other = (row["measure"], row["versus_category"], row["break"], row["versus"])
                known["other_low"], known["other_high"] = reach.loc[other]
        said = _bounded(row, known, first.loc[(row["finding"], row["clause"])]) if row["choice"] == SET else ""
        rows.append(row | known | {"whatever_the_records": said})
    table = pd.DataFrame(rows, columns=[*judged.columns, *BOUNDS, "whatever_the_records"])
    return table.astype(dict.fromkeys(BOUNDS, float))


def _bounded(row, known, reference):
    """What all records that meet the claims give for a clause: holds, moves or open."""
    if row["verdict"] in (NOT_SETTLED, TOO_FEW) or pd.isna(known["low"]):
        return ""
    if pd.isna(row["versus"]):
        if known["low"] >= reference["ci_low"] and known["high"] <= reference["ci_high"]:
            return HOLDS
        return MOVES if known["low"] > reference["ci_high"] or known["high"] < reference["ci_low"] else OPEN
    # Bounds have no interval, and without one no direction is stated: they can turn one round and not confirm it.
    if reference["direction"] == "more":
        return MOVES if known["high"] < known["other_low"] else OPEN
    if reference["direction"] == "less":
        return MOVES if known["low"] > known["other_high"] else OPEN
    return OPEN


def without_filler(judged):
    """The rows as they are published: of a clause that is not settled on the printed basis no number."""
    columns = ["estimate", "ci_low", "ci_high", "words", "other_estimate", "difference", "diff_low", "diff_high"]
    return judged.assign(**{c: judged[c].mask(~judged["settled"].astype(bool)) for c in [*columns, "direction"]})


def survivors(judged, choices):
    """The findings, one row each: which survive. `choices` is the table of `weigh_choices`.

    Columns: finding, number, heading, verdict (survives, does not survive, not tested), clauses, tested (those settled
    and with enough respondents), choices (those that can be met, ones with equal weights among them), holding (under
    how many every tested clause holds), set (whether under the one that is set), whatever_the_records (what the bounds
    of the one that is set say of all tested clauses together; empty without bounds), broken (clause, verdict and
    choices of each clause that does not hold).
    """
    same = choices["same_as"].where(choices["same_as"].fillna("").ne(""), choices["choice"])
    stands_for = choices[choices["met"].eq("yes")].assign(of=same).groupby("of")["choice"].agg(list)
    labels = choices.set_index("choice")["label"]
    rows = []
    for finding, ours in judged[judged["choice"].ne(REFERENCE)].groupby("finding", sort=False):
        tested = ours[~ours["verdict"].isin([NOT_SETTLED, TOO_FEW])]
        broken = tested[tested["verdict"].isin(BROKEN)]
        total = sum(map(len, stands_for))
        failed = sum(len(stands_for[c]) for c in broken["choice"].unique())
        # A choice under which a clause rests on too few says nothing of it, so the finding is not known to hold there.
        settled = ours[ours["verdict"].ne(NOT_SETTLED)]
        silent = settled.loc[settled["verdict"].eq(TOO_FEW), "choice"].unique()
        untested = sum(len(stands_for[c]) for c in set(silent) - set(broken["choice"]))
        row = {"finding": finding, "number": ours["number"].iloc[0], "heading": ours["heading"].iloc[0]}
        row["verdict"] = NOT_TESTED if tested.empty else DOES_NOT if len(broken) else SURVIVES
        row |= {"clauses": ours["clause"].nunique(), "tested": tested["clause"].nunique()}
        row |= {"choices": total, "holding": total - failed - untested, "set": SET not in set(broken["choice"])}
        row["whatever_the_records"] = _together(ours)
        said = [
            f"clause {clause} {what} under: " + "; ".join(labels[c] for c in rows_["choice"])
            for (clause, what), rows_ in broken.groupby(["clause", "verdict"], sort=False)
        ]
        rows.append(row | {"broken": ". ".join(said)})
    return pd.DataFrame(rows, columns=SURVIVORS)


def _together(ours):
    """The worst of what the bounds say of a finding's clauses."""
    said = set(ours.get("whatever_the_records", pd.Series(dtype=object))) - {""}
    return next((worst for worst in (MOVES, OPEN, HOLDS) if worst in said), "")


def across(judged, choices, *, option, base):
    """How each clause moves over the values of one option alone: a row per clause, a column per value.

    `option` is a column of `choices`; `base` (the Weight section of the settings) says what the other options are.
    Cells are the share, or of a comparison the difference, as proportions; empty where a clause is not settled.
    """
    fixed = choices["met"].eq("yes")
    for name, value in _option_columns(base).items():
        column = choices[name]
        fixed &= (column == value) | (column.isna() if value is None else False) | (name == option)
    same = choices["same_as"].where(choices["same_as"].fillna("").ne(""), choices["choice"])
    value = judged["difference"].where(judged["versus"].notna(), judged["estimate"])
    values = judged.assign(value=value.where(judged["settled"])).set_index(["finding", "clause", "choice"])["value"]
    table = judged.drop_duplicates(["finding", "clause"], ignore_index=True)[["finding", "number", "clause", *KEYS]]
    for name, choice in zip(choices[option][fixed], same[fixed], strict=True):
        keys = zip(table["finding"], table["clause"], strict=True)
        table = table.assign(**{name: [values[(finding, clause, choice)] for finding, clause in keys]})
    return table


def plotted(judged, codebook):
    """The clauses as they are weighted as set, for `dvc plots`: label, value (a share, or a difference), evidence."""
    clauses = {(f.id, i): c for f in codebook.findings for i, c in enumerate(f.clauses, start=1)}
    ours = judged[judged["choice"].eq(SET) & judged["settled"]]
    keys = zip(ours["finding"], ours["clause"], ours["number"], strict=True)
    labels = [f"{number}.{clause} {about(clauses[(finding, clause)], codebook)}" for finding, clause, number in keys]
    value = ours["difference"].where(ours["versus"].notna(), ours["estimate"])
    return pd.DataFrame({"label": labels, "value": value.to_numpy(), "evidence": EVIDENCE[codebook.kind]})


def metrics(judged, choices, survivors, *, evidence):
    """The numbers that two runs are compared by, as a dict for JSON: weights, findings, and the weighted clauses.

    `evidence` says what the weighted numbers are (modelled, simulated, measured): it stands in the name of theirs, and
    among the weights and the findings.
    """
    chosen = choices.set_index("choice").loc[SET]
    weights = {k: round(float(chosen[k]), 9) for k in ("sum", "max_to_min", "design_effect", "effective_base")}
    verdicts = survivors["verdict"].value_counts()
    findings = {v.replace(" ", "_"): int(verdicts.get(v, 0)) for v in (SURVIVES, DOES_NOT, NOT_TESTED)}
    ours = judged[judged["choice"].eq(SET) & judged["settled"]]
    value = ours["difference"].where(ours["versus"].notna(), ours["estimate"])
    names = [f"{f}_clause_{c}" for f, c in zip(ours["finding"], ours["clause"], strict=True)]
    shares = {name: round(float(v), 9) for name, v in zip(names, value, strict=True)}
    said = {"evidence": evidence}
    return {"weights": said | weights, "findings": said | findings, f"weighted_{evidence}": shares}
