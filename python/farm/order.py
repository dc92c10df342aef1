"""Which tasks go first: the longest, as far as trials of others tell, so that none is left over."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import mean

from vit2rtl.farm.store import Trial
from vit2rtl.farm.task import Task


def longest_first(tasks: Sequence[Task], known: Sequence[Trial]) -> list[Task]:
    """The tasks by what they may take; those of which nothing is known keep their order, in front.

    A task may take what trials of its function took that have a value of its ``spec`` in common:
    the sum, over its values, of the mean CPU seconds of those trials.

    known   trials that have ended, with ``cpu_seconds`` in their provenance
    """
    taken = defaultdict(list)
    for trial in known:
        for value in _values(trial.task):
            taken[value].append(trial.provenance.get("cpu_seconds", 0.0))
    means = {value: mean(seconds) for value, seconds in taken.items()}
    costs = {task.key: sum(means.get(value, 0.0) for value in _values(task)) for task in tasks}
    unknown = [task for task in tasks if not costs[task.key]]
    rest = [task for task in tasks if costs[task.key]]
    return [*unknown, *sorted(rest, key=lambda task: -costs[task.key])]


def _values(task: Task) -> list[tuple[str, str, str]]:
    return [(task.function, name, repr(value)) for name, value in task.spec.items()]
