"""A big wave through clean, weight and analyse, beside plain pandas and beside R: writes tables of docs/performance.md.

python benchmarks/big_wave.py            10^3 to 10^6 respondents; R's side needs R, its packages survey and data.table
python benchmarks/big_wave.py 100000     up to so many

The survey is that of big_survey.py: 40 questions, exported as CSV, .sav and Parquet. Every stage runs in a process of
its own, which is ended when it takes too long. Ours are the calls that the notebooks make, reading and writing
included; plain pandas and R read the same CSV and make the same table of shares, R with standard errors too. All three
must come to the same numbers, and the three formats to the same respondents, or the benchmark stops.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from big_survey import FILES, FORMATS, LARGEST, WAVE, load_book, write_exports, write_project
from markers import replace_between

HERE = Path(__file__).parent
REPORT = HERE.parent / "docs/performance.md"
SIZES = (10**3, 10**4, 10**5, 10**6)
# Seconds after which a process is ended.
TIME_LIMIT = 900
LARGEST_DIFFERENCE = 1e-6
KEYS = ["basis", "break", "group", "answer"]
STAGES = ("clean", "weight", "analyse")


class Run(NamedTuple):
    """One process: its seconds by the clock and of the processors, peak memory in MB, and by part what it printed."""

    seconds: float
    processor: float
    memory: float
    parts: dict[str, list[float]]
    program: str


def main(largest=SIZES[-1]):
    """Run everything at every size and replace what stands between the markers in the report."""
    found = {}
    for size in (s for s in SIZES if s <= largest):
        with tempfile.TemporaryDirectory() as folder:
            found[size] = run_size(Path(folder), size)
    replace_between(REPORT, "big_wave", markdown(found))


def run_size(folder, size):
    """Every process at one size: {name: Run, or why there is none}. Ends the benchmark where numbers differ."""
    # What this process has ever held is counted as its children's peak memory: it must stay small itself.
    subprocess.run([str(c) for c in ours("made", folder, size)], check=True, stdout=subprocess.DEVNULL)
    runs = {}
    commands = {f"read {kind}": ours("read", folder, kind) for kind in FORMATS}
    commands |= {f"take in {kind}": ours("take_in", folder, kind) for kind in FORMATS}
    place_raw(folder)
    commands |= {stage: ours(stage, folder) for stage in STAGES}
    commands |= {"pandas": ours("plain_pandas", folder), "R": ["Rscript", HERE / "big_wave.R", folder]}
    for name, command in commands.items():
        runs[name] = without_r() if name == "R" and without_r() else run(command, TIME_LIMIT)
        print(f"{size:,} {name}: {runs[name]}", file=sys.stderr, flush=True)
    check_formats(folder)
    for other in ("pandas", "R"):
        if isinstance(runs["analyse"], Run) and isinstance(runs[other], Run):
            check_same(folder, other.lower())
    return runs


def ours(stage, folder, *options):
    """The command that runs a function of this file in a process of its own."""
    return [sys.executable, __file__, stage, folder, *options]


def without_r():
    """Why R's side cannot run, empty if it can."""
    if shutil.which("Rscript") is None:
        return "no Rscript"
    asked = 'for (p in c("survey", "data.table")) if (!requireNamespace(p, quietly = TRUE)) quit(status = 1)'
    done = subprocess.run(["Rscript", "-e", asked], capture_output=True)
    return "R without survey or data.table" if done.returncode else ""


def run(command, limit):
    """Run a process: its Run, or a word on why it came to no end."""
    begin = time.perf_counter()
    with subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True) as process:
        late = threading.Timer(limit, process.kill)
        late.start()
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
        late.cancel()
    if process.returncode:
        return f"not in {limit} s" if seconds >= limit else f"ended with {process.returncode}"
    *parts, program = printed.strip().splitlines()
    parts = {name: [float(t) for t in times if t] for name, *times in (line.split("\t") for line in parts)}
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, parts, program)


def made(folder, size):
    """Write all files of a survey of this size."""
    write_project(folder, int(size))
    write_exports(folder, int(size))
    write_keys(folder)


# ---- our stages, as the notebooks run them


