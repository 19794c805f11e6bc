"""How many organisations there are to speak for: totals by sector and size, with where each comes from.

`data/population/population.yaml` says for each sector which register to count or which published totals to take.
A *cell* is the finest class that a total is known for: one size band of the codebook, or several that share a total.
"""

from pathlib import Path
from typing import Annotated, get_args

import pandas as pd
from pydantic import BaseModel, Field, model_validator

from pipeline.cells import HOW_MANY, check_texts, read_cells
from pipeline.names import BAND_SEPARATOR
from pipeline.params import Totals
from pipeline.problems import InputProblem
from pipeline.texts import fold
from pipeline.yamls import STRICT, Said, load_model

POPULATION_FILE = "population.yaml"
# How a total may be taken within the range that its source leaves it.
SHIFTS = get_args(Totals)
CELL_COLUMNS = [
    *("cell", "label", "sector", "total", "low", "high", "kind"),
    *("reference_date", "source", "licence", "note", "at_least"),
]


class Part(BaseModel):
    """A piece of population.yaml."""

    model_config = STRICT


class Count(Part):
    """Organisations counted from a register: its rows whose `keep` columns hold one of the values, sized by `size`.

    `id` is the column that says which organisation a row is: none may stand in it twice. `leave` are the values of
    `keep` columns that are known and not counted, so that one that is misspelt is not left out unseen.
    """

    file: str
    id: str
    size: str
    keep: dict[str, tuple[str, ...]] = {}
    leave: dict[str, tuple[str, ...]] = {}


class Total(Part):
    """A total for sizes from `at_least` to below `below`: column `value` of `file` where `measure` is this text.

    It may be off by `spread` because it was worked out from rounded shares, and by `lag` because it is of another year.
    """

    label: Said
    at_least: int = 0
    below: int | None = None
    file: str
    measure: str
    spread: float = Field(0, ge=0)
    lag: float = Field(0, ge=0)


class Whole(Part):
    """How many organisations a sector has in all: column `value` of `file` where `measure` is this text."""

    file: str
    measure: str


class Sector(Part):
    """Where one sector's totals come from: a `count` of a register, or `totals` found elsewhere.

    The totals of its ranges must add up to its `whole`, where one is known, as nearly as their `spread` allows.
    """

    sector: str
    count: Count | None = None
    totals: tuple[Total, ...] = ()
    whole: Whole | None = None
    reference_date: Said
    source: Said
    licence: Said
    note: str = ""

    @model_validator(mode="after")
    def _one_way_only(self):
        if (self.count is None) == (not self.totals):
            raise ValueError("give either `count` or `totals`")
        if self.count and self.whole:
            raise ValueError("`whole` is for `totals`: a count is of the whole register")
        for total in self.totals:
            if total.below is not None and total.below <= total.at_least:
                raise ValueError(f"total {total.label!r}: its range of sizes is empty")
        return self


class Population(Part):
    """The organisations that a weighted share speaks for."""

    label: Said
    sectors: Annotated[tuple[Sector, ...], Field(min_length=1)]


class Populations(Part):
    """Everything that population.yaml says."""

    populations: dict[str, Population]


def load_populations(folder):
    """Read and check population.yaml of a folder. Raises InputProblem at its first fault."""
    return load_model(Path(folder) / POPULATION_FILE, Populations, "file of population totals")


def population_cells(population, *, folder, codebook):
    """The cells of one population and how many organisations each holds.

    Columns: `cell` (the ids of its size bands, joined by +), `label`, `sector`, `total` (organisations), `low` and
    `high` (the total less and plus its spread and lag), `kind` (`counted` from a register, `published`, or `derived`
    from published shares), `reference_date`, `source`, `licence`, `note`, `at_least` (its least size); rows in the
    codebook's order of bands. Raises InputProblem for an unknown population or sector, for a file, column or total that
    is not there, and for a size band that is cut by a total's range or counted in two of them.
    """
    path = Path(folder) / POPULATION_FILE
    known = load_populations(folder).populations
    if population not in known:
        raise InputProblem("there is no such population", file=path, found=population, allowed=sorted(known))
    sectors = {a.id for a in codebook.question(codebook.sector).answers}
    rows = []
    for sector in known[population].sectors:
        if sector.sector not in sectors:
            raise InputProblem(
                "no such sector in the codebook", file=path, found=sector.sector, allowed=sorted(sectors)
            )
        bands = [a for a in codebook.question(codebook.size_band).answers if a.band and a.band.sector == sector.sector]
        find = _counted if sector.count else _published
        origin = sector.model_dump(include={"sector", "reference_date", "source", "licence", "note"})
        rows += [cell | origin for cell in find(sector, bands, Path(folder))]
    cells = pd.DataFrame(rows, columns=CELL_COLUMNS)
    _check_each_band_once(cells, path)
    order = {a.id: i for i, a in enumerate(codebook.question(codebook.size_band).answers)}
    first_band = cells["cell"].str.split(BAND_SEPARATOR, regex=False).str[0]
    return cells.sort_values("cell", key=lambda _: first_band.map(order), ignore_index=True)


