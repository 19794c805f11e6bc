"""A cold `dvc repro` beside the same graph in one Python process, and what a change in one wave costs.

In one clone DVC runs every stage. In another, one process runs the same commands in the same order: of a notebook its
cells, with the parameters that papermill would set; of a module what it does as a command. So each library is imported
once and nothing is started again; work that the settings spread over processors is spread there too. Both must come to
the same bytes in all but the executed notebooks, which the one process does not write, or the benchmark ends. Then, in
the first clone, something of one wave is changed and `dvc repro` timed. Writes tables of docs/performance.md.

python benchmarks/one_process.py [rounds: how often the two are run in turn, 1 if not given]
"""

import filecmp
import gc
import json
import os
import platform
import runpy
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pandas as pd
import psutil
import yaml
from cold_repro import ROOT, STAGE, replace, stage_times, timed_lines

from pipeline.codebook import load_codebook
from pipeline.kernel import ENVIRONMENT, NEW_OBJECTS, UNUSED, hide
from pipeline.provenance import read_lock
from pipeline.raw import INTERVIEWS
from pipeline.verify import remove_results, stages_of

INSIDE = "--inside"
RUNNER = "pipeline.execute"
MEGABYTE = 2**20
# How often the memory of all processes is looked at, in seconds.
LOOK = 0.2
FIGURES = "one answer in its raw export, up to its own estimates, figures and findings (`dvc repro {}`)"
EXPORT, SENTENCE = "one answer in its raw export, with all that follows", "a sentence of its methodology"


class Ran(NamedTuple):
    """What a run took: {stage: seconds}, seconds in all, and the most memory that one process and that all had, MB."""

    stages: dict
    seconds: float
    largest: float
    together: float


def main(rounds=1):
    """Measure, and replace what stands between the markers in the report."""
    with tempfile.TemporaryDirectory() as folder:
        cold, warm = Path(folder) / "cold", Path(folder) / "one"
        for clone in (cold, warm):
            subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        remove_results(warm, {name: compared(outs) for name, outs in stages_of(warm).items()})
        pairs = []
        for _ in range(rounds):
            lines, *memory = watched(lambda: timed_lines(cold, "repro", "--force"))
            of_cold = Ran(seconds_of(stage_times(lines)), lines[-1][0] - lines[0][0], *memory)
            pairs.append((of_cold, one_process(warm, commands(line for _, line in lines), Path(folder))))
            check_same(cold, warm)
        replace("one_process", table(pairs))
        replace("one_wave", wave_table(changes_of_a_wave(cold)))


def watched(work):
    """The result of `work()`, and the most memory that one process and that all of them had meanwhile, MB."""
    largest, together, done = {0: 0.0}, [0.0], threading.Event()
    own = psutil.Process()

    def look():
        while not done.wait(LOOK):
            now = {}
            for process in own.children(recursive=True):
                try:
                    now[process.pid] = process.memory_info().rss / MEGABYTE
                except psutil.Error:  # it has ended
                    continue
            largest.update({pid: max(size, largest.get(pid, 0)) for pid, size in now.items()})
            together.append(sum(now.values()))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        result = work()
    finally:
        done.set()
        thread.join()
    return result, max(largest.values()), max(together)


def seconds_of(stages):
    return {stage.name: stage.end - stage.begin for stage in stages}


def commands(lines):
    """{stage: its command} in the order in which DVC ran them, from what it printed."""
    found, name = {}, None
    for line in lines:
        if STAGE.match(line):
            name = STAGE.match(line)[1]
        elif line.startswith("> ") and name not in found:
            found[name] = line.removeprefix("> ")
    return found


def compared(outs):
    """Of the results of a stage those that the one process makes too: all but executed notebooks."""
    return [path for path in outs if not path.endswith(".ipynb")]


