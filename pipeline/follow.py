"""Follow organisations from wave to wave: who moved, and how mature each one is, for the folder of records alone.

    python -m pipeline.follow

writes data/tracker/, which names organisations and is not published; *track* publishes how many they are.
"""

import sys
from pathlib import Path

import typer

from pipeline.change import marked
from pipeline.harmonise import register
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.tables import write_table
from pipeline.track import books, load_waves, profiles_of
from pipeline.transitions import transitions

SETTINGS, DATA = "params.yaml", Path("data")


def main():
    """Follow the organisations of all waves: to data/tracker."""
    folders = {"codebooks": DATA / "codebook", "weighted": DATA / "weighted", "series": DATA / "series"}
    waves = load_waves(load_params(SETTINGS).waves.all, **folders)
    moves = transitions(waves, breaks=register(books(waves)))
    profiles = profiles_of(waves)
    write_table(DATA / "tracker/transitions.csv", marked(moves, waves))
    write_table(DATA / "tracker/maturity_profiles.csv", marked(profiles, waves))
    typer.echo(f"{len(profiles)} profiles, {moves['measure'].nunique()} measures followed")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
