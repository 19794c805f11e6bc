"""What the claims print of each share, as the range of shares that agrees with it.

Several claims of one share leave what they all agree with; one that clashes with a claim before it in the claims file
is set aside.
"""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from pipeline.bases import Base, gives_a_size, stated_bases
from pipeline.claims import SHARES, limits, testable, whole_ends, whole_parts
from pipeline.codebook import Codebook
from pipeline.grim import possible_on
from pipeline.ranges import Range
from pipeline.whom import base_of, share_of


@dataclass(frozen=True)
class Share:
    """A share as its claims print it: the claims that agree on it, and the range that they leave."""

    claims: tuple[dict, ...]
    range: Range

    @property
    def claim(self):
        """The claim by which it is called: the first of them."""
        return self.claims[0]


@dataclass(frozen=True)
class Report:
    """What every check reads: the claims as records, their codebook, and the base of each claim by id."""

    claims: tuple[dict, ...]
    codebook: Codebook
    bases: dict[str, Base]
    worded_tolerance: float


def bases_of_claims(claims, codebook, worded_tolerance, bounded, disputed=frozenset()):
    """The Base of every claim that speaks of answers, by id; of an order, that of its first share.

    A size that is stated goes first, then the range in `bounded` (`bounded_bases`), then what a share of a stated
    base makes it. A size that one of the claims `disputed` (ids) states, or that follows from one, may as well be any
    in the range; where there is no range it is not known.
    """
    stated = stated_bases(claims, codebook, worded_tolerance)
    undisputed = stated_bases(claims, codebook, worded_tolerance, without=disputed)
    found = {}
    for claim in claims:
        if testable(claim):
            base = base_of(codebook, claim)
            known, left = stated.get(base, Base()), bounded.get(base)
            if known != undisputed.get(base, Base()):
                widened = left and known.known == "stated"
                known = Base(tuple(sorted({*known.sizes, *left.sizes})), "stated", known.claims) if widened else Base()
            found[claim["id"]] = known if known.known == "stated" else left or known
    return found


def same_shares(report):
    """By share: its claims with their ranges, those that agree with all before them and those that do not."""
    found = defaultdict(lambda: ([], []))
    for claim in report.claims:
        span = range_of(claim, report)
        if span is not None:
            trusted, clashing = found[share_of(report.codebook, claim)]
            clash = any(span.apart(other) for _, other in trusted)
            (clashing if clash else trusted).append((claim, span))
    return found


def range_of(claim, report):
    """The shares that agree with a claim, in whole organisations where its base is settled; None where unknown."""
    if not gives_a_size(claim):
        return None
    base, limit = report.bases.get(claim["id"], Base()), limits(claim, report.worded_tolerance)
    if base.sizes and not possible_on(claim, base.sizes, report.worded_tolerance):
        return None  # said by the check of one claim on its base
    if claim["unit"] in SHARES and not base.settled:
        return Range(*limit)
    if not base.sizes or base.sizes[0] == 0:
        return None
    if base.settled:
        count = claim["unit"] == "count"
        least, most = whole_ends(*limit) if count else whole_parts(base.settled, limit)
        low, high = max(0, least or 0), base.settled if most is None else min(most, base.settled)
        return Range(Fraction(low, base.settled), False, Fraction(high, base.settled), False)
    low, low_open, high, high_open = limit
    low, high = (None if low is None else low / base.sizes[-1]), (None if high is None else high / base.sizes[0])
    return Range(low, low_open, high, high_open)


def shares_of(report):
    """By share: what the claims that print it as one number, and do not clash with one before them, leave of it."""
    found = {}
    for share, (trusted, _) in same_shares(report).items():
        exact = [(c, r) for c, r in trusted if c["op"] == "="]
        if exact:
            low = max((r.low, r.low_open) for _, r in exact)
            high = min((r.high, not r.high_open) for _, r in exact)
            found[share] = Share(tuple(c for c, _ in exact), Range(*low, high[0], not high[1]))
    return found


def settled_sizes(report):
    """The size of every base that is settled, by whom."""
    claims = (c for c in report.claims if c["id"] in report.bases)
    sizes = {base_of(report.codebook, c): report.bases[c["id"]].settled for c in claims}
    return {base: size for base, size in sizes.items() if size}
