"""What must hold between the parts of a codebook, beyond what each part says of itself.

Every check raises ValueError at the first fault: a name that points at nothing, or something that stands twice.
"""

from collections import Counter
from itertools import pairwise
from math import inf

from pipeline.files import MARK
from pipeline.names import NAMES_A_KIND, OWN_COLUMNS, PAGE_ANCHORS, RESERVED, SECTOR_COLUMNS, STAGE_COLUMNS, TOTAL
from pipeline.texts import NOT_CHOSEN, fold, words

WITH_IDS = [
    "questions",
    "bases",
    "breaks",
    "measures",
    "figures",
    "findings",
    "net_scores",
    "steps",
    "trends",
    "chapters",
]
WITH_NUMBERS = ["figures", "findings", "steps", "trends"]


def check(book):
    """Every check of a Codebook, in an order in which each can rely on those before."""
    if book.kind == "fieldwork" and MARK.lower() in book.title.lower():
        raise ValueError(f"title: it says {MARK}, and kind is fieldwork")
    _check_ids(book)
    _check_labels(book)
    _check_questions(book)
    _check_breaks(book)
    _check_measures(book)
    _check_register(book)
    _check_what_is_made(book)
    _check_steps(book)
    _check_net_scores(book)
    _check_themes(book)
    _check_chapters(book)
    _check_exports(book)
    _check_bands(book)


def _check_ids(book):
    """Ids and numbers of a kind of part stand once, and are none of the pipeline's own."""
    for what in WITH_IDS:
        _once((p.id for p in getattr(book, what)), f"{what}: the id {{!r}}")
    for what in WITH_NUMBERS:
        _once((p.number for p in getattr(book, what)), f"{what}: the number {{}}")
    _free((q.id for q in book.questions), RESERVED, "questions: no question can have the id")
    kinds = {m.id for m in book.measures if NAMES_A_KIND.fullmatch(m.id)}
    _free((m.id for m in book.measures), kinds, "measures: no measure can have the id")
    _free((s.id for s in book.steps), _beside_marks(book), "steps: no step can have the id")
    _free((b.id for b in book.breaks), {TOTAL}, "breaks: no break can have the id")
    beside = {f"finding-{f.number}" for f in book.findings} | {f"chapter-{c.id}" for c in book.chapters}
    _free((f.id for f in book.figures), {*PAGE_ANCHORS, *beside}, "figures: no figure can have the id")
    _known([book.sector, book.size_band], _ids(book.questions), "sector or size band: question")


def _check_labels(book):
    """What stands side by side in a table or a picture is called by names that can be told apart."""
    for q in book.questions:
        _once((c.label for c in (*q.answers, *q.nets)), f"question {q.id}: the label {{!r}}")
    for b in book.breaks:
        _once((g.label for g in b.groups), f"break {b.id}: the label {{!r}}")
    labels = (a.label for a in book.question(book.sector).answers)
    _free(labels, SECTOR_COLUMNS, "sectors: no sector can have the label")


def _beside_marks(book):
    """The columns that stand beside those of the steps where marks are."""
    return {*STAGE_COLUMNS["maturity"], book.sector, book.size_band}


def _check_questions(book):
    """Each question has answers that can be told apart and given, and is put by answers to earlier ones."""
    sectors, asked_before = _ids(book.question(book.sector).answers), set()
    for q in book.questions:
        _known([a.band.sector for a in q.answers if a.band], sectors, f"question {q.id}, band of sector")
        _once((c.id for c in (*q.answers, *q.nets)), f"question {q.id}: the answer {{!r}}")
        if not q.answers:
            raise ValueError(f"question {q.id}: it has no answers")
        _check_limits(q)
        _check_ticks(q)
        _check_frame(book, q)
        for net in q.nets:
            if not net.answers:
                raise ValueError(f"question {q.id}, net {net.id}: it has no answers")
            _known(net.answers, _ids(q.answers), f"question {q.id}, net {net.id}: answer")
            _once(net.answers, f"question {q.id}, net {net.id}: the answer {{!r}}")
        _known(q.asked_if, asked_before, f"question {q.id} is asked_if an earlier question")
        _check_condition(book, q.asked_if, f"question {q.id}, asked_if")
        asked_before.add(q.id)


