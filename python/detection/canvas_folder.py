"""Canvases as a COCO folder: what one of a user's own looks like."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from vit2rtl.detection import coco_masks
from vit2rtl.detection.canvases import CATEGORY_IDS, CLASSES, SIZE, Canvas, canvases
from vit2rtl.detection.coco import ANNOTATIONS, PREFERRED, PREFIX
from vit2rtl.golden.files import atomic, documents

KIND = "folder of canvases"
_FILE = Path(ANNOTATIONS, f"{PREFIX}{PREFERRED}.json")
_DESCRIPTION = "vit2rtl: digits on coloured canvases"


def write(folder: str | Path, count: int, *, seed: int, split: str = "held_out") -> int:
    """Write canvases of a seed as PNG, with their annotations; the same bytes every time.

    split    of the digits, see :mod:`vit2rtl.models.digits`
    returns  how many digits are on them
    raises   ValueError where anything but such a folder is in the way
    """
    from PIL import Image

    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    with atomic.folder(folder, kind=KIND, parts=parts) as new:
        (new / PREFERRED).mkdir()
        (new / ANNOTATIONS).mkdir()
        drawn = canvases(split, count, seed=seed)
        for number, canvas in enumerate(
                tqdm(drawn, total=count, desc="canvases", unit="image", leave=False,
                     disable=None), 1):
            name = f"{number:012d}.png"
            Image.fromarray(canvas.image).save(new / PREFERRED / name)
            images.append({"id": number, "file_name": name, "height": SIZE, "width": SIZE})
            annotations += _annotations(canvas, number, len(annotations) + 1)
        document = {
            "info": {"description": _DESCRIPTION, "split": split, "seed": seed},
            "categories": [{"id": n, "name": name}
                           for n, name in zip(CATEGORY_IDS, CLASSES, strict=True)],
            "images": images, "annotations": annotations,
        }
        (new / _FILE).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return len(annotations)


def parts(folder: Path) -> Collection[str] | None:
    """What belongs into a folder of canvases; None of any other."""
    try:
        document = documents.parse((folder / _FILE).read_bytes(), str(_FILE))
    except (OSError, ValueError):
        return None
    info = document.get("info") if isinstance(document, dict) else None
    ours = isinstance(info, dict) and info.get("description") == _DESCRIPTION
    return (ANNOTATIONS, PREFERRED) if ours else None


def _annotations(canvas: Canvas, image: int, first: int) -> list[dict[str, Any]]:
    sizes = np.concatenate([canvas.boxes[:, :2], canvas.boxes[:, 2:] - canvas.boxes[:, :2]], 1)
    codes = coco_masks.encoded(canvas.masks)
    return [
        {"id": first + n, "image_id": image, "category_id": CATEGORY_IDS[label - 1],
         "bbox": size.tolist(), "area": int(mask.sum()), "iscrowd": 0, "segmentation": code}
        for n, (label, size, mask, code) in enumerate(
            zip(canvas.labels.tolist(), sizes, canvas.masks, codes, strict=True))
    ]
