"""The methodology statement: what AAPOR's Transparency Initiative and the British Polling Council want disclosed.

Each item is put together from facts of the run (dispositions, response rates, bases, weights, settings, versions,
hashes) and from what only the people who did the fieldwork know (data/methodology/YEAR.yaml). An item without text ends
the build.

Sources: AAPOR Transparency Initiative, disclosure elements (2021); British Polling Council, objects and rules.
"""

import re
from hashlib import sha256

import numpy as np
import pandas as pd
from pydantic import BaseModel, model_validator

from pipeline.approached import approached_text, frame_is_known
from pipeline.codebook import TOTAL
from pipeline.names import UNWEIGHTED, WEIGHTED
from pipeline.printing import STATUS, level_text, value_text
from pipeline.problems import InputProblem
from pipeline.texts import is_blank, tidy
from pipeline.yamls import STRICT, Said, load_model

AAPOR, BPC, RUN = "AAPOR Transparency Initiative", "British Polling Council", "This run"
COLUMNS = ["wave", "scheme", "number", "item", "statement"]
# What the results are made with; the rest of the locked packages is what these need.
TOOLS = ["pandas", "svy", "great-expectations", "ortools", "scipy", "papermill", "dvc", "seaborn", "gptables"]
KIND_SAYS = {
    "reconstruction": "RECONSTRUCTED. The records were rebuilt from a printed report; contacts, dates and outcomes of "
    "contact attempts are invented, and whatever is said of them below describes the simulation.",
    "rehearsal": "REHEARSAL. Everything is simulated: no organisation was asked, and nothing below is evidence of one.",
    "fieldwork": "The interviews were made by the agency named below.",
}
EQUAL = (
    " In the end every weight is its cell's total over how many answered in it: calibration undoes what the steps "
    "before it did, the weights for non-response included."
)
# What stands beside numbers that rest on who was approached, and on how large the organisations that answered are.
SIMULATED = {"reconstruction": "Simulated, not reported. ", "rehearsal": "Simulated. ", "fieldwork": ""}
OPEN_SIZES = {
    "reconstruction": " These rest on the sizes of the modelled organisations, which the report leaves open in part.",
    "rehearsal": "",
    "fieldwork": "",
}


class Facts(BaseModel):
    """What only those who did the fieldwork know; no key may be missing or empty."""

    model_config = STRICT

    wave: int
    sponsor: Said
    conducted_by: Said
    purpose: Said
    population: Said
    geography: Said
    frame: Said
    sampling: Said
    recruitment: Said
    incentives: Said
    mode: Said
    languages: Said
    dates: Said
    quality: Said
    limitations: Said
    contact: Said
    citation: Said

    @model_validator(mode="before")
    @classmethod
    def _nothing_unsaid(cls, given):
        """All that is still to be said at once; what is misspelled is for the model to name."""
        if isinstance(given, dict) and set(given) <= set(cls.model_fields):
            # Only what is empty: a `no` that YAML reads as a truth, or an empty list, is for the model to name too.
            said = {key: given.get(key) for key in cls.model_fields if key != "wave"}
            left = [key for key, text in said.items() if text is None or (isinstance(text, str) and is_blank(text))]
            if left:
                raise ValueError(f"nothing is said yet of {', '.join(left)}")
        return given


def blank_facts(wave):
    """The text of a methodology file that is still to be filled in: as long as an item is empty, `describe` stops."""
    items = "".join(f'{key}: ""\n' for key in Facts.model_fields if key != "wave")
    return f"# What a methodology statement must say and no file of the pipeline knows.\nwave: {wave}\n{items}"


def load_facts(path, wave):
    """Read data/methodology/YEAR.yaml. Raises InputProblem for a key that is missing or empty and for another wave."""
    facts = load_model(path, Facts, "methodology file")
    if facts.wave != wave:
        raise InputProblem("wave: the methodology is of another wave", file=path, found=facts.wave, allowed=str(wave))
    return facts


