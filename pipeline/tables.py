"""Reading and writing tables so that the same rows give the same bytes everywhere.

A text that a spreadsheet would take for a formula gets an apostrophe before it when a table is written, and loses it
when the table is read here again.
"""

import json
import re

import pandas as pd

from pipeline.files import MARK, MARKED, write_bytes, write_text
from pipeline.problems import InputProblem
from pipeline.respondents import typed

__all__ = [
    "plain_cell",
    "read_respondents",
    "read_table",
    "write_bytes",
    "write_numbers",
    "write_table",
    "write_text",
]

# Twelve significant digits: more than any reader needs, fewer than the last bits in which
# processors and linear-algebra libraries differ.
FLOAT_FORMAT = "%.12g"


# Columns of ids and of the labels beside them, in whichever table they stand. They are text, whatever they look like:
# a survey may number its organisations, answers, claims and findings, and `007` is not 7.
IDS = {
    *("organisation", "id", "claim", "claims", "place", "finding", "figure", "trend", "question", "answers", "code"),
    *("measure", "category", "break", "group", "one", "other", "variable", "margin", "cell", "stratum", "label"),
    *("measure_label", "category_label", "break_label", "group_label", "base_label"),
}
# A clause's other group; alone, a column of this name is the other share of a claim, a number.
VERSUS = {"versus", "versus_category"}
# A table of cases (`pipeline.dispositions`) has this column, and only these numbers: the rest are ids and answers.
DECIDED_BY, COUNTED = "decided_by", {"contacts", "attempts"}


# The columns of a wave's bounds.csv (`pipeline.bounds`), of which a wave that no report bounds has no row.
BOUND_COLUMNS = [
    *("measure", "category", "break", "group", "basis", "support", "low", "high", "attained"),
    *("count_low", "count_high", "base_low", "base_high", "given"),
]


# What a spreadsheet takes for the beginning of a formula, after apostrophes that a text may have of its own.
_FORMULA = re.compile(r"'*[=+\-@\t\n]")
_ESCAPED = re.compile(r"'+[=+\-@\t\n]")


def plain_cell(value):
    """A text that no spreadsheet takes for a formula: as it is, or after an apostrophe. Numbers stay as they are.

    Line ends are newlines, since Python's versions differ in how a carriage return in a cell is written.
    """
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if _FORMULA.match(text) else text


def _as_meant(value):
    return value[1:] if isinstance(value, str) and _ESCAPED.match(value) else value


def _texts(table, change):
    """The table with every text in it changed; columns that hold none are not looked at."""
    held = [c for c in table.columns if not pd.api.types.is_numeric_dtype(table[c].dtype)]
    return table.assign(**{c: table[c].map(change, na_action="ignore").astype(table[c].dtype) for c in held})


def write_table(path, table, codebook=None, exact=False):
    """Write a table as CSV: UTF-8, plain newlines, fixed float digits, no index.

    Where the codebook is of a rehearsal, a last column says so; its name is there even where the table has no rows.

    No text in it reads as a formula, unless it is to be `exact`: a file that must look as somebody else's.
    """
    if codebook is not None and codebook.kind == "rehearsal":
        table = table.assign(**{MARK: MARKED})
    written = table if exact else _texts(table, plain_cell)
    write_text(path, written.to_csv(index=False, lineterminator="\n", float_format=FLOAT_FORMAT))


def write_numbers(path, numbers, codebook):
    """Write a dict of numbers as JSON; a rehearsal's says first that it is one."""
    mark = {MARK: MARKED} if codebook.kind == "rehearsal" else {}
    write_text(path, json.dumps(mark | numbers, indent=2) + "\n")


def _ids_among(columns):
    """Which of a table's columns hold ids."""
    named = set(columns)
    if DECIDED_BY in named:
        return named - COUNTED
    return named & (IDS | VERSUS if named >= VERSUS else IDS)


def read_table(path, **options):
    """Read a CSV written by `write_table`, without the MARK of a rehearsal; only an empty cell is missing.

    Columns of ids are read as text. `options` are those of pandas; a dict `dtype` adds to the columns of ids, or has
    one of them read otherwise. Raises InputProblem if it is no table.
    """
    try:
        types = options.get("dtype", {})
        if isinstance(types, dict):
            header = pd.read_csv(path, encoding="utf-8", nrows=0)
            options["dtype"] = dict.fromkeys(_ids_among(header.columns), str) | types
        table = pd.read_csv(path, encoding="utf-8", keep_default_na=False, na_values=[""], **options)
        if not table.index.equals(pd.RangeIndex(len(table))):
            # Pandas takes the first cell of each row for a name of the row, and moves the others under other columns.
            do = "take out the comma that is too many, or put the text that has it in quotes"
            raise InputProblem("it has more cells than the header has columns", file=path, row=2, do=do)
        return _texts(table.drop(columns=MARK, errors="ignore"), _as_meant)
    except FileNotFoundError:
        raise InputProblem("there is no such file", file=path) from None
    except OSError as problem:
        raise InputProblem(f"it cannot be read ({problem.strerror})", file=path) from None
    except (UnicodeDecodeError, pd.errors.EmptyDataError, pd.errors.ParserError) as problem:
        raise InputProblem(f"not a table in CSV and UTF-8 ({str(problem).strip()})", file=path) from None


def read_respondents(path, codebook):
    """Read a table of respondents (clean, weighted or reconstructed), the codebook's columns first and typed.

    Raises InputProblem if it is no table, or lacks a column of the codebook.
    """
    table = read_table(path, dtype={c: "string" for c in codebook.columns})
    missing = [c for c in codebook.columns if c not in table]
    if missing:
        what = f"columns of its codebook are missing: {', '.join(missing)}"
        raise InputProblem(what, file=path, row=1, do="run dvc repro")
    others = [c for c in table.columns if c not in codebook.columns]
    return typed(table, codebook).join(table[others])
