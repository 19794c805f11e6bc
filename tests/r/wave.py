"""The sample of the 2014 wave that wave.R reads: design, weights, and who is in each base and gave each answer.

python tests/r/wave.py, after `dvc repro`; then Rscript wave.R in this folder.
"""

from pathlib import Path

import pandas as pd

from pipeline.codebook import load_codebook
from pipeline.estimate import lay_out
from pipeline.tables import read_respondents, write_text

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SAMPLE, PAIRS = HERE / "wave_sample.csv", HERE / "wave_pairs.csv"
NOTE = "# The 2014 wave as rebuilt from its printed report: modelled records, no organisation's answers; by wave.py\n"
DESIGN = ["stratum", "stratum_total", "response_weight", "weight"]


def main():
    """Write the two files beside this one."""
    sample, pairs = sample_and_pairs()
    for path, table in ((SAMPLE, sample), (PAIRS, pairs)):
        write_text(path, NOTE + table.to_csv(index=False, lineterminator="\n", float_format="%.15g"))


def sample_and_pairs():
    """The sample (a row per respondent) and the pairs of domain and answer that the codebook asks shares of.

    Columns of the sample: those of DESIGN, `sector`, the domains and answers of `pipeline.estimate.Grid` (0/1), and, as
    `of QUESTION`, the answers to questions answered once and by everybody.
    """
    codebook = load_codebook(ROOT / "data/codebook/2014.yaml")
    respondents = read_respondents(ROOT / "data/weighted/2014/respondents.csv", codebook)
    grid = lay_out(respondents, codebook)
    single = [q.id for q in codebook.questions if not q.several and respondents[q.id].notna().all()]
    answers = respondents[single].astype(object).add_prefix("of ")
    sector = respondents[codebook.sector].astype(object).rename("sector")
    sample = pd.concat([respondents[DESIGN], sector, answers, grid.domains, grid.answers], axis="columns")
    return sample, grid.rows[["domain", "answer"]].drop_duplicates(ignore_index=True)


if __name__ == "__main__":
    main()
