"""Reports that print what few do: orders of answers and groups at once, disputed sizes, many decimals, empty cells."""

import pandas as pd
import pytest
from pydantic import ValidationError

from pipeline.audit_report import audit_report
from pipeline.bounds import bound_estimates
from pipeline.claims import COLUMNS, load_claims
from pipeline.codebook import Codebook
from pipeline.contradictions import judge
from pipeline.params import Reconstruct
from pipeline.problems import InputProblem
from pipeline.system import build_system
from pipeline.tables import write_table

SETTINGS = Reconstruct(seed=1, worded_tolerance=5, time_limit=60, listed=2, effort=2)
ROW = ["measure", "category", "break", "group", "base", "op", "value", "unit", "rounding"]
ROW += ["versus_category", "versus_group"]


def answers(*ids):
    return [{"id": i, "label": i.upper()} for i in ids]


def book_of(respondents=90, most=None, bands="abc", bases=()):
    """Three sectors of one band each, a question answered once (with nets) and one with several answers."""
    banded = [{"id": f"z{s}", "label": f"Z{s}", "band": {"sector": s, "at_least": 1}} for s in bands]
    nets = [{"id": "yn", "label": "YN", "answers": ["y", "n"]}, {"id": "one", "label": "ONE", "answers": ["y"]}]
    several = {"kind": "multiple"} | ({"max_answers": most} if most else {})
    return Codebook.model_validate(
        {
            **{"wave": 2020, "title": "t", "kind": "reconstruction", "source": "x", "respondents": respondents},
            **{"sector": "s", "size_band": "z"},
            "questions": [
                {"id": "s", "text": "s", "label": "S", "asked_of": "frame", "answers": answers(*"abc")},
                {"id": "z", "text": "z", "label": "Z", "asked_of": "frame", "answers": banded},
                {"id": "q", "text": "q", "label": "Q", "answers": answers("y", "n", "d"), "nets": nets},
                {"id": "m", "text": "m", "label": "M", "answers": answers("m1", "m2", "m3")} | several,
            ],
            "bases": [{"id": "all", "label": "All"}, *bases],
            "breaks": [{"id": "s", "label": "S", "of": "s"}],
            "measures": [
                {"id": i, "question": i, "label": i.upper(), "breaks": [] if i == "s" else ["s"]} for i in "sqm"
            ],
        }
    )


def claims_of(tmp_path, book, *rows):
    """Claims c0, c1 ... from rows of ROW, separated by commas."""
    table = [dict(zip(ROW, row.split(","), strict=False)) | {"id": f"c{n}"} for n, row in enumerate(rows)]
    write_table(tmp_path / "claims.csv", pd.DataFrame(table, columns=COLUMNS).fillna("").assign(place="p"), exact=True)
    return load_claims(tmp_path / "claims.csv", book)


def bounded(book, claims, cells=None):
    verdict = judge(build_system(book, claims, SETTINGS.worded_tolerance), seed=1, time_limit=60)
    table = bound_estimates(book, claims, verdict, SETTINGS, cells=cells)
    return verdict, table.set_index(["measure", "category", "break", "group", "basis"])


def test_an_order_between_answers_of_two_groups_looks_at_the_base_of_each(tmp_path):
    """m1 in sector a before m2 in b: nothing is said of how large b and c are, but that half of b said y."""
    book = book_of()
    rows = ["s,a,total,total,all,=,30,count,exact", "m,m1,s,a,all,>,,order,exact,m2,b"]
    rows += ["q,y,s,b,all,=,50,percent,half_up"]
    _, found = bounded(book, claims_of(tmp_path, book, *rows))
    ends = found.loc[[("s", s, "total", "total", "unweighted") for s in "bc"], ["count_low", "count_high"]]
    assert ends.to_numpy().tolist() == [[2, 60], [0, 58]]
    more = [*rows, "q,n,s,b,all,=,33,percent,half_up", "s,b,total,total,all,=,24,count,exact"]
    verdict, _ = bounded(book, claims_of(tmp_path, book, *more))
    assert verdict.left_out == ()


