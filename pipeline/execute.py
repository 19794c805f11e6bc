"""Run one notebook for a DVC stage and keep a copy of it, with its results, that is the same on every machine.

    python -m pipeline.execute notebooks/clean.ipynb reports/2014/notebooks/clean.ipynb -p wave 2014

Papermill runs the notebook in its own folder, so that a path in it means the same here and in JupyterLab. The copy
carries no time, path or version, and replaces the earlier one only when every cell has run. When a cell fails, the
notebook as far as it came is left beside it as NAME.failed.ipynb, for whoever mends it.
"""

import argparse
import ast
import json
import sys
import tempfile
from pathlib import Path

from pipeline.files import FAILED, MARK, MARKED, write_text
from pipeline.kernel import NeverReady, hide, plain_folder, started_kernel
from pipeline.problems import InputProblem

TRUTHS = {"true": True, "false": False}
ALLOWED = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
INJECTED = "injected-parameters"


class NotebookFailed(Exception):
    """A cell of a notebook failed; the text is one sentence naming the notebook, the cell and what went wrong."""


def execute(notebook, output, given):
    """Run a notebook and write the executed copy.

    notebook, output: paths of the notebook and of the copy. given: {parameter: value as text}; each must be set in
    the notebook's cell tagged `parameters`, whose defaults give the types.

    Raises InputProblem for a notebook or parameter that cannot be used and NotebookFailed when a cell fails; the
    earlier copy is then untouched.
    """
    notebook, output = Path(notebook), Path(output)
    source = read_notebook(notebook)
    defaults = parameter_defaults(source, notebook)
    parameters = typed_parameters(defaults, given, notebook)
    with plain_folder() as folder:  # papermill writes its path into the notebook
        draft = Path(folder) / "executed.ipynb"
        failed = output.with_suffix(f"{FAILED}.ipynb")
        try:
            run(source, parameters, notebook, draft)
        except NotebookFailed:
            keep(draft, failed, notebook)
            raise
        executed = json.loads(draft.read_text(encoding="utf-8"))
        rehearsed = shows_a_rehearsal(defaults | parameters, notebook.parent)
        try:
            write_text(output, portable_copy(marked(executed) if rehearsed else executed))
        except InputProblem as problem:
            raise NotebookFailed(f"{notebook}, after its last cell: {problem}") from None
        failed.unlink(missing_ok=True)


def keep(draft, failed, notebook):
    """Keep the notebook as far as it came, if that can be done: what made it fail may stand in the way."""
    if draft.exists():
        try:
            write_text(failed, draft.read_text(encoding="utf-8"))
        except InputProblem as problem:
            show(notebook, f"as far as it came, it is not kept: {problem}")
        else:
            show(notebook, f"as far as it came: {failed}")


def read_notebook(path):
    """Read a notebook as plain JSON; raises InputProblem if it is none, or has a cell without a fixed id."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        identified = all("id" in cell for cell in content["cells"])
    except FileNotFoundError:
        raise InputProblem("there is no such notebook", file=path) from None
    except (ValueError, KeyError, TypeError):
        raise InputProblem("not a Jupyter notebook", file=path) from None
    if not identified:
        raise InputProblem("a cell has no id, so no two runs would be alike", file=path, do="save it from JupyterLab")
    return content


def parameter_defaults(source, path):
    """What the cell tagged `parameters` sets, as {name: value}; raises InputProblem if it is missing or unclear."""
    tagged = [cell for cell in source["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        what = "exactly one cell must be tagged `parameters`"
        raise InputProblem(what, file=path, found=len(tagged), do="tag the cell that sets the defaults")
    try:
        lines = ast.parse("".join(tagged[0]["source"])).body
        defaults = {target.id: ast.literal_eval(line.value) for line in lines for target in line.targets}
    except (SyntaxError, AttributeError, ValueError):
        defaults = {"": None}
    if not all(type(value) in ALLOWED for value in defaults.values()):
        what = "the cell tagged `parameters` holds more than defaults"
        raise InputProblem(what, file=path, do="write each as name = number, text, True or False")
    return defaults


def typed_parameters(defaults, given, path):
    """Turn parameters given as text into the types of their defaults; raises InputProblem for one that is unknown."""
    for name in given:
        if name not in defaults:
            raise InputProblem("the notebook has no such parameter", file=path, found=name, allowed=list(defaults))
    return {name: typed_value(name, text, type(defaults[name]), path) for name, text in given.items()}


def typed_value(name, text, kind, path):
    """One parameter's text as bool, int, float or str; raises InputProblem if it is not one."""
    try:
        return TRUTHS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise InputProblem(f"parameter {name}", file=path, found=text, allowed=ALLOWED[kind]) from None


