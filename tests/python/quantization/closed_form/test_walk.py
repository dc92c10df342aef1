"""Each step of the walk changes what it is for, and nothing where it is off."""

import pytest
import torch

from vit2rtl.models import embedded
from vit2rtl.models.library import timm
from vit2rtl.quantization.closed_form import ranges, walk
from vit2rtl.quantization.closed_form.walk import Walk
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

PROJ = "blocks.1.attn.proj"


@pytest.fixture
def walked(digits):
    """``walked(*steps) -> modules by name`` of a network through which these steps have gone."""
    def walked(*steps):
        quantized = QuantizedViT(embedded.create(), Recipe(method="closed-form"))
        with torch.inference_mode():
            Walk(quantized.structure, steps, lambda name: None).run(digits[:4])
        return dict(quantized.network.named_modules())

    return walked


def original(name):
    return embedded.create().get_submodule(name)


def rounded(weight):
    quantizer = UniformQuantizer(4, axis=0)
    quantizer.calibrate(weight)
    return quantizer(weight)


@pytest.mark.parametrize(("steps", "weight_stays", "bias_stays"), [
    ((), True, True), (("transform",), False, True),
    (("bias",), True, False), (("gptq",), False, True), (("ridge",), False, True)])
@torch.no_grad()
def test_weights_and_biases_stay_where_no_step_changes_them(
        steps, weight_stays, bias_stays, walked):
    proj, before = walked(*steps)[PROJ], original(PROJ)
    assert torch.allclose(proj.weight, rounded(before.weight), atol=1e-5) == weight_stays
    assert proj.bias.equal(before.bias) == bias_stays


def test_softmax_scales_are_of_the_grid_with_their_step_and_percentiles_without(walked):
    for steps, on_grid in (((), False), (("softmax",), True)):
        scale = float(walked(*steps)["blocks.1.attn.softmax_quantizer"].scale)
        assert (scale in [float(torch.tensor(s)) for s in ranges.SOFTMAX_SCALES]) == on_grid


@pytest.mark.parametrize("steps", [(), ("ranges",)])
def test_ranges_are_searched_with_their_step_alone(steps, walked, monkeypatch):
    seen = []
    for name in ("two_sided", "one_sided", "normed"):
        plain = getattr(ranges, name)
        monkeypatch.setattr(ranges, name, lambda x, quantizer, name=name, plain=plain: (
            seen.append(name), plain(x, quantizer)))
    walked(*steps)
    # Of four blocks q, k, v and proj's input, fc2's, and those of qkv and fc1.
    found = [seen.count(name) for name in ("two_sided", "one_sided", "normed")]
    assert found == ([16, 4, 8] if steps else [0, 0, 0])


@pytest.mark.parametrize(("bits", "shares"), [
    (4, [None] * 4), (3, [0.0375, 0.075, 0.1125, 0.15]), (2, [0.075, 0.15, 0.225, 0.3])])
@torch.inference_mode()
def test_class_tokens_count_more_below_4_bits_the_deeper_the_more(
        bits, shares, digits, monkeypatch):
    seen = {}

    def fit(layer, x, target, steps, background=None, counts=None):
        seen[layer.name] = counts, len(x)
        return target

    monkeypatch.setattr(walk, "fit", fit)
    quantized = QuantizedViT(embedded.create(), Recipe(bits, bits, method="closed-form"))
    Walk(quantized.structure, (), lambda name: None).run(digits[:3])
    assert seen["patch_embed.proj"][0] is None and seen["head"][0] is None
    for block, share in enumerate(shares):
        for name in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"):
            counts, rows = seen[f"blocks.{block}.{name}"]
            if share is None:
                assert counts is None
                continue
            counts = counts.view(3, 50)
            assert counts.mean() == pytest.approx(1) and rows == 150
            assert counts[:, 0].sum() / counts.sum() == pytest.approx(share)
            assert counts[:, 1:].unique().numel() == 1


@torch.inference_mode()
def test_images_of_nine_shifted_windows_are_taken_whole():
    """More of them than attention is computed of at a time: none is cut between its windows."""
    model = timm.create_model(
        "swin_tiny_patch4_window7_224", img_size=48, patch_size=4, window_size=4, embed_dim=8,
        depths=(2,), num_heads=(2,), num_classes=3).eval()
    quantized = QuantizedViT(model, Recipe(8, 8, method="closed-form"))
    images = torch.randn(5, 3, 48, 48, generator=torch.Generator().manual_seed(1))
    y = Walk(quantized.structure, ("gptq", "bias"), lambda name: None).run(images)
    real, damaged = y.chunk(2)
    assert (damaged - real).abs().max() < 0.1 * real.abs().max()


def test_the_classifier_s_layernorm_is_reparameterized_with_its_step(walked):
    norm = original("norm").weight
    assert walked()["norm"].weight.float().equal(norm)
    assert not walked("head")["norm"].weight.float().equal(norm)
