"""How a published number is called: what each way of calling it means, and what is said of a name that is unknown."""

import re
from pathlib import Path

import pytest

from pipeline.addresses import Key, find_target
from pipeline.codebook import Break, load_codebook
from pipeline.explain_command import CHANGE
from pipeline.explain_score import FILES
from pipeline.names import NAMES_A_KIND
from pipeline.problems import InputProblem

CLAIMS = [
    {"id": "f1.talks", "measure": "events", "category": "talks", "break": "total", "group": "total", "base": "all"}
    | {"unit": "percent", "versus_category": "", "versus_group": ""},
    {"id": "s2.order", "measure": "shop", "category": "yes", "break": "kind", "group": "lib", "base": "all"}
    | {"unit": "order", "versus_category": "", "versus_group": "mus"},
    {"id": "s3.else", "measure": "shop", "category": "yes", "break": "total", "group": "total", "base": "shops"}
    | {"unit": "percent", "versus_category": "", "versus_group": ""},
]


def target(codebook, words, basis="unweighted"):
    return find_target(words.split(), codebook=codebook, claims=CLAIMS, basis=basis)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("shop/yes", "shop/yes/total/total/unweighted"),
        ("shop yes", "shop/yes/total/total/unweighted"),
        ("shop/yes/weighted", "shop/yes/total/total/weighted"),
        ("shop/no_shop/kind/lib", "shop/no_shop/kind/lib/unweighted"),
        ("shop/yes kind/mus weighted", "shop/yes/kind/mus/weighted"),
        ("f1.talks", "events/talks/total/total/unweighted"),
        ("figure 1 talks", "events/talks/total/total/unweighted"),
        ("figure figure_2 yes lib", "shop/yes/kind/lib/unweighted"),
        ("figure 2 lib yes", "shop/yes/kind/lib/unweighted"),
        ("Figure 02 yes lib", "shop/yes/kind/lib/unweighted"),
        ("figure2 yes lib", "shop/yes/kind/lib/unweighted"),
        ("figure_2 yes lib", "shop/yes/kind/lib/unweighted"),
    ],
)
def test_one_estimate_is_named_in_every_way(small_codebook, words, key):
    assert [str(k) for k in target(small_codebook, words).keys] == [key]


def test_a_category_or_a_group_may_be_called_as_a_basis_is(tmp_path):
    text = (Path(__file__).parent / "small_codebook.yaml").read_text(encoding="utf-8")
    for id_ in ("lib", "planned"):
        text = re.sub(rf"\b{id_}\b", "weighted", text)
    (tmp_path / "codebook.yaml").write_text(text, encoding="utf-8")
    book = load_codebook(tmp_path / "codebook.yaml")
    for words in ("shop/weighted", "shop/weighted/unweighted", "shop/weighted/kind/weighted"):
        [key] = target(book, words).keys
        assert key == Key("shop", "weighted", *(("kind", "weighted") if "kind" in words else ()))
    assert target(book, "shop/yes/kind/weighted/weighted").keys == (Key("shop", "yes", "kind", "weighted", "weighted"),)


@pytest.mark.parametrize(
    "id_", [CHANGE, *FILES, "figure", "finding", "Finding", "NET", "figure3", "finding_2", "Figure-1b"]
)
def test_no_measure_can_be_called_as_the_kinds_of_number_are(small_codebook, id_):
    assert NAMES_A_KIND.fullmatch(id_)
    if id_.lower().startswith("fi"):  # what is taken for a figure or a finding, and so is no measure's
        with pytest.raises(InputProblem, match=r"figure|finding"):
            target(small_codebook, f"{id_}/nothing")


@pytest.mark.parametrize("id_", ["findings", "figure_of_eight", "network", "marks", "changed", "find", "a.figure"])
def test_other_names_are_a_measure_s(id_):
    assert not NAMES_A_KIND.fullmatch(id_)


