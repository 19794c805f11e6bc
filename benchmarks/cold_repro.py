"""How long a cold `dvc repro` takes, and where its time goes: runs it in a clone and writes tables of performance.md.

What is compared is run in turn, so that both share what else the machine does; medians are given.

python benchmarks/cold_repro.py
"""

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import NamedTuple

import nbformat
from markers import replace_between

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs/performance.md"
STAGE = re.compile(r"^Running stage '([^']+)'")
FIRST_CELL = re.compile(r"^\[\w+\] cell 1 of ")

# From the printed report to its figures and findings. The runs that begin without results: what is made, and how.
FIGURES = "analyse@2014"
MADE = {
    "fresh": ("what a fresh clone has not from git: every record, with all that is published up to date", "dvc repro"),
    "figures": ("2014 from the printed report to its figures and key findings", f"dvc repro --force {FIGURES}"),
    "everything": ("everything, of both waves", "dvc repro --force"),
}
# Each of two commands that are compared is run so often.
RUNS = 7
DVC, PLAIN = ("seconds", "`dvc status`, s"), ("here, s", "plainly, s")
# How the slowest libraries are imported here, and the plain way.
IMPORTS = {
    "papermill": (
        "from pipeline.kernel import UNUSED, hide; hide([*UNUSED, 'pyarrow']); import nbformat, papermill",
        "import nbformat, papermill",
    ),
    "Great Expectations": (
        "from pipeline import validate; validate._great_expectations()",
        "from pipeline import validate; import great_expectations",
    ),
}


class Stage(NamedTuple):
    """When a stage began, when its notebook's first cell did (the same where it has none), and when it ended."""

    name: str
    begin: float
    first_cell: float
    end: float


def main():
    """Measure, and replace what stands between the markers in the report."""
    with tempfile.TemporaryDirectory() as folder:
        clone, clock = Path(folder) / "clone", Path(folder) / "imports"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        cold = {"fresh": timed_lines(clone, "repro"), "figures": timed_lines(clone, "repro", "--force", FIGURES)}
        on_path = {"PYTHONPATH": str(Path(__file__).parent / "import_clock"), "IMPORT_CLOCK": str(clock)}
        before = of_processors()
        cold["everything"] = timed_lines(clone, "repro", "--force", **on_path)
        used = of_processors() - before
        stages = stage_times(cold["everything"])
        imports = import_times(stages, clock.read_text(encoding="utf-8").splitlines())
        replace("cold_runs", runs_table(cold))
        replace("cold_repro", cold_table(stages, imports, total=took(cold["everything"]), used=used))
        replace("nothing_to_do", compared(nothing_to_do(clone, small_project(Path(folder) / "small")), DVC))
        replace("start_up", compared(start_up(Path(folder)), PLAIN))


def replace(marker, table):
    """Put a table between the markers of its name in the report."""
    print(table)
    replace_between(REPORT, marker, table)


