"""Two made-up waves, some houses in both, that change.R reads: design, domains and answers, a row per house and wave.

python tests/r/change.py, then Rscript change.R in this folder.
"""

import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from conftest import respondents_of  # noqa: E402
from made_waves import renamed, wave_of  # noqa: E402

from pipeline.change import side_by_side, stack  # noqa: E402
from pipeline.codebook import load_codebook  # noqa: E402
from pipeline.harmonise import compare, register  # noqa: E402
from pipeline.tables import write_text  # noqa: E402

NOTE = "# Two waves of a made-up survey of libraries and museums, some of them in both; by change.py\n"


def waves():
    """An earlier wave with equal weights and a later one with uneven ones: 90 houses in both, 40 and 60 in one."""
    codebook = load_codebook(HERE.parent / "small_codebook.yaml")
    earlier = respondents_of(codebook, 130, seed=11)
    other = respondents_of(codebook, 150, seed=12)
    # Most of those in both answer as they did.
    later = pd.concat([earlier.iloc[30:100], other.iloc[:20], renamed(other.iloc[20:80], 0)], ignore_index=True)
    later.loc[70:89, "organisation"] = earlier["organisation"].iloc[10:30].to_numpy()
    return wave_of(codebook, earlier, 2020), wave_of(codebook, later, 2021, weight="uneven")


def rows_of(before, after, basis):
    """The comparable rows of the two waves with both estimates, on one basis."""
    breaks = register({w.wave: w.codebook for w in (before, after)})
    rows = side_by_side(compare(before.codebook, after.codebook, breaks=breaks), before, after)
    kept = rows["comparable"] & rows["quality"].isin(["ok", "flagged"]) & rows["basis"].eq(basis)
    return rows[kept].reset_index(drop=True)


def main():
    """Write the stacked waves and the pairs of domain and answer beside this file."""
    before, after = waves()
    rows = rows_of(before, after, "weighted")
    names, stacked = stack(before, after, rows, basis="weighted")
    for file, table in (("change_sample.csv", stacked), ("change_pairs.csv", names.drop_duplicates())):
        write_text(HERE / file, NOTE + table.to_csv(index=False, lineterminator="\n", float_format="%.15g"))


if __name__ == "__main__":
    main()
