"""The build says what it does: locked environment, every stage declaring what it reads, notebooks fit to be run."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from pipeline.codebook import load_codebook
from pipeline.execute import parameter_defaults, read_notebook
from pipeline.files import whole_files
from pipeline.params import load_params

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stages():
    """Every stage as DVC makes it from dvc.yaml: {name: {desc, cmd, deps, outs, params}}, paths as text."""
    with Repo(ROOT) as repo:
        return {
            stage.name: {
                "desc": stage.desc,
                "cmd": stage.cmd,
                "deps": {dep.def_path for dep in stage.deps if dep.def_path != "params.yaml"},
                "outs": {out.def_path for out in stage.outs},
                "params": {key for dep in stage.deps if dep.def_path == "params.yaml" for key in dep.params},
                "kept": all(out.persist for out in stage.outs),
                "published": {out.def_path for out in stage.outs if not out.use_cache},
            }
            for stage in repo.index.stages
            if stage.cmd  # a wave's delivery is under DVC, and nothing makes it
        }


# ---- the environment


def test_every_locked_package_has_one_version_and_hashes():
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==[^\s;]+", entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]


def test_the_lock_names_no_index_or_host():
    assert not re.search(r"://|file:|\s@\s|--(extra-)?index|--find-links|--trusted-host", LOCK)


def test_the_lock_holds_every_dependency_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    names = {re.match(r"[A-Za-z0-9._-]+", requirement).group().lower() for requirement in wanted}
    locked = set(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==", LOCK, flags=re.MULTILINE))
    assert names <= locked


def test_conda_users_get_the_same_python_and_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python, pip, from_pip = environment["dependencies"]
    assert python == f"python {project['requires-python']}"
    assert pip == "pip"
    assert from_pip == {"pip": ["--require-hashes", "--requirement requirements.lock"]}


def test_every_place_names_the_same_pythons_and_each_has_been_run():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    first, end = (int(minor) for minor in re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups())
    for file in ("README.md", "Makefile", "docs/running.md", "docs/decisions.md"):
        assert f"from 3.{first} to 3.{end - 1}" in (ROOT / file).read_text(encoding="utf-8"), file
    assert f"(3, {first}) <= v <= (3, {end - 1})" in (ROOT / "Makefile").read_text(encoding="utf-8")
    table = (ROOT / "docs/reliability.md").read_text(encoding="utf-8").partition("<!-- pythons -->")[2]
    rows = re.findall(
        r"^\| 3\.(\d+)\.\d+ \| .* \| the same bytes \| \d+ passed, ", table.partition("<!-- end -->")[0], re.M
    )
    assert [int(minor) for minor in rows] == list(range(first + 1, end)), "3.11 is what every other run is made with"


# ---- the graph


def imported_modules(source):
    """The modules of the package that Python code imports, at its top or inside a function, as paths from the root."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    files = {f"{name.replace('.', '/')}.py" for name in names if name.startswith("pipeline.")}
    return {file for file in files if (ROOT / file).is_file()}


def notebook_code(path):
    """The code of a notebook as one text."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def everything_imported(files):
    """These modules or notebooks with every module of the package that they import, directly or through another."""
    found, waiting = set(), set(files)
    while waiting:
        file = waiting.pop()
        found.add(file)
        path = ROOT / file
        code = notebook_code(path) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")
        waiting |= imported_modules(code) - found
    return found


def entry_points(command):
    """What a stage's command starts: its module, and the notebook where there is one."""
    return {f"{name.replace('.', '/')}.py" for name in re.findall(r"-m (pipeline\.\w+)", command)} | set(
        re.findall(r"notebooks/\w+\.ipynb", command.split(" -p ")[0].split(" reports/")[0])
    )


def test_imports_are_found_wherever_they_stand():
    code = (
        "import pipeline.tables\nfrom pipeline import codebook\ndef f():\n    from pipeline.params import load_params"
    )
    assert imported_modules(code) == {"pipeline/tables.py", "pipeline/codebook.py", "pipeline/params.py"}
    assert "pipeline/files.py" in everything_imported({"pipeline/tables.py"})


def test_every_stage_declares_exactly_the_code_it_runs(stages):
    assert not (ROOT / "pipeline/__init__.py").read_text(encoding="utf-8").count("import")
    for name, stage in stages.items():
        declared = {dep for dep in stage["deps"] if dep.endswith((".py", ".ipynb"))}
        runs = everything_imported(entry_points(stage["cmd"]))
        assert runs, name
        assert declared == runs, f"{name}: missing {sorted(runs - declared)}, needless {sorted(declared - runs)}"


