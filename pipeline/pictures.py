"""The files of a drawing: its picture as SVG and as PNG, the table drawn as CSV, and words for who cannot see it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.codebook import Codebook
from pipeline.tables import write_bytes, write_table, write_text

FORMS = (".svg", ".png", ".csv", ".txt")


@dataclass(frozen=True)
class Drawing:
    """A finished page (`pipeline.style.Page`) with its name, its caption, its text alternative and the table drawn.

    `codebook` is the one that the table is of, where it is of one wave alone (`pipeline.tables.write_table`).
    """

    name: str
    page: Any
    caption: str
    said: str
    table: pd.DataFrame
    codebook: Codebook | None = None


def write_drawing(drawing, folder):
    """Write one Drawing into `folder`, as NAME.svg, .png, .csv and .txt. Returns its text alternative."""
    return write_drawings([drawing], folder)[drawing.name]


def write_drawings(drawings, folder):
    """Write each Drawing into `folder`, as NAME.svg, .png, .csv and .txt. Returns the text alternatives by name.

    Packing a picture's pixels leaves Python free: where `drawings` are made as they are asked for, the next is drawn
    meanwhile.
    """
    folder, said, pictures = Path(folder), {}, {}
    with ThreadPoolExecutor(max_workers=1) as beside:
        for drawing in drawings:
            name, page, words = drawing.name, drawing.page, (drawing.caption, drawing.said)
            write_bytes(folder / f"{name}.svg", page.svg(*words))
            pictures[name] = beside.submit(png, page.pixels(), page.dpi, *words)
            write_table(folder / f"{name}.csv", drawing.table, drawing.codebook)
            write_text(folder / f"{name}.txt", drawing.said)
            said[name] = drawing.said
    for name, picture in pictures.items():
        write_bytes(folder / f"{name}.png", picture.result())
    return said


def remove_others(names, folder, prefix=""):
    """Remove from `folder` the files of drawings whose names begin with `prefix` and are not among `names`."""
    for path in Path(folder).glob("*"):
        if path.suffix in FORMS and path.stem.startswith(prefix) and path.stem not in names:
            path.unlink(missing_ok=True)


def png(pixels, dpi, title, description):
    """A page's pixels as PNG bytes in at most 256 colours, with title and description and no other metadata."""
    from PIL.PngImagePlugin import PngInfo

    words = PngInfo()
    words.add_itxt("Title", title)
    words.add_itxt("Description", description)
    written = BytesIO()
    pixels.quantize(256).save(written, "png", pnginfo=words, dpi=(dpi, dpi), compress_level=6)
    return written.getvalue()
