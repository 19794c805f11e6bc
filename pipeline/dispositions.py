"""Final dispositions of the organisations approached, and response rates.

Both follow AAPOR, Standard Definitions: Final Dispositions of Case Codes and Outcome Rates for Surveys, 10th edition
(2023). A case is an organisation, however many of its contacts were tried:

1. A complete questionnaire makes it 1.1. One never completed makes it 1.2 if it answers at least the share
   `partial_from` of the questions put to everyone and not answered in own words, else 2.12 (the standard leaves the
   share to the survey). Where there is no such question, the share is 0.
2. Otherwise the most telling attempt at any of its contacts decides, whichever round it was in, in the order of
   OUTCOMES: that it no longer exists (4.0), a refusal (2.11), an interview broken off (2.12), a person who agreed and
   was not interviewed (2.3), signs that it exists though the person was not reached (2.2), nothing heard (3.0).

Codes are given as deep as the standard's families go for every mode (1.1, 1.2, 2.11, 2.12, 2.2, 2.3, 3.0, 4.0). UH and
UO, which the standard keeps apart for households, are one group U here.

Where no contact history was delivered, only interviews decide and every other case stays unknown. How many of these
were tried, or reached, is not known then, and no rate is given.
"""

import pandas as pd

from pipeline.approached import attempts_are_known
from pipeline.cells import are_days
from pipeline.changes import SPELLING, change_log, changes, each_text
from pipeline.codebook import ORGANISATION, TOTAL
from pipeline.problems import InputProblem
from pipeline.raw import CONTACT_HISTORY, INTERVIEWS, MODES, ROUND_FORM, among, frame_questions, stop_at
from pipeline.texts import fold

# What an attempt can end in, the most telling first, and the final disposition that it makes.
OUTCOMES = {
    "completed": "1.1",
    "not eligible": "4.0",
    "refused": "2.11",
    "partial": "2.12",
    "appointment": "2.3",
    "replied": "2.3",
    "call back": "2.2",
    "out of office": "2.2",
    "answerphone": "2.2",
    "left organisation": "2.2",
    "no answer": "3.0",
    "no reply": "3.0",
    "bounced": "3.0",
    "wrong number": "3.0",
}
# Code: its name, and its group in the rates.
DISPOSITIONS = {
    "1.1": ("Complete", "I"),
    "1.2": ("Partial", "P"),
    "2.11": ("Refusal", "R"),
    "2.12": ("Broken off", "R"),
    "2.2": ("Not reached", "NC"),
    "2.3": ("Reached, not interviewed", "O"),
    "3.0": ("Unknown whether eligible", "U"),
    "4.0": ("Not eligible", "NE"),
}
_ELIGIBLE = ("I", "P", "R", "NC", "O")
_REACHED = ("I", "P", "R", "O")
# Rate: its name, numerator, denominator, and how many of the unknown cases (U) the denominator holds: all, e, none.
RATES = {
    "RR1": ("Response rate 1", ("I",), _ELIGIBLE, "all"),
    "RR2": ("Response rate 2", ("I", "P"), _ELIGIBLE, "all"),
    "RR3": ("Response rate 3", ("I",), _ELIGIBLE, "e"),
    "RR4": ("Response rate 4", ("I", "P"), _ELIGIBLE, "e"),
    "RR5": ("Response rate 5", ("I",), _ELIGIBLE, "none"),
    "RR6": ("Response rate 6", ("I", "P"), _ELIGIBLE, "none"),
    "COOP1": ("Cooperation rate 1", ("I",), _REACHED, "none"),
    "COOP2": ("Cooperation rate 2", ("I", "P"), _REACHED, "none"),
    "COOP3": ("Cooperation rate 3", ("I",), ("I", "P", "R"), "none"),
    "COOP4": ("Cooperation rate 4", ("I", "P"), ("I", "P", "R"), "none"),
    "REF1": ("Refusal rate 1", ("R",), _ELIGIBLE, "all"),
    "REF2": ("Refusal rate 2", ("R",), _ELIGIBLE, "e"),
    "REF3": ("Refusal rate 3", ("R",), _ELIGIBLE, "none"),
    "CON1": ("Contact rate 1", _REACHED, _ELIGIBLE, "all"),
    "CON2": ("Contact rate 2", _REACHED, _ELIGIBLE, "e"),
    "CON3": ("Contact rate 3", _REACHED, _ELIGIBLE, "none"),
}
# What contact attempts rest on, by the codebook's kind: no report prints those of a reconstruction.
SUPPORT = {"reconstruction": "assumed", "rehearsal": "simulated", "fieldwork": "measured"}
NO_HISTORY = "no contact history"


