"""Softmax, rounded half to even to 16 bits, and its log√2 code."""

import math

import numpy as np

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.program.kinds.softmax_float import MASKED, PROBABILITY_BITS
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.onnx.converter import Converter
from vit2rtl.onnx.graph import Graph


def nodes(converter: Converter, op: Op, products: str) -> str:
    graph, a = converter.graph, op.attributes
    q, k = (converter.tensors[name].scale for name in converter.producer(op.inputs[0]).inputs)
    x = graph.node("Mul", products, graph.constant("logit_scale", a["logit_scale"] / (q * k)))
    shift: float | np.ndarray = 0.0 + op.tensors.get("bias", 0.0)
    if "mask" in op.tensors:
        shift = shift + MASKED * op.tensors["mask"][:, np.newaxis]
    if np.ndim(shift):
        x = graph.node("Add", x, graph.constant("bias", shift))
    x = graph.node("Softmax", x, axis=-1)
    x = graph.node("Mul", x, graph.shared("probability/one", 1 << PROBABILITY_BITS))
    x = graph.node("Min", graph.node("Round", x),
                   graph.shared("probability/top", (1 << PROBABILITY_BITS) - 1))
    return log_sqrt2_code(graph, x, op.output, a["zero_code"])


def log_sqrt2_code(graph: Graph, probability: str, output: Tensor, zero_code: str) -> str:
    """Codes of probabilities in units of 2^-16: ``round(-2 log2(p / s))``, clipped.

    No probability of 16 bits is so near a threshold that float64 would decide otherwise than the
    integers of :func:`vit2rtl.golden.arithmetic.log_sqrt2.quantize`; a zero gives infinity, and the
    last code.
    """
    x = graph.node("Mul", graph.node("Log", probability),
                   graph.shared("log_sqrt2/steps", -2 / math.log(2)))
    whole = output.scale * (1 << PROBABILITY_BITS)
    x = graph.node("Add", x, graph.constant("log_sqrt2_offset", 2 * math.log2(whole)))
    last = log_sqrt2.code_count(output.bits, zero_code) - 1
    x = graph.node("Clip", graph.node("Round", x), graph.shared("zero", 0),
                   graph.shared(f"log_sqrt2/last/{last}", last))
    return graph.node("Cast", x, to=7, output=output.name)