def timed_lines(clone, *command, **changes):
    """Run DVC in the clone: what is printed as [(the clock's time, line)] between an empty line at start and at end."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    lines = [(time.monotonic(), "")]
    with subprocess.Popen(
        [sys.executable, "-m", "dvc", *command],
        cwd=clone,
        env=os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1"} | changes,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines += [(time.monotonic(), line.rstrip("\n")) for line in process.stdout]
    if process.returncode:
        sys.exit("\n".join(line for _, line in lines[-20:]))
    return [*lines, (time.monotonic(), "")]


def took(lines):
    """The seconds of a run."""
    return lines[-1][0] - lines[0][0]


def stage_times(lines):
    """The stages of a run, in order."""
    begun = [(at, STAGE.match(line)[1]) for at, line in lines if STAGE.match(line)]
    ends = [*(at for at, _ in begun[1:]), lines[-1][0]]
    cells = [at for at, line in lines if FIRST_CELL.match(line)]
    return [
        Stage(name, begin, next((at for at in cells if begin < at < end), begin), end)
        for (begin, name), end in zip(begun, ends, strict=True)
    ]


def import_times(stages, lines):
    """{stage: seconds of importing once its first cell has begun}, from the lines of the import clock.

    Of a stage's processes, which may work side by side, the one that imported longest counts.
    """
    first_cell = {stage.name: stage.first_cell for stage in stages}
    took = {name: Counter({"none": 0.0}) for name in first_cell}
    for name, process, at, seconds in (line.split("\t") for line in lines):
        if float(at) > first_cell[name]:
            took[name][process] += float(seconds)
    return {name: max(of_process.values()) for name, of_process in took.items()}


def of_processors():
    """Seconds of a processor, all of them added up, that the processes started here and by them have used so far."""
    times = os.times()
    return times.children_user + times.children_system


def runs_table(runs):
    """What each run made, of how many stages, and its seconds, as a table."""
    rows = ["| what is made | command | stages run | seconds | of these, the longest stages |", "|---|---|--:|--:|---|"]
    for name, (what, command) in MADE.items():
        stages = stage_times(runs[name])
        longest = sorted(stages, key=lambda s: s.begin - s.end)[:3]
        of_these = ", ".join(f"{s.name} {s.end - s.begin:.0f}" for s in longest)
        rows.append(f"| {what} | `{command}` | {len(stages)} | {took(runs[name]):.1f} | {of_these} |")
    return "\n".join([*rows, ""])


def cold_table(stages, imports, total, used):
    """The table of a cold run as text; times in seconds, `used` those of a processor."""
    rows = ["| stage | seconds | starting | importing | the rest |", "|---|--:|--:|--:|--:|"]
    sums = Counter()
    for stage in stages:
        parts = {"starting": stage.first_cell - stage.begin, "importing": imports[stage.name]}
        parts["rest"] = stage.end - stage.begin - sum(parts.values())
        sums.update(parts)
        rows.append(f"| {stage.name} | {stage.end - stage.begin:.1f} | {cells(parts.values())} |")
    rows.append(f"| DVC before the first stage | {total - sum(sums.values()):.1f} | | | |")
    rows += [f"| **all** | **{total:.1f}** | {cells(sums.values())} |", ""]
    processors = os.cpu_count()
    rows += [
        f"All processes together used {used:.0f} seconds of a processor; {processors} have {60 * processors} a minute.",
        "",
    ]
    return "\n".join([*rows, f"Python {platform.python_version()}, {processors} processors.", ""])


def cells(seconds):
    return " | ".join(f"{one:.1f}" for one in seconds)


# ---- what is compared


def in_turn(one, other):
    """Seconds of two commands, each (arguments, folder), run in turn RUNS times after once each: pairs of times."""
    pairs = [(seconds(*one), seconds(*other)) for _ in range(RUNS + 1)]
    return pairs[1:]


def seconds(command, folder):
    """How long a Python command takes, in seconds."""
    start = time.monotonic()
    done = subprocess.run([sys.executable, *map(str, command)], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return time.monotonic() - start


def nothing_to_do(clone, small):
    """What runs a pipeline beside `dvc status` where nothing has changed, here and in a project of one stage."""
    repro, status = ["-m", "dvc", "repro"], ["-m", "dvc", "status"]
    return {
        "`dvc repro`": in_turn((repro, clone), (status, clone)),
        "`dvc repro --all-pipelines`": in_turn(([*repro, "--all-pipelines"], clone), (status, clone)),
        "what `make` asks of DVC": in_turn(([*status, "--quiet"], clone), (status, clone)),
        "`dvc repro` in a project of one stage": in_turn((repro, small), (status, small)),
    }


def small_project(folder):
    """A DVC project of one stage that copies a file, up to date."""
    folder.mkdir()
    (folder / "from.txt").write_text("", encoding="utf-8")
    (folder / "dvc.yaml").write_text(
        "stages: {copy: {cmd: cp from.txt to.txt, deps: [from.txt], outs: [to.txt]}}\n", encoding="utf-8"
    )
    for command in (["init", "--quiet", "--no-scm"], ["repro", "--quiet"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=folder, check=True)
    return folder


def start_up(folder):
    """An empty notebook and the slowest imports, as the pipeline does them beside the plain way."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]})])
    nbformat.write(notebook, folder / "empty.ipynb")
    files = [folder / "empty.ipynb", folder / "out.ipynb"]
    ours = ["-m", "pipeline.execute", *files]
    plain = ["-m", "papermill", "--kernel", "python3", "--no-progress-bar", *files]
    return {"an empty notebook, run": in_turn((ours, ROOT), (plain, ROOT))} | {
        f"{name}, imported": in_turn((["-c", ours], ROOT), (["-c", plain], ROOT))
        for name, (ours, plain) in IMPORTS.items()
    }


def compared(pairs, heads):
    """A table of medians, from {what: pairs of seconds}, and the median of each pair's ratio."""
    rows = [f"| | {' | '.join(heads)} | ratio |", "|---|--:|--:|--:|"]
    for what, times in pairs.items():
        one, other = (median(side) for side in zip(*times, strict=True))
        rows.append(f"| {what} | {one:.2f} | {other:.2f} | {median(a / b for a, b in times):.2f} |")
    return "\n".join([*rows, ""])


if __name__ == "__main__":
    main()
