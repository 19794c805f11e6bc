"""Population totals: counted from registers by the codebook's bands, or taken from published numbers."""

import re

import pandas as pd
import pytest
from conftest import ROOT

from pipeline.population import SHIFTS, cell_of_band, load_populations, population_cells, shift_totals
from pipeline.problems import InputProblem

FOLDER = ROOT / "data/population"
SMALL = """
populations:
  valley:
    label: Houses in the valley
    sectors:
      - sector: lib
        count: {file: libraries.csv, id: name, size: visits, keep: {place: [valley]}}
        reference_date: "2020"
        source: A list
        licence: None needed
      - sector: mus
        totals:
          - {label: Smaller museums, below: 50000, file: museums.csv, measure: small, spread: 2, lag: 1}
          - {label: Large museums, at_least: 50000, file: museums.csv, measure: large}
        reference_date: "2020"
        source: A leaflet
        licence: None needed
        note: Read off a poster
"""
LIBRARIES = "name,place,visits\na,valley,1\nb,valley,19999\nc,valley,20000\nd,hill,5\n"
MUSEUMS = "measure,value\nsmall,30\nlarge,12\n"


def test_no_note_speaks_of_the_year_of_a_survey():
    """Any wave is weighted to these totals, and shows their notes."""
    for population in load_populations(FOLDER).populations.values():
        for sector in population.sectors:
            assert not re.search("2014|2015|later than", sector.note), sector.note


