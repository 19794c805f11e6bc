"""A change parted into what is within groups and what is the sample's mix: adds up, and is none where there is none."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_waves import wave_of

from pipeline.codebook import SeriesBreak
from pipeline.decompose import COLUMNS, cells_of, common_cells, decompose, parted
from pipeline.harmonise import register

ROWS = st.lists(
    st.tuples(st.sampled_from(["a / x", "a / y", "b / x", "b / y"]), st.integers(0, 1), st.floats(0.1, 9)),
    min_size=1,
    max_size=30,
)


def base(rows):
    return pd.DataFrame(rows, columns=["cell", "gave", "weight"])


@settings(deadline=None, max_examples=50)
@given(one=ROWS, other=ROWS)
def test_the_parts_add_up_to_the_change_and_to_the_shares(one, other):
    found = parted(base(one), base(other))
    assert found["within"] + found["mix"] == pytest.approx(found["change"], abs=1e-12)
    for rows, share in ((base(one), "before"), (base(other), "after")):
        assert found[share] == pytest.approx((rows["gave"] * rows["weight"]).sum() / rows["weight"].sum(), abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(one=ROWS, other=ROWS)
def test_swapping_the_waves_turns_both_parts(one, other):
    there, back = parted(base(one), base(other)), parted(base(other), base(one))
    assert there["within"] == pytest.approx(-back["within"], abs=1e-12)
    assert there["mix"] == pytest.approx(-back["mix"], abs=1e-12)


def test_a_worked_example():
    """Half of a and none of b say so both times; a's part goes from 1/2 to 3/4: all of the change is mix."""
    one = base([("a / x", 1, 1), ("a / x", 0, 1), ("b / x", 0, 1), ("b / x", 0, 1)])
    other = base([("a / x", 1, 3), ("a / x", 0, 3), ("b / x", 0, 2)])
    found = parted(one, other)
    assert (found["change"], found["within"], found["mix"]) == (0.125, 0, 0.125)
    # Now all of a do: within is half the change in its share times its mean part of 5/8.
    moved = parted(one, other.assign(gave=[1, 1, 0]))
    assert moved["within"] == pytest.approx(0.5 * 0.625)
    assert moved["mix"] == pytest.approx(0.25 * 0.75)


def test_a_size_that_one_wave_has_nobody_of_joins_its_sector():
    one, other = common_cells(base([("a / x", 1, 1), ("b / x", 1, 1)]), base([("a / y", 1, 1), ("b / x", 0, 1)]))
    assert one["cell"].tolist() == ["a", "b / x"] and other["cell"].tolist() == ["a", "b / x"]
    one, other = common_cells(base([("a / x", 1, 1)]), base([("b / x", 1, 1)]))
    assert one["cell"].tolist() == other["cell"].tolist() == ["total"]


@pytest.fixture(scope="module")
def waves(small_codebook, make_respondents):
    """Two waves, of which the later has two bands redrawn."""
    broken = SeriesBreak(
        question="scale", answers=["mus_few", "mus_middle"], change="bands", date="2021-01-01", reason="Redrawn"
    )
    later = small_codebook.model_copy(update={"breaks_in_series": (broken,)})
    respondents = [make_respondents(small_codebook, 90, seed) for seed in (1, 2)]
    return [wave_of(b, r, y) for b, r, y in zip((small_codebook, later), respondents, (2020, 2021), strict=True)]


def test_every_comparable_share_of_everyone_is_parted(waves):
    breaks = register({w.wave: w.codebook for w in waves})
    table = decompose(waves, breaks=breaks)
    assert list(table.columns) == COLUMNS and table["support"].eq("measured").all()
    assert (table["within"] + table["mix"] - table["change"]).abs().max() < 1e-12
    shop = table[table["measure"].eq("shop") & table["category"].eq("yes")].set_index("basis")
    for wave, side in zip(waves, ("before", "after"), strict=True):
        estimates = wave.estimates[wave.estimates["break"].eq("total")].set_index(["measure", "category", "basis"])
        for basis in ("unweighted", "weighted"):
            assert shop.loc[basis, side] == pytest.approx(estimates.loc[("shop", "yes", basis), "estimate"])
    assert not set(table["measure"]) & {"kind", "scale"}


def test_redrawn_sizes_are_taken_together(waves):
    cells = cells_of(*waves, breaks=register({w.wave: w.codebook for w in waves}))
    assert set(cells[0]) | set(cells[1]) == {"lib / lib_few", "lib / lib_many", "mus / other sizes", "mus / mus_many"}


def test_one_wave_alone_has_nothing_to_part(waves):
    assert decompose(waves[:1], breaks=register({2020: waves[0].codebook})).empty
