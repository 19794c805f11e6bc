"""Contingency tables just large enough: what they tell apart, and that they hold every respondent there can be."""

from itertools import combinations

import numpy as np
import pytest
from made_claims import claims_of, counts_of, tiny_codebook, tiny_kinds, true_claims

from pipeline.cliques import NOT_ASKED, Layout, Node, Tie, column_levels, condition_sets, structural_ties
from pipeline.codebook import Test as Condition
from pipeline.system import build_system

YES, FEW = frozenset(["yes"]), frozenset(["lib_few", "mus_few"])


def test_levels_of_a_column_are_its_answers_and_not_asked_where_it_is_routed(small_codebook):
    levels = column_levels(small_codebook)
    assert list(levels) == small_codebook.columns[1:]
    assert levels["channel"] == ["call", "form"]
    assert levels["events.talks"] == [1, 0]
    assert levels["goods.books"] == [1, 0, NOT_ASKED]
    assert levels["profit"] == ["yes", "no", NOT_ASKED]


def test_a_condition_tells_apart_the_answers_that_it_names(small_codebook):
    condition = {
        "shop": Condition(any=("planned", "no"), none=("yes",)),
        "events": Condition(all=("talks",), none=("other",)),
    }
    assert condition_sets(small_codebook, condition) == {
        "shop": (frozenset(["planned", "no"]), YES),
        "events.talks": (frozenset([1]),),
        "events.other": (frozenset([1]),),
    }


def test_a_node_merges_what_nothing_tells_apart(small_codebook):
    tie = Tie({"scale": (FEW,), "shop": (YES,)})
    scale, shop = Layout(small_codebook, [tie]).nodes(tie)
    assert scale.classes == (("lib_few", "mus_few"), ("lib_many", "mus_middle", "mus_many"))
    assert scale.name == "scale[lib_few+mus_few|lib_many+mus_middle+mus_many]"
    # Goods are routed by a yes to the shop, and that is the coarsest that tells the two apart.
    assert shop.classes == (("yes",), ("planned", "no", "dont_know", "refused"))
    assert Node("channel", (("call",), ("form",))).name == "channel"


def test_a_column_is_as_fine_as_the_column_that_it_stands_beside_needs(small_codebook):
    coarse, fine = Tie({"scale": (FEW,), "shop": (YES,)}), Tie({"outlook": (frozenset(["bright"]),), "shop": (YES,)})
    finer = Tie({"scale": (frozenset(["lib_few"]),), "shop": (frozenset(["no"]),)})
    layout = Layout(small_codebook, [coarse, fine, finer])
    assert [len(n.classes) for n in layout.nodes(coarse)] == [3, 3]
    assert [len(n.classes) for n in layout.nodes(fine)] == [2, 2]
    for tie in (coarse, fine, finer):
        clique, nodes = layout.place(tie)
        assert set(nodes) <= set(clique.nodes)


def ties_of_all_pairs(codebook):
    columns = ["kind", "scale", "shop", "outlook", "events.talks"]
    levels = column_levels(codebook)
    return [Tie({c: tuple(frozenset([x]) for x in levels[c]) for c in pair}) for pair in combinations(columns, 2)]


@pytest.mark.parametrize("whole", [True, False])
def test_cliques_form_a_junction_tree(small_codebook, whole):
    """Cliques that hold a node are connected through cliques that hold it: then what agrees pairwise can be glued."""
    layout = Layout(small_codebook, [*structural_ties(small_codebook), *ties_of_all_pairs(small_codebook)], whole=whole)
    assert [c.start for c in layout.cliques] == list(np.cumsum([0, *(len(c.cells) for c in layout.cliques)]))[:-1]
    for node in {n for c in layout.cliques for n in c.nodes}:
        holding = [k for k, c in enumerate(layout.cliques) if node in c.nodes]
        roots = [k for k in holding if layout.cliques[k].parent not in holding]
        assert len(roots) == 1
    for k, clique in enumerate(layout.cliques):
        if clique.parent is not None:
            assert clique.parent < k
            theirs = {n.name for n in layout.cliques[clique.parent].nodes}
            assert set(clique.shared) == theirs & {n.name for n in clique.nodes}


def test_a_layout_that_is_not_whole_holds_what_its_ties_touch_and_what_that_is_routed_by(small_codebook):
    layout = Layout(small_codebook, [Tie({"profit": (YES,)})], whole=False)
    goods = small_codebook.question("goods").columns
    assert set(layout.levels) == {"profit", "shop", *goods}
    assert set(Layout(small_codebook, [Tie({"scale": (FEW,)})], whole=False).levels) == {"scale"}
    assert set(Layout(small_codebook, [], whole=True).levels) == set(small_codebook.columns[1:])


def test_cells_are_just_the_kinds_of_house_that_the_questionnaire_allows():
    codebook = tiny_codebook(4)
    everything = Tie({c: tuple(frozenset([x]) for x in levels) for c, levels in column_levels(codebook).items()})
    (clique,) = Layout(codebook, [everything]).cliques[:1]
    kinds = tiny_kinds(codebook).drop(columns="organisation")
    expected = kinds.astype(object).where(kinds.notna(), NOT_ASKED)
    assert set(map(tuple, clique.cells[expected.columns].to_numpy())) == set(map(tuple, expected.to_numpy()))
    assert len(clique.cells) == len(kinds) == 36


def test_a_question_that_asks_for_an_answer_gets_one_from_everyone_asked(small_codebook):
    layout = Layout(small_codebook, structural_ties(small_codebook))
    goods = small_codebook.question("goods").columns
    clique = next(c for c in layout.cliques if {n.column for n in c.nodes} >= {"shop", *goods})
    given = clique.cells[goods].eq(1).sum(axis=1)
    shop = clique.cells[next(n.name for n in clique.nodes if n.column == "shop")]
    assert (given[shop == "yes"] >= 1).all() and (shop == "yes").any()
    assert clique.cells.loc[shop != "yes", goods].eq(NOT_ASKED).all(axis=None) and (shop != "yes").any()


@pytest.mark.parametrize("seed", range(3))
def test_every_respondent_has_a_cell_in_every_clique(small_codebook, make_respondents, seed):
    codebook = small_codebook.model_copy(update={"respondents": 50})
    table = make_respondents(codebook, rows=50, seed=seed)
    claims = claims_of(codebook, *true_claims(codebook, table, number=10, seed=seed))
    system = build_system(codebook, claims, 5)
    counts = counts_of(system, table)  # fails where a respondent has no cell
    for clique in system.layout.cliques:
        assert counts[clique.start : clique.start + len(clique.cells)].sum() == 50


def test_tables_drawn_before_are_taken_again(small_codebook):
    ties = structural_ties(small_codebook)
    first = Layout(small_codebook, ties)
    again = Layout(small_codebook, ties, drawn=first.drawn)
    assert all(a.cells is b.cells for a, b in zip(first.cliques, again.cliques, strict=True))
