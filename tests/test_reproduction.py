"""The whole pipeline, run in a clone on another machine as far as one machine can be another."""

import re
import shutil
import subprocess
import sys
import zipfile
from collections import defaultdict
from html import escape

import pandas as pd
import polars as pl
import pytest
import yaml
from clones import ROOT, Clone
from marks import carries_the_mark
from test_withhold import attack

from pipeline.codebook import load_codebook
from pipeline.explain_command import explained
from pipeline.params import load_params

WAVES = load_params(ROOT / "params.yaml").waves
WAVE = WAVES.all[0]
RAW, REPORTS = f"data/raw/{WAVE}", f"reports/{WAVE}"
# What makes cleaning wait until the raw files have passed, and is not looked at; and the bounds of waves that have no
# printed report to be bounded by, which stand in the list of what every wave's stage reads.
GATES = {f"reports/{wave}/validation.csv" for wave in WAVES.all}
GATES |= {f"data/respondents/{wave}/bounds.csv" for wave in WAVES.all if wave not in WAVES.reconstruction}
# The pages wait until changed numbers are acknowledged.
GATES |= {"reports/revisions.csv"}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone in which everything has been rebuilt from nothing, once, with a note of what each stage used."""
    clone = Clone(tmp_path_factory.mktemp("elsewhere"))
    status, printed = clone.dvc(
        "repro", "--force", PYTHONPATH=str(ROOT / "tests/tracer"), TRACE=str(clone.trace), PYTHONDONTWRITEBYTECODE="1"
    )
    assert status == 0, printed[-3000:]
    clone.first_run = printed
    return clone


@pytest.fixture
def restored(clone):
    """The clone, put back as it was when the test is over."""
    yield clone
    clone.run("git", "checkout", "--quiet", "--force", "HEAD")
    clone.dvc("checkout", "--force")


def uses(clone, what):
    """{stage: what it read, wrote or looked up} in the run that built the clone."""
    found = defaultdict(set)
    for line in clone.trace.read_text(encoding="utf-8").splitlines():
        stage, kind, name = line.split("\t")
        if kind == what:
            found[stage].add(name)
    return found


def declared(clone):
    """What dvc.lock records of each stage: {stage: {deps, outs, params}}."""
    recorded = yaml.safe_load((clone.root / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    return {
        name: {
            "deps": {dep["path"] for dep in stage["deps"]},
            "outs": {out["path"] for out in stage["outs"]},
            "params": {key.partition(".")[0] for key in stage.get("params", {}).get("params.yaml", {})},
        }
        for name, stage in recorded.items()
    }


def within(path, places):
    return any(path == place or path.startswith(place + "/") for place in places)


def test_who_moved_is_named_in_the_records_and_counted_in_what_is_published(clone):
    """`follow` names the organisations that `track` counts, where their number may be published."""
    named, counted = (
        pd.read_csv(clone.root / folder / "transitions.csv", keep_default_na=False)
        for folder in ("data/tracker", "reports/tracker")
    )
    assert "organisations" not in counted
    keys = ["since", "wave", "measure", "category", "transition"]
    both = named.merge(counted, on=keys, suffixes=("", "_published"), validate="1:1")
    assert len(both) == len(named) == len(counted)
    names = both["organisations"].map(lambda text: len(text.split("; ")) if text else 0)
    told = both["n_published"].ne("")
    assert both.loc[told, "n_published"].astype(float).eq(names[told]).all() and names[told].sum() > 100
    profiles = pd.read_csv(clone.root / "data/tracker/maturity_profiles.csv")
    assert set(profiles["wave"]) == set(WAVES.all)
    for wave, rows in profiles.groupby("wave"):
        answered = pd.read_csv(clone.root / f"data/weighted/{wave}/respondents.csv")["organisation"]
        assert sorted(rows["organisation"]) == sorted(answered)


def test_a_clone_elsewhere_gives_the_committed_bytes(clone):
    assert clone.changed() == ""


def test_nothing_of_the_rehearsal_is_given_away_by_what_the_tracker_publishes(clone):
    attack(clone.root)


def test_progress_is_shown_cell_by_cell(clone):
    assert re.search(r"^\[\w+\] cell 1 of \d+ \(", clone.first_run, flags=re.MULTILINE)


def test_every_stage_declares_every_file_that_it_reads(clone):
    stages = declared(clone)
    for stage, read in uses(clone, "read").items():
        known = stages[stage]["deps"] | stages[stage]["outs"] | {"params.yaml", "pipeline/__init__.py"}
        missing = sorted(p for p in read if not within(p, known) and not p.endswith((".part", ".pyc")))
        assert not missing, f"{stage} reads but does not declare: {missing}"


def test_every_stage_reads_every_data_file_that_it_declares(clone):
    read = uses(clone, "read")
    for stage, declares in declared(clone).items():
        data = {dep for dep in declares["deps"] if dep.startswith(("data/", "reports/"))} - GATES
        needless = sorted(dep for dep in data if not any(within(path, {dep}) for path in read[stage]))
        assert not needless, f"{stage} declares but does not read: {needless}"


def test_every_stage_writes_nothing_but_what_it_declares(clone):
    stages = declared(clone)
    for stage, written in uses(clone, "write").items():
        strange = sorted(p for p in written if not within(p.removesuffix(".part"), stages[stage]["outs"]))
        assert not strange, f"{stage} writes but does not declare: {strange}"


def test_every_stage_declares_the_settings_that_it_looks_at_and_no_others(clone):
    looked_at = uses(clone, "setting")
    templates = yaml.safe_load((clone.root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for stage, declares in declared(clone).items():
        template = templates[stage.partition("@")[0]]
        given = set(re.findall(r"\$\{(\w+)\.", template.get("do", template)["cmd"]))
        # A setting that is written into the command may be declared or not: the command changes with it.
        assert looked_at[stage] <= declares["params"] <= looked_at[stage] | given, stage


def published_texts(clone):
    """{path: text} of every file under reports, in one letter case; the parts of a workbook each by itself."""
    for path in sorted(p for p in (clone.root / "reports").rglob("*") if p.is_file()):
        name = path.relative_to(clone.root).as_posix()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as parts:
                for part in parts.namelist():
                    yield f"{name}/{part}", parts.read(part).decode("utf-8", errors="replace").casefold()
        else:
            yield name, path.read_bytes().decode("utf-8", errors="replace").casefold()


def test_nothing_published_holds_a_contact_detail_of_the_frame(clone):
    frames = [pd.read_csv(clone.root / f"data/raw/{wave}/frame.csv", dtype="str") for wave in WAVES.all]
    frame = pd.concat(frames, ignore_index=True)[["contact_name", "email", "telephone"]].fillna("")
    details = {cell.casefold() for column in frame for cell in frame[column] if cell}
    # As a page or a workbook would escape it.
    details |= {escape(detail) for detail in details} | {detail.replace(" ", "") for detail in details}
    assert len(details) > len(frame)
    seen, texts = zip(*published_texts(clone), strict=True)
    # Thousands of details in a hundred files: polars looks for all of them at once.
    showing = pl.Series(texts).str.contains_any(list(details))
    assert not [name for name, shown in zip(seen, showing, strict=True) if shown]
    assert pl.Series([f"Ask {min(details)}."]).str.contains_any(list(details)).all()
    assert any("tables.xlsx/xl/sharedStrings.xml" in name for name in seen)
    assert any(name.endswith(".ipynb") for name in seen) and any("data_docs" in name for name in seen)


def test_nothing_published_holds_a_record_of_the_contact_attempts(clone):
    """No attempt by its number, of waves that are not public."""
    for wave in sorted(set(WAVES.all) - set(WAVES.reconstruction)):
        history = pd.read_csv(clone.root / f"data/raw/{wave}/contact_history.csv", dtype="str")
        attempts = set(history["attempt_id"].str.casefold())
        for name, text in published_texts(clone):
            if name.startswith(f"reports/{wave}/") and not name.endswith((".png", ".svg")):
                assert not attempts & set(re.findall(r"\ba\d{5}\b", text)), name


def test_nothing_published_holds_what_people_said_in_their_own_words(clone):
    for wave in WAVES.all:
        book = load_codebook(clone.root / f"data/codebook/{wave}.yaml")
        interviews = pd.read_csv(clone.root / f"data/raw/{wave}/interviews.csv", dtype="str")
        columns = [c for q in book.questions if q.kind == "open" for c in q.export_columns if c in interviews]
        texts = {text.strip().casefold() for c in columns for text in interviews[c].dropna() if len(text.split()) > 3}
        assert texts
        for name, text in published_texts(clone):
            shown = [said for said in texts if said in text or escape(said) in text]
            assert not shown, f"{name} shows {len(shown)} answers in own words"


def test_what_is_withheld_is_in_no_table(clone):
    """A wave that is not public: no table under reports that names a withheld share or base has a number for it."""
    keys = ["measure", "category", "break", "group"]
    numbers = ["count", "estimate", "share", "se", "ci_low", "ci_high", "deff", "difference", "value", "shift"]
    for wave in sorted(set(WAVES.all) - set(WAVES.reconstruction)):
        withheld = pd.read_csv(clone.root / f"reports/{wave}/withheld.csv", keep_default_na=False)
        shares = set(withheld.loc[withheld["what"].eq("share"), keys].itertuples(index=False, name=None))
        assert shares
        looked_at = 0
        for path in sorted((clone.root / f"reports/{wave}").rglob("*.csv")):
            table = pd.read_csv(path, keep_default_na=False, dtype="str")
            if path.name == "weight_effects.csv":
                table = table.assign(**{"break": "total", "group": "total"})
            if not set(keys) <= set(table) or path.name in ("withheld.csv", "group_tests.csv"):
                continue
            gone = table[[key in shares for key in table[keys].itertuples(index=False, name=None)]]
            there = [c for c in numbers if c in gone and gone[c].ne("").any()]
            assert not there, f"{path.relative_to(clone.root)}: {there} of what is withheld"
            looked_at += len(gone)
        assert looked_at > len(shares)


def test_every_key_finding_can_be_explained_by_its_records(clone):
    findings = pd.read_csv(clone.root / REPORTS / "key_findings.csv")
    for row in findings.to_dict("records"):
        found = explained(["finding", str(row["number"])], wave=WAVE, project=clone.root)["finding"]
        assert " ".join(clause["sentence"] for clause in found["clauses"]) == row["sentence"]
        for facts in (facts for clause in found["clauses"] for facts in clause["estimates"]):
            low, high = facts["count_bounds"]
            if facts["count"] is not None:
                assert len(facts["records"]) == facts["count"]
            elif low is not None:
                assert low <= len(facts["records"]) <= high
            assert facts["claims"] or facts["support"] in ("implied", "bounded", "assumed")


def test_running_again_does_nothing(clone):
    status, printed = clone.dvc("repro")
    assert status == 0
    assert clone.ran(printed) == []
    assert clone.changed() == ""


def test_a_second_forced_run_changes_nothing(clone):
    changes = {"TZ": "America/St_Johns", "PYTHONHASHSEED": "7", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
    status, printed = clone.dvc("repro", "--force", **changes)
    assert status == 0, printed[-3000:]
    assert len(clone.ran(printed)) == len(declared(clone))
    assert clone.changed() == ""


def test_a_changed_chart_style_runs_only_what_draws(restored):
    params = restored.root / "params.yaml"
    text = params.read_text(encoding="utf-8")
    assert text.count("text_size: 10") == 1
    params.write_text(text.replace("text_size: 10", "text_size: 11"), encoding="utf-8")
    _, printed = restored.dvc("repro", "--dry")
    drawn = {stage for stage in restored.ran(printed) if not stage.startswith(("track", "publish"))}
    assert drawn == {f"{stage}@{wave}" for stage in ("analyse", "vary") for wave in WAVES.all}


# ---- a rehearsal


@pytest.mark.parametrize("year", WAVES.rehearsal)
def test_another_truth_runs_the_rehearsal_and_what_rests_on_it_and_no_other_wave(restored, year):
    params = restored.root / "params.yaml"
    text = params.read_text(encoding="utf-8")
    assert text.count("  stays: 0.85\n") == 1
    params.write_text(text.replace("  stays: 0.85\n", "  stays: 0.8\n"), encoding="utf-8")
    _, printed = restored.dvc("repro", "--dry")
    # Every wave's methodology statement gives the settings, so these are written anew; the tracker sets the truth
    # beside what was found.
    assert [s for s in restored.ran(printed) if not s.startswith("describe@")] == [f"rehearse@{year}", "track"]
    _, printed = restored.dvc("repro", "--dry", "--force", "--downstream", f"rehearse@{year}")
    wave = {stage for stage in restored.ran(printed) if "@" in stage}
    assert wave > {f"{stage}@{year}" for stage in ("rehearse", "validate", "clean", "weight", "analyse", "vary")}
    assert {stage.partition("@")[2] for stage in wave} == {str(year)}


@pytest.mark.parametrize("year", WAVES.rehearsal)
def test_cleaning_brings_back_the_rehearsed_respondents_byte_for_byte(clone, year):
    drawn, cleaned = (clone.root / f"data/{folder}/{year}/respondents.csv" for folder in ("respondents", "clean"))
    assert cleaned.read_bytes() == drawn.read_bytes()


@pytest.mark.parametrize("year", WAVES.rehearsal)
def test_every_file_between_the_stages_of_a_rehearsal_says_so(clone, year):
    files = [p for folder in (clone.root / "data").iterdir() for p in sorted(folder.glob(f"{year}/*"))]
    assert len(files) > 10
    assert [str(p.relative_to(clone.root)) for p in files if not carries_the_mark(p)] == []


@pytest.mark.parametrize("year", WAVES.rehearsal)
def test_the_panel_stands_in_the_rehearsals_frame_under_the_same_names_in_the_same_sector(clone, year):
    then, now = (pd.read_csv(clone.root / f"data/clean/{wave}/respondents.csv") for wave in (WAVE, year))
    both = then.merge(now, on="organisation")
    frame = pd.read_csv(clone.root / f"data/raw/{year}/frame.csv")
    assert len(both) > 100
    assert both["sector_x"].eq(both["sector_y"]).all()
    assert both["organisation"].isin(frame["organisation"]).all()
    first = pd.read_csv(clone.root / RAW / "frame.csv")
    assert set(first["organisation"]) & set(frame["organisation"]) == set(both["organisation"])


# ---- raw files that a person must mend


def edit(change):
    """A break that changes the text of the interviews' lines, the header first."""

    def broken(path):
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")

    return broken


