"""A wave's codebook as DDI-Codebook 2.6, for archives and portals.

The elements and their order are those of the DDI Alliance's field-level documentation of the standard. Only what is
public is described: questions, answers, routing and how the survey was made; no frequencies, which the tables have.
"""

from xml.etree import ElementTree

from pipeline.printing import STATUS
from pipeline.wording import condition_words
from pipeline.yamls import NO_XML

NAMESPACE = "ddi:codebook:2_6"
XML = "{http://www.w3.org/XML/1998/namespace}lang"
FILE = "respondents"
RESPONDENTS = {"frame": "Sample frame", "interviewer": "Interviewer", "respondent": "Respondent"}
# The columns beside the questionnaire's: what each is, and whether it is a weight.
BESIDE = {
    "organisation": ("Identifier of the organisation", False),
    "cell": ("Weighting cell", False),
    "base_weight": ("Weight for being approached: organisations of the sector for each one approached", True),
    "response_weight": ("Base weight with that of those that did not answer shared out", True),
    "calibrated_weight": ("Response weight brought to the totals of the population", True),
    "stratum": ("Stratum for standard errors", False),
    "stratum_total": ("Organisations of the population in the stratum", False),
    "weight": ("Weight to be used: calibrated and trimmed", True),
}
KINDS = {"single": "One answer", "multiple": "Several answers", "open": "In own words, coded to themes"}


def ddi(codebook, facts, statement):
    """The DDI document of a wave as text. `facts` and `statement` are those of `pipeline.statement`."""
    ElementTree.register_namespace("", NAMESPACE)
    root = ElementTree.Element(_tag("codeBook"), {"version": "2.6", "ID": f"wave{codebook.wave}", XML: "en-GB"})
    title = codebook.title if codebook.kind != "rehearsal" else f"REHEARSAL: {codebook.title}"
    _document(root, title)
    _study(_add(root, "stdyDscr"), codebook, facts, statement, title)
    _file(root, codebook)
    described = _add(root, "dataDscr")
    for question in codebook.questions:
        for column, answer in _columns(question):
            _variable(described, codebook, question, column, answer)
    for column, (label, is_weight) in BESIDE.items():
        _beside(described, column, label, is_weight)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _tag(name):
    return f"{{{NAMESPACE}}}{name}"


def _add(parent, path, text=None, **attributes):
    """Elements one inside the other, as `a/b/c`; the last one has the text and attributes, and is returned."""
    for name in path.split("/"):
        parent = ElementTree.SubElement(parent, _tag(name))
    parent.text = _printable(text) if text else None
    parent.attrib.update(attributes)
    return parent


def _printable(text):
    """The text without characters that XML has no place for."""
    return NO_XML.sub("", text).replace("\r", "").strip()


def _document(root, title):
    _add(root, "docDscr/citation/titlStmt/titl", f"Codebook: {title}")


def _study(study, codebook, facts, statement, title):
    """Who asked whom, about what, when and how."""
    said = statement.drop_duplicates("item").set_index("item")["statement"]
    citation = _add(study, "citation")
    _add(citation, "titlStmt/titl", title)
    _add(citation, "rspStmt/AuthEnty", facts.conducted_by)
    production = _add(citation, "prodStmt")
    _add(production, "prodDate", str(codebook.wave), date=str(codebook.wave))
    _add(production, "fundAg", facts.sponsor)
    _add(citation, "biblCit", facts.citation)
    about = _add(study, "stdyInfo")
    _add(about, "abstract", " ".join(text for text in (STATUS[codebook.kind], facts.purpose) if text))
    summary = _add(about, "sumDscr")
    _add(summary, "collDate", said["Dates of data collection"], date=str(codebook.wave), event="single")
    _add(summary, "geogCover", facts.geography)
    _add(summary, "anlyUnit", "Organisation")
    _add(summary, "universe", facts.population)
    _add(summary, "dataKind", "Survey data" if codebook.kind == "fieldwork" else f"Modelled data: {codebook.kind}")
    method = _add(study, "method")
    collected = _add(method, "dataColl")
    _add(collected, "dataCollector", facts.conducted_by)
    _add(collected, "sampProc", said["How the sample was made and recruited"])
    _add(collected, "collMode", facts.mode)
    _add(collected, "weight", said["How the data were weighted"])
    _add(collected, "cleanOps", said["How the data were processed and their quality ensured"])
    analysed = _add(method, "anlyInfo")
    _add(analysed, "respRate", said["Outcomes and response rates"])
    _add(analysed, "EstSmpErr", said["Sample sizes and precision"])
    _add(analysed, "dataAppr", facts.limitations)
    use = _add(study, "dataAccs/useStmt")
    _add(use, "citReq", facts.citation)
    _add(use, "conditions", "Records of organisations are not published; the data tables are.")


def _file(root, codebook):
    text = _add(root, "fileDscr", ID=FILE)
    text = _add(text, "fileTxt")
    _add(text, "fileName", "respondents.csv")
    _add(text, "fileCont", "One row for each organisation that answered. Not published.")
    _add(text, "dimensns/varQnty", str(sum(len(q.columns) for q in codebook.questions) + len(BESIDE)))
    _add(text, "fileType", "text/csv")


def _columns(question):
    """The columns of a question in a table of respondents, each with the answer that it is about, if it is one."""
    if not question.several:
        return [(question.id, None)]
    return [(f"{question.id}.{answer.id}", answer) for answer in question.answers]


def _variable(parent, codebook, question, column, answer):
    """A column: its label, its question, who is asked and what its values mean."""
    variable = _add(parent, "var", ID=_identifier(column), name=column, files=FILE, intrvl="discrete")
    label = question.label if answer is None else f"{question.label}: {answer.label}"
    _add(variable, "labl", label, level="variable")
    _add(variable, "respUnit", RESPONDENTS[question.asked_of])
    asked = _add(variable, "qstn")
    _add(asked, "qstnLit", question.text)
    _add(asked, "ivuInstr", KINDS[question.kind])
    _add(variable, "universe", asked_of(codebook, question))
    if answer is None:
        for each in question.answers:
            _category(variable, each.id, each.label, each.missing)
    else:
        _category(variable, "1", f"Yes: {answer.label}", answer.missing)
        _category(variable, "0", f"No: not {answer.label}", None)
    _add(variable, "varFormat", type="character" if answer is None else "numeric", schema="other")
    if question.note:
        _add(variable, "notes", question.note)


def _beside(parent, column, label, is_weight):
    """A column that is no answer: the identifier, what the weights are made by, and the weights."""
    is_number = is_weight or column == "stratum_total"
    about = {"intrvl": "contin" if is_number else "discrete"} | ({"wgt": "wgt"} if is_weight else {})
    variable = _add(parent, "var", ID=_identifier(column), name=column, files=FILE, **about)
    _add(variable, "labl", label, level="variable")
    _add(variable, "varFormat", type="numeric" if is_number else "character", schema="other")


def _category(variable, value, label, missing):
    category = _add(variable, "catgry", missing="Y" if missing else "N")
    _add(category, "catValu", value)
    _add(category, "labl", label, level="category")


def _identifier(column):
    """An XML identifier for a column: letters, digits, points and lines, beginning with a letter."""
    return "v_" + "".join(c if c.isascii() and (c.isalnum() or c in "._-") else f"_{ord(c):x}_" for c in column)


def asked_of(codebook, question):
    """Who a question is put to, in words."""
    if not question.asked_if:
        return "All organisations"
    return f"Organisations where {condition_words(codebook, question.asked_if)}"
