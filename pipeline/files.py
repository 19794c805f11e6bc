"""Reading texts, and writing files so that no half-written one is ever taken for a result, whoever else writes it."""

import errno
import fcntl
import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.problems import InputProblem

# What every file made from a rehearsal says, so that none can be taken for a survey's.
MARK, MARKED = "REHEARSAL", "simulated answers, not a survey"

# In the name of what a failed stage leaves for whoever mends it, and at the end of one that is being written.
FAILED, PART = ".failed", ".part"

ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room and run it again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "let it be written and run it again"),
    **dict.fromkeys((errno.EEXIST, errno.ENOTDIR, errno.EISDIR), "move away what stands in its place"),
}


def read_text(path, kind="file", lost=None):
    """The text of a file. Raises InputProblem if there is none (`lost` says what to do then) or it is no UTF-8 text."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputProblem(f"there is no such {kind}", file=path, do=lost) from None
    except OSError as problem:
        raise InputProblem(f"it cannot be read ({problem.strerror})", file=path) from None
    except UnicodeDecodeError as problem:
        raise InputProblem(f"not UTF-8 text at byte {problem.start}", file=path, do="save it as UTF-8") from None


def whole_files(folder, pattern="*"):
    """The files of a folder of what is published, at any depth, sorted: without what a stage that failed left there."""
    found = [path for path in sorted(Path(folder).rglob(pattern)) if path.is_file()]
    return [path for path in found if not is_left_over(path.relative_to(folder))]


def is_left_over(place):
    """Whether a path below the project is of a stage that failed or is at work (FAILED in a name, or half written)."""
    return place.suffix == PART or any(FAILED in part for part in place.parts)


def as_json(value):
    """A value as the text of a JSON file for people."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def write_text(path, text):
    """Write a text file as UTF-8 with plain newlines, beside its place first and then renamed into it."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path, data):
    """Write a file beside its place first, then rename it, so that no half-written file is taken for a result.

    Two processes that write the same file take turns. Raises InputProblem where it cannot be written: what was there
    before is then untouched, and nothing is left beside it.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.with_name(path.name + PART)) as file:
            file.write(data)
            file.flush()
            Path(file.name).replace(path)
    except OSError as problem:
        place = Path(problem.filename or path)
        what = f"cannot be written: {problem.strerror}" + (f" ({place})" if place in path.parents else "")
        raise InputProblem(what, file=path, do=ADVICE.get(problem.errno)) from None


@contextmanager
def _alone(beside):
    """An empty file open for writing that no other process writes meanwhile; gone if it does not get its place.

    The lock is the system's and ends with the process, so one that was killed is in nobody's way: what it left is
    written over.
    """
    while True:
        with beside.open("ab") as file:
            with suppress(OSError):  # a file system that knows no locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(file, beside):  # who held it before has put it in its place
                continue
            try:
                file.truncate(0)
                yield file
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
            return


def _is_at(file, path):
    """Whether an open file is the one that a path names."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
