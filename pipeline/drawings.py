"""The drawings: one function for each kind of figure, each from the table of `figures.figure_data`.

A drawing puts marks and their texts on the page and moves the page below them; it knows no survey, only a table.
"""

import seaborn as sns

from pipeline.grids import draw_grid
from pipeline.names import TOTAL
from pipeline.printing import percent_text, range_text
from pipeline.sheet import GAP, SMALL, set_sheet
from pipeline.style import HATCH, LABEL_HEIGHT, LINE_HEIGHT, look, readable, tint

BAR, THIN_BAR, ROW_BAR = 16, 11, 19
# Digits of a share or count as it is drawn: its last bits, which may differ between machines, must not move a pixel.
DIGITS = 9
# The widest text that stands beside a bar of shares: all bars are as long as leaves room for it beyond 100%, so that
# the same figure of two waves has one scale.
WIDEST = range_text(0.88, 1, percent_text) + "*"


def draw(table, words, figure, settings):
    """Draw a figure: heading, drawing, key, footing. Returns the finished Page.

    `table` is that of `figures.figure_data`, `words` the texts around it (`figures.words_around`), `settings` the
    Figures of the Params.
    """
    drawn = table.round(DIGITS)
    return set_sheet(words, settings, lambda page: DRAWINGS[figure.kind](page, drawn, words))


def draw_bars(page, table, words):
    """One bar for each category, its label to the left and its value at its end."""
    categories = table.drop_duplicates("category")
    broken = [page.lines(label, 0.36 * page.width) for label in categories["label"]]
    gutter = max(page.text_width(line) for lines in broken for line in lines)
    pitch = max(BAR + 9, max(map(len, broken)) * 1.08 * page.size + 4)
    left, first = page.left + gutter + 2 * GAP, page.y + pitch / 2
    for i, label in enumerate(categories["label"]):
        page.label(page.left, first + i * pitch, label, gutter + 1)
    _bars(page, table, left, first, pitch, BAR, [page.colours.accent])


def draw_grouped(page, table, words):
    """A block for each category, headed by its label, with one bar for each group.

    Every block is as tall as the one with most lines in its heading: seaborn sets categories alike far apart.
    """
    groups = table.drop_duplicates("group")
    gutter = min(max(page.text_width(label, SMALL) for label in groups["group_label"]), 0.36 * page.width)
    left = page.left + gutter + 2 * GAP
    slot = max(THIN_BAR + 3, max(page.height(label, gutter, SMALL) for label in groups["group_label"]) + 3)
    headings = [
        page.lines(h, page.right - page.left, 1, "Semibold") for h in table.drop_duplicates("category")["label"]
    ]
    line = LINE_HEIGHT * page.size
    spare = (max(map(len, headings)) - 1) * line
    heading = spare + line + 2
    pitch = heading + len(groups) * slot + 2 * GAP
    first = page.y + heading + len(groups) * slot / 2
    colours = group_colours(page.colours, groups["group"])
    for i, lines in enumerate(headings):
        top = page.y + i * pitch + spare - (len(lines) - 1) * line
        page.column(page.left, top, lines, line, weight="Semibold")
        for j, group in enumerate(groups["group_label"]):
            middle = first + i * pitch + (j - (len(groups) - 1) / 2) * slot
            page.label(page.left, middle, group, gutter, SMALL, colour=page.colours.quiet)
    _bars(page, table, left, first, pitch, THIN_BAR, colours, slot)
    # The bars stand in the middle of their pitch, half a heading below it: of that a heading of one line is kept.
    page.y -= spare / 2


def group_colours(colours, groups):
    """A colour for each group: grey for everyone, then the palette in order, over again where it ends."""
    named = [g for g in groups if g != TOTAL]
    return [colours.everyone if g == TOTAL else colours.groups[named.index(g) % len(colours.groups)] for g in groups]


