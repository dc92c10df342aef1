"""Clusters behind dask.distributed and dask-jobqueue: a scheduler's address, SLURM, LSF."""

import json
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vit2rtl.farm.batches import Batches
from vit2rtl.farm.pool import ALLOWED_LOSSES, Done, LocalPool
from vit2rtl.farm.store import Store
from vit2rtl.farm.task import Task

LOCAL = "local"
# Of a queue: what dask-jobqueue calls it, and the command that submits a job.
QUEUES = {"slurm": ("SLURMCluster", "sbatch"), "lsf": ("LSFCluster", "bsub")}
DEATH_TIMEOUT = 60  # seconds after which a worker without a scheduler, or it without one, gives up
MARGIN = 300  # seconds before the end of a job's time at which its worker takes no more tasks
_MEMORY = "2GB"
# One thread a worker; and a worker that may start processes, for a limit of time.
_ENVIRONMENT = "export OMP_NUM_THREADS=1", "export DASK_DISTRIBUTED__WORKER__DAEMON=False"


def cluster_of(
    name: str, jobs: int, limit: float | None = None
) -> "LocalPool | DaskCluster":
    """What ``--cluster`` names: ``local``, ``slurm``, ``lsf``, or a scheduler's address or file.

    jobs     processes, or jobs of the queue; a scheduler at an address has workers of its own
    limit    seconds that a task may take, see :class:`~.pool.LocalPool`
    raises   ValueError for any other name, where the extra ``[farm]`` is not installed, and where
             this host submits no jobs to the queue
    """
    if name == LOCAL:
        return LocalPool(jobs, limit)
    cluster = dask_cluster(name, jobs, limit)
    if name in QUEUES and not shutil.which(submit := QUEUES[name][1]):
        raise ValueError(f"Cluster {name} needs {submit}, which is not on PATH: run this on a host "
                         "that submits jobs")
    return cluster


def dask_cluster(name: str, jobs: int, limit: float | None = None) -> "DaskCluster":
    """The same of any name but ``local``, on a host that need not submit jobs: its script shows."""
    if name.endswith(".json"):
        name = _address(Path(name))
    if name not in QUEUES and not name.startswith(("tcp://", "tls://")):
        raise ValueError(f"Cluster must be {LOCAL}, {', '.join(QUEUES)}, tcp://HOST:PORT or a "
                         f"scheduler's file NAME.json, not {name!r}")
    if not (find_spec("distributed") and find_spec("dask_jobqueue")):
        raise ValueError(f"Cluster {name} needs dask: pip install 'vit2rtl[farm]'")
    return DaskCluster(name, jobs, limit=limit)


def _address(file: Path) -> str:
    """Of the scheduler that has written a file, by ``dask scheduler --scheduler-file``."""
    try:
        return str(json.loads(file.read_bytes())["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is not the file of a dask scheduler: dask scheduler "
                         "--scheduler-file writes one") from error


@dataclass(frozen=True)
class DaskCluster:
    """A scheduler at an address, or one of our own whose workers are jobs of a queue."""

    name: str
    jobs: int
    death_timeout: int = DEATH_TIMEOUT
    limit: float | None = None

    def run(self, tasks: Sequence[Task], store: Store, done: Done, again: bool = False) -> None:
        """Run tasks; trials go through the store, the scheduler sees keys and statuses.

        raises   ValueError where no worker comes, or one has other versions than this process;
                 OSError of a worker that cannot write the store
        """
        with self._client() as client:
            try:
                client.wait_for_workers(1, timeout=self.death_timeout)
            except TimeoutError:
                raise ValueError(self._no_worker()) from None
            workers = max(self.jobs, len(client.scheduler_info(n_workers=-1)["workers"]))
            for task, status in Batches(client, tasks, workers, store, again,
                                        self.limit).ended():
                done(task, status)

    def job_script(self) -> str:
        """The script of a job; nothing is submitted."""
        if self.name not in QUEUES:
            raise ValueError(f"Cluster {self.name} has no job script: {' and '.join(QUEUES)} have")
        with self._queue() as cluster:
            return cluster.job_script()

    @contextmanager
    def _client(self) -> Iterator[Any]:
        from distributed import Client

        if self.name not in QUEUES:
            try:
                client = Client(self.name, timeout=self.death_timeout)
            except OSError:
                raise ValueError(f"No dask scheduler answers at {self.name}") from None
            with client:
                yield client
            return
        with self._queue() as cluster, Client(cluster) as client:
            # Not scale(): it replaces no job that is killed.
            cluster.adapt(minimum_jobs=self.jobs, maximum_jobs=self.jobs)
            yield client

    @contextmanager
    def _queue(self) -> Iterator[Any]:
        """Settings are those of ~/.config/dask/jobqueue.yaml; these fill in what it leaves out."""
        import dask

        create: Callable[..., Any] = getattr(_jobqueue(), QUEUES[self.name][0])
        with dask.config.set({"distributed.scheduler.allowed-failures": ALLOWED_LOSSES - 1}):
            configured = dask.config.get(f"jobqueue.{self.name}")
            prologue = [*_ENVIRONMENT, *(configured.get("job-script-prologue") or [])]
            lifetime = max(_seconds(configured.get("walltime") or "00:30:00") - MARGIN, MARGIN)
            cluster = create(
                cores=1, processes=1, memory=configured.get("memory") or _MEMORY,
                python=configured.get("python") or sys.executable,
                death_timeout=self.death_timeout, scheduler_options={"dashboard_address": ":0"},
                job_script_prologue=prologue,
                worker_extra_args=["--lifetime", f"{lifetime}s", "--lifetime-stagger", "60s",
                                   *(configured.get("worker-extra-args") or [])])
            with cluster:
                yield cluster

    def _no_worker(self) -> str:
        text = f"No worker has come to cluster {self.name} in {self.death_timeout} s"
        if self.name not in QUEUES:
            return f"{text}: start one by dask worker {self.name}"
        return (f"{text}: look at the queue, and whether nodes reach this host (interface in "
                "~/.config/dask/jobqueue.yaml)")


def _jobqueue() -> Any:
    """The package. Loaded, it makes Ctrl-C end the process without a word: what was is put back."""
    before = signal.getsignal(signal.SIGINT)
    import dask_jobqueue

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, before)
    return dask_jobqueue


def _seconds(walltime: str) -> int:
    """Of SLURM's ``[D-]HH:MM:SS`` and LSF's ``HH:MM``."""
    days, _, clock = walltime.rpartition("-")
    parts = [*map(int, clock.split(":"))]
    hours, minutes, seconds = (*parts, 0, 0)[:3]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds
