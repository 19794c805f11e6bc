"""Revisions: published numbers that a later run changed, told cell by cell, with the cause and who acknowledged them.

`data/published/YEAR/` holds what was last released of a wave: `numbers.csv` (a row for each estimate and each sentence
of a key finding) and `made_from.csv` (the hashes and settings that they were made from). `data/published/revisions.csv`
is the log of revisions that were acknowledged and released since. Cells are compared as the text that is published,
so that nothing is too small to be seen; a number that is new changes nothing that was published. What a wave that is
not public withholds by now is not told again: of it the log says neither what stood there nor what it became before.
"""

import hashlib
import json
import re
from datetime import date
from pathlib import Path

import pandas as pd

from pipeline.files import read_text
from pipeline.printing import CLAUSE_WITHHELD, KEYS, WITHHELD
from pipeline.problems import InputProblem
from pipeline.tables import read_table
from pipeline.texts import is_blank, unify

PUBLISHED, ENTRIES = "data/published", "docs/revisions.md"
NUMBERS, MADE_FROM, LOG = "numbers.csv", "made_from.csv", "revisions.csv"
VALUES = ["n", "count", "estimate", "ci_low", "ci_high", "support", "low", "high", "quality", "sentence"]
# Columns that editions of before they were put on record do not have.
ADDED = ["n_weighted", "n_eff", "se", "deff"]
VALUES += ADDED
CHANGED = ["revision", "wave", "number", "column", "old", "new"]
LOGGED = [*CHANGED, "cause", "changed", "acknowledged", "by"]
SUPPORTED = [*LOGGED, "old_support", "new_support"]
WITHDRAWN = "withdrawn"
RESTORE = "restore the file from git"
REMAKE = "restore the file from git, or run dvc repro where a stage makes it"
# The support of a wave that is not public already; of a reconstruction each number has another.
NOT_PUBLIC = ("measured", "simulated")
SOURCES = ["kind", "name", "value"]
# The row of made_from.csv that is no source: how many numbers were released. Releases of before it have none.
RELEASED = "released"
CAUSES = ("data", "code", "parameter", "unknown")
CODE = (".py", ".ipynb", ".html", ".lock")
HEADING = re.compile(r"^## (\d{1,4}-[0-9a-f]{8})\s*$")
# A heading that is meant for one, whatever marks it has and stands in it.
MEANT = re.compile(r"^ {0,3}#+.*?(\d{4}-[0-9a-f]{8})\b", re.IGNORECASE)
FIELD = re.compile(r"^- (\w+): *(.*?)\s*$")
# What begins or ends a block of code, which no reader of the document sees as its text.
FENCE = re.compile(r"^ {0,3}(`{3,}(?=[^`]*$)|~{3,})")
FIELDS = ("Date", "By", "Cause", "Changed", "Why")


def published_numbers(estimates, clauses):
    """Everything that a wave publishes as a number: `number` (its address) and the columns VALUES, all text.

    `estimates` and `clauses` are reports/YEAR/estimates.csv and key_findings_clauses.csv, read as text.
    """
    rows = estimates.assign(number=estimates[[*KEYS, "basis"]].agg("/".join, axis=1))
    said = clauses.assign(number="finding " + clauses["number"] + "." + clauses["clause"])[["number", "sentence"]]
    table = pd.concat([rows, said], ignore_index=True)
    return table.reindex(columns=["number", *VALUES]).astype("string").fillna("")


def read_numbers(report):
    """The published numbers of the wave whose folder of reports this is."""
    report = Path(report)
    read = (read_table(report / name, dtype="string") for name in ("estimates.csv", "key_findings_clauses.csv"))
    return published_numbers(*read)


def released_before(project, wave):
    """The names of the revisions of a wave that were released."""
    log = read_log(Path(project) / PUBLISHED / LOG)
    return log.loc[log["wave"].eq(str(wave)), "revision"].unique()


def released_numbers(project, wave):
    """The numbers that were last released of a wave of the project; None if none were.

    Raises InputProblem where the log has revisions of the wave, or what its numbers were made from is there, and the
    numbers are not: it would pass for a wave that was never released, and be held to nothing. So would each number
    whose row is gone: it raises InputProblem too where there are not as many as were released.
    """
    folder = Path(project) / PUBLISHED / str(wave)
    numbers = read_released(folder)
    if numbers is None and ((folder / MADE_FROM).exists() or len(released_before(project, wave))):
        what = "this wave was released, and its numbers on record are gone"
        raise InputProblem(what, file=folder / NUMBERS, do=RESTORE)
    if numbers is not None and (folder / MADE_FROM).exists():
        made_from = read_made_from(folder)
        for count in made_from.loc[made_from["kind"].eq(RELEASED), "value"]:
            if count != str(len(numbers)):
                what, found = "there are not as many numbers as were released", len(numbers)
                raise InputProblem(what, file=folder / NUMBERS, found=found, allowed=count, do=RESTORE)
    return numbers


