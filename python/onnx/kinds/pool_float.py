"""The mean of the tokens: ReduceMean, and the quantizer behind it if there is one."""

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, x: str) -> str:
    mean = converter.graph.node("ReduceMean", x, axes=[1], keepdims=1)
    return converter.quantized(mean, op.output)
