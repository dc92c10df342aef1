"""Layers to test, and what they compute in Python's integers."""

from fractions import Fraction

import torch
from torch import nn

from vit2rtl.golden.arithmetic import requantizer
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import UniformQuantizer

from .. import oracle


def linear(generator, inputs, outputs, *, bias=True, spread=1.0):
    layer = nn.Linear(inputs, outputs, bias=bias)
    with torch.no_grad():
        layer.weight.normal_(0, 0.05, generator=generator)
        layer.weight *= torch.linspace(-2, spread, outputs).exp()[:, None]
        if bias:
            layer.bias.normal_(0, 0.5, generator=generator)
    return layer


def calibrated(layer, x):
    """Calibrate on ``x`` and leave calibration, not frozen."""
    layer.calibrate_weight()
    layer.calibrating = True
    with torch.no_grad():
        layer(x)
    layer.calibrating = False
    return layer


def quantized(generator, x, *, outputs=24, w_bits=4, a_bits=4, qkv=False, integer=True, **options):
    layer = QuantLinear(
        linear(generator, x.shape[-1], outputs, **options), UniformQuantizer(a_bits), w_bits
    )
    if qkv:
        layer.outputs = nn.ModuleList(UniformQuantizer(a_bits) for _ in "qkv")
        layer.emits_codes = True
    calibrated(layer, x)
    if qkv:
        y = layer(x)
        for quantizer, part in zip(layer.outputs, y.chunk(3, dim=-1), strict=True):
            quantizer.calibrate(part)
    layer.freeze(integer=integer)
    return layer


def by_hand(layer, x):
    """Python integers all the way: (accumulators, codes) as lists of rows, by R2 and R1."""
    source, weights = layer.input_quantizer, layer.weight_quantizer
    z_x = int(source.zero_point)
    codes = source.codes(x).flatten(0, -2).tolist()
    group = len(layer.bias) // len(layer.outputs)
    scales, rows, bias = [], [], []
    for o in range(len(layer.bias)):
        scale = float(source.scale.double() * weights.scale[o].double())
        z_w = int(weights.zero_point[o])
        row = [code - z_w for code in layer.weight_codes[o].tolist()]
        rounded = (Fraction(float(layer.bias[o])) / Fraction(scale) + Fraction(1, 2)).__floor__()
        scales.append(scale)
        rows.append(row)
        bias.append(rounded - z_x * sum(row))
    accumulators = [
        [sum(q * w for q, w in zip(token, row, strict=True)) + b
         for row, b in zip(rows, bias, strict=True)]
        for token in codes
    ]
    expected = [[] for _ in codes]
    for n, output in enumerate(layer.outputs):
        at = range(n * group, (n + 1) * group)
        factors = [scales[o] / float(output.scale) for o in at]
        multipliers, shifts = requantizer.multiplier_and_shift(factors)
        for token, result in zip(accumulators, expected, strict=True):
            result += [
                oracle.requantize(
                    token[o], int(m), int(s), int(output.zero_point), output.bits
                )
                for o, m, s in zip(at, multipliers, shifts, strict=True)
            ]
    return accumulators, expected


def run(layer, x):
    """(accumulators, codes, output) as the layer computes them."""
    seen = []
    layer.tap = lambda module, acc, centered: seen.append((acc.clone(), centered.clone()))
    output = layer(x)
    layer.tap = None
    accumulators, centered = seen[0]
    codes = centered.double() + layer.integer.zero_point
    assert accumulators.equal(accumulators.round()) and codes.equal(codes.round())
    return (*(t.long().flatten(0, -2).tolist() for t in (accumulators, codes)), output)