def read_released(folder):
    """The numbers that are on record in a folder; None if none are.

    Raises InputProblem for a table that would hold fewer numbers than it seems to: a column is called otherwise or
    missing, a number stands twice, or there is none.
    """
    path = Path(folder) / NUMBERS
    if not path.exists():
        return None
    table = read_table(path, dtype="string").fillna("")
    for column in ("number", *VALUES[: -len(ADDED)]):
        if column not in table:
            raise InputProblem("the column is missing", file=path, column=column, do=RESTORE)
    for column in table.columns.difference(["number", *VALUES], sort=False):
        raise InputProblem("there is no such column", file=path, column=column, allowed=["number", *VALUES], do=RESTORE)
    if table.empty:
        raise InputProblem("there are no rows below the header", file=path, do=RESTORE)
    if (twice := table["number"].duplicated()).any():
        row = int(twice.idxmax())
        found = table.loc[row, "number"]
        raise InputProblem("this number stands twice", file=path, row=row + 2, column="number", found=found, do=RESTORE)
    return table


def changed_numbers(wave, released, now, taken=()):
    """The cells that differ between what was released and what is there now: columns CHANGED, text.

    A number that is gone is `withdrawn`. All rows have one `revision`: the year and a hash of them all, so that an
    entry that acknowledges these changes acknowledges no others. `taken` are the names of revisions that were
    released: the same changes made once more, after they were undone, have a name of their own. Of what a wave that is
    not public withholds now `old` is empty, in every column of the row: a revision would print what it takes back. No
    rows where nothing changed or was released before.
    """
    if released is None:
        return pd.DataFrame(columns=CHANGED, dtype="string")
    # An edition of before a column was put on record says nothing of it.
    known = [column for column in VALUES if column in released]
    old = released.melt("number", known, "column", "old")
    new = now.melt("number", known, "column", "new")
    both = old.merge(new, on=["number", "column"], how="left", validate="1:1")
    gone = ~both["number"].isin(now["number"])
    both["new"] = both["new"].mask(gone, WITHDRAWN)
    both["told"] = both["old"].mask(both["number"].isin(_withheld(now)), "")
    rows = both[both["old"].ne(both["new"]) & ~(gone & both["old"].eq(""))].assign(wave=str(wave))
    places = {number: i for i, number in enumerate(released["number"])}
    rows = rows.sort_values(["number", "column"], key=lambda c: c.map(places | {v: i for i, v in enumerate(VALUES)}))
    rows = rows.assign(old=rows["told"])[CHANGED[1:]].reset_index(drop=True)
    # Of what is told: a hash of a number that is withheld would give it to whoever tries them all.
    text = rows.to_csv(index=False, lineterminator="\n")
    while (name := f"{wave}-{hashlib.sha256(text.encode()).hexdigest()[:8]}") in set(taken):
        text += "once more\n"
    return rows.assign(revision=name)[CHANGED].astype("string")


def _withheld(now):
    """The addresses of what a wave that is not public withholds; none of a reconstruction."""
    if not now["support"].isin(NOT_PUBLIC).any():
        return set()
    gone = now["quality"].eq(WITHHELD) | now["sentence"].str.startswith(CLAUSE_WITHHELD)
    return set(now.loc[gone, "number"])


def without_withheld(log):
    """A log of revisions (CHANGED among its columns, the oldest first) without what a later one of them withholds.

    A later revision that leaves `old` empty beside a quality or a sentence, which are never empty, says that the number
    is withheld since: what it was and became in those before is empty too.
    """
    order = pd.Series(pd.factorize(log["revision"])[0], index=log.index)
    says = log["column"].isin(["quality", "sentence"]) & log["old"].eq("")
    since = order.where(says).groupby([log["wave"], log["number"]]).transform("max")
    gone = order.lt(since)
    return log.assign(old=log["old"].mask(gone, ""), new=log["new"].mask(gone, ""))


