"""What a codebook of interviews has from the wave before, or from its draft, until somebody has looked at it.

A codebook is drafted or copied from an earlier one. What is not true of the new wave then stands in it unless a person
changes it: a title of another year, figures that draw the answers there were, breaks that nobody has judged.
"""

import re

from pipeline.codebook_difference import TO_JUDGE
from pipeline.problems import InputProblem
from pipeline.texts import fold

# What says, once the edition is out, which year it is of.
HEAD = ("title", "source")


def carried_head(book, earlier):
    """The title and source that speak of an earlier wave and not of the codebook's own: [(key, what is wrong)].

    `earlier` are the Codebooks of the waves before. A text may name their years beside its own. One without a year may
    be that of earlier interviews, as a series has one name, but not that of records which nobody gave. What was not
    collected has no title of its own to want.
    """
    found = []
    for key in HEAD if book.kind == "fieldwork" else ():
        text = getattr(book, key)
        same = [b.wave for b in earlier if b.kind != "fieldwork" and fold(getattr(b, key)) == fold(text)]
        named = [b.wave for b in earlier if _names(text, b.wave)]
        if same:
            found.append((key, f"it is that of {same[-1]}"))
        elif named and not _names_own(text, book.wave):
            found.append((key, f"it names {named[-1]} and not {book.wave}"))
    return found


def _names(text, year):
    return re.search(rf"(?<!\d){year}(?!\d)", text) is not None


def _names_own(text, year):
    """Whether a text names a year, also as the later of two (2015/16)."""
    return _names(text, year) or re.search(rf"(?<!\d)\d{{4}}[/\N{{EN DASH}}-]{year % 100:02d}(?!\d)", text) is not None


def stop_at_carried_head(book, earlier, path):
    """Raise InputProblem where the title or source of the codebook at `path` is that of another wave."""
    for key, what in carried_head(book, earlier):
        what, do = f"{key}: {what}, and the edition would be published under it", f"name {book.wave} in it"
        raise InputProblem(what, file=path, found=getattr(book, key), do=do)


def carried_respondents(book, earlier):
    """The waves before whose number of respondents a codebook of interviews gives as its own."""
    given = book.respondents is not None and book.kind == "fieldwork"
    return [b.wave for b in earlier if b.respondents == book.respondents] if given else []


def left_out(book, before):
    """A sentence for each figure that lists what it draws and leaves out answers that the wave before did not have.

    `before` is the Codebook of that wave. Answers that say nothing of the matter are left out as a rule, and not named.
    """
    had = {q.id: {a.id for a in q.answers} for q in before.questions}
    for figure in book.figures:
        question = book.question(book.measure(figure.measure).question)
        there = had.get(question.id, {a.id for a in question.answers})
        new = [a.id for a in figure.undrawn(question) if a.id not in there and not a.missing]
        if new:
            which = f"{', '.join(new)}, which {'is' if len(new) == 1 else 'are'} new"
            yield f"{figure.id} draws the answers of {question.id} and leaves out {which}"


def unjudged(book):
    """The breaks in series that nobody has judged since they were drafted."""
    return [entry for entry in book.breaks_in_series if entry.reason.startswith(TO_JUDGE)]


def stop_at_unjudged(book, path):
    """Raise InputProblem for a break in series of the codebook at `path` whose drafted reason nobody has replaced.

    Readers would be told of it in the words of the draft. Only what was collected is drafted.
    """
    questions = list(dict.fromkeys(entry.question for entry in unjudged(book)))
    if questions and book.kind == "fieldwork":
        raise InputProblem(
            f"breaks_in_series: nobody has judged yet whether the series of {', '.join(questions)} goes on",
            file=path,
            found=unjudged(book)[0].reason,
            do="set `comparable` to true or false, and say why in `reason`",
        )
