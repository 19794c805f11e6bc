"""The same audit for the numbers of any report, from its claims and a codebook alone.

There are no estimates to read then: what the data give for a claim is the range that the claims kept leave it, and,
where they leave it open, what one set of records that meets them happens to give, which is called modelled.
"""

from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from pipeline.audit import audit, report_of, single_claim_checks
from pipeline.bounds import bound_estimates
from pipeline.claims import SHARES, testable
from pipeline.codebook import TOTAL
from pipeline.contradictions import judge, largest
from pipeline.problems import InputProblem
from pipeline.reconstruct import contradiction_table
from pipeline.records import glue
from pipeline.system import build_system, limited_by_claim
from pipeline.whom import base_of


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
    verdict = judge(system, seed=settings.seed, time_limit=settings.time_limit, listed=settings.listed)
    _check_bases(claims, codebook, verdict, settings, file)
    contradictions = contradiction_table(claims, verdict, codebook, settings)
    bounds = bound_estimates(codebook, claims, verdict, settings)
    respondents = glue(system, verdict.solution, seed=settings.seed)
    report = report_of(claims, codebook, bounds, settings.worded_tolerance, contradictions=contradictions)
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
    """Raise InputProblem at a share of a base that other claims of a contradiction leave empty.

    Where those claims are themselves disputed, by claims that are no shares of that base, it is a contradiction like
    any other and not bad input.
    """
    shares = {c["id"]: c for c in claims.to_dict("records") if testable(c) and c["unit"] in SHARES}
    bases = {i: base_of(codebook, c) for i, c in shares.items()}
    for contradiction in verdict.contradictions:
        for claim_id in (i for i in contradiction if bases.get(i)):
            same_base = {i for i, base in bases.items() if base == bases[claim_id]}
            others = set(contradiction) - {claim_id}
            disputed = any(others & set(c) and not same_base & set(c) for c in verdict.contradictions)
            together = claims[claims["id"].isin(contradiction)]
            unlimited = limited_by_claim(codebook, claims)
            if not disputed and _leave_nobody(together, claim_id, codebook, settings, unlimited=unlimited):
                claim, rows = shares[claim_id], claims.loc[claims["id"].isin(others), "line"]
                column = "base" if claim["break"] == TOTAL else "group"
                # A measure of some, say, by a group that none of them can be in.
                why = (
                    f"what stands in row {', '.join(map(str, rows))} leaves none"
                    if others
                    else "by the codebook nobody can be in this base and this group"
                )
                raise InputProblem(
                    f"a share of no organisations: {why}",
                    file=file,
                    row=claim["line"],
                    column=column,
                    found=claim[column],
                    do="leave one of these rows out" if others else "leave the row out, or name another base or group",
                )


def _leave_nobody(together, claim_id, codebook, settings, *, unlimited):
    """Whether claims that contradict each other leave nobody that one of them, a share, could be of.

    They do where not even the weakest share of that base, at least 0%, can be met with the others. `unlimited`: the
    questions whose most answers a claim says, so that the codebook's number is not taken for granted.
    """
    weakest = {"op": ">=", "value": "0", "unit": "percent", "rounding": "exact", "number": Fraction(0)}
    records = [c | weakest if c["id"] == claim_id else c for c in together.to_dict("records")]
    system = build_system(codebook, pd.DataFrame(records), settings.worded_tolerance, whole=False, unlimited=unlimited)
    return bool(largest(system, seed=settings.seed, time_limit=settings.time_limit).left_out)
