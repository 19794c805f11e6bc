"""What a new wave's codebook changes, and what is left for a person to decide: tables and sentences."""

from textwrap import wrap

import pandas as pd

from pipeline.carried_over import carried_head, left_out, unjudged
from pipeline.codebook import ORGANISATION
from pipeline.codebook_difference import BREAKING, KINDS, TO_JUDGE, differences
from pipeline.offers import ALIKE, likeness
from pipeline.privacy import hide_details
from pipeline.raw import CONTACT_HISTORY, FILES, FRAME, INTERVIEWS, PERSONAL, interview_questions
from pipeline.texts import ITEMS, NOT_CHOSEN, fold

# So much of a text is shown in a table on the terminal.
WIDTH, WRAPPED = 44, 118
# So many cells of a corrected delivery are named.
FIRST_CELLS = 5
# The columns of ids, the first of which tells the rows of a raw file apart, and ids that are made up in their stead.
IDS, NUMBERED = ("interview_id", "attempt_id", "contact_id"), r"[ACI]\d{5}"
# A band is asked after if so many or more of it were to be expected, and fewer than this part of them answered: by
# chance that happens less than once in a hundred times.
EXPECTED, PART = 5, 0.1


def shown_differences(before, after):
    """The table of `differences`; a text too unlike to be the same one reworded is `unsure` until it is judged."""
    if before is None:
        return differences(after, after).iloc[:0]
    table = differences(before, after)
    reworded = table["kind"].eq("relabelled") & table["what"].isin([w for w, c in BREAKING.items() if c == "reworded"])
    judged = {b.question for b in after.breaks_in_series if not b.reason.startswith(TO_JUDGE)}
    unlike = [likeness(b, a) < ALIKE for b, a in zip(table["before"], table["after"], strict=True)]
    unsure = reworded & ~table["question"].isin(judged) & pd.Series(unlike, index=table.index)
    return table.assign(kind=table["kind"].mask(unsure, "unsure"))


def decisions(codebook, table, placed, cleaned, *, books_before, then, known, earlier, read_over, fewest):
    """What is left for a person to decide, a sentence each.

    `table` is that of `shown_differences`, `placed` the Placed by raw file, `cleaned` what `clean` makes of them,
    `books_before` the codebooks of the waves before and `then` the respondents of the newest of them, or None; `known`
    are these again where they were asked, and so may have answered twice. `earlier` is the codebook whose texts the
    wave's repeats: its own while it was rebuilt or rehearsed, or else that of the wave before; or None. `read_over`
    says whether somebody wrote the codebook that stands there; `fewest` is the smallest base that results are given
    for.
    """
    before = books_before[-1] if books_before else None
    new = set(table.loc[table["what"].eq("question") & table["kind"].isin(["new", "unsure"]), "question"])
    return [
        *_of_days(placed[INTERVIEWS].columns["completed_on"], codebook.wave),
        *_of_panel(cleaned.respondents, known, codebook, before),
        *_of_empty_columns(placed[INTERVIEWS].columns, codebook),
        *_of_small_bands(cleaned.respondents, codebook, fewest),
        *_of_sizes(cleaned.respondents, then, codebook, before),
        *_of_differences(codebook, table),
        *_of_reworded(codebook, table),
        *([] if before is None else _of_figures(codebook, before)),
        *_of_new_questions([q for q in codebook.questions if q.id in new], codebook),
        *_of_ticks([q for q in codebook.questions if q.id in new]),
        *(
            f"{question}: the file's labels do not have the answer {answer}: was it dropped?"
            for p in placed.values()
            for question, answer in p.silent
        ),
        *(
            f"{question}.{answer}: the file declares it to be a missing value, and the codebook does not"
            for p in placed.values()
            for question, answer in p.no_answers
        ),
        *(
            f"{column}: {len(rows)} texts in own words have no code: add phrases to the codebook"
            for column, rows in cleaned.uncoded.groupby("column")
        ),
        *_of_files(placed),
        *_of_notes(codebook, earlier),
        *_of_findings(codebook, earlier),
        *_of_head(codebook, books_before),
        *_of_respondents(codebook, len(cleaned.respondents)),
        *([] if read_over else [f"title, source and notes of data/codebook/{codebook.wave}.yaml: read them over"]),
    ]


