"""GELU's tables against its power series in exact fractions."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from vit2rtl.golden.arithmetic import activations, gelu

from .integer_arrays import assert_same, python

# 1 / √(2π) to 40 digits, and the unit of the series' terms
DENSITY = Fraction(3989422804014326779399460599343818684759, 10**40)
UNIT = 2**200


def exact_gelu(x):
    """x (1/2 + φ(0) Σ (-1)^n x^(2n+1) / (2^n n! (2n+1))), off by less than 1e-30 for |x| up to 8.

    The terms alternate, so that once they fall the error is below the next one.
    """
    x, total, n = Fraction(x), 0, 0
    term = int(x * UNIT)
    square = int(x * x * UNIT)
    while n * UNIT < square or abs(term) > UNIT >> 110:
        total += term // (2 * n + 1)
        n += 1
        term = -term * square // (UNIT * 2 * n)
    return x * (Fraction(1, 2) + DENSITY * Fraction(total, UNIT))


def oracle(code, input_scale, input_zero_point, scale, zero_point, bits):
    value = exact_gelu(Fraction(input_scale) * (code - input_zero_point))
    rounded = floor(value / Fraction(scale) + Fraction(1, 2)) + zero_point
    return min(max(rounded, 0), 2**bits - 1)


@pytest.mark.parametrize(
    ("input_bits", "input_scale", "input_zero_point", "scale", "zero_point", "bits"),
    [
        (10, 0.0125, 512, 0.11, 2, 4),
        (10, 0.01, 512, 0.02, 9, 8),
        (8, 0.05, 100, 0.3, 1, 3),
        (6, 0.2, 32, 0.4, 0, 2),
        (4, 0.5, -3, 0.003, -20, 16),
    ],
)
def test_every_entry(input_bits, input_scale, input_zero_point, scale, zero_point, bits):
    table = gelu.table_of(input_scale, input_zero_point, scale, zero_point,
                          input_bits=input_bits, bits=bits)
    assert table.dtype == (np.uint8 if bits <= 8 else np.uint16)
    assert table.tolist() == [
        oracle(code, input_scale, input_zero_point, scale, zero_point, bits)
        for code in range(2**input_bits)
    ]


@pytest.mark.parametrize("x", [-8.0, -3.3, -0.7518, -1e-3, 0.0, 1e-9, 0.5, 4.2, 7.9])
def test_gelu_in_double_precision(x):
    exact = exact_gelu(x)
    assert abs(Fraction(gelu.gelu(x)) - exact) <= abs(exact) * Fraction(8 + 2 * x * x) / 2**53


@pytest.mark.parametrize("function", [activations.relu, activations.gelu_tanh])
@pytest.mark.parametrize("scale", [0.25, 0.37])
def test_other_functions_round_half_up_too(function, scale):
    table = gelu.table_of(0.125, 32, scale, 3, input_bits=6, bits=4, function=function)
    want = [floor(Fraction(function(0.125 * (c - 32))) / Fraction(scale) + Fraction(1, 2)) + 3
            for c in range(64)]
    assert table.tolist() == [min(max(code, 0), 15) for code in want]


@pytest.mark.parametrize("scales", [(0.05, 0.1), (0.15, 0.3), (0.35, 0.7), (1.1, 2.2)])
def test_what_is_a_tie_but_for_rounding_is_settled_exactly(scales):
    """Odd multiples of ``s_x = s / 2``, neither of which a float holds."""
    table = gelu.table_of(scales[0], 8, scales[1], 3, input_bits=8, bits=8, function=lambda x: x)
    inputs = [scales[0] * (code - 8) for code in range(256)]
    want = [floor(Fraction(x) / Fraction(scales[1]) + Fraction(1, 2)) + 3 for x in inputs]
    assert table.tolist() == [min(max(code, 0), 255) for code in want]


@pytest.mark.parametrize("zero_point", [-2, -1, 0, 1, 5])
def test_ties_beyond_the_last_code_saturate(zero_point):
    table = gelu.table_of(1.0, 32, 2.0, zero_point, input_bits=6, bits=2, function=lambda x: x)
    want = [(code - 32 + 1) // 2 + zero_point for code in range(64)]
    assert table.tolist() == [min(max(code, 0), 3) for code in want]


def test_ties_go_up():
    table = gelu.table_of(1.0, 8, 2.0, 0, input_bits=4, bits=4, function=lambda x: x)
    assert table[8:].tolist() == [0, 1, 1, 2, 2, 3, 3, 4]


@pytest.mark.parametrize(("x", "want"), [(0.0, 0.0), (1.0, 0.841191990608276), (-3.0, -0.003637)])
def test_gelu_by_tanh(x, want):
    assert activations.gelu_tanh(x) == pytest.approx(want, abs=1e-6)


def test_far_inputs_saturate_or_vanish():
    table = gelu.table_of(1.0, 2**15, 0.1, 5, input_bits=16, bits=4)
    assert (table[: 2**15 - 40] == 5).all()
    assert (table[2**15 + 40 :] == 15).all()


def test_apply_looks_up():
    table = gelu.table_of(0.1, 8, 0.1, 2, input_bits=4, bits=4)
    codes = np.arange(16).reshape(4, 2, 2)
    got = gelu.apply(codes, table)
    assert got.ravel().tolist() == table.tolist()
    assert_same(got, gelu.apply(python(codes), table))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gelu.apply([16], np.zeros(16, int)), "Code must be between 0 and 15, not 16"),
        (lambda: gelu.apply([-1], np.zeros(16, int)), "Code must be between 0 and 15, not -1"),
        (
            lambda: gelu.table_of(1, 0, 1, 0, input_bits=17),
            "Input bits must be between 4 and 16, not 17",
        ),
        (lambda: gelu.table_of(1, 0, 1, 0, bits=1), "Bits must be between 2 and 16, not 1"),
        (lambda: gelu.table_of(0, 0, 1, 0), "Input scale must be above 0 and finite, not 0"),
        (
            lambda: gelu.table_of(1, 0, float("inf"), 0),
            "Scale must be above 0 and finite, not inf",
        ),
        (lambda: gelu.table_of(1, 0, -1.5, 0), "Scale must be above 0 and finite, not -1.5"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
