"""Rounding, ranges, size words and comparisons."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from made_estimates import changed, estimates_of, made

from pipeline.printing import (
    DASH,
    FRACTIONS,
    STATUS,
    as_printed,
    base_text,
    comparison_words,
    count_withheld,
    difference,
    ended,
    find_rows,
    first_lower,
    has_open_base,
    in_steps,
    interval_key,
    level_text,
    open_bases,
    outwards,
    per_cent,
    percent_text,
    points_text,
    range_text,
    range_words,
    size_words,
    state,
    status_text,
    value_text,
    whole_text,
    why_withheld,
)
from pipeline.problems import InputProblem

shares = st.floats(0, 1)


def row(count, n, **values):
    return made(count, n) | values


def bounded(low, high, **values):
    return row(50, 100, support="bounded", low=low, high=high, **values)


@pytest.mark.parametrize(
    ("count", "n", "printed"), [(1, 8, 13), (1, 200, 1), (57, 200, 29), (1, 3, 33), (201, 200 * 2, 50)]
)
def test_half_a_per_cent_rounds_up(count, n, printed):
    assert per_cent(count / n) == printed


@given(st.integers(1, 2000), st.data())
def test_rounding_is_that_of_whole_numbers(n, data):
    count = data.draw(st.integers(0, n))
    assert per_cent(count / n) == (200 * count + n) // (2 * n)


def test_some_never_prints_as_none_nor_nearly_all_as_all():
    assert [percent_text(s) for s in (0, 0.001, 0.005, 0.9949, 0.999, 1)] == ["0%", "<1%", "1%", "99%", ">99%", "100%"]


@pytest.mark.parametrize(
    ("percent", "words"),
    [
        (0, "none"),
        (2, "very few"),
        (3, "very few"),
        (4, "under one in ten"),
        (6, "under one in ten"),
        (33, "about a third"),
        (37, "nearly two fifths"),
        (43, "just over two fifths"),
        (44, "under half"),
        (46, "under half"),
        (48, "nearly half"),
        (50, "about half"),
        (52, "just over half"),
        (56, "over half"),
        (66, "about two thirds"),
        (71, "about seven in ten"),
        (73, "nearly three quarters"),
        (82, "just over four fifths"),
        (96, "over nine in ten"),
        (97, "almost all"),
        (98, "almost all"),
        (100, "all"),
    ],
)
def test_size_in_words(percent, words):
    assert size_words(percent / 100) == words


@pytest.mark.parametrize(("percent", "name"), FRACTIONS.items())
def test_each_fraction_is_named_where_it_stands(percent, name):
    assert size_words(percent / 100) == f"about {name}"


def rank(words):
    """Where size words stand from none to all."""
    if words in ("none", "very few", "almost all", "all"):
        return {"none": -2, "very few": -1, "almost all": 1000, "all": 1001}[words]
    qualifier, fraction = next(
        (q, words.removeprefix(q + " "))
        for q in ("under", "nearly", "about", "just over", "over")
        if words.startswith(q + " ")
    )
    place = list(FRACTIONS.values()).index(fraction)
    return place * 10 + ["under", "nearly", "about", "just over", "over"].index(qualifier)


@given(shares, shares)
def test_a_larger_share_never_gets_a_smaller_word(one, other):
    low, high = sorted([one, other])
    assert rank(size_words(low)) <= rank(size_words(high))


@given(shares)
def test_words_stay_near_what_they_name(share):
    words = size_words(share)
    for percent, fraction in FRACTIONS.items():
        if words.endswith(" " + fraction):
            assert abs(per_cent(share) - percent) <= 6
            if words.startswith("about "):
                assert abs(per_cent(share) - percent) <= 1
    if "half" in words:
        assert 44 <= per_cent(share) <= 56
        assert ("over" in words) == (per_cent(share) > 51)


@given(shares, shares)
@example(0.0, 1.0)
def test_a_range_in_words_is_one_word_or_two(one, other):
    low, high = sorted([one, other])
    words = range_words(low, high)
    # From none to all has words of its own; every other range has that of an end.
    assert (words == "any share") == (low == 0 and high == 1)
    assert words == "any share" or size_words(high) in words or size_words(low) in words
    assert (words == size_words(low)) == (size_words(low) == size_words(high))


def test_a_range_from_none_or_to_all_has_one_end():
    assert range_words(0, 0.5) == "up to about half"
    assert range_words(0.5, 1) == "at least about half"
    assert range_words(0, 1) == "any share" and range_words(0.01, 1) == "between very few and all"
    assert range_words(0.33, 0.5) == "between about a third and about half"


def test_an_estimate_in_print():
    assert value_text(row(66, 100)) == "66%"
    assert value_text(row(66, 100), "count") == "66"
    assert value_text(row(1829, 2000), "count") == "1,829"
    assert value_text(bounded(0.43, 0.52)) == "43\N{EN DASH}52%"
    assert value_text(bounded(0.43, 0.52), words=True) == "between 43% and 52%"
    assert value_text(bounded(0.001, 0.999)) == "<1% to >99%"
    assert value_text(bounded(0.4, 0.999)) == "40% to >99%" and value_text(bounded(0.001, 0.4)) == "<1% to 40%"
    assert value_text(bounded(0.661, 0.664)) == "66%"
    assert value_text(row(66, 100, support="assumed", low=0, high=1)) == "not known"
    assert value_text(row(6, 9, quality="withheld")) == "withheld"


def test_a_count_on_a_small_base_is_a_fact_and_a_share_of_it_is_not():
    small = row(2, 5, quality="withheld")
    assert (state(small), state(small, "count")) == ("withheld", "settled")
    assert state(small | {"count": None}, "count") == "withheld"


def test_what_the_report_leaves_open_is_not_withheld():
    """An empty count beside a range is one that nobody knows; without one, it is kept back."""
    given = row(2, 5)
    several = given | {"count": None, "support": "published", "count_low": 1, "count_high": 2}
    open_base = several | {"count_low": None, "count_high": None, "base_low": 4, "base_high": 6}
    gone = given | {"count": None, "estimate": None, "quality": "withheld"}
    ranged = bounded(0.4, 0.5, base_low=4, base_high=6)
    rows = pd.DataFrame([given, several, open_base, ranged, gone])
    assert count_withheld(rows).tolist() == [False, False, False, False, True]
    assert base_text(open_base | {"n": None}) == f"4{DASH}6" and base_text(gone | {"n": None}) == "withheld"


def test_a_bounded_count_has_its_own_bounds():
    counts = {"count_low": 40, "count_high": 50}
    assert value_text(bounded(0.1, 0.9) | counts, "count") == "40\N{EN DASH}50"
    assert value_text(bounded(0.1, 0.9), "count") == "withheld"
    for one_end in ({"count_low": 40, "count_high": None}, {"count_low": None, "count_high": 50}):
        assert value_text(bounded(0.1, 0.9) | one_end, "count") == "withheld"


def test_a_base_that_the_report_leaves_open_is_a_range():
    assert base_text(row(66, 100)) == "100"
    assert base_text(row(66, 100, base_low=111, base_high=113)) == "111\N{EN DASH}113"
    assert base_text(row(66, 100, base_low=111, base_high=113), words=True) == "between 111 and 113"


def test_a_base_of_which_both_ends_are_the_same_is_open_no_more():
    rows = [row(66, 100, base_low=low, base_high=100) for low in (99, 100, None)]
    assert [has_open_base(r) for r in rows] == open_bases(pd.DataFrame(rows)).tolist() == [True, False, False]


def wilson(count, n):
    """Wilson's 95% score interval."""
    share, z = count / n, 1.959964
    middle, margin = share + z**2 / (2 * n), z * ((share * (1 - share) + z**2 / (4 * n)) / n) ** 0.5
    return {
        "estimate": share,
        "ci_low": (middle - margin) / (1 + z**2 / n),
        "ci_high": (middle + margin) / (1 + z**2 / n),
    }