def _bars(page, table, left, first, pitch, bar, colours, slot=None):
    """Bars with their intervals and values: categories `pitch` apart from `first` on, groups `slot` apart."""
    slot = slot or bar + 3
    marks = _placed(table, first, pitch, slot)
    width = page.right - left
    scale = _scale(page, marks, width)
    page.y = first - pitch / 2
    axes = page.plot(left, width, pitch * marks["category"].nunique())
    slots = marks["group"].nunique()
    shape = {"width": slots * slot / pitch, "gap": (slot - bar) / slot}
    ends = marks["high"].where(marks["high"].mul(scale).le(width), width / scale)
    _layer(axes, marks, marks["size"].where(marks["drawn"].eq("settled")), colours, **shape)
    hatched = {"fill": False, "hatch": HATCH, "linewidth": 0.8}
    _layer(axes, marks, ends.where(marks["drawn"].eq("bounded")), colours, **shape, **hatched)
    certain = marks["low"].where(marks["drawn"].eq("bounded"))
    _layer(axes, marks, certain, [tint(c, 0.55) for c in colours], **shape)
    dashed = {"fill": False, "linestyle": (0, (3, 2)), "linewidth": 1.0}
    _layer(axes, marks, ends.where(marks["drawn"].eq("assumed")), colours, **shape, **dashed)
    axes.set(xlim=(0, width / scale), ylim=(marks["category"].nunique() - 0.5, -0.5))
    for mark in marks.to_dict("records"):
        _interval(page, mark, left, scale, colours[mark["slot"]])
        _value(page, mark, left, scale)


def _placed(table, first, pitch, apart):
    """The marks with where they stand: `slot` among the groups, `y` of the bar's middle, `size` in the unit drawn."""
    rank = table["category"].map({c: i for i, c in enumerate(table["category"].unique())})
    slot = table["group"].map({g: i for i, g in enumerate(table["group"].unique())})
    size = table["count"].where(table["unit"].eq("count"), table["estimate"])
    middle = first + rank * pitch + (slot - (table["group"].nunique() - 1) / 2) * apart
    high = table["high"].where(table["high"].notna() | table["drawn"].ne("assumed"), float("inf"))
    return table.assign(slot=slot, y=middle, size=size, high=high)


def _scale(page, marks, width):
    """Points for one unit: 100%, or the longest mark of counts that is known, fills the width with a text beside it."""
    if marks["unit"].eq("percent").all():
        return width - GAP - page.text_width(WIDEST, weight="Bold")
    known = marks[marks["drawn"].isin(["settled", "bounded"])]
    reach = known[["size", "ci_high", "high"]].max(axis=1)
    room = [width - GAP - page.text_width(text, weight="Bold") for text in known["text"]]
    return min([width, *(r / x for r, x in zip(room, reach, strict=True) if x > 0)])


def _layer(axes, marks, ends, colours, **options):
    """One look of bars from zero to `ends`; a mark without an end is not drawn."""
    if ends.notna().any():
        order = {"order": list(marks["category"].unique()), "hue_order": list(marks["group"].unique())}
        options |= {"palette": colours, "saturation": 1, "errorbar": None, "legend": False, "orient": "h"}
        sns.barplot(marks.assign(end=ends), x="end", y="category", hue="group", ax=axes, **order, **options)


def _interval(page, mark, left, scale, colour):
    """The confidence interval of a settled value as a thin line, light where it lies on its bar."""
    if mark["ci_low"] != mark["ci_low"]:
        return
    low, middle, high = (left + scale * mark[k] for k in ("ci_low", "size", "ci_high"))
    inside = readable(page.colours, colour)
    page.line([low, middle], [mark["y"]] * 2, colour=inside, width=1, alpha=0.75)
    page.line([middle, high], [mark["y"]] * 2, colour=page.colours.quiet, width=1)


def _value(page, mark, left, scale):
    """The text of a mark: beyond its end, or in the outline of an unknown one."""
    x = left + GAP
    if mark["drawn"] in ("settled", "bounded"):
        x += scale * max(v for v in (mark["size"], mark["ci_high"], mark["high"]) if v == v)
        page.write_level(x, mark["y"], mark["text"], weight="Bold")
    else:
        page.write_level(x, mark["y"], mark["text"], SMALL, weight="It", colour=page.colours.quiet)


def draw_split(page, table, words):
    """A stacked row for each group, headed by its label and base; values in their segments or, if small, below."""
    fills = scale_colours(page.colours, table)
    _above(page, words["parts"])
    page.y += 1.3 * SMALL * page.size
    _swatches(page, table, fills)
    _above(page, words["rows"])
    page.y += SMALL * page.size + 2
    for _, row in table.groupby("group", sort=False):
        _row_heading(page, row["group_label"].iloc[0], f"n = {row['base'].iloc[0]}")
        below = _segments(page, row.assign(fill=row["category"].map(fills), share=segment_shares(row)))
        page.y += ROW_BAR + 2 * GAP + below
    page.y -= GAP


def _above(page, text):
    """What stands below, small and quiet; the page moves to its last line."""
    lines, pitch = page.lines(text, page.right - page.left, SMALL), LABEL_HEIGHT * SMALL * page.size
    page.column(page.left, page.y - 0.2 * SMALL * page.size, lines, pitch, SMALL, colour=page.colours.quiet)
    page.y += (len(lines) - 1) * pitch


