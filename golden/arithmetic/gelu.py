"""GELU and the quantizer behind it, as one table from codes to codes (R9).

Tables of other functions, :mod:`vit2rtl.golden.arithmetic.activations`, are made the same way.
"""

from collections.abc import Callable
from fractions import Fraction
from math import erfc, floor, sqrt

import numpy as np
from numpy.typing import ArrayLike

from vit2rtl.golden.arithmetic.integers import check, integers, smallest

INPUT_BITS = (4, 16)


def apply(codes: ArrayLike, table: ArrayLike) -> np.ndarray:
    """Look every code up.

    codes    int[...]         0 .. len(table) - 1, from a requantizer of 10 to 12 bits
    table    int[2**in_bits]  see :func:`table_of`
    returns  the table's type[...]

    No rounding beyond the table's own: 2**in_bits entries of ``bits`` bits.
    """
    codes, table = integers("Code", codes), np.asarray(table)
    check("Code", codes, 0, len(table) - 1)
    if codes.dtype == object:
        table, codes = table.astype(object), codes.astype(np.int64)
    return table[codes]


def table_of(
    input_scale: float, input_zero_point: int, scale: float, zero_point: int, *,
    input_bits: int = 12, bits: int = 4, function: Callable[[float], float] | None = None,
) -> np.ndarray:
    """The table, off line: ``clip(⌊f(s_x (c - z_x)) / s + 1/2⌋ + z, 0, 2**bits - 1)``.

    input_scale, input_zero_point   of the codes c, 0 .. 2**input_bits - 1
    scale, zero_point               of the result
    function                        f, :func:`gelu` by default
    returns                         uint8[2**input_bits], uint16 for more than 8 bits

    GELU by ``erfc`` in double precision, where no sign cancels; from there on exact, half up.
    """
    low, high = INPUT_BITS
    if not low <= input_bits <= high:
        raise ValueError(f"Input bits must be between {low} and {high}, not {input_bits!r}")
    if not 2 <= bits <= 16:
        raise ValueError(f"Bits must be between 2 and 16, not {bits!r}")
    for name, value in (("Input scale", input_scale), ("Scale", scale)):
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} must be above 0 and finite, not {value!r}")
    inputs = float(input_scale) * (np.arange(1 << input_bits) - int(input_zero_point))
    values = np.array([(function or gelu)(x) for x in inputs.tolist()])
    top = (1 << bits) - 1
    codes = quotients(values, float(scale), top + abs(int(zero_point))) + int(zero_point)
    return np.clip(codes, 0, top).astype(smallest(0, top))


def quotients(values: np.ndarray, scale: float, limit: int) -> np.ndarray:
    """int64: ``⌊values / scale + 1/2⌋``, exact, where the magnitude is at most ``limit``.

    Floats round in order: what is not below a tie does not come out below it. So they decide but
    for the quotients that come out as ties, which fractions settle.
    """
    quotients = np.clip(values / scale, -limit - 1, limit + 1) + 0.5
    rounded = np.floor(quotients).astype(np.int64)
    for n in np.flatnonzero(quotients == rounded):
        exact = Fraction(float(values[n])) / Fraction(scale) + Fraction(1, 2)
        rounded[n] = min(max(floor(exact), -limit - 1), limit + 1)
    return rounded


def gelu(x: float) -> float:
    """``x Φ(x)`` for a float, with a relative error below ``(8 + 2 x²) 2**-53``."""
    return x * erfc(-x / sqrt(2)) / 2
