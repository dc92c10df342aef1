"""Labelled image folders, preprocessed as timm preprocesses for the model."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vit2rtl.golden.program.images import LABELS, PREPROCESSING, find, opened, read_list
from vit2rtl.models import digits, embedded
from vit2rtl.models.library import timm

__all__ = ["LABELS", "Images", "check_labels", "embedded_images", "open_images", "preprocessing",
           "read_list"]


@dataclass(frozen=True)
class Images:
    """A list of images with a name each and, where known, a class index each.

    names    list[str], for lists, logs and manifests
    labels   int64[n] or None
    load     index -> float32[channels, height, width], preprocessed
    folders  int, how many class sub-folders gave the labels; None where something else did
    """

    names: list
    labels: torch.Tensor | None
    load: Callable[[int], torch.Tensor] = field(repr=False)
    folders: int | None = None

    def __len__(self):
        return len(self.names)

    def batch(self, indices: Iterable[int]) -> torch.Tensor:
        """float32[n, channels, height, width] of the chosen images."""
        return torch.stack([self.load(index) for index in indices])

    def subset(self, indices: Iterable[int]) -> "Images":
        """The chosen images, in the order given."""
        indices = list(indices)
        return Images(
            [self.names[i] for i in indices],
            None if self.labels is None else self.labels[indices],
            lambda index: self.load(indices[index]),
            self.folders,
        )

    def only(self, listed: Sequence[str]) -> "Images":
        """The images named in a list, in its order; a name that is not there is an error."""
        place = {name: index for index, name in enumerate(self.names)}
        unknown = [name for name in listed if name not in place]
        if unknown:
            raise ValueError(f"The list names {unknown[0]!r}, which is not among the images")
        return self.subset(place[name] for name in listed)

    def excluding(self, listed: Sequence[str]) -> "Images":
        """All images but those named; a name that is not there is an error."""
        left_out = set(self.only(listed).names)
        return self.subset(i for i, name in enumerate(self.names) if name not in left_out)

    def sample(self, count: int, seed: int) -> "Images":
        """``count`` images drawn without replacement, the same ones for the same seed."""
        if count > len(self):
            raise ValueError(f"{count} images are asked for, but there are only {len(self)}")
        generator = torch.Generator().manual_seed(seed)
        return self.subset(torch.randperm(len(self), generator=generator)[:count].tolist())


def preprocessing(model: nn.Module) -> dict[str, Any]:
    """timm's preprocessing of a model, as plain JSON data.

    Grey images are normalized by the means of the three channels' numbers: timm adds the weights
    of the three up for one.
    """
    config = timm.data.resolve_model_data_config(model)
    # Of a model made with img_size or in_chans the configuration still has those of its weights.
    embedding = getattr(model, "patch_embed", None)
    channels, *size = config["input_size"]
    size = getattr(embedding, "img_size", None) or size
    channels = getattr(getattr(embedding, "proj", None), "in_channels", channels)
    config["input_size"] = (channels, *size)
    for key in ("mean", "std"):
        if len(config[key]) != channels:
            config[key] = (sum(config[key]) / len(config[key]),) * channels
    chosen = {key: config[key] for key in PREPROCESSING if key in config}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in chosen.items()}


def open_images(folder: str | Path, config: dict[str, Any]) -> Images:
    """Images of a folder: class sub-folders, or flat with ``labels.csv`` (file,class_index).

    folder   sub-folders count as classes 0, 1, ... in alphabetical order; a flat folder without
             ``labels.csv`` has no labels
    config   see :func:`preprocessing`
    raises   ValueError naming the folder, or the line of ``labels.csv``, that is wrong
    """
    folder = Path(folder)
    names, labels, classes = find(folder)
    config = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
    transform = timm.data.create_transform(**config, is_training=False)
    mode = "L" if config["input_size"][0] == 1 else "RGB"
    labels = None if labels is None else torch.tensor(labels)
    return Images(
        names, labels, lambda index: _load(folder / names[index], mode, transform), classes
    )


def embedded_images(split: str) -> Images:
    """The embedded model's own images: ``train`` or ``held_out`` (see vit2rtl.models.embedded)."""
    pixels, labels = embedded.images(split)
    names, _, _ = digits.named(split)
    return Images(names, labels, pixels.__getitem__)


def check_labels(labels: torch.Tensor | None, classes: int) -> None:
    """Labels must be there and below the model's number of classes."""
    if labels is None:
        raise ValueError(f"Images have no labels: add class sub-folders or a {LABELS}")
    wrong = labels[(labels < 0) | (labels >= classes)]
    if len(wrong):
        raise ValueError(f"Class index {int(wrong[0])} does not fit a model of {classes} classes")


def _load(path: Path, mode: str, transform: Callable) -> torch.Tensor:
    return transform(opened(path, mode))
