"""An integer program as an ONNX graph: each value stands for what the op's codes mean."""

import numpy as np

from vit2rtl.golden.program.program import IntegerProgram, Op, Tensor
from vit2rtl.onnx.graph import Graph
from vit2rtl.onnx.kinds import NODES
from vit2rtl.onnx.quantizers import Quantizers


class Converter:
    """Turns the ops of a program of variant ``hardware`` into nodes, by a module a kind.

    Values are reals: a uniform tensor is its codes less the zero point times the scale, as its
    quantizer node gives it. Only log√2 codes travel as codes, from their quantizer to the look-up
    of what they stand for. What several kinds need to make their nodes is here.
    """

    def __init__(self, program: IntegerProgram, graph: Graph, quantizers: Quantizers) -> None:
        self.program, self.graph, self.quantizers = program, graph, quantizers
        self.tensors = program.tensors()

    def convert(self, images: str, output: str) -> None:
        """Nodes from the value ``images`` to the value ``output``, the logits."""
        program, graph = self.program, self.graph
        graph.scope = program.image.name
        values = {program.image.name: self.quantizers.image(images, program.image)}
        for op in program.ops:
            graph.scope = op.name
            inputs = [values[name] for name in op.inputs]
            values[op.output.name] = NODES[op.kind](self, op, *inputs)
        logits = values[program.logits.name]
        if graph.dtype != np.float32:
            graph.node("Cast", logits, to=1, output=output)
        else:
            graph.node("Identity", logits, output=output)

    def quantized(self, value: str, output: Tensor) -> str:
        """The value behind the output's quantizer; a stream has none."""
        if output.encoding == "float64":
            return value
        return self.quantizers.activation(value, output)

    def split_heads(self, op: Op, which: int, value: str, *, transposed: bool = False) -> str:
        """The op's input [..., tokens, channels] as [..., heads, tokens, channels / heads], or
        transposed."""
        *lead, tokens, channels = self.tensors[op.inputs[which]].shape
        heads = op.attributes["heads"]
        value = self.reshape(value, *lead, tokens, heads, channels // heads)
        perm = swapped(len(lead))
        if transposed:
            perm[-2:] = perm[:-3:-1]
        return self.graph.node("Transpose", value, perm=perm)

    def reshape(self, value: str, *sizes: int) -> str:
        """The images stay the first axis."""
        role = f"shape/{'x'.join(map(str, sizes))}"
        return self.graph.node("Reshape", value, self.graph.shape(role, 0, *sizes))

    def producer(self, name: str) -> Op:
        """The op that gives a tensor."""
        return next(op for op in self.program.ops if op.output.name == name)

    def half_up(self, output: Tensor, shift: int | np.ndarray) -> float | np.ndarray:
        """A sum is a multiple of ``2^-n`` steps of the output: half of that added, ties round up,
        as the requantizer's do (R1), and nothing else changes."""
        if self.graph.dtype != np.float64:
            return 0.0
        return output.scale * np.ldexp(0.5, -np.asarray(shift, np.int64))


def swapped(lead: int) -> list[int]:
    """The permutation that swaps tokens and heads behind images and ``lead`` axes."""
    return [*range(lead + 1), lead + 2, lead + 1, lead + 3]
