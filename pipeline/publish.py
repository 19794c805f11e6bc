"""The edition: its first page, the tracker, the documents and the style, around the pages that `typeset` set.

Reads reports/waves (each wave's contents.json), reports/tracker where there is one, and docs; writes reports/index.html
and reports/pages. The site opens from disk and asks nothing of the network.
"""

import json
import posixpath
import re
import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from pipeline import dictionary
from pipeline.datapackage import NAME, as_json, datapackage, resources
from pipeline.files import MARK, write_text
from pipeline.notebook_pages import cells_that_write, notebook_page, read_notebook
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.revisions import read_log
from pipeline.site import KINDS, TEMPLATES, markdown, own_title, page, shown_table, slug
from pipeline.tables import read_table
from pipeline.typeset import CONTENTS, TABLES, write_pages

# The headings of columns that tables of the tracker have, where the name alone would not do.
HEADINGS = {
    "n": "Organisations",
    "base": "Unweighted base",
    "n_eff": "Effective base",
    "se": "Standard error",
    "ci_low": "Interval, lower end",
    "ci_high": "Interval, upper end",
    "low": "Smallest possible",
    "high": "Largest possible",
    "label": "Answer",
    "group_label": "Group",
    "since": "Compared with",
}
UP = "../"
DOCUMENTS, TRACKER, STYLE = "documents.html", "tracker.html", "style.css"
# A table of the tracker with more rows or columns than these is not on its page.
ROWS, COLUMNS = 60, 12


def edition(waves, documents, tracker, title, revised=()):
    """The edition's own pages as {name below reports/: text}.

    `waves` are the contents of each wave in order, `documents` {path below docs/: text in Markdown}, `tracker` what
    `tracker_parts` found (None without one), `title` the edition's name, `revised` what `revised_numbers` counts.
    """
    lead = leading(waves)
    told = read_documents(documents)
    shared = {"edition": title, "rehearsal": lead["rehearsal"], "waves": waves, "tracker": tracker}
    first = {"lead": lead, "supports": KINDS[lead["kind"]], "documents": told, "revised": revised}
    pages = {"index.html": page("index.html", "", **shared, **first)}
    listing = page("documents.html", UP, **(shared | {"rehearsal": False}), documents=told)
    pages[f"pages/{DOCUMENTS}"] = listing
    for document in told:
        name = f"pages/{document['page']}"
        pages[name] = page("document.html", UP, **(shared | {"rehearsal": False}), document=document)
    if tracker:
        simulated = any(wave["rehearsal"] for wave in waves)
        shared |= {"rehearsal": simulated, "supports": list(dict.fromkeys(s for w in waves for s in KINDS[w["kind"]]))}
        pages[f"pages/{TRACKER}"] = page("tracker.html", UP, **shared)
        for notebook in tracker["notebooks"]:
            pages[f"pages/{notebook['page']}"] = page("track_notebook.html", UP, **shared, notebook=notebook)
    pages[f"pages/{STYLE}"] = (TEMPLATES / "site.css").read_text(encoding="utf-8")
    return pages


def revised_numbers(log):
    """How many numbers of each wave were changed after they were published, and in how many revisions, as mappings."""
    counts = log.groupby("wave")[["number", "revision"]].nunique()
    return [
        {"wave": w, "numbers": row.number, "revisions": row.revision}
        for w, row in zip(counts.index, counts.itertuples(), strict=True)
    ]


def leading(waves):
    """The wave that the first page tells of: the last that is no rehearsal, or the last where all are."""
    real = [wave for wave in waves if not wave["rehearsal"]]
    return (real or waves)[-1]


def read_documents(documents):
    """The documents as pages: [{page, path, title, html, contents}], links among them leading to their pages."""
    pages = {path: page_of(path) for path in documents}
    told = []
    for path, text in documents.items():
        html, headings = markdown(text, link=lambda url, path=path: document_link(url, path, pages))
        title = next((h["text"] for h in headings if h["level"] == 1), path)
        contents = [h for h in headings if h["level"] == 2]
        told.append({"page": pages[path], "path": path, "title": title, "html": html, "contents": contents})
    return told


def page_of(path):
    """The page of a document: its name, or its folder's name for a README."""
    place = Path(path)
    name = place.parent.name if place.stem == "README" and place.parent.name else place.stem
    return f"{slug(name)}.html"


def document_link(url, path, pages):
    """Where a document's link leads from its page: another page, a file of the site, or None for what is not in it."""
    if "://" in url or url.startswith(("#", "mailto:")):
        return url
    target, _, anchor = url.partition("#")
    place = posixpath.normpath(posixpath.join("docs", posixpath.dirname(path), target))
    below = place.removeprefix("docs/")
    if place.startswith("docs/") and below in pages:
        return pages[below] + (f"#{anchor}" if anchor else "")
    if place.startswith("reports/"):
        return UP + place.removeprefix("reports/")
    return None


