"""`tracker verify`: what is committed is rebuilt elsewhere, and whatever was edited by hand is found and explained."""

import json
import re
import subprocess
import sys

import pytest
from delivered import WAVE, Copied
from hypothesis import given
from hypothesis import strategies as st

from pipeline.attestation import as_text, environment, locked_versions
from pipeline.problems import InputProblem
from pipeline.verify import BY_HAND, DIFFERENT, LEFT_OVER, SAME, check_ready, compare_locks, entry_difference, failure
from pipeline.verify_command import main

ESTIMATES = f"reports/{WAVE}/estimates.csv"
EXECUTED = f"reports/{WAVE}/notebooks/clean.ipynb"


@pytest.fixture(scope="module")
def verified(delivered, tmp_path_factory):
    """The project, what `tracker verify` printed there, and the attestation it wrote."""
    survey = Copied(delivered, tmp_path_factory.mktemp("verified"))
    return survey, *verify(survey, tmp_path_factory.mktemp("attested") / "attestation.json")


def verify(survey, path, *options):
    """Run `tracker verify`: its status and output, and the attestation as values and as text."""
    done = survey.run("tracker", "verify", "--attestation", str(path), *options)
    attested = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return done, attested, path.with_suffix(".txt").read_text(encoding="utf-8") if attested else ""


def differing(attested):
    """{(stage, file): first difference} of what is not the same."""
    rows = [row for row in attested["table"] if row["result"] == "different"]
    return {(row["stage"], row["file"]): row["first difference"] for row in rows}


# ---- a project that is as it was made


@pytest.mark.slow
def test_a_clean_project_is_rebuilt_to_the_same_bytes(verified):
    survey, done, attested, _ = verified
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert attested["result"] == "same" and differing(attested) == {}
    files = {row["file"] for row in attested["table"]}
    published = survey.run("git", "ls-files", "reports").stdout.split()
    assert files == {*published, "dvc.lock"}
    recorded = [row["stage"] for row in attested["table"] if row["file"] == "dvc.lock"]
    assert sorted(recorded) == sorted(set(recorded)) and f"analyse@{WAVE}" in recorded and "track" in recorded


@pytest.mark.slow
def test_every_stage_ran_and_progress_was_shown(verified):
    _, done, attested, _ = verified
    stages = {row["stage"] for row in attested["table"]}
    assert set(re.findall(r"^Running stage '([^']+)'", done.stderr, flags=re.MULTILINE)) == stages
    assert "[clean] cell 1 of " in done.stderr


@pytest.mark.slow
def test_the_work_tree_and_its_cache_are_left_alone(verified):
    survey, *_ = verified
    assert survey.changed() == ""
    assert survey.dvc("status")[1].strip() == "Data and pipelines are up to date."


@pytest.mark.slow
def test_an_attestation_says_what_was_rebuilt_with_what_and_nothing_of_the_machine(verified):
    survey, done, attested, text = verified
    assert attested["commit"] == survey.head()
    assert re.fullmatch("[0-9a-f]{64}", attested["dvc_lock"])
    assert attested["environment"] == environment((survey.root / "requirements.lock").read_text(encoding="utf-8"))
    assert attested["platform"].count("Python ") == 1 and "date" not in attested
    assert done.stdout == text == as_text(attested)
    for told in (text, json.dumps(attested)):
        assert str(survey.root) not in told and "/tmp" not in told and str(sys.prefix) not in told


# ---- edited by hand


