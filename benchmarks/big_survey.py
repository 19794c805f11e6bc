"""A made-up survey of any size with 40 questions: its codebook, population, settings, and exports in three formats.

The same size gives the same answers, whatever the format: labels in CSV and Parquet, some in another letter case or
with stray blanks, as exports have them; codes with labels in SPSS. The frame holds a quarter more organisations than
answered.

python benchmarks/big_survey.py SIZE FOLDER        csv, .sav and .parquet in FOLDER/exports
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml
from pyarrow import csv, parquet

from pipeline.codebook import load_codebook

ROOT = Path(__file__).parent.parent
WAVE, SEED = 2020, 40
FORMATS = ("csv", "sav", "parquet")
FILES = ("interviews", "frame", "contact_history")
SINGLE, MULTIPLE = 30, 8
SECTORS = ("north", "south")
# The first size of each band, the same in both sectors, and how many organisations of the population there are for
# one that answered: weights differ from band to band.
BANDS = (1, 100, 1000)
FOR_EACH = {"north": (2.3, 3.1, 4.7), "south": (3.3, 5.9, 2.1)}
LARGEST = 5000
TICKS = ("alpha", "beta", "gamma", "delta", "epsilon")
PHRASES = ("more hands", "a better budget", "roof leaks", "clearer rules")
# The shares of label cells with each slip, of respondents with own words, and of own words with more than a phrase.
LETTER_CASE, BLANKS, OWN_WORDS, MORE_WORDS = 0.02, 0.01, 0.08, 0.05
ROUTED_BY = "q01"


def codebook_text():
    """The codebook as YAML: 30 questions with one answer, 8 with several, one routed, one in own words; two facts."""
    sectors = [{"id": s, "label": s.title(), "code": i} for i, s in enumerate(SECTORS, start=1)]
    ends = [*BANDS[1:], None]
    bands = [
        {"id": f"{s}_{at_least}", "label": f"{s.title()} from {at_least}", "code": 10 * i + j}
        | {"band": {"sector": s, "at_least": at_least} | ({"below": below} if below else {})}
        for i, s in enumerate(SECTORS, start=1)
        for j, (at_least, below) in enumerate(zip(BANDS, ends, strict=True), start=1)
    ]
    facts = {"asked_of": "frame"}
    questions = [
        {"id": "sector", "text": "Sector", "label": "Sector", "column": "Sector", **facts, "answers": sectors},
        {"id": "size_band", "text": "Size", "label": "Size", "column": "Size", **facts, "answers": bands},
    ]
    names = [f"q{i:02d}" for i in range(1, 41)]
    for i, name in enumerate(names, start=1):
        question = {"id": name, "text": f"Question {i}?", "label": f"Question {i}", "column": name.upper()}
        if i <= SINGLE:
            answers = [*single_answers(i), {"id": "dont_know", "label": "Don't know", "code": 98}]
            answers[-1]["missing"] = "dont_know"
        elif i <= SINGLE + MULTIPLE:
            question["kind"] = "multiple"
            answers = [{"id": t, "label": t.title(), "code": c} for c, t in enumerate(TICKS, start=1)]
        elif i == SINGLE + MULTIPLE + 1:
            question["asked_if"] = {ROUTED_BY: ["a1"]}
            answers = single_answers(1)
        else:
            question["kind"] = "open"
            answers = [{"id": f"words_{c}", "label": p, "phrases": [p]} for c, p in enumerate(PHRASES, start=1)]
        questions.append(question | {"answers": answers})
    measures = [{"id": n, "question": n, "label": n, "breaks": ["sector", "size_band"]} for n in names]
    measures[SINGLE + MULTIPLE]["base"] = "routed"
    book = {
        **{"wave": WAVE, "title": "A big wave (made up)", "kind": "fieldwork", "source": "Made up"},
        **{"sector": "sector", "size_band": "size_band", "questions": questions},
        "bases": [
            {"id": "all", "label": "All organisations"},
            {"id": "routed", "label": "Asked", "where": {ROUTED_BY: ["a1"]}},
        ],
        "breaks": [{"id": b, "label": b, "of": b} for b in ("sector", "size_band")],
        **{"measures": measures, "figures": [], "findings": [], "chapters": [], "collapse": []},
    }
    return yaml.safe_dump(book, sort_keys=False)


def single_answers(i):
    """Three to five answers, by the number of the question."""
    return [{"id": f"a{c}", "label": f"Answer {c} of {i}", "code": c} for c in range(1, 4 + i % 3)]


def write_project(folder, size):
    """Write codebook, population and settings of a survey that `size` organisations answer into a folder."""
    for part in ("codebook", "population"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / f"codebook/{WAVE}.yaml").write_text(codebook_text(), encoding="utf-8")
    settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    settings["waves"] = {"all": [WAVE], "reconstruction": [], "rehearsal": []}
    settings["weight"] |= {"population": "all"}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    counts = np.bincount(draw(size)["band"][:size], minlength=len(SECTORS) * len(BANDS))
    totals = np.round(counts * [n for s in SECTORS for n in FOR_EACH[s]]).astype(int)
    names = [f"{s}_{at_least}" for s in SECTORS for at_least in BANDS]
    table = pd.DataFrame({"measure": names, "value": totals})
    table.to_csv(folder / "population/totals.csv", index=False)
    ends = [*BANDS[1:], None]
    sectors = [
        {"sector": s, "reference_date": "2020", "source": "Made up", "licence": "None needed"}
        | {
            "totals": [
                {"label": f"{s} {low}", "at_least": low, "file": "totals.csv", "measure": f"{s}_{low}"}
                | ({"below": high} if high else {})
                for low, high in zip(BANDS, ends, strict=True)
            ]
        }
        for s in SECTORS
    ]
    populations = {"populations": {"all": {"label": "All", "sectors": sectors}}}
    (folder / "population/population.yaml").write_text(yaml.safe_dump(populations, sort_keys=False), encoding="utf-8")


def draw(size):
    """What each organisation of the frame is: its `band` (by number) and `size`; those that answered come first."""
    rng = np.random.default_rng([SEED, size])
    number = size + size // 4
    band = rng.choice(len(SECTORS) * len(BANDS), number, p=[0.25, 0.15, 0.1, 0.2, 0.2, 0.1])
    low = np.array(BANDS)[band % len(BANDS)]
    high = np.array([*BANDS[1:], LARGEST])[band % len(BANDS)]
    return {"band": band, "sizes": rng.integers(low, high)}


def tables(size):
    """The three files as Arrow tables of texts, {file: table}, most columns as codes and what they stand for.

    And {column: codes} of the questions with one answer, -1 where not asked.
    """
    drawn, codebook = draw(size), yaml.safe_load(codebook_text())
    rng = np.random.default_rng([SEED, size, 1])
    number = len(drawn["band"])
    ids = pa.array([f"O{i:07d}" for i in range(1, number + 1)])
    contacts = pa.array([f"C{i:07d}" for i in range(1, number + 1)])
    days = [f"{WAVE}-03-{d:02d}" for d in range(1, 29)]
    interviews = {
        "interview_id": pa.array([f"I{i:07d}" for i in range(1, size + 1)]),
        **{"organisation": ids[:size], "contact_id": contacts[:size]},
        "completed_on": coded(rng.integers(len(days), size=size), days),
        "status": coded(np.zeros(size, int), ["complete"]),
    }
    codes, pull = {}, (drawn["band"][:size] % 3 - 1) * 0.3
    for question in codebook["questions"][2:]:
        column, labels = question["column"], [a["label"] for a in question["answers"]]
        if question.get("kind") == "multiple":
            for code, chance in enumerate(np.linspace(0.1, 0.7, len(labels)), start=1):
                interviews[f"{column}_{code}"] = coded((rng.random(size) < chance + pull / 5).astype(int), ["0", "1"])
        elif question.get("kind") == "open":
            interviews[column] = own_words(rng, size)
        else:
            # Answers follow the size, so that weights move the shares.
            at = rng.random(size) ** np.exp(pull) * len(labels)
            given = np.minimum(at.astype(int), len(labels) - 1)
            if "asked_if" in question:
                given = np.where(codes[ROUTED_BY.upper()] == 0, given, -1)
            codes[column] = given
            interviews[column] = with_slips(rng, given, labels)
    first, last = (coded(rng.integers(50, size=number), [f"{w}{i}" for i in range(50)]) for w in ("Fay", "Lee"))
    names = pa.compute.binary_join_element_wise(first.cast("string"), last.cast("string"), " ")
    frame = {
        **{"contact_id": contacts, "organisation": ids},
        "organisation_name": pa.array([f"Organisation {i}" for i in range(1, number + 1)]),
        "Sector": coded(drawn["band"] // len(BANDS), [s.title() for s in SECTORS]),
        "Size": pa.array(drawn["sizes"]).cast("string"),
        "contact_name": names,
        "job_title": coded(np.zeros(number, int), ["Director"]),
        "email": pa.array([f"person{i}@example.org" for i in range(1, number + 1)]),
        "telephone": coded(np.zeros(number, int), ["01632 960000"]),
    }
    outcomes = np.where(np.arange(number) < size, 0, rng.integers(1, 4, number))
    history = {
        "attempt_id": pa.array([f"A{i:07d}" for i in range(1, number + 1)]),
        "contact_id": contacts,
        "round": coded(np.zeros(number, int), ["1"]),
        "mode": coded(rng.integers(2, size=number), ["telephone", "email"]),
        "attempted_on": coded(rng.integers(len(days), size=number), days),
        "outcome": coded(outcomes, ["completed", "refused", "no answer", "no reply"]),
    }
    return {f: pa.table(t) for f, t in zip(FILES, (interviews, frame, history), strict=True)}, codes


def coded(codes, texts):
    """A dictionary column: where a code is -1 the cell is empty."""
    return pa.DictionaryArray.from_arrays(pa.array(np.where(codes < 0, len(texts), codes), "int32"), [*texts, ""])


def with_slips(rng, given, labels):
    """A column of labels, a few of them in capitals, and a few with blanks."""
    slip = rng.random(len(given))
    variants = [*labels, *(x.upper() for x in labels), *(f"{x} " for x in labels)]
    shift = np.select([slip < LETTER_CASE, slip < LETTER_CASE + BLANKS], [len(labels), 2 * len(labels)], 0)
    return coded(np.where(given < 0, -1, given + shift), variants)


def own_words(rng, size):
    """Cells in own words: mostly empty, one or two phrases, at times with words of their own, no two alike."""
    said = rng.random(size) < OWN_WORDS
    one, other = rng.integers(len(PHRASES), size=(2, size))
    more = rng.random(size) < MORE_WORDS
    cells = [""] * size
    for i in np.flatnonzero(said):
        text = PHRASES[one[i]] if one[i] == other[i] else f"{PHRASES[one[i]]} and {PHRASES[other[i]]}"
        cells[i] = f"{text} at site {i}" if more[i] else text
    return pa.array(cells)


def write_exports(folder, size, formats=FORMATS):
    """Write the three files of a delivery in each format: FOLDER/exports/interviews.csv and so on."""
    place = folder / "exports"
    place.mkdir(parents=True, exist_ok=True)
    made, codes = tables(size)
    for name, table in made.items():
        if "parquet" in formats:
            parquet.write_table(table, place / f"{name}.parquet")
        if "csv" in formats:
            # No text here holds a comma or a quotation mark.
            csv.write_csv(undone(table), place / f"{name}.csv", csv.WriteOptions(quoting_style="none"))
        if "sav" in formats:
            write_sav(place / f"{name}.sav", undone(table), codes if name == "interviews" else {})


def undone(table):
    """The table with texts in place of dictionaries."""
    return pa.table({c: table[c].cast("string") for c in table.column_names})


def write_sav(path, table, codes):
    """An SPSS file: questions with one answer as codes with labels, ticks as numbers, dates as dates."""
    import pyreadstat

    questions = {q["column"]: q for q in yaml.safe_load(codebook_text())["questions"]}
    data, labels, missing = {}, {}, {}
    for column in table.column_names:
        cells = table[column].to_pandas()
        if column in codes:
            answers = questions[column]["answers"]
            values = np.array([*(float(a["code"]) for a in answers), np.nan])
            data[column] = values[codes[column]]
            labels[column] = {float(a["code"]): a["label"] for a in answers}
            missing[column] = [float(a["code"]) for a in answers if "missing" in a]
        elif column in ("completed_on", "attempted_on"):
            data[column] = pd.to_datetime(cells).dt.date
        elif column == "Size" or ("_" in column and column.split("_")[0] in questions):
            data[column] = cells.astype(float)
        else:
            data[column] = cells.astype(object)
    pyreadstat.write_sav(
        pd.DataFrame(data),
        str(path),
        variable_value_labels=labels,
        missing_ranges={c: v for c, v in missing.items() if v},
        row_compress=True,
    )


def load_book(folder):
    """The survey's Codebook."""
    return load_codebook(folder / f"codebook/{WAVE}.yaml")


if __name__ == "__main__":
    write_project(Path(sys.argv[2]), int(sys.argv[1]))
    write_exports(Path(sys.argv[2]), int(sys.argv[1]))
