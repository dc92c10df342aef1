"""Accuracy of a quantized model, and how far its logits are from the float model's."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from tqdm import tqdm

if TYPE_CHECKING:
    from vit2rtl.models.images import Images

_BATCH = 32


@dataclass(frozen=True)
class Scores:
    """What one pass over labelled images gives.

    top1, top5   percent of the images
    agreement    percent of the images with the float model's top-1, or None
    sqnr         dB, power of the float logits over power of the difference, or None
    loss         points of top-1 lost against the float model, or None
    noise        points: in 95 of 100 draws of as many images the loss lies within so much of what
                 it is on all images there are, see :func:`loss_noise`; or None
    """

    images: int
    top1: float
    top5: float
    agreement: float | None = None
    sqnr: float | None = None
    loss: float | None = None
    noise: float | None = None


@dataclass(frozen=True)
class FeatureScores:
    """What one pass gives of a model without classes, whose output is a vector for each image.

    features   numbers of a vector
    cosine     mean cosine of the angle between a vector and the float model's
    sqnr       dB, power of the float features over power of the difference
    """

    images: int
    features: int
    cosine: float
    sqnr: float


@torch.inference_mode()
def logits(model: nn.Module, images: "Images", *, title: str = "evaluate") -> torch.Tensor:
    """float32[n, classes] of all images, with a progress bar on standard error."""
    starts = range(0, len(images), _BATCH)
    bar = tqdm(total=len(images), desc=title, unit="image", leave=False, disable=None)
    with bar:
        parts = []
        for start in starts:
            chosen = range(start, min(start + _BATCH, len(images)))
            parts.append(model(images.batch(chosen)))
            bar.update(len(chosen))
    return torch.cat(parts)


def scores(
    predicted: torch.Tensor, labels: torch.Tensor, reference: torch.Tensor | None = None
) -> Scores:
    """Scores of logits against labels and, where given, the float model's logits."""
    hits, top1, top5 = _hits(predicted, labels)
    if reference is None:
        return Scores(len(labels), top1, top5)
    same = predicted.argmax(1) == reference.argmax(1)
    agreement = 100 * same.double().mean().item()
    float_hits, float_top1, _ = _hits(reference, labels)
    lost, won = (float_hits & ~hits).sum().item(), (hits & ~float_hits).sum().item()
    return Scores(len(labels), top1, top5, agreement, sqnr(reference, predicted),
                  float_top1 - top1, loss_noise(int(lost), int(won), len(labels)))


def feature_scores(predicted: torch.Tensor, reference: torch.Tensor) -> FeatureScores:
    """Scores of features, float32[n, features], against the float model's."""
    cosines = torch.nn.functional.cosine_similarity(predicted.double(), reference.double())
    images, features = predicted.shape
    return FeatureScores(images, features, cosines.mean().item(), sqnr(reference, predicted))


def loss_noise(lost: int, won: int, images: int) -> float:
    """Points: half the 95 % interval of a loss, as another draw of as many images would differ.

    lost, won   images that only the float model has right, and only the quantized one

    Both models see the same images, so that only those on which they differ add noise, not all
    that are wrong. Wald's interval of a paired difference with half an image more in each of the
    four cells, which keeps it honest where few differ (Agresti and Min, Statistics in Medicine 24,
    2005).
    """
    more, fewer, total = lost + 0.5, won + 0.5, images + 2
    variance = more + fewer - (more - fewer) ** 2 / total
    return 100 * 1.96 * math.sqrt(variance) / total


def _hits(
    predicted: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, float, float]:
    """(bool[n] of top-1, percent of top-1, percent of top-5)."""
    hits = predicted.topk(min(5, predicted.shape[1]), dim=1).indices == labels[:, None]
    top1, top5 = (100 * hits[:, :k].any(1).double().mean().item() for k in (1, 5))
    return hits[:, 0], top1, top5


def sqnr(reference: torch.Tensor, approximation: torch.Tensor) -> float:
    """Signal to quantization noise ratio in dB; infinite without noise, -infinite if all noise."""
    signal = reference.double().square().sum().item()
    noise = (approximation.double() - reference.double()).square().sum().item()
    if not noise:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf
