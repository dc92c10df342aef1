"""What timm's ViT constructor offers: lowered in both variants, equal to its simulation."""

import numpy as np
import pytest
import torch

from vit2rtl import comparison
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.reader import read_program
from vit2rtl.lowering.lower import lower
from vit2rtl.models.images import Images, preprocessing
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

SMALL = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3,
         "num_classes": 5}
VARIANTS = {
    "mean, then norm": {"global_pool": "avg"},
    "norm, then mean": {"global_pool": "avg", "fc_norm": False},
    "mean of all tokens": {"global_pool": "avg", "pool_include_prefix": True},
    "no class token": {"global_pool": "avg", "class_token": False},
    "no class token, norm first": {"global_pool": "avg", "class_token": False, "fc_norm": False},
    "class token, then norm": {"fc_norm": True},
    "norm in front": {"pre_norm": True},
    "norm in front, mean": {"pre_norm": True, "global_pool": "avg"},
    "no qkv bias": {"qkv_bias": False},
    "class token without position": {"no_embed_class": True},
    "no position embedding": {"pos_embed": "none"},
    "oblong image and patch": {"img_size": (32, 48), "patch_size": (8, 16)},
    "one channel": {"in_chans": 1},
    "pixels left out": {"img_size": (37, 30), "patch_size": (8, 9)},
    "LayerScale": {"init_values": 0.3},
    "registers": {"reg_tokens": 3},
    "registers without position": {"reg_tokens": 2, "no_embed_class": True, "global_pool": "avg"},
    "registers alone": {"reg_tokens": 1, "class_token": False, "global_pool": "avg",
                        "fc_norm": False},
    "QuickGELU": {"act_layer": "quick_gelu"},
    "GELU by tanh": {"act_layer": "gelu_tanh"},
    "SiLU": {"act_layer": "silu"},
    "a slope learned": {"act_layer": "prelu"},
    "no activation": {"act_layer": "identity"},
    "one class": {"num_classes": 1},
    "features": {"num_classes": 0},
    "features of the mean": {"num_classes": 0, "global_pool": "avg"},
    "features, norm then mean": {"num_classes": 0, "global_pool": "avg", "fc_norm": False},
    "features without norm": {"num_classes": 0, "final_norm": False, "reg_tokens": 2},
    "features of a mean without norm": {"num_classes": 0, "final_norm": False,
                                        "global_pool": "avg"},
    "no last norm": {"final_norm": False},
    "mean, no last norm": {"final_norm": False, "global_pool": "avg"},
    "attention pooling": {"global_pool": "map", "class_token": False},
    "attention pooling, features": {"global_pool": "map", "num_classes": 0, "reg_tokens": 2},
    "a thousand classes": {"num_classes": 1000, "depth": 1},
}
# At 8 bits as well: what is pooled, and by which norm, decides on scales.
BOTH = [name for name in VARIANTS if "mean" in name or "features" in name or "pooling" in name
        or "norm" in name]


def made(arguments, recipe):
    """(QuantizedViT, images float32[6, ...], preprocessing) of a small model, random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = timm.create_model("vit_tiny_patch16_224", **(SMALL | arguments)).eval()
        for parameter in model.parameters():
            parameter.data += 0.1 * torch.randn(parameter.shape)
        channels = model.patch_embed.proj.in_channels
        batch = torch.randn(6, channels, *model.patch_embed.img_size)
    config = preprocessing(model)
    config |= {"input_size": [channels, *model.patch_embed.img_size],
               "mean": [0.5] * channels, "std": [0.5] * channels}
    return QuantizedViT(model, recipe).calibrate(batch), batch, config


@pytest.mark.parametrize(("name", "bits"), [
    *((name, (4, 4)) for name in VARIANTS), *((name, (8, 8)) for name in BOTH)])
def test_both_variants_equal_the_simulation(name, bits, tmp_path):
    quantized, batch, config = made(VARIANTS[name], Recipe(*bits))
    found = {}
    for variant in ("hardware", "integer"):
        program = lower(quantized, variant=variant, model=name, preprocessing=config, images=batch)
        program.save(tmp_path / variant)
        program = read_program(tmp_path / variant)
        images = Images(list("abcdef"), None, batch.__getitem__)
        found[variant] = comparison.compare(quantized, program, images)
    assert found["hardware"]["largest_mismatch"] <= 2e-4
    features = VARIANTS[name].get("num_classes") == 0
    assert found["hardware"]["top1_agreement"] == (None if features else 100)
    # Measured: 13 dB and more at 4 bits, 24 dB and more at 8.
    assert found["integer"]["sqnr"] > {4: 10, 8: 20}[bits[0]]
    for op, row in zip(program.ops, found["integer"]["ops"], strict=True):
        # Streams and logits have 12 bits and more, and take what their own inputs were rounded by.
        assert row["largest"] <= 1 or op.output.bits > 8, row
    codes = np.random.default_rng(2).integers(0, 256, (1, *program.image.shape), dtype=np.uint8)
    assert execute(program, codes.astype(object)).tolist() == execute(program, codes).tolist()


def test_the_mean_leaves_out_the_class_token():
    quantized, batch, config = made(VARIANTS["norm, then mean"], Recipe())
    program = lower(quantized, variant="integer", model="small", preprocessing=config,
                    images=batch)
    codes = np.random.default_rng(2).integers(0, 256, (2, *program.image.shape), dtype=np.uint8)
    _, seen = execute(program, codes, record=["norm.output", "head.input"])
    pool = next(op for op in program.ops if op.kind == "pool")
    tensors = program.tensors()
    source, target = tensors["norm.output"], tensors["head.input"]
    mean = source.real(seen["norm.output"])[:, 1:].mean(axis=1, keepdims=True)
    want = np.clip(np.floor(mean / target.scale + 0.5) + target.zero_point, *target.limits())
    assert pool.inputs == ("pool.tokens",)
    assert np.array_equal(seen["head.input"], want)
