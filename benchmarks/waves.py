"""What a wave costs, and what many cost where nothing changed: writes a table of docs/performance.md.

Another survey (tests/other_survey.py: libraries and museums, 120 respondents) is run wave by wave, up to twenty, each
wave added and run as a team would. With nothing to do, `dvc repro` is timed beside `dvc status`, in turn.

python benchmarks/waves.py
"""

import sys
import tempfile
from pathlib import Path
from statistics import median

from cold_repro import ROOT, in_turn, replace, stage_times, timed_lines

sys.path.insert(0, str(ROOT / "tests"))
from other_survey import OtherSurvey

FIRST, MOST = 2001, 20
SHOWN = (1, 2, 5, 10, 20)
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
            lines = timed_lines(survey.root, "repro")
            stages = stage_times(lines)
            strange = [s.name for s in stages if "@" in s.name and not s.name.endswith(f"@{wave}")]
            if strange:
                sys.exit(f"Adding wave {wave} ran {', '.join(strange)} again.")
            print(f"{waves} waves: {lines[-1][0] - lines[0][0]:.1f} s for the last", file=sys.stderr, flush=True)
            if waves in SHOWN:
                rows.append(row(survey, waves, stages, lines[-1][0] - lines[0][0]))
    replace("waves", "\n".join([f"| {' | '.join(COLUMNS)} |", "|" + "--:|" * len(COLUMNS), *rows, ""]))


def row(survey, waves, stages, total):
    """A row of the table: what the last wave cost, and what nothing to do costs."""
    own, once = (sum(s.end - s.begin for s in stages if ("@" in s.name) is per_wave) for per_wave in (True, False))
    number = len((survey.root / "dvc.lock").read_text(encoding="utf-8").split("\n    cmd: ")) - 1
    pairs = in_turn((["-m", "dvc", "repro"], survey.root), (["-m", "dvc", "status"], survey.root))
    repro, status = (median(side) for side in zip(*pairs, strict=True))
    ratio = median(a / b for a, b in pairs)
    return f"| {waves} | {number} | {total:.1f} | {own:.1f} | {once:.1f} | {repro:.2f} | {status:.2f} | {ratio:.2f} |"


if __name__ == "__main__":
    main()
