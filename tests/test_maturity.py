"""Net scores and marks: what they are made of, their errors and bounds, and with what they may be compared."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_waves import SCORE, SETTINGS, STEPS, stepped, two_waves, wave_of

from pipeline import maturity
from pipeline.change import changes
from pipeline.codebook import TOTAL, Criterion, SeriesBreak
from pipeline.harmonise import register
from pipeline.maturity import criteria_met, mark_bounds, marks_of, profiles, score_bounds
from pipeline.names import RESERVED, STAGE_COLUMNS
from pipeline.step_weights import robustness, what_survives
from pipeline.track import books, with_scores


@pytest.fixture(scope="module")
def book(small_codebook):
    return stepped(small_codebook)


@pytest.fixture(scope="module")
def waves(book, make_respondents):
    return two_waves(book, make_respondents)


def scored(waves_, laid_out=maturity.score_grid, bounded=maturity.score_bounds):
    return with_scores(waves_, laid_out, bounded, SETTINGS)


def one(table, measure, basis="unweighted", break_=TOTAL, group=TOTAL):
    rows = table["measure"].eq(measure) & table["basis"].eq(basis)
    [row] = table[rows & table["break"].eq(break_) & table["group"].eq(group)].to_dict("records")
    return row


def settled(wave, **shares):
    """The wave as a reconstruction of which some unweighted shares are known: {measure_category: (low, high)}."""
    estimates = wave.estimates.assign(support="assumed", low=np.nan, high=np.nan)
    for name, (low, high) in shares.items():
        measure, category = name.split("__")
        rows = estimates["measure"].eq(measure) & estimates["category"].eq(category) & estimates["break"].eq(TOTAL)
        rows &= estimates["basis"].eq("unweighted")
        estimates.loc[rows, ["support", "low", "high"]] = ["implied" if low == high else "bounded", low, high]
    return estimates


def test_a_net_score_is_one_share_less_the_other(waves):
    for wave, with_score in zip(waves, scored(waves), strict=True):
        said = wave.respondents["outlook"].astype(object)
        row = one(with_score.estimates, "mood")
        score = said.eq("bright").astype(float) - said.isin(["steady", "bleak"])
        assert row["estimate"] == pytest.approx(score.mean())
        # svy's error of a mean is that of the scores
        assert row["se"] == pytest.approx(score.std(ddof=1) / np.sqrt(len(score)), rel=1e-9)
        shares = wave.estimates[wave.estimates["measure"].eq("outlook") & wave.estimates["break"].eq("kind")]
        of_mus = shares[shares["group"].eq("mus") & shares["basis"].eq("weighted")].set_index("category")["estimate"]
        found = one(with_score.estimates, "mood", "weighted", "kind", "mus")["estimate"]
        assert found == pytest.approx(of_mus["bright"] - of_mus["steady"] - of_mus["bleak"])


def test_the_error_of_a_net_score_is_that_of_multinomial_shares(waves):
    """Var(p - q) = (p + q - (p - q)^2) / n, as for shares of one question."""
    row = one(scored(waves[:1])[0].estimates, "mood")
    said = waves[0].respondents["outlook"]
    p, q, n = said.eq("bright").mean(), said.isin(["steady", "bleak"]).mean(), len(said)
    assert row["se"] ** 2 == pytest.approx((p + q - (p - q) ** 2) / (n - 1), rel=1e-9)


def test_the_interval_of_a_score_ends_where_the_scale_does(waves, book):
    """Of a few organisations that nearly all agree, Student's t reaches beyond the scale."""
    people = waves[0].respondents.iloc[:14].copy()
    people["outlook"] = pd.array(["bright"] * 13 + ["steady"], dtype=people["outlook"].dtype)
    row = one(scored([wave_of(book, people, 2020)])[0].estimates, "mood")
    assert row["estimate"] + 2 * row["se"] > 1
    assert row["ci_low"] > 0 and row["ci_high"] == 1


