"""How far the claims pin every estimate down: the smallest and largest share over all records that meet them.

Linear programs over the system of the claims that were kept. A count is bounded in fractions of respondents and
rounded inwards to whole ones; a share of a base that is itself open is a ratio, bounded by the program of Charnes and
Cooper (1962). Whole-number effects beyond that rounding are left out, so a bound may be wider than the narrowest
possible one, never narrower.
"""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
from ortools.linear_solver import pywraplp

from pipeline.cliques import Tie
from pipeline.codebook import TOTAL
from pipeline.contradictions import eased_rows
from pipeline.system import Row, build_system, counted, limited_by_claim, tie_of

ROUND_OFF = 1e-6
COLUMNS = [
    *("measure", "category", "break", "group", "support", "low", "high"),
    *("count_low", "count_high", "base_low", "base_high"),
]


def bound_estimates(codebook, claims, verdict, settings):
    """Bounds and support of every unweighted estimate of the codebook's measures.

    One row per measure, category, break and group: support (`published`: a kept claim prints it; `implied`: the
    claims force one value; `bounded`: they force an interval; `assumed`: they say nothing), low and high of the share
    (empty where its base can be nil), and the ends of count and base.
    """
    whole = build_system(codebook, claims, settings.worded_tolerance)
    sizes = _band_ends(whole, list(verdict.kept))
    asks = {i: whole.questions(i) for i in verdict.kept}
    printed = _printed(claims[claims["id"].isin(verdict.kept)], codebook)
    rows = []
    for measure in codebook.measures:
        estimates = _estimates(codebook, measure)
        near = _near(codebook, measure, asks)
        system = build_system(
            codebook,
            claims[claims["id"].isin(near)],
            settings.worded_tolerance,
            whole=False,
            drawn=whole.layout.drawn,
            also=[
                *(Tie({codebook.size_band: (frozenset([band]),)}) for band in sizes),
                *(tie_of(codebook, e, e["category"], e["group"]) for e in estimates),
            ],
            unlimited=limited_by_claim(codebook, claims),
        )
        rows += _bound_measure(_Program(system, near, sizes), estimates, printed)
    return pd.DataFrame(rows, columns=COLUMNS)


def _band_ends(system, ids):
    """The least and most respondents that each size band can have."""
    program = _Program(system, ids, {})
    clique, cells = system.layout.column(system.codebook.size_band)
    return {
        band: program.ends(clique.unknowns(cells == band)) for band in system.layout.levels[system.codebook.size_band]
    }


def _near(codebook, measure, asks):
    """The claims that can bear on a measure: on its own questions, and on what these are printed together with.

    Claims farther off bear on it only through how many organisations there are of each size, which is bounded first.
    """
    frame = {codebook.sector, codebook.size_band}
    own = {measure.question, *codebook.base(measure.base).where}
    own |= {q for b in measure.breaks for g in codebook.groups(b) for q in g.where}
    own = own - frame
    neighbours = own.union(*(q for q in asks.values() if q & own)) | frame
    return [i for i, q in asks.items() if q <= neighbours and (q - frame or q == frame & q)]


def _estimates(codebook, measure):
    """Every estimate of a measure, in the shape of a claim."""
    categories = codebook.question(measure.question).categories
    return [
        {"measure": measure.id, "category": c, "break": b, "group": g.id, "base": measure.base, "unit": "count"}
        for b in (TOTAL, *measure.breaks)
        for g in codebook.groups(b)
        for c in categories
    ]


def _printed(kept, codebook):
    """The estimates that a kept claim prints as a number."""
    exact = kept[(kept["op"] == "=") & kept["unit"].isin(["percent", "count", "share"]) & (kept["measure"] != "")]
    return {
        (c["measure"], c["category"], c["break"], c["group"])
        for c in exact.to_dict("records")
        if codebook.measure(c["measure"]).base == c["base"]
    }


