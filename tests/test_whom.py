"""Whom a share is of: worded apart and yet the same organisations, and never taken for the same where they are not."""

from itertools import combinations

import pandas as pd
import pytest
from made_claims import claims_of, rows_of, tiny_codebook, true_claims

from pipeline.bases import Base, bounded_bases, stated_bases
from pipeline.claims import testable as is_testable
from pipeline.codebook import TOTAL, Break, Criterion
from pipeline.respondents import select
from pipeline.whom import base_of, counted_of, groups_of, parts_those_asked, whom, within

COUNT = {"unit": "count", "rounding": "exact"}


@pytest.fixture(scope="module")
def tiny():
    return tiny_codebook(20)


def records(codebook, *rows):
    return claims_of(codebook, *rows).to_dict("records")


def test_a_category_a_base_and_a_group_can_be_the_same_organisations(tiny):
    (counted,) = records(tiny, {"measure": "open", "value": "9"} | COUNT)
    assert counted_of(tiny, counted) == whom(tiny, tiny.base("open").where)
    (boats,) = records(tiny, {"measure": "hires", "category": "boats", "value": "9"} | COUNT)
    assert counted_of(tiny, boats) == whom(tiny, tiny.group("hires", "boats").where)


def test_who_gave_an_answer_was_asked(tiny):
    late = {"measure": "late", "value": "4", "base": "open"}
    of_open, of_all = records(tiny, late | COUNT, late | {"base": "all"} | COUNT)
    assert counted_of(tiny, of_open) == counted_of(tiny, of_all)
    assert base_of(tiny, of_open) != base_of(tiny, of_all)


def test_any_answer_of_a_question_put_to_everyone_is_everyone(tiny):
    (everyone,) = records(tiny, {"measure": "place", "category": "anywhere", "value": "20"} | COUNT)
    assert counted_of(tiny, everyone) == whom(tiny) == frozenset()


def test_a_part_is_within_the_whole(tiny):
    shore, small = tiny.group("place", "shore").where, tiny.group("size", "shore_small").where
    assert within(whom(tiny, shore, small), whom(tiny, shore))
    assert not within(whom(tiny, shore), whom(tiny, small))
    assert within(whom(tiny, shore), whom(tiny))


@pytest.mark.parametrize("seed", range(6))
def test_the_same_whom_is_the_same_rows_of_every_table(small_codebook, make_respondents, seed):
    table = make_respondents(small_codebook, rows=40, seed=seed)
    rows = true_claims(small_codebook, table, number=40, seed=seed)
    claims = [c for c in claims_of(small_codebook, *rows).to_dict("records") if is_testable(c) and c["category"]]
    found = []
    for claim in claims:
        counted, base = rows_of(small_codebook, claim, claim["category"], claim["group"], table)
        found += [(base_of(small_codebook, claim), base), (counted_of(small_codebook, claim), counted)]
    assert len({who for who, _ in found}) < len(found)
    for (who, one), (other_who, other) in combinations(found, 2):
        assert who != other_who or one.equals(other)
        assert not within(who, other_who) or not (one & ~other).any()


def test_groups_that_part_a_base_are_told_from_those_that_do_not(small_codebook, make_respondents):
    table = make_respondents(small_codebook, rows=300, seed=3)
    parting = set()
    for broken in small_codebook.breaks:
        for base in small_codebook.bases:
            rows = select(table, base.where)
            whole = parts_those_asked(small_codebook, broken.id)
            if whole and groups_of(small_codebook, broken.id, whom(small_codebook, base.where)):
                parting.add((broken.id, base.id))
                each = [select(table, g.where) & rows for g in small_codebook.groups(broken.id)]
                assert sum(e.astype(int) for e in each)[rows].eq(1).all()
    assert {("kind", "all"), ("scale", "all"), ("fewness", "shops")} <= parting
    assert not {b for b, _ in parting} & {"events", "shop_held", TOTAL}


