"""Cleaning: what comes back is what was told, and every change is in the log."""

from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.changes import ROW_RULES, row_balance
from pipeline.clean import clean, drop_repeated_contacts, read_organisations, tidy_text
from pipeline.fieldwork import simulate
from pipeline.problems import InputProblem
from pipeline.raw import FILES, Fieldwork, interview_questions, raw_columns, read_fieldwork
from pipeline.tables import write_table

CODEBOOK = Path(__file__).parent / "small_codebook.yaml"
NOTEBOOK = Path(__file__).parent.parent / "notebooks/clean.ipynb"
LIBRARY = {"organisation": "LIB-001", "Type": "Library", "Visits": "12000", "contact_id": "C1", "email": "a@a.example"}
COLLEAGUE = LIBRARY | {"contact_id": "C2", "email": "b@a.example"}
MUSEUM = {"organisation": "MUS-001", "Type": "Museum", "Visits": "7000", "contact_id": "C3", "email": "c@c.example"}
TOLD = {
    **{"interview_id": "I1", "organisation": "LIB-001", "contact_id": "C1", "completed_on": "2020-03-04"},
    **{"status": "complete", "Channel": "In a call", "E1_1": "1", "E1_2": "0", "E1_3": "0", "E1_4": "0"},
    **{"S1": "No", "V1": "Steady"},
}


@pytest.fixture
def raw(small_codebook):
    """A function that makes raw tables of the made-up survey, rows on lines 2, 3, ..., cells not given empty."""

    def make(*interviews, frame=(LIBRARY, COLLEAGUE, MUSEUM), history=()):
        columns = raw_columns(small_codebook)
        rows = zip(FILES, (frame, history, interviews), strict=True)
        tables = [pd.DataFrame(list(r), columns=columns[f], dtype="str").fillna("") for f, r in rows]
        return Fieldwork(*(t.set_axis(pd.RangeIndex(2, 2 + len(t), name="row")) for t in tables))

    return make


def as_read(fieldwork):
    """Simulated tables as `read_fieldwork` would give them."""
    return Fieldwork(*(t.set_axis(pd.RangeIndex(2, 2 + len(t), name="row")) for t in fieldwork))


