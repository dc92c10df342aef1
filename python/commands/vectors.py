"""vit2rtl vectors: golden vectors of the hardware units from a checkpoint at work."""

import click

from vit2rtl import checkpoint
from vit2rtl.commands import options
from vit2rtl.recording import write_bundle


@click.command(epilog="""\b
Examples:
  vit2rtl vectors deit-w4a4 --images val/ --out vectors
  vit2rtl vectors mnist-w4a4 --count 8 --lanes 8 --out vectors
""")
@click.argument("checkpoint_folder", metavar="FOLDER", type=options.FOLDER)
@options.images
@options.only
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True,
              help="Images to record; --list takes all it names.")
@click.option("--seed", type=options.SEED, default=0, show_default=True,
              help="Seed of the draw of images.")
@click.option("--lanes", type=click.IntRange(1, 64), default=4, show_default=True,
              help="Elements of a beat.")
@click.option("--out", required=True, type=options.FOLDER, help="Folder for the bundle.")
def command(checkpoint_folder, folder, listed, count, seed, lanes, out):
    """Record golden vectors from the checkpoint in FOLDER, at work on real images.

    For every block: post-Softmax probabilities, their log√2 codes and dequantized values;
    accumulators, multipliers, shifts and output codes of q, k, v, proj, fc1 and fc2. Directed
    corner cases of every unit are added. The same call writes the same bytes.
    """
    quantized, description = checkpoint.load(checkpoint_folder)
    found = options.find_images(
        folder, description["preprocessing"],
        model_name=description["model"]["name"], split="held_out",
    )
    found = options.choose(found, listed)
    if not listed:
        found = found.sample(count, seed)
    entries, records, beats = write_bundle(
        out, quantized, description, found, lanes=lanes
    )
    click.echo(f"{records} records of {entries} unit instances, {beats:,} beats: {out}")
