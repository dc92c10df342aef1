import pytest
import torch
from torch import nn

from vit2rtl.golden.arithmetic import requantizer
from vit2rtl.quantization import exact_matmul
from vit2rtl.quantization.layers import QuantLinear, QuantPatchEmbedding
from vit2rtl.quantization.quantizers import UniformQuantizer

from .layers_by_hand import by_hand, calibrated, linear, quantized, run


@pytest.mark.parametrize("w_bits", [2, 4, 8])
@pytest.mark.parametrize("a_bits", [2, 4, 8])
@pytest.mark.parametrize("qkv", [False, True])
def test_the_integer_path_equals_python_integers(w_bits, a_bits, qkv, generator):
    x = torch.randn(3, 5, 32, generator=generator) * 2 + 0.5
    layer = quantized(generator, x, w_bits=w_bits, a_bits=a_bits, qkv=qkv)
    accumulators, codes, output = run(layer, x)
    assert (accumulators, codes) == by_hand(layer, x)
    golden = requantizer.requantize(
        accumulators, layer.integer.multiplier, layer.integer.shift, layer.integer.zero_point,
        bits=layer.outputs[0].bits,
    )
    assert golden.tolist() == codes
    centered = torch.tensor(codes) - layer.integer.zero_point
    want = centered if qkv else centered * layer.outputs[0].scale.double()
    assert output.flatten(0, 1).equal(want.double())
    assert max(abs(a) for row in accumulators for a in row) <= layer.integer.bound


@pytest.mark.parametrize("options", [{"bias": False}, {"spread": 9.0}])
def test_without_a_bias_and_with_scales_far_apart(options, generator):
    x = torch.randn(7, 16, generator=generator)
    layer = quantized(generator, x, **options)
    assert run(layer, x)[:2] == by_hand(layer, x)
    if "spread" in options:
        # The smallest channels leave the window of shifts and get small multipliers.
        assert layer.integer.multiplier.min() < 1 << 15
        assert layer.integer.shift.max() - layer.integer.shift.min() == 7


@pytest.fixture
def no_bytes(monkeypatch):
    """A processor that multiplies floats alone."""
    monkeypatch.setattr(exact_matmul, "multiplies_bytes", lambda: False)


def test_a_wide_layer_of_8_bits_falls_back_to_float64(generator, no_bytes):
    inputs = 1500
    x = torch.rand(2, inputs, generator=generator)
    x[0] = 1.0
    layer = QuantLinear(linear(generator, inputs, 6), UniformQuantizer(8), 8)
    with torch.no_grad():
        layer.weight.copy_(0.01 + 0.01 * torch.rand(6, inputs, generator=generator))
        layer.weight[0, ::2] *= -0.5
    calibrated(layer, x).freeze(integer=True)
    assert layer.integer.bound > 1 << 24 and layer.integer.weights.type is torch.float64
    accumulators, codes, _ = run(layer, x)
    assert (accumulators, codes) == by_hand(layer, x)
    assert any(acc > 1 << 24 and acc % 2 for row in accumulators for acc in row)


def bounded(bound):
    """A frozen layer of two outputs whose accumulators reach ``bound`` and 15 * 7."""
    layer = QuantLinear(nn.Linear(8, 2), UniformQuantizer(4), 4)
    layer.calibrate_weight()
    layer.weight_quantizer.set(torch.ones(2), torch.tensor([8.0, 8.0]))
    layer.weight = None
    layer.weight_codes = torch.full((2, 8), 8, dtype=torch.uint8)
    layer.weight_codes[:, 0] = 15
    layer.input_quantizer.set(torch.tensor(1.0), torch.tensor(0.0))
    layer.outputs[0].set(torch.tensor(2.0**16), torch.tensor(32768.0))
    layer.bias = torch.tensor([float(bound - 15 * 7), 0.0])
    layer.freeze(integer=True)
    return layer


@pytest.mark.parametrize(
    ("bound", "exact"),
    [((1 << 24) - 1, torch.float32), (1 << 24, torch.float64), ((1 << 31) - 128, torch.float64)],
)
def test_the_bound_decides_which_float_is_exact(bound, exact, no_bytes):
    # float32 biases of 2**24 and more have steps above one: the bound may differ by a step.
    layer = bounded(bound)
    assert abs(layer.integer.bound - bound) <= (bound >> 24) * 64
    assert layer.integer.weights.type is exact


def test_an_accumulator_that_does_not_fit_is_refused():
    with pytest.raises(ValueError) as error:
        bounded((1 << 32) + 105)
    assert str(error.value) == f"Accumulator bound {(1 << 32) + 105} does not fit 32 bits"


def test_outputs_saturate_at_both_ends(generator):
    x = torch.randn(20, 16, generator=generator) * 3
    layer = quantized(generator, x)
    narrow = UniformQuantizer(16)
    narrow.set(layer.outputs[0].scale / 8, torch.tensor(30000.0))
    layer.outputs = nn.ModuleList([narrow])
    layer.freeze(integer=True)
    _, codes, output = run(layer, x)
    assert codes == by_hand(layer, x)[1]
    flat = [code for row in codes for code in row]
    assert min(flat) == 0 and max(flat) == 65535
    scale = float(narrow.scale)
    assert output.min() == -30000 * scale and output.max() == 35535 * scale


