"""Calibration and trimming: margins met, R's survey package matched, what cannot be met refused."""

import pandas as pd
import pytest
from conftest import HERE
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.calibration import check_limits, poststratify, rake, trim
from pipeline.problems import InputProblem


def problem(call, *args, **kwargs):
    with pytest.raises(InputProblem) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_weights_are_those_of_r_survey():
    sample, expected = (pd.read_csv(HERE / f"r/{f}.csv", comment="#") for f in ("sample", "weights"))
    cells = sample.groupby("cell")["stratum_total"].first()
    sectors = cells.groupby(cells.index.str[0]).sum()
    stratified = poststratify(sample, cells="cell", totals=cells.to_dict(), start="response_weight")
    margins = {"sector": sectors.to_dict(), "cell": cells.to_dict()}
    raked = rake(sample, margins=margins, start="response_weight")
    assert stratified.tolist() == pytest.approx(expected["poststratified"].tolist(), rel=1e-9)
    assert raked.tolist() == pytest.approx(expected["raked"].tolist(), rel=1e-9)


def test_raking_meets_margins_that_cross():
    table = pd.DataFrame({"a": list("xxyyy"), "b": list("uvuvv"), "start": [1.0, 1, 1, 1, 1]})
    weights = rake(table, margins={"a": {"x": 10, "y": 20}, "b": {"u": 12, "v": 18}}, start="start")
    assert weights.groupby(table["a"]).sum().tolist() == pytest.approx([10, 20])
    assert weights.groupby(table["b"]).sum().tolist() == pytest.approx([12, 18])


def test_raking_that_cannot_converge():
    table = pd.DataFrame({"a": ["x", "x", "y"], "b": ["u", "u", "v"], "start": [1.0, 1, 1]})
    assert problem(rake, table, margins={"a": {"x": 10, "y": 20}, "b": {"u": 20, "v": 10}}, start="start") == (
        "raking cannot meet its margins (did not converge, at most 1000 rounds); found ['a', 'b']; check that all are "
        "totals of one population and that each has answers, or choose poststratify."
    )


def test_raking_to_two_populations():
    table = pd.DataFrame({"a": ["x", "y"], "b": ["u", "v"], "start": [1.0, 1]})
    sentence = problem(rake, table, margins={"a": {"x": 10, "y": 20}, "b": {"u": 20, "v": 20}}, start="start")
    assert sentence.startswith("raking cannot meet its margins (margins disagree on the total, at most 1000 rounds)")


MARGINS = {"a": {"x": 20.0, "y": 30.0}}
starts = st.lists(st.floats(1, 9), min_size=10, max_size=10)


def two_classes(start):
    return pd.DataFrame({"a": list("xxxxyyyyyy"), "start": start})


@settings(max_examples=40, deadline=None)
@given(start=starts)
def test_trimmed_weights_keep_to_limits_and_margins(start):
    table = two_classes(start)
    table["start"] = rake(table, margins=MARGINS, start="start")
    median = table["start"].median()
    # Five for each of both classes lies within the limits, so there are weights that meet everything.
    limits = {"lower": min(1.0, 4.5 / median), "upper": max(1.0, 5.5 / median)}
    trimmed = trim(table, margins=MARGINS, start="start", **limits)
    assert trimmed.groupby(table["a"]).sum().tolist() == pytest.approx([20, 30], rel=1e-9)
    assert trimmed.min() >= limits["lower"] * median * (1 - 1e-9)
    assert trimmed.max() <= limits["upper"] * median * (1 + 1e-9)


def test_limits_that_nothing_exceeds_change_nothing():
    table = two_classes([5.0] * 10)
    trimmed = trim(table, margins=MARGINS, start="start", lower=0.5, upper=2)
    assert trimmed.tolist() == pytest.approx([5.0] * 10, rel=1e-12)


def test_a_lower_limit_alone_lifts_the_small_ones():
    table = two_classes([1.0, 1, 9, 9, 5, 5, 5, 5, 5, 5])
    trimmed = trim(table, margins=MARGINS, start="start", lower=0.8)
    assert trimmed.tolist() == pytest.approx([4, 4, 6, 6, 5, 5, 5, 5, 5, 5])


def test_limits_beyond_the_reach_of_a_margin():
    table = two_classes([5.0] * 10)
    assert problem(trim, table, margins={"a": {"x": 40, "y": 10}}, start="start", lower=0.5, upper=1.5) == (
        "params.yaml: weight.trim: no weights within the limits (2.5 to 7.5) meet the population's totals: "
        "x needs 10 for each of its 4 answers; widen the limits or merge the category with another."
    )


def test_limits_that_two_margins_together_leave_no_room_for():
    table = pd.DataFrame({"a": list("xxyy"), "b": list("uvuv"), "start": [5.0, 5, 5, 5]})
    margins = {"a": {"x": 10, "y": 10}, "b": {"u": 14, "v": 6}}
    sentence = problem(trim, table, margins=margins, start="start", lower=0.8, upper=1.3)
    assert sentence.startswith("params.yaml: weight.trim: no weights within the limits (4 to 6.5) meet the")


def test_a_limit_that_was_passed_over_is_noticed():
    assert problem(check_limits, pd.Series([1.0, 8.0]), lower=None, upper=7.0) == (
        "a trimmed weight is 8.000000; allowed: 0.000000 to 7.000000."
    )
