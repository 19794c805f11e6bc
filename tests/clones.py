"""Clones of the project, for the tests that run all of it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


class Clone:
    """What the work tree holds, committed in a new repository at another path, with an environment unlike this one.

    It is the same as `git clone` where nothing is changed, and still the truth where something is.
    """

    def __init__(self, folder):
        self.place(folder)
        for name in self.run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT).stdout.split("\0"):
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        self.run("git", "init", "--quiet")
        self.commit()

    def place(self, folder):
        """Make the empty folders that it lives in."""
        self.root, self.trace = folder / "an other place", folder / "trace"
        self.home = folder / "home"
        self.home.mkdir()
        self.root.mkdir()

    def run(self, *command, cwd=None, **changes):
        """Run a command in the clone, nothing of the user's own about it."""
        environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.home),
            "TMPDIR": str(self.home.parent),
            "DVC_SITE_CACHE_DIR": str(self.home / "dvc"),
            "LC_ALL": "C",
            "LANG": "tr_TR.UTF-8",
            "PYTHONCOERCECLOCALE": "0",
            "PYTHONUTF8": "0",
            "TZ": "Pacific/Chatham",
            "PYTHONHASHSEED": "20140",
        }
        environment |= changes
        return subprocess.run(
            command, cwd=cwd or self.root, env=environment, capture_output=True, text=True, encoding="utf-8"
        )

    def dvc(self, *arguments, **changes):
        """Run DVC in the clone; what it and the stages print is one text."""
        result = self.run(sys.executable, "-m", "dvc", *arguments, **changes)
        return result.returncode, result.stdout + result.stderr

    def commit(self):
        self.run("git", "add", "--all")
        self.run("git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "All")

    def changed(self):
        """What git finds changed since the commit, file by file."""
        return self.run("git", "status", "--porcelain", "--untracked-files=all").stdout

    def ran(self, printed):
        """The stages that DVC says it ran, or would run."""
        return re.findall(r"^Running stage '([^']+)'", printed, flags=re.MULTILINE)
