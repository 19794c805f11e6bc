"""Change between waves: errors with the panel's covariance, what may be tested, and what each row says."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import HERE
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_waves import SETTINGS, renamed, wave_of
from r.change import rows_of, waves
from scipy.stats import false_discovery_control, norm, t, ttest_ind, ttest_rel

from pipeline import change
from pipeline.change import NO_CLEAR_CHANGE, POWER, changes, covariances, pairs_of, panel_is_known, panels
from pipeline.codebook import TOTAL, Net, SeriesBreak
from pipeline.harmonise import compare, register
from pipeline.printing import KEYS
from pipeline.track import books

AGREEMENT = {"rtol": 1e-9, "atol": 1e-11}
# Each example estimates two surveys: few of them, and none made smaller.
PHASES = (Phase.explicit, Phase.generate)
FEW = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)


def changed(*waves_, settings=SETTINGS):
    return changes(waves_, breaks=register({w.wave: w.codebook for w in waves_}), settings=settings)


def one(table, basis="unweighted", **keys):
    keys = {"measure": "outlook", "category": "bright", "break": TOTAL, "group": TOTAL} | keys | {"basis": basis}
    [row] = table[(table[list(keys)] == pd.Series(keys)).all(axis=1)].to_dict("records")
    return row


@pytest.fixture(scope="module")
def small(small_codebook):
    """The made-up survey with one question, so that a test is quick."""
    kept = [m for m in small_codebook.measures if m.id in ("kind", "outlook")]
    return small_codebook.model_copy(update={"measures": tuple(kept)})


def drawn(codebook, make_respondents, first, second, shared, seed=1, weight="equal"):
    """Two waves of so many houses, `shared` of them in both, of the same kind and scale; they answer anew."""
    earlier = make_respondents(codebook, first, seed)
    later = renamed(make_respondents(codebook, second, seed + 1000), 0)
    for column in ("organisation", "kind", "scale"):
        kept = earlier[column].iloc[:shared].tolist()
        later[column] = pd.Series([*kept, *later[column].iloc[shared:]], dtype="string")
    return wave_of(codebook, earlier, 2020, weight=weight), wave_of(codebook, later, 2021, weight=weight)


# ---- against R


def test_errors_are_r_s_with_equal_and_with_uneven_weights_and_houses_in_both():
    before, after = waves()
    by_r = pd.read_csv(HERE / "r/change_errors.csv", comment="#").drop_duplicates(["basis", "domain", "answer"])
    table = changed(before, after)
    for basis in ("unweighted", "weighted"):
        rows = rows_of(before, after, basis)
        names, _ = change.stack(before, after, rows, basis=basis)
        ours = pd.concat([rows[[*KEYS, "basis"]], names], axis="columns").merge(table, on=[*KEYS, "basis"])
        both = ours.merge(by_r, on=["basis", "domain", "answer"], suffixes=("", "_r"), validate="m:1")
        both = both[both["se"].gt(0)]
        assert len(both) > 100 and both["n_both"].max() > 80 and both["covariance"].gt(1e-4).any()
        for column in ("change", "se_before", "se_after", "covariance", "se"):
            np.testing.assert_allclose(both[column], both[f"{column}_r"], **AGREEMENT, err_msg=f"{basis} {column}")


def test_the_sample_that_r_saw_is_the_one_that_is_tested():
    before, after = waves()
    _, stacked = change.stack(before, after, rows_of(before, after, "weighted"), basis="weighted")
    by_r = pd.read_csv(HERE / "r/change_sample.csv", comment="#")
    pd.testing.assert_frame_equal(stacked, by_r[stacked.columns], check_dtype=False, check_exact=False, rtol=1e-12)


def test_strata_that_a_later_wave_redrew_have_the_factor_of_their_sector():
    """20 of 100 in either wave and 10 in both: 1 - 20 x 20 / (10 x 100) = 0.6, whichever strata the later wave has."""
    earlier = [(f"h{i}", 1, "lib", "a" if i < 12 else "b", 60 if i < 12 else 40) for i in range(20)]
    later = [(f"h{i}", 2, "lib", "a" if i < 12 else "b", 60 if i < 12 else 40) for i in range(10)]
    later += [(f"n{i}", 2, "lib", "c", 100) for i in range(10)]
    stacked = pd.DataFrame(earlier + later, columns=["organisation", "wave", "sector", "stratum", "total"])
    population = change._populations(stacked, 1, {"a", "b"}).groupby(stacked["stratum"]).first()
    units = stacked.groupby("stratum")["organisation"].nunique()
    assert (1 - units / population)[["a", "b"]].tolist() == pytest.approx([0.6, 0.6])
    # Where strata are kept each has its own: 12 and 10 and 10 in both in the one, nobody in both in the other.
    kept = change._populations(stacked, 1, set()).groupby(stacked["stratum"]).first()
    assert (1 - units / kept)["a"] == pytest.approx(1 - 12 * 10 / (10 * 60)) and (1 - units / kept)["b"] == 0


def test_the_records_of_two_reconstructions_are_not_the_same_organisations():
    kinds = [SimpleNamespace(kind=k) for k in ("reconstruction", "rehearsal", "fieldwork")]
    known = {(a.kind, b.kind): change.panel_is_known(a, b) for a in kinds for b in kinds}
    assert not known["reconstruction", "reconstruction"] and not known["reconstruction", "fieldwork"]
    assert known["reconstruction", "rehearsal"] and known["fieldwork", "fieldwork"] and known["rehearsal", "rehearsal"]


# ---- properties


@FEW
@given(
    first=st.integers(40, 90),
    second=st.integers(40, 90),
    overlap=st.floats(0, 1),
    weight=st.sampled_from(["equal", "uneven"]),
)
def test_swapping_the_waves_turns_the_sign_and_nothing_else(small, make_respondents, first, second, overlap, weight):
    before, after = drawn(small, make_respondents, first, second, int(overlap * min(first, second)), weight=weight)
    there = changed(before, after)
    swapped = [wave_of(small, w.respondents, year, weight=weight) for w, year in ((after, 2020), (before, 2021))]
    back = changed(*swapped)
    np.testing.assert_allclose(there["change"], -back["change"], atol=1e-12)
    np.testing.assert_allclose(there["se"], back["se"], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(there["ci_low"], -back["ci_high"], rtol=1e-6, atol=1e-9)
    flipped = back["word"].replace({"up": "down", "down": "up"})
    assert there["word"].tolist() == flipped.tolist()


@FEW
@given(rows=st.integers(40, 90), weight=st.sampled_from(["equal", "uneven"]), seed=st.integers(0, 99))
def test_the_same_answers_again_are_no_change_without_error(small, make_respondents, rows, weight, seed):
    respondents = make_respondents(small, rows, seed)
    table = changed(*(wave_of(small, respondents, year, weight=weight) for year in (2020, 2021)))
    tested = table[table["comparable"] & table["quality"].isin(["ok", "flagged"])]
    assert len(tested) and tested[["change", "se"]].abs().max().max() < 1e-12
    assert tested[["p", "ci_low", "ci_high"]].isna().all(axis=None) and tested["word"].eq("").all()


@FEW
@given(first=st.integers(40, 120), second=st.integers(40, 120), seed=st.integers(0, 99))
def test_without_a_panel_the_error_is_that_of_two_samples(small, make_respondents, first, second, seed):
    before, after = drawn(small, make_respondents, first, second, 0, seed)
    for row in changed(before, after).to_dict("records"):
        if row["se"] > 0:
            assert (row["n_both"], row["covariance"]) == (0, pytest.approx(0, abs=1e-12))
            assert row["se"] == pytest.approx(np.hypot(row["se_before"], row["se_after"]), rel=1e-9)
    row = one(changed(before, after))
    gave = [w.respondents["outlook"].eq("bright").astype(float) for w in (before, after)]
    welch = ttest_ind(gave[1], gave[0], equal_var=False)
    assert (row["change"] / row["se"]) == pytest.approx(welch.statistic, rel=1e-9)


@FEW
@given(rows=st.integers(40, 120), seed=st.integers(0, 99))
def test_with_everyone_in_both_the_test_is_the_paired_one(small, make_respondents, rows, seed):
    before, after = drawn(small, make_respondents, rows, rows, rows, seed)
    row = one(changed(before, after))
    gave = [w.respondents["outlook"].eq("bright").astype(float) for w in (before, after)]
    paired = ttest_rel(gave[1], gave[0])
    assert row["change"] / row["se"] == pytest.approx(paired.statistic, rel=1e-9)
    assert (row["n_both"], row["df"], row["p"]) == (rows, rows - 1, pytest.approx(paired.pvalue, rel=1e-9))


def test_an_overlap_as_chance_makes_it_leaves_no_covariance(small, make_respondents):
    """Two samples drawn each by itself from a small population share n1 n2 / N, and their shares are independent."""
    before, after = drawn(small, make_respondents, 60, 60, 60)
    row = one(changed(before, after), "weighted")
    # One house in both of each kind is far fewer than chance makes of samples of this size.
    rare = drawn(small, make_respondents, 60, 60, 2)
    assert one(changed(*rare), "weighted")["covariance"] == pytest.approx(0, abs=1e-12)
    assert abs(row["covariance"]) > 1e-6


def test_why_there_is_no_verdict_without_an_error_is_what_is_so():
    """No change, or all and then none, may be otherwise outside the sample; of everyone a change is what it is."""
    rows = pd.DataFrame({"before": [0.4, 1.0, 0.66], "after": [0.4, 0.0, 0.28], "se": 0.0, "p": np.nan, "why": ""})
    rows = rows.assign(change=rows["after"] - rows["before"], p_adjusted=np.nan, quality="ok", comparable=True)
    found = change.verdicts(rows, level=0.05)
    assert found["why"].tolist() == [change.NOTHING_TO_TEST] * 2 + [change.NO_SAMPLING_ERROR]
    assert found["word"].tolist() == ["", "", ""]


# ---- worked examples


def test_a_printed_share_is_compared_by_all_that_it_stands_for():
    """A printed 55% of 200 may be 109 or 110 organisations: the verdict is that of every one of these counts."""
    plain = {"before": 0.55, "after": 0.43, "change": -0.12, "se_before": 0.035, "se_after": 0.034}
    plain |= {"covariance": 0.0, "df": 199}
    printed = plain | {"room_down": 0.005, "room_up": 0.005}
    within = printed | {"after": 0.553, "change": 0.003}
    rows = change.contrasts(
        pd.DataFrame([plain | {"room_down": 0.0, "room_up": 0.0}, printed, within]), confidence=0.95
    )
    one_, all_, unknown = rows.to_dict("records")
    assert (all_["ci_low"], all_["ci_high"]) == pytest.approx((one_["ci_low"] - 0.005, one_["ci_high"] + 0.005))
    assert all_["p"] == pytest.approx(2 * t.sf(0.115 / np.hypot(0.035, 0.034), 199)) and one_["p"] < all_["p"]
    assert all_["detectable"] == pytest.approx(one_["detectable"] + 0.005) and all_["se"] == one_["se"]
    assert unknown["p"] == 1 and unknown["ci_low"] < 0 < unknown["ci_high"]


def test_the_room_below_and_above_a_change_may_differ():
    plain = {"change": 0.12, "se_before": 0.035, "se_after": 0.034, "covariance": 0.0, "df": 199}
    exact, printed = (plain | {"room_down": down, "room_up": up} for down, up in ((0.0, 0.0), (0.002, 0.006)))
    one_, all_ = change.contrasts(pd.DataFrame([exact, printed]), confidence=0.95).to_dict("records")
    assert (all_["ci_low"], all_["ci_high"]) == pytest.approx((one_["ci_low"] - 0.002, one_["ci_high"] + 0.006))
    # Whichever of its counts a share stands for, a change is found only beyond them all.
    assert all_["detectable"] == pytest.approx(one_["detectable"] + 0.006)
    assert all_["p"] == pytest.approx(2 * t.sf(0.118 / np.hypot(0.035, 0.034), 199))


def test_room_is_what_a_published_share_leaves_and_nothing_else(small, make_respondents):
    before, after = drawn(small, make_respondents, 90, 90, 0)
    book = before.codebook.model_copy(update={"kind": "reconstruction"})
    kept = before.estimates["basis"].eq("unweighted") & before.estimates["measure"].eq("outlook")
    ends = {"low": before.estimates["estimate"] - 0.01, "high": before.estimates["estimate"] + 0.02}
    settled = before.estimates.assign(support="implied", **ends)
    settled["support"] = settled["support"].mask(kept, "published")
    compared = compare(before.codebook, after.codebook, breaks=register(books([before, after])))
    compared = compared[compared["basis"].eq("unweighted")]
    rows = change.side_by_side(compared, replace(before, codebook=book, estimates=settled), after)
    published = rows["support_before"].eq("published") & rows["before"].notna()
    assert published.any() and not published.all()
    np.testing.assert_allclose(rows.loc[published, ["room_down", "room_up"]], [[0.02, 0.01]] * published.sum())
    assert rows.loc[~published, ["room_down", "room_up"]].eq(0).to_numpy().all()


def test_a_worked_example(small, make_respondents):
    """40 of 100 said bright, then 60 of 100, of whom 50 the same houses: 15 began to and 5 ceased."""
    base = make_respondents(small, 150, seed=3)
    outlook = pd.Series("steady", index=range(100), dtype="string")
    first = base.iloc[:100].assign(outlook=outlook.where(outlook.index >= 40, "bright").to_numpy())
    second = base.iloc[50:].reset_index(drop=True)
    # In both: houses 50 to 99, none of whom said bright; 20 of them do now, and 40 of the 50 new ones.
    said = pd.Series(["bright"] * 20 + ["steady"] * 30 + ["bright"] * 40 + ["steady"] * 10, dtype="string")
    row = one(changed(wave_of(small, first, 2020), wave_of(small, second.assign(outlook=said), 2021)))
    assert (row["before"], row["after"], row["n_both"]) == (0.4, 0.6, 50)
    # Scores from the shares: of the panel -0.4 before, 0.4 for 20 and -0.6 for 30 after; over 150 houses
    covariance = 150 / 149 * (20 * -0.4 * 0.4 + 30 * -0.4 * -0.6) / (100 * 100)
    variance = 2 * 0.24 / 99 - 2 * covariance
    assert row["covariance"] == pytest.approx(covariance, rel=1e-9)
    assert row["se"] == pytest.approx(variance**0.5, rel=1e-9)
    assert row["p"] == pytest.approx(2 * t.sf(0.2 / variance**0.5, 99), rel=1e-9)
    assert row["ci_low"] == pytest.approx(0.2 - t.ppf(0.975, 99) * variance**0.5, rel=1e-9)
    assert row["detectable"] == pytest.approx((t.ppf(0.975, 99) + t.ppf(0.8, 99)) * variance**0.5, rel=1e-9)
    assert row["word"] == "up"
    # A change between two settled shares has an interval and no range.
    assert row["quality"] == "ok" and np.isnan(row["low"]) and np.isnan(row["high"])


def test_the_detectable_change_is_the_one_that_svy_wants_this_sample_for():
    """svy's sample size for two shares: at that size, the change asked for is the smallest to be detected."""
    import svy

    found = svy.SampleSize()
    found.compare_props(p1=0.4, p2=0.5, alpha=0.05, power=POWER)
    n1, n2 = (found.size.n1, found.size.n2) if hasattr(found.size, "n1") else found.size.n
    error = (0.4 * 0.6 / n1 + 0.5 * 0.5 / n2) ** 0.5
    assert (norm.ppf(0.975) + norm.ppf(POWER)) * error == pytest.approx(0.1, rel=0.01)


