"""Rows of weights that have vanished, or all but, keep their bias."""

import pytest
import torch
from torch import nn

from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import UniformQuantizer

from .layers_by_hand import by_hand, calibrated, linear, run


def test_rows_of_zeros_give_their_bias(generator):
    x = torch.randn(40, 16, generator=generator)
    layer = QuantLinear(linear(generator, 16, 6), UniformQuantizer(4), 4)
    layer.weight[[1, 4]] = 0
    layer.weight[0, 3] = 0  # a zero in a row is no row of zeros
    layer.bias[4] = 0
    calibrated(layer, x)
    assert layer.weight_quantizer(layer.weight)[[1, 4]].abs().max() == 0
    want = layer(x)
    layer.freeze(integer=True)
    assert run(layer, x)[:2] == by_hand(layer, x)
    products = layer.input_quantizer.scale * layer.weight_quantizer.scale
    assert ((layer(x) - want).abs() <= 2 * layer.outputs[0].scale + products).all()
    assert (layer(x)[:, 1] - layer.bias[1]).abs().max() <= layer.outputs[0].scale
    assert layer(x)[:, 4].abs().max() == 0


@pytest.mark.parametrize("tiny", [1e-3, 1e-6, 1e-9, 1e-15, 1e-30, 1e-40])
@pytest.mark.parametrize("integer", [True, False])
def test_rows_that_have_all_but_vanished_give_their_bias(tiny, integer, generator):
    """Weight decay leaves such rows in trained models; their biases are as large as others."""
    x = torch.randn(40, 16, generator=generator)
    layer = QuantLinear(linear(generator, 16, 6), UniformQuantizer(4), 4)
    layer.weight[2] *= tiny
    layer.bias[2] = 0.7
    calibrated(layer, x)
    want = layer(x)
    layer.freeze(integer=integer)
    step = float(layer.outputs[0].scale)
    assert (layer(x) - want)[:, 2].abs().max() <= 2 * step
    assert (layer(x)[:, 2] - 0.7).abs().max() <= 2 * step + tiny


@pytest.mark.parametrize("factor", [1.3, 1.6, 2.2, 2.7, 3.4, 4.6])
def test_a_bias_that_needs_a_coarser_scale_moves_the_zero_point_along(factor):
    """Rows away from zero, whose bias has more than 20 bits at their own scale."""
    layer = QuantLinear(nn.Linear(16, 2), UniformQuantizer(4), 4)
    layer.weight[0] = torch.linspace(-14, 1, 16)  # a step each: its zero point is 14
    layer.weight[1] = torch.linspace(-1.0, 1.0, 16) * 200
    layer.calibrate_weight()
    layer.input_quantizer.set(torch.tensor(0.5), torch.tensor(8.0))
    layer.outputs[0].set(torch.tensor(1024.0), torch.tensor(32768.0))
    own = float(layer.weight_quantizer.scale[0])
    layer.bias = torch.tensor([2.0**20 * 0.5 * factor * own, 0.0])
    weight = layer.weight.clone()
    layer.freeze(integer=True)
    scale = layer.weight_quantizer.scale
    assert float(scale[0]) == pytest.approx(factor * own)
    error = (layer.centered_codes() * scale[:, None] - weight).abs()
    assert (error <= 0.55 * scale[:, None]).all()  # half a step, and what percentiles clip


@pytest.mark.parametrize("large", [1.0, 1.2, 1.4, 1.6, 1.8])
def test_the_multiplier_of_a_row_that_has_vanished_errs_by_a_step_at_most(large, generator):
    x = torch.randn(40, 16, generator=generator)
    layer = QuantLinear(linear(generator, 16, 6), UniformQuantizer(2), 4)
    layer.weight[0] *= 100 * large
    layer.weight[2] *= 1e-9
    layer.bias[2] = 0.7
    calibrated(layer, x).freeze(integer=True)
    steps = 0.7 / float(layer.outputs[0].scale)
    # It is rounded to an integer, that is by a half.
    assert 0.5 / (float(layer.integer.multiplier[2]) + 0.5) <= 1 / steps


def test_a_layer_of_one_output_and_of_zeros_has_scale_one():
    layer = QuantLinear(nn.Linear(3, 1), UniformQuantizer(4), 4)
    layer.weight.zero_()
    layer.bias.zero_()
    calibrated(layer, torch.ones(2, 3)).freeze(integer=True)
    assert layer.weight_quantizer.scale.tolist() == [1.0]
    assert layer(torch.ones(2, 3)).tolist() == [[0.0], [0.0]]


def test_a_layer_of_zeros_gives_its_bias(generator):
    x = torch.randn(10, 16, generator=generator)
    layer = QuantLinear(nn.Linear(16, 4), UniformQuantizer(4), 4)
    layer.weight.zero_()
    calibrated(layer, x).freeze(integer=True)
    assert run(layer, x)[:2] == by_hand(layer, x)
    assert (layer(x) - layer.bias).abs().max() <= layer.outputs[0].scale + 0.51 * (
        layer.input_quantizer.scale * layer.weight_quantizer.scale.max()
    )