def test_a_mark_is_the_share_of_the_criteria_that_are_met(waves, book):
    people = waves[0].respondents
    marks, met = marks_of(people, book), criteria_met(people, book)
    assert list(marks) == ["sell", "look", "overall"] and marks.min().min() >= 0 and marks.max().max() <= 1
    first = people.iloc[0]
    sell = [first["shop"] == "yes", first["events.crafts"] != 1]
    assert marks["sell"].iloc[0] == np.mean(sell) and met.iloc[0, :2].tolist() == sell
    pd.testing.assert_series_equal(marks["overall"], marks[["sell", "look"]].mean(axis=1), check_names=False)
    # Who was not asked what they sell does not sell toys.
    assert not met.loc[people["shop"].ne("yes").to_numpy(), "look.toys"].any()


def test_a_profile_says_how_far_it_is_evidence(waves, book, make_respondents):
    assert profiles(waves[0].respondents, waves[0].codebook)["support"].eq("measured").all()
    for kind, support in (("reconstruction", "assumed"), ("rehearsal", "simulated")):
        other = wave_of(book, make_respondents(book, 30, 3), 2020, kind=kind)
        table = profiles(other.respondents, other.codebook)
        assert table["support"].eq(support).all() and len(table) == 30
        reached = (table[["sell", "look"]] > 0.5).sum(axis=1)
        assert table["reached"].tolist() == reached.tolist()


def test_a_groups_mark_is_the_mean_of_its_shares(waves, book):
    table = scored(waves[:1], maturity.mark_grid, maturity.mark_bounds)[0].estimates
    met = criteria_met(waves[0].respondents, book)
    weights = waves[0].respondents["weight"]
    for mark, columns in (("sell", met.columns[:2]), ("look", met.columns[2:]), ("overall", met.columns)):
        row = one(table, mark, "weighted")
        assert row["estimate"] == pytest.approx(np.average(met[columns].mean(axis=1), weights=weights))
        assert row["ci_low"] < row["estimate"] < row["ci_high"] and row["se"] > 0


# ---- what a reconstruction knows


@pytest.mark.parametrize(
    "shares, support, low, high",
    [
        ({"bright": (0.5, 0.5), "steady": (0.2, 0.2), "bleak": (0.1, 0.1)}, "implied", 0.2, 0.2),
        ({"bright": (0.5, 0.6), "steady": (0.2, 0.2), "bleak": (0.1, 0.1)}, "bounded", 0.2, 0.3),
        # There is only half left for the other two.
        ({"bright": (0.5, 0.5), "steady": (0.2, 0.4), "bleak": (0.1, 0.4)}, "bounded", 0.0, 0.2),
        ({"bright": (0.5, 0.5), "steady": (0.2, 0.2)}, "assumed", 0.0, 0.3),
    ],
)
def test_a_score_has_outer_bounds_from_its_parts(waves, book, shares, support, low, high):
    estimates = settled(waves[0], **{f"outlook__{k}": v for k, v in shares.items()})
    row = one(score_bounds(estimates, book), "mood")
    assert (row["support"], row["low"], row["high"]) == (support, pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    "means", [(maturity.score_grid, maturity.score_bounds), (maturity.mark_grid, maturity.mark_bounds)]
)
def test_a_base_that_the_report_leaves_open_is_none_of_a_score_or_a_mark(waves, book, means):
    """How many the records have in it is the model's; what the weights make of it is so everywhere."""
    wide = waves[0].estimates["group"].eq("mus")
    estimates = waves[0].estimates.assign(support="implied", base_low=20, base_high=np.where(wide, 30, 20))
    wave = replace(waves[0], estimates=estimates, codebook=book.model_copy(update={"kind": "reconstruction"}))
    [table] = [w.estimates for w in scored([wave], *means)]
    mus = table["group"].eq("mus")
    assert mus.any() and table.loc[mus, ["n", "n_eff"]].isna().all(axis=None)
    assert table.loc[~mus, ["n", "n_eff"]].notna().all(axis=None)
    said = table.groupby("basis")["bases_evidence"].unique().map(list).to_dict()
    assert said == {"unweighted": [""], "weighted": ["modelled"]}


def test_a_mark_has_outer_bounds_from_its_criteria(waves, book):
    estimates = settled(waves[0], shop__yes=(0.4, 0.4), events__crafts=(0.3, 0.5), outlook__bright=(0.2, 0.2))
    sell = one(mark_bounds(estimates, book), "sell")
    assert (sell["support"], sell["low"], sell["high"]) == ("bounded", pytest.approx(0.45), pytest.approx(0.55))
    # What is sold is asked of shops alone: no share of everyone, so nothing is known.
    look = one(mark_bounds(estimates, book), "look")
    assert (look["support"], look["low"], look["high"]) == ("assumed", pytest.approx(0.1), pytest.approx(1.0))


