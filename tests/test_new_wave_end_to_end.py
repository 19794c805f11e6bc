"""From an export file to the finished edition, in each of the three formats, on the made-up survey."""

import re
import shutil
import sys

import made_exports as made
import pandas as pd
import pytest
import yaml
from clones import ROOT, Clone
from small_project import FIRST, become_small, say_how

from pipeline.approached import NOT_KNOWN
from pipeline.codebook import load_codebook
from pipeline.params import load_params

YEAR = made.YEAR
pytestmark = pytest.mark.slow
# What every wave has once it is finished, beside the notebooks as they ran.
FINISHED = ("estimates.csv", "key_findings.csv", "group_tests.csv", "sensitivity.csv", "validation.csv", "metrics.json")


def tracker(clone, *arguments):
    ended = clone.run(sys.executable, "-m", "pipeline.app", *map(str, arguments))
    assert "Traceback" not in ended.stderr
    return ended


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A project of the made-up survey whose first wave is finished."""
    clone = Clone(tmp_path_factory.mktemp("small"))
    become_small(clone)
    book = load_codebook(clone.root / f"data/codebook/{FIRST}.yaml")
    table = made.interviews(book, made.records(book, rows=150, fewest=10))
    table["completed_on"] = table["completed_on"].str.replace(str(YEAR), str(FIRST))
    clone.exports = clone.home.parent
    assert tracker(clone, "new-wave", FIRST, made.as_csv(clone.exports / "first.csv", table)).returncode == 0
    say_how(clone.root, FIRST)
    status, printed = clone.dvc("repro")
    assert status == 0, printed[-3000:]
    clone.commit()
    return clone


@pytest.fixture(scope="module")
def files(small):
    """The export of the next wave in each format."""
    book = load_codebook(small.root / f"data/codebook/{FIRST}.yaml")
    table = made.interviews(book, made.records(book, seed=5, rows=150, fewest=10))
    return {
        "csv": made.as_csv(small.exports / "export.csv", table),
        "xlsx": made.as_xlsx(small.exports / "export.xlsx", table),
        "sav": made.as_sav(small.exports / "export.sav", table, book),
        "parquet": made.as_parquet(small.exports / "export.parquet", table),
    }


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_each_format_ends_in_the_finished_edition_and_all_in_the_same_one(small, files):
    checked = tracker(small, "new-wave", YEAR, files["csv"], "--check")
    assert checked.returncode == 0 and checked.stdout.endswith("Nothing was written (--check).\n")
    assert small.changed() == ""
    editions = {}
    for format_, path in files.items():
        again = ["--replace"] if editions else []
        if editions:
            refused = tracker(small, "new-wave", YEAR, path)
            assert refused.returncode == 1 and "another delivery of 2021 stands there" in refused.stderr
        ended = tracker(small, "new-wave", YEAR, path, *again)
        assert ended.returncode == 0, ended.stderr
        if not editions:
            status, printed = small.dvc("repro")
            assert status != 0 and "methodology" in printed
            say_how(small.root, YEAR)
        status, printed = small.dvc("repro")
        assert status == 0, printed[-3000:]
        # Adding a wave runs its own stages and those that stand once for all waves; the same bytes in run nothing.
        own = [stage for stage in small.ran(printed) if stage.endswith(f"@{YEAR}")]
        assert not [stage for stage in small.ran(printed) if stage.endswith(f"@{FIRST}")]
        assert bool(own) == (not editions)
        assert (small.root / f"data/raw/{YEAR}/delivered" / path.name).read_bytes() == path.read_bytes()
        editions[format_] = contents(small.root / "reports") | contents(small.root / "data/codebook")
        tables = {f: (small.root / f"data/raw/{YEAR}" / f).read_bytes() for f in ("frame.csv", "interviews.csv")}
        editions[format_] |= tables
    assert editions["csv"] == editions["xlsx"] == editions["sav"] == editions["parquet"]
    assert {f"{YEAR}/{name}" for name in FINISHED} <= set(editions["csv"])
    # Twice changes nothing, and everything is under DVC or in git.
    before = contents(small.root)
    again = tracker(small, "new-wave", YEAR, files["parquet"])
    assert again.returncode == 0 and again.stdout.endswith("All of it stood there already: nothing was written.\n")
    assert {p: b for p, b in contents(small.root).items() if "__pycache__" not in p} == {
        p: b for p, b in before.items() if "__pycache__" not in p
    }
    assert small.dvc("status", "--quiet")[0] == 0
    untracked = re.findall(r"^\?\? (.*)$", small.changed(), flags=re.MULTILINE)
    assert {f"data/raw/{YEAR}.dvc", f"data/respondents/{YEAR}.dvc", f"data/codebook/{YEAR}.yaml"} <= set(untracked)


@pytest.fixture
def again(small, tmp_path):
    """A copy of the project as it was committed, by the commands of the document, and these commands."""
    text = (ROOT / "docs/new_wave.md").read_text(encoding="utf-8").partition("### Taking a delivery back")[2]
    commands = re.findall(r"^    (.+)$", text, flags=re.MULTILINE)
    commands.append(re.search(r"`(rm -rf [^`]+)`", text)[1].replace("2016", str(YEAR)))
    copy = Clone(tmp_path)
    shutil.rmtree(copy.root)
    shutil.copytree(small.root, copy.root, symlinks=True)
    take_back(copy, commands)
    return copy, commands


def take_back(clone, commands):
    """Run these commands; nothing has to be run then, or is otherwise than it was committed."""
    for command in commands:
        ended = clone.run("bash", "-c", command)
        assert ended.returncode == 0, ended.stderr
    status, printed = clone.dvc("repro")
    assert (status, clone.ran(printed), clone.changed()) == (0, [], ""), printed[-999:]


def test_dvc_looks_after_a_delivery(again, tmp_path):
    """It stays at a checkout and when the cache is cleared, goes with a push, and who pulls has the same edition."""
    here, _ = again
    raw = [f"data/raw/{FIRST}/{name}" for name in ("frame.csv", "interviews.csv", "delivered/first.csv")]
    before = {name: (here.root / name).read_bytes() for name in raw}
    for command in (["checkout"], ["gc", "--workspace", "--force"], ["checkout", "--force"]):
        assert here.dvc(*command)[0] == 0
    assert {name: (here.root / name).read_bytes() for name in raw} == before
    remote = ["remote", "add", "--local", "--default", "shared", str(tmp_path / "shared")]
    assert here.dvc(*remote)[0] == 0 and here.dvc("push")[0] == 0
    other = tmp_path / "other"
    here.run("git", "clone", "--quiet", str(here.root), str(other))
    assert here.dvc(*remote, cwd=other)[0] == 0 and here.dvc("pull", cwd=other)[0] == 0
    assert {name: (other / name).read_bytes() for name in raw} == before
    status, printed = here.dvc("repro", cwd=other)
    assert status == 0 and here.ran(printed) == [] and here.run("git", "status", "--short", cwd=other).stdout == ""


def test_raw_files_mended_by_hand_are_seen(again):
    """DVC says that the files are not those any more that the delivery's hash stands for."""
    here, _ = again
    path, pointer = here.root / f"data/raw/{FIRST}/frame.csv", f"data/raw/{FIRST}.dvc"
    assert f"data/raw/{FIRST}" not in here.dvc("status", pointer)[1]
    path.write_bytes(path.read_bytes() + b"\n")
    assert f"data/raw/{FIRST}" in here.dvc("status", pointer)[1]


