"""Whether a mark hangs on one weight: each group's overall mark under other weights of the steps and criteria.

A mark (`pipeline.maturity`) counts every step alike. Whether that matters is asked of every set of weights that the
steps can have, by its corners, and of a few more choices: which group stands higher, and which way a group moved.
"""

from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd

from pipeline.change import BASELINE, pairs_of
from pipeline.maturity import OVERALL, compare_marks, criteria_met, mark_breaks
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.printing import EVIDENCE
from pipeline.respondents import select
from pipeline.texts import ITEMS

# Differences are compared to so many digits: the same mark under two sets of weights may differ in its last bits.
DIGITS = 12
EQUAL, ONLY, WITHOUT, EVERY = "every step alike", "only: ", "without: ", "every criterion alike"


def choices(codebook):
    """Ways to weigh the criteria into one mark: {name: {`step.criterion`: weight}}, the first with every step alike.

    The others: one step alone (between these corners lies every set of weights for the steps), one step left out, one
    criterion left out of its step, and every criterion alike.
    """
    made, named = _choices(codebook), _choice_names(codebook)
    return {named[choice]: weights for choice, weights in made.items()}


def _choices(codebook):
    """The choices by what they are, (how, id of the step or criterion), which stays where labels are reworded."""
    steps = {s.id: [f"{s.id}.{c.id}" for c in s.criteria] for s in codebook.steps}
    made = {(EQUAL, ""): _weights(steps)}
    made |= {(ONLY, s): _weights({s: steps[s]}) for s in steps}
    if len(steps) > 1:
        made |= {(WITHOUT, s): _weights({k: v for k, v in steps.items() if k != s}) for s in steps}
    for step, criteria in steps.items():
        for criterion in criteria if len(criteria) > 1 else []:
            made[WITHOUT, criterion] = _weights(steps | {step: [c for c in criteria if c != criterion]})
    every = [c for criteria in steps.values() for c in criteria]
    return made | {(EVERY, ""): dict.fromkeys(every, 1 / len(every))}


def _choice_names(codebook):
    """What each choice is called: by the label of its step or criterion, with the id where several have one label."""
    labels = {s.id: s.label for s in codebook.steps}
    labels |= {f"{s.id}.{c.id}": c.label for s in codebook.steps for c in s.criteria}
    named = _told_apart(labels) | {"": ""}
    return {(how, of): f"{how}{named[of]}" for how, of in _choices(codebook)}


def _told_apart(labels):
    """Labels by id, with the id after each that several have; one may be written as another is told apart."""
    times = Counter(labels.values())
    named = {i: label if times[label] == 1 else f"{label} ({i})" for i, label in labels.items()}
    return named if named == labels else _told_apart(named)


def _weights(steps):
    return {c: 1 / len(steps) / len(criteria) for criteria in steps.values() for c in criteria}


def robustness(waves):
    """The overall mark of each group under every choice of weights: wave, break, group, basis, choice, mark, evidence.

    A mark under weights for the steps is their weighted mean, so over all such weights it lies between the smallest and
    the largest of the choices `only: STEP`.
    """
    rows = []
    for wave in (w for w in waves if w.codebook.steps):
        met = criteria_met(wave.respondents, wave.codebook)
        for break_ in mark_breaks(wave.codebook):
            for group in wave.codebook.groups(break_):
                inside = select(wave.respondents, group.where).to_numpy(bool)
                for basis in (UNWEIGHTED, WEIGHTED):
                    weight = wave.respondents["weight"].to_numpy(float) if basis == WEIGHTED else np.ones(len(inside))
                    if not inside.any():
                        continue
                    shares = np.average(met[inside], weights=weight[inside], axis=0)
                    shares = dict(zip(met.columns, shares, strict=True))
                    for choice, weights in choices(wave.codebook).items():
                        mark = sum(w * shares[c] for c, w in weights.items())
                        rows.append((wave.wave, break_, group.id, basis, choice, mark, EVIDENCE[wave.kind]))
    return pd.DataFrame(rows, columns=["wave", "break", "group", "basis", "choice", "mark", "evidence"])


