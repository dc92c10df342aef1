"""The activation function between two linear layers, as a table where codes go in."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from vit2rtl.golden.arithmetic import gelu
from vit2rtl.quantization.layers import QuantLinear


def function_of(activation: nn.Module) -> Callable[[float], float]:
    """The golden function that an activation module computes; a ValueError if there is none."""
    match activation:
        case nn.GELU(approximate="none"):
            return gelu.gelu
        case nn.GELU(approximate="tanh"):
            return gelu.gelu_tanh
        case nn.ReLU():
            return gelu.relu
    raise ValueError(f"Activation {type(activation).__name__} cannot be lowered")


class QuantActivation(nn.Module):
    """An activation function; frozen with the integer path, a table over the codes of its input.

    activation   GELU or ReLU
    source       the layer in front, whose 16-bit codes go in
    target       the one behind, for whose input quantizer the table is made
    """

    def __init__(self, activation: nn.Module, source: QuantLinear, target: QuantLinear) -> None:
        super().__init__()
        self.activation = activation
        source.emits_codes = True
        # Belong to the two layers: not registered here a second time.
        self._between = source, target
        self._table: torch.Tensor | None = None
        self._offset = 0.0

    def freeze(self) -> None:
        """Make the table: golden's, in what a code stands for in float32, so that the next layer
        finds the code again."""
        source, target = self._between[0].outputs[0], self._between[1].input_quantizer
        self._offset = float(source.zero_point)
        codes = gelu.table_of(
            float(source.scale), int(source.zero_point), float(target.scale),
            int(target.zero_point), input_bits=source.bits, bits=target.bits,
            function=function_of(self.activation),
        )
        centered = torch.from_numpy(codes.astype(np.float64)) - float(target.zero_point)
        self._table = centered.mul_(float(target.scale)).float()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[...] -> the same; with the table codes less zero point -> float32[...]"""
        if self._table is None:
            return self.activation(x)
        index = (x + self._offset).to(torch.int32)
        return self._table.index_select(0, index.view(-1)).view(index.shape)
