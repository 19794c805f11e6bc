"""Files in YAML, read strictly, held against a model, and what is wrong with one said in plain words."""

import re
from datetime import date
from functools import reduce
from operator import getitem
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from pipeline.files import read_text
from pipeline.problems import InputProblem
from pipeline.texts import is_blank

# Pydantic's kinds of fault in our words; {} is filled from what pydantic knows of the limit.
_MUST_BE = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must hold keys and values",
    "model_type": "must hold keys and values",
    "model_attributes_type": "must hold keys and values",
    "greater_than": "must be above {gt:.12g}",
    "greater_than_equal": "must be at least {ge:.12g}",
    "less_than": "must be below {lt:.12g}",
    "less_than_equal": "must be at most {le:.12g}",
    "too_short": "must list at least {min_length}",
    "literal_error": "not a value that it can have",
    "invalid_key": "a key must be text",
    "recursion_loop": "holds itself",
}


# What XML has no place for: control characters, halves of a character, and two that are none.
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# How a model reads a file that people write: a key that it does not know is an error, never ignored.
STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _not_blank(text):
    if is_blank(text):
        raise ValueError("must be a text that can be seen")
    return text


def _as_day(value):
    # Pydantic reads a number as seconds since 1970 and a time of day as its day, and Python 20260131 as a day too.
    text = value.isoformat() if type(value) is date else value
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        day = None
    if day is None or day.isoformat() != text:
        raise PydanticCustomError("not_a_day", "not a date")
    return day


# A text that must say something.
Said = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_not_blank)]
# A day of the calendar, written YYYY-MM-DD.
Day = Annotated[date, BeforeValidator(_as_day)]


class _DoubledKey(yaml.MarkedYAMLError):
    """A key that stands twice in one mapping; `problem` is the key."""


class _OtherNumber(yaml.MarkedYAMLError):
    """A number that YAML reads otherwise than a person does; `problem` is how."""


class _NotThat(yaml.MarkedYAMLError):
    """What is not as its tag says, such as a date that no calendar has; `problem` is it, `context` the tag's name."""


class _NotShown(yaml.MarkedYAMLError):
    """A character that XML has no place for, so that no picture or archive can hold the text; `problem` is it."""


