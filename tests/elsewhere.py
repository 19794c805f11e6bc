"""Other machines, as far as one can be another: place, language, time zone, hash seed, processors and date of a run.

`RUNS` is small and still lets every two of the settings that have two levels meet in each of their four ways, the run
that made the project (its first row) among them; every time zone and hash seed comes up.
"""

import os
import shutil
import subprocess
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import NamedTuple

CLOCK = Path(__file__).parent / "later.c"
FAKETIME = "usr/lib/*/faketime/libfaketime.so.1"
TURKISH = "tr_TR.UTF-8"
ENGLISH = "C"


class Elsewhere(NamedTuple):
    """A run's circumstances."""

    place: str
    language: str
    time_zone: str
    hash_seed: str
    processors: str
    date: str


# Turkish: a comma in numbers, and an i that is no I in capitals.
RUNS = [
    Elsewhere("one path", ENGLISH, "Pacific/Chatham", "20140", "all", "today"),  # what `Clone` gives
    Elsewhere("one path", TURKISH, "UTC", "0", "one", "two years on"),
    Elsewhere("another path", ENGLISH, "America/St_Johns", "1", "one", "two years on"),
    Elsewhere("another path", TURKISH, "Asia/Kathmandu", "20140", "all", "two years on"),
    Elsewhere("another path", TURKISH, "UTC", "1", "one", "today"),
]
TWO_LEVELS = ("place", "language", "processors", "date")


def pairs_not_met(runs):
    """The pairs of levels of two settings with two levels that no run brings together; there should be none."""
    missing = []
    for one, other in combinations(TWO_LEVELS, 2):
        wanted = product(*({getattr(run, setting) for run in RUNS} for setting in (one, other)))
        missing += [pair for pair in wanted if pair not in {(getattr(r, one), getattr(r, other)) for r in runs}]
    return missing


def circumstances(run, folder):
    """What a run needs: a command to put before its own, and changes of the environment.

    folder: where a locale and a clock can be made. Settings that this machine cannot give are left as they are;
    `given` says which it gives.
    """
    changes = {"LC_ALL": ENGLISH, "LANG": ENGLISH, "TZ": run.time_zone, "PYTHONHASHSEED": run.hash_seed}
    if run.language != ENGLISH and locales(folder):
        changes |= {"LC_ALL": run.language, "LANG": run.language, "LOCPATH": str(locales(folder))}
    if run.date != "today" and later(folder):
        changes |= later(folder)
    one = str(min(os.sched_getaffinity(0)))
    return (["taskset", "-c", one] if run.processors == "one" and shutil.which("taskset") else []), changes


def given(folder):
    """How this machine gives what is not the same on every one: {setting: how}, "" where it cannot."""
    clock = later(folder)
    return {
        "language": f"{TURKISH}, made from the C library's sources" if locales(folder) else "",
        "processors": "taskset" if shutil.which("taskset") else "",
        "date": {None: "", True: "libfaketime", False: "tests/later.c"}[clock and "FAKETIME" in clock],
    }


@cache
def locales(folder):
    """A folder with the Turkish locale in it, made from the C library's sources; None where these are not here."""
    place = folder / "locales"
    place.mkdir(exist_ok=True)
    if shutil.which("localedef") is None:
        return None
    command = ["localedef", "--no-archive", "-i", "tr_TR", "-f", "UTF-8", str(place / TURKISH)]
    subprocess.run(command, capture_output=True)
    return place if (place / TURKISH / "LC_CTYPE").exists() else None


@cache
def later(folder):
    """What makes every clock of a process and its children two years fast; None where nothing can.

    libfaketime where it is installed, else a few lines of C where there is a compiler. A clock changed in Python would
    leave those of the compiled libraries as they are, and prove little.
    """
    installed = sorted(Path("/").glob(FAKETIME))
    if installed:
        off = {"NO_FAKE_STAT": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        return {"LD_PRELOAD": str(installed[0]), "FAKETIME": "+731d"} | off
    library = folder / "later.so"
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    done = subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, CLOCK, "-ldl"], capture_output=True)
    return {"LD_PRELOAD": str(library)} if done.returncode == 0 else None
