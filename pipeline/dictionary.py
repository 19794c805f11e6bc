"""What the published tables are and what their columns hold: dictionary.yaml, looked up by a table's path.

The data package hands it out with every table, and the pages call the tables by its titles.
"""

import re
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from pipeline.yamls import read_yaml

DICTIONARY = Path(__file__).with_name("dictionary.yaml")
# Tables of one kind, whatever their own names: a codebook's figures and trends may have any ids.
KINDS = {"figure": r"\d{4}/figures/.*", "trend": r"tracker/figures/trend_.*", "revisions": r"revisions/\d{4}"}


@cache
def _dictionary():
    return read_yaml(DICTIONARY, "dictionary")


def title_of(path):
    """The title of a table by its path below reports/; None where the dictionary has none."""
    place, titles = re.sub(r"^\d{4}/", "", str(path)), _dictionary()["titles"]
    return titles.get(place) or next((title for name, title in titles.items() if fnmatch(place, name)), None)


def described(path, column):
    """What a column of the table at this path below reports/ holds; None where the dictionary does not say."""
    own, every = _own(Path(path)), _dictionary()["columns"]
    return own.get(column, every.get(column))


def _own(path):
    """What the dictionary says of one table alone, whose folder stands before its name where several have that name."""
    tables, place = _dictionary()["tables"], path.with_suffix("").as_posix()
    stem = next((name for name, pattern in KINDS.items() if re.fullmatch(pattern, place)), path.stem)
    return tables.get(f"{path.parent.name}/{stem}", tables.get(stem, {}))
