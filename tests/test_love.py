"""The love plot: its words, its files, the same bytes twice."""

import pandas as pd
import pytest
from conftest import ROOT

from pipeline.love import NOTHING, draw_love, love_alternative, love_words
from pipeline.params import load_params


@pytest.fixture
def balance():
    return pd.DataFrame(
        {
            "variable": ["kind", "scale"],
            "category": ["lib", "lib_few"],
            "label": ["Library", "Library under 20,000 visits"],
            "against": ["population", "approached"],
            "target": [0.3, 0.2],
            "unweighted": [0.83, -0.25],
            "weight": [0.0, -0.05],
        }
    )


def test_every_difference_is_said(balance, small_codebook):
    text = love_alternative(balance, love_words(balance, small_codebook))
    assert "Set against the population: Library +0.83 unweighted, +0.00 weighted." in text
    assert (
        "Set against all those approached, each with its base weight: Library under 20,000 visits \N{MINUS SIGN}0.25"
        in text
    )
    assert "Largest difference 0.83 unweighted, 0.05 weighted; against the population 0.00." in text


@pytest.mark.parametrize(("kind", "marked"), [("reconstruction", "modelled"), ("rehearsal", "REHEARSAL")])
def test_it_says_what_it_rests_on(balance, small_codebook, kind, marked):
    book = small_codebook.model_copy(update={"kind": kind})
    assert marked in love_alternative(balance, love_words(balance, book))
    assert marked not in love_alternative(balance, love_words(balance, small_codebook))


def test_without_a_class_of_the_population_its_largest_difference_is_not_spoken_of(balance, small_codebook):
    of_frame = balance[balance["against"].eq("approached")]
    text = love_alternative(of_frame, love_words(of_frame, small_codebook))
    assert "Largest difference 0.25 unweighted, 0.05 weighted. Of 1 class" in text and "nan" not in text


@pytest.mark.parametrize("kind", ["fieldwork", "reconstruction", "rehearsal"])
def test_where_there_is_nothing_to_compare_it_says_so(balance, small_codebook, tmp_path, kind):
    book, settings = small_codebook.model_copy(update={"kind": kind}), load_params(ROOT / "params.yaml")
    text = draw_love(balance.iloc[:0], book, settings, tmp_path)
    assert NOTHING in text and "nan" not in text and "these differences" not in text
    assert (tmp_path / "balance.txt").read_text(encoding="utf-8") == text
    assert {path.suffix for path in tmp_path.iterdir()} == {".svg", ".png", ".csv", ".txt"}


def test_it_is_drawn_the_same_twice(balance, small_codebook, tmp_path):
    settings = load_params(ROOT / "params.yaml")
    for name in ("one", "two"):
        draw_love(balance, small_codebook, settings, tmp_path / name)
    for end in ("svg", "png", "csv", "txt"):
        one, two = (tmp_path / name / f"balance.{end}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "one/balance.csv"), balance)
