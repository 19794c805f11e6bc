"""What is said of a published number is true of the records, and nothing is said that they do not bear out."""

import json
import subprocess

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from made_estimates import changed
from made_weights import weigh_all

from pipeline.addresses import Key
from pipeline.codebook import TOTAL, Clause
from pipeline.estimate import BOUNDS, KEYS, estimate
from pipeline.explain import ask_words, claims_of, explain_estimate, explain_finding, plain_number, records_at
from pipeline.explain_command import _full, _wave_meant, explained
from pipeline.findings import finding_clauses
from pipeline.params import Analyse, Waves
from pipeline.printing import per_cent
from pipeline.problems import InputProblem
from pipeline.provenance import (
    commit_of,
    is_recorded,
    read_lock,
    stage_hash,
    stage_names,
    stage_of,
    stages_before,
    writing_cell,
)
from pipeline.respondents import gave, select
from pipeline.revisions import sources
from pipeline.verify import stages_of
from pipeline.wording import condition_words

SETTINGS = Analyse(confidence=0.95, flag_below=5, withhold_below=3)


@pytest.fixture(scope="module")
def wave(small_codebook, make_respondents):
    """A wave of weighted records (weights differ from cell to cell) and their estimates."""
    cells = pd.DataFrame(
        {
            "cell": ["lib_few", "lib_many", "mus_few", "mus_middle", "mus_many"],
            "label": list("abcde"),
            "sector": ["lib"] * 2 + ["mus"] * 3,
            "total": [90.0, 40.0, 300.0, 75.0, 64.0],
        }
    )
    answered = make_respondents(small_codebook, rows=90, seed=3)
    approached = answered[["organisation", "kind", "scale"]].assign(group="I", contacts=1)
    rows = weigh_all(answered, small_codebook, cells=cells, approached=approached).rows
    return rows, estimate(rows, codebook=small_codebook, settings=SETTINGS)


def explain(key, codebook, wave, **changes):
    rows, table = wave
    return explain_estimate(
        key, **{"codebook": codebook, "estimates": table, "claims": [], "respondents": rows} | changes
    )


def test_every_share_is_the_weights_of_those_who_gave_the_answer_over_the_weights_of_the_base(small_codebook, wave):
    rows, table = wave
    assert rows["weight"].nunique() > 3
    shown = 0
    for row in table.to_dict("records"):
        key = Key(row["measure"], row["category"], row["break"], row["group"], row["basis"])
        facts = explain(key, small_codebook, wave)
        if "withheld" in facts:
            assert row["quality"] == "withheld" and "records" not in facts and facts["estimate"] is None
            continue
        weights = rows.set_index("organisation")["weight"]
        each = weights if row["basis"] == "weighted" else weights * 0 + 1
        of_answer, of_others = each[facts["records"]].sum(), each[facts["other_records"]].sum()
        if not facts["n"]:
            assert (facts["records"], facts["other_records"], facts["share"]) == ([], [], None)
            continue
        assert of_answer / (of_answer + of_others) == pytest.approx(row["estimate"], abs=1e-9)
        assert len(facts["records"]) == row["count"] and len(facts["records"]) + len(facts["other_records"]) == row["n"]
        shown += 1
    assert shown > 200


def test_the_records_are_those_of_base_group_and_answer(small_codebook, wave):
    rows, _ = wave
    facts = explain(Key("goods", "books", "kind", "mus"), small_codebook, wave)
    museums_with_a_shop = select(rows, small_codebook.group("kind", "mus").where)
    museums_with_a_shop &= rows["shop"].eq("yes")
    expected = rows[museums_with_a_shop & gave(rows, small_codebook.question("goods"), "books")]
    assert facts["records"] == list(expected["organisation"])
    assert (facts["base"], facts["base_condition"]) == ("Houses with a shop", "Shop is 'Yes'")
    assert (facts["group"], facts["group_condition"]) == ("Kind of house: Museum", "Kind of house is 'Museum'")


