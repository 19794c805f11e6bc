"""Faults made to happen: after each, `dvc repro` finishes with the same bytes, and no half-written file is a result."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest
from clones import ROOT
from delivered import WAVE, Copied

from pipeline.provenance import read_lock

pytestmark = pytest.mark.slow
# In the order in which DVC runs them.
STAGES = [
    "validate",
    "clean",
    "weight",
    "analyse",
    "tabulate",
    "describe",
    "vary",
    "series",
    "track",
    "follow",
    "revise",
    "acknowledge",
    "typeset",
    "publish",
]
# Where each stage is killed: at its nth file, or at the one whose path ends so (the runner's own, the executed copy).
KILLED_AT = {
    "validate": "2",
    "clean": "notebooks/clean.ipynb",
    "weight": "3",
    "analyse": "6",
    "tabulate": "1",
    "describe": "1",
    "vary": "4",
    "series": "1",
    "track": "5",
    "follow": "1",
    "revise": "1",
    "acknowledge": "1",
    "typeset": "2",
    "publish": "1",
}


class Earlier(Copied):
    """The finished project with an earlier run's results in place of its own: none is what a run now gives.

    `stages` are those with earlier results, all of them if not given.
    """

    def __init__(self, project, folder, stages=STAGES):
        super().__init__(project, folder)
        self.good = {path: path.read_bytes() for path in self.results(stages)}
        assert len(self.good) > 5
        for path, content in self.good.items():
            path.chmod(0o644)
            path.write_bytes(b"earlier\n" + content)
        self.old = {path: path.read_bytes() for path in self.good}
        shutil.rmtree(self.root / ".dvc/cache/runs", ignore_errors=True)

    def results(self, stages=STAGES):
        """Every file that these stages make, found through what dvc.lock recorded when the project was run."""
        entries = [entry for name, entry in read_lock(self.root).items() if name.partition("@")[0] in stages]
        outs = [out["path"] for entry in entries for out in entry["outs"]]
        paths = (p for out in outs for p in [self.root / out, *sorted((self.root / out).rglob("*"))])
        return [p for p in paths if p.is_file() and p.suffix != ".part"]

    def address(self, stage):
        """The stage as DVC calls it."""
        return next(name for name in read_lock(self.root) if name.partition("@")[0] == stage)

    def start(self, *command, prefix=(), fault=(), preexec=None):
        """Start a command as the leader of its own group; `fault` is what happens, in which stage, and when."""
        changes = {"PYTHONPATH": str(ROOT / "tests/faults"), "PYTHONDONTWRITEBYTECODE": "1"}
        changes |= dict(zip(("FAULT", "FAULT_STAGE", "FAULT_AT"), fault, strict=False))
        own = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]), "HOME": str(self.home)}
        own |= {"TMPDIR": str(self.home), "DVC_SITE_CACHE_DIR": str(self.home / "dvc"), "LC_ALL": "C.UTF-8"}
        return subprocess.Popen(
            [*prefix, *command],
            cwd=self.root,
            env=own | changes,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=preexec,
        )

    def repro(self, *arguments, **how):
        """Run `dvc repro`: its status and all that was printed."""
        process = self.start(sys.executable, "-m", "dvc", "repro", *arguments, **how)
        printed, _ = process.communicate(timeout=900)
        return process.returncode, printed

    def half_written(self):
        """Results that are neither the earlier run's nor this one's; there must be none."""
        now = {path: path.read_bytes() for path in self.good if path.is_file()}
        return [str(p) for p, content in now.items() if content not in (self.old[p], self.good[p])]

    def mend(self):
        """Run `dvc repro` and list what is then not as it was, to the byte, or lies about; nothing should."""
        status, printed = self.repro()
        if status:
            return [printed[-3000:]]
        wrong = [str(p) for p, content in self.good.items() if p.read_bytes() != content]
        outs = {self.root / Path(out["path"]) for entry in read_lock(self.root).values() for out in entry["outs"]}
        beside = [p for out in outs for p in [*out.rglob("*.part"), out.with_name(f"{out.name}.part")] if p.exists()]
        return [*wrong, *map(str, beside), *self.changed().splitlines()]


@pytest.fixture(scope="module")
def killed(delivered, tmp_path_factory):
    """An earlier run's project in which each stage in turn was killed with all its processes."""
    survey = Earlier(delivered, tmp_path_factory.mktemp("killed"))
    seen = {}
    for stage in STAGES:
        status, printed = survey.repro(fault=("kill_all", survey.address(stage), KILLED_AT[stage]))
        left = [str(p) for p in survey.root.rglob("*.part")]
        seen[stage] = {"status": status, "printed": printed, "half": survey.half_written(), "left": left}
    survey.mended = survey.mend()
    return survey, seen


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_is_killed_leaves_no_half_written_result(killed, stage, record_property):
    survey, seen = killed
    assert seen[stage]["status"] == -signal.SIGKILL, seen[stage]["printed"][-3000:]
    assert f"Running stage '{survey.address(stage)}'" in seen[stage]["printed"]
    assert seen[stage]["half"] == []
    assert len(seen[stage]["left"]) >= 1  # the half of a file that the fault left, beside its place
    assert survey.mended == []
    at = KILLED_AT[stage]
    record_property("killed", f"{stage} | {f'its file {at}' if at.isdigit() else f'`{at}`'} | none | the same bytes")


