"""``vit2rtl simulate-model``: whole images through the engine's Verilog, compared bit for bit."""

import signal
from pathlib import Path

import click
from tqdm import tqdm

from vit2rtl.cli import MismatchError
from vit2rtl.commands import farm_options, options
from vit2rtl.farm.cluster import LOCAL, cluster_of
from vit2rtl.sim.tools.simulators import SIMULATORS

SHOWN = 10


@click.command(epilog="""\b
Examples:
  vit2rtl simulate-model demo/program.integer --count 10
  vit2rtl simulate-model demo/program.integer --simulator icarus --compare all
  vit2rtl simulate-model deit-w4a4.integer --engine deit-tiny --images val/ --count 3 --compare all
  vit2rtl simulate-model demo/program.integer --stalls bursts --seed 7
  vit2rtl simulate-model demo/program.integer --waves 'blocks.1.attn.softmax'
  vit2rtl simulate-model deit-w4a4.integer --images val/ --count 50 --cluster slurm --jobs 10
""")
@click.argument("program_folder", metavar="PROGRAM", type=options.FOLDER)
@options.images
@options.only
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True,
              help="Images; --list takes all it names.")
@options.fitting_engine
@options.token_groups
@click.option("--simulator", type=click.Choice(SIMULATORS), default="verilator",
              show_default=True, help="Icarus takes a thousand times as long.")
@click.option("--compare", type=click.Choice(["logits", "all"]), default="logits",
              show_default=True, help="The logits, or all that leaves a unit of the engine.")
@click.option("--stalls", default="0", show_default=True, metavar="PATTERN",
              help="Pauses of every port outside: percent of the cycles, or bursts.")
@click.option("--seed", type=options.SEED, default=0, show_default=True,
              help="Of the draw of images and of the stalls.")
@click.option("--waves", metavar="OP", help="Record FST waves while this op runs (Verilator).")
@farm_options.farmed
@click.option("--out", type=click.Path(path_type=Path), default=Path("simulation-model"),
              show_default=True, help="Folder for logs, waves and results.")
@options.as_json
def command(
    program_folder: str, folder: str | None, listed: str | None, count: int, engine: str | None,
    groups: int, simulator: str, compare: str, stalls: str, seed: int, waves: str | None,
    cluster: str, jobs: int, out: Path, as_json: bool,
) -> None:
    """Classify images by the engine's Verilog running the integer program in the folder PROGRAM.

    The program is compiled for the engine, its command stream and the images are sent to the
    engine's AXI4-Stream ports, and every logit must be that of `vit2rtl run`; with `--compare all`
    every element that leaves a unit of the engine, too. The first difference names op, token,
    channel, cycle and instruction. Needs no torch.

    Exit code 0: all equal. 1: a difference. 2: it could not be run.
    """
    from vit2rtl.sim.model.bench import Stalls
    from vit2rtl.sim.model.run import simulate_model

    workers = None if cluster == LOCAL else cluster_of(cluster, jobs)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    program = options.read_program(program_folder)
    available = options.program_images(folder, program)
    names = (options.choose_names(available.names, listed, None) if listed
             else available.draw(count, seed))
    with tqdm(total=len(names), desc="simulate", unit="image", leave=False, disable=None) as bar:
        results = simulate_model(
            program, available.codes(names), options.configuration(engine, program),
            groups=groups, simulator=simulator, compare=compare,
            stalls=Stalls.of(stalls, seed), waves=waves, jobs=jobs, out=out,
            cluster=workers,
            progress=lambda done: bar.update(done),
        )
    summary = results.summary(names)
    if as_json:
        options.show_json(summary)
    else:
        click.echo(results.text(names, available.labels))
    if results.differences:
        shown = "\n".join(map(str, results.differences[:SHOWN]))
        click.echo(shown, err=as_json)
        raise MismatchError(f"{results.differing_images} of {len(names)} images differ")
