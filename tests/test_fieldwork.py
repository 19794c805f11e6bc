"""Simulated fieldwork: as large as the settings say, true to the records, invented throughout, and always the same."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.clean import clean, drop_repeated_contacts
from pipeline.codebook import ORGANISATION, Band
from pipeline.contacts import invent_contacts
from pipeline.dispositions import OUTCOMES, final_dispositions, read_history
from pipeline.fieldwork import _size, main, simulate
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.raw import FILES, INTERVIEWS, Fieldwork, check_keys, raw_columns, read_fieldwork
from pipeline.responses import code_texts, read_answers
from pipeline.suites import ADDRESS_FORM
from pipeline.tables import write_table, write_text
from pipeline.views import shape

CODEBOOK = Path(__file__).parent / "small_codebook.yaml"
PARAMS = Path(__file__).parent.parent / "params.yaml"
# Ofcom, "Telephone numbers for use in TV and radio drama programmes": the ranges used here.
DRAMA = re.compile(r"01632 960\d{3}|020 7946 0\d{3}|011[3-8] 496 0\d{3}|0(1[256]1) 496 0\d{3}|0191 498 0\d{3}")


@pytest.fixture(scope="module")
def settings(make_settings):
    return make_settings()


@pytest.fixture(scope="module")
def told(small_respondents, small_codebook, settings):
    return simulate(small_respondents, small_codebook, settings)


@pytest.fixture(scope="module")
def answered(told):
    """The rows of the contact history from which interview rows came."""
    return told.contact_history[told.contact_history["outcome"].isin(["completed", "partial"])]


def test_as_many_contacts_and_organisations_as_the_settings_say(told, settings):
    assert len(told.frame) == settings.contacts
    assert told.frame[ORGANISATION].nunique() == settings.organisations
    distinct, _ = drop_repeated_contacts(told)
    assert len(distinct.frame) == settings.contacts - settings.listed_twice


def test_the_2014_settings_give_the_printed_numbers(codebook_2014, make_respondents):
    told = simulate(
        make_respondents(codebook_2014, rows=200, seed=1), codebook_2014, load_params("params.yaml").fieldwork
    )
    assert (len(told.frame), told.frame[ORGANISATION].nunique()) == (1829, 300)
    assert told.interviews.query("status == 'complete'")[ORGANISATION].nunique() == 200
    dates = pd.to_datetime(told.contact_history["attempted_on"])
    assert dates.dt.day_of_week.max() < 5
    assert set(dates.dt.year) == {2014}


def test_the_tables_are_those_that_cleaning_reads(told, small_codebook):
    assert {f: list(t.columns) for f, t in zip(FILES, told, strict=True)} == raw_columns(small_codebook)
    check_keys(told)


def test_those_who_did_not_answer_are_shared_out_as_the_settings_say(told, small_respondents, small_codebook):
    named = Fieldwork(*(t.set_axis(range(2, 2 + len(t))) for t in told))
    done = clean(named, small_codebook)
    history, _ = read_history(named.contact_history)
    coded, _, _ = code_texts(read_answers(named.interviews, small_codebook)[0], small_codebook)
    cases = final_dispositions(done.organisations, named.frame, history, coded, small_codebook, partial_from=0)
    # 30 of 90 did not answer: 9 refused, 3 broke off, 3 put off, 6 not reached, 6 never heard of, 3 closed or merged.
    assert cases["code"].value_counts().to_dict() == {
        **{"1.1": 60, "2.11": 9, "1.2": 3, "2.3": 3, "2.2": 6, "3.0": 6, "4.0": 3}
    }
    complete = cases.loc[cases["code"].eq("1.1"), ORGANISATION]
    assert set(complete) == set(small_respondents[ORGANISATION])


def test_questionnaires_in_parts_are_as_many_as_the_settings_say(told, settings):
    rows = told.interviews.groupby(ORGANISATION).agg(rows=("status", "size"), people=("contact_id", "nunique"))
    finished = rows[rows["rows"].gt(1)]
    assert (finished["people"].gt(1).sum(), finished["people"].eq(1).sum()) == (settings.two_people, settings.resumed)


def test_each_interview_row_has_its_attempt_and_each_such_attempt_its_row(told, answered):
    rows = told.interviews.assign(
        outcome=told.interviews["status"].map({"complete": "completed", "partial": "partial"})
    )
    keys = ["contact_id", "completed_on", "outcome"]
    attempts = answered.rename(columns={"attempted_on": "completed_on"})
    assert sorted(rows[keys].to_numpy().tolist()) == sorted(attempts[keys].to_numpy().tolist())


def test_the_mode_of_the_last_attempt_is_the_one_that_the_record_notes(told, answered, small_respondents):
    completed = answered[answered["outcome"].eq("completed")]
    organisation = completed["contact_id"].map(told.frame.set_index("contact_id")[ORGANISATION])
    noted = organisation.map(small_respondents.set_index(ORGANISATION)["channel"])
    assert completed["mode"].tolist() == noted.map({"call": "telephone", "form": "email"}).tolist()


def test_attempts_are_in_order_on_weekdays_of_two_rounds_two_weeks_apart(told):
    dates = pd.to_datetime(told.contact_history["attempted_on"])
    assert dates.is_monotonic_increasing
    assert dates.dt.day_of_week.max() < 5
    rounds = dates.groupby(told.contact_history["round"]).agg(["min", "max"])
    assert rounds.loc["1"].tolist()[0] == pd.Timestamp("2020-03-02")
    assert (rounds.loc["2", "min"] - rounds.loc["1", "min"]).days == 14
    assert rounds.loc["1", "max"] < rounds.loc["2", "min"]
    assert set(told.contact_history["outcome"]) <= set(OUTCOMES)


def test_nobody_is_tried_again_where_no_message_arrives_or_after_the_case_is_settled(told):
    history = told.contact_history
    ends = history[history["outcome"].isin(["bounced", "left organisation", "wrong number"])]
    last = history.drop_duplicates("contact_id", keep="last").set_index("contact_id")["attempt_id"]
    assert ends["attempt_id"].tolist() == last[ends["contact_id"]].tolist()
    organisation = history["contact_id"].map(told.frame.set_index("contact_id")[ORGANISATION])
    final = history["outcome"].isin(["completed", "refused", "not eligible"])
    assert not organisation[final].duplicated().any()
    assert organisation[~organisation.duplicated(keep="last")].loc[final].size == final.sum()


def test_every_contact_is_invented(told):
    assert told.frame["telephone"].map(DRAMA.fullmatch).notna().all()
    assert told.frame["email"].str.lower().str.fullmatch(r"[a-z.]+@[a-z]+-\d+\.example\.org").all()


@pytest.mark.parametrize(
    ("organisation", "domain"),
    [
        ("LIB-001", "lib-001"),
        ("MUS-9", "mus-9"),
        ("LIB_HOUSE-001", "lib-house-001"),
        ("_LIB__X_-001", "lib-x-001"),
        ("LIB_", "lib"),
    ],
)
def test_an_invented_address_has_the_form_of_one_whatever_the_sector_is_called(organisation, domain):
    ids = pd.Series([organisation], dtype="str")
    told = invent_contacts(np.random.default_rng(1), ids, contacts=3, listed_twice=1)
    assert set(told["email"].str.lower().str.partition("@")[2]) == {f"{domain}.example.org"}
    assert told["email"].map(shape).str.fullmatch(ADDRESS_FORM).all()


def test_numbers_run_on_where_there_are_more_contacts_than_reserved_numbers(
    small_codebook, make_respondents, make_settings
):
    records = make_respondents(small_codebook, rows=20, seed=1)
    told = simulate(records, small_codebook, make_settings(organisations=20, contacts=12100))
    assert told.frame["telephone"].map(DRAMA.fullmatch).notna().all()


def test_the_same_settings_give_the_same_tables_and_another_seed_others(
    told, small_respondents, small_codebook, settings, make_settings
):
    again = simulate(small_respondents, small_codebook, settings)
    for first, second in zip(told, again, strict=True):
        pd.testing.assert_frame_equal(first, second)
    other = simulate(small_respondents, small_codebook, make_settings(seed=8))
    assert not other.frame["contact_name"].equals(told.frame["contact_name"])


def test_an_export_has_the_mess_of_a_real_one(small_codebook, make_respondents, make_settings):
    records = make_respondents(small_codebook, rows=80, seed=2)
    cells = simulate(records, small_codebook, make_settings(organisations=100)).interviews
    shop = set(cells["S1"])
    assert {"Yes", "1", "98", "99", "Don\u2019t know", "Don't know", "DK"} <= shop
    assert any(cell != cell.strip() for cell in shop)
    assert any("\u00a0" in cell for cell in cells["V1"])
    assert any(cell.isupper() and len(cell) > 5 for cell in cells["V2"])
    assert cells["V2"].str.contains("; | and | / ").any()


def test_without_slips_an_export_has_labels_only(small_codebook, small_respondents, make_settings):
    cells = simulate(small_respondents, small_codebook, make_settings(slips=0)).interviews
    labels = {a.label for a in small_codebook.question("shop").answers}
    assert set(cells["S1"]) <= labels | {""}


def test_answers_that_say_nothing_can_all_come_as_codes(small_codebook, small_respondents, make_settings):
    slips = make_settings(slips=0).slips.model_copy(update={"missing_as_code": 1.0})
    cells = simulate(small_respondents, small_codebook, make_settings().model_copy(update={"slips": slips})).interviews
    assert {"98", "99", "Yes"} <= set(cells["S1"])
    assert not {"Don't know", "Refused", "1"} & set(cells["S1"])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"organisations": 59},
            "params.yaml: fieldwork.organisations is fewer than the respondents; found 59; allowed: at least 60.",
        ),
        (
            {"contacts": 92},
            "params.yaml: fieldwork.contacts is too few for a contact each and listed_twice; found 92; "
            "allowed: at least 93.",
        ),
        (
            {"listed_twice": 200},
            "params.yaml: fieldwork.contacts is too few for a contact each and listed_twice; found 260; "
            "allowed: at least 400.",
        ),
        (
            {"two_people": 40, "resumed": 21},
            "params.yaml: fieldwork.two_people and resumed are more than the respondents; found 60; "
            "allowed: at least 61.",
        ),
    ],
)
def test_settings_that_the_respondents_do_not_fit_are_refused(
    small_respondents, small_codebook, make_settings, changes, sentence
):
    with pytest.raises(InputProblem) as problem:
        simulate(small_respondents, small_codebook, make_settings(**changes))
    assert str(problem.value) == sentence


def test_more_people_at_an_organisation_than_there_are_names_are_refused(
    small_respondents, small_codebook, make_settings
):
    few = make_settings(organisations=5, contacts=9000, two_people=0, resumed=0)
    with pytest.raises(InputProblem) as problem:
        simulate(small_respondents.iloc[:4], small_codebook, few)
    assert re.fullmatch(
        r"params\.yaml: fieldwork\.contacts is too many for so few organisations: one organisation would have \d,\d{3} "
        r"people, and there are \d,\d{3} names; found 9000; lower it, or raise fieldwork\.organisations\.",
        str(problem.value),
    )


def test_no_respondents_are_refused(small_respondents, small_codebook, make_settings):
    with pytest.raises(InputProblem, match="there are no respondents to do fieldwork for"):
        simulate(small_respondents.iloc[:0], small_codebook, make_settings(two_people=0, resumed=0))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"starts": "2014-03-03"}, "fieldwork.starts: must be a month and a day"),
        ({"not_answering": {"refused": 0.5}}, "fieldwork.not_answering: the key 'broke_off' is missing."),
        ({"two_people": -1}, "fieldwork.two_people: must be at least 0; found -1."),
    ],
)
def test_settings_that_are_none_are_refused(tmp_path, changes, sentence):
    params = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    params["fieldwork"] |= changes
    write_text(tmp_path / "params.yaml", yaml.safe_dump(params))
    with pytest.raises(InputProblem, match=re.escape(f"params.yaml: {sentence}")):
        load_params(tmp_path / "params.yaml")


def test_the_command_writes_what_cleaning_reads(tmp_path, small_codebook, make_respondents):
    records = make_respondents(small_codebook, rows=30, seed=3)
    write_text(tmp_path / "codebook/2020.yaml", CODEBOOK.read_text(encoding="utf-8"))
    with pytest.raises(InputProblem, match=r"respondents\.csv: there are no records to do fieldwork for"):
        main(wave=2020, params=PARAMS, data=tmp_path)
    write_table(tmp_path / "respondents/2020/respondents.csv", records)
    main(wave=2020, params=PARAMS, data=tmp_path)
    first = {f: (tmp_path / "raw/2020" / f).read_bytes() for f in FILES}
    main(wave=2020, params=PARAMS, data=tmp_path)
    assert first == {f: (tmp_path / "raw/2020" / f).read_bytes() for f in FILES}
    assert first[INTERVIEWS].startswith(b"interview_id,organisation,contact_id,completed_on,status,Channel,E1_1")
    cleaned = clean(read_fieldwork(tmp_path / "raw/2020", small_codebook), small_codebook)
    pd.testing.assert_frame_equal(cleaned.respondents, records)


@pytest.mark.parametrize(
    ("band", "sizes"),
    [((0, 1), {0}), ((0, 2), {1}), ((0, 500), range(1, 500)), ((3, 4), {3}), ((1000, None), range(1000, 4000))],
)
def test_a_size_lies_in_its_band(band, sizes):
    at_least, below = band
    rng = np.random.default_rng(1)
    found = {int(_size(rng, Band(sector="lib", at_least=at_least, below=below))) for _ in range(200)}
    assert found <= set(sizes)
