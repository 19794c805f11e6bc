"""What a published table holds, described for machines: CSVW metadata (W3C, Metadata Vocabulary for Tabular Data)."""

from pipeline.printing import STATUS

CONTEXT = ["http://www.w3.org/ns/csvw", {"@language": "en"}]
# Numbers are written with a point and no sign for thousands; texts that a spreadsheet would take for a formula have an
# apostrophe before them.
ESCAPED = "A text that begins with =, +, -, @, a tab or a new line has an apostrophe before it."


def describe(codebook, columns, url):
    """CSVW metadata of a table of a wave, as a dict that goes into one JSON file beside it.

    `columns`: {name: (title, datatype of CSVW, what it holds)} in the table's order; `url` the table's file.
    """
    about = {
        "@context": CONTEXT,
        "url": url,
        "dc:title": f"{codebook.title}: data tables",
        "dc:description": " ".join(text for text in (STATUS[codebook.kind], ESCAPED) if text),
        "dc:source": codebook.source,
        "dc:language": "en-GB",
    }
    licence = {"dc:license": codebook.licence} if codebook.licence else {}
    return about | licence | {"dialect": DIALECT, "tableSchema": _schema(columns)}


DIALECT = {"encoding": "utf-8", "lineTerminators": ["\n"], "delimiter": ",", "header": True}
KEY = ["wave", "measure", "category", "break", "group", "basis"]


def _schema(columns):
    described = [
        {
            "name": name,
            "titles": [name, title],
            "datatype": datatype,
            "dc:description": holds,
            "null": "",
            "required": name in KEY,
        }
        for name, (title, datatype, holds) in columns.items()
    ]
    return {"columns": described, "primaryKey": KEY}
