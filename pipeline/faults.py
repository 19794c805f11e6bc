"""Why some claims cannot all be true: a contradiction in one sentence of plain arithmetic.

Every word comes from the codebook's labels and every number from the claims. A sentence of arithmetic is written only
where the numbers bear it out, rounding considered; where no common shape fits, no more is said than is proven.
"""

from fractions import Fraction
from itertools import permutations
from math import ceil

from pipeline.claims import SHARES, SIZES, decimals, has_whole_part, limits, testable, whole_ends
from pipeline.codebook import TOTAL
from pipeline.grim import around
from pipeline.names import ORDERS
from pipeline.printing import per_cent
from pipeline.ranges import WHOLE, Range, mean_range, total_range
from pipeline.whom import base_of, counted_of, groups_of, parts_those_asked, whom
from pipeline.wording import (
    category_words,
    finer,
    limited,
    listed,
    measure_words,
    number_words,
    percent,
    placed,
    say,
    subject_words,
    who,
)


def fault_sentence(claims, codebook, worded_tolerance):
    """Why these claims, a minimal contradiction, cannot all be met: one sentence of arithmetic where a shape fits.

    `claims` are records as of `load_claims`; `worded_tolerance` is that of `limits`, in percentage points.
    """
    for shape in SHAPES:
        if sentence := shape(claims, codebook, worded_tolerance):
            off = _off(claims, worded_tolerance)
            return f"{sentence.removesuffix('.')}, though {off}." if off else sentence
    if len(claims) == 1:
        return f"{say(claims[0], codebook)} ({claims[0]['place']}), which cannot be, whatever else is so."
    return f"These {len(claims)} claims cannot all be met; leaving out any one of them, the others can."


def _off(claims, tolerance):
    """How far from what they say the claims in words may be that are among these; empty where none are."""
    units = {c["unit"] == "count" for c in claims if c["op"] == "about"}
    said = {False: f"words may be {tolerance:g} points off", True: f"a number in words may be {tolerance:g}% off"}
    return " and ".join(said[counted] for counted in sorted(units))


def _on_its_base(claims, codebook, tolerance):
    """A share that no whole number of its base can be: of all respondents, or of as many as other claims leave."""
    shares = [c for c in claims if not _is_exact_count(c)]
    if len(shares) > 1 or any(not testable(c) or c["unit"] not in SHARES for c in shares):
        return None
    for claim in shares or claims:
        others = [c for c in claims if c is not claim]
        size, counted = _sizes(others, codebook).get(base_of(codebook, claim)), claim["unit"] == "count"
        if not size or (claim["number"] <= size if counted else has_whole_part(size, limits(claim, tolerance))):
            continue
        places = listed(sorted({c["place"] for c in others}))
        return (
            f"{say(claim, codebook)} ({claim['place']}), yet {around(claim, size, tolerance)}"
            f"{f' ({places})' if places else ''}."
        )
    return None


def _is_exact_count(claim):
    return testable(claim) and claim["unit"] == "count" and claim["op"] == "="


def _sizes(claims, codebook):
    """How many respondents there are of each whom that counts among these claims settle.

    Of everyone it is the codebook's number; of a group it is also what the counts of a break's other groups leave.
    """
    sizes = {counted_of(codebook, c): int(c["number"]) for c in claims if _is_exact_count(c)}
    if not codebook.respondents:
        return sizes
    for broken in codebook.breaks if sizes else ():
        parts = groups_of(codebook, broken.id, whom(codebook))
        unknown = [who for who in parts if who not in sizes]
        if len(unknown) == 1 and len(parts) > 1 and parts_those_asked(codebook, broken.id):
            sizes[unknown[0]] = codebook.respondents - sum(sizes[who] for who in parts if who in sizes)
    return sizes | {whom(codebook): codebook.respondents}


