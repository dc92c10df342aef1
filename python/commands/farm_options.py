"""Options of the commands that hand tasks to the farm, and the bar while they run."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from tqdm import tqdm

from vit2rtl.cli import MismatchError
from vit2rtl.farm.cluster import LOCAL, cluster_of, dask_cluster
from vit2rtl.farm.run import Cluster, Report, TasksFailedError, result, results, run
from vit2rtl.farm.store import Store
from vit2rtl.farm.task import Task

F = TypeVar("F", bound=Callable[..., Any])


def _print_job(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        name = context.params.get("cluster", LOCAL)
        if name == LOCAL:
            raise click.UsageError("--print-job shows the script of a queue's job: give --cluster "
                                   "slurm or lsf")
        script = dask_cluster(name, context.params.get("jobs", 1)).job_script()
        click.echo(script, nl=False)
        context.exit()


def _jobs(context: click.Context, option: click.Parameter, jobs: int | None) -> int:
    return jobs or os.cpu_count() or 1


time_limit = click.option(
    "--time-limit", metavar="SECONDS", type=click.FloatRange(0, min_open=True),
    help="End a task that takes longer, with all that it has started: it has failed.")


def _jobs_option(default: int | None, shown: str) -> Callable[[F], F]:
    return click.option(
        "--jobs", type=click.IntRange(1), default=default, callback=_jobs, is_eager=True,
        show_default=shown, help="Processes, or jobs of the queue, to run at a time.")


cluster = click.option(
    "--cluster", metavar="CLUSTER", default=LOCAL, show_default=True, is_eager=True,
    help="Where tasks run: local, slurm, lsf, or a dask scheduler at tcp://HOST:PORT or of a "
         "--scheduler-file NAME.json.")
print_job = click.option(
    "--print-job", is_flag=True, expose_value=False, callback=_print_job,
    help="Print the script of one job of the queue, and run nothing.")


store = click.option(
    "--store", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
    help="Keep the results of tasks here, and run none that has one; a folder that all nodes "
         "share, where --cluster is not local.")


def farmed(function: F) -> F:
    """``--cluster``, ``--jobs`` and ``--print-job``: parameters ``cluster`` and ``jobs``."""
    return cluster(_jobs_option(None, "number of cores")(print_job(function)))


def farmed_models(function: F) -> F:
    """The same for tasks that run models: one job by default, as each loads torch and the model,
    and torch itself uses all cores."""
    return cluster(_jobs_option(1, "1")(print_job(function)))


def is_farm(cluster: str, jobs: int, store: Path | None = None) -> bool:
    """Whether any of these options asks for more than this process."""
    return cluster != LOCAL or jobs > 1 or store is not None


@contextmanager
def kept_in(store: Path | None, cluster: str) -> Iterator[Store]:
    """The store of ``--store``, or one for this command only, where nothing else needs it."""
    if store is not None:
        yield Store(store)
        return
    if cluster != LOCAL:
        raise click.UsageError("Missing option '--store': a folder that all nodes share")
    with tempfile.TemporaryDirectory(prefix="vit2rtl-trials-") as folder:
        yield Store(folder, kept=False)


def threads_or(cluster: str, jobs: int) -> Cluster:
    """What ``--cluster`` names, for tasks that wait for simulators, provers, compilers: where that
    is ``local``, threads of this process."""
    from vit2rtl.sim.tools.processes import Threads

    return Threads(jobs) if cluster == LOCAL else cluster_of(cluster, jobs)


def computed(
    tasks: Sequence[Task], store: Store, cluster: Cluster, *, title: str, unit: str
) -> list[dict[str, Any]]:
    """Results in the order of the tasks, all of which are needed.

    raises   what the first task that fails has raised; the others end
    """
    with _bar(title, unit) as report:
        return results(run(tasks, store, cluster, report, retry_failed=True, each=result))


@contextmanager
def _bar(title: str, unit: str) -> Iterator[Report]:
    with tqdm(desc=title, unit=unit, file=sys.stderr, leave=False, disable=None) as bar:

        def report(ended: int, total: int) -> None:
            bar.total = total
            bar.update(ended - bar.n)

        yield report


def measured(
    tasks: Sequence[Task], store: Store, cluster: Cluster, *, title: str, unit: str
) -> list[dict[str, Any]]:
    """Results in the order of the tasks; what has failed before is tried again.

    raises   MismatchError where a task failed or was lost; the others are in the store
    """
    with _bar(title, unit) as report:
        trials = run(tasks, store, cluster, report, retry_failed=True)
    try:
        return results(trials)
    except TasksFailedError as error:
        raise MismatchError(str(error)) from None