def spans(table):
    """The range of each group's mark over all weights of the steps, and with each left out: one row per group."""
    keys = ["wave", "break", "group", "basis"]
    only = table[table["choice"].str.startswith(ONLY)]
    left_out = table[table["choice"].str.startswith(WITHOUT)]
    equal = table[table["choice"].eq(EQUAL)].set_index(keys)["mark"].rename("equal")
    parts = [equal, table.drop_duplicates(keys).set_index(keys)["evidence"]]
    for rows, name in ((only, "any_weights"), (left_out, "one_left_out")):
        found = rows.groupby(keys, sort=False)["mark"].agg(["min", "max"])
        parts.append(found.rename(columns={"min": f"{name}_least", "max": f"{name}_most"}))
    return pd.concat(parts, axis="columns").reset_index()


def what_survives(table, waves, *, breaks):
    """Whether the order of two groups, and the direction of each change, is the same under every choice of weights.

    Changes are those of groups that `compare_marks` lets be compared, given the register of `breaks`.

    A row per comparison: `kind` (order, or change since the wave before, as `change.pairs_of` has it), wave, break,
    basis, one, other (groups, or waves), `difference` with every step alike, `least` and `most` over the
    choices; `survives` all of them, `survives_left_out` all but those of one step alone; `against`, the choices that
    turn it round or make it nil, or where it is nil make one. All are empty where a mark is withheld. `evidence`: what
    the marks are, both where they differ.
    """
    known = {w.wave: EVIDENCE[w.kind] for w in waves}
    marks = {key: part["mark"] for key, part in table.set_index("choice").groupby(["wave", "break", "group", "basis"])}
    rows = []
    for (wave, break_, basis), part in table.groupby(["wave", "break", "basis"], sort=False):
        for one, other in combinations(part["group"].unique(), 2):
            apart = marks[wave, break_, one, basis] - marks[wave, break_, other, basis]
            rows.append(("order", wave, break_, basis, one, other, *_turned(apart), known[wave]))
    for before, after, against in pairs_of(waves):
        steps = _parts(after.codebook)
        if against == BASELINE or not steps or steps != _parts(before.codebook):
            continue
        now = _choice_names(after.codebook)
        # What the earlier wave calls each choice, whose steps may have had other labels.
        called = {name: now[choice] for choice, name in _choice_names(before.codebook).items()}
        compared = compare_marks(before.codebook, after.codebook, breaks=breaks)
        compared = compared[compared["measure"].eq(OVERALL) & compared["comparable"]]
        alike = set(compared[["break", "group", "basis"]].itertuples(index=False, name=None))
        for wave, break_, group, basis in marks:
            known_in_both = wave == after.wave and (before.wave, break_, group, basis) in marks
            if known_in_both and (break_, group, basis) in alike:
                earlier = marks[before.wave, break_, group, basis].rename(index=called)
                apart = marks[wave, break_, group, basis] - earlier
                evidence = ITEMS.join(dict.fromkeys((known[before.wave], known[wave])))
                rows.append(("change", wave, break_, basis, group, str(before.wave), *_turned(apart), evidence))
    columns = ["kind", "wave", "break", "basis", "one", "other", "difference", "least", "most"]
    columns += ["survives", "survives_left_out", "against", "evidence"]
    return pd.DataFrame(rows, columns=columns)


def _parts(codebook):
    """The steps and their criteria by id: what the choices of weights are made of, whatever they are called."""
    return {step.id: {c.id for c in step.criteria} for step in codebook.steps}


def _turned(apart):
    """A difference under each choice: with every step alike, the least and the most, and which choices turn it.

    Where it is not known under some, since marks are withheld, nothing is said.
    """
    if apart.isna().any():
        return np.nan, np.nan, np.nan, pd.NA, pd.NA, ""
    apart = apart.astype(float).round(DIGITS)
    usual = apart[EQUAL]
    turned = [choice for choice, value in apart.items() if value * usual < 0 or (value == 0) != (usual == 0)]
    left_out = [choice for choice in turned if not choice.startswith(ONLY)]
    return usual, apart.min(), apart.max(), not turned, not left_out, ITEMS.join(turned)
