"""The house style: text that fits, colours that stay apart, files without date or maker."""

from itertools import combinations

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from pipeline.drawings import group_colours
from pipeline.params import load_params
from pipeline.pictures import png
from pipeline.style import Page, balanced, contrast, look, named_svg, text_width, wrapped

FIGURES = load_params(ROOT / "params.yaml").figures
# Full protanopia and deuteranopia (Machado, Oliveira and Fernandes 2009), on linear RGB, and sight without either.
SIGHTS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "full": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def seen(colour, sight):
    """A colour in CIELAB as an eye of this sight sees it."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(SIGHTS[sight]) @ linear, 0, 1) / np.array([0.9505, 1, 1.089])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest(colours, sight):
    """The smallest distance between two of the colours, in CIELAB units (2.3 is just noticeable)."""
    return min(np.linalg.norm(seen(one, sight) - seen(other, sight)) for one, other in combinations(colours, 2))


@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_stay_apart_for_the_colour_blind(sight):
    from seaborn import blend_palette

    colours = FIGURES.colours
    assert nearest([colours.everyone, *colours.groups], sight) > 20
    assert nearest([*blend_palette(list(colours.scale), 4), colours.no_answer], sight) > 17


def test_the_simulation_sees_what_is_known_to_be_confused():
    red_and_green = ["#A6761D", "#66A61E"]
    assert nearest(red_and_green, "full") > 40
    assert nearest(red_and_green, "deuteranopia") < 20


def test_text_and_marks_stand_out_from_the_paper():
    colours = FIGURES.colours
    assert all(contrast(c, colours.paper) >= 4.5 for c in (colours.ink, colours.quiet, colours.accent, colours.warning))
    assert all(contrast(c, colours.paper) >= 3 for c in (colours.everyone, *colours.groups))


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#FFFFFF") == 21
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)


def test_everyone_is_grey_and_groups_begin_again_after_the_last():
    colours = group_colours(FIGURES.colours, ["total", *"abcdef"])
    assert colours[0] == FIGURES.colours.everyone
    assert colours[1:] == [*FIGURES.colours.groups, FIGURES.colours.groups[0]]


@settings(max_examples=30)
@given(st.text("abc defghij", min_size=1), st.floats(20, 200))
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    lines = wrapped(text, width, "Regular", 10)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(text_width(line, "Regular", 10) <= width for line in lines)


def test_a_heading_has_lines_of_like_length():
    text = "Satisfaction with the outings of every kind of house by size"
    width = text_width(text, "Bold", 16) - 5
    ragged, even = (
        [text_width(x, "Bold", 16) for x in broken(text, width, "Bold", 16)] for broken in (wrapped, balanced)
    )
    assert len(ragged) == len(even) == 2
    assert max(even) - min(even) < max(ragged) - min(ragged)


def test_what_is_not_known_is_never_filled():
    assert look("settled", "#000000")["facecolor"] == "#000000"
    assert look("assumed", "#000000")["facecolor"] == "none"
    assert "hatch" in look("bounded", "#000000") and "hatch" not in look("settled", "#000000")


@pytest.fixture(scope="module")
def page():
    page = Page(FIGURES, "wave2020-figure_1")
    page.paragraph("5 < 6 & $x_1$ <script>")
    page.box(20, page.y, 30, 10, **look("bounded", "#000000"))
    return page.finish()


def test_an_svg_names_and_describes_itself_and_nothing_else(page):
    svg = page.svg("A <b>", "Said & done").decode()
    assert ' role="img" aria-labelledby="wave2020-figure_1-title wave2020-figure_1-desc"' in svg
    assert '<title id="wave2020-figure_1-title">A &lt;b&gt;</title>' in svg
    assert '<desc id="wave2020-figure_1-desc">Said &amp; done</desc>' in svg
    assert not any(word in svg for word in ("<metadata", "dc:date", "atplotlib", "DOCTYPE", "<script"))


def test_text_is_drawn_as_it_stands(page):
    """A dollar sign starts no formula."""
    assert [text.get_text() for text in page.sheet.texts] == ["5 < 6 & $x_1$ <script>"]
    assert not page.sheet.texts[0].get_parse_math()


def test_a_png_says_what_it_is_and_not_what_made_it(page):
    from io import BytesIO

    from PIL import Image

    picture = Image.open(BytesIO(png(page.pixels(), page.dpi, "A", "Said")))
    assert set(picture.info) == {"dpi", "Title", "Description"}
    assert picture.width == FIGURES.width * FIGURES.dpi


def test_ids_are_the_drawings_own():
    svg = '<svg a="1"><g id="unused"><path id="p"/><use href="#p"/></g></svg>'
    named = named_svg(svg, "fig", "T", "D")
    assert '<g><path id="fig-0"/><use href="#fig-0"/></g>' in named
