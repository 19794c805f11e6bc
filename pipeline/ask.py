"""What a printed report says of a share that it need not print: its exact range, and the claims that force its ends.

Any answer may be asked for, among respondents with any other answers. The ends are those of records in whole numbers
that meet every claim kept, found and proven by the exact solver; the ends of a share of an open base are found as
ratios of whole numbers (Dinkelbach 1967). Why an end is where it is: a set of claims of which a linear program proves
that no records can meet them and lie beyond, and of which it needs each (`pipeline.certificates`).
"""

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from math import ceil, floor, isfinite, prod

import pandas as pd
from ortools.sat.python import cp_model

from pipeline.certificates import linear_core
from pipeline.codebook import TOTAL, Codebook, Test
from pipeline.contradictions import thinned
from pipeline.problems import InputProblem
from pipeline.system import build_system, counted
from pipeline.whole import counting_model, exact_solver

# Ids have no blanks, so this is the id of no claim, base or measure.
ASKED = "what is asked"
# The solver's deterministic seconds for an end; what it does not decide by then has an outer bound.
EFFORT = 60
# The same for whether the few claims of a proof force the end itself, in whole numbers.
LITTLE = 5
# More kinds of respondent than these are not told apart: it would take more memory than there is.
MOST_KINDS = 200_000
LOW, HIGH = "low", "high"


@dataclass(frozen=True)
class Asked:
    """A share asked for: a codebook that has its measure and base, and the row of a claim of it, but for its number.

    `conditions`: whom it is of beside the measure's base, as pairs of a question's and its answers' labels.
    """

    codebook: Codebook = field(repr=False)
    row: dict = field(repr=False)
    measure: str
    answer: str
    base: str
    conditions: tuple


@dataclass(frozen=True)
class End:
    """An end of what records may have; `attained` by some, or an outer bound that the solver did not get beyond."""

    value: Fraction
    attained: bool


@dataclass(frozen=True)
class Proof:
    """Claims that leave no records with less (or more) than `number` of a `unit` (count, share), by linear arithmetic.

    It needs every one of them; none where the questionnaire alone leaves no more. `exact` says whether that is the end
    itself, `whole` whether they force the end itself where respondents are whole (None where that was not decided).
    """

    number: Fraction
    unit: str
    exact: bool
    whole: bool | None
    claims: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """What the claims kept leave of a share: ends of its base, of the count and of the share, by LOW and HIGH.

    `share` is None where nobody can be in the base. `proofs` has, by end, why the share (of a settled base: the count)
    goes no further; nothing for an end at none or all.
    """

    asked: Asked
    base: dict
    count: dict
    share: dict | None
    proofs: dict


def pose(codebook, measure, category, conditions):
    """A share as it can be asked for: an Asked.

    `measure` and `category` are ids; `conditions` pairs of a question's id and ids of its answers or nets, any of which
    will do. Raises InputProblem for what the codebook does not have, or where nobody could be meant.
    """
    known = {m.id: m for m in codebook.measures}
    if measure not in known:
        raise InputProblem(f"the {codebook.wave} wave has no such measure", found=measure, allowed=list(known))
    question, base = codebook.question(known[measure].question), codebook.base(known[measure].base)
    _check_answers(question, [category], codebook)
    where, said = dict(base.where), []
    for question_id, answers in conditions:
        asked_of = next((q for q in codebook.questions if q.id == question_id), None)
        if asked_of is None:
            raise InputProblem(
                f"the {codebook.wave} wave has no such question",
                found=question_id,
                allowed=[q.id for q in codebook.questions],
            )
        _check_answers(asked_of, answers, codebook)
        members = tuple(dict.fromkeys(a for answer in answers for a in asked_of.members(answer)))
        where[question_id] = _both(where.get(question_id), members, asked_of)
        said.append((asked_of.label, tuple(asked_of.categories[a] for a in answers)))
    bases = (*codebook.bases, base.model_copy(update={"id": ASKED, "where": where}))
    measures = (*codebook.measures, known[measure].model_copy(update={"id": ASKED, "base": ASKED, "breaks": ()}))
    row = {"id": ASKED, "measure": ASKED, "category": category, "break": TOTAL, "group": TOTAL, "base": ASKED}
    book = codebook.model_copy(update={"bases": bases, "measures": measures})
    label = known[measure].label
    return Asked(book, row, label, question.categories[category], base.label, tuple(said))