def test_bounds_of_marks_hold_the_records_they_are_made_of(waves, book):
    exact = waves[0].estimates.assign(
        support="implied", low=waves[0].estimates["estimate"], high=waves[0].estimates["estimate"]
    )
    bounds = mark_bounds(exact, book).set_index(["measure", "break", "group", "basis"])
    table = scored(waves[:1], maturity.mark_grid, maturity.mark_bounds)[0].estimates
    rows = table[table["n_eff"] >= SETTINGS.withhold_below].set_index(["measure", "break", "group", "basis"])
    both = rows.join(bounds[["low", "high"]].add_suffix("_of"))
    assert (both["estimate"] >= both["low_of"] - 1e-9).all() and (both["estimate"] <= both["high_of"] + 1e-9).all()
    sell = both.loc["sell"]
    np.testing.assert_allclose(sell["low_of"], sell["estimate"], atol=1e-9)


def test_a_reconstructions_scores_have_no_error_and_no_evidence(book, make_respondents):
    rebuilt = wave_of(book, make_respondents(book, 60, 1), 2020, kind="reconstruction")
    for grid, bounds in ((maturity.score_grid, score_bounds), (maturity.mark_grid, mark_bounds)):
        table = scored([rebuilt], grid, bounds)[0].estimates
        assert table[["se", "ci_low", "ci_high"]].isna().all().all()
        assert set(table["quality"]) <= {"modelled", "withheld"} and table["support"].eq("assumed").all()


@pytest.mark.parametrize(
    ("where", "ways"),
    [
        ({"outlook": ["bright"]}, [[("outlook", "bright")]]),
        # The net has its own share, which is the sum of its answers' where each gives one.
        (
            {"outlook": ["steady", "bleak"]},
            [[("outlook", "not_bright")], [("outlook", "steady"), ("outlook", "bleak")]],
        ),
        ({"events": ["talks", "concerts"]}, [[("events", "spoken_or_sung")]]),
        # Some give both of these: shares of several answers do not add up, and of both at once there is none.
        ({"events": ["talks", "crafts"]}, []),
        ({"events": {"all": ["talks", "concerts"]}}, []),
        ({"events": {"any": ["talks"], "none": ["crafts"]}}, []),
        ({"events": {"none": ["crafts"]}}, [[("events", "crafts")]]),
        ({"outlook": ["bright"], "shop": ["yes"]}, []),
        ({"goods": ["toys"]}, [[("goods", "toys")]]),
    ],
)
def test_a_criterion_follows_from_shares_only_where_they_add_up_to_it(book, where, ways):
    found = maturity.criterion_shares(Criterion(id="c", label="C", where=where), book)
    assert {tuple(way) for way in found} == {tuple(way) for way in ways}


def test_shares_of_some_alone_say_nothing_of_a_criterion(book):
    """A measure may be of others than those who were asked."""
    some = tuple(m.model_copy(update={"base": "shops"}) if m.id == "outlook" else m for m in book.measures)
    other = book.model_copy(update={"measures": some})
    assert maturity.criterion_shares(Criterion(id="c", label="C", where={"outlook": ["bright"]}), other) == []


def test_a_mean_of_too_few_is_withheld_with_all_that_would_say_it(waves, book):
    """A group of fewer than the settings want has a base and no more; another has all."""
    asked = waves[0].respondents[book.columns]
    people = pd.concat([asked[asked["kind"].eq(kind)].head(n) for kind, n in (("mus", 30), ("lib", 5))])
    people = people.reset_index(drop=True)
    for kind in ("fieldwork", "reconstruction"):
        wave = wave_of(book, people, 2020, kind=kind)
        for grid, bounds in ((maturity.score_grid, score_bounds), (maturity.mark_grid, mark_bounds)):
            table = scored([wave], grid, bounds)[0].estimates
            few, many = table["group"].eq("lib"), table["group"].eq("mus")
            assert few.any() and table.loc[few, "quality"].eq("withheld").all() and table.loc[few, "n"].eq(5).all()
            assert table.loc[few, ["estimate", "se", "ci_low", "ci_high"]].isna().all(axis=None)
            assert set(table.loc[many, "quality"]) == {"ok" if kind == "fieldwork" else "modelled"}
            assert table.loc[many, "estimate"].notna().all()


