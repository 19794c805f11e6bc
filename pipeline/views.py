"""The raw tables as expectations look at them: cells read as cleaning reads them, and joins made.

Great Expectations judges one table by its columns. What a row owes to other rows or files (is the contact in the
frame? was the question asked?) therefore stands here as a column of its own, in words. Each view has the rows and the
index (line of the file) of its raw table and None where nothing is to be judged. A cell that cleaning understands
holds what it means, an answer's id for example; any other is kept as it was found, so that it fails.

Contact details and own words are reduced to what is expected of them: their form, or whether they are coded.
"""

import re

import pandas as pd

from pipeline.changes import REPEATED, each_text
from pipeline.clean import band_codes_in, drop_repeated_contacts, merge_rows, size_bands, tidy_text
from pipeline.codebook import ORGANISATION
from pipeline.dispositions import OUTCOMES
from pipeline.raw import CONTACT_HISTORY, FRAME, INTERVIEWS, ROUND_FORM, frame_questions, interview_questions, readings
from pipeline.respondents import asked
from pipeline.responses import ABOUT, code_texts, tick_readings
from pipeline.texts import fold

# Columns that a raw table has not: each is named after the raw column that it judges.
LISTING = "contact_id (listing)"
ALIKE = "organisation (among ids alike)"
CONTACTS = "organisation (contacts)"
EMPLOYER = "contact_id (organisation in the frame)"
EARLIER_ROUND = "round (end of the round before)"
BORNE_OUT = "outcome (borne out)"
ADDRESS = "email (form)"
DOMAIN = "email (domain)"
NUMBER = "telephone (form)"
CONTACT_IN_FRAME = "contact_id (in the frame)"
IN_FRAME = "organisation (in the frame)"
COMPLETE_OF = "organisation (of a complete questionnaire)"
SECTOR = "organisation (sector of a complete questionnaire)"
APPROACHED = "completed_on (contact first tried)"

DATE_FORM = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"

# What the columns above can say.
FIRST, AGAIN = "listed once", "listed again"
OWN_ID, LIKE_ANOTHER = "an id of its own", "another id but for letter case or a dash"
ONE, NONE, ANOTHER = "one value", "no value", "another value than above"
NO_BAND = "in no band"
A_SIZE, CODE_OF_BAND = "a size", "the code of a band"
IN, OUT = "in the frame", "not in the frame"
BORNE, NOT_BORNE = "complete interview", "no complete interview"
AS_ROUTED, OFF_ROUTE, SILENT = "as routed", "answered, not asked", "asked, not answered"
CODED, UNCODED = "coded", "not coded"
TICKS = {"chosen": 1, "not chosen": 0}
INVENTED, ELSEWHERE = "example.org", "another domain"

# The outcomes of an attempt that must be borne out by an interview.
COMPLETED = tuple(outcome for outcome, code in OUTCOMES.items() if code == "1.1")


def banded(column):
    """The column with the band of a size."""
    return f"{column} (band)"


def number_or_code(column):
    """The column that says whether a size is one, or the code of a band."""
    return f"{column} (size or code)"


def per_organisation(column):
    """The column that says whether all rows of an organisation agree."""
    return f"{column} (per organisation)"


def date_of(column):
    """The column with the cells that are written as a date."""
    return f"{column} (date)"


def coding(column):
    """The column that says whether own words are covered by the codebook's phrases."""
    return f"{column} (coding)"


def routing(column):
    """The column that says whether a question was answered by those who were asked it."""
    return f"{column} (routing)"


def number_of(column):
    """The column with the number of answers that a complete questionnaire gives."""
    return f"{column} (number of answers)"


def views(fieldwork, codebook):
    """The view of each file of a Fieldwork, by file name; see the module for what it holds."""
    tidied, _ = tidy_text(fieldwork)
    _, log = drop_repeated_contacts(tidied)
    repeated = log.loc[log["rule"].eq(REPEATED), "row"]
    facts = _frame_answers(tidied.frame, codebook)
    of_organisations = facts.groupby(tidied.frame[ORGANISATION]).first()
    interviews = interviews_view(tidied, of_organisations, codebook)
    seen = {
        FRAME: frame_view(tidied.frame, facts, repeated, codebook),
        CONTACT_HISTORY: history_view(tidied, interviews),
        INTERVIEWS: interviews,
    }
    return {file: _with_gaps(view) for file, view in seen.items()}


def frame_view(frame, facts, repeated, codebook):
    """The sample frame: from the tidy one, what its cells mean, and the lines on which a contact is listed again."""
    view = frame[["contact_id", ORGANISATION]].copy()
    view[LISTING] = pd.Series(FIRST, index=frame.index).mask(frame.index.isin(repeated), AGAIN)
    begins = ~frame[ORGANISATION].duplicated()
    view[ALIKE] = _among_alike(frame[ORGANISATION]).where(begins)
    view[CONTACTS] = frame.groupby(ORGANISATION)["contact_id"].transform("size").where(begins)
    for question in frame_questions(codebook):
        (column,) = question.export_columns
        answers = facts[question.id].astype(object)
        if any(a.band for a in question.answers):
            coded = band_codes_in(frame, question)
            view[number_or_code(column)] = coded.map({True: CODE_OF_BAND, False: A_SIZE}).where(frame[column].ne(""))
            # One fault is reported once: where codes stand, no band is missed.
            view[banded(column)] = answers.mask(frame[column].ne("") & answers.isna() & ~coded, NO_BAND)
        else:
            view[column] = answers.fillna(frame[column])
        view[per_organisation(column)] = _agreement(frame[ORGANISATION], answers)
    view[ADDRESS] = each_text(frame["email"], shape)
    view[DOMAIN] = each_text(frame["email"], _domain)
    view[NUMBER] = each_text(frame["telephone"], shape)
    return view


