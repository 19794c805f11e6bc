"""Changes of published numbers are found to the last digit, have one name, a cause, and an acknowledgement each."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from made_estimates import changed, estimates_of
from small_project import small_params

from pipeline.acknowledge import cause_of, unacknowledged
from pipeline.acknowledge import main as acknowledge
from pipeline.codebook import TOTAL
from pipeline.findings import finding_clauses
from pipeline.named import check_entries
from pipeline.params import load_params
from pipeline.problems import InputProblem
from pipeline.provenance import stages_before
from pipeline.release import _stop_at_respondents, release
from pipeline.release import acknowledge as write_entry
from pipeline.revise import main as revise
from pipeline.revisions import (
    CHANGED,
    LOGGED,
    SUPPORTED,
    as_sources,
    as_table,
    causes,
    changed_numbers,
    check_entry,
    entry_text,
    published_numbers,
    read_entries,
    read_log,
    read_made_from,
    read_numbers,
    read_released,
    released_before,
    released_numbers,
    sources,
    unveiled,
    with_entries,
    with_support,
    without_withheld,
)
from pipeline.tables import write_table

NAME = "2020-0123abcd"
ENTRY = {"date": "2026-11-25", "by": "A. Analyst", "cause": "data; code", "changed": "a.csv", "why": "Late."}


@pytest.fixture(scope="module")
def estimates(small_codebook):
    return estimates_of(small_codebook)


def numbers_of(estimates, codebook, folder):
    """The published numbers as they are read from what `analyse` writes."""
    write_table(folder / "estimates.csv", estimates)
    write_table(folder / "key_findings_clauses.csv", finding_clauses(estimates, codebook, 0.95))
    return read_numbers(folder)


def test_every_estimate_and_every_sentence_is_a_published_number(estimates, small_codebook, tmp_path):
    now = numbers_of(estimates, small_codebook, tmp_path)
    assert len(now) == len(estimates) + 3 and now["number"].is_unique
    assert "shop/yes/kind/lib/weighted" in set(now["number"])
    assert now.loc[now["number"].eq("finding 1.2"), "sentence"].item().startswith("Museums have one ")


def test_a_change_in_the_last_digit_is_found_and_nothing_else_is(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    row = before[before["number"].eq("outlook/bright/total/total/weighted")]
    moved = changed(estimates, "outlook", "bright", basis="weighted", estimate=float(row["estimate"].item()) + 2e-12)
    found = changed_numbers(2020, before, numbers_of(moved, small_codebook, tmp_path))
    assert list(found.columns) == CHANGED
    assert found[["number", "column"]].values.tolist() == [["outlook/bright/total/total/weighted", "estimate"]]
    assert found["old"].item() == row["estimate"].item() != found["new"].item()


def test_a_sentence_that_reads_otherwise_is_a_revision(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    moved = changed(estimates, "shop", "yes", estimate=0.77)
    found = changed_numbers(2020, before, numbers_of(moved, small_codebook, tmp_path))
    assert set(found["column"]) == {"estimate", "sentence"}
    assert "finding 1.1" in set(found["number"]) and "77%" in found.loc[found["column"].eq("sentence"), "new"].item()


def test_a_base_or_an_error_that_changed_is_a_revision_where_it_was_put_on_record(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    now = numbers_of(changed(estimates, "shop", "yes", se=0.5, n_eff=3.0), small_codebook, tmp_path)
    assert set(changed_numbers(2020, before, now)["column"]) == {"se", "n_eff"}
    assert changed_numbers(2020, before.drop(columns=["n_weighted", "n_eff", "se", "deff"]), now).empty


def test_a_table_on_record_that_would_hold_less_than_it_seems_to_is_refused(estimates, small_codebook, tmp_path):
    now = numbers_of(estimates, small_codebook, tmp_path)
    faults = {
        "column number: the column is missing": now.rename(columns={"number": "nmber"}),
        "column estimate: the column is missing": now.drop(columns="estimate"),
        "column nse: there is no such column": now.rename(columns={"se": "nse"}),
        "row 3, column number: this number stands twice": now.iloc[[0, 0, 1]],
        "there are no rows below the header; restore": now.iloc[:0],
    }
    for said, table in faults.items():
        write_table(tmp_path / "numbers.csv", table)
        with pytest.raises(InputProblem, match=said):
            read_released(tmp_path)
    # What was released before bases and errors were put on record has none of them.
    write_table(tmp_path / "numbers.csv", now.drop(columns=["n_weighted", "n_eff", "se", "deff"]))
    assert len(read_released(tmp_path)) == len(now)


# ---- the hold cannot be taken away in silence


@pytest.fixture
def held(estimates, small_codebook, tmp_path):
    """The folder of a project with a released wave, one revision in the log, and nothing changed since."""
    project = tmp_path / "held"
    before = numbers_of(estimates, small_codebook, tmp_path)
    now = numbers_of(changed(estimates, "shop", "yes", estimate=0.77), small_codebook, project / "reports/2020")
    rows = changed_numbers(2020, before, now)
    name = rows["revision"].iloc[0]
    (project / "docs").mkdir()
    (project / "docs/revisions.md").write_text("# Revisions\n\n" + entry_text(name, **ENTRY), encoding="utf-8")
    write_table(project / "data/published/revisions.csv", with_entries(rows, {name: ENTRY}))
    write_table(project / "data/published/2020/numbers.csv", now)
    settings = (Path(__file__).parents[1] / "params.yaml").read_text(encoding="utf-8")
    (project / "params.yaml").write_text(small_params(settings), encoding="utf-8")
    revise(2020, project)
    acknowledge(project)
    return project


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(function, *given):
    with pytest.raises(InputProblem) as problem:
        function(*given)
    return str(problem.value)


def test_a_log_that_lost_its_rows_is_missed_by_the_entries(held):
    log = held / "data/published/revisions.csv"
    log.write_text(log.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    published = (held / "reports/revisions.csv").read_bytes()
    said = refusal(acknowledge, held)
    assert (held / "reports/revisions.csv").read_bytes() == published
    assert "docs/revisions.md: neither data/published/revisions.csv nor this run has the revision of this entry" in said
    assert "restore the log from git" in said


def test_an_entry_of_changes_of_this_run_is_known(held):
    edit(held / "reports/2020/estimates.csv", ",0.77,", ",0.78,")
    revise(2020, held)
    name = read_log(held / "reports/revisions/2020.csv", CHANGED)["revision"].iloc[0]
    with (held / "docs/revisions.md").open("a", encoding="utf-8") as file:
        file.write("\n" + entry_text(name, **ENTRY))
    acknowledge(held)
    edit(held / "reports/2020/estimates.csv", ",0.78,", ",0.77,")
    revise(2020, held)
    assert f"found {name!r}" in refusal(acknowledge, held)


def test_an_entry_of_a_wave_of_another_survey_holds_nothing(held):
    """Who takes these documents over for a survey of other years has entries of years that nothing here lists."""
    with (held / "docs/revisions.md").open("a", encoding="utf-8") as file:
        file.write("\n" + entry_text("1999-12345678", **ENTRY))
    acknowledge(held)


def test_a_wave_that_the_log_names_has_its_numbers_on_record(held):
    shutil.rmtree(held / "data/published/2020")
    for command in (lambda: revise(2020, held), lambda: acknowledge(held)):
        assert "numbers.csv: this wave was released, and its numbers on record are gone; restore" in refusal(command)


def test_a_wave_that_was_never_revised_has_its_numbers_on_record(held):
    write_table(held / "data/published/2021/made_from.csv", pd.DataFrame({"kind": [], "name": [], "value": []}))
    assert "its numbers on record are gone" in refusal(released_numbers, held, 2021)
    assert released_numbers(held, 2022) is None


def test_numbers_on_record_whose_rows_are_gone_are_missed(held):
    folder = held / "data/published/2020"
    numbers = read_released(folder)
    write_table(folder / "made_from.csv", as_table({}, len(numbers)))
    assert released_numbers(held, 2020).equals(numbers)
    write_table(folder / "numbers.csv", numbers.iloc[1:])
    said = refusal(revise, 2020, held)
    assert "numbers.csv: there are not as many numbers as were released; found " in said
    assert said.endswith(f"found {len(numbers) - 1}; allowed: {len(numbers)}; restore the file from git.")
    more = pd.concat([numbers, numbers.iloc[:1].assign(number="one more")])
    write_table(folder / "numbers.csv", more)
    assert f"found {len(numbers) + 1}; allowed: {len(numbers)}" in refusal(revise, 2020, held)
    write_table(folder / "numbers.csv", numbers.iloc[1:])
    # A release of before they were counted says nothing of it.
    write_table(folder / "made_from.csv", as_table({}, 0).iloc[:0])
    assert len(released_numbers(held, 2020)) == len(numbers) - 1


@pytest.mark.parametrize("columns", [["kind", "name"], ["kind", "name", "value", "more"], ["kind", "nme", "value"]])
def test_what_numbers_were_made_from_with_other_columns_is_refused(tmp_path, columns):
    write_table(tmp_path / "made_from.csv", pd.DataFrame([columns], columns=columns))
    said = refusal(read_made_from, tmp_path)
    assert "made_from.csv: its columns are not those of this table; found 'kind, n" in said
    assert said.endswith("allowed: kind, name, value; restore the file from git.")


def test_a_released_wave_that_is_taken_off_the_list_stops_the_run(held):
    edit(held / "params.yaml", "all: [2020]", "all: [2021]")
    said = refusal(acknowledge, held)
    assert "data/published/2020: this wave was released, and waves.all in params.yaml does not list it" in said
    assert "retired by saying so in the title of its codebook" in said
    shutil.rmtree(held / "data/published/2020")
    assert "waves.all in params.yaml does not list it" in refusal(acknowledge, held)


def test_what_is_no_year_has_no_numbers_on_record(held):
    (held / "data/published/.hidden").mkdir()
    acknowledge(held)
    (held / "data/published/old").mkdir()
    assert "is of the year of a wave; found 'old'" in refusal(acknowledge, held)


def test_a_released_wave_that_no_run_has_compared_stops_the_run(held):
    (held / "reports/revisions/2020.csv").unlink()
    assert "no run has listed which of its numbers changed; run dvc repro" in refusal(acknowledge, held)


@pytest.mark.parametrize(("old", "new"), [("number,column", "nmber,column"), (",by\n", ",by,more\n")])
def test_a_log_with_other_columns_is_refused(held, old, new):
    edit(held / "data/published/revisions.csv", old, new)
    assert "its columns are not those of this table" in refusal(acknowledge, held)


def test_a_row_of_the_log_with_a_cell_too_many_is_refused(held):
    edit(held / "data/published/revisions.csv", ",A. Analyst\n", ",A. Analyst,\n")
    assert "row 2: it has more cells than the header has columns" in refusal(acknowledge, held)


def test_a_released_revision_that_lost_its_entry_stops_the_run(held):
    (held / "docs/revisions.md").write_text("# Revisions\n", encoding="utf-8")
    name = read_log(held / "data/published/revisions.csv")["revision"].iloc[0]
    said = refusal(acknowledge, held)
    assert said == f"docs/revisions.md: a revision that was released has lost its entry; found {name!r}."


def test_what_is_acknowledged_already_is_not_acknowledged_again(held, capsys):
    path = held / "docs/revisions.md"
    [name] = read_entries(path)
    before = path.read_bytes()
    write_entry(name, by="B. Other", why="Once more.", date="2026-11-26", project=held)
    assert path.read_bytes() == before and f"{name} is acknowledged already" in capsys.readouterr().out
    said = refusal(lambda: write_entry("2020-00000000", by="B", why="A slip.", date="", project=held))
    assert said.startswith("there is no such revision; found '2020-00000000'; allowed: none waits")


def test_a_document_in_another_encoding_is_refused(held):
    with (held / "docs/revisions.md").open("ab") as file:
        file.write(b"\xff")
    assert "docs/revisions.md: not UTF-8 text at byte " in refusal(acknowledge, held)


def test_what_is_gone_is_withdrawn_and_what_is_new_is_no_revision(estimates, small_codebook, tmp_path):
    now = numbers_of(estimates, small_codebook, tmp_path)
    found = changed_numbers(2020, now, now[now["number"].ne("shop/yes/total/total/unweighted")])
    assert set(found["number"]) == {"shop/yes/total/total/unweighted"} and set(found["new"]) == {"withdrawn"}
    # Of a cell in which nothing stood nothing is withdrawn.
    assert found["old"].ne("").all() and "low" not in set(found["column"])
    assert changed_numbers(2020, now.iloc[5:], now).empty


def test_nothing_changes_what_was_never_released(estimates, small_codebook, tmp_path):
    now = numbers_of(estimates, small_codebook, tmp_path)
    assert read_released(tmp_path) is None
    assert changed_numbers(2020, None, now).empty
    write_table(tmp_path / "numbers.csv", now)
    assert changed_numbers(2020, read_released(tmp_path), now).empty


def test_the_same_change_made_once_more_has_a_name_of_its_own(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    now = numbers_of(changed(estimates, "shop", "yes", estimate=0.77), small_codebook, tmp_path)
    names = []
    for _ in range(3):
        [name] = changed_numbers(2020, before, now, taken=names)["revision"].unique()
        names.append(name)
    assert len(set(names)) == 3 and all(re.fullmatch(r"2020-[0-9a-f]{8}", name) for name in names)
    assert changed_numbers(2020, before, now)["revision"].iloc[0] == names[0]


def test_other_changes_have_another_name(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    names = set()
    for share in (0.5, 0.5, 0.51):
        moved = changed(estimates, "outlook", "steady", estimate=share)
        names |= set(changed_numbers(2020, before, numbers_of(moved, small_codebook, tmp_path))["revision"])
    assert len(names) == 2 and all(name.startswith("2020-") for name in names)


# ---- what is withheld since


KEY = ("outlook", "bright", "kind", "lib")
CLAUSE_KEY = ("shop", "yes")
HIDDEN = dict.fromkeys(("count", "estimate", "se", "ci_low", "ci_high", "deff"), None) | {"quality": "withheld"}


def test_a_revision_does_not_print_what_it_withholds(estimates, small_codebook, tmp_path):
    before = numbers_of(estimates, small_codebook, tmp_path)
    moved = changed(changed(estimates, *KEY, **HIDDEN, n=99), *CLAUSE_KEY, **HIDDEN)
    moved = changed(moved, "outlook", "steady", estimate=0.5)
    found = changed_numbers(2020, before, numbers_of(moved, small_codebook, tmp_path))
    gone = found["number"].str.startswith(("outlook/bright/kind/lib/", "shop/yes/total/total/", "finding 1.1"))
    assert set(found.loc[gone, "column"]) >= {"n", "count", "estimate", "ci_low", "quality", "sentence"}
    assert found.loc[gone, "old"].eq("").all() and found.loc[~gone, "old"].ne("").all() and (~gone).any()


def test_what_was_withheld_and_is_printed_now_is_told_apart(estimates, small_codebook, tmp_path):
    """Beside the edition before it may give an organisation away; what is withheld anew or moved may not."""
    start = changed(changed(estimates, *KEY, **HIDDEN), *CLAUSE_KEY, **HIDDEN)
    before = numbers_of(start, small_codebook, tmp_path)
    later = changed(changed(estimates, "outlook", "steady", **HIDDEN), "outlook", "bleak", estimate=0.5)
    now = numbers_of(later, small_codebook, tmp_path)
    rows = changed_numbers(2020, before, now)
    both = ("unweighted", "weighted")
    printed = [f"{'/'.join(key)}/{basis}" for key in (("shop", "yes", TOTAL, TOTAL), KEY) for basis in both]
    assert set(unveiled(rows)) == {*printed, "finding 1.1"}
    back = unveiled(changed_numbers(2020, now, before))
    assert set(back) == {f"outlook/steady/{TOTAL}/{TOTAL}/{basis}" for basis in both}
    assert f"{len(printed) + 1} of which had been withheld (the first is " in str(
        unacknowledged(with_entries(rows, {}))
    )


@pytest.fixture
def framed(held):
    path = held / "data/raw/2020/frame.csv"
    path.parent.mkdir(parents=True)
    path.write_text(
        "organisation,organisation_name,contact_name\nLIB-007,The Old Library,Ann Example\nMUS/3,,\n7,7,\n"
        "LIB-008,Peabody,\nLIB-009,Cymdeithas Tai y Gogledd,\nLIB-010,Borough Council of Testshire 2,\nLIB-011,Data,\n",
        encoding="utf-8",
    )
    return held


@pytest.mark.parametrize(
    ("why", "found"),
    [
        ("One answer of LIB-007 was keyed wrongly.", "lib-007"),
        ("One answer of Lib-007, a library.", "lib-007"),
        ("One answer (mus/3) was keyed wrongly.", "mus/3"),
        ("The old library's answer was keyed wrongly.", "The old library"),
        ("An answer of Library, The Old.", "An answer of [contact detail]."),
        ("Two answers, Cymdeithas Tai y Gogledd's too.", "Cymdeithas Tai y Gogledd"),
        ("Borough council of Testshire 2 had two.", "Borough council of Testshire 2"),
        ("Example, Ann said so.", "[contact detail] said so."),
        ("Write to somebody@example.org.", "Write to [contact detail]"),
    ],
)
def test_a_reason_that_names_a_respondent_is_refused(framed, why, found):
    """It would stand beside the numbers of before and after, which differ by that respondent's answer."""
    said = refusal(_stop_at_respondents, {"why": why, "by": "A. Analyst"}, framed, "2020")
    assert said == (
        "--why would be published beside the numbers, and names an organisation or a contact of 2020; "
        f"found {found!r}; say what was corrected, and not whose answer it was."
    )


