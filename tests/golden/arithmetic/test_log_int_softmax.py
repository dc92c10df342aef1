"""Log-Int-Softmax against divisions of fractions."""

from fractions import Fraction
from math import floor, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic import log_int_softmax
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


def test_every_row_of_an_array_is_one_of_its_own():
    """Of heads, queries and keys, a mask the same for all heads."""
    rng = np.random.default_rng(4)
    codes, parameters = rng.integers(0, 99, (2, 3, 5)), log_int_softmax.parameters(0.1)
    hidden = rng.random((3, 5)) < 0.3
    hidden[:, 2] = False
    got = log_int_softmax.quantize(codes, parameters, bits=4, hidden=hidden)
    assert got.shape == codes.shape
    for head, query in np.ndindex(2, 3):
        due = log_int_softmax.quantize(
            codes[head, query], parameters, bits=4, hidden=hidden[query])
        assert got[head, query].tolist() == due.tolist()


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


def test_codes_that_are_none_are_refused():
    with pytest.raises(TypeError, match=r"^Code must be integers"):
        log_int_softmax.quantize(np.array([[0.5]]), Parameters(7, 27, 279), bits=4)
