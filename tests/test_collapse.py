"""Sparse cells: joined in the declared order, written down, and refused where no order covers them."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.collapse import COLUMNS, collapse_cells
from pipeline.problems import InputProblem

BANDS = ["lib_few", "lib_many", "mus_few", "mus_middle", "mus_many"]
CELLS = pd.DataFrame(
    {
        "cell": BANDS,
        "label": ["Few", "Many", "Small", "Middle", "Large"],
        "sector": ["lib", "lib", "mus", "mus", "mus"],
        "total": [20.0, 10, 40, 20, 12],
        "low": [20.0, 10, 38, 19, 12],
        "high": [20.0, 10, 42, 21, 12],
    }
)
EVERY_WAY = (("lib_few", "lib_many"), ("lib_many", "lib_few"), ("mus_many", "mus_middle"), ("mus_middle", "mus_few"))


def collapse(codebook, answered, order=EVERY_WAY, fewest=5, what="collapse"):
    book = codebook.model_copy(update={"collapse": order})
    answered = dict(zip(BANDS, answered, strict=True))
    return collapse_cells(CELLS, answered=answered, codebook=book, fewest=fewest, what=what)


def problem(*args, **kwargs):
    with pytest.raises(InputProblem) as caught:
        collapse(*args, **kwargs)
    return str(caught.value)


def test_a_sparse_cell_joins_its_neighbour_and_says_so(small_codebook):
    cells, joined = collapse(small_codebook, [9, 4, 9, 9, 9])
    assert cells["cell"].tolist() == ["lib_few+lib_many", *BANDS[2:]]
    assert cells.iloc[0][["label", "total"]].tolist() == ["Few and Many", 30]
    assert joined.to_dict("records") == [
        {
            "cell": "lib_many",
            "label": "Many",
            "respondents": 4,
            "fewest": 5,
            "joined": "lib_few",
            "joined_respondents": 9,
            "reason": "4 answered and weight.sparse.fewest asks for 5",
        }
    ]


def test_the_order_decides_which_goes_first(small_codebook):
    # The largest joins the middle one, which is then large enough itself.
    cells, joined = collapse(small_codebook, [9, 9, 9, 3, 3])
    assert cells["cell"].tolist() == [*BANDS[:3], "mus_middle+mus_many"]
    assert joined["cell"].tolist() == ["mus_many"]


def test_joined_cells_may_join_again(small_codebook):
    cells, joined = collapse(small_codebook, [9, 9, 9, 1, 1])
    assert cells["cell"].tolist() == [*BANDS[:2], "mus_few+mus_middle+mus_many"]
    assert joined["cell"].tolist() == ["mus_many", "mus_middle+mus_many"]
    assert cells.iloc[-1][["total", "low", "high"]].tolist() == [72, 69, 75]


def test_nothing_sparse_nothing_joined(small_codebook):
    cells, joined = collapse(small_codebook, [5] * 5)
    pd.testing.assert_frame_equal(cells, CELLS)
    assert joined.empty and list(joined) == COLUMNS


@settings(max_examples=60, deadline=None)
@given(answered=st.lists(st.integers(0, 20), min_size=5, max_size=5), fewest=st.integers(2, 12))
def test_totals_and_answers_are_kept_and_no_cell_stays_sparse(small_codebook, answered, fewest):
    order = (*EVERY_WAY, ("mus_few", "mus_middle"), ("mus_middle", "mus_many"))
    counts = dict(zip(BANDS, answered, strict=True))
    try:
        cells, joined = collapse(small_codebook, answered, order=order, fewest=fewest)
    except InputProblem:
        # Only where a whole sector has too few answers.
        assert min(sum(answered[:2]), sum(answered[2:])) < fewest
        return
    assert cells["total"].sum() == CELLS["total"].sum()
    assert sorted("+".join(cells["cell"]).split("+")) == sorted(BANDS)
    assert all(sum(counts[b] for b in cell.split("+")) >= fewest for cell in cells["cell"])
    assert len(CELLS) - len(cells) == len(joined)


def test_a_sparse_cell_that_no_order_covers(small_codebook):
    assert problem(small_codebook, [9, 9, 4, 9, 9]) == (
        "Small (mus_few): 4 of its 40 organisations answered, and no pair of the codebook's `collapse` covers it; "
        "allowed: at least 5 answers in each cell; add a pair with one of its bands to the codebook's `collapse`, or "
        "set weight.sparse.fewest lower."
    )


def test_an_empty_cell_stops_the_run_where_that_is_asked_for(small_codebook):
    assert problem(small_codebook, [0, 9, 9, 9, 9], what="stop") == (
        "Few (lib_few): 0 of its 20 organisations answered; allowed: at least 5 answers in each cell; set "
        "weight.sparse.do to collapse, or weight.sparse.fewest lower."
    )


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ((("lib_few", "lib_huge"),), "codebook: collapse: no such size band; found 'lib_huge'; allowed: lib_few"),
        ((("lib_few", "mus_few"),), "codebook: collapse: a pair's bands must be of one sector; found ['lib_few', 'm"),
    ],
)
def test_an_order_that_makes_no_sense(small_codebook, order, said):
    assert problem(small_codebook, [9] * 5, order=order).startswith(said)
