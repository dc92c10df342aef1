"""What vit2rtl quantize does with a detector."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vit2rtl.commands import options
from vit2rtl.detection import checkpoint_schema
from vit2rtl.detection import folder as detector_folder
from vit2rtl.detection.settings import CALIBRATION_IMAGES, METHOD, check_method
from vit2rtl.golden.program import images as image_files

if TYPE_CHECKING:
    from vit2rtl.detection.quantized import QuantizedDetector
    from vit2rtl.models.images import Images

# Parameters of the command that detectors have; all others are of classifiers.
PARAMETERS = {"model", "folder", "bits", "bits_of", "recipe", "method", "profile", "layernorm",
              "softmax", "symmetric_weights", "scope", "listed", "count", "seed", "out"}


@dataclass(frozen=True)
class Request:
    """What is asked for.

    name        a float detector's folder, or an embedded one's name
    folder      of images; None for the embedded detector's own
    listed      file that names the images to take; None for a draw
    count       images to draw; None for the default
    bits, settings   arguments of :meth:`vit2rtl.quantization.recipe.Recipe.of`
    """

    name: str
    folder: str | None
    listed: str | None
    count: int | None
    seed: int
    bits: str
    settings: Mapping[str, Any]
    scope: str
    out: str


def is_detector(name: str) -> bool:
    """Whether it is an embedded detector's name or a float detector's folder.

    raises   ValueError for a quantized one's folder
    """
    if checkpoint_schema.parts(Path(name)) is not None:
        raise ValueError(f"{name} is quantized already: give the float detector's folder")
    return name in detector_folder.NAMES or detector_folder.parts(Path(name)) is not None


def quantize(request: Request) -> None:
    """Calibrate, save, and say what was done."""
    settings = {"method": METHOD} | dict(request.settings)
    check_method(settings["method"])
    checkpoint_schema.check_place(request.out)
    detector_folder.config(request.name)
    if request.folder:
        image_files.find(request.folder)
    elif request.name not in detector_folder.NAMES:
        raise click.UsageError("Missing option '--images': a folder of images")
    elif request.listed:
        raise click.UsageError("--list names images of a folder: give it by --images")
    # All that can be refused at once has been: torch takes seconds to load.
    from vit2rtl.detection import checkpoint
    from vit2rtl.detection.quantized import QuantizedDetector
    from vit2rtl.quantization.recipe import Recipe

    quantized = QuantizedDetector(
        detector_folder.load(request.name), Recipe.of(request.bits, **settings),
        scope=request.scope)
    images = _images(request)
    click.echo(f"Calibrating {request.name} {quantized.recipe.title} on {len(images)} "
               f"image{'s' * (len(images) > 1)} ...", err=True)
    started = time.perf_counter()
    quantized.calibrate([images.load(index) for index in range(len(images))])
    seconds = time.perf_counter() - started
    checkpoint.save(
        request.out, quantized, detector=checkpoint.origin(request.name),
        calibration={"images": images.names, "seed": None if request.listed else request.seed})
    click.echo(_summary(quantized, seconds, request.out))


def _images(request: Request) -> "Images":
    """Those to calibrate on, float32[3, height, width] in 0..1 each."""
    import numpy as np

    from vit2rtl.detection.canvases import canvases
    from vit2rtl.detection.scores import as_input
    from vit2rtl.models.images import Images

    folder, count = request.folder, request.count or CALIBRATION_IMAGES
    if folder is None:
        drawn = [as_input(canvas.image)
                 for canvas in canvases("train", count, seed=request.seed)]
        return Images([f"canvases/train/{n}" for n in range(count)], None, drawn.__getitem__)
    names, _, _ = image_files.find(folder)
    images = Images(names, None, lambda index: as_input(
        np.asarray(image_files.opened(Path(folder, names[index]), "RGB"))))
    if request.listed:
        return options.choose(images, request.listed)
    return images.sample(count, request.seed)


def _summary(quantized: "QuantizedDetector", seconds: float, out: str) -> str:
    layers, recipe = quantized.layers(), quantized.recipe
    weights = sum(layer.weight_codes.numel() for _, layer in layers)
    what = "the whole detector" if quantized.scope == "all" else "its backbone"
    return (f"{len(layers)} linear layers and convolutions ({weights:,} weights) and "
            f"{len(quantized.attentions())} attentions quantized to {recipe.bits}, {what}, profile "
            f"{recipe.profile}, in {seconds:.1f} s\nquantized detector: {out}")
