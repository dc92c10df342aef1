"""A method in a file of its own goes through everything, and roles decide which quantizer."""

from pathlib import Path

import pytest
import torch
from torch import nn

from vit2rtl import checkpoint, evaluation
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded
from vit2rtl.models.images import embedded_images, preprocessing
from vit2rtl.quantization.embeddings import round_embeddings, step_of
from vit2rtl.quantization.methods import METHODS
from vit2rtl.quantization.methods.repq import RepQ
from vit2rtl.quantization.quantizers import Log2Quantizer, LogSqrt2Quantizer, UniformQuantizer
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import Place, Role
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.recording import Recording

MODEL = {"name": embedded.MODEL_NAME, "arguments": {}, "weights": {"source": "embedded"}}
MODULE = "tests.python.quantization.minmax"


@pytest.fixture
def minmax():
    with METHODS.extended(MODULE):
        yield


def test_a_method_of_ones_own_goes_from_a_model_to_its_accuracy(minmax, digits, tmp_path):
    recipe = Recipe(6, 6, method="minmax", extra_bits=2)
    network = embedded.create()
    config = preprocessing(network)
    seen = []
    quantized = QuantizedViT(network, recipe).calibrate(digits, observe=seen.append)
    assert seen == [quantized]
    bits = [layer.module.input_quantizer.bits for layer in quantized.structure.layers]
    assert bits == [8, *[8] * 4, *[6] * 12, 8]
    checkpoint.save(tmp_path / "model", quantized, model=MODEL, preprocessing=config,
                    calibration={"images": []})
    loaded, description = checkpoint.load(tmp_path / "model")
    assert description["recipe"] == {
        "weight_bits": 6, "activation_bits": 6, "bits_of": [], "extra_bits": 2,
        "method": "minmax"}
    assert loaded.recipe == recipe and loaded.recipe.extra_bits == 2
    images = embedded_images("held_out").subset(range(100))
    logits = evaluation.logits(loaded, images, title="minmax")
    assert logits.equal(evaluation.logits(quantized, images, title="minmax"))
    assert evaluation.scores(logits, images.labels).top1 > 90
    for what, call in (
        ("Lowering needs", lambda: lower(loaded, variant="hardware", model="x",
                                         preprocessing=config)),
        ("Vectors need", lambda: Recording(loaded, tmp_path)),
    ):
        with pytest.raises(ValueError) as error:
            call()
        assert str(error.value) == f"{what} integer arithmetic: method minmax computes in float"


def test_a_checkpoint_of_a_method_that_is_not_there_is_one_sentence(digits, tmp_path):
    with METHODS.extended(MODULE):
        network = embedded.create()
        quantized = QuantizedViT(network, Recipe(method="minmax")).calibrate(digits)
        checkpoint.save(tmp_path / "model", quantized, model=MODEL, calibration={"images": []},
                        preprocessing=preprocessing(network))
    with pytest.raises(ValueError) as error:
        checkpoint.load(tmp_path / "model")
    assert str(error.value).endswith(
        "model.json: recipe: Method must be one of repq, closed-form, fq, ptq4vit, apq, psaq, "
        "ranking, not 'minmax'")


def test_a_method_checks_its_options(minmax):
    with pytest.raises(ValueError, match=r"^Extra bits must be 0, 1 or 2, not 3$"):
        Recipe(method="minmax", extra_bits=3)
    with pytest.raises(TypeError, match=r"^Method minmax has no option 'profile', only "):
        Recipe(method="minmax", profile="paper")
    with pytest.raises(AttributeError):
        _ = Recipe(method="minmax").profile


def test_recipes_of_equal_settings_are_one(minmax):
    assert Recipe(4, 4) == Recipe(method="closed-form") != Recipe(method="minmax")
    repq = Recipe(8, 8, method="repq")
    assert len({Recipe(8, 8), Recipe(8, 8, profile="hardware"), repq, Recipe(method="minmax")}) == 2
    assert repr(Recipe(3, method="minmax")) == (
        "Recipe(weight_bits=3, activation_bits=4, bits_of=[], extra_bits=1, method='minmax')")


def test_a_method_of_ones_own_takes_any_widths(minmax):
    recipe = Recipe(6, 6, method="minmax", extra_bits=2, bits_of={
        "blocks.0.attn.qkv.[vw]*": 5, "*.fc2.input": 3, "*.softmax": 4})
    chosen = QuantizedViT(embedded.create(), recipe).structure.quantities()
    bits = {name.removeprefix("blocks.0."): chosen[name].bits for name in list(chosen)[2:7]}
    assert bits == {"attn.qkv.input": 8, "attn.qkv.q": 8, "attn.qkv.k": 8, "attn.qkv.v": 5,
                    "attn.proj.weight": 6}
    assert [chosen[f"blocks.0.{name}"].bits for name in (
        "attn.qkv.weight", "mlp.fc2.input", "attn.softmax", "mlp.fc1.input")] == [5, 3, 4, 8]


@pytest.mark.parametrize("role", Role)
def test_repq_has_quantizers_for_every_role(role):
    method = RepQ(3, 5)
    chosen = method.quantizers(Place("layer", role))
    assert chosen.weight.bits == 3
    assert chosen.input.bits == (8 if role is Role.PATCH_EMBEDDING else 5)
    normed = role in (Role.QKV, Role.FC1, Role.REDUCTION)
    assert chosen.input.axis == (-1 if normed else None)
    assert [q.bits for q in chosen.outputs] == ([5] * 3 if role is Role.QKV else [16])


def test_a_role_that_repq_does_not_know_is_an_error():
    with pytest.raises(ValueError, match=r"^RepQ-ViT has no quantizer for the input of a gate$"):
        RepQ().quantizers(Place("gate", "gate"))