def with_support(log, released):
    """A log of revisions (LOGGED, the oldest first) with how far each number was evidence: columns SUPPORTED.

    `released`: {wave, as text: its numbers as last released}. `old_support` and `new_support` are those of the number
    before and after the revision; a share or count beside `bounded` or `assumed` is the records' pick, its bounds are
    not. Empty for a sentence, and for what is withheld since. A log says only which supports changed: it is read
    backwards.
    """
    told = log.assign(old_support="", new_support="")
    for wave, numbers in released.items():
        support = dict(zip(numbers["number"], numbers["support"], strict=True))
        revisions = log.loc[log["wave"].eq(wave), "revision"].unique()
        for revision in revisions[::-1]:
            rows = log[log["revision"].eq(revision)]
            moved = rows[rows["column"].eq("support")]
            for side in ("new", "old"):
                support |= dict(zip(moved["number"], moved[side], strict=True))
                told.loc[rows.index, f"{side}_support"] = rows["number"].map(support).fillna("")
    return told[SUPPORTED].astype("string")


def unveiled(rows):
    """The addresses of numbers and sentences that were withheld and are printed now, of rows of changes (CHANGED)."""
    withheld = {"quality": rows["old"].eq(WITHHELD), "sentence": rows["old"].str.startswith(CLAUSE_WITHHELD)}
    printed = {"quality": rows["new"].ne(WITHHELD), "sentence": ~rows["new"].str.startswith(CLAUSE_WITHHELD)}
    found = [rows["column"].eq(c) & withheld[c] & printed[c] & rows["new"].ne(WITHDRAWN) for c in withheld]
    return list(dict.fromkeys(rows.loc[found[0] | found[1], "number"]))


# ---- causes


def sources(lock, stages):
    """What the results of these stages were made from in the end: {(kind, name): hash or setting}.

    `lock` as of `provenance.read_lock`, `stages` as of `provenance.stages_before`. Kinds are data (files that no
    stage wrote), code (modules, notebooks, templates, the locked packages) and parameter (settings, each by its key).
    """
    entries = [lock[name] for name in stages]
    made = {out["path"] for entry in lock.values() for out in entry.get("outs", [])}
    found = {}
    for entry in entries:
        for dep in entry.get("deps", []):
            if dep["path"] not in made:
                found["code" if dep["path"].endswith(CODE) else "data", dep["path"]] = dep.get("md5", "")
        for section in entry.get("params", {}).values():
            for key, value in section.items():
                found |= {("parameter", name): text for name, text in _flat(key, value)}
    return found


