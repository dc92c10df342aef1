"""The requantizer's golden functions against fractions."""

from fractions import Fraction
from itertools import product
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic.requantizer import multiplier_and_shift, requantize

ACCS = (
    0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    1 << 16,
    -(1 << 16),
    (1 << 26) - 1,
    -(1 << 26),
    2**31 - 1,
    1 - 2**31,
)
MULTIPLIERS = (0, 1, 2, 3, 1 << 14, 1 << 15, (1 << 16) - 1, (1 << 18) - 1)
ZERO_POINTS = (0, 7, -9, 2**31, -(2**31))


def oracle(acc, multiplier, shift, zero_point, bits):
    scaled = floor(Fraction(acc) * multiplier / 2**shift + Fraction(1, 2))
    return min(max(scaled + zero_point, 0), 2**bits - 1)


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
@pytest.mark.parametrize("zero_point", ZERO_POINTS)
def test_extremes_at_every_shift(bits, zero_point):
    cases = list(product(ACCS, MULTIPLIERS, (1, 2, 15, 16, 17, 30, 31, 32, 46, 47)))
    got = requantize(*np.array(cases).T, zero_point, bits=bits)
    want = [oracle(*case, zero_point, bits) for case in cases]
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("shift", range(1, 48))
def test_ties_round_up_for_both_signs(shift):
    power = max(0, shift - 1 - 30)
    half = 1 << (shift - 1 - power)
    accs = np.array([half, -half] + [half * odd for odd in (3, -3) if 3 * half < 2**31])
    got = requantize(accs, 1 << power, shift, 8, bits=4)
    np.testing.assert_array_equal(got, [9, 8, 10, 7][: len(accs)])
    if power == 0:
        np.testing.assert_array_equal(requantize(accs[:2] - 1, 1, shift, 8, bits=4), [8, 7])


@given(
    acc=st.integers(1 - 2**31, 2**31 - 1),
    multiplier=st.integers(0, 2**18 - 1),
    shift=st.integers(1, 47),
    zero_point=st.integers(-(2**31), 2**31),
    bits=st.integers(2, 16),
)
@settings(deadline=None, derandomize=True, max_examples=500)
def test_any_element(acc, multiplier, shift, zero_point, bits):
    got = requantize(acc, multiplier, shift, zero_point, bits=bits)
    assert got == oracle(acc, multiplier, shift, zero_point, bits)


def test_channels_broadcast():
    acc = np.arange(-6, 6).reshape(2, 2, 3)
    got = requantize(acc, [1, 2, 3], [1, 2, 3], 4, bits=4)
    want = [oracle(a, c + 1, c + 1, 4, 4) for a, c in zip(acc.flat, [0, 1, 2] * 4, strict=True)]
    np.testing.assert_array_equal(got.reshape(-1), want)


def test_rows_of_one_column_broadcast_against_channels():
    got = requantize(np.arange(-3, 3)[:, np.newaxis], [1, 2, 3], [1, 2, 3], 4, bits=4)
    assert got.tolist() == [[oracle(a, c, c, 4, 4) for c in (1, 2, 3)] for a in range(-3, 3)]


def widest(factor, bits):
    """The largest shift at which the rounded multiplier still fits, by bisection."""
    fits, too_much = -20, 1200
    while too_much - fits > 1:
        shift = (fits + too_much) // 2
        fit = floor(factor * Fraction(2) ** shift + Fraction(1, 2)) < 2**bits
        fits, too_much = (shift, too_much) if fit else (fits, shift)
    return fits


def check_factors(factors, bits, window):
    multipliers, shifts = multiplier_and_shift(factors, multiplier_bits=bits, window=window)
    exact = [Fraction(float(factor)) for factor in factors]
    natural = [widest(factor, bits) for factor in exact if factor]
    base = min(min(natural, default=1), 47 - window + 1)
    for factor, multiplier, shift in zip(exact, multipliers.tolist(), shifts.tolist(), strict=True):
        last = base + window - 1
        assert shift == (min(widest(factor, bits), last) if factor else last)
        assert multiplier == floor(factor * 2**shift + Fraction(1, 2))
        assert multiplier < 2**bits
        assert multiplier >= 2 ** (bits - 1) or shift == last


