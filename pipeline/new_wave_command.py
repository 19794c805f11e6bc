"""The command `tracker new-wave`: a new wave shown, written and put under DVC. See docs/new_wave.md."""

import logging
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from pipeline.cells import read_cells
from pipeline.codebook import load_codebook
from pipeline.deliveries import KINDS
from pipeline.harmonise import register
from pipeline.new_wave import Choices, prepare
from pipeline.new_wave_report import as_text, changes_text
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.raw import CONTACT_HISTORY, FILES, FRAME, INTERVIEWS
from pipeline.statement import blank_facts, load_facts
from pipeline.tables import BOUND_COLUMNS, write_bytes
from pipeline.texts import ITEMS, fold
from pipeline.yaml_edits import set_values

# What file managers leave in a folder that somebody has looked at.
OF_SYSTEMS = (".DS_Store", "Thumbs.db", "desktop.ini")
# Where the files as they were delivered stand, beside the raw files that were made of them.
DELIVERED = "delivered"


def with_wave(text, waves, wave, file):
    """The text of params.yaml, the `file`, with a wave among all of them, and neither rebuilt nor rehearsed.

    Raises InputProblem as `set_values` does.
    """
    changes = {}
    if wave not in waves.all:
        changes["waves", "all"] = sorted([*waves.all, wave])
    for made in ("reconstruction", "rehearsal"):
        if wave in getattr(waves, made):
            changes["waves", made] = [w for w in getattr(waves, made) if w != wave]
    return set_values(text, changes, file)


def places(wave, files, *, params, data):
    """The paths of all `contents` of a wave, whatever is in them. `files` are the paths of the delivery."""
    raw, data = Path(data) / "raw" / str(wave), Path(data)
    kept = [*(raw / DELIVERED / Path(path).name for path in files.values()), *(raw / file for file in FILES)]
    texts = [data / part / f"{wave}.yaml" for part in ("codebook", "methodology")]
    return [*kept, data / "respondents" / str(wave) / "bounds.csv", *texts, Path(params)]


def check_places(paths, wave, *, data):
    """Raise InputProblem, before anything is read or written, at what is in the way of a wave's `places`.

    That is a folder where a file is to stand, a file where a folder is to, and a file in the wave's folders that is
    neither of the wave nor of an earlier delivery: the folders hold nothing else afterwards, and nothing that somebody
    put there may be lost.
    """
    folders = _folders(wave, data)
    for path in [*paths, *(Path(f"{folder}.dvc") for folder in folders)]:
        if path.is_dir():
            what = "a folder stands where this file is to be written"
            raise InputProblem(what, file=path.as_posix(), do="move it away")
        above = next(p for p in path.parents if p.exists() or p.is_symlink())
        if not above.is_dir():
            what = "this is no folder, and files are to be written in it"
            raise InputProblem(what, file=above.as_posix(), do="move it away")
    # What stages make of a wave that is no survey's, and what a writer that was killed has left.
    made = {Path(data) / "respondents" / str(wave) / "respondents.csv", *(Path(f"{path}.part") for path in paths)}
    for path in sorted(path for folder in folders for path in folder.rglob("*") if not path.is_dir()):
        of_delivery = path.parent == folders[0] / DELIVERED and path.suffix.lower() in KINDS
        if path not in made and path not in paths and path.name not in OF_SYSTEMS and not of_delivery:
            what = "this file is no part of the wave, and its folder is to hold nothing else"
            raise InputProblem(what, file=path.as_posix(), do="move it away")


def _folders(wave, data):
    """The folders of a wave that DVC keeps, that of the raw files first."""
    return [Path(data) / part / str(wave) for part in ("raw", "respondents")]


