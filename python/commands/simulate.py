"""``vit2rtl simulate``: golden vectors through the Verilog, in Icarus and Verilator."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from vit2rtl.cli import MismatchError
from vit2rtl.commands import completion, farm_options, options
from vit2rtl.farm.store import Store
from vit2rtl.golden.vectors import program_vectors_schema
from vit2rtl.sim.coverage import code_coverage
from vit2rtl.sim.run.results import BenchResult, check_results_path, write_junit
from vit2rtl.sim.tools.simulators import SIMULATORS

if TYPE_CHECKING:
    from vit2rtl.sim.coverage.functional import Coverage

SHOWN_MISMATCHES = 10
SHOWN_BINS = 20


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--simulator",
    "simulators",
    multiple=True,
    type=click.Choice(SIMULATORS),
    help="Which simulator; may be repeated.  [default: both]",
)
@click.option("--unit", "units", multiple=True, shell_complete=completion.instances,
              help="Only this unit or instance; repeatable.")
@click.option(
    "--verilog",
    "verilog_folder",
    type=click.Path(path_type=Path),
    help="Folder of your own Verilog, used in place of the generated one.",
)
@click.option("--stall", default=0, show_default=True, help="Stalls in the replay, percent.")
@click.option("--seed", default=0, show_default=True, help="Of everything random in the benches.")
@farm_options.farmed
@farm_options.store
@click.option(
    "--coverage/--no-coverage",
    "functional",
    default=True,
    show_default=True,
    help="Collect functional coverage: coverage.json and coverage.md in OUT.",
)
@click.option(
    "--code-coverage",
    "code",
    is_flag=True,
    help="Measure Verilator's line and toggle coverage (slow; builds of its own).",
)
@options.engine
@click.option("--waves", is_flag=True, help="Record FST waves (slow).")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("simulation"),
    show_default=True,
    help="Folder for logs, waves and results.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path),
    help="JUnit XML file.  [default: OUT/results.xml]",
)
def command(
    bundle: Path,
    simulators: tuple[str, ...],
    units: tuple[str, ...],
    verilog_folder: Path | None,
    stall: int,
    seed: int,
    cluster: str,
    jobs: int,
    store: Path | None,
    functional: bool,
    code: bool,
    engine: str | None,
    waves: bool,
    out: Path,
    junit: Path | None,
) -> None:
    """Replay the golden vectors of BUNDLE through the Verilog and compare every bit.

    Every instance of the bundle meets protocol benches (stalls on both sides, reset in
    mid-stream, one beat a cycle) and a replay of all its records, on each simulator. A line per
    instance says how many of its coverage bins all of them together reached. BUNDLE may be an IP
    package: its own Verilog is simulated, its AXI4-Lite top between accesses to all registers.

    BUNDLE may be vectors of a program of variant integer: each of its ops is replayed through the
    unit of the engine that computes it; a difference names op, token and channel. Protocol benches
    and coverage are left to bundles of units.

    Exit code 0: all equal. 1: a mismatch. 2: it could not be run.

    \b
    Examples:
      vit2rtl simulate vectors/
      vit2rtl simulate vectors/ --simulator verilator --code-coverage
      vit2rtl simulate vectors/ --unit requantizer_l4 --verilog my_rtl/
      vit2rtl simulate requantizer-ip/
      vit2rtl simulate program-vectors/ --engine small --simulator verilator
      vit2rtl simulate vectors/ --cluster slurm --jobs 20 --out /shared/simulation
    """
    junit = junit or out / "results.xml"
    check_results_path(junit)
    workers = farm_options.threads_or(cluster, jobs)
    # A cancelled job (SIGTERM) must not leave simulators behind, no more than Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    shared: dict[str, Any] = {
        "simulators": simulators or SIMULATORS, "units": units, "verilog_folder": verilog_folder,
        "out": out, "waves": waves, "seed": seed, "stall": stall, "jobs": jobs,
        "code_coverage": code, "cluster": workers, "store": Store(store) if store else None,
    }
    if program_vectors_schema.is_bundle(bundle):
        functional = False
        results, summary = _ops(bundle, engine, shared)
    elif engine:
        raise ValueError(f"{bundle} is not a bundle of a program's vectors: --engine is for those")
    else:
        results, summary = _units(bundle, shared | {"coverage": functional}), ""
    write_junit(junit, results)
    if functional:
        from vit2rtl.sim.coverage.functional import merged

        show_coverage(merged(results), out)
    if code:
        show_code_coverage(results, out)
    failed = [result for result in results if not result.passed]
    beats, mismatches = (sum(getattr(r, key) for r in results) for key in ("beats", "mismatches"))
    click.echo(
        f"{len(results)} benches, {beats:,} beats, {mismatches:,} mismatches, "
        f"{len(failed)} failed; results in {junit}"
    )
    if summary:
        click.echo(summary)
    if failed:
        names = ", ".join(f"{r.simulator} {r.bench} {r.instance}" for r in failed)
        raise MismatchError(f"{len(failed)} of {len(results)} benches failed: {names}")


def _units(bundle: Path, options: dict[str, Any]) -> list[BenchResult]:
    """The regression of a bundle of units or of a package, result by result as they come in."""
    from vit2rtl.sim.run.regression import run_regression

    with _progress("bench") as report:
        return run_regression(bundle, report=report, **options)


def _ops(
    bundle: Path, engine: str | None, options: dict[str, Any]
) -> tuple[list[BenchResult], str]:
    """Ops of a program on their units, and a line on all of them."""
    from vit2rtl.sim.engine.ops import run_ops

    with tqdm(unit="op", file=sys.stderr, disable=None, leave=False) as cutting:

        def cut(done: int, total: int) -> None:
            cutting.total = total
            cutting.update(done - cutting.n)

        with _progress("bench") as report:
            found = run_ops(bundle, engine=engine, report=report, progress=cut, **options)
    return found.results, found.line()


@contextmanager
def _progress(unit: str) -> Iterator[Callable[[Sequence[BenchResult], int, int], None]]:
    """A bar, and above it the lines of results as they come in."""
    with tqdm(unit=unit, file=sys.stderr, disable=None, leave=False) as progress:

        def report(results: Sequence[BenchResult], done: int, total: int) -> None:
            progress.total = total
            progress.update(done - progress.n)
            with progress.external_write_mode(file=sys.stdout):
                for result in results:
                    show(result)

        yield report


def show_coverage(coverages: "Sequence[Coverage]", out: Path) -> None:
    """A line an instance, below it the bins that were missed; the details go to files."""
    from vit2rtl.sim.coverage import functional

    functional.write(out, coverages)
    for covered in coverages:
        click.echo(covered.line())
        for label in covered.missing[:SHOWN_BINS]:
            click.echo(f"    not reached: {label}")
        if len(covered.missing) > SHOWN_BINS:
            click.echo(f"    and {len(covered.missing) - SHOWN_BINS} more")
    click.echo(f"coverage in {out / 'coverage.json'} and {out / 'coverage.md'}")


def show_code_coverage(results: Sequence[BenchResult], out: Path) -> None:
    """A line an instance, and where its annotated Verilog lies."""
    for measured in code_coverage.report(results, out):
        click.echo(measured.line())


def show(result: BenchResult) -> None:
    """One line for a bench; below it what went wrong, and where to look."""
    click.echo(result.line())
    for mismatch in result.details[:SHOWN_MISMATCHES]:
        click.echo(f"    {mismatch}")
    if result.error:
        click.echo(f"    {result.error}")
    if not result.passed:
        click.echo(f"    log: {result.log}")
    if result.waves is not None:
        click.echo(f"    waves: {result.waves}")
