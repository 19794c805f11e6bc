"""What can be seen of a report's numbers one by one, or side by side, without solving for all of them at once.

Five checks, each a table of findings: a share that no whole number of its base can be (GRIM); counts labelled per cent;
one share printed differently; shares of one question that do not add up; a total outside the range of its groups. Every
finding names its claims and their places and says in a sentence, built from the numbers, what is wrong. They need no
solver, and see less than it: that no check finds anything does not mean that the numbers can all be true.
"""

from collections import defaultdict
from fractions import Fraction
from itertools import product

import pandas as pd

from pipeline.bases import Base, gives_a_size, stated_bases
from pipeline.claims import SHARES, limits
from pipeline.grim import around, nearest_possible, possible_on, sizes_text
from pipeline.printing import whole_text
from pipeline.ranges import WHOLE, Range, mean_range, total_range
from pipeline.shares import same_shares, settled_sizes, shares_of
from pipeline.whom import groups_of, parts_those_asked, share_of, whom, within
from pipeline.wording import category_words, finer, limited, listed, measure_words, percent, printed, subject_words, who

FINDINGS = ["check", "claims", "places", "sentence", "reading"]
IMPOSSIBLE, MISLABELLED = "impossible on its base", "counts labelled per cent"
DIFFERENTLY, NOT_WHOLE, OUTSIDE = "printed differently", "does not add up", "total outside its groups"
CHECKS = (IMPOSSIBLE, MISLABELLED, DIFFERENTLY, NOT_WHOLE, OUTSIDE)


def check_all(report):
    """All findings of a Report as one table, in the order of CHECKS."""
    checks = (impossible_on_base, counts_labelled_per_cent, printed_differently, not_adding_up, outside_its_groups)
    rows = [finding for check in checks for finding in check(report)]
    return pd.DataFrame(rows, columns=FINDINGS)


# ---- one claim on its base


def impossible_on_base(report):
    """Shares and counts that no whole number of any size that their base may have can be."""
    found, most = [], report.codebook.respondents or 0
    for claim in report.claims:
        base = report.bases.get(claim["id"], Base())
        if not base.sizes or not gives_a_size(claim) or possible_on(claim, base.sizes, report.worded_tolerance):
            continue
        near = nearest_possible(claim, base.sizes, most, report.worded_tolerance)
        sizes = "" if base.settled else f" none of {sizes_text(base.sizes)} organisations fits: for example,"
        possible = f" It would be possible of {' or '.join(map(whole_text, near))} organisations." if near else ""
        example = around(claim, base.sizes[-1], report.worded_tolerance)
        sentence = f"{_named(claim, report)} is printed as {_value(claim)}, yet{sizes} {example}."
        found.append(_finding(IMPOSSIBLE, [claim], sentence + possible))
    return found


# ---- counts labelled per cent


def counts_labelled_per_cent(report):
    """Answers to one question that are printed as per cent in one place, add up to their base, and not to 100.

    The base's size must be printed elsewhere. Where the claims file reads a number otherwise than it is printed, the
    finding says what the arithmetic has to say of that reading.
    """
    found, sets = [], defaultdict(list)
    for claim in report.claims:
        if gives_a_size(claim) and claim["op"] == "=" and _printed_unit(claim) == "percent":
            question, _, base = share_of(report.codebook, claim)
            sets[claim["place"], question, base].append(claim)
    for (_, question_id, base), claims in sets.items():
        question = report.codebook.question(question_id)
        if question.several or not within(base, whom(report.codebook, question.asked_if)):
            continue
        by_answer = defaultdict(list)
        for claim in claims:
            by_answer[claim["category"]].append(claim)
        cover = next(iter(_covers({a.id for a in question.answers}, by_answer, question)), ())
        # An answer may be printed twice in one place, and only one of its numbers be a part of the sum.
        for chosen in product(*(by_answer[category] for category in cover)) if cover else ():
            if sentence := _counts_sentence(chosen, base, report):
                found.append(_finding(MISLABELLED, chosen, sentence))
                break
    read_otherwise = [c for c in report.claims if gives_a_size(c) and c["printed_unit"] not in ("", c["unit"])]
    told = {i for f in found for i in f["claims"].split()}
    return found + [_unconfirmed(c, report) for c in read_otherwise if c["id"] not in told]


