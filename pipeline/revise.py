"""List which published numbers of a wave its last run changed: reports/revisions/YEAR.csv.

Empty where nothing changed, and for a wave that was never released. That a change is acknowledged is for
`pipeline.acknowledge` to see to.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.problems import InputProblem
from pipeline.revisions import changed_numbers, read_numbers, released_before, released_numbers
from pipeline.tables import write_table


def main(
    wave: Annotated[int, typer.Option(help="Year of the wave.")],
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
):
    """Compare a wave's numbers with those that were last released."""
    now = read_numbers(project / f"reports/{wave}")
    released = released_numbers(project, wave)
    before = released_before(project, wave)
    changed = changed_numbers(wave, released, now, taken=before)
    write_table(project / f"reports/revisions/{wave}.csv", changed)
    state = "not released yet" if released is None else f"{changed['number'].nunique()} of {len(released):,} changed"
    typer.echo(f"Published numbers of {wave}: {state}; {len(before)} revisions released before")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
