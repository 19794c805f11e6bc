"""reports/datapackage.json: every published table with its columns, size and hash (Frictionless Data Package, v1)."""

import re
from collections import Counter
from hashlib import sha256
from itertools import count
from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from pipeline.dictionary import described, title_of
from pipeline.files import MARKED, whole_files
from pipeline.tables import read_table

NAME = "datapackage.json"
MIT = {"name": "MIT", "path": "https://opensource.org/license/mit", "title": "MIT License"}
PROFILE = "tabular-data-resource"


def resources(reports, folder, about=None):
    """The tables in a folder of what is published (or one table there), each with its columns, size and hash.

    `about` is a sentence on all of them. Columns are typed by what stands in them: an empty cell is missing, and a text
    that a spreadsheet would take for a formula has an apostrophe before it.
    """
    reports = Path(reports)
    place = reports / folder
    tables = [place] if place.is_file() else whole_files(place, "*.csv")
    return [_resource(reports, path, about) for path in sorted(p.relative_to(reports).as_posix() for p in tables)]


def datapackage(title, waves, tables):
    """The package's description as a dict: `waves` as {about, source}, `tables` as `resources` has them."""
    return {
        "profile": "tabular-data-package",
        # A title in other letters than these leaves nothing, and a package has a name.
        "name": re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "tables",
        "title": title,
        "description": " ".join(wave["about"] for wave in waves),
        "licenses": [MIT],
        "sources": [{"title": source} for source in dict.fromkeys(wave["source"] for wave in waves)],
        "resources": _each_by_a_name(tables),
    }


def _each_by_a_name(tables):
    """The tables by names of their own: what two share, since names have small letters and - alone, gets a number."""
    times, taken, named = Counter(table["name"] for table in tables), set(), []
    for table in tables:
        name = table["name"]
        if times[name] > 1:
            numbered = (f"{name}-{number}" for number in count(1))
            name = next(n for n in numbered if n not in times and n not in taken)
        taken.add(name)
        named.append(table | {"name": name})
    return named


def wave_tables(reports, book):
    """What the package says of one wave: {about, source, tables}."""
    about = _about(book)
    return {"about": about, "source": book.source, "tables": resources(reports, str(book.wave), about)}


def _about(book):
    said = {"reconstruction": "rebuilt from its printed report", "rehearsal": f"a REHEARSAL: {MARKED}"}
    return f"Wave {book.wave}: {book.title}, {said.get(book.kind, 'a survey')}."


def _resource(reports, path, about):
    data = (reports / path).read_bytes()
    return {
        "name": path.removesuffix(".csv").replace("/", "-").replace("_", "-").lower(),
        "path": path,
        **({"title": title_of(path)} if title_of(path) else {}),
        **({"description": about} if about else {}),
        "profile": PROFILE,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(data),
        "hash": f"sha256:{sha256(data).hexdigest()}",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "header": True},
        "schema": {"fields": _fields(reports, path), "missingValues": [""]},
    }


def _fields(reports, path):
    """The columns of a table in Table Schema: name, type, from what stands in them, and what the dictionary says."""
    table = read_table(reports / path, low_memory=False)
    written = pd.read_csv(reports / path, dtype=str, keep_default_na=False)
    types = {c: _type(table[c], written[c]) if c in table else "string" for c in written}
    said = {c: {"description": described(path, c)} if described(path, c) else {} for c in written}
    return [{"name": column, "type": types[column], **said[column]} for column in written]


def _type(column, written):
    known = column.dropna()
    if known.empty:
        return "string"
    if is_bool_dtype(known.infer_objects().dtype):
        return "boolean"
    if is_numeric_dtype(known.dtype):
        # As it is written: `12.0` is no integer to whoever reads by the schema.
        return "integer" if written[written.ne("")].str.fullmatch(r"-?\d+").all() else "number"
    return "string"