def _counts_sentence(claims, base, report):
    """Why numbers with a per cent sign are counts; None where they are not, or where the base's size is not known."""
    total, ids = sum(c["number"] for c in claims), {c["id"] for c in claims}
    shares = [Range(*limits({**c, "unit": "percent", "rounding": "half_up"}, 0)) for c in claims]
    if not total_range(shares).apart(WHOLE):
        return None
    stated = stated_bases(report.claims, report.codebook, report.worded_tolerance, without=ids).get(base, Base())
    if total not in stated.sizes:
        return None
    by_id = {c["id"]: c for c in report.claims}
    where = listed(sorted({by_id[i]["place"] for i in stated.claims})) or "the number of respondents"
    again = [c for c in report.claims if c["id"] not in ids and _is_count_of(c, claims, report)]
    times = len({c["category"] for c in again})
    places = listed(list(dict.fromkeys(c["place"] for c in again)))
    also = f" {times} of them {'is' if times == 1 else 'are'} printed as counts too ({places})." if again else ""
    reading = "as the claims file reads them" if claims[0]["unit"] == "count" else "but the claims file reads per cent"
    measure = measure_words(claims[0], report.codebook)
    return (
        f"{measure}: the {len(claims)} numbers of {claims[0]['place']}, read as per cent, add up to "
        f"{total}%, not to 100%; {total} is how many {who(claims[0], report.codebook)} there are ({where}). They are "
        f"counts, {reading}.{also}"
    )


def _is_count_of(claim, claims, report):
    """Whether a claim prints as a count the very number that one of the others prints with a per cent sign."""
    if not gives_a_size(claim) or (_printed_unit(claim), claim["op"]) != ("count", "="):
        return False
    share = share_of(report.codebook, claim)
    return any(share == share_of(report.codebook, c) and claim["number"] == c["number"] for c in claims)


def _unconfirmed(claim, report):
    sentence = (
        f"{_named(claim, report)} is printed as {_value(claim)} and read as a {claim['unit']}; no sum shows whether "
        "that reading is right."
    )
    return _finding(MISLABELLED, [claim], sentence)


# ---- the same share twice


def printed_differently(report):
    """Shares for which two places give values that no one share agrees with; what stands first in the file leads."""
    found = []
    for trusted, clashing in same_shares(report).values():
        if clashing:
            first = [c for c, span in trusted if any(span.apart(other) for _, other in clashing)]
            others = [c for c, _ in clashing]
            apart = [end for _, span in [*trusted, *clashing] for end in (span.low, span.high)]
            sentence = (
                f"{_named(first[0], report)} is printed as {_said(first, report, apart)}, but as "
                f"{_said(others, report, apart)}."
            )
            found.append(_finding(DIFFERENTLY, [*first, *others], sentence))
    return found


def _said(claims, report, apart):
    """The values of claims of one share, each once with its places: `66% (figure 4) and as about 2/3 (section 2.1)`.

    `apart` are the ends of what they and the others say.
    """
    values = defaultdict(dict)
    for claim in claims:
        values[_value(claim) + _meaning(claim, report, apart)][claim["place"]] = None
    return " and as ".join(f"{value} ({listed(list(places))})" for value, places in values.items())


# ---- parts of a whole


def not_adding_up(report):
    """Answers to a question of one answer whose shares do not add up to 100%, or to the net that they make up."""
    found, sets = [], defaultdict(dict)
    for (question_id, category, base), share in shares_of(report).items():
        question = report.codebook.question(question_id)
        if not question.several and within(base, whom(report.codebook, question.asked_if)):
            sets[question_id, base][category] = share
    for (question_id, _), shares in sets.items():
        spoilt = set()
        for net, cover in _sums(report.codebook.question(question_id), shares):
            summed = {*cover} if net is None else {net, *cover}
            whole = [] if net is None else [shares[net]]
            sentence = _sum_sentence([shares[c] for c in cover], *whole, report=report)
            if sentence and not summed & spoilt:
                spoilt |= summed
                claims = [c for s in (*(shares[c] for c in cover), *whole) for c in s.claims]
                found.append(_finding(NOT_WHOLE, claims, sentence))
    return found


def _sums(question, shares):
    """What printed categories make up a net or, as net None, everyone: (net, categories), the shortest sums first.

    One wrong number spoils every sum that it is in, so only the shortest of sums that have a category in common is
    reported.
    """
    wholes = [(c, set(question.members(c))) for c in shares if len(question.members(c)) > 1]
    wholes.append((None, {a.id for a in question.answers}))
    sums = []
    for net, members in wholes:
        parts = [c for c in shares if net is None or set(question.members(c)) < members]
        sums += [(net, cover) for cover in _covers(members, parts, question)]
    return sorted(sums, key=lambda s: len(s[1]) + (s[0] is not None))


def _covers(members, parts, question):
    """Every way to make up these answers of printed categories that do not overlap, as tuples of categories."""
    if not members:
        return [()]
    first = min(members, key=[a.id for a in question.answers].index)
    fitting = [c for c in parts if first in question.members(c) and set(question.members(c)) <= members]
    return [(c, *rest) for c in fitting for rest in _covers(members - set(question.members(c)), parts, question)]


