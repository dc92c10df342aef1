"""Tasks on their way through dask, several at a time.

The scheduler needs milliseconds for whatever it is given, so that is a batch: a worker runs the
tasks of one for :data:`SECONDS`, and gives back those that it has not begun. Batches grow while all
of their tasks are begun: short tasks go by the dozen, and long ones alone.
"""

import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from vit2rtl.farm.pool import Worker
from vit2rtl.farm.store import LOST, Store
from vit2rtl.farm.task import Task
from vit2rtl.farm.worker import execute, versions

IN_FLIGHT = 2  # batches that the scheduler holds for each worker
SECONDS = 0.3
LARGEST = 64


class Batches:
    """Tasks through a client of dask, with so many workers; see :meth:`ended`."""

    def __init__(self, client: Any, tasks: Sequence[Task], workers: int, *common: Any) -> None:
        self._client, self._common = client, (*common, versions())
        self._waiting = deque(tasks)
        self._slots = IN_FLIGHT * workers
        self._size = 1
        self._running: dict[Any, list[Task]] = {}

    def ended(self) -> Iterator[tuple[Task, str]]:
        """Each task and its status, as they end; errors of workers are raised."""
        from distributed import as_completed

        futures = as_completed()
        self._fill(futures)
        for future in futures:
            batch = self._running.pop(future)
            statuses = _statuses(future)
            if statuses is None and len(batch) > 1:
                for task in batch:  # one of them has killed its workers
                    self._submit([task], futures)
                continue
            statuses = statuses or [LOST]
            yield from zip(batch, statuses, strict=False)
            self._waiting.extendleft(reversed(batch[len(statuses):]))
            self._size = min(2 * len(statuses), LARGEST)
            self._fill(futures)

    def _fill(self, futures: Any) -> None:
        while self._waiting and len(self._running) < self._slots:
            size = min(self._size, -(-len(self._waiting) // self._slots))
            self._submit([self._waiting.popleft() for _ in range(size)], futures)

    def _submit(self, batch: list[Task], futures: Any) -> None:
        future = self._client.submit(run, batch, *self._common, pure=False)
        self._running[future] = batch
        futures.add(future)


def run(
    batch: list[Task], store: Store, again: bool, limit: float | None, expected: dict[str, str]
) -> list[str]:
    """Statuses of a batch's first tasks: as many as can be begun in time, one at least.

    limit    seconds of a task: with one, a process of this worker runs it
    raises   ValueError where this worker has other versions than expected, or may start no process
    """
    found = versions()
    if found != expected:
        raise ValueError(f"A worker has {found}, and this process {expected}: install the same")
    if limit is not None and multiprocessing.current_process().daemon:
        raise ValueError("A time limit needs workers that may start processes: set "
                         "DASK_DISTRIBUTED__WORKER__DAEMON=False where dask worker is started")
    statuses, end = [], time.monotonic() + SECONDS
    for task in batch:
        statuses.append(execute(task, store, again) if limit is None
                        else _limited(store.folder, again, limit).call(task))
        if time.monotonic() > end:
            break
    return statuses


@lru_cache(1)
def _limited(folder: Path, again: bool, limit: float) -> Worker:
    """One for all tasks of a run: it imports what they need once."""
    return Worker(Store(folder), again, limit)


def _statuses(future: Any) -> list[str] | None:
    """Of the tasks that were begun; None where the batch has killed its workers."""
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return None
