"""docs/new_wave.md shows what the commands print. `python tests/test_new_wave_docs.py` writes it anew."""

import re
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from clones import ROOT, Clone

from pipeline.dispositions import OUTCOMES
from pipeline.raw import MODES

PAGE = ROOT / "docs/new_wave.md"
BLOCK = re.compile(r"(?ms)^```(console|yaml)\n(.*?)^```$")
YEAR = 2016
DRAFTED, DECIDED, MEASURE = range(3)  # the blocks of YAML on the page, in this order


def as_it_goes(text, clone):
    """The page with every console block as the clone prints it, and with the entries that the draft has."""
    blocks = iter(range(3))
    book = clone.root / f"data/codebook/{YEAR}.yaml"
    parts, end = [], 0
    for block in BLOCK.finditer(text):
        kind, content = block.groups()
        if kind == "console":
            content = "".join(printed(clone, line) for line in content.splitlines() if line.startswith("$ "))
        else:
            content = decide(book, next(blocks), content)
        parts += [text[end : block.start()], f"```{kind}\n{content}```"]
        end = block.end()
    return "".join([*parts, text[end:]])


def printed(clone, line):
    command, _, only = line.removeprefix("$ ").partition(" | tail -")
    program, *arguments = shlex.split(command)
    module = ["-m", "pipeline.app"] if program == "tracker" else []
    ended = clone.run(sys.executable, *module, *arguments)
    shown = (ended.stdout + ended.stderr).splitlines(keepends=True)
    return f"{line}\n{''.join(shown[-int(only) :] if only else shown)}"


def decide(book, block, content):
    """What a block of YAML on the page stands for, done to the codebook; the block as it should be."""
    text = book.read_text(encoding="utf-8")
    drafted = text[text.index("breaks_in_series:") :]
    if block == DRAFTED:
        return drafted
    if block == DECIDED:
        line = next(line for line in drafted.splitlines(keepends=True) if "To be judged" in line)
        assert text.count(line) == 1
        text = text.replace(line, content)
    else:
        text = text.replace("measures:\n", f"measures:\n{content}", 1)
    book.write_text(text, encoding="utf-8")
    return content


@pytest.mark.slow
def test_the_page_names_every_outcome_and_mode_of_an_attempt():
    said = " ".join(PAGE.read_text(encoding="utf-8").split())
    [modes, outcomes] = re.search(r"`mode` is (.*?), and `outcome` is what an attempt ended in: (.*?)\.", said).groups()
    assert modes.split(" or ") == list(MODES)
    assert re.split(", | or ", outcomes) == list(OUTCOMES)


def test_the_page_shows_what_the_commands_print(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    clone = Clone(tmp_path)
    assert as_it_goes(text, clone) == text
    assert "Left for a person to decide" in text


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        PAGE.write_text(as_it_goes(PAGE.read_text(encoding="utf-8"), Clone(Path(folder))), encoding="utf-8")
