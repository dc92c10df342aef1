"""LayerNorm behind a residual stream of few bits, and on integers (Lin et al., IJCAI 2022)."""

from collections.abc import Callable

import torch
from torch import nn

from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import UniformQuantizer

# A channel's scale is the least one times 2**0 .. 2**3 (the paper's K = 3).
_FACTORS = 4
# Bits of a multiplier M less one, and the longest of its shifts N.
_MULTIPLIER, _SHIFTS = 7, 31
_TINY = 2.0**-100


def power_of_two_factors(x: torch.Tensor, quantizer: UniformQuantizer) -> None:
    """Set a channel-wise quantizer to scales that are powers of two apart (PTF, Eqs. 7-8).

    x   float[..., channels]; the zero point is one, of the whole tensor
    """
    rows, top = x.reshape(-1, x.shape[-1]), quantizer.levels - 1
    low, high = rows.min(), rows.max()
    widest = ((high - low) / top).clamp(min=_TINY)
    zero_point = (-(low / widest).round()).clamp(0, top)
    errors = []
    for factor in range(_FACTORS):
        scale = widest * 2.0 ** (factor - _FACTORS + 1)
        codes = (rows / scale + zero_point).round_().clamp_(0, top)
        errors.append(((codes - zero_point) * scale - rows).square_().mean(0))
    best = torch.stack(errors).argmin(0)
    scale = widest * 2.0 ** (best - _FACTORS + 1)
    quantizer.set(scale, torch.full_like(scale, float(zero_point)))


class StreamLayerNorm(nn.LayerNorm):
    """Quantizes the residual stream where it takes it, in place: it goes on as the norm has seen
    it, as between additions of quantized tensors.

    stream     quantizer of the stream, one for all or a scale a channel
    observer   in place of the forward pass, while ranges are seen
    """

    def __init__(self, norm: nn.LayerNorm, stream: UniformQuantizer) -> None:
        super().__init__(norm.normalized_shape, eps=norm.eps, device=norm.weight.device)
        self.weight, self.bias = norm.weight, norm.bias
        self.stream = stream
        self.observer: Callable[[torch.Tensor], None] | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[..., channels] -> the same"""
        if self.observer:
            self.observer(x)
            return super().forward(x)
        codes = self.stream.centered(x)
        x.copy_(codes * self.stream.scale)
        return self.of_codes(codes, x)

    def of_codes(self, codes: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """The norm of codes less zero point, float[..., channels]; ``x`` is what they stand for."""
        return super().forward(x)


class IntegerLayerNorm(StreamLayerNorm):
    """Normalizes the stream's codes, whose channels have scales that are powers of two apart.

    Gain and offset are one multiplier M of 8 bits, a shift N and an addend for each token and
    channel: ``round((sign M X + B) / 2**N)`` codes of the next layer (Eqs. 10-12).
    """

    def __init__(self, norm: nn.LayerNorm, bits: int, linear: QuantLinear | None) -> None:
        super().__init__(norm, UniformQuantizer(bits, axis=-1))
        # The layer behind it, which it does not own; None where its output stays in float.
        self._linear = (linear,)

    def of_codes(self, codes: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Multiples of the next layer's scale."""
        (linear,) = self._linear
        if linear is None:
            return super().of_codes(codes, x)
        return self.normalized(codes, float(linear.input_quantizer.scale)).to(x.dtype)

    def normalized(self, codes: torch.Tensor, scale: float) -> torch.Tensor:
        """Codes less zero point float[..., channels] -> float64, multiples of ``scale``"""
        factors = (self.stream.scale / self.stream.scale.min()).double()
        x, count = codes.double() * factors, codes.shape[-1]
        total = x.sum(-1, keepdim=True)
        deviation = (count * x.square().sum(-1, keepdim=True) - total.square()).sqrt_()
        # Equal elements are all the mean: no gain, and the offset alone.
        deviation[deviation == 0] = torch.inf
        gain = self.weight.double() / deviation
        gain, mean = gain * (count / scale), gain * total
        shift = (_MULTIPLIER - gain.abs().log2_().floor_()).clamp_(0, _SHIFTS)
        unit = shift.exp2_()
        multiplier = (gain.abs() * unit).floor_().clamp_(max=2 ** (_MULTIPLIER + 1) - 1)
        addend = ((self.bias.double() - mean) * (unit / scale)).round_()
        return (gain.sign() * multiplier * x + addend).div_(unit).round_().mul_(scale)
