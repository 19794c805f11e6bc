"""A rehearsal: a wave that nobody answered, drawn from the wave before and from a truth that the settings state.

Who answers: some of the organisations that answered before (the panel, under their own identifiers), and new ones,
each like a respondent of the wave before of its size band. What they answer, `a_year_later`:

1. Each answers a *topic* as before with the chance `stays`, and otherwise as a respondent of its sector and size did.
   A topic is all the questions that the codebook looks at together, by routing or in a measure, so that every share in
   every group stays what it was in the mean, and an answer's two values correlate by `stays`.
2. The shares that the truth moves are moved: of those who give an answer that falls, as many as make the stated change
   give one that rises. Where that opens a question to somebody, they answer it as one of their like who was asked it.
3. The answers are put into the later questionnaire: an answer that it has not becomes one that it has, a question that
   it has not goes, and a new one is drawn from the shares stated.

The changes are of shares among all respondents of the wave before. In a sample of another make-up they differ a little,
as the share of those who can change does.
"""

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from pipeline.codebook import ORGANISATION, TOTAL, load_codebook
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.respondents import asked, gave, typed
from pipeline.tables import BOUND_COLUMNS, read_respondents, write_table

SETTINGS = "params.yaml"


def rehearse(rng, first, records, *, before, codebook, truth):
    """The respondents of a rehearsed wave: some of `first`'s organisations again, and new ones like `records`.

    `first` is the wave before as it was sampled, `records` the respondents that stand for everybody at that time (often
    the same table), both tables of respondents of the Codebook `before`. `codebook` is the rehearsal's, `truth` the
    settings `rehearse`. Rows in order of sector and identifier. Raises InputProblem where the truth does not fit.
    """
    check_truth(truth, records, before=before, codebook=codebook)
    again = _panel(rng, first, before, truth)
    new = _newcomers(rng, records, before, truth)
    taken = new[ORGANISATION].isin(set(first[ORGANISATION]))
    if taken.any():
        what = "rehearse.first_number: an organisation of the wave before has this name"
        raise InputProblem(what, file=SETTINGS, found=new.loc[taken, ORGANISATION].iloc[0], do="begin further up")
    everyone = pd.concat([again, new], ignore_index=True)
    later = a_year_later(rng, everyone, records, before=before, codebook=codebook, truth=truth)
    sectors = {a.id: i for i, a in enumerate(codebook.question(codebook.sector).answers)}
    by_name = later.sort_values(ORGANISATION, kind="stable")
    order = by_name[codebook.sector].map(sectors).sort_values(kind="stable").index
    return by_name.loc[order].reset_index(drop=True)


def a_year_later(rng, table, records, *, before, codebook, truth):
    """The same organisations, as they answer the later codebook: a table of respondents in the order of `table`.

    The truth must fit (`check_truth`).
    """
    table, records = _plain(table, before), _plain(records, before)
    later = _answer_again(rng, table, records, before, truth.stays)
    for question in before.questions:
        later = _follow_routing(rng, later, records, question, before)
        if question.id in truth.moved:
            later = _move(rng, later, records, question, truth.moved[question.id])
    return _put_into(rng, later, before=before, codebook=codebook, truth=truth)


def _plain(table, codebook):
    """A table of respondents in pandas' plain types, with which the many small steps take half the time."""
    types = {c: object for c in codebook.columns} | {
        c: float for q in codebook.questions if q.several for c in q.columns
    }
    return table[codebook.columns].astype(types).reset_index(drop=True)


def topics(codebook):
    """The questions that are looked at together, by routing, in a measure or a step: lists of ids in codebook order.

    Facts of the frame belong to no topic.
    """
    together = [{q.id, *q.asked_if} for q in codebook.questions]
    for m in codebook.measures:
        groups = (g for b in m.breaks if b != TOTAL for g in codebook.groups(b))
        together.append({m.question, *codebook.base(m.base).where, *(q for g in groups for q in g.where)})
    together += [{q for criterion in step.criteria for q in criterion.where} for step in codebook.steps]
    answered = [q.id for q in codebook.questions if q.asked_of != "frame"]
    topic = {q: {q} for q in answered}
    for linked in together:
        merged = set().union(*(topic[q] for q in linked if q in topic))
        topic |= dict.fromkeys(merged, merged)
    found = []
    for q in answered:
        members = [other for other in answered if other in topic[q]]
        if members not in found:
            found.append(members)
    return found


# ---- who answers


