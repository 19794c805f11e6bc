"""An estimates table with chosen numbers, for tests of what is printed from one."""

import pandas as pd

from pipeline.codebook import TOTAL
from pipeline.estimate import BOUNDS, KEYS


def estimates_of(codebook, n=100):
    """Every estimate that a codebook asks for, settled, over a base of n: consistent within each question."""
    rows = []
    for measure in codebook.measures:
        question = codebook.question(measure.question)
        for break_ in (TOTAL, *measure.breaks):
            for group in codebook.groups(break_):
                counts = counts_of(question, n, start=len(rows))
                for category in question.categories:
                    key = dict(zip(KEYS, (measure.id, category, break_, group.id), strict=True))
                    rows += [key | made(counts[category], n, basis) for basis in ("unweighted", "weighted")]
    return pd.DataFrame(rows).assign(wave=codebook.wave).astype(dict.fromkeys(BOUNDS, float))


def counts_of(question, n, start):
    """How many of n gave each answer and net: for a single answer they add up to n."""
    parts = [(start + 3 * i) % 5 + 1 for i in range(len(question.answers))]
    ends = [n * sum(parts[: i + 1]) // sum(parts) for i in range(len(parts))]
    counts = {a.id: end - begin for a, begin, end in zip(question.answers, [0, *ends], ends, strict=False)}
    add = max if question.several else sum
    return counts | {net.id: add(counts[a] for a in net.answers) for net in question.nets}


def made(count, n, basis="unweighted", support="measured", quality="ok"):
    """The numbers of one estimate: the interval is five points to either side, or what there is room for."""
    share = count / n
    numbers = {"basis": basis, "n": n, "count": count, "n_eff": n, "estimate": share, "se": 0.025, "deff": 1.0}
    interval = {"ci_low": max(0, share - 0.05), "ci_high": min(1, share + 0.05)}
    return numbers | interval | {"support": support, "quality": quality} | dict.fromkeys(BOUNDS)


def changed(estimates, measure, category, break_=TOTAL, group=TOTAL, **values):
    """The table with other values in one estimate, on both bases unless `basis` is given."""
    key = dict(zip(KEYS, (measure, category, break_, group), strict=True))
    key |= {"basis": values.pop("basis")} if "basis" in values else {}
    rows = (estimates[list(key)] == pd.Series(key)).all(axis=1)
    assert rows.any()
    changed_ = estimates.copy()
    for column, value in values.items():
        changed_.loc[rows, column] = value
    return changed_


def counted(estimates, *key, count, n, **values):
    """The table with one estimate's count and base, and all that follows from them, set."""
    return changed(
        estimates, *key, **({k: v for k, v in made(count, n).items() if v is not None and k != "basis"} | values)
    )
