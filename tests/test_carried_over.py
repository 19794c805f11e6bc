"""What a codebook still has of the wave before is refused or shown, and nothing else is."""

import shutil

import pytest
from conftest import ROOT
from small_project import FIRST, write_small

from pipeline.carried_over import carried_head, carried_respondents, left_out, stop_at_unjudged
from pipeline.check import check, main, to_look_at
from pipeline.codebook import Answer, SeriesBreak
from pipeline.codebook_difference import TO_JUDGE
from pipeline.problems import InputProblem
from pipeline.release import release

YEAR = FIRST + 1


@pytest.fixture
def project(tmp_path):
    """A project of the made-up survey in which the codebook of the first wave was copied for the next."""
    settings = (ROOT / "params.yaml").read_text(encoding="utf-8")
    write_small(tmp_path, settings)
    path = tmp_path / "params.yaml"
    both = path.read_text(encoding="utf-8").replace(f"  all: [{FIRST}]", f"  all: [{FIRST}, {YEAR}]")
    path.write_text(both, encoding="utf-8")
    books = tmp_path / "data/codebook"
    shutil.copy(books / f"{FIRST}.yaml", books / f"{YEAR}.yaml")
    edit(tmp_path, f"wave: {FIRST}", f"wave: {YEAR}")
    return tmp_path


def edit(project, old, new):
    path = project / f"data/codebook/{YEAR}.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


TITLE, SOURCE = f"museums, {FIRST} (made up)", "source: Made up for tests"


def dated(project):
    """Give the copied codebook a title and a source of its own."""
    edit(project, TITLE, f"museums, {YEAR} (made up)")
    edit(project, SOURCE, f"source: Made up in {YEAR}")


def notes(project):
    books = check(project / "params.yaml", project / "data/codebook")
    return to_look_at(books, project / "data/codebook")


# ---- titles and sources


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("A survey, 2014", "it names 2014 and not 2016"),
        ("libraries  REHEARSED", "it is that of 2015"),
        ("Libraries", None),
        ("Another survey, 2014", "it names 2014 and not 2016"),
        ("Another survey, 2015 (again)", "it names 2015 and not 2016"),
        ("Another survey, 2016", None),
        ("Two years after the survey of 2014: that of 2016", None),
        ("Another survey, 2015/16", None),
        ("Another survey, 2015\N{EN DASH}16", None),
        ("Another survey, 2014/15", "it names 2014 and not 2016"),
        ("Another survey, 2014-165", "it names 2014 and not 2016"),
        ("Another survey, 2014 and 2015", "it names 2015 and not 2016"),
        ("Another survey", None),
        ("Under the Act of 2012", None),
        ("Reference 120141", None),
    ],
)
def test_a_title_is_that_of_another_wave_by_its_words_or_its_year(small_codebook, title, said):
    of = small_codebook.model_copy
    earlier = [
        of(update={"wave": 2014, "title": "Libraries", "source": "Two"}),
        of(update={"wave": 2015, "title": "Libraries rehearsed", "source": "Three", "kind": "rehearsal"}),
    ]
    book = of(update={"wave": 2016, "title": title, "source": "One"})
    assert carried_head(book, earlier) == ([("title", said)] if said else [])
    swapped = [b.model_copy(update={"title": b.source, "source": b.title}) for b in (*earlier, book)]
    assert carried_head(swapped[2], swapped[:2]) == ([("source", said)] if said else [])
    assert carried_head(book.model_copy(update={"kind": "rehearsal"}), earlier) == []
    assert carried_head(book, []) == []


def test_the_later_of_two_years_has_two_digits(small_codebook):
    earlier, book = (
        small_codebook.model_copy(update={"wave": year, "title": f"A survey, 2004/{later}", "source": "Ours"})
        for year, later in ((2004, "04"), (2005, "05"))
    )
    assert carried_head(book, [earlier]) == []


