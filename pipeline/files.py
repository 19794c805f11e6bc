"""Writing files so that no half-written one is ever taken for a result."""

from pathlib import Path

# What every file made from a rehearsal says, so that none can be taken for a survey's.
MARK, MARKED = "REHEARSAL", "simulated answers, not a survey"


def write_text(path, text):
    """Write a text file as UTF-8 with plain newlines, beside its place first and then renamed into it."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path, data):
    """Write a file beside its place first, then rename it, so that no half-written file is taken for a result."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(data)
    beside.replace(path)
