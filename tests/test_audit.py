"""The audit: a verdict for every claim, what the data give beside it, and the 2014 report audited from end to end."""

import pandas as pd
import pytest
from conftest import ROOT
from made_claims import claims_of, tiny_codebook, tiny_kinds

from pipeline.audit import COLUMNS, audit, report_of, single_claim_checks
from pipeline.claims import load_claims
from pipeline.codebook import ORGANISATION
from pipeline.problems import InputProblem
from pipeline.reconstruct import CONTRADICTIONS
from pipeline.referee import amiss, faults_text, findings_text, not_tested, power_table, power_text, verdict_table
from pipeline.tables import read_table, write_table
from pipeline.verdicts import VERDICTS

COUNT = {"unit": "count", "rounding": "exact"}
ORDER = {"unit": "order", "rounding": "exact", "value": ""}
YES = {"measure": "open", "category": "yes"}
SHORE, HILL = {"break": "place", "group": "shore"}, {"break": "place", "group": "hill"}
HOUSES = 8


@pytest.fixture(scope="module")
def tiny():
    return tiny_codebook(HOUSES)


@pytest.fixture(scope="module")
def houses(tiny):
    """Eight houses: five by the shore, of which three are open, and three on the hill, of which one is; boats at 2."""
    kinds = tiny_kinds(tiny)
    picked = [("shore", "yes", 1), ("shore", "yes", 1), ("shore", "yes", 0), ("shore", "no", 0), ("shore", "no", 0)]
    picked += [("hill", "yes", 0), ("hill", "no", 0), ("hill", "no", 0)]
    rows = [
        kinds[kinds["place"].eq(p) & kinds["open"].eq(o) & kinds["hires.boats"].eq(b) & kinds["hires.bikes"].eq(0)]
        .iloc[0]
        .to_dict()
        for p, o, b in picked
    ]
    return pd.DataFrame(rows).assign(**{ORGANISATION: [f"H-{n}" for n in range(HOUSES)]}).astype(kinds.dtypes)


def row_of(measure, category, break_, group, support, counts, base):
    """A row of the estimates: counts as (estimated, low, high), base as (estimated, low, high)."""
    (count, low, high), (n, base_low, base_high) = counts, base
    shares = {"estimate": count / n, "low": low / n, "high": high / n} if n else {}
    return {
        **{"measure": measure, "category": category, "break": break_, "group": group, "basis": "unweighted"},
        **{"n": n, "count": count, "support": support, "count_low": low, "count_high": high},
        **{"base_low": base_low, "base_high": base_high, **shares},
    }


ESTIMATES = pd.DataFrame(
    [
        row_of("open", "yes", "total", "total", "published", (4, 4, 4), (8, 8, 8)),
        row_of("open", "no", "total", "total", "implied", (4, 4, 4), (8, 8, 8)),
        row_of("open", "yes", "place", "shore", "bounded", (3, 2, 4), (5, 5, 5)),
        row_of("open", "yes", "place", "hill", "assumed", (1, 0, 3), (3, 3, 3)),
        row_of("hires", "boats", "total", "total", "bounded", (2, 1, 3), (8, 8, 8)),
        row_of("hires", "bikes", "total", "total", "implied", (0, 0, 0), (8, 8, 8)),
    ]
)


def contradictions(*sets):
    """A table of contradictions: each a fault of its own, the last claim of each left out."""
    rows = [
        {"fault": n, "contradiction": n, "claim": claim, "place": "a page", "says": claim, "left_out": claim == ids[-1]}
        | {"sentence": f"Fault {n}."}
        for n, ids in enumerate(sets, 1)
        for claim in ids
    ]
    return pd.DataFrame(rows, columns=CONTRADICTIONS)


def audited(codebook, houses, rows, *sets, estimates=ESTIMATES, read_back=lambda table: table):
    claims = claims_of(codebook, *rows)
    table = read_back(contradictions(*sets))
    report = report_of(claims, codebook, estimates, 5, contradictions=table)
    findings = single_claim_checks(report, table)
    made = audit(report, claims, respondents=houses, estimates=estimates, contradictions=table, findings=findings)
    assert made.columns.tolist() == COLUMNS
    return made


def one(codebook, houses, row, *sets, **options):
    return audited(codebook, houses, [row], *sets, **options).iloc[0]


# ---- what the data give, and how far it is from what is printed

LEFT_OUT = (["c1"],)


