"""What a figure owes to the draw of images: standard errors, and the interval of a loss.

Images are taken for independent draws from all that there are; what calibration images do is not
in it.
"""

import math

import torch


def error_of_share(hits: int, images: int) -> float:
    """Of a percentage of images: binomial, with half an image more on either side, so that 0 and
    100 % have one, too."""
    share, total = (hits + 0.5) / (images + 1), images + 1
    return 100 * math.sqrt(share * (1 - share) / total)


def error_of_loss(lost: int, won: int, images: int) -> float:
    """Of the points of top-1 lost.

    lost, won   images that only the float model has right, and only the quantized one

    Both models see the same images, so that only those on which they differ add noise, not all
    that are wrong. Wald's error of a paired difference with half an image more in each of the
    four cells, which keeps it honest where few differ (Agresti and Min, Statistics in Medicine 24,
    2005).
    """
    more, fewer, total = lost + 0.5, won + 0.5, images + 2
    return 100 * math.sqrt(more + fewer - (more - fewer) ** 2 / total) / total


def loss_noise(lost: int, won: int, images: int) -> float:
    """Points: half the 95 % interval of a loss, as another draw of as many images would differ."""
    return 1.96 * error_of_loss(lost, won, images)


def error_of_mean(values: torch.Tensor) -> float:
    """Of the mean of float64[n]; not a number where n is 1."""
    return values.std().item() / math.sqrt(len(values)) if len(values) > 1 else math.nan


def error_of_sqnr(signal: torch.Tensor, noise: torch.Tensor) -> float:
    """Of an SQNR in dB of powers summed over images, float64[n] each.

    That of a ratio of means, linearized (the delta method): how much each image's share of the
    signal differs from its share of the noise.
    """
    difference = signal / signal.mean() - noise / noise.mean()
    return 10 / math.log(10) * error_of_mean(difference)
