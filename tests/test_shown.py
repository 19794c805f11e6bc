"""Tables for readers: yes and no, whole numbers without .0, empty cells empty, size bands by label."""

import pandas as pd

from pipeline.shown import count_by_band, readable


def test_a_table_for_a_reader():
    table = pd.DataFrame(
        {
            "text": ["a", None],
            "yes": pd.array([True, None], dtype="boolean"),
            "flag": [True, False],
            "whole": [3.0, None],
            "share": [0.25, None],
            "count": pd.array([7, None], dtype="Int64"),
            "full": [4.0, 5.0],
            "size": [1, 2],
        }
    )
    kept = table.copy(deep=True)
    assert readable(table).astype(str).to_numpy().T.tolist() == [
        ["a", ""],
        ["yes", ""],
        ["yes", "no"],
        ["3", ""],
        ["0.25", ""],
        ["7", ""],
        ["4", "5"],
        ["1", "2"],
    ]
    pd.testing.assert_frame_equal(table, kept)


def test_organisations_are_counted_by_size_in_codebook_order(small_codebook):
    bands = [("mus", "mus_middle"), ("lib", "lib_many"), ("lib", "lib_few"), ("lib", "lib_many")]
    assert count_by_band(pd.DataFrame(bands, columns=["kind", "scale"]), small_codebook).to_numpy().tolist() == [
        ["Library", "Library under 20,000 visits", 1],
        ["Library", "Library 20,000 visits and over", 2],
        ["Museum", "Museum 5,000 to 49,999", 1],
    ]
