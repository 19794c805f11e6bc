"""The larger reports of the benchmarks are what they are said to be: a report several times over, about one frame."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest
from made_claims import EVERY_KIND, claims_of, true_claims

from pipeline.claims import load_claims, regenerate
from pipeline.codebook import load_codebook, typed

PLACE = Path(__file__).parent.parent / "benchmarks/contradictions.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_of_contradictions", PLACE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_copies_of_a_report_are_met_by_copies_of_its_answers(benchmark, small_codebook, make_respondents, tmp_path):
    codebook = small_codebook.model_copy(update={"respondents": 30})
    answers = make_respondents(codebook, rows=30, seed=0)
    frame = [codebook.sector, codebook.size_band]
    claims = claims_of(codebook, *true_claims(codebook, answers, number=60, seed=1, kinds=EVERY_KIND))
    paths = tmp_path / "codebook.yaml", tmp_path / "claims.csv"
    questions, printed = benchmark.write_copies(codebook, claims, 3, *paths)
    larger = load_codebook(paths[0])
    more = load_claims(paths[1], larger)
    assert questions == len(larger.questions) == 3 * len(codebook.questions) - 2 * len(frame)
    assert printed == len(more)
    # What is printed of the frame alone is printed once.
    of_frame = claims["measure"].isin(frame) & claims["break"].isin(["total", *frame, "fewness"])
    of_frame &= claims["base"].eq("all")
    assert len(more) == 3 * len(claims) - 2 * of_frame.sum() < 3 * len(claims)
    asked = [c for q in codebook.questions if q.id not in frame for c in q.columns]
    again = [answers[asked].rename(columns=lambda c, n=n: renamed(c, n)) for n in (2, 3)]
    table = typed(pd.concat([answers, *again], axis=1), larger)
    assert regenerate(more, table, larger, 5)["met"].all()


def renamed(column, number):
    question, *answer = column.split(".")
    return ".".join([f"{question}_{number}", *answer])


def test_one_copy_is_the_report_itself(benchmark, codebook_2014, tmp_path):
    claims = load_claims(PLACE.parent.parent / "data/report/2014/claims.csv", codebook_2014)
    paths = tmp_path / "codebook.yaml", tmp_path / "claims.csv"
    questions, printed = benchmark.write_copies(codebook_2014, claims, 1, *paths)
    one = load_codebook(paths[0])
    assert (questions, printed) == (len(codebook_2014.questions), len(claims))
    assert one == codebook_2014.model_copy(update=dict.fromkeys(benchmark.MADE_OF_THEM, ()))
    assert load_claims(paths[1], one).drop(columns="line").equals(claims.drop(columns="line"))
