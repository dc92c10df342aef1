"""Ranges of uniform quantizers and scales of logarithmic ones, from data.

As in the authors' code, the clipping percentile is chosen from {0.999, 0.9999, 0.99999} by the mean
squared error of the quantized tensor. They sort every tensor once for each of six quantiles; here
one pass finds the few values that lie in the tails, and all candidates are interpolated from those.
"""

from collections.abc import Callable

import torch

PERCENTILES = (0.999, 0.9999, 0.99999)
# torch.quantile computes ranks in float32 and refuses more elements than float32 counts exactly.
_FLOAT32_RANKS = 1 << 24
# Elements that torch handles in one thread (its grain size), in the cache.
_CHUNK = 1 << 15
# A range narrower than this fraction of its magnitude is a constant: float32 codes of it would be
# rounding noise (24 bits, less the 8 of a code).
_CONSTANT = 2.0**-16


def percentile_ranges(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Candidate ranges of every row, one for each percentile, linearly interpolated.

    rows     float[channels, n]
    returns  (float[3, channels], float[3, channels])  lower and upper ends; equal to
             ``torch.quantile(rows, 1 - p)`` and ``torch.quantile(rows, p)`` bit for bit
    """
    n = rows.shape[1]
    # In float32, as torch.quantile has it; above its limit in float64, as numpy.percentile has it.
    ranks_dtype = rows.dtype if n <= _FLOAT32_RANKS else torch.float64
    percentiles, complements = (
        torch.tensor(shares, dtype=ranks_dtype, device=rows.device)
        for shares in (PERCENTILES, [1 - p for p in PERCENTILES]))
    upper_ranks, lower_ranks = percentiles * (n - 1), complements * (n - 1)
    keep = max(n - int(upper_ranks.min()), int(lower_ranks.max().ceil()) + 1)
    largest, smallest = _tail(rows, keep, largest=True), _tail(rows, keep, largest=False)
    upper = [_interpolate(largest.flip(1), rank, n - keep) for rank in upper_ranks]
    lower = [_interpolate(smallest, rank, 0) for rank in lower_ranks]
    return torch.stack(lower), torch.stack(upper)


def _interpolate(ordered, rank, first):
    """Value at a fractional rank; ``ordered[:, 0]`` is the order statistic ``first``."""
    below, above = int(rank), int(rank.ceil())
    weight = (rank - below).to(ordered.dtype)
    return ordered[:, below - first].lerp(ordered[:, above - first], weight)


def _tail(rows, count, *, largest):
    """The ``count`` largest (or smallest) values of every row, sorted from the extreme inwards."""
    n = rows.shape[1]
    if rows.shape[0] > 1 or n < 16 * _CHUNK:
        return rows.topk(min(count, n), dim=1, largest=largest).values
    # A long row: a sample gives a threshold that about twice as many values pass; those are sorted.
    row = rows[0]
    sample = row[:: n // (2 * _CHUNK)]
    guess = min(len(sample), 2 * count * len(sample) // n + 8)
    threshold = sample.topk(guess, largest=largest).values[-1]
    passed = row[row >= threshold] if largest else row[row <= threshold]
    if len(passed) < count:
        passed = row
    return passed.topk(count, largest=largest).values[None]


def best_uniform(
    rows: torch.Tensor, levels: int, *, symmetric: bool = False
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Scale and zero point of every row: the percentile range with the lowest error (Eq. 9).

    rows       float[channels, n]
    levels     number of codes, ``2**bits``
    symmetric  ranges reach as far below zero as above: every zero point is ``levels / 2``
    returns    (scale float[channels], zero_point float[channels] holding integers,
               constant bool[channels])

    A constant row c gets scale \\|c\\| and the zero point that represents it exactly. The zero
    point is not clamped: a channel of one sign keeps its offset in it.
    """
    lower, upper = percentile_ranges(rows)
    true_lower, true_upper = rows.amin(1), rows.amax(1)
    magnitude = torch.maximum(true_lower.abs(), true_upper.abs())
    constant = true_upper - true_lower <= _CONSTANT * magnitude
    valid = upper - lower > _CONSTANT * magnitude
    # Where a percentile leaves nothing (a channel constant but for outliers) the full range serves.
    upper, lower = torch.where(valid, upper, true_upper), torch.where(valid, lower, true_lower)
    if symmetric:
        upper = torch.maximum(lower.abs(), upper.abs())
        lower = -upper
    steps = ((upper - lower) / (levels - 1)).clamp(min=torch.finfo(rows.dtype).tiny)
    scales = torch.where(constant, torch.ones_like(upper), steps)
    middle = torch.full_like(true_lower, levels // 2)
    zero_points = middle.expand_as(scales) if symmetric else torch.round(-lower / scales)
    errors = torch.stack([
        squared_error(rows, lambda x, at, s=s, z=z: uniform(x, s[at], z[at], levels))
        for s, z in zip(scales, zero_points, strict=True)
    ])
    best = errors.argmin(0)
    row = torch.arange(len(best), device=rows.device)
    value = (true_lower + true_upper) / 2
    scale = torch.where(constant & (value != 0), value.abs(), scales[best, row])
    of_constant = middle if symmetric else (value < 0).to(rows.dtype)
    zero_point = torch.where(constant, of_constant, zero_points[best, row])
    return scale, zero_point, constant


def best_scale(values: torch.Tensor, fake_quantize: Callable[..., torch.Tensor]) -> torch.Tensor:
    """Scale of a logarithmic quantizer: the percentile with the lowest error.

    values         float[n], not negative
    fake_quantize  (values, scale) -> quantized values
    returns        float[] scale
    """
    _, candidates = percentile_ranges(values[None])
    scales = candidates[:, 0].clamp(min=torch.finfo(values.dtype).tiny)
    errors = [squared_error(values[None], lambda x, at, s=s: fake_quantize(x, s)) for s in scales]
    return scales[int(torch.stack(errors).argmin())]


def uniform(
    x: torch.Tensor, scale: torch.Tensor, zero_point: torch.Tensor, levels: int
) -> torch.Tensor:
    """Uniform quantization and dequantization (Eqs. 7-8), round half to even.

    ``scale * (clip(round(x / scale) + z, 0, levels - 1) - z)`` with z moved into the clip.
    """
    low = -zero_point
    return (x / scale).round_().clamp_(low, low + (levels - 1)).mul_(scale)


def squared_error(rows: torch.Tensor, fake_quantize: Callable[..., torch.Tensor]) -> torch.Tensor:
    """Mean squared error of every row, in pieces that stay in the cache.

    fake_quantize  (piece float[k, n], rows index) -> float[k, n]; per-row parameters indexed by
                   the second argument have shape [k, 1]
    """
    channels, n = rows.shape
    if channels == 1:
        total = sum(
            float((fake_quantize(piece, (slice(None), None)) - piece).square_().sum())
            for piece in rows.split(_CHUNK, dim=1)
        )
        return torch.tensor([total / n], dtype=torch.float64, device=rows.device)
    step = max(1, _CHUNK // n)
    pieces = (slice(start, start + step) for start in range(0, channels, step))
    return torch.cat([
        (fake_quantize(rows[at], (at, None)) - rows[at]).square_().mean(1, dtype=torch.float64)
        for at in pieces
    ])