def _flat(name, value):
    """A setting as pairs of its full key and its value as text."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    else:
        yield name, json.dumps(value, ensure_ascii=False)


def causes(before, now):
    """Why numbers changed: the kinds of source that did, and each by name, `trim.upper from null to 2` for settings.

    `before` and `now` as of `sources`. Where no source changed the cause is `unknown`: a file was changed by hand.
    """
    differing = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
    kinds = [kind for kind in CAUSES if any(kind == k for k, _ in differing)]
    named = [name + _from_to(kind, before.get((kind, name)), now.get((kind, name))) for kind, name in differing]
    return "; ".join(kinds) or "unknown", "; ".join(named) or "no source of it: a result was changed by hand"


def _from_to(kind, old, new):
    if kind == "parameter":
        return f" from {'nothing' if old is None else old} to {'nothing' if new is None else new}"
    return " (new)" if old is None else " (gone)" if new is None else ""


def as_table(made_from, count):
    """Sources, and how many numbers were made from them, as the table made_from.csv (columns SOURCES)."""
    rows = [(kind, name, value) for (kind, name), value in sorted(made_from.items())]
    return pd.DataFrame([*rows, (RELEASED, NUMBERS, str(count))], columns=SOURCES)


def as_sources(table):
    """The table made_from.csv as sources."""
    rows = table[table["kind"].ne(RELEASED)].itertuples(index=False, name=None)
    return {(kind, name): value for kind, name, value in rows}


def read_made_from(folder):
    """The table made_from.csv of a folder, all text. Raises InputProblem where it is missing or its columns are others.

    What differs from sources that were misread would be told as the cause of a revision.
    """
    path = Path(folder) / MADE_FROM
    table = read_table(path, dtype="string").fillna("")
    if list(table.columns) != SOURCES:
        what, found = "its columns are not those of this table", ", ".join(table.columns)
        raise InputProblem(what, file=path, found=found, allowed=SOURCES, do=RESTORE)
    return table


# ---- acknowledgements


def read_entries(path):
    """The acknowledgements of docs/revisions.md: {revision: {date, by, cause, changed, why}}.

    Raises InputProblem with the row for an entry that stands twice, or where no reader sees it, that lacks a field or
    has one twice, a date that is none, or a cause that is none of CAUSES.
    """
    entries, lines, current = {}, {}, None
    for number, (line, shown) in enumerate(_lines(read_text(path, lost="restore it from git")), start=1):
        heading = HEADING.match(shown)
        if (hidden := HEADING.match(line)) and not heading:
            what = "an entry in a comment or a block of code acknowledges nothing"
            do = "take it out of the comment or the block, or delete it"
            raise InputProblem(what, file=path, row=number, found=hidden[1], do=do)
        if not heading and (meant := MEANT.match(unify(shown))):
            what, do = (
                "a heading with the name of a revision that is none of an entry",
                f"write it as ## {meant[1]}, or leave the name out",
            )
            raise InputProblem(what, file=path, row=number, found=shown.strip(), do=do)
        if shown.startswith("#"):
            current = heading[1] if heading else None
            if current in entries:
                raise InputProblem("this revision has an entry already", file=path, row=number, found=current)
            if current:
                entries[current], lines[current] = {}, number
        elif current and (field := FIELD.match(shown)):
            name, said = field.groups()
            if name.lower() in entries[current]:
                what, do = "the entry has this field already", "keep one of the two"
                raise InputProblem(what, file=path, row=number, column=name, found=said, do=do)
            entries[current][name.lower()] = said
    for revision, entry in entries.items():
        check_entry(entry, path, lines[revision])
    return entries


def _lines(text):
    """The lines of a document, each with what a reader sees of it as text: nothing of a comment or a block of code."""
    fence, comment = "", False
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if fence:
            closes = mark and mark[1].startswith(fence) and not line.strip().strip(fence[0])
            fence, shown = "" if closes else fence, ""
        elif mark and not comment:
            fence, shown = mark[1], ""
        else:
            shown, comment = _outside(line, comment)
        yield line, shown


def _outside(line, comment):
    """A line with blanks in the place of comments, and whether one goes on below (`comment`: one began above)."""
    shown = ""
    while line:
        text, mark, line = line.partition("-->" if comment else "<!--")
        shown += " " * len(text + mark) if comment else text + " " * len(mark)
        comment = comment != bool(mark)
    return shown, comment


def check_entry(entry, path, row=None):
    """Raise InputProblem for an acknowledgement, as `read_entries` gives it, that lacks a field or has a wrong one."""
    for field in FIELDS:
        shown, goes_on = _outside(entry.get(field.lower(), ""), False)
        if is_blank(shown):
            raise InputProblem(f"the entry has no field {field}", file=path, row=row, allowed=FIELDS)
        if goes_on:
            what, found = "a comment that does not end hides what stands below", entry[field.lower()]
            raise InputProblem(what, file=path, row=row, column=field, found=found, do="write it without <!--")
    if not _is_day(entry["date"]):
        raise InputProblem("not a date", file=path, row=row, column="Date", found=entry["date"], allowed="YYYY-MM-DD")
    kinds = entry["cause"].split("; ")
    if not set(kinds) <= set(CAUSES):
        raise InputProblem("not a cause", file=path, row=row, column="Cause", found=entry["cause"], allowed=CAUSES)


def _is_day(text):
    """Whether a text is a day of the calendar, written YYYY-MM-DD."""
    try:
        # Python reads other forms too, such as 20260131.
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def entry_text(revision, *, date, by, cause, changed, why):
    """An acknowledgement as it stands in docs/revisions.md."""
    values = (date, by, cause, changed, why)
    return "\n".join([f"## {revision}", "", *(f"- {f}: {v}" for f, v in zip(FIELDS, values, strict=True)), ""])


def with_entries(changed, entries):
    """Changed numbers with their acknowledgement (columns LOGGED); empty cells where there is none."""
    fields = {"cause": "cause", "changed": "changed", "acknowledged": "date", "by": "by"}
    told = {c: changed["revision"].map(lambda r, f=f: entries.get(r, {}).get(f, "")) for c, f in fields.items()}
    return changed.assign(**told)[LOGGED].astype("string")


def read_log(path, columns=LOGGED):
    """A table of revisions, all text: a log, or with CHANGED as its columns what a run changed of a wave.

    Raises InputProblem where its columns are others: a renamed one would say nothing of what stands in it.
    """
    table = read_table(path, dtype="string").fillna("")
    if list(table.columns) != list(columns):
        found = ", ".join(table.columns)
        raise InputProblem(
            "its columns are not those of this table", file=path, found=found, allowed=columns, do=REMAKE
        )
    return table
