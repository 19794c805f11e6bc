"""The claims as one system of linear constraints on counts of respondents.

Unknowns are the cells of the cliques (`pipeline.cliques`); every claim is a few Rows over them, or a Comparison where
two shares of different bases are set against each other.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from pipeline.claims import limits, testable
from pipeline.cliques import NOT_ASKED, Layout, Tie, condition_sets
from pipeline.codebook import Codebook, Test, gave, select
from pipeline.parts import Parts
from pipeline.problems import InputProblem


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
        claim = self.table.loc[self.table["id"] == claim_id].to_dict("records")[0]
        return frozenset(c.split(".")[0] for tie in _ties(self.codebook, claim) for c in tie.sets)

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
    ties = [*also, *(tie for c in tested for tie in _ties(codebook, c))]
    layout = Layout(codebook, ties, whole=whole, drawn=drawn)
    structure = [row for clique in layout.cliques for row in _agreement(clique, layout.cliques)]
    for root in (c for c in layout.cliques if c.parent is None):
        everyone = root.unknowns(pd.Series(True, index=root.cells.index))
        structure.append(linear_row(everyone, low=codebook.respondents, high=codebook.respondents))
    unlimited = limited_by_claim(codebook, claims) if unlimited is None else unlimited
    structure += _limits_of_the_questionnaire(codebook, layout, unlimited)
    rows = {c["id"]: _claim_rows(c, codebook, layout, worded_tolerance) for c in tested}
    return System(codebook, claims, worded_tolerance, layout, tuple(structure), rows)


def limited_by_claim(codebook, claims):
    """The questions of which a claim, not only the questionnaire, says how many answers each gave."""
    return {codebook.measure(m).question for m in claims.loc[claims["unit"] == "answers", "measure"]}


def _limits_of_the_questionnaire(codebook, layout, unlimited):
    """Rows for the most answers that a question allows; where the report claims it too, the claim alone says so."""
    rows = []
    for question in codebook.questions:
        present = [c for c in question.columns if c in layout.levels]
        if question.max_answers and question.id not in unlimited and present:
            tables = [layout.column(column) for column in present]
            given = [clique.unknowns(cells == 1) for clique, cells in tables]
            clique, cells = tables[0]
            put = cells != NOT_ASKED
            rows.append(linear_row(*given, (-question.max_answers, clique.unknowns(put)), high=0))
    return rows


def about(codebook, claim, group):
    """Who a claim is about: two conditions that both must hold, its base's and that of a group of its break."""
    return codebook.base(claim["base"]).where, codebook.group(claim["break"], group).where


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


def _ties(codebook, claim):
    """The ties of a claim: one per share that it speaks of."""
    if claim["unit"] == "answers":
        question = codebook.question(codebook.measure(claim["measure"]).question)
        return [tie_of(codebook, claim, a.id, claim["group"]) for a in question.answers]
    ties = [tie_of(codebook, claim, claim["category"], claim["group"])]
    if claim["unit"] == "order":
        category, group = claim["versus_category"] or claim["category"], claim["versus_group"] or claim["group"]
        ties.append(tie_of(codebook, claim, category, group))
    return ties


def counted(codebook, layout, claim, category, group, among=None):
    """Positions of the unknowns that add up to a claim's count, and to its base: two arrays.

    `among`: a further condition that narrows both, if any.
    """
    clique, nodes = layout.place(tie_of(codebook, claim, category, group, among))
    question = codebook.question(codebook.measure(claim["measure"]).question)
    where, within = about(codebook, claim, group)
    whom = (claim["base"], claim["break"], group, *(among or {}).values())
    base = layout.picked(
        clique,
        nodes,
        whom,
        lambda cells: select(cells, where) & select(cells, within) & select(cells, among or {}),
    )
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


def whole_ends(low, low_open, high, high_open):
    """The least and most whole number within limits, each open or not; None where there is no limit."""
    least = None if low is None else math.floor(low) + 1 if low_open else math.ceil(low)
    most = None if high is None else math.ceil(high) - 1 if high_open else math.floor(high)
    return least, most


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
    categories = [claim["category"]]
    if claim["unit"] == "answers":
        measured = codebook.question(codebook.measure(claim["measure"]).question)
        categories = [a.id for a in measured.answers]
    found = [counted(codebook, layout, claim, category, claim["group"]) for category in categories]
    counts, base = [count for count, _ in found], found[0][1]
    low, low_open, high, high_open = limits(claim, worded_tolerance)
    if claim["unit"] == "count":
        least, most = whole_ends(low, low_open, high, high_open)
        return [linear_row(*counts, low=least, high=most)]
    rows = [linear_row(base, low=1)]
    if low is not None:
        scaled = [(low.denominator, count) for count in counts]
        rows.append(linear_row(*scaled, (-low.numerator, base), low=1 if low_open else 0))
    if high is not None:
        scaled = [(high.denominator, count) for count in counts]
        rows.append(linear_row(*scaled, (-high.numerator, base), high=-1 if high_open else 0))
    return rows


def _order_rows(claim, codebook, layout):
    category, group = claim["versus_category"] or claim["category"], claim["versus_group"] or claim["group"]
    a, b = counted(codebook, layout, claim, claim["category"], claim["group"])
    c, d = counted(codebook, layout, claim, category, group)
    sign, strict = (1 if claim["op"] in (">", ">=") else -1), claim["op"] in (">", "<")
    if not claim["versus_group"]:
        return [linear_row(b, low=1), linear_row((sign, a), (-sign, c), low=1 if strict else 0)]
    return [linear_row(b, low=1), linear_row(d, low=1), Comparison(a, b, c, d, sign, strict)]
