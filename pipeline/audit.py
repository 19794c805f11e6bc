"""Audit a report's numbers: each printed one beside what the data give, with a verdict and what is wrong with it.

The verdict of a claim is the first of these that holds:
1. `not testable`: it does not speak of the answers, or is put so that no count of answers can test it;
2. `mislabelled`: it is printed in another unit than it is read in, or a sum shows that it should be;
3. `impossible on its base`: no whole number of any size that its base may have agrees with it;
4. `contradicted`: it was left out so that the other claims can all be met;
5. `reproduced`: the data give what is printed. It may still take part in a contradiction, which is then named.
What a number is beats what it says, and what one claim shows by itself beats what it takes several to show.
"""

import pandas as pd

from pipeline.bases import Base, bounded_bases
from pipeline.checks import IMPOSSIBLE, MISLABELLED, as_printed, check_all
from pipeline.claims import SHARES, regenerate, testable
from pipeline.grim import granularity, possible_on, power, sizes_text
from pipeline.names import KEYS, ORDERS, UNWEIGHTED
from pipeline.problems import InputProblem
from pipeline.regenerated import regenerated
from pipeline.shares import Report, bases_of_claims
from pipeline.verdicts import CONTRADICTED, LABEL, ON_BASE, REPRODUCED, UNTESTABLE
from pipeline.wording import say

COLUMNS = [
    *("id", "place", "says", "printed", "regenerated", "difference", "difference_in", "n", "base_known", "verdict"),
    *("fault", "contradiction", "support", "low", "high", "base_low", "base_high", "base_from"),
    *("granularity", "power", "possible_bases", "reading"),
]


def report_of(claims, codebook, estimates, worded_tolerance, *, contradictions):
    """The Report that the single-claim checks read.

    Bases that are not stated are as wide as the estimates' bounds; so are those whose size is stated by a claim that
    was left out, as the table of `contradictions` says, beside what it states.
    """
    records = tuple(claims.to_dict("records"))
    bounded = bounded_bases(_unweighted(estimates), codebook)
    bases = bases_of_claims(records, codebook, worded_tolerance, bounded, disputed=_left_out(contradictions))
    return Report(records, codebook, bases, worded_tolerance)


def single_claim_checks(report, contradictions):
    """The findings of every check of single claims, each with the faults (numbers) whose claim left out it is about."""
    found = check_all(report)
    left_out = contradictions[contradictions["left_out"].astype(bool)]
    faults = left_out.drop_duplicates("claim").set_index("claim")["fault"].to_dict()
    known = [sorted({faults[i] for i in ids.split() if i in faults}) for ids in found["claims"]]
    return found.assign(fault=[" ".join(map(str, numbers)) for numbers in known])


def audit(report, claims, *, respondents, estimates, contradictions, findings):
    """One row per claim, in the order of the claims file: the columns COLUMNS.

    `claims` as of `load_claims`; `report` and `findings` as of the functions above; `respondents` the records that
    the estimates are of; `estimates` the estimates table, or bounds without estimates; `contradictions` the table of
    them, whose column `left_out` says which claims were. `docs/claims.md` says what each column holds. Raises
    InputProblem where records and estimates differ, or the records do not meet a claim that was kept.
    """
    again = regenerate(claims, respondents, report.codebook, report.worded_tolerance).set_index("id")
    rows = {tuple(row[k] for k in KEYS): row for row in _unweighted(estimates).to_dict("records")}
    faults, left_out = _faults(contradictions), _left_out(contradictions)
    labelled, impossible = _ids_of(findings, MISLABELLED), _ids_of(findings, IMPOSSIBLE)
    made = []
    for claim in report.claims:
        counted = again.loc[claim["id"]].to_dict()
        verdict = _verdict(claim, left_out=left_out, labelled=labelled, impossible=impossible)
        if verdict == REPRODUCED and not counted["met"]:
            what = f"the records do not meet claim {claim['id']}, which was kept"
            raise InputProblem(what, found=say(claim, report.codebook), do="run reconstruct again")
        row = {c: claim[c] for c in ("id", "place", "base_known", "reading")}
        row |= {"says": say(claim, report.codebook), "printed": _printed(claim), "verdict": verdict}
        row |= faults.get(claim["id"], {}) | _grim(claim, report)
        if verdict != UNTESTABLE:
            row |= regenerated(claim, counted, rows, report)
        made.append(row)
    table = pd.DataFrame(made).reindex(columns=COLUMNS)
    return table.astype({c: "Int64" for c in ("n", "contradiction", "base_low", "base_high")})


def _unweighted(estimates):
    return estimates[estimates["basis"].eq(UNWEIGHTED)] if "basis" in estimates else estimates


def _left_out(contradictions):
    return set(contradictions.loc[contradictions["left_out"].astype(bool), "claim"])


def _ids_of(findings, check):
    return {i for ids in findings.loc[findings["check"] == check, "claims"] for i in ids.split()}


def _faults(contradictions):
    """{claim id: the faults it takes part in, and the first contradiction}, as contradictions.csv numbers them."""
    return {
        claim: {
            "fault": " ".join(map(str, sorted(rows["fault"].unique()))),
            "contradiction": int(rows["contradiction"].iloc[0]),
        }
        for claim, rows in contradictions.groupby("claim", sort=False)
    }


def _verdict(claim, *, left_out, labelled, impossible):
    """The first verdict that holds, as the module says."""
    if not testable(claim):
        return UNTESTABLE
    if claim["id"] in labelled:
        return LABEL
    if claim["id"] in impossible:
        return ON_BASE
    return CONTRADICTED if claim["id"] in left_out else REPRODUCED


def _printed(claim):
    """A claim's number, or the order that it states, as a reader of the report sees it."""
    if claim["unit"] == "order":
        return ORDERS[claim["op"]]
    return as_printed(claim) + (" answers each" if claim["unit"] == "answers" else "")


def _grim(claim, report):
    """The columns about a claim's base: its range, how that is known, one organisation's weight, the test's power."""
    base = report.bases.get(claim["id"], Base())
    if not base.sizes:
        return {}
    found = {"n": base.settled, "base_low": base.sizes[0], "base_high": base.sizes[-1], "base_from": base.known}
    if claim["unit"] not in SHARES or not base.sizes[-1]:
        return found
    return found | {
        "granularity": round(granularity(base.sizes[-1]), 2),
        "power": power(claim, base.sizes),
        "possible_bases": sizes_text(possible_on(claim, base.sizes, report.worded_tolerance)),
    }
