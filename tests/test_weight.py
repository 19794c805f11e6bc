"""Weights: each step on worked examples, margins met for any counts, R's survey package matched, bad input refused."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_weights import ANSWERED, BANDS, CELLS, approached_for, houses, settings_of, weigh_all, weighted_rows

from pipeline import weight
from pipeline.ddi import BESIDE
from pipeline.names import RESERVED
from pipeline.nonresponse import in_scope
from pipeline.problems import InputProblem
from pipeline.weight import (
    STEPS,
    asked_margins,
    check_cells,
    check_margins,
    check_weights,
    margin_table,
    what_weights_rest_on,
)


def problem(call, *args, **kwargs):
    with pytest.raises(InputProblem) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def by_band(weighted, column):
    return weighted.groupby("scale")[column].first().to_dict()


def test_each_step_in_its_own_column(small_codebook):
    weighted = weighted_rows(houses(ANSWERED), small_codebook, "poststratify", nonresponse="cells")
    # 30 libraries in the population, 9 approached, 6 answered; 72 museums, 13 approached, 10 answered
    assert by_band(weighted, "base_weight") == pytest.approx(
        dict.fromkeys(BANDS[:2], 30 / 9) | dict.fromkeys(BANDS[2:], 72 / 13)
    )
    # the three silent houses of each sector are all in its first cell: 7 approached and 4 answered, 8 and 5
    assert by_band(weighted, "response_weight") == pytest.approx(
        {"lib_few": 30 / 9 * 7 / 4, "lib_many": 30 / 9, "mus_many": 72 / 13}
        | dict.fromkeys(("mus_few", "mus_middle"), 72 / 13 * 8 / 5)
    )
    assert by_band(weighted, "weight") == pytest.approx(
        {"lib_few": 20 / 4, "lib_many": 10 / 2, "mus_few": 60 / 5, "mus_middle": 60 / 5, "mus_many": 12 / 5}
    )


def test_what_stands_beside_the_answers_is_kept_from_questions(small_codebook):
    answers, approached = houses(ANSWERED), approached_for(houses(ANSWERED))
    weighted = weighted_rows(answers, small_codebook, "poststratify")
    cases = in_scope(approached, respondents=answers, cells=CELLS, codebook=small_codebook)
    assert {*weighted, *cases} - {*answers, *small_codebook.columns} <= RESERVED


def test_archives_are_told_of_all_that_stands_beside_the_answers(small_codebook):
    answers = houses(ANSWERED)
    weighted = weighted_rows(answers, small_codebook, "poststratify")
    assert {*weighted} - {*answers} == {*BESIDE} - {"organisation"} and "organisation" in weighted


def test_strata_are_the_cells_and_carry_their_totals(small_codebook):
    weighted = weighted_rows(houses(ANSWERED), small_codebook, "poststratify")
    assert weighted.groupby("stratum")["stratum_total"].first().to_dict() == dict(
        zip(CELLS["cell"], CELLS["total"], strict=True)
    )


def test_without_calibration_the_sectors_are_the_strata(small_codebook):
    weighted = weighted_rows(houses(ANSWERED), small_codebook, "none", nonresponse="cells")
    assert weighted["weight"].tolist() == weighted["response_weight"].tolist()
    assert weighted.groupby("kind")["weight"].sum().to_dict() == pytest.approx({"lib": 30, "mus": 72})
    assert weighted.groupby("stratum")["stratum_total"].first().to_dict() == {"lib": 30.0, "mus": 72.0}


def test_rows_stay_as_they_came(small_codebook, make_respondents):
    respondents = make_respondents(small_codebook, 200, seed=2).sample(frac=1, random_state=3)
    cells = CELLS.assign(total=1000.0)
    weighted = weighted_rows(respondents, small_codebook, "rake", cells=cells, approached=approached_for(respondents))
    pd.testing.assert_frame_equal(weighted[list(respondents)], respondents)


@pytest.mark.parametrize("calibration", ["none", "poststratify", "rake"])
@pytest.mark.parametrize("nonresponse", ["none", "cells", "propensity"])
def test_weights_are_plain_numbers_whatever_the_options(small_codebook, make_respondents, calibration, nonresponse):
    respondents = make_respondents(small_codebook, 200, seed=2)
    approached = approached_for(respondents, silent=dict.fromkeys(BANDS, 4))
    options = {"cells": CELLS.assign(total=1000.0), "approached": approached, "nonresponse": nonresponse}
    weighted = weighted_rows(respondents, small_codebook, calibration, **options)
    assert [str(weighted[s].dtype) for s in (*STEPS, "stratum_total")] == ["float64"] * 5


few = settings(max_examples=25, deadline=None)
counts = st.fixed_dictionaries({band: st.integers(2, 9) for band in BANDS})
totals = st.lists(st.integers(20, 5000), min_size=4, max_size=4)


@few
@given(answered=counts, total=totals, calibration=st.sampled_from(["poststratify", "rake"]))
def test_every_margin_is_met_and_no_category_is_lumped(small_codebook, answered, total, calibration):
    cells = CELLS.assign(total=[float(t) for t in total])
    weighted = weighted_rows(houses(answered), small_codebook, calibration, cells=cells)
    by_cell = weighted.groupby("cell")["weight"]
    assert by_cell.sum().to_dict() == pytest.approx(dict(zip(cells["cell"], cells["total"], strict=True)), rel=1e-9)
    assert by_cell.min().tolist() == pytest.approx(by_cell.max().tolist(), rel=1e-9)
    assert weighted["weight"].sum() == pytest.approx(sum(total), rel=1e-9)


@few
@given(answered=counts)
def test_raking_nested_margins_is_poststratification(small_codebook, answered):
    raked, stratified = (weighted_rows(houses(answered), small_codebook, c)["weight"] for c in ("rake", "poststratify"))
    assert raked.tolist() == pytest.approx(stratified.tolist(), rel=1e-8)


@pytest.mark.parametrize(
    ("calibration", "nonresponse", "asked"),
    [
        ("poststratify", "none", ["kind", "cell"]),
        ("rake", "propensity", ["kind", "cell"]),
        ("none", "cells", ["kind"]),
        ("none", "propensity", ["kind"]),
        ("none", "none", []),
    ],
)
def test_margins_say_what_was_promised_and_promises_are_kept(small_codebook, calibration, nonresponse, asked):
    respondents = houses(ANSWERED)
    silent = approached_for(respondents, silent=dict.fromkeys(BANDS, 3))
    options = settings_of(calibration, nonresponse=nonresponse)
    weighted = weigh_all(respondents, small_codebook, calibration, approached=silent, nonresponse=nonresponse)
    margins = margin_table(weighted.rows, cells=weighted.cells, codebook=small_codebook, settings=options)
    assert margins["category"].tolist() == ["lib", "mus", *CELLS["cell"]]
    assert sorted(margins.loc[margins["asked"], "margin"].unique()) == sorted(asked)
    assert margins.loc[margins["asked"], "difference"].eq(0).all()
    assert list(asked_margins(CELLS, small_codebook, options)) == asked


def test_nothing_is_calibrated_and_nobody_made_up_for(small_codebook):
    weighted = weighted_rows(houses(ANSWERED), small_codebook, "none", nonresponse="none")
    assert weighted["weight"].tolist() == weighted["base_weight"].tolist()


def test_trimming_meets_the_margins_again(small_codebook):
    respondents = houses(dict.fromkeys(BANDS, 12))
    approached = approached_for(respondents, silent=dict.fromkeys(BANDS, 7))
    approached["contacts"] = [1 + (i * i) % 23 for i in range(len(approached))]
    cells = CELLS.assign(total=[120.0, 120, 240, 120])
    options = {"cells": cells, "approached": approached, "nonresponse": "propensity"}
    free = weighted_rows(respondents, small_codebook, **options)
    trimmed = weighted_rows(respondents, small_codebook, **options, lower=0.98, upper=1.04)
    median = free["weight"].median()
    assert free["weight"].max() > 1.04 * median and free["weight"].min() < 0.98 * median
    assert trimmed["weight"].between(0.98 * median * (1 - 1e-9), 1.04 * median * (1 + 1e-9)).all()
    assert trimmed.groupby("cell")["weight"].sum().to_dict() == pytest.approx(
        dict(zip(cells["cell"], cells["total"], strict=True)), rel=1e-9
    )
    assert trimmed["calibrated_weight"].tolist() == free["weight"].tolist()


def test_limits_that_leave_no_room_for_the_totals(small_codebook):
    assert problem(weigh_all, houses(ANSWERED), small_codebook, upper=1.5) == (
        "params.yaml: weight.trim: no weights within the limits (none to 7.5) meet the population's totals: "
        "mus_few+mus_middle needs 12 for each of its 5 answers; widen the limits or merge the category with another."
    )


def test_sparse_cells_are_joined_before_anything_is_weighted(small_codebook):
    respondents = houses(ANSWERED | {"mus_many": 1})
    weighted = weigh_all(respondents, small_codebook, fewest=2)
    assert weighted.cells["cell"].tolist() == ["lib_few", "lib_many", "mus_few+mus_middle+mus_many"]
    assert weighted.joined["cell"].tolist() == ["mus_many"]
    assert weighted.rows.groupby("cell")["weight"].sum().to_dict() == pytest.approx(
        {"lib_few": 20, "lib_many": 10, "mus_few+mus_middle+mus_many": 72}
    )


def test_cells_stay_where_no_step_uses_them(small_codebook):
    respondents = houses(ANSWERED | {"mus_many": 0})
    weighted = weigh_all(respondents, small_codebook, "none", nonresponse="none")
    assert weighted.cells["cell"].tolist() == CELLS["cell"].tolist() and weighted.joined.empty


def test_a_sparse_cell_that_slipped_through(small_codebook):
    weighted = weighted_rows(houses(ANSWERED), small_codebook)
    sentence = problem(check_cells, weighted, cells=CELLS, settings=settings_of(fewest=3))
    assert sentence == "a cell is sparse and was not joined; found 'lib_many'; allowed: 3 answers or more."


def test_band_without_a_total(small_codebook):
    respondents = houses(ANSWERED)
    assert problem(weigh_all, respondents, small_codebook, "none", cells=CELLS.iloc[:3]) == (
        "population.yaml: the population has no total for a size band that answered; found 'mus_many'; "
        "allowed: lib_few, lib_many, mus_few, mus_middle; add a total that takes it in."
    )


def test_missing_band(small_codebook):
    respondents = houses(ANSWERED)
    respondents.loc[2, "scale"] = None
    assert problem(weigh_all, respondents, small_codebook, "none") == (
        "an organisation has no size band and cannot be weighted; found 'H-002'."
    )


def test_band_of_another_sector(small_codebook):
    respondents = houses(ANSWERED)
    respondents.loc[2, "kind"] = "mus"
    assert problem(weigh_all, respondents, small_codebook, "none") == (
        "an organisation's size band belongs to another sector; found 'H-002'."
    )


@pytest.mark.parametrize("answered", [0, 1])
@pytest.mark.parametrize("calibration", ["poststratify", "rake"])
def test_cell_with_no_or_one_organisation(small_codebook, answered, calibration):
    respondents = houses(ANSWERED | {"lib_many": answered})
    assert problem(weigh_all, respondents, small_codebook, calibration) == (
        f"Many (lib_many): {answered} of its 10 organisations answered, and no pair of the codebook's `collapse` "
        "covers it; allowed: at least 2 answers in each cell; add a pair with one of its bands to the codebook's "
        "`collapse`, or set weight.sparse.fewest lower."
    )


def test_sector_without_answers(small_codebook):
    respondents = houses({"mus_few": 3, "mus_many": 2})
    assert problem(weigh_all, respondents, small_codebook, "none") == (
        "lib: none of its 30 organisations answered; take it out of the population in population.yaml."
    )


def test_sector_with_one_answer_where_nothing_is_calibrated(small_codebook):
    """There is no cell to join and no calibration to leave out."""
    respondents = houses({"lib_few": 1, "mus_few": 3, "mus_many": 2})
    assert problem(weigh_all, respondents, small_codebook, "none") == (
        "lib: 1 of its 30 organisations answered; allowed: at least two answers in each stratum; take the sector, with "
        "who answered of it, out of the wave, since one answer says nothing of a sector."
    )


def test_more_answers_than_organisations(small_codebook):
    respondents = houses(ANSWERED | {"lib_many": 11})
    assert problem(weigh_all, respondents, small_codebook) == (
        "population.yaml: lib_many: 11 organisations answered and the population has 10; correct the total or choose "
        "the population that the respondents belong to."
    )


def test_answer_from_an_organisation_that_was_not_approached(small_codebook):
    respondents = houses(ANSWERED)
    approached = approached_for(respondents).iloc[1:]
    assert problem(weigh_all, respondents, small_codebook, "none", approached=approached) == (
        "an organisation answered that is not among those approached; found 'H-000'."
    )


@pytest.mark.parametrize(("value", "found"), [(0.0, "0.0"), (-1.5, "-1.5"), (float("nan"), "nan")])
def test_weight_that_is_not_above_zero(small_codebook, value, found):
    weighted = weighted_rows(houses(ANSWERED), small_codebook, "none")
    weighted.loc[3, "base_weight"] = value
    assert problem(check_weights, weighted) == (
        f"column base_weight: organisation H-003 has a weight that is not above 0; found {found}."
    )


def test_margin_that_is_missed(small_codebook):
    weighted = weighted_rows(houses(ANSWERED), small_codebook, "poststratify")
    margins = margin_table(weighted.iloc[1:], cells=CELLS, codebook=small_codebook, settings=settings_of())
    assert problem(check_margins, margins) == (
        "the weights of kind lib add up to 25.000000; allowed: its population total, 30.000000."
    )


def test_category_unknown_to_the_population_is_a_missed_margin(small_codebook):
    weighted = weighted_rows(houses(ANSWERED), small_codebook, "poststratify")
    margins = margin_table(weighted, cells=CELLS.iloc[:3], codebook=small_codebook, settings=settings_of())
    assert "mus_many" in margins["category"].tolist()
    assert "allowed: its population total, " in problem(check_margins, margins)


@pytest.mark.parametrize(
    ("step", "wrong", "said"),
    [
        ("_trimmed", lambda rows, **_: rows["calibrated_weight"].mask(rows.index == 3, -1.0), "is not above 0"),
        ("_trimmed", lambda rows, **_: rows["calibrated_weight"] * 1.01, "allowed: its population total"),
        ("join_sparse", lambda _, cells, **__: (cells, pd.DataFrame()), "a cell is sparse and was not joined"),
    ],
    ids=["weight", "margin", "cell"],
)
def test_what_a_step_gets_wrong_does_not_get_through(small_codebook, monkeypatch, step, wrong, said):
    """The checks at the end hold whichever library did the step."""
    few = houses(ANSWERED | {"mus_many": 2, "lib_many": 3})
    weigh_all(few, small_codebook, fewest=3)
    monkeypatch.setattr(weight, step, wrong)
    assert said in problem(weigh_all, few, small_codebook, fewest=3)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("reconstruction", "are **modelled**"), ("rehearsal", "are **simulated**"), ("fieldwork", "are those")],
)
def test_what_the_tables_of_weights_rest_on_is_said(small_codebook, kind, said):
    sentence = what_weights_rest_on(small_codebook.model_copy(update={"kind": kind}))
    assert sentence.startswith(f"The answers counted in each cell, the design effects and the effective bases {said}")
    assert ("measured" in sentence) == (kind != "fieldwork") and sentence.endswith(".")


@pytest.mark.parametrize("calibration", ["none", "poststratify", "rake"])
def test_a_cell_that_holds_nobody_needs_no_answers(small_codebook, calibration):
    empty = CELLS.loc[[0]].assign(cell="lib_none", label="None", total=0.0, low=0.0, high=0.0)
    cells = pd.concat([CELLS, empty], ignore_index=True)
    one, other = (weigh_all(houses(ANSWERED), small_codebook, calibration, cells=c).rows for c in (CELLS, cells))
    pd.testing.assert_frame_equal(one, other)
