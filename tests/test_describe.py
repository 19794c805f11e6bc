"""A wave described: its codebook for people and archives, its methodology statement, and the list of all tables."""

import csv
import json
import re
import shutil
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from types import SimpleNamespace
from xml.etree import ElementTree

import pandas as pd
import pytest
import xmlschema
import yaml
from conftest import ROOT

from pipeline.approached import NOT_KNOWN, approached_text
from pipeline.check import unsaid
from pipeline.datapackage import datapackage, resources, wave_tables
from pipeline.ddi import BESIDE, NAMESPACE, ddi
from pipeline.describe import describe, page, questions_of
from pipeline.files import as_json, whole_files
from pipeline.problems import InputProblem
from pipeline.statement import (
    AAPOR,
    BPC,
    COLUMNS,
    RUN,
    _modes,
    _outcomes,
    _rates,
    _totals,
    _weights,
    blank_facts,
    facts_of_run,
    load_facts,
    statement,
)
from pipeline.tables import write_table

HOSTILE = '<script>alert("1")</script> & "quoted"'
RUN_NAMES = ("modes", "dates", "outcomes", "rates", "sizes", "bases", "precision", "weights", "checks", "processing")
RUN_NAMES += ("withheld", "software", "seeds", "hashes")


@pytest.fixture(scope="module")
def facts():
    return load_facts(ROOT / "data/methodology/2014.yaml", 2014)


@pytest.fixture(scope="module")
def said(facts, small_codebook):
    return statement(facts, dict.fromkeys(RUN_NAMES, "Said."), small_codebook)


@pytest.fixture(scope="module")
def hostile(small_codebook):
    """The made-up survey with labels and texts that HTML and XML would act on."""
    questions = tuple(
        q.model_copy(
            update={
                "text": HOSTILE,
                "label": HOSTILE,
                "note": HOSTILE + "\x0b\ufffe\ud800",
                "answers": tuple(a.model_copy(update={"label": HOSTILE}) for a in q.answers),
            }
        )
        for q in small_codebook.questions
    )
    return small_codebook.model_copy(update={"questions": questions, "title": HOSTILE, "source": HOSTILE})


# ---- DDI


@pytest.fixture(scope="module")
def schema():
    return xmlschema.XMLSchema(ROOT / "tests/ddi_codebook_2_6/codebook.xsd", allow="local")


def faults_of(document, schema):
    return [f"{fault.reason} {fault.path}" for fault in schema.iter_errors(ElementTree.fromstring(document))]


def test_the_schema_tells_right_from_wrong(schema, facts, said, small_codebook):
    document = ddi(small_codebook, facts, said)
    assert faults_of(document, schema) == []
    for old, new in (("titl>", "title>"), ("<dataDscr>", '<dataDscr from="here">')):
        assert faults_of(document.replace(old, new), schema)
    citation = document[document.index("<citation>") : document.index("</citation>") + len("</citation>")]
    assert "citation" in " ".join(faults_of(document.replace(citation, citation * 2), schema))


@pytest.mark.parametrize("kind", ["reconstruction", "rehearsal", "fieldwork"])
def test_ddi_is_valid_against_its_schema(kind, schema, facts, said, small_codebook):
    book = small_codebook.model_copy(update={"kind": kind})
    document = ddi(book, facts, said)
    assert faults_of(document, schema) == []
    for element in ElementTree.fromstring(document).iter():
        assert len(element) or element.attrib or (element.text or "").strip(), f"{element.tag} says nothing"
    assert ("REHEARSAL" in document) == (kind == "rehearsal")


@pytest.mark.parametrize("published", sorted(ROOT.glob("reports/*/ddi.xml")), ids=lambda p: p.parent.name)
def test_what_is_published_is_valid_against_its_schema(published, schema):
    assert faults_of(published.read_text(encoding="utf-8"), schema) == []


