"""The same bytes at another path, in another language, time zone, hash order and year, on one processor and on two."""

import sys

import pytest
from clones import Clone
from delivered import Copied
from elsewhere import ENGLISH, RUNS, circumstances, given, pairs_not_met

TELLS = (
    "import datetime, locale, os, sys, time; locale.setlocale(locale.LC_ALL, ''); "
    "print(locale.localeconv()['decimal_point'], time.strftime('%z'), sys.flags.hash_randomization, "
    "len(os.sched_getaffinity(0)), datetime.date.today().year, int(time.time()) // 31557600 + 1970)"
)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder for the locale and the clock."""
    return tmp_path_factory.mktemp("made")


def test_every_two_settings_of_two_levels_meet_in_each_way_and_the_others_all_come_up(record_property):
    assert pairs_not_met(RUNS) == []
    assert pairs_not_met(RUNS[1:]) != []
    counts = {setting: len({getattr(run, setting) for run in RUNS}) for setting in RUNS[0]._fields}
    wanted = {"place": 2, "language": 2, "time_zone": 4, "hash_seed": 3, "processors": 2, "date": 2}
    assert counts == wanted
    record_property("determinism", " | ".join([*RUNS[0], "all", "made the project"]))


def test_a_process_elsewhere_sees_what_it_is_told(tmp_path, made):
    """So that a run which gives the same bytes has been somewhere else indeed."""
    clone = Clone.__new__(Clone)
    clone.place(tmp_path)
    seen = []
    for run in RUNS:
        prefix, changes = circumstances(run, made)
        seen.append(clone.run(*prefix, sys.executable, "-c", TELLS, **changes).stdout.split())
    ours, how = seen[0], given(made)
    for run, (point, zone, random, processors, year, counted) in zip(RUNS, seen, strict=True):
        assert point == ("." if run.language == ENGLISH or not how["language"] else ",")
        assert (zone == "+0000") == (run.time_zone == "UTC")
        assert random == ("0" if run.hash_seed == "0" else "1")
        assert processors == ("1" if run.processors == "one" and how["processors"] else ours[3])
        later = 2 if run.date != "today" and how["date"] else 0
        assert int(year) - int(ours[4]) == later and int(counted) - int(ours[5]) in (later, later + 1)


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS[1:], ids=lambda run: ", ".join(run))
def test_a_forced_run_elsewhere_gives_the_same_bytes(delivered, tmp_path, made, run, record_property):
    # The project was made at a path called `an other place`. Of files whose path is not ASCII, DVC can keep no record
    # where Python is held to that.
    name = "Istanbul" if run.language == ENGLISH else "İstanbul"
    folder = tmp_path / ("one" if run.place == "one path" else f"{name} and 'elsewhere'")
    survey = Copied(delivered, folder)
    prefix, changes = circumstances(run, made)
    done = survey.run(*prefix, sys.executable, "-m", "dvc", "repro", "--force", "--no-run-cache", **changes)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    ran = survey.ran(done.stdout + done.stderr)
    assert len(ran) == len(set(ran)) > 8
    assert survey.changed() == ""
    how = given(made)
    told = [getattr(run, s) + ("" if how.get(s, "given") else " (not given here)") for s in run._fields]
    record_property("determinism", " | ".join([*told, str(len(ran)), "same"]))
