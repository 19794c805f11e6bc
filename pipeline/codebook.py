"""The questionnaire as data: questions, answers, routing, bands, bases, breaks, measures, figures and findings.

One YAML file per wave describes the whole questionnaire. Everything else in the package asks this module
which columns a table of respondents has (`pipeline.respondents`) and which answers a question allows.
"""

import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

from pipeline.codebook_checks import check
from pipeline.names import ORGANISATION, TOTAL
from pipeline.yamls import STRICT, Day, load_model


class Part(BaseModel):
    """A piece of the codebook."""

    model_config = STRICT

    @field_validator("id", check_fields=False)
    @classmethod
    def _is_a_name(cls, value):
        # Ids are columns, parts of addresses and names of files.
        if not re.fullmatch("[A-Za-z0-9_-]{1,80}", value):
            raise ValueError("an id is made of letters without accents, digits, _ and -")
        return value

    @field_validator("label", "title", "heading", "text", "column", check_fields=False)
    @classmethod
    def _can_be_seen(cls, value):
        if value is not None and (not value.strip() or not value.strip().isprintable()):
            raise ValueError("must be a text in one line that can be seen")
        return value


class Test(Part):
    """Which answers to one question count: at least one of `any`, every one of `all`, and not one of `none`."""

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


def _as_test(value):
    return {"any": value} if isinstance(value, list) else value


Condition = dict[str, Annotated[Test, BeforeValidator(_as_test)]]


class Band(Part):
    """A size band: organisations of `sector` whose size is `at_least` and `below` these numbers."""

    sector: str
    at_least: Annotated[int, Field(ge=0)] = 0
    below: int | None = None


class Answer(Part):
    """One answer: its id in clean tables, its label for readers, and how exports may spell it.

    `code` is the number in a coded export; `spellings` further texts that mean this answer; `phrases` the
    wordings by which an open text is coded to it; `missing` marks an answer that says nothing of the matter.
    """

    id: str
    label: str
    code: int | None = None
    spellings: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    missing: Literal["dont_know", "refused"] | None = None
    band: Band | None = None

    @property
    def texts(self):
        """Every text that means this answer in an export: label, id, code (a whole number or with .0), spellings."""
        codes = () if self.code is None else (str(self.code), f"{self.code}.0")
        return (self.label, self.id, *codes, *self.spellings)


class Net(Part):
    """Answers added together under one name."""

    id: str
    label: str
    answers: tuple[str, ...]


class Question(Part):
    """A question, or a fact of the frame, with its answers and the condition under which it is asked.

    `kind`: `single` (one answer), `multiple` (any number) or `open` (a text coded to any number of answers).
    `asked_of`: `frame` (known before the interview), `interviewer` (noted by them) or `respondent`.
    Of several answers at least `min_answers` and, unless the data say otherwise, at most `max_answers` are given.
    `column` is the export's column; a multiple question's columns are `column_1`, `column_2`, ... by answer code.
    """

    id: str
    text: str
    label: str
    column: str | None = None
    kind: Literal["single", "multiple", "open"] = "single"
    asked_of: Literal["frame", "interviewer", "respondent"] = "respondent"
    asked_if: Condition = {}
    max_answers: int | None = None
    min_answers: int = 0
    answers: tuple[Answer, ...]
    nets: tuple[Net, ...] = ()
    note: str = ""

    @property
    def several(self):
        """Whether one organisation may give several answers."""
        return self.kind != "single"

    @property
    def columns(self):
        """The columns of this question in a table of respondents."""
        return [f"{self.id}.{a.id}" for a in self.answers] if self.several else [self.id]

    @property
    def export_columns(self):
        """The columns of this question in an export; of a multiple one, one per answer, in codebook order."""
        name = self.column or self.id
        if self.kind != "multiple":
            return [name]
        return [f"{name}_{a.id if a.code is None else a.code}" for a in self.answers]

    @property
    def categories(self):
        """Answer and net labels by id, in codebook order."""
        return {c.id: c.label for c in (*self.answers, *self.nets)}

    def answer(self, answer_id):
        """The answer of this id."""
        return next(a for a in self.answers if a.id == answer_id)

    def members(self, category):
        """The answer ids that a category (an answer or a net) stands for."""
        for net in self.nets:
            if net.id == category:
                return net.answers
        return (category,)


class Base(Part):
    """Who a share is of: everyone that a condition selects."""

    id: str
    label: str
    where: Condition = {}


class Group(Part):
    """One group of a break."""

    id: str
    label: str
    where: Condition


