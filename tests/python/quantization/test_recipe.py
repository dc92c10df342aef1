import copy
import json
import pickle

import pytest

from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.settings import STEPS


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
    assert recipe.bits == "w3a8 mixed" and Recipe(3, 8).bits == "w3a8"
    assert recipe.as_dict()["bits_of"] == ["head.*=8"] and recipe.symmetric_weights
