"""Where a published number comes from: what it says, of whom, from which records, how, and who made it.

The facts come from what is published (codebook, estimates, audit, executed notebooks, dvc.lock, git) and from the
weighted records where they are there. A share is worked out again from those records, and it stops where that is not
the one that is published. `pipeline.explain_command` puts the facts on the terminal.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.codebook import ORGANISATION, TOTAL
from pipeline.findings import about, apart, compared
from pipeline.names import WEIGHTED
from pipeline.printing import STATUS, as_printed, base_text, state, value_text, why_withheld
from pipeline.problems import InputProblem
from pipeline.provenance import (
    commit_of,
    is_recorded,
    notebook_of,
    recorded,
    stage_hash,
    stage_of,
    stages_before,
    writing_cell,
)
from pipeline.respondents import gave, select
from pipeline.whom import share_of
from pipeline.wording import condition_words

KEYS = ["measure", "category", "break", "group", "basis"]
# Of a wave of this kind everything is public already (`pipeline.disclose`).
PUBLIC = "reconstruction"
# Shares and weights are written with twelve digits.
SAME = 1e-9
SUPPORT = {
    "published": "the report prints it",
    "implied": "the report does not print it, and what it prints leaves one value",
    "bounded": "what the report prints leaves a range; the value in the records is modelled",
    "assumed": "the report settles no number of it: the value in the records is filler, and no evidence",
    "measured": "it is what the organisations answered",
    "simulated": "REHEARSAL: the answers are simulated, and this is not a survey",
}
FORMULA = {
    "unweighted": "organisations that gave the answer / organisations in the base (every one counts 1)",
    "weighted": "sum of the weights of those that gave the answer / sum of the weights of the base",
}
ERRORS = {
    "unweighted": "svy's, by linearisation, as a simple random sample; interval on the logit scale",
    "weighted": "svy's, by linearisation, by stratum and with its finite population; interval on the logit scale",
}


def explain_estimate(key, *, codebook, estimates, claims, respondents=None, share_digits=None):
    """What one row of the estimates is and rests on, as plain values by name.

    `key` is an addresses.Key; `estimates` the table of the wave; `claims` records of the claims file with `says` and
    `verdict` of the audit; `respondents` the weighted records, or None where they are not there; `share_digits` how
    many digits a weighted share of a wave that is not public keeps (`disclose` of the Params), None for all. Of a base
    that is withheld `n` is None and `n_printed` says so. Raises InputProblem where the estimates lack the row, and
    where the records do not give the number that it states.
    """
    row = _row(estimates, key)
    measure = codebook.measure(key.measure)
    question = codebook.question(measure.question)
    base, group = codebook.base(measure.base), codebook.group(key.break_, key.group)
    facts = {
        "address": str(key),
        "printed": value_text(row),
        "state": state(row),
        "estimate": plain_number(row["estimate"]),
        "interval": [plain_number(row["ci_low"]), plain_number(row["ci_high"])],
        "quality": row["quality"],
        "question": question.text,
        "answer": question.categories[key.category],
        "net_of": [question.categories[a] for a in question.members(key.category) if a != key.category],
        "base": base.label,
        "base_condition": condition_words(codebook, base.where),
        "group": None if key.break_ == TOTAL else f"{codebook.break_(key.break_).label}: {group.label}",
        "group_condition": condition_words(codebook, group.where),
        "n": plain_number(row["n"]),
        "n_printed": base_text(row),
        "count": plain_number(row["count"]),
        "count_known": state(row, "count"),
        "n_eff": plain_number(row["n_eff"]),
        "support": row["support"],
        "support_means": SUPPORT[row["support"]],
        "bounds": [plain_number(row[c]) for c in ("low", "high")],
        "count_bounds": [plain_number(row[c]) for c in ("count_low", "count_high")],
        "claims": claims_of(key, codebook, claims),
        "ask": ask_words(key, codebook),
        "formula": FORMULA[key.basis],
        "errors": ERRORS[key.basis],
    }
    return facts | (_from_records(key, row, codebook, respondents, share_digits) if respondents is not None else {})


def ask_words(key, codebook):
    """How `tracker ask` is asked for a row of the estimates; empty where its group takes more words than it has."""
    where = codebook.group(key.break_, key.group).where
    if any(test.all or test.none for test in where.values()):
        return ""
    conditions = [f"{question}={','.join(test.any)}" for question, test in where.items()]
    return " ".join(["tracker ask", f"{key.measure}/{key.category}", *conditions, f"--wave {codebook.wave}"])


def _row(estimates, key):
    parts = str(key).split("/")
    found = estimates[(estimates[KEYS] == parts).all(axis=1)]
    if len(found) != 1:
        what = "the estimates have no such row" if found.empty else "the estimates have the row more than once"
        raise InputProblem(what, found=str(key), do="run dvc repro")
    return found.iloc[0].to_dict()


def plain_number(value):
    """A number of a table as plain Python: None where the cell is empty, whole numbers whole."""
    if pd.isna(value):
        return None
    value = float(value)
    return int(value) if value == int(value) else value


def as_close(key, codebook, share_digits):
    """How far a published number may be from that of the records: where weighted ones of a wave that is not public
    are rounded, as far as `share_digits` round it."""
    coarse = key.basis == WEIGHTED and codebook.kind != PUBLIC and share_digits is not None
    return 0.5 * 10.0**-share_digits + SAME if coarse else SAME


def _from_records(key, row, codebook, respondents, share_digits):
    """The records that a share is of, their weights, and the share as these give it. Nothing of what is withheld."""
    if row["quality"] == "withheld" and pd.isna(row["estimate"]):
        return {"withheld": f"{why_withheld(codebook.kind)}, so neither share nor records are shown"}
    measure = codebook.measure(key.measure)
    base = select(respondents, codebook.base(measure.base).where)
    base &= select(respondents, codebook.group(key.break_, key.group).where)
    chosen = base & gave(respondents, codebook.question(measure.question), key.category)
    weights = respondents["weight"].astype(float) if key.basis == WEIGHTED else respondents["weight"].mul(0.0).add(1.0)
    of_chosen, of_base = float(weights[chosen].sum()), float(weights[base].sum())
    share = of_chosen / of_base if of_base else None
    said = plain_number(row["estimate"])
    near = as_close(key, codebook, share_digits)
    # A printed share that stands for several counts is published as printed, and the records have one of the counts.
    made = None if share is None else as_printed(pd.DataFrame([row | {"estimate": share}]))["estimate"].item()
    if (made is None) != (said is None) or (made is not None and abs(made - said) > near):
        raise InputProblem(
            f"the weighted records do not give the published share of {key}",
            found=share,
            allowed=f"{said}, as the estimates have it",
            do="run dvc repro, so that records and estimates are of one run",
        )
    return {
        "records": list(respondents.loc[chosen, ORGANISATION]),
        "other_records": list(respondents.loc[base & ~chosen, ORGANISATION]),
        "weight_of_answer": of_chosen,
        "weight_of_base": of_base,
        "weights": [float(weights[base].min()), float(weights[base].max())] if of_base else [],
        "share": share,
    }


def claims_of(key, codebook, claims):
    """The claims that print this very share, or speak of it: id, place, says, printed, verdict, for each.

    Claims are compared by whom they are of, so that one worded over another base of the same organisations counts.
    """
    measure = codebook.measure(key.measure)
    pseudo = {"measure": key.measure, "category": key.category, "break": key.break_, "group": key.group}
    wanted = share_of(codebook, pseudo | {"base": measure.base})
    found = [c for c in claims if c["measure"] and c["category"] and share_of(codebook, c) == wanted]
    return [{name: c[name] for name in ("id", "place", "says", "printed", "verdict")} for c in found]


def explain_finding(finding, number, pairs, clauses, **given):
    """A key finding: its heading, and for each clause its sentence with the estimates that it rests on.

    `number` is that of the only clause asked for, or None; `pairs` are the Keys of each clause; `clauses` the wave's
    key_findings_clauses.csv; `given` are the tables that `explain_estimate` takes.
    """
    ours = clauses[clauses["finding"].eq(finding.id)].set_index("clause")
    explained = []
    for at, (one, other) in zip([number] if number else range(1, len(pairs) + 1), pairs, strict=True):
        clause = finding.clauses[at - 1]
        part = {"clause": at, "about": about(clause, given["codebook"]), "sentence": ours.at[at, "sentence"]}
        part["estimates"] = [explain_estimate(key, **given) for key in (one, other) if key is not None]
        if other is not None:
            part["comparison"] = _comparison(one, other, clause, given["estimates"])
        explained.append(part)
    return {"finding": finding.id, "number": finding.number, "heading": finding.heading, "clauses": explained}


def _comparison(one, other, clause, estimates):
    """What two estimates make of each other: the words, and the difference with its interval where both are settled."""
    rows = [_row(estimates, key) for key in (one, other)]
    states = {state(row) for row in rows}
    if not states <= {"settled", "bounded"}:
        return {"words": "not stated"}
    found = {"words": compared(clause, *rows)}
    if states == {"settled"} and not any(np.isnan(row["ci_low"]) for row in rows):
        found["difference"], *found["interval"] = apart(clause, *rows)
    return found


def explain_origin(project, lock, path, name):
    """Who made a published file: stage, its hash, notebook and cell, the stages before it, and the commit.

    `path` is from the project's folder and `name` what the notebook's cell calls it: the file, or the folder it is in.
    """
    stage = stage_of(lock, path)
    if stage is None:
        raise InputProblem("no stage that dvc.lock records wrote this file", file=path, do="run dvc repro")
    notebook, executed = notebook_of(lock[stage])
    whole = recorded(lock, path) is None or is_recorded(project, lock, path)
    return {
        "file": path,
        "as_recorded": whole,
        "stage": stage,
        "stage_hash": stage_hash(lock[stage]),
        "notebook": notebook,
        "executed": executed,
        "cell": writing_cell(project, executed, name) if executed else None,
        "before": {before: stage_hash(lock[before]) for before in stages_before(lock, stage)[1:]},
        "commit": commit_of(project, path),
    }


def records_at(project, lock, wave):
    """Where a wave's weighted records are: {path, there, as_recorded, brings}, `brings` being what fetches them."""
    path = f"data/weighted/{wave}/respondents.csv"
    there = (Path(project) / path).exists()
    return {
        "path": path,
        "there": there,
        "as_recorded": there and is_recorded(project, lock, path),
        "brings": f"dvc checkout {path}, or where DVC's cache has none, dvc repro {stage_of(lock, path) or ''}".strip(),
    }


def status_of(codebook):
    """What the wave's records are, in a sentence."""
    return STATUS[codebook.kind] or "Collected in fieldwork."
