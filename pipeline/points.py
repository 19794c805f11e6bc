"""The printed report point by point: each of its figures, findings and sections, and what became of it here.

The same rows are a page of the wave (`typeset`) and the tables of docs/edition.md, which this module writes:
`python -m pipeline.points`.
"""

import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from pipeline.audit_pages import fault_numbers
from pipeline.codebook import load_codebook
from pipeline.files import write_text
from pipeline.printing import OF_A_RECONSTRUCTION
from pipeline.problems import InputProblem
from pipeline.site import is_there, slug
from pipeline.tables import read_table
from pipeline.verdicts import best_first

START, END = "<!-- points -->\n", "<!-- end -->"
HEADINGS = ("In print", "Claims", "Here", "What a reader gains")


def printed_points(codebook, report):
    """The points of the printed report in groups [{title, points: [{name, printed, where, link, gain}]}].

    `link` leads from the wave's first page. Empty where nothing was audited: then no report was printed.
    """
    report = Path(report)
    if not is_there(report, "audit.csv", "key_findings_clauses.csv"):
        return []
    audit, clauses = read_table(report / "audit.csv"), read_table(report / "key_findings_clauses.csv")
    verdicts = {place: ours["verdict"].value_counts() for place, ours in audit.groupby("place", sort=False)}
    shown = {place: _shown(ours) for place, ours in audit.groupby("place", sort=False)}
    figures = [_figure(f, report, verdicts.pop(f"figure {f.number}", None)) for f in codebook.figures]
    findings = [_finding(f, clauses, report, verdicts.pop(f"key finding {f.number}", None)) for f in codebook.findings]
    others = [
        {
            "name": place[:1].upper() + place[1:],
            "printed": verdict_text(counts),
            "where": "Audit",
            "link": f"audit.html#place-{slug(place)}",
            "gain": shown[place],
        }
        for place, counts in verdicts.items()
    ]
    groups = [("The figures", figures), ("The key findings", findings), ("The text", others)]
    return [{"title": title, "points": points} for title, points in groups if points]


def _shown(claims):
    """What the audit shows of the numbers of a place: the faults that they take part in, and how far they are known."""
    faults = sorted({number for cell in claims["fault"] for number in fault_numbers(cell)})
    counts = claims["support"].value_counts()
    known = ", ".join(f"{counts[s]} {s}" for s in OF_A_RECONSTRUCTION if s in counts) or "not about answers"
    part = f" Part of {'fault' if len(faults) == 1 else 'faults'} {', '.join(map(str, faults))}." if faults else ""
    return f"Base and reading of each; {known}.{part}"


def verdict_text(counts):
    """The verdicts on the numbers of a place in words: `8: 7 reproduced, 1 contradicted`."""
    if counts is None:
        return "none"
    return f"{counts.sum()}: " + ", ".join(f"{counts[verdict]} {verdict}" for verdict in best_first(counts.index))


def _figure(figure, report, verdicts):
    table = read_table(report / "figures" / f"{figure.id}.csv")
    return {
        "name": f"Figure {figure.number}, {figure.title}",
        "printed": verdict_text(verdicts),
        "where": f"Figure {figure.number}",
        "link": f"index.html#{slug(figure.id)}",
        "gain": f"{_known(table)} The data behind it as a table, and the figure in words.",
    }


def _known(table):
    """How far the values drawn are known, in a sentence."""
    if table["unit"].eq("none").all():
        return f"{len(table)} themes in words; no numbers are printed and none are drawn."
    counts = table["support"].value_counts()
    drawn = ", ".join(f"{counts[s]} {s}" for s in OF_A_RECONSTRUCTION if s in counts)
    intervals = (table["ci_low"].notna() & table["unit"].eq("percent")).sum()
    with_interval = f"; {intervals} with their interval" if intervals else ""
    return f"{len(table)} values, each with its base: {drawn}{with_interval}."


def _finding(finding, clauses, report, verdicts):
    ours = clauses[clauses["finding"].eq(finding.id)]
    said = ours["support"].value_counts()
    supports = ", ".join(f"{said[s]} {s}" for s in OF_A_RECONSTRUCTION if s in said)
    intervals = ours["ci_low"].notna().sum()
    return {
        "name": f"Key finding {finding.number}, {finding.heading}",
        "printed": verdict_text(verdicts),
        "where": f"Finding {finding.number}",
        "link": f"index.html#finding-{finding.number}",
        "gain": f"{len(ours)} {'clause' if len(ours) == 1 else 'clauses'} ({supports}), {intervals} with an interval; "
        f"both bases; {_survival(finding, report)}",
    }


def _survival(finding, report):
    """Whether the finding survives every choice of weights, and on what evidence."""
    if not is_there(report, "sensitivity_findings.csv"):
        return "not tried under other weights."
    table = read_table(Path(report) / "sensitivity_findings.csv").set_index("finding")
    row = table.loc[finding.id]
    evidence = "" if pd.isna(row["evidence"]) else f" on {row['evidence']} records"
    part = "" if row["tested"] == row["clauses"] else f" ({row['tested']} of {row['clauses']} statements tested)"
    return f"{row['verdict']} {row['choices']} choices of weights{evidence}{part}."


def as_markdown(groups, folder):
    """The groups as Markdown tables; `folder` is the way from the document to the wave's pages."""
    lines = []
    for group in groups:
        lines += [f"## {group['title']}", "", f"| {' | '.join(HEADINGS)} |", "|---|---|---|---|"]
        for point in group["points"]:
            cells = (point["name"], point["printed"], f"[{point['where']}]({folder}{point['link']})", point["gain"])
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        lines.append("")
    return "\n".join(lines)


def with_points(text, table):
    """A document with the table between its marks. Raises InputProblem where either mark is not there."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        what = "the document lacks a mark between which the table stands"
        raise InputProblem(what, allowed=f"{START.strip()} and after it {END.strip()}", do="restore it from git")
    return before + START + table + END + after


def main(
    wave: Annotated[int, typer.Option(help="Year of the wave that a report was printed of.")],
    data: Annotated[Path, typer.Option(help="Folder that holds codebook/.")] = Path("data"),
    reports: Annotated[Path, typer.Option(help="Folder that holds the wave's results.")] = Path("reports"),
    document: Annotated[Path, typer.Option(help="Document to write the tables into.")] = Path("docs/edition.md"),
):
    """Write the tables of docs/edition.md anew."""
    groups = printed_points(load_codebook(data / "codebook" / f"{wave}.yaml"), reports / str(wave))
    table = as_markdown(groups, f"../reports/waves/{wave}/")
    write_text(document, with_points(document.read_text(encoding="utf-8"), table))
    typer.echo(f"{sum(len(g['points']) for g in groups)} points in {document}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
