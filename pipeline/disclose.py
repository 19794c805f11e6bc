"""What may leave a wave that is not public: numbers of too few are withheld, and those that would give them away.

Withheld first are the shares of a base below `minimum_base`, and a count of some organisations but fewer than
`minimum_count`, or of all but so few. Then others are withheld to protect them: for each withheld number another table
is looked for that has a different one in its place and otherwise what is published, changing as little as can be (a
linear program, after Kelly, Golden and Assad 1992); what changes is withheld too (`pipeline.attack`). What is known of
an organisation before anyone calls it is no secret, nor is an answer that says nothing of the matter: such numbers are
withheld only to protect others. Weighted numbers are rounded, since an exact one would say how many in each class of
the frame it rests on.

A reconstruction of a printed report is public already: nothing of it is withheld.
"""

import numpy as np
import pandas as pd

from pipeline.attack import Attack, Cell, Number, frame_classes, in_frame
from pipeline.codebook import TOTAL
from pipeline.estimate import INFERENCE, KEYS
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.printing import in_steps, outwards
from pipeline.respondents import gave, select

LOG = ["wave", *KEYS, "what", "reason"]
SMALL_BASE = "the base is below the smallest that results are given for"
CONFIDENTIAL = "too few, or all but too few, gave the answer, or the number would give such a one away"
PROTECTS = "the number would give away a share of a base that is below the smallest that results are given for"
# How the keys of bases, and of what weights say, begin. Ids have no blanks, so no measure is taken for one of these.
BASE, OF_WEIGHTS = "base ", "weighted "
TESTED = ("statistic", "df_numerator", "df_denominator", "p", "p_adjusted")


def protect(estimates, respondents, *, codebook, settings):
    """The estimates that may be published and the log of what is withheld: (estimates, log).

    `estimates` are all those of `pipeline.estimate`; `settings` the section `disclose` of the Params. Of a withheld row
    quality is `withheld`, and count, share, error and interval are empty; of a withheld base the bases too. The log has
    a row per withheld share and base, with LOG; it does not tell small numbers from those that protect them, since that
    alone would say how small they are.
    """
    if codebook.kind == "reconstruction":
        return estimates, pd.DataFrame(columns=LOG)
    hidden, small = withheld_cells(estimates, respondents, codebook=codebook, settings=settings)
    rows = estimates[KEYS].apply(tuple, axis=1)
    bases = _base_keys(estimates, codebook)
    no_base = pd.Series([key in hidden for key in bases], index=estimates.index)
    no_share = pd.Series([key in hidden for key in rows], index=estimates.index) | no_base
    kept = rounded(estimates, settings)
    blank = {c: kept[c].mask(no_share) for c in (*INFERENCE, "estimate")}
    blank["count"] = kept["count"].astype("Int64").mask(no_share)
    blank["n"] = kept["n"].astype("Int64").mask(no_base)
    blank |= {c: kept[c].mask(no_base) for c in ("n_weighted", "n_eff")}
    # Where no count is too small to be given, what is withheld beside small bases can only protect these.
    reason = CONFIDENTIAL if settings.minimum_count > 1 else PROTECTS
    log = _log(estimates, no_share, no_base, rows.isin(small), reason)
    return kept.assign(quality=kept["quality"].mask(no_share, "withheld"), **blank), log


def _log(estimates, no_share, no_base, small, reason):
    one = estimates["basis"].eq(UNWEIGHTED)
    shares = estimates[no_share & one].assign(what="share")
    # Of a base that is withheld itself not even that it is small is said: two are withheld where one is small.
    shares["reason"] = np.where((small & ~no_base)[shares.index], SMALL_BASE, reason)
    bases = estimates[no_base & one].drop_duplicates(["measure", "break", "group"])
    bases = bases.assign(what="base", category="", reason=reason)
    return pd.concat([shares, bases]).sort_index(kind="stable")[LOG].reset_index(drop=True)


