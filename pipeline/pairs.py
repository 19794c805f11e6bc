"""Do the changes hold? Pairs of waves drawn again and again from a population whose change is known.

The population has as many organisations in each cell as `pipeline.population` says, each a copy of a respondent; a
year later each answers as `pipeline.rehearse` makes them, once with nothing moved (NOTHING) and once with what the
truth in params.yaml moves (SOME). A pair of waves is drawn from it: organisations of each sector approached at random,
of whom some answer, by their cell; of these some answer again the year after, and others are new. Both waves go
through the whole of weighting, estimating and comparing. Each change is judged a second time as if no organisation
were in both, to see what the panel's covariance is worth, and a weighted one a third time on estimates as coarse as a
wave that is not public has them (`pipeline.disclose`), to see what rounding costs.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline.change import DOWN, UP, Wave, adjust, changes, contrasts, hypotheses, verdicts
from pipeline.codebook import ORGANISATION, Codebook
from pipeline.coverage import known_population
from pipeline.disclose import rounded
from pipeline.estimate import estimate
from pipeline.harmonise import register
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.params import Analyse, Disclose, Weight
from pipeline.printing import KEYS
from pipeline.problems import InputProblem
from pipeline.rehearse import a_year_later
from pipeline.respondents import gave
from pipeline.weight import weigh
from pipeline.withhold import linked

NOTHING, SOME = "nothing moved", "some moved"
WORLDS = (NOTHING, SOME)
WITH, WITHOUT, ROUNDED = "with covariance", "without", "as published"
# The chance that an organisation which answered answers again the year after.
AGAIN = 0.65
COLUMNS = ["world", "pair", "measure", "category", "basis", "errors", "change", "se", "p", "word", "truth", "covers"]


@dataclass(frozen=True)
class Years:
    """A known population in two years and how it is surveyed.

    `first` and `later` (by world) are its answers, a row per organisation; `chance` of answering, `approached` by
    sector, `moved` the questions that the truth moves, `truths` the change of each followed share by world and basis.
    """

    first: pd.DataFrame
    later: dict
    chance: np.ndarray
    approached: dict
    moved: tuple
    truths: dict
    cells: pd.DataFrame
    codebook: Codebook
    weight: Weight
    analyse: Analyse
    disclose: Disclose


def build_years(weighted, *, approached, cells, codebook, settings):
    """The Years of a wave: its weighted respondents, those approached, the population's cells, and the Params.

    Followed are the answers of the measures that the codebook's `trends` draw, of everyone.
    """
    rng = np.random.default_rng(settings.coverage.seed)
    first = known_population(weighted, cells=cells, codebook=codebook, rng=rng)
    chance = first["cell"].map(
        dict(zip(cells["cell"], np.linspace(*settings.coverage.response, len(cells)), strict=True))
    )
    whole = settings.rehearse.model_copy(update={"becomes": {}, "new": {}})
    truths = {NOTHING: whole.model_copy(update={"moved": {}}), SOME: whole}
    plain = first[codebook.columns]
    later = {
        world: a_year_later(rng, plain, plain, before=codebook, codebook=codebook, truth=truth).assign(
            **{ORGANISATION: first[ORGANISATION].to_numpy()}
        )
        for world, truth in truths.items()
    }
    years = Years(
        first=first,
        later=later,
        chance=chance.to_numpy(float),
        approached=approached[codebook.sector].value_counts(sort=False).to_dict(),
        moved=tuple(whole.moved),
        truths={},
        cells=cells,
        codebook=_followed(codebook),
        weight=settings.weight,
        analyse=settings.analyse,
        disclose=settings.disclose,
    )
    return replace(years, truths={world: true_changes(years, world) for world in WORLDS})


def _followed(codebook):
    """The codebook with the measures that its trends draw, of everyone and of nobody else."""
    wanted = {t.measure for t in codebook.trends if t.measure}
    measures = tuple(m.model_copy(update={"breaks": ()}) for m in codebook.measures if m.id in wanted)
    return codebook.model_copy(update={"measures": measures, "kind": "rehearsal", "breaks_in_series": ()})


def true_changes(years, world):
    """The change of each followed share: of the population, and of those who answer, on the unweighted basis.

    {(measure, category, basis): change}.
    """
    first, second = _chances(years)
    found = {}
    for measure in years.codebook.measures:
        question = years.codebook.question(measure.question)
        for category in question.categories:
            one, other = (gave(t, question, category).to_numpy(float) for t in (years.first, years.later[world]))
            found[measure.id, category, WEIGHTED] = other.mean() - one.mean()
            found[measure.id, category, UNWEIGHTED] = np.average(other, weights=second) - np.average(one, weights=first)
    return found


def _chances(years):
    """The chance of each organisation to be in the first wave, and in the second."""
    sectors = years.first[years.codebook.sector].astype(object)
    size = sectors.map(sectors.value_counts()).to_numpy(float)
    first = sectors.map(years.approached).to_numpy(float) / size * years.chance
    answered = pd.Series(first).groupby(sectors.to_numpy()).transform("sum").to_numpy()
    fresh = (sectors.map(years.approached).to_numpy(float) - answered) / (size - answered) * years.chance
    return first, first * AGAIN + (1 - first) * fresh


def draw_pair(years, rng):
    """The rows of the population that answer in either year, and who was approached: two pairs of arrays."""
    sectors = years.first[years.codebook.sector].astype(object).to_numpy()
    asked = [rng.choice(np.flatnonzero(sectors == s), n, replace=False) for s, n in years.approached.items()]
    asked = np.sort(np.concatenate(asked))
    answered = asked[rng.random(len(asked)) < years.chance[asked]]
    again = answered[rng.random(len(answered)) < AGAIN]
    others = np.setdiff1d(np.arange(len(sectors)), answered)
    fresh = []
    for sector, n in years.approached.items():
        of_sector = others[sectors[others] == sector]
        fresh.append(rng.choice(of_sector, n - int((sectors[answered] == sector).sum()), replace=False))
    fresh = np.concatenate(fresh)
    new = fresh[rng.random(len(fresh)) < years.chance[fresh]]
    later = np.sort(np.concatenate([again, new]))
    return (answered, asked), (later, np.sort(np.concatenate([answered, fresh])))


def judge(years, world, seed):
    """One pair of waves: every followed change with its error, word and truth.

    Judged WITH the panel's covariance, WITHOUT it, and weighted ones as of waves that are not public (ROUNDED). A table
    with COLUMNS but `pair`; nothing in it where a wave cannot be weighted.
    """
    rng = np.random.default_rng(seed)
    sides = draw_pair(years, rng)
    tables = (years.first, years.later[world])
    try:
        waves = [
            _wave(years, table, rows, asked, year)
            for year, (table, (rows, asked)) in enumerate(zip(tables, sides, strict=True), start=years.codebook.wave)
        ]
    except InputProblem:
        return pd.DataFrame(columns=COLUMNS)
    how = {"breaks": register({w.wave: w.codebook for w in waves}), "settings": years.analyse}
    found = changes(waves, **how)
    coarse = changes([_as_published(w, years.disclose) for w in waves], linked=linked(years.disclose), **how)
    found, coarse = (table[table["comparable"] & table["p"].notna()] for table in (found, coarse))
    keys = [*KEYS, "basis", "quality", "comparable", "why", "before", "after", "change"]
    alone = found[[*keys, "se_before", "se_after", "df"]].assign(covariance=0.0)
    alone = contrasts(alone, confidence=years.analyse.confidence)
    alone = pd.concat([rows.join(hypotheses(*waves, rows)) for _, rows in alone.groupby("basis", sort=False)])
    alone = verdicts(adjust(alone), level=1 - years.analyse.confidence)
    ways = {WITH: found, WITHOUT: alone, ROUNDED: coarse}
    judged = pd.concat([table.assign(errors=way) for way, table in ways.items()], ignore_index=True)
    truth = [
        years.truths[world][key] for key in judged[["measure", "category", "basis"]].itertuples(index=False, name=None)
    ]
    judged = judged.assign(world=world, truth=truth)
    covers = judged["ci_low"].le(judged["truth"]) & judged["ci_high"].ge(judged["truth"])
    return judged.assign(covers=covers)[[c for c in COLUMNS if c != "pair"]]


def _wave(years, table, rows, asked, year):
    """A year's respondents as a Wave, weighted and estimated."""
    book = years.codebook.model_copy(update={"wave": year})
    about = [ORGANISATION, book.sector, book.size_band]
    groups = np.where(np.isin(asked, rows), "I", "R")
    cases = table.iloc[asked][about].assign(group=groups, contacts=1)
    made = weigh(
        table.iloc[rows][book.columns], approached=cases, cells=years.cells, codebook=book, settings=years.weight
    )
    respondents = made.rows.reset_index(drop=True)
    return Wave(year, book, respondents, estimate(respondents, codebook=book, settings=years.analyse))


