"""How near the bounds that no records were found to attain are to the exact ones: each is searched in whole numbers.

For the estimates of a settled base, the smallest and largest number that gave the answer is found by the exact solver
over the whole system of the claims that were kept, and set beside the bounds. An end takes seconds, and there are
hundreds, so this is no stage. Writes what it finds into docs/methodology.md.

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
# The solver's deterministic seconds for an end, after which it counts as not decided.
EFFORT = 60
LOW, HIGH = "count_low", "count_high"
WORDS = {LOW: "smallest", HIGH: "largest"}
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
    ends = bounds[bounds["base_low"].eq(bounds["base_high"])]
    ends = ends.assign(end=ends["attained"].map(OPEN)).dropna(subset="end").explode("end")
    searched = ends.to_dict("records")
    pieces = [(codebook, claims, verdict.kept, bound, how) for bound in searched]
    exact = spread(exact_end, pieces, compute=settings.compute, say=lambda done: print(done, flush=True))
    replace_between(REPORT, "exact_bounds", text(searched, exact, bounds))


def exact_end(codebook, claims, kept, bound, settings):
    """The smallest or largest count of an estimate over all records that meet the claims kept; None if not decided."""
    estimate = bound | {"base": codebook.measure(bound["measure"]).base, "unit": "count"}
    tie = tie_of(codebook, estimate, bound["category"], bound["group"])
    system = build_system(codebook, claims, settings.worded_tolerance, also=[tie])
    count, _ = counted(codebook, system.layout, estimate, bound["category"], bound["group"])
    sign = 1 if bound["end"] == LOW else -1
    model, unknowns = counting_model(system, list(kept))
    model.minimize(sign * cp_model.LinearExpr.sum([unknowns[k] for k in count]))
    solver = exact_solver(settings.seed, None)
    solver.parameters.max_deterministic_time = EFFORT
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        raise AssertionError("the claims kept can be met together")
    exact = round(sign * solver.objective_value) if status == cp_model.OPTIMAL else None
    if exact is not None and sign * exact < sign * bound[bound["end"]]:
        raise AssertionError(f"a bound is too narrow: {bound}")
    return exact


def text(searched, exact, bounds):
    """The comparison in a sentence or two, and a table of the ends that are not exact."""
    decided = [
        (bound, int(bound[bound["end"]]), end) for bound, end in zip(searched, exact, strict=True) if end is not None
    ]
    off = [found for found in decided if found[1] != found[2]]
    ends = bounds["attained"].map({"both": 2, "low": 1, "high": 1, "neither": 0}).dropna()
    said = (
        f"Of {2 * len(ends):,} ends of unweighted shares {int(ends.sum()):,} are attained by records that were found. "
        f"Of the others {2 * len(ends) - int(ends.sum()) - len(exact):,} are of an open base and were not searched. "
        f"The {len(exact)} others whose base is settled were searched in whole numbers: {len(decided)} were decided, "
        f"and {len(decided) - len(off)} of these are exact to the organisation."
    )
    if not off:
        return f"{said}\n"
    rows = [
        f"| {_name(bound)} | {WORDS[bound['end']]} | {outer} | {end} | {bound['base_low']} |"
        for bound, outer, end in off
    ]
    head = ["| estimate | end | bound, organisations | exact | of a base of |", "|---|---|--:|--:|--:|"]
    return "\n".join([f"{said} The others:", "", *head, *rows, ""])


def _name(bound):
    return ", ".join(f"`{bound[part]}`" for part in ("measure", "category", "group"))


if __name__ == "__main__":
    main()
