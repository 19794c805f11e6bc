"""The claims as one system of linear constraints on counts of respondents.

Unknowns are the cells of the cliques (`pipeline.cliques`); every claim is a few Rows over them, or a Comparison where
two shares of different bases are set against each other.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from pipeline.claims import limits, other_side, testable, whole_ends
from pipeline.cliques import Layout, Tie, condition_sets
from pipeline.codebook import Codebook, Test
from pipeline.parts import Parts
from pipeline.problems import InputProblem
from pipeline.respondents import gave, select
from pipeline.tallies import question_of, tallies_of


@dataclass(frozen=True)
class Row:
    """A linear constraint: low <= sum of coefficients x unknowns <= high; None is no limit."""

    unknowns: np.ndarray
    coefficients: np.ndarray
    low: int | None
    high: int | None

    @property
    def positions(self):
        """The unknowns that it is about."""
        return self.unknowns


@dataclass(frozen=True)
class Comparison:
    """A share above (`sign` 1) or below (-1) another of a different base: sums of unknowns a / b against c / d."""

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    d: np.ndarray
    sign: int
    strict: bool

    @property
    def positions(self):
        """The unknowns that it is about."""
        return np.concatenate([self.a, self.b, self.c, self.d])

    @property
    def sides(self):
        """The larger share and the smaller one: part and base of the one, part and base of the other."""
        return (self.a, self.b, self.c, self.d) if self.sign > 0 else (self.c, self.d, self.a, self.b)

    def eased(self, least, most):
        """A Row that it implies where the larger share's base is at least `least` and the other's at most `most`.

        a / b > c / d says a d > c b, hence a (most of d) > c (least of b).
        """
        more, _, less, _ = self.sides
        return linear_row((most, more), (-least, less), low=1 if self.strict else 0)

    def holds(self, counts):
        """Whether whole-number counts of all unknowns meet it."""
        a, b, c, d = (int(counts[x].sum()) for x in (self.a, self.b, self.c, self.d))
        return self.sign * (a * d - c * b) >= (1 if self.strict else 0)


@dataclass(frozen=True)
class System:
    """Unknowns and constraints.

    `structure`: Rows that make neighbouring cliques agree and count every respondent once.
    `claims`: by claim id, the Rows and Comparisons that the claim stands for.
    `ends`: what solvers found of the least and most that unknowns add up to, with the claims that it rests on.
    """

    codebook: Codebook = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    worded_tolerance: float
    layout: Layout = field(repr=False)
    structure: tuple[Row, ...] = field(repr=False)
    claims: dict[str, list] = field(repr=False)
    ends: dict = field(default_factory=dict, repr=False, compare=False)

    @property
    def respondents(self):
        """How many respondents every clique counts."""
        return self.codebook.respondents

    @property
    def size(self):
        """How many unknowns there are."""
        last = self.layout.cliques[-1]
        return last.start + len(last.cells)

    @cached_property
    def parts(self):
        """The cliques that each claim looks at, for questions about a few claims."""
        return Parts(self)

    def questions(self, claim_id):
        """The questions that a claim speaks of, as a frozenset of ids."""
        ties = _ties(self.codebook, self._by_id[claim_id], self.layout.tallies)
        return frozenset(question_of(column) for tie in ties for column in tie.sets)

    @cached_property
    def _by_id(self):
        return {c["id"]: c for c in self.table.to_dict("records")}

    def only(self, ids):
        """The system of these claims alone, over just the columns that they touch: small, so quick to decide."""
        chosen = self.table[self.table["id"].isin(ids)]
        return build_system(
            self.codebook,
            chosen,
            self.worded_tolerance,
            whole=False,
            drawn=self.layout.drawn,
            unlimited=limited_by_claim(self.codebook, self.table),
        )


def build_system(codebook, claims, worded_tolerance, *, whole=True, drawn=None, also=(), unlimited=None):
    """The system of a codebook and its table of claims (`load_claims`); claims that are not testable are left out.

    `whole`: over every column of the codebook, as records need; or over just those that the claims touch. `drawn`: as
    for Layout. `also`: further Ties to make room for, such as estimates to be bounded. `unlimited`: the questions
    whose most number of answers is not taken for granted, because the report claims it (by default: these claims do).
    Raises InputProblem where the codebook does not say how many respondents there were.
    """
    if codebook.respondents is None:
        raise InputProblem("the codebook does not say how many respondents there were", column="respondents")
    tested = [c for c in claims.to_dict("records") if testable(c)]
    unlimited = limited_by_claim(codebook, claims) if unlimited is None else unlimited
    tallies = tallies_of(codebook, _answers_spoken_of(codebook, tested), unlimited)
    ties = [*also, *(tie for c in tested for tie in _ties(codebook, c, tallies))]
    layout = Layout(codebook, ties, whole=whole, drawn=drawn, tallies=tallies)
    structure = [row for clique in layout.cliques for row in _agreement(clique, layout.cliques)]
    for root in (c for c in layout.cliques if c.parent is None):
        everyone = root.unknowns(pd.Series(True, index=root.cells.index))
        structure.append(linear_row(everyone, low=codebook.respondents, high=codebook.respondents))
    rows = {c["id"]: _claim_rows(c, codebook, layout, worded_tolerance) for c in tested}
    return System(codebook, claims, worded_tolerance, layout, tuple(structure), rows)


def limited_by_claim(codebook, claims):
    """The questions of which a claim, not only the questionnaire, says how many answers each gave."""
    limits = (c for c in claims.to_dict("records") if c["unit"] == "answers" and testable(c))
    return {codebook.measure(claim["measure"]).question for claim in limits}


def _answers_spoken_of(codebook, claims):
    """By question, the largest number of answers each that claims speak of."""
    most = {}
    for claim in claims:
        if claim["unit"] == "answers":
            question = codebook.measure(claim["measure"]).question
            most[question] = max(most.get(question, 0), int(claim["number"]))
    return most


def about(codebook, claim, group):
    """Who a claim is about: two conditions that both must hold, its base's and that of a group of its break."""
    return codebook.base(claim["base"]).where, codebook.group(claim["break"], group).where


