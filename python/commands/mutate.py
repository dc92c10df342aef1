"""``vit2rtl mutate``: how many bugs, put into a unit's netlist, its benches find."""

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import click
from tqdm import tqdm

from vit2rtl.cli import MismatchError
from vit2rtl.commands import completion, farm_options
from vit2rtl.commands.options import SEED, as_json, show_json
from vit2rtl.commands.unit_options import given, make_instance, option, parameter_options, takers
from vit2rtl.farm.cluster import LOCAL
from vit2rtl.farm.run import Cluster, TasksFailedError
from vit2rtl.farm.store import Store
from vit2rtl.golden.files import atomic
from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.golden.vectors.bundle import read_bundle
from vit2rtl.sim.mutation.score import BAR, Score
from vit2rtl.sim.units import FACES

LANES = 2
RESULTS = "mutation.json"
TOPS = STREAM, AXI = "stream", "axi"
# Of one instance: the score, and sources by folder.
Mutation = tuple[Score, dict[str, Mapping[str, str]]]
Report = Callable[[str, int, int], None]


class Farm(TypedDict):
    """What simulates mutants, and where the verdicts are kept."""

    cluster: Cluster
    store: Store | None


_FIRST = takers()[0]
_SCALED = takers("acc_width", "bits", "shift_base")[0]


@click.command(help=f"""Mutate the netlist of UNITs and count the mutants that the benches find.

Every mutant is one bit of one cell that is stuck or inverted. It is killed if a bench fails:
the replay of the golden vectors, the same with stalls, or a protocol bench. What survives is
equivalent if a solver proves that no one can see a difference. The score is the share of the
other mutants that are killed. Without UNIT: every unit. Lanes are {LANES} unless --lanes says
otherwise, and tables are small. With --top axi the mutants are in the AXI4-Lite top of a
package, around the unit, and killed by the benches of that top.

\b
Examples:
  vit2rtl mutate
  vit2rtl mutate {_FIRST} --count 100 --out mutation/
  vit2rtl mutate {_SCALED} --bits 8 --acc-width 18 --shift-base 20 --json
  vit2rtl mutate {_SCALED} --vectors vectors/
  vit2rtl mutate {_SCALED} --top axi --store verdicts/
  vit2rtl mutate --cluster slurm --jobs 50 --store /shared/verdicts

Exit code 1 if a score is below 95 %. docs/mutation.md says how it works and what was found.
""")
@click.argument("units", metavar="[UNIT]...", nargs=-1, shell_complete=completion.units)
@click.option("--count", type=click.IntRange(1), default=300, show_default=True,
              help="Mutants of each instance; all there are if that is fewer.")
@click.option("--seed", type=SEED, default=0, show_default=True,
              help="Which mutants these are, and of everything random in the benches.")
@farm_options.farmed
@farm_options.store
@click.option("--vectors", metavar="BUNDLE", type=click.Path(path_type=Path),
              help="Golden vectors to judge by: the instances of this bundle (of UNIT), with all "
                   "their records.  [default: each unit's directed records]")
@click.option("--top", type=click.Choice(TOPS), default=TOPS[0], show_default=True,
              help="What is mutated: the unit behind AXI4-Stream, or the AXI4-Lite top around it.")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path),
              help=f"Keep {RESULTS}, the Verilog and the mutated netlists here.")
@as_json
@parameter_options
def command(
    units: tuple[str, ...],
    count: int,
    seed: int,
    cluster: str,
    jobs: int,
    store: Path | None,
    vectors: Path | None,
    top: str,
    out: Path | None,
    as_json: bool,
    **parameters: int | str | None,
) -> None:
    if vectors is not None and top == AXI:
        raise click.UsageError("The benches of the AXI4-Lite top take no vectors: leave out "
                               "--vectors")
    instances = _instances(units, vectors, given(parameters))
    workers = farm_options.threads_or(cluster, jobs)
    if store is None and cluster != LOCAL:
        raise click.UsageError("Missing option '--store': a folder that all nodes share")
    farm: Farm = {"cluster": workers, "store": Store(store) if store else None}
    mutate = (partial(_of_top, count, seed, farm) if top == AXI
              else partial(_of_unit, vectors, count, seed, farm))
    with tempfile.TemporaryDirectory(prefix="vit2rtl-mutate-") as scratch:
        if out is None:
            scores = _scores(instances, mutate, Path(scratch), as_json)
        else:
            with atomic.folder(out, kind="mutation report", parts=_parts) as folder:
                scores = _scores(instances, mutate, folder, as_json)
                text = json.dumps(_results(scores, count, seed), indent=1) + "\n"
                (folder / RESULTS).write_text(text, encoding="utf-8")
    if as_json:
        show_json(_results(scores, count, seed))
    low = [score.instance for score in scores if not score.passed]
    if low:
        raise MismatchError(f"The score of {', '.join(low)} is below {BAR:.0%}")


