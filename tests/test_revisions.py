"""Changes of published numbers are found to the last digit, have one name, a cause, and an acknowledgement each."""

import re
import subprocess

import pandas as pd
import pytest
from made_estimates import changed, estimates_of

from pipeline.acknowledge import cause_of, pending
from pipeline.findings import finding_clauses
from pipeline.problems import InputProblem
from pipeline.provenance import stages_before
from pipeline.revisions import (
    CHANGED,
    LOGGED,
    as_sources,
    as_table,
    causes,
    changed_numbers,
    entry_text,
    published_numbers,
    read_entries,
    read_numbers,
    read_released,
    released_before,
    sources,
    with_entries,
    without_withheld,
)
from pipeline.tables import write_table

NAME = "2020-0123abcd"
ENTRY = {"date": "2026-11-25", "by": "A. Analyst", "cause": "data; code", "changed": "a.csv", "why": "Late."}


@pytest.fixture(scope="module")
def estimates(small_codebook):
    return estimates_of(small_codebook)


def numbers_of(estimates, codebook, folder):
    """The published numbers as they are read from what `analyse` writes."""
    write_table(folder / "estimates.csv", estimates)
    write_table(folder / "key_findings_clauses.csv", finding_clauses(estimates, codebook, 0.95))
    return read_numbers(folder)


def test_every_estimate_and_every_sentence_is_a_published_number(estimates, small_codebook, tmp_path):
    now = numbers_of(estimates, small_codebook, tmp_path)
    assert len(now) == len(estimates) + 3 and now["number"].is_unique
    assert "shop/yes/kind/lib/weighted" in set(now["number"])
    assert now.loc[now["number"].eq("finding 1.2"), "sentence"].item().startswith("Museums have one ")


