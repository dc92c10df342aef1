"""The lowered program equals the simulation, op by op and from image to logits."""

import copy

import numpy as np
import pytest
import torch

from vit2rtl import comparison
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.reader import read_program
from vit2rtl.lowering.lower import lower
from vit2rtl.lowering.tracing import trace
from vit2rtl.models import embedded, images
from vit2rtl.models.embedded.model import preprocess
from vit2rtl.models.images import Images
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

PREPROCESSING = {"input_size": [3, 32, 32], "interpolation": "bicubic", "crop_pct": 0.9,
                 "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}


def lowered(quantized, variant="hardware"):
    preprocessing = images.preprocessing(embedded.create())
    return lower(quantized, variant=variant, model="mnist_vit", preprocessing=preprocessing)


def held_out(count):
    pixels, labels = embedded.images("held_out")
    return Images([str(n) for n in range(count)], labels[:count], pixels.__getitem__)


def small(name, generator, recipe=None, **arguments):
    """A calibrated small model with random weights, its calibration images, its program."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = timm.create_model(name, img_size=32, patch_size=8, embed_dim=24, depth=2,
                                  num_heads=3, num_classes=5, **arguments)
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
    batch = torch.randn(6, 3, 32, 32, generator=generator)
    quantized = QuantizedViT(model.eval(), recipe or Recipe()).calibrate(batch)
    program = lower(quantized, variant="hardware", model=name, preprocessing=PREPROCESSING)
    return quantized, batch, program


@pytest.mark.parametrize("bits", [(4, 4), (8, 8), (3, 5), (2, 2), (8, 4)])
def test_every_op_equals_the_simulation(quantize, bits):
    quantized = quantize(*bits)
    found = comparison.compare(quantized, lowered(quantized), held_out(8))
    assert {row["kind"] for row in found["ops"]} >= {"linear", "query_key", "attention_value"}
    assert [row for row in found["ops"] if row["mismatch"] or row["agreement"] < 1] == []
    assert found["sqnr"] is None and found["top1_agreement"] == 100


@pytest.mark.parametrize("name", ["deit_tiny_distilled_patch16_224", "vit_tiny_patch16_224"])
def test_other_models_equal_their_simulation(name, generator):
    quantized, batch, program = small(name, generator)
    seen = trace(quantized, batch)
    logits = execute(program, seen["image"].encode(program.image).astype(np.uint8))
    assert logits.shape == (6, 5)
    found = comparison.compare(quantized, program, Images(list("abcdef"), None, batch.__getitem__))
    assert found["largest_mismatch"] == 0
    assert "top1" not in found


def test_edges_at_8_bits_are_lowered(generator):
    recipe = Recipe(bits_of={"patch_embed.*": 8, "head.*": 8})
    quantized, batch, program = small("vit_tiny_patch16_224", generator, recipe)
    found = comparison.compare(quantized, program, Images(list("abcdef"), None, batch.__getitem__))
    assert found["largest_mismatch"] == 0


def test_a_program_read_back_gives_the_same_logits(quantize, tmp_path):
    program = lowered(quantize())
    program.save(tmp_path / "program")
    codes = np.random.default_rng(1).integers(0, 256, (2, 1, 28, 28), dtype=np.uint8)
    again = read_program(tmp_path / "program")
    assert np.array_equal(execute(program, codes), execute(again, codes))


def test_pixel_codes_are_those_of_the_model(quantize):
    quantized = quantize()
    program = lowered(quantized)
    pixels = torch.arange(256).to(torch.uint8).repeat(4)[: 28 * 28].view(1, 28, 28)
    seen = trace(quantized, preprocess(pixels))
    codes = seen["image"].encode(program.image)
    assert np.array_equal(codes[0, 0], program.pixel_codes[0][pixels[0].numpy()])


def test_a_seeded_difference_is_named(quantize):
    quantized = quantize()
    program = lowered(quantized)
    op = next(op for op in program.ops if op.name == "blocks.2.attn.proj")
    op.tensors["bias"] = op.tensors["bias"] + 400
    found = comparison.compare(quantized, program, held_out(4))
    row = next(row for row in found["ops"] if row["op"] == op.name)
    assert row["mismatch"] > 0.5
    assert [r["op"] for r in found["ops"] if r["mismatch"] > 0.01] == [op.name]
    assert row["cause"] == "unknown"


def test_a_program_of_another_model_is_refused(quantize, generator):
    _, _, program = small("vit_tiny_patch16_224", generator)
    with pytest.raises(ValueError, match=r"^The program's image has the shape \(3, 32, 32\), "):
        comparison.compare(quantize(), program, held_out(4))


def test_simulations_without_integers_cannot_be_lowered(quantize):
    with pytest.raises(ValueError) as raised:
        lowered(quantize(profile="paper"))
    assert str(raised.value) == (
        "Lowering needs integer arithmetic: profile hardware, layernorm reparam or layer-wise, "
        "softmax log-sqrt2; this checkpoint has profile paper, layernorm reparam, "
        "softmax log-sqrt2"
    )


def test_sums_that_do_not_fit_32_bits_are_refused(quantize):
    quantized = copy.deepcopy(quantize())
    quantized.attentions()[1][1].qkv.outputs[0].zero_point.fill_(2.0**30)
    with pytest.raises(ValueError, match=r"^blocks\.1\.attn: accumulator bound \d+ does not fit "):
        lowered(quantized)
