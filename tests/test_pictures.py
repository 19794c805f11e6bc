"""The files of a drawing: four of each, and none of a drawing that is no more."""

import pandas as pd
from conftest import ROOT
from PIL import Image

from pipeline.params import load_params
from pipeline.pictures import FORMS, Drawing, remove_others, write_drawing, write_drawings
from pipeline.style import Page
from pipeline.tables import read_table

SETTINGS = load_params(ROOT / "params.yaml").figures


def drawing(name):
    page = Page(SETTINGS, name)
    page.paragraph(f"This is {name}.")
    return Drawing(name, page.finish(), f"Caption of {name}", f"Words of {name}\n", pd.DataFrame({"share": [0.5]}))


def test_a_drawing_has_four_files_and_all_of_them_name_it(tmp_path):
    folder = tmp_path / "new"
    assert write_drawings((drawing(name) for name in ("one", "two")), folder) == {
        "one": "Words of one\n",
        "two": "Words of two\n",
    }
    assert {p.name for p in folder.iterdir()} == {f"{name}{form}" for name in ("one", "two") for form in FORMS}
    with Image.open(folder / "two.png") as picture:
        assert picture.text == {"Title": "Caption of two", "Description": "Words of two\n"}
    assert "<title" in (folder / "two.svg").read_text() and "Words of two" in (folder / "two.svg").read_text()
    assert (folder / "two.txt").read_text() == "Words of two\n"
    assert read_table(folder / "two.csv")["share"].tolist() == [0.5]


def test_one_alone_is_written_as_among_others(tmp_path):
    write_drawings([drawing("one"), drawing("two")], tmp_path / "both")
    assert write_drawing(drawing("two"), tmp_path / "alone") == "Words of two\n"
    for form in FORMS:
        assert (tmp_path / "alone" / f"two{form}").read_bytes() == (tmp_path / "both" / f"two{form}").read_bytes()


def test_only_files_of_drawings_that_are_no_more_are_removed(tmp_path):
    names = ["trend_now.svg", "trend_old.svg", "trend_old.csv", "trend_old.svg.part", "trend_notes.md", "other.svg"]
    for name in names:
        (tmp_path / name).write_text("")
    remove_others({"trend_now"}, tmp_path, "trend_")
    assert {p.name for p in tmp_path.iterdir()} == set(names) - {"trend_old.svg", "trend_old.csv"}
    remove_others({}, tmp_path / "missing")
