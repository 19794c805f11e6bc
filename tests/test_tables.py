"""Tables come back as they were written: ids are text even where a survey numbers everything, `007` too."""

import pandas as pd
import pytest
from made_estimates import estimates_of
from made_waves import SETTINGS
from made_weights import settings_of

from pipeline.addresses import Key
from pipeline.codebook import Codebook
from pipeline.dispositions import response_rates
from pipeline.estimate import estimate
from pipeline.explain import explain_finding
from pipeline.figures import figure_data
from pipeline.findings import finding_clauses, key_findings
from pipeline.points import _survival
from pipeline.problems import InputProblem
from pipeline.respondents import typed
from pipeline.site import shown_table
from pipeline.tables import read_respondents, read_table, write_table
from pipeline.weight import weigh

BOOK = {
    **{"wave": 2020, "title": "Numbered", "kind": "fieldwork", "source": "Made up", "sector": "kind"},
    "size_band": "scale",
    "questions": [
        {
            **{"id": "kind", "text": "Kind?", "label": "Kind", "column": "K", "asked_of": "frame"},
            "answers": [{"id": "01", "label": "1850", "code": 1}, {"id": "02", "label": "1950", "code": 2}],
        },
        {
            **{"id": "scale", "text": "Size?", "label": "Size", "column": "S", "asked_of": "frame"},
            "answers": [
                {"id": "1", "label": "Small", "code": 1, "band": {"sector": "01", "below": 10}},
                {"id": "2", "label": "Large", "code": 2, "band": {"sector": "01", "at_least": 10}},
                {"id": "3", "label": "Any", "code": 3, "band": {"sector": "02"}},
            ],
        },
        {
            **{"id": "shop", "text": "A shop?", "label": "Shop", "column": "Q1"},
            "answers": [{"id": "1", "label": "Yes", "code": 1}, {"id": "2", "label": "No", "code": 2}],
        },
    ],
    "breaks": [{"id": "kind", "label": "Kind", "of": "kind"}, {"id": "scale", "label": "Size", "of": "scale"}],
    "measures": [{"id": "10", "question": "shop", "label": "Shop", "breaks": ["kind", "scale"]}],
    "figures": [{"id": "1", "number": 1, "title": "Shop", "kind": "grouped", "measure": "10", "break": "kind"}],
    "findings": [
        {
            **{"id": "007", "number": 1, "heading": "Shops"},
            "clauses": [
                {"measure": "10", "category": "1", "text": "{share} have one."},
                {
                    **{"measure": "10", "category": "1", "break": "kind", "group": "01", "versus": "02"},
                    "text": "Old ones have {comparison} new ones.",
                },
            ],
        }
    ],
}
CELLS = pd.DataFrame(
    {"cell": ["1", "2", "3"], "label": ["1", "2", "3"], "sector": ["01", "01", "02"], "total": [40.0, 30.0, 90.0]}
)


@pytest.fixture(scope="module")
def book():
    """A survey whose answers, measures, figures and findings are numbered."""
    return Codebook.model_validate(BOOK)


@pytest.fixture(scope="module")
def respondents(book):
    """Thirty organisations, numbered too."""
    rows = pd.DataFrame({"organisation": [f"{i:05d}" for i in range(1, 31)], "scale": ["1", "2", "3"] * 10})
    kinds = rows["scale"].map({"1": "01", "2": "01", "3": "02"})
    return typed(rows.assign(kind=kinds, shop=["1", "2", "2", "1", "1"] * 6), book)


@pytest.fixture
def again(tmp_path):
    """The function that writes a table and reads it."""

    def written(table, **options):
        write_table(tmp_path / "table.csv", table)
        return read_table(tmp_path / "table.csv", **options)

    return written


def approached_for(respondents):
    cases = pd.DataFrame(respondents[["organisation", "kind", "scale"]].astype(object))
    ended = {"decided_by": "I-1", "outcome": "complete", "code": "1.1", "disposition": "Complete", "group": "I"}
    return cases.assign(contacts=2, attempts=1, **ended)


def test_ids_are_text_and_numbers_stay_numbers(again):
    table = again(
        pd.DataFrame({"organisation": ["007", None], "category": ["1", "2"], "n": [3, 4], "versus": [0.5, 1]})
    )
    assert table["organisation"].tolist()[0] == "007" and table["organisation"].isna().tolist() == [False, True]
    assert table["category"].tolist() == ["1", "2"] and table["n"].sum() == 7 and table["versus"].sum() == 1.5


