"""The codebook model: what it refuses, and which rows a condition picks."""

import pandas as pd
import pytest
from conftest import HERE
from pydantic import ValidationError

from pipeline.codebook import Answer, load_codebook
from pipeline.codebook import Test as Condition
from pipeline.disclose import BASE, OF_WEIGHTS
from pipeline.files import MARK
from pipeline.group_tests import NO_ANSWER, REST
from pipeline.names import RESERVED
from pipeline.problems import InputProblem
from pipeline.respondents import asked, gave, select, typed

TEXT = (HERE / "small_codebook.yaml").read_text(encoding="utf-8")


def refusal(path):
    with pytest.raises(InputProblem) as caught:
        load_codebook(path)
    return str(caught.value).replace(str(path), "FILE")


def refusal_of(tmp_path, old, new):
    """What is said of the small codebook once `old`, which must stand in it, is `new` at its first place."""
    assert old in TEXT
    path = tmp_path / "codebook.yaml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return refusal(path)


MEETS = '{id: a, label: A, where: {shop: ["yes"]}}'


def step(name, *criteria):
    """A step, put after the line that says what the sector is."""
    return f"sector: kind\nsteps: [{{id: {name}, number: 1, label: Go, criteria: [{', '.join(criteria)}]}}]\n"


# Each fault: what stands in the codebook, what is put in its place, and the whole sentence that must come of it.
FAULTS = {
    "a tick that means no tick": (
        "{id: talks, label: Talks, code: 1, spellings: [Lectures]}",
        "{id: talks, label: Talks, code: 0, spellings: [Lectures]}",
        "FILE: codebook: question events, answer talks: in a column of ticks '0' means that the answer was not chosen; "
        "give it another text, or code.",
    ),
    "a fact of the frame that is asked of some": (
        "    column: Visits\n    asked_of: frame\n",
        "    column: Visits\n    asked_of: frame\n    asked_if: {kind: [mus]}\n",
        "FILE: codebook: question scale: a fact of the frame is known of every organisation, so leave out `asked_if`.",
    ),
    "a fact of the frame that an empty cell says": (
        "spellings: [Gallery or museum]",
        'spellings: [Gallery or museum, " "]',
        "FILE: codebook: question kind, answer mus: an empty cell of the frame says nothing of an organisation, so no "
        "answer can have an empty spelling; take it out.",
    ),
    "own words under the column of another question's answer": (
        "column: V2\n",
        "column: events.talks\n",
        "FILE: codebook: question comment: its column 'events.talks' is that of an answer once it is read; rename it.",
    ),
    "own words under the column of an answer of their own": (
        "column: V2\n",
        "column: comment.staff\n",
        "FILE: codebook: question comment: its column 'comment.staff' is that of an answer once it is read; rename it.",
    ),
    "a column that marks what is simulated": (
        "column: S1\n",
        f"column: {MARK}\n",
        f"FILE: codebook: question shop: no question can have the column '{MARK}'.",
    ),
    "question twice": (
        "- id: channel\n",
        "- id: scale\n",
        "FILE: codebook: questions: the id 'scale' stands twice.",
    ),
    "base twice": (
        "{id: shops, label",
        "{id: all, label",
        "FILE: codebook: bases: the id 'all' stands twice.",
    ),
    "break twice": (
        "{id: events, label: Event held",
        "{id: kind, label: Event held",
        "FILE: codebook: breaks: the id 'kind' stands twice.",
    ),
    "group twice": (
        "{id: more, label: More",
        "{id: few, label: More",
        "FILE: codebook: break fewness: the group 'few' stands twice.",
    ),
    "measure twice": (
        "{id: outlook, question",
        "{id: shop, question",
        "FILE: codebook: measures: the id 'shop' stands twice.",
    ),
    "measure named as a kind of number": (
        "{id: outlook, question",
        "{id: net, question",
        "FILE: codebook: measures: no measure can have the id 'net', which is one of the pipeline's own.",
    ),
    "figure twice": (
        "{id: figure_2,",
        "{id: figure_1,",
        "FILE: codebook: figures: the id 'figure_1' stands twice.",
    ),
    "finding twice": (
        "id: finding_2",
        "id: finding_1",
        "FILE: codebook: findings: the id 'finding_1' stands twice.",
    ),
    "answer twice": (
        "{id: crafts, label: Crafts",
        "{id: talks, label: Crafts",
        "FILE: codebook: question events: the answer 'talks' stands twice.",
    ),
    "net named as an answer": (
        "{id: spoken_or_sung",
        "{id: talks",
        "FILE: codebook: question events: the answer 'talks' stands twice.",
    ),
    "net of an unknown answer": (
        "answers: [talks, concerts]",
        "answers: [talks, films]",
        "FILE: codebook: question events, net spoken_or_sung: answer 'films' is not known; known are: concerts, "
        "crafts, other, talks.",
    ),
    "sector": (
        "sector: kind",
        "sector: kinds",
        "FILE: codebook: sector or size band: question 'kinds' is not known; known are: channel, comment, events, "
        "events_other, goods, kind, outlook, profit, scale, shop.",
    ),
    "size band": (
        "size_band: scale",
        "size_band: size",
        "FILE: codebook: sector or size band: question 'size' is not known; known are: channel, comment, events, "
        "events_other, goods, kind, outlook, profit, scale, shop.",
    ),
    "band of an unknown sector": (
        "band: {sector: lib, at_least: 1",
        "band: {sector: zoo, at_least: 1",
        "FILE: codebook: question scale, band of sector 'zoo' is not known; known are: lib, mus.",
    ),
    "routing by a later question": (
        "asked_if: {events: [other]}",
        'asked_if: {shop: ["yes"]}',
        "FILE: codebook: question events_other is asked_if an earlier question 'shop' is not known; known are: "
        "channel, events, kind, scale.",
    ),
    "routing by an unknown answer": (
        "asked_if: {events: [other]}",
        "asked_if: {events: [films]}",
        "FILE: codebook: question events_other, asked_if: answer of events 'films' is not known; known are: "
        "concerts, crafts, other, talks.",
    ),
    "routing by a net": (
        "asked_if: {events: [other]}",
        "asked_if: {events: {none: [spoken_or_sung]}}",
        "FILE: codebook: question events_other, asked_if: answer of events 'spoken_or_sung' is not known; known are: "
        "concerts, crafts, other, talks.",
    ),
    "base of an unknown question": (
        'where: {shop: ["yes"]}',
        'where: {shops: ["yes"]}',
        "FILE: codebook: base shops: question 'shops' is not known; known are: channel, comment, events, "
        "events_other, goods, kind, outlook, profit, scale, shop.",
    ),
    "base of an unknown answer": (
        'where: {shop: ["yes"]}',
        "where: {shop: [open]}",
        "FILE: codebook: base shops: answer of shop 'open' is not known; known are: dont_know, no, planned, "
        "refused, yes.",
    ),
    "break of an unknown question": (
        "{id: scale, label: Visits a year, of: scale}",
        "{id: scale, label: Visits a year, of: size}",
        "FILE: codebook: break scale: question 'size' is not known; known are: channel, comment, events, "
        "events_other, goods, kind, outlook, profit, scale, shop.",
    ),
    "break of an unknown category": (
        'of: shop, categories: ["yes", no_shop]',
        'of: shop, categories: ["yes", shut]',
        "FILE: codebook: break shop_held: category 'shut' is not known; known are: dont_know, no, no_shop, planned, "
        "refused, yes.",
    ),
    "break without groups": (
        "of: scale}",
        "of: null}",
        "FILE: codebook: break scale: give either `of` a question or a list of groups.",
    ),
    "group of an unknown answer": (
        "where: {scale: [lib_few, mus_few]}",
        "where: {scale: [few]}",
        "FILE: codebook: break fewness, group few: answer of scale 'few' is not known; known are: lib_few, lib_many, "
        "mus_few, mus_many, mus_middle.",
    ),
    "measure of an unknown question": (
        "question: outlook",
        "question: future",
        "FILE: codebook: measure outlook: question 'future' is not known; known are: channel, comment, events, "
        "events_other, goods, kind, outlook, profit, scale, shop.",
    ),
    "measure of an unknown base": (
        "base: shops,",
        "base: shop,",
        "FILE: codebook: measure goods: base 'shop' is not known; known are: all, other_events, shops.",
    ),
    "measure by an unknown break": (
        "breaks: [kind, scale, shop_held]",
        "breaks: [kind, size]",
        "FILE: codebook: measure outlook: break 'size' is not known; known are: events, fewness, kind, scale, "
        "shop_held.",
    ),
    "figure of an unknown measure": (
        "kind: bars, measure: events",
        "kind: bars, measure: films",
        "FILE: codebook: figure figure_1: measure 'films' is not known; known are: comment, events, events_other, "
        "goods, kind, outlook, scale, shop.",
    ),
    "figure by a break that its measure lacks": (
        "measure: shop, break: kind, categories",
        "measure: shop, break: shop_held, categories",
        "FILE: codebook: figure figure_2: break of measure shop 'shop_held' is not known; known are: events, fewness, "
        "kind, scale, total.",
    ),
    "figure of an unknown category": (
        "categories: [talks, crafts, concerts, other]",
        "categories: [talks, films]",
        "FILE: codebook: figure figure_1: category of measure events 'films' is not known; known are: concerts, "
        "crafts, other, spoken_or_sung, talks.",
    ),
    "figure that needs a break": (
        "kind: grouped, measure: shop, break: kind",
        "kind: grouped, measure: shop",
        "FILE: figure figure_2: a grouped figure needs a break.",
    ),
    "figure that has no break": (
        "kind: bars, measure: events",
        "kind: bars, break: kind, measure: events",
        "FILE: figure figure_1: a bars figure has no break; grouped, split and grid have.",
    ),
    "clause of an unknown measure": (
        '{measure: shop, category: "yes", text',
        '{measure: shops, category: "yes", text',
        "FILE: codebook: finding finding_1: measure 'shops' is not known; known are: comment, events, events_other, "
        "goods, kind, outlook, scale, shop.",
    ),
    "clause of an unknown category": (
        "versus_category: crafts",
        "versus_category: films",
        "FILE: codebook: finding finding_2: category of measure events 'films' is not known; known are: concerts, "
        "crafts, other, spoken_or_sung, talks.",
    ),
    "clause by an unknown break": (
        "break: kind, group: mus, versus: lib",
        "break: type, group: mus, versus: lib",
        "FILE: codebook: finding finding_1: break of measure shop 'type' is not known; known are: events, "
        "fewness, kind, scale, total.",
    ),
    "clause of an unknown group": (
        "group: mus, versus: lib",
        "group: mus, versus: zoo",
        "FILE: codebook: finding finding_1: group 'zoo' is not known; known are: lib, mus.",
    ),
    "unknown key": (
        "label: Channel",
        "lable: Channel",
        "FILE: question channel: there is no such key; found 'lable'; allowed: id, text, label, column, kind, "
        "asked_of, asked_if, max_answers, min_answers, answers, nets, note.",
    ),
    "missing key": ("    label: Channel\n", "", "FILE: question channel: the key 'label' is missing."),
    "key twice": (
        "label: Channel",
        "label: Channel\n    label: Way",
        "FILE, row 37: this key stands twice; found 'label'; keep one of the two.",
    ),
    "question twice in a condition": (
        'asked_if: {shop: ["yes"]}',
        'asked_if: {shop: ["yes"], shop: [planned]}',
        "FILE, row 87: this key stands twice; found 'shop'; keep one of the two.",
    ),
    "code twice": (
        "{id: crafts, label: Crafts, code: 2}",
        "{id: crafts, label: Crafts, code: 1}",
        "FILE: codebook: question events: the code 1 stands twice.",
    ),
    "text of two answers": (
        "{id: crafts, label: Crafts, code: 2}",
        "{id: crafts, label: Crafts, code: 2, spellings: [lectures]}",
        "FILE: codebook: question events: the text 'lectures' stands for two answers, talks and crafts.",
    ),
    "question named as a column of a stage": (
        "- id: channel\n",
        "- id: last\n",
        "FILE: codebook: questions: no question can have the id 'last', which is one of the pipeline's own.",
    ),
    "question named as everyone": (
        "- id: channel\n",
        "- id: total\n",
        "FILE: codebook: questions: no question can have the id 'total', which is one of the pipeline's own.",
    ),
    "break named as everyone": (
        "- {id: events, label: Event held",
        "- {id: total, label: Event held",
        "FILE: codebook: breaks: no break can have the id 'total', which is one of the pipeline's own.",
    ),
    "figure named as a place of its page": (
        "- {id: figure_5,",
        "- {id: content,",
        "FILE: codebook: figures: no figure can have the id 'content', which is one of the pipeline's own.",
    ),
    "figure named as a finding's place": (
        "- {id: figure_5,",
        "- {id: finding-1,",
        "FILE: codebook: figures: no figure can have the id 'finding-1', which is one of the pipeline's own.",
    ),
    "figure named as a chapter's place": (
        "- {id: figure_5,",
        "- {id: chapter-shops,",
        "FILE: codebook: figures: no figure can have the id 'chapter-shops', which is one of the pipeline's own.",
    ),
    "group named as everyone": (
        "{id: more, label: More",
        "{id: total, label: More",
        "FILE: codebook: break fewness: no group can have the id 'total', which is one of the pipeline's own.",
    ),
    "everyone as a break of a measure": (
        "breaks: [kind, scale, shop_held]",
        "breaks: [kind, total]",
        "FILE: codebook: measure outlook: break 'total' is not known; known are: events, fewness, kind, scale, "
        "shop_held.",
    ),
    "step named as a column beside it": (
        "sector: kind\n",
        step("overall", MEETS),
        "FILE: codebook: steps: no step can have the id 'overall', which is one of the pipeline's own.",
    ),
    "step named as the sector": (
        "sector: kind\n",
        step("kind", MEETS),
        "FILE: codebook: steps: no step can have the id 'kind', which is one of the pipeline's own.",
    ),
    "criterion twice": (
        "sector: kind\n",
        step("go", MEETS, MEETS),
        "FILE: codebook: step go: the criterion 'a' stands twice.",
    ),
    "criterion without a condition": (
        "sector: kind\n",
        step("go", "{id: a, label: A, where: {}}"),
        "FILE: codebook: step go, criterion a: `where` is empty, which selects everyone.",
    ),
    "criterion that names no answer": (
        "sector: kind\n",
        step("go", "{id: a, label: A, where: {shop: []}}"),
        "FILE: codebook: step go, criterion a: no answer of shop is named, which selects everyone.",
    ),
    "group without a condition": (
        "where: {scale: [lib_few, mus_few]}",
        "where: {}",
        "FILE: codebook: break fewness, group few: `where` is empty, which selects everyone.",
    ),
    "group that names no answer": (
        "where: {scale: {none: [lib_few, mus_few]}}",
        "where: {scale: {none: []}}",
        "FILE: codebook: break fewness, group more: no answer of scale is named, which selects everyone.",
    ),
    "base that names no answer": (
        'where: {shop: ["yes"]}',
        "where: {shop: []}",
        "FILE: codebook: base shops: no answer of shop is named, which selects everyone.",
    ),
    "routing that names no answer": (
        "asked_if: {events: [other]}",
        "asked_if: {events: []}",
        "FILE: codebook: question events_other, asked_if: no answer of events is named, which selects everyone.",
    ),
    "answer twice in a condition": (
        "where: {scale: [lib_few, mus_few]}",
        "where: {scale: [lib_few, lib_few]}",
        "FILE: codebook: break fewness, group few: the answer 'lib_few' of scale stands twice.",
    ),
    "answer twice in a net": (
        "answers: [talks, concerts]",
        "answers: [talks, talks]",
        "FILE: codebook: question events, net spoken_or_sung: the answer 'talks' stands twice.",
    ),
    "frame question of several answers": (
        "    asked_of: interviewer\n",
        "    asked_of: frame\n    kind: multiple\n",
        "FILE: codebook: question channel: a fact of the frame has one answer, so its kind must be single.",
    ),
    "sector that is asked": (
        "    column: Type\n    asked_of: frame\n",
        "    column: Type\n",
        "FILE: codebook: question kind: sector and size band are facts of the frame, so `asked_of` must be frame.",
    ),
    "size band that is asked": (
        "    column: Visits\n    asked_of: frame\n",
        "    column: Visits\n",
        "FILE: codebook: question scale: sector and size band are facts of the frame, so `asked_of` must be frame.",
    ),
    "size band without a band": (
        "size_band: scale",
        "size_band: kind",
        "FILE: codebook: question kind: the answer 'lib' has no band, and sizes are read by bands.",
    ),
    "one size without a band": (
        ", band: {sector: lib, at_least: 20000}",
        "",
        "FILE: codebook: question scale: the answer 'lib_many' has no band, and sizes are read by bands.",
    ),
    "category of a break twice": (
        'categories: ["yes", no_shop]}\n  - {id: events',
        'categories: ["yes", "yes"]}\n  - {id: events',
        "FILE: codebook: break shop_held: the category 'yes' stands twice.",
    ),
    "category of a figure twice": (
        "categories: [talks, crafts, concerts, other]",
        "categories: [talks, talks]",
        "FILE: codebook: figure figure_1: the category 'talks' stands twice.",
    ),
    "net score of an answer less itself": (
        "sector: kind\n",
        "sector: kind\nnet_scores: [{id: mood, label: Mood, measure: outlook, plus: bright, minus: bright}]\n",
        "FILE: codebook: net score mood: the answer 'bright' stands twice.",
    ),
    "net score whose sides overlap": (
        "sector: kind\n",
        "sector: kind\nnet_scores: [{id: mood, label: Mood, measure: outlook, plus: not_bright, minus: bleak}]\n",
        "FILE: codebook: net score mood: the answer 'bleak' stands twice.",
    ),
    "net score of a question with several answers": (
        "sector: kind\n",
        "sector: kind\nnet_scores: [{id: arts, label: Arts, measure: events, plus: talks, minus: crafts}]\n",
        "FILE: codebook: net score arts: question events takes several answers; it must take one.",
    ),
    "themes that are answers": (
        "categories: [means]",
        "categories: [building]",
        "FILE: codebook: figure figure_5: net of question comment 'building' is not known; known are: means.",
    ),
    "themes of a question without nets": (
        "themes, measure: comment, categories: [means]",
        "themes, measure: goods",
        "FILE: codebook: figure figure_5: themes are nets of answers, and question goods has none.",
    ),
    "phrase without a word": (
        "phrases: [Our roof leaks]",
        'phrases: [Our roof leaks, "?"]',
        "FILE: codebook: question comment: the phrase '?' of building has no word to look for.",
    ),
    "label for a phrase without a word": (
        "label: Building, phrases: [Our roof leaks]",
        'label: "-"',
        "FILE: codebook: question comment: the phrase '-' of building has no word to look for.",
    ),
    "column of two questions": (
        "column: S3",
        "column: S1",
        "FILE: codebook: questions shop and profit have one column of the export, 'S1'.",
    ),
    "bands that overlap": (
        "{sector: lib, at_least: 20000}",
        "{sector: lib, at_least: 19999}",
        "FILE: codebook: question scale: the bands of lib_few and lib_many overlap.",
    ),
    "a band without a size": (
        "at_least: 5000, below: 50000",
        "at_least: 5000, below: 5000",
        "FILE: codebook: question scale: the band of mus_middle holds no size.",
    ),
    "one key too many": (
        "label: Channel",
        "label: Channel\n    colour: red",
        "FILE: question channel: there is no such key; found 'colour'; allowed: id, text, label, column, kind, "
        "asked_of, asked_if, max_answers, min_answers, answers, nets, note.",
    ),
    "unknown kind": (
        "kind: multiple",
        "kind: several",
        "FILE: question events, kind: not a value that it can have; found 'several'; allowed: single, multiple, open.",
    ),
    "yes without quotes": (
        '{id: "no", label: "No", code: 3',
        '{id: no, label: "No", code: 3',
        "FILE: question shop, answer 3, id: must be text; found False; put it in quotes.",
    ),
    "own words in a column called like another question": (
        "column: V2\n",
        "column: shop\n",
        "FILE: codebook: question comment: its column 'shop' is another question's id; rename that id.",
    ),
    "two answers of one label": (
        '{id: "no", label: "No", code: 3',
        '{id: "no", label: "Yes", code: 3',
        "FILE: codebook: question shop: the label 'Yes' stands twice.",
    ),
    "a sector called like the sum of all": (
        "{id: lib, label: Library,",
        "{id: lib, label: All,",
        "FILE: codebook: sectors: no sector can have the label 'All', which is one of the pipeline's own.",
    ),
    "no respondents": (
        "wave: 2020",
        "wave: 2020\nrespondents: 0",
        "FILE: respondents: must be above 0; found 0.",
    ),
    "more respondents than can be": (
        "wave: 2020",
        "wave: 2020\nrespondents: 1000000000",
        "FILE: respondents: must be at most 10000000; found 1000000000.",
    ),
    "bad YAML": (
        "sector: kind",
        "\tsector: kind",
        "FILE, row 7: not YAML: found character '\\t' that cannot start any token.",
    ),
    "control character": ("title: Events", "title: \x07Events", "FILE: not YAML: special characters are not allowed."),
}


