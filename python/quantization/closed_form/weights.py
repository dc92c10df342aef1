"""Weights and bias of a layer for the inputs that it will really get.

All of it works on the centered second moment C of quantized inputs: what the mean does, the bias
takes over.
"""

import torch

# Widths that the method's constants are for; rules say what more bits or fewer change.
BITS = 4
# Of the mean diagonal of C: pulls ridge regression back to the float weights, and dampens GPTQ.
RIDGE = 6.0
DAMPING = 0.01
_BLOCK = 64
# Rows that are summed together: a float64 copy of all of them would be the peak of memory.
_TOGETHER = 4096
SHRINKS = torch.linspace(0.5, 1.0, 11, dtype=torch.float64).tolist()


class Moments:
    """Of float32[n, channels] inputs: ``mean`` float64[channels], ``covariance`` float64.

    counts   float32[n, 1], how often each row counts, one on average; None: all alike
    """

    def __init__(self, x: torch.Tensor, counts: torch.Tensor | None = None) -> None:
        self.count, self.counts = len(x), counts
        self.mean = self.mean_of(x)
        # Without the mean from the start: float32 would drown small variances beside large means.
        centered = x - self.mean.to(x.dtype)
        self.covariance = (centered.T @ self.counted(centered)).double() / len(x)

    def counted(self, rows: torch.Tensor) -> torch.Tensor:
        """float32[n, channels], each row as often as it counts"""
        return rows if self.counts is None else rows * self.counts

    def mean_of(self, rows: torch.Tensor) -> torch.Tensor:
        """float32[n, channels] -> float64[channels], in pieces"""
        return torch.stack([piece.sum(0, dtype=torch.float64)
                            for piece in self.counted(rows).split(_TOGETHER)]).sum(0) / self.count

    def flat(self) -> bool:
        """Whether the inputs never change: then there is nothing to fit."""
        return not float(self.covariance.diagonal().mean()) > 0


def ridge(
    weight: torch.Tensor, residual: torch.Tensor, x: torch.Tensor, moments: Moments, *,
    strength: float = RIDGE,
) -> torch.Tensor:
    """Weights that also make up for what the inputs have lost.

    weight     float64[out, in]
    residual   float32[n, out], target less what the weight gives on the inputs
    x          float32[n, in]
    strength   λ
    returns    ``W + E[r xᵀ]_centred (C + λ mean(diag C) I)⁻¹``
    """
    covariance = moments.covariance
    cross = (moments.counted(residual).T @ x).double() / moments.count
    cross -= torch.outer(moments.mean_of(residual), moments.mean)
    pull = strength * covariance.diagonal().mean() * _identity(covariance)
    return weight + torch.linalg.solve(covariance + pull, cross.T).T


def row_ranges(
    weight: torch.Tensor, importance: torch.Tensor, levels: int, *, symmetric: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scale and zero point of every row, float64[out]: the shrunk range, zero within it, with the
    least error weighted by the inputs' variances float64[in]."""
    best = torch.full_like(weight[:, 0], torch.inf)
    scales, zero_points = torch.ones_like(best), torch.zeros_like(best)
    low, high = weight.amin(1).clamp(max=0), weight.amax(1).clamp(min=0)
    if symmetric:
        high = torch.maximum(high, -low)
        low = -high
    for shrink in SHRINKS:
        scale = ((high - low) * (shrink / (levels - 1))).clamp(min=1e-12)
        zero_point = (-low * shrink / scale).round()
        if symmetric:
            zero_point = torch.full_like(scale, levels // 2)
        error = (nearest(weight, scale, zero_point, levels) - weight).square() @ importance
        better = error < best
        best = torch.where(better, error, best)
        scales = torch.where(better, scale, scales)
        zero_points = torch.where(better, zero_point, zero_points)
    return scales, zero_points


def _identity(matrix: torch.Tensor) -> torch.Tensor:
    return torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)


def nearest(
    weight: torch.Tensor, scale: torch.Tensor, zero_point: torch.Tensor, levels: int
) -> torch.Tensor:
    """Each weight to the nearest level of its row."""
    scale, low = scale[:, None], -zero_point[:, None]
    return (weight / scale).round().clamp(low, low + (levels - 1)) * scale


def gptq(
    weight: torch.Tensor, covariance: torch.Tensor, scale: torch.Tensor,
    zero_point: torch.Tensor, levels: int, *, descents: int, damping: float = DAMPING,
) -> torch.Tensor:
    """Weights on their rows' levels, columns in order of their inputs' variance, each error made up
    for by the columns that follow (Frantar et al., ICLR 2023); then passes of coordinate descent
    on ``tr((Q - W) C (Q - W)ᵀ)``.

    weight     float64[out, in]
    descents   passes; each column to the level that is best with all others as they are
    damping    of the mean diagonal, added to the diagonal
    returns    float64[out, in]
    """
    diagonal = covariance.diagonal()
    order = diagonal.argsort(descending=True, stable=True)
    added = damping * diagonal.mean() * _identity(covariance)
    hessian = (covariance + added)[order][:, order]
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(hessian))
    upper = torch.linalg.cholesky(inverse, upper=True).float()
    original = weight[:, order].float()
    scale, low = scale.float(), -zero_point.float()
    high = low + (levels - 1)

    def level(column):
        return (column / scale).round_().clamp_(low, high).mul_(scale)

    # Columns are rows here: contiguous.
    rest, chosen = original.T.contiguous(), torch.empty_like(original.T)
    for start in range(0, len(rest), _BLOCK):
        stop = min(start + _BLOCK, len(rest))
        errors = torch.empty_like(rest[start:stop])
        for at in range(start, stop):
            chosen[at] = level(rest[at])
            error = (rest[at] - chosen[at]) / upper[at, at]
            errors[at - start] = error
            rest[at + 1:stop].addr_(upper[at, at + 1:stop], error, alpha=-1)
        rest[stop:].addmm_(upper[start:stop, stop:].T, errors, alpha=-1)
    matrix = hessian.float()
    gradient = matrix @ (chosen - original.T)
    for _ in range(descents):
        for at, row in enumerate(matrix):
            new = level(chosen[at] - gradient[at] / row[at])
            gradient.addr_(row, new - chosen[at])
            chosen[at] = new
    result = torch.empty_like(weight)
    result[:, order] = chosen.T.double()
    return result
