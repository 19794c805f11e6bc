"""Where the time of a cold `dvc repro` goes: runs it in a clone and writes the table in docs/performance.md.

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
from typing import NamedTuple

from markers import replace_between

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs/performance.md"
STAGE = re.compile(r"^Running stage '([^']+)'")
FIRST_CELL = re.compile(r"^\[\w+\] cell 1 of ")


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
        on_path = {"PYTHONPATH": str(Path(__file__).parent / "import_clock"), "IMPORT_CLOCK": str(clock)}
        cold = timed_lines(clone, "repro", "--force", **on_path)
        no_op, status = timed_lines(clone, "repro"), timed_lines(clone, "status")
        imports = clock.read_text(encoding="utf-8").splitlines()
    stages = stage_times(cold)
    table = markdown(
        stages, import_times(stages, imports), *(lines[-1][0] - lines[0][0] for lines in (cold, no_op, status))
    )
    print(table)
    replace_between(REPORT, "cold_repro", table)


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


def markdown(stages, imports, total, no_op, status):
    """The table as text; times in seconds."""
    rows = ["| stage | seconds | starting | importing | the rest |", "|---|--:|--:|--:|--:|"]
    for stage in stages:
        starting, importing = stage.first_cell - stage.begin, imports[stage.name]
        rest = stage.end - stage.first_cell - importing
        rows.append(f"| {stage.name} | {stage.end - stage.begin:.1f} | {starting:.1f} | {importing:.1f} | {rest:.1f} |")
    before = total - (stages[-1].end - stages[0].begin)
    rows += [f"| DVC before the first stage | {before:.1f} | | | |", f"| **all** | **{total:.1f}** | | | |"]
    machine = f"Python {platform.python_version()}, {os.cpu_count()} processors"
    return "\n".join(
        [
            *rows,
            "",
            f"With nothing to do `dvc repro` takes {no_op:.1f} s, `dvc status` {status:.1f} s. ({machine}.)",
            "",
        ]
    )


if __name__ == "__main__":
    main()
