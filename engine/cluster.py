"""Workers for many rasters: a Dask cluster of processes on this machine, or one that is there already.

Scheduling, retries after a dead worker and messages between machines are Dask's; this module only says how many workers
there are and what each of them may use.
"""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .. import __version__
from .errors import EngineError, OptionsError

if TYPE_CHECKING:
    from distributed import Client

CPUS_PER_WORKER = 4
"""A network gains little from more threads than this; further cores serve further rasters."""
_CONNECT_TIMEOUT_S = 20
_HERE = "127.0.0.1"
"""Nothing outside this machine reaches the workers that are started here."""


@dataclass(frozen=True)
class ClusterOptions:
    """Where many rasters are asked."""

    scheduler: str | None = None
    """Address of a Dask scheduler that is there, such as ``tcp://host:8786``; None: processes on this machine.
    Whoever can reach a scheduler can run code on its workers: use it in a network that is trusted."""
    workers: int | None = None
    """Processes on this machine; None: one per GPU, else one per four cores."""

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            OptionsError: a value is out of range, or both are given.
        """
        if self.workers is not None and self.workers < 1:
            raise OptionsError(f"--workers {self.workers} must be 1 or more.")
        if self.scheduler is not None and self.workers is not None:
            raise OptionsError("--workers starts workers here and --scheduler uses those that are there: give one.")


@contextmanager
def connect(options: ClusterOptions, tasks: int, device: str = "auto") -> Iterator[Client]:
    """Give a client of the workers, which end with it where they were started here.

    Args:
        options: where to compute.
        tasks: more workers than this are not started.
        device: as in ``QueryOptions``; workers on GPUs see one each.

    Raises:
        EngineError: Dask is not installed, the scheduler does not answer, or its workers have another version.
    """
    distributed = _distributed()
    if options.scheduler is None:
        with tempfile.TemporaryDirectory(prefix="referent-workers-") as scratch:
            plans = _plan_workers(options.workers, tasks, device, scratch)
            with _interrupts_ignored():  # or Ctrl-C would end the workers before they can be told to stop
                place = {"dashboard": False, "dashboard_address": f"{_HERE}:0", "host": _HERE, "port": 0}
                cluster = distributed.SpecCluster(
                    workers=plans,
                    scheduler={"cls": distributed.Scheduler, "options": place},
                    silence_logs=logging.CRITICAL,
                )
                client = distributed.Client(cluster)
                client.wait_for_workers(len(plans))
            with cluster, client:
                yield client
        return
    try:
        client = distributed.Client(options.scheduler, timeout=_CONNECT_TIMEOUT_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise EngineError(f"The scheduler {options.scheduler} does not answer ({error}): check its address.") from error
    with client:
        _check_workers(client, options.scheduler)
        yield client


def _distributed() -> ModuleType:
    try:
        import distributed
    except ImportError as error:
        raise EngineError("Asking several rasters needs Dask: pip install 'referent[archive]'.") from error
    module: ModuleType = distributed
    return module


def _plan_workers(workers: int | None, tasks: int, device: str, scratch: str) -> dict[int, dict[str, Any]]:
    from distributed import Nanny

    gpus = _count_gpus() if device in ("auto", "cuda") else 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = min(workers or gpus or max(1, cores // CPUS_PER_WORKER), tasks)
    plans: dict[int, dict[str, Any]] = {}
    for index in range(count):
        threads = str(max(1, cores // count))
        environment = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        if gpus:
            environment["CUDA_VISIBLE_DEVICES"] = _visible_gpus(gpus)[index % gpus]
        # Dask must not end a worker for the memory of a network; a query bounds its own.
        plans[index] = {
            "cls": Nanny,
            "options": {
                "nthreads": 1,
                "env": environment,
                "memory_limit": 0,
                "host": _HERE,
                "dashboard": False,
                "local_directory": scratch,
                "silence_logs": logging.CRITICAL,
            },
        }
    return plans


def _count_gpus() -> int:
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _visible_gpus(count: int) -> list[str]:
    named = [part for part in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if part]
    return named if len(named) == count else [str(index) for index in range(count)]


def _check_workers(client: Client, address: str) -> None:
    if not client.scheduler_info()["workers"]:
        raise EngineError(f"The scheduler {address} has no workers: start some with 'dask worker {address}'.")
    try:
        found = client.submit(_version, pure=False).result(timeout=_CONNECT_TIMEOUT_S * 3)
    except Exception as error:
        raise EngineError(
            f"The workers of {address} cannot run this program ({type(error).__name__}: {error}): "
            f"install referent {__version__} where they run."
        ) from error
    if found != __version__:
        raise EngineError(f"The workers of {address} run referent {found}, this is {__version__}: use one version.")


def _version() -> str:
    from .. import __version__ as installed

    return installed


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Let processes that are started meanwhile ignore Ctrl-C, which the terminal sends to all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
