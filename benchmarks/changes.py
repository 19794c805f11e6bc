"""How the tests of change do on pairs of waves whose change is known: writes the tables of it.

python benchmarks/changes.py, after `dvc repro`: writes reports/tracker/pairs.csv and pairs_found.csv and the tables in
docs/methodology.md, from the first wave's records. The numbers are of simulated waves; they say how the method does,
and nothing about any organisation.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from markers import replace_between

from pipeline.codebook import load_codebook
from pipeline.compute import spread
from pipeline.files import MARK, MARKED
from pipeline.pairs import WORLDS, build_years, found_by_move, judge_all, moved_measures, summary
from pipeline.params import load_params
from pipeline.population import population_cells, shift_totals
from pipeline.problems import InputProblem
from pipeline.tables import read_respondents, read_table, write_table

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/methodology.md"
PAIRS, PIECE = 200, 10


def main():
    """Simulate, and write the tables."""
    begin = time.monotonic()
    settings = load_params(ROOT / "params.yaml")
    wave = settings.waves.all[0]
    years = years_of(wave, settings)
    table = simulate(years, settings)
    moved = moved_measures(years.codebook, settings.rehearse.moved)
    result, moves = summary(table, moved), found_by_move(table, moved)
    for name, made in (("pairs", result), ("pairs_found", moves)):
        write_table(ROOT / f"reports/tracker/{name}.csv", made.assign(**{MARK: MARKED}))
    text = markdown(result, moves)
    replace_between(DOCUMENT, "pairs", text)
    print(text, f"{time.monotonic() - begin:.0f} s", sep="\n")


def years_of(wave, settings):
    """The known population of a wave and of the year after."""
    codebook = load_codebook(ROOT / f"data/codebook/{wave}.yaml")
    cells = population_cells(settings.weight.population, folder=ROOT / "data/population", codebook=codebook)
    return build_years(
        read_respondents(ROOT / f"data/weighted/{wave}/respondents.csv", codebook),
        approached=read_table(ROOT / f"data/clean/{wave}/dispositions.csv"),
        cells=shift_totals(cells, settings.weight.totals),
        codebook=codebook,
        settings=settings,
    )


def simulate(years, settings):
    """Every pair of every world in one table; each pair has its own seed, the same in every world."""
    seeds = np.random.SeedSequence(settings.coverage.seed).spawn(PAIRS)
    starts = range(0, PAIRS, PIECE)
    pieces = [(years, world, seeds[i : i + PIECE], i) for world in WORLDS for i in starts]
    done = spread(judge_all, pieces, compute=settings.compute, say=lambda line: print(line, flush=True))
    return pd.concat(done, ignore_index=True)


def markdown(result, moves):
    """The tables as text."""
    lines = [
        "| truth | basis | errors | intervals that miss | false words | with a false one | found | error / spread |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in result.itertuples():
        found = f"{row.found:.0%}" if row.found == row.found else ""
        misses = f"{row.misses:.1%} ± {row.misses_error:.1%}"
        numbers = [f"{row.false_words:.1%}", f"{row.false_pairs:.1%}", found, f"{row.se_ratio:.2f}"]
        cells = [row.world, row.basis, row.errors, misses, *numbers]
        lines.append(f"| {' | '.join(cells)} |")
    with_, without = sorted(set(moves.columns) & {"with covariance", "without"})
    lines += ["", "| what moved | by (points) | basis | found | found without covariance |", "|---|--:|---|--:|--:|"]
    for row in moves.to_dict("records"):
        cells = [f"`{row['measure']}`: `{row['category']}`", f"{100 * row['truth']:+.1f}", row["basis"]]
        lines.append(f"| {' | '.join([*cells, f'{row[with_]:.0%}', f'{row[without]:.0%}'])} |")
    how = f"{result['pairs'].max()} pairs of waves each; ± is one Monte Carlo standard error."
    return "\n".join([*lines, "", how, ""])


if __name__ == "__main__":
    try:
        main()
    except InputProblem as problem:
        sys.exit(f"changes: {problem}")
