"""Where a change between two waves comes from: the two estimates it lies between, its error, its test, and its verdict.

A change is a row of one of the tracker's tables, and must be what the estimates of its two waves make it.
"""

from pathlib import Path

import pandas as pd

from pipeline.change import POWER
from pipeline.explain import KEYS, SAME, plain_number
from pipeline.explain_score import MARK
from pipeline.harmonise import SERIES_BREAK
from pipeline.maturity import NET
from pipeline.printing import MINUS, SETTLED, points_text, range_text, whole_text
from pipeline.problems import InputProblem
from pipeline.tables import read_table

CHANGES = "reports/tracker/changes.csv"
# Where the tracker publishes the changes of marks and of net scores.
SCORE_CHANGES = {MARK: "reports/tracker/maturity_changes.csv", NET: "reports/tracker/net_score_changes.csv"}
FORMULA = "later estimate less earlier one; its error is the root of both squared errors less twice their covariance"


def changes_of(project, key, wave, file=CHANGES):
    """The rows of the tracker's changes (in `file`) of a Key up to the estimates of this wave, as dicts.

    Raises InputProblem where there is none, with the waves that have one.
    """
    path = Path(project) / file
    if not path.is_file():
        raise InputProblem("the tracker has compared nothing yet", file=file, do="run dvc repro")
    table = read_table(path)
    ours = table[(table[KEYS] == str(key).split("/")).all(axis=1)]
    found = ours[ours["wave"].eq(wave)]
    if found.empty:
        waves = ", ".join(map(str, sorted(ours["wave"].unique()))) or "no wave: it was asked in one alone"
        raise InputProblem(f"the tracker has no change of it up to {wave}", found=str(key), allowed=waves)
    return found.to_dict("records")


def explain_change(row, before, after):
    """What a row of the changes is and rests on, as plain values by name.

    `before` and `after` are what `explain.explain_estimate` says of the two estimates, or `explain_score` of two marks
    or net scores. Raises InputProblem where these are not the ones that the change was made of.
    """
    for name, facts in (("before", before), ("after", after)):
        _check_same(row, name, facts)
    return {
        "since": int(row["since"]),
        "wave": int(row["wave"]),
        "against": row["against"],
        "printed": _printed(row),
        "change": plain_number(row["change"]),
        "interval": [plain_number(row[c]) for c in ("ci_low", "ci_high")],
        "range": [plain_number(row[c]) for c in ("low", "high")],
        "errors": {c: plain_number(row[c]) for c in ("se_before", "se_after", "covariance", "se", "df")},
        "panel": plain_number(row["n_both"]),
        "test": {c: plain_number(row[c]) for c in ("p", "p_adjusted", "detectable")},
        "word": row["word"] if isinstance(row["word"], str) else "",
        "comparable": bool(row["comparable"]),
        "why": row["why"] if isinstance(row["why"], str) else "",
        "quality": row["quality"],
        "formula": FORMULA,
        "estimates": [before, after],
    }


def _check_same(row, name, facts):
    """Raise InputProblem where the tracker's value of a wave is not that wave's estimate."""
    value = row[name]
    settled = row[f"support_{name}"] in SETTLED and pd.notna(value)
    estimate = facts["estimate"]
    if settled and estimate is not None and abs(value - estimate) > SAME:
        raise InputProblem(
            f"the tracker and the estimates of {row['since' if name == 'before' else 'wave']} are of different runs",
            found=float(value),
            allowed=f"{estimate}, as the estimates have it",
            do="run dvc repro",
        )


def _printed(row):
    """The change in points with its interval, or that there is none."""
    if pd.isna(row["change"]):
        return "no change is stated"
    text = f"{points_text(row['change'])} points"
    if pd.notna(row["ci_low"]):
        text += f", interval {points_text(row['ci_low'])} to {points_text(row['ci_high'])}"
    return text


def change_lines(facts, said):
    """A change on the terminal: lines of a heading and a text, set by `said` (heading, text)."""
    word = f": {facts['word']}" if facts["word"] else ""
    yield said("CHANGE", f"{facts['wave']} against {facts['since']} ({facts['against']}): {facts['printed']}{word}")
    if facts["range"][0] is not None:
        low, high = map(points_text, facts["range"])
        yield said("RANGE", f"anything from {low} to {high} points, by what the report leaves open")
    if facts["why"]:
        heading = "BREAK" if facts["why"].startswith(SERIES_BREAK) else "NO VERDICT"
        yield said(heading, facts["why"])
    errors = facts["errors"]
    if errors["se"] is not None:
        parts = (
            f"{errors['se_before']:.6g}^2 + {errors['se_after']:.6g}^2 {MINUS} 2 x {errors['covariance'] or 0.0:.6g}"
        )
        yield said(
            "ERROR", f"{facts['formula']}: root of {parts} = {errors['se']:.4g}; {errors['df']:.0f} degrees of freedom"
        )
        for estimate in facts["estimates"]:
            if text := _rounding_text(estimate):
                yield said("ROUNDING", text)
    yield said("PANEL", _panel_text(facts))
    test = facts["test"]
    if test["p"] is not None:
        text = f"p = {test['p']:.3g}"
        if test["p_adjusted"] is not None:
            text += f", {test['p_adjusted']:.3g} corrected for the number of tests"
        if test["detectable"] is not None:
            text += f"; {points_text(test['detectable'])} points are found in {POWER:.0%} of all samples"
        yield said("TEST", text)


def _rounding_text(estimate):
    """What a printed share that stands for several counts means for the interval and the test; "" of any other."""
    low, high = estimate.get("count_bounds", (None, None))
    if estimate["support"] != "published" or low is None or low == high:
        return ""
    return (
        f"{estimate['printed']} stands for {range_text(low, high, whole_text, words=True)} organisations: the interval "
        "reaches over the changes from all of these, and p is that of the one nearest to none"
    )


def _panel_text(facts):
    """How many are in the base in both waves, and whether all of these are organisations that answered."""
    if facts["panel"] is None:
        return "not stated"
    if not facts["panel"]:
        return "none: no organisation is in this base in both waves"
    text = f"{facts['panel']:.0f} organisations are in this base in both waves"
    answered = all(estimate["support"] == "measured" for estimate in facts["estimates"])
    return text if answered else f"{text}; not all of them answered: see what each wave is"
