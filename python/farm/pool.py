"""The local pool: processes of this machine, each of which runs a task at a time.

A worker that dies is replaced and its task given to another; where :data:`ALLOWED_LOSSES` workers
have died of one task, that is ``lost``. Workers end with the process that started them, and
with SIGTERM, so that whatever a task has started is ended by its own ``finally``.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection
from queue import SimpleQueue
from typing import Any

from vit2rtl.farm.store import FAILED, LOST, TIME_LIMIT, Store, Trial
from vit2rtl.farm.task import Task
from vit2rtl.farm.worker import execute

ALLOWED_LOSSES = 3
PATIENCE = 5.0  # seconds that a worker has to end what it has started
# Called with a task and its status.
Done = Callable[[Task, str], None]
_start = threading.Lock()


@dataclass(frozen=True)
class LocalPool:
    """So many processes; with one job and no limit, this process and no other.

    limit   seconds that a task may take; beyond them its worker ends, with the group of processes
            that it leads, and the task has failed with type ``TimeLimit``
    """

    jobs: int = 1
    limit: float | None = None

    def run(self, tasks: Sequence[Task], store: Store, done: Done, again: bool = False) -> None:
        """Run tasks in their order; ``done`` is called here as they end, in any order.

        An error or an interrupt ends the workers; trials that are in the store stay there.
        """
        if self.jobs == 1 and self.limit is None:
            for task in tasks:
                done(task, execute(task, store, again))
            return
        waiting, ended = iter(tasks), SimpleQueue[Any]()
        workers = [Worker(store, again, self.limit) for _ in range(min(self.jobs, len(tasks)))]
        lock = threading.Lock()
        threads = [threading.Thread(target=_serve_slot, args=(worker, waiting, lock, ended),
                                    daemon=True) for worker in workers]
        for thread in threads:
            thread.start()
        try:
            for _ in tasks:
                task, outcome = ended.get()
                if isinstance(outcome, BaseException):
                    raise outcome
                done(task, outcome)
        finally:
            for worker in workers:
                worker.end()


def _serve_slot(worker: "Worker", waiting: Iterator[Task], lock: threading.Lock,
                ended: SimpleQueue) -> None:
    """Give tasks to one worker, one after the other."""
    while not worker.over:
        with lock:
            task = next(waiting, None)
        if task is None:
            return
        try:
            ended.put((task, worker.call(task)))
        except BaseException as error:
            ended.put((task, error))
            return


class Worker:
    """A process that is started when first needed, and again where it has died.

    limit   see :class:`LocalPool`
    """

    def __init__(self, store: Store, again: bool, limit: float | None = None) -> None:
        self._arguments = store, again
        self._store, self._limit = store, limit
        self._process: Any = None
        self._pipe: Any = None
        self.over = False

    def call(self, task: Task) -> str:
        """The status of a task, whose trial is in the store; an error of the store is raised."""
        for _ in range(ALLOWED_LOSSES):
            if self.over:
                break
            try:
                if self._process is None or not self._process.is_alive():
                    self._begin()
                    self._pipe.recv()  # it is there: only now time counts
                self._pipe.send(task)
                if not self._pipe.poll(self._limit):
                    return self._stopped(task)
                status, error = self._pipe.recv()
            except (EOFError, OSError):
                if self._process is not None:
                    self._process.join()
                continue
            if error is not None:
                raise error
            return status
        return LOST

    def end(self) -> None:
        """Also while a call waits."""
        with _start:
            self.over = True
            process = self._process
        self._stop(process)

    def _stopped(self, task: Task) -> str:
        """A task that took too long: what it has started ends with it."""
        self._stop(self._process)
        self._store.keep(Trial(task, FAILED, error={
            "type": TIME_LIMIT, "builtin": TimeoutError.__name__, "traceback": "",
            "message": f"stopped after {self._limit:g} s"}))
        return FAILED

    @staticmethod
    def _stop(process: Any) -> None:
        if process is None or process.exitcode is not None:
            return
        process.terminate()
        connection.wait([process.sentinel], PATIENCE)
        with suppress(OSError):  # until it is joined, no other group has its number
            os.killpg(process.pid, signal.SIGKILL)
        process.join()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, *self._arguments), daemon=False)
        with _start, _one_thread():
            if self.over:
                raise EOFError("The pool has ended")
            process.start()
            self._process, self._pipe = process, ours
        theirs.close()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Children compute in one thread each; what they import first reads it from here."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _work(pipe: Any, store: Store, again: bool) -> None:
    """Life of a worker: tasks from the pipe, until whoever sends them is gone."""
    os.setpgid(0, 0)  # a terminal's Ctrl-C is for who sends the tasks
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pipe.send(None)
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        answer: tuple[str, Exception | None]
        try:
            answer = execute(task, store, again), None
        except Exception as error:
            answer = "", error
        pipe.send(answer)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
