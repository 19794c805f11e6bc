"""Faults of settings, codebooks, population and claims that once went through in silence: each is one sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from conftest import HERE, ROOT
from made_claims import USUAL

from pipeline.check import check
from pipeline.claims import COLUMNS, load_claims
from pipeline.codebook import load_codebook
from pipeline.dispositions import final_dispositions
from pipeline.params import load_params
from pipeline.population import load_populations
from pipeline.problems import InputProblem
from pipeline.revisions import entry_text
from pipeline.validate import stop_on_failure, stopping
from pipeline.weight import calibrate

SETTINGS = (ROOT / "params.yaml").read_text(encoding="utf-8")
CODEBOOK = (HERE / "small_codebook.yaml").read_text(encoding="utf-8")
POPULATION = (ROOT / "data/population/population.yaml").read_text(encoding="utf-8")


def refusal(action, *arguments, **named):
    with pytest.raises(InputProblem) as caught:
        action(*arguments, **named)
    return str(caught.value)


def refusal_of(load, path, text, old, new):
    """What is said of a file with this text once `old`, which must stand in it once, is `new`."""
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return refusal(load, path).replace(str(path), "FILE")


# ---- parameters of a notebook


@pytest.mark.parametrize("share", [5, -0.1, float("nan")])
def test_a_partial_interview_begins_at_a_share(share, small_codebook):
    nothing = pd.DataFrame()
    said = refusal(final_dispositions, nothing, nothing, nothing, nothing, small_codebook, partial_from=share)
    assert said == (f"params.yaml: clean.partial_from: not a share of the questions; found {share}; allowed: 0 to 1.")


@pytest.mark.parametrize("judge", [stopping, stop_on_failure])
def test_the_run_stops_on_a_severity(judge):
    results = pd.DataFrame({"success": [True], "severity": ["critical"]})
    assert refusal(judge, results, "never") == (
        "params.yaml: validate.stop_on: no such severity; found 'never'; allowed: critical, advisory."
    )


def test_weights_are_calibrated_in_a_known_way(small_codebook):
    nothing = pd.DataFrame()
    options = SimpleNamespace(calibration="foo")
    assert refusal(calibrate, nothing, cells=nothing, codebook=small_codebook, settings=options) == (
        "params.yaml: weight.calibration: no such way of weighting; found 'foo'; allowed: none, poststratify, rake."
    )


# ---- params.yaml

SETTINGS_FAULTS = {
    "doubled key": (
        "  population: england\n",
        "  population: england\n  population: england_and_wales\n",
        f"FILE, row {SETTINGS[: SETTINGS.index('  population: england')].count(chr(10)) + 2}: this key stands twice; "
        "found 'population'; keep one of the two.",
    ),
    "trim limit on the wrong side": (
        "trim: {lower: null, upper: null}\n\nanalyse",
        "trim: {lower: null, upper: 0.5}\n\nanalyse",
        "FILE: weight.trim.upper: must be at least 1; found 0.5.",
    ),
    "unknown way to make up for who did not answer": (
        "  nonresponse: cells",
        "  nonresponse: magic",
        "FILE: weight.nonresponse: not a value that it can have; found 'magic'; allowed: none, cells, propensity.",
    ),
    "too small a cell allowed": (
        "fewest: 10",
        "fewest: 1",
        "FILE: weight.sparse.fewest: must be at least 2; found 1.",
    ),
    "nothing to vary": (
        "  calibration: [none, poststratify, rake]",
        "  calibration: []",
        "FILE: vary.calibration: must list at least 1.",
    ),
    "an edition without a name": (
        "title: The Social Value Tracker",
        'title: ""',
        "FILE: publish.title: must not be empty; found ''.",
    ),
    "unknown section": (
        "weight:\n",
        "extra: 1\n\nweight:\n",
        "FILE: there is no such key; found 'extra'; allowed: waves, reconstruct, rehearse, fieldwork, clean, validate, "
        "weight, analyse, disclose, vary, figures, publish, compute, coverage.",
    ),
    "unknown key": (
        "  confidence:",
        "  confidense:",
        "FILE: analyse: there is no such key; found 'confidense'; allowed: confidence, flag_below, withhold_below.",
    ),
    "missing key": ("  partial_from: 0.5\n", "  {}\n", "FILE: clean: the key 'partial_from' is missing."),
    "no such choice": (
        "calibration: poststratify",
        "calibration: foo",
        "FILE: weight.calibration: not a value that it can have; found 'foo'; allowed: none, poststratify, rake.",
    ),
    "out of range": ("partial_from: 0.5", "partial_from: 5", "FILE: clean.partial_from: must be at most 1; found 5."),
    "an answer that becomes less than all of it": (
        "fairly_low: {fairly_low: 0.9, none_at_all: 0.1}",
        "fairly_low: {fairly_low: 0.9}",
        "FILE: rehearse.becomes.act_impact.fairly_low: the shares add up to 0.9, not to 1.",
    ),
    "a chance that is none": ("stays: 0.85", "stays: 85", "FILE: rehearse.stays: must be at most 1; found 85."),
    "a change in per cent": (
        "challenges: {measuring_after: -0.14}",
        "challenges: {measuring_after: -14}",
        "FILE: rehearse.moved.challenges.measuring_after: must be at least -1; found -14.",
    ),
    "fewer than nobody": (
        "la_over_300k: {panel: 9, new: 5}",
        "la_over_300k: {panel: -9, new: 5}",
        "FILE: rehearse.organisations.la_over_300k.panel: must be at least 0; found -9.",
    ),
    "a size band with half of its numbers": (
        "la_over_300k: {panel: 9, new: 5}",
        "la_over_300k: {panel: 9}",
        "FILE: rehearse.organisations.la_over_300k: the key 'new' is missing.",
    ),
    "shares that are not all": (
        "refused: 0.3\n",
        "refused: 0.4\n",
        "FILE: fieldwork.not_answering: the shares add up to 1.1, not to 1.",
    ),
    "withheld before flagged": (
        "flag_below: 30",
        "flag_below: 5",
        "FILE: analyse: `flag_below` (5) must not be below `withhold_below` (10).",
    ),
    "a base of nobody": (
        "minimum_base: 10",
        "minimum_base: 0",
        "FILE: disclose.minimum_base: must be at least 1; found 0.",
    ),
    "a count that is none": (
        "minimum_count: 1",
        "minimum_count: 1.5",
        "FILE: disclose.minimum_count: must be a whole number; found 1.5.",
    ),
    "shares without digits": (
        "share_digits: 2",
        "share_digits: 0",
        "FILE: disclose.share_digits: must be at least 1; found 0.",
    ),
    "bases rounded to nothing": (
        "weighted_base_to: 10",
        "weighted_base_to: 0",
        "FILE: disclose.weighted_base_to: must be above 0; found 0.",
    ),
    "not a colour": (
        'ink: "#1A2530"',
        "ink: black",
        "FILE: figures.colours.ink: must be a colour such as '#0B4F7A'; found 'black'.",
    ),
    "one colour of a list": (
        '"#6D1A36"',
        "red",
        "FILE: figures.colours.groups, item 3: must be a colour such as '#0B4F7A'; found 'red'.",
    ),
    "not a day": (
        'starts: "03-03"',
        'starts: "03-30"',
        "FILE: fieldwork.starts: must be a month and a day up to the 28th, such as '03-28'; found '03-30'.",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), SETTINGS_FAULTS.values(), ids=SETTINGS_FAULTS)
def test_each_fault_of_the_settings_is_one_sentence(tmp_path, old, new, sentence):
    assert refusal_of(load_params, tmp_path / "params.yaml", SETTINGS, old, new) == sentence


def test_what_is_flagged_may_be_what_is_withheld(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(SETTINGS.replace("flag_below: 30", "flag_below: 10"), encoding="utf-8")
    assert load_params(path).analyse.flag_below == load_params(path).analyse.withhold_below == 10


# ---- codebook

CODEBOOK_FAULTS = {
    "doubled key": (
        "wave: 2020\n",
        "wave: 2020\nwave: 2021\n",
        "FILE, row 4: this key stands twice; found 'wave'; keep one of the two.",
    ),
    "overlapping bands": (
        "band: {sector: lib, at_least: 20000}",
        "band: {sector: lib, at_least: 19999}",
        "FILE: codebook: question scale: the bands of lib_few and lib_many overlap.",
    ),
    "open band below another": (
        "at_least: 1, below: 20000}",
        "at_least: 1}",
        "FILE: codebook: question scale: the bands of lib_few and lib_many overlap.",
    ),
    "empty band": (
        "band: {sector: mus, at_least: 5000, below: 50000}",
        "band: {sector: mus, at_least: 5000, below: 5000}",
        "FILE: codebook: question scale: the band of mus_middle holds no size.",
    ),
    "code twice": (
        "{id: cards, label: Cards, code: 3",
        "{id: cards, label: Cards, code: 1",
        "FILE: codebook: question goods: the code 1 stands twice.",
    ),
    "spelling twice": (
        "spellings: [Planned]",
        'spellings: [" y "]',
        "FILE: codebook: question shop: the text ' y ' stands for two answers, yes and planned.",
    ),
    "spelling that is another's label": (
        "spellings: [Gallery or museum]",
        "spellings: [LIBRARY]",
        "FILE: codebook: question kind: the text 'LIBRARY' stands for two answers, lib and mus.",
    ),
    "spelling that is another's code": (
        "spellings: [Planned]",
        'spellings: ["1.0"]',
        "FILE: codebook: question shop: the text '1.0' stands for two answers, yes and planned.",
    ),
    "column of two questions": (
        "column: V1",
        "column: S1",
        "FILE: codebook: questions shop and outlook have one column of the export, 'S1'.",
    ),
    "column of one answer of a multiple question": (
        "column: V1",
        "column: E1_2",
        "FILE: codebook: questions events and outlook have one column of the export, 'E1_2'.",
    ),
    "unknown key of a question": (
        "label: Channel\n",
        "lable: Channel\n",
        "FILE: question channel: there is no such key; found 'lable'; allowed: id, text, label, column, kind, "
        "asked_of, asked_if, max_answers, min_answers, answers, nets, note.",
    ),
    "unknown key of an answer": (
        "{id: crafts, label: Crafts, code: 2}",
        "{id: crafts, label: Crafts, cod: 2}",
        "FILE: question events, answer crafts: there is no such key; found 'cod'; allowed: id, label, code, spellings, "
        "phrases, missing, band.",
    ),
    "unknown key of a condition": (
        "asked_if: {goods: {all: [books], none: [toys]}}",
        "asked_if: {goods: {al: [books], none: [toys]}}",
        "FILE: question profit, asked_if.goods: there is no such key; found 'al'; allowed: any, all, none.",
    ),
    "a figure in two chapters": (
        "title: Shops, figures: [figure_2]",
        "title: Shops, figures: [figure_1]",
        "FILE: codebook: chapters: the figures 'figure_1' stand twice.",
    ),
    "a chapter of an unknown finding": (
        "figures: [figure_2], findings: [finding_1]",
        "figures: [figure_2], findings: [finding_9]",
        "FILE: codebook: chapters, findings: 'finding_9' is not known; known are: finding_1, finding_2.",
    ),
    "missing key": ("    label: Channel\n", "", "FILE: question channel: the key 'label' is missing."),
    "missing key of a clause": (
        "category: talks, versus_category: crafts, text",
        "versus_category: crafts, text",
        "FILE: finding finding_2, clause 1: the key 'category' is missing.",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), CODEBOOK_FAULTS.values(), ids=CODEBOOK_FAULTS)
def test_each_fault_of_a_codebook_is_one_sentence(tmp_path, old, new, sentence):
    assert refusal_of(load_codebook, tmp_path / "codebook.yaml", CODEBOOK, old, new) == sentence


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("band: {sector: lib, at_least: 20000}", "band: {sector: lib, at_least: 30000}"),
        ("column: V1", "column: Type"),
        ("spellings: [Planned]", "spellings: [Planned, PLANNED]"),
    ],
    ids=["a gap between bands", "one column in two files", "one answer spelled alike twice"],
)
def test_what_misleads_nobody_is_allowed(tmp_path, old, new):
    assert CODEBOOK.count(old) == 1
    path = tmp_path / "codebook.yaml"
    path.write_text(CODEBOOK.replace(old, new), encoding="utf-8")
    assert load_codebook(path).wave == 2020


# ---- population.yaml

POPULATION_FAULTS = {
    "doubled key": (
        "    label: Organisations in England\n",
        "    label: Organisations in England\n    label: Elsewhere\n",
        f"FILE, row {POPULATION[: POPULATION.index('    label: Organisations in England')].count(chr(10)) + 2}: this "
        "key stands twice; found 'label'; keep one of the two.",
    ),
    "unknown key": (
        "          size: population\n          keep: {nation: [England]}\n",
        "          sise: population\n          keep: {nation: [England]}\n",
        "FILE: populations.england, sector la, count: there is no such key; found 'sise'; allowed: file, id, size, "
        "keep, leave.",
    ),
    "missing key": (
        "            measure: housing associations owning <1000 units\n",
        "",
        "FILE: populations.england, sector ha, total 1: the key 'measure' is missing.",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), POPULATION_FAULTS.values(), ids=POPULATION_FAULTS)
def test_each_fault_of_the_population_is_one_sentence(tmp_path, old, new, sentence):
    path = tmp_path / "population.yaml"
    assert refusal_of(lambda file: load_populations(file.parent), path, POPULATION, old, new) == sentence


# ---- claims.csv


def claims_refusal(tmp_path, table, codebook):
    path = tmp_path / "claims.csv"
    table.to_csv(path, index=False)
    return refusal(load_claims, path, codebook).replace(str(path), "FILE")


def counted(number, **changes):
    claim = {"id": "a", "measure": "shop", "value": str(number), "unit": "count", "rounding": "exact"}
    return pd.DataFrame([USUAL | claim | changes])[COLUMNS]


def test_a_column_that_no_claim_has_is_refused(tmp_path, small_codebook):
    said = claims_refusal(tmp_path, counted(1).assign(comment="x"), small_codebook)
    assert said == f"FILE, column comment: there is no such column; allowed: {', '.join(COLUMNS)}."


def test_a_count_above_all_respondents_is_refused(tmp_path, small_codebook):
    sixty = small_codebook.model_copy(update={"respondents": 60})
    assert claims_refusal(tmp_path, counted(61), sixty) == (
        "FILE, row 2, column value: more organisations than the codebook's respondents; found '61'; allowed: 0 to 60."
    )


@pytest.mark.parametrize(
    ("number", "changes", "respondents"),
    [(60, {}, 60), (61, {}, None), (1829, {"measure": "", "category": ""}, 60)],
    ids=["all of them", "number of respondents not known", "not of respondents"],
)
def test_a_count_that_can_be_is_accepted(tmp_path, small_codebook, number, changes, respondents):
    path = tmp_path / "claims.csv"
    counted(number, **changes).to_csv(path, index=False)
    claims = load_claims(path, small_codebook.model_copy(update={"respondents": respondents}))
    assert claims["number"].tolist() == [number]


# ---- tracker check


@pytest.fixture
def project(tmp_path):
    """A folder with the settings and one wave's codebook, as the project has them."""
    (tmp_path / "data/codebook").mkdir(parents=True)
    first_wave_only = SETTINGS.replace("  all: [2014, 2015]\n", "  all: [2014]\n").replace("  rehearsal: [2015]\n", "")
    (tmp_path / "params.yaml").write_text(first_wave_only, encoding="utf-8")
    (tmp_path / "data/population").mkdir()
    (tmp_path / "data/population/population.yaml").write_text(POPULATION, encoding="utf-8")
    book = CODEBOOK.replace("wave: 2020\n", "wave: 2014\n").replace("kind: fieldwork\n", "kind: reconstruction\n")
    (tmp_path / "data/codebook/2014.yaml").write_text(book, encoding="utf-8")
    return tmp_path


