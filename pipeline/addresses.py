"""How a published number is called on the command line, and which estimates it rests on.

finding 3                       a key finding, by its number or id; `finding 3.2` is one of its clauses. `Finding 3`,
                                `finding3` and `finding_03` are the same, and so with figures
figure 2 yes beyond_act         a mark of a figure: category, and the group where the figure has groups
policy/yes                      a row of the estimates: MEASURE/CATEGORY, for everyone, on the basis printed first
policy/yes/sector/la/weighted   the same by BREAK/GROUP and BASIS; each may be left out, blanks are as good as slashes
mark define                     a mark of the tracker, and so with `net SCORE`; BREAK/GROUP and BASIS as above
                                (`pipeline.explain_score`)
k9.yes                          a number of the printed report, by its id in the claims file
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from pipeline.claims import other_side
from pipeline.codebook import TOTAL
from pipeline.names import BASES
from pipeline.problems import InputProblem

NEAR = 6
# A kind of number, whether or not the number follows without a blank.
_KIND = re.compile(r"(finding|figure)[_-]?0*(\d.*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Key:
    """What names a row of the estimates."""

    measure: str
    category: str
    break_: str = TOTAL
    group: str = TOTAL
    basis: str = BASES[0]

    def __str__(self):
        return "/".join((self.measure, self.category, self.break_, self.group, self.basis))


@dataclass(frozen=True)
class Target:
    """A published number: what it is, and the rows of the estimates that it rests on.

    `kind`: `estimate`, `finding` (`keys` then hold a pair for each clause, the second None where nothing is compared),
    `figure` or `claim`; `id` and `clause` are those of the finding, figure or claim.
    """

    kind: str
    keys: tuple
    id: str = ""
    clause: int | None = None


def find_target(words, *, codebook, claims, basis):
    """What the words of a command line name, as a Target.

    `claims` are records of the claims file (none for a wave without one); `basis` is that of figures and findings.
    Raises InputProblem naming what is unknown, with what there is or comes near.
    """
    parts = split_words(words)
    if not parts:
        raise InputProblem("no number is named", allowed=_openings(codebook))
    kind, rest = _kind(parts, codebook)
    if kind == "finding":
        return _finding(rest, codebook, basis)
    if kind == "figure":
        return _figure(rest, codebook, basis)
    if len(parts) == 1 and (claim := next((c for c in claims if c["id"] == parts[0]), None)):
        return Target("claim", _keys_of_claim(claim, codebook), claim["id"])
    return Target("estimate", (_key(parts, codebook, basis, claims),))


def split_words(words):
    """The names in the words of a command line: blanks are as good as slashes."""
    return [part for word in words for part in re.split(r"[/\s]+", word) if part]


def _kind(parts, codebook):
    """Whether the words name a finding or figure ("" if neither), and those that say which one, its number or id first.

    An id alone will do, if no measure has it.
    """
    first, rest = parts[0], parts[1:]
    if spelled := _KIND.fullmatch(first):
        return spelled[1].lower(), [spelled[2], *rest] if spelled[2] else rest
    name = first.partition(".")[0]
    if name not in [m.id for m in codebook.measures]:
        for kind, known in (("finding", codebook.findings), ("figure", codebook.figures)):
            if name in [part.id for part in known]:
                return kind, parts
    return "", parts


def _openings(codebook):
    findings = ", ".join(f"finding {f.number}" for f in codebook.findings[:1])
    figures = ", ".join(f"figure {f.number}" for f in codebook.figures[:1])
    rows = ", ".join(f"{m.id}/{next(iter(codebook.question(m.question).categories))}" for m in codebook.measures[:1])
    return ", ".join(text for text in (findings, figures, rows) if text) + ", and so on"


def _one(parts, given, what):
    """The figure or finding of this number or id."""
    for part in parts:
        if given == part.id or (given.isdecimal() and int(given) == part.number):
            return part
    known = [f"{p.number} ({p.id})" for p in parts] or "the codebook has none"
    raise InputProblem(f"there is no such {what}", found=given, allowed=known)


def _finding(rest, codebook, basis):
    if len(rest) != 1:
        allowed = [f"finding {f.number}" for f in codebook.findings] or "the codebook has none"
        raise InputProblem("a finding is named by its number", found=" ".join(["finding", *rest]), allowed=allowed)
    name, _, clause = rest[0].partition(".")
    finding = _one(codebook.findings, name, "finding")
    numbers = [str(n) for n in range(1, len(finding.clauses) + 1)]
    if clause and clause not in numbers:
        raise InputProblem(f"finding {finding.number} has no such clause", found=clause, allowed=numbers)
    chosen = [finding.clauses[int(clause) - 1]] if clause else finding.clauses
    keys = [[Key(*key, basis) for key in c.keys] for c in chosen]
    pairs = tuple((one, other[0] if other else None) for one, *other in keys)
    return Target("finding", pairs, finding.id, int(clause) if clause else None)


def _figure(rest, codebook, basis):
    figure = _one(codebook.figures, rest[0] if rest else "", "figure")
    if figure.kind == "themes":
        raise InputProblem(f"figure {figure.number} has words and no numbers", found=figure.id)
    marks = figure_keys(figure, codebook, basis)
    given = tuple(rest[1:])
    matching = [key for key in marks if given in ((key.category,), (key.category, key.group))]
    matching = matching or [key for key in marks if given == (key.group, key.category)]
    if len(matching) != 1:
        names = [" ".join(["figure", str(figure.number), *_mark(key, figure)]) for key in marks]
        what = "a mark of the figure is named by its category, and its group where it has groups"
        near = [n for n in names if set(given) & set(n.split()[2:])] or names
        raise InputProblem(what, found=" ".join(["figure", *rest]), allowed=near)
    return Target("figure", tuple(matching), figure.id)


def figure_keys(figure, codebook, basis):
    """The estimates that a figure draws, one Key a mark, in codebook order; counts are of the unweighted basis."""
    basis = BASES[0] if figure.unit == "count" else basis
    question = codebook.question(codebook.measure(figure.measure).question)
    chosen = figure.categories or tuple(a.id for a in question.answers)
    groups = [(figure.break_, g.id) for g in codebook.groups(figure.break_)]
    if figure.total:
        groups = [(TOTAL, TOTAL), *groups]
    return [Key(figure.measure, category, *group, basis) for category in chosen for group in dict.fromkeys(groups)]


def _mark(key, figure):
    return [key.category] if figure.break_ == TOTAL else [key.category, key.group]


def _keys_of_claim(claim, codebook):
    """The estimates that a claim speaks of: one, or two that it puts in order. It was printed without weights."""
    if not claim["category"] or claim["base"] != codebook.measure(claim["measure"]).base:
        raise InputProblem("no estimate is of what this claim says", found=claim["id"], do="see its row of audit.csv")
    keys = [Key(claim["measure"], claim["category"], claim["break"], claim["group"])]
    if claim["unit"] == "order":
        category, group = other_side(claim)
        keys.append(Key(claim["measure"], category, claim["break"], group))
    return tuple(keys)


def _key(parts, codebook, basis, claims):
    """The Key of a row of the estimates; a basis may stand after the category or the group, which may have its name."""
    if parts[-1] in BASES and len(parts) % 2:
        basis, parts = parts[-1], parts[:-1]
    measures = [m.id for m in codebook.measures]
    if not parts or parts[0] not in measures:
        name = parts[0] if parts else basis
        near = get_close_matches(name, [*measures, *(c["id"] for c in claims), "finding", "figure"], NEAR, 0.5)
        # Of the claims, which are hundreds, only those that come near.
        known = [*near, *(n for n in (*measures, "finding", "figure") if n not in near)]
        known += ["the id of a claim"] if claims else []
        raise InputProblem(f"nothing in the {codebook.wave} wave has this name", found=name, allowed=known)
    measure = codebook.measure(parts[0])
    categories = list(codebook.question(measure.question).categories)
    name_known(parts[1:2], categories, _lacks(parts[1:2], "category", f"measure {measure.id}"))
    if len(parts) == 2:
        return Key(measure.id, parts[1], basis=basis)
    breaks = [TOTAL, *measure.breaks]
    name_known(parts[2:3], breaks, _lacks(parts[2:3], "break", f"measure {measure.id}"))
    groups = [g.id for g in codebook.groups(parts[2])]
    name_known(parts[3:4], groups, _lacks(parts[3:4], "group", f"break {parts[2]}"))
    if len(parts) > 4:
        raise InputProblem("there is no such basis", found=" ".join(parts[4:]), allowed=BASES)
    return Key(measure.id, parts[1], parts[2], parts[3], basis)


def name_known(given, allowed, what):
    """Raise InputProblem unless one name is given and known; what comes near stands first."""
    if not given or given[0] not in allowed:
        near = get_close_matches(given[0], allowed, NEAR, 0.5) if given else []
        found = given[0] if given else None
        raise InputProblem(what, found=found, allowed=[*near, *(a for a in allowed if a not in near)])


def _lacks(given, what, whose):
    return f"{whose} has no such {what}" if given else f"name a {what} of {whose}"
