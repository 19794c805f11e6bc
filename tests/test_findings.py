"""Key findings: every number, word and direction in a sentence comes from the estimates."""

import re

import pandas as pd
import pytest
from made_estimates import changed, counted, estimates_of

from pipeline.codebook import Clause, Finding
from pipeline.findings import about, finding_clauses, findings_text, key_findings
from pipeline.printing import MINUS
from pipeline.problems import InputProblem
from pipeline.prose import finding_texts
from pipeline.tables import read_table, write_table


def codebook_with(small_codebook, *clauses, **changes):
    finding = Finding(id="f", number=1, heading="Shops", clauses=[Clause(**clause) for clause in clauses])
    return small_codebook.model_copy(update={"findings": (finding,), **changes})


def clause_of(text, **changes):
    return {"measure": "shop", "category": "yes", "text": text} | changes


def sentence(estimates, codebook):
    return " ".join(finding_clauses(estimates, codebook, 0.95)["sentence"])


def test_a_survey_without_findings_has_empty_tables_that_can_be_read_back(small_codebook, estimates, tmp_path):
    none = small_codebook.model_copy(update={"findings": ()})
    clauses = finding_clauses(estimates, none, 0.95)
    findings = key_findings(clauses, none)
    assert findings_text(findings) == "*The codebook has no key findings.*"
    some = codebook_with(small_codebook, clause_of("{share}"))
    full = finding_clauses(estimates, some, 0.95)
    for table, like in ((clauses, full), (findings, key_findings(full, some))):
        write_table(tmp_path / "table.csv", table)
        assert list(read_table(tmp_path / "table.csv")) == list(like)


@pytest.fixture
def estimates(small_codebook):
    return counted(estimates_of(small_codebook), "shop", "yes", count=71, n=100)


def test_a_sentence_is_filled_from_the_estimate(small_codebook, estimates):
    text = "{words} of houses have one ({share}, {interval}, {n} of {base})."
    codebook = codebook_with(small_codebook, clause_of(text), clause_of("Again {share} ({interval})."))
    assert sentence(estimates, codebook) == (
        "About seven in ten of houses have one (71%, 95% interval 66% to 76%, 71 of 100). Again 71% (66% to 76%)."
    )


def test_the_confidence_is_the_settings(small_codebook, estimates):
    codebook = codebook_with(small_codebook, clause_of("{interval}"))
    assert finding_clauses(estimates, codebook, 0.9)["sentence"].item() == "90% interval 66% to 76%"


COMPARED = clause_of(
    "Museums have one {comparison} libraries ({share} against {other}, {n} and {other_n} of {other_base})."
)


@pytest.mark.parametrize(
    ("museums", "libraries", "words"),
    [
        (60, 40, "more often than"),
        (40, 60, "less often than"),
        (48, 50, "neither clearly more nor clearly less often than"),
    ],
)
def test_the_direction_is_computed(small_codebook, estimates, museums, libraries, words):
    codebook = codebook_with(small_codebook, COMPARED | {"break": "kind", "group": "mus", "versus": "lib"})
    for group, count in (("mus", museums), ("lib", libraries)):
        estimates = counted(estimates, "shop", "yes", "kind", group, count=count, n=100)
    assert sentence(estimates, codebook) == (
        f"Museums have one {words} libraries ({museums}% against {libraries}%, {museums} and {libraries} of 100)."
    )


def test_two_answers_are_compared(small_codebook, estimates):
    codebook = codebook_with(small_codebook, clause_of("Yes is said {comparison} no.", versus_category="no"))
    estimates = counted(estimates, "shop", "no", count=20, n=100)
    assert sentence(estimates, codebook) == "Yes is said more often than no."
    row = finding_clauses(estimates, codebook, 0.95).iloc[0]
    assert row[["other_share", "difference", "difference_low"]].tolist() == pytest.approx([0.2, 0.51, 0.41])


