"""Scales from extremes: by hand."""

import pytest
import torch

from vit2rtl.quantization.fq_vit.ranges import set_extremes, set_symmetric
from vit2rtl.quantization.quantizers import UniformQuantizer


def test_rows_of_weights_end_half_a_step_beyond_their_largest_magnitude():
    quantizer = UniformQuantizer(4, axis=0, symmetric=True)
    weight = torch.tensor([[1.5, -7.5, 3.0], [0.0, 0.0, 0.0], [0.75, 0.5, -0.25]])
    set_symmetric(quantizer, weight)
    assert quantizer.scale.tolist() == pytest.approx([1.0, 1.0, 0.1])
    assert quantizer.zero_point.tolist() == [8, 8, 8]
    assert quantizer.centered(weight).tolist() == [[2, -8, 3], [0, 0, 0], [7, 5, -2]]


@pytest.mark.parametrize(("low", "high", "scale", "zero_point"), [
    (-1.0, 2.0, 0.2, 5), (0.0, 3.0, 0.2, 0), (1.0, 4.0, 0.2, 0), (-4.0, -1.0, 0.2, 15),
])
def test_codes_reach_from_one_extreme_to_the_other(low, high, scale, zero_point):
    quantizer = UniformQuantizer(4)
    set_extremes(quantizer, low, high)
    assert float(quantizer.scale) == pytest.approx(scale)
    assert float(quantizer.zero_point) == zero_point


def test_a_constant_has_a_scale():
    quantizer = UniformQuantizer(4)
    set_extremes(quantizer, 3.0, 3.0)
    assert 0 < float(quantizer.scale) < 1e-20
