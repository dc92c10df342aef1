"""Attention times V: accumulators against fractions, √2 against squares."""

from fractions import Fraction
from itertools import product as choices
from math import floor, isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic import attention_value as av
from vit2rtl.golden.arithmetic.log_sqrt2 import ZERO_CODES, code_count

from .integer_arrays import assert_same, python

RULES = list(choices(range(2, 9), ZERO_CODES))


def factors(code, bits, rule):
    """(rational, of √2): the value of a code, 2**(-code/2), in units of s."""
    if rule != "none" and code == code_count(bits, rule) - 1:
        return Fraction(0), Fraction(0)
    if code % 2:
        return Fraction(0), Fraction(1, 2 ** ((code + 1) // 2))
    return Fraction(1, 2 ** (code // 2)), Fraction(0)


def sums(codes, values, zero_point, bits, rule):
    """(rational, of √2) of one row and one channel, in units of s · s_v."""
    terms = [factors(code, bits, rule) for code in codes]
    return tuple(
        sum(term[part] * (v - zero_point) for term, v in zip(terms, values, strict=True))
        for part in (0, 1)
    )


def floor_of(rational, irrational):
    """``⌊rational + irrational √2⌋`` by squares."""
    d = rational.denominator * irrational.denominator
    p, q = int(rational * d), int(irrational * d)
    root = isqrt(2 * q * q)
    # -√n lies above -root - 1, and on -root for n = 0 only.
    whole = root if q >= 0 else -root - 1
    return (p + whole) // d


def exact_code(rational, irrational, factor, zero_point, bits):
    half = Fraction(1, 2)
    rounded = floor_of(rational * factor + half, irrational * factor)
    return min(max(rounded + zero_point, 0), 2**bits - 1)


@pytest.mark.parametrize(("bits", "rule"), RULES, ids=str)
def test_every_code_is_its_value_exactly_as_far_as_fraction_bits_reach(bits, rule):
    fraction = av.fraction_bits(bits, rule)
    even, odd = av.shifted_ones(bits, rule).tolist()
    for code, got in enumerate(zip(even, odd, strict=True)):
        want = [part * 2**fraction for part in factors(code, bits, rule)]
        if code > 2 * fraction:
            assert bits > 5 or sum(want) == 0
            want = [0, 0]
        assert list(got) == want


@pytest.mark.parametrize(
    ("bits", "rule", "want"),
    [(2, "top", 1), (4, "top", 7), (4, "extra", 8), (4, "none", 8), (5, "none", 16),
     (6, "top", 16), (8, "extra", 16)],
)
def test_fraction_bits(bits, rule, want):
    assert av.fraction_bits(bits, rule) == want


def test_no_limit_makes_eight_bits_exact():
    assert av.fraction_bits(8, "none", limit=128) == 128
    assert av.fraction_bits(6, "top", limit=99) == 31
    assert av.shifted_ones(6, "top", limit=31).min(axis=0).tolist() == [0] * 64
    assert (av.shifted_ones(6, "top", limit=31).sum(axis=0)[:-1] > 0).all()


@given(data=st.data(), rule=st.sampled_from(ZERO_CODES), bits=st.integers(2, 5))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_sums_are_exact(data, rule, bits):
    tokens, channels = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    codes = rng.integers(0, code_count(bits, rule), (2, tokens)).astype(np.uint8)
    values = rng.integers(0, 256, (tokens, channels)).astype(np.uint8)
    zero_point = data.draw(st.integers(-40, 300))
    even, odd = av.accumulate(codes, values, zero_point, bits=bits, zero_code=rule)
    unit = 2 ** av.fraction_bits(bits, rule)
    for row, channel in choices(range(2), range(channels)):
        want = sums(codes[row].tolist(), values[:, channel].tolist(), zero_point, bits, rule)
        got = Fraction(int(even[row, channel]), unit), Fraction(int(odd[row, channel]), unit)
        assert got == want
    exact = av.accumulate(python(codes), python(values), zero_point, bits=bits, zero_code=rule)
    assert_same(even, exact[0])
    assert_same(odd, exact[1])
    bound = av.bound(tokens, max(abs(zero_point), abs(255 - zero_point)), bits=bits, zero_code=rule)
    known = av.accumulate(codes, values, zero_point, bits=bits, zero_code=rule, most=bound)
    assert all(np.array_equal(*pair) for pair in zip(known, exact, strict=True))


@pytest.mark.parametrize("bits", [6, 7, 8])
def test_what_is_left_out_is_below_two_to_the_minus_sixteen_an_element(bits):
    codes = np.arange(code_count(bits, "top"))[np.newaxis]
    values = np.full((codes.size, 1), 255)
    even, odd = av.accumulate(codes, values, 0, bits=bits)
    rational, irrational = sums(codes[0].tolist(), [255] * codes.size, 0, bits, "top")
    left_out = [rational - Fraction(int(even[0, 0]), 2**16),
                irrational - Fraction(int(odd[0, 0]), 2**16)]
    # 255 (2**-17 + 2**-18 + ...), in either accumulator
    assert all(0 < part < Fraction(255, 2**16) for part in left_out)


@given(
    factor=st.one_of(st.floats(1e-16, 2.0**14), st.fractions(Fraction(1, 10**12), 2**14)),
    multiplier_bits=st.sampled_from([8, 16, 17]),
)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_multipliers_are_both_rounded_from_the_exact_factor(factor, multiplier_bits):
    exact, half = Fraction(factor), Fraction(1, 2)
    if floor_of(half, exact * 2) >> multiplier_bits:
        return
    even, odd, shift = av.multipliers(factor, multiplier_bits=multiplier_bits)
    assert even == floor(exact * 2**shift + half)
    assert odd == floor_of(half, exact * 2**shift)
    assert odd < 2**multiplier_bits
    assert shift == 47 or odd >= 2 ** (multiplier_bits - 1) - 1
    assert shift == 47 or floor_of(half, exact * 2 ** (shift + 1)) >> multiplier_bits


def test_multipliers_of_zero_and_of_a_vanishing_factor():
    assert av.multipliers(0.0) == (0, 0, 47)
    assert av.multipliers(46340.0) == (92680, 131069, 1)
    assert av.multipliers(3 * 2.0**-47) == (3, 4, 47)


@given(
    even=st.integers(1 - 2**31, 2**31 - 1),
    odd=st.integers(1 - 2**31, 2**31 - 1),
    factor=st.floats(1e-12, 2.0**14),
    zero_point=st.integers(-(2**20), 2**20),
    bits=st.integers(2, 16),
)
@settings(deadline=None, derandomize=True, max_examples=300)
def test_requantize_is_one_rounding(even, odd, factor, zero_point, bits):
    pair = av.multipliers(factor)
    scaled = Fraction(even * pair.even + odd * pair.odd, 2**pair.shift)
    want = min(max(floor(scaled + Fraction(1, 2)) + zero_point, 0), 2**bits - 1)
    got = av.requantize([even], [odd], pair, zero_point, bits=bits)
    assert got.tolist() == [want]
    assert_same(got, av.requantize(python([even]), python([odd]), pair, zero_point, bits=bits))


def test_ties_round_up():
    got = av.requantize([-3, -1, 1, 3], [0, 0, 0, 0], av.Multipliers(1, 1, 1), 4, bits=4)
    assert got.tolist() == [3, 4, 5, 6]


@pytest.mark.parametrize(("bits", "rule"), [(4, "top"), (4, "extra"), (5, "none"), (3, "top")])
def test_codes_against_irrational_arithmetic(bits, rule):
    """One rounding and 16-bit multipliers: at most a few codes in a thousand differ, by one."""
    rng = np.random.default_rng(bits)
    codes = rng.integers(0, code_count(bits, rule), (40, 20))
    values = rng.integers(0, 2**bits, (20, 30))
    factor, fraction = 0.37 / 2**bits, av.fraction_bits(bits, rule)
    even, odd = av.accumulate(codes, values, 5, bits=bits, zero_code=rule)
    got = av.requantize(even, odd, av.multipliers(factor / 2**fraction), 7, bits=8)
    unit = Fraction(1, 2**fraction)
    want = [[exact_code(int(e) * unit, int(o) * unit, Fraction(factor), 7, 8)
             for e, o in zip(*pair, strict=True)] for pair in zip(even, odd, strict=True)]
    difference = got.astype(int) - want
    assert abs(difference).max() <= 1
    assert (difference != 0).mean() < 0.003


def test_bound_of_any_codes_is_reached():
    codes, values = np.zeros((1, 197), int), np.full((197, 1), 15)
    even, _ = av.accumulate(codes, values, 0, bits=4)
    assert even.item() == av.bound(197, 15, bits=4) == 197 * 15 * 2**7


def test_bound_of_softmax_rows():
    assert av.bound(197, 15, bits=4, scale=1.0) == floor(15 * 2**7 * 1.189208)
    assert av.bound(197, 15, bits=4, scale=0.001) == 197 * 15 * 2**7
    assert av.bound(197, 15, bits=4, zero_code="none", scale=1.0) == 197 * 15 * 2**8
    assert Fraction(1189208, 10**6) ** 4 > 2 > Fraction(1189207, 10**6) ** 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: av.accumulate([[16]], [[0]], 0, bits=4), "Code must be between 0 and 15, not 16"),
        (lambda: av.accumulate([[-1]], [[0]], 0, bits=4), "Code must be between 0 and 15, not -1"),
        (
            lambda: av.requantize([2**31], [0], av.Multipliers(1, 1, 1), 0, bits=4),
            "Even accumulator must be between -2147483647 and 2147483647, not 2147483648",
        ),
        (
            lambda: av.requantize([0], [-(2**31)], av.Multipliers(1, 1, 1), 0, bits=4),
            "Odd accumulator must be between -2147483647 and 2147483647, not -2147483648",
        ),
        (
            lambda: av.requantize([0], [0], av.Multipliers(1, 1, 1), 0, bits=17),
            "Bits must be between 2 and 16, not 17",
        ),
        (lambda: av.multipliers(-0.5), "Factor must not be negative, not -0.5"),
        (lambda: av.multipliers(46341.0), "Factor must be at most 46340, not 46341.0"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
