"""Weights before calibration: cases in scope, base weights by hand, non-response made up for, bad input refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_weights import ANSWERED, BANDS, CELLS, approached_for, houses

from pipeline.codebook import Question
from pipeline.nonresponse import adjust_for_nonresponse, in_scope, response_propensity, share_out
from pipeline.problems import InputProblem


def cases_of(codebook, answered=None, **options):
    respondents = houses(ANSWERED if answered is None else answered)
    approached = approached_for(respondents, **options)
    return in_scope(approached, respondents=respondents, cells=CELLS, codebook=codebook)


def problem(call, *args, **kwargs):
    with pytest.raises(InputProblem) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_base_weight_is_organisations_for_each_one_approached(small_codebook):
    cases = cases_of(small_codebook)
    # 30 libraries and 72 museums; 6 + 3 and 10 + 3 approached
    assert cases.groupby("kind")["base_weight"].first().to_dict() == pytest.approx({"lib": 30 / 9, "mus": 72 / 13})
    assert cases.groupby("kind")["base_weight"].sum().to_dict() == pytest.approx({"lib": 30, "mus": 72})


def test_contacts_do_not_count(small_codebook):
    respondents = houses(ANSWERED)
    approached = approached_for(respondents)
    many = approached.assign(contacts=approached["contacts"] * 7)
    once, often = (
        in_scope(t, respondents=respondents, cells=CELLS, codebook=small_codebook) for t in (approached, many)
    )
    assert once["base_weight"].tolist() == often["base_weight"].tolist()


def test_those_not_eligible_stand_for_nobody(small_codebook):
    closed = cases_of(small_codebook, closed=4)
    assert len(closed) == len(cases_of(small_codebook))
    assert closed["base_weight"].tolist() == cases_of(small_codebook)["base_weight"].tolist()


@settings(max_examples=25, deadline=None)
@given(
    answered=st.fixed_dictionaries({band: st.integers(2, 9) for band in BANDS}),
    silent=st.fixed_dictionaries({band: st.integers(1, 5) for band in BANDS}),
)
def test_cells_keep_what_was_approached(small_codebook, answered, silent):
    cells = CELLS.assign(total=[100.0, 90, 200, 80])
    respondents = houses(answered)
    approached = approached_for(respondents, silent=silent)
    cases = in_scope(approached, respondents=respondents, cells=cells, codebook=small_codebook)
    weights = adjust_for_nonresponse(cases, codebook=small_codebook, nonresponse="cells")
    cell = cases.set_index("organisation")["cell"]
    stood_for = cases.groupby("cell")["base_weight"].sum()
    assert weights.groupby(cell.loc[weights.index]).sum().to_dict() == pytest.approx(stood_for.to_dict())


def test_propensity_keeps_what_each_sector_stood_for(small_codebook):
    cases = cases_of(small_codebook, silent=dict.fromkeys(BANDS, 3))
    weights = adjust_for_nonresponse(cases, codebook=small_codebook, nonresponse="propensity")
    kind = cases.set_index("organisation")["kind"].loc[weights.index]
    assert weights.groupby(kind).sum().to_dict() == pytest.approx({"lib": 30, "mus": 72})


def test_propensity_by_bands_alone_is_the_rate_of_each_band(small_codebook):
    cases = cases_of(small_codebook, silent=dict.fromkeys(BANDS, 3)).assign(contacts=2)
    chance = response_propensity(cases, codebook=small_codebook)
    rate = cases["status"].eq("rr").groupby(cases["scale"]).transform("mean")
    assert chance.tolist() == pytest.approx(rate.tolist(), abs=1e-6)


def test_a_fact_of_the_frame_that_says_what_another_says_is_one_sentence(small_codebook):
    """A third fact that follows from the size band leaves the model no unique fit."""
    cases = cases_of(small_codebook, silent=dict.fromkeys(BANDS, 3))
    large = Question.model_validate(
        {"id": "large", "text": "Large?", "label": "Large", "asked_of": "frame"}
        | {"answers": [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}]}
    )
    book = small_codebook.model_copy(update={"questions": (*small_codebook.questions[:2], large)})
    nested = cases.assign(large=np.where(cases["scale"].str.endswith("many"), "yes", "no"))
    with pytest.raises(InputProblem, match=r"propensity model cannot be fitted.*set weight\.nonresponse to cells"):
        response_propensity(nested, codebook=book)


def test_those_who_are_easier_to_reach_count_less(small_codebook):
    answered = dict.fromkeys(BANDS, 10)
    respondents, silent = houses(answered), dict.fromkeys(BANDS, 10)
    approached = approached_for(respondents, silent=silent)
    rng = np.random.default_rng(5)
    contacts = np.where(approached["group"].eq("I"), 3, 1) + rng.integers(0, 6, len(approached))
    cells = CELLS.assign(total=500.0)
    cases = in_scope(
        approached.assign(contacts=contacts), respondents=respondents, cells=cells, codebook=small_codebook
    )
    weights = adjust_for_nonresponse(cases, codebook=small_codebook, nonresponse="propensity")
    of = cases.set_index("organisation").loc[weights.index]
    assert weights[of["contacts"] >= 7].mean() < weights[of["contacts"] <= 4].mean()


def test_nothing_is_made_up_for(small_codebook):
    cases = cases_of(small_codebook)
    weights = adjust_for_nonresponse(cases, codebook=small_codebook, nonresponse="none")
    assert weights.tolist() == cases.loc[cases["status"].eq("rr"), "base_weight"].tolist()


def test_another_way_is_refused(small_codebook):
    sentence = problem(adjust_for_nonresponse, cases_of(small_codebook), codebook=small_codebook, nonresponse="magic")
    assert sentence == (
        "params.yaml: weight.nonresponse: no such way of adjusting for non-response; found 'magic'; "
        "allowed: none, cells, propensity."
    )


def test_a_cell_in_which_nobody_answered(small_codebook):
    cases = cases_of(small_codebook, answered=ANSWERED | {"mus_many": 0}, silent={"mus_many": 4})
    assert problem(share_out, cases, cells="cell") == (
        "mus_many: none of its 4 organisations approached answered; let the codebook's `collapse` say which cell it "
        "joins, or set weight.nonresponse to none."
    )


@pytest.mark.parametrize(("answered", "silent", "said"), [(4, 0, "all"), (0, 4, "none")])
def test_a_band_that_answered_as_one_has_no_propensity(small_codebook, answered, silent, said):
    cases = cases_of(
        small_codebook,
        answered=ANSWERED | {"mus_many": answered},
        silent=dict.fromkeys(BANDS[:4], 2) | {"mus_many": silent},
    )
    assert problem(response_propensity, cases, codebook=small_codebook) == (
        f"column scale: mus_many: {said} of its organisations approached answered, so the propensity model has no "
        "solution; set weight.nonresponse to cells."
    )


def test_a_band_approached_without_a_total(small_codebook):
    respondents = houses(ANSWERED | {"mus_many": 0})
    approached = approached_for(respondents, silent={"mus_many": 1})
    sentence = problem(in_scope, approached, respondents=respondents, cells=CELLS.iloc[:3], codebook=small_codebook)
    assert sentence == (
        "population.yaml: organisation S-000 was approached, and the population has no total above 0 for its size "
        "band; found 'mus_many'; allowed: lib_few, lib_many, mus_few, mus_middle; add a total that takes it in, or "
        "correct the one that is 0."
    )


def test_an_answer_from_an_organisation_out_of_scope(small_codebook):
    respondents = houses(ANSWERED)
    approached = approached_for(respondents)
    approached.loc[2, "group"] = "NE"
    assert problem(in_scope, approached, respondents=respondents, cells=CELLS, codebook=small_codebook) == (
        "an organisation answered that is not among those approached; found 'H-002'."
    )


def test_more_approached_than_there_are(small_codebook):
    respondents = houses(ANSWERED)
    approached = approached_for(respondents, silent={"lib_few": 30})
    sentence = problem(in_scope, approached, respondents=respondents, cells=CELLS, codebook=small_codebook)
    assert sentence.startswith("population.yaml: lib: 36 organisations were approached and the population has 30")


def test_a_total_that_is_no_whole_number_is_told_as_it_is(small_codebook):
    """Moved within its range a total need not be whole; rounded, five of 4.6 would seem to be five of five."""
    respondents = houses({"lib_few": 5, "mus_few": 1})
    cells = CELLS.iloc[[0, 2]].assign(total=[4.6, 12345678.0])
    refused = {"respondents": respondents, "cells": cells, "codebook": small_codebook}
    sentence = problem(in_scope, approached_for(respondents, silent={}), **refused)
    assert sentence.startswith("population.yaml: lib: 5 organisations were approached and the population has 4.6;")
    few = houses({"lib_few": 1})
    sentence = problem(in_scope, approached_for(few, silent={}), **refused | {"respondents": few})
    assert sentence.startswith("mus: none of its 12345678 organisations answered;")


def test_order_of_the_approached_does_not_matter(small_codebook):
    respondents = houses(ANSWERED)
    approached = approached_for(respondents, silent=dict.fromkeys(BANDS, 3))
    one, two = (
        adjust_for_nonresponse(
            in_scope(t, respondents=respondents, cells=CELLS, codebook=small_codebook),
            codebook=small_codebook,
            nonresponse="propensity",
        )
        for t in (approached, approached.sample(frac=1, random_state=4))
    )
    pd.testing.assert_series_equal(one, two.loc[one.index], rtol=1e-9)
