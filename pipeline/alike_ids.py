"""Ids of organisations that differ in letter case, or in the form of a dash, alone: one organisation, counted twice."""

from pipeline.problems import InputProblem
from pipeline.texts import fold, tidy

DO = "write both alike, or, if they are two organisations, give this one another id"


def stop_at_ids_alike(tables, before=()):
    """Raise InputProblem at the first id that is another one but for letter case and the forms of dashes.

    `tables` are pairs of a file's name and its ids, a Series of text by row, in the order in which an id counts as the
    first; `before` are the ids of the wave before. Blanks that `tidy` takes away make no other id.
    """
    known = {fold(i): (i, "in the wave before") for i in before}
    for file, cells in tables:
        for row, cell in cells.drop_duplicates().items():
            found = tidy(cell)
            first, where = known.setdefault(fold(cell), (found, f"in {file}, row {row}"))
            if found != first:
                raise InputProblem(
                    f"but for letter case or the form of a dash this is the id {first!r} {where}",
                    **{"file": file, "row": row, "column": cells.name, "found": found},
                    do=DO,
                )