@pytest.mark.parametrize("name", sorted({*RESERVED, MARK}))
def test_no_question_has_the_id_of_a_column_that_a_stage_makes(tmp_path, name):
    said = refusal_of(tmp_path, "- id: channel\n", f"- id: {name}\n")
    assert (
        said == f"FILE: codebook: questions: no question can have the id {name!r}, which is one of the pipeline's own."
    )


@pytest.mark.parametrize(("old", "new", "sentence"), FAULTS.values(), ids=FAULTS)
def test_each_fault_of_a_codebook_is_one_sentence(tmp_path, old, new, sentence):
    assert refusal_of(tmp_path, old, new) == sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "FILE: codebook: must hold keys and values, and is empty."),
        (b"- 1\n", "FILE: codebook: must hold keys and values."),
        ("title: caf\u00e9".encode("latin-1"), "FILE: not UTF-8 text at byte 10; save it as UTF-8."),
        (None, "FILE: there is no such codebook."),
    ],
    ids=["empty", "a list", "not UTF-8", "missing"],
)
def test_a_file_that_holds_no_codebook_is_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "codebook.yaml"
    if content is not None:
        path.write_bytes(content)
    assert refusal(path) == sentence


def test_a_survey_without_a_measure_is_refused(tmp_path):
    path = tmp_path / "codebook.yaml"
    path.write_text(TEXT[: TEXT.index("measures:\n")] + "measures: []\n", encoding="utf-8")
    assert refusal(path) == (
        "FILE: codebook: measures: there are none, and all that is made of a survey is made of its measures."
    )


