"""GELU and the quantizer behind it, as one table from codes to codes (R9)."""

from fractions import Fraction
from math import erfc, floor, sqrt

import numpy as np

from vit2rtl.golden.arithmetic.integers import check, integers, smallest

INPUT_BITS = (4, 16)


def apply(codes, table):
    """Look every code up.

    codes    int[...]         0 .. len(table) - 1, from a requantizer of 10 to 12 bits
    table    int[2**in_bits]  see :func:`table_of`
    returns  the table's type[...]

    No rounding beyond the table's own: 2**in_bits entries of ``bits`` bits.
    """
    codes = integers("Code", codes)
    check("Code", codes, 0, len(table) - 1)
    if codes.dtype == object:
        table, codes = table.astype(object), codes.astype(np.int64)
    return np.asarray(table)[codes]


def table_of(input_scale, input_zero_point, scale, zero_point, *, input_bits=12, bits=4):
    """The table, off line: ``clip(⌊gelu(s_x (c - z_x)) / s + 1/2⌋ + z, 0, 2**bits - 1)``.

    input_scale, input_zero_point   of the codes c, 0 .. 2**input_bits - 1
    scale, zero_point               of the result
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
    step, half, top = Fraction(float(scale)), Fraction(1, 2), (1 << bits) - 1
    inputs = (float(input_scale) * (c - int(input_zero_point)) for c in range(1 << input_bits))
    codes = [floor(Fraction(gelu(x)) / step + half) + int(zero_point) for x in inputs]
    return np.array([min(max(code, 0), top) for code in codes], dtype=smallest(0, top))


def gelu(x):
    """``x Φ(x)`` for a float, with a relative error below ``(8 + 2 x²) 2**-53``."""
    return x * erfc(-x / sqrt(2)) / 2
