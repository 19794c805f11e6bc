"""params.yaml, checked."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from pipeline.problems import InputProblem
from pipeline.yamls import STRICT, load_model


def _colour(text):
    if not re.fullmatch("#[0-9A-Fa-f]{6}", text):
        raise ValueError("must be a colour such as '#0B4F7A'")
    return text


def _some_text(text):
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _month_and_day(text):
    if not re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])", text):
        raise ValueError("must be a month and a day up to the 28th, such as '03-28'")
    return text


def _name(text):
    # DVC puts it into a stage's command line.
    if not re.fullmatch("[A-Za-z0-9_-]{1,80}", text):
        raise ValueError("a name is made of letters without accents, digits, _ and -")
    return text


def _few_digits(number):
    # It becomes a fraction, and programs with a denominator of many digits cannot be solved.
    if number != round(number, 4):
        raise ValueError("must have at most four digits after the point")
    return number


Share = Annotated[float, Field(gt=0, lt=1)]
Chance = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Year = Annotated[int, Field(ge=1, le=9999)]
Colour = Annotated[str, AfterValidator(_colour)]


class Section(BaseModel):
    """A part of params.yaml."""

    model_config = STRICT


class Waves(Section):
    """Every wave, and those whose records were not collected. Lists, since DVC makes stages of lists only.

    (It passes over a mapping whose keys are numbers, so a wave added to one would be left out in silence.)
    """

    all: Annotated[tuple[Year, ...], Field(min_length=1)]
    reconstruction: tuple[int, ...] = ()
    rehearsal: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _each_wave_once(self):
        made = self.reconstruction + self.rehearsal
        if list(self.all) != sorted(set(self.all)):
            raise ValueError("`all` must list each wave once, in order")
        if strange := sorted(set(made) - set(self.all)):
            raise ValueError(f"`all` must list wave {strange[0]} too")
        if len(made) > len(set(made)):
            raise ValueError("a wave must not stand in two lists beside `all`")
        return self

    def kind(self, wave):
        """How a wave's records came about: reconstruction, rehearsal or fieldwork."""
        if wave not in self.all:
            raise InputProblem("waves.all lists no such wave", file="params.yaml", found=wave, allowed=self.all)
        if wave in self.reconstruction:
            return "reconstruction"
        return "rehearsal" if wave in self.rehearsal else "fieldwork"


class Reconstruct(Section):
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]  # the exact solver takes no larger one
    worded_tolerance: Annotated[float, Field(ge=0, le=20), AfterValidator(_few_digits)]
    time_limit: Annotated[float, Field(gt=0)]
    listed: Annotated[int, Field(ge=1)] = 2
    effort: Annotated[float, Field(gt=0)]


class NotAnswering(Section):
    refused: Chance
    broke_off: Chance
    put_off: Chance
    not_reached: Chance
    nothing_heard: Chance
    closed_or_merged: Chance

    @model_validator(mode="after")
    def _add_to_one(self):
        _adds_to_one(self.model_dump())
        return self


class Slips(Section):
    spelling: Chance
    code: Chance
    letter_case: Chance
    blanks: Chance
    curly: Chance
    missing_as_code: Chance


class Fieldwork(Section):
    seed: Count
    organisations: Annotated[int, Field(gt=0)]
    contacts: Annotated[int, Field(gt=0)]
    starts: Annotated[str, AfterValidator(_month_and_day)]
    not_answering: NotAnswering
    two_people: Count
    resumed: Count
    listed_twice: Count
    slips: Slips


class Sample(Section):
    panel: Count
    new: Count


def _adds_to_one(shares):
    total = sum(shares.values())
    if abs(total - 1) > 1e-9:
        raise ValueError(f"the shares add up to {total:.4g}, not to 1")
    return shares


Shares = Annotated[dict[str, Chance], AfterValidator(_adds_to_one)]
Change = Annotated[float, Field(ge=-1, le=1)]


class Rehearse(Section):
    seed: Count
    before: int
    organisations: Annotated[dict[str, Sample], Field(min_length=1)]
    first_number: Annotated[int, Field(gt=0)]
    stays: Chance
    moved: dict[str, dict[str, Change]] = {}
    becomes: dict[str, dict[str, Shares]] = {}
    new: dict[str, dict[str, Chance]] = {}


class Clean(Section):
    partial_from: Chance


class Validate(Section):
    stop_on: Literal["critical", "advisory"]


