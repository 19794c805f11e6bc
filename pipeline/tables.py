"""Reading and writing tables so that the same rows give the same bytes everywhere."""

from pathlib import Path

import pandas as pd

from pipeline.codebook import typed

# Twelve significant digits: more than any reader needs, fewer than the last bits in which
# processors and linear-algebra libraries differ.
FLOAT_FORMAT = "%.12g"


def write_text(path, text):
    """Write a text file as UTF-8 with plain newlines, beside its place first and then renamed into it."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path, data):
    """Write a file beside its place first, then rename it, so that no half-written file is taken for a result."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(data)
    beside.replace(path)


def write_table(path, table):
    """Write a table as CSV: UTF-8, plain newlines, fixed float digits, no index."""
    write_text(path, table.to_csv(index=False, lineterminator="\n", float_format=FLOAT_FORMAT))


def read_table(path, **options):
    """Read a CSV written by `write_table`; only an empty cell is missing."""
    return pd.read_csv(path, encoding="utf-8", keep_default_na=False, na_values=[""], **options)


def read_respondents(path, codebook):
    """Read a table of respondents (clean, weighted or reconstructed), the codebook's columns first and typed."""
    table = read_table(path, dtype={c: "string" for c in codebook.columns})
    others = [c for c in table.columns if c not in codebook.columns]
    return typed(table, codebook).join(table[others])