def unknown_answer(lines):
    """The last cell of the first interview gets an answer that no codebook has."""
    return [lines[0], lines[1].rpartition(",")[0] + ",as the wind blows", *lines[2:]]


def missing_column(lines):
    return [line.partition(",")[2] for line in lines]


BROKEN = {
    "an unknown answer": edit(unknown_answer),
    "a missing column": edit(missing_column),
    "an organisation twice": edit(lambda lines: [*lines, lines[1].replace("I0001", "I9999")]),
    "no rows": edit(lambda lines: lines[:1]),
    "a wrong encoding": lambda path: path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16")),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_raw_file_ends_in_one_sentence_and_touches_no_result(restored, broken):
    params = restored.root / "params.yaml"
    text = params.read_text(encoding="utf-8")
    # As if an agency had delivered the files: nothing rebuilds them.
    params.write_text(re.sub(r"(?m)^  reconstruction: .*$", "  reconstruction: []", text), encoding="utf-8")
    broken(restored.root / RAW / "interviews.csv")
    before = {path: path.read_bytes() for path in results(restored)}
    status, printed = restored.dvc("repro")
    assert status != 0
    assert "Traceback" not in printed
    sentences = [line for line in printed.splitlines() if line.startswith("notebooks/")]
    assert len(sentences) == 1, printed[-3000:]
    assert re.search(r"interviews\.csv.*\.$", sentences[0])
    assert {path: path.read_bytes() for path in results(restored)} == before


def results(clone):
    """Every result of the wave but the raw files that the test breaks."""
    folders = (REPORTS, f"data/clean/{WAVE}", f"data/weighted/{WAVE}")
    files = (path for folder in folders for path in sorted((clone.root / folder).rglob("*")))
    return [path for path in files if path.is_file() and ".failed" not in str(path)]


TOTAL_OF_THE_LARGER = """          - label: HA 1,000 homes and over
            at_least: 1000
            file: housing_association_bands.csv
            measure: housing associations owning 1000+ units
            spread: 8
            lag: 27
        whole: &ha_whole {file: housing_association_bands.csv, measure: housing associations}
"""
# The one total that is left is then said to be all.
ALL_OF_THEM = (
    "        whole: &ha_whole {file: housing_association_bands.csv, measure: housing associations owning <1000 units}\n"
)
# What is changed in which file, and how the last line begins.
FAULTS = {
    "a total missing for a band that was approached": (
        "population/population.yaml",
        TOTAL_OF_THE_LARGER,
        ALL_OF_THEM,
        "population.yaml: the population has no total for a size band that answered; found 'ha_",
    ),
    "limits that leave no room": (
        "params.yaml",
        "trim: {lower: null, upper: null}\n\nanalyse",
        "trim: {lower: null, upper: 2}\n\nanalyse",
        "params.yaml: weight.trim: no weights within the limits (none to 12.74) meet the population's totals",
    ),
    "a sparse cell and no leave to join it": (
        "params.yaml",
        "sparse: {fewest: 10, do: collapse}",
        "sparse: {fewest: 13, do: stop}",
        "LA under 80,000 residents (la_under_80k): 12 of its 37 organisations answered; allowed: at least 13 answers",
    ),
    "a sparse cell that no order covers": (
        "2014.yaml",
        "  - [la_under_80k, la_80k_300k]\n",
        "",
        "",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_weighted_ends_the_stage(clone, tmp_path, fault):
    file, old, new, said = FAULTS[fault]
    shutil.copytree(ROOT / "data/population", tmp_path / "population")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copy(ROOT / "data/codebook/2014.yaml", tmp_path)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert text.count(old) >= 1
    (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    if not said:
        settings = (tmp_path / "params.yaml").read_text(encoding="utf-8")
        (tmp_path / "params.yaml").write_text(settings.replace("fewest: 10", "fewest: 13"), encoding="utf-8")
        said = "LA under 80,000 residents (la_under_80k): 12 of its 37 organisations answered, and no pair of the"
    given = {"codebook": "2014.yaml", "totals": "population", "params": "params.yaml", "weighted": ".", "report": "."}
    given = {name: tmp_path / place for name, place in given.items()} | {"clean": clone.root / f"data/clean/{WAVE}"}
    command = [sys.executable, "-m", "pipeline.execute", "notebooks/weight.ipynb", str(tmp_path / "weight.ipynb")]
    for name, place in given.items():
        command += ["-p", name, str(place)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("notebooks/weight.ipynb, cell ") and f"): {said}" in last
    assert "Traceback" not in last and last.endswith(".")
