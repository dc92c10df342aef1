"""RoIAlign against torchvision's Python implementation, and outside the map against its rules."""

import math

import pytest
import torch

from tests.python.detection.mmdet_network import one_roi_align
from vit2rtl.detection.roi_align import RoIPool, roi_align


@pytest.fixture
def draw():
    return torch.Generator().manual_seed(9)


def drawn_boxes(draw, count, width, height):
    boxes = torch.rand(count, 4, generator=draw) * torch.tensor([width, height] * 2)
    return torch.cat([torch.minimum(boxes[:, :2], boxes[:, 2:]),
                      torch.maximum(boxes[:, :2], boxes[:, 2:])], dim=1)


@pytest.mark.parametrize("size", [7, 14])
def test_it_equals_torchvision_inside_the_map(size, draw):
    features = torch.randn(2, 3, 20, 31, generator=draw)
    boxes = drawn_boxes(draw, 60, 31 * 8, 20 * 8)
    images = torch.randint(0, 2, (60,), generator=draw)
    got = roi_align(features, boxes, images, size, 1 / 8)
    want = torch.cat([one_roi_align(features[n:n + 1], box, size, 1 / 8)
                      for n, box in zip(images.tolist(), boxes, strict=True)])
    torch.testing.assert_close(got, want, atol=1e-6, rtol=0)


def sampled(features, x, y):
    """One bilinear sample, a loop over four pixels; zero more than a pixel outside."""
    height, width = features.shape[1:]
    if not (-1 <= y <= height and -1 <= x <= width):
        return torch.zeros(len(features))
    x, y = (min(max(place, 0), length - 1) for place, length in ((x, width), (y, height)))
    total = torch.zeros(len(features))
    for row in {math.floor(y), math.ceil(y)}:
        for column in {math.floor(x), math.ceil(x)}:
            total += features[:, row, column] * (1 - abs(y - row)) * (1 - abs(x - column))
    return total


@pytest.mark.parametrize("box", [
    (-9.0, -5.0, 6.0, 4.0), (5.0, 3.0, 19.0, 13.0), (-30.0, 2.0, -20.0, 5.0),
    (9.0, 7.0, 9.4, 30.0), (-0.5, -0.5, 8.5, 6.5),
])
def test_samples_outside_the_map_count_as_zero(box, draw):
    features = torch.randn(1, 2, 7, 9, generator=draw)
    got = roi_align(features, torch.tensor([box]), torch.tensor([0]), 3, 1.0)[0]
    left, top, right, bottom = (edge - 0.5 for edge in box)
    across, down = (right - left) / 3, (bottom - top) / 3
    columns, rows = math.ceil(across), math.ceil(down)
    for r in range(3):
        for c in range(3):
            samples = [sampled(features[0], left + across * (c + (i + 0.5) / columns),
                               top + down * (r + (j + 0.5) / rows))
                       for i in range(columns) for j in range(rows)]
            torch.testing.assert_close(got[:, r, c], sum(samples) / len(samples),
                                       atol=1e-5, rtol=0)


def test_boxes_without_extent_give_zeros_and_no_boxes_nothing(draw):
    features = torch.randn(1, 2, 7, 9, generator=draw)
    flat = torch.tensor([[2.0, 2, 2, 5], [3, 3, 3, 3.0]])
    assert not roi_align(features, flat, torch.tensor([0, 0]), 7, 1.0).any()
    none = roi_align(features, torch.empty(0, 4), torch.empty(0).long(), 7, 1.0)
    assert none.shape == (0, 2, 7, 7)


def test_its_gradient_is_that_of_what_it_computes(draw):
    features = torch.randn(2, 2, 6, 5, generator=draw).double().requires_grad_()
    boxes = drawn_boxes(draw, 4, 5, 6).double()
    assert torch.autograd.gradcheck(
        lambda some: roi_align(some, boxes, torch.tensor([0, 1, 1, 0]), 3, 1.0), features)


def test_boxes_are_pooled_from_the_level_of_their_size(draw):
    features = {str(n): torch.randn(2, 3, 64 >> n, 64 >> n, generator=draw) for n in range(3)}
    pool = RoIPool(["0", "1", "2"], [4, 8, 16], 7, finest=56)
    # Square roots of areas of 111, 112, 224 and more: FPN's Eq. 1 with mmdet's 56.
    boxes = [torch.tensor([[8.0, 9, 119, 120], [8, 9, 120, 121]]),
             torch.tensor([[0.0, 0, 224, 224], [10, 10, 30, 15], [1, 2, 250, 240]])]
    got = pool(features, boxes)
    levels = [0, 1, 2, 0, 2]
    for n, (level, image, box) in enumerate(zip(
            levels, [0, 0, 1, 1, 1], torch.cat(boxes), strict=True)):
        want = roi_align(features[str(level)], box[None], torch.tensor([image]), 7,
                         1 / (4 << level))
        assert torch.equal(got[n:n + 1], want)
    assert pool(features, [torch.empty(0, 4)] * 2).shape == (0, 3, 7, 7)
