"""Contingency tables that are just large enough: which columns stand together, and how finely each is told apart.

Respondents are interchangeable, so the unknowns of a reconstruction are not records but how many respondents there
are of each kind. Columns that a claim ties together share a table, a *clique*. The cliques form a junction tree of a
chordal graph (Lauritzen, Graphical Models, 1996, ch. 4): integer tables that agree on what neighbours share can
always be glued into records. A claim rarely tells all answers apart, so a clique holds a column as coarsely as its
claims allow: a *node* is a column with some of its levels merged.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations, groupby, product
from math import prod

import networkx as nx
import numpy as np
import pandas as pd

from pipeline.respondents import select
from pipeline.tallies import NOT_ASKED


@dataclass(frozen=True)
class Node:
    """A column with its levels put into classes; a class goes by its first level."""

    column: str
    classes: tuple[tuple, ...]

    def __lt__(self, other):
        return self._rank < other._rank

    @cached_property
    def _rank(self):
        # A level is a text or a number, and the one for not having been asked is a text in either case.
        return self.column, [[(isinstance(level, str), level) for level in c] for c in self.classes]

    @cached_property
    def name(self):
        """Column name in a clique's table of cells; the classes are part of it unless every level stands alone."""
        if all(len(c) == 1 for c in self.classes):
            return self.column
        return f"{self.column}[{'|'.join('+'.join(map(str, c)) for c in self.classes)}]"


@dataclass(frozen=True)
class Tie:
    """Columns that must stand in one table, each with the sets of its levels that are to be told apart."""

    sets: dict[str, tuple[frozenset, ...]]


@dataclass(frozen=True)
class Clique:
    """A contingency table over `nodes`: one row of `cells` per kind of respondent, numbered from `start`.

    `shared`: names of the nodes it has in common with its `parent` (a position among the cliques, or None).
    """

    nodes: tuple[Node, ...]
    cells: pd.DataFrame
    start: int
    parent: int | None
    shared: tuple[str, ...]

    def view(self, nodes):
        """The cells with the columns of these nodes under their plain names, so that conditions can be put to them."""
        return self.cells[[n.name for n in nodes]].set_axis([n.column for n in nodes], axis=1)

    def unknowns(self, rows):
        """Positions among all unknowns of the cells that a boolean Series or array picks."""
        return self.start + np.flatnonzero(rows)


class Layout:
    """The nodes and cliques for a list of Ties over a codebook's columns, or over just the columns that they touch.

    `cliques`: parents before children. `place(tie)`: the first clique that holds a tie, and the tie's nodes there.
    `drawn`: tables of cells by their nodes, and what was picked from them, so that layouts of the same codebook need
    not do either twice. `tallies`: by question id, the Tally of its answers, where their number is limited.
    """

    def __init__(self, codebook, ties, *, whole=True, drawn=None, tallies=None):
        self.drawn = {} if drawn is None else drawn
        self._places, self.tallies = {}, tallies or {}
        rules = structural_ties(codebook, self.tallies)
        levels = column_levels(codebook, self.tallies)
        touched = set(levels) if whole else _touched(ties, rules, codebook)
        self.levels = {c: x for c, x in levels.items() if c in touched}
        every = [Tie({c: tuple(frozenset([x]) for x in levels)}) for c, levels in self.levels.items()]
        rules = [r for r in rules if set(r.sets) <= touched]
        self._told_apart = self._pairwise([*ties, *rules])
        self._ties = [self.nodes(t) for t in [*every, *ties, *rules]]
        bags = _eliminate(self._graph())
        self.cliques = _junction_tree(bags, codebook, self.levels, self.drawn, self.tallies)

    def nodes(self, tie):
        """The node of each column of a tie: as fine as everything that ties it to any of the others needs."""
        found = []
        for column in tie.sets:
            sets = dict.fromkeys(tie.sets[column])
            for other in tie.sets:
                if other != column:
                    sets |= self._told_apart[column, other]
            found.append(Node(column, _classes(self.levels[column], sets)))
        return tuple(found)

    def place(self, tie):
        """The first clique that holds all nodes of a tie, and those nodes."""
        key = tuple(tie.sets) if len(tie.sets) > 1 else tuple(tie.sets.items())
        if key not in self._places:
            nodes = self.nodes(tie)
            self._places[key] = next(c for c in self.cliques if set(nodes) <= set(c.nodes)), nodes
        return self._places[key]

    def picked(self, clique, nodes, key, pick):
        """Which cells of a clique `pick` chooses from its view of some nodes, as a boolean array kept under `key`."""
        place = "picked", clique.nodes, nodes
        if place not in self.drawn:
            self.drawn[place] = clique.view(nodes), {}
        cells, picks = self.drawn[place]
        if key not in picks:
            picks[key] = pick(cells).to_numpy()
        return picks[key]

    def column(self, column):
        """The first clique that holds a column with every level apart, and its cells there."""
        node = Node(column, tuple((x,) for x in self.levels[column]))
        clique = next(c for c in self.cliques if node in c.nodes)
        return clique, clique.cells[node.name]

    def _pairwise(self, ties):
        apart = defaultdict(dict)
        for tie in ties:
            for column, other in combinations(tie.sets, 2):
                apart[column, other] |= dict.fromkeys(tie.sets[column])
                apart[other, column] |= dict.fromkeys(tie.sets[other])
        return apart

    def _graph(self):
        graph = nx.Graph()
        for nodes in self._ties:
            graph.add_nodes_from(nodes)
            graph.add_edges_from(combinations(nodes, 2))
        full = {n.column: n for n in graph if len(n.classes) == len(self.levels[n.column])}
        graph.add_edges_from((n, full[n.column]) for n in list(graph) if n != full[n.column])
        return graph


