"""Attention times V: each code's share of ``(E M_E + O M_O) / 2^n`` as a factor, one MatMul."""

import numpy as np

from vit2rtl.golden.arithmetic import attention_value
from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter, swapped


def nodes(converter: Converter, op: Op, codes: str, v: str) -> str:
    graph, a, output = converter.graph, op.attributes, op.output
    multipliers = attention_value.Multipliers(*a["multipliers"])
    even, odd = attention_value.shifted_ones(a["softmax_bits"], a["zero_code"])
    shares = even * multipliers.even + odd * multipliers.odd
    shares = np.ldexp(shares.astype(np.float64), -multipliers.shift)
    step = output.scale / converter.tensors[op.inputs[1]].scale
    factors = graph.node("Gather", graph.constant("factors", shares * step), codes)
    y = graph.node("MatMul", factors, converter.split_heads(op, 1, v))
    y = graph.node("Transpose", y, perm=swapped(len(output.shape) - 2))
    y = converter.reshape(y, *output.shape)
    half = converter.half_up(output, multipliers.shift)
    if half:
        y = graph.node("Add", y, graph.constant("half_up", half))
    return converter.quantizers.activation(y, output)
