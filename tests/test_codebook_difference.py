"""What differs between two codebooks is found, named and never overlooked."""

import copy
from datetime import date

import pytest
import yaml
from conftest import HERE, ROOT
from hypothesis import given, settings
from made_surveys import codebooks

from pipeline.codebook import Codebook, SeriesBreak, load_codebook
from pipeline.codebook import Test as Answered
from pipeline.codebook_difference import BREAKING, GONE, KINDS, condition_text, differences, entries_for, meaning
from pipeline.harmonise import register
from pipeline.problems import InputProblem

# Without what is made of the questionnaire, which would not allow every change to it.
SMALL = yaml.safe_load((HERE / "small_codebook.yaml").read_text(encoding="utf-8")) | {
    "figures": [],
    "findings": [],
    "chapters": [],
}


def changed(change):
    """What `differences` shows that is not the same, once `change` has been made to the small codebook."""
    data = copy.deepcopy(SMALL)
    change({q["id"]: q for q in data["questions"]}, data)
    table = differences(Codebook.model_validate(SMALL), Codebook.model_validate(data))
    return [tuple(row) for row in table[table["kind"].ne("same")].itertuples(index=False)]


def answer(question, answer_id):
    return next(a for a in question["answers"] if a["id"] == answer_id)


def test_a_codebook_is_the_same_as_itself(small_codebook):
    table = differences(small_codebook, small_codebook)
    assert list(table["question"]) == [q.id for q in small_codebook.questions]
    assert set(table["kind"]) == {"same"}


def shop_text(questions, data):
    questions["shop"]["text"] = "Is there a shop or a stall?"


def shop_label(questions, data):
    answer(questions["shop"], "planned")["label"] = "Not yet"


def shop_codes(questions, data):
    answer(questions["shop"], "yes")["code"], answer(questions["shop"], "planned")["code"] = 2, 1


def scale_band(questions, data):
    answer(questions["scale"], "lib_few")["band"]["below"] = 30000
    answer(questions["scale"], "lib_many")["band"]["at_least"] = 30000


def profit_routing(questions, data):
    questions["profit"]["asked_if"] = {"shop": ["yes"]}


def events_limit(questions, data):
    questions["events"]["max_answers"] = 3


def events_answers(questions, data):
    questions["events"]["answers"][1] = {"id": "films", "label": "Films", "code": 5}


def events_other_id(questions, data):
    questions["events"]["answers"][1]["id"] = "handicraft"


def comment_order(questions, data):
    questions["comment"]["answers"].reverse()


def comment_net(questions, data):
    questions["comment"]["nets"][0]["answers"] = ["staff", "building"]


def profit_renamed(questions, data):
    questions["profit"]["id"] = "book_profit"


def profit_new(questions, data):
    questions["profit"] |= {"id": "loss", "text": "Has it lost?", "label": "Losses", "column": "S4"}


def comment_column(questions, data):
    questions["comment"]["column"] = "V9"


CASES = {
    "text": (
        shop_text,
        [("shop", "", "text", "Is there a shop?", "Is there a shop or a stall?", "relabelled")],
    ),
    "label": (shop_label, [("shop", "planned", "answer label", "No, but planned", "Not yet", "relabelled")]),
    "codes": (
        shop_codes,
        [("shop", "yes", "code", "1", "2", "recoded"), ("shop", "planned", "code", "2", "1", "recoded")],
    ),
    "band": (
        scale_band,
        [
            ("scale", "lib_few", "band", "lib, 1 to under 20000", "lib, 1 to under 30000", "recoded"),
            ("scale", "lib_many", "band", "lib, 20000 and over", "lib, 30000 and over", "recoded"),
        ],
    ),
    "routing": (
        profit_routing,
        [("profit", "", "asked if", "goods: all of books; goods: none of toys", "shop: any of yes", "recoded")],
    ),
    "limit": (events_limit, [("events", "", "most answers", "2", "3", "recoded")]),
    "answers": (
        events_answers,
        [("events", "films", "answer", "", "Films", "new"), ("events", "crafts", "answer", "Crafts", "", "gone")],
    ),
    "answer under another id": (
        events_other_id,
        [("events", "handicraft", "answer", "crafts", "handicraft", "unsure")],
    ),
    "order": (
        comment_order,
        [
            (
                *("comment", "", "order of answers"),
                *("staff, money, building", "building, money, staff", "recoded"),
            )
        ],
    ),
    "net": (
        comment_net,
        [("comment", "means", "answers of a net", "money, staff", "building, staff", "recoded")],
    ),
    "question under another id": (
        profit_renamed,
        [("book_profit", "", "question", "profit", "book_profit", "unsure")],
    ),
    "question": (
        profit_new,
        [
            ("loss", "", "question", "", "Has it lost?", "new"),
            ("profit", "", "question", "Do the books make a profit?", "", "gone"),
        ],
    ),
    "column": (comment_column, [("comment", "", "column", "V2", "V9", "recoded")]),
}


