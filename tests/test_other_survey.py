"""Another survey, about libraries and museums, runs from its raw files to its report by the same stages and code."""

import json
import re
import shutil

import pandas as pd
import pytest
from other_survey import OtherSurvey

from pipeline.codebook import load_codebook
from pipeline.explain_command import as_text, explained
from pipeline.problems import InputProblem
from pipeline.revisions import SUPPORTED, entry_text, read_log
from pipeline.tables import read_respondents, read_table

pytestmark = pytest.mark.slow
WAVE = 2020


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """The other survey's project, run from its raw files to its report, and committed."""
    survey = OtherSurvey(tmp_path_factory.mktemp("other"), waves=(WAVE,))
    status, printed = survey.dvc("repro")
    assert status == 0, printed[-3000:]
    survey.first_run = printed
    survey.commit()
    return survey


def test_a_fieldwork_wave_goes_from_raw_files_to_findings_and_nothing_is_rebuilt_or_simulated(survey):
    ran = [name.partition("@")[0] for name in survey.ran(survey.first_run)]
    way = ["validate", "clean", "weight", "analyse"]
    assert [stage for stage in ran if stage in way] == way
    assert not {"reconstruct", "rehearse", "fieldwork", "audit"} & set(ran)


def test_its_figures_findings_and_estimates_are_its_own(survey):
    book = load_codebook(survey.root / f"data/codebook/{WAVE}.yaml")
    report = survey.root / f"reports/{WAVE}"
    for figure in book.figures:
        for kind in ("svg", "png", "csv", "txt"):
            assert (report / "figures" / f"{figure.id}.{kind}").stat().st_size > 100
    findings = read_table(report / "key_findings.csv")
    assert list(findings["heading"]) == [f.heading for f in book.findings]
    rows = read_respondents(survey.root / f"data/weighted/{WAVE}/respondents.csv", book)
    assert len(rows) == survey.rows
    estimates = read_table(report / "estimates.csv")
    shops = estimates[
        estimates["measure"].eq("shop") & estimates["category"].eq("yes") & estimates["break"].eq("total")
    ]
    share = {"unweighted": rows["shop"].eq("yes").mean()}
    share["weighted"] = rows.loc[rows["shop"].eq("yes"), "weight"].sum() / rows["weight"].sum()
    for row in shops.to_dict("records"):
        # What leaves a wave that is not public has its weighted shares rounded.
        rounded = 0.005 if row["basis"] == "weighted" else 1e-9
        assert row["estimate"] == pytest.approx(share[row["basis"]], abs=rounded)
        assert row["support"] == "measured"
    assert f"({round(100 * share['unweighted'])}%" in findings["sentence"][0]


def test_nothing_of_the_first_survey_is_in_its_report(survey):
    for path in sorted((survey.root / "reports").rglob("*")):
        if path.suffix in (".csv", ".txt", ".html"):
            # Whoever asks for the disclosure items may keep its name.
            text = path.read_text(encoding="utf-8").replace("British Polling Council", "")
            assert not re.search("social value|housing|council|authorit|england", text, re.IGNORECASE), path.name
            assert not re.search("MODELLED|REHEARSAL", text), path.name


def test_every_finding_and_mark_can_be_explained(survey):
    book = load_codebook(survey.root / f"data/codebook/{WAVE}.yaml")
    for finding in book.findings:
        found = explained(["finding", str(finding.number)], project=survey.root)
        assert [c["sentence"] for c in found["finding"]["clauses"]]
        assert all(e["records"] for c in found["finding"]["clauses"] for e in c["estimates"])
    found = explained(["figure", "2", "lib", "yes"], project=survey.root)
    assert found["figure"]["drawn"] == found["estimates"][0]["printed"]
    origin = found["origin"]
    assert (origin["stage"], origin["notebook"]) == (f"analyse@{WAVE}", "notebooks/analyse.ipynb")
    assert origin["cell"]["id"] == "figures" and "draw_all(" in origin["cell"]["code"]
    head = survey.run("git", "rev-parse", "HEAD").stdout.strip()
    assert origin["commit"]["commit"] == head and not origin["commit"]["changed"]
    assert origin["as_recorded"] and found["data"]["as_recorded"]
    assert f"weight@{WAVE}" in origin["before"]


def test_an_explanation_is_a_screen_of_plain_text(survey):
    lines = as_text(explained(["shop/yes/kind/lib/weighted"], project=survey.root)).splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 110
    headings = [line.split()[0] for line in lines if line and not line.startswith(" ")]
    wanted = ["NUMBER", "QUESTION", "BASE", "WEIGHTS", "FORMULA", "SUPPORT", "RECORDS", "MADE", "STAGE", "COMMIT"]
    assert [h for h in headings if h in wanted] == wanted


