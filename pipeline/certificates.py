"""What linear programs prove of claims: certificates that they contradict each other, and how far sums can go.

Fractions of respondents stand in for whole ones, so what is impossible here is impossible; the converse does not hold.
"""

import math
from functools import cached_property

import numpy as np
from scipy.optimize import LinearConstraint, linprog
from scipy.sparse import csr_matrix, eye_array, hstack, vstack

from pipeline.programs import Model
from pipeline.system import Row, linear_row

# A linear program's violation below this is round-off; every contradiction is verified in whole numbers as well.
NO_VIOLATION = 1e-6
# Coefficients beyond this are those of shares with more decimals than anybody prints.
LARGE = 1e5


def linear_core(system, ids):
    """Claims that contradict each other already in fractions of respondents, or None where they do not.

    An elastic linear program lets every claim be missed at a price; where the price is not nil, the claims with a
    dual value are a certificate (Farkas): by themselves they cannot be met. Comparisons of shares are not linear;
    they take part by what the reach of their bases makes of them.
    """
    rows = [(frozenset([i]), row) for i in ids for row in system.claims[i] if isinstance(row, Row)]
    part = system.parts.spanning(ids)
    certificate = _elastic(system, rows, part)
    if certificate is None:
        compared = [(i, row) for i in ids for row in system.claims[i] if not isinstance(row, Row)]
        ends = Ends(system, rows)
        eased = [_eased(i, row, ends) for i, row in compared]
        certificate = _elastic(system, rows + eased, part) if eased else None
    return None if certificate is None else [i for i in ids if i in certificate]


def _elastic(system, rows, part):
    """Claims of a certificate that these (claims, Row) pairs, all within a part, contradict each other, or None."""
    if not rows:
        return None
    columns, structure = system.parts.columns(part), system.parts.inside(part)
    structure += [linear_row(top, low=system.respondents, high=system.respondents) for top in system.parts.tops(part)]
    matrix, bounds, owners = one_sided(rows, system.size)
    slack = len(bounds)
    elastic = hstack([matrix[:, columns], -eye_array(slack)]).tocsr()
    answer = linprog(
        np.concatenate([np.zeros(columns.sum()), np.ones(slack)]),
        bounds=(0, None),
        method="highs",
        **_program(structure, columns, elastic, bounds, slack),
    )
    if answer.status != 0:
        raise AssertionError(f"the elastic program always has an answer: {answer.message}")
    if answer.fun < NO_VIOLATION:
        return None
    return frozenset().union(*_owners_of(answer, owners, matrix))


def _eased(claim_id, row, ends):
    """A comparison as a Row that it implies, from how large its bases can be; and the claims that this rests on."""
    _, its_base, _, other_base = row.sides
    most, because_most = ends.of(other_base, -1)
    least, because_least = ends.of(its_base, 1)
    return frozenset([claim_id]) | because_most | because_least, row.eased(least, most)


def eased_rows(system, ids):
    """The Rows that the comparisons among these claims imply."""
    linear = [(frozenset([i]), row) for i in ids for row in system.claims[i] if isinstance(row, Row)]
    ends = Ends(system, linear)
    return [_eased(i, row, ends)[1] for i in ids for row in system.claims[i] if not isinstance(row, Row)]


class Ends:
    """How little or how much unknowns can add up to under some (claims, Row) pairs.

    What was found before, for this system or one with more structure, holds wherever the claims that it rests on do.
    """

    def __init__(self, system, rows):
        self.system, self.rows = system, rows
        self.claims = frozenset().union(*(owners for owners, _ in rows))

    @cached_property
    def program(self):
        """The linear program of the structure and the rows, in this order."""
        return Model([*self.system.structure, *(row for _, row in self.rows)], self.system.size, scaled=False)

    def of(self, positions, sign):
        """The least (`sign` 1) or most (-1), in whole numbers, and the claims that hold it there."""
        found = self.system.ends.setdefault((sign, tuple(positions)), [])
        for end, because in found:
            if because <= self.claims:
                return end, because
        end = self.program.optimise(dict.fromkeys(positions.tolist(), 1), sign)
        if end is None:
            return (0 if sign > 0 else self.system.respondents), frozenset()
        lines = self.program.holding() - len(self.system.structure)
        held = frozenset().union(*(self.rows[line][0] for line in lines if line >= 0))
        found.append((math.ceil(end - NO_VIOLATION) if sign > 0 else math.floor(end + NO_VIOLATION), held))
        return found[-1]


def one_sided(rows, size):
    """Rows as `matrix @ unknowns <= bounds`, and which claim each line is of."""
    lines = [(i, r.unknowns, r.coefficients, r.high) for i, r in rows if r.high is not None]
    lines += [(i, r.unknowns, -r.coefficients, -r.low) for i, r in rows if r.low is not None]
    matrix = matrix_of([u for _, u, _, _ in lines], [c for _, _, c, _ in lines], size)
    return matrix, np.array([b for *_, b in lines], dtype=float), [i for i, *_ in lines]


def _program(structure, columns, matrix, bounds, slack):
    """Arguments of linprog over some unknowns: elastic rows, and below them the structure, which has no slack."""
    equal = [r for r in structure if r.low == r.high]
    capped, cap, _ = one_sided([(None, r) for r in structure if r.low != r.high], len(columns))
    hard = matrix_of([r.unknowns for r in equal], [r.coefficients for r in equal], len(columns))
    return {
        "A_ub": vstack([matrix, hstack([capped[:, columns], csr_matrix((len(cap), slack))])]).tocsr(),
        "b_ub": np.concatenate([bounds, cap]),
        "A_eq": hstack([hard[:, columns], csr_matrix((len(equal), slack))]).tocsr(),
        "b_eq": np.array([r.low for r in equal], dtype=float),
    }


def _owners_of(answer, owners, matrix):
    """The claims whose rows have a dual value.

    A share of many decimals is a row of large coefficients, whose dual value is as small as these are large.
    """
    scale = np.maximum(1, abs(matrix).max(axis=1).toarray().ravel() / LARGE)
    held = np.flatnonzero(np.abs(answer.ineqlin.marginals[: len(owners)]) * scale > NO_VIOLATION)
    return [owners[k] for k in held]


def matrix_of(unknowns, coefficients, size):
    """A sparse matrix over all unknowns, from the positions and coefficients of each line."""
    if not unknowns:
        return csr_matrix((0, size))
    lines = np.repeat(np.arange(len(unknowns)), [len(u) for u in unknowns])
    return csr_matrix(
        (np.concatenate(coefficients).astype(float), (lines, np.concatenate(unknowns))), shape=(len(unknowns), size)
    )


def linear_limits(system, rows):
    """The structure and further Rows as one constraint for scipy's programs."""
    rows = [*system.structure, *rows]
    low = [-np.inf if r.low is None else r.low for r in rows]
    high = [np.inf if r.high is None else r.high for r in rows]
    matrix = matrix_of([r.unknowns for r in rows], [r.coefficients for r in rows], system.size)
    return LinearConstraint(matrix, low, high)
