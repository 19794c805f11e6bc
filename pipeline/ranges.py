"""Ranges of shares, as printed numbers leave them: which lies above which, what they add up to, and their mean."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Range:
    """The shares that a number allows, from `low` to `high`, each end open or not; None is no limit."""

    low: Fraction | None
    low_open: bool
    high: Fraction | None
    high_open: bool

    @property
    def ends(self):
        """The two ends."""
        return self.low, self.high

    def above(self, other):
        """Whether all of this range lies above all of the other."""
        if self.low is None or other.high is None:
            return False
        return self.low > other.high or (self.low == other.high and (self.low_open or other.high_open))

    def apart(self, other):
        """Whether no share lies in both ranges."""
        return self.above(other) or other.above(self)

    def rest(self):
        """What it leaves of everyone."""
        low, high = (None if end is None else 1 - end for end in self.ends)
        return Range(high, self.high_open, low, self.low_open)

    def from_none(self):
        """The range with an end at none where it has no lower one: no share is below that."""
        return Range(Fraction(0), False, self.high, self.high_open) if self.low is None else self


WHOLE = Range(Fraction(1), False, Fraction(1), False)


def total_range(ranges):
    """The range of a sum of shares, from the range of each."""
    low = None if any(r.low is None for r in ranges) else sum(r.low for r in ranges)
    high = None if any(r.high is None for r in ranges) else sum(r.high for r in ranges)
    return Range(low, any(r.low_open for r in ranges), high, any(r.high_open for r in ranges))


def mean_range(ranges, weights):
    """The range of the mean of shares, none without an end: weighed, or without weights from the lowest to the highest.

    `weights` are numbers, one per range, or None where they are not known.
    """
    if weights is None:
        lowest = min(ranges, key=lambda r: (r.low, r.low_open))
        highest = max(ranges, key=lambda r: (r.high, not r.high_open))
        return Range(lowest.low, lowest.low_open, highest.high, highest.high_open)
    ends = zip(*(r.ends for r in ranges), strict=True)
    low, high = (sum(w * end for w, end in zip(weights, of, strict=True)) / sum(weights) for of in ends)
    return Range(low, any(r.low_open for r in ranges), high, any(r.high_open for r in ranges))
