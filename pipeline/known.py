"""Which claims can be met together, from solutions that are known; where none answers, from one near to them.

Every set of claims is answered for by a proof: counts of respondents that meet it, or a part of the system in which an
exact solver finds that nobody can.
"""

import numpy as np
from ortools.sat.python import cp_model

from pipeline.certificates import Ends, matrix_of
from pipeline.system import Row
from pipeline.whole import add_comparison, decided, domain, plain_solver

# How long to look for counts that are closer to the known ones, in the solver's own deterministic seconds; and how far
# from the closest possible is close enough. Neither bears on what is proven, only on how many solutions it takes.
NEARER, NEAR_ENOUGH = 0.1, 0.2
ENDLESS = 2**62


class Known:
    """Solutions of a system in whole numbers, and which claims each of them meets: sets of claims as bits of a number.

    Bit n is the claim in place n of `system.claims`.
    """

    def __init__(self, system, counts, *, seed, time_limit):
        self.system, self.seed, self.time_limit = system, seed, time_limit
        self.ids = list(system.claims)
        self.place = {i: n for n, i in enumerate(self.ids)}
        self.counts, self.met = [], []
        rows = [(n, row) for n, i in enumerate(self.ids) for row in system.claims[i]]
        linear = [(n, row) for n, row in rows if isinstance(row, Row)]
        self._compared = [(n, row) for n, row in rows if not isinstance(row, Row)]
        self._matrix = matrix_of([r.unknowns for _, r in linear], [r.coefficients for _, r in linear], system.size)
        self._low = np.array([-ENDLESS if r.low is None else r.low for _, r in linear], dtype=np.int64)
        self._high = np.array([ENDLESS if r.high is None else r.high for _, r in linear], dtype=np.int64)
        self._matrix, self._owner = self._matrix.astype(np.int64), np.array([n for n, _ in linear], dtype=int)
        self._add(counts)

    def bits(self, ids):
        """Claims as a number."""
        return sum(1 << self.place[i] for i in ids)

    def claims(self, bits):
        """The claims of a number, in the order of the system."""
        return tuple(i for n, i in enumerate(self.ids) if bits >> n & 1)

    def meet(self, claims, universe):
        """The claims that some solution meets which meets these, the most of a universe; None where there is none."""
        met = [m for m in self.met if m & claims == claims]
        if not met:
            ids = self.claims(claims)
            counts = self._nearest(ids, claims) if self._possible(ids) else None
            if counts is None:
                return None
            met = [self._add(counts)]
        return max(met, key=lambda m: (m & universe).bit_count())

    def minimal(self, ids):
        """What is left of a contradiction when every claim that can be spared is dropped, the last ones first."""
        core = self.bits(ids)
        if self.meet(core, core) is not None:
            raise AssertionError(f"claims that a linear program finds contradictory can be met: {ids}")
        for one in reversed(self.claims(core)):
            rest = core & ~self.bits([one])
            if self.meet(rest, core) is None:
                core = rest
        return self.claims(core)

    def _add(self, counts):
        missed = self._owner[~self._within(self._matrix @ counts)].tolist()
        missed += [n for n, row in self._compared if not _holds(row, counts)]
        self.counts.append(counts)
        self.met.append(((1 << len(self.ids)) - 1) & ~sum(1 << n for n in set(missed)))
        return self.met[-1]

    def _within(self, totals):
        return (self._low <= totals) & (totals <= self._high)

    def _possible(self, ids):
        """Whether claims can be met in the part of the system that they span; where not, they contradict each other."""
        part = self.system.parts.spanning(ids)
        model = _PartModel(self.system, self.system.parts.columns(part), None)
        for row in self.system.parts.inside(part):
            model.add_row(row)
        for top in self.system.parts.tops(part):
            model.add(cp_model.LinearExpr.sum([model.unknowns[k] for k in top]) == self.system.respondents)
        model.add_claims(ids)
        return decided(plain_solver(self.seed, self.time_limit), model, len(ids), self.time_limit)

    def _nearest(self, ids, claims):
        """Counts that meet claims and are near to those known, moving few respondents; None where there are none."""
        best = max(range(len(self.met)), key=lambda k: ((self.met[k] & claims).bit_count(), self.met[k].bit_count()))
        start, missed = self.counts[best], self.claims(claims & ~self.met[best])
        for part in self.system.parts.around(missed):
            found = self._moved(ids, part, start)
            if found is not None:
                return self._moved(ids, part, start, found)
        return None

    def _moved(self, ids, part, start, found=None):
        """Counts that meet claims and differ from the start in a part only, or nearer ones than those found; or None.

        Nearer ones leave the bases of compared shares where they were found.
        """
        model = _PartModel(self.system, self.system.parts.columns(part), start)
        for row in self.system.structure:
            model.add_row(row)
        model.add_claims(ids, found)
        model.begin_at(start if found is None else found)
        solver = plain_solver(self.seed, self.time_limit if found is None else None)
        if found is None:
            if not decided(solver, model, len(ids), self.time_limit):
                return None
        else:
            model.stay_near(start)
            solver.parameters.max_deterministic_time = NEARER
            solver.parameters.relative_gap_limit = NEAR_ENOUGH
            if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                return found
        moved = start.copy()
        for k, x in model.unknowns.items():
            moved[k] = solver.value(x)
        return moved


