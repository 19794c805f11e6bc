"""The made-up survey as a project of its own: everything but the survey is the real one, in a clone."""

import re
import shutil
from pathlib import Path

import pandas as pd
import yaml

from pipeline.comparators import COLUMNS as COMPARED
from pipeline.revisions import LOGGED
from pipeline.statement import Facts
from pipeline.tables import write_table

HERE = Path(__file__).parent
FIRST = 2020
# Houses in each size band, enough of them for every respondent of the tests.
# What the tracker follows over the waves.
FOLLOWED = {
    "net_scores": "net_scores:\n  - {id: outlook, label: Outlook, measure: outlook, plus: bright, minus: bleak}\n",
    "steps": """steps:
  - id: open_up
    number: 1
    label: Open up
    criteria:
      - {id: shop, label: A shop, where: {shop: ["yes"]}}
      - {id: talks, label: Talks, where: {events: [talks]}}
  - id: look_ahead
    number: 2
    label: Look ahead
    criteria:
      - {id: bright, label: A bright outlook, where: {outlook: [bright]}}
""",
    "trends": """trends:
  - {id: trend_1, number: 1, title: Shops, measure: shop, categories: ["yes"], break: kind}
  - {id: trend_2, number: 2, title: The outlook, net_score: outlook}
""",
}
BANDS = {
    "lib": [("Few", 1, 20000, 450), ("Many", 20000, None, 330)],
    "mus": [("Few", 0, 5000, 390), ("Middle", 5000, 50000, 480), ("Many", 50000, None, 270)],
}


def become_small(clone):
    """Make a Clone a project of the made-up survey that has a codebook for its first wave and no data yet."""
    root = clone.root
    for folder in ("data", "reports"):
        shutil.rmtree(root / folder)
    (root / "dvc.lock").unlink()
    write_small(root, (HERE.parent / "params.yaml").read_text(encoding="utf-8"))
    clone.commit()


def say_how(root, wave):
    """Fill in the methodology of a wave of the made-up survey."""
    facts = {key: f"Made up: {key}." for key in Facts.model_fields if key != "wave"}
    path = root / f"data/methodology/{wave}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump({"wave": wave} | facts, sort_keys=False), encoding="utf-8")


def write_small(root, params):
    """The codebook, population and settings of the made-up survey in a folder."""
    (root / "data/codebook").mkdir(parents=True)
    (root / "data/population").mkdir()
    book = (HERE / "small_codebook.yaml").read_text(encoding="utf-8")
    missing = [part for key, part in FOLLOWED.items() if f"\n{key}:" not in book]
    (root / f"data/codebook/{FIRST}.yaml").write_text("\n".join([book, *missing]), encoding="utf-8")
    rows = [f"{sector} {label},{total}" for sector, bands in BANDS.items() for label, _, _, total in bands]
    (root / "data/population/houses.csv").write_text("measure,value\n" + "\n".join(rows) + "\n", encoding="utf-8")
    sectors = [
        {
            "sector": sector,
            "totals": [
                {"label": label, "at_least": low, "file": "houses.csv", "measure": f"{sector} {label}"}
                | ({} if high is None else {"below": high})
                for label, low, high, _ in bands
            ],
            **{"reference_date": "2020", "source": "Made up", "licence": "None needed"},
        }
        for sector, bands in BANDS.items()
    ]
    populations = {name: {"label": "All houses", "sectors": sectors} for name in ("england", "england_and_wales")}
    text = yaml.safe_dump({"populations": populations}, sort_keys=False)
    (root / "data/population/population.yaml").write_text(text, encoding="utf-8")
    (root / "params.yaml").write_text(small_params(params), encoding="utf-8")
    write_table(root / "data/report/comparators.csv", pd.DataFrame(columns=COMPARED))
    write_table(root / "data/published/revisions.csv", pd.DataFrame(columns=LOGGED))


def small_params(text):
    """The real settings with the first wave of the made-up survey alone, neither rebuilt nor rehearsed."""
    text = re.sub(r"(?m)^  all: .*$", f"  all: [{FIRST}]", text)
    return re.sub(r"(?m)^  (reconstruction|rehearsal): .*$", r"  \1: []", text)
