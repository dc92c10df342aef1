import json

import pytest

from vit2rtl.quantization.recipe import Recipe


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


def test_a_recipe_survives_its_dictionary():
    recipe = Recipe(3, 8, "paper", "channel-wise", "log2", True, bits_of={"head.*": 8})
    assert Recipe(**json.loads(json.dumps(recipe.as_dict()))) == recipe
    assert recipe.bits == "w3a8 mixed" and Recipe(3, 8).bits == "w3a8"
    assert recipe.as_dict()["bits_of"] == ["head.*=8"] and recipe.symmetric_weights
