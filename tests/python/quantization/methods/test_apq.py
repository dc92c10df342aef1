"""Method apq: its quantizers, options, every family, and what a checkpoint keeps of it."""

import pytest
import torch

from tests.python.quantization.methods.families import FAMILIES, noise, reruns
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded
from vit2rtl.models.images import embedded_images, preprocessing
from vit2rtl.quantization.apq import blocks
from vit2rtl.quantization.methods.apq import APQViT
from vit2rtl.quantization.ptq4vit import samples
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import Place, Role
from vit2rtl.quantization.twin_quantizers import TwinActivationQuantizer
from vit2rtl.quantized_vit import QuantizedViT

QUICK = {"method": "apq", "candidates": 6, "rounds": 1}


@pytest.mark.parametrize("role", Role)
def test_only_what_gelu_gives_is_twin_and_nothing_has_a_zero_point(role):
    chosen = APQViT(3, 5).quantizers(Place("layer", role))
    assert (chosen.weight.bits, chosen.weight.axis, chosen.weight.symmetric) == (3, 0, True)
    assert chosen.input.bits == (8 if role is Role.PATCH_EMBEDDING else 5)
    assert isinstance(chosen.input, TwinActivationQuantizer) == (role is Role.FC2)
    assert [(q.bits, q.axis, q.symmetric) for q in chosen.outputs] == (
        [(5, 1, True)] * 3 if role is Role.QKV else [])


def test_probabilities_are_uniform_from_zero_with_a_scale_a_head():
    place = Place("blocks.0.attn.qkv", Role.QKV)
    softmax = APQViT(8, 6, bits_of={"*.softmax": 3}).softmax_quantizer(place)
    assert (softmax.bits, softmax.axis, softmax.symmetric) == (3, 1, False)
    softmax.set(torch.tensor([0.1, 0.01]), torch.zeros(2))
    x = torch.tensor([0.04, 0.26, 0.9]).expand(1, 2, 1, 3)
    assert softmax.codes(x)[0, :, 0].tolist() == [[0, 3, 7], [4, 7, 7]]


def test_options_are_checked():
    for values, text in (
        ({"hessian": "exact"}, "Hessian must be one of fisher, authors, not 'exact'"),
        ({"candidates": 0}, "Candidates must be an integer between 1 and 1000, not 0"),
        ({"rounds": 11}, "Rounds must be an integer between 1 and 10, not 11"),
    ):
        with pytest.raises(ValueError) as error:
            Recipe(method="apq", **values)
        assert str(error.value) == text
    with pytest.raises(TypeError, match=r"^Method apq has no option 'profile', only "):
        Recipe(method="apq", profile="official")


@pytest.mark.parametrize(("name", "arguments"), FAMILIES)
def test_every_family_is_quantized_and_near_its_float_model(name, arguments):
    recipes = (Recipe(bits, bits, **QUICK | {"candidates": 20}) for bits in (8, 3))
    fine, coarse = (noise(name, arguments, recipe) for recipe in recipes)
    assert fine < min(0.1, coarse)


def test_a_checkpoint_gives_the_same_logits_and_reruns_the_same_tensors(digits, tmp_path):
    recipe = Recipe(4, 5, bits_of={"*.fc2.input": 6}, **QUICK)
    quantized, loaded = reruns(recipe, digits, tmp_path)
    scale = quantized.structure.attentions[1].module.softmax_quantizer.scale
    assert scale.shape == (4,) and len(set(scale.tolist())) > 1
    with pytest.raises(ValueError, match=r"^Lowering needs integer arithmetic: method repq or "):
        lower(loaded, variant="integer", model="x", preprocessing=preprocessing(embedded.create()))


@pytest.mark.parametrize("scale", [1.0, [1.0]])
def test_a_softmax_scale_that_cannot_be_is_refused(scale, digits):
    from vit2rtl.quantization.restoring import restore

    recipe = Recipe(**QUICK)
    state = QuantizedViT(embedded.create(), recipe).calibrate(digits).network.state_dict()
    for name in ("scale", "zero_point"):
        state[f"blocks.0.attn.softmax_quantizer.{name}"] = torch.as_tensor(scale)
    with pytest.raises(ValueError) as error:
        restore(QuantizedViT(embedded.create(), recipe).structure, recipe, state)
    assert str(error.value) == (
        ": blocks.0.attn.softmax_quantizer.scale has shape "
        f"{tuple(torch.as_tensor(scale).shape)}, the model wants (4,)")


def test_the_embedded_model_is_as_accurate_as_its_search_allows(digits):
    images = embedded_images("held_out").batch(range(200))
    with torch.inference_mode():
        due = embedded.create().eval()(images)
    for bits, most in ((4, 10**-1.4), (6, 10**-2.5)):
        recipe = Recipe(bits, bits, method="apq", candidates=25, rounds=2)
        error = QuantizedViT(embedded.create(), recipe).calibrate(digits)(images) - due
        assert float(error.square().sum() / due.square().sum()) < most


def scales(digits):
    """Of everything but what is in no block."""
    state = QuantizedViT(embedded.create(), Recipe(**QUICK)).calibrate(digits).network.state_dict()
    return {name: value for name, value in state.items()
            if name.endswith(".scale") and name.startswith("blocks.")}


def test_a_score_that_sees_no_error_takes_every_first_candidate(digits, monkeypatch):
    real = scales(digits)
    monkeypatch.setattr(blocks, "largest", lambda gradient, share: torch.zeros_like(gradient))
    blind = scales(digits)
    searched = [name for name in real if ".fc2.input_quantizer" not in name]
    assert all((blind[name] < real[name]).any() for name in searched)


def test_a_traced_network_with_every_matmul_calibrated_is_the_quantized_one(digits):
    traced = []

    def observe(quantized):
        every = samples.sites(quantized.structure)
        with samples.TracedNetwork(quantized.structure, [], lambda *_: None, every):
            traced.append(quantized.structure.network(digits))

    quantized = QuantizedViT(embedded.create(), Recipe(4, 4, **QUICK))
    quantized.calibrate(digits, observe=observe)
    torch.testing.assert_close(traced[0], quantized(digits), rtol=1e-3, atol=1e-3)


def test_images_that_are_no_numbers_are_one_sentence(digits):
    digits = digits.clone()
    digits[0, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"^Calibration met values that are not finite"):
        QuantizedViT(embedded.create(), Recipe(**QUICK)).calibrate(digits)
