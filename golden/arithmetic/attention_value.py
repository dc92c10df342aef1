"""Attention times V by shifts: log√2 codes as factors, √2 exact, one rounding (R5).

A code k stands for ``s * 2**(-k/2)``. Even codes are powers of two, odd ones √2 times a power of
two, so that two accumulators hold a row's product exactly,

    s · s_v · 2**-H · (E + √2 · O)    E = Σ_even (v - z_v) << (H - k/2)
                                      O = Σ_odd  (v - z_v) << (H - (k+1)/2)

and √2 is part of O's multiplier: no multiplier and no irrational factor per element.
"""

from fractions import Fraction
from math import floor, isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vit2rtl.golden.arithmetic.integers import check, integers, smallest, wide
from vit2rtl.golden.arithmetic.log_sqrt2 import code_count
from vit2rtl.golden.arithmetic.matmul import product
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE

# Fraction bits H at most; what codes of 6 bits and more say below 2**-16 is left out.
FRACTION_LIMIT = 16
# Of the unsigned multipliers: with a sign they are as wide as an 18 × 18 multiplier block takes.
MULTIPLIER_BITS = 17


class Multipliers(NamedTuple):
    """``even / 2**shift`` and ``odd / 2**shift`` scale the two accumulators; odd is √2 times even.

    Both below 2**17, 1 <= shift <= 47.
    """

    even: int
    odd: int
    shift: int


class ChannelMultipliers(NamedTuple):
    """The same by channel, int64[channels] each."""

    even: np.ndarray
    odd: np.ndarray
    shift: np.ndarray


