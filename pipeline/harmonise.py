"""Measures over the waves: what ties them together, the register of breaks in series, and what may be compared.

A measure, question, answer, base, break and group of one wave is that of another where the ids are the same. Whether
they also mean the same is not for code to judge: each difference between a codebook and the one before it that can
move answers must stand in the later one's `breaks_in_series`, with a date and a reason, or the run stops.

A row of the estimates is comparable across a break unless the break touches what the row is made of: its question and
answer, its base, its group, and every question by which somebody came to be asked. Bands that were redrawn so take
with them the rows of these bands and nothing else. The weighted shares of everyone stay comparable: the weights of
both waves add up to totals of the same population, whichever cells they were made in. Where an entry on the sector or
the size band names no band, the cells themselves are other ones, and no weighted row is compared.
"""

from itertools import pairwise

import pandas as pd

from pipeline.codebook import TOTAL
from pipeline.codebook_difference import BREAKING, GONE, SAID_BY_ITSELF, change_of, differences, entries_for, meaning
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.printing import KEYS
from pipeline.problems import InputProblem
from pipeline.texts import ITEMS
from pipeline.yaml_edits import flow

REGISTER = ["wave", "since", "question", "answers", "change", "comparable", "date", "reason", "differences"]
COMPARED = [*KEYS, "basis", "comparable", "why"]
SERIES_BREAK = "break in series in"
# What differs in an answer may be on record as any of these: a label that was reworded is a list of answers that
# changed, and a band that was redrawn has another code and stands in other nets.
OF_ANSWERS = ("answers", "reworded", "bands")
# What nobody was asked: how such a share moves shows whom the sample holds, and nothing that changed.
NOT_ASKED = "a fact noted of each organisation, no answer: it moves only with who is in the sample"


def register(codebooks):
    """The register of breaks in series: a row per entry of each codebook but the first.

    `codebooks` are Codebooks by wave, in order. Columns: REGISTER; `since` is the wave before, `answers` the ids that
    the break touches (empty: the whole question), `differences` what the two codebooks show of it. Raises InputProblem
    for differences that can move answers and have no entry: codebook, the first question, what differs, what to write.
    """
    rows = []
    for (since, before), (wave, after) in pairwise(codebooks.items()):
        found = differences(before, after)
        found = found[found["what"].isin(list(BREAKING)) & found["kind"].ne("same")]
        covered = [any(_covers(e, d, after) for e in after.breaks_in_series) for d in found.to_dict("records")]
        if not all(covered):
            raise _unregistered(found[[not c for c in covered]], after)
        for entry in after.breaks_in_series:
            shown = [_shown(d) for d in found.to_dict("records") if _covers(entry, d, after)]
            texts = (entry.question, ITEMS.join(entry.answers), entry.change, entry.comparable, entry.date)
            row = (wave, since, *texts, entry.reason, ITEMS.join(shown))
            rows.append(dict(zip(REGISTER, row, strict=True)))
    return pd.DataFrame(rows, columns=REGISTER)


def _covers(entry, difference, codebook):
    """Whether an entry of the codebook's `breaks_in_series` is the record of a difference."""
    if entry.question != difference["question"]:
        return False
    answer, change = difference["answer"], change_of(difference)
    if not answer:
        # The order of answers changes with the answers.
        return entry.change == change or (difference["what"] == "order of answers" and entry.change in OF_ANSWERS)
    if entry.change not in OF_ANSWERS:
        return False
    # An answer that is gone cannot be named in a codebook that does not have it.
    named = {answer} if difference["kind"] == "gone" else {answer, *codebook.question(entry.question).members(answer)}
    return not entry.answers or difference["kind"] == "gone" or bool(named & set(entry.answers))


def _unregistered(found, codebook):
    """The sentence that stops the run, with the entries that all of these differences ask for."""
    first, others = found.iloc[0], len(found) - 1
    which = "is no registered break in series"
    if others:
        which += f", nor {'is another difference' if others == 1 else f'are {others} other differences'}"
    entries = []
    for entry in entries_for(found, codebook, "YEAR-MONTH-DAY"):
        reason = entry["reason"] if entry["change"] in SAID_BY_ITSELF else "WHY"
        what = {key: value for key, value in entry.items() if key not in ("date", "reason")}
        entries.append(flow(what | {"comparable": False, "date": entry["date"], "reason": reason}))
    return InputProblem(
        f"question {first['question']}: {_shown(first)}, which {which}",
        file=f"codebook of {codebook.wave}",
        do=f"write under breaks_in_series, with comparable: true where no answer moves: {'; '.join(entries)}",
    )


def _shown(difference):
    """A difference in a few words."""
    what = f"{difference['what']} {difference['answer']}".strip()
    if not difference["before"] or not difference["after"]:
        return f"{what} is {difference['kind']}"
    return f"{what} was {difference['before']!r} and is {difference['after']!r}"


def compare(before, after, *, breaks):
    """Which rows of two waves' estimates may be compared: a row per row of either, with COMPARED.

    `before` and `after` are Codebooks, `breaks` the register of all waves. `why` says why not, and is empty where a row
    is comparable.
    """
    touched = _touched(before, after, breaks)
    books = _Rows(before), _Rows(after)
    rows = []
    for key in dict.fromkeys([*books[1].keys, *books[0].keys]):
        reason = _why(key, *books, touched)
        for basis in (UNWEIGHTED, WEIGHTED):
            why = reason or (_cells_redrawn(after, touched) if basis == WEIGHTED else "")
            rows.append((*key, basis, not why, why))
    return pd.DataFrame(rows, columns=COMPARED)


