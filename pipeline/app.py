"""The command `tracker`: what is done by hand, apart from `dvc repro`."""

import sys

import typer

from pipeline import (
    ask_command,
    audit_command,
    check,
    explain_command,
    fieldwork,
    new_wave_command,
    release,
    verify_command,
)
from pipeline.problems import InputProblem


class Tracker(typer.Typer):
    """A command line that says what is wrong with an input in one sentence and ends with status 1."""

    def __call__(self, *args, **options):
        try:
            return super().__call__(*args, **options)
        except InputProblem as problem:
            print(f"tracker: {problem}", file=sys.stderr)
            sys.exit(1)


app = Tracker(
    help="The social value tracker.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
app.command("acknowledge")(release.acknowledge)
app.command("ask")(ask_command.main)
app.command("audit")(audit_command.main)
app.command("check")(check.main)
app.command("explain")(explain_command.main)
app.command("fieldwork")(fieldwork.main)
app.command("new-wave")(new_wave_command.main)
app.command("release")(release.release)
app.command("verify")(verify_command.main)


@app.callback()
def tracker():
    """Named so that `tracker fieldwork` stays a command of its own however few there are."""


if __name__ == "__main__":
    app()
