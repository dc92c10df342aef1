"""Images as the network takes them, and what it finds as the caller's image has it."""

from collections.abc import Sequence

import torch
from torch.nn import functional

from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.library import detection
from vit2rtl.detection.mask_paste import paste


class Transform(detection.transform.GeneralizedRCNNTransform):
    """torchvision's normalization, padding and batches; sizes rounded and masks put as in mmdet."""

    def __init__(self, config: DetectorConfig) -> None:
        short, long = config.resize
        super().__init__(short, long, list(config.mean), list(config.std),
                         size_divisible=config.size_divisible)

    def resize(
        self, image: torch.Tensor, target: dict[str, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor] | None]:
        """The image with its shorter side as configured, or its longer one where that would be
        too long; boxes and masks of the target with it."""
        before = image.shape[-2:]
        scale = min(self.max_size / max(before), self.min_size[-1] / min(before))
        after = [max(1, int(side * scale + 0.5)) for side in before]
        image = functional.interpolate(image[None], size=after, mode="bilinear")[0]
        if target is None:
            return image, None
        resized = target | {"boxes": detection.transform.resize_boxes(
            target["boxes"], before, after)}
        if "masks" in target:
            masks = functional.interpolate(target["masks"][:, None].float(), size=after)
            resized["masks"] = masks[:, 0].byte()
        return image, resized

    def postprocess(
        self, result: list[dict[str, torch.Tensor]], image_shapes: Sequence[tuple[int, int]],
        original_image_sizes: Sequence[tuple[int, int]],
    ) -> list[dict[str, torch.Tensor]]:
        """Boxes in pixels of the caller's images, masks as bool[n, height, width] of them."""
        if self.training:
            return result  # there are losses alone
        for found, resized, (height, width) in zip(
                result, image_shapes, original_image_sizes, strict=True):
            boxes = detection.transform.resize_boxes(found["boxes"], resized, (height, width))
            found["masks"] = paste(found["masks"], boxes, height, width)
            found["boxes"] = boxes
        return result
