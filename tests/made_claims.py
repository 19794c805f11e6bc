"""Claims for tests: written by hand or computed from a table of respondents, and a survey small enough to enumerate."""

import tempfile
from fractions import Fraction
from itertools import combinations_with_replacement, product
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from pipeline.claims import COLUMNS, COMPARE, load_claims
from pipeline.codebook import TOTAL, Codebook
from pipeline.respondents import gave, select, typed

USUAL = dict.fromkeys(COLUMNS, "") | {
    **{"place": "a page", "category": "yes", "break": TOTAL, "group": TOTAL, "base": "all"},
    **{"op": "=", "unit": "percent", "rounding": "half_up"},
}

# How a claim may be drawn; EVERY_KIND has the rarer ways of printing as well.
KINDS = ("percent", "percent", "percent", "count", "side", "about", "order", "answers")
EVERY_KIND = (*KINDS, "exact_share", "exact_percent", "percent_side", "about_percent", "about_count")

# Questions of every kind, and few enough kinds of house (36) that every table of a handful of them can be made.
TINY = """
wave: 2000
title: Boats and bicycles (made up)
kind: reconstruction
source: Made up for tests
sector: place
size_band: size
questions:
  - id: place
    text: Where?
    label: Place
    asked_of: frame
    answers: [{id: shore, label: Shore}, {id: hill, label: Hill}]
    nets: [{id: anywhere, label: Anywhere, answers: [shore, hill]}]
  - id: size
    text: How large?
    label: Size
    asked_of: frame
    answers:
      - {id: shore_small, label: Small, band: {sector: shore, below: 5}}
      - {id: shore_large, label: Large, band: {sector: shore, at_least: 5}}
      - {id: hill_any, label: Any, band: {sector: hill}}
  - {id: open, text: "Open?", label: Open, answers: [{id: "yes", label: "Yes"}, {id: "no", label: "No"}]}
  - id: late
    text: Late?
    label: Late
    asked_if: {open: ["yes"]}
    answers: [{id: "yes", label: "Yes"}, {id: "no", label: "No"}]
  - id: hires
    text: What is for hire?
    label: For hire
    kind: multiple
    answers: [{id: boats, label: Boats}, {id: bikes, label: Bicycles}]
bases:
  - {id: all, label: All}
  - {id: open, label: Open ones, where: {open: ["yes"]}}
breaks:
  - {id: place, label: Place, of: place}
  - {id: size, label: Size, of: size}
  - {id: hires, label: For hire, of: hires}
measures:
  - {id: place, question: place, label: Place, breaks: []}
  - {id: size, question: size, label: Size, breaks: [place]}
  - {id: open, question: open, label: Open, breaks: [place, size, hires]}
  - {id: late, question: late, label: Late, base: open, breaks: [place]}
  - {id: hires, question: hires, label: For hire, breaks: [place]}
"""


def tiny_codebook(respondents):
    """The codebook of the tiny survey, resting on this many houses."""
    return Codebook.model_validate(yaml.safe_load(TINY) | {"respondents": respondents})


def tiny_kinds(codebook):
    """One row for every kind of house that the tiny survey can tell apart."""
    sizes = [(a.band.sector, a.id) for a in codebook.question("size").answers]
    hours = [("yes", "yes"), ("yes", "no"), ("no", None)]
    hires = [(0, 0), (1, 0), (0, 1), (1, 1)]
    rows = [(f"K-{n}", *s, *h, *i) for n, (s, h, i) in enumerate(product(sizes, hours, hires))]
    return typed(pd.DataFrame(rows, columns=codebook.columns), codebook)


def every_table(kinds, houses):
    """All tables of so many houses: one row each, how many houses of each kind it has."""
    drawn = np.array(list(combinations_with_replacement(range(len(kinds)), houses)))
    tables = np.zeros((len(drawn), len(kinds)), dtype=int)
    for column in drawn.T:
        np.add.at(tables, (np.arange(len(drawn)), column), 1)
    return tables


