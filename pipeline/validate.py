"""Judge a wave's raw files with Great Expectations, before anything is made of them.

The suites come from the codebook (pipeline/suites.py) and look at views of the files (pipeline/views.py). Faults of a
file as such, like a missing column, have stopped the run before, in pipeline/raw.py. Nothing is kept on disk by Great
Expectations and nothing is sent anywhere; Data Docs are written by pipeline/data_docs.py.
"""

import json

import pandas as pd

from pipeline.data_docs import DOCS, INDEX
from pipeline.expectations import ADVISORY, CRITICAL
from pipeline.kernel import UNUSED, hide, postponed
from pipeline.privacy import NameList, hide_details
from pipeline.problems import InputProblem
from pipeline.raw import FILES, PERSONAL
from pipeline.suites import suites
from pipeline.texts import tidy
from pipeline.views import views

# What ours are in Great Expectations, and which of ours stop the run at each setting.
SEVERITIES = {CRITICAL: "critical", ADVISORY: "warning"}
STOPPING = {CRITICAL: (CRITICAL,), ADVISORY: (CRITICAL, ADVISORY)}
# So many lines of the file are listed for an expectation that is not met; its count is always given in full.
ROWS_LISTED = 20
FORMAT = {"result_format": "COMPLETE", "return_unexpected_index_query": False}


def validate(fieldwork, codebook):
    """Judge the three raw tables of a Fieldwork by the codebook's suites.

    Returns one row per expectation, in the order in which a failure is reported: file, column (of the raw file),
    expectation (a sentence), severity, success, checked (cells looked at), unexpected (how many are not as expected),
    row (line of the raw file, the first that is not), found (what stands there; empty for contact details and own
    words), rows (the lines, at most ROWS_LISTED), fault, allowed, do, kind and arguments (of Great Expectations).
    """
    seen = views(fieldwork, codebook)
    judged = [
        {"file": file} | _result(check, outcome, seen[file])
        for file, checks in suites(codebook).items()
        for check, outcome in zip(checks, run_suite(seen[file], checks, file), strict=True)
    ]
    return show_cells(pd.DataFrame(judged).astype({"row": "Int64", "found": "object"}), fieldwork, codebook)


def run_suite(view, checks, name):
    """Great Expectations' results of the checks on a view, in their order. The suite and the batch live in memory."""
    gx, context = _great_expectations()
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=_expectations(gx, checks)))
    asset = context.data_sources.add_pandas("raw").add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe("file").get_batch(
        {"dataframe": view.rename_axis(index=None).copy()}
    )
    outcomes = sorted(batch.validate(suite, result_format=FORMAT).results, key=_place)
    for outcome in outcomes:
        if "observed_value" not in outcome.result and "unexpected_count" not in outcome.result:
            raise RuntimeError(f"{name}: {outcome.expectation_config.type} could not run: {outcome.exception_info}")
    return outcomes


def _great_expectations():
    """Great Expectations and a context that keeps nothing on disk, sends nothing and draws no progress bars.

    It is imported here because that takes seconds, more than all the judging.
    """
    hide(UNUSED)
    with postponed("altair", "scipy.stats"):  # for kinds of expectation that no suite has
        import great_expectations as gx
        from great_expectations.data_context.types import base

    config = base.DataContextConfig(
        analytics_enabled=False,
        progress_bars=base.ProgressBarsConfig(globally=False),
        store_backend_defaults=base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
    )
    return gx, gx.get_context(mode="ephemeral", project_config=config)


def _expectations(gx, checks):
    """The checks as Great Expectations' own objects, each with its sentence, severity and place in the suite."""
    return [
        getattr(gx.expectations, check.kind)(
            **check.arguments,
            description=check.sentence,
            severity=SEVERITIES[check.severity],
            meta={"place": place, "column": check.column},
        )
        for place, check in enumerate(checks)
    ]


def _place(outcome):
    return outcome.expectation_config.meta["place"]


