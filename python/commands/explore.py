"""vit2rtl explore: accuracy, cycles and area of a space of choices, joined in one table."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from tqdm import tqdm

from vit2rtl.cli import MismatchError
from vit2rtl.commands import farm_options, options
from vit2rtl.explore import results, space
from vit2rtl.explore.area.parts import PARTS
from vit2rtl.explore.best import COSTS, Wish, sentence
from vit2rtl.explore.best import best as cheapest
from vit2rtl.explore.output import PAGE, write
from vit2rtl.explore.run import Exploration, reason
from vit2rtl.farm import run as farm
from vit2rtl.farm.cluster import cluster_of
from vit2rtl.farm.store import DONE, FAILED, LOST, Store, Trial
from vit2rtl.farm.task import Task
from vit2rtl.golden.files import atomic
from vit2rtl.golden.files.counts import counted

# What is run where no other subcommand is named.
_DEFAULT = "space"


class _Explore(click.Group):
    """``explore SPACE.toml`` is ``explore space SPACE.toml``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Explore, epilog="""\b
Examples:
  vit2rtl explore space.toml --out runs/space
  vit2rtl explore space.toml --out runs/space --dry-run
  vit2rtl explore space.toml --out runs/space --cluster slurm --jobs 8
  vit2rtl explore report runs/space
  vit2rtl explore best runs/space --top1-drop 1 --device LFE5U-85F > recipe.json
  vit2rtl quantize mnist_vit --recipe recipe.json --out model
""")
def command() -> None:
    """Measure what each choice costs, before anyone writes RTL.

    SPACE.toml lists methods, widths, arrays and parts; all are crossed. The table has accuracy,
    cycles and area of each, see 'vit2rtl explore space --help' and docs/explore.md.
    """


@command.command(_DEFAULT)
@click.argument("space_file", metavar="SPACE.toml", type=options.FILE)
@click.option("--out", required=True, type=options.FOLDER,
              help="Folder for trials and tables: what is there already is not run again.")
@click.option("--dry-run", is_flag=True,
              help="Show what would run, how long, and what is refused; just the model is read.")
@click.option("--retry-failed", is_flag=True, help="Run again what has failed.")
@click.option("--store", "store_folder", type=options.FOLDER,
              help="Folder of trials, to share them; by default that of --out.")
@farm_options.farmed
def explore(
    space_file: str, out: str, dry_run: bool, retry_failed: bool, store_folder: str | None,
    cluster: str, jobs: int,
) -> None:
    """Run the trials of SPACE.toml, and write results.csv, results.json and the report.

    A trial that fails is a row with its error, and exit code 1 says how many there are. Started
    again, the command runs only what is missing.
    """
    asked = space.read(space_file)
    folder = Path(out)
    atomic.check_folder(folder)
    store = Store(store_folder or folder)
    runner = _Runner(store, cluster, jobs, retry_failed)
    exploration = Exploration(asked, folder, store, runner)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if dry_run:
            click.echo("\n".join(_planned(exploration)))
            return
        found = exploration.results()
    except KeyboardInterrupt:
        click.echo(f"vit2rtl: interrupted: {store.folder} has {runner.ended} of "
                   f"{counted(runner.total, 'trial')}; the same command goes on", err=True)
        click.get_current_context().exit(130)
    write(found, folder, Path(space_file).read_text(encoding="utf-8-sig"))
    click.echo("\n".join(_summary(found["rows"], folder)))
    bad = [trial for trial in exploration.trials.values() if trial.status != DONE]
    if bad:
        raise MismatchError(f"{len(bad)} of {counted(len(exploration.trials), 'trial')} failed or "
                            f"were lost; the first: {reason(bad[0])}")


@command.command("report")
@click.argument("folder", metavar="DIR", type=options.FOLDER)
def report(folder: str) -> None:
    """Write the page and the picture of an exploration again, from its results.json."""
    from vit2rtl.explore.report import write as write_report

    paths = write_report(results.read(folder), Path(folder))
    click.echo(f"written: {', '.join(str(path) for path in paths)}")


@command.command("best")
@click.argument("folder", metavar="DIR", type=options.FOLDER)
@click.option("--top1-drop", type=click.FloatRange(min=0), default=1.0, show_default=True,
              help="Points of top-1 that may be lost against the float model.")
