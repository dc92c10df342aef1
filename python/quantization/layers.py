"""Quantized layers: every matmul of a Vision Transformer, simulated in float or in integers.

A layer is first calibrated with its float weights and then frozen. Frozen with an *integer path*
(profile ``hardware``) a linear layer computes what the accelerator computes, on integers held in
floats wide enough to be exact: centered input codes times centered weight codes, plus the integer
bias (R2), then the requantizer (R1). Without it the layer multiplies dequantized values.
"""

from collections.abc import Callable
from typing import Self

import torch
from torch import nn
from torch.nn import functional as F

from vit2rtl.quantization.integer_output import IntegerOutput, TwinOutput, output_of
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
        self.integer: IntegerOutput | TwinOutput | None = None
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
            self.integer = output_of(self, centered)
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
        needed = bias * multiplied.clamp(min=2.0**-20 / self.input_quantizer.unit)
        coarse = torch.maximum(rows, needed).flatten()
        coarse[coarse == 0] = coarse.max() if coarse.any() else 1.0
        quantizer.set(coarse, (quantizer.zero_point * scale / coarse).round())

    def centered_codes(self) -> torch.Tensor:
        """float64[out, in]: a frozen layer's weight codes less their row's zero point, w' of R2."""
        return self.weight_codes.double() - self.weight_quantizer.zero_point.double()[:, None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[..., in] -> float[..., out]; the integer path gives float64."""
        if self.calibrator:
            return self.calibrator(x)
        if self.integer is None:
            return self._forward_float(x)
        accumulators = self.integer.accumulate(self.input_quantizer.centered(x))
        seen = self.integer.biased(accumulators) if self.tap else None
        output = self.integer.centered(accumulators)
        if self.tap:
            self.tap(self, seen, output)
        return output if self.emits_codes else output.mul_(self.integer.scale)

    def _forward_float(self, x: torch.Tensor) -> torch.Tensor:
        if not self.calibrating:
            y = self.product(self.input_quantizer(x), self._operand)
            return self.outputs[0](y) if self.output_codes else y
        self.input_quantizer.calibrate(x)
        y = self.product(self.input_quantizer(x), self._operand)
        if len(self.outputs) == 1:
            self.outputs[0].calibrate_symmetric(y, OUTPUT_HEADROOM)
        return y

    def product(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """The layer in float, float[..., in] -> float[..., out], with other weights [out, in]."""
        return F.linear(x, weight, self.bias)


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
