"""Disclosure control: what is withheld cannot be worked out from what is published, and what is not small stays.

The attacker here knows nothing of how the protection works: the unknowns are the numbers of organisations of every kind
that the questionnaire allows, and every number that the published table still holds is an equation.
"""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from pipeline.attack import Attack, Number, frame_classes, kinds_of
from pipeline.codebook import Codebook
from pipeline.codebook import Test as Among
from pipeline.disclose import (
    BASE,
    CONFIDENTIAL,
    LOG,
    OF_WEIGHTS,
    PROTECTS,
    SMALL_BASE,
    TESTED,
    cells_of,
    coarse_tests,
    coarsened,
    limits_of,
    nets_of,
    protect,
    published_numbers,
    rounded,
    significant,
    withheld_cells,
)
from pipeline.estimate import KEYS, estimate, estimate_basis, lay_out
from pipeline.group_tests import compare_groups
from pipeline.printing import base_text, in_steps, per_cent, percent_text, value_text
from pipeline.respondents import gave, select

ANALYSE = SimpleNamespace(confidence=0.95, flag_below=12, withhold_below=1)
RULES = {
    "small bases": {"minimum_base": 8, "minimum_count": 1},
    "small counts": {"minimum_base": 6, "minimum_count": 3},
}


def rules(share_digits=2, weighted_base_to=5, **limits):
    return SimpleNamespace(share_digits=share_digits, weighted_base_to=weighted_base_to, **limits)


