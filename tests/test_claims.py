"""Claims: what a claims file may say, which shares agree with a printed number, and counting it again from records."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_claims import USUAL, claims_of, true_claims

from pipeline.claims import COLUMNS, limits, load_claims, regenerate, within
from pipeline.claims import testable as is_testable
from pipeline.problems import InputProblem
from pipeline.respondents import typed

SHOP = {"measure": "shop", "value": "37"}


def refusal(content, tmp_path, codebook):
    """What is said of a claims file of these bytes."""
    path = tmp_path / "claims.csv"
    path.write_bytes(content)
    with pytest.raises(InputProblem) as caught:
        load_claims(path, codebook)
    return str(caught.value).replace(str(path), "FILE")


def as_csv(*rows):
    table = pd.DataFrame([USUAL | {"id": f"c{n}"} | SHOP | row for n, row in enumerate(rows, 1)])
    return table[COLUMNS].to_csv(index=False)


NOT_UTF8 = "FILE, row 2: not UTF-8 text: byte 0xe9 cannot be read; export the file again as CSV UTF-8."
FAULTS = {
    "no id": ({"id": ""}, "column id: a claim needs an id; found ''; allowed: any text."),
    "unknown measure": (
        {"measure": "shops"},
        "column measure: no such measure in the codebook; found 'shops'; allowed: kind, scale, events, events_other, "
        "shop, goods, outlook, comment.",
    ),
    "unknown answer": (
        {"category": "open"},
        "column category: no such answer or net of question shop; found 'open'; allowed: yes, planned, no, dont_know, "
        "refused, no_shop.",
    ),
    "no answer": (
        {"category": ""},
        "column category: no such answer or net of question shop; found ''; allowed: yes, planned, no, dont_know, "
        "refused, no_shop.",
    ),
    "unknown break": (
        {"break": "size"},
        "column break: no such break in the codebook; found 'size'; allowed: total, kind, scale, shop_held, events, "
        "fewness.",
    ),
    "unknown group": (
        {"break": "kind", "group": "zoo"},
        "column group: no such group of break kind; found 'zoo'; allowed: lib, mus.",
    ),
    "a group without its break": (
        {"group": "lib"},
        "column group: no such group of break total; found 'lib'; allowed: total.",
    ),
    "unknown base": (
        {"base": "some"},
        "column base: no such base in the codebook; found 'some'; allowed: all, shops, other_events.",
    ),
    "unknown operator": (
        {"op": "~"},
        "column op: not an operator; found '~'; allowed: <, <=, =, >, >=, about.",
    ),
    "unknown unit": (
        {"unit": "mean"},
        "column unit: not a unit; found 'mean'; allowed: percent, share, count, order, answers.",
    ),
    "a rounding of another unit": (
        {"unit": "count"},
        "column rounding: not a rounding of unit count; found 'half_up'; allowed: exact, worded.",
    ),
    "over 100": (
        {"value": "101"},
        "column value: outside the range of unit percent; found '101'; allowed: 0 to 100.",
    ),
    "over 1": (
        {"value": "3/2", "unit": "share", "rounding": "exact"},
        "column value: outside the range of unit share; found '3/2'; allowed: 0 to 1.",
    ),
    "below nil": (
        {"value": "-1", "unit": "count", "rounding": "exact"},
        "column value: outside the range of unit count; found '-1'; allowed: 0 or more.",
    ),
    "half a respondent": (
        {"value": "12.5", "unit": "count", "rounding": "exact"},
        "column value: a count of rounding exact is a whole number; found '12.5'; allowed: a number such as 37.",
    ),
    "a rounded fraction": (
        {"value": "25/2"},
        "column value: a rounded per cent is no fraction; found '25/2'; allowed: a number such as 37 or 12.5.",
    ),
    "a share that is read as per cent": (
        {"value": "2/3", "rounding": "exact"},
        "column value: less than one per cent, as a fraction; found '2/3'; "
        "allowed: a number of per cent such as 37 or 12.5, or unit share.",
    ),
    "an answer without a measure": (
        {"measure": ""},
        "column category: a claim without a measure is not about answers, and is not tested; found 'yes'; "
        "allowed: an empty cell, or a measure beside it.",
    ),
    "another answer without a measure": (
        {"measure": "", "category": "", "versus_category": "no"},
        "column versus_category: a claim without a measure is not about answers, and is not tested; found 'no'; "
        "allowed: an empty cell, or a measure beside it.",
    ),
    "a group without a measure": (
        {"measure": "", "category": "", "break": "kind", "group": "lib"},
        "column break: a claim without a measure is not about answers, and is not tested; found 'kind'; "
        "allowed: total, or a measure beside it.",
    ),
    "printed in no known unit": (
        {"printed_unit": "%"},
        "column printed_unit: not a unit that a number is printed in; found '%'; allowed: percent, count, share, or an "
        "empty cell.",
    ),
    "an order of equals": (
        {"op": "=", "value": "", "unit": "order", "rounding": "exact", "versus_category": "no"},
        "column op: not an operator of unit order; found '='; allowed: <, <=, >, >=.",
    ),
    "an order with a value": (
        {"op": ">", "unit": "order", "rounding": "exact", "versus_category": "no"},
        "column value: an order has no value; found '37'; allowed: an empty cell.",
    ),
    "an order of one": (
        {"op": ">", "value": "", "unit": "order", "rounding": "exact"},
        "column versus_group: an order compares two shares, and nothing else does; found ''; allowed: a group or "
        "category to compare with.",
    ),
    "a share set against another": (
        {"versus_category": "no"},
        "column versus_group: an order compares two shares, and nothing else does; found ''; allowed: a group or "
        "category to compare with.",
    ),
    "an unknown answer to compare with": (
        {"op": ">", "value": "", "unit": "order", "rounding": "exact", "versus_category": "open"},
        "column versus_category: no such answer or net of question shop; found 'open'; allowed: yes, planned, no, "
        "dont_know, refused, no_shop.",
    ),
    "an unknown group to compare with": (
        {"op": ">", "value": "", "unit": "order", "rounding": "exact", "versus_group": "mus"},
        "column versus_group: no such group of break total; found 'mus'; allowed: total.",
    ),
    "answers to a question that takes one": (
        {"op": "<=", "value": "2", "unit": "answers", "rounding": "exact"},
        "column unit: question shop takes one answer, so answers cannot be counted; found 'answers'; allowed: "
        "percent, count.",
    ),
    "answers that are not a most": (
        {"measure": "events", "value": "2", "unit": "answers", "rounding": "exact"},
        "column op: not an operator of unit answers; found '='; allowed: <, <=.",
    ),
}
FAULTS |= {
    f"{text!r} for a number": (
        {"value": text},
        f"column value: not a number; found {text!r}; allowed: a number such as 37, 12.5 or 2/3.",
    )
    for text in ("", "about 37", "37%", "12,5", "1/0", "nan", "inf", "x")
}


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.values(), ids=FAULTS)
def test_each_fault_of_a_claim_is_one_sentence_with_file_row_and_column(tmp_path, small_codebook, fault, sentence):
    said = refusal(as_csv({}, fault).encode(), tmp_path, small_codebook)
    assert said == f"FILE, row 3, {sentence}"


def test_two_claims_of_one_id_are_refused_with_both_rows(tmp_path, small_codebook):
    said = refusal(as_csv({"id": "a"}, {"id": "b"}, {"id": "a"}).encode(), tmp_path, small_codebook)
    assert said == "FILE, row 4, column id: the id stands in row 2 already; found 'a'."


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_named(tmp_path, small_codebook, column):
    content = pd.DataFrame([USUAL | SHOP])[[c for c in COLUMNS if c != column]].to_csv(index=False).encode()
    said = refusal(content, tmp_path, small_codebook)
    assert said == f"FILE, column {column}: the column is missing; allowed: {', '.join(COLUMNS)}."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "FILE, row 1: the file has no header."),
        (",".join(COLUMNS).encode(), "FILE: there are no claims; give at least one row."),
        (",".join(COLUMNS).encode() + b"\n\n\n", "FILE: there are no claims; give at least one row."),
        (as_csv({"reading": "caf\u00e9"}).encode("latin-1"), NOT_UTF8),
        (
            as_csv({}).rstrip().encode() + b",x\n",
            "FILE, row 2: the row is not as wide as the header; found '17 cells'; allowed: 16 cells; look for a "
            "comma or quotation mark too many.",
        ),
        (
            as_csv({}, {}).rstrip().encode() + b",x\n",
            "FILE, row 3: the row is not as wide as the header; found '17 cells'; allowed: 16 cells; look for a "
            "comma or quotation mark too many.",
        ),
        (
            as_csv({"reading": "open"}).replace("open", '"open').encode(),
            "FILE, row 2: a quotation mark opens and is not closed; take it out, or double it and close the cell.",
        ),
    ],
    ids=["empty", "no rows", "blank rows", "not UTF-8", "cells too many", "a cell too many", "an open quote"],
)
def test_a_file_that_is_no_table_of_claims_is_one_sentence(tmp_path, small_codebook, content, sentence):
    assert refusal(content, tmp_path, small_codebook) == sentence


def test_a_column_that_means_nothing_is_named(tmp_path, small_codebook):
    content = pd.DataFrame([USUAL | SHOP | {"remark": "x"}]).to_csv(index=False).encode()
    said = refusal(content, tmp_path, small_codebook)
    assert said == f"FILE, column remark: there is no such column; allowed: {', '.join(COLUMNS)}."


def test_a_count_of_more_than_all_respondents_is_refused(tmp_path, small_codebook):
    codebook = small_codebook.model_copy(update={"respondents": 30})
    said = refusal(as_csv({"value": "31"} | EXACT_COUNT).encode(), tmp_path, codebook)
    assert said == (
        "FILE, row 2, column value: more organisations than the codebook's respondents; found '31'; allowed: 0 to 30."
    )


def test_a_missing_file_is_one_sentence(tmp_path, small_codebook):
    with pytest.raises(InputProblem) as caught:
        load_claims(tmp_path / "none.csv", small_codebook)
    assert str(caught.value) == f"{tmp_path / 'none.csv'}: there is no such claims file."


def test_rows_are_counted_as_they_stand_in_the_file_blank_ones_too(tmp_path, small_codebook):
    first, *rest = as_csv({}, {"value": "x"}).splitlines()
    said = refusal("\n".join([first, "", *rest]).encode(), tmp_path, small_codebook)
    assert said.startswith("FILE, row 4, column value: not a number; found 'x'")


def test_a_loaded_claim_has_its_row_and_its_number(tmp_path, small_codebook):
    path = tmp_path / "claims.csv"
    order = {"op": ">", "value": "", "unit": "order", "rounding": "exact", "versus_category": "no"}
    fraction = {"value": "2/3", "unit": "share", "rounding": "worded", "op": "about"}
    path.write_text(as_csv({}, order, fraction), encoding="utf-8")
    claims = load_claims(path, small_codebook)
    assert claims.columns.tolist() == [*COLUMNS, "line", "number"]
    assert claims["line"].tolist() == [2, 3, 4]
    assert claims["number"].tolist() == [Fraction(37), None, Fraction(2, 3)]


def test_a_claim_without_a_measure_is_not_about_answers(small_codebook):
    claims = claims_of(small_codebook, SHOP, {"measure": "", "category": "", "value": "1829"} | EXACT_COUNT)
    assert [is_testable(c) for c in claims.to_dict("records")] == [True, False]
    again = regenerate(claims, small_table(small_codebook, ["yes"]), small_codebook, 5)
    assert again.iloc[1, 1:].isna().all()


EXACT_COUNT = {"unit": "count", "rounding": "exact"}
F = Fraction
# (op, value, unit, rounding, the limits): shares are of 1, and the tolerance is 5.
LIMITS = [
    ("=", "37", "percent", "half_up", (F(365, 1000), False, F(375, 1000), True)),
    ("=", "0", "percent", "half_up", (F(-5, 1000), False, F(5, 1000), True)),
    ("=", "100", "percent", "half_up", (F(995, 1000), False, F(1005, 1000), True)),
    ("=", "12.5", "percent", "exact", (F(1, 8), False, F(1, 8), False)),
    (">", "50", "percent", "half_up", (F(1, 2), True, None, False)),
    (">=", "50", "percent", "exact", (F(1, 2), False, None, False)),
    ("<", "50", "percent", "half_up", (None, False, F(1, 2), True)),
    ("<=", "50", "percent", "exact", (None, False, F(1, 2), False)),
    ("about", "40", "percent", "half_up", (F(35, 100), False, F(45, 100), False)),
    ("about", "40", "percent", "exact", (F(35, 100), False, F(45, 100), False)),
    ("=", "2/3", "share", "exact", (F(2, 3), False, F(2, 3), False)),
    ("about", "2/3", "share", "worded", (F(37, 60), False, F(43, 60), False)),
    ("=", "2/3", "share", "worded", (F(37, 60), False, F(43, 60), False)),
    (">", "2/3", "share", "worded", (F(2, 3), True, None, False)),
    ("=", "300", "count", "worded", (F(285), False, F(315), False)),
    (">", "1/2", "share", "exact", (F(1, 2), True, None, False)),
    (">=", "1/2", "share", "exact", (F(1, 2), False, None, False)),
    ("<", "1/3", "share", "exact", (None, False, F(1, 3), True)),
    ("<=", "1/3", "share", "exact", (None, False, F(1, 3), False)),
    ("=", "77", "count", "exact", (F(77), False, F(77), False)),
    (">", "0", "count", "exact", (F(0), True, None, False)),
    ("=", "45.3", "percent", "half_up", (F("0.4525"), False, F("0.4535"), True)),
    ("=", "45.0", "percent", "half_up", (F("0.4495"), False, F("0.4505"), True)),
    (">=", "5", "count", "exact", (F(5), False, None, False)),
    ("<", "5", "count", "exact", (None, False, F(5), True)),
    ("<=", "5", "count", "exact", (None, False, F(5), False)),
    ("about", "300", "count", "worded", (F(285), False, F(315), False)),
    ("<=", "3", "answers", "exact", (None, False, F(3), False)),
    ("<", "3", "answers", "exact", (None, False, F(3), True)),
]


@pytest.mark.parametrize(("op", "value", "unit", "rounding", "expected"), LIMITS)
def test_limits_of_each_operator_unit_and_rounding(op, value, unit, rounding, expected):
    claim = {"op": op, "value": value, "number": Fraction(value), "unit": unit, "rounding": rounding}
    assert limits(claim, 5) == expected


def half_up(number):
    claim = {"op": "=", "value": str(number), "number": Fraction(number), "unit": "percent", "rounding": "half_up"}
    return limits(claim, 5)


@pytest.mark.parametrize(
    ("share", "printed"), [("12.5", 13), ("12.4999", 12), ("12", 12), ("0.5", 1), ("0.4", 0), ("99.5", 100)]
)
def test_half_a_per_cent_is_printed_as_the_next_whole_one(share, printed):
    assert [p for p in range(101) if within(Fraction(share) / 100, half_up(p))] == [printed]


@given(st.integers(1, 2000).flatmap(lambda base: st.tuples(st.integers(0, base), st.just(base))), st.integers(0, 100))
def test_a_share_lies_within_the_limits_of_a_per_cent_just_when_it_rounds_half_up_to_it(share, offset):
    count, base = share
    rounded = int((Decimal(100 * count) / Decimal(base)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    assert within(Fraction(count, base), half_up(rounded))
    assert within(Fraction(count, base), half_up(offset)) == (offset == rounded)


def test_within_heeds_open_and_closed_ends():
    assert within(F(1), (F(1), False, F(1), False))
    assert not within(F(1), (F(1), True, F(2), False))
    assert not within(F(2), (F(1), True, F(2), True))
    assert within(F(9), (None, False, None, False))


def small_table(codebook, shops, talks=None):
    """Houses of which only the shop and the talks are told: libraries with few visits that hold no other event."""
    table = pd.DataFrame({"shop": shops}).reindex(columns=codebook.columns)
    talks = [0] * len(shops) if talks is None else talks
    fill = {"kind": "lib", "scale": "lib_few", "events.talks": talks, "events.crafts": 0, "events.concerts": 0}
    return typed(table.assign(**fill, **{"events.other": 0}), codebook)


def test_claims_are_counted_again_from_a_table(small_codebook):
    table = small_table(
        small_codebook, ["yes", "yes", "yes", "no", "planned", "dont_know", "yes", "no"], [1] * 5 + [0] * 3
    )
    claims = claims_of(
        small_codebook,
        {"measure": "shop", "value": "50"},
        {"measure": "shop", "value": "49"},
        {"measure": "shop", "category": "no_shop", "value": "3"} | EXACT_COUNT,
        {"measure": "shop", "value": "60", "break": "events", "group": "talks"},
        {"measure": "shop", "op": "about", "value": "2/3", "unit": "share", "rounding": "worded"},
        {"measure": "shop", "op": ">", "value": "", "unit": "order", "rounding": "exact", "versus_category": "no"},
        {"measure": "shop", "op": ">", "value": "", "unit": "order", "rounding": "exact", "break": "kind"}
        | {"group": "lib", "versus_group": "mus"},
        {"measure": "shop", "value": "0", "break": "kind", "group": "mus"},
        {"measure": "shop", "value": "0", "break": "kind", "group": "mus"} | EXACT_COUNT,
        {"measure": "events", "category": "", "op": "<", "value": "2", "unit": "answers", "rounding": "exact"},
        {"measure": "events", "category": "", "op": "<", "value": "1", "unit": "answers", "rounding": "exact"},
        {"measure": "events", "category": "", "op": "<=", "value": "2", "unit": "answers", "rounding": "exact"}
        | {"break": "kind", "group": "mus"},
    )
    again = regenerate(claims, table, small_codebook, 5)
    assert again.columns.tolist() == ["id", "count", "base", "share", "versus", "met"]
    assert again["id"].tolist() == claims["id"].tolist()
    assert again["count"].tolist() == [4, 4, 3, 3, 4, 4, 4, 0, 0, 0, 5, 0]
    assert again["base"].tolist() == [8, 8, 8, 5, 8, 8, 8, 0, 0, 8, 8, 0]
    assert again["share"].fillna(-1).tolist() == [0.5, 0.5, 0.375, 0.6, 0.5, 0.5, 0.5, -1, -1, 0, 0.625, -1]
    assert again["versus"].fillna(-1).tolist() == [-1, -1, -1, -1, -1, 0.25, *[-1] * 6]
    assert again["met"].tolist() == [True, False, True, True, False, True, False, False, True, True, False, False]


@pytest.mark.parametrize("seed", range(4))
def test_claims_counted_from_a_table_are_met_by_it(small_codebook, make_respondents, seed):
    table = make_respondents(small_codebook, rows=30, seed=seed)
    claims = claims_of(small_codebook, *true_claims(small_codebook, table, number=25, seed=seed))
    assert regenerate(claims, table, small_codebook, 5)["met"].all()


def test_the_made_claims_are_of_every_unit_and_operator(small_codebook, make_respondents):
    """Guards the properties above and elsewhere: they say nothing of a sort of claim that is never made."""
    table = make_respondents(small_codebook, rows=30, seed=0)
    claims = claims_of(small_codebook, *true_claims(small_codebook, table, number=120, seed=0))
    assert set(claims["unit"]) == {"percent", "share", "count", "order", "answers"}
    assert set(claims["op"]) == {"=", ">", "<", ">=", "<=", "about"}
    assert claims["versus_group"].ne("").any() and claims["versus_category"].ne("").any()
    measures = {m.id: m for m in small_codebook.measures}
    assert any(c["base"] != measures[c["measure"]].base for c in claims.to_dict("records"))
