"""Integer matmuls, exact: linear layers (R2), q·kᵀ (R3), and the bounds of their sums (R6).

Where no partial sum can leave the integers that a float holds (2**24 for float32, 2**53 for
float64), BLAS multiplies floats: every product and sum is an integer, so none is ever rounded, in
whatever order they are added.
"""

from fractions import Fraction
from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vit2rtl.golden.arithmetic.integers import integers, reach, wide
from vit2rtl.golden.arithmetic.requantizer import multiplier_and_shift

# Accumulators are signed numbers of 32 bits.
ACCUMULATOR_LIMIT = 1 << 31
# Two products share a multiplier of 18 × 18 bits: of digits of so many bits, of two rows at least.
PACKED_BASE, PACKED_ROWS = 4, 2
EXACT = ((np.float32, 1 << 24), (np.float64, 1 << 53))


def product(a: ArrayLike, b: ArrayLike, *, bound: int | None = None) -> np.ndarray:
    """``a @ b`` of integers.

    a        int[..., n, k]
    b        int[..., k, m]
    bound    what no sum of the magnitudes of an element's products exceeds; by default
             ``k * max|a| * max|b|``
    returns  int32[..., n, m] where the bound is below 2**31, else int64; Python integers where a or
             b has them, or where int64 could overflow

    No rounding, no saturation.
    """
    a, b = integers("Left factor", a), integers("Right factor", b)
    if bound is None:
        bound = a.shape[-1] * reach(a) * reach(b)
    if bound >> 63 or object in (a.dtype, b.dtype):
        return a.astype(object) @ b.astype(object)
    kind = next((kind for kind, limit in EXACT if bound <= limit), np.int64)
    sums = a.astype(kind, copy=False) @ b.astype(kind, copy=False)
    return sums.astype(np.int32 if bound < 1 << 31 else np.int64, copy=False)


def wrapped(sums: np.ndarray, bits: int) -> np.ndarray:
    """Sums as an accumulator of ``bits`` bits holds them, in two's complement (R6).

    sums     int[...]
    returns  int64[...], Python integers where the sums are; equal to the sums where these fit
    """
    wide_sums, half = wide(integers("Sums", sums))[0], 1 << (bits - 1)
    return (wide_sums + half) % (2 * half) - half


def linear(x: ArrayLike, weight: ArrayLike, bias: ArrayLike) -> np.ndarray:
    """Accumulators of a linear layer: ``x @ weight.T + bias`` (R2).

    x        int[..., in]    codes less their zero point with ``bias_integer(...)``, or plain codes
                             with the bias that makes up for it, ``bias_integer(..., zero_point=z)``
    weight   int[out, in]    codes less their row's zero point, w'
    bias     int[out]
    returns  int32[..., out] where the sums are bound to fit, else int64 or Python integers

    No rounding, no saturation. Width: :func:`linear_bounds`.
    """
    weight, bias, x = integers("Weight", weight), integers("Bias", bias), integers("Input", x)
    rows = int(np.abs(wide(weight)[0]).sum(axis=1).max()) if weight.size else 0
    bound = rows * reach(x) + reach(bias)
    sums = product(x, weight.T, bound=bound)
    kind = object if object in (sums.dtype, bias.dtype) else sums.dtype
    sums = sums.astype(kind, copy=False)
    sums += bias.astype(kind)
    return sums


def query_key(
    q: ArrayLike, k: ArrayLike, q_zero_point: int, k_zero_point: int, *, bound: int | None = None
) -> np.ndarray:
    """q·kᵀ of codes, both less their zero points (R3).

    q        int[..., tokens, head]  codes; the zero points are subtracted as they are loaded
    k        int[..., tokens, head]
    bound    of all sums where it is known, see :func:`product`
    returns  int32[..., tokens, tokens] where the sums are bound to fit

    No rounding, no saturation. Magnitude at most ``head * max|q - z_q| * max|k - z_k|``:
    4,161,600 for heads of 64, 8 bits and zero points among the codes.
    """
    left, right = center("Query", q, q_zero_point), center("Key", k, k_zero_point)
    return product(left, np.swapaxes(right, -1, -2), bound=bound)


def center(name: str, codes: ArrayLike, zero_point: int) -> np.ndarray:
    """``codes - zero_point`` as int16 where that holds them, else int64 or Python integers."""
    codes = integers(name, codes)
    if codes.dtype == object:
        return codes - int(zero_point)
    fits = reach(codes) + abs(int(zero_point)) < 1 << 15
    return np.subtract(codes, int(zero_point), dtype=np.int16 if fits else np.int64,
                       casting="unsafe")


def code_reach(zero_point: int, low: int, high: int) -> int:
    """Largest magnitude of a code in ``low .. high`` less its zero point."""
    return max(zero_point - low, high - zero_point)


