"""Scales and zero points of activations by the error that they make."""

import itertools
from collections.abc import Iterable

import torch

from vit2rtl.quantization.closed_form.weights import BITS
from vit2rtl.quantization.quantizers import UniformQuantizer

# Points that stand for a tensor: a code of 8 bits has 16 of them and more.
_BINS = 1 << 13
# Half ranges of a head's channels, in standard deviations; ends tried of q, k, v and proj's input;
# clip fractions of GELU's output.
HALF_RANGES = torch.linspace(1.6, 5.0, 18, dtype=torch.float64).tolist()
# Wider codes have room for rarer values.
_WIDE = 1.5
_ENDS = 16
# Of the range of a LayerNorm's channel. The error is mostly that of tokens which are alike in all
# images; what differs lies near the ends, so that no more than this is cut off.
SHRINKS = torch.linspace(0.7, 1.0, 6, dtype=torch.float64).tolist()
FRACTIONS = torch.linspace(0.15, 1.0, 18, dtype=torch.float64).tolist()
SOFTMAX_SCALES = [2.0 ** (-t / 4) for t in range(14)]


class Distribution:
    """A tensor's values as a histogram: what the error of a scalar quantizer depends on.

    values, shares   float64[bins] in use; the shares add up to 1
    """

    def __init__(self, x: torch.Tensor) -> None:
        low, high = float(x.min()), float(x.max())
        self.low, self.high = low, high
        width = (high - low) / _BINS
        counts = torch.histc(x.float(), _BINS, min=low, max=high).double()
        used = counts > 0
        middles = torch.arange(_BINS, dtype=torch.float64, device=x.device) + 0.5
        self.values = (low + width * middles)[used]
        self.shares = counts[used] / counts.sum()

    def deviation(self) -> float:
        mean = (self.values * self.shares).sum()
        return float(((self.values - mean).square() * self.shares).sum().sqrt())

    def best(
        self, candidates: Iterable[tuple[float, int]], levels: int
    ) -> tuple[float, int]:
        """The (scale, zero point) with the least mean squared error."""
        pairs = torch.tensor(list(candidates), dtype=torch.float64, device=self.values.device)
        errors = []
        for some in pairs.split(64):
            scale, low = some[:, :1], -some[:, 1:]
            codes = (self.values / scale).round_().clamp_(low, low + (levels - 1))
            errors.append(((codes.mul_(scale) - self.values).square_() * self.shares).sum(1))
        scale, zero_point = pairs[int(torch.cat(errors).argmin())].tolist()
        return scale, int(zero_point)


def two_sided(x: torch.Tensor, quantizer: UniformQuantizer) -> None:
    """Of what goes both ways: each end by itself, from one standard deviation to all values. What
    does not reach zero has percentiles for ends."""
    found, levels = Distribution(x), quantizer.levels
    least = found.deviation()
    if not least > 0 or found.low > 0 or found.high < 0:
        quantizer.calibrate(x)
        return
    below, above = (_ends(least, reach) for reach in (-found.low, found.high))
    candidates = []
    for low, high in itertools.product(below, above):
        scale = (low + high) / (levels - 1)
        candidates.append((scale, round(low / scale)))
    _set(quantizer, found.best(candidates, levels))


def _ends(least: float, farthest: float) -> list[float]:
    """Distances from zero, from one to the other, in equal ratios."""
    if farthest <= least:
        return [farthest]
    return [least * (farthest / least) ** (n / (_ENDS - 1)) for n in range(_ENDS)]


def one_sided(x: torch.Tensor, quantizer: UniformQuantizer) -> None:
    """Of what an activation function gives, which goes far one way: any zero point that reaches
    the least value or somewhat less or more."""
    found, levels = Distribution(x), quantizer.levels
    below = max(0.0, -found.low)
    if found.high <= below or not found.high > found.low:
        quantizer.calibrate(x)
        return
    candidates = []
    for fraction in FRACTIONS:
        for zero_point in range(levels - 1):
            scale = fraction * found.high / (levels - 1 - zero_point)
            reach = zero_point * scale
            if reach > below * 1.3 + scale:
                break
            if reach >= below * fraction * 0.3 - scale:
                candidates.append((scale, zero_point))
    _set(quantizer, found.best(candidates, levels))


def _set(quantizer: UniformQuantizer, found: tuple[float, int]) -> None:
    scale, zero_point = found
    quantizer.set(torch.tensor(scale), torch.tensor(float(zero_point)))


def normed(x: torch.Tensor, quantizer: UniformQuantizer) -> None:
    """One scale a channel, of what a LayerNorm gives: RepQ-ViT's; below 4 bits the range of least
    error, shrunk alike on both sides of the channel's mean. A LayerNorm's bias takes any offset, so
    that the range's ends are levels, and zero points no integers.

    x   float[..., channels]
    """
    quantizer.calibrate(x)
    if quantizer.bits >= BITS:
        return
    values, last, constant = x.flatten(0, -2), quantizer.levels - 1, quantizer.constant
    assert constant is not None
    mean = values.mean(0, dtype=torch.float64)
    centered = values - mean.to(values.dtype)
    low, high = centered.amin(0), centered.amax(0)
    scale, zero_point = quantizer.scale.double(), quantizer.zero_point.double()
    best = torch.full_like(scale, torch.inf)
    for shrink in SHRINKS:
        bottom, step = low * shrink, (high - low).clamp(min=1e-30) * (shrink / last)
        codes = ((centered - bottom) / step).round_().clamp_(0, last)
        error = codes.mul_(step).add_(bottom).sub_(centered).square_().mean(0).double()
        better = (error < best) & ~constant
        best = torch.where(better, error, best)
        scale = torch.where(better, step.double(), scale)
        zero_point = torch.where(better, -(bottom + mean) / step, zero_point)
    quantizer.set(scale, zero_point)


def channels(x: torch.Tensor, quantizer: UniformQuantizer) -> None:
    """One scale a channel, of the same number of standard deviations around each channel's mean.

    x   float[n, channels]
    """
    values = x.double()
    mean, deviation = values.mean(0), values.std(0, unbiased=False)
    constant = deviation <= 2.0**-16 * values.abs().amax(0).clamp(min=2.0**-100)
    typical = deviation[~constant].median() if not constant.all() else deviation.new_ones(())
    # A channel that hardly moves would get a gain that no format holds.
    spread = torch.maximum(deviation, typical / 100)
    levels, wide = quantizer.levels, 1.0 if quantizer.bits <= BITS else _WIDE
    standard = Distribution((values - mean) / spread)
    step, _ = standard.best(((2 * k * wide / levels, levels // 2) for k in HALF_RANGES), levels)
    scale = step * spread
    quantizer.set(scale, (levels // 2 - mean / scale).round())
    quantizer.constant = constant
