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
    published = Path(PUBLISHED.format(wave=wave))
    if not published.exists():
        raise InputProblem("the wave has no estimates yet", file=published, do=f"run dvc repro analyse@{wave}")
    write_bytes(SERIES.format(wave=wave), published.read_bytes())


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
