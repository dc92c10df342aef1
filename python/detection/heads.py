"""Mask R-CNN's heads: what a proposal shows, its box, its mask; trained and asked."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional

from vit2rtl.detection.boxes import BOX_WEIGHTS, BoxCoder, found
from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.library import detection
from vit2rtl.detection.roi_align import RoIPool, roi_align

Features = Mapping[str, torch.Tensor]
Found = list[dict[str, torch.Tensor]]


def roi_pool(config: DetectorConfig, size: int) -> RoIPool:
    """Pools from all levels of the pyramid but the last one, which is for proposals alone."""
    strides = config.strides[:-1]
    return RoIPool([str(n) for n in range(len(strides))], strides, size, config.roi_scale)


def mask_layers(config: DetectorConfig) -> tuple[nn.Module, nn.Module]:
    """(convolutions, what doubles their cells and gives a logit for each class)."""
    channels = config.mask_channels
    last = channels if config.mask_convs else config.fpn_channels
    return (detection.mask_rcnn.MaskRCNNHeads(
                config.fpn_channels, [channels] * config.mask_convs, 1),
            detection.mask_rcnn.MaskRCNNPredictor(last, channels, 1 + len(config.classes)))


def add_masks(
    results: Found, features: Features, pool: nn.Module,
    heads: Iterable[Callable[[torch.Tensor], torch.Tensor]],
) -> None:
    """Give what was found its masks: float32[n, cells, cells], the mean of several heads'."""
    labels = torch.cat([one["labels"] for one in results])
    if len(labels):
        pooled = pool(features, [one["boxes"] for one in results])
        every = torch.arange(len(labels))
        masks = torch.stack([head(pooled)[every, labels].sigmoid() for head in heads]).mean(dim=0)
    else:  # quantizers have nothing to say of nothing
        masks = torch.zeros(0, 2 * pool.size, 2 * pool.size, device=labels.device)
    for one, part in zip(results, masks.split([len(one["labels"]) for one in results]),
                         strict=True):
        one["masks"] = part


class Heads(detection.roi_heads.RoIHeads):
    """torchvision's box and mask heads, with our pools, and results chosen as in mmdet."""

    def __init__(self, config: DetectorConfig) -> None:
        cells = config.fpn_channels * config.box_roi**2
        rcnn = detection.faster_rcnn
        super().__init__(
            roi_pool(config, config.box_roi),
            rcnn.TwoMLPHead(cells, config.box_channels),
            rcnn.FastRCNNPredictor(config.box_channels, 1 + len(config.classes)),
            fg_iou_thresh=0.5, bg_iou_thresh=0.5, batch_size_per_image=config.box_samples,
            positive_fraction=0.25, bbox_reg_weights=BOX_WEIGHTS, score_thresh=config.score,
            nms_thresh=config.nms, detections_per_img=config.detections)
        self.config, self.box_coder = config, BoxCoder(BOX_WEIGHTS)
        self.mask_roi_pool = roi_pool(config, config.mask_roi)
        self.mask_head, self.mask_predictor = mask_layers(config)

    def forward(
        self, features: Features, proposals: list[torch.Tensor],
        image_shapes: Sequence[tuple[int, int]], targets: Found | None = None,
    ) -> tuple[Found, dict[str, torch.Tensor]]:
        """(what is found in each image, {}) or, in training, ([], losses).

        Masks found are float32[n, cells, cells] of the boxes.
        """
        if self.training:
            return [], self._losses(features, proposals, targets)
        logits, regression = self._boxes(features, proposals)
        counts = [len(some) for some in proposals]
        boxes = self.box_coder.decode(regression, proposals).reshape(*logits.shape, 4)
        results = [found(*one, self.config) for one in zip(
            logits.softmax(dim=-1).split(counts), boxes.split(counts), image_shapes, strict=True)]
        add_masks(results, features, self.mask_roi_pool, [self._masks])
        return results, {}

    def _boxes(
        self, features: Features, proposals: list[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.box_predictor(self.box_head(self.box_roi_pool(features, proposals)))

    def _masks(self, pooled: torch.Tensor) -> torch.Tensor:
        return self.mask_predictor(self.mask_head(pooled))

    def _losses(
        self, features: Features, proposals: list[torch.Tensor], targets: Found | None
    ) -> dict[str, torch.Tensor]:
        proposals, matched, labels, regression_targets = self.select_training_samples(
            proposals, targets)
        classifier, box = detection.roi_heads.fastrcnn_loss(
            *self._boxes(features, proposals), labels, regression_targets)
        objects = [torch.where(some > 0)[0] for some in labels]
        boxes = [some[chosen] for some, chosen in zip(proposals, objects, strict=True)]
        logits = self._masks(self.mask_roi_pool(features, boxes))
        wanted = [
            roi_align(target["masks"][:, None].to(logits), some, index[chosen],
                      logits.shape[-1], 1.0)[:, 0]
            for target, some, index, chosen in zip(targets or [], boxes, matched, objects,
                                                   strict=True)]
        classes = torch.cat([some[chosen] for some, chosen in zip(labels, objects, strict=True)])
        mask = logits[torch.arange(len(classes)), classes]
        return {"loss_classifier": classifier, "loss_box_reg": box,
                "loss_mask": functional.binary_cross_entropy_with_logits(
                    mask, torch.cat(wanted), reduction="sum") / max(mask.numel(), 1)}
