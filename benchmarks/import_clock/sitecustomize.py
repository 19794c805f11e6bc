"""Python loads this first where it is on the path: it clocks every import that is not part of another.

Lines go to the file that IMPORT_CLOCK names: stage, process, the clock's time at the end, and how long the import took.
"""

import builtins
import os
import threading
import time

FILE, STAGE = os.environ.get("IMPORT_CLOCK"), os.environ.get("DVC_STAGE")
LONG_ENOUGH = 0.001
import_plainly, inside = builtins.__import__, threading.local()


def import_on_the_clock(*arguments, **options):
    if getattr(inside, "one", False):
        return import_plainly(*arguments, **options)
    inside.one, start = True, time.monotonic()
    try:
        return import_plainly(*arguments, **options)
    finally:
        inside.one, end = False, time.monotonic()
        if end - start > LONG_ENOUGH:
            os.write(LOG, f"{STAGE}\t{os.getpid()}\t{end}\t{end - start}\n".encode())


if FILE and STAGE:
    LOG = os.open(FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    builtins.__import__ = import_on_the_clock
