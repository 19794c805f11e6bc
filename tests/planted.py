"""Faults planted in a consistent report: true claims of one altered so that a little arithmetic rules it out.

Each kind of fault is a function of a codebook, a table of respondents and a random generator. It gives a few true
claims, and the arithmetic that says of any such claims whether some whole numbers meet them all. The arithmetic knows
only what the kind of fault is about (a total and its groups, say), so what it rules out no respondents can meet.
"""

from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import assume
from made_claims import USUAL, agrees, rows_of

from pipeline.claims import COMPARE
from pipeline.codebook import TOTAL

COUNT = {"unit": "count", "rounding": "exact"}
SHARE = {"unit": "share", "rounding": "exact"}
WORDED = [Fraction(1, 4), Fraction(1, 3), Fraction(1, 2), Fraction(2, 3), Fraction(3, 4)]


def plant(fault, codebook, table, rng):
    """A fault of this kind: (true claims, place of the claim to alter, that claim altered), as rows for `claims_of`.

    Half of the alterations are the slightest that the arithmetic rules out.
    """
    rows, possible = fault(codebook, table, rng)
    assert possible(rows)
    place = int(rng.integers(len(rows)))
    altered = [
        change
        for change in alterations(rows[place], len(table))
        if not possible([*rows[:place], change, *rows[place + 1 :]])
    ]
    assume(altered)
    return rows, place, altered[0] if rng.random() < 0.5 else _pick(rng, altered)


def alterations(row, respondents):
    """The claim printed otherwise, from the slightest change to the largest."""
    if row.get("unit") == "order":
        return [row | {"op": op} for op in COMPARE if op not in ("=", row["op"])]
    value, op = Fraction(row["value"]), row.get("op", "=")
    if op == "about" and row.get("unit") == "share":
        others = sorted(set(WORDED) - {value}, key=lambda w: abs(w - value))
    elif row.get("unit") == "share":
        parts = value.denominator
        others = sorted(
            (Fraction(n, parts) for n in range(parts + 1) if n != value.numerator), key=lambda w: abs(w - value)
        )
    else:
        most = {"count": respondents, "answers": 10}.get(row.get("unit"), 100)
        steps = (value + sign * step for step in range(1, 26) for sign in (1, -1))
        others = [v for v in steps if 0 <= v <= most]
    return [row | {"value": str(v)} for v in others]


def _pick(rng, values):
    return values[int(rng.integers(len(values)))]


