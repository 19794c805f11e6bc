"""What the tests share: a codebook of a made-up survey, and random valid records for any codebook."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.codebook import ORGANISATION, load_codebook
from pipeline.params import Fieldwork, NotAnswering, Slips
from pipeline.respondents import asked, typed

HERE = Path(__file__).parent
ROOT = HERE.parent


def pytest_collection_modifyitems(items):
    """Slow tests first, so that no processor waits for them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def small_codebook():
    """A survey of libraries and museums that uses every feature of a codebook."""
    return load_codebook(HERE / "small_codebook.yaml")


@pytest.fixture(scope="session")
def codebook_2014():
    """The questionnaire of the real first wave."""
    return load_codebook(ROOT / "data/codebook/2014.yaml")


@pytest.fixture(scope="session")
def make_respondents():
    """The function `respondents_of(codebook, rows, seed)`, for tests that want a table of their own."""
    return respondents_of


@pytest.fixture(scope="session")
def small_respondents(small_codebook):
    """Sixty random valid records of the made-up survey."""
    return respondents_of(small_codebook, rows=60, seed=1)


@pytest.fixture(scope="session")
def delivered(tmp_path_factory):
    """Another survey's project, its deliveries under DVC, run once and committed; not to be changed, but copied."""
    from delivered import run_and_commit

    return run_and_commit(tmp_path_factory.mktemp("delivered"))


@pytest.fixture(scope="session")
def make_settings():
    """The function `settings_of(**changes)`: settings of a small simulated fieldwork, some of them changed."""
    return settings_of


def settings_of(slips=None, **changes):
    """Settings for the fieldwork of some sixty respondents; `slips` gives the share of every slip."""
    kinds = ("spelling", "code", "letter_case", "blanks", "curly", "missing_as_code")
    endings = {"refused": 0.3, "broke_off": 0.1, "put_off": 0.1, "not_reached": 0.2, "nothing_heard": 0.2}
    usual = {
        "seed": 7,
        "organisations": 90,
        "contacts": 260,
        "starts": "03-02",
        "not_answering": NotAnswering(**endings, closed_or_merged=0.1),
        "two_people": 5,
        "resumed": 4,
        "listed_twice": 3,
        "slips": Slips(**dict.fromkeys(kinds, 0.2 if slips is None else slips)),
    }
    return Fieldwork(**(usual | changes))


def respondents_of(codebook, rows, seed):
    """A random valid table of respondents: routing, bands and numbers of answers are kept, every answer can come up.

    Organisations are named and ordered as the reconstruction does: the sector answer's id in capitals and a running
    number, sectors in codebook order. The shares of the answers are themselves drawn, so they differ by seed.
    """
    rng = np.random.default_rng(seed)
    sectors = [a.id for a in codebook.question(codebook.sector).answers]
    drawn = sorted(rng.choice(sectors, rows), key=sectors.index)
    table = pd.DataFrame({codebook.sector: pd.Series(drawn, dtype=object)})
    number = table.groupby(codebook.sector, sort=False).cumcount() + 1
    table[ORGANISATION] = table[codebook.sector].str.upper() + "-" + number.map("{:03d}".format)
    for question in codebook.questions:
        if question.id == codebook.sector:
            continue
        heard = asked(table, question).to_numpy()
        draw = _several_answers if question.several else _one_answer
        table[question.columns] = draw(rng, codebook, question, table, heard)
    return typed(table, codebook)


def _one_answer(rng, codebook, question, table, heard):
    shares = rng.dirichlet(np.ones(len(question.answers)))
    drawn = np.full((len(table), 1), None, dtype=object)
    for row in np.flatnonzero(heard):
        sector = table[codebook.sector].iloc[row]
        allowed = [i for i, a in enumerate(question.answers) if a.band is None or a.band.sector == sector]
        chosen = rng.choice(allowed, p=shares[allowed] / shares[allowed].sum())
        drawn[row, 0] = question.answers[chosen].id
    return drawn


def _several_answers(rng, codebook, question, table, heard):
    answers = len(question.answers)
    shares = rng.uniform(0.05, 0.95, answers)
    most = question.max_answers or answers
    drawn = np.full((len(table), answers), np.nan)
    for row in np.flatnonzero(heard):
        given = int((rng.random(answers) < shares).sum())
        kept = rng.choice(answers, np.clip(given, question.min_answers, most), replace=False, p=shares / shares.sum())
        drawn[row] = np.isin(np.arange(answers), kept)
    return drawn


@pytest.fixture(scope="session")
def committed(tmp_path_factory):
    """The project as it is committed, without any records."""
    folder = tmp_path_factory.mktemp("committed")
    for file in (
        "params.yaml",
        "dvc.lock",
        "dvc.yaml",
        "data/codebook",
        "data/report",
        "reports",
        "notebooks",
        "pipeline",
    ):
        (folder / file).parent.mkdir(exist_ok=True, parents=True)
        (folder / file).symlink_to(ROOT / file)
    return folder
