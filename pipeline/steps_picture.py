"""The picture of whether maturity hangs on one weight: each group's mark under every choice of weights."""

from pipeline.change import marked, pairs_of
from pipeline.codebook import TOTAL
from pipeline.files import MARK
from pipeline.maturity import OVERALL, compare_marks
from pipeline.names import UNWEIGHTED
from pipeline.pictures import Drawing, write_drawing
from pipeline.printing import EVIDENCE, STATUS, per_cent
from pipeline.step_weights import EQUAL, ONLY
from pipeline.texts import ITEMS
from pipeline.trends import WITHHELD

NAME = "maturity_weights"
ROW = 15
QUESTION = "Does it matter how the steps are weighed into one mark?"
KEYS = [
    ("filled", "Every step counts alike"),
    ("span", "From one end to the other: every set of weights that the steps can have. It is no interval of chance"),
    ("hollow", "One step or one criterion left out, or every criterion alike"),
]
MODELLED = "How answers go together in an organisation was never printed: the marks of {} are modelled, not measured."


def picture_data(table, waves, basis):
    """What the picture draws: wave, kind, break, group, label, choice, mark, `drawn` (filled, end, hollow, withheld).

    `table` is that of `step_weights.robustness`, as it may be published.
    """
    books = {w.wave: w.codebook for w in waves}
    rows = table[table["basis"].eq(basis)]
    broken = rows[["wave", "break"]].drop_duplicates().itertuples(index=False, name=None)
    labels = {(wave, b, g.id): g.label for wave, b in broken for g in books[wave].groups(b)}
    drawn = rows["choice"].map(lambda c: "filled" if c == EQUAL else "end" if c.startswith(ONLY) else "hollow")
    drawn = drawn.mask(rows["mark"].isna(), "withheld")
    return rows.assign(
        kind=rows["wave"].map({w: b.kind for w, b in books.items()}),
        label=[labels[key] for key in zip(rows["wave"], rows["break"], rows["group"], strict=True)],
        drawn=drawn,
    ).reset_index(drop=True)


def words_of(table, survives, waves, basis, *, breaks):
    """The texts around the picture, by the place they stand in (`pipeline.sheet`). `breaks` is the register."""
    rehearsed = [str(w.wave) for w in waves if w.kind == "rehearsal"]
    rebuilt = [str(w.wave) for w in waves if w.kind == "reconstruction"]
    of_basis = survives[survives["basis"].eq(basis)]
    counts = [
        _count(rows, COUNTED[kind], of) for (kind, of), rows in of_basis.groupby(["kind", "evidence"], sort=False)
    ]
    steps = next((w.codebook.steps for w in reversed(waves) if w.codebook.steps), ())
    steps = " · ".join(f"{s.number} {s.label}" for s in steps)
    status = [f"{w.wave}: {STATUS[w.kind]}" for w in waves if STATUS[w.kind]]
    years = " and ".join(str(w.wave) for w in waves)
    modelled = [MODELLED.format(" and ".join(rebuilt))] if rebuilt else []
    marks = [("modelled", "Grey and dashed: modelled, not measured")] if rebuilt else []
    marks += [("withheld", WITHHELD)] if table["drawn"].eq("withheld").any() else []
    return {
        "name": f"tracker-{NAME}",
        "caption": f"{f'{MARK}. ' if rehearsed else ''}Maturity under every choice of weights, {years}",
        "kicker": f"The steps · {years}",
        "title": "Maturity under every choice of weights",
        "question": QUESTION,
        "measured": f"Mark: per cent of the criteria met, mean of the steps, {basis}",
        "key": [*KEYS, *marks],
        "foot": [
            f"Steps: {steps}.",
            *filter(None, counts),
            *_not_compared(waves, breaks),
            *modelled,
            *status,
        ],
        "rehearsal": MARK if rehearsed else "",
        "rehearsal_means": f"{' and '.join(rehearsed)}: simulated answers" if rehearsed else "",
    }


COUNTED = {
    "order": "Which of two groups has the higher {3} mark, for {1} pairs: for {0} it is the same under all weights, "
    "for {2} with any one step or criterion left out",
    "change": "Which way a group's {3} mark moved, for {1} groups: for {0} it is the same under all weights, for {2} "
    "with any one step or criterion left out",
}


def _count(rows, text, of):
    rows, of = rows[rows["survives"].notna()], " and ".join(of.split(ITEMS))
    kept = rows["survives"].sum(), len(rows), rows["survives_left_out"].sum()
    return text.format(*kept, of) + "." if len(rows) else ""


