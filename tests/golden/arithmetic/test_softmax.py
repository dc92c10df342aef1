"""The fused softmax and log√2 quantizer against its definition in Python integers, and floats."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic import log_sqrt2, softmax
from vit2rtl.golden.arithmetic.log_sqrt2 import ZERO_CODES, code_count

from .integer_arrays import assert_same, python


def exponentials(row, p):
    """One row's exponentials and their sum, by the text of R4."""
    table = softmax.rom(p.rom_bits, p.exp_bits).tolist()
    top, result, total = max(row), [], 0
    for logit in row:
        t = floor(Fraction((top - logit) * p.multiplier, 2**p.shift) + Fraction(1, 2))
        octaves, entry = divmod(t, 2**p.rom_bits)
        e = 0 if logit == p.masked else Fraction(table[entry], 2 ** min(octaves, 255))
        result.append(e)
        total += floor(e)
    return result, total


def exact_code(e, total, scale, last):
    """``#{k : e / total < scale * 2**(-(2k+1)/4)}``, both sides raised to the fourth power."""
    if e == 0:
        return last
    left, right = e**4, (total * Fraction(scale)) ** 4
    return sum(left * 2 ** (2 * k + 1) < right for k in range(last))


def check(logits, scale, p):
    """Codes equal the irrational definition on the e's, and the road of Python integers."""
    last = code_count(p.bits, p.zero_code) - 1
    got = softmax.quantize(logits, p)
    for row, codes in zip(logits.tolist(), got.tolist(), strict=True):
        e, total = exponentials(row, p)
        assert codes == [exact_code(value, total, scale, last) for value in e]
    assert_same(got, softmax.quantize(python(logits), p))
    return got


@pytest.mark.parametrize("zero_code", ZERO_CODES)
@pytest.mark.parametrize("bits", range(2, 9))
def test_codes_are_exact_given_the_exponentials(bits, zero_code):
    rng = np.random.default_rng(bits)
    p = softmax.parameters(8 / 2**11, 0.61, bits=bits, zero_code=zero_code)
    logits = np.clip(rng.normal(0, 500, (6, 50)).round(), -2047, 2047).astype(np.int16)
    logits[1, ::3] = p.masked
    logits[2] = 1700 - 60 * np.arange(50)
    logits[2, 0] = 2047
    logits[3] = p.masked + 1
    got = check(logits, 0.61, p)
    if bits == 4:
        assert set(got[2].tolist()) >= set(range(5, 16))


