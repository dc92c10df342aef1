"""FQ-ViT (Lin et al., IJCAI 2022): everything quantized, LayerNorm and Softmax on integers.

Ranges are extremes. The residual stream has as few bits as all else, with scales of its channels
that are powers of two apart; Softmax goes straight to log2 codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.fq_vit.layer_norm import IntegerLayerNorm
from vit2rtl.quantization.fq_vit.log_int_softmax import LogIntSoftmax
from vit2rtl.quantization.fq_vit.range_method import RangeMethod
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import Quantizer
from vit2rtl.quantization.settings import check_bits
from vit2rtl.quantization.structure import Place, Structure

_PROFILES = ("official", "hardware")


@dataclass(frozen=True)
class FQViT(RangeMethod):
    """A setting of FQ-ViT, checked.

    profile        ``official``  the authors' arithmetic, in float
                   ``hardware``  integers in every matmul and quantizer: fc1's output in 16 bits,
                                 attention times V by shifts of up to 16
    softmax_bits   of what Softmax gives, where no rule says otherwise; a code more means zero
    """

    has_units = False

    profile: str = "hardware"
    softmax_bits: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.profile not in _PROFILES:
            raise ValueError(
                f"Profile must be one of {', '.join(_PROFILES)}, not {self.profile!r}")
        check_bits("Softmax bits", self.softmax_bits)

    @property
    def integer(self) -> bool:
        return self.profile == "hardware"

    def lacks_integers(self) -> str | None:
        if self.integer:
            return None
        return f"profile hardware; this checkpoint has profile {self.profile}"

    def softmax_quantizer(self, place: Place) -> Quantizer:
        bits = self.width(place.softmax, default=self.softmax_bits)
        return LogIntSoftmax(bits, self.activation_bits, fixed_point=self.integer)

    def layer_norm(self, norm: nn.LayerNorm, linear: QuantLinear | None) -> nn.LayerNorm:
        return IntegerLayerNorm(norm, self.activation_bits, linear)

    def check_ranges(self, structure: Structure, keys: Mapping[QuantAttention, int]) -> None:
        for attention in structure.attentions:
            try:
                attention.module.softmax_quantizer.check(keys[attention.module])
            except ValueError as error:
                raise ValueError(f"Attention {attention.name}: {error}") from error


METHOD = FQViT