def test_records_of_another_run_stop_it(small_codebook, wave):
    rows, _ = wave
    others = rows.assign(weight=rows["weight"].where(rows["shop"].eq("yes"), 1.0))
    with pytest.raises(InputProblem, match="do not give the published share of shop/yes/total/total/weighted"):
        explain(Key("shop", "yes", basis="weighted"), small_codebook, wave, respondents=others)


@pytest.mark.parametrize("there", [True, False])
def test_a_base_that_is_withheld_is_said_to_be(small_codebook, wave, there):
    rows, table = wave
    key = Key("goods", "books", "kind", "mus")
    ours = (table[["measure", "break", "group"]] == ["goods", "kind", "mus"]).all(axis=1)
    blank = {c: table[c].mask(ours) for c in ("estimate", "se", "ci_low", "ci_high", "deff", "n_weighted", "n_eff")}
    blank |= {c: table[c].astype("Int64").mask(ours) for c in ("n", "count")}
    protected = table.assign(quality=table["quality"].mask(ours, "withheld"), **blank)
    facts = explain(key, small_codebook, (rows, protected), respondents=rows if there else None)
    assert (facts["n"], facts["n_printed"], facts["count"], facts["state"]) == (None, "withheld", None, "withheld")
    assert ("withheld" in facts) == there and "records" not in facts
    json.dumps(facts)


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_shares_as_coarse_as_the_settings_have_them_are_those_of_the_records(small_codebook, wave, digits):
    rows, table = wave
    coarse = table.assign(estimate=table["estimate"].round(digits))
    weighted = table[table["basis"].eq("weighted") & table["break"].eq("kind") & table["n"].gt(0)]
    apart = 0
    for row in weighted[weighted["quality"].ne("withheld")].to_dict("records"):
        key = Key(row["measure"], row["category"], row["break"], row["group"], "weighted")
        facts = explain(key, small_codebook, (rows, coarse), share_digits=digits)
        assert abs(facts["share"] - facts["estimate"]) <= 0.5 * 10**-digits + 1e-9
        apart += facts["share"] != facts["estimate"]
    assert apart > 20
    off = coarse.assign(estimate=coarse["estimate"] + 10.0**-digits)
    with pytest.raises(InputProblem, match="do not give the published share"):
        explain(Key("shop", "yes", basis="weighted"), small_codebook, (rows, off), share_digits=digits)


def test_an_unweighted_share_is_never_coarse(small_codebook, wave):
    rows, table = wave
    coarse = table.assign(estimate=table["estimate"].round(1))
    with pytest.raises(InputProblem, match="do not give the published share"):
        explain(Key("shop", "yes", "kind", "mus"), small_codebook, (rows, coarse), share_digits=1)


@pytest.mark.parametrize("value, told", [(1.0, 1), (0.0, 0), (12.0, 12), (0.5, 0.5), (None, None), (pd.NA, None)])
def test_whole_numbers_are_told_whole(value, told):
    assert (plain_number(value), type(plain_number(value))) == (told, type(told))


def test_without_records_the_rest_is_still_said(small_codebook, wave):
    facts = explain(Key("shop", "no_shop"), small_codebook, wave, respondents=None)
    assert "records" not in facts
    assert (facts["question"], facts["answer"]) == ("Is there a shop?", "No shop yet")
    assert facts["net_of"] == ["No, but planned", "No"]


