"""Records in whole numbers that show a bound to be exact: they meet every claim kept and attain it.

Vertices of a linear program are often whole where every base of a share has a fixed size. With the sizes that these
bases have in records known to meet all claims, whatever meets the claims of one part completes to records that meet
all: the parts have nothing in common but who is in which sector and size band.
"""

import numpy as np

from pipeline.certificates import linear_limits
from pipeline.programs import ROUND_OFF, Program
from pipeline.system import Row

# After so many vertices that are not whole, a system is taken to be one whose vertices are not.
PATIENCE = 30


class Witnesses:
    """Tables of whole-number counts over a system that meet its claims, found one by one as ends are asked for."""

    def __init__(self, system, ids, held):
        """`held` are the system's Rows with each base of a share and each size band at a size known to be possible."""
        self.program, self.found, self.missed = Program(held, system.size), [], 0
        rows = [*(row for i in ids for row in system.claims[i]), *held]
        self.compared = [row for row in rows if not isinstance(row, Row)]
        self.limits = linear_limits(system, [row for row in rows if isinstance(row, Row)])

    def attain(self, share, low, high):
        """Whether some table has the lowest share, and whether some has the highest.

        `share` is (unknowns of the count, of the base), or the Strata of a weighted share.
        """
        return self._attains(share, low, 1), self._attains(share, high, -1)

    def _attains(self, share, end, sign):
        if any(_is(table, share, end) for table in self.found):
            return True
        if self.missed >= PATIENCE and not self.found:
            return False
        count, base = share if isinstance(share, tuple) else _weighted_sums(share)
        if not len(base):
            return False
        if abs(self.program.ratio_end(count, base, sign) - end) > ROUND_OFF:
            return False
        table = self._whole(self.program.vertex())
        if table is None:
            self.missed += 1
            return False
        self.found.append(table)
        return _is(table, share, end)

    def _whole(self, vertex):
        """A vertex as whole-number counts, or None where it is not whole or does not meet the claims."""
        counts = np.rint(vertex).astype(int)
        sums = self.limits.A @ counts
        if np.abs(vertex - counts).max() > ROUND_OFF or (sums < self.limits.lb).any() or (sums > self.limits.ub).any():
            return None
        return counts if all(row.holds(counts) for row in self.compared) else None


def _weighted_sums(strata):
    """Count and base of a weighted share as {unknown: weight}, each stratum being of the size at which it is held."""
    if any(s.held == 0 for s in strata):
        return {}, {}
    count = {k: s.total / s.held for s in strata for k in s.count.tolist()}
    return count, {k: s.total / s.held for s in strata for k in s.base.tolist()}


def _is(table, share, end):
    """Whether a table of counts has this share."""
    if isinstance(share, tuple):
        count, base = (table[positions].sum() for positions in share)
    else:
        sizes = [table[s.members].sum() for s in share]
        if 0 in sizes:  # nobody to speak for a cell, so no weights
            return False
        weights = [s.total / size for s, size in zip(share, sizes, strict=True)]
        count = sum(w * table[s.count].sum() for w, s in zip(weights, share, strict=True))
        base = sum(w * table[s.base].sum() for w, s in zip(weights, share, strict=True))
    return bool(base and abs(count / base - end) <= ROUND_OFF)