def contents(ready, files, *, params, data):
    """What a Wave is on disk: {path: bytes}. `files` are the paths of the delivery, by raw file."""
    wave, raw = ready.codebook.wave, Path(data) / "raw" / str(ready.codebook.wave)
    settings = with_wave(Path(params).read_text(encoding="utf-8"), load_params(params).waves, wave, params)
    found = {raw / DELIVERED / Path(path).name: Path(path).read_bytes() for path in files.values()}
    for table, file in zip(ready.fieldwork, FILES, strict=True):
        found[raw / file] = _csv(table)
    # `analyse` asks for what a reconstruction leaves open: of what was measured there is nothing.
    found[Path(data) / "respondents" / str(wave) / "bounds.csv"] = _csv(pd.DataFrame(columns=BOUND_COLUMNS))
    found[Path(data) / "codebook" / f"{wave}.yaml"] = ready.text.encode("utf-8")
    found[Path(params)] = settings.encode("utf-8")
    facts, book = Path(data) / "methodology" / f"{wave}.yaml", Path(data) / "codebook" / f"{wave}.yaml"
    # What was said of a rehearsal or a reconstruction is not so of the interviews that take its place.
    stays = facts.exists() and (not book.exists() or load_codebook(book).kind == "fieldwork")
    found[facts] = facts.read_bytes() if stays else blank_facts(wave).encode("utf-8")
    return found


def still_to_say(ready, *, data):
    """What a person has to write before the stages can run to their end: breaks in series, and who asked whom."""
    wave, path = ready.codebook.wave, Path(data) / "methodology" / f"{ready.codebook.wave}.yaml"
    if ready.before is not None:
        try:
            register({ready.before.wave: ready.before, wave: ready.codebook})
        except InputProblem as problem:
            yield str(problem).removesuffix(".")
    try:
        load_facts(path, wave)
    except InputProblem:
        yield f"{path.as_posix()}: say who asked whom, how and when; the edition waits for it"


def replaced(ready, new, *, data, replace, simulated=False):
    """What a delivery changes that takes the place of another one: a line for each raw file, and one if it is released.

    `new` are the contents of the wave. Raises InputProblem if another delivery of the wave stands there, or raw files
    that are neither this one's nor `simulated`, and `replace` does not say that they may go.
    """
    wave, raw = ready.codebook.wave, Path(data) / "raw" / str(ready.codebook.wave)
    delivered = {path: path.read_bytes() for path in (raw / DELIVERED).glob("*") if path.is_file()}
    other = delivered and delivered != {p: b for p, b in new.items() if p.parent.name == DELIVERED}
    files = [] if simulated else [raw / file for file in FILES if (raw / file).exists()]
    by_hand = [path for path in files if path.read_bytes() != new[path]]
    if not (other or by_hand):
        return []
    if not replace:
        what = f"another delivery of {wave} stands there" if other else "it is not what the delivery gives"
        where = raw / DELIVERED if other else by_hand[0].as_posix()
        raise InputProblem(what, file=where, do="say --replace if this one takes its place")
    gone = [f"  {DELIVERED}/{path.name}: goes" for path in sorted(delivered) if path not in new]
    told = [f"Replaces {raw.as_posix()}:", *gone]
    for table, file in zip(ready.fieldwork, FILES, strict=True):
        told.append(f"  {file}: {changes_text(read_cells(raw / file), table) if (raw / file).exists() else 'new'}")
    if (Path(data) / "published" / str(wave)).exists():
        told.append(f"Numbers of {wave} are released: dvc repro will list those that change, and wait for a reason.")
    return [*told, ""]


def write(ready, new, *, params="params.yaml", data="data"):
    """Write a Wave's `contents` and put them under DVC; returns the paths that changed, none if all stood there.

    The folders of the wave hold nothing else afterwards: `check_places` has seen that nothing of another's is there.
    """
    wave = ready.codebook.wave
    folders = _folders(wave, data)
    there = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    changed = [path for path, content in new.items() if not path.exists() or path.read_bytes() != content]
    stale = [path for path in there if path not in new]
    untracked = [folder for folder in folders if not Path(f"{folder}.dvc").exists()]
    if not (changed or stale or untracked):
        return []
    _check_project(Path(params).parent)
    for path in stale:
        path.unlink()
    for path in changed:
        path.unlink(missing_ok=True)  # DVC may have linked it to its cache
        write_bytes(path, new[path])
    keep(folders, Path(params).parent)
    return [*changed, *(Path(f"{folder}.dvc") for folder in folders)]


def _check_project(root):
    """Raise InputProblem, before anything is written, where there is no DVC project to keep it."""
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    try:
        Repo(root).close()
    except NotDvcRepoError:
        raise InputProblem("this is no project of DVC", file=root, do="run it where dvc.yaml is") from None


def keep(folders, root):
    """Put folders of the project at `root` under DVC."""
    from dvc.repo import Repo  # takes a second to load, and --check needs none of it

    logging.getLogger("dvc").setLevel(logging.WARNING)  # it would say what to do with git, of its own files only
    with Repo(root) as repo:
        repo.add([str(Path(folder).resolve()) for folder in folders])


