"""Parts of a system: the few cliques that some claims look at, so that a question about these claims stays small.

Whoever solves a part leaves constraints out, never any in: what cannot be met in a part cannot be met at all.
"""

import numpy as np

from pipeline.tallies import question_of


class Parts:
    """The cliques of a system, each by its number, with what looks at them.

    `clique_of`: the clique of each unknown. `of`: by claim id, the cliques that the claim looks at.
    """

    def __init__(self, system):
        cliques = system.layout.cliques
        self._system = system
        self.clique_of = np.repeat(np.arange(len(cliques)), [len(c.cells) for c in cliques])
        self.of = {i: self._of(np.concatenate([r.positions for r in rows])) for i, rows in system.claims.items()}
        self._parents = [c.parent for c in cliques]
        self._structure = [(self._of(row.unknowns), row) for row in system.structure]
        frame = {system.codebook.sector, system.codebook.size_band}
        self._questions = [{question_of(n.column) for n in c.nodes} - frame for c in cliques]

    def _of(self, positions):
        return frozenset(self.clique_of[positions].tolist())

    def spanning(self, ids):
        """The cliques that these claims look at and those between them along the junction tree."""
        groups = {}
        for clique in sorted(frozenset().union(*(self.of[i] for i in ids))):
            path = self._path(clique)
            groups.setdefault(path[-1], []).append(path)
        found = set()
        for paths in groups.values():
            shared = set(paths[0]).intersection(*paths[1:])
            meeting = next(clique for clique in paths[0] if clique in shared)
            found.update(clique for path in paths for clique in path[: path.index(meeting) + 1])
        return frozenset(found)

    def _path(self, clique):
        """A clique and its ancestors, up to the root."""
        path = [clique]
        while self._parents[path[-1]] is not None:
            path.append(self._parents[path[-1]])
        return path

    def around(self, ids):
        """Growing sets of cliques in which claims may be met by moving few respondents, the last of them all there are.

        First those that hold the claims' questions, then thrice with their neighbours.
        """
        asked = frozenset().union(*(self._system.questions(i) for i in ids))
        near = frozenset().union(*(self.of[i] for i in ids))
        near |= {clique for clique, held in enumerate(self._questions) if held & asked}
        for _ in range(4):
            yield near
            parents = {self._parents[k] for k in near if self._parents[k] is not None}
            near |= parents | {k for k, p in enumerate(self._parents) if p in near}
        yield frozenset(range(len(self._parents)))

    def inside(self, cliques):
        """The Rows of the structure that lie wholly within these cliques."""
        return [row for of, row in self._structure if of <= cliques]

    def touching(self, columns):
        """The Rows of the structure that are about any of some unknowns (a boolean array)."""
        cliques = self._of(columns)
        return [row for of, row in self._structure if of & cliques]

    def tops(self, cliques):
        """For each tree that these cliques make, the unknowns of its topmost: they count every respondent."""
        tops = [k for k in sorted(cliques) if self._parents[k] not in cliques]
        return [np.flatnonzero(self.clique_of == k) for k in tops]

    def columns(self, cliques):
        """Which unknowns are those of these cliques, as a boolean array."""
        return np.isin(self.clique_of, list(cliques))
