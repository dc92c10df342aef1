"""The log√2 golden functions against definitions in Python integers and fractions."""

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic.log_sqrt2 import (
    ZERO_CODES,
    code_count,
    dequantize,
    quantize,
    thresholds,
)

SCALES = (1.0, 0.99999, 0.37, Fraction(1, 3), 0.0051, 3 / 65536, 1 / 65536, 2.0**-40)
COUNTS = {(bits, rule): code_count(bits, rule) for bits in range(2, 9) for rule in ZERO_CODES}


def below(probability, scale, width, k):
    """Whether ``p < scale * 2**(-(2k+1)/4)``, both sides raised to the fourth power."""
    right = Fraction(scale) * 2**width
    return probability**4 * 2 ** (2 * k + 1) * right.denominator**4 < right.numerator**4


def every_code(scale, width, last):
    """Codes of all probabilities: thresholds fall as k rises, so one walk meets them all."""
    codes, k = np.empty(2**width, dtype=np.int64), last
    for probability in range(2**width):
        while k and not below(probability, scale, width, k - 1):
            k -= 1
        codes[probability] = k
    return codes


@pytest.mark.parametrize("scale", SCALES, ids=str)
def test_quantize_is_exact_for_every_probability_width_and_zero_rule(scale):
    codes = every_code(scale, 16, last=256)
    probabilities, pair = np.arange(2**16), thresholds(scale)
    for (bits, rule), count in COUNTS.items():
        got = quantize(probabilities, *pair, bits=bits, zero_code=rule)
        np.testing.assert_array_equal(got, np.minimum(codes, count - 1), err_msg=f"{bits} {rule}")


@pytest.mark.parametrize("scale", [1.0, 0.37])
def test_quantize_is_equation_18(scale):
    probabilities = np.arange(1, 2**16)
    rounded = np.round(-2 * np.log2(probabilities / 2**16 / scale)).clip(0, 15)
    got = quantize(probabilities, *thresholds(scale), bits=4, zero_code="none")
    np.testing.assert_array_equal(got, rounded)


@given(
    scale=st.fractions(min_value=Fraction(1, 10**9), max_value=1, max_denominator=10**9),
    width=st.integers(2, 32),
    probability=st.integers(0, 2**32 - 1),
    bits=st.integers(2, 8),
    rule=st.sampled_from(ZERO_CODES),
)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_quantize_any_scale_and_width(scale, width, probability, bits, rule):
    probability %= 2**width
    want = sum(below(probability, scale, width, k) for k in range(code_count(bits, rule) - 1))
    pair = thresholds(scale, width=width)
    assert quantize([probability], *pair, bits=bits, zero_code=rule) == want


@given(
    scale=st.floats(min_value=2.0**-60, max_value=1),
    width=st.integers(2, 32),
)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_thresholds_are_the_smallest_integers_not_below(scale, width):
    for k, threshold in enumerate(thresholds(scale, width=width)):
        assert not below(threshold, scale, width, k)
        assert below(threshold - 1, scale, width, k)


def test_thresholds_of_one():
    assert thresholds(1.0) == (55109, 38968)


@pytest.mark.parametrize("width", range(3, 11))
def test_every_pair_of_thresholds_that_a_scale_can_have_is_in_order(width):
    """Either one steps from n to n + 1 only where ``scale * 2**width`` passes ``n * 2**(q/4)``.

    Scales just below and just above every such point therefore meet every pair.
    """
    one = 1 << width + 64
    largest = thresholds(1, width=width)
    seen = {largest}
    for index, quarter in enumerate((1, 3)):
        for n in range(1, largest[index]):
            under = isqrt(isqrt(n**4 << quarter + 4 * 64))  # floor(n * 2**(quarter/4) * 2**64)
            below, above = (thresholds(Fraction(u, one), width=width) for u in (under, under + 1))
            assert (below[index], above[index]) == (n, n + 1)
            seen |= {below, above}
        assert {pair[index] for pair in seen} == set(range(1, largest[index] + 1))
    assert all(0 < b <= a <= 2 * b and a < 1 << width for a, b in seen)


