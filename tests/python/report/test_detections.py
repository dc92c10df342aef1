"""Pictures of detections: what is drawn where, and that the rest of the image stays as it is."""

import io

import numpy as np
import pytest
from PIL import Image

from vit2rtl.report import detections


@pytest.fixture
def pixels():
    return np.full((160, 200, 3), 60, np.uint8)


def found(*boxes):
    masks = np.zeros((len(boxes), 160, 200), bool)
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask[top + 4:bottom - 4, left + 4:right - 4] = True
    return detections.Found(np.array(boxes, float).reshape(-1, 4), masks, ["digit"] * len(boxes))


def panel(picture, n):
    """float[height, width, 3] of the n-th of the panels, 400 × 320 pixels each."""
    return np.asarray(picture, float)[-320:, n * 408:n * 408 + 400]


def test_boxes_and_masks_are_where_they_were_found(pixels):
    picture = detections.picture(pixels, {"float": found((50, 40, 90, 100)), "W4/A4": found()})
    assert picture.size == (808, 342)
    first, second = panel(picture, 0), panel(picture, 1)
    assert (second == 60).all()
    colour = np.array(detections.COLOURS[0])
    assert (first[100, 140] == (0.55 * 60 + 0.45 * colour).round()).all()  # in the mask
    for y, x in ((80, 140), (199, 140), (140, 100), (140, 179)):  # on each side of the box
        assert (first[y, x] == colour).all()
    assert (first[84, 104] == 60).all()  # inside of the box, and of no mask
    assert (first[205:] == 60).all() and (first[:, 185:] == 60).all()


def test_objects_have_colours_of_their_own(pixels):
    picture = detections.picture(pixels, {"": found((10, 20, 40, 60), (60, 20, 90, 60))})
    sides = [tuple(panel(picture, 0)[80, x]) for x in (20, 120)]
    assert sides == list(detections.COLOURS[:2])


def test_large_images_keep_their_size_and_pictures_stand_below_each_other():
    picture = detections.picture(np.zeros((400, 500, 3), np.uint8), {"a": detections.Found(
        np.zeros((0, 4)), np.zeros((0, 400, 500), bool), [])})
    assert picture.size == (500, 422)
    assert detections.stacked([picture, picture]).size == (500, 852)


def test_the_same_picture_is_the_same_bytes(pixels):
    picture = detections.picture(pixels, {"float": found((50, 40, 90, 100))})
    data = detections.png(picture)
    assert data == detections.png(picture)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(picture))
