"""Final dispositions and response rates, against counts worked out by hand."""

import pandas as pd
import pytest

from pipeline.dispositions import (
    DISPOSITIONS,
    OUTCOMES,
    RATES,
    count_dispositions,
    final_dispositions,
    rates,
    read_history,
    response_rates,
)
from pipeline.names import RESERVED
from pipeline.problems import InputProblem
from pipeline.responses import ABOUT

# 60 cases, 5 of them not eligible: 45 known to be eligible, 10 unknown.
COUNTS = {"I": 20, "P": 3, "R": 10, "NC": 8, "O": 4, "U": 10, "NE": 5}


def test_rates_of_counts_worked_out_by_hand():
    e = 45 / 50
    by_hand = {
        "e": e,
        "RR1": 20 / 55,
        "RR2": 23 / 55,
        "RR3": 20 / (45 + e * 10),
        "RR4": 23 / 54,
        "RR5": 20 / 45,
        "RR6": 23 / 45,
        "COOP1": 20 / 37,
        "COOP2": 23 / 37,
        "COOP3": 20 / 33,
        "COOP4": 23 / 33,
        "REF1": 10 / 55,
        "REF2": 10 / 54,
        "REF3": 10 / 45,
        "CON1": 37 / 55,
        "CON2": 37 / 54,
        "CON3": 37 / 45,
    }
    assert {r["rate"]: r["value"] for r in rates(COUNTS)} == pytest.approx(by_hand)


def test_rates_say_how_they_were_made():
    rr4 = next(r for r in rates(COUNTS) if r["rate"] == "RR4")
    assert rr4["formula"] == "(I + P) / (I + P + R + NC + O + eU)"
    assert (rr4["numerator"], rr4["denominator"]) == (23, pytest.approx(54))


def test_more_unknown_cases_taken_for_eligible_never_raise_a_response_rate():
    value = {r["rate"]: r["value"] for r in rates(COUNTS)}
    assert value["RR1"] < value["RR3"] < value["RR5"]
    assert value["RR2"] < value["RR4"] < value["RR6"]


def test_rates_without_cases_are_empty_and_without_known_cases_every_unknown_one_stays():
    assert {r["value"] for r in rates({})} == {None}
    unknown = {r["rate"]: r["value"] for r in rates({"U": 4})}
    assert (unknown["e"], unknown["RR1"], unknown["RR3"], unknown["RR5"]) == (None, 0, 0, None)


def test_every_outcome_leads_to_a_disposition_and_every_group_is_in_a_rate():
    assert set(OUTCOMES.values()) <= set(DISPOSITIONS)
    groups = {g for _, above, below, _ in RATES.values() for g in (*above, *below)}
    assert groups | {"U", "NE"} == {group for _, group in DISPOSITIONS.values()}


def history_of(attempts):
    """A contact history from {contact: outcomes in order of time}."""
    rows = [
        {
            "contact_id": contact,
            "round": "1",
            "mode": "telephone",
            "attempted_on": f"2020-03-{day:02d}",
            "outcome": outcome,
        }
        for contact, outcomes in attempts.items()
        for day, outcome in enumerate(outcomes, start=2)
    ]
    table = pd.DataFrame(rows, columns=["contact_id", "round", "mode", "attempted_on", "outcome"], dtype="str")
    return table.assign(attempt_id=[f"A{i}" for i in range(1, len(rows) + 1)]).set_axis(range(2, 2 + len(rows)))


