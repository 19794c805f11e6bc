"""The lock is held against recorded advisories as the OSV schema says: listed versions, ranges, none withdrawn."""

import subprocess
import sys

import pytest
import yaml
from conftest import ROOT
from packaging.version import Version

sys.path.insert(0, str(ROOT / "benchmarks"))
import advisories

LOCK = """\
Some_Package==1.4.0 \\
    --hash=sha256:00
other[more,extras]==2.0 ; python_full_version < '3.12' \\
    --hash=sha256:00
"""


def weakness(name, *, ranges=(), versions=(), **more):
    affected = [
        {
            "package": {"name": name, "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": events} for events in ranges],
            "versions": list(versions),
        }
    ]
    return {"id": "PYSEC-1", "aliases": ["CVE-1"], "affected": affected} | more


def test_the_locked_packages_are_read_by_their_normal_names():
    assert advisories.locked(LOCK) == {"some-package": Version("1.4"), "other": Version("2.0")}
    real = advisories.locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert {"pandas", "svy", "dvc"} <= set(real)
    assert len(real) > 100


def test_what_the_document_says_was_found_is_of_the_lock_that_is_there():
    packages = advisories.locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    document = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    assert f"of the {len(packages)} locked packages: none of a locked version" in document


@pytest.mark.parametrize(
    ("events", "affected"),
    [
        ([{"introduced": "0"}, {"fixed": "1.4"}], False),
        ([{"introduced": "0"}, {"fixed": "1.4.1"}], True),
        ([{"fixed": "1.4.1"}, {"introduced": "0"}], True),  # in whichever order they stand
        ([{"introduced": "1.4"}], True),
        ([{"introduced": "1.4.1"}], False),
        ([{"introduced": "0"}, {"last_affected": "1.4"}], True),
        ([{"introduced": "0"}, {"last_affected": "1.3"}], False),
        ([{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "1.3"}, {"fixed": "1.10"}], True),
        ([{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "1.5"}], False),
    ],
)
def test_a_range_is_read_in_the_order_of_versions(events, affected):
    rows = list(advisories.weaknesses("some-package", Version("1.4.0"), [weakness("some_package", ranges=[events])]))
    assert bool(rows) == affected


def test_a_row_names_the_advisory_and_the_version_that_mends_it():
    known = weakness("some-package", ranges=[[{"introduced": "0"}, {"fixed": "1.5"}]])
    [row] = advisories.weaknesses("some-package", Version("1.4"), [known])
    assert row == ["some-package", "1.4", "PYSEC-1", "CVE-1", "1.5"]


def test_a_listed_version_is_affected_however_it_is_written_and_another_package_s_is_not():
    listed = weakness("some-package", versions=["0.1.fix1", "1.4"])  # the first is no version by today's rules
    assert list(advisories.weaknesses("some-package", Version("1.4.0"), [listed]))
    assert not list(advisories.weaknesses("some-package", Version("1.4.1"), [listed]))
    assert not list(advisories.weaknesses("other", Version("1.4"), [listed]))


def test_a_range_of_commits_says_nothing_of_versions():
    known = weakness("other")
    known["affected"][0]["ranges"] = [{"type": "GIT", "events": [{"introduced": "0"}]}]
    assert not list(advisories.weaknesses("other", Version("2.0"), [known]))


def test_the_command_writes_what_it_found_and_ends_with_1_where_that_is_anything(tmp_path, monkeypatch, capsys):
    project, database = tmp_path / "project", tmp_path / "database"
    (project / "docs").mkdir(parents=True)
    (project / "requirements.lock").write_text(LOCK)
    document = project / "docs/security.md"
    document.write_text("Packages\n<!-- advisories -->\nold\n<!-- end -->\nafter\n")
    monkeypatch.setattr(advisories, "ROOT", project)
    ranges = [[{"introduced": "0"}]]
    record(database, "other", weakness("other", ranges=ranges, withdrawn="2020-01-01T00:00:00Z"))
    with pytest.raises(SystemExit) as ended:
        advisories.main(str(database))
    assert ended.value.code == 0
    assert "0 advisories of 0 of the 2 locked packages: none of a locked version" in document.read_text()
    record(database, "some-package", weakness("some-package", ranges=ranges))
    with pytest.raises(SystemExit) as ended:
        advisories.main(str(database))
    assert ended.value.code == 1
    text = document.read_text()
    assert "1 advisories of 1 of the 2 locked packages: 1 of a locked version" in text
    assert "| some-package | 1.4.0 | PYSEC-1 | CVE-1 |  |\n<!-- end -->\nafter" in text
    assert "old" not in text


def test_a_folder_that_is_no_database_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="has no folder vulns"):
        advisories.main(str(tmp_path))


def record(database, name, advisory):
    """Commit an advisory to a database."""
    folder = database / "vulns" / name
    folder.mkdir(parents=True)
    (folder / "PYSEC-1.yaml").write_text(yaml.safe_dump(advisory))
    git = ["git", "-C", str(database), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "--quiet", str(database)], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "An advisory"], check=True)
