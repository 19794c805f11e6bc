"""Which claims can be true together: feasibility, minimal contradictions, and the largest set that can be kept.

A *contradiction* is a set of claims that no records can meet together although any of them may be dropped and the
rest met: a minimal infeasible set. The largest set of claims to keep leaves out a smallest set that hits every
contradiction (Reiter 1987; Davies and Bacchus 2011, "Solving MAXSAT by solving a sequence of simpler SAT
instances"): contradictions are collected until what is left is feasible, and the size of the smallest hitting set is
then the proof that no fewer claims can be left out.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from ortools.sat.python import cp_model
from scipy.optimize import LinearConstraint, linprog
from scipy.sparse import csr_matrix, eye_array, hstack, vstack

from pipeline.problems import InputProblem
from pipeline.system import Row, linear_row

# A linear program's violation below this is round-off; every contradiction is verified in whole numbers as well.
NO_VIOLATION = 1e-6
# A contradiction of this many claims is short enough for a reader; a longer one is thinned a second time.
SHORT = 4


@dataclass(frozen=True)
class Verdict:
    """Claims that can all be met (`kept`), those left out, the contradictions that prove it, and one solution."""

    kept: tuple[str, ...]
    left_out: tuple[str, ...]
    contradictions: tuple[tuple[str, ...], ...]
    solution: np.ndarray


def judge(system, *, seed, time_limit):
    """The largest set of claims that can be met together, with proof.

    Ties between largest sets go to the claims that stand first in the claims file. Raises InputProblem where the
    solver cannot decide within `time_limit` seconds a question that it needs answered.
    """
    ids, found = list(system.claims), []
    while True:
        left_out = _smallest_hitting_set(found, ids)
        rest = [i for i in ids if i not in left_out]
        fresh = _disjoint_linear_contradictions(system, rest, seed, time_limit)
        if not fresh:
            solution = solve(system, rest, seed=seed, time_limit=time_limit)
            if solution is not None:
                return Verdict(tuple(rest), tuple(i for i in ids if i in left_out), tuple(found), solution)
            core = _whole_number_core(system, rest, seed, time_limit)
            fresh = [minimal(system, core, seed=seed, time_limit=time_limit)]
        found += fresh


def _disjoint_linear_contradictions(system, ids, seed, time_limit):
    """Contradictions among these claims that a linear program sees, no two sharing a claim."""
    found, live = [], list(ids)
    while core := linear_core(system, live):
        found.append(minimal(system, core, seed=seed, time_limit=time_limit))
        live = [i for i in live if i not in found[-1]]
    return found


def _smallest_hitting_set(sets, ids):
    """A smallest set of claims with one of every contradiction; of several, the one that stands last in the file."""
    if not sets:
        return set()
    model = cp_model.CpModel()
    involved = [i for i in ids if any(i in s for s in sets)]
    out = {i: model.new_bool_var(i) for i in involved}
    for s in sets:
        model.add_bool_or(out[i] for i in s)
    place = {i: len(ids) - n for n, i in enumerate(ids)}
    many = sum(place[i] for i in involved) + 1
    model.minimize(sum(out[i] * (many + place[i]) for i in involved))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(model) != cp_model.OPTIMAL:
        raise AssertionError("a hitting set always exists")
    return {i for i in involved if solver.boolean_value(out[i])}


def minimal(system, ids, *, seed, time_limit):
    """A minimal contradiction within claims that contradict each other, verified in whole numbers.

    Claims are tried for removal one by one: with linear programs as long as these see the contradiction, from the
    first to the last and from the last to the first, and then exactly on the fewer claims of the two.
    """
    small = system.only(ids)
    core = _thin(small, ids, ids)
    if len(core) > SHORT:
        core = min(core, _thin(small, ids, ids[::-1]), key=len)
    few = system.only(core)
    for candidate in reversed(tuple(core)):
        rest = [i for i in core if i != candidate]
        if rest and solve(few, rest, seed=seed, time_limit=time_limit) is None:
            core = rest
    if solve(few, core, seed=seed, time_limit=time_limit) is not None:
        raise AssertionError(f"claims that a linear program finds contradictory can be met: {core}")
    return tuple(core)


def _thin(system, ids, order):
    """What is left of a contradiction when claims are dropped in order while a linear program still sees it."""
    core = list(ids)
    for candidate in order:
        if candidate in core:
            core = linear_core(system, [i for i in core if i != candidate]) or core
    return core


def _impossible(system, ids, seed, time_limit):
    """Whether claims contradict each other, decided on a system of just these."""
    return bool(ids) and solve(system.only(ids), ids, seed=seed, time_limit=time_limit) is None


def linear_core(system, ids):
    """Claims that contradict each other already in fractions of respondents, or None where they do not.

    An elastic linear program lets every claim be missed at a price; where the price is not nil, the claims with a
    dual value are a certificate (Farkas): by themselves they cannot be met. Comparisons of shares are not linear;
    they take part by what the reach of their bases makes of them.
    """
    rows = [(frozenset([i]), row) for i in ids for row in system.claims[i] if isinstance(row, Row)]
    certificate = _elastic(system, rows)
    if certificate is None:
        compared = [(i, row) for i in ids for row in system.claims[i] if not isinstance(row, Row)]
        ends = _Ends(system, rows)
        eased = [_eased(i, row, ends) for i, row in compared]
        certificate = _elastic(system, rows + eased) if eased else None
    return None if certificate is None else [i for i in ids if i in certificate]


def _elastic(system, rows):
    """Claims of a certificate that these (claims, Row) pairs contradict each other, or None."""
    if not rows:
        return None
    matrix, bounds, owners = _one_sided(rows, system.size)
    slack = len(bounds)
    answer = linprog(
        np.concatenate([np.zeros(system.size), np.ones(slack)]),
        bounds=(0, None),
        method="highs",
        **_program(system, hstack([matrix, -eye_array(slack)]).tocsr(), bounds, slack),
    )
    if answer.status != 0:
        raise AssertionError(f"the elastic program always has an answer: {answer.message}")
    if answer.fun < NO_VIOLATION:
        return None
    return frozenset().union(*_owners_of(answer, owners))


def _eased(claim_id, row, ends):
    """A comparison as a Row that it implies, from how large its bases can be; and the claims that this rests on.

    a / b > c / d says a d > c b, hence a (most of d) > c (least of b).
    """
    more, its_base, less, other_base = (row.a, row.b, row.c, row.d) if row.sign > 0 else (row.c, row.d, row.a, row.b)
    most, because_most = ends.of(other_base, -1)
    least, because_least = ends.of(its_base, 1)
    eased = linear_row((most, more), (-least, less), low=1 if row.strict else 0)
    return frozenset([claim_id]) | because_most | because_least, eased


def eased_rows(system, ids):
    """The Rows that the comparisons among these claims imply."""
    linear = [(frozenset([i]), row) for i in ids for row in system.claims[i] if isinstance(row, Row)]
    ends = _Ends(system, linear)
    return [_eased(i, row, ends)[1] for i in ids for row in system.claims[i] if not isinstance(row, Row)]


class _Ends:
    """How little or how much unknowns can add up to under some (claims, Row) pairs.

    What was found before, for this system or one with more structure, holds wherever the claims that it rests on do.
    """

    def __init__(self, system, rows):
        self.system, self.rows = system, rows
        self.claims = frozenset().union(*(owners for owners, _ in rows))

    @cached_property
    def program(self):
        """The linear program of the rows, and which claim each of its lines is of."""
        matrix, bounds, owners = _one_sided(self.rows, self.system.size)
        return _program(self.system, matrix, bounds, 0), owners

    def of(self, positions, sign):
        """The least (`sign` 1) or most (-1), in whole numbers, and the claims that hold it there."""
        found = self.system.ends.setdefault((sign, tuple(positions)), [])
        for end, because in found:
            if because <= self.claims:
                return end, because
        weights = np.zeros(self.system.size)
        weights[positions] = sign
        program, owners = self.program
        answer = linprog(weights, bounds=(0, None), method="highs", **program)
        if answer.status != 0:
            return (0 if sign > 0 else self.system.respondents), frozenset()
        held = frozenset().union(*_owners_of(answer, owners))
        found.append((sign * math.ceil(answer.fun - NO_VIOLATION), held))
        return found[-1]


def _one_sided(rows, size):
    """Rows as `matrix @ unknowns <= bounds`, and which claim each line is of."""
    lines = [(i, r.unknowns, r.coefficients, r.high) for i, r in rows if r.high is not None]
    lines += [(i, r.unknowns, -r.coefficients, -r.low) for i, r in rows if r.low is not None]
    matrix = _matrix([u for _, u, _, _ in lines], [c for _, _, c, _ in lines], size)
    return matrix, np.array([b for *_, b in lines], dtype=float), [i for i, *_ in lines]


def _program(system, matrix, bounds, slack):
    """Arguments of linprog: these elastic rows, and below them the structure, which has no slack."""
    equal = [r for r in system.structure if r.low == r.high]
    capped, cap, _ = _one_sided([(None, r) for r in system.structure if r.low != r.high], system.size)
    hard = _matrix([r.unknowns for r in equal], [r.coefficients for r in equal], system.size)
    return {
        "A_ub": vstack([matrix, hstack([capped, csr_matrix((len(cap), slack))])]).tocsr(),
        "b_ub": np.concatenate([bounds, cap]),
        "A_eq": hstack([hard, csr_matrix((len(equal), slack))]).tocsr(),
        "b_eq": np.array([r.low for r in equal], dtype=float),
    }


def _owners_of(answer, owners):
    """The claims whose rows have a dual value."""
    held = np.flatnonzero(np.abs(answer.ineqlin.marginals[: len(owners)]) > NO_VIOLATION)
    return [owners[k] for k in held]


def _matrix(unknowns, coefficients, size):
    if not unknowns:
        return csr_matrix((0, size))
    lines = np.repeat(np.arange(len(unknowns)), [len(u) for u in unknowns])
    return csr_matrix(
        (np.concatenate(coefficients).astype(float), (lines, np.concatenate(unknowns))), shape=(len(unknowns), size)
    )


def _whole_number_core(system, ids, seed, time_limit):
    """Claims that contradict each other in whole respondents only: near ones first, then by leaving out questions."""
    asks = {i: system.questions(i) for i in ids}
    for near in sorted(set(asks.values()), key=lambda q: (len(q), sorted(q))):
        close = [i for i in ids if asks[i] <= near]
        if _impossible(system, close, seed, time_limit):
            return close
    core = list(ids)
    for far in sorted(set(asks.values()), key=lambda q: (len(q), sorted(q))):
        rest = [i for i in core if asks[i] != far]
        if len(rest) < len(core) and _impossible(system, rest, seed, time_limit):
            core = rest
    return core


def solve(system, ids, *, seed, time_limit):
    """Counts of respondents that meet these claims: an array over the unknowns, or None if there are none."""
    model, unknowns = counting_model(system, ids)
    solver = exact_solver(seed, time_limit)
    status = solver.solve(model)
    if status == cp_model.UNKNOWN:
        raise InputProblem(
            f"the solver did not decide within {time_limit:g} seconds whether {len(ids)} claims can all be met",
            file="params.yaml",
            column="reconstruct.time_limit",
            do="raise the limit",
        )
    if status == cp_model.INFEASIBLE:
        return None
    return np.array([solver.value(x) for x in unknowns])


def exact_solver(seed, time_limit):
    """A CP-SAT solver that takes the same path every time: one worker, a fixed seed."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    if time_limit is not None:
        solver.parameters.max_time_in_seconds = time_limit
    return solver


