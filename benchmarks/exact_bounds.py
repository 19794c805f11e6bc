"""How near the bounds that no records were found to attain are to the exact ones: a sample, searched in whole numbers.

For a random sample of estimates of a settled base, the smallest and largest number that gave the answer is found by
the exact solver over the whole system of the claims that were kept, and set beside the bounds. An end takes a second or
two, so this is no stage. Writes its table into docs/methodology.md.
"""

from pathlib import Path

import pandas as pd
from markers import replace_between
from ortools.sat.python import cp_model

from pipeline.bounds import bound_estimates
from pipeline.claims import load_claims
from pipeline.codebook import load_codebook
from pipeline.contradictions import judge
from pipeline.params import load_params
from pipeline.system import build_system, counted, tie_of
from pipeline.whole import counting_model, exact_solver

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs/methodology.md"
SAMPLE, SEED = 60, 2014
# Deterministic seconds of the solver for an end, and where an end counts as not decided.
EFFORT = 60


def main():
    """Compare, and replace what stands between the table's markers."""
    codebook = load_codebook(ROOT / "data/codebook/2014.yaml")
    claims = load_claims(ROOT / "data/report/2014/claims.csv", codebook)
    settings = load_params(ROOT / "params.yaml").reconstruct
    system = build_system(codebook, claims, settings.worded_tolerance)
    verdict = judge(system, seed=settings.seed, time_limit=settings.time_limit)
    bounds = bound_estimates(codebook, claims, verdict, settings)
    open_ = bounds[bounds["attained"].ne("both") & bounds["count_low"].notna()]
    drawn = open_.sample(min(SAMPLE, len(open_)), random_state=SEED).sort_index()
    kept = claims[claims["id"].isin(verdict.kept)]
    rows = []
    for bound in drawn.to_dict("records"):
        exact = exact_ends(codebook, kept, verdict.kept, bound, settings)
        rows.append((bound["count_low"], exact[0], exact[1], bound["count_high"]))
        print(
            f"{len(rows)} of {len(drawn)}: {' / '.join(bound[k] for k in ('measure', 'category', 'group'))}", flush=True
        )
    replace_between(REPORT, "exact_bounds", text(pd.DataFrame(rows, columns=["low", "least", "most", "high"]), bounds))


def exact_ends(codebook, kept, ids, bound, settings):
    """The smallest and largest count of an estimate over all records that meet the claims; None where not decided."""
    estimate = bound | {"base": codebook.measure(bound["measure"]).base, "unit": "count"}
    tie = tie_of(codebook, estimate, bound["category"], bound["group"])
    system = build_system(codebook, kept, settings.worded_tolerance, also=[tie])
    count, _ = counted(codebook, system.layout, estimate, bound["category"], bound["group"])
    ends = []
    for sign in (1, -1):
        model, unknowns = counting_model(system, list(ids))
        model.minimize(sign * cp_model.LinearExpr.sum([unknowns[k] for k in count]))
        solver = exact_solver(settings.seed, None)
        solver.parameters.max_deterministic_time = EFFORT
        status = solver.solve(model)
        ends.append(round(sign * solver.objective_value) if status == cp_model.OPTIMAL else None)
    return ends


def text(found, bounds):
    """The comparison in a sentence or two."""
    gaps = pd.concat([found["least"] - found["low"], found["high"] - found["most"]]).dropna()
    ends = bounds["attained"].map({"both": 2, "low": 1, "high": 1, "neither": 0}).dropna()
    undecided = 2 * len(found) - len(gaps)
    return (
        f"Of {2 * len(ends):,} ends of unweighted shares {int(ends.sum()):,} are attained by records that were found. "
        f"Of the estimates with another end and a settled base, {len(found)} were drawn at random and searched in "
        f"whole numbers: {int((gaps == 0).sum())} of {len(gaps)} ends are exact, and the others are off by at most "
        f"{gaps.max():g} organisations ({undecided} ends were not decided).\n"
    )


if __name__ == "__main__":
    main()
