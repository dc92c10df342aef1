"""Region proposals: anchors, and which of them are worth a look."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from vit2rtl.detection.boxes import BoxCoder
from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.library import detection, ops
from vit2rtl.detection.nms import batched_nms


class Anchors(nn.Module):
    """Boxes around each cell of each level, as mmdet has them: not rounded, a fixed stride apart.

    torchvision rounds them and divides the image by the level: 61 pixels in place of 64 where
    the last level is cut.
    """

    def __init__(
        self, sizes: Sequence[float], ratios: Sequence[float], strides: Sequence[int]
    ) -> None:
        super().__init__()
        self.sizes, self.ratios, self.strides = sizes, ratios, strides

    def forward(self, images: Any, features: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """float32[anchors, 4] for each image: by level, by row, by column, by ratio."""
        roots = torch.tensor(self.ratios, device=features[0].device).sqrt()
        anchors = []
        for size, stride, level in zip(self.sizes, self.strides, features, strict=True):
            half = torch.stack([1 / roots, roots], dim=1) * (size / 2)
            y, x = (torch.arange(cells, device=level.device) * stride for cells in level.shape[2:])
            centres = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).view(-1, 1, 2)
            anchors.append(torch.cat([centres - half, centres + half], dim=-1).view(-1, 4))
        return [torch.cat(anchors)] * len(images.image_sizes)


class Proposals(detection.rpn.RegionProposalNetwork):
    """torchvision's region proposal network, its proposals chosen as mmdet chooses them."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__(
            Anchors(config.anchor_sizes, config.anchor_ratios, config.strides),
            detection.rpn.RPNHead(config.fpn_channels, len(config.anchor_ratios)),
            fg_iou_thresh=0.7, bg_iou_thresh=0.3, batch_size_per_image=config.rpn_samples,
            positive_fraction=0.5,
            pre_nms_top_n=dict.fromkeys(("training", "testing"), config.rpn_candidates),
            post_nms_top_n=dict.fromkeys(("training", "testing"), config.rpn_proposals),
            nms_thresh=config.rpn_nms)
        self.box_coder = BoxCoder(weights=(1.0, 1.0, 1.0, 1.0))

    def filter_proposals(
        self, proposals: torch.Tensor, objectness: torch.Tensor,
        image_shapes: Sequence[tuple[int, int]], num_anchors_per_level: Sequence[int],
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """The best boxes of each level, of those that overlap one, the best of all levels.

        proposals   float32[images, anchors, 4]
        objectness  float32[images × anchors, 1]
        returns     boxes float32[kept, 4] and scores float32[kept] of each image
        """
        scores = objectness.detach().reshape(len(proposals), -1).sigmoid()
        chosen = [self._best(*one, list(num_anchors_per_level))
                  for one in zip(proposals, scores, image_shapes, strict=True)]
        return [boxes for boxes, _ in chosen], [scores for _, scores in chosen]

    def _best(
        self, boxes: torch.Tensor, scores: torch.Tensor, shape: tuple[int, int],
        anchors: list[int],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        best, levels, begin = [], [], 0
        for level, some in enumerate(scores.split(anchors)):
            # Stable: equal scores, which quantized heads give, stay in the order of anchors.
            order = torch.sort(some, descending=True, stable=True).indices[: self.pre_nms_top_n()]
            best.append(order + begin)
            levels.append(torch.full_like(order, level))
            begin += len(some)
        index, level_of = torch.cat(best), torch.cat(levels)
        boxes, scores = ops.clip_boxes_to_image(boxes[index], shape), scores[index]
        whole = torch.where((boxes[:, 2:] > boxes[:, :2]).all(dim=1))[0]
        kept = whole[batched_nms(boxes[whole], scores[whole], level_of[whole], self.nms_thresh)]
        kept = kept[: self.post_nms_top_n()]
        return boxes[kept], scores[kept]