@pytest.mark.slow
def test_what_was_edited_by_hand_is_named_with_its_first_difference(delivered, tmp_path, record_property):
    survey = Copied(delivered, tmp_path)
    path = survey.root / ESTIMATES
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    header, cells = lines[0].rstrip("\n").split(","), lines[5].split(",")
    count = header.index("count")
    was, cells[count] = cells[count], "999"
    path.write_text("".join([*lines[:5], ",".join(cells), *lines[6:]]), encoding="utf-8")

    executed = survey.root / EXECUTED
    content = json.loads(executed.read_text(encoding="utf-8"))
    shown = next(cell for cell in content["cells"] if cell.get("outputs"))
    shown["outputs"][0] = {"output_type": "stream", "name": "stdout", "text": ["all is well\n"]}
    executed.write_text(json.dumps(content), encoding="utf-8")

    lock = survey.root / "dvc.lock"
    text = lock.read_text(encoding="utf-8")
    weighted = re.search(rf"path: data/weighted/{WAVE}/respondents\.csv\n\s+hash: md5\n\s+md5: (\w+)", text)
    lock.write_text(text.replace(weighted[1], "c0ffee" * 5 + "00"), encoding="utf-8")
    (survey.root / "reports/extra.csv").write_text("a\n1\n", encoding="utf-8")
    survey.commit()

    done, attested, text = verify(survey, tmp_path / "attestation.json", "--wave", str(WAVE), "--date", "2026-11-25")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    found = differing(attested)
    key = ", ".join(f"{column} {value}" for column, value in zip(header, cells, strict=True) if column in KEYS)
    number = found.pop((f"analyse@{WAVE}", ESTIMATES))
    assert number == f"row {key}, column count: '999' committed, '{was}' rebuilt"
    said = found.pop((f"clean@{WAVE}", EXECUTED))
    assert re.match(rf"cell \d+ \({shown['id']}\), what it shows, line 1: 'all is well' committed, ", said)
    recorded = {stage: said for (stage, file), said in found.items() if file == "dvc.lock"}
    assert {file for _, file in found} == {"dvc.lock"}
    assert f"weight@{WAVE}" in recorded and f"analyse@{WAVE}" in recorded and f"clean@{WAVE}" not in recorded
    made = (
        f"what it made: data/weighted/{WAVE}/respondents.csv is recorded as c0ffeec0ffee, rebuilt as {weighted[1]:.12}"
    )
    assert recorded[f"weight@{WAVE}"] == made
    record_property("verify", f"a number in `{ESTIMATES}` | {number}")
    record_property("verify", f"what a cell of `{EXECUTED}` shows | {said}")
    record_property("verify", f"a hash in `dvc.lock` | weight@{WAVE}: {recorded[f'weight@{WAVE}']}")
    assert {row["file"]: row["result"] for row in attested["table"]}["reports/extra.csv"] == "no stage makes it"
    assert not [row for row in attested["table"] if row["stage"] in ("track", "acknowledge")]
    assert (attested["result"], attested["date"]) == ("different", "2026-11-25")
    assert "\nDate:" in text and attested["scope"] == f"wave {WAVE} and what it rests on"


KEYS = ("wave", "measure", "category", "break", "group", "basis")


@pytest.mark.slow
def test_a_run_that_cannot_finish_is_different_and_says_where_it_stopped(delivered, tmp_path):
    survey = Copied(delivered, tmp_path)
    notebook = survey.root / "notebooks/validate.ipynb"
    content = json.loads(notebook.read_text(encoding="utf-8"))
    next(c for c in reversed(content["cells"]) if c["cell_type"] == "code")["source"] = ["1 / 0"]
    notebook.write_text(json.dumps(content), encoding="utf-8")
    (survey.root / "dvc.lock").write_text("<<<<<<< ours\n", encoding="utf-8")
    survey.commit()
    done, attested, _ = verify(survey, tmp_path / "attestation.json", "--wave", str(WAVE))
    assert done.returncode == 1
    assert re.match(r"notebooks/validate\.ipynb, cell \d+ of \d+ \(1 / 0\): ZeroDivisionError", attested["failure"])
    assert f"failed to reproduce 'validate@{WAVE}'" in attested["failure"]
    assert differing(attested)[f"analyse@{WAVE}", ESTIMATES] == "committed, and not made by the run"
    assert differing(attested)["-", "dvc.lock"] == "what is committed is no record of DVC's stages"


# ---- refused