def _of_empty_columns(columns, codebook):
    """Questions that nobody answers in the file: exports often leave own words out."""
    for question in interview_questions(codebook):
        named = [columns[c] for c in question.export_columns if c in columns]
        if named and all(cells.str.strip().eq("").all() for cells in named):
            where = ITEMS.join(str(cells.name) for cells in named)
            yield (
                f"{question.id}: not one row has an answer ({where}), so that each would be given by 0%: was it asked? "
                "If the export left it out, ask for it, or take the question out of the codebook"
            )


def _of_small_bands(respondents, codebook, fewest):
    """Size bands of so few that more than their own results will be withheld."""
    bands = codebook.question(codebook.size_band)
    for band, answered in _counted(respondents, codebook).items():
        if not answered:
            yield f"{bands.id}.{band}: nobody of it answered, so that nothing is said of it: is that so?"
        elif answered < fewest:
            yield (
                f"{bands.id}.{band}: {answered} answered, fewer than {fewest}. Its results are withheld, and to "
                "protect them others, at times everyone's: join it with its neighbour?"
            )


def _counted(respondents, codebook):
    """How many respondents each size band has, bands in the codebook's order and empty ones among them."""
    counts = respondents[codebook.size_band].astype("string").value_counts()
    return {a.id: int(counts.get(a.id, 0)) for a in codebook.question(codebook.size_band).answers}


def _of_sizes(respondents, then, codebook, before):
    """Bands that many had in the wave before and hardly any has now: their sizes may be of something else.

    Held against each other are bands that mean the same in both waves, within each sector.
    """
    if then is None:
        return
    now, was = _counted(respondents, codebook), _counted(then, before)
    meant = {a.id: a.band for a in before.question(before.size_band).answers}
    bands = {a.id: a.band for a in codebook.question(codebook.size_band).answers}
    for sector in dict.fromkeys(band.sector for band in bands.values()):
        all_now, all_then = (
            sum(n for i, n in counts.items() if book[i].sector == sector)
            for counts, book in ((now, bands), (was, meant))
        )
        gone = [
            f"{i} {now[i]} of {all_now} (in {before.wave} {was[i]} of {all_then})"
            for i, band in bands.items()
            if band.sector == sector and meant.get(i) == band and _is_lost(now[i], all_now, was[i], all_then)
        ]
        if gone:
            yield (
                f"{codebook.size_band}, sector {sector}: {', '.join(gone)}: are the sizes in the unit that the "
                "codebook's size question asks for?"
            )


def _is_lost(now, all_now, was, all_then):
    """Whether a band has hardly any of those whom the wave before lets expect in it."""
    expected = all_now * was / all_then if all_then else 0
    return expected >= EXPECTED and now < PART * expected


def _of_reworded(codebook, table):
    """Labels and sentences that were written of a question as it was asked before."""
    reworded = table.loc[table["what"].eq("text") & table["kind"].isin(["relabelled", "unsure"]), "question"]
    for question in dict.fromkeys(reworded):
        measures = {m.id for m in codebook.measures if m.question == question}
        figures = [f.id for f in codebook.figures if f.measure in measures]
        findings = [f.id for f in codebook.findings if any(c.measure in measures for c in f.clauses)]
        if parts := [*figures, *findings]:
            yield f"{question} is asked in other words: do those of {', '.join(parts)} still fit?"


def _of_differences(codebook, table):
    for row in table[table["kind"].eq("unsure")].to_dict("records"):
        who = f"{row['question']}.{row['answer']}" if row["answer"] else row["question"]
        yield f"{who}: is it the same? The {row['what']} was '{row['before']}' and is '{row['after']}'"
    for entry in unjudged(codebook):
        yield (
            f"{entry.question}: does its series break ({entry.change})? Until `comparable` and `reason` are set in "
            "breaks_in_series, it does"
        )


def _of_figures(codebook, before):
    for sentence in left_out(codebook, before):
        yield f"{sentence}: if it is to be drawn, add it, or a net that holds it, to the figure's `categories`"


def _of_new_questions(new, codebook):
    measured = {m.question for m in codebook.measures}
    said = {fold(a.label): a.missing for q in codebook.questions for a in q.answers if a.missing}
    for question in new:
        for answer in question.answers:
            if not answer.missing and fold(answer.label) in said:
                yield f"{question.id}.{answer.id}: is it `missing: {said[fold(answer.label)]}`, as in other questions?"
        if question.id not in measured:
            yield f"{question.id}: a new question without a measure, of which no estimate is made"
        if question.text == question.column:
            yield f"{question.id}: what was asked? The file gives no text"
        if any("" in a.spellings for a in question.answers) and not question.asked_if:
            yield f"{question.id}: who was asked? Not all answered, and `asked_if` is empty"