# How many said y is printed as 10 and as 13%, 12 of 90: the 10 is left out, and 33% of 12 can be.
STATED = """q,y,total,total,all,=,10,count,exact
m,m1,total,total,by,=,33,percent,half_up
q,y,total,total,all,=,13,percent,half_up
m,m2,total,total,by,=,33,percent,half_up"""
# It is printed as 11%, 10 of 90, which is left out: 12 or more said y or n, and nobody n.
BY_ITS_SHARE = """q,y,total,total,all,=,11,percent,half_up
m,m1,total,total,by,=,33,percent,half_up
q,yn,total,total,all,>=,12,count,exact
q,n,total,total,all,=,0,count,exact
m,m2,total,total,by,=,33,percent,half_up
m,m3,total,total,by,=,42,percent,half_up"""


@pytest.mark.parametrize("text", [STATED, BY_ITS_SHARE])
def test_a_share_that_was_kept_is_not_impossible_on_a_size_that_was_left_out(tmp_path, text):
    rows = text.splitlines()
    book = book_of(bases=[{"id": "by", "label": "By", "where": {"q": ["y"]}}])
    audited = audit_report(claims_of(tmp_path, book, *rows), book, SETTINGS)
    verdicts = audited.claims.set_index("id")["verdict"]
    assert verdicts["c0"] == "contradicted"
    shares = [f"c{n}" for n, row in enumerate(rows) if ",by," in row]
    assert verdicts[shares].eq("reproduced").all()
    assert not audited.findings["sentence"].str.contains("33%").any()


def test_a_share_of_six_decimals_contradicts_as_one_of_none_does(tmp_path):
    """33.333333% of 90 is 30: it is that number, printed once, that cannot stand beside 29 printed twice."""
    book = book_of()
    rows = ["q,y,total,total,all,=,33.333333,percent,half_up", "q,y,total,total,all,=,29,count,exact"]
    verdict, _ = bounded(book, claims_of(tmp_path, book, *rows, "q,one,total,total,all,=,29,count,exact"))
    assert verdict.left_out == ("c0",) and {frozenset(c) for c in verdict.contradictions} == {
        frozenset({"c0", "c1"}),
        frozenset({"c0", "c2"}),
    }


def test_cells_that_cannot_all_have_somebody_have_no_weights(tmp_path):
    """Whoever is in a or b said d, and one did: there are respondents for one of the two at most."""
    book = book_of(respondents=30)
    rows = [f"q,{answer},s,{s},all,=,0,count,exact" for s in "ab" for answer in "yn"]
    cells = pd.DataFrame({"cell": ["za", "zb", "zc"], "total": [10.0, 20.0, 30.0]})
    claims = claims_of(tmp_path, book, *rows, "q,d,total,total,all,=,1,count,exact")
    _, found = bounded(book, claims, cells)
    weighted = found[found.index.get_level_values("basis") == "weighted"].loc["q"]
    assert weighted.xs("d").loc[("total", "total", "weighted"), ["low", "high"]].isna().all()
    assert found.loc[("q", "d", "total", "total", "unweighted"), "count_low"] == 1


def test_a_sector_without_a_band_is_refused():
    with pytest.raises(ValidationError, match="question z: no answer is a size band of the sector 'c'"):
        book_of(bands="ab")


def test_more_answers_than_the_questionnaire_takes_can_be_what_the_report_says(tmp_path):
    """One answer each, and ten gave two, which a claim allows: a third of these ten is impossible, not of nobody."""
    book = book_of(most=1, bases=[{"id": "both", "label": "Both", "where": {"m": {"all": ["m1", "m2"]}}}])
    rows = ["m,,total,total,all,<=,2,answers,exact", "m,m1,total,total,both,=,10,count,exact"]
    claims = claims_of(tmp_path, book, *rows, "q,y,total,total,both,=,33,percent,half_up")
    verdicts = audit_report(claims, book, SETTINGS).claims.set_index("id")["verdict"]
    assert verdicts["c2"] == "impossible on its base"


def test_fewer_answers_than_none_are_refused(tmp_path):
    with pytest.raises(InputProblem, match="nobody gives fewer answers than none; found '0'"):
        claims_of(tmp_path, book_of(), "m,,total,total,all,<,0,answers,exact")


def test_a_tolerance_has_few_digits():
    settings = SETTINGS.model_dump()
    assert Reconstruct(**settings | {"worded_tolerance": 0.3333}).worded_tolerance == 0.3333
    with pytest.raises(ValidationError, match="at most four digits"):
        Reconstruct(**settings | {"worded_tolerance": 1 / 3})
