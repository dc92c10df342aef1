"""Detectors from checkpoints that people have: mmdet's, and those of Swin's authors."""

from collections.abc import Sequence
from pathlib import Path

import torch

from vit2rtl.detection import checkpoint_names
from vit2rtl.detection.config import DetectorConfig, SwinConfig
from vit2rtl.detection.detector import Detector, build
from vit2rtl.detection.library import detection
from vit2rtl.models import weights
from vit2rtl.models.weights import State


def convert(path: str | Path, classes: Sequence[str] = ()) -> Detector:
    """The detector in a checkpoint, in eval mode; what it is follows from its weights' shapes.

    path     ``.pth`` or safetensors of Mask R-CNN or Cascade Mask R-CNN with Swin, as trained by
             mmdet from 2.17 or by Swin-Transformer-Object-Detection; nothing is unpickled
    classes  names, of categories 1, 2, ...; by default COCO's, where there are 80
    raises   ValueError, one sentence that names the file and what in it is not known
    """
    state = weights.plain(path)
    try:
        config = configuration(state, classes)
        ours = dict(checkpoint_names.renamed(state, config.box_convs))
        detector = build(config)
    except ValueError as error:
        raise ValueError(f"Weights file {path}: {error}") from error
    weights.load_exactly(detector, ours, path)
    return detector.eval()


def configuration(state: State, classes: Sequence[str] = ()) -> DetectorConfig:
    """What shapes say, all else as mmdet's configurations for Swin on COCO have it."""
    theirs = checkpoint_names.family(state)
    stages = "backbone.stages" if theirs == checkpoint_names.MMDET else "backbone.layers"
    attention = "attn.w_msa" if theirs == checkpoint_names.MMDET else "attn"
    embed_dim, _, patch, _ = _shape(state, f"{theirs}.weight", 4)
    depths = [_count(state, f"{stages}.{n}.blocks") for n in range(_count(state, stages))]
    tables = [_shape(state, f"{stages}.{n}.blocks.0.{attention}.relative_position_bias_table", 2)
              for n in range(len(depths))]
    cascade = "roi_head.bbox_head.0.fc_cls.weight" in state
    box, mask = ("roi_head.bbox_head.0", "roi_head.mask_head.0") if cascade else (
        "roi_head.bbox_head", "roi_head.mask_head")
    found = _shape(state, f"{box}.fc_cls.weight", 2)[0] - 1
    names, ids = _classes(found, classes)
    return DetectorConfig(
        classes=names, category_ids=ids,
        swin=SwinConfig(embed_dim, tuple(depths), tuple(heads for _, heads in tables),
                        window=(round(tables[0][0] ** 0.5) + 1) // 2, patch=patch),
        fpn_channels=_shape(state, "neck.lateral_convs.0.conv.weight", 4)[0],
        # Eight strides a side.
        anchor_sizes=tuple(8 * patch << level for level in range(len(depths) + 1)),
        cascade=cascade,
        box_channels=_shape(state, f"{box}.shared_fcs.0.weight", 2)[0],
        box_convs=_count(state, f"{box}.shared_convs"),
        mask_channels=_shape(state, f"{mask}.upsample.weight", 4)[0],
        mask_convs=_count(state, f"{mask}.convs"))


def _shape(state: State, name: str, dimensions: int) -> torch.Size:
    if name not in state:
        raise ValueError(f"lacks {name!r}, which every Mask R-CNN with Swin has")
    shape = state[name].shape
    if len(shape) != dimensions or 0 in shape:
        raise ValueError(f"{name!r} has shape {tuple(shape)}, not {dimensions} dimensions above 0")
    return shape


def _count(state: State, prefix: str) -> int:
    """How many things a list has: the numbers that follow its name."""
    return len({name[len(prefix) + 1:].partition(".")[0] for name in state
                if name.startswith(f"{prefix}.")})


def _classes(count: int, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """(names, category ids) of the classes."""
    if names:
        if len(names) != count:
            raise ValueError(f"has {count} classes, and {len(names)} names are given")
        if not all(names):
            raise ValueError("the name of a class must not be empty")
        return tuple(names), tuple(range(1, count + 1))
    meta = detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    coco = {n: name for n, name in enumerate(meta) if n and name != "N/A"}
    if len(coco) != count:
        raise ValueError(f"has {count} classes, not COCO's {len(coco)}: name them by --classes")
    return tuple(coco.values()), tuple(coco)
