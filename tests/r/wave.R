# What R's survey package makes of the weighted 2014 wave: the numbers that tests/test_r_survey.py holds the published
# estimates to. Reads wave_sample.csv and wave_pairs.csv (made by wave.py), makes wave_weights.csv, wave_estimates.csv
# and wave_tests.csv, all in the folder where it is run.
# Run in tests/r: Rscript wave.R (Debian packages r-base-core and r-cran-survey).
source("common.R")
note <- "The 2014 wave as rebuilt from its printed report: modelled records; by wave.R"
sampled <- read_table("wave_sample.csv")
pairs <- read_table("wave_pairs.csv")

# Weights: from the response weights to the totals of the cells, and of sectors and cells
total_by <- function(column) tapply(sampled$stratum_total[first], sampled[[column]][first], sum)
first <- !duplicated(sampled$stratum)
sampled$sector_total <- as.numeric(total_by("sector")[sampled$sector])
start <- svydesign(ids = ~1, strata = ~stratum, weights = ~response_weight, fpc = ~stratum_total, data = sampled)
stratified <- postStratify(start, ~stratum, frequencies("stratum", total_by("stratum")))
raked <- rake(start, list(~sector, ~stratum),
  list(frequencies("sector", total_by("sector")), frequencies("stratum", total_by("stratum"))), control = tight)

# Estimates: with the published weights as they stand; the error also with what R credits the calibration for, and
# with the sectors as strata and the cells as post-strata only (what the project does not do)
published <- svydesign(ids = ~1, strata = ~stratum, weights = ~weight, fpc = ~stratum_total, data = sampled)
sectors <- postStratify(
  svydesign(ids = ~1, strata = ~sector, weights = ~response_weight, fpc = ~sector_total, data = sampled),
  ~stratum, frequencies("stratum", total_by("stratum"))
)
unweighted <- svydesign(ids = ~1, weights = rep(1, nrow(sampled)), data = sampled)
error <- function(design, inside, answer) {
  as.numeric(SE(svymean(as.formula(sprintf("~`%s`", answer)), subset(design, inside))))
}
one <- function(domain, answer) {
  inside <- sampled[[domain]] == 1
  if (!any(inside)) return(NULL)
  keys <- data.frame(domain = domain, answer = answer)
  rbind(
    cbind(keys, basis = "unweighted", share(unweighted, inside, answer), se_calibrated = NA, se_sectors = NA),
    cbind(keys, basis = "weighted", share(published, inside, answer), se_calibrated = error(raked, inside, answer),
      se_sectors = error(sectors, inside, answer))
  )
}
estimates <- do.call(rbind, Map(one, pairs$domain, pairs$answer))

questions <- grep("^of ", names(sampled), value = TRUE)
crossed <- expand.grid(row = questions, column = c("sector", "stratum"), stringsAsFactors = FALSE)
# R's test needs every cell filled
filled <- mapply(function(row, column) all(table(sampled[[row]], sampled[[column]]) > 0), crossed$row, crossed$column)
crossed <- crossed[filled, ]
tests <- do.call(rbind, Map(function(row, column) rao_scott(published, row, column), crossed$row, crossed$column))

save_table(data.frame(poststratified = weights(stratified), raked = weights(raked)), "wave_weights.csv", note)
save_table(estimates, "wave_estimates.csv", note)
save_table(tests, "wave_tests.csv", note)
