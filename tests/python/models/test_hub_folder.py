"""Folders as the Hugging Face hub has them: names and sizes, against timm's own models.

The names are those of transformers' files; that its models compute the same was tried once with
version 5.24: ViT, DeiT, Swin and DINOv2 with and without registers differ by 1e-6 at most.
"""

import json

import pytest
import safetensors.torch
import torch

from vit2rtl.models import hub_folder, weights, zoo
from vit2rtl.models.zoo import timm

VIT = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3,
       "intermediate_size": 96, "image_size": 32, "patch_size": 16}
OURS = {"embed_dim": 24, "depth": 2, "num_heads": 3, "img_size": 32, "patch_size": 16}
SWIN = {"image_size": 56, "patch_size": 4, "embed_dim": 12, "depths": [1, 2], "num_heads": [3, 6],
        "window_size": 7}
OUR_SWIN = {"img_size": 56, "patch_size": 4, "embed_dim": 12, "depths": [1, 2],
            "num_heads": [3, 6], "window_size": 7}

_OUTER = {
    "cls_token": "embeddings.cls_token", "dist_token": "embeddings.distillation_token",
    "reg_token": "embeddings.register_tokens", "pos_embed": "embeddings.position_embeddings",
}
_STEMS = [
    ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
    ("patch_embed.norm", "embeddings.norm"),
    ("attn.proj", "attention.output.dense"), ("ls1.gamma", "layer_scale1.lambda1"),
    ("ls2.gamma", "layer_scale2.lambda1"),
]
_VIT = [("norm1", "layernorm_before"), ("norm2", "layernorm_after"),
        ("mlp.fc1", "intermediate.dense"), ("mlp.fc2", "output.dense")]


def theirs(name, state, kind):
    """Names of version 4 of transformers, of weights under timm's names."""
    inner = {"vit": "vit.", "deit": "deit.", "swin": "swin."}.get(kind, "")
    new = {}
    for key, tensor in state.items():
        if key.startswith("head"):
            head = "classifier" if kind != "deit" else (
                "distillation_classifier" if "dist" in key else "cls_classifier")
            new[f"{head}.{key.rpartition('.')[2]}"] = tensor
            continue
        place, _, rest = key.rpartition("blocks.")
        number, _, rest = rest.partition(".") if "blocks." in key else ("", "", key)
        if "downsample" in key:
            stage = int(key.split(".")[1]) - 1
            new[f"{inner}encoder.layers.{stage}.{key.split('.', 2)[2]}"] = tensor
            continue
        if not number:
            if rest.startswith("norm."):
                rest = f"layernorm.{rest[5:]}"
            rest = _OUTER.get(rest, rest)
            for ours, other in _STEMS:
                rest = rest.replace(f"{ours}.", f"{other}.")
            new[inner + rest] = tensor
            continue
        where = f"{inner}encoder.{place}blocks.{number}." if place else (
            f"{inner}encoder.layer.{number}.")
        attention = "attention.self" if kind == "swin" else "attention.attention"
        if rest.startswith("attn.qkv."):
            for part, rows in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                new[f"{where}{attention}.{part}.{rest[9:]}"] = rows
            continue
        for ours, other in [*_STEMS, *(() if kind.startswith("dinov2") else _VIT)]:
            rest = rest.replace(ours, other)
        rest = rest.replace("attn.relative", "attention.self.relative")
        new[where + rest] = tensor
    return new


@pytest.fixture
def folder(tmp_path):
    """``folder(config, state, preprocessor) -> path``"""

    def write(config, state, preprocessor=None):
        place = tmp_path / "model"
        place.mkdir(exist_ok=True)
        (place / "config.json").write_text(json.dumps(config))
        if state is not None:
            safetensors.torch.save_file({k: t.contiguous().clone() for k, t in state.items()},
                                        place / "model.safetensors")
        if preprocessor:
            (place / "preprocessor_config.json").write_text(json.dumps(preprocessor))
        return place

    return write


def read(place, **arguments):
    """The model in a folder, made by timm: whether it is supported is another question."""
    hub = hub_folder.resolve(str(place), None, arguments)
    state = weights.read(hub.weights)
    classes = {"num_classes": len(state["head.weight"])} if "head.weight" in state else {}
    if "head.fc.weight" in state:
        classes = {"num_classes": len(state["head.fc.weight"])}
    model = timm.create_model(hub.name, **{"num_classes": 0, **classes, **hub.arguments}).eval()
    weights.load(model, state, hub.weights)
    return model


CASES = {
    "vit": ("vit_base_patch16_224", {**OURS, "num_classes": 5}, VIT, "ViTForImageClassification"),
    "deit": ("deit_base_distilled_patch16_224", {**OURS, "num_classes": 5}, VIT,
             "DeiTForImageClassificationWithTeacher"),
    "dinov2": ("vit_base_patch14_dinov2", {**OURS, "num_classes": 0}, VIT, "Dinov2Model"),
    "dinov2_with_registers": (
        "vit_base_patch14_reg4_dinov2", {**OURS, "num_classes": 0}, VIT,
        "Dinov2WithRegistersModel"),
    "swin": ("swin_tiny_patch4_window7_224", {**OUR_SWIN, "num_classes": 5}, SWIN,
             "SwinForImageClassification"),
}


