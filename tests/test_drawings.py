"""The drawings: every text of the table is on the page, none on another, and marks show what is known."""

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from made_estimates import changed, counted, estimates_of

from pipeline.codebook import Answer, Figure
from pipeline.drawings import ROW_BAR, draw, segment_shares, spread
from pipeline.figures import figure_data, words_around
from pipeline.params import load_params
from pipeline.printing import NOT_KNOWN
from pipeline.style import LEAST_SIZE

PARAMS = load_params(ROOT / "params.yaml")


def page_of(estimates, codebook, figure):
    table = figure_data(estimates, codebook, figure)
    return table, draw(table, words_around(table, codebook, figure, PARAMS), figure, PARAMS.figures)


def texts(page):
    return [text.get_text() for text in page.sheet.texts]


def figure_of(kind, measure="outlook", break_="scale", **options):
    options |= {"break": break_} if kind not in ("bars", "themes") else {}
    return Figure(id="f", number=1, title="F", kind=kind, measure=measure, **options)


def flat(words):
    return "".join(words).replace(" ", "")


@pytest.mark.parametrize("kind", ["bars", "grouped", "split", "grid"])
def test_every_text_of_the_table_is_drawn_once(small_codebook, kind):
    table, page = page_of(estimates_of(small_codebook), small_codebook, figure_of(kind))
    drawn = texts(page)
    for text, times in table.loc[table["estimate"] > 0, "text"].value_counts().items():
        assert drawn.count(text) == times
    for label in {*table["label"], *(table["group_label"] if kind != "bars" else [])}:
        assert flat(label.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")) in flat(drawn)


def test_a_code_frame_is_words_only(small_codebook):
    table, page = page_of(estimates_of(small_codebook), small_codebook, small_codebook.figures[4])
    assert {"Staff", "Money", "Staff or money"} <= set(texts(page))
    assert table[["n", "count", "estimate", "low", "high"]].isna().all(axis=None)


def marks(page):
    """Widths of the bars in the plots, in the unit drawn, and how they look."""
    return [
        (round(bar.get_width(), 6), bar.get_facecolor()[3] > 0, bool(bar.get_hatch()))
        for plot in page.picture.axes[1:]
        for bar in plot.patches
    ]


def test_bars_are_as_long_as_the_table_says(small_codebook):
    estimates = changed(estimates_of(small_codebook), "events", "talks", support="assumed", low=0.0, high=0.3)
    estimates = changed(estimates, "events", "crafts", support="bounded", low=0.2, high=0.4)
    table, page = page_of(estimates, small_codebook, small_codebook.figures[0])
    settled = table.loc[table["drawn"].eq("settled"), "estimate"]
    assert sorted(marks(page)) == sorted(
        [*((round(s, 6), True, False) for s in settled), (0.3, False, False), (0.4, False, True), (0.2, True, False)]
    )


@pytest.mark.parametrize("kind", ["bars", "grouped"])
def test_a_share_has_the_same_length_in_every_picture_of_a_figure(small_codebook, kind):
    """Two waves of one figure lie beside each other: whatever else they show, a length must mean the same."""
    figure, ends = figure_of(kind, "shop", "kind"), []
    where = ("shop", "yes", "kind", "lib") if kind == "grouped" else ("shop", "yes")
    estimates = estimates_of(small_codebook)
    for made in (
        counted(estimates, *where, count=20, n=100),
        counted(estimates, *where, count=97, n=100),
        changed(estimates, *where, support="bounded", low=0.2, high=1.0),
    ):
        _, page = page_of(made, small_codebook, figure)
        plot = page.picture.axes[1]
        ends.append(round(plot.get_position().width * page.width / plot.get_xlim()[1], 6))
    assert len(set(ends)) == 1


@pytest.mark.parametrize("kind", ["bars", "grouped", "split", "grid"])
@pytest.mark.parametrize("unit", ["percent", "count"])
def test_an_assumed_value_leaves_no_trace(small_codebook, kind, unit):
    """Two record sets that differ only in what the report does not settle give the same picture."""
    figure = figure_of(kind, "shop", "kind", unit=unit)
    where = ("shop", "planned", "kind", "mus") if kind != "bars" else ("shop", "planned")
    drawn = []
    for count in (3, 9):
        estimates = counted(
            estimates_of(small_codebook), *where, count=count, n=100, support="assumed", low=0.0, high=0.7
        )
        table, page = page_of(estimates, small_codebook, figure)
        assert NOT_KNOWN in texts(page)
        drawn.append((table.to_csv(), page.svg("", "")))
    assert drawn[0] == drawn[1]


def test_a_bounded_value_is_drawn_by_its_bounds_only(small_codebook):
    drawn = []
    for count in (41, 49):
        estimates = counted(
            estimates_of(small_codebook), "events", "talks", count=count, n=100, support="bounded", low=0.4, high=0.5
        )
        table, page = page_of(estimates, small_codebook, small_codebook.figures[0])
        drawn.append((table.to_csv(), page.svg("", "")))
    assert drawn[0] == drawn[1]
    assert "40\N{EN DASH}50%" in texts(page)


def test_a_key_appears_only_where_it_is_needed(small_codebook):
    plain = estimates_of(small_codebook)
    assert not any("settle" in text for text in texts(page_of(plain, small_codebook, small_codebook.figures[0])[1]))
    open_ = changed(plain, "events", "talks", support="bounded", low=0.1, high=0.2)
    assert any("settle" in text for text in texts(page_of(open_, small_codebook, small_codebook.figures[0])[1]))


@pytest.mark.parametrize("figure", range(5))
def test_a_rehearsal_says_so_in_large_letters(small_codebook, figure):
    rehearsal = small_codebook.model_copy(update={"kind": "rehearsal"})
    _, page = page_of(estimates_of(small_codebook), rehearsal, small_codebook.figures[figure])
    marks = [text for text in page.sheet.texts if text.get_text() == "REHEARSAL"]
    assert max(text.get_fontsize() for text in marks) >= 5 * PARAMS.figures.text_size
    _, plain = page_of(estimates_of(small_codebook), small_codebook, small_codebook.figures[figure])
    assert not any("REHEARSAL" in text for text in texts(plain))


def boxes(page):
    """Where the texts of a page stand, in pixels."""
    with page._style():  # without hinting, as it is written
        page.picture.canvas.draw()
        return {i: text.get_window_extent() for i, text in enumerate(page.sheet.texts) if text.get_text().strip()}


def assert_texts_are_apart(page):
    """No text of a page stands on another or beyond the page."""
    found, edge = boxes(page), page.picture.bbox
    for i, one in found.items():
        said = page.sheet.texts[i].get_text()
        assert edge.x0 <= one.x0 and one.x1 <= edge.x1 and edge.y0 <= one.y0 and one.y1 <= edge.y1, said
        for j, other in found.items():
            if i < j:
                # Line boxes include room for letters that the lines do not have.
                apart = min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0)
                assert min(apart) < 3, (said, page.sheet.texts[j].get_text())


