"""The sheet that every picture is set on: heading, drawing, key, footing; REHEARSAL on its face where it is one."""

from pipeline.style import Page, look

GAP = 5
SMALL = 0.9
DOTS = ("hollow", "filled")


def set_sheet(words, settings, drawing):
    """A finished Page: `drawing` is called with the page between heading and key and moves it below what it draws.

    `words` are the texts by the place they stand in: name, kicker, title, question, measured, key (pairs of mark and
    sentence), foot (lines), rehearsal and rehearsal_means (empty for other waves). `settings` are the Figures of the
    Params.
    """
    page = Page(settings, words["name"])
    _heading(page, words)
    top = page.y
    drawing(page)
    if words["rehearsal"]:
        page.watermark(words["rehearsal"], (top + page.y) / 2)
    _key(page, words["key"])
    _footing(page, words["foot"])
    return page.finish()


def _heading(page, words):
    colours = page.colours
    if words["rehearsal"]:
        page.box(0, 0, page.width, 24, facecolor=colours.warning)
        page.write_level(page.left, 12, words["rehearsal"], 1.2, weight="Black", colour=colours.paper)
        means = {"colour": colours.paper, "weight": "Semibold", "align": "right"}
        page.write_level(page.right, 12, words["rehearsal_means"], SMALL, **means)
        page.y = 24 + 2 * GAP
    page.box(page.left, page.y, 28, 4, facecolor=colours.accent)
    page.y += 4 + GAP
    page.paragraph(words["kicker"], SMALL, "Semibold", colours.accent)
    page.paragraph(words["title"], 1.6, "Bold", pitch=1.12, even=True)
    page.y += GAP
    page.paragraph(words["question"], 1.05, even=True)
    if words["measured"]:
        page.paragraph(words["measured"], 0.95, colour=colours.quiet)
    page.y += 2 * GAP


def _key(page, lines):
    """What the marks mean that do not speak for themselves, each beside a sample of it."""
    for drawn, text in lines:
        page.y += 1
        middle, x = page.y + 0.62 * SMALL * page.size, page.left
        if drawn == "interval":
            page.line([x, x + 16], [middle, middle], colour=page.colours.quiet, width=1)
        elif drawn in ("bounded", "assumed"):
            page.box(x + 0.5, middle - 4, 15, 8, **look(drawn, page.colours.accent))
        elif drawn == "modelled":
            page.box(x + 0.5, middle - 4, 15, 8, **look("assumed", page.colours.quiet))
        elif drawn in ("band", "span"):
            page.box(x, middle - 4, 16, 8, facecolor=page.colours.line, alpha=0.75)
            if drawn == "band":
                page.line([x + 8] * 2, [middle - 5, middle + 5], colour=page.colours.ink, width=1.4)
        elif drawn in DOTS:
            page.dot(x + 8, middle, hollow=drawn == "hollow")
        elif drawn == "failed":
            page.dot(x + 8, middle, page.colours.warning)
        elif drawn == "flagged":
            page.write(x + 6, page.y + SMALL * page.size, "*", SMALL, "Bold", page.colours.quiet)
        page.paragraph(text, SMALL, colour=page.colours.quiet, indent=0 if drawn == "withheld" else 21)


def _footing(page, lines):
    page.y += GAP
    page.line([page.left, page.right], [page.y, page.y])
    page.y += GAP
    for line in lines:
        page.paragraph(line, SMALL, colour=page.colours.quiet)
        page.y += 1.5
