import math

import pytest
import torch

from vit2rtl.evaluation import image_sqnr, sqnr


def test_sqnr_by_hand():
    reference = torch.tensor([[3.0, -4.0]])
    assert sqnr(reference, reference + 0.5) == pytest.approx(10 * math.log10(25 / 0.5))
    assert sqnr(reference, reference * 0) == 0
    assert sqnr(reference, reference) == math.inf
    assert sqnr(reference * 0, reference) == -math.inf


def test_sqnr_is_summed_in_double():
    reference = torch.full((1, 1 << 20), 1.0)
    reference[0, 0] = 4096.0
    got = sqnr(reference, reference + 2.0**-8)
    want = 10 * math.log10((4096**2 + (1 << 20) - 1) / ((1 << 20) * 2.0**-16))
    assert got == pytest.approx(want, rel=1e-12)
    assert image_sqnr(reference, reference + 2.0**-8).item() == pytest.approx(want, rel=1e-12)


def test_each_image_has_its_own():
    reference = torch.tensor([[3.0, -4.0], [1.0, 0.0], [0.0, 2.0]])
    other = torch.tensor([[3.0, -3.0], [0.0, 0.0], [0.0, 2.0]])
    want = [10 * math.log10(25), 0, math.inf]
    assert image_sqnr(reference, other).tolist() == pytest.approx(want)
