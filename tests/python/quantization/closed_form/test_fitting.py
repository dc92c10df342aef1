"""One layer fitted: what each step promises of it."""

import pytest
import torch
from torch import nn

from vit2rtl.quantization.closed_form.fitting import (
    class_share,
    damping,
    fit,
    linear,
    strength,
)
from vit2rtl.quantization.closed_form.weights import DAMPING, RIDGE, Moments
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.settings import STEPS
from vit2rtl.quantization.structure import Layer, Place, Role


def layer_of(role=Role.FC1, *, bits=3, outputs=1):
    torch.manual_seed(4)
    module = QuantLinear(nn.Linear(20, 6), UniformQuantizer(4), bits)
    module.outputs = nn.ModuleList(UniformQuantizer(16) for _ in range(outputs))
    return Layer(Place("layer", role), module)


def data(shift=0.5):
    """(inputs that miss a part, target) of a layer of :func:`layer_of`"""
    torch.manual_seed(5)
    x = torch.randn(300, 20) @ torch.randn(20, 20) / 4
    target = linear(layer_of().module, x) + shift
    return x * 0.8, target


def error(y, target):
    return float((y - target).square().mean())


@pytest.mark.parametrize("role", [Role.FC1, Role.HEAD])
@pytest.mark.parametrize("without", [None, *STEPS])
def test_a_fitted_layer_has_its_weights_on_their_levels(role, without):
    layer, (x, target) = layer_of(role), data()
    y = fit(layer, x, target, [step for step in STEPS if step != without])
    module = layer.module
    assert y.equal(linear(module, x)) and module.weight.dtype == torch.float32
    torch.testing.assert_close(module.weight_quantizer(module.weight), module.weight)
    assert module.outputs[0].scale == pytest.approx(2 * float(y.abs().max()) / 32768)
    mean = (y - target).mean(0).abs().max()
    assert mean > 0.05 if without == "bias" else mean < 1e-5


def test_every_step_brings_a_layer_nearer():
    x, target = data()
    steps, errors = [], []
    for step in (None, "bias", "gptq", "descent"):
        steps += [step] if step else []
        errors.append(error(fit(layer_of(), x / 0.8, target, steps), target))
    assert errors == sorted(errors, reverse=True)
    assert errors[1] < 0.5 * errors[0] and errors[3] < 0.8 * errors[1]
    lost = error(fit(layer_of(), x, target, steps), target)
    assert error(fit(layer_of(), x, target, [*steps, "ridge"]), target) < 0.7 * lost


def test_without_steps_weights_are_rounded_as_by_repq():
    layer, (x, target) = layer_of(), data()
    plain = layer_of().module
    plain.calibrate_weight()
    fit(layer, x, target, [])
    assert layer.module.weight.equal(plain.weight_quantizer(plain.weight))
    assert layer.module.bias.equal(plain.bias)


def test_a_head_keeps_its_float_weights_as_the_goal():
    x, target = data(0)
    found = {role: fit(layer_of(role, bits=6), x, target, STEPS) for role in (Role.FC1, Role.HEAD)}
    # 0.8 of the inputs: ridge regression makes up for some of it, in a head nothing does.
    own = linear(layer_of().module, x)
    own = own - own.mean(0) + target.mean(0)
    assert 5 * error(found[Role.HEAD], own) < error(found[Role.FC1], own)
    assert error(found[Role.FC1], target) < 0.9 * error(found[Role.HEAD], target)


@pytest.mark.parametrize(("weight_bits", "input_bits", "times"), [
    (4, 4, 1), (2, 2, 1), (3, 5, 1), (6, 6, 4), (8, 8, 16), (4, 8, 4), (5, 4, 2**0.5)])
def test_wider_layers_are_pulled_harder_to_their_float_weights(weight_bits, input_bits, times):
    module = layer_of(bits=weight_bits).module
    module.input_quantizer = UniformQuantizer(input_bits)
    assert strength(module) == pytest.approx(RIDGE * times)


@pytest.mark.parametrize(("weight_bits", "input_bits", "times", "share"), [
    (4, 4, 1, 0), (8, 8, 1, 0), (2, 8, 1, 0), (3, 3, 4, 0.15), (2, 2, 16, 0.3),
    (3, 4, 2, 0.075)])
def test_layers_of_fewer_bits_are_damped_harder_and_fitted_to_class_tokens(
        weight_bits, input_bits, times, share):
    module = layer_of(bits=weight_bits).module
    module.input_quantizer = UniformQuantizer(input_bits)
    assert damping(module) == pytest.approx(DAMPING * times)
    for depth in (0.25, 1.0):
        assert class_share(module, depth) == pytest.approx(share * depth)


def test_rows_that_count_more_are_served_better():
    torch.manual_seed(6)
    x, target = torch.randn(200, 20), torch.randn(200, 6)
    counts = torch.full((200, 1), 0.25)
    counts[:50] = 3.25
    alike, counted = layer_of(), layer_of()
    fit(alike, x, target, STEPS)
    fit(counted, x, target, STEPS, counts=counts)
    served = [error(linear(one.module, x[:50]), target[:50]) for one in (alike, counted)]
    assert served[1] < 0.97 * served[0]
    mean = ((linear(counted.module, x) - target) * counts).mean(0)
    assert mean.abs().max() < 1e-5


def test_moments_of_all_tokens_count_beside_those_of_few():
    """Channels that move in the background alone are fitted for it."""
    x, target = data()
    x[:, 10:] = 0
    tokens = torch.randn(500, 20) * 50
    background = Moments(tokens)
    module, alone = (layer_of(Role.HEAD) for _ in range(2))
    fit(module, x, target, STEPS, background)
    fit(alone, x, target, STEPS)
    weight = layer_of(Role.HEAD).module.weight
    lost = [error(linear(one.module, tokens) - one.module.bias, tokens @ weight.T)
            for one in (module, alone)]
    assert lost[0] < lost[1]
    # The layer's own tokens count most, whatever the size of the others.
    own = [error(linear(one.module, x), target) for one in (module, alone)]
    assert own[0] < 2.5 * own[1]


def test_the_size_of_all_tokens_does_not_count():
    x, target = data()
    tokens, weights = torch.randn(500, 20), []
    for size in (1, 32):
        layer = layer_of(Role.HEAD)
        fit(layer, x, target, STEPS, Moments(tokens * size))
        weights.append(layer.module.weight)
    torch.testing.assert_close(*weights)


@pytest.mark.parametrize("steps", [STEPS, ()])
def test_inputs_that_never_change_leave_rounding_and_the_bias(steps):
    layer, x = layer_of(), torch.full((5, 20), 2.0)
    target = torch.arange(30.0).view(5, 6)
    y = fit(layer, x, target, steps)
    assert y.isfinite().all()
    if steps:
        torch.testing.assert_close(y, target.mean(0).expand(5, 6), rtol=1e-4, atol=1e-4)


def test_outputs_of_q_k_and_v_are_left_to_the_attention():
    layer, (x, target) = layer_of(Role.QKV, outputs=3), data()
    fit(layer, x, target, STEPS)
    assert [float(quantizer.scale) for quantizer in layer.module.outputs] == [1, 1, 1]
