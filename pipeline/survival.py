"""The picture of which findings survive: every clause under every choice of weights beside what was printed."""

from pipeline.files import MARK, MARKED
from pipeline.findings import about
from pipeline.pictures import Drawing, write_drawing
from pipeline.printing import MINUS, STATUS, ended, level_text, with_evidence
from pipeline.vary import BROKEN, DOES_NOT, HOLDS, NOT_SETTLED, NOT_TESTED, REFERENCE, SET, SURVIVES

NAME = "sensitivity"
QUESTION = "Do the key findings hold however the organisations that answered are weighted?"
DOT = 4.5
COUNTED = {
    SURVIVES: ("survives", "survive"),
    DOES_NOT: ("does not", "do not"),
    NOT_TESTED: ("is not tested", "are not tested"),
}
PANELS = {"share": "Shares, per cent", "difference": "Differences between groups, percentage points"}
ANY_RECORDS, ON_MODELLED = "for any records", "(modelled)"
NOT_STATED = "not settled by the report's text"
MODELLED = (
    "Every dot rests on modelled records, which spread the answers as evenly over sizes as the report allows. Weights "
    "can move little in such records, so that a finding holds on them is next to no evidence."
)


def picture_data(judged, choices, codebook):
    """What the picture draws: one row per clause and choice with the mark it is drawn as.

    Columns: finding, number, clause, label, panel (share, difference), choice, drawn (reference, set, other), value and
    its interval (low, high; empty but for the reference), bound_low and bound_high (of the choice that is set; shares
    only), verdict, `said`, the clause's verdict over all choices that can be met, and `evidence`, how far the records
    are. Proportions.
    """
    clauses = {(f.id, i): c for f in codebook.findings for i, c in enumerate(f.clauses, start=1)}
    compared = judged["versus"].notna()
    reference = judged["choice"].eq(REFERENCE)
    table = judged[["finding", "number", "clause", "choice", "verdict"]].assign(
        label=[about(clauses[key], codebook) for key in zip(judged["finding"], judged["clause"], strict=True)],
        panel=compared.map({True: "difference", False: "share"}),
        drawn=judged["choice"].map({REFERENCE: "reference", SET: "set"}).fillna("other"),
        value=judged["difference"].where(compared, judged["estimate"]),
        low=judged["diff_low"].where(compared, judged["ci_low"]).where(reference),
        high=judged["diff_high"].where(compared, judged["ci_high"]).where(reference),
        bound_low=judged["low"].where(~compared),
        bound_high=judged["high"].where(~compared),
    )
    table[["value", "low", "high", "bound_low", "bound_high"]] = table[
        ["value", "low", "high", "bound_low", "bound_high"]
    ].where(table["verdict"].ne(NOT_SETTLED))
    modelled = codebook.kind == "reconstruction"
    bounded = judged[judged["choice"].eq(SET)].set_index(["finding", "clause"])["whatever_the_records"]
    keys = list(zip(table["finding"], table["clause"], strict=True))
    said = {key: said_of(rows, choices) for key, rows in table.groupby(["finding", "clause"])}
    if modelled:
        said = {key: modelled_words(words, bounded[key]) for key, words in said.items()}
    return with_evidence(table.assign(said=[said[key] for key in keys]), codebook)


def modelled_words(words, whatever):
    """A verdict on modelled records: what the bounds say for any records where they say it, else marked as modelled."""
    if words == NOT_SETTLED:
        return words
    return f"{whatever} {ANY_RECORDS}" if whatever in (HOLDS, *BROKEN) else f"{words} {ON_MODELLED}"


def said_of(rows, choices):
    """A clause's verdict over all choices in a few words: `holds`, `moves under 3 of 27`."""
    met = choices[choices["met"].eq("yes")]
    same = met["same_as"].where(met["same_as"].fillna("").ne(""), met["choice"])
    verdicts = rows.set_index("choice")["verdict"].reindex(same)
    broken = verdicts[verdicts.isin(BROKEN)]
    if len(broken):
        return f"{broken.mode().iloc[0]} under {len(broken)} of {len(verdicts)}"
    words = list(dict.fromkeys(verdicts))
    return words[0] if len(words) == 1 else f"{HOLDS} under {verdicts.eq(HOLDS).sum()} of {len(verdicts)}"


def survival_words(data, survivors, codebook, confidence):
    """The texts around the picture, by the place they stand in (`pipeline.sheet`)."""
    rehearsal = codebook.kind == "rehearsal"
    counts = survivors["verdict"].value_counts()
    tally = ", ".join(f"{n} {COUNTED[verdict][n > 1]}" for verdict, n in counts.items())
    ways = survivors["choices"].max()
    simulated = " of simulated answers" if rehearsal else ""
    key = [
        ("band", f"Unweighted estimate{simulated} and our {level_text(confidence)} interval"),
        ("filled", "Weighted as set"),
        ("hollow", "Weighted under other choices"),
    ]
    if data["verdict"].isin(BROKEN).any():
        key.append(("failed", "Red: the finding does not hold under this choice"))
    if data["bound_low"].notna().any():
        key.append(("bounded", "Where the share weighted as set may lie, whatever the records, given what is printed"))
    foot = [
        "There are no key findings to weigh."
        if survivors.empty
        else f"Findings over {ways} {'choice' if ways == 1 else 'choices'} of weights: {tally}{_tested(survivors)}.",
        MODELLED if codebook.kind == "reconstruction" else "",
        ended(f"Source: {codebook.source}"),
        STATUS[codebook.kind],
    ]
    return {
        "name": f"wave{codebook.wave}-{NAME}",
        "caption": f"{f'{MARK}. ' if rehearsal else ''}Key findings under every choice of weights, {codebook.wave}",
        "kicker": f"Sensitivity · {codebook.wave}" + (" · MODELLED" if codebook.kind == "reconstruction" else ""),
        "title": "Key findings under every choice of weights",
        "question": QUESTION,
        "measured": "",
        "key": key,
        "foot": [line for line in foot if line],
        "rehearsal": MARK if rehearsal else "",
        "rehearsal_means": MARKED if rehearsal else "",
    }


