"""vit2rtl lower: a checkpoint to an integer program."""

import click

from vit2rtl import checkpoint
from vit2rtl.commands import options
from vit2rtl.golden.inspection import summary
from vit2rtl.lowering import lower


@click.command(epilog="""\b
Examples:
  vit2rtl lower deit-w4a4 --out deit-w4a4.program
""")
@click.argument("checkpoint_folder", metavar="FOLDER", type=options.FOLDER)
@click.option("--variant", type=click.Choice(["hardware"]), default="hardware", show_default=True,
              help="Matmuls, quantizers, requantizers in integers; LayerNorm, softmax and "
                   "residual in float64.")
@click.option("--out", required=True, type=options.FOLDER, help="Folder for the program.")
def command(checkpoint_folder, variant, out):
    """Lower the checkpoint in FOLDER to an integer program, readable without torch.

    A graph of ops (JSON) and their integer constants (safetensors), as docs/integer-program.md
    describes them.
    """
    quantized, description = checkpoint.load(checkpoint_folder)
    program = lower(quantized, variant=variant, model=description["model"]["name"],
                    preprocessing=description["preprocessing"])
    program.save(out)
    totals = summary(program)["totals"]
    click.echo(
        f"{totals['ops']} ops, variant {variant}, parameters {totals['parameter_bytes']:,} bytes "
        f"(float32 {totals['float32_bytes']:,}): {out}"
    )