def test_every_stage_depends_on_the_locked_environment_and_has_a_plain_description(stages):
    for name, stage in stages.items():
        assert "requirements.lock" in stage["deps"], name
        assert stage["desc"] and stage["desc"][0].isupper() and stage["desc"].endswith("."), name


def test_no_stage_loses_its_earlier_results_by_failing(stages):
    assert all(stage["kept"] for stage in stages.values())


def test_what_is_published_is_in_git_and_nothing_else_is(stages):
    for stage in stages.values():
        assert stage["published"] == {out for out in stage["outs"] if out.startswith("reports/")}


def test_every_notebook_is_run_by_the_stage_of_its_name(stages):
    run = {(name.partition("@")[0], file) for name, s in stages.items() for file in entry_points(s["cmd"])}
    assert {f"notebooks/{stage}.ipynb" for stage, file in run if file.startswith("notebooks/")} == {
        f"notebooks/{path.name}" for path in NOTEBOOKS
    }


def test_every_path_given_to_a_notebook_is_declared(stages):
    for name, stage in stages.items():
        for parameter, path in re.findall(r"-p (\w+) \.\./(\S+)", stage["cmd"]):
            known = stage["deps"] | stage["outs"] | ({"params.yaml"} if stage["params"] else set())
            inside = [k for k in known if path == k or k.startswith(path + "/") or path.startswith(k + "/")]
            assert inside, f"{name}: {parameter} is {path}, which is neither read nor written"


def test_a_notebook_started_by_hand_does_what_the_first_wave_of_the_graph_does(stages):
    wave = load_params(ROOT / "params.yaml").waves.all[0]
    for path in NOTEBOOKS:
        defaults = parameter_defaults(read_notebook(path), path)
        # A stage of all waves is there once, without a wave to its name.
        command = (stages.get(path.stem) or stages[f"{path.stem}@{wave}"])["cmd"]
        given = dict(re.findall(r"-p (\w+) (\S+)", command))
        assert given == {name: str(value) for name, value in defaults.items()}, path.name


def test_codebooks_and_settings_agree_on_where_records_come_from():
    waves = load_params(ROOT / "params.yaml").waves
    for wave in waves.all:
        codebook = load_codebook(ROOT / f"data/codebook/{wave}.yaml")
        assert (codebook.wave, codebook.kind) == (wave, waves.kind(wave))


def test_a_wave_that_is_added_runs_its_own_stages_and_those_of_all_waves(stages):
    """No stage of a wave reads another's files or the list of waves; but a rehearsal is drawn from the wave before."""
    waves = load_params(ROOT / "params.yaml").waves
    for name, stage in stages.items():
        verb, _, wave = name.partition("@")
        assert not wave or "waves" not in stage["params"], name
        read = {part for path in stage["deps"] for part in re.split(r"[/.]", path)} & {str(w) for w in waves.all}
        assert read <= {wave} or (verb == "rehearse" and int(wave) in waves.rehearsal), name


# ---- the notebooks


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_only_narrates(path):
    tree = ast.parse(notebook_code(path))
    banned = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While)
    assert not [type(node).__name__ for node in ast.walk(tree) if isinstance(node, banned)]
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert cell["cell_type"] != "code" or len("".join(cell["source"]).splitlines()) <= 15


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_results_and_with_fixed_ids(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))
    for cell in notebook["cells"]:
        assert cell.get("outputs", []) == [] and cell.get("execution_count") is None
    assert notebook["cells"][0]["cell_type"] == "markdown"
    assert "version" not in notebook["metadata"].get("language_info", {})


@pytest.mark.parametrize("path", whole_files(ROOT / "reports", "*.ipynb"), ids=lambda path: path.stem)
def test_an_executed_notebook_shows_nothing_of_the_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"0x[0-9a-f]{6,}|site-packages|/home/|/root/|/tmp/|/Users/", text)
    assert str(ROOT) not in text
    for cell in json.loads(text)["cells"]:
        assert cell["cell_type"] != "code" or cell["execution_count"] is not None
        assert not [output for output in cell.get("outputs", []) if output["output_type"] == "error"]