@pytest.fixture
def project(tmp_path):
    """A folder with a graph and a published file, in git."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\n")
    (tmp_path / "reports/a.csv").write_text("a\n")
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "All"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize("name", ["reports/a.csv", "reports/new.csv", "reports/Zürich 1.csv", "dvc.lock"])
def test_changes_that_are_not_committed_are_refused_by_name(project, name):
    check_ready(project)
    (project / name).write_text("b\n")
    with pytest.raises(InputProblem, match=f"not committed, .* found '{name}'; commit them or take them back"):
        check_ready(project)


def test_where_there_is_no_repository_it_says_so(tmp_path):
    with pytest.raises(InputProblem, match=r"dvc\.yaml: there is no such file; start in the project's folder"):
        check_ready(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(InputProblem, match="this is no git repository with a commit"):
        check_ready(tmp_path)


@pytest.mark.parametrize(("tool", "said"), [("git", "git is not installed"), ("dvc", "DVC is not installed")])
def test_a_missing_tool_is_said(project, monkeypatch, tool, said):
    if tool == "git":
        monkeypatch.setenv("PATH", str(project))
    else:
        monkeypatch.setattr("pipeline.verify.find_spec", lambda name: None)
    with pytest.raises(InputProblem, match=said):
        check_ready(project)


def test_a_file_where_the_clone_is_to_be_is_refused(project):
    with pytest.raises(InputProblem, match=r"a\.csv: this is no folder, and the clone needs an empty one"):
        main(keep=project / "reports/a.csv", project=project)
    with pytest.raises(InputProblem, match="the folder for the clone is not empty"):
        main(keep=project / "reports", project=project)


# ---- parts


ENTRY = {
    "cmd": "c",
    "deps": [{"path": "a", "md5": "1"}],
    "outs": [{"path": "b", "md5": "2"}],
    "params": {"p": {"x": 1}},
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"cmd": "d"}, "the command"),
        ({"deps": [{"path": "a", "md5": "3"}]}, "what it read: a is recorded as 1, rebuilt as 3"),
        ({"outs": []}, "what it made: b is only recorded"),
        ({"params": {"p": {"x": 2}}}, "the settings it used"),
        ({"more": 1}, "something beside its command, files and settings"),
    ],
)
def test_the_first_difference_of_a_record_is_said(changes, said):
    assert entry_difference(ENTRY, ENTRY | changes) == said


def test_what_is_left_over_from_a_former_stage_is_no_difference():
    rows = compare_locks({"s@1": ENTRY, "old@1": ENTRY}, {"s@1": ENTRY}, ["s@1"], {"s@1": []})
    assert rows == [("s@1", "dvc.lock", SAME, ""), ("old@1", "dvc.lock", BY_HAND, LEFT_OVER)]
    rows = compare_locks({"s@1": ENTRY | {"cmd": "d"}, "old@1": ENTRY}, {"s@1": ENTRY}, ["s@1"], {"s@1": []})
    assert [row[2] for row in rows] == [DIFFERENT, BY_HAND]


def test_the_installed_packages_are_held_to_the_lock():
    locked = 'pandas==0.1 \\\n    --hash=sha256:aa\nnowhere==1 ; sys_platform == "none" \\\n    --hash=sha256:bb\n'
    assert list(locked_versions(locked)) == [("pandas", "0.1")]
    assert re.fullmatch(r"pandas [\d.]+, locked 0\.1", environment(locked)["not_as_locked"][0])


def test_why_a_run_failed_is_its_own_sentence_and_dvcs():
    printed = "Running stage 'a':\n> b\nnotebooks/a.ipynb, cell 1: no.\nERROR: failed to reproduce 'a'\nmore"
    assert failure(printed) == "notebooks/a.ipynb, cell 1: no. ERROR: failed to reproduce 'a'"
    assert failure("") == "the run failed and said nothing"


@given(
    st.binary(max_size=60), st.binary(max_size=60), st.sampled_from([".csv", ".json", ".ipynb", ".png", ".html", ""])
)
def test_whatever_two_files_hold_a_difference_is_said_and_nothing_else_is(committed, rebuilt, ending):
    from pipeline.first_difference import first_difference

    assert bool(first_difference(f"a{ending}", committed, rebuilt)) == (committed != rebuilt)
