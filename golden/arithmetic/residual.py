"""The residual stream: signed integers of one scale, saturating additions (R7)."""

import numpy as np
from numpy.typing import ArrayLike

from vit2rtl.golden.arithmetic.integers import check, integers, smallest, wide

BITS = 16


def add(stream: ArrayLike, branches: ArrayLike, *, bits: int = BITS) -> np.ndarray:
    """``clip(stream + branches, -2**(bits-1), 2**(bits-1) - 1)``.

    stream    int[...]    -2**(bits-1) .. 2**(bits-1) - 1, as are ``branches``
    branches  int[...]    a branch's output, or constants such as the position embedding
    returns   int16[...]  (int8 for 8 bits or fewer)

    One more bit before saturation, no rounding.
    """
    low, high = limits(bits)
    stream, branches = integers("Residual stream", stream), integers("Branch", branches)
    check("Residual stream", stream, low, high)
    check("Branch", branches, low, high)
    if object in (stream.dtype, branches.dtype):
        stream, branches = wide(stream, branches)
        return np.clip(stream + branches, low, high)
    total = np.add(stream, branches, dtype=np.int32, casting="unsafe")
    return np.clip(total, low, high, out=total).astype(smallest(low, high))


def limits(bits: int) -> tuple[int, int]:
    """Smallest and largest number of the stream."""
    if not 2 <= bits <= 16:
        raise ValueError(f"Residual bits must be between 2 and 16, not {bits!r}")
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
