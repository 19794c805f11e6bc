# What R's survey package makes of a small stratified sample: the numbers that tests/test_weight.py and
# tests/test_estimate.py hold svy to. Makes sample.csv (the sample), estimates.csv and weights.csv.
# Run in this folder: Rscript estimates.R (Debian packages r-base-core and r-cran-survey).
suppressPackageStartupMessages(library(survey))
options(digits = 17)
set.seed(2014)

cells <- data.frame(
  cell = c("a1", "a2", "a3", "b1", "b2"), sector = c("a", "a", "a", "b", "b"),
  total = c(37, 254, 62, 1029, 274), answered = c(6, 14, 9, 21, 30)
)
rows <- cells[rep(seq_len(nrow(cells)), cells$answered), ]
n <- nrow(rows)
sector_total <- tapply(cells$total, cells$sector, sum)
sector_answered <- tapply(cells$answered, cells$sector, sum)
share <- c(a1 = .2, a2 = .4, a3 = .7, b1 = .3, b2 = .6)[rows$cell]
sample_ <- data.frame(
  cell = rows$cell, sector = rows$sector, stratum_total = rows$total,
  response_weight = as.numeric((sector_total / sector_answered)[rows$sector]),
  domain.all = 1, domain.half = rbinom(n, 1, .5), domain.few = rbinom(n, 1, .15),
  domain.sector = as.integer(rows$sector == "b"), domain.cells = as.integer(rows$cell %in% c("a1", "b2")),
  answer.even = rbinom(n, 1, .5), answer.uneven = rbinom(n, 1, share), answer.rare = rbinom(n, 1, .04),
  answer.never = 0, answer.always = 1, answer.sector = as.integer(rows$sector == "a")
)

# Weights: post-stratified to the cells, and raked to sectors and cells far below R's loose default tolerance
start <- svydesign(ids = ~1, strata = ~cell, weights = ~response_weight, fpc = ~stratum_total, data = sample_)
frequencies <- function(column, totals) setNames(data.frame(names(totals), as.numeric(totals)), c(column, "Freq"))
by_cell <- frequencies("cell", setNames(cells$total, cells$cell))
stratified <- postStratify(start, ~cell, by_cell)
raked <- rake(start, list(~sector, ~cell), list(frequencies("sector", sector_total), by_cell),
  control = list(maxit = 1000, epsilon = 1e-12))
sample_$weight <- weights(stratified)

# Estimates: unweighted, weighted within cells, and (what the project does not do) with the sectors as strata
sample_$sector_total <- as.numeric(sector_total[sample_$sector])
designs <- list(
  unweighted = svydesign(ids = ~1, weights = rep(1, n), data = sample_),
  weighted = svydesign(ids = ~1, strata = ~cell, weights = ~weight, fpc = ~stratum_total, data = sample_)
)
others <- list(
  unweighted = designs$unweighted, weighted = update(stratified, one = 1)
)
sectors <- postStratify(
  svydesign(ids = ~1, strata = ~sector, weights = ~response_weight, fpc = ~sector_total, data = sample_), ~cell, by_cell
)

interval <- function(part, formula, p, members) {
  df <- degf(part)
  if (p > 0 && p < 1) return(as.numeric(attr(svyciprop(formula, part, method = "xlogit", df = df), "ci")))
  # Korn and Graubard at 0 and 1, as in the SAS macro of NCHS: the base itself, adjusted for its degrees of freedom
  effective <- min(members, members * (qt(.975, members - 1) / qt(.975, df))^2)
  if (p == 0) c(0, qbeta(.975, 1, effective)) else c(qbeta(.025, effective, 1), 1)
}

one <- function(basis, domain, answer) {
  inside <- sample_[[domain]] == 1
  part <- subset(designs[[basis]], inside)
  formula <- as.formula(paste0("~", answer))
  found <- svymean(formula, part, deff = "replace")
  p <- round(as.numeric(coef(found)), 14)
  ends <- interval(part, formula, p, sum(inside))
  data.frame(
    domain = domain, answer = answer, basis = basis, n = sum(inside), count = sum(sample_[inside, answer]),
    estimate = p, se = as.numeric(SE(found)), ci_low = ends[1], ci_high = ends[2],
    deff = if (p > 0 && p < 1) as.numeric(deff(found)) else NA,
    se_poststratified = as.numeric(SE(svymean(formula, subset(others[[basis]], inside)))),
    se_sector_strata = if (basis == "weighted") as.numeric(SE(svymean(formula, subset(sectors, inside)))) else NA
  )
}
pairs <- expand.grid(
  answer = grep("^answer", names(sample_), value = TRUE), domain = grep("^domain", names(sample_), value = TRUE),
  basis = c("unweighted", "weighted"), stringsAsFactors = FALSE
)
estimates <- do.call(rbind, Map(one, pairs$basis, pairs$domain, pairs$answer))

save <- function(table, file) {
  versions <- sprintf("# %s; survey %s; made by estimates.R", R.version.string, packageVersion("survey"))
  writeLines(versions, file)
  suppressWarnings(write.table(table, file, append = TRUE, sep = ",", row.names = FALSE, na = "", quote = FALSE))
}
save(sample_[setdiff(names(sample_), c("weight", "sector_total"))], "sample.csv")
save(data.frame(poststratified = weights(stratified), raked = weights(raked)), "weights.csv")
save(estimates, "estimates.csv")
