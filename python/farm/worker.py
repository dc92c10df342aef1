"""What a worker does with a task, wherever it runs."""

import errno
import os
import platform
import traceback
from typing import Any

from vit2rtl import __version__
from vit2rtl.farm.store import DONE, FAILED, Store, Trial
from vit2rtl.farm.task import Task

# Of the machine, not of the task: no results. A package that is not installed may be tomorrow.
_OF_MACHINE = MemoryError, ImportError
_FULL = {errno.ENOSPC, errno.EDQUOT}
_TRACEBACK_LINES = 12


def versions() -> dict[str, str]:
    """Of vit2rtl and Python, which driver and workers have in common."""
    return {"vit2rtl": __version__, "python": platform.python_version()}


def execute(task: Task, store: Store, again: bool = False) -> str:
    """The status of a task, after its trial is in the store: one that is there is not run again.

    again    run one that has failed once more
    raises   OSError where the disk is full or the store cannot be written, MemoryError, and
             ImportError where a package is missing
    """
    kept = store.find(task)
    if kept is not None and not (again and kept.status == FAILED):
        return kept.status
    started = _cpu_seconds()
    try:
        trial = Trial(task, DONE, task.call(), provenance=_provenance(started))
    except Exception as error:
        if isinstance(error, _OF_MACHINE) or getattr(error, "errno", None) in _FULL:
            raise
        lines = traceback.format_exc().splitlines()[-_TRACEBACK_LINES:]
        trial = Trial(task, FAILED, provenance=_provenance(started), error={
            "type": type(error).__name__, "builtin": _builtin(error), "message": str(error),
            "traceback": "\n".join(lines)})
    store.keep(trial)
    return trial.status


def _builtin(error: Exception) -> str:
    """Name of Python's own exception that an error is one of."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")


def _provenance(started: float) -> dict[str, Any]:
    return {"cpu_seconds": round(_cpu_seconds() - started, 3), "host": platform.node(),
            **versions()}


def _cpu_seconds() -> float:
    """Of this process and of the programs that it has started and that have ended."""
    return sum(os.times()[:4])
