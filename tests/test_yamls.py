"""Reading YAML strictly, and saying in plain words what a model finds wrong with it."""

from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipeline.problems import InputProblem
from pipeline.yamls import Day, Said, load_model, place_of, read_yaml


def short(text):
    if len(text) > 5:
        raise ValueError("must be short")
    return text


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Colour(Part):
    shade: str
    depth: float = Field(0, ge=0, le=1)


class Animal(Part):
    id: str
    legs: Annotated[int, Field(gt=0, lt=1000)]
    kind: Literal["wild", "tame"] = "tame"
    break_: Annotated[str, AfterValidator(short)] = Field("", alias="break")
    colours: tuple[Colour, ...] = ()
    coat: Colour | None = None


class Zoo(Part):
    name: str
    since: Day = None
    keeper: Said = "nobody"
    open_: bool = Field(True, alias="open")
    animals: tuple[Animal, ...]
    years: Annotated[tuple[int, ...], Field(min_length=1)] = (2000,)
    halls: dict[str, tuple[Colour, ...]] = {}


GOOD = """\
name: Hill zoo
open: true
animals:
  - id: ant
    legs: 6
    break: noon
    colours: [{shade: red, depth: 0.5}]
    coat: {shade: black}
  - {id: bee, legs: 6}
years: [1999, 2001]
halls:
  east: [{shade: blue}]
"""


def refusal(tmp_path, content, load):
    path = tmp_path / "zoo.yaml"
    path.write_bytes(content)
    with pytest.raises(InputProblem) as caught:
        load(path)
    return str(caught.value).replace(str(path), "FILE")


FAULTS = {
    "unknown key": ("name: Hill zoo", "name: Hill zoo\ncity: x", "there is no such key; found 'city'; allowed: {zoo}."),
    "misspelled key": ("name:", "nmae:", "there is no such key; found 'nmae'; allowed: {zoo}."),
    "missing key": ("name: Hill zoo\n", "", "the key 'name' is missing."),
    "unknown key of an item": (
        "legs: 6\n",
        "legs: 6\n    tail: 1\n",
        "animal ant: there is no such key; found 'tail'; allowed: id, legs, kind, break, colours, coat.",
    ),
    "missing key of an item": ("{id: bee, legs: 6}", "{id: bee}", "animal bee: the key 'legs' is missing."),
    "item whose id is missing": ("{id: bee, legs: 6}", "{legs: 6}", "animal 2: the key 'id' is missing."),
    "unknown key of an item of an item": (
        "shade: red,",
        "tint: red,",
        "animal ant, colour 1: there is no such key; found 'tint'; allowed: shade, depth.",
    ),
    "unknown key of what may be left out": (
        "{shade: black}",
        "{shade: black, x: 1}",
        "animal ant, coat: there is no such key; found 'x'; allowed: shade, depth.",
    ),
    "unknown key below a free key": (
        "{shade: blue}",
        "{shade: blue, x: 1}",
        "halls, east 1: there is no such key; found 'x'; allowed: shade, depth.",
    ),
    "not text": ("Hill zoo", "1850", "name: must be text; found 1850; put it in quotes."),
    "no for text": ("id: bee", "id: no", "animal 2, id: must be text; found False; put it in quotes."),
    "empty": ("name: Hill zoo", "name:", "name: must be text, and is empty."),
    "unseen": (
        "name: Hill zoo",
        'name: x\nkeeper: "\\u200b"',
        "keeper: must be a text that can be seen; found '\\u200b'.",
    ),
    "blank": ("name: Hill zoo", "name: x\nkeeper: ' '", "keeper: must be a text that can be seen; found ' '."),
    "a number for a day": ("name: Hill zoo", "name: x\nsince: 0", "since: not a date; found 0; allowed: YYYY-MM-DD."),
    "seconds for a day": (
        "name: Hill zoo",
        "name: x\nsince: '1609459200'",
        "since: not a date; found '1609459200'; allowed: YYYY-MM-DD.",
    ),
    "a day without noughts": (
        "name: Hill zoo",
        "name: x\nsince: '2020-3-9'",
        "since: not a date; found '2020-3-9'; allowed: YYYY-MM-DD.",
    ),
    "a day with a time": (
        "name: Hill zoo",
        "name: x\nsince: 2020-03-09 10:00:00",
        "since: not a date; found '2020-03-09 10:00:00'; allowed: YYYY-MM-DD.",
    ),
    "a list for text": ("name: Hill zoo", "name: [a]", "name: must be text."),
    "text for a whole number": ("legs: 6}", "legs: six}", "animal bee, legs: must be a whole number; found 'six'."),
    "a fraction": ("legs: 6}", "legs: 6.5}", "animal bee, legs: must be a whole number; found 6.5."),
    "text for a number": (
        "depth: 0.5",
        "depth: deep",
        "animal ant, colour 1, depth: must be a number; found 'deep'.",
    ),
    "not a number": ("depth: 0.5", "depth: .nan", "animal ant, colour 1, depth: must be at most 1; found nan."),
    "too much": ("depth: 0.5", "depth: 5", "animal ant, colour 1, depth: must be at most 1; found 5."),
    "too little": ("depth: 0.5", "depth: -1", "animal ant, colour 1, depth: must be at least 0; found -1."),
    "not above": ("legs: 6}", "legs: 0}", "animal bee, legs: must be above 0; found 0."),
    "not below": ("legs: 6}", "legs: 1000}", "animal bee, legs: must be below 1000; found 1000."),
    "neither true nor false": ("open: true", "open: often", "open: must be true or false; found 'often'."),
    "no such choice": (
        "legs: 6}",
        "legs: 6, kind: shy}",
        "animal bee, kind: not a value that it can have; found 'shy'; allowed: wild, tame.",
    ),
    "own words of the model": (
        "break: noon",
        "break: midnight",
        "animal ant, break: must be short; found 'midnight'.",
    ),
    "too few": ("[1999, 2001]", "[]", "years: must list at least 1."),
    "one of a list": ("[1999, 2001]", "[1999, x]", "years, item 2: must be a whole number; found 'x'."),
    "not a list": ("[1999, 2001]", "1999", "years: must be a list; found 1999."),
    "not keys": ("{id: bee, legs: 6}", "bee", "animals, item 2: must hold keys and values; found 'bee'."),
    "not keys below a key": ("{shade: black}", "black", "animal ant, coat: must hold keys and values; found 'black'."),
    "no free keys": ("halls:\n  east: [{shade: blue}]", "halls: 1", "halls: must hold keys and values; found 1."),
}