def _of_ticks(new):
    """New questions of yes and no whose columns have one stem: the answers of one question, as a set would say."""
    by_stem = {}
    for question in new:
        stem, _, end = (question.column or "").rpartition("_")
        if stem and question.kind == "single" and _says_whether(question):
            by_stem.setdefault(stem, []).append((question, end))
    for stem, parts in by_stem.items():
        ends = [end for _, end in parts]
        if len(parts) > 1:
            told = "code" if all(end.isdecimal() for end in ends) else "id"
            yield (
                f"{', '.join(q.id for q, _ in parts)}: these look like the ticks of one question. If so, put it in "
                f"their place: `kind: multiple`, `column: {stem}`, and an answer for each, whose `{told}` is "
                f"{', '.join(ends)}; and one entry in breaks_in_series in place of theirs"
            )


def _says_whether(question):
    """Whether a question can be answered by one thing, or by that and its denial, beside answers that say nothing."""
    answers = [a for a in question.answers if not a.missing]
    return len(answers) == 1 or (len(answers) == 2 and any(map(_denies, answers)))


def _denies(answer):
    label = fold(answer.label)
    return label in NOT_CHOSEN or label.startswith("not ") or answer.code == 0


def _of_head(codebook, books_before):
    for key, what in carried_head(codebook, books_before):
        wave = codebook.wave
        yield f"{key} of data/codebook/{wave}.yaml: {what}. Name {wave} in it; `tracker check` refuses it as it is"


def _of_respondents(codebook, answered):
    if codebook.respondents not in (None, answered):
        yield (
            f"respondents of data/codebook/{codebook.wave}.yaml: it says {codebook.respondents}, and {answered} "
            f"answered. Take it out, unless a report of {codebook.wave} says that it rests on so many"
        )


def _of_files(placed):
    if FRAME not in placed:
        yield "there is no frame: nothing is known of organisations that did not answer, and no response rate is given"
    elif CONTACT_HISTORY not in placed:
        yield "there is no contact history: it is not known who was tried, and no response rate is given"


def _of_days(days, wave):
    other = ~days.str.startswith(str(wave))
    if other.any():
        first = days[other].iloc[0]
        yield f"{other.sum()} of {len(days)} interviews are not of {wave} ({first}): are they of this wave?"


def _of_panel(respondents, then, codebook, before):
    if then is None:
        return
    columns = [c for c in codebook.columns if c in before.columns and c != ORGANISATION]
    now, was = (t.set_index(ORGANISATION)[columns] for t in (respondents, then))
    both = now.index.intersection(was.index)
    if both.empty:
        yield "no organisation has the id of one that answered in the wave before: are they the same ids?"
        return
    told = f"{len(both)} of {len(now)} organisations answered in {before.wave} too"
    alike = now.loc[both].astype("string").fillna("").eq(was.loc[both].astype("string").fillna("")).all(axis=None)
    yield f"{told}, and every one as then: is it that wave's delivery?" if alike else f"{told}: is that so?"


def _of_notes(codebook, earlier):
    """What a report's reconstruction, or a rehearsal, has in its notes stands under figures and in the codebook."""
    if earlier is not None and earlier.kind != "fieldwork":
        notes = {part.note for part in (*earlier.questions, *earlier.figures)}
        parts = [p.id for p in (*codebook.questions, *codebook.figures) if p.note and p.note in notes]
        if parts:
            what = f"written of the {earlier.kind} of {earlier.wave}; reword them or take them out"
            yield f"`note` of {', '.join(parts)}: {what}"


def _of_findings(codebook, earlier):
    """Sentences of findings that speak of a printed report, which is not what measured answers are held against."""
    if earlier is not None and earlier.kind == "reconstruction":
        written = {clause for finding in earlier.findings for clause in _of_a_report(finding)}
        parts = [f.id for f in codebook.findings if any(clause in written for clause in _of_a_report(f))]
        if parts:
            what = f"sentences that speak of the report of {earlier.wave}; reword them or take them out"
            yield f"`text`, `ranged` or `unsettled` of {', '.join(parts)}: {what}"