def test_every_stage_killed_once_the_run_finishes_with_the_same_bytes(killed):
    survey, _ = killed
    assert survey.mended == []


# ---- faults that end in a sentence


@cache
def alone():
    """The command that gives what follows a mount table of its own; none where that is not allowed."""
    for options in (["--mount"], ["--map-root-user", "--mount"]):
        command = ["unshare", *options, "--propagation", "private"]
        if shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    return None


# What lies in the folder is taken along, and the rest but for some room filled up.
FULL = """keep=$(mktemp -d) && cp -a "$0"/. "$keep" && mount -t tmpfs -o size=8m none "$0" && cp -a "$keep"/. "$0" &&
{ cat /dev/zero > "$0/full.part" 2> /dev/null; truncate -s -ROOM "$0/full.part"; exec "$@"; }"""


def full_disk(survey, folder, room):
    """How to run a command with a folder on a disk with little room, or else with a limit on the size of files."""
    if alone():
        return {"prefix": [*alone(), "sh", "-c", FULL.replace("ROOM", room), str(survey.root / folder)]}
    return {"preexec": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))}


def read_only(survey, folder):
    """How to run a command with a folder that cannot be written to, root or not."""
    place = survey.root / folder
    if alone():
        script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        return {"prefix": [*alone(), "sh", "-c", script, str(place)]}
    if os.geteuid() == 0:
        pytest.skip("root writes anywhere, and no mount table of its own can be had")
    place.chmod(0o555)
    return {}


def a_cell(stage):
    return rf"notebooks/{stage}\.ipynb, cell \d+ of \d+ \(.+\): "


BEFORE = {"clean": "validate", "weight": "clean", "analyse": "weight", "vary": "analyse", "series": "analyse"}
BEFORE |= {"track": "series"}
READ_ONLY = (f"reports/{WAVE}", f"data/weighted/{WAVE}")
# What happens, in which stage, and how the sentence goes on that says so.
SAID = {
    "a kernel that dies": ("validate", a_cell("validate") + "the Python process running it was killed"),
    "a cell that raises": ("clean", a_cell("clean") + "RuntimeError: made to fail"),
    "a full disk": ("analyse", a_cell("analyse") + r".*figures/\S+: cannot be written: (No space left|File too large)"),
    "a read-only folder": ("weight", a_cell("weight") + r".*: cannot be written: (Read-only|Permission denied)"),
    "a read-only folder that DVC makes ready": (
        "weight",
        rf"failed to reproduce '\S+': .*(Read-only file system|Permission denied): '\S.*data/weighted/{WAVE}/",
    ),
    "a full disk, for the executed copy": (
        "vary",
        r"notebooks/vary\.ipynb, after its last cell: .*vary\.ipynb: cannot be written: (No space|File too large)",
    ),
    "a full disk, without a notebook": (
        "series",
        r"data/series/\d+\.csv: cannot be written: (No space|File too large)",
    ),
    "a runner that is killed": ("track", "failed to run: python -m pipeline.execute"),
}


