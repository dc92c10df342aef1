"""Average precision of boxes and masks, by pycocotools as COCO measures it."""

import contextlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from vit2rtl.detection import coco_masks
from vit2rtl.detection.coco import Coco

# What a detector finds in an image: boxes float32[n, 4], scores float32[n], labels int64[n],
# masks bool[n, height, width].
Detections = dict[str, torch.Tensor]
# Title of every figure, and its place in what pycocotools sums up.
FIGURES = {
    "ap": ("AP", 0), "ap50": ("AP50", 1), "ap75": ("AP75", 2),
    "small": ("AP small", 3), "medium": ("AP medium", 4), "large": ("AP large", 5),
}


@dataclass(frozen=True)
class Scores:
    """Average precision in percent, by the names of :data:`FIGURES`; of boxes, and of masks.

    AP is the mean over IoU of 0.50, 0.55, ..., 0.95 and over categories; small objects have less
    than 32² pixels, large ones more than 96². None where there are no such objects.
    """

    images: int
    box: dict[str, float | None]
    mask: dict[str, float | None]


def detect(detector: nn.Module, coco: Coco, *, title: str = "images") -> list[Detections]:
    """What a detector finds in each image, with a bar of progress named ``title``."""
    found = []
    with torch.inference_mode(), tqdm(total=len(coco), desc=title, unit="image", leave=False,
                                      disable=None) as bar:
        for index in range(len(coco)):
            found += detector([as_input(coco.pixels(index))])
            bar.update()
    return found


def as_input(pixels: np.ndarray) -> torch.Tensor:
    """float32[3, height, width] of 0..1 from uint8[height, width, 3]."""
    return torch.from_numpy(pixels.transpose(2, 0, 1).astype(np.float32) / 255)


def scores(found: Sequence[Detections], coco: Coco, category_ids: Sequence[int]) -> Scores:
    """Figures of what was found in all images.

    category_ids  of the detector's classes: label 1 is the first
    """
    results = [result for entry, one in zip(coco.images, found, strict=True)
               for result in _results(one, entry["id"], category_ids)]
    with contextlib.redirect_stdout(io.StringIO()):
        return Scores(len(coco), _figures(results, coco, "bbox", _box_area),
                      _figures(results, coco, "segm", _mask_area))


def _results(
    found: Detections, image: int, category_ids: Sequence[int]
) -> list[dict[str, Any]]:
    """COCO's results of one image."""
    if not len(found["labels"]):
        return []
    boxes = found["boxes"].double().numpy()
    sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
    codes = coco_masks.encoded(found["masks"].numpy())
    return [
        {"image_id": image, "category_id": category_ids[label - 1], "score": score,
         "bbox": size, "segmentation": code}
        for label, score, size, code in zip(
            found["labels"].tolist(), found["scores"].tolist(), sizes.tolist(), codes, strict=True)
    ]


def _figures(
    results: Sequence[dict[str, Any]], coco: Coco, kind: str,
    area: Callable[[dict[str, Any]], float],
) -> dict[str, float | None]:
    from pycocotools.cocoeval import COCOeval

    # Detections of a size range are those whose area, of box or mask, lies in it.
    measured = [{**result, "id": n, "area": area(result), "iscrowd": 0}
                for n, result in enumerate(results, 1)]
    evaluation = COCOeval(_index(coco, coco.annotations), _index(coco, measured), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    stats = evaluation.stats
    return {name: None if stats[place] < 0 else 100 * float(stats[place])
            for name, (_, place) in FIGURES.items()}


def _index(coco: Coco, objects: Sequence[dict[str, Any]]) -> Any:
    """pycocotools' index of objects, each its own copy: it writes into them."""
    from pycocotools.coco import COCO

    index = COCO()
    index.dataset = {
        "images": coco.images, "annotations": [dict(one) for one in objects],
        "categories": [{"id": n, "name": name} for n, name in coco.categories.items()],
    }
    index.createIndex()
    return index


def _box_area(result: dict[str, Any]) -> float:
    return result["bbox"][2] * result["bbox"][3]


def _mask_area(result: dict[str, Any]) -> float:
    from pycocotools import mask

    return float(mask.area(result["segmentation"]))