def _check_answers(question, answers, codebook):
    for answer in answers:
        if answer not in question.categories:
            what = f"the question {question.id} of the {codebook.wave} wave has no such answer"
            raise InputProblem(what, found=answer, allowed=list(question.categories))


def _both(test, members, question):
    """A Test that holds where another does, if any, and one of these answers was given."""
    if test is None:
        return Test(any=members)
    if question.several:
        some, one = (members, test.any) if len(test.any) <= 1 else (test.any, members)
        if len(one) <= 1:
            return test.model_copy(update={"any": some, "all": (*test.all, *one)})
        what = f"two sets of answers to {question.id} are asked for, and any of each would do"
        raise InputProblem(what, found=list(members), allowed="one set of several answers, others one by one")
    common = tuple(a for a in test.any if a in members) if test.any else members
    if not common:
        what = f"nobody gave two answers to {question.id}"
        either = f"{question.id}={','.join((*test.any, *members))}"
        raise InputProblem(what, found=", ".join(members), allowed=list(test.any), do=f"ask for either as {either}")
    return test.model_copy(update={"any": common})


def ask(asked, claims, kept, settings, say=lambda text: None):
    """What the claims kept leave of a share: a Said.

    `claims` is the table of `load_claims`, `kept` the ids of those that can be met together, `settings` the section
    `reconstruct` of the Params; `say` is told what is being looked for. Raises InputProblem where the claims kept
    cannot be met.
    """
    nothing = _claim(asked, claims, ">=", 0, "count")
    _check_size(asked)
    system = _system(asked, claims, nothing, settings)
    records = _Records(system, kept, nothing, settings)
    say("how many there are of whom it is asked")
    base = {LOW: records.end(0, 1, 1), HIGH: records.end(0, 1, -1)}
    say("how many gave the answer")
    count = {LOW: records.end(1, 0, 1), HIGH: records.end(1, 0, -1)}
    settled = base[LOW].value if base[LOW].value == base[HIGH].value else None
    if base[HIGH].value == 0:
        return Said(asked, base, count, None, {})
    if settled is not None:
        if count[HIGH].value > settled:
            count[HIGH] = End(settled, False)  # The solver's bound of the count does not know that of the base.
        share = {end: End(count[end].value / settled, count[end].attained) for end in (LOW, HIGH)}
    else:
        say("what share that is")
        least = max(1, base[LOW].value)
        share = {LOW: records.least_share(False, least), HIGH: records.least_share(True, least)}
        if None in share.values():
            return Said(asked, base, count, None, {})
    said = Said(asked, base, count, share, {})
    proofs = {}
    for end in (LOW, HIGH):
        say(f"why it cannot be {'less' if end == LOW else 'more'}")
        proofs[end] = _proof(said, end, settled, claims, kept, settings, system.layout.drawn)
    return replace(said, proofs={end: proof for end, proof in proofs.items() if proof})


def _check_size(asked):
    """Raise InputProblem where the answers that are asked for make more kinds of respondent than can be told apart."""
    book, columns = asked.codebook, {}
    conditions = [*book.base(ASKED).where.items()]
    conditions.append((book.measure(ASKED).question, Test(any=(asked.row["category"],))))
    for question, test in ((book.question(id_), test) for id_, test in conditions):
        named = {a for part in (test.any, test.all, test.none) for a in part}
        named = {m for a in named for m in question.members(a)} if question.several else {""}
        for answer in {a.id for a in question.answers} if question.several and question.min_answers else named:
            columns[question.id, answer] = 2 if question.several else min(len(question.answers), 3)
    kinds = prod(columns.values())
    if kinds > MOST_KINDS:
        what = "too many kinds of respondent would have to be told apart for this share"
        raise InputProblem(what, found=f"{kinds:,}", allowed=f"{MOST_KINDS:,}", do="ask about fewer answers at a time")


def _claim(asked, claims, op, number, unit):
    """The row of a claim that a share (of 1) or count is so large."""
    row = dict.fromkeys(claims.columns, "") | asked.row
    return row | {"op": op, "value": str(number), "number": Fraction(number), "unit": unit, "rounding": "exact"}


def _system(asked, claims, claim, settings, drawn=None):
    table = pd.concat([claims, pd.DataFrame([claim])], ignore_index=True)
    return build_system(asked.codebook, table, settings.worded_tolerance, drawn=drawn)


