"""The process a notebook runs in, alike on every machine: fixed language, time zone and threads, nobody's settings."""

import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

# jsonschema, which nbformat and Great Expectations load, imports this parser of international web addresses where it
# is installed, and that compiles a grammar for two seconds. No schema here uses it; None makes its import fail.
SLOW_UNUSED = "rfc3987_syntax"

COMMAND = (
    f"import sys; sys.modules['{SLOW_UNUSED}'] = None; "
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


@contextmanager
def started_kernel(folder):
    """A running Python kernel whose working directory is `folder`; gone, with all it kept, at the end.

    It starts at once and is not waited for, so that whoever runs the notebook can load meanwhile.
    """
    sys.modules.setdefault(SLOW_UNUSED, None)
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync

    class OneKernel(KernelSpecManager):
        """This Python, whatever kernels are installed on the machine."""

        def get_kernel_spec(self, kernel_name):
            return spec

    # The notebook imports the same copy of this package as the runner does, whatever else is installed.
    places = [str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    room = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(prefix="kernel-", dir=room if len(room) <= LONGEST else "/tmp") as own:
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
        )
        run_sync(kernel.start_kernel)(cwd=str(folder))
        try:
            yield kernel
        finally:
            run_sync(kernel.shutdown_kernel)(now=True)
