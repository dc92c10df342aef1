"""``vit2rtl synthesize``: area and clock frequency of units and of the designs beside them."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource
from tqdm import tqdm

from vit2rtl.cli import MismatchError
from vit2rtl.commands import completion, farm_options
from vit2rtl.commands.options import as_json, show_json
from vit2rtl.commands.unit_options import given, option, parameter_options, takers
from vit2rtl.farm.cluster import LOCAL, cluster_of
from vit2rtl.farm.run import Cluster
from vit2rtl.golden.engine import CONFIGURATIONS
from vit2rtl.golden.files import atomic, documents
from vit2rtl.golden.units import UNITS
from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.synthesis import components, table
from vit2rtl.rtl.synthesis.devices import DEVICES
from vit2rtl.rtl.synthesis.table import Row

if TYPE_CHECKING:
    from vit2rtl.rtl.synthesis.measure import Task

Finish = Callable[[list[Row], Path], None]
ENGINE, COMPONENTS = "engine", "components"
_CODED, _SCALED = takers("width", "zero_code")[0], takers("bits", "shift_base")[0]


@click.command(help=f"""\
Synthesize UNITs, place and route them, and print cells and clock frequency.

UNIT is a unit, or a reference design that units are compared with; a name that is neither gets
a list of all. Without UNIT: every unit. Lanes are 4 unless --lanes says otherwise.

\b
Examples:
  vit2rtl synthesize {_SCALED} --lanes 1 --bits 8 --shift-base 20
  vit2rtl synthesize --lanes 1 --no-place
  vit2rtl synthesize {_CODED} --device ice40 --device xcup --out area/
  vit2rtl synthesize --check {_CODED} --device ecp5
  vit2rtl synthesize engine --configuration small --seeds 1
  vit2rtl synthesize engine --configuration deit-tiny --device xcup
  vit2rtl synthesize --table --cluster slurm --jobs 20 --out /shared/area
  vit2rtl synthesize components registers --check --device ecp5

UNIT engine is the whole engine, of one configuration; it takes minutes. UNIT components, with
names of some or without, are the parts of the engine and the columns of the array that areas in
an exploration are made of, with a table of their own; all of them take an hour.

