"""Everything quantized, by the extremes of the calibration images: FQ-ViT's and PSAQ-ViT's way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.embeddings import round_embeddings
from vit2rtl.quantization.fq_vit.ranges import Ranges, set_extremes, set_symmetric
from vit2rtl.quantization.layers import OUTPUT_BITS
from vit2rtl.quantization.method import Method
from vit2rtl.quantization.quantizers import LayerQuantizers, UniformQuantizer
from vit2rtl.quantization.structure import Place, Role, Structure


@dataclass(frozen=True)
class RangeMethod(Method):
    """Weights are symmetric with a scale a row, all else is affine with one."""

    # What reports name beside the widths, as of RepQ-ViT.
    profile = "hardware"

    def quantizers(self, place: Place) -> LayerQuantizers:
        weight = UniformQuantizer(self.width(place.weight), axis=0, symmetric=True)
        outputs = tuple(UniformQuantizer(self.width(name)) for name in place.outputs)
        # q, k and v are multiplied, and the activation function is in float, or a table over many
        # codes; all else is added to the stream or leaves the network in codes.
        stays = place.role in (Role.QKV, Role.FC1)
        if place.role is Role.FC1 and self.integer:
            outputs = (UniformQuantizer(OUTPUT_BITS),)
        if not stays:
            outputs = (UniformQuantizer(self.activation_bits),)
        return LayerQuantizers(UniformQuantizer(self.width(place.input)), weight, outputs,
                               output_codes=not stays)

    def check_ranges(self, structure: Structure, keys: Mapping[QuantAttention, int]) -> None:
        """A ValueError where the ranges that were seen leave nothing to compute with.

        keys   how many each attention looks at
        """

    def calibrate(
        self, structure: Structure, images: torch.Tensor, *, observe: Callable[[], None]
    ) -> None:
        for layer in structure.layers:
            set_symmetric(layer.module.weight_quantizer, layer.module.weight)
        ranges = Ranges(structure)
        ranges.see(images)
        ranges.join(layer.module.input_quantizer for layer in structure.heads)
        ranges.give()
        self.check_ranges(structure, ranges.keys)
        for parameter in structure.embeddings:
            quantizer = UniformQuantizer(self.activation_bits)
            set_extremes(quantizer, float(parameter.min()), float(parameter.max()))
            parameter.data = quantizer(parameter.data)
        if self.integer and structure.embeddings:
            round_embeddings(structure.embeddings)
        observe()
