"""Boxes of what heads regress, and what is found, against mmdet's rules."""

import dataclasses

import torch

from tests.python.detection.mmdet_network import delta2bbox
from tests.python.detection.small_detectors import CONFIG
from vit2rtl.detection.boxes import BOX_WEIGHTS, BoxCoder, found
from vit2rtl.detection.library import ops


def test_sizes_are_bounded_from_above_and_from_below():
    draw = torch.Generator().manual_seed(1)
    corners = torch.rand(50, 2, generator=draw) * 50
    boxes = torch.cat([corners, corners + 0.1 + torch.rand(50, 2, generator=draw) * 50], dim=1)
    deltas = torch.randn(50, 12, generator=draw) * 30  # beyond 5 log(1000 / 16) = 20.7
    assert (deltas < -21).any() and (deltas > 21).any()
    decoded = BoxCoder(BOX_WEIGHTS).decode(deltas, [boxes])
    assert decoded.shape == (50, 3, 4)
    for n in range(3):
        want = delta2bbox(boxes, deltas[:, 4 * n:4 * n + 4], (0.1, 0.1, 0.2, 0.2), (60, 70))
        got = ops.clip_boxes_to_image(decoded[:, n], (60, 70))
        torch.testing.assert_close(got, want, atol=1e-4, rtol=1e-5)


def test_what_is_found_is_sure_apart_and_not_too_much():
    scores = torch.tensor([[0.1, 0.8, 0.1], [0.3, 0.6, 0.1], [0.5, 0.05, 0.45], [0.9, 0.04, 0.06]])
    box = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 50, 30], [30, 0, 40, 10]])
    boxes = box[:, None].expand(-1, 3, -1)
    one = found(scores, boxes, (25, 45), CONFIG)
    # Class 1 of the second box overlaps the first; class 2 of both is another class, but they
    # overlap as well. 0.05 is not sure; boxes end with the image.
    assert one["labels"].tolist() == [1, 2, 2, 2]
    torch.testing.assert_close(one["scores"], torch.tensor([0.8, 0.45, 0.1, 0.06]))
    assert one["boxes"].tolist() == [
        [0, 0, 10, 10], [20, 20, 45, 25], [0, 0, 10, 10], [30, 0, 40, 10]]
    two = found(scores, boxes, (25, 45), dataclasses.replace(CONFIG, detections=2))
    assert two["labels"].tolist() == [1, 2] and len(two["boxes"]) == 2
