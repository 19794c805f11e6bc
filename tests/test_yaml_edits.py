"""Edits of YAML change what they are asked to and no other character."""

import pytest
import yaml
from conftest import HERE, ROOT

from pipeline.problems import InputProblem
from pipeline.yaml_edits import add_items, flow, node_at, set_values, without_key

TEXT = """# A comment
wave: 2020  # the year
title: >-
  A title in
  two lines

questions:
  - id: one   # first
    answers: [{id: a, label: "A, or b"}, {id: b, label: B}]

  - id: two
    answers:
      - {id: "yes", label: 'Yes'}  # of course
      - id: no_
        label: No

# Between
respondents: 200
last: [1,
  2]
"""


def test_a_value_is_replaced_where_it_stands():
    text = set_values(TEXT, {("wave",): 2021, ("title",): "New", ("questions", 1, "answers", 0, "label"): "Yes: now"})
    assert text == TEXT.replace("2020", "2021").replace(">-\n  A title in\n  two lines", "New").replace(
        "'Yes'", "'Yes: now'"
    )


def test_lists_and_mappings_are_replaced_whole():
    text = set_values(TEXT, {("last",): [1, 2, 3], ("questions", 1, "answers", 1): {"id": "no_", "label": "Nay"}})
    assert text == TEXT.replace("[1,\n  2]", "[1, 2, 3]").replace(
        "id: no_\n        label: No\n", "{id: no_, label: Nay}\n"
    )


def test_items_come_after_the_last_one_and_before_what_follows():
    text = add_items(TEXT, ("questions", 1, "answers"), ["- {id: c, label: C}"])
    assert text == TEXT.replace("label: No\n", "label: No\n      - {id: c, label: C}\n")
    text = add_items(TEXT, ("questions",), ["\n- id: three\n  answers: []"])
    assert text == TEXT.replace("label: No\n", "label: No\n\n  - id: three\n    answers: []\n")


def test_a_key_goes_with_what_is_under_it():
    assert without_key(TEXT, "respondents") == TEXT.replace("respondents: 200\n", "")
    assert yaml.safe_load(without_key(TEXT, "questions")).keys() == {"wave", "title", "respondents", "last"}
    assert without_key(TEXT, "absent") == TEXT


@pytest.mark.parametrize("text", ["a: 1\nlist:\n- x\n# in between\n- y\nb: 2\n", "a: 1\nb: 2\nlist:\n- x\n- y"])
def test_a_list_goes_whole_whatever_stands_in_it_or_follows(text):
    assert yaml.safe_load(without_key(text, "list")) == {"a": 1, "b": 2}
    assert without_key("a: 1\nlist: []", "list") == "a: 1\n"


def test_what_an_alias_has_elsewhere_is_not_changed_here_alone():
    shared = "one: &answers [{id: a, label: A}]\ntwo: *answers\nthree: {id: c}\n"
    with pytest.raises(InputProblem) as problem:
        set_values(shared, {("two", 0): {"id": "a", "label": "B"}})
    assert str(problem.value) == (
        "row 1: two.0 is to change here alone, and an alias (*) has it in other places too; "
        "write it out in each place, without an alias."
    )
    assert set_values(shared, {("three", "id"): "d"}) == shared.replace("id: c", "id: d")


MERGED = "<<: &more {title: X, notes: [{a: 1}]}\nown: 1\nlist: [1, 2]\n"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda: set_values(MERGED, {("title",): "Y"}, "f.yaml"),
            "f.yaml, row 1: title is to change, and comes by a merge key (<<); write it out in its place.",
        ),
        (
            lambda: add_items(MERGED, ("notes",), ["- a: 2"], "f.yaml"),
            "f.yaml, row 1: notes is to change, and comes by a merge key (<<); write it out in its place.",
        ),
        (
            lambda: without_key(MERGED, "notes", "f.yaml"),
            "f.yaml: notes is to go, and comes by a merge key (<<); take it out of there.",
        ),
        (
            lambda: add_items(MERGED, ("list",), ["- 3"], "f.yaml"),
            "f.yaml, row 3: list is to be longer, and stands in brackets; write it in block style, an item a line.",
        ),
    ],
    ids=["value", "items", "key", "brackets"],
)
def test_what_is_not_written_where_it_can_be_changed_is_named(edit, said):
    with pytest.raises(InputProblem) as problem:
        edit()
    assert str(problem.value) == said


def test_no_item_more_changes_no_list():
    assert add_items(MERGED, ("list",), []) == MERGED and without_key("a: 1\n", "a") == ""


@pytest.mark.parametrize("path", [HERE / "small_codebook.yaml", ROOT / "params.yaml"], ids=lambda path: path.name)
def test_what_is_set_to_what_it_is_stays_the_same_file(path):
    text = path.read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    changes = {(key,): value for key, value in data.items() if isinstance(value, int | list | dict)}
    for one in changes.items():
        edited = set_values(text, dict([one]))
        assert yaml.safe_load(edited) == data
        assert [line for line in edited.splitlines() if line.startswith("#")] == [
            line for line in text.splitlines() if line.startswith("#")
        ]
    for key in data:
        assert yaml.safe_load(without_key(text, key)) == {k: v for k, v in data.items() if k != key}


@pytest.mark.parametrize("value", ["yes", "a: b", "it's", "2016", 2016, ["no", {"id": "x"}], "é ü", ""])
def test_a_value_on_one_line_reads_as_itself(value):
    assert yaml.safe_load(f"key: {flow(value)}") == {"key": value} and "\n" not in flow(value)


def test_a_place_that_is_not_there_is_none():
    assert node_at(TEXT, ("questions", 7)) is None and node_at(TEXT, ("nothing",)) is None
