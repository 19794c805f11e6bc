"""The tracker's waves: read together, named in words, and marked where one of them is a rehearsal."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
from IPython.display import HTML

from pipeline.change import NO_CLEAR_CHANGE, Wave
from pipeline.codebook import TOTAL, load_codebook
from pipeline.maturity import estimate_means, profiles
from pipeline.names import UNWEIGHTED
from pipeline.printing import SETTLED, STATUS, percent_text, points_text
from pipeline.problems import InputProblem
from pipeline.shown import picture
from pipeline.tables import read_respondents, read_table
from pipeline.withhold import private

# What `releasable` empties, beside what an analyst would find for themselves: numbers and what is said of them.
RELEASED = (
    *("estimate", "se", "ci_low", "ci_high", "n_eff", "low", "high", "before", "after", "change", "se_before"),
    *("se_after", "covariance", "df", "p", "p_adjusted", "counted", "detectable", "within", "mix"),
)
# The numbers that are of an estimate alone, by the column that says how far it is known.
FILLED = {
    "support": ("estimate", "se"),
    "support_before": ("before", "se_before", "change"),
    "support_after": ("after", "se_after", "change"),
}
TOO_FEW = "it rests on too few organisations to be published"
ALONE = "One wave alone: there is nothing to compare yet."


def load_waves(waves, *, codebooks, weighted, series):
    """Every Wave of a list of years, in order, from the folders of codebooks, weighted respondents and estimates.

    A printed share that stands for several counts is the printed one. Raises InputProblem for a wave without a file,
    for estimates that are another wave's, and for what a wave that is not of the list has left in these folders.
    """
    _stop_at_left_over(waves, [*Path(series).glob("*.csv"), *Path(weighted).iterdir()])
    found = []
    for year in waves:
        codebook = load_codebook(Path(codebooks) / f"{year}.yaml")
        path = Path(series) / f"{year}.csv"
        estimates = read_table(path)
        if set(estimates["wave"]) != {year}:
            raise InputProblem(
                "the estimates are those of another wave",
                file=path,
                column="wave",
                found=", ".join(map(str, sorted(set(estimates["wave"])))),
                allowed=str(year),
            )
        respondents = read_respondents(Path(weighted) / f"{year}/respondents.csv", codebook)
        found.append(Wave(year, codebook, respondents, estimates))
    return found


def _stop_at_left_over(waves, paths):
    """Raise InputProblem for a wave's file or folder that is not of the list of years.

    DVC records all that is in a folder: nobody else who runs the same has it, and so nobody comes to the same record.
    """
    for path in sorted(paths):
        if path.stem.isdecimal() and int(path.stem) not in waves:
            what = "a wave that waves.all in params.yaml does not list has left this here"
            raise InputProblem(what, file=path, found=path.stem, allowed=list(waves), do="delete it, or list the wave")


def books(waves):
    """The Codebooks of Waves by year, as the register wants them."""
    return {w.wave: w.codebook for w in waves}


def status_words(waves):
    """What each wave's records are, as Markdown; waves that were measured need no words."""
    lines = [f"{w.wave}: {STATUS[w.kind]}" for w in waves if STATUS[w.kind]]
    return "\n\n".join(f"**{line}**" for line in [*lines, *([ALONE] if len(waves) == 1 else [])])


def said(changes, waves):
    """The clear changes of everyone in sentences: Markdown, a line each; or that there is none.

    `changes` is the table of `pipeline.change`, of the unweighted shares.
    """
    if changes.empty:
        return ALONE
    labels = {w.wave: w.codebook for w in waves}
    rows = changes[changes["basis"].eq(UNWEIGHTED) & changes["break"].eq(TOTAL)]
    clear = rows[~rows["word"].isin(["", NO_CLEAR_CHANGE])]
    lines = []
    for row in clear.to_dict("records"):
        measure = labels[row["wave"]].measure(row["measure"])
        answer = labels[row["wave"]].question(measure.question).categories[row["category"]]
        lines.append(
            f"- {measure.label}, {answer}: **{row['word']}** from {percent_text(row['before'])} ({row['since']}) to "
            f"{percent_text(row['after'])} ({row['wave']}), {points_text(row['change'])} points "
            f"({points_text(row['ci_low'])} to {points_text(row['ci_high'])})"
        )
    return "\n".join(lines) or "No change of everyone is clear."


