# R's side of weighting.py: rakes the sample in the folder given, estimates every measure in every group with its standard
# error, writes weights and estimates there and prints the seconds that each step took.
#
# As fast as the package was found to do it: raking on a design without strata, and ten measures to a call (one at a
# time takes five times as long; forty at a time takes more memory than most machines have).
suppressPackageStartupMessages(library(survey))
folder <- commandArgs(trailingOnly = TRUE)[1]
at <- function(name) file.path(folder, name)
n <- scan(at("n.txt"), quiet = TRUE)
classes <- scan(at("classes.txt"), "", quiet = TRUE)
measures <- scan(at("measures.txt"), "", quiet = TRUE)
per_call <- 10
rows <- data.frame(
  lapply(setNames(classes, classes), function(c) factor(readBin(at(c), "integer", n, size = 1))),
  lapply(setNames(measures, measures), function(m) readBin(at(m), "integer", n, size = 1)),
  start = readBin(at("start"), "double", n), stratum_total = readBin(at("stratum_total"), "double", n)
)
margins <- read.csv(at("margins.csv"))
breaks <- grep("^break", classes, value = TRUE)
crossed <- unique(margins$margin)
population <- lapply(crossed, function(m) {
  totals <- margins[margins$margin == m, ]
  setNames(data.frame(factor(totals$category), totals$total), c(m, "Freq"))
})

begun <- proc.time()
seconds <- function(expression) unname(system.time(expression)["elapsed"])
raking <- seconds({
  start <- svydesign(ids = ~1, weights = ~start, data = rows[c(crossed, "start")])
  raked <- rake(start, lapply(crossed, reformulate), population, control = list(maxit = 1000, epsilon = 1e-12))
  rows$weight <- weights(raked)
})
rm(start, raked)
estimating <- seconds({
  design <- svydesign(ids = ~1, strata = ~stratum, weights = ~weight, fpc = ~stratum_total, data = rows)
  found <- list()
  for (b in breaks) for (m in split(measures, (seq_along(measures) - 1) %/% per_call)) {
    found[[length(found) + 1]] <- list(b, m, svyby(reformulate(m), reformulate(b), design, svymean))
  }
})
processor <- sum((proc.time() - begun)[c("user.self", "sys.self")])
estimates <- do.call(rbind, lapply(found, function(f) {
  table <- f[[3]]
  data.frame(
    domain = paste(f[[1]], rep(table[[1]], length(f[[2]]))), answer = rep(f[[2]], each = nrow(table)),
    estimate = unlist(table[f[[2]]], use.names = FALSE), se = as.numeric(as.matrix(SE(table)))
  )
}))
writeBin(rows$weight, at("weights_r"))
write.csv(estimates, at("estimates_r.csv"), row.names = FALSE)
cat(raking, estimating, processor, sprintf("%s, survey %s", R.version$version.string, packageVersion("survey")), sep = "\t")
