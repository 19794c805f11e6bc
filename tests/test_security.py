"""What an untrusted export cannot do: run code, reach the network, write, speak in our pages. See docs/security.md."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import HERE, ROOT
from houses import houses, limited, planted
from test_broken_inputs import Project
from test_execute import notebook, printed  # noqa: F401

import pipeline.provenance
import pipeline.yamls
from pipeline.cells import is_formula
from pipeline.data_docs import RESULTS, write_report
from pipeline.delivery import try_apart
from pipeline.execute import execute
from pipeline.problems import InputProblem
from pipeline.raw import CONTACT_HISTORY, INTERVIEWS
from pipeline.tables import plain_cell
from pipeline.validate import not_met, validate

SOURCES = sorted((ROOT / "pipeline").glob("*.py"))
# Modules that make objects of bytes, run other programs' code or reach the network; and what may use them, and why.
KEPT_OUT = {"pickle", "cPickle", "cloudpickle", "dill", "marshal", "shelve", "ctypes", "cffi", "runpy", "code", "imp"}
KEPT_OUT |= {"socket", "ssl", "http", "ftplib", "smtplib", "requests", "httpx", "aiohttp", "urllib3", "telnetlib"}
ALLOWED = {
    # git, DVC and Python with fixed arguments and no shell
    "subprocess": {"provenance.py", "attestation.py", "verify.py"},
}
CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "read_pickle",
    "to_pickle",
    "os.system",
    "os.popen",
    "unsafe_load",
    "full_load",
}
SCRIPT = "<script>alert(1)</script>"


def names_of(tree):
    """The modules that a source imports, and the functions that it calls, by name."""
    imported, called = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
        elif isinstance(node, ast.Call):
            whole = ast.unparse(node.func)
            called |= {whole, whole.rpartition(".")[2]} - ({"compile"} if whole == "re.compile" else set())
    return imported, called


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_makes_objects_of_bytes_runs_text_or_reaches_the_network(path):
    imported, called = names_of(ast.parse(path.read_text(encoding="utf-8")))
    assert not {name.partition(".")[0] for name in imported} & KEPT_OUT
    assert not imported & {"urllib.request", "xml.etree.ElementTree", "xml.dom.minidom", "xml.sax"}
    assert not called & CALLS
    for module, files in ALLOWED.items():
        assert module not in imported or path.name in files
    assert "shell=True" not in ast.unparse(ast.parse(path.read_text(encoding="utf-8")))


def test_every_yaml_loader_is_a_safe_one():
    loaders = {pipeline.yamls._StrictLoader, pipeline.provenance.LOADER}
    safe = (yaml.SafeLoader, yaml.CSafeLoader) if hasattr(yaml, "CSafeLoader") else (yaml.SafeLoader,)
    assert all(issubclass(loader, safe) for loader in loaders)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "yaml.load":
                assert ast.unparse(node.keywords[0].value) in ("_StrictLoader", "LOADER"), path.name


# Runs in a process of its own, since a hook that listens cannot be taken away again.
LISTENING = """
import sys, os
sys.path.insert(0, {tests!r})
from pathlib import Path
import made_exports, openpyxl, pyreadstat, pipeline.new_wave as new_wave
from pipeline.problems import InputProblem
from pipeline.clean import clean
import pyarrow.csv, encodings.cp1252, encodings.utf_16
heard = []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
NETWORK = ("socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.Request", "subprocess.Popen", "os.system",
           "os.exec", "os.posix_spawn", "os.rename", "os.symlink", "pickle.find_class",
           "shutil.copyfile", "tempfile.mkstemp", "ctypes.dlopen")
def hear(event, found):
    # The draft of the codebook is checked in a folder of its own, which goes again.
    if event in NETWORK:
        heard.append([event, str(found)[:90]])
    elif event == "open" and "/2021.yaml" not in str(found[0]) and isinstance(found[2], int) and found[2] & WRITING:
        heard.append([event, str(found)[:90]])
root, data = Path({root!r}), Path({root!r}) / "data"
def take(path):
    try:
        wave = new_wave.prepare({year}, {{"interviews.csv": Path(path)}}, params=root / "params.yaml", data=data)
        clean(wave.fieldwork, wave.codebook)
        return "read"
    except InputProblem:
        return "refused"
for kind in ("xlsx", "parquet"):
    take(root / f"whole.{{kind}}")  # whatever is imported late is imported now
