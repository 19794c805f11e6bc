"""Python loads this first where it is on the path: it notes which of the project's files and settings a stage uses.

Lines go to the file that TRACE names: stage, what (`read`, `write` or `setting`), and the path or the key.
"""

import importlib.abc
import importlib.machinery
import os
import sys

STAGE, TRACE, ROOT = (os.environ.get(name) for name in ("DVC_STAGE", "TRACE", "DVC_ROOT"))
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def note(what, name):
    os.write(LOG, f"{STAGE}\t{what}\t{name}\n".encode())


def on_event(event, arguments):
    if event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
        return
    path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 (pathlib opens files itself)
    if path.startswith(ROOT + os.sep):
        mode, flags = arguments[1] or "", arguments[2] or 0
        written = set(mode) & set("wax+") or flags & WRITING
        if written or os.path.isfile(path):  # noqa: PTH113 (as above)
            note("write" if written else "read", os.path.relpath(path, ROOT))


class SettingsFinder(importlib.abc.MetaPathFinder):
    """Finds pipeline.params and has its Params note each section that is looked at."""

    def find_spec(self, name, path, target=None):
        if name != "pipeline.params":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            plain = module.Params.__getattribute__

            def noting(self, key):
                if key in type(self).model_fields:
                    note("setting", key)
                return plain(self, key)

            module.Params.__getattribute__ = noting

        spec.loader.exec_module = exec_module
        return spec


if STAGE and TRACE:
    LOG = os.open(TRACE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    sys.addaudithook(on_event)
    sys.meta_path.insert(0, SettingsFinder())