def _panel(rng, first, before, truth):
    """The organisations that answer again: of each size band as many as the truth says, drawn at random."""
    drawn = []
    for band, sample in truth.organisations.items():
        there = np.flatnonzero(first[before.size_band].eq(band))
        if sample.panel > len(there):
            place = f"rehearse.organisations.{band}.panel: more answer again than answered"
            raise InputProblem(place, file=SETTINGS, found=sample.panel, allowed=f"0 to {len(there)}")
        drawn.append(rng.choice(there, sample.panel, replace=False))
    return first.iloc[np.sort(np.concatenate(drawn))]


def _newcomers(rng, records, before, truth):
    """The organisations that answer for the first time, each at first a copy of a record of its size band."""
    drawn = []
    for band, sample in truth.organisations.items():
        like = np.flatnonzero(records[before.size_band].eq(band))
        if sample.new and not len(like):
            place = f"rehearse.organisations.{band}.new: no respondent of the wave before to be like"
            raise InputProblem(place, file=SETTINGS, found=sample.new, allowed="0")
        drawn.append(rng.choice(like, sample.new) if sample.new else like[:0])
    new = records.iloc[np.concatenate(drawn)].reset_index(drop=True)
    number = new.groupby(before.sector, sort=False).cumcount() + truth.first_number
    # Text also where nobody is new: mapped, no numbers stay numbers.
    names = new[before.sector].str.upper() + number.map("-{:03d}".format).astype("str")
    return new.assign(**{ORGANISATION: names})


# ---- what they answer


def _like(rng, table, pool, book):
    """For each row of `table` the place in `pool` of a random row of its sector and size; else of its sector; else any.

    `pool` must have rows.
    """
    found = rng.integers(len(pool), size=len(table))
    for facts in ([book.sector], [book.sector, book.size_band]):
        places = _by_kind(pool, facts)
        for kind, rows in _by_kind(table, facts).items():
            if kind in places:
                found[rows] = rng.choice(places[kind], len(rows))
    return found


def _by_kind(table, facts):
    """The places of the rows of each kind, by the kind's facts as one text, in the order of the texts."""
    kind = table[facts[0]]
    for fact in facts[1:]:
        kind = kind + "/" + table[fact]
    return kind.groupby(kind, sort=True).indices


def _answer_again(rng, table, records, book, stays):
    """The answers a year later while nothing moves: each topic as before, or as another like the organisation."""
    both = pd.concat([table[book.columns], records[book.columns]], ignore_index=True)
    facts = [ORGANISATION, *(c for q in book.questions if q.asked_of == "frame" for c in q.columns)]
    parts = [table[facts]]
    for topic in topics(book):
        same = rng.random(len(table)) < stays
        other = len(table) + _like(rng, table, records, book)
        columns = [c for q in topic for c in book.question(q).columns]
        parts.append(both[columns].iloc[np.where(same, np.arange(len(table)), other)].set_axis(table.index))
    return pd.concat(parts, axis=1)[book.columns]


def _follow_routing(rng, table, pool, question, book):
    """Empty the question where it is not asked; where it is asked and empty, take the answer of their like in `pool`.

    Raises InputProblem where nobody in the pool has an answer to take.
    """
    if not question.asked_if and table[question.columns[0]].notna().all():
        return table
    heard = asked(table, question).to_numpy(bool)
    empty = table[question.columns].isna().all(axis=1).to_numpy(bool)
    answered = table[question.columns].where(pd.Series(heard, index=table.index), axis=0)
    wanting = heard & empty
    if wanting.any():
        told = pool[pool[question.columns].notna().all(axis=1)]
        if told.empty:
            what = f"rehearse.new: nobody in the wave before answered {question.id}, so its shares must be given"
            raise InputProblem(what, file=SETTINGS, do=f"add {question.id}")
        like = _like(rng, table[wanting], told, book)
        both = pd.concat([answered, told[question.columns]], ignore_index=True)
        source = np.arange(len(table))
        source[wanting] = len(table) + like
        answered = both.iloc[source].set_axis(table.index)
    return table.assign(**{c: answered[c] for c in question.columns})


def _move(rng, table, records, question, changes):
    """The table with the shares of one question's answers moved by `changes`, from those of `records`."""
    if question.several:
        for answer, change in changes.items():
            column = f"{question.id}.{answer}"
            chance = _chance(records, question, answer, change)
            turned = _free_to_turn(table, question, answer, change) & (rng.random(len(table)) < chance)
            table = table.assign(**{column: table[column].mask(turned, float(change > 0))})
        return table
    rises = {a: change for a, change in changes.items() if change > 0}
    gained = np.cumsum(list(rises.values())) / sum(rises.values())
    answers = table[question.id]
    for answer, change in changes.items():
        if change < 0:
            chance = _chance(records, question, answer, change)
            turned = gave(table, question, answer) & (rng.random(len(table)) < chance)
            which = np.searchsorted(gained, rng.random(len(table)), side="right").clip(max=len(rises) - 1)
            answers = answers.mask(turned, pd.Series(np.array(list(rises), dtype=object)[which], index=table.index))
    return table.assign(**{question.id: answers})


