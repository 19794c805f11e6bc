"""Weights: each step on worked examples, margins met for any counts, R's survey package matched, bad input refused."""

import pandas as pd
import pytest
from conftest import HERE
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.problems import InputProblem
from pipeline.weight import (
    add_base_weights,
    calibrate,
    cell_table,
    check_margins,
    check_weights,
    margin_table,
    place_in_cells,
    poststratify,
    rake,
    step_table,
    what_weights_rest_on,
)

# Two sectors; the museums' two smaller bands share one total.
CELLS = pd.DataFrame(
    {
        "cell": ["lib_few", "lib_many", "mus_few+mus_middle", "mus_many"],
        "label": ["Few", "Many", "Smaller", "Large"],
        "sector": ["lib", "lib", "mus", "mus"],
        "total": [20.0, 10.0, 60.0, 12.0],
    }
)
BANDS = ["lib_few", "lib_many", "mus_few", "mus_middle", "mus_many"]
ANSWERED = {"lib_few": 4, "lib_many": 2, "mus_few": 3, "mus_middle": 2, "mus_many": 5}


def houses(answered, silent=0):
    """A table of houses: so many of each band, and `silent` more of each."""
    bands = [band for band in BANDS for _ in range(answered.get(band, 0) + silent)]
    names = [f"H-{i:03d}" for i in range(len(bands))]
    return pd.DataFrame({"organisation": names, "kind": [b[:3] for b in bands], "scale": bands})


def approached_for(respondents, per_sector=3):
    """The respondents and a few more houses of each sector that did not answer."""
    silent = houses(dict.fromkeys(["lib_few", "mus_few"], per_sector))
    return pd.concat([respondents, silent.assign(organisation="S" + silent["organisation"])], ignore_index=True)


def weigh(respondents, codebook, calibration, cells=CELLS, approached=None):
    approached = approached_for(respondents) if approached is None else approached
    placed = place_in_cells(respondents, cells=cells, codebook=codebook)
    based = add_base_weights(placed, approached=approached, cells=cells, codebook=codebook)
    return calibrate(based, cells=cells, codebook=codebook, calibration=calibration)


def problem(call, *args, **kwargs):
    with pytest.raises(InputProblem) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def by_band(weighted, column):
    return weighted.groupby("scale")[column].first().to_dict()


def test_each_step_in_its_own_column(small_codebook):
    weighted = weigh(houses(ANSWERED), small_codebook, "poststratify")
    # 30 libraries in the population, 9 approached, 6 answered; 72 museums, 13 approached, 10 answered
    assert by_band(weighted, "base_weight") == pytest.approx(
        dict.fromkeys(BANDS[:2], 30 / 9) | dict.fromkeys(BANDS[2:], 72 / 13)
    )
    assert by_band(weighted, "response_weight") == pytest.approx(
        dict.fromkeys(BANDS[:2], 5) | dict.fromkeys(BANDS[2:], 7.2)
    )
    assert by_band(weighted, "weight") == pytest.approx(
        {"lib_few": 20 / 4, "lib_many": 10 / 2, "mus_few": 60 / 5, "mus_middle": 60 / 5, "mus_many": 12 / 5}
    )


def test_strata_are_the_cells_and_carry_their_totals(small_codebook):
    weighted = weigh(houses(ANSWERED), small_codebook, "poststratify")
    assert weighted.groupby("stratum")["stratum_total"].first().to_dict() == dict(
        zip(CELLS["cell"], CELLS["total"], strict=True)
    )


def test_without_calibration_the_sectors_are_the_strata(small_codebook):
    weighted = weigh(houses(ANSWERED), small_codebook, "none")
    assert weighted["weight"].tolist() == weighted["response_weight"].tolist()
    assert weighted.groupby("stratum")["stratum_total"].first().to_dict() == {"lib": 30.0, "mus": 72.0}


