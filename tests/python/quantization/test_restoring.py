"""Every tensor of a saved model is looked at before it takes its place."""

import pytest
import torch

from vit2rtl.models import embedded
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.restoring import restore
from vit2rtl.quantized_vit import QuantizedViT

FC1, FC2 = "blocks.0.mlp.fc1", "blocks.0.mlp.fc2"


def restored(recipe, state):
    quantized = QuantizedViT(embedded.create(), recipe)
    restore(quantized.structure, recipe, state)
    return quantized


def saved(quantized):
    """Its state as a checkpoint has it, in single precision."""
    return {name: tensor.float() if tensor.is_floating_point() else tensor
            for name, tensor in quantized.network.state_dict().items()}


def changed(quantized, key, index, value):
    """The state with one element of one tensor changed."""
    state = saved(quantized)
    state[key] = state[key].clone()
    state[key][index] = value
    return state


@pytest.mark.parametrize("recipe", [
    Recipe(), Recipe(layernorm="channel-wise"), Recipe(profile="official"),
    Recipe(profile="paper", layernorm="channel-wise", softmax="log2")], ids=str)
def test_what_was_saved_is_what_is_restored(recipe, quantize):
    state = saved(quantize(**recipe.as_dict()))
    again = restored(recipe, state).network.state_dict()
    assert list(again) == list(state)
    assert all(again[name].equal(tensor) for name, tensor in state.items())


@pytest.mark.parametrize(("key", "index", "value", "said"), [
    ("norm.weight", 3, float("nan"), "norm.weight holds NaN or infinity"),
    (f"{FC2}.bias", 0, float("-inf"), f"{FC2}.bias holds NaN or infinity"),
    (f"{FC1}.weight_codes", (3, 4), 16, f"{FC1}.weight_codes must be codes of 0 to 15"),
    (f"{FC1}.weight_quantizer.scale", 7, 0, f"{FC1}.weight_quantizer.scale must be positive"),
    (f"{FC1}.weight_quantizer.zero_point", 7, 0.5,
     f"{FC1}.weight_quantizer.zero_point must be an integer"),
    (f"{FC1}.weight_quantizer.zero_point", 7, 2.0**24,
     f"{FC1}.weight_quantizer.zero_point must be below 2**24"),
    (f"{FC2}.input_quantizer.zero_point", (), -(2.0**24),
     f"{FC2}.input_quantizer.zero_point must be below 2**24"),
    (f"{FC1}.input_quantizer.zero_point", (), -1,
     f"{FC1}.input_quantizer.zero_point must be a code, 0 to 15"),
    (f"{FC1}.input_quantizer.zero_point", (), 16,
     f"{FC1}.input_quantizer.zero_point must be a code, 0 to 15"),
])
def test_one_element_that_cannot_be_is_enough(key, index, value, said, quantize):
    with pytest.raises(ValueError) as error:
        restored(Recipe(), changed(quantize(), key, index, value))
    assert str(error.value) == f": {said}"


def test_tensors_of_another_network_are_named(quantize):
    state = saved(quantize())
    bias = state.pop(f"{FC1}.bias")
    for more, said in (({}, f" lacks '{FC1}.bias'"),
                       ({f"{FC1}.bias": bias, "more": bias}, " has an unexpected 'more'")):
        with pytest.raises(ValueError) as error:
            restored(Recipe(), state | more)
        assert str(error.value) == said


@pytest.mark.parametrize(("key", "index", "value"), [
    (f"{FC1}.weight_codes", (3, 4), 15), (f"{FC1}.weight_codes", (3, 4), 0),
    (f"{FC1}.weight_quantizer.zero_point", 7, 2.0**24 - 1),
    (f"{FC2}.input_quantizer.zero_point", (), 1 - 2.0**24),
    (f"{FC1}.input_quantizer.zero_point", (), 0), (f"{FC1}.input_quantizer.zero_point", (), 15),
])
def test_the_last_value_that_can_be_is_taken(key, index, value, quantize):
    state = changed(quantize(), key, index, value)
    assert restored(Recipe(), state).network.state_dict()[key].equal(state[key])


@pytest.mark.parametrize("symmetric", [True, False])
def test_symmetric_weights_have_their_zero_points_in_the_middle(symmetric, quantize):
    recipe = Recipe(symmetric_weights=symmetric)
    state = changed(quantize(**recipe.as_dict()), f"{FC1}.weight_quantizer.zero_point", 7, 9)
    if not symmetric:
        restored(recipe, state)
        return
    with pytest.raises(ValueError) as error:
        restored(recipe, state)
    assert str(error.value) == f": {FC1}.weight_quantizer.zero_point must be 8"


def test_integers_that_the_model_has_of_itself_must_be_its_own(quantize):
    """As Swin's table of relative positions is."""
    state = saved(quantize())
    for index, said in (([0, 1, 2], None), ([0, 2, 1], ": index is not what the model's own is")):
        quantized = QuantizedViT(embedded.create(), Recipe())
        quantized.network.register_buffer("index", torch.arange(3))
        state["index"] = torch.tensor(index)
        if said is None:
            restore(quantized.structure, Recipe(), state)
            continue
        with pytest.raises(ValueError) as error:
            restore(quantized.structure, Recipe(), state)
        assert str(error.value) == said
