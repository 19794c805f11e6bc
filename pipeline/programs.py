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
from highspy import Highs, HighsModelStatus

ROUND_OFF = 1e-6
DIGITS = 9
# One thread, and the primal simplex method (4).
OPTIONS = {"output_flag": False, "threads": 1, "solver": "simplex", "simplex_strategy": 4, "presolve": "off"}


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
        self.plain = Model(rows, size, scaled=False)
        self.vertex = None

    @cached_property
    def scaled(self):
        """The program whose limits are multiples of a scale, so that its goal is a ratio."""
        return Model(self.rows, self.size, scaled=True)

    @cached_property
    def weighted(self):
        """The same with room for strata."""
        return Model(self.rows, self.size, scaled=True)

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
        """The least and most of sum(total x count / members) / sum(total x base / members) over the strata.

        (None, None) where the strata cannot all be as large as they say at once.
        """
        goal = self.weighted.set_strata(strata)
        ends = [self.weighted.optimise(goal, sign) for sign in (1, -1)]
        return (None, None) if None in ends else tuple(round(end, DIGITS) for end in ends)

    def _optimise(self, model, goal, sign):
        value, self.vertex = model.optimise(goal, sign), model.vertex
        if value is None:
            raise AssertionError("claims that were kept can be met, so every sum has ends")
        return value


def _terms(sum_):
    return sum_ if isinstance(sum_, dict) else dict.fromkeys(sum_.tolist(), 1)


class Model:
    """A linear program of the rows; where `scaled`, every limit is a multiple of a further unknown, the scale.

    HiGHS goes on from the vertex that it found last: with another goal that vertex is still possible, so the primal
    simplex method has only a short way to go.
    """

    def __init__(self, rows, size, *, scaled):
        self.size, self.scale, self.width = size, size if scaled else None, size + scaled
        self.goal, self.terms, self.places, self.links, self.envelopes = {}, {}, [], [], []
        self.highs = highs = Highs()
        for option, value in OPTIONS.items():
            highs.setOptionValue(option, value)
        highs.addVars(self.width, np.zeros(self.width), np.full(self.width, highs.inf))
        lines = [line for row in rows for line in self._lines(row)]
        self.unit = self._add_lines([*lines, ([], [], 1, 1)] if scaled else lines)[-1]

    def _lines(self, row):
        """A Row as lines (unknowns, coefficients, low, high)."""
        endless = self.highs.inf
        if self.scale is None:
            low = -endless if row.low is None else row.low
            yield row.unknowns, row.coefficients, low, endless if row.high is None else row.high
        elif row.low == row.high:
            yield [*row.unknowns, self.scale], [*row.coefficients, -row.low], 0, 0
        else:
            for limit, low, high in ((row.low, 0, endless), (row.high, -endless, 0)):
                if limit is not None:
                    yield [*row.unknowns, self.scale], [*row.coefficients, -limit], low, high

    def _add_lines(self, lines):
        """Add lines to the program; their numbers."""
        first = self.highs.getNumRow()
        unknowns, coefficients, low, high = zip(*lines, strict=True)
        starts = np.cumsum([0, *map(len, unknowns)], dtype=np.int32)
        flat = np.concatenate(unknowns).astype(np.int32), np.concatenate(coefficients).astype(float)
        limits = (np.array(x, dtype=float) for x in (low, high))
        self.highs.addRows(len(lines), *limits, starts[-1], starts[:-1], *flat)
        return range(first, first + len(lines))

    def _fill(self, line, terms):
        """Make these (coefficient by unknown) all that stands in a line."""
        before = self.terms.get(line, {})
        for unknown in [k for k in before if k not in terms]:
            self.highs.changeCoeff(line, unknown, 0)
        for unknown, coefficient in terms.items():
            if before.get(unknown) != coefficient:
                self.highs.changeCoeff(line, unknown, coefficient)
        self.terms[line] = terms

    def set_unit(self, terms):
        """Scale so that these terms add up to one: the goal is then a ratio to them."""
        self._fill(self.unit, terms)

    def add_strata(self, number):
        """Room for the strata of a weighted share: for each its count, base and members, and two quotients."""
        for _ in range(number):
            self.places.append(range(self.width, self.width + 5))
            self.width += 5
            self.highs.addVars(5, np.zeros(5), np.full(5, self.highs.inf))
            self.links.append(self._add_lines([([], [], 0, 0)] * 3))
            self.envelopes.append(self._add_lines([([], [], -self.highs.inf, 0)] * 12))

    def set_strata(self, strata):
        """Put these strata in; returns the goal, having set the unit."""
        self.add_strata(len(strata) - len(self.places))
        goal, unit = {}, {}
        for stratum, place, links, envelopes in zip(strata, self.places, self.links, self.envelopes, strict=True):
            count, base, members, part, whole = place
            for sum_, line, positions in zip(
                (count, base, members), links, (stratum.count, stratum.base, stratum.members), strict=True
            ):
                self._fill(line, dict.fromkeys(positions.tolist(), -1) | {sum_: 1})
            products = (({count: 1}, {part: 1}), ({base: 1}, {whole: 1}))
            products += (({base: 1, count: -1}, {whole: 1, part: -1}),)
            lines = iter(envelopes)
            for product, factor in products:
                for terms, constant in _envelope(product, factor, members, stratum.least, stratum.most):
                    self._fill(next(lines), terms | {self.scale: constant})
            goal[part], unit[whole] = stratum.total, stratum.total
        self.set_unit(unit)
        return goal

    def optimise(self, goal, sign):
        """The least (`sign` 1) or most (-1) of a goal; None where nothing meets the rows."""
        costs = dict.fromkeys(self.goal, 0) | {unknown: sign * weight for unknown, weight in goal.items()}
        unknowns, weights = np.array([*costs], dtype=np.int32), np.array([*costs.values()], dtype=float)
        self.highs.changeColsCost(len(unknowns), unknowns, weights)
        self.goal = goal
        self.highs.run()
        optimal = self.highs.getModelStatus() == HighsModelStatus.kOptimal
        return sign * self.highs.getObjectiveValue() if optimal else None

    def holding(self):
        """The lines that hold the last end where it is, those with a dual value: a certificate of it (Farkas)."""
        return np.flatnonzero(np.abs(self.highs.getSolution().row_dual) > ROUND_OFF)

    def vertex(self):
        """The fractional counts of the last end."""
        counts = np.array(self.highs.getSolution().col_value)
        return counts[: self.size] / (1 if self.scale is None else counts[self.scale])


def _envelope(product, factor, size, least, most):
    """product = factor x size, for a factor of 0 to 1 and a size of `least` to `most`, as four linear constraints.

    Each is (terms, constant): terms + constant x scale <= 0. McCormick, Mathematical Programming 10 (1976).
    """
    more = {k: -c for k, c in product.items()}
    yield more | {k: least * c for k, c in factor.items()}, 0
    yield product | {k: -most * c for k, c in factor.items()}, 0
    yield more | {k: most * c for k, c in factor.items()} | {size: 1}, -most
    yield product | {k: -least * c for k, c in factor.items()} | {size: -1}, least
