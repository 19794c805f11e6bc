"""What a publisher can attach: that a commit was rebuilt, where and with what, and what came of it.

Nothing in it names a machine, a path or a person, and no clock is read: two people who verify the same commit with the
same environment on the same platform get the same file.
"""

import hashlib
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from pipeline.problems import InputProblem
from pipeline.provenance import LOCK
from pipeline.verify import COLUMNS, DIFFERENT, SAME

REQUIREMENTS = "requirements.lock"


def attestation(project, rebuilt, table, *, wave=None, date=None):
    """The attestation as plain values by name.

    project: the repository whose HEAD was rebuilt; rebuilt: a `verify.Rebuilt`; table: that of `verify.compare`.
    wave: the year that it is limited to. date: as it is to be written, or None.
    """
    differs = table["result"].eq(DIFFERENT)
    alike = not differs.any() and not rebuilt.failure
    return {
        "result": "same" if alike else "different",
        "commit": _git(project, "rev-parse", "HEAD").decode().strip(),
        "dvc_lock": sha256(_git(project, "show", f"HEAD:{LOCK}")),
        "scope": "every stage" if wave is None else f"wave {wave} and what it rests on",
        **({} if date is None else {"date": date}),
        "environment": environment(_git(project, "show", f"HEAD:{REQUIREMENTS}").decode("utf-8")),
        "platform": platform_name(),
        "failure": rebuilt.failure,
        "files": {result: int(n) for result, n in table["result"].value_counts().sort_index().items()},
        "table": table.to_dict("records"),
    }


def environment(locked):
    """The hash of a lock file's text, and of the versions installed of what it names; and where these are not its own.

    Returns {requirements_lock, installed, not_as_locked}: SHA-256, SHA-256 of lines NAME==VERSION, and a list of texts.
    What the lock names for other platforms only is passed over.
    """
    lines, strange = [], []
    for name, wanted in locked_versions(locked):
        found = installed_version(name)
        lines.append(f"{name}=={found or 'none'}")
        if found != wanted:
            strange.append(f"{name} {found or 'is missing'}, locked {wanted}")
    installed = sha256("\n".join(sorted(lines)).encode("utf-8"))
    return {"requirements_lock": sha256(locked.encode("utf-8")), "installed": installed, "not_as_locked": strange}


def locked_versions(locked):
    """(name, version) of each package that a lock file has for this platform, in its order."""
    for entry in re.split(r"\n(?=\S)", locked.strip()):
        try:
            requirement = Requirement(re.split(r"\s--hash|\s\\", entry, maxsplit=1)[0])
        except InvalidRequirement:  # a comment
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement.name, next(iter(requirement.specifier)).version


def installed_version(name):
    """The version of a package that is installed here; None where it is not."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def platform_name():
    """Operating system, processor, C library and Python, in a phrase: "Linux x86_64, glibc 2.36, CPython 3.11.7"."""
    library = " ".join(filter(None, platform.libc_ver()))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return ", ".join(filter(None, [f"{platform.system()} {platform.machine()}", library, python]))


def sha256(data):
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def as_text(attested):
    """An attestation for people: what was done, with what, what came of it, and the table."""
    strange = attested["environment"]["not_as_locked"]
    facts = {
        "Result": attested["result"] + (f": {attested['failure']}" if attested["failure"] else ""),
        "Commit": attested["commit"],
        "Date": attested.get("date", ""),
        "Rebuilt": f"{attested['scope']}, from nothing, in a clean clone",
        "dvc.lock": f"sha256 {attested['dvc_lock']}",
        "requirements.lock": f"sha256 {attested['environment']['requirements_lock']}",
        "Installed": f"sha256 {attested['environment']['installed']}, "
        + (f"NOT as locked: {'; '.join(strange)}" if strange else "every package as locked"),
        "Platform": attested["platform"],
        "Compared": ", ".join(f"{n} {result}" for result, n in attested["files"].items()),
    }
    width = max(map(len, facts)) + 2
    lines = [f"{name + ':':<{width}}{fact}" for name, fact in facts.items() if fact]
    return "\n".join([*lines, "", table_text(attested["table"])]) + "\n"


def table_text(rows):
    """The rows of a comparison as lines: stage, file, result, and below a different one what differs first."""
    shown = [dict(zip(COLUMNS, COLUMNS, strict=True)) | {COLUMNS[-1]: ""}, *rows]
    stage, file = (max(len(row[column]) for row in shown) for column in COLUMNS[:2])
    lines = []
    for row in shown:
        lines.append(f"{row['stage']:<{stage}}  {row['file']:<{file}}  {row['result']}")
        if row["first difference"]:
            lines.append(f"    {row['first difference']}")
    return "\n".join(lines)


def is_same(attested):
    """Whether everything that was compared is what is committed."""
    return attested["result"] == SAME


def _git(project, *arguments):
    done = subprocess.run(["git", *arguments], cwd=Path(project), capture_output=True)
    if done.returncode:
        what = f"git {' '.join(arguments)} failed: {done.stderr.decode(errors='replace').strip()}"
        raise InputProblem(what, do="attest a commit that has all files of the project")
    return done.stdout
