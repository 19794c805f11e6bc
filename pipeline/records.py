"""From counts back to records: the least informative tables that meet the claims, glued into respondents."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from ortools.sat.python import cp_model
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, eye_array, kron

from pipeline.certificates import linear_limits
from pipeline.codebook import ORGANISATION
from pipeline.problems import InputProblem
from pipeline.respondents import typed
from pipeline.system import Row, counted, linear_row, sides
from pipeline.whole import counting_model, exact_solver

# A solver's bound this little above a whole number is that number.
ROUND_OFF = 1e-6
# Where x log x is replaced by straight lines between these counts.
KNOTS = np.array([0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, *(2**k for k in range(8, 31))])


@dataclass(frozen=True)
class Counts:
    """Whole-number counts by unknown; by step, their distance from the most even ones and a proven lower bound."""

    values: np.ndarray
    steps: dict[str, tuple[int, int]]


def settle_bases(system, verdict, *, sizes, seed, effort):
    """Counts that meet the claims kept, with the size bands and the bases that the least informative records have.

    Those are the whole-number counts as close as possible to the most even ones that meet the claims. The most even
    counts maximise the entropy summed over the cliques' tables (as a linear program, x log x drawn by straight lines
    between KNOTS), among all fractional counts that meet the claims' linear constraints: nothing is assumed to go
    together, or to be rare, beyond what was printed (Jaynes 1957). Size bands alone are not equally likely beforehand:
    `sizes` says how many organisations of the population each has. Whole numbers follow in three steps, each the
    closest by the sum of absolute differences to the most even counts that what is settled allows: the size bands, the
    other bases that shares rest on, and all counts, which is the step of `settle_counts`. `effort` bounds each of the
    first two searches in CP-SAT's deterministic time, the same on every machine; the third has no limit.
    """
    ids, rows, bands = list(verdict.kept), _linear(system, verdict), _bands(system)
    search = {"seed": seed, "effort": effort}
    first, bands_distance, bands_bound = _closest_sums(system, ids, bands, _most_even(system, rows, sizes), **search)
    held = [_held(band, first) for band in bands]
    banded = replace(system, structure=(*system.structure, *held))
    bases = share_bases(system, ids)
    even = _most_even(banded, rows, sizes)
    second, bases_distance, bases_bound = _closest_sums(banded, ids, bases, even, **search)
    steps = {
        "size bands": (bands_distance, bands_bound),
        "bases that shares rest on, given the size bands": (bases_distance, bases_bound),
    }
    return Counts(second, steps)


def settle_counts(system, verdict, bases, *, sizes):
    """The Counts of the least informative records, given those of `settle_bases`: with their size bands and bases."""
    ids, rows = verdict.kept, _linear(system, verdict)
    rows += [_held(base, bases.values) for base in (*_bands(system), *share_bases(system, ids))]
    rows += [_settled(row, bases.values) for i in ids for row in system.claims[i] if not isinstance(row, Row)]
    values, distance, bound = _closest_counts(system, rows, _most_even(system, rows, sizes))
    return Counts(values, bases.steps | {"all counts, given these bases": (distance, bound)})


def _linear(system, verdict):
    """The Rows of the claims kept; comparisons of shares are none."""
    return [row for i in verdict.kept for row in system.claims[i] if isinstance(row, Row)]


def _bands(system):
    """The unknowns of each size band."""
    clique, cells = system.layout.column(system.codebook.size_band)
    return [clique.unknowns(cells == band) for band in system.layout.levels[cells.name]]


def _held(positions, counts):
    """A Row that holds a sum of unknowns where these counts have it."""
    total = int(counts[positions].sum())
    return Row(positions, np.ones(len(positions), dtype=int), total, total)


def _settled(comparison, counts):
    """A comparison of shares as a Row, now that their bases are settled: a d above c b."""
    b, d = int(counts[comparison.b].sum()), int(counts[comparison.d].sum())
    sign, least = comparison.sign, 1 if comparison.strict else 0
    return linear_row((sign * d, comparison.a), (-sign * b, comparison.c), low=least)


def _closest_sums(system, ids, groups, target, *, seed, effort):
    """Counts that meet the claims, with these sums closest to the target's; their distance and a proven bound of it."""
    model, unknowns = counting_model(system, ids)
    gaps = []
    for positions in groups:
        aim = round(target[positions].sum())
        gaps.append(model.new_int_var(0, system.respondents, ""))
        total = cp_model.LinearExpr.sum([unknowns[k] for k in positions])
        model.add(gaps[-1] >= total - aim)
        model.add(gaps[-1] >= aim - total)
    model.minimize(sum(gaps))
    solver = exact_solver(seed, None)
    solver.parameters.max_deterministic_time = effort
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise InputProblem(
            "no records were found in the effort allowed, though the claims can be met",
            file="params.yaml",
            column="reconstruct.effort",
            found=effort,
            do="raise it",
        )
    counts = np.array([solver.value(x) for x in unknowns])
    return counts, round(solver.objective_value), math.ceil(solver.best_objective_bound - ROUND_OFF)