def test_a_copied_codebook_is_refused_until_no_text_names_another_year_alone(project):
    path = project / f"data/codebook/{YEAR}.yaml"
    with pytest.raises(InputProblem) as caught:
        main(project / "params.yaml", project / "data")
    assert str(caught.value) == (
        f"{path}: title: it names {FIRST} and not {YEAR}, and the edition would be published under it; found "
        f"'Events and shops in libraries and museums, {FIRST} (made up)'; name {YEAR} in it."
    )
    edit(project, TITLE, f"museums, {YEAR} (made up)")
    # The source, which names no year, may be that of both.
    assert list(check(project / "params.yaml", project / "data/codebook")) == [FIRST, YEAR]
    edit(project, SOURCE, f"source: Fieldwork of {FIRST}")
    with pytest.raises(InputProblem, match=f"source: it names {FIRST} and not {YEAR}, "):
        check(project / "params.yaml", project / "data/codebook")
    edit(project, f"source: Fieldwork of {FIRST}", f"source: Fieldwork of {YEAR}")
    assert list(check(project / "params.yaml", project / "data/codebook")) == [FIRST, YEAR]
    assert notes(project) == []


# ---- the number of respondents


def test_the_number_of_respondents_of_an_earlier_wave_is_shown(project, small_codebook):
    of = small_codebook.model_copy
    earlier = [of(update={"respondents": 200}), of(update={"respondents": None})]
    assert carried_respondents(of(update={"respondents": 200}), earlier) == [small_codebook.wave]
    for other in ({"respondents": 201}, {"respondents": None}, {"respondents": 200, "kind": "reconstruction"}):
        assert carried_respondents(of(update=other), earlier) == []
    dated(project)
    path = project / f"data/codebook/{FIRST}.yaml"
    path.write_text(f"respondents: 200\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    edit(project, f"wave: {YEAR}\n", f"wave: {YEAR}\nrespondents: 200\n")
    [note] = notes(project)
    assert note.endswith(
        f"{YEAR}.yaml: respondents: 200, as in {FIRST}; take it out unless a report of {YEAR} says so."
    )


# ---- answers that no figure draws


def with_answer(book, question_id, **answer):
    """A codebook in which a question has one more answer, in none of its nets."""
    questions = [
        q.model_copy(update={"answers": (*q.answers, Answer(**answer))}) if q.id == question_id else q
        for q in book.questions
    ]
    return book.model_copy(update={"questions": tuple(questions)})


def test_a_figure_that_leaves_out_a_new_answer_is_named(small_codebook):
    said = "figure_2 draws the answers of shop and leaves out stall, which is new"
    book = with_answer(small_codebook, "shop", id="stall", label="A stall")
    assert list(left_out(book, small_codebook)) == [said, said.replace("figure_2", "figure_3")]
    two = with_answer(book, "shop", id="van", label="A van")
    assert next(left_out(two, small_codebook)) == said.replace("stall, which is", "stall, van, which are")
    # A code frame draws the answers in its nets.
    themes = with_answer(small_codebook, "comment", id="parking", label="Parking")
    assert list(left_out(themes, small_codebook)) == [
        "figure_5 draws the answers of comment and leaves out parking, which is new"
    ]


def test_what_a_figure_draws_or_never_drew_is_not_named(small_codebook):
    book = with_answer(small_codebook, "shop", id="stall", label="A stall")
    # It is no news that figure_1 and figure_4 leave out what the wave before had too.
    assert list(left_out(small_codebook, small_codebook)) == [] == list(left_out(book, book))
    drawn = [f.model_copy(update={"categories": (*f.categories, "stall")}) for f in book.figures if f.id == "figure_2"]
    assert list(left_out(book.model_copy(update={"figures": tuple(drawn)}), small_codebook)) == []
    shop = book.question("shop")
    net = shop.nets[0].model_copy(update={"answers": (*shop.nets[0].answers, "stall")})
    netted = shop.model_copy(update={"nets": (net,)})
    questions = tuple(netted if q.id == "shop" else q for q in book.questions)
    by_net = book.model_copy(update={"questions": questions})
    assert [s.split()[0] for s in left_out(by_net, small_codebook)] == ["figure_2"]
    whole = tuple(f.model_copy(update={"categories": ()}) for f in book.figures)
    assert list(left_out(book.model_copy(update={"figures": whole}), small_codebook)) == []
    # Of a question that the wave before did not ask every answer is new, and the figure was made for it.
    unasked = tuple(q for q in small_codebook.questions if q.id != "shop")
    first = small_codebook.model_copy(update={"questions": unasked})
    assert list(left_out(book, first)) == []
    silent = with_answer(small_codebook, "shop", id="none", label="None of these", missing="refused")
    assert list(left_out(silent, small_codebook)) == []


def test_the_check_shows_what_figures_leave_out_until_the_wave_is_released(project, capsys):
    dated(project)
    edit(
        project,
        '{id: "no", label: "No", code: 3, spellings: ["N"]}',
        '{id: "no", label: "No", code: 3, spellings: ["N"]}\n      - {id: stall, label: A stall, code: 4}',
    )
    edit(
        project,
        "\nfigures:\n",
        "\nbreaks_in_series:\n  - {question: shop, change: answers, date: 2021-03-01, reason: New}\n\nfigures:\n",
    )
    book = project / f"data/codebook/{YEAR}.yaml"
    said = f"NOTE: {book}: figure_2 draws the answers of shop and leaves out stall, which is new."
    main(project / "params.yaml", project / "data")
    assert said in capsys.readouterr().err.splitlines()
    (project / f"data/published/{YEAR}").mkdir(parents=True)
    main(project / "params.yaml", project / "data")
    assert "leaves out" not in capsys.readouterr().err


# ---- breaks that nobody has judged


def test_a_break_that_nobody_has_judged_stops_the_release_and_is_shown_before(project, small_codebook):
    known = {"change": "reworded", "date": "2021-03-01"}
    drafted = SeriesBreak(question="shop", reason=f"{TO_JUDGE}: text was 'a' and is 'b'", **known)
    judged = SeriesBreak(question="goods", reason="The same in other words", comparable=True, **known)
    again = SeriesBreak(question="outlook", reason=f"{TO_JUDGE}: text was 'c' and is 'd'", **known)
    book = small_codebook.model_copy(update={"breaks_in_series": (drafted, judged, again, drafted)})
    with pytest.raises(InputProblem) as caught:
        stop_at_unjudged(book, "2021.yaml")
    assert str(caught.value) == (
        '2021.yaml: breaks_in_series: nobody has judged yet whether the series of shop, outlook goes on; found "To be '
        "judged: text was 'a' and is 'b'\"; set `comparable` to true or false, and say why in `reason`."
    )
    stop_at_unjudged(book.model_copy(update={"breaks_in_series": (judged,)}), "2021.yaml")
    stop_at_unjudged(book.model_copy(update={"kind": "reconstruction"}), "2021.yaml")
    dated(project)
    edit(project, "  - id: shop\n    text: Is there a shop?", "  - id: shop\n    text: Is there a shop or a stall?")
    entry = "{question: shop, change: reworded, date: 2021-03-01, reason: 'To be judged: its text'}"
    edit(project, "\nfigures:\n", f"\nbreaks_in_series:\n  - {entry}\n\nfigures:\n")
    [note] = notes(project)
    assert note.startswith("tracker release will stop: ") and "the series of shop goes on" in note
    (project / "docs").mkdir()
    (project / "docs/revisions.md").write_text("# Revisions\n", encoding="utf-8")
    with pytest.raises(InputProblem, match=r"nobody has judged yet whether the series of shop goes on"):
        release(YEAR, project)
    edit(project, "To be judged: its text", "It asks for stalls too")
    assert notes(project) == []