def test_who_stands_for_a_reason_is_told_by_no_id_and_no_address(framed):
    for by, found in (("A. Analyst, for LIB-007", "lib-007"), ("a@example.org", "[contact detail]")):
        said = refusal(_stop_at_respondents, {"why": "A slip.", "by": by}, framed, "2020")
        assert said.startswith("--by would be published beside the numbers, and names") and f"found {found!r}" in said


def test_a_name_of_one_word_is_refused_in_any_sense(framed):
    for why, found in (("Peabody had been entered as yes.", "Peabody"), ("Late data.", "data")):
        said = refusal(_stop_at_respondents, {"why": why, "by": "A. Peabody"}, framed, "2020")
        assert f"; found {found!r}; say what was corrected, and not whose answer it was; a word that" in said


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"why": "Peabody had been entered as yes."}, "Peabody"),
        ({"why": "An answer of the\n  Old Library was late."}, "the Old Library"),
        ({"why": "Late.\n\nIt was lib-007's.\n\n### Note"}, "lib-007"),
        ({"why": "Late.\n\n### Peabody"}, "Peabody"),
        ({"by": "A. Analyst, for LIB-007"}, "lib-007"),
        ({"by": "A. Analyst, a@example.org"}, "A. Analyst, [contact detail]"),
        ({"changed": "data/raw/2020/interviews.csv (Peabody)"}, "Peabody"),
        ({"changed": "the answer of Ann Example"}, "the answer of [contact detail]"),
    ],
)
def test_an_entry_that_was_written_by_hand_is_held_against_the_frame(framed, change, found):
    """By commands: the stage does not read the frame."""
    path, text = framed / "docs/revisions.md", entry_text("2020-0123abcd", **(ENTRY | change))
    path.write_text("# Peabody's\n\n" + entry_text("1999-0123abcd", **(ENTRY | {"why": "LIB-007"})) + text)
    said = refusal(release, 2020, framed)
    assert said.startswith(
        f"{path}, row 10: the entry would be published beside the numbers, and names an organisation or a contact of "
        f"2020; found {found!r}; say what was corrected"
    )


