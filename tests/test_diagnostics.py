"""What weights do: distribution, cost, balance and influence, by hand on made-up houses."""

import numpy as np
import pandas as pd
import pytest
from made_weights import ANSWERED, BANDS, CELLS, approached_for, houses, settings_of, weigh_all

from pipeline.diagnostics import balance_table, cell_table, influence_table, option_table, step_table
from pipeline.estimate import WEIGHTED, estimate_basis, lay_out
from pipeline.nonresponse import in_scope
from pipeline.params import Trim
from pipeline.tables import write_table
from pipeline.weight_pages import weight_tables


@pytest.fixture(scope="module")
def approached():
    return approached_for(houses(ANSWERED), silent=dict.fromkeys(BANDS, 2), closed=3)


@pytest.fixture(scope="module")
def weighted(small_codebook, approached):
    return weigh_all(houses(ANSWERED), small_codebook, approached=approached, nonresponse="cells")


@pytest.fixture(scope="module")
def cases(small_codebook, weighted, approached):
    return in_scope(approached, respondents=weighted.rows, cells=CELLS, codebook=small_codebook)


def test_steps_have_their_distribution_and_their_cost(weighted):
    steps = step_table(weighted.rows).set_index("step")
    assert steps.index.tolist() == ["base_weight", "response_weight", "calibrated_weight", "weight"]
    weights = [5] * 6 + [12] * 5 + [2.4] * 5
    effective = sum(weights) ** 2 / sum(w * w for w in weights)
    final = steps.loc["weight"]
    assert final["effective_base"] == pytest.approx(effective)
    assert final["design_effect"] == pytest.approx(16 / effective)
    assert final["variance_share"] == pytest.approx(1 - effective / 16)
    assert (final["sum"], final["min"], final["median"], final["max"], final["max_to_min"]) == pytest.approx(
        (102, 2.4, 5, 12, 5)
    )


def test_cells_show_population_approached_and_respondents(weighted, cases):
    cells = cell_table(weighted.rows, cases=cases, cells=CELLS)
    # Two silent houses in each band, and those closed are not in scope.
    assert cells["approached"].tolist() == [6, 4, 9, 7]
    assert cells["respondents"].tolist() == [4, 2, 5, 5]
    assert cells["response_rate"].tolist() == pytest.approx([4 / 6, 2 / 4, 5 / 9, 5 / 7])
    assert cells["weighted_share"].tolist() == pytest.approx(cells["population_share"].tolist())
    assert cells["respondent_share"].tolist() == pytest.approx([4 / 16, 2 / 16, 5 / 16, 5 / 16])


def test_empty_cell_is_shown_when_nothing_is_calibrated(small_codebook):
    respondents = houses(ANSWERED | {"mus_many": 0})
    weighted = weigh_all(respondents, small_codebook, "none", nonresponse="none")
    cases = in_scope(approached_for(respondents), respondents=weighted.rows, cells=CELLS, codebook=small_codebook)
    cells = cell_table(weighted.rows, cases=cases, cells=CELLS).set_index("cell")
    assert cells.loc["mus_many", ["respondents", "weighted"]].tolist() == [0, 0]


def test_who_was_approached_is_not_known_where_only_interviews_were_delivered(small_codebook):
    """Every house on record answered, and no attempt is: neither their number nor a rate of response is told."""
    respondents = houses(ANSWERED)
    approached = respondents.assign(group="I", contacts=1, attempts=0)
    weighted = weigh_all(respondents, small_codebook, approached=approached)
    cases = in_scope(approached, respondents=weighted.rows, cells=CELLS, codebook=small_codebook)
    cells = cell_table(weighted.rows, cases=cases, cells=CELLS)
    assert cells[["approached", "response_rate"]].isna().all(axis=None)
    assert cells["respondents"].sum() == len(respondents)
    balance = balance_table(weighted.rows, cases=cases, cells=CELLS, codebook=small_codebook)
    assert set(balance["against"]) == {"population"}


