"""Ranges that are searched on histograms, against searches on the values themselves."""

import numpy as np
import pytest
import torch
from torch import nn

from vit2rtl.quantization.closed_form import ranges
from vit2rtl.quantization.quantizers import UniformQuantizer

GENERATOR = torch.Generator().manual_seed(11)
NORMAL = torch.randn(3000, generator=GENERATOR)
TWO_WAYS = {
    "normal": NORMAL, "small": NORMAL * 1e-4, "heavy": NORMAL * NORMAL.abs(),
    "off the middle": NORMAL + 0.7, "skewed": (NORMAL * 0.7).exp() - 1.2,
}
ONE_WAY = {
    "gelu": nn.functional.gelu(NORMAL * 2), "silu": nn.functional.silu(NORMAL * 3),
    "relu": NORMAL.relu(), "positive": NORMAL.abs() + 0.2,
    "leaky": nn.functional.leaky_relu(NORMAL, 0.3), "even": torch.rand(3000, generator=GENERATOR),
}


def error(quantizer, x):
    return float((quantizer(x) - x).square().mean())


def searched(x, bits, zero_points, scales):
    """The least error of all scales and zero points."""
    other, found = UniformQuantizer(bits), []
    for zero_point in zero_points:
        for scale in scales:
            other.set(torch.tensor(scale), torch.tensor(float(zero_point)))
            found.append(error(other, x))
    return min(found)