def shift_totals(cells, totals):
    """The cells with their totals moved within the range that their sources leave them (`low` to `high`).

    `published` leaves them; `fewer` and `more` take every total's low or high end; `more_small` and `more_large` change
    the mix of a sector, whose own total is kept: its smallest cell goes towards the high or the low end of its range
    and the others towards the opposite one, as far as both sides have room. Smallest is by size (`at_least`, which is
    left out then), in whichever order the codebook has its bands. A counted total has no range and stays. Raises
    InputProblem for another way.
    """
    if totals not in SHIFTS:
        raise InputProblem(
            "weight.totals: no such way of moving totals", file="params.yaml", found=totals, allowed=SHIFTS
        )
    smallest = cells["at_least"].eq(cells.groupby("sector")["at_least"].transform("min"))
    cells = cells.drop(columns="at_least")
    if totals in ("published", "fewer", "more"):
        return cells.assign(total=cells[{"published": "total", "fewer": "low", "more": "high"}[totals]])
    grows = (smallest == (totals == "more_small")).rename("grows")
    room = (cells["high"] - cells["total"]).where(grows, cells["total"] - cells["low"])
    sides = room.groupby([cells["sector"], grows]).sum().unstack(fill_value=0.0)
    moved = cells["sector"].map(sides.min(axis="columns") if len(sides.columns) == 2 else sides.iloc[:, 0] * 0)
    part = room / room.groupby([cells["sector"], grows]).transform("sum").where(lambda total: total > 0, 1)
    return cells.assign(total=cells["total"] + (moved * part).where(grows, -moved * part))


def cell_of_band(cells):
    """Which cell each size band belongs to: a dict from band id to cell id."""
    return {band: cell for cell in cells["cell"] for band in cell.split(BAND_SEPARATOR)}


def _check_each_band_once(cells, path):
    bands = [band for cell in cells["cell"] for band in cell.split(BAND_SEPARATOR)]
    for repeated in sorted({b for b in bands if bands.count(b) > 1}):
        raise InputProblem("two totals take in the same size band", file=path, found=repeated)


def _counted(sector, bands, folder):
    """One cell per size band: the register's rows whose size lies in it."""
    count = sector.count
    path = folder / count.file
    register = _columns(folder, count.file, [count.id, count.size, *count.keep])
    for column, values in count.keep.items():
        # A blank or a capital letter is no reason to leave an organisation out.
        texts = register[column].map(fold)
        for value in values or [""]:
            if not texts.eq(fold(value)).any():
                raise InputProblem("no row that is left has this", file=path, column=column, found=value)
        known = [fold(value) for value in (*values, *count.leave.get(column, ()))]
        if column in count.leave and not texts.isin(known).all():
            row = texts.index[~texts.isin(known)][0]
            allowed = [*values, *count.leave[column]]
            what = "the register's organisations are neither counted nor left out for this"
            found = register.at[row, column]
            raise InputProblem(what, file=path, row=row, column=column, found=found, allowed=allowed)
        register = register[texts.isin([fold(value) for value in values])]
    if register.empty:
        raise InputProblem("the register has no rows", file=path)
    _check_counted_once(register, count, path)
    sizes = pd.to_numeric(register[count.size])
    inside = {band.id: (sizes >= band.band.at_least) & (sizes < _upper(band.band)) for band in bands}
    nowhere = register[~pd.DataFrame(inside, index=register.index).any(axis=1)]
    if len(nowhere):
        raise InputProblem(
            "the organisation's size is in no size band of the codebook",
            file=path,
            row=nowhere.index[0],
            column=count.size,
            found=nowhere[count.size].iloc[0],
        )
    return [_cell([b], label=b.label, total=int(inside[b.id].sum()), spread=0, kind="counted") for b in bands]


