import pytest
import torch
from torch import nn
from torch.nn import functional

from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.methods.repq import reparameterize
from vit2rtl.quantization.quantizers import UniformQuantizer

from .. import oracle

CHANNELS, OUTPUTS, TOKENS = 192, 48, 700
DEAD = [3, 17, 100]


def pair(generator, *, bits=4, dtype=torch.float64, bias=True, dead=DEAD):
    """(LayerNorm, QuantLinear, normed input) at a distribution like DeiT-Tiny's.

    Gains spread log-normally over two decades, offsets large in a few channels, some channels dead
    (gain 0: LayerNorm gives their offset, a constant).
    """
    norm, linear = nn.LayerNorm(CHANNELS, eps=1e-6), nn.Linear(CHANNELS, OUTPUTS, bias=bias)
    with torch.no_grad():
        norm.weight.copy_(torch.randn(CHANNELS, generator=generator).mul_(1.2).exp_())
        norm.bias.copy_(torch.randn(CHANNELS, generator=generator) * 0.3)
        norm.bias[::23] *= 30
        norm.weight[dead] = 0
        linear.weight.normal_(0, 0.05, generator=generator)
    layer = QuantLinear(linear, UniformQuantizer(bits, -1), bits).to(dtype)
    norm = norm.to(dtype).requires_grad_(False)
    x = torch.randn(TOKENS, CHANNELS, generator=generator, dtype=dtype)
    x = x * (1 + x[:, :1].abs())
    layer.input_quantizer.calibrate(norm(x))
    return norm, layer, x


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_codes_stay_those_of_the_channel_wise_quantizer_exactly(bits, generator):
    norm, layer, x = pair(generator, bits=bits)
    quantizer = layer.input_quantizer
    before = quantizer.codes(norm(x))
    constants = quantizer.constant.clone()
    reparameterize(norm, layer)
    after = quantizer.codes(norm(x))
    assert quantizer.axis is None and quantizer.scale.ndim == quantizer.zero_point.ndim == 0
    assert constants.nonzero().flatten().tolist() == DEAD
    assert after[:, ~constants].equal(before[:, ~constants])
    # A dead channel keeps its value, its code is relative to the new zero point.
    assert len(set(before[:, ~constants].flatten().tolist())) == 2**bits
    assert 0 <= quantizer.zero_point <= 2**bits - 1


def test_codes_in_float32_differ_by_rounding_only(generator):
    norm, layer, x = pair(generator, dtype=torch.float32)
    quantizer = layer.input_quantizer
    before = quantizer.codes(norm(x))
    varying = ~quantizer.constant
    reparameterize(norm, layer)
    difference = (quantizer.codes(norm(x)) - before)[:, varying].abs()
    assert difference.max() <= 1
    assert (difference > 0).double().mean() < 1e-4


@pytest.mark.parametrize("fractional", [False, True])
@pytest.mark.parametrize("bias", [True, False])
def test_the_float_network_stays_what_it_was(fractional, bias, generator):
    norm, layer, x = pair(generator, bias=bias)
    before = functional.linear(norm(x), layer.weight, layer.bias)
    old = [t.clone() for t in (norm.weight, norm.bias, layer.weight, layer.bias)]
    reparameterize(norm, layer, fractional_zero_point=fractional)
    after = functional.linear(norm(x), layer.weight, layer.bias)
    torch.testing.assert_close(after, before, rtol=1e-10, atol=1e-10)
    new = (norm.weight, norm.bias, layer.weight, layer.bias)
    assert not any(a.equal(b) for a, b in zip(old, new, strict=True))


def test_the_float_network_stays_what_it_was_in_float32(generator):
    norm, layer, x = pair(generator, dtype=torch.float32)
    before = functional.linear(norm(x), layer.weight, layer.bias)
    reparameterize(norm, layer)
    after = functional.linear(norm(x), layer.weight, layer.bias)
    # Offsets that cancel between LayerNorm and bias reach some ten times the output.
    assert (after - before).abs().max() < 2e-5 * before.abs().max()


@pytest.mark.parametrize("fractional", [False, True])
def test_factors_are_those_of_equations_13_to_17(fractional, generator):
    norm, layer, _ = pair(generator)
    quantizer = layer.input_quantizer
    s, z, varying = quantizer.scale, quantizer.zero_point, ~quantizer.constant
    s_mean, z_mean = float(s[varying].mean()), float(z[varying].mean())
    if not fractional:
        z_mean = float(min(max(round(z_mean), 0), 15))
    tensors = (s, z, norm.weight, norm.bias, layer.weight, layer.bias)
    want = oracle.layer_wise(*(t.tolist() for t in tensors), s_mean, z_mean)
    reparameterize(norm, layer, fractional_zero_point=fractional)
    assert float(quantizer.scale) == pytest.approx(s_mean, rel=1e-12)
    assert float(quantizer.zero_point) == pytest.approx(z_mean, rel=1e-12)
    got = (norm.weight, norm.bias, layer.weight, layer.bias)
    for tensor, expected in zip(got, want, strict=True):
        torch.testing.assert_close(
            tensor.detach(), torch.tensor(expected, dtype=torch.float64), rtol=1e-9, atol=1e-9
        )


