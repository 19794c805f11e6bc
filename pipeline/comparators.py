"""Figures that others published on what the tracker measures: context beside it, never a part of its series.

`data/report/comparators.csv` holds one figure a row: who found it, how, of whom, as printed, and which row of the
tracker it may stand beside. Methods, populations and wordings differ, so nothing here computes a change between two
rows, and the picture joins none by a line. A rehearsal's simulated numbers are left out: nobody should read them
beside published ones.
"""

import re
from urllib.parse import urlsplit

import pandas as pd

from pipeline.cells import NUMBER, check_texts, key_fault, read_cells
from pipeline.codebook import TOTAL
from pipeline.pictures import Drawing, write_drawing
from pipeline.printing import KEYS, STATUS, base_text, ended, find_rows, state, value_text
from pipeline.problems import InputProblem
from pipeline.texts import ITEMS, fold, tidy

NAME = "comparators"
COLUMNS = [
    *("id", "year", "when", "title", "publisher", "method", "population", "base", "base_note"),
    *("what", "printed", "op", "value", *KEYS, "differs", "note", "source"),
]
NEEDED = (
    "id",
    "when",
    "title",
    "publisher",
    "method",
    "population",
    "what",
    "printed",
    "op",
    "value",
    "differs",
    "source",
)
OPERATORS = ("=", "about", "<", ">")
TRACKER, ELSEWHERE = "this tracker", "published elsewhere"
MARKS = ["share", "ci_low", "ci_high", "low", "high", "drawn"]
SHOWN = [
    *("beside", *KEYS, "whose", "year", "when", "title", "publisher", "method", "population", "base"),
    *("what", "text", "support", *MARKS, "differs", "note", "source"),
]
CAUTION = (
    "Methods, populations and wordings differ from row to row. These are not one series: no line joins them, and the "
    "difference of two rows is not a change."
)
NOWHERE = "Nothing in the tracker is near enough to stand beside"
ROW, LANE = 6, 13
# A share as it is printed, folded: with a point or a comma, and a sign or a word for per cent.
PRINTED = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:%|per ?cent\b)")
# What says right before a share that it is a limit, folded, by the `op` that it must not be read as.
LIMITS = {
    ">": re.compile(r"\b(?:fewer than|less than|lower than|under|below|at most|up to) \d"),
    "<": re.compile(r"\b(?:more than|greater than|higher than|over|above|at least) \d"),
}


def load_comparators(path, codebooks):
    """Read and check the published figures: one row each, columns COLUMNS, in the file's order.

    `codebooks` are those of the waves, by year. `value` is in per cent. Raises InputProblem by row and column at the
    first cell that is missing, not a number, or names a measure, category, break or group that no codebook has.
    """
    table = read_cells(path, file=path)
    if list(table.columns) != COLUMNS:
        raise InputProblem(
            "these are not the columns of the file", file=path, found=list(table.columns), allowed=COLUMNS
        )
    check_texts(table, path, one_line=True)
    for row in table.assign(line=table.index).to_dict("records"):
        _check(row, codebooks, path)
    repeated = table.index[table["id"].duplicated()]
    if len(repeated):
        at = repeated[0]
        raise InputProblem("the id stands twice", file=path, row=at, column="id", found=table.at[at, "id"])
    table = table.reset_index(drop=True).astype("string").replace("", pd.NA)
    return table.astype({"year": "Int64", "base": "Int64", "value": "float64"})


