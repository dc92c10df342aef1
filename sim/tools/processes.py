"""Child processes with a log, a time limit, and no survivors: compilers and simulators."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from vit2rtl.farm.pool import Done
from vit2rtl.farm.store import Store
from vit2rtl.farm.task import Task
from vit2rtl.farm.worker import execute

T = TypeVar("T")

_running: set[subprocess.Popen] = set()
_ended: set[subprocess.Popen] = set()
_lock = threading.Lock()


class EndedError(BaseException):
    """:func:`kill_all` has ended the command: no result of it is one."""


def run(
    command: Sequence[object],
    *,
    log: Path,
    timeout: float,
    cwd: str | Path | None = None,
    env: Mapping[str, str | None] | None = None,
) -> int | None:
    """Run a command with its output in the file ``log``; its exit status, or None for a timeout.

    The child leads a process group of its own, so that killing it also ends what it started.
    ``env`` is added to this process' environment; a value of None removes the variable.
    EndedError where :func:`kill_all` has ended it.
    """
    changed = {**os.environ, **(env or {})}
    environment = {name: value for name, value in changed.items() if value is not None}
    with open(log, "a", encoding="utf-8") as output:
        output.write(f"$ {' '.join(map(str, command))}\n")
        output.flush()
        with _lock:
            child = subprocess.Popen(
                list(map(str, command)),
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            _running.add(child)
        try:
            status = child.wait(timeout)
        except subprocess.TimeoutExpired:
            output.write(f"stopped after {timeout} s\n")
            return None
        finally:
            _end(child)
            ended = child in _ended
            _ended.discard(child)
        if ended:
            raise EndedError
        return status


def kill_all() -> None:
    """End every child that :func:`run` has started, from whichever thread."""
    with _lock:
        children = list(_running)
        _ended.update(children)
    for child in children:
        _end(child)


@dataclass(frozen=True)
class Threads:
    """A cluster of the farm in this process: for tasks that wait for commands of :func:`run`.

    Threads import nothing again, and share what they have read.
    """

    jobs: int = 1

    def run(self, tasks: Sequence[Task], store: Store, done: Done, again: bool = False) -> None:
        """See :class:`vit2rtl.farm.run.Cluster`; an error or an interrupt ends the commands."""
        run_all([partial(execute, task, store, again) for task in tasks], self.jobs,
                lambda n, status: done(tasks[n], status))


def run_all(
    tasks: Sequence[Callable[[], T]], jobs: int, done: Callable[[int, T], object]
) -> None:
    """Call functions, ``jobs`` at a time, and ``done(position, result)`` as they return.

    An error or an interrupt ends every child process before it goes on.
    """
    pool = ThreadPoolExecutor(jobs)
    futures = {pool.submit(task): n for n, task in enumerate(tasks)}
    try:
        for future in as_completed(futures):
            done(futures[future], future.result())
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        while not all(future.done() for future in futures):
            kill_all()
            time.sleep(0.05)
        raise
    finally:
        pool.shutdown()


def _end(child):
    """Kill what is left of the child's group, and collect it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    with _lock:
        _running.discard(child)


def tail(log: Path, lines: int = 15, separator: str = "\n") -> str:
    """The last lines of a log, for an error message."""
    with suppress(OSError), open(log, encoding="utf-8", errors="replace") as stream:
        return separator.join(stream.read().splitlines()[-lines:])
    return ""