def test_the_interval_of_a_difference_is_newcombes():
    """Example (a) of Newcombe (Statistics in Medicine 17, 1998), his method 10: 56/70 against 48/80."""
    assert [round(x, 4) for x in difference(wilson(56, 70), wilson(48, 80))] == [0.2, 0.0524, 0.3339]


@given(shares, shares, st.floats(0, 0.3), st.floats(0, 0.3))
def test_two_answers_of_the_same_organisations_need_the_wider_interval(one, other, below, above):
    pair = [{"estimate": s, "ci_low": s - below, "ci_high": s + above} for s in (one, other)]
    apart, low, high = difference(*pair)
    wide = difference(*pair, alike=True)
    assert wide[0] == apart and wide[1] <= low + 1e-12 and wide[2] >= high - 1e-12


def test_a_comparison_is_clear_only_where_the_interval_leaves_out_zero():
    assert comparison_words(row(60, 100), row(40, 100)) == "more often than"
    assert comparison_words(row(40, 100), row(60, 100)) == "less often than"
    assert comparison_words(row(50, 100), row(46, 100)) == "neither clearly more nor clearly less often than"
    assert (
        comparison_words(row(56, 100), row(48, 100), alike=True) == "neither clearly more nor clearly less often than"
    )
    narrow = {"ci_low": 0.49, "ci_high": 0.51}
    assert comparison_words(row(50, 100, **narrow), row(50, 100, **narrow)) == "about as often as"


