"""Small detectors with random weights."""

import torch

from vit2rtl.detection.config import DetectorConfig, SwinConfig
from vit2rtl.detection.detector import build

CONFIG = DetectorConfig(
    classes=("one", "two"), category_ids=(3, 7), swin=SwinConfig(8, (1, 2), (1, 2)),
    fpn_channels=8, anchor_sizes=(16, 32, 64), resize=(56, 56), size_divisible=28, roi_scale=20,
    box_channels=16, mask_channels=8, mask_convs=1, rpn_candidates=50, rpn_proposals=30,
    rpn_samples=32, box_samples=16)


def detector(seed=0, config=CONFIG):
    """In eval mode."""
    torch.manual_seed(seed)
    return build(config).eval()


def images(count, seed=0, size=(56, 56)):
    draw = torch.Generator().manual_seed(seed)
    return [torch.rand(3, *size, generator=draw) for _ in range(count)]
