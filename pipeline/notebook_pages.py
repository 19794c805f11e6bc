"""Executed notebooks as pages of the site: every cell with an anchor, outputs cleaned, nothing from the network."""

import json
import re
from html import escape
from pathlib import Path

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from pipeline.provenance import files_written
from pipeline.site import clean_html, markdown

SHOWN = ("text/markdown", "text/html", "text/plain")


def read_notebook(path):
    """An executed notebook as a dictionary."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def notebook_page(notebook, pictures):
    """What the page of a notebook shows: its title, and its cells [{id, kind, html or code, outputs}].

    `pictures` are figures of the wave that stand on disk, {text alternative: way to the file from the page}: a small
    copy of one inside the notebook is shown as the file itself.
    """
    title, cells = "", []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            heading = re.match(r"# (.+)\n*", source)
            if heading and not title:
                title, source = heading[1].strip(), source[heading.end() :]
            cells.append({"id": cell["id"], "kind": "text", "html": markdown(source, before=f"{cell['id']}-")[0]})
        elif "injected-parameters" not in cell["metadata"].get("tags", []) and source.strip():
            outputs = [made for output in cell["outputs"] if (made := _output(output, pictures))]
            code = Markup(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))
            cells.append({"id": cell["id"], "kind": "code", "code": code, "outputs": outputs})
    return {"title": title, "cells": cells}


def _output(output, pictures):
    if output["output_type"] == "stream":
        return {"kind": "text", "html": "".join(output["text"]).rstrip("\n")}
    data = output.get("data", {})
    found = next((kind for kind in SHOWN if kind in data), None)
    if found is None:
        return None
    content = "".join(data[found])
    if found == "text/markdown":
        return {"kind": "prose", "html": markdown(content)[0]}
    if found == "text/html":
        return {"kind": "html", "html": clean_html(_from_disk(content, pictures))}
    return {"kind": "text", "html": content}


def _from_disk(html, pictures):
    """The HTML with each embedded picture whose alternative is known replaced by the file itself."""
    for alternative, path in pictures.items():
        said = re.escape(escape(alternative.strip()))
        html = re.sub(rf'src="data:image/png;base64,[^"]*"( alt="{said}")', rf'src="{path}"\1', html)
    return html


def cells_that_write(notebook):
    """Which cell makes which file or folder: {name: cell id}, by the last cell whose code writes it."""
    made = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            made |= dict.fromkeys(files_written("".join(cell["source"])), cell["id"])
    return made
