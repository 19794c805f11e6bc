"""The estimates table: worked shares, domains, nets, support, quality; and R's survey package matched."""

import numpy as np
import pandas as pd
import pytest
from conftest import HERE

from pipeline.estimate import (
    BOUNDS,
    COLUMNS,
    INFERENCE,
    KEYS,
    Grid,
    _proportions,
    add_support,
    calibrated_strata,
    effect_table,
    estimate,
    estimate_basis,
    kish_effective_base,
    sample_of,
)
from pipeline.params import Analyse
from pipeline.printing import per_cent
from pipeline.problems import InputProblem
from pipeline.respondents import gave, select

SETTINGS = Analyse(confidence=0.95, flag_below=30, withhold_below=10)
R_COLUMNS = ["n", "count", "estimate", *INFERENCE]


@pytest.fixture(scope="module")
def weighted(small_codebook, make_respondents):
    """A hundred and twenty random houses, libraries weighing almost three times as much as museums."""
    respondents = make_respondents(small_codebook, 120, seed=4)
    libraries = respondents["kind"].eq("lib")
    return respondents.assign(
        weight=np.where(libraries, 6.1, 2.3),
        stratum=respondents["kind"].astype(object),
        stratum_total=np.where(libraries, 6.1 * libraries.sum(), 2.3 * (~libraries).sum()),
    )


@pytest.fixture(scope="module")
def estimates(small_codebook, weighted):
    return estimate(weighted, codebook=small_codebook, settings=SETTINGS)


@pytest.fixture(scope="module")
def rebuilt(small_codebook):
    """The same survey as a reconstruction."""
    return small_codebook.model_copy(update={"kind": "reconstruction"})


def row(estimates, measure, category, break_="total", group="total", basis="unweighted"):
    key = dict(zip([*KEYS, "basis"], (measure, category, break_, group, basis), strict=True))
    found = estimates[(estimates[list(key)] == pd.Series(key)).all(axis=1)]
    assert len(found) == 1
    return found.iloc[0]


def bounds_of(**changes):
    """Bounds of one share of the whole, wide unless changed."""
    wide = {"support": "bounded", "low": 0.0, "high": 1.0, "count_low": 0, "count_high": 120}
    keys = dict(zip(KEYS, ("shop", "yes", "total", "total"), strict=True))
    return pd.DataFrame([keys | wide | {"base_low": 120, "base_high": 120} | changes])


def problem(call, *args, **kwargs):
    with pytest.raises(InputProblem) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def supported(estimates, codebook, bounds=None):
    bare = estimates.drop(columns=["support", *BOUNDS])
    return add_support(bare, codebook=codebook, bounds=bounds)


def test_every_number_is_that_of_r_survey():
    sample, expected, weights = (
        pd.read_csv(HERE / f"r/{f}.csv", comment="#") for f in ("sample", "estimates", "weights")
    )
    grid = Grid(
        rows=expected[["domain", "answer"]].drop_duplicates(ignore_index=True),
        domains=sample.filter(like="domain."),
        answers=sample.filter(like="answer."),
    )
    respondents = sample.assign(stratum=sample["cell"], weight=weights["poststratified"])
    for basis, by_r in expected.groupby("basis"):
        ours = estimate_basis(grid, respondents=respondents, basis=basis, confidence=0.95)
        both = by_r.merge(ours, on=["domain", "answer"], suffixes=("_r", ""), validate="1:1")
        for column in R_COLUMNS:
            np.testing.assert_allclose(
                both[column], both[f"{column}_r"], rtol=0, atol=1e-10, err_msg=f"{basis} {column}"
            )
        # R's variance of a post-stratified mean, where the strata are the cells, is the stratified one
        np.testing.assert_allclose(both["se"], both["se_poststratified"], atol=1e-10)


def test_strata_are_the_cells_by_choice():
    """Taking the sectors as strata and the cells as post-strata only gives standard errors within 6% of ours."""
    by_r = pd.read_csv(HERE / "r/estimates.csv", comment="#")
    both = by_r[by_r["se_sector_strata"] > 1e-8]
    assert (both["se"] / both["se_sector_strata"]).between(0.94, 1.06).all()
    assert len(both) > 10


