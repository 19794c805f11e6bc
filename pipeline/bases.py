"""How many organisations a printed share may be of: what the report states, and what its other numbers leave."""

from dataclasses import dataclass

from pipeline.claims import SHARES, SIZES, limits, testable, whole_parts
from pipeline.whom import base_of, counted_of, whom


@dataclass(frozen=True)
class Base:
    """How many organisations a share may be of: `sizes`, in order, how that is known, and the claims that say so.

    `known`: `stated` (the codebook's respondents, or a number printed), `by its share` (a share printed of a base
    whose size is stated), `bounded` (the range that the claims kept leave), or empty where nothing limits it.
    """

    sizes: tuple[int, ...] = ()
    known: str = ""
    claims: tuple[str, ...] = ()

    @property
    def settled(self):
        """The one size there is, or None."""
        return self.sizes[0] if len(self.sizes) == 1 else None


def gives_a_size(claim):
    """Whether a claim gives a share or a count of organisations."""
    return testable(claim) and claim["unit"] in SIZES


def stated_bases(claims, codebook, worded_tolerance, without=()):
    """{whom: Base} of those whose size is printed: as a count, or as a share of a base that is printed as a count.

    `claims` are records as of `load_claims`; `without` are ids of claims to leave aside. Everyone's size is the
    codebook's. Counts of one whom that differ are all sizes of it.
    """
    exact = [c for c in claims if gives_a_size(c) and c["op"] == "=" and c["id"] not in without]
    sizes = {}
    for claim in exact:
        if claim["unit"] == "count":
            sizes.setdefault(counted_of(codebook, claim), {}).setdefault(int(claim["number"]), claim["id"])
    if codebook.respondents:
        sizes[whom(codebook)] = {codebook.respondents: ""}
    bases = {who: _base(found, "stated") for who, found in sizes.items()}
    by_share = {}
    for claim in exact:
        base = bases.get(base_of(codebook, claim), Base())
        who = counted_of(codebook, claim)
        if claim["unit"] in SHARES and who not in bases and base.settled:
            least, most = whole_parts(base.settled, limits(claim, worded_tolerance))
            if least <= most:
                by_share.setdefault(who, {}).update(dict.fromkeys(range(least, most + 1), claim["id"]))
    return {who: _base(found, "by its share") for who, found in by_share.items()} | bases


def _base(sizes, known):
    return Base(tuple(sorted(sizes)), known, tuple(dict.fromkeys(i for i in sizes.values() if i)))


def bounded_bases(estimates, codebook):
    """{whom: Base} of the bases whose range the claims kept leave, from the columns base_low and base_high."""
    known = estimates.dropna(subset=["base_low", "base_high"]).drop_duplicates(["measure", "break", "group"])
    bases = {}
    for row in known.to_dict("records"):
        where = codebook.base(codebook.measure(row["measure"]).base).where
        who = whom(codebook, where, codebook.group(row["break"], row["group"]).where)
        bases[who] = Base(tuple(range(int(row["base_low"]), int(row["base_high"]) + 1)), "bounded")
    return bases
