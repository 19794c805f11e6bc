"""params.yaml, checked."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.problems import InputProblem

Share = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """A part of params.yaml; an unknown key is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reconstruct(Section):
    seed: int
    worded_tolerance: Annotated[float, Field(ge=0, le=20)]
    time_limit: Annotated[float, Field(gt=0)]


class Fieldwork(Section):
    seed: int
    organisations: Annotated[int, Field(gt=0)]
    contacts: Annotated[int, Field(gt=0)]
    email_returns: Annotated[int, Field(ge=0)]


class Validate(Section):
    stop_on: Literal["critical", "advisory"]


class Weight(Section):
    population: Literal["england", "england_and_wales"]
    calibration: Literal["none", "poststratify", "rake"]


class Analyse(Section):
    confidence: Share
    flag_below: Annotated[float, Field(ge=0)]
    withhold_below: Annotated[float, Field(ge=0)]


class Figures(Section):
    width: Annotated[float, Field(gt=0)]
    text_size: Annotated[float, Field(gt=0)]


class Params(Section):
    waves: dict[int, Literal["reconstruction", "rehearsal", "fieldwork"]]
    reconstruct: Reconstruct
    fieldwork: Fieldwork
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