def test_two_answers_of_one_group_are_of_the_same_organisations_however_that_is_written(small_codebook, estimates):
    estimates = counted(estimates, "shop", "no", "kind", "mus", count=20, n=100)
    clause = {"break": "kind", "group": "mus", "versus_category": "no"}
    made = [
        finding_clauses(estimates, codebook_with(small_codebook, clause_of("{comparison}", **clause, **more)), 0.95)
        for more in ({}, {"versus": "mus"})
    ]
    columns = ["other_share", "difference", "difference_low", "difference_high", "comparison"]
    assert made[0][columns].equals(made[1][columns]) and made[0]["difference"].notna().all()


def test_a_count_that_is_known_of_a_share_that_is_not_is_in_its_column(small_codebook, estimates):
    """The base is open, the number that gave the answer is not: the sentence says it, and so does the table."""
    ends = {"support": "bounded", "low": 0.48, "high": 0.49, "quality": "modelled", "base_low": 111, "base_high": 112}
    codebook = codebook_with(small_codebook, clause_of("{n} have one."), kind="reconstruction")
    for low, said, known in ((54, "54 have one.", True), (53, "53 or 54 have one.", False)):
        open_ = changed(estimates, "shop", "yes", **ends, count_low=low, count_high=54, count=54)
        row = finding_clauses(open_, codebook, 0.95).iloc[0]
        assert row["sentence"] == said and (row["count"] == 54 if known else row["count"] is None)


def test_a_bounded_estimate_states_its_bounds(small_codebook, estimates):
    codebook = codebook_with(
        small_codebook, clause_of("{words} have one ({share}, {interval})."), kind="reconstruction"
    )
    open_ = changed(estimates, "shop", "yes", support="bounded", low=0.4, high=0.49)
    assert sentence(open_, codebook) == (
        "Between about two fifths and about half have one (between 40% and 49%, interval not stated)."
    )
    row = finding_clauses(open_, codebook, 0.95).iloc[0]
    assert row[["low", "high"]].tolist() == [0.4, 0.49]
    assert row[["count", "share", "ci_low", "ci_high", "unweighted", "weighted"]].isna().all()


@pytest.mark.parametrize(
    ("group", "said"),
    [("mus", ["between 40% and 49%", "45%"]), ("lib", ["45%", "between 40% and 49%"])],
)
def test_a_range_is_said_in_the_words_that_are_for_it_and_nothing_else_is(small_codebook, estimates, group, said):
    """Whichever of the two is a range; and on a page every number in those words is a link, too."""
    ranged = {"ranged": "The report leaves {share} against {other}."}
    compared = COMPARED | ranged | {"break": "kind", "group": "mus", "versus": "lib"}
    codebook = codebook_with(small_codebook, compared, clause_of("{share}."))
    for where in ("mus", "lib"):
        estimates = counted(estimates, "shop", "yes", "kind", where, count=45, n=100)
    assert sentence(estimates, codebook).startswith("Museums have one ")
    open_ = changed(estimates, "shop", "yes", "kind", group, support="bounded", low=0.4, high=0.49)
    assert sentence(open_, codebook) == f"The report leaves {said[0]} against {said[1]}. 71%."
    parts = finding_texts(open_, codebook, 0.95)[0]["clauses"][0]["parts"]
    assert [text for text, link in parts if link] == said
    assert "".join(text for text, _ in parts) == f"The report leaves {said[0]} against {said[1]}."


def test_a_page_says_beside_each_clause_what_the_other_basis_gives(small_codebook, estimates):
    """Who reads that over half have one must see that of all that there are it is under half."""
    compared = COMPARED | {"break": "kind", "group": "mus", "versus": "lib"}
    codebook = codebook_with(small_codebook, clause_of("{share}."), compared)
    keys = ("total", "total"), ("kind", "mus"), ("kind", "lib")
    for (break_, group), share in zip(keys, (0.48, 0.3, 0.2), strict=True):
        parts = {"basis": "weighted", "estimate": share, "ci_low": share - 0.07, "ci_high": share + 0.07}
        estimates = changed(estimates, "shop", "yes", break_, group, **parts)
    told = [clause["otherwise"] for clause in finding_texts(estimates, codebook, 0.95)[0]["clauses"]]
    assert told == [
        "Weighted to the population: 48% (41% to 55%)",
        "Weighted to the population: 30% (23% to 37%) against 20% (13% to 27%)",
    ]
    turned = finding_texts(estimates, codebook, 0.95, basis="weighted")[0]["clauses"][0]
    assert turned["otherwise"] == "Of those that answered: 71% (66% to 76%)"


