"""PSAQ-ViT (Li et al., ECCV 2022): extremes of images that are made from noise, without data.

The images are made by :mod:`vit2rtl.quantization.psaq.images`; any others calibrate as well.
LayerNorm and Softmax stay in float, on a quantized residual stream and quantized logits.
"""

from dataclasses import dataclass

from torch import nn

from vit2rtl.quantization.fq_vit.layer_norm import StreamLayerNorm
from vit2rtl.quantization.fq_vit.range_method import RangeMethod
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.psaq.softmax import FloatSoftmax
from vit2rtl.quantization.quantizers import Quantizer, UniformQuantizer
from vit2rtl.quantization.structure import Place


@dataclass(frozen=True)
class PSAQViT(RangeMethod):
    """A setting of PSAQ-ViT, checked: it has no options of its own."""

    def lacks_integers(self) -> str | None:
        return "method repq or closed-form; this checkpoint has method psaq"

    def softmax_quantizer(self, place: Place) -> Quantizer:
        """Of the logits: a rule for ``*.softmax`` is theirs."""
        return FloatSoftmax(self.width(place.softmax))

    def layer_norm(self, norm: nn.LayerNorm, linear: QuantLinear | None) -> nn.LayerNorm:
        return StreamLayerNorm(norm, UniformQuantizer(self.activation_bits))


METHOD = PSAQViT