def read_history(history):
    """Outcomes and modes of contact attempts in one spelling, and the log.

    Raises InputProblem at an outcome, mode, round or date that is none, saying which are allowed.
    """
    outcome, mode = each_text(history["outcome"], fold), each_text(history["mode"], fold)
    for column, faulty, allowed in (
        ("outcome", ~outcome.isin(OUTCOMES), OUTCOMES),
        ("mode", ~mode.isin(MODES), MODES),
        ("round", ~history["round"].str.fullmatch(ROUND_FORM), "a whole number from 1 to 99"),
        ("attempted_on", ~are_days(history["attempted_on"]), "YYYY-MM-DD"),
    ):
        stop_at(history, faulty, CONTACT_HISTORY, column, f"not a contact attempt's {column}", allowed=allowed)
    log = change_log(
        changes(CONTACT_HISTORY, "outcome", history["outcome"], outcome, SPELLING),
        changes(CONTACT_HISTORY, "mode", history["mode"], mode, SPELLING),
    )
    return history.assign(outcome=outcome, mode=mode), log


def final_dispositions(organisations, frame, history, answers, codebook, *, partial_from):
    """One row per organisation of the frame: how its case ended.

    `organisations` has a column per frame question, `frame` a row per contact, `history` a row per attempt (from
    `read_history`), `answers` a row per interview row (from `code_texts`). Columns of the result: organisation, the
    frame questions, contacts, attempts, decided_by (an id of an interview or attempt), outcome, code, disposition,
    group, support. Raises InputProblem where an attempt says completed and no complete interview bears it out,
    and for a `partial_from` outside 0 to 1.
    """
    if not 0 <= partial_from <= 1:
        what = "clean.partial_from: not a share of the questions"
        raise InputProblem(what, file="params.yaml", found=partial_from, allowed="0 to 1")
    attempts = history.assign(organisation=history["contact_id"].map(frame.set_index("contact_id")[ORGANISATION]))
    answered = _by_interview(answers, codebook, partial_from)
    complete = answered.index[answered["outcome"].eq("complete")].to_series()
    unfounded = attempts["outcome"].eq("completed") & ~among(attempts[ORGANISATION], complete)
    what = f"{INTERVIEWS} has no complete interview with this organisation"
    stop_at(attempts, unfounded, CONTACT_HISTORY, "outcome", what, do="correct the outcome or add the interview")
    tried = _by_attempt(attempts)
    decided = pd.concat([answered, tried[~among(tried.index.to_series(), answered.index.to_series())]])
    cases = organisations[[ORGANISATION, *(q.id for q in frame_questions(codebook))]].set_index(ORGANISATION)
    cases["contacts"] = frame.groupby(ORGANISATION).size()
    cases["attempts"] = attempts.groupby(ORGANISATION).size()
    cases = cases.join(decided).fillna({"attempts": 0, "decided_by": "", "outcome": "not attempted", "code": "3.0"})
    named = pd.DataFrame.from_dict(DISPOSITIONS, orient="index", columns=["disposition", "group"])
    cases = cases.join(named, on="code").assign(support=SUPPORT[codebook.kind])
    return cases.astype({"contacts": "int64", "attempts": "int64"}).sort_index().reset_index()


