"""Non-maximum suppression against comparing every two boxes."""

import pytest
import torch

from tests.python.detection.mmdet_network import brute_force_nms
from vit2rtl.detection.nms import batched_nms, nms


@pytest.fixture
def boxes():
    draw = torch.Generator().manual_seed(4)
    corners = torch.rand(300, 2, generator=draw) * 60
    sides = torch.rand(300, 2, generator=draw) * 40
    # Integers are exact: overlaps that equal the threshold do occur.
    return torch.cat([corners, corners + sides], dim=1).floor()


def brute(boxes, scores, groups, threshold):
    found = [(score, group, [*map(float, box), n]) for n, (score, group, box) in enumerate(
        zip(scores.tolist(), groups.tolist(), boxes, strict=True))]
    return [box[4] for _, _, box in brute_force_nms(found, threshold)]


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_it_keeps_what_brute_force_keeps(boxes, threshold):
    # Many scores are equal: the first one comes first.
    scores = torch.randint(0, 40, (300,), generator=torch.Generator().manual_seed(5)) / 40
    kept = nms(boxes, scores, threshold)
    assert kept.dtype == torch.int64
    assert kept.tolist() == brute(boxes, scores, torch.zeros(300), threshold)


def test_groups_do_not_see_each_other(boxes):
    draw = torch.Generator().manual_seed(6)
    scores, groups = torch.rand(300, generator=draw), torch.randint(0, 9, (300,), generator=draw)
    kept = batched_nms(boxes, scores, groups, 0.3)
    assert kept.tolist() == brute(boxes, scores, groups, 0.3)
    assert len(kept) > len(nms(boxes, scores, 0.3))


def test_an_overlap_of_the_threshold_is_none():
    boxes = torch.tensor([[0.0, 0, 2, 1], [1, 0, 3, 1], [0, 0, 2, 1.0]])
    scores = torch.tensor([0.9, 0.8, 0.7])
    assert nms(boxes, scores, 1 / 3).tolist() == [0, 1]  # the third is the first again
    assert nms(boxes, scores, 0.33).tolist() == [0]


def test_no_boxes_and_boxes_without_area():
    empty = torch.empty(0, 4)
    assert nms(empty, torch.empty(0), 0.5).tolist() == []
    assert batched_nms(empty, torch.empty(0), torch.empty(0).long(), 0.5).tolist() == []
    points = torch.ones(3, 4)
    assert nms(points, torch.tensor([1.0, 3.0, 2.0]), 0.5).tolist() == [1, 2, 0]
