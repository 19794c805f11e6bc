"""The change log: one row per cell that cleaning changed and per row that it took away.

Columns: file, row (line of the raw file), column (as the file calls it), before, after, rule.
"""

import pandas as pd

COLUMNS = ["file", "row", "column", "before", "after", "rule"]

HIDDEN = "contact details in own words hidden"
TIDIED = "stray blanks removed"
SPELLING = "other spelling of an answer"
TICK = "other sign for chosen or not chosen"
BANDED = "size put into its band"
CODED = "own words coded by phrase"
NOT_CODED = "own words that no phrase covers, kept for a person to code"
REPEATED = "contact listed twice, first listing kept"
REPOINTED = "refers to the contact's first listing"
MERGED = "row merged into its organisation's complete questionnaire"
UNFINISHED = "questionnaire never completed, row left out"
REPLACED = "answer replaced by the one in a later or complete row"
OFF_ROUTE = "answer to a question that was not asked, taken out"
NOT_CHOSEN = "empty cell of a question that was asked, not chosen"
EMPTY_ANSWER = "empty cell to which the codebook gives a meaning"
# Rules that take a row away; all others change a cell.
ROW_RULES = (REPEATED, MERGED, UNFINISHED)


def changes(file, column, before, after, rule, rows=None):
    """Log rows of the cells in which two Series on one index differ; a missing cell is "".

    `rows` gives the lines of the raw file; without it the index does.
    """
    if before is after or before.equals(after):
        return pd.DataFrame(columns=COLUMNS)
    changed = _differ(before, after)
    if not changed.any():
        return pd.DataFrame(columns=COLUMNS)
    lines = before.index if rows is None else rows
    before, after = _text(before[changed]), _text(after[changed])
    return pd.DataFrame(
        {
            "file": file,
            "row": pd.Index(lines)[changed].astype("int64"),
            "column": column,
            "before": before.to_numpy(),
            "after": after.to_numpy(),
            "rule": rule,
        },
        columns=COLUMNS,
    )


def change_log(*logs):
    """The steps' log rows as one table by file and line, within a line in the order of the steps."""
    filled = [log for log in logs if len(log)]
    if not filled:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(filled).sort_values(["file", "row"], kind="stable", ignore_index=True)


def row_balance(step, rows_in, rows_out, log):
    """One row of counts: step, rows in, rows out, rows left out (as the log says), cells changed.

    Raises AssertionError if a row is gone without a log row.
    """
    left_out = int(log["rule"].isin(ROW_RULES).sum())
    if rows_in != rows_out + left_out:
        raise AssertionError(f"{step}: {rows_in} rows in, {rows_out} out, but {left_out} logged as taken away")
    counts = {"rows in": rows_in, "rows out": rows_out, "rows left out": left_out, "cells changed": len(log) - left_out}
    return pd.DataFrame([{"step": step, **counts}])


def by_rule(log):
    """How often each rule was used in each file: file, rule, rows of the log."""
    counts = log.groupby(["file", "rule"], sort=True).size()
    return counts.rename("log rows").reset_index()


def each_text(cells, function):
    """A Series with the function applied to each distinct text once; exports repeat the same few texts.

    The Series itself where the function changes none of them.
    """
    places, texts = _distinct(cells)
    result = texts.map({text: function(text) for text in texts.tolist()})
    if result.equals(texts):
        return cells
    return pd.Series(result.array.take(places), index=cells.index, name=cells.name)


def _distinct(cells):
    """Where in a short Series of the distinct cells each cell stands, and that Series."""
    places, found = pd.factorize(cells.array, use_na_sentinel=False)
    return places, pd.Series(found, dtype=cells.dtype)


def _differ(before, after):
    """In which places two Series are other texts, a missing cell being "": distinct cells are made texts, not all."""
    (one, ours), (other, theirs) = _distinct(before), _distinct(after)
    ours, theirs = _text(ours), _text(theirs)
    numbers = {text: number for number, text in enumerate(dict.fromkeys([*ours, *theirs]))}
    return ours.map(numbers).to_numpy(int)[one] != theirs.map(numbers).to_numpy(int)[other]


def _text(cells):
    return cells.astype("string").fillna("")
