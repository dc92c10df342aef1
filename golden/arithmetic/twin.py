"""Twin uniform codes (Yuan et al., ECCV 2022): two regions, a step and an accumulator each.

Of b bits a code of a probability is a region's bit and a magnitude of 0 .. k, ``k = 2**(b-1) - 1``:
steps of 1/k from a split ``2**-m`` up, of ``2**-m / k`` below. A code of an activation is a signed
number whose sign says which of two steps it counts. Products are summed by region, and both sums
are requantized together, as even and odd ones are by R5.
"""

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vit2rtl.golden.arithmetic import matmul
from vit2rtl.golden.arithmetic.attention_value import (
    MULTIPLIER_BITS,
    ChannelMultipliers,
    Multipliers,
)
from vit2rtl.golden.arithmetic.gelu import quotients
from vit2rtl.golden.arithmetic.integers import check, integers, wide
from vit2rtl.golden.arithmetic.requantizer import multiplier_and_shift, round_half_up

# m: the finest split is 2**-19.
SPLITS = (0, 19)


def top_of(bits: int) -> int:
    """k, the largest magnitude of a region's codes."""
    return (1 << bits - 1) - 1


def quantize(probability: ArrayLike, split: int, *, bits: int, width: int = 16) -> np.ndarray:
    """Probabilities to codes.

    probability  int[...]  0 .. 2**width - 1, units of ``2**-width``
    split        m, 0 .. 19
    returns      int64[...] (Python integers for such)  0 .. 2**bits - 1

    From ``2**(width-m)`` up, and no less than 1, ``(p k + 2**(width-1)) >> width`` and the region's
    bit; below ``min(k, (p k 2**m + 2**(width-1)) >> width)``. ``p k`` is ``(p << bits-1) - p``: a
    comparison, a subtraction, and one rounding, half up.
    """
    (probability,) = wide(integers("Probability", probability))
    check("Probability", probability, 0, (1 << width) - 1)
    top, half = top_of(bits), 1 << (width - 1)
    product = probability * top
    fine = np.minimum((product << split) + half >> width, top)
    return np.where(probability >= max(1 << width >> split, 1),
                    (product + half >> width) + top + 1, fine)


def magnitudes(bits: int) -> np.ndarray:
    """int64[2, 2**bits]: the magnitude of each code of a probability, of the coarse region and of
    the fine one; zero in the other."""
    steps, none = np.arange(1 << bits - 1), np.zeros(1 << bits - 1, np.int64)
    return np.stack([np.concatenate([none, steps]), np.concatenate([steps, none])])


def accumulate(
    codes: ArrayLike, values: ArrayLike, zero_point: int, *, bits: int, most: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Attention times V by region: coarse and fine.

    codes       int[..., rows, tokens]      of probabilities
    values      int[..., tokens, channels]  codes of v; the zero point is subtracted as they load
    most        what no magnitude of a sum exceeds, where it is known; see :func:`bound`
    returns     two int[..., rows, channels]

    Exact sums; no rounding, no saturation.
    """
    codes, values = integers("Code", codes), integers("Value", values)
    check("Code", codes, 0, (1 << bits) - 1)
    centered = wide(values)[0] - int(zero_point)
    tables, index = magnitudes(bits), codes
    if codes.dtype == object:
        tables, index = tables.astype(object), codes.astype(np.int64)
    coarse, fine = (matmul.product(table.take(index), centered, bound=most) for table in tables)
    return coarse, fine


def bound(tokens: int, value_reach: int, split: int, *, bits: int, width: int = 16) -> int:
    """Largest magnitude of either sum of :func:`accumulate` for rows of a softmax (R6).

    Probabilities add up to one, and rounding to ``width`` bits raises each by half a unit at most.
    ``2**m p k`` of each, half a step more by rounding, and never more than k.
    """
    top = top_of(bits)
    whole = 1 + Fraction(tokens, 1 << width + 1)
    return floor(min(Fraction(tokens * top), whole * (top << split) + Fraction(tokens, 2))
                 ) * value_reach


def multipliers(
    first: ArrayLike, second: ArrayLike, *, multiplier_bits: int = MULTIPLIER_BITS
) -> ChannelMultipliers:
    """Of the first sum and of the second, and the shift that both share.

    first, second  real[channels]  what the sums are scaled by, not negative

    The larger of the two is normalized to ``multiplier_bits``; both are rounded half up from the
    exact value, and shifts lie in a window, as
    :func:`vit2rtl.golden.arithmetic.requantizer.multiplier_and_shift` says.
    """
    pair = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, np.float64))
                                 for x in (first, second)))
    _, shift = multiplier_and_shift(np.maximum(*pair), multiplier_bits=multiplier_bits)
    even, odd = (np.array([round_half_up(float(f), int(n))
                           for f, n in zip(factors, shift, strict=True)], np.int64)
                 for factors in pair)
    return ChannelMultipliers(even, odd, shift)


def value_multipliers(
    scale: float, split: int, v_scale: float, output_scale: float
) -> Multipliers:
    """Of the coarse sum and of the fine one, from the scales of the coarse codes, of v and of the
    output."""
    factor = scale * v_scale / output_scale
    coarse, fine, shift = (int(x[0]) for x in multipliers(factor, np.ldexp(factor, -split)))
    return Multipliers(coarse, fine, shift)


class Layer(NamedTuple):
    """A linear layer behind activations of two regions, see :func:`layer_of`.

    bias        int[out]    in units of the accumulator of codes from 0 up, to which it is added
    multipliers             of that accumulator, and of the one of codes below 0
    bound       int         of the magnitude of either, bias included (R6)
    """

    bias: np.ndarray
    multipliers: ChannelMultipliers
    bound: int


def layer_of(
    weight: np.ndarray, weight_scale: ArrayLike, bias: ArrayLike, scales: tuple[float, float],
    output_scale: float, *, bits: int,
) -> Layer:
    """The constants of a linear layer.

    weight        int[out, in]  codes less their row's zero point
    weight_scale  real[out]
    bias          real[out]
    scales        of input codes from 0 up, and below
    bits          of the input
    raises        ValueError where an accumulator does not fit 32 bits

    Multipliers have 16 bits, as those of R1.
    """
    plain = matmul.bias_integer(bias, scales[0], weight_scale, weight)
    half = 1 << bits - 1
    most = matmul.linear_bounds(weight, plain, half, 2 * half - 1).accumulator
    if most >= matmul.ACCUMULATOR_LIMIT:
        raise ValueError(f"Accumulator bound {most} does not fit 32 bits")
    factors = (scale * np.asarray(weight_scale, np.float64) / output_scale for scale in scales)
    return Layer(plain, multipliers(*factors, multiplier_bits=16), most)


def table_of(
    input_scale: float, input_zero_point: int, scales: tuple[float, float], *, input_bits: int,
    bits: int, function: Callable[[float], float],
) -> np.ndarray:
    """int8[2**input_bits]: an activation function and the quantizer behind it, off line.

    Of a function's value f that is not negative ``min(⌊f / s + 1/2⌋, k)``, of others
    ``max(⌊f / s' + 1/2⌋, -k - 1)``; scales are (s, s'). As
    :func:`vit2rtl.golden.arithmetic.gelu.table_of` makes it.
    """
    inputs = float(input_scale) * (np.arange(1 << input_bits) - int(input_zero_point))
    values = np.array([function(x) for x in inputs.tolist()])
    half = 1 << bits - 1
    above, below = (quotients(values, float(scale), half) for scale in scales)
    codes = np.where(values >= 0, np.minimum(above, half - 1), np.maximum(below, -half))
    return codes.astype(np.int8)