def test_the_records_of_a_printed_share_that_stands_for_several_counts_are_shown(small_codebook, wave):
    """They have one of the counts: their share is another one than the printed, and no sign of another run."""
    rows, table = wave
    codebook = small_codebook.model_copy(update={"kind": "reconstruction"})
    [row] = table[(table[KEYS] == ["shop", "yes", TOTAL, TOTAL]).all(axis=1) & table["basis"].eq("unweighted")].index
    share, count = table.at[row, "estimate"], table.at[row, "count"]
    ends = {"support": "published", "count_low": count, "count_high": count + 1, "basis": "unweighted"}
    printed = changed(table, "shop", "yes", estimate=per_cent(share) / 100, **ends)
    assert abs(per_cent(share) / 100 - share) > 1e-6
    facts = explain(Key("shop", "yes"), codebook, (rows, printed))
    assert facts["estimate"] == per_cent(share) / 100 and facts["share"] == pytest.approx(share)
    other = changed(printed, "shop", "yes", estimate=per_cent(share) / 100 + 0.01, basis="unweighted")
    with pytest.raises(InputProblem, match="the weighted records do not give the published share"):
        explain(Key("shop", "yes"), codebook, (rows, other))


def test_a_finding_has_its_sentences_estimates_and_comparison(small_codebook, wave):
    rows, table = wave
    clauses = finding_clauses(table, small_codebook, 0.95)
    finding = small_codebook.findings[0]
    given = {"codebook": small_codebook, "estimates": table, "claims": [], "respondents": rows}
    pairs = ((Key("shop", "yes"), None), (Key("shop", "yes", "kind", "mus"), Key("shop", "yes", "kind", "lib")))
    found = explain_finding(finding, None, pairs, clauses, **given)
    assert [c["sentence"] for c in found["clauses"]] == list(
        clauses.loc[clauses["finding"].eq("finding_1"), "sentence"]
    )
    compared = found["clauses"][1]["comparison"]
    row = clauses.iloc[1]
    assert compared["words"] == row["comparison"]
    assert [compared["difference"], *compared["interval"]] == list(
        row[["difference", "difference_low", "difference_high"]]
    )
    assert "comparison" not in found["clauses"][0]


@pytest.mark.parametrize("versus", [{}, {"versus": "mus"}])
def test_a_comparison_is_explained_as_it_was_made(small_codebook, wave, versus):
    """Two answers of one group, however that is written, of which one stands for more counts than one."""
    rows, table = wave
    between = {"measure": "shop", "category": "yes", "versus_category": "no", "break": "kind", "group": "mus"}
    clause = Clause(text="{comparison}", **between | versus)
    finding = small_codebook.findings[0].model_copy(update={"clauses": (clause,)})
    codebook = small_codebook.model_copy(update={"kind": "reconstruction", "findings": (finding,)})
    table = changed(table, "shop", "yes", "kind", "mus", support="published", quality="ok", count_low=1, count_high=99)
    row = finding_clauses(table, codebook, 0.95).iloc[0]
    given = {"codebook": codebook, "estimates": table, "claims": [], "respondents": rows}
    pairs = ((Key("shop", "yes", "kind", "mus"), Key("shop", "no", "kind", "mus")),)
    found = explain_finding(finding, None, pairs, pd.DataFrame([row]), **given)["clauses"][0]["comparison"]
    assert found["words"] == row["comparison"]
    assert [found["difference"], *found["interval"]] == list(row[["difference", "difference_low", "difference_high"]])


@pytest.mark.parametrize(
    ("words", "wave", "said"),
    [
        (["reporting/yes"], None, "nothing in the 2014 wave has this name; .*; another wave has it: --wave 2015[.]"),
        (["reporting", "never"], None, "another wave has it: --wave 2015[.]$"),
        (["benefits_open"], None, "name a category of measure benefits_open; allowed: [^;]*[.]$"),
        (["k9.policy"], 2015, "nothing in the 2015 wave has this name; .*; another wave has it: --wave 2014[.]"),
        (["k9.polic"], 2015, "allowed: policy, sector, .*, finding, figure[.]"),
        (["k9.polic"], 2014, "allowed: k9.policy, .*policy, .*, figure, the id of a claim[.]"),
        (["change", "reporting/yes"], 2014, "nothing in the 2014 wave has this name; .*, figure[.]$"),
        (["change", "benefits_open/yes"], 2015, "nothing in the 2015 wave has this name; .*, figure[.]$"),
    ],
)
def test_a_number_of_another_wave_is_said_to_be_there(committed, words, wave, said):
    with pytest.raises(InputProblem, match=said):
        explained(words, wave=wave, project=committed)


