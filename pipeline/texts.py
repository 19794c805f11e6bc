"""Texts as they are compared: without stray blanks, in one letter case, with one form of each apostrophe and dash."""

import re
import unicodedata

# Curly and accent-like apostrophes, curly quotation marks, and the dashes that word processors put in.
_SAME = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc`\u00b4", "'")
    | dict.fromkeys("\u201c\u201d", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
# Fillers that Unicode counts among letters and signs, and fonts draw as nothing.
_EMPTY_LETTERS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))


# What says, folded, in the column of an answer to be ticked, that it was not.
NOT_CHOSEN = ("0", "0.0", "no", "n", "false", "not ticked", "not selected", "not chosen")
# Between the items of a list that stands in one cell of a table.
ITEMS = "; "


def tidy(text):
    """The text without stray blanks: non-breaking and doubled ones are one space, those at the ends are gone."""
    return " ".join(text.translate(_UNSEEN).split())


def is_blank(text):
    """Whether nothing of a text is seen: it has blanks, and characters without a form of their own, alone."""
    return all(unicodedata.category(c)[0] in "CZ" or c in _EMPTY_LETTERS for c in text)


def unify(text):
    """The text with one form of each apostrophe, quotation mark and dash."""
    return text.translate(_SAME)


def fold(text):
    """The text as it is compared: tidy, lower case, and with one form of each apostrophe, quotation mark and dash."""
    return unicodedata.normalize("NFKC", unify(tidy(text))).casefold()


def words(text):
    """The text as the folded words in it, one space between them, punctuation gone."""
    return " ".join(re.findall(r"\w+", fold(text).replace("'", "")))
