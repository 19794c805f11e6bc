"""What the tests of determinism and of faults saw, as they ran: writes the tables of docs/reliability.md.

Runs the tests and takes the rows of the tables from what each records, so that no row stands there that was not seen.
Ends without writing where a test fails.

python benchmarks/reliability.py [reports that `pytest -o junit_family=xunit1 --junitxml` wrote]
"""

import platform
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from markers import replace_between

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/reliability.md"
FILES = ["tests/test_determinism.py", "tests/test_faults.py", "tests/test_verify.py"]
HEADINGS = {
    "determinism": ["path", "language", "time zone", "hash seed", "processors", "date", "stages run", "bytes"],
    "killed": ["stage", "killed at", "half-written results", "after `dvc repro`"],
    "faults": ["fault", "stage", "what was said", "half-written results", "after `dvc repro`"],
    "verify": ["edited by hand", "what `tracker verify` says of it"],
}


def main(*reports):
    """Run the tests, unless their reports are given, and replace what stands between the markers in the document."""
    if not reports:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-o",
                "junit_family=xunit1",
                f"--junitxml={report}",
                *FILES,
            ]
            status = subprocess.run(command, cwd=ROOT).returncode
            rows = recorded([report])
    else:
        status, rows = 0, recorded(reports)
    if status:
        sys.exit("A test failed; nothing was written.")
    for name, heading in HEADINGS.items():
        if not rows[name]:
            print(f"No test recorded a row of the table {name}: it is left as it was.", file=sys.stderr)
            continue
        table = "\n".join([f"| {' | '.join(heading)} |", "|" + "---|" * len(heading), *rows[name], "", ""])
        seen = f"Python {platform.python_version()}, {platform.system()}.\n"
        replace_between(DOCUMENT, name, table + seen)


def recorded(reports):
    """The rows that tests recorded, by table, in the order of the tests; ends where one failed."""
    rows = {name: [] for name in HEADINGS}
    for case in (case for report in reports for case in ElementTree.parse(report).iter("testcase")):
        if case.find("failure") is not None or case.find("error") is not None:
            sys.exit(f"{case.get('name')} failed; nothing was written.")
        for found in case.iter("property"):
            if found.get("name") in rows:
                rows[found.get("name")].append(f"| {found.get('value')} |")
    return rows


if __name__ == "__main__":
    main(*sys.argv[1:])
