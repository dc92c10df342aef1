"""Bias and requantizer of a frozen layer: integers of golden's, computed in floats that hold them.

One accumulator a channel (R1, R2), or, behind a twin quantizer, one for each of its regions.
"""

from typing import TYPE_CHECKING

import numpy as np
import torch

from vit2rtl.golden.arithmetic import matmul, twin
from vit2rtl.quantization.exact_matmul import Weights
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.twin_quantizers import TwinActivationQuantizer

if TYPE_CHECKING:
    from vit2rtl.quantization.layers import QuantLinear


class IntegerOutput:
    """Bias and requantizer of a frozen layer's accumulators (R1, R2), exact in float64.

    multiplier, shift  int64[out]; zero_point int64[out]; bias int64[out]
    scale              what a code stands for, where there is one output
    bound              largest magnitude that an accumulator can reach, from the actual weights (R6)
    weights            the matmul in front
    """

    def __init__(self, layer: "QuantLinear", centered_weight: torch.Tensor) -> None:
        outputs, device = layer.outputs, centered_weight.device
        group = len(centered_weight) // len(outputs)
        parts = [
            _integers(layer, centered_weight, output, slice(n * group, (n + 1) * group))
            for n, output in enumerate(outputs)
        ]
        self.multiplier, self.shift, self.bias = (
            torch.from_numpy(np.concatenate(arrays)).to(device) for arrays in
            zip(*((part.multiplier, part.shift, part.bias) for part in parts), strict=True)
        )
        zero_point = torch.stack([q.zero_point.double() for q in outputs]).repeat_interleave(group)
        self.zero_point = zero_point.long()
        self.bound = max(part.bound for part in parts)
        source = layer.input_quantizer.golden()
        self.weights = Weights(centered_weight, -source.zero_point,
                               source.top - source.zero_point, self.bound)
        self.factor = self.multiplier.double() * 2.0 ** -self.shift.double()
        # Half up: floor(acc * M / 2**n + 1/2), every term a multiple of 2**-n below 2**53 of them.
        self._added = self.bias.double() + self.weights.missing
        self.offset = self._added * self.factor + 0.5
        low = -zero_point
        levels = torch.tensor([q.levels for q in outputs], device=device).repeat_interleave(group)
        self.low, self.high = low, low + (levels - 1)
        self.scale: float | None = None
        if len(outputs) == 1:
            self.low, self.high = float(self.low[0]), float(self.high[0])
            self.scale = float(outputs[0].scale)

    def accumulate(self, x: torch.Tensor) -> torch.Tensor:
        """Codes less zero point, float[..., in] -> float64[..., out], for the other two."""
        return self.weights.accumulate(x)

    def biased(self, accumulators: torch.Tensor) -> torch.Tensor:
        """float64 accumulators as R2 has them."""
        return accumulators + self._added

    def centered(self, accumulators: torch.Tensor) -> torch.Tensor:
        """Codes of the output less zero point, in place."""
        y = torch.addcmul(self.offset, accumulators, self.factor, out=accumulators)
        return y.floor_().clamp_(self.low, self.high)


class TwinOutput:
    """The same of accumulators of codes from 0 up and of codes below 0, [2, ..., out].

    One output; see :func:`vit2rtl.golden.arithmetic.twin.layer_of`.
    """

    def __init__(self, layer: "QuantLinear", centered_weight: torch.Tensor) -> None:
        (output,), quantizer = layer.outputs, layer.input_quantizer
        constants = twin.layer_of(
            _array(centered_weight.long()), _array(layer.weight_quantizer.scale.double()),
            _array(layer.bias.double()), quantizer.scales(), float(output.scale),
            bits=quantizer.bits)
        above, below, shift, self.bias = (
            torch.from_numpy(array).to(centered_weight.device)
            for array in (*constants.multipliers, constants.bias))
        half, self.bound = 1 << quantizer.bits - 1, constants.bound
        self.weights = (Weights(centered_weight, 0, half - 1, self.bound),
                        Weights(centered_weight, -half, 0, self.bound))
        self.factors = torch.stack([above, below]).double() * 2.0 ** -shift.double()
        self._added = self.bias.double() + self.weights[0].missing
        self.offset = (self._added * self.factors[0]
                       + self.weights[1].missing * self.factors[1] + 0.5)
        self.zero_point = output.zero_point.long().expand(len(centered_weight))
        self.low = -float(output.zero_point)
        self.high = self.low + output.levels - 1
        self.scale = float(output.scale)

    def accumulate(self, x: torch.Tensor) -> torch.Tensor:
        """Codes, float[..., in] -> float64[2, ..., out]"""
        parts = x.clamp(min=0), x.clamp(max=0)
        return torch.stack([weights.accumulate(part)
                            for weights, part in zip(self.weights, parts, strict=True)])

    def biased(self, accumulators: torch.Tensor) -> torch.Tensor:
        """Of codes from 0 up, with the bias."""
        return accumulators[0] + self._added

    def centered(self, accumulators: torch.Tensor) -> torch.Tensor:
        """Codes of the output less zero point."""
        above, below = accumulators
        y = torch.addcmul(self.offset, above, self.factors[0]).addcmul_(below, self.factors[1])
        return y.floor_().clamp_(self.low, self.high)


def output_of(layer: "QuantLinear", centered_weight: torch.Tensor) -> IntegerOutput | TwinOutput:
    """What the codes that go into a frozen layer call for.

    centered_weight   float64[out, in]: codes less their row's zero point
    """
    kind = TwinOutput if isinstance(layer.input_quantizer, TwinActivationQuantizer) else (
        IntegerOutput)
    return kind(layer, centered_weight)


def _integers(
    layer: "QuantLinear", centered_weight: torch.Tensor, output: UniformQuantizer, channels: slice
) -> matmul.Layer:
    """Golden's constants of a group of channels, requantized to codes of ``output``."""
    return matmul.layer_of(
        _array(centered_weight[channels].long()),
        _array(layer.weight_quantizer.scale[channels].double()),
        _array(layer.bias[channels].double()), layer.input_quantizer.golden(),
        float(output.scale),
    )


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.cpu().numpy()
