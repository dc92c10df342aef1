"""Streams of power-of-two factors and LayerNorm on their codes, against fractions and roots."""

from fractions import Fraction
from math import isqrt, nextafter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic import factors

CHANNELS = 5


def half_to_even(x):
    return round(Fraction(x))


@given(st.lists(st.floats(-100, 100), min_size=CHANNELS, max_size=CHANNELS),
       st.lists(st.integers(0, 3), min_size=CHANNELS, max_size=CHANNELS), st.integers(0, 255))
def test_codes_of_a_stream_and_back(x, powers, zero_point):
    scale, powers = 0.0371, np.array(powers, np.uint8)
    codes = factors.quantize(np.array(x), scale, powers, zero_point, bits=8)
    due = [min(max(half_to_even(v / (scale * 2 ** int(f))) + zero_point, 0), 255)
           for v, f in zip(x, powers, strict=True)]
    assert codes.tolist() == due
    real = factors.real(codes, scale, powers, zero_point)
    assert real.tolist() == [
        float(Fraction(scale) * 2 ** int(f) * (code - zero_point))
        for code, f in zip(due, powers, strict=True)]


def root(value):
    """√value correctly rounded: of the candidates around an integer root, scaled far up."""
    scaled = isqrt(value << 200)
    guess = float(Fraction(scaled, 1 << 100))
    return min((nextafter(guess, 0), guess, nextafter(guess, 2 * guess + 1)),
               key=lambda y: abs(Fraction(y) - Fraction(scaled, 1 << 100)))


def row(codes, powers, gamma, beta, step):
    """M, N and B of every channel an element at a time, and what they make of X as fractions."""
    x = [c << f for c, f in zip(codes, powers, strict=True)]
    count, total = len(x), sum(x)
    spread = count * sum(v * v for v in x) - total**2
    results = []
    for v, g, b in zip(x, gamma, beta, strict=True):
        gain = g / root(spread) if spread else 0.0
        a, mean = gain * (count / step), gain * total
        shift = 31
        if a:
            exponent = 0
            while Fraction(2) ** exponent <= abs(Fraction(a)):
                exponent += 1
            while Fraction(2) ** (exponent - 1) > abs(Fraction(a)):
                exponent -= 1
            shift = min(max(8 - exponent, 0), 31)
        multiplier = min(int(abs(Fraction(a)) * 2**shift), 255)
        addend = half_to_even((b - mean) * (2.0**shift / step))
        addend = min(max(addend, -(2**47)), 2**47)
        sign = (a > 0) - (a < 0)
        results.append(half_to_even(Fraction(sign * multiplier * v + addend, 2**shift)))
    return results


@given(st.lists(st.integers(-255, 255), min_size=CHANNELS, max_size=CHANNELS),
       st.lists(st.integers(0, 3), min_size=CHANNELS, max_size=CHANNELS), st.integers(0, 99),
       st.sampled_from([1e-7, 0.01, 0.3, 40.0]))
def test_rows_are_normalized_as_by_hand(codes, powers, seed, step):
    rng = np.random.default_rng(seed)
    gamma, beta = rng.normal(0, 2, (2, CHANNELS))
    gamma[seed % CHANNELS] *= seed % 3
    due = row(codes, powers, gamma.tolist(), beta.tolist(), step)
    for kind in (np.int64, np.int16):
        got = factors.normalize(
            np.array([codes], kind), np.array(powers, np.uint8), gamma, beta, step)
        assert (got.dtype, got[0].tolist()) == (np.int64, due)


def test_every_row_of_an_array_is_one_of_its_own():
    rng = np.random.default_rng(4)
    codes, powers = rng.integers(-99, 99, (2, 3, 5)), rng.integers(0, 4, 5)
    gamma, beta = rng.normal(0, 1, (2, 5))
    got = factors.normalize(codes, powers, gamma, beta, 0.02)
    for image, token in np.ndindex(2, 3):
        due = factors.normalize(codes[image, token], powers, gamma, beta, 0.02)
        assert got[image, token].tolist() == due.tolist()


def test_what_factors_and_channels_there_are():
    """Of X of 11 bits and a sign, sums of squares times channels are integers of binary64."""
    assert (factors.FACTORS, factors.MOST_CHANNELS) == ((0, 3), 2**15)
    squares = (255 << 3) ** 2
    assert 2**30 * squares < 2**53 < 2**32 * squares


def test_equal_codes_leave_the_offset_alone():
    got = factors.normalize(np.full((1, 3), 7), np.zeros(3, np.uint8), np.ones(3),
                            np.array([0.5, -0.26, 1e9]), 0.5)
    # B of 31 fraction bits at most, |B| 2**47: 2**16 is far above any code.
    assert got.tolist() == [[1, -1, 1 << 16]]


@pytest.mark.parametrize(("gain", "shift"), [(1.0, 7), (255 / 256, 8), (2.0, 6), (0.5, 8)])
def test_multipliers_have_their_top_bit(gain, shift):
    """Of codes ±128 the root is 256, and C / step as much: gamma is the gain of X."""
    multiplier = int(gain * 2**shift)
    assert 128 <= multiplier <= 255
    got = factors.normalize(np.array([[128, -128]]), np.zeros(2, np.uint8),
                            np.array([gain, gain]), np.zeros(2), 1 / 128)
    assert got.tolist() == [[half_to_even(gain * 128), -half_to_even(gain * 128)]]


def test_a_row_is_near_layernorm():
    rng = np.random.default_rng(3)
    codes, powers = rng.integers(-128, 128, (4, 64)), rng.integers(0, 4, 64)
    gamma, beta = rng.normal(0, 1, (2, 64))
    x = codes * 2.0**powers
    due = (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True) * gamma + beta
    got = factors.normalize(codes, powers, gamma, beta, 0.02) * 0.02
    # M is floored to 8 bits: up to one in 128 of the product too small.
    assert np.abs(got - due).max() < 0.01 + np.abs(due - beta).max() / 64
