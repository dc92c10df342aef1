"""The store: a file a trial in a folder, for any number of writers on any number of hosts.

No lock and no database: a file is written beside its place, flushed to the disk and renamed, so a
reader meets all of it or nothing; two writers of one key write the same result.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vit2rtl.farm.task import Task
from vit2rtl.golden.files import atomic

TRIALS = "trials"
DONE, FAILED, LOST = "done", "failed", "lost"
TIME_LIMIT = "TimeLimit"  # the type of the error of a task that took too long


@dataclass(frozen=True)
class Trial:
    """What became of a task.

    status      ``done``; ``failed``: its function raised; ``lost``: its workers died
    result      of the function; None unless done
    error       type, Python's own type that it is one of, message and end of the traceback, where
                it failed
    provenance  CPU seconds, host, versions: what the result does not depend on
    """

    task: Task
    status: str
    result: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    provenance: dict[str, Any] = field(default_factory=dict)


class Store:
    """A folder ``trials/ab/abcdef….json``, named by the keys of the tasks.

    kept   whether it outlives the run that it is made for
    """

    def __init__(self, folder: str | Path, *, kept: bool = True) -> None:
        self.folder = Path(folder).absolute()
        self.kept = kept

    def path(self, task: Task) -> Path:
        """Where the trial of a task is kept."""
        return self.folder / TRIALS / task.key[:2] / f"{task.key}.json"

    def find(self, task: Task) -> Trial | None:
        """The trial of a task; None where there is none, or its file is damaged."""
        try:
            kept = json.loads(self.path(task).read_bytes())
            if kept["task"] != json.loads(json.dumps(task.identity)):
                return None
            trial = Trial(task, kept["status"], kept["result"], kept["error"], kept["provenance"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        whole = {DONE: trial.result, FAILED: trial.error}.get(trial.status)
        return trial if isinstance(whole, dict) else None

    def keep(self, trial: Trial) -> None:
        """Whole or not at all; OSError where the disk is full."""
        path = self.path(trial.task)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({
            "task": trial.task.identity, "status": trial.status, "result": trial.result,
            "error": trial.error, "provenance": trial.provenance,
        }, indent=1, allow_nan=False)
        atomic.text(path, text + "\n")
