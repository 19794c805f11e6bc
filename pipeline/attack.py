"""What a reader could work out of withheld numbers: all that published tables force, as linear programs.

A published number is a sum over the organisations that meet conditions on a few questions. The unknowns are the numbers
of organisations of each possible kind: the answers to those few questions in each class of the sample frame, whose
sizes are known. Numbers of the same questions share their unknowns, and every table of several questions must agree
with that of each question alone. So answers add up to the base, groups to the total, bands to the sector, nets to their
answers, and the same organisations are as many wherever they stand. A weighted share or base is a linear condition too,
up to how it is rounded and to how far weights differ inside the classes of the frame.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd

from pipeline.respondents import select

NEARLY = 1e-6
# The column that numbers the classes of the frame, beside columns that are called as questions are.
CLASS = "class of the frame"
# A net of more answers is one unknown more instead of all their combinations.
MOST_TOLD_APART = 5


@dataclass(frozen=True)
class Cell:
    """Organisations that `wheres` (conditions) select and that gave `category` of `question`, if there is one."""

    wheres: tuple
    question: object = None
    category: str | None = None


@dataclass(frozen=True)
class Number:
    """A published number: the sum of `terms` (cells with a factor per class of the frame) is from `low` to `high`.

    It is published unless one of the keys in `withheld_with` is withheld.
    """

    terms: tuple
    low: float
    high: float
    withheld_with: tuple = ()


class Attack:
    """Everything that a wave publishes, ready to be asked how far it gives away what it withholds.

    `numbers`: {key: Number}; `nets`: (key of a net, keys of its answers) for answers that may be given together;
    `limits`: (key of a base, keys of all answers, least, most) where each organisation of it gives so many of them.
    """

    def __init__(self, numbers, *, codebook, respondents, nets=(), limits=()):
        self.codebook, self.numbers = codebook, numbers
        self.classes, self.sizes = frame_classes(respondents, codebook)
        self.blocks, self.rows, self.near, self.known = {}, _Rows(), {}, {}
        terms = {key: self._terms(number) for key, number in numbers.items()}
        self._sizes()
        self._agreement()
        self.column = {}
        for key, row in terms.items():
            self.column[key] = self.rows.variables(1)
            self.rows.add({**row, self.column[key]: -1.0}, 0.0)
        self._nets(nets)
        self._limits(limits)
        self.component = self.rows.components()
        # The smallest and largest value that each unknown had in any table that could be.
        self.lowest, self.highest = np.full(self.rows.count, np.inf), np.full(self.rows.count, -np.inf)

    def public(self, key):
        """Whether a number says nothing but what is known of the sample frame."""
        return all(not self._items(cell) for cell, _ in self.numbers[key].terms)

    def _terms(self, number):
        """A number as a row over the unknowns."""
        row = {}
        for cell, factors in number.terms:
            block, members = self._expressed(cell)
            of_class = factors[block.classes[members]].tolist()
            for unknown, factor in zip((block.start + members).tolist(), of_class, strict=True):
                row[unknown] = row.get(unknown, 0.0) + factor
        return row

    def _expressed(self, cell):
        """The block of a cell, and which of its kinds the cell counts."""
        if id(cell) in self.known:
            return self.known[id(cell)]
        items = self._items(cell)
        block = self.blocks.get(items) or self._block(items)
        members = np.full(len(block.kinds), True)
        for where in cell.wheres:
            members &= block.selected(where)
        if cell.question is not None and not cell.question.several:
            members &= block.kinds[cell.question.id].isin(cell.question.members(cell.category)).to_numpy(bool)
        elif cell.question is not None:
            columns = [_column(cell.question, answer) for answer in _told_apart(cell.question, cell.category)]
            members &= block.kinds[columns].eq(1).any(axis=1).to_numpy(bool)
        self.known[id(cell)] = block, np.flatnonzero(members)
        return self.known[id(cell)]

    def _items(self, cell):
        """The questions that a cell depends on beside the frame's; of one with several answers, which answers."""
        items = set()
        for where in cell.wheres:
            for name, test in where.items():
                question = self.codebook.question(name)
                asked = (*test.any, *test.all, *test.none) if question.several else ("",)
                items |= {(name, answer) for answer in asked}
        if cell.question is not None:
            parts = _told_apart(cell.question, cell.category) if cell.question.several else ("",)
            items |= {(cell.question.id, answer) for answer in parts}
        return tuple(sorted(i for i in items if not in_frame(self.codebook.question(i[0]))))

    def _block(self, items):
        kinds = kinds_of(items, self.classes, self.codebook)
        self.blocks[items] = _Block(kinds, self.rows.variables(len(kinds)))
        for item in items if len(items) > 1 else ():
            if (item,) not in self.blocks:
                self._block((item,))
        return self.blocks[items]

    def _sizes(self):
        """Each class of the frame is as large as it is, in the table of each question alone."""
        for items, block in self.blocks.items():
            if len(items) <= 1:
                for label, rows in block.kinds.groupby(CLASS).indices.items():
                    self.rows.add({block.start + i: 1.0 for i in rows}, float(self.sizes[label]))

    def _agreement(self):
        """A table of several questions gives the numbers of every table of some of them."""
        for items, block in self.blocks.items():
            for fewer, part in self.blocks.items():
                if fewer and len(fewer) < len(items) and set(fewer) < set(items):
                    columns = [CLASS, *(".".join(filter(None, item)) for item in fewer)]
                    rows = part.kinds[columns].astype(object).where(part.kinds[columns].notna(), "")
                    place = {row: at for at, row in enumerate(rows.itertuples(index=False, name=None))}
                    terms = [{part.start + at: -1.0} for at in range(len(rows))]
                    known = block.kinds[columns].astype(object).where(block.kinds[columns].notna(), "")
                    for i, row in enumerate(known.itertuples(index=False, name=None)):
                        terms[place[row]][block.start + i] = 1.0
                    for row in terms:
                        self.rows.add(row, 0.0)

    def _nets(self, nets):
        """A net of answers that organisations may give together has each of them in it, and no more than all."""
        for net, answers in nets:
            for answer in answers:
                self.rows.add({self.column[net]: 1.0, self.column[answer]: -1.0, self.rows.variables(1): -1.0}, 0.0)
            together = {self.column[a]: 1.0 for a in answers}
            self.rows.add({**together, self.column[net]: -1.0, self.rows.variables(1): -1.0}, 0.0)

    def _limits(self, limits):
        """All answers together are at least so many times the base, and no more than so many times."""
        for base, answers, least, most in limits:
            together = {self.column[a]: 1.0 for a in answers}
            for times, sign in ((least, -1.0), (most, 1.0)):
                if times:
                    self.rows.add({**together, self.column[base]: -float(times), self.rows.variables(1): sign}, 0.0)

    def published(self, key, hidden):
        """Whether a number is published where the numbers `hidden` are not."""
        return key not in hidden and not hidden.intersection(self.numbers[key].withheld_with)

    def reach(self, key, hidden):
        """The smallest and largest value that a number may have for all that is published."""
        columns, matrix, right = self.rows.part(self.component[self.column[key]])
        limits = _free(self.rows.count)
        for other, column in self.column.items():
            number = self.numbers[other]
            loose = (-np.inf, np.inf) if number.withheld_with else (0, np.inf)
            limits[column] = (number.low, number.high) if self.published(other, hidden) else loose
        goal = (columns == self.column[key]).astype(float)
        found = [_solve(sign * goal, matrix, right, limits[columns]) for sign in (1, -1)]
        if any(x is None for x in found):
            raise RuntimeError("the published numbers contradict each other")
        return tuple(float(x @ goal) for x in found)

    def steps(self, key):
        """How many steps of one lie between the smallest and largest whole number seen for a number."""
        column = self.column[key]
        return np.floor(self.highest[column] + NEARLY) - np.ceil(self.lowest[column] - NEARLY)

    def alternative(self, key, value, hidden, costs):
        """The published numbers that change in another table, where the number `key` has this value: a set of keys.

        It is the table, of all that could be, in which published numbers change least, each change times its cost. One
        without a cost must not change. None if there is no such table.
        """
        columns, keys, tables = self._near(self.component[self.column[key]])
        goal, limits = np.zeros(tables.count), tables.unmoved.copy()
        for i, other in enumerate(keys):
            up_and_down = slice(len(columns) + 3 * i + 1, len(columns) + 3 * i + 3)
            if not self.published(other, hidden):
                limits[up_and_down, 1] = np.inf
            elif other in costs:
                limits[up_and_down, 1], goal[up_and_down] = np.inf, costs[other]
        limits[np.searchsorted(columns, self.column[key])] = value
        found = tables.cheapest(goal, limits)
        if found is None:
            return None
        table = found[: len(columns)]
        self.lowest[columns] = np.minimum(self.lowest[columns], table)
        self.highest[columns] = np.maximum(self.highest[columns], table)
        moved = found[len(columns) :].reshape(-1, 3)[:, 1:].sum(axis=1) > NEARLY
        return {k for k, yes in zip(keys, moved, strict=True) if yes and self.published(k, hidden)}

    def _unmoved(self, columns, keys):
        """The lowest and highest values of a component's unknowns and parts where no number is moved."""
        limits = _free(len(columns) + 3 * len(keys))
        for i, key in enumerate(keys):
            number, at = self.numbers[key], len(columns) + 3 * i
            limits[at], limits[at + 1 : at + 3] = (number.low, number.high), 0.0
            if number.withheld_with:
                limits[np.searchsorted(columns, self.column[key])] = (-np.inf, np.inf)
        return limits

    def _near(self, label):
        """The unknowns of a component, the keys of the numbers in it, and the _Tables near the published one.

        Behind the unknowns each number has three parts: the published one, and how far it is moved up and down.
        """
        from scipy.sparse import block_array, coo_array

        if label not in self.near:
            columns, matrix, right = self.rows.part(label)
            keys = [k for k, column in self.column.items() if self.component[column] == label]
            count = len(keys)
            here = np.searchsorted(columns, [self.column[k] for k in keys])
            picked = coo_array((np.ones(count), (range(count), here)), shape=(count, len(columns)))
            parts = (np.tile([-1.0, -1.0, 1.0], count), (np.repeat(range(count), 3), range(3 * count)))
            split = coo_array(parts, shape=(count, 3 * count))
            whole = block_array([[matrix, None], [picked, split]]).tocsc()
            tables = _Tables(whole, np.concatenate([right, np.zeros(count)]), self._unmoved(columns, keys))
            self.near[label] = columns, keys, tables
        return self.near[label]