@pytest.fixture
def dispose(small_codebook):
    """A function from attempts by contact and interview rows to dispositions; contact C1a is of organisation O1."""

    def make(attempts, interviews=(), also=(), partial_from=0.5, codebook=small_codebook):
        contacts = [*attempts, *also]
        organisations = sorted({f"O{c[1]}" for c in contacts})
        frame = pd.DataFrame({"contact_id": contacts, "organisation": [f"O{c[1]}" for c in contacts]})
        facts = pd.DataFrame({"organisation": organisations, "kind": "lib", "scale": "lib_few"})
        columns = [*ABOUT, *(c for q in small_codebook.questions if q.asked_of != "frame" for c in q.columns)]
        about = {"interview_id": "I1", "organisation": "O1", "contact_id": "C1", "completed_on": "2020-03-09"}
        answers = pd.DataFrame([about | row for row in interviews], columns=columns)
        history, _ = read_history(history_of(attempts))
        return final_dispositions(facts, frame, history, answers, codebook, partial_from=partial_from)

    return make


@pytest.mark.parametrize(
    ("outcomes", "code", "decided_by"),
    [
        (["no reply", "no answer"], "3.0", "A2"),
        (["bounced", "wrong number"], "3.0", "A1"),
        (["no reply", "answerphone", "no answer"], "2.2", "A2"),
        (["out of office"], "2.2", "A1"),
        (["replied", "appointment", "call back"], "2.3", "A2"),
        (["refused", "appointment"], "2.11", "A1"),
        (["partial", "no answer"], "2.12", "A1"),
        (["refused", "not eligible"], "4.0", "A2"),
        (["call back", "call back"], "2.2", "A2"),
    ],
)
def test_the_most_telling_attempt_decides(dispose, outcomes, code, decided_by):
    case = dispose({"C1": outcomes}).iloc[0]
    assert (case["code"], case["decided_by"]) == (code, decided_by)


def test_a_case_is_an_organisation_whichever_of_its_contacts_was_tried(dispose):
    cases = dispose({"C1a": ["no answer"], "C1b": ["refused"], "C2": ["no answer"]}, also=["C3", "C3b"])
    assert cases[["organisation", "contacts", "attempts", "outcome", "code"]].to_numpy().tolist() == [
        ["O1", 2, 2, "refused", "2.11"],
        ["O2", 1, 1, "no answer", "3.0"],
        ["O3", 2, 0, "not attempted", "3.0"],
    ]


def test_a_complete_questionnaire_decides_over_any_attempt(dispose):
    complete = {"status": "complete", "interview_id": "I7"}
    case = dispose({"C1": ["completed"], "C1b": ["refused"]}, [{"status": "partial"}, complete]).iloc[0]
    assert (case["code"], case["group"], case["decided_by"]) == ("1.1", "I", "I7")


@pytest.mark.parametrize(
    ("answered", "code"),
    [
        # Three questions are put to everyone and not answered in own words: events, shop, outlook.
        ({"shop": "no"}, "2.12"),
        ({"shop": "no", "outlook": "bleak"}, "1.2"),
        ({"shop": "no", "channel": "call", "profit": "yes", "comment.staff": 1}, "2.12"),
    ],
)
def test_an_interview_never_completed_is_partial_from_a_share_of_the_questions(dispose, answered, code):
    assert dispose({"C1": ["partial"]}, [{"status": "partial"} | answered]).loc[0, "code"] == code


def test_the_share_that_makes_an_interview_partial_can_be_set(dispose):
    row = {"status": "partial", "shop": "no"}
    assert dispose({"C1": ["partial"]}, [row], partial_from=0.3).loc[0, "code"] == "1.2"
    every = row | {"outlook": "bleak", "events.talks": 0}
    assert dispose({"C1": ["partial"]}, [every], partial_from=1).loc[0, "code"] == "1.2"


@pytest.mark.parametrize(("partial_from", "code"), [(0, "1.2"), (0.1, "2.12")])
def test_where_no_question_is_put_to_everyone_none_was_answered(dispose, small_codebook, partial_from, code):
    routed = [q for q in small_codebook.questions if q.asked_of != "respondent" or q.asked_if or q.kind == "open"]
    book = small_codebook.model_copy(update={"questions": tuple(routed)})
    row = {"status": "partial", "channel": "call", "comment.staff": 1}
    case = dispose({"C1": ["partial"]}, [row], partial_from=partial_from, codebook=book)
    assert case.loc[0, "code"] == code