class _StrictLoader(yaml.SafeLoader):
    """The safe loader, which keeps the last of two equal keys, made to refuse the second.

    It refuses as well what YAML takes for a whole number and a person for something else: 010 is 8 to it, and 1:30 is
    90. No tag but YAML's own is known to it, so that no file can name a class or function.
    """

    def compose_scalar_node(self, anchor):
        """A text or a number; raises _NotShown for a character that XML has no place for, written as an escape."""
        node = super().compose_scalar_node(anchor)
        if strange := NO_XML.search(node.value):
            raise _NotShown(problem=strange[0], problem_mark=node.start_mark)
        return node

    def construct_whole_number(self, node):
        """A whole number written in plain digits; raises _OtherNumber for any other form."""
        if not re.fullmatch("[-+]?(0|[1-9][0-9]{0,17})", node.value):
            raise _OtherNumber(problem=node.value, problem_mark=node.start_mark)
        return int(node.value)

    def construct_number(self, node):
        """A number with a fraction; raises _OtherNumber for one in sixties, as which YAML reads 1:30.5, or with _."""
        if re.search("[:_]", node.value):
            raise _OtherNumber(problem=node.value, problem_mark=node.start_mark)
        return self.construct_yaml_float(node)

    def construct_object(self, node, deep=False):
        """Any value; raises _NotThat where Python cannot make it what its tag says: 2014-13-45, `!!float abc`."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, IndexError, AttributeError):
            told = {"context": node.tag.rpartition(":")[2], "problem": str(node.value)}
            raise _NotThat(**told, problem_mark=node.start_mark) from None

    def compose_mapping_node(self, anchor):
        """A mapping; raises _DoubledKey for a key that stands in it twice."""
        node, seen = super().compose_mapping_node(anchor), set()
        for key, _ in node.value:
            name = (key.tag, str(key.value))
            if name in seen:
                raise _DoubledKey(problem=str(key.value), problem_mark=key.start_mark)
            seen.add(name)
        return node


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _StrictLoader.construct_whole_number)
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _StrictLoader.construct_number)


def read_yaml(path, kind="file"):
    """The content of a YAML file; `kind` is what a sentence about the whole of it calls it.

    Raises InputProblem if there is no such file, if it cannot be read, is not UTF-8 or not YAML, for a key that stands
    twice, for a number in another form than digits, for a date or the like that is none and for a character that no
    page can show, with the row where there is one.
    """
    text = read_text(path, kind)
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except _DoubledKey as e:
        row = e.problem_mark.line + 1
        raise InputProblem(
            "this key stands twice", file=path, row=row, found=e.problem, do="keep one of the two"
        ) from None
    except _OtherNumber as e:
        what, do = "not a number as a person writes it", "write it in digits alone, or put it in quotes if it is text"
        raise InputProblem(what, file=path, row=e.problem_mark.line + 1, found=e.problem[:40], do=do) from None
    except _NotShown as e:
        what, do = "a character that no page, picture or archive can hold", "take it out"
        raise InputProblem(what, file=path, row=e.problem_mark.line + 1, found=e.problem, do=do) from None
    except _NotThat as e:
        seems = "looks like a date" if e.context == "timestamp" else f"is marked as !!{e.context}"
        what, do = f"{seems} and is none", "correct it, or put it in quotes if it is text"
        raise InputProblem(what, file=path, row=e.problem_mark.line + 1, found=e.problem[:40], do=do) from None
    except RecursionError:
        raise InputProblem("not YAML that can be read: it is nested too deep", file=path) from None
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        what = getattr(e, "problem", None) or getattr(e, "reason", e)
        raise InputProblem(f"not YAML: {what}", file=path, row=mark.line + 1 if mark else None) from None


def load_model(path, model, kind="file"):
    """A YAML file as an instance of a pydantic model, which forbids unknown keys.

    Raises InputProblem as `read_yaml` does, and at the first fault that the model finds: where it is, what was found
    and what is allowed.
    """
    data = read_yaml(path, kind)
    try:
        made = model.model_validate(data)
        if keys := _truth_for_a_number(data, made.model_dump(by_alias=True)):
            raise InputProblem(
                f"{place_of(keys, data)}: must be a number", file=path, found=reduce(getitem, keys, data)
            )
        return made
    except ValidationError as e:
        raise _problem(_first(e.errors()), data, model, path, kind) from None


def _truth_for_a_number(found, made):
    """Where a file has true or false (`yes`, `on`) and the model a number, of which pydantic makes 1 and 0; or ()."""
    if isinstance(found, dict) and isinstance(made, dict):
        pairs = [(key, found[key], made[key]) for key in found if key in made]
    elif isinstance(found, list) and isinstance(made, list | tuple) and len(found) == len(made):
        pairs = [(place, *both) for place, both in enumerate(zip(found, made, strict=True))]
    else:
        pairs = []
    for key, one, other in pairs:
        if isinstance(one, bool) and isinstance(other, int | float) and not isinstance(other, bool):
            return (key,)
        if below := _truth_for_a_number(one, other):
            return (key, *below)
    return ()


def _first(errors):
    """The first fault, but an unknown key before one missing beside it: most likely it is that one misspelled."""
    beside = [e for e in errors if e["type"] == "extra_forbidden" and e["loc"][:-1] == errors[0]["loc"][:-1]]
    return beside[0] if beside else errors[0]


def _problem(error, data, model, path, kind):
    """One of pydantic's errors as an InputProblem."""
    keys, found = error["loc"], error["input"]
    if error["type"] in ("extra_forbidden", "missing"):
        *above, key = keys
        place = place_of(above, data)
        where = f"{place}: " if place else ""
        if error["type"] == "missing":
            return InputProblem(f"{where}the key {key!r} is missing", file=path)
        return InputProblem(f"{where}there is no such key", file=path, found=key, allowed=_keys_at(model, above))
    where = f"{place_of(keys, data) or kind}: "
    if error["type"] == "value_error":
        return InputProblem(where + str(error["ctx"]["error"]), file=path, found=_shown(found))
    if error["type"] == "not_a_day":
        day = str(found) if isinstance(found, date) else _shown(found)
        return InputProblem(where + error["msg"], file=path, found=day, allowed="YYYY-MM-DD")
    what = _MUST_BE.get(error["type"], error["msg"][:1].lower() + error["msg"][1:]).format(**error.get("ctx", {}))
    return InputProblem(
        where + what + (", and is empty" if found is None else ""),
        file=path,
        found=_shown(found),
        allowed=re.findall(r"'([^']*)'", error["ctx"]["expected"]) if error["type"] == "literal_error" else None,
        do="put it in quotes" if error["type"] == "string_type" and _is_plain(found) else None,
    )


def _is_plain(found):
    return found is not None and not isinstance(found, dict | list)


def _shown(found):
    """What is shown as found: one value, and neither a whole list or mapping nor one that the model has made."""
    return found if isinstance(found, str | int | float) else None


def place_of(keys, data):
    """Where in a file's content a list of keys and list positions leads, as a person would say it.

    Keys are joined by dots; an item of a list is named by its `id`, or by the key called as the list is without its s
    (`question lead, answer yes`), and otherwise counted from 1 (`clause 2`).
    """
    parts = []
    for key in keys:
        content, data = data, _inside(data, key)
        if isinstance(content, list) and isinstance(data, dict):
            *before, last = parts.pop().rsplit(".", 1) if parts else ("item",)
            one = last if last.endswith("series") else last.removesuffix("s")
            name = next((data[k] for k in ("id", one) if isinstance(data.get(k), str)), key + 1)
            parts += [*before, f"{one} {name}", ""]
        elif isinstance(content, list):
            parts += [f"item {key + 1}", ""]
        else:
            above = parts.pop() if parts else ""
            parts.append(f"{above}.{key}" if above else str(key))
    return ", ".join(part for part in parts if part)


def _inside(data, key):
    try:
        return data[key]
    except (KeyError, IndexError, TypeError):
        return None


def _keys_at(model, keys):
    """The keys that a model allows at a place below it; None where that cannot be told."""
    here = model
    for key in keys:
        here = _inner(here, key)
    here = _bare(here)
    return [f.alias or name for name, f in here.model_fields.items()] if _is_model(here) else None


def _inner(annotation, key):
    annotation = _bare(annotation)
    if _is_model(annotation):
        return next((f.annotation for name, f in annotation.model_fields.items() if key == (f.alias or name)), None)
    arguments = get_args(annotation)
    return (arguments[1] if get_origin(annotation) is dict else arguments[0]) if arguments else None


def _bare(annotation):
    """A type without `Annotated` and without the None that it may be instead."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = next(a for a in get_args(annotation) if a is not type(None))
    return annotation


def _is_model(annotation):
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
