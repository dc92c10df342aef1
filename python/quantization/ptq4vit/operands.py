"""The two factors of a matmul, each with the scales that the search may choose from."""

from abc import ABC, abstractmethod

import torch

from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.twin_quantizers import TwinActivationQuantizer, TwinSoftmaxQuantizer

# Of the scale whose codes end at the largest magnitude, the fractions tried: from .01, below 1.2.
_ENDS = 0.01, 1.2
# Powers of two that are tried: splits 2**0 .. 2**-19, and how often a scale is doubled.
_POWERS = 20
# So small a scale that nothing real has it: of a tensor that is zero.
_TINY = 2.0**-100


class Operand(ABC):
    """One factor.

    x               float32: all of it
    count           of candidates; none where it stays in float
    groups          how many scales it has, each chosen by its own outputs
    float_partner   whether it is chosen while the other factor is in float
    """

    count: int
    groups = 1
    float_partner = False

    def __init__(self, x: torch.Tensor) -> None:
        self.x = x

    @abstractmethod
    def candidate(self, n: int, part: torch.Tensor) -> torch.Tensor:
        """A part of x, quantized by candidate ``n``."""

    @abstractmethod
    def choose(self, best: torch.Tensor) -> bool:
        """Take int64[groups] candidates; whether any is another one than before."""

    @abstractmethod
    def quantized(self) -> torch.Tensor:
        """x by the present choice."""

    @abstractmethod
    def give(self) -> None:
        """The present choice to the quantizer."""


class InFloat(Operand):
    """A factor that is not quantized."""

    count = 0

    def candidate(self, n: int, part: torch.Tensor) -> torch.Tensor:
        raise IndexError("A factor in float has no candidates")

    def choose(self, best: torch.Tensor) -> bool:
        return False

    def quantized(self) -> torch.Tensor:
        return self.x

    def give(self) -> None:
        pass


class Scaled(Operand):
    """A factor whose scales are fractions of those that reach its largest magnitudes.

    largest   float32, broadcast to x: one a group
    ends      the first fraction, and what none reaches
    """

    def __init__(
        self, x: torch.Tensor, largest: torch.Tensor, bits: int, count: int,
        ends: tuple[float, float] = _ENDS,
    ) -> None:
        super().__init__(x)
        self.count, self.groups = count, largest.numel()
        self.half = 1 << bits - 1
        # Where nothing has been chosen, codes end half a step beyond the largest magnitude.
        self.initial = (largest / (self.half - 0.5)).clamp(min=_TINY)
        least, end = ends
        numbers = torch.arange(count, device=x.device)
        self.fractions = least + numbers * ((end - least) / count)
        self.scale = self.initial

    def candidate(self, n: int, part: torch.Tensor) -> torch.Tensor:
        return self.apply(part, self.initial * self.fractions[n])

    def choose(self, best: torch.Tensor) -> bool:
        old, self.scale = self.scale, self.initial * self.fractions[best].view_as(self.initial)
        return not torch.equal(old, self.scale)

    def quantized(self) -> torch.Tensor:
        return self.apply(self.x, self.scale)

    def apply(self, part: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """round(x / scale) scale, clipped to signed numbers."""
        return (part / scale).round_().clamp_(-self.half, self.half - 1).mul_(scale)


class Uniform(Scaled):
    """A symmetric quantizer's tensor: weights float32[groups, out / groups, in], inputs
    float32[rows, in], or q, k or v float32[n, heads, tokens, depth].

    axis   the one that has a scale for each of its indices, or None
    """

    def __init__(
        self, x: torch.Tensor, quantizer: UniformQuantizer, count: int, axis: int | None = None,
        ends: tuple[float, float] = _ENDS,
    ) -> None:
        others = [n for n in range(x.ndim) if n != axis]
        largest = x.abs().amax(others, keepdim=axis is not None)
        super().__init__(x, largest, quantizer.bits, count, ends)
        self._quantizer, self._axis = quantizer, axis

    def give(self) -> None:
        """A scale each, a row each of weights."""
        scale = self.scale
        if self._axis == 0:
            scale = scale.expand(*self.x.shape[:2], 1)
        scale = scale.flatten() if self._axis is not None else scale
        self._quantizer.set(scale, torch.zeros_like(scale))


class Unsigned(Uniform):
    """A tensor without negative numbers, its quantizer without a zero point: codes reach from 0 to
    the largest magnitude."""

    def __init__(
        self, x: torch.Tensor, quantizer: UniformQuantizer, count: int, axis: int | None = None,
        ends: tuple[float, float] = _ENDS,
    ) -> None:
        super().__init__(x, quantizer, count, axis, ends)
        self._top = quantizer.levels - 1
        self.initial = self.initial * ((self.half - 0.5) / self._top)
        self.scale = self.initial

    def apply(self, part: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        return (part / scale).round_().clamp_(0, self._top).mul_(scale)


class Activated(Scaled):
    """What an activation function gives, twin uniform: the positive scale is searched, the negative
    one reaches the least value there is, GELU's own minimum.

    doubled   the positive scale is the negative one times a power of two, as the paper has it;
              otherwise a fraction of what reaches the largest value, as in the authors' code
    """

    def __init__(
        self, x: torch.Tensor, quantizer: TwinActivationQuantizer, count: int, *, doubled: bool
    ) -> None:
        super().__init__(x, x.max().clamp(min=0), quantizer.bits, count)
        self._quantizer = quantizer
        low = -x.min() / self.half
        self._low = low if low > 0 else self.initial
        if doubled:
            self.count, self.initial = _POWERS, self._low
            self.fractions = 2.0 ** torch.arange(_POWERS, device=x.device)
            self.scale = self.initial

    def apply(self, part: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        return super().apply(part, torch.where(part >= 0, scale, self._low))

    def give(self) -> None:
        self._quantizer.set(self.scale, self._low)


class Probabilities(Operand):
    """What Softmax gives, twin uniform: the split is searched, with v in float."""

    count = _POWERS
    float_partner = True

    def __init__(self, x: torch.Tensor, quantizer: TwinSoftmaxQuantizer) -> None:
        super().__init__(x)
        self._quantizer = quantizer
        self._chosen = 0

    def candidate(self, n: int, part: torch.Tensor) -> torch.Tensor:
        self._quantizer.set_split(2.0**-n)
        return self._quantizer(part)

    def choose(self, best: torch.Tensor) -> bool:
        old, self._chosen = self._chosen, int(best)
        return old != self._chosen

    def quantized(self) -> torch.Tensor:
        return self.candidate(self._chosen, self.x)

    def give(self) -> None:
        self._quantizer.set_split(2.0**-self._chosen)
