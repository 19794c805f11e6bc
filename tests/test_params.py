"""The settings file, checked."""

import re
from pathlib import Path

import pytest
import yaml

from pipeline.params import load_params
from pipeline.problems import InputProblem

TEXT = (Path(__file__).parent.parent / "params.yaml").read_text(encoding="utf-8")
LISTED = "  all: [2014, 2015]\n"
REBUILT = "  reconstruction: [2014]\n"
REHEARSED = "  rehearsal: [2015]\n"


def with_waves(tmp_path, *, listed, rebuilt=(), rehearsed=()):
    """The project's settings with these waves in place of its own."""
    text = TEXT
    for name, line, waves in (
        ("all", LISTED, listed),
        ("reconstruction", REBUILT, rebuilt),
        ("rehearsal", REHEARSED, rehearsed),
    ):
        assert text.count(line) == 1
        text = text.replace(line, f"  {name}: {list(waves)}\n")
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_wave_comes_from_fieldwork_unless_it_is_listed_otherwise(tmp_path):
    path = with_waves(tmp_path, listed=[2014, 2015, 2016], rebuilt=[2014], rehearsed=[2015])
    waves = load_params(path).waves
    assert [waves.kind(year) for year in waves.all] == ["reconstruction", "rehearsal", "fieldwork"]


@pytest.mark.parametrize(
    ("lists", "sentence"),
    [
        ({"listed": []}, "waves.all: must list at least 1."),
        ({"listed": [2015, 2014]}, "`all` must list each wave once, in order"),
        ({"listed": [2014, 2014]}, "`all` must list each wave once, in order"),
        ({"listed": [2014], "rebuilt": [2013]}, "`all` must list wave 2013 too"),
        ({"listed": [2014], "rebuilt": [2014], "rehearsed": [2014]}, "a wave must not stand in two lists beside `all`"),
    ],
)
def test_lists_of_waves_that_disagree_are_refused(tmp_path, lists, sentence):
    path = with_waves(tmp_path, **lists)
    with pytest.raises(InputProblem) as refused:
        load_params(path)
    assert str(path) in str(refused.value) and sentence in str(refused.value)


def test_a_wave_that_no_list_has_is_refused():
    with pytest.raises(InputProblem, match=r"waves\.all lists no such wave; found 1999; allowed: 2014, 2015\."):
        load_params(Path(__file__).parent.parent / "params.yaml").waves.kind(1999)


def test_a_key_that_means_nothing_is_refused(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(TEXT + "\nextra: 1\n", encoding="utf-8")
    with pytest.raises(InputProblem, match=r"params\.yaml: there is no such key; found \'extra\'; allowed: waves, "):
        load_params(path)


def test_a_file_that_is_not_yaml_is_refused_with_its_row(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("waves:\n  all: [2014\nfieldwork: 1\n", encoding="utf-8")
    with pytest.raises(InputProblem, match=r"params\.yaml, row 3: not YAML"):
        load_params(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputProblem, match=r"no such settings file; start in the project's folder"):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("section", "key", "value", "sentence"),
    [
        ("reconstruct", "seed", 2**31, "reconstruct.seed"),
        ("weight", "trim", {"lower": 1, "upper": 1}, "lower and upper are both 1, which leaves no room for weights"),
    ],
)
def test_what_a_library_could_not_take_is_refused_before_it_is_asked(tmp_path, section, key, value, sentence):
    settings = yaml.safe_load(TEXT)
    settings[section][key] = value
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with pytest.raises(InputProblem, match=re.escape(sentence)):
        load_params(path)