def test_claims_without_ids_are_refused_when_a_claim_is_looked_for(tmp_path):
    path = tmp_path / "data/report/2020/claims.csv"
    path.parent.mkdir(parents=True)
    waves = Waves(all=(2020, 2021), reconstruction=(2020,))
    path.write_text("id,place\nc1,p. 1\n")
    assert [_wave_meant([word], waves, tmp_path) for word in ("c1", "c2")] == [2020, 2021]
    path.write_text("ID,place\nc1,p. 1\n")
    with pytest.raises(InputProblem, match=r"claims\.csv, column id: the column is missing"):
        _wave_meant(["c1"], waves, tmp_path)


def test_claims_of_the_same_share_are_found_whatever_base_they_are_worded_over(small_codebook):
    one = {"measure": "goods", "category": "books", "break": "total", "group": "total", "base": "shops"}
    same = {"measure": "goods", "category": "books", "break": "shop_held", "group": "yes", "base": "all"}
    other = one | {"category": "toys"}
    said = {"place": "p", "says": "s", "printed": "1%", "verdict": "reproduced"}
    claims = [c | said | {"id": str(i)} for i, c in enumerate((one, same, other))]
    assert [c["id"] for c in claims_of(Key("goods", "books"), small_codebook, claims)] == ["0", "1"]


def test_conditions_are_said_in_the_codebooks_labels(small_codebook):
    asked = small_codebook.question("profit").asked_if
    assert condition_words(small_codebook, asked) == "Goods sold has 'Books'; and Goods sold is not 'Toys'"
    assert condition_words(small_codebook, {}) == "everyone"


# ---- where it comes from

LOCK = """\
schema: '2.0'
stages:
  clean@1:
    cmd: python -m pipeline.execute notebooks/clean.ipynb reports/1/notebooks/clean.ipynb -p wave 1
    outs: [{path: data/clean/1.csv, hash: md5, md5: aa}]
  draw@1:
    cmd: python -m pipeline.execute notebooks/draw.ipynb reports/1/notebooks/draw.ipynb -p wave 1
    deps: [{path: data/clean/1.csv, hash: md5, md5: aa}, {path: pipeline/x.py, hash: md5, md5: bb}]
    outs:
      - {path: reports/1/a.csv, hash: md5, md5: 0cc175b9c0f1b6a831c399e269772661}
      - {path: reports/1/figures, hash: md5, md5: cc.dir}
"""


GRAPH = "stages: {clean: {foreach: '${waves.all}'}, draw: {foreach: [1]}, publish: {cmd: y}}"
PARAMS = "waves: {all: [1], reconstruction: []}"


