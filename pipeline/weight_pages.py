"""Weights and sensitivity for their page: what each step did, what it cost, and which findings survive."""

from pathlib import Path

from pipeline.plates import plate
from pipeline.printing import EVIDENCE, STATUS
from pipeline.site import is_there, shown_table
from pipeline.tables import read_table

STEPS = {
    "base_weight": "For being approached",
    "response_weight": "For those that did not answer",
    "calibrated_weight": "Brought to the population",
    "weight": "Trimmed: the weight used",
}
SURVIVES, DOES_NOT = "survives", "does not survive"


def survival_summary(report):
    """How many findings survive every choice of weights, how far they were tested, and on what evidence.

    `choices` can be met; `sets` of them come to different weights.

    `weak` says of each finding that does not survive, by its number, how far it holds. None where that was not tried,
    and where there are no findings.
    """
    if not is_there(report, "sensitivity_findings.csv", "sensitivity_choices.csv"):
        return None
    findings = read_table(Path(report) / "sensitivity_findings.csv")
    if findings.empty:
        return None
    table = read_table(Path(report) / "sensitivity_choices.csv")
    survive = int(findings["verdict"].eq(SURVIVES).sum())
    evidence = ", ".join(findings["evidence"].dropna().unique())
    choices = int(findings["choices"].max())
    failed = findings[findings["verdict"].eq(DOES_NOT)]
    return {
        "findings": len(findings),
        "survive": survive,
        "choices": choices,
        "sets": int(table["met"].eq("yes").sum() - table["same_as"].notna().sum()),
        "evidence": evidence,
        **{column: int(findings[column].sum()) for column in ("clauses", "tested")},
        "weak": {int(row["number"]): _weak(row) for row in failed.to_dict("records")},
    }


def _weak(row):
    """How far a finding holds that does not survive: under how many choices, and whether under the one that is set."""
    choices = f"{row['choices']} choice{'' if row['choices'] == 1 else 's'}"
    if not row["holding"]:
        # What is printed is not weighted, and holds by itself.
        return f"Holds only without weights: under none of {choices} of weights."
    not_set = "" if row["set"] else ", and not under the weights as set"
    return f"Depends on the weights: it holds under {row['holding']} of {choices}{not_set}."


def weight_tables(report, codebook):
    """What the page of the weights shows: pictures and tables, those that are there; None where there are none."""
    report = Path(report)
    tables = [
        shown_table(report / name, **options) | {"file": name}
        for name, options in _tables(codebook.kind, _names_others(report))
        if is_there(report, name)
    ]
    pictures = [
        plate(report / f"{name}.svg", STATUS[codebook.kind]) | {"caption": caption, "file": f"{name}.svg"}
        for name, caption in (
            ("weighting/balance", "What the weights change"),
            ("sensitivity/sensitivity", "Which findings hold"),
        )
        if is_there(report, f"{name}.svg", f"{name}.txt")
    ]
    return {"tables": tables, "pictures": pictures, "survival": survival_summary(report)} if tables else None


def _names_others(report):
    """Whether a frame says how many were approached: without one the column is empty."""
    return (
        not is_there(report, "weight_cells.csv") or read_table(report / "weight_cells.csv")["approached"].notna().any()
    )


def _tables(kind, frame_known):
    """The tables of the page: file, caption and columns, in the order of the steps, for a wave of this kind."""
    steps = {"step": STEPS}
    # The headings say it where organisations were never counted; who was approached is simulated in either case.
    approached, answered = "Approached", "Answered"
    if kind != "fieldwork":
        approached, answered = "Approached (simulated)", f"Answered ({EVIDENCE[kind]})"
    if not frame_known:
        approached = "Approached (not known: no frame names others than those interviewed)"
    return [
        ("weight_options.csv", {"caption": "Every option, and what it did"}),
        (
            "weight_cells.csv",
            {
                "caption": "The cells: who there is, who answered, what each stands for",
                "columns": {
                    "label": "Cell",
                    "total": "In the population",
                    "approached": approached,
                    "respondents": answered,
                    "weight": "Weight",
                    "evidence": "Weight is",
                    "kind": "Total is",
                    "source": "Source of the total",
                },
            },
        ),
        (
            "weight_diagnostics.csv",
            {
                "caption": "What each step costs",
                "words": steps,
                "columns": {
                    "step": "Step",
                    "sum": "Sum of weights",
                    "min": "Smallest",
                    "max": "Largest",
                    "design_effect": "Design effect",
                    "effective_base": "Effective base",
                    "evidence": "Evidence",
                },
            },
        ),
        (
            "sensitivity_findings.csv",
            {
                "caption": "Which findings survive every choice of weights",
                "columns": {
                    "number": "No.",
                    "heading": "Finding",
                    "verdict": "Verdict",
                    "clauses": "Statements",
                    "tested": "Of these tested",
                    "choices": "Choices tried",
                    "holding": "Choices under which it holds",
                    "whatever_the_records": "Whatever the records",
                    "evidence": "Evidence",
                },
            },
        ),
    ]
