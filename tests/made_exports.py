"""A made-up 2021 export of the made-up survey, in each of the three formats, with the same answers in all of them."""

import datetime

import numpy as np
import pandas as pd
import pyreadstat
from conftest import respondents_of
from openpyxl import Workbook

from pipeline.codebook import ORGANISATION, asked

YEAR, ROWS = 2021, 90
DATES = ("completed_on", "attempted_on")


def records(codebook, seed=21, rows=ROWS, fewest=2):
    """Random valid respondents, from the first seed on at which each size band has `fewest` of them."""
    table = respondents_of(codebook, rows=rows, seed=seed)
    sizes = (
        table[codebook.size_band].value_counts().reindex([a.id for a in codebook.question(codebook.size_band).answers])
    )
    return table if sizes.fillna(0).min() >= fewest else records(codebook, seed + 1000, rows, fewest)


def interviews(codebook, respondents, first_day=datetime.date(YEAR, 3, 1)):
    """The export as an agency gives it: a row per organisation, facts and answers by their labels, ticks as 1 and 0."""
    table = pd.DataFrame({ORGANISATION: respondents[ORGANISATION].astype(str)})
    table["completed_on"] = [str(first_day + datetime.timedelta(days=i % 28)) for i in range(len(table))]
    for question in codebook.questions:
        heard = asked(respondents, question).to_numpy()
        if question.kind == "single":
            labels = respondents[question.id].map(question.categories).astype(object)
            table[question.export_columns[0]] = labels.where(labels.notna(), "")
        elif question.kind == "multiple":
            for column, name in zip(question.export_columns, question.columns, strict=True):
                ticks = respondents[name].eq(1).fillna(False).to_numpy(dtype=bool)
                table[column] = np.where(heard, np.where(ticks, "1", "0"), "")
        else:
            given = respondents[question.columns].eq(1).fillna(False).to_numpy(dtype=bool)
            phrases = [(a.phrases or (a.label,))[0] for a in question.answers]
            table[question.export_columns[0]] = [
                ". ".join(p for p, g in zip(phrases, row, strict=True) if g) for row in given
            ]
    return table.astype("str")


def as_csv(path, table):
    table.to_csv(path, index=False, lineterminator="\n")
    return path


def as_xlsx(path, table, numbers=True):
    """A workbook whose dates are dates and whose ticks are numbers, as Excel holds them."""
    book = Workbook()
    book.active.append(list(table.columns))
    for row in table.itertuples(index=False):
        cells = dict(zip(table.columns, row, strict=True))
        book.active.append([_typed(c, v, numbers) for c, v in cells.items()])
    book.save(path)
    return path


def _typed(column, text, numbers):
    if column in DATES:
        return datetime.date.fromisoformat(text) if text else None
    return int(text) if numbers and text.isdigit() else text or None


def as_sav(path, table, codebook, *, changes=None, sets=True, texts=None):
    """An SPSS file: codes with labels, texts of questions, missing values and multiple-response sets declared.

    `changes` gives other value labels to a column: {column: {code: label}}.
    """
    data, labels, missing = {}, {}, {}
    texts = {q.export_columns[0]: q.text for q in codebook.questions if q.kind != "multiple"} | (texts or {})
    for column in table.columns:
        question = next((q for q in codebook.questions if column in q.export_columns), None)
        if column in DATES:
            data[column] = [datetime.date.fromisoformat(t) for t in table[column]]
        elif question is None or question.kind == "open":
            data[column] = list(table[column])
        elif question.kind == "multiple":
            data[column] = [float(t) if t else np.nan for t in table[column]]
        else:
            codes = {a.label: a.code for a in question.answers}
            data[column] = [float(codes[t]) if t else np.nan for t in table[column]]
            labels[column] = {float(a.code): a.label for a in question.answers}
            missing[column] = [float(a.code) for a in question.answers if a.missing]
    labels |= {c: {float(k): v for k, v in known.items()} for c, known in (changes or {}).items()}
    several = [q for q in codebook.questions if q.kind == "multiple"]
    answers = {c: a.label for q in several for c, a in zip(q.export_columns, q.answers, strict=True)}
    pyreadstat.write_sav(
        pd.DataFrame(data),
        str(path),
        column_labels={c: t for c, t in (texts | answers).items() if c in data},
        variable_value_labels=labels,
        missing_ranges={c: codes for c, codes in missing.items() if codes},
    )
    if sets:
        add_sets(path, [(q.column, "D", "1", q.text, q.export_columns) for q in several])
    return path


def add_sets(path, sets):
    """Declare multiple-response sets, (name, kind, counted value, label, columns), which pyreadstat cannot write.

    They are the extension record 7 of a system file, put before the record that ends its dictionary.
    """
    lines = []
    for name, kind, counted, label, columns in sets:
        value = f"{len(counted)} {counted} " if kind == "D" else " "
        lines.append(f"${name}={kind}{value}{len(label.encode())} {label} {' '.join(columns)}\n")
    text = "".join(lines).encode()
    record = b"".join(n.to_bytes(4, "little") for n in (7, 7, 1, len(text))) + text
    data = path.read_bytes()
    end = data.index((999).to_bytes(4, "little") + bytes(4))
    path.write_bytes(data[:end] + record + data[end:])
