"""vit2rtl compile: an integer program to the engine's command stream."""

import click

from vit2rtl.commands import options
from vit2rtl.golden.engine import compiler
from vit2rtl.golden.engine.compiler import files


@click.command(epilog="""\b
Examples:
  vit2rtl compile demo/program.integer --engine small --out demo/image
  vit2rtl compile deit-w4a4.integer --engine deit-tiny --groups 1 --out deit-w4a4.image
""")
@click.argument("program_folder", metavar="PROGRAM", type=options.FOLDER)
@options.fitting_engine
@options.token_groups
@click.option("--out", required=True, type=options.FOLDER, help="Folder for the image.")
def command(program_folder: str, engine: str | None, groups: int, out: str) -> None:
    """Compile the integer program in the folder PROGRAM for an engine.

    Writes the command stream that the engine executes for every image, a listing of its
    instructions, and a README for who writes a driver. The program must be of variant integer;
    the first op that does not fit is an error. Needs no torch.
    """
    files.check_place(out)
    program = options.read_program(program_folder)
    configuration = options.configuration(engine, program)
    image = compiler.compile(program, configuration, groups=groups)
    if problems := compiler.verify(image):
        raise AssertionError(problems[0])
    files.save(image, out)
    click.echo(f"{len(image.instructions):,} instructions, {8 * len(image.stream()):,} bytes, "
               f"{image.cycles:,} cycles expected of the "
               f"engine {configuration.name}: {out}")
