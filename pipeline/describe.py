"""What a wave is, for people and for archives: codebook.html, ddi.xml, methodology.html and methodology.csv.

The pages open from disk, ask nothing of the network, and escape every label and text.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.codebook import load_codebook
from pipeline.ddi import KINDS, asked_of, ddi
from pipeline.files import write_text
from pipeline.params import load_params
from pipeline.printing import STATUS
from pipeline.privacy import hide_details, holds_details
from pipeline.problems import InputProblem
from pipeline.statement import facts_of_run, load_facts, statement
from pipeline.tables import read_respondents, read_table, write_table
from pipeline.templating import templates


def describe(wave, *, data, reports, params, lock):
    """Write the four files of a wave into its folder of reports.

    Raises InputProblem for a methodology file that is missing or not whole, for an item without text, and for an email
    address or telephone number in a question.
    """
    book = load_codebook(data / "codebook" / f"{wave}.yaml")
    _check_details(book, data / "codebook" / f"{wave}.yaml")
    facts = load_facts(data / "methodology" / f"{wave}.yaml", book.wave)
    report = reports / str(wave)
    inputs = [data / "codebook" / f"{wave}.yaml", *(data / "raw" / str(wave) / f"{name}.csv" for name in RAW)]
    run = facts_of_run(
        _tables(book, data, report),
        book,
        load_params(params),
        lock.read_text(encoding="utf-8"),
        {path.relative_to(data.parent).as_posix(): path for path in inputs},
    )
    items = statement(facts, run, book)
    write_table(report / "methodology.csv", items, book)
    write_text(report / "methodology.html", page("methodology.html", book, items=items.to_dict("records"), facts=facts))
    write_text(report / "codebook.html", page("codebook.html", book, questions=questions_of(book), facts=facts))
    write_text(report / "ddi.xml", ddi(book, facts, items))
    return items


def _check_details(codebook, path):
    """Raise InputProblem at a text of a question that holds contact details: codebook and tables are published."""
    for question in codebook.questions:
        labels = (part.label for part in (*question.answers, *question.nets))
        for text in (question.text, question.label, question.note, *labels):
            if text and holds_details(text):
                what = f"question {question.id}: its texts are published, and this one holds contact details"
                raise InputProblem(what, file=path, found=hide_details(text), do="take them out")


RAW = ("frame", "contact_history", "interviews")


def _tables(book, data, report):
    """The tables that the statement draws on, by name."""
    clean, raw = data / "clean" / str(book.wave), data / "raw" / str(book.wave)
    published = {name: f"weight_{name}" for name in ("options", "diagnostics", "cells", "margins")}
    published |= {name: name for name in ("validation", "withheld", "estimates")}
    return {
        "respondents": read_respondents(clean / "respondents.csv", book),
        "interviews": read_table(raw / "interviews.csv", dtype="str"),
        **{name: read_table(clean / f"{name}.csv") for name in ("dispositions", "response_rates")},
        **{name: read_table(report / f"{file}.csv") for name, file in published.items()},
    }


def questions_of(codebook):
    """The questionnaire as the page shows it: a dict for each question, in the order asked."""
    return [
        {
            "id": question.id,
            "label": question.label,
            "text": question.text,
            "kind": KINDS[question.kind],
            "asked_of": asked_of(codebook, question),
            "limits": _limits(question),
            "answers": [{"id": a.id, "label": a.label, "code": a.code, "says": _says(a)} for a in question.answers],
            "nets": [
                {"id": net.id, "label": net.label, "of": ", ".join(question.answer(a).label for a in net.answers)}
                for net in question.nets
            ],
            "columns": question.columns,
            "note": question.note,
        }
        for question in codebook.questions
    ]


def _limits(question):
    """How many answers may be given, in words; empty where nothing is said of it."""
    least, most = question.min_answers, question.max_answers
    said = [f"at least {least}" if least else "", f"at most {most}" if most else ""]
    return " and ".join(text for text in said if text)


def _says(answer):
    return {"dont_know": "says nothing: don't know", "refused": "says nothing: refused"}.get(answer.missing, "")


def page(name, codebook, **content):
    """A page of a wave as HTML, from the template of this name."""
    shared = {"wave": codebook.wave, "survey": codebook.title, "kind": codebook.kind, "status": STATUS[codebook.kind]}
    return templates().get_template(name).render(shared, source=codebook.source.rstrip("."), **content)


def main(
    wave: Annotated[int, typer.Option(help="The wave's year.")],
    data: Annotated[Path, typer.Option(help="Folder of codebook/, methodology/, raw/ and clean/.")] = Path("data"),
    reports: Annotated[Path, typer.Option(help="Folder that holds the waves' reports.")] = Path("reports"),
    params: Annotated[Path, typer.Option(help="Settings file.")] = Path("params.yaml"),
    lock: Annotated[Path, typer.Option(help="The locked packages.")] = Path("requirements.lock"),
):
    """Write a wave's codebook, its DDI metadata and its methodology statement."""
    items = describe(wave, data=data, reports=reports, params=params, lock=lock)
    typer.echo(f"methodology: {len(items)} items")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputProblem as problem:
        sys.exit(str(problem))
