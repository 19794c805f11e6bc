"""What a wave costs, and what many cost where nothing changed: writes a table of docs/performance.md.

Another survey (tests/other_survey.py: libraries and museums, 120 respondents) grows to twenty waves. Those in the table
are added and run as a team would; those between are copies of the first with their year in place of its own, which
DVC takes over without running them. With nothing to do, `dvc repro` is timed beside `dvc status`, in turn.

python benchmarks/waves.py
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from cold_repro import ROOT, in_turn, replace, stage_times, timed_lines

sys.path.insert(0, str(ROOT / "tests"))
from other_survey import OtherSurvey

from pipeline.provenance import read_lock

FIRST, MOST = 2001, 20
SHOWN = (1, 2, 5, 10, 20)
BINARY = (".png", ".pdf", ".xlsx", ".zip", ".sav")
COLUMNS = ["waves", "stages", "last wave added, s", "its own stages, s", "stages of all waves, s"]
COLUMNS += ["`dvc repro`, s", "`dvc status`, s", "ratio"]


def main():
    """Measure, and replace what stands between the markers in the report."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        survey = OtherSurvey(Path(folder), waves=())
        for waves in range(1, MOST + 1):
            wave = FIRST + waves - 1
            survey.add_wave(wave)
            if waves in SHOWN:
                rows.append(run_wave(survey, waves, wave))
                print(rows[-1], file=sys.stderr, flush=True)
            else:
                copy_wave(survey, FIRST, wave)
                if waves + 1 in SHOWN:
                    timed_lines(survey.root, "repro")  # what is made once of all waves, of those copied too
    replace("waves", "\n".join([f"| {' | '.join(COLUMNS)} |", "|" + "--:|" * len(COLUMNS), *rows, ""]))


def run_wave(survey, waves, wave):
    """Run a wave that was added: its row of the table. Ends the benchmark where an earlier wave runs again."""
    lines = timed_lines(survey.root, "repro")
    stages = stage_times(lines)
    strange = [s.name for s in stages if "@" in s.name and not s.name.endswith(f"@{wave}")]
    if strange:
        sys.exit(f"Adding wave {wave} ran {', '.join(strange)} again.")
    return row(survey, waves, stages, lines[-1][0] - lines[0][0])


def copy_wave(survey, first, wave):
    """Make a wave's results those of the first, the year changed wherever it stands, and have DVC record them."""
    for path in sorted(p for top in ("data", "reports") for p in (survey.root / top).rglob("*") if p.is_file()):
        place = path.relative_to(survey.root).as_posix()
        copy = survey.root / place.replace(str(first), str(wave))
        if str(first) in place and not place.startswith("data/codebook"):
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix in BINARY:
                shutil.copyfile(path, copy)
            else:
                copy.write_text(path.read_text("utf-8").replace(str(first), str(wave)), encoding="utf-8")
    names = [name for name in read_lock(survey.root) if name.endswith(f"@{first}")]
    targets = [name.replace(str(first), str(wave)) for name in names]
    command = [sys.executable, "-m", "dvc", "commit", "--force", "--quiet", *targets]
    subprocess.run(command, cwd=survey.root, check=True)


def row(survey, waves, stages, total):
    """A row of the table: what the last wave cost, and what nothing to do costs."""
    own, once = (sum(s.end - s.begin for s in stages if ("@" in s.name) is per_wave) for per_wave in (True, False))
    number = len(read_lock(survey.root))
    pairs = in_turn((["-m", "dvc", "repro"], survey.root), (["-m", "dvc", "status"], survey.root))
    repro, status = (median(side) for side in zip(*pairs, strict=True))
    ratio = median(a / b for a, b in pairs)
    return f"| {waves} | {number} | {total:.1f} | {own:.1f} | {once:.1f} | {repro:.2f} | {status:.2f} | {ratio:.2f} |"


if __name__ == "__main__":
    main()