def fraction_bits(bits: int, zero_code: str = "top", *, limit: int = FRACTION_LIMIT) -> int:
    """H: the shift of code 0, enough for the last code that is not zero to be shifted by none.

    7 for 4-bit codes whose top code is zero, 8 under the other rules; 2**(bits-1) - 1 and
    2**(bits-1) in general, but ``limit`` at most. Codes above 2 H (those that would be shifted
    right) then count as zero: none of them up to 5 bits; with H = 16, those of a probability below
    ``s * 2**-16``.
    """
    last = code_count(bits, zero_code) - (zero_code != "none") - 1
    return min((last + 1) // 2, limit)


def accumulate(
    codes: ArrayLike, values: ArrayLike, zero_point: int, *, bits: int, zero_code: str = "top",
    limit: int = FRACTION_LIMIT, most: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The two accumulators, E and O.

    codes       int[..., rows, tokens]      0 .. code_count(bits, zero_code) - 1
    values      int[..., tokens, channels]  codes of v; z_v is subtracted as they are loaded
    zero_point  int                         z_v
    most        what no magnitude of a sum exceeds, where it is known; see :func:`bound`
    returns     two int32[..., rows, channels] (int64 where the sums are not bound to fit)

    Exact sums; no rounding, no saturation. Width: :func:`bound`. A zero code adds nothing.
    """
    count = code_count(bits, zero_code)
    codes, values = integers("Code", codes), integers("Value", values)
    check("Code", codes, 0, count - 1)
    centered = wide(values)[0] - int(zero_point)
    tables = shifted_ones(bits, zero_code, limit=limit)
    if codes.dtype == object:
        tables, index = tables.astype(object), codes.astype(np.int64)
    else:
        tables, index = tables.astype(smallest(0, int(tables.max()))), codes
    even, odd = (product(table.take(index), centered, bound=most) for table in tables)
    return even, odd


def shifted_ones(
    bits: int, zero_code: str = "top", *, limit: int = FRACTION_LIMIT
) -> np.ndarray:
    """int64[2, codes]: what a centered value of one adds to E and to O, by code."""
    count, fraction = code_count(bits, zero_code), fraction_bits(bits, zero_code, limit=limit)
    codes = np.arange(count)
    right = fraction - (codes + 1 >> 1)
    ones = np.where(right < 0, 0, np.int64(1) << np.maximum(right, 0))
    if zero_code != "none":
        ones[-1] = 0
    return np.where(codes & 1 == [[0], [1]], ones, 0)


def requantize(
    even: ArrayLike, odd: ArrayLike, multipliers: Multipliers | ChannelMultipliers,
    zero_point: int, *, bits: int,
) -> np.ndarray:
    """``clip(((E M_E + O M_O + 2**(n-1)) >> n) + z, 0, 2**bits - 1)``, n the shift.

    even, odd   int[...]             |E|, |O| < 2**31
    returns     uint8[...]           uint16 for more than 8 bits

    49 bits and a sign before the shift, one rounding (half up), saturation on either side. Machine
    integers go through float64, exactly, as in
    :func:`vit2rtl.golden.arithmetic.requantizer.rescale`.
    """
    if not 2 <= bits <= 16:
        raise ValueError(f"Bits must be between 2 and 16, not {bits!r}")
    even, odd = integers("Even accumulator", even), integers("Odd accumulator", odd)
    check("Even accumulator", even, 1 - (1 << 31), (1 << 31) - 1)
    check("Odd accumulator", odd, 1 - (1 << 31), (1 << 31) - 1)
    top, (m_even, m_odd, shift) = (1 << bits) - 1, multipliers
    if object in (even.dtype, odd.dtype):
        even, odd = wide(even, odd)
        scaled = even * m_even + odd * m_odd + (1 << (shift - 1)) >> shift
        return np.clip(scaled + int(zero_point), 0, top)
    unit = np.float64(0.5**shift)
    scaled = np.floor(even * (m_even * unit) + odd * (m_odd * unit) + 0.5)
    return np.clip(scaled + int(zero_point), 0, top).astype(smallest(0, top))


def multipliers(factor: float, *, multiplier_bits: int = MULTIPLIER_BITS) -> Multipliers:
    """M_E and M_O from one real factor, off line: ``s · s_v · 2**-H / s_y``.

    Each is rounded half up from the exact value: M_O from √2 times the factor, not from M_E. M_O is
    normalized to ``multiplier_bits``, M_E is smaller; the shift ends at 47, where a yet smaller
    factor gets smaller multipliers.

    factor   real number, taken exactly, 0 <= factor <= 2**(multiplier_bits-1) / √2
    """
    exact = Fraction(factor)
    if exact < 0:
        raise ValueError(f"Factor must not be negative, not {factor!r}")
    low, high = SHIFT_RANGE
    if _round_sqrt2(exact * 2**low) >> multiplier_bits:
        largest = isqrt(2 ** (2 * (multiplier_bits - low) - 1))
        raise ValueError(f"Factor must be at most {largest}, not {factor!r}")
    shift = high
    while _round_sqrt2(exact * 2**shift) >> multiplier_bits:
        shift -= 1
    even = floor(exact * 2**shift + Fraction(1, 2))
    return Multipliers(even, _round_sqrt2(exact * 2**shift), shift)


def bound(
    tokens: int, value_reach: int, *, bits: int, zero_code: str = "top",
    scale: float | None = None, limit: int = FRACTION_LIMIT,
) -> int:
    """Largest magnitude of E and of O (R6).

    tokens       of a row
    value_reach  largest magnitude of a centered value
    scale        s, where the codes are those of a whole softmax row and have a zero code; None for
                 any codes at all

    Any codes: ``tokens * value_reach * 2**H``. Probabilities add up to one, and a code k that is
    not the last says that one was at least ``s * 2**(-(2k+1)/4)``, so their ``2**(-k/2)`` add up to
    at most ``2**(1/4) / s``: for long rows far less than the number of tokens.
    """
    whole = Fraction(tokens)
    if scale is not None and zero_code != "none":
        # The thresholds of the fused softmax are correct to 2**-31, see golden.softmax.
        whole = min(whole, Fraction(1189208, 10**6) / Fraction(scale))
    return floor(whole * (int(value_reach) << fraction_bits(bits, zero_code, limit=limit)))


def _round_sqrt2(x):
    """``⌊√2 x + 1/2⌋``, exact: √8 x is no integer, so that its floor decides."""
    return (isqrt(floor(8 * x * x)) + 1) // 2
