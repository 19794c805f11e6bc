"""Python loads this first where it is on the path: it makes a stage fail at the moment that a file gets its place.

FAULT says what happens, FAULT_STAGE in which stage (DVC_STAGE as DVC sets it), FAULT_AT when: at the nth file that one
process puts in its place, or at the file whose path ends so. What happens is one of FAULTS below.
"""

import os
import signal
import sys
import time

FAULT, STAGE, AT = (os.environ.get(name) for name in ("FAULT", "FAULT_STAGE", "FAULT_AT"))
COUNT = 0


def kill_all(beside):
    """As if the machine had stopped: every process of the run at once, the file only half written."""
    os.truncate(beside, os.path.getsize(beside) // 2)  # noqa: PTH202 (pathlib would cost every start of Python)
    os.killpg(int(os.environ["FAULT_GROUP"]), signal.SIGKILL)
    os.killpg(0, signal.SIGKILL)


def kill_self(beside):
    """The process that runs the cells alone, as the system does when memory runs out."""
    os.truncate(beside, os.path.getsize(beside) // 2)  # noqa: PTH202
    os.kill(os.getpid(), signal.SIGKILL)


def kill_parent(beside):
    """The runner alone: the process of the cells goes on writing until it sees that it has no parent any more."""
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(0.2)


def fail(beside):
    """The cell raises an exception."""
    raise RuntimeError("made to fail")


FAULTS = {"kill_all": kill_all, "kill_self": kill_self, "kill_parent": kill_parent, "fail": fail}


def on_event(event, arguments):
    global COUNT
    if event != "os.rename" or not str(arguments[0]).endswith(".part"):
        return
    COUNT += 1
    if str(COUNT) == AT or (not AT.isdigit() and str(arguments[1]).endswith(AT)):
        FAULTS[FAULT](arguments[0])


if FAULT:
    # The run's own group, which the test has it lead: anything else must not be killed.
    if "FAULT_GROUP" not in os.environ and os.getpgrp() == os.getpid():
        os.environ["FAULT_GROUP"] = str(os.getpgrp())
    if "FAULT_GROUP" in os.environ and os.environ.get("DVC_STAGE") == STAGE:
        sys.addaudithook(on_event)
