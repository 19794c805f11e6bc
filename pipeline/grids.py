"""How a table of counts is drawn: a row for each group, a column for each answer, darker where there are more."""

from math import floor

import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap

from pipeline.sheet import GAP, SMALL
from pipeline.style import LABEL_HEIGHT, LEAST_SIZE, look, readable, tint

TILE = 26
# Size and weight of the texts in the tiles of a grid; and how much narrower than their column they stay.
TILE_TEXTS = {
    "settled": (1.1, "Bold"),
    "bounded": (SMALL, "Semibold"),
    "assumed": (0.85, "It"),
    "withheld": (0.85, "It"),
}
TILE_EDGE = 8


def draw_grid(page, table, words):
    """A table of counts: a row for each group and a column for each category, darker where there are more.

    Columns that would be too narrow for their values go on in another block below, with the rows named again.
    """
    rows = table.drop_duplicates("group")
    gutter = min(max(page.text_width(label) for label in rows["group_label"]), 0.25 * page.width)
    left = page.left + gutter + max(page.text_width(base, SMALL) for base in rows["base"]) + 3 * GAP
    shaded = table.assign(shade=_shades(table))
    categories = list(table["category"].unique())
    blocks = -(-len(categories) // max(1, int((page.right - left) / _least_column(page, table, page.right - left))))
    beside = -(-len(categories) // blocks)
    wide = (page.right - left) / beside
    for start in range(0, len(categories), beside):
        block = shaded[shaded["category"].isin(categories[start : start + beside])]
        page.y += 1.5 * GAP if start else 0
        _block(page, block, words["rows"], gutter, left, wide)


def _shades(table):
    """How dark each mark is: the square root of its part of the largest, so that small ones differ too."""
    size = table["count"].where(table["unit"].eq("count"), table["estimate"])
    return (size / (max(size.max(), 1) if size.notna().any() else 1)) ** 0.5


def _least_column(page, table, room):
    """The least width of a column: no word of a value is broken, nor one of a label that leaves room for others."""
    values = [
        (word, TILE_TEXTS[d][1]) for d, text in zip(table["drawn"], table["text"], strict=True) for word in text.split()
    ]
    labels = [page.text_width(word, LEAST_SIZE) for label in table["label"] for word in label.split()]
    return max(
        max(page.text_width(word, LEAST_SIZE, weight) for word, weight in set(values)) + TILE_EDGE,
        min(max(labels) + 2, room / 4),
    )


def _block(page, table, rows_label, gutter, left, wide):
    """Columns of a grid that stand beside each other, with their heads and the names of the rows."""
    rows, columns = table.drop_duplicates("group"), list(table["label"].unique())
    size = page.fitting(columns, wide - 2, SMALL)
    heads, pitch = [page.lines(label, wide - 2, size) for label in columns], LABEL_HEIGHT * size * page.size
    named = page.lines(rows_label, left - page.left - 2 * GAP - page.text_width("n", size), size)
    foot = page.y + max(map(len, [*heads, named])) * pitch
    for i, (label, lines) in enumerate(zip(columns, heads, strict=True)):
        middle = foot - len(lines) * pitch / 2
        page.label(left + (i + 0.5) * wide, middle, label, wide - 2, size, colour=page.colours.quiet, align="center")
    for i, line in enumerate(reversed(named)):
        page.write_level(page.left, foot - (i + 0.5) * pitch, line, size, colour=page.colours.quiet)
    page.write_level(left - GAP, foot - pitch / 2, "n", size, colour=page.colours.quiet, align="right")
    page.y = foot + GAP
    sizes = _tile_sizes(page, table, wide)
    tall = max(
        TILE,
        max(page.height(label, gutter) for label in rows["group_label"]) + 4,
        max(_tile_height(page, mark, wide, sizes) for mark in table.to_dict("records")) + 6,
    )
    for i, (label, base) in enumerate(rows[["group_label", "base"]].itertuples(index=False)):
        middle = page.y + (i + 0.5) * tall
        page.label(page.left, middle, label, gutter)
        page.write_level(left - GAP, middle, base, SMALL, colour=page.colours.quiet, align="right")
    _tiles(page, table, left, wide, tall, sizes)
    page.y += GAP


def _tile_sizes(page, table, wide):
    """A text size for each look of a tile, smaller where the column is narrow; at the least one, texts break."""
    sizes = {}
    for drawn, texts in table.groupby("drawn")["text"]:
        size, weight = TILE_TEXTS[drawn]
        longest = max(page.text_width(text, size, weight) for text in texts)
        sizes[drawn] = max(LEAST_SIZE, min(size, floor(100 * size * (wide - TILE_EDGE) / longest) / 100))
    return sizes


def _tile_height(page, mark, wide, sizes):
    return page.height(mark["text"], wide - TILE_EDGE, sizes[mark["drawn"]], TILE_TEXTS[mark["drawn"]][1])


def _tiles(page, table, left, wide, tall, sizes):
    """The tiles of a grid with their texts."""
    top, groups, categories = page.y, list(table["group"].unique()), list(table["category"].unique())
    shades = table.pivot(index="group", columns="category", values="shade").reindex(index=groups, columns=categories)
    ramp = LinearSegmentedColormap.from_list("counts", [tint(page.colours.scale[-1], 0.25), *page.colours.scale[::-1]])
    axes = page.plot(left, wide * len(categories), tall * len(groups))
    if shades.notna().any(axis=None):
        lines = {"linewidths": 2, "linecolor": page.colours.paper, "xticklabels": False, "yticklabels": False}
        sns.heatmap(shades, mask=shades.isna(), cmap=ramp, vmin=0, vmax=1, cbar=False, ax=axes, **lines)
    for mark in table.to_dict("records"):
        x = left + (categories.index(mark["category"]) + 0.5) * wide
        y = top + (groups.index(mark["group"]) + 0.5) * tall
        _tile(page, mark, x, y, wide, tall, sizes[mark["drawn"]], ramp(shades.at[mark["group"], mark["category"]]))


def _tile(page, mark, x, y, wide, tall, size, fill):
    """The text of a tile, and the look of one that is not settled; the heat map has drawn the others."""
    weight, room = TILE_TEXTS[mark["drawn"]][1], wide - TILE_EDGE
    lines = page.lines(mark["text"], room, size, weight)
    if mark["drawn"] in ("bounded", "assumed"):
        marked = look(mark["drawn"], page.colours.accent)
        page.box(x - wide / 2 + 2, y - tall / 2 + 2, wide - 4, tall - 4, **marked)
    if mark["drawn"] == "bounded":
        half = max(page.text_width(line, size, weight) for line in lines) / 2 + 3
        high = 14 + (len(lines) - 1) * LABEL_HEIGHT * size * page.size
        page.box(x - half, y - high / 2, 2 * half, high, facecolor=page.colours.paper)
    colour = page.colours.ink if mark["drawn"] == "bounded" else page.colours.quiet
    if mark["drawn"] == "settled" and mark["text"] not in ("0", "0%"):
        colour = readable(page.colours, fill)
    page.label(x, y, mark["text"], room, size, weight, colour, align="center")