def check_same(one, other):
    """End the benchmark where a result of a stage is not the same in both folders, byte for byte."""
    stages = read_lock(one).values()
    places = [place for stage in stages for place in compared([out["path"] for out in stage["outs"]])]
    one_files, other_files = (set(files_in(root, places)) for root in (one, other))
    differ = one_files ^ other_files | {
        path for path in one_files & other_files if not filecmp.cmp(one / path, other / path, shallow=False)
    }
    if differ:
        sys.exit(f"One process does not make the bytes that dvc repro makes, in {sorted(differ)[:5]}.")
    return len(one_files)


def files_in(root, places):
    """The files that some places, files or folders, hold: their paths from the root."""
    for place in places:
        found = [root / place] if (root / place).is_file() else (root / place).rglob("*")
        yield from (path.relative_to(root).as_posix() for path in found if path.is_file())


# ---- the one process


def one_process(clone, stages, folder):
    """Run the commands in one process in the clone: a Ran."""
    plan = folder / "plan.json"
    plan.write_text(json.dumps(stages), encoding="utf-8")
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": os.pathsep.join([str(clone), str(Path(__file__).parent)])}
    command = [sys.executable, __file__, INSIDE, plan]

    def work():
        begin = time.monotonic()
        with (folder / "said.txt").open("w", encoding="utf-8") as said:
            done = subprocess.run(command, cwd=clone, env=environment, stdout=said, stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit((folder / "said.txt").read_text(encoding="utf-8")[-2000:])
        return time.monotonic() - begin

    seconds, *memory = watched(work)
    return Ran(json.loads(plan.read_text(encoding="utf-8")), seconds, *memory)


def run_inside(plan):
    """In the one process: run every command of the plan, and leave their seconds in its place."""
    hide(UNUSED)
    gc.set_threshold(NEW_OBJECTS)
    home, took = Path.cwd(), {}
    for name, command in json.loads(Path(plan).read_text(encoding="utf-8")).items():
        begin = time.monotonic()
        _, _, module, *arguments = shlex.split(command)
        if module == RUNNER:
            run_cells(arguments)
        else:
            run_module(module, arguments)
        os.chdir(home)
        took[name] = time.monotonic() - begin
    Path(plan).write_text(json.dumps(took), encoding="utf-8")


def run_module(module, arguments):
    """What `python -m module` does, here."""
    before, sys.argv = sys.argv, [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
    finally:
        sys.argv = before


def run_cells(arguments):
    """Run a notebook's cells here, from its own folder, with the parameters that its stage gives; what is shown is
    made as in a notebook and thrown away. Returns the names that the cells set."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    from pipeline.execute import parameter_defaults, read_notebook, typed_parameters

    place = Path(arguments[0])
    source = read_notebook(place)
    given = dict(zip(arguments[3::3], arguments[4::3], strict=True))  # NOTEBOOK COPY -p NAME VALUE ...
    parameters = typed_parameters(parameter_defaults(source, place), given, place)
    shell = InteractiveShell.instance()
    shell.reset()
    os.chdir(place.parent)
    for cell in source["cells"]:
        if cell["cell_type"] != "code":
            continue
        with capture_output():
            done = shell.run_cell("".join(cell["source"]), store_history=False)
        done.raise_error()
        if "parameters" in cell["metadata"].get("tags", []):
            shell.user_ns.update(parameters)
    return dict(shell.user_ns)


def table(pairs):
    """The table of both runs as text, and what it comes to in a sentence; medians of the rounds."""
    rows = ["| stage | `dvc repro`, s | one process, s |", "|---|--:|--:|"]
    for name in pairs[0][0].stages:
        rows.append(f"| {name} | {' | '.join(f'{median(p[i].stages[name] for p in pairs):.1f}' for i in (0, 1))} |")
    began = [median(p[i].seconds - sum(p[i].stages.values()) for p in pairs) for i in (0, 1)]
    rows.append(f"| before the first stage | {began[0]:.1f} | {began[1]:.1f} |")
    cold, one = (
        Ran(None, *(median(values) for values in zip(*(p[i][1:] for p in pairs), strict=True))) for i in (0, 1)
    )
    ratio = median(a.seconds / b.seconds for a, b in pairs)
    rows.append(f"| **all** | **{cold.seconds:.1f}** | **{one.seconds:.1f}** |")
    rows.append(f"| largest process, MB | {cold.largest:.0f} | {one.largest:.0f} |")
    rows.append(f"| all processes at a time, MB | {cold.together:.0f} | {one.together:.0f} |")
    said = f"A cold `dvc repro` takes {ratio:.2f} times as long as the same graph in one process"
    said += f" (at most 2 is the aim), and no process has more than {cold.largest:.0f} MB (1,500 is the limit)."
    rows += ["", f"{said} Both made the same bytes. Rounds: {len(pairs)}.", "", version()]
    return "\n".join([*rows, ""])


def version():
    return f"(Python {platform.python_version()}, {os.cpu_count()} processors.)"


# ---- a change in one wave


def changes_of_a_wave(clone):
    """What each change in the last wave costs, in a clone that is up to date: {what: {stage: seconds, "": in all}}."""
    wave = yaml.safe_load((clone / "params.yaml").read_text(encoding="utf-8"))["waves"]["all"][-1]
    estimates, own = clone / f"reports/{wave}/estimates.csv", f"analyse@{wave}"
    changes = [(FIGURES.format(own), change_an_answer, [own])]
    changes += [(EXPORT, change_an_answer, []), (SENTENCE, change_a_sentence, [])]
    took = {}
    for what, change, targets in changes:
        before = estimates.read_bytes()
        change(clone, wave)
        lines = timed_lines(clone, "repro", *targets)
        took[what] = seconds_of(stage_times(lines)) | {"": lines[-1][0] - lines[0][0]}
        if change is change_an_answer and before == estimates.read_bytes():
            sys.exit("An answer was changed, and no estimate is another one.")
    return took


def change_an_answer(clone, wave):
    """Change one answer in a wave's raw export, which DVC then takes to be as its stage, if it has one, made it."""
    place = f"data/raw/{wave}/{INTERVIEWS}"
    table = pd.read_csv(clone / place, dtype=str, keep_default_na=False)
    changed = with_another_answer(table, load_codebook(clone / f"data/codebook/{wave}.yaml"))
    changed.to_csv(clone / place, index=False, lineterminator="\n")
    makers = [name for name, s in read_lock(clone).items() if place in [out["path"] for out in s["outs"]]]
    subprocess.run([sys.executable, "-m", "dvc", "commit", "--force", "--quiet", *makers], cwd=clone, check=True)


def with_another_answer(table, codebook):
    """An export in which one complete interview has, to the first question of one answer that all are asked, the
    second answer instead of the first."""
    asked = (q for q in codebook.questions if q.asked_of == "respondent" and not (q.several or q.asked_if))
    question = next(asked)
    (column,) = question.export_columns
    first, second = (answer.label for answer in question.answers[:2])
    row = table.index[table[column].eq(first) & table["status"].eq("complete")][0]
    changed = table.copy()
    changed.loc[row, column] = second
    return changed


def change_a_sentence(clone, wave):
    """Add a word to a sentence of a wave's methodology."""
    path = clone / f"data/methodology/{wave}.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\npurpose: ", "\npurpose: Again. ", 1), encoding="utf-8")


def wave_table(took):
    """What each change ran and how long it took, as a table."""
    rows = ["| changed in the last wave | stages run | seconds | of these, the longest stages |", "|---|--:|--:|---|"]
    for what, stages in took.items():
        longest = sorted((s for s in stages if s), key=lambda s: -stages[s])[:4]
        said = ", ".join(f"{name} {stages[name]:.0f}" for name in longest)
        rows.append(f"| {what} | {len(stages) - 1} | {stages['']:.1f} | {said} |")
    return "\n".join([*rows, "", version(), ""])


if __name__ == "__main__":
    if sys.argv[1:2] == [INSIDE]:
        run_inside(sys.argv[2])
    else:
        main(*map(int, sys.argv[1:]))
