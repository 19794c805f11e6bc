"""Change from wave to wave: every comparable share against the wave before and against the first one.

A change is the later estimate less the earlier one, both as they stand in the waves' estimates. Its variance is

    se_before^2 + se_after^2 - 2 covariance

with the two standard errors of the estimates and the covariance that comes from the organisations in both waves (the
panel). svy has it: the waves are stacked, an organisation is the primary sampling unit, and the shares are estimated by
wave, so that whoever answers twice is one unit with two scores. Where no organisation is in both it is nil; where all
are, the test is the paired one. On the weighted basis the stack has the strata of the earlier wave and svy's record
that the weights add up to their cells in each wave. The covariance's finite-population factor is that of two
overlapping samples without replacement, 1 - n1 n2 / (n12 N) in each stratum (Tam 1984, American Statistician 38): an
overlap no larger than chance alone would make has none. svy contrasts the two estimates; degrees of freedom are the
fewer of the two waves'.

A reconstruction's records are nobody in particular: between it and real fieldwork no organisation is known to be in
both, and there the covariance is left out, which makes errors too large rather than too small wherever organisations
tend to answer as they did. A rehearsal is simulated from the records before it, so its panel is known.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline import false_discovery
from pipeline.codebook import ORGANISATION, TOTAL, Codebook
from pipeline.estimate import SUPPORT, lay_out
from pipeline.files import MARK, MARKED
from pipeline.harmonise import compare
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.printing import KEYS, SETTLED, TOO_FEW_OR_PROTECTED, open_bases

POWER = 0.8
UP, DOWN, NO_CLEAR_CHANGE = "up", "down", "no clear change"
COLUMNS = [
    *("wave", "since", "against", *KEYS, "basis", "n_before", "n_after", "n_both", "before", "after", "change"),
    *("se_before", "se_after", "covariance", "se", "df", "ci_low", "ci_high", "p", "p_adjusted", "counted"),
    *("detectable", "word", "low", "high", "support_before", "support_after", "quality", "comparable", "why"),
]
INFERENCE = ["covariance", "se", "df", "ci_low", "ci_high", "p", "detectable"]
BEFORE, BASELINE, BOTH = "the wave before", "the first wave", "the wave before, which is the first"
NOT_EVIDENCE = "rests on modelled numbers: no evidence"
NOT_SETTLED = "an estimate is known only up to a range"
TOO_FEW = f"withheld: {TOO_FEW_OR_PROTECTED}"
NO_ERROR = "an estimate has no standard error"
NO_SAMPLING_ERROR = "no sampling error in either wave: the change is as it stands"
NOTHING_TO_TEST = "no variance: all or none in both waves, or the same organisations answered alike"


@dataclass(frozen=True)
class Wave:
    """A wave as the tracker reads it: its year, codebook, weighted respondents and estimates."""

    wave: int
    codebook: Codebook
    respondents: pd.DataFrame
    estimates: pd.DataFrame

    @property
    def kind(self):
        """How the wave's records came about: reconstruction, rehearsal or fieldwork."""
        return self.codebook.kind


def marked(table, waves, by=("wave", "since")):
    """A table of several Waves with a last column MARK, where a rehearsal is among them.

    It is filled in the rows of a rehearsal and in those of a change from or to one, told by the columns `by`; in all,
    where rows have no wave.
    """
    rehearsed = [w.wave for w in waves if w.kind == "rehearsal"]
    if not rehearsed:
        return table
    involved = table[[c for c in by if c in table]].isin(rehearsed).any(axis="columns")
    return table.assign(**{MARK: pd.Series(MARKED, index=table.index).where(involved | ("wave" not in table), "")})


def pairs_of(waves):
    """Which Waves are compared: (earlier, later, against) for each later wave, with the one before and with the first.

    What is measured is never compared with a rehearsal: the wave before a real one is the last real one.
    """
    pairs = []
    for i, later in enumerate(waves):
        earlier = [w for w in waves[:i] if later.kind == "rehearsal" or w.kind != "rehearsal"]
        if len(earlier) == 1:
            pairs.append((earlier[0], later, BOTH))
        elif earlier:
            pairs += [(earlier[-1], later, BEFORE), (earlier[0], later, BASELINE)]
    return pairs


def as_found(before, after, rows, found):
    """The covariances of all rows, as they were found."""
    return found


