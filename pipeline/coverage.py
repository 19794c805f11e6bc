"""Do the intervals cover? Surveys drawn again and again from a population that is known, weighted and estimated.

The population has as many organisations in each cell as `pipeline.population` says. Each is a copy of a respondent of
its cell, so that answers go together as they do in a wave and routing is kept; what its shares are is then known. A
survey approaches as many organisations of each sector as the wave did, at random; some answer (SCENARIOS); their
answers go through the whole of `pipeline.weight` and `pipeline.estimate`. Followed is a sample of the tables' shares.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from pipeline.codebook import ORGANISATION, TOTAL, Codebook
from pipeline.estimate import KEYS, PAIR, Grid, estimate_basis, kish_effective_base, lay_out
from pipeline.names import WEIGHTED
from pipeline.params import Weight
from pipeline.problems import InputProblem
from pipeline.respondents import gave
from pipeline.weight import place_in_cells, weigh

# Who answers: by the chance of one's cell alone; or also by one's answer, which no weight can know of.
AT_RANDOM, BY_ANSWER = "at random within cells", "by answer"
SCENARIOS = (AT_RANDOM, BY_ANSWER)
FOUND = ["n", "count", "n_eff", "estimate", "se", "ci_low", "ci_high"]
# Shares by how near they are to 0 or 1: the normal approximation is worst at the ends.
ALL_SHARES = "all"
NEAR = {"below 5% or above 95%": 0.05, "5% to 15% or 85% to 95%": 0.15, "15% to 85%": 0.5}


@dataclass(frozen=True)
class World:
    """A known population and how it is surveyed.

    `frame` has a row per organisation (organisation, sector, size band); `grid` who is in which base and gave which
    answer, its rows with the `truth` of each share; `approached` the number by sector; `chances` of answering by
    scenario, an array over the frame.
    """

    frame: pd.DataFrame
    grid: Grid
    approached: dict
    chances: dict
    cells: pd.DataFrame
    codebook: Codebook
    weight: Weight
    confidence: float


def build_world(weighted, *, approached, cells, codebook, settings):
    """The World of a wave: its weighted respondents, those approached, the population's cells, and the Params.

    Raises InputProblem where a cell of the population has no respondent to be like.
    """
    options = settings.coverage
    rng = np.random.default_rng(options.seed)
    population = known_population(weighted, cells=cells, codebook=codebook, rng=rng)
    shares = choose_shares(population, weighted=weighted, codebook=codebook, settings=settings, rng=rng)
    by_cell = np.linspace(*options.response, len(cells))
    chance = population["cell"].map(dict(zip(cells["cell"], by_cell, strict=True))).to_numpy(float)
    measure, category = headline(codebook)
    leans = gave(population, codebook.question(codebook.measure(measure).question), category).to_numpy(bool)
    odds = chance / (1 - chance) * np.where(leans, options.odds, 1)
    return World(
        frame=population[[ORGANISATION, codebook.sector, codebook.size_band]],
        grid=shares,
        approached=approached[codebook.sector].value_counts(sort=False).to_dict(),
        chances={AT_RANDOM: chance, BY_ANSWER: odds / (1 + odds)},
        cells=cells,
        codebook=codebook,
        weight=settings.weight,
        confidence=settings.analyse.confidence,
    )


def headline(codebook):
    """Measure and category of the first key finding: the answer that who answers depends on in BY_ANSWER.

    Raises InputProblem where the codebook has no findings.
    """
    if not codebook.findings:
        raise InputProblem(f"the codebook of {codebook.wave} has no key finding, whose answer a world could hang on")
    first = codebook.findings[0].clauses[0]
    return first.measure, first.category


def known_population(respondents, *, cells, codebook, rng):
    """As many organisations as each cell holds, each a copy of a respondent of the cell drawn at random."""
    placed = place_in_cells(respondents, cells=cells, codebook=codebook)
    drawn = []
    for cell, total in zip(cells["cell"], cells["total"], strict=True):
        like = placed.index[placed["cell"] == cell]
        if like.empty:
            raise InputProblem(f"{cell}: no respondent to make its {total:.0f} organisations like")
        drawn.append(rng.choice(like, size=round(total)))
    population = placed.loc[np.concatenate(drawn)].reset_index(drop=True)
    return population.assign(**{ORGANISATION: [f"P-{i:05d}" for i in range(len(population))]})


def choose_shares(population, *, weighted, codebook, settings, rng):
    """A Grid of some shares of every class of effective base, their `truth` in the population beside them.

    Classes are by the wave's own effective base. Left out are facts of the frame, and shares that are 0 or 1 in the
    population. The headline's own share is always among them.
    """
    whole = lay_out(population, codebook)
    rows = whole.rows.drop_duplicates(PAIR, ignore_index=True)
    inside, given = whole.domains.to_numpy(float), whole.answers.to_numpy(float)
    truth = pd.DataFrame(inside.T @ given, whole.domains.columns, whole.answers.columns).div(inside.sum(axis=0), axis=0)
    rows = rows.assign(truth=truth.stack().reindex(pd.MultiIndex.from_frame(rows[PAIR])).to_numpy())
    asked = {m.id for m in codebook.measures if codebook.question(m.question).asked_of == "respondent"}
    rows = rows[rows["measure"].isin(asked) & rows["truth"].between(0, 1, inclusive="neither")]
    of_wave, weights = lay_out(weighted, codebook).domains, weighted["weight"].to_numpy(float)
    effective = {d: kish_effective_base(weights[of_wave[d].to_numpy(bool)]) for d in of_wave}
    classes = base_class(rows["domain"].map(effective), settings.analyse)
    options, chosen = settings.coverage, [rows[_is_headline(rows, whole.rows, codebook)]]
    for _, of_class in rows.groupby(classes, observed=True):
        bases = of_class["domain"].unique()
        for base in sorted(rng.choice(bases, min(options.bases, len(bases)), replace=False)):
            shares = of_class[of_class["domain"] == base]
            chosen.append(shares.sample(min(options.shares, len(shares)), random_state=rng))
    rows = pd.concat(chosen).sort_index().drop_duplicates(PAIR, ignore_index=True)
    kept = {name: list(dict.fromkeys(rows[name])) for name in PAIR}
    return Grid(rows=rows, domains=whole.domains[kept["domain"]], answers=whole.answers[kept["answer"]])


def _is_headline(rows, every, codebook):
    """Which rows are of the headline's share, found among `every`: another measure of the same may stand for it."""
    measure, category = headline(codebook)
    ours = every[every["measure"].eq(measure) & every["category"].eq(category) & every["group"].eq(TOTAL)]
    return pd.MultiIndex.from_frame(rows[PAIR]).isin(pd.MultiIndex.from_frame(ours[PAIR]))


