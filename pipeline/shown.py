"""Tables as a notebook shows them: bands by label, yes and no, whole numbers, nothing where nothing is known.

What is written to disk keeps its ids and types; only what a reader sees goes through here.
"""

from base64 import b64encode
from html import escape
from pathlib import Path

from pandas.api.types import is_bool_dtype, is_float_dtype

YES_NO = {True: "yes", False: "no"}


def readable(table):
    """The same table for a reader: True and False as yes and no, whole numbers without .0, empty cells empty."""
    return table.apply(_readable)


def _readable(column):
    known = column.dropna()
    if is_bool_dtype(column.dtype):
        column = column.map(YES_NO, na_action="ignore")
    elif is_float_dtype(column.dtype) and (known % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype(object).where(column.notna(), "") if column.hasnans else column


def count_by_band(organisations, codebook):
    """How many organisations each size band has, by label: sector, size, organisations, in codebook order."""
    sector, band = codebook.question(codebook.sector), codebook.question(codebook.size_band)
    places = {q.id: {a.id: i for i, a in enumerate(q.answers)} for q in (sector, band)}
    counts = organisations.groupby([sector.id, band.id]).size().rename("organisations").reset_index()
    counts = counts.sort_values([sector.id, band.id], key=lambda ids: ids.map(places[ids.name]), ignore_index=True)
    labelled = counts.assign(**{q.id: counts[q.id].map(q.categories) for q in (sector, band)})
    return labelled.rename(columns={sector.id: sector.label, band.id: band.label})


def picture(path, alternative, width=400):
    """A PNG that was drawn before, with its text alternative, as a notebook shows it."""
    from IPython.display import HTML

    data = b64encode(Path(path).read_bytes()).decode("ascii")
    return HTML(f'<img src="data:image/png;base64,{data}" alt="{escape(alternative.strip())}" width="{width}">')
