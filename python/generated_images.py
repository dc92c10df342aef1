"""A folder of images made from noise: files that any command takes, and what is needed to go on.

``images/`` has PNG files as large as the model's preprocessing resizes to, so that it crops just
what was made; ``generated.json`` the settings; ``contact_sheet.png`` all images at a glance.
"""

import io
import json
import time
from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from torch import nn
from tqdm import tqdm

from vit2rtl.golden.files import atomic
from vit2rtl.quantization.psaq.images import TOGETHER, Maker, Progress
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

DOCUMENT, SHEET, IMAGES = "generated.json", "contact_sheet.png", "images"
_PROGRESS = "progress.safetensors"
# Seconds after which what is done is written down.
_KEEP = 10.0


class GeneratedImages:
    """Images of one setting in a folder; those that are there already are not made again.

    settings   JSON data that the images depend on; ``count``, ``iterations`` and ``seed`` of them
    preprocessing   of the model, see :func:`vit2rtl.models.images.preprocessing`
    raises     ValueError where the folder holds anything else, or images of other settings
    """

    def __init__(
        self, out: Path, settings: Mapping[str, Any], preprocessing: Mapping[str, Any]
    ) -> None:
        self.out, self.settings, self.preprocessing = out, dict(settings), preprocessing
        check(out, settings)

    def make_for(self, network: nn.Module, *, title: str = "generate") -> list[Path]:
        """All images for a float network, with a bar, made where it is; it is taken over."""
        structure = QuantizedViT(network, Recipe(8, 8, method="psaq")).structure
        maker = Maker(structure, network.num_classes, self.preprocessing["mean"],
                      self.preprocessing["std"])
        batches = -(-self.settings["count"] // TOGETHER)
        with tqdm(total=batches * self.settings["iterations"], desc=title, unit="step",
                  leave=False, disable=None) as bar:
            return self.make(maker, bar.update)

    def make(self, maker: Maker, progress: Callable[[int], object]) -> list[Path]:
        """All images, batch by batch; ``progress`` gets iterations, those done before at once."""
        count, iterations = self.settings["count"], self.settings["iterations"]
        self._write({DOCUMENT: _json(self.settings)})
        made: list[str] = []
        for number, first in enumerate(range(0, count, TOGETHER)):
            names = [f"{IMAGES}/{n:05d}.png" for n in range(first, min(first + TOGETHER, count))]
            made += names
            if all((self.out / name).is_file() for name in names):
                progress(iterations)
                continue
            seed = self.settings["seed"] * 10_007 + number
            state = self._resumed(number, len(names)) or maker.start(len(names), seed)
            progress(state.done)
            kept = time.monotonic()
            steps = maker.steps(state, iterations, seed)
            try:
                for state in steps:
                    progress(1)
                    if time.monotonic() - kept > _KEEP:
                        self._keep(number, state)
                        kept = time.monotonic()
            except KeyboardInterrupt:
                self._keep(number, state)
                raise
            pixels = self._pixels(state.image.cpu())
            self._write(dict(zip(names, map(self._png, pixels), strict=True)))
        (self.out / _PROGRESS).unlink(missing_ok=True)
        files = [self.out / name for name in made]
        self._write({SHEET: _sheet([self._crop(file) for file in files])})
        return files

    def _write(self, files: Mapping[str, bytes]) -> None:
        for folder in {(self.out / name).parent for name in files}:
            atomic.files(folder, {Path(name).name: data for name, data in files.items()
                                  if (self.out / name).parent == folder})

    def _keep(self, number: int, state: Progress) -> None:
        tensors = {name: getattr(state, name).cpu() for name in ("image", "first", "second")}
        self._write({_PROGRESS: safetensors.torch.save(
            tensors, {"batch": str(number), "done": str(state.done)})})

    def _resumed(self, number: int, count: int) -> Progress | None:
        """What an interrupted run kept of a batch."""
        path = self.out / _PROGRESS
        if not path.is_file():
            return None
        try:
            with safetensors.safe_open(path, "pt") as file:
                said = file.metadata() or {}
            if said.get("batch") != str(number):
                return None
            state = Progress(int(said["done"]), **safetensors.torch.load_file(path))
            self._check(state, count)
        except (safetensors.SafetensorError, KeyError, ValueError, TypeError) as error:
            raise ValueError(f"{path} is damaged: delete it, and its batch begins anew") from error
        return state

    def _check(self, state: Progress, count: int) -> None:
        """A ValueError unless a batch of so many images can go on from there."""
        shape = (count, *self.preprocessing["input_size"])
        for tensor in (state.image, state.first, state.second):
            if (tuple(tensor.shape) != shape or tensor.dtype != torch.float32
                    or not torch.isfinite(tensor).all()):
                raise ValueError("no images of this setting")
        if not 0 <= state.done <= self.settings["iterations"]:
            raise ValueError("no iterations of this setting")

    def _pixels(self, image: torch.Tensor) -> np.ndarray:
        """uint8[n, height, width, channels] of normalized images."""
        mean, std = (torch.tensor(self.preprocessing[name]).view(-1, 1, 1)
                     for name in ("mean", "std"))
        levels = (image * std + mean).mul(255).round().clamp(0, 255).to(torch.uint8)
        return levels.permute(0, 2, 3, 1).numpy()

    def _png(self, pixels: np.ndarray) -> bytes:
        sides = pixels.shape[:2]
        whole = self._whole(sides)
        margins = [(first, size - side - first) for side, size, first in zip(
            sides, whole, _corner(whole, sides), strict=True)]
        return _encoded(np.pad(pixels, (*margins, (0, 0)), mode="edge"))

    def _whole(self, sides: Sequence[int]) -> tuple[int, ...]:
        """Sides of what the preprocessing crops from."""
        share = self.preprocessing.get("crop_pct", 1.0)
        return tuple(floor(side / share) for side in sides)

    def _crop(self, file: Path) -> np.ndarray:
        channels, *sides = self.preprocessing["input_size"]
        whole = self._whole(sides)
        try:
            with Image.open(file) as image:
                pixels = np.atleast_3d(np.asarray(image))
        except (OSError, SyntaxError, ValueError):
            pixels = np.zeros(0)
        if pixels.shape != (*whole, channels):
            raise ValueError(f"{file} is none of the images: delete it, and it is made again")
        top, left = _corner(whole, sides)
        return pixels[top:top + sides[0], left:left + sides[1]]


def _corner(whole: Sequence[int], sides: Sequence[int]) -> list[int]:
    """(top, left) of what timm crops from the middle."""
    return [round((size - side) / 2) for size, side in zip(whole, sides, strict=True)]


def check(out: Path, settings: Mapping[str, Any]) -> None:
    """A ValueError where a folder holds anything but images of these settings."""
    atomic.check_folder(out)
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        theirs = json.loads((out / DOCUMENT).read_text(encoding="utf-8"))
        differing = [name for name, value in settings.items() if theirs.get(name) != value]
    except (OSError, ValueError, AttributeError):
        raise ValueError(f"{out} is not empty and not of generated images: not writing to "
                         "it") from None
    if differing:
        name, ours = differing[0], settings[differing[0]]
        what = (f"another {name}" if isinstance(ours, dict)
                else f"{name} {theirs.get(name)!r}, not {ours!r}")
        raise ValueError(f"{out} holds images of {what}: choose another folder")


def _sheet(images: Sequence[np.ndarray]) -> bytes:
    """PNG of all images side by side."""
    columns = ceil(sqrt(len(images)))
    rows = ceil(len(images) / columns)
    height, width, channels = images[0].shape
    gap = max(height // 32, 1)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255,
                    np.uint8)
    for n, image in enumerate(images):
        top, left = (place * (side + gap) + gap for place, side in zip(
            divmod(n, columns), (height, width), strict=True))
        sheet[top:top + height, left:left + width] = image
    return _encoded(sheet)


def _encoded(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(stream, "PNG")
    return stream.getvalue()


def _json(document: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(document, indent=1, sort_keys=True)}\n".encode()
