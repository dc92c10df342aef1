"""Twin uniform quantizers against one number at a time, in fractions."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vit2rtl.quantization.twin_quantizers import (
    TwinActivationQuantizer,
    TwinSoftmaxQuantizer,
    Unquantized,
)

# So few bits that float32 holds what they are multiplied by, and decides ties as fractions do.
PROBABILITIES = st.integers(0, 1 << 16).map(lambda n: n / (1 << 16))


def by_hand(x, split, top, both):
    """What a probability is quantized to, an exact fraction of the two steps."""
    x, split = Fraction(x), Fraction(split)
    coarse, fine = Fraction(1, top), split / top

    def near(value, step):
        return round(value / step) * step

    if both:
        return near(min(max(x, split), 1), coarse) + near(min(x, split), fine)
    return near(x, fine) if x < split else near(x, coarse)


@pytest.mark.parametrize("both", [False, True])
@given(x=PROBABILITIES, shift=st.integers(0, 19), bits=st.integers(2, 8))
def test_softmax_is_one_region_or_both(x, shift, bits, both):
    quantizer = TwinSoftmaxQuantizer(bits, both=both)
    quantizer.set_split(2.0**-shift)
    assert quantizer.split == 2.0**-shift
    assert quantizer.scale.tolist() == pytest.approx(
        [1 / quantizer.top, 2.0**-shift / quantizer.top])
    due = by_hand(x, 2.0**-shift, (1 << bits - 1) - 1, both)
    value = torch.tensor([x], dtype=torch.float32)
    assert float(quantizer(value)) == pytest.approx(float(due), rel=1e-6)
    code = int(quantizer.codes(value))
    assert 0 <= code < 1 << bits
    assert float(quantizer.values()[code]) == pytest.approx(float(quantizer(value)), rel=1e-6)


def test_the_authors_form_counts_small_probabilities_twice():
    quantizer = TwinSoftmaxQuantizer(4, both=True)
    quantizer.set_split(0.25)
    # Coarse steps are of 1/7, and round(7/4) of them stand below every small one.
    assert quantizer(torch.tensor([0.0])).tolist() == pytest.approx([2 / 7])
    assert quantizer(torch.tensor([1.0])).tolist() == pytest.approx([1.25])
    ours = TwinSoftmaxQuantizer(4, both=False)
    ours.set_split(0.25)
    assert ours(torch.tensor([0.0, 0.249, 0.25, 1.0])).tolist() == pytest.approx(
        [0, 0.25, 2 / 7, 1])


@given(st.lists(st.integers(-4000, 4000), min_size=1), st.integers(2, 8),
       st.sampled_from([0.25, 1.0, 2.0]))
def test_activations_have_a_scale_for_each_sign(numbers, bits, positive):
    quantizer = TwinActivationQuantizer(bits)
    negative = 0.0625
    quantizer.set(positive, negative)
    x = torch.tensor(numbers, dtype=torch.float32) / 256
    top = (1 << bits - 1) - 1
    codes = [min(round(v / positive), top) if v >= 0 else max(round(v / negative), -top - 1)
             for v in x.tolist()]
    assert quantizer.codes(x).tolist() == codes
    values = [code * (positive if v >= 0 else negative)
              for code, v in zip(codes, x.tolist(), strict=True)]
    assert quantizer(x).tolist() == values


def test_a_tensor_in_float_stays_what_it_is():
    x = torch.randn(3, 5)
    assert Unquantized()(x).equal(x)
