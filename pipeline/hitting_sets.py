"""Minimal contradictions by way of the sets that can be met: hitting sets, in the order of their size.

A contradiction is met by no solution, so of every set that can be met it holds a claim that is left out (Reiter 1987,
"A theory of diagnosis from first principles"). Sets of claims are bits of a number here.
"""

from itertools import count


def minimal_sets(meet, start, universe, *, most, few):
    """The minimal sets of a universe that hold `start` and cannot be met, smallest first; and how far this is all.

    `meet(claims, universe)`: claims that can be met together with these, or None where these cannot be met. Returns
    (sets, size): every minimal set of at most `size` claims is there; size None is every one of any size. The search
    goes as far as `most`, and beyond as long as there are at most `few` sets to look at next.

    A set that cannot be met, and holds the claims h that can, holds one claim besides that is not met with them. So
    from every h that is met all its extensions by such a claim are looked at next, and none is missed.
    """
    for size, found, level in by_size(meet, start, universe):
        if not level:
            return found, None
        if size >= most and len(level) > few:
            return found, size


def by_size(meet, start, universe):
    """The search of `minimal_sets`, a size at a time: (size, minimal sets of at most this size, sets to look at next).

    Where none are to be looked at next there are no longer minimal sets, and the search is at its end.
    """
    found, level = [], {start}
    for size in count(1):
        longer = set()
        for claims in sorted(level):
            met = meet(claims, universe)
            if met is None:
                found.append(claims)
            else:
                longer.update(claims | one for one in _each(universe & ~met))
        level = {claims for claims in longer if not any(claims & f == f for f in found)}
        yield size, found, level
        if not level:
            return


def _each(bits):
    while bits:
        one = bits & -bits
        yield one
        bits ^= one
