"""Set a wave's results as pages: the report in chapters, every number, audit, weights, notebooks, downloads.

Reads reports/YEAR as the earlier stages left it, and writes reports/waves/YEAR: pages that open from disk and ask
nothing of the network, and contents.json, from which `publish` makes the first page. Nothing is computed here.
"""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.audit_pages import audit_summary, audit_tables
from pipeline.codebook import load_codebook
from pipeline.datapackage import wave_tables
from pipeline.dictionary import title_of
from pipeline.files import as_json, whole_files, write_text
from pipeline.notebook_pages import cells_that_write, notebook_page, read_notebook
from pipeline.number_pages import measure_sections
from pipeline.params import load_params
from pipeline.plates import plate
from pipeline.points import HEADINGS, printed_points
from pipeline.printing import STATUS, level_text, percent_text, range_text, whole_text
from pipeline.problems import InputProblem
from pipeline.prose import finding_texts
from pipeline.site import KINDS, own_title, page, slug
from pipeline.tables import read_table
from pipeline.weight_pages import survival_summary, weight_tables

ROOT, DEEPER = "../../", "../../../"
INDEX, CONTENTS, TABLES = "index.html", "contents.json", "tables.json"
FIGURE_COLUMNS = {"label": "Answer", "group_label": "Group", "text": "Value", "base": "Base, n", "interval": "Interval"}


def wave_pages(codebook, report, settings):
    """Every page of a wave as {name below reports/waves/YEAR: text}, contents.json included.

    `report` is the wave's folder of results, `settings` the Params. Parts whose tables are not there (a wave that no
    report was printed of has no audit) have no page and no link.
    """
    report = Path(report)
    estimates = read_table(report / "estimates.csv")
    found = {path.stem: path for path in whole_files(report / "notebooks", "*.ipynb")}
    notebooks = {name: read_notebook(found[name]) for name in in_order(found, NOTEBOOKS)}
    made = sources(notebooks)
    contents = wave_contents(codebook, estimates, report, settings, made)
    parts = wave_parts(codebook, report)
    shared = {"wave": contents, "parts": {name: label for name, (label, _, _) in parts.items()}, "made": made}
    shared |= {"supports": KINDS[codebook.kind], "edition": settings.publish.title}
    pages = {name: page(t, ROOT, here=name, **shared, **context) for name, (_, t, context) in parts.items()}
    for measure in codebook.measures:
        context = {"measure": _measure(measure, codebook), "sections": measure_sections(estimates, codebook, measure)}
        name = f"numbers/{slug(measure.id)}.html"
        pages[name] = page("measure.html", DEEPER, here="numbers.html", **shared, **context)
    pictures = pictures_on_disk(report)
    for name, notebook in notebooks.items():
        context = {"notebook": notebook_page(notebook, pictures), "file": f"{name}.ipynb"}
        pages[f"notebooks/{name}.html"] = page("notebook.html", DEEPER, here="notebooks.html", **shared, **context)
    pages[CONTENTS] = as_json(contents)
    return pages


def wave_parts(codebook, report):
    """The parts of a wave that have something to show, in their order: {page: (label, template, what it shows)}."""
    points = {"groups": printed_points(codebook, report), "headings": HEADINGS}
    figures = {figure.id: figure_shown(figure, codebook, report) for figure in codebook.figures}
    parts = {
        INDEX: ("Report", "wave.html", {"figures": figures}),
        "numbers.html": ("All numbers", "numbers.html", {}),
        "audit.html": ("Audit", "audit.html", audit_tables(report)),
        "points.html": ("Point by point", "points.html", points if points["groups"] else None),
        "weights.html": ("Weights", "weights.html", weight_tables(report, codebook)),
        "notebooks.html": ("Notebooks", "notebooks.html", {"docs": _data_docs(report)}),
        "downloads.html": ("Downloads", "downloads.html", {"files": downloads(report)}),
    }
    return {name: part for name, part in parts.items() if part[2] is not None}