def _check(row, codebooks, path):
    """Raise InputProblem at the first cell of a row that cannot be taken."""

    def fault(column, what, allowed=None, found=None):
        """Stop at this cell of the row."""
        found = row[column] if found is None else found
        raise InputProblem(what, file=path, row=row["line"], column=column, found=found, allowed=allowed)

    for column in NEEDED:
        if not tidy(row[column]):
            fault(column, "the cell is empty", "what the source says, or that it was not seen")
    for column in ("year", "base"):
        if row[column] and not re.fullmatch("[1-9][0-9]{0,8}", row[column]):
            fault(column, "not a whole number", "a whole number, or an empty cell where it was not seen")
    if key_fault(row["id"]):
        fault("id", key_fault(row["id"]), "a text without blanks at its ends")
    if row["year"] and len(row["year"]) != 4:
        fault("year", "not a year", "a year of four digits, or an empty cell where it was not seen")
    if row["op"] not in OPERATORS:
        fault("op", "not a way to print a number", OPERATORS)
    if not NUMBER.fullmatch(row["value"]) or float(row["value"]) > 100:
        fault("value", "not a share in per cent", "0 to 100")
    shares = [share.replace(",", ".") for share in PRINTED.findall(fold(row["printed"]))]
    if len(shares) == 1 and float(shares[0]) != float(row["value"]):
        fault("value", f"another number than is printed ({row['printed']})", f"{shares[0]}, or the words as printed")
    said = [other for other, words in LIMITS.items() if words.search(fold(row["printed"]))]
    if len(shares) == len(said) == 1 and row["op"] in ("=", *said):
        meant = next(op for op in LIMITS if op not in said)
        fault("op", f"another limit than is printed ({row['printed']})", f"{meant}, or about")
    for source in row["source"].split(ITEMS.strip()):
        if not _is_address(source.strip()):
            fault("source", "not an address of a page", "addresses that begin with http:// or https://", source.strip())
    given = [column for column in KEYS if row[column]]
    if given and len(given) < len(KEYS):
        column = next(c for c in KEYS if not row[c])
        fault(column, "the cell is empty", f"all of {', '.join(KEYS)}, or none where nothing is near enough")
    if given:
        _check_names(row, codebooks, fault)


