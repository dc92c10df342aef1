"""COCO's masks: polygons and run lengths, checked before pycocotools, which trusts them, sees them.

A run-length code holds the lengths of runs of pixels column by column, the first run outside of the
mask. Compressed, it is COCO's string of characters of 5 bits each (``rleToString`` of its maskApi).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

# Corners that a polygon needs, in numbers.
_LEAST = 6


def checked(segmentation: Any, height: int, width: int, where: str) -> dict[str, Any]:
    """The mask as pycocotools' compressed run lengths, ``{"size", "counts"}``.

    segmentation  list of polygons [x, y, x, y, ...], or {"size": [height, width], "counts": list
                  of run lengths or their string}
    where         what messages call the annotation
    raises        ValueError for what is no mask of an image of this size
    """
    from pycocotools import mask

    if isinstance(segmentation, list):
        polygons = [_polygon(points, where) for points in segmentation]
        if not polygons:
            raise ValueError(f"{where} has no polygon in its segmentation")
        return mask.merge(mask.frPyObjects(polygons, height, width))
    if not isinstance(segmentation, dict):
        raise ValueError(f"{where} needs a segmentation: polygons or run lengths")
    if segmentation.get("size") != [height, width]:
        raise ValueError(f"{where} has run lengths of size {segmentation.get('size')!r}, and its "
                         f"image is {[height, width]} (height, width)")
    counts = segmentation.get("counts")
    lengths = run_lengths(counts) if isinstance(counts, str) else counts
    if not (isinstance(lengths, list) and all(type(n) is int and n >= 0 for n in lengths)):
        raise ValueError(f"{where} has counts that are no run lengths")
    if sum(lengths) != height * width:
        raise ValueError(f"{where} has run lengths of {sum(lengths):,} pixels, and its image has "
                         f"{height * width:,}")
    return mask.frPyObjects({"size": [height, width], "counts": lengths}, height, width)


def run_lengths(text: str) -> list[int] | None:
    """What a string of run lengths says; None where it is none.

    From the third on each number is the difference to the length two before; a character has 5
    bits, the least first, and one that says that more follow: "P1" is 32, "N" is -2.
    """
    lengths: list[int] = []
    value, bits = 0, 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64 or bits > 60:
            return None
        value |= (code & 31) << bits
        bits += 5
        if not code & 32:
            if code & 16:
                value -= 1 << bits
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value, bits = 0, 0
    return None if bits else lengths


def encoded(masks: np.ndarray) -> list[dict[str, Any]]:
    """Compressed run lengths of masks bool[n, height, width], their ``counts`` as text."""
    from pycocotools import mask

    codes = mask.encode(np.asfortranarray(masks.transpose(1, 2, 0), np.uint8))
    return [{"size": [int(side) for side in code["size"]], "counts": code["counts"].decode()}
            for code in codes]


def _polygon(points: Any, where: str) -> Sequence[float]:
    if not (isinstance(points, list) and len(points) >= _LEAST and len(points) % 2 == 0
            and all(isinstance(n, int | float) and not isinstance(n, bool) for n in points)):
        raise ValueError(f"{where} has a polygon that is no list of 3 or more corners x, y")
    return points