@pytest.mark.parametrize(("approached", "heading"), [(6, "Approached"), (None, "Approached (not known: no frame")])
def test_the_page_of_the_weights_says_why_a_column_is_empty(small_codebook, tmp_path, approached, heading):
    table = CELLS.assign(approached=approached, respondents=4, weight=5.0, kind="counted", source="A register")
    table = table.assign(evidence="measured")
    write_table(tmp_path / "weight_cells.csv", table)
    [shown] = weight_tables(tmp_path, small_codebook)["tables"]
    place = next(i for i, text in enumerate(shown["headings"]) if text.startswith(heading))
    assert {row[place] for row in shown["rows"]} == {"6" if approached else ""}


def test_a_frame_without_a_history_has_those_approached_and_no_response_rate(small_codebook):
    respondents = houses(ANSWERED)
    approached = approached_for(respondents).replace({"group": {"R": "U"}}).assign(attempts=0)
    weighted = weigh_all(respondents, small_codebook, approached=approached)
    cases = in_scope(approached, respondents=weighted.rows, cells=CELLS, codebook=small_codebook)
    cells = cell_table(weighted.rows, cases=cases, cells=CELLS)
    assert cells["approached"].sum() == len(approached) and cells["response_rate"].isna().all()
    balance = balance_table(weighted.rows, cases=cases, cells=CELLS, codebook=small_codebook)
    assert "approached" in set(balance["against"])


def test_balance_is_nil_against_the_population_once_calibrated(small_codebook, weighted, cases):
    table = balance_table(weighted.rows, cases=cases, cells=CELLS, codebook=small_codebook)
    population = table[table["against"].eq("population")].set_index("category")
    assert population["weight"].abs().max() < 1e-9
    # 6 of 16 are libraries, and 30 of 102 in the population
    share = 30 / 102
    assert population.loc["lib", "unweighted"] == pytest.approx((6 / 16 - share) / np.sqrt(share * (1 - share)))


def test_balance_against_those_approached_uses_their_base_weights(small_codebook, weighted, cases):
    table = balance_table(weighted.rows, cases=cases, cells=CELLS, codebook=small_codebook)
    bands = table[table["variable"].eq("scale")].set_index("category")
    assert bands["target"].sum() == pytest.approx(1)
    # Cells of one band are shared out so that the band counts what was approached of it.
    assert bands.loc["lib_few", "response_weight"] == pytest.approx(0, abs=1e-9)
    p, few = bands.loc["lib_few", "target"], weighted.rows["scale"].eq("lib_few").mean()
    assert bands.loc["lib_few", "unweighted"] == pytest.approx((few - p) / np.sqrt(p * (1 - p)))
    contacts = table[table["variable"].eq("contacts")].iloc[0]
    logs, base = np.log(cases["contacts"]), cases["base_weight"]
    mean = np.average(logs, weights=base)
    assert contacts["target"] == pytest.approx(mean)
    answered = logs[cases["organisation"].isin(weighted.rows["organisation"])].mean()
    deviation = np.sqrt(np.average((logs - mean) ** 2, weights=base))
    assert contacts["unweighted"] == pytest.approx((answered - mean) / deviation)


def test_influence_names_nobody_in_a_wave_that_is_not_public(small_codebook, small_respondents):
    weighted = small_respondents.assign(cell="one", weight=2.0, stratum="one", stratum_total=1000.0)
    table = influence_table(weighted, codebook=small_codebook, most=5)
    assert list(table) == ["cell", "weight", "weight_share"]


def test_influence_is_the_move_when_an_organisation_is_left_out(small_codebook, small_respondents):
    small_codebook = small_codebook.model_copy(update={"kind": "reconstruction"})
    rng = np.random.default_rng(3)
    weighted = small_respondents.assign(
        cell="one", weight=rng.uniform(1, 9, len(small_respondents)), stratum="one", stratum_total=1000.0
    )
    table = influence_table(weighted, codebook=small_codebook, most=5)
    assert table["shift"].abs().tolist() == sorted(table["shift"].abs(), reverse=True)
    top = table.iloc[0]

    def share(rows):
        grid = lay_out(rows, small_codebook)
        found = estimate_basis(grid, respondents=rows, basis=WEIGHTED, confidence=0.95)
        key = found["measure"].eq(top["measure"]) & found["category"].eq(top["category"]) & found["break"].eq("total")
        return found.loc[key, "estimate"].iloc[0]

    without = weighted[weighted["organisation"].ne(top["organisation"])].reset_index(drop=True)
    assert top["shift"] == pytest.approx(share(without) - share(weighted), abs=1e-9)


