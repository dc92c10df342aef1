"""Runs tasks: those whose trials are in the store are done, the others go to workers."""

from collections.abc import Callable, Sequence
from typing import Protocol

from vit2rtl.farm.order import longest_first
from vit2rtl.farm.pool import Done, LocalPool
from vit2rtl.farm.store import DONE, FAILED, LOST, Store, Trial
from vit2rtl.farm.task import Task
from vit2rtl.golden.files.counts import counted

# Called with how many tasks have ended, of how many.
Report = Callable[[int, int], None]
Each = Callable[[Trial], object]


class TasksFailedError(RuntimeError):
    """Tasks failed or were lost: how many of how many, and what the first one said."""


class Cluster(Protocol):
    """What runs tasks somewhere: :class:`~.pool.LocalPool`, :class:`~.cluster.DaskCluster`."""

    def run(self, tasks: Sequence[Task], store: Store, done: Done, again: bool = False) -> None:
        """Leave a trial of each task in the store; ``done`` is called with task and status."""


def run(
    tasks: Sequence[Task],
    store: Store,
    cluster: Cluster | None = None,
    report: Report | None = None,
    *,
    retry_failed: bool = False,
    each: Each | None = None,
) -> list[Trial]:
    """The trials of all tasks, in the tasks' order; they run in that of :mod:`.order`.

    tasks          may name one thing twice: it is run once
    cluster        this process by default
    report         called with (ended, total), first with what the store has
    retry_failed   run again what has failed before
    each           called with each trial as it ends, those of the store first; an error that it
                   raises ends the run
    raises         OSError where the store cannot be written, KeyboardInterrupt, which says where
                   results are kept: what is done by then stays there
    """
    each = each or (lambda trial: None)
    unique = {task.key: task for task in tasks}
    trials: dict[str, Trial] = {}
    for key, task in unique.items():
        kept = store.find(task)
        if kept is not None and not (retry_failed and kept.status == FAILED):
            trials[key] = kept
    missing = [task for key, task in unique.items() if key not in trials]
    report = report or (lambda ended, total: None)
    report(len(trials), len(unique))
    for trial in [*trials.values()]:
        each(trial)

    def done(task: Task, status: str) -> None:
        kept = None if status == LOST else store.find(task)
        trials[task.key] = kept or Trial(task, LOST)
        report(len(trials), len(unique))
        each(trials[task.key])

    if missing:
        tasks_in_order = longest_first(missing, [*trials.values()])
        try:
            (cluster or LocalPool()).run(tasks_in_order, store, done, retry_failed)
        except KeyboardInterrupt:
            if not store.kept:
                raise
            raise KeyboardInterrupt(
                f"{store.folder} has {len(trials)} of {counted(len(unique), 'result')}; the same "
                "command goes on") from None
    return [trials[task.key] for task in tasks]


def results(trials: Sequence[Trial]) -> list[dict]:
    """Results of trials that are all done; a TasksFailedError counts those that are not."""
    bad = [trial for trial in trials if trial.status != DONE]
    if bad:
        error = bad[0].error
        first = f"{error['type']}: {error['message']}" if error else "its workers died"
        raise TasksFailedError(f"{len(bad)} of {counted(len(trials), 'task')} failed or were lost; "
                               f"the first: {first}")
    return [trial.result for trial in trials if trial.result is not None]


def result(trial: Trial) -> dict:
    """The result of a trial; where its function raised a ValueError, that is raised again."""
    if trial.error and trial.error["builtin"] == ValueError.__name__:
        raise ValueError(trial.error["message"])
    return results([trial])[0]