def test_what_a_figure_lists_as_allowed_is_taken(small_codebook):
    """Of a measure and a break with the same answers `yes no` is the category and then the group, as it is listed."""
    shop = small_codebook.question("shop")
    again = Break(id="again", label="Shop", of="shop", categories=("yes", "no"))
    figure = next(f for f in small_codebook.figures if f.number == 2)
    figure = figure.model_copy(update={"break_": "again", "categories": ("yes", "no")})
    measures = [m.model_copy(update={"breaks": (*m.breaks, "again")}) for m in small_codebook.measures]
    book = small_codebook.model_copy(
        update={"breaks": (*small_codebook.breaks, again), "figures": (figure,), "measures": tuple(measures)}
    )
    assert {"yes", "no"} <= {a.id for a in shop.answers}
    for category, group in (("yes", "no"), ("no", "yes"), ("yes", "yes")):
        assert target(book, f"figure 2 {category} {group}").keys == (Key("shop", category, "again", group),)


def test_a_figure_of_counts_is_of_those_that_answered_on_either_basis(small_codebook):
    counts = tuple(f.model_copy(update={"unit": "count"}) for f in small_codebook.figures)
    book = small_codebook.model_copy(update={"figures": counts})
    assert target(book, "figure 1 talks", "weighted").keys[0].basis == "unweighted"


def test_figures_and_findings_are_on_the_basis_that_is_printed_first(small_codebook):
    assert target(small_codebook, "figure 1 talks", "weighted").keys[0].basis == "weighted"
    assert target(small_codebook, "finding 1", "weighted").keys[0][0].basis == "weighted"


def test_a_finding_is_its_clauses_each_with_what_it_is_compared_with(small_codebook):
    whole = target(small_codebook, "finding 1")
    assert whole.keys == (
        (Key("shop", "yes"), None),
        (Key("shop", "yes", "kind", "mus"), Key("shop", "yes", "kind", "lib")),
    )
    for words in ("finding finding_1.2", "finding_1.2", "Finding 1.2", "finding1.2", "FINDING 01.2"):
        second = target(small_codebook, words)
        assert (second.kind, second.clause, second.keys) == ("finding", 2, whole.keys[1:])
    assert target(small_codebook, "finding 2").keys[0][1] == Key("events", "crafts")


def test_a_claim_of_an_order_is_two_estimates(small_codebook):
    assert [k.group for k in target(small_codebook, "s2.order").keys] == ["lib", "mus"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("shap/yes", "nothing in the 2020 wave has this name; found 'shap'; allowed: shop, kind, "),
        ("zzz/yes", "; found 'zzz'; allowed: kind, "),
        ("s2.ordre", "; found 's2.ordre'; allowed: s2.order, "),
        ("shop", "name a category of measure shop; allowed: yes, planned, no, dont_know, refused, no_shop."),
        ("shop/plannd", "measure shop has no such category; found 'plannd'; allowed: planned, "),
        ("shop/yes/kid", "measure shop has no such break; found 'kid'; allowed: kind, "),
        ("shop/yes/kind", "name a group of break kind; allowed: lib, mus."),
        ("shop/yes/kind/zoo", "break kind has no such group; found 'zoo'; allowed: lib, mus."),
        ("shop/yes/kind/lib/wayted", "there is no such basis; found 'wayted'; allowed: unweighted, weighted."),
        ("finding 7", "there is no such finding; found '7'; allowed: 1 (finding_1), 2 (finding_2)."),
        ("finding", "a finding is named by its number; found 'finding'; allowed: finding 1, finding 2."),
        ("finding 2.2", "finding 2 has no such clause; found '2'; allowed: 1."),
        ("figure 9 talks", "there is no such figure; found '9'; allowed: 1 (figure_1), "),
        ("figure 2 yes zoo", "found 'figure 2 yes zoo'; allowed: figure 2 yes lib, figure 2 yes mus."),
        ("figure 5 means", "figure 5 has words and no numbers; found 'figure_5'."),
        ("s3.else", "no estimate is of what this claim says; found 's3.else'; see its row of audit.csv."),
        ("/", "no number is named; allowed: finding 1, figure 1, kind/lib, and so on."),
    ],
)
def test_what_is_unknown_is_said_with_what_there_is(small_codebook, words, said):
    with pytest.raises(InputProblem) as problem:
        target(small_codebook, words)
    assert said in str(problem.value)
