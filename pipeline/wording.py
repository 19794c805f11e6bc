"""Claims as sentences: what a claim says, and in plain arithmetic why some claims cannot all be true.

Every word comes from the codebook's labels and every number from the claims. A sentence of arithmetic is written only
where the numbers bear it out, rounding considered; where no common shape fits, no more is said than is proven.
"""

from fractions import Fraction
from itertools import permutations
from math import ceil

from pipeline.claims import decimals, limits, testable, whole_ends
from pipeline.codebook import TOTAL
from pipeline.names import ORDERS
from pipeline.printing import first_lower, per_cent

OPERATORS = {"=": "=", "about": "is about", ">": "is more than", ">=": "is at least", "<": "is less than"}
OPERATORS |= {"<=": "is at most"}
SIZES = ("percent", "share", "count")


def say(claim, codebook):
    """A claim as a plain sentence, from its fields and the codebook's labels."""
    if not testable(claim):
        op = "" if claim["op"] == "=" else f"{claim['op']} "
        return "a comparison in words" if claim["unit"] == "order" else f"{op}{printed(claim)}"
    if claim["unit"] == "order":
        return _say_order(claim, codebook)
    unit = " answers for each" if claim["unit"] == "answers" else ""
    return f"{_subject(claim, codebook)} {OPERATORS[claim['op']]} {printed(claim)}{unit} of {who(claim, codebook)}"


def printed(claim):
    """A claim's number as it is printed: `40%`, `45.0%`, `2/3`, `75`."""
    if claim["unit"] == "percent":
        return f"{float(claim['number']):.{decimals(claim)}f}%"
    if claim["unit"] == "share" and claim["number"] == 1:
        return "100%"
    return claim["value"]


def who(claim, codebook):
    """Whom a claim speaks of: `all organisations`, `the organisations with size 'small'`."""
    base = codebook.base(claim["base"])
    if claim["break"] == TOTAL:
        return first_lower(base.label)
    broken = next(b.label for b in codebook.breaks if b.id == claim["break"])
    label = codebook.group(claim["break"], claim["group"]).label
    among = f", among {first_lower(base.label)}" if base.where else ""
    return f"the organisations with {first_lower(broken)} '{label}'{among}"


def _say_order(claim, codebook):
    """`X is lower among 'A' than among 'B' (break)`, or of two answers `X is higher than 'Y' among all`."""
    start = f"{_subject(claim, codebook)} is {ORDERS[claim['op']]}"
    categories = codebook.question(codebook.measure(claim["measure"]).question).categories
    than = f" '{categories[claim['versus_category']]}'" if claim["versus_category"] else ""
    if not claim["versus_group"]:
        return f"{start} than{than} among {who(claim, codebook)}"
    one, other = (codebook.group(claim["break"], claim[g]).label for g in ("group", "versus_group"))
    broken = next(b.label for b in codebook.breaks if b.id == claim["break"])
    base = codebook.base(claim["base"])
    among = f", among {first_lower(base.label)}" if base.where else ""
    return f"{start} among '{one}' than{than} among '{other}' ({broken}){among}"


def _subject(claim, codebook):
    category = _category(claim, codebook)
    return f"{_measure(claim, codebook)}: {category}" if category else _measure(claim, codebook)


def _measure(claim, codebook):
    return codebook.measure(claim["measure"]).label


def _category(claim, codebook):
    labels = codebook.question(codebook.measure(claim["measure"]).question).categories
    return labels[claim["category"]] if claim["category"] else ""


def fault_sentence(claims, codebook, worded_tolerance):
    """Why these claims, a minimal contradiction, cannot all be met: one sentence of arithmetic where a shape fits.

    `claims` are records as of `load_claims`; `worded_tolerance` is that of `limits`, in percentage points.
    """
    for shape in (_printed_twice, _parts_of_a_whole, _too_many_answers, _more_than_there_are, _order_turned):
        sentence = shape(claims, codebook, worded_tolerance)
        if sentence and any(c["op"] == "about" for c in claims):
            return f"{sentence.removesuffix('.')}, though words may be {worded_tolerance:g} points off."
        if sentence:
            return sentence
    return f"These {len(claims)} claims cannot all be met; leaving out any one of them, the others can."