def counting_model(system, ids):
    """A CP-SAT model of the structure and these claims, and its unknowns in order."""
    model = cp_model.CpModel()
    unknowns = [model.new_int_var(0, system.respondents, "") for _ in range(system.size)]
    pairs = [(frozenset([i]), row) for i in ids for row in system.claims[i]]
    linear = [(owner, row) for owner, row in pairs if isinstance(row, Row)]
    for row in (*system.structure, *(row for _, row in linear)):
        terms = cp_model.LinearExpr.weighted_sum([unknowns[k] for k in row.unknowns], row.coefficients.tolist())
        model.add_linear_expression_in_domain(terms, _domain(row))
    if len(linear) < len(pairs):
        ends = _Ends(system, linear)
        for _, row in pairs:
            if not isinstance(row, Row):
                _add_comparison(model, row, unknowns, ends)
    return model, unknowns


def _domain(row):
    low = cp_model.INT32_MIN if row.low is None else row.low
    high = cp_model.INT32_MAX if row.high is None else row.high
    return cp_model.Domain(low, high)


def linear_limits(system, rows):
    """The structure and further Rows as one constraint for scipy's programs."""
    rows = [*system.structure, *rows]
    low = [-np.inf if r.low is None else r.low for r in rows]
    high = [np.inf if r.high is None else r.high for r in rows]
    return LinearConstraint(_matrix([r.unknowns for r in rows], [r.coefficients for r in rows], system.size), low, high)


def _add_comparison(model, row, unknowns, ends):
    """a / b above c / d, as the products a d above c b.

    Bases are mostly settled by other claims; saying so beforehand makes the products linear.
    """
    most, totals = ends.system.respondents, []
    for positions, is_base in ((row.a, False), (row.b, True), (row.c, False), (row.d, True)):
        low, high = (ends.of(positions, 1)[0], ends.of(positions, -1)[0]) if is_base else (0, most)
        totals.append(model.new_int_var(min(low, high), max(low, high), ""))
        model.add(totals[-1] == cp_model.LinearExpr.sum([unknowns[k] for k in positions]))
    a, b, c, d = totals
    left, right = model.new_int_var(0, most**2, ""), model.new_int_var(0, most**2, "")
    model.add_multiplication_equality(left, [a, d])
    model.add_multiplication_equality(right, [c, b])
    model.add(row.sign * (left - right) >= (1 if row.strict else 0))
