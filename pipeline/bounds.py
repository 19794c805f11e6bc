"""How far the claims pin every estimate down: the smallest and largest share over all records that meet them.

The linear programs of `pipeline.programs` over the claims that were kept. A count is bounded in fractions of
respondents and rounded inwards to whole ones; a share of an open base is bounded as a ratio, and so is a weighted
share, whose weights the open sizes of the strata leave open too: nothing is held fixed. Bounds are never too narrow;
where records in whole numbers were found at an end, that end is marked as attained and so exact.

Questions that no claim ties together, directly or through others, bear on each other only through how many
organisations there are of each size, so each such component is bounded by itself, within the ends of these sizes.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import networkx as nx
import numpy as np
import pandas as pd

from pipeline.cliques import Tie
from pipeline.codebook import TOTAL, Codebook, Test
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.programs import DIGITS, ROUND_OFF, Program, Stratum
from pipeline.system import build_system, counted, limited_by_claim, tie_of
from pipeline.tables import BOUND_COLUMNS
from pipeline.texts import ITEMS
from pipeline.whole_sizes import Known, bands_of, held_sizes, known_rows, known_sizes
from pipeline.witnesses import Witnesses

COUNTS = ["count_low", "count_high", "base_low", "base_high"]
ATTAINED = {(True, True): "both", (True, False): "low", (False, True): "high", (False, False): "neither"}
# Into how many pieces the work is cut where it is spread over processors: more than there are processors, so that one
# that is done takes another piece while a large one is still in hand.
PIECES = 10
# Records with a cell that nobody speaks for cannot be weighted to the population, so weighted bounds pass over them.
LEAST_IN_STRATUM = 1
NOBODY = np.array([], dtype=int), np.array([], dtype=int)


def bound_estimates(codebook, claims, verdict, settings, *, cells=None, counts=None, compute=None):
    """Bounds and support of every estimate of the codebook's measures.

    `cells` are the population's (`population_cells`), whose totals the weights meet: an organisation's weight is its
    cell's total over the respondents in it. Without them, only the unweighted estimates are bounded. `counts` are
    whole-number counts that meet the claims kept, by unknown of their system, such as the records' (by default those
    of the verdict): bounds are shown to be exact by records with the same bases as these. `compute` (a section of the
    Params) spreads the work over processors, with the same result; without it, it is done in this process.

    One row per measure, category, break, group and basis: support (`published`: a kept claim prints it, as a share or
    as a count of a settled base; `implied`: the claims force one value; `bounded`: they force an interval; `assumed`:
    they say nothing), low and high of the share (empty where its base can be nil), which of them records in whole
    numbers were found to attain (`both`, `low`, `high`, `neither`), the ends of the base and, where it is settled or
    the count printed, of the count, both unweighted, and what is taken as given: nothing but, for a weighted share,
    that each cell in the list is weighted to its total.
    """
    whole = build_system(codebook, claims, settings.worded_tolerance)
    ids = list(verdict.kept)
    known = known_sizes(whole, ids, cells, settings.worded_tolerance)
    held = held_sizes(whole, ids, verdict.solution if counts is None else counts, settings.worded_tolerance)
    asks = {i: whole.questions(i) for i in ids}
    problem = _Problem(codebook, claims, settings, asks, known, held, cells, whole.layout.drawn)
    parts = [(m, breaks) for m in codebook.measures for breaks in _parts(codebook, m)]
    rows = _spread(problem, parts, compute) if compute else _bound_parts(problem, parts)
    table = pd.DataFrame(rows, columns=BOUND_COLUMNS).astype(dict.fromkeys(COUNTS, "Int64"))
    return _in_order(table, codebook)


def _bound_parts(problem, parts):
    """The rows of these parts: measures, each with the breaks by which it is bounded together."""
    return [row for measure, breaks in parts for row in _Part(problem, measure, breaks).bound()]


def _spread(problem, parts, compute):
    """The same over processors. Parts are dealt out in turn, so that each piece has some of the large ones."""
    from pipeline.compute import spread

    pieces = [(replace(problem, drawn={}), parts[n::PIECES]) for n in range(PIECES)]
    return [row for rows in spread(_bound_parts, pieces, compute=compute, say=lambda _: None) for row in rows]


def _in_order(table, codebook):
    """The rows by measure, by break within it, and otherwise as they came."""
    order = {(m.id, b): n for n, (m, b) in enumerate((m, b) for m in codebook.measures for b in (TOTAL, *m.breaks))}
    place = pd.Series([order[key] for key in zip(table["measure"], table["break"], strict=True)], index=table.index)
    return table.loc[place.sort_values(kind="stable").index].reset_index(drop=True)


@dataclass(frozen=True)
class _Problem:
    """What every measure's bounds need: `asks` holds the questions of each claim kept, `drawn` is as for Layout."""

    codebook: Codebook
    claims: pd.DataFrame
    settings: object
    asks: dict
    known: Known
    held: Known
    cells: pd.DataFrame | None
    drawn: dict

    @cached_property
    def components(self):
        """By question, all those that claims or routing tie to it, other than the sector and the size band."""
        return components(self.codebook, self.asks.values())

    @cached_property
    def settled(self):
        """The estimates whose count a kept claim settles in whole numbers, with that count."""
        counts = {i: low for i, (low, high) in self.known.counts.items() if low == high}
        claims = self.claims[self.claims["id"].isin(counts)].to_dict("records")
        return {_name(c): counts[c["id"]] for c in claims if self.codebook.measure(c["measure"]).base == c["base"]}

    @cached_property
    def printed(self):
        """The estimates of which a kept claim prints the share."""
        return self._exact("percent", "share")

    @cached_property
    def counted(self):
        """The estimates of which a kept claim prints the count: the share with it, where the base is settled."""
        return self._exact("count")

    def _exact(self, *units):
        kept = self.claims[self.claims["id"].isin(self.asks)]
        exact = kept[(kept["op"] == "=") & kept["unit"].isin(units) & (kept["measure"] != "")]
        return {_name(c) for c in exact.to_dict("records") if self.codebook.measure(c["measure"]).base == c["base"]}

    def near(self, questions):
        """The claims on these questions, the sector and the size band, and on nothing else."""
        frame = {self.codebook.sector, self.codebook.size_band}
        return [i for i, asked in self.asks.items() if asked - frame <= questions]

    def system(self, ids, ties):
        """The system of these claims, over just the columns that they, the size bands and these ties touch."""
        band = self.codebook.size_band
        return build_system(
            self.codebook,
            self.claims[self.claims["id"].isin(ids)],
            self.settings.worded_tolerance,
            whole=False,
            drawn=self.drawn,
            also=[*(Tie({band: (frozenset([b]),)}) for b in self.known.sizes), *ties],
            unlimited=limited_by_claim(self.codebook, self.claims),
        )