def test_an_entry_that_names_nobody_or_of_which_no_frame_is_here_goes_through(framed):
    path, waves = framed / "docs/revisions.md", load_params(framed / "params.yaml").waves
    # What the command itself writes of a change, and a name that whoever stands for it shares.
    entry = ENTRY | {"changed": "data/raw/data.csv; data.seed from 123456789 to 2 (new)", "by": "Ann Example"}
    path.write_text(entry_text("2020-0123abcd", **entry))
    check_entries(path, framed / "data/raw", waves)
    path.write_text(entry_text("2020-0123abcd", **(ENTRY | {"why": "Peabody."})))
    check_entries(path, framed / "data/raw", waves.model_copy(update={"reconstruction": (2020,)}))
    (framed / "data/raw/2020/frame.csv").unlink()
    check_entries(path, framed / "data/raw", waves)


def test_a_reason_that_names_nobody_is_taken(framed):
    entry = {"why": "An answer to question 7 of 2020 was keyed wrongly (LIB-0071 is no id).", "by": "Ann Example"}
    _stop_at_respondents(entry, framed, "2020")
    (framed / "data/raw/2020/frame.csv").unlink()
    _stop_at_respondents(entry | {"why": "LIB-007"}, framed, "2020")


def test_the_name_of_a_revision_does_not_give_away_what_is_withheld(estimates, small_codebook, tmp_path):
    now = numbers_of(changed(estimates, *KEY, **HIDDEN), small_codebook, tmp_path)
    names = set()
    for count in (12, 13):
        before = numbers_of(changed(estimates, *KEY, count=count), small_codebook, tmp_path)
        names |= set(changed_numbers(2020, before, now)["revision"])
    assert len(names) == 1