def _not_compared(waves, breaks):
    """Which waves' marks stand beside each other and are not compared, a sentence each with the reason."""
    for before, after, _ in pairs_of([w for w in waves if w.codebook.steps]):
        rows = compare_marks(before.codebook, after.codebook, breaks=breaks)
        everyone = rows["measure"].eq(OVERALL) & rows["break"].eq(TOTAL) & rows["basis"].eq(UNWEIGHTED)
        if why := rows.loc[everyone, "why"].iloc[0]:
            yield f"Marks of {after.wave} are not compared with those of {before.wave}: {why}."


def alternative_of(table, words):
    """The picture in sentences, for who cannot see it."""
    said = [f"{words['caption']}. Dot plot. {words['question']} {words['measured']}."]
    for (wave, _, _), rows in table.groupby(["wave", "break", "group"], sort=False):
        if rows["mark"].isna().any():
            said.append(f"{wave}, {rows['label'].iloc[0]}: withheld.")
            continue
        evidence = EVIDENCE[rows["kind"].iloc[0]]
        marked_as = "" if evidence == "measured" else f" ({evidence})"
        equal = per_cent(rows.loc[rows["drawn"].eq("filled"), "mark"].iloc[0])
        ends = rows.loc[rows["drawn"].eq("end"), "mark"]
        span = f"{per_cent(ends.min())} to {per_cent(ends.max())}" if len(ends) else f"{equal}"
        name = f"{wave}{marked_as}, {rows['label'].iloc[0]}"
        said.append(f"{name}: {equal} with every step alike, {span} over all weights.")
    return " ".join([*said, *words["foot"]]) + "\n"


def draw_weights(table, survives, waves, settings, folder, *, breaks):
    """Draw the picture into `folder`: maturity_weights.svg, .png, .csv and .txt. Returns the text alternative.

    `table` and `survives` are those of `step_weights.robustness` and `what_survives`, `settings` the Params, `breaks`
    the register.
    Where no wave has steps nothing is drawn, and there is no text.
    """
    if table.empty:
        return ""
    from pipeline.sheet import set_sheet  # matplotlib takes a second to import

    basis = settings.figures.basis
    data = picture_data(table, waves, basis)
    words = words_of(data, survives, waves, basis, breaks=breaks)
    said = alternative_of(data, words)
    page = set_sheet(words, settings.figures, lambda page: _dots(page, data))
    return write_drawing(Drawing(NAME, page, words["caption"], said, marked(data, waves)), folder)


def _dots(page, data):
    """A block for each wave, a row for each group: the span over all weights as a band, and the choices on it."""
    gutter = page.gutter(data["label"])
    left, right = page.left + gutter + 14, page.right - 8

    def place(mark):
        """Where a mark, 0 to 1, stands across the page, in points."""
        return left + mark * (right - left)

    for (wave, kind), block in data.groupby(["wave", "kind"], sort=False):
        note = {"rehearsal": f": {MARK}", "reconstruction": ": MODELLED"}.get(kind, "")
        page.write(page.left, page.y + page.size, f"{wave}{note}", weight="Semibold")
        page.y += 1.6 * page.size
        top = page.y
        for _, part in block.groupby("break", sort=False):
            for _, rows in part.groupby("group", sort=False):
                tall = max(ROW, page.height(rows["label"].iloc[0], gutter, weight=_weight(rows)) + 3)
                _row(page, rows, place, page.y + tall / 2, gutter)
                page.y += tall
            page.y += 4
        for tick in range(0, 101, 25):
            page.line([place(tick / 100)] * 2, [top, page.y], zorder=0.5)
            page.write(place(tick / 100), page.y + page.size, str(tick), 0.9, colour=page.colours.quiet, align="center")
        page.y += 2.2 * page.size


def _weight(rows):
    return "Semibold" if rows["break"].iloc[0] == TOTAL else "Regular"


def _row(page, rows, place, y, gutter):
    from pipeline.style import look

    page.label(page.left, y, rows["label"].iloc[0], gutter, weight=_weight(rows))
    if rows["mark"].isna().any():
        page.write_level(place(0) + 4, y, "withheld", weight="It", colour=page.colours.quiet)
        return
    modelled = rows["kind"].iloc[0] == "reconstruction"
    colour = page.colours.quiet if modelled else None
    ends = rows.loc[rows["drawn"].eq("end"), "mark"]
    if len(ends):
        low, high = place(ends.min()), place(ends.max())
        band = look("assumed", page.colours.quiet) if modelled else {"facecolor": page.colours.line, "alpha": 0.75}
        page.box(low, y - 4, high - low, 8, **band)
    for mark in rows.loc[rows["drawn"].eq("hollow"), "mark"]:
        page.dot(place(mark), y, colour, hollow=True, size=4)
    for mark in rows.loc[rows["drawn"].eq("filled"), "mark"]:
        page.dot(place(mark), y, colour)
