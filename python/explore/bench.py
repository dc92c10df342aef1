"""A model as a worker has it: the float network, its images, its logits, whatever is measured."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import torch
from torch import nn

from vit2rtl import evaluation
from vit2rtl.explore.reuse import Reuse
from vit2rtl.models import zoo
from vit2rtl.models.digits import SPLITS
from vit2rtl.models.images import (
    Images,
    check_labels,
    embedded_images,
    open_images,
    preprocessing,
    read_list,
)
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

# Preprocessed images are kept while they take no more than so many bytes.
_KEPT_BYTES = 1 << 29


@dataclass(frozen=True)
class Bench:
    """One model, its calibration images, and the images that measure it."""

    network: nn.Module
    calibration: torch.Tensor
    images: Images
    _anchors: dict[Recipe, torch.Tensor] = field(default_factory=dict)

    @cached_property
    def reference(self) -> torch.Tensor:
        """float32[n, classes]: logits of the float network, once for all recipes."""
        return evaluation.logits(self.network, self.images, title="float")

    @cached_property
    def _reuse(self) -> Reuse:
        return Reuse(self.network, self.calibration, self.images.batch(range(len(self.images))), {})

    def logits(self, recipe: Recipe) -> torch.Tensor:
        """float32[n, classes] of the quantized network; the float one stays as it is."""
        quantized = QuantizedViT(copy.deepcopy(self.network), recipe).calibrate(self.calibration)
        return evaluation.logits(quantized, self.images, title=recipe.title)

    def reused(self, recipe: Recipe) -> torch.Tensor:
        """The same, begun where the recipe differs from the same one without rules: for many that
        differ from that in a few widths, on images that all fit into memory."""
        setting = recipe.as_dict() | {"bits_of": ()}
        anchor = Recipe(**setting)
        if anchor not in self._anchors:
            self._anchors[anchor] = self._reuse.logits(anchor)
        return self._reuse.logits(recipe) if recipe.bits_of else self._anchors[anchor]


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one order, however many cores: the same bytes on processors of one kind."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@cache
def bench_of(
    model: str, weights: str | None, images: str | None, calibration: str, evaluation: str
) -> Bench:
    """The bench of these files, made once a process.

    images                    folder, None for the embedded model's own
    calibration, evaluation   files with a name of an image in each line
    """
    network, _ = _network(model, weights)
    available = _available(model, weights, images)
    calibrating, measuring = (available.only(read_list(file))
                              for file in (calibration, evaluation))
    check_labels(measuring.labels, network.num_classes)
    batch = calibrating.batch(range(len(calibrating)))
    return Bench(network, batch, _kept(measuring))


@cache
def _network(model: str, weights: str | None) -> tuple[nn.Module, dict[str, Any]]:
    network = zoo.create(model, weights=weights)
    return network, preprocessing(network)


@cache
def _available(model: str, weights: str | None, images: str | None) -> Images:
    if images is not None:
        return open_images(images, _network(model, weights)[1])
    splits = [embedded_images(split) for split in SPLITS]
    pixels = [(split, n) for split in splits for n in range(len(split))]
    labels = [split.labels for split in splits if split.labels is not None]
    return Images([name for split in splits for name in split.names], torch.cat(labels),
                  lambda index: pixels[index][0].load(pixels[index][1]))


def _kept(images: Images) -> Images:
    """The same images; a few that are loaded stay in memory."""
    loaded: dict[int, torch.Tensor] = {}

    def load(index: int) -> torch.Tensor:
        image = loaded[index] if index in loaded else images.load(index)
        if (len(loaded) + 1) * image.numel() * image.element_size() <= _KEPT_BYTES:
            loaded[index] = image
        return image

    return Images(images.names, images.labels, load, images.folders)
