"""A rehearsal: who answers again, what moves and by how much, what does not, and what no truth may state."""

import json
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_surveys import codebooks
from marks import carries_the_mark

from pipeline.check import check
from pipeline.clean import clean
from pipeline.codebook import ORGANISATION, Codebook, SeriesBreak, load_codebook
from pipeline.fieldwork import simulate
from pipeline.files import MARK, MARKED, whole_files
from pipeline.params import Rehearse, load_params
from pipeline.population import population_cells
from pipeline.problems import InputProblem
from pipeline.raw import Fieldwork
from pipeline.rehearse import a_year_later, check_truth, main, rehearse, topics
from pipeline.respondents import asked, gave, select, typed
from pipeline.tables import read_respondents, read_table, write_table

ROOT = Path(__file__).parent.parent
TRUTH = {
    "seed": 1,
    "before": 2020,
    "first_number": 701,
    "stays": 0.8,
    "organisations": {
        "lib_few": {"panel": 4, "new": 6},
        "lib_many": {"panel": 5, "new": 0},
        "mus_few": {"panel": 3, "new": 7},
        "mus_middle": {"panel": 2, "new": 2},
        "mus_many": {"panel": 0, "new": 3},
    },
    "moved": {"shop": {"yes": 0.05, "no": -0.03, "planned": -0.02}, "events": {"talks": -0.04}},
    "becomes": {
        "scale": {"mus_few": {"mus_few": 0.5, "mus_middle": 0.5}},
        "outlook": {"steady": {"steady": 0.75, "fair": 0.25}},
    },
    "new": {"funding": {"enough": 0.4, "short": 0.6}},
}


def truth_of(**changes):
    return Rehearse.model_validate(TRUTH | changes)


@pytest.fixture(scope="module")
def later(small_codebook):
    """The made-up survey a year on: an answer more, a band redrawn, a question gone and one that is new."""
    book = small_codebook.model_dump(by_alias=True)
    book |= {"wave": 2021, "kind": "rehearsal"}
    questions = {q["id"]: q for q in book["questions"]}
    questions["outlook"]["answers"] += ({"id": "fair", "label": "Fair", "code": 4},)
    bands = {a["id"]: a["band"] for a in questions["scale"]["answers"]}
    bands["mus_few"]["below"] = bands["mus_middle"]["at_least"] = 3000
    del questions["comment"]
    answers = [{"id": "enough", "label": "Enough", "code": 1}, {"id": "short", "label": "Short", "code": 2}]
    questions["funding"] = {"id": "funding", "text": "Enough money?", "label": "Money", "answers": answers}
    book["questions"] = list(questions.values())
    book["measures"] = [m for m in book["measures"] if m["question"] != "comment"]
    book["figures"] = [f for f in book["figures"] if f["measure"] != "comment"]
    return Codebook.model_validate(book)


@pytest.fixture(scope="module")
def wave(small_respondents, small_codebook, later):
    return drawn(small_respondents, small_codebook, later)


def drawn(records, before, codebook, seed=3, **changes):
    rng = np.random.default_rng(seed)
    return rehearse(rng, records, records, before=before, codebook=codebook, truth=truth_of(**changes))


def many(records, times=150):
    """The records over and over, so that shares come near to what they are in the mean."""
    return pd.concat([records] * times, ignore_index=True)


def shares(table, question):
    heard = asked(table, question)
    return {a.id: gave(table, question, a.id).sum() / heard.sum() for a in question.answers}


def faults(table, codebook):
    """What in a table of respondents no questionnaire could have brought in."""
    found = []
    for question in codebook.questions:
        heard, cells = asked(table, question), table[question.columns]
        if not cells.notna().all(axis=1).eq(heard).all() or not cells.isna().all(axis=1).eq(~heard).all():
            found.append(f"{question.id} answered by others than those asked")
        if question.several:
            number = cells[heard].sum(axis=1)
            most = question.max_answers or len(question.answers)
            if not number.between(question.min_answers, most).all():
                found.append(f"{question.id} with too few or too many answers")
        elif not cells[question.id].dropna().isin(a.id for a in question.answers).all():
            found.append(f"{question.id} with an unknown answer")
        for a in question.answers:
            if a.band and not table.loc[gave(table, question, a.id), codebook.sector].eq(a.band.sector).all():
                found.append(f"{a.id} in another sector")
    return found


