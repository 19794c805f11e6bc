"""`tracker audit`: any report's numbers, from a claims file and a codebook; the documented example; bad input."""

import re

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from made_claims import TINY, USUAL, claims_of, tiny_codebook, true_claims
from test_app import tracker

from pipeline.audit_command import main
from pipeline.audit_report import audit_report
from pipeline.claims import COLUMNS
from pipeline.params import Reconstruct
from pipeline.problems import InputProblem

SETTINGS = Reconstruct(seed=1, worded_tolerance=5, time_limit=30, effort=1)
EXAMPLE = ROOT / "docs/example_audit"
COUNT = {"unit": "count", "rounding": "exact"}
YES, NO = {"measure": "open", "category": "yes"}, {"measure": "open", "category": "no"}
LATE = {"measure": "late", "base": "open"}


# ---- any report


@pytest.mark.parametrize("seed", range(5))
def test_a_report_of_true_numbers_has_no_fault(make_respondents, seed):
    codebook = tiny_codebook(15)
    table = make_respondents(codebook, rows=15, seed=seed)
    done = audit_report(claims_of(codebook, *true_claims(codebook, table, number=20, seed=seed)), codebook, SETTINGS)
    assert done.claims["verdict"].eq("reproduced").all()
    assert done.claims["difference"].eq(0).all()
    assert done.contradictions.empty and done.findings.empty


def test_a_limit_on_answers_of_no_measure_is_not_testable():
    """It speaks of a question that the codebook does not have."""
    codebook = tiny_codebook(15)
    limit = {"measure": "", "category": "", "op": "<=", "value": "3", "unit": "answers", "rounding": "exact"}
    done = audit_report(claims_of(codebook, YES | {"value": "40"}, limit), codebook, SETTINGS)
    assert done.claims["verdict"].tolist() == ["reproduced", "not testable"]


def test_a_report_with_a_fault_has_that_fault():
    codebook = tiny_codebook(15)
    rows = [YES | {"value": "40"}, NO | {"value": "60"}, YES | {"value": "53", "place": "page 2"}]
    done = audit_report(claims_of(codebook, *rows), codebook, SETTINGS)
    assert done.claims["verdict"].tolist() == ["reproduced", "reproduced", "contradicted"]
    assert done.claims["regenerated"].tolist() == ["40%", "60%", "40%"]
    assert done.claims["difference"].tolist() == [0, 0, -13]
    assert done.findings["check"].tolist() == ["printed differently"]


def test_the_data_of_a_report_are_what_its_claims_leave_open():
    codebook = tiny_codebook(15)
    rows = [YES | {"value": "9", "op": ">"} | COUNT, YES | {"value": "8"} | COUNT]
    done = audit_report(claims_of(codebook, *rows), codebook, SETTINGS)
    assert done.claims["regenerated"].tolist() == ["10 to 15", "10 to 15"]
    assert done.claims["difference"].tolist() == [0, 2]


# ---- what is disputed, and what nobody is left for

SHORE, HILL = {"break": "place", "group": "shore"}, {"break": "place", "group": "hill"}
PLACE = {"measure": "place", **COUNT}
ON_SHORE, ON_HILL = PLACE | {"category": "shore"}, PLACE | {"category": "hill"}
ORDER = {"unit": "order", "rounding": "exact", "value": "", "op": ">"}


def audited(*rows, respondents=90):
    codebook = tiny_codebook(respondents)
    return audit_report(claims_of(codebook, *rows), codebook, SETTINGS)


def test_a_share_of_nobody_is_impossible_on_its_base_and_not_beyond_testing():
    """No number up to eight gives 31%; that the records happen to have nobody there says nothing of the claim."""
    done = audited(ON_HILL | {"value": "8", "op": "<="}, YES | HILL | {"value": "31"})
    assert done.claims["verdict"].tolist() == ["reproduced", "impossible on its base"]
    assert "none of 0-8 organisations fits" in done.findings["sentence"].iloc[0]


