"""Position embedding and class tokens: 16-bit codes in simulation and program alike."""

from math import frexp, log2

import numpy as np
import pytest
import torch

from vit2rtl.golden.program.inspection import summary
from vit2rtl.lowering.lower import lower
from vit2rtl.models.surgery import quantize_modules
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

CONFIG = {"mean": [0.5] * 3, "std": [0.5] * 3}
NAMES = ("pos_embed", "cls_token", "dist_token")


def network(reach, name="deit_tiny_distilled_patch16_224", **arguments):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = timm.create_model(name, img_size=32, patch_size=8, embed_dim=24, depth=1,
                                  num_heads=3, num_classes=5, **arguments).eval()
        for name in NAMES:
            if getattr(model, name, None) is not None:
                getattr(model, name).data.uniform_(-1, 1).mul_(reach)
    return model


def embeddings(model):
    return {name: getattr(model, name).detach().double().numpy() for name in NAMES}


@pytest.mark.parametrize("reach", [1.0, 0.0200001, 37.0, 2.0**-20])
def test_each_is_the_nearest_multiple_of_one_power_of_two(reach):
    model = network(reach)
    before = embeddings(model)
    quantize_modules(model, Recipe())
    after = embeddings(model)
    largest = max(abs(values).max() for values in after.values())
    steps = [2.0**n for n in range(-60, 10) if all(
        (values / 2.0**n == np.rint(values / 2.0**n)).all() for values in after.values())]
    step = max(steps)
    assert 2**13 <= largest / step < 2**15
    for name, values in after.items():
        assert abs(values - before[name]).max() <= step / 2
        assert (values / step == np.rint(before[name] / step)).all()


def test_profiles_without_integers_keep_theirs():
    model = network(1.0)
    before = embeddings(model)
    quantize_modules(model, Recipe(profile="paper"))
    assert all((values == before[name]).all() for name, values in embeddings(model).items())


@pytest.mark.parametrize("ends", [1.0, -1.0])
def test_the_program_has_the_simulation_s_sums(ends, generator):
    model = network(1.0)
    for name in NAMES:
        getattr(model, name).data[..., 0] = ends        # the largest sum there can be
    images = torch.randn(3, 3, 32, 32, generator=generator)
    quantized = QuantizedViT(model, Recipe()).calibrate(images)
    program = lower(quantized, variant="hardware", model="small", preprocessing=CONFIG)
    op = next(op for op in program.ops if op.kind == "embed_float")
    codes, scale = op.tensors["constants"], op.attributes["constant_scale"]
    assert codes.dtype == np.int16 and frexp(scale)[0] == 0.5 and log2(scale).is_integer()
    found = embeddings(quantized.network)
    want = found["pos_embed"][0].copy()
    for row, name in enumerate(NAMES[1:]):
        want[row] += found[name][0, 0]
    assert (codes * scale == want).all()
    assert abs(want[0, 0]) > 1.99
    row = next(row for row in summary(program)["ops"] if row["kind"] == "embed_float")
    assert row["parameter_bits"] in (15 * codes.size, 16 * codes.size)


def test_no_embedding_at_all_is_zeros(generator):
    model = network(1.0, "vit_tiny_patch16_224", pos_embed="none", class_token=False,
                    global_pool="avg")
    images = torch.randn(3, 3, 32, 32, generator=generator)
    program = lower(QuantizedViT(model, Recipe()).calibrate(images), variant="hardware",
                    model="small", preprocessing=CONFIG)
    op = next(op for op in program.ops if op.kind == "embed_float")
    assert not op.tensors["constants"].any()


def test_what_has_more_bits_is_refused(generator):
    images = torch.randn(3, 3, 32, 32, generator=generator)
    quantized = QuantizedViT(network(1.0), Recipe()).calibrate(images)
    quantized.network.pos_embed.data += 1e-6
    with pytest.raises(ValueError) as raised:
        lower(quantized, variant="hardware", model="small", preprocessing=CONFIG)
    assert str(raised.value) == (
        "The position embedding has more than 16 bits: the checkpoint is of an older version, "
        "quantize the model again")