@pytest.fixture
def folder(tmp_path):
    """A folder of population totals for the made-up survey of libraries and museums."""
    for name, content in {"population.yaml": SMALL, "libraries.csv": LIBRARIES, "museums.csv": MUSEUMS}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def edit(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def problem(folder, codebook, population="valley"):
    with pytest.raises(InputProblem) as caught:
        population_cells(population, folder=folder, codebook=codebook)
    return str(caught.value).replace(str(folder), "FOLDER")


def totals(population, codebook, sector):
    cells = population_cells(population, folder=FOLDER, codebook=codebook)
    return cells.loc[cells["sector"] == sector, "total"].tolist()


def test_local_authorities_are_counted_from_their_register(codebook_2014):
    england, both = (totals(p, codebook_2014, "la") for p in ("england", "england_and_wales"))
    assert england == [37, 254, 62]
    assert [b - e for b, e in zip(both, england, strict=True)] == [4, 17, 1]


def test_sources_state_the_counts_that_are_made(codebook_2014):
    england, both = (totals(p, codebook_2014, "la") for p in ("england", "england_and_wales"))
    wales = [b - e for b, e in zip(both, england, strict=True)]
    written = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    for nation, counts in {"England": england, "Wales": wales}.items():
        assert "| " + " | ".join([nation, *(f"{c:.0f}" for c in [*counts, sum(counts)])]) + " |" in written


def test_housing_association_totals_are_their_published_shares_multiplied_out(codebook_2014):
    small, large = totals("england", codebook_2014, "ha")
    assert (small, large) == (round(1432 * 0.91 * 0.79), round(1432 * 0.91 * 0.21))


def test_spread_takes_in_every_unrounded_share_that_prints_the_same(codebook_2014):
    cells = population_cells("england", folder=FOLDER, codebook=codebook_2014).set_index("label")
    small = cells.loc["HA under 1,000 homes"]
    assert small["low"] <= 1432 * 0.905 * 0.785 + 0.5
    assert small["high"] >= 1432 * 0.915 * 0.795 - 1


def test_lag_takes_in_the_one_change_that_the_file_holds_and_is_a_tenth(codebook_2014):
    numbers = pd.read_csv(FOLDER / "housing_association_bands.csv")
    old = numbers.loc[numbers["measure"].eq("RP groups with 2500+ general needs units"), "value"].iloc[0]
    new = numbers.loc[numbers["measure"].str.match(r"RP groups with (10000\+|5000-9999|2500-4999) "), "value"].sum()
    assert (old, new) == (180, 165)
    totals_ = load_populations(FOLDER).populations["england"].sectors[1].totals
    for total, published in zip(totals_, totals("england", codebook_2014, "ha"), strict=True):
        assert total.lag == round(0.1 * published) and total.lag > published * (old / new - 1)


def test_the_plausible_range_in_prose_is_the_one_in_the_cells(codebook_2014):
    cells = population_cells("england", folder=FOLDER, codebook=codebook_2014)
    small, large = cells[cells["sector"].eq("ha")][["low", "high"]].to_numpy()
    shares = [s / (s + g) for s, g in ((small[0], large[1]), (small[1], large[0]))]
    written = " ".join((FOLDER / "SOURCES.md").read_text(encoding="utf-8").split())
    assert f"smaller associations is thus {small[0]:.0f} to {small[1]:,.0f} and of the larger" in written
    assert f"the larger {large[0]:.0f} to {large[1]:.0f}: {shares[0]:.0%} to {shares[1]:.0%} of all" in written


@pytest.fixture
def ranged():
    return pd.DataFrame(
        {
            "cell": ["a", "b", "c", "d", "e"],
            "sector": ["lib", "lib", "mus", "mus", "mus"],
            "total": [20.0, 10, 60, 30, 10],
            "low": [20.0, 10, 50, 25, 10],
            "high": [20.0, 10, 70, 35, 10],
            "at_least": [1, 20000, 0, 5000, 50000],
        }
    )


def test_totals_move_within_their_range_and_counted_ones_do_not(ranged):
    moved = {way: shift_totals(ranged, way)["total"].tolist() for way in SHIFTS}
    assert moved["published"] == [20, 10, 60, 30, 10]
    assert moved["fewer"] == [20, 10, 50, 25, 10]
    assert moved["more"] == [20, 10, 70, 35, 10]
    # The smallest has room for 10 either way, the one other that has a range for 5.
    assert moved["more_small"] == pytest.approx([20, 10, 65, 25, 10])
    assert moved["more_large"] == pytest.approx([20, 10, 55, 35, 10])


@pytest.mark.parametrize("way", SHIFTS)
def test_the_smallest_cell_is_so_by_size_in_whichever_order_the_bands_are_listed(folder, small_codebook, way):
    edit(folder, "population.yaml", "measure: large}", "measure: large, spread: 2}")
    question = small_codebook.question("scale")
    backwards = question.model_copy(update={"answers": question.answers[::-1]})
    questions = tuple(backwards if q.id == "scale" else q for q in small_codebook.questions)
    moved = []
    for book in (small_codebook, small_codebook.model_copy(update={"questions": questions})):
        cells = shift_totals(population_cells("valley", folder=folder, codebook=book), way)
        assert "at_least" not in cells
        moved.append({frozenset(c.split("+")): t for c, t in zip(cells["cell"], cells["total"], strict=True)})
    assert moved[0] == pytest.approx(moved[1])


@pytest.mark.parametrize("way", ["more_small", "more_large"])
def test_a_changed_mix_keeps_the_sector(ranged, way):
    moved = shift_totals(ranged, way)
    assert moved.groupby("sector")["total"].sum().to_dict() == pytest.approx({"lib": 30, "mus": 100})
    assert (moved["total"] >= ranged["low"]).all() and (moved["total"] <= ranged["high"]).all()
    alone = ranged[ranged["sector"].eq("mus")].iloc[:1]
    assert shift_totals(alone, way)["total"].tolist() == alone["total"].tolist()


def test_another_way_of_moving_totals(ranged):
    with pytest.raises(InputProblem, match=r"weight\.totals: no such way of moving totals; found 'most'"):
        shift_totals(ranged, "most")


def test_wales_adds_no_housing_association_and_says_so(codebook_2014):
    assert totals("england_and_wales", codebook_2014, "ha") == totals("england", codebook_2014, "ha")
    cells = population_cells("england_and_wales", folder=FOLDER, codebook=codebook_2014)
    assert cells.loc[cells["sector"] == "ha", "note"].str.contains("England only").all()


def test_register_is_counted_by_band_and_totals_take_in_whole_bands(folder, small_codebook):
    cells = population_cells("valley", folder=folder, codebook=small_codebook)
    expected = pd.DataFrame(
        [
            ("lib_few", "Library under 20,000 visits", "lib", 2.0, 2.0, 2.0, "counted"),
            ("lib_many", "Library 20,000 visits and over", "lib", 1.0, 1.0, 1.0, "counted"),
            ("mus_few+mus_middle", "Smaller museums", "mus", 30.0, 27.0, 33.0, "derived"),
            ("mus_many", "Large museums", "mus", 12.0, 12.0, 12.0, "published"),
        ],
        columns=["cell", "label", "sector", "total", "low", "high", "kind"],
    )
    pd.testing.assert_frame_equal(cells[list(expected)], expected)
    assert cells["note"].tolist() == ["", "", "Read off a poster", "Read off a poster"]
    assert cell_of_band(cells)["mus_middle"] == "mus_few+mus_middle"


def test_redrawn_band_is_recounted(folder, small_codebook):
    question = small_codebook.question("scale")
    moved = {"lib_few": {"below": 19999}, "lib_many": {"at_least": 19999}}
    answers = tuple(
        a.model_copy(update={"band": a.band.model_copy(update=moved.get(a.id, {}))}) for a in question.answers
    )
    questions = tuple(
        q.model_copy(update={"answers": answers}) if q.id == "scale" else q for q in small_codebook.questions
    )
    cells = population_cells(
        "valley", folder=folder, codebook=small_codebook.model_copy(update={"questions": questions})
    )
    assert cells["total"].tolist() == [1, 2, 30, 12]


def test_unknown_population(folder, small_codebook):
    assert problem(folder, small_codebook, "hill") == (
        "FOLDER/population.yaml: there is no such population; found 'hill'; allowed: valley."
    )


def test_unknown_sector(folder, small_codebook):
    edit(folder, "population.yaml", "sector: lib", "sector: archive")
    assert problem(folder, small_codebook) == (
        "FOLDER/population.yaml: no such sector in the codebook; found 'archive'; allowed: lib, mus."
    )


def test_missing_file(folder, small_codebook):
    (folder / "museums.csv").unlink()
    assert problem(folder, small_codebook) == "FOLDER/museums.csv: there is no such file."


@pytest.mark.parametrize("label", ["Large museums", "Houses in the valley"])
def test_a_label_that_nobody_can_see_is_refused(folder, small_codebook, label):
    edit(folder, "population.yaml", f"label: {label}", 'label: "\\u200b"')
    assert "label: must be a text that can be seen" in problem(folder, small_codebook)


def test_missing_column(folder, small_codebook):
    edit(folder, "libraries.csv", "visits", "size")
    assert problem(folder, small_codebook) == (
        "FOLDER/libraries.csv, row 1, column visits: this column is missing; found 'name, place, size'; "
        "allowed: name, visits, place."
    )


def test_size_in_no_band(folder, small_codebook):
    edit(folder, "libraries.csv", "b,valley,19999", "b,valley,0")
    assert problem(folder, small_codebook) == (
        "FOLDER/libraries.csv, row 3, column visits: the organisation's size is in no size band of the codebook; found "
        "'0'."
    )


@pytest.mark.parametrize("size", ["many", "", "19.999", "19 999", "2e4"])
def test_size_that_is_no_whole_number(folder, small_codebook, size):
    """A point of thousands would make a large library a small one."""
    edit(folder, "libraries.csv", "b,valley,19999", f"b,valley,{size}")
    assert problem(folder, small_codebook) == (
        f"FOLDER/libraries.csv, row 3, column visits: a size is a whole number; found '{size}'."
    )


def test_an_organisation_is_counted_once(folder, small_codebook):
    edit(folder, "libraries.csv", "c,valley", "a,valley")
    assert problem(folder, small_codebook) == (
        "FOLDER/libraries.csv, row 4, column name: the same organisation stands twice; found 'a'; leave one of them."
    )


@pytest.mark.parametrize("place", ["valley ", "Valley"])
def test_a_blank_or_capital_letter_leaves_no_organisation_out(folder, small_codebook, place):
    edit(folder, "libraries.csv", "b,valley", f"b,{place}")
    assert population_cells("valley", folder=folder, codebook=small_codebook)["total"].tolist() == [2, 1, 30, 12]
    edit(folder, "libraries.csv", "c,valley", "B ,valley")
    assert "the same organisation stands twice; found 'B '" in problem(folder, small_codebook)


def test_an_organisation_has_a_name(folder, small_codebook):
    edit(folder, "libraries.csv", "c,valley", ",valley")
    assert problem(folder, small_codebook) == (
        "FOLDER/libraries.csv, row 4, column name: an organisation has no id; found ''."
    )


def test_one_that_is_not_counted_may_stand_twice(folder, small_codebook):
    """A register may hold an organisation that moved at both places; those outside are not asked after."""
    edit(folder, "libraries.csv", "d,hill", "a,hill")
    assert population_cells("valley", folder=folder, codebook=small_codebook)["total"].tolist() == [2, 1, 30, 12]


@pytest.mark.parametrize(
    ("value", "found"), [("0", "'0'"), ("-3", "'-3'"), ("a few", "'a few'"), ("", "''"), ("1.200", "'1.200'")]
)
def test_total_that_is_no_number_above_zero(folder, small_codebook, value, found):
    edit(folder, "museums.csv", "large,12", f"large,{value}")
    assert problem(folder, small_codebook) == (
        f"FOLDER/museums.csv, row 3, column value: a total must be a whole number above 0; found {found}."
    )


def test_total_that_stands_nowhere(folder, small_codebook):
    edit(folder, "population.yaml", "measure: large", "measure: huge")
    assert problem(folder, small_codebook) == (
        "FOLDER/museums.csv: the total stands in 0 rows and must stand in one; found 'huge'."
    )


def give_whole(folder, whole):
    old = "        note: Read off"
    edit(folder, "population.yaml", old, f"        whole: {{file: museums.csv, measure: all}}\n{old}")
    edit(folder, "museums.csv", "large,12\n", f"large,12\nall,{whole}\n")


@pytest.mark.parametrize("whole", ["42", "40", "44"])
def test_totals_that_make_up_the_whole_as_nearly_as_they_are_known(folder, small_codebook, whole):
    """The year that a total is of (`lag`) is that of the whole too."""
    plain = population_cells("valley", folder=folder, codebook=small_codebook)
    give_whole(folder, whole)
    pd.testing.assert_frame_equal(population_cells("valley", folder=folder, codebook=small_codebook), plain)


@pytest.mark.parametrize("whole", ["39", "45", "420"])
def test_totals_that_do_not_make_up_the_whole(folder, small_codebook, whole):
    give_whole(folder, whole)
    least, most = int(whole) - 2, int(whole) + 2
    assert problem(folder, small_codebook) == (
        f"FOLDER/museums.csv: the totals of sector mus do not add up to 'all'; found '42'; allowed: {least} to {most}; "
        "correct the number that is wrong, or `spread` in population.yaml."
    )


def test_a_register_that_is_counted_has_no_whole_beside_it(folder, small_codebook):
    edit(
        folder,
        "population.yaml",
        "        source: A list",
        "        whole: {file: libraries.csv, measure: all}\n        source: A list",
    )
    assert "sector lib: `whole` is for `totals`: a count is of the whole register" in problem(folder, small_codebook)


def test_a_misspelt_place_is_not_left_out_unseen(folder, small_codebook):
    edit(folder, "population.yaml", "keep: {place: [valley]}", "keep: {place: [valley]}, leave: {place: [hill]}")
    plain = population_cells("valley", folder=folder, codebook=small_codebook)
    assert plain["total"].sum() == 3 + 42
    edit(folder, "libraries.csv", "b,valley", "b,vallye")
    assert problem(folder, small_codebook) == (
        "FOLDER/libraries.csv, row 3, column place: the register's organisations are neither counted nor left out for "
        "this; found 'vallye'; allowed: valley, hill."
    )


def test_total_that_cuts_a_band(folder, small_codebook):
    edit(folder, "population.yaml", "below: 50000", "below: 40000")
    assert problem(folder, small_codebook) == (
        "FOLDER/population.yaml: sector mus, total 'Smaller museums': its range of sizes must be made of whole size "
        "bands of the codebook; found ['mus_few', 'mus_middle']."
    )


def test_band_in_two_totals(folder, small_codebook):
    edit(folder, "population.yaml", "at_least: 50000", "at_least: 5000")
    assert problem(folder, small_codebook) == (
        "FOLDER/population.yaml: two totals take in the same size band; found 'mus_middle'."
    )


def test_sector_with_neither_count_nor_totals(folder, small_codebook):
    edit(
        folder,
        "population.yaml",
        "count: {file: libraries.csv, id: name, size: visits, keep: {place: [valley]}}",
        "note: x",
    )
    assert problem(folder, small_codebook) == (
        "FOLDER/population.yaml: populations.valley, sector lib: give either `count` or `totals`."
    )


def test_a_population_of_no_sector(folder, small_codebook):
    text = (folder / "population.yaml").read_text(encoding="utf-8")
    start = text.index("    sectors:")
    (folder / "population.yaml").write_text(text[:start] + "    sectors: []\n", encoding="utf-8")
    assert problem(folder, small_codebook) == (
        "FOLDER/population.yaml: populations.valley.sectors: must list at least 1."
    )


def test_a_sector_says_whose_count_it_is(folder, small_codebook):
    """Without it the statement of the methodology would leave the sector out."""
    edit(folder, "population.yaml", "reference_date: ", "reference_date: ' ' # ")
    assert problem(folder, small_codebook).startswith(
        "FOLDER/population.yaml: populations.valley, sector lib, reference_date: "
    )


def test_unknown_key(folder, small_codebook):
    edit(folder, "population.yaml", "size: visits", "sise: visits")
    assert problem(folder, small_codebook) == (
        "FOLDER/population.yaml: populations.valley, sector lib, count: there is no such key; found 'sise'; "
        "allowed: file, id, size, keep, leave."
    )


def test_not_yaml(folder, small_codebook):
    edit(folder, "population.yaml", "populations:", "populations: [")
    assert problem(folder, small_codebook).startswith("FOLDER/population.yaml, row ")


def test_no_population_file(tmp_path, small_codebook):
    assert problem(tmp_path, small_codebook) == "FOLDER/population.yaml: there is no such file of population totals."
