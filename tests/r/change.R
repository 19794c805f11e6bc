# What R's survey package makes of change between two made-up waves with some houses in both: the numbers that
# tests/test_change.py holds the project's changes to. Reads change_sample.csv and change_pairs.csv (made by change.py),
# makes change_errors.csv, all in the folder where it is run.
# Run in tests/r: Rscript change.R (Debian packages r-base-core and r-cran-survey).
source("common.R")
note <- "Change between two made-up waves; by change.R"
sampled <- read_table("change_sample.csv")
pairs <- read_table("change_pairs.csv")
sampled$one <- 1
sampled$wave <- factor(sampled$wave)
earlier <- sampled[sampled$wave == levels(sampled$wave)[1], ]
later <- sampled[sampled$wave == levels(sampled$wave)[2], ]

# Each wave by itself: simple, and in its own cells with their totals as finite populations
alone <- function(rows, basis) {
  if (basis == "unweighted") return(svydesign(ids = ~1, weights = ~one, data = rows))
  rows$cell_total <- ave(rows$weight, rows$cell, FUN = sum)
  design <- svydesign(ids = ~1, strata = ~cell, weights = ~weight, fpc = ~cell_total, data = rows)
  totals <- tapply(rows$weight, rows$cell, sum)
  postStratify(design, ~cell, frequencies("cell", totals))
}
# Both, houses as primary sampling units: strata of the earlier wave, weights calibrated to each wave's cells
together <- function(basis) {
  if (basis == "unweighted") return(svydesign(ids = ~organisation, weights = ~one, data = sampled))
  design <- svydesign(ids = ~organisation, strata = ~stratum, weights = ~weight, fpc = ~population, data = sampled)
  totals <- tapply(sampled$weight, sampled$cell, sum)
  postStratify(design, ~cell, frequencies("cell", totals))
}
# The covariance matrix of the two waves' shares, as ratios of totals
ratios <- function(design, domain, answer) {
  variables <- design$variables
  inside <- variables[[domain]] == 1
  for (i in 1:2) {
    of_wave <- inside & as.integer(variables$wave) == i
    design$variables[[paste0("base", i)]] <- as.numeric(of_wave)
    design$variables[[paste0("gave", i)]] <- as.numeric(of_wave) * variables[[answer]]
  }
  # The four ratios in order: gave1 / base1, gave2 / base1, gave1 / base2, gave2 / base2
  vcov(svyratio(~gave1 + gave2, ~base1 + base2, design, covmat = TRUE))[c(1, 4), c(1, 4)]
}
change <- function(basis, designs, domain, answer) {
  formula <- as.formula(sprintf("~`%s`", answer))
  of <- function(design) subset(design, design$variables[[domain]] == 1)
  one <- svymean(formula, of(designs$earlier))
  other <- svymean(formula, of(designs$later))
  both <- ratios(designs$together, domain, answer)
  covariance <- both[1, 2]
  data.frame(
    basis = basis, domain = domain, answer = answer, change = as.numeric(coef(other)) - as.numeric(coef(one)),
    se_before = as.numeric(SE(one)), se_after = as.numeric(SE(other)), covariance = covariance,
    se = sqrt(as.numeric(SE(one))^2 + as.numeric(SE(other))^2 - 2 * covariance),
    # With houses as units and nothing else, the stack has the whole error at once
    se_stacked = sqrt(both[1, 1] + both[2, 2] - 2 * covariance)
  )
}
found <- do.call(rbind, lapply(c("unweighted", "weighted"), function(basis) {
  designs <- list(earlier = alone(earlier, basis), later = alone(later, basis), together = together(basis))
  do.call(rbind, Map(function(d, a) change(basis, designs, d, a), pairs$domain, pairs$answer))
}))
save_table(found, "change_errors.csv", note)
