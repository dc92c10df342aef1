"""Quantized layers: every matmul of a Vision Transformer, simulated in float or in integers.

A layer is first calibrated with its float weights and then frozen. Frozen with an *integer path*
(profile ``hardware``) a linear layer computes what the accelerator computes, on integers held in
floats wide enough to be exact: centered input codes times centered weight codes, plus the integer
bias (R2), then the requantizer (R1). Without it the layer multiplies dequantized values.
"""

from collections.abc import Callable
from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from vit2rtl.golden.arithmetic import matmul
from vit2rtl.quantization.exact_matmul import Weights
from vit2rtl.quantization.quantizers import LayerQuantizers, Quantizer, UniformQuantizer

OUTPUT_BITS = 16
# Room above the largest output seen in calibration, for images not seen.
OUTPUT_HEADROOM = 2.0


class QuantLinear(nn.Module):
    """A linear layer with quantized input and weights.

    weight          float32[out, in] until frozen, then ``weight_codes`` uint8[out, in]
    bias            float32[out]
    outputs         quantizers of the output, for equal groups of channels: one of 16 bits where
                    the float vector unit takes over, those of q, k and v for qkv
    output_codes    the float path gives what codes of the output stand for
    emits_codes     the integer path gives codes less zero point, for what multiplies them (q, k, v)
                    or looks them up (fc1), rather than codes times their scale
    """

    emits_codes = False
    output_codes = False
    # One of the two is None: the codes before freezing, the float weight after it.
    weight: torch.Tensor
    weight_codes: torch.Tensor
    bias: torch.Tensor

    def __init__(
        self, linear: nn.Linear | nn.Conv2d, input_quantizer: Quantizer, weight_bits: int
    ) -> None:
        super().__init__()
        weight = linear.weight.detach().flatten(1)
        bias = linear.bias.detach() if linear.bias is not None else weight.new_zeros(len(weight))
        self.register_buffer("weight", weight.clone())
        self.register_buffer("bias", bias.clone())
        self.register_buffer("weight_codes", None)
        self.input_quantizer = input_quantizer
        self.weight_quantizer = UniformQuantizer(weight_bits, axis=0)
        self.outputs = nn.ModuleList([UniformQuantizer(OUTPUT_BITS)])
        self.calibrating = False
        # In place of the forward pass, where a method fits layer by layer.
        self.calibrator: Callable[[torch.Tensor], torch.Tensor] | None = None
        self.integer: IntegerOutput | None = None
        self.tap: Callable[..., None] | None = None
        self._operand: torch.Tensor | None = None

    @classmethod
    def of(cls, linear: nn.Linear | nn.Conv2d, quantizers: LayerQuantizers) -> Self:
        """A layer with the quantizers that a method chose."""
        layer = cls(linear, quantizers.input, quantizers.weight.bits)
        layer.weight_quantizer = quantizers.weight
        layer.outputs = nn.ModuleList(quantizers.outputs)
        layer.output_codes = quantizers.output_codes
        return layer

    def calibrate_weight(self) -> None:
        """(Re)calibrate the weight quantizer, one row a channel (algorithm 1, steps 2 and 7)."""
        quantizer = self.weight_quantizer
        quantizer.calibrate(self.weight)
        self._operand = quantizer(self.weight)

    def freeze(self, *, integer: bool) -> None:
        """Replace the float weights by codes; with ``integer``, prepare the integer path."""
        if self.weight is not None:
            if integer:
                self._make_room_for_bias()
            self.weight_codes = self.weight_quantizer.codes(self.weight).to(torch.uint8)
            self.register_buffer("weight", None)
        centered = self.centered_codes()
        if integer:
            self.integer = IntegerOutput(self, centered)
            self._operand = None
        else:
            self._operand = centered.float() * self.weight_quantizer.scale[:, None]

    def _make_room_for_bias(self) -> None:
        """Coarser scales for rows of weights that have all but vanished beside their bias.

        Weight decay leaves such rows. At a scale of their own the bias would overflow the
        accumulator, or meet the few bits of multiplier that the window of shifts leaves to a small
        factor. Here it gets at most 20 bits, and a multiplier that errs by half an output step.
        """
        quantizer, groups = self.weight_quantizer, len(self.outputs)
        scale = quantizer.scale.double()
        scale[(self.weight == 0).all(1)] = 0
        step = torch.stack([q.scale.double() for q in self.outputs])[:, None]
        bias, rows = self.bias.double().abs().view(groups, -1), scale.view(groups, -1)
        multiplied = 2.0**-23 / step * rows.amax(1, keepdim=True)
        needed = bias * multiplied.clamp(min=2.0**-20 / float(self.input_quantizer.scale))
        coarse = torch.maximum(rows, needed).flatten()
        coarse[coarse == 0] = coarse.max() if coarse.any() else 1.0
        quantizer.set(coarse, (quantizer.zero_point * scale / coarse).round())

    def centered_codes(self) -> torch.Tensor:
        """float64[out, in]: a frozen layer's weight codes less their row's zero point, w' of R2."""
        return self.weight_codes.double() - self.weight_quantizer.zero_point.double()[:, None]

    def integers(
        self, centered_weight: torch.Tensor, output: UniformQuantizer, channels: slice
    ) -> matmul.Layer:
        """Golden's constants of a group of channels, requantized to codes of ``output``."""
        return matmul.layer_of(
            centered_weight[channels].long().numpy(),
            self.weight_quantizer.scale[channels].double().numpy(),
            self.bias[channels].double().numpy(), self.input_quantizer.golden(),
            float(output.scale),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[..., in] -> float[..., out]; the integer path gives float64."""
        if self.calibrator:
            return self.calibrator(x)
        if self.integer is None:
            return self._forward_float(x)
        accumulators = self.integer.weights.accumulate(self.input_quantizer.centered(x))
        seen = self.integer.biased(accumulators) if self.tap else None
        output = self.integer.centered(accumulators)
        if self.tap:
            self.tap(self, seen, output)
        return output if self.emits_codes else output.mul_(self.integer.scale)

    def _forward_float(self, x: torch.Tensor) -> torch.Tensor:
        if not self.calibrating:
            y = F.linear(self.input_quantizer(x), self._operand, self.bias)
            return self.outputs[0](y) if self.output_codes else y
        self.input_quantizer.calibrate(x)
        y = F.linear(self.input_quantizer(x), self._operand, self.bias)
        if len(self.outputs) == 1:
            self.outputs[0].calibrate_symmetric(y, OUTPUT_HEADROOM)
        return y


class QuantPatchEmbedding(QuantLinear):
    """The patch embedding's convolution, stride equal to kernel, as a linear layer on patches."""

    def __init__(
        self, convolution: nn.Conv2d, input_quantizer: Quantizer, weight_bits: int
    ) -> None:
        super().__init__(convolution, input_quantizer, weight_bits)
        self.channels, self.patch = convolution.in_channels, convolution.kernel_size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[batch, in, height, width] -> float[batch, out, ⌊height/ph⌋, ⌊width/pw⌋]"""
        batch, channels, height, width = x.shape
        ph, pw = self.patch
        x = x[..., :height // ph * ph, :width // pw * pw]
        patches = x.reshape(batch, channels, height // ph, ph, width // pw, pw)
        patches = patches.permute(0, 2, 4, 1, 3, 5).flatten(3)
        return super().forward(patches).permute(0, 3, 1, 2)


class IntegerOutput:
    """Bias and requantizer of a frozen layer's accumulators (R1, R2), exact in float64.

    multiplier, shift  int64[out]; zero_point int64[out]; bias int64[out]
    scale              what a code stands for, where there is one output
    bound              largest magnitude that an accumulator can reach, from the actual weights (R6)
    weights            the matmul in front
    """

    def __init__(self, layer: QuantLinear, centered_weight: torch.Tensor) -> None:
        outputs = layer.outputs
        group = len(centered_weight) // len(outputs)
        parts = [
            layer.integers(centered_weight, output, slice(n * group, (n + 1) * group))
            for n, output in enumerate(outputs)
        ]
        self.multiplier, self.shift, self.bias = (
            torch.from_numpy(np.concatenate(arrays)) for arrays in
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
        levels = torch.tensor([q.levels for q in outputs]).repeat_interleave(group)
        self.low, self.high = low, low + (levels - 1)
        self.scale: float | None = None
        if len(outputs) == 1:
            self.low, self.high = float(self.low[0]), float(self.high[0])
            self.scale = float(outputs[0].scale)

    def biased(self, accumulators: torch.Tensor) -> torch.Tensor:
        """float64 accumulators as R2 has them."""
        return accumulators + self._added

    def centered(self, accumulators: torch.Tensor) -> torch.Tensor:
        """What ``weights`` gives to float64 codes less their zero point, in place."""
        y = torch.addcmul(self.offset, accumulators, self.factor, out=accumulators)
        return y.floor_().clamp_(self.low, self.high)
