"""Made-up libraries and museums that were approached, answered, and are to be weighted."""

import pandas as pd

from pipeline.params import Sparse, Trim, Weight
from pipeline.weight import weigh

# Two sectors; the museums' two smaller bands share one total.
CELLS = pd.DataFrame(
    {
        "cell": ["lib_few", "lib_many", "mus_few+mus_middle", "mus_many"],
        "label": ["Few", "Many", "Smaller", "Large"],
        "sector": ["lib", "lib", "mus", "mus"],
        "total": [20.0, 10.0, 60.0, 12.0],
    }
)
BANDS = ["lib_few", "lib_many", "mus_few", "mus_middle", "mus_many"]
ANSWERED = {"lib_few": 4, "lib_many": 2, "mus_few": 3, "mus_middle": 2, "mus_many": 5}


def houses(answered, prefix="H"):
    """A table of houses: so many of each band."""
    bands = [band for band in BANDS for _ in range(answered.get(band, 0))]
    names = [f"{prefix}-{i:03d}" for i in range(len(bands))]
    return pd.DataFrame({"organisation": names, "kind": [b[:3] for b in bands], "scale": bands})


def approached_for(respondents, silent=None, closed=0):
    """Those approached: the respondents, `silent` houses by band (three of two bands unless given), some closed."""
    silent = houses({"lib_few": 3, "mus_few": 3} if silent is None else silent, prefix="S")
    shut = houses({"lib_many": closed}, prefix="C")
    tables = [respondents.assign(group="I"), silent.assign(group="R"), shut.assign(group="NE")]
    approached = pd.concat(tables, ignore_index=True)
    return approached.assign(contacts=[1 + i % 3 for i in range(len(approached))])


def settings_of(calibration="poststratify", nonresponse="none", fewest=2, do="collapse", lower=None, upper=None):
    """The section `weight` of the settings."""
    trim_, sparse = Trim(lower=lower, upper=upper), Sparse(fewest=fewest, do=do)
    fixed = {"population": "england", "totals": "published", "sparse": sparse, "trim": trim_}
    return Weight(nonresponse=nonresponse, calibration=calibration, **fixed)


def weigh_all(respondents, codebook, calibration="poststratify", cells=CELLS, approached=None, **options):
    approached = approached_for(respondents) if approached is None else approached
    options = settings_of(calibration, **options)
    return weigh(respondents, approached=approached, cells=cells, codebook=codebook, settings=options)


def weighted_rows(respondents, codebook, calibration="poststratify", cells=CELLS, approached=None, **options):
    return weigh_all(respondents, codebook, calibration, cells, approached, **options).rows
