"""The data tables of a wave: every estimate that may be shown, with its bases, interval, evidence and test.

`tidy` is their one source: a row per estimate and basis, labelled, emptied of what may not be shown. The CSV is that
table, described for machines by CSVW metadata; the workbook shows the same numbers, a sheet per question.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from pipeline.codebook import TOTAL, load_codebook
from pipeline.csvw import describe
from pipeline.estimate import KEYS
from pipeline.files import MARK
from pipeline.params import load_params
from pipeline.printing import open_bases, state, with_bases_evidence
from pipeline.problems import InputProblem
from pipeline.tables import read_table, write_bytes, write_table, write_text

# Datatypes of CSVW: a decimal would have no exponent, and truths are written as Python writes them.
NUMBER, BOOLEAN = "number", {"base": "boolean", "format": "True|False"}
# Column: (what it is called for readers, its type in CSVW, what it holds).
COLUMNS = {
    "wave": ("Wave", "gYear", "The survey's year."),
    "records": ("Records", "string", "Where the records come from: reconstruction, rehearsal or fieldwork."),
    "measure": ("Measure", "string", "Id of what is measured, as in the codebook."),
    "measure_label": ("Measure label", "string", "The measure in words."),
    "category": ("Category", "string", "Id of the answer, or of several answers added together (a net)."),
    "category_label": ("Answer", "string", "The answer or net in words."),
    "net": ("Net", BOOLEAN, "Whether the category is a net."),
    "break": ("Break", "string", "Id of what the organisations are split by; total where they are not."),
    "break_label": ("Split by", "string", "The break in words."),
    "group": ("Group", "string", "Id of the group of the break."),
    "group_label": ("Group label", "string", "The group in words."),
    "base_label": ("Base", "string", "Who the share is of."),
    "basis": ("Basis", "string", "unweighted: each organisation counts one; weighted: as many as it stands for."),
    "n": ("Unweighted base", "integer", "Organisations in the base that answered the questionnaire."),
    "n_weighted": (
        "Weighted base",
        NUMBER,
        "Sum of the weights over the base; of a reconstruction on modelled sizes of organisations.",
    ),
    "n_eff": (
        "Effective base",
        NUMBER,
        "Organisations of equal weight that would say as much (Kish); of a reconstruction on modelled sizes.",
    ),
    "bases_evidence": (
        "Bases rest on",
        "string",
        "What the weighted and the effective base rest on: modelled, simulated or measured; empty where unweighted.",
    ),
    "count": ("Count", "integer", "Organisations in the base that gave the answer."),
    "estimate": ("Share", NUMBER, "Share of the base that gave the answer, as a proportion."),
    "ci_low": ("Interval, lower end", NUMBER, "Lower end of the confidence interval."),
    "ci_high": ("Interval, upper end", NUMBER, "Upper end of the confidence interval."),
    "low": (
        "Smallest possible share",
        NUMBER,
        "Smallest share that the report allows, where it is bounded.",
    ),
    "high": ("Largest possible share", NUMBER, "Largest share that the report allows, where it is bounded."),
    "support": ("Evidence", "string", "published, implied, bounded, assumed, simulated or measured."),
    "shown": ("Shown", "string", "settled: the share; bounded: its range; assumed or withheld: no share."),
    "quality": (
        "Quality",
        "string",
        "ok, flagged (few), withheld (too few, or confidential) or modelled.",
    ),
    "mark": ("Significance", "string", "*, ** or ***: how small the adjusted p of the test between the groups is."),
    "mark_key": ("Meaning of the mark", "string", "The mark in words; empty where no test is made."),
}
NUMBERS = ["n", "n_weighted", "n_eff", "estimate", "ci_low", "ci_high", "low", "high"]
SHOWN = {
    "settled": ["n", "n_weighted", "n_eff", "estimate", "ci_low", "ci_high"],
    "bounded": ["n", "n_weighted", "n_eff", "low", "high"],
    "assumed": ["n", "n_weighted", "n_eff"],
    "withheld": ["n"],
}


def tidy(estimates, tests, codebook):
    """Every estimate of a wave as it may be shown: a table with COLUMNS, a row per row of `estimates`, in their order.

    `estimates` are those of `pipeline.estimate`, `tests` those of `pipeline.group_tests`. What the evidence does not
    settle has no number: of a bounded estimate its range is given, of an assumed one nothing but the base, of one that
    is withheld the count where that may be given.
    A base or count of a reconstruction that its report leaves open is not given.
    """
    listed = estimates.to_dict("records")
    rows = estimates.assign(shown=[state(row) for row in listed])
    for column in NUMBERS:
        rows[column] = rows[column].where(rows["shown"].map(lambda s, c=column: c in SHOWN[s])).astype(float)
    open_base = open_bases(rows)
    for column in ("n", "n_weighted", "n_eff"):
        rows[column] = rows[column].mask(open_base)
    # A count says nothing of others, so that of a base too small for a share is given all the same.
    rows["count"] = rows["count"].where([state(row, "count") == "settled" for row in listed])
    labels = pd.DataFrame([_labels(codebook, *key) for key in rows[KEYS].itertuples(index=False, name=None)])
    rows = with_bases_evidence(rows.assign(**labels, records=codebook.kind), codebook)
    return rows.assign(**_marks(rows, tests, codebook))[list(COLUMNS)].astype({"n": "Int64", "count": "Int64"})


def _labels(codebook, measure, category, break_, group):
    """The words for the keys of an estimate."""
    measured = codebook.measure(measure)
    question = codebook.question(measured.question)
    split = {TOTAL: "All"} | {b.id: b.label for b in codebook.breaks}
    return {
        "measure_label": measured.label,
        "category_label": question.categories[category],
        "net": category in {n.id for n in question.nets},
        "base_label": codebook.base(measured.base).label,
        "break_label": split[break_],
        "group_label": codebook.group(break_, group).label,
    }


def _marks(rows, tests, codebook):
    """For each row the mark of the test that it belongs to, and what it means; empty where there is none.

    A question answered once is tested as a whole, of one with several answers each answer; groups that overlap are
    tested one by one. A net of several answers is not tested.
    """
    several = {m.id: codebook.question(m.question).several for m in codebook.measures}
    keyed = tests.astype(object).fillna({key: "" for key in [*KEYS, "mark", "key"]})
    known = {tuple(row[k] for k in [*KEYS, "basis"]): (row["mark"], row["key"]) for row in keyed.to_dict("records")}
    alone = {(measure, break_) for measure, _, break_, group, _ in known if group}
    marks = []
    for measure, category, break_, group, basis in rows[[*KEYS, "basis"]].itertuples(index=False, name=None):
        category, group = category if several[measure] else "", group if (measure, break_) in alone else ""
        marks.append(known.get((measure, category, break_, group, basis), ("", "")))
    return dict(zip(["mark", "mark_key"], zip(*marks, strict=True), strict=True))


def tabulate(codebook, report, confidence):
    """Write tables.xlsx, tables.csv and tables.csv-metadata.json of a wave into its folder of reports.

    Reads estimates.csv, whose intervals are at the level `confidence`, and group_tests.csv there. Raises InputProblem
    where the estimates are of another codebook.
    """
    from pipeline.workbook import workbook  # gptables takes a second to import

    book = load_codebook(codebook)
    estimates, tests = read_table(report / "estimates.csv"), read_table(report / "group_tests.csv")
    _check(estimates, book, report / "estimates.csv")
    table = tidy(estimates, tests, book)
    write_table(report / "tables.csv", table, book)
    mark = {MARK: ("Rehearsal", "string", "What the numbers are.")} if book.kind == "rehearsal" else {}
    described = json.dumps(describe(book, COLUMNS | mark, "tables.csv"), indent=2, ensure_ascii=False)
    write_text(report / "tables.csv-metadata.json", described + "\n")
    write_bytes(report / "tables.xlsx", workbook(table, book, confidence))
    return table


def _check(estimates, codebook, path):
    """Raise InputProblem where the estimates are not those of the codebook's measures."""
    found, wanted = set(estimates["measure"]), {m.id for m in codebook.measures}
    if found != wanted:
        odd = sorted(found ^ wanted)[0]
        what = "the estimates are of another codebook"
        raise InputProblem(what, file=path, column="measure", found=odd, do="run analyse again")


def main(
    wave: Annotated[int, typer.Option(help="The wave's year.")],
    data: Annotated[Path, typer.Option(help="Folder that holds codebook/.")] = Path("data"),
    reports: Annotated[Path, typer.Option(help="Folder that holds the waves' reports.")] = Path("reports"),
    params: Annotated[Path, typer.Option(help="Settings file.")] = Path("params.yaml"),
):
    """Write a wave's data tables: a workbook, and the same as CSV with its description for machines."""
    confidence = load_params(params).analyse.confidence
    table = tabulate(data / "codebook" / f"{wave}.yaml", reports / str(wave), confidence)
    typer.echo(f"tables: {len(table):,} rows, {table['measure'].nunique()} sheets")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
