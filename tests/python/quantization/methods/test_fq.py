"""Method fq: its quantizers, every family, its limit at few bits, and what a checkpoint keeps."""

import pytest
import torch

from tests.python.quantization.methods.families import FAMILIES, noise, saved_and_loaded
from vit2rtl.models import embedded
from vit2rtl.models.images import embedded_images
from vit2rtl.quantization.fq_vit.layer_norm import IntegerLayerNorm
from vit2rtl.quantization.fq_vit.log_int_softmax import LogIntSoftmax
from vit2rtl.quantization.methods.fq import FQViT
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.restoring import restore
from vit2rtl.quantization.structure import Place, Role
from vit2rtl.quantized_vit import QuantizedViT

MODEL = {"name": embedded.MODEL_NAME, "arguments": {}, "weights": {"source": "embedded"}}


@pytest.mark.parametrize("role", Role)
def test_all_but_what_the_activation_function_takes_is_in_codes(role):
    chosen = FQViT(3, 5).quantizers(Place("layer", role))
    assert (chosen.weight.bits, chosen.weight.axis, chosen.weight.symmetric) == (3, 0, True)
    assert (chosen.input.bits, chosen.input.axis) == (5, None)
    count = {Role.QKV: 3, Role.FC1: 0}.get(role, 1)
    assert [quantizer.bits for quantizer in chosen.outputs] == [5] * count
    assert chosen.output_codes == (role not in (Role.QKV, Role.FC1))


def test_softmax_has_bits_of_its_own():
    place = Place("blocks.0.attn.qkv", Role.QKV)
    for method, bits in ((FQViT(8, 8), 4), (FQViT(8, 8, softmax_bits=8), 8),
                         (FQViT(8, 8, bits_of={"*.softmax": 3}), 3)):
        softmax = method.softmax_quantizer(place)
        assert isinstance(softmax, LogIntSoftmax)
        assert (softmax.bits, softmax.logits.bits) == (bits, 8)
    with pytest.raises(ValueError, match=r"^Softmax bits must be an integer between 2 and 8, not"):
        Recipe(method="fq", softmax_bits=9)


@pytest.mark.parametrize(("name", "arguments"), FAMILIES)
def test_every_family_is_quantized_and_near_its_float_model(name, arguments):
    fine, coarse = (noise(name, arguments, Recipe(bits, bits, method="fq")) for bits in (8, 5))
    assert fine < min(0.1, coarse)


def test_every_norm_with_a_layer_behind_it_is_on_integers(digits):
    quantized = QuantizedViT(embedded.create(), Recipe(8, 8, method="fq")).calibrate(digits)
    norms = [module for module in quantized.network.modules()
             if isinstance(module, torch.nn.LayerNorm)]
    assert len(norms) == 2 * len(quantized.structure.blocks) + 1
    assert all(isinstance(norm, IntegerLayerNorm) for norm in norms)
    assert quantized.structure.head_norm is quantized.network.norm
    seen = []
    for layer in quantized.structure.layers:
        layer.module.register_forward_hook(lambda layer, inputs, output: seen.append(
            (layer, inputs[0], output)))
    quantized(digits[:4])
    for layer, x, y in seen:
        scale = layer.input_quantizer.scale
        if layer in [pair.linear for pair in quantized.normed_linears]:
            torch.testing.assert_close(x, (x / scale).round() * scale, rtol=1e-5, atol=1e-6)
        if layer.output_codes:
            step = layer.outputs[0].scale
            torch.testing.assert_close(y, (y / step).round() * step, rtol=1e-5, atol=1e-6)
            assert len(y.unique()) <= 256


def test_a_checkpoint_gives_the_same_logits(digits, tmp_path):
    quantized, loaded = saved_and_loaded(Recipe(8, 6, method="fq"), digits, tmp_path)
    assert loaded.recipe.softmax_bits == 4
    images = embedded_images("held_out").batch(range(8))
    assert loaded(images).equal(quantized(images))


@pytest.mark.parametrize(("name", "value", "text"), [
    ("blocks.0.norm1.stream.scale", [1.0], "has shape (1,), the model wants (64,)"),
    ("blocks.0.norm1.stream.scale", [1.0] * 63 + [3.0], "must be powers of two apart"),
    ("blocks.0.attn.softmax_quantizer.logits.scale", 0.0, "must be positive"),
])
def test_a_scale_that_cannot_be_is_refused(name, value, text, digits):
    recipe = Recipe(8, 8, method="fq")
    state = QuantizedViT(embedded.create(), recipe).calibrate(digits).network.state_dict()
    fresh = QuantizedViT(embedded.create(), recipe)
    state[name] = torch.as_tensor(value)
    if "stream" in name:
        zero_point = name.replace("scale", "zero_point")
        state[zero_point] = torch.zeros_like(state[name])
    with pytest.raises(ValueError) as error:
        restore(fresh.structure, recipe, state)
    assert str(error.value).startswith(f": {name.partition('.logits')[0]}")
    assert str(error.value).endswith(text)


def test_at_few_bits_it_says_why_it_has_no_result(digits):
    with pytest.raises(ValueError) as error:
        QuantizedViT(embedded.create(), Recipe(8, 3, method="fq")).calibrate(digits)
    assert str(error.value).startswith(
        "Attention blocks.0.attn: Log-Int-Softmax needs logits in steps below 1.67, and these have")


def test_images_that_are_no_numbers_are_one_sentence(digits):
    digits = digits.clone()
    digits[0, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"^Calibration met values that are not finite"):
        QuantizedViT(embedded.create(), Recipe(8, 8, method="fq")).calibrate(digits)


def test_the_embedded_model_at_8_and_6_bits(digits):
    images = embedded_images("held_out").batch(range(200))
    real = embedded.create().eval()
    with torch.inference_mode():
        due = real(images)
    for bits, decibels in ((8, 19), (6, 14)):
        quantized = QuantizedViT(embedded.create(), Recipe(bits, bits, method="fq"))
        error = quantized.calibrate(digits)(images) - due
        assert float(due.square().sum() / error.square().sum()) > 10 ** (decibels / 10)