def changes(waves, *, breaks, settings, compared=compare, laid_out=lay_out, linked=as_found):
    """Every change between Waves: a table with COLUMNS, in codebook order, unweighted before weighted.

    `breaks` is the register (`pipeline.harmonise`), `settings` the section `analyse` of the Params. A row that is not
    comparable has its estimates and why, and no change. `p_adjusted` is Benjamini and Hochberg's over the tests of the
    same two waves and basis that are evidence, those of everyone and those of groups apart. `detectable` is the
    smallest change found in POWER of all samples with this error, at the level of the interval. `low` and `high` are
    how large the change can be where the bounds of a reconstruction leave an estimate open; such a change has no error
    and no test. `quality` is ok, flagged, withheld, bounded or modelled; without a word there is no verdict, and `why`
    says the reason. `compared` says what may be compared and `laid_out` gives the Grid that the waves' estimates are
    of, which are shares unless given; `linked` says what is used of the covariances (`pipeline.withhold`).
    """
    options = {"breaks": breaks, "settings": settings, "compared": compared, "laid_out": laid_out, "linked": linked}
    tables = [_pair(*pair, **options) for pair in pairs_of(waves)]
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


def _pair(before, after, against, *, breaks, settings, compared, laid_out, linked):
    rows = compared(before.codebook, after.codebook, breaks=breaks)
    rows = side_by_side(rows, before, after)
    # What one wave has alone cannot have changed; the register says why it is alone.
    rows = rows[rows["quality_before"].notna() & rows["quality_after"].notna()].reset_index(drop=True)
    tested = rows["comparable"] & rows["quality"].isin(["ok", "flagged"])
    tested &= rows["before"].notna() & rows["after"].notna()
    in_both, parts = panels(before, after, rows, laid_out=laid_out), []
    for basis in (UNWEIGHTED, WEIGHTED):
        of_basis = rows["basis"].eq(basis)
        ours = rows[tested & of_basis]
        found = covariances(before, after, ours, basis=basis, laid_out=laid_out)
        found = linked(before, after, rows[of_basis].assign(n_both=in_both), found)
        found = found.join(hypotheses(before, after, ours, laid_out=laid_out))
        parts.append(contrasts(ours.join(found), confidence=settings.confidence))
    rows = rows.join(pd.concat(parts)[[*INFERENCE, "n_both", "hypothesis"]])
    rows = verdicts(adjust(rows), level=1 - settings.confidence)
    return rows.assign(wave=after.wave, since=before.wave, against=against)


def side_by_side(rows, before, after):
    """The rows of `harmonise.compare` with the estimates of both Waves beside each other, and what they are worth.

    `room_down` and `room_up`: how much smaller and larger the change may be by the counts that a printed share stands
    for.
    """
    wanted = [*KEYS, "basis", "n", "estimate", "se", "support", "low", "high", "quality"]
    for wave, name in ((before, "before"), (after, "after")):
        ours = wave.estimates[wanted].rename(columns={c: f"{c}_{name}" for c in wanted[5:]})
        ours[f"n_{name}"] = ours[f"n_{name}"].mask(open_bases(wave.estimates))
        rows = rows.merge(ours, on=[*KEYS, "basis"], how="left", validate="1:1")
    rows = rows.rename(columns={"estimate_before": "before", "estimate_after": "after"})
    rows["change"] = (rows["after"] - rows["before"]).where(rows["comparable"])
    rows["quality"] = [_quality(row) for row in rows.to_dict("records")]
    ends, room = {}, {}
    for name in ("before", "after"):
        exact = rows[f"support_{name}"].isin(SETTLED)
        ends[name] = [rows[f"{end}_{name}"].where(~exact, rows[name]) for end in ("low", "high")]
        printed = rows[f"support_{name}"].eq("published")
        room[name] = [
            (rows[f"{end}_{name}"] - rows[name]).abs().where(printed, 0.0).fillna(0.0) for end in ("low", "high")
        ]
    rows["room_down"], rows["room_up"] = room["after"][0] + room["before"][1], room["after"][1] + room["before"][0]
    is_open = rows["comparable"] & rows["quality"].isin(["bounded", "modelled"])
    low, high = ends["after"][0] - ends["before"][1], ends["after"][1] - ends["before"][0]
    return rows.assign(low=low.where(is_open), high=high.where(is_open))