# ---- who answers


def test_the_panel_keeps_its_names_and_new_organisations_get_unused_ones(wave, small_respondents, small_codebook):
    again = wave[wave[ORGANISATION].isin(small_respondents[ORGANISATION])]
    sector = small_respondents.set_index(ORGANISATION)[small_codebook.sector]
    assert (len(wave), len(again)) == (32, 14)
    assert wave[ORGANISATION].is_unique
    assert again[small_codebook.sector].eq(again[ORGANISATION].map(sector)).all()
    new = wave.loc[~wave.index.isin(again.index), ORGANISATION]
    assert sorted(new) == [f"LIB-{n}" for n in range(701, 707)] + [f"MUS-{n}" for n in range(701, 713)]


def test_as_many_of_each_size_answer_as_the_truth_says(small_respondents, small_codebook):
    wave = drawn(small_respondents, small_codebook, small_codebook, becomes={}, new={})
    again = wave[ORGANISATION].isin(small_respondents[ORGANISATION])
    for band, sample in TRUTH["organisations"].items():
        ours = wave[small_codebook.size_band].eq(band)
        assert {"panel": (ours & again).sum(), "new": (ours & ~again).sum()} == sample


def test_a_panel_alone_can_be_rehearsed(small_respondents, small_codebook, later):
    panel = {band: {"panel": 1, "new": 0} for band in TRUTH["organisations"]}
    wave = drawn(small_respondents, small_codebook, later, organisations=panel)
    assert len(wave) == len(panel) and wave[ORGANISATION].isin(small_respondents[ORGANISATION]).all()


def test_rows_stand_by_sector_and_name(wave, later):
    sectors = [a.id for a in later.question(later.sector).answers]
    order = sorted(wave.index, key=lambda i: (sectors.index(wave.at[i, later.sector]), wave.at[i, ORGANISATION]))
    assert order == list(wave.index)


def test_the_same_seed_gives_the_same_wave_and_another_one_another(small_respondents, small_codebook, later, wave):
    pd.testing.assert_frame_equal(drawn(small_respondents, small_codebook, later), wave)
    assert not drawn(small_respondents, small_codebook, later, seed=4).equals(wave)


# ---- what they answer


@pytest.mark.parametrize("seed", range(5))
def test_routing_and_the_numbers_of_answers_are_kept(small_codebook, later, make_respondents, seed):
    records = make_respondents(small_codebook, rows=300, seed=seed)
    moved = {"shop": {"yes": 0.01, "no": -0.01}, "events": {"other": 0.02}, "goods": {"books": -0.01}}
    sizes = {band: {"panel": 2, "new": 50} for band in TRUTH["organisations"]}
    wave = drawn(records, small_codebook, later, seed, moved=moved, stays=0.5, organisations=sizes)
    assert faults(records, small_codebook) == faults(wave, later) == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), seed=st.integers(0, 1000))
def test_any_survey_can_be_rehearsed(make_respondents, data, seed):
    book = data.draw(codebooks(respondents=30))
    records = make_respondents(book, rows=30, seed=seed)
    truth = truth_of(moved={}, becomes={}, new={}, stays=0.3)
    rng = np.random.default_rng(seed)
    again = a_year_later(rng, records, records, before=book, codebook=book, truth=truth)
    assert faults(again, book) == []
    assert again[ORGANISATION].tolist() == records[ORGANISATION].tolist()


def test_who_always_stays_answers_all_the_same(small_respondents, small_codebook):
    truth = truth_of(moved={}, becomes={}, new={}, stays=1)
    rng = np.random.default_rng(1)
    books = {"before": small_codebook, "codebook": small_codebook}
    again = a_year_later(rng, small_respondents, small_respondents, truth=truth, **books)
    pd.testing.assert_frame_equal(again, small_respondents)


def test_what_is_not_named_does_not_move_in_any_group(small_respondents, small_codebook):
    """Every share that the codebook shows, in every group: nobody stays as they are, and it is there in the mean."""
    truth = truth_of(moved={}, becomes={}, new={}, stays=0)
    everyone = many(small_respondents)
    books = {"before": small_codebook, "codebook": small_codebook}
    again = a_year_later(np.random.default_rng(5), everyone, small_respondents, truth=truth, **books)
    looked_at = 0
    for measure in small_codebook.measures:
        question, where = small_codebook.question(measure.question), small_codebook.base(measure.base).where
        for group in (g for b in ("total", *measure.breaks) for g in small_codebook.groups(b)):
            then, now = (t[select(t, where) & select(t, group.where)] for t in (everyone, again))
            if len(then) < 1000:
                continue
            for answer in question.answers:
                was, is_ = (gave(t, question, answer.id).mean() for t in (then, now))
                assert is_ == pytest.approx(was, abs=5 * np.sqrt(0.25 / len(then))), (measure.id, group.id, answer.id)
                looked_at += 1
    assert looked_at > 100


