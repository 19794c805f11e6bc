"""The command `tracker`."""

import subprocess
import sys


def tracker(*arguments, folder):
    command = [sys.executable, "-m", "pipeline.app", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_an_input_that_is_missing_is_said_in_one_sentence(tmp_path):
    ended = tracker("fieldwork", "--wave", "1999", folder=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == ["tracker: data/codebook/1999.yaml: there is no such codebook."]


def test_a_wave_without_estimates_is_none_to_track(tmp_path):
    command = [sys.executable, "-m", "pipeline.series", "--wave", "1999"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.strip() == (
        "reports/1999/estimates.csv: the wave has no estimates yet; run dvc repro analyse@1999."
    )


def test_without_a_command_it_says_what_there_is(tmp_path):
    assert "fieldwork" in tracker(folder=tmp_path).stdout
