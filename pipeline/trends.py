"""The tracker's pictures: an answer or a net score over the waves, for everyone and by a break.

What was measured is a dot, a rehearsal's simulated answer a diamond, what a reconstruction's report prints a ring, each
with its interval where there is one; what the report leaves open is a hatched range, and what it does not settle is not
drawn. A line joins two waves only where they may be compared and came about in the same way: a line from a
reconstruction to a rehearsal would look like a trend that was measured. Across a break in series there is a marked gap.
"""

from itertools import pairwise

import pandas as pd

from pipeline.change import marked
from pipeline.codebook import TOTAL
from pipeline.files import MARK
from pipeline.harmonise import SERIES_BREAK, compare
from pipeline.maturity import NET, compare_scores
from pipeline.names import UNWEIGHTED
from pipeline.pictures import Drawing, remove_others, write_drawings
from pipeline.printing import (
    FLAGGED,
    KEYS,
    MINUS,
    NONE_DRAWN,
    SETTLED,
    STATUS,
    base_text,
    ended,
    first_lower,
    has_open_base,
    interval_key,
    percent_text,
    points_text,
    range_text,
)

COLUMNS = ["trend", "wave", "kind", *KEYS, "label", "group_label", "basis", "n", "base", "estimate", "ci_low"]
COLUMNS += ["ci_high", "low", "high", "support", "quality", "drawn", "text", "joined", "joined_to", "why"]
PREFIX = "trend_"
PANEL, GUTTER, TOP, FOOT = 76, 92, 12, 14
OTHERWISE = "{} ({}) and {} ({}) came about in different ways: no line joins them"
APART = "No line: these waves came about in different ways"
# What a point is, by its wave's kind: its marker, and whether it is filled.
MARKERS = {"reconstruction": ("o", False), "rehearsal": ("D", False), "fieldwork": ("o", True)}
BREAK = "Two strokes: a break in series; the waves before and after it are not compared"
RING = "Ring: a reconstruction. Printed in the report, or the one value that it leaves"
DIAMOND = "Diamond: a rehearsal. Simulated answers"
DOT = "Dot: measured"
# What stands behind a value in words, by its support.
POINTS = {
    "published": " (printed)",
    "implied": " (follows from what is printed)",
    "simulated": " (simulated)",
}
HATCHED = "Somewhere in this range: the report's text does not settle where"
WITHHELD = "Withheld: it rests on too few organisations, or would give away a number that does"
FEW = "*"
MISSING = "Not asked, or no such group, in this wave"


def trend_tables(trends, waves, *, shares, scores, breaks, basis):
    """What each of some Trends draws: {its id: a table with COLUMNS, a row per series (answer or group) and wave}.

    `waves` are Waves, whose codebooks give words; `shares` and `scores` the estimates of all of them in one table,
    `breaks` the register. `drawn` is settled, bounded, assumed, withheld or missing; what is not settled has
    no estimate. `joined` says whether a line leads here from wave `joined_to`, the last one that came about in the same
    way, and `why`, where it does not, the break, or that no wave before came about so.
    """
    tables, bases = {}, _bases(shares, basis)
    for scored, estimates, compared in ((False, shares, compare), (True, scores, compare_scores)):
        if of_these := [t for t in trends if (t.net_score is not None) == scored]:
            rows = estimates[estimates["basis"].eq(basis)].to_dict("records")
            found = {(r["wave"], *(r[k] for k in KEYS)): r for r in rows}
            reasons = _reasons(waves, breaks, basis, compared)
            tables |= {t.id: _trend_table(t, waves, found, bases, reasons, basis) for t in of_these}
    return {t.id: tables[t.id] for t in trends}


