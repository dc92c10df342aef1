"""vit2rtl generate: calibration images from noise, for who has none."""

from functools import partial
from pathlib import Path

import click

from vit2rtl.commands import completion, options
from vit2rtl.commands.model_arguments import parse_arguments
from vit2rtl.golden.files import atomic
from vit2rtl.models import hub_folder


@click.command(epilog="""\b
Examples:
  vit2rtl generate deit_tiny_patch16_224 --count 8 --iterations 200 --out made
  vit2rtl quantize deit_tiny_patch16_224 --images made/images --count 8 --method psaq \\
      --bits w8a8 --out deit-psaq
  vit2rtl generate deit_base_patch16_224 --device cuda --out made-by-gpu
  vit2rtl generate mnist_vit --count 2 --iterations 4 --out made-digits
""")
@click.argument("model", shell_complete=completion.models)
@click.option("--weights", type=options.FILE,
              help="Float weights: safetensors, or .pth read without unpickling. By default timm "
                   "downloads its pretrained ones.")
@click.option("--count", type=click.IntRange(1, 10_000), default=32, show_default=True,
              help="Images to make, eight at a time.")
@click.option("--iterations", type=click.IntRange(1, 100_000), default=1000, show_default=True,
              help="Steps of Adam; 30 are enough at 8 bits, the authors have 1000.")
@click.option("--seed", type=options.SEED, default=0, show_default=True, help="Seed of the noise.")
@click.option("--model-arg", "model_arguments", multiple=True, metavar="NAME=VALUE",
              help="Argument of timm.create_model, e.g. img_size=384; may be repeated.")
@options.device
@click.option("--out", required=True, type=options.FOLDER, help="Folder for images and settings.")
def command(
    model: str, weights: str | None, count: int, iterations: int, seed: int,
    model_arguments: tuple[str, ...], device: str, out: str,
) -> None:
    """Make images from noise on which MODEL can be calibrated, without any data (PSAQ-ViT).

    Pixels are changed until patches are diverse, the float network sees a class in them, and
    neighbours are as alike as in photos. The same command goes on where it was interrupted, to the
    same images.
    """
    hub = hub_folder.resolve(model, weights, parse_arguments(model_arguments))
    atomic.check_folder(Path(out))
    # All that can be refused at once has been: torch takes seconds to load.
    from vit2rtl import origin
    from vit2rtl.generated_images import SHEET, GeneratedImages
    from vit2rtl.models import devices, zoo
    from vit2rtl.models.images import preprocessing

    place = devices.find(device)
    zoo.check(hub.name, hub.arguments, pretrained=hub.weights is None)
    network = zoo.create(hub.name, weights=hub.weights, preprocessing=hub.preprocessing,
                         say=partial(click.echo, err=True), **hub.arguments)
    config = preprocessing(network)
    settings = {
        "model": origin.named(hub.name, network, hub.arguments, hub.weights), "count": count,
        "iterations": iterations, "seed": seed}
    files = GeneratedImages(Path(out), settings, config).make_for(network.to(place))
    click.echo(f"{len(files)} images of {iterations} iterations: {files[0].parent}\n"
               f"all of them: {Path(out) / SHEET}")
