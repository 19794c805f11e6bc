"""Rebuild a wave's records from what its report printed.

Claims in, respondents out: the largest set of claims that can be true together is found with proof, the least
informative records that meet it are made while every estimate is bounded, and each claim is counted again from those
records.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pandas as pd

from pipeline.bounds import bound_estimates
from pipeline.claims import regenerate
from pipeline.contradictions import Verdict, contradict, largest
from pipeline.faults import fault_sentence
from pipeline.population import cell_of_band
from pipeline.problems import InputProblem
from pipeline.records import Counts, glue, settle_bases, settle_counts
from pipeline.system import build_system
from pipeline.wording import say

CONTRADICTIONS = ["fault", "contradiction", "claim", "place", "says", "left_out", "listed", "sentence"]


@dataclass(frozen=True)
class Reconstruction:
    """What a printed report gives: one row per organisation, the Verdict on the claims, Counts and bounds.

    `counts` show how close the records are to the least informative ones; `bounds` are those of `bound_estimates`.
    """

    respondents: pd.DataFrame
    verdict: Verdict
    counts: Counts
    bounds: pd.DataFrame


def reconstruct(codebook, claims, cells, settings, *, compute=None):
    """The Reconstruction whose records meet every claim that can be met together with the others.

    `claims` as `load_claims` returns them, `cells` the population's (`population_cells`), by which size bands that
    the claims leave open are filled, `settings` the `reconstruct` section of the parameters; `compute`, another one,
    spreads the bounds over processors. Raises InputProblem where the records do not meet the claims kept.
    """
    system = build_system(codebook, claims, settings.worded_tolerance)
    limits = {"seed": settings.seed, "time_limit": settings.time_limit}
    found = largest(system, **limits)
    sizes = band_sizes(cells, codebook)
    # None of these needs the other, but the bounds the records' bases; solvers let go of Python while they work.
    with ThreadPoolExecutor(2) as pool:
        judged = pool.submit(contradict, replace(system, ends={}), found, listed=settings.listed, **limits)
        bases = settle_bases(system, found, sizes=sizes, seed=settings.seed, effort=settings.effort)
        given = {"cells": cells, "counts": bases.values, "compute": compute}
        bounded = pool.submit(bound_estimates, codebook, claims, found, settings, **given)
        counts = settle_counts(system, found, bases, sizes=sizes)
        respondents = glue(system, counts.values, seed=settings.seed)
    again = regenerate(claims, respondents, codebook, settings.worded_tolerance).set_index("id")
    missed = [i for i in found.kept if not again.loc[i, "met"]]
    if missed:
        raise InputProblem("the records do not meet claims that can be met", found=", ".join(missed))
    return Reconstruction(respondents, judged.result(), counts, bounded.result())


def band_sizes(cells, codebook):
    """How many organisations of the population each size band has: a cell of several bands is split evenly."""
    bands = [a.id for a in codebook.question(codebook.size_band).answers]
    of = cell_of_band(cells)
    for band in bands:
        if band not in of:
            what = "the population has no total that takes in this size band"
            raise InputProblem(what, column="weight.population", found=band, do="choose another, or add the total")
    shared = pd.Series(of).value_counts()
    totals = cells.set_index("cell")["total"]
    return {band: totals[of[band]] / shared[of[band]] for band in bands}


def check_claims(claims, respondents, verdict, codebook, settings):
    """One row per claim: what was printed, what the records give, and whether it was kept, left out or not testable."""
    again = regenerate(claims, respondents, codebook, settings.worded_tolerance).set_index("id")
    status = {i: "kept" for i in verdict.kept} | {i: "left out" for i in verdict.left_out}
    table = claims[["id", "place"]].assign(
        says=[say(c, codebook) for c in claims.to_dict("records")],
        status=[status.get(i, "not testable") for i in claims["id"]],
    )
    return table.join(again[["count", "base", "share", "versus", "met"]], on="id")


def contradiction_table(claims, verdict, codebook, settings):
    """The contradictions, grouped by the claim that was left out: one row per claim of each minimal set.

    Columns: fault (its number, by the claim left out), contradiction (its number), claim, place, says, left_out,
    listed (which contradictions of that claim with claims kept are in the table, proven: `all`, or `all of up to` so
    many claims), and sentence (why the claims of this contradiction cannot all be true). The first of a fault is its
    smallest.
    """
    by_id = {c["id"]: c for c in claims.to_dict("records")}
    faults = {claim: n for n, claim in enumerate(verdict.left_out, 1)}
    ordered = sorted(verdict.contradictions, key=lambda s: (min(faults[i] for i in s if i in faults), len(s), s))
    listed = {n: _said_listed(verdict.listed.get(claim)) for claim, n in faults.items()}
    rows = []
    for number, contradiction in enumerate(ordered, 1):
        fault = min(faults[i] for i in contradiction if i in faults)
        together = [by_id[i] for i in contradiction]
        sentence = fault_sentence(together, codebook, settings.worded_tolerance)
        rows += [
            {"fault": fault, "contradiction": number, "claim": c["id"], "place": c["place"], "says": say(c, codebook)}
            | {"left_out": c["id"] in faults, "listed": listed[fault], "sentence": sentence}
            for c in together
        ]
    return pd.DataFrame(rows, columns=CONTRADICTIONS)


def _said_listed(size):
    return "all" if size is None else f"all of up to {size} claims"
