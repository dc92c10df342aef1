"""A linear layer: MatMul, Add and the output's quantizer."""

import numpy as np

from vit2rtl.golden.program.kinds.linear import centered_bias, centered_weight
from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter

# For a channel whose multiplier is zero: with accumulators below 2^31, all of its codes are zero.
_NOTHING = 2.0**-62


def nodes(converter: Converter, op: Op, x: str) -> str:
    """The weights' scale is ``s_y M / (2^n s_x)``: what the requantizer makes of theirs."""
    graph, t, source = converter.graph, op.tensors, converter.tensors[op.inputs[0]]
    factor = np.ldexp(t["multiplier"].astype(np.float64), -t["shift"].astype(np.int64))
    step = op.output.scale * np.where(factor, factor, _NOTHING)
    weight = converter.quantizers.weight(
        t["weight"].T.astype(np.int64), (step / source.scale)[np.newaxis],
        t["weight_zero_point"].astype(np.int64)[np.newaxis], op.attributes["weight_bits"])
    bias = centered_bias(op, centered_weight(op))
    y = graph.node("MatMul", x, weight)
    y = graph.node("Add", y, graph.constant(
        "bias", bias * step + converter.half_up(op.output, t["shift"])))
    return converter.quantizers.activation(y, op.output)