def test_an_estimate_changed_by_hand_is_not_explained_away(survey):
    path = survey.root / f"reports/{WAVE}/estimates.csv"
    kept = path.read_bytes()
    try:
        table = read_table(path)
        row = table["measure"].eq("shop") & table["category"].eq("yes")
        table.assign(estimate=table["estimate"].where(~row, 0.5)).to_csv(path, index=False)
        with pytest.raises(InputProblem, match="do not give the published share of shop/yes"):
            explained(["shop/yes"], project=survey.root)
        found = explained(["shop/no"], project=survey.root)
        assert "BUT THE FILE IS NOT THE ONE RECORDED" in as_text(found)
        assert "the file has changed since" in as_text(found)
    finally:
        path.write_bytes(kept)


def test_without_the_data_it_says_what_brings_them(survey):
    data = survey.root / f"data/weighted/{WAVE}/respondents.csv"
    kept = data.read_bytes()
    data.unlink()
    try:
        text = as_text(explained(["finding", "1.1"], project=survey.root))
        assert "is not here: dvc checkout" in text and "dvc repro weight@2020" in " ".join(text.split())
        status, printed = survey.dvc("checkout", f"data/weighted/{WAVE}/respondents.csv")
        assert status == 0, printed
        assert data.read_bytes() == kept
    finally:
        data.write_bytes(kept)


def test_the_command_prints_the_same_as_text_and_as_json(survey):
    done = survey.run("tracker", "explain", "shop/yes")
    assert done.returncode == 0, done.stderr
    found = json.loads(survey.run("tracker", "explain", "shop/yes", "--json").stdout)
    assert found["estimates"][0]["address"] in done.stdout
    assert found["estimates"][0]["records"] and found["origin"]["stage_hash"][:12] in done.stdout
    bad = survey.run("tracker", "explain", "shap/yes")
    said = f"tracker: nothing in the {WAVE} wave has this name; found 'shap'; allowed: shop, "
    assert bad.returncode == 1 and bad.stderr.startswith(said) and bad.stderr.endswith(", finding, figure.\n")


def test_running_again_does_nothing(survey):
    status, printed = survey.dvc("repro")
    assert status == 0
    assert survey.ran(printed) == []
    assert survey.changed() == ""


@pytest.fixture(scope="module")
def released(survey):
    """The project with the wave's numbers on record as published."""
    done = survey.run("tracker", "release", str(WAVE))
    assert done.returncode == 0, done.stderr
    status, printed = survey.dvc("repro", "acknowledge")
    assert status == 0, printed[-3000:]
    survey.commit()
    return survey


@pytest.fixture
def restored(released, tmp_path):
    """The project, put back as it was when the test is over; its raw files are in neither git nor DVC."""
    head = released.run("git", "rev-parse", "HEAD").stdout.strip()
    raw = shutil.copytree(released.root / "data/raw", tmp_path / "raw")
    yield released
    released.run("git", "reset", "--quiet", "--hard", head)
    released.run("git", "clean", "--quiet", "-fd")
    shutil.copytree(raw, released.root / "data/raw", dirs_exist_ok=True)
    status, printed = released.dvc("checkout", "--force")
    assert status == 0, printed


def test_adding_a_wave_runs_that_wave_and_what_is_made_once_of_all(restored):
    before = {path: path.read_bytes() for path in (restored.root / f"reports/{WAVE}").rglob("*") if path.is_file()}
    restored.add_wave(WAVE + 1)
    status, printed = restored.dvc("repro")
    assert status == 0, printed[-3000:]
    ran = restored.ran(printed)
    assert f"analyse@{WAVE + 1}" in ran and "acknowledge" in ran
    assert [name for name in ran if "@" in name and not name.endswith(f"@{WAVE + 1}")] == []
    assert {path: path.read_bytes() for path in before} == before
    assert restored.ran(restored.dvc("repro")[1]) == []


# ---- revisions


def edit(survey, path, old, new):
    file = survey.root / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def refused(survey):
    """Run up to the acknowledgement, which must refuse: the one sentence said, and the log."""
    status, printed = survey.dvc("repro", "acknowledge")
    assert status != 0 and "Traceback" not in printed
    sentences = [line for line in printed.splitlines() if line.startswith("reports/revisions.csv: ")]
    assert len(sentences) == 1, printed[-2000:]
    return sentences[0], read_log(survey.root / "reports/revisions.csv", SUPPORTED)


def test_a_wave_that_was_never_released_is_held_to_nothing(survey):
    assert f"Published numbers of {WAVE}: not released yet" in survey.first_run