def test_ddi_has_every_column_with_its_answers(facts, said, small_codebook):
    root = ElementTree.fromstring(ddi(small_codebook, facts, said))
    names = {"d": NAMESPACE}
    variables = {v.get("name"): v for v in root.iterfind(".//d:var", names)}
    assert list(variables) == [*small_codebook.columns[1:], *BESIDE]
    weights = root.iterfind(".//d:var[@wgt='wgt']", names)
    assert [w.get("name") for w in weights] == [name for name, (_, is_weight) in BESIDE.items() if is_weight]
    assert root.findtext(".//d:varQnty", namespaces=names) == str(len(variables))
    for question in small_codebook.questions:
        answers = variables[question.columns[0]].iterfind("d:catgry", names)
        values = [answer.findtext("d:catValu", namespaces=names) for answer in answers]
        assert values == (["1", "0"] if question.several else [a.id for a in question.answers])
        missing = variables[question.columns[0]].iterfind("d:catgry[@missing='Y']", names)
        assert question.several or len(list(missing)) == sum(a.missing is not None for a in question.answers)


def test_ddi_escapes_labels_and_leaves_out_what_xml_has_no_place_for(hostile, facts, said):
    text = ddi(hostile, facts, said)
    assert "<script>" not in text and "\x0b" not in text
    root = ElementTree.fromstring(text)
    assert root.find(f".//{{{NAMESPACE}}}qstnLit").text == HOSTILE


# ---- pages


