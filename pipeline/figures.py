"""Figures: the table that each one draws, its text alternative, and the files of both.

`figure_data` is the one source of a figure: its picture, its CSV and its text alternative are made from that table,
and it holds no value that may not be shown. How a figure looks is in `style` and `drawings`.
"""

import sys
from base64 import b64encode
from html import escape
from io import BytesIO
from pathlib import Path

import pandas as pd

from pipeline.codebook import TOTAL
from pipeline.files import MARK, MARKED
from pipeline.names import UNWEIGHTED
from pipeline.pictures import Drawing, remove_others, write_drawings
from pipeline.printing import (
    FLAGGED,
    KEYS,
    PERHAPS_FLAGGED,
    STATUS,
    base_text,
    bounds,
    ended,
    find_rows,
    first_lower,
    has_open_base,
    interval_key,
    percent_text,
    state,
    value_text,
    why_withheld,
)
from pipeline.problems import InputProblem

TEXTS = ["wave", "kind", "figure", "unit", "category", "label", "group", "group_label"]
ESTIMATED = ["n", "base", "count", "estimate", "ci_low", "ci_high", "support", "low", "high", "quality"]
COLUMNS = [*TEXTS, *ESTIMATED, "missing", "drawn", "text"]
NUMBERS = ["n", "count", "estimate", "ci_low", "ci_high", "low", "high"]
KINDS = {
    "bars": "Bar chart",
    "grouped": "Grouped bar chart",
    "split": "Stacked bar chart",
    "grid": "Table of counts",
    "themes": "List of themes",
}
# What a reader must know of each state of an estimate (`printing.state`) that does not speak for itself.
MEANINGS = {
    "bounded": "Somewhere in this range: the report's text does not settle where",
    "assumed": "Not known: the report's text does not settle it",
    "withheld": "Withheld: {why}",
}


def figure_data(estimates, codebook, figure, basis=UNWEIGHTED):
    """What a figure draws, one row per mark, in the order drawn: groups in codebook order within each category.

    Columns: COLUMNS. `text` is the label as drawn; `drawn` its state (settled, bounded, assumed, withheld); `base` the
    unweighted base in print; `missing` marks answers that say nothing. A cell that the figure does not show is empty:
    so are count, estimate and interval of a value that the report's text does not settle, which leaves the filler of
    a reconstruction out of the picture and of its table alike. A base or count that the report leaves open is empty
    too, and the share then as it is printed, in whole per cent. `low` and `high` bound the estimate, or in a figure of
    counts the count, which is of the organisations that answered whatever the basis. Raises InputProblem naming the
    figure where an estimate is missing.
    """
    if figure.kind == "themes":
        return _themes(codebook, figure)
    question = _question(codebook, figure)
    categories = question.categories
    basis = UNWEIGHTED if figure.unit == "count" else basis
    rows = find_rows(estimates, _wanted(codebook, figure, question), basis, place=f"figure {figure.id}")
    labels = {(figure.break_, g.id): g.label for g in codebook.groups(figure.break_) if figure.break_ != TOTAL}
    base = codebook.base(codebook.measure(figure.measure).base)
    labels[TOTAL, TOTAL] = _everyone(labels.values(), base.label)
    shown = [_shown(row, figure.unit) for row in rows.to_dict("records")]
    table = pd.DataFrame(shown).assign(
        wave=codebook.wave,
        kind=codebook.kind,
        figure=figure.id,
        unit=figure.unit,
        label=rows["category"].map(categories).to_numpy(),
        missing=rows["category"].isin(a.id for a in question.answers if a.missing).to_numpy(),
        group_label=[labels[key] for key in zip(rows["break"], rows["group"], strict=True)],
    )
    table = table.astype(dict.fromkeys(NUMBERS, float))
    if figure.kind == "split" and not _apart(codebook, figure):
        _check_parts(table, figure)
    return (_largest_first(table) if figure.sort else table)[COLUMNS].reset_index(drop=True)


def _everyone(groups, base):
    """What all are called beside groups of these labels: All, or where one of them is that, by the base's label."""
    taken = {label.casefold() for label in groups}
    name = next((n for n in ("All", base) if n.casefold() not in taken), "Everyone")
    while name.casefold() in taken:
        name += " together"
    return name


def _question(codebook, figure):
    return codebook.question(codebook.measure(figure.measure).question)


def _wanted(codebook, figure, question):
    chosen = figure.categories or tuple(a.id for a in question.answers)
    groups = [(figure.break_, g.id) for g in codebook.groups(figure.break_)]
    if figure.total:
        groups = [(TOTAL, TOTAL), *groups]
    return pd.DataFrame([(figure.measure, c, *g) for c in chosen for g in groups], columns=KEYS)


def _apart(codebook, figure):
    """Whether nobody gave two of a figure's answers: their shares are parts of a whole, however they are rounded."""
    question = _question(codebook, figure)
    members = [a for c in figure.categories or [a.id for a in question.answers] for a in question.members(c)]
    return not question.several and len(members) == len(set(members))