def _free_to_turn(table, question, answer, change):
    """Who could give the answer and does not (a rise), or gives it and could leave it out (a fall).

    An answer more or less must leave as many as the question takes.
    """
    given = gave(table, question, answer)
    if not question.several:
        return given if change < 0 else asked(table, question) & ~given
    number = table[question.columns].sum(axis=1)
    if change < 0:
        return given & number.gt(question.min_answers)
    return asked(table, question) & ~given & number.lt(question.max_answers or len(question.answers) + 1)


def _room(records, question, answer, change):
    """By how much the share of an answer could change at most, among those asked."""
    heard = asked(records, question).sum()
    return _free_to_turn(records, question, answer, change).sum() / heard if heard else 0.0


def _chance(records, question, answer, change):
    """With which chance each who can turn does, so that the share changes by `change`; 0 where nobody can."""
    room = _room(records, question, answer, change)
    return abs(change) / room if room else 0.0


def _put_into(rng, table, *, before, codebook, truth):
    """The answers as the later codebook has them."""
    known = {q.id: q for q in before.questions}
    later = pd.DataFrame({ORGANISATION: table[ORGANISATION]})
    for question in codebook.questions:
        if question.id in known:
            later = later.join(_carried(rng, table, known[question.id], question, truth.becomes.get(question.id, {})))
        elif question.id in truth.new:
            later = later.join(_drawn(rng, later, question, truth.new[question.id]))
        else:
            later = later.join(pd.DataFrame(np.nan, index=later.index, columns=question.columns))
        later = _follow_routing(rng, later, later, question, codebook)
    return typed(later, codebook)


def _carried(rng, table, old, question, becomes):
    """A question's columns in the later codebook: each old answer itself, or what the truth says that it becomes."""
    if not becomes and old.columns == question.columns:
        return table[old.columns]
    given = {a.id: gave(table, old, a.id).to_numpy(bool) for a in old.answers}
    ticks = pd.DataFrame(False, index=table.index, columns=[a.id for a in question.answers])
    for answer, who in given.items():
        shares = becomes.get(answer, {answer: 1.0})
        into = np.searchsorted(np.cumsum(list(shares.values())), rng.random(len(table)), side="right")
        for place, new in enumerate(shares):
            ticks[new] |= who & (into.clip(max=len(shares) - 1) == place)
    answered = table[old.columns].notna().all(axis=1)
    if question.several:
        return ticks.astype(float).where(answered, axis=0).set_axis(question.columns, axis=1)
    return ticks.idxmax(axis=1).astype(object).where(answered).to_frame(question.id)


def _drawn(rng, table, question, shares):
    """The answers to a new question, as if everybody were asked it."""
    if question.several:
        columns = zip(question.columns, question.answers, strict=True)
        ticks = {c: rng.random(len(table)) < shares.get(a.id, 0) for c, a in columns}
        return pd.DataFrame(ticks, index=table.index).astype(float)
    place = np.searchsorted(np.cumsum(list(shares.values())), rng.random(len(table)), side="right")
    drawn = np.array(list(shares), dtype=object)[place.clip(max=len(shares) - 1)]
    return pd.DataFrame({question.id: pd.Series(drawn, index=table.index)})


# ---- whether the truth can be


def check_truth(truth, records, *, before, codebook):
    """Raise InputProblem where the settings `rehearse` name what a codebook has not, or state what cannot be.

    Without `records` (None) nothing is said of how far a share can move.
    """
    bands = [a.id for a in before.question(before.size_band).answers]
    _known(truth.organisations, bands, "organisations", "size band of the wave before")
    kept = {q.id for q in codebook.questions} & {q.id for q in before.questions if q.asked_of != "frame"}
    _known(truth.moved, sorted(kept), "moved", "question of both waves that organisations answer")
    for question, changes in truth.moved.items():
        _check_moved(before.question(question), changes, records)
    both = [q.id for q in before.questions if q.id in {q.id for q in codebook.questions}]
    _known(truth.becomes, both, "becomes", "question of both waves")
    for question in both:
        _check_carried(before.question(question), codebook.question(question), truth.becomes.get(question, {}))
    fresh = [q.id for q in codebook.questions if q.id not in both]
    _known(truth.new, fresh, "new", "question that only the later wave asks")
    for question in fresh:
        _check_new(codebook.question(question), truth.new)


