"""vit2rtl canvases: a COCO folder of digits on coloured canvases."""

import click

from vit2rtl.commands import options


@click.command(epilog="""\b
Examples:
  vit2rtl canvases --count 200 --out canvases/
  vit2rtl canvases --count 8 --split train --out calibration/
""")
@click.option("--count", type=click.IntRange(1, 100_000), default=200, show_default=True,
              help="How many.")
@click.option("--seed", type=options.SEED, default=0, show_default=True,
              help="Of the draw: the same canvases for the same seed.")
@click.option("--split", type=click.Choice(["train", "held_out"]), default="held_out",
              show_default=True,
              help="Of the digits that the embedded detector was trained on, or of others.")
@click.option("--out", required=True, type=options.FOLDER,
              help="Folder for images and annotations.")
def command(count: int, seed: int, split: str, out: str) -> None:
    """Write a COCO folder of real handwritten digits on coloured canvases.

    Images in val2017/ and their boxes and masks in annotations/instances_val2017.json: what the
    embedded detector is measured on, and the format that annotated images of one's own need.
    """
    from vit2rtl.detection import canvas_folder

    digits = canvas_folder.write(out, count, seed=seed, split=split)
    click.echo(f"{count} canvases with {digits} digits written to {out}")
