"""The love plot: how far respondents are from those that they stand for, before and after weighting."""

from math import ceil

from pipeline.files import MARK, MARKED
from pipeline.pictures import Drawing, write_drawing
from pipeline.printing import MINUS, STATUS, ended

NAME = "balance"
# Differences within this many standard deviations are commonly taken for balance (Austin 2009).
NEAR = 0.1
ROW = 15
# What a class is compared with, as a heading.
AGAINST = {
    "population": "Set against the population",
    "approached": "Set against all those approached, each with its base weight",
}
QUESTION = "How far are the organisations that answered from those that they stand for?"
NOTHING = "There is nothing to compare: no class is known that some of these organisations are in and others are not."
KEY = [("hollow", "As they answered, unweighted"), ("filled", "Weighted")]


def love_words(balance, codebook):
    """The texts around the plot, by the place they stand in (`pipeline.sheet`)."""
    rehearsal = codebook.kind == "rehearsal"
    modelled = "Which organisations were approached and answered is modelled, so are these differences."
    foot = [
        NOTHING if balance.empty else _summed_up(balance),
        modelled if codebook.kind == "reconstruction" and len(balance) else "",
        ended(f"Source: {codebook.source}"),
        STATUS[codebook.kind],
    ]
    return {
        "name": f"wave{codebook.wave}-{NAME}",
        "caption": f"{f'{MARK}. ' if rehearsal else ''}Balance before and after weighting, {codebook.wave}",
        "kicker": f"Weighting · {codebook.wave}",
        "title": "Balance before and after weighting",
        "question": QUESTION,
        "measured": "Difference of shares in standard deviations (of the mean, for the number of contacts)",
        "key": KEY,
        "foot": [line for line in foot if line],
        "rehearsal": MARK if rehearsal else "",
        "rehearsal_means": MARKED if rehearsal else "",
    }


def _summed_up(balance):
    """The largest differences in a sentence, and how many classes the weights take further off."""
    most = {s: balance[s].abs().max() for s in ("unweighted", "weight")}
    population = balance[balance["against"].eq("population")]
    # Of one cell alone nothing is set against the population.
    mended = f"; against the population {population['weight'].abs().max():.2f}" if len(population) else ""
    further = (balance["weight"].abs() > balance["unweighted"].abs()).sum()
    return (
        f"Grey band: within {NEAR:g} standard deviations. Largest difference {most['unweighted']:.2f} unweighted, "
        f"{most['weight']:.2f} weighted{mended}. Of {len(balance)} {'class' if len(balance) == 1 else 'classes'} "
        f"{further} {'is' if further == 1 else 'are'} further off when weighted."
    )


def love_alternative(balance, words):
    """The plot in sentences, for who cannot see it."""
    said = [f"{words['caption']}. Dot plot. {words['question']} {words['measured']}."]
    for against, rows in balance.groupby("against", sort=False):
        each = (f"{r.label} {r.unweighted:+.2f} unweighted, {r.weight:+.2f} weighted" for r in rows.itertuples())
        said.append(f"{AGAINST[against]}: {'; '.join(each).replace(' -', f' {MINUS}')}.")
    return " ".join([*said, *words["foot"]]) + "\n"


def draw_love(balance, codebook, settings, folder):
    """Draw the plot of a table of balance (`pipeline.diagnostics`) into `folder`: balance.svg, .png, .csv and .txt.

    `settings` are the Params. Returns the text alternative.
    """
    from pipeline.sheet import set_sheet  # matplotlib takes a second to import

    words = love_words(balance, codebook)
    alternative = love_alternative(balance, words)
    page = set_sheet(words, settings.figures, lambda page: _dots(page, balance))
    return write_drawing(Drawing(NAME, page, words["caption"], alternative, balance, codebook), folder)


def _dots(page, balance):
    """A row for each class: a ring where it was and a dot where the weights bring it, on a scale around nil."""
    if balance.empty:
        return  # the footing says it
    gutter = page.gutter(balance["label"])
    left, right = page.left + gutter + 12, page.right - 8
    most = max(balance[["unweighted", "weight"]].abs().max().max(), 2 * NEAR)
    step = ceil(5 * most) / 10

    def place(x):
        """Where a standardised difference stands across the page, in points."""
        return (left + right) / 2 + x / (1.05 * max(most, 2 * step)) * (right - left) / 2

    for against, rows in balance.groupby("against", sort=False):
        page.write(page.left, page.y + page.size, AGAINST[against], weight="Semibold")
        page.y += 1.6 * page.size
        talls = [max(ROW, page.height(label, gutter) + 3) for label in rows["label"]]
        tall, foot = sum(talls), page.y
        page.box(place(-NEAR), page.y, place(NEAR) - place(-NEAR), tall, facecolor=page.colours.line, alpha=0.45)
        page.line([place(0)] * 2, [page.y, page.y + tall], colour=page.colours.quiet, zorder=1)
        for row, high in zip(rows.itertuples(), talls, strict=True):
            y, foot = foot + high / 2, foot + high
            page.label(page.left, y, row.label, gutter)
            page.line([place(row.unweighted), place(row.weight)], [y, y], colour=page.colours.accent, zorder=1.5)
            page.dot(place(row.unweighted), y, hollow=True)
            page.dot(place(row.weight), y)
        page.y += tall
        for tick in (-2, -1, 0, 1, 2):
            text = f"{tick * step:+.1f}".replace("-", MINUS) if tick else "0"
            page.write(place(tick * step), page.y + page.size, text, 0.9, colour=page.colours.quiet, align="center")
        page.y += 2.2 * page.size
