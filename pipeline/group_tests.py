"""Do the groups of a break differ? Rao and Scott's test for every measure and break, corrected for how many there are.

The test is the second-order corrected one (Rao and Scott 1984; F with fractional degrees of freedom), by svy, on the
whole table with the base as a domain. A question answered once is tested as a whole (all its answers by all groups); of
a question with several answers each answer is, given or not. Groups that overlap cannot be set against each other, so
each is set against the others of its base. What is tested stands in the table whether or not it differs. A
fact of the frame by another (size by sector) is not: no answer has a part in it. Where combinations that nobody has
hold a whole contrast of the two (`_sparse`; R's svychisq stops there), answers that say nothing and then the rarest are
tested as one, and named.
"""

from itertools import product

import networkx as nx
import numpy as np
import pandas as pd

from pipeline import false_discovery
from pipeline.codebook import TOTAL
from pipeline.estimate import KEYS, kish_effective_base, sample_of
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.printing import OF_A_RECONSTRUCTION, SETTLED, count_withheld, open_bases, state
from pipeline.respondents import gave, select
from pipeline.texts import ITEMS

COLUMNS = [
    *("wave", "measure", "category", "break", "group", "basis", "groups", "left_out", "as_one", "n", "statistic"),
    *("df_numerator", "df_denominator", "p", "p_adjusted", "counted", "quality", "mark", "key"),
]
ADJUSTED = ("p_adjusted", "counted", "mark", "key")
# The marks of an adjusted p below these levels, the smallest first.
MARKS = {0.001: "***", 0.01: "**", 0.05: "*"}
# Ids have no blanks, so neither is taken for a group or an answer of the codebook.
REST, NO_ANSWER, AS_ONE = "the others", "no answer", "as one"
NOT_EVIDENCE = "rests on modelled numbers: no evidence, no mark, outside the correction"
NO_DIFFERENCE = "no clear difference"
AS_ONE_KEY = (
    " In {} the answers that say nothing, and then the rarest, are taken as one, since too many combinations of a "
    "group and an answer are empty: `as_one` says which."
)
UNTESTED = {
    "groups": "not tested: fewer than two groups have an effective base above the limit",
    "answers": "not tested: all gave the same answer",
    "fixed": "not tested: answers follow from groups or strata, or everyone was asked: it has no error",
    "withheld": "not tested: a number that it rests on is withheld",
}


def compare_groups(respondents, *, codebook, estimates, settings):
    """Every test of a wave: a table with COLUMNS, unweighted and weighted, in codebook order.

    `respondents` are weighted, `estimates` those of `pipeline.estimate` (they say what is evidence), `settings` the
    section `analyse` of the Params. `category` is empty where a question is tested as a whole, `group` where all groups
    of the break are; `groups` counts those tested and `left_out` names those whose effective base is below
    `withhold_below`. Where a group's base is withheld there is no test, and both are empty: they would say which is
    small. `as_one` names answers that were tested as one (`_as_one`). `quality` is `ok`, `flagged` (a group's effective
    base is below `flag_below`), `withheld` (no test) or `modelled`. `p_adjusted` is Benjamini and Hochberg's over all
    tests of the basis that are evidence.
    """
    plan = list(_plan(respondents, codebook))
    withheld = _withheld(estimates)
    tables = []
    for basis in (UNWEIGHTED, WEIGHTED):
        weights = np.ones(len(respondents)) if basis == UNWEIGHTED else respondents["weight"].to_numpy(float)
        evidence = _evidence(estimates, basis)
        tests = [_narrowed(test, weights, settings, evidence, withheld) for test in plan]
        tables.append(adjust(_tested(tests, respondents, basis)).assign(basis=basis))
    table = pd.concat(tables).sort_index(kind="stable").reset_index(drop=True)
    return table.assign(wave=codebook.wave)[COLUMNS]


def _plan(respondents, codebook):
    """What is tested: keys, the `answer` of each respondent, the `group_of` each, and who is in (`inside`).

    `answers` and `parts` are the ids of all answers to the question and of all groups of the test, given or not;
    `missing` of those answers that say nothing.
    """
    for measure in codebook.measures:
        question = codebook.question(measure.question)
        base = select(respondents, codebook.base(measure.base).where).to_numpy(bool)
        for break_ in measure.breaks:
            if _of_the_frame(codebook, question.id, *(q for g in codebook.groups(break_) for q in g.where)):
                continue
            members = {g.id: select(respondents, g.where).to_numpy(bool) & base for g in codebook.groups(break_)}
            for group, group_of, inside in _groupings(members, base):
                for category, answer in _answers(respondents, question):
                    keys = {"measure": measure.id, "category": category, "break": break_, "group": group}
                    there = {
                        "answers": [a.id for a in question.answers],
                        "missing": [a.id for a in question.answers if a.missing],
                        "parts": [group, REST] if group else [*members],
                    }
                    yield keys | {"answer": answer, "group_of": group_of, "inside": inside} | there