def test_the_correction_is_benjamini_and_hochbergs_of_everyone_and_of_groups_apart(small_codebook, make_respondents):
    table = changed(*drawn(small_codebook, make_respondents, 120, 130, 60))
    for basis in ("unweighted", "weighted"):
        of_basis = table[table["basis"].eq(basis) & table["p"].notna() & table["quality"].isin(["ok", "flagged"])]
        for family in (of_basis[of_basis["break"].eq(TOTAL)], of_basis[of_basis["break"].ne(TOTAL)]):
            once = family[family["counted"].astype(bool)]
            np.testing.assert_allclose(once["p_adjusted"], false_discovery_control(once["p"]))
            clear = family["p_adjusted"] < 0.05
            assert (family["word"].ne(NO_CLEAR_CHANGE) == clear).all()


def test_an_answer_and_all_the_others_are_one_test(small_codebook, make_respondents):
    """However a codebook names a net of all the others, no other row's word may come or go with it."""
    question = small_codebook.question("outlook")
    others = tuple(a.id for a in question.answers if a.id != "bright")
    net = Net(id="all_but_bright", label="Anything but bright", answers=others)
    named = question.model_copy(update={"nets": (*question.nets, net)})
    book = small_codebook.model_copy(
        update={"questions": tuple(named if q is question else q for q in small_codebook.questions)}
    )
    plain, with_net = (changed(*drawn(b, make_respondents, 120, 130, 60)) for b in (small_codebook, book))
    twin = with_net["category"].eq(net.id)
    pd.testing.assert_frame_equal(with_net[~twin].reset_index(drop=True), plain, check_dtype=False)
    tested = with_net[twin & with_net["p_adjusted"].notna()]
    assert len(tested) and not tested["counted"].astype(bool).any()
    bright = plain[plain["measure"].eq("outlook") & plain["category"].eq("bright")]
    np.testing.assert_allclose(with_net.loc[twin, "p_adjusted"], bright["p_adjusted"])


