"""What a matmul's error does to its block's output, everything before it in there quantized.

To first order the block's output moves by J d where the matmul's moves by d. With w the weight of
an error of each output and r random signs, (r · w J d)² is the weighed square of that on average,
as products of different outputs cancel: for w J d = (3, 4) it is (3 ± 4)², 49 or 1, in the mean 25.
And r · w J d = g · d, where g = Jᵀ(w r) is a gradient: one backward pass for each draw of signs
serves every candidate. Of what all matmuls but qkv give, a token of the output depends on that
token alone: each is a draw of its own.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from vit2rtl.quantization.ptq4vit.samples import (
    GRADIENT_UNIT,
    TOGETHER,
    Loss,
    Sample,
    Site,
    TracedNetwork,
)
from vit2rtl.quantization.structure import Block, Structure

# Draws of signs for each output.
_DRAWS = 4
# Of an image's outputs of a block, the share that counts: those of the largest gradients.
_KEPT = 0.5


@dataclass
class Passage:
    """A block of the float network on the calibration images, float32[n, ..., channels] each.

    weight   of an error of the output: the loss's gradient by it, or 0 where that is small
    """

    input: torch.Tensor
    output: torch.Tensor
    weight: torch.Tensor


@dataclass
class BlockSample(Sample):
    """A matmul's operands in the block, and what an error of the matmul does to the block's output.

    gradient   Jᵀ(w r): float32[..., draws, out] of a linear layer's float32[..., out], of attention
               float32[n, heads, tokens, draws, keys or depth]
    present    r · w times the error that the output has by now, a sum for each token: float32
               [..., draws] of a linear layer, [n, tokens, draws] of attention
    """

    present: torch.Tensor


def passages(
    structure: Structure, images: torch.Tensor, loss: Loss, seed: int = 0
) -> dict[str, Passage]:
    """What enters and leaves each block of the float network, by the blocks' names."""
    parts: dict[str, tuple[list, list, list]] = {
        block.name: ([], [], []) for block in structure.blocks}
    hooks = [block.module.register_forward_hook(_keep(*parts[block.name]))
             for block in structure.blocks]
    generator = torch.Generator().manual_seed(seed)
    try:
        with TracedNetwork(structure, [], lambda *_: None), torch.enable_grad():
            for batch in images.split(TOGETHER):
                (loss(structure.network(batch), generator) * GRADIENT_UNIT).backward()
    finally:
        for hook in hooks:
            hook.remove()
    return {name: Passage(torch.cat(inputs), torch.cat(outputs),
                          largest(torch.cat(gradients), _KEPT))
            for name, (inputs, outputs, gradients) in parts.items()}


def _keep(inputs: list, outputs: list, gradients: list) -> Callable[..., None]:
    def hook(
        module: nn.Module, arguments: tuple[torch.Tensor, ...], output: torch.Tensor
    ) -> None:
        if not output.requires_grad:
            output.requires_grad_()
        inputs.append(arguments[0].detach())
        outputs.append(output.detach())
        output.register_hook(gradients.append)

    return hook


def largest(gradient: torch.Tensor, share: float) -> torch.Tensor:
    """float[n, ...] with all but the largest magnitudes of each image zero.

    share   of its numbers that stay, rounded; equal ones stay together
    """
    magnitudes = gradient.abs().flatten(1)
    count = magnitudes.shape[1]
    place = count - max(1, round(share * count)) + 1
    bound = magnitudes.kthvalue(place, dim=1).values
    return gradient * (gradient.abs() >= bound.view(-1, *[1] * (gradient.ndim - 1)))


def sample(
    structure: Structure, block: Block, site: Site, calibrated: Collection[Site],
    passage: Passage, generator: torch.Generator,
) -> BlockSample:
    """A matmul of a block.

    calibrated   those that are quantized; others are in float
    generator    of the signs
    """
    operands: list[tuple[torch.Tensor, ...]] = []
    traced: list[torch.Tensor] = []

    def seen(site: Site, factors: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        traced.append(output.requires_grad_())
        operands.append(tuple(factor.detach() for factor in factors))

    gradients, present = [], []
    batches = (part.split(TOGETHER) for part in (passage.input, passage.output, passage.weight))
    with TracedNetwork(structure, [site], seen, calibrated), torch.enable_grad():
        for x, due, weight in zip(*batches, strict=True):
            output = block.module(x)
            gradient, own = _projected(
                output, traced.pop(), output.detach() - due, weight, generator)
            gradients.append(gradient)
            present.append(own)
    now = torch.cat(present)
    if block.attention.arrange is not None and site.name.startswith(block.attention.name):
        now = block.attention.arrange(now)
    return BlockSample(tuple(map(torch.cat, zip(*operands, strict=True))),
                       torch.cat(gradients), now)


def _projected(
    output: torch.Tensor, matmul: torch.Tensor, error: torch.Tensor, weight: torch.Tensor,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Jᵀ(w r) and r · w times the error that there is, some draws of r."""
    gradients, present = [], []
    for draw in range(_DRAWS):
        signs = torch.randint(0, 2, output.shape, generator=generator) * 2 - 1
        signed = signs.to(weight.device) * weight
        gradients += torch.autograd.grad(output, matmul, signed, retain_graph=draw < _DRAWS - 1)
        present.append((signed * error).sum(-1))
    return torch.stack(gradients, -2), torch.stack(present, -1)


def sites_of(block: Block, sites: Collection[Site]) -> Iterator[Site]:
    """Those in a block, in their order."""
    modules = {*block.module.modules()}
    return (site for site in sites if site.module in modules)