def main(
    wave: Annotated[int, typer.Argument(help="Year of the wave.", min=1000, max=9999)],
    export: Annotated[Path, typer.Argument(help="The interviews: CSV, Excel (.xlsx), SPSS (.sav) or Parquet.")],
    frame: Annotated[Path | None, typer.Option(help="The organisations and contacts approached.")] = None,
    history: Annotated[Path | None, typer.Option(help="The attempts to reach them.")] = None,
    same: Annotated[list[str] | None, typer.Option(help="COLUMN=NAME: another name of a question or column.")] = None,
    leave_out: Annotated[list[str] | None, typer.Option(help="A column that is none of the survey's.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of the interviews, in an Excel workbook.")] = None,
    frame_sheet: Annotated[str | None, typer.Option(help="That of the frame; it may be the same workbook.")] = None,
    history_sheet: Annotated[str | None, typer.Option(help="That of the attempts.")] = None,
    codes_are_right: Annotated[bool, typer.Option("--codes-are-right", help="They look swapped, and are not.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier delivery of the wave.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing.")] = False,
    params: Annotated[Path, typer.Option(help="Settings file.")] = Path("params.yaml"),
    data: Annotated[Path, typer.Option(help="Folder that holds codebook/ and raw/.")] = Path("data"),
):
    """Take in a new wave: draft its codebook, place its export in data/raw under DVC, add it to the settings.

    See docs/new_wave.md. Ends with status 1 and one sentence, and writes nothing, where something cannot be placed.
    """
    meant = _meant(same or [])
    sheets = _given({INTERVIEWS: sheet, FRAME: frame_sheet, CONTACT_HISTORY: history_sheet})
    files = _given({INTERVIEWS: export, FRAME: frame, CONTACT_HISTORY: history})
    _check_files(files, sheets)
    check_places(places(wave, files, params=params, data=data), wave, data=data)
    choices = Choices(meant, tuple(leave_out or ()), sheets, codes_are_right)
    ready = prepare(wave, files, params=params, data=data, choices=choices)
    ready.to_decide.extend(still_to_say(ready, data=data))
    typer.echo(as_text(ready) + "\n")
    new = contents(ready, files, params=params, data=data)
    waves = load_params(params).waves
    simulated = wave in (*waves.reconstruction, *waves.rehearsal)
    for line in replaced(ready, new, data=data, replace=replace, simulated=simulated):
        typer.echo(line)
    if check:
        typer.echo("Nothing was written (--check).")
        return
    written = write(ready, new, params=params, data=data)
    if not written:
        typer.echo("All of it stood there already: nothing was written.")
        return
    typer.echo("Written:\n" + "\n".join(f"  {path}" for path in written))
    typer.echo("Next: decide what is left, in the codebook; then `dvc repro`.")


def _meant(texts):
    """What columns are, {column: name}, as `--same` says. Raises InputProblem where it says nothing or two things."""
    meant = {}
    for text in texts:
        column, _, name = (part.strip() for part in text.partition("="))
        if not (column and name):
            raise InputProblem("--same: give COLUMN=NAME", found=column)
        _, before = meant.setdefault(fold(column), (column, name))
        if before != name:
            what, do = f"--same: the column {column} is said to be two", "keep one of them"
            raise InputProblem(what, found=ITEMS.join((before, name)), do=do)
    return dict(meant.values())


def _given(options):
    return {name: value for name, value in options.items() if value is not None}


def _check_files(files, sheets):
    """Raise InputProblem for a sheet without its file, and for two files that cannot be kept side by side."""
    for name, option in ((FRAME, "--frame"), (CONTACT_HISTORY, "--history")):
        if name in sheets and name not in files:
            raise InputProblem(f"{option}-sheet: {option} names no file", found=sheets[name])
    paths = {Path(path).resolve() for path in files.values()}
    names = [path.name for path in paths]
    for path in sorted(paths):
        if names.count(path.name) > 1:
            what = "two files of the delivery have this name, and are to be kept side by side"
            raise InputProblem(what, found=path.name, do="rename one of them")


def _csv(table):
    return table.to_csv(index=False, lineterminator="\n").encode("utf-8")
