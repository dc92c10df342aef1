"""Method ptq4vit: its quantizers, options, every family, and what a checkpoint keeps of it."""

import pytest
import torch

from tests.python.quantization.methods.families import (
    FAMILIES,
    needs_other_codes,
    noise,
    saved_and_loaded,
)
from vit2rtl.comparison import compare
from vit2rtl.golden.program.reader import read_program
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded
from vit2rtl.models.images import embedded_images, preprocessing
from vit2rtl.quantization import exact_matmul
from vit2rtl.quantization.methods.ptq4vit import PTQ4ViT
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import Place, Role
from vit2rtl.quantization.twin_quantizers import TwinActivationQuantizer, Unquantized
from vit2rtl.quantized_vit import QuantizedViT

MODEL = {"name": embedded.MODEL_NAME, "arguments": {}, "weights": {"source": "embedded"}}
QUICK = {"method": "ptq4vit", "candidates": 6, "rounds": 1}


@pytest.mark.parametrize("role", Role)
def test_nothing_has_a_zero_point_and_each_head_a_scale(role):
    chosen = PTQ4ViT(3, 5, profile="paper").quantizers(Place("layer", role))
    assert (chosen.weight.bits, chosen.weight.axis, chosen.weight.symmetric) == (3, 0, True)
    assert chosen.input.bits == (32 if role is Role.PATCH_EMBEDDING else 5)
    assert isinstance(chosen.input, TwinActivationQuantizer) == (role is Role.FC2)
    assert [(q.bits, q.axis, q.symmetric) for q in chosen.outputs] == (
        [(5, 1, True)] * 3 if role is Role.QKV else [])
    for name in ("official", "paper"):
        image = PTQ4ViT(3, 5, profile=name).quantizers(Place("layer", Role.PATCH_EMBEDDING)).input
        assert isinstance(image, Unquantized)


@pytest.mark.parametrize("role", Role)
def test_hardware_has_one_scale_for_each_of_q_k_and_v_and_16_bits_of_others(role):
    chosen = PTQ4ViT(3, 5).quantizers(Place("layer", role))
    assert chosen.input.bits == (8 if role is Role.PATCH_EMBEDDING else 5)
    assert [(q.bits, q.axis, q.symmetric) for q in chosen.outputs] == (
        [(5, None, True)] * 3 if role is Role.QKV else [(16, None, False)])


def test_options_are_checked():
    for values, text in (
        ({"profile": "ours"}, "Profile must be one of official, paper, hardware, not 'ours'"),
        ({"hessian": "exact"}, "Hessian must be one of fisher, authors, not 'exact'"),
        ({"candidates": 0}, "Candidates must be an integer between 1 and 1000, not 0"),
        ({"rounds": True}, "Rounds must be an integer between 1 and 10, not True"),
    ):
        with pytest.raises(ValueError) as error:
            Recipe(method="ptq4vit", **values)
        assert str(error.value) == text


@pytest.mark.parametrize("profile", ["official", "paper", "hardware"])
@pytest.mark.parametrize(("name", "arguments"), FAMILIES)
def test_every_family_is_quantized_and_near_its_float_model(name, arguments, profile):
    recipes = (Recipe(bits, bits, profile=profile, **QUICK | {"candidates": 20}) for bits in (8, 3))
    fine, coarse = (noise(name, arguments, recipe) for recipe in recipes)
    assert fine < min(0.1, coarse)


def test_a_checkpoint_gives_the_same_logits_and_reruns_the_same_tensors(digits, tmp_path):
    recipe = Recipe(4, 5, bits_of={"*.fc2.input": 6}, profile="official", **QUICK)
    quantized, loaded = saved_and_loaded(recipe, digits, tmp_path)
    assert loaded.recipe.candidates == 6
    images = embedded_images("held_out").batch(range(8))
    assert loaded(images).equal(quantized(images))
    again = QuantizedViT(embedded.create(), recipe).calibrate(digits).network.state_dict()
    assert all(tensor.equal(again[name]) for name, tensor in quantized.network.state_dict().items())
    scale = quantized.layers()[1][1].outputs[0].scale
    assert scale.shape == (4,) and len(set(scale.tolist())) > 1
    with pytest.raises(ValueError, match=r"^Lowering needs integer arithmetic: profile hardware; "
                       r"this checkpoint has profile official$"):
        lowered(loaded)


