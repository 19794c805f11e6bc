"""Whole numbers of respondents that meet claims, by an exact solver (CP-SAT)."""

import numpy as np
from ortools.sat.python import cp_model

from pipeline.certificates import Ends
from pipeline.problems import InputProblem
from pipeline.system import Row

# No limit: beyond any sum of counts times the coefficients of a claim.
ENDLESS = 2**62


def solve(system, ids, *, seed, time_limit):
    """Counts of respondents that meet these claims: an array over the unknowns, or None if there are none."""
    model, unknowns = counting_model(system, ids)
    solver = plain_solver(seed, time_limit)
    if not decided(solver, model, len(ids), time_limit):
        return None
    return np.array([solver.value(x) for x in unknowns])


def decided(solver, model, claims, time_limit):
    """Whether a model of so many claims has a solution; InputProblem where the solver did not find that out in time."""
    status = solver.solve(model)
    if status == cp_model.UNKNOWN:
        raise InputProblem(
            f"the solver did not decide within {time_limit:g} seconds whether {claims} claims can all be met",
            file="params.yaml",
            column="reconstruct.time_limit",
            do="raise the limit",
        )
    return status != cp_model.INFEASIBLE


def plain_solver(seed, time_limit):
    """An exact solver that goes straight to work: probing and symmetries cost more here than they save."""
    solver = exact_solver(seed, time_limit)
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    return solver


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
        model.add_linear_expression_in_domain(terms, domain(row))
    if len(linear) < len(pairs):
        ends = Ends(system, linear)
        for _, row in pairs:
            if not isinstance(row, Row):
                add_comparison(model, row, unknowns, ends)
    return model, unknowns


def domain(row):
    """The values that a Row allows."""
    low = -ENDLESS if row.low is None else row.low
    high = ENDLESS if row.high is None else row.high
    return cp_model.Domain(low, high)


def add_comparison(model, row, unknowns, ends):
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