def rounded(estimates, settings):
    """The estimates of `pipeline.estimate` with weighted numbers as coarse as the section `disclose` says.

    A share that is neither none nor all, and would be rounded to one of them, has the middle of what is rounded so: it
    never reads as what it is not.
    """
    weighted, quarter = estimates["basis"].eq(WEIGHTED), 0.25 * 10**-settings.share_digits
    coarse = coarsened(estimates, settings.share_digits)
    some = estimates["estimate"].gt(0) & estimates["estimate"].lt(1)
    coarse["estimate"] = coarse["estimate"].mask(some, coarse["estimate"].clip(quarter, 1 - quarter))
    coarse |= {"deff": estimates["deff"].round(1), "n_eff": estimates["n_eff"].round(0)}
    coarse["n_weighted"] = in_steps(estimates["n_weighted"], settings.weighted_base_to)
    return estimates.assign(**{c: estimates[c].mask(weighted, values) for c, values in coarse.items()})


def coarse_tests(tests, codebook, settings):
    """Tests between groups (`pipeline.group_tests`) as they may be published: weighted ones in a few digits.

    They rest on weighted shares to all digits, and so on what each class of the frame answered.
    """
    if codebook.kind == "reconstruction":
        return tests
    weighted = tests["basis"].eq(WEIGHTED)
    coarse = {c: significant(tests[c].astype(float), settings.share_digits) for c in TESTED}
    return tests.assign(**{c: tests[c].mask(weighted, numbers) for c, numbers in coarse.items()})


def coarsened(table, digits):
    """Estimate, error and interval of a table's rows in so many digits: {column: numbers}.

    After the point for the estimate, and for the interval, which is rounded outwards. The error is that of the rounded
    estimate: rounding adds the variance of a uniform error, the step squared over twelve (Sheppard 1898). It has so
    many *significant* digits, since in as many after the point a small one would be far off, and tests of changes rest
    on it. It says no more of the share than the share does. An error of nil stays nil.
    """
    step = 10.0**-digits
    error = table["se"].astype(float)
    error = np.hypot(error, step / np.sqrt(12)).mask(error.eq(0), 0.0)
    low, high = outwards(table["ci_low"], table["ci_high"], digits)
    estimate = in_steps(table["estimate"].astype(float), step).round(digits)
    return {"estimate": estimate, "se": significant(error, digits), "ci_low": low, "ci_high": high}


def significant(numbers, digits):
    """A Series of numbers in so many significant digits; nil stays nil."""
    size = np.floor(np.log10(numbers.abs().where(numbers.ne(0))))
    steps = in_steps(numbers, 10.0 ** (size - digits + 1))
    # What a product of floats has too much, whatever the size of the number.
    return steps.map(lambda x: float(f"{x:.{digits}g}"), na_action="ignore").mask(numbers.eq(0), 0.0)


def _base_keys(estimates, codebook):
    """For each row of the estimates the key of its base."""
    base_of = {m.id: m.base for m in codebook.measures}
    return [(BASE, base_of[m], b, g) for m, b, g in estimates[["measure", "break", "group"]].itertuples(index=False)]


def withheld_cells(estimates, respondents, *, codebook, settings):
    """The keys of the numbers that must not be published, and among the shares those of a small base: (hidden, small).

    A share's key is its KEYS, a base's (BASE, base, break, group).
    """
    rows = estimates[estimates["basis"].eq(UNWEIGHTED)]
    cells, values = cells_of(rows, respondents, codebook)
    hidden, small = _primary(rows, cells, values, codebook, settings)
    numbers = _numbers(estimates, cells, values, respondents, codebook, settings)
    linked = {"nets": nets_of(rows, codebook), "limits": limits_of(rows, respondents, codebook)}
    attack = Attack(numbers, codebook=codebook, respondents=respondents, **linked)
    needed = {key: settings.minimum_count if key in hidden - small else 1 for key in cells}
    costs = {key: _cost(key) for key in numbers if not attack.public(key)}
    shares = {}
    for key, base in zip(rows[KEYS].itertuples(index=False, name=None), _base_keys(rows, codebook), strict=True):
        shares.setdefault(base, set()).add(key)
    return _secondary(attack, hidden, needed, values, costs, shares), small


def published_numbers(estimates, respondents, *, codebook, settings):
    """Every number that estimates hold, as `pipeline.attack` takes it: {key: Number}, weighted ones as far as rounded.

    `estimates` are all of them; a weighted number is known as far as it is rounded and as weights are equal inside the
    classes of the frame: a reader does not know otherwise who has which.
    """
    cells, values = cells_of(estimates[estimates["basis"].eq(UNWEIGHTED)], respondents, codebook)
    return _numbers(estimates, cells, values, respondents, codebook, settings)


