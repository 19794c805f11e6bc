"""Weighting and estimating beside R's survey package, on the same sample: writes the table in docs/performance.md.

python benchmarks/weighting.py            10^3 to 10^6 respondents, the median of three rounds each; needs R and survey

A sample of 50 strata is raked to four margins; then 40 shares by two breaks are estimated, 520 in all, with standard
errors. Ours are `pipeline.calibration.rake` and `pipeline.estimate.estimate_basis`, which give an interval, a design
effect and an effective base too; R gives the standard error. Both must come to the same weights, shares and errors.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from markers import replace_between

HERE = Path(__file__).parent
REPORT = HERE.parent / "docs/performance.md"
SIZES, ROUNDS, SEED = (10**3, 10**4, 10**5, 10**6), 3, 2014
STRATA, MEASURES = 50, 40
MARGINS = {"margin_a": 2, "margin_b": 4, "margin_c": 6, "margin_d": 10}
BREAKS = {"break_a": 5, "break_b": 8}
LARGEST_DIFFERENCE = 1e-6


class Run(NamedTuple):
    """One program's seconds for raking and for estimating, the processors' seconds for both, memory (MB), version."""

    raking: float
    estimating: float
    processor: float
    memory: float
    program: str

    @property
    def seconds(self):
        return self.raking + self.estimating


def main():
    """Run both programs at every size and replace what stands between the markers in the report."""
    rows = []
    for size in SIZES:
        rounds = []
        for number in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                make_sample(Path(folder), size)
                rounds.append((run(sys.executable, __file__, folder), run("Rscript", HERE / "weighting.R", folder)))
                difference = largest_difference(Path(folder))
            print(size, number + 1, *rounds[-1], f"largest difference {difference:.0e}", flush=True)
            if not difference < LARGEST_DIFFERENCE:
                sys.exit(f"{size} respondents: ours and R's differ by {difference:g}.")
        rows.append((size, *(middle(runs) for runs in zip(*rounds, strict=True))))
    replace_between(REPORT, "weighting", markdown(rows))


def make_sample(folder, size):
    """Write a sample: a file of bytes per column, and the margins' totals.

    A measure goes with the classes, so that raking moves it; the population differs from the sample by up to a fifth.
    """
    rng = np.random.default_rng([SEED, size])
    classes = {"stratum": STRATA} | MARGINS | BREAKS
    columns = {
        name: (np.arange(size) % k if name == "stratum" else rng.integers(k, size=size)) for name, k in classes.items()
    }
    sampled = np.bincount(columns["stratum"])
    totals = np.round(sampled * rng.uniform(2, 20, STRATA))
    start = (totals / sampled)[columns["stratum"]]
    pull = 0.4 * (columns["margin_a"] - 0.5) + 0.1 * (columns["break_a"] - 2)
    for i in range(MEASURES):
        log_odds = 4 * (i + 0.5) / MEASURES - 2
        columns[f"measure_{i:02d}"] = rng.random(size) < 1 / (1 + np.exp(-log_odds - pull))
    for name, values in columns.items():
        (folder / name).write_bytes(values.astype(np.int8).tobytes())
    for name, values in {"start": start, "stratum_total": totals[columns["stratum"]]}.items():
        (folder / name).write_bytes(values.tobytes())
    margins = []
    for name, k in MARGINS.items():
        moved = np.bincount(columns[name], weights=start, minlength=k) * rng.uniform(0.8, 1.2, k)
        margins += [(name, c, t) for c, t in enumerate(moved / moved.sum() * start.sum())]
    pd.DataFrame(margins, columns=["margin", "category", "total"]).to_csv(folder / "margins.csv", index=False)
    (folder / "n.txt").write_text(str(size))
    (folder / "classes.txt").write_text("\n".join(classes))
    (folder / "measures.txt").write_text("\n".join(c for c in columns if c.startswith("measure")))


def run(*command):
    """Run a program on a sample: its Run, from the tab-separated line that it prints."""
    with subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True) as process:
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}.")
    raking, estimating, processor, program = printed.strip().split("\t")
    return Run(float(raking), float(estimating), float(processor), used.ru_maxrss / 1024, program)


def largest_difference(folder):
    """The largest difference between ours and R's weights (as a share of the weight), estimates and standard errors."""
    ours, by_r = (np.fromfile(folder / f"weights_{who}") for who in ("ours", "r"))
    keys = ["domain", "answer"]
    tables = [
        pd.read_csv(folder / f"estimates_{who}.csv").sort_values(keys, ignore_index=True) for who in ("ours", "r")
    ]
    if not tables[0][keys].equals(tables[1][keys]):
        sys.exit("Ours and R's are not estimates of the same things.")
    columns = ["estimate", "se"]
    return max(np.abs(ours / by_r - 1).max(), np.abs(tables[0][columns] - tables[1][columns]).to_numpy().max())


