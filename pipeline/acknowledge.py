"""Hold published numbers to what was published: list every change of one, and stop until somebody has acknowledged it.

    python -m pipeline.acknowledge

writes reports/revisions.csv, a log that only grows: the revisions released before (data/published/revisions.csv), then
those of this run, with cause, date and name as docs/revisions.md has them. It ends with status 1 and one sentence as
long as a revision has no entry there; the cause is then worked out from dvc.lock. What would take away the hold in
silence ends it as well: numbers on record that are gone, a released wave that is not run, an entry of a revision that
nothing else knows.
"""

import sys
from io import StringIO
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.provenance import (
    GRAPH,
    LOCK,
    SETTINGS,
    commits_before_changes,
    committed,
    read_lock,
    recorded_stages,
    stage_of,
    stages_before,
)
from pipeline.revisions import (
    CHANGED,
    ENTRIES,
    LOG,
    PUBLISHED,
    as_sources,
    causes,
    changed_numbers,
    published_numbers,
    read_entries,
    read_log,
    read_made_from,
    read_released,
    released_numbers,
    sources,
    unveiled,
    with_entries,
    with_support,
    without_withheld,
)
from pipeline.tables import read_table, write_table

LISTED = "reports/revisions.csv"
LISTS = "reports/revisions"
LONGEST = 200
# How far back in the history of a wave's results a commit with the published numbers is looked for.
COMMITS = 20


def main(project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path()):
    """Stop until each revision of a published number is acknowledged in docs/revisions.md."""
    listed, entries = pending(project)
    waiting = listed[listed["acknowledged"].eq("") & listed["revision"].ne("")]
    for _, rows in waiting.groupby("revision", sort=False):
        cause, changed = cause_of(project, rows["wave"].iloc[0])
        listed.loc[rows.index, ["cause", "changed"]] = [cause, changed]
    unsaid = sorted(set(released_log(project)["revision"]) - set(entries))
    if unsaid:
        raise InputProblem("a revision that was released has lost its entry", file=ENTRIES, found=unsaid[0])
    if not len(waiting):
        # Before anything is written: what a cut log would leave is no list to publish.
        _check_entries_are_known(entries, listed, load_params(project / SETTINGS).waves.all)
    released = {wave: released_numbers(project, wave) for wave in listed["wave"].unique()}
    write_table(project / LISTED, with_support(listed, released))
    if len(waiting):
        raise unacknowledged(listed.loc[waiting.index])
    typer.echo(f"{listed['revision'].nunique()} revisions of published numbers, each acknowledged")


def pending(project):
    """The log with the revisions of this run below it, and the entries of docs/revisions.md."""
    entries, log = read_entries(project / ENTRIES), released_log(project)
    waves = [str(wave) for wave in load_params(project / SETTINGS).waves.all]
    released = _released_waves(project, log, waves)
    # What the run of a wave that is no longer listed left behind is no list of this run.
    files = {wave: project / f"{LISTS}/{wave}.csv" for wave in waves}
    for wave in released:
        if not files[wave].exists():
            what = "this wave was released, and no run has listed which of its numbers changed"
            raise InputProblem(what, file=files[wave], do="run dvc repro")
    new = [with_entries(read_log(path, CHANGED), entries) for path in files.values() if path.exists()]
    log = pd.concat([log, *new], ignore_index=True).astype("string")
    return without_withheld(log), entries


def _released_waves(project, log, waves):
    """The waves that were released, by their folders and the log. Raises InputProblem where one is held no longer."""
    folders = {path.name for path in (project / PUBLISHED).glob("*/") if not path.name.startswith(".")}
    released = sorted({*log["wave"], *folders})
    for wave in released:
        if not wave.isdecimal():
            what = "each folder here and each row of the log is of the year of a wave"
            raise InputProblem(what, file=PUBLISHED, found=wave, do="take it out, or restore its name")
        if wave not in waves:
            raise InputProblem(
                "this wave was released, and waves.all in params.yaml does not list it, so nothing would hold its "
                "numbers",
                file=f"{PUBLISHED}/{wave}",
                do="put the year back; a wave is retired by saying so in the title of its codebook",
            )
        released_numbers(project, wave)
    return released


def _check_entries_are_known(entries, listed, waves):
    """Raise InputProblem for an entry whose revision neither the log nor this run has: the log may have lost it.

    Of a wave that is not listed, and was not released here, an entry is of another survey's, and stands for nothing.
    """
    ours = [revision for revision in entries if revision.partition("-")[0] in map(str, waves)]
    for revision in ours:
        if revision not in set(listed["revision"]):
            raise InputProblem(
                f"neither {PUBLISHED}/{LOG} nor this run has the revision of this entry",
                file=ENTRIES,
                found=revision,
                do="restore the log from git if it lost rows; take the entry out if the numbers moved again, or back, "
                "before they were released",
            )


def released_log(project):
    """The revisions that were released before."""
    return read_log(project / PUBLISHED / LOG)


def unacknowledged(rows):
    """The InputProblem of revisions without an entry: the first in words, with the command that acknowledges it."""
    revision = rows["revision"].iloc[0]
    ours = rows[rows["revision"].eq(revision)]
    cause, changed = ours["cause"].iloc[0], ours["changed"].iloc[0]
    changed = changed if len(changed) <= LONGEST else changed[:LONGEST].rpartition("; ")[0] + " and more"
    numbers, shown = ours["number"].nunique(), unveiled(ours)
    withheld = f", {len(shown)} of which had been withheld (the first is {shown[0]})," if shown else ""
    others = rows["revision"].nunique() - 1
    more = f" ({others} more revisions wait)" if others else ""
    return InputProblem(
        f"{numbers} published numbers of {ours['wave'].iloc[0]} changed{withheld or ','} because of {cause} "
        f"({changed}), and nobody has acknowledged it{more}",
        file=LISTED,
        found=f"revision {revision}",
        allowed=f"revisions with an entry in {ENTRIES}",
        do=f"look at them and say why: tracker acknowledge {revision} --by NAME --why REASON",
    )


def cause_of(project, wave):
    """What changed since a wave's numbers were last as published: (kinds of cause, each by name).

    Set beside what dvc.lock records now is the last commit whose numbers are those released: a change of code that
    moved nothing is then no cause. Where none is found it is what the register says they were made from.
    """
    files = [f"reports/{wave}/{name}" for name in ("estimates.csv", "key_findings_clauses.csv")]
    lock = read_lock(project)
    stage = stage_of(lock, files[0])
    now = sources(lock, stages_before(lock, stage))
    released = read_released(project / PUBLISHED / str(wave))
    for commit in commits_before_changes(project, files, COMMITS):
        then = _committed_sources(project, commit, files, stage, released)
        if then is not None:
            return causes(then, now)
    return causes(_registered_sources(project, wave), now)


def _committed_sources(project, commit, files, stage, released):
    """The sources of a commit; None where it lacks the files, or its numbers are not those released."""
    texts = [committed(project, path, commit) for path in (*files, LOCK, GRAPH, SETTINGS)]
    if None in texts:
        return None
    then = published_numbers(*(read_table(StringIO(text), dtype="string") for text in texts[:2]))
    lock = recorded_stages(*texts[2:])
    same = stage in lock and changed_numbers(0, released, then).empty
    return sources(lock, stages_before(lock, stage)) if same else None


def _registered_sources(project, wave):
    return as_sources(read_made_from(project / PUBLISHED / str(wave)))


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
