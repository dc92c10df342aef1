"""Quantized convolutions against loops over codes; what is padded is exactly zero."""

from itertools import product

import pytest
import torch
from torch import nn

from vit2rtl.quantization.convolution import QuantConv2d
from vit2rtl.quantization.quantizers import UniformQuantizer

from .layers_by_hand import calibrated


def quantized(convolution, x, *, w_bits=4, a_bits=4):
    layer = calibrated(QuantConv2d(convolution, UniformQuantizer(a_bits), w_bits), x)
    layer.freeze(integer=False)
    return layer


def convolution(generator, **options):
    layer = nn.Conv2d(4, 6, **options)
    with torch.no_grad():
        layer.weight.normal_(0, 0.3, generator=generator)
        if layer.bias is not None:
            layer.bias.normal_(0, 1, generator=generator)
    return layer


def by_hand(layer, x, float_layer):
    """One output after the other: codes less zero point times each other, nothing where nothing
    is."""
    source, weights = layer.input_quantizer, layer.weight_quantizer
    codes, z_x = source.codes(x).tolist(), int(source.zero_point)
    w = layer.weight_codes.view(float_layer.weight.shape).tolist()
    (sy, sx), (py, px), (dy, dx) = (
        float_layer.stride, float_layer.padding, float_layer.dilation)
    _, depth, kh, kw = float_layer.weight.shape
    height, width = x.shape[2:]
    out = float_layer(x)
    for n, o, i, j in product(*map(range, out.shape)):
        group, acc = o // (6 // float_layer.groups), 0
        for c, a, b in product(range(depth), range(kh), range(kw)):
            row, column = i * sy - py + a * dy, j * sx - px + b * dx
            if 0 <= row < height and 0 <= column < width:
                code = codes[n][group * depth + c][row][column]
                acc += (code - z_x) * (w[o][c][a][b] - int(weights.zero_point[o]))
        out[n, o, i, j] = acc * float(source.scale) * float(weights.scale[o]) + layer.bias[o]
    return out


@pytest.mark.parametrize("options", [
    {"kernel_size": 3, "padding": 1}, {"kernel_size": 1, "bias": False},
    {"kernel_size": 3, "padding": 1, "stride": 2, "groups": 2},
    {"kernel_size": (3, 1), "padding": (2, 0), "dilation": (2, 1)},
])
@pytest.mark.parametrize("offset", [0.3, 5.0, -5.0])
@torch.no_grad()
def test_equal_to_loops_over_codes(options, offset, generator):
    """Offsets at which the codes have no zero: padding is one nevertheless."""
    layer = convolution(generator, **options)
    x = torch.randn(2, 4, 5, 6, generator=generator) + offset
    simulated = quantized(layer, x)
    if abs(offset) > 1:
        zero = simulated.input_quantizer(torch.zeros(1))
        assert zero.abs() > 1
    torch.testing.assert_close(simulated(x), by_hand(simulated, x, layer), atol=1e-4, rtol=1e-5)


@torch.no_grad()
def test_a_row_of_weights_is_an_output_channel(generator):
    layer = convolution(generator, kernel_size=3)
    layer.weight[0] *= 100
    simulated = quantized(layer, torch.randn(1, 4, 5, 5, generator=generator))
    assert simulated.weight_quantizer.scale.shape == (6,)
    assert simulated.weight_quantizer.scale[0] > 20 * simulated.weight_quantizer.scale[1:].max()


@torch.no_grad()
def test_8_bits_are_near_the_float_layer(generator):
    layer = convolution(generator, kernel_size=3, padding=1)
    x = torch.randn(1, 4, 9, 9, generator=generator)
    found, want = quantized(layer, x, w_bits=8, a_bits=8)(x), layer(x)
    assert (found - want).square().mean() < 1e-4 * want.square().mean()


def test_integers_are_refused(generator):
    layer = QuantConv2d(convolution(generator, kernel_size=3), UniformQuantizer(4), 4)
    with pytest.raises(ValueError, match=r"^a convolution has no integer path$"):
        layer.freeze(integer=True)