def test_rows_stay_as_they_came(small_codebook, make_respondents):
    respondents = make_respondents(small_codebook, 200, seed=2).sample(frac=1, random_state=3)
    cells = CELLS.assign(total=1000.0)
    weighted = weigh(respondents, small_codebook, "rake", cells=cells, approached=respondents)
    pd.testing.assert_frame_equal(weighted[list(respondents)], respondents)


few = settings(max_examples=25, deadline=None)
counts = st.fixed_dictionaries({band: st.integers(2, 9) for band in BANDS})
totals = st.lists(st.integers(20, 5000), min_size=4, max_size=4)


@few
@given(answered=counts, total=totals, calibration=st.sampled_from(["poststratify", "rake"]))
def test_every_margin_is_met_and_no_category_is_lumped(small_codebook, answered, total, calibration):
    cells = CELLS.assign(total=[float(t) for t in total])
    weighted = weigh(houses(answered), small_codebook, calibration, cells=cells)
    by_cell = weighted.groupby("cell")["weight"]
    assert by_cell.sum().to_dict() == pytest.approx(dict(zip(cells["cell"], cells["total"], strict=True)), rel=1e-9)
    assert by_cell.min().tolist() == pytest.approx(by_cell.max().tolist(), rel=1e-9)
    assert weighted["weight"].sum() == pytest.approx(sum(total), rel=1e-9)


@few
@given(answered=counts)
def test_raking_nested_margins_is_poststratification(small_codebook, answered):
    raked, stratified = (weigh(houses(answered), small_codebook, c)["weight"] for c in ("rake", "poststratify"))
    assert raked.tolist() == pytest.approx(stratified.tolist(), rel=1e-8)


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


def test_steps_have_kish_design_effect_and_effective_base(small_codebook):
    steps = step_table(weigh(houses(ANSWERED), small_codebook, "poststratify")).set_index("step")
    weights = [5] * 6 + [12] * 5 + [2.4] * 5
    effective = sum(weights) ** 2 / sum(w * w for w in weights)
    final = steps.loc["weight"]
    assert final["effective_base"] == pytest.approx(effective)
    assert final["design_effect"] == pytest.approx(16 / effective)
    assert (final["sum"], final["min"], final["max"], final["max_to_min"]) == pytest.approx((102, 2.4, 12, 5))


def test_cells_show_population_approached_and_respondents(small_codebook):
    respondents = houses(ANSWERED)
    weighted = weigh(respondents, small_codebook, "poststratify")
    cells = cell_table(weighted, approached=approached_for(respondents), cells=CELLS, codebook=small_codebook)
    assert cells["approached"].tolist() == [7, 2, 8, 5]
    assert cells["respondents"].tolist() == [4, 2, 5, 5]
    assert cells["weighted_share"].tolist() == pytest.approx(cells["population_share"].tolist())
    assert cells["respondent_share"].tolist() == pytest.approx([4 / 16, 2 / 16, 5 / 16, 5 / 16])


def test_empty_cell_is_shown_when_nothing_is_calibrated(small_codebook):
    respondents = houses(ANSWERED | {"mus_many": 0})
    weighted = weigh(respondents, small_codebook, "none")
    cells = cell_table(weighted, approached=respondents, cells=CELLS, codebook=small_codebook).set_index("cell")
    assert cells.loc["mus_many", ["respondents", "weighted"]].tolist() == [0, 0]


def test_margins_name_what_was_asked_for(small_codebook):
    weighted = weigh(houses(ANSWERED), small_codebook, "none")
    margins = margin_table(weighted, cells=CELLS, codebook=small_codebook, calibration="none")
    assert margins["category"].tolist() == ["lib", "mus"]
    assert margins["difference"].tolist() == [0, 0]


def test_band_without_a_total(small_codebook):
    respondents = houses(ANSWERED)
    assert problem(weigh, respondents, small_codebook, "none", cells=CELLS.iloc[:3]) == (
        "population.yaml: the population has no total for a size band that answered; found 'mus_many'; "
        "allowed: lib_few, lib_many, mus_few, mus_middle; add a total that takes it in."
    )