# ---- what is compared, and what is said of it


def test_one_wave_alone_has_nothing_to_compare(small, make_respondents):
    table = changed(wave_of(small, make_respondents(small, 40, 1), 2020))
    assert table.empty and list(table.columns) == change.COLUMNS


def test_a_row_that_is_withheld_stands_there_and_says_so(small, make_respondents):
    before, after = drawn(small, make_respondents, 60, 60, 30)
    gone = after.estimates["measure"].eq("outlook") & after.estimates["group"].eq("lib")
    hidden = after.estimates.assign(
        **{c: after.estimates[c].mask(gone) for c in ("n", "estimate", "se")},
        quality=after.estimates["quality"].mask(gone, "withheld"),
    )
    row = one(changed(before, replace(after, estimates=hidden)), **{"break": "kind", "group": "lib"})
    assert row["quality"] == "withheld" and np.isnan(row["change"]) and row["word"] == ""


def test_a_base_may_have_another_name_in_the_later_wave(small, make_respondents):
    before, after = drawn(small, make_respondents, 60, 60, 30)
    book = after.codebook
    renamed_ = book.model_copy(
        update={
            "bases": tuple(b.model_copy(update={"id": "everyone"}) if b.id == "all" else b for b in book.bases),
            "measures": tuple(m.model_copy(update={"base": "everyone"}) for m in book.measures),
        }
    )
    table = changed(before, replace(after, codebook=renamed_))
    pd.testing.assert_frame_equal(table, changed(before, after))