MOVES = {
    "one answer": {"outlook": {"bright": 0.07, "steady": -0.05, "dont_know": -0.02}},
    "several answers, with a limit": {"events": {"talks": -0.1}},
    "one answer more, with a limit": {"events": {"talks": 0.1}},
    "of those asked": {"goods": {"toys": -0.1}},
    "one that opens questions to others": {"shop": {"yes": 0.06, "no": -0.06}},
    "two questions, one asked of those who give the other": {
        "shop": {"yes": 0.06, "no": -0.06},
        "goods": {"cards": -0.05},
    },
    "two answers of any number": {"comment": {"staff": 0.05}},
}


@pytest.mark.parametrize("moved", MOVES.values(), ids=MOVES.keys())
def test_shares_move_by_what_the_truth_says_and_others_do_not(small_respondents, small_codebook, moved):
    truth = truth_of(moved=moved, becomes={}, new={})
    everyone = many(small_respondents)
    books = {"before": small_codebook, "codebook": small_codebook}
    check_truth(truth, small_respondents, **books)
    again = a_year_later(np.random.default_rng(11), everyone, small_respondents, truth=truth, **books)
    assert faults(again, small_codebook) == []
    for question in small_codebook.questions:
        then, now = shares(everyone, question), shares(again, question)
        margin = 5 * np.sqrt(0.25 / asked(everyone, question).sum())
        for answer in then:
            wanted = moved.get(question.id, {}).get(answer, 0)
            # A question that a moved one opens is asked of others too, whose like may have answered otherwise.
            if question.id in moved or not set(question.asked_if) & set(moved):
                assert now[answer] - then[answer] == pytest.approx(wanted, abs=margin), (question.id, answer)


@pytest.mark.parametrize("stays", [0.3, 0.9])
def test_an_answer_correlates_over_the_waves_by_the_chance_to_stay(small_respondents, small_codebook, stays):
    band = small_respondents[small_codebook.size_band].mode()[0]
    records = small_respondents[small_respondents[small_codebook.size_band].eq(band)]
    everyone = many(records, 600)
    truth = truth_of(moved={}, becomes={}, new={}, stays=stays)
    books = {"before": small_codebook, "codebook": small_codebook}
    again = a_year_later(np.random.default_rng(2), everyone, records, truth=truth, **books)
    question = small_codebook.question("outlook")
    then, now = (gave(t, question, records["outlook"].mode()[0]).astype(float) for t in (everyone, again))
    assert np.corrcoef(then, now)[0, 1] == pytest.approx(stays, abs=0.04)


def test_a_topic_is_what_is_looked_at_together(small_codebook):
    assert topics(small_codebook) == [
        ["channel"],
        ["events", "events_other", "shop", "goods", "profit", "outlook"],
        ["comment"],
    ]


def test_answers_become_those_of_the_later_questionnaire(small_respondents, small_codebook, later):
    everyone = many(small_respondents)
    truth = truth_of(moved={}, stays=1)
    again = a_year_later(
        np.random.default_rng(4), everyone, small_respondents, before=small_codebook, codebook=later, truth=truth
    )
    steady = again.loc[everyone["outlook"].eq("steady"), "outlook"].value_counts(normalize=True)
    assert steady.to_dict() == pytest.approx({"steady": 0.75, "fair": 0.25}, abs=0.03)
    few = again.loc[everyone["scale"].eq("mus_few"), "scale"].value_counts(normalize=True)
    assert few.to_dict() == pytest.approx({"mus_few": 0.5, "mus_middle": 0.5}, abs=0.03)
    assert again["funding"].value_counts(normalize=True).to_dict() == pytest.approx(TRUTH["new"]["funding"], abs=0.02)
    assert "comment.staff" not in again
    kept = [c for c in later.columns if c in everyone and c not in ("outlook", "scale")]
    pd.testing.assert_frame_equal(again[kept], everyone[kept])


