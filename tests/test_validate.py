"""Validation: what is as it should be passes, and each planted fault is found where it stands, once."""

import socket
from itertools import product

import pandas as pd
import pytest
from houses import (
    ANOTHER,
    COUNTED,
    FAULTS,
    FOUND,
    SECOND,
    TWICE,
    attempt,
    contact,
    fieldwork_of,
    houses,
    interview,
    limited,
    planted,
)

from pipeline.clean import clean
from pipeline.dispositions import read_history
from pipeline.expectations import ADVISORY, CRITICAL
from pipeline.fieldwork import simulate
from pipeline.problems import InputProblem
from pipeline.raw import CONTACT_HISTORY, FILES, FRAME, INTERVIEWS, Fieldwork
from pipeline.suites import MOST_CONTACTS, suites
from pipeline.validate import file_sizes, not_met, stop_on_failure, stopping, summary, validate

CODES = "these are codes of size bands, which would be read as sizes"


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


def test_what_is_as_it_should_be_meets_every_expectation(good):
    assert good["success"].all()
    assert not_met(good).empty
    stop_on_failure(good, stop_on=ADVISORY)


def test_each_planted_fault_is_found_where_it_stands_and_nothing_else_is(bad):
    failed = bad[~bad["success"]]
    lines = [[int(line) for line in rows.split(", ") if line] for rows in failed["rows"]]
    found = failed[["severity", "file", "column", "fault"]].itertuples(index=False, name=None)
    # What is found and in which order; the first critical one is what stops the run.
    assert [(*what, where) for what, where in zip(found, lines, strict=True)] == FOUND
    assert failed["unexpected"].tolist() == [max(len(where), 1) for where in lines]


def test_of_two_equal_keys_the_second_is_reported(bad):
    first_faults = bad[~bad["success"]].set_index(["file", "column", "fault"])["row"]
    assert first_faults[INTERVIEWS, "interview_id", TWICE] == 4
    assert first_faults[INTERVIEWS, "status", SECOND] == 42
    assert first_faults[FRAME, "Visits", ANOTHER] == 10
    assert pd.isna(first_faults[INTERVIEWS, "status", COUNTED])


def test_a_sector_that_nobody_belongs_to_and_an_overlong_list_of_contacts_are_found(small_codebook):
    crowd = [contact("C", 2, contact_id=f"C{i}", email=f"c{i}@example.org") for i in range(MOST_CONTACTS)]
    frame = [contact("A", 2), *crowd]
    results = validate(fieldwork_of(small_codebook, frame, [attempt(2, "A02")], [interview(2, 2)]), small_codebook)
    failed = results[~results["success"]][["severity", "file", "column", "fault", "found"]]
    assert failed.to_numpy().tolist() == [
        [CRITICAL, FRAME, "Type", "a sector has no contact in the frame", "none of mus"],
        [ADVISORY, FRAME, "organisation", "the organisation has very many contacts", "LIB-02"],
        [CRITICAL, INTERVIEWS, "organisation", "a sector has no complete questionnaire", "none of mus"],
    ]


@pytest.mark.parametrize(("one", "other"), [("12", "22"), ("12.0", "23.0"), ("12", "Museum 5,000 to 49,999")])
def test_codes_of_bands_for_sizes_stop_the_run_as_they_stop_cleaning(told, small_codebook, one, other):
    frame = told.frame.assign(Visits=told.frame["Type"].map({"Library": one, "Museum": other}))
    results = validate(told._replace(frame=frame), small_codebook)
    failed = results[~results["success"]][["severity", "file", "column", "fault", "unexpected"]]
    number = frame["Visits"].str.fullmatch("[0-9.]+").sum()
    assert failed.to_numpy().tolist() == [[CRITICAL, FRAME, "Visits", CODES, number]]
    with pytest.raises(InputProblem) as problem:
        stop_on_failure(results)
    assert str(problem.value) == str(_stop_of_cleaning(told._replace(frame=frame), small_codebook))


def test_every_expectation_there_is_has_been_seen_to_fail(bad, codebook):
    seen = {(file, fault) for _, file, _, fault, _ in FOUND}
    seen |= {
        (FRAME, CODES),
        (FRAME, "a sector has no contact in the frame"),
        (FRAME, "the organisation has very many contacts"),
        (INTERVIEWS, "a sector has no complete questionnaire"),
    }
    assert {(file, check.fault) for file, checks in suites(codebook).items() for check in checks} == seen


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (
            (INTERVIEWS, 20, "S1", " Perhaps "),
            "interviews.csv, row 20, column S1: the codebook knows no such answer; found 'Perhaps'; "
            "allowed: Yes (1); No, but planned (2); No (3); Don't know (98); Refused (99); "
            "correct the cell, or add the spelling to the codebook.",
        ),
        (
            (INTERVIEWS, 7, "status", "partial"),
            "contact_history.csv, row 7, column outcome: interviews.csv has no complete interview with this "
            "organisation; found 'completed'; correct the outcome or add the interview.",
        ),
        (
            (FRAME, 44, "contact_id", "A02"),
            "frame.csv, row 44, column contact_id: this key stands twice; found 'A02'; "
            "delete or renumber one of the rows.",
        ),
    ],
    ids=["answer", "interview", "key"],
)
def test_a_critical_failure_is_one_sentence(told, small_codebook, fault, sentence):
    results = validate(planted(told, [fault]), small_codebook)
    with pytest.raises(InputProblem) as problem:
        stop_on_failure(results)
    assert str(problem.value) == sentence


