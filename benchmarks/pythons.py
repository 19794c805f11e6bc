"""The same bytes from other Pythons: writes rows of a table of docs/reliability.md.

For each Python: a clone, the environment from the lock, every stage forced to run again, and what git then sees of it;
then the tests but for the slow ones, which build the project again and again. Rows of Pythons that are not named stay,
since few machines have all of them.

python benchmarks/pythons.py python3.12 python3.13 [...]
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from markers import replace_between

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/reliability.md"
REPRO = ["python", "-m", "dvc", "repro", "--all-pipelines", "--force"]
TESTS = ["python", "-m", "pytest", "-q", "-m", "not slow"]
TELL = "import platform as p; print(p.python_version(), ' '.join(p.libc_ver()), sep='\\n')"
HEADING = ["Python", "C library", "every stage run again", "tests but the slow ones"]
SAME = "the same bytes"


def main(*pythons):
    """Measure each Python, and replace what stands between the markers in the document."""
    if not pythons:
        sys.exit("Name the Pythons: python benchmarks/pythons.py python3.12 python3.13")
    now = {row[0]: row for row in map(measure, pythons)}
    rows = sorted((known_rows() | now).values(), key=lambda row: [int(n) for n in row[0].split(".")])
    lines = [f"| {' | '.join(row)} |" for row in [HEADING, ["---"] * len(HEADING), *rows]]
    replace_between(DOCUMENT, "pythons", "\n".join([*lines, ""]))


def known_rows():
    """The rows that the document has already: {version: cells}."""
    table = DOCUMENT.read_text(encoding="utf-8").partition("<!-- pythons -->\n")[2].partition("<!-- end -->")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {row[0]: row for row in rows}


def measure(python):
    """The row of one Python, run in a clone of its own: its cells."""
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
        version, library = inside("python", "-c", TELL).stdout.splitlines()
        changed = inside("git", "status", "--porcelain").stdout.splitlines()
        tested = inside(*TESTS).stdout.splitlines()[-1]
    return [version, library, found(changed), outcome(tested)]


def outcome(line):
    """pytest's last line without what says nothing of the tests that ran."""
    told = (part for part in line.partition(" in ")[0].split(", "))
    return ", ".join(part for part in told if not part.endswith(("deselected", "warnings")))


def found(changed):
    """What git sees of a forced run, in words."""
    if len(changed) < 2:
        return f"1 file is not the same: {changed[0][3:]}" if changed else SAME
    return f"{len(changed)} files are not the same, such as {changed[0][3:]}"


if __name__ == "__main__":
    main(*sys.argv[1:])