def _of_the_frame(codebook, *questions):
    """Whether all these are facts of the frame, which nobody answered: bands lie within sectors whoever is asked."""
    return all(codebook.question(q).asked_of == "frame" for q in questions)


def _groupings(members, base):
    """One grouping where the groups of a break are apart, else one for each group against the others."""
    if np.sum(list(members.values()), axis=0).max(initial=0) <= 1:
        group_of = np.full(len(base), None, dtype=object)
        for group, rows in members.items():
            group_of[rows] = group
        yield "", group_of, np.any(list(members.values()), axis=0)
        return
    for group, rows in members.items():
        yield group, np.where(rows, group, REST).astype(object), base


def _answers(respondents, question):
    """The answers of each respondent: of a question answered once all, else each answer, given or not."""
    if not question.several:
        yield "", respondents[question.id].astype(object).where(respondents[question.id].notna(), NO_ANSWER).to_numpy()
        return
    for answer in question.answers:
        yield answer.id, np.where(gave(respondents, question, answer.id), "yes", "no").astype(object)


def _evidence(estimates, basis):
    """The keys of every estimate whose count is settled, and so its base: a set of (measure, category, break, group).

    A test counts, so a printed share that stands for several counts is not enough for one; nor, on the weighted basis,
    is a share of a reconstruction that has no error, since it is modelled how many answered in a stratum.
    """
    ours = estimates[estimates["basis"].eq(basis)]
    known = ours["support"].isin(SETTLED) & ~open_bases(ours)
    if basis == WEIGHTED:
        known &= ours["se"].notna() | ~ours["support"].isin(OF_A_RECONSTRUCTION)
    rows = ours[known]
    settled = [row for row in rows.to_dict("records") if state(row, "count") != "bounded"]
    return {tuple(row[key] for key in KEYS) for row in settled}


def _withheld(estimates):
    """The keys of every estimate whose count is withheld, and (measure, break, group) of every base that is.

    The counts and bases that are not given of a reconstruction are open, and public as far as they are known.
    """
    rows = estimates[estimates["basis"].eq(UNWEIGHTED) & count_withheld(estimates)]
    bases = rows.loc[rows["n"].isna(), ["measure", "break", "group"]]
    return {*rows[KEYS].itertuples(index=False, name=None), *bases.itertuples(index=False, name=None)}


def _narrowed(test, weights, settings, evidence, withheld):
    """A test without the groups that are too small, with its base `n`, `quality` and, where there is none, why."""
    inside, group_of = test["inside"], test["group_of"]
    bases = {g: kish_effective_base(weights[inside & (group_of == g)]) for g in dict.fromkeys(group_of[inside])}
    kept = {g: base for g, base in bases.items() if base >= settings.withhold_below}
    inside = inside & pd.Series(group_of).isin(list(kept)).to_numpy()
    answers = set(test["answer"][inside])
    # Which of its groups are tested, and how many, would say which withheld base is small and which protects it.
    no_base = any((test["measure"], *place) in withheld for place in _places(test, test["parts"]))
    # Of all answers, also those that nobody gave: that there is a test would say that nobody did.
    no_share = any(key in withheld for key in _rests_on(test, test["answers"], kept))
    why = "withheld" if no_base else "groups" if len(kept) < 2 else "withheld" if no_share else ""
    why = why or ("answers" if len(answers) < 2 else "")
    as_one = [] if why else _as_one(group_of[inside], test["answer"][inside], test["answers"], test["missing"])
    quality = "flagged" if min(kept.values(), default=0) < settings.flag_below else "ok"
    quality = quality if _settled(test, answers, kept, evidence) else "modelled"
    left_out = ITEMS.join(g for g in bases if g not in kept)
    counts = {"n": int(inside.sum()), "groups": len(kept), "left_out": left_out, "as_one": ITEMS.join(as_one)}
    if no_base:
        # The base of a test is the sum of its groups' bases, so it would give away one of them that is withheld.
        counts |= {"n": None, "groups": None, "left_out": ""}
    tested = {"inside": inside, "answer": _joined(test["answer"], as_one)}
    return test | counts | tested | {"quality": "withheld" if why else quality, "why": why}


def _as_one(groups, answers, order, missing):
    """The answers that are tested as one so that a table is not sparse: as few as will do, none where it is not.

    Those that say nothing come first, then the rarest, of the base; which cells are empty has no say in it but for how
    many are taken, so that a test promises what it did (tests hold that). Two answers are left in the end, and a
    table of two is never sparse.
    """
    counts = pd.Series(answers).value_counts()
    known = [a for a in [*order, NO_ANSWER] if a in counts.index]
    first = sorted(known, key=lambda a: (a not in missing and a != NO_ANSWER, counts[a]))
    tries = ([], *(first[:few] for few in range(2, len(first))))
    taken = next(few for few in tries if not _sparse(groups, _joined(answers, few)))
    return [a for a in known if a in taken]


def _joined(answers, as_one):
    return np.where(np.isin(answers.astype(str), as_one), AS_ONE, answers).astype(object) if as_one else answers