@pytest.mark.parametrize("number", ["01", "1.0", "1e0", "100", "9" * 400, "\N{ARABIC-INDIC DIGIT ONE}"])
def test_a_round_written_otherwise_is_named_also_beside_an_attempt_in_that_round(told, small_codebook, number):
    history = pd.concat([told.contact_history, told.contact_history.iloc[[0]].assign(attempt_id="T99")])
    history = history.set_axis(pd.RangeIndex(2, 2 + len(history), name="row"))
    history.loc[2, "round"] = number
    with pytest.raises(InputProblem) as problem:
        stop_on_failure(validate(told._replace(contact_history=history), small_codebook))
    sentence = str(problem.value)
    assert sentence.startswith("contact_history.csv, row 2, column round: this is not the number of a round; found ")
    assert sentence.endswith("allowed: a whole number from 1 to 99.")


def test_the_sentence_counts_what_else_stops_the_run(bad):
    with pytest.raises(InputProblem) as problem:
        stop_on_failure(bad)
    critical = sum(severity == CRITICAL for severity, *_ in FOUND)
    end = f"fill it in; {critical - 1} more expectations are not met: see data_docs.failed/index.html."
    assert str(problem.value) == f"frame.csv, row 42, column contact_id: the cell is empty; found ''; {end}"


def test_an_advisory_failure_stops_the_run_only_where_that_is_asked_for(told, small_codebook):
    results = validate(planted(told, [(INTERVIEWS, 41, "V2", "Everything is fine")]), small_codebook)
    assert stopping(results).empty
    stop_on_failure(results)
    with pytest.raises(InputProblem) as problem:
        stop_on_failure(results, stop_on=ADVISORY)
    assert str(problem.value) == (
        "interviews.csv, row 41, column V2: own words that no phrase of the codebook covers; "
        "cleaning lists them for a person to code."
    )


def test_whatever_cleaning_would_stop_at_is_critical_here(told, small_codebook):
    """Cleaning stops at its first fault; that is mended until it stops no more."""
    faults, met = FAULTS, set()
    while (problem := _stop_of_cleaning(planted(told, faults), small_codebook)) is not None:
        mended = {line for s, file, _, _, lines in FOUND if s == CRITICAL and file == problem.file for line in lines}
        assert problem.row in mended, problem
        (lines,) = {tuple(ls) for s, f, _, _, ls in FOUND if (s, f) == (CRITICAL, problem.file) and problem.row in ls}
        assert (problem.file, lines) not in met
        met.add((problem.file, lines))
        faults = [fault for fault in faults if fault[0] != problem.file or fault[1] not in lines]
    assert len(met) > 30


def _stop_of_cleaning(fieldwork, codebook):
    try:
        read_history(fieldwork.contact_history)
        clean(fieldwork, codebook)
    except InputProblem as problem:
        return problem
    return None


def test_an_answer_may_stand_in_any_row_of_the_organisation(told, small_codebook):
    """The partial interview on line 42 gave the answer that the complete one on line 41 leaves open."""
    faulty = planted(told, [(INTERVIEWS, 41, "S1", "")])
    assert stopping(validate(faulty, small_codebook)).empty


def test_an_empty_cell_that_the_codebook_gives_a_meaning_is_an_answer(told, small_codebook):
    questions = [
        q if q.id != "outlook" else q.model_copy(update={"answers": (*q.answers[:-1], _unanswered(q.answers[-1]))})
        for q in small_codebook.questions
    ]
    lenient = small_codebook.model_copy(update={"questions": tuple(questions)})
    assert stopping(validate(planted(told, [(INTERVIEWS, 23, "V1", "")]), lenient)).empty


def _unanswered(answer):
    return answer.model_copy(update={"spellings": (*answer.spellings, "")})


def test_simulated_fieldwork_with_every_slip_stops_no_run(small_codebook, make_respondents, make_settings):
    records = make_respondents(small_codebook, rows=40, seed=3)
    fieldwork = simulate(records, small_codebook, make_settings(slips=0.5))
    raw = Fieldwork(*(t.set_axis(pd.RangeIndex(2, 2 + len(t), name="row")) for t in fieldwork))
    results = validate(raw, small_codebook)
    failed = results[~results["success"]]
    assert failed["fault"].tolist() == ["the contact is listed a second time"]
    assert failed["unexpected"].tolist() == [3]


def test_no_complete_questionnaire_at_all_is_said_and_not_a_crash(told, small_codebook):
    rows = [(INTERVIEWS, line, "status", "partial") for line in told.interviews.index]
    results = validate(planted(told, rows), small_codebook)
    assert "a sector has no complete questionnaire" in stopping(results)["fault"].tolist()


def test_judging_leaves_no_file_changes_no_table_and_asks_nothing_of_the_network(
    told, codebook, tmp_path, monkeypatch, capfd
):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    before = [table.copy(deep=True) for table in told]
    assert validate(told, codebook)["success"].all()
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    for table, copy in zip(told, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_tables_for_readers(bad, told):
    assert file_sizes(told).to_numpy().tolist() == [[FRAME, 81, 9], [CONTACT_HISTORY, 42, 6], [INTERVIEWS, 41, 19]]
    counts = summary(bad)
    assert list(zip(counts["file"], counts["severity"], strict=True)) == list(product(FILES, (CRITICAL, ADVISORY)))
    assert counts["expectations"].sum() == len(bad)
    assert counts["met"].add(counts["not met"]).equals(counts["expectations"])
    for row in counts.to_dict("records"):
        failed = [1 for severity, file, *_ in FOUND if (file, severity) == (row["file"], row["severity"])]
        assert row["not met"] == len(failed)
    severities = not_met(bad)["severity"].tolist()
    assert severities == sorted(severities, reverse=True)