def sides(claim):
    """(category, group) for each group that a claim sets against the other, or of the one that it has."""
    yield claim["category"], claim["group"]
    if claim["versus_group"]:
        yield other_side(claim)


def tie_of(codebook, claim, category, group, among=None):
    """What must stand in one table for a count and its base to be sums of cells; `among`, if any, narrows both."""
    question = codebook.question(codebook.measure(claim["measure"]).question)
    conditions = (*about(codebook, claim, group), *([among] if among else []))
    if category:
        conditions += ({question.id: Test(any=question.members(category))},)
    sets = {}
    for condition in conditions:
        for column, added in condition_sets(codebook, condition).items():
            sets[column] = (*sets.get(column, ()), *added)
    return Tie(sets)


def _ties(codebook, claim, tallies):
    """The ties of a claim: one per share that it speaks of."""
    if claim["unit"] == "answers":
        return [_tie_of_answers(codebook, claim, tallies)]
    ties = [tie_of(codebook, claim, claim["category"], claim["group"])]
    if claim["unit"] == "order":
        ties.append(tie_of(codebook, claim, *other_side(claim)))
    return ties


def _tie_of_answers(codebook, claim, tallies):
    """What must stand in one table to see who of a claim's base gives more answers than it says."""
    tally = tallies[codebook.measure(claim["measure"]).question]
    last = {tally.columns[-1]: (tally.beyond(claim["number"], claim["op"] == "<"),)}
    return Tie(tie_of(codebook, claim, "", claim["group"]).sets | last)


