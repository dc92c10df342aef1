"""Log-Int-Softmax against its definition with divisions, in Python's integers."""

from fractions import Fraction
from math import floor, log2

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vit2rtl.quantization.fq_vit.log_int_softmax import LogIntSoftmax


def softmax(codes, scale, bits):
    """Values by the division of the paper: codes of logits -> 2**-n, or zero."""
    octave = floor(-0.6931 / scale)
    linear, constant = floor(0.96963238 / 0.35815147 / scale), floor(1 / 0.35815147 / scale**2)
    exponentials = []
    for code in codes:
        x = max(code - max(codes), 30 * octave)
        octaves = x // octave
        rest = x - octaves * octave
        exponentials.append(max((rest * (rest + linear) + constant) * 2 ** (30 - octaves), 0))
    total, values = sum(exponentials), []
    for e in exponentials:
        if not e:
            values.append(0)
            continue
        quotient = round(Fraction(total, e))  # half to even
        n = floor(log2(quotient))
        n += quotient - 2**n >= Fraction(2**n, 2)
        values.append(2.0**-n if n < 2**bits else 0)
    return values


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(-128, 127), min_size=1, max_size=40), st.integers(2, 5),
       st.sampled_from([1 / 64, 0.03, 0.11, 0.25, 0.6931, 0.7, 1.5]))
def test_it_is_the_paper_s_with_its_division(codes, bits, scale):
    quantizer = LogIntSoftmax(bits, 8)
    quantizer.logits.set(torch.tensor(scale, dtype=torch.float64), torch.tensor(128.0))
    kept = float(quantizer.logits.scale)
    logits = torch.tensor(codes, dtype=torch.float64) * kept
    assert quantizer(logits).tolist() == softmax(codes, kept, bits)


def test_a_quotient_of_two_and_a_half_is_two():
    quantizer = LogIntSoftmax(4, 8)
    quotients = {1: 0, 1.49: 0, 1.5: 1, 2.5: 1, 2.51: 2, 5.49: 2, 5.5: 3, 11.49: 3, 11.5: 4}
    for quotient, n in quotients.items():
        least = torch.bucketize(torch.tensor(2 * quotient, dtype=torch.float64),
                                quantizer._least, right=True)
        assert int(least) == n, quotient


def test_keys_that_are_hidden_have_no_share():
    quantizer = LogIntSoftmax(4, 8)
    quantizer.logits.set(torch.tensor(0.1), torch.tensor(128.0))
    logits = torch.tensor([[1.0, 2.0, 9.0]])
    hidden = torch.tensor([[False, False, True]])
    assert quantizer(logits, hidden)[0, 2] == 0
    assert quantizer(logits, hidden)[0, :2].equal(quantizer(logits[:, :2])[0])


def test_steps_that_are_too_wide_are_one_sentence():
    quantizer = LogIntSoftmax(4, 4)
    quantizer.logits.set(torch.tensor(1.68), torch.tensor(8.0))
    with pytest.raises(ValueError) as error:
        quantizer.check(5)
    assert str(error.value) == (
        "Log-Int-Softmax needs logits in steps below 1.67, and these have 1.68 at 4 bits (its "
        "exponentials would all be zero): give more activation bits")
    quantizer.logits.set(torch.tensor(1.67), torch.tensor(8.0))
    quantizer.check(5)


def test_rows_that_are_too_long_for_their_steps_are_one_sentence():
    """Floor of 2.79 / 0.001² is 2,792,115 a key, and a sum has 31 bits but for the octaves'."""
    quantizer = LogIntSoftmax(4, 8, fixed_point=True)
    quantizer.logits.set(torch.tensor(0.001), torch.tensor(8.0))
    quantizer.check(769)
    with pytest.raises(ValueError) as error:
        quantizer.check(770)
    assert str(error.value) == (
        "Log-Int-Softmax takes 769 keys of logits in steps of 0.001 at 8 bits, and these are 770: "
        "give fewer activation bits")
    quantizer.fixed_point = False
    quantizer.check(770)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=1, max_size=40), st.integers(2, 8),
       st.sampled_from([1 / 64, 0.03, 0.11, 0.25, 0.6931, 0.7, 1.5]))
def test_integers_and_floats_give_the_same_codes(codes, bits, scale):
    logits = torch.tensor(codes, dtype=torch.float64) * scale
    found = []
    for fixed_point in (False, True):
        quantizer = LogIntSoftmax(bits, 8, fixed_point=fixed_point)
        quantizer.logits.set(torch.tensor(scale, dtype=torch.float64), torch.tensor(0.0))
        found.append(quantizer.codes(logits).tolist())
    assert found[0] == found[1]


def test_hidden_keys_have_the_code_of_zero_at_any_width():
    quantizer = LogIntSoftmax(6, 8, fixed_point=True)
    quantizer.logits.set(torch.tensor(0.1), torch.tensor(128.0))
    logits = torch.tensor([[1.0, 2.0, 9.0]]).double()
    codes = quantizer.codes(logits, torch.tensor([[False, False, True]]))
    assert codes.tolist() == [[*quantizer.codes(logits[:, :2])[0].tolist(), 64]]
