"""A network as the engine sees it: its ops and their shapes, and which widths a recipe may choose.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from vit2rtl.golden.program.kinds.linear import centered_weight
from vit2rtl.golden.program.program import IntegerProgram, Op
from vit2rtl.quantization.widths import Rules, width

# What a network is lowered at: tensors of so many bits are those whose width is a choice.
BITS = 4
_IMAGE_BITS = 8
_KEPT = ("heads", "patch", "tokens")


@dataclass(frozen=True)
class OpShape:
    """An op: its kind, inputs, and output.

    shape      of the output
    bits       of the output, where no recipe chooses them; 0 where one does
    signed     codes of the output
    quantity   name of the output's width, as rules of ``bits_of`` match it
    weight     (name of the weights' width, outputs, inputs) of a linear layer
    reach      of its accumulators: their bound, with the weights that the network has, over the
               product of the largest code and the largest weight
    attributes heads of attention, the patch, the tokens that are selected
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    output: str
    shape: tuple[int, ...]
    bits: int
    signed: bool
    quantity: str = ""
    weight: tuple[str, int, int] | None = None
    reach: float = 0.0
    attributes: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Shapes:
    """Of a network: the image's shape, its ops in order, and quantities with fixed defaults.

    fixed   {quantity: bits where no rule matches it}: the image is quantized to 8
    """

    image: tuple[int, ...]
    ops: tuple[OpShape, ...]
    fixed: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_dict(cls, data: Mapping[str, Any]) -> Self:
        """The shapes of :meth:`as_dict`, through JSON."""
        ops = []
        for op in data["ops"]:
            fields: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in op.items()}
            ops.append(OpShape(**fields))
        return cls(tuple(data["image"]), tuple(ops), data["fixed"])

    @classmethod
    def of_program(cls, program: IntegerProgram) -> Self:
        """Of a program of variant ``integer`` with 4 bits everywhere."""
        takers = {name: op for op in program.ops for name in op.inputs}
        fixed: dict[str, int] = {}
        ops = []
        for op in program.ops:
            quantity = op.output.name if op.output.bits == BITS else ""
            if op.kind == "patches":
                quantity = f"{takers[op.output.name].name}.input"
                fixed[quantity] = _IMAGE_BITS
            weight = (_weight_name(op), *op.tensors["weight"].shape) if (
                op.kind == "linear") else None
            ops.append(OpShape(
                op.name, op.kind, op.inputs, op.output.name, op.output.shape,
                0 if quantity else op.output.bits, op.output.signed, quantity, weight,
                _reach(op) if weight else 0.0,
                {key: op.attributes[key] for key in _KEPT if key in op.attributes}))
        return cls(program.image.shape, tuple(ops), fixed)

    def widths(self, weights: int, activations: int, rules: Rules = ()) -> dict[str, int]:
        """Bits of every quantity, by name."""
        names = [op.quantity for op in self.ops if op.quantity]
        names += [op.weight[0] for op in self.ops if op.weight]
        return {name: width(name, rules, weight=weights,
                            activation=self.fixed.get(name, activations)) for name in names}

    def layers(self, widths: Mapping[str, int]) -> dict[str, tuple[int, int]]:
        """{layer: (bits of its weights, of its input)}, in network order."""
        bits = {op.output: widths[op.quantity] for op in self.ops if op.quantity}
        return {op.weight[0].removesuffix(".weight"): (widths[op.weight[0]], bits[op.inputs[0]])
                for op in self.ops if op.weight}


def _weight_name(op: Op) -> str:
    """q, k and v are rows of one layer's weights."""
    layer, _, part = op.name.rpartition(".")
    return f"{layer if part in ('q', 'k', 'v') else op.name}.weight"


def _reach(op: Op) -> float:
    """Of a code with any zero point: a row's weights of one sign, in units of the largest."""
    weight = centered_weight(op)
    sums = [np.where(weight * sign > 0, weight * sign, 0).sum(axis=1).max() for sign in (1, -1)]
    return round(max(sums) / ((1 << BITS) - 1), 2)
