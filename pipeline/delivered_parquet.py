"""A delivered Parquet file as a table of text, by Arrow, looked at by its head before a page of it is read."""

import datetime
import os

import pandas as pd

from pipeline.delivery import MOST_IN_MEMORY, made_a_date, number_text, try_apart
from pipeline.problems import InputProblem
from pipeline.texts import fold


def read_parquet(path, dates):
    """A Parquet file as a table of text: texts (or categories of them), numbers, truths and dates; nothing else."""
    import pyarrow as pa

    with path.open("rb") as file:
        head = file.read(4)
        file.seek(-min(4, path.stat().st_size), os.SEEK_END)
        end = file.read(4)
    do = "save it again as Parquet, not encrypted, or as CSV UTF-8"
    if head != b"PAR1" or end != b"PAR1":
        what = "not a Parquet file that can be read"
        raise InputProblem(what, file=path.name, found=head, allowed="PAR1 at both ends", do=do)
    try_apart(lambda: _parquet_columns(path, dates), path.name, "a Parquet file")
    try:
        columns, rows = _parquet_columns(path, dates)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as problem:
        said = (str(problem) or type(problem).__name__).splitlines()[0]
        raise InputProblem(f"not a Parquet file that can be read ({said})", file=path.name, do=do) from None
    table = pd.DataFrame(columns, index=pd.RangeIndex(2, rows + 2, name="row"), dtype="str")  # the header is row 1
    return table[table.ne("").any(axis=1)]


def _parquet_columns(path, dates):
    """The columns of a Parquet file as text, {name: cells}, and how many rows it has."""
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        _check_parquet(file.metadata, schema, path.name)
        texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
    columns, room = {}, MOST_IN_MEMORY
    # A text that stands in many rows is kept once, however long it is.
    with parquet.ParquetFile(path, read_dictionary=texts, pre_buffer=False) as file:
        for name in schema.names:
            # Threads of the process that this one was forked from are not there.
            column = file.read(columns=[name], use_threads=False).column(name)
            columns[name], size = _parquet_cells(column, name, path.name, fold(name) in dates, room)
            room -= size
        return columns, file.metadata.num_rows


def _check_parquet(about, schema, file):
    """Raise InputProblem for a file that its head says to be larger than an export can be, or that holds lists.

    Nothing but this head has been read then. Parquet keeps runs of one value in a few bytes, so that a small file may
    hold any number of cells.
    """
    cells, most = about.num_rows * max(about.num_columns, 1), MOST_IN_MEMORY // 8
    packed = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    if about.num_columns > 100_000 or cells > most or packed > MOST_IN_MEMORY:
        what = "the file holds more than an export can"
        found = f"{about.num_rows:,} rows of {about.num_columns:,} cells"
        raise InputProblem(what, file=file, found=found, allowed=f"{most:,} cells of {MOST_IN_MEMORY:,} bytes")
    for column in schema:
        if schema.names.count(column.name) > 1:
            what = "this column stands twice"
            raise InputProblem(what, file=file, row=1, column=column.name, do="give each its own name")
        if not _is_plain(column.type):
            what, do = "the column holds what is no answer", "export texts, numbers, truths or dates"
            raise InputProblem(what, file=file, row=1, column=column.name, found=str(column.type), do=do)


def _is_plain(kind):
    """Whether a type of Arrow's is one that answers have: a text, number, truth or date, or a category of texts."""
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_timestamp(kind):
        return kind.tz is None
    tests = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean)
    return any(test(kind) for test in (*tests, types.is_date, types.is_null))


def _parquet_cells(column, name, file, may_be_date, room):
    """A column as text, each value of a part looked at once, and its bytes; InputProblem if there is no `room`."""
    import pyarrow as pa
    from pyarrow import compute

    parts, size, begins = [], 0, 2  # the header is row 1
    for chunk in column.chunks:
        if pa.types.is_null(chunk.type):
            chunk = chunk.cast(pa.string())
        if pa.types.is_float16(chunk.type):
            chunk = chunk.cast(pa.float32())
        if not pa.types.is_dictionary(chunk.type):
            chunk = chunk.dictionary_encode()
        chunk.validate(full=True)
        values = chunk.dictionary.to_pylist()
        if not may_be_date:
            _stop_at_dates(values, chunk.indices, file, name, begins)
        texts = pa.array([_parquet_text(value) for value in values] + [""], pa.large_string())
        places = compute.fill_null(chunk.indices.cast(pa.int64()), len(values))
        size += compute.sum(compute.take(compute.binary_length(texts), places)).as_py() or 0
        if size > room:
            what, most = "the texts of the file are longer than an export's", f"{MOST_IN_MEMORY:,} bytes in all"
            raise InputProblem(what, file=file, column=name, allowed=most)
        parts.append(compute.take(texts, places))
        begins += len(chunk)
    return pd.array(pa.chunked_array(parts, pa.large_string()), dtype="str"), size


def _stop_at_dates(values, places, file, name, begins):
    """Raise InputProblem at the first cell with a date, in a column that is none of dates."""
    wrong = {i for i, value in enumerate(values) if isinstance(value, datetime.date)}
    row = next((n for n, place in enumerate(places.to_pylist()) if place in wrong), None) if wrong else None
    if row is not None:
        raise made_a_date(file, begins + row, name, str(values[places[row].as_py()]))


def _parquet_text(value):
    if value is None or value != value:  # an empty cell, or a number that is none
        return ""
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime.date) else number_text(value)