def _quality(row):
    """What a change is worth: the worse of the two estimates' quality; bounded and modelled are no evidence."""
    sides = [(row[f"support_{s}"], row[f"quality_{s}"]) for s in ("before", "after")]
    if any(quality == "withheld" or pd.isna(quality) for _, quality in sides):
        return "withheld"
    supports = {support for support, _ in sides}
    if "assumed" in supports or ("bounded" in supports and row["basis"] == WEIGHTED):
        return "modelled"
    if "bounded" in supports:
        return "bounded"
    return "flagged" if any(quality == "flagged" for _, quality in sides) else "ok"


def panel_is_known(before, after):
    """Whether an organisation of one Wave can be told to be one of the other by its identifier.

    The records of a reconstruction are nobody in particular: only a rehearsal that was drawn from them knows them.
    """
    return "reconstruction" not in (before.kind, after.kind) or after.kind == "rehearsal"


def support_of(before, after):
    """What a comparison of two Waves' records rests on: the less certain of the two."""
    kinds = {before.kind, after.kind}
    return "assumed" if "reconstruction" in kinds else SUPPORT["rehearsal" if "rehearsal" in kinds else "fieldwork"]


def panels(before, after, rows, *, laid_out=lay_out):
    """How many organisations are in the base of each row in both Waves, as a Series with the rows' index.

    `rows` has KEYS, also of what is not tested: whether a panel is too small to speak of is a matter of all groups.
    """
    if not panel_is_known(before, after):
        return pd.Series(0, index=rows.index)
    members = []
    for wave in (before, after):
        grid, names = laid_out(wave.respondents, wave.codebook), wave.respondents[ORGANISATION].to_numpy()
        domains = rows[KEYS].merge(grid.rows[[*KEYS, "domain"]], on=KEYS, how="left", validate="m:1")["domain"]
        inside = {d: frozenset(names[grid.domains[d].eq(1)]) for d in domains.dropna().unique()}
        members.append([inside.get(d, frozenset()) for d in domains])
    return pd.Series([len(one & other) for one, other in zip(*members, strict=True)], index=rows.index)


def covariances(before, after, rows, *, basis, laid_out=lay_out):
    """`covariance` and `df` of the two estimates of each row, and `n_both`, the organisations in both bases: by svy.

    `rows` has KEYS; the result has its index.
    """
    import svy

    names, stacked = stack(before, after, rows, basis=basis, laid_out=laid_out)
    sample = _stacked_sample(stacked, basis)
    panel = stacked[ORGANISATION].duplicated(keep=False)
    found = []
    for domain, answer in names.itertuples(index=False):
        shares = sample.estimation.mean(answer, by="wave", where=svy.col(domain) == 1)
        both = stacked.loc[panel & stacked[domain].eq(1), ORGANISATION].duplicated().sum()
        # A base with nobody in a wave has no share there.
        pair = len(shares.estimates) == 2
        covariance = shares.covariance[0, 1] if pair and both else 0.0
        found.append((covariance, min(s.df for s in shares.estimates) if pair else np.nan, both))
    return pd.DataFrame(found, columns=["covariance", "df", "n_both"], index=rows.index)


