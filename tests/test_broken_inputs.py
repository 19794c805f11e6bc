"""No broken input passes: one sentence refuses it, or it is cleaned with a log row, and no result is touched.

`broken_inputs.py` breaks every file that a person may edit or an agency may send; `broken_inputs.yaml` records what is
said of each, word for word. After a change that words a sentence otherwise, `python tests/test_broken_inputs.py` writes
that record anew: read its difference, which is the test.
"""

import functools
import io
import tempfile
from pathlib import Path

import broken_inputs as corpus
import made_exports as made
import pandas as pd
import pyreadstat
import pytest
import yaml
from conftest import ROOT, respondents_of, settings_of
from pyarrow import parquet
from small_project import FIRST, write_small

import pipeline.new_wave as new_wave
from pipeline.check import check, check_populations
from pipeline.claims import COLUMNS as OF_CLAIMS
from pipeline.claims import load_claims
from pipeline.clean import clean
from pipeline.codebook import load_codebook
from pipeline.comparators import COLUMNS as OF_COMPARATORS
from pipeline.comparators import load_comparators
from pipeline.fieldwork import simulate
from pipeline.new_wave_report import as_text
from pipeline.params import load_params
from pipeline.population import population_cells
from pipeline.problems import InputProblem
from pipeline.raw import FILES, INTERVIEWS, read_fieldwork
from pipeline.tables import write_table

HERE = Path(__file__).parent
RECORD = HERE / "broken_inputs.yaml"
SAME = "Read as if it were whole."
CORPUS = {
    **{f"delivered CSV: {name}": ("csv", change) for name, change in corpus.CSV.items()},
    **{f"delivered table: {name}": ("table", change) for name, change in corpus.TABLE.items()},
    **{f"delivered xlsx: {name}": ("xlsx", change) for name, change in corpus.XLSX.items()},
    **{f"delivered sav: {name}": ("sav", change) for name, change in corpus.SAV.items()},
    **{f"delivered sav: {name} (values)": ("sav_values", change) for name, change in corpus.SAV_VALUES.items()},
    **{f"delivered Parquet: {name}": ("parquet", change) for name, change in corpus.PARQUET.items()},
    **{f"delivered Parquet: {name} (values)": ("parquet_values", c) for name, c in corpus.PARQUET_VALUES.items()},
    **{f"raw file: {name}": ("raw", change) for name, change in corpus.RAW.items()},
    **{f"codebook: {name}": ("codebook", change) for name, change in corpus.BOOK.items()},
    **{f"params: {name}": ("params", change) for name, change in corpus.PARAMS.items()},
    **{f"claims: {name}": ("claims", change) for name, change in corpus.CLAIMS.items()},
    **{f"comparators: {name}": ("comparators", change) for name, change in corpus.COMPARED.items()},
    **{f"population: {name}": ("population", change) for name, change in corpus.POPULATION.items()},
}


class Project:
    """A project of the made-up survey with one of each file, whole; and what is made of them while they are."""

    def __init__(self, root):
        self.root = root
        write_small(root, _without_comments((ROOT / "params.yaml").read_text(encoding="utf-8")))
        self.params, self.data = root / "params.yaml", root / "data"
        self.codebook = self.data / f"codebook/{FIRST}.yaml"
        self.book = load_codebook(self.codebook)
        answered = made.records(self.book)
        self.table = made.interviews(self.book, answered)
        self.whole = {
            "csv": made.as_csv(root / "whole.csv", self.table).read_bytes(),
            "xlsx": made.as_xlsx(root / "whole.xlsx", self.table).read_bytes(),
            "sav": made.as_sav(root / "whole.sav", self.table, self.book).read_bytes(),
            "parquet": made.as_parquet(root / "whole.parquet", self.table).read_bytes(),
        }
        self.raw = root / "raw"
        for table, file in zip(
            simulate(respondents_of(self.book, 60, 3), self.book, settings_of()), FILES, strict=True
        ):
            write_table(self.raw / file, table)
        (root / "claims.csv").write_bytes(_csv(OF_CLAIMS, _CLAIMS))
        (root / "comparators.csv").write_bytes(_csv(OF_COMPARATORS, _FIGURES))
        (self.data / "population/register.csv").write_text(
            "name,visits,open\n" + "".join(f"a{i},100,yes\nb{i},30000,yes\n" for i in range(20)) + "c,5,no\n",
            encoding="utf-8",
        )
        self.wave = new_wave.prepare(made.YEAR, {INTERVIEWS: root / "whole.csv"}, params=self.params, data=self.data)
        self.delivered = clean(self.wave.fieldwork, self.wave.codebook)
        self.cleaned = clean(read_fieldwork(self.raw, self.book), self.book)

    def files(self):
        return {p: p.read_bytes() for p in sorted(self.root.rglob("*")) if p.is_file()}