def test_a_change_in_the_last_digit_is_found_and_nothing_else_is(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    row = before[before["number"].eq("outlook/bright/total/total/weighted")]
    moved = changed(estimates, "outlook", "bright", basis="weighted", estimate=float(row["estimate"].item()) + 2e-12)
    found = changed_numbers(2020, before, numbers_of(moved, small_codebook, tmp_path))
    assert list(found.columns) == CHANGED
    assert found[["number", "column"]].values.tolist() == [["outlook/bright/total/total/weighted", "estimate"]]
    assert found["old"].item() == row["estimate"].item() != found["new"].item()


def test_a_sentence_that_reads_otherwise_is_a_revision(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    moved = changed(estimates, "shop", "yes", estimate=0.77)
    found = changed_numbers(2020, before, numbers_of(moved, small_codebook, tmp_path))
    assert set(found["column"]) == {"estimate", "sentence"}
    assert "finding 1.1" in set(found["number"]) and "77%" in found.loc[found["column"].eq("sentence"), "new"].item()


def test_a_base_or_an_error_that_changed_is_a_revision_where_it_was_put_on_record(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    now = numbers_of(changed(estimates, "shop", "yes", se=0.5, n_eff=3.0), small_codebook, tmp_path)
    assert set(changed_numbers(2020, before, now)["column"]) == {"se", "n_eff"}
    assert changed_numbers(2020, before.drop(columns=["n_weighted", "n_eff", "se", "deff"]), now).empty


def test_a_released_wave_that_is_made_no_more_stops_the_run(tmp_path):
    (tmp_path / "data/published/2019").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/revisions.md").write_text("# Revisions\n", encoding="utf-8")
    with pytest.raises(InputProblem, match=r"data/published/2019.*no run makes that wave any more.*waves\.all"):
        pending(tmp_path)


def test_what_is_gone_is_withdrawn_and_what_is_new_is_no_revision(estimates, small_codebook, tmp_path):
    now = numbers_of(estimates, small_codebook, tmp_path)
    found = changed_numbers(2020, now, now[now["number"].ne("shop/yes/total/total/unweighted")])
    assert set(found["number"]) == {"shop/yes/total/total/unweighted"} and set(found["new"]) == {"withdrawn"}
    assert changed_numbers(2020, now.iloc[5:], now).empty


def test_nothing_changes_what_was_never_released(estimates, small_codebook, tmp_path):
    now = numbers_of(estimates, small_codebook, tmp_path)
    assert read_released(tmp_path) is None
    assert changed_numbers(2020, None, now).empty
    write_table(tmp_path / "numbers.csv", now)
    assert changed_numbers(2020, read_released(tmp_path), now).empty


def test_the_same_change_made_once_more_has_a_name_of_its_own(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    now = numbers_of(changed(estimates, "shop", "yes", estimate=0.77), small_codebook, tmp_path)
    names = []
    for _ in range(3):
        [name] = changed_numbers(2020, before, now, taken=names)["revision"].unique()
        names.append(name)
    assert len(set(names)) == 3 and all(re.fullmatch(r"2020-[0-9a-f]{8}", name) for name in names)
    assert changed_numbers(2020, before, now)["revision"].iloc[0] == names[0]


def test_other_changes_have_another_name(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    names = set()
    for share in (0.5, 0.5, 0.51):
        moved = changed(estimates, "outlook", "steady", estimate=share)
        names |= set(changed_numbers(2020, before, numbers_of(moved, small_codebook, tmp_path))["revision"])
    assert len(names) == 2 and all(name.startswith("2020-") for name in names)


# ---- what is withheld since


KEY = ("outlook", "bright", "kind", "lib")
CLAUSE_KEY = ("shop", "yes")
HIDDEN = dict.fromkeys(("count", "estimate", "se", "ci_low", "ci_high", "deff"), None) | {"quality": "withheld"}


def test_a_revision_does_not_print_what_it_withholds(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    moved = changed(changed(estimates, *KEY, **HIDDEN, n=99), *CLAUSE_KEY, **HIDDEN)
    moved = changed(moved, "outlook", "steady", estimate=0.5)
    found = changed_numbers(2020, before, numbers_of(moved, small_codebook, tmp_path))
    gone = found["number"].str.startswith(("outlook/bright/kind/lib/", "shop/yes/total/total/", "finding 1.1"))
    assert set(found.loc[gone, "column"]) >= {"n", "count", "estimate", "ci_low", "quality", "sentence"}
    assert found.loc[gone, "old"].eq("").all() and found.loc[~gone, "old"].ne("").all() and (~gone).any()


def test_the_name_of_a_revision_does_not_give_away_what_is_withheld(estimates, small_codebook, tmp_path):
    now = numbers_of(changed(estimates, *KEY, **HIDDEN), small_codebook, tmp_path)
    names = set()
    for count in (12, 13):
        before = numbers_of(changed(estimates, *KEY, count=count), small_codebook, tmp_path)
        names |= set(changed_numbers(2020, before, now)["revision"])
    assert len(names) == 1


def test_what_a_printed_report_said_stays_in_the_log(estimates, small_codebook, tmp_path):
    printed = estimates.assign(support="published")
    before = numbers_of(printed, small_codebook, tmp_path)
    found = changed_numbers(2020, before, numbers_of(changed(printed, *KEY, **HIDDEN), small_codebook, tmp_path))
    assert "quality" in set(found["column"]) and found["old"].ne("").all()


def test_revisions_before_do_not_tell_what_a_later_one_withholds(estimates, small_codebook, tmp_path):
    first = numbers_of(estimates, small_codebook, tmp_path)
    second = numbers_of(changed(estimates, *KEY, count=41, estimate=0.41), small_codebook, tmp_path)
    third = numbers_of(changed(estimates, *KEY, **HIDDEN), small_codebook, tmp_path)
    log = pd.concat([changed_numbers(2020, first, second), changed_numbers(2020, second, third)], ignore_index=True)
    assert log["new"].eq("41").any()
    kept = without_withheld(log)
    earlier = kept["revision"].eq(kept["revision"].iloc[0])
    assert kept.loc[earlier, ["old", "new"]].eq("").all(axis=None)
    assert kept[~earlier].equals(log[~earlier]) and kept.drop(columns=["old", "new"]).equals(
        log[kept.columns.difference(["old", "new"], sort=False)]
    )
    other = log.assign(wave=log["wave"].mask(earlier, "2019"))
    assert without_withheld(other).equals(other)


# ---- causes

LOCK = {
    "clean@1": {
        "deps": [{"path": "data/raw/a.csv", "md5": "aa"}, {"path": "pipeline/clean.py", "md5": "bb"}],
        "params": {"params.yaml": {"clean": {"partial_from": 0.5}}},
        "outs": [{"path": "data/clean/a.csv", "md5": "cc"}],
    },
    "analyse@1": {
        "deps": [{"path": "data/clean/a.csv", "md5": "cc"}, {"path": "notebooks/analyse.ipynb", "md5": "dd"}],
        "params": {"params.yaml": {"analyse": {"trim": {"upper": None}, "x": [1, 2]}}},
        "outs": [{"path": "reports/1/estimates.csv", "md5": "ee"}],
    },
    "other@2": {"deps": [{"path": "data/raw/b.csv", "md5": "ff"}], "outs": []},
}


def test_sources_are_what_no_stage_wrote_and_of_no_other_wave():
    found = sources(LOCK, stages_before(LOCK, "analyse@1"))
    assert set(found) == {
        ("data", "data/raw/a.csv"),
        ("code", "pipeline/clean.py"),
        ("code", "notebooks/analyse.ipynb"),
        ("parameter", "clean.partial_from"),
        ("parameter", "analyse.trim.upper"),
        ("parameter", "analyse.x"),
    }
    assert as_sources(as_table(found)) == found


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (("data", "data/raw/a.csv"), "zz", ("data", "data/raw/a.csv")),
        (("code", "pipeline/clean.py"), "zz", ("code", "pipeline/clean.py")),
        (("parameter", "analyse.trim.upper"), "2", ("parameter", "analyse.trim.upper from null to 2")),
        (("code", "pipeline/new.py"), "zz", ("code", "pipeline/new.py (new)")),
    ],
)
def test_a_cause_is_named(key, value, told):
    before = sources(LOCK, stages_before(LOCK, "analyse@1"))
    assert causes(before, before | {key: value}) == told


def test_several_causes_are_all_named_and_none_is_unknown():
    before = sources(LOCK, stages_before(LOCK, "analyse@1"))
    both = before | {("code", "pipeline/clean.py"): "zz", ("data", "data/raw/a.csv"): "zz"}
    assert causes(before, both) == ("data; code", "pipeline/clean.py; data/raw/a.csv")
    assert causes(before, before)[0] == "unknown"


# What DVC records once the interviews of a wave that was rebuilt are there: the rebuilding's entry stays.
RECORD = """\
schema: '2.0'
stages:
  rebuild@2020:
    cmd: x
    deps: [{path: data/codebook/2020.yaml, md5: aa}]
    outs: [{path: data/raw/2020/interviews.csv, md5: bb}]
  analyse@2020:
    cmd: y
    deps: [{path: data/raw/2020/interviews.csv, md5: bb}]
    outs: [{path: reports/2020/estimates.csv, md5: cc}]
"""
GRAPH = "stages: {rebuild: {foreach: '${waves.reconstruction}'}, analyse: {foreach: '${waves.all}'}}"


@pytest.mark.parametrize(
    ("rebuilt_now", "read_now", "told"),
    [
        ("", "dd", ("data", "data/raw/2020/interviews.csv")),
        ("2020", "bb", ("unknown", "no source of it: a result was changed by hand")),
    ],
)
def test_interviews_are_the_cause_once_no_stage_makes_them(
    estimates, small_codebook, tmp_path, rebuilt_now, read_now, told
):
    report, released = tmp_path / "reports/2020", tmp_path / "data/published/2020"
    for folder in (report, released):
        folder.mkdir(parents=True)
    write_table(released / "numbers.csv", numbers_of(estimates, small_codebook, report))
    (tmp_path / "dvc.yaml").write_text(GRAPH)
    settings = tmp_path / "params.yaml"
    settings.write_text(f"waves: {{all: [2020], reconstruction: [{rebuilt_now}]}}")
    (tmp_path / "dvc.lock").write_text(RECORD)
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "All"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    before, _, after = RECORD.rpartition("md5: bb")
    (tmp_path / "dvc.lock").write_text(f"{before}md5: {read_now}{after}")
    assert cause_of(tmp_path, 2020) == told


# ---- acknowledgements


@pytest.fixture
def document(tmp_path):
    def written(*entries):
        path = tmp_path / "revisions.md"
        path.write_text("\n".join(["# Revisions", "", "    ## 2020-00000000", "", *entries]), encoding="utf-8")
        return path

    return written


def test_an_entry_is_read_as_it_is_written(document):
    assert read_entries(document(entry_text(NAME, **ENTRY))) == {NAME: ENTRY}
    assert read_entries(document()) == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"by": ""}, "row 5: the entry has no field By; allowed: Date, By, Cause, Changed, Why."),
        ({"date": "yesterday"}, "row 5, column Date: not a date; found 'yesterday'; allowed: YYYY-MM-DD."),
        ({"date": "2026-13-45"}, "row 5, column Date: not a date; found '2026-13-45'; allowed: YYYY-MM-DD."),
        ({"date": "2026-02-29"}, "row 5, column Date: not a date; found '2026-02-29'; allowed: YYYY-MM-DD."),
        ({"date": "20260131"}, "row 5, column Date: not a date; found '20260131'; allowed: YYYY-MM-DD."),
        ({"cause": "bad luck"}, "row 5, column Cause: not a cause; found 'bad luck'; allowed: data, code, "),
    ],
)
def test_an_entry_that_says_too_little_is_refused(document, change, said):
    with pytest.raises(InputProblem) as problem:
        read_entries(document(entry_text(NAME, **(ENTRY | change))))
    assert said in str(problem.value)