def _trend_table(trend, waves, found, bases, reasons, basis):
    """One Trend's table: of the estimates `found` by wave and key, the bases of their groups, and why lines end."""
    scored, rows = trend.net_score is not None, []
    for key, label, group_label in _series(trend, waves[-1].codebook):
        drawn = {}
        for wave, (partner, why) in zip(waves, reasons, strict=True):
            row = {"drawn": "missing", "text": ""}
            if estimate := found.get((wave.wave, *key)):
                place = (wave.wave, measure_of(trend, wave.codebook), *key[2:])
                row = _point(estimate, scored) | bases[place]
            drawn[wave.wave] = row["drawn"]
            said = why(key)
            joined = partner is not None and not said and row["drawn"] == drawn[partner] == "settled"
            row |= dict(zip(KEYS, key, strict=True)) | {"label": label, "group_label": group_label, "why": said}
            row |= {"trend": trend.id, "wave": wave.wave, "kind": wave.kind, "basis": basis}
            rows.append(row | {"joined": joined, "joined_to": partner if joined else pd.NA})
    return pd.DataFrame(rows).reindex(columns=COLUMNS).astype({"joined_to": "Int64"})


def measure_of(trend, book):
    """The id of the measure that a Trend is of, or that its net score is made of."""
    return trend.measure or book.net_score(trend.net_score).measure


def _bases(shares, basis):
    """{(wave, measure, break, group): its unweighted base as n, where it is settled, and in print}."""
    rows = shares[shares["basis"].eq(basis)].drop_duplicates(["wave", "measure", "break", "group"])
    return {
        (r["wave"], r["measure"], r["break"], r["group"]): {
            "n": pd.NA if has_open_base(r) else r["n"],
            "base": base_text(r),
        }
        for r in rows.to_dict("records")
    }


def _reasons(waves, breaks, basis, compared):
    """For each Wave the year that a line may lead from, or None, and why none does, as a function of a row's key."""
    found = []
    for i, wave in enumerate(waves):
        alike = [w for w in waves[:i] if w.kind == wave.kind]
        if not i:
            found.append((None, lambda key: ""))
            continue
        other = alike[-1] if alike else waves[i - 1]
        rows = compared(other.codebook, wave.codebook, breaks=breaks)
        why = rows[rows["basis"].eq(basis)].set_index(KEYS)["why"].to_dict()
        otherwise = "" if alike else OTHERWISE.format(other.wave, other.kind, wave.wave, wave.kind)
        found.append(
            (other.wave if alike else None, lambda key, why=why, otherwise=otherwise: why.get(key, "") or otherwise)
        )
    return found


def _series(trend, book):
    """The series of a trend: (key, label of the answer, label of the group)."""
    if trend.net_score is not None:
        score = book.net_score(trend.net_score)
        parts = [(score.id, NET, score.label)]
    else:
        labels = book.question(book.measure(trend.measure).question).categories
        parts = [(trend.measure, c, labels[c]) for c in trend.categories]
    groups = [(TOTAL, TOTAL, "All")]
    if trend.break_ != TOTAL:
        groups += [(trend.break_, g.id, g.label) for g in book.groups(trend.break_)]
    return [((m, c, b, g), label, named) for m, c, label in parts for b, g, named in groups]


def _point(row, scored):
    """An estimate as it is drawn, emptied of what may not be shown."""
    bounds = [row["low"], row["high"]]
    text = points_text if scored else percent_text
    if row["quality"] == "withheld" or (pd.isna(row["estimate"]) and row["support"] != "bounded"):
        drawn = "withheld"
    elif row["support"] in SETTLED:
        drawn = "settled"
    else:
        drawn = row["support"]
    said = {
        "withheld": "withheld",
        "assumed": "not known",
        "bounded": "" if drawn != "bounded" else range_of(*bounds, text, scored),
    }.get(drawn) or text(row["estimate"])
    if row["quality"] == "flagged" and drawn == "settled":
        said += FEW
    shown = {"support": row["support"], "quality": row["quality"], "drawn": drawn, "text": said}
    if drawn == "settled":
        shown |= {k: row[k] for k in ("estimate", "ci_low", "ci_high")}
    if drawn == "bounded":
        shown |= {"low": bounds[0], "high": bounds[1]}
    return shown


def range_of(low, high, text, scored):
    """A range in print; of scores in words, since a dash would be taken for a minus."""
    return f"{text(low)} to {text(high)}" if scored else range_text(low, high, text)