def _without_comments(text):
    """The settings without lines of comment, so that a reworded comment moves no row of the record."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def _csv(columns, rows):
    table = pd.DataFrame([dict.fromkeys(columns, "") | row for row in rows], columns=columns)
    return table.to_csv(index=False, lineterminator="\n").encode("utf-8")


_SHOP = {"measure": "shop", "category": "yes", "break": "total", "group": "total", "op": "="}
_CLAIMS = [
    _SHOP | {"id": "c1", "place": "p. 1", "base": "all", "value": "40", "unit": "percent", "rounding": "half_up"},
    _SHOP | {"id": "c2", "place": "p. 2", "base": "all", "value": "12", "unit": "count", "rounding": "exact"},
]
_FIGURE = _SHOP | {"id": "a", "year": "2022", "when": "spring 2022", "title": "Census", "publisher": "A ministry"}
_FIGURE |= {"method": "Forms", "population": "Libraries", "base": "1200", "what": "A shop", "printed": "31%"}
_FIGURE |= {"value": "31", "differs": "A kiosk counts", "source": "https://example.org/census"}
_FIGURES = [_FIGURE | {"id": "census.shop"}, _FIGURE | {"id": "b"}]


# ---- what is made of a broken input: one function for each kind, giving the sentence that is recorded


def taken_in(project, path):
    """A delivery as `tracker new-wave` takes it in, cleaned and held against the whole one."""
    wave = new_wave.prepare(made.YEAR, {INTERVIEWS: path}, params=project.params, data=project.data)
    assert as_text(wave)
    assert wave.text == project.wave.text
    return compared(clean(wave.fieldwork, wave.codebook), project.delivered)


def compared(got, whole):
    """What became of an input that was read: the same, or the same by way of rows of the change log."""
    pd.testing.assert_frame_equal(got.respondents, whole.respondents)
    seen = ["file", "row", "column", "before", "after", "rule"]
    new = got.change_log[seen].merge(whole.change_log[seen], how="outer", indicator=True)
    logged = new[new["_merge"].eq("left_only")].to_dict("records")
    said = [f"{r['file']}, row {r['row']}, column {r['column']}: {r['before']!r} to {r['after']!r}" for r in logged]
    return "Cleaned and logged: " + "; ".join(said) + "." if said else SAME


def of_whole(format_):
    """How a whole delivered file, changed in its bytes, is taken in."""

    def of_bytes(project, folder, change):
        path = folder / f"export.{format_}"
        path.write_bytes(change(project.whole[format_]))
        return taken_in(project, path)

    return of_bytes


def of_table(project, folder, change):
    return taken_in(project, made.as_csv(folder / "export.csv", change(project.table)))


def of_sav_values(project, folder, change):
    data, about = pyreadstat.read_sav(io.BytesIO(project.whole["sav"]), user_missing=True)
    missing = {c: [r["lo"] for r in spans] for c, spans in about.missing_ranges.items()}
    table, labels, missing = change(data, dict(about.variable_value_labels), missing)
    path = folder / "export.sav"
    texts = {c: t for c, t in about.column_names_to_labels.items() if t and c in table}
    kept = [{c: v for c, v in what.items() if c in table} for what in (labels, missing)]
    pyreadstat.write_sav(table, path, column_labels=texts, variable_value_labels=kept[0], missing_ranges=kept[1])
    made.add_sets(path, [(n, "D", "1", found["label"], found["variable_list"]) for n, found in about.mr_sets.items()])
    return taken_in(project, path)


def of_parquet_values(project, folder, change):
    path = folder / "export.parquet"
    parquet.write_table(change(parquet.read_table(io.BytesIO(project.whole["parquet"]))), path)
    return taken_in(project, path)


def of_raw(project, folder, change):
    file, mutate = change
    for name in FILES:
        (folder / name).write_bytes((project.raw / name).read_bytes())
    if mutate is None:
        (folder / file).unlink()
        (folder / file).mkdir()
    else:
        (folder / file).write_bytes(mutate((project.raw / file).read_bytes()))
    return compared(clean(read_fieldwork(folder, project.book), project.book), project.cleaned)


def of_codebook(project, folder, change):
    (folder / f"{FIRST}.yaml").write_bytes(change(project.codebook.read_bytes()))
    check(project.params, folder)
    assert load_codebook(folder / f"{FIRST}.yaml") == project.book
    return SAME


def of_params(project, folder, change):
    path = folder / "params.yaml"
    path.write_bytes(change(project.params.read_bytes()))
    check(path, project.data / "codebook")
    check_populations(path, project.data / "population")
    assert load_params(path) == load_params(project.params)
    return SAME


def of_claims(project, folder, change):
    path = folder / "claims.csv"
    path.write_bytes(change((project.root / "claims.csv").read_bytes()))
    pd.testing.assert_frame_equal(
        load_claims(path, project.book), load_claims(project.root / "claims.csv", project.book)
    )
    return SAME


def of_comparators(project, folder, change):
    path, books = folder / "comparators.csv", {FIRST: project.book}
    path.write_bytes(change((project.root / "comparators.csv").read_bytes()))
    whole = load_comparators(project.root / "comparators.csv", books)
    pd.testing.assert_frame_equal(load_comparators(path, books), whole)
    return SAME


def of_population(project, folder, change):
    for path in (project.data / "population").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    file, mutate, *more = change
    for name, how in ((file, mutate), *filter(None, more)):
        (folder / name).write_bytes(how((folder / name).read_bytes()))
    cells, whole = (
        population_cells("england", folder=f, codebook=project.book) for f in (folder, project.data / "population")
    )
    pd.testing.assert_frame_equal(cells, whole)
    return SAME


KINDS = {
    **{format_: of_whole(format_) for format_ in ("csv", "xlsx", "sav", "parquet")},
    **{"table": of_table, "sav_values": of_sav_values, "parquet_values": of_parquet_values, "raw": of_raw},
    **{"codebook": of_codebook, "params": of_params, "claims": of_claims, "comparators": of_comparators},
    "population": of_population,
}


def outcome(project, folder, name):
    """What is said of a broken input; any exception but an InputProblem, and any other result, ends the test."""
    kind, change = CORPUS[name]
    try:
        return KINDS[kind](project, folder, change)
    except InputProblem as problem:
        return str(problem).replace(f"{folder}/", "")


# ---- the tests


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The Project; a codebook and settings that have been read once are not read again, which would be 300 times."""
    with pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        yield Project(tmp_path_factory.mktemp("project"))