def base_class(effective, analyse):
    """The class of each effective base: withheld, flagged, and doubling from there; an ordered categorical Series."""
    # Limits that are none, or are the same, make no class between them.
    edges = sorted({0, analyse.withhold_below, *(analyse.flag_below * k for k in (1, 2, 4))})
    labels = [f"{a:g} to {b:g}" if a else f"below {b:g}" for a, b in pairwise(edges)]
    return pd.cut(effective, [*edges, np.inf], right=False, labels=[*labels, f"{edges[-1]:g} and over"])


def survey(world, scenario, seed):
    """One survey: an array with a row per share and the columns FOUND; nothing in it where it cannot be weighted."""
    rng = np.random.default_rng(seed)
    sectors = world.frame[world.codebook.sector].to_numpy()
    drawn = [rng.choice(np.flatnonzero(sectors == s), n, replace=False) for s, n in world.approached.items()]
    approached = np.sort(np.concatenate(drawn))
    answers = rng.random(len(approached)) < world.chances[scenario][approached]
    cases = world.frame.iloc[approached].assign(group=np.where(answers, "I", "R"), contacts=1)
    rows = approached[answers]
    try:
        weighted = weigh(
            world.frame.iloc[rows],
            approached=cases,
            cells=world.cells,
            codebook=world.codebook,
            settings=world.weight,
        ).rows
    except InputProblem:
        return np.full((len(world.grid.rows), len(FOUND)), np.nan)
    grid = Grid(rows=world.grid.rows, domains=world.grid.domains.iloc[rows], answers=world.grid.answers.iloc[rows])
    found = estimate_basis(grid, respondents=weighted, basis=WEIGHTED, confidence=world.confidence)
    return found[FOUND].to_numpy(float)


def surveys(world, scenario, seeds):
    """Several surveys: an array over surveys, shares and FOUND."""
    return np.stack([survey(world, scenario, seed) for seed in seeds])


