"""What all pages of the site share: templates that escape, anchors, badges, and Markdown as HTML.

Pages are made of plain dictionaries and lists and of templates with autoescape: a label, a question or a heading is
text wherever it comes from. The only markup that is passed through is made here, or cleaned here first.
"""

import re
from functools import cache
from html import escape, unescape
from pathlib import Path

import bleach
import mistune
from markupsafe import Markup
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from pipeline.printing import MINUS
from pipeline.tables import read_table
from pipeline.templating import templates

STYLE = "pages/style.css"
# How far an estimate is evidence: sign, word, and what it means. The sign and the word say it without the colour.
SUPPORTS = {
    "published": ("\u25cf", "published", "The report prints this number."),
    "implied": (
        "\u25d0",
        "implied",
        "The printed numbers leave this one value; weighted, with the population's totals.",
    ),
    "bounded": ("\u2194", "bounded", "The printed numbers leave a range, which is given."),
    "assumed": (
        "\u25cb",
        "assumed",
        "The report settles no number of it, so none is given.",
    ),
    "measured": ("\u25a0", "measured", "Counted from the answers of a survey."),
    "simulated": ("\u25b3", "rehearsal", "REHEARSAL: counted from simulated answers, not a survey."),
}
# Which of them can occur in a wave of each kind.
KINDS = {
    "reconstruction": ("published", "implied", "bounded", "assumed"),
    "rehearsal": ("simulated",),
    "fieldwork": ("measured",),
}
# What stays of the HTML that notebooks show: tables and pictures that are part of the page. No script, style or link.
TAGS = ["table", "thead", "tbody", "tr", "th", "td", "caption", "div", "p", "small", "br", "img", "b", "i", "code"]
ATTRIBUTES = {"th": ["colspan", "rowspan"], "td": ["colspan", "rowspan"], "img": ["src", "alt", "width"]}


@cache
def environment():
    """The templates of the site: everything is escaped, and a name that is not given is an error."""
    made = templates("site")
    made.globals |= {"SUPPORTS": SUPPORTS, "STYLE": STYLE}
    made.filters["slug"] = slug
    return made


def page(name, root, **context):
    """A page from the template `name`; `root` is the way from the page up to reports/, such as "../../"."""
    return environment().get_template(name).render(root=root, **context)


def slug(text):
    """A name as part of a link: letters, digits, - and _ stay, any other sign is its number, so no two names meet."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda sign: f".{ord(sign[0]):x}.", str(text))


def row_anchor(category, break_, group):
    """The anchor of an estimate on the page of its measure."""
    return ".".join(map(slug, (category, break_, group)))


def row_link(measure, category, break_, group):
    """The way to an estimate's row, from the first page of its wave."""
    return f"numbers/{slug(measure)}.html#{row_anchor(category, break_, group)}"


def clean_html(html):
    """HTML from a notebook with nothing left in it that runs, styles or asks the network for anything."""
    html = re.sub(r"<style\b.*?</style>", "", html, flags=re.DOTALL | re.IGNORECASE)
    cleaned = bleach.clean(html, tags=TAGS, attributes=_allowed, protocols=["data"], strip=True)
    cleaned = re.sub(r"<img(?![^>]*\ssrc=)[^>]*>", "", cleaned)
    # A frame's corner is a heading of nothing.
    return Markup(_scoped(re.sub(r"<th>\s*</th>", "<td></td>", cleaned)))


def _scoped(html):
    """The HTML with each heading of a table saying what it stands for: in a head its column, elsewhere its row."""
    parts = re.split(r"(<thead>.*?</thead>)", html, flags=re.DOTALL)
    return "".join(re.sub(r"<th\b", f'<th scope="{"row" if i % 2 == 0 else "col"}"', p) for i, p in enumerate(parts))


def _allowed(tag, name, value):
    if name == "src":
        return value.startswith(("data:image/png;base64,", "../"))
    return name in ATTRIBUTES.get(tag, ())