def run(source, parameters, notebook, draft):
    """Run the notebook in its own folder and write what papermill makes of it, complete or not, to `draft`.

    Raises NotebookFailed naming the notebook and the cell.
    """
    labels, begun = cell_labels(source), []

    def begin(cell, cell_index):
        """Note and print the cell that begins."""
        if cell.id in labels:  # papermill's own cell of parameters is not
            begun.append(labels[cell.id])
            show(notebook, f"cell {begun[-1]}")

    with started_kernel(notebook.parent) as kernel:
        import nbformat
        import papermill
        from nbclient.exceptions import DeadKernelError

        try:
            papermill.execute_notebook(
                nbformat.from_dict(source),
                draft,
                parameters,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                km=kernel,
                record_timing=False,
                coalesce_streams=True,
                stderr_file=sys.stderr,
                on_cell_start=begin,
            )
        except papermill.PapermillExecutionError as problem:
            what = problem.evalue
            if problem.ename != "InputProblem":
                what = f"{problem.ename}: {' '.join(what.split())}"
        except DeadKernelError:
            what = "the Python process running it was killed, most likely for want of memory."
        except NeverReady:
            what = "the Python process that was to run it ended, most likely for want of memory."
        else:
            return
    place = f"cell {begun[-1]}" if begun else "before its first cell"
    raise NotebookFailed(f"{notebook}, {place}: {what}")


def show(notebook, line):
    """Print a line of progress."""
    print(f"[{notebook.stem}] {line}", file=sys.stderr, flush=True)


def cell_labels(source):
    """Which code cell is which, as {cell id: "3 of 9 (first line)"}."""
    code = [cell for cell in source["cells"] if cell["cell_type"] == "code"]
    first_lines = ["".join(cell["source"]).strip().partition("\n")[0] for cell in code]
    return {
        cell["id"]: f"{number} of {len(code)} ({line})"
        for number, (cell, line) in enumerate(zip(code, first_lines, strict=True), start=1)
    }


def shows_a_rehearsal(parameters, folder):
    """Whether a notebook of a wave is a rehearsal's, or one of all waves has a rehearsal among them.

    The first kind is given the wave's `codebook`, the second all `codebooks` and the settings, as paths from `folder`.
    """
    from pipeline.yamls import read_yaml

    if "codebooks" in parameters:
        settings = read_yaml(folder / parameters["params"], "settings file")
        return bool(settings.get("waves", {}).get("rehearsal"))
    return "codebook" in parameters and is_rehearsal(folder / parameters["codebook"])


def is_rehearsal(codebook):
    """Whether a codebook, a path, is a rehearsal's."""
    from pipeline.yamls import read_yaml  # nothing else here needs pydantic

    return read_yaml(codebook, "codebook").get("kind") == "rehearsal"


def marked(executed):
    """The executed notebook of a rehearsal with the mark in its title, below it and in its metadata."""
    first, *others = executed["cells"]
    title, _, text = "".join(first["source"]).partition("\n")
    title = title.lstrip("# ")
    banner = f"# {MARK} · {title}\n\n> **{MARK}: {MARKED}.**\n{text}".splitlines(keepends=True)
    metadata = executed["metadata"] | {"title": f"{MARK}: {title}"}
    return executed | {"cells": [first | {"source": banner}, *others], "metadata": metadata}


def portable_copy(executed):
    """The executed notebook as text without anything that only this machine or moment knows.

    Kept: cells, ids, tags and outputs. Dropped: times, paths, versions, papermill's own record, and what was printed
    as a warning, which names files of this machine and has been shown while it ran.
    """
    cells = [portable_cell(cell) for cell in executed["cells"]]
    kernelspec = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernelspec, "language_info": {"name": "python"}}
    metadata |= {k: v for k, v in executed["metadata"].items() if k == "title"}
    copy = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(copy, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def portable_cell(cell):
    """One executed cell with its tags as its only metadata, and a fixed id where papermill drew one."""
    tags = cell["metadata"].get("tags", [])
    kept = {
        "cell_type": cell["cell_type"],
        "id": INJECTED if INJECTED in tags else cell["id"],
        "metadata": {"tags": tags} if tags else {},
        "source": cell["source"],
    }
    if cell["cell_type"] == "code":
        outputs = [output for output in cell["outputs"] if output.get("name") != "stderr"]
        kept |= {"execution_count": cell["execution_count"], "outputs": outputs}
    return kept


def main(arguments=None):
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.execute", description="Run one notebook for a stage.")
    parser.add_argument("notebook", help="the notebook to run, such as notebooks/clean.ipynb")
    parser.add_argument("output", help="where the executed copy goes")
    pair = {"action": "append", "nargs": 2, "default": [], "metavar": ("NAME", "VALUE")}
    parser.add_argument("-p", "--parameter", **pair, help="set one of the notebook's parameters")
    given = parser.parse_args(arguments)
    try:
        execute(given.notebook, given.output, dict(given.parameter))
    except (InputProblem, NotebookFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    except ModuleNotFoundError as missing:  # of this process: a cell's is a NotebookFailed
        do = "activate the project's environment (. .venv/bin/activate), or run make"
        print(f"{sys.executable} has no package {missing.name}; {do}.", file=sys.stderr)
        return 1
    except OSError as problem:  # the folder of temporary files is what this can be
        place = problem.filename or tempfile.gettempdir()
        print(f"{given.notebook}, running it: {place}: {problem.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    hide(["pyarrow"])  # papermill takes it where it is installed, for notebooks on Hadoop
    sys.exit(main())
