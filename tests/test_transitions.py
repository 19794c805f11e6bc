"""Who gained and who lost an answer: counted and named by identifier, and nobody where nobody can be known."""

from types import SimpleNamespace

import pandas as pd
import pytest
from made_waves import renamed, wave_of

from pipeline.codebook import SeriesBreak, Trend
from pipeline.harmonise import register
from pipeline.track import releasable
from pipeline.transitions import COLUMNS, transitions


@pytest.fixture(scope="module")
def tracked(small_codebook):
    """The made-up survey, following who has a shop and who sells toys in it."""
    trends = (
        Trend(id="shops", number=1, title="Shops", measure="shop", categories=["yes"]),
        Trend(id="toys", number=2, title="Toys", measure="goods", categories=["toys"]),
    )
    return small_codebook.model_copy(update={"trends": trends})


@pytest.fixture(scope="module")
def waves(tracked, make_respondents):
    """Eighty houses, of which the first sixty answer again: three open a shop and one closes it."""
    first = make_respondents(tracked, 80, 5)
    first = first.assign(shop=pd.Series(["yes", "no"] * 40, dtype="string"))
    second = first.iloc[:60].reset_index(drop=True)
    shop = second["shop"].copy()
    shop[[1, 3, 5]] = "yes"
    shop[[0]] = "no"
    new = renamed(make_respondents(tracked, 20, 6), 0)
    later = pd.concat([second.assign(shop=shop), new], ignore_index=True)
    return wave_of(tracked, first, 2020), wave_of(tracked, later, 2021)


def moves(waves, measure="shop"):
    table = transitions(waves, breaks=register({w.wave: w.codebook for w in waves}))
    assert list(table.columns) == COLUMNS
    return table[table["measure"].eq(measure)].set_index("transition")


def test_a_worked_example(waves):
    shop, names = moves(waves), waves[0].respondents["organisation"]
    assert shop["n"].to_dict() == {"gained": 3, "lost": 1, "kept": 29, "still without": 27}
    assert shop["panel"].eq(60).all() and shop["support"].eq("measured").all()
    assert shop.loc["lost", "organisations"] == names[0]
    assert shop.loc["gained", "organisations"].split("; ") == sorted(names[[1, 3, 5]])


def test_transitions_add_up_to_the_panel_and_to_its_change(waves):
    shop = moves(waves)
    assert shop["n"].sum() == 60
    shares = [
        (w.respondents["shop"].eq("yes") & w.respondents["organisation"].isin(panel_of(waves))).sum() for w in waves
    ]
    assert shop.loc["gained", "n"] - shop.loc["lost", "n"] == shares[1] - shares[0]


def panel_of(waves):
    names = [set(w.respondents["organisation"]) for w in waves]
    return names[0] & names[1]


def test_only_organisations_in_both_bases_count(waves):
    goods = moves(waves, "goods")
    shops = [set(w.respondents.loc[w.respondents["shop"].eq("yes"), "organisation"]) for w in waves]
    assert goods["panel"].unique().tolist() == [len(shops[0] & shops[1])]


def test_across_a_break_nobody_moves(waves):
    broken = SeriesBreak(question="shop", change="reworded", date="2021-01-01", reason="Other words")
    book = waves[1].codebook.model_copy(update={"breaks_in_series": (broken,)})
    later = wave_of(book, waves[1].respondents, 2021)
    [row] = moves([waves[0], later]).reset_index().to_dict("records")
    assert row["why"] == "break in series in 2021: Other words" and pd.isna(row["n"])


def test_a_reconstruction_has_no_panel_with_fieldwork_and_an_assumed_one_with_a_rehearsal(tracked, waves):
    rebuilt = wave_of(tracked, waves[0].respondents, 2020, kind="reconstruction")
    [row] = moves([rebuilt, waves[1]]).reset_index().to_dict("records")
    assert "nobody in particular" in row["why"]
    rehearsed = wave_of(tracked, waves[1].respondents, 2021, kind="rehearsal")
    assert moves([rebuilt, rehearsed])["support"].eq("assumed").all()


def test_a_real_wave_is_set_against_the_last_real_one_and_never_against_a_rehearsal(tracked, waves):
    rehearsed = wave_of(tracked, waves[0].respondents, 2020, kind="rehearsal")
    three = [wave_of(tracked, waves[0].respondents, 2019), rehearsed, wave_of(tracked, waves[1].respondents, 2021)]
    shop = moves(three).reset_index()
    assert sorted(set(zip(shop["since"], shop["wave"], strict=True))) == [(2019, 2020), (2019, 2021)]
    real = shop[shop["wave"].eq(2021)].set_index("transition")
    assert real["n"].to_dict() == {"gained": 3, "lost": 1, "kept": 29, "still without": 27}
    assert real["support"].eq("measured").all()


def test_each_wave_is_set_against_the_one_before_alone(tracked, waves):
    three = [wave_of(tracked, waves[0].respondents, year) for year in (2019, 2020)] + [waves[1]]
    shop = moves(three)
    assert sorted(set(zip(shop["since"], shop["wave"], strict=True))) == [(2019, 2020), (2020, 2021)]


def test_one_wave_alone_has_no_transitions(waves):
    assert transitions(waves[:1], breaks=register({2020: waves[0].codebook})).empty


def test_of_a_wave_that_is_not_public_what_rests_on_few_is_not_published():
    waves = [SimpleNamespace(wave=2020, kind="reconstruction"), SimpleNamespace(wave=2021, kind="fieldwork")]
    table = pd.DataFrame(
        {
            "wave": [2020, 2021, 2021],
            "n": [4, 9, 10],
            "estimate": [0.5, 0.25, 0.5],
            "word": ["up", "up", "down"],
            "quality": "ok",
        }
    )
    kept = releasable(table, waves, SimpleNamespace(minimum_base=10))
    assert kept["estimate"].isna().tolist() == [False, True, False]
    assert kept["quality"].tolist() == ["ok", "withheld", "ok"]
    assert kept["word"].tolist() == ["up", "", "down"]
