"""One model of a table: its images, its float network, and what each recipe makes of it."""

import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vit2rtl import evaluation
from vit2rtl.farm.task import Task
from vit2rtl.generated_images import IMAGES, GeneratedImages
from vit2rtl.golden.files import documents
from vit2rtl.models import devices, zoo
from vit2rtl.models.images import (
    Images,
    check_labels,
    embedded_images,
    open_images,
    preprocessing,
)
from vit2rtl.models.weights import digest
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.reproduction.cells import Setup
from vit2rtl.reproduction.published import EMBEDDED, MODELS, TABLES, Line

CALIBRATION_IMAGES = 32
# Tasks of the farm; a version is raised when figures change.
CELL, CELL_VERSION = f"{__name__}:cell", 1
IMAGES_FROM_NOISE, IMAGES_FROM_NOISE_VERSION = f"{__name__}:images_from_noise", 1


@dataclass(frozen=True)
class Made:
    """32 images from noise for each model, by so many iterations, in a folder each."""

    folder: Path
    iterations: int


@dataclass(frozen=True)
class Source:
    """Where images and weights come from.

    images       a labelled folder; None for the embedded model's own
    calibration  names in it that calibrate and are not measured; None for a draw of 32 by ``seed``
    count        of images to measure, evenly over the classes; None for all
    weights      a folder of files named as timm names the models, ``NAME.safetensors``; None for
                 timm's download
    made         settings and folder of the images that method psaq calibrates on, see
                 :mod:`vit2rtl.generated_images`; None where it is not run
    """

    images: str | None = None
    calibration: tuple[str, ...] | None = None
    count: int | None = None
    weights: str | None = None
    seed: int = 0
    made: Made | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON data, for workers that have another working directory."""
        made = self.made and {**asdict(self.made), "folder": str(self.made.folder.absolute())}
        images, weights = (text and str(Path(text).absolute())
                           for text in (self.images, self.weights))
        return {**asdict(self), "images": images, "weights": weights, "made": made}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Source":
        """The one that :meth:`as_dict` gave, before or after JSON."""
        made, calibration = data["made"], data["calibration"]
        return cls(**{
            **data, "calibration": None if calibration is None else tuple(calibration),
            "made": made and Made(Path(made["folder"]), made["iterations"])})


@dataclass
class Bench:
    """A model, ready to be measured; weights and images are opened when first needed.

    device   what computes, as torch names it, where tasks run. Figures are kept by what is
             computed, not by what computes it: as of another processor or version of torch, only
             the last bits of floats are its own
    """

    key: str
    source: Source
    device: str = "cpu"

    @cached_property
    def setup(self) -> Setup:
        file = self._weights
        name = MODELS[self.key].name
        own = "embedded" if self.key == EMBEDDED else f"timm {name}"
        made = self.source.made
        return Setup(name, digest(file) if file else own, self.calibration.names,
                     self.measured.names,
                     {"iterations": made.iterations, "seed": self.source.seed} if made else {})

    @cached_property
    def place(self) -> torch.device:
        return devices.find(self.device)

    @cached_property
    def network(self) -> nn.Module:
        """The float network, as it is before anything is quantized; on the CPU."""
        return self._create()

    @cached_property
    def calibration(self) -> Images:
        return self._images[0]

    @cached_property
    def made(self) -> Images:
        """Images from noise; those that are there already are not made again."""
        made, config = self.source.made, preprocessing(self.network)
        assert made is not None
        settings = self._settings_of_noise
        folder = made.folder / f"{self.key}-{documents.sha256_of(repr(settings).encode())[:12]}"
        images = GeneratedImages(folder, settings, config)
        images.make_for(self._on_device(), title=f"{self.key} images")
        return open_images(images.out / IMAGES, config)

    @cached_property
    def measured(self) -> Images:
        return self._images[1]

    @cached_property
    def reference(self) -> torch.Tensor:
        """float32[n, classes]: logits of the float network, once for all cells."""
        return evaluation.logits(self._on_device(), self.measured, title=f"{self.key} float",
                                 device=self.place)

    def measure(self, line: Line) -> dict[str, Any]:
        """Figures of a line, as JSON data; of a recipe that has no result, ``refused``. CPU seconds
        are of the CPU alone: a device that works beside it leaves none worth to be told."""
        labels = self.measured.labels
        assert labels is not None
        chance = 100 / self.reference.shape[1]
        if line.settings is None:
            scores = evaluation.scores(self.reference, labels)
            return {"top1": scores.top1, "top5": scores.top5, "images": scores.images}
        recipe = Recipe.of(line.bits, **line.settings)
        images = self.made if line.method == "psaq" else self.calibration
        batch = images.batch(range(len(images))).to(self.place)
        forward = self._forward(batch)
        started = time.process_time()
        quantized = QuantizedViT(self._on_device(), recipe)
        try:
            quantized.calibrate(batch)
        except ValueError as error:
            return {"top1": chance, "images": len(self.measured), "refused": str(error)}
        seconds = time.process_time() - started
        title = f"{self.key} {line.bits} {line.title}"
        predicted = evaluation.logits(quantized, self.measured, title=title, device=self.place)
        scores = evaluation.scores(predicted, labels, self.reference)
        cost = {"calibration_cpu_seconds": seconds, "forward_cpu_seconds": forward}
        return {
            "top1": scores.top1, "top5": scores.top5, "agreement": scores.agreement,
            "sqnr": scores.sqnr, "mean_sqnr": scores.mean_sqnr, "images": scores.images,
            "calibration_images": len(batch), **(cost if self.place.type == "cpu" else {}),
            "torch": torch.__version__, "device": str(self.place),
        }

    def identity(self, line: Line) -> dict[str, Any]:
        """What the figures of a line depend on."""
        if line.settings is None:
            return self.setup.identity(None)
        return self.setup.identity(Recipe.of(line.bits, **line.settings).as_dict())

    def task(self, table: str, line: Line) -> Task:
        """That measures a line of a table: by :func:`cell`."""
        place = next(n for n, one in enumerate(TABLES[table].lines) if one is line)
        return Task(CELL, CELL_VERSION, self.identity(line),
                    {**self._inputs, "table": table, "place": place})

    def task_of_images(self) -> Task:
        """That makes the images of method psaq, before cells need them: one writer a folder."""
        return Task(IMAGES_FROM_NOISE, IMAGES_FROM_NOISE_VERSION, self._settings_of_noise,
                    self._inputs)

    @property
    def _inputs(self) -> dict[str, Any]:
        return {"model": self.key, "source": self.source.as_dict(), "device": self.device}

    @property
    def _settings_of_noise(self) -> dict[str, Any]:
        made = self.source.made
        assert made is not None
        return {"model": self.setup.name, "weights": self.setup.weights,
                "count": CALIBRATION_IMAGES, "iterations": made.iterations,
                "seed": self.source.seed}

    def _forward(self, batch: torch.Tensor) -> float:
        """CPU seconds of the float network on the images that calibrate."""
        with torch.inference_mode():
            network = self._on_device()
            started = time.process_time()
            network(batch)
            return time.process_time() - started

    @property
    def _weights(self) -> Path | None:
        folder = self.source.weights
        if folder is None or self.key == EMBEDDED:
            return None
        name = MODELS[self.key].name.partition(".")[0]
        found = Path(folder) / f"{name}.safetensors"
        if not found.is_file():
            raise ValueError(f"Weights file {found} does not exist")
        return found

    def _create(self) -> nn.Module:
        return zoo.create(MODELS[self.key].name, weights=self._weights, say=_say)

    def _on_device(self) -> nn.Module:
        return self._create().to(self.place)

    @cached_property
    def _images(self) -> tuple[Images, Images]:
        """Those that calibrate, and those that are measured."""
        source = self.source
        if self.key == EMBEDDED:
            available = embedded_images("held_out")
            calibration = embedded_images("train").sample(CALIBRATION_IMAGES, source.seed)
        else:
            if source.images is None:
                raise ValueError(f"{MODELS[self.key].title} needs labelled images: --images FOLDER")
            available = open_images(source.images, preprocessing(self.network))
            calibration = (available.sample(CALIBRATION_IMAGES, source.seed)
                           if source.calibration is None else available.only([*source.calibration]))
            available = available.excluding(calibration.names)
        check_labels(available.labels, self.network.num_classes)
        if source.count is not None:
            available = evenly(available, source.count)
        return calibration, available


@cache
def bench_of(model: str, source: Source, device: str) -> Bench:
    """One for all cells of a model in a process."""
    return Bench(model, source, device)


def cell(
    spec: Mapping[str, Any], model: str, source: Mapping[str, Any], device: str, table: str,
    place: int,
) -> dict[str, Any]:
    """What a task of the farm measures: a line of a table for a model."""
    return bench_of(model, Source.of(source), device).measure(TABLES[table].lines[place])


def images_from_noise(
    spec: Mapping[str, Any], model: str, source: Mapping[str, Any], device: str
) -> dict[str, Any]:
    """What a task of the farm makes: 32 images for a model, in the folder of ``source``."""
    return {"images": len(bench_of(model, Source.of(source), device).made)}


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def evenly(images: Images, count: int) -> Images:
    """So many of the images, as many of each class as there can be, each class's first by name."""
    if count > len(images):
        raise ValueError(f"{count} images are asked for, but there are only {len(images)}")
    assert images.labels is not None
    places: dict[int, list[int]] = {}
    for place in sorted(range(len(images)), key=lambda n: images.names[n]):
        places.setdefault(int(images.labels[place]), []).append(place)
    turns = _turns(places[label] for label in sorted(places))
    return images.subset(sorted(turns[:count]))


def _turns(classes: Iterable[list[int]]) -> list[int]:
    """The first of each class, then the second of each, …"""
    numbered = [(turn, n, place) for n, places in enumerate(classes)
                for turn, place in enumerate(places)]
    return [place for _, _, place in sorted(numbered)]
