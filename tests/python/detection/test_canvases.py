"""Canvases: boxes and masks are those of the digits that are seen, and splits stay apart."""

import numpy as np
import pytest

from vit2rtl.detection import canvases
from vit2rtl.models import digits


@pytest.fixture(scope="module")
def drawn():
    return list(canvases.canvases("held_out", 30, seed=3))


def test_shapes_and_labels(drawn):
    for canvas in drawn:
        count = len(canvas.labels)
        assert canvas.image.shape == (canvases.SIZE, canvases.SIZE, 3)
        assert (canvas.image.dtype, canvas.masks.dtype) == (np.uint8, bool)
        assert canvas.boxes.shape == (count, 4) and len(canvas.masks) == count
        assert set(canvas.labels) <= set(range(1, 11))
    counts = {len(canvas.labels) for canvas in drawn}
    assert counts <= set(range(1, canvases.MOST + 1)) and len(counts) > 2


def test_boxes_are_those_of_the_masks_and_no_pixel_has_two_digits(drawn):
    for canvas in drawn:
        assert canvas.masks.sum(0).max() == 1
        for box, mask in zip(canvas.boxes, canvas.masks, strict=True):
            ys, xs = np.argwhere(mask).T
            assert box.tolist() == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def test_a_digit_is_of_one_colour_where_its_mask_is(drawn):
    """But for the edges of strokes; the ground within its box is not."""
    for canvas in drawn:
        image = canvas.image.astype(int)
        for box, mask in zip(canvas.boxes.astype(int), canvas.masks, strict=True):
            inside = np.zeros_like(mask)
            inside[box[1]:box[3], box[0]:box[2]] = True
            ground = image[inside & ~canvas.masks.any(0)]
            near = [(np.abs(pixels - np.median(image[mask], axis=0)).max(1) <= 30).mean()
                    for pixels in (image[mask], ground)]
            assert near[0] > 0.6 and near[1] < 0.3


def test_occluded_digits_lose_what_covers_them():
    """All ink, digits as large as they get: they overlap, and most of each is still seen."""
    pixels, labels = np.full((1, 28, 28), 255, np.uint8), np.zeros(1, np.int64)
    covered = 0
    for seed in range(20):
        canvas = canvases.draw(pixels, labels, np.random.default_rng(seed))
        assert canvas.labels.tolist() == [1] * len(canvas.boxes)
        for box, mask in zip(canvas.boxes, canvas.masks, strict=True):
            area = np.prod(box[2:] - box[:2])
            assert mask.sum() >= canvases.LEAST_VISIBLE * area * 0.99
            covered += mask.sum() < area
    assert covered


def test_canvases_depend_on_seed_and_place_alone():
    def images(*arguments, **options):
        return [canvas.image for canvas in canvases.canvases(*arguments, **options)]

    three = images("train", 3, seed=7)
    assert all(map(np.array_equal, three, images("train", 3, seed=7)))
    assert np.array_equal(three[2], images("train", 1, seed=7, first=2)[0])
    assert not np.array_equal(three[0], images("train", 1, seed=8)[0])


@pytest.mark.parametrize("split", digits.SPLITS)
def test_digits_are_those_of_the_split(split, monkeypatch):
    asked = []
    monkeypatch.setattr(digits, "named", lambda name: asked.append(name) or (
        [], np.full((1, 28, 28), 255, np.uint8), np.array([9])))
    (canvas,) = canvases.canvases(split, 1, seed=0)
    assert asked == [split] and set(canvas.labels) == {10}


def test_intersection_over_union():
    one, other = np.array([0.0, 0, 4, 2]), np.array([2.0, 1, 6, 3])
    assert canvases.iou(one, other) == pytest.approx(2 / 14)
    assert canvases.iou(one, np.array([5.0, 5, 6, 6])) == 0
