"""What the notebooks' process leaves out, and how its runner learns that it is ready."""

import asyncio
import subprocess
import sys
from queue import Empty

import pytest

from pipeline.kernel import answered, hide, postponed


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A package that imports a slow module at its top for one of its functions; neither is loaded yet."""
    (tmp_path / "slow_part.py").write_text("from math import pi\n")
    (tmp_path / "library.py").write_text("import slow_part\n\ndef circle():\n    return 2 * slow_part.pi\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("library", "slow_part"):
        sys.modules.pop(name, None)


def loaded(name):
    return "pi" in vars(sys.modules[name]) if name in sys.modules else False


def test_a_postponed_module_is_loaded_when_it_is_used(library):
    with postponed("slow_part"):
        import library
    assert not loaded("slow_part")
    assert round(library.circle(), 2) == 6.28
    assert loaded("slow_part")
    assert round(library.circle(), 2) == 6.28


def test_who_imports_a_postponed_module_later_gets_all_of_it(library):
    with postponed("slow_part"):
        import library
    import slow_part

    assert slow_part.__spec__.name == "slow_part"
    assert library.circle() == 2 * slow_part.pi


def test_a_module_that_is_loaded_already_stays_as_it_is(library):
    import slow_part

    with postponed("slow_part"):
        assert sys.modules["slow_part"] is slow_part
    assert sys.modules["slow_part"] is slow_part


def test_a_hidden_module_cannot_be_imported_unless_it_was_before(library):
    import slow_part

    hide(["slow_part", "library"])
    assert sys.modules["slow_part"] is slow_part
    with pytest.raises(ImportError):
        import library  # noqa: F401


def test_great_expectations_is_loaded_without_what_no_suite_needs():
    code = (
        "import sys; from pipeline.validate import _great_expectations as load; load(); "
        "print(sorted({'altair', 'scipy.stats', 'great_expectations'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "['great_expectations']\n", run.stderr


class Client:
    """A kernel's client that gives these messages, each (whose request is answered, state), and then none."""

    def __init__(self, *messages):
        self.messages = list(messages)

    def kernel_info(self):
        return "mine"

    async def get_iopub_msg(self, timeout):
        if not self.messages:
            raise Empty
        asked, state = self.messages.pop(0)
        return {"parent_header": {"msg_id": asked} if asked else {}, "content": {"execution_state": state}}


@pytest.mark.parametrize(
    ("messages", "ready"),
    [
        ([(None, "starting"), ("mine", "busy"), ("mine", "idle")], True),
        ([("mine", "busy")], False),
        ([("earlier", "idle")], False),
        ([], False),
    ],
)
def test_a_kernel_is_ready_when_it_has_dealt_with_the_question(messages, ready):
    assert asyncio.run(answered(Client(*messages))) is ready