def _check_parts(table, figure):
    """Raise InputProblem where the parts of a stacked row are more than the whole."""
    size = (table["count"] / table["n"]).where(table["unit"].eq("count"), table["estimate"])
    whole = size.groupby(table["group"], sort=False).sum()
    for group in whole.index[whole > 1 + 1e-6]:
        raise InputProblem(
            f"the categories of group {group} add up to more than all of it",
            file=f"figure {figure.id}",
            found=float(whole[group]),
            do="draw it as grouped, or give categories that do not overlap",
        )


def _shown(row, unit):
    """An estimate with its texts, emptied of what may not be shown."""
    shown, known = dict(row), state(row, unit)
    low, high = bounds(row, unit) if known in ("bounded", "assumed") else (None, None)
    hidden = ["estimate", "ci_low", "ci_high"] if unit == "count" or known != "settled" else []
    if known != "settled" or state(row, "count") != "settled":
        hidden.append("count")
    if has_open_base(row):
        hidden.append("n")
    # A count that is printed is what it is: quality is of what few respondents say about others.
    quality = "ok" if unit == "count" and known == "settled" else row["quality"]
    text = value_text(row, unit)
    if row["quality"] == "flagged" and unit == "percent" and known in ("settled", "bounded"):
        text += "*"
    said = {"low": low, "high": high, "drawn": known, "text": text, "base": base_text(row), "quality": quality}
    return shown | dict.fromkeys(hidden) | said


def _themes(codebook, figure):
    """A code frame: one row per answer under the net it belongs to, no numbers."""
    question = _question(codebook, figure)
    nets = [n for n in question.nets if not figure.categories or n.id in figure.categories]
    rows = [
        {"category": a, "label": question.answer(a).label, "group": n.id, "group_label": n.label}
        for n in nets
        for a in n.answers
    ]
    table = pd.DataFrame(rows).assign(wave=codebook.wave, kind=codebook.kind, figure=figure.id, unit="none")
    return table.assign(text=table["label"]).reindex(columns=COLUMNS)


def _largest_first(table):
    """Categories by their first group, largest first; what has no one value comes last, by its middle."""
    first = table.drop_duplicates("category").set_index("category")
    size = first["count" if table["unit"].iloc[0] == "count" else "estimate"]
    order = pd.DataFrame({"none": size.isna(), "size": size.fillna((first["low"] + first["high"]) / 2)})
    rank = order.sort_values(["none", "size"], ascending=[True, False], kind="stable").index
    return table.sort_values("category", key=lambda c: c.map({x: i for i, x in enumerate(rank)}), kind="stable")


def measured_words(codebook, figure, basis):
    """What the numbers of a figure are, in a line: `Per cent of all organisations, unweighted`."""
    if figure.kind == "themes":
        return "Themes in the answers, without numbers"
    base = first_lower(codebook.base(codebook.measure(figure.measure).base).label)
    if figure.unit == "count":
        return f"Number of {base}, unweighted"
    weighting = "unweighted" if basis == UNWEIGHTED else "weighted to the population"
    if figure.kind in ("split", "grid"):
        among = f", among {base}" if codebook.base(codebook.measure(figure.measure).base).where else ""
        return f"Per cent of each row{among}, {weighting}"
    return f"Per cent of {base}, {weighting}"


def base_words(table, figure):
    """The bases of a figure in a line, `Bases: All 200 · Local authority 77`; empty for a code frame.

    Where n stands beside each row, what it is.
    """
    bases = table.dropna(subset=["base"]).drop_duplicates("group")
    if bases.empty:
        return ""
    if figure.kind in ("split", "grid"):
        return "n: the organisations in each row, unweighted."
    if len(bases) == 1:
        return f"Base: n = {bases['base'].iloc[0]}"
    pairs = bases[["group_label", "base"]].itertuples(index=False, name=None)
    return "Bases, n: " + " · ".join(f"{label} {n}" for label, n in pairs)


def key_words(table, figure, confidence):
    """What a reader must know of this figure's marks, and nothing of others: pairs of mark and sentence."""
    keys = []
    if figure.kind in ("bars", "grouped") and figure.unit == "percent":
        keys += interval_key(table[table["drawn"].eq("settled")], confidence)
    flagged = table["text"].str.endswith("*")
    if flagged.any():
        keys.append(("flagged", FLAGGED if table.loc[flagged, "n"].notna().all() else PERHAPS_FLAGGED))
    met = [drawn for drawn in MEANINGS if table["drawn"].eq(drawn).any()]
    return keys + [(drawn, MEANINGS[drawn].format(why=why_withheld(table["kind"].iloc[0]))) for drawn in met]