def _check_ticks(q):
    """No text of an answer to be ticked may be one that means, in its column, that it was not."""
    for answer in q.answers if q.kind == "multiple" else ():
        for text in (answer.id, answer.label, answer.code, *answer.spellings):
            if text is not None and fold(str(text)) in NOT_CHOSEN:
                raise ValueError(
                    f"question {q.id}, answer {answer.id}: in a column of ticks '{text}' means that the answer was not "
                    "chosen; give it another text, or code"
                )


def _check_limits(q):
    """As many answers as a question asks for can be given."""
    if not 0 <= q.min_answers <= (len(q.answers) if q.max_answers is None else q.max_answers):
        raise ValueError(f"question {q.id}: `min_answers` ({q.min_answers}) is more than can be given, or below 0")
    if q.max_answers is not None and not 1 <= q.max_answers <= len(q.answers):
        raise ValueError(f"question {q.id}: `max_answers` ({q.max_answers}) must be from 1 to {len(q.answers)}")


def _check_frame(book, q):
    """What the frame says of an organisation is one answer, and sector and size band are among it."""
    if q.asked_of != "frame" and q.id in (book.sector, book.size_band):
        raise ValueError(f"question {q.id}: sector and size band are facts of the frame, so `asked_of` must be frame")
    if q.asked_of == "frame" and q.several:
        raise ValueError(f"question {q.id}: a fact of the frame has one answer, so its kind must be single")
    if q.asked_of == "frame" and q.asked_if:
        raise ValueError(
            f"question {q.id}: a fact of the frame is known of every organisation, so leave out `asked_if`"
        )
    for answer in q.answers if q.asked_of == "frame" else ():
        if any(not fold(spelling) for spelling in answer.spellings):
            raise ValueError(
                f"question {q.id}, answer {answer.id}: an empty cell of the frame says nothing of an organisation, so "
                "no answer can have an empty spelling; take it out"
            )
    without = [a.id for a in q.answers if a.band is None]
    if without and (q.id == book.size_band or (q.asked_of == "frame" and len(without) < len(q.answers))):
        raise ValueError(f"question {q.id}: the answer {without[0]!r} has no band, and sizes are read by bands")


def _check_breaks(book):
    """Bases and the groups of breaks are said in answers that there are."""
    for base in book.bases:
        _check_condition(book, base.where, f"base {base.id}")
    for b in book.breaks:
        if (b.of is None) == (not b.groups):
            raise ValueError(f"break {b.id}: give either `of` a question or a list of groups")
        if b.of is not None:
            _known([b.of], _ids(book.questions), f"break {b.id}: question")
            _known(b.categories, set(book.question(b.of).categories), f"break {b.id}: category")
            _once(b.categories, f"break {b.id}: the category {{!r}}")
        _once((g.id for g in b.groups), f"break {b.id}: the group {{!r}}")
        _free((g.id for g in book.groups(b.id)), {TOTAL}, f"break {b.id}: no group can have the id")
        for g in b.groups:
            _check_where(book, g.where, f"break {b.id}, group {g.id}")


def _check_measures(book):
    """Measures have a question, a base and breaks, each once, and there are some: all else is made of them."""
    if not book.measures:
        raise ValueError("measures: there are none, and all that is made of a survey is made of its measures")
    for m in book.measures:
        _known([m.question], _ids(book.questions), f"measure {m.id}: question")
        _known([m.base], _ids(book.bases), f"measure {m.id}: base")
        # Everyone is in every measure as it is: listed as a break besides, everyone would be estimated twice.
        _known(m.breaks, _ids(book.breaks), f"measure {m.id}: break")
        if len(set(m.breaks)) < len(m.breaks):
            raise ValueError(f"measure {m.id}: a break stands twice in {', '.join(m.breaks)}")


