"""Any width for any quantity: programs and ONNX are the simulation, vectors are recorded."""

import random

import pytest
import torch

from vit2rtl import checkpoint, comparison
from vit2rtl.golden import read_bundle
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded
from vit2rtl.models.architectures import skeleton
from vit2rtl.models.images import Images
from vit2rtl.models.surgery import operate
from vit2rtl.onnx import check as onnx_check
from vit2rtl.onnx import export as onnx_export
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.recording import write_bundle

from .random_models import random_model
from .saving import save

VIT = {"img_size": 16, "patch_size": 4, "depth": 2, "embed_dim": 24, "num_classes": 5,
       "num_heads": 3}
MODELS = {
    "ViT": ("vit_tiny_patch16_224", VIT),
    "distilled": ("deit_tiny_distilled_patch16_224", VIT),
    "Swin": ("swin_tiny_patch4_window7_224", {
        "img_size": 32, "patch_size": 4, "window_size": 4, "embed_dim": 12, "depths": (2, 1),
        "num_heads": (2, 3), "num_classes": 5}),
}
KINDS = [(kind, method, seed) for seed, (kind, method) in enumerate(
    (kind, method) for kind in MODELS for method in ("repq", "closed-form"))]


def any_widths(kind, method, seed):
    """A rule for every quantity, 2 to 8 bits each; heads of one LayerNorm alike."""
    name, arguments = MODELS[kind]
    names = operate(skeleton(name, arguments), Recipe()).quantities()
    generator = random.Random(seed)
    rules = {quantity: generator.randint(2, 8) for quantity in names}
    return Recipe(method=method, bits_of=rules | {"head*.input": 5})


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: f"{kind[0]}-{kind[1]}")
def model(request):
    """(QuantizedViT, images, preprocessing)"""
    kind, method, seed = request.param
    name, arguments = MODELS[kind]
    recipe = any_widths(kind, method, seed)
    return random_model(name, arguments, recipe, seed=seed, count=4)


def test_the_program_is_the_simulation(model):
    quantized, batch, config = model
    images = Images([*"abcd"], torch.zeros(4, dtype=torch.int64), batch.__getitem__)
    program = lower(quantized, variant="hardware", model="x", preprocessing=config)
    found = comparison.compare(quantized, program, images)
    assert {op["mismatch"] for op in found["ops"]} == {0.0} and found["sqnr"] is None
    integer = lower(quantized, variant="integer", model="x", preprocessing=config, images=batch)
    assert comparison.compare(quantized, integer, images)["sqnr"] > 0
    # Every quantity has the width of its rule, in the program as well.
    tensors = {**program.tensors(), **integer.tensors()}
    for rule in quantized.recipe.bits_of[:-1]:
        name, _, bits = rule.partition("=")
        if name in tensors and not name.startswith("head"):
            assert tensors[name].bits == int(bits), name


def test_onnx_is_the_simulation(model, tmp_path):
    quantized, batch, config = model
    path = tmp_path / "x.onnx"
    onnx_export.export(quantized, path, model="x", preprocessing=config)
    images = Images([*"abcd"], None, batch.__getitem__)
    assert onnx_check.compare(path, quantized, images)["equal"] == 100


def test_units_are_recorded_at_each_width_and_the_checkpoint_comes_back(digits, tmp_path):
    """Each record is what golden's functions give, as :class:`BundleWriter` checks."""
    rules = {"*.qkv.[qk]": 3, "*.qkv.v": 6, "*.softmax": 5, "blocks.1.*": 7, "*.fc2.weight": 2}
    quantized = QuantizedViT(embedded.create(), Recipe(bits_of=rules)).calibrate(digits)
    loaded, description = checkpoint.load(save(tmp_path / "saved", quantized))
    assert loaded(digits).equal(quantized(digits))
    images = Images(["a"], None, digits.__getitem__)
    write_bundle(tmp_path / "bundle", loaded, description, images, lanes=2)
    made = {entry.instance.parameters["bits"]: {
        record.name for record in entry.records if record.name.startswith("blocks")}
        for entry in read_bundle(tmp_path / "bundle").entries
        if entry.instance.unit.name == "requantizer"}
    assert {*made} == {3, 6, 7, 16}
    assert made[3] == {f"blocks.{n}.attn.qkv.{part}" for n in (0, 2, 3) for part in "qk"}
    assert made[6] == {f"blocks.{n}.attn.qkv.v" for n in (0, 2, 3)}
    assert made[7] == {f"blocks.1.attn.qkv.{part}" for part in "qkv"}
