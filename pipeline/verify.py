"""Rebuilding all that is published from a clean clone, and comparing it with what is committed.

The clone is made of a commit, never of the work tree. It has a cache of its own and neither the recorded stages nor
the published files that stages make, so that nothing in it can be taken over instead of made. Deliveries, which no
stage makes, are copied from the project's cache; DVC holds them to the hashes that are committed.
"""

import os
import shutil
import subprocess
import sys
from collections import deque
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml

from pipeline.files import whole_files
from pipeline.first_difference import first_difference
from pipeline.problems import InputProblem
from pipeline.provenance import LOCK, parse_lock

PUBLISHED = "reports"
SAME, DIFFERENT, BY_HAND = "same", "different", "no stage makes it"
LEFT_OVER = "left over from a stage that dvc.yaml no longer has"
COLUMNS = ["stage", "file", "result", "first difference"]
NO_STAGE = "-"


class Rebuilt(NamedTuple):
    """A clean clone after its run.

    folder: where it is; stages: all that dvc.yaml has, {name: [paths of what each publishes]}; asked: the names of
    those that were to run, beside what they rest on; failure: why the run failed, "" where it did not.
    """

    folder: Path
    stages: dict
    asked: tuple
    failure: str


def check_ready(project):
    """Raise InputProblem where git or DVC is missing, there is no commit, or what is published is not committed."""
    if shutil.which("git") is None:
        raise InputProblem("git is not installed, and the clean clone is made with it", do="install git")
    if find_spec("dvc") is None:
        raise InputProblem("DVC is not installed in this environment", do="run make environment")
    if not (Path(project) / "dvc.yaml").is_file():
        raise InputProblem("there is no such file", file=Path(project) / "dvc.yaml", do="start in the project's folder")
    if _git(project, "rev-parse", "--verify", "--quiet", "HEAD").returncode != 0:
        raise InputProblem("this is no git repository with a commit", file=project, do="commit what is published")
    status = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    changed = _git(project, *status, "--", PUBLISHED, LOCK).stdout
    if changed:
        files = [entry[3:] for entry in changed.split("\0") if entry]
        what = "published files have changes that are not committed, so there is nothing to hold the commit to"
        found = files[0] + (f" and {len(files) - 1} others" if len(files) > 1 else "")
        raise InputProblem(what, found=found, do="commit them or take them back (git status names them)")


def rebuild(project, folder, wave=None, show=lambda line: None):
    """Clone HEAD of a project into `folder`/clone and run its stages there from nothing: a Rebuilt.

    wave: only stages of this year, with what they rest on; all stages where it is None. show: called with each line
    that the run prints. Raises InputProblem for a wave without stages and a delivery that is not here.
    """
    clone = Path(folder) / "clone"
    commit = _git(project, "rev-parse", "HEAD").stdout.strip()
    for command in (
        ["git", "clone", "--quiet", "--no-checkout", "-c", "core.autocrlf=false", str(Path(project).resolve()), clone],
        ["git", "-C", clone, "checkout", "--quiet", "--detach", commit],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise InputProblem(f"git could not clone the project: {' '.join(done.stderr.split())}")
    environment = clean_environment(folder)
    (clone / LOCK).unlink(missing_ok=True)  # edited by hand, it could keep DVC from reading the graph
    stages = stages_of(clone)
    targets = [name for name in stages if wave is None or name.endswith(f"@{wave}")]
    if not targets:
        waves = sorted({name.partition("@")[2] for name in stages if "@" in name})
        raise InputProblem("no stage is of this wave", file="dvc.yaml", found=wave, allowed=waves)
    bring_deliveries(Path(project).resolve(), clone, environment)
    remove_results(clone, stages)
    arguments = ["repro", "--force", "--no-run-cache", *([] if wave is None else targets)]
    status, printed = run(clone, environment, show, sys.executable, "-m", "dvc", *arguments)
    return Rebuilt(clone, stages, tuple(targets), "" if status == 0 else failure(printed))


def clean_environment(folder):
    """This process's environment with this Python first, and none of the user's or the machine's settings of DVC."""
    folder = Path(folder)
    paths = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    own = {
        "PATH": os.pathsep.join(paths),
        "DVC_SITE_CACHE_DIR": str(folder / "dvc"),
        "DVC_GLOBAL_CONFIG_DIR": str(folder / "dvc"),
        "DVC_SYSTEM_CONFIG_DIR": str(folder / "dvc"),
        "DVC_NO_ANALYTICS": "1",
    }
    return {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "GIT_"))} | own


