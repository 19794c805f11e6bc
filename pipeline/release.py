"""The commands `tracker release` and `tracker acknowledge`: what is published, and why some of it changed."""

from datetime import date as day
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from pipeline.acknowledge import cause_of, pending, released_log
from pipeline.carried_over import stop_at_unjudged
from pipeline.codebook import load_codebook
from pipeline.files import write_text
from pipeline.named import check_entries, known_of, stop_at_named
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.provenance import is_recorded, read_lock, stage_of, stages_before
from pipeline.raw import FRAME
from pipeline.revisions import (
    ENTRIES,
    LOG,
    MADE_FROM,
    NUMBERS,
    PUBLISHED,
    as_table,
    changed_numbers,
    check_entry,
    entry_text,
    read_entries,
    read_numbers,
    released_before,
    released_numbers,
    sources,
    with_entries,
    without_withheld,
)
from pipeline.tables import write_table

RAW = "data/raw"
Project = Annotated[Path, typer.Option(help="Folder of the project.")]


def acknowledge(
    revision: Annotated[str, typer.Argument(help="The revision, as the failing stage names it.")],
    by: Annotated[str, typer.Option(help="Who has looked at the changes.")],
    why: Annotated[str, typer.Option(help="Why the numbers changed, in a sentence for readers.")],
    date: Annotated[str, typer.Option(help="Day of the acknowledgement; today, if not given.")] = "",
    project: Project = Path(),
):
    """Write the entry of a revision into docs/revisions.md; `dvc repro` then goes on."""
    listed, entries = pending(project)
    ours = listed[listed["revision"].eq(revision)]
    if ours.empty:
        waiting = sorted(set(listed.loc[listed["acknowledged"].eq(""), "revision"])) or "none waits"
        raise InputProblem("there is no such revision", found=revision, allowed=waiting)
    if revision in entries:
        typer.echo(f"{revision} is acknowledged already; nothing was changed.")
        return
    cause, changed = cause_of(project, ours["wave"].iloc[0])
    said = {"by": by, "why": why, "date": date or day.today().isoformat(), "cause": cause, "changed": changed}
    entry, path = {field: " ".join(text.split()) for field, text in said.items()}, project / ENTRIES
    check_entry(entry, path)
    _stop_at_respondents(entry, project, ours["wave"].iloc[0])
    whole = path.read_text(encoding="utf-8").rstrip("\n") + "\n\n" + entry_text(revision, **entry)
    write_text(path, whole)
    typer.echo(f"{ENTRIES}: {ours['number'].nunique()} changed numbers acknowledged, cause {cause}. Next: dvc repro")


def _stop_at_respondents(entry, project, wave):
    """Raise InputProblem for an entry, which is published, that names an organisation of the wave or holds a contact.

    Beside the old and the new numbers it would give the organisation's answer away. Those of a reconstruction are
    nobody. Where the wave's frame is not on this machine only contact details are known.
    """
    if load_params(project / "params.yaml").waves.kind(int(wave)) != "reconstruction":
        # What changed is not typed here, but worked out.
        stop_at_named({field: entry[field] for field in ("why", "by")}, known_of(project / RAW / wave / FRAME), wave)


def release(
    wave: Annotated[int, typer.Argument(help="Year of the wave whose numbers are out.")],
    project: Project = Path(),
):
    """Put a wave's numbers on record as published: from now on a run that changes one must be acknowledged."""
    waves = load_params(project / "params.yaml").waves
    if waves.kind(wave) == "rehearsal":
        raise InputProblem("a rehearsal is never published", found=wave, allowed="waves that are no rehearsal")
    check_entries(project / ENTRIES, project / RAW, waves)
    path = project / f"data/codebook/{wave}.yaml"
    stop_at_unjudged(load_codebook(path), path)
    lock, file = read_lock(project), f"reports/{wave}/estimates.csv"
    stage = stage_of(lock, file)
    if stage is None or not is_recorded(project, lock, file):
        raise InputProblem("this is not what the last run made", file=file, do="run dvc repro first")
    _check_up_to_date(project, stage, file)
    folder, now = project / PUBLISHED / str(wave), read_numbers(project / f"reports/{wave}")
    before = released_numbers(project, wave)
    changed = changed_numbers(wave, before, now, taken=released_before(project, wave))
    changed = with_entries(changed, read_entries(project / ENTRIES))
    if changed["acknowledged"].eq("").any():
        revision = changed["revision"].iloc[0]
        what = "numbers that were published have changed, and nobody has acknowledged it"
        raise InputProblem(what, found=f"revision {revision}", do="run dvc repro, which says what to do")
    if len(changed):
        log = pd.concat([released_log(project), changed], ignore_index=True)
        write_table(project / PUBLISHED / LOG, without_withheld(log))
    write_table(folder / NUMBERS, now)
    write_table(folder / MADE_FROM, as_table(sources(lock, stages_before(lock, stage)), len(now)))
    first = "first release" if before is None else f"{changed['number'].nunique()} changed since the last release"
    typer.echo(f"{len(now):,} numbers of {wave} are on record as published: {first}. Next: dvc repro, and commit")


def _check_up_to_date(project, stage, file):
    """Raise InputProblem where what a stage rests on is not what the last run used: a setting, a file, its code."""
    from dvc.repo import Repo  # takes a second to load

    with Repo(project) as repo:
        changed = repo.status(targets=[stage], with_deps=True)
    if changed:
        what = "what this rests on has changed since it was made, or is not here"
        raise InputProblem(what, file=file, found=f"stages {', '.join(changed)}", do="run dvc repro first")