def claims_of(codebook, *rows):
    """The checked table of claims that these rows, written as in USUAL where they do not say otherwise, make."""
    rows = [USUAL | {"id": f"c{n}"} | row for n, row in enumerate(rows, 1)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "claims.csv"
        pd.DataFrame(rows)[COLUMNS].to_csv(path, index=False)
        return load_claims(path, codebook)


def rows_of(codebook, claim, category, group, table):
    """Which rows of a table count in a claim, and which are in its base: two boolean Series."""
    question = codebook.question(codebook.measure(claim["measure"]).question)
    base = select(table, codebook.base(claim["base"]).where)
    base &= select(table, codebook.group(claim["break"], group).where)
    return base & gave(table, question, category), base


def true_claims(codebook, respondents, *, number, seed, tolerance=5, kinds=KINDS):
    """Rows of claims of every sort, each of them so in this table of respondents; `wild` ones join any base and break.

    Written without the code under test: counted from the rows and rounded in whole numbers.
    """
    rng = np.random.default_rng(seed)
    rows = []
    while len(rows) < number:
        row = _drawn(codebook, respondents, rng, tolerance, kinds)
        if row is not None:
            rows.append({"id": f"t{len(rows) + 1}"} | row)
    return rows


def _pick(rng, values):
    return values[rng.integers(len(values))]


def _drawn(codebook, respondents, rng, tolerance, kinds):
    measure = _pick(rng, codebook.measures)
    question = codebook.question(measure.question)
    wild = rng.random() < 0.1
    break_ = _pick(rng, [TOTAL, *([b.id for b in codebook.breaks] if wild else measure.breaks)])
    groups = [g.id for g in codebook.groups(break_)]
    base = _pick(rng, codebook.bases).id if wild else measure.base
    row = {"measure": measure.id, "category": _pick(rng, [*question.categories]), "break": break_, "base": base}
    row["group"] = _pick(rng, groups)

    def counts(category, group):
        return tuple(int(x.sum()) for x in rows_of(codebook, row, category, group, respondents))

    count, base = counts(row["category"], row["group"])
    kind = _pick(rng, kinds)
    if kind == "count" or base == 0:
        return row | _count(rng, count, len(respondents))
    if kind in EVERY_KIND[len(KINDS) :]:
        return _added(row, _seldom(rng, kind, count, base, tolerance))
    share = Fraction(count, base)
    if kind == "percent":
        return row | {"value": str((200 * count + base) // (2 * base))}
    if kind == "answers":
        base = rows_of(codebook, row, row["category"], row["group"], respondents)[1]
        return _added(row, _answers(rng, question, respondents, base))
    if kind == "order":
        return _added(row, _order(rng, row, question, groups, counts, share))
    said = [Fraction(1, 4), Fraction(1, 3), Fraction(1, 2), Fraction(2, 3), Fraction(3, 4)]
    said = _pick(rng, said) if kind == "side" else min(said, key=lambda s: abs(share - s))
    if kind == "side" and share != said:
        return row | {"op": ">" if share > said else "<", "value": str(said), "unit": "share", "rounding": "exact"}
    if abs(share - said) * 100 <= tolerance:
        return row | {"op": "about", "value": str(said), "unit": "share", "rounding": "worded"}
    return None


def _added(row, more):
    return None if more is None else row | more


def _seldom(rng, kind, count, base, tolerance):
    """A share or count printed in one of the rarer ways, or None where it cannot be."""
    share, exact = Fraction(count, base), {"rounding": "exact"}
    if kind == "exact_share":
        return {"value": str(share), "unit": "share"} | exact
    if kind == "exact_percent":
        return {"value": str(100 * share)} | exact
    if kind == "percent_side":
        # Ten whole per cents away at most, on the side where the share is.
        said = int(100 * share) + int(rng.integers(-10, 11))
        holds = [op for op in (">", "<", ">=", "<=") if COMPARE[op](100 * share, said)]
        return {"op": _pick(rng, holds), "value": str(said)} | exact if 0 <= said <= 100 else None
    if kind == "about_percent":
        said = min(max(round(100 * share) + int(rng.integers(-tolerance, tolerance + 1)), 0), 100)
        return {"op": "about", "value": str(said)} if abs(100 * share - said) <= tolerance else None
    said = round(count * Fraction(100, 100 + int(rng.integers(-tolerance, tolerance + 1))))
    worded = {"op": "about", "value": str(said), "unit": "count", "rounding": "worded"}
    return worded if said <= base and abs(count - said) * 100 <= tolerance * said else None


def _count(rng, count, most):
    sides = [("=", count), (">=", count), ("<=", count), *[("<", count + 1)] * (count < most)]
    sides += [(">", count - 1)] * (count > 0)
    op, value = _pick(rng, sides)
    return {"op": op, "value": str(value), "unit": "count", "rounding": "exact"}


def _answers(rng, question, table, base):
    if not question.several:
        return None
    most = int(table.loc[base, question.columns].eq(1).sum(axis=1).max())
    op, value = _pick(rng, [("<=", most), ("<", most + 1)])
    return {"op": op, "value": str(value), "unit": "answers", "rounding": "exact", "category": ""}


def _order(rng, row, question, groups, counts, share):
    by_group = len(groups) > 1 and rng.random() < 0.5
    group = _pick(rng, groups) if by_group else row["group"]
    category = row["category"] if by_group else _pick(rng, [*question.categories])
    other, other_base = counts(category, group)
    if other_base == 0 or (category, group) == (row["category"], row["group"]):
        return None
    op = _pick(rng, [op for op, holds in COMPARE.items() if op != "=" and holds(share, Fraction(other, other_base))])
    versus = {"versus_group": group} if by_group else {"versus_category": category}
    return {"op": op, "value": "", "unit": "order", "rounding": "exact"} | versus


def running_numbers(tally, table):
    """The running numbers of a tally in a table of respondents (missing where not asked): a DataFrame."""
    columns = tally.question.columns
    given = table[columns].astype("Int64").fillna(0).cumsum(axis=1).clip(upper=tally.most)
    asked = table[columns].notna().all(axis=1).to_numpy()
    numbers = given.set_axis(tally.columns, axis=1).astype(object)
    return numbers.where(np.broadcast_to(asked[:, None], numbers.shape), None)


def counts_of(system, respondents):
    """How many respondents each unknown of a system stands for, in a table of respondents."""
    counts = np.zeros(system.size, dtype=int)
    numbers = [running_numbers(tally, respondents) for tally in system.layout.tallies.values()]
    respondents = pd.concat([respondents.astype(object), *numbers], axis=1)
    asked = respondents.where(respondents.notna(), "")
    for clique in system.layout.cliques:
        kinds = {cell: k for k, cell in enumerate(clique.cells.itertuples(index=False, name=None), clique.start)}
        first = [{level: c[0] for c in n.classes for level in c} for n in clique.nodes]
        columns = [asked[n.column].map(f) for n, f in zip(clique.nodes, first, strict=True)]
        for cell in zip(*columns, strict=True):
            counts[kinds[cell]] += 1
    return counts


def meets(row, counts):
    """Whether counts meet a Row or a Comparison of a system."""
    if hasattr(row, "sign"):
        a, b, c, d = (int(counts[x].sum()) for x in (row.a, row.b, row.c, row.d))
        return row.sign * (a * d - c * b) >= (1 if row.strict else 0)
    total = int(row.coefficients @ counts[row.unknowns])
    return (row.low is None or total >= row.low) and (row.high is None or total <= row.high)


def met_by(claims, codebook, kinds, tables, tolerance=5):
    """Which claims (columns) every enumerated table (rows) meets: a boolean array, in exact whole numbers."""
    return np.column_stack([_met(c, codebook, kinds, tables, tolerance) for c in claims.to_dict("records")])


def _met(claim, codebook, kinds, tables, tolerance):
    def counts(category, group):
        return tuple(tables @ rows.to_numpy(dtype=int) for rows in rows_of(codebook, claim, category, group, kinds))

    if claim["unit"] == "answers":
        base, broken = answers_rows(codebook, claim, kinds)
        return (tables @ base.to_numpy(dtype=int) > 0) & (tables @ broken.to_numpy(dtype=int) == 0)
    count, base = counts(claim["category"], claim["group"])
    if claim["unit"] == "order":
        category, group = claim["versus_category"] or claim["category"], claim["versus_group"] or claim["group"]
        other, other_base = counts(category, group)
        return (base > 0) & (other_base > 0) & COMPARE[claim["op"]](count * other_base, other * base)
    return agrees(claim, count, base, tolerance)


def answers_rows(codebook, claim, table):
    """Whom a claim on answers each is about, and those of them who break it: two boolean Series."""
    question = codebook.question(codebook.measure(claim["measure"]).question)
    base = select(table, codebook.base(claim["base"]).where)
    base &= select(table, codebook.group(claim["break"], claim["group"]).where)
    given = table[question.columns].eq(1).fillna(False).astype(int).sum(axis=1)
    return base, base & ~COMPARE[claim["op"]](given, int(claim["number"]))


def agrees(claim, count, base, tolerance=5):
    """Whether whole counts out of whole bases (arrays of one shape) are what a claim of a share or count prints."""
    scale = {"count": 1, "percent": 100}.get(claim["unit"], 1)
    left, right = count * scale, np.ones_like(base) if claim["unit"] == "count" else base
    there = (base > 0) | (claim["unit"] == "count")
    value = claim["number"]
    if claim["op"] == "about":
        margin = Fraction(tolerance, 100) * (value if claim["unit"] == "count" else scale)
        return there & _between(left, right, value - margin, value + margin)
    if claim["rounding"] == "half_up" and claim["op"] == "=":
        return there & ((2 * left + right) // np.maximum(2 * right, 1) == value)
    return there & COMPARE[claim["op"]](left * value.denominator, right * value.numerator)


def _between(left, right, low, high):
    above = left * low.denominator >= right * low.numerator
    return above & (left * high.denominator <= right * high.numerator)
