"""Power-of-two factors by brute force, and LayerNorm's integers an element at a time."""

from math import floor, log2, sqrt

import pytest
import torch
from torch import nn

from vit2rtl.golden.arithmetic import factors
from vit2rtl.quantization.fq_vit.layer_norm import IntegerLayerNorm, power_of_two_factors
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import UniformQuantizer

CHANNELS = 6


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_each_channel_has_the_factor_of_least_error():
    x = random(40, CHANNELS) * torch.tensor([0.01, 0.1, 0.5, 1, 3, 10])
    quantizer = UniformQuantizer(6, axis=-1)
    power_of_two_factors(x, quantizer)
    top = 63
    widest = float(x.max() - x.min()) / top
    zero_point = min(max(round(-float(x.min()) / widest), 0), top)
    assert quantizer.zero_point.tolist() == [zero_point] * CHANNELS
    for channel in range(CHANNELS):
        errors = []
        for factor in range(4):
            scale = widest / 8 * 2**factor
            codes = [min(max(round(v / scale) + zero_point, 0), top)
                     for v in x[:, channel].tolist()]
            errors.append(sum(((code - zero_point) * scale - v) ** 2
                              for code, v in zip(codes, x[:, channel].tolist(), strict=True)))
        best = widest / 8 * 2 ** errors.index(min(errors))
        assert float(quantizer.scale[channel]) == pytest.approx(best, rel=1e-6), channel
    assert len(quantizer.scale.unique()) > 2


def integer_norm(seed=1):
    norm = nn.LayerNorm(CHANNELS).requires_grad_(False)
    norm.weight.data, norm.bias.data = random(CHANNELS, seed=seed), random(CHANNELS, seed=seed + 1)
    norm.weight.data[2] = 0  # a dead channel
    linear = QuantLinear(nn.Linear(CHANNELS, 3), UniformQuantizer(8), 8)
    linear.input_quantizer.set(torch.tensor(0.03), torch.tensor(100.0))
    integer = IntegerLayerNorm(norm, 8, linear)
    scale = torch.tensor([0.01, 0.02, 0.02, 0.08, 0.04, 0.01])
    integer.stream.set(scale, torch.full_like(scale, 120.0))
    return integer, linear


def by_hand(row, norm, out):
    """Integer codes of a row's elements, less the zero point."""
    scales = norm.stream.scale.double().tolist()
    least = min(scales)
    codes = [min(max(round(v / s), -120), 135) for v, s in zip(row, scales, strict=True)]
    x = [code * round(s / least) for code, s in zip(codes, scales, strict=True)]
    count, total = len(x), sum(x)
    mean = least * total / count
    sigma = least / count * sqrt(count * sum(v * v for v in x) - total**2)
    results = []
    for v, gamma, beta in zip(x, norm.weight.double().tolist(), norm.bias.double().tolist(),
                              strict=True):
        if not sigma:
            a, offset = 0, beta
        else:
            a, offset = least * gamma / (sigma * out), beta - mean * gamma / sigma
        shift = 31 if not a else min(max(7 - floor(log2(abs(a))), 0), 31)
        multiplier = min(floor(abs(a) * 2**shift), 255)
        sign = (a > 0) - (a < 0)
        addend = round(offset / out * 2**shift)
        results.append(round((sign * multiplier * v + addend) / 2**shift))
    return codes, results


def test_rows_are_normalized_by_a_multiplier_of_8_bits_and_a_shift():
    norm, linear = integer_norm()
    x = random(50, CHANNELS, seed=5)
    x[0] = 0  # equal codes: only the offset is left
    rows, before = x.tolist(), x.clone()
    out = float(linear.input_quantizer.scale)
    y = norm(x)
    for n, row in enumerate(rows):
        codes, due = by_hand(row, norm, out)
        assert (y[n] / out).round().tolist() == due, n
        assert x[n].tolist() == pytest.approx(
            [c * s for c, s in zip(codes, norm.stream.scale.tolist(), strict=True)], abs=1e-6)
    assert not x.equal(before)  # the stream carries on what the norm has seen
    real = nn.functional.layer_norm(x[1:], (CHANNELS,), norm.weight, norm.bias)
    # A multiplier of 8 bits is up to 1/128 too small; a code is rounded.
    assert float(((y[1:] - real).abs() - (real - norm.bias).abs() / 64).max()) < 0.02


@pytest.mark.parametrize("step", [1e-6, 0.02, 1.0, 300.0])
def test_codes_are_golden_s_to_the_last_bit(step):
    """Gains of all magnitudes, zero and equal codes among them."""
    channels = 192
    norm = nn.LayerNorm(channels).requires_grad_(False)
    norm.weight.data = random(channels) * 10 ** (4 * random(channels, seed=1))
    norm.weight.data[::7] = 0
    norm.bias.data = random(channels, seed=2)
    integer = IntegerLayerNorm(norm, 8, None).double()
    powers = torch.arange(channels) % 4
    integer.stream.set(0.37 * 2.0**powers, torch.full((channels,), 100.0))
    assert integer.factors.tolist() == powers.tolist()
    codes = (60 * random(500, channels, seed=3)).round().clamp(-100, 155).double()
    codes[0] = 0
    codes[1, 1:] = 0
    got = integer.normalized(codes, step)
    due = factors.normalize(codes.long().numpy(), powers.numpy(), norm.weight.double().numpy(),
                            norm.bias.double().numpy(), step)
    assert (due * step).tolist() == got.tolist()


def test_without_a_layer_behind_it_it_computes_in_float():
    norm, _ = integer_norm()
    norm._linear = (None,)
    x = random(5, CHANNELS, seed=7)
    y = norm(x)
    torch.testing.assert_close(
        y, nn.functional.layer_norm(x, (CHANNELS,), norm.weight, norm.bias))
