"""Mean widths, against what an integer program multiplies and against DeiT-Tiny's arithmetic."""

import pytest
import torch

from vit2rtl.golden.program.inspection import summary
from vit2rtl.lowering.lower import lower
from vit2rtl.models.architectures import skeleton
from vit2rtl.models.images import preprocessing
from vit2rtl.models.library import timm
from vit2rtl.models.surgery import operate
from vit2rtl.quantization.mean_bits import mean_bits
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

RULES = {"blocks.0.*,layers.0.*": "w3a6", "*.fc2.input": 5, "*.softmax": 7, "*.qkv.k": 2,
         "patch_embed.*": 8, "*.proj.weight": 6}
SMALL = {"patch_size": 4, "embed_dim": 24, "num_classes": 5, "img_size": 18}
MODELS = {
    "ViT, pixels left out": ("vit_tiny_patch16_224", SMALL | {"depth": 2, "num_heads": 3}),
    "attention pooling": ("vit_tiny_patch16_224", SMALL | {
        "depth": 1, "num_heads": 3, "global_pool": "map", "class_token": False}),
    "two heads": ("deit_tiny_distilled_patch16_224", SMALL | {"depth": 1, "num_heads": 3}),
    "Swin": ("swin_tiny_patch4_window7_224", SMALL | {
        "img_size": 32, "window_size": 4, "depths": (2, 1), "num_heads": (2, 4)}),
}


def by_program(program):
    """The same from the ops of a program, whose MACs and widths are those of its tensors."""
    macs, bits, weights, weight_bits = 0, 0.0, 0, 0
    for op, row in zip(program.ops, summary(program)["ops"], strict=True):
        if row["macs"]:
            factors = [tensor["bits"] for tensor in row["inputs"]]
            if op.kind == "linear":
                factors.append(op.attributes["weight_bits"])
                weights += op.tensors["weight"].size
                weight_bits += op.tensors["weight"].size * factors[-1]
            assert len(factors) == 2
            macs += row["macs"]
            bits += row["macs"] * sum(factors) / 2
    return bits / macs, weight_bits / weights


@pytest.mark.parametrize("kind", MODELS)
def test_the_means_are_those_of_the_program(kind):
    name, arguments = MODELS[kind]
    model = timm.create_model(name, **arguments).eval()
    images = torch.randn(2, 3, arguments["img_size"], arguments["img_size"])
    quantized = QuantizedViT(model, Recipe(bits_of=RULES)).calibrate(images)
    logits = quantized(images)
    means = mean_bits(quantized.structure, images[:1])
    program = lower(quantized, variant="hardware", model=kind, preprocessing=preprocessing(model))
    assert (means.by_macs, means.by_weights) == pytest.approx(by_program(program), rel=1e-12)
    assert summary(program)["totals"]["mean_bits"] == pytest.approx(vars(means), rel=1e-12)
    assert quantized(images).equal(logits)


@pytest.mark.parametrize(("rules", "added"), [
    ({"*.fc2.input": 5}, 0.139), ({"blocks.0.*": 8}, 0.326), ({"head.*": 8}, 0.001),
    ({"*.qkv.input": 8, "*.fc1.input": 8}, 0.973), ({"*.qkv.[qk]": 8}, 0.285),
    ({"*.fc2.input": 5, "blocks.0.*": 5}, 0.209),
    ({"*.fc2.input": 6, "blocks.0.*": 6, "*.qkv.[qk]": 5}, 0.477),
])
def test_what_is_added_to_deit_tiny(rules, added):
    """The definition once more, on widths by name: 197 tokens, 192 channels, 12 blocks."""
    n, d = 197, 192
    macs = {"patch_embed.proj": 196 * 768 * d, "head": d * 1000}
    for block in range(12):
        macs |= {f"blocks.{block}.{name}": n * d * d * times for name, times in (
            ("attn.qkv", 3), ("attn.proj", 1), ("mlp.fc1", 4), ("mlp.fc2", 4))}
    assert sum(macs.values()) + 24 * n * n * d == 1_253_683_200
    model = skeleton("deit_tiny_patch16_224", {})
    chosen = operate(model, Recipe(bits_of=rules)).quantities()
    bits = {name: quantizer.bits for name, quantizer in chosen.items()}
    bits["patch_embed.proj.input"] = 8
    total = sum(count * (bits[f"{name}.weight"] + bits[f"{name}.input"])
                for name, count in macs.items())
    for block in range(12):
        name = f"blocks.{block}.attn."
        total += n * n * d * sum(bits[f"{name}{part}"] for part in (
            "qkv.q", "qkv.k", "qkv.v", "softmax"))
    mean = total / 2 / 1_253_683_200
    assert mean - 4.0461 == pytest.approx(added, abs=0.0006)
