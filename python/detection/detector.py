"""Mask R-CNN and Cascade Mask R-CNN with Swin, built from a configuration."""

from collections import OrderedDict

import torch
from torch import nn

from vit2rtl.detection.backbone import SwinFeatures
from vit2rtl.detection.cascade import CascadeHeads
from vit2rtl.detection.config import DetectorConfig, SwinConfig
from vit2rtl.detection.heads import Heads
from vit2rtl.detection.library import detection, ops
from vit2rtl.detection.proposals import Proposals
from vit2rtl.detection.transform import Transform
from vit2rtl.models.library import timm


class Pyramid(nn.Module):
    """Swin's features, and the pyramid from them: levels "0", "1", ..., and "pool"."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.swin = SwinFeatures(_swin(config.swin))
        feature_pyramid = ops.feature_pyramid_network
        self.fpn = feature_pyramid.FeaturePyramidNetwork(
            list(config.swin.channels), config.fpn_channels,
            extra_blocks=feature_pyramid.LastLevelMaxPool())

    def forward(self, images: torch.Tensor) -> "OrderedDict[str, torch.Tensor]":
        """float32[batch, fpn_channels, height / stride, width / stride] of each level, from
        float32[batch, 3, height, width]."""
        return self.fpn(self.swin(images))


def _swin(config: SwinConfig) -> nn.Module:
    """timm's Swin Transformer without a head, for images of any size."""
    body = timm.models.swin_transformer.SwinTransformer(
        img_size=config.patch * config.window << (len(config.depths) - 1),
        patch_size=config.patch, embed_dim=config.embed_dim, depths=config.depths,
        num_heads=config.heads, window_size=config.window, num_classes=0,
        always_partition=True, strict_img_size=False)
    body.norm = nn.Identity()  # each stage has one of its own
    return body


class Detector(detection.generalized_rcnn.GeneralizedRCNN):
    """A detector and its configuration.

    In eval mode it takes a list of images, float32[3, height, width] RGB in 0..1 of any sizes, and
    returns of each a dict: "boxes" float32[n, 4] (x1, y1, x2, y2 in its pixels), "scores"
    float32[n], the highest first, "labels" int64[n] (1 is ``config.classes[0]``) and "masks"
    bool[n, height, width]. In training mode it takes targets too, dicts of "boxes", "labels" and
    "masks", and returns a dict of losses (Mask R-CNN alone).
    """

    def __init__(self, config: DetectorConfig) -> None:
        heads = CascadeHeads(config) if config.cascade else Heads(config)
        super().__init__(Pyramid(config), Proposals(config), heads, Transform(config))
        self.config = config


def build(config: DetectorConfig) -> Detector:
    """A detector of that configuration with random weights, in training mode."""
    return Detector(config)