def test_options_say_what_each_did(weighted):
    table = option_table(weighted.rows, weighted.joined, settings=settings_of(nonresponse="cells")).set_index("option")
    assert table.loc["trim"].tolist() == ["none", "no weight changed"]
    assert table.loc["nonresponse", "effect"].startswith("16 weights changed, by factors from ")
    assert table.loc["population", "effect"] == "102 organisations to speak for"
    assert table.loc["sparse"].tolist() == ["collapse below 2", "0 cells joined to others"]


def test_a_limit_of_trimming_that_is_not_set_is_called_so(weighted):
    limits = {(None, 2.1): "no limit to 2.1", (0.4, None): "0.4 to no limit", (0.4, 3.0): "0.4 to 3"}
    for (lower, upper), said in limits.items():
        settings = settings_of().model_copy(update={"trim": Trim(lower=lower, upper=upper)})
        table = option_table(weighted.rows, weighted.joined, settings=settings).set_index("option")
        assert table.loc["trim", "setting"] == said


def test_rows_are_the_respondents(weighted):
    pd.testing.assert_series_equal(weighted.rows["organisation"], houses(ANSWERED)["organisation"])


def test_a_class_that_is_all_of_the_population_is_in_no_balance(small_codebook, weighted, cases):
    """Of one sector alone nothing can be out of balance, and no number of it is none."""
    cells, ours = CELLS[CELLS["sector"].eq("lib")], weighted.rows[weighted.rows["kind"].astype(object).eq("lib")]
    approached = cases[cases["kind"].astype(object).eq("lib")]
    table = balance_table(ours, cases=approached, cells=cells, codebook=small_codebook)
    assert len(table) and table[["unweighted", "weight"]].notna().all(axis=None)
    assert "kind" not in set(table["variable"])


def test_of_one_cell_of_which_no_more_is_known_there_is_no_balance_and_the_table_has_its_columns(small_codebook):
    """One cell is the whole population, and without a frame those that answered are all who are known."""
    respondents = houses({"lib_few": 6})
    approached = respondents.assign(group="I", contacts=1, attempts=0)
    cells = CELLS[CELLS["cell"].eq("lib_few")]
    weighted = weigh_all(respondents, small_codebook, cells=cells, approached=approached)
    cases = in_scope(approached, respondents=weighted.rows, cells=cells, codebook=small_codebook)
    table = balance_table(weighted.rows, cases=cases, cells=cells, codebook=small_codebook)
    other = houses(ANSWERED)
    known = weigh_all(other, small_codebook)
    full = in_scope(approached_for(other), respondents=known.rows, cells=CELLS, codebook=small_codebook)
    usual = balance_table(known.rows, cases=full, cells=CELLS, codebook=small_codebook)
    assert table.empty and len(usual)
    assert list(table) == list(usual) and table["weight"].dtype == usual["weight"].dtype == float


def test_influence_is_empty_where_no_measure_is_of_everyone(small_codebook, small_respondents):
    routed = tuple(m for m in small_codebook.measures if small_codebook.base(m.base).where)
    book = small_codebook.model_copy(update={"measures": routed, "kind": "reconstruction"})
    weighted = small_respondents.assign(cell="one", weight=2.0, stratum="one", stratum_total=1000.0)
    table = influence_table(weighted, codebook=book)
    whole = influence_table(weighted, codebook=small_codebook.model_copy(update={"kind": "reconstruction"}))
    assert routed and table.empty and list(table) == list(whole)
