"""The house style: one typeface, colours by role, and a page that text and plots are set on from top to bottom.

Positions are in points from the top left corner of the page, so that nothing moves when a label grows a line. Text is
drawn as outlines of the typeface that comes with the package: the same glyphs on every machine.
"""

import re
from functools import lru_cache
from io import BytesIO
from math import floor
from pathlib import Path
from xml.sax.saxutils import escape

import font_source_sans_pro
import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Picture
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from PIL import Image

MARGIN = 13
LINE_HEIGHT = 1.24
# From line to line of a label, which is closer than in a paragraph.
LABEL_HEIGHT = 1.08
# Half the height of a capital letter, in text sizes: what centres a line on a bar.
HALF_CAPITAL = 0.33
# No smaller than this, as a part of the usual size, is a text set so that it fits.
LEAST_SIZE = 0.75
HATCH = "//////"
# Digits after the point of a length, in points: far finer than a pixel.
PLACES = 6
# Texts are measured on a canvas of no picture, at this many pixels to the point.
FINE = 8
RULER = RendererAgg(1, 1, 72 * FINE)
RC = {
    "svg.fonttype": "path",
    "text.hinting": "none",
    "path.simplify": False,
    "hatch.linewidth": 1.0,
    "axes.edgecolor": "none",
    "patch.linewidth": 0,
}


@lru_cache
def typeface(weight, size):
    """The house typeface at a weight (Regular, Semibold, Bold, Black, It) and a size in points."""
    file = Path(font_source_sans_pro.font_directory) / f"SourceSansPro-{weight}.ttf"
    return FontProperties(fname=str(file), size=size)


@lru_cache(maxsize=4096)
def text_width(text, weight, size):
    """How wide a line is, in points."""
    return RULER.get_text_width_height_descent(text, typeface(weight, size), ismath=False)[0] / FINE


def wrapped(text, width, weight, size):
    """A text as lines of at most `width` points, broken between words, and within a word only where it must be."""
    lines = [""]
    for word in text.split():
        while text_width(word, weight, size) > width and len(word) > 1:
            fits = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or text_width(word[:n], weight, size) <= width)
            lines += [word[:fits]]
            word = word[fits:]
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, weight, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [line for line in lines if line]


def balanced(text, width, weight, size):
    """A text as no more lines than `width` needs, and these as even as they can be: no last line of one word."""
    lines = wrapped(text, width, weight, size)
    even = lines
    while len(lines) > 1 and len(even) == len(lines) and width > 2 * size:
        lines, width = even, width - size / 2
        even = wrapped(text, width, weight, size)
    return lines


def tint(colour, share):
    """A colour mixed with white: all of it at 1, white at 0."""
    return tuple(1 - share * (1 - part) for part in to_rgb(colour))


