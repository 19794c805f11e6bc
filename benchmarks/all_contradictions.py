"""How far the list of *all* minimal contradictions of the 2014 report can be carried: for each claim left out, by size.

The search of `pipeline.hitting_sets` is let run on for some minutes, past the size at which reconstruct stops. For each
claim left out the table gives the longest contradictions of which all were found in that time, and how many sets there
were to look at next: where there are none, all contradictions of any size are known.

python benchmarks/all_contradictions.py
"""

import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from markers import replace_between

from pipeline.claims import load_claims
from pipeline.codebook import load_codebook
from pipeline.contradictions import claims_to_try, judge
from pipeline.hitting_sets import by_size
from pipeline.known import Known
from pipeline.params import load_params
from pipeline.system import build_system

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs/performance.md"
# Seconds for each claim left out.
PATIENCE = 240


class TimeUp(Exception):
    """The time for a claim is over."""


def main(seconds=PATIENCE):
    """Search, and replace what stands between the table's markers."""
    codebook = load_codebook(ROOT / "data/codebook/2014.yaml")
    claims = load_claims(ROOT / "data/report/2014/claims.csv", codebook)
    settings = load_params(ROOT / "params.yaml").reconstruct
    system = build_system(codebook, claims, settings.worded_tolerance)
    verdict = judge(system, seed=settings.seed, time_limit=settings.time_limit, listed=settings.listed)
    rows = []
    for claim in verdict.left_out:
        known = Known(replace(system, ends={}), verdict.solution, seed=settings.seed, time_limit=settings.time_limit)
        rows.append((claim, *searched(claim, verdict.kept, known, float(seconds))))
        print(rows[-1], flush=True)
    replace_between(REPORT, "all_contradictions", table(rows, float(seconds)))


def searched(claim, kept, known, seconds):
    """What was found in this time: [(size, sets to look at next)], contradictions by size, seconds, whether all."""
    end = (start := time.monotonic()) + seconds

    def meet(*sets):
        if time.monotonic() > end:
            raise TimeUp
        return known.meet(*sets)

    first, same = claims_to_try(claim, kept, known)
    sizes, found = [], []
    try:
        for size, found_now, level in by_size(meet, first, first | known.bits(same)):
            sizes.append((size, len(level)))
            found = list(found_now)
    except TimeUp:
        pass
    return sizes, Counter(s.bit_count() for s in found), time.monotonic() - start, sizes[-1:] and not sizes[-1][1]


def table(rows, seconds):
    """The table as text: a row for each claim left out."""
    lines = ["| claim left out | all found of up to | minimal contradictions | sets to look at, by size | seconds |"]
    lines.append("|---|--:|---|---|--:|")
    for claim, sizes, found, took, all_found in rows:
        longest = "any size" if all_found else f"{sizes[-1][0] if sizes else 0} claims"
        many = ", ".join(f"{n} of {size}" for size, n in sorted(found.items())) or "none so short"
        following = " → ".join(f"{n:,}" for _, n in sizes)
        lines.append(f"| `{claim}` | {longest} | {many} | {following} | {took:.0f} |")
    return "\n".join([*lines, "", f"At most {seconds:g} seconds for each claim; the search of reconstruct itself.", ""])


if __name__ == "__main__":
    main(*sys.argv[1:])