def test_where_it_is_disputed_that_there_is_anybody_the_rest_is_still_said():
    place = {"measure": "place", "category": "shore"}
    rows = [place | {"value": "100"}, ON_HILL | {"value": "0", "unit": "percent", "rounding": "half_up"}]
    rows += [ON_HILL | {"value": "10", "unit": "percent", "rounding": "half_up"}, YES | HILL | {"value": "40"}]
    done = audited(*rows, YES | SHORE | ORDER | {"versus_group": "hill"})
    assert done.claims["verdict"].tolist()[:3] == ["reproduced", "reproduced", "contradicted"]
    assert not done.claims["verdict"].iloc[3:].isin(["reproduced", "not testable"]).any()
    assert done.claims["regenerated"].iloc[3].startswith("nobody to be a share of")
    assert done.claims["difference"].iloc[3:].isna().all()


def test_a_size_that_was_left_out_is_held_against_no_true_share():
    """Sixty and forty are not ninety; 57% of all is 65% and 40% of sixty and thirty."""
    shares = [YES | {"value": "57"}, YES | SHORE | {"value": "65"}, YES | HILL | {"value": "40"}]
    done = audited(ON_SHORE | {"value": "60"}, ON_HILL | {"value": "40"}, *shares)
    assert sorted(done.claims["verdict"].iloc[:2]) == ["contradicted", "reproduced"]
    assert done.claims["verdict"].iloc[2:].eq("reproduced").all()
    assert done.findings["claims"].tolist() == ["c1 c2"]
    hill = audited(ON_SHORE | {"value": "60"}, ON_HILL | {"value": "40"}, YES | HILL | {"value": "37"}).claims.iloc[2]
    assert (hill["verdict"], hill["regenerated"], hill["difference"]) == ("reproduced", "37%", 0)
    assert (hill["base_low"], hill["base_high"]) == (30, 40) and pd.isna(hill["n"])


def test_what_lies_within_the_range_has_no_difference():
    """23% to 47% holds 31%, which no thirty houses can be: how far the records are from it is filler."""
    rows = [
        YES | HILL | {"value": v, "op": o, "unit": "share", "rounding": "exact"}
        for v, o in (("1/5", ">"), ("1/2", "<"))
    ]
    found = audited(ON_HILL | {"value": "30"}, *rows, YES | HILL | {"value": "31"}).claims.iloc[3]
    assert (found["verdict"], found["regenerated"]) == ("impossible on its base", "23% to 47%")
    assert pd.isna(found["difference"])


def test_a_count_of_an_open_base_is_modelled_though_its_share_is_not():
    rows = [ON_HILL | {"value": "2", "op": ">="}, ON_HILL | {"value": "5", "op": "<="}, YES | HILL | {"value": "100"}]
    found = audited(*rows, YES | HILL | COUNT | {"value": "1", "op": "<="}).claims.iloc[3]
    assert found["verdict"] == "contradicted" and found["regenerated"].endswith("(modelled)")
    assert pd.isna(found["difference"])


def test_a_share_with_decimals_is_set_against_all_that_a_coarser_one_leaves():
    rows = [YES | {"value": "50"}, YES | {"value": "50", "place": "page 2"}, YES | {"value": "52.3"}]
    found = audited(*rows, respondents=1000).claims.iloc[2]
    assert found["verdict"] == "contradicted" and found["regenerated"].startswith("49.5% to 50.")
    assert -1.9 <= found["difference"] <= -1.8


def test_shares_are_the_same_whether_put_as_having_an_answer_or_as_not_having_the_others():
    codebook = tiny_codebook(90)
    shut = {"id": "shut", "label": "Not open", "where": {"open": {"none": ["yes"]}}}
    closed = {"id": "closed", "label": "Closed", "where": {"open": ["no"]}}
    document = codebook.model_dump(by_alias=True) | {"bases": [*codebook.model_dump()["bases"], shut, closed]}
    book = type(codebook).model_validate(document)
    boats = {"measure": "hires", "category": "boats"}
    rows = [boats | {"base": "shut", "value": "35"}, boats | {"base": "closed", "value": "25", "place": "page 2"}]
    done = audit_report(claims_of(book, *rows), book, SETTINGS)
    assert done.findings["check"].tolist() == ["printed differently"]