def _touched(before, after, breaks):
    """The breaks between two waves that end a series, by question."""
    between = breaks[breaks["wave"].gt(before.wave) & breaks["wave"].le(after.wave)]
    between = between[~between["comparable"].eq(True) & between["change"].ne(GONE)]
    touched = {}
    for row in between.to_dict("records"):
        touched.setdefault(row["question"], []).append(row)
    return touched


class _Rows:
    """The rows of a Codebook's estimates, and what each rests on, looked up once."""

    def __init__(self, book):
        self.book, self.wave = book, book.wave
        self.measures = {m.id: m for m in book.measures}
        self.groups = {b: {g.id: g.where for g in book.groups(b)} for b in (TOTAL, *(b.id for b in book.breaks))}
        self.keys = dict.fromkeys(self._keys())
        self._conditions = {}

    def _keys(self):
        """The keys of every row, in the codebook's order."""
        for measure in self.book.measures:
            for break_ in (TOTAL, *measure.breaks):
                for group in self.groups[break_]:
                    for category in self.question(measure.id).categories:
                        yield measure.id, category, break_, group

    def question(self, measure):
        """The question of a measure."""
        return self.book.question(self.measures[measure].question)

    def wheres(self, measure, break_, group):
        """The conditions of a row's base and group."""
        return {"base": self.book.base(self.measures[measure].base).where, "group": self.groups[break_][group]}

    def needed(self, key):
        """What a row is made of: the answers of each question that it depends on."""
        measure, category, break_, group = key
        question = self.question(measure)
        needed = {question.id: {category, *question.members(category)}}
        place = measure, break_, group
        if place not in self._conditions:
            self._conditions[place] = {}
            for where in (question.asked_if, *self.wheres(*place).values()):
                _add_condition(self._conditions[place], where, self.book)
        for name, answers in self._conditions[place].items():
            needed[name] = needed.get(name, set()) | answers
        return needed


def _why(key, before, after, touched):
    """Why a row is not comparable, or "" where it is; `before` and `after` are _Rows."""
    measure, _, break_, group = key
    for rows, other in ((before, after), (after, before)):
        if key not in rows.keys:
            # A break may be why there is none: a band that was redrawn, a question that is new.
            return _broken(other.needed(key), touched) or f"there is no such row in {rows.wave}"
    question = after.question(measure)
    if before.question(measure).id != question.id:
        return "the measure is of another question"
    if question.asked_of != "respondent":
        return NOT_ASKED
    wheres = [rows.wheres(measure, break_, group) for rows in (before, after)]
    for what in ("base", "group"):
        if meaning(wheres[0][what]) != meaning(wheres[1][what]):
            return _broken(after.needed(key), touched) or f"its {what} is made up otherwise"
    asked_of = {q for where in wheres[1].values() for q in where}
    return _broken(after.needed(key), touched) or _other_sectors(before.book, after.book, asked_of)


def _other_sectors(before, after, asked_of):
    """Why a row of all sectors is not comparable where one of the two waves has a sector that the other has not.

    `asked_of`: the questions that say whom the row is of.
    """
    if set(asked_of) & {after.sector, after.size_band}:
        return ""
    labels = [{a.id: a.label for a in book.question(book.sector).answers} for book in (before, after)]
    for book, ours, others in ((before, *labels), (after, *reversed(labels))):
        if alone := ours.keys() - others.keys():
            return f"only in {book.wave} was the sector {ours[min(alone)]} asked"
    return ""


def sampled_otherwise(where, before, after, *, basis, breaks):
    """Why nothing of a group, a condition, is comparable on a basis: sectors or weighting cells of one wave alone."""
    cells = _cells_redrawn(after, _touched(before, after, breaks)) if basis == WEIGHTED else ""
    return _other_sectors(before, after, where) or cells


def untouched(where, before, after, *, breaks):
    """Why a condition does not mean the same in two waves, or "" where it does."""
    for question, test in where.items():
        named = {*test.any, *test.all, *test.none}
        for book in (before, after):
            if question not in {q.id for q in book.questions}:
                return f"there is no such question in {book.wave}"
            if missing := named - {a.id for a in book.question(question).answers}:
                return f"there is no answer {min(missing)} in {book.wave}"
    needed = {}
    _add_condition(needed, where, after)
    return _broken(needed, _touched(before, after, breaks))


def _add_condition(needed, where, book):
    """Add the questions and answers of a condition, and of the conditions under which these were asked."""
    for question, test in where.items():
        needed.setdefault(question, set()).update(test.any, test.all, test.none)
        _add_condition(needed, book.question(question).asked_if, book)


def _broken(needed, touched):
    for question, answers in needed.items():
        for row in touched.get(question, ()):
            broken = set(row["answers"].split(ITEMS)) if row["answers"] else answers
            if answers & broken:
                return f"{SERIES_BREAK} {row['wave']}: {row['reason']}"
    return ""


def _cells_redrawn(book, touched):
    """Why no weighted row is comparable: the sector or the size band is another question altogether."""
    whole = [r for q in (book.sector, book.size_band) for r in touched.get(q, ()) if not r["answers"]]
    return f"weighted in other cells since {whole[0]['wave']}: {whole[0]['reason']}" if whole else ""
