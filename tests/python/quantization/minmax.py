"""A method of tests alone, all of it in this file: ranges from the extremes, no search."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from vit2rtl.quantization.layers import OUTPUT_BITS
from vit2rtl.quantization.method import Method
from vit2rtl.quantization.quantizers import LayerQuantizers, UniformQuantizer
from vit2rtl.quantization.structure import Place, Structure


class Extremes(UniformQuantizer):
    """One scale, from the smallest and the largest value."""

    def calibrate(self, x: torch.Tensor) -> None:
        low, high = x.min().clamp(max=0), x.max().clamp(min=0)
        scale = ((high - low) / (self.levels - 1)).clamp(min=1e-12)
        self.set(scale, (-low / scale).round())


@dataclass(frozen=True)
class MinMax(Method):
    """extra_bits   of the activations in the first block"""

    extra_bits: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.extra_bits not in (0, 1, 2):
            raise ValueError(f"Extra bits must be 0, 1 or 2, not {self.extra_bits!r}")

    def quantizers(self, place: Place) -> LayerQuantizers:
        bits = self._bits(place)
        outputs = tuple(Extremes(self.width(name, bits)) for name in place.outputs)
        return LayerQuantizers(
            Extremes(self.width(place.input, bits)),
            UniformQuantizer(self.width(place.weight), axis=0),
            outputs or (UniformQuantizer(OUTPUT_BITS),))

    def softmax_quantizer(self, place: Place) -> Extremes:
        return Extremes(self.width(place.softmax, self._bits(place)))

    def _bits(self, place: Place) -> int:
        return 8 if place.role.edge else self.activation_bits + self.extra_bits * (place.block == 0)

    def calibrate(
        self, structure: Structure, images: torch.Tensor, *, observe: Callable[[], None]
    ) -> None:
        for attention in structure.attentions:
            qkv = attention.normed.linear
            qkv.bias.view(3, -1)[1].zero_()  # softmax does not see the bias of k
        for layer in structure.layers:
            layer.module.calibrate_weight()
        structure.calibrate_activations(images)
        observe()

    def lacks_integers(self) -> str:
        return "method minmax computes in float"


METHOD = MinMax
