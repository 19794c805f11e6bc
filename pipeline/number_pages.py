"""Every estimate as a row with an anchor of its own: one page a measure, both bases side by side."""

from pipeline.codebook import TOTAL
from pipeline.findings import interval_text
from pipeline.names import BASES, WEIGHTED
from pipeline.printing import FLAGGED, NOT_KNOWN, base_text, first_lower, has_open_base, state, value_text, why_withheld
from pipeline.prose import count_text
from pipeline.site import row_anchor

# In the place of an interval, where the share of sectors or bands is the population's own.
FIXED = "fixed by the weights"


def measure_sections(estimates, codebook, measure):
    """What the page of a measure shows: a section per break [{id, label, groups}].

    A group has id, label, base, effective (base), known (whether anything is known of its answers), care (what holds of
    all its shares alike) and rows.

    `estimates` is the wave's table. A row has anchor, label, net (whether it adds answers up) and, for each basis, its
    text, settled (whether that is one number), interval, count, support and care (what a reader must know of it, if
    anything); what is not known has no number anywhere.
    """
    question = codebook.question(measure.question)
    ours = estimates[estimates["measure"].eq(measure.id)]
    by_key = {(r["break"], r["group"], r["category"], r["basis"]): r for r in ours.to_dict("records")}
    labels = {TOTAL: "Everyone"} | {b.id: b.label for b in codebook.breaks}
    sections = []
    for break_ in (TOTAL, *measure.breaks):
        groups = []
        for group in codebook.groups(break_):
            pairs = {c: [by_key[break_, group.id, c, b] for b in BASES] for c in question.categories}
            groups.append(_group(pairs, group, question, codebook.kind))
        sections.append({"id": break_, "label": labels[break_], "groups": groups})
    return sections


def _group(pairs, group, question, kind):
    nets = {net.id for net in question.nets}
    first = next(iter(pairs.values()))
    rows = [
        {
            "anchor": row_anchor(category, pair[0]["break"], group.id),
            "label": question.categories[category],
            "net": category in nets,
            **{basis: _cell(row, kind, question) for basis, row in zip(BASES, pair, strict=True)},
        }
        for category, pair in pairs.items()
    ]
    # The effective base speaks of a number of respondents, which an open base has not.
    n_eff = first[1]["n_eff"]
    modelled = " (modelled)" if kind == "reconstruction" else ""
    effective = "" if has_open_base(first[0]) or n_eff != n_eff else f"{n_eff:.1f}{modelled}"
    # What holds of every share is said once.
    cares = {row[basis]["care"] for row in rows for basis in BASES}
    care = cares.pop() if len(cares) == 1 and len(rows) > 1 else ""
    rows = [row | {basis: row[basis] | {"care": ""} for basis in BASES} for row in rows] if care else rows
    known = any(row[basis]["text"] != NOT_KNOWN for row in rows for basis in BASES)
    about = {"id": f"{first[0]['break']}-{group.id}", "label": group.label, "base": base_text(first[0])}
    return about | {"effective": effective, "known": known, "care": care, "rows": rows}


def _cell(row, kind, question):
    known = state(row)
    interval = interval_text(row) if known == "settled" and row["ci_low"] == row["ci_low"] else ""
    fact_within = question.asked_of == "frame" and 0 < row["estimate"] < 1
    if known == "settled" and fact_within and row["basis"] == WEIGHTED and row["se"] == 0:
        interval = FIXED
    care = {"flagged": first_lower(FLAGGED), "withheld": why_withheld(kind)}.get(row["quality"], "")
    return {
        "text": value_text(row),
        "settled": known == "settled",
        "interval": interval,
        "count": count_text(row) if row["basis"] == BASES[0] else "",
        "support": row["support"],
        "care": "" if known == "assumed" else care,
    }
