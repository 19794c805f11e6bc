"""docs/code.md: every module stands in one room, and rooms import only from those above them."""

import re

import pytest
from conftest import ROOT
from test_build import imported_modules

MODULES = {path.stem: path for path in (ROOT / "pipeline").glob("*.py") if path.stem != "__init__"}


@pytest.fixture(scope="module")
def rooms():
    page = (ROOT / "docs/code.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w ]+) \| .* \| ((?:`\w+` ?)+) \|$", page, flags=re.MULTILINE)
    return {room: re.findall(r"`(\w+)`", modules) for room, modules in rows}


def test_every_module_stands_in_one_room(rooms):
    listed = [module for modules in rooms.values() for module in modules]
    assert sorted(listed) == sorted(MODULES)


def test_a_room_imports_only_from_those_above_it(rooms):
    place = {module: i for i, modules in enumerate(rooms.values()) for module in modules}
    below = [
        f"{module} ({room}) imports {other}"
        for room, modules in rooms.items()
        for module in modules
        for other in re.findall(
            r"pipeline/(\w+)\.py", " ".join(imported_modules(MODULES[module].read_text(encoding="utf-8")))
        )
        if place[other] > place[module]
    ]
    assert not below
