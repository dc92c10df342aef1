"""Checkpoints of both families give the detector that mmdet has."""

import dataclasses
from collections import OrderedDict

import pytest
import torch

from tests.python.detection.mmdet_checkpoint import (
    SMALL,
    SWIN_T,
    WINDOW,
    as_the_authors_name_them,
    checkpoint,
)
from tests.python.detection.mmdet_network import Network
from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.convert import configuration, convert
from vit2rtl.detection.detector import build


def saved(path, state):
    """As training leaves it."""
    torch.save({
        "meta": {"epoch": 36, "CLASSES": ("cat", "dog"), "config": "model = dict()"},
        "state_dict": OrderedDict(state),
        "optimizer": {"state": {0: {"step": 9, "exp_avg": torch.zeros(2)}},
                      "param_groups": [{"lr": 1e-4, "params": [0]}]}}, path)
    return path


def of_size(detector, **changes):
    """The same weights with other sizes of images and numbers of proposals."""
    other = build(dataclasses.replace(detector.config, **changes))
    other.load_state_dict(detector.state_dict())
    return other.eval()


# 112 is 28, 14 and 7 patches, and no window pads; of 100 × 140 and of 96 × 128 all do.
@pytest.mark.parametrize("cascade, resize, divisible, image", [
    (False, (112, 112), 28, (75, 75)), (False, (100, 140), 4, (83, 117)),
    (False, (90, 118), 32, (90, 130)), (True, (90, 118), 32, (130, 90)),
])
def test_detections_are_those_of_mmdet(cascade, resize, divisible, image, tmp_path):
    state = checkpoint(7, cascade=cascade)
    detector = of_size(
        convert(saved(tmp_path / "mmdet.pth", state), ["cat", "dog", "emu"]), resize=resize,
        size_divisible=divisible, rpn_candidates=24, rpn_proposals=24, detections=20, roi_scale=20)
    oracle = Network(state, resize=resize, divisible=divisible, proposals=24, most=20,
                     finest=20, cascade=cascade)
    pixels = torch.rand(3, *image, generator=torch.Generator().manual_seed(8))
    with torch.inference_mode():
        got, = detector([pixels])
        want = oracle.detect(pixels)
    assert len(want["labels"]) == 20
    assert got["labels"].tolist() == want["labels"].tolist()
    torch.testing.assert_close(got["boxes"], want["boxes"], atol=2e-4, rtol=0)
    torch.testing.assert_close(got["scores"], want["scores"], atol=1e-5, rtol=0)
    assert got["masks"].dtype == torch.bool and got["masks"].any()
    assert int((got["masks"] != want["masks"]).sum()) == 0


@pytest.mark.parametrize("cascade", [False, True])
def test_both_families_name_the_same_network(cascade, tmp_path):
    state = checkpoint(3, cascade=cascade)
    mmdet = convert(saved(tmp_path / "mmdet.pth", state), "abc")
    theirs = as_the_authors_name_them(state)
    assert not set(theirs) & {name for name in state if name.startswith("backbone.stages")}
    authors = convert(saved(tmp_path / "authors.pth", theirs), "abc")
    assert authors.config == mmdet.config
    for name, tensor in mmdet.state_dict().items():
        assert torch.equal(tensor, authors.state_dict()[name]), name


def test_shapes_say_what_the_detector_is():
    config = configuration(checkpoint(1, cascade=True), ["a", "b", "c"])
    assert (config.swin.embed_dim, config.swin.depths, config.swin.heads, config.swin.window) == (
        SMALL.embed, SMALL.depths, SMALL.heads, WINDOW)
    assert config.cascade and (config.box_convs, config.mask_convs) == (2, 2)
    assert (config.fpn_channels, config.box_channels, config.mask_channels) == (8, 16, 8)
    assert config.classes == ("a", "b", "c") and config.category_ids == (1, 2, 3)
    assert config.anchor_sizes == (32, 64, 128, 256)


def test_the_published_sizes_are_the_defaults_and_80_classes_those_of_coco():
    config = configuration(checkpoint(1, sizes=SWIN_T))
    assert config == DetectorConfig(config.classes, config.category_ids)
    assert len(config.classes) == len(config.category_ids) == 80
    ids = dict(zip(config.classes, config.category_ids, strict=True))
    assert (config.classes[0], ids["person"], ids["stop sign"], ids["toothbrush"]) == (
        "person", 1, 13, 90)


def less(name):
    return lambda state: {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize("change, classes, error", [
    (lambda state: {"fc.weight": torch.zeros(1)}, "abc",
     "has neither backbone.patch_embed.projection.weight, as mmdet names it, nor "
     "backbone.patch_embed.proj.weight, as Swin's authors do"),
    (less("roi_head.mask_head.upsample.weight"), "abc",
     "lacks 'roi_head.mask_head.upsample.weight', which every Mask R-CNN with Swin has"),
    (less("neck.fpn_convs.1.conv.bias"), "abc", "lacks 'backbone.fpn.layer_blocks.1.0.bias'"),
    (lambda state: state | {"roi_head.semantic.weight": torch.zeros(1)}, "abc",
     "has 'roi_head.semantic.weight', which no Mask R-CNN or Cascade Mask R-CNN with Swin has"),
    (lambda state: state | {"rpn_head.rpn_cls.bias": torch.zeros(5)}, "abc",
     "rpn.head.cls_logits.bias has shape (5,), the model wants (3,)"),
    (lambda state: state | {"roi_head.bbox_head.fc_cls.weight": torch.zeros(4)}, "abc",
     "'roi_head.bbox_head.fc_cls.weight' has shape (4,), not 2 dimensions above 0"),
    (lambda state: state | {"backbone.patch_embed.projection.weight": torch.zeros(8, 3, 0, 4)},
     "abc", "'backbone.patch_embed.projection.weight' has shape (8, 3, 0, 4), not 4 dimensions "
            "above 0"),
    (dict, ["a", "", "b"], "the name of a class must not be empty"),
    (dict, "aab", "classes must differ from each other"),
    (dict, "ab", "has 3 classes, and 2 names are given"),
    (dict, "", "has 3 classes, not COCO's 80: name them by --classes"),
])
def test_what_is_no_such_checkpoint_is_named(change, classes, error, tmp_path):
    path = saved(tmp_path / "wrong.pth", change(checkpoint(2)))
    with pytest.raises(ValueError) as raised:
        convert(path, classes)
    assert str(raised.value).startswith(f"Weights file {path}")
    assert str(raised.value).endswith(error)
