"""Figures: the table drawn, its text alternative, the files, and that they are the same every time."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from conftest import HERE, ROOT
from made_estimates import changed, counted, estimates_of

from pipeline.codebook import Figure
from pipeline.figures import COLUMNS, alternative, base_words, draw_all, figure_data, gallery, key_words, words_around
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.tables import read_table

PARAMS = load_params(ROOT / "params.yaml")
SVG = "{http://www.w3.org/2000/svg}"


def figure_of(kind, measure, break_=None, **options):
    options |= {"break": break_} if break_ else {}
    return Figure(id="f", number=1, title="F", kind=kind, measure=measure, **options)


def rebuilt(codebook):
    return codebook.model_copy(update={"kind": "reconstruction"})


def test_the_table_holds_the_estimates_cell_by_cell(small_codebook):
    printed = {("yes", "lib"): 31, ("yes", "mus"): 24, ("planned", "lib"): 0, ("planned", "mus"): 76}
    estimates = estimates_of(small_codebook)
    for (category, group), count in printed.items():
        estimates = counted(estimates, "shop", category, "kind", group, count=count, n=100)
    figure = figure_of("grouped", "shop", "kind", categories=("yes", "planned"))
    table = figure_data(estimates, small_codebook, figure)
    assert list(table.columns) == COLUMNS
    assert table.set_index(["category", "group"])["count"].to_dict() == printed
    assert table["estimate"].tolist() == [count / 100 for count in printed.values()]
    assert table["text"].tolist() == ["31%", "24%", "0%", "76%"]
    assert table["label"].tolist() == ["Yes", "Yes", "No, but planned", "No, but planned"]
    assert table["group_label"].tolist() == ["Library", "Museum"] * 2
    assert table["n"].eq(100).all() and table["base"].eq("100").all() and table["drawn"].eq("settled").all()


def test_the_basis_asked_for_is_drawn(small_codebook):
    estimates = changed(estimates_of(small_codebook), "events", "talks", basis="weighted", estimate=0.123)
    figure = small_codebook.figures[0]
    assert figure_data(estimates, small_codebook, figure, "weighted")["estimate"].iloc[0] == 0.123
    assert figure_data(estimates, small_codebook, figure)["estimate"].iloc[0] != 0.123


def test_a_figure_of_counts_counts_those_that_answered_on_either_basis(small_codebook):
    """What the weights make of a count is no number of organisations, nor whether a share of it may be given."""
    figure = figure_of("bars", "events", unit="count")
    estimates = estimates_of(small_codebook)
    weighted = estimates["basis"].eq("weighted")
    estimates = estimates.assign(quality=estimates["quality"].mask(weighted, "withheld"))
    # Weighted shares of a printed report are modelled, whose counts are printed.
    estimates["support"] = estimates["support"].mask(weighted, "assumed")
    both = [figure_data(estimates, small_codebook, figure, basis) for basis in ("weighted", "unweighted")]
    assert both[0].equals(both[1]) and both[0]["drawn"].eq("settled").all()


def test_everyone_stands_beside_the_groups_where_asked(small_codebook):
    figure = figure_of("grouped", "shop", "kind", total=True, categories=("yes",))
    table = figure_data(estimates_of(small_codebook), small_codebook, figure)
    assert table["group_label"].tolist() == ["All", "Library", "Museum"]


@pytest.mark.parametrize(
    ("base", "library", "museum", "named"),
    [
        ("All houses", "Library", "Museum", "All"),
        ("All houses", "All", "Museum", "All houses"),
        ("All houses", "all", "ALL HOUSES", "Everyone"),
        ("All", "All", "Everyone", "Everyone together"),
    ],
)
@pytest.mark.parametrize("kind", ["grouped", "split", "grid"])
def test_a_group_called_all_is_not_taken_for_everyone(small_codebook, kind, base, library, museum, named):
    book = with_labels(small_codebook, "kind", lib=library, mus=museum)
    bases = tuple(b.model_copy(update={"label": base}) if b.id == "all" else b for b in book.bases)
    book = book.model_copy(update={"bases": bases})
    estimates = counted(estimates_of(book), "shop", "yes", count=31, n=100)
    for group, count in (("lib", 30), ("mus", 32)):
        estimates = counted(estimates, "shop", "yes", "kind", group, count=count, n=100)
    figure = figure_of(kind, "shop", "kind", total=True, categories=("yes",))
    table = figure_data(estimates, book, figure)
    assert table["group_label"].tolist() == [named, library, museum]
    _, text = words_and_text(estimates, book, figure)
    said = [f"{named} 31% (26% to 36%); {library} 30% (25% to 35%); {museum} 32% (27% to 37%)"]
    if kind != "grouped":
        shares = {named: 31, library: 30, museum: 32}
        said = [f"Row {label} (n = 100): Yes {share}%." for label, share in shares.items()]
    assert all(part in text for part in said)


def test_an_answer_called_all_is_said_where_it_is_the_only_one(small_codebook):
    book = with_labels(small_codebook, "shop", yes="All")
    figure = figure_of("split", "shop", "kind", categories=("yes",))
    _, text = words_and_text(counted(estimates_of(book), "shop", "yes", "kind", "lib", count=30, n=100), book, figure)
    assert "Row Library (n = 100): All 30%." in text


def with_labels(codebook, question_id, **labels):
    """The codebook with other labels of some answers to one question."""
    question = codebook.question(question_id)
    answers = (a.model_copy(update={"label": labels.get(a.id, a.label)}) for a in question.answers)
    asked = question.model_copy(update={"answers": tuple(answers)})
    questions = tuple(asked if q.id == question_id else q for q in codebook.questions)
    return codebook.model_copy(update={"questions": questions})


def test_categories_left_out_are_all_answers_in_codebook_order(small_codebook):
    table = figure_data(estimates_of(small_codebook), small_codebook, figure_of("bars", "outlook"))
    assert table["category"].tolist() == ["bright", "steady", "bleak", "dont_know"]
    assert table["missing"].tolist() == [False, False, False, True]


def test_the_largest_comes_first_and_what_is_not_known_last(small_codebook):
    estimates = estimates_of(small_codebook)
    for category, count in zip(("talks", "crafts", "concerts", "other"), (10, 30, 20, 99), strict=True):
        estimates = counted(estimates, "events", category, count=count, n=100)
    estimates = changed(estimates, "events", "other", support="assumed", low=0.0, high=1.0)
    table = figure_data(estimates, small_codebook, figure_of("bars", "events", sort=True))
    assert table["category"].tolist() == ["crafts", "concerts", "talks", "other"]


def test_a_category_is_ranked_by_its_first_group_alone(small_codebook):
    estimates = estimates_of(small_codebook)
    for category, count in zip(("bright", "steady", "bleak", "dont_know"), (10, 40, 30, 20), strict=True):
        estimates = counted(estimates, "outlook", category, "kind", "lib", count=count, n=100)
    where = ("outlook", "bright", "kind")
    estimates = counted(estimates, *where, "mus", count=99, n=100)
    estimates = changed(estimates, *where, "lib", support="bounded", low=0.0, high=0.2)
    table = figure_data(estimates, small_codebook, figure_of("grouped", "outlook", "kind", sort=True))
    assert list(table["category"].unique()) == ["steady", "bleak", "dont_know", "bright"]


def test_what_is_not_settled_has_bounds_and_no_numbers(small_codebook):
    estimates = changed(estimates_of(small_codebook), "events", "talks", support="bounded", low=0.4, high=0.5)
    estimates = changed(estimates, "events", "crafts", support="assumed", low=0.0, high=0.9)
    estimates = changed(estimates, "events", "concerts", quality="withheld")
    estimates = changed(estimates, "events", "other", quality="flagged")
    table = figure_data(estimates, small_codebook, small_codebook.figures[0]).set_index("category")
    assert table["drawn"].to_dict() == {
        "talks": "bounded",
        "crafts": "assumed",
        "concerts": "withheld",
        "other": "settled",
    }
    assert table.loc[["talks", "crafts", "concerts"], ["count", "estimate", "ci_low", "ci_high"]].isna().all(axis=None)
    assert table.loc[["talks", "crafts"], ["low", "high"]].to_numpy().tolist() == [[0.4, 0.5], [0.0, 0.9]]
    assert table["text"].tolist()[:3] == ["40\N{EN DASH}50%", "not known", "withheld"]
    assert table.loc["other", "text"].endswith("%*")


def test_a_table_drawn_has_no_number_that_the_report_leaves_open(small_codebook):
    """Nor of what is withheld the range that the report leaves it."""
    book, estimates = rebuilt(small_codebook), estimates_of(small_codebook).assign(support="published")
    estimates = changed(estimates, "events", "talks", count_low=40, count_high=41)
    no_interval = {"ci_low": np.nan, "ci_high": np.nan}
    estimates = changed(estimates, "events", "crafts", base_low=90, base_high=110, **no_interval)
    ranged = {"support": "bounded", "low": 0.4, "high": 0.5}
    estimates = changed(estimates, "events", "concerts", quality="withheld", **ranged)
    estimates = changed(estimates, "events", "other", quality="flagged", **ranged)
    table = figure_data(estimates, book, small_codebook.figures[0]).set_index("category")
    assert table["drawn"].tolist() == ["settled", "settled", "withheld", "bounded"]
    assert table.loc[["talks", "crafts"], "estimate"].notna().all() and table["count"].isna().all()
    assert table["n"].isna().tolist() == [False, True, False, False]
    assert table.loc["crafts", "base"] == "90\N{EN DASH}110"
    assert table.loc["concerts", ["low", "high", "estimate"]].isna().all()
    assert table.loc["other", "text"] == "40\N{EN DASH}50%*"


def test_ranges_stand_by_their_middle(small_codebook):
    estimates = estimates_of(small_codebook)
    for category, ends in {"talks": (0, 0.2), "crafts": (0.3, 0.4), "concerts": (0.1, 0.9)}.items():
        estimates = changed(estimates, "events", category, support="bounded", low=ends[0], high=ends[1])
    table = figure_data(estimates, rebuilt(small_codebook), figure_of("bars", "events", sort=True))
    assert table["category"].tolist() == ["other", "concerts", "crafts", "talks"]


def test_a_figure_of_counts_shows_counts_and_their_bounds(small_codebook):
    estimates = counted(estimates_of(small_codebook), "events", "talks", count=4, n=9, quality="withheld")
    estimates = counted(estimates, "events", "concerts", count=7, n=28, quality="flagged")
    bounds = {"support": "bounded", "low": 0.1, "high": 0.9, "count_low": 12, "count_high": 15}
    estimates = changed(estimates, "events", "crafts", **bounds)
    table = figure_data(estimates, small_codebook, figure_of("bars", "events", unit="count")).set_index("category")
    assert table.loc["talks", "text"] == "4"
    assert table.loc["crafts", ["low", "high", "text"]].tolist() == [12, 15, "12\N{EN DASH}15"]
    assert table["estimate"].isna().all()
    # Nor has a count an interval, or lacks one.
    figure = figure_of("bars", "events", unit="count")
    assert [mark for mark, _ in key_words(table, figure, 0.95)] == ["bounded"]
    # A range is no count that is printed, whatever is said of its share.
    ranged = changed(estimates, "events", "crafts", quality="modelled")
    table_ = figure_data(ranged, small_codebook, figure_of("bars", "events", unit="count")).set_index("category")
    assert table_.loc["crafts", "quality"] == "modelled" and table_.loc["concerts", "text"] == "7"
    # How few it is of says nothing against a count.
    assert table.loc[["talks", "concerts"], "quality"].tolist() == ["ok", "ok"]


def test_a_missing_estimate_is_a_sentence(small_codebook):
    estimates = estimates_of(small_codebook)
    with pytest.raises(InputProblem) as problem:
        figure_data(estimates[estimates["category"].ne("crafts")], small_codebook, small_codebook.figures[0])
    assert str(problem.value) == (
        "figure figure_1: the estimates have no row measure events, category crafts, break total, group total, "
        "basis unweighted; run analyse first."
    )


def test_parts_that_were_each_rounded_may_add_up_to_more_than_the_whole(small_codebook):
    """Answers of which each gave one are parts of a whole, whatever rounding makes of their sum."""
    estimates = estimates_of(small_codebook)
    thirds = dict(zip([a.id for a in small_codebook.question("outlook").answers], (0.34, 0.34, 0.33), strict=False))
    for answer, share in thirds.items():
        estimates = changed(estimates, "outlook", answer, estimate=share)
    table = figure_data(estimates, small_codebook, figure_of("split", "outlook", break_="kind", categories=[*thirds]))
    assert len(table) == 2 * len(thirds)


def test_parts_that_are_more_than_the_whole_are_a_sentence(small_codebook):
    estimates = counted(estimates_of(small_codebook), "outlook", "not_bright", "kind", "lib", count=90, n=100)
    twice = figure_of("split", "outlook", break_="kind", categories=["steady", "bleak", "not_bright"])
    with pytest.raises(InputProblem, match="figure f: the categories of group lib add up to more than all of it"):
        figure_data(estimates, small_codebook, twice)
    # So may answers that go together.
    both = figure_of("split", "events", break_="kind", categories=["talks", "crafts"])
    for answer in ("talks", "crafts"):
        estimates = counted(estimates, "events", answer, "kind", "mus", count=60, n=100)
    with pytest.raises(InputProblem, match="figure f: the categories of group mus add up to more than all of it"):
        figure_data(estimates, small_codebook, both)


@pytest.mark.parametrize(
    ("kind", "break_", "said"),
    [("grouped", None, "a grouped figure needs a break"), ("bars", "kind", "a bars figure has no break")],
)
def test_a_figure_has_the_break_that_its_kind_needs(kind, break_, said):
    with pytest.raises(ValueError, match=said):
        figure_of(kind, "shop", break_)


def words_and_text(estimates, codebook, figure):
    table = figure_data(estimates, codebook, figure)
    words = words_around(table, codebook, figure, PARAMS)
    return words, alternative(table, words, figure)


def test_the_text_alternative_says_all_that_is_drawn(small_codebook):
    estimates = counted(estimates_of(small_codebook), "events", "talks", count=1, n=3)
    for category, count in zip(("crafts", "concerts", "other"), (2, 1, 0), strict=True):
        estimates = counted(estimates, "events", category, count=count, n=3)
    estimates = changed(estimates, "events", "crafts", support="assumed", low=0.0, high=1.0)
    _, text = words_and_text(estimates, rebuilt(small_codebook), small_codebook.figures[0])
    assert text == (
        "Figure 1, 2020: Events. Bar chart. Which events do you hold? (up to two). Per cent of all houses, unweighted. "
        "Talks: 33% (28% to 38%). Crafts: not known. Concerts: 33% (28% to 38%). Something else: 0% (0% to 5%). "
        "Thin line: 95% interval. "
        "Dashed outline: not known: the report's text does not settle it. Base: n = 3. Source: Made up for tests. "
        "Reconstructed from the printed report; not the original records. Questions are in our words.\n"
    )


@pytest.mark.parametrize(
    ("categories", "said"),
    [
        ((), ""),
        (("talks", "crafts", "concerts"), "Not drawn: Something else."),
        (("concerts",), "Not drawn: Talks, Crafts, Something else."),
    ],
)
def test_a_figure_says_which_answers_it_leaves_out(small_codebook, categories, said):
    figure = figure_of("bars", "events", categories=categories)
    words, text = words_and_text(estimates_of(small_codebook), small_codebook, figure)
    assert [line for line in words["foot"] if line.startswith("Not drawn")] == ([said] if said else [])
    assert said in text and ("Not drawn" in text) == bool(said)


def test_an_answer_in_a_net_that_is_drawn_is_not_left_out(small_codebook):
    question = next(q for q in small_codebook.questions if q.nets)
    net, left = question.nets[0], [a.id for a in question.answers if a.id not in question.members(question.nets[0].id)]
    figure = figure_of("bars", "outlook", categories=(net.id,))
    assert [a.id for a in figure.undrawn(question)] == left


def test_every_drawn_text_is_in_the_alternative(small_codebook):
    estimates = estimates_of(small_codebook)
    for figure in small_codebook.figures:
        _, text = words_and_text(estimates, small_codebook, figure)
        for row in figure_data(estimates, small_codebook, figure).to_dict("records"):
            assert row["text"] in text and row["label"] in text
            # Where each row has a base of its own, it is said with the row; else all of them at the end.
            each = f"{row['group_label']} (n = {row['base']}): "
            assert (each in text) == (figure.kind in ("split", "grid"))


def test_bases_stand_under_each_chart_or_beside_each_row(small_codebook):
    estimates = estimates_of(small_codebook)
    bases = [base_words(figure_data(estimates, small_codebook, f), f) for f in small_codebook.figures]
    assert bases == [
        "Base: n = 100",
        "Bases, n: Library 100 · Museum 100",
        *["n: the organisations in each row, unweighted."] * 2,
        "",
    ]


def test_keys_say_only_what_this_figure_needs(small_codebook):
    estimates = changed(estimates_of(small_codebook), "events", "talks", quality="flagged")
    table = figure_data(estimates, small_codebook, small_codebook.figures[0])
    assert [drawn for drawn, _ in key_words(table, small_codebook.figures[0], 0.9)] == ["interval", "flagged"]
    assert key_words(table, small_codebook.figures[0], 0.9)[0][1] == "90% interval"
    assert key_words(table, small_codebook.figures[0], 0.9)[1][1] == "Few respondents: read with care"


def test_the_key_says_where_an_interval_is_missing_and_a_base_may_be_small(small_codebook):
    estimates, figure = estimates_of(small_codebook), small_codebook.figures[0]
    open_base = {"base_low": 9, "base_high": 170, "ci_low": np.nan, "ci_high": np.nan}
    estimates = changed(estimates, "events", "talks", quality="flagged", **open_base)
    table = figure_data(estimates, rebuilt(small_codebook), figure)
    keys = dict(key_words(table, figure, 0.95))
    assert keys["interval"] == "95% interval; none where the number of respondents is a range"
    assert "perhaps few where their number is a range" in keys["flagged"]
    estimates = changed(estimates, "events", "crafts", ci_low=np.nan, ci_high=np.nan)
    table = figure_data(estimates, rebuilt(small_codebook), figure)
    said = dict(key_words(table, figure, 0.95))["interval"]
    assert said.endswith("none where the number of respondents is a range or no error can be stated")
    none = estimates.assign(ci_low=np.nan, ci_high=np.nan)
    keys = dict(key_words(figure_data(none, rebuilt(small_codebook), figure), figure, 0.95))
    assert "interval" not in keys and keys["withheld"].startswith("No interval, since ")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            "reconstruction",
            "Reconstructed from the printed report; not the original records. Questions are in our words.",
        ),
        ("rehearsal", "REHEARSAL"),
    ],
)
def test_the_status_of_the_records_is_said(small_codebook, kind, said):
    codebook = small_codebook.model_copy(update={"kind": kind})
    words, text = words_and_text(estimates_of(small_codebook), codebook, small_codebook.figures[0])
    assert said in text and said in words["foot"][-1]
    assert words["caption"].startswith("REHEARSAL") == (kind == "rehearsal")
    # In the picture, too, with what that means.
    assert bool(words["rehearsal"]) == bool(words["rehearsal_means"]) == (kind == "rehearsal")


@pytest.fixture(scope="module")
def folder(small_codebook, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    draw_all(estimates_of(small_codebook), small_codebook, PARAMS, folder, say=lambda line: None)
    return folder


def test_a_survey_without_figures_has_an_empty_folder_of_them(small_codebook, tmp_path):
    none = small_codebook.model_copy(update={"figures": ()})
    folder = tmp_path / "figures"
    assert draw_all(estimates_of(none), none, PARAMS, folder, say=lambda line: None) == {}
    assert list(folder.iterdir()) == [] and gallery(none, folder).data == ""
    assert (small_codebook.first_measure, none.first_measure) == ("events", "kind")


def test_each_figure_has_four_files(small_codebook, folder):
    names = {f"{f.id}.{kind}" for f in small_codebook.figures for kind in ("svg", "png", "csv", "txt")}
    assert {path.name for path in folder.iterdir()} == names


def test_the_csv_is_the_table_drawn(small_codebook, folder):
    figure = small_codebook.figures[1]
    table = figure_data(estimates_of(small_codebook), small_codebook, figure)
    written = read_table(folder / f"{figure.id}.csv", dtype={"base": str})
    pd.testing.assert_frame_equal(written, table, check_dtype=False)


def test_every_svg_has_a_title_and_its_alternative(small_codebook, folder):
    for figure in small_codebook.figures:
        root = ET.parse(folder / f"{figure.id}.svg").getroot()
        assert root.get("role") == "img"
        title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
        assert title.text == f"Figure {figure.number}, 2020: {figure.title}"
        assert desc.text == (folder / f"{figure.id}.txt").read_text(encoding="utf-8")


def test_no_file_names_a_date_a_maker_or_a_path(folder):
    for path in folder.iterdir():
        content = path.read_bytes().lower()
        assert not any(word in content for word in (b"matplotlib", b"<dc:date", b"software", str(ROOT).encode()))


def test_labels_that_look_like_code_are_only_text(small_codebook, tmp_path):
    figure = small_codebook.figures[0].model_copy(update={"title": '<script>$x$ & "y"</script> -->'})
    codebook = small_codebook.model_copy(update={"figures": (figure,)})
    draw_all(estimates_of(codebook), codebook, PARAMS, tmp_path, say=lambda line: None)
    root = ET.parse(tmp_path / "figure_1.svg").getroot()
    assert figure.title in root.find(f"{SVG}title").text
    assert not list(root.iter(f"{SVG}script"))
    assert "<script>" not in gallery(codebook, tmp_path).data


def test_the_gallery_shows_each_figure_with_its_alternative(small_codebook, folder):
    page = gallery(small_codebook, folder).data
    assert page.count("<img ") == page.count('alt="Figure ') == len(small_codebook.figures)


def test_progress_names_each_figure(small_codebook, tmp_path):
    said = []
    codebook = small_codebook.model_copy(update={"figures": small_codebook.figures[:1]})
    draw_all(estimates_of(codebook), codebook, PARAMS, tmp_path, say=said.append)
    assert said == ["Figure 1 of 1: Events"]


def test_a_figure_that_is_no_more_leaves_no_file(small_codebook, tmp_path):
    (tmp_path / "figure_9.svg").write_text("old")
    (tmp_path / "notes.md").write_text("kept")
    codebook = small_codebook.model_copy(update={"figures": small_codebook.figures[:1]})
    draw_all(estimates_of(codebook), codebook, PARAMS, tmp_path, say=lambda line: None)
    assert {p.name for p in tmp_path.iterdir()} == {
        "notes.md",
        *(f"figure_1.{k}" for k in ("svg", "png", "csv", "txt")),
    }


AGAIN = """
import sys
from made_estimates import estimates_of
from pipeline.codebook import load_codebook
from pipeline.figures import draw_all
from pipeline.params import load_params
codebook = load_codebook(sys.argv[1])
draw_all(estimates_of(codebook), codebook, load_params(sys.argv[2]), sys.argv[3])
"""


@pytest.mark.slow
def test_another_process_hash_seed_locale_and_settings_give_the_same_bytes(folder, tmp_path):
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nsavefig.dpi: 17\naxes.facecolor: red\nsvg.fonttype: none\n")
    odd = {"PYTHONHASHSEED": "7", "LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "MATPLOTLIBRC": str(tmp_path)}
    paths = [str(HERE / "small_codebook.yaml"), str(ROOT / "params.yaml"), str(tmp_path / "out")]
    environment = {**os.environ, **odd, "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}
    subprocess.run([sys.executable, "-c", AGAIN, *paths], check=True, env=environment, capture_output=True)
    for path in sorted(folder.iterdir()):
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_figure_of_the_first_wave_can_be_drawn(codebook_2014, tmp_path):
    estimates = estimates_of(codebook_2014)
    draw_all(estimates, codebook_2014, PARAMS, tmp_path, say=lambda line: None)
    assert len(list(tmp_path.glob("*.svg"))) == len(codebook_2014.figures)


def test_the_last_bits_of_a_share_move_no_pixel(codebook_2014, tmp_path):
    """Processors and linear-algebra libraries differ in them; a picture's bytes must not."""
    written = read_table(ROOT / "reports/2014/estimates.csv")
    shares = ["estimate", "ci_low", "ci_high", "low", "high"]
    computed = written.assign(**{c: written[c] * (1 + 3e-13) for c in shares})
    for name, estimates in (("written", written), ("computed", computed)):
        draw_all(estimates, codebook_2014, PARAMS, tmp_path / name, say=lambda line: None)
    pictures = sorted(p for p in (tmp_path / "written").iterdir() if p.suffix in (".svg", ".png"))
    assert len(pictures) == 2 * len(codebook_2014.figures)
    moved = [p.name for p in pictures if p.read_bytes() != (tmp_path / "computed" / p.name).read_bytes()]
    assert not moved
