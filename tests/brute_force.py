"""What claims allow, found without the code under test: by looking at every table there is, and by one flat table.

*Enumeration* is for a handful of respondents of few kinds: every table of them is made, and contradictions, the largest
sets of claims and the range of every estimate are read off the tables, with no solver at all. The *flat model* is for
surveys too large for that: one whole-number unknown per kind of respondent, instead of the pipeline's cliques.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import lcm

import numpy as np
import pandas as pd
from made_claims import answers_rows, every_table, met_by, rows_of
from ortools.sat.python import cp_model

from pipeline.claims import COMPARE
from pipeline.codebook import TOTAL
from pipeline.respondents import asked


@dataclass(frozen=True)
class Enumeration:
    """Every table (`tables`: rows, how many respondents of each of `kinds`) of a codebook's respondents.

    `met`: which claims (columns) each table (row) meets.
    """

    codebook: object
    claims: pd.DataFrame
    kinds: pd.DataFrame
    tables: np.ndarray
    met: np.ndarray

    @property
    def ids(self):
        """Ids of the claims, in the order of the columns of `met`."""
        return self.claims["id"].tolist()

    def possible(self, ids):
        """The tables that meet all of these claims."""
        return self.tables[self.met[:, np.isin(self.ids, list(ids))].all(axis=1)]


def enumerate_survey(codebook, claims, tolerance=5):
    """All tables of the codebook's respondents, held against the claims."""
    kinds = every_kind(codebook, unlimited=claimed_limits(codebook, claims))
    tables = every_table(kinds, codebook.respondents)
    return Enumeration(codebook, claims, kinds, tables, met_by(claims, codebook, kinds, tables, tolerance))


def claimed_limits(codebook, claims):
    """The questions of which a claim says how many answers each gave, so that the questionnaire's most is not taken."""
    return {codebook.measure(m).question for m in claims.loc[claims["unit"] == "answers", "measure"]}


def every_kind(codebook, *, unlimited=(), questions=None):
    """One row per kind of respondent that the questionnaire allows, on all questions or on some with their routers.

    Routing, size bands of another sector, the fewest and the most answers are all held for each respondent by itself;
    the most not for questions that are `unlimited`.
    """
    kinds = pd.DataFrame(index=[0])
    for question in codebook.questions:
        if questions is not None and question.id not in questions:
            continue
        heard = asked(kinds, question)
        answered = kinds[heard].merge(_ways_to_answer(question, unlimited), how="cross")
        kinds = pd.concat([answered, kinds[~heard].assign(**dict.fromkeys(question.columns))], ignore_index=True)
    if {codebook.sector, codebook.size_band} <= set(kinds.columns):
        of = {a.id: a.band.sector if a.band else None for a in codebook.question(codebook.size_band).answers}
        own = kinds[codebook.size_band].map(of)
        kinds = kinds[own.isna() | (own == kinds[codebook.sector])].reset_index(drop=True)
    return kinds


def _ways_to_answer(question, unlimited):
    if not question.several:
        return pd.DataFrame({question.id: [a.id for a in question.answers]}, dtype=object)
    most = len(question.answers)
    if question.max_answers and question.id not in unlimited:
        most = question.max_answers
    ticks = [t for t in product([0, 1], repeat=len(question.answers)) if question.min_answers <= sum(t) <= most]
    return pd.DataFrame(ticks, columns=question.columns, dtype=object)


def minimal_contradictions(survey):
    """Every minimal set of claims that no table meets together: a set of frozensets of ids.

    What a table misses is a correction; the contradictions are the minimal sets that hit each minimal correction
    (Reiter 1987), found by adding one correction at a time (Berge, Hypergraphs, 1989, ch. 2).
    """
    missed = {frozenset(np.flatnonzero(row).tolist()) for row in np.unique(~survey.met, axis=0)}
    if frozenset() in missed:
        return set()
    hitting = {frozenset()}
    for correction in sorted(_minimal(missed), key=lambda c: (len(c), sorted(c))):
        hitting = _minimal({h if h & correction else h | {i} for h in hitting for i in correction})
    return {frozenset(survey.ids[i] for i in h) for h in hitting}


def _minimal(sets):
    """Those of the sets that hold no other of them."""
    found = []
    for one in sorted(sets, key=lambda s: (len(s), sorted(s))):
        if not any(other <= one for other in found):
            found.append(one)
    return set(found)


def smallest_hitting_size(sets):
    """How many claims must go for one of each of these sets to go."""
    involved = sorted(set().union(*sets))
    sizes = range(len(involved) + 1)
    return next(n for n in sizes for out in combinations(involved, n) if all(set(out) & set(s) for s in sets))


def estimates_of(codebook):
    """Every estimate that the codebook asks for, in the shape of a claim."""
    return [
        {"measure": m.id, "category": category, "break": break_, "group": group.id, "base": m.base, "unit": "count"}
        for m in codebook.measures
        for break_ in (TOTAL, *m.breaks)
        for group in codebook.groups(break_)
        for category in codebook.question(m.question).categories
    ]


def brute_force_counts(survey, ids, estimate):
    """Count and base of an estimate in every table that meets these claims: two arrays."""
    rows = rows_of(survey.codebook, estimate, estimate["category"], estimate["group"], survey.kinds)
    return tuple(survey.possible(ids) @ r.to_numpy(dtype=int) for r in rows)


def brute_force_range(survey, ids, estimate):
    """The smallest and largest share over all tables that meet these claims and have a base: Fractions, or None."""
    return _range_of_ratios(*brute_force_counts(survey, ids, estimate))