def _holds(comparison, counts):
    a, b, c, d = (int(counts[x].sum()) for x in (comparison.a, comparison.b, comparison.c, comparison.d))
    return comparison.sign * (a * d - c * b) >= (1 if comparison.strict else 0)


class _PartModel(cp_model.CpModel):
    """A model over some of a system's unknowns, by their position; the others stay as they are counted."""

    def __init__(self, system, columns, counts):
        super().__init__()
        self.system, self.counts = system, counts
        self.unknowns = {k: self.new_int_var(0, system.respondents, "") for k in np.flatnonzero(columns).tolist()}

    def add_row(self, row):
        """A Row, where it is about an unknown."""
        terms, rest = self._split(row.unknowns, row.coefficients)
        if terms is not None:
            self.add_linear_expression_in_domain(terms + rest, domain(row))

    def add_claims(self, ids, found=None):
        """All that claims say; comparisons with the bases that were found, where that is given."""
        pairs = [(frozenset([i]), row) for i in ids for row in self.system.claims[i]]
        ends = Ends(self.system, [(owner, row) for owner, row in pairs if isinstance(row, Row)])
        for _, row in pairs:
            if isinstance(row, Row):
                self.add_row(row)
            elif found is None:
                add_comparison(self, row, self._everyone(row), ends)
            else:
                self._add_settled(row, found)

    def _add_settled(self, row, found):
        """A comparison of shares whose bases stay where they were found: then it is linear."""
        unknowns, bases = self._everyone(row), [int(found[x].sum()) for x in (row.b, row.d)]
        a, b, c, d = (cp_model.LinearExpr.sum([unknowns[k] for k in x]) for x in (row.a, row.b, row.c, row.d))
        self.add(b == bases[0])
        self.add(d == bases[1])
        self.add(row.sign * (a * bases[1] - c * bases[0]) >= (1 if row.strict else 0))

    def begin_at(self, counts):
        """Let the search begin at these counts."""
        for k, x in self.unknowns.items():
            self.add_hint(x, int(counts[k]))

    def stay_near(self, counts):
        """Minimise by how many respondents all unknowns together differ from these counts."""
        gaps = []
        for k, x in self.unknowns.items():
            gaps.append(self.new_int_var(0, self.system.respondents, ""))
            self.add(gaps[-1] >= x - int(counts[k]))
            self.add(gaps[-1] >= int(counts[k]) - x)
        self.minimize(sum(gaps))

    def _everyone(self, row):
        """The unknowns that a comparison looks at, those that stay as they are as numbers."""
        return {k: self.unknowns.get(k, None) for k in row.positions.tolist()} | {
            k: self.new_constant(int(self.counts[k])) for k in row.positions.tolist() if k not in self.unknowns
        }

    def _split(self, positions, coefficients):
        """A sum as its unknown terms, or None, and what the others count for."""
        free = [
            (self.unknowns[k], c)
            for k, c in zip(positions.tolist(), coefficients.tolist(), strict=True)
            if k in self.unknowns
        ]
        if not free:
            return None, 0
        rest = sum(
            c * int(self.counts[k])
            for k, c in zip(positions.tolist(), coefficients.tolist(), strict=True)
            if k not in self.unknowns
        )
        return cp_model.LinearExpr.weighted_sum([x for x, _ in free], [c for _, c in free]), rest
