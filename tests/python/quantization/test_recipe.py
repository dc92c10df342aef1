import copy
import json
import pickle
from dataclasses import fields

import pytest

from vit2rtl.quantization.methods import METHODS
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.settings import EITHER_WEIGHTS, OPTIONS, STEPS, default_method
from vit2rtl.quantization.settings import METHODS as NAMES


@pytest.mark.parametrize("bits", [1, 9, 0, -4, 4.0, "4", True, None])
@pytest.mark.parametrize(
    ("field", "title"),
    [("weight_bits", "Weight bits"), ("activation_bits", "Activation bits")],
)
def test_widths_are_checked(field, title, bits):
    with pytest.raises(ValueError) as error:
        Recipe(**{field: bits})
    assert str(error.value) == f"{title} must be an integer between 2 and 8, not {bits!r}"


@pytest.mark.parametrize(
    ("field", "choices"),
    [
        ("profile", "official, paper, hardware"),
        ("layernorm", "layer-wise, channel-wise, reparam"),
        ("softmax", "uniform, log2, log-sqrt2"),
    ],
)
def test_choices_are_checked(field, choices):
    with pytest.raises(ValueError) as error:
        Recipe(**{field: "integer"})
    assert str(error.value) == f"{field.capitalize()} must be one of {choices}, not 'integer'"


def test_a_profile_sets_the_zero_code():
    rules = {profile: Recipe(profile=profile).zero_code
             for profile in ("official", "paper", "hardware")}
    assert rules == {"official": "extra", "paper": "none", "hardware": "top"}


def test_integers_need_one_scale_a_tensor():
    assert Recipe().integer and Recipe(layernorm="layer-wise").integer
    assert not Recipe(layernorm="channel-wise").integer
    assert not Recipe(profile="official").integer and not Recipe(profile="paper").integer


def test_steps_to_leave_out_are_checked():
    def refused(text):
        with pytest.raises(ValueError) as error:
            Recipe(method="closed-form", without=text)
        return str(error.value)

    for text in ("", "gptq", "gptq, bias", ",".join(STEPS)):
        assert Recipe(method="closed-form", without=text).without == text
    for text, name in (("rigde", "rigde"), ("gptq,", ""), ("gptq,GPTQ", "GPTQ")):
        assert refused(text) == (
            f"Steps to leave out must be of {', '.join(STEPS)}, not {name!r}")
    assert refused(["gptq"]) == "Steps to leave out must be text, not ['gptq']"


@pytest.mark.parametrize("name", ["setting", "_setting", "__deepcopy__"])
def test_a_recipe_that_is_not_made_yet_has_no_options(name):
    """As copy and pickle meet it: without a setting to ask."""
    with pytest.raises(AttributeError, match=f"^{name}$"):
        getattr(object.__new__(Recipe), name)


def test_a_recipe_can_be_copied():
    recipe = Recipe(3, method="closed-form", without="bias")
    assert copy.deepcopy(recipe) == pickle.loads(pickle.dumps(recipe)) == recipe


def test_a_recipe_survives_its_dictionary():
    recipe = Recipe(3, 8, "paper", "channel-wise", "log2", True, bits_of={"head.*": 8})
    assert Recipe(**json.loads(json.dumps(recipe.as_dict()))) == recipe
    assert recipe.bits == "w3a8 (1 rule)" and Recipe(3, 8).bits == "w3a8"
    assert recipe.as_dict()["bits_of"] == ["head.*=8"] and recipe.symmetric_weights


@pytest.mark.parametrize(("values", "named", "method"), [
    ((), {}, "closed-form"), ((6, 6), {}, "closed-form"), ((7, 7), {}, "repq"),
    ((8, 8), {}, "repq"), ((8, 6), {}, "closed-form"), ((6, 8), {}, "closed-form"),
    ((), {"weight_bits": 8}, "closed-form"),
    ((), {"weight_bits": 8, "activation_bits": 8}, "repq"),
    ((8, 8), {"bits_of": {"*.softmax": 6}}, "closed-form"),
    ((8, 8), {"bits_of": ["*.softmax=7", "head.*=w8a7"]}, "repq"),
    ((8, 8), {"bits_of": {"*": "w8a5"}}, "closed-form"),
    ((8, 8), {"symmetric_weights": True}, "repq"),
    ((8, 8), {"mirrors": True}, "closed-form"), ((8, 8), {"without": "bias"}, "closed-form"),
    ((), {"profile": "hardware"}, "repq"), ((), {"softmax": "log2"}, "repq"),
    ((), {"layernorm": "reparam"}, "repq"), ((4, 4, "paper"), {}, "repq"),
    ((8, 8), {"method": "closed-form"}, "closed-form"), ((), {"method": "repq"}, "repq"),
])
def test_where_no_method_is_named_few_bits_are_solved_for(values, named, method):
    recipe = Recipe(*values, **named)
    assert recipe.method == method == recipe.as_dict()["method"]
    assert Recipe(**recipe.as_dict()) == recipe


def test_options_of_two_methods_are_one_too_many():
    with pytest.raises(TypeError) as error:
        Recipe(profile="paper", mirrors=True)
    assert str(error.value) == (
        "Method repq has no option 'mirrors', only weight_bits, activation_bits, bits_of, profile, "
        "layernorm, softmax, symmetric_weights")


def test_options_of_a_method_are_what_its_class_has_beside_widths_and_symmetry():
    names = {method: [field.name for field in fields(METHODS[method])] for method in NAMES}
    others = {"weight_bits", "activation_bits", "bits_of", "symmetric_weights"}
    assert {method: [name for name in own if name not in others]
            for method, own in names.items()} == {m: [*own] for m, own in OPTIONS.items()}
    assert EITHER_WEIGHTS == tuple(
        method for method, own in names.items() if "symmetric_weights" in own)


@pytest.mark.parametrize(("options", "method"), [
    ((), "closed-form"), (("mirrors",), "closed-form"), (("profile",), "repq"),
    (("rounds",), "ptq4vit"), (("profile", "rounds"), "ptq4vit"), (("softmax",), "repq"),
])
def test_options_choose_the_first_method_that_has_all_of_them(options, method):
    assert default_method(4, options) == method


@pytest.mark.parametrize(("recipe", "title"), [
    (Recipe(4, 4), "w4a4 closed-form"), (Recipe(8, 8), "w8a8 repq"),
    (Recipe(4, 4, "paper"), "w4a4 repq paper"),
    (Recipe.of("w3a4++", bits_of=["head.*=8", "*.softmax=5"]), "w3a4++ (2 rules) closed-form"),
    (Recipe.of("w3a4", bits_of=["head.*=8"]), "w3a4 (1 rule) closed-form"),
])
def test_a_recipe_has_a_title(recipe, title):
    assert recipe.title == title
