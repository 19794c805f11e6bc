"""Contact details where they do not belong: inside answers in own words, or in a cell that a message shows."""

import re
from itertools import pairwise

from pipeline.texts import words

HIDDEN = "[contact detail]"
# Addresses, and runs of nine or more digits that a telephone number may be.
_ADDRESS = re.compile(r"[^\s@,;]+@[^\s@,;]+")
_NUMBER = re.compile(r"(?<!\w)\+?\d(?:[\s().-]{0,2}\d){8,14}(?!\w)")
# A word as it is written: with apostrophes of any form, accents set apart and marks that cannot be seen inside it.
_INSIDE = "'\u2018\u2019\u02bc`\u00b4\u00ad\u200b-\u200d\u2060\ufeff"
_WORD = re.compile(rf"\w(?:[\w{_INSIDE}\u0300-\u036f]*[\w\u0300-\u036f])?")
_POSSESSIVE = re.compile(r"['\u2018\u2019\u02bc`\u00b4]s$", re.IGNORECASE)


def hide_details(text, names=None):
    """The text with email addresses, telephone numbers and the names in a NameList replaced."""
    hidden = _NUMBER.sub(HIDDEN, _ADDRESS.sub(HIDDEN, text))
    return names.hide(hidden) if names else hidden


class NameList:
    """People's names of two or more words, found in a text in any letter case, spelling of apostrophes and punctuation.

    A name with an initial is found only where all of it has capitals and no sentence ends inside it: "Hall, I." is not
    meant by "the village hall. I think so".
    """

    def __init__(self, names):
        self._by_first_word = {}
        for name in sorted({words(n) for n in names}, key=lambda n: (-len(n), n)):
            first, *rest = name.split() or [""]
            if rest:
                self._by_first_word.setdefault(first, []).append((first, *rest))

    def hide(self, text):
        """The text with each name replaced."""
        # A frame has thousands of names and a text a dozen words: most texts have the first word of none.
        if self._by_first_word.keys().isdisjoint(words(text).split()):
            return text
        written = [_Written(text, found) for found in _WORD.finditer(text)]
        spans, at = [], 0
        while at < len(written):
            name = next((n for n in self._by_first_word.get(written[at].word, ()) if _is(n, written[at:], text)), None)
            if name:
                spans.append((written[at].start, written[at + len(name) - 1].end))
            at += len(name) if name else 1
        for start, end in reversed(spans):
            text = text[:start] + HIDDEN + text[end:]
        return text


class _Written:
    """A word of a text: where it stands, a possessive's ending apart, and as it is compared."""

    def __init__(self, text, found):
        self.start = found.start()
        self.end = self.start + len(_POSSESSIVE.sub("", found[0]))
        self.word = words(text[self.start : self.end])
        self.capital = text[self.start].isupper()


def _is(name, written, text):
    """Whether the first words written are those of a name."""
    ours = written[: len(name)]
    if tuple(w.word for w in ours) != name:
        return False
    if min(map(len, name)) > 1:
        return True
    between = [(len(w.word) == 1, text[w.end : after.start]) for w, after in pairwise(ours)]
    return all(w.capital for w in ours) and all(initial or not set(gap) & set(".!?") for initial, gap in between)