def counted(codebook, layout, claim, category, group, among=None):
    """Positions of the unknowns that add up to a claim's count, and to its base: two arrays.

    `among`: a further condition that narrows both, if any.
    """
    clique, nodes = layout.place(tie_of(codebook, claim, category, group, among))
    question = codebook.question(codebook.measure(claim["measure"]).question)
    base = np.ones(len(clique.cells), dtype=bool)
    for condition in (*about(codebook, claim, group), among or {}):
        base &= layout.picked(clique, nodes, tuple(condition.items()), lambda cells, c=condition: select(cells, c))
    given = layout.picked(clique, nodes, (question.id, category), lambda cells: gave(cells, question, category))
    return clique.unknowns(base & given), clique.unknowns(base)


def _agreement(clique, cliques):
    """Rows that make a clique and its parent count the same respondents for each value of what they share."""
    if clique.parent is None:
        return []
    parent, shared = cliques[clique.parent], list(clique.shared)
    ours = clique.cells.groupby(shared, sort=False).indices
    theirs = parent.cells.groupby(shared, sort=False).indices
    none = np.array([], dtype=int)
    return [
        linear_row(clique.start + ours.get(value, none), (-1, parent.start + theirs.get(value, none)), low=0, high=0)
        for value in dict.fromkeys([*ours, *theirs])
    ]


def linear_row(*terms, low=None, high=None):
    """A Row from arrays of unknowns or pairs (coefficient, unknowns); coefficients of one unknown are added up."""
    pairs = [t if isinstance(t, tuple) else (1, t) for t in terms]
    unknowns = np.concatenate([u for _, u in pairs])
    coefficients = np.concatenate([np.full(len(u), c, dtype=int) for c, u in pairs])
    distinct, where = np.unique(unknowns, return_inverse=True)
    totals = np.zeros(len(distinct), dtype=int)
    np.add.at(totals, where, coefficients)
    return Row(distinct[totals != 0], totals[totals != 0], low, high)


def _claim_rows(claim, codebook, layout, worded_tolerance):
    if claim["unit"] == "order":
        return _order_rows(claim, codebook, layout)
    if claim["unit"] == "answers":
        return _answers_rows(claim, codebook, layout)
    count, base = counted(codebook, layout, claim, claim["category"], claim["group"])
    low, low_open, high, high_open = limits(claim, worded_tolerance)
    if claim["unit"] == "count":
        least, most = whole_ends(low, low_open, high, high_open)
        return [linear_row(count, low=least, high=most)]
    rows = [linear_row(base, low=1)]
    if low is not None:
        terms = (low.denominator, count), (-low.numerator, base)
        rows.append(linear_row(*terms, low=1 if low_open else 0))
    if high is not None:
        terms = (high.denominator, count), (-high.numerator, base)
        rows.append(linear_row(*terms, high=-1 if high_open else 0))
    return rows


def _answers_rows(claim, codebook, layout):
    """Rows that there is somebody in the base of a limit on answers, and nobody who breaks it."""
    tally = layout.tallies[codebook.measure(claim["measure"]).question]
    clique, nodes = layout.place(_tie_of_answers(codebook, claim, layout.tallies))
    where, within = about(codebook, claim, claim["group"])
    cells = clique.view(nodes)
    base = select(cells, where) & select(cells, within)
    beyond = cells[tally.columns[-1]].isin(tally.beyond(claim["number"], claim["op"] == "<"))
    return [linear_row(clique.unknowns(base), low=1), linear_row(clique.unknowns(base & beyond), high=0)]


def _order_rows(claim, codebook, layout):
    a, b = counted(codebook, layout, claim, claim["category"], claim["group"])
    c, d = counted(codebook, layout, claim, *other_side(claim))
    sign, strict = (1 if claim["op"] in (">", ">=") else -1), claim["op"] in (">", "<")
    if not claim["versus_group"]:
        return [linear_row(b, low=1), linear_row((sign, a), (-sign, c), low=1 if strict else 0)]
    return [linear_row(b, low=1), linear_row(d, low=1), Comparison(a, b, c, d, sign, strict)]