def _free(count):
    return np.column_stack([np.zeros(count), np.full(count, np.inf)])


def _solve(goal, matrix, right, limits):
    """A linear program by HiGHS: the unknowns at the smallest goal, or None if nothing meets the equations."""
    from scipy.optimize import linprog

    return linprog(goal, A_eq=matrix, b_eq=right, bounds=limits, method="highs").x


class _Tables:
    """The tables that meet some equations, asked again and again for the one that costs least.

    Each search begins where nothing that costs is moved, so that the dual simplex method of HiGHS has only to put right
    the one number that is asked for: a few dozen steps, where a search from nothing takes thousands. What was asked
    before has no bearing on what is found.
    """

    def __init__(self, matrix, right, unmoved):
        """`unmoved` are the lowest and highest values of the unknowns where nothing is moved; some table has them."""
        from highspy import Highs

        self.highs, rows, self.count, self.unmoved = Highs(), matrix.tocsr(), len(unmoved), unmoved
        for option, value in {"output_flag": False, "threads": 1, "solver": "simplex"}.items():
            self.highs.setOptionValue(option, value)
        self.highs.addVars(self.count, *unmoved.T.copy())
        whole = (part.astype(np.int32) for part in (rows.indptr[:-1], rows.indices))
        self.highs.addRows(len(right), right, right, rows.nnz, *whole, rows.data)
        self.highs.run()
        self.start = self.highs.getBasis()
        self.highs.setOptionValue("presolve", "off")

    def cheapest(self, goal, limits):
        """The unknowns of a table between these lowest and highest values, or None where there is none."""
        from highspy import HighsModelStatus

        every = np.arange(self.count, dtype=np.int32)
        self.highs.changeColsBounds(self.count, every, *limits.T.copy())
        self.highs.changeColsCost(self.count, every, goal)
        self.highs.clearSolver()
        self.highs.setBasis(self.start)
        self.highs.run()
        if self.highs.getModelStatus() != HighsModelStatus.kOptimal:
            return None
        return np.array(self.highs.getSolution().col_value)


