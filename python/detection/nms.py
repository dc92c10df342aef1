"""Non-maximum suppression in plain numbers: the same answer whatever torchvision was built for."""

import numpy as np
import torch

# Boxes that are compared with all others at a time: bounds the memory.
_ROWS = 256


def nms(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
    """Of boxes that overlap, those with the highest scores.

    Greedy: the box with the highest score stays, and all that overlap it by more than the
    threshold (intersection over union) go; then the next. Of equal scores the first comes first.

    boxes    float32[n, 4]   x1, y1, x2, y2
    scores   float32[n]
    returns  int64[kept]     indices, the highest score first
    """
    order = torch.sort(scores, descending=True, stable=True).indices.cpu().numpy()
    corners = boxes.detach().cpu().numpy()[order]
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    kept = np.ones(len(order), dtype=bool)
    for begin in range(0, len(order), _ROWS):
        rows = begin + np.flatnonzero(kept[begin : begin + _ROWS])
        sides = (np.minimum(corners[rows, None, 2:], corners[None, begin:, 2:])
                 - np.maximum(corners[rows, None, :2], corners[None, begin:, :2])).clip(min=0)
        shared = sides[..., 0] * sides[..., 1]
        # A product, not a quotient: boxes without area overlap nothing.
        apart = shared <= threshold * (areas[rows, None] + areas[None, begin:] - shared)
        for row, others in zip(rows, apart, strict=True):
            if kept[row]:
                kept[row + 1 :] &= others[row + 1 - begin :]
    return torch.from_numpy(order[kept]).to(boxes.device)


def batched_nms(
    boxes: torch.Tensor, scores: torch.Tensor, groups: torch.Tensor, threshold: float
) -> torch.Tensor:
    """:func:`nms` in each group by itself.

    groups   int64[n]       the level or the class of each box
    returns  int64[kept]    indices, the highest score first, whatever the group
    """
    kept = [members[nms(boxes[members], scores[members], threshold)]
            for members in (torch.where(groups == group)[0] for group in groups.unique())]
    chosen = torch.cat([*kept, groups.new_empty(0)]).sort().values
    return chosen[torch.sort(scores[chosen], descending=True, stable=True).indices]