def test_a_finding_says_something(tmp_path):
    path = tmp_path / "codebook.yaml"
    start, end = TEXT.index("    clauses:\n"), TEXT.index("  - id: finding_2")
    path.write_text(TEXT[:start] + "    clauses: []\n" + TEXT[end:], encoding="utf-8")
    assert refusal(path).startswith("FILE: finding finding_1, clauses: ")


def test_a_base_of_everyone_has_an_empty_condition(tmp_path):
    path = tmp_path / "codebook.yaml"
    path.write_text(TEXT.replace("{id: all, label: All houses}", "{id: all, label: All, where: {}}"), encoding="utf-8")
    assert load_codebook(path).base("all").where == {}


def test_a_name_asked_for_that_is_not_there_says_what_is(small_codebook):
    with pytest.raises(KeyError, match=r"the codebook has no base 'none'; it has: all, shops, other_events"):
        small_codebook.base("none")


@pytest.fixture
def houses(small_codebook):
    """Five houses. events: talks+crafts, crafts, none, talks+other, other; shop: yes, no, yes, planned, don't know."""
    events = pd.DataFrame(
        [(1, 1, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0), (1, 0, 0, 1), (0, 0, 0, 1)],
        columns=small_codebook.question("events").columns,
    )
    goods = pd.DataFrame(
        [(1, 0, 1, 0), (None,) * 4, (1, 1, 0, 0), (None,) * 4, (None,) * 4],
        columns=small_codebook.question("goods").columns,
    )
    shop = pd.Series(["yes", "no", "yes", "planned", "dont_know"], name="shop")
    return pd.concat([shop, events, goods], axis=1).convert_dtypes()