def _closest_counts(system, rows, target):
    """Whole counts that meet these Rows and are closest to the target's; their distance, and a proven bound of it."""
    size, aim = system.size, np.rint(target)
    limits, one = linear_limits(system, rows), eye_array(system.size)
    matrix = block_array([[limits.A, None], [one, -one], [-one, -one]]).tocsr()
    low = np.concatenate([limits.lb, np.full(2 * size, -np.inf)])
    high = np.concatenate([limits.ub, aim, -aim])
    answer = milp(
        np.concatenate([np.zeros(size), np.ones(size)]),
        constraints=LinearConstraint(matrix, low, high),
        integrality=np.ones(2 * size),
        bounds=Bounds(0, system.respondents),
    )
    if answer.status != 0:
        raise AssertionError(f"bases that belong to whole counts have whole counts: {answer.message}")
    return np.rint(answer.x[:size]).astype(int), round(answer.fun), math.ceil(answer.mip_dual_bound - ROUND_OFF)


def share_bases(system, ids):
    """The bases that the claims' shares rest on: arrays of unknowns, each once."""
    claims = system.table[system.table["id"].isin(ids) & system.table["unit"].isin(["percent", "share", "order"])]
    bases = {}
    for claim in claims.to_dict("records"):
        for category, group in sides(claim):
            _, base = counted(system.codebook, system.layout, claim, category, group)
            bases[tuple(base)] = base
    return list(bases.values())


def _likely(system, sizes):
    """The logarithm of how likely each unknown is beforehand: by its size band, where its clique has one."""
    logs = np.zeros(system.size)
    for clique in system.layout.cliques:
        bands = [n for n in clique.nodes if n.column == system.codebook.size_band]
        if bands:
            finest = max(bands, key=lambda n: len(n.classes))
            weight = {c[0]: sum(sizes[band] for band in c) / len(c) for c in finest.classes}
            logs[clique.start : clique.start + len(clique.cells)] = np.log(clique.cells[finest.name].map(weight))
    return logs


def _most_even(system, rows, sizes):
    """Fractional counts of greatest entropy, summed over cliques, that meet these Rows."""
    limits = linear_limits(system, rows)
    knots = KNOTS[2 * system.respondents >= KNOTS].astype(float)
    heights = np.where(knots > 0, knots * np.log(np.maximum(knots, 1)), 0.0)
    slopes = np.diff(heights) / np.diff(knots)
    pieces, size = len(slopes), system.size
    lengths = np.tile(np.diff(knots), size)
    share = kron(eye_array(size), np.ones((1, pieces)))
    matrix = block_array([[limits.A, None], [eye_array(size), -share]]).tocsr()
    low = np.concatenate([limits.lb, np.zeros(size)])
    high = np.concatenate([limits.ub, np.zeros(size)])
    answer = milp(
        np.concatenate([-_likely(system, sizes), np.tile(slopes, size)]),
        constraints=LinearConstraint(matrix, low, high),
        bounds=Bounds(0, np.concatenate([np.full(size, np.inf), lengths])),
    )
    if answer.status != 0:
        raise AssertionError(f"claims that can be met have a most even solution: {answer.message}")
    return answer.x[:size]


def glue(system, counts, *, seed):
    """Respondents from the counts: one row each, sorted by sector and numbered within it.

    Cliques are joined one by one along the junction tree. Within respondents who agree on what a clique shares with
    its parent, its rows are dealt out in random order, so that nothing else goes together.
    """
    draw = np.random.default_rng(seed)
    records = pd.DataFrame(index=range(system.respondents))
    for clique in system.layout.cliques:
        times = counts[clique.start : clique.start + len(clique.cells)]
        rows = clique.cells.loc[clique.cells.index.repeat(times)]
        records = _deal(records, rows, clique, draw)
    records = records[list(system.layout.levels)].iloc[draw.permutation(len(records))]
    return _numbered(records.reset_index(drop=True), system.codebook)


def _deal(records, rows, clique, draw):
    """Give each record the new columns of one row of the clique that agrees with it on the shared ones."""
    shared = list(clique.shared)
    fresh = [c for c in rows.columns if c not in records.columns]
    if not fresh:
        return records
    takers = records.groupby(shared, sort=False).indices if shared else {(): np.arange(len(records))}
    givers = rows.groupby(shared, sort=False).indices if shared else {(): np.arange(len(rows))}
    dealt = np.empty(len(records), dtype=int)
    for value, places in takers.items():
        dealt[places] = draw.permutation(givers[value])
    return records.join(rows[fresh].iloc[dealt].set_axis(records.index))


def _numbered(records, codebook):
    sectors = [a.id for a in codebook.question(codebook.sector).answers]
    rank = records[codebook.sector].map({s: i for i, s in enumerate(sectors)})
    ordered = records.loc[rank.sort_values(kind="stable").index].reset_index(drop=True)
    number = ordered.groupby(codebook.sector).cumcount() + 1
    names = ordered[codebook.sector].str.upper() + number.map("-{:03d}".format)
    return typed(ordered.replace("", pd.NA).assign(**{ORGANISATION: names}), codebook)
