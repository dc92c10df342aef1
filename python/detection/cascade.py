"""Cascade Mask R-CNN's heads: three that refine boxes one after the other, and three for masks."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

from vit2rtl.detection.boxes import BoxCoder, found
from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.heads import Features, Found, add_masks, mask_layers, roi_pool
from vit2rtl.detection.library import detection, ops

# Of each stage, as boxes.BOX_WEIGHTS: mmdet's standard deviations of targets, one over them.
_DEVIATIONS = ((0.1, 0.1, 0.2, 0.2), (0.05, 0.05, 0.1, 0.1), (0.033, 0.033, 0.067, 0.067))


class BoxHead(nn.Module):
    """A stage: logits float32[n, 1 + classes] and regression float32[n, 4 (1 + classes)]."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        rcnn = detection.faster_rcnn
        self.box_head = rcnn.FastRCNNConvFCHead(
            (config.fpn_channels, config.box_roi, config.box_roi),
            [config.fpn_channels] * config.box_convs,
            [config.box_channels] * (1 if config.box_convs else 2), norm_layer=nn.BatchNorm2d)
        self.box_predictor = rcnn.FastRCNNPredictor(config.box_channels, 1 + len(config.classes))

    def forward(self, pooled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.box_predictor(self.box_head(pooled))


class CascadeHeads(nn.Module):
    """Cai and Vasconcelos 2018, Fig. 3 (d), with masks from the last boxes; for inference alone.

    As mmdet: each stage moves a box by the regression of its likeliest class, scores are softmax
    of the mean of the stages' logits, masks the mean of three heads'.
    """

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        self.box_roi_pool = roi_pool(config, config.box_roi)
        self.mask_roi_pool = roi_pool(config, config.mask_roi)
        self.stages = nn.ModuleList(BoxHead(config) for _ in _DEVIATIONS)
        self.box_coders = [BoxCoder(tuple(1 / one for one in some)) for some in _DEVIATIONS]
        self.mask_heads = nn.ModuleList(
            nn.Sequential(OrderedDict(zip(("mask_head", "mask_predictor"), mask_layers(config),
                                          strict=True))) for _ in _DEVIATIONS)

    def forward(
        self, features: Features, proposals: list[torch.Tensor],
        image_shapes: Sequence[tuple[int, int]], targets: Found | None = None,
    ) -> tuple[Found, dict[str, torch.Tensor]]:
        """(what is found in each image, {}), as :meth:`.heads.Heads.forward` gives it.

        raises  ValueError in training mode
        """
        if self.training:
            raise ValueError("Cascade Mask R-CNN is not trained here: call its eval() first")
        counts = [len(some) for some in proposals]
        total = torch.zeros(())
        for n, (stage, coder) in enumerate(zip(self.stages, self.box_coders, strict=True)):
            logits, regression = stage(self.box_roi_pool(features, proposals))
            total = total + logits
            boxes = coder.decode(regression, proposals).reshape(*logits.shape, 4)
            if n + 1 < len(self.stages):
                likeliest = logits[:, 1:].argmax(dim=1) + 1
                refined = boxes[torch.arange(len(boxes)), likeliest].split(counts)
                proposals = [ops.clip_boxes_to_image(*one)
                             for one in zip(refined, image_shapes, strict=True)]
        scores = (total / len(self.stages)).softmax(dim=-1)
        results = [found(*one, self.config) for one in zip(
            scores.split(counts), boxes.split(counts), image_shapes, strict=True)]
        add_masks(results, features, self.mask_roi_pool, self.mask_heads)
        return results, {}
