"""How the workbook of data tables looks: widths of columns, heights of rows, numbers, lines, and the printed page."""

import textwrap
from copy import deepcopy
from math import ceil

from pipeline.workbook_cells import LABELS

# In characters. Excel has no column of more than 255, and lines of more than 100 or so are hard to read.
TEXT_WIDTH, LINE, LABEL_WIDTHS, NUMBER_WIDTH = 100, 130, (34, 40, 52), 14
TEXT_WIDTHS = {"Cover": (TEXT_WIDTH,), "Contents": (34, 80), "Notes": (16, TEXT_WIDTH), "Key": (16, 20, 80)}
# How much wider the letters of the sheets are (Arial, in points) than those that XlsxWriter measures, and bold ones.
SIZE, TITLE, WIDER, BOLD = 12, 16, 1.2, 1.1
# In points; and the numbers that spreadsheets have for sizes of paper.
TITLE_HEIGHT, A3, A4 = 22, 8, 9
SHARE, ROUND_SHARE, WHOLE, DECIMAL = "0.0%", "0%", "#,##0", "#,##0.0"


def theme():
    """The theme of gptables, but with every text at the top of its cell: it is read beside others of its row."""
    from gptables import gptheme

    ours = deepcopy(gptheme)
    for part in ("cover_text", "index_1", "index_2", "index_3", "data"):
        getattr(ours, f"update_{part}_format")({"valign": "top"})
    return ours


def lay_out(sheet, measure, texts, title):
    """Set the columns, rows and page of a sheet: that of a `measure` (a GPTable), or one of `texts` (rows of cells).

    `title` is that of the workbook, which stands below every printed page.
    """
    if measure:
        sheet.set_landscape()
    sheet.set_paper(A3 if measure else A4)
    sheet.set_margins(left=0.4, right=0.4)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{title[:100].replace('&', '&&')}&R&A, page &P of &N")
    if measure:
        _lay_out_numbers(sheet, measure)
    else:
        _lay_out_texts(sheet, texts, TEXT_WIDTHS[sheet.name])


def _lay_out_numbers(sheet, measure):
    """The columns and rows of a measure's sheet; its headings stand on every page."""
    rows, first = measure.table, measure.data_range[0]
    widths = _widths(rows)
    _set_columns(sheet, widths)
    sheet.set_row(0, TITLE_HEIGHT)
    _set_heights(sheet, first, [list(rows.columns)], widths, SIZE * BOLD)
    _set_heights(sheet, first + 1, rows.iloc[:, : len(LABELS)].to_numpy().tolist(), widths[: len(LABELS)])
    sheet.repeat_rows(first)


def _lay_out_texts(sheet, rows, widths):
    """The columns and rows of a sheet of texts: the cover, or a table below a title and a line."""
    _set_columns(sheet, widths)
    if sheet.name == "Cover":
        _set_heights(sheet, 0, rows[:1], widths, TITLE)
        _set_heights(sheet, 1, rows[1:], widths)
    else:
        sheet.set_row(0, TITLE_HEIGHT)
        _set_heights(sheet, 3, rows, widths)
        sheet.repeat_rows(2)


def _set_columns(sheet, widths):
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)


def _set_heights(sheet, first, rows, widths, size=SIZE):
    """Rows as high as their text, since LibreOffice keeps the height of a row and a file has to say it.

    One line has the height that it has anyway, unless its letters are large.
    """
    for place, row in enumerate(rows, start=first):
        lines = max(_lines(text, width, size) for text, width in zip(row, widths, strict=True))
        if lines > 1 or size > SIZE:
            sheet.set_row(place, ceil(lines * size * 4 / 3))


def _lines(text, width, size):
    """How many lines a text takes in a column of a width, at most."""
    room = 7 * width / (_pixels(text, size) / max(len(text), 1))
    return sum(len(textwrap.wrap(line, max(int(room), 1))) or 1 for line in text.split("\n"))


def _pixels(text, size):
    """How wide a text is, in the pixels of which a column has seven for each character of its width."""
    from xlsxwriter.utility import cell_autofit_width

    return max(WIDER * size / SIZE * cell_autofit_width(text), 1)


def _widths(rows):
    """Label columns as wide as their longest label, up to a limit beyond which it wraps; the others all alike."""
    labels = [[heading, *rows[heading]] for heading in rows.columns[: len(LABELS)]]
    longest = [max(_pixels(line, SIZE * BOLD) for text in texts for line in text.split("\n")) for texts in labels]
    widths = [min(ceil(pixels / 7), most) for pixels, most in zip(longest, LABEL_WIDTHS, strict=True)]
    return [*widths, *[NUMBER_WIDTH] * (rows.shape[1] - len(widths))]


def number_formats(rows):
    """Numbers to the right; words to the left, apart from the number beside them."""
    for place, heading in list(enumerate(rows.columns))[len(LABELS) :]:
        shape = _format(heading, [x for x in rows[heading] if not isinstance(x, str)])
        look = {"num_format": shape, "align": "right"} if shape else {"align": "left", "indent": 1}
        yield {"column": {"columns": [place], "format": look, "include_names": True}}


def group_lines(rows):
    """A thin line above each group, since the eye has twenty columns to cross."""
    groups = rows[LABELS[:2]]
    starts = (groups != groups.shift()).any(axis=1)
    # The first row of the format is that of the headings, below which there is a line already.
    below = [place + 1 for place in starts[starts].index if place > 0]
    return [{"row": {"rows": below, "format": {"top": 1, "top_color": "#A6A6A6"}}}] if below else []


def _format(heading, numbers):
    """The format of the numbers below a heading, with a digit after the point if any needs one; none of words."""
    if "share" in heading or "interval" in heading:
        return SHARE if any(x != round(x, 2) for x in numbers) else ROUND_SHARE
    if heading == "Count" or (" base" in heading and "Low" not in heading):
        return DECIMAL if any(x != round(x) for x in numbers) else WHOLE
    return None