def _check_register(book):
    """Breaks in series are of questions that are here, or, where they are gone, are not."""
    for entry in book.breaks_in_series:
        if entry.change != "gone":
            _known([entry.question], _ids(book.questions), "break in series: question")
            _known(entry.answers, set(book.question(entry.question).categories), "break in series: answer")
        elif entry.question in _ids(book.questions) or entry.answers:
            raise ValueError(f"break in series: {entry.question!r} is gone, so it is no question here, with no answers")


def _check_what_is_made(book):
    """Net scores, figures, findings and trends are of measures, answers and groups that there are, each once."""
    for place, measure, break_, categories in _drawn(book):
        _known([measure], _ids(book.measures), f"{place}: measure")
        _known([break_], {TOTAL, *book.measure(measure).breaks}, f"{place}: break of measure {measure}")
        known = set(book.question(book.measure(measure).question).categories)
        _known(categories, known, f"{place}: category of measure {measure}")
    for kind, parts in (("figure", book.figures), ("trend", book.trends)):
        for part in parts:
            _once(part.categories, f"{kind} {part.id}: the category {{!r}}")
    for finding in book.findings:
        for c in finding.clauses:
            groups = [x for x in (c.group, c.versus) if x]
            _known(groups, _ids(book.groups(c.break_)), f"finding {finding.id}: group")


def _check_steps(book):
    """A step's criteria can be told apart, and each says which answers meet it."""
    for step in book.steps:
        _once((c.id for c in step.criteria), f"step {step.id}: the criterion {{!r}}")
        for criterion in step.criteria:
            _check_where(book, criterion.where, f"step {step.id}, criterion {criterion.id}")


def _check_net_scores(book):
    """No answer is on both sides of a net score, or on one of them twice, and no organisation can be on both."""
    for score in book.net_scores:
        question = book.question(book.measure(score.measure).question)
        if question.several:
            raise ValueError(f"net score {score.id}: question {question.id} takes several answers; it must take one")
        sides = (answer for c in (*score.plus, *score.minus) for answer in question.members(c))
        _once(sides, f"net score {score.id}: the answer {{!r}}")


def _check_themes(book):
    """A figure of themes has nets to list answers under, and lists no answer beside them."""
    for figure in (f for f in book.figures if f.kind == "themes"):
        question = book.question(book.measure(figure.measure).question)
        if not question.nets:
            raise ValueError(f"figure {figure.id}: themes are nets of answers, and question {question.id} has none")
        _known(figure.categories, _ids(question.nets), f"figure {figure.id}: net of question {question.id}")


def _drawn(book):
    """What is made of measures: pairs of a place in the codebook and the (measure, break, categories) it speaks of."""
    for f in book.figures:
        yield f"figure {f.id}", f.measure, f.break_, f.categories
    scores = {s.id: s for s in book.net_scores}
    for s in book.net_scores:
        yield f"net score {s.id}", s.measure, TOTAL, (*s.plus, *s.minus)
    for t in book.trends:
        if t.net_score is not None:
            _known([t.net_score], scores, f"trend {t.id}: net score")
        yield f"trend {t.id}", t.measure or scores[t.net_score].measure, t.break_, t.categories
    for finding in book.findings:
        for c in finding.clauses:
            yield f"finding {finding.id}", c.measure, c.break_, [x for x in (c.category, c.versus_category) if x]


def _check_chapters(book):
    """What a chapter holds is there, and in no other chapter."""
    for what in ("figures", "findings", "measures"):
        placed = [i for chapter in book.chapters for i in getattr(chapter, what)]
        _known(placed, _ids(getattr(book, what)), f"chapters, {what}:")
        for repeated in _repeated(placed):
            raise ValueError(f"chapters: the {what} {repeated!r} stand twice")