def _result(check, outcome, view):
    result = outcome.result
    of_cells = "element_count" in result
    lines = sorted(result.get("unexpected_index_list") or [])
    missing = [
        value for value in check.arguments.get("value_set", []) if value in result.get("partial_missing_list", [])
    ]
    found = f"none of {', '.join(missing)}" if missing else result.get("observed_value")
    return {
        "column": check.column,
        "expectation": check.sentence,
        "severity": check.severity,
        "success": bool(outcome.success),
        "checked": result["element_count"] - result.get("missing_count", 0) if of_cells else len(view),
        "unexpected": result.get("unexpected_count", 1 if not outcome.success else 0),
        "row": _first_fault(check, view, lines),
        "found": None if outcome.success or found is None else str(found),
        "rows": ", ".join(map(str, lines[:ROWS_LISTED])) + (", ..." if len(lines) > ROWS_LISTED else ""),
        "fault": check.fault,
        "allowed": check.allowed,
        "do": check.do,
        "kind": outcome.expectation_config.type,
        "arguments": json.dumps(check.arguments, ensure_ascii=False),
    }


def _first_fault(check, view, lines):
    """The line to report: the first that is not as expected, or of equal cells the second, which repeats the first."""
    if not lines:
        return None
    if check.kind == "ExpectColumnValuesToBeUnique":
        repeats = view.loc[lines, check.arguments["column"]].duplicated()
        return repeats.index[repeats][0]
    return lines[0]


def show_cells(results, fieldwork, codebook):
    """The results with the cell that stands in the row and column of each failure, where it may be shown.

    Contact details and own words are not, and contact details that stand in other columns are hidden.
    """
    tables, names = dict(zip(FILES, fieldwork, strict=True)), NameList(fieldwork.frame["contact_name"].unique())
    closed = {*PERSONAL, *(c for q in codebook.questions if q.kind == "open" for c in q.export_columns)}
    found = results["found"].copy()
    for place, row in results["row"].dropna().items():
        file, column = results.loc[place, ["file", "column"]]
        if column not in closed and column in tables[file]:
            found[place] = hide_details(tidy(tables[file].at[row, column]), names)
    return results.assign(found=found)


def stopping(results, stop_on=CRITICAL):
    """The results that stop the run: critical expectations that are not met; with stop_on advisory, any not met.

    Raises InputProblem for a stop_on that is neither.
    """
    if stop_on not in STOPPING:
        raise InputProblem("validate.stop_on: no such severity", file="params.yaml", found=stop_on, allowed=STOPPING)
    return results[~results["success"] & results["severity"].isin(STOPPING[stop_on])]


def stop_on_failure(results, stop_on=CRITICAL):
    """Raise InputProblem at the first of the `stopping` results, if there is one.

    Its sentence names file, line, column, what stands there, what may stand there and what to do, and says how many
    other expectations stop the run as well.
    """
    failed = stopping(results, stop_on)
    if failed.empty:
        return
    first, others = failed.iloc[0], len(failed) - 1
    told = f"{others} more {'expectation is' if others == 1 else 'expectations are'} not met: see {DOCS}.failed/{INDEX}"
    do = [text for text in (first["do"], told if others else "") if text]
    raise InputProblem(
        first["fault"],
        file=first["file"],
        row=None if pd.isna(first["row"]) else first["row"],
        column=first["column"],
        found=None if pd.isna(first["found"]) else first["found"],
        allowed=first["allowed"] or None,
        do="; ".join(do) or None,
    )


def summary(results):
    """How many expectations of each severity each file meets: file, severity, expectations, met, not met."""
    counts = results.assign(expectations=1, met=results["success"].astype(int))
    counts = counts.groupby(["file", "severity"], sort=False)[["expectations", "met"]].sum().reset_index()
    ordered = counts.sort_values("severity", key=lambda s: s.ne(CRITICAL), kind="stable")
    ordered = ordered.sort_values("file", key=lambda f: f.map(FILES.index), kind="stable", ignore_index=True)
    return ordered.assign(**{"not met": ordered["expectations"] - ordered["met"]})


def not_met(results):
    """The expectations that are not met, critical ones first: file, column, severity, fault, rows, found, do."""
    failed = results[~results["success"]].sort_values("severity", key=lambda s: s.ne(CRITICAL), kind="stable")
    shown = failed[["file", "column", "severity", "fault", "rows", "found", "do"]]
    return shown.fillna("").reset_index(drop=True)


def file_sizes(fieldwork):
    """How many rows and columns each raw file has."""
    shapes = [(file, *table.shape) for file, table in zip(FILES, fieldwork, strict=True)]
    return pd.DataFrame(shapes, columns=["file", "rows", "columns"])