def _sparse(groups, answers):
    """Whether a contrast of groups and answers, each by organisation, lies in combinations alone that nobody has.

    A contrast (an interaction of the two) adds up to nil over every group and over every answer, so one can lie in
    empty cells where these make a circle: from one to the next along a row, on along a column, and so back. What the
    organisations are says nothing of it; the test's matrix of design effects has no inverse, and with a generalised one
    the test rejects far too often.
    """
    there, rows, columns = set(zip(groups, answers, strict=True)), set(groups), set(answers)
    empty = [((0, g), (1, a)) for g, a in product(rows, columns) if (g, a) not in there]
    return bool(nx.cycle_basis(nx.Graph(empty)))


def _settled(test, answers, groups, evidence):
    """Whether every estimate that a test rests on is settled; the others of a group are settled where everyone is."""
    return all(key in evidence for key in _rests_on(test, answers, groups))


def _rests_on(test, answers, groups):
    """The keys of the estimates that a test rests on."""
    categories = [test["category"]] if test["category"] else [a for a in answers if a != NO_ANSWER]
    return [(test["measure"], category, *place) for category in categories for place in _places(test, groups)]


def _places(test, groups):
    """Break and group of each group of a test; the others of a group are known where everyone is."""
    return [(TOTAL, TOTAL) if g == REST else (test["break"], g) for g in groups]


def _tested(tests, respondents, basis):
    """The tests as a table with statistic, degrees of freedom and p, by svy; empty where there is none."""
    import svy

    columns = {}
    for i, test in enumerate(tests):
        columns |= {f"a{i}": test["answer"].tolist(), f"g{i}": test["group_of"].tolist(), f"d{i}": test["inside"]}
    sample = sample_of(columns, respondents, basis)
    table_columns = ["why", "hypothesis", *(c for c in COLUMNS if c not in ("wave", "basis", *ADJUSTED))]
    rows = []
    for i, test in enumerate(tests):
        row = {k: v for k, v in test.items() if k in table_columns}
        if not test["why"]:
            found = sample.categorical.tabulate(f"g{i}", f"a{i}", where=svy.col(f"d{i}")).stats.f
            numbers = {"statistic": found.value, "df_numerator": found.df_num, "df_denominator": found.df_den}
            # Without an error svy's p is 1, however far apart the groups are.
            nothing = {"why": "fixed", "quality": "withheld", "as_one": ""}
            row |= numbers | {"p": found.p_value, "hypothesis": _hypothesis(test)} if found.df_num > 0 else nothing
        rows.append(row)
    return pd.DataFrame(rows, columns=table_columns).astype(dict.fromkeys(("n", "groups"), "Int64"))


def _hypothesis(test):
    """A label of what a test says of whom: the same where the same organisations are parted alike, either way about."""
    inside = test["inside"]
    parts = [pd.factorize(pd.Series(test[side][inside]))[0] for side in ("answer", "group_of")]
    return false_discovery.label(inside, *sorted(parts, key=lambda part: part.tobytes()))


def adjust(table):
    """Add `p_adjusted` and `counted` (`pipeline.false_discovery`) over the tests that are evidence, `mark` and `key`.

    `table` has `p`, `hypothesis`, `quality` and `why` (empty where there is a test). What is modelled or was not tested
    gets no adjusted p and no mark; `key` says in words what each row's mark means.
    """
    family = table[table["p"].notna() & table["quality"].isin(["ok", "flagged"])]
    table = table.join(false_discovery.adjust(family["p"], family["hypothesis"]))
    marks = table["p_adjusted"].map(lambda p: next((m for level, m in MARKS.items() if p < level), ""))
    levels = {mark: f"groups differ (adjusted p below {level:g})" for level, mark in MARKS.items()}
    key = marks.map(levels).fillna(NO_DIFFERENCE)
    key = key.mask(table["quality"].eq("modelled"), NOT_EVIDENCE).mask(table["why"].ne(""), table["why"].map(UNTESTED))
    return table.assign(mark=marks, key=key)


def key_text(table):
    """The key to a table of tests, for a notebook: marks, correction, how many tests of each basis it is over."""
    counts = table[table["counted"].eq(True)].groupby("basis").size().reindex([UNWEIGHTED, WEIGHTED], fill_value=0)
    marks = ", ".join(f"{mark} below {level:g}" for level, mark in reversed(MARKS.items()))
    modelled, untested = table["quality"].eq("modelled").sum(), table["quality"].eq("withheld").sum()
    as_one = table["as_one"].fillna("").ne("").sum()
    return (
        f"Marks of the adjusted p: {marks}. Adjusted by Benjamini and Hochberg over {counts[UNWEIGHTED]} unweighted "
        f"and {counts[WEIGHTED]} weighted tests. {modelled} more rest on modelled numbers: they are in the table, and "
        f"are no evidence of anything. {untested} could not be made." + (AS_ONE_KEY.format(as_one) if as_one else "")
    )