def test_each_wave_is_set_against_the_one_before_and_the_first(small, make_respondents):
    three = [wave_of(small, make_respondents(small, 60, 1), year) for year in (2020, 2021, 2022)]
    assert [(a.wave, b.wave, said) for a, b, said in pairs_of(three)] == [
        (2020, 2021, change.BOTH),
        (2021, 2022, change.BEFORE),
        (2020, 2022, change.BASELINE),
    ]
    table = changed(*three)
    assert table.groupby(["since", "wave"]).ngroups == 3
    assert table.loc[table["comparable"], "n_both"].max() == 60


def test_what_is_measured_is_never_set_against_a_rehearsal(small, make_respondents):
    people = make_respondents(small, 60, 1)
    kinds = {2020: "reconstruction", 2021: "rehearsal", 2022: "fieldwork", 2023: "fieldwork"}
    made = [wave_of(small, people, year, kind=kind) for year, kind in kinds.items()]
    pairs = [(a.wave, b.wave) for a, b, _ in pairs_of(made)]
    assert pairs == [(2020, 2021), (2020, 2022), (2022, 2023), (2020, 2023)]
    assert [panel_is_known(a, b) for a, b, _ in pairs_of(made)] == [True, False, True, False]


def test_nobody_is_taken_for_a_reconstructed_organisation(small, make_respondents):
    people = make_respondents(small, 60, 1)
    nothing = pd.DataFrame(
        columns=[*KEYS, "support", "low", "high", "count_low", "count_high", "base_low", "base_high"]
    )
    before = wave_of(small, people, 2020, kind="reconstruction", bounds=nothing)
    rows = rows_of(before, wave_of(small, people, 2021), "unweighted")
    assert rows.empty
    table = changed(before, wave_of(small, people, 2021))
    assert table["word"].eq("").all() and table["n_both"].isna().all()
    # Nor where its shares are printed: the same identifiers are not the same organisations.
    printed = before.estimates.assign(support="published", quality="ok")
    table = changed(change.Wave(2020, before.codebook, before.respondents, printed), wave_of(small, people, 2021))
    assert set(table["n_both"].dropna()) == {0} and table["covariance"].dropna().eq(0).all()


