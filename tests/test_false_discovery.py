"""The correction for many tests: what stands in several rows is tested once, and everything else is as it was."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from pipeline.false_discovery import adjust, label


def test_a_hypothesis_in_two_rows_counts_where_it_stands_first():
    found = adjust(pd.Series([0.01, 0.01, 0.04], index=[7, 3, 5]), pd.Series(["a", "a", "b"], index=[7, 3, 5]))
    # Two tests: 0.01 * 2 / 1 and 0.04 * 2 / 2. Of three the first would have been 0.01 * 3 / 2, which is less.
    assert found["p_adjusted"].tolist() == pytest.approx([0.02, 0.02, 0.04])
    assert found["counted"].tolist() == [True, False, True] and found.index.tolist() == [7, 3, 5]


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12), again=st.integers(0, 3), data=st.data())
def test_whatever_is_repeated_nobody_elses_p_moves(p, again, data):
    plain = adjust(pd.Series(p), pd.Series(range(len(p))))
    assert plain["p_adjusted"].tolist() == pytest.approx(false_discovery_control(p).tolist())
    rows = [*range(len(p)), *(data.draw(st.sampled_from(range(len(p)))) for _ in range(again))]
    repeated = adjust(pd.Series([p[i] for i in rows]), pd.Series(rows))
    assert repeated["p_adjusted"].tolist() == [plain["p_adjusted"][i] for i in rows]
    assert repeated["counted"].sum() == len(p)


def test_where_nothing_is_tested_nothing_is_adjusted():
    found = adjust(pd.Series(dtype=float), pd.Series(dtype=object))
    assert found.empty and list(found) == ["p_adjusted", "counted"]


def test_a_label_is_of_the_values_and_their_places():
    one, other = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    assert label(one, other) == label(one.copy(), other.copy())
    assert len({label(one, other), label(other, one), label(one, one)}) == 3
