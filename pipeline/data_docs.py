"""Data Docs: what Great Expectations found, as pages that open from disk and ask nothing of the network.

Great Expectations' own pages take their styles and scripts from the network and carry run times, random ids and
versions. These are drawn from the same results by a template of ours: for a run that succeeds and for one that stops,
the same results give the same bytes.
"""

import shutil
from pathlib import Path

from pipeline.files import FAILED, write_text
from pipeline.printing import STATUS, with_evidence
from pipeline.raw import FILES
from pipeline.tables import write_table
from pipeline.templating import templates

DOCS, RESULTS = "data_docs", "validation.csv"
PUBLISHED = ["file", "column", "expectation", "severity", "success", "checked", "unexpected", "row", "found", "rows"]
INDEX = "index.html"
SIMULATED = "The files themselves are simulated: organisations, contacts, dates and attempts are invented."


def write_report(results, codebook, folder, stops):
    """Write the results as validation.csv and the Data Docs beside it; returns the path of the first page.

    Of a run that stops they are called validation.failed.csv and data_docs.failed/, so that those of the last run
    that succeeded stay as they are; they go when a run succeeds.
    """
    folder = Path(folder)
    table, docs = (_failed(folder / name) if stops else folder / name for name in (RESULTS, DOCS))
    # Quotation marks around what was found keep a spreadsheet from taking it for a formula.
    published = results[PUBLISHED].assign(found=results["found"].map(repr, na_action="ignore"))
    write_table(table, with_evidence(published, codebook), codebook)
    for name, page in pages(results, codebook).items():
        write_text(docs / name, page)
    if not stops:
        _failed(folder / RESULTS).unlink(missing_ok=True)
        shutil.rmtree(_failed(folder / DOCS), ignore_errors=True)
    return docs / INDEX


def _failed(path):
    return path.with_name(f"{path.stem}{FAILED}{path.suffix}")


def pages(results, codebook):
    """The pages as HTML by file name: an index with the faults, and per raw file all that was expected of it."""
    names = [(INDEX, "Overview"), *((_page(file), file) for file in FILES)]
    shared = {
        "wave": codebook.wave,
        "survey": codebook.title,
        "kind": codebook.kind,
        "status": "" if codebook.kind == "fieldwork" else f"{STATUS[codebook.kind]} {SIMULATED}",
        "source": codebook.source.rstrip("."),
        "pages": names,
    }
    template = templates().get_template("data_docs.html")
    checks = _checks(results)
    drawn = {INDEX: template.render(shared, **_overview(checks))}
    for file in FILES:
        of_file = [c for c in checks if c["file"] == file]
        title = f"What is expected of {file}"
        columns = {c["column"]: [d for d in of_file if d["column"] == c["column"]] for c in of_file}
        drawn[_page(file)] = template.render(
            shared, here=_page(file), title=title, verdict=verdict(of_file), columns=columns.items()
        )
    return drawn


def _overview(checks):
    counts = [
        {
            "file": file,
            "page": _page(file),
            "expectations": len(of_file),
            "met": sum(c["success"] for c in of_file),
            "critical": sum(not c["success"] and c["severity"] == "critical" for c in of_file),
            "advisory": sum(not c["success"] and c["severity"] == "advisory" for c in of_file),
        }
        for file in FILES
        for of_file in [[c for c in checks if c["file"] == file]]
    ]
    faults = sorted((c for c in checks if not c["success"]), key=lambda c: c["severity"] != "critical")
    title = "Is the fieldwork as it should be?"
    return {"here": INDEX, "title": title, "verdict": verdict(checks), "counts": counts, "faults": faults}


def verdict(checks):
    """One sentence on a list of judged expectations: how many of each severity are met."""
    said = []
    for severity in ("critical", "advisory"):
        of_it = [c["success"] for c in checks if c["severity"] == severity]
        met = "all" if all(of_it) else f"{sum(of_it)} of"
        said.append(f"{met} {len(of_it)} {severity} expectations")
    text = " and ".join(said) + " are met."
    return text[0].upper() + text[1:]


def _checks(results):
    """The results as plain records with None where a cell is empty."""
    return results.astype(object).where(results.notna(), None).to_dict("records")


def _page(file):
    return f"{Path(file).stem}.html"
