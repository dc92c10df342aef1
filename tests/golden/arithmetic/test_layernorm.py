"""Integer LayerNorm against fractions and squares, its reciprocal square root exhaustively."""

from fractions import Fraction
from itertools import pairwise
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic import layernorm

from .integer_arrays import assert_same, python


def slow_reciprocal_sqrt(value):
    """The definition on one Python integer, ints' own bit_length, square roots by bisection."""
    pairs = (value.bit_length() - 21) // 2
    m = value // 4**pairs if pairs >= 0 else value * 4**-pairs
    seed = next(v for v in range(512, 1200)
                if (2 * v + 1) ** 2 * (2 * (m >> 14) + 1) * 2**13 >= 4 * 2**40)
    y = seed * 1024
    for _ in range(2):
        t = (3 * 2**44 - m * (y * y // 2**16)) // 2**22
        y = (y * t + 2**22) // 2**23
    return min((y + 4) // 8, 2**17 - 1), pairs + 27


def slow_layer_norm(row, p, bits):
    """Exact but for r: a fraction, rounded once."""
    total, squares, d = sum(row), sum(x * x for x in row), len(row)
    mantissa, shift = slow_reciprocal_sqrt(d * squares - total**2 + p.epsilon)
    codes = []
    for x, gain, offset in zip(row, p.gain.tolist(), p.offset.tolist(), strict=True):
        value = Fraction((d * x - total) * mantissa * gain, 2 ** (shift + p.shift))
        code = floor(value + Fraction(offset, 2**16) + Fraction(1, 2))
        codes.append(min(max(code, 0), 2**bits - 1))
    return codes


def test_reciprocal_sqrt_of_every_mantissa():
    """Relative error below 2**-16.8, and not much below it: r² m against 2**54, in integers."""
    m = np.arange(1 << 20, 1 << 22)
    r, shift = layernorm.reciprocal_sqrt(m)
    assert (shift == 27).all()
    assert r.min() == 1 << 16
    assert r.max() == (1 << 17) - 1
    ratio = (r * r * m - (1 << 54)) / 2.0**54       # 2 x relative error
    assert 2**-15.9 < abs(ratio).max() < 2**-15.8


def test_reciprocal_sqrt_with_bits_left_out():
    """At most 2**-21 more: the error anywhere stays below 2**-16.7."""
    rng = np.random.default_rng(0)
    values = [int(v) for bits in range(1, 63) for v in rng.integers(2 ** (bits - 1), 2**bits, 200)]
    values += [2**n + d for n in range(2, 62) for d in (-1, 0, 1)]
    got = layernorm.reciprocal_sqrt(np.array(values))
    for value, mantissa, shift in zip(values, *map(np.ndarray.tolist, got), strict=True):
        assert (mantissa, shift) == slow_reciprocal_sqrt(value)
        square = Fraction(mantissa**2 * value, 4**shift)
        assert abs(square - 1) < Fraction(2**-15.7)
    exact = layernorm.reciprocal_sqrt(python(values))
    for machine, slow in zip(got, exact, strict=True):
        assert_same(machine, slow)


def test_intermediate_widths():
    """Products of 40, 46 and 44 bits, as stated, at every mantissa's first step and ends."""
    y, m = (layernorm.SEEDS[64:] << 10), np.arange(64, 256) << 14
    for mantissa in (m, m + (1 << 14) - 1):
        a = y * y >> 16
        t = (3 << 44) - mantissa * a >> 22
        assert (y * y).max() <= 1 << 40
        assert (mantissa * a).max() < 1 << 46
        assert (y * t).max() < 1 << 45
        assert t.min() > 0


@given(data=st.data(), bits=st.integers(2, 10), channels=st.integers(1, 12))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_any_rows(data, bits, channels):
    numbers = st.integers(-(2**15), 2**15 - 1)
    rows = data.draw(
        st.lists(st.lists(numbers, min_size=channels, max_size=channels), min_size=1, max_size=3)
    )
    reals = st.lists(st.floats(-9, 9, width=32), min_size=channels, max_size=channels)
    p = layernorm.parameters_of(
        data.draw(reals), data.draw(reals), data.draw(st.floats(0.01, 1)),
        data.draw(st.integers(-20, 40)), input_scale=2.0**-9, epsilon=1e-6,
    )
    rows = np.array(rows)
    got = layernorm.layer_norm(rows, p, bits=bits)
    assert got.tolist() == [slow_layer_norm(row, p, bits) for row in rows.tolist()]
    assert_same(got, layernorm.layer_norm(python(rows), p, bits=bits))


@pytest.mark.parametrize("channels", [1, 2, 192, 1024, 8192])
def test_extreme_rows_do_not_overflow(channels):
    low, high = -(2**15), 2**15 - 1
    rows = np.full((4, channels), low, np.int16)
    rows[0, 0] = high
    rows[1, : channels // 2] = high
    rows[2] = high
    p = layernorm.parameters_of(
        np.where(np.arange(channels) % 2, 65535.0, -65535.0), np.zeros(channels), 1.0, 128,
        input_scale=1.0, epsilon=1e-6,
    )
    assert (p.shift, abs(p.gain).max()) == (0, 65535)
    got = layernorm.layer_norm(rows, p, bits=8)
    assert got[:2].tolist() == [slow_layer_norm(row, p, 8) for row in rows[:2].tolist()]
    assert (got[2:] == 128).all()


def test_rows_without_variance_give_the_offset():
    p = layernorm.parameters_of([1.0, -2.0, 3.0], [0.5, 0.26, -9], 0.5, 6, input_scale=0.01,
                                epsilon=0.0)
    assert p.epsilon == 1
    for level in (-(2**15), 0, 2**15 - 1):
        got = layernorm.layer_norm(np.full((1, 3), level), p, bits=4)
        assert got.tolist() == [[7, 7, 0]]


def test_a_gain_of_nothing():
    p = layernorm.parameters_of([0.0, 0.0], [1.0, 2.0], 1.0, 0, input_scale=1, epsilon=1e-5)
    assert layernorm.layer_norm([[5, -7]], p, bits=4).tolist() == [[1, 2]]


def test_parameters():
    p = layernorm.parameters_of([0.75, -0.5], [0.1, -0.2], 0.25, 7, input_scale=0.5, epsilon=1e-2)
    assert p.shift == 14                    # 3 · 2**14 has 16 bits
    assert p.gain.tolist() == [3 << 14, -2 << 14]
    assert p.offset.tolist() == [floor(Fraction(b) / Fraction(0.25) * 2**16 + Fraction(1, 2))
                                 + (7 << 16) for b in (0.1, -0.2)]
    assert p.epsilon == 1                   # 0.01 · 4 / 0.25 = 0.16
    p = layernorm.parameters_of([1] * 192, [0] * 192, 1, 0, input_scale=2**-9, epsilon=1e-6)
    assert p.epsilon == round(1e-6 * 192**2 * 2**18)


def test_constants_round_half_up():
    """Offsets have 16 fraction bits; the gains here 15, the largest has one before them."""
    units = [2.4, 2.5, 2.6, -2.4, -2.5, -2.6]
    p = layernorm.parameters_of([1.0, *(u / 2**15 for u in units[1:])], [u / 2**16 for u in units],
                                1, 0, input_scale=2**-4, epsilon=2.6 / 36 / 2**8)
    assert p.offset.tolist() == [2, 3, 3, -2, -2, -3]
    assert (p.shift, p.gain.tolist()) == (15, [1 << 15, 3, 3, -2, -2, -3])
    assert p.epsilon == 3


def test_a_gain_that_rounds_up_to_seventeen_bits_gets_a_smaller_shift():
    p = layernorm.parameters_of([1 - 2.0**-18], [0], 1, 0, input_scale=1, epsilon=0)
    assert (p.gain.tolist(), p.shift) == ([1 << 15], 15)


@pytest.mark.parametrize("bits", [4, 8])
def test_codes_against_exact_arithmetic(bits):
    rng = np.random.default_rng(bits)
    rows = (rng.normal(0, 1500, (50, 192)) * rng.uniform(0.2, 4, 192)).astype(np.int64)
    gamma, beta = rng.normal(1, 0.4, 192).astype("f4"), rng.normal(0, 0.5, 192).astype("f4")
    scale, zero_point = 8 / 2**bits, 2 ** (bits - 1)
    p = layernorm.parameters_of(gamma, beta, scale, zero_point, input_scale=2**-9, epsilon=1e-6)
    x = rows * 2.0**-9
    normal = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-6)
    want = (np.floor((normal * gamma + beta) / scale + 0.5) + zero_point).clip(0, 2**bits - 1)
    difference = layernorm.layer_norm(rows, p, bits=bits) - want
    assert abs(difference).max() <= 1
    assert (difference != 0).mean() < 1.5e-4 * 2**bits / 16


def test_rows_of_any_shape_are_rows_one_by_one():
    rng = np.random.default_rng(1)
    rows = rng.integers(-(2**15), 2**15, (3, 70, 192)).astype(np.int16)
    p = layernorm.parameters_of(np.ones(192), np.zeros(192), 0.5, 8, input_scale=1, epsilon=1e-6)
    got = layernorm.layer_norm(rows, p, bits=4)
    assert (got.shape, got.dtype) == (rows.shape, np.uint8)
    flat = [layernorm.layer_norm(row, p, bits=4) for row in rows.reshape(-1, 192)]
    np.testing.assert_array_equal(got.reshape(-1, 192), flat)
    assert all(a.shape == b.shape for a, b in pairwise(flat))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda p: layernorm.layer_norm([[0, 2**15]], p, bits=4),
            "Residual stream must be between -32768 and 32767, not 32768",
        ),
        (
            lambda p: layernorm.layer_norm(np.zeros((1, 8193), int), p, bits=4),
            "LayerNorm takes at most 8192 channels, not 8193",
        ),
        (
            lambda p: layernorm.layer_norm([[0, 1]], p, bits=17),
            "Bits must be between 2 and 16, not 17",
        ),
        (
            lambda p: layernorm.reciprocal_sqrt([0]),
            f"Value must be between 1 and {2**62 - 1}, not 0",
        ),
        (
            lambda p: layernorm.parameters_of([1.0], [0.0], 0, 0, input_scale=1, epsilon=0),
            "Scales must be above 0, not 0.0 and 1.0",
        ),
        (
            lambda p: layernorm.parameters_of([1.0], [0.0], 1, 0, input_scale=0, epsilon=0),
            "Scales must be above 0, not 1.0 and 0.0",
        ),
        (
            lambda p: layernorm.parameters_of([65536.0], [0.0], 1, 0, input_scale=1, epsilon=0),
            "Gain must be below 65535.5, not 65536.0",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError) as caught:
        call(layernorm.parameters_of([1, 1], [0, 0], 1, 0, input_scale=1, epsilon=1e-6))
    assert str(caught.value) == message