def _check_exports(book):
    """An export can be read: no code, text or column stands for two things, and own words can be found by words."""
    columns, clean = {}, {c for q in book.questions for c in q.columns if q.several}
    for q in book.questions:
        _once((a.code for a in q.answers if a.code is not None), f"question {q.id}: the code {{}}")
        meant = {}
        for answer, text in ((a.id, text) for a in q.answers for text in a.texts):
            if (other := meant.setdefault(fold(text), answer)) != answer:
                raise ValueError(f"question {q.id}: the text {text!r} stands for two answers, {other} and {answer}")
        for answer, phrase in ((a.id, p) for a in q.answers for p in a.phrases or (a.label,)):
            if q.kind == "open" and not words(phrase):
                raise ValueError(f"question {q.id}: the phrase {phrase!r} of {answer} has no word to look for")
        # Own words stand, until they are coded, under the name of their column, where other answers have the id's.
        for column in q.export_columns if q.kind == "open" else ():
            if column != q.id and column in {other.id for other in book.questions}:
                raise ValueError(f"question {q.id}: its column {column!r} is another question's id; rename that id")
            if column in clean:
                raise ValueError(
                    f"question {q.id}: its column {column!r} is that of an answer once it is read; rename it"
                )
        file = "frame" if q.asked_of == "frame" else "interviews"
        for column in q.export_columns:
            # A column called MARK says that a file is simulated, and is no part of what is read.
            if column != column.strip() or fold(column) in OWN_COLUMNS[file] or column == MARK:
                raise ValueError(f"question {q.id}: no question can have the column {column!r}")
            if (other := columns.setdefault((file, fold(column)), q.id)) != q.id:
                raise ValueError(f"questions {other} and {q.id} have one column of the export, {column!r}")


def _check_bands(book):
    """A size lies in one band of its sector at most, no band is empty, a sparse cell joins another of its sector."""
    sectors = {a.id: a.band.sector for a in book.question(book.size_band).answers if a.band}
    for sector in book.question(book.sector).answers:
        if sector.id not in sectors.values():
            raise ValueError(f"question {book.size_band}: no answer is a size band of the sector {sector.id!r}")
    for pair in book.collapse:
        _known(pair, sectors, "collapse: band")
        if pair[0] == pair[1] or sectors[pair[0]] != sectors[pair[1]]:
            raise ValueError(f"collapse: {pair[0]} can join another band of its sector, not {pair[1]}")
    for q in book.questions:
        banded = [(a.id, a.band) for a in q.answers if a.band]
        bands = sorted((b.sector, b.at_least, inf if b.below is None else b.below, i) for i, b in banded)
        for _, at_least, upper, answer in bands:
            if upper <= at_least:
                raise ValueError(f"question {q.id}: the band of {answer} holds no size")
        for (sector, _, upper, answer), (next_sector, at_least, _, next_answer) in pairwise(bands):
            if sector == next_sector and at_least < upper:
                raise ValueError(f"question {q.id}: the bands of {answer} and {next_answer} overlap")


def _check_where(book, where, place):
    """A condition that must say something: without any, everyone would be selected in silence."""
    if not where:
        raise ValueError(f"{place}: `where` is empty, which selects everyone")
    _check_condition(book, where, place)


def _check_condition(book, condition, place):
    for question, test in condition.items():
        _known([question], _ids(book.questions), f"{place}: question")
        named = (*test.any, *test.all, *test.none)
        if not named:
            raise ValueError(f"{place}: no answer of {question} is named, which selects everyone")
        _known(named, _ids(book.question(question).answers), f"{place}: answer of {question}")
        _once(named, f"{place}: the answer {{!r}} of {question}")


def _ids(parts):
    return {p.id for p in parts}


def _repeated(names):
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _once(names, what):
    for repeated in _repeated(names):
        raise ValueError(f"{what.format(repeated)} stands twice")


def _free(names, taken, what):
    for name in names:
        if name in taken:
            raise ValueError(f"{what} {name!r}, which is one of the pipeline's own")


def _known(names, allowed, what):
    for name in names:
        if name not in allowed:
            raise ValueError(f"{what} {name!r} is not known; known are: {', '.join(sorted(allowed))}")
