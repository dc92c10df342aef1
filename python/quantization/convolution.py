"""Quantized convolutions, simulated in float: what detectors have behind their backbone."""

import torch
from torch import nn
from torch.nn import functional as F

from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import Quantizer


class QuantConv2d(QuantLinear):
    """A convolution with quantized input and weights, one row of weights an output channel.

    What is padded is a zero behind the quantizer, the code of its zero point: exactly zero, and no
    more damaged than by the float layer's padding.
    """

    def __init__(
        self, convolution: nn.Conv2d, input_quantizer: Quantizer, weight_bits: int
    ) -> None:
        super().__init__(convolution, input_quantizer, weight_bits)
        self.kernel = convolution.weight.shape[1:]
        self.stride, self.padding = convolution.stride, convolution.padding
        self.dilation, self.groups = convolution.dilation, convolution.groups

    def product(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """The convolution in float, float[batch, in, height, width] -> float[batch, out, ...], with
        other weights [out, in × kernel]."""
        return F.conv2d(x, weight.view(-1, *self.kernel), self.bias, self.stride, self.padding,
                        self.dilation, self.groups)

    def freeze(self, *, integer: bool) -> None:
        """Replace the float weights by codes.

        raises  ValueError where integers are asked for
        """
        if integer:
            raise ValueError("a convolution has no integer path")
        super().freeze(integer=False)
