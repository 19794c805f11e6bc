"""Reading and writing tables so that the same rows give the same bytes everywhere."""

import json

import pandas as pd

from pipeline.codebook import typed
from pipeline.files import MARK, MARKED, write_bytes, write_text
from pipeline.problems import InputProblem

__all__ = ["read_respondents", "read_table", "write_bytes", "write_numbers", "write_table", "write_text"]

# Twelve significant digits: more than any reader needs, fewer than the last bits in which
# processors and linear-algebra libraries differ.
FLOAT_FORMAT = "%.12g"


def write_table(path, table, codebook=None):
    """Write a table as CSV: UTF-8, plain newlines, fixed float digits, no index.

    Where the codebook is of a rehearsal, a last column says so; its name is there even where the table has no rows.
    """
    if codebook is not None and codebook.kind == "rehearsal":
        table = table.assign(**{MARK: MARKED})
    write_text(path, table.to_csv(index=False, lineterminator="\n", float_format=FLOAT_FORMAT))


def write_numbers(path, numbers, codebook):
    """Write a dict of numbers as JSON; a rehearsal's says first that it is one."""
    mark = {MARK: MARKED} if codebook.kind == "rehearsal" else {}
    write_text(path, json.dumps(mark | numbers, indent=2) + "\n")


def read_table(path, **options):
    """Read a CSV written by `write_table`, without the MARK of a rehearsal; only an empty cell is missing.

    Raises InputProblem if it is none.
    """
    try:
        table = pd.read_csv(path, encoding="utf-8", keep_default_na=False, na_values=[""], **options)
        return table.drop(columns=MARK, errors="ignore")
    except FileNotFoundError:
        raise InputProblem("there is no such file", file=path) from None
    except (UnicodeDecodeError, pd.errors.EmptyDataError, pd.errors.ParserError) as problem:
        raise InputProblem(f"not a table in CSV and UTF-8 ({str(problem).strip()})", file=path) from None


def read_respondents(path, codebook):
    """Read a table of respondents (clean, weighted or reconstructed), the codebook's columns first and typed."""
    table = read_table(path, dtype={c: "string" for c in codebook.columns})
    others = [c for c in table.columns if c not in codebook.columns]
    return typed(table, codebook).join(table[others])
