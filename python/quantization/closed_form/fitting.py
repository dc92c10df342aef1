"""A layer fitted to its quantized inputs: weights on their levels, and the bias."""

from collections.abc import Collection

import torch
from torch.nn import functional as F

from vit2rtl.quantization.closed_form.weights import (
    BITS,
    DAMPING,
    RIDGE,
    Moments,
    gptq,
    nearest,
    ridge,
    row_ranges,
)
from vit2rtl.quantization.layers import OUTPUT_HEADROOM, QuantLinear
from vit2rtl.quantization.structure import Layer, Role

DESCENTS = 2
# Share of all tokens in the covariance of a head, which itself sees one token an image.
_ALL_TOKENS = 0.3
# Share of the class tokens in the fit of the last block, for each bit below 4.
_CLASS_SHARE = 0.15


def linear(module: QuantLinear, x: torch.Tensor) -> torch.Tensor:
    """What a layer's weights and bias, as they are, give of inputs."""
    return F.linear(x, module.weight, module.bias)


def spare_bits(module: QuantLinear) -> float:
    """Bits above 4 that weights and inputs have on average; below zero where they have fewer."""
    return (module.weight_quantizer.bits + module.input_quantizer.bits) / 2 - BITS


def strength(module: QuantLinear) -> float:
    """λ of ridge regression: above 4 bits twice as much for each.

    What can be made up for shrinks faster with the bits than what only this sample shows.
    """
    return RIDGE * 2.0 ** max(spare_bits(module), 0)


def damping(module: QuantLinear) -> float:
    """GPTQ's damping: below 4 bits four times as much for each that is missing, as the power of a
    rounding's error is. Where errors are large, so is what they make of a covariance that is only
    this sample's.
    """
    return DAMPING * 4.0 ** max(-spare_bits(module), 0)


def class_share(module: QuantLinear, depth: float) -> float:
    """Share of the class tokens in a layer's fit, where the heads read no others: below 4 bits a
    layer cannot serve all tokens alike, and in the last block only these reach the heads.

    depth    of the layer's block, above 0 and up to 1 for the last one
    returns  0.15 for each bit that is missing, times the depth; 0: all tokens count alike
    """
    return _CLASS_SHARE * max(-spare_bits(module), 0) * depth


def fit(
    layer: Layer, x: torch.Tensor, target: torch.Tensor, steps: Collection[str],
    background: Moments | None = None, counts: torch.Tensor | None = None,
) -> torch.Tensor:
    """Give a layer quantized weights and a bias, so that it comes near a target.

    x            float32[n, in], quantized inputs
    target       float32[n, out]
    steps        those that are on, see :data:`vit2rtl.quantization.settings.STEPS`
    background   of a head: moments of all tokens, as one an image are too few for a covariance
    counts       float32[n, 1], how often each row counts, one on average; None: all alike
    returns      float32[n, out], what the layer now gives
    """
    module, moments = layer.module, Moments(x, counts)
    weight, covariance = module.weight.double(), moments.covariance
    if "ridge" in steps and layer.role is not Role.HEAD and not moments.flat():
        residual = linear(module, x).neg_().add_(target)
        weight = ridge(weight, residual, x, moments, strength=strength(module))
        del residual
    if background is not None:
        covariance = covariance + background.covariance * (_ALL_TOKENS * (
            covariance.diagonal().sum() / background.covariance.diagonal().sum().clamp(1e-30)))
    quantizer = module.weight_quantizer
    if "gptq" in steps and float(covariance.diagonal().mean()) > 0:
        quantizer.set(*row_ranges(weight, covariance.diagonal(), quantizer.levels,
                                  symmetric=quantizer.symmetric))
        grid = quantizer.scale.double(), quantizer.zero_point.double(), quantizer.levels
        weight = gptq(weight, covariance, *grid, damping=damping(module),
                      descents=DESCENTS if "descent" in steps else 0)
    else:
        quantizer.calibrate(weight.float())
        weight = nearest(weight, quantizer.scale.double(), quantizer.zero_point.double(),
                         quantizer.levels)
    if "bias" in steps:
        module.bias = (moments.mean_of(target) - weight @ moments.mean).float()
    module.weight = weight.float()
    y = linear(module, x)
    if len(module.outputs) == 1:
        module.outputs[0].calibrate_symmetric(y, OUTPUT_HEADROOM)
    return y