def edited(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def tracker_check(folder):
    command = [sys.executable, "-m", "pipeline.app", "check"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ)


@pytest.fixture
def first_wave(project):
    """The folder with the first wave's own codebook and the population's tables."""
    shutil.copy(ROOT / "data/codebook/2014.yaml", project / "data/codebook/2014.yaml")
    shutil.copytree(ROOT / "data/population", project / "data/population", dirs_exist_ok=True)
    return project


def test_settings_and_codebooks_that_are_right_give_one_short_line(first_wave):
    ended = tracker_check(first_wave)
    assert (ended.returncode, ended.stdout) == (0, "OK: settings, populations and codebook of 2014\n")
    # Its methodology is not written yet, which is no fault of these.
    assert ended.stderr.startswith("NOTE: stage describe will stop: ") and ended.stderr.count("\n") == 1


def test_an_entry_of_a_revision_that_names_an_organisation_ends_the_check(first_wave):
    edited(first_wave / "params.yaml", "reconstruction: [2014]", "reconstruction: []")
    edited(first_wave / "data/codebook/2014.yaml", "kind: reconstruction\n", "kind: fieldwork\n")
    frame, entries = first_wave / "data/raw/2014/frame.csv", first_wave / "docs/revisions.md"
    for path in (frame, entries):
        path.parent.mkdir(parents=True)
    frame.write_text("organisation,organisation_name\nha-1,Peabody\n", encoding="utf-8")
    said = {"date": "2026-01-31", "by": "A. Analyst", "cause": "data", "changed": "a.csv", "why": "Peabody was late."}
    entries.write_text("# Revisions\n\n" + entry_text("2014-0123abcd", **said), encoding="utf-8")
    ended = tracker_check(first_wave)
    assert ended.returncode == 1
    assert ended.stderr.startswith("tracker: docs/revisions.md, row 3: the entry would be published beside the numbers")
    frame.unlink()
    assert tracker_check(first_wave).returncode == 0


def test_a_total_that_cannot_be_used_ends_the_check(first_wave):
    path = first_wave / "data/population/housing_association_bands.csv"
    edited(path, "housing associations owning <1000 units", "housing associations")
    ended = tracker_check(first_wave)
    assert (ended.returncode, ended.stdout) == (1, "") and ended.stderr.count("\n") == 1
    assert "housing associations owning <1000 units" in ended.stderr


def test_a_fault_ends_the_check_with_one_sentence(project):
    edited(project / "params.yaml", "weight:\n", "wieght:\n")
    ended = tracker_check(project)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "tracker: params.yaml: there is no such key; found 'wieght'; allowed: waves, reconstruct, rehearse, fieldwork, "
        "clean, validate, weight, analyse, disclose, vary, figures, publish, compute, coverage.\n"
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        (
            "params.yaml",
            "  all: [2014]\n",
            "  all: [2014, 2015]\n",
            "data/codebook/2015.yaml: there is no such codebook.",
        ),
        (
            "data/codebook/2014.yaml",
            "wave: 2014\n",
            "wave: 2013\n",
            "data/codebook/2014.yaml: wave: the codebook is of another wave; found 2013; allowed: 2014.",
        ),
        (
            "params.yaml",
            "  reconstruction: [2014]\n",
            "  rehearsal: [2014]\n",
            "data/codebook/2014.yaml: kind: params.yaml says otherwise; found 'reconstruction'; allowed: rehearsal.",
        ),
    ],
    ids=["no codebook", "another wave", "another kind"],
)
def test_the_check_reads_the_codebook_of_every_wave(project, monkeypatch, file, old, new, sentence):
    edited(project / file, old, new)
    monkeypatch.chdir(project)
    assert refusal(check, Path("params.yaml"), Path("data/codebook")) == sentence


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{foo}", "the text has a placeholder that is not known; found 'foo'; allowed: base, "),
        ("{share.__class__}", "the text has a placeholder that is not known; found 'share.__class__'; allowed: base, "),
        ("{share", "the text cannot be read: "),
    ],
)
def test_the_check_reads_what_is_to_be_said_of_findings(project, monkeypatch, written, said):
    edited(
        project / "data/codebook/2014.yaml", "({share}, {interval}, n = {base}) have a shop", f"{written} have a shop"
    )
    monkeypatch.chdir(project)
    sentence = refusal(check, Path("params.yaml"), Path("data/codebook"))
    assert sentence.startswith(f"data/codebook/2014.yaml: finding finding_1: {said}")