def _check_counted_once(register, count, path):
    """Raise InputProblem for an organisation that has no id or that of another, or whose size is no whole number."""
    ids = register[count.id].map(fold)
    at_fault = (
        (ids.eq(""), count.id, "an organisation has no id", ""),
        (ids.duplicated(), count.id, "the same organisation stands twice", "leave one of them"),
        (~register[count.size].str.fullmatch(HOW_MANY).astype(bool), count.size, "a size is a whole number", ""),
    )
    for faulty, column, what, do in at_fault:
        if faulty.any():
            row, found = faulty.idxmax(), register.loc[faulty.idxmax(), column]
            raise InputProblem(what, file=path, row=row, column=column, found=found, do=do or None)


def _published(sector, bands, folder):
    """One cell per published range: the size bands that lie inside it."""
    cells = []
    for total in sector.totals:
        place = f"sector {sector.sector}, total {total.label!r}"
        inside = [b for b in bands if b.band.at_least >= total.at_least and _upper(b.band) <= _upper(total)]
        meeting = [b for b in bands if b.band.at_least < _upper(total) and total.at_least < _upper(b.band)]
        if not inside or inside != meeting:
            raise InputProblem(
                f"{place}: its range of sizes must be made of whole size bands of the codebook",
                file=folder / POPULATION_FILE,
                found=[b.id for b in meeting],
            )
        value = _value(folder, total.file, total.measure)
        off = total.spread + total.lag
        if off >= value:
            what = f"{place}: it may be off by {off:g}, which leaves nothing of the {value:g} that are published"
            raise InputProblem(what, file=folder / POPULATION_FILE, do="correct `spread` or `lag`")
        cells.append(
            _cell(inside, label=total.label, total=value, spread=off, kind="derived" if total.spread else "published")
        )
    if sector.whole:
        _check_whole(sector, sum(cell["total"] for cell in cells), folder)
    return cells


def _check_whole(sector, together, folder):
    """Raise InputProblem where a sector's totals do not add up to how many it has in all, as its file says."""
    whole, off = _value(folder, sector.whole.file, sector.whole.measure), sum(total.spread for total in sector.totals)
    if abs(together - whole) > off:
        raise InputProblem(
            f"the totals of sector {sector.sector} do not add up to {sector.whole.measure!r}",
            file=folder / sector.whole.file,
            found=f"{together:g}",
            allowed=f"{whole - off:g} to {whole + off:g}",
            do="correct the number that is wrong, or `spread` in population.yaml",
        )


def _value(folder, file, measure):
    """The number that a file gives for a measure."""
    path, table = folder / file, _columns(folder, file, ["measure", "value"])
    found = table.loc[table["measure"] == measure, "value"]
    if len(found) != 1:
        raise InputProblem(f"the total stands in {len(found)} rows and must stand in one", file=path, found=measure)
    text = found.iloc[0]
    if not HOW_MANY.fullmatch(text) or float(text) <= 0:
        raise InputProblem(
            "a total must be a whole number above 0", file=path, row=found.index[0], column="value", found=text
        )
    return float(text)


def _columns(folder, file, columns):
    """A table that must stand in the folder of totals itself and have these columns."""
    path = folder / file
    if not file or Path(file).name != file:
        what, allowed = "a file of totals stands beside this one", "the name of a file, without a folder"
        raise InputProblem(what, file=folder / POPULATION_FILE, found=file, allowed=allowed)
    table = read_cells(path, file=path)
    check_texts(table[[c for c in columns if c in table]], path, one_line=True)
    for column in columns:
        if column not in table:
            found = ", ".join(table)
            raise InputProblem("this column is missing", file=path, row=1, column=column, found=found, allowed=columns)
    return table


def _upper(range_):
    return float("inf") if range_.below is None else range_.below


def _cell(bands, *, label, total, spread, kind):
    name, at_least = BAND_SEPARATOR.join(b.id for b in bands), min(b.band.at_least for b in bands)
    held = {"total": total, "low": total - spread, "high": total + spread, "kind": kind}
    return {"cell": name, "label": label, "at_least": at_least} | held