def deliver(folder, kind):
    """The paths of a delivery in one format, by raw file."""
    return {f"{name}.csv": folder / f"exports/{name}.{kind}" for name in FILES}


def place_raw(folder):
    """The delivered CSV files as the wave's raw files, which they are already."""
    (folder / "raw").mkdir(exist_ok=True)
    for name, path in deliver(folder, "csv").items():
        shutil.copyfile(path, folder / "raw" / name)


def read(folder, kind):
    """Read a delivery of one format, as `tracker new-wave` begins."""
    from pipeline.deliveries import read_delivery
    from pipeline.new_wave import DATES

    for path in deliver(folder, kind).values():
        read_delivery(path, dates=DATES)


def take_in(folder, kind):
    """All that `tracker new-wave` does but writing; keeps a hash of the raw tables as `clean` makes of them."""
    from pipeline.clean import clean as clean_all
    from pipeline.new_wave import prepare

    wave = prepare(WAVE, deliver(folder, kind), params=folder / "params.yaml", data=folder)
    respondents = clean_all(wave.fieldwork, wave.codebook).respondents
    (folder / f"taken_in.{kind}").write_text(str(pd.util.hash_pandas_object(respondents.astype(str)).sum()))


def clean(folder):
    """The stage `clean`."""
    from pipeline import changes, dispositions
    from pipeline import clean as steps
    from pipeline.params import load_params
    from pipeline.raw import check_keys, read_fieldwork
    from pipeline.responses import code_texts, read_answers
    from pipeline.tables import write_table

    book, settings = load_book(folder), load_params(folder / "params.yaml").clean
    hidden, log_hidden = steps.hide_contact_details(read_fieldwork(folder / "raw", book), book)
    tidied, log_tidied = steps.tidy_text(hidden)
    del hidden
    check_keys(tidied)
    distinct, log_contacts = steps.drop_repeated_contacts(tidied)
    del tidied
    organisations, log_frame = steps.read_organisations(distinct.frame, book)
    answers, log_answers = read_answers(distinct.interviews, book)
    coded, uncoded, log_coded = code_texts(answers, book)
    merged, log_merged = steps.merge_rows(coded, book)
    respondents, log_routed = steps.apply_routing(merged, organisations, book)
    history, log_history = dispositions.read_history(distinct.contact_history)
    by_step = [log_hidden, log_tidied, log_contacts, log_frame, log_answers, log_coded, log_merged, log_routed]
    log = changes.change_log(*by_step, log_history)
    share = {"partial_from": settings.partial_from}
    cases = dispositions.final_dispositions(organisations, distinct.frame, history, coded, book, **share)
    made = {"respondents": respondents, "change_log": log, "uncoded": uncoded, "dispositions": cases}
    made["response_rates"] = dispositions.response_rates(cases, book)
    for name, table in made.items():
        write_table(folder / f"clean/{name}.csv", table, book)


def weight(folder):
    """The stage `weight`, with its tables of what the weights do."""
    from pipeline import diagnostics
    from pipeline import weight as steps
    from pipeline.nonresponse import in_scope
    from pipeline.params import load_params
    from pipeline.population import population_cells
    from pipeline.tables import read_respondents, read_table, write_table

    book, settings = load_book(folder), load_params(folder / "params.yaml").weight
    respondents = read_respondents(folder / "clean/respondents.csv", book)
    approached = read_table(folder / "clean/dispositions.csv")
    cells = population_cells(settings.population, folder=folder / "population", codebook=book)
    result = steps.weigh(respondents, approached=approached, cells=cells, codebook=book, settings=settings)
    cases = in_scope(approached, respondents=result.rows, cells=result.cells, codebook=book)
    made = {
        "respondents": result.rows,
        "cells": diagnostics.cell_table(result.rows, cases=cases, cells=result.cells),
        "diagnostics": diagnostics.step_table(result.rows),
        "balance": diagnostics.balance_table(result.rows, cases=cases, cells=result.cells, codebook=book),
        "influence": diagnostics.influence_table(result.rows, codebook=book),
    }
    for name, table in made.items():
        write_table(folder / f"weighted/{name}.csv", table, book)


