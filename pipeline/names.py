"""Names that are the pipeline's own, in every wave and every survey.

No codebook may take the name of the organisations, of the break of everyone, or of a raw file's own column.
"""

import re

ORGANISATION = "organisation"
# The break that has one group, everyone.
TOTAL = "total"
# The columns of the raw files that are no question's (pipeline/raw.py).
OWN_COLUMNS = {
    "frame": (ORGANISATION, "contact_id", "organisation_name", "contact_name", "job_title", "email", "telephone"),
    "interviews": (ORGANISATION, "contact_id", "interview_id", "completed_on", "status"),
}
# What an estimate is of; with its basis, what names a row of the estimates.
KEYS = ["measure", "category", "break", "group"]
# Between the size bands that share a total, and so make one cell of the weights.
BAND_SEPARATOR = "+"
BASES = UNWEIGHTED, WEIGHTED = "unweighted", "weighted"
# The columns that stages put beside the questions' own, in one table with them: a question of such an id would write
# over what the stage needs, or be written over. (A column of a question with several answers, `question.answer`, has a
# point in it, which none of these has.)
STAGE_COLUMNS = {
    "clean": (*OWN_COLUMNS["interviews"], "row", "last", "complete", "organisations"),
    "dispositions": ("contacts", "attempts", "decided_by", "outcome", "code", "disposition", "group", "support"),
    "nonresponse": ("cell", "base_weight", "base", "answered", "adjusted", "contacts_log"),
    "weight": ("response_weight", "calibrated_weight", "calibrated", "weight", "stratum", "stratum_total"),
    "maturity": (ORGANISATION, "wave", "overall", "reached", "support"),
    # What the tables of a rehearsal are marked by (pipeline/files.py).
    "tables": ("REHEARSAL",),
}
# What stands beside the sectors' labels where dispositions are counted.
SECTOR_COLUMNS = ("code", "disposition", "group", "All")
# Beside these `total`: in the response rates the sector is a break, as everyone is.
RESERVED = frozenset(name for names in STAGE_COLUMNS.values() for name in names) | {TOTAL}

# What `tracker explain` takes as the kind of number that is named, in any case, so that no measure can have such an id.
# The number of a figure or finding may follow without a blank.
NAMES_A_KIND = re.compile(r"change|mark|net|(?:finding|figure)(?:[_-]?\d.*)?", re.IGNORECASE)

# Places on a wave's page beside its chapters, figures and findings (pipeline/templates/site).
PAGE_ANCHORS = ("content", "how-to-read", "other-questions")

# How the audit prints a claim that puts two shares in order, and one that says only that an answer was given.
ORDERS = {">": "higher", "<": "lower", ">=": "no lower", "<=": "no higher"}
MENTIONED = "more than 0"
