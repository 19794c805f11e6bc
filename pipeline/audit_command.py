"""The command `tracker audit`: any report's numbers audited, said on the terminal and, if asked for, written."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.claims import load_claims, testable
from pipeline.codebook import load_codebook
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.referee import faults_text, findings_text, verdict_table
from pipeline.tables import write_table
from pipeline.texts import ITEMS

# What is written: the parts of an Audited by the name of their file.
WRITTEN = {"audit.csv": "claims", "contradictions.csv": "contradictions", "findings.csv": "findings"}


def main(
    claims: Annotated[Path, typer.Argument(help="Claims file: the report's numbers (docs/claims.md).")],
    codebook: Annotated[Path, typer.Option(help="Codebook: the report's questions, answers and groups.")],
    out: Annotated[Path | None, typer.Option(help="Folder for audit.csv, contradictions.csv, findings.csv.")] = None,
    params: Annotated[Path, typer.Option(help="Settings file; its section reconstruct is used.")] = Path("params.yaml"),
):
    """Audit a report's printed numbers: can they all be true, which contradict which, what each one shows by itself.

    Ends with status 0 whenever the audit ran, whatever it found, and with 1 and one sentence on bad input.
    """
    if out is not None:
        check_folder(out, (claims, codebook, params))
    settings, book = load_params(params).reconstruct, load_codebook(codebook)
    printed = load_claims(claims, book)
    if book.respondents is None:
        what = "the codebook does not say how many respondents there were"
        raise InputProblem(what, file=codebook, column="respondents", do="give the number that the report rests on")
    if not any(testable(c) for c in printed.to_dict("records")):
        raise InputProblem("no claim speaks of answers", file=claims, column="measure", do="name measures")
    from pipeline.audit_report import audit_report  # loads the solvers, which no other command needs

    done = audit_report(printed, book, settings, file=claims)
    typer.echo(as_text(done))
    if out is not None:
        for name, part in WRITTEN.items():
            write_table(out / name, getattr(done, part))


def check_folder(folder, read):
    """Raise InputProblem unless a folder is there for an audit alone: it has nothing but what one writes.

    `read` are the paths of the files that the audit reads; none may be one that it writes.
    """
    others = sorted(place.name for place in folder.glob("[!.]*") if place.name not in WRITTEN)
    written = {(folder / name).resolve() for name in WRITTEN}
    for path in read:
        if path.resolve() in written:
            what = "the audit would be written over this file"
            raise InputProblem(what, file=path, do="give another folder as --out")
    if others:
        raise InputProblem(
            "the folder holds other files than an audit's, and might be another's results",
            **{"file": folder, "found": others[0], "allowed": ITEMS.join(WRITTEN)},
            do="give a folder of its own as --out; it is made if it is not there",
        )


def as_text(done):
    """An Audited as plain text: verdicts, then contradictions, then the findings of single claims."""
    counts = verdict_table(done.claims)
    verdicts = "\n".join(f"{row['claims']:>6}  {row['verdict']}: {row['meaning']}" for row in counts.to_dict("records"))
    faults = faults_text(done.contradictions) or "None: these numbers can all be true together."
    parts = {
        f"{len(done.claims)} claims": verdicts,
        "Contradictions": faults,
        "Number by number": findings_text(done.findings),
    }
    text = "\n\n".join(f"{title}\n{'=' * len(title)}\n{body}" for title, body in parts.items())
    return text.replace("**", "").replace("*Left out:*", "Left out:").replace("  \n", "\n")
