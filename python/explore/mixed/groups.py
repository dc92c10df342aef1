"""What gets its width together: a layer, or all that one attention multiplies.

A group is described by names and sizes alone, so that costs and searches need no torch.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from vit2rtl.quantization.widths import rules_of

if TYPE_CHECKING:
    from vit2rtl.quantization.structure import Structure

# Of weights and of activations.
Pair = tuple[int, int]


@dataclass(frozen=True)
class Product:
    """A matrix product of one image, ``copies`` times: ``[rows, inner] × [inner, columns]``.

    left      quantity that streams through the array; "" for the image
    right     quantity that is stationary there: weights, or the other factor in attention
    needed    rows and columns that something reads: in the last block, where the classifiers read
              only the class tokens, the engine computes no others
    on_array  attention × V has a unit of its own
    """

    left: str
    right: str
    rows: int
    inner: int
    columns: int
    copies: int = 1
    needed: tuple[int, int] | None = None
    on_array: bool = True

    @property
    def macs(self) -> int:
        return self.copies * self.rows * self.inner * self.columns


@dataclass(frozen=True)
class Group:
    """Quantities that get their widths together, and the products that they are factors of.

    name         of the layer, ``blocks.0.attn.qkv``, or of the attention, ``blocks.0.attn``
    weights      names of the quantities that the width of weights is for; an attention has none
    activations  names of those that the width of activations is for; none of the layer that takes
                 the image, whose bits are given
    """

    name: str
    weights: tuple[str, ...]
    activations: tuple[str, ...]
    products: tuple[Product, ...]

    def pairs(self, bits: Iterable[int], *, apart: bool) -> list[Pair]:
        """What the group can have of these widths: equal ones, or every combination."""
        chosen = sorted(set(bits))
        if not (apart and self.weights and self.activations):
            return [(each, each) for each in chosen]
        return [(weights, activations) for weights in chosen for activations in chosen]

    def bits(self, pair: Pair) -> dict[str, int]:
        """Of each quantity, where the group has these widths."""
        weights, activations = pair
        return {**dict.fromkeys(self.weights, weights),
                **dict.fromkeys(self.activations, activations)}

    def rule(self, pair: Pair) -> str:
        """The rule of :mod:`vit2rtl.quantization.widths` that gives the group these widths."""
        weights, activations = pair
        names = ",".join((*self.weights, *self.activations))
        (rule,) = rules_of([f"{names}=w{weights}a{activations}"])
        return rule


def groups_of(structure: "Structure") -> list[Group]:
    """Of a quantized network, calibrated or not: each layer, and each attention, in order.

    q, k, v and the softmax codes of an attention are one group.
    """
    import torch

    from vit2rtl.quantization.float_pass import float_pass

    sizes = _Sizes()
    with torch.inference_mode():
        float_pass(structure, torch.zeros(1, *structure.input_size), sizes)
    known = structure.quantities()
    attentions = {attention.module.qkv: attention for attention in structure.attentions}
    groups = []
    for layer in structure.layers:
        place, attention = layer.place, attentions.get(layer.module)
        left = place.input if place.input in known else ""
        rows, inner, columns = sizes.products[layer.module]
        last = place.block == len(structure.blocks) - 1
        read = structure.class_tokens if last and structure.class_tokens else rows
        parts = [(rows, columns, read)]
        if attention:
            asking = attention.module.queries or rows
            parts = [(asking, columns // 3, min(asking, read)), (rows, columns // 3 * 2, rows)]
        groups.append(Group(place.name, (place.weight,), (left,) if left else (), tuple(
            Product(left, place.weight, tokens, inner, outputs, needed=(few, outputs))
            for tokens, outputs, few in parts)))
        if attention:
            q, k, v = place.outputs
            copies, queries, tokens, depth = sizes.attentions[attention.module]
            groups.append(Group(attention.name, (), (q, k, v, place.softmax), (
                Product(k, q, tokens, depth, queries, copies, (tokens, min(queries, read))),
                Product(place.softmax, v, queries, tokens, depth, copies, on_array=False))))
    return groups


class _Sizes:
    """Sizes of products, as one image passes by."""

    def __init__(self) -> None:
        self.products: dict[Any, tuple[int, int, int]] = {}
        self.attentions: dict[Any, tuple[int, int, int, int]] = {}

    def linear(self, layer: Any, x: Any, y: Any) -> None:
        self.products[layer] = (x.numel() // x.shape[-1], x.shape[-1], y.shape[-1])

    def attention(self, attention: Any, logits: Any, mixed: Any) -> None:
        copies, (queries, tokens) = prod(logits.shape[:2]), logits.shape[2:]
        self.attentions[attention] = (copies, queries, tokens, mixed.shape[-1])

    def norm(self, norm: Any, x: Any) -> None:
        pass
