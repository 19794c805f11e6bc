"""Every estimate as a row with an anchor of its own: one page a measure, both bases side by side."""

from pipeline.codebook import TOTAL
from pipeline.findings import interval_text
from pipeline.printing import NOT_KNOWN, base_text, has_open_base, state, value_text
from pipeline.prose import count_text
from pipeline.site import row_anchor

BASES = ("unweighted", "weighted")


def measure_sections(estimates, codebook, measure):
    """What the page of a measure shows: a section per break [{id, label, groups}].

    A group has id, label, base, effective (base), known (whether anything is known of its answers) and rows.

    `estimates` is the wave's table. A row has anchor, label, net (whether it adds answers up) and, for each basis, its
    text, interval, count, support and quality; what is not known has no number anywhere.
    """
    question = codebook.question(measure.question)
    ours = estimates[estimates["measure"].eq(measure.id)]
    by_key = {(r["break"], r["group"], r["category"], r["basis"]): r for r in ours.to_dict("records")}
    labels = {TOTAL: "Everyone"} | {b.id: b.label for b in codebook.breaks}
    sections, modelled = [], " (modelled)" if codebook.kind == "reconstruction" else ""
    for break_ in (TOTAL, *measure.breaks):
        groups = []
        for group in codebook.groups(break_):
            pairs = {c: [by_key[break_, group.id, c, b] for b in BASES] for c in question.categories}
            groups.append(_group(pairs, group, question, modelled))
        sections.append({"id": break_, "label": labels[break_], "groups": groups})
    return sections


def _group(pairs, group, question, modelled):
    nets = {net.id for net in question.nets}
    first = next(iter(pairs.values()))
    rows = [
        {
            "anchor": row_anchor(category, pair[0]["break"], group.id),
            "label": question.categories[category],
            "net": category in nets,
            **{basis: _cell(row) for basis, row in zip(BASES, pair, strict=True)},
        }
        for category, pair in pairs.items()
    ]
    # The effective base speaks of a number of respondents, which an open base has not.
    n_eff = first[1]["n_eff"]
    effective = "" if has_open_base(first[0]) or n_eff != n_eff else f"{n_eff:.1f}{modelled}"
    known = any(row[basis]["text"] != NOT_KNOWN for row in rows for basis in BASES)
    about = {"id": f"{first[0]['break']}-{group.id}", "label": group.label, "base": base_text(first[0])}
    return about | {"effective": effective, "known": known, "rows": rows}


def _cell(row):
    known = state(row)
    interval = interval_text(row) if known == "settled" and row["ci_low"] == row["ci_low"] else ""
    return {
        "text": value_text(row),
        "interval": interval,
        "count": count_text(row) if row["basis"] == BASES[0] else "",
        "support": row["support"],
        "quality": "" if known == "assumed" else row["quality"],
    }
