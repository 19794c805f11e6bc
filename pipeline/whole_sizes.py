"""What the claims say of bases, counts and sizes in whole numbers, before any estimate is bounded (`pipeline.bounds`).

Linear programs see fractions of respondents. Which whole sizes a base can have, and which whole counts a share can
stand for, is worked out first and said to them as Rows, so that what is added up from these is bounded by it too.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from pipeline.certificates import eased_rows
from pipeline.claims import SHARES, has_whole_part, limits, whole_parts
from pipeline.population import cell_of_band
from pipeline.programs import Program
from pipeline.system import Row, about, counted, linear_row, sides


@dataclass(frozen=True)
class Known:
    """Ends in whole numbers that are found before the estimates are bounded, so that linear programs see them too.

    `sizes`: respondents by size band. `cells`: by weighting cell. `bases`: respondents by the condition of a base.
    `counts`: by claim.
    """

    sizes: dict
    cells: dict
    bases: dict
    counts: dict


def known_sizes(system, ids, cells, worded_tolerance):
    """The Known that these claims force, over a whole system; `cells` are the population's, or None."""
    bases = _whole_bases(system, ids, worded_tolerance)
    known = Known({}, {}, bases, _whole_counts(system, ids, bases, worded_tolerance))
    return replace(known, **_sizes(system, ids, known, cells))


def _sized_claims(system, ids, units=SHARES):
    chosen = system.table["id"].isin(ids) & system.table["unit"].isin(units)
    return system.table[chosen].to_dict("records")


def _whom(codebook, claim, group):
    """Whose share an estimate or claim is: the conditions of its base and group, in a form that can be looked up."""
    tests = [item for condition in about(codebook, claim, group) for item in condition.items()]
    return tuple(sorted((q, *(tuple(sorted(answers)) for answers in (t.any, t.all, t.none))) for q, t in tests))


def _whole_bases(system, ids, worded_tolerance):
    """The least and most size of each base of a share, among those at which every share printed of it is possible.

    90%, 57% and 14% of one group of 26 to 49 organisations leave 42 of them, for instance: no other number has whole
    parts that round to all three.
    """
    rows = [row for i in ids for row in system.claims[i] if isinstance(row, Row)]
    program = Program([*system.structure, *rows, *eased_rows(system, ids)], system.size)
    bases, shares = {}, defaultdict(list)
    for claim in _sized_claims(system, ids, ("percent", "share", "order")):
        for category, group in sides(claim):
            whom = _whom(system.codebook, claim, group)
            if whom not in bases:
                _, base = counted(system.codebook, system.layout, claim, category, group)
                bases[whom] = program.ends(base)
            if claim["unit"] != "order":
                shares[whom].append(limits(claim, worded_tolerance))
    possible = {
        whom: [n for n in range(least, most + 1) if all(has_whole_part(n, limit) for limit in shares[whom])]
        for whom, (least, most) in bases.items()
    }
    return {whom: (min(sizes), max(sizes)) for whom, sizes in possible.items()}


def _whole_counts(system, ids, bases, worded_tolerance):
    """The least and most whole count that each claim of a share allows, where its base is settled.

    Linear programs see fractions of respondents: 62% of 77 may be anything from 47.4 to 48.1. Said to them as "48",
    it bounds what is added up from it too.
    """
    counts = {}
    for claim in _sized_claims(system, ids):
        least, most = bases[_whom(system.codebook, claim, claim["group"])]
        if least == most:
            counts[claim["id"]] = whole_parts(least, limits(claim, worded_tolerance))
    return counts


def _sizes(system, ids, known, cells):
    """The least and most respondents that each size band and each weighting cell can have."""
    program = Program(known_rows(system, ids, known), system.size)
    clique, column = system.layout.column(system.codebook.size_band)

    def ends(bands):
        """The least and most respondents that these size bands have together."""
        return program.ends(clique.unknowns(column.isin(bands)))

    bands = {band: ends([band]) for band in system.layout.levels[system.codebook.size_band]}
    return {"sizes": bands, "cells": {cell: ends(among) for cell, among in bands_of(cells).items()}}


def held_sizes(system, ids, solution, worded_tolerance):
    """The Known once every base of a share and every size band has as many respondents as in these counts."""
    codebook, bases = system.codebook, {}
    for claim in _sized_claims(system, ids, ("percent", "share", "order")):
        for category, group in sides(claim):
            _, base = counted(codebook, system.layout, claim, category, group)
            bases[_whom(codebook, claim, group)] = (int(solution[base].sum()),) * 2
    clique, column = system.layout.column(codebook.size_band)
    levels = system.layout.levels[codebook.size_band]
    sizes = {band: (int(solution[clique.unknowns(column == band)].sum()),) * 2 for band in levels}
    return Known(sizes, {}, bases, _whole_counts(system, ids, bases, worded_tolerance))


def bands_of(cells):
    """The size bands of each weighting cell."""
    bands = defaultdict(list)
    for band, cell in ({} if cells is None else cell_of_band(cells)).items():
        bands[cell].append(band)
    return dict(bands)


def known_rows(system, ids, known):
    """The Rows of a system: its structure, these claims, and what is known of their bases, counts and sizes."""
    rows, codebook = [*system.structure], system.codebook
    for claim in system.table[system.table["id"].isin(ids)].to_dict("records"):
        for row in system.claims[claim["id"]]:
            rows.append(row if isinstance(row, Row) else _eased(claim, row, codebook, known.bases))
        if claim["unit"] in SHARES:
            count, base = counted(codebook, system.layout, claim, claim["category"], claim["group"])
            low, high = known.bases[_whom(codebook, claim, claim["group"])]
            rows.append(linear_row(base, low=low, high=high))
            if claim["id"] in known.counts:
                low, high = known.counts[claim["id"]]
                rows.append(linear_row(count, low=low, high=high))
    for band, (low, high) in known.sizes.items():
        clique, cells = system.layout.column(codebook.size_band)
        rows.append(linear_row(clique.unknowns(cells == band), low=low, high=high))
    return rows


def _eased(claim, row, codebook, bases):
    """A comparison of shares as a Row that it implies, by how large its bases can be."""
    ends = [bases[_whom(codebook, claim, claim[g])] for g in ("group", "versus_group")]
    (least, _), (_, most) = ends if row.sign > 0 else reversed(ends)
    return row.eased(least, most)