def query_key_bound(q_reach: int, k_reach: int, head: int) -> int:
    """What no sum of the magnitudes of q·kᵀ's products exceeds, for heads of ``head`` channels.

    q_reach, k_reach   see :func:`code_reach`
    """
    return q_reach * k_reach * head


class Codes(NamedTuple):
    """What the codes ``0 .. top`` stand for: ``scale * (code - zero_point)``."""

    scale: float
    zero_point: int
    top: int

    @property
    def reach(self) -> int:
        return code_reach(self.zero_point, 0, self.top)


class Layer(NamedTuple):
    """The integers of a linear layer, see :func:`layer_of`.

    bias               int64[out]  for codes less their zero point
    folded             int64[out]  for plain codes
    multiplier, shift  int64[out]  accumulators to codes of the output's scale (R1)
    bound              no magnitude of an accumulator is larger, in whatever order it is summed (R6)
    """

    bias: np.ndarray
    folded: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    bound: int


def layer_of(
    weight: np.ndarray, weight_scale: np.ndarray, bias: np.ndarray, source: Codes,
    output_scale: float,
) -> Layer:
    """All that a program, a simulation and a circuit need of a linear layer beside its weights.

    weight        int[out, in]  w', codes less their row's zero point
    weight_scale  real[out]     s_w
    bias          real[out]
    source        of the input
    output_scale  real          of the codes to requantize to, one for all channels
    raises        ValueError where an accumulator does not fit 32 bits

    Bias and folded bias round half up, once, see :func:`bias_integer`; factors as
    :func:`vit2rtl.golden.arithmetic.requantizer.multiplier_and_shift` says.
    """
    plain = bias_integer(bias, source.scale, weight_scale, weight)
    bound = linear_bounds(weight, plain, source.zero_point, source.top).accumulator
    if bound >= ACCUMULATOR_LIMIT:
        raise ValueError(f"Accumulator bound {bound} does not fit 32 bits")
    scale = source.scale * np.asarray(weight_scale, np.float64)
    multiplier, shift = multiplier_and_shift(scale / output_scale)
    return Layer(plain, fold(plain, weight, source.zero_point), multiplier, shift, bound)


def bias_integer(
    bias: ArrayLike, input_scale: float, weight_scale: ArrayLike, weight: ArrayLike, *,
    zero_point: int = 0,
) -> np.ndarray:
    """A linear layer's bias in units of its accumulator: ``⌊b / (s_x s_w) + 1/2⌋ - z Σw'``.

    bias          real[out]
    input_scale   real         s_x
    weight_scale  real[out]    s_w
    weight        int[out, in] w', codes less their row's zero point
    zero_point    int          of the input, where plain codes are multiplied; 0 for centered ones
    returns       int64[out], Python integers where those do not fit

    Exact: floats are the rationals they stand for. Rounds half up, once.
    """
    source = Fraction(input_scale)
    rounded = [
        floor(Fraction(b) / (source * Fraction(s)) + Fraction(1, 2))
        for b, s in zip(_reals(bias), _reals(weight_scale), strict=True)
    ]
    fits = all(abs(b) >> 62 == 0 for b in rounded)
    return fold(np.array(rounded, dtype=np.int64 if fits else object), weight, zero_point)


def fold(bias: np.ndarray, weight: ArrayLike, zero_point: int) -> np.ndarray:
    """The bias for plain codes, from the one for codes less their zero point: ``b - z Σw'``."""
    return bias - zero_point * wide(integers("Weight", weight))[0].sum(axis=1)


def unfold(bias: np.ndarray, weight: np.ndarray, zero_point: int) -> np.ndarray:
    """The bias for codes less their zero point, from the one for plain codes."""
    return fold(bias, weight, -zero_point)


class LinearBounds(NamedTuple):
    """What a linear layer's sums stay within, see :func:`linear_bounds`.

    products     the magnitudes of an element's products, added up: no partial sum is larger
    accumulator  the same, with the bias's magnitude on top
    """

    products: int
    accumulator: int


def linear_bounds(
    weight: np.ndarray, bias: np.ndarray, zero_point: int, top: int
) -> LinearBounds:
    """The bounds that a program states of a layer, for input codes in ``0 .. top`` (R6).

    weight      int[out, in]  w', codes less their row's zero point
    bias        int[out]      the one for codes less their zero point, see :func:`bias_integer`
    zero_point  of the input

    Whatever the order of the products.
    """
    weight, bias = wide(integers("Weight", weight), integers("Bias", bias))
    products = np.abs(weight).sum(axis=1) * code_reach(zero_point, 0, top)
    return LinearBounds(int(products.max()), int((products + np.abs(bias)).max()))


def width(low: int, high: int) -> int:
    """Bits of the narrowest two's complement numbers that hold ``low .. high``."""
    return max(int(high), -1 - int(low), 0).bit_length() + 1


def _reals(values):
    return np.asarray(values).tolist()
