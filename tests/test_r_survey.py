"""Agreement with R's survey package: weights, shares, errors, intervals, design effects and Rao-Scott tests.

The scripts in tests/r made the tables there, on four designs of the package's own api data and on the 2014 wave. A
comparison of tables needs no R; the scripts themselves are run again where Rscript and the package are installed.
"""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from conftest import HERE, ROOT

from pipeline.calibration import poststratify, rake
from pipeline.estimate import INFERENCE, KEYS, Grid, estimate_basis, lay_out
from pipeline.tables import read_table

R = HERE / "r"
# Promised are six digits; the tables have twelve.
AGREEMENT = {"rtol": 1e-9, "atol": 1e-9}
PAIR = ["domain", "answer"]
SHARE = ["n", "count", "estimate", *INFERENCE]
DESIGNS = ["stratified", "raked", "uneven", "clustered"]
SCRIPTS = {
    "estimates.R": [],
    "api.R": [],
    "wave.R": ["wave_sample.csv", "wave_pairs.csv"],
    "change.R": ["change_sample.csv", "change_pairs.csv"],
}
READ_BY_R = {file for files in SCRIPTS.values() for file in files}


def made_by_r(name):
    return pd.read_csv(R / f"{name}.csv", comment="#")


def sample_of(design):
    """The api schools of a design, in R's order, with the domains of api.R as 0/1 columns."""
    schools = made_by_r("api_sample")
    schools = schools[schools["design"] == ("clustered" if design == "clustered" else "stratified")]
    schools = schools.reset_index(drop=True)
    domains = {
        "all": schools["type"].notna(),
        "high": schools["type"] == "H",
        "all_year": schools["all_year"] == 1,
        "improved": schools["improved"] == 1,
        "few": (schools["all_year"] == 1) & (schools["awarded"] == 0),
    }
    schools["uneven_start"] = schools["start"] * (1 + schools["awarded"] + 0.5 * schools["all_year"])
    return schools.assign(**{f"in {name}": inside.astype(int) for name, inside in domains.items()})


def api_totals():
    """Schools in the population: {column: {class: total}}, the classes as in the sample."""
    totals = made_by_r("api_totals")
    totals["category"] = [
        c if m == "type" else int(c) for m, c in zip(totals["margin"], totals["category"], strict=True)
    ]
    return {m: dict(zip(t["category"], t["total"], strict=True)) for m, t in totals.groupby("margin", sort=False)}


def svy_sample(design):
    """The design as svy has it, with its record of the calibration."""
    import polars as pl
    import svy

    rows, totals = pl.from_pandas(sample_of(design)), api_totals()
    if design == "clustered":
        sample = svy.Sample(rows, svy.Design(psu="cluster", wgt="start", pop_size="stratum_total"))
        return sample.weighting.poststratify(totals["type"], cells="type", wgt_name="weight")
    start = "uneven_start" if design == "uneven" else "start"
    sample = svy.Sample(rows, svy.Design(stratum="stratum", wgt=start, pop_size="stratum_total"))
    if design == "stratified":
        return sample
    if design == "uneven":
        return sample.weighting.poststratify(totals["type"], cells="type", wgt_name="weight")
    return sample.weighting.rake(controls=totals, tol=1e-12, max_iter=1000, wgt_name="weight")


def by_pipeline(schools, pairs, respondents):
    """The pipeline's weighted shares for each pair of domain and answer, a row each."""
    domains, answers = schools.filter(regex="^in "), schools[pairs["answer"].unique()]
    grid = Grid(rows=pairs[PAIR].assign(domain="in " + pairs["domain"]), domains=domains, answers=answers)
    return estimate_basis(grid, respondents=respondents, basis="weighted", confidence=0.95)


