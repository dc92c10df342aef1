"""Products of integers that hold every bit: in int8 where the processor multiplies it, else floats.

Codes less their zero point are small integers. Processors with VNNI multiply bytes into 32-bit sums
some ten times as fast as floats; elsewhere, on other devices too, and for wider operands, a float
type that holds every partial sum does. All give the same numbers.
"""

from functools import cache

import torch
from torch.nn import functional as F

EXACT = {torch.float32: 1 << 24, torch.float64: 1 << 53}
# Matrices below this many products are quicker in one batched call than one by one.
_WORTH_A_CALL = 1 << 19
_BYTE = torch.iinfo(torch.int8)
_CPU = torch.device("cpu")


def float_type(bound: int) -> torch.dtype:
    """The narrowest float type in which sums of at most that magnitude are exact."""
    return next((t for t, limit in EXACT.items() if bound < limit), torch.float64)


@cache
def multiplies_bytes() -> bool:
    """Whether this processor has VNNI and this torch uses it, checked at the extremes."""
    if not getattr(torch.cpu, "_is_vnni_supported", bool)() or not hasattr(torch, "_int_mm"):
        return False
    rows = torch.tensor([[_BYTE.min], [_BYTE.max]]).expand(-1, 4096)
    try:
        got = torch._int_mm(rows.to(torch.int8), rows.mT.to(torch.int8))
    except RuntimeError:
        return False
    return got.equal((rows.double() @ rows.mT.double()).to(torch.int32))


def fits_bytes(low: float, high: float, device: torch.device = _CPU) -> bool:
    """Whether integers of this range can be int8 operands there."""
    here = device.type == "cpu" and multiplies_bytes()
    return here and _BYTE.min <= low and high <= _BYTE.max


class Weights:
    """A frozen layer's weights as one operand, for inputs of one range.

    In bytes, inputs that do not fit are shifted, and so are rows of weights; what that takes from
    the sums is ``missing`` and a share of the input's sum, which one more row of ones gives.

    type      of both operands: torch.int8, or a float type that holds every partial sum
    missing   float64[out], to be added to what :meth:`accumulate` returns
    """

    def __init__(self, weights: torch.Tensor, low: int, high: int, bound: int) -> None:
        """weights float64[out, in], integers; inputs are integers in low .. high; ``bound`` on
        every partial sum of their products."""
        self.shift, self.row_shift = 0, None
        self.missing = weights.new_zeros(len(weights))
        rows = torch.stack([weights.amin(1), weights.amax(1)])
        widest = max(high - low, float((rows[1] - rows[0]).max()))
        if widest > _BYTE.max - _BYTE.min or not fits_bytes(0, 0, weights.device):
            self.type = float_type(bound)
            self._operand = weights.to(self.type)
            return
        self.type = torch.int8
        if not fits_bytes(low, high):
            self.shift = low - _BYTE.min
            self.missing = self.shift * weights.sum(1)
        if not fits_bytes(float(rows[0].min()), float(rows[1].max())):
            self.row_shift = rows[0] - _BYTE.min
            ones = torch.ones(1, weights.shape[1], dtype=torch.float64)
            weights = torch.cat([weights - self.row_shift[:, None], ones])
        self._operand = weights.to(torch.int8).t()

    def accumulate(self, x: torch.Tensor) -> torch.Tensor:
        """float[..., in] integers -> float64[..., out], fresh: their products, less ``missing``"""
        if self.type is not torch.int8:
            return F.linear(x.to(self.type), self._operand).double()
        x = (x - self.shift if self.shift else x).to(torch.int8)
        sums = torch._int_mm(x.reshape(-1, x.shape[-1]), self._operand).double()
        if self.row_shift is not None:
            sums = torch.addcmul(sums[:, :-1], sums[:, -1:], self.row_shift)
        return sums.view(*x.shape[:-1], -1)


class Products:
    """Products of two batches of matrices of integers, each batch in a range of its own.

    left, right   (least, largest) element
    bound         on every partial sum
    device        where they are
    """

    def __init__(
        self, left: tuple[int, int], right: tuple[int, int], bound: int,
        device: torch.device = _CPU,
    ) -> None:
        self.type = float_type(bound)
        self.bytes = fits_bytes(*left, device) and fits_bytes(*right, device)

    def in_bytes(self, left: torch.Size, right: torch.Size) -> bool:
        """Whether matrices of these shapes, [..., m, k] and [..., n, k], are multiplied in int8."""
        return self.bytes and left[-2] * left[-1] * right[-2] >= _WORTH_A_CALL

    def __call__(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """[..., m, k], [..., n, k] -> [..., m, n], fresh: int32, or the float type"""
        in_bytes = self.in_bytes(left.shape, right.shape)
        # Contiguous, or a matmul would copy both once more.
        left, right = (x.to(torch.int8 if in_bytes else self.type,
                            memory_format=torch.contiguous_format) for x in (left, right))
        if not in_bytes:
            return left @ right.mT
        sums = left.new_empty((*left.shape[:-1], right.shape[-2]), dtype=torch.int32)
        matrices = (x.view(-1, *x.shape[-2:]) for x in (left, right, sums))
        for a, b, out in zip(*matrices, strict=True):
            torch._int_mm(a, b.t(), out=out)
        return sums