@dataclass(frozen=True)
class _Block:
    """The kinds of organisations that a few questions tell apart, and where their unknowns begin."""

    kinds: pd.DataFrame
    start: int
    known: dict = field(default_factory=dict)

    @cached_property
    def classes(self):
        """The class of the frame of each kind."""
        return self.kinds[CLASS].to_numpy()

    def selected(self, where):
        """Which kinds meet a condition."""
        key = tuple(where.items())
        if key not in self.known:
            self.known[key] = select(self.kinds, where).to_numpy(bool)
        return self.known[key]


class _Rows:
    """Linear equations, kept as triples until they are solved."""

    def __init__(self):
        self.count, self.right, self.triples = 0, [], ([], [], [])
        self._parts = {}

    def variables(self, number):
        """Room for so many unknowns; the place of the first."""
        self.count += number
        return self.count - number

    def add(self, terms, right):
        """The equation: {unknown: factor} sums to `right`."""
        columns, factors = zip(*terms.items(), strict=True)
        self.triples[0].extend([len(self.right)] * len(columns))
        self.triples[1].extend(columns)
        self.triples[2].extend(factors)
        self.right.append(right)

    def components(self):
        """The number of the component that each unknown is in: equations tie the unknowns of one together."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        rows, columns, factors = map(np.array, self.triples)
        self._matrix = coo_array((factors, (rows, columns)), shape=(len(self.right), self.count)).tocsc()
        together = rows[1:] == rows[:-1]
        links = (np.ones(together.sum()), (columns[1:][together], columns[:-1][together]))
        self._labels = connected_components(coo_array(links, shape=(self.count, self.count)), directed=False)[1]
        return self._labels

    def part(self, label):
        """The unknowns of a component, its equations and their right-hand sides."""
        if label not in self._parts:
            columns = np.flatnonzero(self._labels == label)
            matrix = self._matrix[:, columns].tocsr()
            rows = np.flatnonzero(np.diff(matrix.indptr))
            self._parts[label] = columns, matrix[rows].tocsc(), np.array(self.right)[rows]
        return self._parts[label]


def in_frame(question):
    """Whether a question is a fact of the sample frame."""
    return question.asked_of == "frame"


def frame_classes(respondents, codebook):
    """The classes of the frame: a row per combination of its facts that occurs, numbered (CLASS), and their sizes."""
    facts = [c for q in codebook.questions if in_frame(q) for c in q.columns]
    sizes = respondents[facts].astype(object).groupby(facts, dropna=False, sort=True).size()
    classes = sizes.index.to_frame(index=False)
    return classes.assign(**{CLASS: range(len(classes))}), sizes.to_numpy()


def kinds_of(items, classes, codebook):
    """Every kind of organisation that could be: the answers to `items` in each class, a column per item.

    What the questionnaire rules out is not among them: an answer off its route. (More answers than are allowed may be.)
    """
    by_question = {}
    for name, answer in items:
        by_question.setdefault(name, []).append(answer)
    table = classes
    for name, answers in by_question.items():
        table = table.merge(_patterns(codebook.question(name), answers), how="cross")
    possible = pd.Series(True, index=table.index)
    for name, answers in by_question.items():
        question = codebook.question(name)
        if question.asked_if and all(_known(codebook, table, q, test) for q, test in question.asked_if.items()):
            answered = table[_column(question, answers[0])].notna()
            possible &= select(table, question.asked_if).eq(answered)
    return table[possible].reset_index(drop=True)


def _patterns(question, answers):
    """The ways to answer a question as far as `answers` tell them apart; empty where it may not be asked."""
    columns = [_column(question, answer) for answer in answers]
    given = product((0, 1), repeat=len(answers)) if question.several else ((a.id,) for a in question.answers)
    given = [*given, *([(None,) * len(columns)] if question.asked_if else [])]
    return pd.DataFrame(given, columns=columns, dtype=object)


def _known(codebook, table, name, test):
    question = codebook.question(name)
    if not question.several:
        return name in table
    return all(_column(question, answer) in table for answer in (*test.any, *test.all, *test.none))


def _column(question, category):
    return f"{question.id}.{category}" if question.several else question.id


def _told_apart(question, category):
    """The answers that a cell is about: of a net those in it, unless they are so many that it stands for itself."""
    answers = question.members(category)
    return answers if len(answers) <= MOST_TOLD_APART else (category,)
