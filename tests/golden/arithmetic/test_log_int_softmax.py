"""Log-Int-Softmax and what multiplies its codes, against divisions of fractions."""

from fractions import Fraction
from math import floor, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic import log2_value, log_int_softmax
from vit2rtl.golden.arithmetic.log_int_softmax import Parameters

STEPS = st.sampled_from([1 / 256, 1 / 64, 0.03, 0.11, 0.25, 0.6931, 0.7, 1.5])
CODES = st.lists(st.integers(0, 255), min_size=1, max_size=30)


def exponential(below, step):
    """As the paper has it, of a logit that lies so many steps below the largest, times 2**30."""
    octave = floor(-0.6931 / step)
    x = max(-below, 30 * octave)
    octaves = floor(Fraction(x, octave))
    rest = x - octaves * octave
    polynomial = rest * (rest + floor(0.96963238 / 0.35815147 / step)) + floor(
        1 / 0.35815147 / step**2)
    return max(polynomial * 2 ** (30 - octaves), 0)


def code_of(e, total, bits):
    """log2 of the quotient, rounded half to even, and itself rounded."""
    if not e:
        return 2**bits
    quotient = round(Fraction(total, e))
    n = floor(log2(quotient))
    return min(n + (2 * (quotient - 2**n) >= 2**n), 2**bits)


@given(CODES, STEPS, st.integers(2, 8), st.data())
def test_rows_are_the_paper_s_with_its_division(codes, step, bits, data):
    hidden = np.array([data.draw(st.booleans()) for _ in codes])
    hidden[data.draw(st.integers(0, len(codes) - 1))] = False
    parameters = log_int_softmax.parameters(step)
    largest = max(code for code, away in zip(codes, hidden, strict=True) if not away)
    due = [0 if away else exponential(largest - code, step)
           for code, away in zip(codes, hidden, strict=True)]
    shares = [code_of(e, sum(due), bits) for e in due]
    for kind in (np.int64, np.uint8, object):
        row = np.array([codes], kind)
        e = log_int_softmax.exponentials(row, parameters, hidden)
        assert e[0].tolist() == due
        got = log_int_softmax.quantize(row, parameters, bits=bits, hidden=hidden)
        assert got.dtype == (np.uint16 if bits == 8 else np.uint8)
        assert got[0].tolist() == shares


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_quotients_beside_every_threshold(bits):
    """Two keys of e and S - e."""
    for e in (1, 2, 3, 100, 1 << 40):
        for n in range(20):
            for total in {round(Fraction(e) * q) + d for q in (
                    Fraction(3 * 2**n, 2), Fraction(3 * 2**n - 1, 2)) for d in (-1, 0, 1)}:
                if total > e:
                    got = log_int_softmax.log2_codes(np.array([[e, total - e]]), bits=bits)
                    assert got[0].tolist() == [code_of(e, total, bits),
                                               code_of(total - e, total, bits)]


def test_the_longest_row_of_the_largest_exponentials_fits():
    """A power of two of equal keys has the code of its number, plus one where it rounds up."""
    parameters = Parameters(7, 27, (1 << 31) - 1)
    assert parameters.longest_row == 1
    parameters = Parameters(7, 27, 1 << 21)
    assert parameters.longest_row == (1 << 10) - 1
    row = np.full((1, 1023), 9)
    assert set(log_int_softmax.quantize(row, parameters, bits=4)[0].tolist()) == {10}
    with pytest.raises(ValueError) as error:
        log_int_softmax.quantize(np.full((1, 1024), 9), parameters, bits=4)
    assert str(error.value) == ("Rows of 1024 logits are too long for Log-Int-Softmax in steps as "
                                "small as these: 1023 are the most")


def test_parameters_by_hand():
    assert log_int_softmax.parameters(0.1) == Parameters(7, 27, 279)
    assert log_int_softmax.parameters(1.5) == Parameters(1, 1, 1)
    assert log_int_softmax.parameters(1.68).constant == 0


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


@given(CODES, STEPS, st.integers(2, 8))
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


@given(st.floats(2**-20, 100), st.floats(2**-10, 100), st.integers(2, 8))
def test_the_multiplier_is_that_of_r1(v_scale, output_scale, bits):
    multiplier, odd, shift = log2_value.value_multipliers(v_scale, output_scale, bits=bits)
    factor = Fraction(v_scale / output_scale) / 2 ** min(2**bits - 1, 16)
    assert (odd, multiplier) == (0, floor(factor * 2**shift + Fraction(1, 2)))
    assert multiplier < 2**16 and (multiplier >= 2**15 or shift == 47)


def test_codes_that_are_none_are_refused():
    with pytest.raises(ValueError, match=r"^Code must be between 0 and 31, not 32$"):
        log2_value.accumulate(np.array([[32]]), np.array([[1]]), 0, bits=4)
    with pytest.raises(TypeError, match=r"^Code must be integers"):
        log_int_softmax.quantize(np.array([[0.5]]), Parameters(7, 27, 279), bits=4)