@pytest.mark.parametrize("basis", ["unweighted", "weighted"])
def test_what_either_basis_leaves_open_is_not_set_beside_the_other(small_codebook, estimates, basis):
    codebook = codebook_with(small_codebook, clause_of("{share}", ranged="{share}"), kind="reconstruction")
    open_ = changed(estimates, "shop", "yes", basis=basis, support="bounded", low=0.4, high=0.49)
    [clause] = finding_texts(open_, codebook, 0.95)[0]["clauses"]
    assert not clause["otherwise"]


def test_what_is_withheld_is_no_evidence_of_anything(small_codebook, estimates):
    """A page tells beside each clause how far it is evidence: measured, say."""
    compared = clause_of("{share} {other}", **{"break": "kind", "group": "mus", "versus": "lib"})
    codebook = codebook_with(small_codebook, compared, clause_of("{share}"))
    few = changed(estimates, "shop", "yes", "kind", "lib", quality="withheld")
    withheld, said = finding_texts(few, codebook, 0.95)[0]["clauses"]
    assert "".join(text for text, _ in withheld["parts"]).startswith("Withheld") and withheld["support"] == []
    assert said["support"] == ["measured"]


def test_an_interval_is_named_where_it_is_first_said(small_codebook, estimates):
    """Also where the words for a range, which have none, were said before it."""
    texts = ("{interval} {other}", "{share}"), ("{interval} {other}", "")
    compared = [clause_of(t, ranged=r, **{"break": "kind", "group": "mus", "versus": "lib"}) for t, r in texts]
    open_ = changed(estimates, "shop", "yes", "kind", "lib", support="bounded", low=0.4, high=0.49)
    codebook = codebook_with(small_codebook, *compared)
    assert "95% interval" not in finding_clauses(open_, codebook, 0.95)["sentence"].iloc[0]
    assert finding_clauses(open_, codebook, 0.95)["sentence"].iloc[1].startswith("95% interval ")


def test_an_assumed_estimate_is_never_stated(small_codebook, estimates):
    """In no text, no number and on neither basis, alone or compared."""
    compared = COMPARED | {"break": "kind", "group": "mus", "versus": "lib"}
    codebook = codebook_with(small_codebook, clause_of("{words}: {share} of {base}."), compared, kind="reconstruction")
    for where in ((), ("kind", "lib")):
        estimates = counted(estimates, "shop", "yes", *where, count=37, n=100, support="assumed")
    clauses = finding_clauses(estimates, codebook, 0.95)
    findings = key_findings(clauses, codebook)
    assert findings["sentence"].item() == (
        "Not settled by the report's text: Shop, Yes. "
        "Not settled by the report's text: Shop, Yes (Kind of house: Museum against Library)."
    )
    assert not re.search("37|0.32|0.42", clauses.to_csv() + findings.to_csv())
    assert clauses["unweighted_text"].iloc[0] == "not known"


@pytest.mark.parametrize("group", ["mus", "lib"])
def test_the_columns_of_a_comparison_have_no_more_than_is_known_of_both(small_codebook, estimates, group):
    """A range has a direction and no difference; what is assumed or withheld has neither, on whichever side it is."""
    where = {"break": "kind", "group": "mus", "versus": "lib"}
    codebook = codebook_with(small_codebook, clause_of("{share}", **where), kind="reconstruction")
    for house, count in (("mus", 60), ("lib", 20)):
        estimates = counted(estimates, "shop", "yes", "kind", house, count=count, n=100)
    ends = (0.5, 0.7) if group == "mus" else (0.1, 0.3)
    range_ = {"support": "bounded", "low": ends[0], "high": ends[1]}
    apart = ["difference", "difference_low", "difference_high"]
    for values, known in (({}, [True, True]), (range_, [True, False]), ({"support": "assumed"}, [False, False])):
        found = changed(estimates, "shop", "yes", "kind", group, **values)
        row = finding_clauses(found, codebook, 0.95).iloc[0]
        assert [pd.notna(row["comparison"]), row[apart].notna().all()] == known
        assert row[apart].notna().any() == known[1]
    few = changed(estimates, "shop", "yes", "kind", group, quality="withheld")
    assert finding_clauses(few, codebook, 0.95).iloc[0][["comparison", *apart]].isna().all()


