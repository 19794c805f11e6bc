"""The executed notebooks in reports/, run once more by nbval: each cell must show again what it shows.

They run as in JupyterLab, in a process of their own that the runner has not prepared. What they write must be the same
too: the numbers behind each figure, and the pictures.
"""

import os
import re
from pathlib import Path

import pytest
from clones import Clone

pytestmark = pytest.mark.slow
OPTIONS = ["--nbval", "--nbval-current-env", "-p", "nbval_results", "-p", "no:cacheprovider", "--color=no"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return Clone(tmp_path_factory.mktemp("notebooks"))


def test_every_executed_notebook_shows_and_writes_the_same_again(clone):
    _, planned = clone.dvc("repro", "--force", "--dry")
    commands = re.findall(r"^> (.+)$", planned, flags=re.MULTILINE)
    assert len(commands) == len(clone.ran(planned)) > 0
    for command in commands:
        run = re.match(r"python -m pipeline\.execute (\S+) (\S+)", command)
        if run is None:
            done = clone.run(*command.split())
            assert done.returncode == 0, done.stderr
        else:
            check_notebook(clone, *run.groups())
    assert clone.changed() == ""


def check_notebook(clone, notebook, executed):
    """Run the executed copy with nbval where its source stands, so that its paths hold, and put the source back."""
    source = clone.root / notebook
    kept = source.read_text(encoding="utf-8")
    source.write_bytes((clone.root / executed).read_bytes())
    places = os.pathsep.join([str(clone.root), str(Path(__file__).parent)])
    checked = clone.run("python", "-m", "pytest", *OPTIONS, notebook, PYTHONPATH=places)
    source.write_text(kept, encoding="utf-8")
    # Each code cell counts as a test, and so does the cell of parameters that papermill adds.
    cells = kept.count('"cell_type": "code"') + 1
    assert re.search(rf"^=+ {cells} passed in ", checked.stdout, flags=re.MULTILINE), checked.stdout[-3000:]
