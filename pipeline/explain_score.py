"""Where a mark or a net score comes from: the shares that it is made of, the records' mean, and how far it is known.

A mark is the mean of the shares that meet each criterion of its step, the overall mark the mean of the steps' marks;
a net score is the share of one side of the answers less that of the other (`pipeline.maturity`). The parts that are
published shares are explained as such. A mean is worked out again from the weighted records where they are there, and
it stops where that is not the one that is published.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.addresses import Key, name_known
from pipeline.codebook import TOTAL
from pipeline.explain import KEYS, SAME, SUPPORT, as_close, explain_estimate, plain_number
from pipeline.maturity import NET, OVERALL, mark_breaks, mark_grid, score_grid, shares_of_everyone
from pipeline.names import BASES, UNWEIGHTED, WEIGHTED
from pipeline.printing import WITHHELD, points_text, state, value_text, whole_text, why_withheld
from pipeline.problems import InputProblem
from pipeline.tables import read_table
from pipeline.wording import condition_words

MARK = "mark"
HEADINGS = {MARK: "MARK", NET: "NET SCORE"}
# Where the tracker publishes each, and the Grid that its mean is of.
FILES = {MARK: "reports/tracker/maturity.csv", NET: "reports/tracker/net_scores.csv"}
GRIDS = {MARK: mark_grid, NET: score_grid}
FORMULA = {
    MARK: "mean over the group of the share of the step's criteria that an organisation meets, each counting alike; "
    "so the mean of the shares that meet each criterion",
    OVERALL: "mean over the group of an organisation's marks for the steps; so the mean of the marks below",
    NET: "share of the first answers less share of the second; the mean of +1, -1 and 0",
}
ERRORS = {
    UNWEIGHTED: "svy's, by linearisation, as a simple random sample; interval by Student's t, cut at the scale's ends",
    WEIGHTED: "svy's, by linearisation, by stratum and with its finite population; interval by Student's t, cut at the "
    "scale's ends",
}
NO_ERROR = "none: how answers go together in an organisation is not known, so neither is the spread, or there is none"


def score_key(words, codebook, basis):
    """The Key of a mark or net score: `mark define`, `net processes sector la weighted`; an id, a group, a basis.

    Raises InputProblem with what there is where one of these is unknown.
    """
    kind, *parts = words
    labels = _labels(kind, codebook)
    if not labels:
        what = "steps" if kind == MARK else "net scores"
        raise InputProblem(f"the codebook of {codebook.wave} has no {what}", found=" ".join(words))
    if parts and parts[-1] in BASES and not len(parts) % 2:
        basis, parts = parts[-1], parts[:-1]
    name_known(parts[:1], list(labels), f"there is no such {kind}" if parts else f"name a {kind}")
    breaks = mark_breaks(codebook)
    if kind == NET:
        score = codebook.net_score(parts[0])
        breaks = [TOTAL, *codebook.measure(score.measure).breaks]
    if len(parts) > 1:
        name_known(parts[1:2], breaks, f"{kind} {parts[0]} is not split by this")
        name_known(parts[2:3], [g.id for g in codebook.groups(parts[1])], f"name a group of break {parts[1]}")
    if len(parts) > 3:
        raise InputProblem("there is no such basis", found=" ".join(parts[3:]), allowed=BASES)
    return Key(parts[0], kind, *(parts[1:] or (TOTAL, TOTAL)), basis)


def _labels(kind, codebook):
    """What the codebook calls each of these."""
    if kind == NET:
        return {s.id: s.label for s in codebook.net_scores}
    steps = {s.id: s.label for s in codebook.steps}
    return steps | ({OVERALL: "All steps"} if steps else {})


def explain_score(key, project, *, codebook, estimates, claims, respondents=None, share_digits=None):
    """What a mark or net score is and is made of, as plain values by name; `key` as `score_key` gives it.

    The other arguments are those of `explain.explain_estimate`. Raises InputProblem where the tracker has no such row,
    and where the records do not give the mean that it states.
    """
    table = _of_wave(project, key.category, codebook.wave)
    row = _row(table, key)
    given = {"codebook": codebook, "estimates": estimates, "claims": claims}
    given |= {"respondents": respondents, "share_digits": share_digits}
    parts = _parts(key, table, given)
    facts = {
        "address": "/".join((key.category, key.measure, key.break_, key.group, key.basis)),
        "kind": key.category,
        "label": _labels(key.category, codebook)[key.measure],
        "group": "" if key.break_ == TOTAL else codebook.group(key.break_, key.group).label,
        "printed": _printed(row, key),
        "estimate": plain_number(row["estimate"]),
        "interval": [plain_number(row[c]) for c in ("ci_low", "ci_high")],
        "range": [plain_number(row[c]) for c in ("low", "high")],
        "n_printed": _base(row, parts),
        "quality": row["quality"],
        "support": row["support"],
        "support_means": SUPPORT[row["support"]],
        "formula": FORMULA[OVERALL if key.measure == OVERALL else key.category],
        "errors": ERRORS[key.basis] if pd.notna(row["ci_low"]) else NO_ERROR if state(row) == "settled" else "",
        "parts": parts,
    }
    if respondents is None:
        return facts
    if row["quality"] == WITHHELD:
        return facts | {"withheld": f"{why_withheld(codebook.kind)}, so the mean of the records is not shown"}
    return facts | {"in_records": _checked(key, row, codebook, respondents, share_digits)}


def _of_wave(project, kind, wave):
    path = Path(project) / FILES[kind]
    if not path.is_file():
        raise InputProblem("the tracker has made nothing yet", file=FILES[kind], do="run dvc repro")
    table = read_table(path)
    return table[table["wave"].eq(wave)]


def _row(table, key):
    found = table[(table[KEYS] == str(key).split("/")).all(axis=1)]
    if len(found) != 1:
        raise InputProblem("the tracker has no such row", file=FILES[key.category], found=str(key), do="run dvc repro")
    return found.iloc[0].to_dict()


def _base(row, parts):
    """The unweighted base in print: of a net score that of its shares, which a report may leave open."""
    if shares := [share for part in parts if row["category"] == NET for share in part["shares"]]:
        return shares[0]["n_printed"]
    return WITHHELD if pd.isna(row["n"]) else whole_text(row["n"])


def _printed(row, key):
    """The mark as per cents of the criteria, the score in points; or its range, or why there is none."""
    known = state(row)
    if known not in ("settled", "bounded"):
        return value_text(row)
    if key.category == MARK:
        return f"{value_text(row)} of the criteria"
    numbers = [row["estimate"]] if known == "settled" else [row["low"], row["high"]]
    return f"{' to '.join(map(points_text, numbers))} points"


def _parts(key, table, given):
    """What it is made of: for each part a heading, its label, and the published numbers of it."""
    codebook, place = given["codebook"], (key.break_, key.group, key.basis)
    if key.category == NET:
        score = codebook.net_score(key.measure)
        sides = (("PLUS", score.plus), ("LESS", score.minus))
        keys = [(heading, Key(score.measure, c, *place)) for heading, side in sides for c in side]
        return [{"heading": heading, "lacks": False, **_share(k, given)} for heading, k in keys]
    if key.measure == OVERALL:
        rows = [(s, _row(table, Key(s.id, MARK, *place))) for s in codebook.steps]
        return [{"heading": "STEP", "label": s.label, "mark": _printed(row, key)} for s, row in rows]
    step = codebook.step(key.measure)
    return [_criterion(c, place, given) for c in step.criteria]


def _share(key, given):
    facts = explain_estimate(key, **given)
    return {"label": facts["answer"], "shares": [facts]}


def _criterion(criterion, place, given):
    """A criterion with the published shares that add up to how many meet it, or `lacks`, to how many do not."""
    codebook = given["codebook"]
    ways = [
        way
        for way in shares_of_everyone(criterion, codebook)
        if place[0] in (TOTAL, *codebook.measure(way[0][0]).breaks)
    ]
    shares = [explain_estimate(Key(*share, *place), **given) for share in ways[0]] if ways else []
    absent = any(test.none for test in criterion.where.values())
    return {
        "heading": "CRITERION",
        "label": criterion.label,
        "condition": condition_words(codebook, criterion.where),
        "shares": shares,
        "lacks": absent,
    }


def _checked(key, row, codebook, respondents, share_digits):
    """The mean in the records; InputProblem where it is not the one that is published."""
    grid = GRIDS[key.category](respondents, codebook)
    place = grid.rows[(grid.rows[KEYS[:-1]] == [key.measure, key.category, key.break_, key.group]).all(axis=1)].iloc[0]
    inside = grid.domains[place["domain"]].to_numpy(bool)
    if not inside.any():
        return None
    weights = respondents["weight"].to_numpy(float) if key.basis == WEIGHTED else np.ones(len(inside))
    mean = float(np.average(grid.answers[place["answer"]].to_numpy(float)[inside], weights=weights[inside]))
    said = plain_number(row["estimate"])
    if said is not None and abs(mean - said) > as_close(key, codebook, share_digits):
        raise InputProblem(
            f"the weighted records do not give the published {key}",
            found=mean,
            allowed=f"{said}, as {FILES[key.category]} has it",
            do="run dvc repro, so that records and tracker are of one run",
        )
    return mean


def score_lines(facts, data, said):
    """A mark or net score on the terminal: lines of a heading and a text, set by `said` (heading, text).

    `data` is where the records are (`explain.records_at`), or None: then they are not spoken of.
    """
    whose = f", {facts['group']}" if facts["group"] else ""
    text = f"{facts['label']}{whose}: {facts['printed']}"
    text += "" if facts["estimate"] is None else f" = {facts['estimate']:.12g}"
    if facts["interval"][0] is not None:
        text += ", interval {:.4g} to {:.4g}".format(*facts["interval"])
    yield said(HEADINGS[facts["kind"]], f"{text}, quality {facts['quality']} ({facts['address']})")
    yield said("BASE", f"n = {facts['n_printed']}")
    yield said("FORMULA", facts["formula"])
    for part in facts["parts"]:
        yield said(part["heading"], _part_text(part))
    if facts["errors"]:
        yield said("ERROR", facts["errors"])
    low, high = facts["range"]
    allowed = "" if low is None else f". The parts allow {low:.6g}" + (f" to {high:.6g}" if high != low else "")
    yield said("SUPPORT", f"{facts['support']}: {facts['support_means']}{allowed}")
    if data is not None:
        yield said("RECORDS", _records_text(facts, data))


def _part_text(part):
    """A part of a mark or net score, and the published numbers that say how large it is."""
    label = part["label"] + (f" ({part['condition']})" if "condition" in part else "")
    if "mark" in part:
        return f"{label}: {part['mark']}"
    if not part["shares"]:
        return f"{label}: no published share is of it"
    shares = " and ".join(f"{s['printed']} ({s['address']}, {s['support']})" for s in part["shares"])
    return f"{label}: {'all but ' if part['lacks'] else ''}{shares}"


def _records_text(facts, data):
    """What the weighted records give, and what of it is evidence."""
    if "withheld" in facts:
        return facts["withheld"]
    if "in_records" not in facts:
        return f"{data['path']} is not here: {data['brings']}"
    if facts["in_records"] is None:
        return "nobody is in the base"
    if facts["estimate"] is None:
        means = "modelled, which is no evidence"
    else:
        means = "as published" + ("" if abs(facts["in_records"] - facts["estimate"]) <= SAME else ", rounded")
    return f"the mean is {facts['in_records']:.12g}, {means}"
