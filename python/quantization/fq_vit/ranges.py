"""Ranges that the float network has on the calibration images: the extremes of each tensor."""

from collections.abc import Callable, Iterable
from math import inf

import torch
from torch.nn import functional as F

from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.fq_vit.layer_norm import IntegerLayerNorm, power_of_two_factors
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.structure import Structure

_TINY = 2.0**-100


class Ranges:
    """Collects extremes while the float network sees the images, then sets the quantizers."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        self._extremes: dict[UniformQuantizer, tuple[float, float]] = {}

    def see(self, images: torch.Tensor) -> None:
        """One float forward pass, all images together.

        images   float32[n, channels, height, width]
        """
        layers = [layer.module for layer in self._structure.layers]
        attentions = [attention.module for attention in self._structure.attentions]
        norms = [module for module in self._structure.network.modules()
                 if isinstance(module, IntegerLayerNorm)]
        for layer in layers:
            layer.calibrator = self._linear(layer)
        for attention in attentions:
            attention.calibrator = self._attention(attention)
        for norm in norms:
            norm.observer = self._norm(norm)
        try:
            self._structure.network(images)
        finally:
            for layer in layers:
                layer.calibrator = None
            for attention in attentions:
                attention.calibrator = None
            for norm in norms:
                norm.observer = None

    def join(self, quantizers: Iterable[UniformQuantizer]) -> None:
        """One range for several."""
        quantizers = [*quantizers]
        if len(quantizers) > 1:
            lows, highs = zip(*(self._extremes[one] for one in quantizers), strict=True)
            self._extremes |= dict.fromkeys(quantizers, (min(lows), max(highs)))

    def give(self) -> None:
        """Scale and zero point of every quantizer that has been seen."""
        for quantizer, extremes in self._extremes.items():
            set_extremes(quantizer, *extremes)

    def _note(self, quantizer: UniformQuantizer, x: torch.Tensor) -> None:
        low, high = float(x.min()), float(x.max())
        if not -inf < low <= high < inf:
            raise ValueError("Calibration met values that are not finite (NaN or infinity)")
        self._extremes[quantizer] = low, high

    def _linear(self, layer: QuantLinear) -> Callable[[torch.Tensor], torch.Tensor]:
        def forward(x: torch.Tensor) -> torch.Tensor:
            self._note(layer.input_quantizer, x)
            y = F.linear(x, layer.weight, layer.bias)
            for quantizer in layer.outputs:
                self._note(quantizer, y)
            return y

        return forward

    def _attention(self, attention: QuantAttention) -> Callable[..., torch.Tensor]:
        def forward(x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
            q, k, v = attention.split_heads(attention.qkv(x))
            logits = attention.add_bias(q @ k.mT * attention.scale, None)
            self._note(attention.softmax_quantizer.logits, logits)
            masked = logits if mask is None else attention.add_mask(logits, mask)
            y = masked.softmax(-1) @ v
            return attention.proj(y.transpose(1, 2).flatten(2))

        return forward

    def _norm(self, norm: IntegerLayerNorm) -> Callable[[torch.Tensor], None]:
        return lambda x: power_of_two_factors(x, norm.stream)


def set_extremes(quantizer: UniformQuantizer, low: float, high: float) -> None:
    """Scale and zero point whose codes reach from one extreme to the other."""
    top = quantizer.levels - 1
    scale = torch.tensor(max((high - low) / top, _TINY))
    quantizer.set(scale, (-(low / scale).round()).clamp(0, top))


def set_symmetric(quantizer: UniformQuantizer, weight: torch.Tensor) -> None:
    """A scale a row, whose codes end half a step beyond the row's largest magnitude."""
    scale = weight.abs().amax(1) / (quantizer.levels // 2 - 0.5)
    scale[scale == 0] = 1.0
    quantizer.set(scale, torch.zeros_like(scale))
