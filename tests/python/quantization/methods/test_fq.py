"""Method fq: its quantizers, every family, its limit at few bits, and what a checkpoint keeps."""

import numpy as np
import pytest
import torch

from tests.python.quantization.methods.families import (
    FAMILIES,
    VIT,
    needs_other_codes,
    noise,
    saved_and_loaded,
)
from tests.python.random_models import random_model
from vit2rtl.comparison import compare
from vit2rtl.golden.program.reader import read_program
from vit2rtl.lowering.lower import lower
from vit2rtl.lowering.tracing import trace
from vit2rtl.models import embedded
from vit2rtl.models.images import embedded_images, preprocessing
from vit2rtl.quantization import exact_matmul
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
    due = {Role.QKV: [5] * 3, Role.FC1: [16]}.get(role, [5])
    assert [quantizer.bits for quantizer in chosen.outputs] == due
    assert chosen.output_codes == (role not in (Role.QKV, Role.FC1))
    official = FQViT(3, 5, profile="official").quantizers(Place("layer", role)).outputs
    assert [quantizer.bits for quantizer in official] == ([] if role is Role.FC1 else due)


def test_softmax_has_bits_of_its_own():
    place = Place("blocks.0.attn.qkv", Role.QKV)
    for method, bits in ((FQViT(8, 8), 4), (FQViT(8, 8, softmax_bits=8), 8),
                         (FQViT(8, 8, bits_of={"*.softmax": 3}), 3)):
        softmax = method.softmax_quantizer(place)
        assert isinstance(softmax, LogIntSoftmax)
        assert (softmax.bits, softmax.logits.bits, softmax.fixed_point) == (bits, 8, True)
    assert not FQViT(8, 8, profile="official").softmax_quantizer(place).fixed_point
    with pytest.raises(ValueError, match=r"^Softmax bits must be an integer between 2 and 8, not"):
        Recipe(method="fq", softmax_bits=9)
    with pytest.raises(ValueError, match=r"^Profile must be one of official, hardware, not 'pap"):
        Recipe(method="fq", profile="paper")


@pytest.mark.parametrize("profile", ["official", "hardware"])
@pytest.mark.parametrize(("name", "arguments"), FAMILIES)
def test_every_family_is_quantized_and_near_its_float_model(name, arguments, profile):
    fine, coarse = (noise(name, arguments, Recipe(bits, bits, method="fq", profile=profile))
                    for bits in (8, 5))
    assert fine < min(0.1, coarse)


@pytest.mark.parametrize("profile", ["official", "hardware"])
def test_every_norm_with_a_layer_behind_it_is_on_integers(digits, profile):
    recipe = Recipe(8, 8, method="fq", profile=profile)
    quantized = QuantizedViT(embedded.create(), recipe).calibrate(digits)
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


@pytest.mark.parametrize("profile", ["official", "hardware"])
def test_a_checkpoint_gives_the_same_logits(digits, tmp_path, profile):
    recipe = Recipe(8, 6, method="fq", profile=profile)
    quantized, loaded = saved_and_loaded(recipe, digits, tmp_path)
    assert (loaded.recipe.softmax_bits, loaded.recipe.profile) == (4, profile)
    images = embedded_images("held_out").batch(range(8))
    assert loaded(images).equal(quantized(images))


def lowered(quantized, **options):
    options = {"variant": "hardware", "model": "x"} | options
    return lower(quantized, preprocessing=preprocessing(embedded.create()), **options)


KINDS = {"quantize_factors_float", "real_factors_float", "layernorm_factors_float",
         "softmax_log2_float", "attention_value_log2"}


@pytest.mark.parametrize(("bits", "softmax_bits"), [(8, 4), (6, 2), (6, 8), (5, 3), (4, 5)])
def test_the_program_equals_the_simulation_in_every_op(bits, softmax_bits, digits, tmp_path):
    recipe = Recipe(bits, bits, method="fq", softmax_bits=softmax_bits)
    _, loaded = saved_and_loaded(recipe, digits, tmp_path)
    lowered(loaded).save(tmp_path / "program")
    program = read_program(tmp_path / "program")
    found = compare(loaded, program, embedded_images("held_out").subset(range(8)))
    assert {row["kind"] for row in found["ops"]} >= KINDS
    assert not [row for row in found["ops"] if row["mismatch"] or row["agreement"] < 1]
    assert found["sqnr"] is None and found["top1_agreement"] == 100


class Batch:
    """Random images, none with a label."""

    labels = None

    def __init__(self, batch):
        self.batch = lambda indices: batch[list(indices)]
        self.count = len(batch)

    def __len__(self):
        return self.count


MEAN = {"global_pool": "avg", "class_token": False}