def test_missing_band(small_codebook):
    respondents = houses(ANSWERED)
    respondents.loc[2, "scale"] = None
    assert problem(weigh, respondents, small_codebook, "none") == (
        "an organisation has no size band and cannot be weighted; found 'H-002'."
    )


def test_band_of_another_sector(small_codebook):
    respondents = houses(ANSWERED)
    respondents.loc[2, "kind"] = "mus"
    assert problem(weigh, respondents, small_codebook, "none") == (
        "an organisation's size band belongs to another sector; found 'H-002'."
    )


@pytest.mark.parametrize("answered", [0, 1])
@pytest.mark.parametrize("calibration", ["poststratify", "rake"])
def test_cell_with_no_or_one_organisation(small_codebook, answered, calibration):
    respondents = houses(ANSWERED | {"lib_many": answered})
    assert problem(weigh, respondents, small_codebook, calibration) == (
        f"lib_many: {answered} of its 10 organisations answered; allowed: at least two answers in each stratum; "
        "widen the codebook's size bands, or set calibration to none."
    )


def test_sector_without_answers(small_codebook):
    respondents = houses({"mus_few": 3, "mus_many": 2})
    assert problem(weigh, respondents, small_codebook, "none") == (
        "lib: none of its 30 organisations answered; take it out of the population in population.yaml."
    )


def test_more_answers_than_organisations(small_codebook):
    respondents = houses(ANSWERED | {"lib_many": 11})
    assert problem(weigh, respondents, small_codebook, "poststratify") == (
        "population.yaml: lib_many: 11 organisations answered and the population has 10; correct the total or choose "
        "the population that the respondents belong to."
    )


def test_answer_from_an_organisation_that_was_not_approached(small_codebook):
    respondents = houses(ANSWERED)
    assert problem(weigh, respondents, small_codebook, "none", approached=respondents.iloc[1:]) == (
        "an organisation answered that is not among those approached; found 'H-000'."
    )


@pytest.mark.parametrize(("value", "found"), [(0.0, "0.0"), (-1.5, "-1.5"), (float("nan"), "nan")])
def test_weight_that_is_not_above_zero(small_codebook, value, found):
    weighted = weigh(houses(ANSWERED), small_codebook, "none")
    weighted.loc[3, "base_weight"] = value
    assert problem(check_weights, weighted) == (
        f"column base_weight: organisation H-003 has a weight that is not above 0; found {found}."
    )


def test_margin_that_is_missed(small_codebook):
    weighted = weigh(houses(ANSWERED), small_codebook, "poststratify")
    margins = margin_table(weighted.iloc[1:], cells=CELLS, codebook=small_codebook, calibration="poststratify")
    assert problem(check_margins, margins) == (
        "the weights of kind lib add up to 25.000000; allowed: its population total, 30.000000."
    )


def test_category_unknown_to_the_population_is_a_missed_margin(small_codebook):
    weighted = weigh(houses(ANSWERED), small_codebook, "poststratify")
    margins = margin_table(weighted, cells=CELLS.iloc[:3], codebook=small_codebook, calibration="poststratify")
    assert "mus_many" in margins["category"].tolist()
    assert "allowed: its population total, " in problem(check_margins, margins)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("reconstruction", "are **modelled**"), ("rehearsal", "are **simulated**"), ("fieldwork", "are those")],
)
def test_what_the_tables_of_weights_rest_on_is_said(small_codebook, kind, said):
    sentence = what_weights_rest_on(small_codebook.model_copy(update={"kind": kind}))
    assert sentence.startswith(f"The answers counted in each cell, the design effects and the effective bases {said}")
    assert ("measured" in sentence) == (kind != "fieldwork") and sentence.endswith(".")
