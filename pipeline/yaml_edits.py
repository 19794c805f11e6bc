"""Changes to a YAML file that leave every other character of it, comments included, as it was."""

import re
from collections import Counter
from math import inf

import yaml

from pipeline.problems import InputProblem


def flow(value):
    """A value in YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=inf)
    return text.removesuffix("\n").removesuffix("\n...")


def node_at(text, path):
    """The node of a YAML text at a path of keys and list positions; None if there is none."""
    return _way(yaml.compose(text, Loader=yaml.SafeLoader), path)[-1]


def _way(node, path):
    """The nodes on a path, the first and the last included; None from where there is none."""
    way = [node]
    for key in path:
        if isinstance(node, yaml.MappingNode):
            node = next((value for name, value in node.value if name.value == str(key)), None)
        elif isinstance(node, yaml.SequenceNode):
            node = node.value[key] if key < len(node.value) else None
        way.append(node)
        if node is None:
            break
    return way


def _way_to(root, path, file):
    """The nodes on a path that the data have. Raises InputProblem where the text has none: a merge key brings it in."""
    way = _way(root, path)
    if way[-1] is None:
        what = f"{'.'.join(map(str, path))} is to change, and comes by a merge key (<<)"
        raise InputProblem(what, file=file, row=way[-2].start_mark.line + 1, do="write it out in its place")
    return way


def _parts(node):
    """The nodes right below a node."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _places(root):
    """In how many places each node stands, by its id: in more than one where an alias (`*name`) points at it."""
    counts, left = Counter(), [root]
    while left:
        for part in _parts(left.pop()):
            counts[id(part)] += 1
            if counts[id(part)] == 1:
                left.append(part)
    return counts


def end_of(node):
    """Where a node's own text ends: a block's mark is where the next thing begins, comments between them passed."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return node.end_mark.index
    last = node.value[-1]
    return end_of(last[1] if isinstance(last, tuple) else last)


def set_values(text, changes, file=None):
    """The text with the values at some paths replaced: {path: value}, each path in its data and none inside another.

    Raises InputProblem, naming `file`, for a value that stands in several places by an alias, since it would change in
    all of them, and for one that a merge key brings in.
    """
    root, spans = yaml.compose(text, Loader=yaml.SafeLoader), []
    places = _places(root)
    for path, value in changes.items():
        way = _way_to(root, path, file)
        if any(places[id(node)] > 1 for node in way):
            what = f"{'.'.join(map(str, path))} is to change here alone, and an alias (*) has it in other places too"
            row, do = way[-1].start_mark.line + 1, "write it out in each place, without an alias"
            raise InputProblem(what, file=file, row=row, do=do)
        node = way[-1]
        old = text[node.start_mark.index : end_of(node)]
        spans.append((node.start_mark.index, node.start_mark.index + len(old.rstrip()), flow(value)))
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def add_items(text, path, items, file=None):
    """The text with items, each a YAML text whose first line begins at the dash's level, at the end of a block list.

    Raises InputProblem, naming `file`, for a list in brackets, which has no place for them, and for one that a merge
    key brings in.
    """
    if not items:
        return text
    node = _way_to(yaml.compose(text, Loader=yaml.SafeLoader), path, file)[-1]
    if node.flow_style:
        what, do = f"{'.'.join(map(str, path))} is to be longer, and stands in brackets", "write it in block style"
        raise InputProblem(what, file=file, row=node.start_mark.line + 1, do=f"{do}, an item a line")
    end = len(text[: end_of(node)].rstrip())
    indent = " " * node.start_mark.column
    added = "".join("\n" + "\n".join(indent + line if line else "" for line in item.splitlines()) for item in items)
    return text[:end] + added + text[end:]


def without_key(text, key, file=None):
    """The text without a top-level key and what stands under it, up to the next key or comment at the margin.

    Raises InputProblem, naming `file`, for a key that a merge key brings in.
    """
    for name, value in yaml.compose(text, Loader=yaml.SafeLoader).value:
        if name.value == key:
            start, end = name.start_mark.index, end_of(value)
            rest = re.match(r"[^\n]*\n?(?:[ \t][^\n]*\n?|\n)*", text[end:])
            text = text[:start] + text[end + rest.end() :]
            break
    if key in (yaml.safe_load(text) or {}):
        what, do = f"{key} is to go, and comes by a merge key (<<)", "take it out of there"
        raise InputProblem(what, file=file, do=do)
    return text
