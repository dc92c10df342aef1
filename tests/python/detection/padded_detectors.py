"""Small detectors with random weights whose windows pad, and that find something in anything."""

import torch

from vit2rtl.detection.config import DetectorConfig, SwinConfig
from vit2rtl.detection.detector import build

CONFIG = {
    "classes": ("disc", "ring"), "category_ids": (1, 2),
    "swin": SwinConfig(embed_dim=16, depths=(2, 2), heads=(2, 4), window=3), "fpn_channels": 16,
    "anchor_sizes": (16, 32, 64), "resize": (64, 96), "box_channels": 32, "mask_channels": 16,
    "mask_convs": 2, "score": 0.0, "rpn_proposals": 30, "detections": 10,
}


def small(*, cascade=False, seed=1):
    """A detector in eval mode, Mask R-CNN or Cascade; its windows pad at most sizes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        detector = build(DetectorConfig(**CONFIG, cascade=cascade, box_convs=2 * cascade))
        for parameter in detector.parameters():
            parameter.data += 0.05 * torch.randn(parameter.shape)
    return detector.eval()


def image(generator, height=50, width=70):
    """float32[3, height, width] in 0..1"""
    return torch.rand(3, height, width, generator=generator)
