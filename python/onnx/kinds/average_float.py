"""The mean of the heads' logits: Add and Div."""

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, *heads: str) -> str:
    graph, (total, *others) = converter.graph, heads
    for head in others:
        total = graph.node("Add", total, head)
    if others:
        total = graph.node("Div", total, graph.constant("heads", len(heads)))
    return converter.reshape(total, *op.output.shape)