def test_a_mean_of_organisations_that_are_all_alike_has_no_interval(waves, book):
    people = waves[0].respondents[book.columns].copy()
    people["outlook"] = pd.array(["bright"] * len(people), dtype=people["outlook"].dtype)
    row = one(scored([wave_of(book, people, 2020)])[0].estimates, "mood")
    assert (row["estimate"], row["quality"]) == (1, "ok") and np.isnan(row["ci_low"]) and np.isnan(row["ci_high"])


# ---- over the waves


def test_scores_and_marks_are_compared_with_the_panels_covariance(waves):
    breaks = register({w.wave: w.codebook for w in waves})
    for grid, bounds, compared in (
        (maturity.score_grid, score_bounds, maturity.compare_scores),
        (maturity.mark_grid, mark_bounds, maturity.compare_marks),
    ):
        pair = scored(waves, grid, bounds)
        table = changes(pair, breaks=breaks, settings=SETTINGS, compared=compared, laid_out=grid)
        rows = table[table["comparable"] & table["p"].notna()]
        assert len(rows) and rows["n_both"].max() > 50
        variance = rows["se_before"] ** 2 + rows["se_after"] ** 2 - 2 * rows["covariance"]
        np.testing.assert_allclose(rows["se"] ** 2, variance, rtol=1e-9)


def test_a_break_takes_the_score_and_the_step_that_it_touches(waves):
    broken = SeriesBreak(question="outlook", change="reworded", date="2021-01-01", reason="Other words")
    after = waves[1].codebook.model_copy(update={"breaks_in_series": (broken,)})
    before = waves[0].codebook
    breaks = register({2020: before, 2021: after})
    assert not maturity.compare_scores(before, after, breaks=breaks)["comparable"].any()
    marks = maturity.compare_marks(before, after, breaks=breaks).groupby("measure")["comparable"].agg(["any", "all"])
    assert marks.loc["sell"].all() and not marks.loc[["look", "overall"]].to_numpy().any()


def test_a_break_in_one_answer_of_a_score_is_one_of_the_score(waves):
    """On whichever of its sides the answer stands."""
    for answer in ("bright", "bleak"):
        broken = SeriesBreak(question="outlook", answers=[answer], change="reworded", date="2021-01-01", reason="Other")
        after = waves[1].codebook.model_copy(update={"breaks_in_series": (broken,)})
        rows = maturity.compare_scores(
            waves[0].codebook, after, breaks=register({2020: waves[0].codebook, 2021: after})
        )
        assert not rows["comparable"].any() and rows["why"].str.contains("Other").all()


def test_a_step_more_or_fewer_makes_another_mark_overall(waves):
    before, after = waves[0].codebook, waves[1].codebook
    fewer = after.model_copy(update={"steps": STEPS[:1]})
    for pair in ((before, fewer), (fewer.model_copy(update={"wave": 2020}), after)):
        rows = maturity.compare_marks(*pair, breaks=register(dict(zip((2020, 2021), pair, strict=True))))
        comparable = rows.groupby("measure")["comparable"].any()
        assert comparable["sell"] and not comparable["overall"]


def test_a_group_whose_question_is_broken_has_no_marks_to_compare(waves):
    broken = SeriesBreak(question="scale", change="bands", date="2021-01-01", reason="New bands")
    after = waves[1].codebook.model_copy(update={"breaks_in_series": (broken,)})
    rows = maturity.compare_marks(waves[0].codebook, after, breaks=register({2020: waves[0].codebook, 2021: after}))
    of_size = rows[rows["break"].eq("scale")]
    assert len(of_size) and not of_size["comparable"].any() and of_size["why"].str.contains("New bands").all()


def test_a_step_made_up_otherwise_is_not_compared(waves):
    before, after = waves[0].codebook, waves[1].codebook
    fewer = STEPS[0].model_copy(update={"criteria": STEPS[0].criteria[:1]})
    changed = after.model_copy(update={"steps": (fewer, STEPS[1])})
    breaks = register({2020: before, 2021: after})
    rows = maturity.compare_marks(before, changed, breaks=breaks).groupby("measure")["comparable"].all()
    assert rows.to_dict() == {"sell": False, "look": True, "overall": False}