def quicken(patch):
    patch.setattr(new_wave, "load_params", functools.cache(load_params))
    patch.setattr(new_wave, "load_codebook", functools.cache(load_codebook))


@pytest.fixture(scope="module")
def record():
    return yaml.safe_load(RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CORPUS)
def test_a_broken_input_is_refused_or_cleaned_in_one_sentence_and_touches_nothing(project, record, tmp_path, name):
    before = project.files()
    said = outcome(project, tmp_path, name)
    assert said == record[name]
    assert said.endswith(".") and said.isprintable()
    assert project.files() == before
    written = {p.name for p in tmp_path.rglob("*")} - {p.name for p in before}
    assert written <= {f"export.{kind}" for kind in ("csv", "xlsx", "sav", "parquet")}


def test_the_record_is_of_this_corpus_and_it_is_large(record):
    assert list(record) == list(CORPUS)
    refused = [said for said in record.values() if said != SAME and not said.startswith("Cleaned and logged: ")]
    assert len(CORPUS) > 250 and len(refused) > 230


def write_record():
    """Write what is said now of every broken input."""
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        project, said = Project(Path(place)), {}
        for name in CORPUS:
            with tempfile.TemporaryDirectory() as folder:
                said[name] = outcome(project, Path(folder), name)
    RECORD.write_text(yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=115), encoding="utf-8")


if __name__ == "__main__":
    write_record()