def _known(names, allowed, place, what):
    for name in names:
        if name not in allowed:
            raise InputProblem(f"rehearse.{place}: no such {what}", file=SETTINGS, found=name, allowed=list(allowed))


def _check_moved(question, changes, records):
    place = f"moved.{question.id}"
    _known(changes, [a.id for a in question.answers], place, "answer of the wave before")
    if not question.several and abs(sum(changes.values())) > 1e-9:
        what = f"rehearse.{place}: of a question with one answer the changes must add up to 0"
        raise InputProblem(what, file=SETTINGS, found=f"{sum(changes.values()):.4g}")
    if question.several and len(changes) > 1 and (question.max_answers or question.min_answers):
        what = f"rehearse.{place}: of a question that limits the number of answers only one can be moved"
        raise InputProblem(what, file=SETTINGS, found=list(changes))
    for answer, change in changes.items() if records is not None else ():
        room = _room(records, question, answer, change)
        if abs(change) > room + 1e-12:
            what = f"rehearse.{place}.{answer}: the share cannot move so far"
            end = f"{'at most' if change > 0 else 'at least'} {np.sign(change) * np.floor(room * 1000) / 1000:g}"
            raise InputProblem(what, file=SETTINGS, found=change, allowed=end)


def _check_carried(old, new, becomes):
    place = f"becomes.{old.id}"
    if old.several != new.several:
        what = f"rehearse.{place}: one wave takes several answers and the other one, which cannot be carried over"
        raise InputProblem(what, file=SETTINGS, do="give the question of the later wave an id of its own")
    _known(becomes, [a.id for a in old.answers], place, "answer of the wave before")
    for answer in old.answers:
        for into in becomes.get(answer.id, {answer.id: 1}):
            _known([into], [a.id for a in new.answers], f"{place}.{answer.id}", "answer of the later wave")
            band = new.answer(into).band
            if answer.band and (band is None or band.sector != answer.band.sector):
                what = f"rehearse.{place}.{answer.id}: a size band becomes one of the same sector"
                raise InputProblem(what, file=SETTINGS, found=into)


def _check_new(question, new):
    place = f"rehearse.new.{question.id}"
    if question.asked_of == "frame" or question.id not in new:
        what = "only the later wave asks it, so its shares must be given"
        if question.asked_of == "frame":
            what = "a fact of the frame that the wave before has not"
        raise InputProblem(f"{place}: {what}", file=SETTINGS)
    shares = new[question.id]
    _known(shares, [a.id for a in question.answers], f"new.{question.id}", "answer of the later wave")
    if question.several and (question.max_answers or question.min_answers):
        what = f"{place}: a new question that limits the number of answers cannot be drawn"
        raise InputProblem(what, file=SETTINGS)
    if not question.several and abs(sum(shares.values()) - 1) > 1e-9:
        raise InputProblem(f"{place}: the shares must add up to 1", file=SETTINGS, found=f"{sum(shares.values()):.4g}")


def main(
    wave: Annotated[int, typer.Option(help="Year of the rehearsal.")],
    params: Annotated[Path, typer.Option(help="Settings file.")] = Path(SETTINGS),
    data: Annotated[Path, typer.Option(help="Folder that holds codebook/, clean/ and respondents/.")] = Path("data"),
):
    """Rehearse a wave: from data/clean of the wave before to data/respondents/WAVE."""
    truth = load_params(params).rehearse
    if truth is None:
        raise InputProblem("there is no section `rehearse`", file=params, do="add it, or take the wave off the list")
    before = load_codebook(data / "codebook" / f"{truth.before}.yaml")
    codebook = load_codebook(data / "codebook" / f"{wave}.yaml")
    if codebook.kind != "rehearsal":
        raise InputProblem(
            "only a rehearsal is simulated", file=data / "codebook" / f"{wave}.yaml", found=codebook.kind
        )
    records = read_respondents(data / "clean" / str(truth.before) / "respondents.csv", before)
    rng = np.random.default_rng([truth.seed, wave])
    respondents = rehearse(rng, records, records, before=before, codebook=codebook, truth=truth)
    folder = data / "respondents" / str(wave)
    write_table(folder / "respondents.csv", respondents, codebook)
    write_table(folder / "bounds.csv", pd.DataFrame(columns=BOUND_COLUMNS), codebook)
    panel = respondents[ORGANISATION].isin(records[ORGANISATION]).sum()
    typer.echo(f"{len(respondents)} respondents, of which {panel} answered in {truth.before}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
