"""PTQ4ViT's quantizers (Yuan et al., ECCV 2022): two ranges of one tensor, each with its own scale.

A code of b bits is a region's bit and b - 1 bits of magnitude, so that k = 2**(b-1) - 1 is the top
one of a region. The state is one float32 buffer of two scales.
"""

from collections.abc import Callable
from math import log2

import numpy as np
import torch

from vit2rtl.golden.arithmetic import twin
from vit2rtl.quantization.quantizers import PROBABILITY_WIDTH, Quantizer


class Unquantized(Quantizer):
    """What a method leaves in float: 32 bits, no codes."""

    bits = 32

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class _Twin(Quantizer):
    """Two scales.

    scale   float32[2], of the two regions
    top     the largest magnitude of a region's codes, k
    """

    shape = (2,)

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits, self.top = bits, twin.top_of(bits)
        self.register_buffer("scale", torch.ones(2))

    @property
    def unit(self) -> float:
        """Of the first region."""
        return float(self.scale[0])

    def scales(self) -> tuple[float, float]:
        """Both."""
        first, second = self.scale.tolist()
        return first, second

    def set(self, first: torch.Tensor | float, second: torch.Tensor | float) -> None:
        """The scales of the two regions."""
        scales = [torch.as_tensor(part, dtype=torch.float32) for part in (first, second)]
        self.scale = torch.stack(scales).to(self.scale.device)


class TwinSoftmaxQuantizer(_Twin):
    """Post-Softmax probabilities: fine steps below a split p, coarse ones from it up.

    scale   (1 / k, p / k)
    both    as the authors' code has it: the values of both regions are added, each clipped to its
            range, so that a large x stands for p more than it is, and a small one for
            round(p k) / k more; otherwise as the paper has it, one region or the other
    fixed_point  codes are those that hardware gives a probability of 16 bits, rounded half to even:
            of :func:`vit2rtl.golden.arithmetic.twin.quantize`
    """

    encoding = "twin_softmax"

    def __init__(self, bits: int, *, both: bool, fixed_point: bool = False) -> None:
        super().__init__(bits)
        self.both, self.fixed_point = both, fixed_point
        self.set_split(1.0)

    def set_split(self, split: float) -> None:
        """The probability from which steps are coarse, a power of two."""
        self.set(1 / self.top, split / self.top)

    @property
    def exponent(self) -> int:
        """m of the split, 2**-m."""
        return -round(log2(float(self.scale[1]) * self.top))

    @property
    def apart(self) -> bool:
        """Whether the scales are those of a split."""
        first, second = self.scales()
        low, high = twin.SPLITS
        return low <= self.exponent <= high and second == first * self.split

    @property
    def split(self) -> float:
        return 2.0**-self.exponent

    def codes(self, x: torch.Tensor) -> torch.Tensor:
        """int32[...]: round(x / scale) of x's region, k + 1 more in the coarse one."""
        if self.fixed_point:
            last = (1 << PROBABILITY_WIDTH) - 1
            fixed = (x * (last + 1)).round_().clamp_(max=last).to(torch.int64).cpu().numpy()
            codes = twin.quantize(fixed, self.exponent, bits=self.bits, width=PROBABILITY_WIDTH)
            return torch.from_numpy(codes).to(x.device, torch.int32)
        high = x >= self.split
        codes = torch.where(high, self._coarse(x) + (self.top + 1), self._fine(x))
        return codes.clamp_(max=2 * self.top + 1).to(torch.int32)

    def values(self) -> torch.Tensor:
        """float32[2 k + 2]: what each code stands for."""
        steps = torch.arange(self.top + 1, dtype=torch.float32) / self.top
        low, high = steps * self.split, steps
        if self.both:
            split = torch.tensor(self.split)
            low, high = low + self._coarse(split) / self.top, high + split
        return torch.cat([low, high])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        split = self.split
        if self.both:
            fine = self._fine(x.clamp(max=split)).mul_(split)
            return self._coarse(x.clamp(min=split, max=1)).add_(fine).div_(self.top)
        high = x >= split
        step = torch.where(high, 1.0, split)
        return torch.where(high, self._coarse(x), self._fine(x)).clamp_(
            max=self.top).mul_(step).div_(self.top)

    def _coarse(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.top).round_()

    def _fine(self, x: torch.Tensor) -> torch.Tensor:
        return (x * (self.top / self.split)).round_()


class TwinActivationQuantizer(_Twin):
    """What GELU and its like give: a long positive range and a short negative one.

    scale   (of x >= 0, of x < 0); codes are signed numbers of b bits, whose sign says which
    """

    encoding = "twin_activation"

    def codes(self, x: torch.Tensor) -> torch.Tensor:
        """int32[...], -(k + 1) .. k"""
        return self._signed(x)[0].to(torch.int32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        codes, step = self._signed(x)
        return codes.mul_(step)

    def centered(self, x: torch.Tensor) -> torch.Tensor:
        """The same as floats: what a matmul multiplies, each region with sums of its own."""
        return self._signed(x)[0]

    def table_of(
        self, function: Callable[[float], float], scale: float, zero_point: int, bits: int
    ) -> np.ndarray:
        """int8[2**bits], see :meth:`vit2rtl.quantization.quantizers.UniformQuantizer.table_of`."""
        return twin.table_of(scale, zero_point, self.scales(), input_bits=bits, bits=self.bits,
                             function=function)

    def dequantized(self, codes: np.ndarray) -> torch.Tensor:
        """float32[...]: what codes stand for."""
        values = torch.from_numpy(codes * np.where(codes < 0, *self.scales()[::-1]))
        return values.float().to(self.scale.device)

    def _signed(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        step = torch.where(x >= 0, *self.scale)
        return (x / step).round_().clamp_(-self.top - 1, self.top), step