@given(shares, shares)
def test_a_comparison_turned_round_says_the_opposite(one, other):
    opposite = {"more often than": "less often than", "less often than": "more often than"}
    rows = [{**row(0, 100), "estimate": s, "ci_low": s - 0.05, "ci_high": s + 0.05} for s in (one, other)]
    words = comparison_words(*rows)
    assert comparison_words(*rows[::-1]) == opposite.get(words, words)


def test_ranges_are_compared_as_ranges():
    assert comparison_words(bounded(0.6, 0.7), row(50, 100)) == "more often, among those who answered, than"
    assert comparison_words(row(50, 100), bounded(0.6, 0.7)) == "less often, among those who answered, than"
    assert "does not settle which" in comparison_words(bounded(0.4, 0.7), row(50, 100))


def test_two_whole_numbers_in_words_are_both_named():
    assert range_text(111, 112, whole_text, words=True) == "111 or 112"
    assert range_text(111, 113, whole_text, words=True) == "between 111 and 113"
    assert range_text(111, 112, whole_text) == f"111{DASH}112"
    assert range_text(0.41, 0.42, percent_text, words=True) == "41% or 42%"
    assert range_text(0.41, 0.43, percent_text, words=True) == "between 41% and 43%"


def test_the_status_is_bold_and_a_real_survey_has_none(small_codebook):
    kinds = {k: status_text(small_codebook.model_copy(update={"kind": k})) for k in STATUS}
    assert kinds == {"fieldwork": ""} | {k: f"**{STATUS[k]}**" for k in ("reconstruction", "rehearsal")}


def test_a_label_within_a_sentence():
    assert [first_lower(x) for x in ("All houses", "LA under 80", "A shop", "")] == [
        "all houses",
        "LA under 80",
        "a shop",
        "",
    ]


