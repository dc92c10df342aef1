"""What callers of the Python API may give as images, and what becomes of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np

from vit2rtl import program_images
from vit2rtl.origin import EMBEDDED, Origin

if TYPE_CHECKING:
    import torch

    from vit2rtl.golden.program.program import IntegerProgram
    from vit2rtl.models.images import Images

    ImageSource: TypeAlias = str | Path | np.ndarray | torch.Tensor | Images

CALIBRATION_IMAGES = 32
# Largest distance of a normalized image from 8-bit pixels: float32 is far better.
_PIXEL_TOLERANCE = 0.001
_SHAPE = "[n, channels, height, width]"


def as_images(
    source: "ImageSource | None", origin: Origin, *, split: str = "held_out"
) -> "Images":
    """Images of a folder, an array, or the embedded model's own where nothing is given.

    split   of the embedded model's images: ``train`` or ``held_out``
    raises  TypeError for what is none of these, ValueError for an array of another shape
    """
    from vit2rtl.models.images import Images, embedded_images, open_images

    if isinstance(source, Images):
        return source
    if isinstance(source, (str, Path)):
        return open_images(source, origin.preprocessing)
    if source is None:
        if origin.name != EMBEDDED:
            raise ValueError(
                f"{origin.name} needs images, a folder or float32{_SHAPE}: "
                f"only {EMBEDDED} has some of its own"
            )
        return embedded_images(split)
    batch = _batch(source, origin.preprocessing)
    return Images([f"image/{n:04d}" for n in range(len(batch))], None, batch.__getitem__)


def calibration_images(source: "ImageSource | None", origin: Origin) -> "Images":
    """Images for calibration: arrays and lists whole, 32 drawn from a folder or the embedded."""
    images = as_images(source, origin, split="train")
    if source is None or isinstance(source, (str, Path)):
        return images.sample(min(CALIBRATION_IMAGES, len(images)), seed=0)
    return images


def calibrated_on(images: "Images", origin: Origin) -> "Images":
    """Those that the model was calibrated on where all of them are there, else up to 32."""
    names = origin.calibration.get("images")
    if names and set(names) <= set(images.names):
        return images.only(names)
    return images.sample(min(CALIBRATION_IMAGES, len(images)), seed=0)


def image_codes(
    source: "ImageSource | None", program: "IntegerProgram"
) -> tuple[list[str], np.ndarray]:
    """(names, uint8[n, channels, height, width]): the codes that a program takes, of images.

    source  a folder, ``Images``, uint8 pixels, or float32 as the program's preprocessing gives
            it; None for the embedded model's own. All but ``Images`` and tensors need no torch
    """
    if source is None or isinstance(source, (str, Path)):
        available = program_images.find(source, program)
        return available.names, available.codes(available.names)
    if _has_names(source):
        names, array = source.names, source.batch(range(len(source))).numpy()
    else:
        array = _array(source)
        names = [f"image/{n:04d}" for n in range(len(array))]
    shape = tuple(program.image.shape)
    if array.ndim != 4 or array.shape[1:] != shape:
        raise ValueError(f"Images must have the shape (n, {', '.join(map(str, shape))}), "
                         f"not {array.shape}")
    if array.dtype != np.uint8:
        array = pixels_of(array, program.preprocessing)
    channels = np.arange(shape[0])[:, np.newaxis, np.newaxis]
    return names, program.pixel_codes[channels, array]


def pixels_of(images: np.ndarray, preprocessing: Mapping[str, Any]) -> np.ndarray:
    """uint8[n, channels, height, width]: the pixels that were normalized by mean and deviation.

    raises   ValueError where the images are no 8-bit pixels
    """
    mean, std = (np.asarray(preprocessing[key], np.float64)[:, np.newaxis, np.newaxis]
                 for key in ("mean", "std"))
    pixels = (images.astype(np.float64) * std + mean) * 255
    nearest = pixels.round()
    inside = np.abs(pixels - nearest).max(initial=0) < _PIXEL_TOLERANCE
    if not inside or nearest.min(initial=0) < 0 or nearest.max(initial=0) > 255:
        raise ValueError(
            "Images for an integer program must be 8-bit pixels, normalized by its mean and "
            "standard deviation, or the pixels themselves as uint8"
        )
    return nearest.astype(np.uint8)


def _has_names(source: "np.ndarray | torch.Tensor | Images") -> "TypeGuard[Images]":
    """Whether these are ``Images``, whose module needs torch."""
    return hasattr(source, "batch")


def _array(source: "np.ndarray | torch.Tensor") -> np.ndarray:
    """The numbers of an array or a tensor; a TypeError for anything else."""
    array = np.asarray(source) if hasattr(source, "__array__") else None
    if array is None or (array.dtype.kind != "f" and array.dtype != np.uint8):
        kind = type(source).__name__ if array is None else f"{array.dtype} numbers"
        raise TypeError(f"Images must be a folder, Images or float32{_SHAPE}, not {kind}")
    return array


def _batch(source: "np.ndarray | torch.Tensor", preprocessing: Mapping[str, Any]) -> "torch.Tensor":
    """float32[n, channels, height, width], preprocessed, from an array or tensor."""
    import torch

    array = _array(source)
    if array.dtype.kind != "f":
        raise TypeError(f"Images must be a folder, Images or float32{_SHAPE}, not uint8 pixels")
    shape = tuple(preprocessing["input_size"])
    if array.ndim != 4 or array.shape[1:] != shape:
        raise ValueError(f"Images must have the shape (n, {', '.join(map(str, shape))}), "
                         f"not {array.shape}")
    return torch.from_numpy(np.array(array, np.float32))
