"""FQ-ViT (Lin et al., IJCAI 2022): everything quantized, LayerNorm and Softmax on integers.

Ranges are extremes. The residual stream has as few bits as all else, with scales of its channels
that are powers of two apart; Softmax goes straight to log2 codes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from vit2rtl.quantization.fq_vit.layer_norm import IntegerLayerNorm
from vit2rtl.quantization.fq_vit.log_int_softmax import LogIntSoftmax
from vit2rtl.quantization.fq_vit.ranges import Ranges, set_extremes, set_symmetric
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.method import Method
from vit2rtl.quantization.quantizers import LayerQuantizers, Quantizer, UniformQuantizer
from vit2rtl.quantization.settings import check_bits
from vit2rtl.quantization.structure import Place, Role, Structure


@dataclass(frozen=True)
class FQViT(Method):
    """A setting of FQ-ViT, checked.

    softmax_bits   of what Softmax gives, where no rule says otherwise; a code more means zero
    """

    softmax_bits: int = 4

    # What reports name beside the widths, as of RepQ-ViT.
    profile = "hardware"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bits("Softmax bits", self.softmax_bits)

    def lacks_integers(self) -> str | None:
        return "method repq or closed-form; this checkpoint has method fq"

    def quantizers(self, place: Place) -> LayerQuantizers:
        weight = UniformQuantizer(self.width(place.weight), axis=0, symmetric=True)
        outputs = tuple(UniformQuantizer(self.width(name)) for name in place.outputs)
        # q, k and v are multiplied, and the activation function is in float; all else is added to
        # the stream or leaves the network in codes.
        stays = place.role in (Role.QKV, Role.FC1)
        if not stays:
            outputs = (UniformQuantizer(self.activation_bits),)
        return LayerQuantizers(UniformQuantizer(self.width(place.input)), weight, outputs,
                               output_codes=not stays)

    def softmax_quantizer(self, place: Place) -> Quantizer:
        bits = self.width(place.softmax, default=self.softmax_bits)
        return LogIntSoftmax(bits, self.activation_bits)

    def layer_norm(self, norm: nn.LayerNorm, linear: QuantLinear | None) -> nn.LayerNorm:
        return IntegerLayerNorm(norm, self.activation_bits, linear)

    def calibrate(
        self, structure: Structure, images: torch.Tensor, *, observe: Callable[[], None]
    ) -> None:
        for layer in structure.layers:
            set_symmetric(layer.module.weight_quantizer, layer.module.weight)
        ranges = Ranges(structure)
        ranges.see(images)
        ranges.join(layer.module.input_quantizer for layer in structure.heads)
        ranges.give()
        for attention in structure.attentions:
            try:
                attention.module.softmax_quantizer.check()
            except ValueError as error:
                raise ValueError(f"Attention {attention.name}: {error}") from error
        for parameter in structure.embeddings:
            quantizer = UniformQuantizer(self.activation_bits)
            set_extremes(quantizer, float(parameter.min()), float(parameter.max()))
            parameter.data = quantizer(parameter.data)
        observe()


METHOD = FQViT
