"""One detector of Table 2: its images, its float network, and what each recipe makes of it."""

import copy
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vit2rtl import __version__
from vit2rtl.detection import canvas_folder, folder
from vit2rtl.detection.canvases import canvases
from vit2rtl.detection.coco import Coco, open_coco
from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.detector import Detector
from vit2rtl.detection.quantized import QuantizedDetector
from vit2rtl.detection.scores import as_input, detect, scores
from vit2rtl.farm.task import Task, digest
from vit2rtl.golden.files.documents import sha256, sha256_of
from vit2rtl.golden.program import images as image_files
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.reproduction.table2 import EMBEDDED, LINES, Line

# The paper's: one image calibrates.
CALIBRATION_IMAGES = 1
CANVASES = 200
# Seeds of the canvases that calibrate and that are measured.
CALIBRATION_SEED, MEASURED_SEED = 0, 0
# The task of a cell; the version is raised when figures change.
CELL, CELL_VERSION = f"{__name__}:cell", 1


@dataclass(frozen=True)
class Source:
    """Where images and detectors come from.

    coco      a COCO folder; None for the embedded detector's canvases
    images    folder whose first image by name calibrates; None for canvases
    weights   folder with a folder for each detector, named as the table's models are
    count     measure the first so many images; None for all
    canvases  folder of the canvases, see :meth:`draw`
    """

    coco: str | None
    images: str | None
    weights: str | None
    count: int | None
    canvases: str

    def draw(self) -> None:
        """Draw the embedded detector's canvases, so many as are to be measured."""
        canvas_folder.write(self.canvases, self.count or CANVASES, seed=MEASURED_SEED)

    def as_dict(self) -> dict[str, Any]:
        """As JSON data, for workers that have another working directory."""
        folders = {name: folder and str(Path(folder).absolute()) for name, folder in (
            ("coco", self.coco), ("images", self.images), ("weights", self.weights),
            ("canvases", self.canvases))}
        return {**folders, "count": self.count}


@dataclass
class Bench:
    """A detector, ready to be measured; weights and images are opened when first needed."""

    key: str
    source: Source

    def identity(self, line: Line) -> dict[str, Any]:
        """What the figures of a line depend on, as JSON data."""
        recipe = _recipe(line)
        measured = [entry["file_name"] for entry in self.coco.images] + [
            f"{one['image_id']} {one['category_id']} {one['bbox']} {one['iscrowd']}"
            for one in self.coco.annotations]
        return {
            "model": self.key, "config": digest(self.config.as_dict()), "weights": self.weights,
            "recipe": recipe and recipe.as_dict(),
            "calibration": recipe and [sha256_of(one.tobytes()) for one in self.calibration],
            "measured": digest(measured), "images": len(self.coco), "vit2rtl": __version__,
        }

    def task(self, line: Line) -> Task:
        """That measures a line of the table: by :func:`cell`."""
        place = next(n for n, one in enumerate(LINES) if one is line)
        return Task(CELL, CELL_VERSION, self.identity(line),
                    {"model": self.key, "source": self.source.as_dict(), "place": place})

    @cached_property
    def config(self) -> DetectorConfig:
        return folder.config(self._place)

    @cached_property
    def weights(self) -> str:
        """SHA-256 of their file."""
        return sha256(folder.place(self._place) / folder.TENSORS)

    @cached_property
    def coco(self) -> Coco:
        """What is measured on."""
        source = self.source
        if self.key == EMBEDDED:
            return open_coco(source.canvases)
        assert source.coco is not None
        coco = open_coco(source.coco).first(source.count)
        coco.check_categories(
            dict(zip(self.config.category_ids, self.config.classes, strict=True)))
        return coco

    @cached_property
    def calibration(self) -> list[np.ndarray]:
        """uint8[height, width, 3] of each image that calibrates."""
        if self.key == EMBEDDED:
            return [canvas.image for canvas in canvases(
                "train", CALIBRATION_IMAGES, seed=CALIBRATION_SEED)]
        assert self.source.images is not None
        names, _, _ = image_files.find(self.source.images)
        return [np.asarray(image_files.opened(Path(self.source.images, name), "RGB"))
                for name in names[:CALIBRATION_IMAGES]]

    @cached_property
    def network(self) -> Detector:
        """The float detector; whatever quantizes it takes a copy."""
        return folder.load(self._place)

    def measure(self, line: Line) -> dict[str, Any]:
        """Box and mask figures of a line, as JSON data; see :class:`detection.scores.Scores`."""
        recipe = _recipe(line)
        detector: nn.Module = self.network
        seconds = None
        if recipe:
            started = time.process_time()
            detector = QuantizedDetector(copy.deepcopy(self.network), recipe).calibrate(
                [as_input(image) for image in self.calibration])
            seconds = time.process_time() - started
        found = detect(detector, self.coco, title=f"{self.key} {line.bits or 'float'}")
        return asdict(scores(found, self.coco, self.config.category_ids)) | {
            "calibration_cpu_seconds": seconds, "torch": torch.__version__}

    @property
    def _place(self) -> str:
        if self.key == EMBEDDED or self.source.weights is None:
            return self.key
        return str(Path(self.source.weights, self.key))


@cache
def bench_of(model: str, source: Source) -> Bench:
    """One for all cells of a detector in a process."""
    return Bench(model, source)


def cell(
    spec: Mapping[str, Any], model: str, source: Mapping[str, Any], place: int
) -> dict[str, Any]:
    """What a task of the farm measures: a line of the table for a detector."""
    return bench_of(model, Source(**source)).measure(LINES[place])


def _recipe(line: Line) -> Recipe | None:
    """None of the float detector."""
    return Recipe.of(line.bits, **line.settings) if line.settings else None