class Break(Part):
    """The groups that a measure is split by; `of` a question makes one group of each of its answers.

    Groups may overlap (a question with several answers). `categories` picks and orders answers or nets.
    """

    id: str
    label: str
    of: str | None = None
    categories: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()


class Measure(Part):
    """The shares of a question's answers and nets over a base, split by breaks.

    `unit` is how readers see it: a per cent of the base, or a count of organisations.
    """

    id: str
    question: str
    label: str
    base: str = "all"
    breaks: tuple[str, ...] = ()


class Figure(Part):
    """A figure: what it draws from the estimates and how. `kind` names a drawing, never a question.

    `bars`: categories of one measure, one bar each; `grouped`: the same, a bar per group of `break_`;
    `split`: one stacked row per group of `break_`; `grid`: counts, a row per group and a column per category;
    `themes`: a code frame in words, nets and the answers in them, without numbers. `total` draws everyone beside the
    groups; `sort` puts the largest first instead of following the codebook.
    """

    id: str
    number: int
    title: str
    kind: Literal["bars", "grouped", "split", "grid", "themes"]
    measure: str
    break_: str = Field(TOTAL, alias="break")
    categories: tuple[str, ...] = ()
    unit: Literal["percent", "count"] = "percent"
    total: bool = False
    sort: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _break_fits_the_kind(self):
        if self.kind in ("grouped", "split", "grid") and self.break_ == TOTAL:
            raise ValueError(f"a {self.kind} figure needs a break")
        if self.kind in ("bars", "themes") and self.break_ != TOTAL:
            raise ValueError(f"a {self.kind} figure has no break; grouped, split and grid have")
        return self

    def undrawn(self, question):
        """The answers to its question that the figure leaves out, alone and in every net that it draws."""
        parts = question.nets if self.kind == "themes" else question.answers
        drawn = {a for c in self.categories or [p.id for p in parts] for a in question.members(c)}
        return [answer for answer in question.answers if answer.id not in drawn]


class Clause(Part):
    """One sentence of a finding: an estimate, or two of them compared, put into `text`.

    Placeholders in `text`: {share} {interval} {n} {base} {words} for the estimate, and, where `versus` (another
    group) or `versus_category` is given, {other} {other_n} {other_base} {comparison} as well. All are computed:
    {interval} says its confidence at its first use in a finding (`95% interval 64% to 77%`, then `64% to 77%`).
    `ranged` is said instead, with the same placeholders, where a printed report leaves an estimate a range, and
    `unsettled`, which has none, where the report's text settles no number. Neither is ever said of measured answers.
    """

    measure: str
    category: str
    break_: str = Field(TOTAL, alias="break")
    group: str = TOTAL
    versus: str | None = None
    versus_category: str | None = None
    text: str
    ranged: str = ""
    unsettled: str = ""

    @property
    def keys(self):
        """What it speaks of, a list: (measure, category, break, group) of the estimate, and of the one compared."""
        one = (self.measure, self.category, self.break_, self.group)
        if self.versus is None and self.versus_category is None:
            return [one]
        return [one, (self.measure, self.versus_category or self.category, self.break_, self.versus or self.group)]


class Finding(Part):
    """A key finding: a neutral heading and clauses whose numbers, bases, intervals and words are all computed."""

    id: str
    number: int
    heading: str
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]


class SeriesBreak(Part):
    """An entry of the register of breaks in series: what changed in a question since the wave before, when and why.

    `answers` are those that the change touches; none means the whole question. A question that is `gone` is not in
    this wave's codebook, and every other one is. Where `comparable` is true the change
    is on record and the series goes on: somebody has judged that it moves no answer, and says so in `reason`.
    """

    question: str
    answers: tuple[str, ...] = ()
    change: Literal["reworded", "answers", "bands", "routing", "new", "gone"]
    comparable: bool = False
    date: Day
    reason: str


def _as_list(value):
    return [value] if isinstance(value, str) else value


Categories = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]


class NetScore(Part):
    """The share of `plus` less that of `minus`, answers or nets of a measure's question, over its base."""

    id: str
    label: str
    measure: str
    plus: Categories
    minus: Categories


class Criterion(Part):
    """Something that an organisation has done towards a step, or not."""

    id: str
    label: str
    where: Condition


class Step(Part):
    """A step towards maturity: an organisation's mark is the share of the step's criteria that it meets."""

    id: str
    number: int
    label: str
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]