def crowded(small_codebook):
    """Stacked rows with four of five values at one per cent."""
    estimates = estimates_of(small_codebook)
    for category, count in zip(("yes", "planned", "no", "dont_know", "refused"), (96, 1, 1, 1, 1), strict=True):
        for group in ("lib", "mus"):
            estimates = counted(estimates, "shop", category, "kind", group, count=count, n=100)
    return estimates


@pytest.mark.parametrize("withheld", [(), ("planned",), ("yes", "dont_know")])
@pytest.mark.parametrize("kind", ["bars", "grouped", "split", "grid"])
def test_no_text_stands_on_another_or_beyond_the_page(small_codebook, kind, withheld):
    estimates = crowded(small_codebook)
    for category in withheld:
        estimates = changed(estimates, "shop", category, "kind", "lib", quality="withheld")
    assert_texts_are_apart(page_of(estimates, small_codebook, figure_of(kind, "shop", "kind"))[1])


def labelled(codebook, longer):
    """The codebook with other labels of its answers and nets: those that `longer` makes of them."""
    named = {
        q.id: {
            "answers": tuple(a.model_copy(update={"label": longer(a.label)}) for a in q.answers),
            "nets": tuple(n.model_copy(update={"label": longer(n.label)}) for n in q.nets),
        }
        for q in codebook.questions
    }
    return codebook.model_copy(
        update={"questions": tuple(q.model_copy(update=named[q.id]) for q in codebook.questions)}
    )


LONG = "in a wording that goes on and on until it fills a line, and then the next, and after that another one"