def test_a_step_and_a_score_in_another_order_are_the_same(waves):
    before = waves[0].codebook
    where = {"outlook": before.steps[1].criteria[0].where["outlook"].model_copy(update={"any": ("steady", "bright")})}
    criteria = (STEPS[1].criteria[0].model_copy(update={"where": where}), STEPS[1].criteria[1])
    steps = (STEPS[0], STEPS[1].model_copy(update={"criteria": criteria}))
    score = SCORE.model_copy(update={"minus": ("bleak", "steady")})
    after = waves[1].codebook.model_copy(update={"steps": steps, "net_scores": (score,)})
    breaks = register({2020: before, 2021: after})
    assert maturity.compare_marks(before, after, breaks=breaks)["comparable"].all()
    assert maturity.compare_scores(before, after, breaks=breaks)["comparable"].all()


def test_criteria_in_another_order_make_the_same_step_and_the_same_choices(waves):
    turned = [s.model_copy(update={"criteria": tuple(reversed(s.criteria))}) for s in reversed(STEPS)]
    after = replace(waves[1], codebook=waves[1].codebook.model_copy(update={"steps": tuple(turned)}))
    breaks = register(books(waves))
    assert maturity.compare_marks(waves[0].codebook, after.codebook, breaks=breaks)["comparable"].all()
    found = []
    for made in (waves, [waves[0], after]):
        survives = what_survives(robustness(made), made, breaks=breaks)
        survives = survives[survives["kind"].eq("change")].drop(columns="against")
        found.append(survives.reset_index(drop=True))
    assert len(found[0])
    pd.testing.assert_frame_equal(*found)


def test_a_step_of_twice_the_same_criterion_is_another_than_one_of_it_and_another(waves):
    first, second = STEPS[0].criteria
    twice = STEPS[0].model_copy(update={"criteria": (first, second.model_copy(update={"where": first.where}))})
    after = waves[1].codebook.model_copy(update={"steps": (twice, STEPS[1])})
    rows = maturity.compare_marks(waves[0].codebook, after, breaks=register(books(waves)))
    assert not rows.loc[rows["measure"].eq("sell"), "comparable"].any()


def test_marks_of_all_sectors_are_not_compared_where_a_wave_has_another_sector(waves):
    """As shares are: whom everyone was has changed. Those of a sector, and of a group within one, go on."""
    after, sectors = waves[1].codebook, waves[1].codebook.question("kind")
    fewer = sectors.model_copy(update={"answers": tuple(a for a in sectors.answers if a.id != "lib")})
    questions = tuple(fewer if q.id == "kind" else q for q in after.questions)
    after = after.model_copy(update={"questions": questions})
    rows = maturity.compare_marks(waves[0].codebook, after, breaks=register(books(waves)))
    assert set(rows.loc[rows["break"].eq(TOTAL), "why"]) == {"only in 2020 was the sector Library asked"}
    assert rows.loc[rows["break"].eq("kind") & rows["group"].eq("mus"), "comparable"].all()


def test_weighted_marks_are_not_compared_across_other_cells(waves):
    broken = SeriesBreak(question="scale", change="bands", date="2021-01-01", reason="New bands")
    after = waves[1].codebook.model_copy(update={"breaks_in_series": (broken,)})
    rows = maturity.compare_marks(waves[0].codebook, after, breaks=register({2020: waves[0].codebook, 2021: after}))
    everyone = rows[rows["break"].eq(TOTAL)].groupby("basis")
    assert everyone["comparable"].agg(["any", "all"]).to_numpy().tolist() == [[True, True], [False, False]]
    assert set(rows.loc[rows["basis"].eq("weighted") & rows["break"].eq(TOTAL), "why"]) == {
        "weighted in other cells since 2021: New bands"
    }


# ---- weights


def test_what_stands_beside_the_marks_is_kept_from_steps_and_questions(waves, book):
    beside = set(profiles(waves[0].respondents, book)) - {s.id for s in STEPS} - {book.sector, book.size_band}
    assert beside == set(STAGE_COLUMNS["maturity"]) <= RESERVED
