"""PTQ4ViT's search with errors weighed where they leave the block.

An error of a token is (what is there already + g · d)², d = Ô - O what a candidate changes. Where
the candidates are those of a row's own factor, Ô = x̂ P by the partner P as it is, and g · Ô =
(P g) · x̂: P g is the same for all, so that none of them is multiplied by P.
"""

from collections.abc import Callable

import torch

from vit2rtl.quantization.apq.blocks import BlockSample
from vit2rtl.quantization.ptq4vit.operands import Operand
from vit2rtl.quantization.ptq4vit.search import AttentionProduct, Errors, LinearProduct, Product


def product_of(
    product: str, pair: tuple[Operand, Operand], sample: BlockSample, images: int
) -> Product:
    """The search of a block's matmul, ``product`` as of its
    :class:`~vit2rtl.quantization.ptq4vit.samples.Site`."""
    if not product:
        return BlockLinear(*pair, sample, images)
    return BlockAttention(*pair, sample, images, transposed=product == "qk")


class BlockLinear(LinearProduct):
    """A linear layer."""

    def __init__(
        self, first: Operand, second: Operand, sample: BlockSample, images: int
    ) -> None:
        # [rows, groups, draws, out / groups]
        gradient = sample.gradient.flatten(0, -3).unflatten(-1, (first.groups, -1)).transpose(1, 2)
        super().__init__(first, second, gradient.contiguous(), images)
        self._present = sample.present.flatten(0, -2)[:, None]

    def _weighed(self, difference: torch.Tensor, chunk: slice, groups: int) -> torch.Tensor:
        gradient = self._gradient[chunk]
        parts = difference.view(*gradient.shape[:2], 1, -1)
        moved = (gradient * parts).sum(-1)
        if groups == 1:
            moved = moved.sum(1, keepdim=True)
        return (moved + self._present[chunk]).square_().sum((0, 2))

    def _candidates(self, mine: Operand, partner: torch.Tensor) -> Callable[[int], Errors]:
        if mine is self.first:
            return super()._candidates(mine, partner)
        whole = self._gradient.transpose(1, 2).flatten(2)                   # [rows, draws, out]
        through = whole @ partner.flatten(0, 1)                             # [rows, draws, in]
        offset = self._present[:, 0] - (whole * self._float[:, None]).sum(-1)

        def errors(n: int, chunk: slice) -> torch.Tensor:
            inputs = mine.candidate(n, mine.x[chunk])[:, None]
            return (through[chunk] * inputs).sum(-1).add_(offset[chunk]).square_().sum()

        return lambda n: lambda chunk: errors(n, chunk)


class BlockAttention(AttentionProduct):
    """q·kᵀ or probabilities times v, the errors of every head by themselves."""

    def __init__(
        self, first: Operand, second: Operand, sample: BlockSample, images: int, *,
        transposed: bool,
    ) -> None:
        super().__init__(first, second, sample.gradient, images, transposed=transposed)
        self._present = sample.present[:, None]

    def _weighed(self, difference: torch.Tensor, chunk: slice, groups: int) -> torch.Tensor:
        moved = (self._gradient[chunk] * difference[..., None, :]).sum(-1)
        return self._squares(moved, self._present[chunk], groups)

    def _squares(
        self, moved: torch.Tensor, present: torch.Tensor, groups: int
    ) -> torch.Tensor:
        if groups == 1:
            moved = moved.sum(1, keepdim=True)
        return (moved + present).square_().sum((0, 2, 3))

    def _candidates(self, mine: Operand, partner: torch.Tensor) -> Callable[[int], Errors]:
        if mine is self.second:
            return super()._candidates(mine, partner)
        matrix = partner if self._transposed else partner.mT
        gradient = self._gradient                                # [n, heads, tokens, draws, out]
        through = (gradient.flatten(2, 3) @ matrix).unflatten(2, gradient.shape[2:4])
        before = (gradient * self._float[..., None, :]).sum(-1)

        def errors(n: int, chunk: slice) -> torch.Tensor:
            rows = mine.candidate(n, mine.x[chunk])[..., None, :]
            moved = (through[chunk] * rows).sum(-1).sub_(before[chunk])
            return self._squares(moved, self._present[chunk], mine.groups)

        return lambda n: lambda chunk: errors(n, chunk)
