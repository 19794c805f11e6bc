"""Follow organisations from wave to wave: who moved, and how mature each one is, for the folder of records alone.

    python -m pipeline.follow

writes data/tracker/, which names organisations and is not published; *track* publishes how many they are.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.change import marked
from pipeline.harmonise import register
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.tables import write_table
from pipeline.track import books, load_waves, profiles_of
from pipeline.transitions import transitions

SETTINGS = "params.yaml"


def main(
    params: Annotated[Path, typer.Option(help="Settings file.")] = Path(SETTINGS),
    data: Annotated[Path, typer.Option(help="Folder that holds codebook/, weighted/, series/ and tracker/.")] = Path(
        "data"
    ),
):
    """Follow the organisations of all waves: to data/tracker."""
    folders = {"codebooks": data / "codebook", "weighted": data / "weighted", "series": data / "series"}
    waves = load_waves(load_params(params).waves.all, **folders)
    moves = transitions(waves, breaks=register(books(waves)))
    profiles = profiles_of(waves)
    write_table(data / "tracker/transitions.csv", marked(moves, waves))
    write_table(data / "tracker/maturity_profiles.csv", marked(profiles, waves))
    typer.echo(f"{len(profiles)} profiles, {moves['measure'].nunique()} measures followed")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
