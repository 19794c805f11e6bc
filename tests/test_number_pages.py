"""What a page of single numbers says of each: its interval or why there is none, its count, how far it is known."""

import pytest
from made_estimates import changed, estimates_of

from pipeline.number_pages import measure_sections


def cells(codebook, measure, category, **values):
    """The cells of everyone's share on both bases, where the estimates have these values on the weighted one."""
    estimates = changed(estimates_of(codebook), measure, category, basis="weighted", **values)
    [first, *_] = measure_sections(estimates, codebook, codebook.measure(measure))
    label = codebook.question(codebook.measure(measure).question).categories[category]
    [row] = [r for r in first["groups"][0]["rows"] if r["label"] == label]
    return row["unweighted"], row["weighted"]


@pytest.mark.parametrize(
    ("measure", "category", "share", "said"),
    [
        ("kind", "lib", 0.4, "fixed by the weights"),
        ("kind", "lib", 1.0, ""),
        ("outlook", "bright", 0.4, ""),
    ],
)
def test_only_a_fact_that_the_weights_fix_is_said_to_be(small_codebook, measure, category, share, said):
    """An answer that happens not to vary in any stratum has no interval either, and no weight fixes it."""
    none = {"estimate": share, "se": 0.0, "ci_low": None, "ci_high": None}
    unweighted, weighted = cells(small_codebook, measure, category, **none)
    assert weighted["interval"] == said and weighted["settled"]
    assert unweighted["interval"].count(" to ") == 1


def test_a_number_that_is_not_settled_has_its_range_and_no_interval(small_codebook):
    bounded = {"support": "bounded", "low": 0.1, "high": 0.3, "estimate": 0.2}
    _, weighted = cells(small_codebook, "outlook", "bright", **bounded)
    assert (weighted["text"], weighted["interval"], weighted["settled"]) == ("10\N{EN DASH}30%", "", False)