@click.option("--device", type=click.Choice([*PARTS]), help="Only rows of this part.")
@click.option("--array", metavar="NxN", help="Only rows of this array, as 8x8.")
@click.option("--mac", type=click.Choice(space.MACS), default=space.MACS[0], show_default=True,
              help="What multiplies; native is a what-if, no engine that is generated.")
@click.option("--by", type=click.Choice(COSTS), default=COSTS[0], show_default=True,
              help="What must be least.")
def best(
    folder: str, top1_drop: float, device: str | None, array: str | None, mac: str, by: str
) -> None:
    """Print the cheapest recipe of an exploration that is good enough.

    The recipe is JSON on standard output, as 'vit2rtl quantize --recipe FILE' takes it; what it
    costs, and with which images it was calibrated, is said on standard error.
    """
    found = results.read(folder)
    row = cheapest(found["rows"], Wish(top1_drop, device, array, mac, by))
    click.echo(sentence(row, found), err=True)
    calibration = Path(folder) / found["provenance"]["calibration_list"]
    click.echo(f"calibrated on the images in {calibration}: --list takes it", err=True)
    click.echo(json.dumps(found["recipes"][row["name"]], indent=1, sort_keys=True))


class _Runner:
    """Runs tasks with a bar, and counts those that ended."""

    def __init__(self, store: Store, cluster: str, jobs: int, retry_failed: bool) -> None:
        self.store, self.retry_failed = store, retry_failed
        self.cluster = cluster_of(cluster, jobs)
        self.ended = self.total = 0

    def __call__(self, title: str, tasks: Sequence[Task]) -> list[Trial]:
        before = self.total
        with tqdm(desc=title, unit="trial", file=sys.stderr, leave=False, disable=None) as bar:

            def report(ended: int, total: int) -> None:
                bar.total = total
                bar.update(ended - bar.n)
                self.ended, self.total = before + ended, before + total

            return farm.run(tasks, self.store, self.cluster, report,
                            retry_failed=self.retry_failed)


def _planned(exploration: Exploration) -> list[str]:
    """Lines of a dry run."""
    points = exploration.uniform
    tasks = exploration.tasks(points)
    missing = [task for task in tasks if exploration.store.find(task) is None]
    guessed, spent = 0.0, 0.0
    for trial in filter(None, map(exploration.store.find, tasks)):
        guessed += exploration.guess(trial.task)
        spent += trial.provenance["cpu_seconds"]
    factor = spent / guessed if guessed else 1.0
    seconds = factor * sum(map(exploration.guess, missing))
    lines = [f"{counted(len(points), 'row')} from {counted(len(tasks), 'trial')}, "
             f"{len(tasks) - len(missing)} of them stored",
             f"{len(missing)} to run: about {_time(seconds)}, "
             f"{'as the stored ones took' if guessed else 'within a factor of 3'}"]
    mixed = exploration.space.mixed
    if mixed:
        settings, seconds = exploration.guess_search()
        budgets = ", ".join(f"{budget:g}" for budget in mixed.budgets)
        lines.append(f"and a search for mixed widths by {mixed.cost} within {budgets}: "
                     f"{counted(settings, 'setting')} at most, {_time(factor * seconds)} if each "
                     "began anew and none was stored")
    rejected = Counter(one.rejected.partition(": ")[0] for one in points if one.rejected)
    lines += [f"rejected, {counted(count, 'row')}: {reason}" for reason, count in rejected.items()]
    return lines


def _time(seconds: float) -> str:
    return f"{seconds:,.0f} CPU seconds, {seconds / 3600:.2f} CPU hours"


def _summary(rows: Sequence[results.Row], folder: Path) -> list[str]:
    counts = {status: sum(row["status"] == status for row in rows)
              for status in (DONE, FAILED, LOST, results.REJECTED)}
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    front = [row for row in rows if row["front"]]
    lines = [f"{counted(len(rows), 'row')}: {told}; {len(front)} in the front"]
    files = [name for name in (PAGE, results.TABLE, results.RESULTS) if (folder / name).is_file()]
    lines.append(f"written to {folder}: {', '.join(files)}")
    return lines