@pytest.mark.parametrize("length", [48, 80, 290])
@pytest.mark.parametrize("kind", ["bars", "grouped", "split", "grid"])
def test_long_labels_take_the_lines_they_need(small_codebook, kind, length):
    book = labelled(small_codebook, lambda label: f"{label} {' '.join([LONG] * 3)}"[:length])
    table, page = page_of(estimates_of(book), book, figure_of(kind, "shop", "kind", total=kind != "bars"))
    assert_texts_are_apart(page)
    for label in {*table["label"], *(table["group_label"] if kind != "bars" else [])}:
        assert flat(label.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")) in flat(texts(page))


@pytest.mark.parametrize("length", [62, 68, 74, 80])
def test_the_base_of_a_stacked_row_stays_beside_its_heading(small_codebook, length):
    """Wherever the last line of the heading ends, and the names of the question and of the break are long, too."""
    breaks = tuple(b.model_copy(update={"label": f"{b.label} {LONG}"}) for b in small_codebook.breaks)
    named = tuple(q.model_copy(update={"label": f"{q.label} {LONG}"}) for q in small_codebook.questions)
    book = small_codebook.model_copy(update={"breaks": breaks, "questions": named})
    book = labelled(book, lambda label: f"{label} {LONG}"[:length])
    _, page = page_of(estimates_of(book), book, figure_of("split", "shop", "kind"))
    assert_texts_are_apart(page)
    headings = {t.get_position()[1] for t in page.sheet.texts if t.get_fontproperties().get_size() == page.size}
    bases = [t.get_position()[1] for t in page.sheet.texts if t.get_text() == "n = 100"]
    assert len(bases) == 2 and set(bases) <= headings


def test_bars_stand_in_the_middle_of_labels_of_several_lines(small_codebook):
    """Where labels of groups take two lines, the bars move apart with them and stay as thick as they are."""
    figure = figure_of("grouped", "shop", "kind", categories=("yes", "no"))
    plain = page_of(estimates_of(small_codebook), small_codebook, figure)[1]
    book = labelled(small_codebook, lambda label: f"{label} {LONG}"[:48])
    page = page_of(estimates_of(book), book, figure)[1]

    def bars(page):
        """The middle and thickness of each bar, and the middle of its value, down the page in pixels."""
        page.picture.canvas.draw()
        found = [b.get_window_extent() for plot in page.picture.axes[1:] for b in plot.patches if b.get_width()]
        values = [t.get_window_extent() for t in page.sheet.texts if t.get_text().endswith("%")]
        middles = sorted((b.y0 + b.y1) / 2 for b in found)
        return middles, [b.height for b in found], sorted((v.y0 + v.y1) / 2 for v in values)

    (_, thick, _), (middles, still, values) = bars(plain), bars(page)
    assert still == pytest.approx(thick)
    assert middles == pytest.approx(values, abs=4)


def test_text_is_legible_on_a_telephone(small_codebook):
    """At 360 pixels wide no text is below 8 pixels high, and hardly any below 9."""
    for figure in small_codebook.figures:
        _, page = page_of(estimates_of(small_codebook), small_codebook, figure)
        sizes = [text.get_fontsize() * 360 / (PARAMS.figures.width * 72) for text in page.sheet.texts]
        assert min(sizes) >= 8
        assert sum(size < 9 for size in sizes) <= len(sizes) / 5


def with_answers(codebook, number):
    """The codebook with so many answers to the question on the outlook, and no net of them."""
    question = codebook.question("outlook")
    answers = tuple(Answer(id=f"a{i}", label=f"Answer {i}", code=i) for i in range(1, number + 1))
    asked = question.model_copy(update={"answers": answers, "nets": ()})
    questions = tuple(asked if q.id == question.id else q for q in codebook.questions)
    return codebook.model_copy(update={"questions": questions})


STATES = {
    "settled": {},
    "flagged": {"quality": "flagged"},
    "bounded": {"support": "bounded", "low": 0.05, "high": 0.95},
    "assumed": {"support": "assumed", "low": 0.0, "high": 0.9},
    "withheld": {"quality": "withheld"},
}


@pytest.mark.parametrize(("answers", "drawn"), [(10, "assumed"), (40, "settled"), (40, "assumed"), (40, "bounded")])
def test_values_below_a_stacked_row_take_the_lines_they_need(small_codebook, answers, drawn):
    book = with_answers(small_codebook, answers)
    table, page = page_of(estimates_of(book).assign(**STATES[drawn]), book, figure_of("split", break_="kind"))
    assert_texts_are_apart(page)
    shown = table[~(table["drawn"].eq("settled") & table["estimate"].eq(0))]
    for text, times in shown["text"].value_counts().items():
        assert texts(page).count(text) == times


def test_values_listed_below_a_stacked_row_stand_behind_the_look_of_their_segments(small_codebook):
    book = with_answers(small_codebook, 40)
    _, page = page_of(estimates_of(book), book, figure_of("split", break_="kind"))
    listed = [t for t in page.sheet.texts if t.get_text().endswith("%")]
    boxes = [p for p in page.sheet.patches if p.get_height() == pytest.approx(0.6 * page.size)]
    segments = [p for p in page.sheet.patches if p.get_height() == ROW_BAR]
    assert len(listed) == len(boxes) == len(segments)
    assert [b.get_facecolor() for b in boxes] == [s.get_facecolor() for s in segments]
    for text, box in zip(listed, boxes, strict=True):
        assert 0 < text.get_position()[0] - box.get_x() < page.size
        assert box.get_y() < text.get_position()[1] < box.get_y() + 2 * box.get_height()


@pytest.mark.parametrize("drawn", STATES)
@pytest.mark.parametrize("answers", [10, 20, 40])
def test_the_values_of_a_grid_fit_their_tiles(small_codebook, answers, drawn):
    book = with_answers(small_codebook, answers)
    table, page = page_of(estimates_of(book).assign(**STATES[drawn]), book, figure_of("grid", total=True))
    assert_texts_are_apart(page)
    for text, times in table["text"].value_counts().items():
        assert flat(texts(page)).count(flat(text)) >= times
    if drawn in ("settled", "flagged"):
        tiles = [mesh for plot in page.picture.axes[1:] for mesh in plot.collections]
        assert sum(mesh.get_array().count() for mesh in tiles) == len(table)
    assert min(t.get_fontsize() for t in page.sheet.texts) >= LEAST_SIZE * PARAMS.figures.text_size


def test_the_blocks_of_a_wide_grid_share_one_scale_and_name_their_rows(small_codebook):
    book = with_answers(small_codebook, 20)
    figure = figure_of("grid", break_="kind")
    table, page = page_of(estimates_of(book), book, figure)
    shades = [float(x) for plot in page.picture.axes[1:] for mesh in plot.collections for x in mesh.get_array().ravel()]
    wide = table.pivot(index="group", columns="category", values="estimate")
    blocks = len(page.picture.axes) - 1
    assert blocks > 1 and texts(page).count("Library") == texts(page).count("Museum") == blocks
    assert sorted(shades) == pytest.approx(sorted(wide.pow(0.5).to_numpy().ravel()))


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(1, 12)), max_size=6))
def test_texts_in_a_line_are_set_apart_in_order(wanted):
    places, widths = [sorted(x for x, _ in wanted), [w for _, w in wanted]]
    lefts = spread(places, widths, 0, 120, gap=2)
    ends = [left + width for left, width in zip(lefts, widths, strict=True)]
    assert all(left >= end + 2 - 1e-9 for left, end in zip(lefts[1:], ends, strict=False))
    assert all(left >= -1e-9 for left in lefts) and all(end <= 120 + 1e-9 for end in ends)