def _outside_its_groups(claims, codebook, tolerance):
    """A total that lies outside what all groups of a break make of it: their mean by size, or all of their shares."""
    parts = [c for c in claims if testable(c) and c["break"] != TOTAL and c["unit"] in SHARES]
    if len(parts) < 2 or not _of_the_same(parts, "category", leaving="group"):
        return None
    broken, rest = parts[0]["break"], [c for c in claims if not any(c is part for part in parts)]
    for total in (c for c in rest if c["break"] == TOTAL and c["measure"] == parts[0]["measure"]):
        sized = [c for c in rest if c is not total]
        if total["category"] != parts[0]["category"] or not all(map(_is_exact_count, sized)):
            continue
        of_group = {base_of(codebook, c): c for c in parts}
        groups = groups_of(codebook, broken, base_of(codebook, total))
        if set(groups) != set(of_group) or not parts_those_asked(codebook, broken):
            continue
        shares, whole = [_share(of_group[g], codebook, tolerance) for g in groups], _share(total, codebook, tolerance)
        if whole is None or any(s is None or None in s.ends for s in shares):
            continue
        sizes = _sizes(sized, codebook) if sized else {}
        weights = [sizes.get(g) for g in groups]
        weights = None if None in weights or not sum(weights) else weights
        made = mean_range(shares, weights)
        if made.apart(whole):
            return _say_outside(total, [of_group[g] for g in groups], weights, (made, whole), codebook)
    return None


def _say_outside(total, parts, weights, ranges, codebook):
    """`ranges` are what the groups make and what is printed of the total."""
    made, whole = ranges
    labels = [f"'{codebook.group(c['break'], c['group']).label}'" for c in parts]
    sizes = ["" if not weights else f" of {w}" for w in (weights or labels)]
    each = listed([f"{number_words(c)}{n} {label}" for c, n, label in zip(parts, sizes, labels, strict=True)])
    digits = finer([total, *parts])
    span = " to ".join(dict.fromkeys(percent(end, digits, whole.ends) for end in made.ends))
    places = listed(list(dict.fromkeys(c["place"] for c in parts)))
    start = f"{subject_words(total, codebook)}, of {who(total, codebook)}, is printed as {placed(total)}"
    return f"{start}, yet {each} ({places}) make {span} of all."


def _part_above_its_whole(claims, codebook, tolerance):
    """An answer, or several of which each gave one, that are printed as more than a net that holds them."""
    if len(claims) < 2 or not _of_the_same(claims):
        return None
    question = codebook.question(codebook.measure(claims[0]["measure"]).question)
    for whole in claims:
        parts = [c for c in claims if c is not whole]
        inside = [a for c in parts for a in question.members(c["category"])]
        apart = len(parts) == 1 or (not question.several and len(inside) == len(set(inside)))
        shares = [_share(c, codebook, tolerance) for c in claims]
        if not apart or None in shares or not set(inside) < set(question.members(whole["category"])):
            continue
        added, net = _sum([_share(c, codebook, tolerance) for c in parts]), _share(whole, codebook, tolerance)
        if added.above(net):
            return _say_above(parts, whole, (added.low, net.high), codebook)
    return None


def _say_above(parts, whole, ends, codebook):
    """`ends` are the least that the parts add up to and the most that is printed of the whole."""
    least, most = ends
    net = f"'{category_words(whole, codebook)}'"
    if len(parts) == 1:
        start = f"{subject_words(parts[0], codebook)}, of {who(whole, codebook)}, is printed as {placed(parts[0])}"
        return f"{start}, yet {net}, which holds it, as {placed(whole)}."
    each = listed([f"'{category_words(c, codebook)}' {placed(c)}" for c in parts])
    return (
        f"{measure_words(whole, codebook)}: {each} add up to at least {percent(least, finer(parts), [most])} of "
        f"{who(whole, codebook)}, yet {net}, which holds them, is printed as {placed(whole)}."
    )


