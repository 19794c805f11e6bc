"""Files are written whole or not at all."""

import pytest

from pipeline.files import write_bytes, write_text


def test_text_is_utf_8_with_plain_newlines(tmp_path):
    write_text(tmp_path / "new" / "a.txt", "é\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"\xc3\xa9\n"


def test_a_file_that_cannot_be_finished_leaves_the_earlier_one(tmp_path):
    write_bytes(tmp_path / "a.bin", b"earlier")
    with pytest.raises(TypeError):
        write_bytes(tmp_path / "a.bin", "not bytes")
    assert (tmp_path / "a.bin").read_bytes() == b"earlier"


def test_nothing_stays_beside_a_finished_file(tmp_path):
    write_bytes(tmp_path / "a.bin", b"1")
    write_bytes(tmp_path / "a.bin", b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]
