"""Drawings on a page: a short alternative that keeps the mark, and tall ones cut where nothing is drawn."""

from itertools import pairwise

import pytest

from pipeline.plates import MOST, TALL, gaps, pieces, plate, short_alternative
from pipeline.printing import STATUS

TEXT = '<g style="fill: #000" transform="translate(13 {}) scale(0.1 -0.1)"><defs><path d="M 0 9 L 9 0 z"/></defs></g>'
LINE = '<path d="M 13 {0} L 90 {0} "/>'


def drawing(height, *parts):
    return f'<svg viewBox="0 0 100 {height}"><title>Shops, 2020</title>{"".join(parts)}</svg>'


def test_a_short_alternative_has_title_kind_and_status_and_no_number_that_is_drawn():
    said = "REHEARSAL. Shops, 2020. Bar chart. Is there a shop? Yes: 37%. No: 63%."
    short = short_alternative("REHEARSAL. Shops, 2020", said, STATUS["rehearsal"])
    assert short == "REHEARSAL. Shops, 2020. Bar chart. REHEARSAL: simulated answers, not a survey. Described below."
    assert short_alternative("Shops", "Words that begin otherwise. 37%.") == "Shops. Described below."


def test_a_drawing_that_fits_a_page_is_not_cut_and_a_taller_one_has_no_piece_too_tall():
    assert pieces(drawing(100 * TALL)) == []
    for height in (230, 500, 1000):
        cut = pieces(drawing(height))
        assert len(cut) >= 2 and max(p["height"] for p in cut) <= 100 * MOST
        assert cut[0]["top"] == 0 and cut[-1]["top"] + cut[-1]["height"] == height
        assert all(a["top"] + a["height"] == b["top"] for a, b in pairwise(cut))


def test_no_line_of_text_and_no_mark_is_cut():
    svg = drawing(400, *map(TEXT.format, range(10, 400, 11)))
    for piece in pieces(svg)[1:]:
        assert all(not (y - 8 < piece["top"] < y + 2.5) for y in range(10, 400, 11))
    [_, second] = pieces(drawing(400, '<path d="M 0 170 L 9 170 L 9 205 L 0 205 z "/>', TEXT.format(230)))
    assert 205 < second["top"] < 222


def test_a_cut_between_two_fields_comes_before_a_wider_gap_within_one():
    within, between = (LINE.format(150), TEXT.format(198)), (LINE.format(210), LINE.format(220))
    [_, second] = pieces(drawing(400, *within, *between))
    assert second["top"] == pytest.approx(215)
    assert {g["between"] for g in gaps(drawing(400, *within, *between))} >= {1, 2}


def test_upright_lines_through_all_rows_do_not_keep_a_drawing_from_being_cut_where_it_may():
    rows = [TEXT.format(y) for y in range(10, 400, 11)]
    assert pieces(drawing(400, *rows, '<path d="M 50 0 L 50 400 "/>')) == pieces(drawing(400, *rows))


def test_a_plate_has_all_words_beside_the_short_ones(tmp_path):
    (tmp_path / "shops.svg").write_text(drawing(150), encoding="utf-8")
    (tmp_path / "shops.txt").write_text("Shops, 2020. Bar chart. Yes: 37%.\n", encoding="utf-8")
    shown = plate(tmp_path / "shops.svg")
    assert (shown["title"], shown["width"], shown["height"], shown["pieces"]) == ("Shops, 2020", 100, 150, [])
    assert shown["alternative"] == "Shops, 2020. Bar chart. Yes: 37%."
    assert shown["short"] == "Shops, 2020. Bar chart. Described below."
