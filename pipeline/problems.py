"""Bad input, said in one sentence."""


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
                f"column {column}" if column is not None else "",
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
        super().__init__(text + ".")
        self.file, self.row, self.column = file, row, column
