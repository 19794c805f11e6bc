"""A wave's estimates where the tracker finds those of every wave: data/series/YEAR.csv, as they were published."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.files import write_bytes
from pipeline.problems import InputProblem

PUBLISHED, SERIES = "reports/{wave}/estimates.csv", "data/series/{wave}.csv"


def main(wave: Annotated[int, typer.Option()]):
    """Copy a wave's published estimates to the others'."""
    write_bytes(SERIES.format(wave=wave), Path(PUBLISHED.format(wave=wave)).read_bytes())


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