def _sum_sentence(parts, whole=None, *, report):
    """The arithmetic of shares that do not make up 100%, or a net; None where they do."""
    added, aim = total_range([s.range for s in parts]), WHOLE if whole is None else whole.range
    if not added.apart(aim):
        return None
    short = aim.above(added)
    labels = [category_words(s.claim, report.codebook) for s in parts]
    each = [f"'{x}' {_value(s.claim)} ({s.claim['place']})" for x, s in zip(labels, parts, strict=True)]
    total = sum(_exact(s.claim, report) for s in parts)
    bound = added.high if short else added.low
    open_end = added.high_open if short else added.low_open
    end = ("less than" if open_end else "at most") if short else ("more than" if open_end else "at least")
    digits = finer([s.claim for s in parts])
    counted = any(s.claim["unit"] == "count" for s in parts)
    why = "whatever the size of their base" if counted else "before rounding"
    at = "" if bound == total else f", {end} {percent(bound, digits, aim.ends)} {why}"
    goal = "100%"
    if whole is not None:
        net = category_words(whole.claim, report.codebook)
        goal = f"the {_value(whole.claim)} of '{net}', which is all of these ({whole.claim['place']})"
    people = who(parts[0].claim, report.codebook)
    made = f"{listed(each)} add up to {percent(total, digits, aim.ends)} of {people}{at}"
    return f"{measure_words(parts[0].claim, report.codebook)}: {made}, not to {goal}."


# ---- a total and its groups


def outside_its_groups(report):
    """Totals that lie outside what the groups of a break make of them.

    With the groups' sizes settled that is their weighted mean, else anything from the lowest group to the highest.
    """
    shares, sizes = shares_of(report), settled_sizes(report)
    found, parting = [], [b for b in report.codebook.breaks if parts_those_asked(report.codebook, b.id)]
    for (question_id, category, base), total in shares.items():
        for broken in parting:
            groups = groups_of(report.codebook, broken.id, base)
            parts = [shares.get((question_id, category, g)) for g in groups]
            if None not in parts and len(parts) > 1:
                weights = [sizes.get(g) for g in groups]
                sentence = _total_sentence(total, parts, weights, broken, report)
                if sentence:
                    claims = [*total.claims, *(c for p in parts for c in p.claims)]
                    found.append(_finding(OUTSIDE, claims, sentence))
    return found


def _total_sentence(total, parts, weights, broken, report):
    """The arithmetic of a total that its groups do not allow; None where they do."""
    ranges = [p.range for p in parts]
    made = mean_range(ranges, None if None in weights else weights)
    if not made.apart(total.range):
        return None
    each = [
        f"{_value(p.claim)} of {'' if w is None else f'{whole_text(w)} '}'{group.label}'"
        for p, w, group in zip(parts, weights, report.codebook.groups(broken.id), strict=True)
    ]
    digits = finer([total.claim, *(p.claim for p in parts)])
    span = " to ".join(dict.fromkeys(percent(end, digits, total.range.ends) for end in made.ends))
    places = listed(list(dict.fromkeys(p.claim["place"] for p in parts)))
    return (
        f"{_named(total.claim, report)} is printed as {_value(total.claim)} ({total.claim['place']}), yet by "
        f"{broken.label.lower()} {listed(each)} ({places}) make {span} of all."
    )


# ---- words and numbers


def _finding(check, claims, sentence):
    ids, places, readings = (list(dict.fromkeys(c[f] for c in claims if c[f])) for f in ("id", "place", "reading"))
    found = {"check": check, "claims": " ".join(ids), "places": "; ".join(places), "sentence": sentence}
    return found | {"reading": " / ".join(readings)}


def _printed_unit(claim):
    return claim["printed_unit"] or claim["unit"]


def as_printed(claim):
    """A claim's number with its unit as a reader of the report sees it: `37%`, `75`, `more than 1/3`, `33%`."""
    unit = _printed_unit(claim)
    if unit != claim["unit"]:
        return f"{limited(claim)} {claim['value']}{'%' if unit == 'percent' else ''}".strip()
    return f"{limited(claim)} {printed(claim)}".strip()


_value = as_printed


def _meaning(claim, report, apart):
    """What a number that is not a plain per cent is as a share: `, 60% of 200`, `, 61.7% to 71.7%`."""
    base = report.bases.get(claim["id"], Base()).settled
    if claim["unit"] == "count" and claim["op"] == "=" and base:
        return f", {percent(Fraction(claim['number'], base), beside=apart)} of {whole_text(base)}"
    if claim["op"] == "about" and claim["unit"] in SHARES:
        low, _, high, _ = limits(claim, report.worded_tolerance)
        return f", {percent(low, beside=apart)} to {percent(high, beside=apart)}"
    return ""


def _exact(claim, report):
    """The printed number itself as a share."""
    of = (
        report.bases[claim["id"]].sizes[-1] if claim["unit"] == "count" else {"percent": 100, "share": 1}[claim["unit"]]
    )
    return Fraction(claim["number"]) / of


def _named(claim, report):
    return f"{subject_words(claim, report.codebook)}, of {who(claim, report.codebook)},"
