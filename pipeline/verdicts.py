"""The verdicts of an audit on a printed number (`pipeline.audit` says when each holds), and what they mean."""

VERDICTS = ("reproduced", "contradicted", "impossible on its base", "mislabelled", "not testable")
REPRODUCED, CONTRADICTED, ON_BASE, LABEL, UNTESTABLE = VERDICTS
MEANINGS = {
    REPRODUCED: "can be true together with all others that are kept: the records made from them give it",
    CONTRADICTED: "cannot be true together with the numbers that are reproduced",
    ON_BASE: "no whole number of its base can be that",
    LABEL: "printed in another unit than it must be read in",
    UNTESTABLE: "not about answers, without a label, or put so that no count of answers can test it",
}


def best_first(found):
    """Verdicts that were found in the order of VERDICTS, and after these any other."""
    return [*(v for v in VERDICTS if v in found), *sorted(set(found) - set(VERDICTS))]