def test_what_a_printed_report_said_stays_in_the_log(estimates, small_codebook, tmp_path):
    printed = estimates.assign(support="published")
    before = numbers_of(printed, small_codebook, tmp_path)
    found = changed_numbers(2020, before, numbers_of(changed(printed, *KEY, **HIDDEN), small_codebook, tmp_path))
    assert "quality" in set(found["column"]) and found["old"].ne("").all()


def test_revisions_before_do_not_tell_what_a_later_one_withholds(estimates, small_codebook, tmp_path):
    first = numbers_of(estimates, small_codebook, tmp_path)
    second = numbers_of(changed(estimates, *KEY, count=41, estimate=0.41), small_codebook, tmp_path)
    third = numbers_of(changed(estimates, *KEY, **HIDDEN), small_codebook, tmp_path)
    log = pd.concat([changed_numbers(2020, first, second), changed_numbers(2020, second, third)], ignore_index=True)
    assert log["new"].eq("41").any()
    kept = without_withheld(log)
    earlier = kept["revision"].eq(kept["revision"].iloc[0])
    assert kept.loc[earlier, ["old", "new"]].eq("").all(axis=None)
    assert kept[~earlier].equals(log[~earlier]) and kept.drop(columns=["old", "new"]).equals(
        log[kept.columns.difference(["old", "new"], sort=False)]
    )
    other = log.assign(wave=log["wave"].mask(earlier, "2019"))
    assert without_withheld(other).equals(other)


