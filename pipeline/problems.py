"""Bad input, said in one sentence."""


def plain(text):
    """The text in one line, what would move a terminal's cursor or turn its direction shown as an escape (`\\x1b`)."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class InputProblem(Exception):
    """An input that a person must mend; its text is one sentence naming file, row, column, found and allowed.

    Commands print it without a traceback and exit with status 1; notebooks let it end the run.
    """

    def __init__(self, what, *, file=None, row=None, column=None, found=None, allowed=None, do=None):
        where = ", ".join(
            part
            for part in (
                str(file) if file is not None else "",
                f"row {row}" if row is not None else "",
                f"column {column}" if column not in (None, "") else "",
            )
            if part
        )
        text = f"{where}: {what}" if where else what
        if found is not None:
            text += f"; found {found!r}"
        if allowed is not None:
            shown = allowed if isinstance(allowed, str) else ", ".join(map(str, allowed))
            text += f"; allowed: {shown}"
        if do is not None:
            text += f"; {do}"
        super().__init__(plain(text + "."))
        self.file, self.row, self.column = file, row, column