def test_unweighted_share_is_the_printed_one(estimates, weighted):
    yes = row(estimates, "shop", "yes")
    p = (weighted["shop"] == "yes").mean()
    assert (yes["n"], yes["n_eff"], yes["count"]) == (120, 120, (weighted["shop"] == "yes").sum())
    assert yes["estimate"] == pytest.approx(p)
    assert yes["se"] == pytest.approx(np.sqrt(p * (1 - p) / 119))
    assert yes["deff"] == pytest.approx(1)


def test_weighted_share_is_the_stratified_one(estimates, weighted):
    parts = weighted.assign(yes=weighted["shop"] == "yes").groupby("kind", observed=True)
    n, p, total = parts.size(), parts["yes"].mean(), parts["stratum_total"].first()
    share = total / total.sum()
    variance = (share**2 * (1 - n / total) * p * (1 - p) / (n - 1)).sum()
    yes = row(estimates, "shop", "yes", basis="weighted")
    assert yes["estimate"] == pytest.approx((share * p).sum())
    assert yes["se"] == pytest.approx(np.sqrt(variance))


def test_interval_is_symmetric_on_the_logit_scale(estimates):
    ok = estimates[(estimates["quality"] != "withheld") & estimates["estimate"].between(0, 1, inclusive="neither")]
    logit = {c: np.log(ok[c] / (1 - ok[c])) for c in ("estimate", "ci_low", "ci_high")}
    np.testing.assert_allclose(logit["ci_high"] - logit["estimate"], logit["estimate"] - logit["ci_low"], atol=1e-9)


def test_wider_confidence_wider_interval(estimates, weighted, small_codebook):
    wide = estimate(weighted, codebook=small_codebook, settings=SETTINGS.model_copy(update={"confidence": 0.99}))
    ok = estimates["se"] > 0
    assert (wide.loc[ok, "ci_low"] < estimates.loc[ok, "ci_low"]).all()
    assert (wide.loc[ok, "ci_high"] > estimates.loc[ok, "ci_high"]).all()


def test_a_survey_in_which_nobody_was_asked_what_is_estimated_has_empty_estimates(small_codebook, weighted):
    """Of houses with a shop alone, and there is none."""
    goods = tuple(m for m in small_codebook.measures if m.id == "goods")
    nobody = weighted.assign(shop=pd.Series(["no"] * len(weighted), dtype="string"))
    found = estimate(nobody, codebook=small_codebook.model_copy(update={"measures": goods}), settings=SETTINGS)
    assert len(found) and found["n"].eq(0).all()
    assert found[["estimate", "se", "ci_low", "ci_high", "deff"]].isna().all(axis=None)


def test_all_and_nobody_have_a_one_sided_interval(weighted, small_codebook):
    agreed = weighted.assign(outlook=pd.Series("bright", index=weighted.index, dtype="string"))
    found = estimate(agreed, codebook=small_codebook, settings=SETTINGS)
    everyone, nobody = (row(found, "outlook", c) for c in ("bright", "bleak"))
    assert everyone[["estimate", "se", "ci_high"]].tolist() == [1, 0, 1]
    assert nobody[["estimate", "se", "ci_low"]].tolist() == [0, 0, 0]
    assert nobody["ci_high"] == pytest.approx(1 - 0.025 ** (1 / 120))
    assert everyone["ci_low"] == pytest.approx(1 - nobody["ci_high"])
    assert np.isnan(everyone["deff"])
    weighted_ends = row(found, "outlook", "bright", basis="weighted")[["estimate", "ci_high"]].tolist()
    assert weighted_ends == [1, 1]
    assert row(found, "outlook", "bright", basis="weighted")["ci_low"] == pytest.approx(everyone["ci_low"], abs=0.001)


def test_share_that_the_weights_fix_has_no_error(estimates):
    fixed = row(estimates, "kind", "lib", basis="weighted")
    assert fixed[["se", "deff"]].tolist() == [0, 0] and fixed[["ci_low", "ci_high"]].isna().all()


