"""The tracker for its page: what changed, the trends, the breaks in series, and the tables behind them."""

import re
from pathlib import Path

import pandas as pd

from pipeline import dictionary
from pipeline.codebook import TOTAL
from pipeline.files import MARK, whole_files
from pipeline.notebook_pages import cells_that_write, notebook_page, read_notebook
from pipeline.plates import plate
from pipeline.printing import FLAGGED, STATUS, first_lower, percent_text, points_text
from pipeline.site import row_link, shown_table, slug
from pipeline.tables import read_table
from pipeline.texts import ITEMS

# The headings of columns that the data of pictures have, where the name alone would not do.
HEADINGS = {
    "n": "Organisations",
    "base": "Unweighted base",
    "n_eff": "Effective base",
    "se": "Standard error",
    "ci_low": "Interval, lower end",
    "ci_high": "Interval, upper end",
    "low": "Smallest possible",
    "high": "Largest possible",
    "label": "Answer",
    "group_label": "Group",
    "since": "Compared with",
}
# No more rows of a table than these are on a page.
ROWS = 60
# As `pipeline.change` words it where a test finds nothing.
NO_CLEAR_CHANGE = "no clear change"
CHANGES, BREAKS, PARTS, TRUTH = "changes.csv", "breaks_in_series.csv", "decomposition.csv", "rehearsed.csv"
# What stands beside the year of a wave in the head of a column.
MARKS = {"reconstruction": " (reconstructed)", "rehearsal": " (rehearsal)", "fieldwork": ""}
# What an entry of the register says was changed, in words.
CHANGED = {
    "answers": "other answers",
    "bands": "other bands",
    "reworded": "worded otherwise",
    "routing": "put to others",
    "gone": "no longer asked",
    "new": "asked for the first time",
}


def tracker_parts(folder, books, basis):
    """What the tracker has made: changes, breaks, pictures with their data, other tables, notebooks; None for nothing.

    `books` are the Codebooks by wave, whose labels stand in the place of ids; changes are shown on `basis`.
    """
    folder = Path(folder)
    notebooks = [_notebook(path, folder) for path in whole_files(folder, "*.ipynb")]
    made = {file: link for notebook in notebooks for file, link in notebook["makes"].items()}
    pictures = [
        _picture(path, folder, books) for path in whole_files(folder, "*.svg") if path.with_suffix(".txt").is_file()
    ]
    tables = {path.name: read_table(path) for path in whole_files(folder, "*.csv") if path.parent == folder}
    if not pictures and not tables:
        return None
    beside = {name: tables.get(file) for name, file in (("parts", PARTS), ("truth", TRUTH))}
    return {
        "changes": changes_shown(tables[CHANGES], books, basis, **beside) if CHANGES in tables else [],
        "breaks": breaks_shown(tables[BREAKS], books) if BREAKS in tables else [],
        "pictures": sorted(pictures, key=_place),
        "tables": [_listed(name, table, folder, made) for name, table in tables.items()],
        "notebooks": notebooks,
    }


def changes_shown(changes, books, basis, *, parts=None, truth=None):
    """The changes between each two waves that were compared: what moved, how much did not clearly, and why no more.

    `changes`, `parts` and `truth` are the tables of `pipeline.change`, `decompose` and `rehearsed`. [{wave, since,
    heads, rehearsal, reconstructed, care, moved, unclear, reasons, truth}]: a row of `moved` has measure, answer,
    group, before, after, change, interval, mix (what the sample's make-up did, of everyone), few (whether it rests on
    few respondents: `care` says what that means, where a row does) and link (from the tracker's page to its row);
    `heads` are the two waves with what they are, `unclear` counts the tests of everyone that found no change, and
    `reasons` what has none, most rows first. `truth` is what a rehearsal was made to move (`_truth`), else None.
    """
    shown, mixes = [], _mixes(parts, basis)
    for (wave, since), pair in changes[changes["basis"].eq(basis)].groupby(["wave", "since"], sort=False):
        everyone = pair["break"].eq(TOTAL)
        clear = pair["word"].fillna("").isin(["", NO_CLEAR_CHANGE]).eq(False)
        moved = pd.concat([pair[clear & everyone], pair[clear & ~everyone]]).to_dict("records")
        untold = pair[everyone & pair["word"].fillna("").eq("")].groupby("why", sort=False).size()
        shown.append(
            {
                "wave": wave,
                "since": since,
                "heads": {year: f"{year}{MARKS[books[year].kind]}" for year in (since, wave)},
                "rehearsal": "rehearsal" in (books[wave].kind, books[since].kind),
                "reconstructed": "reconstruction" in (books[wave].kind, books[since].kind),
                "care": FLAGGED if any(row["quality"] == "flagged" for row in moved) else "",
                "moved": [_moved(row, books[wave], mixes) for row in moved],
                "unclear": int(pair["word"].eq(NO_CLEAR_CHANGE)[everyone].sum()),
                "reasons": [{"why": w, "rows": int(n)} for w, n in untold.sort_values(ascending=False).items()],
                "truth": _truth(truth, wave, since, basis, books[wave]),
            }
        )
    return shown


def _mixes(parts, basis):
    """How much of each change of everyone is the sample's make-up, where that is known: {(wave, since, ...): share}."""
    if parts is None:
        return {}
    rows = parts[parts["basis"].eq(basis) & parts["mix"].notna()]
    return rows.set_index(["wave", "since", "measure", "category"])["mix"].to_dict()