@pytest.mark.parametrize("kind", TWO_WAYS)
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 8])
def test_no_finer_search_finds_much_better_ranges_of_what_goes_both_ways(kind, bits):
    x, quantizer = TWO_WAYS[kind], UniformQuantizer(bits)
    ranges.two_sided(x, quantizer)
    levels = 1 << bits
    low, high = -float(x.min()), float(x.max())
    widths = np.geomspace(0.08, 1.05, 60) * (low + high) / (levels - 1)
    middle = round(low / (low + high) * (levels - 1))
    near = range(max(0, middle - levels // 4), min(levels - 1, middle + levels // 4) + 1,
                 max(1, levels // 32))
    assert error(quantizer, x) <= 1.12 * searched(x, bits, near, widths)


@pytest.mark.parametrize("sign", [1, -1])
def test_levels_follow_the_side_that_goes_further(sign):
    quantizer = UniformQuantizer(4)
    ranges.two_sided(sign * torch.cat([NORMAL, NORMAL.abs() * 4]), quantizer)
    codes = quantizer.codes(sign * torch.tensor([-1e6, 1e6])) - quantizer.zero_point
    below, above = codes.abs().tolist()
    assert above > 2 * below > 0


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_all_on_one_side_has_no_level_on_the_other(sign):
    quantizer = UniformQuantizer(4)
    ranges.two_sided(sign * (NORMAL.abs() + 0.2), quantizer)
    assert quantizer.zero_point <= 0 if sign > 0 else quantizer.zero_point >= 15


@pytest.mark.parametrize("kind", ONE_WAY)
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_no_finer_search_finds_much_better_ranges_of_what_goes_one_way(kind, bits):
    x, quantizer = ONE_WAY[kind], UniformQuantizer(bits)
    ranges.one_sided(x, quantizer)
    levels = 1 << bits
    zero_points = range(0, levels - 1, max(1, levels // 64))
    best = min(
        searched(x, bits, [zero_point],
                 np.linspace(0.15, 1.05, 40) * float(x.max()) / (levels - 1 - zero_point))
        for zero_point in zero_points if zero_point * float(x.max()) / (levels - 1 - zero_point)
        <= 2 * max(0.0, -float(x.min())) + 2 * float(x.max()) / levels)
    assert error(quantizer, x) <= 1.06 * best


@pytest.mark.parametrize("x", [-ONE_WAY["gelu"], NORMAL - 10, torch.full((5,), 2.0),
                               torch.tensor([-1.0, 0.5, 1.0])])
def test_what_does_not_go_one_way_is_calibrated_as_anything_else(x):
    quantizer, plain = UniformQuantizer(4), UniformQuantizer(4)
    ranges.one_sided(x, quantizer)
    plain.calibrate(x)
    assert (quantizer.scale, quantizer.zero_point) == (plain.scale, plain.zero_point)


@pytest.mark.parametrize("value", [3.0, -2.0, 1e-3])
def test_a_constant_is_near_a_level(value):
    quantizer = UniformQuantizer(4)
    ranges.two_sided(torch.full((10,), value), quantizer)
    assert (quantizer(torch.tensor([value])) - value).abs() <= 0.05 * abs(value)


def test_a_distribution_has_the_values_of_its_tensor():
    found = ranges.Distribution(NORMAL)
    width = (float(NORMAL.max()) - float(NORMAL.min())) / 8192
    assert (found.low, found.high) == (float(NORMAL.min()), float(NORMAL.max()))
    assert float(found.shares.sum()) == pytest.approx(1, abs=1e-12) and found.shares.min() > 0
    ordered = NORMAL.double().sort().values
    spread = found.values.repeat_interleave((found.shares * 3000).round().long())
    assert len(spread) == 3000
    assert 0.45 * width <= (spread - ordered).abs().max() <= 0.51 * width
    assert found.deviation() == pytest.approx(float(NORMAL.double().std(correction=0)), rel=1e-5)


def test_softmax_scales_go_down_from_one_by_four_an_octave():
    scales = torch.tensor(ranges.SOFTMAX_SCALES).double()
    torch.testing.assert_close(scales.log2().diff(), torch.full((13,), -0.25).double(),
                               rtol=0, atol=1e-6)
    assert scales[0] == 1 and len(scales) == 14


@pytest.mark.parametrize("value", [-1.5, 0.0, 1e-30, 1e30])
def test_a_distribution_of_one_value_is_that_value(value):
    found = ranges.Distribution(torch.full((7,), value))
    assert found.values.tolist() == torch.full((1,), value).tolist()
    assert found.shares.tolist() == [1.0]
    assert found.deviation() == 0


@pytest.mark.parametrize("levels", [4, 16])
def test_the_best_candidate_is_that_of_least_error_on_the_tensor(levels):
    """More candidates than are tried together; the last ones among the best."""
    pairs = [(scale, zero_point) for zero_point in (0, 1, levels // 2)
             for scale in np.geomspace(3, 0.05, 60)]
    bits = levels.bit_length() - 1
    errors = [searched(NORMAL, bits, [zero_point], [scale]) for scale, zero_point in pairs]
    for candidates in (pairs, pairs[::-1], pairs[:70]):
        scale, zero_point = ranges.Distribution(NORMAL).best(iter(candidates), levels)
        found = searched(NORMAL, bits, [zero_point], [scale])
        least = min(e for e, pair in zip(errors, pairs, strict=True) if pair in candidates)
        assert found <= 1.001 * least and isinstance(zero_point, int)


@pytest.mark.parametrize("bits", [2, 3])
def test_channels_of_few_bits_have_the_shrunk_range_of_least_error(bits):
    spread, mean = torch.tensor([1.0, 0.1, 20.0, 0.5]), torch.tensor([0.0, 3.0, -50.0, 0.2])
    x = torch.randn(5, 80, 4, generator=torch.Generator().manual_seed(2)) ** 3 * spread + mean
    quantizer, last = UniformQuantizer(bits, -1), 2**bits - 1
    ranges.normed(x, quantizer)
    for n, channel in enumerate(x.double().flatten(0, 1).T.numpy()):
        middle, errors = channel.mean(), {}
        for shrink in ranges.SHRINKS:
            low, high = (middle + shrink * (end - middle) for end in (channel.min(), channel.max()))
            step = (high - low) / last
            codes = np.clip(np.round((channel - low) / step), 0, last)
            errors[((codes * step + low - channel) ** 2).mean()] = step, -low / step
        scale, zero_point = errors[min(errors)]
        assert float(quantizer.scale[n]) == pytest.approx(scale, rel=1e-4)
        assert float(quantizer.zero_point[n]) == pytest.approx(zero_point, abs=1e-3)
    assert (quantizer.zero_point % 1 > 0.01).any()


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_channels_that_never_change_and_those_of_more_bits_are_calibrated_as_any(bits):
    x = torch.tensor([0.0, 2.0, -3.0]).repeat(50, 1)
    x[:, 0] = NORMAL[:50]
    quantizer, plain = UniformQuantizer(bits, -1), UniformQuantizer(bits, -1)
    ranges.normed(x, quantizer)
    plain.calibrate(x)
    same = (quantizer.scale == plain.scale) & (quantizer.zero_point == plain.zero_point)
    assert same.tolist() == [bits >= 4, True, True]
    assert quantizer.constant.tolist() == [False, True, True]


@pytest.mark.parametrize("bits", [3, 4, 6, 8])
def test_channels_have_ranges_of_equally_many_deviations_around_their_means(bits):
    spread = torch.tensor([1.0, 0.1, 20.0, 0.5, 0.0, 1e-5])
    mean = torch.tensor([0.0, 3.0, -50.0, 0.2, 7.0, 0.0])
    x = torch.randn(2000, 6, generator=torch.Generator().manual_seed(2)) * spread + mean
    quantizer = UniformQuantizer(bits, -1)
    ranges.channels(x, quantizer)
    assert quantizer.constant.tolist() == [False] * 4 + [True, False]
    ratio = quantizer.scale / x.std(0, correction=0)
    torch.testing.assert_close(ratio[1:4], ratio[:1].expand(3), rtol=1e-4, atol=0)
    # The middle of the codes is the mean, to half a step.
    middle = (2 ** (bits - 1) - quantizer.zero_point) * quantizer.scale
    assert ((middle - x.mean(0)).abs() <= 0.501 * quantizer.scale).all()
    # Channels that hardly move have a hundredth of the median's range.
    typical = float(x.std(0, correction=0)[[0, 1, 3, 5]].sort().values[-2])
    floor = quantizer.scale[4:] / ratio[0] / 0.01
    assert floor[0] == floor[1] and 0.1 <= float(floor[0]) <= typical * 1.01
    standard = ((x - x.mean(0)) / x.std(0, correction=0).clamp(min=1e-9))[:, :4].flatten()
    scales = np.linspace(1, 8, 71) * 2 / 2**bits
    other = UniformQuantizer(bits)
    other.set(ratio[0], torch.tensor(2.0 ** (bits - 1)))
    assert error(other, standard) <= 1.12 * searched(standard, bits, [2 ** (bits - 1)], scales)


def test_channels_that_are_next_to_nothing_are_constant():
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(3))
    quantizer = UniformQuantizer(4, -1)
    ranges.channels(x * torch.tensor([1.0, 1e-36, 1e-25]), quantizer)
    assert quantizer.constant.tolist() == [False, True, False]


def test_channels_that_are_all_constant_have_ranges():
    quantizer = UniformQuantizer(4, -1)
    ranges.channels(torch.tensor([0.0, 2.0, -3.0]).expand(5, 3), quantizer)
    assert quantizer.constant.all() and (quantizer.scale > 0).all()
    assert quantizer.scale.isfinite().all() and quantizer.zero_point.isfinite().all()


@pytest.mark.parametrize("offset", [50.0, -50.0])
def test_what_does_not_reach_zero_keeps_its_offset_in_the_zero_point(offset):
    x = offset + torch.randn(2000, generator=torch.Generator().manual_seed(1))
    quantizer = UniformQuantizer(4)
    ranges.two_sided(x, quantizer)
    assert (quantizer(x) - x).square().mean() < 0.02
    assert quantizer.zero_point < -16 if offset > 0 else quantizer.zero_point > 32
