# R's side of big_wave.py: reads the survey's CSV export in the folder given, cleans it, weights it and makes the same
# table of shares, with standard errors; prints the seconds and the processor's seconds of each step.
#
# data.table reads and cleans, the package survey estimates, ten answers to a call (see weighting.R).
suppressPackageStartupMessages({
  library(data.table)
  library(survey)
})
folder <- commandArgs(trailingOnly = TRUE)[1]
at <- function(...) file.path(folder, ...)
questions <- read.csv(at("questions.csv"), colClasses = "character", na.strings = character())
answers <- read.csv(at("answers.csv"), colClasses = "character", na.strings = character())
bands <- read.csv(at("bands.csv"))
steps <- list()
step <- function(name, expression) {
  time <- system.time(expression)
  steps[[name]] <<- c(time[["elapsed"]], sum(time[c("user.self", "sys.self")]))
}
plain <- function(cells) tolower(trimws(cells))

step("clean", {
  frame <- fread(at("exports/frame.csv"), colClasses = "character", na.strings = NULL)
  rows <- fread(at("exports/interviews.csv"), colClasses = "character", na.strings = NULL)
  frame[, sector := plain(Sector)]
  for (i in seq_len(nrow(bands))) {
    frame[sector == bands$sector[i] & as.numeric(Size) >= bands$low[i] & as.numeric(Size) < bands$high[i],
      size_band := bands$band[i]]
  }
  rows[frame, on = "organisation", c("sector", "size_band") := .(i.sector, i.size_band)]
  given <- list()
  for (i in seq_len(nrow(questions))) {
    question <- questions[i, ]
    offered <- answers[answers$question == question$question, ]
    heard <- if (question$routed_by == "") TRUE else given[[question$routed_by]]
    for (j in seq_len(nrow(offered))) {
      name <- paste(question$question, offered$answer[j])
      given[[name]] <- as.numeric(heard & switch(question$kind,
        single = plain(rows[[offered$column[j]]]) == tolower(offered$text[j]),
        multiple = rows[[offered$column[j]]] == "1",
        open = grepl(offered$text[j], rows[[offered$column[j]]], fixed = TRUE)
      ))
    }
  }
})
step("weight", {
  rows[bands, on = c(size_band = "band"), total := i.total]
  rows[, weight := total / .N, by = size_band]
})
step("analyse", {
  routed <- as.logical(given[[questions$routed_by[questions$routed_by != ""][1]]])
  everything <- data.frame(rows[, .(sector, size_band, total, weight)], one = 1, given, check.names = FALSE)
  names(everything)[-(1:5)] <- paste0("g", seq_along(given))
  based <- vapply(strsplit(names(given), " "), `[`, "", 1)
  is_routed <- based %in% questions$question[questions$routed_by != ""]
  designs <- list(
    unweighted = svydesign(ids = ~1, weights = ~one, data = everything),
    weighted = svydesign(ids = ~1, strata = ~size_band, weights = ~weight, fpc = ~total, data = everything)
  )
  found <- list()
  estimates <- function(table, basis, break_, groups, answers) {
    data.frame(basis, break_,
      group = rep(groups, length(answers)), answer = rep(names(given)[answers], each = length(groups)),
      estimate = as.numeric(as.matrix(table[[1]])), se = as.numeric(as.matrix(table[[2]])))
  }
  for (basis in names(designs)) for (base in c(FALSE, TRUE)) {
    asked <- which(is_routed == base)
    design <- if (base) designs[[basis]][routed, ] else designs[[basis]]
    for (some in split(asked, (seq_along(asked) - 1) %/% 10)) {
      formula <- reformulate(paste0("g", some))
      all <- svymean(formula, design)
      found[[length(found) + 1]] <- estimates(list(coef(all), SE(all)), basis, "total", "total", some)
      for (b in c("sector", "size_band")) {
        table <- svyby(formula, reformulate(b), design, svymean)
        parts <- list(table[paste0("g", some)], SE(table))
        found[[length(found) + 1]] <- estimates(parts, basis, b, as.character(table[[1]]), some)
      }
    }
  }
  fwrite(rbindlist(found), at("estimates_r.csv"))
})
for (name in names(steps)) cat(name, steps[[name]][1], steps[[name]][2], "\n", sep = "\t")
cat(sprintf("%s, data.table %s, survey %s\n", R.version$version.string, packageVersion("data.table"), packageVersion("survey")))