def brute_force_weighted_range(survey, ids, estimate, totals, *, cells=None, every_cell=False):
    """The smallest and largest weighted share over all tables that meet these claims: Fractions, or None.

    A respondent of a size band weighs `totals` of its cell / respondents in the cell. `cells` gives the cell of each
    band (by default each band is its own). A cell without respondents has no part in the share; `every_cell` passes
    over tables in which a cell has none, as they cannot be weighted to the population.
    """
    kinds, tables = survey.kinds, survey.possible(ids)
    band = kinds[survey.codebook.size_band]
    place = band if cells is None else band.map(cells)
    count, base = rows_of(survey.codebook, estimate, estimate["category"], estimate["group"], kinds)
    common = lcm(*range(1, survey.codebook.respondents + 1))
    weighted, whole = np.zeros(len(tables), dtype=object), np.zeros(len(tables), dtype=object)
    covered = np.full(len(tables), True)
    for cell, total in totals.items():
        inside = place == cell
        answered = tables @ inside.to_numpy(dtype=int)
        # Each weight times `common`, so that it is a whole number.
        weight = np.where(answered > 0, total * common // np.maximum(answered, 1), 0).astype(object)
        weighted += weight * (tables @ (inside & count).to_numpy(dtype=int))
        whole += weight * (tables @ (inside & base).to_numpy(dtype=int))
        covered &= answered > 0
    return _range_of_ratios(*((weighted[covered], whole[covered]) if every_cell else (weighted, whole)))


def _range_of_ratios(counts, bases):
    ratios = {Fraction(c, b) for c, b in set(zip(counts.tolist(), bases.tolist(), strict=True)) if b}
    return (min(ratios), max(ratios)) if ratios else None


def can_be_met(codebook, claims, ids=None, *, tolerance=5):
    """Whether some respondents meet all of these claims, by the flat model: exact, whatever their number.

    Kinds of respondent that no claim tells apart are counted together. `ids` picks some of the claims.
    """
    unlimited = claimed_limits(codebook, claims)
    chosen = claims if ids is None else claims[claims["id"].isin(ids)]
    chosen = [c for c in chosen.to_dict("records") if c["measure"]]
    kinds = every_kind(codebook, unlimited=unlimited, questions=_looked_at(codebook, chosen))
    parts = [_parts(codebook, claim, kinds) for claim in chosen]
    distinct = np.unique(np.column_stack([np.ones(len(kinds), dtype=bool), *(p for ps in parts for p in ps)]), axis=0)
    model, most = cp_model.CpModel(), codebook.respondents
    unknowns = [model.new_int_var(0, most, "") for _ in distinct]
    model.add(sum(unknowns) == most)
    column = 1
    for claim, arrays in zip(chosen, parts, strict=True):
        sums = []
        for k in range(column, column + len(arrays)):
            sums.append(model.new_int_var(0, most, ""))
            model.add(sums[-1] == sum(u for u, cell in zip(unknowns, distinct[:, k], strict=True) if cell))
        _add_claim(model, claim, sums, most, tolerance)
        column += len(arrays)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE), solver.status_name(status)
    return status != cp_model.INFEASIBLE


def _looked_at(codebook, claims):
    """The questions that claims look at, and those that these are routed by."""
    found = set()
    for claim in claims:
        found.add(codebook.measure(claim["measure"]).question)
        found |= set(codebook.base(claim["base"]).where)
        for group in filter(None, (claim["group"], claim["versus_group"])):
            found |= set(codebook.group(claim["break"], group).where)
    for question in reversed(codebook.questions):
        if question.id in found:
            found |= set(question.asked_if)
    return found


def _parts(codebook, claim, kinds):
    """The kinds that each number of a claim counts: boolean arrays."""
    if claim["unit"] == "answers":
        return [rows.to_numpy(dtype=bool) for rows in answers_rows(codebook, claim, kinds)]
    shares = [(claim["category"], claim["group"])]
    if claim["unit"] == "order":
        shares.append((claim["versus_category"] or claim["category"], claim["versus_group"] or claim["group"]))
    return [rows.to_numpy(dtype=bool) for s in shares for rows in rows_of(codebook, claim, *s, kinds)]


def _add_claim(model, claim, sums, most, tolerance):
    """What a claim says of the sums that it counts, in whole numbers."""
    if claim["unit"] == "answers":
        base, broken = sums
        model.add(base >= 1)
        model.add(broken == 0)
        return
    if claim["unit"] == "order":
        count, base, other, other_base = sums
        model.add(base >= 1)
        model.add(other_base >= 1)
        left, right = (model.new_int_var(0, most**2, "") for _ in range(2))
        model.add_multiplication_equality(left, [count, other_base])
        model.add_multiplication_equality(right, [other, base])
        model.add(COMPARE[claim["op"]](left, right))
        return
    count, base = sums
    scale, of, value = {"count": 1, "percent": 100}.get(claim["unit"], 1), base, claim["number"]
    if claim["unit"] == "count":
        of = 1
    else:
        model.add(base >= 1)
    if claim["op"] == "about":
        margin = Fraction(tolerance, 100) * (value if claim["unit"] == "count" else scale)
        for op, end in ((">=", value - margin), ("<=", value + margin)):
            model.add(COMPARE[op](end.denominator * scale * count, end.numerator * of))
    elif claim["rounding"] == "half_up" and claim["op"] == "=":
        model.add(200 * count + base >= 2 * int(value) * base)
        model.add(200 * count + base < 2 * (int(value) + 1) * base)
    else:
        model.add(COMPARE[claim["op"]](value.denominator * scale * count, value.numerator * of))