def _row_heading(page, heading, base):
    """The heading of a stacked row, in lines that leave room for its base beside the last of them."""
    lines = page.lines(heading, page.right - page.left - 8 - page.text_width(base, SMALL), 1, "Semibold")
    pitch = LINE_HEIGHT * page.size
    page.column(page.left, page.y, lines, pitch, weight="Semibold")
    page.y += (len(lines) - 1) * pitch
    beside = page.left + page.text_width(lines[-1], weight="Semibold") + 8
    page.write(beside, page.y + page.size, base, SMALL, colour=page.colours.quiet)
    page.y += pitch + 2


def scale_colours(colours, table):
    """A fill for each category: shades in order, and grey for answers that say nothing (`missing`)."""
    categories = table.drop_duplicates("category")
    missing = categories["missing"].eq(True)
    said = list(categories.loc[~missing, "category"])
    shades = sns.blend_palette(list(colours.scale), max(len(said), 2))
    if len(said) == 2:
        shades = [colours.scale[0], colours.scale[-1]]
    return dict(zip(said, shades, strict=False)) | dict.fromkeys(categories.loc[missing, "category"], colours.no_answer)


def segment_shares(row):
    """Widths of a stacked row: settled shares as they are, the rest parted among the others by their ranges' middles.

    No filler of a reconstruction sets a width. Withheld shares part alike what is left then.
    """
    size = (row["count"] / row["n"]).where(row["unit"].eq("count"), row["estimate"])
    settled = size.where(row["drawn"].eq("settled"))
    open_, withheld = row["drawn"].isin(["bounded", "assumed"]), row["drawn"].eq("withheld")
    middle = (row["low"].fillna(0) + row["high"].fillna(1)).div(2).where(open_)
    rest = max(0, 1 - settled.sum())
    shares = settled.fillna(middle * min(1, rest / middle.sum()) if open_.any() else 0)
    left = max(0, 1 - shares.mask(withheld).sum())
    return shares.mask(withheld, left / max(1, withheld.sum())).fillna(0)


def _segments(page, row):
    """Draw one stacked row at `y`; how tall the texts are that had to go below it."""
    width, x, small = page.right - page.left, page.left, []
    for mark in _withheld_as_one(row).to_dict("records"):
        wide = width * mark["share"]
        if mark["drawn"] == "withheld":
            if page.text_width(mark["text"], SMALL, "It") <= wide:
                page.write_level(x, page.y + ROW_BAR / 2, mark["text"], SMALL, weight="It", colour=page.colours.quiet)
            else:
                small.append((x + wide / 2, mark))
            x += wide
            continue
        if wide <= 0 and mark["drawn"] == "settled":
            continue
        inset = 0.5 if mark["drawn"] == "settled" else 1
        page.box(
            x + 0.5,
            page.y + inset - 0.5,
            max(wide - 1, 0),
            ROW_BAR - 2 * inset + 1,
            **look(mark["drawn"], mark["fill"]),
        )
        if page.text_width(mark["text"], SMALL, "Bold") + 3 <= wide:
            _inside(page, mark, x + wide / 2)
        else:
            small.append((x + wide / 2, mark))
        x += wide
    return _below(page, small)


def _withheld_as_one(row):
    """The row with withheld segments that stand beside each other as one gap."""
    withheld = row["drawn"].eq("withheld")
    gap = (~withheld | ~withheld.shift(fill_value=False)).cumsum()
    return row.assign(share=row["share"].groupby(gap).transform("sum"))[~gap.duplicated()]


def _inside(page, mark, x):
    y, wide = page.y + ROW_BAR / 2, page.text_width(mark["text"], SMALL, "Bold") + 4
    settled = mark["drawn"] == "settled"
    if not settled:
        page.box(x - wide / 2, y - 6, wide, 12, facecolor=page.colours.paper)
    colour = readable(page.colours, mark["fill"]) if settled else page.colours.ink
    page.write_level(x, y, mark["text"], SMALL, weight="Bold", colour=colour, align="center")