def _printed_twice(claims, codebook, tolerance):
    """Two numbers for one share that no one value agrees with."""
    if len(claims) != 2 or not _of_the_same(claims, "category"):
        return None
    shares = [_share(c, codebook, tolerance) for c in claims]
    if None in shares or not (_above(*shares) or _above(*reversed(shares))):
        return None
    first, second = (_place(c) for c in claims)
    counted = [c for c in claims if c["unit"] == "count"]
    sum_ = (
        f": {_number(counted[0])} of {codebook.respondents} is {percent(_exact(counted[0], codebook))}"
        if counted
        else ""
    )
    return (
        f"{_subject(claims[0], codebook)}, of {who(claims[0], codebook)}, is printed as {first} and as {second}{sum_}."
    )


def _parts_of_a_whole(claims, codebook, tolerance):
    """Answers of which each respondent gives one, whose shares do not add up to that of all of them."""
    if len(claims) < 2 or not _of_the_same(claims):
        return None
    question = codebook.question(codebook.measure(claims[0]["measure"]).question)
    shares = [_share(c, codebook, tolerance) for c in claims]
    if question.several or None in shares:
        return None
    everyone = ({a.id for a in question.answers}, (Fraction(1), False, Fraction(1), False), None)
    wholes = [(set(question.members(c["category"])), s, c) for c, s in zip(claims, shares, strict=True)]
    for members, share, whole in (*wholes, *([everyone] if _asked_all(claims[0], question, codebook) else [])):
        parts = [w for w in wholes if w[2] is not whole]
        together = [a for part, _, _ in parts for a in part]
        added = _sum([s for _, s, _ in parts])
        if sorted(together) == sorted(members) and (_above(added, share) or _above(share, added)):
            return _say_parts([c for _, _, c in parts], whole, codebook)
    return None