def test_too_few_respondents_are_said(small_codebook, estimates):
    codebook = codebook_with(small_codebook, clause_of("{share}."))
    assert (
        sentence(changed(estimates, "shop", "yes", quality="flagged"), codebook)
        == "71%. Few respondents: read with care."
    )
    # Also where only those that they are compared with are few.
    compared = codebook_with(small_codebook, COMPARED | {"break": "kind", "group": "mus", "versus": "lib"})
    for group in ("mus", "lib"):
        few = changed(estimates, "shop", "yes", "kind", group, quality="flagged")
        assert sentence(few, compared).endswith(" Few respondents: read with care.")
    withheld = changed(estimates, "shop", "yes", quality="withheld")
    assert sentence(withheld, codebook) == (
        "Withheld, since it rests on too few organisations or would give a few away: Shop, Yes."
    )
    # Nor is there a number beside the sentence, also where a report leaves the share a range.
    ranged = changed(withheld, "shop", "yes", support="bounded", low=0.4, high=0.49)
    for few in (withheld, ranged):
        row = finding_clauses(few, codebook, 0.95).iloc[0]
        assert row[["share", "ci_low", "ci_high", "low", "high", "words", "unweighted", "weighted"]].isna().all()


def test_both_bases_stand_beside_each_other(small_codebook, estimates):
    weighted = {"estimate": 0.64, "ci_low": 0.58, "ci_high": 0.7}
    estimates = changed(estimates, "shop", "yes", basis="weighted", **weighted)
    codebook = codebook_with(small_codebook, clause_of("{share}"))
    clauses = finding_clauses(estimates, codebook, 0.95)
    assert clauses[["unweighted", "weighted", "share"]].iloc[0].tolist() == [0.71, 0.64, 0.71]
    both = key_findings(clauses, codebook)["both_bases"].item()
    assert both == "Shop, Yes: 71% (66% to 76%) unweighted, 64% (58% to 70%) weighted."
    assert finding_clauses(estimates, codebook, 0.95, basis="weighted")["sentence"].item() == "64%"


def test_that_no_weighted_estimate_is_known_is_said_once(small_codebook, estimates):
    weighted = estimates["basis"].eq("weighted")
    estimates = estimates.assign(support=estimates["support"].mask(weighted, "assumed"))
    compared = COMPARED | {"break": "kind", "group": "mus", "versus": "lib"}
    codebook = codebook_with(small_codebook, clause_of("{share}"), compared, kind="reconstruction")
    both = key_findings(finding_clauses(estimates, codebook, 0.95), codebook)["both_bases"].item()
    assert both.startswith("Unweighted: Shop, Yes: 71% (66% to 76%); Shop, Yes (")
    assert both.endswith(". Weighted: not known.") and both.count("not known") == 1


def test_a_weighted_estimate_that_is_known_is_said_beside_one_that_is_not(small_codebook, estimates):
    estimates = changed(estimates, "shop", "yes", basis="weighted", support="assumed")
    codebook = codebook_with(
        small_codebook, clause_of("{share}"), clause_of("{share}", category="no"), kind="reconstruction"
    )
    estimates = counted(estimates, "shop", "no", count=20, n=100)
    both = key_findings(finding_clauses(estimates, codebook, 0.95), codebook)["both_bases"].item()
    assert both == (
        "Shop, Yes: 71% (66% to 76%) unweighted, not known weighted; "
        "Shop, No: 20% (15% to 25%) unweighted, 20% (15% to 25%) weighted."
    )