def stack(before, after, rows, *, basis, laid_out=lay_out):
    """The two Waves' respondents one below the other with the domains and answers of `rows`: names, and the table.

    Columns: organisation (unlike in the two waves where the panel is not known), wave, stratum (for an organisation
    in both that of the earlier wave), cell (wave and stratum), weight, population (what the covariance's
    finite-population factor comes to), and the columns of the Grid that `names` (domain, answer) gives for each row.
    """
    grids = [laid_out(w.respondents, w.codebook) for w in (before, after)]
    called = [rows[KEYS].merge(g.rows, on=KEYS, how="left", validate="1:1")[["domain", "answer"]] for g in grids]
    names, tables = called[1], []
    for wave, grid, own in zip((before, after), grids, called, strict=True):
        people = wave.respondents
        design = pd.DataFrame(
            {
                ORGANISATION: people[ORGANISATION].astype(object),
                "wave": wave.wave,
                "sector": people[wave.codebook.sector].astype(object),
                "stratum": people["stratum"].astype(object),
                "weight": 1.0 if basis == UNWEIGHTED else people["weight"].astype(float),
                "total": people["stratum_total"].astype(float),
            }
        )
        # A base may have another name in the earlier wave: the stack has the later one's.
        for what, table in (("domain", grid.domains), ("answer", grid.answers)):
            columns = dict(zip(names[what], own[what], strict=True))
            design = design.join(pd.DataFrame({later: table[earlier] for later, earlier in columns.items()}))
        tables.append(design)
    stacked = pd.concat(tables, ignore_index=True)
    if not panel_is_known(before, after):
        stacked[ORGANISATION] = stacked["wave"].astype(str) + " " + stacked[ORGANISATION]
    stacked["cell"] = stacked["wave"].astype(str) + " " + stacked["stratum"]
    redrawn = set(stacked["stratum"][stacked["wave"].eq(before.wave)]) - set(
        stacked["stratum"][stacked["wave"].eq(after.wave)]
    )
    first = stacked.groupby(ORGANISATION, sort=False)[["sector", "stratum", "total"]].transform("first")
    stacked = stacked.assign(**first)
    population = _populations(stacked, before.wave, redrawn)
    return names, stacked.assign(population=population).drop(columns="sector")


def _populations(stacked, before, redrawn):
    """The population of each row's stratum at which svy's factor for the stack is Tam's for the covariance.

    svy's factor is 1 - n / N for the n organisations of the stack; n * n12 * N / (n1 * n2) in the place of N makes it
    1 - n1 n2 / (n12 N), and n itself nil. Which of a later wave's new organisations would have been in a stratum that
    it has not any more (`redrawn`) cannot be told, so that such a stratum has the n1 n2 / (n12 N) of its sector.
    """
    units = stacked.groupby("stratum", sort=False)[ORGANISATION].nunique()
    found = _overlap(stacked, "stratum", before)
    of_sector = _overlap(stacked, "sector", before)
    sector = stacked.groupby("stratum", sort=False)["sector"].first()
    found = found.where(~found.index.isin(redrawn), sector.map(of_sector))
    return stacked["stratum"].map(np.maximum(units * found, units))


def _overlap(stacked, of, before):
    """n12 N / (n1 n2) by stratum or sector; nil where nobody is in both waves."""
    earlier, units = stacked["wave"].eq(before), stacked.groupby(of, sort=False)[ORGANISATION].nunique()
    n1, n2 = (stacked[rows].groupby(of).size().reindex(units.index, fill_value=0) for rows in (earlier, ~earlier))
    totals = stacked[earlier].drop_duplicates("stratum").groupby(of)["total"].sum().reindex(units.index, fill_value=0)
    return (n1 + n2 - units) * totals / (n1 * n2).where(n1 * n2 > 0, 1)


def _stacked_sample(stacked, basis):
    """The stack as a svy sample: organisations as primary sampling units, weighted ones in strata and calibrated."""
    import polars as pl
    import svy

    columns = stacked.drop(columns="total")
    data = pl.DataFrame({c: columns[c].tolist() for c in columns})
    if basis == UNWEIGHTED:
        return svy.Sample(data, svy.Design(psu=ORGANISATION, wgt="weight"))
    # A stratum with one organisation holds nobody who is in both waves, so nothing of the covariance.
    design = svy.Design(psu=ORGANISATION, wgt="weight", stratum="stratum", pop_size="population", singleton="skip")
    totals = stacked.groupby("cell")["weight"].sum().to_dict()
    return svy.Sample(data, design).weighting.poststratify(totals, cells="cell", wgt_name="calibrated")


