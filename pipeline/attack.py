"""What a reader could work out of withheld numbers: all that published tables force, as linear programs.

A published number counts the organisations that meet conditions on a few questions (a *cell*). The unknowns are the
numbers of organisations of each possible kind: the answers to those few questions in each class of the sample frame,
whose sizes are known. Cells of the same questions share their unknowns, and every table of several questions must
agree with that of each question alone. So answers add up to the base, groups to the total, classes to the sector, nets
to their answers, and the same organisations have the same number wherever they stand. A weighted share or base adds a
linear condition as well, up to how it is rounded, where weights are equal inside the classes of the frame.
"""

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import pandas as pd

from pipeline.codebook import select

NEARLY = 1e-6
# What is known of the sample frame: whoever reads the tables may know it too.
FRAME = "frame"


@dataclass(frozen=True)
class Cell:
    """A number of organisations: those that `wheres` (conditions) select and that gave `category` of `question`.

    `question` is None for the base itself.
    """

    wheres: tuple
    question: object = None
    category: str | None = None


class Attack:
    """The published cells of a wave and what is known beside them, ready to ask how far a withheld one is known.

    `cells`: {key: Cell}. `codebook` and the `respondents` give the classes of the frame and their sizes. `hidden` are
    the keys of cells whose number is not published; `values` the numbers of the others. `weighted`: a list of (cells
    with factors by class of the frame, lowest, highest): sums that are known up to a range, each with the keys whose
    publication it depends on. `nets`: pairs (net, answers) of keys of cells.
    """

    def __init__(self, cells, values, *, codebook, respondents, weighted=(), nets=()):
        self.codebook = codebook
        self.classes = frame_classes(respondents, codebook)
        self.values = values
        self.blocks, self.rows = {}, _Rows()
        self.place = {key: self._expressed(cell) for key, cell in cells.items()}
        self._sizes()
        self._agreement()
        self.cell = {}
        for key, (block, members) in self.place.items():
            self.cell[key] = self.rows.variable()
            start = self.blocks[block].start
            self.rows.add({**{start + i: 1.0 for i in members}, self.cell[key]: -1.0}, 0.0)
        self._nets(nets)
        self.sums = [self._weighted(*row) for row in weighted]
        self.component = self.rows.components()
        # The smallest and largest value that each unknown had in any solution: hiding more leaves these possible.
        self.lowest, self.highest = np.full(self.rows.count, np.inf), np.full(self.rows.count, -np.inf)

    def _expressed(self, cell):
        """The block of a cell and the rows of its kinds that the cell counts."""
        items = self._items(cell)
        block = self.blocks.get(items) or self._block(items)
        kinds, members = block.kinds, pd.Series(True, index=block.kinds.index)
        for where in cell.wheres:
            members &= select(kinds, where)
        if cell.question is not None:
            column = _column(cell.question, cell.category)
            given = cell.question.members(cell.category)
            members &= kinds[column].eq(1) if cell.question.several else kinds[column].isin(given)
        return items, np.flatnonzero(members.to_numpy(bool))

    def _items(self, cell):
        """The questions that a cell depends on beside the frame's; of one with several answers, which answers."""
        items = set()
        for where in cell.wheres:
            for name, test in where.items():
                question = self.codebook.question(name)
                asked = (*test.any, *test.all, *test.none) if question.several else ("",)
                items |= {(name, answer) for answer in asked}
        if cell.question is not None:
            items.add((cell.question.id, cell.category if cell.question.several else ""))
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
                for label, rows in block.kinds.groupby(FRAME).indices.items():
                    self.rows.add({block.start + i: 1.0 for i in rows}, float(self.classes["size"][label]))

    def _agreement(self):
        """A table of several questions gives, for each of them, the numbers of its table alone."""
        for items, block in self.blocks.items():
            for item in items if len(items) > 1 else ():
                column = ".".join(filter(None, item))
                alone = self.blocks[(item,)]
                for at, row in alone.kinds.iterrows():
                    same = block.kinds[FRAME].eq(row[FRAME]) & _same(block.kinds[column], row[column])
                    self.rows.add({**{block.start + i: 1.0 for i in np.flatnonzero(same)}, alone.start + at: -1.0}, 0.0)

    def _nets(self, nets):
        """A net of answers that organisations may give together has each of them in it, and no more than all."""
        for net, answers in nets:
            for answer in answers:
                slack = self.rows.variable()
                self.rows.add({self.cell[net]: 1.0, self.cell[answer]: -1.0, slack: -1.0}, 0.0)
            slack = self.rows.variable()
            self.rows.add({**{self.cell[a]: 1.0 for a in answers}, self.cell[net]: -1.0, slack: -1.0}, 0.0)

    def _weighted(self, terms, lowest, highest, keys):
        """A weighted sum of cells, known to lie between two numbers while the cells `keys` are published."""
        total, row = self.rows.variable(), {}
        for key, factors in terms:
            block, members = self.place[key]
            frame = self.blocks[block].kinds[FRAME].to_numpy()
            for i in members:
                column = self.blocks[block].start + i
                row[column] = row.get(column, 0.0) + factors[frame[i]]
        self.rows.add({**row, total: -1.0}, 0.0)
        return total, lowest, highest, tuple(keys)

    def bounds(self, hidden):
        """What each unknown may be, the published cells being what they are: an array of lowest and highest."""
        limits = np.column_stack([np.zeros(self.rows.count), np.full(self.rows.count, np.inf)])
        for key, column in self.cell.items():
            if key not in hidden:
                limits[column] = self.values[key]
        for total, lowest, highest, keys in self.sums:
            limits[total] = (-np.inf, np.inf) if hidden & set(keys) else (lowest, highest)
        return limits

    def steps(self, key):
        """How many steps of one lie between the smallest and largest whole number that a cell is seen to be able to be."""
        column = self.cell[key]
        return np.floor(self.highest[column] + NEARLY) - np.ceil(self.lowest[column] - NEARLY)

    def reach(self, key, limits, enough=np.inf):
        """Find how far a cell reaches, until it is `enough` steps; returns the keys of the cells that hold it there."""
        holding = set()
        for sign in (1, -1):
            if self.steps(key) < enough:
                holding |= self._extreme(self.cell[key], sign, limits)
        return [k for k, column in self.cell.items() if column in holding and k != key]

    def range(self, key):
        """The smallest and largest number that a cell is seen to be able to be."""
        return self.lowest[self.cell[key]], self.highest[self.cell[key]]

    def _extreme(self, column, sign, limits):
        """Go to one end of a cell's range: the columns whose limits hold it there. What was seen on the way is kept."""
        from scipy.optimize import linprog

        columns, matrix, right = self.rows.part(self.component[column])
        goal = np.zeros(len(columns))
        goal[np.searchsorted(columns, column)] = sign
        found = linprog(goal, A_eq=matrix, b_eq=right, bounds=limits[columns], method="highs")
        if found.x is None:
            raise RuntimeError(f"published numbers contradict each other: {found.message}")
        self.lowest[columns] = np.minimum(self.lowest[columns], found.x)
        self.highest[columns] = np.maximum(self.highest[columns], found.x)
        pull = np.abs(found.lower.marginals) + np.abs(found.upper.marginals)
        tight = set(columns[pull > NEARLY])
        return tight | {self.cell[k] for total, _, _, keys in self.sums if total in tight for k in keys}


