"""Which claims can be true together: feasibility, minimal contradictions, and the largest set that can be kept.

A *contradiction* is a set of claims that no records can meet together although any of them may be dropped and the
rest met: a minimal infeasible set. The largest set of claims to keep leaves out a smallest set that hits every
contradiction (Reiter 1987; Davies and Bacchus 2011, "Solving MAXSAT by solving a sequence of simpler SAT
instances"): contradictions are collected until what is left is feasible, and the size of the smallest hitting set is
then the proof that no fewer can be left out. What each claim left out contradicts is listed after that, from the
shortest contradictions on (Ignatiev, Previti, Liffiton and Marques-Silva 2015, "Smallest MUS extraction with minimal
hitting set dualization").
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from ortools.sat.python import cp_model

from pipeline.certificates import linear_core
from pipeline.hitting_sets import minimal_sets
from pipeline.known import Known
from pipeline.system import Row
from pipeline.whole import solve

# Beyond the size asked for, a list of contradictions goes on as long as there are at most so many sets to look at.
FEW = 20
# Lists that are made at a time, each from nothing, so that none depends on what another has found. Solvers let go of
# Python while they work.
ABREAST = 2


@dataclass(frozen=True)
class Verdict:
    """Claims that can all be met (`kept`), those left out, contradictions, and one solution.

    `contradictions`: those that prove that no fewer can be left out, and all that a claim left out makes with claims
    kept up to a size. `listed`: by claim left out, that size; None says that all of them are there, of every size.
    """

    kept: tuple[str, ...]
    left_out: tuple[str, ...]
    contradictions: tuple[tuple[str, ...], ...]
    solution: np.ndarray
    listed: dict = field(default_factory=dict)


def judge(system, *, seed, time_limit, listed=2):
    """The largest set of claims that can be met together, with proof, and what each claim left out contradicts.

    As `largest`, then `contradict`: a Verdict.
    """
    limits = {"seed": seed, "time_limit": time_limit}
    return contradict(system, largest(system, **limits), listed=listed, **limits)


def largest(system, *, seed, time_limit):
    """The largest set of claims that can be met together: a Verdict with those contradictions that led to it.

    Of several largest sets it is the one that keeps claims that stand early in the claims file, by the sum of their
    places. Raises InputProblem where the solver cannot decide within `time_limit` seconds what it is asked.
    """
    ids, found = list(system.claims), []
    while True:
        left_out = _smallest_hitting_set(found, ids)
        rest = [i for i in ids if i not in left_out]
        fresh = _disjoint_linear_contradictions(system, rest)
        if not fresh:
            solution = solve(system, rest, seed=seed, time_limit=time_limit)
            if solution is not None:
                break
            core = _whole_number_core(system, rest, seed, time_limit)
            fresh = [minimal(system, core, seed=seed, time_limit=time_limit)]
        found += fresh
    return Verdict(tuple(rest), tuple(i for i in ids if i in left_out), tuple(map(tuple, found)), solution)


def contradict(system, found, *, seed, time_limit, listed):
    """The Verdict of `largest` with the contradictions of each claim left out, and with minimal ones as its proof.

    For each claim left out, all contradictions of up to `listed` claims are found: longer ones mostly say the same in a
    roundabout way, and their number explodes. Raises InputProblem as `largest` does.
    """

    def within(core):
        """A minimal contradiction among these claims."""
        return minimal(system, core, seed=seed, time_limit=time_limit)

    def known():
        """What is known of the claims kept, for one thread: solvers and what they found are not shared."""
        return Known(replace(system, ends={}), found.solution, seed=seed, time_limit=time_limit)

    with ThreadPoolExecutor(ABREAST) as pool:
        lists = pool.map(lambda i: _contradictions_of(i, found.kept, known(), listed), found.left_out)
        lists = dict(zip(found.left_out, lists, strict=True))
    made = [c for contradictions, _ in lists.values() for c in contradictions]
    if len(_smallest_hitting_set(made, system.claims)) < len(found.left_out):
        made += [next((c for c in made if set(c) <= set(core)), None) or within(core) for core in found.contradictions]
    sizes = {i: size for i, (_, size) in lists.items()}
    return replace(found, contradictions=tuple(dict.fromkeys(made)), listed=sizes)


def _disjoint_linear_contradictions(system, ids):
    """Contradictions among these claims that a linear program sees, no two sharing a claim."""
    found, live = [], list(ids)
    while core := linear_core(system, live):
        found.append(thinned(system, core))
        live = [i for i in live if i not in found[-1]]
    return found


def _contradictions_of(claim, kept, known, most):
    """The minimal contradictions that a claim left out makes with claims kept, and up to which size these are all.

    Claims that say the same are looked at once. A contradiction holds at most one of them, and is one with any other.
    """
    start, same = claims_to_try(claim, kept, known)
    sets, size = minimal_sets(known.meet, start, start | known.bits(same), most=most, few=FEW)
    found = []
    for others in (known.claims(s & ~start) for s in sets):
        found += [known.claims(start | known.bits(c)) for c in product(*(same[i] for i in others))]
    return found, size


def claims_to_try(claim, kept, known):
    """A claim as a set, and the claims kept by the first of those that say the same."""
    alike = {}
    for i in kept:
        alike.setdefault(_said(known.system.claims[i]), []).append(i)
    return known.bits([claim]), {claims[0]: claims for claims in alike.values()}


def _said(rows):
    """What a claim says, in a form that is equal for claims that say the same."""
    said = []
    for row in rows:
        if isinstance(row, Row):
            said.append((tuple(row.unknowns), tuple(row.coefficients), row.low, row.high))
        else:
            said.append((*(tuple(x) for x in (row.a, row.b, row.c, row.d)), row.sign, row.strict))
    return frozenset(said)


def _smallest_hitting_set(sets, ids):
    """A smallest set of claims with one of every contradiction; of several, one of latest claims (sum of places)."""
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
    core = thinned(system, ids)
    few = system.only(core)
    for candidate in reversed(tuple(core)):
        rest = [i for i in core if i != candidate]
        if rest and solve(few, rest, seed=seed, time_limit=time_limit) is None:
            core = rest
    if solve(few, core, seed=seed, time_limit=time_limit) is not None:
        raise AssertionError(f"claims that a linear program finds contradictory can be met: {core}")
    return tuple(core)


def thinned(system, ids):
    """What is left of a contradiction when claims are dropped one by one while a linear program still sees it."""
    core = list(ids)
    for candidate in ids:
        if candidate in core:
            core = linear_core(system, [i for i in core if i != candidate]) or core
    return core


def _impossible(system, ids, seed, time_limit):
    """Whether claims contradict each other, decided on a system of just these."""
    return bool(ids) and solve(system.only(ids), ids, seed=seed, time_limit=time_limit) is None


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
