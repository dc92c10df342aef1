"""Method ranking: its quantizers, options, every family, and what a checkpoint keeps of it."""

import pytest
import torch

from tests.python.quantization.methods.families import FAMILIES, noise, reruns
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded
from vit2rtl.models.images import embedded_images, preprocessing
from vit2rtl.quantization.methods import ranking
from vit2rtl.quantization.methods.ranking import Ranking
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import Place, Role
from vit2rtl.quantized_vit import QuantizedViT

QUICK = {"method": "ranking", "candidates": 6, "rounds": 1}


@pytest.mark.parametrize("role", Role)
def test_everything_is_uniform_with_one_scale_a_tensor(role):
    place = Place("blocks.0.attn.qkv", role)
    method = Ranking(3, 5, bits_of={"*.softmax": 4})
    chosen = method.quantizers(place)
    assert (chosen.weight.bits, chosen.weight.axis, chosen.weight.symmetric) == (3, 0, True)
    bits = 8 if role is Role.PATCH_EMBEDDING else 5
    assert (chosen.input.bits, chosen.input.axis, chosen.input.symmetric) == (bits, None, True)
    assert [(q.bits, q.axis, q.symmetric) for q in chosen.outputs] == (
        [(5, None, True)] * 3 if role is Role.QKV else [])
    softmax = method.softmax_quantizer(place)
    assert (softmax.bits, softmax.axis, softmax.symmetric) == (4, None, False)


def test_options_are_checked():
    with pytest.raises(ValueError, match=r"^Candidates must be an integer between 1 and 1000, n"):
        Recipe(method="ranking", candidates=1001)
    with pytest.raises(ValueError, match=r"^Rounds must be an integer between 1 and 10, not 0$"):
        Recipe(method="ranking", rounds=0)
    with pytest.raises(TypeError, match=r"^Method ranking has no option 'hessian', only "):
        Recipe(method="ranking", hessian="fisher")


@pytest.mark.parametrize(("name", "arguments"), FAMILIES)
def test_every_family_is_quantized_and_near_its_float_model(name, arguments):
    recipes = (Recipe(bits, bits, **QUICK | {"candidates": 20}) for bits in (8, 3))
    fine, coarse = (noise(name, arguments, recipe) for recipe in recipes)
    assert fine < min(0.1, coarse)


def test_a_checkpoint_gives_the_same_logits_and_reruns_the_same_tensors(digits, tmp_path):
    recipe = Recipe(4, 5, bits_of={"*.fc2.input": 6}, **QUICK)
    quantized, loaded = reruns(recipe, digits, tmp_path)
    for layer in quantized.structure.layers:
        assert len(layer.module.weight_quantizer.scale.unique()) == 1
    with pytest.raises(ValueError, match=r"^Lowering needs integer arithmetic: method repq or "):
        lower(loaded, variant="integer", model="x", preprocessing=preprocessing(embedded.create()))


def test_biases_take_up_the_mean_error(digits, monkeypatch):
    def first_layer():
        quantized = QuantizedViT(embedded.create(), Recipe(3, 3, **QUICK)).calibrate(digits)
        return quantized.structure.layers[0].module

    structure = QuantizedViT(embedded.create(), Recipe(3, 3, **QUICK)).structure
    weight = structure.layers[0].module.weight
    bias = structure.layers[0].module.bias
    corrected = first_layer()
    patch = int(corrected.patch[0])
    x = torch.nn.functional.unfold(digits, patch, stride=patch).mT.flatten(0, 1)
    due = (x @ weight.T + bias).mean(0)
    codes = corrected.weight_codes.float() - corrected.weight_quantizer.zero_point[:, None]
    operand = codes * corrected.weight_quantizer.scale[:, None]
    found = corrected.input_quantizer(x) @ operand.T + corrected.bias
    torch.testing.assert_close(found.mean(0), due, rtol=1e-3, atol=1e-4)
    monkeypatch.setattr(ranking, "_correct", lambda *_: None)
    assert first_layer().bias.equal(bias) and not corrected.bias.equal(bias)


def test_the_embedded_model_is_as_accurate_as_its_search_allows(digits):
    images = embedded_images("held_out").batch(range(200))
    with torch.inference_mode():
        due = embedded.create().eval()(images)
    recipe = Recipe(6, 6, method="ranking", candidates=25, rounds=2)
    error = QuantizedViT(embedded.create(), recipe).calibrate(digits)(images) - due
    assert float(error.square().sum() / due.square().sum()) < 10**-2


def test_images_that_are_no_numbers_are_one_sentence(digits):
    digits = digits.clone()
    digits[0, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"^Calibration met values that are not finite"):
        QuantizedViT(embedded.create(), Recipe(**QUICK)).calibrate(digits)