def test_a_sentence_that_is_withheld_since_is_told_by_no_revision_before(estimates, small_codebook, tmp_path):
    shares = (estimates, changed(estimates, *CLAUSE_KEY, estimate=0.77), changed(estimates, *CLAUSE_KEY, **HIDDEN))
    first, second, third = (numbers_of(table, small_codebook, tmp_path) for table in shares)
    log = pd.concat([changed_numbers(2020, first, second), changed_numbers(2020, second, third)], ignore_index=True)
    assert log["new"].str.contains("77%").any()
    kept = without_withheld(log)
    assert not kept[["old", "new"]].apply(lambda c: c.str.contains("77%|0.77")).any(axis=None)
    assert kept.loc[kept["number"].eq("finding 1.1"), "new"].iloc[-1].startswith("Withheld, since ")


def test_what_was_withheld_and_is_gone_is_not_printed(estimates, small_codebook, tmp_path):
    before = numbers_of(changed(estimates, *KEY, **HIDDEN), small_codebook, tmp_path)
    left = before[~before["number"].str.startswith("/".join(KEY))]
    rows = changed_numbers(2020, before, left)
    assert set(rows["new"]) == {"withdrawn"} and unveiled(rows) == []


def test_each_value_of_the_log_says_how_far_it_was_evidence_then(estimates, small_codebook, tmp_path):
    """A support that a later revision changed is told as it was before, though only the last release has it whole."""
    address = "shop/yes/total/total/unweighted"
    before = numbers_of(changed(estimates, "shop", "yes", support="published"), small_codebook, tmp_path)
    moved = changed(estimates, "shop", "yes", support="published", basis="unweighted", estimate=0.77)
    second = numbers_of(moved, small_codebook, tmp_path)
    third = numbers_of(changed(moved, "shop", "yes", support="bounded", low=0.7, high=0.8), small_codebook, tmp_path)
    last = third[third["number"].ne(address)]
    steps = [(before, second), (second, third), (third, last)]
    log = pd.concat([with_entries(changed_numbers(2020, *step), {}) for step in steps], ignore_index=True)
    told = with_support(log, {"2020": third})
    ours = told[told["number"].eq(address)].drop_duplicates("revision")
    supports = ours[["old_support", "new_support"]].values.tolist()
    assert supports == [["published", "published"], ["published", "bounded"], ["bounded", "withdrawn"]]
    assert list(told.columns) == SUPPORTED and told[LOGGED].equals(log)
    # Bounds where there were none are nothing withheld, and no share of before goes for them.
    assert log.loc[log["column"].eq("low"), "old"].eq("").any() and without_withheld(log).equals(log)
    sentences = told[told["number"].str.startswith("finding")]
    assert len(sentences) and sentences[["old_support", "new_support"]].eq("").all(axis=None)