def history_view(fieldwork, interviews):
    """The contact history, from the tidy tables and the view of the interviews."""
    history = fieldwork.contact_history
    view = history.assign(mode=each_text(history["mode"], fold), outcome=each_text(history["outcome"], fold))
    view[CONTACT_IN_FRAME] = _known(history["contact_id"], fieldwork.frame["contact_id"])
    view[EMPLOYER] = _employers(history, fieldwork.frame)
    view[date_of("attempted_on")] = _dates(view["attempted_on"])
    numbered = view[view["round"].str.fullmatch(ROUND_FORM)]
    ends = numbered.groupby(["contact_id", "round"])[date_of("attempted_on")].max().rename(EARLIER_ROUND).reset_index()
    ends["round"] = (ends["round"].astype(int) + 1).astype("string")
    ends = ends.dropna().set_index(["contact_id", "round"])[EARLIER_ROUND]
    view[EARLIER_ROUND] = ends.reindex(pd.MultiIndex.from_frame(view[["contact_id", "round"]])).to_numpy()
    borne_out = view[EMPLOYER].isin(interviews[COMPLETE_OF].dropna()).map({True: BORNE, False: NOT_BORNE})
    view[BORNE_OUT] = borne_out.where(view["outcome"].isin(COMPLETED) & view[EMPLOYER].notna())
    return view


def interviews_view(fieldwork, facts, codebook):
    """The interviews: cells by meaning, then how each question's answers fit its routing.

    From the tidy tables and `facts`, the frame's answers by organisation.
    """
    frame, history, interviews = fieldwork
    view = interviews[ABOUT].assign(status=each_text(interviews["status"], fold))
    view[IN_FRAME] = _known(interviews[ORGANISATION], frame[ORGANISATION])
    view[CONTACT_IN_FRAME] = _known(interviews["contact_id"], frame["contact_id"])
    view[EMPLOYER] = _employers(interviews, frame).where(view[IN_FRAME].eq(IN))
    view[COMPLETE_OF] = view[ORGANISATION].where(view["status"].eq("complete"))
    view[SECTOR] = view[COMPLETE_OF].map(facts[codebook.sector])
    view[date_of("completed_on")] = _dates(view["completed_on"])
    view[APPROACHED] = view["contact_id"].map(_dates(history["attempted_on"]).groupby(history["contact_id"]).min())
    answers, shown = _answers(interviews, view["status"], codebook)
    coded, uncoded, _ = code_texts(answers, codebook)
    for column, rows in uncoded.groupby("column")["row"]:
        shown.loc[rows, coding(column)] = UNCODED
    judged = _judgements(coded, _unread(shown, codebook), facts, codebook)
    return pd.concat([view, shown, judged], axis=1)


def _answers(interviews, status, codebook):
    """What the interviews' cells mean, as `code_texts` takes it; and the same as shown, other cells as found."""
    meant, shown = {}, {}
    for question in interview_questions(codebook):
        exported = question.export_columns
        if question.kind == "open":
            meant[exported[0]] = interviews[exported[0]]
            shown[coding(exported[0])] = interviews[exported[0]].ne("").map({True: CODED, False: None})
        elif question.kind == "single":
            meant[question.id] = _meanings(interviews[exported[0]], readings(question)).astype("string")
            shown[exported[0]] = meant[question.id].astype(object).fillna(interviews[exported[0]])
        else:
            for name, column, answer in zip(question.columns, exported, question.answers, strict=True):
                ticks = _meanings(interviews[column], tick_readings(question, answer))
                meant[name] = ticks.astype("Int8")
                shown[column] = ticks.map({number: word for word, number in TICKS.items()}).fillna(interviews[column])
    about = interviews[ABOUT].assign(status=status)
    meanings = pd.concat([about, pd.DataFrame(meant, index=about.index)], axis=1)
    return meanings, pd.DataFrame(shown, index=about.index)


def _unread(shown, codebook):
    """Which cells of each closed question are not understood: a boolean column per question id."""
    unread = {}
    for question in interview_questions(codebook):
        if question.kind != "open":
            known = list(TICKS) if question.several else [a.id for a in question.answers]
            cells = shown[question.export_columns]
            unread[question.id] = (cells.notna() & cells.ne("") & ~cells.isin(known)).any(axis=1)
    return pd.DataFrame(unread, index=shown.index)


