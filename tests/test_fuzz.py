"""Whatever stands in a file, its reader gives a table or one sentence: no other exception may come out.

The bytes and texts are drawn by hypothesis, half of them from nothing and half by breaking a whole file. For longer
runs, led by what each input reaches, see tests/fuzz/readers.py.
"""

import io

import made_exports as made
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_broken_inputs import Project

from pipeline.cells import check_texts, read_cells
from pipeline.claims import COLUMNS as OF_CLAIMS
from pipeline.claims import load_claims
from pipeline.codebook import load_codebook
from pipeline.comparators import COLUMNS as OF_COMPARATORS
from pipeline.comparators import load_comparators
from pipeline.deliveries import read_delivery
from pipeline.params import load_params
from pipeline.population import population_cells
from pipeline.problems import InputProblem
from pipeline.yamls import read_yaml

FUZZ = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Pieces of which faulty tables and YAML are made.
PIECES = [
    "",
    "a",
    "1",
    "-1",
    "1e400",
    "NaN",
    "inf",
    '"',
    "''",
    ",",
    ";",
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "\ufeff",
    "\0",
    "=1+1",
]
PIECES += [
    "\u202e",
    "\u0661",
    "\uff11",
    "#REF!",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "- ",
    "&a ",
    "*a",
    "!!x ",
    "<<: ",
    "? ",
    "|",
    ">",
]
PIECES += [
    "%TAG",
    "---\n",
    "...\n",
    "0x1",
    "010",
    "1:30",
    "2020-13-01",
    ".nan",
    "~",
    "yes",
    "'",
    "\\",
    "\x85",
    "\u2028",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join)


@st.composite
def broken(draw, whole):
    """A file with up to six places overwritten, cut out or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        gone = draw(st.sampled_from([0, 1, 1, 4, 50]))
        new = draw(st.binary(max_size=8) | st.sampled_from(PIECES).map(str.encode))
        data[at : at + gone] = new
    return bytes(data)


def only_sentences(read):
    """Call a reader; what it raises must be an InputProblem in one printable line."""
    try:
        read()
    except InputProblem as problem:
        said = str(problem)
        assert said.endswith(".") and said.isprintable()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def place(tmp_path):
    return tmp_path


@FUZZ
@given(data=st.binary(max_size=400) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_as_csv(place, data):
    path = place / "any.csv"
    path.write_bytes(data)
    only_sentences(lambda: check_texts(read_cells(path), "any.csv", one_line=True))
    only_sentences(lambda: read_delivery(path, dates=()))


@FUZZ
@given(data=st.binary(max_size=200) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_as_yaml(place, data):
    path = place / "any.yaml"
    path.write_bytes(data)
    for read in (read_yaml, load_codebook, load_params):
        only_sentences(lambda read=read: read(path))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "sav", "parquet"])
@FUZZ
@given(data=st.data())
def test_a_broken_delivery(project, place, kind, data):
    path = place / f"export.{kind}"
    path.write_bytes(data.draw(broken(project.whole[kind])))
    only_sentences(lambda: read_delivery(path, dates=made.DATES))


@FUZZ
@given(cells=st.lists(TEXTS, min_size=len(OF_CLAIMS), max_size=len(OF_CLAIMS)))
def test_any_cells_as_a_claim(project, place, cells):
    only_sentences(lambda: load_claims(written(place, OF_CLAIMS, cells), project.book))


@FUZZ
@given(cells=st.lists(TEXTS, min_size=len(OF_COMPARATORS), max_size=len(OF_COMPARATORS)))
def test_any_cells_as_a_published_figure(project, place, cells):
    only_sentences(lambda: load_comparators(written(place, OF_COMPARATORS, cells), {2020: project.book}))


def written(place, columns, cells):
    """A CSV file of one row."""
    import csv

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([columns, cells])
    path = place / "row.csv"
    path.write_bytes(out.getvalue().encode("utf-8", "surrogatepass"))
    return path


@pytest.mark.parametrize("file", ["claims.csv", "comparators.csv"])
@FUZZ
@given(data=st.data())
def test_a_broken_file_kept_by_hand(project, place, file, data):
    path = place / file
    path.write_bytes(data.draw(broken((project.root / file).read_bytes())))
    load = {"claims.csv": load_claims, "comparators.csv": lambda p, book: load_comparators(p, {2020: book})}[file]
    only_sentences(lambda: load(path, project.book))


@FUZZ
@given(data=st.data())
def test_a_broken_population(project, place, data):
    for path in (project.data / "population").iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    file = data.draw(st.sampled_from(["houses.csv", "population.yaml"]))
    (place / file).write_bytes(data.draw(broken((place / file).read_bytes())))
    only_sentences(lambda: population_cells("england", folder=place, codebook=project.book))


@settings(FUZZ, max_examples=15)
@given(data=st.data())
def test_a_broken_codebook_and_broken_settings(project, place, data):
    for whole, load in ((project.codebook, load_codebook), (project.params, load_params)):
        path = place / whole.name
        path.write_bytes(data.draw(broken(whole.read_bytes())))
        only_sentences(lambda path=path, load=load: load(path))
