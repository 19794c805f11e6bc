"""What the tracker may say of a wave that is not public: nothing that its own protected tables do not say already.

`pipeline.disclose` protects a wave's estimates. The tracker counts the same organisations again, in scores, marks,
parts of changes and moves, and each of these could give a withheld share away: a net score less its one side is the
other, a mark less two of its criteria the third. So what is made of shares is published where every one of these is,
and then follows from them; the rest is withheld. Weighted numbers and errors of marks are as coarse as weighted shares.

What organisations in two waves did stands in no table of one wave. It is withheld where the panel, those of it that
gave an answer in either wave, or those outside it are fewer than the smallest base: their answers would be the
difference of two tables. An overlap is used for an error of a change where it is in all groups of a break, or in none.

A reconstruction of a printed report is public already: nothing of it is withheld.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.codebook import TOTAL
from pipeline.disclose import coarsened, significant
from pipeline.estimate import KEYS
from pipeline.maturity import NET, OVERALL, criterion_shares, mark_breaks
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.printing import in_steps
from pipeline.respondents import select
from pipeline.texts import ITEMS

LOG = ["table", "wave", "since", *KEYS, "basis", "what", "reason"]
PART = "a share that it is made of is withheld or not published"
CELLS = "a share by size that it is made of is withheld or not published"
FEW_MOVED = "too few organisations in both waves or in one alone, or the number would give such a few away"
SMALL = "it rests on too few organisations to be published, or would give a withheld number away"
PANEL = "too few organisations in both waves, or a group of the same break is withheld: errors do without them"
NUMBERS = ("estimate", "se", "ci_low", "ci_high")


def private(waves):
    """The years of the Waves that are not public already."""
    return [w.wave for w in waves if w.kind != "reconstruction"]


def published_shares(wave):
    """The keys of the shares that a Wave's estimates hold."""
    rows = wave.estimates
    kept = rows[rows["basis"].eq(UNWEIGHTED) & rows["count"].notna() & rows["n"].notna()]
    return set(kept[KEYS].itertuples(index=False, name=None))


# ---- what is made of shares


def score_parts(book):
    """What each net score of a Codebook is made of: {KEYS: parts}, each part a list of ways to work it out."""
    found = {}
    for score in book.net_scores:
        for break_ in (TOTAL, *book.measure(score.measure).breaks):
            for group in book.groups(break_):
                place = (break_, group.id)
                sides = (*score.plus, *score.minus)
                found[score.id, NET, *place] = [[[(score.measure, c, *place)]] for c in sides]
    return found


def mark_parts(book):
    """What each mark of a Codebook is made of, as `score_parts` says of scores."""
    found = {}
    shares = {s.id: [criterion_shares(c, book) for c in s.criteria] for s in book.steps}
    every = [ways for of_step in shares.values() for ways in of_step]
    for break_ in mark_breaks(book):
        for group in book.groups(break_):
            for mark, parts in {**shares, OVERALL: every}.items():
                placed = [[[(*share, break_, group.id) for share in way] for way in ways] for ways in parts]
                found[mark, "mark", break_, group.id] = placed
    return found


def _follows(parts, published):
    """Whether each part can be worked out in one of its ways from published shares."""
    return all(any(published.issuperset(way) for way in ways) for ways in parts)


def _hidden_bases(wave):
    """The places (measure, break, group) of a Wave's estimates whose base is withheld."""
    rows = wave.estimates[wave.estimates["n"].isna()]
    return set(rows[["measure", "break", "group"]].itertuples(index=False, name=None))


def _touches(parts, places):
    return any((m, b, g) in places for ways in parts for way in ways for m, _, b, g in way)


def means(scored, waves, *, parts_of, settings, errors_too=False):
    """Waves with the means of scores or marks as they may be published (`settings`: section `disclose`).

    `scored` are the Waves that hold the means, `waves` those that hold the shares; `parts_of` is `score_parts` or
    `mark_parts`. Of a withheld row quality is `withheld`, and the numbers are empty. `errors_too`: also the unweighted
    error is coarse, since it says how answers go together, which shares do not.
    """
    found = []
    for wave, shares in zip(scored, waves, strict=True):
        table = wave.estimates
        if wave.wave in private(waves) and len(table):
            published, parts = published_shares(shares), parts_of(wave.codebook)
            follows = pd.Series(
                [_follows(parts[key], published) for key in table[KEYS].itertuples(index=False, name=None)],
                index=table.index,
            )
            table = _coarse(_emptied(table, ~follows, NUMBERS), settings, errors_too)
            bases = _hidden_bases(shares)
            secret = [_touches(parts[key], bases) for key in table[KEYS].itertuples(index=False, name=None)]
            sizes = {"n": table["n"].astype("Int64").mask(secret), "n_eff": table["n_eff"].round(0).mask(secret)}
            table = table.assign(**sizes)
        found.append(replace(wave, estimates=table))
    return found


