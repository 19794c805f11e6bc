"""The stage `weight` as it is run: what cannot be weighted ends it with one sentence and a status that is not 0."""

import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow
TOTAL_OF_THE_LARGER = """          - label: HA 1,000 homes and over
            at_least: 1000
            file: housing_association_bands.csv
            measure: housing associations owning 1000+ units
            spread: 8
            lag: 27
"""
# What is changed in which file, and how the last line begins.
FAULTS = {
    "a total missing for a band that was approached": (
        "population/population.yaml",
        TOTAL_OF_THE_LARGER,
        "",
        "population.yaml: the population has no total for a size band that answered; found 'ha_",
    ),
    "limits that leave no room": (
        "params.yaml",
        "trim: {lower: null, upper: null}\n\nanalyse",
        "trim: {lower: null, upper: 2}\n\nanalyse",
        "params.yaml: weight.trim: no weights within the limits (none to 12.74) meet the population's totals",
    ),
    "a sparse cell and no leave to join it": (
        "params.yaml",
        "sparse: {fewest: 10, do: collapse}",
        "sparse: {fewest: 13, do: stop}",
        "LA under 80,000 residents (la_under_80k): 12 of its 37 organisations answered; allowed: at least 13 answers",
    ),
    "a sparse cell that no order covers": (
        "2014.yaml",
        "  - [la_under_80k, la_80k_300k]\n",
        "",
        "",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_weighted_ends_the_stage(tmp_path, fault):
    file, old, new, said = FAULTS[fault]
    shutil.copytree(ROOT / "data/population", tmp_path / "population")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copy(ROOT / "data/codebook/2014.yaml", tmp_path)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert text.count(old) >= 1
    (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    if not said:
        settings = (tmp_path / "params.yaml").read_text(encoding="utf-8")
        (tmp_path / "params.yaml").write_text(settings.replace("fewest: 10", "fewest: 13"), encoding="utf-8")
        said = "LA under 80,000 residents (la_under_80k): 12 of its 37 organisations answered, and no pair of the"
    given = {"codebook": "2014.yaml", "totals": "population", "params": "params.yaml", "weighted": ".", "report": "."}
    command = [sys.executable, "-m", "pipeline.execute", "notebooks/weight.ipynb", str(tmp_path / "weight.ipynb")]
    for name, place in given.items():
        command += ["-p", name, str(tmp_path / place)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("notebooks/weight.ipynb, cell ") and f"): {said}" in last
    assert "Traceback" not in last and last.endswith(".")
