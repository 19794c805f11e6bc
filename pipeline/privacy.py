"""Contact details where they do not belong: inside answers in own words, or in a cell that a message shows."""

import re

from pipeline.texts import words

HIDDEN = "[contact detail]"
# Addresses, and runs of nine or more digits that a telephone number may be.
_ADDRESS = re.compile(r"[^\s@,;]+@[^\s@,;]+")
_APOSTROPHE = "['\u2019]?"
_NUMBER = re.compile(r"(?<!\w)\+?\d(?:[\s().-]{0,2}\d){8,14}(?!\w)")


def hide_details(text, names=None):
    """The text with email addresses, telephone numbers and the names in a NameList replaced."""
    hidden = _NUMBER.sub(HIDDEN, _ADDRESS.sub(HIDDEN, text))
    return names.hide(hidden) if names else hidden


class NameList:
    """People's names of two or more words, found in a text in any letter case and punctuation."""

    def __init__(self, names):
        self._by_first_word = {}
        for name in sorted({words(n) for n in names}, key=lambda n: (-len(n), n)):
            first, *rest = name.split() or [""]
            if rest:
                self._by_first_word.setdefault(first, []).append((first, *rest))

    def hide(self, text):
        """The text with each name replaced."""
        # A frame has thousands of names and a text a dozen words: only a name whose words all occur is looked for.
        there = set(words(text).split())
        for word in sorted(there & self._by_first_word.keys()):
            for name in self._by_first_word[word]:
                if there.issuperset(name):
                    text = _pattern(name).sub(HIDDEN, text)
        return text


def _pattern(name):
    spelled = (_APOSTROPHE.join(map(re.escape, word)) for word in name)
    return re.compile(r"\b" + r"\W+".join(spelled) + r"\b", re.IGNORECASE)
