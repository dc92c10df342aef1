"""vit2rtl lower: a checkpoint, or a quantized detector's backbone, to an integer program."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from vit2rtl.commands import backbone, options
from vit2rtl.golden.program.inspection import summary
from vit2rtl.golden.program.program import VARIANTS, check_place

if TYPE_CHECKING:
    from torch import Tensor

    from vit2rtl.models.family import Quantized

_IMAGES = 32


@click.command(epilog="""\b
Examples:
  vit2rtl lower deit-w4a4 --out deit-w4a4.program
  vit2rtl lower deit-w4a4 --variant integer --images calib/ --out deit-w4a4.integer
  vit2rtl lower swin-t-w4a4 --size 800x1216 --out swin-t-w4a4.program
""")
@click.argument("checkpoint_folder", metavar="FOLDER", type=options.FOLDER)
@click.option("--variant", type=click.Choice(VARIANTS), default="hardware", show_default=True,
              help="hardware: LayerNorm, softmax and residual in float64; integer: no float.")
@options.images
@options.only
@click.option("--size", metavar="HEIGHTxWIDTH",
              help="Of a quantized detector's backbone: the images' size in pixels.")
@click.option("--out", required=True, type=options.FOLDER, help="Folder for the program.")
def command(
    checkpoint_folder: str, variant: str, folder: str | None, listed: str | None,
    size: str | None, out: str,
) -> None:
    """Lower the checkpoint in FOLDER to an integer program, readable without torch.

    A graph of ops (JSON) and their integer constants (safetensors), as docs/integer-program.md
    describes them. Variant integer takes the range of the residual stream from images: those of
    --list, else those the checkpoint was calibrated with where --images has them, else up to 32.

    Of a quantized detector the backbone is lowered, for images of --size: features of each stage
    come out, behind their norm.
    """
    if variant == "hardware" and (folder or listed):
        raise click.UsageError("--images and --list are for --variant integer")
    check_place(out)
    quantized, description = _load(checkpoint_folder, size)
    from vit2rtl.lowering.lower import lower

    batch = _images(description, folder, listed) if variant == "integer" else None
    program = lower(quantized, variant=variant, model=description["model"]["name"],
                    preprocessing=description["preprocessing"], images=batch)
    program.save(out)
    totals = summary(program)["totals"]
    click.echo(
        f"{totals['ops']} ops, variant {variant}, parameters {totals['parameter_bytes']:,} bytes "
        f"(float32 {totals['float32_bytes']:,}): {out}"
    )


def _load(folder: str, size: str | None) -> "tuple[Quantized, dict[str, Any]]":
    """What is lowered, and "model", "preprocessing" and "calibration" as checkpoints have them."""
    if not backbone.is_detector(folder):
        if size is not None:
            raise click.UsageError("--size is for quantized detectors")
        return options.load_checkpoint(folder)
    if size is None:
        raise click.UsageError("Missing option '--size': of the detector's images, e.g. 800x1216")
    sides = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size, re.ASCII)
    if not sides:
        raise click.UsageError(f"--size must look like 800x1216, height and width, not {size!r}")
    return backbone.load(folder, int(sides[1]), int(sides[2]))


def _images(
    description: Mapping[str, Any], folder: str | None, listed: str | None
) -> "Tensor":
    """float32[n, channels, height, width] to measure ranges on."""
    images = options.find_images(
        folder, description["preprocessing"],
        model_name=description["model"]["name"], split="train",
    )
    names = description["calibration"]["images"]
    if listed:
        images = options.choose(images, listed)
    elif names and set(names) <= set(images.names):
        images = images.only(names)
    else:
        images = images.sample(min(_IMAGES, len(images)), seed=0)
    return images.batch(range(len(images)))