def test_a_modelled_estimate_gives_no_verdict_and_stays_out_of_the_correction(small, make_respondents):
    before = wave_of(small, make_respondents(small, 90, 1), 2020, kind="reconstruction")
    after = wave_of(small, make_respondents(small, 90, 2), 2021, kind="rehearsal")
    settled = before.estimates["category"].eq("bright") & before.estimates["basis"].eq("unweighted")
    settled &= before.estimates["break"].eq(TOTAL)
    errors = wave_of(small, before.respondents, 2020, kind="rehearsal").estimates
    estimates = before.estimates.assign(
        support=before.estimates["support"].mask(settled, "published"),
        quality=before.estimates["quality"].mask(settled, "ok"),
        se=before.estimates["se"].mask(settled, errors["se"]),
    )
    table = changed(change.Wave(2020, before.codebook, before.respondents, estimates), after)
    said = table[table["word"].ne("")]
    assert said[["category", "basis"]].to_numpy().tolist() == [["bright", "unweighted"]]
    assert said["p_adjusted"].tolist() == said["p"].tolist()
    rest = table[table["comparable"] & table["quality"].eq("modelled")]
    assert len(rest) and rest["why"].eq(change.NOT_EVIDENCE).all() and rest["p"].isna().all()


def test_an_estimate_known_up_to_a_range_leaves_its_change_a_range(small, make_respondents):
    before = wave_of(small, make_respondents(small, 90, 1), 2020, kind="reconstruction")
    after = wave_of(small, make_respondents(small, 90, 2), 2021, kind="rehearsal")
    bright = before.estimates["category"].eq("bright") & before.estimates["break"].eq(TOTAL)
    estimates = before.estimates.assign(
        support=before.estimates["support"].mask(bright, "bounded"),
        quality=before.estimates["quality"].mask(bright, "ok"),
        low=before.estimates["low"].mask(bright, 0.2),
        high=before.estimates["high"].mask(bright, 0.7),
    )
    row = one(changed(change.Wave(2020, before.codebook, before.respondents, estimates), after))
    assert (row["quality"], row["word"], row["why"]) == ("bounded", "", change.NOT_SETTLED)
    assert (row["low"], row["high"]) == (pytest.approx(row["after"] - 0.7), pytest.approx(row["after"] - 0.2))


