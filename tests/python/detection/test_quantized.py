"""Quantized detectors: what is replaced, what calibrates it, and near the float one at 8 bits."""

import copy

import pytest
import torch
from torch import nn

from vit2rtl.detection.backbone import windows_of
from vit2rtl.detection.quantized import QuantizedDetector
from vit2rtl.quantization.convolution import QuantConv2d
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.recipe import Recipe

from .padded_detectors import image, small


def recipe(bits=8, **options):
    return Recipe(bits, bits, method="repq", **options)


def floats(module):
    """Names of float layers that multiply weights."""
    kinds = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
    return [name for name, one in module.named_modules() if type(one) in kinds]


@pytest.mark.parametrize("cascade", [False, True])
def test_scope_all_leaves_what_doubles_masks(cascade):
    quantized = QuantizedDetector(small(cascade=cascade), recipe())
    left = floats(quantized.network)
    assert left and all(name.endswith("mask_predictor.conv5_mask") for name in left)
    assert len(left) == (3 if cascade else 1)
    names = [name for name, _ in quantized.layers()]
    assert len(names) == len(set(names))
    assert all(quantized.network.get_submodule(name) is layer
               for name, layer in quantized.layers())
    assert isinstance(quantized.network.backbone.fpn.inner_blocks[1][0], QuantConv2d)


def test_scope_backbone_leaves_all_behind_it():
    float_names = floats(small())
    quantized = QuantizedDetector(small(), recipe(), scope="backbone")
    behind = [name for name in float_names if not name.startswith("backbone.swin.")]
    assert floats(quantized.network) == behind
    assert all(name.startswith("backbone.swin.") for name, _ in quantized.layers())
    assert len(quantized.layers()) == len(float_names) - len(behind)


@pytest.mark.parametrize("scope", ["all", "backbone"])
@pytest.mark.parametrize("profile", ["hardware", "official"])
@torch.inference_mode()
def test_8_bits_find_what_the_float_detector_finds(scope, profile, generator):
    images = [image(generator), image(generator, 64, 64)]
    detector = small()
    want = detector.backbone(detector.transform(images)[0].tensors)
    quantized = QuantizedDetector(small(), recipe(profile=profile), scope=scope)
    quantized.calibrate(images[:1])
    batch = quantized.network.transform(images)[0].tensors
    for name, level in quantized.network.backbone(batch).items():
        error = (level - want[name]).square().mean() / want[name].square().mean()
        assert error < 0.01, name
    for found, size in zip(quantized(images), ((50, 70), (64, 64)), strict=True):
        assert len(found["boxes"]) == 10 and found["masks"].shape[1:] == size


@pytest.mark.parametrize("profile", ["hardware", "official"])
@torch.inference_mode()
def test_shared_layers_see_all_levels_or_the_first(profile, generator):
    seen = {}

    def observe(quantized):
        """Before anything is folded, a pass gives what calibration saw."""
        features = quantized.network.backbone(quantized.network.transform(images)[0].tensors)
        levels = [*features.values()][:1 if profile == "official" else None]
        head = quantized.network.rpn.head
        hidden = [head.conv(level) for level in levels]
        for name, layer, taken in (("conv", head.conv[0][0], levels),
                                   ("cls", head.cls_logits, hidden),
                                   ("box", head.bbox_pred, hidden)):
            want = UniformQuantizer(8)
            want.calibrate(torch.cat([one.flatten() for one in taken]))
            seen[name] = (layer.input_quantizer.scale, want.scale,
                          layer.input_quantizer.zero_point, want.zero_point)

    images = [image(generator)]
    QuantizedDetector(small(), recipe(profile=profile)).calibrate(images, observe=observe)
    assert sorted(seen) == ["box", "cls", "conv"]
    for scale, due_scale, zero_point, due_zero_point in seen.values():
        torch.testing.assert_close(scale, due_scale)
        assert zero_point == due_zero_point


@pytest.mark.parametrize("cascade", [False, True])
@torch.inference_mode()
def test_heads_are_calibrated_where_the_float_detector_looks(cascade, generator):
    images = [image(generator)]
    looked, calls = [], []

    def pools(detector, into):
        for name in ("box_roi_pool", "mask_roi_pool"):
            getattr(detector.roi_heads, name).register_forward_pre_hook(
                lambda _, taken, name=name: into.append((name, taken[1][0])))

    detector = small(cascade=cascade)
    pools(detector, looked)
    detector(images)
    quantized = QuantizedDetector(small(cascade=cascade), recipe(2))
    pools(quantized.network, calls)
    quantized.calibrate(images)
    # Once by the float layers, once more when the quantizers see it.
    assert len(looked) == (4 if cascade else 2) and len(calls) == 2 * len(looked)
    for (name, want), (found_name, found) in zip(2 * looked, calls, strict=True):
        assert found_name == name
        torch.testing.assert_close(found, want, atol=1e-2, rtol=0)


