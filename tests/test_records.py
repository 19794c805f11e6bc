"""From counts to records: claims met, the most even choice, the same bytes from the same seed, limits of answers."""

import numpy as np
import pandas as pd
import pytest
from made_claims import claims_of, counts_of, meets, true_claims

from pipeline.claims import regenerate
from pipeline.codebook import ORGANISATION
from pipeline.contradictions import judge
from pipeline.records import glue, settle_bases, settle_counts, share_bases
from pipeline.respondents import asked
from pipeline.system import build_system

COUNT = {"unit": "count", "rounding": "exact"}
HOUSES = 40


def even_sizes(codebook):
    return {a.id: 10 for a in codebook.question(codebook.size_band).answers}


def least_informative(system, verdict, *, sizes, seed):
    bases = settle_bases(system, verdict, sizes=sizes, seed=seed, effort=3)
    return settle_counts(system, verdict, bases, sizes=sizes)


def rebuilt(codebook, respondents, *rows, sizes=None, seed=1):
    """System, verdict and least informative counts for claims of so many respondents."""
    codebook = codebook.model_copy(update={"respondents": respondents})
    system = build_system(codebook, claims_of(codebook, *rows), 5)
    verdict = judge(system, seed=seed, time_limit=30)
    sizes = even_sizes(codebook) if sizes is None else sizes
    return system, verdict, least_informative(system, verdict, sizes=sizes, seed=seed)


@pytest.fixture(scope="module", params=range(3))
def case(request, small_codebook, make_respondents):
    """Claims of one random table, with the counts and the records rebuilt from them."""
    table = make_respondents(small_codebook, rows=HOUSES, seed=request.param)
    rows = true_claims(small_codebook, table, number=12, seed=request.param)
    system, verdict, counts = rebuilt(small_codebook, HOUSES, *rows)
    return table, system, verdict, counts, glue(system, counts.values, seed=1)


def test_the_counts_meet_the_structure_and_the_claims(case):
    _, system, verdict, counts, _ = case
    assert counts.values.dtype == int and (counts.values >= 0).all()
    assert all(meets(row, counts.values) for row in system.structure)
    assert all(meets(row, counts.values) for i in verdict.kept for row in system.claims[i])


def test_the_records_meet_the_claims(case):
    _, system, verdict, _, records = case
    again = regenerate(system.table, records, system.codebook, 5).set_index("id")
    assert len(verdict.kept) == 12
    # Records may break a most number of answers that the counts of single answers cannot see.
    linear = [i for i in verdict.kept if system.table.set_index("id").loc[i, "unit"] != "answers"]
    assert again.loc[linear, "met"].all()


def test_the_distance_is_never_below_its_bound(case):
    *_, counts, _ = case
    assert len(counts.steps) > 1
    assert all(distance >= bound >= 0 for distance, bound in counts.steps.values())


def test_records_have_the_counts_that_they_were_made_from(case):
    _, system, _, counts, records = case
    assert (counts_of(system, records) == counts.values).all()


@pytest.mark.parametrize("seed", range(3))
def test_any_tables_counts_glue_into_records_with_the_same_counts(case, seed):
    table, system, *_ = case
    counts = counts_of(system, table)
    assert (counts_of(system, glue(system, counts, seed=seed)) == counts).all()


def test_records_are_valid_tables_of_respondents(case):
    _, system, _, _, records = case
    book = system.codebook
    assert records.columns.tolist() == book.columns
    assert records.dtypes.equals(case[0].dtypes)
    for question in book.questions:
        there = records[question.columns].notna()
        assert (there.all(axis=1) == asked(records, question)).all()
        assert there.all(axis=1).equals(there.any(axis=1))
        if question.min_answers:
            given = records.loc[there.all(axis=1), question.columns].eq(1).sum(axis=1)
            assert (given >= question.min_answers).all()
    bands = {a.id: a.band.sector for a in book.question(book.size_band).answers}
    assert records[book.size_band].map(bands).tolist() == records[book.sector].tolist()


def test_organisations_are_numbered_within_their_sector_in_codebook_order(case):
    *_, records = case
    for sector, rows in records.groupby("kind"):
        assert rows[ORGANISATION].tolist() == [f"{sector.upper()}-{n:03d}" for n in range(1, len(rows) + 1)]
    assert records["kind"].tolist() == sorted(records["kind"], key=["lib", "mus"].index)


def test_the_same_seed_gives_the_same_bytes_and_another_deals_otherwise(case):
    _, system, verdict, counts, records = case
    again = least_informative(system, verdict, sizes=even_sizes(system.codebook), seed=1)
    assert (again.values == counts.values).all()
    assert glue(system, again.values, seed=1).to_csv() == records.to_csv()
    assert glue(system, again.values, seed=2).to_csv() != records.to_csv()


def tally(records, *columns):
    return records.groupby(list(columns)).size().to_dict()


