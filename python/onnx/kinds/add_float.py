"""The residual sum: Add."""

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, stream: str, branch: str) -> str:
    return converter.graph.node("Add", stream, branch)