@pytest.mark.parametrize(
    ("row", "printed", "regenerated", "difference", "unit"),
    [
        (YES | {"value": "50"}, "50%", "50%", 0, "percentage points"),
        (YES | {"value": "47"}, "47%", "50%", 3, "percentage points"),
        (YES | {"value": "4"} | COUNT, "4", "4", 0, "organisations"),
        (YES | {"value": "6"} | COUNT, "6", "4", -2, "organisations"),
        (YES | {"value": "6", "op": ">"} | COUNT, "more than 6", "4", -3, "organisations"),
        (YES | {"value": "3", "op": "<="} | COUNT, "at most 3", "4", 1, "organisations"),
        (YES | {"value": "62.5", "rounding": "exact"}, "62.5%", "50%", -12.5, "percentage points"),
        (
            YES | {"value": "2/3", "op": "about", "unit": "share", "rounding": "worded"},
            *("about 2/3", "50%", -11.7, "percentage points"),
        ),
        (
            YES | {"value": "1/3", "op": ">", "unit": "share", "rounding": "exact"},
            *("more than 1/3", "50%", 0, "percentage points"),
        ),
        # Bounded: the range is given, and the end nearer to what is printed counts.
        (YES | SHORE | {"value": "100"}, "100%", "40% to 80%", -20, "percentage points"),
        (YES | SHORE | {"value": "20"}, "20%", "40% to 80%", 20, "percentage points"),
        ({"measure": "hires", "category": "boats", "value": "5"} | COUNT, "5", "1 to 3", -2, "organisations"),
        # Assumed: what the records give is filler, and said to be.
        (YES | HILL | {"value": "67"}, "67%", "33% (modelled)", None, None),
        # Of no estimate: another base, a break that the measure is not split by.
        ({"measure": "late", "base": "all", "value": "100"}, "100%", "50% (modelled)", None, None),
        (
            {"measure": "hires", "category": "", "value": "0", "op": "<=", "unit": "answers", "rounding": "exact"},
            *("at most 0 answers each", "2 of 8 gave more (modelled)", None, None),
        ),
        (
            {"measure": "hires", "category": "", "value": "1", "op": "<=", "unit": "answers", "rounding": "exact"},
            *("at most 1 answers each", "none of 8 gave more", 0, "organisations"),
        ),
        (YES | ORDER | {"op": ">", "versus_category": "no"}, "higher", "50% against 50%", None, None),
        (
            YES | ORDER | SHORE | {"op": ">", "versus_group": "hill"},
            *("higher", "40% to 80% against 33.3% (modelled)", 0, "percentage points"),
        ),
        (
            {"measure": "hires", "category": "bikes", **ORDER, "op": ">", "versus_category": "boats"},
            *("higher", "0% against 12.5% to 37.5%", -12.5, "percentage points"),
        ),
    ],
)
def test_what_the_data_give_beside_what_is_printed(tiny, houses, row, printed, regenerated, difference, unit):
    found = one(tiny, houses, row, *([] if difference == 0 else LEFT_OUT))
    assert (found["printed"], found["regenerated"]) == (printed, regenerated)
    assert pd.isna(found["difference"]) if difference is None else found["difference"] == difference
    assert pd.isna(found["difference_in"]) if unit is None else found["difference_in"] == unit


def test_support_of_an_order_is_that_of_the_share_less_well_known(tiny, houses):
    row = {"measure": "hires", "category": "bikes", **ORDER, "op": "<", "versus_category": "boats"}
    assert one(tiny, houses, row)["support"] == "bounded"


def test_the_base_of_a_claim_is_named_with_its_weight(tiny, houses):
    found = one(tiny, houses, YES | {"value": "50"})
    assert (found["n"], found["base_low"], found["base_high"], found["base_from"]) == (8, 8, 8, "stated")
    assert found["granularity"] == 12.5
    assert found["power"] == pytest.approx(1 - 9 / 101)
    assert found["possible_bases"] == "8"
    shore = one(tiny, houses, YES | SHORE | {"value": "60"})
    assert (shore["n"], shore["base_from"]) == (5, "bounded")


def test_a_base_that_is_left_open_has_no_number(tiny, houses):
    wide = ESTIMATES.assign(base_low=ESTIMATES["base_low"].where(ESTIMATES["group"] != "shore", 4))
    found = one(tiny, houses, YES | SHORE | {"value": "60"}, estimates=wide)
    assert pd.isna(found["n"])
    assert (found["base_low"], found["base_high"], found["possible_bases"]) == (4, 5, "5")


# ---- verdicts