def _emptied(table, rows, columns):
    """A table without the numbers of these rows, which say that they are withheld."""
    kept = table.assign(**{c: table[c].mask(rows) for c in columns})
    return kept.assign(quality=kept["quality"].mask(rows, "withheld")) if "quality" in kept else kept


def _coarse(table, settings, errors_too):
    weighted = table["basis"].eq(WEIGHTED)
    rounded = coarsened(table, settings.share_digits)
    kept = {c: table[c].mask(weighted | (errors_too and c != "estimate"), rounded[c]) for c in NUMBERS}
    if errors_too:  # an unweighted mark is not rounded, so its error has nothing of that
        kept["se"] = kept["se"].where(weighted, significant(table["se"].astype(float), settings.share_digits))
    return table.assign(**kept)


def weighed(table, marks, waves, settings):
    """Marks under other weights (`step_weights.robustness`) as they may be published: where the overall mark is.

    `marks` are the released marks of all waves.
    """
    overall = marks[marks["measure"].eq(OVERALL)]
    place = ["wave", "break", "group", "basis"]
    gone = set(overall.loc[overall["estimate"].isna(), place].itertuples(index=False, name=None))
    ours = table["wave"].isin(private(waves))
    rows = ours & pd.Series([k in gone for k in table[place].itertuples(index=False, name=None)], index=table.index)
    coarse = in_steps(table["mark"].astype(float), 10.0**-settings.share_digits).round(settings.share_digits)
    return table.assign(mark=table["mark"].mask(ours & table["basis"].eq(WEIGHTED), coarse).mask(rows))


def parts(table, waves):
    """A decomposition as it may be published, with `why` where something of it is withheld.

    A share of everyone that is withheld has no row of numbers. The parts, and a weighted share to all its digits,
    follow from the shares by size where all of these are published; where not, the share is the published one.
    """
    if table.empty:
        return table.assign(why="")
    years = private(waves)
    shares = {w.wave: published_shares(w) for w in waves}
    books = {w.wave: w.codebook for w in waves}
    rows = []
    for row in table.to_dict("records"):
        sides = [y for y in (row["since"], row["wave"]) if y in years]
        share = (row["measure"], row["category"])
        if any((*share, TOTAL, TOTAL) not in shares[y] for y in sides):
            row |= dict.fromkeys(("n_before", "n_after", "before", "after", "change", "within", "mix"), np.nan)
            row["why"] = PART
        elif not all(shares[y].issuperset(_by_size(share, books[y])) for y in sides):
            before, after = (_published(w, share, row) for w in waves if w.wave in (row["since"], row["wave"]))
            row |= {"before": before, "after": after, "change": after - before, "within": np.nan, "mix": np.nan}
            row["why"] = CELLS
        rows.append({"why": ""} | row)
    counts = {c: "Int64" for c in ("n_before", "n_after")}
    return pd.DataFrame(rows)[[*table.columns, "why"]].astype(counts)


def _by_size(share, book):
    """The keys of a share in every size band; one that nobody has where there is no break by size."""
    sizes = [b.id for b in book.breaks if b.of == book.size_band]
    groups = [(b, g) for b in sizes for g in book.groups(b)]
    bands = [(answer.id,) for answer in book.question(book.size_band).answers]
    of_band = {g.where[book.size_band].any: (*share, b, g.id) for b, g in groups}
    return [of_band.get(band) for band in bands]


def _published(wave, share, row):
    """A share of everyone as a wave's estimates have it."""
    rows = wave.estimates
    mine = (rows[["measure", "category", "break"]] == [*share, TOTAL]).all(axis=1) & rows["basis"].eq(row["basis"])
    return rows.loc[mine, "estimate"].iloc[0]


# ---- what organisations in two waves did


def moves(table, waves, settings):
    """The transitions as they may be published: no names, and all or none of the numbers of an answer."""
    kept = table.drop(columns="organisations")
    if table.empty:
        return kept
    years, shares = private(waves), {w.wave: published_shares(w) for w in waves}
    held = {w.wave: w for w in waves}
    gone = pd.Series(False, index=kept.index)
    for (wave, since, measure, category), rows in kept.groupby(["wave", "since", "measure", "category"], sort=False):
        sides = [held[y] for y in (since, wave) if y in years]
        counts = dict(zip(rows["transition"], rows["n"], strict=True))
        if not sides or "kept" not in counts:
            continue
        share = (measure, category, TOTAL, TOTAL)
        outside = [_base_size(w, measure) - rows["panel"].iloc[0] for w in sides]
        hidden = any(share not in shares[w.wave] for w in sides)
        gone[rows.index] = hidden or _few(counts, outside, settings)
    return kept.assign(n=kept["n"].mask(gone), why=kept["why"].mask(gone, FEW_MOVED))