def column_levels(codebook, tallies=None):
    """The levels of each column of a table of respondents: answer ids, or 1 and 0, and NOT_ASKED where it is routed.

    A question that has a Tally has its running numbers of answers beside its own columns.
    """
    levels = {}
    for question in codebook.questions:
        skipped = [NOT_ASKED] if question.asked_if else []
        answers = [1, 0] if question.several else [a.id for a in question.answers]
        levels |= {column: [*answers, *skipped] for column in question.columns}
        levels |= tallies[question.id].levels if tallies and question.id in tallies else {}
    return levels


def condition_sets(codebook, condition):
    """The columns that a condition looks at, each with the sets of levels that it tells apart."""
    sets = {}
    for question_id, test in condition.items():
        question = codebook.question(question_id)
        if question.several:
            sets |= {f"{question_id}.{a}": (frozenset([1]),) for a in (*test.any, *test.all, *test.none)}
        else:
            groups = [test.any, *((a,) for a in test.all), test.none]
            sets[question_id] = tuple(frozenset(g) for g in groups if g)
    return sets


def structural_ties(codebook, tallies=None):
    """What the questionnaire itself ties: a band to its sector, a column to its routers, answers to their number."""
    bands = [a for a in codebook.question(codebook.size_band).answers if a.band]
    sectors = {a.band.sector for a in bands}
    ties = [
        Tie(
            {
                codebook.sector: tuple(frozenset([s]) for s in sectors),
                codebook.size_band: tuple(frozenset(a.id for a in bands if a.band.sector == s) for s in sectors),
            }
        )
    ]
    for question in codebook.questions:
        routers = condition_sets(codebook, question.asked_if)
        skipped = (frozenset([NOT_ASKED]),)
        ties += [Tie({column: skipped, **routers}) for column in question.columns if routers]
        if question.min_answers:
            given = (frozenset([1]), *(skipped if routers else ()))
            ties.append(Tie({**{column: given for column in question.columns}, **routers}))
    for tally in (tallies or {}).values():
        levels = column_levels(codebook, {tally.question.id: tally})
        for step in tally.steps:
            ties.append(Tie({c: tuple(frozenset([x]) for x in levels[c]) for c in step if c is not None}))
    return ties


def _touched(ties, rules, codebook):
    """The columns that ties look at, with all that the questionnaire hangs on them: routers, minima, not bands."""
    touched = set().union(*(t.sets for t in ties))
    band = {codebook.sector, codebook.size_band}
    routing = [set(r.sets) for r in rules if set(r.sets) != band]
    while True:
        more = touched.union(*(r for r in routing if r & touched))
        if more == touched:
            return touched
        touched = more


def _classes(levels, sets):
    """The coarsest classes of levels that keep every one of the sets apart from its complement, in level order."""
    classes = defaultdict(list)
    for level in levels:
        classes[tuple(level in s for s in sets)].append(level)
    return tuple(tuple(c) for c in classes.values())


@cache
def _kinds(nodes):
    """How many kinds of respondent a bag of nodes tells apart, leaving routing aside."""
    by_column = defaultdict(list)
    for node in nodes:
        by_column[node.column].append(node)
    return prod(len(_meet(same).classes) for same in by_column.values())


def _eliminate(graph):
    """Maximal bags of a chordal completion, by eliminating the node whose bag tells fewest kinds apart."""
    graph, bags = graph.copy(), []
    while graph:
        node = min(sorted(graph), key=lambda n: (_kinds(frozenset([n, *graph[n]])), n))
        bag = frozenset([node, *graph[node]])
        graph.add_edges_from(combinations(graph[node], 2))
        graph.remove_node(node)
        if not any(bag <= b for b in bags):
            bags.append(bag)
    return bags