def shares_by_svy(sample, pairs):
    """A row of estimate, se, interval and design effect for each pair of domain and answer."""
    import svy

    rows = []
    for pair in pairs.itertuples():
        edge = pair.count in (0, pair.n)
        options = {"ci_method": "korn-graubard"} if edge else {"deff": "wr"}
        found = sample.estimation.prop(pair.answer, where=svy.col(f"in {pair.domain}") == 1, **options).estimates[-1]
        flip = found.y_level == 0  # nobody gave the answer: svy has the share of those who did not
        rows.append(
            (1 - found.est, found.se, 1 - found.uci, 1 - found.lci, found.deff)
            if flip
            else (found.est, found.se, found.lci, found.uci, found.deff)
        )
    return pd.DataFrame(rows, columns=["estimate", *INFERENCE], index=pairs.index, dtype=float)


def rao_scott_by_svy(sample, pairs):
    """A row for each two-way table, with the columns of R's."""
    rows = []
    for pair in pairs.itertuples():
        found = sample.categorical.tabulate(pair.row, pair.column).stats
        f, chisq = found.f, found.chisq
        rows.append((f.value, f.df_num, f.df_den, f.p_value, chisq.value, chisq.df, chisq.p_value))
    return pd.DataFrame(rows, columns=list(pairs.columns[-7:]), index=pairs.index, dtype=float)


def assert_agreement(ours, by_r, columns):
    for column in columns:
        np.testing.assert_allclose(
            ours[column].astype(float), by_r[column].astype(float), **AGREEMENT, equal_nan=True, err_msg=column
        )