def _say_parts(parts, whole, codebook):
    total = sum(_exact(c, codebook) for c in parts)
    each = listed([f"'{_category(c, codebook)}' {_place(c)}" for c in parts])
    ops = {c["op"] for c in parts}
    if not ops <= {"=", ">", ">=", "about"}:
        return None
    more = "more than " if ">" in ops else "at least " if ">=" in ops else "about " if "about" in ops else ""
    start = f"{_measure(parts[0], codebook)}: {each} add up to {more}{percent(total)} of {who(parts[0], codebook)}"
    if whole is None:
        return f"{start}, not to 100%."
    rounded = f", which rounds to {per_cent(total)}%" if (total * 100).denominator > 1 else ""
    return f"{start}{rounded}, yet '{_category(whole, codebook)}', which is all of these, is {_place(whole)}."


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
    least = _sum(shares)[0]
    if least is None or least <= most:
        return None
    places = listed(sorted({c["place"] for c in parts}))
    return (
        f"{_measure(capped[0], codebook)}: the shares of {len(parts)} answers ({places}) add up to "
        f"{percent(sum(_exact(c, codebook) for c in parts))}, before rounding at least {percent(least)}, yet at most "
        f"{most} answers each ({capped[0]['place']}) allow {percent(most)}."
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
        if part_share is None or part_share[0] is None or None in ends:
            continue
        (least_group, _), (_, most) = ends
        least = ceil(part_share[0] * least_group)
        if least > most:
            return (
                f"{say(group, codebook)} ({group['place']}) is at least {least_group} of {codebook.respondents}. "
                f"Among these, {_subject(part, codebook)} = {_place(part)} means at least {least} with "
                f"'{_category(whole, codebook)}', yet '{_category(whole, codebook)}' = {_place(whole)} means at most "
                f"{most} of all."
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
        higher, lower = _above(inside, overall), _above(overall, inside)
        if (higher and order["op"] in ("<", "<=")) or (lower and order["op"] in (">", ">=")):
            return _say_turned(order, part, whole, codebook, (inside, overall))
    return None


def _say_turned(order, part, whole, codebook, shares):
    """`shares` are those of the order's first group, among those who gave the answer and of all."""
    one, other = (codebook.group(order["break"], order[g]).label for g in ("group", "versus_group"))
    inside, overall = shares
    higher = _above(inside, overall)
    there, of_all = (inside[0], overall[2]) if higher else (inside[2], overall[0])
    least, most = ("at least", "at most") if higher else ("at most", "at least")
    return (
        f"{least.capitalize()} {percent(there)} of {who(part, codebook)} have {_measure(part, codebook)} '{one}' "
        f"({part['place']}), against {most} {percent(of_all)} of all ({whole['place']}); so "
        f"{_subject(order, codebook)} is {'higher' if higher else 'lower'} among '{one}' than among '{other}', "
        f"yet the report says {ORDERS[order['op']]} ({order['place']})."
    )


# ---- what claims are of


def _of_the_same(claims, *fields):
    """Whether claims are of one measure, base and group, and give sizes (or a most of answers)."""
    keys = {tuple(c[f] for f in ("measure", "base", "break", "group", *fields)) for c in claims}
    return len(keys) == 1 and all(testable(c) and c["unit"] in (*SIZES, "answers") for c in claims)


def _of_everyone(claim, codebook):
    return claim["unit"] in SIZES and claim["break"] == TOTAL and not codebook.base(claim["base"]).where


def _is_group(part, of, codebook):
    """Whether one claim is a share of the group that the other claim's category is, among all."""
    broken = next((b for b in codebook.breaks if b.id == part["break"]), None)
    asked = codebook.measure(of["measure"]).question if of["measure"] else None
    whole = of["unit"] == "order" or _of_everyone(of, codebook)
    bases = {codebook.base(c["base"]).where == {} for c in (part, of)}
    sized = part["unit"] in ("percent", "share") and broken is not None and broken.of == asked
    return bool(sized and whole and bases == {True} and part["group"] == of["category"])


def _asked_all(claim, question, codebook):
    """Whether everyone whom a claim speaks of was asked the question."""
    return not question.asked_if or codebook.base(claim["base"]).where == question.asked_if


def _complements(question, one, other, claim, codebook):
    """Whether two categories of a question with one answer make up everyone."""
    together = sorted((*question.members(one), *question.members(other)))
    whole = sorted(a.id for a in question.answers)
    return not question.several and together == whole and _asked_all(claim, question, codebook)


# ---- shares as (low, low_open, high, high_open), as `limits` gives them


def _share(claim, codebook, tolerance):
    """The shares that agree with a claim; of a count, its part of all respondents. None where that cannot be said."""
    if claim["unit"] not in SIZES:
        return None
    low, low_open, high, high_open = limits(claim, tolerance)
    if claim["unit"] != "count":
        return low, low_open, high, high_open
    if not _of_everyone(claim, codebook) or not codebook.respondents:
        return None
    return *(_part(low, codebook), low_open), *(_part(high, codebook), high_open)


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
    low, low_open, high, high_open = share
    return (None if high is None else 1 - high), high_open, (None if low is None else 1 - low), low_open


def _sum(shares):
    lows, highs = [s[0] for s in shares], [s[2] for s in shares]
    low, high = (None if None in ends else sum(ends) for ends in (lows, highs))
    return (
        (sum(x for x in lows if x is not None) if low is None else low),
        any(s[1] for s in shares),
        high,
        any(s[3] for s in shares),
    )


def _above(one, other):
    """Whether all of one range lies above all of the other."""
    low, low_open, _, _ = one
    _, _, high, high_open = other
    return low is not None and high is not None and (low > high or (low == high and (low_open or high_open)))


def _whole_numbers(claim, codebook, tolerance):
    """The least and most organisations that agree with a claim of everyone."""
    share = _share(claim, codebook, tolerance)
    if share is None or None in (share[0], share[2]):
        return None
    low, low_open, high, high_open = share
    return whole_ends(low * codebook.respondents, low_open, high * codebook.respondents, high_open)


# ---- numbers and lists in words


def _number(claim):
    words = OPERATORS[claim["op"]].removeprefix("=").removeprefix("is ")
    unit = " organisations" if claim["unit"] == "count" else ""
    return f"{words} {printed(claim)}{unit}".strip()


def _place(claim):
    return f"{_number(claim)} ({claim['place']})"


def percent(share):
    """A share per cent, to a tenth where it is not whole: `66.7%`."""
    return f"{round(float(100 * share), 1):g}%"


def listed(texts):
    """Texts one after the other, the last after `and`: `a, b and c`."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}" if texts else ""