def analyse(folder):
    """The estimates of the stage `analyse`, and what is withheld of them; no figures, findings or tests."""
    from pipeline.disclose import protect
    from pipeline.estimate import estimate
    from pipeline.params import load_params
    from pipeline.tables import read_respondents, write_table

    book, settings = load_book(folder), load_params(folder / "params.yaml")
    respondents = read_respondents(folder / "weighted/respondents.csv", book)
    every = estimate(respondents, codebook=book, settings=settings.analyse)
    estimates, _ = protect(every, respondents, codebook=book, settings=settings.disclose)
    write_table(folder / "estimates.csv", estimates, book)
    table = every.assign(answer=every["measure"] + " " + every["category"])
    table[[*KEYS, "estimate", "se"]].to_csv(folder / "estimates_ours.csv", index=False)


# ---- the same in plain pandas


def write_keys(folder):
    """What pandas and R need of the codebook, as tables: questions, answers with their columns and texts, bands."""
    book = load_book(folder)
    asked = [q for q in book.questions if q.asked_of == "respondent"]
    routes = {q.id: next((f"{r} {t.any[0]}" for r, t in q.asked_if.items()), "") for q in asked}
    questions = [(q.id, q.kind, routes[q.id]) for q in asked]
    pd.DataFrame(questions, columns=["question", "kind", "routed_by"]).to_csv(folder / "questions.csv", index=False)
    answers = []
    for q in asked:
        columns = q.export_columns if q.kind == "multiple" else [*q.export_columns] * len(q.answers)
        answers += [(q.id, a.id, c, (a.phrases or (a.label,))[0]) for a, c in zip(q.answers, columns, strict=True)]
    columns = ["question", "answer", "column", "text"]
    pd.DataFrame(answers, columns=columns).to_csv(folder / "answers.csv", index=False)
    totals = pd.read_csv(folder / "population/totals.csv").set_index("measure")["value"]
    bands = [
        (a.id, a.band.sector, a.band.at_least, LARGEST if a.band.below is None else a.band.below, totals[a.id])
        for a in book.question(book.size_band).answers
    ]
    columns = ["band", "sector", "low", "high", "total"]
    pd.DataFrame(bands, columns=columns).to_csv(folder / "bands.csv", index=False)


def plain_pandas(folder):
    """Shares as an analyst would make them by hand, without checks, log or standard errors; prints its steps' times."""
    clock = [(time.perf_counter(), time.process_time())]

    def done(step):
        clock.append((time.perf_counter(), time.process_time()))
        print(step, *(b - a for a, b in zip(*clock[-2:], strict=True)), sep="\t")

    keys = {n: pd.read_csv(folder / f"{n}.csv", keep_default_na=False) for n in ("questions", "answers", "bands")}
    frame, rows = (
        pd.read_csv(folder / f"exports/{n}.csv", dtype="str", keep_default_na=False) for n in ("frame", "interviews")
    )
    frame["sector"], size = frame["Sector"].str.strip().str.lower(), frame["Size"].astype(int)
    for b in keys["bands"].itertuples():
        frame.loc[frame["sector"].eq(b.sector) & size.ge(b.low) & size.lt(b.high), "size_band"] = b.band
    rows = rows.merge(frame[["organisation", "sector", "size_band"]], on="organisation")
    given = {}
    for question in keys["questions"].itertuples():
        heard = given[question.routed_by] if question.routed_by else True
        for a in keys["answers"][keys["answers"]["question"].eq(question.question)].itertuples():
            cells = rows[a.column]
            if question.kind == "single":
                chosen = cells.str.strip().str.lower().eq(a.text.lower())
            else:
                chosen = cells.eq("1") if question.kind == "multiple" else cells.str.contains(a.text, regex=False)
            given[f"{question.question} {a.answer}"] = chosen & heard
    done("clean")
    rows["weight"] = rows["size_band"].map(keys["bands"].set_index("band")["total"] / rows["size_band"].value_counts())
    done("weight")
    routed = keys["questions"].set_index("question")["routed_by"]
    found = []
    for basis, weights in (("unweighted", pd.Series(1.0, index=rows.index)), ("weighted", rows["weight"])):
        for break_ in ("total", "sector", "size_band"):
            group = pd.Series("total", index=rows.index) if break_ == "total" else rows[break_]
            for answer, chosen in given.items():
                base = weights.where(given[route], 0.0) if (route := routed[answer.split()[0]]) else weights
                shares = base.where(chosen, 0.0).groupby(group).sum() / base.groupby(group).sum()
                found += [(basis, break_, name, answer, share) for name, share in shares.items()]
    pd.DataFrame(found, columns=[*KEYS, "estimate"]).to_csv(folder / "estimates_pandas.csv", index=False)
    done("analyse")


