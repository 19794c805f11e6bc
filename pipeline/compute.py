"""Simulations spread over processors: processes of this machine (loky), or a cluster (dask), by joblib.

Each piece of work carries its own seed, so results are the same wherever and in whatever number of pieces it is done.
"""

import os
from contextlib import contextmanager

from pipeline.kernel import ENVIRONMENT
from pipeline.problems import InputProblem

# One thread for each process: the processes share the processors.
ONE_THREAD = {name: value for name, value in ENVIRONMENT.items() if name.endswith("_THREADS")}


def spread(function, pieces, *, compute, say=print):
    """`function(*piece)` for each piece, spread as `compute` (a section of the Params) says: the results, in order.

    `say` is told how many pieces are done. Raises InputProblem where dask is asked for and not installed, or its
    scheduler cannot be reached.
    """
    from joblib import Parallel, delayed

    results = []
    with _workers(compute):
        work = Parallel(n_jobs=compute.jobs, return_as="generator")(delayed(function)(*piece) for piece in pieces)
        for result in work:
            results.append(result)
            say(f"{len(results)} of {len(pieces)} pieces")
    return results


@contextmanager
def _workers(compute):
    """joblib's workers of this kind, as long as the block lasts."""
    from joblib import parallel_config

    if compute.backend == "loky":
        with _environment(ONE_THREAD), parallel_config("loky", inner_max_num_threads=1):
            yield
        return
    with _client(compute.scheduler), parallel_config("dask"):
        yield


@contextmanager
def _environment(changes):
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _client(scheduler):
    """A connection to the scheduler of a dask cluster."""
    try:
        from dask.distributed import Client
    except ImportError:
        raise InputProblem(
            "compute.backend: dask is not installed",
            file="params.yaml",
            do="pip install 'dask[distributed]', or choose loky",
        ) from None
    try:
        return Client(scheduler)
    except (OSError, ValueError) as e:
        what = f"compute.scheduler: no scheduler answers there ({type(e).__name__})"
        raise InputProblem(what, file="params.yaml", found=scheduler, do="start one, or choose loky") from None