@pytest.mark.parametrize(("name", "arguments"), [
    *FAMILIES, ("vit_tiny_patch16_224", VIT | MEAN),
    ("vit_tiny_patch16_224", VIT | MEAN | {"fc_norm": False}),
    ("vit_tiny_patch16_224", VIT | {"pre_norm": True}),
    ("swin_tiny_patch4_window7_224", FAMILIES[-1][1] | {"num_classes": 0}),
])
@pytest.mark.parametrize(("bits", "softmax_bits"), [(8, 4), (4, 6)])
def test_programs_of_every_family_equal_their_simulations(name, arguments, bits, softmax_bits):
    recipe = Recipe(bits, bits, method="fq", softmax_bits=softmax_bits)
    quantized, images, config = random_model(name, arguments, recipe, seed=1, count=4)
    program = lower(quantized, variant="hardware", model=name, preprocessing=config)
    found = compare(quantized, program, Batch(images))
    assert not [row for row in found["ops"] if row["mismatch"] or row["agreement"] < 1]
    # Features end in a LayerNorm in float.
    assert found["sqnr"] is None or found["sqnr"] > 250


def test_what_a_norm_has_seen_goes_on(digits):
    """The traced stream in front of a norm is not yet quantized, the one behind it is."""
    quantized = QuantizedViT(embedded.create(), Recipe(8, 6, method="fq")).calibrate(digits)
    seen = trace(quantized, digits[:2])
    before, codes, after = (seen[f"blocks.1.norm1.{name}"] for name in ("input", "codes", "stream"))
    norm = quantized.network.blocks[1].norm1
    scale = norm.stream.scale.numpy()
    assert np.array_equal((codes.array - codes.zero_point) * scale, after.array)
    error = np.abs(before.array - after.array)
    assert 0 < error.max() and (error <= scale * (0.5 + 1e-9)).mean() > 0.99
    branch = seen["blocks.1.attn.proj"].real()
    assert np.array_equal(seen["blocks.1.norm2.input"].array, after.array + branch)


def test_products_of_bytes_and_of_floats_are_the_same(digits, monkeypatch):
    recipe = Recipe(4, 4, method="fq", softmax_bits=2)
    quantized = QuantizedViT(embedded.create(), recipe).calibrate(digits)
    fast = quantized(digits)
    monkeypatch.setattr(exact_matmul, "multiplies_bytes", lambda: False)
    assert quantized.freeze()(digits).equal(fast)


def test_what_has_no_integers_or_no_units_is_refused_by_a_sentence(digits, tmp_path):
    recipe = Recipe(8, 6, method="fq", profile="official")
    official = QuantizedViT(embedded.create(), recipe).calibrate(digits)
    with pytest.raises(ValueError, match=r"^Lowering needs integer arithmetic: profile hardware; "
                       r"this checkpoint has profile official$"):
        lowered(official)
    quantized = QuantizedViT(embedded.create(), Recipe(8, 6, method="fq")).calibrate(digits)
    needs_other_codes(quantized, digits, tmp_path)


@pytest.mark.parametrize(("name", "value", "text"), [
    ("blocks.0.norm1.stream.scale", [1.0], "has shape (1,), the model wants (64,)"),
    ("blocks.0.norm1.stream.scale", [1.0] * 63 + [3.0], "must be powers of two apart, 1 to 8"),
    ("blocks.0.norm1.stream.scale", [1.0] * 63 + [16.0], "must be powers of two apart, 1 to 8"),
    ("blocks.0.norm1.stream.zero_point", [0.0] * 63 + [1.0], "must be one code, 0 to 255"),
    ("blocks.0.norm1.stream.zero_point", [256.0] * 64, "must be one code, 0 to 255"),
    ("blocks.0.attn.softmax_quantizer.logits.scale", 0.0, "must be positive"),
])
def test_a_scale_that_cannot_be_is_refused(name, value, text, digits):
    recipe = Recipe(8, 8, method="fq")
    state = QuantizedViT(embedded.create(), recipe).calibrate(digits).network.state_dict()
    fresh = QuantizedViT(embedded.create(), recipe)
    state = {key: tensor.float() if tensor.is_floating_point() else tensor
             for key, tensor in state.items()}
    state[name] = torch.as_tensor(value)
    if name.endswith("stream.scale"):
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
    for profile, bits, decibels in (
            ("official", 8, 19), ("official", 6, 14), ("hardware", 8, 19), ("hardware", 6, 14)):
        recipe = Recipe(bits, bits, method="fq", profile=profile)
        quantized = QuantizedViT(embedded.create(), recipe)
        error = quantized.calibrate(digits)(images) - due
        assert float(due.square().sum() / error.square().sum()) > 10 ** (decibels / 10)