def test_limits_on_answers_of_those_asked_and_of_all_can_stand_together():
    codebook = tiny_codebook(20)
    document = codebook.model_dump(by_alias=True)
    document["questions"][-1]["asked_if"] = {"open": ["yes"]}
    document["measures"] = [*document["measures"], document["measures"][-1] | {"id": "hires_open", "base": "open"}]
    book = type(codebook).model_validate(document)
    most = {"category": "", "unit": "answers", "rounding": "exact", "op": "<="}
    rows = [{"measure": "hires", "value": "1"} | most, {"measure": "hires_open", "base": "open", "value": "2"} | most]
    assert audit_report(claims_of(book, *rows), book, SETTINGS).claims["verdict"].eq("reproduced").all()


# ---- the documented example


def run_example(folder):
    files = [str(EXAMPLE / "claims.csv"), "--codebook", str(EXAMPLE / "codebook.yaml")]
    return tracker("audit", *files, "--out", str(folder), folder=ROOT)


def test_the_example_prints_what_its_page_shows(tmp_path):
    ended = run_example(tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    page = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    command, output = re.findall(r"```text\n(.*?)```", page, flags=re.DOTALL)
    assert command.split() == [
        *("tracker", "audit", "docs/example_audit/claims.csv"),
        *("--codebook", "docs/example_audit/codebook.yaml", "--out", "audited"),
    ]
    assert output == ended.stdout, "the page must show what the command prints: paste its output there"


def test_the_example_has_the_faults_that_its_page_says(tmp_path):
    run_example(tmp_path)
    audited = pd.read_csv(tmp_path / "audit.csv", index_col="id")
    odd = audited[~audited["verdict"].isin(["reproduced", "not testable"])]["verdict"].to_dict()
    assert odd == {
        "t2.mains.village": "impossible on its base",
        "t3.list.village": "contradicted",
        **dict.fromkeys(["c1.under_one", "c1.one_to_three", "c1.longer"], "mislabelled"),
    }
    left_out = pd.read_csv(tmp_path / "contradictions.csv").query("left_out")["claim"]
    assert set(left_out) == {"t2.mains.village", "t3.list.village"}
    assert set(pd.read_csv(tmp_path / "findings.csv")["check"]) == {
        *("impossible on its base", "counts labelled per cent", "total outside its groups"),
    }


# ---- bad input


@pytest.mark.parametrize("name", ["audit.csv", "findings.csv", "contradictions.csv"])
def test_an_audit_is_not_written_over_the_claims_that_it_reads(tmp_path, name):
    claims = tmp_path / name
    claims.write_bytes((EXAMPLE / "claims.csv").read_bytes())
    with pytest.raises(InputProblem, match="the audit would be written over this file"):
        main(claims, EXAMPLE / "codebook.yaml", tmp_path, ROOT / "params.yaml")
    assert claims.read_bytes() == (EXAMPLE / "claims.csv").read_bytes()


def test_an_audit_is_not_written_among_other_results(tmp_path):
    run_example(tmp_path)
    assert run_example(tmp_path).returncode == 0  # again, in its own folder
    (tmp_path / ".hidden").touch()
    assert run_example(tmp_path).returncode == 0
    (tmp_path / "estimates.csv").write_text("of somebody else")
    before = (tmp_path / "audit.csv").stat().st_mtime_ns
    ended = run_example(tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "holds other files than an audit's" in ended.stderr and "'estimates.csv'" in ended.stderr
    assert (tmp_path / "audit.csv").stat().st_mtime_ns == before


def refusal(tmp_path, *rows, respondents=20, content=None):
    """The one sentence with which the command ends for these claims of the tiny survey."""
    claims, codebook = tmp_path / "claims.csv", tmp_path / "codebook.yaml"
    rows = [USUAL | {"id": f"c{n}"} | row for n, row in enumerate(rows, 1)]
    claims.write_text(content or pd.DataFrame(rows)[COLUMNS].to_csv(index=False), encoding="utf-8")
    codebook.write_text(yaml.safe_dump(yaml.safe_load(TINY) | {"respondents": respondents}), encoding="utf-8")
    with pytest.raises(InputProblem) as caught:
        main(claims, codebook, out=tmp_path / "out", params=ROOT / "params.yaml")
    assert not (tmp_path / "out").exists()
    return str(caught.value).replace(str(claims), "FILE").replace(str(codebook), "BOOK")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            {"measure": "closed", "value": "5"},
            "column measure: no such measure in the codebook; found 'closed'; allowed: place, size, open, late, hires.",
        ),
        (
            {"measure": "open", "category": "maybe", "value": "5"},
            "column category: no such answer or net of question open; found 'maybe'; allowed: yes, no.",
        ),
        (
            YES | {"break": "place", "group": "valley", "value": "5"},
            "column group: no such group of break place; found 'valley'; allowed: shore, hill.",
        ),
        (
            YES | {"base": "closed", "value": "5"},
            "column base: no such base in the codebook; found 'closed'; allowed: all, open.",
        ),
        (YES | {"value": "101"}, "column value: outside the range of unit percent; found '101'; allowed: 0 to 100."),
        (YES | {"value": "5", "id": "c1"}, "column id: the id stands in row 2 already; found 'c1'."),
        (YES | {"value": "5O"}, "column value: not a number; found '5O'; allowed: a number such as 37, 12.5 or 2/3."),
        (
            YES | ORDER | {"versus_group": "total"},
            "column versus_group: an order compares a share with itself; found 'total'; allowed: another group or "
            "category.",
        ),
        (
            {"measure": "hires", "category": "boats", "unit": "answers", "rounding": "exact", "op": "<=", "value": "2"},
            "column category: a claim of how many answers each gave is of no single answer; found 'boats'; allowed: an "
            "empty cell.",
        ),
    ],
)
def test_each_fault_of_the_claims_is_one_sentence_with_file_row_and_column(tmp_path, row, sentence):
    assert refusal(tmp_path, YES | {"value": "50"}, row) == f"FILE, row 3, {sentence}"