@given(
    seed=st.integers(0, 2**32 - 1),
    logit_scale=st.floats(2.0**-14, 0.5),
    scale=st.floats(2.0**-30, 1),
    tokens=st.integers(1, 30),
    width=st.sampled_from([4, 8, 12, 16, 17, 20, 31]),
    rom_bits=st.sampled_from([2, 6, 8, 10]),
    exp_bits=st.sampled_from([8, 16, 22]),
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_any_parameters(seed, logit_scale, scale, tokens, width, rom_bits, exp_bits):
    p = softmax.parameters(
        logit_scale, scale, bits=4, width=width, rom_bits=rom_bits, exp_bits=exp_bits
    )
    rng = np.random.default_rng(seed)
    spread = 2.0 ** rng.uniform(0, width - 1)
    logits = np.clip(rng.normal(0, spread, (2, tokens)).round(), p.masked, -p.masked - 1)
    check(logits.astype(np.int64), scale, p)


@pytest.mark.parametrize("octave", [7, 16, 21])
@pytest.mark.parametrize("shift", [1, 31, 62])
def test_a_key_above_is_that_of_the_next_number(shift, octave):
    """The smallest ``m * 2**-x`` with ``2**w <= m <= 2**(w+1)`` that is not below the product."""
    rng = np.random.default_rng(shift)
    products = np.concatenate([rng.integers(2**n, 2 ** (n + 1), 3) for n in range(62)])
    products = np.concatenate([products, 2 ** np.arange(62), 2 ** np.arange(1, 62) - 1])
    for product, key in zip(
        products.tolist(), softmax._key_above(products, shift, octave).tolist(), strict=True
    ):
        x, m = -(key >> octave) + 1, (key & (1 << octave) - 1) + (1 << octave)
        value, step = Fraction(m) / Fraction(2) ** x, 1 / Fraction(2) ** x
        assert value - (step if m > 1 << octave else step / 2) < Fraction(product, 2**shift)
        assert Fraction(product, 2**shift) <= value


def test_the_smallest_probability_has_all_bits():
    """Down to 2**-127 and beyond, each code is that of the exact exponential."""
    p = softmax.parameters(2.0**-10, 1.0, bits=8, width=20, rom_bits=10)
    logits = np.arange(0, -100 * 2**10, -331)[np.newaxis]
    got = softmax.quantize(logits, p)[0]
    x = logits[0] / 2**10
    want = np.clip(np.round(2 * (np.log2(np.exp(x).sum()) - x * np.log2(np.e))), 0, 255)
    assert (got == want).mean() > 0.99
    assert len(set(got.tolist())) > 240


@pytest.mark.parametrize("width", [12, 16, 17, 20])
def test_extreme_logits(width):
    p = softmax.parameters(2.0**-5, 1.0, bits=4, width=width)
    top = -p.masked - 1
    logits = np.array([[top, p.masked], [top, -top], [0, 0], [-top, -top], [p.masked, -top]])
    got = check(logits.astype(np.int32), 1.0, p)
    assert got.tolist() == [[0, 15], [0, 15], [2, 2], [2, 2], [15, 0]]


def test_an_exponential_that_equals_its_threshold_is_not_below_it():
    """The only one of a row is its sum, and a threshold of ``2**-j`` its jth half."""
    p = softmax.parameters(0.01, 1.0, bits=4)
    for octaves in range(4):
        at = p._replace(threshold_a=1 << 31, threshold_b=1 << 31, threshold_shift=31 + octaves)
        got = softmax.quantize(np.array([[5]]), at)
        assert got.tolist() == softmax.quantize(python([[5]]), at).tolist() == [[0]]
        above = at._replace(threshold_a=(1 << 31) + 1 << octaves, threshold_b=1 << 31)
        got = softmax.quantize(np.array([[5]]), above)
        assert got.tolist() == softmax.quantize(python([[5]]), above).tolist() == [[1]]


@pytest.mark.parametrize("zero_code", ZERO_CODES)
def test_a_row_of_masked_logits_gets_the_last_code(zero_code):
    p = softmax.parameters(0.01, 1.0, bits=4, zero_code=zero_code)
    logits = np.full((2, 3), p.masked, np.int16)
    want = np.full((2, 3), code_count(4, zero_code) - 1)
    got = softmax.quantize(logits, p)
    np.testing.assert_array_equal(got, want)
    assert_same(got, softmax.quantize(python(logits), p))


def test_masked_logits_change_nothing_for_the_others():
    rng = np.random.default_rng(3)
    p = softmax.parameters(0.004, 0.4, bits=4)
    logits = rng.integers(-900, 900, (5, 40))
    masked = np.concatenate([logits, np.full((5, 9), p.masked)], axis=1)
    got = softmax.quantize(masked, p)
    np.testing.assert_array_equal(got[:, :40], softmax.quantize(logits, p))
    assert (got[:, 40:] == 15).all()


def test_many_masked_logits_add_nothing_to_a_short_sum():
    p = softmax.parameters(0.01, 0.9, bits=4, exp_bits=8)
    logits = np.concatenate([[[100, 0, -50]], np.full((1, 500), p.masked)], axis=1)
    got = check(logits, 0.9, p)
    assert got[0, :3].tolist() == softmax.quantize(logits[:, :3], p)[0].tolist()


def test_a_threshold_rounded_up_to_an_exponential_is_not_above_it():
    """Few mantissas and many sums: every second row has an e that its rounded threshold equals."""
    p = softmax.parameters(0.01, 0.9, bits=4, exp_bits=8)
    below = np.arange(0, 3000, 7)
    met = 0
    for tokens in range(20, 420, 9):
        logits = 2047 - below[np.newaxis, :tokens]
        check(logits, 0.9, p)
        _, keys = softmax._terms_and_keys(logits, p)
        total = exponentials(logits[0].tolist(), p)[1]
        marks = softmax._key_above(
            np.array([total * p.threshold_a, total * p.threshold_b]), p.threshold_shift, 7)
        met += any(((mark - keys) % 128 == 0).any() for mark in marks)
    assert met > 20


def test_a_common_offset_changes_nothing():
    p = softmax.parameters(0.004, 0.4, bits=4)
    logits = np.arange(-300, 300, 7).reshape(1, -1)
    np.testing.assert_array_equal(softmax.quantize(logits, p), softmax.quantize(logits + 999, p))


def test_many_rows_and_axes_are_rows_one_by_one():
    rng = np.random.default_rng(4)
    p = softmax.parameters(0.004, 0.4, bits=4)
    logits = rng.integers(-2047, 2048, (3, 2, 200, 70)).astype(np.int16)
    got = softmax.quantize(logits, p)
    assert (got.shape, got.dtype) == (logits.shape, np.uint8)
    for index in [(0, 0, 0), (1, 1, 117), (2, 0, 13), (2, 1, 199)]:
        np.testing.assert_array_equal(got[index], softmax.quantize(logits[index][None], p)[0])


@pytest.mark.parametrize(("rom_bits", "exp_bits"), [(8, 16), (6, 16), (2, 8), (10, 24)])
def test_rom_is_rounded_to_nearest(rom_bits, exp_bits):
    """``v - 1/2 < 2**(exp_bits - f/size) < v + 1/2``, doubled and raised to the size."""
    size = 2**rom_bits
    for f, v in enumerate(softmax.rom(rom_bits, exp_bits).tolist()):
        exact = 2 ** ((exp_bits + 1) * size - f)
        assert (2 * v - 1) ** size < exact < (2 * v + 1) ** size


@pytest.mark.parametrize("scale", [1.0, 0.3, 2.0**-9, 3e-7])
def test_thresholds_have_all_their_bits(scale):
    p = softmax.parameters(0.01, scale, bits=4)
    pair = log_sqrt2.thresholds(scale, width=p.threshold_shift)
    assert (p.threshold_a, p.threshold_b) == pair
    assert pair[0].bit_length() in (31, 32)


@pytest.mark.parametrize("sigma", [1, 2, 3])
def test_codes_that_differ_from_float_softmax(sigma):
    """At most one in 400 (R4)."""
    rng = np.random.default_rng(sigma)
    x = rng.normal(0, sigma, (400, 197))
    step, scale = abs(x).max() / 2047, 1.0
    e = np.exp(x - x.max(axis=1, keepdims=True))
    want = np.clip(np.round(-2 * np.log2(e / e.sum(axis=1, keepdims=True) / scale)), 0, 15)
    logits = np.round(x / step).astype(np.int16)
    difference = softmax.quantize(logits, softmax.parameters(step, scale, bits=4)) - want
    assert (difference != 0).mean() <= 0.0025
    assert abs(difference).max() <= 1


def test_logits_round_once_saturate_and_keep_the_mask_apart():
    acc = np.array([[[-(2**20), -3, -1], [1, 3, 2**20], [5, 6, 7]]])
    got = softmax.logits(acc, 1, 1)
    assert got.dtype == np.int16
    assert got.tolist() == [[[-2047, -1, 0], [1, 2, 2047], [3, 3, 4]]]
    assert_same(got, softmax.logits(python(acc), 1, 1))
    mask = np.array([[True, False, False], [False, False, True], [False, False, False]])
    masked = softmax.logits(acc, 1, 1, mask=mask)
    assert masked.dtype == np.int16
    assert masked.tolist() == [[[-2048, -1, 0], [1, 2, -2048], [3, 3, 4]]]
    assert_same(masked, softmax.logits(python(acc), 1, 1, mask=mask))


def test_logits_with_a_relative_position_bias():
    acc, bias = np.zeros((2, 3, 2, 2), np.int32), np.arange(12).reshape(3, 2, 2) * 8 - 40
    got = softmax.logits(acc, 1 << 15, 18, bias=bias, width=4)
    assert got.tolist() == [(np.clip(bias // 8, -7, 7)).tolist()] * 2
    assert_same(got, softmax.logits(python(acc), 1 << 15, 18, bias=python(bias), width=4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda p: softmax.quantize([[2048]], p),
            "Logit must be between -2048 and 2047, not 2048",
        ),
        (
            lambda p: softmax.quantize([[0, -2049]], p),
            "Logit must be between -2048 and 2047, not -2049",
        ),
        (
            lambda p: softmax.quantize(np.zeros((1, 8192), int), p),
            "A row must have at most 8191 logits, not 8192",
        ),
        (lambda p: softmax.parameters(0.1, 1, bits=9), "Bits must be between 2 and 8, not 9"),
        (
            lambda p: softmax.parameters(0.1, 1, bits=4, width=3),
            "Logit width must be between 4 and 31, not 3",
        ),
        (
            lambda p: softmax.parameters(0.1, 1, bits=4, rom_bits=13),
            "ROM bits must be between 2 and 12, not 13",
        ),
        (
            lambda p: softmax.parameters(0.1, 1, bits=4, exp_bits=7),
            "Exp bits must be between 8 and 22, not 7",
        ),
        (
            lambda p: softmax.parameters(0.1, 2.0**-32, bits=4),
            "Scale must be at least 2**-31, not 2.3283064365386963e-10",
        ),
        (
            lambda p: softmax.parameters(0.1, 1.5, bits=4),
            "Scale must be above 0 and at most 1, not 1.5",
        ),
        (
            lambda p: softmax.parameters(0.1, 1, bits=4, zero_code="all"),
            "Zero code must be one of top, extra, none, not 'all'",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError) as caught:
        call(softmax.parameters(0.01, 1.0, bits=4))
    assert str(caught.value) == message
