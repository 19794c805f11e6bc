"""The command `tracker verify`: everything rebuilt from a clean clone and held to what is committed."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pipeline.attestation import as_text, attestation, is_same
from pipeline.files import as_json, write_text
from pipeline.problems import InputProblem
from pipeline.verify import check_ready, compare, rebuild


def main(
    attest: Annotated[
        Path | None, typer.Option("--attestation", help="JSON file to write; the same as text is written beside it.")
    ] = None,
    wave: Annotated[int | None, typer.Option(help="Only stages of this year, with what they rest on.")] = None,
    date: Annotated[str | None, typer.Option(help="Written into the attestation; no clock is read.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Empty folder for the clone, which then stays.")] = None,
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
):
    """Rebuild everything from a clean clone of the last commit and say of each published file whether it is the same.

    Takes as long as a cold run. Ends with status 0 where everything is the same, and with 1 otherwise.
    """
    check_ready(project)
    if attest is not None and attest.suffix != ".json":
        raise InputProblem("the attestation is a JSON file", file=attest, do="let its name end in .json")
    if keep is not None and keep.exists() and not keep.is_dir():
        raise InputProblem("this is no folder, and the clone needs an empty one", file=keep)
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise InputProblem("the folder for the clone is not empty", file=keep)
    with tempfile.TemporaryDirectory(prefix="verify-") as own:
        folder = own if keep is None else keep
        rebuilt = rebuild(project, folder, wave, show=lambda line: print(line, file=sys.stderr, flush=True))
        table = compare(project, rebuilt)
        attested = attestation(project, rebuilt, table, wave=wave, date=date)
    typer.echo(as_text(attested), nl=False)
    if attest is not None:
        write_text(attest, as_json(attested))
        write_text(attest.with_suffix(".txt"), as_text(attested))
    if not is_same(attested):
        raise typer.Exit(1)