@given(
    factors=st.lists(st.floats(0, 2.0**14), min_size=1, max_size=6),
    bits=st.sampled_from([16, 17, 18]),
    window=st.sampled_from([1, 2, 8]),
)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_multiplier_and_shift_of_any_factors(factors, bits, window):
    check_factors(factors, bits, window)


@pytest.mark.parametrize(
    "factors",
    [
        [0.0],
        [0.0, 0.5],
        [1.0],
        [2.0**15 - 1],
        [np.nextafter(32767.75, 0)],
        [2.0**-31, 2.0**-32],
        [2.0**-40],
        [5e-324, 1e-300],
        [1.0, 2.0**-6, 2.0**-7, 2.0**-8, 2.0**-9, 2.0**-23, 2.0**-24, 2.0**-25],
        [(2**16 - 0.5) / 2**20],
        [(2**16 - 0.25) / 2**20],
        [(2**16 - 0.5000001) / 2**20],
        [(2**16 - 0.25) / 2**20, 1.5 / 2**13],
        [np.nextafter(0.5, 0), 0.5, np.nextafter(0.5, 1)],
    ],
    ids=str,
)
def test_multiplier_and_shift_of_chosen_factors(factors):
    check_factors(factors, 16, 8)


def test_multiplier_that_rounds_up_carries_into_the_shift():
    multipliers, shifts = multiplier_and_shift([(2**16 - 0.5) / 2**20])
    assert (multipliers.tolist(), shifts.tolist()) == ([1 << 15], [19])


def test_multiplier_and_shift_of_a_scalar_is_one_channel():
    multipliers, shifts = multiplier_and_shift(0.5)
    assert (multipliers.tolist(), shifts.tolist()) == ([1 << 15], [16])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: requantize(0, 0, 1, 0, bits=1), "Bits must be between 2 and 16, not 1"),
        (lambda: requantize(0, 0, 1, 0, bits=17), "Bits must be between 2 and 16, not 17"),
        (
            lambda: requantize([0, 2**31], 0, 1, 0, bits=4),
            "Accumulator must be between -2147483647 and 2147483647, not 2147483648",
        ),
        (
            lambda: requantize([0, -(2**31)], 0, 1, 0, bits=4),
            "Accumulator must be between -2147483647 and 2147483647, not -2147483648",
        ),
        (
            lambda: requantize(0, -1, 1, 0, bits=4),
            "Multiplier must be between 0 and 262143, not -1",
        ),
        (
            lambda: requantize(0, 1 << 18, 1, 0, bits=4),
            "Multiplier must be between 0 and 262143, not 262144",
        ),
        (lambda: requantize(0, 1, 0, 0, bits=4), "Shift must be between 1 and 47, not 0"),
        (lambda: requantize(0, 1, [5, 48], 0, bits=4), "Shift must be between 1 and 47, not 48"),
        (
            lambda: requantize(0, 1, 1, 2**31 + 1, bits=4),
            "Zero point must be between -2147483648 and 2147483648, not 2147483649",
        ),
        (
            lambda: multiplier_and_shift([1.0, float("inf")]),
            "Scale must be finite and not negative",
        ),
        (lambda: multiplier_and_shift([float("nan")]), "Scale must be finite and not negative"),
        (lambda: multiplier_and_shift([1.0, -1.0]), "Scale must be finite and not negative"),
        (lambda: multiplier_and_shift([1e9]), "Scale must be below 32767.75, not 1000000000.0"),
        (lambda: multiplier_and_shift([32767.75]), "Scale must be below 32767.75, not 32767.75"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
