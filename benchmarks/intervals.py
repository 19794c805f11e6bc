"""How often the intervals cover: simulates surveys as `coverage` in params.yaml says and writes what comes of it.

python benchmarks/intervals.py, after `dvc repro`: writes reports/WAVE/coverage.csv (by class of effective base),
reports/WAVE/coverage_shares.csv (share by share) and the table in docs/methodology.md, of the first wave. The numbers
are of simulated surveys; they say how the method does, and nothing about any organisation.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from markers import replace_between

from pipeline.codebook import load_codebook
from pipeline.compute import spread
from pipeline.coverage import SCENARIOS, build_world, coverage_table, headline, intervals, share_table, surveys
from pipeline.params import load_params
from pipeline.population import population_cells, shift_totals
from pipeline.printing import EVIDENCE
from pipeline.problems import InputProblem
from pipeline.tables import read_respondents, read_table, write_table

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/methodology.md"
# Surveys to a piece of work: small enough for all processors to be busy to the end.
PIECE = 20
# What the tables say of themselves, for whoever has one of them alone.
SIMULATED = "simulated surveys of a population made of the wave's {} records"


def main():
    """Simulate, and write the tables."""
    begin = time.monotonic()
    settings = load_params(ROOT / "params.yaml")
    wave = settings.waves.all[0]
    world = world_of(wave, settings)
    print(f"Wave {wave}: {len(world.frame):,} organisations, {len(world.grid.rows)} shares followed")
    found = simulate(world, settings)
    tables = [intervals(world, scenario, found[scenario], settings.analyse) for scenario in SCENARIOS]
    everything = pd.concat(tables, ignore_index=True)
    classes = coverage_table(everything, flag_below=settings.analyse.flag_below)
    shares = share_table(everything, world.grid.rows)
    evidence = SIMULATED.format(EVIDENCE[world.codebook.kind])
    write_table(ROOT / f"reports/{wave}/coverage.csv", classes.assign(evidence=evidence))
    write_table(ROOT / f"reports/{wave}/coverage_shares.csv", shares.assign(evidence=evidence))
    unfit = sum(int(np.isnan(found[scenario][:, :, 0]).all(axis=1).sum()) for scenario in SCENARIOS)
    print(
        f"{unfit} of {len(SCENARIOS) * settings.coverage.surveys:,} surveys could not be weighted as params.yaml asks"
    )
    text = markdown(classes, shares, headline(world.codebook))
    replace_between(DOCUMENT, "coverage", text)
    print(text, f"{time.monotonic() - begin:.0f} s", sep="\n")


def world_of(wave, settings):
    """The known population of a wave and how it is surveyed."""
    codebook = load_codebook(ROOT / f"data/codebook/{wave}.yaml")
    cells = population_cells(settings.weight.population, folder=ROOT / "data/population", codebook=codebook)
    return build_world(
        read_respondents(ROOT / f"data/weighted/{wave}/respondents.csv", codebook),
        approached=read_table(ROOT / f"data/clean/{wave}/dispositions.csv"),
        cells=shift_totals(cells, settings.weight.totals),
        codebook=codebook,
        settings=settings,
    )


def simulate(world, settings):
    """Every survey of every scenario: {scenario: array over surveys, shares and what is found}.

    Each survey has its own seed, the same in every scenario, so neither the number of processes nor the size of a
    piece of work changes a result.
    """
    seeds = np.random.SeedSequence(settings.coverage.seed).spawn(settings.coverage.surveys)
    parts = [seeds[i : i + PIECE] for i in range(0, len(seeds), PIECE)]
    pieces = [(world, scenario, part) for scenario in SCENARIOS for part in parts]
    done = spread(surveys, pieces, compute=settings.compute, say=lambda line: print(line, flush=True))
    return {s: np.concatenate(done[i * len(parts) : (i + 1) * len(parts)]) for i, s in enumerate(SCENARIOS)}


def markdown(classes, shares, leading):
    """The tables as text: coverage of all shares by class, and of the share that answering depends on."""
    lines = [
        "| who answers | effective base | shares | coverage | misses: too low | too high | bias | unweighted |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in classes[classes["near"] == "all"].itertuples():
        coverage = f"{row.coverage:.1%} ± {row.coverage_error:.1%}"
        bias = [f"{100 * b:.1f}" for b in (row.bias, row.unweighted_bias)]
        misses = [f"{m:.1%}" for m in (row.too_low, row.too_high)]
        cells = [row.scenario, row.effective_base, str(row.shares), coverage, *misses, *bias]
        lines.append(f"| {' | '.join(cells)} |")
    measure, category = leading
    keys = {"measure": measure, "category": category, "break": "total"}
    one = shares[(shares[list(keys)] == pd.Series(keys)).all(axis=1)].set_index("scenario")
    lines += ["", f"The share that answering depends on, in truth {one['simulated_truth'].iloc[0]:.1%}:", ""]
    lines += ["| who answers | bias | unweighted | coverage |", "|---|--:|--:|--:|"]
    for scenario, row in one.iterrows():
        cells = [scenario, *(f"{100 * b:+.1f}" for b in row[["bias", "unweighted_bias"]])]
        lines.append(f"| {' | '.join(cells)} | {row['coverage']:.1%} ± {row['coverage_error']:.1%} |")
    surveys_each = " and ".join(f"{n:,}" for n in sorted(set(one["surveys"])))
    how = f"{surveys_each} surveys each; ± is one Monte Carlo standard error; bias in percentage points."
    return "\n".join([*lines, "", how, ""])


if __name__ == "__main__":
    try:
        main()
    except InputProblem as problem:
        sys.exit(f"coverage: {problem}")
