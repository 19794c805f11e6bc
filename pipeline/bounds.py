"""How far the claims pin every estimate down: the smallest and largest share over all records that meet them.

Linear programs over the system of the claims that were kept. A count is bounded in fractions of respondents and
rounded inwards to whole ones; a share of a base that is itself open is a ratio, bounded by the program of Charnes and
Cooper (1962). Whole-number effects beyond that rounding are left out, so a bound may be wider than the narrowest
possible one, never narrower.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction

import pandas as pd
from ortools.linear_solver import pywraplp

from pipeline.claims import limits
from pipeline.cliques import Tie
from pipeline.codebook import TOTAL, Codebook
from pipeline.contradictions import eased_rows
from pipeline.system import Row, about, build_system, counted, limited_by_claim, linear_row, tie_of, whole_ends

ROUND_OFF = 1e-6
COLUMNS = [
    *("measure", "category", "break", "group", "support", "low", "high"),
    *("count_low", "count_high", "base_low", "base_high"),
]


def bound_estimates(codebook, claims, verdict, settings):
    """Bounds and support of every unweighted estimate of the codebook's measures.

    One row per measure, category, break and group: support (`published`: a kept claim prints it; `implied`: the
    claims force one value; `bounded`: they force an interval; `assumed`: they say nothing), low and high of the share
    (empty where its base can be nil), and the ends of base and, where the base is settled, of count.
    """
    whole = build_system(codebook, claims, settings.worded_tolerance)
    ids = list(verdict.kept)
    bases = _whole_bases(whole, ids, settings.worded_tolerance)
    counts = _whole_counts(whole, ids, bases, settings.worded_tolerance)
    known = _Known(sizes={}, bases=bases, counts=counts)
    known = replace(known, sizes=_band_ends(whole, ids, known))
    problem = _Problem(
        codebook, claims, settings.worded_tolerance, {i: whole.questions(i) for i in ids}, known, whole.layout.drawn
    )
    rows = [row for measure in codebook.measures for row in _bound_measure(problem, measure)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({c: "Int64" for c in COLUMNS[-4:]})


@dataclass(frozen=True)
class _Known:
    """Ends in whole numbers that are found before the estimates are bounded, so that linear programs see them too.

    `sizes`: respondents by size band. `bases`: respondents by the condition of a base. `counts`: by claim.
    """

    sizes: dict
    bases: dict
    counts: dict


@dataclass(frozen=True)
class _Problem:
    """What every measure's bounds need: `asks` holds the questions of each claim kept, `drawn` is as for Layout."""

    codebook: Codebook
    claims: pd.DataFrame
    worded_tolerance: float
    asks: dict
    known: _Known
    drawn: dict

    def settled(self):
        """The estimates whose count a kept claim settles in whole numbers, with that count."""
        counts = {i: low for i, (low, high) in self.known.counts.items() if low == high}
        claims = self.claims[self.claims["id"].isin(counts)].to_dict("records")
        return {_name(c): counts[c["id"]] for c in claims if self.codebook.measure(c["measure"]).base == c["base"]}


def _share_claims(system, ids):
    chosen = system.table["id"].isin(ids) & system.table["unit"].isin(["percent", "share"])
    return system.table[chosen].to_dict("records")


def _whom(codebook, claim):
    """Whose share an estimate or claim is: the conditions of its base and group, in a form that can be looked up."""
    tests = [item for condition in about(codebook, claim, claim["group"]) for item in condition.items()]
    return tuple(sorted((q, *(tuple(sorted(answers)) for answers in (t.any, t.all, t.none))) for q, t in tests))


def _whole_bases(system, ids, worded_tolerance):
    """The least and most size of each base of a share, among those at which every share printed of it is possible.

    90%, 57% and 14% of one group of 26 to 49 organisations leave 42 of them, for instance: no other number has whole
    parts that round to all three.
    """
    program, bases, shares = _Program(system, ids, _Known({}, {}, {})), {}, defaultdict(list)
    for claim in _share_claims(system, ids):
        whom = _whom(system.codebook, claim)
        if whom not in bases:
            _, base = counted(system.codebook, system.layout, claim, claim["category"], claim["group"])
            bases[whom] = program.ends(base)
        shares[whom].append(limits(claim, worded_tolerance))
    possible = {
        whom: [n for n in range(least, most + 1) if all(_has_whole_part(n, limit) for limit in shares[whom])]
        for whom, (least, most) in bases.items()
    }
    return {whom: (min(sizes), max(sizes)) for whom, sizes in possible.items()}


def _has_whole_part(base, limit):
    """Whether some whole number of `base` organisations is a share within these limits."""
    least, most = _whole_part(base, limit)
    return max(least, 0) <= min(most, base)


def _whole_part(base, limit):
    low, low_open, high, high_open = limit
    least, most = whole_ends(
        None if low is None else low * base, low_open, None if high is None else high * base, high_open
    )
    return (0 if least is None else least), (base if most is None else most)


def _whole_counts(system, ids, bases, worded_tolerance):
    """The least and most whole count that each claim of a share allows, where its base is settled.

    Linear programs see fractions of respondents: 62% of 77 may be anything from 47.4 to 48.1. Said to them as "48",
    it bounds what is added up from it too.
    """
    counts = {}
    for claim in _share_claims(system, ids):
        least, most = bases[_whom(system.codebook, claim)]
        if least == most:
            counts[claim["id"]] = _whole_part(least, limits(claim, worded_tolerance))
    return counts