def test_a_delivery_can_be_taken_back_as_the_document_says(again, small, files, tmp_path):
    """One that took the place of another, and one of a new wave."""
    here, commands = again
    raw, delivered = here.root / f"data/raw/{FIRST}/interviews.csv", f"data/raw/{FIRST}/delivered/first.csv"
    fewer = made.as_csv(tmp_path / "fewer.csv", pd.read_csv(small.root / delivered, dtype="string").iloc[:-3])
    before = raw.read_bytes()
    for given, needed in (([FIRST, fewer, "--replace"], commands[:-1]), ([YEAR, files["csv"]], commands)):
        ended = tracker(here, "new-wave", *given)
        assert ended.returncode == 0, ended.stderr
        assert here.dvc("repro", f"weight@{given[0]}")[0] == 0 and here.changed() != ""
        take_back(here, needed)
        assert raw.read_bytes() == before


def test_the_new_wave_stands_among_the_settings_and_nothing_else_of_them_changed(small):
    before = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    after = (small.root / "params.yaml").read_text(encoding="utf-8").splitlines()
    changed = [line for old, line in zip(before, after, strict=True) if old != line]
    assert changed[0] == f"  all: [{FIRST}, {YEAR}]"
    assert load_params(small.root / "params.yaml").waves.kind(YEAR) == "fieldwork"