def trend_words(trend, table, waves, *, settings):
    """The texts around a trend's drawing, by the place they stand in (`pipeline.sheet`)."""
    book, first, last = waves[-1].codebook, waves[0].wave, waves[-1].wave
    scored = trend.net_score is not None
    measure = book.measure(measure_of(trend, book))
    base = first_lower(book.base(measure.base).label)
    rehearsed = [str(w.wave) for w in waves if w.kind == "rehearsal"]
    basis = "unweighted" if settings.figures.basis == UNWEIGHTED else "weighted to the population"
    unit, categories = "Per cent", trend.categories
    if scored:
        score = book.net_score(trend.net_score)
        categories = (*score.plus, *score.minus)
        labels = book.question(measure.question).categories
        sides = (" or ".join(first_lower(labels[c]) for c in side) for side in (score.plus, score.minus))
        unit = "Points: per cent {}, less per cent {}".format(*sides)
    years = f"{first} to {last}" if first != last else str(first)
    broken = table[table["why"].ne("") & table["drawn"].ne("missing") & table["wave"].ne(first)]
    reasons = list(dict.fromkeys(ended(f"{r.why[:1].upper()}{r.why[1:]}") for r in broken.itertuples()))
    sources = list(dict.fromkeys(ended(f"Source, {w.wave}: {w.codebook.source}") for w in waves))
    status = [f"{w.wave}: {first_lower(STATUS[w.kind])}" for w in waves if STATUS[w.kind]]
    return {
        "name": f"tracker-{trend.id}",
        "caption": f"{f'{MARK}. ' if rehearsed else ''}Trend {trend.number}, {years}: {trend.title}",
        "kicker": f"Trend {trend.number} · {years}",
        "title": trend.title,
        "question": book.question(measure.question).text,
        "measured": f"{unit} of {base}, {basis}" if not scored else f"{unit}, of {base}, {basis}",
        "points": _kinds(table),
        "key": _keys(table, settings.analyse.confidence),
        "foot": [*_base_lines(table), *reasons, *_worded_otherwise(waves, measure, categories), *sources, *status],
        "rehearsal": MARK if rehearsed else "",
        "rehearsal_means": f"{' and '.join(rehearsed)}: simulated answers" if rehearsed else "",
    }


def _base_lines(table):
    """The unweighted bases of each wave in a line, `Bases in 2014, n. All: 200 · Local authority: 77`."""
    found = table[table["drawn"].ne("missing")].drop_duplicates(["wave", "group_label"])
    each = found["group_label"] + ": " + found["base"]  # some labels end in a number
    return [f"Bases in {wave}, n. {' · '.join(said)}" for wave, said in each.groupby(found["wave"], sort=False)]


def _worded_otherwise(waves, measure, categories):
    """What earlier waves called the question and these answers, where the last, whose words are drawn, does not."""
    (asked, called), said = _wording(waves[-1].codebook, measure.id, categories), []
    for wave in waves[:-1]:
        text, labels = _wording(wave.codebook, measure.id, categories)
        said += [f"Asked in {wave.wave}: {text}"] if text not in ("", asked) else []
        differ = [f"“{label}” for “{called[c]}”" for c, label in labels.items() if label != called[c]]
        said += [f"In {wave.wave}: {'; '.join(differ)}."] if differ else []
    return said


def _wording(book, measure_id, categories):
    """What was asked for a measure, and the label of each of these categories that there was."""
    for measure in book.measures:
        if measure.id == measure_id:
            question = book.question(measure.question)
            return question.text, {c: label for c, label in question.categories.items() if c in categories}
    return "", {}


def _kinds(table):
    """What each kind of point in a drawing is: (kind of wave, sentence)."""
    points = table[table["estimate"].notna()]
    said = {"reconstruction": RING, "rehearsal": DIAMOND, "fieldwork": DOT}
    return [(kind, text) for kind, text in said.items() if points["kind"].eq(kind).any()]


def _keys(table, confidence):
    """What a reader must know of this drawing's other marks, and nothing of others."""
    drawn, gaps = set(table["drawn"]), table["why"].where(table["drawn"].ne("missing"), "")
    broken, otherwise = gaps.str.startswith(SERIES_BREAK), gaps.str.endswith(OTHERWISE.split(": ")[1])
    keys = interval_key(table[table["drawn"].eq("settled")], confidence)
    keys += [("flagged", FLAGGED)] if table["text"].str.endswith(FEW).any() else []
    keys += [("bounded", HATCHED)] if "bounded" in drawn else []
    keys += [("withheld", "Not known: the report's text does not settle it")] if "assumed" in drawn else []
    keys += [("withheld", WITHHELD)] if "withheld" in drawn else []
    keys += [("withheld", MISSING + ": no mark")] if "missing" in drawn else []
    keys += [("withheld", BREAK)] if broken.any() else []
    return keys + ([("withheld", APART)] if otherwise.any() else [])