@pytest.fixture(scope="module")
def uneven(weighted):
    """The same houses with weights that differ inside strata and still add up to their totals."""
    raw = weighted.assign(weight=weighted["weight"] * np.linspace(0.5, 1.5, len(weighted)))
    sums = raw.groupby(raw["stratum"])["weight"].transform("sum")
    return raw.assign(weight=raw["weight"] * raw["stratum_total"] / sums)


def test_share_that_uneven_weights_fix_has_no_error_either(uneven, small_codebook):
    found = estimate(uneven, codebook=small_codebook, settings=SETTINGS)
    libraries = row(found, "kind", "lib", basis="weighted")
    assert libraries["se"] == 0 and pd.isna(libraries["ci_low"])
    assert row(found, "shop", "yes", basis="weighted")["se"] > 0


def test_weights_that_miss_a_stratum_total_are_not_taken_for_calibrated(uneven, weighted):
    assert calibrated_strata(uneven) == uneven.groupby("stratum")["stratum_total"].first().to_dict()
    assert calibrated_strata(weighted) == {}
    assert calibrated_strata(uneven.assign(stratum_total=uneven["stratum_total"] + 1)) == {}


def test_calibration_takes_nothing_from_a_measure_that_strata_say_nothing_of(uneven, small_codebook):
    """Within strata the errors are of deviations from the stratum's mean, so never larger than without the record."""
    found = estimate(uneven, codebook=small_codebook, settings=SETTINGS)
    loose = estimate(
        uneven.assign(stratum_total=uneven["stratum_total"] * 1.00001), codebook=small_codebook, settings=SETTINGS
    )
    key = found["basis"].eq("weighted") & found["break"].eq("total") & found["se"].gt(0)
    assert key.sum() > 10
    assert (found.loc[key, "estimate"] - loose.loc[key, "estimate"]).abs().max() < 1e-12
    assert (found.loc[key, "se"] / loose.loc[key, "se"]).median() <= 1.001


def test_design_effects_stand_beside_what_weights_alone_cost(estimates):
    effects = effect_table(estimates)
    everyone = effects[effects["measure"].eq("shop")]
    assert everyone["weight_effect"].nunique() == 1
    one = row(estimates, "shop", "yes", basis="weighted")
    assert everyone.iloc[0]["weight_effect"] == pytest.approx(one["n"] / one["n_eff"])
    assert everyone.iloc[0]["deff"] == one["deff"]


def test_rows_are_every_category_of_every_group_once(estimates, small_codebook):
    assert list(estimates) == COLUMNS
    expected = [
        (m.id, category, break_, group.id, basis)
        for m in small_codebook.measures
        for break_ in ("total", *m.breaks)
        for group in small_codebook.groups(break_)
        for category in small_codebook.question(m.question).categories
        for basis in ("unweighted", "weighted")
    ]
    assert list(estimates[[*KEYS, "basis"]].itertuples(index=False, name=None)) == expected
    assert set(estimates["wave"]) == {2020}


def test_base_is_the_measure_s_and_the_group_s(weighted, small_codebook):
    estimates = estimate(weighted, codebook=small_codebook, settings=SETTINGS.model_copy(update={"withhold_below": 0}))
    in_shops = select(weighted, small_codebook.base("shops").where)
    books = gave(weighted, small_codebook.question("goods"), "books")
    museums = weighted["kind"] == "mus"
    found = row(estimates, "goods", "books", "kind", "mus")
    assert found["n"] == (in_shops & museums).sum()
    assert found["count"] == (in_shops & museums & books).sum()


def test_groups_of_several_answers_overlap(estimates, weighted):
    groups = estimates[(estimates["measure"] == "shop") & (estimates["break"] == "events")]
    bases = groups[groups["basis"] == "unweighted"].groupby("group")["n"].first()
    assert bases.sum() == weighted.filter(regex=r"^events\.").sum().sum()
    assert bases.sum() > 120