def test_one_row_for_each_finding_and_for_each_clause(small_codebook):
    clauses = finding_clauses(estimates_of(small_codebook), small_codebook, 0.95)
    findings = key_findings(clauses, small_codebook)
    assert findings["finding"].tolist() == [f.id for f in small_codebook.findings]
    assert clauses.groupby("finding").size().tolist() == [len(f.clauses) for f in small_codebook.findings]
    assert findings["support"].tolist() == ["measured; measured", "measured"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{percent}", "'percent'"),
        ("{comparison}", "'comparison'"),
        ("{}", "''"),
        ("{share.x}", "'share.x'"),
        ("{share:.1f}", "'share:.1f'"),
        ("{share:{base}}", "'share:{base}'"),
        ("{share!r}", "'share!r'"),
    ],
)
def test_an_unknown_placeholder_is_a_sentence(small_codebook, estimates, text, found):
    with pytest.raises(InputProblem) as problem:
        sentence(estimates, codebook_with(small_codebook, clause_of(text)))
    assert str(problem.value) == (
        f"finding f: the text has a placeholder that is not known; found {found}; "
        "allowed: base, interval, n, share, words."
    )


def test_the_words_for_a_range_are_checked_as_the_text_is(small_codebook, estimates):
    codebook = codebook_with(small_codebook, clause_of("{share}", ranged="{other}"))
    with pytest.raises(InputProblem, match="finding f: the text has a placeholder that is not known; found 'other'"):
        sentence(estimates, codebook)


def test_a_text_that_cannot_be_read_is_a_sentence(small_codebook, estimates):
    with pytest.raises(InputProblem, match="finding f: the text cannot be read"):
        sentence(estimates, codebook_with(small_codebook, clause_of("{share")))


def test_an_unknown_estimate_is_a_sentence(small_codebook, estimates):
    with pytest.raises(
        InputProblem, match="finding f: the estimates have no row measure shop, category yes, break total"
    ):
        sentence(estimates[estimates["measure"].ne("shop")], codebook_with(small_codebook, clause_of("{share}")))


def test_what_a_clause_is_about_is_in_labels(small_codebook):
    assert (
        about(small_codebook.findings[0].clauses[1], small_codebook)
        == "Shop, Yes (Kind of house: Museum against Library)"
    )
    assert about(small_codebook.findings[1].clauses[0], small_codebook) == "Events held, Talks against Crafts"


def test_findings_are_escaped_and_say_what_they_rest_on(small_codebook, estimates):
    codebook = codebook_with(small_codebook, clause_of("<b> {share}"), kind="reconstruction")
    text = findings_text(key_findings(finding_clauses(estimates, codebook, 0.95), codebook))
    assert "&lt;b&gt; 71%" in text and "<b>" not in text
    assert text.startswith("*Reconstructed from the printed report")


def test_no_finding_of_the_first_wave_types_a_number_or_a_direction(codebook_2014):
    """What stands between the placeholders has no digit and no word of size or direction."""
    sizes = r"\d|\b(?:half|third|quarter|most|majority|minority|more|less|fewer|higher|lower|larger than)\b"
    for finding in codebook_2014.findings:
        for text in (text for clause in finding.clauses for text in (clause.text, clause.ranged)):
            assert not re.search(sizes, re.sub(r"\{.*?\}", "", text)), text


def test_no_finding_says_of_measured_answers_what_a_report_says(codebook_2014):
    for finding in codebook_2014.findings:
        for clause in finding.clauses:
            assert "report says" not in clause.text and "which leaves" not in clause.text


def test_the_findings_of_the_first_wave_can_be_said(codebook_2014):
    clauses = finding_clauses(estimates_of(codebook_2014), codebook_2014, 0.95)
    assert clauses["sentence"].str.match(r"[A-Z].*\.$").all()
    assert not clauses["sentence"].str.contains(r"[{}]|\bnan\b|None[%,)]").any()


@pytest.mark.parametrize(
    ("museums", "libraries", "said"),
    [
        (60, 40, "20 points apart before rounding, 95% interval 13 to 27"),
        (40, 60, "20 points apart before rounding, 95% interval 13 to 27"),
        (48, 50, f"{MINUS}2 points between them before rounding, 95% interval {MINUS}9 to 5"),
        (57, 50, "7 points between them before rounding, 95% interval 0 to 14"),
        (50, 49, f"1 point between them before rounding, 95% interval {MINUS}6 to 8"),
    ],
)
def test_a_comparison_says_how_far_apart_and_how_sure_that_is(small_codebook, estimates, museums, libraries, said):
    codebook = codebook_with(
        small_codebook, clause_of("{difference}.", **{"break": "kind", "group": "mus", "versus": "lib"})
    )
    for group, count in (("mus", museums), ("lib", libraries)):
        estimates = counted(estimates, "shop", "yes", "kind", group, count=count, n=100)
    assert sentence(estimates, codebook) == f"{said}."
    row = finding_clauses(estimates, codebook, 0.95).iloc[0]
    ends = sorted(abs(row[c]) for c in ("difference", "difference_low", "difference_high"))
    assert all(str(round(100 * end)) in said for end in ends)