def tracker_parts(folder):
    """What the tracker has made: pictures with their data, tables, notebooks; None where it has made nothing.

    A table stands on the page where a page can hold it, and is listed with its number of rows where not.
    """
    folder = Path(folder)
    notebooks = [_notebook(path, folder) for path in sorted(folder.rglob("*.ipynb"))]
    made = {file: link for notebook in notebooks for file, link in notebook["makes"].items()}
    pictures = [_picture(path, folder) for path in folder.rglob("*.svg") if path.with_suffix(".txt").is_file()]
    tables, others = [], []
    for path in sorted(folder.glob("*.csv")):
        table = read_table(path)
        if len(table) <= ROWS and len(table.columns) <= COLUMNS:
            tables.append(_table(path, folder) | {"made": made.get(path.name)})
        else:
            others.append({"file": path.name, "rows": f"{len(table):,}"})
    parts = {"pictures": sorted(pictures, key=_place), "tables": tables, "others": others, "notebooks": notebooks}
    return parts if pictures or tables or others else None


def _picture(path, folder):
    data = path.with_suffix(".csv")
    return {
        "id": path.stem,
        "title": own_title(path.read_text(encoding="utf-8")) or title_of(path.stem),
        "file": path.relative_to(folder).as_posix(),
        "alternative": path.with_suffix(".txt").read_text(encoding="utf-8").strip(),
        "data": _table(data, folder) if data.is_file() else None,
    }


def _place(picture):
    """Pictures stand by the numbers in their titles, those without one at the end."""
    return [int(number) for number in re.findall(r"\d+", picture["title"])[:1]] or [ROWS**9], picture["title"]


def _notebook(path, folder):
    notebook = read_notebook(path)
    pictures = {
        p.read_text(encoding="utf-8"): f"../{folder.name}/{p.relative_to(folder).with_suffix('.svg').as_posix()}"
        for p in sorted(folder.rglob("*.txt"))
    }
    page_name = f"notebook-{slug(path.stem)}.html"
    makes = {file: f"{page_name}#{slug(cell)}" for file, cell in cells_that_write(notebook).items()}
    shown = notebook_page(notebook, pictures)
    return shown | {"name": path.stem, "file": path.relative_to(folder).as_posix(), "page": page_name, "makes": makes}


def _table(path, folder):
    header = pd.read_csv(path, nrows=0).columns
    found = [column for column in header if column != MARK]
    # Where a table has the words for its ids, the page shows the words.
    ids = {"trend", "measure", "category", "break", "group"} if {"label", "group_label"} <= set(found) else set()
    columns = {c: HEADINGS.get(c, title_of(c)) for c in found if c not in ids}
    place = f"{folder.name}/{path.relative_to(folder).as_posix()}"
    shown = shown_table(path, dictionary.title_of(place) or title_of(path.stem), columns=columns, rows=ROWS)
    shown |= {"said": [dictionary.described(place, column) or "" for column in columns]}
    return shown | {"file": path.relative_to(folder).as_posix(), "rehearsal": MARK in header}


def title_of(name):
    """A file's or a column's name as a heading."""
    return name.replace("_", " ").capitalize()


def read_waves(folder, waves):
    """The contents of each of these waves, in order. Raises InputProblem naming a wave that has no pages."""
    found = []
    for wave in waves:
        path = Path(folder) / str(wave) / CONTENTS
        if not path.is_file():
            raise InputProblem(f"wave {wave} has no pages", file=path, do="run typeset first")
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def described(folder, waves, tracker, title):
    """The description of all tables published, for reports/datapackage.json: the waves' own, and the tracker's."""
    found = [json.loads((Path(folder) / str(wave) / TABLES).read_text(encoding="utf-8")) for wave in waves]
    tables = [table for wave in found for table in wave.pop("tables")]
    return datapackage(title, found, [*tables, *resources(tracker.parent, tracker.name)])


def main(
    params: Annotated[Path, typer.Option(help="Settings file.")] = Path("params.yaml"),
    reports: Annotated[Path, typer.Option(help="Folder of all that is published.")] = Path("reports"),
    docs: Annotated[Path, typer.Option(help="Folder of the documents.")] = Path("docs"),
):
    """Make the edition's first page and all that stands beside the waves: reports/index.html and reports/pages."""
    settings = load_params(params)
    waves = read_waves(reports / "waves", settings.waves.all)
    documents = {p.relative_to(docs).as_posix(): p.read_text(encoding="utf-8") for p in sorted(docs.rglob("*.md"))}
    revised = revised_numbers(read_log(reports / "revisions.csv"))
    made = edition(waves, documents, tracker_parts(reports / "tracker"), settings.publish.title, revised)
    write_pages({n.removeprefix("pages/"): text for n, text in made.items() if n != "index.html"}, reports / "pages")
    write_text(reports / "index.html", made["index.html"])
    package = described(reports / "waves", settings.waves.all, reports / "tracker", settings.publish.title)
    write_text(reports / NAME, as_json(package))
    typer.echo(f"{len(made) - 1} pages of the edition, {len(waves)} waves")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
