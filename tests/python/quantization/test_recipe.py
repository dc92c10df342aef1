import pytest

from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.settings import parse_bits


@pytest.mark.parametrize(
    ("text", "bits"), [("w4a4", (4, 4)), ("w3a8", (3, 8)), ("W8A2", (8, 2))]
)
def test_bits_are_read(text, bits):
    assert parse_bits(text) == bits


@pytest.mark.parametrize(
    "text", ["", "4", "w4", "a4w4", "w4a4 ", " w4a4", "w-4a4", "w4.5a4", "w4a4x", "wfour", "4a4"]
)
def test_odd_bits_are_refused(text):
    with pytest.raises(ValueError) as error:
        parse_bits(text)
    assert str(error.value) == (
        f"Bits must look like w4a4 (weights 4, activations 4), not {text!r}"
    )


def test_widths_that_nothing_has_are_refused():
    with pytest.raises(ValueError, match=r"^Weight bits must be .*between 2 and 8, not 16$"):
        parse_bits("w16a4")


@pytest.mark.parametrize("bits", [1, 9, 0, -4, 4.0, "4", True, None])
@pytest.mark.parametrize(
    ("field", "title"),
    [("weight_bits", "Weight bits"), ("activation_bits", "Activation bits"),
     ("first_last_bits", "First last bits")],
)
def test_widths_are_checked(field, title, bits):
    if field == "first_last_bits" and bits is None:
        assert Recipe(first_last_bits=None).first_last_bits is None
        return
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
    recipe = Recipe(3, 8, "paper", "channel-wise", "log2", 8)
    assert Recipe(**recipe.as_dict()) == recipe
    assert recipe.bits == "w3a8"
