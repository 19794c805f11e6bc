"""How long the report's contradictions, bounds and records take, and how that grows with more questions and claims.

python benchmarks/contradictions.py            both tables in docs/performance.md
python benchmarks/contradictions.py report     that of the 2014 report
python benchmarks/contradictions.py growth     that of larger reports

A larger report is made of copies of the 2014 one: questions and claims once more under other names, about the same
respondents, so that only sectors and size bands are shared. Each task runs in a process of its own, whose largest
memory is measured.
"""

import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml
from joblib.externals.loky import get_reusable_executor

from pipeline.bounds import bound_estimates
from pipeline.claims import COLUMNS, load_claims
from pipeline.codebook import TOTAL, load_codebook
from pipeline.contradictions import judge
from pipeline.params import load_params
from pipeline.population import population_cells
from pipeline.reconstruct import band_sizes
from pipeline.records import glue, settle_bases, settle_counts
from pipeline.system import build_system

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs/performance.md"
CODEBOOK, CLAIMS = "data/codebook/2014.yaml", "data/report/2014/claims.csv"
COPIES = (1, 2, 4, 8)
# Parts of a codebook that say what is made of its measures: claims and bounds need none of them.
MADE_OF_THEM = ("figures", "findings", "net_scores", "steps", "trends", "chapters", "breaks_in_series")
# How often the tasks of the 2014 report are run, one after the other each time.
RUNS = 5
# Seconds that a task may take.
PATIENCE = 900


def main(*tables):
    """Measure, and replace what stands between each table's markers in the report."""
    machine = f"(Python {platform.python_version()}, {os.cpu_count()} processors.)"
    for name in tables or ("report", "growth"):
        table = {"report": report_table, "growth": growth_table}[name]() + f"\n\n{machine}\n"
        print(table)
        text = REPORT.read_text(encoding="utf-8")
        new, found = re.subn(
            rf"(?s)(<!-- contradictions_{name} -->\n).*?(<!-- end -->)", lambda m, new=table: m[1] + new + m[2], text
        )
        if not found:
            sys.exit(f"{REPORT} has no markers to write the table {name} between.")
        REPORT.write_text(new, encoding="utf-8")


def report_table():
    """The table of the 2014 report: seconds and memory by task, those of the run of middle length."""
    rows = ["| the 2014 report | seconds | of a processor | peak memory, MB | found |", "|---|--:|--:|--:|---|"]
    rounds = [{task: measured(task, ROOT / CODEBOOK, ROOT / CLAIMS) for task in TASKS} for _ in range(RUNS)]
    for task, (what, _) in TASKS.items():
        runs = sorted((results[task] for results in rounds), key=lambda result: result["seconds"])
        ends = f"{runs[0]['seconds']:.1f} to {runs[-1]['seconds']:.1f}"
        rows.append(f"| {what} | {figures(runs[RUNS // 2])} ({ends} s) |")
    return "\n".join(rows)


def growth_table():
    """The table of larger reports: size, time and whether the largest set of claims is proven to be."""
    head = "| copies | questions | claims | seconds | of a processor | peak memory, MB | found |"
    rows = [head, "|--:|--:|--:|--:|--:|--:|---|"]
    codebook = load_codebook(ROOT / CODEBOOK)
    claims = load_claims(ROOT / CLAIMS, codebook)
    for copies in COPIES:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / name for name in ("codebook.yaml", "claims.csv")]
            questions, printed = write_copies(codebook, claims, copies, *paths)
            rows.append(f"| {copies} | {questions} | {printed} | {figures(measured('contradictions', *paths))} |")
    return "\n".join(rows)


def figures(result):
    """Four cells of a table: seconds, those of a processor's work, megabytes, and what was found."""
    if result is None:
        return f"over {PATIENCE} | | | not proven"
    return f"{result['seconds']:.1f} | {result['work']:.1f} | {result['memory'] / 2**20:.0f} | {result['found']}"