def statement(facts, run, codebook):
    """Every item of the statement: a table with COLUMNS.

    `run` is what `facts_of_run` found: texts by name. Raises InputProblem naming the first item without text.
    """
    rows = [
        (scheme, number, item, " ".join(text.strip() for text in texts if text))
        for scheme, items in _items(facts, run, codebook).items()
        for number, (item, texts) in enumerate(items, start=1)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS[1:]).assign(wave=codebook.wave)[COLUMNS]
    empty = table[table["statement"].eq("")]
    if len(empty):
        item = f"{empty['scheme'].iloc[0]}: {empty['item'].iloc[0]}"
        raise InputProblem(f"the methodology statement has nothing under {item}", do="say it in data/methodology")
    return table


def _items(facts, run, codebook):
    f, r = facts, run
    asked = "Every question with its answers and routing, as asked, is in codebook.html and ddi.xml."
    if codebook.kind == "reconstruction":
        asked = (
            "The questionnaire was not published. codebook.html and ddi.xml have every question that the report shows "
            "answers to, worded by us; how it was worded in the interviews is not known."
        )
    tables = "tables.xlsx and tables.csv have every question with weighted and unweighted bases, by sector and size."
    return {
        AAPOR: [
            ("Data collection strategy", [KIND_SAYS[codebook.kind], f.recruitment]),
            ("Who sponsored and who conducted the research", [f.sponsor, f.conducted_by, f.purpose]),
            ("Measurement tools", [asked]),
            ("Population under study", [f.population, f"Coverage: {f.geography}"]),
            (
                "How the sample was made and recruited",
                [f.frame, f.sampling, f.recruitment, f"Incentives: {f.incentives}"],
            ),
            ("Modes and languages of data collection", [f.mode, r["modes"], f"Language: {f.languages}"]),
            ("Dates of data collection", [f.dates, r["dates"]]),
            ("Sample sizes and precision", [r["sizes"], r["bases"], r["precision"]]),
            ("Outcomes and response rates", [r["outcomes"], r["rates"]]),
            ("How the data were weighted", [r["weights"]]),
            ("How the data were processed and their quality ensured", [f.quality, r["checks"], r["processing"]]),
            ("Limitations of design and data collection", [f.limitations]),
            ("Contact", [f.contact]),
        ],
        BPC: [
            ("Client that commissioned the survey", [f.sponsor]),
            ("Organisation that conducted it", [f.conducted_by]),
            ("Dates of fieldwork", [f.dates]),
            ("Method of obtaining the interviews", [f.mode, f.recruitment]),
            ("Universe represented", [f.population, f"Coverage: {f.geography}"]),
            ("Sample size and coverage", [r["sizes"], f"Coverage: {f.geography}"]),
            (
                "Percentages on which conclusions are based",
                [tables, "Those of each finding are in key_findings_clauses.csv."],
            ),
            ("Complete wording of questions and answers", [asked]),
            ("Weighted and unweighted bases", [r["bases"], tables]),
            ("Weighting", [r["weights"]]),
            ("Margins of error", [r["precision"]]),
            ("Where to obtain more", [f.contact]),
        ],
        RUN: [
            ("What the records are", [KIND_SAYS[codebook.kind], STATUS[codebook.kind], f"Source: {codebook.source}"]),
            ("Disclosure control", [r["withheld"]]),
            ("Software", [r["software"]]),
            ("Random seeds", [r["seeds"]]),
            ("Data", [r["hashes"]]),
            ("Suggested citation", [f.citation]),
        ],
    }