def tally(changes):
    """How many changes have which word, by wave, basis and quality: for a notebook."""
    words = changes.assign(word=changes["word"].where(changes["word"].ne(""), "no verdict"))
    keys = ["since", "wave", "basis", "quality"]
    return words.groupby([*keys, "word"], sort=False).size().unstack("word", fill_value=0).reset_index()


def untested(changes):
    """Why the rest has no verdict: each reason with the number of rows, most first."""
    rows = changes[changes["word"].eq("")]
    return rows.groupby("why").size().sort_values(ascending=False, kind="stable").rename("rows").reset_index()


def named(waves):
    """The waves in words: `2014 (reconstruction), 2015 (rehearsal)`."""
    return [f"{w.wave} ({w.kind})" for w in waves]


def stacked(waves):
    """The estimates of all Waves in one table."""
    return pd.concat([w.estimates for w in waves], ignore_index=True)


def with_scores(waves, laid_out, bounded, settings):
    """The Waves with the means of a Grid in the place of their estimates (`maturity.estimate_means`).

    `laid_out` makes the Grid of respondents and codebook, `bounded` the bounds of a reconstruction's estimates.
    """
    found = []
    for wave in waves:
        grid, bounds = laid_out(wave.respondents, wave.codebook), bounded(wave.estimates, wave.codebook)
        needed = {"respondents": wave.respondents, "codebook": wave.codebook, "settings": settings}
        found.append(replace(wave, estimates=estimate_means(grid, bounds=bounds, **needed)))
    return found


def profiles_of(waves):
    """The maturity profiles of every wave's organisations; sizes as the wave has them."""
    return pd.concat([profiles(w.respondents, w.codebook) for w in waves], ignore_index=True)


def releasable(table, waves, settings):
    """A table of the tracker as it may be published (`settings`: the section `disclose` of the Params).

    Of a wave that is not public a row that rests on fewer than `minimum_base` has no numbers but its bases. What is
    withheld beside that, so that nothing gives it away, is the matter of `pipeline.withhold`.
    """
    involved = [c for c in ("wave", "since") if c in table]
    bases = [c for c in ("n", "n_before", "n_after") if c in table]
    small = table[involved].isin(private(waves)).any(axis=1)
    small &= table[bases].lt(settings.minimum_base).fillna(False).any(axis=1)
    kept = table.assign(**{c: table[c].mask(small) for c in RELEASED if c in table})
    said = {"quality": "withheld", "word": "", "why": TOO_FEW}
    return kept.assign(**{c: kept[c].mask(small, text) for c, text in said.items() if c in kept})


def without_filler(table):
    """A table of the tracker without the values that a reconstruction's records hold where its report settles none."""
    kept = table
    for support, columns in FILLED.items():
        if support in kept:
            kept = kept.assign(**{c: kept[c].where(kept[support].isin(SETTLED)) for c in columns if c in kept})
    return kept


def of_everyone(table):
    """The rows of everyone, without the columns that are empty then."""
    rows = table[table["break"].eq(TOTAL)]
    return rows.drop(columns=["category", "break", "group"]).dropna(axis="columns", how="all").reset_index(drop=True)


def largest(parts, rows=10):
    """The unweighted changes that move most, parted into within and mix: for a notebook."""
    rows_of = parts[parts["basis"].eq(UNWEIGHTED)]
    order = rows_of["change"].abs().sort_values(ascending=False, kind="stable").index[:rows]
    return rows_of.loc[order].drop(columns=["basis", "n_before", "n_after"]).reset_index(drop=True)


def drawn(path, said):
    """A picture for a notebook with its text alternative, or that none was drawn."""
    return picture(path, said) if said else HTML("<p>Nothing to draw: no wave has steps.</p>")


def gallery(alternatives, folder):
    """The trends drawn into a folder, for a notebook: small pictures with their text alternatives."""
    shown = [picture(Path(folder) / f"trend_{name}.png", said, 300).data for name, said in alternatives.items()]
    return HTML("\n".join(shown))