def pictures_on_disk(report):
    """The wave's pictures: {text alternative: way to the file from a notebook's page}."""
    return {
        path.read_text(encoding="utf-8"): f"{DEEPER}{report.name}/{folder}/{path.stem}.svg"
        for folder in ("figures", "weighting", "sensitivity")
        for path in whole_files(report / folder, "*.txt")
    }


def sources(notebooks):
    """Where each result was made: {file or folder name: {notebook, cell, link from the wave's first page}}."""
    return {
        file: {"notebook": name, "cell": cell, "link": f"notebooks/{name}.html#{slug(cell)}"}
        for name, notebook in notebooks.items()
        for file, cell in cells_that_write(notebook).items()
    }


def wave_contents(codebook, estimates, report, settings, made):
    """What the wave's pages and the first page say of it: names, status, findings, chapters, audit, survival."""
    notebooks = in_order((path.stem for path in whole_files(report / "notebooks", "*.ipynb")), NOTEBOOKS)
    survival = survival_summary(report)
    weak = survival["weak"] if survival else {}
    findings = finding_texts(estimates, codebook, settings.analyse.confidence, settings.figures.basis)
    return {
        "wave": codebook.wave,
        "title": codebook.title,
        "kind": codebook.kind,
        "rehearsal": codebook.kind == "rehearsal",
        "status": STATUS[codebook.kind],
        "source": codebook.source.rstrip("."),
        "respondents": whole_text(_respondents(estimates, report)),
        "basis": settings.figures.basis,
        "confidence": level_text(settings.analyse.confidence),
        "findings": [f | {"weak": weak.get(f["number"], "")} for f in findings],
        "findings_made": made.get("key_findings.csv", {}).get("link"),
        "chapters": chapters(codebook),
        "notebooks": notebooks,
        "audit": audit_summary(report),
        "survival": survival,
    }


def _respondents(estimates, report):
    """How many organisations answered: all that were weighted; where none were, those of the largest base."""
    cells = report / "weight_cells.csv"
    return read_table(cells)["respondents"].sum() if cells.exists() else estimates["n"].max()


def chapters(codebook):
    """The chapters with what stands in them; what no chapter names stands in a last one, `Other questions`."""
    placed = {w: {i for c in codebook.chapters for i in getattr(c, w)} for w in ("figures", "findings", "measures")}
    left = {w: [p.id for p in getattr(codebook, w) if p.id not in placed[w]] for w in placed}
    shown = [
        {
            "id": f"chapter-{slug(c.id)}",
            "number": c.number,
            "title": c.title,
            "lead": c.lead,
            "figures": list(c.figures),
            "findings": list(c.findings),
            "measures": [_measure(codebook.measure(m), codebook) for m in c.measures],
        }
        for c in codebook.chapters
    ]
    if any(left.values()):
        other = {
            "id": "other-questions",
            "number": None,
            "title": "Other questions" if shown else "Results",
            "lead": "",
        }
        measures = [_measure(codebook.measure(m), codebook) for m in left["measures"]]
        shown.append(other | {"figures": left["figures"], "findings": left["findings"], "measures": measures})
    return shown


def _measure(measure, codebook):
    question, base = codebook.question(measure.question), codebook.base(measure.base)
    link = f"numbers/{slug(measure.id)}.html"
    said = {"id": measure.id, "label": measure.label, "link": link, "question": question.text, "base": base.label}
    return said | {"note": question.note, "several": question.several}


def figure_shown(figure, codebook, report):
    """A figure for the page: its files, its plate and the table behind it."""
    folder = report / "figures"
    table = read_table(folder / f"{figure.id}.csv")
    rows = []
    for row in table.to_dict("records"):
        known = row["ci_low"] == row["ci_low"] and row["unit"] == "percent"
        row["interval"] = range_text(row["ci_low"], row["ci_high"], percent_text) if known else ""
        support = row["support"] if isinstance(row["support"], str) else None
        texts = ["" if row[c] != row[c] or row[c] is None else str(row[c]) for c in FIGURE_COLUMNS]
        rows.append({"cells": texts, "support": support})
    return plate(folder / f"{figure.id}.svg", STATUS[codebook.kind]) | {
        "id": figure.id,
        "number": figure.number,
        "title": figure.title,
        "folder": f"{ROOT}{codebook.wave}/figures/",
        "headings": list(FIGURE_COLUMNS.values()),
        "rows": rows,
    }