def _by_interview(answers, codebook, partial_from):
    put_to_all = [q for q in codebook.questions if q.asked_of == "respondent" and not q.asked_if and q.kind != "open"]
    given = pd.DataFrame({q.id: answers[q.columns].notna().any(axis=1) for q in put_to_all}, index=answers.index)
    # Where no question is put to everyone, none of them was answered: of no questions there is no mean.
    answered = given.groupby(answers[ORGANISATION]).any().mean(axis=1).fillna(0.0)
    last = answers.assign(complete=answers["status"].eq("complete")).sort_values(["complete", "completed_on"])
    last = last.drop_duplicates(ORGANISATION, keep="last").set_index(ORGANISATION)
    partial = answered.ge(partial_from).map({True: "1.2", False: "2.12"})
    code = partial.mask(last["complete"].reindex(partial.index), "1.1")
    return pd.DataFrame({"decided_by": last["interview_id"], "outcome": last["status"], "code": code})


def _by_attempt(attempts):
    rank = attempts["outcome"].map({outcome: place for place, outcome in enumerate(OUTCOMES)})
    newest_first = attempts.assign(rank=rank).sort_values(["attempted_on", "attempt_id"], ascending=False)
    told_most = newest_first.sort_values("rank", kind="stable").drop_duplicates(ORGANISATION).set_index(ORGANISATION)
    code = told_most["outcome"].map(OUTCOMES)
    return pd.DataFrame({"decided_by": told_most["attempt_id"], "outcome": told_most["outcome"], "code": code})


def count_dispositions(dispositions, codebook):
    """How many organisations ended in each disposition: code, disposition, group, All, and a column per sector."""
    sector = codebook.question(codebook.sector)
    counts = pd.crosstab(dispositions["code"], dispositions[sector.id])
    counts = counts.reindex(index=list(DISPOSITIONS), columns=[a.id for a in sector.answers], fill_value=0)
    counts = counts.rename(columns=sector.categories).rename_axis(columns=None)
    counts.insert(0, "All", counts.sum(axis=1))
    named = pd.DataFrame.from_dict(DISPOSITIONS, orient="index", columns=["disposition", "group"])
    return named.join(counts).rename_axis("code").reset_index()


def response_rates(dispositions, codebook):
    """AAPOR's rates, in all and by sector: break, group, rate, label, formula, numerator, denominator, value, support.

    e, the share of the unknown cases taken for eligible, is that of the cases whose eligibility is known (the
    proportional or CASRO method), in each group for itself. A rate without a denominator is empty, and so is every
    rate where no attempt is known.
    """
    sector = codebook.question(codebook.sector)
    groups = [(TOTAL, TOTAL, dispositions)]
    groups += [(sector.id, a.id, dispositions[dispositions[sector.id].eq(a.id)]) for a in sector.answers]
    rows = [
        {"break": break_, "group": group, **rate}
        for break_, group, cases in groups
        for rate in rates(cases["group"].value_counts())
    ]
    table = pd.DataFrame(rows).assign(support=SUPPORT[codebook.kind])
    return table if attempts_are_known(dispositions) else table.assign(value=None, support=NO_HISTORY)


def rates(counts):
    """The rates of one set of cases, from counts by disposition group (I, P, R, NC, O, U, NE): a list of dicts."""
    n = {group: int(counts.get(group, 0)) for group in (*_ELIGIBLE, "U", "NE")}
    eligible = sum(n[g] for g in _ELIGIBLE)
    e = _rate(
        "e", "Share of unknown cases taken for eligible", "eligible / (eligible + NE)", eligible, eligible + n["NE"]
    )
    # Without a case of known eligibility nothing can be estimated, and every unknown case stays in.
    weight = {"all": 1.0, "e": 1.0 if e["value"] is None else e["value"], "none": 0.0}
    shown = {"all": " + U", "e": " + eU", "none": ""}
    return [e] + [
        _rate(
            rate,
            label,
            f"{_sum(above)} / ({' + '.join(below)}{shown[unknown]})",
            sum(n[g] for g in above),
            sum(n[g] for g in below) + weight[unknown] * n["U"],
        )
        for rate, (label, above, below, unknown) in RATES.items()
    ]


def _sum(groups):
    return groups[0] if len(groups) == 1 else f"({' + '.join(groups)})"


def _rate(rate, label, formula, numerator, denominator):
    value = numerator / denominator if denominator else None
    names = ("rate", "label", "formula", "numerator", "denominator", "value")
    return dict(zip(names, (rate, label, formula, numerator, denominator, value), strict=True))
