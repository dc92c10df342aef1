"""RoIAlign in plain torch: bilinear averages are separable, two small matmuls a region."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn


def roi_align(
    features: torch.Tensor, boxes: torch.Tensor, images: torch.Tensor, size: int, scale: float
) -> torch.Tensor:
    """Pool each box to ``size`` × ``size`` cells by averages of bilinear samples.

    Mask R-CNN's RoIAlign (He et al. 2017, Sec. 3) as detectron2 and mmcv align it: pixel centres
    are at halves, a cell has as many samples a side as it has pixels, rounded up, and samples
    more than a pixel outside count as zero. A cell is then A_y · F · A_xᵀ, with rows of averaging
    weights A, over the window F of pixels that samples touch.

    features  float32[images, channels, height, width]
    boxes     float32[n, 4]   x1, y1, x2, y2 in pixels of the image; they get no gradient
    images    int64[n]        the image that each box is in
    scale     pixels of features in a pixel of the image
    returns   float32[n, channels, size, size]
    """
    height, width = features.shape[2:]
    low, high = (boxes.detach() * scale - 0.5).view(-1, 2, 2).unbind(dim=1)
    left, across, weights_x = _axis(low[:, 0], high[:, 0], size, width)
    top, down, weights_y = _axis(low[:, 1], high[:, 1], size, height)
    windows = torch.stack([images, top, down, left, across], dim=1).tolist()
    cells = _Pooled.apply(features.permute(0, 2, 3, 1), weights_y, weights_x, windows)
    return cells.permute(0, 3, 1, 2)


def _axis(
    low: torch.Tensor, high: torch.Tensor, size: int, length: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Windows and weights of one axis, of ``length`` pixels.

    low, high  float32[n]                  edges of the boxes in pixels of features
    returns    int64[n] first pixels, int64[n] numbers of pixels, float32[n, size, the most pixels]
    """
    step = (high - low)[:, None, None] / size
    counts = step.ceil().clamp(min=1)
    sample = torch.arange(int(counts.max().item()) if len(low) else 0, device=low.device)
    cell = torch.arange(size, device=low.device)[:, None]
    places = low[:, None, None] + cell * step + (sample + 0.5) * (step / counts)
    counted = (sample < counts) & (places >= -1) & (places <= length) & (step > 0)
    places = places.clamp(0, length - 1)
    first, last = (edge.long().clamp(0, length - 1) for edge in (low.floor(), high.ceil()))
    pixels = (last - first + 1).clamp(min=1)
    before = places.long()
    after = places - before
    # Weights 1 - after and after of the pixels before and behind, which the last one has not.
    weights = low.new_zeros(len(low), size, int(pixels.max().item()) + 1 if len(low) else 1)
    index = (before - first[:, None, None]).clamp(0, weights.shape[-1] - 2)
    share = counted / counts
    weights.scatter_add_(2, index, share * (1 - after))
    weights.scatter_add_(2, index + 1, share * after)
    return first, pixels, weights


class _Pooled(torch.autograd.Function):
    """A_y · F · A_xᵀ of each window: float32[n, size, size, channels].

    Windows are read where they lie; by torch's own differentiation, each would leave a gradient
    as large as all features.
    """

    @staticmethod
    def forward(
        ctx: Any, features: torch.Tensor, weights_y: torch.Tensor, weights_x: torch.Tensor,
        windows: list[list[int]],
    ) -> torch.Tensor:
        features = features.contiguous()
        ctx.shape, ctx.windows = features.shape, windows
        ctx.save_for_backward(weights_y, weights_x)
        size, channels = weights_y.shape[1], features.shape[-1]
        cells = features.new_empty(len(windows), size, size, channels)
        for n, window, y, x in _windows(features, weights_y, weights_x, windows):
            rows = (y @ window).view(size, -1, channels)
            torch.matmul(x, rows, out=cells[n])
        return cells

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        cells, = gradients
        features = cells.new_zeros(ctx.shape)
        weights_y, weights_x = ctx.saved_tensors
        for n, window, y, x in _windows(features, weights_y, weights_x, ctx.windows):
            rows = (x.T @ cells[n]).view(len(y), -1)
            window.addmm_(y.T, rows)
        return features, None, None, None


def _windows(
    features: torch.Tensor, weights_y: torch.Tensor, weights_x: torch.Tensor,
    windows: list[list[int]],
) -> Iterator[tuple[int, torch.Tensor, torch.Tensor, torch.Tensor]]:
    """(number, view of pixels [down, across × channels], A_y, A_x) of each window."""
    channels = features.shape[-1]
    for n, (image, top, down, left, across) in enumerate(windows):
        rows = features[image, top : top + down].flatten(1)
        window = rows[:, left * channels : (left + across) * channels]
        yield n, window, weights_y[n, :, :down], weights_x[n, :, :across]


class RoIPool(nn.Module):
    """Pools boxes from the level of the pyramid that suits their size (FPN, Eq. 1).

    levels   names of the features, the finest first
    strides  pixels of the image in a pixel of each
    size     cells a side
    finest   boxes with less than twice this (square root of area, pixels) go to the finest level
    """

    def __init__(
        self, levels: Sequence[str], strides: Sequence[int], size: int, finest: float
    ) -> None:
        super().__init__()
        self.levels, self.strides, self.size, self.finest = levels, strides, size, finest

    def forward(
        self, features: Mapping[str, torch.Tensor], boxes: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        """float32[all boxes, channels, size, size]; ``boxes`` are those of each image."""
        every = torch.cat([*boxes])
        images = torch.cat([torch.full((len(some),), n, dtype=torch.int64, device=every.device)
                            for n, some in enumerate(boxes)])
        sides = (every[:, 2:] - every[:, :2]).prod(dim=1).clamp(min=0).sqrt()
        level = torch.log2(sides / self.finest + 1e-6).floor().clamp(0, len(self.levels) - 1)
        pooled = None
        for n, (name, stride) in enumerate(zip(self.levels, self.strides, strict=True)):
            chosen = torch.where(level == n)[0]
            part = roi_align(features[name], every[chosen], images[chosen], self.size, 1 / stride)
            if pooled is None:
                pooled = part.new_zeros(len(every), *part.shape[1:])
            pooled = pooled.index_copy(0, chosen, part)
        return pooled