# ---- causes

LOCK = {
    "clean@1": {
        "deps": [{"path": "data/raw/a.csv", "md5": "aa"}, {"path": "pipeline/clean.py", "md5": "bb"}],
        "params": {"params.yaml": {"clean": {"partial_from": 0.5}}},
        "outs": [{"path": "data/clean/a.csv", "md5": "cc"}],
    },
    "analyse@1": {
        "deps": [{"path": "data/clean/a.csv", "md5": "cc"}, {"path": "notebooks/analyse.ipynb", "md5": "dd"}],
        "params": {"params.yaml": {"analyse": {"trim": {"upper": None}, "x": [1, 2]}}},
        "outs": [{"path": "reports/1/estimates.csv", "md5": "ee"}],
    },
    "other@2": {"deps": [{"path": "data/raw/b.csv", "md5": "ff"}], "outs": []},
}


def test_sources_are_what_no_stage_wrote_and_of_no_other_wave():
    found = sources(LOCK, stages_before(LOCK, "analyse@1"))
    assert set(found) == {
        ("data", "data/raw/a.csv"),
        ("code", "pipeline/clean.py"),
        ("code", "notebooks/analyse.ipynb"),
        ("parameter", "clean.partial_from"),
        ("parameter", "analyse.trim.upper"),
        ("parameter", "analyse.x"),
    }
    assert as_sources(as_table(found, 7)) == found


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (("data", "data/raw/a.csv"), "zz", ("data", "data/raw/a.csv")),
        (("code", "pipeline/clean.py"), "zz", ("code", "pipeline/clean.py")),
        (("parameter", "analyse.trim.upper"), "2", ("parameter", "analyse.trim.upper from null to 2")),
        (("code", "pipeline/new.py"), "zz", ("code", "pipeline/new.py (new)")),
    ],
)
def test_a_cause_is_named(key, value, told):
    before = sources(LOCK, stages_before(LOCK, "analyse@1"))
    assert causes(before, before | {key: value}) == told