@pytest.mark.parametrize(
    ("sides", "basis", "quality"),
    [
        ([("published", "ok"), ("simulated", "ok")], "weighted", "ok"),
        ([("measured", "flagged"), ("measured", "ok")], "unweighted", "flagged"),
        ([("measured", "ok"), ("measured", "flagged")], "unweighted", "flagged"),
        ([("bounded", "modelled"), ("measured", "ok")], "unweighted", "bounded"),
        # Weighted bounds are wide and what lies in them is filler.
        ([("bounded", "modelled"), ("measured", "ok")], "weighted", "modelled"),
        ([("measured", "ok"), ("bounded", "modelled")], "weighted", "modelled"),
        ([("assumed", "modelled"), ("measured", "ok")], "unweighted", "modelled"),
        ([("assumed", "modelled"), ("bounded", "modelled")], "unweighted", "modelled"),
        ([("assumed", "modelled"), ("measured", "withheld")], "unweighted", "withheld"),
        ([("measured", "withheld"), ("measured", "ok")], "unweighted", "withheld"),
        ([("measured", np.nan), ("measured", "flagged")], "unweighted", "withheld"),
    ],
)
def test_a_change_is_worth_no_more_than_the_worse_of_its_two_estimates(sides, basis, quality):
    row = {"basis": basis}
    for name, (support, of_it) in zip(("before", "after"), sides, strict=True):
        row |= {f"support_{name}": support, f"quality_{name}": of_it}
    assert change._quality(row) == quality


