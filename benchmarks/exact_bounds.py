"""How near the bounds that no records were found to attain are to the exact ones: a sample, searched in whole numbers.

For a random sample of estimates of a settled base, the smallest and largest number that gave the answer is found by
the exact solver over the whole system of the claims that were kept, and set beside the bounds. An end takes seconds,
and some are not decided in a minute, so this is no stage. Writes what it finds into docs/methodology.md.

python benchmarks/exact_bounds.py, after `dvc repro`
"""

from pathlib import Path

from markers import replace_between
from ortools.sat.python import cp_model

from pipeline.bounds import UNWEIGHTED
from pipeline.claims import load_claims
from pipeline.codebook import load_codebook
from pipeline.compute import spread
from pipeline.contradictions import judge
from pipeline.params import load_params
from pipeline.system import build_system, counted, tie_of
from pipeline.tables import read_table
from pipeline.whole import counting_model, exact_solver

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs/methodology.md"
SAMPLE, SEED = 60, 2014
# The solver's deterministic seconds for an end, after which it counts as not decided.
EFFORT = 60
LOW, HIGH = "count_low", "count_high"
# Which ends of an estimate records were not found at.
OPEN = {"low": [HIGH], "high": [LOW], "neither": [LOW, HIGH]}


def main():
    """Compare, and replace what stands between the table's markers."""
    codebook = load_codebook(ROOT / "data/codebook/2014.yaml")
    claims = load_claims(ROOT / "data/report/2014/claims.csv", codebook)
    settings = load_params(ROOT / "params.yaml")
    how = settings.reconstruct
    system = build_system(codebook, claims, how.worded_tolerance)
    verdict = judge(system, seed=how.seed, time_limit=how.time_limit)
    bounds = read_table(ROOT / "data/respondents/2014/bounds.csv")
    bounds = bounds[bounds["basis"].eq(UNWEIGHTED)]
    ends = bounds[bounds[LOW].notna()].assign(end=bounds["attained"].map(OPEN)).dropna(subset="end").explode("end")
    drawn = ends.sample(min(SAMPLE, len(ends)), random_state=SEED).to_dict("records")
    kept = claims[claims["id"].isin(verdict.kept)]
    pieces = [(codebook, kept, verdict.kept, bound, how) for bound in drawn]
    exact = spread(exact_end, pieces, compute=settings.compute, say=lambda done: print(done, flush=True))
    replace_between(REPORT, "exact_bounds", text([int(bound[bound["end"]]) for bound in drawn], exact, bounds))


def exact_end(codebook, kept, ids, bound, settings):
    """The smallest or largest count of an estimate over all records that meet the claims; None where not decided."""
    estimate = bound | {"base": codebook.measure(bound["measure"]).base, "unit": "count"}
    tie = tie_of(codebook, estimate, bound["category"], bound["group"])
    system = build_system(codebook, kept, settings.worded_tolerance, also=[tie])
    count, _ = counted(codebook, system.layout, estimate, bound["category"], bound["group"])
    sign = 1 if bound["end"] == LOW else -1
    model, unknowns = counting_model(system, list(ids))
    model.minimize(sign * cp_model.LinearExpr.sum([unknowns[k] for k in count]))
    solver = exact_solver(settings.seed, None)
    solver.parameters.max_deterministic_time = EFFORT
    status = solver.solve(model)
    return round(sign * solver.objective_value) if status == cp_model.OPTIMAL else None


def text(bounded, exact, bounds):
    """The comparison in a sentence or two."""
    gaps = [abs(end - outer) for outer, end in zip(bounded, exact, strict=True) if end is not None]
    ends = bounds["attained"].map({"both": 2, "low": 1, "high": 1, "neither": 0}).dropna()
    off = [gap for gap in gaps if gap]
    others = f"; the others are off by at most {max(off)} organisations" if off else ""
    return (
        f"Of {2 * len(ends):,} ends of unweighted shares {int(ends.sum()):,} are attained by records that were found. "
        f"Of the other ends whose base is settled, {len(exact)} were drawn at random and searched in whole numbers: "
        f"{len(gaps)} were decided, and {len(gaps) - len(off)} of these are exact{others}.\n"
    )


if __name__ == "__main__":
    main()