def _junction_tree(bags, codebook, levels, drawn, tallies):
    """The bags as Cliques along a maximum spanning tree of their overlaps, each after its parent."""
    order = {column: i for i, column in enumerate(levels)}
    bags = sorted(
        (sorted(b, key=lambda n: (order[n.column], n)) for b in bags), key=lambda b: [order[n.column] for n in b]
    )
    overlaps = nx.Graph()
    overlaps.add_nodes_from(range(len(bags)))
    for i, j in combinations(range(len(bags)), 2):
        shared = len(set(bags[i]) & set(bags[j]))
        if shared:
            overlaps.add_edge(i, j, weight=shared)
    tree = nx.maximum_spanning_tree(overlaps)
    cliques, at, start = [], {}, 0
    for component in sorted(nx.connected_components(tree), key=min):
        parents = {min(component): None} | {child: parent for parent, child in nx.bfs_edges(tree, min(component))}
        for number, parent in parents.items():
            shared = [n.name for n in bags[number] if parent is not None and n in bags[parent]]
            nodes = tuple(bags[number])
            ours = tuple(t for t in tallies.values() if any(n.column in t.levels for n in nodes))
            key = (nodes, *((t.question.id, t.most, t.capped) for t in ours))
            cells = drawn[key] if key in drawn else drawn.setdefault(key, _cells(codebook, nodes, ours))
            at[number] = len(cliques)
            cliques.append(Clique(nodes, cells, start, at.get(parent), tuple(shared)))
            start += len(cells)
    return cliques


def _cells(codebook, nodes, tallies=()):
    """Every kind of respondent on these nodes that the questionnaire allows: one row each."""
    meets = {column: _meet(list(group)) for column, group in groupby(nodes, key=lambda n: n.column)}
    choices = product(*([c[0] for c in n.classes] for n in meets.values()))
    kinds = pd.DataFrame(list(choices), columns=list(meets), dtype=object)
    allowed = _routing(codebook, meets, kinds) & _band_in_sector(codebook, meets, kinds)
    for tally in tallies:
        allowed &= tally.allowed(kinds, lambda c: all(len(x) == 1 for x in meets[c].classes))
    kinds = kinds[allowed].reset_index(drop=True)
    first = [{level: c[0] for c in n.classes for level in c} for n in nodes]
    cells = {n.name: kinds[n.column].map(f).astype(object) for n, f in zip(nodes, first, strict=True)}
    return pd.DataFrame(cells, index=kinds.index)


def _meet(nodes):
    """The coarsest node that is as fine as each of these, all of one column."""
    sets = [frozenset(c) for n in nodes for c in n.classes]
    return Node(nodes[0].column, _classes(_all(nodes[0]), sets))


def _all(node):
    """All levels of a node's column."""
    return [level for c in node.classes for level in c]


def _tells_apart(node, sets):
    return all(set(c) <= s or not set(c) & s for c in node.classes for s in sets)


def _routing(codebook, nodes, kinds):
    """Which kinds have answers just where the question was asked, and at least as many as it asks for."""
    allowed = pd.Series(True, index=kinds.index)
    for question in codebook.questions:
        present = [c for c in question.columns if c in nodes]
        if not present or not (question.asked_if or question.min_answers):
            continue
        routers = condition_sets(codebook, question.asked_if)
        if any(c not in nodes or not _tells_apart(nodes[c], sets) for c, sets in routers.items()):
            continue
        put = select(kinds, question.asked_if)
        if routers:
            for column in present:
                if _tells_apart(nodes[column], [frozenset([NOT_ASKED])]):
                    allowed &= kinds[column].ne(NOT_ASKED) == put
        counted = [c for c in present if _tells_apart(nodes[c], [frozenset([1])])]
        if question.min_answers and len(counted) == len(question.columns):
            allowed &= ~put | (kinds[counted].eq(1).sum(axis=1) >= question.min_answers)
    return allowed


def _band_in_sector(codebook, nodes, kinds):
    """Which kinds have a size band of their sector."""
    if codebook.sector not in nodes or codebook.size_band not in nodes:
        return pd.Series(True, index=kinds.index)
    sector, band = codebook.sector, codebook.size_band
    of = {a.id: {a.band.sector} if a.band else set(_all(nodes[sector])) for a in codebook.question(band).answers}
    met = {(s[0], b[0]) for s in nodes[sector].classes for b in nodes[band].classes if any(of[x] & set(s) for x in b)}
    return pd.Series(list(zip(kinds[sector], kinds[band], strict=True)), index=kinds.index).isin(met)