def _instances(
    units: Sequence[str], vectors: Path | None, parameters: Mapping[str, int | str]
) -> list[Instance]:
    for unit in units:
        if unit not in UNITS:
            raise click.UsageError(f"UNIT must be one of {', '.join(UNITS)}, not {unit!r}")
    if vectors is None:
        return [make_instance(unit, {"lanes": LANES, **FACES[unit].mutated, **parameters})
                for unit in units or UNITS]
    if parameters:
        raise click.UsageError(
            f"The instances are those of the vectors: leave out {option(next(iter(parameters)))}"
        )
    recorded = [entry.instance for entry in read_bundle(vectors).entries]
    chosen = [i for i in recorded if i.unit.name in (units or UNITS)]
    for unit in units:
        if unit not in {i.unit.name for i in chosen}:
            raise click.UsageError(f"{vectors} has no vectors of {unit}")
    return chosen


def _scores(
    instances: Iterable[Instance],
    mutate: Callable[[Instance, Report], Mutation],
    folder: Path,
    quiet: bool,
) -> list[Score]:
    """A score for each instance; ``folder`` gets the Verilog."""
    scores: list[Score] = []
    with tqdm(unit="mutant", file=sys.stderr, disable=None, leave=False) as bar:

        def report(phase: str, done: int, total: int) -> None:
            bar.set_description(f"{instance.name} {phase}")
            bar.total, bar.n = total, done
            bar.refresh()

        for instance in instances:
            try:
                score, written = mutate(instance, report)
            except TasksFailedError as error:
                raise MismatchError(str(error)) from None
            scores.append(score)
            for name, sources in written.items():
                _write(folder / name, sources)
            if not quiet:
                with bar.external_write_mode(file=sys.stdout):
                    _show(score)
    return scores


def _of_unit(
    vectors: Path | None, count: int, seed: int, farm: Farm, instance: Instance, report: Report
) -> Mutation:
    """Mutants of the unit behind AXI4-Stream."""
    from vit2rtl.rtl import verilog
    from vit2rtl.sim.mutation import netlist, run

    mutated = netlist.netlist(instance, netlist.sample(instance, count=count, seed=seed))
    score = run.score(mutated, bundle=vectors, seed=seed, report=report, **farm)
    return score, {instance.name: verilog.convert(instance),
                   f"{instance.name}/mutants": mutated.sources}


def _of_top(
    count: int, seed: int, farm: Farm, instance: Instance, report: Report
) -> Mutation:
    """Mutants of the AXI4-Lite top around the unit."""
    from vit2rtl.rtl.packaging.register_map import register_map
    from vit2rtl.rtl.packaging.sources import sources
    from vit2rtl.sim.mutation import axi

    registers = register_map(instance, channels=axi.CHANNELS)
    mutated = axi.mutated(registers, axi.design(registers).sample(count, seed))
    score = axi.score(mutated, seed=seed, report=report, **farm)
    return score, {score.instance: sources(instance, registers),
                   f"{score.instance}/mutants": mutated.sources}


def _show(score: Score) -> None:
    click.echo(score.line())
    for number in score.survivors:
        click.echo(f"    {number}: {score.mutants[number - 1]}")


def _results(scores: Iterable[Score], count: int, seed: int) -> dict[str, Any]:
    return {"count": count, "seed": seed, "units": [score.described() for score in scores]}


def _write(folder: Path, sources: Mapping[str, str]) -> None:
    folder.mkdir()
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _parts(folder: Path) -> set[str] | None:
    """Every name of a folder that this command wrote; None for any other folder."""
    ours = (folder / RESULTS).is_file()
    return {path.name for path in folder.iterdir()} if ours else None