def test_a_row_that_is_missing_or_twice_or_without_bounds_is_named(small_codebook):
    estimates = estimates_of(small_codebook)
    wanted = estimates.loc[estimates["measure"].eq("shop"), ["measure", "category", "break", "group"]].head(1)
    key = "measure shop, category yes, break total, group total"
    with pytest.raises(
        InputProblem, match=f"figure f: the estimates have no row {key}, basis weighted; run analyse first"
    ):
        find_rows(estimates[estimates["basis"].eq("unweighted")], wanted, "weighted", "figure f")
    twice = estimates.loc[[*estimates.index, *estimates.index[estimates["measure"].eq("shop")]]]
    with pytest.raises(InputProblem, match=f"the row {key}, basis weighted more than once"):
        find_rows(twice, wanted, "weighted", "figure f")
    for one_end in ({"low": 0.2}, {"high": 0.2}):
        unbounded = changed(estimates, "shop", "yes", support="bounded", **one_end)
        with pytest.raises(InputProblem, match=f"the bounded estimate {key}, basis weighted has no low or no high"):
            find_rows(unbounded, wanted, "weighted", "figure f")
    nobody = changed(unbounded, "shop", "yes", n=0)
    assert len(find_rows(nobody, wanted, "weighted", "figure f")) == 1
    two = pd.concat([wanted.assign(group="other"), wanted])
    with pytest.raises(InputProblem, match="no row measure shop, category yes, break total, group other, basis"):
        find_rows(estimates, two, "weighted", "figure f")


def test_answers_that_were_given_are_not_compared_without_an_interval():
    """Of one organisation in each group, or where the strata fix the shares; no report could settle it."""
    rows = [row(n, 10, support="measured", ci_low=None, ci_high=None) for n in (7, 3)]
    assert comparison_words(*rows) == "more or less often (without an interval that is not settled) than"
    # Nor where only one of them has none.
    for pair in ((rows[0], row(3, 10)), (row(7, 10), rows[1])):
        assert comparison_words(*pair) == comparison_words(*rows)
    simulated = [r | {"support": "simulated"} for r in rows]
    assert comparison_words(simulated[0], row(3, 10, support="simulated")) == comparison_words(*simulated)


@pytest.mark.parametrize(("support", "expected"), [("published", 0.55), ("implied", 0.545), ("measured", 0.545)])
def test_a_share_is_as_printed_only_where_it_was_printed(support, expected):
    """A printed 55% of 200 may be 109 or 110 organisations. What is implied is not printed and has its own value."""
    counts = [{"count_low": 109, "count_high": high} for high in (110, 109)]
    table = pd.DataFrame([row(109, 200, support=support, **each) for each in counts])
    assert as_printed(table)["estimate"].tolist() == pytest.approx([expected, 0.545])


def test_points_round_as_per_cents_do():
    """From 50% to 62.5%, which reads 63%, are 13 points, up or down."""
    for count in range(0, 201):
        share = count / 200
        assert points_text(share).strip("+") == str(per_cent(share))
        assert points_text(-share).strip("\u2212") == str(per_cent(share))
    assert (points_text(0.125), points_text(-0.125), points_text(0.004)) == ("+13", "\u221213", "0")


@given(st.floats(0.0001, 0.9999))
def test_the_level_of_an_interval_is_never_rounded_to_another(confidence):
    assert float(level_text(confidence).strip("%")) / 100 == pytest.approx(confidence, rel=1e-11)
    assert (level_text(0.95), level_text(0.995), level_text(0.9999)) == ("95%", "99.5%", "99.99%")


def test_equal_shares_of_open_bases_give_no_direction():
    one, other = (
        {
            "estimate": e,
            "ci_low": None,
            "ci_high": None,
            "low": 0.635,
            "high": 0.645,
            "support": "published",
            "quality": "ok",
        }
        for e in (18 / 28, 7 / 11)
    )
    assert comparison_words(one, other) == "more or less often (the report's text does not settle which) than"


def test_what_is_not_settled_is_not_known_however_few_it_rests_on():
    """Whether the base of a modelled share is too small is itself modelled: nothing is withheld that anybody knows."""
    row = {"support": "assumed", "quality": "withheld", "estimate": None, "count": None, "low": 0.0, "high": 1.0}
    assert state(row) == state(row, "count") == "assumed"
    assert state(row | {"support": "published"}) == "withheld"


