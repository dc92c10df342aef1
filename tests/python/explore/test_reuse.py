"""Evaluations that begin where a setting differs, against those from the beginning."""

import copy

import pytest
import torch

from vit2rtl.evaluation import image_sqnr
from vit2rtl.explore.mixed.settings import Setting
from vit2rtl.explore.reuse import Reuse, sites
from vit2rtl.models import embedded
from vit2rtl.models.library import timm
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

SMALL = {"patch_size": 4, "embed_dim": 24, "num_classes": 5, "img_size": 16}
OTHERS = {
    "attention pooling": ("vit_tiny_patch16_224", SMALL | {
        "depth": 2, "num_heads": 3, "global_pool": "map", "class_token": False}),
    "two heads": ("deit_tiny_distilled_patch16_224", SMALL | {"depth": 2, "num_heads": 3}),
    "Swin": ("swin_tiny_patch4_window7_224", SMALL | {
        "img_size": 32, "window_size": 4, "depths": (1, 2), "num_heads": (2, 4)}),
}


def plain(model, calibration, images, recipe):
    """The logits of an evaluation from the beginning."""
    return QuantizedViT(copy.deepcopy(model), recipe).calibrate(calibration)(images)


@pytest.fixture(scope="module")
def unseen():
    return embedded.images("held_out")[0][:6]


@pytest.mark.parametrize("method", ["repq", "closed-form"])
def test_logits_are_those_of_a_plain_evaluation(digits, unseen, method):
    bench = Reuse(embedded.create(), digits, unseen, {"method": method})
    settings = [Setting(4, 4)] + [Setting(4, 4, rules) for rules in (
        ("blocks.1.attn.softmax=3",), ("blocks.3.*=w6a5", "blocks.2.mlp.fc2.input=2"),
        ("head.weight=8",), ("head.*=4",))]
    for setting in settings:
        recipe = bench.recipe(setting)
        want = plain(bench.model, digits, unseen, recipe)
        assert bench.logits(recipe).equal(want), setting
    (ratios,) = bench.measure([setting])
    assert ratios == image_sqnr(embedded.create()(unseen), want).tolist()


@pytest.mark.parametrize("kind", OTHERS)
def test_other_families_have_their_sites(kind):
    name, arguments = OTHERS[kind]
    torch.manual_seed(0)
    model = timm.create_model(name, **arguments).eval()
    calibration, images = torch.randn(2, 4, 3, arguments["img_size"], arguments["img_size"])
    bench = Reuse(model, calibration, images, {"method": "repq"})
    for group in bench.groups[1::5]:
        recipe = bench.recipe(Setting(4, 6, (group.rule((6, 5)),)))
        assert bench.logits(recipe).equal(plain(model, calibration, images, recipe)), group.name


def test_every_quantity_is_of_one_site():
    structure = QuantizedViT(embedded.create(), Recipe(4, 4)).structure
    named = [quantity for site in sites(structure) for quantity in site.quantities]
    assert len(named) == len(set(named))
    assert set(named) == {*structure.quantities(), "patch_embed.proj.input"}


def test_what_lies_before_is_not_computed(digits, unseen, monkeypatch):
    bench = Reuse(embedded.create(), digits, unseen, {"method": "repq"})
    bench.measure([Setting(4, 4)])
    calls = []
    forward = QuantLinear.forward
    monkeypatch.setattr(QuantLinear, "forward",
                        lambda layer, x: calls.append(layer) or forward(layer, x))
    for rule, layers in (("head.*=8", 1), ("blocks.3.mlp.*=8", 3), ("blocks.3.attn.*=8", 5)):
        calls.clear()
        bench.measure([Setting(4, 4, (rule,))])
        assert len(set(calls)) == layers


def test_an_anchor_is_that_of_the_same_widths(digits, unseen):
    bench = Reuse(embedded.create(), digits, unseen, {"method": "repq"})
    for setting in (Setting(4, 4, ("head.*=8",)), Setting(3, 6, ("head.*=8",))):
        recipe = bench.recipe(setting)
        assert bench.logits(recipe).equal(plain(bench.model, digits, unseen, recipe))


def test_methods_that_calibrate_in_many_passes_begin_anew(digits, unseen):
    bench = Reuse(embedded.create(), digits[:2], unseen,
                  {"method": "ptq4vit", "candidates": 2, "rounds": 1})
    recipe = bench.recipe(Setting(6, 6, ("head.*=8",)))
    assert bench.logits(recipe).equal(plain(bench.model, digits[:2], unseen, recipe))
