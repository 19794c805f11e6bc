"""The register of breaks in series, its refusals, and which rows of two waves may be compared."""

import pandas as pd
import pytest

from pipeline.codebook import TOTAL, Codebook
from pipeline.harmonise import NOT_ASKED, REGISTER, compare, register
from pipeline.problems import InputProblem

ENTRY = {"date": "2021-02-01", "reason": "A new word"}


def after(codebook, *entries, change=None):
    """The next wave's codebook: `change` alters it as plain data, `entries` are its breaks in series."""
    data = codebook.model_dump(by_alias=True, mode="json")
    data |= {"wave": codebook.wave + 1, "breaks_in_series": [ENTRY | entry for entry in entries]}
    if change:
        change(data)
    return Codebook.model_validate(data)


def question(data, name):
    return next(q for q in data["questions"] if q["id"] == name)


def reworded(data):
    question(data, "outlook")["text"] = "How does the next year look to you?"


def redrawn(data):
    bands = {a["id"]: a["band"] for a in question(data, "scale")["answers"]}
    bands["mus_few"]["below"] = bands["mus_middle"]["at_least"] = 6000


def comparable(before, later, basis="unweighted", **keys):
    rows = compare(before, later, breaks=register({before.wave: before, later.wave: later}))
    rows = rows[rows["basis"].eq(basis)]
    return rows[(rows[list(keys)] == pd.Series(keys)).all(axis=1)]


def test_the_same_codebook_has_no_breaks(small_codebook):
    breaks = register({2020: small_codebook, 2021: after(small_codebook)})
    assert breaks.empty and list(breaks.columns) == REGISTER
    rows = compare(small_codebook, after(small_codebook), breaks=breaks)
    asked = ~rows["why"].eq(NOT_ASKED)
    assert rows.loc[asked, "comparable"].all() and rows.loc[~asked, "measure"].unique().tolist() == ["kind", "scale"]


def test_an_unregistered_difference_stops_with_a_sentence(small_codebook):
    with pytest.raises(InputProblem) as stopped:
        register({2020: small_codebook, 2021: after(small_codebook, change=reworded)})
    text = str(stopped.value)
    assert text.startswith(
        "codebook of 2021: question outlook: text was 'How do you see the next year?' and is 'How does"
    )
    assert (
        "which is no registered break in series; write under breaks_in_series, with comparable: true where no answer "
        "moves: {question: outlook, change: reworded, comparable: false, date: YEAR-MONTH-DAY, reason: WHY}." in text
    )


def dropped_answer(data):
    outlook = question(data, "outlook")
    outlook["answers"] = [a for a in outlook["answers"] if a["id"] != "dont_know"]


def other_code(data):
    question(data, "shop")["answers"][0]["code"] = 7


def other_routing(data):
    question(data, "goods")["asked_if"] = {"shop": {"any": ["yes", "planned"]}}


def new_question(data):
    data["questions"].append(
        {"id": "wifi", "text": "Wireless?", "label": "Wireless", "answers": [{"id": "a", "label": "A"}]}
    )


def wider_net(data):
    next(n for n in question(data, "shop")["nets"] if n["id"] == "no_shop")["answers"].append("dont_know")


def without_comment(data):
    data["questions"] = [q for q in data["questions"] if q["id"] != "comment"]
    data["measures"] = [m for m in data["measures"] if m["id"] != "comment"]
    data["figures"] = [f for f in data["figures"] if f["measure"] != "comment"]


