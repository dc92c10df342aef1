import pytest
import safetensors.torch
import torch

from vit2rtl.models import zoo as timm_models
from vit2rtl.models.zoo import timm

SMALL = {"img_size": 32, "depth": 1, "embed_dim": 24}
NAME = "vit_tiny_patch16_224"


@pytest.fixture
def save(tmp_path):
    """``save(state or model) -> path`` of a safetensors file."""

    def save(state):
        if isinstance(state, torch.nn.Module):
            state = state.state_dict()
        path = tmp_path / "weights.safetensors"
        safetensors.torch.save_file({k: v.contiguous() for k, v in state.items()}, path)
        return path

    return save


@pytest.fixture
def state():
    return timm.create_model(NAME, num_classes=7, **SMALL).state_dict()


def refused(path, name=NAME, **arguments):
    with pytest.raises(ValueError) as error:
        timm_models.create(name, weights=path, **(arguments or SMALL))
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (NAME, SMALL),
        ("deit_tiny_distilled_patch16_224", SMALL),
        ("swin_tiny_patch4_window7_224", {"img_size": 56, "depths": (1, 1), "embed_dim": 12}),
    ],
)
def test_the_number_of_classes_comes_from_the_file(name, arguments, save):
    source = timm.create_model(name, num_classes=7, **arguments).eval()
    model = timm_models.create(name, weights=save(source), **arguments)
    assert model.num_classes == 7 and not model.training
    images = torch.randn(2, 3, arguments["img_size"], arguments["img_size"])
    with torch.no_grad():
        assert model(images).equal(source(images))


def test_the_embedded_model_takes_no_weights(save, state):
    assert timm_models.create("mnist_vit").num_classes == 10
    assert refused(save(state), "mnist_vit") == (
        "mnist_vit is embedded with its weights; it takes no weights file"
    )


def test_unknown_names_get_a_hint():
    with pytest.raises(ValueError) as error:
        timm_models.create("deit_tinny_patch16_224")
    text = str(error.value)
    assert text.startswith("timm has no model 'deit_tinny_patch16_224'; did you mean "
                           "deit_tiny_patch16_224 or ")
    with pytest.raises(ValueError) as error:
        timm_models.create("zzz")
    assert str(error.value) == "timm has no model 'zzz'"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_named(value, save, state):
    state["blocks.0.mlp.fc1.weight"][3, 5] = value
    path = save(state)
    assert refused(path) == f"Weights file {path}: blocks.0.mlp.fc1.weight holds NaN or infinity"


def test_weights_of_another_shape_are_named(save, state):
    state["blocks.0.attn.proj.bias"] = torch.zeros(25)
    path = save(state)
    assert refused(path) == (
        f"Weights file {path}: blocks.0.attn.proj.bias has shape (25,), the model wants (24,)"
    )


def test_missing_and_unexpected_weights_are_named(save, state):
    bias = state.pop("norm.bias").clone()
    path = save(state)
    assert refused(path) == f"Weights file {path} lacks 'norm.bias'"
    state["normal.bias"] = bias
    save(state)
    assert refused(path) == f"Weights file {path} lacks 'norm.bias' and 1 more differ"
    state["norm.bias"] = bias + 1
    save(state)
    assert refused(path) == f"Weights file {path} has an unexpected 'normal.bias'"


@pytest.fixture
def download(monkeypatch):
    """``download(function)``: what timm does when it is asked for pretrained weights."""
    made = timm.create_model

    def replace(function):
        def create_model(name, pretrained=False, **arguments):
            return (function if pretrained else made)(name, **arguments)

        monkeypatch.setattr(timm, "create_model", create_model)

    return replace


def test_pretrained_weights_are_asked_of_timm(download):
    asked = []

    def model(name, **arguments):
        asked.append((name, arguments))
        return torch.nn.Identity()

    download(model)
    assert not timm_models.create(NAME, img_size=384).training
    assert not timm_models.create(f"hf_hub:timm/{NAME}.augreg_in21k").training
    assert asked == [(NAME, {"img_size": 384}), (f"{NAME}.augreg_in21k", {})]


@pytest.mark.parametrize(("name", "arguments"), [
    ("resnet50", {}), ("vit_base_patch16_dinov3", {}), (NAME, {"depth": 3}),
    (NAME, {"embed_dim": 96}), (NAME, {"img_size": 7}), (NAME, {"checkpoint_path": "/etc/passwd"}),
])
def test_nothing_is_downloaded_for_what_cannot_be(name, arguments, download):
    download(lambda name, **arguments: pytest.fail("downloads"))
    with pytest.raises(ValueError):
        timm_models.create(name, **arguments)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError("We couldn't connect to the hub\nand here is a page of advice"),
         "We couldn't connect to the hub"),
        (RuntimeError(""), "RuntimeError"),
        (ValueError("Cannot find the file\nin the cache"), "Cannot find the file"),
    ],
)
def test_without_a_network_one_line_says_what_to_do(error, said, download):
    def unreachable(name, **arguments):
        raise error

    download(unreachable)
    with pytest.raises(ValueError) as caught:
        timm_models.create(NAME)
    assert str(caught.value) == (
        f"Could not download pretrained weights of {NAME} ({said}); "
        "give them with --weights FILE (safetensors)"
    )


def test_a_model_that_weights_do_not_fit_takes_no_memory(save, state, monkeypatch):
    path = save(state)
    made = timm.create_model

    def create_model(name, **arguments):
        assert torch.empty(0).is_meta
        return made(name, **arguments)

    monkeypatch.setattr(timm, "create_model", create_model)
    assert refused(path, **(SMALL | {"embed_dim": 3072})) == (
        f"Weights file {path}: blocks.0.attn.qkv.weight has shape (72, 24), "
        "the model wants (9216, 3072)")