def test_a_claim_that_is_kept_is_reproduced_and_names_its_contradiction(tiny, houses):
    rows = [YES | {"value": "50"}, YES | {"value": "40", "place": "page 2"}, YES | {"value": "4"} | COUNT]
    made = audited(tiny, houses, rows, ["c1", "c2"], ["c3", "c2"])
    assert made["verdict"].tolist() == ["reproduced", "impossible on its base", "reproduced"]
    assert made["fault"].tolist() == ["1", "1 2", "2"]
    assert made["contradiction"].tolist() == [1, 1, 2]


def test_a_claim_that_is_left_out_is_contradicted(tiny, houses):
    rows = [YES | {"value": "50"}, YES | {"value": "63"}]
    made = audited(tiny, houses, rows, ["c1", "c2"])
    assert made["verdict"].tolist() == ["reproduced", "contradicted"]


def test_claims_that_are_numbered_are_found_in_the_table_of_contradictions(tiny, houses, tmp_path):
    def read_back(table):
        write_table(tmp_path / "contradictions.csv", table)
        return read_table(tmp_path / "contradictions.csv")

    rows = [YES | {"value": "50", "id": "01"}, YES | {"value": "63", "id": "02"}]
    made = audited(tiny, houses, rows, ["01", "02"], read_back=read_back)
    assert made["verdict"].tolist() == ["reproduced", "contradicted"] and made["fault"].tolist() == ["1", "1"]


def test_what_does_not_speak_of_answers_is_not_testable(tiny, houses):
    found = one(tiny, houses, {"measure": "", "category": "", "value": "120", "printed_unit": "percent"} | COUNT)
    assert found["verdict"] == "not testable"
    assert found["printed"] == "120%"
    assert pd.isna(found["regenerated"]) and pd.isna(found["difference"])


def test_a_unit_that_is_read_otherwise_than_printed_beats_a_contradiction(tiny, houses):
    row = YES | {"value": "6", "printed_unit": "percent"} | COUNT
    found = one(tiny, houses, row, ["c1"])
    assert (found["printed"], found["verdict"], found["regenerated"]) == ("6%", "mislabelled", "4")


def test_records_that_do_not_meet_a_claim_kept_stop_the_audit(tiny, houses):
    with pytest.raises(InputProblem, match="the records do not meet claim c1, which was kept; found 'Open: Yes = 63%"):
        one(tiny, houses, YES | {"value": "63"})


def test_estimates_of_other_records_stop_the_audit(tiny, houses):
    others = ESTIMATES.assign(count=ESTIMATES["count"] + 1)
    with pytest.raises(InputProblem, match="not of the same organisations: claim c1; found '5 of 8 estimated, 4 of 8"):
        one(tiny, houses, YES | {"value": "50"}, estimates=others)


def test_findings_name_the_faults_that_they_belong_to(tiny, houses):
    claims = claims_of(tiny, YES | {"value": "50"}, YES | {"value": "63", "place": "page 2"})
    table = contradictions(["c1", "c2"])
    report = report_of(claims, tiny, ESTIMATES, 5, contradictions=table)
    (finding,) = single_claim_checks(report, table).to_dict("records")
    assert (finding["claims"], finding["places"], finding["fault"]) == ("c1 c2", "a page; page 2", "1")


# ---- in words


def test_the_audit_in_words(tiny, houses):
    rows = [
        YES | {"value": "50"},
        YES | {"value": "63", "place": "page 2"},
        {"measure": "", "category": "", "value": "9", "place": "page 3", "reading": "Of the weather."} | COUNT,
    ]
    claims, table = claims_of(tiny, *rows), contradictions(["c1", "c2"])
    report = report_of(claims, tiny, ESTIMATES, 5, contradictions=table)
    findings = single_claim_checks(report, table)
    made = audit(report, claims, respondents=houses, estimates=ESTIMATES, contradictions=table, findings=findings)
    assert verdict_table(made).set_index("verdict")["claims"].to_dict() == dict(
        zip(VERDICTS, [1, 1, 0, 0, 1], strict=True)
    )
    assert faults_text(table) == "1. Fault 1.  \n   *Left out:* c2 (a page)."
    said = findings_text(findings)
    assert "- Open: Yes, of all, is printed as 50% (a page), but as 63% (page 2). (Fault 1.)" in said
    assert said.count("- Nothing found.") == 4
    assert amiss(made)["place"].tolist() == ["page 2"]
    assert not_tested(made).values.tolist() == [["page 3", "9", "Of the weather."]]
    assert power_table(made)[["base_low", "claims", "impossible"]].values.tolist() == [[8, 2, 0]]
    assert power_text(made) == (
        "Of 2 per cents, 2 have a base whose size is printed, and 2 of these have one on which some whole per cent is "
        "impossible. "
        "Had these 2 been just any whole numbers, about 2 would have been caught; none were."
    )


