"""Linear programs over a system of claims: the least and most of a sum, of a share, and of a weighted share.

One program is solved again and again for other sums, each time from where the last one ended. A share is a ratio of
two sums and is made linear by scaling (Charnes and Cooper 1962, "Programming with linear fractional functionals"). A
weighted share is the ratio of sums over strata of total x (count / size): the size of a stratum may be open, so that
each quotient is held between its convex envelopes (McCormick 1976). What is found so is never too narrow.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from ortools.linear_solver import pywraplp

ROUND_OFF = 1e-6
DIGITS = 9


@dataclass(frozen=True)
class Stratum:
    """A weighting cell: `total` organisations of the population, and those unknowns that count its respondents.

    `members` are all of these, `least` to `most` of them, and `held` in the records by which bounds are shown to be
    exact; `count` and `base` are those of an estimate's count and base.
    """

    total: float
    members: np.ndarray
    least: int
    most: int
    held: int
    count: np.ndarray
    base: np.ndarray


class Program:
    """The Rows of a system as linear programs that are solved again and again for other sums of its unknowns.

    Every end comes from a vertex of the program: `vertex()` gives the fractional counts of the last one.
    """

    def __init__(self, rows, size):
        self.rows, self.size = rows, size
        self.plain = _Model(rows, size, scaled=False)
        self.vertex = None

    @cached_property
    def scaled(self):
        """The program whose limits are multiples of a scale, so that its goal is a ratio."""
        return _Model(self.rows, self.size, scaled=True)

    @cached_property
    def weighted(self):
        """The same with room for strata."""
        return _Model(self.rows, self.size, scaled=True)

    def ends(self, positions):
        """The least and most whole number that some unknowns can add up to."""
        goal = dict.fromkeys(positions.tolist(), 1)
        low, high = (self._optimise(self.plain, goal, sign) for sign in (1, -1))
        return math.ceil(low - ROUND_OFF), math.floor(high + ROUND_OFF)

    def ratio_ends(self, count, base):
        """The least and most of sum(count) / sum(base), the base never being nil."""
        return tuple(self.ratio_end(count, base, sign) for sign in (1, -1))

    def ratio_end(self, count, base, sign):
        """The least (`sign` 1) or most (-1) of a ratio of sums, which are arrays of unknowns or {unknown: weight}."""
        self.scaled.set_unit(_terms(base))
        return round(self._optimise(self.scaled, _terms(count), sign), DIGITS)

    def weighted_ends(self, strata):
        """The least and most of sum(total x count / members) / sum(total x base / members) over the strata."""
        goal = self.weighted.set_strata(strata)
        return tuple(round(self._optimise(self.weighted, goal, sign), DIGITS) for sign in (1, -1))

    def _optimise(self, model, goal, sign):
        value, self.vertex = model.optimise(goal, sign)
        return value


def _terms(sum_):
    return sum_ if isinstance(sum_, dict) else dict.fromkeys(sum_.tolist(), 1)


class _Model:
    """A GLOP model of the rows; where `scaled`, every limit is a multiple of a further unknown, the scale."""

    def __init__(self, rows, size, *, scaled):
        self.solver = solver = pywraplp.Solver.CreateSolver("GLOP")
        self.endless = endless = solver.infinity()
        self.unknowns = [solver.NumVar(0, endless, "") for _ in range(size)]
        self.size, self.scale = size, solver.NumVar(0, endless, "") if scaled else None
        for row in rows:
            for limit, sign in ((row.high, 1), (row.low, -1)):
                if limit is None:
                    continue
                terms = zip(row.unknowns.tolist(), (sign * row.coefficients).tolist(), strict=True)
                self._add(dict(terms), sign * limit)
        self.unit = solver.Constraint(1, 1) if scaled else None
        self.places, self.links, self.envelopes = [], [], []

    def _add(self, terms, most):
        """A constraint that these terms (coefficient by position) add up to `most` at most, times the scale."""
        line = self.solver.Constraint(-self.endless, 0 if self.scale else most)
        for position, coefficient in terms.items():
            line.SetCoefficient(self.unknowns[position], coefficient)
        if self.scale is not None:
            line.SetCoefficient(self.scale, -most)
        return line

    def set_unit(self, terms):
        """Scale so that these terms add up to one: the goal is then a ratio to them."""
        _fill(self.unit, self.unknowns, terms)

    def add_strata(self, number):
        """Room for the strata of a weighted share: for each its count, base and members, and two quotients."""
        for _ in range(number):
            start = len(self.unknowns)
            self.unknowns += [self.solver.NumVar(0, self.endless, "") for _ in range(5)]
            self.places.append(range(start, start + 5))
            self.links.append([self.solver.Constraint(0, 0) for _ in range(3)])
            self.envelopes.append([self.solver.Constraint(-self.endless, 0) for _ in range(12)])

    def set_strata(self, strata):
        """Put these strata in; returns the goal, having set the unit."""
        self.add_strata(len(strata) - len(self.places))
        goal, unit = {}, {}
        for stratum, place, links, envelopes in zip(strata, self.places, self.links, self.envelopes, strict=True):
            count, base, members, part, whole = place
            for sum_, line, positions in zip(
                (count, base, members), links, (stratum.count, stratum.base, stratum.members), strict=True
            ):
                _fill(line, self.unknowns, dict.fromkeys(positions.tolist(), -1) | {sum_: 1})
            products = (({count: 1}, {part: 1}), ({base: 1}, {whole: 1}))
            products += (({base: 1, count: -1}, {whole: 1, part: -1}),)
            lines = iter(envelopes)
            for product, factor in products:
                for terms, constant in _envelope(product, factor, members, stratum.least, stratum.most):
                    line = next(lines)
                    _fill(line, self.unknowns, terms)
                    line.SetCoefficient(self.scale, constant)
            goal[part], unit[whole] = stratum.total, stratum.total
        self.set_unit(unit)
        return goal

    def optimise(self, goal, sign):
        """The least (`sign` 1) or most (-1) of a goal, and a function for the counts of its vertex, until the next."""
        objective = self.solver.Objective()
        objective.Clear()
        for position, coefficient in goal.items():
            objective.SetCoefficient(self.unknowns[position], coefficient)
        objective.SetMinimization() if sign > 0 else objective.SetMaximization()
        if self.solver.Solve() != pywraplp.Solver.OPTIMAL:
            raise AssertionError("claims that were kept can be met, so every sum has ends")
        scale = 1 if self.scale is None else self.scale.solution_value()
        return objective.Value(), lambda: np.array([x.solution_value() for x in self.unknowns[: self.size]]) / scale


def _fill(line, unknowns, terms):
    line.Clear()
    for position, coefficient in terms.items():
        line.SetCoefficient(unknowns[position], coefficient)


def _envelope(product, factor, size, least, most):
    """product = factor x size, for a factor of 0 to 1 and a size of `least` to `most`, as four linear constraints.

    Each is (terms, constant): terms + constant x scale <= 0. McCormick, Mathematical Programming 10 (1976).
    """
    more = {k: -c for k, c in product.items()}
    yield more | {k: least * c for k, c in factor.items()}, 0
    yield product | {k: -most * c for k, c in factor.items()}, 0
    yield more | {k: most * c for k, c in factor.items()} | {size: 1}, -most
    yield product | {k: -least * c for k, c in factor.items()} | {size: -1}, least