@pytest.mark.parametrize(
    ("condition", "picked"),
    [
        ({}, [1, 1, 1, 1, 1]),
        ({"shop": {"any": ["yes", "no"]}}, [1, 1, 1, 0, 0]),
        ({"shop": {"none": ["yes"]}}, [0, 1, 0, 1, 1]),
        ({"shop": {"all": ["yes"]}}, [1, 0, 1, 0, 0]),
        ({"shop": {"all": ["yes", "no"]}}, [0, 0, 0, 0, 0]),
        ({"events": {"any": ["talks", "other"]}}, [1, 0, 0, 1, 1]),
        ({"events": {"all": ["talks", "crafts"]}}, [1, 0, 0, 0, 0]),
        ({"events": {"none": ["talks", "crafts"]}}, [0, 0, 1, 0, 1]),
        ({"events": {"any": ["talks", "crafts"], "none": ["other"]}}, [1, 1, 0, 0, 0]),
        ({"events": {"any": ["crafts"]}, "shop": {"any": ["yes"]}}, [1, 0, 0, 0, 0]),
        ({"goods": {"any": ["books"]}}, [1, 0, 1, 0, 0]),
        ({"goods": {"all": ["books", "toys"]}}, [0, 0, 1, 0, 0]),
        ({"goods": {"none": ["books"]}}, [0, 1, 0, 1, 1]),
    ],
)
def test_a_condition_picks_by_any_all_and_none_and_the_unasked_meet_only_none(houses, condition, picked):
    rows = select(houses, {q: Condition(**test) for q, test in condition.items()})
    assert rows.tolist() == [bool(x) for x in picked]


