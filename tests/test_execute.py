"""Running one notebook for a stage: what is refused, what is kept, and what a failure leaves behind."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

import pipeline
from pipeline.execute import NotebookFailed, execute, main, parameter_defaults, portable_copy, shows_a_rehearsal
from pipeline.problems import InputProblem

DEFAULTS = "wave = 2014\nshare = 0.5\nfolder = 'here'\nloud = False"


@pytest.fixture
def notebook(tmp_path):
    """A function that writes a notebook of these code cells, the first tagged `parameters`, and gives its path."""

    def write(*cells, tags=("parameters",)):
        content = nbformat.v4.new_notebook()
        content.cells = [nbformat.v4.new_markdown_cell("# A toy", id="title")]
        for number, source in enumerate(cells):
            cell = nbformat.v4.new_code_cell(source, id=f"cell-{number}")
            cell.metadata["tags"] = list(tags) if number == 0 else []
            content.cells.append(cell)
        path = tmp_path / "notebooks" / "toy.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(content, path)
        return path

    return write


def printed(path):
    """All that an executed copy shows, in order."""
    cells = nbformat.read(path, as_version=4).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))


def test_parameters_given_as_text_take_the_types_of_their_defaults(notebook, tmp_path):
    source = notebook(DEFAULTS, "print([wave, share, folder, loud])")
    execute(source, tmp_path / "out.ipynb", {"wave": "2015", "share": "1", "folder": "7", "loud": "true"})
    assert printed(tmp_path / "out.ipynb") == "[2015, 1.0, '7', True]\n"


def test_defaults_hold_where_nothing_is_given(notebook, tmp_path):
    execute(notebook(DEFAULTS, "print(wave, folder)"), tmp_path / "out.ipynb", {})
    assert printed(tmp_path / "out.ipynb") == "2014 here\n"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"wav": "1"}, "the notebook has no such parameter; found 'wav'; allowed: wave, share, folder, loud."),
        ({"wave": "2014.5"}, "parameter wave; found '2014.5'; allowed: a whole number."),
        ({"share": "half"}, "parameter share; found 'half'; allowed: a number."),
        ({"loud": "maybe"}, "parameter loud; found 'maybe'; allowed: true or false."),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(notebook, tmp_path, given, sentence):
    source = notebook(DEFAULTS)
    with pytest.raises(InputProblem) as refused:
        execute(source, tmp_path / "out.ipynb", given)
    assert str(refused.value) == f"{source}: {sentence}"
    assert not (tmp_path / "out.ipynb").exists()


def test_a_notebook_without_the_tag_is_refused(notebook, tmp_path):
    source = notebook(DEFAULTS, tags=["settings"])
    with pytest.raises(InputProblem, match="exactly one cell must be tagged `parameters`; found 0; tag the cell"):
        execute(source, tmp_path / "out.ipynb", {})


@pytest.mark.parametrize("line", ["wave = max(1, 2)", "import os", "wave: int", "wave = None", "wave ="])
def test_a_parameters_cell_holds_nothing_but_plain_values(line):
    cell = {"metadata": {"tags": ["parameters"]}, "source": [line]}
    with pytest.raises(InputProblem, match="holds more than defaults; write each as name = "):
        parameter_defaults({"cells": [cell]}, "toy.ipynb")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "there is no such notebook"),
        ("<<<<<<< ours", "not a Jupyter notebook"),
        ("[]", "not a Jupyter notebook"),
        (json.dumps({"cells": [{"cell_type": "code"}]}), "a cell has no id"),
    ],
)
def test_a_file_that_is_no_notebook_is_refused(tmp_path, text, sentence):
    path = tmp_path / "toy.ipynb"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputProblem, match=sentence):
        execute(path, tmp_path / "out.ipynb", {})


def test_the_notebook_runs_in_its_own_folder(notebook, tmp_path):
    source = notebook(DEFAULTS, "from pathlib import Path\nprint(Path('../beside.txt').read_text())")
    (tmp_path / "beside.txt").write_text("found")
    execute(source, tmp_path / "out.ipynb", {})
    assert printed(tmp_path / "out.ipynb") == "found\n"


def test_the_copy_is_the_same_whatever_the_machine(notebook, tmp_path, monkeypatch):
    lines = ["import locale, os, time", "print(locale.setlocale(locale.LC_ALL, ''), time.tzname[0])"]
    lines += ["import warnings; warnings.warn('somewhere on this machine')", "print(os.environ['OMP_NUM_THREADS'])"]
    source = notebook(DEFAULTS, "\n".join(lines))
    execute(source, tmp_path / "one.ipynb", {"wave": "2014"})
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    execute(source, tmp_path / "two.ipynb", {"wave": "2014"})
    assert printed(tmp_path / "one.ipynb") == "C.UTF-8 UTC\n1\n"
    assert (tmp_path / "one.ipynb").read_bytes() == (tmp_path / "two.ipynb").read_bytes()


def test_a_persons_own_start_up_files_are_not_read(notebook, tmp_path, monkeypatch):
    start_up = tmp_path / "home" / "profile_default" / "startup"
    start_up.mkdir(parents=True)
    (start_up / "mine.py").write_text("wave = 'mine'; print('hello')")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "home"))
    execute(notebook(DEFAULTS, "print(wave)"), tmp_path / "out.ipynb", {})
    assert printed(tmp_path / "out.ipynb") == "2014\n"


def test_a_long_path_of_the_temporary_folder_is_no_hindrance(notebook, tmp_path, monkeypatch):
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    execute(notebook(DEFAULTS, "print('ran')"), tmp_path / "out.ipynb", {})
    assert printed(tmp_path / "out.ipynb") == "ran\n"


def test_the_notebook_imports_the_copy_of_the_package_that_runs_it(notebook, tmp_path):
    source = notebook(DEFAULTS, "import pipeline\nprint(pipeline.__file__)")
    shutil.copytree(Path(pipeline.__file__).parent, tmp_path / "pipeline")
    command = [sys.executable, "-m", "pipeline.execute", str(source), "out.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert printed(tmp_path / "out.ipynb") == f"{tmp_path / 'pipeline' / '__init__.py'}\n"


def test_the_copy_keeps_nothing_of_the_run():
    cell = {"cell_type": "code", "id": "random", "source": ["wave = 2015\n"], "execution_count": 2}
    cell["metadata"] = {"tags": ["injected-parameters"], "papermill": {"start_time": "now"}, "execution": {"x": 1}}
    cell["outputs"] = [
        {"output_type": "stream", "name": "stderr", "text": ["/home/me: warning\n"]},
        {"output_type": "stream", "name": "stdout", "text": ["kept\n"]},
    ]
    executed = {"cells": [cell], "metadata": {"papermill": {"duration": 3}, "language_info": {"version": "3.11.7"}}}
    copy = json.loads(portable_copy(executed))
    assert copy["cells"] == [
        {
            "cell_type": "code",
            "id": "injected-parameters",
            "metadata": {"tags": ["injected-parameters"]},
            "source": ["wave = 2015\n"],
            "execution_count": 2,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["kept\n"]}],
        }
    ]
    assert copy["metadata"]["language_info"] == {"name": "python"}
    assert "papermill" not in copy["metadata"]
    nbformat.validate(nbformat.from_dict(copy))


def test_a_failing_cell_ends_in_one_sentence_and_leaves_the_earlier_copy(notebook, tmp_path, capsys):
    output = tmp_path / "out.ipynb"
    execute(notebook(DEFAULTS, "print('first run')"), output, {})
    earlier = output.read_bytes()
    source = notebook(DEFAULTS, "print('begun')", "raise ValueError(\n    'a\\nb')", "print('never')")
    with pytest.raises(NotebookFailed) as failed:
        execute(source, output, {"wave": "2014"})
    assert str(failed.value) == f"{source}, cell 3 of 4 (raise ValueError(): ValueError: a b"
    assert output.read_bytes() == earlier
    assert "begun" in (tmp_path / "out.failed.ipynb").read_text()
    assert capsys.readouterr().err.endswith(f"[toy] as far as it came: {tmp_path / 'out.failed.ipynb'}\n")
    execute(notebook(DEFAULTS, "print('mended')"), output, {})
    assert printed(output) == "mended\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notebooks", "out.ipynb"]


def test_an_input_problem_in_a_notebook_is_shown_as_it_is(notebook, tmp_path, capsys):
    lines = "from pipeline.problems import InputProblem\nraise InputProblem('no rows', file='frame.csv', row=1)"
    source = notebook(DEFAULTS, lines)
    assert main([str(source), str(tmp_path / "out.ipynb"), "-p", "wave", "2014"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"{source}, cell 2 of 2 (from pipeline.problems import InputProblem): frame.csv, row 1: no rows."


def test_a_process_that_dies_is_named(notebook, tmp_path):
    source = notebook(DEFAULTS, "import os\nos._exit(9)")
    with pytest.raises(NotebookFailed, match=r"cell 2 of 2 .*: the Python process running it was killed"):
        execute(source, tmp_path / "out.ipynb", {})
    assert not (tmp_path / "out.ipynb").exists()


def test_a_process_that_never_begins_is_named(notebook, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.kernel.COMMAND", "raise SystemExit(3)")
    source = notebook(DEFAULTS, "print('never')")
    with pytest.raises(
        NotebookFailed, match=r"toy\.ipynb, before its first cell: the Python process that was to run it"
    ):
        execute(source, tmp_path / "out.ipynb", {})
    assert not (tmp_path / "out.ipynb").exists()


def test_what_made_a_cell_fail_is_said_even_if_the_notebook_cannot_be_kept(notebook, tmp_path, capsys):
    (tmp_path / "out.failed.ipynb").mkdir()
    source = notebook(DEFAULTS, "1 / 0")
    with pytest.raises(NotebookFailed, match=r"cell 2 of 2 \(1 / 0\): ZeroDivisionError"):
        execute(source, tmp_path / "out.ipynb", {})
    shown = capsys.readouterr().err.splitlines()[-1]
    assert shown.startswith("[toy] as far as it came, it is not kept: ") and "Is a directory" in shown


def test_without_room_for_temporary_files_it_says_so(notebook, tmp_path, capsys, monkeypatch):
    nowhere = Path("/nowhere")  # short: a place whose path no socket can have is not asked for room
    monkeypatch.setattr(tempfile, "tempdir", str(nowhere))
    source = notebook(DEFAULTS)
    assert main([str(source), str(tmp_path / "out.ipynb")]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"{source}, running it: {nowhere}") and last.endswith(": No such file or directory.")


def test_the_command_shows_progress_and_says_when_it_cannot_write(notebook, tmp_path, capsys):
    source = notebook(DEFAULTS, "x = 1")
    (tmp_path / "file").write_text("")
    assert main([str(source), str(tmp_path / "file" / "out.ipynb")]) == 1
    shown = capsys.readouterr().err.splitlines()
    assert shown[:2] == ["[toy] cell 1 of 2 (wave = 2014)", "[toy] cell 2 of 2 (x = 1)"]
    why = f"cannot be written: File exists ({tmp_path / 'file'}); move away what stands in its place."
    assert shown[2] == f"{source}, after its last cell: {tmp_path / 'file' / 'out.ipynb'}: {why}"
    assert len(shown) == 3


def test_starting_does_not_load_what_only_some_stages_need():
    code = "import sys, pipeline.execute; print(sorted({'pandas', 'papermill', 'nbformat'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.parametrize("rehearsal, marked", [("[2015]", True), ("[]", False)])
def test_a_notebook_of_all_waves_is_marked_where_one_is_a_rehearsal(tmp_path, rehearsal, marked):
    (tmp_path / "params.yaml").write_text(f"waves:\n  all: [2014, 2015]\n  rehearsal: {rehearsal}\n", encoding="utf-8")
    parameters = {"codebooks": "codebook", "params": "params.yaml"}
    assert shows_a_rehearsal(parameters, tmp_path) is marked
    assert not shows_a_rehearsal({"params": "params.yaml"}, tmp_path)


def test_the_waves_that_a_notebook_takes_by_default_are_looked_at_too(notebook, tmp_path):
    """Started by hand without parameters, a copy that shows a rehearsal must say so as well."""
    source = notebook("codebook = 'codebook.yaml'", "x = 1")
    (source.parent / "codebook.yaml").write_text("kind: rehearsal\n", encoding="utf-8")
    execute(source, tmp_path / "out.ipynb", {})
    assert "REHEARSAL" in (tmp_path / "out.ipynb").read_text(encoding="utf-8")


def test_a_python_without_the_projects_packages_is_named_with_what_to_do(notebook, tmp_path):
    """Such as the machine's own, where the environment was not activated; -S leaves out what is installed."""
    command = [sys.executable, "-S", "-m", "pipeline.execute", notebook(DEFAULTS), tmp_path / "out.ipynb"]
    root = Path(pipeline.__file__).parent.parent
    done = subprocess.run(command, cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{sys.executable} has no package ")
    assert done.stderr.endswith("activate the project's environment (. .venv/bin/activate), or run make.\n")