def trend_alternative(table, words, *, scored=False):
    """A trend in sentences, for who cannot see it: every value and every gap; of net scores where `scored`."""
    points = " ".join(f"{point}." for _, point in words["points"])
    text = points_text if scored else percent_text
    said = [f"{words['caption']}. Points over the waves. {points} {ended(words['question'])} {words['measured']}."]
    for (label, group), rows in table.groupby(["label", "group_label"], sort=False):
        each = []
        for row in rows.to_dict("records"):
            gap = ""
            if row["why"] and row["drawn"] != "missing":
                gap = "break in series, then " if row["why"].startswith(SERIES_BREAK) else "not joined, then "
            ring = POINTS.get(row["support"], "") if pd.notna(row["estimate"]) else ""
            each.append(f"{row['wave']} {gap}{row['text'] or 'nothing'}{ring}{_interval_text(row, text)}")
        said.append(f"{label}, {group}: {'; '.join(each)}.")
    few = [f"Asterisk: {first_lower(FLAGGED)}."] if table["text"].str.endswith(FEW).any() else []
    few += [f"Thin line: {text}." for mark, text in words["key"] if mark == "interval"]
    few += [ended(text) for _, text in words["key"] if text.startswith(NONE_DRAWN)]
    return " ".join([*said, *few, *map(ended, words["foot"])]) + "\n"


def _interval_text(row, text):
    if pd.isna(row["ci_low"]):
        return ""
    return f" (interval {text(row['ci_low'])} to {text(row['ci_high'])})"


def draw_trends(waves, *, shares, scores, breaks, settings, folder):
    """Draw every trend of the last wave's codebook into `folder`: trend_ID.svg, .png, .csv and .txt, and no other.

    Returns the text alternatives by trend id. `settings` are the Params.
    """
    trends = waves[-1].codebook.trends
    sources = {"shares": shares, "scores": scores, "breaks": breaks, "basis": settings.figures.basis}
    tables = trend_tables(trends, waves, **sources)
    said = write_drawings((_drawing(t, tables[t.id], waves, settings) for t in trends), folder)
    remove_others(said, folder, PREFIX)
    return {name.removeprefix(PREFIX): words for name, words in said.items()}


def _drawing(trend, table, waves, settings):
    from pipeline.sheet import set_sheet  # matplotlib takes a second to import

    words = trend_words(trend, table, waves, settings=settings)
    said = trend_alternative(table, words, scored=trend.net_score is not None)
    page = set_sheet(words, settings.figures, lambda page: _panels(page, table, words))
    return Drawing(f"{PREFIX}{trend.id}", page, words["caption"], said, marked(table, waves))


def _panels(page, table, words):
    """A panel for each series, one below the other on one scale; the waves from left to right, named below the last."""
    years = list(table["wave"].unique())
    # Only a net score can be below none; one scale for all shares, so that a height means the same in every picture.
    below = table[["estimate", "ci_low", "low"]].lt(0).any(axis=None)
    bottom, top = -1.0 if below else 0.0, 1.0
    left, right = page.left + GUTTER + 26, page.right - 46
    step = (right - left) / max(len(years) - 1, 1)
    at = {year: left + i * step if len(years) > 1 else (left + right) / 2 for i, year in enumerate(years)}
    several = table["label"].nunique() > 1
    for (label, group), rows in table.groupby(["label", "group_label"], sort=False):
        _panel(page, rows, at, (bottom, top), label if several else group)
    page.y += FOOT / 2
    for row in table.drop_duplicates("wave").to_dict("records"):
        rehearsal = row["kind"] == "rehearsal"
        colour = page.colours.warning if rehearsal else page.colours.ink
        page.write(at[row["wave"]], page.y + page.size, str(row["wave"]), 1, "Bold", colour, "center")
        note = {"rehearsal": MARK, "reconstruction": "rebuilt from print"}.get(row["kind"], "")
        page.write(
            at[row["wave"]],
            page.y + 2.1 * page.size,
            note,
            0.8,
            "Semibold" if rehearsal else "Regular",
            colour,
            "center",
        )
    page.y += 2.1 * page.size + FOOT
    for kind, text in words["points"]:
        _point_of(page, kind, page.left + 8, page.y + 0.56 * page.size)
        page.paragraph(text, 0.9, colour=page.colours.quiet, indent=21)
        page.y += 1