@pytest.mark.parametrize("name", [p.stem for p in sorted(R.glob("*.csv")) if p.name not in READ_BY_R])
def test_each_table_says_which_r_made_it(name):
    first = (R / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# R version ")
    assert "; survey " in first


# ---- the api data


def test_raked_and_poststratified_weights():
    by_r = made_by_r("api_weights").groupby("design")["weight"]
    totals = api_totals()
    raked = rake(sample_of("raked"), margins=totals, start="start")
    stratified = poststratify(sample_of("clustered"), cells="type", totals=totals["type"], start="start")
    np.testing.assert_allclose(raked, by_r.get_group("raked"), **AGREEMENT)
    np.testing.assert_allclose(stratified, by_r.get_group("clustered"), **AGREEMENT)
    # The margins cut across the strata: raking moved weights inside each
    assert raked.groupby(sample_of("raked")["stratum"]).nunique().min() > 2


@pytest.mark.parametrize("design", ["stratified", "uneven"])
def test_shares_of_a_stratified_sample_by_the_pipeline(design):
    schools, by_r = sample_of(design), made_by_r("api_estimates").query("design == @design").reset_index(drop=True)
    weights = schools["start"]
    if design == "uneven":
        weights = poststratify(schools, cells="type", totals=api_totals()["type"], start="uneven_start")
        np.testing.assert_allclose(weights, made_by_r("api_weights").query("design == 'uneven'")["weight"], **AGREEMENT)
    ours = by_pipeline(schools, by_r, schools.assign(weight=weights))
    assert len(ours) == len(by_r)
    assert_agreement(ours, by_r, SHARE)


@pytest.mark.parametrize("design", DESIGNS)
def test_shares_credit_calibration_clusters_and_finite_population(design):
    by_r = made_by_r("api_estimates").query("design == @design")
    assert_agreement(shares_by_svy(svy_sample(design), by_r), by_r, ["estimate", *INFERENCE])


@pytest.mark.parametrize("design", DESIGNS)
def test_rao_scott_statistics(design):
    by_r = made_by_r("api_tests").query("design == @design")
    ours = rao_scott_by_svy(svy_sample(design), by_r)
    assert_agreement(ours, by_r, ours.columns)


def test_crediting_the_strata_alone_is_a_choice_with_a_size():
    """The pipeline credits the strata, and no margin that cuts across them: it has none. Where one does, it matters.

    On the api data its errors would be between a fifth too small and, for a share that goes with the margin
    (`improved` with `awarded`), more than three times too large. Whoever adds such a margin must credit it.
    """
    schools, by_r = sample_of("raked"), made_by_r("api_estimates").query("design == 'raked'").reset_index(drop=True)
    respondents = schools.assign(weight=rake(schools, margins=api_totals(), start="start"))
    ours = by_pipeline(schools, by_r, respondents)
    assert_agreement(ours, by_r, ["n", "count", "estimate"])
    free = by_r["answer"].isin(["improved", "all_year"]) & by_r["count"].between(1, by_r["n"] - 1)
    ratio = (ours["se"] / by_r["se"])[free]
    assert ratio.min() == pytest.approx(0.833, abs=0.001)
    assert ratio.max() == pytest.approx(3.250, abs=0.001)


# ---- the 2014 wave


@pytest.fixture(scope="module")
def wave():
    return made_by_r("wave_sample")


def test_weights_of_the_wave(wave):
    by_r = made_by_r("wave_weights")
    cells = wave.groupby("stratum")["stratum_total"].first()
    sectors = cells.groupby(wave.groupby("stratum")["sector"].first()).sum()
    margins = {"sector": sectors.to_dict(), "stratum": cells.to_dict()}
    stratified = poststratify(wave, cells="stratum", totals=margins["stratum"], start="response_weight")
    raked = rake(wave, margins=margins, start="response_weight")
    np.testing.assert_allclose(stratified, by_r["poststratified"], **AGREEMENT)
    np.testing.assert_allclose(raked, by_r["raked"], **AGREEMENT)


@pytest.mark.parametrize("basis", ["unweighted", "weighted"])
def test_every_share_of_the_wave(wave, basis):
    by_r = made_by_r("wave_estimates").query("basis == @basis")
    grid = Grid(rows=by_r[PAIR], domains=wave.filter(regex="^domain "), answers=wave.filter(regex="^answer "))
    ours = estimate_basis(grid, respondents=wave, basis=basis, confidence=0.95)
    assert len(ours) == len(by_r) > 1000
    assert_agreement(ours, by_r, SHARE)


def test_every_published_estimate_is_r_s(codebook_2014, make_respondents):
    """What reports/ prints; a share withheld, or of a modelled base, is empty there and compared as far as it goes."""
    names = lay_out(make_respondents(codebook_2014, 20, seed=1), codebook_2014).rows
    published = read_table(ROOT / "reports/2014/estimates.csv").merge(names, on=KEYS, validate="m:1")
    published = published[published["n"] > 0]
    both = published.merge(made_by_r("wave_estimates"), on=[*PAIR, "basis"], how="left", suffixes=("", "_r"))
    # Where a printed share may stand for several counts, interval and error are the widest of these, R's among them.
    several = both["basis"].eq("unweighted") & (both["count_low"] < both["count_high"])
    assert (both["ci_low"] <= both["ci_low_r"] + 1e-9)[several & both["ci_low"].notna()].all()
    assert (both["ci_high"] >= both["ci_high_r"] - 1e-9)[several & both["ci_high"].notna()].all()
    # The error is R's at the most varied of these counts: within a domain it goes by the root of p (1 - p).
    most = both["base_low"].floordiv(2).clip(both["count_low"], both["count_high"]) / both["base_low"]
    largest = both["se_r"] * np.sqrt(most * (1 - most) / (both["estimate_r"] * (1 - both["estimate_r"])))
    given = several & both["se"].notna()
    assert given.sum() > 20
    np.testing.assert_allclose(both["se"][given], largest[given], **AGREEMENT)
    assert several.sum() > 20
    # Of such a share, and of one whose base is open, the printed per cent is published: R's rounds to it.
    printed = both["support"].eq("published") & (several | (both["base_low"] < both["base_high"]))
    rounded = np.floor(100 * both["estimate_r"] + 0.5 + 1e-9) / 100
    np.testing.assert_allclose(both["estimate"][printed], rounded[printed], **AGREEMENT)
    for column in SHARE:
        both[column] = both[column].mask(several & (column in ("se", "ci_low", "ci_high")))
        both[column] = both[column].mask(printed & (column == "estimate"))
        found, by_r = both[column], both[f"{column}_r"].where(both[column].notna())
        np.testing.assert_allclose(
            found, by_r, **AGREEMENT, err_msg=f"{column}; if the wave has changed since R saw it, run `make r-tables`"
        )
    # What the records alone have is published without an error, but with the design effect that R gives it too.
    # So have answers that all gave or none, in 14 weighted rows without an interval: no error of nil stands alone.
    assert published["se"].notna().sum() == 256 - 14 and both["deff"].notna().sum() > 1000


def test_crediting_the_calibration_changes_no_error_of_the_wave():
    """Cells are the strata, so what R credits a rake for is in the stratified error already."""
    by_r = made_by_r("wave_estimates").query("basis == 'weighted'")
    np.testing.assert_allclose(by_r["se"], by_r["se_calibrated"], **AGREEMENT)


def test_cells_as_strata_is_a_choice_with_a_size():
    """Had R the sectors as strata and the cells as post-strata only, its errors would be within 6% of ours."""
    by_r = made_by_r("wave_estimates").query("basis == 'weighted' and n >= 30 and se > 1e-6")
    ratio = by_r["se"] / by_r["se_sectors"]
    assert len(ratio) > 100
    assert ratio.between(0.96, 1.06).all()
    assert ratio.median() == pytest.approx(1.009, abs=0.001)


def test_rao_scott_statistics_of_the_wave(wave):
    import polars as pl
    import svy

    design = svy.Design(stratum="stratum", wgt="weight", pop_size="stratum_total")
    by_r = made_by_r("wave_tests")
    ours = rao_scott_by_svy(svy.Sample(pl.from_pandas(wave), design), by_r)
    assert len(ours) > 10
    assert_agreement(ours, by_r, ours.columns)


def test_the_published_tests_between_sectors_are_r_s(codebook_2014):
    """reports/: of every question put to all and answered once, where R was asked for the same table."""
    published = read_table(ROOT / "reports/2014/group_tests.csv").query("basis == 'weighted' and statistic.notna()")
    sectors = published[published["break"].eq(codebook_2014.sector) & published["left_out"].isna()]
    everyone = [m.id for m in codebook_2014.measures if m.base == "all"]
    sectors = sectors[sectors["measure"].isin(everyone) & sectors["category"].isna()]
    by_r = made_by_r("wave_tests").query("column == 'sector'")
    both = sectors.assign(row="of " + sectors["measure"]).merge(by_r, on="row", validate="1:1")
    assert len(both) > 5
    for ours, r in {"statistic": "f", "df_numerator": "df_num", "df_denominator": "df_den", "p": "f_p"}.items():
        np.testing.assert_allclose(both[ours], both[r], **AGREEMENT, err_msg=ours)


# ---- R again


def without_r():
    """Why the scripts cannot be run here, or an empty text."""
    if not shutil.which("Rscript"):
        return "R is not installed (Debian: r-base-core, r-cran-survey)"
    asked = subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True)
    return "R's package survey is not installed (Debian: r-cran-survey)" if asked.returncode else ""


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_still_make_these_tables(script, tmp_path):
    if why := without_r():
        pytest.skip(why)
    for file in (script, "common.R", *SCRIPTS[script]):
        shutil.copy(R / file, tmp_path)
    subprocess.run(["Rscript", script], cwd=tmp_path, check=True, capture_output=True)
    made = sorted(p.stem for p in tmp_path.glob("*.csv") if p.name not in SCRIPTS[script])
    assert made
    for name in made:
        again = pd.read_csv(tmp_path / f"{name}.csv", comment="#")
        pd.testing.assert_frame_equal(again, made_by_r(name), check_exact=False, rtol=1e-7, atol=1e-9, obj=name)
