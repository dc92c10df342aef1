"""Signal to quantization noise ratios in dB."""

import math

import torch


def sqnr(reference: torch.Tensor, approximation: torch.Tensor) -> float:
    """Of the power summed over everything: infinite without noise, -infinite if all is noise."""
    signal = reference.double().square().sum().item()
    noise = (approximation.double() - reference.double()).square().sum().item()
    if not noise:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf


def image_sqnr(reference: torch.Tensor, approximation: torch.Tensor) -> torch.Tensor:
    """Of each image, float64[n]; its mean lets no image with much noise decide for all.

    reference, approximation   float32[n, classes]
    """
    signal, noise = powers(reference, approximation)
    return 10 * (signal / noise).log10()


def powers(
    reference: torch.Tensor, approximation: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each image, float64[n]: the sum of squares of the reference, and of the difference."""
    difference = approximation.double() - reference.double()
    return reference.double().square().sum(1), difference.square().sum(1)