class Prose(mistune.HTMLRenderer):
    """Markdown as HTML: raw HTML is escaped, headings have anchors, tables scroll in their own frame.

    `link` says where a link leads: a new address, or None where nothing of the site stands there.
    """

    def __init__(self, link, before=""):
        super().__init__(escape=True)
        self._link, self._before, self.headings = link, before, []

    def heading(self, text, level, **attributes):
        """A heading with an anchor that no other has; it is kept for the table of contents."""
        anchor = unique(self._before + anchor_of(text), ["content", *(h["anchor"] for h in self.headings)])
        self.headings.append({"level": level, "anchor": anchor, "text": Markup(text).striptags()})
        return f'<h{level} id="{anchor}">{text}</h{level}>\n'

    def link(self, text, url, title=None):
        """A link where it leads on this site; its text alone where nothing stands there."""
        where = self._link(url)
        return text if where is None else super().link(text, where, title)

    def image(self, text, url, title=None):
        """The text alternative alone: pages place their own pictures."""
        return text

    def table(self, text):
        """A table in a frame that scrolls and can be reached by keyboard, named after the heading above it."""
        under = f"Table: {self.headings[-1]['text']}" if self.headings else "Table"
        frame = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(under)}">'
        return f"{frame}<table>{text}</table></div>\n"

    def table_cell(self, text, align=None, head=False):
        """A cell; one of the head says that it stands for its column."""
        placed = f' style="text-align:{align}"' if align else ""
        return f'<th scope="col"{placed}>{text}</th>\n' if head else f"<td{placed}>{text}</td>\n"

    def block_code(self, code, info=None):
        """Code that scrolls and can be reached by keyboard."""
        return f'<pre tabindex="0"><code>{mistune.escape(code)}</code></pre>\n'


def anchor_of(text):
    """A heading's anchor as GitHub makes it: small letters, hyphens for blanks, no other signs."""
    plain = Markup(text).striptags().lower()
    return re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-") or "section"


def unique(name, taken):
    """The name, with a number behind it where it is taken."""
    numbered = (f"{name}-{i}" if i else name for i in range(len(taken) + 1))
    return next(n for n in numbered if n not in taken)


def markdown(text, link=lambda url: url, before=""):
    """Markdown as cleaned HTML, and its headings: level, anchor (`before` in front), text. Comments are left out."""
    renderer = Prose(link, before)
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    html = mistune.create_markdown(renderer=renderer, plugins=["table"])(text)
    # The findings set their second line small.
    html = re.sub(r"&lt;(/?)small&gt;", r"<\1small>", html)
    return Markup(html), renderer.headings


def own_title(text):
    """The title that a page or a picture (HTML, SVG) gives itself, or an empty text."""
    found = re.search(r"<title[^>]*>(.*?)</title>", text, flags=re.DOTALL)
    return unescape(found[1]).strip() if found else ""


def is_there(folder, *names):
    """Whether all these files are in the folder."""
    return all((Path(folder) / name).is_file() for name in names)


def shown_table(path, caption, columns=None, words=None, rows=None, round_to=3):
    """A published table as a page shows it: caption, headings, rows of texts; numbers rounded, empty cells empty.

    `columns` picks and orders {column: heading}; `words` puts labels in the place of values, {column: {value: label}}.
    `said` has room for what each column holds, in words; `figures` says which columns are of numbers.
    """
    table = read_table(path)
    headings = columns or {c: c.replace("_", " ").capitalize() for c in table.columns}
    left_out = 0 if rows is None else max(0, len(table) - rows)
    cells = [
        [cell_text((words or {}).get(c, {}).get(row[c], row[c]), round_to, year=c in YEARS) for c in headings]
        for row in table.head(rows or len(table)).to_dict("records")
    ]
    numbers = [is_numeric_dtype(table[c]) and not is_bool_dtype(table[c]) and c not in YEARS for c in headings]
    shown = {"caption": caption, "headings": list(headings.values()), "said": [], "rows": cells, "left_out": left_out}
    return shown | {"figures": [number and c not in (words or {}) for c, number in zip(headings, numbers, strict=True)]}


# Columns of years, which are no quantities.
YEARS = ("wave", "since", "year")


def cell_text(value, round_to=3, year=False):
    """A cell in print: whole numbers with thousands set apart, others rounded, yes and no, nothing where empty."""
    if value is None or value != value:
        return ""
    if year:
        return str(int(value)) if isinstance(value, (int, float)) else str(value)
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if isinstance(value, float):
        value = round(value, round_to) + 0.0  # and no -0.0
        text = f"{value:,.0f}" if value == int(value) else f"{value:,}"
        return text.replace("-", MINUS)
    return f"{value:,}".replace("-", MINUS) if isinstance(value, int) else str(value)