def test_net_counts_an_organisation_once(estimates, weighted):
    either = (weighted["events.talks"] == 1) | (weighted["events.concerts"] == 1)
    assert row(estimates, "events", "spoken_or_sung")["count"] == either.sum()


def test_single_answers_add_to_one_on_both_bases(estimates, small_codebook):
    answers = [a.id for a in small_codebook.question("outlook").answers]
    found = estimates[(estimates["measure"] == "outlook") & estimates["category"].isin(answers)]
    found = found[found["quality"] != "withheld"]
    assert found.groupby(["break", "group", "basis"])["estimate"].sum().tolist() == pytest.approx(
        [1] * (len(found) // len(answers))
    )


def test_order_of_respondents_is_of_no_account(estimates, weighted, small_codebook):
    shuffled = weighted.sample(frac=1, random_state=5)
    pd.testing.assert_frame_equal(estimate(shuffled, codebook=small_codebook, settings=SETTINGS), estimates)


def test_respondents_are_left_as_they_were(weighted, small_codebook):
    before = weighted.copy()
    estimate(weighted, codebook=small_codebook, settings=SETTINGS)
    pd.testing.assert_frame_equal(weighted, before)


def test_effective_base_is_kish_s():
    assert kish_effective_base(np.array([2.0, 2, 2])) == pytest.approx(3)
    assert kish_effective_base(np.array([1.0, 3])) == pytest.approx(16 / 10)
    assert kish_effective_base(np.array([])) == 0
    assert all(kish_effective_base(np.full(30, w)) == 30 for w in (0.1, 1 / 3, 12.7))


def test_quality_is_by_effective_base(estimates):
    limits = pd.cut(estimates["n_eff"], [-1, 10, 30, np.inf], right=False, labels=["withheld", "flagged", "ok"])
    assert estimates["quality"].tolist() == limits.tolist()
    assert set(estimates["quality"]) == {"ok", "flagged", "withheld"}


def test_withheld_fieldwork_says_only_its_base(estimates):
    withheld = estimates[estimates["quality"] == "withheld"]
    assert withheld[["count", "estimate", *INFERENCE]].isna().all(axis=None)
    assert withheld[["n", "n_eff"]].notna().all(axis=None)


def test_only_what_is_printed_of_a_report_stays_where_its_base_is_small(weighted, rebuilt):
    """What is printed is public; the model's picks of so small a base go like anybody's."""
    plain = estimate(weighted, codebook=rebuilt.model_copy(update={"kind": "fieldwork"}), settings=SETTINGS)
    few = plain[plain["quality"].eq("withheld") & plain["n"].gt(0) & plain["basis"].eq("unweighted")].iloc[:2]
    bounds = few[KEYS].assign(support=["published", "bounded"], low=0.0, high=1.0, base_low=few["n"])
    bounds = bounds.assign(base_high=few["n"], count_low=None, count_high=None)
    found = estimate(weighted, codebook=rebuilt, settings=SETTINGS, bounds=bounds)
    withheld = found[found["quality"].eq("withheld") & found["n"].gt(0)]
    printed = withheld["support"].eq("published")
    assert withheld["support"].tolist() == ["published", "bounded"]
    assert withheld.loc[printed, ["count", "estimate"]].notna().all(axis=None)
    assert withheld.loc[~printed, ["count", "estimate"]].isna().all(axis=None)
    assert withheld[INFERENCE].isna().all(axis=None)


def test_group_without_anyone_is_withheld(weighted, small_codebook):
    libraries = weighted.assign(kind=pd.Series("lib", index=weighted.index, dtype="string"))
    empty = row(estimate(libraries, codebook=small_codebook, settings=SETTINGS), "shop", "yes", "kind", "mus")
    assert (empty["n"], empty["n_eff"], empty["quality"]) == (0, 0, "withheld")
    assert np.isnan(empty["estimate"])


@pytest.mark.parametrize(("kind", "support"), [("fieldwork", "measured"), ("rehearsal", "simulated")])
def test_support_of_collected_and_simulated_answers(estimates, small_codebook, kind, support):
    found = supported(estimates, small_codebook.model_copy(update={"kind": kind}))
    assert set(found["support"]) == {support}
    assert found[BOUNDS].isna().all(axis=None)


def test_reconstruction_without_bounds_is_assumed(estimates, rebuilt):
    assert set(supported(estimates, rebuilt)["support"]) == {"assumed"}


def test_bounds_are_of_the_unweighted_share(weighted, estimates, rebuilt):
    found = estimate(weighted, codebook=rebuilt, settings=SETTINGS, bounds=bounds_of())
    bounded = row(found, "shop", "yes")
    assert bounded[["support", *BOUNDS]].tolist() == ["bounded", 0, 1, 0, 120, 120, 120]
    assert row(found, "shop", "yes", basis="weighted")["support"] == "assumed"
    assert (found["support"] == "assumed").sum() == len(found) - 1
    pd.testing.assert_frame_equal(found[[*KEYS, "basis", "n"]], estimates[[*KEYS, "basis", "n"]])


def test_bounds_with_a_basis_are_of_that_basis(estimates, rebuilt):
    found = supported(estimates, rebuilt, bounds_of(basis="weighted", support="implied"))
    assert row(found, "shop", "yes", basis="weighted")["support"] == "implied"
    assert row(found, "shop", "yes")["support"] == "assumed"


def test_estimate_outside_its_bounds(estimates, rebuilt):
    sentence = problem(supported, estimates, rebuilt, bounds_of(high=0.01))
    assert sentence.startswith(
        "the unweighted estimate of shop / yes / total / total lies outside its bounds; found 0."
    )
    assert sentence.endswith("allowed: 0.0 to 0.01; run reconstruct again, so that records and bounds belong together.")


def test_bounds_of_an_unknown_estimate(estimates, rebuilt):
    assert problem(supported, estimates, rebuilt, bounds_of(category="maybe")) == (
        "row 2: bounds are given for an estimate that the codebook does not ask for; "
        "found 'shop / maybe / total / total'; run reconstruct again with this codebook."
    )


def test_bounds_given_twice(estimates, rebuilt):
    bounds = pd.concat([bounds_of()] * 2, ignore_index=True)
    assert problem(supported, estimates, rebuilt, bounds) == (
        "row 3: bounds are given twice; found 'shop / yes / total / total'."
    )


def test_respondents_without_weights(weighted, small_codebook):
    assert problem(estimate, weighted.drop(columns="stratum"), codebook=small_codebook, settings=SETTINGS) == (
        "column stratum: the respondents are not weighted; run weight first."
    )


def test_no_respondents(weighted, small_codebook):
    assert problem(estimate, weighted.iloc[:0], codebook=small_codebook, settings=SETTINGS) == (
        "there are no respondents to estimate from."
    )


@pytest.mark.parametrize("value", [0.0, -2.0, np.nan])
def test_weight_not_above_zero(weighted, small_codebook, value):
    name = weighted["organisation"].iloc[0]
    spoilt = weighted.assign(weight=weighted["weight"].where(weighted["organisation"] != name, value))
    assert problem(estimate, spoilt, codebook=small_codebook, settings=SETTINGS) == (
        f"column weight: organisation {name} has a weight that is not above 0; found {value}."
    )


def test_stratum_of_one(weighted, small_codebook):
    lonely = weighted.assign(stratum=weighted["stratum"].where(weighted.index > 0, "alone"), stratum_total=500.0)
    assert problem(estimate, lonely, codebook=small_codebook, settings=SETTINGS) == (
        "stratum alone has 1 respondents and holds 500 to 500; allowed: at least two respondents, and one total that "
        "is no smaller; run weight again."
    )


def test_filler_is_never_ok_and_an_open_base_carries_no_inference(weighted, rebuilt):
    first = estimate(weighted, codebook=rebuilt, settings=SETTINGS)
    keys = ["measure", "category", "break", "group"]
    row = first[(first["basis"] == "unweighted") & (first["n"] > 40) & first["estimate"].between(0.2, 0.8)].iloc[0]
    bounds = pd.DataFrame(
        [{**row[keys], "support": "published", "low": 0.0, "high": 1.0, "base_low": 35, "base_high": 60}]
    ).assign(count_low=None, count_high=None)
    found = estimate(weighted, codebook=rebuilt, settings=SETTINGS, bounds=bounds)
    assert set(found.loc[found["support"] == "assumed", "quality"]) <= {"modelled", "withheld"}
    [published] = found[found["support"] == "published"].to_dict("records")
    # The share is the printed one; how many gave the answer, and of how many, is open.
    assert published["estimate"] == per_cent(row["estimate"]) / 100
    assert published["quality"] == "ok"
    assert all(pd.isna(published[c]) for c in ("n", "count", "n_eff", "se", "ci_low", "ci_high", "deff"))
    closed = estimate(weighted, codebook=rebuilt, settings=SETTINGS, bounds=bounds.assign(base_high=35))
    assert closed.loc[closed["support"] == "published", "se"].notna().all()


def test_what_the_records_have_inside_a_range_is_modelled_and_has_no_interval(weighted, rebuilt):
    first = estimate(weighted, codebook=rebuilt, settings=SETTINGS)
    keys = ["measure", "category", "break", "group", "basis"]
    rows = first[first["n"].gt(40) & first["estimate"].between(0.2, 0.8)].drop_duplicates("basis")
    bounds = rows[keys].assign(support="bounded", low=0.0, high=1.0, base_low=rows["n"], base_high=rows["n"])
    bounds = bounds.assign(count_low=0, count_high=rows["n"])
    found = estimate(weighted, codebook=rebuilt, settings=SETTINGS, bounds=bounds)
    ranged = found[found["support"].eq("bounded")]
    assert ranged["basis"].tolist() == ["unweighted", "weighted"] and ranged["quality"].eq("modelled").all()
    assert ranged[["se", "ci_low", "ci_high"]].isna().all(axis=None) and ranged["deff"].notna().all()
    # Whoever keeps what is ok or flagged keeps nothing that the records alone say.
    evidence = found[found["quality"].isin(["ok", "flagged"])]
    assert evidence["support"].isin(["published", "implied"]).all()


@pytest.mark.parametrize("counts", [(-1, 0), (0, 1), (-2, 3), (-25, 25)])
def test_interval_and_error_are_as_wide_as_those_of_every_count_that_a_printed_share_may_stand_for(
    weighted, rebuilt, counts
):
    plain = estimate(weighted, codebook=rebuilt.model_copy(update={"kind": "fieldwork"}), settings=SETTINGS)
    keys = ["measure", "category", "break", "group", "basis"]
    row = plain[plain["basis"].eq("unweighted") & plain["n"].gt(40) & plain["estimate"].between(0.3, 0.7)].iloc[0]
    low, high = (int(row["count"]) + step for step in counts)
    known = dict(
        zip(("count_low", "count_high", "base_low", "base_high"), (low, high, row["n"], row["n"]), strict=True)
    )
    known |= {"support": "published", "low": low / row["n"], "high": high / row["n"]}
    found = estimate(weighted, codebook=rebuilt, settings=SETTINGS, bounds=pd.DataFrame([{**row[keys], **known}]))
    [ours] = found[found["support"].eq("published")].to_dict("records")
    members = np.arange(len(weighted)) < row["n"]
    given = {f"{n}": (np.arange(len(weighted)) < n).astype(float) for n in range(low, high + 1)}
    sample = sample_of({"base": members.astype(int)} | given, weighted, "unweighted")
    alone = _proportions(sample, list(given), where="base", alpha=0.05, ci_method="logit")
    widest = {"ci_low": alone["ci_low"].min(), "ci_high": alone["ci_high"].max(), "se": alone["se"].max()}
    assert {end: ours[end] for end in widest} == pytest.approx(widest, abs=1e-12)
    assert ours["ci_low"] <= row["ci_low"] and row["ci_high"] <= ours["ci_high"]
    assert (ours["estimate"], ours["n"], ours["quality"]) == (per_cent(row["estimate"]) / 100, row["n"], "ok")
    assert pd.isna(ours["count"])


def test_answers_that_do_not_vary_in_any_stratum_have_no_interval_of_no_width(weighted, small_codebook):
    libraries = weighted["kind"].eq("lib")
    alike = weighted.assign(outlook=np.where(libraries, "bright", "bleak"))
    found = estimate(alike, codebook=small_codebook, settings=SETTINGS)
    answer = row(found, "outlook", "bright", basis="weighted")
    assert 0 < answer["estimate"] < 1 and answer["se"] == 0 and pd.isna(answer["ci_low"]) and pd.isna(answer["ci_high"])
    # That all are libraries or museums is known, whoever answers; that all libraries said one thing is not.
    assert pd.isna(row(found, "scale", "mus_few", "kind", "lib")["ci_high"])
    assert row(found, "outlook", "bleak", "kind", "lib")["ci_high"] > 0


def test_an_open_base_does_not_make_a_share_that_is_not_there_a_modelled_one(weighted, rebuilt):
    """What is emptied since it rests on too few says so, whatever the bounds leave open."""
    first = estimate(weighted, codebook=rebuilt, settings=SETTINGS)
    empty = first[first["estimate"].isna() & first["n"].gt(0) & first["basis"].eq("weighted")]
    assert len(empty) and empty["quality"].eq("withheld").all()
    bounds = empty[["measure", "category", "break", "group", "basis"]].assign(support="bounded", low=0.0, high=1.0)
    bounds = bounds.assign(base_low=1, base_high=empty["n"] + 9, count_low=None, count_high=None)
    found = estimate(weighted, codebook=rebuilt, settings=SETTINGS, bounds=bounds)
    found = found.merge(bounds[["measure", "category", "break", "group", "basis"]])
    assert found["estimate"].isna().all() and found["quality"].eq("withheld").all()


def with_sizes_of_strata(respondents, codebook, settled):
    """The estimates where every share is implied, and how many libraries answered may or may not be settled."""
    first = estimate(respondents, codebook=codebook, settings=SETTINGS)
    first = first[first["measure"].isin(["kind", "outlook"]) & first["break"].eq("total")]
    bounds = first[[*KEYS, "basis"]].assign(support="implied", low=first["estimate"], high=first["estimate"])
    few = 0 if settled else (first["measure"].eq("kind") & first["category"].eq("lib")).astype(int)
    bounds = bounds.assign(count_low=first["count"] - few, count_high=first["count"])
    bounds = bounds.assign(base_low=first["n"], base_high=first["n"])
    return estimate(respondents, codebook=codebook, settings=SETTINGS, bounds=bounds)


@pytest.mark.parametrize("settled", [True, False])
def test_a_weighted_share_has_an_error_only_where_the_sizes_of_strata_are_known(weighted, rebuilt, settled):
    """With as many of a stratum as the model has put there, its error would be the model's too."""
    found = with_sizes_of_strata(weighted, rebuilt, settled)
    answers = found[found["measure"].eq("outlook") & found["break"].eq("total") & found["estimate"].gt(0)]
    inference = answers.set_index("basis")[INFERENCE].notna()
    assert inference.loc["unweighted"].all(axis=None)
    assert inference.loc["weighted"].all(axis=None) == settled == inference.loc["weighted"].any(axis=None)
    assert answers[["n_weighted", "n_eff"]].notna().all(axis=None)
    assert row(found, "kind", "lib", basis="weighted")["se"] == 0


@pytest.mark.parametrize("settled", [True, False])
def test_an_answer_that_nobody_gave_has_an_error_of_nil_only_beside_its_interval(weighted, rebuilt, settled):
    """Alone, it would say that nobody anywhere gives it."""
    alike = weighted.assign(outlook="bright")
    found = with_sizes_of_strata(alike, rebuilt, settled)
    answer = row(found, "outlook", "bleak", basis="weighted")
    assert answer["estimate"] == 0
    assert pd.notna(answer["se"]) == pd.notna(answer["ci_high"]) == settled
