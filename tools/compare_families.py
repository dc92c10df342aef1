"""Methods compared on a Swin and a distilled DeiT: ``python -m tools.compare_families``.

Both are small, trained here on the digits, and kept in a folder for the next time. ``--full-size``
takes the families' real sizes instead, with random weights and images of normal noise: no top-1,
but the noise of that many layers.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import safetensors.torch
import torch
from torch import nn

from tools.train_mnist_vit import train
from vit2rtl import ablation
from vit2rtl.golden.files import atomic
from vit2rtl.models import embedded
from vit2rtl.models.images import Images, embedded_images
from vit2rtl.models.library import timm
from vit2rtl.quantization.widths import parse_bits

_DIGITS: dict[str, Any] = {
    "img_size": 28, "in_chans": 1, "num_classes": 10, "weight_init": "jax",
}
SMALL: dict[str, dict[str, Any]] = {
    "swin_tiny_patch4_window7_224": _DIGITS | {
        "patch_size": 2, "embed_dim": 32, "depths": (2, 2), "num_heads": (2, 4)},
    "deit_tiny_distilled_patch16_224": _DIGITS | {
        "patch_size": 4, "embed_dim": 64, "depth": 4, "num_heads": 4},
}
FULL_SIZE = ("swin_tiny_patch4_window7_224", "deit_small_distilled_patch16_224")
NOISE_IMAGES = 8


def trained(name: str, folder: Path, *, epochs: int, images: int) -> Callable[[], nn.Module]:
    """What creates a small model with weights trained on the digits, those of last time if any."""
    path = folder / f"{name}-{epochs}x{images}.safetensors"
    architecture = partial(timm.create_model, name, **SMALL[name])
    if not path.exists():
        pixels, labels = (part[:images] for part in embedded.images("train"))
        model = train(pixels, labels, epochs=epochs, batch=64, seed=0, create=architecture)
        folder.mkdir(parents=True, exist_ok=True)
        atomic.files(folder, {path.name: safetensors.torch.save(model.state_dict())})

    def create() -> nn.Module:
        model = architecture()
        model.load_state_dict(safetensors.torch.load_file(path))
        return model.eval()

    return create


def random(name: str) -> nn.Module:
    """A family at its full size; the same weights every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return timm.create_model(name).eval()


def noise(seed: int) -> Images:
    """Normal noise of 224 × 224; a label that says nothing."""
    pixels = torch.randn(NOISE_IMAGES, 3, 224, 224, generator=torch.Generator().manual_seed(seed))
    return Images([str(n) for n in range(NOISE_IMAGES)],
                  torch.zeros(NOISE_IMAGES, dtype=torch.int64), pixels.__getitem__)


def _checked(_: click.Context, parameter: click.Parameter, bits: str) -> str:
    try:
        parse_bits(bits)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error
    return bits


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--bits", default="w4a4", show_default=True, callback=_checked)
@click.option("--full-size", is_flag=True, help="Real sizes, random weights and images.")
@click.option("--epochs", type=click.IntRange(1, 1000), default=30, show_default=True)
@click.option("--images", type=click.IntRange(64, 4000), default=4000, show_default=True,
              help="Train on so many.")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), default="out/families",
              show_default=True, help="Folder of trained weights.")
def command(bits: str, full_size: bool, epochs: int, images: int, cache: Path) -> None:
    """Compare the methods on other families than ViT."""
    torch.set_num_threads(1)
    weight_bits, activation_bits, rules = parse_bits(bits)
    widths = {"weight_bits": weight_bits, "activation_bits": activation_bits, "bits_of": rules}
    settings = {
        title: widths | {"method": method}
        for title, method in (("RepQ-ViT", "repq"), ("closed form", "closed-form"))
    }
    for name in FULL_SIZE if full_size else SMALL:
        if full_size:
            create, calibration, others = partial(random, name), noise(0), noise(1)
        else:
            create = trained(name, cache, epochs=epochs, images=images)
            calibration = embedded_images("train").sample(32, seed=0)
            others = embedded_images("held_out")
        batch = calibration.batch(range(len(calibration)))
        rows = list(ablation.compare(create, batch, others, settings=settings))
        click.echo(f"{name} {bits}, calibrated on {len(batch)} images, measured on {len(others)} "
                   "others")
        click.echo(ablation.table(rows) + "\n")


if __name__ == "__main__":
    command()
