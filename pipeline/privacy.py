"""Contact details where they do not belong: in own words, in a cell that a message shows, in what is published."""

import re
from itertools import pairwise

from pipeline.texts import fold, words

HIDDEN = "[contact detail]"
# Addresses, and runs of nine or more digits that a telephone number may be.
_ADDRESS = re.compile(r"[^\s@,;]+@[^\s@,;]+")
_NUMBER = re.compile(r"(?<!\w)\+?\d(?:[\s().-]{0,2}\d){8,14}(?!\w)")
# What is none, though it has as many digits: the two ends of a size band, of which neither begins with a nought. Their
# thousands may be set apart, by the same sign in both.
_APART = r"[1-9](?:\d{{0,2}}(?:{0}\d{{3}})+|\d{{0,3}})"
_ENDS = (r"[1-9]\d*", _APART.format(r"\s"), _APART.format(r"\."))
_RANGES = tuple(re.compile(rf"({end})\s?-\s?({end})(?!\w)") for end in _ENDS)
_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
# A character with the accents that are set apart from it.
_LETTER = re.compile(r".[\u0300-\u036f]*", re.DOTALL)


def hide_details(text, names=None):
    """The text with email addresses, telephone numbers and the names in a NameList replaced."""
    hidden = _NUMBER.sub(HIDDEN, _ADDRESS.sub(HIDDEN, text))
    return names.hide(hidden) if names else hidden


def holds_details(text, names=None):
    """Whether a text that is to be published holds what `hide_details` would hide.

    A date is no number to call, nor is a size band such as `10000-49999` or `10 000-49 999`.
    """
    text = _NUMBER.sub(lambda found: "" if _is_range(found) else found[0], _DATE.sub("", text))
    return hide_details(text, names) != text


def _is_range(found):
    """Whether a run of digits that was found in a text is a size band, or the beginning of a longer one."""
    for pattern in _RANGES:
        ends = pattern.match(found.string, found.start())
        if ends and ends.end() >= found.end():
            low, high = (int(re.sub(r"\D", "", end)) for end in ends.groups())
            return low < high
    return False


class NameList:
    """Names, found whole in a text in any letter case, spelling of apostrophes and punctuation.

    Of people those of two or more words; one with an initial only where all of it has capitals and no sentence ends
    inside it: "Hall, I." is not meant by "the village hall. I think so". Of organisations every name, as it is: a word
    of one letter is no initial there, and one word alone may be all that an organisation is called.
    """

    def __init__(self, names, *, people=True):
        self._people, self._by_first_word = people, {}
        for name in sorted({words(n) for n in names}, key=lambda n: (-len(n), n)):
            first, *rest = name.split() or [""]
            if rest or (first and not people):
                self._by_first_word.setdefault(first, []).append((first, *rest))

    def hide(self, text):
        """The text with each name replaced."""
        for start, end in reversed(self._places(text)):
            text = text[:start] + HIDDEN + text[end:]
        return text

    def first(self, text):
        """The first name in the text, as it is written there; "" where there is none."""
        places = self._places(text)
        return text[slice(*places[0])] if places else ""

    def _places(self, text):
        """Where names begin and end in the text, in order; of names that overlap the longest."""
        # A frame has thousands of names and a text a dozen words: only a name whose words all occur is looked for.
        folded, places = _folded(text)
        there = {*words(text).split(), *re.findall(r"\w+", folded)}
        names = [n for word in there & self._by_first_word.keys() for n in self._by_first_word[word]]
        hidden = []
        for name in sorted(filter(there.issuperset, names), key=lambda n: (-len("".join(n)), n)):
            for found in _pattern(name).finditer(folded):
                start, end = places[found.start()][0], places[found.end() - 1][1]
                meant = not self._people or _is_meant(name, text[start:end])
                if meant and not any(start < e and s < end for s, e in hidden):
                    hidden.append((start, end))
        return sorted(hidden)


def either_way(names):
    """The NameList of people as they are called and with the last word first: Jane Smith and Smith, Jane."""
    called = [words(n).split() for n in set(names)]
    return NameList([" ".join(order) for n in called for order in (n, [*n[-1:], *n[:-1]])])


def _folded(text):
    """The text as names are looked for in it, and where each of its characters stands in the text as it was written."""
    letters, places = [], []
    for found in _LETTER.finditer(text):
        piece = " " if found[0].isspace() else fold(found[0])
        letters.append(piece)
        places += [found.span()] * len(piece)
    return "".join(letters), places


def _pattern(name):
    """A name in a folded text: apostrophes may stand inside its words, and all but letters and digits between them."""
    return re.compile(r"\b" + r"\W+".join("'?".join(map(re.escape, word)) for word in name) + r"\b")


def _is_meant(name, written):
    """Whether a name with an initial is one as it is written: in capitals, no sentence ending but after an initial."""
    if min(map(len, name)) > 1:
        return True
    parts = re.findall(r"\w+|[.!?]", written)
    ended = [before for before, mark in pairwise(parts) if mark in ".!?"]
    return all(p[0].isupper() for p in parts if p[0].isalpha()) and all(len(before) == 1 for before in ended)
