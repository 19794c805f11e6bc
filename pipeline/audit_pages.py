"""The audit of a printed report, for its page: the verdicts, the faults in their arithmetic, every printed claim."""

import re
from pathlib import Path

from pipeline.names import MENTIONED, ORDERS
from pipeline.site import cell_text, is_there, slug
from pipeline.tables import read_table
from pipeline.verdicts import MEANINGS, REPRODUCED, best_first

TABLES = ("audit.csv", "audit_findings.csv", "contradictions.csv")


def audit_summary(report):
    """How many printed claims have which verdict, and how many faults there are; None where nothing was audited."""
    if not is_there(report, *TABLES):
        return None
    audit, contradictions = (read_table(Path(report) / name) for name in (TABLES[0], TABLES[2]))
    counts = audit["verdict"].value_counts()
    # What is amiss is what a reader looks for.
    order = sorted(best_first(counts.index), key=lambda v: v == REPRODUCED)
    verdicts = [{"verdict": v, "count": int(counts[v]), "means": MEANINGS.get(v, "")} for v in order]
    kinds = {"comparisons": int(audit["printed"].isin(ORDERS.values()).sum())}
    kinds["mentions"] = int(audit["printed"].eq(MENTIONED).sum())
    kinds["numbers"] = len(audit) - sum(kinds.values())
    faults = int(contradictions["fault"].nunique())
    return {"claims": len(audit), "kinds": kinds, "verdicts": verdicts, "faults": faults}


def audit_tables(report):
    """What the audit's page shows: summary, faults, findings of single numbers, claims by place; None without one."""
    summary = audit_summary(report)
    if summary is None:
        return None
    audit, findings, contradictions = (read_table(Path(report) / name) for name in TABLES)
    return {
        "summary": summary,
        "faults": faults(contradictions),
        "findings": [r | {"faults": fault_numbers(r["fault"])} for r in findings.to_dict("records")],
        "places": claims_by_place(audit),
    }


def faults(contradictions):
    """The faults in order: {number, first (its shortest arithmetic), left_out, others: [{sentence, claims}]}."""
    told = []
    for number, ours in contradictions.groupby("fault", sort=True):
        ways = [
            {"sentence": rows["sentence"].iloc[0], "claims": _links(rows)}
            for _, rows in ours.groupby("contradiction", sort=True)
        ]
        left_out = _links(ours[ours["left_out"]].drop_duplicates("claim"))
        told.append({"number": int(number), "first": ways[0]["sentence"], "left_out": left_out, "others": ways[1:]})
    return told


def _links(claims):
    """Claims as they are linked to: [{says, place, link}]."""
    return [
        {"says": r["says"], "place": r["place"], "link": f"#{_anchor(r['claim'])}"} for r in claims.to_dict("records")
    ]


def fault_numbers(cell):
    """The faults that a cell of the audit names, as numbers: of `2 3` [2, 3], of an empty one none."""
    return [] if cell != cell else [int(number) for number in re.findall(r"\d+", str(cell).removesuffix(".0"))]


def claims_by_place(audit):
    """Every printed claim under the place where it stands, places in the order in which they are met."""
    return [
        {"place": place, "claims": [_claim(row) for row in ours.to_dict("records")]}
        for place, ours in audit.groupby("place", sort=False)
    ]


def _claim(row):
    return {
        "anchor": _anchor(row["id"]),
        "verdict": row["verdict"],
        "amiss": row["verdict"] != REPRODUCED,
        "support": row["support"] if isinstance(row["support"], str) else None,
        "faults": fault_numbers(row["fault"]),
    } | {key: cell_text(row[key]) for key in ("id", "place", "says", "printed", "regenerated", "reading", "base_known")}


def _anchor(claim):
    return f"claim-{slug(claim)}"