def log_of(cleaned, rule):
    log = cleaned.change_log
    return log.loc[log["rule"].str.startswith(rule), ["row", "column", "before", "after"]].to_numpy().tolist()


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    rows=st.integers(1, 30),
    others=st.integers(0, 12),
    slips=st.sampled_from([0.0, 0.3, 1.0]),
    parts=st.integers(0, 5),
)
def test_round_trip_of_any_records(small_codebook, make_respondents, make_settings, seed, rows, others, slips, parts):
    records = make_respondents(small_codebook, rows=rows, seed=seed)
    wanted = make_settings(
        slips=slips,
        seed=seed,
        organisations=rows + others,
        contacts=3 * (rows + others),
        listed_twice=min(parts, rows),
        two_people=min(parts, rows // 2),
        resumed=min(parts, rows // 2),
    )
    told = simulate(records, small_codebook, wanted)
    cleaned = clean(as_read(told), small_codebook)
    pd.testing.assert_frame_equal(cleaned.respondents, records)
    assert cleaned.uncoded.empty
    assert len(cleaned.organisations) == rows + others
    left_out = cleaned.change_log.query("file == 'interviews.csv'")["rule"].isin(ROW_RULES).sum()
    assert len(told.interviews) == len(records) + left_out


@pytest.mark.parametrize("seed", [1, 2])
def test_round_trip_of_the_2014_questionnaire_by_way_of_files(
    codebook_2014, make_respondents, make_settings, tmp_path, seed
):
    records = make_respondents(codebook_2014, rows=60, seed=seed)
    for table, file in zip(simulate(records, codebook_2014, make_settings(seed=seed)), FILES, strict=True):
        write_table(tmp_path / file, table)
    cleaned = clean(read_fieldwork(tmp_path, codebook_2014), codebook_2014)
    pd.testing.assert_frame_equal(cleaned.respondents, records)


@pytest.fixture(scope="module")
def simulated(small_codebook, small_respondents, make_settings):
    return as_read(simulate(small_respondents, small_codebook, make_settings()))


@pytest.fixture(scope="module")
def cleaned(simulated, small_codebook):
    return clean(simulated, small_codebook)


def test_every_cell_is_the_codebooks_own_or_logged(simulated, cleaned, small_codebook):
    log = cleaned.change_log.query("file == 'interviews.csv'")
    logged = set(zip(log["row"], log["column"], strict=True))
    for question in interview_questions(small_codebook):
        own = {"": {""}, "1": {"1"}, "0": {"0"}}
        if question.kind == "single":
            own = {""} | {str(text) for a in question.answers for text in (a.label, a.code, a.id)}
        for column in question.export_columns:
            cells = simulated.interviews[column]
            strange = cells[~cells.isin(list(own)) if question.kind != "open" else cells.ne("")]
            assert {(row, column) for row in strange.index} <= logged, column


def test_the_log_starts_at_the_raw_cell_and_goes_on_from_change_to_change(simulated, cleaned):
    tables = dict(zip(FILES, simulated, strict=True))
    cells = cleaned.change_log[~cleaned.change_log["rule"].isin(ROW_RULES)]
    for (file, row, column), steps in cells.groupby(["file", "row", "column"], sort=False):
        assert steps["before"].iloc[0] == tables[file].at[row, column]
        assert steps["after"].iloc[:-1].tolist() == steps["before"].iloc[1:].tolist()
        assert steps["before"].ne(steps["after"]).all()


def test_nothing_personal_is_in_what_cleaning_makes(simulated, cleaned):
    frame = simulated.frame
    details = {t for c in ("contact_name", "email", "telephone") for t in frame[c]} | set(frame["organisation_name"])
    for table in cleaned:
        cells = set(table.astype("string").fillna("").to_numpy().ravel())
        assert not cells & details
        assert not any("@" in cell for cell in cells)


def test_inputs_are_left_as_they_were(small_codebook, small_respondents, make_settings):
    told = as_read(simulate(small_respondents, small_codebook, make_settings()))
    before = [table.copy(deep=True) for table in told]
    clean(told, small_codebook)
    for table, copy in zip(told, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_a_whole_questionnaire(small_codebook, raw):
    row = clean(raw(TOLD | {"E1_4": "Yes", "E1_text": "chess on Mondays."}), small_codebook).respondents.iloc[0]
    given = row.dropna().to_dict()
    assert {k: v for k, v in given.items() if "." not in k} == {
        **{"organisation": "LIB-001", "kind": "lib", "scale": "lib_few", "channel": "call"},
        **{"shop": "no", "outlook": "steady"},
    }
    assert {k for k, v in given.items() if v == 1} == {"events.talks", "events.other", "events_other.games"}
    assert row[["goods.books", "goods.dont_know", "profit"]].isna().all()


def test_stray_blanks_go_and_contact_details_are_not_touched(raw):
    told = raw(
        TOLD | {"S1": "\u00a0 No,  but planned "}, frame=(LIBRARY | {"contact_name": " Ann  Lee "}, COLLEAGUE, MUSEUM)
    )
    tidied, log = tidy_text(told)
    assert tidied.interviews["S1"].tolist() == ["No, but planned"]
    assert tidied.frame["contact_name"].tolist()[0] == " Ann  Lee "
    assert log[["file", "row", "column"]].to_numpy().tolist() == [["interviews.csv", 2, "S1"]]


def test_a_question_called_as_a_contact_detail_is_tidied_as_any_other(raw):
    told = raw(TOLD, TOLD | {"interview_id": "I2"})
    told = told._replace(interviews=told.interviews.rename(columns={"V2": "job_title"}).assign(job_title=[" ", "a  b"]))
    tidied, log = tidy_text(told)
    assert tidied.interviews["job_title"].tolist() == ["", "a b"]
    assert log[["file", "row", "column"]].to_numpy().tolist() == [["interviews.csv", r, "job_title"] for r in (2, 3)]


def test_contact_details_in_own_words_are_seen_by_nobody(small_codebook, raw):
    words = "Our roof leaks; ask Ann Lee, ann@example.org or 020 7946 0123"
    told = raw(TOLD | {"V2": words}, frame=(LIBRARY | {"contact_name": "Ann Lee"}, COLLEAGUE, MUSEUM))
    done = clean(told, small_codebook)
    shown = "Our roof leaks; ask [contact detail], [contact detail] or [contact detail]"
    assert done.uncoded[["text", "coded_to"]].to_numpy().tolist() == [[shown, "building"]]
    assert log_of(done, "contact details") == [[2, "V2", "(not shown)", shown]]
    assert not done.change_log[["before", "after"]].stack().str.contains("Ann|ann@|7946").any()


def test_a_contact_listed_twice_is_dropped_and_its_rows_go_to_the_first_listing(raw):
    again = LIBRARY | {"contact_id": "C9", "email": "A@A.EXAMPLE"}
    attempt = {"attempt_id": "A1", "contact_id": "C9"}
    told = raw(TOLD | {"contact_id": "C9"}, frame=(LIBRARY, MUSEUM, again), history=(attempt,))
    distinct, log = drop_repeated_contacts(told)
    assert distinct.frame["contact_id"].tolist() == ["C1", "C3"]
    assert distinct.contact_history["contact_id"].tolist() == distinct.interviews["contact_id"].tolist() == ["C1"]
    assert log[["file", "row", "before", "after"]].to_numpy().tolist() == [
        ["contact_history.csv", 2, "C9", "C1"],
        ["frame.csv", 4, "C9", "C1"],
        ["interviews.csv", 2, "C9", "C1"],
    ]
    assert row_balance("contacts", 3, 2, log).iloc[0].tolist() == ["contacts", 3, 2, 1, 2]


def test_the_same_address_at_another_organisation_is_another_contact(raw):
    distinct, log = drop_repeated_contacts(raw(frame=(LIBRARY, MUSEUM | {"email": LIBRARY["email"]})))
    assert len(distinct.frame) == 2
    assert log.empty


def test_contacts_without_an_address_are_not_taken_for_one(raw):
    distinct, _ = drop_repeated_contacts(raw(frame=(LIBRARY | {"email": ""}, COLLEAGUE | {"email": ""})))
    assert len(distinct.frame) == 2


@pytest.mark.parametrize(
    ("visits", "band"),
    [
        *[("1", "lib_few"), ("19999", "lib_few"), ("library under 20,000 visits", "lib_few")],
        *[("20000", "lib_many"), ("20,000", "lib_many"), ("1999999.0", "lib_many")],
    ],
)
def test_sizes_fall_into_the_bands_of_their_sector(small_codebook, raw, visits, band):
    frame = raw(frame=(LIBRARY | {"Visits": visits},)).frame
    organisations, log = read_organisations(frame, small_codebook)
    assert organisations.to_numpy().tolist() == [["LIB-001", "lib", band]]
    assert log[["row", "column", "before", "after"]].to_numpy().tolist() == [[2, "Visits", visits, band]]


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (
            COLLEAGUE | {"Type": "Museum", "Visits": ""},
            "frame.csv, row 3, column Type: organisation LIB-001 has another value in row 2; found 'Museum'; "
            "give all its rows the same.",
        ),
        (
            COLLEAGUE | {"Visits": "30000"},
            "frame.csv, row 3, column Visits: organisation LIB-001 has another value in row 2; found '30000'; "
            "give all its rows the same.",
        ),
        (
            MUSEUM | {"Visits": ""},
            "frame.csv, row 3, column Visits: no row says this of the organisation; found ''; fill it in.",
        ),
        (
            COLLEAGUE | {"Visits": "0"},
            "frame.csv, row 3, column Visits: no size band of the organisation's sector holds this; found '0'; "
            "allowed: a whole number in one of: Library under 20,000 visits; Library 20,000 visits and over; "
            "Museum under 5,000 visits; Museum 5,000 to 49,999; Museum 50,000 visits and over.",
        ),
        (
            MUSEUM | {"Type": "Zoo"},
            "frame.csv, row 3, column Type: the codebook knows no such answer; found 'Zoo'; allowed: Library (1); "
            "Museum (2).",
        ),
    ],
)
def test_a_frame_that_contradicts_itself_or_the_codebook_is_refused(small_codebook, raw, second, sentence):
    with pytest.raises(InputProblem) as problem:
        read_organisations(raw(frame=(LIBRARY, second)).frame, small_codebook)
    assert str(problem.value) == sentence


@pytest.mark.parametrize("visits", ["1-499", "Jan-99", "12.5", "-3", "many", "Museum under 5,000 visits"])
def test_a_size_that_is_no_number_of_the_sector_is_refused(small_codebook, raw, visits):
    with pytest.raises(InputProblem, match=r"row 2, column Visits: no size band .* found '" + visits):
        read_organisations(raw(frame=(LIBRARY | {"Visits": visits},)).frame, small_codebook)


def with_bands(codebook, **bands):
    """A codebook whose `scale` has only these answers, each with a band of these ends or, where None, its own."""
    scale = codebook.question("scale")
    kept = [
        a if (ends := bands[a.id]) is None else a.model_copy(update={"band": ends})
        for a in scale.answers
        if a.id in bands
    ]
    other = scale.model_copy(update={"answers": tuple(kept)})
    questions = tuple(other if q.id == "scale" else q for q in codebook.questions)
    return codebook.model_copy(update={"questions": questions})


def test_a_band_ends_below_its_limit(small_codebook, raw):
    book = with_bands(small_codebook, lib_few=None)
    with pytest.raises(InputProblem, match=r"no size band .* found '20000'"):
        read_organisations(raw(frame=(LIBRARY | {"Visits": "20000"},)).frame, book)


def test_a_size_is_never_taken_for_the_code_of_a_band(small_codebook, raw):
    """11 is the code of the band that begins at 100 here: a house of 11 visits is in no band."""
    first = small_codebook.question("scale").answers[0]
    assert first.code == 11
    book = with_bands(small_codebook, lib_few=first.band.model_copy(update={"at_least": 100}))
    with pytest.raises(InputProblem, match=r"no size band .* found '11'"):
        read_organisations(raw(frame=(LIBRARY | {"Visits": "11"},)).frame, book)


@pytest.mark.parametrize("written", ["{}", "{}.0"])
def test_codes_of_bands_for_all_sizes_are_refused(small_codebook, raw, written):
    frame = (LIBRARY | {"Visits": written.format(12)}, COLLEAGUE | {"Visits": ""}, MUSEUM | {"Visits": "22"})
    with pytest.raises(InputProblem) as problem:
        read_organisations(raw(frame=frame).frame, small_codebook)
    assert str(problem.value) == (
        "frame.csv, row 2, column Visits: these are codes of size bands, which would be read as sizes; "
        f"found {written.format(12)!r}; give sizes, or labels of the bands."
    )


@pytest.mark.parametrize("other", ["30", "Museum under 5,000 visits"], ids=["a size", "a label"])
def test_a_size_that_is_a_code_by_chance_stays_a_size(small_codebook, raw, other):
    frame = (LIBRARY | {"Visits": "12"}, COLLEAGUE | {"Visits": "12"}, MUSEUM | {"Visits": other})
    organisations, _ = read_organisations(raw(frame=frame).frame, small_codebook)
    assert organisations["scale"].tolist() == ["lib_few", "mus_few"]


def test_an_empty_fact_is_taken_from_the_organisations_other_rows(small_codebook, raw):
    frame = raw(frame=(LIBRARY | {"Type": "", "Visits": ""}, COLLEAGUE)).frame
    organisations, _ = read_organisations(frame, small_codebook)
    assert organisations.to_numpy().tolist() == [["LIB-001", "lib", "lib_few"]]


def test_two_people_fill_one_questionnaire(small_codebook, raw):
    first = {k: v for k, v in TOLD.items() if k not in ("S1", "V1")} | {"status": "partial"}
    second = {k: v for k, v in TOLD.items() if not k.startswith("E1")}
    second |= {"interview_id": "I2", "contact_id": "C2", "completed_on": "2020-03-05"}
    alone = clean(raw(TOLD), small_codebook)
    done = clean(raw(first, second), small_codebook)
    pd.testing.assert_frame_equal(done.respondents, alone.respondents)
    assert log_of(done, "row merged") == [[2, "interview_id", "I1", "I2"]]
    assert log_of(done, "empty cell") == []


def test_a_partial_interview_is_completed_later_and_the_complete_one_stands(small_codebook, raw):
    broken_off = TOLD | {"status": "Partial", "V1": "", "S1": "Planned", "E1_1": "X", "V2": "Our roof leaks"}
    done = clean(raw(broken_off, TOLD | {"interview_id": "I2", "completed_on": "2020-03-06"}), small_codebook)
    assert done.respondents["shop"].tolist() == ["no"]
    assert done.respondents["comment.building"].tolist() == [1]
    assert log_of(done, "answer replaced") == [[2, "S1", "planned", "no"]]
    assert log_of(done, "row merged") == [[2, "interview_id", "I1", "I2"]]


def test_an_empty_tick_says_the_same_as_a_nought_beside_other_ticks(small_codebook, raw):
    """Only what differs is logged: of three columns that a later row fills otherwise, the two that say otherwise."""
    broken_off = TOLD | {"status": "Partial", "E1_1": "X", "E1_2": "", "E1_3": ""}
    complete = TOLD | {"interview_id": "I2", "completed_on": "2020-03-06", "E1_1": "", "E1_2": "X", "E1_3": "0"}
    done = clean(raw(broken_off, complete), small_codebook)
    assert log_of(done, "answer replaced") == [[2, "E1_1", "1", "0"], [2, "E1_2", "0", "1"]]


def test_the_complete_row_stands_even_when_it_is_dated_first(small_codebook, raw):
    later = TOLD | {"interview_id": "I2", "status": "partial", "completed_on": "2020-03-09", "S1": "Refused"}
    assert clean(raw(TOLD, later), small_codebook).respondents["shop"].tolist() == ["no"]


def test_an_interview_never_completed_is_left_out_and_logged(small_codebook, raw):
    other = {"interview_id": "I2", "organisation": "MUS-001", "contact_id": "C3", "status": "partial"}
    done = clean(raw(TOLD, TOLD | other), small_codebook)
    assert done.respondents["organisation"].tolist() == ["LIB-001"]
    assert log_of(done, "questionnaire never completed") == [[3, "interview_id", "I2", ""]]


def test_a_second_complete_questionnaire_is_refused(small_codebook, raw):
    with pytest.raises(InputProblem) as problem:
        clean(raw(TOLD, TOLD | {"interview_id": "I2"}), small_codebook)
    assert str(problem.value) == (
        "interviews.csv, row 3, column organisation: this organisation has another complete questionnaire in row 2; "
        "found 'LIB-001'; keep one; if one was left unfinished, say partial of it in a column status, and complete of "
        "all others."
    )


def test_fieldwork_without_a_complete_questionnaire_is_refused(small_codebook, raw):
    with pytest.raises(InputProblem, match=r"^interviews\.csv, column status: no questionnaire is complete"):
        clean(raw(TOLD | {"status": "partial"}), small_codebook)


def test_answers_off_the_route_are_taken_out_and_logged_with_all_that_hangs_on_them(small_codebook, raw):
    stray = {"S2_1": "1", "S2_2": "0", "S3": "Yes", "E1_text": "Chess on Mondays"}
    done = clean(raw(TOLD | stray), small_codebook)
    pd.testing.assert_frame_equal(done.respondents, clean(raw(TOLD), small_codebook).respondents)
    assert log_of(done, "answer to a question that was not asked") == [
        [2, "E1_text", "games", ""],
        [2, "S2_1", "1", ""],
        [2, "S2_2", "0", ""],
        [2, "S3", "yes", ""],
    ]


def test_an_answer_off_the_route_is_logged_at_the_row_it_came_from(small_codebook, raw):
    part = {"interview_id": "I1", "organisation": "LIB-001", "contact_id": "C1", "completed_on": "2020-03-03"}
    done = clean(raw(TOLD | {"interview_id": "I2"}, part | {"status": "partial", "S3": "No"}), small_codebook)
    assert log_of(done, "answer to a question that was not asked") == [[3, "S3", "no", ""]]


def test_empty_cells_of_an_asked_question_are_not_chosen(small_codebook, raw):
    done = clean(raw(TOLD | {"S1": "Yes", "S2_2": "X"}), small_codebook)
    assert done.respondents.filter(like="goods.").iloc[0].tolist() == [0, 1, 0, 0]
    assert log_of(done, "empty cell of a question") == [[2, c, "", "0"] for c in ("S2_1", "S2_3", "S2_98")]


def test_an_asked_question_without_an_answer_is_refused(small_codebook, raw):
    with pytest.raises(InputProblem) as problem:
        clean(raw(TOLD | {"V1": ""}), small_codebook)
    assert str(problem.value) == (
        "interviews.csv, row 2, column V1: the question was asked and has no answer; allowed: Bright (1); Steady (2); "
        'Bleak (3); Don\'t know (98); fill it in, or give the answer that an empty cell stands for the spelling "" '
        "in the codebook."
    )


def test_the_codebook_can_give_an_empty_cell_a_meaning(small_codebook, raw):
    outlook = small_codebook.question("outlook")
    *others, dont_know = outlook.answers
    taken = outlook.model_copy(update={"answers": (*others, dont_know.model_copy(update={"spellings": ("",)}))})
    questions = tuple(taken if q.id == "outlook" else q for q in small_codebook.questions)
    done = clean(raw(TOLD | {"V1": ""}), small_codebook.model_copy(update={"questions": questions}))
    assert done.respondents["outlook"].tolist() == ["dont_know"]
    assert log_of(done, "empty cell to which") == [[2, "V1", "", "dont_know"]]


def test_too_few_answers_are_refused_and_too_many_kept(small_codebook, raw):
    with pytest.raises(InputProblem) as problem:
        clean(raw(TOLD | {"S1": "Yes", "S2_1": "0"}), small_codebook)
    assert str(problem.value) == (
        "interviews.csv, row 2, column S2: the question was asked and has too few answers; found 0; "
        "allowed: at least 1."
    )
    three = clean(raw(TOLD | {"E1_2": "1", "E1_3": "1"}), small_codebook).respondents.filter(like="events.")
    assert three.iloc[0].tolist() == [1, 1, 1, 0]


def test_a_row_gone_without_a_log_row_is_noticed(raw):
    _, log = drop_repeated_contacts(raw())
    with pytest.raises(AssertionError, match="contacts: 3 rows in, 2 out, but 0 logged"):
        row_balance("contacts", 3, 2, log)


def test_the_notebook_makes_the_same_calls(simulated, cleaned, tmp_path):
    for table, file in zip(simulated, FILES, strict=True):
        write_table(tmp_path / "raw" / file, table)
    ours = {"wave": 2020, "codebook": CODEBOOK, "raw": tmp_path / "raw", "clean": tmp_path / "clean"}
    names = {}
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
        if "parameters" in cell.metadata.get("tags", []):
            assert set(ours) < set(names)
            names |= ours
    write_table(tmp_path / "respondents.csv", cleaned.respondents)
    write_table(tmp_path / "change_log.csv", cleaned.change_log)
    for file in ("respondents.csv", "change_log.csv"):
        assert (tmp_path / "clean" / file).read_bytes() == (tmp_path / file).read_bytes()
    assert {f.name for f in (tmp_path / "clean").iterdir()} == {
        *("respondents.csv", "change_log.csv", "uncoded.csv", "dispositions.csv", "response_rates.csv")
    }


def test_respondents_are_in_the_order_of_the_codebooks_sectors(small_codebook, make_respondents, make_settings):
    records = make_respondents(small_codebook, rows=60, seed=5)
    told = as_read(simulate(records, small_codebook, make_settings()))
    shuffled = told._replace(
        interviews=told.interviews.iloc[np.random.default_rng(3).permutation(len(told.interviews))]
    )
    sectors = clean(shuffled, small_codebook).respondents["kind"].tolist()
    assert sectors == sorted(sectors, key=["lib", "mus"].index)