def test_a_mix_of_several_answers_parts_those_who_gave_one(codebook_2014):
    partnered = whom(codebook_2014, codebook_2014.base("partnered").where)
    assert parts_those_asked(codebook_2014, "partner_mix")
    assert len(set(groups_of(codebook_2014, "partner_mix", partnered))) == len(codebook_2014.groups("partner_mix"))
    assert groups_of(codebook_2014, "partner_mix", whom(codebook_2014)) == ()


def of(where):
    """A condition as a codebook has it."""
    return Criterion(id="c", label="C", where=where).where


def test_who_gave_none_of_some_answers_gave_another_only_where_everyone_was_asked(small_codebook):
    """Who was not asked gave none of them either, and no other."""
    asked = whom(small_codebook, of({"outlook": {"none": ["bright"]}}))
    assert asked == whom(small_codebook, of({"outlook": ["steady", "bleak", "dont_know"]}))
    routed = whom(small_codebook, of({"profit": {"none": ["yes"]}}))
    assert not within(routed, whom(small_codebook, of({"profit": ["no"]})))


def test_who_gave_any_of_several_answers_is_not_whoever_was_asked(small_codebook):
    """A house may hold no events at all."""
    some = whom(small_codebook, of({"events": ["talks", "crafts", "concerts", "other"]}))
    assert some != whom(small_codebook) and not within(whom(small_codebook), some)


@pytest.mark.parametrize(
    ("question", "first", "rest", "parts"),
    [
        ("goods", "books", ["toys", "cards", "dont_know"], True),
        ("goods", "books", ["toys"], False),  # cards alone
        ("events", "talks", ["crafts", "concerts", "other"], False),  # no events
    ],
)
def test_groups_of_several_answers_part_who_was_asked_where_each_gives_one_of_them(
    small_codebook, question, first, rest, parts
):
    groups = [
        {"id": "one", "label": "One", "where": {question: [first]}},
        {"id": "other", "label": "Other", "where": {question: {"any": rest, "none": [first]}}},
    ]
    made = Break(id="made", label="Made", groups=groups)
    book = small_codebook.model_copy(update={"breaks": (*small_codebook.breaks, made)})
    assert parts_those_asked(book, "made") == parts


# ---- how many they are


def test_sizes_are_printed_as_counts_or_as_shares_of_what_is_counted(tiny):
    claims = records(
        tiny,
        {"id": "shore", "measure": "place", "category": "shore", "value": "12"} | COUNT,
        {"id": "open", "measure": "open", "value": "60"},
        {"id": "shore.open", "measure": "open", "value": "52", "break": "place", "group": "shore"},
        {"id": "late", "measure": "late", "value": "40", "base": "open"},
    )
    bases = stated_bases(claims, tiny, 5)
    shore = whom(tiny, tiny.group("place", "shore").where)
    assert bases[whom(tiny)] == Base((20,), "stated", ())
    assert bases[shore] == Base((12,), "stated", ("shore",))
    assert bases[whom(tiny, tiny.base("open").where)] == Base((12,), "by its share", ("open",))
    # No whole number of 12 is 52%, so it says nothing of how many are open by the shore.
    assert shore | whom(tiny, tiny.base("open").where) not in bases
    assert whom(tiny) in stated_bases(claims, tiny, 5, without={"shore"})
    assert shore not in stated_bases(claims, tiny, 5, without={"shore"})


def test_counts_that_differ_are_all_sizes(tiny):
    shore = {"measure": "place", "category": "shore"} | COUNT
    claims = records(tiny, shore | {"value": "12"}, shore | {"value": "14"})
    assert stated_bases(claims, tiny, 5)[counted_of(tiny, claims[0])].sizes == (12, 14)


def test_bounds_of_estimates_are_ranges_of_bases(tiny):
    rows = [("late", "yes", "total", "total", 5, 7), ("open", "yes", "place", "hill", None, None)]
    bounds = pd.DataFrame(rows, columns=["measure", "category", "break", "group", "base_low", "base_high"])
    assert bounded_bases(bounds, tiny) == {whom(tiny, tiny.base("open").where): Base((5, 6, 7), "bounded")}
