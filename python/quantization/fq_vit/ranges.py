"""Ranges that the float network has on the calibration images: the extremes of each tensor."""

from collections.abc import Iterable
from math import inf

import torch

from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.float_pass import float_pass
from vit2rtl.quantization.fq_vit.layer_norm import StreamLayerNorm, power_of_two_factors
from vit2rtl.quantization.layers import OUTPUT_HEADROOM, QuantLinear
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.structure import Structure

_TINY = 2.0**-100


class Ranges:
    """Collects extremes while the float network sees the images, then sets the quantizers.

    keys   how many each attention looks at
    """

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        self.keys: dict[QuantAttention, int] = {}
        self._extremes: dict[UniformQuantizer, tuple[float, float]] = {}

    def see(self, images: torch.Tensor) -> None:
        """One float forward pass, all images together.

        images   float32[n, channels, height, width]
        """
        float_pass(self._structure, images, self)

    def linear(self, layer: QuantLinear, x: torch.Tensor, y: torch.Tensor) -> None:
        self._note(layer.input_quantizer, x)
        if len(layer.outputs) == 1 and not layer.output_codes:
            layer.outputs[0].calibrate_symmetric(y, OUTPUT_HEADROOM)
            return
        for quantizer in layer.outputs:
            self._note(quantizer, y)

    def attention(
        self, attention: QuantAttention, logits: torch.Tensor, mixed: torch.Tensor
    ) -> None:
        self.keys[attention] = logits.shape[-1]
        self._note(attention.softmax_quantizer.logits, logits)

    def norm(self, norm: StreamLayerNorm, x: torch.Tensor) -> None:
        if norm.stream.axis is None:
            self._note(norm.stream, x)
        else:
            power_of_two_factors(x, norm.stream)

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
