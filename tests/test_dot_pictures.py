"""The pictures of dots: every label is on the page, and each mark stands where its number says, on one scale."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from made_waves import STEPS, wave_of
from test_drawings import assert_texts_are_apart
from test_survival import CHOICES, judged_of

from pipeline import love, step_weights, steps_picture, survival, track
from pipeline.harmonise import register
from pipeline.params import load_params

PARAMS = load_params(ROOT / "params.yaml")
BALANCE = pd.DataFrame(
    {
        "variable": ["kind", "kind", "scale"],
        "category": ["lib", "mus", "lib_few"],
        "label": ["Library", "Museum", "Library under 20,000 visits"],
        "against": ["population", "population", "approached"],
        "target": [0.3, 0.7, 0.2],
        "unweighted": [0.83, -0.6, -0.25],
        "weight": [0.0, 0.31, -0.05],
    }
)


@pytest.fixture
def page_of(monkeypatch, tmp_path):
    """The page that a module of pictures draws, and the table drawn."""

    def page_of(module, draw, *arguments):
        drawn = []
        monkeypatch.setattr(module, "write_drawing", lambda drawing, folder: drawn.append(drawing))
        draw(*arguments, PARAMS, tmp_path)
        return drawn[0].page, drawn[0].table

    return page_of


def draw_steps(table, survives, waves, *arguments):
    breaks = register(track.books(waves))
    return steps_picture.draw_weights(table, survives, waves, *arguments, breaks=breaks)


def texts(page):
    return [text.get_text() for text in page.sheet.texts]


def dots(page):
    """The dots in the order drawn, those of the key last: across, down (in points), whether hollow, and size."""
    return [
        (line.get_xdata()[0], line.get_ydata()[0], line.get_markerfacecolor() == page.colours.paper, size)
        for line in page.sheet.lines
        if line.get_marker() == "o" and (size := line.get_markersize())
    ]


def assert_on_one_scale(places, numbers):
    """Numbers stand across the page on a straight scale that grows to the right."""
    slope, start = np.polyfit(numbers, places, 1)
    assert slope > 0
    assert np.asarray(places) == pytest.approx(slope * np.asarray(numbers) + start, abs=1e-6)


def test_a_ring_shows_where_a_class_was_and_a_dot_where_the_weights_bring_it(page_of, small_codebook):
    page, table = page_of(love, love.draw_love, BALANCE, small_codebook)
    drawn = dots(page)[: 2 * len(table)]
    assert [hollow for *_, hollow, _ in drawn] == [True, False] * len(table)
    assert_on_one_scale([x for x, *_ in drawn], table[["unweighted", "weight"]].to_numpy().ravel())
    downs = [y for _, y, *_ in drawn]
    assert downs[::2] == downs[1::2] == sorted(downs[::2])
    for label in table["label"]:
        assert label in texts(page)
    nil = drawn[1][0]  # of a class without a difference
    near = [p for p in page.sheet.patches if p.get_x() < nil < p.get_x() + p.get_width()]
    assert [p.get_x() + p.get_width() / 2 for p in near] == pytest.approx([nil] * table["against"].nunique())


LONG = "in a wording that goes on and on until it fills a line, and then the next, and after that another one"


def assert_labels_are_apart(page, labels):
    """Every label is there in full, no text stands on another or beyond the page, and the scale has half of it."""
    assert_texts_are_apart(page)
    words = "".join(texts(page)).replace(" ", "")
    assert all(label.replace(" ", "") in words for label in labels)
    assert min(x for x, *_ in dots(page)[:-2]) > page.left  # those of the key are last
    scale = [x for line in page.sheet.lines if line.get_marker() == "None" for x in line.get_xdata()]
    assert max(scale) <= page.right


@pytest.mark.parametrize("length", [74, 300])
def test_long_labels_leave_the_balance_half_the_page(page_of, small_codebook, length):
    long = BALANCE.assign(label=[f"{label} {' '.join([LONG] * 3)}"[:length].strip() for label in BALANCE["label"]])
    page, table = page_of(love, love.draw_love, long, small_codebook)
    assert_labels_are_apart(page, table["label"])
    drawn = dots(page)[: 2 * len(table)]
    assert_on_one_scale([x for x, *_ in drawn], table[["unweighted", "weight"]].to_numpy().ravel())


@pytest.mark.parametrize("length", [74, 300])
def test_long_labels_leave_the_marks_half_the_page(page_of, small_codebook, make_respondents, monkeypatch, length):
    book = small_codebook.model_copy(update={"steps": STEPS})
    waves = [wave_of(book, make_respondents(book, 90, seed), 2019 + seed) for seed in (1, 2)]
    table = step_weights.robustness(waves)
    survives = step_weights.what_survives(table, waves, breaks=register(track.books(waves)))
    data = steps_picture.picture_data(table, waves, PARAMS.figures.basis)
    long = data.assign(label=[f"{label} {' '.join([LONG] * 3)}"[:length].strip() for label in data["label"]])
    monkeypatch.setattr(steps_picture, "picture_data", lambda *_: long)
    page, _ = page_of(steps_picture, draw_steps, table, survives, waves)
    assert_labels_are_apart(page, long["label"])
    ours = long[long["drawn"].isin(["filled", "hollow"])].groupby(["wave", "break", "group"], sort=False)
    marks = [m for _, r in ours for kind in ("hollow", "filled") for m in r.loc[r["drawn"].eq(kind), "mark"]]
    assert_on_one_scale([x for x, *_ in dots(page)[: len(marks)]], marks)


def test_every_choice_of_weights_stands_on_the_scale_of_marks(page_of, small_codebook, make_respondents):
    book = small_codebook.model_copy(update={"steps": STEPS})
    waves = [wave_of(book, make_respondents(book, 90, seed), 2019 + seed) for seed in (1, 2)]
    table = step_weights.robustness(waves)
    survives = step_weights.what_survives(table, waves, breaks=register(track.books(waves)))
    page, drawn = page_of(steps_picture, draw_steps, table, survives, waves)
    places, numbers, wide = [], [], [0.0]
    shown = dots(page)
    for _, rows in drawn.groupby(["wave", "break", "group"], sort=False):
        marks = [*rows.loc[rows["drawn"].eq("hollow"), "mark"], *rows.loc[rows["drawn"].eq("filled"), "mark"]]
        ours, shown = shown[: len(marks)], shown[len(marks) :]
        assert [hollow for *_, hollow, _ in ours] == [True] * (len(marks) - 1) + [False]
        assert len({y for _, y, *_ in ours}) == 1
        places += [x for x, *_ in ours]
        numbers += marks
        ends = rows.loc[rows["drawn"].eq("end"), "mark"]
        wide.append(ends.max() - ends.min())
    assert_on_one_scale(places, numbers)
    spans = [p.get_width() for p in page.sheet.patches if p.get_height() == pytest.approx(8)]
    assert_on_one_scale([0.0, *spans[: len(wide) - 1]], wide)
    for label, rows in drawn[drawn["drawn"].eq("filled")].groupby("label"):
        assert texts(page).count(label) == len(rows)


def test_modelled_marks_look_otherwise_than_others(page_of, small_codebook, make_respondents):
    """Grey, and dashed where it is a span; the key says what that means only where there are any."""
    looks = {}
    for kind in ("reconstruction", "fieldwork"):
        book = small_codebook.model_copy(update={"steps": STEPS})
        waves = [wave_of(book, make_respondents(book, 90, 1), 2020, kind=kind)]
        table = step_weights.robustness(waves)
        survives = step_weights.what_survives(table, waves, breaks=register(track.books(waves)))
        page, _ = page_of(steps_picture, draw_steps, table, survives, waves)
        dots = {line.get_markeredgecolor() for line in page.sheet.lines if line.get_marker() == "o"}
        dashed = [p for p in page.sheet.patches if p.get_linestyle() not in ("solid", "-")]
        said = any("Grey and dashed" in text.get_text() for text in page.sheet.texts)
        looks[kind] = page.colours.quiet in dots, bool(dashed), said
    assert looks == {"reconstruction": (True, True, True), "fieldwork": (False, False, False)}


def test_a_verdict_of_three_lines_stands_on_no_other(page_of, small_codebook, monkeypatch):
    monkeypatch.setattr(survival, "said_of", lambda *_: "moves under 112 of 127 (modelled)")
    survivors = pd.DataFrame({"verdict": ["survives"], "choices": [127], "clauses": 2, "tested": 2})
    judged = judged_of(small_codebook, ("holds", "moves"))
    page, table = page_of(survival, survival.draw_survival, judged, CHOICES, survivors, small_codebook)
    downs = [y for t, (_, y) in ((t.get_text(), t.get_position()) for t in page.sheet.texts) if t == "moves under"]
    assert len(downs) == len(table.drop_duplicates(["finding", "clause"])) > 1
    assert_texts_are_apart(page)
    assert min(abs(a - b) for i, a in enumerate(downs) for b in downs[:i]) > 3 * 1.08 * 0.9 * page.size


@pytest.mark.parametrize("verdicts", [("holds", "moves"), ("not settled", "not settled")])
def test_each_clause_has_its_words_and_a_dot_for_each_choice_if_it_is_settled(page_of, small_codebook, verdicts):
    judged = judged_of(small_codebook, verdicts)
    judged["estimate"] += judged["clause"] / 50 + judged["choice"].eq("choice 01") / 10
    judged["difference"] += judged["clause"] / 50 + judged["choice"].eq("choice 01") / 10
    survivors = pd.DataFrame({"verdict": ["survives"], "choices": [3], "clauses": 2, "tested": 2})
    page, table = page_of(survival, survival.draw_survival, judged, CHOICES, survivors, small_codebook)
    clauses = table.drop_duplicates(["finding", "clause"])
    words = "".join(texts(page)).replace(" ", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for clause in clauses.itertuples():
        assert f"{clause.number}. {clause.label}".replace(" ", "") in words
    shown, settled = [d for d in dots(page) if d[-1] == survival.DOT], table[table["verdict"].ne("not settled")]
    for _, panel in settled[settled["drawn"].ne("reference")].groupby("panel", sort=False):
        clauses = panel.groupby(["finding", "clause"], sort=False)
        rows = pd.concat([clause.sort_values("drawn") for _, clause in clauses])
        ours, shown = shown[: len(rows)], shown[len(rows) :]
        assert_on_one_scale([x for x, *_ in ours], rows["value"])
        assert [hollow for *_, hollow, _ in ours] == list(rows["drawn"].eq("other"))
    assert not shown