def test_several_causes_are_all_named_and_none_is_unknown():
    before = sources(LOCK, stages_before(LOCK, "analyse@1"))
    both = before | {("code", "pipeline/clean.py"): "zz", ("data", "data/raw/a.csv"): "zz"}
    assert causes(before, both) == ("data; code", "pipeline/clean.py; data/raw/a.csv")
    assert causes(before, before)[0] == "unknown"


# What DVC records once the interviews of a wave that was rebuilt are there: the rebuilding's entry stays.
RECORD = """\
schema: '2.0'
stages:
  rebuild@2020:
    cmd: x
    deps: [{path: data/codebook/2020.yaml, md5: aa}]
    outs: [{path: data/raw/2020/interviews.csv, md5: bb}]
  analyse@2020:
    cmd: y
    deps: [{path: data/raw/2020/interviews.csv, md5: bb}]
    outs: [{path: reports/2020/estimates.csv, md5: cc}]
"""
GRAPH = "stages: {rebuild: {foreach: '${waves.reconstruction}'}, analyse: {foreach: '${waves.all}'}}"


@pytest.mark.parametrize(
    ("rebuilt_now", "read_now", "told"),
    [
        ("", "dd", ("data", "data/raw/2020/interviews.csv")),
        ("2020", "bb", ("unknown", "no source of it: a result was changed by hand")),
    ],
)
def test_interviews_are_the_cause_once_no_stage_makes_them(
    estimates, small_codebook, tmp_path, rebuilt_now, read_now, told
):
    report, released = tmp_path / "reports/2020", tmp_path / "data/published/2020"
    for folder in (report, released):
        folder.mkdir(parents=True)
    write_table(released / "numbers.csv", numbers_of(estimates, small_codebook, report))
    (tmp_path / "dvc.yaml").write_text(GRAPH)
    settings = tmp_path / "params.yaml"
    settings.write_text(f"waves: {{all: [2020], reconstruction: [{rebuilt_now}]}}")
    (tmp_path / "dvc.lock").write_text(RECORD)
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "All"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    before, _, after = RECORD.rpartition("md5: bb")
    (tmp_path / "dvc.lock").write_text(f"{before}md5: {read_now}{after}")
    assert cause_of(tmp_path, 2020) == told


# ---- acknowledgements


@pytest.fixture
def document(tmp_path):
    def written(*entries):
        path = tmp_path / "revisions.md"
        path.write_text("\n".join(["# Revisions", "", "    ## 2020-00000000", "", *entries]), encoding="utf-8")
        return path

    return written


def test_an_entry_is_read_as_it_is_written(document):
    assert read_entries(document(entry_text(NAME, **ENTRY))) == {NAME: ENTRY}
    assert read_entries(document()) == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"by": "\u200b \u2061\u3164"}, "row 5: the entry has no field By; allowed: Date, By, Cause, Changed, Why."),
        ({"why": "<!-- later -->"}, "row 5: the entry has no field Why; allowed: Date, By, Cause, Changed, Why."),
        ({"why": "Late.\n- Why: Early."}, "row 12, column Why: the entry has this field already; found 'Early.'; keep"),
        ({"by": ""}, "row 5: the entry has no field By; allowed: Date, By, Cause, Changed, Why."),
        ({"date": "yesterday"}, "row 5, column Date: not a date; found 'yesterday'; allowed: YYYY-MM-DD."),
        ({"date": "2026-13-45"}, "row 5, column Date: not a date; found '2026-13-45'; allowed: YYYY-MM-DD."),
        ({"date": "2026-02-29"}, "row 5, column Date: not a date; found '2026-02-29'; allowed: YYYY-MM-DD."),
        ({"date": "20260131"}, "row 5, column Date: not a date; found '20260131'; allowed: YYYY-MM-DD."),
        (
            {"cause": "data; bad luck"},
            "row 5, column Cause: not a cause; found 'data; bad luck'; allowed: data, code, ",
        ),
        ({"cause": "bad luck"}, "row 5, column Cause: not a cause; found 'bad luck'; allowed: data, code, "),
    ],
)
def test_an_entry_that_says_too_little_is_refused(document, change, said):
    with pytest.raises(InputProblem) as problem:
        read_entries(document(entry_text(NAME, **(ENTRY | change))))
    assert said in str(problem.value)


@pytest.mark.parametrize("name", ["7-0123abcd", "999-0123abcd"])
def test_an_entry_of_an_early_year_is_read(document, name):
    assert read_entries(document(entry_text(name, **ENTRY))) == {name: ENTRY}