@pytest.fixture(scope="module")
def survey():
    """A survey with all that links tables: sectors of bands, nets, a route, a break by answers, one by conditions."""

    def question(name, answers, **more):
        answers = [{"id": a, "label": a, **({"missing": "dont_know"} if a == "dk" else {})} for a in answers]
        return {"id": name, "text": f"{name}?", "label": name, "answers": answers, **more}

    bands = [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")]
    size = question("size", [band for band, _ in bands], asked_of="frame")
    for n, (answer, (_, sector)) in enumerate(zip(size["answers"], bands, strict=True)):
        answer["band"] = {"sector": sector, "at_least": 10 * n, "below": 10 * n + 10}
    plan = question(
        "plan", ["yes", "soon", "no", "dk"], nets=[{"id": "none", "label": "None", "answers": ["soon", "no"]}]
    )
    who = question("who", ["head", "team"], asked_if={"plan": ["yes"]})
    kinds = [{"id": "some", "label": "Some", "answers": ["x", "y"]}]
    aims = question("aims", ["x", "y"], kind="multiple", nets=kinds)
    breaks = [{"id": name, "label": name, "of": name} for name in ("sector", "size", "plan")]
    only = [("x_only", {"all": ["x"], "none": ["y"]}), ("other", {"none": ["x"]})]
    breaks.append(
        {"id": "mix", "label": "Mix", "groups": [{"id": i, "label": i, "where": {"aims": t}} for i, t in only]}
    )
    measures = [("plan", "all", ["sector", "size", "mix"]), ("who", "planned", ["sector", "size"])]
    measures += [("aims", "all", ["sector", "size", "plan"]), ("size", "all", ["sector", "plan"])]
    return Codebook.model_validate(
        {
            **{
                "wave": 2020,
                "title": "Made up",
                "kind": "fieldwork",
                "source": "Made up",
                "sector": "sector",
                "size_band": "size",
            },
            "questions": [question("sector", ["a", "b"], asked_of="frame"), size, plan, who, aims],
            "bases": [{"id": "all", "label": "All"}, {"id": "planned", "label": "Planned", "where": {"plan": ["yes"]}}],
            "breaks": breaks,
            "measures": [{"id": m, "question": m, "label": m, "base": b, "breaks": by} for m, b, by in measures],
        }
    )


def weighted(respondents, codebook):
    """The respondents with equal weights in each size band, that add up to its total."""
    band = respondents[codebook.size_band].astype(object)
    sizes = band.map(band.value_counts())
    totals = band.map({b: 20 + 7 * n for n, b in enumerate(sorted(band.unique()))}) + sizes
    return respondents.assign(stratum=band, stratum_total=totals, weight=totals / sizes, cell=band)


def all_of(respondents, codebook):
    return estimate(respondents, codebook=codebook, settings=ANALYSE)


@pytest.fixture(scope="module", params=RULES)
def rule(request):
    """One of the RULES, each with a wave of its own."""
    return request.param


@pytest.fixture(scope="module")
def respondents(rule, survey, make_respondents):
    rows, seed = {"small bases": (60, 1), "small counts": (45, 2)}[rule]
    return weighted(make_respondents(survey, rows, seed), survey)


@pytest.fixture(scope="module")
def every(respondents, survey):
    return all_of(respondents, survey)


@pytest.fixture(scope="module")
def released(rule, respondents, every, survey):
    """What is published of a made-up wave: (settings, every estimate, the protected ones, the log)."""
    settings = rules(**RULES[rule])
    return settings, every, *protect(every, respondents, codebook=survey, settings=settings)


# ---- the attack


def every_kind(codebook):
    """Every kind of organisation that the questionnaire allows, a row each, as a table of respondents."""
    columns, rows = codebook.columns[1:], []
    options = []
    for q in codebook.questions:
        given = list(itertools.product((0, 1), repeat=len(q.answers))) if q.several else [(a.id,) for a in q.answers]
        options.append([*given, *([(None,) * len(q.columns)] if q.asked_if else [])])
    for answers in itertools.product(*options):
        rows.append(list(itertools.chain(*answers)))
    table = pd.DataFrame(rows, columns=columns, dtype=object)
    fits = pd.Series(True, index=table.index)
    for q in codebook.questions:
        if q.asked_if:
            fits &= select(table, q.asked_if).eq(table[q.columns[0]].notna())
    bands = {a.id: a.band.sector for a in codebook.question(codebook.size_band).answers}
    fits &= table[codebook.size_band].map(bands).eq(table[codebook.sector])
    return table[fits].reset_index(drop=True)


def members(kinds, codebook, row):
    """Which kinds an estimate's base and its answer count: two rows of 0 and 1."""
    measure = codebook.measure(row["measure"])
    base = select(kinds, codebook.base(measure.base).where)
    base &= select(kinds, codebook.group(row["break"], row["group"]).where)
    given = base & gave(kinds, codebook.question(measure.question), row["category"])
    return base.to_numpy(float), given.to_numpy(float)


def attacked(published, respondents, codebook, settings):
    """How far each withheld number can be narrowed down: (key, smallest, largest, true), each a linear program."""
    kinds = every_kind(codebook)
    frame = [codebook.sector, codebook.size_band]
    sizes = respondents[frame].astype(object).value_counts()
    equal, right, bounded, most = [], [], [], []
    for pair in kinds[frame].drop_duplicates().itertuples(index=False, name=None):
        equal.append((kinds[frame].apply(tuple, axis=1) == pair).to_numpy(float))
        right.append(float(sizes.get(pair, 0)))
    weight_of = respondents.drop_duplicates(codebook.size_band).set_index(codebook.size_band)["weight"]
    weights = kinds[codebook.size_band].map(weight_of).astype(float).fillna(0.0).to_numpy()
    targets = {}
    for row in published.to_dict("records"):
        base, given = members(kinds, codebook, row)
        key, where = tuple(row[k] for k in KEYS), (BASE, row["measure"], row["break"], row["group"])
        if row["basis"] == "unweighted":
            for name, cells, value in ((where, base, row["n"]), (key, given, row["count"])):
                if pd.isna(value):
                    targets[name] = cells
                else:
                    equal.append(cells)
                    right.append(float(value))
        elif pd.notna(row["n_weighted"]):
            half = settings.weighted_base_to / 2
            bounded += [base * weights, -base * weights]
            most += [row["n_weighted"] + half, half - row["n_weighted"]]
            if pd.notna(row["estimate"]):
                near, share = 0.5 * 10**-settings.share_digits, row["estimate"]
                # Nearer to none or all than that is what was rounded to it.
                share = round(share) if min(share, 1 - share) < near else share
                bounded += [(given - (share + near + 1e-9) * base) * weights]
                bounded += [((share - near - 1e-9) * base - given) * weights]
                most += [0.0, 0.0]
    limits = {"A_eq": np.array(equal), "b_eq": right, "A_ub": np.array(bounded), "b_ub": np.array(most) + 1e-7}
    solved = {}
    for key, cells in targets.items():
        # Many withheld numbers are of the same organisations.
        if cells.tobytes() not in solved:
            solved[cells.tobytes()] = [linprog(sign * cells, **limits, method="highs") for sign in (1, -1)]
        ends = solved[cells.tobytes()]
        assert all(end.success for end in ends), "the published numbers contradict each other"
        true = float(members(respondents, codebook, named(published, key))[0 if key[0] == BASE else 1].sum())
        yield key, ends[0].fun, -ends[1].fun, true


def named(published, key):
    if key[0] == BASE:
        return dict(zip(("measure", "break", "group"), key[1:], strict=True)) | {
            "category": first_of(published, key[1])
        }
    return dict(zip(KEYS, key, strict=True))


def first_of(published, measure):
    return published.loc[published["measure"].eq(measure), "category"].iloc[0]


def exactly(cells, values, people, book):
    """Numbers that are published as they are."""
    ones = np.ones(len(frame_classes(people, book)[0]))
    return {key: Number(((cell, ones),), values[key], values[key]) for key, cell in cells.items()}


def test_no_withheld_number_can_be_worked_out(released, respondents, survey):
    settings, _, published, _ = released
    found = list(attacked(published, respondents, survey, settings))
    assert len(found) > 3
    for key, low, high, true in found:
        assert low - 1e-6 <= true <= high + 1e-6
        # At least two whole numbers are possible.
        assert np.floor(high + 1e-6) - np.ceil(low - 1e-6) >= 1, (key, low, high, true)


def test_the_attack_works_out_what_only_the_small_numbers_hide(respondents, every, survey):
    """Withholding the small ones alone is no protection: the same attack finds some of them."""
    one = every["basis"].eq("unweighted")
    few = one & every["count"].between(1, 2) & ~every["measure"].eq("size")
    keys = set(every.loc[few, KEYS].itertuples(index=False, name=None))
    small = every[KEYS].apply(tuple, axis=1).isin(keys)
    naive = every.assign(count=every["count"].astype("Int64").mask(small), estimate=every["estimate"].mask(small))
    found = list(attacked(naive, respondents, survey, rules(share_digits=9, weighted_base_to=1e-6, minimum_base=1)))
    assert any(high - low < 0.5 for _, low, high, _ in found)


def test_what_is_too_small_is_withheld(released, respondents, survey):
    settings, every, published, _ = released
    one = every["basis"].eq("unweighted") & every["measure"].ne("size")
    small = every["n"].between(1, settings.minimum_base - 1)
    few = every["count"].between(1, settings.minimum_count - 1) & every["category"].ne("dk")
    gone = published["count"].isna() & published["estimate"].isna() & published["ci_low"].isna()
    assert (one & (small | few)).any()
    assert gone[one & (small | few)].all()
    assert published.loc[gone & one, "quality"].eq("withheld").all()


def test_both_bases_of_a_share_are_withheld_together(released):
    _, _, published, _ = released
    one, other = (published[published["basis"].eq(b)].reset_index(drop=True) for b in ("unweighted", "weighted"))
    assert one["count"].isna().equals(other["count"].isna())
    assert other.loc[one["count"].isna(), ["estimate", "se", "ci_low", "ci_high", "deff"]].isna().all(axis=None)


def test_what_is_not_withheld_is_as_it_was(released):
    _, every, published, _ = released
    kept = published["count"].notna() & published["basis"].eq("unweighted")
    assert kept.any()
    for column in ("n", "count", "estimate", "se", "ci_low", "ci_high", "deff"):
        assert published.loc[kept, column].astype(float).equals(every.loc[kept, column].astype(float)), column


def test_weighted_numbers_are_rounded(released):
    settings, _, published, _ = released
    ours = published[published["basis"].eq("weighted")]
    shares, quarter = ours["estimate"].dropna(), 0.25 * 10**-settings.share_digits
    inner = shares[~np.isclose(shares, quarter) & ~np.isclose(shares, 1 - quarter)]
    assert len(inner) and np.allclose(inner, inner.round(settings.share_digits), rtol=0, atol=1e-12)
    assert (ours["n_weighted"].dropna() % settings.weighted_base_to == 0).all()


def test_a_share_of_some_is_rounded_to_neither_none_nor_all(released):
    _, _, published, _ = released
    one = published[published["basis"].eq("weighted")].head(5)
    exact = [0.0, 0.001, 0.5049, 0.9999, 1.0]
    rounded_ = rounded(one.assign(estimate=exact), rules())["estimate"].tolist()
    assert rounded_ == pytest.approx([0.0, 0.0025, 0.5, 0.9975, 1.0])
    assert [percent_text(share) for share in rounded_] == ["0%", "<1%", "50%", ">99%", "100%"]


def test_facts_of_the_frame_are_no_secret(released):
    _, _, published, _ = released
    frame = published["measure"].eq("size") & published["break"].isin(["total", "sector"])
    assert published.loc[frame, "count"].notna().all()


def test_the_log_names_what_is_withheld_and_not_how_small_it_is(released):
    _, _, published, log = released
    assert list(log) == LOG
    one = published[published["basis"].eq("unweighted")]
    gone = one.loc[one["count"].isna(), KEYS].apply(tuple, axis=1)
    assert set(log.loc[log["what"].eq("share"), KEYS].apply(tuple, axis=1)) == set(gone)
    assert (
        log["reason"].nunique() <= 2 and not log.drop(columns="wave").stack().astype(str).str.contains(r"\d{2}").any()
    )


def test_the_log_has_one_reason_for_all_that_hangs_on_withheld_bases(respondents, survey, every):
    settings = rules(minimum_base=8, minimum_count=5)
    published, log = protect(every, respondents, codebook=survey, settings=settings)
    places = ["measure", "break", "group"]
    gone = set(published.loc[published["n"].isna(), places].itertuples(index=False, name=None))
    told = log[[place in gone for place in log[places].itertuples(index=False, name=None)]]
    small = every["n"].lt(8) & pd.Series([p in gone for p in every[places].itertuples(index=False, name=None)])
    assert small.any() and set(told["what"]) == {"share", "base"}
    assert set(told["reason"]) == {CONFIDENTIAL}


@pytest.mark.parametrize(("minimum_count", "reason"), [(1, PROTECTS), (5, CONFIDENTIAL)])
def test_the_log_never_says_that_few_gave_an_answer_where_no_count_is_too_small(
    respondents, survey, every, minimum_count, reason
):
    settings = rules(minimum_base=8, minimum_count=minimum_count)
    _, log = protect(every, respondents, codebook=survey, settings=settings)
    assert set(log["reason"]) - {SMALL_BASE} == {reason}


def test_the_protection_agrees_with_an_audit_by_its_own_programs(released, respondents, survey):
    """`reach` asks of each withheld number alone what `withheld_cells` has promised of all of them."""
    settings, every, published, _ = released
    hidden, _ = withheld_cells(every, respondents, codebook=survey, settings=settings)
    assert {key for key in hidden if key[0] != BASE} == {
        key for key in published.loc[published["count"].isna(), KEYS].itertuples(index=False, name=None)
    }
    rows = every[every["basis"].eq("unweighted")]
    numbers = published_numbers(every, respondents, codebook=survey, settings=settings)
    linked = {"nets": nets_of(rows, survey), "limits": limits_of(rows, respondents, survey)}
    attack = Attack(numbers, codebook=survey, respondents=respondents, **linked)
    _, values = cells_of(rows, respondents, survey)
    for key in sorted(hidden)[::4]:
        if not attack.public(key):
            low, high = attack.reach(key, hidden)
            assert low - 1e-6 <= values[key] <= high + 1e-6
            assert high - low >= 1 - 1e-6, key


def test_what_was_asked_before_has_no_bearing_on_another_table(released, respondents, survey):
    settings, every, _, _ = released
    rows = every[every["basis"].eq("unweighted")]
    numbers = published_numbers(every, respondents, codebook=survey, settings=settings)
    _, values = cells_of(rows, respondents, survey)
    named = {"codebook": survey, "respondents": respondents, "nets": nets_of(rows, survey)}
    costs = {key: 1.0 for key in numbers}
    attack = Attack(numbers, **named)
    asked = [key for key in sorted(values) if values[key] and not attack.public(key)][::9][:8]
    found = [attack.alternative(key, values[key] - 1, {key}, costs) for key in asked]
    alone = [Attack(numbers, **named).alternative(key, values[key] - 1, {key}, costs) for key in reversed(asked)]
    assert found == alone[::-1]
    assert len(asked) == 8 and any(found)


def test_answers_that_each_gives_so_many_of_are_part_of_the_attack(survey, make_respondents):
    """Of `exactly one of two` the one is the base less the other, in whichever group."""
    aims = survey.question("aims").model_copy(update={"min_answers": 1, "max_answers": 1})
    book = survey.model_copy(update={"questions": tuple(aims if q.id == "aims" else q for q in survey.questions)})
    people = make_respondents(survey, 60, 1)
    people["aims.y"] = (1 - people["aims.x"]).astype(people["aims.y"].dtype)
    every = all_of(weighted(people, book), book)
    rows = every[every["basis"].eq("unweighted") & every["measure"].eq("aims") & every["category"].isin(["x", "y"])]
    limits = limits_of(rows, people, book)
    assert {(least, most) for _, _, least, most in limits} == {(1, 1)} and len(limits) == len(rows) / 2
    assert not limits_of(rows[rows["category"].eq("x")], people, book)
    cells, values = cells_of(rows, people, book)
    numbers = exactly(cells, values, people, book)
    for key in [k for k in values if k[1] == "y"]:
        hidden = {k for k in values if k[1] == "y"}
        low, high = Attack(numbers, codebook=book, respondents=people, limits=limits).reach(key, hidden)
        assert low == pytest.approx(values[key], abs=1e-6) and high == pytest.approx(values[key], abs=1e-6)


def test_a_net_of_many_answers_says_of_each_what_it_must(survey, make_respondents):
    """Six answers are too many to tell apart in the net of all: 3 to 8 gave each, 12 any. Nobody else knows who."""
    given = {"x": range(3), "y": range(4), "p": range(5), "q": range(3, 9), "r": range(2, 9), "s": range(4, 12)}
    aims = survey.question("aims")
    answers = tuple(aims.answers[0].model_copy(update={"id": a, "label": a}) for a in given)
    net = aims.nets[0].model_copy(update={"answers": tuple(given)})
    aims = aims.model_copy(update={"answers": answers, "nets": (net,)})
    book = survey.model_copy(update={"questions": tuple(aims if q.id == "aims" else q for q in survey.questions)})
    people = make_respondents(book, 60, 1)
    for answer, who in given.items():
        people[f"aims.{answer}"] = people.index.isin(who).astype(int)
    every = all_of(weighted(people, book), book)
    rows = every[every["basis"].eq("unweighted") & every["measure"].eq("aims") & every["break"].eq("total")]
    cells, values = cells_of(rows, people, book)
    attack = Attack(exactly(cells, values, people, book), codebook=book, respondents=people, nets=nets_of(rows, book))
    any_, last = ("aims", "some", "total", "total"), ("aims", "s", "total", "total")
    assert (values[any_], values[last]) == (12, 8)
    assert attack.reach(any_, {any_}) == pytest.approx((8, 33)) and attack.reach(last, {last}) == pytest.approx((0, 12))


def test_another_table_moves_what_is_withheld_for_nothing_and_what_is_published_at_its_cost(survey, make_respondents):
    plan = survey.question("plan")
    plan = plan.model_copy(update={"answers": plan.answers[:3]})
    book = survey.model_copy(update={"questions": tuple(plan if q.id == "plan" else q for q in survey.questions)})
    people = make_respondents(book, 60, 1)
    every = all_of(weighted(people, book), book)
    rows = every[every["basis"].eq("unweighted") & every["measure"].eq("plan") & every["break"].eq("total")]
    cells, values = cells_of(rows[rows["category"].isin(["yes", "soon", "no"])], people, book)
    attack = Attack(exactly(cells, values, people, book), codebook=book, respondents=people)
    yes, soon, no = (("plan", answer, "total", "total") for answer in ("yes", "soon", "no"))
    one_less = values[yes] - 1
    assert attack.alternative(yes, one_less, {yes, soon}, {}) == set()
    assert attack.alternative(yes, one_less, {yes}, {}) is None
    assert attack.alternative(yes, one_less, {yes}, {soon: 1.0, no: 2.0}) == {soon}
    assert attack.alternative(yes, one_less, {yes}, {soon: 2.0, no: 1.0}) == {no}
    assert attack.alternative(yes, one_less + 2, {yes}, {soon: 1.0, no: 2.0}) == {soon}
    assert attack.steps(yes) == 2


def test_kinds_keep_to_a_route_by_an_answer_of_several(survey, make_respondents):
    """Who gives `x` is asked `who`, and nobody else; where only the other answer is known, anybody may have been."""
    who = survey.question("who").model_copy(update={"asked_if": {"aims": Among(any=("x",))}})
    book = survey.model_copy(update={"questions": tuple(who if q.id == "who" else q for q in survey.questions)})
    classes, _ = frame_classes(make_respondents(survey, 60, 1), book)
    kinds = kinds_of((("aims", "x"), ("who", "")), classes, book)
    told = set(kinds[["aims.x", "who"]].fillna("").itertuples(index=False, name=None))
    assert told == {(1, "head"), (1, "team"), (0, "")}
    untold = kinds_of((("aims", "y"), ("who", "")), classes, book)
    assert len(untold) == len(classes) * 2 * 3


def test_a_number_of_two_questions_alone_is_within_what_the_frame_has(survey, make_respondents):
    people = make_respondents(survey, 60, 1)
    every = all_of(weighted(people, survey), survey)
    key = ("plan", "yes", "mix", "other")
    rows = every[every["basis"].eq("unweighted") & every[KEYS].eq(list(key)).all(axis=1)]
    cells, values = cells_of(rows, people, survey)
    numbers = {key: number for key, number in exactly(cells, values, people, survey).items() if key[0] != BASE}
    assert set(numbers) == {key}
    assert Attack(numbers, codebook=survey, respondents=people).reach(key, {key}) == pytest.approx((0, 60))


def test_weights_that_differ_a_little_inside_a_class_protect_as_equal_ones_do(released, respondents, survey):
    """They once took all weighted numbers out of the attack."""
    settings, every, _, log = released
    uneven = respondents.assign(weight=respondents["weight"] * np.where(np.arange(len(respondents)) % 2, 1, 1.0001))
    _, other = protect(all_of(uneven, survey), uneven, codebook=survey, settings=settings)
    equal = protect(all_of(respondents, survey), respondents, codebook=survey, settings=settings)[1]
    assert len(log) == len(equal) and abs(len(other) - len(log)) <= 0.1 * len(log)
    numbers = published_numbers(all_of(uneven, survey), uneven, codebook=survey, settings=settings)
    before = published_numbers(every, respondents, codebook=survey, settings=settings)
    assert {key for key in before if key[0] == OF_WEIGHTS} <= set(numbers)


def test_a_weighted_test_between_groups_has_few_digits_where_a_wave_is_not_public(survey):
    tests = pd.DataFrame({"basis": ["unweighted", "weighted"], **dict.fromkeys(TESTED, 1.23456)})
    coarse = coarse_tests(tests, survey, rules())
    assert coarse[list(TESTED)].iloc[0].tolist() == [1.23456] * 5 and coarse[list(TESTED)].iloc[1].tolist() == [1.2] * 5
    assert coarse_tests(tests, survey.model_copy(update={"kind": "reconstruction"}), rules()) is tests


def test_a_reconstruction_is_public_already(respondents, survey):
    book = survey.model_copy(update={"kind": "reconstruction"})
    every = all_of(respondents, book)
    kept, log = protect(every, respondents, codebook=book, settings=rules(**RULES["small counts"]))
    assert kept is every and log.empty and list(log) == LOG


def test_a_wave_with_nothing_small_is_published_whole(survey, make_respondents):
    people = weighted(make_respondents(survey, 400, 5), survey)
    every = all_of(people, survey)
    kept, log = protect(every, people, codebook=survey, settings=rules(minimum_base=1, minimum_count=1))
    assert log.empty and kept["count"].astype(float).equals(every["count"].astype(float))


@pytest.fixture(scope="module")
def coarse_survey(survey):
    """The survey with two questions by sector alone, so that of many respondents nothing is small."""
    kept = [m.model_copy(update={"breaks": ("sector",)}) for m in survey.measures if m.id in ("plan", "aims")]
    return survey.model_copy(update={"measures": tuple(kept)})


def test_what_is_as_large_as_the_smallest_that_is_given_is_given(coarse_survey, make_respondents):
    """Both limits are those of what is given; one more, and something is withheld."""
    people = weighted(make_respondents(coarse_survey, 400, 3), coarse_survey)
    every = all_of(people, coarse_survey)
    one = every[every["basis"].eq("unweighted")]
    fewest = int(one.loc[one["n"].gt(0), "n"].min())
    given = pd.concat([one["count"], one["n"] - one["count"]])
    few = int(given[given > 0].min())
    assert 1 < few < fewest

    def log(base, count):
        limits = rules(minimum_base=base, minimum_count=count)
        return protect(every, people, codebook=coarse_survey, settings=limits)[1]

    assert log(fewest, few).empty
    assert log(fewest + 1, 1)["reason"].isin([SMALL_BASE]).any() and not log(1, few + 1).empty


def test_a_share_that_all_but_a_few_gave_is_withheld_where_answers_go_together(coarse_survey, make_respondents):
    """Of one answer each the few are those who gave another; of several nobody else counts them."""
    people = weighted(make_respondents(coarse_survey, 400, 3), coarse_survey)
    people["aims.x"] = pd.Series(people.index > 1, index=people.index).astype(people["aims.x"].dtype)
    every, limits = all_of(people, coarse_survey), rules(minimum_base=1, minimum_count=3)
    kept, log = protect(every, people, codebook=coarse_survey, settings=limits)
    assert ("aims", "x", "total", "total") in set(log[KEYS].itertuples(index=False, name=None))
    everyone = kept[kept["measure"].eq("aims") & kept["category"].eq("x") & kept["break"].eq("total")]
    assert everyone[["count", "estimate"]].isna().all(axis=None) and everyone["quality"].eq("withheld").all()


def test_a_share_that_is_withheld_by_its_quality_is_one_of_a_small_base(coarse_survey, make_respondents):
    """Weights that differ much leave a large base a small effective one."""
    people = weighted(make_respondents(coarse_survey, 400, 3), coarse_survey)
    every = all_of(people, coarse_survey)
    place = dict(zip(KEYS, ("plan", "yes", "sector", "a"), strict=True))
    thin = (every[KEYS] == pd.Series(place)).all(axis=1)
    every["quality"] = every["quality"].mask(thin, "withheld")
    limits = rules(minimum_base=1, minimum_count=1)
    kept, log = protect(every, people, codebook=coarse_survey, settings=limits)
    assert kept.loc[thin, ["count", "estimate"]].isna().all(axis=None)
    assert log.loc[(log[KEYS] == pd.Series(place)).all(axis=1), "reason"].tolist() == [SMALL_BASE]


def test_few_that_do_not_know_are_no_secret(coarse_survey, make_respondents):
    people = weighted(make_respondents(coarse_survey, 400, 3), coarse_survey)
    silent = people["plan"].eq("dk")
    people["plan"] = people["plan"].mask(silent & (people.index != people.index[silent][0]), "no")
    every, limits = all_of(people, coarse_survey), rules(minimum_base=1, minimum_count=3)
    kept, log = protect(every, people, codebook=coarse_survey, settings=limits)
    assert log.empty and kept.loc[kept["category"].eq("dk"), "count"].eq(1).any()


def test_a_withheld_base_has_no_base_of_any_kind(respondents, survey, every):
    published, _ = protect(every, respondents, codebook=survey, settings=rules(minimum_base=8, minimum_count=5))
    gone = published["n"].isna()
    assert gone.any() and published.loc[gone, ["n_weighted", "n_eff", "count", "estimate"]].isna().all(axis=None)


def test_weights_that_differ_inside_a_class_leave_the_true_table_possible(respondents, survey):
    people = respondents.assign(weight=np.linspace(1, 2, len(respondents)))
    settings, every = rules(**RULES["small bases"]), all_of(people, survey)
    numbers = published_numbers(every, people, codebook=survey, settings=settings)
    assert [key for key in numbers if key[0] == OF_WEIGHTS] and len(frame_classes(people, survey)[0]) == 4
    _, values = cells_of(every[every["basis"].eq("unweighted")], people, survey)
    attack = Attack(numbers, codebook=survey, respondents=people)
    for key in sorted(values)[::12]:
        assert attack.reach(key, set()) == pytest.approx((values[key], values[key]), abs=1e-6)


# ---- what is made of the protected estimates


def test_no_test_rests_on_a_withheld_number(released, respondents, survey):
    _, _, published, _ = released
    tests = compare_groups(respondents, codebook=survey, estimates=published, settings=ANALYSE)
    one = published[published["basis"].eq("unweighted")]
    gone = set(one.loc[one["count"].isna(), ["measure", "category", "break"]].itertuples(index=False, name=None))
    whole = {(m, b) for m, _, b in gone}
    for row in tests.to_dict("records"):
        touched = (row["measure"], row["break"]) in whole and (
            not row["category"] or (row["measure"], row["category"], row["break"]) in gone
        )
        if touched and not row["left_out"]:
            assert pd.isna(row["statistic"]) and pd.isna(row["p"]) and row["mark"] == "", row


def test_a_withheld_number_reads_withheld(released):
    _, _, published, _ = released
    row = published[published["count"].isna()].iloc[0].to_dict()
    assert value_text(row) == "withheld"
    assert base_text(row | {"n": pd.NA}) == "withheld"


def test_the_grid_of_the_attack_counts_as_the_estimates_do(respondents, every, survey):
    rows = every[every["basis"].eq("unweighted")]
    _, values = cells_of(rows, respondents, survey)
    found = estimate_basis(lay_out(respondents, survey), respondents=respondents, basis="unweighted", confidence=0.95)
    for row in found.to_dict("records"):
        assert values[tuple(row[k] for k in KEYS)] == row["count"]


def test_errors_keep_their_size_and_intervals_what_they_hold():
    table = pd.DataFrame({"estimate": [0.2749], "se": [0.01149], "ci_low": [0.2549], "ci_high": [0.3001]})
    found = {c: v.item() for c, v in coarsened(table, 2).items()}
    # 0.01149 and, of rounding, 0.01 over the root of twelve: together 0.01185.
    assert found == pytest.approx({"estimate": 0.27, "se": 0.012, "ci_low": 0.25, "ci_high": 0.31})
    errors = significant(pd.Series([0.0, 0.0346, -0.000347, 0.123, np.nan]), 2)
    assert errors.iloc[:4].tolist() == [0, 0.035, -0.00035, 0.12] and np.isnan(errors.iloc[4])


@pytest.mark.parametrize("size", [*range(-300, 0, 60), *range(-16, 7)])
def test_however_small_a_number_is_it_keeps_its_digits_and_halves_go_up(size):
    """A test of a clear difference has a p far below a billionth, which is not nil."""
    found = significant(pd.Series([float(f"{x}e{size}") for x in ("3.24", "3.25", "-9.96")]), 2)
    assert found.tolist() == [float(f"{x}e{size}") for x in ("3.2", "3.3", "-10")]


def test_halves_are_no_matter_of_a_float_s_last_bits_and_round_as_in_print():
    """Of 40 organisations 1, 3, 5 ... of equal weight: each share lies in the middle between two per cents."""
    halves = pd.Series(np.arange(1, 40, 2) / 40)
    noisy = pd.concat([halves, np.nextafter(halves, 0), np.nextafter(halves, 1)])
    table = pd.DataFrame({"estimate": noisy, "se": 0.05, "ci_low": 0.1, "ci_high": 0.9})
    found = coarsened(table, 2)["estimate"].to_numpy().reshape(3, -1)
    assert (found == found[0]).all()
    np.testing.assert_allclose(found[0], [per_cent(share) / 100 for share in halves])
    assert (np.abs(found[0] - halves) < 0.005 + 1e-12).all()
    assert in_steps(pd.Series([-0.125, 0.125, 0.0, np.nan]), 0.01).round(2).tolist()[:3] == [-0.13, 0.13, 0]


def test_the_error_of_a_rounded_share_has_the_rounding_in_it():
    """Rounded shares spread as widely as their errors say: 0.0067, of which sampling alone is 0.006."""
    found = np.random.default_rng(1).normal(0.4321, 0.006, 20000)
    table = pd.DataFrame({"estimate": found, "se": 0.006, "ci_low": 0.42, "ci_high": 0.44})
    coarse = coarsened(table, 2)
    assert coarse["estimate"].std() == pytest.approx(coarse["se"].iloc[0], rel=0.02)
    assert coarse["se"].iloc[0] == pytest.approx(0.0067)
    settled = coarsened(table.assign(estimate=1.0, se=0.0), 2)
    assert settled["se"].eq(0).all()
