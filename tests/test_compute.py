"""Work spread over processes, or over a cluster: the same results, in order."""

import os
import sys

import pytest

from pipeline.compute import ONE_THREAD, spread
from pipeline.params import Compute
from pipeline.problems import InputProblem

PIECES = [(n, n + 1) for n in range(7)]


def product(a, b):
    return a * b, os.environ.get("RAYON_NUM_THREADS")


def loky(jobs):
    return Compute(backend="loky", jobs=jobs, scheduler=None)


@pytest.mark.parametrize("jobs", [1, 2, -1])
def test_results_come_in_order_whatever_the_number_of_processes(jobs):
    said = []
    found = spread(product, PIECES, compute=loky(jobs), say=said.append)
    assert [value for value, _ in found] == [a * b for a, b in PIECES]
    assert said == [f"{n} of 7 pieces" for n in range(1, 8)]


def test_a_process_has_one_thread_and_this_one_keeps_its_own(monkeypatch):
    monkeypatch.delenv("RAYON_NUM_THREADS", raising=False)
    assert "RAYON_NUM_THREADS" in ONE_THREAD
    assert {threads for _, threads in spread(product, PIECES, compute=loky(2), say=str)} == {"1"}
    assert "RAYON_NUM_THREADS" not in os.environ


def test_a_cluster_without_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(InputProblem, match="dask is not installed"):
        spread(product, PIECES, compute=Compute(backend="dask", jobs=-1, scheduler="tcp://127.0.0.1:1"), say=str)


@pytest.mark.slow
def test_a_cluster_gives_the_same_results():
    """On a scheduler of this machine, where dask is installed (`pip install 'dask[distributed]'`)."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        compute = Compute(backend="dask", jobs=-1, scheduler=cluster.scheduler_address)
        found = spread(pow, PIECES, compute=compute, say=str)
    assert found == [a**b for a, b in PIECES]
