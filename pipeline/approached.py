"""What is known of the organisations that were approached and did not answer.

`cases` are final dispositions (`pipeline.dispositions`), a row per organisation. A delivery without a frame has the
organisations of its interviews for one (`pipeline.new_wave`), so that all of them seem to have answered: where no
attempt is on record and no other organisation is named, how many were approached is not known.
"""

# True of a delivery without a frame, and of one whose frame names nobody but those of whom there is an interview.
NOT_KNOWN = "how many were approached is not known, since no frame names others than those interviewed"


def attempts_are_known(cases):
    """Whether any attempt to reach an organisation is on record; of cases without such a column it is taken to be."""
    return "attempts" not in cases or bool(cases["attempts"].any())


def frame_is_known(cases):
    """Whether the organisations approached are known beyond those that were interviewed."""
    return attempts_are_known(cases) or bool(cases["group"].eq("U").any())


def approached_text(cases, answered, *, simulated=False):
    """How many organisations were approached and how many answered, in words without a full stop."""
    if not frame_is_known(cases):
        return f"{answered:,} organisations answered; {NOT_KNOWN}"
    return f"{len(cases):,} organisations approached{' (simulated)' if simulated else ''}, {answered:,} answered"