def ours(folder):
    """Our side: rake and estimate the sample in a folder, write weights and estimates there, print the seconds."""
    import polars
    import svy

    from pipeline.calibration import rake
    from pipeline.estimate import Grid, estimate_basis

    def column(name, kind=np.int8):
        return np.fromfile(folder / name, dtype=kind)

    classes = (folder / "classes.txt").read_text().split()
    respondents = pd.DataFrame({c: pd.Series(column(c).astype(str), dtype="string") for c in classes})
    respondents = respondents.assign(start=column("start", float), stratum_total=column("stratum_total", float))
    answers = pd.DataFrame({m: column(m) for m in (folder / "measures.txt").read_text().split()})
    margins = pd.read_csv(folder / "margins.csv", dtype={"category": str})
    margins = {m: dict(zip(t["category"], t["total"], strict=True)) for m, t in margins.groupby("margin")}
    # As the pipeline does, every library is loaded before there is anything to do.
    assert polars and svy

    begin, processor = time.perf_counter(), time.process_time()
    respondents = respondents.assign(weight=rake(respondents, margins=margins, start="start"))
    raked = time.perf_counter()
    domains = {f"{b} {c}": respondents[b] == str(c) for b, k in BREAKS.items() for c in range(k)}
    domains = pd.DataFrame(domains).astype(np.int8)
    pairs = pd.MultiIndex.from_product([domains, answers], names=["domain", "answer"]).to_frame(index=False)
    grid = Grid(rows=pairs, domains=domains, answers=answers)
    found = estimate_basis(grid, respondents=respondents, basis="weighted", confidence=0.95)
    end, processor = time.perf_counter(), time.process_time() - processor

    (folder / "weights_ours").write_bytes(respondents["weight"].to_numpy(float).tobytes())
    found[["domain", "answer", "estimate", "se"]].to_csv(folder / "estimates_ours.csv", index=False)
    program = f"Python {platform.python_version()}, svy {version('svy')}"
    print(raked - begin, end - raked, processor, program, sep="\t")


def middle(runs):
    """The median of each number of some runs."""
    numbers = (statistics.median(values) for values in list(zip(*runs, strict=True))[:-1])
    return Run(*numbers, runs[0].program)


def markdown(rows):
    """The tables as text: seconds, processor time and memory, and R's over ours."""
    lines = [
        "| respondents | rake: ours | R | estimate: ours | R | both: ours | R | R / ours |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for size, we, r in rows:
        seconds = [f"{s:.2f}" for s in (we.raking, r.raking, we.estimating, r.estimating, we.seconds, r.seconds)]
        lines.append(f"| {size:,} | {' | '.join(seconds)} | {r.seconds / we.seconds:.1f} |")
    lines += [
        "",
        "| respondents | processor time: ours | R | R / ours | memory: ours | R | R / ours |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for size, we, r in rows:
        times = f"{we.processor:.2f} | {r.processor:.2f} | {r.processor / we.processor:.1f}"
        lines.append(f"| {size:,} | {times} | {we.memory:,.0f} MB | {r.memory:,.0f} MB | {r.memory / we.memory:.1f} |")
    programs = "; ".join(run.program for run in rows[-1][1:])
    lines += ["", f"Seconds; medians of {ROUNDS} rounds. ({programs}; {os.cpu_count()} processors.)", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        ours(Path(sys.argv[1]))
    else:
        main()