def contrasts(rows, *, confidence):
    """Add `se`, `ci_low`, `ci_high`, `p` and `detectable` to rows with both standard errors, covariance and df.

    Empty where a standard error is missing. Where the change has none, its error is nil and the rest empty: what none
    in a sample say some outside it may, which an interval without width would deny. Where a printed share stands for
    several counts (`room_down`, `room_up`; none unless given) the interval reaches over the changes from all of them,
    p is that of the one nearest to none, and a change is only found beyond them.
    """
    from scipy.stats import t
    from svy import estd
    from svy.estimation.contrast import linear_contrast

    names, later_less_earlier, found = ["before", "after"], estd("after") - estd("before"), []
    for row in rows.to_dict("records"):
        one, other, df = row["se_before"], row["se_after"], row["df"]
        together = np.clip(row["covariance"], -one * other, one * other)
        # Round-off leaves a trace where the two shares are the same organisations' same answers.
        nothing = one**2 + other**2 - 2 * together <= 1e-12 * (one**2 + other**2)
        down, up = row.get("room_down", 0.0), row.get("room_up", 0.0)
        if not df > 0 or nothing or pd.isna(one) or pd.isna(other):
            found.append((0.0 if nothing else np.nan, *[np.nan] * 4))
            continue
        matrix = np.array([[one**2, together], [together, other**2]])
        options = {"df": float(df), "alpha": 1 - confidence, "method": "TAYLOR"}
        nearest = min(max(0.0, row["change"] - down), row["change"] + up)
        [c] = linear_contrast(names, np.array([0.0, row["change"]]), matrix, later_less_earlier, **options).estimates
        [least] = linear_contrast(names, np.array([0.0, nearest]), matrix, later_less_earlier, **options).estimates
        detectable = (t.ppf((1 + confidence) / 2, df) + t.ppf(POWER, df)) * c.se + max(down, up)
        found.append((c.se, c.lci - down, c.uci + up, least.p_value, detectable))
    columns = ["se", "ci_low", "ci_high", "p", "detectable"]
    return rows.join(pd.DataFrame(found, columns=columns, index=rows.index, dtype=float))


def hypotheses(before, after, rows, *, laid_out=lay_out):
    """What each row says of whom, as a label: the same where the same organisations of both Waves are parted alike.

    An answer and its complement part them alike; so do a score and its negative. `rows` has KEYS; the result has its
    index.
    """
    names, stacked = stack(before, after, rows, basis=UNWEIGHTED, laid_out=laid_out)
    labels = []
    for domain, answer in names.itertuples(index=False):
        inside = stacked[domain].to_numpy(bool)
        values = stacked[answer].to_numpy(float)
        apart = np.where(inside, values - values[inside][:1].sum(), 0.0)
        # The first that differs from the first of all has a difference above nil, whichever way the answer is put.
        sign = np.sign(apart[np.flatnonzero(apart)[:1]].sum())
        labels.append(false_discovery.label(inside, (apart * sign).round(9) + 0.0))
    return pd.Series(labels, index=rows.index, dtype=object, name="hypothesis")


def adjust(rows):
    """Add `p_adjusted` and `counted` (`pipeline.false_discovery`) over the tests of one basis that are evidence.

    `rows` have `hypothesis`. Tests of everyone and tests of groups are two families, so that a hundred small groups
    cannot drown what all say.
    """
    evidence = rows["p"].notna() & rows["quality"].isin(["ok", "flagged"])
    families = rows[evidence].groupby([rows["basis"], rows["break"].eq(TOTAL)], sort=False)
    found = [false_discovery.adjust(family["p"], family["hypothesis"]) for _, family in families]
    none = pd.DataFrame({"p_adjusted": pd.Series(dtype=float), "counted": pd.Series(dtype=object)})
    return rows.join(pd.concat([none, *found]))


def verdicts(rows, *, level):
    """Add `word`, and to `why` the reason where there is none."""
    clear = rows["p_adjusted"] < level
    word = np.where(clear, np.where(rows["change"] > 0, UP, DOWN), NO_CLEAR_CHANGE)
    no_variance = rows["se"].eq(0) & rows["quality"].isin(["ok", "flagged"])
    word = pd.Series(word, index=rows.index).where(rows["p_adjusted"].notna(), "")
    reasons = {"modelled": NOT_EVIDENCE, "bounded": NOT_SETTLED, "withheld": TOO_FEW}
    # All of one and none of the other, or no change at all, may be otherwise outside the sample; anything else not.
    as_it_stands = no_variance & rows["change"].ne(0) & ~(rows["before"].isin([0, 1]) & rows["after"].isin([0, 1]))
    why = rows["quality"].map(reasons).fillna("").mask(no_variance, NOTHING_TO_TEST)
    why = why.mask(as_it_stands, NO_SAMPLING_ERROR)
    why = why.mask(why.eq("") & rows["p"].isna(), NO_ERROR)
    return rows.assign(word=word, why=rows["why"].where(~rows["comparable"], why))
