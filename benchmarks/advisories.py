"""Known weaknesses of the locked packages, from a recorded database and without the network.

    python benchmarks/advisories.py FOLDER

FOLDER is a git clone of PyPA's advisory database (github.com/pypa/advisory-database): for each weakness of a package on
PyPI a file in the OSV format. What is found is written into docs/security.md; the exit status is 1 where a locked
version has a weakness. `make audit-dependencies` asks for those of today, over the network.
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml
from markers import replace_between
from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import Version

ROOT = Path(__file__).parent.parent
# Packages of every platform, unlike `pipeline.attestation.locked_versions`.
LOCKED = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
HEADING = "| package | locked | advisory | also known as | mended in |\n|---|---|---|---|---|"


def main(folder):
    """Hold the lock against the database, write what is found, and end with status 1 if that is anything."""
    if not (Path(folder) / "vulns").is_dir():
        sys.exit(f"{folder} has no folder vulns; give a clone of PyPA's advisory database, checked out.")
    recorded = ["git", "-C", folder, "log", "-1", "--format=%cs %h", "--abbrev=12"]
    date, commit = subprocess.run(recorded, check=True, capture_output=True, text=True).stdout.split()
    packages = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    advisories = {name: advisories_of(Path(folder) / "vulns", name) for name in packages}
    rows = [row for name, known in advisories.items() for row in weaknesses(name, packages[name], known)]
    number, with_any = sum(map(len, advisories.values())), sum(map(bool, advisories.values()))
    text = (
        f"Against PyPA's advisory database of {date} (commit {commit}), which has {number} advisories of {with_any} of "
        f"the {len(packages)} locked packages: {len(rows) or 'none'} of a locked version. Later ones are not in it.\n"
    )
    if rows:
        text += "\n".join(["", HEADING, *(f"| {' | '.join(row)} |" for row in rows), ""])
    replace_between(ROOT / "docs/security.md", "advisories", text)
    print(text)
    sys.exit(bool(rows))


def locked(text):
    """The packages of a requirements file: {name: Version}."""
    found = (LOCKED.match(line) for line in text.splitlines())
    return {canonicalize_name(m[1]): Version(m[2]) for m in found if m}


def advisories_of(database, name):
    """The advisories of a package that have not been withdrawn, as dicts."""
    files = sorted((database / name).glob("*.yaml"))
    read = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    return [advisory for advisory in read if "withdrawn" not in advisory]


def weaknesses(name, version, advisories):
    """A row of cells for each advisory that a version of a package is affected by."""
    for advisory in advisories:
        ours = [part for part in advisory["affected"] if canonicalize_name(part["package"]["name"]) == name]
        if any(affects(part, version) for part in ours):
            mended = [e["fixed"] for part in ours for r in ranges(part) for e in r if "fixed" in e]
            yield [name, str(version), advisory["id"], ", ".join(advisory.get("aliases", [])), ", ".join(mended)]


def ranges(affected):
    """The events of each range of an advisory's package that is given in versions, not in commits."""
    return [r["events"] for r in affected.get("ranges", []) if r["type"] != "GIT"]


def affects(affected, version):
    """Whether a version is among those affected: listed, or in a range (OSV schema, "Evaluation")."""
    listed = {canonicalize_version(v) for v in affected.get("versions", [])}  # old ones that are no versions stay texts
    return canonicalize_version(version) in listed or any(inside(events, version) for events in ranges(affected))


def inside(events, version):
    """Whether the last event at or before a version leaves it affected: what introduced the weakness or mended it."""
    found, pairs = False, [pair for event in events for pair in event.items()]
    for kind, at in sorted(pairs, key=lambda pair: Version(pair[1])):
        if kind == "introduced" and version >= Version(at):
            found = True
        elif (kind == "fixed" and version >= Version(at)) or (kind == "last_affected" and version > Version(at)):
            found = False
    return found


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the database: python benchmarks/advisories.py FOLDER")
    main(sys.argv[1])