def intervals(world, scenario, found, analyse):
    """A row per survey and share with an estimate: who, `truth`, `effective_base`, estimates, and whether it covers.

    `near` is the class of NEAR; `unweighted` the simple share of the same respondents.
    """
    n_surveys, n_shares, _ = found.shape
    table = pd.DataFrame(found.reshape(-1, len(FOUND)), columns=FOUND)
    table["survey"] = np.repeat(np.arange(n_surveys), n_shares)
    table["share"] = np.tile(np.arange(n_shares), n_surveys)
    rows = world.grid.rows
    table["truth"] = np.tile(rows["truth"].to_numpy(), n_surveys)
    table = table[table["n"] > 0]
    edge = np.minimum(table["truth"], 1 - table["truth"])
    return table.assign(
        scenario=scenario,
        effective_base=base_class(table["n_eff"], analyse),
        near=pd.cut(edge, [0, *NEAR.values()], labels=list(NEAR)).astype(str),
        error=table["estimate"] - table["truth"],
        unweighted_error=table["count"] / table["n"] - table["truth"],
        below=table["ci_high"] < table["truth"],
        above=table["ci_low"] > table["truth"],
        covers=(table["ci_low"] <= table["truth"]) & (table["truth"] <= table["ci_high"]),
    )


def coverage_table(table, *, flag_below):
    """Coverage and bias by scenario, class of effective base and nearness to 0 or 1, with Monte Carlo errors.

    `table` is that of `intervals`. Only estimates with an interval count. `coverage_error` is the standard error over
    surveys, whose shares go together; `bias` the mean over shares of the absolute mean error, `bias_error` what chance
    alone would make it; `too_low` and `too_high` the shares of intervals that miss on one side.
    """
    table = table[table["ci_low"].notna()]
    published = f"{flag_below:g} and over, all"
    enough = table[table["n_eff"] >= flag_below].assign(effective_base=published)
    order = [*table["effective_base"].cat.categories, published]
    both = pd.concat([table.assign(effective_base=table["effective_base"].astype(str)), enough])
    both = pd.concat([both, both.assign(near=ALL_SHARES)])
    keys = ["scenario", "effective_base", "near"]
    rows = [dict(zip(keys, key, strict=True)) | _class_row(part) for key, part in both.groupby(keys)]
    ranks = {v: i for i, v in enumerate([*SCENARIOS, *order, ALL_SHARES, *NEAR])}
    return pd.DataFrame(rows).sort_values(keys, key=lambda c: c.map(ranks), ignore_index=True)


def _class_row(part):
    """What one class of intervals comes to."""
    by_survey = part.groupby("survey")["covers"].agg(["sum", "size"])
    coverage = by_survey["sum"].sum() / by_survey["size"].sum()
    residual = (by_survey["sum"] - coverage * by_survey["size"]) / by_survey["size"].mean()
    by_share = part.groupby("share")[["error", "unweighted_error"]].agg(["mean", "sem"])
    return {
        "shares": len(by_share),
        "intervals": len(part),
        "coverage": coverage,
        "coverage_error": residual.sem(),
        "too_low": part["below"].mean(),
        "too_high": part["above"].mean(),
        "bias": by_share[("error", "mean")].abs().mean(),
        "bias_error": by_share[("error", "sem")].mean() * np.sqrt(2 / np.pi),
        "unweighted_bias": by_share[("unweighted_error", "mean")].abs().mean(),
        "half_width": ((part["ci_high"] - part["ci_low"]) / 2).mean(),
    }


def share_table(table, rows):
    """Coverage and bias of each share: KEYS, `simulated_truth`, and means over the surveys, with Monte Carlo errors.

    The truth is that of the made-up population, and says nothing of the organisations that were asked.

    `se_ratio` is the mean standard error over the standard deviation that the estimates really have.
    """
    table = table.assign(covers=table["covers"].astype(float).where(table["ci_low"].notna()))
    by_share = table.groupby(["scenario", "share"], sort=False)
    found = by_share.agg(
        surveys=("covers", "size"),
        effective_base=("n_eff", "mean"),
        coverage=("covers", "mean"),
        coverage_error=("covers", "sem"),
        bias=("error", "mean"),
        bias_error=("error", "sem"),
        unweighted_bias=("unweighted_error", "mean"),
        se_ratio=("se", "mean"),
    )
    found["se_ratio"] = found["se_ratio"] / by_share["estimate"].std()
    found = found.reset_index()
    about = rows[[*KEYS, "truth"]].reindex(found["share"]).reset_index(drop=True)
    about = about.rename(columns={"truth": "simulated_truth"})
    return pd.concat([found[["scenario"]], about, found.drop(columns=["scenario", "share"])], axis="columns")