def test_whole_steps_round_halves_away_from_nil():
    numbers = pd.Series([0.124, 0.125, 0.126, -0.124, -0.125, -0.126, 0.0, np.nan])
    assert in_steps(numbers, 0.01).round(2).tolist()[:-1] == [0.12, 0.13, 0.13, -0.12, -0.13, -0.13, 0.0]
    assert in_steps(numbers, 0.01).isna().tolist() == [False] * 7 + [True]
    assert in_steps(pd.Series([9.0, 10.0, 11.0]), 20).tolist() == [0.0, 20.0, 20.0]


@given(st.lists(st.tuples(shares, shares), min_size=1, max_size=5), st.integers(1, 3))
def test_ends_rounded_outwards_enclose_the_interval_by_less_than_a_step(pairs, digits):
    low, high = (pd.Series(end) for end in zip(*map(sorted, pairs), strict=True))
    wide_low, wide_high = outwards(low, high, digits)
    step = 10.0**-digits
    assert (wide_low <= low + 1e-9).all() and (low - wide_low < step).all()
    assert (wide_high >= high - 1e-9).all() and (wide_high - high < step).all()


def test_ends_that_are_whole_stay_where_they_are():
    whole = pd.Series([i / 100 for i in range(101)])
    for low, high in [outwards(whole, whole, 2), outwards(whole, whole, 3)]:
        assert low.tolist() == high.tolist() == whole.tolist()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([(0.4, 100)], [("interval", "95% interval")]),
        ([(0.4, 100), (None, 100)], [("interval", "95% interval; none where no error can be stated")]),
        ([(0.4, 100), (None, None)], [("interval", "95% interval; none where the number of respondents is a range")]),
        ([(0.4, None)], [("interval", "95% interval")]),
        ([(None, None)], [("withheld", "No interval, since the number of respondents is a range")]),
        ([(None, 100)], [("withheld", "No interval, since no error can be stated")]),
        (
            [(None, 100), (None, None), (0.4, None)],
            [("interval", "95% interval; none where the number of respondents is a range or no error can be stated")],
        ),
        ([], []),
    ],
)
def test_the_key_of_intervals_says_which_values_have_none_and_why(values, said):
    drawn = pd.DataFrame(values, columns=["ci_low", "n"], dtype=float)
    assert interval_key(drawn, 0.95) == said


def test_a_range_is_compared_with_a_share_without_an_interval_as_ranges_are():
    """The one has none since its base is open; nothing is missing from the other."""
    open_base = row(70, 100, support="implied", ci_low=None, ci_high=None)
    for pair in ((open_base, row(50, 100)), (row(70, 100), open_base | {"estimate": 0.5})):
        assert comparison_words(*pair) == "more often, among those who answered, than"
    touching = bounded(0.5, 0.7), row(50, 100)
    assert "does not settle which" in comparison_words(*touching)
    assert "does not settle which" in comparison_words(*touching[::-1])


def test_about_as_often_is_within_five_points_whole():
    ends = [{"ci_low": 0.5 - 0.0353, "ci_high": 0.5 + 0.0353}, {"ci_low": 0.46, "ci_high": 0.54}]
    words = [comparison_words(row(50, 100, **e), row(50, 100, **e)) for e in ends]
    assert words == ["about as often as", "neither clearly more nor clearly less often than"]


def test_a_sentence_among_others_has_one_end():
    assert [ended(text) for text in ("So", "So.", "So?", "So!")] == ["So.", "So.", "So?", "So!"]


def test_nothing_of_a_printed_report_is_said_to_be_withheld_to_protect_somebody():
    """What a report prints is public; a share of it reads as withheld because it rests on too few."""
    assert why_withheld("reconstruction") == "too few respondents for a share"
    assert "give a few away" in why_withheld("fieldwork") and "give a few away" in why_withheld("rehearsal")
