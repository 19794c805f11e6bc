# What R's survey package makes of four designs on the `api` data that ships with it: the numbers that
# tests/test_r_survey.py holds the project's functions and svy to. Makes api_*.csv in the folder where it is run.
# Run in tests/r: Rscript api.R (Debian packages r-base-core and r-cran-survey).
#
# The data are the Academic Performance Index of schools in California, 1999 and 2000 (California Department of
# Education), as sampled for and shipped with the package (GPL 2 or 3, Thomas Lumley). Only the columns needed are
# kept, without names and codes of schools and districts: five facts of a school, its cluster and its design.
source("common.R")
data(api)
origin <- "From the api data of R's survey package (T. Lumley, GPL 2 or 3), few columns; see api.R"

facts <- c(sch.wide = "grew", comp.imp = "improved", awards = "awarded", yr.rnd = "all_year")
columns <- function(schools) {
  yes <- setNames(lapply(schools[names(facts)], function(x) as.integer(x == "Yes")), facts)
  data.frame(type = as.character(schools$stype), yes, check.names = FALSE)
}
stratified <- data.frame(
  design = "stratified", columns(apistrat), cluster = seq_len(nrow(apistrat)), stratum = as.character(apistrat$stype),
  stratum_total = apistrat$fpc, start = apistrat$pw
)
clustered <- data.frame(
  design = "clustered", columns(apiclus1), cluster = match(apiclus1$dnum, unique(apiclus1$dnum)), stratum = "all",
  stratum_total = apiclus1$fpc, start = apiclus1$pw
)
sampled <- rbind(stratified, clustered)
stratified$uneven_start <- stratified$start * (1 + stratified$awarded + 0.5 * stratified$all_year)
population <- columns(apipop)
margin <- function(column) {
  totals <- table(population[[column]])
  data.frame(margin = column, category = names(totals), total = as.integer(totals))
}
totals <- do.call(rbind, lapply(c("type", "grew", "awarded"), margin))
total_of <- function(column) {
  rows <- totals[totals$margin == column, ]
  frequencies(column, setNames(rows$total, rows$category))
}

plain <- svydesign(ids = ~1, strata = ~stratum, fpc = ~stratum_total, weights = ~start, data = stratified)
clusters <- svydesign(ids = ~cluster, fpc = ~stratum_total, weights = ~start, data = clustered)
crossing <- c("type", "grew", "awarded")
designs <- list(
  # 200 schools in three strata, finite populations
  stratified = plain,
  # the same, raked to three margins, two of which cut across the strata
  raked = rake(plain, lapply(crossing, reformulate), lapply(crossing, total_of), control = tight),
  # the same sample with weights that differ inside strata, post-stratified to the strata
  uneven = postStratify(
    svydesign(ids = ~1, strata = ~stratum, fpc = ~stratum_total, weights = ~uneven_start, data = stratified),
    ~type, total_of("type")
  ),
  # 15 districts with all their schools, post-stratified to the types of school
  clustered = postStratify(clusters, ~type, total_of("type"))
)

domains <- list(
  all = function(d) rep(TRUE, nrow(d)), high = function(d) d$type == "H", all_year = function(d) d$all_year == 1,
  improved = function(d) d$improved == 1, few = function(d) d$all_year == 1 & d$awarded == 0
)
cases <- expand.grid(answer = as.character(facts), domain = names(domains), design = names(designs),
  stringsAsFactors = FALSE)
estimates <- do.call(rbind, Map(function(design, domain, answer) {
  inside <- domains[[domain]](designs[[design]]$variables)
  cbind(design = design, domain = domain, answer = answer, share(designs[[design]], inside, answer))
}, cases$design, cases$domain, cases$answer))
pairs <- list(c("grew", "type"), c("type", "awarded"), c("improved", "all_year"), c("grew", "all_year"))
tests <- do.call(rbind, lapply(names(designs), function(design) {
  do.call(rbind, lapply(pairs, function(p) cbind(design = design, rao_scott(designs[[design]], p[1], p[2]))))
}))

save_table(sampled, "api_sample.csv", origin)
save_table(totals, "api_totals.csv", origin)
save_table(data.frame(
  design = rep(names(designs), sapply(designs, function(d) nrow(d$variables))),
  weight = unlist(lapply(designs, weights), use.names = FALSE)
), "api_weights.csv", "Weights, in the order of the rows of each design's sample")
save_table(estimates, "api_estimates.csv", "Shares of answer 1 in each domain")
save_table(tests, "api_tests.csv", "Rao and Scott's tests of independence")
