"""What `make` looks at first: whether settings, populations and codebooks can be read, and agree.

And whether the reasons for revisions name nobody: that takes a wave's frame, which no stage of revisions reads.
"""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.carried_over import carried_respondents, left_out, stop_at_carried_head, stop_at_unjudged
from pipeline.codebook import load_codebook
from pipeline.findings import check_placeholders
from pipeline.harmonise import register
from pipeline.named import check_entries
from pipeline.params import load_params
from pipeline.population import POPULATION_FILE, load_populations, population_cells
from pipeline.problems import InputProblem
from pipeline.rehearse import check_truth
from pipeline.revisions import ENTRIES
from pipeline.statement import load_facts


def check(params, codebooks):
    """Read the settings and the codebook of each wave in them; returns the codebooks by wave.

    Raises InputProblem at the first fault of either, for a codebook of another wave or with records of another kind
    than the settings say, for interviews under the title or source of an earlier wave, for a finding's text that cannot
    be filled in, and for a rehearsal whose truth names what its codebooks have not.
    """
    settings = load_params(params)
    waves, books = settings.waves, {}
    for wave in waves.all:
        path = Path(codebooks) / f"{wave}.yaml"
        book = books[wave] = load_codebook(path)
        if book.wave != wave:
            raise InputProblem("wave: the codebook is of another wave", file=path, found=book.wave, allowed=str(wave))
        if book.kind != waves.kind(wave):
            what = f"kind: {params} says otherwise"
            raise InputProblem(what, file=path, found=book.kind, allowed=waves.kind(wave))
        stop_at_carried_head(book, _before(books, wave), path)
        check_placeholders(book, path)
    for wave in waves.rehearsal:
        _check_rehearsal(settings.rehearse, wave, books, params)
    return books


def _before(books, wave):
    """The codebooks of the waves before one, the newest last."""
    return [books[w] for w in sorted(books) if w < wave]


def _check_rehearsal(truth, wave, books, params):
    if truth is None:
        what = f"wave {wave} is a rehearsal, and the section `rehearse` is empty"
        raise InputProblem(what, file=params, do="fill it in, or take the wave off the list")
    earlier = [w for w in books if w < wave]
    if truth.before not in earlier:
        what = f"rehearse.before: no wave before {wave}"
        raise InputProblem(what, file=params, found=truth.before, allowed=earlier)
    check_truth(truth, None, before=books[truth.before], codebook=books[wave])


def check_populations(params, totals):
    """Raise InputProblem for a population that the settings name and population.yaml, in the folder `totals`, lacks."""
    settings, known = load_params(params), sorted(load_populations(totals).populations)
    for section, names in (("weight", [settings.weight.population]), ("vary", settings.vary.population)):
        for name in names:
            if name not in known:
                what = f"{section}.population: {POPULATION_FILE} has no such population"
                raise InputProblem(what, file=params, found=name, allowed=known)


def check_totals(params, books, totals):
    """Make the cells of every population that the settings name, by each wave's Codebook, as *weight* will.

    Raises InputProblem at the first file or number of theirs that cannot be used.
    """
    settings = load_params(params)
    for book in books.values():
        for name in dict.fromkeys([settings.weight.population, *settings.vary.population]):
            population_cells(name, folder=totals, codebook=book)


def unsaid(books, methodology):
    """What *describe* will stop at in the waves' files in the folder `methodology`: a sentence for each such file.

    That is no fault yet: a wave can be looked at before its methodology is written.
    """
    found = []
    for wave in books:
        try:
            load_facts(Path(methodology) / f"{wave}.yaml", wave)
        except InputProblem as problem:
            found.append(str(problem))
    return found


def to_look_at(books, codebooks, released=()):
    """What a person has to look at before a wave of interviews is released: sentences.

    `books` are Codebooks by wave, from the folder `codebooks`; waves that are `released` have been looked at. None of
    it is a fault: whoever is to judge a draft wants to see first what comes of it.
    """
    found = []
    for wave, book in books.items():
        path, earlier = Path(codebooks) / f"{wave}.yaml", _before(books, wave)
        try:
            stop_at_unjudged(book, path)
        except InputProblem as problem:
            found.append(f"tracker release will stop: {problem}")
        if book.kind != "fieldwork" or not earlier or wave in released:
            continue
        if waves := carried_respondents(book, earlier):
            what = f"respondents: {book.respondents}, as in {waves[-1]}; take it out unless a report of {wave} says so"
            found.append(f"{path}: {what}.")
        found += [f"{path}: {sentence}." for sentence in left_out(book, earlier[-1])]
    return found


def main(
    params: Annotated[Path, typer.Option(help="Settings file.")] = Path("params.yaml"),
    data: Annotated[
        Path, typer.Option(help="Folder of codebook/, population/, methodology/ and, if it is here, raw/.")
    ] = Path("data"),
    revisions: Annotated[Path, typer.Option(help="The entries of revisions.")] = Path(ENTRIES),
):
    """Check settings, populations, every wave's codebook and its breaks in series, before anything is made of them.

    And that no entry of a revision names an organisation or a contact of its wave.
    """
    books = check(params, data / "codebook")
    register(books)
    check_populations(params, data / "population")
    check_totals(params, books, data / "population")
    if revisions.exists():
        # One that is gone the stage says itself.
        check_entries(revisions, data / "raw", load_params(params).waves)
    for sentence in unsaid(books, data / "methodology"):
        typer.echo(f"NOTE: stage describe will stop: {sentence}", err=True)
    for sentence in to_look_at(books, data / "codebook", [w for w in books if (data / "published" / str(w)).exists()]):
        typer.echo(f"NOTE: {sentence}", err=True)
    typer.echo(f"OK: settings, populations and codebook of {', '.join(map(str, books))}")