@pytest.mark.parametrize(
    "change, entry, shown",
    [
        (reworded, {"question": "outlook", "change": "reworded"}, "text was"),
        (redrawn, {"question": "scale", "answers": ["mus_few", "mus_middle"], "change": "bands"}, "band mus_few was"),
        (dropped_answer, {"question": "outlook", "change": "answers"}, "answer dont_know is gone"),
        (other_code, {"question": "shop", "answers": ["yes"], "change": "answers"}, "code yes was '1' and is '7'"),
        (other_routing, {"question": "goods", "change": "routing"}, "asked if was"),
        (new_question, {"question": "wifi", "change": "new"}, "question is new"),
        (without_comment, {"question": "comment", "change": "gone"}, "question is gone"),
        (wider_net, {"question": "shop", "answers": ["no_shop"], "change": "answers"}, "answers of a net no_shop was"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_kind_of_difference_is_refused_until_it_is_registered(small_codebook, change, entry, shown):
    with pytest.raises(InputProblem, match=f"question {entry['question']}"):
        register({2020: small_codebook, 2021: after(small_codebook, change=change)})
    [row] = register({2020: small_codebook, 2021: after(small_codebook, entry, change=change)}).to_dict("records")
    assert shown in row["differences"]
    assert (row["wave"], row["since"], row["reason"], str(row["date"])) == (2021, 2020, "A new word", "2021-02-01")


def test_an_entry_for_other_answers_does_not_cover_a_difference(small_codebook):
    entry = {"question": "shop", "answers": ["no"], "change": "answers"}
    with pytest.raises(InputProblem, match=r"question shop: code yes .*answers: \['yes'\], change: answers"):
        register({2020: small_codebook, 2021: after(small_codebook, entry, change=other_code)})


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        (reworded, {"question": "shop", "change": "reworded"}),
        (reworded, {"question": "outlook", "change": "routing"}),
        (other_code, {"question": "shop", "change": "routing"}),
        (other_code, {"question": "outlook", "change": "answers"}),
        (dropped_answer, {"question": "outlook", "change": "routing"}),
        (new_question, {"question": "shop", "change": "new"}),
        (wider_net, {"question": "shop", "answers": ["yes"], "change": "answers"}),
    ],
    ids=lambda value: getattr(value, "__name__", "entry"),
)
def test_an_entry_of_another_question_or_of_another_change_is_no_record(small_codebook, change, entry):
    with pytest.raises(InputProblem, match="which is no registered break in series"):
        register({2020: small_codebook, 2021: after(small_codebook, entry, change=change)})


def turned_round(data):
    question(data, "outlook")["answers"].reverse()


@pytest.mark.parametrize("change", ["answers", "reworded", "bands"])
def test_the_order_of_answers_changes_with_them(small_codebook, change):
    """Whatever is on record of the answers holds for their order; a change of routing does not."""
    for kind, covered in ((change, True), ("routing", False)):
        later = after(small_codebook, {"question": "outlook", "change": kind}, change=turned_round)
        if covered:
            assert len(register({2020: small_codebook, 2021: later})) == 1
        else:
            with pytest.raises(InputProblem, match="question outlook: order of answers"):
                register({2020: small_codebook, 2021: later})


def test_an_entry_for_an_answer_of_a_net_is_the_record_of_the_net(small_codebook):
    entry = {"question": "shop", "answers": ["dont_know"], "change": "answers"}
    assert len(register({2020: small_codebook, 2021: after(small_codebook, entry, change=wider_net)})) == 1


def test_a_label_or_a_column_is_no_break(small_codebook):
    def renamed(data):
        question(data, "outlook")["column"] = "V1_new"
        question(data, "outlook")["label"] = "The year ahead"

    assert register({2020: small_codebook, 2021: after(small_codebook, change=renamed)}).empty


def test_a_question_that_is_gone_has_no_rows_to_compare_and_may_come_back(small_codebook):
    later = after(small_codebook, {"question": "comment", "change": "gone"}, change=without_comment)
    assert comparable(small_codebook, later, measure="comment")["why"].eq("there is no such row in 2021").all()
    back = after(small_codebook, {"question": "comment", "change": "new", "comparable": True})
    back = back.model_copy(update={"wave": 2022})
    books = {b.wave: b for b in (small_codebook, later, back)}
    rows = compare(small_codebook, back, breaks=register(books))
    assert rows.loc[rows["measure"].eq("comment"), "comparable"].all()


# ---- which rows


def test_a_reworded_question_takes_its_own_rows_and_no_others(small_codebook):
    later = after(small_codebook, {"question": "outlook", "change": "reworded"}, change=reworded)
    assert not comparable(small_codebook, later, measure="outlook")["comparable"].any()
    assert comparable(small_codebook, later, measure="shop")["comparable"].all()


def test_a_change_judged_to_move_nothing_lets_the_series_go_on(small_codebook):
    entry = {"question": "outlook", "change": "reworded", "comparable": True}
    later = after(small_codebook, entry, change=reworded)
    assert comparable(small_codebook, later, measure="outlook")["comparable"].all()


def test_a_redrawn_band_takes_its_groups_and_leaves_everyone(small_codebook):
    entry = {"question": "scale", "answers": ["mus_few", "mus_middle"], "change": "bands"}
    later = after(small_codebook, entry, change=redrawn)
    for basis in ("unweighted", "weighted"):
        rows = comparable(small_codebook, later, basis, measure="outlook", category="bright")
        said = rows.set_index(["break", "group"])["comparable"]
        assert said[(TOTAL, TOTAL)] and said[("kind", "mus")] and said[("scale", "mus_many")]
        assert not said[("scale", "mus_few")] and not said[("scale", "mus_middle")]
        # A group made up of that band is another group too.
        few = comparable(small_codebook, later, basis, measure="shop", group="few")
        assert not few["comparable"].any() and few["why"].str.contains("A new word").all()


def test_bands_redrawn_altogether_take_every_weighted_row(small_codebook):
    later = after(small_codebook, {"question": "scale", "change": "bands"}, change=redrawn)
    assert comparable(small_codebook, later, measure="outlook", group=TOTAL)["comparable"].all()
    weighted = comparable(small_codebook, later, "weighted", measure="outlook", group=TOTAL)
    assert not weighted["comparable"].any() and weighted["why"].str.startswith("weighted in other cells").all()


def test_a_net_goes_with_its_answers_and_the_others_stay(small_codebook):
    entry = {"question": "shop", "answers": ["planned"], "change": "reworded"}
    later = after(small_codebook, entry)
    said = comparable(small_codebook, later, measure="shop", group=TOTAL).set_index("category")["comparable"]
    assert said.to_dict() == {
        "yes": True,
        "planned": False,
        "no": True,
        "dont_know": True,
        "refused": True,
        "no_shop": False,
    }


def test_a_routed_question_goes_with_the_answer_it_hangs_on(small_codebook):
    later = after(small_codebook, {"question": "shop", "answers": ["yes"], "change": "reworded"})
    assert not comparable(small_codebook, later, measure="goods")["comparable"].any()
    unrelated = after(small_codebook, {"question": "shop", "answers": ["refused"], "change": "reworded"})
    assert comparable(small_codebook, unrelated, measure="goods")["comparable"].all()


def test_a_base_made_up_otherwise_is_another_base(small_codebook):
    def wider(data):
        next(b for b in data["bases"] if b["id"] == "shops")["where"] = {}

    rows = comparable(small_codebook, after(small_codebook, change=wider), measure="goods")
    assert rows["why"].unique().tolist() == ["its base is made up otherwise"]


def backwards(data):
    """Every condition with its answers and its questions in the other order."""

    def turned(where):
        return {q: {how: a[::-1] for how, a in t.items()} for q, t in reversed(where.items())}

    next(b for b in data["bases"] if b["id"] == "shops")["where"] = {"shop": {"any": ["planned", "yes"]}}
    for group in next(b for b in data["breaks"] if b["id"] == "fewness")["groups"]:
        group["where"] = turned(group["where"])
    question(data, "profit")["asked_if"] = turned(question(data, "profit")["asked_if"])


def test_the_order_in_which_a_condition_is_written_is_no_difference(small_codebook):
    def more(data):
        next(b for b in data["bases"] if b["id"] == "shops")["where"] = {"shop": {"any": ["yes", "planned"]}}
        question(data, "profit")["asked_if"] = {
            "shop": {"any": ["yes", "planned"]},
            "goods": {"any": ["books", "toys"]},
        }

    before = after(small_codebook, change=more)
    later = after(before, change=backwards)
    for measure in ("shop", "goods"):
        assert comparable(before, later, measure=measure)["comparable"].all()


def test_a_break_lies_between_all_waves_before_and_after_it(small_codebook):
    second = after(small_codebook, {"question": "outlook", "change": "reworded"}, change=reworded)
    third = after(second)
    books = {b.wave: b for b in (small_codebook, second, third)}
    breaks = register(books)
    for earlier, later, expected in ((2020, 2022, False), (2021, 2022, True), (2020, 2021, False)):
        rows = compare(books[earlier], books[later], breaks=breaks)
        assert rows.loc[rows["measure"].eq("outlook"), "comparable"].unique().tolist() == [expected]


def test_where_a_sector_is_no_longer_asked_everyone_is_not_who_everyone_was(small_codebook):
    """Of the sector that both waves asked the series goes on; of all organisations it does not."""
    later, sectors = after(small_codebook), small_codebook.question("kind")
    fewer = sectors.model_copy(update={"answers": tuple(a for a in sectors.answers if a.id != "lib")})
    later = later.model_copy(update={"questions": tuple(fewer if q.id == "kind" else q for q in later.questions)})
    rows = compare(small_codebook, later, breaks=register({}))
    rows = rows[rows["basis"].eq("unweighted") & rows["measure"].eq("shop")]
    assert set(rows.loc[rows["break"].eq(TOTAL), "why"]) == {"only in 2020 was the sector Library asked"}
    assert rows.loc[rows["group"].eq("mus"), "comparable"].all()