def _more_than_all(claims, codebook, tolerance):
    """Answers of which each respondent gives one, that add up to more than all of them."""
    if len(claims) < 2 or not _of_the_same(claims):
        return None
    question = codebook.question(codebook.measure(claims[0]["measure"]).question)
    shares = [_share(c, codebook, tolerance) for c in claims]
    members = [a for c in claims for a in question.members(c["category"])]
    if question.several or None in shares or len(members) > len(set(members)):
        return None
    added = _sum(shares)
    if not added.above(WHOLE):
        return None
    each, digits = listed([f"'{category_words(c, codebook)}' {placed(c)}" for c in claims]), finer(claims)
    return (
        f"{measure_words(claims[0], codebook)}: {each} add up to {'more than' if added.low_open else 'at least'} "
        f"{percent(added.low, digits, [1])} of {who(claims[0], codebook)}, where each gave one answer."
    )


def _printed_twice(claims, codebook, tolerance):
    """Two numbers for one share that no one value agrees with."""
    if len(claims) != 2 or not _of_the_same(claims, "category"):
        return None
    shares = [_share(c, codebook, tolerance) for c in claims]
    if None in shares or not shares[0].apart(shares[1]):
        return None
    first, second = (placed(c) for c in claims)
    counted, sum_ = next((c for c in claims if c["unit"] == "count"), None), ""
    if counted:
        ends = [end for share in shares for end in share.ends]
        share = f"{limited(counted)} {percent(_exact(counted, codebook), beside=ends)}".strip()
        sum_ = f": {number_words(counted)} of {codebook.respondents} is {share}"
    start = f"{subject_words(claims[0], codebook)}, of {who(claims[0], codebook)}"
    return f"{start}, is printed as {first} and as {second}{sum_}."


def _parts_of_a_whole(claims, codebook, tolerance):
    """Answers of which each respondent gives one, whose shares do not add up to that of all of them."""
    if len(claims) < 2 or not _of_the_same(claims):
        return None
    question = codebook.question(codebook.measure(claims[0]["measure"]).question)
    shares = [_share(c, codebook, tolerance) for c in claims]
    if question.several or None in shares:
        return None
    everyone = ({a.id for a in question.answers}, WHOLE, None)
    wholes = [(set(question.members(c["category"])), s, c) for c, s in zip(claims, shares, strict=True)]
    for members, share, whole in (*wholes, *([everyone] if _asked_all(claims[0], question, codebook) else [])):
        parts = [w for w in wholes if w[2] is not whole]
        together = [a for part, _, _ in parts for a in part]
        added = _sum([s for _, s, _ in parts])
        if sorted(together) == sorted(members) and added.apart(share):
            return _say_parts([c for _, _, c in parts], whole, share.ends, codebook)
    return None


def _say_parts(parts, whole, ends, codebook):
    """`ends` are the least and most that the whole may be; None where it is everyone."""
    total, digits = sum(_exact(c, codebook) for c in parts), finer(parts)
    each = listed([f"'{category_words(c, codebook)}' {placed(c)}" for c in parts])
    ops = {c["op"] for c in parts}
    if not ops <= {"=", ">", ">=", "about"}:
        return None
    more = "more than " if ">" in ops else "at least " if ">=" in ops else "about " if "about" in ops else ""
    people = who(parts[0], codebook)
    shown = percent(total, digits, ends)
    start = f"{measure_words(parts[0], codebook)}: {each} add up to {more}{shown} of {people}"
    if whole is None:
        return f"{start}, not to 100%."
    rounds = whole["unit"] == "percent" and (100 * 10 ** decimals(whole) * total).denominator > 1
    rounded = f", which rounds to {per_cent(total, decimals(whole)):.{decimals(whole)}f}%" if rounds else ""
    return f"{start}{rounded}, yet '{category_words(whole, codebook)}', which is all of these, is {placed(whole)}."


