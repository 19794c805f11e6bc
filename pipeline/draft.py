"""A new wave's codebook, drafted from an earlier one's text: only what changed is changed."""

import re
from functools import reduce
from operator import getitem
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from pipeline.codebook import load_codebook
from pipeline.codebook_difference import differences, entries_for
from pipeline.new_questions import new_answer
from pipeline.problems import InputProblem
from pipeline.tables import MARK
from pipeline.yaml_edits import add_items, flow, node_at, set_values, without_key

SOURCE = "Fieldwork of {year}"


def codebook_of(text, path):
    """The Codebook of a text that is to stand at `path`; raises InputProblem as `load_codebook` does."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / Path(path).name
        place.write_text(text, encoding="utf-8")
        try:
            return load_codebook(place)
        except InputProblem as problem:
            raise InputProblem(str(problem).removesuffix(".").replace(str(place), str(path))) from None


def draft(text, before, *, wave, placed, new_questions, began, path, source=None):
    """The text of a wave's codebook from that of the wave `before` (its Codebook), and the new Codebook.

    `placed` are the Placed of the deliveries, `new_questions` mappings of questions that no earlier wave has, `began`
    the first day of the fieldwork, which dates what has changed. A break in series is entered for every difference
    that may move a series, not comparable until somebody judges it. Raises InputProblem where the draft is no codebook,
    and where what is to change in the text, that of the file `source`, is not written where it can be changed.
    """
    if yaml.compose(text, Loader=yaml.SafeLoader).flow_style:
        what, do = "it is written in braces, in which no draft can be made", "write it in block style, a key a line"
        raise InputProblem(what, file=source, row=1, do=do)
    changes = of_fieldwork(before, wave) | _edits(before, placed, yaml.safe_load(text)["questions"])
    # The new header goes on last, so that rows are told as the file has them.
    text = set_values(text, changes, source)
    header = f"# The questionnaire of {wave}, drafted from that of {before.wave}.\n"
    text = header + text[first_key(text) :]
    for place in placed:
        text = _with_new_answers(text, before, [e for e in place.edits if e.answer is None], source)
    text = add_items(text, ("questions",), [question_text(q) for q in new_questions], source)
    text = without_key(without_key(text, "respondents", source), "breaks_in_series", source).rstrip() + "\n"
    after = codebook_of(text, path)
    entries = entries_for(differences(before, after), after, began)
    if entries:
        text += "\nbreaks_in_series:\n" + "".join(f"  - {flow(entry)}\n" for entry in entries)
    return text, codebook_of(text, path)


def first_key(text):
    """Where the first key begins in a YAML text: what stands before it speaks of the file that it was."""
    return yaml.compose(text, Loader=yaml.SafeLoader).value[0][0].start_mark.index


def of_fieldwork(before, wave):
    """What the head of a codebook says of a wave that was collected, by path: nothing of a rehearsal or a report."""
    title = re.sub(rf"(?i) *\({MARK}\)", "", before.title.replace(str(before.wave), str(wave)))
    return {
        ("wave",): wave,
        ("title",): title if str(wave) in title else f"{title}, {wave}",
        ("kind",): "fieldwork",
        ("source",): SOURCE.format(year=wave),
    }


def _edits(before, placed, data):
    """What changes at which path: texts and columns of questions, labels and codes of answers."""
    place_of = {q.id: i for i, q in enumerate(before.questions)}
    changes = {}
    for question, text in (item for p in placed for item in p.texts.items()):
        changes["questions", place_of[question], "text"] = text
    for question, column in (item for p in placed for item in p.moved.items()):
        if "column" not in data[place_of[question]]:
            what = f"question {question} names no column in the codebook of {before.wave}, so none can be changed"
            raise InputProblem(what, found=column, do="write the wave's codebook by hand")
        changes["questions", place_of[question], "column"] = column
    for edit in (e for p in placed for e in p.edits if e.answer is not None):
        i = place_of[edit.question]
        j = [a["id"] for a in data[i]["answers"]].index(edit.answer)
        changes["questions", i, "answers", j] = _changed(data[i]["answers"][j], edit.offered)
    return changes


def _changed(answer, offered):
    """An answer's mapping with the label and code that a delivery gives it; the former label stays a spelling."""
    changed = dict(answer)
    if offered.label and offered.label not in (answer["label"], *answer.get("spellings", [])):
        changed["label"] = offered.label
        changed["spellings"] = [answer["label"], *answer.get("spellings", [])]
    if offered.code is not None and "code" in answer:
        changed["code"] = offered.code
    return changed


def _with_new_answers(text, before, edits, source):
    for i, question in enumerate(before.questions):
        taken, items = [*question.categories], []
        for edit in (e for e in edits if e.question == question.id):
            items.append(new_answer(edit.offered, taken))
            taken.append(items[-1]["id"])
        path = ("questions", i, "answers")
        node = node_at(text, path)
        if items and node is not None and node.flow_style:
            text = set_values(text, {path: [*reduce(getitem, path, yaml.safe_load(text)), *items]}, source)
        else:
            text = add_items(text, path, [f"- {flow(item)}" for item in items], source)
    return text


def question_text(question):
    """A question's mapping as an item of a block list, an answer a line."""
    lines = [f"{key}: {flow(value)}" for key, value in question.items() if key != "answers"]
    lines += ["answers:", *(f"  - {flow(answer)}" for answer in question["answers"])]
    return "\n".join(["", "- " + lines[0], *("  " + line for line in lines[1:])])