def test_a_column_that_is_another_id_can_be_named_and_a_number_of_such_a_name_too(again):
    written = pd.DataFrame({"step": ["01", "02"], "measure": [0.25, 0.5]})
    assert again(written)["step"].tolist() == [1, 2]
    table = again(written, dtype={"step": str, "measure": float})
    assert table["step"].tolist() == ["01", "02"] and table["measure"].sum() == 0.75


def test_those_approached_are_those_that_answered(book, respondents, again, tmp_path):
    approached = again(approached_for(respondents))
    assert approached["code"].tolist() == ["1.1"] * 30 and approached["contacts"].sum() == 60
    settings = settings_of(nonresponse="cells")
    rows = weigh(respondents, approached=approached, cells=CELLS, codebook=book, settings=settings).rows
    assert rows["weight"].sum() == pytest.approx(160)
    write_table(tmp_path / "weighted.csv", rows)
    weighted = read_respondents(tmp_path / "weighted.csv", book)
    assert weighted["organisation"].tolist() == rows["organisation"].tolist()
    assert weighted[["cell", "stratum"]].to_numpy().tolist() == rows[["cell", "stratum"]].to_numpy().tolist()
    shares = estimate(weighted, codebook=book, settings=SETTINGS)
    assert len(figure_data(again(shares), book, book.figures[0])) == 4


def test_respondents_of_another_codebook_are_refused(book, respondents, tmp_path):
    path, columns = tmp_path / "respondents.csv", book.columns
    write_table(path, respondents[columns[:-2]])
    with pytest.raises(InputProblem) as problem:
        read_respondents(path, book)
    lacking = ", ".join(columns[-2:])
    assert str(problem.value) == f"{path}, row 1: columns of its codebook are missing: {lacking}; run dvc repro."


def test_rates_are_those_of_their_sector(book, respondents, again):
    rates = again(response_rates(approached_for(respondents), book))
    assert list(rates["group"].unique()) == ["total", "01", "02"]


def test_figures_and_findings_find_their_numbered_rows(book, again):
    estimates = again(estimates_of(book))
    table = again(figure_data(estimates, book, book.figures[0]))
    assert table["category"].tolist() == ["1", "1", "2", "2"] and table["group"].tolist() == ["01", "02"] * 2
    assert table["group_label"].tolist() == ["1850", "1950"] * 2
    clauses = again(finding_clauses(estimates, book, 0.95, "unweighted"))
    assert clauses[["versus"]].iloc[1].tolist() == ["02"] and clauses["share"].gt(0).all()
    keys = [(Key("10", "1", "total", "total", "unweighted"), None)]
    given = {"codebook": book, "estimates": estimates, "claims": []}
    told = explain_finding(book.findings[0], 1, keys, clauses, **given)
    assert told["clauses"][0]["sentence"] == clauses["sentence"].iloc[0]
    assert again(key_findings(clauses, book))["finding"].tolist() == ["007"]


def test_a_label_that_is_a_year_is_printed_as_one(tmp_path):
    write_table(tmp_path / "table.csv", pd.DataFrame({"label": ["1850", "1950"], "total": [1850, 1950]}))
    assert shown_table(tmp_path / "table.csv", "A table")["rows"] == [["1850", "1,850"], ["1950", "1,950"]]


def test_whether_a_numbered_finding_survives_is_found(book, tmp_path):
    row = {"finding": ["007"], "verdict": "survives", "choices": 12, "evidence": "measured", "clauses": 3, "tested": 3}
    write_table(tmp_path / "sensitivity_findings.csv", pd.DataFrame(row))
    said = "survives 12 choices of weights on measured records"
    assert _survival(book.findings[0], tmp_path) == f"{said}."
    write_table(tmp_path / "sensitivity_findings.csv", pd.DataFrame(row | {"tested": 1}))
    assert _survival(book.findings[0], tmp_path) == f"{said} (1 of 3 statements tested)."


def test_what_is_no_table_is_said_in_one_sentence(tmp_path):
    with pytest.raises(InputProblem, match=r"it cannot be read \(Is a directory\)\."):
        read_table(tmp_path)
    path = tmp_path / "table.csv"
    for text in ("n,share\n1,2,3\n", "n,share\n1,2,\n3,4\n"):
        path.write_text(text)
        for options in ({}, {"dtype": "string"}, {"low_memory": False}):
            with pytest.raises(InputProblem, match="row 2: it has more cells than the header has columns; take out"):
                read_table(path, **options)
