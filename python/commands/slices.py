"""Images as tasks of the farm: so many at a time, their results joined in order."""

import base64
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vit2rtl.checkpoint_schema import DESCRIPTION
from vit2rtl.detection import checkpoint_schema
from vit2rtl.farm.task import digest
from vit2rtl.golden.files.documents import sha256

if TYPE_CHECKING:
    from vit2rtl.models.images import Images

# A multiple of the images that models take together, which sums of floats depend on.
TOGETHER = 64


def of(names: Sequence[str]) -> list[Sequence[str]]:
    """Names of the images of each task."""
    return [names[first:first + TOGETHER] for first in range(0, len(names), TOGETHER)]


def identity(folder: str | None, names: Iterable[str]) -> str:
    """Of images: their names, and SHA-256 of their files; the embedded model's are ours."""
    return digest([[name, folder and sha256(Path(folder, name))] for name in names])


def checkpoint_digest(folder: str) -> str:
    """SHA-256 of the description of a checkpoint, or a detector, which has that of its tensors."""
    places = (Path(folder, name) for name in (DESCRIPTION, checkpoint_schema.DESCRIPTION))
    return sha256(next(place for place in places if place.is_file()))


def check(folder: str, expected: str) -> None:
    """A ValueError where the checkpoint is another one than when the run began."""
    if checkpoint_digest(folder) != expected:
        raise ValueError(f"{folder} has changed since the run began")


def images(folder: str | None, preprocessing: str, names: Sequence[str]) -> "Images":
    """The images of a task; ``preprocessing`` as JSON."""
    return _all(folder, preprocessing).only(names)


@lru_cache(1)
def _all(folder: str | None, preprocessing: str) -> "Images":
    from vit2rtl.models.images import embedded_images, open_images

    return open_images(folder, json.loads(preprocessing)) if folder else embedded_images("held_out")


def packed(array: np.ndarray) -> dict[str, Any]:
    """An array as JSON data."""
    return {"dtype": array.dtype.str, "shape": [*array.shape],
            "data": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def unpacked(data: dict[str, Any]) -> np.ndarray:
    """The array that :func:`packed` was given."""
    flat = np.frombuffer(base64.b64decode(data["data"]), data["dtype"])
    return flat.reshape(data["shape"]).copy()