def test_a_change_of_data_is_listed_until_it_is_acknowledged_and_then_kept(restored):
    path = restored.root / f"data/raw/{WAVE}/interviews.csv"
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    complete = table["status"].eq("complete") & table["V1"].eq("Bleak")
    table.loc[complete.idxmax(), "V1"] = "Bright"
    table.to_csv(path, index=False)
    sentence, log = refused(restored)
    assert f"published numbers of {WAVE} changed, " in sentence
    assert f"because of data (data/raw/{WAVE}/interviews.csv), and nobody" in sentence
    assert set(log["cause"]) == {"data"} and set(log["acknowledged"]) == {""}
    assert {"outlook/bright/total/total/unweighted", "outlook/bleak/total/total/weighted"} <= set(log["number"])
    assert not log["number"].str.startswith("shop/").any()
    counts = log[log["number"].eq("outlook/bright/total/total/unweighted") & log["column"].eq("count")]
    assert int(counts["new"].item()) == int(counts["old"].item()) + 1
    [revision] = set(log["revision"])

    nobody = restored.run("tracker", "acknowledge", revision, "--by", " ", "--why", "A slip.")
    assert nobody.returncode == 1 and "the entry has no field By" in nobody.stderr
    other = restored.run("tracker", "acknowledge", "2020-00000000", "--by", "A", "--why", "A slip.")
    assert other.stderr.endswith(f"there is no such revision; found '2020-00000000'; allowed: {revision}.\n")
    named = table.loc[complete.idxmax(), "organisation"]
    told = restored.run("tracker", "acknowledge", revision, "--by", "A", "--why", f"A slip in one answer ({named}).")
    assert told.returncode == 1 and "names an organisation or a contact of" in told.stderr
    early = restored.run("tracker", "release", str(WAVE))
    assert early.returncode == 1 and "nobody has acknowledged it" in early.stderr
    said = ["--by", "A. Analyst", "--why", "An answer was keyed wrongly.", "--date", "2026-11-25"]
    done = restored.run("tracker", "acknowledge", revision, *said)
    assert done.returncode == 0, done.stderr
    status, printed = restored.dvc("repro", "acknowledge")
    assert status == 0, printed[-2000:]
    log = read_log(restored.root / "reports/revisions.csv", SUPPORTED)
    assert (
        set(log["acknowledged"]) == {"2026-11-25"}
        and set(log["by"]) == {"A. Analyst"}
        and set(log["cause"]) == {"data"}
    )

    assert restored.run("tracker", "release", str(WAVE)).returncode == 0
    status, printed = restored.dvc("repro", "acknowledge")
    assert status == 0 and restored.ran(printed) == [f"revise@{WAVE}", "acknowledge"]
    assert read_log(restored.root / "reports/revisions.csv", SUPPORTED).equals(log)
    assert restored.run("tracker", "release", str(WAVE)).returncode == 0
    assert restored.ran(restored.dvc("repro", "acknowledge")[1]) == []


def test_a_change_of_code_is_told_and_an_entry_by_hand_acknowledges_it(restored):
    edit(restored, "pipeline/findings.py", '{level_text(confidence)} interval "', '{level_text(confidence)} margin "')
    sentence, log = refused(restored)
    assert "because of code (pipeline/findings.py)" in sentence
    assert set(log["cause"]) == {"code"} and set(log["column"]) == {"sentence"}
    entry = entry_text(
        log["revision"][0], date="2026-11-25", by="B", cause="code", changed="pipeline/findings.py", why="Plainer."
    )
    with (restored.root / "docs/revisions.md").open("a", encoding="utf-8") as file:
        file.write("\n" + entry)
    status, printed = restored.dvc("repro", "acknowledge")
    assert status == 0, printed[-2000:]


def test_a_setting_is_told_with_old_and_new_and_code_that_moved_nothing_is_not_blamed(restored):
    with (restored.root / "pipeline/findings.py").open("a", encoding="utf-8") as file:
        file.write("# A remark.\n")
    status, printed = restored.dvc("repro", "acknowledge")
    assert status == 0, printed[-2000:]
    restored.commit()
    restored.set("analyse", confidence=0.9)
    sentence, log = refused(restored)
    assert "because of parameter (analyse.confidence from 0.95 to 0.9)" in sentence
    assert set(log["cause"]) == {"parameter"} and not log["column"].eq("estimate").any()
    restored.commit()
    assert refused(restored)[0] == sentence
    # Taken back, nothing is left of it.
    restored.set("analyse", confidence=0.95)
    status, printed = restored.dvc("repro", "acknowledge")
    assert status == 0, printed[-2000:]
    assert read_log(restored.root / "reports/revisions.csv", SUPPORTED).empty


def test_what_has_changed_and_was_not_run_again_is_not_released(restored):
    """The numbers on record would be those of other settings than stand there."""
    restored.set("analyse", confidence=0.9)
    done = restored.run("tracker", "release", str(WAVE))
    assert done.returncode == 1 and done.stderr == (
        f"tracker: reports/{WAVE}/estimates.csv: what this rests on has changed since it was made, or is not here; "
        f"found 'stages analyse@{WAVE}'; run dvc repro first.\n"
    )


def test_a_rehearsal_is_never_released(restored):
    restored.set("waves", rehearsal=[WAVE])
    done = restored.run("tracker", "release", str(WAVE))
    assert (done.returncode, done.stderr) == (
        1,
        f"tracker: a rehearsal is never published; found {WAVE}; allowed: waves that are no rehearsal.\n",
    )
