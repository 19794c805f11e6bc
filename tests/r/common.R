# What the scripts beside this file share: reading and writing tables, one estimate and one test as R's survey package
# makes them. Numbers are written with 12 significant digits.
suppressPackageStartupMessages(library(survey))
options(survey.lonely.psu = "fail")

# R stops raking when no cell of the table moves by 1 (one organisation of the population); here when none moves at all
tight <- list(maxit = 1000, epsilon = 1e-13)

read_table <- function(file) read.csv(file, comment.char = "#", check.names = FALSE, stringsAsFactors = FALSE)

# `note` says what the table holds and where it is from
save_table <- function(table, file, note = character(0)) {
  made <- sprintf("# %s; survey %s", R.version.string, packageVersion("survey"))
  writeLines(c(made, sprintf("# %s", note)), file)
  table[] <- lapply(table, function(x) if (is.double(x)) signif(x, 12) else x)
  suppressWarnings(write.table(table, file, append = TRUE, sep = ",", row.names = FALSE, na = "", quote = FALSE))
}

# Population totals as postStratify and rake want them
frequencies <- function(column, totals) setNames(data.frame(names(totals), as.numeric(totals)), c(column, "Freq"))

# The logit interval with the domain's degrees of freedom; at 0 and 1 Korn and Graubard's as in the SAS macro of NCHS,
# from the number of members, adjusted for the degrees of freedom
interval <- function(part, formula, p, members) {
  df <- degf(part)
  if (df < 1) return(c(NA, NA))
  if (p > 0 && p < 1) return(as.numeric(attr(svyciprop(formula, part, method = "xlogit", df = df), "ci")))
  effective <- min(members, members * (qt(.975, members - 1) / qt(.975, df))^2)
  if (p == 0) c(0, qbeta(.975, 1, effective)) else c(qbeta(.025, effective, 1), 1)
}

# The share that the 0/1 column `answer` has among the rows `inside`
share <- function(design, inside, answer) {
  part <- subset(design, inside)
  formula <- as.formula(sprintf("~`%s`", answer))
  found <- svymean(formula, part, deff = "replace")
  p <- round(as.numeric(coef(found)), 13)
  ends <- interval(part, formula, p, sum(inside))
  data.frame(
    n = sum(inside), count = sum(design$variables[inside, answer]), estimate = p, se = as.numeric(SE(found)),
    ci_low = ends[1], ci_high = ends[2], deff = if (p > 0 && p < 1) as.numeric(deff(found)) else NA
  )
}

# Rao and Scott's tests that two classifications are independent: second-order F and first-order chi-squared
rao_scott <- function(design, row, column) {
  formula <- as.formula(sprintf("~`%s`+`%s`", row, column))
  f <- svychisq(formula, design, statistic = "F")
  chisq <- svychisq(formula, design, statistic = "Chisq")
  data.frame(
    row = row, column = column, f = as.numeric(f$statistic), df_num = f$parameter[["ndf"]],
    df_den = f$parameter[["ddf"]], f_p = as.numeric(f$p.value), chisq = as.numeric(chisq$statistic),
    df = as.numeric(chisq$parameter), chisq_p = as.numeric(chisq$p.value)
  )
}
