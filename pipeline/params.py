"""params.yaml, checked."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.problems import InputProblem

Share = Annotated[float, Field(gt=0, lt=1)]
Chance = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Colour = Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$")]


class Section(BaseModel):
    """A part of params.yaml; an unknown key is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Waves(Section):
    """Every wave, and those whose records were not collected. Lists, since DVC makes stages of lists only.

    (It passes over a mapping whose keys are numbers, so a wave added to one would be left out in silence.)
    """

    all: Annotated[tuple[int, ...], Field(min_length=1)]
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
    seed: int
    worded_tolerance: Annotated[float, Field(ge=0, le=20)]
    time_limit: Annotated[float, Field(gt=0)]
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
        total = sum(self.model_dump().values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares add up to {total:.4g}, not to 1")
        return self


class Slips(Section):
    spelling: Chance
    code: Chance
    letter_case: Chance
    blanks: Chance
    curly: Chance
    missing_as_code: Chance


class Fieldwork(Section):
    seed: Annotated[int, Field(ge=0)]
    organisations: Annotated[int, Field(gt=0)]
    contacts: Annotated[int, Field(gt=0)]
    starts: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$")]
    not_answering: NotAnswering
    two_people: Count
    resumed: Count
    listed_twice: Count
    slips: Slips


class Clean(Section):
    partial_from: Chance


class Validate(Section):
    stop_on: Literal["critical", "advisory"]


class Weight(Section):
    population: Literal["england", "england_and_wales"]
    calibration: Literal["none", "poststratify", "rake"]


class Analyse(Section):
    confidence: Share
    flag_below: Annotated[float, Field(ge=0)]
    withhold_below: Annotated[float, Field(ge=0)]


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
    width: Annotated[float, Field(gt=0)]
    text_size: Annotated[float, Field(gt=0)]
    dpi: Annotated[int, Field(gt=0)]
    colours: Colours


class Params(Section):
    waves: Waves
    reconstruct: Reconstruct
    fieldwork: Fieldwork
    clean: Clean
    validate_: Validate = Field(alias="validate")
    weight: Weight
    analyse: Analyse
    figures: Figures


def load_params(path="params.yaml"):
    """Read and check the settings.

    Raises InputProblem naming the key, what was found and what is allowed.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputProblem("there is no such settings file", file=path) from None
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        row = mark.line + 1 if mark else None
        raise InputProblem(f"not YAML: {getattr(e, 'problem', e)}", file=path, row=row) from None
    try:
        return Params.model_validate(raw)
    except ValidationError as e:
        first = e.errors()[0]
        key = ".".join(map(str, first["loc"])) or "settings"
        raise InputProblem(f"{key}: {first['msg']}", file=path, found=first.get("input")) from None
