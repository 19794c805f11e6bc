"""Waves of the made-up survey for tests of the tracker: the same houses again, others, or both."""

import pandas as pd

from pipeline.change import Wave
from pipeline.codebook import ORGANISATION, Criterion, NetScore, Step
from pipeline.estimate import estimate
from pipeline.params import Analyse

SETTINGS = Analyse(confidence=0.95, flag_below=30, withhold_below=10)
STEPS = (
    Step(
        id="sell",
        number=1,
        label="Sell",
        criteria=[
            Criterion(id="shop", label="Has a shop", where={"shop": ["yes"]}),
            Criterion(id="crafts", label="Does no crafts", where={"events": {"none": ["crafts"]}}),
        ],
    ),
    Step(
        id="look",
        number=2,
        label="Look ahead",
        criteria=[
            Criterion(id="bright", label="Sees it bright or steady", where={"outlook": ["bright", "steady"]}),
            Criterion(id="toys", label="Sells toys", where={"goods": ["toys"]}),
        ],
    ),
)
SCORE = NetScore(id="mood", label="Mood", measure="outlook", plus="bright", minus=["steady", "bleak"])


def wave_of(codebook, respondents, year, *, kind="fieldwork", weight="equal", bounds=None):
    """A Wave: the respondents weighted by kind of house and, in `uneven`, by more or less within it; and estimated.

    `bounds` settle estimates of a reconstruction.
    """
    book = codebook.model_copy(update={"wave": year, "kind": kind})
    kinds = respondents[codebook.sector].astype(object)
    totals = {a.id: 400.0 + 200 * i for i, a in enumerate(codebook.question(codebook.sector).answers)}
    lean = 1.0 + (pd.Series(range(len(respondents)), index=respondents.index) % 3) * (weight == "uneven")
    share = lean / lean.groupby(kinds).transform("sum")
    rows = respondents.assign(stratum=kinds, stratum_total=kinds.map(totals), weight=share * kinds.map(totals))
    return Wave(year, book, rows, estimate(rows, codebook=book, settings=SETTINGS, bounds=bounds))


def renamed(respondents, start):
    """The same answers given by other houses: identifiers from a running number on."""
    names = [f"{name[:3]}-N{start + i}" for i, name in enumerate(respondents[ORGANISATION])]
    return respondents.assign(**{ORGANISATION: pd.Series(names, index=respondents.index, dtype="string")})


def stepped(codebook):
    """The codebook with steps and a net score."""
    return codebook.model_copy(update={"steps": STEPS, "net_scores": (SCORE,)})


def two_waves(book, make_respondents):
    """Two waves of other houses, a year apart."""
    return [wave_of(book, make_respondents(book, 90, seed), 2019 + seed) for seed in (1, 2)]