@given(
    scale=st.one_of(
        st.fractions(min_value=Fraction(1, 10**12), max_value=1, max_denominator=10**12),
        st.floats(min_value=2.0**-60, max_value=1),
    ),
    width=st.integers(3, 32),
)
@settings(deadline=None, derandomize=True, max_examples=500)
def test_thresholds_of_any_scale_and_width_are_in_order_and_fit(scale, width):
    a, b = thresholds(scale, width=width)
    assert 0 < b <= a <= 2 * b
    assert a < 1 << width


def test_thresholds_of_one_need_three_bits():
    assert thresholds(1, width=2) == (4, 3)
    assert thresholds(1, width=3) == (7, 5)


@pytest.mark.parametrize(("bits", "rule"), COUNTS, ids=str)
def test_quantize_counts_for_every_pair_of_thresholds_in_order(bits, rule):
    probabilities = np.arange(32)
    for b in range(1, 32):
        for a in range(b, min(2 * b, 31) + 1):
            levels = [Fraction((a, b)[k & 1], 2 ** (k >> 1)) for k in range(COUNTS[bits, rule] - 1)]
            assert levels == sorted(levels, reverse=True)
            # After 5 halves of each only zero is left below.
            want = [sum(p < level for level in levels[:10]) for p in range(1, 32)]
            got = quantize(probabilities, a, b, bits=bits, zero_code=rule)
            assert got.tolist() == [len(levels), *want]


@pytest.mark.parametrize(("bits", "rule"), COUNTS, ids=str)
def test_zero_gets_the_last_code(bits, rule):
    pair = thresholds(0.5)
    assert quantize([0], *pair, bits=bits, zero_code=rule) == COUNTS[bits, rule] - 1


@pytest.mark.parametrize("rule", ZERO_CODES)
@pytest.mark.parametrize("bits", range(2, 9))
def test_dequantize_is_the_floor_for_every_code_and_width(bits, rule):
    count = code_count(bits, rule)
    for width in range(2, 33):
        for code, value in enumerate(
            dequantize(np.arange(count), bits=bits, width=width, zero_code=rule).tolist()
        ):
            if rule != "none" and code == count - 1:
                assert value == 0
            else:
                assert value**2 << code <= 4 ** (width - 1) < (value + 1) ** 2 << code


def test_codes_of_values_are_the_codes():
    codes = np.arange(16)
    values = dequantize(codes, bits=4, width=17)
    probabilities = np.minimum(values, 2**16 - 1)
    np.testing.assert_array_equal(quantize(probabilities, *thresholds(1.0), bits=4), codes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: code_count(1, "top"), "Bits must be between 2 and 8, not 1"),
        (lambda: code_count(9, "top"), "Bits must be between 2 and 8, not 9"),
        (lambda: code_count(4, "all"), "Zero code must be one of top, extra, none, not 'all'"),
        (lambda: thresholds(0), "Scale must be above 0 and at most 1, not 0"),
        (lambda: thresholds(1.5), "Scale must be above 0 and at most 1, not 1.5"),
        (
            lambda: quantize([-1], 2, 1, bits=4),
            "Probability must be an unsigned integer of at most 32 bits",
        ),
        (
            lambda: quantize([1 << 32], 2, 1, bits=4),
            "Probability must be an unsigned integer of at most 32 bits",
        ),
        (
            lambda: quantize([0], 1, 2, bits=4),
            "Thresholds must satisfy 0 < b <= a <= 2 * b, not a=1, b=2",
        ),
        (
            lambda: quantize([0], 5, 2, bits=4),
            "Thresholds must satisfy 0 < b <= a <= 2 * b, not a=5, b=2",
        ),
        (
            lambda: quantize([0], 0, 0, bits=4),
            "Thresholds must satisfy 0 < b <= a <= 2 * b, not a=0, b=0",
        ),
        (lambda: dequantize([16], bits=4), "Code must be between 0 and 15"),
        (lambda: dequantize([-1], bits=4), "Code must be between 0 and 15"),
        (lambda: dequantize([17], bits=4, zero_code="extra"), "Code must be between 0 and 16"),
        (lambda: dequantize([0], bits=4, width=33), "Width must be between 2 and 32, not 33"),
        (lambda: dequantize([0], bits=4, width=1), "Width must be between 2 and 32, not 1"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
