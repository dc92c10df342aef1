"""PTQ4ViT's search with errors weighed where they leave the block."""

import torch

from vit2rtl.quantization.apq.blocks import BlockSample
from vit2rtl.quantization.ptq4vit.operands import Operand
from vit2rtl.quantization.ptq4vit.search import AttentionProduct, LinearProduct, Product


def product_of(
    product: str, pair: tuple[Operand, Operand], sample: BlockSample, images: int
) -> Product:
    """The search of a block's matmul, ``product`` as of its
    :class:`~vit2rtl.quantization.ptq4vit.samples.Site`."""
    if not product:
        return BlockLinear(*pair, sample, images)
    return BlockAttention(*pair, sample, images, transposed=product == "qk")


class BlockLinear(LinearProduct):
    """A linear layer: an error of a token is (what is there already + Jᵀr · what is new)²."""

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


class BlockAttention(AttentionProduct):
    """The same of q·kᵀ or probabilities times v, the errors of every head by themselves."""

    def __init__(
        self, first: Operand, second: Operand, sample: BlockSample, images: int, *,
        transposed: bool,
    ) -> None:
        super().__init__(first, second, sample.gradient, images, transposed=transposed)
        self._present = sample.present[:, None]

    def _weighed(self, difference: torch.Tensor, chunk: slice, groups: int) -> torch.Tensor:
        moved = (self._gradient[chunk] * difference[..., None, :]).sum(-1)
        if groups == 1:
            moved = moved.sum(1, keepdim=True)
        return (moved + self._present[chunk]).square_().sum((0, 2, 3))