@pytest.mark.parametrize("case", CASES)
def test_every_difference_is_named(case):
    change, expected = CASES[case]
    assert changed(change) == expected


@pytest.mark.parametrize("case", CASES)
def test_what_a_draft_enters_is_what_the_register_of_breaks_asks_for(case):
    data = copy.deepcopy(SMALL)
    CASES[case][0]({q["id"]: q for q in data["questions"]}, data)
    before, after = Codebook.model_validate(SMALL), Codebook.model_validate(data | {"wave": 2021})
    entries = entries_for(differences(before, after), after, date(2021, 3, 1))
    drafted = Codebook.model_validate(data | {"wave": 2021, "breaks_in_series": entries})
    assert len(register({2020: before, 2021: drafted})) == len(entries)


@pytest.mark.parametrize("case", CASES)
def test_what_the_register_says_to_write_is_all_that_it_asks_for(case):
    """Pasted once as it stands, with a date and a reason."""
    data = copy.deepcopy(SMALL)
    CASES[case][0]({q["id"]: q for q in data["questions"]}, data)
    before, after = Codebook.model_validate(SMALL), Codebook.model_validate(data | {"wave": 2021})
    if not entries_for(differences(before, after), after, ""):
        return
    with pytest.raises(InputProblem) as stopped:
        register({2020: before, 2021: after})
    said = str(stopped.value).split("where no answer moves: ")[1].removesuffix(".")
    entries = yaml.safe_load(f"[{said.replace('; ', ', ').replace('YEAR-MONTH-DAY', '2021-03-01')}]")
    assert all(entry["comparable"] is False for entry in entries)
    pasted = Codebook.model_validate(data | {"wave": 2021, "breaks_in_series": entries})
    assert len(register({2020: before, 2021: pasted})) == len(entries)


def test_one_more_answer_is_another_question_where_only_one_may_be_given():
    """Whoever would choose it had to choose another before; with several answers the others stay what they were."""
    data = copy.deepcopy(SMALL)
    questions = {q["id"]: q for q in data["questions"]}
    for name in ("outlook", "events"):
        questions[name]["answers"].insert(0, {"id": "brand_new", "label": "Brand new", "code": 77})
    before, after = Codebook.model_validate(SMALL), Codebook.model_validate(data | {"wave": 2021})
    entries = {e["question"]: e for e in entries_for(differences(before, after), after, "2021-03-01")}
    assert "answers" not in entries["outlook"] and entries["events"]["answers"] == ["brand_new"]


def test_bands_that_are_redrawn_leave_the_others_as_they_were(codebook_2014):
    """The small and the middle councils have other limits; nobody chose a band, so the large ones go on."""
    codebook_2015 = load_codebook(ROOT / "data/codebook/2015.yaml")
    [entry] = [
        e
        for e in entries_for(differences(codebook_2014, codebook_2015), codebook_2015, "2015-01-12")
        if e["question"] == codebook_2015.size_band
    ]
    assert entry["change"] == "bands"
    assert {"la_under_100k", "la_100k_300k"} <= set(entry["answers"]) and "la_over_300k" not in entry["answers"]


def test_what_can_break_a_series_has_the_change_that_the_register_calls_it():
    assert {*BREAKING.values(), GONE} == set(SeriesBreak.model_fields["change"].annotation.__args__)
    found = {row[2] for change, _ in CASES.values() for row in changed(change)}
    assert found - set(BREAKING) == {"column"}


@settings(max_examples=30, deadline=None, derandomize=True)
@given(codebooks(respondents=5), codebooks(respondents=5))
def test_any_two_codebooks_can_be_compared_and_only_equal_ones_are_the_same(one, other):
    table = differences(one, other)
    assert set(table["kind"]) <= set(KINDS) and not table.isna().any(axis=None)
    # A question is gone, changed or new; or the same, field for field, but for spellings that only read exports.
    same = set(table.loc[table["kind"].eq("same"), "question"])
    assert same == {q.id for q in one.questions if q in other.questions}
    assert {q.id for q in other.questions} <= set(table["question"])


def test_a_condition_on_everyone_is_no_text():
    assert condition_text({}) == ""


def test_conditions_mean_the_same_in_any_order_and_by_how_they_select():
    def of(**where):
        return meaning({question: Answered(**test) for question, test in where.items()})

    assert of(a={"any": ["x", "y"]}, b={"none": ["z"]}) == of(b={"none": ["z"]}, a={"any": ["y", "x"]}, c={})
    assert of(a={"any": ["x", "y"]}) != of(a={"all": ["x", "y"]})
    assert of(a={"any": ["x"]}) != of(a={"any": ["x", "y"]})