def lowered(quantized, **options):
    options = {"variant": "hardware", "model": "x"} | options
    return lower(quantized, preprocessing=preprocessing(embedded.create()), **options)


@pytest.mark.parametrize("bits", [(4, 4), (8, 8), (2, 2), (3, 6)])
def test_the_program_equals_the_simulation_in_every_op(bits, digits, tmp_path):
    _, loaded = saved_and_loaded(Recipe(*bits, **QUICK), digits, tmp_path)
    lowered(loaded).save(tmp_path / "program")
    program = read_program(tmp_path / "program")
    found = compare(loaded, program, embedded_images("held_out").subset(range(8)))
    assert {"softmax_twin_float", "attention_value_twin", "linear_twin"} <= {
        row["kind"] for row in found["ops"]}
    assert not [row for row in found["ops"] if row["mismatch"] or row["agreement"] < 1]
    assert found["sqnr"] is None and found["top1_agreement"] == 100


def test_products_of_bytes_and_of_floats_are_the_same(digits, monkeypatch):
    quantized = QuantizedViT(embedded.create(), Recipe(4, 4, **QUICK)).calibrate(digits)
    fast = quantized(digits)
    monkeypatch.setattr(exact_matmul, "multiplies_bytes", lambda: False)
    assert quantized.freeze()(digits).equal(fast)


def test_variant_integer_vectors_of_units_and_onnx_need_other_codes(digits, tmp_path):
    quantized = QuantizedViT(embedded.create(), Recipe(4, 4, **QUICK)).calibrate(digits)
    needs_other_codes(quantized, digits, tmp_path)


def damaged(state, name, value):
    state[name] = torch.as_tensor(value)
    return state


@pytest.mark.parametrize(("name", "value", "text"), [
    ("blocks.0.mlp.fc2.input_quantizer.scale", [1.0], "has shape (1,), the model wants (2,)"),
    ("blocks.0.mlp.fc2.input_quantizer.scale", [1.0, 0.0], "must be positive"),
    ("blocks.0.attn.softmax_quantizer.scale", 1.0, "must be 2 numbers"),
    ("blocks.0.attn.softmax_quantizer.scale", [1.0, 0.3],
     "must be a number and a power of two of it, 2**-19 to 1"),
    ("blocks.0.attn.qkv.outputs.1.scale", 1.0, "has shape (), the model wants (4,)"),
])
def test_a_scale_that_cannot_be_is_refused(name, value, text, digits, tmp_path):
    from vit2rtl.quantization.restoring import restore

    recipe = Recipe(profile="official", **QUICK)
    state = QuantizedViT(embedded.create(), recipe).calibrate(digits).network.state_dict()
    fresh = QuantizedViT(embedded.create(), recipe)
    with pytest.raises(ValueError) as error:
        restore(fresh.structure, recipe, damaged(state, name, value))
    assert str(error.value).startswith(f": {name}") and str(error.value).endswith(text)


def test_the_embedded_model_is_as_accurate_as_its_search_allows(digits):
    images = embedded_images("held_out").batch(range(200))
    real = embedded.create().eval()
    with torch.inference_mode():
        due = real(images)
    signal = due.square().sum()
    noise = {
        bits: float((QuantizedViT(embedded.create(), Recipe(
            bits, bits, method="ptq4vit", candidates=25, rounds=2)).calibrate(digits)(images)
            - due).square().sum() / signal) for bits in (4, 6)}
    assert noise[4] < 10**-1.4 and noise[6] < 10**-2.5


def test_images_that_are_no_numbers_are_one_sentence(digits):
    digits = digits.clone()
    digits[0, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"^Calibration met values that are not finite"):
        QuantizedViT(embedded.create(), Recipe(**QUICK)).calibrate(digits)


def test_weights_are_symmetric_codes_of_one_scale_a_matrix(digits):
    quantized = QuantizedViT(embedded.create(), Recipe(4, 4, **QUICK)).calibrate(digits)
    for layer in quantized.structure.layers:
        quantizer = layer.module.weight_quantizer
        assert isinstance(quantizer, UniformQuantizer)
        assert quantizer.zero_point.unique().tolist() == [8]
        scales = len(quantizer.scale.unique())
        assert scales <= {Role.QKV: 3, Role.PATCH_EMBEDDING: 64}.get(layer.role, 1)
