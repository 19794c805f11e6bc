"""The audit in words and small tables, for a reader who wants to know what holds and what does not."""

import pandas as pd

from pipeline.checks import CHECKS
from pipeline.names import TOTAL
from pipeline.verdicts import MEANINGS, ON_BASE, REPRODUCED, UNTESTABLE, VERDICTS

LOOKED_FOR = {
    CHECKS[0]: "Shares and counts that no whole number of organisations of their base can be (GRIM)",
    CHECKS[1]: "Counts printed with a per cent sign",
    CHECKS[2]: "One share printed differently in two places",
    CHECKS[3]: "Answers to one question that do not add up to 100%, or to what they make up together",
    CHECKS[4]: "Totals outside what their groups make of them",
}


def verdict_table(audited):
    """How many claims have each verdict, and what it means: verdict, claims, meaning."""
    counts = audited["verdict"].value_counts().reindex(VERDICTS, fill_value=0)
    return pd.DataFrame({"claims": counts, "meaning": pd.Series(MEANINGS)}).rename_axis("verdict").reset_index()


def verdicts_by_place(audited):
    """How many claims of each verdict stand in each place, in the order of the claims file."""
    counts = audited.groupby(["place", "verdict"], sort=False).size().unstack(fill_value=0)
    return counts.reindex(columns=[v for v in VERDICTS if v in counts])


def faults_text(contradictions):
    """Every fault once, as a numbered Markdown list: its arithmetic, and which claim was left out to mend it."""
    return "\n".join(
        f"{number}. {rows['sentence'].iloc[0]}  \n   *Left out:* {'; '.join(_left_out(rows))}."
        for number, rows in contradictions.groupby("fault", sort=True)
    )


def _left_out(rows):
    """The claims of a fault that were left out: what they say and where."""
    gone = rows[rows["left_out"].astype(bool)].drop_duplicates("claim")
    return [f"{row['says']} ({row['place']})" for row in gone.to_dict("records")]


def findings_text(findings):
    """What each check of single claims looked for and found, as Markdown; a finding names the fault it belongs to."""
    parts = []
    for check in CHECKS:
        rows = findings[findings["check"].eq(check)].to_dict("records")
        lines = [f"- {row['sentence']}{_as_fault(row['fault'])}" for row in rows] or ["- Nothing found."]
        parts.append("\n".join([f"**{LOOKED_FOR[check]}.**", "", *lines]))
    return "\n\n".join(parts)


def _as_fault(numbers):
    return f" (Fault {' and '.join(numbers.split())}.)" if numbers else ""


def power_table(audited):
    """What the test of a share on its base could have found, by base: one row for each base whose size is printed.

    Columns: base_low, base_high, claims (per cents printed of such a base), granularity (percentage points that one
    organisation of the largest is), power (the share of the whole per cents from 0 to 100 that are impossible on all
    of these sizes), impossible (of these claims).
    """
    grouped = _tested(audited).groupby(["base_low", "base_high"], sort=True)
    return grouped.agg(
        claims=("id", "size"),
        granularity=("granularity", "first"),
        power=("power", "first"),
        impossible=("verdict", lambda verdicts: verdicts.eq(ON_BASE).sum()),
    ).reset_index()


def _tested(audited):
    """The per cents whose base is known without them: a size deduced from shares of it cannot be held against them."""
    return audited[audited["power"].notna() & audited["base_from"].ne("bounded")]


def power_text(audited):
    """How many per cents the test could have caught, how many it did, and how many had they been any whole number."""
    tested, all_of_them = _tested(audited), audited["power"].notna().sum()
    able = tested[tested["power"].gt(0)]
    caught = tested["verdict"].eq(ON_BASE).sum()
    return (
        f"Of {all_of_them} per cents, {len(tested)} have a base whose size is printed, and {len(able)} of these "
        f"have one on which some whole per cent is impossible. Had these {len(able)} been just any whole numbers, "
        f"about {able['power'].sum():.0f} would have been caught; "
        f"{caught or 'none'} {'was' if caught == 1 else 'were'}."
    )


def not_tested(audited):
    """The claims that could not be tested, where they stand and why: place, printed, reading."""
    return audited.loc[audited["verdict"].eq(UNTESTABLE), ["place", "printed", "reading"]]


def amiss(audited):
    """The claims that are neither reproduced nor untestable, in the order of the claims file."""
    odd = audited[~audited["verdict"].isin([REPRODUCED, UNTESTABLE])]
    return odd[["place", "says", "printed", "regenerated", "difference", "verdict", "fault"]]


def support_table(estimates):
    """How far the estimates are evidence: how many of each support, by basis and whether everyone or a group."""
    of = estimates["break"].eq(TOTAL).map({True: "everyone", False: "groups"}).rename("of")
    return estimates.groupby(["basis", of, "support"]).size().unstack(fill_value=0)
