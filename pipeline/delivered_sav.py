"""A delivered SPSS file: its cells as text, and its labels, missing values and multiple-response sets."""

import datetime
import re
import struct

import pandas as pd

from pipeline.delivery import MOST_IN_MEMORY, AnswerSet, Delivery, made_a_date, number_text, try_apart
from pipeline.problems import InputProblem
from pipeline.texts import fold, tidy


def read_sav(path, dates):
    """A Delivery; `dates` are the columns that may hold dates. Raises InputProblem as `read_delivery`."""
    import pyreadstat  # no other command needs it

    _check_sav(path)
    try_apart(lambda: pyreadstat.read_sav(path, user_missing=True), path.name)
    try:
        table, about = pyreadstat.read_sav(path, user_missing=True)
    except Exception as problem:  # ReadStat's own, or whatever pandas makes of dates and texts that are none
        do = "save it again from SPSS in Unicode mode"
        raise InputProblem(f"not an SPSS file that can be read ({problem})", file=path.name, do=do) from None
    text = pd.DataFrame({c: _sav_cells(table[c], path.name, fold(c) in dates) for c in table.columns}, dtype="str")
    text.index = pd.RangeIndex(2, len(text) + 2, name="row")  # as in the other kinds: the header is row 1
    sets = [
        AnswerSet(
            name=name.lstrip("$"),
            label=tidy(found["label"] or ""),
            columns=tuple(found["variable_list"]),
            counted=number_text(found["counted_value"]) if found["is_dichotomy"] else None,
        )
        for name, found in about.mr_sets.items()
    ]
    # A blank label says as little as none, and would stand in place of the code.
    labels = {
        column: {number_text(code): tidy(label) for code, label in known.items() if tidy(label)}
        for column, known in about.variable_value_labels.items()
        if any(map(tidy, known.values()))
    }
    missing = {c: frozenset(_missing(c, about, [*labels.get(c, {}), *text[c].unique()])) for c in text.columns}
    return Delivery(
        file=path.name,
        table=text[text.ne("").any(axis=1)],
        texts={c: tidy(t) for c, t in about.column_names_to_labels.items() if t and tidy(t)},
        labels=labels,
        missing={c: codes for c, codes in missing.items() if codes},
        sets=tuple(sets),
    )


def _check_sav(path):
    """Raise InputProblem for an SPSS file whose head promises more cells than it can hold.

    ReadStat makes room for as many rows as the head says before it has read one.
    """
    with path.open("rb") as file:
        head = file.read(84)
    if len(head) < 84 or head[:4] not in (b"$FL2", b"$FL3"):
        what, do = "not an SPSS file that can be read", "save it again from SPSS in Unicode mode"
        raise InputProblem(what, file=path.name, do=do)
    order = "<" if 1 <= int.from_bytes(head[64:68], "little") <= 3 else ">"
    width, packed, _, rows = struct.unpack(f"{order}4i", head[68:84])
    cells = max(width, 1) * max(rows, 0)
    # Each cell takes a byte at the least, unless the file is packed as a whole (ZSAV).
    most = path.stat().st_size if packed in (0, 1) else MOST_IN_MEMORY // 8
    if width > 100_000 or rows < -1 or cells > most:
        what = "the head of the file promises more cells than the file can hold"
        found, do = f"{rows:,} rows of {width:,} cells", "save it again from SPSS"
        raise InputProblem(what, file=path.name, found=found, allowed=f"{most:,} cells", do=do)


def _sav_cells(cells, file, may_be_date):
    """A column as text: each value is looked at once, where it stands first."""
    places, values = pd.factorize(cells.array)
    rows = pd.Series(places).drop_duplicates()
    first = dict(zip(rows, rows.index + 2, strict=True))  # the header is row 1
    texts = []
    for place, value in enumerate(values):
        if isinstance(value, datetime.date):
            if not may_be_date:
                raise made_a_date(file, first[place], cells.name, str(value))
            texts.append(value.strftime("%Y-%m-%d"))
        else:
            texts.append(number_text(value))
    return pd.array([*texts, ""], dtype="str").take(places)  # a missing value has the place -1, the last


def _missing(column, about, codes):
    """Which of these codes the file declares as missing values, one by one or as a range."""
    ranges = about.missing_ranges.get(column, [])
    for code in codes:
        for span in ranges:
            low, high = span["lo"], span["hi"]
            if isinstance(low, str):
                found = str(low) == code
            else:
                found = re.fullmatch(r"-?\d+(\.\d+)?", code) and low <= float(code) <= high
            if found:
                yield code
