"""Cells to answers: labels, codes, spellings, ticks and own words."""

import pandas as pd
import pytest

from pipeline.problems import InputProblem
from pipeline.raw import INTERVIEWS, raw_columns
from pipeline.responses import code_texts, read_answers, read_labels


@pytest.fixture
def interviews(small_codebook):
    """A function that makes raw interview rows: empty cells but for what is given, on lines 2, 3, ..."""

    def make(*rows):
        about = {"organisation": "LIB-001", "contact_id": "C1", "completed_on": "2020-03-04", "status": "complete"}
        cells = [{"interview_id": f"I{i}"} | about | row for i, row in enumerate(rows)]
        table = pd.DataFrame(cells, columns=raw_columns(small_codebook)[INTERVIEWS], dtype="str").fillna("")
        return table.set_axis(range(2, 2 + len(rows)))

    return make


@pytest.mark.parametrize("cell", ["Don't know", "Don\u2019t know", "DON'T KNOW", "98", "98.0", "DK", "dont_know"])
def test_an_answer_is_known_in_every_spelling(small_codebook, interviews, cell):
    answers, _ = read_answers(interviews({"S1": cell}), small_codebook)
    assert answers["shop"].tolist() == ["dont_know"]


def test_only_what_is_not_the_codebooks_own_way_to_write_it_is_logged(small_codebook, interviews):
    _, log = read_answers(
        interviews({"S1": "Yes"}, {"S1": "1"}, {"S1": "yes"}, {"S1": "YES"}, {"S1": ""}), small_codebook
    )
    assert log.to_numpy().tolist() == [["interviews.csv", 5, "S1", "YES", "yes", "other spelling of an answer"]]


@pytest.mark.parametrize(
    ("cell", "tick"),
    [("1", 1), ("0", 0), ("Yes", 1), ("no", 0), ("X", 1), ("x", 1), ("1.0", 1), ("Crafts", 1), ("2", 1), ("", None)],
)
def test_ticks_come_in_every_sign(small_codebook, interviews, cell, tick):
    answers, log = read_answers(interviews({"E1_2": cell}), small_codebook)
    assert answers["events.crafts"].fillna(-1).tolist() == [-1 if tick is None else tick]
    assert len(log) == (cell not in ("1", "0", ""))


def test_the_word_none_is_no_answers_own_way_to_be_written_for_want_of_a_code(small_codebook, interviews):
    shop = small_codebook.question("shop")
    yes, *others = shop.answers
    spelled = yes.model_copy(update={"code": None, "spellings": ("None",)})
    reworded = shop.model_copy(update={"answers": (spelled, *others)})
    cells = interviews({"S1": "None"})["S1"]
    answers, log = read_labels(cells, reworded, INTERVIEWS)
    assert answers.tolist() == ["yes"]
    assert log.to_numpy().tolist() == [["interviews.csv", 2, "S1", "None", "yes", "other spelling of an answer"]]


SHOPS = "allowed: Yes (1); No, but planned (2); No (3); Don't know (98); Refused (99)."


@pytest.mark.parametrize(
    ("column", "cell", "sentence"),
    [
        ("S1", "Maybe", f"the codebook knows no such answer; found 'Maybe'; {SHOPS}"),
        ("S1", "ask jane@example.org", f"the codebook knows no such answer; found 'ask [contact detail]'; {SHOPS}"),
        (
            "E1_2",
            "3",
            "the codebook knows no such answer; found '3'; allowed: 1; 0; Yes; No; X; an empty cell; Crafts.",
        ),
        ("status", "done", "not a status of an interview; found 'done'; allowed: complete, partial."),
        ("completed_on", "04/03/2020", "not a date; found '04/03/2020'; allowed: YYYY-MM-DD."),
    ],
)
def test_a_cell_that_the_codebook_does_not_know_is_refused(small_codebook, interviews, column, cell, sentence):
    with pytest.raises(InputProblem) as problem:
        read_answers(interviews({}, {column: cell}), small_codebook)
    assert str(problem.value) == f"interviews.csv, row 3, column {column}: {sentence}"


def coded(codebook, table):
    answers, _ = read_answers(table, codebook)
    return code_texts(answers, codebook)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Our roof leaks", ["building"]),
        ("OUR ROOF LEAKS!", ["building"]),
        ("Our roof leaks; the budget shrinks each year.", ["money", "building"]),
        ("short of volunteers and also our roof leaks", ["staff", "building"]),
        ("Short of volunteers. Short of volunteers", ["staff"]),
        ("", []),
    ],
)
def test_own_words_are_coded_by_phrase(small_codebook, interviews, text, codes):
    table, uncoded, log = coded(small_codebook, interviews({"V2": text}))
    given = [
        c.removeprefix("comment.") for c in table if c.startswith("comment.") and table[c].eq(1).fillna(False).all()
    ]
    assert given == codes
    assert uncoded.empty
    assert log["rule"].tolist() == (["own words coded by phrase"] if text else [])


@pytest.mark.parametrize(
    ("text", "coded_to"),
    [("We sell cakes", ""), ("Our roof leaks when it rains", "building"), ("our roof", ""), ("...", "")],
)
def test_words_that_no_phrase_covers_are_kept_for_a_person(small_codebook, interviews, text, coded_to):
    table, uncoded, log = coded(small_codebook, interviews({}, {"V2": text}))
    assert uncoded.to_dict("records") == [
        {
            "organisation": "LIB-001",
            "file": "interviews.csv",
            "row": 3,
            "column": "V2",
            "text": text,
            "coded_to": coded_to,
        }
    ]
    assert log[["row", "before", "after"]].to_numpy().tolist() == [[3, text, coded_to]]
    assert table["comment.building"].fillna(-1).tolist() == [-1, int(coded_to == "building")]


def test_words_to_both_sides_of_a_phrase_do_not_make_another(small_codebook, interviews):
    _, uncoded, _ = coded(small_codebook, interviews({"V2": "our short of volunteers roof leaks"}))
    assert uncoded["coded_to"].tolist() == ["staff"]


def test_a_phrase_within_another_answers_phrase_is_a_fault_of_the_codebook(small_codebook, interviews):
    comment = small_codebook.question("comment")
    staff, *others = comment.answers
    reworded = comment.model_copy(update={"answers": (staff.model_copy(update={"phrases": ("roof leaks",)}), *others)})
    questions = tuple(reworded if q.id == "comment" else q for q in small_codebook.questions)
    with pytest.raises(InputProblem, match="phrase 'roof leaks' of comment is part of another answer's"):
        coded(small_codebook.model_copy(update={"questions": questions}), interviews({"V2": "Our roof leaks"}))