def _as_published(wave, settings):
    """A Wave with its weighted estimates alone, rounded."""
    weighted = wave.estimates[wave.estimates["basis"].eq(WEIGHTED)]
    return replace(wave, estimates=rounded(weighted, settings))


def judge_all(years, world, seeds, first=0):
    """Several pairs of waves: a table with COLUMNS, numbered from `first`."""
    return pd.concat([judge(years, world, s).assign(pair=first + i) for i, s in enumerate(seeds)], ignore_index=True)


def moved_measures(codebook, moved):
    """What a truth moves, {question: answers}, by the measures of these questions."""
    return {m.id: moved[m.question] for m in codebook.measures if m.question in moved}


def summary(table, moved):
    """What comes of the pairs, by world, basis and errors.

    `misses`: intervals that miss the true change, which should be as many as their level says; `misses_error` its Monte
    Carlo standard error over pairs, whose changes go together; `false_pairs`: the share of pairs with a word of
    change for any question that the truth does not move; `false_words`: the mean over pairs of the share of words that
    are such (none where there is no word), which the correction holds below its level; `found`: the share of the
    truth's own moves that get their word (of answers that it moves by name, not of nets); `se_ratio`: the mean error
    over the standard deviation that the changes really have. `moved` are the measures that the truth moves in SOME
    (`moved_measures`): {measure: answers}.
    """
    rows = []
    for (world, basis, errors), part in table.groupby(["world", "basis", "errors"], sort=False):
        by_pair = part.groupby("pair")["covers"].agg(["sum", "size"])
        misses = 1 - part["covers"].mean()
        residual = (by_pair["size"] - by_pair["sum"] - misses * by_pair["size"]) / by_pair["size"].mean()
        of_moved = part["measure"].isin(list(moved)) & (world == SOME)
        said = part["word"].isin([UP, DOWN])
        words = pd.DataFrame({"said": said, "false": said & ~of_moved}).groupby(part["pair"]).sum()
        false_words = (words["false"] / words["said"].where(words["said"] > 0)).fillna(0)
        named = [(m, c) for m, answers in moved.items() for c in answers]
        keys = pd.MultiIndex.from_frame(part[["measure", "category"]])
        hits = part[keys.isin(named) & of_moved]
        right = hits["word"].eq(np.where(hits["truth"] > 0, UP, DOWN))
        spread = part.groupby(["measure", "category"]).agg(se=("se", "mean"), sd=("change", "std"))
        rows.append(
            {
                **{"world": world, "basis": basis, "errors": errors, "pairs": len(by_pair), "changes": len(part)},
                **{"misses": misses, "misses_error": residual.sem(), "false_pairs": words["false"].gt(0).mean()},
                "false_words": false_words.mean(),
                **{"found": right.mean() if len(hits) else np.nan, "se_ratio": (spread["se"] / spread["sd"]).median()},
            }
        )
    return pd.DataFrame(rows)


def found_by_move(table, moved):
    """How often each of the truth's moves is found, with the covariance and without it."""
    part = table[table["world"].eq(SOME) & table["errors"].isin([WITH, WITHOUT])]
    named = [(m, c) for m, answers in moved.items() for c in answers]
    part = part[pd.MultiIndex.from_frame(part[["measure", "category"]]).isin(named)]
    right = part["word"].eq(np.where(part["truth"] > 0, UP, DOWN))
    keys = ["basis", "measure", "category", "truth", "errors"]
    return part.assign(found=right).groupby(keys, sort=False)["found"].mean().unstack("errors").reset_index()
