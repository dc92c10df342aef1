"""The activation function between two linear layers, as a table where codes go in."""

from collections.abc import Callable

import torch
from torch import nn

from vit2rtl.quantization.layers import QuantLinear


class QuantActivation(nn.Module):
    """An activation function; frozen with the integer path, a table over the codes of its input.

    activation   a module that acts on each element by itself
    function     the golden function that it computes
    source       the layer in front, whose 16-bit codes go in
    target       the one behind, for whose input quantizer the table is made
    """

    def __init__(
        self, activation: nn.Module, function: Callable[[float], float], source: QuantLinear,
        target: QuantLinear,
    ) -> None:
        super().__init__()
        self.activation, self.function = activation, function
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
        codes = target.table_of(
            self.function, float(source.scale), int(source.zero_point), source.bits)
        self._table = target.dequantized(codes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[...] -> the same; with the table codes less zero point -> float32[...]"""
        if self._table is None:
            return self.activation(x)
        index = (x + self._offset).to(torch.int32)
        return self._table.index_select(0, index.view(-1)).view(index.shape)
