"""The search for scales whose outputs correlate best with the float ones, and keep their order.

Two factors of a matmul by turns, as PTQ4ViT has it, with another score. A correlation is no sum
over images, but sums give it: with d = Ô - O, Cov(O, Ô) = Var O + Cov(O, d) and Var Ô = Var O +
2 Cov(O, d) + Var d. They are of d rather than of Ô, as 1 - r is small beside 1: single precision
would not tell 8-bit candidates apart otherwise.
"""

from collections.abc import Callable, Iterator
from math import sqrt

import torch

from vit2rtl.quantization.ptq4vit.operands import Operand
from vit2rtl.quantization.ptq4vit.search import (
    AttentionProduct,
    Errors,
    LinearProduct,
    Product,
)

# Of the calibration images, in groups of four, so many groups judge.
_JUDGES = 2
# Of the attention's logits: how far apart a pair is to stay, and what it counts where it does not.
_MARGIN, _WEIGHT = 0.2, 0.1


class _Correlated(Product):
    """A matmul whose candidates are judged by statistics of its outputs."""

    def __init__(self, first: Operand, second: Operand, gradient: torch.Tensor, images: int,
                 **options: bool) -> None:
        super().__init__(first, second, gradient, images, **options)
        self._chunks = self._chunks[::-(-len(self._chunks) // _JUDGES)]

    def _best(self, mine: Operand, candidate: Callable[[int], Errors]) -> torch.Tensor:
        """The first one of the largest score; a factor here has one scale."""
        sums = torch.stack([
            torch.stack([errors(chunk) for chunk in self._chunks]).sum(0)
            for errors in map(candidate, range(mine.count))])
        if not torch.isfinite(sums).all():
            raise ValueError("Calibration met values that are not finite (NaN or infinity)")
        scores = torch.tensor([*map(self._score, sums)], dtype=torch.float64)
        return scores.argmax().view(1)

    def _weighed(self, difference: torch.Tensor, chunk: slice, groups: int) -> torch.Tensor:
        """float64: what :meth:`_score` takes, a sum over the chunk."""
        return moments(self._float[chunk], difference)

    def _score(self, sums: torch.Tensor) -> float:
        return correlation(*sums.tolist())


class CorrelatedLinear(_Correlated, LinearProduct):
    """A linear layer, its outputs without the bias."""


class CorrelatedAttention(_Correlated, AttentionProduct):
    """Probabilities times v."""


class RankedAttention(CorrelatedAttention):
    """q·kᵀ, whose order in each row is to stay.

    scale   what logits are multiplied by
    """

    def __init__(self, first: Operand, second: Operand, gradient: torch.Tensor, images: int,
                 scale: float) -> None:
        super().__init__(first, second, gradient, images, transposed=True)
        self._scale = scale

    def _weighed(self, difference: torch.Tensor, chunk: slice, groups: int) -> torch.Tensor:
        logits = self._float[chunk]
        lost, pairs = ranking(logits * self._scale, (logits + difference) * self._scale)
        return torch.cat([moments(logits, difference), torch.stack([lost, pairs])])

    def _score(self, sums: torch.Tensor) -> float:
        *own, lost, pairs = sums.tolist()
        return correlation(*own) - _WEIGHT * lost / max(pairs, 1)


def moments(due: torch.Tensor, difference: torch.Tensor) -> torch.Tensor:
    """float64[6]: how many, ΣO, Σd, ΣO², ΣO d, Σd² of outputs O and their differences d."""
    o, d = due.flatten(), difference.flatten()
    sums = [o.sum(), d.sum(), o.dot(o), o.dot(d), d.dot(d)]
    return torch.tensor([o.numel(), *map(float, sums)], dtype=torch.float64, device=due.device)


def correlation(count: float, o: float, d: float, oo: float, od: float, dd: float) -> float:
    """Pearson's, of O and O + d, by what :func:`moments` gives; 0 where one is constant."""
    variance = oo - o * o / count
    covariance = od - o * d / count
    other = variance + 2 * covariance + dd - d * d / count
    bound = variance * other
    return (variance + covariance) / sqrt(bound) if min(variance, other, bound) > 0 else 0.0


def ranking(due: torch.Tensor, quantized: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of max(0, margin - (Â_i - Â_j) sign(A_i - A_j)) over pairs of each row, and their number,
    float64 both.

    due, quantized   float32[..., keys]: A and Â

    Pairs are those of a distance that is a power of two, around the end of the row: of 197 keys 8
    times 197 rather than 98 times.
    """
    lost = torch.zeros((), dtype=torch.float64, device=due.device)
    pairs = 0
    for distance in _distances(due.shape[-1]):
        order = (due - due.roll(-distance, -1)).sign_()
        kept = (quantized - quantized.roll(-distance, -1)).mul_(order)
        lost += (_MARGIN - kept).clamp_(min=0).sum()
        pairs += due.numel()
    return lost, torch.full_like(lost, pairs)


def _distances(keys: int) -> Iterator[int]:
    distance = 1
    while distance < keys:
        yield distance
        distance *= 2
