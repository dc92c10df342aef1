"""Model and images of a space by their contents, without torch: what the keys of trials say.

Images are drawn here by numpy, so that a store knows whether it has a trial before torch is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.explore.space import Space
from vit2rtl.golden.files import documents
from vit2rtl.golden.program import images as image_files
from vit2rtl.models import digits
from vit2rtl.origin import EMBEDDED

SETS = ("calibration", "evaluation", "search", "judge")
_EMBEDDED_WEIGHTS = digits.FILE.with_name("embedded") / f"{EMBEDDED}.safetensors"


@dataclass(frozen=True)
class Source:
    """What trials of a space are given.

    calibration, evaluation   names of the images that calibrate, and that measure
    search, judge             of those by which a search ranks widths, and chooses: none twice
    """

    model: str
    weights: Path | None
    images: Path | None
    calibration: Sequence[str]
    evaluation: Sequence[str]
    search: Sequence[str]
    judge: Sequence[str]

    @cached_property
    def model_spec(self) -> dict[str, Any]:
        """Name and weights: their SHA-256, or where they come from."""
        if self.model == EMBEDDED:
            weights = documents.sha256(_EMBEDDED_WEIGHTS)
        elif self.weights is None:
            weights = "timm"
        else:
            weights = _digest(self.weights)
        return {"model": self.model, "weights": weights}

    def images_spec(self, measuring: str) -> dict[str, str]:
        """SHA-256 of contents and labels of the images that calibrate, and of those that measure:
        ``evaluation``, ``search`` or ``judge``."""
        return {"calibration": self._digests["calibration"],
                "evaluation": self._digests[measuring]}

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {key: self._images(getattr(self, key)) for key in SETS}

    @property
    def inputs(self) -> dict[str, Any]:
        """Where the files lie."""
        return {"weights": _text(self.weights), "images": _text(self.images)}

    def _images(self, names: Sequence[str]) -> str:
        if self.images is None:
            own = documents.sha256(digits.FILE)
            return documents.sha256_of("\n".join([own, *names]).encode())
        lines = [f"{documents.sha256(self.images / name)} {self._labels[name]}" for name in names]
        return documents.sha256_of("\n".join(lines).encode())

    @cached_property
    def _labels(self) -> dict[str, int]:
        assert self.images is not None
        names, labels, _ = image_files.find(self.images)
        assert labels is not None
        return dict(zip(names, labels, strict=True))


def source_of(space: Space) -> Source:
    """The images that a space draws.

    Searches of the embedded model have images that it was trained on: all others measure.

    raises   ValueError where there are too few of them, or they have no labels
    """
    mixed = space.mixed
    searching = (mixed.search, mixed.judge) if mixed else (0, 0)
    generator = np.random.default_rng(space.seed)
    if space.model == EMBEDDED:
        first, rest = (_drawn(digits.named(split)[0], generator) for split in digits.SPLITS)
        calibration, search, judge = _taken(first, (space.calibrate, *searching))
        (evaluation,) = _taken(rest, (space.evaluate,))
    else:
        if space.weights is not None and not space.weights.is_file():
            raise ValueError(f"Weights file {space.weights} does not exist")
        assert space.images is not None
        names, labels, _ = image_files.find(space.images)
        if labels is None:
            raise ValueError(f"Images {space.images} have no labels: add class sub-folders or a "
                             f"{image_files.LABELS}")
        sizes = space.calibrate, *searching, space.evaluate
        calibration, search, judge, evaluation = _taken(_drawn(names, generator), sizes)
    return Source(space.model, space.weights, space.images, calibration, evaluation, search, judge)


def _drawn(names: Sequence[str], generator: np.random.Generator) -> list[str]:
    return [names[n] for n in generator.permutation(len(names))]


def _taken(names: Sequence[str], sizes: Sequence[int]) -> list[Sequence[str]]:
    """So many of the names, and then so many others."""
    if sum(sizes) > len(names):
        asked = " + ".join(str(size) for size in sizes if size)
        raise ValueError(f"Images are too few: {asked} are asked for, and there are {len(names)}")
    ends = [*accumulate(sizes)]
    return [names[end - size:end] for end, size in zip(ends, sizes, strict=True)]


def _digest(path: Path) -> str:
    if path.suffix != ".json":
        return documents.sha256(path)
    from vit2rtl.models.weights import digest

    return digest(path)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