def facts_of_run(tables, codebook, settings, lock, inputs):
    """Texts by name, each from a table or setting of the run.

    `tables`: {name: table} of dispositions, response_rates, interviews (its days and modes), estimates, options,
    diagnostics, cells (those of the weights), validation, withheld and respondents; `settings` the Params; `lock` the
    text of requirements.lock; `inputs` the paths, by name, of the files whose hashes are given.
    """
    return {
        "modes": _modes(tables["respondents"], tables["estimates"], codebook),
        "dates": _dates(tables["interviews"], codebook),
        "outcomes": SIMULATED[codebook.kind] + _outcomes(tables["dispositions"]),
        "rates": _rates(tables["response_rates"]),
        "sizes": _sizes(tables["dispositions"], len(tables["respondents"]), codebook),
        "bases": _bases(tables["estimates"], tables["diagnostics"], codebook),
        "precision": _precision(tables["estimates"], codebook, settings.analyse.confidence),
        "weights": _weights(tables["options"], tables["diagnostics"], tables["cells"], codebook)
        + _totals(tables["cells"], tables["margins"], codebook),
        "checks": _checks(tables["validation"]),
        "processing": "Answers were read by the codebook, off-route answers taken out, and every change logged.",
        "withheld": _withheld(tables["withheld"], codebook, settings.disclose),
        "software": _software(lock),
        "seeds": _seeds(codebook, settings),
        "hashes": "; ".join(f"{name} sha256 {sha256(path.read_bytes()).hexdigest()}" for name, path in inputs.items()),
    }


def _modes(respondents, estimates, codebook):
    """How many answered in each way, for each question that the interviewer notes.

    Of a reconstruction as far as its report settles it: the records' own number is the model's.
    """
    said = []
    for question in (q for q in codebook.questions if q.asked_of == "interviewer" and not q.several):
        if codebook.kind == "reconstruction":
            counts = _settled(question, estimates, codebook)
        else:
            counts = respondents[question.id].value_counts()
        each = [f"{label} {counts[a]}" for a, label in question.categories.items() if a in counts]
        said.append(f"{question.label}: {', '.join(each)}.")
    return " ".join(said)


def _settled(question, estimates, codebook):
    """How many gave each answer, in print: a number, a range or that it is not known; none without a measure."""
    measures = [m.id for m in codebook.measures if m.question == question.id]
    rows = estimates[estimates["break"].eq(TOTAL) & estimates["basis"].eq(UNWEIGHTED)]
    rows = rows[rows["measure"].isin(measures[:1])]
    return {row["category"]: value_text(row, "count") for row in rows.to_dict("records")}


def _dates(interviews, codebook):
    days = interviews["completed_on"].dropna().map(tidy)
    days = days[days.str.fullmatch(r"\d{4}-\d{2}-\d{2}")]
    if days.empty:
        return ""
    simulated = "" if codebook.kind == "fieldwork" else "simulated "
    return f"The {simulated}interviews are dated {days.min()} to {days.max()}."


def _sizes(dispositions, answered, codebook):
    return f"{approached_text(dispositions, answered, simulated=codebook.kind != 'fieldwork')}."


def _outcomes(dispositions):
    counts = dispositions.groupby(["code", "disposition"]).size()
    said = ", ".join(f"{name} ({code}) {n}" for (code, name), n in counts.items())
    whose = "organisations" if frame_is_known(dispositions) else "organisations interviewed, the only ones known"
    return f"Final dispositions of the {whose} (AAPOR codes): {said}."


def _rates(rates):
    ours = rates[rates["break"].eq(TOTAL)].dropna(subset=["value"])
    if ours.empty:
        return "No response rate is given: there is no history of contacts to work one out from."
    said = ", ".join(f"{row.rate} {row.value:.3f}" for row in ours.itertuples())
    return f"Response rates by AAPOR's definitions: {said}."


def _bases(estimates, diagnostics, codebook):
    """The largest base unweighted, and that of all weights, as the page of the weights has it."""
    n, last = estimates.loc[estimates["break"].eq(TOTAL), "n"].max(), diagnostics.iloc[-1]
    weighted, effective = last["sum"], last["effective_base"]
    bases = f"All respondents: unweighted base {n:.0f}, weighted {weighted:,.0f}, effective {effective:.1f}."
    return bases + OPEN_SIZES[codebook.kind]


