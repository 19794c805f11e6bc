"""The benchmarks measure what they say: larger reports about one frame, the same graph in one process.

And a big wave, in small, comes to the same in each format and to what plain pandas makes of it.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from made_claims import EVERY_KIND, claims_of, every_table, met_by, rows_of, tiny_codebook, tiny_kinds, true_claims

from pipeline.bounds import bound_estimates
from pipeline.claims import load_claims, regenerate
from pipeline.codebook import load_codebook
from pipeline.contradictions import judge
from pipeline.params import Reconstruct
from pipeline.respondents import typed
from pipeline.system import build_system

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


# ---- exact ends of bounds


@pytest.fixture
def exact_bounds(monkeypatch):
    monkeypatch.syspath_prepend(PLACE.parent)
    return importlib.import_module("exact_bounds")


@pytest.mark.parametrize("seed", [0, 1])
def test_exact_ends_are_those_of_every_possible_table(exact_bounds, make_respondents, seed):
    houses, settings = 4, Reconstruct(seed=1, worded_tolerance=5, time_limit=30, effort=2)
    codebook = tiny_codebook(houses)
    kinds = tiny_kinds(codebook)
    table = make_respondents(codebook, rows=houses, seed=seed)
    rows = [r for r in true_claims(codebook, table, number=6, seed=seed) if r.get("unit") != "answers"]
    claims = claims_of(codebook, *rows)
    system = build_system(codebook, claims, settings.worded_tolerance)
    verdict = judge(system, seed=settings.seed, time_limit=settings.time_limit)
    tables = every_table(kinds, houses)
    possible = tables[met_by(claims, codebook, kinds, tables).all(axis=1)]
    bounds = bound_estimates(codebook, claims, verdict, settings)
    bounds = bounds[bounds["count_low"].lt(bounds["count_high"]).fillna(False)].to_dict("records")
    assert bounds
    for bound in bounds:
        estimate = bound | {"base": codebook.measure(bound["measure"]).base}
        count, _ = rows_of(codebook, estimate, bound["category"], bound["group"], kinds)
        counts = possible @ count.to_numpy(dtype=int)
        for end, exact in (("count_low", counts.min()), ("count_high", counts.max())):
            found = exact_bounds.exact_end(codebook, claims, verdict.kept, bound | {"end": end}, settings)
            assert found == exact


def test_a_limit_on_answers_that_the_report_breaks_is_not_held_to(exact_bounds, codebook_2014):
    """The claims that refute "each named at most three" can be met together once that claim is left out."""
    root, settings = PLACE.parent.parent, Reconstruct(seed=1, worded_tolerance=5, time_limit=30, effort=2)
    claims = load_claims(root / "data/report/2014/claims.csv", codebook_2014)
    limits = set(claims.loc[claims["unit"].eq("answers"), "id"])
    listed = pd.read_csv(root / "reports/2014/contradictions.csv")
    broken = listed.loc[listed["claim"].isin(limits), "contradiction"].iloc[0]
    against = sorted(set(listed.loc[listed["contradiction"].eq(broken), "claim"]) - limits)
    everyone = {"measure": "sector", "category": "la", "break": "total", "group": "total", "count_low": 0}
    end = {"end": "count_low"}
    assert exact_bounds.exact_end(codebook_2014, claims, against, everyone | end, settings) is not None


def test_ends_that_are_not_exact_are_named(exact_bounds):
    bounds = pd.DataFrame({"attained": ["both", "low", "neither"]})
    bound = {"measure": "opens", "category": "yes", "group": "museums", "count_low": 3, "count_high": 8, "base_low": 9}
    searched = [bound | {"end": end} for end in ("count_low", "count_high", "count_high")]
    said = exact_bounds.text(searched, [3, 6, None], bounds)
    assert said.startswith("Of 6 ends of unweighted shares 3 are attained")
    assert "Of the others 0 are of an open base" in said
    assert "2 were decided, and 1 of these are exact" in said
    assert said.splitlines()[-1] == "| `opens`, `yes`, `museums` | largest | 8 | 6 | 9 |"


# ---- the graph in one process


@pytest.fixture
def one_process(monkeypatch):
    monkeypatch.syspath_prepend(PLACE.parent)
    return importlib.import_module("one_process")


SAID = """\
Running stage 'clean@2014':
> python -m pipeline.execute notebooks/clean.ipynb out.ipynb -p wave 2014
[clean] cell 1 of 3 (x)
> not a command
Running stage 'publish':
> python -m pipeline.publish
""".splitlines()


def test_the_commands_are_those_that_dvc_ran_in_its_order(one_process):
    assert one_process.commands(SAID) == {
        "clean@2014": "python -m pipeline.execute notebooks/clean.ipynb out.ipynb -p wave 2014",
        "publish": "python -m pipeline.publish",
    }


def test_a_notebooks_cells_run_in_its_folder_with_the_stages_parameters(one_process, tmp_path, monkeypatch):
    cells = [
        nbformat.v4.new_code_cell('wave = 2014\nplace = "a"', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_markdown_cell("not code"),
        nbformat.v4.new_code_cell(
            "from pathlib import Path\nfound = f'{wave + 1} {place} {Path().resolve().name}'\nwave"
        ),
    ]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks/small.ipynb")
    monkeypatch.chdir(tmp_path)
    command = ["notebooks/small.ipynb", "out.ipynb", "-p", "wave", "2015", "-p", "place", "b c"]
    assert one_process.run_cells(command)["found"] == "2016 b c notebooks"
    assert not (tmp_path / "out.ipynb").exists()


def test_a_failing_cell_ends_the_benchmark(one_process, tmp_path, monkeypatch):
    cells = [nbformat.v4.new_code_cell("x = 0", metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell("1 / x")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "small.ipynb")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZeroDivisionError):
        one_process.run_cells(["small.ipynb", "out.ipynb"])


def test_a_byte_that_differs_ends_the_benchmark_and_an_executed_notebook_does_not(one_process, tmp_path):
    outs = "[{path: a.csv}, {path: figures}, {path: run.ipynb}]"
    for side in ("one", "other"):
        (tmp_path / side / "figures").mkdir(parents=True)
        (tmp_path / side / "dvc.lock").write_text(f"schema: '2.0'\nstages: {{s: {{cmd: x, outs: {outs}}}}}\n")
        (tmp_path / side / "dvc.yaml").write_text("stages: {s: {cmd: x}}\n")
        (tmp_path / side / "a.csv").write_text("1\n")
        (tmp_path / side / "figures/1.svg").write_text("<svg/>")
        (tmp_path / side / "run.ipynb").write_text(side)
    sides = tmp_path / "one", tmp_path / "other"
    assert one_process.check_same(*sides) == 2
    (sides[1] / "figures/1.svg").write_text("<svg />")
    with pytest.raises(SystemExit, match=r"figures/1\.svg"):
        one_process.check_same(*sides)
    (sides[1] / "figures/1.svg").unlink()
    with pytest.raises(SystemExit, match=r"figures/1\.svg"):
        one_process.check_same(*sides)


def test_one_answer_is_another_and_all_else_as_it_was(one_process, small_codebook):
    question = next(q for q in small_codebook.questions if q.asked_of == "respondent" and not (q.several or q.asked_if))
    (column,) = question.export_columns
    first, second = (a.label for a in question.answers[:2])
    table = pd.DataFrame(
        {"status": ["partial", "complete", "complete"], column: [first, second, first], "x": [1, 2, 3]}
    )
    changed = one_process.with_another_answer(table, small_codebook)
    assert changed[column].tolist() == [first, second, second]
    assert changed.drop(columns=column).equals(table.drop(columns=column))


# ---- a big wave


@pytest.fixture(scope="module")
def big_wave():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PLACE.parent))
        yield importlib.import_module("big_wave")


@pytest.fixture(scope="module")
def small_wave(big_wave, tmp_path_factory):
    """The survey at a small size, every stage of ours and of plain pandas run on it."""
    folder = tmp_path_factory.mktemp("big_wave")
    big_wave.write_project(folder, 600)
    big_wave.write_exports(folder, 600)
    big_wave.write_keys(folder)
    big_wave.place_raw(folder)
    for stage in (big_wave.clean, big_wave.weight, big_wave.analyse, big_wave.plain_pandas):
        stage(folder)
    return folder


def test_a_big_wave_has_forty_questions_and_the_shares_that_plain_pandas_gives(big_wave, small_wave):
    found = pd.read_csv(small_wave / "estimates_ours.csv")
    assert found["answer"].str.split().str[0].nunique() == 40
    assert found["se"].notna().mean() > 0.9
    weights = pd.read_csv(small_wave / "weighted/respondents.csv")["weight"]
    assert len(weights) == 600 and weights.nunique() == 6
    assert big_wave.check_same(small_wave, "pandas") < 1e-9


def test_a_big_wave_stops_where_a_share_differs(big_wave, small_wave, tmp_path):
    for who in ("ours", "pandas"):
        table = pd.read_csv(small_wave / f"estimates_{who}.csv")
        table.loc[7, "estimate"] += 1e-3 * (who == "pandas")
        table.to_csv(tmp_path / f"estimates_{who}.csv", index=False)
    with pytest.raises(SystemExit, match=r"Ours and those of pandas differ by 0\.001"):
        big_wave.check_same(tmp_path, "pandas")


def test_the_formats_of_a_big_wave_give_the_same_respondents(big_wave, small_wave):
    for kind in big_wave.FORMATS:
        big_wave.take_in(small_wave, kind)
    big_wave.check_formats(small_wave)
    (small_wave / "taken_in.sav").write_text("0")
    with pytest.raises(SystemExit, match="The formats give other respondents"):
        big_wave.check_formats(small_wave)


def test_a_process_that_takes_too_long_is_ended_and_said_to_be(big_wave):
    assert big_wave.run([sys.executable, "-c", "import time; time.sleep(60)"], 1) == "not in 1 s"
    assert big_wave.run([sys.executable, "-c", "raise SystemExit(3)"], 60) == "ended with 3"
    ended = big_wave.run([sys.executable, "-c", "print('clean', 1, 2, sep=chr(9)); print('Python')"], 60)
    assert ended.parts == {"clean": [1, 2]} and ended.program == "Python" and ended.memory > 1
    rows = big_wave.markdown({1000: {"clean": ended, "weight": "not in 1 s", "analyse": ended}}).splitlines()
    assert "| weight | not in 1 s |" in rows and "| **clean, weight and analyse: ours** | not all |" in rows


# ---- other Pythons


def test_what_other_pythons_make_is_written_as_git_sees_it_beside_what_was_known(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(PLACE.parent)
    pythons = importlib.import_module("pythons")
    document = tmp_path / "document.md"
    document.write_text("Before\n<!-- pythons -->\n<!-- end -->\nAfter\n", encoding="utf-8")
    monkeypatch.setattr(pythons, "DOCUMENT", document)
    left = {"python3.12.1": [], "python3.9.2": [" M reports/a.csv", "?? reports/b.csv"]}
    monkeypatch.setattr(pythons, "measure", lambda name: [name[6:], "glibc 2", pythons.found(left[name]), "9 passed"])
    pythons.main("python3.12.1")
    pythons.main("python3.9.2")
    left["python3.12.1"] = ["?? reports/c.csv"]
    pythons.main("python3.12.1")
    assert document.read_text(encoding="utf-8").splitlines() == [
        "Before",
        "<!-- pythons -->",
        "| Python | C library | every stage run again | tests but the slow ones |",
        "| --- | --- | --- | --- |",
        "| 3.9.2 | glibc 2 | 2 files are not the same, such as reports/a.csv | 9 passed |",
        "| 3.12.1 | glibc 2 | 1 file is not the same: reports/c.csv | 9 passed |",
        "<!-- end -->",
        "After",
    ]
    assert pythons.outcome("1 failed, 9 passed, 2 deselected, 3 warnings in 4.5s") == "1 failed, 9 passed"
    with pytest.raises(SystemExit, match="Name the Pythons"):
        pythons.main()
