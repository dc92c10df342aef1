"""The requantizer: accumulators to codes of one scale and zero point (integer contract, R1)."""

from math import frexp

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from vit2rtl.golden.arithmetic.integers import blocks, check, integers, wide

MULTIPLIER_BITS = 16
ACCUMULATOR_RANGE = (1 - (1 << 31), (1 << 31) - 1)
MULTIPLIER_RANGE = (0, (1 << 18) - 1)
SHIFT_RANGE = (1, 47)
WINDOW = 8


def requantize(
    acc: ArrayLike, multiplier: ArrayLike, shift: ArrayLike, zero_point: ArrayLike, *, bits: int,
    dtype: DTypeLike = np.int64,
) -> np.ndarray:
    """Scale by ``multiplier / 2**shift``, round half up, add the zero point, saturate to codes.

    acc         int[..., channels]   |acc| < 2**31
    multiplier  int[channels]        0 <= multiplier < 2**18
    shift       int[channels]        1 <= shift <= 47
    zero_point  int or int[channels] |zero_point| <= 2**31
    returns     dtype[..., channels] 0 .. 2**bits - 1

    ``clip(((acc * multiplier + 2**(shift-1)) >> shift) + zero_point, 0, 2**bits - 1)``: 51 bits at
    most before the shift (49 with a multiplier below 2**16), one rounding, arithmetic shift
    (gemmlowp rounds twice).
    """
    if not 2 <= bits <= 16:
        raise ValueError(f"Bits must be between 2 and 16, not {bits!r}")
    zero_point = integers("Zero point", zero_point)
    return rescale(acc, multiplier, shift, zero_point, 0, (1 << bits) - 1, dtype=dtype)


def rescale(
    acc: ArrayLike, multiplier: ArrayLike, shift: ArrayLike, offset: ArrayLike, low: int,
    high: int, *, dtype: DTypeLike = np.int64,
) -> np.ndarray:
    """:func:`requantize` with any limits: ``low <= result <= high``.

    Machine integers go through float64, which is exact: ``acc * multiplier / 2**shift + 1/2`` is a
    multiple of ``2**-shift``, at most ``2**50`` of them; after the floor all are integers below
    ``2**50``.
    """
    acc, multiplier, shift, offset = (
        integers(name, x) for name, x in (
            ("Accumulator", acc), ("Multiplier", multiplier), ("Shift", shift),
            ("Zero point", offset),
        )
    )
    check("Accumulator", acc, *ACCUMULATOR_RANGE)
    check("Multiplier", multiplier, *MULTIPLIER_RANGE)
    check("Shift", shift, *SHIFT_RANGE)
    check("Zero point", offset, -(1 << 31), 1 << 31)
    if any(x.dtype == object for x in (acc, multiplier, shift, offset)):
        acc, multiplier, shift, offset = wide(acc, multiplier, shift, offset)
        half = 1 << (shift - 1)
        return np.clip(((acc * multiplier + half) >> shift) + offset, low, high)
    factor = multiplier * 2.0 ** -shift.astype(np.int64)
    shape = np.broadcast_shapes(acc.shape, factor.shape, offset.shape)
    if acc.shape != shape or acc.ndim < 2 or max(factor.ndim, offset.ndim) > 1:
        return _rescale(acc, factor, offset, low, high).astype(dtype)
    result = np.empty(shape, dtype)
    rows, rescaled = (x.reshape(-1, shape[-1]) for x in (acc, result))
    for block in blocks(*rows.shape):
        rescaled[block] = _rescale(rows[block], factor, offset, low, high)
    return result


def _rescale(acc, factor, offset, low, high):
    return np.clip(np.floor(acc * factor + 0.5) + offset, low, high)


def multiplier_and_shift(
    scale: ArrayLike, *, multiplier_bits: int = MULTIPLIER_BITS, window: int = WINDOW
) -> tuple[np.ndarray, np.ndarray]:
    """Integer multipliers and shifts whose ratios stand for real rescaling factors.

    Each factor becomes ``multiplier / 2**shift`` with the multiplier normalized to
    ``2**(multiplier_bits-1) .. 2**multiplier_bits - 1``, rounded half up, exactly (``frexp``; a
    mantissa that rounds up to ``2**multiplier_bits`` carries into the shift). All shifts of one
    call lie in ``base .. base + window - 1``, where ``base`` belongs to the largest factor: a
    factor too small for the window gets a smaller multiplier, so that hardware needs a window of
    ``log2(window)`` shift bits per channel.

    scale    float64[channels]  finite, 0 <= scale < 2**(multiplier_bits-1) - 1/4
    returns  (int64[channels], int64[channels])  multipliers and shifts
    """
    factors = np.atleast_1d(np.asarray(scale, dtype=np.float64))
    if not np.isfinite(factors).all() or (factors < 0).any():
        raise ValueError("Scale must be finite and not negative")
    low, high = SHIFT_RANGE
    normal = [_normalize(float(f), multiplier_bits) for f in factors]
    base = min((shift for multiplier, shift in normal if multiplier), default=low)
    if base < low:
        limit = 2 ** (multiplier_bits - low) - 0.25
        raise ValueError(f"Scale must be below {limit}, not {float(factors.max())!r}")
    base = min(base, high - window + 1)
    pairs = []
    for factor, (multiplier, shift) in zip(factors, normal, strict=True):
        if multiplier == 0 or shift > base + window - 1:
            shift = base + window - 1
            multiplier = round_half_up(float(factor), shift)
        pairs.append((multiplier, shift))
    multipliers, shifts = np.array(pairs, dtype=np.int64).T
    return multipliers, shifts


def _normalize(factor, multiplier_bits):
    if factor == 0:
        return 0, 0
    shift = multiplier_bits - frexp(factor)[1]
    multiplier = round_half_up(factor, shift)
    if multiplier >> multiplier_bits:
        multiplier, shift = multiplier >> 1, shift - 1
    return multiplier, shift


def round_half_up(factor: float, shift: int) -> int:
    """``floor(factor * 2**shift + 1/2)`` in integers: a float is a ratio of powers of two."""
    numerator, denominator = factor.as_integer_ratio()
    if shift < 0:
        denominator <<= -shift
    return ((numerator << (max(shift, 0) + 1)) + denominator) // (2 * denominator)
