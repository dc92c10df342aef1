"""Vision transformers of other shapes in the engine's Verilog: all that leaves a unit is equal.

Random weights, one block or two, and a small array with buffers for all of them.
"""

from dataclasses import replace
from functools import partial

import pytest
import torch

from tests.every import long
from tests.golden.engine.compiler.engines import TINY
from vit2rtl.lowering.lower import lower
from vit2rtl.lowering.tracing import trace
from vit2rtl.models.images import preprocessing
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.sim.model import bench, run
from vit2rtl.sim.tools import builds

ENGINE = replace(TINY, name="families", softmax_lanes=4, layernorm_lanes=4, attention_rows=4,
                 attention_acc_width=24, tokens=577, bank_rows=256, channels=144, table_bits=12,
                 stream=10_000, normalized=20_000, projected=20_000, hidden=40_000)
SMALL = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3,
         "num_classes": 5}
MODELS = {
    "distilled": ("deit_tiny_distilled_patch16_224", {}),
    "registers and LayerScale": ("vit_tiny_patch16_224", {"reg_tokens": 4, "init_values": 0.3}),
    "heads of 72": ("vit_tiny_patch16_224", {"embed_dim": 144, "num_heads": 2, "depth": 1}),
    # As many patches as of 384 × 384 pixels: three groups, and keys in three tiles.
    "577 tokens": ("vit_tiny_patch16_224", {"img_size": 96, "patch_size": 4, "embed_dim": 16,
                                            "num_heads": 1}),
}


def program_of(name, arguments):
    """(program, codes uint8[1, channels, height, width])"""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = timm.create_model(name, **(SMALL | arguments)).eval()
        for parameter in model.parameters():
            parameter.data += 0.1 * torch.randn(parameter.shape)
        batch = torch.randn(4, 3, *model.patch_embed.img_size)
    quantized = QuantizedViT(model, Recipe()).calibrate(batch)
    program = lower(quantized, variant="integer", model=name, images=batch,
                    preprocessing=preprocessing(model))
    return program, trace(quantized, batch[:1])["image"].encode(program.image)


@long
@pytest.mark.parametrize("name", MODELS)
def test_all_elements_are_equal(name, monkeypatch, tmp_path):
    monkeypatch.setattr(run, "bench", partial(bench.bench, kind=builds.SOON))
    program, codes = program_of(*MODELS[name])
    results = run.simulate_model(program, codes, ENGINE, compare="all", out=tmp_path)
    assert not results.differences
    assert len(results.cycles) == 1