def test_an_entry_twice_is_refused(document):
    with pytest.raises(InputProblem, match="this revision has an entry already"):
        read_entries(document(entry_text(NAME, **ENTRY), entry_text(NAME, **ENTRY)))


def test_only_the_changes_that_an_entry_names_are_acknowledged():
    rows = pd.DataFrame(
        [[NAME, "2020", "a", "n", "1", "2"], ["2020-ffffffff", "2020", "b", "n", "1", "3"]], columns=CHANGED
    )
    told = with_entries(rows, {NAME: ENTRY})
    assert list(told.columns) == LOGGED
    assert told["acknowledged"].tolist() == ["2026-11-25", ""]
    assert told["cause"].tolist() == ["data; code", ""]


def test_published_numbers_are_text(estimates, small_codebook):
    clauses = finding_clauses(estimates, small_codebook, 0.95).astype("string")
    assert (published_numbers(estimates.astype("string"), clauses).dtypes == "string").all()


def test_the_names_of_released_revisions_are_those_of_the_wave(tmp_path):
    log = pd.DataFrame([["2020-00000001", "2020"], ["2020-00000001", "2020"], ["2021-00000002", "2021"]])
    log = log.set_axis(["revision", "wave"], axis=1).reindex(columns=LOGGED).fillna("")
    write_table(tmp_path / "data/published/revisions.csv", log)
    assert list(released_before(tmp_path, 2020)) == ["2020-00000001"]