def _printed(rng, codebook, table, where, ways=("percent", "percent", "percent", "count", "share", "about")):
    """A true claim of how many gave a category: printed as a per cent, a count or a share, exact or in words.

    `where` holds the measure, the category and, unless it is all respondents, the break, group and base.
    """
    row = {"category": "", "break": TOTAL, "group": TOTAL, "base": "all"} | where
    count, base = (int(x.sum()) for x in rows_of(codebook, row, row["category"], row["group"], table))
    assume(base > 0)
    share, way = Fraction(count, base), _pick(rng, ways)
    worded = min(WORDED, key=lambda w: abs(w - share))
    if way == "about" and abs(worded - share) <= Fraction(5, 100):
        return row | {"op": "about", "value": str(worded), "unit": "share", "rounding": "worded"}
    if way == "share":
        return row | {"value": str(share)} | SHARE
    if way == "count":
        return row | {"value": str(count)} | COUNT
    return row | {"value": str((200 * count + base) // (2 * base))}


def _allowed(row, base):
    """The whole counts out of a base of this size that a claim agrees with: a set."""
    counts = np.arange(base + 1)
    claim = USUAL | row | {"number": Fraction(row["value"])}
    return set(np.flatnonzero(agrees(claim, counts, np.full(base + 1, base))).tolist())


def _sums(sets):
    """Every sum of one number of each set."""
    found = {0}
    for numbers in sets:
        found = {a + b for a in found for b in numbers}
    return found


def _questions(codebook, fits):
    """The questions put to the respondents that fit, of which there must be one."""
    found = [q for q in codebook.questions if q.id not in (codebook.sector, codebook.size_band) and fits(q)]
    assume(found)
    return found


def _sizes(codebook, table, rng, break_):
    """The groups of the break by sector or band that anyone is in, and true counts of each."""
    groups = [g.id for g in codebook.groups(break_) if (table[break_] == g.id).any()]
    return groups, [_printed(rng, codebook, table, {"measure": break_, "category": g}, ["count"]) for g in groups]


def one_share_twice(codebook, table, rng):
    """One share printed in two places."""
    measure = _pick(rng, codebook.measures)
    break_ = _pick(rng, [TOTAL, *measure.breaks])
    where = {"measure": measure.id, "category": _pick(rng, [*codebook.question(measure.question).categories])}
    where |= {"break": break_, "group": _pick(rng, codebook.groups(break_)).id, "base": measure.base}
    known = break_ == TOTAL and measure.base == "all"

    def possible(rows):
        bases = [len(table)] if known else range(len(table) + 1)
        return any(_allowed(rows[0], n) & _allowed(rows[1], n) for n in bases)

    return [_printed(rng, codebook, table, where) for _ in range(2)], possible


def total_and_groups(codebook, table, rng):
    """A share of all, the shares of each sector or band, and how many each has: the groups add up to the total."""
    question = _pick(rng, _questions(codebook, lambda q: True))
    break_ = _pick(rng, [codebook.sector, codebook.size_band])
    where = {"measure": question.id, "category": _pick(rng, [*question.categories])}
    groups, sizes = _sizes(codebook, table, rng, break_)
    parts = [_printed(rng, codebook, table, where | {"break": break_, "group": g}) for g in groups]

    def possible(rows):
        sizes = [int(r["value"]) for r in rows[: len(groups)]]
        counts = [_allowed(r, n) for r, n in zip(rows[len(groups) : -1], sizes, strict=True)]
        return sum(sizes) <= len(table) and bool(_sums(counts) & _allowed(rows[-1], len(table)))

    # Groups that nobody was found in are not printed: only where all are, do they have to add up.
    assume(len(groups) == len(codebook.groups(break_)))
    return [*sizes, *parts, _printed(rng, codebook, table, where)], possible


def answers_and_all(codebook, table, rng):
    """Every answer to a question with one answer, put to all: they add up to all."""
    question = _pick(rng, _questions(codebook, lambda q: not q.several and not q.asked_if))
    rows = [_printed(rng, codebook, table, {"measure": question.id, "category": a.id}) for a in question.answers]
    return rows, lambda rows: len(table) in _sums(_allowed(r, len(table)) for r in rows)


def net_and_answers(codebook, table, rng):
    """A net and its answers, of one answer each: they add up to it."""
    question = _pick(rng, _questions(codebook, lambda q: q.nets and not q.several))
    rows = _net(codebook, table, rng, question)
    return rows, lambda rows: bool(_sums(_allowed(r, len(table)) for r in rows[1:]) & _allowed(rows[0], len(table)))


def net_and_several_answers(codebook, table, rng):
    """A net and its answers, of several answers each: it is no less than any and no more than their sum."""
    question = _pick(rng, _questions(codebook, lambda q: q.nets and q.several))

    def possible(rows):
        net, *answers = (_allowed(r, len(table)) for r in rows)
        if not (net and all(answers)):
            return False
        return max(net) >= max(min(a) for a in answers) and min(net) <= sum(max(a) for a in answers)

    return _net(codebook, table, rng, question), possible


def _net(codebook, table, rng, question):
    net = question.nets[0]
    return [_printed(rng, codebook, table, {"measure": question.id, "category": c}) for c in (net.id, *net.answers)]


def order_of_answers(codebook, table, rng):
    """Two answers, and which of them more gave."""
    question = _pick(rng, _questions(codebook, lambda q: True))
    one, other = (question.answers[int(k)].id for k in rng.permutation(len(question.answers))[:2])
    shares = [_printed(rng, codebook, table, {"measure": question.id, "category": c}) for c in (one, other)]
    a, b = (int(rows_of(codebook, shares[0], c, TOTAL, table)[0].sum()) for c in (one, other))
    order = _order(rng, shares[0], a, b) | {"versus_category": other}

    def possible(rows):
        counts = product(*(_allowed(r, len(table)) for r in rows[:2]))
        return any(COMPARE[rows[2]["op"]](a, b) for a, b in counts)

    return [*shares, order], possible


def order_of_groups(codebook, table, rng):
    """The shares of two sectors or bands, how many each has, and which share is larger."""
    question = _pick(rng, _questions(codebook, lambda q: True))
    break_ = _pick(rng, [codebook.sector, codebook.size_band])
    groups, sizes = _sizes(codebook, table, rng, break_)
    assume(len(groups) > 1)
    chosen = [int(k) for k in rng.permutation(len(groups))[:2]]
    where = {"measure": question.id, "category": _pick(rng, [*question.categories]), "break": break_}
    shares = [_printed(rng, codebook, table, where | {"group": groups[k]}) for k in chosen]
    sums = [rows_of(codebook, shares[0], where["category"], groups[k], table) for k in chosen]
    a, b = (Fraction(int(count.sum()), int(base.sum())) for count, base in sums)
    order = _order(rng, shares[0], a, b) | {"versus_group": groups[chosen[1]]}

    def possible(rows):
        bases = [int(r["value"]) for r in rows[:2]]
        counts = product(*(_allowed(r, n) for r, n in zip(rows[2:4], bases, strict=True)))
        met = COMPARE[rows[4]["op"]]
        return all(bases) and any(met(Fraction(a, bases[0]), Fraction(b, bases[1])) for a, b in counts)

    return [*(sizes[k] for k in chosen), *shares, order], possible


def _order(rng, row, a, b):
    """The claim of a row turned into one that its share is more or less than another."""
    holds = [op for op in (">", "<", ">=", "<=") if COMPARE[op](a, b)]
    return row | {"op": _pick(rng, holds), "value": "", "unit": "order", "rounding": "exact"}


def answers_and_those_asked(codebook, table, rng):
    """An answer to a question that not all were asked, and the answers by which they were: it cannot be more."""
    question = _pick(rng, _questions(codebook, lambda q: any(t.any for t in q.asked_if.values())))
    ((router, test),) = question.asked_if.items()
    routing = [_printed(rng, codebook, table, {"measure": router, "category": a}) for a in test.any]
    answer = _printed(rng, codebook, table, {"measure": question.id, "category": _pick(rng, [*question.categories])})

    def possible(rows):
        *put, given = (_allowed(r, len(table)) for r in rows)
        return bool(given) and all(put) and min(given) <= sum(max(p) for p in put)

    return [*routing, answer], possible


def share_of_a_base(codebook, table, rng):
    """How many are in a group, and a share of them: that of a whole number."""
    by = [b for b in codebook.breaks if b.of not in (None, codebook.sector, codebook.size_band)]
    assume(by)
    break_, question = _pick(rng, by), _pick(rng, _questions(codebook, lambda q: True))
    group = _pick(rng, codebook.groups(break_.id)).id
    size = _printed(rng, codebook, table, {"measure": break_.of, "category": group})
    where = {"measure": question.id, "category": _pick(rng, [*question.categories]), "break": break_.id, "group": group}
    rows = [size, _printed(rng, codebook, table, where)]
    return rows, lambda rows: any(_allowed(rows[1], n) for n in _allowed(rows[0], len(table)))


def most_answers(codebook, table, rng):
    """Every answer to a question that takes only so many: they add up to no more than all of those."""
    question = _pick(rng, _questions(codebook, lambda q: q.max_answers and not q.asked_if))
    rows = [_printed(rng, codebook, table, {"measure": question.id, "category": a.id}) for a in question.answers]

    def possible(rows):
        counts = [_allowed(r, len(table)) for r in rows]
        return all(counts) and sum(min(c) for c in counts) <= question.max_answers * len(table)

    return rows, possible


def most_answers_as_printed(codebook, table, rng):
    """Every answer to a question, and the most answers that anyone gave."""
    question = _pick(rng, _questions(codebook, lambda q: q.several and not q.asked_if))
    most = int(table[question.columns].eq(1).sum(axis=1).max())
    limit = {"measure": question.id, "category": "", "op": "<=", "value": str(most), "unit": "answers"}
    rows = [_printed(rng, codebook, table, {"measure": question.id, "category": a.id}) for a in question.answers]

    def possible(rows):
        counts = [_allowed(r, len(table)) for r in rows[1:]]
        return all(counts) and sum(min(c) for c in counts) <= int(rows[0]["value"]) * len(table)

    return [limit | {"rounding": "exact", "break": TOTAL, "group": TOTAL, "base": "all"}, *rows], possible


def fewest_answers(codebook, table, rng):
    """Every answer to a question that wants at least one: they add up to all or more."""
    question = _pick(rng, _questions(codebook, lambda q: q.min_answers and not q.asked_if))
    rows = [_printed(rng, codebook, table, {"measure": question.id, "category": a.id}) for a in question.answers]

    def possible(rows):
        counts = [_allowed(r, len(table)) for r in rows]
        return all(counts) and sum(max(c) for c in counts) >= question.min_answers * len(table)

    return rows, possible


def part_and_whole(codebook, table, rng):
    """How many of all gave an answer, and how many of a group did: no more of these."""
    question = _pick(rng, _questions(codebook, lambda q: True))
    break_ = _pick(rng, codebook.breaks)
    where = {"measure": question.id, "category": _pick(rng, [*question.categories])}
    part = where | {"break": break_.id, "group": _pick(rng, codebook.groups(break_.id)).id}
    rows = [_printed(rng, codebook, table, where), _printed(rng, codebook, table, part, ["count"])]

    def possible(rows):
        whole, part = (_allowed(r, len(table)) for r in rows)
        return bool(whole and part) and min(part) <= max(whole)

    return rows, possible


def sector_and_bands(codebook, table, rng):
    """How many are of a sector, and of each of its bands."""
    sector = _pick(rng, codebook.question(codebook.sector).answers).id
    bands = [a.id for a in codebook.question(codebook.size_band).answers if a.band.sector == sector]
    rows = [_printed(rng, codebook, table, {"measure": codebook.sector, "category": sector})]
    rows += [_printed(rng, codebook, table, {"measure": codebook.size_band, "category": b}) for b in bands]
    return rows, lambda rows: bool(_allowed(rows[0], len(table)) & _sums(_allowed(r, len(table)) for r in rows[1:]))


# Each kind of fault, and what a codebook must have for it (`made_surveys.FEATURES`).
FAULTS = {
    one_share_twice: "any",
    total_and_groups: "any",
    answers_and_all: "net",
    net_and_answers: "net",
    net_and_several_answers: "net_of_several",
    order_of_answers: "any",
    order_of_groups: "any",
    answers_and_those_asked: "routed",
    share_of_a_base: "break",
    most_answers: "max_answers",
    most_answers_as_printed: "max_answers",
    fewest_answers: "min_answers",
    part_and_whole: "any",
    sector_and_bands: "any",
}