class _Records:
    """Records in whole numbers that meet the claims kept, as the exact solver knows them."""

    def __init__(self, system, kept, claim, settings):
        self.system, self.kept, self.settings = system, list(kept), settings
        self.count, self.base = counted(system.codebook, system.layout, claim, claim["category"], TOTAL)

    def _least(self, of_count, of_base, *, somebody=False):
        """The least of a sum of count and base, with both; an outer bound of it with neither; None for no records."""
        model, unknowns = counting_model(self.system, self.kept)
        count, base = (cp_model.LinearExpr.sum([unknowns[k] for k in x]) for x in (self.count, self.base))
        if somebody:
            model.add(base >= 1)
        model.minimize(of_count * count + of_base * base)
        solver = exact_solver(self.settings.seed, None)
        solver.parameters.max_deterministic_time = EFFORT
        status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            return None
        if status != cp_model.OPTIMAL:
            # What no counts at all could be below, where the solver has not even come to a bound.
            anyhow = sum(min(0, c) for c in (of_count, of_base)) * self.system.respondents
            bound = solver.best_objective_bound
            return max(anyhow, ceil(bound - 1e-6)) if isfinite(bound) else anyhow, None, None
        values = (sum(solver.value(unknowns[k]) for k in x) for x in (self.count, self.base))
        return round(solver.objective_value), *values

    def end(self, of_count, of_base, sign):
        """The least (`sign` 1) or most (-1) of the count or of the base."""
        found = self._least(sign * of_count, sign * of_base)
        if found is None:
            raise InputProblem(
                "the claims that the last run kept cannot all be met", do="run dvc repro, which finds those that can"
            )
        least, count, _ = found
        ends = {1: 0, -1: -self.system.respondents}
        return End(Fraction(sign * max(least, ends[sign])), count is not None)

    def least_share(self, most, least_base):
        """The least share of those that gave the answer, or the most: one less the least of those that did not.

        From a share on, the solver looks for records with a smaller one, until there are none. None where no records
        have anybody in the base.
        """
        of_count, of_base = (-1, 1) if most else (1, 0)
        share, attained = Fraction(1), True
        while True:
            p, q = share.numerator, share.denominator
            found = self._least(q * of_count, q * of_base - p, somebody=True)
            if found is None:
                return None
            gain, count, base = found
            if count is None:
                share, attained = max(Fraction(0), share + Fraction(min(0, gain), q * least_base)), False
            if gain >= 0 or count is None:
                return End(1 - share if most else share, attained)
            share = Fraction(of_count * count + of_base * base, base)


def _proof(said, end, settled, claims, kept, settings, drawn):
    """Why an end goes no further: for the furthest that a linear program can prove, or None where it proves nothing."""
    numbers = _numbers(said, end, settled)

    @cache
    def beyond(n):
        """The system in which the share is beyond the n-th number."""
        claim = _claim(said.asked, claims, "<" if end == LOW else ">", *numbers[n])
        return _system(said.asked, claims, claim, settings, drawn)

    @cache
    def core(n):
        """Claims that contradict that, or None."""
        return linear_core(beyond(n), [ASKED, *kept])

    if not numbers or not core(len(numbers) - 1):
        return None
    # What contradicts a number contradicts all further ones.
    furthest = bisect_left(range(len(numbers)), True, key=lambda n: bool(core(n)))
    found, (number, unit) = core(furthest), numbers[furthest]
    few = min((thinned(beyond(furthest), ids) for ids in (found, found[::-1])), key=len)
    whole = not furthest or _whole(beyond(0), few, settings)
    return Proof(Fraction(number), unit, not furthest, whole, tuple(i for i in kept if i in few))


def _whole(system, ids, settings):
    """Whether claims cannot be met together by whole respondents; None where the solver does not decide."""
    model, _ = counting_model(system.only(ids), ids)
    solver = exact_solver(settings.seed, None)
    solver.parameters.max_deterministic_time = LITTLE
    status = solver.solve(model)
    return {cp_model.INFEASIBLE: True, cp_model.OPTIMAL: False, cp_model.FEASIBLE: False}.get(status)


def _numbers(said, end, settled):
    """The numbers of which one may be proven to be an end, from the end itself towards none or all: (number, unit)."""
    if settled is not None:
        value = said.count[end].value
        return [(n, "count") for n in (range(int(value), 0, -1) if end == LOW else range(int(value), int(settled)))]
    value = said.share[end].value
    if end == LOW:
        return [(value, "share")] * (value > 0) + [
            (Fraction(n, 100), "share") for n in range(ceil(100 * value) - 1, 0, -1)
        ]
    further = [(Fraction(n, 100), "share") for n in range(floor(100 * value) + 1, 100)]
    return [(value, "share")] * (value < 1) + further
