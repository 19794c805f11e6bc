"""Whether a file made from a rehearsal says so."""

import json

import openpyxl
import pandas as pd
from PIL import Image

from pipeline.files import MARK, MARKED


def carries_the_mark(path):
    """Whether a file made from a rehearsal says so to whoever opens it alone."""
    if path.suffix == ".csv":
        header, *rows = pd.read_csv(path, header=None, dtype="str", keep_default_na=False).iloc[:, -1]
        return header == MARK and set(rows) <= {MARKED}
    if path.suffix == ".png":
        return MARK in Image.open(path).text["Title"] and MARK in Image.open(path).text["Description"]
    if path.suffix == ".xlsx":
        return MARK in (openpyxl.load_workbook(path, read_only=True).properties.title or "")
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        notebook = json.loads(text)
        heading = "".join(notebook["cells"][0]["source"])
        return heading.startswith(f"# {MARK} ") and MARKED in heading and notebook["metadata"]["title"].startswith(MARK)
    if path.suffix == ".json":
        held = json.loads(text)
        return held.get(MARK) == MARKED or MARK in json.dumps(held)
    if path.suffix == ".html":
        return MARK in text.partition("<body")[2] and MARK in text.partition("<title>")[2].partition("</title>")[0]
    return MARK in text