def test_cleaning_brings_back_exactly_the_rehearsed_respondents(wave, later, make_settings):
    told = simulate(wave, later, make_settings(organisations=45, contacts=150))
    named = Fieldwork(*(t.set_axis(range(2, 2 + len(t))) for t in told))
    pd.testing.assert_frame_equal(clean(named, later).respondents, wave)
    panel = set(wave[ORGANISATION])
    assert panel < set(told.frame[ORGANISATION])


# ---- what no truth may state

REFUSED = {
    "a band of no wave": (
        {"organisations": {"lib_huge": {"panel": 1, "new": 1}}},
        "organisations: no such size band of the wave before; found 'lib_huge'; allowed: lib_few, lib_many, mus_few, "
        "mus_middle, mus_many.",
    ),
    "more of a panel than answered": (
        {"organisations": {"mus_many": {"panel": 99, "new": 1}}},
        "organisations.mus_many.panel: more answer again than answered; found 99; allowed: 0 to ",
    ),
    "new organisations with old names": (
        {"first_number": 1},
        "first_number: an organisation of the wave before has this name; found 'LIB-001'; begin further up.",
    ),
    "a question that is not there": (
        {"moved": {"shops": {"yes": 0.1}}},
        "moved: no such question of both waves that organisations answer; found 'shops'; allowed: channel, events, ",
    ),
    "a question that the later wave does not ask": (
        {"moved": {"comment": {"staff": 0.1}}},
        "moved: no such question of both waves that organisations answer; found 'comment'; allowed: ",
    ),
    "an answer that is not there": (
        {"moved": {"shop": {"maybe": 0.1, "no": -0.1}}},
        "moved.shop: no such answer of the wave before; found 'maybe'; allowed: yes, planned, no, dont_know, refused.",
    ),
    "changes that make more than all": (
        {"moved": {"shop": {"yes": 0.1, "no": -0.05}}},
        "moved.shop: of a question with one answer the changes must add up to 0; found '0.05'.",
    ),
    "a fall below nobody": (
        {"moved": {"shop": {"yes": 0.9, "no": -0.9}}},
        "moved.shop.yes: the share cannot move so far; found 0.9; allowed: at most ",
    ),
    "two answers of a limited number": (
        {"moved": {"events": {"talks": 0.01, "crafts": 0.01}}},
        "moved.events: of a question that limits the number of answers only one can be moved; found ['talks', "
        "'crafts'].",
    ),
    "an answer that goes nowhere": (
        {"becomes": {"outlook": {"steady": {"stable": 1}}}},
        "becomes.outlook.steady: no such answer of the later wave; found 'stable'; allowed: bright, steady, bleak, "
        "dont_know, fair.",
    ),
    "an answer that nobody gave": (
        {"becomes": {"outlook": {"stable": {"steady": 1}}}},
        "becomes.outlook: no such answer of the wave before; found 'stable'; allowed: bright, steady, bleak, "
        "dont_know.",
    ),
    "a band of the other sector": (
        {"becomes": {"scale": {"mus_few": {"lib_few": 1}}}},
        "becomes.scale.mus_few: a size band becomes one of the same sector; found 'lib_few'.",
    ),
    "a new question without shares": (
        {"new": {}},
        "new.funding: only the later wave asks it, so its shares must be given.",
    ),
    "shares for an old question": (
        {"new": TRUTH["new"] | {"shop": {"yes": 1}}},
        "new: no such question that only the later wave asks; found 'shop'; allowed: funding.",
    ),
    "shares of a new question that are not all": (
        {"new": {"funding": {"enough": 0.4}}},
        "new.funding: the shares must add up to 1; found '0.4'.",
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_a_truth_that_cannot_be_is_refused(small_respondents, small_codebook, later, changes, sentence):
    with pytest.raises(InputProblem) as refused:
        drawn(small_respondents, small_codebook, later, **changes)
    assert str(refused.value).startswith(f"params.yaml: rehearse.{sentence}")


def test_an_answer_that_the_later_wave_has_not_must_become_another(small_respondents, small_codebook, later):
    with pytest.raises(InputProblem, match=r"rehearse\.becomes\.outlook\.fair: no such answer of the later wave"):
        check_truth(
            truth_of(moved={}, becomes={}, new={"comment": {}}),
            small_respondents,
            before=later,
            codebook=small_codebook,
        )


def test_a_share_may_move_just_as_far_as_there_are_answers(small_respondents, small_codebook, later):
    fall = float(shares(small_respondents, small_codebook.question("shop"))["no"])
    everybody = {"shop": {"yes": fall, "no": -fall}}
    wave = drawn(small_respondents, small_codebook, later, moved=everybody)
    assert not wave["shop"].eq("no").any()


def test_a_share_of_a_question_that_nobody_was_asked_may_stay(small_respondents, small_codebook, later):
    """Nobody has a shop, so nobody was asked what it sells; that its shares change by nothing is a truth."""
    never = ["goods.books", "goods.toys", "goods.cards", "goods.dont_know", "profit"]
    records = small_respondents.assign(shop="no", **dict.fromkeys(never, pd.NA))
    records = typed(records, small_codebook)
    wave = drawn(records, small_codebook, later, moved={"goods": {"books": 0}, "profit": {"yes": 0, "no": 0}})
    assert wave["shop"].eq("no").all() and wave[never].isna().all(axis=None)


def test_a_question_that_is_gone_is_on_record_and_not_in_the_codebook(later):
    gone = {"question": "comment", "change": "gone", "date": "2021-01-01", "reason": "No longer asked."}
    book = later.model_dump(by_alias=True)
    assert Codebook.model_validate(book | {"breaks_in_series": [gone]}).breaks_in_series == (SeriesBreak(**gone),)
    for wrong in ({"question": "shop"}, {"answers": ["staff"]}):
        with pytest.raises(ValueError, match="is gone, so it is no question here, with no answers"):
            Codebook.model_validate(book | {"breaks_in_series": [gone | wrong]})


# ---- the command and the marks


@pytest.fixture
def project(tmp_path, small_codebook, small_respondents, later):
    """A folder with the made-up survey's two waves and a settings file that rehearses the second."""
    for book in (small_codebook, later):
        text = yaml.safe_dump(json.loads(book.model_dump_json(by_alias=True, exclude_unset=True)))
        (tmp_path / "codebook").mkdir(exist_ok=True)
        (tmp_path / f"codebook/{book.wave}.yaml").write_text(text, encoding="utf-8")
    write_table(tmp_path / "clean/2020/respondents.csv", small_respondents)
    settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8")) | {"rehearse": TRUTH}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return tmp_path


def test_the_command_writes_respondents_and_no_bounds_both_marked(project, later):
    main(wave=2021, params=project / "params.yaml", data=project)
    first = {p.name: p.read_bytes() for p in (project / "respondents/2021").iterdir()}
    assert set(first) == {"respondents.csv", "bounds.csv"}
    assert len(read_respondents(project / "respondents/2021/respondents.csv", later)) == 32
    assert read_table(project / "respondents/2021/bounds.csv").empty
    for text in (content.decode("utf-8") for content in first.values()):
        header, *rows = text.splitlines()
        assert header.endswith(f",{MARK}")
        assert all(row.endswith(f',"{MARKED}"') for row in rows)
    main(wave=2021, params=project / "params.yaml", data=project)
    assert first == {p.name: p.read_bytes() for p in (project / "respondents/2021").iterdir()}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"rehearse": None},
            "wave 2021 is a rehearsal, and the section `rehearse` is empty; fill it in, or take the wave off",
        ),
        ({"rehearse": TRUTH | {"before": 2021}}, r"rehearse\.before: no wave before 2021; found 2021; allowed: 2020\."),
        ({"rehearse": TRUTH | {"moved": {"shops": {"yes": 0}}}}, r"rehearse\.moved: no such question of both waves"),
    ],
)
def test_a_rehearsal_that_cannot_be_is_found_before_anything_runs(project, changes, sentence):
    settings = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    settings["waves"] = {"all": [2020, 2021], "rehearsal": [2021]}
    (project / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert list(check(project / "params.yaml", project / "codebook")) == [2020, 2021]
    (project / "params.yaml").write_text(yaml.safe_dump(settings | changes), encoding="utf-8")
    with pytest.raises(InputProblem, match=sentence):
        check(project / "params.yaml", project / "codebook")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("rehearse:", "rehearse: null\nx:", "there is no such key; found 'x'"),
        ("kind: rehearsal", "kind: fieldwork", r"2021\.yaml: only a rehearsal is simulated; found 'fieldwork'\."),
    ],
)
def test_what_is_no_rehearsal_is_refused_and_nothing_written(project, old, new, sentence):
    for path in (project / "params.yaml", project / "codebook/2021.yaml"):
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InputProblem, match=sentence):
        main(wave=2021, params=project / "params.yaml", data=project)
    assert not (project / "respondents").exists()