def _precision(estimates, codebook, confidence):
    """How wide the intervals of what all respondents answered are at most, on each basis."""
    asked = [m.id for m in codebook.measures if codebook.question(m.question).asked_of == "respondent"]
    ours = estimates[estimates["break"].eq(TOTAL) & estimates["measure"].isin(asked) & estimates["quality"].eq("ok")]
    said = []
    for basis in (UNWEIGHTED, WEIGHTED):
        rows = ours[ours["basis"].eq(basis) & ours["n"].eq(ours["n"].max())]
        # Intervals of shares are not even: the longer arm counts.
        arm = max((rows["ci_high"] - rows["estimate"]).max(), (rows["estimate"] - rows["ci_low"]).max())
        said.append(
            f"{basis} at most {100 * arm:.1f} points to a side"
            if pd.notna(arm)
            else f"{basis} no share of an answer is settled, so none has an interval"
        )
    spread = ", ".join(said)
    level = level_text(confidence)
    return f"{level} intervals of shares of all respondents: {spread}. The tables have that of each share."


def _weights(options, diagnostics, cells, codebook):
    steps = "; ".join(f"{row.option}: {row.setting} ({row.effect})" for row in options.itertuples())
    last = diagnostics.iloc[-1]
    cost = f"design effect of the weights {last['design_effect']:.3f}, effective base {last['effective_base']:.1f}"
    # Of all weights that meet the cells' totals, equal ones in each cell have the largest effective base.
    most = cells["total"].sum() ** 2 / (cells["total"] ** 2 / cells["respondents"]).sum()
    equal = EQUAL if np.isclose(last["effective_base"], most, rtol=1e-9) else ""
    return f"Weighted step by step: {steps}. Together: {cost}.{equal}{OPEN_SIZES[codebook.kind]}"


def _totals(cells, margins, codebook):
    """How many organisations the weights add up to, by sector, of which day and whose count; that they do not, else."""
    if not margins["asked"].astype(bool).any():
        return " The weights were not made to add up to totals of the population."
    said, labels = [], codebook.question(codebook.sector).categories
    for (sector, day, source), part in cells.groupby(["sector", "reference_date", "source"], sort=False):
        said.append(f"{labels[sector]} {part['total'].sum():,.0f} ({day}; {source})")
    return f" The weights add up to totals of the population: {'; '.join(said)}."


def _checks(validation):
    passed = validation["success"].astype(str).isin(["True", "yes"]).sum()
    return f"{passed} of {len(validation)} expectations of the raw files were met; validation.csv lists them."


def _withheld(withheld, codebook, limits):
    base, count, digits = limits.minimum_base, limits.minimum_count, limits.share_digits
    if codebook.kind == "reconstruction":
        return "Nothing is withheld for confidentiality: what the printed report settles is public already."
    counts = f", counts from 1 to {count - 1}, or of all but so few," if count > 1 else ""
    return (
        f"{len(withheld)} shares and bases are withheld (withheld.csv): shares of bases below {base}{counts} and what "
        f"would give these away. Weighted shares have {digits} digits."
    )


def _software(lock):
    versions = dict(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", lock, flags=re.MULTILINE))
    known = ", ".join(f"{name} {versions[name]}" for name in TOOLS if name in versions)
    return f"{known}; {len(versions)} packages in all, each by hash in requirements.lock."


def _seeds(codebook, settings):
    sections = {"reconstruction": ("fieldwork", "reconstruct"), "rehearsal": ("fieldwork", "rehearse"), "fieldwork": ()}
    seeds = {"fieldwork": settings.fieldwork.seed, "reconstruct": settings.reconstruct.seed}
    seeds |= {"rehearse": settings.rehearse.seed} if settings.rehearse else {}
    ours = [f"{name} {seeds[name]}" for name in sections[codebook.kind]]
    return f"{', '.join(ours)} (params.yaml)." if ours else "None: nothing of a real wave is drawn at random."
