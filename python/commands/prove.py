"""``vit2rtl prove``: stream contract and function of the Verilog, for all inputs."""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from vit2rtl.cli import MismatchError
from vit2rtl.commands import completion, farm_options, options
from vit2rtl.commands.unit_options import given, make_instance, option, parameter_options, takers
from vit2rtl.farm.cluster import cluster_of
from vit2rtl.farm.run import result, run
from vit2rtl.farm.store import Store, Trial
from vit2rtl.farm.task import Task
from vit2rtl.golden.units import UNITS
from vit2rtl.sim.formal import plan
from vit2rtl.sim.formal.claims import Claim, claims
from vit2rtl.sim.tools import simulators
from vit2rtl.sim.tools.claimed import claimed

if TYPE_CHECKING:
    from vit2rtl.sim.formal.properties import Outcome

SHOWN_CYCLES = 4
TOPS = STREAM, AXI = "stream", "axi"
GOOD = ("proved", "bounded", "passed")
_CODED = takers("bits", "width", "zero_code")
_SCALED = takers("acc_width", "bits")[0]


@click.command(help=f"""\
Prove the Verilog of every UNIT, by default of all units, and say what is claimed.

Without parameters everything that docs/proofs.md claims is established: the stream contract by
induction, equality with the definition for all inputs, and what is only simulated. With
parameters the same is tried for that one instance. With --top axi it is the AXI4-Lite top of a
package, without channel tables, that is proved: handshakes and registers, around any unit.

\b
Examples:
  vit2rtl prove
  vit2rtl prove {' '.join(_CODED)} --json
  vit2rtl prove {_CODED[-1]} --bits 8 --width 32
  vit2rtl prove {_SCALED} --acc-width 18 --bits 8 --timeout 600 --out mine/
  vit2rtl prove {_SCALED} --top axi
  vit2rtl prove --cluster slurm --jobs 30 --out /shared/proofs

Exit code 0: everything established. 1: a counterexample, or a proof that stayed open.
""")
@click.argument("units", nargs=-1, metavar="[UNIT]...", shell_complete=completion.units)
@click.option(
    "--timeout", default=300, show_default=True, type=click.IntRange(1), help="Seconds a proof."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("proofs"),
    show_default=True,
    help="Folder for harnesses, scripts, logs and counterexamples (VCD).",
)
@click.option("--top", type=click.Choice(TOPS), default=TOPS[0], show_default=True,
              help="What is proved: the unit behind AXI4-Stream, or the AXI4-Lite top around it.")
@farm_options.farmed
@farm_options.store
@parameter_options
@options.as_json
def command(
    units: tuple[str, ...],
    timeout: int,
    top: str,
    out: Path,
    cluster: str,
    jobs: int,
    store: Path | None,
    as_json: bool,
    **parameters: int | str | None,
) -> None:
    from vit2rtl.sim.formal import tasks

    chosen = given(parameters)
    if chosen and len(units) != 1:
        raise click.UsageError(f"{option(next(iter(chosen)))} needs exactly one UNIT")
    workers = cluster_of(cluster, jobs)
    work = _tops(units, chosen, out, timeout) if top == AXI else _units(units, chosen, out, timeout)
    outcomes: dict[str, Outcome] = {}
    with claimed(out), tqdm(total=len(work), unit="property", file=sys.stderr, disable=None,
                            leave=False) as progress, tempfile.TemporaryDirectory(
                                prefix=".trials-", dir=out) as trials:

        def ended(trial: Trial) -> None:
            task, found = trial.task, tasks.outcome(trial.task, result(trial))
            outcomes[task.key] = found
            progress.update()
            if not as_json:
                with progress.external_write_mode(file=sys.stdout):
                    show(found, out / tasks.folder_of(task).relative_to(out.absolute()))

        kept = Store(store) if store else Store(trials, kept=False)
        run(work, kept, workers, retry_failed=True, each=ended)
    stated = {} if chosen or top == AXI else {unit: claims(unit) for unit in units or UNITS}
    if as_json:
        options.show_json(
            {
                "outcomes": [_plain(outcomes[task.key]) for task in work],
                "claims": {unit: [asdict(c) for c in rows] for unit, rows in stated.items()},
            }
        )
    else:
        _show_claims(stated)
    missed = [f"{o.property} of {o.instance} {o.status}" for o in outcomes.values()
              if o.status not in GOOD]
    if missed:
        raise MismatchError(f"{len(missed)} of {len(work)} not established: {missed[0]}")


def _units(
    units: Sequence[str], chosen: Mapping[str, int | str], out: Path, timeout: int
) -> list[Task]:
    """What is planned of units, or what can be asked of one instance."""
    from vit2rtl.sim.formal import runs, tasks

    instance = make_instance(units[0], chosen) if chosen else None
    parts = runs.of_instance(instance) if instance else runs.planned(units or UNITS)
    if any(plan.status(part) == "simulated" for part, _ in parts):
        simulators.find("icarus")
    if instance:
        return tasks.of_instance(instance, out, timeout)
    return [task for unit in units or UNITS for task in tasks.of_unit(unit, out, timeout)]


def _tops(
    units: Sequence[str], chosen: Mapping[str, int | str], out: Path, timeout: int
) -> list[Task]:
    """The AXI4-Lite top of each unit, or of one instance; lanes are 2 unless given."""
    from vit2rtl.sim.formal import tasks

    return [tasks.of_top(make_instance(unit, {"lanes": 2, **chosen}), out, timeout)
            for unit in units or UNITS]


def show(outcome: "Outcome", folder: Path) -> None:
    """One line for a property; below it what was violated, and the last cycles that led there."""
    elements = f", {outcome.elements:,} inputs" if outcome.elements else ""
    click.echo(
        f"{outcome.status:7} {outcome.seconds:7.1f} s  {outcome.instance}: "
        f"{outcome.property}{elements}"
    )
    for check, meaning in outcome.failures.items():
        click.echo(f"    {check}: {meaning}")
    for number, cycle in list(enumerate(outcome.trace, 1))[-SHOWN_CYCLES:]:
        values = ", ".join(f"{k}={v}" for k, v in cycle.items() if not k.startswith("check_"))
        click.echo(f"    cycle {number}: {values}")
    if outcome.waves:
        click.echo(f"    waves: {outcome.waves}")
    if outcome.status not in GOOD:
        click.echo(f"    files: {folder}")


def _show_claims(stated: Mapping[str, list[Claim]]) -> None:
    for unit, rows in stated.items():
        click.echo(f"\n{unit}")
        for claim in rows:
            click.echo(f"  {claim.status:9} {claim.property}: {claim.scope}")
            click.echo(f"            by {claim.method}")


def _plain(outcome: "Outcome") -> dict[str, Any]:
    return {**asdict(outcome), "waves": str(outcome.waves) if outcome.waves else None}
