"""Raw files are read strictly, and every fault is one sentence that says where it stands."""

import pandas as pd
import pytest

from pipeline.problems import InputProblem
from pipeline.raw import (
    CONTACT_HISTORY,
    FRAME,
    INTERVIEWS,
    Fieldwork,
    check_keys,
    count_rows,
    describe_wave,
    raw_columns,
    read_raw,
    readings,
)


def written(folder, data):
    path = folder / "frame.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return path


def test_rows_are_named_by_their_line_even_after_a_cell_of_several_lines(tmp_path):
    table = read_raw(written(tmp_path, 'a,b\n1,"x\ny\nz"\n2,w\n\n3,\n'), ["a", "b"])
    assert table.index.tolist() == [2, 5, 7]
    assert table["a"].tolist() == ["1", "2", "3"]
    assert table["b"].tolist() == ["x\ny\nz", "w", ""]


def test_texts_that_pandas_takes_for_missing_stay_texts(tmp_path):
    table = read_raw(written(tmp_path, "a,b\nNA,null\nNone,007\n"), ["a", "b"])
    assert table.to_numpy().tolist() == [["NA", "null"], ["None", "007"]]


@pytest.mark.parametrize("data", ["\ufeffa,b\n1,2\n", "a,b\r\n1,2\r\n", "b,a\n2,1\n"], ids=["mark", "windows", "order"])
def test_byte_order_marks_line_ends_and_column_order_make_no_difference(tmp_path, data):
    table = read_raw(written(tmp_path, data), ["a", "b"])
    assert table.to_dict("records") == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("a\n1\n", "frame.csv, row 1, column b: this column is missing; found 'a'."),
        ("a,b,c\n1,2,3\n", "frame.csv, row 1, column c: no question has this column; allowed: a, b."),
        ("a,b,b\n1,2,3\n", "frame.csv, row 1, column b: this column stands twice; keep one of the two."),
        (
            "a;b\n1;2\n",
            "frame.csv, row 1: cells are not separated by commas; found ';'; allowed: ,; save it as CSV with commas.",
        ),
        ("", "frame.csv, row 1: the file has no header; allowed: a, b."),
        ("a,b\n", "frame.csv: there are no rows below the header; export the file again."),
        ("a,b\n,\n", "frame.csv: there are no rows below the header; export the file again."),
        (
            'a,b\n1,"x\ny"\n1,2,3\n',
            "frame.csv, row 4: the row is not as wide as the header; found '3 cells'; allowed: 2 cells; "
            "look for a comma or quotation mark too many.",
        ),
        (
            "a,b\n1,2\n1,caf\u00e9\n".encode("cp1252"),
            "frame.csv, row 3: not UTF-8 text: byte 0xe9 cannot be read; export the file again as CSV UTF-8.",
        ),
        (
            "a,b\n1,2\n".encode("utf-16"),
            "frame.csv, row 1: not UTF-8 text: byte 0xff cannot be read; export the file again as CSV UTF-8.",
        ),
        (b"a,b\n1,\x00\n", "frame.csv, row 2: not UTF-8 text: a zero byte; export it as CSV UTF-8."),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(tmp_path, data, sentence):
    with pytest.raises(InputProblem) as problem:
        read_raw(written(tmp_path, data), ["a", "b"])
    assert str(problem.value) == sentence


def test_a_missing_file_is_named_with_its_folder(tmp_path):
    with pytest.raises(InputProblem, match=r"frame\.csv: there is no such file"):
        read_raw(tmp_path / "frame.csv", ["a"])


def test_columns_come_from_the_codebook(small_codebook):
    columns = raw_columns(small_codebook)
    assert columns[FRAME][3:5] == ["Type", "Visits"]
    assert columns[INTERVIEWS][5:] == [
        *("Channel", "E1_1", "E1_2", "E1_3", "E1_4", "E1_text", "S1"),
        *("S2_1", "S2_2", "S2_3", "S2_98", "S3", "V1", "V2"),
    ]