def measured(task, codebook, claims):
    """A task's seconds, its process's largest memory in bytes and what it found; None where it took too long."""
    command = [sys.executable, __file__, "--task", task, str(codebook), str(claims)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def run(task, codebook_path, claims_path):
    """Do a task in this process and print how it went. What it starts from is made beforehand and not timed."""
    codebook = load_codebook(codebook_path)
    claims, settings = load_claims(claims_path, codebook), load_params(ROOT / "params.yaml")
    settings = settings.model_copy(
        update={"reconstruct": settings.reconstruct.model_copy(update={"time_limit": PATIENCE})}
    )
    seconds, work, found = timed(TASKS[task][1](codebook, claims, settings))
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    # Linux counts in kilobytes, macOS in bytes.
    memory = most if sys.platform == "darwin" else most * 1024
    print(json.dumps({"seconds": seconds, "work": work, "memory": memory, "found": found}))


def timed(work):
    """Do the work: seconds by the clock, seconds of the processors that it kept busy, and what it says it found."""
    clock, busy = time.perf_counter(), os.times()
    found = work()
    after = os.times()
    return time.perf_counter() - clock, sum(after[:4]) - sum(busy[:4]), found


def contradictions(codebook, claims, settings):
    """The largest set of claims with proof, from the claims as read."""

    def work():
        _, verdict = judged(codebook, claims, settings.reconstruct)
        kept = f"{len(verdict.kept)} claims kept, {len(verdict.left_out)} left out, proven the fewest"
        return f"{kept}; {len(verdict.contradictions)} contradictions"

    return work


def bounds(codebook, claims, settings):
    """The bounds of every estimate, once the verdict is known."""
    _, verdict = judged(codebook, claims, settings.reconstruct)
    return lambda: f"{len(bound_estimates(codebook, claims, verdict, settings.reconstruct))} estimates"


def every_bound(codebook, claims, settings):
    """The same with the weighted estimates, spread over the processors as the stage does."""
    system, verdict = judged(codebook, claims, settings.reconstruct)
    counts = settle_bases(system, verdict, **search_of(codebook, settings)).values
    given = {"cells": cells_of(codebook, settings), "counts": counts, "compute": settings.compute}

    def work():
        bounds = bound_estimates(codebook, claims, verdict, settings.reconstruct, **given)
        get_reusable_executor().shutdown()  # time and memory of processes are counted once they have ended
        return f"{len(bounds)} estimates"

    return work


def records(codebook, claims, settings):
    """The least informative records, once the verdict is known."""
    system, verdict = judged(codebook, claims, settings.reconstruct)
    search = search_of(codebook, settings)

    def work():
        bases = settle_bases(system, verdict, **search)
        counts = settle_counts(system, verdict, bases, sizes=search["sizes"])
        return f"{len(glue(system, counts.values, seed=search['seed']))} records"

    return work


def search_of(codebook, settings):
    """How the least informative records are looked for."""
    sizes = band_sizes(cells_of(codebook, settings), codebook)
    return {"sizes": sizes, "seed": settings.reconstruct.seed, "effort": settings.reconstruct.effort}


def cells_of(codebook, settings):
    """The cells of the population."""
    return population_cells(settings.weight.population, folder=ROOT / "data/population", codebook=codebook)


def judged(codebook, claims, settings):
    """The system of the claims, and the verdict on it."""
    system = build_system(codebook, claims, settings.worded_tolerance)
    return system, judge(system, seed=settings.seed, time_limit=settings.time_limit)


TASKS = {
    "contradictions": ("the largest set of claims, with proof", contradictions),
    "bounds": ("bounds of every unweighted estimate, given the verdict", bounds),
    "every_bound": ("bounds of every estimate, weighted too, given verdict and records", every_bound),
    "records": ("the least informative records, given the verdict", records),
}


def write_copies(codebook, claims, copies, codebook_path, claims_path):
    """Write a codebook and a claims file that hold a report several times; how many questions and claims they have."""
    book = codebook.model_dump(mode="json", by_alias=True, exclude_none=True)
    shared = shared_names(codebook)
    made = {k: v for k, v in book.items() if k not in MADE_OF_THEM}
    printed = [claims[COLUMNS]]
    for number in range(2, copies + 1):
        names = {kind: _renaming(ids, number) for kind, ids in shared.items()}
        made |= {kind: made[kind] + again for kind, again in _again(book, names, number).items()}
        printed.append(_claims_again(claims[COLUMNS], names, number))
    codebook_path.write_text(yaml.safe_dump(made, allow_unicode=True, sort_keys=False), encoding="utf-8")
    every = pd.concat(printed)
    every.to_csv(claims_path, index=False)
    return len(made["questions"]), len(every)


def shared_names(codebook):
    """By part of the codebook, the ids that all copies have in common: of everything that asks the frame alone."""
    frame = {codebook.sector, codebook.size_band}
    bases = {b.id for b in codebook.bases if set(b.where) <= frame}
    breaks = {b.id for b in codebook.breaks if {q for g in codebook.groups(b.id) for q in g.where} <= frame}
    measures = {m.id for m in codebook.measures if m.question in frame and m.base in bases and set(m.breaks) <= breaks}
    return {"questions": frame, "bases": bases, "breaks": breaks | {TOTAL}, "measures": measures}


def _renaming(shared, number):
    return lambda name: name if name in shared or not name else f"{name}_{number}"


def _again(book, names, number):
    """The questions, bases, breaks and measures of a codebook (as plain data) once more, under other names."""
    rename = names["questions"]

    def condition(where):
        return {rename(question): test for question, test in where.items()}

    def questions(q):
        column = f"again{number}_{q.get('column', q['id'])}"
        return q | {"column": column, "asked_if": condition(q["asked_if"])}

    def breaks(b):
        if "of" in b:
            return b | {"of": rename(b["of"])}
        return b | {"groups": [g | {"where": condition(g["where"])} for g in b["groups"]]}

    def measures(m):
        base, by = names["bases"](m["base"]), [names["breaks"](b) for b in m["breaks"]]
        return m | {"question": rename(m["question"]), "base": base, "breaks": by}

    changed = {"questions": questions, "breaks": breaks, "measures": measures}
    changed["bases"] = lambda b: b | {"where": condition(b["where"])}
    return {
        kind: [change(p) | {"id": names[kind](p["id"])} for p in book[kind] if names[kind](p["id"]) != p["id"]]
        for kind, change in changed.items()
    }


def _claims_again(claims, names, number):
    """The claims once more; those that are about the frame alone, or about no answers, are not said twice."""
    columns = {"measure": "measures", "base": "bases", "break": "breaks"}
    again = claims.assign(**{column: claims[column].map(names[kind]) for column, kind in columns.items()})
    renamed = again[list(columns)].ne(claims[list(columns)]).any(axis=1) & claims["measure"].ne("")
    return again[renamed].assign(id=again["id"] + f"_{number}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        run(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
