"""The activation function between two linear layers, as a table where codes go in."""

import torch
from torch import nn


class QuantActivation(nn.Module):
    """An activation function; frozen with the integer path, a table over the codes of its input.

    activation   GELU or ReLU
    source       :class:`vit2rtl.quantization.layers.QuantLinear` in front, whose 16-bit codes go in
    target       the one behind, for whose input quantizer the table is made
    """

    def __init__(self, activation, source, target):
        super().__init__()
        self.activation = activation
        source.emits_codes = True
        # Belong to the two layers: not registered here a second time.
        self._between = source, target
        self._table = None

    def freeze(self):
        """Make the table: the function in double precision, rounded half to even to a code."""
        source, target = self._between[0].outputs[0], self._between[1].input_quantizer
        self._offset = float(source.zero_point)
        reals = (torch.arange(source.levels).double() - self._offset) * float(source.scale)
        # What a code stands for in float32: the next layer finds the code again.
        self._table = target(self.activation(reals)).float()

    def forward(self, x):
        """float[...] -> the same; with the table codes less zero point -> float32[...]"""
        if self._table is None:
            return self.activation(x)
        index = (x + self._offset).to(torch.int32)
        return self._table.index_select(0, index.view(-1)).view(index.shape)
