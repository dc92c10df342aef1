"""Groups of a network and what their widths cost, against counts by other parts of the project."""

from dataclasses import replace

import pytest
import torch

from vit2rtl.explore.mixed import costs
from vit2rtl.explore.mixed.groups import Group, Product, groups_of
from vit2rtl.explore.mixed.settings import Setting
from vit2rtl.golden.engine import compiler
from vit2rtl.golden.engine.compiler import cycles
from vit2rtl.golden.engine.configuration import SMALL
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded
from vit2rtl.models.images import preprocessing
from vit2rtl.models.library import timm
from vit2rtl.quantization.mean_bits import mean_bits
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

SWIN = {"patch_size": 4, "embed_dim": 24, "num_classes": 5, "img_size": 32, "window_size": 4,
        "depths": (2, 1), "num_heads": (2, 4)}
# Codes of 5 to 8 bits are two digits in every buffer.
WIDE = replace(
    SMALL, name="wide", attention_acc_width=20, code_bits=6, acc_width=27,
    normalized=2 * SMALL.normalized, projected=2 * SMALL.projected, hidden=2 * SMALL.hidden)
LAYER = Group("fc", ("fc.weight",), ("fc.input",), (Product("fc.input", "fc.weight", 50, 20, 30),))


@pytest.mark.parametrize(("name", "arguments", "rules"), [
    ("swin_tiny_patch4_window7_224", SWIN, ("layers.0.*=w3a6", "*.fc2.input=5", "*.softmax=7")),
    ("vit_tiny_patch16_224",
     {"patch_size": 4, "embed_dim": 24, "num_classes": 5, "img_size": 18, "depth": 1,
      "num_heads": 3, "global_pool": "map", "class_token": False}, ("*.qkv.k=2", "head.*=8")),
])
def test_bits_by_macs_are_those_that_a_network_counts(name, arguments, rules):
    model = timm.create_model(name, **arguments).eval()
    images = torch.randn(2, 3, arguments["img_size"], arguments["img_size"])
    quantized = QuantizedViT(model, Recipe(4, 4, bits_of=rules, method="repq"))
    groups = groups_of(quantized.structure)
    quantized.calibrate(images)
    bits = Setting(4, 4, rules).bits(groups)
    assert bits == {name: quantizer.bits
                    for name, quantizer in quantized.structure.quantities().items()}
    macs = sum(product.macs for group in groups for product in group.products)
    counted = mean_bits(quantized.structure, images[:1])
    assert costs.mean_bits().total(groups, bits) / macs == pytest.approx(counted.by_macs)
    taken = sum(layer.module.weight_codes.numel() * layer.module.weight_quantizer.bits / 8
                for layer in quantized.structure.layers)
    assert costs.weight_bytes().total(groups, bits) == pytest.approx(taken)


@pytest.mark.parametrize("rules", [(), ("blocks.1.*=w8a4", "*.fc2.input=6", "*.qkv.q=5")])
def test_cycles_are_those_of_the_compilers_array(digits, quantize, rules):
    quantized = quantize(4, 4, bits_of=rules, method="repq")
    program = lower(quantized, variant="integer", model="mnist_vit", images=digits,
                    preprocessing=preprocessing(quantized.network))
    small = SMALL if not rules else WIDE
    rows = cycles.cycles(compiler.compile(program, small, groups=1)).rows
    groups = groups_of(QuantizedViT(embedded.create(), quantized.recipe).structure)
    bits = Setting(4, 4, rules).bits(groups)
    want = sum(row.busy.get("matmul", 0) for row in rows)
    assert costs.cycles(small).total(groups, bits) == want


def test_costs_of_one_layer_by_hand():
    bits = LAYER.bits((3, 6))
    assert bits == {"fc.weight": 3, "fc.input": 6}
    assert costs.bops().total([LAYER], bits) == 50 * 20 * 30 * 3 * 6
    assert costs.bops().share([LAYER], bits) == 3 * 6 / 64
    assert costs.weight_bytes().total([LAYER], bits) == 20 * 30 * 3 / 8
    # 3 × 4 tiles of 8 × 8, two digits of codes, one of weights; then fewer rows than a tile loads.
    assert costs.cycles(SMALL).total([LAYER], bits) == 12 * 100
    short = Group("head", ("w",), ("x",), (Product("x", "w", 1, 8, 8),))
    assert costs.cycles(SMALL).total([short], {"w": 5, "x": 4}) == 2 * (8 + 1)


def test_the_image_has_eight_bits():
    first = Group("embed", ("w",), (), (Product("", "w", 10, 4, 2),))
    assert costs.bops().total([first], {"w": 4}) == 80 * 8 * 4
    assert first.pairs((3, 4), apart=True) == [(3, 3), (4, 4)]


def test_area_is_that_of_the_widest():
    cost = costs.area(lambda pair: 10.0 * pair[0] + pair[1])
    others = Group("attn", (), ("q", "softmax"), ())
    bits = LAYER.bits((3, 4)) | others.bits((6, 6))
    assert cost.total([LAYER, others], bits) == 36
    assert cost.share([LAYER, others], bits) == 36 / 88


def test_rules_give_a_group_its_widths():
    assert LAYER.rule((3, 6)) == "fc.weight,fc.input=w3a6"
    for pair in LAYER.pairs((3, 6), apart=True):
        assert Setting(4, 4, (LAYER.rule(pair),)).bits([LAYER]) == LAYER.bits(pair)