def _numbers(estimates, cells, values, respondents, codebook, settings):
    ones = np.ones(len(frame_classes(respondents, codebook)[0]))
    numbers = {key: Number(((cell, ones),), values[key], values[key]) for key, cell in cells.items()}
    factors, spread = _weights(respondents, codebook)
    coarse = rounded(estimates, settings)
    ours = coarse[coarse["basis"].eq(WEIGHTED) & coarse["n"].gt(0)]
    step = settings.weighted_base_to / 2
    classes, sizes = frame_classes(respondents, codebook)
    bases = _base_keys(ours, codebook)
    within = {base: _within(cells[base], classes, codebook) for base in set(bases)}
    for row, base in zip(ours.to_dict("records"), bases, strict=True):
        # How far the sum of weights may be from that of the middles of their classes.
        loose = float((spread * sizes)[within[base]].sum())
        if len(set(factors[within[base]])) == 1 and not loose:
            continue  # with one weight for all it says what the unweighted number says
        key, size = tuple(row[k] for k in KEYS), row["n_weighted"]
        numbers[OF_WEIGHTS, *base] = Number(
            ((cells[base], factors),), size - step - loose, size + step + loose, (base,)
        )
        if pd.notna(row["estimate"]):
            half, share = 0.5 * 10**-settings.share_digits, row["estimate"]
            # What is nearer than that to none or all was rounded to it.
            share = round(share) if min(share, 1 - share) < half else share
            loose *= 1 + share
            for side, ends in ((1, (-np.inf, loose)), (-1, (-loose, np.inf))):
                terms = ((cells[key], factors), (cells[base], -(share + side * (half + 1e-9)) * factors))
                numbers[OF_WEIGHTS, *key, side] = Number(terms, *ends, (key, base))
    return numbers


def _within(cell, classes, codebook):
    """Which classes of the frame a cell can have organisations of."""
    rows = pd.Series(True, index=classes.index)
    for where in cell.wheres:
        rows &= select(classes, {q: test for q, test in where.items() if in_frame(codebook.question(q))})
    return rows.to_numpy(bool)


def _weights(respondents, codebook):
    """The middle of the weights in each class of the frame, and how far they lie from it at most."""
    facts = [respondents[c].astype(object) for q in codebook.questions if in_frame(q) for c in q.columns]
    weights = respondents["weight"].groupby(facts, dropna=False, sort=True)
    least, most = weights.min().to_numpy(), weights.max().to_numpy()
    alike = most - least <= 1e-9 * most
    return np.where(alike, weights.first().to_numpy(), (least + most) / 2), np.where(alike, 0.0, (most - least) / 2)


def cells_of(rows, respondents, codebook):
    """Every unweighted number of organisations in these rows of estimates: ({key: Cell}, {key: number})."""
    cells, values, members, given = {}, {}, {}, {}
    for key in rows[KEYS].itertuples(index=False, name=None):
        measure_id, category, break_, group = key
        measure = codebook.measure(measure_id)
        question = codebook.question(measure.question)
        wheres = (codebook.base(measure.base).where, codebook.group(break_, group).where)
        base, answer = (BASE, measure.base, break_, group), (question.id, category)
        if base not in cells:
            members[base] = (select(respondents, wheres[0]) & select(respondents, wheres[1])).to_numpy(bool)
            cells[base], values[base] = Cell(wheres), float(members[base].sum())
        if answer not in given:
            given[answer] = gave(respondents, question, category).to_numpy(bool)
        cells[key], values[key] = Cell(wheres, question, category), float((members[base] & given[answer]).sum())
    return cells, values


