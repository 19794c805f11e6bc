"""Where a file comes from: the stage that dvc.lock records for it, the notebook cell that wrote it, its commit.

Nothing is run and nothing is taken on trust: the hash of a file is worked out again and set beside the recorded one.
"""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import yaml

from pipeline.problems import InputProblem

LOCK, GRAPH, SETTINGS = "dvc.lock", "dvc.yaml", "params.yaml"
SHORT = 12
# The C loader reads a lock of twenty waves in a tenth of the time.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# A call that writes or draws, with the last part of a path in it.
_WRITES = re.compile(r"^.*\b(?:write|draw)\w*\(.*/([\w.-]+)[\"'].*$", re.MULTILINE)


def read_lock(project):
    """The entries of a project's stages in its dvc.lock, as `recorded_stages` gives them.

    Raises InputProblem where the lock or dvc.yaml is not there or cannot be read.
    """
    lock, graph, settings = (Path(project) / name for name in (LOCK, GRAPH, SETTINGS))
    texts = []
    for path in (lock, graph):
        try:
            texts.append(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputProblem("there is no such file", file=path, do="start in the project's folder") from None
    try:
        return recorded_stages(*texts, settings.read_text(encoding="utf-8") if settings.exists() else "")
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise InputProblem("not a record of DVC's stages", file=lock, do="run dvc repro") from None


def recorded_stages(lock, graph, settings):
    """What the text of a dvc.lock records of the stages that there are: {name: entry}.

    `graph` and `settings` are the texts of the dvc.yaml and params.yaml beside it. DVC never takes out the entry of a
    stage that dvc.yaml no longer has, such as one of a wave that is no more rebuilt: what is left over made nothing.
    """
    names = stage_names(graph, settings)
    return {name: entry for name, entry in parse_lock(lock).items() if name in names}


def parse_lock(text):
    """All entries in the text of a dvc.lock, those left over from former stages among them."""
    return yaml.load(text, Loader=LOADER)["stages"]


def stage_names(graph, settings):
    """The names of the stages of a dvc.yaml, as DVC calls them: one for each item of what a stage's `foreach` lists.

    `graph` and `settings` are the texts of dvc.yaml and params.yaml. DVC's own reading takes a second.
    """
    known = yaml.load(settings, Loader=LOADER)
    names = set()
    for name, stage in yaml.load(graph, Loader=LOADER)["stages"].items():
        items = stage.get("foreach")
        if isinstance(items, str):
            items = _setting(known, items.removeprefix("${").removesuffix("}").strip())
        names |= {name} if items is None else {f"{name}@{item}" for item in items}
    return names


def _setting(settings, path):
    """The setting at a path of keys joined by dots."""
    for key in path.split("."):
        settings = settings[key]
    return settings


def stage_of(lock, path):
    """The name of the stage that wrote a file, or a folder above it; None where no stage did."""
    for name, entry in lock.items():
        for out in entry.get("outs", []):
            if path == out["path"] or path.startswith(out["path"] + "/"):
                return name
    return None


def recorded(lock, path):
    """The MD5 that dvc.lock records for a file that is a result of its own; None where it is none."""
    outs = (out for entry in lock.values() for out in entry.get("outs", []))
    return next((out["md5"] for out in outs if out["path"] == path), None)


def is_recorded(project, lock, path):
    """Whether a file holds the very bytes that dvc.lock records."""
    file = Path(project) / path
    return file.is_file() and hashlib.md5(file.read_bytes()).hexdigest() == recorded(lock, path)


def _with_text_keys(value):
    """The same with every key a text: YAML reads an answer `yes` as a truth value, which does not sort among texts."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(inner) for key, inner in value.items()}
    return [_with_text_keys(inner) for inner in value] if isinstance(value, list) else value


def stage_hash(entry):
    """One hash for a stage: SHA-256 of its entry in dvc.lock (command, and hashes of all it read, used and wrote)."""
    text = json.dumps(_with_text_keys(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def stages_before(lock, name):
    """The stages that a stage builds on, nearest first, the stage itself among them."""
    found, waiting = [], [name]
    while waiting:
        stage = waiting.pop(0)
        if stage is not None and stage not in found:
            found.append(stage)
            waiting += [stage_of(lock, dep["path"]) for dep in lock[stage].get("deps", [])]
    return found


def notebook_of(entry):
    """The notebook that a stage runs and the executed copy it keeps; None and None where it has none."""
    run = re.search(r"(\S+\.ipynb)\s+(\S+\.ipynb)", entry["cmd"])
    return run.groups() if run else (None, None)


def files_written(code):
    """The files and folders that a cell writes or draws: {name: the line that does}, as its calls name them."""
    return {found[1]: found[0].strip() for found in _WRITES.finditer(code)}


def writing_cell(project, executed, name):
    """The cell of an executed notebook that writes a file or folder of this name: {id, number, of, code}.

    None where the notebook is not there or no cell names it in a call that writes or draws.
    """
    try:
        cells = json.loads((Path(project) / executed).read_text(encoding="utf-8"))["cells"]
    except FileNotFoundError:
        return None
    # Papermill's cell of parameters is in no notebook that a reader opens.
    code = [c for c in cells if c["cell_type"] == "code" and c["id"] != "injected-parameters"]
    for number, cell in enumerate(code, start=1):
        line = files_written("".join(cell["source"])).get(name)
        if line:
            return {"id": cell["id"], "number": number, "of": len(code), "code": line}
    return None


def commit_of(project, path):
    """The commit in which a file last changed: {commit, date, changed, cut}; None outside of git or before its first.

    `changed` says whether the work tree's file differs from the commit's, `cut` whether the commit is the first that a
    shallow clone has, so that the file may have changed last in one before it.
    """
    last = _git(project, "log", "-1", "--format=%H %cs %P", "--", path)
    if not last:
        return None
    commit, date, *parents = last.split()
    cut = not parents and _git(project, "rev-parse", "--is-shallow-repository") == "true"
    changed = bool(_git(project, "status", "--porcelain", "--", path))
    return {"commit": commit, "date": date, "changed": changed, "cut": cut}


def committed(project, path, commit="HEAD"):
    """The text of a file in a commit; None outside of git, or where that commit has no such file."""
    try:
        shown = subprocess.run(["git", "show", f"{commit}:./{path}"], cwd=project, capture_output=True)
    except FileNotFoundError:
        return None
    return shown.stdout.decode("utf-8") if shown.returncode == 0 else None


def commits_before_changes(project, paths, most):
    """The last commit, and before each of the latest commits that changed one of the files the one it was made on."""
    changed = _git(project, "log", f"-{most}", "--format=%H", "--", *paths).split()
    return ["HEAD", *(f"{commit}^" for commit in changed)]


def _git(project, *arguments):
    try:
        done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, encoding="utf-8")
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