def _too_many_answers(claims, codebook, tolerance):
    """Shares of several answers that add up to more than the answers which each respondent may give."""
    capped = [c for c in claims if c["unit"] == "answers"]
    parts = [c for c in claims if c["unit"] != "answers"]
    if len(capped) != 1 or not parts or not _of_the_same([*parts, capped[0]]):
        return None
    question = codebook.question(codebook.measure(capped[0]["measure"]).question)
    shares = [_share(c, codebook, tolerance) for c in parts]
    if None in shares or any(len(question.members(c["category"])) > 1 for c in parts):
        return None
    most = capped[0]["number"] - (capped[0]["op"] == "<")
    least = _sum(shares).low
    if least <= most:
        return None
    places = listed(sorted({c["place"] for c in parts}))
    total, digits = sum(_exact(c, codebook) for c in parts), finer(parts)
    return (
        f"{measure_words(capped[0], codebook)}: the shares of {len(parts)} answers ({places}) add up to "
        f"{percent(total, digits)}, before rounding at least {percent(least, digits, [most])}, yet at most {most} "
        f"answers each ({capped[0]['place']}) allow {percent(most)}."
    )


def _more_than_there_are(claims, codebook, tolerance):
    """A share of one group that is more organisations than another claim allows of all."""
    if len(claims) != 3 or not codebook.respondents:
        return None
    for part, group, whole in permutations(claims):
        if not (
            _is_group(part, group, codebook) and _of_everyone(whole, codebook) and part["measure"] == whole["measure"]
        ):
            continue
        question = codebook.question(codebook.measure(part["measure"]).question)
        part_share = _turned(part, whole["category"], question, codebook, tolerance)
        ends = [_whole_numbers(c, codebook, tolerance) for c in (group, whole)]
        if part_share is None or part_share.low is None or None in ends:
            continue
        (least_group, _), (_, most) = ends
        least = ceil(part_share.low * least_group)
        if least > most:
            answer = category_words(whole, codebook)
            return (
                f"{say(group, codebook)} ({group['place']}) is at least {least_group} of {codebook.respondents}. "
                f"Among these, {subject_words(part, codebook)} = {placed(part)} means at least {least} with "
                f"'{answer}', yet '{answer}' = {placed(whole)} means at most {most} of all."
            )
    return None


def _order_turned(claims, codebook, tolerance):
    """An order of two groups that make up everyone, turned round by the part of one among those who gave the answer."""
    orders = [c for c in claims if c["unit"] == "order" and c["versus_group"] and not c["versus_category"]]
    if len(claims) != 3 or len(orders) != 1:
        return None
    order, (one, other) = orders[0], [c for c in claims if c is not orders[0]]
    for part, whole in ((one, other), (other, one)):
        broken = next((b for b in codebook.breaks if b.id == order["break"] and b.of), None)
        fits = broken and _is_group(part, order, codebook) and _of_everyone(whole, codebook)
        if not fits or {codebook.measure(c["measure"]).question for c in (part, whole)} != {broken.of}:
            continue
        question = codebook.question(broken.of)
        if not _complements(question, order["group"], order["versus_group"], whole, codebook):
            continue
        inside, overall = (_turned(c, order["group"], question, codebook, tolerance) for c in (part, whole))
        if None in (inside, overall):
            continue
        higher, lower = inside.above(overall), overall.above(inside)
        if (higher and order["op"] in ("<", "<=")) or (lower and order["op"] in (">", ">=")):
            return _say_turned(order, part, whole, codebook, (inside, overall))
    return None