def rehearsals():
    return load_params(ROOT / "params.yaml").waves.rehearsal


@pytest.mark.parametrize("year", rehearsals())
def test_every_published_file_of_a_rehearsal_says_so(year):
    files = whole_files(ROOT / f"reports/{year}")
    assert {p.suffix for p in files} == {".csv", ".png", ".svg", ".txt", ".html", ".ipynb", ".json", ".xml", ".xlsx"}
    assert [str(p.relative_to(ROOT)) for p in files if not carries_the_mark(p)] == []


@pytest.mark.parametrize("year", rehearsals())
def test_every_table_of_a_rehearsal_s_workbook_says_so_above_it(year):
    book = openpyxl.load_workbook(ROOT / f"reports/{year}/tables.xlsx")
    sheets = [sheet for sheet in book if sheet.title[:2].isdecimal()]
    assert len(sheets) == len(load_codebook(ROOT / f"data/codebook/{year}.yaml").measures)
    for sheet in sheets:
        [table] = sheet.tables.values()
        above = sheet.iter_rows(max_row=openpyxl.utils.range_boundaries(table.ref)[1] - 1, values_only=True)
        assert any(MARK in str(cell) for row in above for cell in row), sheet.title


@pytest.mark.parametrize("year", rehearsals())
def test_no_published_file_of_another_wave_says_so(year):
    others = [w for w in load_params(ROOT / "params.yaml").waves.all if w not in rehearsals()]
    files = (p for wave in others for p in whole_files(ROOT / f"reports/{wave}", "*.csv"))
    assert [p.name for p in files if carries_the_mark(p)] == []