def test_a_base_deduced_from_the_shares_is_no_test_of_them(tiny, houses):
    made = audited(tiny, houses, [YES | SHORE | {"value": "60"}])
    assert made["power"].notna().all()
    assert power_table(made).empty


# ---- the 2014 report


@pytest.fixture(scope="module")
def claims_2014(codebook_2014):
    return load_claims(ROOT / "data/report/2014/claims.csv", codebook_2014).set_index("id")


@pytest.fixture(scope="module")
def audit_2014():
    return pd.read_csv(ROOT / "reports/2014/audit.csv", index_col="id", dtype={"fault": "string"})


@pytest.fixture(scope="module")
def contradictions_2014():
    return pd.read_csv(ROOT / "reports/2014/contradictions.csv")


@pytest.fixture(scope="module")
def findings_2014():
    return pd.read_csv(ROOT / "reports/2014/audit_findings.csv", dtype={"fault": "string"}).fillna({"fault": ""})


def test_every_printed_number_has_one_row_and_one_verdict(audit_2014, claims_2014):
    assert audit_2014.index.tolist() == claims_2014.index.tolist()
    assert set(audit_2014["verdict"]) <= set(VERDICTS)
    untold = claims_2014["measure"].eq("")
    assert audit_2014["verdict"].eq("not testable").tolist() == untold.tolist()


def test_what_was_left_out_is_contradicted_or_worse(audit_2014, contradictions_2014):
    left_out = set(contradictions_2014.loc[contradictions_2014["left_out"], "claim"])
    assert set(audit_2014.loc[sorted(left_out), "verdict"]) <= set(VERDICTS[1:4])
    assert set(audit_2014.index[audit_2014["verdict"].eq("contradicted")]) <= left_out


def test_what_is_reproduced_differs_by_nothing(audit_2014):
    reproduced = audit_2014[audit_2014["verdict"].eq("reproduced")]
    assert reproduced["difference"].eq(0).all()
    per_cents = reproduced[reproduced["printed"].str.fullmatch(r"\d+%") & reproduced["support"].eq("published")]
    assert len(per_cents) > 100
    assert (per_cents["printed"] == per_cents["regenerated"]).all()


def test_what_is_contradicted_differs_unless_it_is_modelled(audit_2014):
    contradicted = audit_2014[audit_2014["verdict"].eq("contradicted")]
    open_ = contradicted["regenerated"].str.contains(r"\(modelled\)| against ")
    assert contradicted["difference"].notna()[~open_].all()
    assert contradicted["difference"].dropna().ne(0).all()


def test_the_claims_of_a_fault_are_those_of_its_contradictions(audit_2014, contradictions_2014):
    expected = contradictions_2014.groupby("claim")["fault"].unique()
    for claim, fault in audit_2014["fault"].items():
        assert (fault.split() if pd.notna(fault) else []) == [str(n) for n in sorted(expected.get(claim, []))]


def test_counts_with_a_per_cent_sign_are_seen_in_the_data_and_by_their_sum(audit_2014, claims_2014, findings_2014):
    labelled = claims_2014["printed_unit"].ne("") & claims_2014["measure"].ne("")
    assert labelled.any()
    assert audit_2014["verdict"].eq("mislabelled").tolist() == labelled.tolist()
    (finding,) = findings_2014[findings_2014["check"].eq("counts labelled per cent")].to_dict("records")
    assert finding["claims"].split() == claims_2014.index[labelled].tolist()
    assert "the number of" not in finding["sentence"] and "no sum shows" not in finding["sentence"]


def test_single_claim_findings_are_faults_that_the_solver_knows_too(findings_2014):
    told = findings_2014[~findings_2014["check"].eq("counts labelled per cent")]
    assert len(told) and told["fault"].ne("").all()


def test_the_readme_counts_the_verdicts_as_they_are(audit_2014):
    counts = audit_2014["verdict"].value_counts()
    prose = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    fine, odd, labels, untold = (counts[v] for v in ("reproduced", "contradicted", "mislabelled", "not testable"))
    assert f"{fine} reproduced, {odd} contradicted, {labels} mislabelled" in prose
    assert f"and {untold} not testable" in prose