@pytest.fixture
def recorded(tmp_path):
    """A folder with a graph and what DVC recorded when it ran."""
    for name, text in (("dvc.lock", LOCK), ("dvc.yaml", GRAPH), ("params.yaml", PARAMS)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_stages_are_found_by_what_they_write_and_have_one_hash(recorded):
    tmp_path = recorded
    lock = read_lock(tmp_path)
    assert stage_of(lock, "reports/1/figures/f.csv") == stage_of(lock, "reports/1/a.csv") == "draw@1"
    assert stage_of(lock, "reports/1/figures_of_old/f.csv") is None
    assert stages_before(lock, "draw@1") == ["draw@1", "clean@1"]
    changed = LOCK.replace("md5: bb", "md5: bc")
    (tmp_path / "dvc.lock").write_text(changed)
    assert stage_hash(read_lock(tmp_path)["clean@1"]) == stage_hash(lock["clean@1"])
    assert stage_hash(read_lock(tmp_path)["draw@1"]) != stage_hash(lock["draw@1"])


def test_a_stage_that_is_no_more_made_nothing(recorded):
    was = "  rebuild@1: {cmd: x, outs: [{path: data/raw/1.csv, md5: dd}]}\n  clean@0: {cmd: x, outs: [{path: b}]}\n"
    read = "{path: pipeline/x.py, hash: md5, md5: bb}"
    text = LOCK.replace("stages:\n", "stages:\n" + was).replace(read, read + ", {path: data/raw/1.csv, md5: dd}")
    (recorded / "dvc.lock").write_text(text)
    (recorded / "dvc.yaml").write_text(GRAPH.replace("{clean", "{rebuild: {foreach: '${waves.reconstruction}'}, clean"))
    lock = read_lock(recorded)
    assert set(lock) == {"clean@1", "draw@1"} and stage_of(lock, "data/raw/1.csv") is None
    assert stages_before(lock, "draw@1") == ["draw@1", "clean@1"]
    assert ("data", "data/raw/1.csv") in sources(lock, ["draw@1"])
    (recorded / "params.yaml").write_text(PARAMS.replace("reconstruction: []", "reconstruction: [1]"))
    assert stages_before(read_lock(recorded), "draw@1") == ["draw@1", "clean@1", "rebuild@1"]


def test_the_stages_that_there_are_are_those_of_dvc():
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("dvc.yaml", "params.yaml")]
    assert stage_names(*texts) == set(stages_of(ROOT))


def test_a_file_that_is_not_the_recorded_one_is_seen(recorded):
    tmp_path = recorded
    file = tmp_path / "reports/1/a.csv"
    file.parent.mkdir(parents=True)
    file.write_text("a")
    assert is_recorded(tmp_path, read_lock(tmp_path), "reports/1/a.csv")
    file.write_text("b")
    assert not is_recorded(tmp_path, read_lock(tmp_path), "reports/1/a.csv")


def test_the_cell_is_the_one_that_writes_and_not_one_that_reads(tmp_path):
    cells = [
        {"cell_type": "code", "id": "injected-parameters", "source": "a = 1"},
        {"cell_type": "code", "id": "first", "source": 'read_table(f"{report}/a.csv")'},
        {"cell_type": "markdown", "id": "words", "source": "write_table /a.csv"},
        {"cell_type": "code", "id": "second", "source": 'x = 1\nwrite_table(f"{report}/a.csv", x)'},
    ]
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": cells}))
    cell = writing_cell(tmp_path, "n.ipynb", "a.csv")
    assert cell == {"id": "second", "number": 2, "of": 2, "code": 'write_table(f"{report}/a.csv", x)'}
    assert writing_cell(tmp_path, "n.ipynb", "b.csv") is None
    assert writing_cell(tmp_path, "none.ipynb", "a.csv") is None


def test_records_that_are_not_there_are_said_with_what_brings_them(tmp_path):
    lock = {"weight@7": {"cmd": "", "outs": [{"path": "data/weighted/7/respondents.csv", "md5": "aa"}]}}
    found = records_at(tmp_path, lock, 7)
    assert not found["there"]
    path = "data/weighted/7/respondents.csv"
    assert found["brings"] == f"dvc checkout {path}, or where DVC's cache has none, dvc repro weight@7"


def test_outside_of_git_there_is_no_commit(tmp_path):
    (tmp_path / "a.csv").write_text("a")
    assert commit_of(tmp_path, "a.csv") is None


def test_the_first_commit_of_a_shallow_clone_may_not_be_the_one_that_changed_a_file(tmp_path):
    def git(folder, *arguments):
        name = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)

    whole, shallow = tmp_path / "whole", tmp_path / "shallow"
    whole.mkdir()
    git(whole, "init", "--quiet")
    for name in ("a.csv", "b.csv", "c.csv"):
        (whole / name).write_text("x\n", encoding="utf-8")
        git(whole, "add", name)
        git(whole, "commit", "--quiet", "--message", name)
    git(tmp_path, "clone", "--quiet", "--depth", "2", whole.as_uri(), str(shallow))
    cut = {name: commit_of(shallow, name)["cut"] for name in ("a.csv", "b.csv", "c.csv")}
    assert cut == {"a.csv": True, "b.csv": True, "c.csv": False}
    assert not any(commit_of(whole, name)["cut"] for name in cut)


