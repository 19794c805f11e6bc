"""Trends as drawn and said: points, rings, ranges and gaps; nothing modelled, nothing joined across a break."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import HERE, ROOT
from made_waves import SCORE, SETTINGS, STEPS, renamed, wave_of

from pipeline import maturity, step_weights, steps_picture, track, trends
from pipeline.change import Wave, changes, marked
from pipeline.codebook import TOTAL, SeriesBreak, Trend
from pipeline.files import MARKED
from pipeline.harmonise import register
from pipeline.params import load_params
from pipeline.printing import points_text
from pipeline.problems import InputProblem
from pipeline.sheet import set_sheet
from pipeline.tables import write_table
from pipeline.trends import draw_trends, trend_alternative, trend_tables, trend_words

TRENDS = (
    Trend(id="bright", number=1, title="Outlook", measure="outlook", categories=["bright", "bleak"]),
    Trend(id="shops", number=2, title="Shops", measure="shop", categories=["yes"], **{"break": "scale"}),
    Trend(id="mood", number=3, title="Mood", net_score="mood", **{"break": "kind"}),
)
BROKEN = (
    SeriesBreak(question="outlook", answers=["bleak"], change="reworded", date="2021-01-01", reason="Other words"),
    SeriesBreak(question="scale", answers=["mus_few"], change="bands", date="2021-01-01", reason="Redrawn"),
)


@pytest.fixture(scope="module")
def settings():
    return load_params(ROOT / "params.yaml")


@pytest.fixture(scope="module")
def book(small_codebook):
    return small_codebook.model_copy(update={"trends": TRENDS, "net_scores": (SCORE,), "steps": STEPS})


@pytest.fixture(scope="module")
def respondents(book, make_respondents):
    first = make_respondents(book, 110, 1)
    return [first, pd.concat([first.iloc[:60], renamed(make_respondents(book, 50, 2), 0)], ignore_index=True)]


def waves_of(book, respondents, kinds=("fieldwork", "fieldwork"), broken=BROKEN, years=(2020, 2021)):
    books = [book, *(book.model_copy(update={"breaks_in_series": broken}) for _ in years[1:])]
    return [wave_of(b, r, y, kind=k) for b, r, k, y in zip(books, respondents, kinds, years, strict=True)]


def data(waves, trend):
    breaks = register(track.books(waves))
    scored = track.with_scores(waves, maturity.score_grid, maturity.score_bounds, SETTINGS)
    parts = {"shares": track.stacked(waves), "scores": track.stacked(scored), "breaks": breaks, "basis": "unweighted"}
    return trend_tables([t for t in TRENDS if t.id == trend], waves, **parts)[trend]


def test_a_line_joins_two_waves_that_may_be_compared_and_no_others(book, respondents):
    table = data(waves_of(book, respondents), "bright").set_index(["category", "wave"])
    assert table["joined"].to_dict() == {
        ("bright", 2020): False,
        ("bright", 2021): True,
        ("bleak", 2020): False,
        ("bleak", 2021): False,
    }
    assert table.loc[("bleak", 2021), "why"] == "break in series in 2021: Other words"
    assert table["estimate"].notna().all() and table["ci_low"].notna().all()


def test_small_groups_have_an_asterisk_and_open_bases_no_number(book, respondents, settings):
    waves = waves_of(book, respondents)
    shares = waves[0].estimates
    mine = shares["measure"].eq("shop") & shares["group"].eq(TOTAL)
    n = int(shares.loc[mine, "n"].iloc[0])
    few = shares.assign(
        quality=shares["quality"].mask(mine, "flagged"),
        base_low=np.where(mine, n - 3.0, np.nan),
        base_high=np.where(mine, n + 3.0, np.nan),
    )
    table = data([replace(waves[0], estimates=few), waves[1]], "shops")
    row = table[table["group"].eq(TOTAL) & table["wave"].eq(2020)].iloc[0]
    base = f"{n - 3}\N{EN DASH}{n + 3}"
    assert row["text"].endswith("%*") and pd.isna(row["n"]) and row["base"] == base
    words = trend_words(next(t for t in TRENDS if t.id == "shops"), table, waves, settings=settings)
    assert ("flagged", "Few respondents: read with care") in words["key"]
    assert words["foot"][0].startswith(f"Bases in 2020, n. All: {base} ")
    assert "Asterisk: few respondents: read with care." in trend_alternative(table, words)


def test_a_redrawn_group_has_a_gap_and_the_others_go_on(book, respondents):
    table = data(waves_of(book, respondents), "shops")
    later = table[table["wave"].eq(2021)].set_index("group")
    assert later.loc["mus_few", "why"] == "break in series in 2021: Redrawn"
    assert later.loc[TOTAL, "joined"] and not later.loc["mus_few", "joined"]


def settle(wave, support, **values):
    """The wave with one share of everyone as the report prints it, or leaves it."""
    rows = wave.estimates["category"].eq("bright") & wave.estimates["break"].eq(TOTAL)
    changed = {c: wave.estimates[c].mask(rows, v) for c, v in ({"support": support, "quality": "ok"} | values).items()}
    return Wave(wave.wave, wave.codebook, wave.respondents, wave.estimates.assign(**changed))


def test_what_a_reconstruction_shows_is_a_ring_a_range_or_nothing(book, respondents):
    rebuilt, rehearsed = waves_of(book, respondents, ("reconstruction", "rehearsal"), broken=())
    for support, drawn in (("published", "settled"), ("implied", "settled"), ("bounded", "bounded")):
        first = settle(rebuilt, support, low=0.25, high=0.5, ci_low=0.3, ci_high=0.4)
        table = data([first, rehearsed], "bright").set_index(["category", "wave"])
        row = table.loc[("bright", 2020)]
        assert row["drawn"] == drawn
        # Printed or not, a share of a sample has an interval; a range that the report leaves is no such thing.
        assert row[["ci_low", "ci_high"]].tolist() == [0.3, 0.4] if drawn == "settled" else pd.isna(row["ci_low"])
        assert pd.isna(row["estimate"]) == (drawn == "bounded")
        assert not table["joined"].any()
        if drawn == "bounded":
            assert (row["low"], row["high"], row["text"]) == (0.25, 0.5, "25\N{EN DASH}50%")
        # Nothing is known of the other answer, and no number of it goes into the table.
        other = table.loc[("bleak", 2020)]
        assert (other["drawn"], other["text"]) == ("assumed", "not known") and pd.isna(other["estimate"])


@pytest.mark.parametrize(
    ("row", "drawn", "text", "numbers"),
    [
        ({}, "settled", "50%", {"estimate", "ci_low", "ci_high"}),
        ({"quality": "flagged"}, "settled", "50%*", {"estimate", "ci_low", "ci_high"}),
        ({"quality": "withheld"}, "withheld", "withheld", set()),
        ({"estimate": np.nan}, "withheld", "withheld", set()),
        ({"support": "assumed", "quality": "modelled"}, "assumed", "not known", set()),
        ({"support": "assumed", "quality": "withheld"}, "withheld", "withheld", set()),
        ({"support": "bounded", "quality": "modelled"}, "bounded", "25\N{EN DASH}75%", {"low", "high"}),
        ({"support": "bounded", "estimate": np.nan}, "bounded", "25\N{EN DASH}75%", {"low", "high"}),
        ({"support": "bounded", "quality": "withheld"}, "withheld", "withheld", set()),
    ],
)
def test_a_point_has_the_numbers_that_may_be_shown_and_no_others(row, drawn, text, numbers):
    given = {"support": "measured", "quality": "ok", "estimate": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    point = trends._point(given | {"low": 0.25, "high": 0.75} | row, scored=False)
    assert (point["drawn"], point["text"]) == (drawn, text)
    assert set(point) - {"support", "quality", "drawn", "text"} == numbers
    # A dash between scores would be taken for a minus.
    if drawn == "bounded":
        score = trends._point(given | {"low": -0.25, "high": 0.75} | row, scored=True)
        assert score["text"] == "\N{MINUS SIGN}25 to +75"


def test_a_rehearsal_says_so_and_is_joined_with_nothing_measured(book, respondents, settings):
    kinds, years = ("rehearsal", "fieldwork"), (2020, 2021)
    waves = waves_of(book, respondents, kinds, broken=(), years=years)
    table = data(waves, "bright")
    assert not table["joined"].any()
    words = trend_words(TRENDS[0], table, waves, settings=settings)
    assert words["caption"].startswith("REHEARSAL. Trend 1, 2020 to 2021") and words["rehearsal"] == "REHEARSAL"
    assert "2020: simulated answers" in words["rehearsal_means"]


def test_only_rows_that_involve_a_rehearsal_are_marked(book, respondents):
    waves = waves_of(book, respondents, ("reconstruction", "rehearsal"), broken=())
    assert marked(pd.DataFrame({"wave": [2020, 2021]}), waves)["REHEARSAL"].tolist() == ["", MARKED]
    assert marked(pd.DataFrame({"wave": [2021], "since": [2020]}), waves)["REHEARSAL"].tolist() == [MARKED]
    # The register says of a real wave what its questionnaire changed, whatever stood before.
    since = pd.DataFrame({"wave": [2020, 2021], "since": [2021, 2020]})
    assert marked(since, waves, by=["wave"])["REHEARSAL"].tolist() == ["", MARKED]
    assert marked(pd.DataFrame({"share": [0.5]}), waves)["REHEARSAL"].tolist() == [MARKED]
    assert "REHEARSAL" not in marked(pd.DataFrame({"wave": [2020]}), waves[:1])


def test_a_trend_without_a_single_value_is_drawn_all_the_same(book, respondents, settings, tmp_path):
    waves = waves_of(book, respondents, ("reconstruction", "rehearsal"), broken=())
    hidden = {"quality": "withheld", "support": "simulated"} | dict.fromkeys(["estimate", "ci_low", "ci_high"], np.nan)
    waves = [Wave(w.wave, w.codebook, w.respondents, w.estimates.assign(**hidden)) for w in waves]
    drawn = {"shares": track.stacked(waves), "scores": None, "breaks": register(track.books(waves))}
    one = waves[-1].codebook.model_copy(update={"trends": TRENDS[:1]})
    waves[-1] = Wave(2021, one, waves[-1].respondents, waves[-1].estimates)
    said = trends.draw_trends(waves, settings=settings, folder=tmp_path, **drawn)
    assert all("withheld" in text for text in said.values()) and len(said) == 1


def otherwise_in_2020(waves, change):
    """These waves, whose first one had its questions changed so."""
    book = waves[0].codebook
    earlier = book.model_copy(update={"questions": tuple(change(q) for q in book.questions)})
    return [Wave(2020, earlier, waves[0].respondents, waves[0].estimates), waves[1]]


def with_other_text(question):
    return question.model_copy(update={"text": f"Once more: {question.text}"})


def with_other_labels(question):
    answers = tuple(a.model_copy(update={"label": f"{a.label} (old)"}) for a in question.answers)
    return question.model_copy(update={"answers": answers})


def test_a_trend_says_what_the_earlier_waves_called_what_it_draws(book, respondents, settings):
    waves = waves_of(book, respondents, ("rehearsal", "rehearsal"), broken=())
    tables = {trend.id: data(waves, trend.id) for trend in TRENDS}

    def said(trend, waves):
        foot = trend_words(trend, tables[trend.id], waves, settings=settings)["foot"]
        return [line for line in foot if "in 2020: " in line.lower()]

    share, score = (next(t for t in TRENDS if (t.net_score is not None) == scored) for scored in (False, True))
    assert not said(share, waves) and not said(score, waves)
    text = book.question(book.measure(share.measure).question).text
    assert said(share, otherwise_in_2020(waves, with_other_text)) == [f"Asked in 2020: Once more: {text}"]
    labels = book.question(book.measure(share.measure).question).categories
    # Of what is drawn alone: the other answers' words are nowhere in the picture.
    for trend, drawn in ((share, share.categories), (score, (*SCORE.plus, *SCORE.minus))):
        (line,) = said(trend, otherwise_in_2020(waves, with_other_labels))
        assert line == f"In 2020: {'; '.join(f'“{labels[c]} (old)” for “{labels[c]}”' for c in labels if c in drawn)}."


KINDS = ["reconstruction", "rehearsal", "fieldwork"]


@pytest.mark.parametrize("kinds", [(one, other) for one in KINDS for other in KINDS], ids=" then ".join)
def test_only_waves_that_came_about_in_the_same_way_are_joined(book, respondents, kinds):
    waves = waves_of(book, respondents, kinds, broken=())
    waves = [settle(w, "published") if w.kind == "reconstruction" else w for w in waves]
    row = data(waves, "bright").set_index(["category", "wave"]).loc[("bright", 2021)]
    assert row["joined"] == (kinds[0] == kinds[1])
    said = f"2020 ({kinds[0]}) and 2021 ({kinds[1]}) came about in different ways: no line joins them"
    assert row["why"] == ("" if row["joined"] else said)


def test_what_was_measured_is_joined_over_a_rehearsal_between(book, respondents, settings, tmp_path):
    people, years = [*respondents, *respondents], (2020, 2021, 2022, 2023)
    kinds = ("reconstruction", "fieldwork", "rehearsal", "fieldwork")
    waves = waves_of(book, people, kinds, broken=(), years=years)
    table = data(waves, "bright")
    assert table.loc[table["joined"], ["wave", "joined_to"]].drop_duplicates().to_numpy().tolist() == [[2023, 2021]]
    words = trend_words(TRENDS[0], table, waves, settings=settings)
    assert [kind for kind, _ in words["points"]] == ["rehearsal", "fieldwork"]
    said = trend_alternative(table, words)
    assert "Diamond: a rehearsal. Simulated answers" in said and "Dot: measured" in said
    assert "2022 not joined, then " in said and "2023 not joined" not in said


def test_a_point_has_the_shape_of_its_kind(book, respondents, settings, monkeypatch):
    """Each point that is drawn goes through one function, which knows the kinds; no two kinds look alike."""
    waves = waves_of(book, respondents, ("reconstruction", "rehearsal"), broken=())
    waves[0] = settle(waves[0], "published")
    table = data(waves, "bright")
    drawn = []
    monkeypatch.setattr(trends, "_point_of", lambda page, kind, x, y: drawn.append(kind))
    words = trend_words(TRENDS[0], table, waves, settings=settings)
    set_sheet(words, settings.figures, lambda page: trends._panels(page, table, words))
    assert drawn == ["reconstruction", "rehearsal", "rehearsal", "reconstruction", "rehearsal"]
    assert len(set(trends.MARKERS.values())) == len(trends.MARKERS) == len(KINDS)


def test_the_alternative_says_every_value_and_every_gap(book, respondents, settings):
    waves = waves_of(book, respondents)
    table = data(waves, "bright")
    said = trend_alternative(table, trend_words(TRENDS[0], table, waves, settings=settings))
    assert "Bleak, All: 2020 " in said and "2021 break in series, then " in said
    for text in table["text"]:
        assert text in said
    assert "Break in series in 2021: Other words." in said


def test_the_key_says_what_the_lines_are_and_which_points_have_none(book, respondents, settings):
    rebuilt, rehearsed = waves_of(book, respondents, ("reconstruction", "rehearsal"), broken=())
    keys = {}
    for known in (True, False):
        error = {"ci_low": 0.3, "ci_high": 0.4} if known else {}
        waves = [settle(rebuilt, "published", **error), rehearsed]
        table = data(waves, "bright")
        words = trend_words(TRENDS[0], table, waves, settings=settings)
        keys[known] = dict(words["key"])["interval"]
        assert f"Thin line: {keys[known]}." in trend_alternative(table, words)
    assert keys[True] == "95% interval" and keys[False] == "95% interval; none where no error can be stated"


def test_shares_have_one_scale_and_scores_below_none_reach_as_far_down(book, respondents, settings, monkeypatch):
    scales = []
    monkeypatch.setattr(trends, "_panel", lambda page, rows, at, scale, heading: scales.append(scale))
    waves = waves_of(book, respondents, broken=())
    table = data(waves, "bright")
    words = trend_words(TRENDS[0], table, waves, settings=settings)
    for most in (0.2, 0.9):
        few = table.assign(**{c: table[c].clip(upper=most) for c in ("estimate", "ci_low", "ci_high")})
        set_sheet(words, settings.figures, lambda page, few=few: trends._panels(page, few, words))
    below = table.assign(estimate=-table["estimate"])
    set_sheet(words, settings.figures, lambda page: trends._panels(page, below, words))
    assert set(scales) == {(0.0, 1.0), (-1.0, 1.0)} and scales.count((-1.0, 1.0)) == table["label"].nunique()


def test_net_scores_are_in_points(book, respondents):
    table = data(waves_of(book, respondents, broken=()), "mood")
    assert table["group"].unique().tolist() == [TOTAL, "lib", "mus"] and table["joined"].sum() == 3
    settled = table[table["drawn"].eq("settled")]
    assert settled["text"].str.removesuffix("*").tolist() == [points_text(x) for x in settled["estimate"]]


def test_every_trend_is_drawn_the_same_again_and_old_ones_go(book, respondents, settings, tmp_path):
    waves = waves_of(book, respondents, ("reconstruction", "rehearsal"))
    scored = track.with_scores(waves, maturity.score_grid, maturity.score_bounds, SETTINGS)
    drawn = {"shares": track.stacked(waves), "scores": track.stacked(scored), "breaks": register(track.books(waves))}
    (tmp_path / "trend_gone.svg").write_text("old")
    said = draw_trends(waves, settings=settings, folder=tmp_path, **drawn)
    assert list(said) == ["bright", "shops", "mood"]
    files = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert sorted(files) == sorted(f"trend_{i}.{e}" for i in said for e in ("svg", "png", "csv", "txt"))
    draw_trends(waves, settings=settings, folder=tmp_path, **drawn)
    assert files == {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert b"REHEARSAL" in files["trend_bright.svg"] and b"REHEARSAL" in files["trend_bright.csv"]


def test_the_picture_of_the_weights(book, respondents, settings, tmp_path):
    waves = waves_of(book, respondents, ("fieldwork", "rehearsal"), broken=())
    table = step_weights.robustness(waves)
    breaks = register(track.books(waves))
    survives = step_weights.what_survives(table, waves, breaks=breaks)
    said = steps_picture.draw_weights(table, survives, waves, settings, tmp_path, breaks=breaks)
    assert (
        "2020, Library: " in said
        and "2021 (simulated), Library: " in said
        and "not compared" not in said
        and said.startswith("REHEARSAL.")
    )
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".csv", ".png", ".svg", ".txt"]
    spans = step_weights.spans(table)
    assert (spans["any_weights_least"] <= spans["equal"]).all() and (spans["equal"] <= spans["any_weights_most"]).all()


def test_the_steps_are_named_as_the_last_wave_that_has_steps_names_them(book, respondents):
    first, second = waves_of(book, respondents, broken=())
    bare = replace(second, codebook=second.codebook.model_copy(update={"steps": ()}))
    table = step_weights.robustness([first, bare])
    breaks = register(track.books([first, bare]))
    survives = step_weights.what_survives(table, [first, bare], breaks=breaks)
    table = table.assign(drawn="filled")
    around = (
        steps_picture.words_of(table, survives, w, "unweighted", breaks=breaks)
        for w in ([first, second], [first, bare])
    )
    feet = [words["foot"] for words in around]
    assert feet[0][0] == feet[1][0] and feet[0][0] != "Steps: ."


def test_waves_whose_steps_are_made_up_otherwise_are_said_not_to_be_compared(book, respondents):
    """Their marks stand in one picture all the same."""
    first, second = waves_of(book, respondents, broken=())
    step, *others = second.codebook.steps
    fewer = step.model_copy(update={"criteria": step.criteria[:1]})
    assert len(step.criteria) > 1
    second = replace(second, codebook=second.codebook.model_copy(update={"steps": (fewer, *others)}))
    waves, breaks = [first, second], register(track.books([first, second]))
    table = step_weights.robustness(waves)
    survives = step_weights.what_survives(table, waves, breaks=breaks)
    words = steps_picture.words_of(table.assign(drawn="filled"), survives, waves, "unweighted", breaks=breaks)
    said = "Marks of 2021 are not compared with those of 2020: the step is made up otherwise than in 2020."
    assert said in words["foot"]


def test_one_wave_alone_is_drawn_and_said_to_be_alone(book, respondents, settings, tmp_path):
    waves = waves_of(book, respondents[:1], ("fieldwork",), years=(2020,))
    scored = track.with_scores(waves, maturity.score_grid, maturity.score_bounds, SETTINGS)
    breaks = register(track.books(waves))
    drawn = {"shares": track.stacked(waves), "scores": track.stacked(scored), "breaks": breaks}
    said = draw_trends(waves, settings=settings, folder=tmp_path, **drawn)
    assert "Trend 1, 2020: Outlook." in said["bright"]
    table = changes(waves, breaks=breaks, settings=SETTINGS)
    assert track.ALONE in track.status_words(waves) and track.said(table, waves) == track.ALONE
    survives = step_weights.what_survives(step_weights.robustness(waves), waves, breaks=breaks)
    assert survives["kind"].eq("order").all()
    assert track.tally(table).empty and track.untested(table).empty


# ---- the waves


def test_waves_are_read_in_order_and_those_of_another_year_refused(book, respondents, tmp_path, small_codebook):
    made = waves_of(small_codebook, respondents, broken=())
    for wave in made:
        write_table(tmp_path / f"weighted/{wave.wave}/respondents.csv", wave.respondents)
        write_table(tmp_path / f"series/{wave.wave}.csv", wave.estimates)
        text = (HERE / "small_codebook.yaml").read_text(encoding="utf-8")
        (tmp_path / "codebook").mkdir(exist_ok=True)
        (tmp_path / f"codebook/{wave.wave}.yaml").write_text(text.replace("wave: 2020", f"wave: {wave.wave}"))
    folders = {"codebooks": tmp_path / "codebook", "weighted": tmp_path / "weighted", "series": tmp_path / "series"}
    read = track.load_waves([2020, 2021], **folders)
    assert [w.wave for w in read] == [2020, 2021] and track.named(read) == ["2020 (fieldwork)", "2021 (fieldwork)"]
    pd.testing.assert_frame_equal(read[1].respondents[["organisation"]], made[1].respondents[["organisation"]])
    write_table(tmp_path / "series/2021.csv", made[0].estimates)
    with pytest.raises(InputProblem, match=r"2021\.csv, column wave: the estimates are those of another wave"):
        track.load_waves([2020, 2021], **folders)


def test_what_a_wave_that_is_not_listed_has_left_is_refused(book, respondents, tmp_path, small_codebook):
    """DVC would record it, and nobody who has not got it would come to the same record."""
    [wave, _] = waves_of(small_codebook, respondents, broken=())
    write_table(tmp_path / "weighted/2020/respondents.csv", wave.respondents)
    write_table(tmp_path / "series/2020.csv", wave.estimates)
    (tmp_path / "codebook").mkdir()
    shutil.copy2(HERE / "small_codebook.yaml", tmp_path / "codebook/2020.yaml")
    folders = {"codebooks": tmp_path / "codebook", "weighted": tmp_path / "weighted", "series": tmp_path / "series"}
    assert len(track.load_waves([2020], **folders)) == 1
    for left in ("series/2021.csv", "weighted/2021/respondents.csv"):
        write_table(tmp_path / left, wave.estimates)
        with pytest.raises(InputProblem, match=r"2021(\.csv)?: a wave that waves.all in params.yaml does not list"):
            track.load_waves([2020], **folders)
        (tmp_path / left).unlink()


def test_clear_changes_are_said_with_their_interval(book, respondents):
    waves = waves_of(book, respondents, broken=())
    everyone = waves[1].respondents.assign(outlook=pd.Series(["bright"] * 110, dtype="string"))
    later = wave_of(waves[1].codebook, everyone, 2021)
    table = changes([waves[0], later], breaks=register(track.books(waves)), settings=SETTINGS)
    said = track.said(table, [waves[0], later])
    row = table[table["category"].eq("bright") & table["break"].eq(TOTAL) & table["basis"].eq("unweighted")].iloc[0]
    assert f"- Outlook, Bright: **up** from {100 * row['before']:.0f}% (2020) to 100% (2021), +" in said


def test_the_alternative_says_why_no_interval_is_drawn(book, respondents, settings):
    """As the picture's key does."""
    rebuilt, _ = waves_of(book, respondents, ("reconstruction", "rehearsal"), broken=())
    waves = [settle(rebuilt, "published", ci_low=float("nan"), ci_high=float("nan"))]
    table = data(waves, "bright")
    words = trend_words(TRENDS[0], table, waves, settings=settings)
    why = "No interval, since no error can be stated"
    assert why in [text for _, text in words["key"]]
    assert f" {why}." in trend_alternative(table, words)
