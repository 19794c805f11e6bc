"""Numbers in prose are held to what the pipeline made."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.audit_pages import audit_summary
from pipeline.claims import load_claims
from pipeline.codebook import load_codebook
from pipeline.provenance import read_lock

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.fixture(scope="module")
def claims():
    book = load_codebook(ROOT / "data/codebook/2014.yaml")
    return load_claims(ROOT / "data/report/2014/claims.csv", book)


@pytest.fixture(scope="module")
def checked():
    return pd.read_csv(ROOT / "reports/2014/claims_checked.csv", keep_default_na=False)


def test_the_readme_counts_the_claims_as_they_are(claims, checked):
    status = checked["status"].value_counts()
    about_answers = status["kept"] + status["left out"]
    prose = " ".join(README.split())
    assert f"({len(claims)} claims)" in prose
    assert f"({status['kept']} of the {about_answers} that speak of answers; the other {status['left out']}" in prose
    kinds = audit_summary(ROOT / "reports/2014")["kinds"]
    assert sum(kinds.values()) == len(claims)
    assert (
        f"{kinds['numbers']} numbers and shares in words, {kinds['comparisons']} comparisons, and {kinds['mentions']}"
        in prose
    )


def test_the_methodology_in_short_has_as_many_records_as_the_report():
    prose = " ".join((ROOT / "docs/methodology.md").read_text(encoding="utf-8").split())
    respondents = load_codebook(ROOT / "data/codebook/2014.yaml").respondents
    assert f"It then makes up {respondents} records that give every number that is left." in prose


def test_every_claim_kept_is_met_and_no_claim_left_out_is(checked):
    met = checked.groupby("status")["met"].unique()
    assert list(met["kept"]) == ["True"]
    assert list(met["left out"]) == ["False"]


def test_the_contradictions_say_which_claims_were_left_out(checked):
    contradictions = pd.read_csv(ROOT / "reports/2014/contradictions.csv", keep_default_na=False)
    left_out = contradictions.loc[contradictions["left_out"].astype(str).isin(["True", "yes"]), "claim"]
    assert set(left_out) == set(checked.loc[checked["status"] == "left out", "id"])
    assert (
        contradictions.groupby("contradiction")["left_out"]
        .apply(lambda s: s.astype(str).isin(["True", "yes"]).any())
        .all()
    )


def test_the_readme_says_how_many_findings_survive():
    findings = pd.read_csv(ROOT / "reports/2014/sensitivity_findings.csv")
    survive = findings["verdict"].eq("survives").sum()
    prose = " ".join(README.split())
    assert f"that {survive} of {len(findings)} key findings survive every choice of weights" in prose
    assert findings["evidence"].eq("modelled").all()


@pytest.mark.parametrize("document", DOCS, ids=lambda d: d.name)
def test_links_and_pictures_of_the_documents_are_there(document):
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_rounding_half_up_is_seen_where_the_documents_say_so(claims):
    """docs/claims.md: 25 of 200 printed as 13%, 45 as 23%, 29 as 15%."""
    checked = pd.read_csv(ROOT / "reports/2014/claims_checked.csv", index_col="id")
    printed = claims.set_index("id")["value"]
    for claim, count, value in (("f1.crime", 25, "13"), ("s21.moving", 45, "23"), ("f9.no_plans", 29, "15")):
        assert printed[claim] == value
        assert checked.loc[claim, "count"] == count
        assert checked.loc[claim, "base"] == 200


def test_the_benchmark_beside_r_meets_its_target_where_the_document_says_so():
    """docs/performance.md: at a million respondents at most half of R's time, and no more memory."""
    text = (ROOT / "docs/performance.md").read_text(encoding="utf-8").partition("<!-- weighting -->")[2]
    elapsed, processor = re.findall(r"^\| 1,000,000 \|(.*)\|$", text, flags=re.MULTILINE)
    assert float(elapsed.split("|")[-1]) >= 2
    time, memory = (float(processor.split("|")[i]) for i in (2, 5))
    assert time >= 2
    assert memory >= 1
    for size in ("1,000", "10,000"):
        [row, _] = re.findall(rf"^\| {size} \|(.*)\|$", text, flags=re.MULTILINE)
        assert float(row.split("|")[-1]) < 1