def test_a_base_that_the_report_leaves_open_has_no_number_beside_a_change(small, make_respondents):
    before, after = drawn(small, make_respondents, 60, 60, 0)
    wide = before.estimates["group"].eq("lib")
    open_ = replace(before, estimates=before.estimates.assign(base_low=20, base_high=np.where(wide, 30, 20)))
    for rows, empty in ((changed(open_, after), "n_before"), (changed(after, replace(open_, wave=2022)), "n_after")):
        libraries = rows["group"].eq("lib")
        assert rows.loc[libraries, empty].isna().all() and rows.loc[~libraries, empty].notna().all()
        assert libraries.any() and rows[({"n_before", "n_after"} - {empty}).pop()].notna().all()


def test_the_degrees_of_freedom_are_the_fewer_of_the_two_waves(small, make_respondents):
    before, after = drawn(small, make_respondents, 50, 80, 10)
    assert one(changed(before, after))["df"] == 49
    assert one(changed(*(replace(w, wave=year) for w, year in ((after, 2020), (before, 2021)))))["df"] == 49


def test_an_estimate_without_an_error_gives_no_verdict_and_says_why(small, make_respondents):
    before, after = drawn(small, make_respondents, 60, 60, 0)
    row = one(changed(before, replace(after, estimates=after.estimates.assign(se=np.nan))))
    assert row["why"] == change.NO_ERROR and row["word"] == "" and np.isnan(row["p"]) and row["change"] != 0


