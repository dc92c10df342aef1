"""q·kᵀ by head: one MatMul."""

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, q: str, k: str) -> str:
    left = converter.split_heads(op, 0, q)
    right = converter.split_heads(op, 1, k, transposed=True)
    return converter.graph.node("MatMul", left, right)
