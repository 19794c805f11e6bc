"""Who changed: organisations in both of two waves that gained, kept or lost an answer which the tracker follows.

An organisation counts where both waves asked it. It is named by its identifier, which is no real organisation's name;
where either wave is a reconstruction or a rehearsal nobody really moved, and `support` says so.
"""

import pandas as pd

from pipeline.change import BASELINE, pairs_of, panel_is_known, support_of
from pipeline.codebook import ORGANISATION, TOTAL
from pipeline.harmonise import compare
from pipeline.names import UNWEIGHTED
from pipeline.respondents import gave, select
from pipeline.texts import ITEMS

COLUMNS = [
    "wave",
    "since",
    "trend",
    "measure",
    "category",
    "transition",
    "n",
    "panel",
    "organisations",
    "support",
    "why",
]
TRANSITIONS = {(False, True): "gained", (True, False): "lost", (True, True): "kept", (False, False): "still without"}


def transitions(waves, *, breaks):
    """How the organisations of each Wave moved since the one before it (`change.pairs_of`): a table with COLUMNS.

    A row per tracked answer (the codebook's `trends`) and transition; `n` of the `panel` organisations that both waves
    asked, named in `organisations`. Where the answer is not comparable, or nobody can be known to be in both waves, one
    row says why. `breaks` is the register.
    """
    rows = []
    for before, after, against in pairs_of(waves):
        if against == BASELINE:
            continue
        compared = compare(before.codebook, after.codebook, breaks=breaks)
        everyone = compared[compared["break"].eq(TOTAL) & compared["basis"].eq(UNWEIGHTED)]
        why = everyone.set_index(["measure", "category"])["why"]
        followed = dict.fromkeys((t.measure, c) for t in after.codebook.trends if t.measure for c in t.categories)
        trends = {(t.measure, c): t.id for t in reversed(after.codebook.trends) for c in t.categories}
        for measure, category in followed:
            keys = {"wave": after.wave, "since": before.wave, "trend": trends[measure, category], "measure": measure}
            keys |= {"category": category, "support": support_of(before, after)}
            rows += [keys | row for row in _moves(before, after, measure, category, why[measure, category])]
    return pd.DataFrame(rows, columns=COLUMNS)


def _moves(before, after, measure, category, why):
    if not panel_is_known(before, after):
        why = why or f"the records of the {before.kind} are nobody in particular: who is in both waves is not known"
    if why:
        return [{"transition": "", "why": why}]
    gave_before, gave_after = (_gave(w, measure, category) for w in (before, after))
    both = pd.concat([gave_before, gave_after], axis="columns", join="inner").sort_index()
    moved = [(tuple(pair), who) for who, *pair in both.itertuples(name=None)]
    found = []
    for pair, transition in TRANSITIONS.items():
        names = [who for moves, who in moved if moves == pair]
        named = ITEMS.join(names)
        found.append({"transition": transition, "n": len(names), "panel": len(both), "organisations": named, "why": ""})
    return found


def _gave(wave, measure, category):
    """Whether each organisation in a measure's base gave an answer: a boolean Series by identifier."""
    found = wave.codebook.measure(measure)
    people = wave.respondents[select(wave.respondents, wave.codebook.base(found.base).where)]
    given = gave(people, wave.codebook.question(found.question), category).astype(bool)
    return pd.Series(given.to_numpy(), index=people[ORGANISATION].astype(str), name=wave.wave)