@pytest.mark.parametrize(("old", "section"), [("population: england\n", "weight"), ("[england, ", "vary")])
def test_the_check_knows_which_populations_there_are(project, old, section):
    edited(project / "params.yaml", old, old.replace("england", "atlantis"))
    ended = tracker_check(project)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"tracker: params.yaml: {section}.population: population.yaml has no such population; found 'atlantis'; "
        "allowed: england, england_and_wales.\n"
    )


# Stands for the environment's Python: notes what `make` asks of it, and fails where it is told to.
STAND_IN = """#!/bin/sh
echo "$*" >> asked
case "$*" in *"$FAILS"*) exit 1;; esac
"""


@pytest.mark.parametrize(
    ("fails", "asked"),
    [
        ("nothing", ["check", "status"]),
        ("status", ["check", "status", "repro"]),
        ("check", ["check"]),
    ],
    ids=["nothing has changed", "something has changed", "broken settings"],
)
def test_make_checks_then_looks_for_changes_and_only_then_runs_the_pipeline(tmp_path, fails, asked):
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "pyproject.toml").touch()
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN, encoding="utf-8")
    python.chmod(0o755)
    for stamp in ("lock", "project"):
        (tmp_path / f".venv/{stamp}.stamp").touch()
    environment = os.environ | {"FAILS": fails}
    ended = subprocess.run(["make"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    commands = {
        "check": "-m pipeline.app check",
        "status": "-m dvc status --quiet",
        "repro": "-m dvc repro --all-pipelines",
    }
    assert (tmp_path / "asked").read_text(encoding="utf-8").splitlines() == [commands[a] for a in asked]
    assert ("Nothing has changed" in ended.stdout, ended.returncode > 0) == (fails == "nothing", fails == "check")
