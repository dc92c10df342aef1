"""Masks in their boxes against sampling the whole image."""

import torch

from tests.python.detection.mmdet_network import pasted
from vit2rtl.detection.mask_paste import paste


def test_it_equals_sampling_the_whole_image():
    draw = torch.Generator().manual_seed(2)
    masks = torch.rand(40, 28, 28, generator=draw)
    corners = torch.rand(40, 2, generator=draw) * 60 - 10  # some begin outside
    sides = torch.rand(40, 2, generator=draw) * 50 + 0.1   # some end there, some are thin
    boxes = torch.cat([corners, corners + sides], dim=1)
    got = paste(masks, boxes, 48, 64)
    assert got.dtype == torch.bool and got.shape == (40, 48, 64)
    for n, (mask, box) in enumerate(zip(masks, boxes, strict=True)):
        assert torch.equal(got[n], pasted(mask, box, 48, 64)), n
    assert 0 < got.sum() < got.numel() / 2


def test_a_full_mask_fills_the_pixels_whose_centres_are_in_its_box():
    got = paste(torch.ones(1, 28, 28), torch.tensor([[2.4, 3.6, 6.4, 9.6]]), 12, 10)[0]
    rows, columns = torch.where(got)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 9, 2, 5)


def test_boxes_outside_or_without_extent_and_no_masks():
    boxes = torch.tensor([[-20.0, -20, -5, -5], [50, 2, 60, 5], [4, 4, 4, 4]])
    got = paste(torch.ones(3, 28, 28), boxes, 12, 10)
    assert not got[:2].any() and got[2].sum() <= 9
    assert paste(torch.empty(0, 28, 28), torch.empty(0, 4), 12, 10).shape == (0, 12, 10)
