"""Child processes with a log, a time limit, and no survivors: compilers and simulators."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_running: set[subprocess.Popen] = set()
_lock = threading.Lock()


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
            return child.wait(timeout)
        except subprocess.TimeoutExpired:
            output.write(f"stopped after {timeout} s\n")
            return None
        finally:
            _end(child)


def kill_all() -> None:
    """End every child that :func:`run` has started, from whichever thread."""
    with _lock:
        children = list(_running)
    for child in children:
        _end(child)


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
