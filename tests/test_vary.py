"""Which findings survive: choices, the rule on worked examples, bounds, and the choice that is set told by name."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from made_weights import BANDS, CELLS, approached_for, houses, settings_of

from pipeline import disclose, vary
from pipeline.estimate import BOUNDS, KEYS, estimate
from pipeline.params import Analyse, Trim, Vary, load_params
from pipeline.respondents import typed
from pipeline.survival import draw_survival
from pipeline.tables import write_table
from pipeline.weight_pages import survival_summary

PARAMS = load_params(ROOT / "params.yaml")
NO_LIMIT, NARROW = Trim(lower=None, upper=None), Trim(lower=0.99, upper=1.01)
ANALYSE = Analyse(confidence=0.95, flag_below=12, withhold_below=6)


def settings_with(**changes):
    """Params with a way to weigh that is set and others to try."""
    varied = {
        "nonresponse": ("none", "cells"),
        "calibration": ("none", "poststratify", "rake"),
        "trim": (NO_LIMIT, NARROW),
        "population": ("england",),
        "totals": ("published", "more_small"),
    }
    return SimpleNamespace(weight=settings_of(nonresponse="cells"), vary=Vary(**(varied | changes)), analyse=ANALYSE)


@pytest.fixture(scope="module")
def respondents(small_codebook, make_respondents):
    """Records of libraries and museums, as many in each band, named as in made_weights."""
    table = make_respondents(small_codebook, 130, seed=3)
    frame = houses(table["scale"].astype(object).value_counts().reindex(BANDS).to_dict())
    ordered = table.sort_values("scale", key=lambda s: s.astype(object).map(BANDS.index), kind="stable")
    ordered = ordered.reset_index(drop=True).assign(organisation=frame["organisation"])
    return typed(ordered, small_codebook)


@pytest.fixture(scope="module")
def weighed(small_codebook, respondents):
    """The respondents under every choice, the population being that of made_weights."""
    cells = CELLS.assign(total=[300.0, 200, 500, 100], low=[300.0, 200, 400, 80], high=[300.0, 200, 600, 120])
    cells = cells.assign(at_least=[1, 20000, 0, 50000])
    choices = vary.choices_of(settings_with())
    approached = approached_for(respondents, silent=dict.fromkeys(BANDS, 4))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(vary, "population_cells", lambda *_, **__: cells)
        rows, table = vary.weigh_choices(
            choices, respondents, approached=approached, folder="", codebook=small_codebook
        )
    return choices, rows, table


# What an estimate that is published has beside its support; what a test is about it says itself.
PUBLISHED = {"count": 1, "estimate": 0.5, "quality": "ok"}
PUBLISHED |= dict.fromkeys(["base_low", "base_high", "count_low", "count_high", "ci_low", "ci_high"], np.nan)


def judged_of(weighed, respondents, codebook, supports="measured"):
    clauses, wanted = vary.clause_rows(codebook)
    estimates = vary.estimate_choices(weighed[1], respondents, codebook=codebook, wanted=wanted, confidence=0.95)
    known = wanted.assign(support=supports, **PUBLISHED)
    return vary.judge(clauses, estimates, supports=known, withhold_below=6)


def test_the_choice_that_is_set_comes_first_and_none_comes_twice():
    choices = vary.choices_of(settings_with())
    assert choices[0].id == vary.SET and choices[0].options == settings_with().weight
    assert len({c.options for c in choices}) == len(choices) == len({c.id for c in choices}) == 2 * 3 * 2 + 2 - 1
    assert [c.label for c in choices if c.options.totals == "more_small"] == ["totals more small"]


def test_a_label_says_what_differs_from_what_is_set():
    labels = {c.label for c in vary.choices_of(settings_with())}
    assert "non-response none, calibration rake, trim 0.99 to 1.01" in labels
    assert vary.SET_LABEL in labels


def test_equal_weights_are_one_choice_and_unmet_ones_say_why(weighed):
    choices, rows, table = weighed
    by_label = table.set_index("label")
    assert by_label.loc["calibration rake", "same_as"] == vary.SET
    assert by_label.loc["trim 0.99 to 1.01", "met"].startswith("params.yaml: weight.trim: no weights within the limits")
    assert set(rows) == set(table.loc[table["met"].eq("yes") & table["same_as"].eq(""), "choice"])
    assert len(table) == len(choices)


def test_the_choices_say_what_records_were_weighted(weighed, small_codebook):
    assert weighed[2]["evidence"].eq(vary.EVIDENCE[small_codebook.kind]).all()


def test_the_choice_that_is_set_gives_the_estimates_of_analyse(weighed, respondents, small_codebook):
    _, rows, _ = weighed
    _, wanted = vary.clause_rows(small_codebook)
    found = vary.estimate_choices(rows, respondents, codebook=small_codebook, wanted=wanted, confidence=0.95)
    full = estimate(rows[vary.SET], codebook=small_codebook, settings=ANALYSE)
    for choice, basis in ((vary.REFERENCE, "unweighted"), (vary.SET, "weighted")):
        ours = found[found["choice"].eq(choice)].set_index(KEYS)
        theirs = full[full["basis"].eq(basis)].set_index(KEYS).loc[ours.index]
        columns = ["n", "n_eff", "estimate", "se", "ci_low", "ci_high"]
        pd.testing.assert_frame_equal(ours[columns], theirs[columns], check_dtype=False)


def row(estimate=None, direction=None, settled=True, n_eff=50.0, **values):
    compared = {} if direction is None else {"direction": direction}
    return {"estimate": estimate, "settled": settled, "n_eff": n_eff} | compared | values


@pytest.mark.parametrize(
    ("found", "verdict"),
    [(0.41, "holds"), (0.5, "holds"), (0.399, "moves"), (0.61, "moves")],
)
def test_a_share_holds_within_the_printed_interval(found, verdict):
    printed = row(0.5, ci_low=0.4, ci_high=0.6)
    assert vary.verdict(row(found), printed, 10) == verdict


@pytest.mark.parametrize(
    ("printed", "found", "verdict"),
    [
        ("more", "more", "holds"),
        ("more", "neither clear", "fades"),
        ("more", "less", "turns"),
        ("neither clear", "less", "appears"),
        ("neither clear", "neither clear", "holds"),
    ],
)
def test_a_comparison_holds_where_its_direction_does(printed, found, verdict):
    assert vary.verdict(row(0.5, found), row(0.5, printed), 10) == verdict


def test_what_is_not_settled_or_rests_on_too_few_is_not_judged():
    printed = row(0.5, ci_low=0.4, ci_high=0.6)
    assert vary.verdict(row(0.9, settled=False), printed, 10) == "not settled"
    assert vary.verdict(row(0.9, n_eff=9.9), printed, 10) == "too few"


def test_a_finding_survives_only_if_every_clause_holds_everywhere(weighed, respondents, small_codebook):
    judged, table = judged_of(weighed, respondents, small_codebook), weighed[2]
    first = judged["finding"].eq(judged["finding"].iloc[0]) & judged["clause"].eq(1)
    calm = judged.assign(verdict="holds")
    assert vary.survivors(calm, table)["verdict"].eq("survives").all()
    one = calm.assign(verdict=calm["verdict"].mask(first & calm["choice"].eq(vary.SET), "moves"))
    found = vary.survivors(one, table).iloc[0]
    twins = int(table["same_as"].eq(vary.SET).sum()) + 1
    assert (found["verdict"], found["set"]) == ("does not survive", False)
    # Choices with the same weights as the one that is set fall with it.
    assert found["choices"] - found["holding"] == twins
    assert found["broken"] == f"clause 1 moves under: {vary.SET_LABEL}"


def test_a_finding_of_which_nothing_is_settled_is_not_tested(weighed, respondents, small_codebook):
    judged = judged_of(weighed, respondents, small_codebook, supports="assumed")
    assert judged["verdict"].eq("not settled").all()
    assert vary.survivors(judged, weighed[2])["verdict"].eq("not tested").all()


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.45, 0.55, "holds"), (0.45, 0.65, "open"), (0.7, 0.8, "moves"), (np.nan, np.nan, "")],
)
def test_bounds_speak_for_all_records(low, high, said):
    judged = pd.DataFrame([share("printed"), share("set"), share("choice 01")])
    bounds = pd.DataFrame([dict(zip(KEYS, "abcd", strict=True)) | {"low": low, "high": high}])
    found = vary.add_bounds(judged, bounds)
    assert found["whatever_the_records"].tolist() == ["", said, ""]
    assert found["low"].isna().tolist() == [True, np.isnan(low), True]


def share(choice):
    keys = dict(zip(KEYS, "abcd", strict=True))
    interval = {"ci_low": 0.4, "ci_high": 0.6}
    return keys | interval | {"finding": "f", "clause": 1, "choice": choice, "verdict": "holds", "versus": None}


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [((0.6, 0.7), (0.1, 0.5), "open"), ((0.1, 0.2), (0.3, 0.5), "moves"), ((0.4, 0.7), (0.1, 0.5), "open")],
)
def test_bounds_of_a_comparison_can_turn_it_round_and_never_confirm_it(one, other, said):
    keys = dict(zip(KEYS, "abcd", strict=True))
    start = keys | {"finding": "f", "clause": 1, "verdict": "holds", "versus": "e", "versus_category": "b"}
    judged = pd.DataFrame([start | {"choice": c, "direction": "more"} for c in ("printed", "set")])
    bounds = pd.DataFrame(
        [keys | {"low": one[0], "high": one[1]}, keys | {"group": "e", "low": other[0], "high": other[1]}]
    )
    assert vary.add_bounds(judged, bounds)["whatever_the_records"].tolist() == ["", said]


def test_totals_alone_are_moved(weighed, respondents, small_codebook):
    judged = judged_of(weighed, respondents, small_codebook)
    moved = vary.across(judged, weighed[2], option="totals", base=settings_with().weight)
    assert {"published", "more_small"} <= set(moved) and len(moved) == judged.groupby(["finding", "clause"]).ngroups
    chosen = judged[judged["choice"].eq(vary.SET)]
    expected = chosen["difference"].where(chosen["versus"].notna(), chosen["estimate"])
    assert moved["published"].tolist() == pytest.approx(expected.tolist())


def test_metrics_name_what_the_numbers_are(weighed, respondents, small_codebook):
    judged, table = judged_of(weighed, respondents, small_codebook), weighed[2]
    found = vary.metrics(judged, table, vary.survivors(judged, table), evidence="modelled")
    assert list(found) == ["weights", "findings", "weighted_modelled"]
    assert found["weights"]["sum"] == pytest.approx(1100)
    assert found["weights"].pop("evidence") == found["findings"].pop("evidence") == "modelled"
    assert sum(found["findings"].values()) == len(small_codebook.findings)
    assert set(found["weighted_modelled"]) == {f"finding_{f}_clause_{c}" for f, c in ((1, 1), (1, 2), (2, 1))}


def test_survival_on_modelled_records_is_called_no_evidence(small_codebook):
    said = {
        kind: vary.what_survival_rests_on(small_codebook.model_copy(update={"kind": kind})) for kind in vary.EVIDENCE
    }
    assert "next to no evidence" in said["reconstruction"] and "**modelled**" in said["reconstruction"]
    assert all("readier to answer" in sentence for sentence in said.values())
    assert set(BOUNDS) >= {"low", "high"}


def told(weighed, respondents, codebook, folder):
    """What the notebook makes of the findings: every table, the numbers, and the picture in words."""
    choices, _, table = weighed
    judged = judged_of(weighed, respondents, codebook)
    weights = pd.DataFrame(columns=[*KEYS, "low", "high"]) if judged.empty else bounds_for(judged)
    judged = vary.coarse(vary.add_bounds(judged, weights), codebook=codebook, settings=PARAMS.disclose)
    survivors = vary.survivors(judged, table)
    moved = vary.across(judged, table, option="totals", base=choices[0].options)
    numbers = vary.metrics(judged, table, survivors, evidence="measured")
    words = draw_survival(judged, table, survivors, codebook, PARAMS, folder)
    return judged, survivors, moved, vary.plotted(judged, codebook), numbers, words


def bounds_for(judged):
    keys = judged[KEYS].drop_duplicates()
    return keys.assign(low=np.nan, high=np.nan)


def test_a_wave_s_intervals_are_as_coarse_as_its_estimates_have_them(weighed, respondents, small_codebook):
    """Outwards: neither end of a share's interval, nor of a difference's, is nearer than it was."""
    every = judged_of(weighed, respondents, small_codebook)
    coarse = vary.coarse(every, codebook=small_codebook, settings=PARAMS.disclose)
    # The unweighted ones are published in full.
    reference = every["choice"].eq(vary.REFERENCE)
    pd.testing.assert_frame_equal(coarse[reference], every[reference])
    exact, found = every[~reference], coarse[~reference]
    same = disclose.coarsened(exact.assign(se=0.1), PARAMS.disclose.share_digits)
    for column in ("estimate", "ci_low", "ci_high"):
        assert found[column].notna().any()
        np.testing.assert_array_equal(found[column], same[column])
    apart = exact["difference"].notna()
    assert (found["diff_low"] <= exact["diff_low"] + 1e-9)[apart].all()
    assert (found["diff_high"] >= exact["diff_high"] - 1e-9)[apart].all() and apart.any()
    assert (found["diff_high"] - exact["diff_high"])[apart].max() < 0.01
    public = small_codebook.model_copy(update={"kind": "reconstruction"})
    assert vary.coarse(exact, codebook=public, settings=PARAMS.disclose) is exact


def test_what_is_judged_is_what_is_published(weighed, respondents, small_codebook):
    """Who has the table comes to its verdicts: from shares in two digits, and the printed interval in full."""
    clauses, wanted = vary.clause_rows(small_codebook)
    found = vary.estimate_choices(weighed[1], respondents, codebook=small_codebook, wanted=wanted, confidence=0.95)
    how = {"codebook": small_codebook, "settings": PARAMS.disclose}
    known = wanted.assign(support="measured", **PUBLISHED)
    judged = vary.judge(clauses, vary.coarse(found, **how), supports=known, withhold_below=6)
    judged = vary.coarse(judged, **how)
    for _, rows in judged.groupby(["finding", "clause"]):
        reference = rows[rows["choice"].eq(vary.REFERENCE)].iloc[0]
        for row in rows.to_dict("records"):
            row = row if pd.notna(row["versus"]) else {k: v for k, v in row.items() if k != "direction"}
            assert row["verdict"] == vary.verdict(row, reference, 6)
    shares = judged.loc[judged["choice"].ne(vary.REFERENCE), "estimate"]
    np.testing.assert_allclose(shares, shares.round(2), atol=1e-12)


def test_a_survey_without_findings_has_nothing_to_survive(weighed, respondents, small_codebook, tmp_path):
    none = small_codebook.model_copy(update={"findings": ()})
    *tables, numbers, words = told(weighed, respondents, none, tmp_path)
    like = told(weighed, respondents, with_shares_alone(small_codebook), tmp_path)
    for empty, full in zip(tables, like[:4], strict=True):
        assert empty.empty and set(empty) == set(full)
    none_of_all = {"survives": 0, "does_not_survive": 0, "not_tested": 0}
    assert numbers["findings"] == none_of_all | {"evidence": "measured"}
    write_table(tmp_path / "sensitivity_findings.csv", tables[1].assign(evidence="measured"))
    assert survival_summary(tmp_path) is None
    assert numbers["weighted_measured"] == {} and "There are no key findings to weigh." in words


@pytest.mark.parametrize(
    ("holding", "choices", "set_", "said"),
    [
        (10, 21, False, "Depends on the weights: it holds under 10 of 21 choices, and not under the weights as set."),
        (20, 21, True, "Depends on the weights: it holds under 20 of 21 choices."),
        (0, 21, False, "Holds only without weights: under none of 21 choices of weights."),
        (0, 1, False, "Holds only without weights: under none of 1 choice of weights."),
    ],
)
def test_what_holds_under_no_weights_does_not_depend_on_which(tmp_path, holding, choices, set_, said):
    row = {"number": 9, "verdict": "does not survive", "clauses": 2, "tested": 2, "choices": choices}
    row |= {"holding": holding, "set": set_, "evidence": "measured"}
    write_table(tmp_path / "sensitivity_findings.csv", pd.DataFrame([row]))
    write_table(tmp_path / "sensitivity_choices.csv", pd.DataFrame({"met": ["yes"], "same_as": [pd.NA]}))
    assert survival_summary(tmp_path)["weak"] == {9: said}


def with_shares_alone(codebook):
    """The codebook with the first clause of its first finding, which compares nothing."""
    finding = codebook.findings[0]
    return codebook.model_copy(update={"findings": (finding.model_copy(update={"clauses": finding.clauses[:1]}),)})


def test_findings_that_compare_nothing_are_weighed_as_well(weighed, respondents, small_codebook, tmp_path):
    judged, survivors, moved, plotted, numbers, _ = told(
        weighed, respondents, with_shares_alone(small_codebook), tmp_path
    )
    assert len(survivors) == len(moved) == len(plotted) == len(numbers["weighted_measured"]) == 1
    assert judged["difference"].isna().all()


def test_what_rests_on_a_modelled_number_of_respondents_is_not_settled(weighed, respondents, small_codebook):
    clauses, wanted = vary.clause_rows(small_codebook)
    estimates = vary.estimate_choices(weighed[1], respondents, codebook=small_codebook, wanted=wanted, confidence=0.95)
    known = wanted.assign(**PUBLISHED | {"support": "published", "base_low": 3, "base_high": 55})
    judged = vary.judge(clauses, estimates, supports=known, withhold_below=6)
    assert not judged["settled"].any() and judged["verdict"].eq(vary.NOT_SETTLED).all()


def test_a_share_is_held_to_the_interval_that_is_published(weighed, respondents, small_codebook):
    clauses, wanted = vary.clause_rows(small_codebook)
    estimates = vary.estimate_choices(weighed[1], respondents, codebook=small_codebook, wanted=wanted, confidence=0.95)
    known = wanted.assign(**PUBLISHED | {"support": "published", "ci_low": 0.0, "ci_high": 1.0})
    judged = vary.judge(clauses, estimates, supports=known, withhold_below=6)
    reference = judged[judged["choice"].eq(vary.REFERENCE) & judged["versus"].isna()]
    assert len(reference) and reference["ci_low"].eq(0).all() and reference["ci_high"].eq(1).all()
    assert judged.loc[judged["versus"].isna(), "verdict"].isin([vary.HOLDS, vary.TOO_FEW]).all()


def test_the_reference_is_the_share_that_is_published(weighed, respondents, small_codebook):
    """What the records have is only one of the counts that a printed 71% of 200 may stand for."""
    clauses, wanted = vary.clause_rows(small_codebook)
    estimates = vary.estimate_choices(weighed[1], respondents, codebook=small_codebook, wanted=wanted, confidence=0.95)
    known = PUBLISHED | {"estimate": 0.71, "support": "published", "ci_low": 0.63, "ci_high": 0.77}
    known |= {"count": None, "count_low": 141, "count_high": 142}
    judged = vary.judge(clauses, estimates, supports=wanted.assign(**known), withhold_below=6)
    reference = judged["choice"].eq(vary.REFERENCE)
    assert judged.loc[reference, "estimate"].eq(0.71).all() and not judged.loc[~reference, "estimate"].eq(0.71).any()


def test_a_choice_that_leaves_too_few_is_none_under_which_a_finding_holds():
    judged = pd.DataFrame(
        [(1, c, v) for c, v in (("as set", "holds"), ("b", "too few"), ("c", "too few"))],
        columns=["clause", "choice", "verdict"],
    ).assign(finding="f", number=1, heading="F")
    choices = pd.DataFrame({"choice": ["as set", "b", "c"], "label": ["A", "B", "C"], "met": "yes", "same_as": ""})
    [found] = vary.survivors(judged, choices).to_dict("records")
    assert (found["verdict"], found["choices"], found["holding"]) == (vary.SURVIVES, 3, 1)


def test_a_clause_of_a_group_in_which_nobody_answered_is_not_settled(weighed, respondents, small_codebook):
    """Of nobody there is no share, and nothing to say of it in words."""
    clauses, wanted = vary.clause_rows(small_codebook)
    rows = vary.estimate_choices(weighed[1], respondents, codebook=small_codebook, wanted=wanted, confidence=0.95)
    first = clauses.iloc[0]
    nobody = (rows[KEYS] == first[KEYS].tolist()).all(axis=1)
    rows = rows.assign(**{c: rows[c].mask(nobody) for c in ("estimate", "ci_low", "ci_high")})
    known = wanted.assign(support="measured", **PUBLISHED)
    judged = vary.judge(clauses, rows, supports=known, withhold_below=0)
    ours = judged[judged["finding"].eq(first["finding"]) & judged["clause"].eq(first["clause"])]
    assert len(ours) and ours["verdict"].eq(vary.NOT_SETTLED).all()
    assert judged.drop(ours.index)["settled"].any()
