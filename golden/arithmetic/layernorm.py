"""LayerNorm straight to codes, in integers (R8)."""

from fractions import Fraction
from math import floor, isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vit2rtl.golden.arithmetic.integers import bit_length, blocks, check, integers, smallest, wide

MANTISSA_BITS = 17
GAIN_BITS = 16
OFFSET_BITS = 40
# Fraction bits of the offset, and of a code before the rounding.
FRACTION = 16
CHANNELS = 1 << 13
SHIFT_LIMIT = 47
# 1/√m of the eight leading bits of a mantissa (64 .. 255), at their middle, in units of 2**-20.
SEEDS = np.array(
    [(isqrt((4 << 40) // ((2 * i + 1) << 13)) + 1) // 2 if i >= 64 else 0 for i in range(256)]
)


class LayerNorm(NamedTuple):
    """Integer parameters of :func:`layer_norm`.

    gain     int64[channels]  γ / s in units of 2**-shift, below 2**16 in magnitude
    offset   int64[channels]  β / s + z in units of 2**-16, below 2**40 in magnitude
    shift    int              0 .. 47
    epsilon  int              at least 1, in units of the input's squared step over channels squared
    """

    gain: np.ndarray
    offset: np.ndarray
    shift: int
    epsilon: int


def layer_norm(x: ArrayLike, parameters: LayerNorm, *, bits: int) -> np.ndarray:
    """Normalize each row, apply the affine, round to codes: one rounding, half up, at the end.

    x        int[..., channels]   -2**15 .. 2**15 - 1, channels at most 2**13
    returns  uint8[..., channels] 0 .. 2**bits - 1; uint16 for more than 8 bits

        S1 = Σx   S2 = Σx²   V = D S2 - S1² + epsilon   d = D x - S1
        code = clip((d r G) / 2**(shift + k) + B)       r / 2**k = 1 / √V, reciprocal_sqrt

    d / √V is the normalized value, free of any division. Bits, signs included: S1 16 + log D,
    S2 31 + log D, V 31 + 2 log D, d 17 + log D, and the product d r G 33 more than d: 58 for
    D = 192, at most 63. Everything up to the code is exact but r (its error: below 2**-16.7 of
    itself) and the two constants: bits that the product has below 2**-16 of a code are floored
    away before the sum with B, which changes no result, for B has none.
    """
    if not 2 <= bits <= 16:
        raise ValueError(f"Bits must be between 2 and 16, not {bits!r}")
    x = integers("Residual stream", x)
    check("Residual stream", x, -(1 << 15), (1 << 15) - 1)
    if x.shape[-1] > CHANNELS:
        raise ValueError(f"LayerNorm takes at most {CHANNELS} channels, not {x.shape[-1]}")
    rows, top = x.reshape(-1, x.shape[-1]), (1 << bits) - 1
    exact = x.dtype == object
    total, squares = np.empty((2, len(rows)), object if exact else np.int64)
    for block in blocks(*rows.shape):
        piece = wide(rows[block])[0]
        total[block], squares[block] = piece.sum(axis=1), (piece * piece).sum(axis=1)
    channels = rows.shape[1]
    variance = channels * squares - total * total + parameters.epsilon
    mantissa, shift = reciprocal_sqrt(variance)
    # d r = x (D r) - S1 r: both factors are constants of a row.
    factor, mean = channels * mantissa, total * mantissa
    shift = np.minimum(shift + (parameters.shift - FRACTION), 63)
    codes = np.empty(rows.shape, object if exact else smallest(0, top))
    offset = parameters.offset + (1 << (FRACTION - 1))
    for block in blocks(*rows.shape):
        scaled = wide(rows[block])[0] * factor[block, np.newaxis]
        scaled -= mean[block, np.newaxis]
        scaled *= parameters.gain
        scaled >>= shift[block, np.newaxis]
        scaled += offset
        scaled >>= FRACTION
        codes[block] = np.clip(scaled, 0, top, out=scaled)
    return codes.reshape(x.shape)


def reciprocal_sqrt(value: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """1/√value as ``mantissa / 2**shift``, by a table of 192 entries and two Newton steps.

    value    int[...]  1 .. 2**62 - 1
    returns  mantissa  int[...], 2**16 .. 2**17 - 1
             shift     int[...], 17 .. 47

    The value's leading 21 or 22 bits m, such that an even number of bits is left out (floored), or
    zeros appended. From the table's y ≈ 2**30 / √m, twice

        a = y² >> 16     t = (3 · 2**44 - m a) >> 22     y = (y t + 2**22) >> 23

    then three bits of y are rounded away, half up; 2**17 saturates. Products of 40, 46 and 44 bits.
    Relative error below 2**-16.7, of which the bits left out contribute 2**-21.
    """
    value = integers("Value", value)
    check("Value", value, 1, (1 << 62) - 1)
    value = wide(value)[0]
    pairs = (bit_length(value) - 21) >> 1
    m = np.where(pairs >= 0, value >> 2 * np.maximum(pairs, 0), value << 2 * np.maximum(-pairs, 0))
    y = SEEDS.astype(m.dtype)[(m >> 14).astype(np.int64)] << 10
    for _ in range(2):
        t = (3 << 44) - m * (y * y >> 16) >> 22
        y = y * t + (1 << 22) >> 23
    return np.minimum(y + 4 >> 3, (1 << MANTISSA_BITS) - 1), pairs + 27


def parameters_of(
    gamma: ArrayLike, beta: ArrayLike, scale: float, zero_point: int, *, input_scale: float,
    epsilon: float,
) -> LayerNorm:
    """Integer parameters, off line and exact: floats are the rationals they stand for.

    gamma, beta        real[channels]  LayerNorm's affine, reparameterized to one scale
    scale, zero_point  of the codes
    input_scale        real            of the residual stream
    epsilon            real            LayerNorm's own

    The gains share one shift, that of the largest: codes have one scale, so that the absolute error
    of a gain counts and not its share. All constants are rounded half up.
    """
    step, source = Fraction(float(scale)), Fraction(float(input_scale))
    if step <= 0 or source <= 0:
        raise ValueError(
            f"Scales must be above 0, not {float(scale)!r} and {float(input_scale)!r}"
        )
    gains = [Fraction(g) / step for g in np.asarray(gamma).tolist()]
    offsets = [Fraction(b) / step + int(zero_point) for b in np.asarray(beta).tolist()]
    largest = max(map(abs, gains))
    if _half_up(largest) >> GAIN_BITS:
        raise ValueError(f"Gain must be below {2**GAIN_BITS - 0.5}, not {float(largest)!r}")
    shift = SHIFT_LIMIT
    while _half_up(largest * 2**shift) >> GAIN_BITS:
        shift -= 1
    whole = _half_up(Fraction(epsilon) * len(gains) ** 2 / source**2)
    return LayerNorm(
        np.array([_half_up(gain * 2**shift) for gain in gains]),
        np.array([_half_up(offset * 2**FRACTION) for offset in offsets]),
        shift,
        max(whole, 1),
    )


def _half_up(x):
    return floor(x + Fraction(1, 2))