@pytest.mark.parametrize(("old", "new", "sentence"), FAULTS.values(), ids=FAULTS)
def test_what_a_model_finds_wrong_is_one_plain_sentence(tmp_path, old, new, sentence):
    assert GOOD.count(old) >= 1
    said = refusal(tmp_path, GOOD.replace(old, new, 1).encode(), lambda path: load_model(path, Zoo, "zoo"))
    assert said == "FILE: " + sentence.replace("{zoo}", "name, since, keeper, open, animals, years, halls")


@pytest.mark.parametrize(("content", "ending"), [(b"", ", and is empty"), (b"- 1\n", ""), (b"x\n", "; found 'x'")])
def test_a_file_without_keys_is_named_by_its_kind(tmp_path, content, ending):
    said = refusal(tmp_path, content, lambda path: load_model(path, Zoo, "zoo"))
    assert said == f"FILE: zoo: must hold keys and values{ending}."


def test_a_good_file_gives_the_model(tmp_path):
    path = tmp_path / "zoo.yaml"
    path.write_text(GOOD, encoding="utf-8")
    zoo = load_model(path, Zoo)
    assert (zoo.name, [a.id for a in zoo.animals], zoo.years) == ("Hill zoo", ["ant", "bee"], (1999, 2001))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a: 1\nb: 2\na: 3\n", "FILE, row 3: this key stands twice; found 'a'; keep one of the two."),
        (b"a: 1\n'a': 1\n", "FILE, row 2: this key stands twice; found 'a'; keep one of the two."),
        (b"- {b: 1, c: {d: 1, d: 1}}\n", "FILE, row 1: this key stands twice; found 'd'; keep one of the two."),
        (b"x: {2014: a,\n  2014: b}\n", "FILE, row 2: this key stands twice; found '2014'; keep one of the two."),
        (b"a: [1\nb: 2\n", "FILE, row 2: not YAML: expected ',' or ']', but got ':'."),
        (b"a: *b\n", "FILE, row 1: not YAML: found undefined alias 'b'."),
        (b"a: \x07\n", "FILE: not YAML: special characters are not allowed."),
        (b"a: !!python/name:os.system x\n", None),
        (
            b"b: 1\na: 2014-13-45\n",
            "FILE, row 2: looks like a date and is none; found '2014-13-45'; correct it, or put it in quotes if it is "
            "text.",
        ),
        (
            b"a: 2014-12-05 10:00:00 +99:00\n",
            "FILE, row 1: looks like a date and is none; found '2014-12-05 10:00:00 +99:00'; correct it, or put it in "
            "quotes if it is text.",
        ),
        *(
            (
                f"b: 1\na: !!{tag} {value}\n".encode(),
                f"FILE, row 2: {seems} and is none; found {value.strip(chr(34))!r}; correct it, or put it in quotes if "
                "it is text.",
            )
            for tag, value, seems in (
                ("float", "abc", "is marked as !!float"),
                ("float", '""', "is marked as !!float"),
                ("bool", "abc", "is marked as !!bool"),
                ("timestamp", "abc", "looks like a date"),
            )
        ),
        (b"a: caf\xe9\n", "FILE: not UTF-8 text at byte 6; save it as UTF-8."),
    ],
)
def test_what_is_not_strict_yaml_is_refused_with_its_row(tmp_path, content, sentence):
    said = refusal(tmp_path, content, read_yaml)
    if sentence is None:
        assert said.startswith("FILE, row 1: not YAML: could not determine a constructor for the tag ")
    else:
        assert said == sentence


