"""The log√2 quantizer and dequantizer of post-Softmax probabilities (RepQ-ViT, Eqs. 18-20)."""

from fractions import Fraction
from math import isqrt

import numpy as np
from numpy.typing import ArrayLike

ZERO_CODES = ("top", "extra", "none")


def code_count(bits: int, zero_code: str) -> int:
    """Number of codes, the zero code included.

    ``top``    ``2**bits``      the top code stands for an exact zero (profile ``hardware``)
    ``extra``  ``2**bits + 1``  an extra code ``2**bits`` stands for zero (profile ``official``)
    ``none``   ``2**bits``      no zero; small values saturate at the top code (Eq. 18 as printed)
    """
    if not 2 <= bits <= 8:
        raise ValueError(f"Bits must be between 2 and 8, not {bits!r}")
    if zero_code not in ZERO_CODES:
        raise ValueError(f"Zero code must be one of {', '.join(ZERO_CODES)}, not {zero_code!r}")
    return (1 << bits) + (zero_code == "extra")


def thresholds(scale: float, *, width: int = 16) -> tuple[int, int]:
    """The two integers from which every decision threshold of the quantizer follows by shifts.

    Code k is left for k + 1 where ``p / scale`` falls below ``2**(-(2k+1)/4)``. Even k = 2j share
    the mantissa ``2**(-1/4)``, odd ones ``2**(-3/4)``; with probabilities as integers in units of
    ``2**-width`` the comparison ``p * 2**j < scale * 2**width * mantissa`` has an integer on the
    left and an irrational on the right, so rounding the right side up changes no decision.

    scale    real number, 0 < scale <= 1, taken exactly (a float is the rational it stands for)
    width    bits of the fixed-point probability
    returns  (int, int), ``ceil(scale * 2**width * 2**(-1/4))`` and the same for ``2**(-3/4)``

    The two satisfy ``second <= first <= 2 * second``, since ``y <= √2 y <= 2 y`` and rounding up
    keeps that order: no threshold exceeds the one before it, as :func:`quantize` requires.

    Computed in integers: with ``x = scale * 2**width``, ``ceil(x * 2**(-q/4))`` is the smallest
    t with ``t**4 * 2**q > x**4`` (equality is impossible).
    """
    exact = Fraction(scale)
    if not 0 < exact <= 1:
        raise ValueError(f"Scale must be above 0 and at most 1, not {scale!r}")
    fourth = (exact * (1 << width)) ** 4
    roots = (isqrt(isqrt(fourth.numerator // (fourth.denominator << q))) for q in (1, 3))
    first, second = (root + 1 for root in roots)
    return first, second


def quantize(
    probability: ArrayLike, threshold_a: int, threshold_b: int, *, bits: int,
    zero_code: str = "top",
) -> np.ndarray:
    """Quantize fixed-point probabilities to log√2 codes by comparison (Eq. 18).

    ``code = #{k : p < T_k}`` with ``T_2j = threshold_a / 2**j``, ``T_(2j+1) = threshold_b / 2**j``,
    k from 0 to the last code but one. A probability of zero gets the last code under every rule.

    probability  int[...]             unsigned fixed point, at most 32 bits
    threshold_a  int                  see :func:`thresholds`
    threshold_b  int                  ``threshold_b <= threshold_a <= 2 * threshold_b``
    returns      int64[...]           0 .. code_count(bits, zero_code) - 1

    With thresholds in that range, as from :func:`thresholds`, no ``T_(k+1)`` exceeds ``T_k``: a
    code is one interval of probabilities, and the hardware finds it with a single search. Others
    would mean no scale, and are refused.

    No rounding and no saturation beyond the count itself: exact against the irrational thresholds.
    """
    p = np.asarray(probability, dtype=np.int64)
    if p.size and (p.min() < 0 or p.max() >> 32):
        raise ValueError("Probability must be an unsigned integer of at most 32 bits")
    if not 0 < threshold_b <= threshold_a <= 2 * threshold_b:
        raise ValueError(
            f"Thresholds must satisfy 0 < b <= a <= 2 * b, not a={threshold_a!r}, b={threshold_b!r}"
        )
    steps = np.arange(code_count(bits, zero_code) - 1)
    mantissas = np.where(steps & 1, threshold_b, threshold_a).astype(np.int64)
    # p * 2**j < t  <=>  p < ceil(t / 2**j), for integers; j beyond 62 leaves only p = 0 below.
    levels = -(-mantissas >> np.minimum(steps >> 1, 62))
    return len(levels) - np.searchsorted(levels[::-1], p, side="right")


def dequantize(
    code: ArrayLike, *, bits: int, width: int = 16, zero_code: str = "top"
) -> np.ndarray:
    """Fixed-point value of a log√2 code: ``floor(2**(width-1) * 2**(-code/2))``, 0 for zero.

    The code's least significant bit picks the mantissa, 1 or 1/√2; the rest is a right shift
    (Eq. 19, with the parity factor of Eq. 20 as a constant mantissa). Flooring the constant and
    flooring the shift together floor the exact value, so the error is below one unit and the unit
    needs no adder.

    code     int[...]     0 .. code_count(bits, zero_code) - 1
    width    2 .. 32      bits of the result; 1.0 is ``2**(width-1)``
    returns  int64[...]   0 .. 2**(width-1)
    """
    if not 2 <= width <= 32:
        raise ValueError(f"Width must be between 2 and 32, not {width!r}")
    count = code_count(bits, zero_code)
    code = np.asarray(code, dtype=np.int64)
    if code.size and not 0 <= code.min() <= code.max() < count:
        raise ValueError(f"Code must be between 0 and {count - 1}")
    one = 1 << (width - 1)
    mantissa = np.where(code & 1, isqrt(one * one // 2), one)
    value = mantissa >> np.minimum(code >> 1, 63)
    return value if zero_code == "none" else np.where(code == count - 1, 0, value)
