"""A reader who holds every table of the tracker beside a wave's own: what each number says, for `pipeline.attack`.

Every number that the tracker publishes of a wave is a condition on how many organisations are of which kind, as far as
it is linear: a share, a change from what is public, a net score, a mark, a mark under other weights, the part of a
change within cells, and what organisations in two waves did. Errors of means of scores say how their squares add up.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline import change, decompose, maturity, step_weights, track, transitions, withhold
from pipeline.attack import Attack, Cell, Number, _solve, frame_classes
from pipeline.change import Wave
from pipeline.codebook import ORGANISATION, TOTAL, Answer, Question, Test
from pipeline.disclose import BASE, cells_of, limits_of, nets_of, published_numbers
from pipeline.estimate import KEYS, UNWEIGHTED, WEIGHTED
from pipeline.respondents import gave, select
from pipeline.transitions import TRANSITIONS

EXACT = 1e-6


@dataclass(frozen=True)
class Reader:
    """What somebody reads: a Wave, the waves, the tracker's tables by name, breaks in series and the settings."""

    wave: Wave
    waves: list
    tables: dict
    breaks: pd.DataFrame
    settings: object

    def hidden(self):
        """The keys of what the wave's own tables withhold."""
        return withheld(self.wave)

    def attack(self, with_tracker=True):
        """The Attack on everything that is published, and what its unweighted numbers really are: (attack, values)."""
        book, people = self.with_the_past()
        ours = self.wave.estimates
        numbers = published_numbers(ours, people, codebook=self.wave.codebook, settings=self.settings)
        if with_tracker:
            numbers |= self.numbers(book, people)
        rows = ours[ours["basis"].eq(UNWEIGHTED)]
        _, values = cells_of(rows, people, book)
        linked = {"nets": nets_of(rows, book), "limits": limits_of(rows, people, book)}
        return Attack(numbers, codebook=book, respondents=people, **linked), values

    def leaks(self, with_tracker=True, steps=1, only=None):
        """The withheld numbers of which fewer than so many others are possible: {key: (smallest, largest)}.

        What was seen of a number in one table that could be is not looked for again; the true one is seen first.
        """
        attack, values = self.attack(with_tracker)
        hidden = self.hidden()
        limits = {c: _limits(attack, key, hidden) for key, c in attack.column.items()}
        targets = sorted(key for key in hidden if not attack.public(key) and (only is None or key in only))
        seen = {key: [values[key], values[key]] for key in targets}
        for key in targets:
            columns, matrix, right = attack.rows.part(attack.component[attack.column[key]])
            within = np.array([limits.get(c, (0, np.inf)) for c in columns])
            place = {c: i for i, c in enumerate(columns)}
            for sign in (1, -1):
                if _steps(seen[key]) >= steps:
                    break
                goal = sign * (columns == attack.column[key]).astype(float)
                found = _solve(goal, matrix, right, within)
                assert found is not None, "the published numbers contradict each other"
                for other in targets:
                    if attack.column[other] in place:
                        value = found[place[attack.column[other]]]
                        seen[other] = [min(seen[other][0], value), max(seen[other][1], value)]
        return {key: tuple(ends) for key, ends in seen.items() if _steps(ends) < steps}

    # ---- the past as questions of the wave

    def with_the_past(self):
        """The codebook and respondents with a question more for each followed answer: what was given in other waves."""
        book, people = self.wave.codebook, self.wave.respondents
        added, columns = [], {}
        for row in self._pairs().to_dict("records"):
            other = self._other(row)
            found = other.codebook.measure(row["measure"])
            theirs = other.respondents[select(other.respondents, other.codebook.base(found.base).where)]
            given = gave(theirs, other.codebook.question(found.question), row["category"]).map(
                {True: "gave", False: "not"}
            )
            past = dict(zip(theirs[ORGANISATION].astype(str), given, strict=True))
            name = past_of(other.wave, row)
            columns[name] = people[ORGANISATION].astype(str).map(past).fillna("absent").astype("string")
            answers = tuple(Answer(id=a, label=a) for a in ("absent", "gave", "not"))
            added.append(Question(id=name, text="?", label=name, answers=answers))
        return book.model_copy(update={"questions": (*book.questions, *added)}), people.assign(**columns)

    def _pairs(self):
        """The answers of which something is said about organisations in two waves."""
        rows = [t[t["n"].notna()] if "n" in t else t for t in (self.tables["transitions"], self._panels())]
        rows = pd.concat([t[["wave", "since", "measure", "category"]] for t in rows])
        return rows[rows[["wave", "since"]].eq(self.wave.wave).any(axis=1)].drop_duplicates()

    def _panels(self):
        """The unweighted changes whose errors use a panel, of everyone and of groups that no answer makes."""
        rows, book = self.tables["changes"], self.wave.codebook
        fixed = [TOTAL, *(b.id for b in book.breaks if b.of in (book.sector, book.size_band))]
        used = rows["basis"].eq(UNWEIGHTED) & rows["break"].isin(fixed) & rows["se"].notna() & rows["n_both"].gt(0)
        return rows[used]

    def _other(self, row):
        year = row["since"] if row["wave"] == self.wave.wave else row["wave"]
        return next(w for w in self.waves if w.wave == year)

    # ---- the numbers

    def numbers(self, book, people):
        """Every number of the tracker's tables as {key: Number}."""
        found = {}
        for part in (self._shares, self._scores, self._marks, self._weighed, self._within):
            found |= part(book, people)
        return found | self._moves(book, people) | self._together(book, people)

    def _factors(self, people, basis):
        classes, _ = frame_classes(people, self.wave.codebook)
        if basis == UNWEIGHTED:
            return np.ones(len(classes))
        facts = [c for c in classes.columns if c in people]
        return people["weight"].groupby([people[c].astype(object) for c in facts], dropna=False).first().to_numpy()

    def _ratio(self, found, key, parts, base, value, near, factors):
        """That the parts (cell, factor) come to `value` of the base, up to `near`."""
        for side, ends in ((1, (-np.inf, 0.0)), (-1, (0.0, np.inf))):
            terms = [(cell, factor * factors) for cell, factor in parts]
            found[*key, side] = Number((*terms, (base, -(value + side * near) * factors)), *ends)

    def _ours(self, name, column):
        """The rows of a table that have a number of this wave, and how near each number is to what was rounded."""
        table = self.tables[name]
        rows = table[table["wave"].eq(self.wave.wave) & table[column].notna()]
        return zip(rows.to_dict("records"), nearness(rows, column, self.settings), strict=True)

    def _cells(self, book, measure, break_, group):
        wheres = (book.base(book.measure(measure).base).where, book.group(break_, group).where)
        question = book.question(book.measure(measure).question)
        return lambda category=None: Cell(wheres, question, category) if category else Cell(wheres)

    def _shares(self, book, people):
        """Shares of everyone in the decomposition and of all in the changes; those since the past say the same."""
        found = {}
        for name, column in (("changes", "after"), ("decomposition", "after")):
            for row, near in self._ours(name, column):
                place = (row.get("break", TOTAL), row.get("group", TOTAL))
                cell, factors = self._cells(book, row["measure"], *place), self._factors(people, row["basis"])
                key = (name, row["since"], row["measure"], row["category"], *place, row["basis"])
                self._ratio(found, key, [(cell(row["category"]), 1.0)], cell(), row[column], near, factors)
        return found

    def _scores(self, book, people):
        found = {}
        for name, column in (("net_scores", "estimate"), ("net_score_changes", "after")):
            for row, near in self._ours(name, column):
                score = next(s for s in book.net_scores if s.id == row["measure"])
                cell, factors = self._cells(book, score.measure, row["break"], row["group"]), None
                factors = self._factors(people, row["basis"])
                sides = [(cell(c), sign) for side, sign in ((score.plus, 1.0), (score.minus, -1.0)) for c in side]
                key = (name, row.get("since"), *(row[k] for k in KEYS), row["basis"])
                self._ratio(found, key, sides, cell(), row[column], near, factors)
                if name == "net_scores" and row["basis"] == UNWEIGHTED and pd.notna(row["se"]) and row["n"] > 1:
                    either, n = [(c, 1.0) for c, _ in sides], row["n"]
                    square, wide = squares(row["estimate"], row["se"], n, len(people))
                    self._ratio(found, (*key, "error"), either, cell(), square, wide, factors)
        return found

    def _criteria(self, book, group, weights):
        """What the criteria with these weights count in a group, as parts of a sum."""
        wheres = {f"{s.id}.{c.id}": c.where for s in book.steps for c in s.criteria}
        return [(Cell((group.where, wheres[c])), w) for c, w in weights.items() if w]

    def _marks(self, book, people):
        found, steps = {}, {s.id: s for s in book.steps}
        for name, column in (("maturity", "estimate"), ("maturity_changes", "after")):
            for row, near in self._ours(name, column):
                group = book.group(row["break"], row["group"])
                step = steps.get(row["measure"])
                alike = step_weights.choices(book)[step_weights.EQUAL]
                own = {f"{step.id}.{c.id}": 1 / len(step.criteria) for c in step.criteria} if step else alike
                key = (name, row.get("since"), *(row[k] for k in KEYS), row["basis"])
                parts, base = self._criteria(book, group, own), Cell((group.where,))
                factors = self._factors(people, row["basis"])
                self._ratio(found, key, parts, base, row[column], near, factors)
        return found

    def _weighed(self, book, people):
        """Marks under other weights, from the data behind the picture."""
        found, choices = {}, step_weights.choices(book) if book.steps else {}
        for row, near in self._ours("figures/maturity_weights", "mark"):
            group = book.group(row["break"], row["group"])
            key = ("weights", row["choice"], row["break"], row["group"], row["basis"])
            parts, base = self._criteria(book, group, choices[row["choice"]]), Cell((group.where,))
            self._ratio(found, key, parts, base, row["mark"], near, self._factors(people, row["basis"]))
        return found

    def _within(self, book, people):
        """The part of a change within cells: the counts of each class of the frame, with a factor each."""
        found = {}
        classes, _ = frame_classes(people, self.wave.codebook)
        for row, near in self._ours("decomposition", "within"):
            before = next(w for w in self.waves if w.wave == row["since"])
            cells = decompose.cells_of(before, self.wave, breaks=self.breaks)
            sides = [decompose._side(w, c, row) for w, c in zip((before, self.wave), cells, strict=True)]
            of_class = dict(
                zip(people[self.wave.codebook.size_band].astype(object)[sides[1].index], sides[1].index, strict=True)
            )
            one, other = decompose.common_cells(*sides)
            sums = [s.groupby("cell")["weight"].sum() for s in (one, other)]
            mixes = [s / s.sum() for s in sums]
            each = (mixes[0] + mixes[1]) / 2
            then = one.assign(gave=one["gave"] * one["weight"]).groupby("cell")["gave"].sum() / sums[0]
            value = row["within"] + float((then * each).sum())
            cell_of = classes[self.wave.codebook.size_band].map({k: other.loc[i, "cell"] for k, i in of_class.items()})
            share = (each / sums[1]).reindex(cell_of).fillna(0.0).to_numpy()
            cell = self._cells(book, row["measure"], TOTAL, TOTAL)
            factors = len(people) * share * self._factors(people, row["basis"])
            key = ("within", row["since"], row["measure"], row["category"], row["basis"])
            found[key] = Number(
                ((cell(row["category"]), factors),), *(len(people) * (value + end) for end in (-near, near))
            )
        return found

    def _moves(self, book, people):
        """Organisations in two waves, by what became of an answer."""
        found = {}
        names = {name: pair for pair, name in TRANSITIONS.items()}
        rows = self.tables["transitions"]
        for row in rows[rows["n"].notna()].to_dict("records"):
            if self.wave.wave not in (row["wave"], row["since"]):
                continue
            earlier, later = names[row["transition"]]
            then, now = (earlier, later) if row["wave"] == self.wave.wave else (later, earlier)
            past, measure = past_of(self._other(row).wave, row), book.measure(row["measure"])
            question, base = book.question(measure.question), book.base(measure.base).where
            members = tuple(question.members(row["category"]))
            given = {question.id: Test(any=members) if now else Test(none=members)}
            was = {past: Test(any=("gave" if then else "not",))}
            key = ("moves", row["wave"], row["since"], row["measure"], row["category"], row["transition"])
            ones = self._factors(people, UNWEIGHTED)
            found[key] = Number(((Cell((base, given, was)), ones),), row["n"], row["n"])
            whole = {past: Test(any=("gave", "not"))}
            key = ("panel", row["wave"], row["since"], row["measure"], row["category"])
            found[key] = Number(((Cell((base, whole)), ones),), row["panel"], row["panel"])
        return found

    def _together(self, book, people):
        """What the covariance of a change says: how many gave the answer in both waves, and in each of them."""
        found, ones = {}, self._factors(people, UNWEIGHTED)
        for row in self._panels().to_dict("records"):
            if self.wave.wave not in (row["wave"], row["since"]):
                continue
            other, measure = self._other(row), book.measure(row["measure"])
            ours, theirs = ("after", "before") if row["wave"] == self.wave.wave else ("before", "after")
            question, wheres = (
                book.question(measure.question),
                (
                    book.base(measure.base).where,
                    book.group(row["break"], row["group"]).where,
                ),
            )
            given = {question.id: Test(any=tuple(question.members(row["category"])))}
            past = past_of(other.wave, row)
            was, whole = {past: Test(any=("gave",))}, {past: Test(any=("gave", "not"))}
            units = len({*people[ORGANISATION], *other.respondents[ORGANISATION]})
            scale = row["n_before"] * row["n_after"] * (units - 1) / units
            product = row["covariance"] * scale
            terms = [((*wheres, given, was), 1.0), ((*wheres, given, whole), -row[theirs])]
            terms += [((*wheres, was), -row[ours])]
            value = product - row[ours] * row[theirs] * row["n_both"]
            key = (row["wave"], row["since"], *(row[k] for k in KEYS))
            parts = tuple((Cell(where), factor * ones) for where, factor in terms)
            near = scale * _half_a_digit(row["covariance"], self.settings.share_digits) + 1e-4
            found["together", *key] = Number(parts, value - near, value + near)
            found["both", *key] = Number(((Cell((*wheres, whole)), ones),), row["n_both"], row["n_both"])
        return found