@pytest.mark.parametrize("profile", ["official", "paper", "hardware"])
def test_repq_has_a_quantizer_for_every_softmax(profile):
    found = {}
    for softmax in ("uniform", "log2", "log-sqrt2"):
        quantizer = RepQ(3, 5, profile=profile, softmax=softmax).softmax_quantizer(
            Place("layer", Role.QKV))
        found[softmax] = type(quantizer), quantizer.bits, getattr(quantizer, "fixed_point", None)
    assert found == {
        "uniform": (UniformQuantizer, 5, None), "log2": (Log2Quantizer, 5, None),
        "log-sqrt2": (LogSqrt2Quantizer, 5, profile == "hardware")}


def test_a_softmax_that_repq_does_not_know_is_an_error():
    method = RepQ()
    object.__setattr__(method, "softmax", "log3")
    with pytest.raises(ValueError, match=r"^RepQ-ViT has no Softmax quantizer 'log3'$"):
        method.softmax_quantizer(Place("layer", Role.QKV))


@pytest.mark.parametrize("options", [
    {}, {"layernorm": "layer-wise"}, {"layernorm": "channel-wise"}, {"softmax": "log2"},
    {"softmax": "uniform"}, {"profile": "paper"},
    {"profile": "official", "layernorm": "channel-wise", "softmax": "uniform"}])
def test_repq_says_why_it_lacks_integers(options):
    recipe = Recipe(**options)
    if set(options.values()) <= {"layer-wise"}:
        assert recipe.require_integers("Lowering needs") is None
        return
    values = {"profile": "hardware", "layernorm": "reparam", "softmax": "log-sqrt2"} | options
    with pytest.raises(ValueError) as error:
        recipe.require_integers("Lowering needs")
    assert str(error.value) == (
        "Lowering needs integer arithmetic: profile hardware, layernorm reparam or layer-wise, "
        "softmax log-sqrt2; this checkpoint has profile {profile}, layernorm {layernorm}, "
        "softmax {softmax}".format(**values))


def test_zero_points_are_fractional_in_profile_official_alone(minmax):
    found = [Recipe(profile=profile).setting.fractional_zero_points
             for profile in ("official", "paper", "hardware")]
    assert found == [True, False, False]
    other = Recipe(method="minmax")
    assert (other.integer, other.setting.fractional_zero_points) == (False, False)


def test_roles_say_which_layers_are_at_an_edge_and_which_a_layernorm_feeds():
    assert [role for role in Role if role.edge] == [Role.PATCH_EMBEDDING, Role.HEAD]
    assert [role for role in Role if role.normed] == [Role.QKV, Role.FC1, Role.REDUCTION]
    assert {role.normed for role in Role} == {role.edge for role in Role} == {True, False}


def test_the_structure_says_where_every_residual_addition_is(quantize, digits):
    """What each branch adds is the difference between the streams around it."""
    quantized = quantize(8, 8)
    structure = quantized.structure
    streams, branches, hooks = [], [], []
    for branch in structure.additions:
        hooks.append(branch.normed.norm.register_forward_pre_hook(
            lambda _, x: streams.append(x[0])))
        hooks.append(branch.last.module.register_forward_hook(
            lambda _, x, y: branches.append(y)))
    hooks.append(structure.blocks[-1].module.register_forward_hook(
        lambda _, x, y: streams.append(y)))
    with torch.inference_mode():
        quantized.network(digits[:2])
    for hook in hooks:
        hook.remove()
    assert len(branches) == 8
    for before, after, added in zip(streams[:-1], streams[1:], branches, strict=True):
        torch.testing.assert_close(after.double(), before.double() + added.double())


def test_embeddings_are_16_bit_codes_of_a_power_of_two():
    assert step_of(1.0) == 2.0**-14 and step_of(0.999) == 2.0**-15
    parameters = [nn.Parameter(torch.randn(5)), nn.Parameter(torch.randn(3))]
    before = [p.clone() for p in parameters]
    round_embeddings(parameters)
    for parameter, old in zip(parameters, before, strict=True):
        codes = parameter * 2.0**16
        assert codes.equal(codes.round())
        assert 0 < (parameter - old).abs().max() < 2.0**-12


@pytest.mark.parametrize(("largest", "exponent"), [
    ([0.6], 15), ([1 - 2.0**-11], 15), ([1 - 2.0**-13], 14), ([0.3, 0.2, 0.4, 0.1], 15),
    ([0.7, 0.2, 0.4, 0.1], 14), ([0.3, 0.2], 15), ([0.2, 0.2], 16)])
def test_the_step_is_the_least_that_holds_the_two_largest(largest, exponent):
    parameters = [nn.Parameter(torch.linspace(-value, value / 3, 99)) for value in largest]
    before = [parameter.detach().clone() for parameter in parameters]
    round_embeddings(parameters)
    for parameter, old in zip(parameters, before, strict=True):
        assert (parameter.detach().double() * 2**exponent).tolist() == [
            round(value * 2**exponent) for value in old.tolist()]


def test_two_embeddings_leave_room_for_their_sum():
    """The largest add up to one unit less than 1, and may be rounded up to it."""
    parameters = [nn.Parameter(torch.tensor([0.5])),
                  nn.Parameter(torch.tensor([0.5 - 2.0**-13, 3 * 2.0**-15]))]
    round_embeddings(parameters)
    assert parameters[1].tolist() == [0.5 - 2.0**-13, 2.0**-13]


def test_the_worked_example_is_the_method_of_these_tests():
    root = Path(__file__).resolve().parents[3]
    text = (root / "docs/contributing.md").read_text(encoding="utf-8")
    example = Path(__file__).with_name("minmax.py").read_text(encoding="utf-8")
    assert f"```python\n{example}```\n" in text
