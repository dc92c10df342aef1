"""The search itself: of each factor's candidates the one whose errors, weighted by gradients, are
least, the two factors in turn.

An error is a sum over images, so that it only grows as images are added: a candidate is left as
soon as it is behind the best one, and the choice is the one that all sums would give.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch

from vit2rtl.quantization.ptq4vit.operands import Operand

# Images whose errors are summed before candidates are compared again.
_TOGETHER = 4

Errors = Callable[[slice], torch.Tensor]


class Product(ABC):
    """A matmul of two factors, and how wrong it is where they are quantized.

    The error of a group of outputs is the sum of (gradient times difference) squared over them
    (Yuan et al., Eq. 10, whose Hessian is the squared gradient).
    """

    def __init__(
        self, first: Operand, second: Operand, gradient: torch.Tensor, images: int
    ) -> None:
        self.first, self.second = first, second
        self._gradient = gradient
        rows = len(gradient) // images
        self._chunks = [slice(n * rows, (n + _TOGETHER) * rows)
                        for n in range(0, images, _TOGETHER)]
        self._float = self._multiply(first.x, second.x)

    def search(self, rounds: int) -> None:
        """Choose by turns, the first factor's scale first. A turn whose other factor has not
        changed would choose the same again and is left out."""
        stale = {self.first: True, self.second: True}
        for _ in range(rounds):
            for mine, other in ((self.first, self.second), (self.second, self.first)):
                if mine.count and stale[mine]:
                    stale[mine] = False
                    partner = other.x if mine.float_partner else other.quantized()
                    changed = mine.choose(self._best(mine, self._candidates(mine, partner)))
                    stale[other] |= changed and not other.float_partner

    def _best(self, mine: Operand, candidate: Callable[[int], Errors]) -> torch.Tensor:
        """int64[groups], of a factor's candidates the best."""
        return best(mine.count, mine.groups, self._chunks, candidate)

    @abstractmethod
    def _candidates(self, mine: Operand, partner: torch.Tensor) -> Callable[[int], Errors]:
        """Of each candidate of a factor, the errors of a chunk, its partner as given."""

    @abstractmethod
    def _weighed(self, difference: torch.Tensor, chunk: slice, groups: int) -> torch.Tensor:
        """The error of a chunk, by how its outputs differ, which may be overwritten."""

    @abstractmethod
    def _multiply(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """The outputs [rows, out]."""


class LinearProduct(Product):
    """Weights [groups, out / groups, in], the first factor, and inputs [rows, in]."""

    def _multiply(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return second @ first.flatten(0, 1).T

    def _candidates(self, mine: Operand, partner: torch.Tensor) -> Callable[[int], Errors]:
        def weights(n: int) -> Errors:
            weight = mine.candidate(n, mine.x)
            return lambda chunk: self._errors(weight, partner[chunk], chunk, mine.groups)

        def inputs(n: int) -> Errors:
            return lambda chunk: self._errors(partner, mine.candidate(n, mine.x[chunk]), chunk, 1)

        return weights if mine is self.first else inputs

    def _errors(
        self, weight: torch.Tensor, x: torch.Tensor, chunk: slice, groups: int
    ) -> torch.Tensor:
        difference = torch.addmm(self._float[chunk], x, weight.flatten(0, 1).T, beta=-1)
        return self._weighed(difference, chunk, groups)

    def _weighed(self, difference: torch.Tensor, chunk: slice, groups: int) -> torch.Tensor:
        error = difference.mul_(self._gradient[chunk])
        if groups == 1:
            return torch.dot(error.view(-1), error.view(-1))
        return error.square_().sum(0).view(groups, -1).sum(1)


class AttentionProduct(Product):
    """q·kᵀ or probabilities times v, [n, heads, ...] both.

    transposed   whether the second factor is
    """

    def __init__(
        self, first: Operand, second: Operand, gradient: torch.Tensor, images: int, *,
        transposed: bool,
    ) -> None:
        self._transposed = transposed
        super().__init__(first, second, gradient, images)

    def _multiply(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return first @ (second.mT if self._transposed else second)

    def _candidates(self, mine: Operand, partner: torch.Tensor) -> Callable[[int], Errors]:
        def errors(n: int, chunk: slice) -> torch.Tensor:
            quantized = mine.candidate(n, mine.x[chunk])
            pair = (quantized, partner[chunk])
            difference = self._multiply(*(pair if mine is self.first else pair[::-1]))
            return self._weighed(difference.sub_(self._float[chunk]), chunk, mine.groups)

        return lambda n: lambda chunk: errors(n, chunk)

    def _weighed(self, difference: torch.Tensor, chunk: slice, groups: int) -> torch.Tensor:
        heads = difference.mul_(self._gradient[chunk]).square_().sum((2, 3)).sum(0)
        return heads if groups > 1 else heads.sum()


def product_of(
    product: str, pair: tuple[Operand, Operand], gradient: torch.Tensor, images: int
) -> Product:
    """The search of a matmul by what it gives, ``product`` as of its
    :class:`~vit2rtl.quantization.ptq4vit.samples.Site`."""
    if not product:
        return LinearProduct(*pair, gradient, images)
    return AttentionProduct(*pair, gradient, images, transposed=product == "qk")


def best(
    count: int, groups: int, chunks: Sequence[slice], candidate: Callable[[int], Errors]
) -> torch.Tensor:
    """The candidate of the least error in all chunks, for every group; of equal ones the first.

    candidate   n -> (chunk -> float[groups] errors of that chunk, none negative)
    returns     int64[groups]
    """
    first, *rest = chunks
    totals = torch.stack([
        torch.as_tensor(candidate(n)(first), dtype=torch.float64).view(groups)
        for n in range(count)])
    if not torch.isfinite(totals).all():
        raise ValueError("Calibration met values that are not finite (NaN or infinity)")
    bound = torch.full_like(totals[0], torch.inf)
    # The most promising first: others are then left early.
    for n in (totals / totals.amin(0).clamp(min=1e-300)).sum(1).argsort().tolist():
        errors = candidate(n)
        for chunk in rest:
            if (totals[n] > bound).all():
                break
            totals[n] += errors(chunk)
        else:
            bound = torch.minimum(bound, totals[n])
    return totals.argmin(0)