def test_a_row_across_a_break_has_both_estimates_and_no_change(small, make_respondents):
    broken = SeriesBreak(
        question="outlook", answers=["bright"], change="reworded", date="2021-03-01", reason="Reworded"
    )
    before, after = drawn(small, make_respondents, 60, 60, 30)
    book = after.codebook.model_copy(update={"breaks_in_series": (broken,)})
    row = one(changed(before, change.Wave(2021, book, after.respondents, after.estimates)))
    assert not row["comparable"] and "Reworded" in row["why"] and row["word"] == ""
    assert row["before"] > 0 and np.isnan(row["change"]) and np.isnan(row["p"])
    other = one(changed(before, change.Wave(2021, book, after.respondents, after.estimates)), category="bleak")
    assert other["comparable"] and other["word"] != ""
    ranged = before.estimates.assign(support="bounded", quality="modelled", low=0.2, high=0.7)
    row = one(changed(replace(before, estimates=ranged), change.Wave(2021, book, after.respondents, after.estimates)))
    assert not row["comparable"] and np.isnan(row["low"]) and np.isnan(row["high"]) and "Reworded" in row["why"]


def test_the_covariance_is_of_the_houses_in_both_bases(small, make_respondents):
    before, after = drawn(small, make_respondents, 90, 90, 60)
    rows = rows_of(before, after, "unweighted")
    libraries = rows[rows["group"].eq("lib")]
    found = covariances(before, after, libraries, basis="unweighted")
    names = [set(w.respondents.loc[w.respondents["kind"].eq("lib"), "organisation"]) for w in (before, after)]
    assert found["n_both"].unique().tolist() == [len(names[0] & names[1])] and len(libraries) > 3
    assert panels(before, after, libraries).tolist() == found["n_both"].tolist()
    unknown = replace(before, codebook=before.codebook.model_copy(update={"kind": "reconstruction"}))
    assert panels(unknown, after, libraries).eq(0).all()


def test_what_is_used_of_a_panel_is_decided_on_the_groups_that_are_not_tested_too(small, make_respondents):
    """A group that is too small to say anything of has a panel like any, and the total less the others is its own."""
    before, after = drawn(small, make_respondents, 90, 90, 60)
    silent = after.estimates["group"].eq("lib") & after.estimates["measure"].eq("shop")
    quiet = replace(
        after, estimates=after.estimates.assign(quality=after.estimates["quality"].mask(silent, "withheld"))
    )
    seen = []

    def linked(_, __, rows, found):
        seen.append(rows)
        assert not rows.loc[found.index, "quality"].eq("withheld").any() and set(found.index) < set(rows.index)
        assert rows.loc[found.index, "n_both"].tolist() == found["n_both"].tolist()
        return found

    changes([before, quiet], breaks=register(books([before, quiet])), settings=SETTINGS, linked=linked)
    for rows in seen:
        libraries = rows[rows["measure"].eq("shop") & rows["group"].eq("lib")]
        assert libraries["quality"].eq("withheld").all() and libraries["n_both"].gt(0).all()
    assert [rows["basis"].unique().tolist() for rows in seen] == [["unweighted"], ["weighted"]]


@pytest.mark.parametrize(
    ("before", "after", "support"),
    [
        ("fieldwork", "fieldwork", "measured"),
        ("rehearsal", "rehearsal", "simulated"),
        ("rehearsal", "fieldwork", "simulated"),
        ("fieldwork", "rehearsal", "simulated"),
        ("reconstruction", "fieldwork", "assumed"),
        ("reconstruction", "rehearsal", "assumed"),
    ],
)
def test_a_comparison_rests_on_the_less_certain_of_its_waves(before, after, support):
    assert change.support_of(SimpleNamespace(kind=before), SimpleNamespace(kind=after)) == support


def test_a_change_without_variance_has_no_interval_and_no_test():
    """The same organisations' same answers: no error, and no width that would speak of others. Nor is a test made."""
    row = {"change": 0.1, "se_before": 0.05, "se_after": 0.05, "covariance": 0.0025, "df": 40}
    rows = pd.DataFrame([row | {"room_down": 0.02, "room_up": 0.01}, row | {"df": 0, "covariance": 0.0}])
    found = change.contrasts(rows, confidence=0.95)
    assert found["se"].tolist() == pytest.approx([0.0, np.nan], nan_ok=True)
    assert found[["ci_low", "ci_high", "p", "detectable"]].isna().all(axis=None)
