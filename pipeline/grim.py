"""Is a printed share possible at all on its base? GRIM (Brown and Heathers 2017), for shares instead of means.

So many of n organisations are a share in steps of 100/n percentage points. Where the steps are wider than the printed
rounding, some per cents cannot be printed of n: no whole number of 30 organisations is 11%. The test has power only
there: from a base of 100 on, every whole per cent is possible.

    N. J. L. Brown and J. A. J. Heathers (2017), The GRIM test: a simple technique detects numerous anomalies in the
    reporting of results in psychology. Social Psychological and Personality Science 8(4), 363-369.
"""

from fractions import Fraction
from functools import cache
from math import floor

from pipeline.claims import decimals, has_whole_part, limits, whole_ends
from pipeline.printing import whole_text
from pipeline.wording import percent


def possible_on(claim, sizes, worded_tolerance):
    """Which of these base sizes have a whole number of organisations that agrees with a claim of a share or count."""
    return tuple(_possible(claim, sizes, worded_tolerance))


def _possible(claim, sizes, worded_tolerance):
    """The same one by one, so that whoever wants the first need not wait for the others."""
    limit = limits(claim, worded_tolerance)
    if claim["unit"] == "count":
        least, most = whole_ends(*limit)
        return (n for n in sizes if max(0, least or 0) <= (n if most is None else min(n, most)))
    return (n for n in sizes if n > 0 and _fits(n, limit))


_fits = cache(has_whole_part)


def nearest_possible(claim, sizes, most, worded_tolerance):
    """The base sizes nearest below and above these, from 1 to `most`, on which a claim would be possible."""
    ways = range(min(sizes) - 1, 0, -1), range(max(sizes) + 1, most + 1)
    nearest = (next(_possible(claim, way, worded_tolerance), None) for way in ways)
    return tuple(size for size in nearest if size is not None)


def granularity(base):
    """How many percentage points one organisation of a base is."""
    return 100 / base


def power(claim, sizes):
    """The share of the values that could have been printed that are impossible on every one of these base sizes.

    What could have been printed is every per cent from 0 to 100 of as many decimals as the claim has. 0 says that the
    test can find nothing; None that the claim is no per cent, so that this cannot be said.
    """
    sizes = [n for n in sizes if n > 0]
    if claim["unit"] != "percent" or claim["op"] != "=" or not sizes:
        return None
    digits = decimals(claim)
    printable = 100 * 10**digits + 1
    rounded = claim["rounding"] == "half_up"
    if rounded and max(sizes) >= printable - 1:
        return 0.0
    possible = set().union(*(_printable(n, digits, rounded) for n in sizes))
    return 1 - len(possible) / printable


@cache
def _printable(base, digits, rounded):
    """What shares of a base can be printed as, in units of the last decimal; exactly, where they are not rounded."""
    unit = 100 * 10**digits
    if rounded:
        return frozenset((2 * unit * k + base) // (2 * base) for k in range(base + 1))
    return frozenset(unit * k // base for k in range(base + 1) if unit * k % base == 0)


def around(claim, base, worded_tolerance):
    """The whole numbers of a base next below and next above a claim's printed share, in words.

    `of 30 organisations 3 are 10% and 4 are 13.3%`; for a count that it is more than there are. The shares have digits
    enough to show that they are not what the claim says.
    """
    if claim["unit"] == "count":
        return f"there are only {whole_text(base)}"
    if not base:
        return "the other numbers leave nobody there"
    exact = float(claim["number"]) / (100 if claim["unit"] == "percent" else 1) * base
    counts = sorted({max(0, floor(exact)), min(base, floor(exact) + 1)})
    digits = decimals(claim) + 1
    low, _, high, _ = limits(claim, worded_tolerance)
    said = [(k, percent(Fraction(k, base), digits, beside=(low, high))) for k in counts]
    shares = " and ".join(f"{k} {'is' if k == 1 else 'are'} {share}" for k, share in said)
    return f"of {whole_text(base)} organisations {shares}"


def sizes_text(sizes):
    """Base sizes as a reader sees them: runs as ranges, `27-28, 35`."""
    runs = []
    for n in sizes:
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)