def _say_turned(order, part, whole, codebook, shares):
    """`shares` are those of the order's first group, among those who gave the answer and of all."""
    one, other = (codebook.group(order["break"], order[g]).label for g in ("group", "versus_group"))
    inside, overall = shares
    higher = inside.above(overall)
    there, of_all = (inside.low, overall.high) if higher else (inside.high, overall.low)
    least, most = ("at least", "at most") if higher else ("at most", "at least")
    return (
        f"{least.capitalize()} {percent(there, beside=[of_all])} of {who(part, codebook)} have "
        f"{measure_words(part, codebook)} '{one}' ({part['place']}), against {most} "
        f"{percent(of_all, beside=[there])} of all ({whole['place']}); so "
        f"{subject_words(order, codebook)} is {'higher' if higher else 'lower'} among '{one}' than among '{other}', "
        f"yet the report says {ORDERS[order['op']]} ({order['place']})."
    )


# From the plainest to those that take several steps.
SHAPES = (_printed_twice, _part_above_its_whole, _parts_of_a_whole, _more_than_all, _on_its_base, _outside_its_groups)
SHAPES += (_too_many_answers, _more_than_there_are, _order_turned)


# ---- what claims are of


def _of_the_same(claims, *fields, leaving=""):
    """Whether claims are of one measure, base and group, and give sizes (or a most of answers); `leaving` a field."""
    keys = {tuple(c[f] for f in ("measure", "base", "break", "group", *fields) if f != leaving) for c in claims}
    return len(keys) == 1 and all(testable(c) and c["unit"] in (*SIZES, "answers") for c in claims)


def _of_everyone(claim, codebook):
    return claim["unit"] in SIZES and claim["break"] == TOTAL and not codebook.base(claim["base"]).where


def _is_group(part, of, codebook):
    """Whether one claim is a share of the group that the other claim's category is, among all."""
    broken = next((b for b in codebook.breaks if b.id == part["break"]), None)
    asked = codebook.measure(of["measure"]).question if of["measure"] else None
    whole = of["unit"] == "order" or _of_everyone(of, codebook)
    bases = {codebook.base(c["base"]).where == {} for c in (part, of)}
    sized = part["unit"] in SHARES and broken is not None and broken.of == asked
    return bool(sized and whole and bases == {True} and part["group"] == of["category"])


def _asked_all(claim, question, codebook):
    """Whether everyone whom a claim speaks of was asked the question."""
    return not question.asked_if or codebook.base(claim["base"]).where == question.asked_if


def _complements(question, one, other, claim, codebook):
    """Whether two categories of a question with one answer make up everyone."""
    together = sorted((*question.members(one), *question.members(other)))
    whole = sorted(a.id for a in question.answers)
    return not question.several and together == whole and _asked_all(claim, question, codebook)


# ---- shares as ranges


def _share(claim, codebook, tolerance):
    """The Range of shares that agree with a claim; of a count, its part of all. None where that cannot be said."""
    if claim["unit"] not in SIZES:
        return None
    allowed = Range(*limits(claim, tolerance))
    if claim["unit"] != "count":
        return allowed
    if not _of_everyone(claim, codebook) or not codebook.respondents:
        return None
    low, high = (_part(end, codebook) for end in allowed.ends)
    return Range(low, allowed.low_open, high, allowed.high_open)


def _part(count, codebook):
    return None if count is None else Fraction(count) / codebook.respondents


def _exact(claim, codebook):
    """The printed number itself as a share."""
    scale = {"percent": 100, "share": 1, "count": codebook.respondents}[claim["unit"]]
    return Fraction(claim["number"]) / scale


def _turned(claim, category, question, codebook, tolerance):
    """A claim's share as that of `category`: its own, or what it leaves where the two make up everyone; else None."""
    share = _share(claim, codebook, tolerance)
    if share is None or claim["category"] == category:
        return share
    if not _complements(question, claim["category"], category, claim, codebook):
        return None
    return share.rest()


def _sum(shares):
    return total_range([share.from_none() for share in shares])


def _whole_numbers(claim, codebook, tolerance):
    """The least and most organisations that agree with a claim of everyone."""
    share = _share(claim, codebook, tolerance)
    if share is None or None in share.ends:
        return None
    low, high = (end * codebook.respondents for end in share.ends)
    return whole_ends(low, share.low_open, high, share.high_open)
