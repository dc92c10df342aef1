"""Masks of a detector's few cells a side, put into the image where their boxes are."""

import torch
from torch.nn import functional


def paste(
    masks: torch.Tensor, boxes: torch.Tensor, height: int, width: int, threshold: float = 0.5
) -> torch.Tensor:
    """Sample each mask at the image's pixel centres, bilinear, zero outside of its box.

    As detectron2 and mmdet do it (``_do_paste_mask``): the box keeps its fractions of pixels.

    masks    float32[n, size, size]   probabilities
    boxes    float32[n, 4]            x1, y1, x2, y2 in pixels of the image
    returns  bool[n, height, width]   where the probability is at least ``threshold``
    """
    image = torch.zeros(len(masks), height, width, dtype=torch.bool, device=masks.device)
    for n, (mask, box) in enumerate(zip(masks, boxes.tolist(), strict=True)):
        left, top = (max(int(place) - 1, 0) for place in box[:2])
        right, bottom = (min(int(place) + 2, most)
                         for place, most in zip(box[2:], (width, height), strict=True))
        if left >= right or top >= bottom:
            continue
        x = _grid(left, right, boxes[n, 0], boxes[n, 2])
        y = _grid(top, bottom, boxes[n, 1], boxes[n, 3])
        grid = torch.stack([x.expand(len(y), -1), y[:, None].expand(-1, len(x))], dim=-1)
        sampled = functional.grid_sample(mask[None, None], grid[None], align_corners=False)
        image[n, top:bottom, left:right] = sampled[0, 0] >= threshold
    return image


def _grid(begin: int, end: int, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Pixel centres from ``begin`` to ``end`` in a box's coordinates, -1 to 1 from edge to edge."""
    centres = torch.arange(begin, end, dtype=low.dtype, device=low.device) + 0.5
    places = (centres - low) / (high - low) * 2 - 1
    # A box without extent: all that mmdet samples there is its middle.
    return torch.where(torch.isfinite(places), places, 0)