class Pieces(HTMLParser):
    """What an accessibility check looks at: tags, ids, links, headings, tables' heads."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if "href" in attrs else []


def pages_of(codebook, facts, said):
    return [
        page("codebook.html", codebook, questions=questions_of(codebook), facts=facts),
        page("methodology.html", codebook, items=said.to_dict("records"), facts=facts),
    ]


def test_pages_open_from_disk_and_are_accessible(facts, said, small_codebook):
    for text in pages_of(small_codebook, facts, said):
        pieces = Pieces(text)
        names = [tag for tag, _ in pieces.tags]
        assert names.count("h1") == 1 and names.count("main") == 1 and "script" not in names and "img" not in names
        assert dict(pieces.tags)["html"]["lang"] == "en-GB"
        assert len(pieces.ids) == len(set(pieces.ids))
        others = [link for link in pieces.links if link != "../waves/2020/index.html"]
        assert len(others) == len(pieces.links) - 1, "one way back to the wave"
        assert all(link.startswith("#") or re.fullmatch(r"[\w.]+", link) for link in others)
        assert {link[1:] for link in pieces.links if link.startswith("#")} <= set(pieces.ids)
        assert all("scope" in attrs for tag, attrs in pieces.tags if tag == "th")
        assert "url(" not in text and "@import" not in text
        heads = [int(tag[1]) for tag in names if re.fullmatch(r"h[1-6]", tag)]
        assert all(after - before <= 1 for before, after in pairwise(heads))


def test_the_codebook_page_has_every_question_answer_and_column(facts, said, small_codebook):
    text, _ = pages_of(small_codebook, facts, said)
    for question in small_codebook.questions:
        assert f'id="{question.id}"' in text
        assert all(f"<code>{column}</code>" in text for column in question.columns)


def test_pages_escape_labels(hostile, facts, said):
    for text in pages_of(hostile, facts, said):
        assert "<script>" not in text and "&lt;script&gt;" in text


def test_pages_of_a_rehearsal_say_so(facts, said, small_codebook):
    book = small_codebook.model_copy(update={"kind": "rehearsal"})
    for text in pages_of(book, facts, said):
        assert "<title>REHEARSAL" in text and "REHEARSAL: simulated answers" in text


# ---- the methodology statement


def test_every_item_is_said(said):
    assert list(said) == COLUMNS
    assert set(said["scheme"]) == {AAPOR, BPC, RUN}
    assert said["statement"].str.len().gt(0).all()


@pytest.mark.parametrize("kind", ["reconstruction", "rehearsal"])
def test_it_says_plainly_what_is_not_a_survey(kind, facts, small_codebook):
    book = small_codebook.model_copy(update={"kind": kind})
    text = statement(facts, dict.fromkeys(RUN_NAMES, "Said."), book)["statement"].iloc[0]
    assert text.startswith({"reconstruction": "RECONSTRUCTED", "rehearsal": "REHEARSAL"}[kind])


@pytest.mark.parametrize("name", ["weights", "hashes", "software", "withheld"])
def test_an_empty_item_ends_the_build_in_one_sentence(name, facts, small_codebook):
    with pytest.raises(InputProblem, match=r"^the methodology statement has nothing under .*; say it in"):
        statement(facts, dict.fromkeys(RUN_NAMES, "Said.") | {name: ""}, small_codebook)


FAULTS = {
    "empty": (lambda f: f | {"sponsor": " "}, "sponsor"),
    "missing": (lambda f: {k: v for k, v in f.items() if k != "limitations"}, "limitations"),
    "several": (lambda f: f | {"dates": "", "mode": None}, "methodology file: nothing is said yet of mode, dates"),
    "unseen": (lambda f: f | {"frame": "\u200b"}, "methodology file: nothing is said yet of frame"),
    "no": (lambda f: f | {"incentives": False}, "incentives: must be text; found False; put it in quotes"),
    "a list": (lambda f: f | {"incentives": []}, "incentives: must be text"),
    "a number": (lambda f: f | {"contact": 7}, "contact: must be text"),
    "unknown": (lambda f: f | {"sponser": "Somebody"}, "sponser"),
    "another wave": (lambda f: f | {"wave": 1999}, "wave: the methodology is of another wave; found 1999"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_methodology_file_is_one_sentence(fault, tmp_path):
    change, told = FAULTS[fault]
    given = yaml.safe_load((ROOT / "data/methodology/2014.yaml").read_text(encoding="utf-8"))
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(change(given)), encoding="utf-8")
    with pytest.raises(InputProblem) as caught:
        load_facts(tmp_path / "m.yaml", 2014)
    assert told in str(caught.value) and str(caught.value).count(". ") == 0


def test_every_wave_has_its_methodology():
    waves = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["waves"]["all"]
    for wave in waves:
        assert load_facts(ROOT / f"data/methodology/{wave}.yaml", wave).wave == wave


def test_the_facts_of_a_run_are_counted(small_codebook, small_respondents, tmp_path):
    (tmp_path / "file.csv").write_text("a\n1\n", encoding="utf-8")
    row = {"break": "total", "quality": "ok", "n": 60, "n_weighted": 1234.0, "n_eff": 51.5}
    share = {"measure": "shop", "estimate": 0.48, "ci_low": 0.4, "ci_high": 0.6}
    shares = [row | share | {"basis": b} for b in ("unweighted", "weighted")]
    tables = {
        "respondents": small_respondents,
        "interviews": pd.DataFrame({"completed_on": ["2020-03-09", " 2020-02-01\u00a0", None, "soon"]}),
        "dispositions": pd.DataFrame({"code": [1.1, 1.1, 2.11], "disposition": ["Complete", "Complete", "Refusal"]}),
        "response_rates": pd.DataFrame({"break": ["total"], "rate": ["RR1"], "value": [0.6667]}),
        "estimates": pd.DataFrame(shares),
        "options": pd.DataFrame({"option": ["trim"], "setting": ["none"], "effect": ["no weight changed"]}),
        "diagnostics": pd.DataFrame({"sum": [1500.0, 1234.0], "design_effect": [1, 1.2], "effective_base": [60, 51.5]}),
        "cells": pd.DataFrame(
            [
                ("lib", 900.0, 2019, "A register", 30),
                ("lib", 334.0, 2019, "A register", 20),
                ("mus", 500.0, 2018, "A book", 10),
            ],
            columns=["sector", "total", "reference_date", "source", "respondents"],
        ),
        "margins": pd.DataFrame({"asked": [True, True]}),
        "validation": pd.DataFrame({"success": [True, False]}),
        "withheld": pd.DataFrame({"what": ["share"] * 7}),
    }
    limits = SimpleNamespace(minimum_base=10, minimum_count=1, share_digits=2)
    seeds = {name: SimpleNamespace(seed=n) for n, name in enumerate(("reconstruct", "fieldwork", "rehearse"), start=5)}
    settings = SimpleNamespace(analyse=SimpleNamespace(confidence=0.95), disclose=limits, **seeds)
    lock = "pandas==9.9 \\\n    --hash=sha256:0\nsvy==0.1 \\\n"
    found = facts_of_run(tables, small_codebook, settings, lock, {"in/file.csv": tmp_path / "file.csv"})
    assert set(found) == set(RUN_NAMES)
    assert found["dates"] == "The interviews are dated 2020-02-01 to 2020-03-09."
    assert "Complete (1.1) 2, Refusal (2.11) 1" in found["outcomes"] and "RR1 0.667" in found["rates"]
    assert found["bases"] == "All respondents: unweighted base 60, weighted 1,234, effective 51.5."
    assert found["weights"].endswith(" Library 1,234 (2019; A register); Museum 500 (2018; A book).")
    assert "unweighted at most 12.0 points to a side" in found["precision"]
    assert found["checks"].startswith("1 of 2 expectations") and found["withheld"].startswith("7 shares")
    assert "pandas 9.9, svy 0.1; 2 packages" in found["software"]
    assert sha256(b"a\n1\n").hexdigest() in found["hashes"] and "in/file.csv" in found["hashes"]


def test_modes_of_a_reconstruction_are_as_far_known_as_its_report_settles_them(codebook_2014):
    rows = [
        {"measure": "mode", "category": c, "break": "total", "basis": "unweighted", "support": s, "quality": q}
        | {"count": n, "count_low": low, "count_high": high}
        for c, s, q, n, low, high in (
            ("email", "bounded", "modelled", 4, 1, 4),
            ("telephone", "bounded", "modelled", 196, 196, 199),
        )
    ]
    said = _modes(pd.DataFrame(), pd.DataFrame(rows), codebook_2014)
    assert "1\u20134" in said and "196\u2013199" in said


@pytest.mark.parametrize(
    ("group", "attempts", "said"),
    [
        ("U", 1, "2 organisations approached, 2 answered"),
        ("U", 0, "2 organisations approached, 2 answered"),
        ("I", 1, "2 organisations approached, 2 answered"),
        ("I", 0, f"2 organisations answered; {NOT_KNOWN}"),
        # Interviews broken off: with a frame or without one, it names no other than those interviewed.
        ("P", 0, "2 organisations answered; how many were approached is not known, since no frame names others than"),
        ("R", 0, "2 organisations answered; how many were approached is not known, since no frame names others than"),
    ],
)
def test_how_many_were_approached_is_told_where_it_is_known(group, attempts, said):
    cases = pd.DataFrame({"group": ["I", group], "attempts": [attempts, 0], "code": 1.1, "disposition": "Complete"})
    assert approached_text(cases, 2).startswith(said)
    assert ("the only ones known" in _outcomes(cases)) == ("not known" in said)


def test_without_a_history_of_contacts_no_response_rate_is_given():
    rates = pd.DataFrame({"break": ["total"] * 2, "rate": ["e", "RR1"], "value": [None, float("nan")]})
    assert "nan" not in _rates(rates) and _rates(rates).startswith("No response rate is given")


# ---- the list of all tables


def test_the_data_package_lists_every_table_as_it_is(small_codebook, tmp_path):
    book = small_codebook.model_copy(update={"kind": "rehearsal"})
    table = pd.DataFrame({"n": [1, None], "share": [0.5, 0.25], "label": ["=a", "b"], "yes": [True, False]})
    table = table.assign(met=pd.array([True, None], dtype="boolean"))
    write_table(tmp_path / str(book.wave) / "estimates.csv", table, book)
    write_table(tmp_path / "tracker" / "trends.csv", table)
    wave = wave_tables(tmp_path, book)
    package = json.loads(as_json(datapackage("Tracker", [wave], [*wave["tables"], *resources(tmp_path, "tracker")])))
    assert [r["path"] for r in package["resources"]] == [f"{book.wave}/estimates.csv", "tracker/trends.csv"]
    assert "REHEARSAL" in package["description"] and package["licenses"][0]["name"] == "MIT"
    for resource in package["resources"]:
        data = (tmp_path / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{sha256(data).hexdigest()}" and resource["bytes"] == len(data)
        header = next(csv.reader(data.decode("utf-8").splitlines()))
        assert [f["name"] for f in resource["schema"]["fields"]] == header
        assert re.fullmatch(r"[a-z0-9._-]+", resource["name"])
    types = [f["type"] for f in package["resources"][0]["schema"]["fields"]]
    assert types == ["integer", "number", "string", "boolean", "boolean", "string"]


def test_each_table_of_the_package_has_a_name_of_its_own_and_so_has_the_package(tmp_path):
    figures = {"A_b.csv", "a-b.csv", "a_b.csv", "a-b-1.csv", "c.csv"}
    for name in figures:
        write_table(tmp_path / "2020/figures" / name, pd.DataFrame({"n": [1]}))
    package = datapackage("\u65e5\u672c\u8a9e", [], resources(tmp_path, "2020"))
    names = {resource["path"].rpartition("/")[2]: resource["name"] for resource in package["resources"]}
    assert names.keys() == figures and len(set(names.values())) == len(figures)
    assert (names["a-b-1.csv"], names["c.csv"]) == ("2020-figures-a-b-1", "2020-figures-c")
    assert all(re.fullmatch(r"[a-z0-9._-]+", name) for name in [package["name"], *names.values()])


def test_the_edition_s_package_has_the_tables_of_the_waves_of_the_tracker_and_the_revisions():
    """All that are published, but for what the last run changed of each wave, which is no part of the edition."""
    reports = ROOT / "reports"
    package = json.loads((reports / "datapackage.json").read_text(encoding="utf-8"))
    expected = {
        p.relative_to(reports).as_posix() for p in whole_files(reports, "*.csv") if p.parent.name != "revisions"
    }
    assert {r["path"] for r in package["resources"]} == expected and "revisions.csv" in expected


@pytest.mark.parametrize(
    ("asked", "said"), [(True, "The weights add up to totals of the population: "), (False, " not ")]
)
def test_weights_that_meet_no_totals_do_not_claim_to(small_codebook, asked, said):
    cells = pd.DataFrame([("lib", 900.0, 2019, "A register")], columns=["sector", "total", "reference_date", "source"])
    assert said in _totals(cells, pd.DataFrame({"asked": [asked, asked]}), small_codebook)


@pytest.mark.parametrize(("effective", "equal"), [(90000 / (100**2 / 20 + 200**2 / 60), True), (70.0, False)])
def test_where_calibration_undoes_the_weights_for_non_response_the_statement_says_so(small_codebook, effective, equal):
    """A step with its factors in print looks like one that made a difference to somebody."""
    options = pd.DataFrame([("nonresponse", "cells", "80 weights changed")], columns=["option", "setting", "effect"])
    diagnostics = pd.DataFrame({"design_effect": [1.1], "effective_base": [effective]})
    cells = pd.DataFrame({"total": [100.0, 200.0], "respondents": [20, 60]})
    assert ("calibration undoes what" in _weights(options, diagnostics, cells, small_codebook)) == equal


def test_the_citation_names_the_licence_that_stands_beside_it():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["license"] in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def test_what_is_still_unsaid_is_told_before_anything_runs(tmp_path):
    shutil.copy(ROOT / "data/methodology/2014.yaml", tmp_path)
    (tmp_path / "2015.yaml").write_text(blank_facts(2015), encoding="utf-8")
    one, other = unsaid([2014, 2015, 2016], tmp_path)
    assert "2015.yaml" in one and "sponsor" in one and "citation" in one
    assert "2016.yaml: there is no such methodology file" in other


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("text: Is there a shop?", "text: Is there a shop? Ask j.smith@example.org", "Is there a shop? Ask"),
        ("label: Shop\n", "label: Shop (0151 496 0815)\n", "Shop"),
        ('label: "No, but planned"', 'label: "No, ring 0151 496 0815"', "No, ring"),
        ("label: No shop yet", "label: Ask j.smith@example.org", "Ask"),
    ],
)
def test_a_codebook_with_contact_details_is_not_described(tmp_path, old, new, found):
    """They would be in codebook.html and ddi.xml."""
    text = (ROOT / "tests/small_codebook.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "codebook/2020.yaml"
    path.parent.mkdir()
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputProblem) as caught:
        describe(2020, data=tmp_path, reports=tmp_path, params=ROOT / "params.yaml", lock=ROOT / "requirements.lock")
    what = "question shop: its texts are published, and this one holds contact details"
    said = str(caught.value)
    assert said.startswith(f"{path}: {what}; found '{found}") and "[contact detail]" in said
    assert said.endswith("; take them out.") and "smith" not in said and "0815" not in said