def test_an_official_mean_is_not_rounded(generator):
    norm, layer, _ = pair(generator)
    reparameterize(norm, layer, fractional_zero_point=True)
    zero_point = layer.input_quantizer.zero_point
    assert zero_point != zero_point.round()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_mean_outside_the_codes_is_brought_inside_and_codes_stay(sign, generator):
    norm, layer, x = pair(generator, dead=[])
    with torch.no_grad():
        norm.bias.copy_(sign * 40 * norm.weight)
    quantizer = layer.input_quantizer
    quantizer.calibrate(norm(x))
    assert quantizer.zero_point.mean().abs() > 80
    before = quantizer.codes(norm(x))
    output = functional.linear(norm(x), layer.weight, layer.bias)
    reparameterize(norm, layer)
    assert quantizer.zero_point == (0 if sign > 0 else 15)
    assert quantizer.codes(norm(x)).equal(before)
    after = functional.linear(norm(x), layer.weight, layer.bias)
    torch.testing.assert_close(after, output, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("offset", [0.0, 0.37, -5.0, 1e-12, -1e-30, 1e4])
def test_a_dead_channel_is_represented_exactly_before_and_after(offset, generator):
    norm, layer, x = pair(generator)
    norm.bias[DEAD] = offset
    quantizer = layer.input_quantizer
    quantizer.calibrate(norm(x))
    column = layer.weight[:, DEAD].clone()
    exact = torch.full((TOKENS, len(DEAD)), offset, dtype=torch.float64)
    assert quantizer(norm(x))[:, DEAD].equal(exact)
    bias_before = layer.bias.clone()
    reparameterize(norm, layer)
    quantized = quantizer(norm(x))[:, DEAD]
    # LayerNorm's output of the channel is a level; what the level lacks is in the bias.
    torch.testing.assert_close(quantized, norm(x)[:, DEAD], rtol=1e-12, atol=1e-300)
    assert torch.isfinite(layer.bias).all() and torch.isfinite(layer.weight).all()
    assert layer.weight.shape == (OUTPUTS, CHANNELS) and not layer.bias.equal(bias_before)
    whole = torch.zeros(1, CHANNELS, dtype=torch.float64)
    whole[:, DEAD] = quantized[:1]
    change = functional.linear(whole, layer.weight) - quantized[0, 0] * layer.weight[:, DEAD].sum(1)
    assert change.abs().max() < 1e-9 * max(1.0, abs(offset))
    assert column.shape == (OUTPUTS, len(DEAD))


def test_dead_channels_do_not_disturb_the_means(generator):
    norm, layer, x = pair(generator)
    norm.bias[DEAD] = 1e4
    layer.input_quantizer.calibrate(norm(x))
    scales, zero_points = layer.input_quantizer.scale, layer.input_quantizer.zero_point
    alive = [n for n in range(CHANNELS) if n not in DEAD]
    want = scales[alive].mean(), zero_points[alive].mean().round().clamp(0, 15)
    assert scales.mean() > 2 * want[0]
    reparameterize(norm, layer)
    assert layer.input_quantizer.scale == want[0]
    assert layer.input_quantizer.zero_point == want[1]


def test_a_layer_of_dead_channels_only_works(generator):
    norm, layer, x = pair(generator, dead=list(range(CHANNELS)))
    before = functional.linear(norm(x), layer.weight, layer.bias)
    reparameterize(norm, layer)
    after = functional.linear(layer.input_quantizer(norm(x)), layer.weight, layer.bias)
    torch.testing.assert_close(after, before, rtol=1e-9, atol=1e-9)


def test_the_quantized_layer_equals_the_channel_wise_one_when_weights_are_not_quantized(generator):
    norm, layer, x = pair(generator)
    channel_wise = functional.linear(layer.input_quantizer(norm(x)), layer.weight, layer.bias)
    reparameterize(norm, layer)
    layer_wise = functional.linear(layer.input_quantizer(norm(x)), layer.weight, layer.bias)
    torch.testing.assert_close(layer_wise, channel_wise, rtol=1e-9, atol=1e-9)


def test_a_bias_is_created_where_there_was_none(generator):
    norm, layer, _ = pair(generator, bias=False)
    assert layer.bias.abs().max() == 0
    reparameterize(norm, layer)
    assert layer.bias.abs().min() > 0


def test_it_returns_what_it_made_of_the_layernorm(generator):
    norm, layer, x = pair(generator)
    before = norm(x)
    factor, offset = reparameterize(norm, layer)
    assert factor.shape == offset.shape == (CHANNELS,)
    torch.testing.assert_close(norm(x), (before + offset) / factor, rtol=1e-9, atol=1e-9)


def test_other_layers_of_the_same_layernorm_come_along(generator):
    norm, layer, x = pair(generator)
    other = QuantLinear(nn.Linear(CHANNELS, 3), UniformQuantizer(4, -1), 4).to(torch.float64)
    want = functional.linear(norm(x), other.weight, other.bias)
    reparameterize(norm, layer, other)
    got = functional.linear(norm(x), other.weight, other.bias)
    torch.testing.assert_close(got, want, rtol=1e-9, atol=1e-9)
    own, its = layer.input_quantizer, other.input_quantizer
    assert its.axis is None
    for name in ("scale", "zero_point"):
        ours, theirs = getattr(own, name), getattr(its, name)
        assert theirs.equal(ours) and theirs.data_ptr() != ours.data_ptr()


def test_a_quantizer_that_was_not_calibrated_is_refused():
    layer = QuantLinear(nn.Linear(4, 2), UniformQuantizer(4, -1), 4)
    with pytest.raises(ValueError) as error:
        reparameterize(nn.LayerNorm(4), layer)
    assert str(error.value) == (
        "A channel-wise quantizer must be calibrated before it is reparameterized")
