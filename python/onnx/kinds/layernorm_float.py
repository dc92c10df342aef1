"""LayerNormalization, and the quantizer behind it if there is one."""

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, x: str) -> str:
    graph = converter.graph
    factors = (graph.constant(role, op.tensors[role]) for role in ("gamma", "beta"))
    y = graph.node("LayerNormalization", x, *factors, axis=-1, epsilon=op.attributes["epsilon"])
    return converter.quantized(y, op.output)
