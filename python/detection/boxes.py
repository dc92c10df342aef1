"""Boxes from what heads regress, and what is found from scores of boxes; as mmdet does both."""

import math

import torch

from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.library import detection, ops
from vit2rtl.detection.nms import batched_nms

# Of a box's four numbers as regressed: 1 / standard deviations of their targets.
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


class BoxCoder(detection.rpn.det_utils.BoxCoder):
    """torchvision's, which bounds the logarithms of sizes from above, and from below as well."""

    def decode_single(self, rel_codes: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        """float32[n, 4 k] boxes from float32[n, 4 k] of regression and float32[n, 4] boxes."""
        least = rel_codes.new_tensor([
            -math.inf, -math.inf, *(-weight * self.bbox_xform_clip for weight in self.weights[2:])])
        codes = torch.maximum(rel_codes.unflatten(-1, (-1, 4)), least).flatten(1)
        return super().decode_single(codes, boxes)


def found(
    scores: torch.Tensor, boxes: torch.Tensor, shape: tuple[int, int], config: DetectorConfig
) -> dict[str, torch.Tensor]:
    """What is found in an image: sure enough, of several that overlap one, and not too many.

    scores   float32[n, 1 + classes]      probabilities, the background first
    boxes    float32[n, 1 + classes, 4]   of each class
    shape    height and width of the image: boxes are clipped to it
    returns  "boxes" float32[m, 4], "labels" int64[m], 1 the first class, "scores" float32[m]
    """
    place, label = torch.where(scores[:, 1:] > config.score)
    label = label + 1
    sure, corners = scores[place, label], ops.clip_boxes_to_image(boxes[place, label], shape)
    kept = batched_nms(corners, sure, label, config.nms)[: config.detections]
    return {"boxes": corners[kept], "labels": label[kept], "scores": sure[kept]}
