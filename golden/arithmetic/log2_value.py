"""Attention times V by shifts: log2 codes as factors, one accumulator, one rounding.

A code n stands for ``2**-n``; of b bits and one more, those from ``2**b`` up for zero. So

    s_v · 2**-H · Σ (v - z_v) << (H - n)

is a row's product, without a multiplier an element.
"""

from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import ArrayLike

from vit2rtl.golden.arithmetic.attention_value import FRACTION_LIMIT, Multipliers
from vit2rtl.golden.arithmetic.integers import check, integers, wide
from vit2rtl.golden.arithmetic.matmul import product
from vit2rtl.golden.arithmetic.requantizer import multiplier_and_shift

# What the powers of two of a row of Log-Int-Softmax add up to at most.
_WHOLE = Fraction(3, 2)


def fraction_bits(bits: int) -> int:
    """H: the shift of code 0; 15 for 4 bits, 16 at most, where smaller powers count as zero."""
    return min((1 << bits) - 1, FRACTION_LIMIT)


def shifted_ones(bits: int) -> np.ndarray:
    """int64[2**(bits+1)]: what a centered value of one adds, by code."""
    right = fraction_bits(bits) - np.arange(2 << bits)
    ones = np.where(right < 0, 0, np.int64(1) << np.maximum(right, 0))
    ones[1 << bits:] = 0
    return ones


def accumulate(
    codes: ArrayLike, values: ArrayLike, zero_point: int, *, bits: int, most: int | None = None
) -> np.ndarray:
    """The accumulator.

    codes       int[..., rows, tokens]      0 .. 2**(bits+1) - 1
    values      int[..., tokens, channels]  codes of v; z_v is subtracted as they are loaded
    most        what no magnitude of a sum exceeds, where it is known; see :func:`bound`
    returns     int[..., rows, channels]

    Exact sums; no rounding, no saturation.
    """
    codes, values = integers("Code", codes), integers("Value", values)
    check("Code", codes, 0, (2 << bits) - 1)
    ones, index = shifted_ones(bits), codes
    if codes.dtype == object:
        ones, index = ones.astype(object), codes.astype(np.int64)
    return product(ones.take(index), wide(values)[0] - int(zero_point), bound=most)


def bound(tokens: int, value_reach: int, *, bits: int) -> int:
    """Largest magnitude of the accumulator for rows of Log-Int-Softmax (R6).

    Code n says that ``2 S < e T``, or for n = 1 that it is no more, with T = 3, 5 and then
    ``3 * 2**n - 1``. So the share e / S is at least ``2 / T``, and ``2**-n`` at most 3/2 of it;
    shares add up to one. The terms' signs may all be one.
    """
    return floor(min(Fraction(tokens), _WHOLE) * (int(value_reach) << fraction_bits(bits)))


def value_multipliers(v_scale: float, output_scale: float, *, bits: int) -> Multipliers:
    """The multiplier of 16 bits (R1), zero for an odd accumulator, and the shift."""
    factor = np.ldexp(v_scale / output_scale, -fraction_bits(bits))
    (multiplier,), (shift,) = multiplier_and_shift(factor)
    return Multipliers(int(multiplier), 0, int(shift))