def _tested(survivors):
    """That some statements of the findings could not be tested, in words to follow what survives; else nothing."""
    tested, stated = survivors["tested"].sum(), survivors["clauses"].sum()
    return f", as far as they could be tested ({tested} of their {stated} statements)" if tested < stated else ""


def survival_alternative(data, words):
    """The picture in sentences, without the numbers of what is modelled."""
    said = [f"{words['caption']}. Dot plot. {words['question']}"]
    for panel, rows in data.groupby("panel", sort=False):
        each = rows.drop_duplicates(["finding", "clause"]).itertuples()
        said.append(f"{PANELS[panel]}: {'; '.join(f'{r.number}. {r.label}: {r.said}' for r in each)}.")
    return " ".join([*said, *words["foot"]]) + "\n"


def draw_survival(judged, choices, survivors, codebook, settings, folder):
    """Draw the picture into `folder`: sensitivity.svg, .png, .csv and .txt. Returns the text alternative."""
    from pipeline.sheet import set_sheet  # matplotlib takes a second to import

    data = picture_data(judged, choices, codebook)
    words = survival_words(data, survivors, codebook, settings.analyse.confidence)
    alternative = survival_alternative(data, words)
    page = set_sheet(words, settings.figures, lambda page: _panels(page, data))
    return write_drawing(Drawing(NAME, page, words["caption"], alternative, data, codebook), folder)


def _panels(page, data):
    gutter, room = 0.4 * (page.right - page.left), 70
    left, right = page.left + gutter + 8, page.right - room
    for panel, rows in data.groupby("panel", sort=False):
        start, end = _range(rows, panel)
        page.write(page.left, page.y + page.size, PANELS[panel], weight="Semibold")
        page.y += 1.7 * page.size
        top = page.y

        def place(x, start=start, end=end):
            """Where a number of this panel stands across the page, in points."""
            return left + (x - start) / (end - start) * (right - left)

        for _, clause in rows.groupby(["finding", "clause"], sort=False):
            _clause(page, clause, place, gutter, right + 8)
        for tick in (start, (start + end) / 2, end):
            page.line([place(tick)] * 2, [top, page.y], zorder=0.5)
            text = f"{100 * tick:.0f}".replace("-", MINUS)
            page.write(place(tick), page.y + page.size, text, 0.9, colour=page.colours.quiet, align="center")
        page.y += 2.4 * page.size


def _range(rows, panel):
    """The ends of a panel's scale: 0 to 1 for shares, as far as needed in steps of a fifth for differences."""
    if panel == "share":
        return 0, 1
    reach = rows[["value", "low", "high"]].abs().max().max()
    reach = -(-(reach if reach == reach else 0.2) // 0.2) * 0.2
    return -reach, reach


def _clause(page, rows, place, gutter, right):
    """One clause: its label, what was printed, every choice, and its verdict to the right."""
    first = rows.iloc[0]
    settled = first["said"] != NOT_SETTLED
    plain = settled and not first["said"].endswith(ON_MODELLED)
    failed = any(first["said"].startswith(word) for word in BROKEN)
    colour = page.colours.warning if failed else page.colours.ink if plain else page.colours.quiet
    words, weight = first["said"] if settled else NOT_STATED, "Semibold" if plain else "It"
    lines = page.lines(f"{first['number']}. {first['label']}", gutter, 0.9)
    beside = page.lines(words, page.right - right, 0.9, weight)
    tall = max(2, len(lines), len(beside)) * 1.08 * 0.9 * page.size + 5
    y = page.y + tall / 2
    page.label(page.left, y, " ".join(lines), gutter, 0.9)
    page.label(right, y, words, page.right - right, 0.9, weight=weight, colour=colour)
    if settled:
        _marks(page, rows, place, y)
    page.y += tall


def _marks(page, rows, place, y):
    """The printed interval as a band, its estimate as a tick, a dot for each choice, the bounds hatched below."""
    reference, chosen = (rows[rows["drawn"].eq(mark)].iloc[0] for mark in ("reference", "set"))
    low, high, middle = (place(reference[k]) for k in ("low", "high", "value"))
    page.box(low, y - 4.5, high - low, 9, facecolor=page.colours.line, alpha=0.75, zorder=1)
    if chosen["bound_low"] == chosen["bound_low"]:
        from pipeline.style import look

        ends = place(chosen["bound_low"]), place(chosen["bound_high"])
        page.box(ends[0], y + 6, max(ends[1] - ends[0], 1), 4, **look("bounded", page.colours.accent), zorder=0.8)
    for row in rows[rows["drawn"].ne("reference")].sort_values("drawn").itertuples():
        colour = page.colours.warning if row.verdict in BROKEN else None
        page.dot(place(row.value), y, colour, hollow=row.drawn == "other", size=DOT)
    page.line([middle, middle], [y - 6.5, y + 6.5], colour=page.colours.ink, width=1.4, zorder=3)