def _truth(truth, wave, since, basis, book):
    """What a rehearsal was made to move and what was found of it: {rows, verdicts}; None where nothing is known."""
    if truth is None:
        return None
    ours = truth[truth["wave"].eq(wave) & truth["since"].eq(since) & truth["basis"].eq(basis)]
    told = ours["moved"].ne(0) | ours["word"].ne(NO_CLEAR_CHANGE)
    rows = [
        {
            **_named(row, book),
            "moved": points_text(row["moved"]),
            "change": points_text(row["change"]),
            "interval": _interval(row),
            "verdict": row["verdict"],
        }
        for row in ours[told].to_dict("records")
    ]
    verdicts = pd.concat([ours[told], ours[~told]])["verdict"].value_counts(sort=False)
    return {"rows": rows, "verdicts": verdicts.to_dict()} if len(ours) else None


def _named(row, book):
    measure = book.measure(row["measure"])
    return {"measure": measure.label, "answer": book.question(measure.question).categories[row["category"]]}


def _interval(row):
    return f"{points_text(row['ci_low'])} to {points_text(row['ci_high'])}"


def _moved(row, book, mixes):
    mix = mixes.get(tuple(row[k] for k in ("wave", "since", "measure", "category")))
    return {
        **_named(row, book),
        "group": _group(row, book),
        "before": percent_text(row["before"]),
        "after": percent_text(row["after"]),
        "change": points_text(row["change"]),
        "interval": _interval(row),
        "mix": points_text(mix) if row["break"] == TOTAL and mix is not None else "\N{EN DASH}",
        "few": row["quality"] == "flagged",
        "link": f"../waves/{row['wave']}/{row_link(*(row[k] for k in ('measure', 'category', 'break', 'group')))}",
    }


def _group(row, book):
    if row["break"] == TOTAL:
        return "All"
    broken = book.break_(row["break"]).label
    return f"{broken}: {book.group(row['break'], row['group']).label}"


def breaks_shown(breaks, books):
    """The register of breaks in series in labels: [{wave, since, question, answers, change, comparable, date, ...}]."""
    return [
        {
            **{key: row[key] for key in ("wave", "since", "date", "reason")},
            "change": CHANGED.get(row["change"], row["change"]),
            "question": _question(row, books).label,
            "answers": [_answer(answer, row, books) for answer in _items(row["answers"])],
            "comparable": row["comparable"] in (True, "True"),
            "differences": _items(row["differences"]),
        }
        for row in breaks.to_dict("records")
    ]


def _items(cell):
    return cell.split(ITEMS) if isinstance(cell, str) and cell else []


def _question(row, books):
    """The question of an entry in the later wave, or in the earlier one where it is gone."""
    found = [q for wave in (row["wave"], row["since"]) for q in books[wave].questions if q.id == row["question"]]
    return found[0]


def _answer(answer, row, books):
    return _question(row, books).categories.get(answer, answer)


def _listed(name, table, folder, made):
    return {
        "file": name,
        "title": dictionary.title_of(f"{folder.name}/{name}") or title_of(Path(name).stem),
        "rows": f"{len(table):,}",
        "made": made.get(name),
    }


def _picture(path, folder, books):
    data = path.with_suffix(".csv")
    said = path.with_suffix(".txt").read_text(encoding="utf-8")
    shown = plate(path, _status(said, books))
    # A list of pictures has said already that it is of trends and what the waves are.
    named = shown["title"].removeprefix(f"{MARK}. ")
    named = named.partition(": ")[2] or named
    return shown | {
        "id": path.stem,
        "named": named,
        "file": path.relative_to(folder).as_posix(),
        "data": _table(data, folder) if data.is_file() else None,
    }


def _status(said, books):
    """What the words of a picture say that its waves are: `2014: reconstructed ...; 2015: REHEARSAL: ...`."""
    status = {wave: STATUS[book.kind] for wave, book in books.items() if STATUS[book.kind]}
    named = [f"{wave}: {first_lower(s.rstrip('.'))}" for wave, s in status.items() if s.lower() in said.lower()]
    return "; ".join(named)


def _place(picture):
    """Pictures stand by the numbers in their titles, those without one at the end."""
    return [int(number) for number in re.findall(r"\d+", picture["title"])[:1]] or [ROWS**9], picture["title"]


def _notebook(path, folder):
    notebook = read_notebook(path)
    pictures = {
        p.read_text(encoding="utf-8"): f"../{folder.name}/{p.relative_to(folder).with_suffix('.svg').as_posix()}"
        for p in whole_files(folder, "*.txt")
    }
    page_name = f"notebook-{slug(path.stem)}.html"
    makes = {file: f"{page_name}#{slug(cell)}" for file, cell in cells_that_write(notebook).items()}
    shown = notebook_page(notebook, pictures)
    return shown | {"name": path.stem, "file": path.relative_to(folder).as_posix(), "page": page_name, "makes": makes}


def _table(path, folder):
    header = pd.read_csv(path, nrows=0).columns
    found = [column for column in header if column != MARK]
    # Where a table has the words for its ids, the page shows the words.
    ids = {"trend", "measure", "category", "break", "group"} if {"label", "group_label"} <= set(found) else set()
    columns = {c: HEADINGS.get(c, title_of(c)) for c in found if c not in ids}
    place = f"{folder.name}/{path.relative_to(folder).as_posix()}"
    shown = shown_table(path, dictionary.title_of(place) or title_of(path.stem), columns=columns, rows=ROWS)
    shown |= {"said": [dictionary.described(place, column) or "" for column in columns]}
    return shown | {"file": path.relative_to(folder).as_posix(), "rehearsal": MARK in header}


def title_of(name):
    """A file's or a column's name as a heading."""
    return name.replace("_", " ").capitalize()
