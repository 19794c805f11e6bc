"""Another survey, about libraries and museums, runs from its raw files to its report by the same stages and code."""

import json
import re

import pytest
from other_survey import OtherSurvey

from pipeline.codebook import load_codebook
from pipeline.explain_command import as_text, explained
from pipeline.problems import InputProblem
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


def test_every_stage_of_a_fieldwork_wave_runs_and_no_other(survey):
    ran = survey.ran(survey.first_run)
    stages = ["validate", "clean", "weight", "analyse", "vary"]
    assert [name for name in ran if name.endswith(f"@{WAVE}")] == [f"{stage}@{WAVE}" for stage in stages]


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
        assert row["estimate"] == pytest.approx(share[row["basis"]])
        assert row["support"] == "measured"
    assert f"({round(100 * share['unweighted'])}%" in findings["sentence"][0]


def test_nothing_of_the_first_survey_is_in_its_report(survey):
    for path in sorted((survey.root / "reports").rglob("*")):
        if path.suffix in (".csv", ".txt", ".html"):
            text = path.read_text(encoding="utf-8")
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
    assert (bad.returncode, bad.stderr) == (1, "tracker: nothing has this name; found 'shap'; allowed: shop.\n")


def test_running_again_does_nothing(survey):
    status, printed = survey.dvc("repro")
    assert status == 0
    assert survey.ran(printed) == []
    assert survey.changed() == ""