sys.addaudithook(hear)
said = [take(path) for path in sys.argv[1:]]
import json
print(json.dumps([said, heard]))
"""


def test_nothing_is_run_written_or_asked_of_the_network_while_an_export_is_read(tmp_path):
    from broken_inputs import TABLE, XLSX

    project = Project(tmp_path)
    exports = [tmp_path / f"whole.{kind}" for kind in ("csv", "xlsx", "sav", "parquet")]
    hostile = [
        "entity from a file",
        "macros",
        "values of another workbook",
        "path out of the archive",
        "formula for an answer",
    ]
    for number, name in enumerate(hostile):
        exports.append(tmp_path / f"hostile{number}.xlsx")
        exports[-1].write_bytes(XLSX[name](project.whole["xlsx"]))
    table = TABLE["formula that begins with a minus and runs a program"](project.table)
    table.to_csv(tmp_path / "hostile.csv", index=False)
    exports.append(tmp_path / "hostile.csv")
    source = LISTENING.format(tests=str(HERE), root=str(tmp_path), year=2021)
    done = subprocess.run(
        [sys.executable, "-c", source, *map(str, exports)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said, heard = json.loads(done.stdout.splitlines()[-1])
    assert said == ["read"] * 4 + ["refused"] * 6
    assert heard == [], "\n".join(map(str, heard))


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "=cmd", "= 1", "@SUM(1+1)", "+SUM(A1)", "- SUM(A1)", "-1+SUM(A1)", "-A1*LOG10(2)", "+(SUM(A1))"),
        *("-1+cmd|' /C calc'!A0", "+cmd|' /C calc'!A0", "@SUM(1+9)*cmd|' /C calc'!A0", "-x |y!z", "+Sheet1!$A$1"),
        *("-'[other.xlsx]Sheet 1'!A1", '+HYPERLINK("http://example.org")', "-1 + HYPERLINK(A1)"),
    ],
)
def test_what_a_spreadsheet_would_work_out_is_a_formula(text):
    assert is_formula(text)


@pytest.mark.parametrize(
    "text",
    [
        *("- Hard to measure (no tools yet)", "- Great!", "+ more staff (two)", "@work we do", "- none", "-", "+", "@"),
        *("-5", "+44 20 7946 0123", "- grants | loans", "- more of our member(s)", "=", "a = b", "1+SUM(A1)", ""),
    ],
)
def test_own_words_that_begin_with_a_sign_are_no_formula(text):
    assert not is_formula(text)
    assert plain_cell(text) == (f"'{text}" if text[:1] in ("=", "+", "-", "@") and text else text)


# ---- what others wrote, on our pages


@pytest.fixture(scope="module")
def hostile(small_codebook):
    """Judged fieldwork with markup in labels of the codebook and in cells of the raw files."""
    book = limited(small_codebook)
    label = {"label": f"Shop {SCRIPT}", "text": f"Shop? {SCRIPT}"}
    questions = [q.model_copy(update=label) if q.id == "shop" else q for q in book.questions]
    book = book.model_copy(update={"questions": tuple(questions), "title": f"Houses {SCRIPT}", "source": SCRIPT})
    faults = [(INTERVIEWS, 20, "S1", f'"><img src=x onerror=alert(1)> {SCRIPT}'), (INTERVIEWS, 21, "status", SCRIPT)]
    faults += [(CONTACT_HISTORY, 5, "outcome", "=HYPERLINK(1)"), (INTERVIEWS, 22, "V1", "=1+1")]
    return validate(planted(houses(small_codebook), faults), book), book


def test_markup_in_labels_and_cells_stays_text_in_data_docs(hostile, tmp_path):
    results, book = hostile
    write_report(results, book, tmp_path, stops=True)
    pages = "".join(p.read_text(encoding="utf-8") for p in tmp_path.rglob("*.html"))
    assert "&lt;script&gt;" in pages
    assert "<script" not in pages and "<img" not in pages


def test_what_was_found_is_no_formula_in_the_table_of_results(hostile, tmp_path):
    results, book = hostile
    write_report(results, book, tmp_path, stops=True)
    text = (tmp_path / f"{Path(RESULTS).stem}.failed.csv").read_text(encoding="utf-8")
    assert "'=1+1'" in text
    assert not [line for line in text.splitlines() if line.startswith("=") or ",=" in line or ',"=' in line]


def test_markup_in_a_table_stays_text_in_a_notebook(hostile):
    shown = not_met(hostile[0]).to_html()
    assert "&lt;script&gt;" in shown and "<script" not in shown and "<img" not in shown


@pytest.mark.parametrize(
    "value",
    [
        "'; import os; os.abort() #",
        'a"; b = 1\nprint("no")\n"""',
        "\\",
        "${HOME} {share} %s `id`",
        "__import__('os').abort()",
        "\u2028x\u202e",
    ],
)
def test_a_notebook_s_parameter_is_a_text_whatever_it_holds(notebook, tmp_path, value):  # noqa: F811
    source = notebook("folder = 'here'", "print(ascii(folder), sorted(set(dir()) & {'b', 'os'}))")
    execute(source, tmp_path / "out.ipynb", {"folder": value})
    assert printed(tmp_path / "out.ipynb") == f"{value!a} []\n"


def test_a_reader_in_c_that_breaks_off_takes_only_its_own_process_along():
    with pytest.raises(InputProblem, match=r"^export\.sav: not an SPSS file that can be read: the reader breaks off; "):
        try_apart(os.abort, "export.sav")
    with pytest.raises(InputProblem, match=r"^export\.parquet: not a Parquet file that can be read: the reader breaks"):
        try_apart(os.abort, "export.parquet", "a Parquet file")
    try_apart(lambda: None, "export.sav")
    try_apart(lambda: 1 / 0, "export.sav")
