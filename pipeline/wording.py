"""Claims as sentences: what a claim says, in the codebook's labels."""

from fractions import Fraction
from math import floor

from pipeline.claims import decimals, testable
from pipeline.codebook import TOTAL
from pipeline.names import ORDERS
from pipeline.printing import first_lower

OPERATORS = {"=": "=", "about": "is about", ">": "is more than", ">=": "is at least", "<": "is less than"}
OPERATORS |= {"<=": "is at most"}
# Beyond these no digit of a share is shown, though it be needed to tell it from another.
MOST_DIGITS = 9


def say(claim, codebook):
    """A claim as a plain sentence, from its fields and the codebook's labels."""
    if not testable(claim):
        op = "" if claim["op"] == "=" else f"{claim['op']} "
        return "a comparison in words" if claim["unit"] == "order" else f"{op}{printed(claim)}, not of any answer"
    if claim["unit"] == "order":
        return _say_order(claim, codebook)
    unit = " answers for each" if claim["unit"] == "answers" else ""
    return f"{subject_words(claim, codebook)} {OPERATORS[claim['op']]} {printed(claim)}{unit} of {who(claim, codebook)}"


def printed(claim):
    """A claim's number as it is printed: `40%`, `45.0%`, `2/3`, `75`."""
    if claim["unit"] == "percent":
        return f"{claim['value'] if '/' in claim['value'] else format(float(claim['number']), f'.{decimals(claim)}f')}%"
    if claim["unit"] == "share" and claim["number"] == 1:
        return "100%"
    return claim["value"]


def who(claim, codebook):
    """Whom a claim speaks of: `all organisations`, `the organisations with size 'small'`."""
    base = codebook.base(claim["base"])
    if claim["break"] == TOTAL:
        return first_lower(base.label)
    broken = codebook.break_(claim["break"]).label
    label = codebook.group(claim["break"], claim["group"]).label
    among = f", among {first_lower(base.label)}" if base.where else ""
    return f"the organisations with {first_lower(broken)} '{label}'{among}"


def _say_order(claim, codebook):
    """`X is lower among 'A' than among 'B' (break)`, or of two answers `X is higher than 'Y' among all`."""
    start = f"{subject_words(claim, codebook)} is {ORDERS[claim['op']]}"
    categories = codebook.question(codebook.measure(claim["measure"]).question).categories
    than = f" '{categories[claim['versus_category']]}'" if claim["versus_category"] else ""
    if not claim["versus_group"]:
        return f"{start} than{than} among {who(claim, codebook)}"
    one, other = (codebook.group(claim["break"], claim[g]).label for g in ("group", "versus_group"))
    broken = codebook.break_(claim["break"]).label
    base = codebook.base(claim["base"])
    among = f", among {first_lower(base.label)}" if base.where else ""
    return f"{start} among '{one}' than{than} among '{other}' ({broken}){among}"


def subject_words(claim, codebook):
    """What a claim is of: its measure and answer, `Policy: Yes`."""
    category = category_words(claim, codebook)
    return f"{measure_words(claim, codebook)}: {category}" if category else measure_words(claim, codebook)


def measure_words(claim, codebook):
    """The label of a claim's measure."""
    return codebook.measure(claim["measure"]).label


def category_words(claim, codebook):
    """The label of a claim's answer; empty where it is of no single one."""
    labels = codebook.question(codebook.measure(claim["measure"]).question).categories
    return labels[claim["category"]] if claim["category"] else ""


def condition_words(codebook, *conditions):
    """Whom conditions select, in the codebook's labels: `Policy is 'Yes' or 'No'; and Size is not 'Small'`."""
    said = []
    for condition in conditions:
        for question_id, test in condition.items():
            question = codebook.question(question_id)
            labels = question.categories
            if test.any:
                said.append(f"{question.label} is {_either(labels[a] for a in test.any)}")
            said += [f"{question.label} has '{labels[a]}'" for a in test.all]
            if test.none:
                said.append(f"{question.label} is not {_either(labels[a] for a in test.none)}")
    return "; and ".join(dict.fromkeys(said)) or "everyone"


def _either(labels):
    return " or ".join(f"'{label}'" for label in labels)


# ---- numbers and lists in words


def number_words(claim):
    """A claim's number with what limits it and its unit: `more than 1/3`, `about 100 organisations`."""
    unit = " organisations" if claim["unit"] == "count" else ""
    return f"{limited(claim)} {printed(claim)}{unit}".strip()


def limited(claim):
    """What limits a claim's number, in words: `more than`, `about`; empty where it is the number itself."""
    return OPERATORS[claim["op"]].removeprefix("=").removeprefix("is ")


def placed(claim):
    """A claim's number and where it is printed: `66% (figure 4)`."""
    return f"{number_words(claim)} ({claim['place']})"


def percent(share, digits=1, beside=()):
    """A share per cent, to a tenth where it is not whole, or to so many digits: `66.7%`.

    It has as many more as it takes to lie on the same side of the shares `beside` it (None is none) as in truth: 5 of
    11 beside 45.5% are 45.45%.
    """
    exact = 100 * Fraction(share)
    others = [100 * Fraction(b) for b in beside if b not in (None, share)]
    while digits < MOST_DIGITS and any(_sign(_rounded(exact, digits) - b) != _sign(exact - b) for b in others):
        digits += 1
    return f"{float(_rounded(exact, digits)):.{MOST_DIGITS + 3}g}%"


def _rounded(number, digits):
    return Fraction(floor(number * 10**digits + Fraction(1, 2)), 10**digits)


def _sign(number):
    return (number > 0) - (number < 0)


def finer(claims):
    """How many decimals the arithmetic of these claims needs: one more than any of them is printed with."""
    return 1 + max((decimals(c) for c in claims if c["unit"] == "percent"), default=0)


def listed(texts):
    """Texts one after the other, the last after `and`: `a, b and c`."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}" if texts else ""