def luminance(colour):
    """Relative luminance of a colour, 0 to 1, as WCAG 2 defines it."""
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    """Contrast ratio of two colours, 1 to 21, as WCAG 2 defines it."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def readable(colours, fill):
    """Ink or paper, whichever stands out more from a fill."""
    return max(colours.paper, colours.ink, key=lambda colour: contrast(colour, fill))


def look(drawn, colour):
    """How a mark shows what is known: a settled value is filled, a range hatched, an unknown one only outlined."""
    if drawn == "settled":
        return {"facecolor": colour, "edgecolor": "none", "linewidth": 0}
    if drawn == "bounded":
        return {"facecolor": tint(colour, 0.12), "edgecolor": colour, "hatch": HATCH, "linewidth": 0.8}
    return {"facecolor": "none", "edgecolor": colour, "linestyle": (0, (3, 2)), "linewidth": 1.0}


def placed(*lengths):
    """Lengths in points, without the last bits of a float, which may differ between machines and could move a pixel."""
    return [round(float(length), PLACES) for length in lengths]


class Page:
    """A sheet of fixed width that grows downwards as it is filled; `y` is where the next thing goes."""

    def __init__(self, settings, name):
        """Lay an empty page. `settings` are the Figures of the Params; `name` makes its ids its own in a web page."""
        self.width, self.size, self.dpi = settings.width * 72, settings.text_size, settings.dpi
        self.colours, self.name = settings.colours, name
        self.left, self.right, self.y = MARGIN, self.width - MARGIN, MARGIN
        with self._style():
            self.picture = Picture(facecolor=self.colours.paper)
            FigureCanvasAgg(self.picture)
            self.sheet = self.picture.add_axes((0, 0, 1, 1), zorder=10)
        self.sheet.set_axis_off()
        self._plots = []

    def _style(self):
        return style.context(["default", RC | {"svg.hashsalt": self.name}])

    def write(self, x, y, text, size=1, weight="Regular", colour=None, align="left", clear=False):
        """Write a line with its baseline at y; `size` in text sizes of the settings. `clear`: on a patch of paper."""
        options = {"color": colour or self.colours.ink, "ha": align, "va": "baseline", "parse_math": False}
        if clear:
            options["bbox"] = {"facecolor": self.colours.paper, "edgecolor": "none", "pad": 0.8}
        curly = text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
        self.sheet.text(*placed(x, y), curly, fontproperties=typeface(weight, size * self.size), **options)

    def write_level(self, x, y, text, size=1, **options):
        """Write a line whose capitals are centred on y."""
        self.write(x, y + HALF_CAPITAL * size * self.size, text, size, **options)

    def text_width(self, text, size=1, weight="Regular"):
        """How wide a line is, in points."""
        return text_width(text, weight, size * self.size)

    def lines(self, text, width, size=1, weight="Regular"):
        """A text as lines of at most `width`."""
        return wrapped(text, width, weight, size * self.size)

    def fitting(self, texts, width, size=1):
        """The largest text size, at most `size` and at least LEAST_SIZE, at which no word is wider than `width`."""
        widest = max(text_width(word, "Regular", self.size) for text in texts for word in text.split())
        return max(LEAST_SIZE, min(size, floor(100 * width / widest) / 100))

    def paragraph(self, text, size=1, weight="Regular", colour=None, indent=0, pitch=LINE_HEIGHT, even=False):
        """Set a text over the page's width at `y` and move below it; `even` for headings, in lines of like length."""
        broken = balanced if even else wrapped
        for line in broken(text, self.right - self.left - indent, weight, size * self.size):
            self.write(self.left + indent, self.y + size * self.size, line, size, weight, colour)
            self.y += pitch * size * self.size

    def label(self, x, y, text, width, size=1, weight="Regular", colour=None, align="left"):
        """Set a text in lines of at most `width`, the lot centred on y."""
        lines = self.lines(text, width, size, weight)
        pitch = LABEL_HEIGHT * size * self.size
        for i, line in enumerate(lines):
            middle = y + (i - (len(lines) - 1) / 2) * pitch
            self.write_level(x, middle, line, size, weight=weight, colour=colour, align=align)

    def height(self, text, width, size=1, weight="Regular"):
        """How tall a label is, in lines of at most `width`."""
        return len(self.lines(text, width, size, weight)) * LABEL_HEIGHT * size * self.size

    def gutter(self, labels):
        """How wide a column of labels is: as the longest of them, and at most half the page."""
        return min(max(self.text_width(label) for label in labels), (self.right - self.left) / 2)

    def column(self, x, y, lines, pitch, size=1, **options):
        """Write lines below each other, `pitch` apart, the first with its top at y."""
        for i, line in enumerate(lines):
            self.write(x, y + i * pitch + size * self.size, line, size, **options)

    def box(self, x, y, width, height, **options):
        """Draw a box from its top left corner."""
        corner, wide, tall = placed(x, y), *placed(width, height)
        self.sheet.add_patch(Rectangle(corner, wide, tall, clip_on=False, **options))

    def line(self, xs, ys, colour=None, width=0.8, **options):
        """Draw a line through points."""
        drawn = {"color": colour or self.colours.line, "linewidth": width, "solid_capstyle": "butt", "clip_on": False}
        self.sheet.plot(placed(*xs), placed(*ys), **drawn, **options)

    def dot(self, x, y, colour=None, hollow=False, size=6, marker="o"):
        """Draw a dot or another marker, filled or as an outline."""
        colour = colour or self.colours.accent
        face = self.colours.paper if hollow else colour
        drawn = {"markerfacecolor": face, "markeredgecolor": colour, "markeredgewidth": 1.2, "clip_on": False}
        self.sheet.plot(placed(x), placed(y), marker=marker, markersize=size, linestyle="none", **drawn)

    def watermark(self, word, y):
        """Set a word large, pale and slanting across the page, its middle at y."""
        options = {"fontproperties": typeface("Black", 5.4 * self.size), "color": self.colours.warning, "alpha": 0.14}
        place = {"ha": "center", "va": "center", "rotation": 18, "zorder": 5}
        self.sheet.text(self.width / 2, y, word, parse_math=False, **options, **place)

    def plot(self, left, width, height):
        """Open a bare plot at `y`; the page moves below it."""
        with self._style():
            axes = self.picture.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        self._plots.append((axes, left, self.y, width, height))
        self.y += height
        return axes

    def finish(self):
        """Cut the page at `y` and put every plot where it was opened."""
        height = self.y + MARGIN
        self.picture.set_size_inches(self.width / 72, height / 72)
        self.sheet.set_xlim(0, self.width)
        self.sheet.set_ylim(height, 0)
        for axes, left, top, width, tall in self._plots:
            place = (left / self.width, 1 - (top + tall) / height, width / self.width, tall / height)
            axes.set_position(place)
        return self

    def svg(self, title, description):
        """The page as SVG bytes, named and described for screen readers; no date, no maker."""
        written = BytesIO()
        with self._style():
            self.picture.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
        return named_svg(written.getvalue().decode("utf-8"), self.name, title, description).encode("utf-8")

    def pixels(self):
        """The page as a picture in red, green and blue."""
        with self._style():
            self.picture.set_dpi(self.dpi)
            self.picture.canvas.draw()
            return Image.fromarray(np.asarray(self.picture.canvas.buffer_rgba())).convert("RGB")


def named_svg(svg, name, title, description):
    """An SVG with title and description and without its maker's metadata.

    Only ids that something points at are kept, numbered behind `name`: short, and no other drawing's on the same page.
    """
    svg = re.sub(r"\s*<metadata>.*?</metadata>|\s*<!DOCTYPE[^>]*>", "", svg, flags=re.DOTALL)
    pointed = list(dict.fromkeys(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)))
    short = {old: f"{name}-{i}" for i, old in enumerate(pointed)}
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{short[m[1]]}"' if m[1] in short else "", svg)
    svg = re.sub(r'(href="#|url\(#)([^")]+)', lambda m: m[1] + short[m[2]], svg)
    svg = re.sub(r"\s*\n(?=[A-Za-z] ?[-\d.]|z\b|\")", " ", svg)
    words = (
        f' role="img" aria-labelledby="{name}-title {name}-desc">\n'
        f' <title id="{name}-title">{escape(title)}</title>\n <desc id="{name}-desc">{escape(description)}</desc>'
    )
    end = re.search(r"<svg\b[^>]*", svg).end()
    return svg[:end] + words + svg[end + 1 :]
