"""The dictionary of the published tables: every column of each has a description, and no description is left over."""

import csv
import re
from fnmatch import fnmatch

import pandas as pd
import pytest
import yaml
from conftest import ROOT

from pipeline.codebook import load_codebook
from pipeline.dictionary import DICTIONARY, described, title_of
from pipeline.files import whole_files
from pipeline.printing import EVIDENCE

REPORTS = ROOT / "reports"
TABLES = [p.relative_to(REPORTS).as_posix() for p in whole_files(REPORTS, "*.csv")]
LONGEST, LONGEST_TITLE = 120, 80


def columns_of(path):
    with (REPORTS / path).open(encoding="utf-8", newline="") as opened:
        return next(csv.reader(opened))


@pytest.fixture(scope="module")
def dictionary():
    return yaml.safe_load(DICTIONARY.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TABLES)
def test_every_column_of_a_published_table_is_described(path):
    assert title_of(path)
    assert [column for column in columns_of(path) if not described(path, column)] == []


def test_no_description_is_left_over(dictionary):
    said = {described(path, column) for path in TABLES for column in columns_of(path)}
    every = [text for columns in (dictionary["columns"], *dictionary["tables"].values()) for text in columns.values()]
    assert [text for text in every if text not in said] == []
    used = {title_of(path) for path in TABLES}
    assert [title for title in dictionary["titles"].values() if title not in used] == []


@pytest.mark.parametrize("path", [path for path in TABLES if re.match(r"\d{4}/(weight|sensitivity)", path)])
def test_a_table_that_rests_on_weights_says_how_far_it_is_evidence(path):
    """Whoever has the file alone must see that the weights of a reconstruction are modelled."""
    kind = load_codebook(ROOT / f"data/codebook/{path[:4]}.yaml").kind
    table = pd.read_csv(REPORTS / path)
    assert table["evidence"].eq(EVIDENCE[kind]).all() and "how far it is evidence" in title_of(path)


def test_a_description_is_a_sentence_and_a_title_is_short(dictionary):
    every = [text for columns in (dictionary["columns"], *dictionary["tables"].values()) for text in columns.values()]
    assert [text for text in every if len(text) > LONGEST or not text.endswith(".") or "\n" in text] == []
    assert [title for title in dictionary["titles"].values() if len(title) > LONGEST_TITLE or title.endswith(".")] == []


def test_a_table_of_its_own_goes_before_what_is_said_of_all():
    assert described("2014/estimates.csv", "wave") == described("2014/tables.csv", "wave")
    assert described("tracker/transitions.csv", "n") != described("2014/estimates.csv", "n")
    assert described("2014/sensitivity/sensitivity.csv", "low") != described("2014/sensitivity.csv", "low")
    assert described("tracker/withheld.csv", "what") != described("2014/withheld.csv", "what")
    other = "2020/figures/shops_by_size.csv"  # a codebook's figures may have any ids
    assert title_of(other) == title_of("2014/figures/figure_01.csv") and described(other, "drawn")
    assert described("2014/estimates.csv", "no_such_column") is None and title_of("2014/no_such.csv") is None


def test_patterns_of_titles_hold_no_other_table(dictionary):
    patterns = [name for name in dictionary["titles"] if "*" in name]
    assert patterns and all(sum(fnmatch(name, pattern) for name in dictionary["titles"]) == 1 for pattern in patterns)