@pytest.mark.parametrize("size", [(50, 70), (64, 64)])
@torch.inference_mode()
def test_padded_windows_keep_the_codes_that_channels_had(size, generator):
    before = {}

    def observe(quantized):
        for block in quantized.structure.blocks:
            pair = block.attention.normed
            before[block.name] = copy.deepcopy(
                (pair.norm, pair.linear.input_quantizer, block.module.pad))

    quantized = QuantizedDetector(small(), recipe(4))
    quantized.calibrate([image(generator, *size)], observe=observe)
    assert len(before) == 4
    padded = 0
    for block in quantized.structure.blocks:
        module, pair = block.module, block.attention.normed
        norm, channels, zero = before[block.name]
        assert not zero.any()
        x = torch.randn(1, 7, 5, module.dim, generator=generator)
        want = channels.codes(windows_of(module, norm(x), zero))
        codes = pair.linear.input_quantizer.codes(
            windows_of(module, pair.norm(x.double()), module.pad))
        # A float norm and its folded form may differ at a tie; what is padded may not.
        assert (codes != want).float().mean() < 1e-3
        marked = windows_of(module, torch.zeros(1, 7, 5, module.dim), torch.ones(module.dim)) == 1
        padded += int(marked.sum())
        assert codes[marked].equal(want[marked])
        # The fault to be found: zeros, as they were before parameters were folded.
        faulty = pair.linear.input_quantizer.codes(
            windows_of(module, pair.norm(x.double()), torch.zeros(module.dim)))
        assert (faulty[marked] != want[marked]).float().mean() > 0.2
    assert padded


@torch.inference_mode()
def test_a_detector_at_work_fills_its_windows_with_that(generator):
    """Without it many codes of the second block, whose windows are not full, are others."""
    codes = []

    def watch(quantized):
        qkv = quantized.structure.blocks[1].attention.normed.linear
        return qkv.register_forward_pre_hook(
            lambda module, x: codes.append(module.input_quantizer.codes(x[0])))

    quantized = QuantizedDetector(small(), recipe(4))
    images = [image(generator)]
    quantized.calibrate(images)
    pad = quantized.structure.blocks[1].module.pad
    handle = watch(quantized)
    quantized(images)
    pad.zero_()
    quantized(images)
    handle.remove()
    right, faulty = codes
    assert 0.001 < (right != faulty).float().mean() < 0.3


@pytest.mark.parametrize(("arguments", "options", "text"), [
    ((8, 8), {"method": "fq"}, "Detectors are quantized by method repq, not 'fq'"),
    ((8, 8), {"method": "repq", "bits_of": {"head.*": 4}},
     "No quantity of this network is called 'head.*'; near names are "),
])
def test_recipes_that_detectors_do_not_take(arguments, options, text):
    with pytest.raises(ValueError, match=text.replace("*", r"\*")):
        QuantizedDetector(small(), Recipe(*arguments, **options))


def test_calibration_that_cannot_be(generator):
    with pytest.raises(ValueError, match=r"^Scope must be one of all, backbone, not 'heads'$"):
        QuantizedDetector(small(), recipe(), scope="heads")
    quantized = QuantizedDetector(small(), recipe(), scope="backbone")
    with pytest.raises(ValueError, match=r"^Calibration needs an image$"):
        quantized.calibrate([])
    quantized.calibrate([image(generator)])
    with pytest.raises(ValueError, match=r"^The detector is calibrated already; make a new "):
        quantized.calibrate([image(generator)])


@torch.inference_mode()
def test_where_nothing_is_found_masks_are_calibrated_on_proposals(generator):
    detector, calls = small(), []
    object.__setattr__(detector.config, "score", 1.0)
    for pool in (detector.roi_heads.box_roi_pool, detector.roi_heads.mask_roi_pool):
        pool.register_forward_pre_hook(lambda _, taken: calls.append(taken[1][0]))
    QuantizedDetector(detector, recipe()).calibrate([image(generator)])
    proposals, again, masked = calls
    assert again.equal(proposals) and masked.equal(proposals[:10]) and len(proposals) > 10


def test_where_nothing_is_proposed_nothing_is_calibrated(generator):
    detector = small()
    detector.rpn._post_nms_top_n["testing"] = 0
    quantized = QuantizedDetector(detector, recipe())
    with pytest.raises(ValueError, match=r"^The float detector proposes no objects in the calib"):
        quantized.calibrate([image(generator)])