def test_a_missing_file_is_named_by_its_kind(tmp_path):
    with pytest.raises(InputProblem) as caught:
        read_yaml(tmp_path / "zoo.yaml", "list of animals")
    assert str(caught.value) == f"{tmp_path / 'zoo.yaml'}: there is no such list of animals."


def test_equal_keys_of_different_places_and_merged_keys_are_not_doubled(tmp_path):
    path = tmp_path / "zoo.yaml"
    path.write_text(
        "first: &base {a: 1, b: 2}\nsecond: &more\n  <<: *base\n  a: 3\nthird: {<<: *more, b: 4}\n1: x\n'1': y\n",
        encoding="utf-8",
    )
    assert read_yaml(path) == {
        "first": {"a": 1, "b": 2},
        "second": {"a": 3, "b": 2},
        "third": {"a": 3, "b": 4},
        1: "x",
        "1": "y",
    }


def test_a_place_is_said_by_keys_ids_and_numbers():
    data = {"a": {"things": [{"id": "x", "parts": [{"part": "y", "n": [1]}, {}]}]}, "s": [[1]]}
    assert place_of(("a", "things", 0), data) == "a, thing x"
    assert place_of(("a", "things", 0, "parts", 0, "n", 0), data) == "a, thing x, part y, n, item 1"
    assert place_of(("a", "things", 0, "parts", 1, "n"), data) == "a, thing x, part 2, n"
    assert place_of((), data) == ""


@pytest.mark.parametrize(
    ("escape", "shown"),
    [("\\x0b", "\\x0b"), ("\\uFFFE", "\\ufffe"), ("\\uD800", "\\ud800"), ("\\0", "\\x00"), ("\\e", "\\x1b")],
)
@pytest.mark.parametrize("text", ['b: 1\na: "x{}y"\n', 'b: 1\n"a{}": x\n', 'b: 1\nc: [{{d: "{}"}}]\n'])
def test_a_character_that_no_picture_or_archive_can_hold_is_refused_in_any_text(tmp_path, text, escape, shown):
    said = refusal(tmp_path, text.format(escape).encode(), read_yaml)
    what = f"a character that no page, picture or archive can hold; found '{shown}'; take it out."
    assert said == f"FILE, row 2: {what}"


def test_other_escapes_are_characters_like_any(tmp_path):
    path = tmp_path / "zoo.yaml"
    path.write_text(r'a: "x\ty\nz\r\x41\u20ac\ufffd\U0001F600\x92\x7f"', encoding="utf-8")
    assert read_yaml(path) == {"a": "x\ty\nz\rA\u20ac\ufffd\U0001f600\x92\x7f"}


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputProblem, match=r"it cannot be read \(Is a directory\)\."):
        read_yaml(tmp_path)
    with pytest.raises(InputProblem, match=r"it cannot be read \(Not a directory\)\."):
        (tmp_path / "file").write_text("")
        read_yaml(tmp_path / "file" / "zoo.yaml")
