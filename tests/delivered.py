"""The made-up survey as a finished project: its deliveries under DVC, all of it run and committed.

For tests of what happens to such a project from outside. A copy of it costs a second, a run of it half a minute.
"""

import shutil

from other_survey import OtherSurvey
from small_project import FOLLOWED

WAVE = 2020


class Delivered(OtherSurvey):
    """Another survey's project of one wave, ready to be run; what the agency delivered is in DVC's cache."""

    def __init__(self, folder, rows=120):
        super().__init__(folder, waves=(WAVE,), rows=rows)
        codebook = self.root / f"data/codebook/{WAVE}.yaml"
        text = codebook.read_text(encoding="utf-8")
        missing = [part for key, part in FOLLOWED.items() if f"\n{key}:" not in text]
        codebook.write_text("\n".join([text, *missing]), encoding="utf-8")
        status, printed = self.dvc("add", f"data/raw/{WAVE}", f"data/respondents/{WAVE}")
        assert status == 0, printed
        self.commit()


class Copied(OtherSurvey):
    """A project like another, its history and DVC's cache with it, in a place of its own."""

    def __init__(self, project, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.place(folder)
        shutil.copytree(project.root, self.root, dirs_exist_ok=True, symlinks=True)
        self.rows = project.rows

    def head(self):
        """The commit that is checked out."""
        return self.run("git", "rev-parse", "HEAD").stdout.strip()


def run_and_commit(folder):
    """A Delivered project, run from its raw files to its report and committed."""
    survey = Delivered(folder)
    status, printed = survey.dvc("repro")
    assert status == 0, printed[-3000:]
    survey.commit()
    return survey
