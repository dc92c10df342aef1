"""Average precision: what was found decides it, as computed by hand."""

import dataclasses

import numpy as np
import pytest
import torch

from vit2rtl.detection import coco_masks
from vit2rtl.detection.coco import Coco
from vit2rtl.detection.scores import FIGURES, detect, scores

SIDE = 100
IDS = (2, 5)  # of labels 1 and 2


def mask_of(box):
    left, top, right, bottom = box
    mask = np.zeros((SIDE, SIDE), bool)
    mask[top:bottom, left:right] = True
    return mask


def annotated(*objects, images=1):
    """Images with (image, category id, box, iscrowd), the mask all of the box."""
    annotations = []
    for n, (image, category, box, crowd) in enumerate(objects, 1):
        left, top, right, bottom = box
        sides = right - left, bottom - top
        annotations.append({
            "id": n, "image_id": image, "category_id": category, "bbox": [left, top, *sides],
            "area": sides[0] * sides[1], "iscrowd": crowd,
            "segmentation": coco_masks.encoded(mask_of(box)[None])[0]})
    entries = [{"id": n, "file_name": f"{n}.png", "height": SIDE, "width": SIDE}
               for n in range(images)]
    return Coco(entries, annotations, {2: "two", 5: "five"}, None)


def found(*objects):
    """Detections (label, box, score) of an image, the mask all of the box."""
    return {
        "labels": torch.tensor([label for label, _, _ in objects], dtype=torch.int64),
        "boxes": torch.tensor([box for _, box, _ in objects], dtype=torch.float32).reshape(-1, 4),
        "scores": torch.tensor([score for _, _, score in objects], dtype=torch.float32),
        "masks": torch.from_numpy(np.array([mask_of(box) for _, box, _ in objects], bool)
                                  .reshape(-1, SIDE, SIDE)),
    }


SMALL, MEDIUM, LARGE = (0, 0, 20, 20), (30, 30, 70, 70), (0, 0, 100, 98)


def test_perfect_detections_are_100_in_every_size():
    truth = annotated((0, 2, SMALL, 0), (0, 5, MEDIUM, 0), (1, 5, LARGE, 0), images=2)
    measured = scores([found((1, SMALL, 0.9), (2, MEDIUM, 0.3)), found((2, LARGE, 0.1))],
                      truth, IDS)
    hundred = dict.fromkeys(FIGURES, pytest.approx(100))
    assert dataclasses.asdict(measured) == {"images": 2, "box": hundred, "mask": hundred}


def test_nothing_found_is_0_and_sizes_without_objects_have_no_figure():
    measured = scores([found()], annotated((0, 2, SMALL, 0)), IDS)
    assert measured.box == measured.mask == {
        "ap": 0, "ap50": 0, "ap75": 0, "small": 0, "medium": None, "large": None}


@pytest.mark.parametrize(("objects", "detections", "ap", "ap50"), [
    # One of two: precision 1 at recalls 0, 0.01, ..., 0.50 of 101.
    ([(2, SMALL), (2, MEDIUM)], [(1, SMALL, 0.5)], 5100 / 101, 5100 / 101),
    # A wrong one before the right one: precision 1/2 at every recall.
    ([(2, SMALL)], [(1, MEDIUM, 0.9), (1, SMALL, 0.5)], 50, 50),
    # A wrong one behind it costs nothing, nor does the second box of an object.
    ([(2, SMALL)], [(1, SMALL, 0.9), (1, MEDIUM, 0.5), (1, SMALL, 0.4)], 100, 100),
    # Another class: both categories are annotated, and one of them is found.
    ([(2, SMALL), (5, MEDIUM)], [(1, SMALL, 0.9), (1, MEDIUM, 0.8)], 50, 50),
    # IoU 20·13 / 20·20 = 0.65: right at 0.50, 0.55, 0.60 and 0.65 of ten.
    ([(2, SMALL)], [(1, (0, 0, 20, 13), 0.9)], 40, 100),
    # What lies in a crowd is neither right nor wrong.
    ([(2, SMALL), (2, MEDIUM, 1)], [(1, (35, 35, 45, 45), 0.9), (1, SMALL, 0.5)], 100, 100),
])
def test_figures_computed_by_hand(objects, detections, ap, ap50):
    truth = annotated(*((0, *one[:2], len(one) - 2) for one in objects))
    measured = scores([found(*detections)], truth, IDS)
    for figures in (measured.box, measured.mask):
        assert figures["ap"] == pytest.approx(ap)
        assert figures["ap50"] == pytest.approx(ap50)


def test_masks_and_boxes_are_measured_apart():
    one = found((1, SMALL, 0.9))
    one["masks"][0, :, 12:] = False  # IoU 12/20: right at 0.50, 0.55 and 0.60
    measured = scores([one], annotated((0, 2, SMALL, 0)), IDS)
    assert measured.box["ap"] == pytest.approx(100)
    assert measured.mask["ap"] == pytest.approx(30)
    assert (measured.mask["ap50"], measured.mask["ap75"]) == (pytest.approx(100), 0)


def test_a_detector_sees_each_image_as_numbers_from_0_to_1(monkeypatch):
    truth = annotated((0, 2, SMALL, 0), images=2)
    monkeypatch.setattr(
        Coco, "pixels", lambda self, index: np.full((4, 6, 3), 51 * index, np.uint8))
    seen = []

    def detector(images):
        seen.extend(images)
        return [found()]

    assert len(detect(detector, truth)) == 2
    assert [(image.dtype, tuple(image.shape)) for image in seen] == [(torch.float32, (3, 4, 6))] * 2
    assert [image.unique().item() for image in seen] == [0, pytest.approx(0.2)]