class Trend(Part):
    """A picture of the tracker: answers of a measure, or a net score, over the waves, for everyone and by a break."""

    id: str
    number: int
    title: str
    measure: str | None = None
    categories: tuple[str, ...] = ()
    net_score: str | None = None
    break_: str = Field(TOTAL, alias="break")

    @model_validator(mode="after")
    def _one_subject(self):
        if (self.measure is None) == (self.net_score is None):
            raise ValueError(f"trend {self.id}: give either a measure with its categories or a net score")
        if (self.measure is None) == bool(self.categories):
            raise ValueError(f"trend {self.id}: categories belong to a measure, and a measure needs them")
        return self


class Chapter(Part):
    """A chapter of the edition: what it is about, and which figures, findings and measures stand in it."""

    id: str
    number: int
    title: str
    lead: str = ""
    figures: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()


class Codebook(Part):
    """A wave's questionnaire and what is made of it; `respondents` is how many a report says it rests on."""

    wave: Annotated[int, Field(ge=1, le=9999)]
    title: str
    kind: Literal["reconstruction", "rehearsal", "fieldwork"]
    source: str
    # Each is a row of the records; a solver's whole numbers end a hundred times later.
    respondents: Annotated[int, Field(gt=0, le=10_000_000)] | None = None
    licence: str = ""
    sector: str
    size_band: str
    collapse: tuple[tuple[str, str], ...] = ()  # pairs of bands: a sparse cell of the first joins that of the second
    questions: tuple[Question, ...]
    bases: tuple[Base, ...] = (Base(id="all", label="All organisations"),)
    breaks: tuple[Break, ...]
    measures: tuple[Measure, ...]
    figures: tuple[Figure, ...] = ()
    findings: tuple[Finding, ...] = ()
    breaks_in_series: tuple[SeriesBreak, ...] = ()
    net_scores: tuple[NetScore, ...] = ()
    steps: tuple[Step, ...] = ()
    trends: tuple[Trend, ...] = ()
    chapters: tuple[Chapter, ...] = ()

    def question(self, question_id):
        """The question of this id."""
        return _one(self.questions, question_id, "question")

    def base(self, base_id):
        """The base of this id."""
        return _one(self.bases, base_id, "base")

    def measure(self, measure_id):
        """The measure of this id."""
        return _one(self.measures, measure_id, "measure")

    def break_(self, break_id):
        """The break of this id."""
        return _one(self.breaks, break_id, "break")

    def net_score(self, score_id):
        """The net score of this id."""
        return _one(self.net_scores, score_id, "net score")

    def step(self, step_id):
        """The step towards maturity of this id."""
        return _one(self.steps, step_id, "step")

    @property
    def first_measure(self):
        """The id of the measure that is shown as an example: the first figure's, or without figures the first."""
        return self.figures[0].measure if self.figures else self.measures[0].id

    def groups(self, break_id):
        """Groups of a break, in codebook order; `total` has one group, everyone."""
        if break_id not in self._groups:
            self._groups[break_id] = self._groups_of(break_id)
        return self._groups[break_id]

    @cached_property
    def _groups(self):
        """The groups of the breaks that were asked for: they are, many thousand times."""
        return {}

    def __copy__(self):
        """A copy, which may get other breaks or questions and so makes its own groups."""
        copy = super().__copy__()
        copy.__dict__.pop("_groups", None)
        return copy

    def _groups_of(self, break_id):
        if break_id == TOTAL:
            return (Group(id=TOTAL, label="All", where={}),)
        found = self.break_(break_id)
        if found.of is None:
            return found.groups
        question = self.question(found.of)
        chosen = found.categories or tuple(a.id for a in question.answers)
        labels = question.categories
        return tuple(Group(id=c, label=labels[c], where={question.id: Test(any=question.members(c))}) for c in chosen)

    def group(self, break_id, group_id):
        """One group of a break."""
        return _one(self.groups(break_id), group_id, f"group of break {break_id}")

    @property
    def columns(self):
        """The columns of a table of respondents."""
        return [ORGANISATION, *(c for q in self.questions for c in q.columns)]

    @model_validator(mode="after")
    def _every_name_is_known(self):
        check(self)
        return self


def _one(parts, part_id, what):
    for part in parts:
        if part.id == part_id:
            return part
    known = ", ".join(p.id for p in parts)
    raise KeyError(f"the codebook has no {what} {part_id!r}; it has: {known}")


def load_codebook(path):
    """Read and check a codebook. Raises InputProblem with file, place, found and allowed at the first fault."""
    return load_model(path, Codebook, "codebook")