@dataclass(frozen=True)
class _Block:
    """The kinds of organisations that a few questions tell apart, and where their unknowns begin."""

    kinds: pd.DataFrame
    start: int


class _Rows:
    """Linear equations, kept as triples until they are solved."""

    def __init__(self):
        self.count, self.right, self.triples = 0, [], ([], [], [])
        self._parts = {}

    def variables(self, number):
        self.count += number
        return self.count - number

    def variable(self):
        return self.variables(1)

    def add(self, terms, right):
        columns, factors = zip(*terms.items(), strict=True)
        self.triples[0].extend([len(self.right)] * len(columns))
        self.triples[1].extend(columns)
        self.triples[2].extend(factors)
        self.right.append(right)

    def components(self):
        """The number of the component that each unknown is in: equations tie the unknowns of one together."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        rows, columns, factors = map(np.array, self.triples)
        self._matrix = coo_matrix((factors, (rows, columns)), shape=(len(self.right), self.count)).tocsc()
        pairs = [(a, b) for (i, a), (j, b) in pairwise(zip(rows, columns, strict=True)) if i == j]
        first, second = zip(*pairs, strict=True) if pairs else ((), ())
        links = coo_matrix((np.ones(len(first)), (first, second)), shape=(self.count, self.count))
        self._labels = connected_components(links, directed=False)[1]
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
    return question.asked_of == FRAME


def frame_classes(respondents, codebook):
    """The classes of the frame: a row per combination of its facts that occurs, with its `size` and number (FRAME)."""
    facts = [c for q in codebook.questions if in_frame(q) for c in q.columns]
    sizes = (
        respondents[facts].astype(object).groupby(facts, dropna=False, sort=True).size().rename("size").reset_index()
    )
    return sizes.assign(**{FRAME: range(len(sizes))})


def kinds_of(items, classes, codebook):
    """Every kind of organisation that could be: the answers to `items` in each class, a column per item.

    What the questionnaire rules out is not among them: an answer off its route, more answers than are allowed.
    """
    by_question = {}
    for name, answer in items:
        by_question.setdefault(name, []).append(answer)
    table = classes.drop(columns="size")
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
    if question.several:
        given = [p for p in product((0, 1), repeat=len(answers)) if _allowed(question, answers, p)]
    else:
        given = [(a.id,) for a in question.answers]
    given += [(None,) * len(columns)] if question.asked_if else []
    return pd.DataFrame(given, columns=columns, dtype=object)


def _allowed(question, answers, pattern):
    most = question.max_answers
    own = {a.id for a in question.answers}
    return most is None or sum(p for p, a in zip(pattern, answers, strict=True) if a in own) <= most


def _known(codebook, table, name, test):
    question = codebook.question(name)
    if not question.several:
        return name in table
    return all(_column(question, answer) in table for answer in (*test.any, *test.all, *test.none))


def _column(question, category):
    return f"{question.id}.{category}" if question.several else question.id


def _same(column, value):
    return column.isna() if value is None else column.eq(value)
