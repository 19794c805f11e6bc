"""Random questionnaires for Hypothesis: every feature that a codebook has, put together anew each time."""

from math import prod

from hypothesis import strategies as st

from pipeline.codebook import Codebook

# What a codebook can be made to have, for tests that need it; the rest is drawn.
FEATURES = ("any", "net", "net_of_several", "routed", "max_answers", "min_answers", "break")


@st.composite
def codebooks(
    draw,
    *,
    respondents,
    feature="any",
    questions=(3, 5),
    most_answers=4,
    most_sectors=3,
    most_kinds=5000,
    limited=True,
):
    """A codebook of two or three sectors with their bands, and a few questions, breaks and bases.

    `feature` is had by the first question after the bands or, of routing, by the second. `questions`: the fewest and
    the most, unless they come to more than about `most_kinds` kinds of respondent. `limited`: whether some questions
    take only so many answers.
    """
    frame = _frame(draw, draw(st.integers(2, most_sectors)), most_sectors)
    asked_for, first = draw(st.integers(*questions)), 2 if feature == "routed" else 1
    questions, kinds = [], len(frame[1]["answers"])
    for number in range(1, max(asked_for, first) + 1):
        question = _question(draw, number, questions, feature if number == first else "any", most_answers)
        if not limited:
            question.pop("max_answers", None)
        kinds *= _ways(question)
        if kinds > most_kinds and len(questions) >= first:
            break
        questions.append(question)
    bases = [{"id": "all", "label": "All"}]
    bases += [
        {"id": f"asked_{q['id']}", "label": q["id"], "where": q["asked_if"]} for q in questions if "asked_if" in q
    ]
    bases.append({"id": "some", "label": "Some", "where": _condition(draw, draw(st.sampled_from(questions)))})
    breaks = [{"id": "sector", "label": "Sector", "of": "sector"}, {"id": "band", "label": "Band", "of": "band"}]
    breaks += [_break_of(draw, q) for q in questions if feature == "break" or draw(st.booleans())]
    breaks.append({"id": "mixed", "label": "Mixed", "groups": _groups(draw, [*frame, *questions])})
    measures = [{"id": "sector", "question": "sector", "label": "Sector", "breaks": []}]
    measures.append({"id": "band", "question": "band", "label": "Band", "breaks": ["sector"]})
    for q in questions:
        by = draw(st.lists(st.sampled_from([b["id"] for b in breaks]), max_size=3, unique=True))
        base = f"asked_{q['id']}" if "asked_if" in q else "all"
        measures.append({"id": q["id"], "question": q["id"], "label": q["id"], "base": base, "breaks": by})
    return Codebook.model_validate(
        {
            **{"wave": 2000, "title": "Made up", "kind": "reconstruction", "source": "Made up for tests"},
            **{"sector": "sector", "size_band": "band", "respondents": respondents},
            **{"questions": [*frame, *questions], "bases": bases, "breaks": breaks, "measures": measures},
        }
    )


def _frame(draw, sectors, most_bands):
    names = [f"s{n}" for n in range(1, sectors + 1)]
    bands = [
        {"id": f"{s}_{n}", "label": f"{s} {n}", "band": {"sector": s, "at_least": 10 * n, "below": 10 * n + 10}}
        for s in names
        for n in range(draw(st.integers(1, most_bands)))
    ]
    sector = {"id": "sector", "text": "Sector?", "label": "Sector", "answers": _answers(names), "asked_of": "frame"}
    nets = [{"id": "smallest", "label": "Smallest", "answers": [f"{s}_0" for s in names]}]
    size = {"id": "band", "text": "Size?", "label": "Size", "answers": bands, "nets": nets, "asked_of": "frame"}
    return [sector, size]


def _answers(ids):
    return [{"id": i, "label": i} for i in ids]


def _question(draw, number, earlier, feature, most_answers):
    """A question; with the feature, or without regard to features."""
    several = feature in ("net_of_several", "max_answers", "min_answers")
    single = feature in ("net", "break")
    kinds = ["multiple", "open"] if several else ["single"] if single else ["single", "single", "multiple", "open"]
    question = {"id": f"q{number}", "text": "?", "label": f"Q{number}", "kind": draw(st.sampled_from(kinds))}
    ids = [f"a{n}" for n in range(1, draw(st.integers(2, most_answers)) + 1)]
    question["answers"] = _answers(ids)
    if "net" in feature or draw(st.booleans()):
        within = draw(st.lists(st.sampled_from(ids), min_size=2, max_size=len(ids), unique=True))
        question["nets"] = [{"id": "net", "label": "Net", "answers": sorted(within)}]
    if question["kind"] != "single":
        if feature == "min_answers" or draw(st.integers(0, 3)) == 0:
            question["min_answers"] = 1
        if feature == "max_answers" or draw(st.integers(0, 2)) == 0:
            question["max_answers"] = draw(st.integers(1, len(ids) - 1))
    if earlier and (feature == "routed" or draw(st.booleans())):
        question["asked_if"] = _condition(draw, earlier[0] if feature == "routed" else draw(st.sampled_from(earlier)))
    return question


def _ways(question):
    """How many ways there are to answer, or nearly."""
    answers = len(question["answers"])
    return (2**answers if question["kind"] != "single" else answers) + (1 if "asked_if" in question else 0)


def _condition(draw, question):
    """A condition on one question that some meet and others do not."""
    ids = [a["id"] for a in question["answers"]]
    some = sorted(draw(st.lists(st.sampled_from(ids), min_size=1, max_size=len(ids) - 1, unique=True)))
    kinds = ["any", "any", "none"] if question.get("kind", "single") == "single" else ["any", "all", "none", "both"]
    kind = draw(st.sampled_from(kinds))
    if kind == "both":
        rest = [i for i in ids if i not in some]
        return {question["id"]: {"all": some[:1], "none": rest[:1]}}
    return {question["id"]: {kind: some}}


def _break_of(draw, question):
    made = {"id": f"by_{question['id']}", "label": question["label"], "of": question["id"]}
    if "nets" in question and draw(st.booleans()):
        made["categories"] = [question["answers"][0]["id"], "net"]
    return made


def _groups(draw, questions):
    """Two groups, each by a condition on one question or on two."""
    groups = []
    for name in ("g1", "g2"):
        # A codebook wants every question to have two answers at least for a condition to divide them.
        dividing = [q for q in questions if len(q["answers"]) > 1]
        chosen = draw(st.lists(st.sampled_from(range(len(dividing))), min_size=1, max_size=2, unique=True))
        where = {k: test for n in chosen for k, test in _condition(draw, dividing[n]).items()}
        groups.append({"id": name, "label": name, "where": where})
    return groups


def small_enough(codebook, kinds, most_tables):
    """Whether every table of the codebook's respondents can be made: multisets of this many kinds."""
    n = codebook.respondents
    return prod(range(kinds, kinds + n)) // prod(range(1, n + 1)) <= most_tables