def test_measured_estimates_are_said_to_be_measured_and_rates_without_a_history_are_empty(small):
    estimates = pd.read_csv(small.root / f"reports/{YEAR}/estimates.csv")
    assert set(estimates["support"]) == {"measured"}
    rates = pd.read_csv(small.root / f"data/clean/{YEAR}/response_rates.csv")
    assert rates["value"].isna().all() and set(rates["support"]) == {"no contact history"}


def test_without_a_frame_nothing_is_said_of_how_many_were_approached(small):
    report = small.root / f"reports/{YEAR}"
    cells = pd.read_csv(report / "weight_cells.csv")
    assert cells[["approached", "response_rate"]].isna().all(axis=None) and cells["respondents"].sum() == 150
    assert set(pd.read_csv(report / "weight_balance.csv")["against"]) == {"population"}
    statement = pd.read_csv(report / "methodology.csv")["statement"].str.cat(sep=" ")
    assert f"150 organisations answered; {NOT_KNOWN}." in statement and "organisations approached," not in statement
    page = (small.root / f"reports/waves/{YEAR}/weights.html").read_text(encoding="utf-8")
    assert "Approached (not known: no frame names others" in page
    assert "150 organisations approached" not in (report / "notebooks/weight.ipynb").read_text(encoding="utf-8")


def test_what_a_person_wrote_in_the_codebook_stays(small, files):
    path = small.root / f"data/codebook/{YEAR}.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("source: Fieldwork of 2021", "source: Asked by an agency  # by telephone"), encoding="utf-8"
    )
    edited = path.read_bytes()
    assert tracker(small, "new-wave", YEAR, files["parquet"]).returncode == 0
    assert path.read_bytes() == edited
    path.write_text(text, encoding="utf-8")


def test_the_microdata_of_a_rebuilt_wave_take_its_place(tmp_path):
    clone = Clone(tmp_path)
    waves = load_params(clone.root / "params.yaml").waves
    wave = waves.reconstruction[0]
    path = clone.root / f"data/codebook/{wave}.yaml"
    book, text = load_codebook(path), path.read_text(encoding="utf-8")
    settings = yaml.safe_load((clone.root / "params.yaml").read_text(encoding="utf-8"))
    table = made.interviews(book, made.records(book, rows=200))
    table["completed_on"] = table["completed_on"].str.replace(str(YEAR), str(wave))
    ended = tracker(clone, "new-wave", wave, made.as_csv(tmp_path / "microdata.csv", table))
    assert ended.returncode == 0, ended.stderr
    assert path.read_text(encoding="utf-8") == text.replace("kind: reconstruction", "kind: fieldwork")
    settings["waves"]["reconstruction"] = [w for w in waves.reconstruction if w != wave]
    assert yaml.safe_load((clone.root / "params.yaml").read_text(encoding="utf-8")) == settings
    status, printed = clone.dvc("repro", f"clean@{wave}")
    assert status == 0, printed[-3000:]
    assert clone.ran(printed) == [f"{stage}@{wave}" for stage in ("validate", "clean")]
