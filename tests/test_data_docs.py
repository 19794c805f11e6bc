"""Data Docs: both outcomes have pages, they ask nothing of the network, are the same each time, and name nobody."""

import re

import pandas as pd
import pytest
from houses import EMAIL, FAULTS, FOUND, TELEPHONE, houses, limited, planted

from pipeline.data_docs import pages, write_report
from pipeline.expectations import ADVISORY, CRITICAL
from pipeline.problems import InputProblem
from pipeline.raw import CONTACT_HISTORY, FRAME, INTERVIEWS
from pipeline.validate import not_met, stop_on_failure, validate

NAME = "Ann Lee"
PRIVATE = [
    (FRAME, 42, "contact_name", NAME),
    (FRAME, 42, "email", EMAIL),
    (FRAME, 43, "email", NAME),
    (FRAME, 42, "telephone", "ask Ann Lee"),
    (INTERVIEWS, 20, "S1", f"ask {NAME.upper()}"),
    (INTERVIEWS, 21, "status", EMAIL),
    (INTERVIEWS, 22, "contact_id", TELEPHONE),
    (INTERVIEWS, 30, "V2", f"{NAME}, {EMAIL}, {TELEPHONE}"),
    (CONTACT_HISTORY, 5, "outcome", NAME),
]


@pytest.fixture(scope="module")
def told(small_codebook):
    return houses(small_codebook)


@pytest.fixture(scope="module")
def codebook(small_codebook):
    return limited(small_codebook)


@pytest.fixture(scope="module")
def good(told, codebook):
    return validate(told, codebook)


@pytest.fixture(scope="module")
def bad(told, codebook):
    return validate(planted(told, FAULTS), codebook)


def files_in(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_both_outcomes_have_pages_that_ask_nothing_of_the_network(good, bad, codebook):
    for results in (good, bad):
        drawn = pages(results, codebook)
        assert set(drawn) == {"index.html", "frame.html", "contact_history.html", "interviews.html"}
        for page in drawn.values():
            assert not re.search(
                r"<(script|link|img|iframe|object|embed|base|form)\b|https?:|url\(|@import|srcset=", page
            )
            links = re.findall(r'(?:href|src)="([^"]*)"', page)
            assert set(links) <= set(drawn) | {f"../../waves/{codebook.wave}/index.html"}


def test_pages_say_what_is_met_and_that_nothing_is_real(good, bad, codebook):
    critical = good["severity"].eq(CRITICAL).sum()
    said = f"All {critical} critical expectations and all {len(good) - critical} advisory expectations are met."
    assert said in pages(good, codebook)["index.html"]
    index = pages(bad, codebook)["index.html"]
    for _, file, column, fault, _ in FOUND:
        assert f"<h3>{file}, {column}</h3>" in index
        assert fault.replace("'", "&#39;") in index
    for page in pages(bad, codebook).values():
        assert "REHEARSAL: simulated answers, not a survey." in page
        assert "organisations, contacts, dates and attempts are invented" in page
    real = codebook.model_copy(update={"kind": "fieldwork"})
    assert "invented" not in pages(good, real)["index.html"]


def test_what_is_met_is_folded_away_and_what_is_not_stands_open(bad, codebook):
    page_of = pages(bad, codebook)
    for file in ("frame", "contact_history", "interviews"):
        parts = re.split(r'(<details class="all-met">.*?</ul></details>)', page_of[f"{file}.html"], flags=re.DOTALL)
        open_, folded = "".join(parts[::2]), "".join(parts[1::2])
        of_file = bad[bad["file"].eq(f"{file}.csv")]
        assert folded.count("✓ Met</span>") == of_file["success"].sum()
        assert open_.count("Not met (") == (~of_file["success"]).sum() and "✓ Met" not in open_
    assert bad["success"].any() and not bad["success"].all()


def test_the_same_files_give_the_same_bytes(told, bad, codebook, tmp_path):
    again = validate(planted(told, FAULTS), codebook)
    for results, name in ((bad, "one"), (again, "two")):
        write_report(results, codebook, tmp_path / name, stops=True)
    written = files_in(tmp_path / "one")
    assert written == files_in(tmp_path / "two")
    assert sum(map(len, written.values())) < 200_000


def test_nobody_is_named_in_pages_tables_or_messages(told, small_codebook, tmp_path):
    results = validate(planted(told, PRIVATE), small_codebook)
    write_report(results, small_codebook, tmp_path, stops=True)
    shown = "".join(data.decode("utf-8") for data in files_in(tmp_path).values())
    shown += results.to_csv() + not_met(results).to_csv()
    for column in ("column", "fault"):
        for stop in results[~results["success"]][column].unique():
            with pytest.raises(InputProblem) as problem:
                stop_on_failure(results[results[column].eq(stop)], stop_on=ADVISORY)
            shown += str(problem.value)
    assert len(not_met(results)) >= 7
    assert not re.search(r"ann\W*lee|somewhere|7946|name a\d\d|a\d\d@", shown, re.IGNORECASE)
    assert shown.count("[contact detail]") > 3


def test_texts_from_a_file_are_neither_markup_nor_formulas(told, small_codebook, tmp_path):
    faults = [(INTERVIEWS, 20, "S1", "<script>alert(1)</script>"), (INTERVIEWS, 21, "V1", "=1+1")]
    results = validate(planted(told, faults), small_codebook)
    write_report(results, small_codebook, tmp_path, stops=True)
    page = (tmp_path / "data_docs.failed/index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    table = pd.read_csv(tmp_path / "validation.failed.csv", dtype="str", keep_default_na=False)
    assert "'=1+1" in "\n".join(table["found"])
    assert not table.stack().str.match(r"[=+@\t\r-]").any()


def test_a_run_that_stops_leaves_earlier_results_and_one_that_succeeds_clears_its_traces(good, bad, codebook, tmp_path):
    first = write_report(good, codebook, tmp_path, stops=False)
    kept = files_in(tmp_path)
    assert first == tmp_path / "data_docs/index.html"
    assert write_report(bad, codebook, tmp_path, stops=True) == tmp_path / "data_docs.failed/index.html"
    assert files_in(tmp_path).items() > kept.items()
    write_report(good, codebook, tmp_path, stops=False)
    assert files_in(tmp_path) == kept