def _is_address(text):
    """Whether a text is the address of a page, with a host and with nothing that a page could take for its own text."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    plain = text.isprintable() and not re.search(r"[\s<>\"'`\\]", text)
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _check_names(row, codebooks, fault):
    """Raise InputProblem unless some codebook has the row of estimates that a figure is to stand beside."""
    unknown = [_first_unknown(row, book) for book in codebooks.values()]
    if all(unknown):
        # The codebook that knows most of the names says what there is instead.
        column, known = max(unknown, key=lambda found: KEYS.index(found[0]))
        fault(column, f"no wave's codebook has this {column}", known)


def _first_unknown(row, codebook):
    """The first of KEYS that a codebook does not know, with what it knows; None where it knows all."""
    measures = {m.id: m for m in codebook.measures}
    if row["measure"] not in measures:
        return "measure", list(measures)
    measure = measures[row["measure"]]
    categories = codebook.question(measure.question).categories
    if row["category"] not in categories:
        return "category", list(categories)
    if row["break"] not in (TOTAL, *measure.breaks):
        return "break", [TOTAL, *measure.breaks]
    groups = [g.id for g in codebook.groups(row["break"])]
    return None if row["group"] in groups else ("group", groups)


def compare(comparators, estimates, codebooks, basis="unweighted"):
    """The published figures beside the tracker's own rows, as one table.

    `comparators` as of `load_comparators`; `estimates` those of all waves in one table with their column `wave`;
    `codebooks` by wave; `basis` is that of the tracker's rows.
    Columns SHOWN: `beside` says in labels what is compared; `whose` is TRACKER or ELSEWHERE; shares, intervals, and
    limits (`low`, `high`) are proportions; `drawn` is settled, bounded, assumed or withheld, or of a published figure
    settled, about or limit. First the tracker's waves in order, then the others by year; where what the tracker has of
    a group is not settled, its row for everyone stands there too. Figures without a row of the tracker come last.
    """
    kept = {wave: book for wave, book in sorted(codebooks.items()) if book.kind != "rehearsal"}
    rows = []
    for key, others in comparators[comparators["measure"].notna()].groupby(KEYS, sort=False):
        wanted = dict(zip(KEYS, key, strict=True))
        ours = [
            r
            for wave, book in kept.items()
            for r in _of_tracker(wanted, estimates[estimates["wave"].eq(wave)], book, basis)
        ]
        label = next(_label(wanted, book) for book in reversed(codebooks.values()) if not _first_unknown(wanted, book))
        rows += [wanted | row | {"beside": label} for row in (*ours, *_of_others(others))]
    alone = comparators[comparators["measure"].isna()]
    rows += [row | {"beside": NOWHERE} for row in _of_others(alone)]
    return pd.DataFrame(rows, columns=SHOWN).astype({"year": "Int64"} | dict.fromkeys(MARKS[:-1], "float64"))


def _label(key, codebook):
    """What a row of the estimates is, in labels: `Policy: Yes. Sector: Local authority`."""
    measure = codebook.measure(key["measure"])
    text = f"{measure.label}: {codebook.question(measure.question).categories[key['category']]}"
    if key["break"] == TOTAL:
        return text
    break_ = codebook.break_(key["break"]).label
    return f"{text}. {break_}: {codebook.group(key['break'], key['group']).label}"


def _of_tracker(key, estimates, codebook, basis):
    """A wave's row of the estimates, and where a group's is not settled that of everyone."""
    if _first_unknown(key, codebook):
        return []
    keys = [key]
    (row,) = find_rows(estimates, pd.DataFrame(keys), basis, place=NAME).to_dict("records")
    if key["break"] != TOTAL and state(row) != "settled":
        keys.append(key | {"break": TOTAL, "group": TOTAL})
    found = find_rows(estimates, pd.DataFrame(keys), basis, place=NAME).to_dict("records")
    return [_our_row(row, codebook, basis, instead=at > 0) for at, row in enumerate(found)]


def _our_row(row, codebook, basis, instead):
    """A row of the estimates as a row of the table; `instead` where it is everyone's beside a group's."""
    known = state(row)
    measure = codebook.measure(row["measure"])
    group = "" if row["break"] == TOTAL else f": {codebook.group(row['break'], row['group']).label}"
    numbers = (
        {"share": row["estimate"], "ci_low": row["ci_low"], "ci_high": row["ci_high"]} if known == "settled" else {}
    )
    numbers |= {"low": row["low"], "high": row["high"]} if known == "bounded" else {}
    return {
        **{k: row[k] for k in KEYS},
        "whose": TRACKER,
        "year": codebook.wave,
        "when": str(codebook.wave),
        "title": codebook.title,
        "publisher": "this tracker",
        "method": f"{STATUS[codebook.kind] or 'Fieldwork.'} {basis.capitalize()}.",
        "population": f"{codebook.base(measure.base).label}{group}",
        "base": f"n = {base_text(row)}",
        "what": codebook.question(measure.question).text,
        "text": value_text(row),
        "support": row["support"],
        "drawn": known,
        "differs": "Everyone, since the share of the group is not settled" if instead else None,
        "source": codebook.source,
    } | numbers


def _of_others(figures):
    """Published figures as rows of the table, by year, those without one last."""
    rows = []
    for row in figures.sort_values("year", kind="stable", na_position="last").to_dict("records"):
        share, op = row["value"] / 100, row["op"]
        drawn = {"=": "settled", "about": "about"}.get(op, "limit")
        numbers = (
            {"share": share}
            if drawn != "limit"
            else {"low": 0 if op == "<" else share, "high": 1 if op == ">" else share}
        )
        number = "" if pd.isna(row["base"]) else f"n = {row['base']:,}"
        base = ", ".join(part for part in (number, row["base_note"]) if pd.notna(part) and part)
        kept = {c: row[c] for c in SHOWN if c in row and c != "base" and pd.notna(row[c])}
        rows.append(kept | numbers | {"whose": ELSEWHERE, "text": row["printed"], "drawn": drawn, "base": base})
    return rows


# ---- the picture


def comparator_words(table, codebooks):
    """The texts around the picture, by the place they stand in (`pipeline.sheet`)."""
    placed = table[table["beside"].ne(NOWHERE)]
    ours, others = (placed[placed["whose"].eq(whose)] for whose in (TRACKER, ELSEWHERE))
    key = [("filled", "This tracker")] if ours["drawn"].eq("settled").any() else []
    key += [("interval", "Its interval")] if ours["ci_low"].notna().any() else []
    key += [("bounded", "This tracker: somewhere in this range")] if ours["drawn"].eq("bounded").any() else []
    key += [("hollow", "Published elsewhere, by another method")] if others["share"].notna().any() else []
    key += [("assumed", "Published elsewhere, only as a limit")] if others["drawn"].eq("limit").any() else []
    waves = ", ".join(str(w) for w, book in sorted(codebooks.items()) if book.kind != "rehearsal")
    return {
        "name": NAME,
        "caption": f"Published figures beside the tracker, {waves}",
        "kicker": f"Context · {waves}",
        "title": "What others found, by other methods",
        "question": "How do published figures on the same matters compare?",
        "measured": "Per cent. Each row has its own method and population.",
        "key": key,
        "foot": [CAUTION, *dict.fromkeys(ended(f"Source of the tracker: {s}") for s in ours["source"])],
        "rehearsal": "",
        "rehearsal_means": "",
    }


def comparator_alternative(table, words):
    """The picture in sentences, for who cannot see it."""
    said = [f"{words['caption']}. Dot plot. {words['question']} {words['measured']}"]
    for beside, rows in table[table["beside"].ne(NOWHERE)].groupby("beside", sort=False):
        each = (f"{r['when']}, {r['publisher']}: {r['text']} ({_how(r)})" for r in rows.to_dict("records"))
        said.append(f"{beside}: {'; '.join(each)}.")
    return " ".join([*said, *words["foot"]]) + "\n"


def _how(row):
    """Method, population, base and source of a row in a line."""
    parts = [row["method"].rstrip("."), row["population"], row["base"]]
    if row["whose"] == ELSEWHERE:
        parts.append(urlsplit(row["source"].split(ITEMS.strip())[0]).netloc.removeprefix("www."))
    return " · ".join(part for part in parts if part)


def draw_comparators(table, codebooks, settings, folder):
    """Draw the table of `compare` into `folder`: comparators.svg, .png, .csv and .txt, a row for each figure.

    `settings` are the Params. Returns the text alternative.
    """
    from pipeline.sheet import set_sheet  # matplotlib takes a second to import

    words = comparator_words(table, codebooks)
    said = comparator_alternative(table, words)
    placed = table[table["beside"].ne(NOWHERE)]
    page = set_sheet(words, settings.figures, lambda page: _rows(page, placed))
    return write_drawing(Drawing(NAME, page, words["caption"], said, placed), folder)


def _rows(page, placed):
    """A block for each row of the tracker: what it is, then each figure in words above a scale of its own."""
    if placed.empty:
        page.paragraph("No published figure stands beside the tracker.")
    for beside, rows in placed.groupby("beside", sort=False):
        page.box(page.left, page.y, page.right - page.left, 1.2, facecolor=page.colours.ink)
        page.y += ROW
        page.paragraph(beside, 1.1, "Bold")
        page.y += ROW / 2
        for n, row in enumerate(rows.to_dict("records")):
            _row(page, row, named=not n)
        page.y += ROW


def _row(page, row, named):
    """One figure; where it is `named`, the first of a block, with numbers at its scale."""
    ours = row["whose"] == TRACKER
    page.write(page.right, page.y + page.size, row["text"], weight="Bold", align="right")
    space = page.text_width(row["text"], weight="Bold") + 2 * ROW
    name = f"{row['when']} · This tracker" if ours else f"{row['when']} · {row['title']}, {row['publisher']}"
    for line in page.lines(name, page.right - page.left - space, 1, "Semibold"):
        page.write(page.left, page.y + page.size, line, weight="Semibold", colour=page.colours.accent if ours else None)
        page.y += 1.2 * page.size
    page.paragraph(_how(row), 0.88, colour=page.colours.quiet)
    said = [] if ours else [row["what"]]
    if pd.notna(row["differs"]):
        said.append(row["differs"])
    if said:
        page.paragraph(". ".join(said) + ".", 0.88, colour=page.colours.quiet)
    _lane(page, row, ours, named)
    page.y += ROW


def _lane(page, row, ours, named):
    """One figure on a scale from none to all, in per cent where it is `named`."""
    left, right, middle = page.left + 4, page.right - 4, page.y + LANE / 2

    def place(share):
        """Where a share stands across the page, in points."""
        return left + share * (right - left)

    page.line([left, right], [middle, middle])
    for tick in (0, 0.25, 0.5, 0.75, 1):
        page.line([place(tick)] * 2, [middle - 3, middle + 3])
    colour = page.colours.accent if ours else page.colours.ink
    if pd.notna(row["low"]):
        from pipeline.style import look

        drawn = look("bounded" if ours else "assumed", colour)
        page.box(place(row["low"]), middle - 4, place(row["high"]) - place(row["low"]), 8, **drawn, zorder=3)
    if pd.notna(row["ci_low"]):
        page.line(
            [place(row["ci_low"]), place(row["ci_high"])], [middle] * 2, colour=page.colours.quiet, width=1.6, zorder=3
        )
    if pd.notna(row["share"]):
        page.dot(place(row["share"]), middle, colour=colour, hollow=not ours)
    page.y += LANE
    for share, align in ((0, "left"), (0.5, "center"), (1, "right")) if named else ():
        x = place(share) + {"left": -4, "center": 0, "right": 4}[align]
        page.write(x, page.y + 0.5 * page.size, f"{100 * share:.0f}%", 0.85, colour=page.colours.quiet, align=align)
    page.y += 0.6 * page.size if named else 0
