"""Names that are the pipeline's own, in every wave and every survey.

No codebook may take the name of the organisations, of the break of everyone, or of a raw file's own column.
"""

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
