"""vit2rtl cycles: what an integer program takes on the engine."""

import click

from vit2rtl.commands import options
from vit2rtl.golden.engine import compiler
from vit2rtl.golden.engine.compiler import cycles


@click.command(epilog="""\b
Examples:
  vit2rtl cycles demo/program.integer --engine small
  vit2rtl cycles deit-w4a4.integer --engine deit-tiny --groups 1 --json
""")
@click.argument("program_folder", metavar="PROGRAM", type=options.FOLDER)
@options.fitting_engine
@options.token_groups
@click.option("--plot", type=options.FILE, help="PNG of what each unit does when.")
@options.as_json
def command(
    program_folder: str, engine: str | None, groups: int, plot: str | None, as_json: bool
) -> None:
    """Show the cycles of the integer program in the folder PROGRAM on an engine, op by op.

    The compiler's own schedule: products and cycles of the array, how long it waited before an op,
    cycles of the other units, and where slots of the array are lost. Needs no torch; --plot
    needs matplotlib.
    """
    if plot:
        options.check_file(plot, "The plot")
    program = options.read_program(program_folder)
    configuration = options.configuration(engine, program)
    image = compiler.compile(program, configuration, groups=groups)
    result = cycles.cycles(image)
    if as_json:
        options.show_json(result.as_dict())
    else:
        click.echo("\n".join(cycles.table(result)))
    if plot:
        from vit2rtl.report.timeline import timeline

        timeline(image, plot)