def test_codes_of_8_bits_are_multiplied_in_bytes(generator, in_bytes):
    x = torch.randn(6, 16, generator=generator)
    layer = quantized(generator, x, a_bits=8, w_bits=8)
    assert (layer.integer.weights.type is torch.int8) == in_bytes
    assert run(layer, x)[:2] == by_hand(layer, x)


def test_the_bound_is_that_of_the_widest_of_q_k_and_v(generator):
    x = torch.randn(6, 16, generator=generator)
    layer = QuantLinear(linear(generator, 16, 12), UniformQuantizer(4), 4)
    layer.bias.view(3, 4)[1] = 500
    layer.outputs = nn.ModuleList(UniformQuantizer(4) for _ in "qkv")
    calibrated(layer, x)
    for quantizer in layer.outputs:
        quantizer.set(torch.tensor(0.25), torch.tensor(8.0))
    layer.freeze(integer=True)
    largest = max(abs(acc) for row in by_hand(layer, x)[0] for acc in row)
    assert layer.integer.bound >= largest > 10_000


def test_calibration_leaves_as_much_room_again(generator):
    x = torch.randn(6, 16, generator=generator)
    layer = QuantLinear(linear(generator, 16, 6), UniformQuantizer(4), 4)
    assert not layer.calibrating
    layer = calibrated(layer, x)
    largest = float(layer(x).abs().max())
    assert float(layer.outputs[0].scale) == pytest.approx(2 * largest / 32768)


@pytest.mark.parametrize("integer", [True, False])
def test_a_frozen_layer_holds_codes_and_no_weights(integer, generator):
    layer = quantized(generator, torch.randn(6, 16, generator=generator), integer=integer)
    parts = ("input_quantizer", "outputs.0", "weight_quantizer")
    assert sorted(layer.state_dict()) == sorted(
        ["bias", "weight_codes", *(f"{part}.{name}" for part in parts
                                   for name in ("scale", "zero_point"))])


def test_without_the_integer_path_dequantized_values_are_multiplied(generator):
    x = torch.randn(3, 5, 32, generator=generator)
    layer = quantized(generator, x, integer=False)
    weights = layer.weight_codes.double() - layer.weight_quantizer.zero_point[:, None]
    weights *= layer.weight_quantizer.scale[:, None]
    codes = layer.input_quantizer.codes(x) - layer.input_quantizer.zero_point.double()
    want = codes * layer.input_quantizer.scale @ weights.T + layer.bias
    torch.testing.assert_close(layer(x).double(), want, rtol=1e-5, atol=1e-5)


def test_freezing_again_changes_nothing(generator):
    x = torch.randn(6, 16, generator=generator)
    layer = quantized(generator, x)
    first = layer(x)
    codes = layer.weight_codes.clone()
    layer.freeze(integer=True)
    assert layer.weight is None and layer.weight_codes.equal(codes)
    assert layer.weight_codes.dtype == torch.uint8
    assert layer(x).equal(first)


def test_a_patch_embedding_is_the_convolution(generator):
    convolution = nn.Conv2d(3, 20, (4, 2), stride=(4, 2))
    layer = QuantPatchEmbedding(convolution, UniformQuantizer(16), 16)
    x = torch.randn(2, 3, 12, 10, generator=generator)
    calibrated(layer, x)
    with torch.no_grad():
        want = convolution(x)
        got = layer(x)
    assert got.shape == want.shape == (2, 20, 3, 5)
    # 16 bits, tails of 0.1 % at most clipped.
    assert (got - want).abs().max() < 0.02 * want.abs().max()
    layer._operand = layer.weight
    exact = torch.nn.functional.linear
    patches = torch.nn.functional.unfold(x, (4, 2), stride=(4, 2)).transpose(1, 2)
    layer.input_quantizer = nn.Identity()
    with torch.no_grad():
        torch.testing.assert_close(layer(x), want, rtol=1e-5, atol=1e-5)
        rows = exact(patches, layer.weight, layer.bias).transpose(1, 2)
        torch.testing.assert_close(rows.view(want.shape), want, rtol=1e-5, atol=1e-5)


def test_what_no_whole_patch_covers_is_left_out(generator):
    convolution = nn.Conv2d(3, 5, (4, 2), stride=(4, 2))
    layer = QuantPatchEmbedding(convolution, UniformQuantizer(16), 16)
    x = torch.randn(2, 3, 15, 11, generator=generator)
    calibrated(layer, x)
    with torch.no_grad():
        assert layer(x).shape == convolution(x).shape == (2, 5, 3, 5)
        assert layer(x).equal(layer(x[..., :12, :10]))


def test_a_frozen_patch_embedding_is_the_integer_layer_on_patches(generator):
    x = torch.randn(2, 3, 8, 8, generator=generator)
    layer = QuantPatchEmbedding(nn.Conv2d(3, 5, 4, stride=4), UniformQuantizer(8), 4)
    calibrated(layer, x).freeze(integer=True)
    patches = torch.nn.functional.unfold(x, 4, stride=4).transpose(1, 2)
    _, codes = by_hand(layer, patches)
    output = layer(x).permute(0, 2, 3, 1).flatten(0, 2)
    want = (torch.tensor(codes) - layer.integer.zero_point) * layer.outputs[0].scale.double()
    assert output.equal(want)