def _half_a_digit(number, digits):
    """How far a number in so many significant digits may be from what was rounded; from nil, nothing was."""
    return 0.0 if number == 0 else 0.5 * 10.0 ** (np.floor(np.log10(abs(number))) - digits + 1)


def _limits(attack, key, hidden):
    """What a number may be for all that is published."""
    number = attack.numbers[key]
    if attack.published(key, hidden):
        return number.low, number.high
    return (-np.inf, np.inf) if number.withheld_with else (0, np.inf)


def _steps(ends):
    """How many steps of one lie between the smallest and largest whole number seen."""
    return np.floor(ends[1] + 1e-4) - np.ceil(ends[0] - 1e-4)


def past_of(year, row):
    """The name of the question what was answered in another wave."""
    return f"in_{year}_{row['measure']}_{row['category']}"


def withheld(wave):
    """The keys of what a wave's estimates withhold: shares, and bases. Of nobody there is nothing to withhold."""
    rows = wave.estimates[wave.estimates["basis"].eq(UNWEIGHTED)]
    base_of = {m.id: m.base for m in wave.codebook.measures}
    shares = rows.loc[rows["count"].isna() & ~rows["n"].eq(0).fillna(False), KEYS].itertuples(index=False, name=None)
    bases = rows.loc[rows["n"].isna(), ["measure", "break", "group"]].itertuples(index=False, name=None)
    return {*shares, *((BASE, base_of[m], b, g) for m, b, g in bases)}


