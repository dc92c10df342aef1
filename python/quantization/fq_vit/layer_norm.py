"""LayerNorm behind a residual stream of few bits, and on integers (Lin et al., IJCAI 2022)."""

from collections.abc import Callable

import torch
from torch import nn

from vit2rtl.golden.arithmetic.factors import (
    ADDEND_LIMIT,
    FACTORS,
    MOST_SHIFT,
    MULTIPLIER_BITS,
)
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import UniformQuantizer

# A channel's scale is the least one times 2**0 .. 2**3 (the paper's K = 3).
_FACTORS = FACTORS[1] + 1
_TINY = 2.0**-100
# exp2 need not be exact.
_POWERS = torch.tensor([2.0**n for n in range(MOST_SHIFT + 1)], dtype=torch.float64)


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
    tap        sees codes less zero point as they pass, and what they stand for, which is no copy
    """

    def __init__(self, norm: nn.LayerNorm, stream: UniformQuantizer) -> None:
        super().__init__(norm.normalized_shape, eps=norm.eps, device=norm.weight.device)
        self.weight, self.bias = norm.weight, norm.bias
        self.stream = stream
        self.observer: Callable[[torch.Tensor], None] | None = None
        self.tap: Callable[..., None] | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[..., channels] -> the same"""
        if self.observer:
            self.observer(x)
            return super().forward(x)
        codes = self.stream.centered(x)
        x.copy_(codes * self.stream.scale)
        if self.tap:
            self.tap(self, codes, x)
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

    @property
    def unit(self) -> float:
        """The least scale of a channel."""
        return float(self.stream.scale.min())

    @property
    def factors(self) -> torch.Tensor:
        """uint8[channels]: by which power of two each channel's scale is larger."""
        return torch.frexp(self.stream.scale / self.stream.scale.min()).exponent.sub(1).byte()

    @property
    def step(self) -> float | None:
        """What the output is multiples of; None where it stays in float."""
        (linear,) = self._linear
        return None if linear is None else float(linear.input_quantizer.scale)

    def of_codes(self, codes: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Multiples of the next layer's scale."""
        if self.step is None:
            return super().of_codes(codes, x)
        return self.normalized(codes, self.step).to(x.dtype)

    def normalized(self, codes: torch.Tensor, step: float) -> torch.Tensor:
        """Codes less zero point float[..., channels] -> float64, multiples of ``step``

        As :func:`vit2rtl.golden.arithmetic.factors.normalize`: what is not an integer that 53 bits
        hold is one operation at a time, in the same order.
        """
        powers = _POWERS.to(codes.device)
        x, count = codes.double() * powers[self.factors.long()], codes.shape[-1]
        total = x.sum(-1, keepdim=True)
        deviation = (count * x.square().sum(-1, keepdim=True) - total.square()).sqrt_()
        # Equal elements are all the mean: no gain, and the offset alone.
        deviation[deviation == 0] = torch.inf
        gain = self.weight.double() / deviation
        gain, mean = gain * (count / step), gain * total
        size = gain.abs()
        shift = (MULTIPLIER_BITS - torch.frexp(size).exponent.long()).clamp_(0, MOST_SHIFT)
        unit = powers[shift.masked_fill_(gain == 0, MOST_SHIFT)]
        multiplier = (size * unit).floor_().clamp_(max=(1 << MULTIPLIER_BITS) - 1)
        addend = ((self.bias.double() - mean) * (unit / step)).round_()
        addend.clamp_(-ADDEND_LIMIT, ADDEND_LIMIT)
        return (gain.sign() * multiplier * x + addend).div_(unit).round_().mul_(step)