@pytest.fixture(scope="module")
def failing(delivered, tmp_path_factory):
    """A project in which one fault after another happened, each in a later stage; what was seen of each."""
    survey = Earlier(delivered, tmp_path_factory.mktemp("failing"))
    how = {
        "a kernel that dies": lambda: {"fault": ("kill_self", survey.address("validate"), "2")},
        "a cell that raises": lambda: {"fault": ("fail", survey.address("clean"), "2")},
        "a read-only folder": lambda: read_only(survey, READ_ONLY[0]),
        "a read-only folder that DVC makes ready": lambda: read_only(survey, READ_ONLY[1]),
        "a full disk": lambda: full_disk(survey, f"reports/{WAVE}/figures", "64K"),
        "a full disk, for the executed copy": lambda: full_disk(survey, f"reports/{WAVE}/notebooks", "4K"),
        "a full disk, without a notebook": lambda: full_disk(survey, "data/series", "0"),
        "a runner that is killed": lambda: {"fault": ("kill_parent", survey.address("track"), "2")},
    }
    seen = {}
    for fault, make in how.items():
        stage = SAID[fault][0]
        if stage in BEFORE:  # so that it is this stage that meets the fault
            status, printed = survey.repro(survey.address(BEFORE[stage]))
            assert status == 0, printed[-3000:]
        status, printed = survey.repro(survey.address(stage), **make())
        for folder in READ_ONLY:
            (survey.root / folder).chmod(0o755)
        seen[fault] = {"status": status, "printed": printed, "half": survey.half_written()}
    survey.mended = survey.mend()
    return survey, seen


@pytest.mark.parametrize("fault", SAID)
def test_a_fault_is_said_with_stage_notebook_and_cell_and_leaves_no_half_written_result(
    failing, fault, record_property
):
    survey, seen = failing
    stage, sentence = SAID[fault]
    printed = seen[fault]["printed"]
    assert seen[fault]["status"] not in (0, -signal.SIGKILL), printed[-3000:]
    said = re.search(rf"^.*{sentence}.*$", printed, flags=re.MULTILINE)
    assert said, printed[-3000:]
    assert f"failed to reproduce '{survey.address(stage)}'" in printed
    assert "Traceback" not in printed
    assert seen[fault]["half"] == []
    assert survey.mended == []
    told = said[0].partition(" -p ")[0].replace(f"{survey.root}/", "").replace("|", "/")
    record_property("faults", f"{fault} | {stage} | {told} | none | the same bytes")


def test_every_fault_gone_the_run_finishes_with_the_same_bytes(failing):
    survey, _ = failing
    assert survey.mended == []
    assert not list(survey.root.glob("reports/**/*.failed*"))


# ---- at once


def test_a_stage_started_twice_at_once_by_hand_gives_the_same_bytes(delivered, tmp_path, record_property):
    survey = Earlier(delivered, tmp_path, stages=["analyse"])
    command = read_lock(survey.root)[survey.address("analyse")]["cmd"].split()
    first = survey.start(*command)
    time.sleep(0.5)
    second = survey.start(*command)
    printed = [process.communicate(timeout=900)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), printed[0][-2000:] + printed[1][-2000:]
    assert [str(p) for p, content in survey.good.items() if p.read_bytes() != content] == []
    assert survey.changed() == ""
    record_property("faults", "started twice at once | analyse | nothing: both finish | none | the same bytes")


def test_of_two_runs_at_once_one_finishes_and_the_other_is_refused_or_finishes_too(
    delivered, tmp_path, record_property
):
    survey = Earlier(delivered, tmp_path, stages=["validate"])
    first = survey.start(sys.executable, "-m", "dvc", "repro", survey.address("validate"))
    for line in first.stdout:  # as soon as the stage is running
        if "Running stage" in line:
            break
    status, printed = survey.repro(survey.address("validate"))
    rest, _ = first.communicate(timeout=900)
    assert first.returncode == 0, rest[-3000:]
    assert status == 0 or re.search("is busy, it is being blocked by|Unable to acquire lock", printed), printed[-2000:]
    assert survey.half_written() == []
    assert survey.mend() == []
    refused = next((line for line in printed.splitlines() if "blocked by" in line or "lock" in line), "")
    told = refused.replace(f"{survey.root}/", "").replace("|", "/") if status else "nothing: the second waits"
    record_property("faults", f"two `dvc repro` at once | validate | {told} | none | the same bytes")