def test_a_printed_share_that_stands_for_several_counts_is_compared_as_printed(small_codebook, estimates):
    """It is in the estimates as it is printed; what it was before rounding nobody knows."""
    where = {"break": "kind", "group": "mus", "versus": "lib"}
    codebook = codebook_with(small_codebook, clause_of("{difference}.", **where), kind="reconstruction")
    ends = {"ci_low": 0.64, "ci_high": 0.77, "count_low": 141, "count_high": 142, "support": "published"}
    estimates = counted(estimates, "shop", "yes", "kind", "mus", count=141, n=200, estimate=0.71, **ends)
    estimates = counted(estimates, "shop", "yes", "kind", "lib", count=40, n=100, support="published")
    clauses = finding_clauses(estimates, codebook, 0.95)
    assert clauses["sentence"].item() == "31 points apart as printed, 95% interval 22 to 39."
    assert clauses[["difference", "difference_low"]].iloc[0].tolist() == pytest.approx(
        [0.31, 0.31 - (0.07**2 + 0.05**2) ** 0.5]
    )


def test_a_share_that_only_the_other_side_has_as_printed_makes_the_difference_one_as_printed(small_codebook, estimates):
    where = {"break": "kind", "group": "mus", "versus": "lib"}
    codebook = codebook_with(small_codebook, clause_of("{difference}.", **where), kind="reconstruction")
    several = {"count_low": 40, "count_high": 41, "support": "published"}
    estimates = counted(estimates, "shop", "yes", "kind", "mus", count=71, n=100, support="published")
    estimates = counted(estimates, "shop", "yes", "kind", "lib", count=40, n=200, estimate=0.2, **several)
    assert sentence(estimates, codebook).startswith("51 points apart as printed, ")


def test_a_share_without_an_interval_says_so_and_names_no_level(small_codebook, estimates):
    codebook = codebook_with(small_codebook, clause_of("{share} ({interval})."), clause_of("{share} ({interval})."))
    alone = changed(estimates, "shop", "yes", ci_low=float("nan"), ci_high=float("nan"))
    assert sentence(alone, codebook) == "71% (interval not stated). 71% (interval not stated)."


def test_a_comparison_without_intervals_or_of_a_range_says_that_none_is_stated(small_codebook, estimates):
    where = {"break": "kind", "group": "mus", "versus": "lib"}
    codebook = codebook_with(small_codebook, clause_of("{difference}.", **where), kind="reconstruction")
    alike = changed(estimates, "shop", "yes", "kind", "lib", ci_low=float("nan"), ci_high=float("nan"))
    ranged = changed(estimates, "shop", "yes", "kind", "lib", support="bounded", low=0.4, high=0.49)
    assert sentence(alike, codebook) == sentence(ranged, codebook) == "Interval not stated."


def test_the_level_is_named_once_in_a_finding_wherever_an_interval_first_stands(small_codebook, estimates):
    where = {"break": "kind", "group": "mus", "versus": "lib"}
    for group, count in (("mus", 60), ("lib", 40)):
        estimates = counted(estimates, "shop", "yes", "kind", group, count=count, n=100)
    clauses = (
        clause_of("{difference}.", **where),
        clause_of("{share}, {interval}."),
        clause_of("{difference}.", **where),
    )
    sentences = finding_clauses(estimates, codebook_with(small_codebook, *clauses), 0.95)["sentence"].tolist()
    assert [text.count("95% interval") for text in sentences] == [1, 0, 0]
    both = codebook_with(small_codebook, clause_of("{interval}; {difference}.", **where))
    assert sentence(estimates, both).count("95% interval") == 1