def _of_a_report(finding):
    """The sentences of a finding that are said of a printed report only, or speak of one."""
    for clause in finding.clauses:
        yield from (text for text in (clause.ranged, clause.unsettled) if text)
        if "the report" in clause.text.casefold():
            yield clause.text


def as_text(ready):
    """A Wave as plain text: counts, the table of differences, and what is left to decide."""
    lines = []
    if ready.before is not None:
        counts = ready.differences["kind"].value_counts()
        told = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if kind in counts)
        lines += [f"The codebook of {ready.codebook.wave} beside that of {ready.before.wave}: {told}", ""]
        lines += [*_difference_lines(ready.differences), ""]
    counts = [f"{file} {len(table):,}" for table, file in zip(ready.fieldwork, FILES, strict=True)]
    lines += [f"Rows: {', '.join(counts)}", "", "Left for a person to decide:"]
    left = [sentence if sentence.endswith("?") else f"{sentence}." for sentence in ready.to_decide]
    return "\n".join([*lines, *(f"  - {sentence}" for sentence in left)])


def _difference_lines(table):
    """The differences as lines of text in columns; questions that are the same are on one line together."""
    same = table.loc[table["kind"].eq("same"), "question"]
    shown = table[table["kind"].ne("same")]
    who = shown["question"] + shown["answer"].map(lambda a: f".{a}" if a else "")
    rows = [["kind", "question", "what", "before", "after"]]
    texts = [_cut_alike(*pair) for pair in zip(shown["before"], shown["after"], strict=True)]
    rows += [[*start, *pair] for *start, pair in zip(shown["kind"], who, shown["what"], texts, strict=True)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    told = wrap(f"same: {', '.join(same)}", WRAPPED, subsequent_indent="  ", break_on_hyphens=False)
    return [*(lines if len(shown) else []), *told]


def _cut_alike(before, after):
    """Two texts as far as a column has room, from shortly before the word where they begin to differ."""
    same = next((i for i, (b, a) in enumerate(zip(before, after, strict=False)) if b != a), 0)
    start = max(0, before.rfind(" ", 0, max(0, same - WIDTH // 4)) + 1)
    if max(len(before), len(after)) <= WIDTH or same < WIDTH // 2:
        start = 0
    return tuple(_cut("..." * bool(start and text) + text[start:]) for text in (before, after))


def _cut(text):
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."


def changes_text(was, now):
    """How a raw table differs from the one that stood there: rows by their id, then cells.

    An id that was made up for want of one is that of a place in the file: rows are then those of an organisation (or
    of a contact), in their order. The first few cells are named, with what they were and are.
    """
    made_up = [c for c in IDS if c in now and len(now) and now[c].str.fullmatch(NUMBERED).all()]
    key = next(c for c in (*IDS, ORGANISATION) if c in now and c not in made_up)
    old, new = (_by_row(table.astype("str").drop(columns=made_up, errors="ignore"), key) for table in (was, now))
    both, columns = new.index.intersection(old.index), [c for c in new if c in old]
    other = old.loc[both, columns].ne(new.loc[both, columns])
    gone, come = len(old.index.difference(new.index)), len(new.index.difference(old.index))
    counts = [(len(both), "row stays", "rows stay"), (gone, "goes", "go"), (come, "comes", "come")]
    parts = [f"{n:,} {one if n == 1 else several}" for n, one, several in counts if n or one == "row stays"]
    parts += [f"{c} goes" for c in old if c not in new] + [f"{c} comes" for c in new if c not in old]
    cells = [(row, column) for column in columns for row in both[other[column]]]
    first = [f"{i[0]} {c}" + _from_to(old.at[i, c], new.at[i, c], c) for i, c in cells[:FIRST_CELLS]]
    first += ["..."] if len(cells) > FIRST_CELLS else []
    moved = "1 cell changes" if len(cells) == 1 else f"{len(cells):,} cells change"
    return ", ".join(parts) + f"; {moved}" + (f" ({ITEMS.join(first)})" if cells else "")


def _by_row(table, key):
    """A table under the key of each row and, where several have one, the place among these."""
    return table.set_index(pd.MultiIndex.from_arrays([table[key], table.groupby(key).cumcount()])).drop(columns=key)


def _from_to(old, new, column):
    """What a cell was and is; nothing of a contact."""
    return "" if column in PERSONAL else f" from {_cut(hide_details(old))!r} to {_cut(hide_details(new))!r}"
