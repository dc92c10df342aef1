"""Families by type: what a model is called, and what its parts are called, decides nothing."""

import pytest
import torch

from vit2rtl import comparison
from vit2rtl.golden.program.program import Tensor
from vit2rtl.lowering.lower import lower
from vit2rtl.models.families import FAMILIES
from vit2rtl.models.family import Family, family_of
from vit2rtl.models.images import Images
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import Role
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.recording import Recording

CONFIG = {"input_size": [3, 32, 32], "mean": [0.5] * 3, "std": [0.5] * 3, "crop_pct": 1.0,
          "interpolation": "bicubic"}
SMALL = {"img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2,
         "num_classes": 7}
SUPPORTED = "supported are VisionTransformer, VisionTransformerDistilled, SwinTransformer"


@pytest.fixture
def batch(generator):
    return torch.randn(3, 3, 32, 32, generator=generator)


def test_a_family_of_ones_own_is_quantized_lowered_and_recorded(batch, tmp_path):
    from .classifiers import Classifier

    with FAMILIES.extended("tests.python.models.classifiers"):
        quantized = QuantizedViT(Classifier(**SMALL), Recipe(8, 8)).calibrate(batch)
    assert [layer.name for layer in quantized.structure.heads] == ["classifier"]
    program = lower(quantized, variant="hardware", model="x", preprocessing=CONFIG)
    images = Images(["a", "b", "c"], None, batch.__getitem__)
    rows = comparison.compare(quantized, program, images)["ops"]
    assert "classifier" in [row["op"] for row in rows]
    assert not any(row["mismatch"] for row in rows)
    assert [*Recording(quantized, tmp_path).layers] == [
        f"blocks.{n}.{name}" for n in range(2)
        for name in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")]


@pytest.mark.parametrize(("name", "arguments", "count"), [
    ("vit_tiny_patch16_224", SMALL, 1), ("deit_tiny_distilled_patch16_224", SMALL, 2),
    ("vit_tiny_patch16_224", SMALL | {"reg_tokens": 2}, 1),
    ("vit_tiny_patch16_224", SMALL | {"global_pool": "avg"}, 0),
    ("swin_tiny_patch4_window7_224", {"img_size": 32, "window_size": 4, "depths": (1,),
                                      "embed_dim": 24, "num_heads": (2,)}, 0)])
def test_class_tokens_are_those_that_classifiers_read(name, arguments, count):
    model = timm.create_model(name, **arguments)
    assert QuantizedViT(model, Recipe()).structure.class_tokens == count


def test_a_type_without_a_family_is_an_error_and_no_swin():
    from .classifiers import Classifier

    with pytest.raises(ValueError) as error:
        QuantizedViT(Classifier(**SMALL), Recipe())
    assert str(error.value) == f"Model type Classifier is not supported; {SUPPORTED}"


def test_a_layer_named_head_that_is_none_is_refused():
    model = timm.create_model("vit_tiny_patch16_224", depth=1)
    model.head_dist = torch.nn.Linear(192, 10)
    with pytest.raises(ValueError) as error:
        QuantizedViT(model, Recipe())
    assert str(error.value) == "Module 'head_dist' (Linear) is not supported"


@pytest.mark.parametrize(("name", "arguments", "heads"), [
    ("vit_tiny_patch16_224", {"depth": 1, "img_size": 32}, ["head"]),
    ("deit_tiny_distilled_patch16_224", {"depth": 1, "img_size": 32}, ["head", "head_dist"]),
    ("swin_tiny_patch4_window7_224", {"depths": (2, 1), "img_size": 56, "embed_dim": 24},
     ["head.fc"]),
])
def test_every_role_of_a_network(name, arguments, heads):
    structure = QuantizedViT(timm.create_model(name, **arguments), Recipe()).structure
    assert structure.image_size == (arguments["img_size"],) * 2
    assert [layer.name for layer in structure.heads] == heads
    assert structure.patch_embedding is structure.layers[0].module
    blocks = len(structure.blocks)
    for role in (Role.QKV, Role.PROJ, Role.FC1, Role.FC2):
        layers = structure.of_role(role)
        assert [layer.place.block for layer in layers] == [*range(blocks)]
        assert all(layer.name.rpartition(".")[2] == role for layer in layers)
    assert {pair.layer.role for pair in structure.normed} <= {r for r in Role if r.normed}
    masks = [attention.mask is not None for attention in structure.attentions]
    assert masks == ([False, True, False] if "swin" in name else [False] * blocks)


def test_the_streams_are_those_that_the_walk_names(batch):
    """Every residual stream of a program of variant integer is one that the family shows."""
    for name, arguments in (
        ("vit_tiny_patch16_224", SMALL), ("vit_tiny_patch16_224", SMALL | {"pre_norm": True}),
        ("vit_tiny_patch16_224", SMALL | {"global_pool": "avg"}),
    ):
        model = timm.create_model(name, **arguments).eval()
        quantized = QuantizedViT(model, Recipe(8, 8)).calibrate(batch)
        program = lower(quantized, variant="hardware", model="x", preprocessing=CONFIG)
        shown = {stream.name for stream in quantized.family.streams(quantized.structure)}
        tensors: dict[str, Tensor] = program.tensors()
        named = {op.output.name for op in program.ops
                 if op.kind in ("embed_float", "add_float", "real_float")}
        assert named <= shown and all(tensors[n].encoding == "float64" for n in named)


def test_families_answer_for_their_types():
    for family in FAMILIES.values():
        assert isinstance(family, Family) and family.types
    model = timm.create_model("deit_tiny_distilled_patch16_224", depth=1)
    assert family_of(model) is FAMILIES["vit"]
