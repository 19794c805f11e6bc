"""Running numbers of answers: how many of a question's first k answers a respondent gave.

With a column for each of these numbers beside the question's own, "at most three answers each" is a limit on every
respondent and not only on the sum of all answers, while no table holds more than one answer and two such numbers.
"""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from pipeline.codebook import Question

NOT_ASKED = ""
MARK = "#"


def question_of(column):
    """The question that a column of answers or of running numbers is of."""
    return column.split(".")[0].split(MARK)[0]


@dataclass(frozen=True)
class Tally:
    """The running numbers of a question's answers, up to `most`.

    Where `capped`, nobody gives more than `most` answers. Otherwise `most` stands for so many or more.
    """

    question: Question
    most: int
    capped: bool

    @cached_property
    def columns(self):
        """Names of the columns, one per answer: how many of the answers up to it were given."""
        return [f"{self.question.id}{MARK}{k}" for k in range(1, len(self.question.answers) + 1)]

    @cached_property
    def levels(self):
        """The levels of each column."""
        skipped = [NOT_ASKED] if self.question.asked_if else []
        return {c: [*range(min(k, self.most) + 1), *skipped] for k, c in enumerate(self.columns, 1)}

    @cached_property
    def steps(self):
        """For each answer its column, that of the number before it (None for the first) and that after it."""
        return list(zip(self.question.columns, [None, *self.columns[:-1]], self.columns, strict=True))

    def allowed(self, kinds, apart):
        """Which kinds of respondent (rows of answers and running numbers) are counted right, as far as can be seen.

        `apart` says of a column whether the kinds tell all of its levels apart; the others are not looked at. Between
        two running numbers an answer that is seen adds what it says, and one that is not may add one.
        """
        seen = [c for c in (*self.question.columns, *self.columns) if c in kinds and apart(c)]
        skipped = kinds[seen].eq(NOT_ASKED)
        numbers = kinds[seen].mask(skipped, 0).astype(int)
        least = most = pd.Series(0, index=kinds.index)
        right = ~skipped.any(axis=1)
        for answer, _, after in self.steps:
            least, most = least + numbers.get(answer, 0), most + numbers.get(answer, 1)
            if after in seen:
                number = numbers[after]
                right &= number.between(least.clip(upper=self.most), most.clip(upper=self.most))
                right &= least.le(self.most) | (not self.capped)
                least = most = number
        return skipped.all(axis=1) | (right & (least.le(self.most) | (not self.capped)))

    def beyond(self, limit, strict):
        """The levels of the last column that break a limit: more than it or, where it is `strict`, as many."""
        numbers = [x for x in self.levels[self.columns[-1]] if x != NOT_ASKED]
        return frozenset(x for x in numbers if x > limit or (strict and x == limit))


def tallies_of(codebook, limits, unlimited):
    """The tallies that limits on answers need, by question id.

    `limits`: by question id, the most answers that any claim speaks of. `unlimited`: questions whose own most number
    of answers is not taken for granted.
    """
    found = {}
    for question in codebook.questions:
        if question.id in limits:
            most = min(max(limits[question.id] + 1, 1), len(question.answers))
            found[question.id] = Tally(question, most, capped=False)
        elif question.id not in unlimited and question.several and _binds(question.max_answers, question):
            found[question.id] = Tally(question, question.max_answers, capped=True)
    return found


def _binds(most, question):
    return bool(most) and most < len(question.answers)