@pytest.mark.parametrize("wave", [2014, 2015])
def test_unweighted_errors_and_design_effects_are_as_the_methodology_has_them(wave):
    """Variance p(1 - p)/n N/(N - 1), and a design effect over p(1 - p)/(n - 1)."""
    table = pd.read_csv(ROOT / f"reports/{wave}/estimates.csv")
    ours = table[table["basis"].eq("unweighted") & table["se"].notna() & table["estimate"].between(1e-9, 1 - 1e-9)]
    # A printed share that stands for several counts is not that of the count whose error stands beside it.
    ours = ours[~(ours["count_low"] < ours["count_high"])]
    everyone, spread = table["n"].max(), ours["estimate"] * (1 - ours["estimate"])
    np.testing.assert_allclose(ours["se"] ** 2, spread / ours["n"] * everyone / (everyone - 1), rtol=1e-8)
    known = ours[ours["deff"].notna()]
    spread = spread.loc[known.index]
    np.testing.assert_allclose(known["deff"], known["se"] ** 2 / (spread / (known["n"] - 1)), rtol=1e-8)


def test_every_line_of_the_rap_assessment_has_a_verdict_and_its_evidence():
    text = (ROOT / "docs/rap.md").read_text(encoding="utf-8")
    lines = [line.strip("|").split(" | ") for line in text.splitlines() if re.match(r"\| (?!item)", line)]
    assert len(lines) == 5 + 9 + 4
    for _, verdict, evidence in lines:
        assert verdict in ("met", "partly", "not met")
        assert re.search(r"\]\([^)]+\)", evidence), evidence


def test_a_figure_says_what_the_report_prints_otherwise_of_what_it_draws(claims, checked):
    book = load_codebook(ROOT / "data/codebook/2014.yaml")
    left_out = claims[
        claims["id"].isin(checked.loc[checked["status"] == "left out", "id"]) & claims["versus_group"].eq("")
    ]
    told = []
    for figure in book.figures:
        drawn = pd.read_csv(ROOT / f"reports/2014/figures/{figure.id}.csv")
        cells = set(zip(drawn["category"], drawn["group"], strict=True))
        ours = left_out[left_out["measure"].eq(figure.measure or "")]
        for claim in ours.to_dict("records"):
            if (claim["category"], claim["group"]) in cells:
                assert claim["place"] in figure.note, f"{figure.id} draws what {claim['id']} prints otherwise"
                told.append(claim["id"])
    assert {"s23.other", "s26.services"} <= set(told)


def rows_of(table):
    """The rows of a table that a benchmark wrote into docs/performance.md: {first cell: the other cells}."""
    text = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    lines = text.partition(f"<!-- {table} -->\n")[2].partition("<!-- end -->")[0].splitlines()
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {first: others for first, *others in cells[2:]}


def test_what_performance_says_of_cold_runs_and_of_nothing_to_do_is_what_was_measured():
    text = " ".join((ROOT / "docs/performance.md").read_text(encoding="utf-8").split())
    commands, stages, seconds, _ = zip(*rows_of("cold_runs").values(), strict=True)
    assert commands == ("`dvc repro`", "`dvc repro --force analyse@2014`", "`dvc repro --force`")
    assert "The first two take less than a minute" in text and "The third" in text and "takes longer" in text
    assert [float(s) < 60 for s in seconds] == [True, True, False]
    assert "In a fresh clone it makes every record, in [about a minute]" in " ".join(README.split())
    cold = rows_of("cold_repro")
    assert set(read_lock(ROOT)) == set(cold) - {"DVC before the first stage", "**all**"}
    assert int(stages[2]) == len(read_lock(ROOT)) > int(stages[0]) > int(stages[1])
    assert "all its processes together use more of the processors than two have in a minute" in text
    used, available = re.search(r"together used (\d+) seconds of a processor; 2 have (\d+) a minute", text).groups()
    assert int(used) > int(available) == 120
    assert "was to take at most a tenth longer than `dvc status`. `make` does" in text
    ratios = {what: float(cells[-1]) for what, cells in rows_of("nothing_to_do").items()}
    assert ratios["what `make` asks of DVC"] <= 1.1
    decisions = (ROOT / "docs/decisions.md").read_text(encoding="utf-8")
    assert "With nothing to do `repro` takes half as long again" in decisions and 1.4 < ratios["`dvc repro`"] < 1.7
