"""Which claims can be met together, from solutions that are known; where none answers, from one near to them.

Every set of claims is answered for by a proof: counts of respondents that meet it, or a part of the system in which an
exact solver finds that nobody can.
"""

import numpy as np
from ortools.sat.python import cp_model

from pipeline.certificates import Ends, matrix_of
from pipeline.system import Row, linear_row
from pipeline.whole import ENDLESS, add_comparison, decided, domain, plain_solver

# How long to look for counts that meet more claims than these must, in the solver's own deterministic seconds. It does
# not bear on what is proven, only on how many solutions it takes.
LONG, SHORT = 0.04, 0.01
# How far from the nearest possible counts are near enough.
NEAR_ENOUGH = 0.2


class Known:
    """Solutions of a system in whole numbers, and which claims each of them meets: sets of claims as bits of a number.

    Bit n is the claim in place n of `system.claims`.
    """

    def __init__(self, system, counts, *, seed, time_limit):
        self.system, self.seed, self.time_limit = system, seed, time_limit
        self.ids = list(system.claims)
        self.place = {i: n for n, i in enumerate(self.ids)}
        self.counts, self.met, self._quick = [], [], True
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

    def _add(self, counts):
        missed = self._owner[~self._within(self._matrix @ counts)].tolist()
        missed += [n for n, row in self._compared if not row.holds(counts)]
        self.counts.append(counts)
        self.met.append(((1 << len(self.ids)) - 1) & ~sum(1 << n for n in set(missed)))
        return self.met[-1]

    def _within(self, totals):
        return (self._low <= totals) & (totals <= self._high)

    def _possible(self, ids):
        """Whether claims can be met in the part of the system that they span; where not, they contradict each other."""
        model = self._spanned(ids, self.counts[0])
        return decided(plain_solver(self.seed, self.time_limit), model, len(ids), self.time_limit)

    def _bases(self, ids, start):
        """Counts of which the bases of compared shares are taken: those of the nearest in the part that claims span."""
        if all(isinstance(row, Row) for i in ids for row in self.system.claims[i]):
            return start
        model = self._spanned(ids, start)
        model.begin_at(start)
        model.stay_near(start)
        _, counts = model.counted(self.seed, LONG)
        return start if counts is None else counts

    def _spanned(self, ids, start):
        """A model of these claims over the part of the system that they span, free of all the rest."""
        part = self.system.parts.spanning(ids)
        model = _PartModel(self.system, self.system.parts.columns(part), start)
        for row in self.system.parts.inside(part):
            model.add_row(row)
        for top in self.system.parts.tops(part):
            model.add_row(linear_row(top, low=self.system.respondents, high=self.system.respondents))
        model.add_claims(ids)
        return model

    def _nearest(self, ids, claims):
        """Counts that meet claims and are near to those known, moving few respondents; None where there are none."""
        best = max(range(len(self.met)), key=lambda k: ((self.met[k] & claims).bit_count(), self.met[k].bit_count()))
        start, missed = self.counts[best], self.claims(claims & ~self.met[best])
        bases = self._bases(ids, start)
        for part in self.system.parts.around(missed):
            columns = self.system.parts.columns(part)
            found = self._near(ids, columns, start, bases)
            if found is None:
                found = self._anywhere(ids, columns, start)
                found = None if found is None else self._nearer(ids, start, found)
            if found is not None:
                return found
        return None

    def _near(self, ids, columns, start, bases):
        """Counts that meet claims with few respondents moved from the start; None where none are quickly found.

        Compared shares have the bases that are given. Where this took too long once, it is not tried again.
        """
        if not self._quick:
            return None
        model = self._model(ids, columns, start, bases)
        model.begin_at(start)
        model.stay_near(start)
        status, counts = model.counted(self.seed, LONG)
        self._quick = status != cp_model.UNKNOWN
        return counts

    def _anywhere(self, ids, columns, start):
        """Counts that meet claims and differ from the start in some unknowns only, or None where there are none."""
        model = self._model(ids, columns, start, None)
        model.begin_at(start)
        solver = plain_solver(self.seed, self.time_limit)
        return model.values(solver) if decided(solver, model, len(ids), self.time_limit) else None

    def _nearer(self, ids, start, found):
        """Counts that meet claims between the start and those found: where the two agree, nobody is moved."""
        model = self._model(ids, found != start, start, found)
        model.begin_at(found)
        model.stay_near(start)
        _, counts = model.counted(self.seed, SHORT)
        return found if counts is None else counts

    def _model(self, ids, columns, start, bases):
        """A model of these claims over some unknowns; compared shares have the bases that counts give, if any."""
        model = _PartModel(self.system, columns, start)
        for row in self.system.parts.touching(columns):
            model.add_row(row)
        model.add_claims(ids, bases)
        return model


class _PartModel(cp_model.CpModel):
    """A model over some of a system's unknowns, by their position; the others stay as they are counted."""

    def __init__(self, system, columns, counts):
        super().__init__()
        self.system, self.counts = system, counts
        self.unknowns = {k: self.new_int_var(0, system.respondents, "") for k in np.flatnonzero(columns).tolist()}

    def add_row(self, row):
        """A Row. Where it is about no unknown it holds, or nothing does."""
        terms, rest = self._split(row.unknowns, row.coefficients)
        if terms is not None:
            self.add_linear_expression_in_domain(terms + rest, domain(row))
        elif not domain(row).contains(rest):
            self.add_bool_or([])

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
        for base, held in zip((b, d), bases, strict=True):
            self.add_linear_expression_in_domain(base, cp_model.Domain(held, held))
        self.add(row.sign * (a * bases[1] - c * bases[0]) >= (1 if row.strict else 0))

    def counted(self, seed, effort):
        """The solver's status after this effort, and the best counts that it found, if any."""
        solver = plain_solver(seed, None)
        solver.parameters.max_deterministic_time = effort
        solver.parameters.relative_gap_limit = NEAR_ENOUGH
        status = solver.solve(self)
        return status, self.values(solver) if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None

    def values(self, solver):
        """The counts of the solution that a solver has, with those that stay as they are."""
        counts = self.counts.copy()
        for k, x in self.unknowns.items():
            counts[k] = solver.value(x)
        return counts

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
        pairs = list(zip(positions.tolist(), coefficients.tolist(), strict=True))
        free = [(self.unknowns[k], c) for k, c in pairs if k in self.unknowns]
        if not free:
            return None, int(coefficients @ self.counts[positions]) if pairs else 0
        rest = sum(c * int(self.counts[k]) for k, c in pairs if k not in self.unknowns)
        return cp_model.LinearExpr.weighted_sum([x for x, _ in free], [c for _, c in free]), rest