class Trim(Section):
    lower: Annotated[float, Field(gt=0, le=1)] | None
    upper: Annotated[float, Field(ge=1)] | None

    @model_validator(mode="after")
    def _some_room(self):
        if self.lower == self.upper == 1:
            raise ValueError("lower and upper are both 1, which leaves no room for weights; widen the limits")
        return self


class Sparse(Section):
    fewest: Annotated[int, Field(ge=2)]
    do: Literal["collapse", "stop"]


# One of those in population.yaml; `tracker check` and the stages that read it say which there are.
Population = Annotated[str, AfterValidator(_name)]
Totals = Literal["published", "fewer", "more", "more_small", "more_large"]
Nonresponse = Literal["none", "cells", "propensity"]
Calibration = Literal["none", "poststratify", "rake"]


class Weight(Section):
    population: Population
    totals: Totals
    nonresponse: Nonresponse
    sparse: Sparse
    calibration: Calibration
    trim: Trim


class Vary(Section):
    nonresponse: Annotated[tuple[Nonresponse, ...], Field(min_length=1)]
    calibration: Annotated[tuple[Calibration, ...], Field(min_length=1)]
    trim: Annotated[tuple[Trim, ...], Field(min_length=1)]
    population: Annotated[tuple[Population, ...], Field(min_length=1)]
    totals: Annotated[tuple[Totals, ...], Field(min_length=1)]


class Analyse(Section):
    # Below a half it is the chance of an error, 0.05 instead of 0.95.
    confidence: Annotated[float, Field(ge=0.5, lt=1)]
    flag_below: Annotated[float, Field(ge=0)]
    withhold_below: Annotated[float, Field(ge=0)]

    @model_validator(mode="after")
    def _flagged_before_withheld(self):
        flag, withhold = self.flag_below, self.withhold_below
        if flag < withhold:
            raise ValueError(f"`flag_below` ({flag:g}) must not be below `withhold_below` ({withhold:g})")
        return self


class Disclose(Section):
    minimum_base: Annotated[int, Field(ge=1)]
    minimum_count: Annotated[int, Field(ge=1)]
    share_digits: Annotated[int, Field(ge=1, le=12)]
    weighted_base_to: Annotated[float, Field(gt=0)]


class Colours(Section):
    ink: Colour
    quiet: Colour
    line: Colour
    paper: Colour
    accent: Colour
    everyone: Colour
    groups: Annotated[tuple[Colour, ...], Field(min_length=1)]
    scale: Annotated[tuple[Colour, ...], Field(min_length=2)]
    no_answer: Colour
    warning: Colour


class Figures(Section):
    basis: Literal["unweighted", "weighted"]
    width: Annotated[float, Field(gt=0, le=50)]
    text_size: Annotated[float, Field(gt=0, le=72)]
    dpi: Annotated[int, Field(ge=20, le=1200)]
    colours: Colours


class Publish(Section):
    title: Annotated[str, AfterValidator(_some_text)]


class Compute(Section):
    backend: Literal["loky", "dask"]
    jobs: int
    scheduler: str | None

    @model_validator(mode="after")
    def _dask_has_a_scheduler(self):
        if self.backend == "dask" and self.scheduler is None:
            raise ValueError("backend dask needs `scheduler`, its address such as tcp://10.0.0.1:8786")
        if self.scheduler is not None and not re.match("(tcp|tls)://", self.scheduler):
            raise ValueError("`scheduler` must be an address that begins with tcp:// or tls://")
        if self.jobs == 0 or self.jobs < -1:
            raise ValueError("`jobs` must be a number of processes, or -1 for one for each processor")
        return self


class Coverage(Section):
    seed: Count
    surveys: Annotated[int, Field(ge=2)]
    bases: Annotated[int, Field(gt=0)]
    shares: Annotated[int, Field(gt=0)]
    response: tuple[Share, Share]
    odds: Annotated[float, Field(gt=0)]


class Params(Section):
    waves: Waves
    reconstruct: Reconstruct
    rehearse: Rehearse | None  # null where no wave is a rehearsal
    fieldwork: Fieldwork
    clean: Clean
    validate_: Validate = Field(alias="validate")
    weight: Weight
    analyse: Analyse
    disclose: Disclose
    vary: Vary
    figures: Figures
    publish: Publish
    compute: Compute
    coverage: Coverage


def load_params(path="params.yaml"):
    """Read and check the settings.

    Raises InputProblem naming the key, what was found and what is allowed.
    """
    if not Path(path).exists():
        raise InputProblem("there is no such settings file", file=path, do="start in the project's folder")
    return load_model(path, Params, "settings file")