def _primary(rows, cells, values, codebook, settings):
    """The cells that are too small themselves, and among the shares those of a small base."""
    hidden, small = set(), set()
    for row in rows.to_dict("records"):
        measure = codebook.measure(row["measure"])
        question = codebook.question(measure.question)
        key, base = tuple(row[k] for k in KEYS), (BASE, measure.base, row["break"], row["group"])
        n, count = values[base], values[key]
        if not _secret(cells[base], codebook) and in_frame(question):
            continue
        if 0 < n < settings.minimum_count and _secret(cells[base], codebook):
            hidden.add(base)
        if 0 < n < settings.minimum_base or (n and row["quality"] == "withheld"):
            hidden.add(key)
            small.add(key)
        elif not _says_nothing(question, row["category"]) and question.asked_of == "respondent":
            few = 0 < count < settings.minimum_count
            if few or (question.several and 0 < n - count < settings.minimum_count):
                hidden.add(key)
    return hidden, small


def _secret(cell, codebook):
    """Whether a base depends on what organisations answered."""
    return any(codebook.question(name).asked_of == "respondent" for where in cell.wheres for name in where)


def _says_nothing(question, category):
    """Whether all answers of a category are a don't know or a refusal."""
    missing = {a.id for a in question.answers if a.missing}
    return set(question.members(category)) <= missing


def nets_of(rows, codebook):
    """The nets of answers that may be given together, with these answers: pairs of keys."""
    found = []
    for measure, break_, group in rows[["measure", "break", "group"]].drop_duplicates().itertuples(index=False):
        question = codebook.question(codebook.measure(measure).question)
        for net in question.nets if question.several else ():
            keys = [(measure, category, break_, group) for category in (net.id, *net.answers)]
            found.append((keys[0], keys[1:]))
    return found


def limits_of(rows, respondents, codebook):
    """How many answers each organisation of a base gives, as `pipeline.attack` takes it: (base, answers, least, most).

    Where all answers to a question with several are measured and all who were asked keep the questionnaire's limits.
    """
    found = []
    keys = set(rows[KEYS].itertuples(index=False, name=None))
    for measure_id, break_, group in rows[["measure", "break", "group"]].drop_duplicates().itertuples(index=False):
        measure = codebook.measure(measure_id)
        question = codebook.question(measure.question)
        answers = [(measure_id, a.id, break_, group) for a in question.answers]
        if not question.several or not keys.issuperset(answers):
            continue
        # Of those in the base who were not asked each gives none.
        inside = select(respondents, codebook.base(measure.base).where)
        given = sum(gave(respondents, question, a.id).astype(int) for a in question.answers)[inside]
        least = question.min_answers if given.ge(question.min_answers).all() else 0
        most = question.max_answers if question.max_answers and given.le(question.max_answers).all() else None
        if least or most is not None:
            found.append(((BASE, measure.base, break_, group), answers, least, most))
    return found


def _secondary(attack, hidden, needed, values, costs, shares):
    """The hidden numbers with all that must be hidden beside them, so that none of them can be worked out.

    `needed`: by how many organisations, at least, each must stay uncertain; `values`: what the cells are; `costs`: what
    is lost with each number that may be withheld at all; `shares`: those of each base, which go with it.
    """
    hidden = hidden.union(*(shares[key] for key in hidden if key in shares))
    waiting = sorted(hidden & set(costs), key=lambda key: (-needed[key], key))
    while waiting:
        key = waiting.pop(0)
        for value in (values[key] + needed[key], values[key] - needed[key]):
            if attack.steps(key) >= needed[key] or value < 0:
                continue
            # The table as it is stands among those that could be.
            attack.lowest[attack.column[key]] = min(attack.lowest[attack.column[key]], values[key])
            attack.highest[attack.column[key]] = max(attack.highest[attack.column[key]], values[key])
            changed = attack.alternative(key, value, hidden, costs)
            if changed is not None:
                changed = {attack.numbers[k].withheld_with[0] if k[0] == OF_WEIGHTS else k for k in changed}
                changed = changed.union(*(shares[k] for k in changed if k in shares)) - hidden
                hidden |= changed
                waiting += sorted(changed)
    return hidden


def _cost(key):
    """What is lost with a number: everyone's is worth more than a group's, a base more than a share.

    A weighted number counts in organisations of the population, several for each respondent, so it costs less for each.
    """
    weighted = key[0] == OF_WEIGHTS
    of_whom = key[1:] if weighted else key
    everyone, base = of_whom[2] == TOTAL, of_whom[0] == BASE
    return (5 if everyone else 1) * (5 if base else 1) * (0.2 if weighted else 1)
