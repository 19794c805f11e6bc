"""One file as an agency delivered it, whatever its format, and what the readers of all formats need."""

import os
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from pipeline.problems import InputProblem
from pipeline.texts import fold

# An SPSS or Parquet file in memory, at most.
MOST_IN_MEMORY = 4_000_000_000
# Among so many rows the one with the names of the columns is looked for, to say where it is.
HEADER_ROWS = 10


class AnswerSet(NamedTuple):
    """A multiple-response set of an SPSS file: a column per answer (`counted` marks it as chosen) or per mention."""

    name: str
    label: str
    columns: tuple[str, ...]
    counted: str | None


@dataclass(frozen=True)
class Delivery:
    """One file as delivered: a table of text cells, indexed by row of the file, and what the file says of its columns.

    `texts`: what was asked, by column. `labels`: {code: label} by column. `missing`: codes that say nothing of the
    matter, by column. `sets`: multiple-response sets. A file in CSV has none of these.
    """

    file: str
    table: pd.DataFrame
    texts: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, frozenset[str]] = field(default_factory=dict)
    sets: tuple[AnswerSet, ...] = ()


def made_a_date(file, row, column, found):
    """The problem of a cell that a spreadsheet took for a date."""
    return InputProblem(
        "a date where none can stand; if a spreadsheet made it of an answer, what stood there is lost",
        **{"file": file, "row": row, "column": column, "found": found},
        do="if the column is one of dates, say --same COLUMN=completed_on or what it is, or --leave-out; else format "
        "it as text before the answers are filled in, and export again",
    )


def stop_at_low_header(rows, own, file):
    """Raise InputProblem where the names of the columns stand below the first row, under a title or merged cells.

    `rows` are the first of the file, lists of text, and `own` the names of columns that every such file has, folded.
    """
    for number, row in enumerate(rows, start=1):
        if own & {fold(cell) for cell in row}:
            if number > 1:
                what = "the names of the columns seem to stand here and not in row 1"
                raise InputProblem(what, file=file, row=number, do="delete the rows above; keep one row of names")
            return


def number_text(value):
    """A number as text without a needless .0, true and false as 1 and 0, a text as it is."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def try_apart(read, file, kind="an SPSS file"):
    """Call a reader in a process of its own first; raises InputProblem if that dies of it.

    ReadStat is written in C, and fuzzing has found files on which it breaks off with the whole process; Arrow's reader
    of Parquet is in C++. What they raise is left to the call proper. Where processes cannot be forked nothing is
    tried.
    """
    if not hasattr(os, "fork"):
        return
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.closerange(0, 3)  # what the C library prints as it dies is nothing to read
            read()
            status = 0
        finally:
            os._exit(status)
    if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        what, do = f"not {kind} that can be read: the reader breaks off", "save it again from where it came"
        raise InputProblem(what, file=file, do=do)