def _panel(page, rows, at, scale, heading):
    """One series on its own small field."""
    colours, (bottom, top) = page.colours, scale
    first, head = page.y + TOP, page.y + TOP + PANEL - TOP
    page.label(page.left, (first + head) / 2, heading, GUTTER - 8, 1, "Semibold")

    def place(value):
        """How far down the page a value of this series stands, in points."""
        return head - (value - bottom) / (top - bottom) * (head - first)

    left, right = page.left + GUTTER, page.right
    for value in sorted({bottom, 0.0, top}):
        page.line([left, right], [place(value)] * 2, colour=colours.line, width=1.0 if value == 0 else 0.6)
        page.write_level(
            left - 3,
            place(value),
            f"{100 * value:.0f}".replace("-", MINUS),
            0.75,
            colour=colours.quiet,
            align="right",
        )
    points = rows.to_dict("records")
    lines = [(row["joined_to"], row["wave"]) for row in points if row["joined"]]
    ends = {row["wave"]: (at[row["wave"]], place(row["estimate"])) for row in points}
    for line in lines:
        page.line(*zip(*(ends[year] for year in line), strict=True), colour=colours.accent, width=1.4, zorder=1.5)
    for before, row in pairwise(points):
        crossed = any(start <= before["wave"] and row["wave"] <= end for start, end in lines)
        if not crossed and _breaks_off(row):
            _gap(page, (at[before["wave"]] + at[row["wave"]]) / 2, (first + head) / 2)
    for row in points:
        _mark(page, row, at[row["wave"]], place, scale=scale, leads_on=row["wave"] in {start for start, _ in lines})
    page.y = head + 8


def _point_of(page, kind, x, y):
    """A point in the shape of its wave's kind."""
    marker, filled = MARKERS[kind]
    if marker == "o":
        return page.dot(x, y, hollow=not filled)
    return page.dot(x, y, page.colours.warning, hollow=True, size=4, marker=marker)


def _gap(page, x, y):
    """Two strokes where a series breaks."""
    for shift in (-3, 3):
        page.line([x + shift - 3, x + shift + 3], [y + 8, y - 8], colour=page.colours.ink, width=1.6)


def _breaks_off(row):
    """Whether a gap is marked before a point: a break in series, not merely waves that came about in other ways."""
    return row["drawn"] != "missing" and row["why"].startswith(SERIES_BREAK)


def _mark(page, row, x, place, *, scale, leads_on):
    """A point with its interval, a ring, or a hatched range, and its value beside it, above a line that leads on."""
    from pipeline.style import look

    colours, drawn = page.colours, row["drawn"]
    level, weight, colour = (place(scale[0]) + place(scale[1])) / 2, "It", colours.quiet
    if drawn == "settled":
        if pd.notna(row["ci_low"]):
            ends = [place(max(row["ci_low"], -1)), place(min(row["ci_high"], 1))]
            page.line([x, x], ends, colour=colours.quiet, width=1.2)
            for end in ends:
                page.line([x - 4, x + 4], [end, end], colour=colours.quiet, width=1.2)
        _point_of(page, row["kind"], x, place(row["estimate"]))
        level, weight, colour = place(row["estimate"]) - (8 if leads_on else 0), "Bold", colours.ink
    elif drawn == "bounded":
        top, foot = place(row["high"]), place(row["low"])
        page.box(x - 4, top, 8, max(foot - top, 2), **look("bounded", colours.accent))
        level, weight, colour = (top + foot) / 2, "Bold", colours.ink
    page.write_level(x + 8, level, row["text"], 0.9, weight=weight, colour=colour, clear=bool(row["text"]))