def stages_of(project):
    """The stages as DVC makes them from dvc.yaml, in its order: {name: [paths of what each publishes]}."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(project) as repo:
            made = [stage for stage in repo.index.stages if stage.cmd]
            return {s.name: [o.def_path for o in s.outs if not o.use_cache] for s in made}
    except DvcException as problem:
        raise InputProblem(f"DVC cannot read the graph: {' '.join(str(problem).split())}", file="dvc.yaml") from None


def bring_deliveries(project, clone, environment):
    """Bring into the clone what no stage makes and git does not keep, held to the hashes in the .dvc files."""
    pointers = _git(clone, "ls-files", "--", "*.dvc").stdout.splitlines()
    if not pointers:
        return
    cache = subprocess.run(
        [sys.executable, "-m", "dvc", "cache", "dir"], cwd=project, capture_output=True, text=True
    ).stdout.strip()
    for arguments in (
        ["remote", "add", "--local", "--quiet", "verified", str(project / cache)],
        ["pull", "--quiet", "--remote", "verified", *pointers],
    ):
        status, printed = run(clone, environment, lambda line: None, sys.executable, "-m", "dvc", *arguments)
        if status:
            what = f"a delivery that is committed cannot be had from DVC's cache: {failure(printed)}"
            raise InputProblem(what, file=", ".join(pointers), do="run dvc pull first")


def remove_results(clone, stages):
    """Take from the clone all that its stages publish, so that each file has to be made."""
    for out in (clone / path for outs in stages.values() for path in outs):
        if out.is_dir():
            shutil.rmtree(out)
        else:
            out.unlink(missing_ok=True)


def run(folder, environment, show, *command):
    """Run a command, giving each line it prints to `show`: its status, and its last lines as one text."""
    last = deque(maxlen=60)
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=-1
    ) as process:
        for line in process.stdout:
            last.append(line.decode("utf-8", errors="replace").rstrip("\n"))
            show(last[-1])
    return process.returncode, "\n".join(last)


def failure(printed):
    """Why a run failed, in a sentence: what was said last before DVC's own closing line, and that line."""
    lines = [line for line in printed.splitlines() if line.strip()]
    at = next((n for n, line in enumerate(lines) if line.startswith("ERROR:")), len(lines))
    said = [line for line in lines[max(0, at - 1) : at + 1] if not line.startswith(("Running stage", ">"))]
    return " ".join(" ".join(said).split()) or "the run failed and said nothing"


# ---- comparing


def compare(project, rebuilt):
    """Every published file and every stage's record beside the rebuilt one, in the graph's order.

    project: the repository that was cloned. Returns a table of stage, file, result (same, different, or no stage makes
    it) and first difference, or why no stage makes it. A file that the run should have made and did not is different.
    """
    ran = read_stages(rebuilt.folder / LOCK)
    compared = [name for name in rebuilt.stages if name in ran or name in rebuilt.asked]
    rows = [
        (stage, path, *_held(project, rebuilt.folder, path))
        for stage in compared
        for path in published_files(project, rebuilt.folder, rebuilt.stages[stage])
    ]
    rows += compare_locks(committed_stages(project), ran, compared, rebuilt.stages)
    known = [out for outs in rebuilt.stages.values() for out in outs]
    others = [p for p in tracked(project, [PUBLISHED]) if not any(within(p, out) for out in known)]
    rows += [(NO_STAGE, path, BY_HAND, "") for path in others]
    return pd.DataFrame(rows, columns=COLUMNS)


def within(path, place):
    """Whether a path is a place or lies in it."""
    return path == place or path.startswith(place + "/")


def tracked(project, places):
    """The files of HEAD in these places, sorted."""
    done = _git(project, "ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD", "--", *places)
    return sorted(filter(None, done.stdout.split("\0")))


def published_files(project, clone, outs):
    """The files of some places that are committed or rebuilt, in the order of the places."""
    found = []
    for out in outs:
        made = [clone / out] if (clone / out).is_file() else whole_files(clone / out)
        made = {p.relative_to(clone).as_posix() for p in made}
        found += sorted(made | set(tracked(project, [out])))
    return found


def _held(project, clone, path):
    """Result and first difference of one file, beside HEAD's."""
    shown = subprocess.run(["git", "show", f"HEAD:{path}"], cwd=project, capture_output=True)
    committed = shown.stdout if shown.returncode == 0 else None
    made = clone / path
    said = first_difference(path, committed, made.read_bytes() if made.is_file() else None)
    return DIFFERENT if said else SAME, said


def compare_locks(committed, ran, compared, known):
    """A row for each compared stage's entry in dvc.lock: what differs first between the committed and the rebuilt one.

    committed, ran: {stage: entry}, the first None where it cannot be read; known: every stage of dvc.yaml. The order of
    the entries, which is that in which they were first made, says nothing and is not compared. DVC keeps the entry of a
    stage that dvc.yaml no longer has: no run can make it again, and it is no difference.
    """
    if committed is None:
        return [(NO_STAGE, LOCK, DIFFERENT, "what is committed is no record of DVC's stages")]
    said = {stage: entry_difference(committed.get(stage), ran.get(stage)) for stage in compared}
    rows = [(stage, LOCK, DIFFERENT if text else SAME, text) for stage, text in said.items()]
    return rows + [(stage, LOCK, BY_HAND, LEFT_OVER) for stage in committed if stage not in known]


def entry_difference(was, now):
    """What first differs between two entries of a stage in dvc.lock, as a clause; "" where they are alike."""
    if was == now:
        return ""
    if was is None or now is None:
        return "rebuilt, and not recorded" if was is None else "recorded, and not run to its end"
    if was.get("cmd") != now.get("cmd"):
        return "the command"
    for part, said in (("deps", "what it read"), ("outs", "what it made")):
        old, new = ({entry["path"]: entry for entry in side.get(part, [])} for side in (was, now))
        for path in [*old, *(path for path in new if path not in old)]:
            if path not in old or path not in new:
                return f"{said}: {path} is only {'recorded' if path in old else 'rebuilt'}"
            if old[path] != new[path]:
                hashes = [str(entry.get("md5", "none"))[:12] for entry in (old[path], new[path])]
                return f"{said}: {path} is recorded as {hashes[0]}, rebuilt as {hashes[1]}"
    if was.get("params") != now.get("params"):
        return "the settings it used"
    return "something beside its command, files and settings"


def committed_stages(project):
    """The stages that the committed dvc.lock records; None where it cannot be read."""
    try:
        return dict(parse_lock(_git(project, "show", f"HEAD:{LOCK}").stdout))
    except (yaml.YAMLError, KeyError, TypeError, ValueError):
        return None


def read_stages(path):
    """The stages in a dvc.lock; none where the file is not there."""
    return parse_lock(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _git(folder, *arguments):
    return subprocess.run(["git", *map(str, arguments)], cwd=folder, capture_output=True, text=True, encoding="utf-8")