@pytest.mark.parametrize("year", rehearsals())
def test_a_redrawn_band_is_counted_anew_and_the_sectors_keep_their_totals(year):
    settings = load_params(ROOT / "params.yaml")
    then, now = (
        population_cells(
            settings.weight.population,
            folder=ROOT / "data/population",
            codebook=load_codebook(ROOT / f"data/codebook/{wave}.yaml"),
        ).set_index("cell")
        for wave in (settings.rehearse.before, year)
    )
    assert then.groupby("sector")["total"].sum().equals(now.groupby("sector")["total"].sum())
    redrawn = settings.rehearse.becomes[load_codebook(ROOT / f"data/codebook/{year}.yaml").size_band]
    assert not set(redrawn) & set(now.index)
    assert now.loc[[b for b in now.index if b not in then.index], "kind"].eq("counted").all()


@pytest.mark.parametrize("year", rehearsals())
def test_bands_become_others_in_the_shares_of_the_register(year):
    """params.yaml: of the councils in a band that was cut, as many are in each part of it as the register counts."""
    settings = load_params(ROOT / "params.yaml")
    books = [load_codebook(ROOT / f"data/codebook/{wave}.yaml") for wave in (settings.rehearse.before, year)]
    register = pd.read_csv(ROOT / "data/population/local_authorities_mid2014.csv").query("nation == 'England'")
    old, new = (book.question(book.size_band) for book in books)

    def inside(band):
        upper = np.inf if band.below is None else band.below
        return register["population"].ge(band.at_least) & register["population"].lt(upper)

    for band, shares_ in settings.rehearse.becomes[old.id].items():
        from_ = inside(old.answer(band).band)
        for into, share in shares_.items():
            found = (from_ & inside(new.answer(into).band)).sum() / from_.sum()
            assert share == pytest.approx(found, abs=0.005), (band, into)


@pytest.mark.parametrize("year", rehearsals())
def test_the_register_says_of_every_kind_of_change_what_it_was(year):
    book = load_codebook(ROOT / f"data/codebook/{year}.yaml")
    kinds = {(entry.change, entry.comparable) for entry in book.breaks_in_series}
    assert kinds >= {("reworded", False), ("gone", False), ("new", False), ("bands", False), ("answers", False)}
    assert ("answers", True) in kinds
    assert all(entry.date.year <= year and len(entry.reason) > 30 for entry in book.breaks_in_series)