@pytest.mark.parametrize("kind", CASES)
def test_every_weight_finds_its_place(kind, folder):
    name, arguments, config, made = CASES[kind]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = timm.create_model(name, **arguments).eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
        images = torch.randn(2, 3, arguments["img_size"], arguments["img_size"])
    given = dict(model.state_dict())
    if kind == "dinov2_with_registers":  # theirs has a position for the class token
        first = torch.full((1, 1, 24), 0.25)
        given["pos_embed"] = torch.cat([first, given["pos_embed"]], 1)
        given["cls_token"] = given["cls_token"] - first
    place = folder({"model_type": kind, "architectures": [made], **config},
                   theirs(name, given, kind))
    hub = hub_folder.read_folder(place)
    assert hub.name == name
    read_back = read(place)
    with torch.no_grad():
        torch.testing.assert_close(read_back(images), model(images), rtol=0, atol=1e-5)


def test_names_of_version_5_in_memory(folder):
    arguments = {**OURS, "num_classes": 5}
    model = timm.create_model("vit_base_patch16_224", **arguments).eval()
    new = {}
    for key, tensor in theirs("", model.state_dict(), "vit").items():
        for old, later in (("encoder.layer.", "layers."), ("attention.attention.query", "attention"
                           ".q_proj"), ("attention.attention.key", "attention.k_proj"),
                           ("attention.attention.value", "attention.v_proj"),
                           ("attention.output.dense", "attention.o_proj"),
                           ("intermediate.dense", "mlp.fc1"), ("output.dense", "mlp.fc2")):
            key = key.replace(old, later)
        new[f"module.{key}"] = tensor
    made = read(folder({"model_type": "vit", **VIT}, new))
    assert all(torch.equal(a, b) for a, b in zip(
        made.state_dict().values(), model.state_dict().values(), strict=True))


def test_what_timm_saved(folder):
    model = timm.create_model("vit_tiny_patch16_224", num_classes=3, img_size=32, depth=1)
    place = folder({
        "architecture": "vit_tiny_patch16_224", "num_classes": 3, "model_args": {"depth": 1},
        "pretrained_cfg": {"input_size": [3, 32, 32], "fixed_input_size": True, "crop_pct": 1.0,
                           "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6],
                           "interpolation": "bilinear"},
    }, model.state_dict())
    hub = hub_folder.read_folder(place)
    made = zoo.create(hub.name, weights=hub.weights, preprocessing=hub.preprocessing,
                      **hub.arguments)
    assert (made.num_classes, made.patch_embed.img_size) == (3, (32, 32))
    assert made.pretrained_cfg["mean"] == [0.1, 0.2, 0.3]
    assert made.pretrained_cfg["crop_pct"] == 1.0


def test_preprocessing_is_that_of_the_folder(folder):
    state = theirs("", timm.create_model("vit_base_patch16_224", **OURS).state_dict(), "vit")
    place = folder({"model_type": "vit", **VIT}, state, {
        "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.1], "resample": 2,
        "size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 32},
    })
    assert hub_folder.read_folder(place).preprocessing == {
        "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.1], "interpolation": "bilinear",
        "crop_pct": 0.8}


@pytest.mark.parametrize(("config", "said"), [
    ({"model_type": "bert"}, "{config} has model_type 'bert': read are vit, deit, dinov2, "
                             "dinov2_with_registers, swin, and what timm saved"),
    ({"model_type": "vit", "hidden_size": "wide"},
     "{config}: hidden_size must be a number above 0, not 'wide'"),
    ({"model_type": "vit", "patch_size": [16, 0]},
     "{config}: patch_size must be an integer or two, not [16, 0]"),
    ({"model_type": "vit", "hidden_act": "mish"}, "{config}: hidden_act must be one of gelu, "
     "gelu_new, gelu_pytorch_tanh, gelu_fast, quick_gelu, relu, silu, swish, not 'mish'"),
    ({"model_type": "swin", "use_absolute_embeddings": True},
     "{config}: use_absolute_embeddings: no Swin of timm has them"),
    ({"model_type": "dinov2", "use_swiglu_ffn": True},
     "{config}: use_swiglu_ffn: gated MLPs are not supported"),
    ({"model_type": "deit", "architectures": ["DeiTModel"]},
     "{config}: DeiTModel has a distillation token and no head for it, which no model of timm "
     "has: read is DeiTForImageClassificationWithTeacher"),
    ([], "{config} must be a JSON object, not list"),
])
def test_other_folders_are_refused(config, said, folder):
    place = folder(config, {"a": torch.ones(1)})
    with pytest.raises(ValueError) as error:
        hub_folder.read_folder(place)
    assert str(error.value) == said.format(config=place / "config.json")


def test_a_folder_lacks_something(folder, tmp_path):
    with pytest.raises(ValueError, match=r"is no model in the hub's layout: it has no config.json"):
        hub_folder.read_folder(tmp_path)
    with pytest.raises(ValueError, match=r"has no weights: none of model\.safetensors, "):
        hub_folder.read_folder(folder({"model_type": "vit"}, None))


def test_a_name_stays_one():
    assert hub_folder.resolve("vit_tiny_patch16_224", "w.pth", {"depth": 1}) == hub_folder.HubModel(
        "vit_tiny_patch16_224", {"depth": 1}, "w.pth")
