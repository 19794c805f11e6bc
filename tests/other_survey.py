"""A project about libraries and museums, run by this project's stages, notebooks and modules and nothing else of it.

`OtherSurvey` is a repository of its own with the small codebook of the tests, a frame, a population and interviews of
its own, all made up here. Its waves are fieldwork: their raw files lie there as an agency would deliver them.
"""

import shutil
from pathlib import Path

import pandas as pd
import yaml
from clones import ROOT, Clone
from conftest import respondents_of, settings_of
from small_project import say_how

from pipeline.codebook import load_codebook
from pipeline.comparators import COLUMNS as COMPARED
from pipeline.estimate import BOUNDS, KEYS
from pipeline.fieldwork import simulate
from pipeline.raw import FILES
from pipeline.revisions import LOGGED
from pipeline.tables import write_table

HERE = Path(__file__).parent
# What any survey takes from this project; nothing under data/ or reports/ is among it.
TAKEN = ("dvc.yaml", "requirements.lock", ".dvcignore", ".gitignore", ".dvc/config", "notebooks", "pipeline")
POPULATION = """\
populations:
  houses:
    label: Libraries and museums
    sectors:
      - sector: lib
        count: {file: libraries.csv, id: name, size: visits, keep: {open: ["yes"]}}
        reference_date: "2020"
        source: A made-up register
        licence: none, it is made up
      - sector: mus
        totals:
          - {label: Smaller museums, below: 50000, file: museums.csv, measure: smaller, spread: 20}
          - {label: Large museums, at_least: 50000, file: museums.csv, measure: large}
        reference_date: "2019"
        source: A made-up yearbook
        licence: none, it is made up
"""


class OtherSurvey(Clone):
    """A repository with the code of this project and the data of another survey; `waves` are its years."""

    def __init__(self, folder, waves=(2020,), rows=120):
        self.rows = rows
        self.place(folder)
        for name in TAKEN:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            (self.root / name).parent.mkdir(exist_ok=True)
            copy(ROOT / name, self.root / name, **_PLAIN if copy is shutil.copytree else {})
        self.write_population()
        (self.root / "data/report").mkdir()
        write_table(self.root / "data/report/comparators.csv", pd.DataFrame(columns=COMPARED))
        write_table(self.root / "data/published/revisions.csv", pd.DataFrame(columns=LOGGED))
        (self.root / "docs").mkdir()
        (self.root / "docs/revisions.md").write_text("# Revisions\n", encoding="utf-8")
        for wave in waves:
            self.add_wave(wave)
        self.run("git", "init", "--quiet")
        self.commit()

    def write_population(self):
        place = self.root / "data/population"
        place.mkdir(parents=True)
        (place / "population.yaml").write_text(POPULATION, encoding="utf-8")
        visits = [1000 * n for n in range(1, 20)] * 8 + [20000 + 500 * n for n in range(200)]
        register = pd.DataFrame({"visits": visits, "open": "yes"})
        register = pd.concat([register, register.head(9).assign(open="no")], ignore_index=True)
        write_table(place / "libraries.csv", register.assign(name=[f"L{n}" for n in register.index]))
        write_table(place / "museums.csv", pd.DataFrame({"measure": ["smaller", "large"], "value": [400, 150]}))

    def add_wave(self, wave):
        """Put a year's codebook and raw files there, and its year into the settings.

        The same houses answer the same every year; only contacts, dates and slips are drawn anew.
        """
        codebook = self.root / f"data/codebook/{wave}.yaml"
        codebook.parent.mkdir(exist_ok=True)
        text = (HERE / "small_codebook.yaml").read_text(encoding="utf-8")
        codebook.write_text(
            text.replace("wave: 2020", f"wave: {wave}").replace(", 2020", f", {wave}"), encoding="utf-8"
        )
        book = load_codebook(codebook)
        settings = settings_of(seed=wave, organisations=self.rows + 40, contacts=2 * self.rows + 90)
        tables = simulate(respondents_of(book, rows=self.rows, seed=2020), book, settings)
        for table, file in zip(tables, FILES, strict=True):
            write_table(self.root / f"data/raw/{wave}" / file, table)
        write_table(
            self.root / f"data/respondents/{wave}/bounds.csv",
            pd.DataFrame(columns=[*KEYS, "basis", "support", *BOUNDS, "attained", "given"]),
        )
        say_how(self.root, wave)
        self.set("waves", all=sorted({*self.settings()["waves"]["all"], wave}))

    def settings(self):
        """The settings as they are; at first this project's, with what is the other survey's own."""
        path = self.root / "params.yaml"
        if path.exists():
            return yaml.safe_load(path.read_text(encoding="utf-8"))
        settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        settings["waves"] = {"all": [], "reconstruction": [], "rehearsal": []}
        settings["weight"] |= {"population": "houses", "sparse": {"fewest": 5, "do": "collapse"}}
        settings["vary"]["population"] = ["houses"]
        settings["publish"] |= {"title": "Libraries and museums"}
        return settings

    def set(self, section, **changes):
        """Change settings of one section."""
        settings = self.settings()
        settings[section] |= changes
        text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
        (self.root / "params.yaml").write_text(text, encoding="utf-8")


_PLAIN = {"ignore": shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")}