def _data_docs(report):
    return f"{ROOT}{report.name}/data_docs/index.html" if (report / "data_docs" / INDEX).is_file() else None


# What is in the files of a wave that are no tables; those have their titles in the dictionary.
FILES = {
    "metrics.json": "The numbers that two runs are compared by, with how far they are evidence",
    "tables.xlsx": "Data tables, one sheet a question (spreadsheet)",
    "tables.csv-metadata.json": "What the columns of tables.csv mean (CSVW)",
    "ddi.xml": "The questionnaire and the variables, for archives (DDI-Codebook)",
}


# What most come for, before the rest in the order of its names.
FIRST = ("tables.xlsx", "tables.csv", "key_findings.csv", "codebook.html", "methodology.html")
# What a file beside a picture is of it.
BESIDE = {".svg": "", ".png": ", as PNG", ".csv": ": the data drawn", ".txt": ", in words"}
# The notebooks in the order in which they run.
NOTEBOOKS = ("reconstruct", "validate", "clean", "weight", "analyse", "vary", "audit")


def in_order(names, first):
    """Names in the order of `first`, the others after these in their own."""
    return sorted(names, key=lambda name: (first.index(name) if name in first else len(first), name))


def downloads(report):
    """The wave's published files in groups: [{title, files: [{name, link, about, size}]}], the most wanted first."""
    groups = {}
    places = in_order((p.relative_to(report).as_posix() for p in whole_files(report)), FIRST)
    for path in map(report.joinpath, places):
        place = path.relative_to(report)
        folder = place.parts[0] if len(place.parts) > 1 else ""
        entry = {"name": place.name, "link": f"{ROOT}{report.name}/{place.as_posix()}"}
        entry |= {"about": about(path, f"{report.name}/{place.as_posix()}"), "size": size_text(path.stat().st_size)}
        groups.setdefault(folder, []).append(entry)
    titles = {"": "Tables and statements"}
    return [{"title": titles.get(f, f.replace("_", " ").capitalize()), "files": groups[f]} for f in sorted(groups)]


def about(path, place):
    """What is in a file at this place below reports/: its line in FILES, or the title of page, picture or table."""
    if path.suffix == ".html":
        return own_title(path.read_text(encoding="utf-8"))
    picture = path.with_suffix(".svg")
    if path.suffix in BESIDE and picture.is_file():
        return (own_title(picture.read_text(encoding="utf-8")) or picture.stem) + BESIDE[path.suffix]
    return FILES.get(path.name) or (title_of(place) if path.suffix == ".csv" else "") or ""


def size_text(size):
    """The size of a file for who is about to fetch it."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3)):,} KB"


def write_pages(pages, folder):
    """Write the pages into a folder, and take out what stood there before and is no page any more."""
    folder = Path(folder)
    for name, text in pages.items():
        write_text(folder / name, text)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(folder).as_posix() not in pages:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            shutil.rmtree(path)


def main(
    wave: Annotated[int, typer.Option(help="Year of the wave.")],
    params: Annotated[Path, typer.Option(help="Settings file.")] = Path("params.yaml"),
    data: Annotated[Path, typer.Option(help="Folder that holds codebook/.")] = Path("data"),
    reports: Annotated[Path, typer.Option(help="Folder that holds the wave's results.")] = Path("reports"),
):
    """Set the pages of a wave: reports/WAVE to reports/waves/WAVE."""
    codebook = load_codebook(data / "codebook" / f"{wave}.yaml")
    pages = wave_pages(codebook, reports / str(wave), load_params(params))
    pages[TABLES] = as_json(wave_tables(reports, codebook))
    write_pages(pages, reports / "waves" / str(wave))
    typer.echo(f"{len(pages) - 2} pages of wave {wave}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
