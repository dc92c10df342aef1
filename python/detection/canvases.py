"""Digits on coloured canvases: images with boxes and masks, of the real digits that ship as data.

Canvas ``n`` of a seed is the same on every machine; no digit of split ``held_out`` is on a canvas
of split ``train``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vit2rtl.models import digits

SIZE = 168
CLASSES = tuple("0123456789")
# COCO's ids of the classes, which begin with 1.
CATEGORY_IDS = tuple(range(1, len(CLASSES) + 1))
# Digits on a canvas, and the longer side of one's ink in pixels.
FEWEST, MOST = 2, 4
SMALLEST, LARGEST = 56, 90
# What must remain visible of every digit, and how much two boxes may have in common (IoU).
LEAST_VISIBLE = 0.8
MOST_OVERLAP = 0.15
_TRIES = 20
# Red, green and blue of a ground's two colours, and of digits, which stand out from any.
_DARK, _BRIGHT = (0, 100), (150, 255)
# Standard deviations of a ground's clouds and of its single pixels, in the same 8-bit steps.
_CLOUDS, _NOISE = 10.0, 4.0


@dataclass(frozen=True)
class Canvas:
    """An image and its digits, those on top last.

    image   uint8[size, size, 3]
    boxes   float32[n, 4]: left, top, right, bottom in pixels, the box of a digit's mask
    labels  int64[n]: 1 for the digit 0, ..., 10 for 9, as torchvision counts classes
    masks   bool[n, size, size]: where a digit is seen; no pixel belongs to two
    """

    image: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    masks: np.ndarray


def canvases(split: str, count: int, *, seed: int, first: int = 0) -> Iterator[Canvas]:
    """Canvases ``first``, ``first + 1``, ... of a seed.

    split   "train" or "held_out", see :mod:`vit2rtl.models.digits`
    """
    _, pixels, labels = digits.named(split)
    for index in range(first, first + count):
        yield draw(pixels, labels, np.random.default_rng([seed, index]))


def draw(pixels: np.ndarray, labels: np.ndarray, generator: np.random.Generator) -> Canvas:
    """One canvas: a dark ground of two colours, and bright digits drawn from all.

    pixels  uint8[n, 28, 28], ink 255
    labels  int64[n], 0..9
    """
    image = _ground(generator)
    masks: list[np.ndarray] = []
    boxes: list[np.ndarray] = []
    areas: list[int] = []
    chosen: list[int] = []
    for _ in range(int(generator.integers(FEWEST, MOST + 1))):
        for _ in range(_TRIES):
            index = int(generator.integers(len(pixels)))
            ink, box = _placed(pixels[index], generator)
            if any(iou(box, other) > MOST_OVERLAP for other in boxes):
                continue
            mask = np.zeros((SIZE, SIZE), bool)
            mask[_window(box)] = ink >= 0.5
            seen = [other & ~mask for other in masks]
            if all(part.sum() >= LEAST_VISIBLE * area
                   for part, area in zip(seen, areas, strict=True)):
                _write(image[_window(box)], ink[..., None], generator)
                masks = [*seen, mask]
                boxes = [*map(box_of, masks)]
                areas.append(int(mask.sum()))
                chosen.append(index)
                break
    return Canvas(image.round().clip(0, 255).astype(np.uint8), np.stack(boxes).astype(np.float32),
                  labels[chosen] + 1, np.stack(masks))


def box_of(mask: np.ndarray) -> np.ndarray:
    """float64[4]: left, top, right, bottom of a mask bool[height, width] with any pixel."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """What two boxes have in common, as a share of what they cover together."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    common = float(np.prod(np.maximum(sides, 0)))
    areas = sum(float(np.prod(box[2:] - box[:2])) for box in (one, other))
    return common / (areas - common)


def _ground(generator: np.random.Generator) -> np.ndarray:
    """float64[size, size, 3]: one colour turning into another, clouds, and noise of a pixel."""
    colours = generator.uniform(*_DARK, (2, 3))
    angle = generator.uniform(0, 2 * np.pi)
    places = np.linspace(-0.5, 0.5, SIZE)
    slope = places[:, None] * np.sin(angle) + places * np.cos(angle)
    share = np.clip(slope + 0.5, 0, 1)[..., None]
    clouds = generator.normal(0, _CLOUDS, (3, 7, 7))
    between = _between(SIZE, 7)
    smooth = (between @ clouds @ between.T).transpose(1, 2, 0)
    noise = generator.normal(0, _NOISE, (SIZE, SIZE, 3))
    return colours[0] * (1 - share) + colours[1] * share + smooth + noise


def _between(size: int, points: int) -> np.ndarray:
    """float64[size, points]: weights of linear interpolation between evenly spaced points."""
    distance = np.abs(np.linspace(0, points - 1, size)[:, None] - np.arange(points))
    return np.maximum(1 - distance, 0)


def _placed(
    digit: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(float64[height, width] of 0..1, float64[4]): a digit's ink, enlarged, and its place."""
    from PIL import Image

    left, top, right, bottom = box_of(digit >= 128).astype(int)
    ink = Image.fromarray(digit[top:bottom, left:right])
    scale = generator.uniform(SMALLEST, LARGEST) / max(ink.size)
    width, height = (max(1, round(side * scale)) for side in ink.size)
    enlarged = np.asarray(ink.resize((width, height), Image.Resampling.BICUBIC), np.float64) / 255
    x, y = (int(generator.integers(SIZE - side + 1)) for side in (width, height))
    # Steeper edges: enlarged ones are some pixels wide.
    return np.clip(2 * enlarged - 0.5, 0, 1), np.array([x, y, x + width, y + height], np.float64)


def _window(box: np.ndarray) -> tuple[slice, slice]:
    left, top, right, bottom = box.astype(int)
    return slice(top, bottom), slice(left, right)


def _write(below: np.ndarray, ink: np.ndarray, generator: np.random.Generator) -> None:
    """Ink of one bright colour into what it covers of the image."""
    below += ink * (generator.uniform(*_BRIGHT, 3) - below)