# ---- whether all come to the same


def check_formats(folder):
    """End the benchmark where the formats that were taken in do not give the same respondents."""
    found = {p.suffix: p.read_text() for p in folder.glob("taken_in.*")}
    if len(set(found.values())) > 1:
        sys.exit(f"The formats give other respondents: {found}.")


def check_same(folder, other):
    """End the benchmark where shares, or errors where both give them, differ; returns the largest difference."""
    tables = [pd.read_csv(folder / f"estimates_{who}.csv") for who in ("ours", other)]
    tables = [table.rename(columns={"break_": "break"}) for table in tables]
    both = tables[0].merge(tables[1], on=KEYS, how="outer", suffixes=("", "_other"), indicator=True, validate="1:1")
    if not both["_merge"].eq("both").all():
        sys.exit(f"Ours and those of {other} are not estimates of the same things.")
    columns = [c for c in ("estimate", "se") if f"{c}_other" in both or c in tables[1]]
    pairs = [(both[c], both[f"{c}_other"]) for c in columns]
    # A share withheld for its small base is empty in ours.
    largest = max(np.nanmax(np.abs(a - b)) for a, b in pairs)
    if not largest < LARGEST_DIFFERENCE:
        sys.exit(f"Ours and those of {other} differ by {largest:g}.")
    return largest


# ---- the tables


def markdown(found):
    """The tables as text: seconds by the clock and of the processors, and peak memory, of each process by size."""
    sizes = list(found)
    lines = []
    for what, title in (
        (lambda r: f"{r.seconds:,.1f}", "seconds by the clock"),
        (lambda r: f"{r.processor:,.1f}", "seconds of the processors"),
        (lambda r: f"{r.memory:,.0f}", "peak memory, MB"),
    ):
        lines += [f"| {title} | {' | '.join(f'{s:,}' for s in sizes)} |", "|---|" + "--:|" * len(sizes)]
        for name, shown in NAMES.items():
            cells = [found[s].get(name, "not run") for s in sizes]
            lines.append(f"| {shown} | {' | '.join(c if isinstance(c, str) else what(c) for c in cells)} |")
        if "seconds" in title:
            cells = [all_stages(found[s], "seconds" if "clock" in title else "processor") for s in sizes]
            lines.append(f"| **clean, weight and analyse: ours** | {' | '.join(cells)} |")
        lines.append("")
    ended = [r for r in found[sizes[0]].values() if isinstance(r, Run)]
    programs = [p for p in dict.fromkeys(r.program for r in ended) if p]
    lines += [f"({'; '.join(programs)}; {os.cpu_count()} processors.)", ""]
    return "\n".join(lines)


def all_stages(runs, what):
    """The sum of a number of our three stages as text, or that one of them came to no end."""
    stages = [runs[stage] for stage in STAGES]
    ended = all(isinstance(run, Run) for run in stages)
    return f"{sum(getattr(run, what) for run in stages):,.1f}" if ended else "not all"


NAMES = {
    **{f"read {kind}": f"read the delivery, .{kind}" for kind in FORMATS},
    **{f"take in {kind}": f"take it in, .{kind}" for kind in FORMATS},
    **{"clean": "clean", "weight": "weight", "analyse": "analyse"},
    **{"pandas": "plain pandas, all three, shares only", "R": "R, all three, shares and errors"},
}


if __name__ == "__main__":
    functions = (made, read, take_in, clean, weight, analyse, plain_pandas)
    if len(sys.argv) > 2:
        stage = next(f for f in functions if f.__name__ == sys.argv[1])
        stage(Path(sys.argv[2]), *sys.argv[3:])
        print(f"Python {platform.python_version()}, pandas {version('pandas')}, svy {version('svy')}")
    else:
        main(*map(int, sys.argv[1:]))