def test_the_parts_of_an_interview_never_completed_count_together(dispose):
    rows = [{"status": "partial", "shop": "no"}, {"status": "partial", "outlook": "bleak"}]
    assert dispose({"C1": ["partial"]}, rows).loc[0, "code"] == "1.2"


def test_a_completed_attempt_without_an_interview_is_refused(dispose):
    with pytest.raises(InputProblem) as problem:
        dispose({"C1": ["no answer", "completed"]}, [{"status": "partial"}])
    assert str(problem.value) == (
        "contact_history.csv, row 3, column outcome: interviews.csv has no complete interview with this organisation; "
        "found 'completed'; correct the outcome or add the interview."
    )


def test_outcomes_are_read_in_any_letter_case_and_logged():
    history, log = read_history(history_of({"C1": ["No Answer", "refused"]}))
    assert history["outcome"].tolist() == ["no answer", "refused"]
    assert log[["row", "column", "before", "after"]].to_numpy().tolist() == [[2, "outcome", "No Answer", "no answer"]]


@pytest.mark.parametrize(
    ("column", "cell", "sentence"),
    [
        (
            "outcome",
            "went well",
            "not a contact attempt's outcome; found 'went well'; allowed: completed, not eligible,",
        ),
        ("mode", "fax", "not a contact attempt's mode; found 'fax'; allowed: telephone, email."),
        ("round", "first", "not a contact attempt's round; found 'first'; allowed: a whole number from 1 to 99."),
        ("round", "100", "not a contact attempt's round; found '100'; allowed: a whole number from 1 to 99."),
        ("attempted_on", "3/3/2020", "not a contact attempt's attempted_on; found '3/3/2020'; allowed: YYYY-MM-DD."),
    ],
)
def test_an_attempt_that_cannot_be_read_is_refused(column, cell, sentence):
    with pytest.raises(InputProblem) as problem:
        read_history(history_of({"C1": ["refused"]}).assign(**{column: cell}))
    assert str(problem.value).startswith(f"contact_history.csv, row 2, column {column}: {sentence}")


def test_rates_and_counts_are_given_in_all_and_by_sector(small_codebook):
    codes = {"lib": ["1.1", "1.1", "2.11", "4.0"], "mus": ["1.1", "3.0"]}
    cases = pd.DataFrame([(sector, code) for sector, c in codes.items() for code in c], columns=["kind", "code"])
    cases["group"] = cases["code"].map({code: group for code, (_, group) in DISPOSITIONS.items()})
    table = response_rates(cases, small_codebook).set_index(["group", "rate"])["value"]
    assert table["total", "RR1"] == 3 / 5
    assert table["lib", "RR1"] == 2 / 3
    assert table["mus", "RR5"] == 1
    assert table["total", "e"] == 4 / 5
    counts = count_dispositions(cases, small_codebook).set_index("code")
    assert counts.loc["1.1", ["All", "Library", "Museum"]].tolist() == [3, 2, 1]
    assert counts["All"].sum() == 6


@pytest.mark.parametrize(("kind", "support"), [("reconstruction", "assumed"), ("rehearsal", "simulated")])
def test_invented_attempts_are_never_called_measured(small_codebook, kind, support):
    cases = pd.DataFrame({"kind": ["lib"], "code": ["1.1"], "group": ["I"]})
    made = response_rates(cases, small_codebook.model_copy(update={"kind": kind}))
    assert set(made["support"]) == {support}


def test_what_stands_beside_the_facts_of_the_frame_is_kept_from_questions(dispose, small_codebook):
    table = dispose({"C1": ["completed"]}, [{"status": "complete"}])
    assert set(table) - set(small_codebook.columns) <= RESERVED and set(ABOUT) <= RESERVED
