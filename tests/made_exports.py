"""Made-up exports in each of the four formats, with the same answers in all of them.

`python tests/made_exports.py YEAR FOLDER` writes those of the real questionnaire on which docs/new_wave.md is written.
"""

import datetime
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat
from conftest import ROOT, respondents_of
from openpyxl import Workbook
from pyarrow import parquet

from pipeline.codebook import ORGANISATION, load_codebook
from pipeline.fieldwork import simulate
from pipeline.params import load_params
from pipeline.respondents import asked

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


def as_parquet(path, table):
    """A Parquet file whose dates are dates, ticks and sizes whole numbers, and labels categories."""
    columns = {}
    for column in table.columns:
        cells = [_typed(column, text, True) for text in table[column]]
        kind = {datetime.date: pa.date32(), int: pa.int64()}.get(type(next((c for c in cells if c is not None), None)))
        columns[column] = pa.array(cells, kind) if kind and "" not in cells else pa.array(cells).dictionary_encode()
    parquet.write_table(pa.table(columns), path)
    return path


def as_sav(path, table, codebook, *, changes=None, sets=True, texts=None, numbers=None):
    """An SPSS file: codes with labels, texts of questions, missing values and multiple-response sets declared.

    `changes` gives other value labels to a column, {column: {code: label}}; `numbers` are columns of numbers that are
    no question's, {column: its missing values}.
    """
    data, labels, missing = {}, {}, dict(numbers or {})
    texts = {q.export_columns[0]: q.text for q in codebook.questions if q.kind != "multiple"} | (texts or {})
    for column in table.columns:
        question = next((q for q in codebook.questions if column in q.export_columns), None)
        if column in DATES:
            data[column] = [datetime.date.fromisoformat(t) for t in table[column]]
        elif column in missing:
            data[column] = [float(t) for t in table[column]]
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


# ---- the export of docs/new_wave.md

# As many of each size band as a survey might have, bands in the codebook's order.
OF_BANDS = (17, 42, 18, 30, 36, 30, 27)
REWORDED = ("policy", "considering", "No, but we are considering one")
ASKED, ANSWERS = "Does your organisation pay all its staff a living wage?", {1: "Yes", 2: "No", 98: "Don't know"}


def edition(folder, book, settings, year):
    """A year's export of a questionnaire with an answer reworded and a question new, its frame and contact history."""
    rng = np.random.default_rng(year)
    book = book.model_copy(update={"wave": year})
    respondents = of_bands(
        book, dict(zip([a.id for a in book.question(book.size_band).answers], OF_BANDS, strict=True))
    )
    simulated = simulate(respondents, book, settings)
    said = simulated.interviews[simulated.interviews["status"].eq("complete")].set_index(ORGANISATION)
    table = interviews(book, respondents)
    table["contact_id"], table["completed_on"] = (
        table[ORGANISATION].map(said[c]) for c in ("contact_id", "completed_on")
    )
    column = book.question(REWORDED[0]).export_columns[0]
    labels = {a.code: REWORDED[2] if a.id == REWORDED[1] else a.label for a in book.question(REWORDED[0]).answers}
    codes = rng.choice(list(ANSWERS), len(table), p=[0.5, 0.4, 0.1])
    table["Q24"], table["minutes"] = codes.astype(str), rng.integers(15, 50, len(table)).astype(str)
    as_sav(
        folder / f"{year}.sav",
        table,
        book,
        changes={column: labels, "Q24": ANSWERS},
        texts={"Q24": ASKED},
        numbers={"Q24": [98]},
    )
    reworded = table[column].replace(book.question(REWORDED[0]).answer(REWORDED[1]).label, REWORDED[2])
    words = table.assign(**{column: reworded, "Q24": [ANSWERS[c] for c in codes]})
    as_csv(folder / f"{year}.csv", words)
    as_xlsx(folder / f"{year}.xlsx", words)
    as_csv(folder / "frame.csv", simulated.frame)
    as_csv(folder / "history.csv", simulated.contact_history)


def of_bands(book, wanted):
    """Random valid respondents, so many of each size band."""
    many = respondents_of(book, rows=60 * sum(wanted.values()), seed=1)
    found = [many[many[book.size_band].eq(band)].head(number) for band, number in wanted.items()]
    assert [len(f) for f in found] == list(wanted.values())
    return pd.concat(found).sort_values(ORGANISATION, ignore_index=True)


if __name__ == "__main__":
    year, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    params = load_params(ROOT / "params.yaml")
    newest = [w for w in params.waves.all if w < year][-1]
    edition(folder, load_codebook(ROOT / f"data/codebook/{newest}.yaml"), params.fieldwork, year)
