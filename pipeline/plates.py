"""A finished drawing as a plate of a page: title, size, a short alternative, and where a tall one is cut in print."""

import re
from itertools import pairwise
from math import ceil

from pipeline.printing import ended
from pipeline.site import own_title

# A drawing that is more than so many times as tall as wide is printed in pieces beside each other, none of them taller
# than MOST times its width: that is what a page of A4 has room for where two stand beside each other.
TALL, MOST = 2.2, 2.8
BELOW = "Described below"
# Of the height of letters, above and below the line that they stand on.
ASCENT, DESCENT = 0.8, 0.25
# How thick a line may be that is no box, and how near to a gap one is that ends it (labels of a scale reach over it).
THIN, NEAR = 2, 6


def plate(path, status=""):
    """What a page shows of the drawing at `path` (SVG), with its words beside it as .txt.

    {title, alternative (all of it, in words), short (for `alt`: title, kind, status), width, height, pieces}
    """
    svg = path.read_text(encoding="utf-8")
    said = path.with_suffix(".txt").read_text(encoding="utf-8").strip()
    title = own_title(svg) or path.stem.replace("_", " ").capitalize()
    width, height = size(svg)
    shown = {"title": title, "alternative": said, "short": short_alternative(title, said, status)}
    return shown | {"width": width, "height": height, "pieces": pieces(svg)}


def short_alternative(title, said, status=""):
    """A drawing in a line for `alt`, since all of it stands below: its title, what kind it is, what its wave is."""
    begins = f"{title}. "
    kind = said.removeprefix(begins).partition(". ")[0] if said.startswith(begins) else ""
    return " ".join(ended(part) for part in (title, kind, status, BELOW) if part)


def size(svg):
    """A drawing's width and height as its viewBox says."""
    found = re.search(r'<svg\b[^>]*\bviewBox="([^"]*)"', svg)
    _, _, width, height = map(float, found[1].split())
    return width, height


def pieces(svg):
    """The pieces that a tall drawing is printed in, [{top, height}] from its top; none where it fits as it is."""
    width, height = size(svg)
    if height <= TALL * width:
        return []
    count = max(2, ceil(height / (MOST * width)))
    free = gaps(svg)
    cuts = [0.0, *(_cut(free, height * i / count, reach=height / count / 5) for i in range(1, count)), height]
    return [{"top": top, "height": end - top} for top, end in pairwise(cuts)]


def _cut(free, wanted, reach):
    """The middle of the best of the gaps near where a cut is wanted; there itself where none is near."""
    near = [gap for gap in free if abs(gap["middle"] - wanted) <= reach]
    return max(near, key=lambda gap: (gap["between"], gap["room"]))["middle"] if near else wanted


def gaps(svg):
    """Where a drawing has neither text nor marks across its whole width: [{middle, room, between}].

    `between` counts the long lines that a gap has above and below it: where there are two, one field of the drawing
    ends and the next begins. Upright lines that run through many rows count for nothing.
    """
    width, height = size(svg)
    drawn = re.sub(r"<defs>.*?</defs>", "", svg, flags=re.DOTALL)
    taken, lines = [], []
    for y, scale in re.findall(r'transform="translate\(\S+ (\S+)\) scale\((\S+) -', drawn):
        letters = 100 * float(scale)
        taken.append((float(y) - ASCENT * letters, float(y) + DESCENT * letters))
    for path in re.findall(r'<path d="([^"]*)"', drawn):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
        xs, ys = numbers[::2], numbers[1::2]
        taken.append((min(ys), max(ys)))
        if max(xs) - min(xs) > width / 2 and max(ys) - min(ys) < THIN:
            lines.append(ys[0])
    free, end = [], 0.0
    for top, foot in sorted(span for span in taken if span[1] - span[0] < height / 8):
        if top > end:
            between = sum(any(abs(line - edge) < NEAR for line in lines) for edge in (end, top))
            free.append({"middle": (end + top) / 2, "room": top - end, "between": between})
        end = max(end, foot)
    return free
