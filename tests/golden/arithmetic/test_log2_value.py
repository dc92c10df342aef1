"""Attention times V with log2 codes: sums, their bound and multiplier, against fractions."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic import log2_value, log_int_softmax


@given(st.integers(2, 6), st.data())
def test_sums_are_shifted_values(bits, data):
    rows, tokens, channels = (data.draw(st.integers(1, 4)) for _ in range(3))
    codes, values = (
        np.array(data.draw(st.lists(st.integers(0, top), min_size=n, max_size=n)), np.uint8)
        for n, top in ((rows * tokens, (2 << bits) - 1), (tokens * channels, 255)))
    codes, values = codes.reshape(rows, tokens), values.reshape(tokens, channels)
    zero, fraction = data.draw(st.integers(0, 255)), min(2**bits - 1, 16)
    assert log2_value.fraction_bits(bits) == fraction
    for kind in (np.uint8, object):
        sums = log2_value.accumulate(codes.astype(kind), values.astype(kind), zero, bits=bits)
        for r in range(rows):
            for c in range(channels):
                assert sums[r, c] == sum(
                    (int(v) - zero) << fraction - int(n)
                    for n, v in zip(codes[r], values[:, c], strict=True)
                    if n < 2**bits and n <= fraction)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=30),
       st.sampled_from([1 / 256, 1 / 64, 0.03, 0.11, 0.25, 0.6931, 0.7, 1.5]), st.integers(2, 8))
def test_no_row_of_log_int_softmax_exceeds_the_bound(codes, step, bits):
    shares = log_int_softmax.quantize(
        np.array([codes]), log_int_softmax.parameters(step), bits=bits)
    most = log2_value.bound(len(codes), 7, bits=bits)
    assert log2_value.accumulate(shares, np.full((len(codes), 1), 7), 0, bits=bits)[0, 0] <= most


def test_the_bound_is_all_but_reached():
    """Of shares e_n = 2 / (3·2^n - 1) each has the code n: 2^-n is 3/2 of it but for one in 2^n."""
    assert log2_value.bound(1, 9, bits=4) == 9 << 15
    assert log2_value.bound(2, 9, bits=4) == 27 << 14
    total = 3 << 40
    each = -(-2 * total // (3 * 2**6 - 1))
    e = np.array([[each] * (total // each) + [total % each]])
    codes = log_int_softmax.log2_codes(e, bits=4)
    assert set(codes[0, :-1].tolist()) == {6}
    powers = sum(Fraction(1, 2 ** int(n)) for n in codes[0])
    assert Fraction(148, 100) < powers <= Fraction(3, 2)


def test_what_a_value_of_one_adds_by_code():
    assert log2_value.shifted_ones(2).tolist() == [8, 4, 2, 1, 0, 0, 0, 0]
    ones = log2_value.shifted_ones(5)
    assert ones.tolist() == [2**n for n in range(16, -1, -1)] + [0] * 47


@given(st.floats(2**-20, 100), st.floats(2**-10, 100), st.integers(2, 8))
def test_the_multiplier_is_that_of_r1(v_scale, output_scale, bits):
    multiplier, odd, shift = log2_value.value_multipliers(v_scale, output_scale, bits=bits)
    factor = Fraction(v_scale / output_scale) / 2 ** min(2**bits - 1, 16)
    assert (odd, multiplier) == (0, floor(factor * 2**shift + Fraction(1, 2)))
    assert multiplier < 2**16 and (multiplier >= 2**15 or shift == 47)


def test_codes_that_are_none_are_refused():
    with pytest.raises(ValueError, match=r"^Code must be between 0 and 31, not 32$"):
        log2_value.accumulate(np.array([[32]]), np.array([[1]]), 0, bits=4)
    with pytest.raises(TypeError, match=r"^Value must be integers"):
        log2_value.accumulate(np.array([[1]]), np.array([[0.5]]), 0, bits=4)
