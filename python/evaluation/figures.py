"""What one pass over images gives: accuracy, and how near the float model's output is."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import nn
from tqdm import tqdm

from vit2rtl.evaluation.divergence import fit_temperature, kl_divergence
from vit2rtl.evaluation.noise import (
    error_of_loss,
    error_of_mean,
    error_of_share,
    error_of_sqnr,
    loss_noise,
)
from vit2rtl.evaluation.ratios import image_sqnr, powers, sqnr

if TYPE_CHECKING:
    from vit2rtl.models.images import Images

_BATCH = 32
# Title, decimals and unit of every figure, in the order in which they are shown.
FIGURES = {
    "top1": ("top-1", 1, " %"),
    "top5": ("top-5", 1, " %"),
    "loss": ("top-1 lost", 1, " points"),
    "agreement": ("agrees with float", 1, " %"),
    "cosine": ("cosine, mean of images", 4, ""),
    "sqnr": ("SQNR", 2, " dB"),
    "mean_sqnr": ("SQNR, mean of images", 2, " dB"),
    "kl": ("KL divergence", 3, " nats"),
}


@dataclass(frozen=True)
class Scores:
    """What one pass over labelled images gives; all but the first three need the float model.

    top1, top5       percent of the images
    agreement        percent of the images with the float model's top-1
    sqnr             dB, power of the float logits over power of the difference, both summed
    loss             points of top-1 lost against the float model
    noise            points: in 95 of 100 draws of as many images the loss lies within so much of
                     what it is on all images there are, see :func:`loss_noise`
    mean_sqnr        dB, mean of the images' own; it ranks settings more surely than ``sqnr``
    kl               nats, mean KL divergence of the probabilities from the float model's, once
                     all logits are divided by one temperature
    temperature      the one with the least of it, see :func:`fit_temperature`
    standard_errors  of the figures by name, for the draw of images; a mean of one has none
    """

    images: int
    top1: float
    top5: float
    agreement: float | None = None
    sqnr: float | None = None
    loss: float | None = None
    noise: float | None = None
    mean_sqnr: float | None = None
    kl: float | None = None
    temperature: float | None = None
    standard_errors: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FeatureScores:
    """What one pass gives of a model without classes, whose output is a vector for each image.

    features         numbers of a vector
    cosine           mean cosine of the angle between a vector and the float model's
    sqnr             dB, power of the float features over power of the difference, both summed
    mean_sqnr        dB, mean of the images' own
    standard_errors  of the figures by name, for the draw of images; a mean of one has none
    """

    images: int
    features: int
    cosine: float
    sqnr: float
    mean_sqnr: float
    standard_errors: dict[str, float] = field(default_factory=dict)


@torch.inference_mode()
def logits(
    model: nn.Module, images: "Images", *, title: str = "evaluate",
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """float32[n, classes] of all images, on the CPU, with a progress bar on standard error.

    device   where the model is
    """
    starts = range(0, len(images), _BATCH)
    bar = tqdm(total=len(images), desc=title, unit="image", leave=False, disable=None)
    # Else convolutions on GPUs have 10 bits of mantissa (TF32).
    with bar, torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        parts = []
        for start in starts:
            chosen = range(start, min(start + _BATCH, len(images)))
            parts.append(model(images.batch(chosen).to(device)).cpu())
            bar.update(len(chosen))
    return torch.cat(parts)


def scores(
    predicted: torch.Tensor, labels: torch.Tensor, reference: torch.Tensor | None = None
) -> Scores:
    """Scores of logits against labels and, where given, the float model's logits."""
    n, (hits, hits5) = len(labels), _hits(predicted, labels)
    figures = {"top1": _percent(hits), "top5": _percent(hits5)}
    errors = {"top1": _error(hits), "top5": _error(hits5)}
    if reference is None:
        return Scores(n, **figures, standard_errors=errors)
    same = predicted.argmax(1) == reference.argmax(1)
    float_hits, _ = _hits(reference, labels)
    lost, won = (int(some.sum()) for some in (float_hits & ~hits, hits & ~float_hits))
    temperature = fit_temperature(reference, predicted)
    divergences = kl_divergence(reference, predicted, temperature)
    figures |= {
        "agreement": _percent(same), "loss": _percent(float_hits) - figures["top1"],
        "noise": loss_noise(lost, won, n), "kl": divergences.mean().item(),
        "temperature": temperature,
    }
    errors |= {
        "agreement": _error(same), "loss": error_of_loss(lost, won, n),
        "kl": error_of_mean(divergences),
    }
    ratios, ratio_errors = _ratios(reference, predicted)
    return Scores(n, **figures, **ratios, standard_errors=_finite(errors | ratio_errors))


def feature_scores(predicted: torch.Tensor, reference: torch.Tensor) -> FeatureScores:
    """Scores of features, float32[n, features], against the float model's."""
    cosines = torch.nn.functional.cosine_similarity(predicted.double(), reference.double())
    images, features = predicted.shape
    ratios, errors = _ratios(reference, predicted)
    errors["cosine"] = error_of_mean(cosines)
    return FeatureScores(images, features, cosines.mean().item(), **ratios,
                         standard_errors=_finite(errors))


def shown(scores: Scores | FeatureScores, name: str) -> str:
    """A figure of :data:`FIGURES` as text, ``72.0 ± 3.0 %``; empty where there is none."""
    value, error = getattr(scores, name, None), scores.standard_errors.get(name)
    if value is None:
        return ""
    _, decimals, unit = FIGURES[name]
    noise = "" if error is None else f" ± {error:.{decimals}f}"
    return f"{value:.{decimals}f}{noise}{unit}"


def _ratios(
    reference: torch.Tensor, predicted: torch.Tensor
) -> tuple[dict[str, float], dict[str, float]]:
    """The two SQNRs, and their errors."""
    each = image_sqnr(reference, predicted)
    figures = {"sqnr": sqnr(reference, predicted), "mean_sqnr": each.mean().item()}
    return figures, {"sqnr": error_of_sqnr(*powers(reference, predicted)),
                     "mean_sqnr": error_of_mean(each)}


def _finite(errors: dict[str, float]) -> dict[str, float]:
    return {name: error for name, error in errors.items() if math.isfinite(error)}


def _hits(
    predicted: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """bool[n]: whether the label is the largest logit, and whether it is among the five largest.

    Of equal logits, as codes are, the first counts as larger: everywhere, and as ``argmax`` has it.
    """
    ranked = predicted.argsort(dim=1, descending=True, stable=True)
    hits = ranked[:, :5] == labels[:, None]
    return hits[:, 0], hits.any(1)


def _percent(hits: torch.Tensor) -> float:
    return 100 * hits.double().mean().item()


def _error(hits: torch.Tensor) -> float:
    return error_of_share(int(hits.sum()), len(hits))