def _few(counts, outside, settings):
    """Whether somebody could be told from counts of transitions: of bases too small, or of answers of too few."""
    bases = [sum(counts.values()), *outside]
    for both, alone in (("kept", "lost"), ("kept", "gained"), ("still without", "gained"), ("still without", "lost")):
        bases.append(counts[both] + counts[alone])
    small = any(0 < n < settings.minimum_base for n in bases)
    return small or any(0 < n < settings.minimum_count for n in counts.values())


def _base_size(wave, measure):
    return int(select(wave.respondents, wave.codebook.base(wave.codebook.measure(measure).base).where).sum())


def linked(settings):
    """For `change.changes`: what may be used of the organisations in both of two Waves, as a function of its rows.

    The function takes (before, after, rows, found): all rows of one basis, tested or not, with KEYS, both bases and the
    organisations in both (`n_both`), and of those tested the covariances (`found`, with `n_both`). It gives `found`
    with neither where the panel of any group of the break, or those of it outside the panel, are too few, whatever
    answer it is of, and where of any group of the break the answer is withheld. What is left of a covariance is coarse,
    since it says how the answers of two waves go together, which no share of one wave does.
    """

    def kept(before, after, rows, found):
        """`found` without what would give organisations in both waves away."""
        hidden = [w.estimates for w in (before, after) if w.kind != "reconstruction"]
        if not hidden or found.empty:
            return found
        few = rows["n_both"].between(1, settings.minimum_base - 1)
        for side in ("n_before", "n_after"):  # those outside the panel are the difference of two tables
            few |= (rows[side].astype(float) - rows["n_both"]).between(1, settings.minimum_base - 1)
        of_break, of_answer = ["measure", "break"], ["measure", "category", "break"]
        small = set(rows.loc[few, of_break].itertuples(index=False, name=None))
        gone = set()
        for table in hidden:
            empty = table[table["estimate"].isna() & ~table["n"].eq(0) & table["basis"].eq(UNWEIGHTED)]
            gone |= set(empty[of_answer].itertuples(index=False, name=None))
        told = rows.loc[found.index]
        unused = told[of_break].apply(tuple, axis=1).isin(small) | told[of_answer].apply(tuple, axis=1).isin(gone)
        covariance = significant(found["covariance"].astype(float), settings.share_digits)
        return found.assign(covariance=covariance.mask(unused, 0.0), n_both=found["n_both"].mask(unused))

    return kept


# ---- the log


def log(tables, waves):
    """What is withheld in the tracker's tables and why: a table with LOG, a row per row of `tables` ({name: table}).

    It does not tell what is small from what protects it. `what` is all, `parts` of a change or the `panel` of an error.
    """
    found = [_logged(name, table, private(waves)) for name, table in tables.items()]
    found = [table for table in found if len(table)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=LOG)


def _logged(name, table, years):
    """The rows of a table that say that something of them is withheld.

    Where a table has no groups they are of everyone, and where it has no measures of the overall mark; of two groups
    that are compared `group` names both.
    """
    involved = table[[c for c in ("wave", "since") if c in table]].isin(years).any(axis=1)
    what, reason = pd.Series("all", index=table.index), pd.Series(SMALL, index=table.index)
    if "within" in table:
        gone, reason = table["why"].ne(""), table["why"]
        what = what.mask(reason.eq(CELLS), "parts")
    elif "transition" in table:
        gone, reason = table["why"].eq(FEW_MOVED), table["why"]
    elif "quality" in table:
        gone = table["quality"].eq("withheld")
    else:
        gone = table["equal" if "equal" in table else "difference"].isna()
    if "n_both" in table:
        panel = table["se"].notna() & table["n_both"].isna()
        what, reason, gone = what.mask(panel, "panel"), reason.mask(panel, PANEL), gone | panel
    said = {"table": name, "what": what, "reason": reason}
    said |= {"break": TOTAL, "group": TOTAL} if "break" not in table else {}
    said |= {"measure": OVERALL, "category": "mark"} if "measure" not in table else {}
    said |= {"group": table["one"] + ITEMS + table["other"]} if "one" in table else {}
    return table.assign(**said)[involved & gone].reindex(columns=LOG).drop_duplicates(ignore_index=True)