def keyed(**changes):
    tables = {
        "frame": {"contact_id": ["C1", "C2"], "organisation": ["LIB-001", "MUS-001"]},
        "contact_history": {"attempt_id": ["A1", "A2"], "contact_id": ["C1", "C2"]},
        "interviews": {
            "interview_id": ["I1", "I2"],
            "organisation": ["LIB-001", "MUS-001"],
            "contact_id": ["C1", "C2"],
        },
    }
    for place, cell in changes.items():
        table, column = place.split("__")
        tables[table][column] = [tables[table][column][0], cell]
    return Fieldwork(**{name: pd.DataFrame(t, index=[2, 3]) for name, t in tables.items()})


def test_keys_that_fit_pass():
    check_keys(keyed())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"frame__contact_id": "C1"}, f"{FRAME}, row 3, column contact_id: this key stands twice; found 'C1'"),
        ({"frame__organisation": ""}, f"{FRAME}, row 3, column organisation: the cell is empty"),
        (
            {"frame__organisation": "lib\u2010001", "interviews__organisation": "lib\u2010001"},
            f"{FRAME}, row 3, column organisation: but for letter case or the form of a dash this is the id 'LIB-001' "
            f"in {FRAME}, row 2; found 'lib\u2010001'; write both alike",
        ),
        ({"contact_history__attempt_id": "A1"}, f"{CONTACT_HISTORY}, row 3, column attempt_id: this key stands twice"),
        ({"contact_history__contact_id": "C9"}, f"{CONTACT_HISTORY}, row 3, column contact_id: it is not in the frame"),
        ({"interviews__interview_id": "I1"}, f"{INTERVIEWS}, row 3, column interview_id: this key stands twice"),
        ({"interviews__organisation": "LIB-9"}, f"{INTERVIEWS}, row 3, column organisation: it is not in the frame"),
        (
            {"interviews__contact_id": "C1"},
            f"{INTERVIEWS}, row 3, column contact_id: the frame has this contact at another organisation; found 'C1'",
        ),
    ],
)
def test_a_key_that_does_not_fit_is_refused(changes, sentence):
    with pytest.raises(InputProblem) as problem:
        check_keys(keyed(**changes))
    assert str(problem.value).startswith(sentence)


def test_every_way_to_write_an_answer_leads_to_it(small_codebook):
    known = readings(small_codebook.question("shop"))
    assert {known[text] for text in ("don't know", "98", "98.0", "dk", "dont_know")} == {"dont_know"}
    assert known["there is one"] == "yes"


def test_a_spelling_given_to_two_answers_is_a_fault_of_the_codebook(small_codebook):
    question = small_codebook.question("shop")
    first, *others = question.answers
    doubled = question.model_copy(update={"answers": (first.model_copy(update={"spellings": ("REF",)}), *others)})
    with pytest.raises(InputProblem, match="gives 'REF' to two answers of shop"):
        readings(doubled)


def test_a_wave_says_where_its_records_come_from(small_codebook):
    modelled = small_codebook.model_copy(update={"kind": "reconstruction"})
    assert describe_wave(modelled, 2020).loc[0, "records"].startswith("MODELLED")
    rehearsed = small_codebook.model_copy(update={"kind": "rehearsal"})
    assert describe_wave(rehearsed, 2020).loc[0, "records"].startswith("REHEARSAL")
    assert describe_wave(small_codebook, 2020).loc[0, "records"] == "Collected"


def test_a_codebook_of_another_wave_is_refused(small_codebook):
    with pytest.raises(InputProblem) as problem:
        describe_wave(small_codebook, 2019)
    assert str(problem.value) == "the codebook is of another wave; found 2020; allowed: 2019."


def test_files_are_counted_by_rows_contacts_and_organisations():
    counts = count_rows(keyed()).set_index("file")
    assert counts.loc[FRAME].tolist() == [2, 2, 2]
    assert counts.loc[CONTACT_HISTORY, ["rows", "contacts"]].tolist() == [2, 2]
    assert counts["organisations"].isna().tolist() == [False, True, False]