@pytest.mark.parametrize(
    "heading", ["### {}", "##{}", "## {}:", "## Revision {}", NAME.replace("-", "\u2013").join(("## ", ""))]
)
def test_a_heading_that_is_meant_for_an_entry_and_is_none_is_refused(document, heading):
    """The run would say that nobody acknowledged what somebody believes to have acknowledged."""
    text = entry_text(NAME, **ENTRY).replace(f"## {NAME}", heading.format(NAME))
    with pytest.raises(InputProblem, match=rf"row 5: a heading .* that is none of an entry; .* write it as ## {NAME}"):
        read_entries(document(text))


@pytest.mark.parametrize(
    ("before", "after"),
    [("<!--", "-->"), ("<!--", ""), ("```", "```"), ("~~~~ text", "~~~\n~~~~"), ("```", "")],
    ids=["comment", "open comment", "block", "other block", "open block"],
)
def test_an_entry_that_no_reader_sees_acknowledges_nothing(document, before, after):
    with pytest.raises(InputProblem, match=r"row 6: an entry in a comment or a block of code acknowledges nothing; "):
        read_entries(document(before, entry_text(NAME, **ENTRY), after))


@pytest.mark.parametrize("above", ["~~~~\n~~~", "```\n~~~", "```\n``` text", "<!-- one\n<!-- two"])
def test_a_block_or_a_comment_goes_on_until_its_own_end(document, above):
    """As whoever shows the document takes it: no shorter or other fence ends a block, nor one with words behind it."""
    with pytest.raises(InputProblem, match="an entry in a comment or a block of code acknowledges nothing; "):
        read_entries(document(above, entry_text(NAME, **ENTRY)))


def test_an_entry_that_would_hide_what_stands_below_is_not_written():
    with pytest.raises(InputProblem, match="column Why: a comment that does not end hides what stands below; found"):
        check_entry(ENTRY | {"why": "Late <!-- two of them"}, "revisions.md")


def test_an_entry_below_a_comment_and_a_block_of_code_is_read(document):
    above = ("<!-- The newest", "comes last. -->", "```", "tracker release 2014  # <!--", "```", "<!-- -->")
    above += ("<!--", "```", "-->")  # no block begins in a comment
    assert read_entries(document(*above, entry_text(NAME, **ENTRY))) == {NAME: ENTRY}


def test_an_entry_twice_is_refused(document):
    with pytest.raises(InputProblem, match="this revision has an entry already"):
        read_entries(document(entry_text(NAME, **ENTRY), entry_text(NAME, **ENTRY)))


def test_only_the_changes_that_an_entry_names_are_acknowledged():
    rows = pd.DataFrame(
        [[NAME, "2020", "a", "n", "1", "2"], ["2020-ffffffff", "2020", "b", "n", "1", "3"]], columns=CHANGED
    )
    told = with_entries(rows, {NAME: ENTRY})
    assert list(told.columns) == LOGGED
    assert told["acknowledged"].tolist() == ["2026-11-25", ""]
    assert told["cause"].tolist() == ["data; code", ""]


def test_the_sentence_that_asks_for_a_reason_names_the_first_revision_and_counts_the_others():
    rows = [[NAME, "2020", number, "n", "1", "2"] for number in ("a", "b")]
    rows.append(["2020-ffffffff", "2020", "c", "n", "1", "3"])
    modules = "; ".join(f"pipeline/m{i}.py" for i in range(40))
    waiting = with_entries(pd.DataFrame(rows, columns=CHANGED), {}).assign(cause="code", changed=modules)
    said = str(unacknowledged(waiting))
    assert "2 published numbers of 2020 changed, because of code (pipeline/m0.py; pipeline/m1.py; " in said
    assert " and more), and nobody has acknowledged it (1 more revisions wait); " in said and "m39" not in said
    assert f"tracker acknowledge {NAME} --by NAME --why REASON" in said
    one = str(unacknowledged(waiting.iloc[:2].assign(changed="pipeline/m0.py")))
    assert "(pipeline/m0.py), and nobody has acknowledged it; " in one


def test_published_numbers_are_text(estimates, small_codebook):
    clauses = finding_clauses(estimates, small_codebook, 0.95).astype("string")
    assert (published_numbers(estimates.astype("string"), clauses).dtypes == "string").all()


def test_the_names_of_released_revisions_are_those_of_the_wave(tmp_path):
    log = pd.DataFrame([["2020-00000001", "2020"], ["2020-00000001", "2020"], ["2021-00000002", "2021"]])
    log = log.set_axis(["revision", "wave"], axis=1).reindex(columns=LOGGED).fillna("")
    write_table(tmp_path / "data/published/revisions.csv", log)
    assert list(released_before(tmp_path, 2020)) == ["2020-00000001"]