def _below(page, small):
    """Texts that do not fit their segments, under the row, each tied to its segment; how tall they are.

    Where one line does not hold them they are listed, for a line from a text to its segment would cross other texts.
    """
    wide = [page.text_width(mark["text"], SMALL, "Semibold") for _, mark in small]
    if not small or sum(wide) + 4 * (len(wide) - 1) > page.right - page.left:
        return _listed(page, [mark for _, mark in small], wide)
    lefts = spread([x - w / 2 for (x, _), w in zip(small, wide, strict=True)], wide, page.left, page.right, gap=4)
    foot = page.y + ROW_BAR
    for (x, mark), left, w in zip(small, lefts, wide, strict=True):
        page.line([x, x, left + w / 2], [foot, foot + 2, foot + 4], colour=page.colours.quiet, width=0.6)
        page.write(left, foot + 4 + 0.8 * SMALL * page.size, mark["text"], SMALL, "Semibold")
    return SMALL * page.size + 1


def _listed(page, marks, wide):
    """Texts in lines under a stacked row, in its order, each behind a sample of its segment; how tall they are."""
    side, pitch = 0.6 * page.size, LINE_HEIGHT * SMALL * page.size
    x, y, lines = page.left, page.y + ROW_BAR + 4, 1
    for mark, w in zip(marks, wide, strict=True):
        if x > page.left and x + side + 3 + w > page.right:
            x, lines = page.left, lines + 1
        middle = y + (lines - 0.5) * pitch
        if mark["drawn"] != "withheld":
            page.box(x + 0.5, middle - side / 2, side - 1, side, **look(mark["drawn"], mark["fill"]))
        page.write_level(x + side + 3, middle, mark["text"], SMALL, weight="Semibold")
        x += side + 3 + w + 8
    return lines * pitch + 4 if marks else 0


def spread(wanted, widths, least, most, gap):
    """Left edges for texts in a line, near those wanted, `gap` apart and between `least` and `most`."""
    lefts = []
    for want, _ in zip(wanted, widths, strict=True):
        after = lefts[-1] + widths[len(lefts) - 1] + gap if lefts else least
        lefts.append(max(want, after))
    end = most
    for i in reversed(range(len(lefts))):
        lefts[i] = min(lefts[i], end - widths[i])
        end = lefts[i] - gap
    return lefts


def _swatches(page, table, fills):
    """What the fills stand for, in as many lines as it takes; a label longer than a line has its lines to itself."""
    x, side, pitch = page.left, 0.9 * page.size, LABEL_HEIGHT * 0.95 * page.size
    for category, label in table.drop_duplicates("category")[["category", "label"]].itertuples(index=False):
        wide = side + 4 + page.text_width(label, 0.95)
        if x > page.left and x + wide > page.right:
            x, page.y = page.left, page.y + 1.45 * page.size
        page.box(x, page.y, side, side, facecolor=fills[category])
        lines = page.lines(label, page.right - page.left - side - 4, 0.95)
        for i, line in enumerate(lines):
            page.write_level(x + side + 4, page.y + side / 2 + i * pitch, line, 0.95)
        page.y += (len(lines) - 1) * pitch
        x += wide + 12
    page.y += side + 2.2 * GAP


def draw_themes(page, table, words):
    """A code frame in words: a column for each net, headed by its label, with a line for each answer."""
    nets = [rows for _, rows in table.groupby("group", sort=False)]
    columns = min(3, len(nets))
    wide = (page.right - page.left - (columns - 1) * 3 * GAP) / columns
    for start in range(0, len(nets), columns):
        beside, top, ends = nets[start : start + columns], page.y, []
        heads = [page.lines(net["group_label"].iloc[0], wide, 1.1, "Bold") for net in beside]
        for i, net in enumerate(beside):
            page.y, left = top, page.left + i * (wide + 3 * GAP)
            page.box(left, page.y, wide, 2.5, facecolor=page.colours.accent)
            for j, line in enumerate(heads[i]):
                page.write(left, page.y + 2.5 + GAP + (1 + 1.15 * j) * 1.1 * page.size, line, 1.1, "Bold")
            page.y += 2.5 + 2.2 * GAP + max(map(len, heads)) * 1.15 * 1.1 * page.size
            _theme(page, net, left, wide)
            ends.append(page.y)
        page.y = max(ends) + GAP


def _theme(page, net, left, wide):
    for text in net["text"]:
        for line in page.lines(text, wide, 0.95):
            page.write(left, page.y + 0.95 * page.size, line, 0.95)
            page.y += 1.14 * 0.95 * page.size
        page.y += 4
        page.line([left, left + wide], [page.y, page.y], width=0.5)
        page.y += 3.5


DRAWINGS = {
    "bars": draw_bars,
    "grouped": draw_grouped,
    "split": draw_split,
    "grid": draw_grid,
    "themes": draw_themes,
}