def _judgements(answers, unread, facts, codebook):
    """Per question, on which rows its answers fit the routing, and how many a complete questionnaire gives.

    Where an organisation has a cell that is not understood, neither its question nor one that it leads to is judged:
    one fault is reported once.
    """
    complete = answers["status"].eq("complete")
    if not complete.any():
        return pd.DataFrame(index=answers.index, columns=_judged_columns(codebook))
    second = complete & answers[ORGANISATION].where(complete).duplicated()
    merged, _ = merge_rows(answers.assign(status=answers["status"].mask(second, "partial")), codebook)
    table = merged.answers.join(facts)
    doubtful = unread.groupby(answers[ORGANISATION]).any().reindex(table.index, fill_value=False)
    judged = {}
    for question in interview_questions(codebook):
        name, lines = question.column or question.id, merged.lines[question.id]
        leads = [q for q in (question.id, *question.asked_if) if q in doubtful]
        doubtful[question.id] = doubtful[leads].any(axis=1)
        heard = asked(table, question).astype("boolean").mask(doubtful[question.id])
        given = table[question.columns]
        judged[routing(name)] = _routing_states(answers, question, heard, given, lines)
        if number_of(name) in _judged_columns(codebook):
            number = given.eq(1).sum(axis=1)[heard.fillna(False)]
            judged[number_of(name)] = pd.Series(number.to_numpy(), index=lines[number.index])
        # An answer that was not asked for must not open the way to further questions.
        table = table.assign(**{c: given[c].where(heard.fillna(True)) for c in question.columns})
    return pd.DataFrame({name: states.reindex(answers.index) for name, states in judged.items()})


def _judged_columns(codebook):
    """The columns that `_judgements` gives."""
    asked_of = interview_questions(codebook)
    counted = [q for q in asked_of if q.several and (q.min_answers or q.max_answers)]
    return [*(routing(q.column or q.id) for q in asked_of), *(number_of(q.column or q.id) for q in counted)]


def _routing_states(answers, question, heard, given, lines):
    """Whether each row's answer was asked for and, on one row of an organisation, whether an answer is missing."""
    answered = answers[question.columns].notna().any(axis=1)
    organisation_heard = answers[ORGANISATION].map(heard)
    states = pd.Series(AS_ROUTED, index=answers.index).where(organisation_heard.notna())
    states = states.mask(answered & organisation_heard.eq(False).fillna(False), OFF_ROUTE)
    if question.kind == "single" and "" not in readings(question):
        missing = lines[heard.fillna(False) & given[question.id].isna()]
        states = states.mask(states.index.isin(missing), SILENT)
    return states


def _meanings(cells, known):
    """What each cell stands for, by its folded text; missing where the cell is empty or not understood."""
    return each_text(cells, lambda text: known.get(fold(text)) if text else None)


def _frame_answers(frame, codebook):
    """What each row of the frame says of its organisation: a column of answer ids per frame question."""
    answers = pd.DataFrame(index=frame.index)
    for question in frame_questions(codebook):
        (column,) = question.export_columns
        if any(a.band for a in question.answers):
            sector = answers[codebook.sector].groupby(frame[ORGANISATION]).transform("first")
            answers[question.id] = size_bands(frame[column], sector, question)
        else:
            answers[question.id] = _meanings(frame[column], readings(question))
    return answers


def _among_alike(ids):
    """Whether each id is the first of those that differ from it in letter case and the forms of dashes alone."""
    first = ids.groupby(each_text(ids, fold)).transform("first")
    return ids.eq(first).map({True: OWN_ID, False: LIKE_ANOTHER}).where(ids.ne(""))


def _agreement(organisation, answers):
    """Whether an organisation's rows agree on an answer: said on its first row and on each that differs from it."""
    first = organisation.map(answers.groupby(organisation).first())
    begins = ~organisation.duplicated()
    said = first.notna().map({True: ONE, False: NONE}).where(begins)
    return said.mask(answers.notna() & answers.ne(first), ANOTHER)


def _dates(cells):
    return cells.where(cells.str.fullmatch(DATE_FORM))


def _known(keys, frame_keys):
    """Whether each key stands in the frame; missing where the cell is empty."""
    return keys.isin(frame_keys).map({True: IN, False: OUT}).where(keys.ne(""))


def _employers(table, frame):
    """The organisation at which the frame has each row's contact; missing if the contact is not in the frame."""
    listed = frame[frame["contact_id"].ne("")].drop_duplicates("contact_id")
    return table["contact_id"].map(listed.set_index("contact_id")[ORGANISATION])


def shape(text):
    """A text with its letters as x and its digits as 9, runs as one: the form of an address, without the address."""
    return re.sub(r"9+", "9", re.sub(r"[^\W\d_]+", "x", re.sub(r"\d+", "9", text)))


def _domain(address):
    if not address:
        return None
    return INVENTED if fold(address).endswith((f"@{INVENTED}", f".{INVENTED}")) else ELSEWHERE


def _with_gaps(view):
    """The view with plain Python cells and None where a cell is empty, which is what Great Expectations counts."""
    plain = view.astype(object)
    return plain.mask(plain.isna() | plain.eq(""), None)