def _bound_measure(program, estimates, printed):
    system, rows, bases = program.system, [], {}
    for estimate in estimates:
        count, base = counted(system.codebook, system.layout, estimate, estimate["category"], estimate["group"])
        key = tuple(base)
        if key not in bases:
            bases[key] = program.ends(base)
        low, high = _share_ends(program, count, base, bases[key])
        counts = _count_ends(program, count, low, high, bases[key])
        name = tuple(estimate[c] for c in ("measure", "category", "break", "group"))
        rows.append((*name, _support(name, low, high, printed), *map(_number, (low, high)), *counts, *bases[key]))
    return rows


def _share_ends(program, count, base, base_ends):
    """Ends of count / base as Fractions or floats, or (None, None) where the base can be nil."""
    least, most = base_ends
    if least == 0:
        return None, None
    if least == most:
        low, high = program.ends(count)
        return Fraction(low, least), Fraction(high, least)
    return program.ratio_ends(count, base)


def _count_ends(program, count, low, high, base_ends):
    if low is not None and base_ends[0] == base_ends[1]:
        return int(low * base_ends[0]), int(high * base_ends[0])
    return program.ends(count)


def _support(name, low, high, printed):
    if name in printed:
        return "published"
    if low is None or (low <= ROUND_OFF and high >= 1 - ROUND_OFF):
        return "assumed"
    return "implied" if high - low < ROUND_OFF else "bounded"


def _number(end):
    return None if end is None else round(float(end), 9)


class _Program:
    """The system as two linear programs that are solved again and again for other sums of its unknowns."""

    def __init__(self, system, ids, sizes):
        rows = [row for i in ids for row in system.claims[i] if isinstance(row, Row)]
        self.rows = [*system.structure, *rows, *eased_rows(system, ids)]
        for band, (least, most) in sizes.items():
            clique, cells = system.layout.column(system.codebook.size_band)
            positions = clique.unknowns(cells == band)
            self.rows.append(Row(positions, np.ones(len(positions), dtype=int), least, most))
        self.system, self.size = system, system.size
        self.counts, self.unknowns, _ = self._laid_out(scaled=False)
        self.ratios = None

    def _laid_out(self, *, scaled):
        """A GLOP program of the rows; where `scaled`, every limit is a multiple of a further unknown, the scale."""
        solver = pywraplp.Solver.CreateSolver("GLOP")
        endless = solver.infinity()
        unknowns = [solver.NumVar(0, endless, "") for _ in range(self.size)]
        scale = solver.NumVar(0, endless, "") if scaled else None
        for row in self.rows:
            for limit, sign in ((row.high, 1), (row.low, -1)):
                if limit is None:
                    continue
                line = solver.Constraint(-endless, 0 if scaled else sign * limit)
                for k, c in zip(row.unknowns.tolist(), row.coefficients.tolist(), strict=True):
                    line.SetCoefficient(unknowns[k], sign * c)
                if scaled:
                    line.SetCoefficient(scale, -sign * limit)
        return solver, unknowns, scale

    def ends(self, positions):
        """The least and most whole number that some unknowns can add up to."""
        low, high = self._optimise(self.counts, self.unknowns, positions)
        return math.ceil(low - ROUND_OFF), math.floor(high + ROUND_OFF)

    def ratio_ends(self, count, base):
        """The least and most of sum(count) / sum(base), the base never being nil."""
        if self.ratios is None:
            solver, unknowns, _ = self._laid_out(scaled=True)
            self.ratios = solver, unknowns, solver.Constraint(1, 1)
        solver, unknowns, unit = self.ratios
        unit.Clear()
        for k in base.tolist():
            unit.SetCoefficient(unknowns[k], 1)
        return tuple(round(x, 9) for x in self._optimise(solver, unknowns, count))

    def _optimise(self, solver, unknowns, positions):
        objective, found = solver.Objective(), []
        for maximise in (False, True):
            objective.Clear()
            for k in positions.tolist():
                objective.SetCoefficient(unknowns[k], 1)
            objective.SetMaximization() if maximise else objective.SetMinimization()
            if solver.Solve() != pywraplp.Solver.OPTIMAL:
                raise AssertionError("claims that were kept can be met, so every sum has ends")
            found.append(objective.Value())
        return found