def test_an_answer_or_a_net_is_given_by_those_who_chose_any_of_its_answers(houses, small_codebook):
    shop, events, goods = map(small_codebook.question, ("shop", "events", "goods"))
    assert gave(houses, shop, "no_shop").tolist() == [False, True, False, True, False]
    assert gave(houses, events, "spoken_or_sung").tolist() == [True, False, False, True, False]
    assert gave(houses, goods, "toys").tolist() == [False, False, True, False, False]


def test_a_question_is_asked_of_those_whom_its_routing_selects(houses, small_codebook):
    assert asked(houses, small_codebook.question("outlook")).all()
    assert asked(houses, small_codebook.question("goods")).tolist() == [True, False, True, False, False]
    assert asked(houses, small_codebook.question("profit")).tolist() == [True, False, False, False, False]


def test_a_typed_table_has_the_columns_of_the_codebook_in_its_order(small_codebook, small_respondents):
    shuffled = small_respondents[sorted(small_respondents)].astype(object)
    again = typed(shuffled, small_codebook)
    pd.testing.assert_frame_equal(again, small_respondents)
    assert again.columns.tolist() == small_codebook.columns
    assert set(again.dtypes.astype(str)) == {"string", "Int8"}


def test_groups_of_a_break_follow_the_codebook_or_its_choice(small_codebook):
    assert [g.id for g in small_codebook.groups("kind")] == ["lib", "mus"]
    assert [(g.id, g.label) for g in small_codebook.groups("shop_held")] == [("yes", "Yes"), ("no_shop", "No shop yet")]
    assert [g.where for g in small_codebook.groups("shop_held")][1] == {"shop": Condition(any=("planned", "no"))}
    assert [(g.id, g.where) for g in small_codebook.groups("total")] == [("total", {})]


def test_a_codebook_with_other_answers_has_other_groups(small_codebook):
    """Groups are made once; a copy with another question makes its own."""
    before = small_codebook.groups("kind")
    assert small_codebook.groups("kind") is before
    questions = tuple(
        q.model_copy(update={"answers": q.answers[:1]}) if q.id == "kind" else q for q in small_codebook.questions
    )
    copy = small_codebook.model_copy(update={"questions": questions})
    assert [g.id for g in copy.groups("kind")] == [before[0].id]
    assert small_codebook.groups("kind") is before
    assert copy.model_copy(update={"questions": small_codebook.questions}) == small_codebook


@pytest.mark.parametrize("word", [BASE, OF_WEIGHTS, REST, NO_ANSWER])
def test_what_stands_beside_ids_is_none(word):
    """Keys of numbers and groups of tests have words of ours where ids stand; a codebook can use none of them."""
    with pytest.raises(ValidationError, match="an id is made of"):
        Answer(id=word, label="Any")
