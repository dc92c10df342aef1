"""Twin uniform codes: probabilities, sums by region, multipliers and tables, against fractions."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic import twin
from vit2rtl.golden.arithmetic.gelu import gelu

HALF = Fraction(1, 2)


def half_up(x):
    return floor(x + HALF)


def code_of(p, split, bits, width):
    """By the definition, from the probability as a fraction."""
    top, value, border = 2 ** (bits - 1) - 1, Fraction(p, 1 << width), Fraction(1, 1 << split)
    if p and value >= border:
        return top + 1 + half_up(value * top)
    return min(half_up(value / border * top), top)


@pytest.mark.parametrize("width", [5, 8])
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_every_probability_has_the_code_of_its_region(bits, width):
    for split in range(20):
        got = twin.quantize(np.arange(1 << width), split, bits=bits, width=width)
        assert got.tolist() == [code_of(p, split, bits, width) for p in range(1 << width)]
        assert got.max() < 1 << bits


@given(st.integers(0, 65535), st.integers(0, 19), st.integers(2, 8))
def test_sixteen_bits(p, split, bits):
    due = code_of(p, split, bits, 16)
    assert twin.quantize(p, split, bits=bits) == due
    assert twin.quantize(np.array([p], object), split, bits=bits).tolist() == [due]


def test_numbers_that_are_no_probabilities_are_refused():
    with pytest.raises(ValueError, match=r"^Probability must be between 0 and 65535, not 65536$"):
        twin.quantize(65536, 3, bits=4)
    with pytest.raises(TypeError, match=r"^Probability must be integers"):
        twin.quantize(0.5, 3, bits=4)


@given(st.integers(2, 6), st.data())
def test_sums_are_those_of_each_region(bits, data):
    rows, tokens, channels = (data.draw(st.integers(1, 4)) for _ in range(3))
    draw = st.integers(0, (1 << bits) - 1)
    codes, values = (np.array(data.draw(st.lists(draw, min_size=n, max_size=n)), np.uint8)
                     for n in (rows * tokens, tokens * channels))
    codes, values = codes.reshape(rows, tokens), values.reshape(tokens, channels)
    zero, half = data.draw(draw), 1 << bits - 1
    for kind in (np.uint8, object):
        coarse, fine = twin.accumulate(codes.astype(kind), values.astype(kind), zero, bits=bits)
        for r in range(rows):
            for c in range(channels):
                terms = [(int(k), int(v) - zero)
                         for k, v in zip(codes[r], values[:, c], strict=True)]
                assert coarse[r, c] == sum((k - half) * v for k, v in terms if k >= half)
                assert fine[r, c] == sum(k * v for k, v in terms if k < half)


@given(st.lists(st.integers(0, 2**16), min_size=1, max_size=40), st.integers(0, 19),
       st.integers(2, 8))
def test_no_row_of_a_softmax_exceeds_the_bound(shares, split, bits):
    """Any shares of one, rounded to 16 bits, each times the largest v."""
    whole = sum(shares) or 1
    p = [min(round(Fraction(share << 16, whole)), 65535) for share in shares]
    codes = twin.quantize(np.array(p), split, bits=bits)
    most = twin.bound(len(p), 5, split, bits=bits)
    for sums in twin.accumulate(codes[np.newaxis], np.full((len(p), 1), 5), 0, bits=bits):
        assert sums.max() <= most


def test_the_bound_is_reached_by_few_tokens_and_limited_for_many():
    """Two tokens of the largest code; of a thousand their probabilities, which add up to one."""
    assert twin.bound(2, 8, 7, bits=4) == 2 * 7 * 8
    assert twin.bound(1000, 1, 0, bits=4) == floor(7 * (1 + Fraction(1000, 2**17)) + 500)


@given(st.floats(2**-30, 100), st.floats(2**-30, 100))
def test_multipliers_round_half_up_by_a_common_shift(first, second):
    one, two, shift = (int(x[0]) for x in twin.multipliers(first, second))
    assert max(one, two) < 2**17 and (max(one, two) >= 2**16 or shift == 47)
    assert one == half_up(Fraction(first) * 2**shift)
    assert two == half_up(Fraction(second) * 2**shift)


def test_multipliers_of_attention_times_v_are_powers_of_two_apart():
    coarse, fine, shift = twin.value_multipliers(1 / 7, 5, 0.3, 0.7)
    assert (coarse, shift) == (half_up(Fraction(1 / 7 * 0.3 / 0.7) * 2**shift), 21)
    assert fine == half_up(Fraction(1 / 7 * 0.3 / 0.7) * 2 ** (shift - 5))


def test_a_layer_has_its_bias_on_the_codes_from_0_up():
    weight = np.array([[3, -2], [0, 1], [-4, 4]])
    weight_scale, bias, scales = np.array([0.5, 0.25, 0.125]), [1.0, -3.0, 0.1], (0.5, 0.01)
    layer = twin.layer_of(weight, weight_scale, bias, scales, 0.75, bits=4)
    assert layer.bias.tolist() == [4, -24, 2]  # 1 / 0.25, -3 / 0.125, 0.1 / 0.0625 is 1.6
    assert layer.bound == 8 * 8 + 2
    above, below, shift = layer.multipliers
    for n, scale in enumerate(weight_scale):
        for multiplier, factor in ((above[n], scales[0]), (below[n], scales[1])):
            due = Fraction(factor * scale / 0.75) * 2 ** int(shift[n])
            assert multiplier == half_up(due) < 2**16


def test_a_layer_that_overflows_is_refused():
    with pytest.raises(ValueError, match=r"^Accumulator bound \d+ does not fit 32 bits$"):
        twin.layer_of(np.array([[1]]), [1.0], [1.0], (2.0**-31, 1.0), 1.0, bits=4)


def test_tables_have_a_step_for_each_sign():
    scale, zero, scales = 0.0625, 120, (0.5, 0.02)
    table = twin.table_of(scale, zero, scales, input_bits=8, bits=4, function=gelu)
    assert table.dtype == np.int8 and len(table) == 256
    for code in range(256):
        y = Fraction(gelu(scale * (code - zero)))
        due = (min(half_up(y / Fraction(0.5)), 7) if y >= 0
               else max(half_up(y / Fraction(0.02)), -8))
        assert table[code] == due
    assert table.min() == -8 and table.max() == 7