Everything runs in yosys and nextpnr of this environment. Clocks are those of registers at every
pin, the engine's between its own registers; on AMD devices cells are counted before placement and
there is no clock. docs/area.md has the committed table and says how to read it, docs/engine.md
the engine's figures.
""")
@click.argument("names", metavar="[UNIT]...", nargs=-1, shell_complete=completion.units)
@click.option("--device", "devices", multiple=True, type=click.Choice(list(DEVICES)),
              help="Device to synthesize for; may be repeated.  [default: ecp5; with --check and "
                   "--table all of them]")
@click.option("--seeds", type=click.IntRange(1, 99), default=table.SEEDS, show_default=True,
              help="Place-and-route runs; the clock is their median.")
@click.option("--no-place", is_flag=True, help="Count cells only: no place and route, no clock.")
@click.option("--fabric", is_flag=True, help="Without multiplier blocks and block RAM.")
@click.option("--configuration", type=click.Choice([*CONFIGURATIONS]),
              help="Sizes of the engine's hardware.")
@click.option("--check", is_flag=True,
              help="Measure the committed table again (of UNIT, if given); exit code 1 if a count "
                   f"or a clock is more than {table.TOLERANCE:.0%} off.")
@click.option("--table", "renew", is_flag=True,
              help="Measure the committed table again (of UNIT, if given) and write it to --out: "
                   "area.json, area.md, area.png.")
@click.option("--out", metavar="DIR", type=click.Path(file_okay=False),
              help="Keep Verilog, harness, netlists, logs and reports here.")
@farm_options.farmed
@as_json
@parameter_options
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    devices: tuple[str, ...],
    seeds: int,
    no_place: bool,
    fabric: bool,
    configuration: str | None,
    check: bool,
    renew: bool,
    out: str | None,
    cluster: str,
    jobs: int,
    as_json: bool,
    **parameters: int | str | None,
) -> None:
    from vit2rtl.rtl.synthesis import designs, plan

    chosen, workers = given(parameters), cluster_of(cluster, jobs)
    if cluster != LOCAL and out is None:
        raise click.UsageError("Missing option '--out': a folder that all nodes share")
    count = 0 if no_place else seeds
    if COMPONENTS in names:
        if names[0] != COMPONENTS or chosen or fabric or configuration:
            raise click.UsageError(f"{COMPONENTS} goes first, with names of parts, --device and "
                                   "--out alone")
        if check and renew:
            raise click.UsageError("Give --check or --table, not both")
        if renew and out is None:
            raise click.UsageError("--table needs --out DIR")
        tasks = plan.component_tasks(names[1:], devices)
        rows = _measure(tasks, out, workers, finish=_write_components if renew else None)
        _show(rows, as_json)
        if check:
            lines = table.differences(rows, components.committed(), components.TOLERANCE)
            _report(lines, len(rows), components.TOLERANCE, quiet=as_json)
        return
    if ENGINE in names or configuration:
        if check or renew or chosen or names != (ENGINE,) or not configuration:
            raise click.UsageError(f"{ENGINE} goes alone, with --configuration")
        tasks = _engine_tasks(configuration, devices or ("ecp5",), count, fabric)
        _show(_measure(tasks, out, workers, finish=None), as_json)
        return
    for name in names:
        if name not in designs.sources():
            known = ", ".join([*designs.sources(), ENGINE, COMPONENTS])
            raise click.UsageError(f"UNIT must be one of {known}, not {name!r}")
    if check or renew:
        _refuse_beside_table(chosen, fabric, check, renew)
        source = context.get_parameter_source("seeds")
        fixed = no_place or devices or source is not ParameterSource.DEFAULT
        if renew and (out is None or fixed):
            raise click.UsageError("--table needs --out DIR, and measures all devices and seeds")
        tasks = [replace(task, seeds=min(task.seeds, count)) for task in plan.tasks(names, devices)]
    else:
        tasks = _tasks(names or UNITS, chosen, devices or ("ecp5",), count, fabric)
    if not tasks:
        raise click.UsageError("The table has no row of this kind")
    rows = _measure(tasks, out, workers, finish=_table_writer() if renew else None)
    _show(rows, as_json)
    if check:
        _report(table.differences(rows), len(rows), table.TOLERANCE, quiet=as_json)


def _show(rows: list[Row], as_json: bool) -> None:
    from vit2rtl.rtl.synthesis import document

    if as_json:
        show_json(rows)
    else:
        click.echo("\n".join(document.text_tables(rows)))


def _refuse_beside_table(parameters: Parameters, fabric: bool, check: bool, renew: bool) -> None:
    """The table says what is measured: no other option may."""
    others = [*(["--fabric"] if fabric else []), *map(option, parameters)]
    if others:
        raise click.UsageError(f"{others[0]} does not go with the committed table: leave it out")
    if check and renew:
        raise click.UsageError("Give --check or --table, not both")


def _tasks(
    names: Iterable[str], parameters: Parameters, devices: Iterable[str], seeds: int, fabric: bool
) -> "list[Task]":
    from vit2rtl.rtl.synthesis.designs import design, unit_of
    from vit2rtl.rtl.synthesis.measure import Task

    tasks = []
    for name in names:
        unit = unit_of(name)
        has = UNITS[unit].parameters if unit else {}
        for parameter in parameters:
            if parameter not in has:
                takes = f"it has {', '.join(map(option, has))}" if has else "it has none"
                raise click.UsageError(f"{name} has no option {option(parameter)}; {takes}")
        one = design(name, **parameters)
        tasks += [Task(one, DEVICES[device], seeds, fabric) for device in devices]
    return tasks


def _engine_tasks(
    configuration: str, devices: Iterable[str], seeds: int, fabric: bool
) -> "list[Task]":
    from vit2rtl.rtl.synthesis.engine_design import EngineDesign
    from vit2rtl.rtl.synthesis.measure import Task

    design = EngineDesign(CONFIGURATIONS[configuration])
    return [Task(design, DEVICES[device], seeds, fabric) for device in devices]


def _measure(
    tasks: "list[Task]", out: str | None, cluster: Cluster, finish: Finish | None
) -> list[Row]:
    """The rows; ``finish(rows, folder)`` adds to what ``out`` keeps."""
    with tempfile.TemporaryDirectory() as scratch:
        if out is None:
            return _rows(tasks, Path(scratch), cluster)
        with atomic.folder(out, kind="synthesis", parts=_parts) as folder:
            rows = _rows(tasks, folder, cluster)
            table.write(rows, folder / "measurements.json")
            if finish:
                finish(rows, folder)
            return rows


def _parts(folder: Path) -> set[str] | None:
    """Names that this command wrote into a folder, None for a folder of another kind."""
    try:
        rows = documents.parse((folder / "measurements.json").read_bytes(), "measurements.json")
        modules = {row["instance"] for row in rows["measurements"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    of_modules = (path.name for path in folder.iterdir() if path.name.split(".")[0] in modules)
    return {"measurements.json", table.NAME, components.NAME, "area.md", "area.png", *of_modules}


def _rows(tasks: "list[Task]", folder: Path, cluster: Cluster) -> list[Row]:
    from vit2rtl.rtl.synthesis.farm import measured

    steps = sum(1 + task.runs for task in tasks)
    with tqdm(total=steps, unit="run", disable=None) as bar:

        def advance(text: str) -> None:
            bar.set_description(text)
            bar.update()

        return measured(tasks, folder, cluster, advance)


def _table_writer() -> Finish:
    """Imports matplotlib before the measurements, not after them."""
    from vit2rtl.report.area_chart import area_chart
    from vit2rtl.rtl.synthesis import document, plan

    def write(fresh: list[Row], folder: Path) -> None:
        rows = table.merged(fresh, [task.key for task in plan.tasks()])
        table.write(rows, folder / table.NAME)
        text = document.markdown(rows)
        (folder / "area.md").write_text(text, encoding="utf-8", newline="\n")
        area_chart(rows, folder / "area.png")

    return write


def _write_components(fresh: list[Row], folder: Path) -> None:
    from vit2rtl.rtl.synthesis import plan

    order = [task.key for task in plan.component_tasks()]
    rows = table.merged(fresh, order, components.committed())
    table.write(rows, folder / components.NAME)


def _report(lines: list[str], count: int, tolerance: float, *, quiet: bool) -> None:
    for line in lines:
        click.echo(line, err=True)
    if lines:
        raise MismatchError(f"{len(lines)} figures differ from the committed table")
    if not quiet:
        click.echo(f"Rows measured: {count}, all within {tolerance:.0%} of the table")