def components(codebook, asked_together):
    """By question, the questions that these sets or the routing tie to it (a frozenset), sector and size band apart."""
    frame = {codebook.sector, codebook.size_band}
    graph = nx.Graph()
    for questions in [*asked_together, *({q.id, *q.asked_if} for q in codebook.questions)]:
        nx.add_path(graph, sorted(set(questions) - frame))
    found = [frozenset(c) for c in nx.connected_components(graph)]
    return {question: component for component in found for question in component}


def _own(codebook, measure):
    """The questions of a measure and its base."""
    return {measure.question, *codebook.base(measure.base).where}


def _asked_by(codebook, break_):
    """The questions that make a break's groups."""
    return {q for g in codebook.groups(break_) for q in g.where}


def _parts(codebook, measure):
    """The breaks of a measure that are bounded together: those by what the frame says, and each other one by itself."""
    frame = _own(codebook, measure) | {codebook.sector, codebook.size_band}
    framed = [b for b in measure.breaks if _asked_by(codebook, b) <= frame]
    return [[TOTAL, *framed], *([b] for b in measure.breaks if b not in framed)]


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


class _Part:
    """A measure split by some breaks, with the system of all claims that can bear on it."""

    def __init__(self, problem, measure, breaks):
        self.problem, self.codebook = problem, problem.codebook
        own = set().union(_own(self.codebook, measure), *(_asked_by(self.codebook, b) for b in breaks))
        tied = {problem.components[q] for q in own if q in problem.components}
        near = problem.near(frozenset().union(*tied))
        self.estimates = _estimates(self.codebook, measure, breaks)
        self.among = {
            cell: {self.codebook.size_band: Test(any=tuple(bands))} for cell, bands in bands_of(problem.cells).items()
        }
        ties = [
            tie_of(self.codebook, e, e["category"], e["group"], among)
            for e in self.estimates
            for among in ({}, *self.among.values())
        ]
        self.system = problem.system(near, ties)
        self.program = Program(known_rows(self.system, near, problem.known), self.system.size)
        self.witnesses = Witnesses(self.system, near, known_rows(self.system, near, problem.held))
        self.bases, self.cells = {}, self._cells()

    def _cells(self):
        """By weighting cell, a Stratum without a count and a base."""
        if not self.among:
            return {}
        totals = self.problem.cells.set_index("cell")["total"]
        clique, bands = self.system.layout.column(self.codebook.size_band)
        found = {}
        for cell, among in self.among.items():
            inside = among[self.codebook.size_band].any
            least, most = self.problem.known.cells[cell]
            held = sum(self.problem.held.sizes[band][0] for band in inside)
            members = clique.unknowns(bands.isin(inside))
            found[cell] = Stratum(totals[cell], members, max(least, LEAST_IN_STRATUM), most, held, *NOBODY)
        return found

    def bound(self):
        """The rows of these estimates, unweighted and weighted."""
        return [self._row(*found) for estimate in self.estimates for found in self._bound(estimate)]

    def _counted(self, estimate, among=None):
        return counted(self.codebook, self.system.layout, estimate, estimate["category"], estimate["group"], among)

    def _ends_of_base(self, base):
        key = tuple(base)
        if key not in self.bases:
            self.bases[key] = self.program.ends(base)
        return self.bases[key]

    def _bound(self, estimate):
        """(estimate, basis, share, ends of the share, of the count and of the base) for each basis.

        `share` is what witnesses need: the unknowns of count and base, or the strata of a weighted share.
        """
        count, base = self._counted(estimate)
        base_ends = self._ends_of_base(base)
        ends, count_ends = self._share_ends(estimate, count, base, base_ends)
        yield estimate, UNWEIGHTED, (count, base), ends, count_ends, base_ends
        if self.among:
            strata = self._strata(estimate)
            weighted = self._weighted_ends(strata, ends)
            yield estimate, WEIGHTED, strata, weighted, count_ends, base_ends

    def _share_ends(self, estimate, count, base, base_ends):
        """Ends of count / base, and of the count itself where it is printed or the base is settled; else None."""
        least, most = base_ends
        if least == 0:
            return (None, None), (None, None)
        if least < most:
            printed = _name(estimate) in self.problem.counted
            return self.program.ratio_ends(count, base), self.program.ends(count) if printed else (None, None)
        settled = self.problem.settled.get(_name(estimate))
        low, high = self.program.ends(count) if settled is None else (settled, settled)
        return (Fraction(low, least), Fraction(high, least)), (low, high)

    def _strata(self, estimate):
        counts = [self._counted(estimate, among) for among in self.among.values()]
        return [
            replace(stratum, count=count, base=base)
            for stratum, (count, base) in zip(self.cells.values(), counts, strict=True)
        ]

    def _weighted_ends(self, strata, unweighted):
        """Ends of a weighted share.

        Within one stratum all weights are the same. That nobody or everybody is so holds with any weights, that nobody
        or everybody may be so where no cell can be empty. Where one must be empty there are no weights.
        """
        if any(most < LEAST_IN_STRATUM for _, most in self.problem.known.cells.values()):
            return None, None
        alike = sum(len(s.base) > 0 for s in strata) == 1
        if alike or unweighted[0] is None or unweighted[0] == 1 or unweighted[1] == 0:
            return unweighted
        if unweighted == (0, 1) and all(least >= LEAST_IN_STRATUM for least, _ in self.problem.known.cells.values()):
            return unweighted
        return self.program.weighted_ends(strata)

    def _row(self, estimate, basis, share, ends, count_ends, base_ends):
        name, (low, high) = _name(estimate), ends
        support = _support(name, low, high, self._printed(base_ends) if basis == UNWEIGHTED else ())
        attained = "" if low is None else ATTAINED[self._attained(share, float(low), float(high))]
        given = ITEMS.join(self.among) if basis == WEIGHTED else ""
        return (*name, basis, support, *map(_number, (low, high)), attained, *count_ends, *base_ends, given)

    def _printed(self, base_ends):
        """The estimates whose share a kept claim prints, if their bases are as these."""
        return self.problem.printed | (self.problem.counted if base_ends[0] == base_ends[1] else set())

    def _attained(self, share, low, high):
        """Which ends some records attain; where only one value is left, all records do."""
        return (True, True) if high - low < ROUND_OFF else self.witnesses.attain(share, low, high)


def _support(name, low, high, printed):
    if name in printed:
        return "published"
    if low is None or (low <= ROUND_OFF and high >= 1 - ROUND_OFF):
        return "assumed"
    return "implied" if high - low < ROUND_OFF else "bounded"


def _number(end):
    return None if end is None else round(float(end), DIGITS) + 0.0  # and no -0.0