def words_around(table, codebook, figure, settings):
    """The texts of a figure around its drawing, by the place they stand in."""
    question = _question(codebook, figure)
    rehearsal = codebook.kind == "rehearsal"
    break_ = next((b.label for b in codebook.breaks if b.id == figure.break_), "")
    source = ended(f"Source: {codebook.source}")
    undrawn = ", ".join(answer.label for answer in figure.undrawn(question))
    left_out = ended(f"Not drawn: {undrawn}") if undrawn else ""
    foot = [base_words(table, figure), left_out, figure.note, source, STATUS[codebook.kind]]
    return {
        "name": f"wave{codebook.wave}-{figure.id}",
        "caption": f"{f'{MARK}. ' if rehearsal else ''}Figure {figure.number}, {codebook.wave}: {figure.title}",
        "kicker": f"Figure {figure.number} · {codebook.wave}",
        "title": figure.title,
        "question": question.text,
        "measured": measured_words(codebook, figure, settings.figures.basis),
        "parts": question.label,
        "rows": break_,
        "key": key_words(table, figure, settings.analyse.confidence),
        "foot": [line for line in foot if line],
        "rehearsal": MARK if rehearsal else "",
        "rehearsal_means": MARKED if rehearsal else "",
    }


def alternative(table, words, figure):
    """A figure in sentences, for who cannot see it: what it is, every value drawn, bases, key, source and status."""
    rows = f" Rows: {first_lower(words['rows'])}." if figure.kind in ("split", "grid") else ""
    start = f"{words['caption']}. {KINDS[figure.kind]}. {ended(words['question'])} {words['measured']}.{rows}"
    split_by = ["group_label", "label"] if figure.kind in ("split", "grid", "themes") else ["label", "group_label"]
    row = "Row " if rows else ""
    if figure.kind in ("split", "grid"):
        table = table.assign(group_label=table["group_label"] + " (n = " + table["base"].astype(str) + ")")
    if figure.kind in ("bars", "grouped"):
        table = table.assign(text=table["text"] + table.apply(_interval_words, axis="columns"))
    said = [row + _said(part, split_by) for _, part in table.groupby(split_by[0], sort=False)]
    names = {"interval": "Thin line: ", "flagged": "Asterisk: ", "bounded": "Hatched: ", "assumed": "Dashed outline: "}
    feet = [*(names.get(drawn, "") + first_lower(text) for drawn, text in words["key"]), *words["foot"]]
    return " ".join([start, *said, *map(ended, feet)]) + "\n"


def _interval_words(row):
    """The interval that is drawn beside a value, ` (31% to 44%)`, or nothing."""
    return "" if pd.isna(row["ci_low"]) else f" ({percent_text(row['ci_low'])} to {percent_text(row['ci_high'])})"


def _said(rows, split_by):
    """One row of a figure in a sentence: `Yes: All 66%, Local authority 62%.`"""
    outer, inner = split_by
    if rows["unit"].eq("none").all():
        said = "; ".join(rows[inner])
    elif len(rows) == 1 and inner == "group_label" and rows["group"].eq(TOTAL).all():
        said = rows["text"].iloc[0]
    else:
        said = "; ".join(f"{label} {text}" for label, text in rows[[inner, "text"]].itertuples(index=False, name=None))
    return f"{rows[outer].iloc[0]}: {said}."


def gallery(codebook, folder):
    """The figures of a codebook, drawn into `folder` before, for a notebook: small pictures with their alternatives."""
    from IPython.display import HTML
    from PIL import Image

    shown = []
    for figure in codebook.figures:
        small = BytesIO()
        Image.open(Path(folder) / f"{figure.id}.png").convert("RGB").reduce(2).quantize(64).save(small, "png")
        words = escape((Path(folder) / f"{figure.id}.txt").read_text(encoding="utf-8").strip())
        source = "data:image/png;base64," + b64encode(small.getvalue()).decode("ascii")
        shown.append(f'<img src="{source}" alt="{words}" width="400" style="margin: 8px; vertical-align: top">')
    return HTML("\n".join(shown))


def progress(line):
    """Say how far the work is, where it is seen while it runs and kept in no result."""
    print(line, file=sys.stderr, flush=True)


def draw_all(estimates, codebook, settings, folder, say=progress):
    """Draw every figure of a codebook into `folder`: ID.svg, ID.png, ID.csv and ID.txt, and none that it has not.

    `settings` are the Params; `say` is told of each figure as it begins. Returns the text alternatives by figure id.
    Files of figures that the codebook no longer has are removed.
    """
    # DVC expects the folder of a survey that draws nothing, too.
    Path(folder).mkdir(parents=True, exist_ok=True)
    alternatives = write_drawings(_drawings(estimates, codebook, settings, say), folder)
    remove_others(alternatives, folder)
    return alternatives


def _drawings(estimates, codebook, settings, say):
    """Every figure of a codebook as a Drawing, drawn when it is asked for."""
    from pipeline.drawings import draw  # matplotlib and seaborn take seconds to import

    for figure in codebook.figures:
        say(f"Figure {figure.number} of {len(codebook.figures)}: {figure.title}")
        table = figure_data(estimates, codebook, figure, settings.figures.basis)
        words = words_around(table, codebook, figure, settings)
        page = draw(table, words, figure, settings.figures)
        yield Drawing(figure.id, page, words["caption"], alternative(table, words, figure), table, codebook)
