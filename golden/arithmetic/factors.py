"""A residual stream in few bits, and LayerNorm on its codes (FQ-ViT; Lin et al., IJCAI 2022).

A channel's scale is the least one times a power of two, 1 to 8: its *factor* is the exponent. So
codes less their zero point, shifted by the factor, are integers X of one scale, of which LayerNorm
needs two exact sums. Gain and offset of a token and channel are a multiplier M of 8 bits, a shift N
and an addend B: ``(±M X + B) / 2**N``.
"""

import numpy as np
from numpy.typing import ArrayLike

from vit2rtl.golden.arithmetic.integers import integers, wide

FACTORS = (0, 3)
MULTIPLIER_BITS = 8
# The longest N.
MOST_SHIFT = 31
# |B|: codes of 8 bits saturate far below, with any N.
ADDEND_LIMIT = 1 << 47
# Of channels: their number times a sum of squares of 11 bits is an integer of binary64.
MOST_CHANNELS = 1 << 15


def quantize(
    x: np.ndarray, scale: float, factors: np.ndarray, zero_point: int, *, bits: int
) -> np.ndarray:
    """float64[..., channels] -> int64: ``clip(rint(x / (scale 2**factor)) + z)``, in binary64,
    half to even."""
    codes = np.rint(x / np.ldexp(scale, factors)) + zero_point
    return np.clip(codes, 0, (1 << bits) - 1).astype(np.int64)


def real(
    codes: np.ndarray, scale: float, factors: np.ndarray, zero_point: int
) -> np.ndarray:
    """float64: ``scale 2**factor (code - z)``."""
    return (codes.astype(np.float64) - zero_point) * np.ldexp(scale, factors)


def normalize(
    centered: ArrayLike, factors: np.ndarray, gamma: np.ndarray, beta: np.ndarray, step: float
) -> np.ndarray:
    """LayerNorm of a token's codes.

    centered     int[..., channels]  codes of 8 bits at most less their zero point
    gamma, beta  float64[channels]
    step         of the result
    returns      int64[..., channels], at most 2**47 + 2**19

    X has 12 bits, M X 20, B 48. Root, quotients and products that give M, N and B are elementwise
    in binary64, in this order, half to even where they round; M is floored. A token whose X are
    all one number has a gain of zero. ``8 - N`` is the exponent of the gain, which is below
    ``2**exponent`` and not below half of it, 0 to 31 of N.
    """
    x = wide(integers("Code", centered))[0] << wide(integers("Factor", factors))[0]
    count, total = x.shape[-1], x.sum(axis=-1, keepdims=True)
    root = np.sqrt((count * (x * x).sum(axis=-1, keepdims=True) - total * total)
                   .astype(np.float64))
    x, total = x.astype(np.float64), total.astype(np.float64)
    root[root == 0] = np.inf
    gain = gamma / root
    gain, mean = gain * (count / step), gain * total
    size = np.abs(gain)
    shift = np.clip(MULTIPLIER_BITS - np.frexp(size)[1], 0, MOST_SHIFT)
    unit = np.ldexp(1.0, np.where(gain == 0, MOST_SHIFT, shift))
    multiplier = np.minimum(np.floor(size * unit), (1 << MULTIPLIER_BITS) - 1)
    addend = np.clip(np.rint((beta - mean) * (unit / step)), -ADDEND_LIMIT, ADDEND_LIMIT)
    return np.rint((np.sign(gain) * multiplier * x + addend) / unit).astype(np.int64)
