"""The edition: its first page, the tracker, the documents and the style, around the pages that `typeset` set.

Reads reports/waves (each wave's contents.json), reports/tracker where there is one, and docs; writes reports/index.html
and reports/pages. The site opens from disk and asks nothing of the network.
"""

import json
import posixpath
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.codebook import load_codebook
from pipeline.datapackage import NAME, datapackage, resources
from pipeline.files import as_json, read_text, write_text
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.revisions import SUPPORTED, read_log
from pipeline.site import KINDS, markdown, page, slug
from pipeline.templating import TEMPLATES
from pipeline.tracker_pages import tracker_parts
from pipeline.typeset import CONTENTS, TABLES, write_pages

UP = "../"
# What is written for whoever reads the edition; all other documents are for those who make it.
READERS = ("edition.md", "methodology.md", "auditing.md", "revisions.md")
DOCUMENTS, TRACKER, STYLE = "documents.html", "tracker.html", "style.css"


def edition(waves, documents, tracker, title, revised=()):
    """The edition's own pages as {name below reports/: text}.

    `waves` are the contents of each wave in order, `documents` {path below docs/: text in Markdown}, `tracker` what
    `tracker_parts` found (None without one), `title` the edition's name, `revised` what `revisions_of` counts.
    """
    lead = leading(waves)
    own = [DOCUMENTS, TRACKER, *(notebook["page"] for notebook in (tracker or {}).get("notebooks", ()))]
    told = read_documents(documents, own)
    shared = {"edition": title, "rehearsal": lead["rehearsal"], "waves": waves, "tracker": tracker}
    first = {"lead": lead, "supports": KINDS[lead["kind"]], "documents": in_groups(told), "revised": revised}
    pages = {"index.html": page("index.html", "", **shared, **first)}
    listing = page("documents.html", UP, **(shared | {"rehearsal": False}), documents=in_groups(told))
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
    pages[f"pages/{STYLE}"] = (TEMPLATES / "site" / "site.css").read_text(encoding="utf-8")
    return pages


def in_groups(told):
    """The documents in groups [{title, documents}]: those for readers in their order, then all others by title."""
    first = sorted((d for d in told if d["path"] in READERS), key=lambda d: READERS.index(d["path"]))
    groups = [("Documents for readers", first), ("For those who run it", [d for d in told if d not in first])]
    return [{"title": title, "documents": documents} for title, documents in groups if documents]


def revisions_of(log):
    """How many revisions there were of each wave after it was published: [{wave, revisions}]."""
    return [{"wave": wave, "revisions": int(n)} for wave, n in log.groupby("wave")["revision"].nunique().items()]


def leading(waves):
    """The wave that the first page tells of: the last that is no rehearsal, or the last where all are."""
    real = [wave for wave in waves if not wave["rehearsal"]]
    return (real or waves)[-1]


def read_documents(documents, own):
    """The documents as pages: [{page, path, title, html, contents}], links among them leading to their pages.

    `own` are the pages that the edition has beside them.
    """
    pages = pages_of(documents, own)
    told = []
    for path, text in documents.items():
        html, headings = markdown(text, link=lambda url, path=path: document_link(url, path, pages))
        title = next((h["text"] for h in headings if h["level"] == 1), path)
        contents = [h for h in headings if h["level"] == 2]
        told.append({"page": pages[path], "path": path, "title": title, "html": html, "contents": contents})
    return sorted(told, key=lambda document: document["title"])


def pages_of(documents, own):
    """The page of each document: {path: page}. Raises InputProblem where it would overwrite another page."""
    pages, taken = {}, {page.lower(): "the edition itself" for page in own}
    for path in documents:
        # Some disks take names for one that differ in their letter case alone.
        page = page_of(path)
        if (other := taken.setdefault(page.lower(), path)) != path:
            what = f"its page would take the place of another, that of {other}"
            raise InputProblem(what, file=f"docs/{path}", found=page, do="call the document or its folder otherwise")
        pages[path] = page
    return pages


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
    """The description of every published table, for reports/datapackage.json: the waves', the tracker's, revisions."""
    found = [json.loads((Path(folder) / str(wave) / TABLES).read_text(encoding="utf-8")) for wave in waves]
    tables = [table for wave in found for table in wave.pop("tables")]
    reports = tracker.parent
    return datapackage(title, found, [*tables, *resources(reports, tracker.name), *resources(reports, "revisions.csv")])


def main(
    params: Annotated[Path, typer.Option(help="Settings file.")] = Path("params.yaml"),
    reports: Annotated[Path, typer.Option(help="Folder of all that is published.")] = Path("reports"),
    docs: Annotated[Path, typer.Option(help="Folder of the documents.")] = Path("docs"),
    data: Annotated[Path, typer.Option(help="Folder that holds codebook/.")] = Path("data"),
):
    """Make the edition's first page and all that stands beside the waves: reports/index.html and reports/pages."""
    settings = load_params(params)
    waves = read_waves(reports / "waves", settings.waves.all)
    documents = {p.relative_to(docs).as_posix(): read_text(p) for p in sorted(docs.rglob("*.md"))}
    revised = revisions_of(read_log(reports / "revisions.csv", SUPPORTED))
    books = {w: load_codebook(data / "codebook" / f"{w}.yaml") for w in settings.waves.all}
    tracker = tracker_parts(reports / "tracker", books, settings.figures.basis)
    made = edition(waves, documents, tracker, settings.publish.title, revised)
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
