"""Files are written whole or not at all, whoever writes them at once."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.files import write_bytes, write_text
from pipeline.problems import InputProblem

ROOT = Path(__file__).parent.parent


def test_text_is_utf_8_with_plain_newlines(tmp_path):
    write_text(tmp_path / "new" / "a.txt", "é\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"\xc3\xa9\n"


def test_a_file_that_cannot_be_finished_leaves_the_earlier_one_and_nothing_beside_it(tmp_path):
    write_bytes(tmp_path / "a.bin", b"earlier")
    with pytest.raises(TypeError):
        write_bytes(tmp_path / "a.bin", "not bytes")
    assert (tmp_path / "a.bin").read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_nothing_stays_beside_a_finished_file(tmp_path):
    write_bytes(tmp_path / "a.bin", b"1")
    write_bytes(tmp_path / "a.bin", b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_what_a_killed_process_left_is_written_over(tmp_path):
    (tmp_path / "a.bin.part").write_bytes(b"half of something longer")
    write_bytes(tmp_path / "a.bin", b"1")
    assert (tmp_path / "a.bin").read_bytes() == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_a_new_file_may_be_read_by_whom_the_system_lets_read_new_files(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_bytes(tmp_path / "a.bin", b"1")
    assert (tmp_path / "a.bin").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_who_comes_second_waits_until_the_first_has_put_its_file_in_place(tmp_path):
    with (tmp_path / "a.bin.part").open("ab") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        code = "import sys; from pipeline.files import write_bytes; write_bytes(sys.argv[1], b'second')"
        second = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a.bin")], cwd=ROOT)
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(timeout=2)
        first.write(b"first")
        first.flush()
        (tmp_path / "a.bin.part").rename(tmp_path / "a.bin")
        assert (tmp_path / "a.bin").read_bytes() == b"first"
    assert second.wait(timeout=60) == 0
    assert (tmp_path / "a.bin").read_bytes() == b"second"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_many_writers_at_once_leave_one_whole_file(tmp_path):
    code = (
        "import sys; from pipeline.files import write_bytes\n"
        "for n in range(50): write_bytes(sys.argv[1], sys.argv[2].encode() * 200_000)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.bin")]
    writers = [subprocess.Popen([*command, letter], cwd=ROOT) for letter in "abc"]
    while any(writer.poll() is None for writer in writers):
        if (tmp_path / "a.bin").exists():
            content = (tmp_path / "a.bin").read_bytes()
            assert len(content) == 200_000 and len(set(content)) == 1
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_a_place_that_cannot_be_written_to_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputProblem) as refused:
        write_bytes(tmp_path / "file" / "a.bin", b"1")
    why = f"cannot be written: File exists ({tmp_path / 'file'}); move away what stands in its place."
    assert str(refused.value) == f"{tmp_path / 'file' / 'a.bin'}: {why}"
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputProblem, match="cannot be written: Is a directory; move away what stands in its place"):
        write_bytes(tmp_path / "folder", b"1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
