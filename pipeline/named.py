"""Whom the reason for a revision names: nobody, since it is published beside numbers that may differ by one answer."""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.files import read_text
from pipeline.names import ORGANISATION
from pipeline.privacy import NameList, either_way, hide_details, holds_details
from pipeline.problems import InputProblem
from pipeline.raw import FRAME
from pipeline.revisions import FIELD, HEADING
from pipeline.tables import read_table
from pipeline.texts import fold, words

# The fields of an entry that somebody may write otherwise than the command does; a date and a cause are checked whole.
WRITTEN = ("by", "changed", "why")
UNCHECKED = ("date", "cause")
# A file or the key of a setting, of which `Changed` is made: a folder may be called as an organisation is.
_PATH = re.compile(r"\S*[/.]\w\S*")
# What begins another section; a heading below these is part of the entry that it stands in.
_SECTION = re.compile(r"##?\s")
_LETTER = re.compile(r"[^\W\d]")


@dataclass(frozen=True)
class Known:
    """Who is known of a wave: its organisations by id (a pattern of a folded text) and by name, and its contacts."""

    ids: re.Pattern | None
    organisations: NameList
    people: NameList


def known_of(frame):
    """The Known of a frame, the path of a table. Nobody where it is not on this machine.

    An id or a name that is a number alone cannot be told from any other number, and is not looked for.
    """
    frame = read_table(frame, dtype="string").fillna("") if Path(frame).exists() else pd.DataFrame()
    ids = {fold(name) for name in frame.get(ORGANISATION, ()) if _LETTER.search(name)}
    any_of = "|".join(map(re.escape, sorted(ids, key=len, reverse=True)))
    called = [name for name in frame.get("organisation_name", ()) if _LETTER.search(name)]
    return Known(
        re.compile(rf"(?<![\w-])({any_of})(?![\w-])") if ids else None,
        NameList(called, people=False),
        either_way({*called, *frame.get("contact_name", ())}),
    )


def stop_at_named(entry, known, wave, **place):
    """Raise InputProblem for an entry {by, changed, why} that names somebody of a wave or holds a contact detail.

    Whoever stands for it may be called as a contact is, so `by` is not held against names; `changed`, which has hashes
    of numbers and paths of files, only against names and ids. `place` is where it stands, as InputProblem has it.
    """
    for field in (field for field in WRITTEN if field in entry):
        text = _PATH.sub(" ", entry[field]) if field == "changed" else entry[field]
        found, do = _named(text, known, field), "say what was corrected, and not whose answer it was"
        if not found:
            continue
        if len(words(found).split()) == 1 and known.organisations.first(found):
            do += "; a word that is the whole name of an organisation is refused in any sense, so take another"
        subject = "the entry" if place else f"--{field}"
        what = f"{subject} would be published beside the numbers, and names an organisation or a contact of {wave}"
        raise InputProblem(what, found=found, do=do, **place)


def _named(text, known, field):
    """The id or name in a text, as far as they are looked for in this field, or the text without contact details."""
    if known.ids and (found := known.ids.search(fold(text))):
        return found[1]
    people = None if field == "by" else known.people
    if people and (found := known.organisations.first(text)):
        return found
    if field == "changed":
        return people.hide(text).strip() if people.first(text) else ""
    return hide_details(text, people) if holds_details(text, people) else ""


def check_entries(path, raw, waves):
    """Raise InputProblem, with the row of its heading, for an entry of a document that names somebody of its wave.

    `raw` is the folder of the waves' raw data, `waves` the settings. Those of a reconstruction are nobody; of a wave
    that is not listed nothing is known. The stage that reads the entries does not read the frame, which would make it
    a dependency of all that is published: so this is left to commands.
    """
    known = {}
    for revision, (row, entry) in _entries(path).items():
        wave = int(revision.partition("-")[0])
        if wave in waves.all and waves.kind(wave) != "reconstruction":
            known[wave] = known.get(wave) or known_of(Path(raw) / str(wave) / FRAME)
            stop_at_named(entry, known[wave], wave, file=path, row=row)


def _entries(path):
    """What stands below each heading of an entry: {revision: (row, {by, changed, why})}.

    `why` has all that is in no other field: a reason may go on in the next lines, and anything there is published.
    """
    entries, current = {}, None
    for row, line in enumerate(read_text(path).split("\n"), start=1):
        if _SECTION.match(line):
            heading = HEADING.match(line)
            current = entries.setdefault(heading[1], (row, dict.fromkeys(WRITTEN, "")))[1] if heading else None
        elif current is not None:
            field = FIELD.match(line)
            name = field[1].lower() if field else ""
            if name not in UNCHECKED:
                kept, said = (name, field[2]) if name in WRITTEN else ("why", line.strip())
                current[kept] = f"{current[kept]} {said}".strip()
    return entries