def test_a_stacked_row_gives_what_is_not_settled_the_rest(small_codebook):
    estimates = crowded(small_codebook)
    where = ("kind", "lib")
    for category in ("planned", "no"):
        estimates = changed(estimates, "shop", category, *where, support="assumed", low=0.0, high=0.5)
    table = figure_data(estimates, small_codebook, figure_of("split", "shop", "kind"))
    row = table[table["group"].eq("lib")]
    assert segment_shares(row).tolist() == pytest.approx([0.96, 0.01, 0.01, 0.01, 0.01])


@pytest.mark.parametrize(
    "withheld, gaps", [(["yes"], 1), (["planned"], 1), (["yes", "no"], 2), (["yes", "planned"], 1)]
)
def test_what_is_settled_is_drawn_beside_a_withheld_share(small_codebook, withheld, gaps):
    estimates = estimates_of(small_codebook)
    for category, count in zip(("yes", "planned", "no", "dont_know", "refused"), (10, 20, 41, 17, 12), strict=True):
        estimates = counted(estimates, "shop", category, "kind", "lib", count=count, n=100)
    figure = figure_of("split", "shop", "kind")
    for category in withheld:
        estimates = changed(estimates, "shop", category, "kind", "lib", quality="withheld")
    table, page = page_of(estimates, small_codebook, figure)
    row = table[table["group"].eq("lib")].set_index("category")
    shares, settled = segment_shares(row), row["drawn"].eq("settled")
    assert shares.sum() == pytest.approx(1) and shares[settled].tolist() == row["estimate"][settled].tolist()
    assert shares[~settled].nunique() == 1
    drawn = texts(page)
    assert {*row["text"][settled]} <= set(drawn) and drawn.count("withheld") == gaps


def test_a_row_that_is_withheld_altogether_says_so_once_and_where_there_is_no_room_below(small_codebook):
    estimates = crowded(small_codebook)
    for category in ("yes", "planned", "no", "dont_know", "refused"):
        estimates = changed(estimates, "shop", category, "kind", "lib", quality="withheld")
    _, page = page_of(estimates, small_codebook, figure_of("split", "shop", "kind"))
    assert texts(page).count("withheld") == 1
    few = changed(crowded(small_codebook), "shop", "no", "kind", "lib", quality="withheld")
    _, page = page_of(few, small_codebook, figure_of("split", "shop", "kind"))
    assert texts(page).count("withheld") == 1 and texts(page).count("1%") == 3 + 4
