"""What a quantization method is: quantizers by role, a calibration, and its options.

A method is a frozen dataclass in a module of its own, ``METHOD`` there; its fields are the bit
widths and its options, which it checks itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import nn

from vit2rtl.quantization import widths
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import LayerQuantizers, Quantizer
from vit2rtl.quantization.structure import Place, Structure


@dataclass(frozen=True)
class Method(ABC):
    """The bit widths, and what each method answers.

    weight_bits, activation_bits   2 to 8
    bits_of    rules for single quantities, see :mod:`vit2rtl.quantization.widths`; any form that
               :func:`~vit2rtl.quantization.widths.rules_of` takes
    """

    # Whether its integers are those of the units in RTL: uniform and log√2 codes.
    has_units: ClassVar[bool] = True

    weight_bits: int = 4
    activation_bits: int = 4
    bits_of: widths.Rules = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits_of", widths.rules_of(self.bits_of))
        widths.fewest(self.weight_bits, self.activation_bits, self.bits_of)

    def width(self, name: str, default: int | None = None) -> int:
        """Bits of a quantity, by its name: :class:`vit2rtl.quantization.structure.Place` has them.

        default   where no rule matches; None for those of all weights, or all activations
        """
        return widths.width(name, self.bits_of, weight=default or self.weight_bits,
                            activation=default or self.activation_bits)

    @property
    def integer(self) -> bool:
        """Whether linear layers take the integer path: one scale a tensor, integer zero points."""
        return False

    @property
    def fractional_zero_points(self) -> bool:
        """Whether zero points may be other numbers than integers."""
        return False

    @abstractmethod
    def quantizers(self, place: Place) -> LayerQuantizers:
        """What a linear layer at this place is quantized by: role, block or name may decide."""

    def layer_norm(self, norm: nn.LayerNorm, linear: QuantLinear | None) -> nn.LayerNorm:
        """What stands in place of a LayerNorm.

        linear   the layer that takes what it gives; None where there is no such
        """
        return norm

    @abstractmethod
    def softmax_quantizer(self, place: Place) -> Quantizer:
        """The quantizer of the probabilities of the attention whose qkv stands at this place."""

    @abstractmethod
    def calibrate(
        self, structure: Structure, images: torch.Tensor, *, observe: Callable[[], None]
    ) -> None:
        """Choose every scale and zero point, and change float weights as the method does.

        images   float32[n, channels, height, width]
        observe  to be called once everything is calibrated, before parameters are folded
        """

    @abstractmethod
    def lacks_integers(self) -> str | None:
        """Why it has no integer form: the end of "Lowering needs integer arithmetic: ..."; None
        where every matmul and every code is an integer one."""