def test_what_is_not_said_to_go_together_does_not(small_codebook):
    """Half have a shop, half hold talks, and a claim ties the two without saying anything: a quarter has both."""
    rows = [
        {"measure": "shop", "value": "50"},
        {"measure": "shop", "category": "no", "value": "50"},
        {"measure": "events", "category": "talks", "value": "50"},
        {"measure": "shop", "break": "events", "group": "talks", "op": ">=", "value": "0", **COUNT},
    ]
    system, _, counts = rebuilt(small_codebook, 32, *rows)
    records = glue(system, counts.values, seed=1)
    assert tally(records, "shop", "events.talks") == {(s, t): 8 for s in ("yes", "no") for t in (0, 1)}


def test_bands_that_can_be_those_of_the_most_even_counts_are_at_no_distance_from_them(small_codebook):
    _, _, counts = rebuilt(small_codebook, 40, {"measure": "shop", "op": ">=", "value": "0", **COUNT})
    assert counts.steps["size bands"] == (0, 0)


def test_what_is_said_to_go_together_does(small_codebook):
    rows = [
        {"measure": "shop", "value": "50"},
        {"measure": "shop", "category": "no", "value": "50"},
        {"measure": "events", "category": "talks", "value": "50"},
        {"measure": "shop", "break": "events", "group": "talks", "value": "90"},
    ]
    system, _, counts = rebuilt(small_codebook, 40, *rows)
    assert tally(glue(system, counts.values, seed=1), "shop", "events.talks") == {
        ("no", 0): 18,
        ("no", 1): 2,
        ("yes", 0): 2,
        ("yes", 1): 18,
    }


def test_answers_of_which_nothing_is_said_are_as_frequent_as_one_another(small_codebook):
    system, _, counts = rebuilt(small_codebook, 32, {"measure": "outlook", "category": "steady", "value": "25"})
    records = glue(system, counts.values, seed=1)
    assert tally(records, "outlook") == dict.fromkeys(["bright", "steady", "bleak", "dont_know"], 8)
    assert tally(records, "channel") == {"call": 16, "form": 16}


def test_size_bands_that_the_claims_leave_open_follow_the_population(small_codebook):
    sizes = {"lib_few": 200, "lib_many": 50, "mus_few": 10, "mus_middle": 20, "mus_many": 10}
    rows = [{"measure": "kind", "category": "lib", "value": "20", **COUNT}]
    system, _, counts = rebuilt(small_codebook, 52, *rows, sizes=sizes)
    bands = tally(glue(system, counts.values, seed=1), "scale")
    assert bands == {"lib_few": 16, "lib_many": 4, "mus_few": 8, "mus_middle": 16, "mus_many": 8}


def test_the_most_answers_are_kept_to_where_they_can_be(small_codebook):
    """Four events, two each on average and at most: dealing them out blindly would break the rule."""
    events = small_codebook.question("events")
    rows = [{"measure": "events", "category": c, "value": "60"} for c in ("talks", "crafts", "concerts")]
    rows += [{"measure": "events", "category": "other", "value": "20"}]
    system, _, counts = rebuilt(small_codebook, 50, *rows)
    for seed in range(3):
        given = glue(system, counts.values, seed=seed)[events.columns].eq(1).sum(axis=1)
        assert given.tolist() == [2] * 50


def test_a_survey_of_thousands_is_rebuilt_as_well(small_codebook):
    rows = [{"measure": "kind", "category": "lib", "value": "3000", **COUNT}, {"measure": "shop", "value": "50"}]
    system, _, counts = rebuilt(small_codebook, 4000, *rows)
    records = glue(system, counts.values, seed=1)
    assert len(records) == 4000 and tally(records, "kind") == {"lib": 3000, "mus": 1000}


def test_claims_of_counts_alone_or_none_at_all_are_enough(small_codebook):
    for rows in (
        [{"measure": "shop", "value": "7", **COUNT}],
        [{"measure": "", "category": "", "value": "7", **COUNT}],
    ):
        system, _, counts = rebuilt(small_codebook, 40, *rows)
        assert len(glue(system, counts.values, seed=1)) == 40
        assert all(meets(row, counts.values) for row in system.structure)


def test_share_bases_are_each_base_once(small_codebook):
    rows = [
        {"measure": "shop", "value": "50"},
        {"measure": "shop", "category": "no", "value": "50"},
        {"measure": "shop", "break": "kind", "group": "lib", "versus_group": "mus", "op": ">=", "value": ""}
        | {"unit": "order", "rounding": "exact"},
        {"measure": "outlook", "category": "bright", "value": "7", **COUNT},
    ]
    codebook = small_codebook.model_copy(update={"respondents": 40})
    system = build_system(codebook, claims_of(codebook, *rows), 5)
    libraries, museums = map(set, share_bases(system, ["c3"]))
    assert libraries and museums and not libraries & museums
    assert len(share_bases(system, ["c1"])) == len(share_bases(system, ["c1", "c1"])) == 1
    assert share_bases(system, ["c4"]) == []
    every = [tuple(base) for base in share_bases(system, list(system.claims))]
    assert len(set(every)) == len(every) >= 3


def test_glue_does_not_change_its_counts(case):
    _, system, _, counts, _ = case
    before = counts.values.copy()
    glue(system, counts.values, seed=3)
    assert np.array_equal(before, counts.values)
    assert isinstance(glue(system, counts.values, seed=3), pd.DataFrame)