def nearness(rows, column, settings):
    """How far each number may be from what it was before it was rounded: exact, unless weighted and a round number.

    A share of some that would be rounded to none or all is a quarter of a step from it.
    """
    quarters = rows[column].astype(float) * 4 * 10**settings.share_digits
    coarse = rows["basis"].eq(WEIGHTED) & (quarters - quarters.round()).abs().lt(1e-8)
    return pd.Series(EXACT, index=rows.index).mask(coarse, 0.5 * 10**-settings.share_digits + EXACT)


def squares(mean, error, n, everyone):
    """The mean of squares that an unweighted mean and its error come to, and how near that is."""
    spread = error**2 * n * (everyone - 1) / everyone
    return spread + mean**2, 1e-6


def tables_of(waves, *, breaks, settings, released=True):
    """The tables of the tracker by name, as its notebook makes them; or as they were before anything is withheld.

    `settings` has the sections `analyse` and `disclose`.
    """
    analyse, disclose = settings.analyse, settings.disclose
    options = {"breaks": breaks, "settings": analyse}
    if released:
        options["linked"] = withhold.linked(disclose)
    tables = {"changes": change.changes(waves, **options)}
    tables["decomposition"] = decompose.decompose(waves, breaks=breaks)
    moves = transitions.transitions(waves, breaks=breaks)
    tables["transitions"] = moves.drop(columns="organisations")
    scored = track.with_scores(waves, maturity.score_grid, maturity.score_bounds, analyse)
    marked = track.with_scores(waves, maturity.mark_grid, maturity.mark_bounds, analyse)
    weighed = step_weights.robustness(waves)
    if released:
        tables["decomposition"] = withhold.parts(tables["decomposition"], waves)
        tables["transitions"] = withhold.moves(moves, waves, disclose)
        scored = withhold.means(scored, waves, parts_of=withhold.score_parts, settings=disclose)
        rest = {"parts_of": withhold.mark_parts, "settings": disclose, "errors_too": True}
        marked = withhold.means(marked, waves, **rest)
        weighed = withhold.weighed(weighed, track.stacked(marked), waves, disclose)
    tables |= {"net_scores": track.stacked(scored), "maturity": track.stacked(marked)}
    for name, of, ways in (
        ("net_score_changes", scored, {"compared": maturity.compare_scores, "laid_out": maturity.score_grid}),
        ("maturity_changes", marked, {"compared": maturity.compare_marks, "laid_out": maturity.mark_grid}),
    ):
        tables[name] = change.changes(of, **ways, **options)
    return tables | {"figures/maturity_weights": weighed}