def test_the_lock_must_be_one(tmp_path):
    with pytest.raises(InputProblem, match=r"dvc\.lock: there is no such file; start in the project's folder\."):
        read_lock(tmp_path)
    (tmp_path / "dvc.lock").write_text("nothing")
    with pytest.raises(InputProblem, match=r"dvc\.yaml: there is no such file; start in the project's folder\."):
        read_lock(tmp_path)
    (tmp_path / "dvc.yaml").write_text(GRAPH)
    with pytest.raises(InputProblem, match="not a record of DVC's stages"):
        read_lock(tmp_path)


def test_what_forces_a_number_can_be_asked(small_codebook, wave):
    assert ask_words(Key("shop", "yes"), small_codebook) == "tracker ask shop/yes --wave 2020"
    assert ask_words(Key("shop", "yes", "kind", "lib"), small_codebook) == "tracker ask shop/yes kind=lib --wave 2020"
    rows, table = wave
    said = {}
    for support in ("bounded", "assumed"):
        facts = explain(Key("shop", "yes"), small_codebook, (rows, table.assign(support=support)))
        said[support] = "\n".join(_full(facts, {"path": "", "brings": ""}))
    assert "`tracker ask shop/yes --wave 2020` says which claims force that" in said["bounded"]
    assert "tracker ask" not in said["assumed"]


def test_bounds_and_supports_are_said_of_a_reconstruction(small_codebook, wave):
    rows, table = wave
    bounded = table.assign(support="bounded", **dict.fromkeys(BOUNDS, 0.25))
    facts = explain(Key("shop", "yes"), small_codebook, (rows, bounded))
    assert facts["state"] == "bounded" and facts["bounds"] == [0.25, 0.25]
    assert "modelled" in facts["support_means"]


def test_a_number_of_a_report_is_looked_for_in_the_waves_that_have_one(tmp_path):
    """A wave after the reconstruction has no printed report, and `k9.policy` is still that of 2014."""
    for file in ("params.yaml", "dvc.lock", "dvc.yaml", "data/codebook", "data/report", "reports/2014"):
        (tmp_path / file).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / file).symlink_to(ROOT / file)
    settings = yaml.safe_load((tmp_path / "params.yaml").read_text(encoding="utf-8"))
    (tmp_path / "params.yaml").unlink()
    settings["waves"] |= {"rehearsal": []}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    found = explained(["k9.policy"], project=tmp_path)
    assert (found["wave"], found["claim"]) == (2014, "k9.policy")
    with pytest.raises(InputProblem, match=r"reports/2015|codebook"):
        explained(["finding", "3"], project=tmp_path)


def test_a_base_is_what_the_codebook_says_and_not_who_was_asked(small_codebook, wave):
    routed = next(m for m in small_codebook.measures if small_codebook.question(m.question).asked_if)
    everyone = next(b.id for b in small_codebook.bases if not b.where)
    measures = [m.model_copy(update={"base": everyone}) if m.id == routed.id else m for m in small_codebook.measures]
    book = small_codebook.model_copy(update={"measures": tuple(measures)})
    rows, _ = wave
    table = estimate(rows, codebook=book, settings=SETTINGS)
    row = table[table["measure"].eq(routed.id) & table["break"].eq(TOTAL) & table["basis"].eq("unweighted")].iloc[0]
    facts = explain(Key(*row[[*KEYS, "basis"]]), book, (rows, table))
    assert (facts["n"], facts["base_condition"]) == (len(rows), condition_words(book, {}))
