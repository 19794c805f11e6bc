"""The process a notebook runs in, alike on every machine: fixed language, time zone and threads, nobody's settings."""

import asyncio
import os
import sys
import tempfile
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from queue import Empty
from types import ModuleType

# What jsonschema, which nbformat and Great Expectations load, imports where it is installed and no schema here uses:
# two parsers of web addresses, one of which compiles a grammar for over a second.
UNUSED = ("rfc3987_syntax", "rfc3986_validator")

# Python looks for rubbish whenever this many objects are new, by default 700: too often for libraries of thousands.
NEW_OBJECTS = 50_000

COMMAND = (
    f"import gc, sys; gc.set_threshold({NEW_OBJECTS}); sys.modules.update(dict.fromkeys({UNUSED})); "
    "from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
)

# The order in which threads add floats, the language, the time zone and a person's own Matplotlib settings would
# all show in the results.
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "LANGUAGE": "C",
    "TZ": "UTC",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "MATPLOTLIBRC": os.devnull,
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}

# The path of a socket may have 104 characters (macOS; Linux has 108): what that leaves for the folder it is in.
LONGEST = 104 - len("/kernel-xxxxxxxx/socket-5")


def hide(modules):
    """Let importing these modules fail from now on, which libraries that can do without them allow for."""
    for name in modules:
        sys.modules.setdefault(name, None)


@contextmanager
def postponed(*modules):
    """Within, importing these modules loads nothing: each is loaded when something of it is first used, if ever.

    For a library that imports others at its top for the few of its functions that need them.
    """
    stand_ins = {name: _StandIn(name) for name in modules if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


class _StandIn(ModuleType):
    """A module that is loaded when something of it is first used."""

    def __getattr__(self, name):
        if name.startswith("__"):  # the import system asks for these
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def plain_folder():
    """A temporary folder with a path that any library can encode and a socket can have: in /tmp, if need be."""
    room = tempfile.gettempdir()
    fits = room.isascii() and len(room) <= LONGEST
    return tempfile.TemporaryDirectory(prefix="kernel-", dir=room if fits else "/tmp")


class NeverReady(RuntimeError):
    """The process of a notebook ended before it could run a cell."""


@contextmanager
def started_kernel(folder):
    """A running Python kernel whose working directory is `folder`; gone, with all it kept, at the end.

    It starts at once and is not waited for, so that whoever runs the notebook can load meanwhile.
    """
    hide(UNUSED)
    from jupyter_client.asynchronous import AsyncKernelClient
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync

    class OneKernel(KernelSpecManager):
        """This Python, whatever kernels are installed on the machine."""

        def get_kernel_spec(self, kernel_name):
            """The same, under whatever name it is asked for."""
            return spec

    class PromptClient(AsyncKernelClient):
        """Ready when the kernel has answered on both its channels; the usual client then listens on for 0.2 s."""

        async def wait_for_ready(self, timeout=None):
            """Wait for both answers; NeverReady if the kernel has ended, TimeoutError after `timeout` seconds."""
            async with asyncio.timeout(timeout):
                while not await answered(self):
                    if not await self.is_alive():
                        raise NeverReady

    # The notebook imports the same copy of this package as the runner does, whatever else is installed.
    places = [str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    with plain_folder() as own:
        # A folder of its own instead of the user's: no start-up files, no history. Sockets in it instead of network
        # ports: nothing to collide with and nobody to listen in.
        spec = KernelSpec(
            argv=[sys.executable, "-c", COMMAND, "-f", "{connection_file}", "--HistoryManager.enabled=False"],
            env={**ENVIRONMENT, "IPYTHONDIR": own, "PYTHONPATH": os.pathsep.join(places)},
            language="python",
        )
        kernel = AsyncKernelManager(
            kernel_spec_manager=OneKernel(),
            transport="ipc",
            ip=str(Path(own) / "socket"),
            connection_file=str(Path(own) / "connection.json"),
            client_factory=PromptClient,
        )
        run_sync(kernel.start_kernel)(cwd=str(folder))
        try:
            yield kernel
        finally:
            if kernel.has_kernel:  # at once: the manager looks only every tenth of a second whether it has ended
                kernel.provisioner.process.kill()
                kernel.provisioner.process.wait()
            run_sync(kernel.shutdown_kernel)(now=True)


async def answered(client, patience=1):
    """Ask the kernel what it is; whether it has then said, on the channel of its outputs too, that it is done.

    That channel is quiet until it is connected, so one may have to ask again.
    """
    asked = client.kernel_info()
    try:
        while True:
            message = await client.get_iopub_msg(timeout=patience)
            idle = message["content"].get("execution_state") == "idle"
            if idle and message["parent_header"].get("msg_id") == asked:
                return True
    except Empty:
        return False
