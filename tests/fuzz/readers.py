"""Fuzz a reader, led by what each input reaches in our code. Needs atheris, which is no part of the locked environment.

    pip install --target FOLDER atheris
    PYTHONPATH=FOLDER:tests python tests/fuzz/readers.py csv -max_total_time=120

The first argument is a reader: csv, xlsx, sav, parquet, yaml, codebook, claims or comparators; the others are
libFuzzer's. It ends with status 1 and the bytes of the input at the first exception that is no InputProblem.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pipeline", "openpyxl"]):
    from test_broken_inputs import Project

    from pipeline.claims import load_claims
    from pipeline.codebook import load_codebook
    from pipeline.comparators import load_comparators
    from pipeline.deliveries import read_delivery
    from pipeline.problems import InputProblem
    from pipeline.yamls import read_yaml


def readers(project):
    """Reader, name of its file and a whole one to begin with, by what it is called here."""
    book, dates = project.book, ("completed_on",)
    delivered = {
        kind: (lambda path: read_delivery(path, dates=dates), f"export.{kind}", project.whole[kind])
        for kind in ("csv", "xlsx", "sav", "parquet")
    }
    return delivered | {
        "yaml": (read_yaml, "any.yaml", b"a: [1, {b: c}]\n"),
        "codebook": (load_codebook, "codebook.yaml", project.codebook.read_bytes()),
        "claims": (lambda path: load_claims(path, book), "claims.csv", (project.root / "claims.csv").read_bytes()),
        "comparators": (
            lambda path: load_comparators(path, {2020: book}),
            "comparators.csv",
            (project.root / "comparators.csv").read_bytes(),
        ),
    }


def main(kind, *options):
    with tempfile.TemporaryDirectory() as place:
        read, name, whole = readers(Project(Path(place)))[kind]
        path, seeds = Path(place) / name, Path(place) / "seeds"
        seeds.mkdir()
        (seeds / "whole").write_bytes(whole)

        def once(data):
            path.write_bytes(data)
            try:
                read(path)
            except InputProblem:
                return

        atheris.Setup([sys.argv[0], *options, str(seeds)], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
