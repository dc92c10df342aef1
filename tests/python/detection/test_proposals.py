"""Anchors as mmdet has them: not rounded, whatever the image's size."""

import types

import torch

from vit2rtl.detection.proposals import Anchors


def test_anchors_are_not_rounded_and_a_fixed_stride_apart():
    anchors = Anchors((32, 64), (0.5, 1, 2), (4, 8))
    images = types.SimpleNamespace(image_sizes=[(11, 9), (12, 12)])
    features = [torch.zeros(2, 1, 3, 2), torch.zeros(2, 1, 2, 1)]
    first, second = anchors(images, features)
    assert torch.equal(first, second) and first.shape == (3 * 2 * 3 + 2 * 3, 4)
    # A ratio of height to width of 1/2, at the first cell: 32 √2 wide, 32 / √2 high.
    torch.testing.assert_close(first[0], torch.tensor([-1, -0.5, 1, 0.5]) * 32 * 0.5**0.5)
    assert first[1].tolist() == [-16, -16, 16, 16]
    assert first[4].tolist() == [-12, -16, 20, 16]         # a column further
    assert first[7].tolist() == [-16, -12, 16, 20]         # a row further
    assert first[-2].tolist() == [-32, -24, 32, 40]        # the second level's second row
