"""A new wave's export is placed, or one sentence says why it is not and nothing is written."""

import datetime
import errno
import json
import re
import zipfile
from pathlib import Path

import made_exports as made
import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from openpyxl import load_workbook
from scipy.stats import poisson
from small_project import FIRST, say_how, write_small

from pipeline import new_wave_report
from pipeline.clean import clean
from pipeline.codebook import load_codebook as read_codebook
from pipeline.delivery import AnswerSet, Delivery
from pipeline.draft import codebook_of
from pipeline.new_questions import new_question
from pipeline.new_wave import Choices, prepare
from pipeline.new_wave_command import check_places, contents, main, places, replaced, still_to_say
from pipeline.new_wave_report import EXPECTED, PART
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.raw import CONTACT_HISTORY, FRAME, INTERVIEWS, read_fieldwork
from pipeline.statement import blank_facts
from pipeline.tables import write_table
from pipeline.yaml_edits import set_values

YEAR = made.YEAR
FORMATS = ("csv", "xlsx", "sav", "parquet")


@pytest.fixture(scope="session")
def answered(small_codebook):
    return made.records(small_codebook)


@pytest.fixture
def table(small_codebook, answered):
    return made.interviews(small_codebook, answered)


@pytest.fixture
def project(tmp_path):
    """A project of the made-up survey: codebook of its first wave, population, settings; nothing under DVC."""
    write_small(tmp_path, (ROOT / "params.yaml").read_text(encoding="utf-8"))
    return tmp_path


def save(folder, table, format_, codebook, **options):
    """The export in a format."""
    path = folder / f"export.{format_}"
    if format_ == "sav":
        return made.as_sav(path, table, codebook, **options)
    return {"csv": made.as_csv, "xlsx": made.as_xlsx, "parquet": made.as_parquet}[format_](path, table)


def prepared(project, path, wave=YEAR, frame=None, history=None, **choices):
    files = {INTERVIEWS: path, FRAME: frame, CONTACT_HISTORY: history}
    files = {name: p for name, p in files.items() if p is not None}
    return prepare(wave, files, params=project / "params.yaml", data=project / "data", choices=Choices(**choices))


def refusal(project, path, **options):
    """The one sentence with which the command refuses an export; nothing may have been written."""
    before = everything(project)
    with pytest.raises(InputProblem) as caught:
        main(YEAR, path, params=project / "params.yaml", data=project / "data", **options)
    assert everything(project) == before
    said = str(caught.value)
    assert said.endswith(".") and "\n" not in said
    return said


def everything(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and ".dvc" not in p.parts}


# ---- one survey, four formats


def test_the_formats_give_the_same_codebook_and_the_same_raw_files(project, table, small_codebook):
    waves = [prepared(project, save(project, table, f, small_codebook)) for f in FORMATS]
    assert len({w.text for w in waves}) == 1
    for wave in waves[1:]:
        for one, other in zip(wave.fieldwork, waves[0].fieldwork, strict=True):
            pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("format_", FORMATS)
def test_what_was_answered_comes_through_each_format(project, table, small_codebook, answered, format_):
    wave = prepared(project, save(project, table, format_, small_codebook))
    cleaned = clean(wave.fieldwork, wave.codebook)
    expected = answered.sort_values("organisation").reset_index(drop=True)
    got = cleaned.respondents.sort_values("organisation").reset_index(drop=True)
    pd.testing.assert_frame_equal(got, expected)
    assert cleaned.uncoded.empty


