"""Swin's program equals its simulation: windows, masks, position bias, merging, pooling."""

import numpy as np
import pytest
import torch

from vit2rtl import comparison
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.reader import read_program
from vit2rtl.lowering.lower import lower
from vit2rtl.lowering.tracing import trace
from vit2rtl.models.images import Images
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

PREPROCESSING = {"input_size": [3, 32, 32], "interpolation": "bicubic", "mean": [0.5] * 3,
                 "std": [0.5] * 3}


@pytest.fixture(scope="module")
def swin():
    """``swin(bits) -> (QuantizedViT, images)``: 2 stages, 4 windows of 4×4, then one; shifts."""
    made = {}

    def swin(bits):
        if bits not in made:
            generator = torch.Generator().manual_seed(11)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(11)
                model = timm.create_model(
                    "swin_tiny_patch4_window7_224", img_size=32, window_size=4, embed_dim=12,
                    depths=(2, 2), num_heads=(2, 3), num_classes=5)
            for parameter in model.parameters():
                parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
            images = torch.randn(6, 3, 32, 32, generator=generator)
            made[bits] = QuantizedViT(model.eval(), Recipe(bits, bits)).calibrate(images), images
        return made[bits]

    return swin


def compared(quantized, images, variant):
    program = lower(quantized, variant=variant, model="swin", preprocessing=PREPROCESSING,
                    images=images)
    chosen = Images(list("abcdef"), None, images.__getitem__)
    return program, comparison.compare(quantized, program, chosen)


@pytest.mark.parametrize("bits", [4, 8])
def test_every_op_equals_the_simulation(swin, bits):
    program, found = compared(*swin(bits), "hardware")
    masked = [op.name for op in program.ops if "mask" in op.tensors]
    assert masked == ["layers.0.blocks.1.attn.softmax"]
    assert [row for row in found["ops"] if row["mismatch"] or row["agreement"] < 1] == []


def test_the_integer_variant_is_near(swin):
    program, found = compared(*swin(8), "integer")
    assert found["sqnr"] > 20
    assert not [op for op in program.ops if op.kind.endswith("_float")]


def test_python_integers_give_the_same_bits(swin, tmp_path):
    quantized, images = swin(4)
    program, _ = compared(quantized, images, "integer")
    names = list(program.tensors())
    codes = trace(quantized, images[:1])["image"].encode(program.image).astype(np.uint8)
    fast = execute(program, codes, record=names)[1]
    exact = execute(program, codes.astype(object), record=names)[1]
    for name in names:
        assert exact[name].dtype == object, name
        assert exact[name].tolist() == fast[name].tolist(), name
    program.save(tmp_path / "program")
    assert np.array_equal(execute(read_program(tmp_path / "program"), codes),
                          execute(program, codes))


def test_merged_patches_of_an_odd_number_of_tokens(generator):
    """7 × 7 tokens, one window, become 4 × 4: what is missing are zeros of the stream."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(12)
        model = timm.create_model(
            "swin_tiny_patch4_window7_224", img_size=28, window_size=7, embed_dim=12,
            depths=(1, 2), num_heads=(2, 3), num_classes=5).eval()
    images = torch.randn(6, 3, 28, 28, generator=generator)
    quantized = QuantizedViT(model, Recipe(4, 4)).calibrate(images)
    preprocessing = PREPROCESSING | {"input_size": [3, 28, 28]}
    program = lower(quantized, variant="hardware", model="swin", preprocessing=preprocessing)
    merge, = (op for op in program.ops if "pad" in op.tensors)
    assert (merge.name, merge.output.shape) == ("layers.1.downsample.merge", (16, 48))
    chosen = Images(list("abcdef"), None, images.__getitem__)
    found = comparison.compare(quantized, program, chosen)
    assert [row for row in found["ops"] if row["mismatch"] or row["agreement"] < 1] == []