def test_a_share_of_a_base_that_is_printed_as_nobody(tmp_path):
    said = refusal(tmp_path, LATE | {"value": "50"}, YES | {"value": "0"} | COUNT)
    assert said == (
        "FILE, row 2, column base: a share of no organisations: row 3 says that there are none; found 'open'; leave "
        "one of the two rows out, or give the number of organisations that is meant."
    )


def test_a_share_of_a_group_that_is_printed_as_nobody(tmp_path):
    place = {"measure": "place", "category": "hill", "value": "0"} | COUNT
    order = YES | {"op": ">", "value": "", "unit": "order", "rounding": "exact"}
    order |= {"break": "place", "group": "shore", "versus_group": "hill"}
    assert refusal(tmp_path, order, place).startswith(
        "FILE, row 2, column versus_group: a share of no organisations: row 3 says that there are none; found 'hill'; "
    )


@pytest.mark.parametrize("empty", [YES | {"value": "0"}, NO | {"value": "20"} | COUNT], ids=["0% of 20", "all others"])
def test_a_share_of_a_base_that_other_claims_leave_empty(tmp_path, empty):
    said = refusal(tmp_path, {"measure": "place", "category": "hill", "value": "50"}, empty, LATE | {"value": "50"})
    assert said == (
        "FILE, row 4, column base: a share of no organisations: what stands in row 3 leaves none; found 'open'; leave "
        "one of these rows out."
    )


def test_a_count_that_is_nobody_in_one_place_only_is_a_contradiction_and_no_bad_input():
    codebook = tiny_codebook(20)
    rows = [YES | {"value": "0"} | COUNT, YES | {"value": "10", "place": "page 2"} | COUNT, LATE | {"value": "50"}]
    done = audit_report(claims_of(codebook, *rows), codebook, SETTINGS)
    assert "contradicted" in set(done.claims["verdict"])


def test_a_codebook_without_the_number_of_respondents(tmp_path):
    assert refusal(tmp_path, YES | {"value": "50"}, respondents=None) == (
        "BOOK, column respondents: the codebook does not say how many respondents there were; give the number that the "
        "report rests on."
    )


def test_claims_of_which_none_speaks_of_answers(tmp_path):
    said = refusal(tmp_path, {"measure": "", "category": "", "value": "120"} | COUNT)
    assert said == "FILE, column measure: no claim speaks of answers; name measures."


def test_bad_input_ends_the_command_with_one_sentence_and_status_1(tmp_path):
    ended = tracker("audit", "none.csv", "--codebook", str(EXAMPLE / "codebook.yaml"), folder=ROOT)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == ["tracker: none.csv: there is no such claims file."]
    assert ended.stdout == ""