def test_a_draft_is_the_codebook_before_it_but_for_its_head(project, table, small_codebook):
    wave = prepared(project, save(project, table, "csv", small_codebook))
    before = (project / f"data/codebook/{FIRST}.yaml").read_text(encoding="utf-8").splitlines()
    after = wave.text.splitlines()
    assert after[0] == f"# The questionnaire of {YEAR}, drafted from that of {FIRST}."
    head = before.index("sector: kind")
    assert before[head:] == after[after.index("sector: kind") :]
    assert (wave.codebook.wave, wave.codebook.kind) == (YEAR, "fieldwork")
    assert set(wave.differences["kind"]) == {"same"}


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (
            f"data/codebook/{FIRST}.yaml",
            lambda text: json.dumps(yaml.safe_load(text)),
            "row 1: it is written in braces, in which no draft can be made; write it in block style, a key a line.",
        ),
        (
            f"data/codebook/{FIRST}.yaml",
            lambda text: text.replace("kind: fieldwork\n", "<<: {kind: fieldwork}\n"),
            "kind is to change, and comes by a merge key (<<); write it out in its place.",
        ),
        (
            "params.yaml",
            lambda text: text.replace(f"  all: [{FIRST}]\n", f"  <<: {{all: [{FIRST}]}}\n"),
            "waves.all is to change, and comes by a merge key (<<); write it out in its place.",
        ),
    ],
    ids=["JSON", "merge key", "merge key of settings"],
)
def test_a_file_in_which_nothing_can_be_changed_is_named(project, table, small_codebook, file, change, said):
    path = project / file
    text = path.read_text(encoding="utf-8")
    path.write_text(change(text), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text
    refused = refusal(project, save(project, table, "csv", small_codebook))
    assert refused.startswith(f"{path}, row ") and refused.endswith(said)


def test_questions_in_brackets_take_no_new_one(project, table, small_codebook):
    path = project / f"data/codebook/{FIRST}.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    questions = json.dumps(data.pop("questions"))
    path.write_text(f"{yaml.safe_dump(data)}questions: {questions}\n", encoding="utf-8")
    assert prepared(project, save(project, table, "csv", small_codebook)).codebook.wave == YEAR
    said = refusal(project, save(project, table.assign(Q9=["Aa", "Bb"] * (len(table) // 2)), "csv", small_codebook))
    assert said.endswith("questions is to be longer, and stands in brackets; write it in block style, an item a line.")


def as_mentions(project, table, codebook, labels=None, more=()):
    """The export in SPSS with `events` as a set of mentions, two columns of codes.

    `more` are the mentions of its first rows. `labels` are those of both columns; without, the columns hold codes and
    the file says nothing of them.
    """
    question = codebook.question("events")
    pairs = list(zip(question.answers, question.export_columns, strict=True))
    mentions = [[a.code or 4 for a, c in pairs if row[c] == "1"] for _, row in table.iterrows()]
    mentions[: len(more)] = more
    cut = table.drop(columns=question.export_columns)
    for place in (0, 1):
        cut[f"E1m{place + 1}"] = [str(m[place]) if place < len(m) else "" for m in mentions]
    path = save(project, cut, "sav", codebook, sets=False)
    for column in ("E1m1", "E1m2") if labels else ():
        relabel(path, column, labels)
    made.add_sets(path, [("E1", "C", "", question.text, ["E1m1", "E1m2"])])
    return path


EVENTS = {1: "Talks", 2: "Crafts", 3: "Concerts", 4: "Something else"}


@pytest.mark.parametrize("labels", [None, EVENTS], ids=["codes alone", "labels"])
def test_mentions_in_a_multiple_response_set_become_ticks(project, table, small_codebook, labels):
    columns = small_codebook.question("events").export_columns
    wave = prepared(project, as_mentions(project, table, small_codebook, labels))
    ticks = wave.fieldwork.interviews[columns]
    some = table[columns].eq("1").any(axis=1).to_numpy()
    assert ticks[some].eq("1").to_numpy().tolist() == table[columns][some].eq("1").to_numpy().tolist()
    assert ticks[~some].eq("").all(axis=None)


def without_a_code(project, codebook):
    """The codebook of the first wave with no code for the last event, in its file too."""
    path = project / f"data/codebook/{FIRST}.yaml"
    text = path.read_text(encoding="utf-8")
    assert "label: Something else, code: 4," in text
    path.write_text(text.replace("label: Something else, code: 4,", "label: Something else,"), encoding="utf-8")
    table = made.interviews(read_codebook(path), made.records(codebook))
    return read_codebook(path), table


def test_a_mention_that_is_left_blank_is_no_answer_without_a_code(project, small_codebook):
    book, table = without_a_code(project, small_codebook)
    assert book.question("events").export_columns[-1] == "E1_other"
    wave = prepared(project, as_mentions(project, table, book, EVENTS, more=[(2,), (4, 1)]))
    assert wave.fieldwork.interviews["E1_other"].tolist()[:2] == ["0", "1"]
    columns = book.question("events").export_columns
    some = table[columns].eq("1").any(axis=1).to_numpy() & (np.arange(len(table)) > 1)
    ticks = wave.fieldwork.interviews[columns]
    assert ticks[some].eq("1").to_numpy().tolist() == table[columns][some].eq("1").to_numpy().tolist()
    assert set(wave.differences["kind"]) == {"same"}


def test_a_mention_of_which_neither_file_nor_codebook_says_what_it_is_stops(project, small_codebook):
    book, table = without_a_code(project, small_codebook)
    blank = table.assign(E1_other="0")
    said = refusal(project, as_mentions(project, blank, book, more=[(2,), (1, 4)]))
    assert said.startswith("export.sav, row 3, column E1m2: no answer of events is called so; found '4'; allowed: ")


def test_a_new_answer_of_a_set_of_mentions_is_drafted_with_its_ticks(project, table, small_codebook):
    path = as_mentions(project, table, small_codebook, EVENTS | {5: "Film nights"}, more=[(5, 2), (1,)])
    wave = prepared(project, path)
    assert wave.codebook.question("events").answers[-1].code == 5
    assert wave.fieldwork.interviews["E1_5"].tolist()[:2] == ["1", "0"]
    assert wave.fieldwork.interviews["E1_5"].eq("1").sum() == 1
    assert clean(wave.fieldwork, wave.codebook).respondents["events.film_nights"].sum() == 1


def test_mentions_under_a_new_code_stay_those_of_their_label(project, table, small_codebook):
    labels = {1: "Talks", 2: "Crafts", 7: "Concerts", 4: "Something else"}
    wave = prepared(project, as_mentions(project, table, small_codebook, labels, more=[(7, 2), (1,)]))
    assert wave.codebook.question("events").answer("concerts").code == 7
    assert wave.fieldwork.interviews["E1_7"].tolist()[:2] == ["1", "0"]


def test_a_new_set_of_mentions_whose_codes_are_letters_has_its_columns_by_answer():
    table = pd.DataFrame({"P1": ["a", "b", ""], "P2": ["b", "", ""]})
    labels = {column: {"a": "Apples", "b": "Pears"} for column in table}
    fruit = AnswerSet("P", "Which fruit?", ("P1", "P2"), None)
    question, ticks = new_question(fruit, Delivery("export.sav", table, labels=labels, sets=(fruit,)), [])
    assert [a["label"] for a in question["answers"]] == ["Apples", "Pears"]
    assert {c: t.tolist() for c, t in ticks.items()} == {"P_apples": ["1", "0", ""], "P_pears": ["1", "1", ""]}


def test_an_answer_that_the_labels_of_a_set_of_mentions_lack_is_shown(project, table, small_codebook):
    none = table.assign(E1_3="0")
    wave = prepared(project, as_mentions(project, none, small_codebook, {k: v for k, v in EVENTS.items() if k != 3}))
    assert "events: the file's labels do not have the answer concerts: was it dropped?" in wave.to_decide
    assert not wave.fieldwork.interviews["E1_3"].eq("1").any()


# ---- what a new questionnaire may change


def test_a_relabelled_answer_keeps_its_id_and_its_former_label(project, table, small_codebook):
    labels = {1: "Bright", 2: "Quite steady", 3: "Bleak", 98: "Don't know"}
    wave = prepared(project, save(project, table, "sav", small_codebook, changes={"V1": labels}))
    answer = wave.codebook.question("outlook").answer("steady")
    assert answer.label == "Quite steady" and "Steady" in answer.spellings and "Much the same" in answer.spellings
    changed = wave.differences[wave.differences["kind"].ne("same")]
    assert changed[["question", "answer", "kind"]].values.tolist() == [["outlook", "steady", "relabelled"]]
    (entry,) = wave.codebook.breaks_in_series
    assert (entry.question, entry.answers, entry.change, entry.comparable) == (
        "outlook",
        ("steady",),
        "reworded",
        False,
    )
    assert entry.date == datetime.date(YEAR, 3, 1) and entry.reason.startswith("To be judged")
    assert any(d.startswith("outlook: does its series break (reworded)?") for d in wave.to_decide)


def test_a_label_unlike_the_former_one_is_unsure(project, table, small_codebook):
    labels = {1: "Bright", 2: "We shall close our doors", 3: "Bleak", 98: "Don't know"}
    wave = prepared(project, save(project, table, "sav", small_codebook, changes={"V1": labels}))
    assert "unsure" in set(wave.differences["kind"])
    assert wave.to_decide[0].startswith("outlook.steady: is it the same?")


def test_a_reworded_question_is_relabelled_and_its_series_waits_for_a_person(project, table, small_codebook):
    texts = {"S1": "Is there a shop or a stall?"}
    wave = prepared(project, save(project, table, "sav", small_codebook, texts=texts))
    assert wave.codebook.question("shop").text == texts["S1"]
    assert [(b.question, b.change) for b in wave.codebook.breaks_in_series] == [("shop", "reworded")]


def test_an_answer_under_a_free_code_is_recoded(project, table, small_codebook):
    path = save(project, table, "sav", small_codebook)
    labels = {1: "Bright", 2: "Steady", 4: "Bleak", 98: "Don't know"}
    moved = table.assign(V1=table["V1"].replace("Bleak", "Steady"))
    path = save(project, moved, "sav", small_codebook, changes={"V1": labels})
    wave = prepared(project, path)
    assert wave.codebook.question("outlook").answer("bleak").code == 4
    assert "recoded" in set(wave.differences["kind"])


def test_a_new_answer_and_a_new_question_of_an_spss_file_are_drafted(project, table, small_codebook):
    labels = {1: "Bright", 2: "Steady", 3: "Bleak", 4: "Closed for good", 98: "Don't know"}
    cafe = table.assign(CAFE=["1" if i % 3 else "9" for i in range(len(table))])
    path = project / "export.sav"
    made.as_sav(path, cafe, small_codebook, changes={"V1": labels}, texts={"CAFE": "Is there a café?"})
    relabel(path, "CAFE", {1: "Yes, a café", 9: "Refused to say"}, missing=[9])
    wave = prepared(project, path)
    outlook, cafe = wave.codebook.question("outlook"), wave.codebook.question("cafe")
    assert (outlook.answers[-1].id, outlook.answers[-1].code) == ("closed_for_good", 4)
    assert cafe.text == "Is there a café?" and [a.missing for a in cafe.answers] == [None, "refused"]
    kinds = wave.differences.set_index("question")["kind"]
    assert kinds["cafe"] == "new"
    assert "cafe: a new question without a measure, of which no estimate is made" in wave.to_decide
    assert {(b.question, b.change) for b in wave.codebook.breaks_in_series} == {("outlook", "answers"), ("cafe", "new")}


def relabel(path, column, labels, missing=()):
    """Give a column of an SPSS file numbers with labels, and missing values; its sets are declared anew."""
    import pyreadstat

    data, about = pyreadstat.read_sav(path, user_missing=True)
    data[column] = pd.to_numeric(data[column])
    known = {c: v for c, v in about.variable_value_labels.items()} | {column: {float(k): v for k, v in labels.items()}}
    ranges = {c: [r["lo"] for r in spans] for c, spans in about.missing_ranges.items()} | {
        column: list(map(float, missing))
    }
    sets = [(name, "D", "1", found["label"], found["variable_list"]) for name, found in about.mr_sets.items()]
    texts = {c: t for c, t in about.column_names_to_labels.items() if t}
    pyreadstat.write_sav(data, str(path), column_labels=texts, variable_value_labels=known, missing_ranges=ranges)
    made.add_sets(path, sets)


@pytest.mark.parametrize("format_", ["csv", "xlsx", "parquet"])
def test_a_new_question_in_words_is_drafted_from_what_was_answered(project, table, small_codebook, format_):
    cafe = table.assign(Cafe=["Yes" if i % 3 else "" if i % 2 else "No" for i in range(len(table))])
    wave = prepared(project, save(project, cafe, format_, small_codebook))
    assert [a.label for a in wave.codebook.question("cafe").answers] == ["No", "Yes", "Not stated"]
    assert "cafe: what was asked? The file gives no text" in wave.to_decide
    assert "cafe: who was asked? Not all answered, and `asked_if` is empty" in wave.to_decide


def test_a_new_question_never_takes_the_name_of_a_column_of_our_own(project, table, small_codebook):
    heavy = table.assign(Weight=["Heavy" if i % 3 else "Light" for i in range(len(table))])
    wave = prepared(project, save(project, heavy, "csv", small_codebook))
    assert wave.codebook.question("weight_2").column == "Weight"


def test_a_label_almost_like_the_former_one_is_that_answer_reworded(project, table, small_codebook):
    moved = table.assign(S1=table["S1"].replace("No, but planned", "No, but it is planned"))
    wave = prepared(project, save(project, moved, "csv", small_codebook))
    assert wave.codebook.question("shop").answer("planned").label == "No, but it is planned"


def test_a_column_in_other_letter_case_is_the_same(project, table, small_codebook):
    wave = prepared(project, save(project, table.rename(columns={"V1": "v1"}), "csv", small_codebook))
    assert set(wave.differences["kind"]) == {"same"}


def test_a_person_can_say_which_question_a_column_is_of_and_which_to_leave_out(project, table, small_codebook):
    moved = table.rename(columns={"V1": "V1_new"}).assign(minutes=range(len(table)))
    path = save(project, moved, "csv", small_codebook)
    wave = prepared(project, path, same={"V1_new": "outlook"}, leave_out=("minutes",))
    assert wave.codebook.question("outlook").column == "V1_new"
    assert "V1_new" in wave.fieldwork.interviews and "minutes" not in wave.fieldwork.interviews
    assert wave.codebook.breaks_in_series == ()


def test_a_column_that_the_codebook_before_does_not_name_is_not_drafted_into_it(project, table, small_codebook):
    """Its question goes by its id, so there is no column to change."""
    path = project / f"data/codebook/{FIRST}.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count("    column: V1\n") == 1
    path.write_text(text.replace("    column: V1\n", ""), encoding="utf-8")
    export = save(project, table, "csv", small_codebook)
    said = f"question outlook names no column in the codebook of {FIRST}, so none can be changed; found 'V1'; write"
    assert said in refusal(project, export, same=["V1=outlook"])
    named = save(project, table.rename(columns={"V1": "outlook"}), "csv", small_codebook)
    assert "outlook" in prepared(project, named).fieldwork.interviews


def test_before_the_first_codebook_there_is_none_to_draft_from(project, table, small_codebook):
    (project / f"data/codebook/{FIRST}.yaml").unlink()
    said = refusal(project, save(project, table, "csv", small_codebook))
    assert said == (
        f"{project}/data/codebook/{YEAR}.yaml: no earlier wave has a codebook to draft this one from; write it by hand."
    )


def test_a_column_that_no_raw_file_takes_is_dropped_by_nobody_but_a_person(project, table, small_codebook):
    """In the frame as in the history; of the interviews it is a new question."""
    export = save(project, table, "csv", small_codebook)
    frame = table[["organisation", "Type", "Visits"]].assign(contact_id=[f"K{i}" for i in range(len(table))])
    history = pd.DataFrame({"contact_id": frame["contact_id"], "mode": "email", "outcome": "no reply"})
    history["attempted_on"] = f"{YEAR}-02-20"
    for name, told in (("frame", frame), ("history", history)):
        files = {"frame": made.as_csv(project / "frame.csv", frame)}
        files["history"] = made.as_csv(project / "history.csv", history)
        files[name] = made.as_csv(project / f"{name}.csv", told.assign(mood="fine"))
        with pytest.raises(InputProblem) as caught:
            prepared(project, export, **files)
        said = str(caught.value)
        assert said.startswith(f"{name}.csv, row 1, column mood: no such column is known; allowed: ")
        assert said.endswith("; say --leave-out mood if it is not needed.")
        assert len(prepared(project, export, **files, leave_out=("mood",)).fieldwork.frame) == len(table)


# ---- frame and history


def test_a_frame_and_a_history_are_placed_and_tell_who_did_not_answer(project, table, small_codebook, answered):
    facts = ["organisation", "Type", "Visits"]
    silent = pd.DataFrame([["LIB-900", "Library", "12,000"], ["MUS-900", "Museum", "70000"]], columns=facts)
    frame = pd.concat([table[facts], silent], ignore_index=True).assign(email="a@example.org", organisation_name="")
    frame["contact_id"] = [f"K{i}" for i in range(len(frame))]
    history = pd.DataFrame({"contact_id": frame["contact_id"], "mode": "email", "outcome": "no reply"})
    history["attempted_on"] = f"{YEAR}-02-20"
    paths = {
        "frame": made.as_xlsx(project / "frame.xlsx", frame),
        "history": made.as_csv(project / "history.csv", history),
    }
    wave = prepared(project, save(project, table.drop(columns=facts[1:]), "csv", small_codebook), **paths)
    assert len(wave.fieldwork.frame) == len(table) + 2
    assert len(wave.fieldwork.contact_history) == len(table) + 2
    assert wave.fieldwork.contact_history["attempt_id"].is_unique
    assert not any("response rate" in d for d in wave.to_decide)
    assert len(clean(wave.fieldwork, wave.codebook).organisations) == len(table) + 2


def test_without_a_history_the_raw_files_can_be_read_and_say_so(project, table, small_codebook):
    wave = prepared(project, save(project, table, "csv", small_codebook))
    for name, content in zip((FRAME, CONTACT_HISTORY, INTERVIEWS), wave.fieldwork, strict=True):
        content.to_csv(project / name, index=False)
    assert read_fieldwork(project, wave.codebook).contact_history.empty
    assert any(d.startswith("there is no frame") for d in wave.to_decide)


HOUSE = ["organisation", "Type", "Visits"]


@pytest.mark.parametrize("blank", ["{} ", " {}", "{}\u00a0"])
@pytest.mark.parametrize("of_frame", [True, False], ids=["frame", "interviews"])
def test_a_stray_blank_in_an_id_makes_no_other_organisation(project, table, small_codebook, blank, of_frame):
    """The interviews are looked up in the frame by what cleaning makes of their ids."""
    frame, spoke = table[HOUSE].copy(), table.drop(columns=HOUSE[1:])
    changed = frame if of_frame else spoke
    changed.loc[3, "organisation"] = blank.format(changed.loc[3, "organisation"])
    wave = prepared(project, save(project, spoke, "csv", small_codebook), frame=made.as_csv(project / "a.csv", frame))
    assert wave.fieldwork.interviews["contact_id"].tolist() == wave.fieldwork.frame["contact_id"].tolist()
    # The raw files keep what was delivered.
    raw = wave.fieldwork.frame if of_frame else wave.fieldwork.interviews
    assert raw["organisation"].tolist() == changed["organisation"].tolist()
    assert len(clean(wave.fieldwork, wave.codebook).respondents) == len(table)


def test_a_stray_blank_hides_no_other_size_and_makes_none(project, table, small_codebook):
    frame = made.as_csv(project / "approached.csv", table[HOUSE])
    row = table.index[table["Visits"].eq("Library under 20,000 visits")][0]
    blank = table.assign(organisation=[f"{o} " if i == row else o for i, o in enumerate(table["organisation"])])
    blank.loc[row, "Visits"] = " 12000 "
    prepared(project, save(project, blank, "csv", small_codebook), frame=frame)
    blank.loc[row, "Visits"] = "25000"
    said = refusal(project, save(project, blank, "csv", small_codebook), frame=frame)
    organisation = table.loc[row, "organisation"]
    assert said == (
        f"export.csv, row {row + 2}, column Visits: the frame has organisation {organisation} elsewhere; "
        "found 'lib_many'; allowed: lib_few."
    )


def test_without_a_frame_a_contact_with_a_stray_blank_is_one_contact(project, table, small_codebook):
    table = table.assign(status="complete", contact_id=[f"K{i}" for i in range(len(table))])
    table = table.assign(organisation_name=[f"House {i}" for i in range(len(table))])
    part = table.iloc[[4]].assign(status="partial", organisation=table.loc[4, "organisation"] + " ", contact_id=" K4")
    path = save(project, pd.concat([table, part], ignore_index=True), "csv", small_codebook)
    assert len(prepared(project, path).fieldwork.frame) == len(table)
    other = pd.concat([table, part.assign(contact_id="K400")], ignore_index=True)
    assert len(prepared(project, save(project, other, "csv", small_codebook)).fieldwork.frame) == len(table) + 1


def attempt(**columns):
    row = {"contact_id": "K1", "mode": "email", "attempted_on": f"{YEAR}-02-20", "outcome": "no reply", "round": "2"}
    return pd.DataFrame([row | columns])


def test_ids_of_contacts_that_the_frame_does_not_have_cannot_be_looked_up(project, table, small_codebook):
    """It would be given ids that are made up, among which those of the delivery are not."""
    frame, history = made.as_csv(project / "approached.csv", table[HOUSE]), made.as_csv(project / "h.csv", attempt())
    spoke = table.drop(columns=HOUSE[1:])
    path = save(project, spoke, "csv", small_codebook)
    what = "approached.csv has no column contact_id, so that nothing says whose ids these are; add it there, or say "
    what += "--same COLUMN=contact_id if it has another name"
    assert refusal(project, path, frame=frame, history=history) == f"h.csv, column contact_id: {what}."
    assert refusal(project, save(project, table, "csv", small_codebook), history=history) == (
        f"h.csv, column contact_id: {what.replace('approached.csv', 'export.csv')}."
    )
    path = save(project, spoke.assign(KID="K1"), "csv", small_codebook)
    said = refusal(project, path, frame=frame, same=["KID=contact_id"])
    assert said == f"export.csv, column KID: {what}, or --leave-out KID here."
    assert prepared(project, path, frame=frame, leave_out=("KID",)).codebook.wave == YEAR


@pytest.mark.parametrize("digits", ["1" * 5000, "\N{ARABIC-INDIC DIGIT ONE}"])
def test_digits_that_are_no_code_of_a_codebook_are_a_new_answer_to_look_at(project, table, small_codebook, digits):
    path = save(project, table.assign(S1=table["S1"].where(table.index > 0, digits)), "csv", small_codebook)
    assert digits in refusal(project, path)


@pytest.mark.parametrize("column", ["mode", "outcome", "round", "email", "job_title", "Telephone"])
def test_a_question_may_have_a_column_that_another_raw_file_has_of_its_own(project, table, small_codebook, column):
    """In the history `mode` is that of an attempt, in the interviews the answer to a question whose column it is."""
    before = project / f"data/codebook/{FIRST}.yaml"
    before.write_text(before.read_text(encoding="utf-8").replace("column: V1", f"column: {column}"), encoding="utf-8")
    details = {"email": "a@example.org", "job_title": "Clerk", "telephone": "0151 496 0815"}
    ids = [f"K{i}" for i in range(len(table))]
    frame = made.as_csv(project / "approached.csv", table[HOUSE].assign(contact_id=ids, **details))
    spoke = table.rename(columns={"V1": column})
    for there, same in ((spoke.drop(columns=HOUSE[1:]), {}), (spoke, {}), (table, {"V1": "outlook"})):
        path = save(project, there, "csv", small_codebook)
        wave = prepared(project, path, frame=frame, history=made.as_csv(project / "h.csv", attempt()), same=same)
        answers = wave.fieldwork.interviews[wave.codebook.question("outlook").column]
        assert answers.tolist() == table["V1"].tolist()
        assert set(wave.fieldwork.frame["job_title"]) == {"Clerk"}
        assert wave.fieldwork.contact_history.iloc[0].drop("attempt_id").to_dict() == attempt().iloc[0].to_dict()
    # Without a frame the answers are nobody's telephone number, or job.
    wave = prepared(project, save(project, spoke, "csv", small_codebook))
    assert set(wave.fieldwork.frame[["email", "job_title", "telephone"]].to_numpy().ravel()) == {""}


def test_what_a_person_says_of_a_column_is_meant_of_the_file_that_has_it(project, table, small_codebook):
    before = project / f"data/codebook/{FIRST}.yaml"
    before.write_text(before.read_text(encoding="utf-8").replace("column: V1", "column: mode"), encoding="utf-8")
    frame = table[HOUSE].assign(contact_id=[f"K{i}" for i in range(len(table))])
    how = made.as_csv(project / "h.csv", attempt().rename(columns={"mode": "How"}))
    path = save(project, table.rename(columns={"V1": "mode"}), "csv", small_codebook)
    files = {"frame": made.as_csv(project / "approached.csv", frame), "history": how}
    wave = prepared(project, path, **files, same={"How": "mode"})
    assert wave.fieldwork.contact_history["mode"].tolist() == ["email"]
    assert wave.fieldwork.interviews["mode"].tolist() == table["V1"].tolist()


def test_a_fact_of_the_frame_may_have_a_column_that_the_interviews_have_of_their_own(project, table, small_codebook):
    before = project / f"data/codebook/{FIRST}.yaml"
    before.write_text(before.read_text(encoding="utf-8").replace("column: Type", "column: completed_on"), "utf-8")
    frame = table[HOUSE].rename(columns={"Type": "completed_on"})
    for there in (table.drop(columns=HOUSE[1:]), table.drop(columns="Type")):
        path = save(project, there, "csv", small_codebook)
        wave = prepared(project, path, frame=made.as_csv(project / "approached.csv", frame))
        assert wave.fieldwork.frame["completed_on"].tolist() == table["Type"].tolist()
        assert wave.fieldwork.interviews["completed_on"].tolist() == table["completed_on"].tolist()


# ---- refused, each in one sentence, with nothing written


def test_a_renamed_column_is_refused_and_the_likely_one_named(project, table, small_codebook):
    path = save(project, table.rename(columns={"V1": "V1_new"}), "csv", small_codebook)
    assert refusal(project, path) == (
        "export.csv, row 1, column V1: the question outlook (Outlook) is missing: no such column; found 'V1_new'; "
        "V1_new may be it: if so, say --same V1_new=outlook."
    )


def test_a_missing_question_is_refused(project, table, small_codebook):
    for format_ in FORMATS:
        said = refusal(project, save(project, table.drop(columns="V1"), format_, small_codebook))
        assert said.startswith(
            f"export.{format_}, row 1, column V1: the question outlook (Outlook) is missing: no such column; if "
            "another column is it, say --same COLUMN=outlook; if the questionnaire dropped it, write"
        )


def test_a_missing_column_of_several_answers_is_refused(project, table, small_codebook):
    said = refusal(project, save(project, table.drop(columns="E1_3"), "csv", small_codebook))
    assert said.startswith("export.csv, row 1, column E1_3: the question events (Events held) is missing")


def test_swapped_labels_of_an_spss_file_are_refused(project, table, small_codebook):
    labels = {1: "Bleak", 2: "Steady", 3: "Bright", 98: "Don't know"}
    said = refusal(project, save(project, table, "sav", small_codebook, changes={"V1": labels}))
    assert said.startswith(
        "export.sav, column V1: answer codes are swapped: code 1 is labelled 'Bleak', and the codebook has it for "
        "'Bright'; ask the agency"
    )


def test_swapped_columns_of_several_answers_are_refused(project, table, small_codebook):
    texts = {"E1_1": "Which events? - Crafts", "E1_2": "Which events? - Talks"}
    path = project / "export.sav"
    made.as_sav(path, table, small_codebook, sets=False)
    retext(path, texts)
    assert "answer codes are swapped: code 1 is labelled 'Crafts'" in refusal(project, path)


def test_a_column_with_the_text_of_another_question_is_refused(project, table, small_codebook):
    """Its answers say nothing against it where two questions have the same: here they are those of the name."""
    path = save(project, table, "sav", small_codebook)
    for text in ("Is there a shop?", " SHOP "):
        retext(path, {"V1": text})
        assert refusal(project, path) == (
            "export.sav, column V1: by its name this column is outlook (Outlook), and its text is that of shop; found "
            f"'{text.strip()}'; ask the agency which is right: say --same V1=outlook if it is the name; if it is the "
            "text, say --same V1=shop, and likewise which column is outlook."
        )
        assert prepared(project, path, same={"V1": "outlook"}).codebook.wave == YEAR
    retext(path, {"V1": "How do you see the next year"})
    assert prepared(project, path).codebook.question("outlook").text == "How do you see the next year"


def test_two_columns_of_an_spss_file_go_by_their_texts_if_a_person_says_so(project, table, small_codebook):
    named = {"V2": "E1_text", "E1_text": "V2"}
    texts = {named.get(q.column, q.column): q.text for q in small_codebook.questions if q.kind == "open"}
    path = made.as_sav(project / "export.sav", table.rename(columns=named), small_codebook, texts=texts)
    assert "its text is that of comment" in refusal(project, path)
    wave = prepared(project, path, same={"E1_text": "comment", "V2": "events_other"})
    assert wave.fieldwork.interviews["E1_text"].tolist() == table["V2"].tolist()


def retext(path, texts):
    import pyreadstat

    data, about = pyreadstat.read_sav(path, user_missing=True)
    known = {c: t for c, t in about.column_names_to_labels.items() if t} | texts
    pyreadstat.write_sav(data, str(path), column_labels=known, variable_value_labels=about.variable_value_labels)


def coded(table, codebook):
    """The export with codes in place of labels, as a CSV file without labels has them."""
    codes = {}
    for question in codebook.questions:
        if question.kind == "single" and question.asked_of != "frame":
            codes[question.export_columns[0]] = {a.label: str(a.code) for a in question.answers}
    return table.replace(codes)


def earlier(project, codebook, respondents):
    folder = project / f"data/clean/{FIRST}"
    folder.mkdir(parents=True)
    respondents.to_csv(folder / "respondents.csv", index=False)


def test_swapped_codes_without_labels_are_given_away_by_their_shares(project, small_codebook):
    then = made.records(small_codebook, rows=150)
    then["outlook"] = ["bright"] * 100 + ["steady"] * 30 + ["bleak"] * 20
    earlier(project, small_codebook, then)
    table = coded(made.interviews(small_codebook, then), small_codebook)
    assert prepared(project, made.as_csv(project / "export.csv", table)).codebook.wave == YEAR
    table["V1"] = table["V1"].map({"1": "3", "2": "2", "3": "1"})
    path = made.as_csv(project / "export.csv", table)
    assert refusal(project, path).startswith(
        "export.csv, column V1: answer codes look swapped: the answers to outlook are unlike those of the wave before, "
        "and would be like them if Bright (1), Bleak (3) were exchanged; ask the agency"
    )
    assert prepared(project, path, codes_are_right=True).codebook.wave == YEAR


def test_swapped_ticks_without_texts_are_given_away_by_their_shares(project, small_codebook):
    then = made.records(small_codebook, rows=150)
    then["events.talks"], then["events.crafts"] = [1] * 120 + [0] * 30, [0] * 110 + [1] * 40
    then["events.concerts"] = 0
    earlier(project, small_codebook, then)
    table = made.interviews(small_codebook, then)
    assert prepared(project, made.as_csv(project / "export.csv", table)).codebook.wave == YEAR
    swapped = table.rename(columns={"E1_1": "E1_2", "E1_2": "E1_1"})
    path = made.as_csv(project / "export.csv", swapped)
    assert refusal(project, path) == (
        "export.csv, column E1_1: columns look swapped: the answers in E1_1 (Talks) and E1_2 (Crafts) are unlike those "
        "of the wave before, and would be like them if the two columns were exchanged; ask the agency; if the columns "
        "are right, say --codes-are-right."
    )
    assert prepared(project, path, codes_are_right=True).codebook.wave == YEAR
    # The texts of these columns say which answer each is of.
    assert prepared(project, save(project, swapped, "sav", small_codebook)).codebook.wave == YEAR


def another_outlook(project):
    """The codebook of the wave before with one more question, of the answers to outlook, in V3."""
    path = project / f"data/codebook/{FIRST}.yaml"
    text = path.read_text(encoding="utf-8")
    outlook = text[text.index("  - id: outlook") : text.index("  - id: comment")]
    more = outlook.replace("outlook", "prospect").replace("Outlook", "Prospects").replace("V1", "V3")
    more = more.replace("the next year", "the next ten years")
    path.write_text(text.replace(outlook, outlook + more), encoding="utf-8")
    return read_codebook(path)


@pytest.mark.parametrize("in_codes", [True, False])
def test_swapped_questions_with_the_same_answers_are_given_away_by_their_shares(project, in_codes):
    book = another_outlook(project)
    then = made.records(book, rows=150)
    then["outlook"] = ["bright"] * 100 + ["steady"] * 30 + ["bleak"] * 20
    then["prospect"] = ["bleak"] * 90 + ["steady"] * 40 + ["dont_know"] * 20
    earlier(project, book, then)
    table = made.interviews(book, then)
    written = coded(table, book) if in_codes else table
    assert prepared(project, made.as_csv(project / "export.csv", written)).codebook.wave == YEAR
    swapped = {"V1": "V3", "V3": "V1"}
    path = made.as_csv(project / "export.csv", written.rename(columns=swapped))
    assert refusal(project, path).startswith(
        "export.csv, column V1: columns look swapped: the answers in V1 (Outlook) and V3 (Prospects) are unlike"
    )
    path = save(project, table.rename(columns=swapped), "sav", book)
    assert prepared(project, path).codebook.wave == YEAR  # each has the text of the question that it is named as
    retext(path, {"V1": book.question("prospect").text, "V3": book.question("outlook").text})
    assert "its text is that of prospect" in refusal(project, path)


def test_mixed_encodings_are_refused(project, table, small_codebook):
    table.loc[3, "V2"], table.loc[7, "V2"] = "Our roof leaks \u2013 badly", "Our roof leaks \u2013 still"
    path = save(project, table, "csv", small_codebook)
    lines = path.read_bytes().split(b"\n")
    lines[8] = lines[8].decode("utf-8").encode("cp1252")
    path.write_bytes(b"\n".join(lines))
    assert refusal(project, path) == (
        "export.csv, row 9: mixed encodings: row 5 is UTF-8 and this one is not; export all of it again as CSV UTF-8."
    )
    path.write_bytes(b"\n".join(lines[:5]).replace("\u2013".encode(), b"\x96") + b"\n")
    assert "not UTF-8 text: byte 0x96" in refusal(project, path)


@pytest.mark.parametrize("format_", FORMATS)
def test_text_that_was_read_in_a_wrong_encoding_is_refused(project, table, small_codebook, format_):
    table.loc[3, "V2"] = "Our roof leaks â€“ badly"
    said = refusal(project, save(project, table, format_, small_codebook))
    assert said.startswith(f"export.{format_}, row 5, column V2: mixed encodings: this cell was UTF-8")


def test_dates_in_place_of_bands_are_refused(project, table, small_codebook):
    path = save(project, table, "xlsx", small_codebook)
    book = load_workbook(path)
    column = list(table.columns).index("Visits") + 1
    book.active.cell(row=6, column=column).value = datetime.datetime(1999, 1, 1)
    book.save(path)
    assert refusal(project, path) == (
        "export.xlsx, row 6, column Visits: a date where none can stand; if a spreadsheet made it of an answer, what "
        "stood there is lost; found '1999-01-01 00:00:00'; if the column is one of dates, say --same "
        "COLUMN=completed_on or what it is, or --leave-out; else format it as text before the answers are filled in, "
        "and export again."
    )
    for cell in ("Jan-99", "01-Apr", "1-Apr-2021", "1999-01-01 00:00:00"):
        table.loc[4, "Visits"] = cell
        assert "a date where none can stand" in refusal(project, save(project, table, "csv", small_codebook))


@pytest.mark.parametrize("format_", FORMATS)
def test_an_id_may_begin_with_a_month_and_may_not_be_a_date(project, table, small_codebook, format_):
    ids = table["organisation"].str.replace("LIB", "MAR").str.replace("MUS", "Dec")
    path = save(project, table.assign(organisation=ids), format_, small_codebook)
    assert prepared(project, path).fieldwork.interviews["organisation"].tolist() == ids.tolist()
    path = save(
        project, table.assign(organisation=ids).rename(columns={"organisation": "OrgID"}), format_, small_codebook
    )
    assert prepared(project, path, same={"OrgID": "organisation"}).codebook.wave == YEAR
    other = table.assign(organisation=["2001-03-01", *ids[1:]])
    said = refusal(project, save(project, other, format_, small_codebook))
    assert said.startswith(f"export.{format_}, row 2, column organisation: a date where none can stand")


def test_an_id_that_excel_turned_into_a_date_is_refused(project, table, small_codebook):
    path = save(project, table, "xlsx", small_codebook)
    book = load_workbook(path)
    column = list(table.columns).index("organisation") + 1
    book.active.cell(row=6, column=column).value = datetime.datetime(2001, 3, 1)
    book.save(path)
    said = "export.xlsx, row 6, column organisation: a date where none can stand"
    assert refusal(project, path).startswith(said)


def test_a_name_that_begins_like_a_month_is_no_date(project, table, small_codebook):
    names = ["MARINE-1", "Marketing-3", "octavia-12", "7-Decision"]
    table["organisation"] = [*names, *table["organisation"].iloc[len(names) :]]
    prepared(project, save(project, table, "csv", small_codebook))


def test_what_was_written_of_the_fieldwork_before_its_delivery_stays(project, table, small_codebook):
    facts = project / f"data/methodology/{YEAR}.yaml"
    facts.parent.mkdir(exist_ok=True)
    facts.write_text("sponsor: A ministry\n", encoding="utf-8")
    path = save(project, table, "csv", small_codebook)
    made = contents(prepared(project, path), {INTERVIEWS: path}, params=project / "params.yaml", data=project / "data")
    assert made[facts] == b"sponsor: A ministry\n"


def test_a_codebook_may_begin_with_any_key(project, table, small_codebook):
    """Whatever stands above `wave`, nothing of it is lost on the way to the next year's."""
    book = project / "data/codebook/2020.yaml"
    text = book.read_text(encoding="utf-8")
    path = save(project, table, "csv", small_codebook)
    usual = prepared(project, path).codebook
    wave = next(line for line in text.splitlines(keepends=True) if line.startswith("wave:"))
    book.write_text(text.replace(wave, "") + wave, encoding="utf-8")
    assert prepared(project, path).codebook == usual


@pytest.mark.parametrize("written", ["{}", "{}.0", "{}.00 ", "0{}"])
@pytest.mark.parametrize("labels", [0, 1])
def test_codes_of_bands_are_not_read_as_sizes(project, table, small_codebook, written, labels):
    codes = {a.label: written.format(a.code) for a in small_codebook.question("scale").answers}
    table["Visits"] = [v.upper() if n < labels else codes[v] for n, v in enumerate(table["Visits"])]
    said = refusal(project, save(project, table, "csv", small_codebook))
    assert said == (
        f"export.csv, row {labels + 2}, column Visits: these are codes of size bands, which would be read as sizes; "
        f"found {table.loc[labels, 'Visits'].strip()!r}; export sizes as numbers, or the labels of the bands."
    )


def test_a_band_of_which_an_spss_file_has_lost_the_label_is_not_read_as_a_size(project, table, small_codebook):
    few = {11: "Library under 20,000 visits", 12: "Library 20,000 visits and over", 21: "Museum under 5,000 visits"}
    row = table.index[~table["Visits"].isin(few.values())][0]
    path = save(project, table, "sav", small_codebook, changes={"Visits": few})
    code = {a.label: str(a.code) for a in small_codebook.question("scale").answers}[table.loc[row, "Visits"]]
    assert refusal(project, path) == (
        f"export.sav, row {row + 2}, column Visits: the file has no label for this value; found '{code}'; allowed: "
        "Library under 20,000 visits (11); Library 20,000 visits and over (12); Museum under 5,000 visits (21); "
        "label it in the file."
    )


def sizes_in_spss(project, table, codebook, first, missing):
    """The export with sizes as numbers, `first` in its first row, and a value that the file declares to be missing."""
    lowest = {a.label: str(a.band.at_least or 1) for a in codebook.question("scale").answers}
    sizes = [first, *table["Visits"].map(lowest)[1:]]
    numbers = table.drop(columns="Visits").assign(SIZE=sizes)
    path = made.as_sav(project / "export.sav", numbers, codebook, numbers={"SIZE": [missing]})
    return path


@pytest.mark.parametrize("label", [None, "Not known"])
def test_a_size_that_the_file_declares_to_be_missing_is_no_size(project, table, small_codebook, label):
    path = sizes_in_spss(project, table, small_codebook, "70000", 99999)
    assert prepared(project, path, same={"SIZE": "scale"}).fieldwork.frame["SIZE"][2] == "70000"
    path = sizes_in_spss(project, table, small_codebook, "99999", 99999)
    if label:
        relabel(path, "SIZE", {99999: label}, missing=[99999])
    assert refusal(project, path, same=["SIZE=scale"]) == (
        "export.sav, row 2, column SIZE: the file declares this value to be missing, and it would be read as what it "
        "says; found '99999'; correct the cell, or declare the value to be none that is missing."
    )


def test_an_id_that_the_file_declares_to_be_missing_is_no_id(project, table, small_codebook):
    path = save(project, table.assign(interview_id=range(1, len(table) + 1)).astype(str), "sav", small_codebook)
    relabel(path, "interview_id", {}, missing=[3])
    assert "export.sav, row 4, column interview_id: the file declares this value" in refusal(project, path)


@pytest.mark.parametrize("label", [None, "Not known"])
def test_a_tick_that_the_file_declares_to_be_missing_is_not_taken_for_not_chosen(project, table, small_codebook, label):
    row = table.index[table["E1_1"].eq("1")][0]
    ticks = table.assign(E1_1=["9" if i == row else tick for i, tick in table["E1_1"].items()])
    path = save(project, ticks, "sav", small_codebook)
    relabel(path, "E1_1", {9: label} if label else {}, missing=[9])
    assert refusal(project, path) == (
        f"export.sav, row {row + 2}, column E1_1: the file declares this value to be missing, which is neither chosen "
        "nor not chosen; found '9'; allowed: 1 for chosen, 0 for not, empty where nothing was asked; correct the cell, "
        "or declare the value to be none that is missing and label it as not chosen."
    )
    relabel(path, "E1_1", {9: "Not selected"}, missing=[9])
    assert prepared(project, path).fieldwork.interviews["E1_1"][row + 2] == "0"


@pytest.mark.parametrize("sets", [True, False])
def test_refused_is_not_taken_for_not_chosen_whether_or_not_the_ticks_are_a_set(project, table, small_codebook, sets):
    path = save(project, table, "sav", small_codebook, sets=sets)
    row = table.index[table["E1_1"].eq("0")][0]
    relabel(path, "E1_1", {0: "Refused", 1: "Yes"}, missing=[0])
    assert refusal(project, path) == (
        f"export.sav, row {row + 2}, column E1_1: the file declares this value to be missing, which is neither chosen "
        "nor not chosen; found '0'; allowed: 1 for chosen, 0 for not, empty where nothing was asked; correct the cell, "
        "or declare the value to be none that is missing and label it as not chosen."
    )
    relabel(path, "E1_1", {0: "No", 1: "Yes"}, missing=[0])
    assert prepared(project, path).codebook.wave == YEAR


@pytest.mark.parametrize("sets", [True, False])
@pytest.mark.parametrize("label", ["Refused", "Don't know", "Don\u2019t Know", "NOT ASKED", "n/a"])
def test_a_tick_whose_label_says_nothing_is_not_taken_for_not_chosen(project, table, small_codebook, sets, label):
    path = save(project, table, "sav", small_codebook, sets=sets)
    row = table.index[table["E1_1"].eq("0")][0]
    relabel(path, "E1_1", {0: label, 1: "Yes"})
    assert refusal(project, path).startswith(
        f"export.sav, row {row + 2}, column E1_1: the file calls this {label!r}, which is neither chosen nor not chosen"
    )
    relabel(path, "E1_1", {0: "Does not", 1: "Yes"})
    assert prepared(project, path).codebook.wave == YEAR


def test_a_code_alone_that_the_file_declares_to_be_missing_is_shown(project, table, small_codebook):
    path = save(project, table, "sav", small_codebook)
    relabel(path, "V1", {}, missing=[3, 98])
    said = "outlook.bleak: the file declares it to be a missing value, and the codebook does not"
    assert said in prepared(project, path).to_decide


def test_a_size_that_is_a_code_by_chance_is_a_size(project, table, small_codebook):
    codes = {a.label: str(a.code) for a in small_codebook.question("scale").answers if a.id.endswith("few")}
    few = table["Visits"].isin(codes)
    some = table.assign(Visits=table["Visits"].map(codes).where(few, "60000"))
    wave = prepared(project, save(project, some, "csv", small_codebook))
    sizes = clean(wave.fieldwork, wave.codebook).respondents["scale"]
    assert sizes.str.endswith("few").sum() == few.sum()


@pytest.mark.parametrize("format_", FORMATS)
def test_an_organisation_twice_is_refused(project, table, small_codebook, format_):
    twice = pd.concat([table, table.iloc[[4]].assign(V1="Bleak")], ignore_index=True)
    organisation, what = table.loc[4, "organisation"], "this organisation has another complete questionnaire in row 6"
    do = "keep one; if one was left unfinished, say partial of it in a column status, and complete of all others."
    said = refusal(project, save(project, twice, format_, small_codebook))
    row = f"export.{format_}, row {len(table) + 2}"
    assert said == f"{row}, column organisation: {what}; found '{organisation}'; {do}"
    # The agency's own name of the column stands in its place; the column `status` is not in the file, and may be added.
    called = twice.rename(columns={"organisation": "OrgID"})
    said = refusal(project, save(project, called, format_, small_codebook), same=["OrgID=organisation"])
    assert said == f"{row}, column OrgID: {what}; found '{organisation}'; {do}"
    told = called.assign(status=[*["complete"] * len(table), "partial"])
    path = save(project, told, format_, small_codebook)
    assert prepared(project, path, same={"OrgID": "organisation"}).codebook.wave == YEAR


def test_one_name_under_two_ids_is_refused(project, table, small_codebook):
    table["organisation_name"] = [f"House {i}" for i in range(len(table))]
    twice = table.iloc[[4]].assign(organisation=table.loc[4, "organisation"] + " ", status="partial")
    parts = pd.concat([table.assign(status="complete"), twice], ignore_index=True)
    assert prepared(project, save(project, parts, "csv", small_codebook)).codebook.wave == YEAR
    table.loc[9, "organisation_name"] = "HOUSE  2"
    said = refusal(project, save(project, table, "csv", small_codebook))
    assert said.startswith("export.csv, row 11, column organisation: an organisation stands twice: its name is that of")


ALIKE = [str.lower, lambda i: i.replace("-", "\u2010"), lambda i: i.replace("-", "\u2212")]


@pytest.mark.parametrize("change", ALIKE, ids=["letter case", "hyphen", "minus"])
def test_an_id_that_is_another_one_but_for_case_or_a_dash_is_refused(project, table, small_codebook, answered, change):
    first = table.loc[4, "organisation"]
    assert change(first) != first
    twice = pd.concat([table, table.iloc[[4]].assign(organisation=change(first))], ignore_index=True)
    said = refusal(project, save(project, twice, "csv", small_codebook))
    what = "but for letter case or the form of a dash this is the id"
    assert said.startswith(
        f"export.csv, row {len(table) + 2}, column organisation: {what} '{first}' in export.csv, row 6; found "
    )
    assert said.endswith("write both alike, or, if they are two organisations, give this one another id.")
    # The same between the files of a delivery, under the name that the agency gives the column.
    frame = made.as_csv(project / "approached.csv", table[["organisation", "Type", "Visits"]])
    other = table.assign(organisation=[change(i) if i == first else i for i in table["organisation"]])
    path = save(project, other.rename(columns={"organisation": "OrgID"}), "csv", small_codebook)
    said = refusal(project, path, frame=frame, same=["OrgID=organisation"])
    assert said.startswith(f"export.csv, row 6, column OrgID: {what} '{first}' in approached.csv, row 6; found ")
    # And between a delivery and the wave before.
    earlier(project, small_codebook, answered)
    said = refusal(project, save(project, other, "csv", small_codebook))
    assert said.startswith(f"export.csv, row 6, column organisation: {what} '{first}' in the wave before; found ")


def test_an_id_may_have_stray_blanks(project, table, small_codebook, answered):
    earlier(project, small_codebook, answered)
    ids = [f" {i} " for i in table["organisation"]]
    wave = prepared(project, save(project, table.assign(organisation=ids), "csv", small_codebook))
    assert clean(wave.fieldwork, wave.codebook).respondents["organisation"].tolist() == sorted(table["organisation"])


def test_two_ids_alike_of_the_wave_before_are_refused_too(project, table, small_codebook, answered):
    first, second = table["organisation"].iloc[:2]
    ids = [first.lower() if i == second else i for i in table["organisation"]]
    earlier(project, small_codebook, answered.assign(organisation=ids))
    said = refusal(project, save(project, table.assign(organisation=ids), "csv", small_codebook))
    assert f"this is the id '{first.lower()}' in the wave before; found '{first}'" in said


@pytest.mark.parametrize("format_", FORMATS)
def test_an_organisation_in_both_sectors_is_refused(project, table, small_codebook, format_):
    other = {"Library": "Museum", "Museum": "Library"}[table.loc[2, "Type"]]
    size = "Museum under 5,000 visits" if other == "Museum" else "Library under 20,000 visits"
    part = table.iloc[[2]].assign(Type=other, Visits=size)
    both = pd.concat([table.assign(status="complete"), part.assign(status="partial")], ignore_index=True)
    said = refusal(project, save(project, both, format_, small_codebook))
    organisation = table.loc[2, "organisation"]
    assert said.startswith(
        f"export.{format_}, row {len(table) + 2}, column Type: organisation {organisation} has another value in row 4"
    )


def test_an_organisation_that_the_frame_has_in_the_other_sector_is_refused(project, table, small_codebook):
    frame = table[["organisation", "Type", "Visits"]].copy()
    other = {"Library": "Museum", "Museum": "Library"}[frame.loc[2, "Type"]]
    size = "Museum under 5,000 visits" if other == "Museum" else "Library under 20,000 visits"
    frame.loc[2, ["Type", "Visits"]] = [other, size]
    path = made.as_csv(project / "frame.csv", frame)
    said = refusal(project, save(project, table, "csv", small_codebook), frame=path)
    organisation = table.loc[2, "organisation"]
    assert said.startswith(f"export.csv, row 4, column Type: the frame has organisation {organisation} elsewhere")


@pytest.mark.parametrize("faulty", ["export.csv", "approached.csv"])
def test_a_size_that_cannot_be_read_is_blamed_on_the_file_that_holds_it(project, table, small_codebook, faulty):
    """Both tables have the facts of the frame, and are read by what reads frame.csv."""
    frame = table[["organisation", "Type", "Visits"]]
    tables = {"export.csv": table, "approached.csv": frame}
    tables[faulty] = tables[faulty].assign(Visits=["Huge" if i == 7 else v for i, v in enumerate(table["Visits"])])
    paths = {name: made.as_csv(project / name, t) for name, t in tables.items()}
    said = refusal(project, paths["export.csv"], frame=paths["approached.csv"])
    assert said.startswith(f"{faulty}, row 9, column Visits: no size band of the organisation's sector holds this")


@pytest.mark.parametrize("cell", ["=1+1", '=HYPERLINK("http://example.org")'])
def test_a_formula_is_refused_and_never_worked_out(project, table, small_codebook, cell):
    table.loc[1, "V2"] = cell
    for format_ in ("csv", "xlsx"):
        said = refusal(project, save(project, table, format_, small_codebook))
        assert said.startswith(f"export.{format_}, row 3, column V2: the cell holds a formula")


@pytest.mark.parametrize("format_", ["csv", "xlsx", "parquet"])  # SPSS knows no such name
@pytest.mark.parametrize("name", ['=HYPERLINK("http://evil.example","x")', "@SUM(A1:A9)"])
def test_a_formula_for_the_name_of_a_column_is_refused(project, table, small_codebook, format_, name):
    """It would be drafted as a question, whose column is named so in data/raw/."""
    if format_ == "xlsx" and name.startswith("="):
        said = "export.xlsx, row 1: the cell holds a formula"
    else:
        said = f"export.{format_}, row 1, column {name}: the name of the column holds a formula; write it as no formula"
    named = table.assign(**{name: ["Yes", "No"] * (len(table) // 2)})
    assert refusal(project, save(project, named, format_, small_codebook)).startswith(said)


LABELS = {1: "Bright", 2: "Steady", 3: "Bleak", 98: "Don't know"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("=1+1", "holds a formula"),
        ("+cmd|' /C calc'!A0", "holds a formula"),
        ("@SUM(A1:A9)", "holds a formula"),
        ("Br\u202eight", "holds a character that cannot be seen; found 'U+202E'"),
    ],
)
def test_labels_and_texts_of_an_spss_file_are_looked_at_as_cells_are(project, table, small_codebook, text, fault):
    path = save(project, table, "sav", small_codebook, changes={"V1": LABELS | {4: text}})
    assert refusal(project, path).startswith(f"export.sav, column V1: the label of 4 {fault}")
    path = save(project, table, "sav", small_codebook, texts={"S1": text})
    assert refusal(project, path).startswith(f"export.sav, column S1: the text of the column {fault}")
    path = save(project, table, "sav", small_codebook, sets=False)
    columns = small_codebook.question("events").export_columns
    made.add_sets(path, [("E1", "D", "1", text, columns)])
    assert refusal(project, path).startswith(f"export.sav, column E1: the text of the set {fault}")


CALLED_SO = "two answers of the draft would be called so; found"


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({1: "Yes", 2: "Yes", 3: "No"}, f"export.sav, column CAFE: {CALLED_SO} 'Yes'; give each a label of its own"),
        ({1: "Yes", 2: "YES", 3: "No"}, f"export.sav, column CAFE: {CALLED_SO} 'YES'"),
        ({1: "Yes\u200b", 2: "Yes", 3: "No"}, f"export.sav, column CAFE: {CALLED_SO} 'Yes'"),
        ({1: "3", 2: "Yes", 3: "No"}, f"export.sav, column CAFE: {CALLED_SO} '3'"),
        (
            {1: " ", 2: "Yes", 3: "No"},
            "export.sav, row 2, column CAFE: the file has no label for this value; found '1'; allowed: Yes (2); No (3)",
        ),
        ({1: "\u200b", 2: "Yes", 3: "No"}, "export.sav, row 2, column CAFE: the file has no label for this value"),
    ],
)
def test_faults_of_labels_are_those_of_the_delivered_file(project, table, small_codebook, labels, said):
    """The codebook that would be drafted of them does not stand anywhere yet."""
    path = project / "export.sav"
    made.as_sav(path, table.assign(CAFE=["1", "2", "3"] * (len(table) // 3)), small_codebook)
    relabel(path, "CAFE", labels)
    assert refusal(project, path).startswith(said)


@pytest.mark.parametrize(
    ("labels", "found"),
    [({4: "Mixed", 5: "mixed"}, "mixed"), ({2: "Mixed", 4: "Mixed"}, "Mixed"), ({4: "98"}, "98")],
)
def test_a_label_on_two_answers_of_a_known_question_is_one_of_the_file(project, table, small_codebook, labels, found):
    path = save(project, table, "sav", small_codebook, changes={"V1": LABELS | labels})
    assert refusal(project, path).startswith(f"export.sav, column V1: {CALLED_SO} '{found}'; give each")


def test_whatever_else_is_wrong_with_a_draft_is_said_of_the_delivery(project, table, small_codebook):
    path = save(project, table, "sav", small_codebook, changes={"S1": {4: "No shop yet"}})
    said = (
        f"export.sav, drafted as {project}/data/codebook/{YEAR}.yaml: codebook: question shop: the label 'No shop yet'"
    )
    assert refusal(project, path).startswith(said)


def test_a_blank_label_is_none(project, table, small_codebook):
    expected = prepared(project, save(project, table, "sav", small_codebook))
    wave = prepared(project, save(project, table, "sav", small_codebook, changes={"V1": LABELS | {2: " ", 4: ""}}))
    assert wave.text == expected.text
    cleaned, same = (clean(w.fieldwork, w.codebook).respondents for w in (wave, expected))
    pd.testing.assert_frame_equal(cleaned, same)


def test_an_answer_that_the_file_calls_not_stated_is_what_an_empty_cell_stands_for(project, table, small_codebook):
    path = project / "export.sav"
    made.as_sav(path, table.assign(CAFE=["1", "2", ""] * (len(table) // 3)), small_codebook)
    relabel(path, "CAFE", {1: "Yes", 2: "Not stated"})
    yes, blank = prepared(project, path).codebook.question("cafe").answers
    assert (yes.label, blank.label, blank.code, blank.missing) == ("Yes", "Not stated", 2, "dont_know")
    assert blank.spellings == ("",)


def new_set(columns, *, counted=None, **known):
    """What is drafted of a new set with these columns of cells: labels of its answers, and ticks by column."""
    table = pd.DataFrame(columns, index=range(2, 2 + len(next(iter(columns.values())))))
    fruit = AnswerSet("P", "Which fruit?", tuple(table), counted)
    question, ticks = new_question(fruit, Delivery("export.sav", table, sets=(fruit,), **known), [])
    return [a["label"] for a in question["answers"]], {c: t.tolist() for c, t in ticks.items()}


def test_a_mention_with_a_stray_blank_is_not_lost_from_a_new_set():
    labels = {c: {"1": "Apples", "2": "Pears"} for c in ("P1", "P2")}
    _, ticks = new_set({"P1": ["1", " 2", "2"], "P2": ["", "", "1 "]}, labels=labels)
    assert ticks == {"P_1": ["1", "0", "1"], "P_2": ["0", "1", "1"]}


def test_a_third_value_of_a_new_set_is_no_tick_left_blank():
    _, ticks = new_set({"P1": ["1", " 1", "0"], "P2": ["0", "", "1"]}, counted="1")
    assert ticks == {"P_1": ["1", "1", "0"], "P_2": ["0", "", "1"]}
    with pytest.raises(InputProblem) as caught:
        new_set({"P1": ["1", "0", "2"], "P2": ["0", "0", "0"]}, counted="1")
    assert str(caught.value) == (
        "export.sav, row 4, column P1: the file says neither that this value is chosen nor that it is not; "
        "found '2'; allowed: 1 for chosen, 0 for not; correct the cell, or label the value in the file as not chosen."
    )
    labels = {"P1": {"1": "Yes", "2": "No", "9": "Don't know"}, "P2": {"1": "Ja", "2": "Nein"}}
    with pytest.raises(InputProblem, match=r"row 4, column P1: .* found '9'"):
        new_set({"P1": ["1", "2", "9"], "P2": ["1", "2", "2"]}, counted="1", labels=labels)
    _, ticks = new_set({"P1": ["1", "2", "2"], "P2": ["1", "2", "2"]}, counted="1", labels=labels)
    assert ticks == {"P_1": ["1", "0", "0"], "P_2": ["1", "0", "0"]}


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (("Which fruit? - Apples", "Which fruit? - Pears"), ["Apples", "Pears"]),
        (("Which fruit? - Apples", "Which fruit? - Pears: tinned"), ["Apples", "Pears: tinned"]),
        (("Fruit: bought - Apples", "Fruit: bought - Almonds"), ["Apples", "Almonds"]),
        (("Apples", "Pears: tinned"), ["Apples", "Pears: tinned"]),
        (("Which fruit? - Apples", ""), ["Apples", "P2"]),
    ],
)
def test_the_answers_of_a_new_set_are_what_its_columns_do_not_share(texts, labels):
    told = dict(zip(("P1", "P2"), texts, strict=True))
    assert new_set({"P1": ["1"], "P2": ["0"]}, counted="1", texts=told)[0] == labels


def test_a_mention_without_a_label_is_not_lost_from_a_new_set():
    table = pd.DataFrame({"P1": ["1", "2"], "P2": ["3", ""]}, index=[2, 3])
    fruit = AnswerSet("P", "Which fruit?", ("P1", "P2"), None)
    delivery = Delivery("export.sav", table, labels={c: {"1": "Apples", "2": "Pears"} for c in table}, sets=(fruit,))
    with pytest.raises(InputProblem) as caught:
        new_question(fruit, delivery, [])
    assert str(caught.value).startswith("export.sav, row 2, column P2: the file has no label for this value; found '3'")


PUBLISHED = "would be published, and holds contact details or the name of a contact"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ask jane.smith@agency.example", "Ask [contact detail]"),
        ("Ring 0151 496 0815", "Ring [contact detail]"),
        ("Jane Smith knows", "[contact detail] knows"),
        ("SMITH, Jane", "[contact detail]"),
    ],
)
def test_contact_details_in_what_becomes_codebook_are_refused(project, table, small_codebook, text, shown):
    """The codebook is published, in codebook.html, ddi.xml and tables; only cells in own words are looked through."""
    table = table.assign(contact_name=["Jane Smith", *[""] * (len(table) - 1)])
    path = save(project, table, "sav", small_codebook, changes={"V1": LABELS | {4: text}})
    said = refusal(project, path)
    assert said.startswith(f"export.sav, column V1: the label of an answer {PUBLISHED}; found '{shown}'; take it out")
    path = save(project, table, "sav", small_codebook, texts={"S1": text})
    assert refusal(project, path).startswith(f"export.sav, column S1: the text of the column {PUBLISHED}; found")
    cafe = table.assign(CAFE=["1", "2"] * (len(table) // 2))
    made.as_sav(path, cafe, small_codebook, texts={"CAFE": text})
    relabel(path, "CAFE", {1: "Yes", 2: "No"})
    assert refusal(project, path).startswith(f"export.sav, column CAFE: the text of the column {PUBLISHED}; found")
    relabel(path, "CAFE", {1: text, 2: "No"})
    assert prepared(project, path, leave_out=("CAFE",)).codebook.wave == YEAR
    named = table.assign(**{text: ["Yes", "No"] * (len(table) // 2)})
    said = refusal(project, save(project, named, "csv", small_codebook))
    assert said.startswith(f"export.csv, column {shown}: the name of the column {PUBLISHED}; found '{shown}'")


def test_a_column_of_the_frames_people_is_no_question(project, table, small_codebook):
    """A dozen different texts are drafted as answers: here they would be the names of those who were asked."""
    frame = table[["organisation", "Type", "Visits"]].assign(contact_name="")
    frame.loc[[3, 4], "contact_name"] = ["Jane Smith", "Okoro, Ben"]
    path = made.as_csv(project / "approached.csv", frame)
    spoke = table.assign(Spoke_to=["Ben Okoro", "jane smith"] * (len(table) // 2))
    said = refusal(project, save(project, spoke, "csv", small_codebook), frame=path)
    assert said == (
        f"export.csv, column Spoke_to: the label of an answer {PUBLISHED}; found '[contact detail]'; take it out of "
        "the file, say --leave-out of a column that is none of the survey's, or write the wave's codebook by hand."
    )


@pytest.mark.parametrize("words", ["- Great! (no tools yet)", "@work we do"])
def test_own_words_that_begin_with_a_sign_are_taken_in(project, table, small_codebook, words):
    table.loc[1, "V2"] = words
    for format_ in ("csv", "xlsx", "sav", "parquet"):
        wave = prepared(project, save(project, table, format_, small_codebook))
        assert wave.fieldwork.interviews["V2"].iloc[1] == words


OTHERS = {
    "unknown answer": (lambda t: t.assign(V1=["As the wind blows", *t["V1"][1:]]), "no answer of outlook is called so"),
    "unknown code": (lambda t: t.assign(V1=["7", *t["V1"][1:]]), "no answer of outlook is called so; found '7'"),
    "own words in a new column": (
        lambda t: t.assign(X=[f"Text {i}" for i in range(len(t))]),
        "column X: no question has",
    ),
    "codes in a new column": (
        lambda t: t.assign(X=["1", "2"] * (len(t) // 2)),
        "column X: no question has this column",
    ),
    "codes below nought in a new column": (
        lambda t: t.assign(X=["-1", "\u22122"] * (len(t) // 2)),
        "column X: no question has this column",
    ),
    "the mark of a rehearsal": (
        lambda t: t.assign(REHEARSAL=["Yes", "No"] * (len(t) // 2)),
        "export.csv, row 1, column REHEARSAL: a column of this name marks what is simulated, and no question can have "
        "it; deliver what was collected; if this was, say --leave-out REHEARSAL, or give the column another name.",
    ),
    "no organisations": (lambda t: t.drop(columns="organisation"), "column organisation: this column is missing"),
    "no days": (lambda t: t.drop(columns="completed_on"), "column completed_on: this column is missing"),
    "no day": (lambda t: t.assign(completed_on="in March"), "column completed_on: not a date; found 'in March'"),
    "another year": (
        lambda t: t.assign(completed_on="2061-03-10"),
        "column completed_on: this day is not of wave 2021; found '2061-03-10'; allowed: 2020 to 2022",
    ),
    "column twice": (lambda t: t.assign(v1=t["V1"]), "this column stands twice"),
    "no rows": (lambda t: t.iloc[:0], "there are no rows below the header"),
    "no sector": (lambda t: t.drop(columns="Type"), "column Type: the question kind (Kind of house) is missing"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_cannot_be_placed_is_refused_by_name(project, table, small_codebook, case):
    change, said = OTHERS[case]
    assert said in refusal(project, made.as_csv(project / "export.csv", change(table)))


def test_the_mark_of_a_rehearsal_can_be_left_out(project, table, small_codebook):
    path = save(project, table.assign(REHEARSAL="no"), "csv", small_codebook)
    wave = prepared(project, path, leave_out=("REHEARSAL",))
    assert "REHEARSAL" not in wave.fieldwork.interviews and "rehearsal" not in wave.text


def test_a_file_of_another_kind_is_refused(project, table, small_codebook):
    other = project / "export.ods"
    other.write_bytes(b"x")
    assert refusal(project, other).endswith("this kind of file cannot be read; allowed: .csv, .xlsx, .sav, .parquet.")
    kinds = {".xlsx": "an Excel workbook", ".sav": "an SPSS file", ".parquet": "a Parquet file that can be read"}
    for suffix, kind in kinds.items():
        broken = project / f"broken{suffix}"
        broken.write_bytes(b"nothing of the kind")
        assert f"not {kind}" in refusal(project, broken)
    assert "there is no such file" in refusal(project, project / "gone.csv")


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (8 * 90 * 10, "the file holds more than an export can; found '90 rows of 19 cells'; allowed: 900 cells"),
        (8 * 90 * 19, "export.parquet, column comment: the texts of the file are longer than an export's; allowed: "),
    ],
)
def test_a_parquet_file_that_holds_too_much_is_refused_unread(project, table, monkeypatch, most, said):
    # A run of one value takes a few bytes, however long it is.
    path = made.as_parquet(project / "export.parquet", table.assign(comment="so it is " * 40))
    assert path.stat().st_size < 20_000 and len(table.columns) == 18
    monkeypatch.setattr("pipeline.delivered_parquet.MOST_IN_MEMORY", most)
    assert said in refusal(project, path)


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(project, table, small_codebook, monkeypatch):
    path = save(project, table, "xlsx", small_codebook)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.xml", "w") as inside:
        for _ in range(60):
            inside.write(bytes(10_000_000))
    assert "the workbook unpacks to more than an export can be" in refusal(project, path)


def test_a_workbook_with_several_sheets_needs_to_be_told_which(project, table, small_codebook):
    path = save(project, table, "xlsx", small_codebook)
    book = load_workbook(path)
    book.active.title = "Answers"
    book.create_sheet("Notes")
    book.save(path)
    assert "the workbook has several sheets; found 'Answers; Notes'; say which by --sheet" in refusal(project, path)
    assert prepared(project, path, sheets={INTERVIEWS: "Answers"}).codebook.wave == YEAR


def test_each_table_may_have_its_sheet_of_one_workbook(project, table, small_codebook):
    """The frame's sheet is read for the frame, and that of the interviews for the interviews."""
    path = save(project, table, "xlsx", small_codebook)
    alone = prepared(project, path)
    book = load_workbook(path)
    book.active.title = "Answers"
    frame = book.create_sheet("Approached")
    for row in [alone.fieldwork.frame.columns.tolist(), *alone.fieldwork.frame.astype(object).values.tolist()]:
        frame.append(row)
    book.save(path)
    sheets = {INTERVIEWS: "Answers", FRAME: "Approached"}
    wave = prepared(project, path, frame=path, sheets=sheets)
    pd.testing.assert_frame_equal(wave.fieldwork.frame, alone.fieldwork.frame)
    pd.testing.assert_frame_equal(wave.fieldwork.interviews, alone.fieldwork.interviews)
    assert "found 'Answers; Approached'; say which by --sheet (--frame-sheet" in refusal(
        project, path, frame=path, sheet="Answers"
    )


def test_a_sheet_of_nothing_is_refused(project, table, small_codebook):
    path = save(project, table, "csv", small_codebook)
    said = f"{path}: a sheet is named, and this is no Excel workbook; found 'Answers'."
    assert refusal(project, path, sheet="Answers") == said
    said = "--frame-sheet: --frame names no file; found 'Approached'."
    assert refusal(project, path, frame_sheet="Approached") == said


def test_files_of_one_name_are_not_written_over_each_other(project, table, small_codebook):
    path = save(project, table, "csv", small_codebook)
    other = path.parent / "frame" / path.name
    other.parent.mkdir()
    other.write_bytes(path.read_bytes())
    said = "two files of the delivery have this name, and are to be kept side by side"
    assert refusal(project, path, frame=other) == f"{said}; found '{path.name}'; rename one of them."


def test_a_choice_that_names_nothing_is_refused(project, table, small_codebook):
    path = save(project, table, "csv", small_codebook)
    assert refusal(project, path, leave_out=["minutes"]) == "--leave-out: no file has such a column; found 'minutes'."
    assert refusal(project, path, same=["V1=view"]).startswith("--same: no such question or column; found 'view'; ")
    assert refusal(project, path, same=["V9=outlook"]) == "--same: no file has such a column; found 'V9'."
    assert refusal(project, path, same=["V1"]) == "--same: give COLUMN=NAME; found 'V1'."


def test_two_choices_that_speak_against_each_other_are_refused_whatever_their_order(project, table, small_codebook):
    path = save(project, table.assign(V9=table["V1"].sample(frac=1, random_state=1).to_numpy()), "csv", small_codebook)
    for one, other in (("V1", "V9"), ("V9", "V1")):
        said = (
            f"export.csv, row 1: two columns are outlook; found '{one}; {other}'; leave one of them out (--leave-out)."
        )
        assert refusal(project, path, same=[f"{one}=outlook", f"{other}=outlook"]) == said
    said = "--same: the column v9 is said to be two; found 'outlook; shop'; keep one of them."
    assert refusal(project, path, same=["V9=outlook", "v9=shop"]) == said
    left = {"same": ["V9=outlook", "v9 = outlook"], "leave_out": ["V1"]}
    assert "this is no project of DVC" in refusal(project, path, **left)


# ---- what real exports have


def test_codes_for_not_asked_and_labels_of_the_files_own_columns_are_read(project, table, small_codebook):
    asked = table["S3"].ne("")
    path = project / "export.sav"
    partial = table.assign(status=["1"] * len(table), S3=table["S3"].where(asked, "Not asked"))
    book = small_codebook.model_copy(
        update={
            "questions": tuple(
                q if q.id != "profit" else q.model_copy(update={"answers": (*q.answers, not_asked(q))})
                for q in small_codebook.questions
            )
        }
    )
    made.as_sav(path, partial, book)
    relabel(path, "status", {1: "Complete"})
    wave = prepared(project, path)
    assert set(wave.fieldwork.interviews["status"]) == {"Complete"}
    assert wave.codebook.question("profit").answers[-1].label == "Not asked"
    cleaned = clean(wave.fieldwork, wave.codebook)
    assert cleaned.respondents["profit"].notna().sum() == asked.sum()


def not_asked(question):
    return question.answers[0].model_copy(update={"id": "not_asked", "label": "Not asked", "code": -9, "spellings": ()})


def test_a_column_that_is_left_out_may_hold_anything(project, table, small_codebook):
    path = save(project, table.assign(started="x"), "xlsx", small_codebook)
    book = load_workbook(path)
    column = len(table.columns) + 1
    for row, value in ((2, datetime.datetime(2021, 3, 1, 9, 30)), (3, datetime.time(9, 30)), (4, "Jan-99")):
        book.active.cell(row=row, column=column).value = value
    book.save(path)
    assert "a date where none can stand" in refusal(project, path)
    assert prepared(project, path, leave_out=("started",)).codebook.wave == YEAR


def test_a_date_in_an_spss_file_outside_the_columns_of_dates_is_refused(project, table, small_codebook):
    path = save(project, table, "sav", small_codebook)
    import pyreadstat

    data, about = pyreadstat.read_sav(path, user_missing=True)
    data["V2"] = data["completed_on"]
    pyreadstat.write_sav(data, str(path), variable_value_labels=about.variable_value_labels)
    assert "export.sav, row 2, column V2: a date where none can stand" in refusal(project, path)


def test_an_id_that_was_of_the_other_sector_is_refused(project, table, small_codebook, answered):
    then = answered.copy()
    then.loc[3, "kind"] = {"lib": "mus", "mus": "lib"}[then.loc[3, "kind"]]
    earlier(project, small_codebook, then)
    said = refusal(project, save(project, table, "csv", small_codebook))
    assert said.startswith(f"export.csv: organisation {then.loc[3, 'organisation']} was of another sector in {FIRST}")


def test_ids_that_none_had_before_are_shown(project, table, small_codebook, answered):
    earlier(project, small_codebook, answered.assign(organisation=answered["organisation"] + "-X"))
    wave = prepared(project, save(project, table, "csv", small_codebook))
    assert any(
        d.startswith("no organisation has the id of one that answered in the wave before") for d in wave.to_decide
    )


@pytest.mark.parametrize("kind", ["reconstruction", "rehearsal"])
def test_organisations_of_no_survey_are_nobody_s_earlier_selves(project, table, small_codebook, answered, kind):
    """An id that one of them happens to have says nothing of the organisation that has it now."""
    then = answered.copy()
    then.loc[3, "kind"] = {"lib": "mus", "mus": "lib"}[then.loc[3, "kind"]]
    earlier(project, small_codebook, then)
    path = project / f"data/codebook/{FIRST}.yaml"
    text = path.read_text(encoding="utf-8").replace("kind: fieldwork", f"kind: {kind}\nrespondents: 60", 1)
    path.write_text(text.replace("(made up)", "(made up) (REHEARSAL)") if kind == "rehearsal" else text, "utf-8")
    settings = project / "params.yaml"
    made_waves = {"reconstruction": [], "rehearsal": []} | {kind: [FIRST]}
    params = yaml.safe_load(settings.read_text(encoding="utf-8"))
    params["waves"] |= made_waves
    settings.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    left = prepared(project, save(project, table, "csv", small_codebook)).to_decide
    assert not any("answered in" in sentence or "has the id of one" in sentence for sentence in left)


def test_a_question_that_nobody_answers_in_the_file_is_asked_after(project, table, small_codebook):
    """Exports often leave own words out: each remark would fall to 0%."""
    empty = table.assign(V2=" ")
    said = "comment: not one row has an answer (V2), so that each would be given by 0%: was it asked?"
    for cells, told in ((table, False), (empty, True)):
        left = prepared(project, save(project, cells, "csv", small_codebook)).to_decide
        assert any(sentence.startswith(said) for sentence in left) == told


def test_a_band_of_few_is_told_before_it_is_published(project, small_codebook):
    rows = made.records(small_codebook, rows=150)
    bands = rows["scale"].value_counts()
    band, count = bands.index[-1], int(bands.iloc[-1])
    fewest = load_params(project / "params.yaml").disclose.minimum_base
    few = rows.drop(index=rows.index[rows["scale"].eq(band)][: max(count - fewest + 1, 0)]).reset_index(drop=True)
    left = prepared(project, save(project, made.interviews(small_codebook, few), "csv", small_codebook)).to_decide
    told = [sentence for sentence in left if f"fewer than {fewest}" in sentence]
    small = few["scale"].value_counts().loc[lambda n: n < fewest]
    assert band in small.index
    assert {sentence.split(":")[0] for sentence in told} == {f"scale.{b}" for b in small.index}


def test_a_band_of_nobody_is_told_too(project, table, small_codebook, answered):
    few = table[~answered["scale"].eq("mus_middle")].reset_index(drop=True)
    left = prepared(project, save(project, few, "csv", small_codebook)).to_decide
    assert "scale.mus_middle: nobody of it answered, so that nothing is said of it: is that so?" in left
    whole = prepared(project, save(project, table, "csv", small_codebook)).to_decide
    assert not any("nobody of it answered" in sentence for sentence in whole)


UNIT = "are the sizes in the unit that the codebook's size question asks for?"


@pytest.mark.parametrize("kind", ["fieldwork", "reconstruction"])
def test_sizes_in_another_unit_empty_bands_that_many_had_before(project, table, small_codebook, answered, kind):
    """Employees in place of visits: whatever the survey before was, its houses were of other sizes."""
    earlier(project, small_codebook, answered)
    if kind == "reconstruction":
        path = project / f"data/codebook/{FIRST}.yaml"
        text = path.read_text(encoding="utf-8").replace("kind: fieldwork", f"kind: {kind}\nrespondents: 90", 1)
        path.write_text(text, encoding="utf-8")
        settings = (project / "params.yaml").read_text(encoding="utf-8")
        settings = settings.replace("reconstruction: []", f"reconstruction: [{FIRST}]")
        (project / "params.yaml").write_text(settings, encoding="utf-8")
    bands = answered["scale"].value_counts()
    libraries, museums = (int(bands[bands.index.str.startswith(s)].sum()) for s in ("lib_", "mus_"))
    assert not any(UNIT in s for s in prepared(project, save(project, table, "csv", small_codebook)).to_decide)
    staff = table.assign(Visits="40")
    left = prepared(project, save(project, staff, "csv", small_codebook)).to_decide
    many, middle, most = (int(bands[b]) for b in ("lib_many", "mus_middle", "mus_many"))
    assert min(many, middle, most) >= new_wave_report.EXPECTED
    told = [sentence for sentence in left if UNIT in sentence]
    assert told == [
        f"scale, sector lib: lib_many 0 of {libraries} (in {FIRST} {many} of {libraries}): {UNIT}",
        f"scale, sector mus: mus_middle 0 of {museums} (in {FIRST} {middle} of {museums}), mus_many 0 of {museums} "
        f"(in {FIRST} {most} of {museums}): {UNIT}",
    ]


@pytest.mark.parametrize(
    ("now", "all_now", "was", "all_then", "lost"),
    [
        (0, 20, 5, 20, True),
        (0, 19, 5, 20, False),
        (0, 20, 0, 20, False),
        (0, 0, 5, 20, False),
        (0, 20, 0, 0, False),
        (1, 44, 5, 20, True),
        (1, 40, 5, 20, False),
    ],
)
def test_a_band_is_lost_where_chance_does_not_empty_it(now, all_now, was, all_then, lost):
    assert new_wave_report._is_lost(now, all_now, was, all_then) == lost


def test_bands_that_were_redrawn_are_not_held_against_former_ones(project, table, small_codebook, answered):
    earlier(project, small_codebook, answered)
    staff = save(project, table.assign(Visits="40"), "csv", small_codebook)
    own = prepared(project, staff).text.replace("20000", "30000").replace("50000", "60000")
    (project / f"data/codebook/{YEAR}.yaml").write_text(own, encoding="utf-8")
    assert not any(UNIT in sentence for sentence in prepared(project, staff).to_decide)


def test_a_copied_codebook_is_told_to_have_a_title_of_its_own(project, table, small_codebook):
    path = save(project, table, "csv", small_codebook)
    drafted = prepared(project, path)
    assert not any("tracker check" in sentence for sentence in drafted.to_decide)
    copied = (project / f"data/codebook/{FIRST}.yaml").read_text(encoding="utf-8")
    copied = copied.replace(f"wave: {FIRST}", f"respondents: 200\nwave: {YEAR}")
    own = project / f"data/codebook/{YEAR}.yaml"
    own.write_text(copied, encoding="utf-8")
    end = f"it names {FIRST} and not {YEAR}. Name {YEAR} in it; `tracker check` refuses it as it is"
    # The source names no year, so it may be that of both.
    told = f"title of data/codebook/{YEAR}.yaml: {end}"
    number = f"respondents of data/codebook/{YEAR}.yaml: it says 200, and {len(table)} answered. Take it out, unless a "
    number += f"report of {YEAR} says that it rests on so many"
    assert prepared(project, path).to_decide[-2:] == [told, number]
    own.write_text(drafted.text + f"respondents: {len(table)}\n", encoding="utf-8")
    left = prepared(project, path).to_decide
    assert not any(sentence.startswith(("title", "source", "respondents")) for sentence in left)


@pytest.mark.parametrize("by_hand", [False, True], ids=["drafted", "written by hand"])
def test_a_new_answer_that_a_figure_leaves_out_is_named(project, table, small_codebook, by_hand):
    labels = {1: "Bright", 2: "Steady", 3: "Bleak", 4: "Closed for good", 98: "Don't know"}
    path = save(project, table, "sav", small_codebook, changes={"V1": labels})
    wave = prepared(project, path)
    if by_hand:
        (project / f"data/codebook/{YEAR}.yaml").write_text(wave.text, encoding="utf-8")
    said = "figure_4 draws the answers of outlook and leaves out closed_for_good, which is new: if it is to be drawn, "
    said += "add it, or a net that holds it, to the figure's `categories`"
    assert said in prepared(project, path).to_decide


def test_a_band_is_asked_after_where_chance_hardly_ever_empties_it_so():
    """As the documents say: five or more were to be expected, and fewer than a tenth of these are there."""
    assert (EXPECTED, PART) == (5, 0.1)
    expected = np.arange(EXPECTED, 500)
    assert poisson.cdf(np.ceil(PART * expected) - 1, expected).max() < 0.01


TICKS = ("Q25_1", "Q25_2", "Q25_3")
ONE_SET = (
    "q25_1, q25_2, q25_3: these look like the ticks of one question. If so, put it in their place: `kind: multiple`, "
    "`column: Q25`, and an answer for each, whose `code` is 1, 2, 3; and one entry in breaks_in_series in place of "
    "theirs"
)


def ticked(project, table, codebook, labels):
    """An SPSS file in which new columns of two codes each, with these labels, stand side by side without a set."""
    columns = {c: [str(list(labels)[(row + i) % 3 % 2]) for row in range(len(table))] for i, c in enumerate(TICKS)}
    texts = dict(zip(TICKS, ("Stairs", "A lift", "A ramp"), strict=True))
    known = {"changes": dict.fromkeys(TICKS, labels), "texts": texts, "numbers": {c: [] for c in TICKS}}
    return save(project, table.assign(**columns), "sav", codebook, **known)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({0: "No", 1: "Yes"}, True),
        ({0: "Unchecked", 1: "Checked"}, True),
        ({1: "Mentioned", 2: "Not mentioned"}, True),
        ({1: "Good", 2: "Bad"}, False),
        ({0: "None", 1: "Some", 2: "Many"}, False),
    ],
)
def test_new_ticks_without_a_set_are_said_to_look_like_one(project, table, small_codebook, labels, told):
    wave = prepared(project, ticked(project, table, small_codebook, labels))
    assert {c.lower() for c in TICKS} <= {q.id for q in wave.codebook.questions}
    assert (ONE_SET in wave.to_decide) == told
    assert any("look like the ticks" in sentence for sentence in wave.to_decide) == told


def test_ticks_are_joined_by_hand_as_the_command_says(project, table, small_codebook):
    path = ticked(project, table, small_codebook, {0: "No", 1: "Yes"})
    data = yaml.safe_load(prepared(project, path).text)
    answers = [{"id": f"way_{i}", "label": f"Way {i}", "code": i} for i in (1, 2, 3)]
    one = {"id": "q25", "text": "Which are there?", "label": "Ways", "column": "Q25", "kind": "multiple"}
    data["questions"] = [q for q in data["questions"] if q.get("column") not in TICKS] + [one | {"answers": answers}]
    data["breaks_in_series"] = [
        {"question": "q25", "change": "new", "date": "2021-03-01", "reason": "Not asked before"}
    ]
    (project / f"data/codebook/{YEAR}.yaml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    wave = prepared(project, path)
    assert not any("look like the ticks" in sentence for sentence in wave.to_decide)
    given = clean(wave.fieldwork, wave.codebook).respondents
    assert given["q25.way_1"].tolist() == [row % 3 % 2 for row in range(len(table))]


def test_what_was_written_of_a_question_in_other_words_is_named(project, table, small_codebook):
    path = save(project, table, "sav", small_codebook, texts={"S1": "Is there a shop or a stall in the house now?"})
    left = prepared(project, path).to_decide
    assert "shop is asked in other words: do those of figure_2, figure_3, finding_1 still fit?" in left


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_names_that_stand_below_a_title_are_found(project, table, small_codebook, format_):
    """To clear the cells to the right of a title would clear the names."""
    path = save(project, table, format_, small_codebook)
    if format_ == "csv":
        path.write_text("Events survey 2021\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    else:
        book = load_workbook(path)
        book.active.insert_rows(1, 2)
        book.active["A1"] = "Events survey 2021"
        book.active.merge_cells("A1:D1")
        book.save(path)
    assert refusal(project, path) == (
        f"export.{format_}, row 3: the names of the columns seem to stand here and not in row 1; delete the rows "
        "above; keep one row of names."
    )


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_rows_of_blanks_are_no_rows(project, table, small_codebook, format_):
    path = save(project, table, format_, small_codebook)
    blanks = [" \u00a0"] * len(table.columns)
    if format_ == "csv":
        path.write_text(path.read_text(encoding="utf-8") + ",".join(blanks) + "\n", encoding="utf-8")
    else:
        book = load_workbook(path)
        book.active.append(blanks)
        book.save(path)
    assert len(prepared(project, path).fieldwork.interviews) == len(table)


def test_two_long_texts_are_shown_from_where_they_differ():
    start = "Is social value considered for all the services that your organisation "
    before, after = new_wave_report._cut_alike(start + "procures?", start + "buys, or for some of them only, or none?")
    assert (before, after) == ("...organisation procures?", "...organisation buys, or for some of them...")
    assert new_wave_report._cut_alike("Short", "Other") == ("Short", "Other")
    assert new_wave_report._cut_alike("", "x" * 60) == ("", "x" * 41 + "...")
    assert new_wave_report._cut_alike("a" * 60, "b" * 60) == ("a" * 41 + "...", "b" * 41 + "...")


def delivered(project, path, **options):
    """Put a delivery where the command would write it, but for DVC."""
    ready = prepared(project, path)
    made = contents(ready, {INTERVIEWS: path}, params=project / "params.yaml", data=project / "data")
    for place, content in made.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def test_a_delivery_that_takes_another_ones_place_says_what_it_changes(project, table, small_codebook):
    path = save(project, table.assign(interview_id=[f"Q{n}" for n in range(len(table))]), "csv", small_codebook)
    delivered(project, path)
    assert replaced_by(project, path) == []
    other = table.assign(interview_id=[f"Q{n}" for n in range(len(table))]).drop(index=5)
    other.loc[1, "V1"] = {"Bleak": "Bright"}.get(other.loc[1, "V1"], "Bleak")
    (project / "later").mkdir()
    later = save(project / "later", other, "csv", small_codebook)
    assert "another delivery of 2021 stands there" in refusal(project, later)
    assert "another delivery of 2021 stands there" in refusal(project, later, check=True)
    (project / "data/published/2021").mkdir(parents=True)
    head, *files, released, _ = replaced_by(project, later)
    assert head == f"Replaces {(project / 'data/raw/2021').as_posix()}:" and "Numbers of 2021 are released" in released
    was, now = table.loc[1, "V1"], other.loc[1, "V1"]
    assert files[-1] == (
        f"  interviews.csv: {len(other)} rows stay, 1 goes; 1 cell changes (Q1 V1 from {was!r} to {now!r})"
    )


def test_a_raw_file_that_somebody_changed_or_wrote_is_not_lost_without_replace(project, table, small_codebook):
    path = save(project, table, "csv", small_codebook)
    delivered(project, path)
    frame = project / "data/raw/2021/frame.csv"
    frame.write_text(frame.read_text(encoding="utf-8").replace("\nC00001,", "\nC99999,"), encoding="utf-8")
    said = f"{frame.as_posix()}: it is not what the delivery gives; say --replace if this one takes its place."
    assert refusal(project, path) == said
    head, line, *_ = replaced_by(project, path)
    assert head.startswith("Replaces ") and line.startswith("  frame.csv: ")
    (project / "data/raw/2021/delivered/export.csv").unlink()
    assert refusal(project, path) == said


def test_raw_files_that_a_rehearsal_simulated_give_way(project, table, small_codebook):
    params = project / "params.yaml"
    delivered(project, save(project, table.iloc[::-1], "csv", small_codebook))
    (project / "data/raw/2021/delivered/export.csv").unlink()
    path = save(project, table, "csv", small_codebook)
    assert "it is not what the delivery gives" in refusal(project, path)
    simulated = set_values(params.read_text(encoding="utf-8"), {("waves", "rehearsal"): [YEAR]})
    params.write_text(simulated, encoding="utf-8")
    assert "this is no project of DVC" in refusal(project, path)


def test_files_of_an_earlier_delivery_go_by_name(project, table, small_codebook):
    delivered(project, save(project, table, "csv", small_codebook))
    later = save(project, table, "xlsx", small_codebook)
    assert "another delivery of 2021 stands there" in refusal(project, later)
    assert replaced_by(project, later)[1] == "  delivered/export.csv: goes"


def test_what_a_file_manager_leaves_in_a_folder_is_in_nobodys_way(project, table, small_codebook):
    files = {INTERVIEWS: save(project, table, "csv", small_codebook)}
    (project / "data/raw/2021").mkdir(parents=True)
    (project / "data/raw/2021/.DS_Store").write_bytes(b"Bud1")
    where = {"data": project / "data"}
    check_places(places(YEAR, files, params=project / "params.yaml", **where), YEAR, **where)


@pytest.mark.parametrize("place", ["raw/2021/notes.docx", "raw/2021/delivered/notes.txt", "respondents/2021/mine.csv"])
def test_a_file_that_somebody_put_in_a_folder_of_the_wave_is_never_lost(project, table, small_codebook, place):
    path = save(project, table, "csv", small_codebook)
    delivered(project, path)
    (project / "data" / place).write_text("Do not lose me", encoding="utf-8")
    said = "this file is no part of the wave, and its folder is to hold nothing else; move it away."
    for options in ({}, {"replace": True}, {"check": True}):
        assert refusal(project, path, **options) == f"{(project / 'data' / place).as_posix()}: {said}"


WAVE_FILES = [
    *("params.yaml", "data/codebook/2021.yaml", "data/methodology/2021.yaml", "data/respondents/2021/bounds.csv"),
    *(f"data/raw/2021/{name}" for name in ("interviews.csv", "delivered/export.csv")),
]


def test_the_places_of_a_wave_are_those_of_its_contents(project, table, small_codebook):
    path = save(project, table, "csv", small_codebook)
    options = {"params": project / "params.yaml", "data": project / "data"}
    there = places(YEAR, {INTERVIEWS: path}, **options)
    assert set(contents(prepared(project, path), {INTERVIEWS: path}, **options)) == set(there)
    assert {project / name for name in WAVE_FILES} <= set(there)


@pytest.mark.parametrize("name", [*WAVE_FILES, "data/raw/2021.dvc", "data/respondents/2021.dvc"])
def test_a_folder_in_place_of_a_file_is_refused(project, table, small_codebook, name):
    path = save(project, table, "csv", small_codebook)
    (project / name).unlink(missing_ok=True)
    (project / name).mkdir(parents=True)
    said = f"{(project / name).as_posix()}: a folder stands where this file is to be written; move it away."
    assert refusal(project, path) == said


@pytest.mark.parametrize("link", [False, True], ids=["file", "link to nothing"])
@pytest.mark.parametrize("name", ["raw", "raw/2021", "raw/2021/delivered", "respondents/2021", "methodology"])
def test_a_file_in_place_of_a_folder_is_refused(project, table, small_codebook, name, link):
    path, place = save(project, table, "csv", small_codebook), project / "data" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    if link:
        place.symlink_to(project / "nowhere")
    else:
        place.write_text("", encoding="utf-8")
    said = f"{place.as_posix()}: this is no folder, and files are to be written in it; move it away."
    assert refusal(project, path) == said


def replaced_by(project, path):
    ready = prepared(project, path)
    options = {"params": project / "params.yaml", "data": project / "data"}
    return replaced(ready, contents(ready, {INTERVIEWS: path}, **options), data=project / "data", replace=True)


def test_cells_with_semicolons_between_them_are_refused_and_the_page_asks_for_commas(project, table, small_codebook):
    path = save(project, table, "csv", small_codebook)
    path.write_text(path.read_text(encoding="utf-8-sig").replace(",", ";"), encoding="utf-8")
    assert "row 1: cells are not separated by commas" in refusal(project, path)
    page = (ROOT / "docs/new_wave.md").read_text(encoding="utf-8")
    assert "CSV (in UTF-8, with commas between the cells)" in " ".join(page.split())


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("ab", "aB", "1 row stays, 1 goes, 1 comes; 0 cells change"),
        ("a", "a", "1 row stays; 0 cells change"),
        ("abc", "c", "1 row stays, 2 go; 0 cells change"),
        ("a", "b", "0 rows stay, 1 goes, 1 comes; 0 cells change"),
    ],
)
def test_what_a_delivery_changes_is_counted_in_words(was, now, said):
    was, now = (pd.DataFrame({"contact_id": list(ids)}) for ids in (was, now))
    assert new_wave_report.changes_text(was, now) == said


def test_a_corrected_delivery_names_no_contact():
    was = pd.DataFrame({"contact_id": ["C1", "C2"], "email": ["a@example.org", ""], "size": ["4", "5"]})
    now = was.assign(email=["b@example.org", "c@example.org"], size=["4", "see d@example.org"])
    assert new_wave_report.changes_text(was, now) == (
        "2 rows stay; 3 cells change (C1 email; C2 email; C2 size from '5' to 'see [contact detail]')"
    )


def test_what_is_still_to_be_written_is_said_until_it_is(project, table, small_codebook):
    ready = prepared(project, save(project, table, "csv", small_codebook))
    path = project / f"data/methodology/{YEAR}.yaml"
    said = f"{path.as_posix()}: say who asked whom, how and when; the edition waits for it"
    assert list(still_to_say(ready, data=project / "data")) == [said]
    say_how(project, YEAR)
    assert list(still_to_say(ready, data=project / "data")) == []
    reworded = ready.codebook.question("outlook").model_copy(update={"text": "And now?"})
    others = (reworded if q.id == "outlook" else q for q in ready.codebook.questions)
    book = ready.codebook.model_copy(update={"questions": tuple(others)})
    [missing] = still_to_say(ready._replace(codebook=book), data=project / "data")
    assert "question outlook: text was" in missing and "write under breaks_in_series" in missing


def test_a_codebook_that_somebody_wrote_is_what_an_export_is_held_against(project, table, small_codebook):
    path = save(project, table, "sav", small_codebook)
    own = project / f"data/codebook/{YEAR}.yaml"
    text = prepared(project, path).text
    own.write_text(text.replace('label: "No, but planned"', 'label: "Soon"'), encoding="utf-8")
    assert f"{own} has no such answer to shop; found 'No, but planned (2)'" in refusal(project, path)
    spelled = text.replace(
        'label: "No, but planned", code: 2, spellings: [', 'label: Soon, code: 2, spellings: ["No, but planned", '
    )
    judged = {"question": "shop", "change": "reworded", "comparable": True, "date": "2021-01-01", "reason": "Said so"}
    own.write_text(spelled + f"breaks_in_series: [{json.dumps(judged)}]  # decided\n", encoding="utf-8")
    wave = prepared(project, path)
    assert wave.text == own.read_text(encoding="utf-8")
    changed = wave.differences[wave.differences["kind"].ne("same")]
    assert changed["kind"].tolist() == ["relabelled"]


def test_outside_a_project_of_dvc_nothing_is_written(project, table, small_codebook):
    assert "this is no project of DVC" in refusal(project, save(project, table, "csv", small_codebook))


def test_ticks_are_read_by_their_labels(project, table, small_codebook):
    path = project / "export.sav"
    twos = table.assign(**{c: table[c].replace("0", "2") for c in ("E1_1", "E1_2")})
    made.as_sav(path, twos, small_codebook, changes={c: {1: "Yes", 2: "No"} for c in ("E1_1", "E1_2")}, sets=False)
    wave = prepared(project, path)
    expected = clean(prepared(project, save(project, table, "csv", small_codebook)).fieldwork, small_codebook)
    pd.testing.assert_frame_equal(clean(wave.fieldwork, wave.codebook).respondents, expected.respondents)


def test_what_labels_and_missing_values_of_the_file_leave_open_is_shown(project, table, small_codebook):
    gone = table.assign(V1=table["V1"].replace("Bleak", "Steady"))
    path = save(project, gone, "sav", small_codebook, changes={"V1": {1: "Bright", 2: "Steady", 98: "Don't know"}})
    assert (
        "outlook: the file's labels do not have the answer bleak: was it dropped?" in prepared(project, path).to_decide
    )
    path = save(project, table, "sav", small_codebook)
    relabel(path, "V1", {1: "Bright", 2: "Steady", 3: "Bleak", 98: "Don't know"}, missing=[3, 98])
    said = "outlook.bleak: the file declares it to be a missing value, and the codebook does not"
    assert said in prepared(project, path).to_decide


def test_the_agencys_own_names_of_id_and_day_can_be_said(project, table, small_codebook):
    alone = prepared(project, save(project, table, "csv", small_codebook))
    other = table.rename(columns={"organisation": "OrgID", "completed_on": "Date"})
    path = save(project, other, "csv", small_codebook)
    assert "column Date: a date where none can stand" in refusal(project, path)
    said = refusal(project, path, same=["Date=completed_on"])
    assert said.endswith("say --same COLUMN=organisation if it has another name.")
    wave = prepared(project, path, same={"OrgID": "organisation", "date": "completed_on"})
    pd.testing.assert_frame_equal(wave.fieldwork.interviews, alone.fieldwork.interviews)
    both = save(project, other.assign(organisation=other["OrgID"]), "csv", small_codebook)
    said = refusal(project, both, same=["OrgID=organisation", "Date = completed_on"])
    assert "column organisation: no question has this column" in said
    said = refusal(project, both, same=["OrgID=organisation", "organisation=organisation", "Date=completed_on"])
    assert said.startswith(f"{both.name}, row 1: two columns are organisation; found 'OrgID; organisation'; leave one")
    # What is said of a column goes before its name: here it holds what the organisation is called.
    names = other.assign(organisation=[f"House {n}" for n in range(len(other))])
    same = {"OrgID": "organisation", "organisation": "organisation_name", "Date": "completed_on"}
    wave = prepared(project, save(project, names, "csv", small_codebook), same=same)
    assert wave.fieldwork.frame["organisation_name"].str.startswith("House ").all()
    assert wave.fieldwork.interviews["organisation"].tolist() == alone.fieldwork.interviews["organisation"].tolist()


def test_a_column_that_is_left_over_since_its_question_was_given_another_is_named_so(project, table, small_codebook):
    own = project / f"data/codebook/{YEAR}.yaml"
    path = save(project, table, "csv", small_codebook)
    own.write_text(prepared(project, path).text, encoding="utf-8")
    [outlook] = small_codebook.question("outlook").export_columns
    save(project, table.assign(Other=table[outlook]), "csv", small_codebook)
    assert refusal(project, path, same=["Other=outlook"]) == (
        f"export.csv, row 1, column {outlook}: {own} has this column for outlook, for which --same gives another; "
        "change one of the two."
    )


def test_a_column_that_a_written_codebook_has_no_question_for_is_refused(project, table, small_codebook):
    """In a draft it would be a new question; somebody wrote this one, and may have forgotten it."""
    own = project / f"data/codebook/{YEAR}.yaml"
    own.write_text(prepared(project, save(project, table, "csv", small_codebook)).text, encoding="utf-8")
    path = save(project, table.assign(X=["Red", "Blue"] * (len(table) // 2)), "csv", small_codebook)
    assert refusal(project, path) == (
        f"export.csv, row 1, column X: {own} has no question with this column; change one of the two."
    )
    assert "X" not in prepared(project, path, leave_out=("X",)).fieldwork.interviews


def test_another_column_of_a_question_goes_with_a_codebook_that_stands_there(project, table, small_codebook):
    """The way after a dropped question: the codebook is written by hand, and names the column of the year before."""
    text = prepared(project, save(project, table, "csv", small_codebook)).text
    (project / f"data/codebook/{YEAR}.yaml").write_text(text, encoding="utf-8")
    path = save(project, table.rename(columns={"V1": "View", "Type": "Kind of house"}), "csv", small_codebook)
    wave = prepared(project, path, same={"View": "outlook", "Kind of house": "kind"})
    assert {"V1", "Type"} <= set(wave.fieldwork.interviews) | set(wave.fieldwork.frame)
    assert wave.fieldwork.interviews["V1"].tolist() == table["V1"].tolist()


def test_a_wave_that_was_rehearsed_keeps_nothing_of_it(project, table, small_codebook):
    """Neither the title, the source nor the methodology of a rehearsal is said of the interviews."""
    path = save(project, table, "csv", small_codebook)
    text = prepared(project, path).text.replace("kind: fieldwork", "kind: rehearsal")
    text = re.sub(r"(?m)^title: .*$", f"title: Made up, {YEAR} (REHEARSAL)", text)
    text = re.sub(r"(?m)^source: .*$", "source: Simulated, nobody was asked", text)
    (project / f"data/codebook/{YEAR}.yaml").write_text(text, encoding="utf-8")
    facts = project / f"data/methodology/{YEAR}.yaml"
    facts.parent.mkdir(exist_ok=True)
    facts.write_text("sponsor: Nobody. The wave is simulated\n", encoding="utf-8")
    ready = prepared(project, path)
    assert (ready.codebook.kind, ready.codebook.title) == ("fieldwork", f"Made up, {YEAR}")
    assert ready.codebook.source == f"Fieldwork of {YEAR}"
    made = contents(ready, {INTERVIEWS: path}, params=project / "params.yaml", data=project / "data")
    assert made[facts] == blank_facts(YEAR).encode()
    with pytest.raises(InputProblem, match="title: it says REHEARSAL, and kind is fieldwork"):
        codebook_of(text.replace("kind: rehearsal", "kind: fieldwork"), "x.yaml")


def of_a_report(text):
    """A codebook's text as that of a wave rebuilt from a printed report, of which a note and a finding speak."""
    text = re.sub(r"(?m)^kind: .*$", "kind: reconstruction\nrespondents: 60", text)
    text = text.replace("title: Events, kind", "title: Events, note: As the report prints them, kind")
    return text.replace('text: "Museums have one', 'ranged: "It leaves {share}.", text: "Museums have one')


LEFT = [
    "`note` of figure_1: written of the reconstruction of {}; reword them or take them out",
    "`text`, `ranged` or `unsettled` of finding_1: sentences that speak of the report of {}; reword them or take them "
    "out",
]


def test_what_speaks_of_the_report_of_the_wave_before_is_left_to_a_person(project, table, small_codebook):
    path = save(project, table, "csv", small_codebook)
    first = project / f"data/codebook/{FIRST}.yaml"
    text = first.read_text(encoding="utf-8")
    assert not any("finding" in sentence for sentence in prepared(project, path).to_decide)
    first.write_text(of_a_report(text), encoding="utf-8")
    said = prepared(project, path)
    assert [sentence.format(FIRST) in said.to_decide for sentence in LEFT] == [True, True]
    first.write_text(of_a_report(text).replace("It leaves {share}.", ""), encoding="utf-8")
    said = prepared(project, path)
    assert [sentence.format(FIRST) in said.to_decide for sentence in LEFT] == [True, False]
    # The codebook of the wave stands there, reworded.
    book = project / f"data/codebook/{YEAR}.yaml"
    book.write_text(said.text.replace("As the report prints them", "In order"), encoding="utf-8")
    assert not any(sentence.startswith("`") for sentence in prepared(project, path).to_decide)


def test_what_speaks_of_the_report_that_a_wave_was_rebuilt_from_is_left_to_a_person(project, table, small_codebook):
    """Its own interviews replace it, and there may be no wave before."""
    path = save(project, table, "csv", small_codebook)
    text = of_a_report(prepared(project, path).text)
    (project / f"data/codebook/{FIRST}.yaml").unlink()
    (project / f"data/codebook/{YEAR}.yaml").write_text(text, encoding="utf-8")
    ready = prepared(project, path)
    assert ready.before is None and ready.codebook.kind == "fieldwork"
    assert [sentence.format(YEAR) in ready.to_decide for sentence in LEFT] == [True, True]


def test_last_years_delivery_is_noticed(project, table, small_codebook):
    day = table["completed_on"].iloc[0]
    path = save(project, table.assign(completed_on=day.replace(str(YEAR), str(YEAR - 1))), "csv", small_codebook)
    assert f"column completed_on: no interview is of {YEAR}; found '{YEAR - 1}-" in refusal(project, path)
    days = [day.replace(str(YEAR), str(YEAR - 1)), *table["completed_on"].iloc[1:]]
    wave = prepared(project, save(project, table.assign(completed_on=days), "csv", small_codebook))
    assert any(s.startswith(f"1 of {len(table)} interviews are not of {YEAR}") for s in wave.to_decide)
    first = project / "data/clean/2020/respondents.csv"
    first.parent.mkdir(parents=True)
    write_table(first, clean(wave.fieldwork, wave.codebook).respondents)
    again = prepared(project, save(project, table, "csv", small_codebook))
    assert any("every one as then: is it that wave's delivery?" in sentence for sentence in again.to_decide)
    other = save(project, table.assign(V1=table["V1"].sample(frac=1, random_state=1).to_numpy()), "csv", small_codebook)
    assert not any("every one as then" in sentence for sentence in prepared(project, other).to_decide)


def test_a_day_under_another_name_may_be_a_date_of_the_workbook(project, table, small_codebook):
    path = save(project, table, "xlsx", small_codebook)
    book = load_workbook(path)
    header = next(cell for cell in book.active[1] if cell.value == "completed_on")
    header.value = "Date"
    book.save(path)
    assert "a date where none can stand" in refusal(project, path)
    wave = prepared(project, path, same={"Date": "completed_on"})
    assert wave.fieldwork.interviews["completed_on"].tolist() == table["completed_on"].tolist()


def test_personal_columns_under_another_name_are_not_shown(project, table, small_codebook):
    path = save(project, table.assign(Mail="a@example.org\x07"), "csv", small_codebook)
    assert "a@example.org" not in refusal(project, path, same=["Mail=email"])


def test_all_unknown_spellings_of_a_question_are_told_at_once(project, table, small_codebook):
    odd = table.assign(V1=["Do not know", "-", *table["V1"].iloc[2:]])
    said = refusal(project, save(project, odd, "csv", small_codebook))
    assert "row 2, column V1: no answer of outlook is called so, nor '-'; found 'Do not know'; allowed: " in said


def test_the_lock_file_of_an_open_workbook_is_called_that(project, table, small_codebook):
    path = project / "~$export.xlsx"
    path.write_bytes(b"\x05Somebody")
    assert refusal(project, path).endswith("is what Excel leaves beside a workbook that is open; name the workbook.")


def test_all_questions_that_are_missing_are_told_at_once(project, table, small_codebook):
    said = refusal(project, save(project, table.drop(columns=["V1", "E1_3"]), "csv", small_codebook))
    assert "is missing: no such column; nor are there columns of " in said
    assert "outlook" in said and "events" in said


def test_a_dont_know_of_a_new_question_is_asked_after(project, table, small_codebook):
    new = table.assign(Q9=["Yes", "No", "Don't know"] * (len(table) // 3))
    wave = prepared(project, save(project, new, "csv", small_codebook))
    assert any("is it `missing: dont_know`, as in other questions?" in sentence for sentence in wave.to_decide)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_that_may_not_be_read_is_not_called_broken(project, table, small_codebook, format_, monkeypatch):
    path, opened = save(project, table, format_, small_codebook), Path.open

    def refuse(self, *args, **options):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputProblem) as caught:
        prepared(project, path)
    assert str(caught.value) == f"{path}: the file cannot be read (Permission denied)."


def test_a_disk_that_fails_is_not_called_a_broken_workbook(project, table, small_codebook, monkeypatch):
    path = save(project, table, "xlsx", small_codebook)

    def fail(*args, **options):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(zipfile.ZipFile, "open", fail)
    with pytest.raises(InputProblem) as caught:
        prepared(project, path)
    assert str(caught.value) == "export.xlsx: the file cannot be read (Input/output error)."
