"""What the tracker publishes gives nothing away: a reader who has all its tables attacks those of a protected wave."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from made_waves import renamed
from reader import Reader, tables_of, withheld
from test_disclose import survey, weighted  # noqa: F401

from pipeline import track, withhold
from pipeline.change import Wave
from pipeline.codebook import TOTAL, NetScore, Step, Trend
from pipeline.disclose import protect
from pipeline.estimate import KEYS, UNWEIGHTED, WEIGHTED, estimate
from pipeline.harmonise import register
from pipeline.maturity import OVERALL, criterion_shares, score_grid
from pipeline.params import Analyse, Disclose, load_params
from pipeline.step_weights import robustness, what_survives
from pipeline.tables import read_table

ANALYSE = Analyse(confidence=0.95, flag_below=3, withhold_below=1)
NAMES = ("changes", "decomposition", "net_scores", "net_score_changes", "maturity", "maturity_changes", "transitions")


def disclose(minimum_base=8, minimum_count=1):
    return Disclose(minimum_base=minimum_base, minimum_count=minimum_count, share_digits=2, weighted_base_to=5)


@pytest.fixture(scope="module")
def followed(survey):  # noqa: F811
    """The survey of the tests of disclosure control, with a net score, two steps and a trend."""

    def step(number, *criteria):
        made = [{"id": f"c{i}", "label": f"c{i}", "where": where} for i, where in enumerate(criteria)]
        return Step(id=f"s{number}", number=number, label=f"s{number}", criteria=made)

    steps = step(1, {"plan": {"any": ["yes"]}}, {"aims": {"any": ["x"]}}), step(2, {"who": {"any": ["head"]}})
    score = NetScore(id="will", label="Will", measure="plan", plus=["yes"], minus=["none"])
    trends = Trend(id="plan", number=1, title="Plan", measure="plan", categories=["yes"])
    heads = Trend(id="who", number=2, title="Who", measure="who", categories=["head"])
    more = {"steps": steps, "net_scores": (score,), "trends": (trends, heads)}
    return survey.model_copy(update=more)


def made_waves(book, make_respondents, rules, *, kinds=("reconstruction", "rehearsal"), sizes=(100, 120), seed=1):
    """Two Waves, the later with most organisations of the earlier again, and protected where they are not public."""
    first = make_respondents(book, sizes[0], seed)
    again = make_respondents(book, sizes[0], seed + 1).assign(organisation=first["organisation"])
    again = again.assign(sector=first["sector"], size=first["size"]).iloc[: sizes[0] - 5]
    new = renamed(make_respondents(book, sizes[1] - len(again), seed + 2), 0)
    later = pd.concat([again, new], ignore_index=True)
    waves = []
    for year, kind, people in zip((2020, 2021), kinds, (first, later), strict=True):
        wave_book, rows = book.model_copy(update={"wave": year, "kind": kind}), weighted(people, book)
        every = estimate(rows, codebook=wave_book, settings=ANALYSE)
        if kind == "reconstruction":
            every = every.assign(support="published", quality="ok")
        kept, _ = protect(every, rows, codebook=wave_book, settings=rules)
        waves.append(Wave(year, wave_book, rows, kept))
    return waves


def readers(waves, rules, released=True):
    """A Reader of each Wave that is not public."""
    breaks = register(track.books(waves))
    sections = SimpleNamespace(analyse=ANALYSE, disclose=rules)
    tables = tables_of(waves, breaks=breaks, settings=sections, released=released)
    return [Reader(w, waves, tables, breaks, rules) for w in waves if w.kind != "reconstruction"]


RULES = {"small bases": disclose(), "small counts": disclose(6, 3)}


@pytest.fixture(scope="module", params=RULES)
def rules(request):
    return RULES[request.param]


@pytest.fixture(scope="module", params=[("reconstruction", "rehearsal"), ("fieldwork", "fieldwork")], ids=" then ".join)
def waves(request, rules, followed, make_respondents):
    return made_waves(followed, make_respondents, rules, kinds=request.param)


@pytest.fixture(scope="module")
def read(waves, rules):
    """The Readers of what is published of the waves."""
    return readers(waves, rules)


# ---- the attack


def test_nothing_withheld_can_be_worked_out_from_the_tracker(read):
    for reader in read:
        assert len(reader.hidden()) > 3
        assert reader.leaks() == {}


def test_the_same_attack_finds_what_unprotected_tables_give_away(waves, rules):
    assert all(reader.leaks() for reader in readers(waves, rules, released=False))


@pytest.fixture(scope="module")
def one_leaky(followed, make_respondents):
    """A Reader of what is published, and of what was found."""
    rules = RULES["small bases"]
    waves = made_waves(followed, make_respondents, rules)
    return [*readers(waves, rules), *readers(waves, rules, released=False)]


@pytest.mark.parametrize("name", ["decomposition", "net_scores", "maturity", "figures/maturity_weights"])
def test_a_planted_leak_is_found(name, one_leaky):
    """One table as it was before anything was withheld, beside the others as they are published."""
    kept, found = one_leaky
    assert replace(kept, tables=kept.tables | {name: found.tables[name]}).leaks()


@pytest.mark.slow
@settings(max_examples=5, deadline=None, derandomize=True, phases=[Phase.generate])
@given(seed=st.integers(0, 10_000), base=st.integers(2, 15), count=st.integers(1, 4), size=st.integers(100, 160))
def test_no_wave_is_given_away(followed, make_respondents, seed, base, count, size):
    rules = disclose(base, count)
    waves = made_waves(followed, make_respondents, rules, seed=seed, sizes=(100, size))
    for reader in readers(waves, rules):
        assert reader.leaks() == {}


def attack(root):
    """Everything in reports/tracker of a built project, beside the waves' own tables; and one leak planted in it.

    tests/test_reproduction.py, which builds the project, attacks it.
    """
    parameters = load_params(root / "params.yaml")
    folders = {name: root / "data" / name for name in ("weighted", "series")}
    found = track.load_waves(parameters.waves.all, codebooks=root / "data/codebook", **folders)
    breaks = register(track.books(found))
    folder = root / "reports/tracker"
    tables = {n: read_table(folder / f"{n}.csv") for n in (*NAMES, "figures/maturity_weights")}
    read = [Reader(w, found, tables, breaks, parameters.disclose) for w in found if w.kind != "reconstruction"]
    for reader in read:
        assert len(reader.hidden()) > 100 and len(reader.numbers(*reader.with_the_past())) > 3000
        assert reader.leaks() == {}
        planted(reader)


def planted(reader):
    """A net score of which one side is withheld is put back, and what it gives away is found."""
    rows = reader.tables["net_scores"]
    gone = rows[rows["wave"].eq(reader.wave.wave) & rows["estimate"].isna() & rows["break"].eq(TOTAL)]
    one = gone[gone["basis"].eq(UNWEIGHTED)].iloc[0]
    raw = track.with_scores([reader.wave], score_grid, lambda *_: None, ANALYSE)[0].estimates
    true = raw[(raw[[*KEYS, "basis"]] == one[[*KEYS, "basis"]]).all(axis=1)].iloc[0]
    leaky = rows.assign(estimate=rows["estimate"].mask(rows.index == one.name, true["estimate"]))
    score = next(s for s in reader.wave.codebook.net_scores if s.id == one["measure"])
    asked = {key for key in reader.hidden() if key[0] == score.measure and key[2] == TOTAL}
    assert replace(reader, tables=reader.tables | {"net_scores": leaky}).leaks(only=asked)


# ---- by construction


def test_what_is_made_of_shares_follows_from_the_published_ones(read):
    """Every unweighted mark that is published can be had from published counts alone, and so says nothing new."""
    reader = read[-1]
    shares = reader.wave.estimates[reader.wave.estimates["basis"].eq(UNWEIGHTED)].set_index(KEYS)
    book = reader.wave.codebook
    marks = reader.tables["maturity"]
    ours = marks[marks["wave"].eq(2021) & marks["basis"].eq(UNWEIGHTED) & marks["estimate"].notna()]
    for row in ours[ours["measure"].ne(OVERALL)].to_dict("records"):
        step = next(s for s in book.steps if s.id == row["measure"])
        counts = []
        for criterion in step.criteria:
            ways = [[(*s, row["break"], row["group"]) for s in way] for way in criterion_shares(criterion, book)]
            counts.append(next(n for n in (shares.loc[way, "count"].sum(skipna=False) for way in ways) if pd.notna(n)))
        assert row["estimate"] == pytest.approx(np.mean(counts) / row["n"])


def test_weighted_marks_under_other_weights_are_as_coarse():
    rows = pd.DataFrame(
        {"wave": 2021, "break": "b", "group": ["g", "g", "h"], "basis": [WEIGHTED, UNWEIGHTED, WEIGHTED]}
    )
    overall = rows.assign(measure=OVERALL, estimate=[0.5, 0.5, None])
    waves = [SimpleNamespace(wave=2021, kind="fieldwork")]
    kept = withhold.weighed(rows.assign(choice="any", mark=0.1234), overall, waves, disclose())
    assert kept["mark"].tolist()[:2] == [0.12, 0.1234] and pd.isna(kept["mark"].iloc[2])


def test_a_mark_is_published_where_every_share_of_it_is_and_nowhere_else(one_leaky):
    kept, found = (r.tables["maturity"].query("wave == 2021 and basis == 'unweighted'") for r in one_leaky)
    assert found["estimate"].notna().all()
    assert kept["estimate"].notna().any() and kept["estimate"].isna().any()


def test_weighted_numbers_are_as_coarse_as_the_shares(one_leaky):
    reader = one_leaky[0]
    for name in ("net_scores", "maturity"):
        table = reader.tables[name]
        ours = table.loc[table["wave"].eq(2021) & table["basis"].eq(WEIGHTED), "estimate"].dropna().astype(float)
        assert len(ours) and np.allclose(ours, ours.round(2), rtol=0, atol=1e-12)
    effective = reader.tables["net_scores"].query("wave == 2021")["n_eff"].dropna().astype(float)
    assert np.allclose(effective, effective.round(0))


# ---- organisations in two waves


def moved(rules, panel=(5, 5, 20, 20), outside=10, before=None):
    """The transitions of one answer, in a later wave whose base has so many organisations outside the panel.

    The wave before is a printed report, or one that is not public and has this count of the answer.
    """
    names = ("gained", "lost", "kept", "still without")
    table = pd.DataFrame({"transition": names, "n": panel, "panel": sum(panel), "organisations": "A; B", "why": ""})
    table = table.assign(wave=2021, since=2020, measure="m", category="c")
    book = SimpleNamespace(measure=lambda _: SimpleNamespace(base="all"), base=lambda _: SimpleNamespace(where={}))
    share = dict(zip(KEYS, ("m", "c", TOTAL, TOTAL), strict=True)) | {"basis": UNWEIGHTED, "count": 25, "n": 60}
    people = pd.DataFrame(index=range(sum(panel) + outside))
    later = SimpleNamespace(
        wave=2021, kind="fieldwork", codebook=book, respondents=people, estimates=pd.DataFrame([share])
    )
    earlier = SimpleNamespace(wave=2020, kind="reconstruction", estimates=later.estimates)
    if before is not None:
        told = pd.DataFrame([share | {"count": before}])
        earlier = SimpleNamespace(**(vars(later) | {"wave": 2020, "estimates": told}))
    kept = withhold.moves(table, [earlier, later], rules)
    assert "organisations" not in kept
    return kept["n"].isna().unique().tolist()


@pytest.mark.parametrize(
    ("case", "gone"),
    [
        ({}, False),
        ({"panel": (3, 2, 4, 30)}, True),  # six gave the answer before
        ({"panel": (0, 20, 0, 20)}, False),  # nobody gives it now, which is no small base
        ({"panel": (1, 2, 2, 2)}, True),  # the panel is small
        ({"outside": 7}, True),  # seven others: their answers are the share less the panel's
        ({"outside": 0}, False),
        ({"outside": 8}, False),
        ({"before": 25}, False),
        ({"before": np.nan}, True),  # the share before is withheld
        ({"panel": (4, 4, 4, 20)}, False),  # eight of each, which is the smallest base that is given
        ({"panel": (4, 5, 3, 20)}, True),  # seven give it now
        ({"panel": (4, 20, 20, 3)}, True),  # seven did not give it before
        ({"panel": (20, 4, 20, 3)}, True),  # seven do not give it now
    ],
)
def test_transitions_are_published_whole_or_not_at_all(case, gone):
    assert moved(disclose(), **case) == [gone]


def test_a_transition_of_few_is_withheld_where_small_counts_are():
    assert moved(disclose(8, 3), panel=(2, 20, 20, 20)) == [True]
    assert moved(disclose(8, 3), panel=(0, 20, 20, 20)) == [False]


def test_errors_do_without_a_panel_that_is_too_small_in_any_group_of_a_break():
    keys = [("m", "c", "size", g) for g in ("a", "b")] + [("m", "c", "sector", "x"), ("m", "c", TOTAL, TOTAL)]
    rows = pd.DataFrame(keys, columns=KEYS).assign(basis=UNWEIGHTED, n_before=80, n_after=80, n_both=[20, 7, 27, 27])
    found = pd.DataFrame({"covariance": 0.01, "df": 9, "n_both": [20, 7, 27, 27]})
    held = rows.assign(estimate=0.5, n=30)
    waves = [SimpleNamespace(kind="fieldwork", estimates=held)] * 2
    kept = withhold.linked(disclose())(*waves, rows, found)
    assert kept["covariance"].tolist() == [0, 0, 0.01, 0.01] and kept["n_both"].isna().tolist() == [1, 1, 0, 0]
    hidden = [waves[0], SimpleNamespace(kind="fieldwork", estimates=held.assign(estimate=[0.5, 0.5, None, 0.5]))]
    assert withhold.linked(disclose(2))(*hidden, rows, found)["covariance"].tolist() == [0.01, 0.01, 0, 0.01]
    outside = rows.assign(n_after=[80, 80, 30, 80])
    assert withhold.linked(disclose())(*waves, outside, found)["covariance"].tolist() == [0, 0, 0, 0.01]
    fine = found.assign(covariance=0.01234)
    assert withhold.linked(disclose())(*waves, rows, fine)["covariance"].tolist() == [0, 0, 0.012, 0.012]
    # Nobody in both waves is no panel of few.
    nobody = withhold.linked(disclose())(*waves, rows.assign(n_both=[20, 0, 27, 27]), found)
    assert nobody["covariance"].eq(0.01).all() and nobody["n_both"].notna().all()
    public = [SimpleNamespace(kind="reconstruction", estimates=held)] * 2
    assert withhold.linked(disclose())(*public, rows, found) is found


def test_a_small_panel_counts_for_every_answer_also_where_its_own_row_is_not_tested():
    """The panel of a group is one fact, whichever answers of it are published: two answers have one error or none."""
    keys = [("m", c, "size", g) for c in ("yes", "no") for g in ("a", "b")] + [("other", "yes", "size", "a")]
    rows = pd.DataFrame(keys, columns=KEYS, index=range(10, 15))
    rows = rows.assign(basis=UNWEIGHTED, n_before=80, n_after=80, n_both=[20, 7, 20, 7, 30])
    waves = [SimpleNamespace(kind="fieldwork", estimates=rows.assign(estimate=0.5, n=80))] * 2
    told = [10, 12, 14]  # nothing is said of group b
    found = pd.DataFrame({"covariance": 0.01, "df": 9, "n_both": [20, 20, 30]}, index=told)
    kept = withhold.linked(disclose())(*waves, rows, found)
    assert kept["covariance"].to_dict() == {10: 0, 12: 0, 14: 0.01} and kept["n_both"].isna().tolist() == [1, 1, 0]


# ---- what is said of it


def test_the_log_has_every_row_that_says_withheld_and_no_other(read, waves):
    reader = read[-1]
    table = withhold.log({n: reader.tables[n] for n in NAMES}, waves)
    assert list(table) == withhold.LOG
    assert set(table["what"]) <= {"all", "parts", "panel"} and table["reason"].ne("").all()
    for name in ("net_scores", "maturity"):
        rows = reader.tables[name]
        ours = rows["wave"].isin(withhold.private(waves))
        assert len(table[table["table"].eq(name)]) == (ours & rows["estimate"].isna()).sum()
    assert not table["reason"].str.contains(r"\d").any()


PLACE = {"wave": 2021, "since": 2020, "measure": "m", "category": "c", "basis": UNWEIGHTED}
GROUP = PLACE | {"break": "size", "group": "a"}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            [PLACE | {"category": c, "within": 0.1, "why": c} for c in ("", withhold.PART, withhold.CELLS)],
            [("all", withhold.PART, TOTAL), ("parts", withhold.CELLS, TOTAL)],
        ),
        (
            [PLACE | {"transition": "kept", "n": 9, "why": w} for w in ("", "not known", withhold.FEW_MOVED)],
            [("all", withhold.FEW_MOVED, TOTAL)],
        ),
        (
            [
                GROUP | {"category": str(i), "quality": quality, "se": se, "n_both": n}
                for i, (quality, se, n) in enumerate(
                    [("ok", 0.1, 20), ("modelled", np.nan, np.nan), ("withheld", np.nan, np.nan), ("ok", 0.1, np.nan)]
                )
            ],
            [("all", withhold.SMALL, "a"), ("panel", withhold.PANEL, "a")],
        ),
        (
            [
                {k: v for k, v in GROUP.items() if k not in ("measure", "category")}
                | {"one": "a", "other": other, "difference": difference}
                for other, difference in (("b", 0.1), ("c", np.nan))
            ],
            [("all", withhold.SMALL, "a; c")],
        ),
    ],
    ids=["parts of changes", "transitions", "changes", "what survives other weights"],
)
def test_the_log_says_what_of_a_row_is_withheld_and_why(rows, told):
    """Of each table of the tracker; a row of public waves is none of it, whatever it does without."""
    waves = [SimpleNamespace(wave=y, kind=k) for y, k in ((2019, "reconstruction"), (2020, "reconstruction"))]
    waves.append(SimpleNamespace(wave=2021, kind="fieldwork"))
    public = [row | {"wave": 2020, "since": 2019} for row in rows]
    found = withhold.log({"table": pd.DataFrame([*public, *rows])}, waves)
    assert found["wave"].eq(2021).all() and found["since"].eq(2020).all()
    assert list(found[["what", "reason", "group"]].itertuples(index=False, name=None)) == told
    # What has no measure is of the overall mark.
    assert set(found["measure"]) == {rows[0].get("measure", OVERALL)}


def test_of_public_waves_nothing_is_withheld(followed, make_respondents, rules):
    kinds = ("reconstruction", "reconstruction")
    waves = made_waves(followed, make_respondents, rules, kinds=kinds)
    sections = SimpleNamespace(analyse=ANALYSE, disclose=rules)
    breaks = register(track.books(waves))
    kept, found = (tables_of(waves, breaks=breaks, settings=sections, released=r) for r in (True, False))
    for name, table in found.items():
        pd.testing.assert_frame_equal(kept[name][table.columns], table, check_dtype=False)
    assert withhold.log({n: kept[n] for n in NAMES}, waves).empty


def test_what_survives_other_weights_says_nothing_of_a_withheld_mark(waves):
    table = robustness(waves)
    one = table["group"].eq("a1") & table["wave"].eq(2021)
    survives = what_survives(table.assign(mark=table["mark"].mask(one)), waves, breaks=register(track.books(waves)))
    touched = survives["wave"].eq(2021) & (survives["one"].eq("a1") | survives["other"].eq("a1"))
    assert touched.any() and survives.loc[touched, ["difference", "least", "survives"]].isna().all(axis=None)
    assert survives.loc[~touched, "survives"].notna().all()


def test_a_wave_and_what_it_withholds(waves):
    hidden = withheld(waves[1])
    assert hidden and all(key not in withhold.published_shares(waves[1]) for key in hidden)
