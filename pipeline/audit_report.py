"""The same audit for the numbers of any report, from its claims and a codebook alone.

There are no estimates to read then: what the data give for a claim is the range that the claims kept leave it, and,
where they leave it open, what one set of records that meets them happens to give, which is called modelled.
"""

from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from pipeline.audit import audit, report_of, single_claim_checks
from pipeline.bounds import bound_estimates
from pipeline.codebook import TOTAL
from pipeline.contradictions import judge
from pipeline.problems import InputProblem
from pipeline.reconstruct import contradiction_table
from pipeline.records import glue
from pipeline.system import build_system


@dataclass(frozen=True)
class Audited:
    """An audit of a report: one row per claim, its contradictions, and the findings of the single-claim checks."""

    claims: pd.DataFrame
    contradictions: pd.DataFrame
    findings: pd.DataFrame


def audit_report(claims, codebook, settings, *, file=None):
    """Audit a table of claims (`load_claims`) against a codebook; `settings` as the section `reconstruct`.

    Raises InputProblem, naming `file`, where other claims leave nobody that a share could be of.
    """
    system = build_system(codebook, claims, settings.worded_tolerance)
    verdict = judge(system, seed=settings.seed, time_limit=settings.time_limit)
    _check_bases(claims, codebook, verdict, settings, file)
    contradictions = contradiction_table(claims, verdict, codebook, settings)
    bounds = bound_estimates(codebook, claims, verdict, settings)
    respondents = glue(system, verdict.solution, seed=settings.seed)
    report = report_of(claims, codebook, bounds, settings.worded_tolerance)
    findings = single_claim_checks(report, contradictions)
    audited = audit(
        report,
        claims,
        respondents=respondents,
        estimates=bounds,
        contradictions=contradictions,
        findings=findings,
    )
    return Audited(audited, contradictions, findings)


def _check_bases(claims, codebook, verdict, settings, file):
    """Raise InputProblem at a share of a base that the other claims of a contradiction leave empty.

    The share is replaced by the weakest one of its base, at least 0%: if that cannot be met either, nobody is left.
    """
    for contradiction in verdict.contradictions:
        together = claims[claims["id"].isin(contradiction)]
        for claim in together.to_dict("records"):
            somebody = {"op": ">=", "value": "0", "unit": "percent", "rounding": "exact", "number": Fraction(0)}
            if claim["unit"] not in ("percent", "share") or (claim["break"] == TOTAL and claim["base"] == "all"):
                continue
            weak = pd.DataFrame([c | somebody if c["id"] == claim["id"] else c for c in together.to_dict("records")])
            system = build_system(codebook, weak, settings.worded_tolerance, whole=False)
            if judge(system, seed=settings.seed, time_limit=settings.time_limit).left_out:
                others = ", ".join(str(n) for n in together.loc[together["id"] != claim["id"], "line"])
                column = "base" if claim["break"] == TOTAL else "group"
                raise InputProblem(
                    f"a share of no organisations: the claims of row {others} leave none",
                    file=file,
                    row=claim["line"],
                    column=column,
                    found=claim[column],
                    do="leave one of these rows out",
                )
