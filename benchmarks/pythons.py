"""The same bytes from other Pythons: writes a table of docs/reliability.md.

For each Python: a clone, the environment from the lock, every stage forced to run again, and what git then sees of it;
then the tests but for the slow ones, which build the project again and again.

python benchmarks/pythons.py python3.12 python3.13 [...]
"""

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from markers import replace_between

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/reliability.md"
REPRO = ["python", "-m", "dvc", "repro", "--all-pipelines", "--force"]
TESTS = ["python", "-m", "pytest", "-q", "-m", "not slow"]
SAME = "the same bytes"


def main(*pythons):
    """Measure each Python, and replace what stands between the markers in the document."""
    if not pythons:
        sys.exit("Name the Pythons: python benchmarks/pythons.py python3.12 python3.13")
    rows = ["| Python | every stage run again | tests but the slow ones |", "|---|---|---|"]
    rows += [f"| {' | '.join(measure(python))} |" for python in pythons]
    replace_between(DOCUMENT, "pythons", "\n".join([*rows, "", f"({platform.system()}, {platform.machine()}.)", ""]))


def measure(python):
    """(version, what a forced run left, how the tests ended) of one Python in a clone of its own."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        path = os.pathsep.join([str(clone / ".venv/bin"), os.environ["PATH"]])

        def inside(*command):
            return subprocess.run(command, cwd=clone, env=os.environ | {"PATH": path}, capture_output=True, text=True)

        for command in (["make", f"PYTHON={python}", "environment"], REPRO):
            done = inside(*command)
            if done.returncode:
                sys.exit(f"{python}: {' '.join(command)} failed.\n{(done.stdout + done.stderr)[-2000:]}")
        version = inside("python", "--version").stdout.split()[1]
        changed = inside("git", "status", "--porcelain").stdout.splitlines()
        tested = inside(*TESTS).stdout.splitlines()[-1]
    return version, found(changed), tested.partition(" in ")[0]


def found(changed):
    """What git sees of a forced run, in words."""
    return SAME if not changed else f"{len(changed)} files are not the same, such as {changed[0][3:]}"


if __name__ == "__main__":
    main(*sys.argv[1:])