def _band_ends(system, ids, known):
    """The least and most respondents that each size band can have."""
    program, band = _Program(system, ids, known), system.codebook.size_band
    clique, cells = system.layout.column(band)
    return {level: program.ends(clique.unknowns(cells == level)) for level in system.layout.levels[band]}


def _own(codebook, measure):
    """The questions of a measure and its base."""
    return {measure.question, *codebook.base(measure.base).where}


def _asked_by(codebook, break_):
    """The questions that make a break's groups."""
    return {q for g in codebook.groups(break_) for q in g.where}


def _parts(codebook, measure, asks):
    """The breaks of a measure in two parts: those that some claim ties it to, with the total, and all others."""
    own = _own(codebook, measure)
    tied = [b for b in measure.breaks if any(own & q and _asked_by(codebook, b) & q - own for q in asks.values())]
    return [(TOTAL, *tied), tuple(b for b in measure.breaks if b not in tied)]


def _near(codebook, measure, breaks, asks):
    """The claims that bear on a measure split by these breaks.

    Of breaks that claims tie it to: those on its questions, on the breaks', and on what these are printed together
    with; what is farther off bears on it only through how many organisations there are of each size. Of other breaks:
    those on its own questions alone.
    """
    frame = {codebook.sector, codebook.size_band}
    own = _own(codebook, measure)
    within = own | frame
    if TOTAL in breaks:
        own = (own | {q for b in breaks for q in _asked_by(codebook, b)}) - frame
        within = within.union(own, *(q for q in asks.values() if q & own))
    return [i for i, q in asks.items() if q <= within]


def _estimates(codebook, measure, breaks):
    """Every estimate of a measure by these breaks, in the shape of a claim."""
    categories = codebook.question(measure.question).categories
    return [
        {"measure": measure.id, "category": c, "break": b, "group": g.id, "base": measure.base, "unit": "count"}
        for b in breaks
        for g in codebook.groups(b)
        for c in categories
    ]


def _name(estimate):
    return tuple(estimate[c] for c in ("measure", "category", "break", "group"))


def _printed(kept, codebook):
    """The estimates that a kept claim prints as a number."""
    exact = kept[(kept["op"] == "=") & kept["unit"].isin(["percent", "count", "share"]) & (kept["measure"] != "")]
    return {_name(c) for c in exact.to_dict("records") if codebook.measure(c["measure"]).base == c["base"]}


def _bound_measure(problem, measure):
    """The rows of one measure, in the order of its breaks."""
    rows = []
    for breaks in _parts(problem.codebook, measure, problem.asks):
        if breaks:
            rows += _bound_breaks(problem, measure, breaks)
    order = {b: i for i, b in enumerate((TOTAL, *measure.breaks))}
    return sorted(rows, key=lambda row: order[row[COLUMNS.index("break")]])


def _bound_breaks(problem, measure, breaks):
    """The rows of a measure split by these breaks, from the system of the claims near it."""
    codebook, claims = problem.codebook, problem.claims
    estimates, near = _estimates(codebook, measure, breaks), _near(codebook, measure, breaks, problem.asks)
    system = build_system(
        codebook,
        claims[claims["id"].isin(near)],
        problem.worded_tolerance,
        whole=False,
        drawn=problem.drawn,
        also=[
            *(Tie({codebook.size_band: (frozenset([band]),)}) for band in problem.known.sizes),
            *(tie_of(codebook, e, e["category"], e["group"]) for e in estimates),
        ],
        unlimited=limited_by_claim(codebook, claims),
    )
    program, rows, bases = _Program(system, near, problem.known), [], {}
    printed, settled = _printed(claims[claims["id"].isin(problem.asks)], codebook), problem.settled()
    for estimate in estimates:
        count, base = counted(codebook, system.layout, estimate, estimate["category"], estimate["group"])
        key = tuple(base)
        if key not in bases:
            bases[key] = program.ends(base)
        name, least = _name(estimate), bases[key][0]
        if name in settled and least == bases[key][1]:
            low = high = Fraction(settled[name], least)
            counts = (settled[name], settled[name])
        else:
            low, high, counts = _share_ends(program, count, base, bases[key])
        rows.append((*name, _support(name, low, high, printed), *map(_number, (low, high)), *counts, *bases[key]))
    return rows


def _share_ends(program, count, base, base_ends):
    """Ends of count / base, and of the count itself where the base is settled; None where nothing can be said."""
    least, most = base_ends
    if least == 0:
        return None, None, (None, None)
    if least < most:
        return *program.ratio_ends(count, base), (None, None)
    low, high = program.ends(count)
    return Fraction(low, least), Fraction(high, least), (low, high)


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

    def __init__(self, system, ids, known):
        rows = [row for i in ids for row in system.claims[i] if isinstance(row, Row)]
        self.rows = [*system.structure, *rows, *eased_rows(system, ids)]
        for band, ends in known.sizes.items():
            clique, cells = system.layout.column(system.codebook.size_band)
            self.rows.append(linear_row(clique.unknowns(cells == band), low=ends[0], high=ends[1]))
        for claim in _share_claims(system, ids) if known.bases else []:
            count, base = counted(system.codebook, system.layout, claim, claim["category"], claim["group"])
            least, most = known.bases[_whom(system.codebook, claim)]
            self.rows.append(linear_row(base, low=least, high=most))
            if claim["id"] in known.counts:
                low, high = known.counts[claim["id"]]
                self.rows.append(linear_row(count, low=low, high=high))
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
