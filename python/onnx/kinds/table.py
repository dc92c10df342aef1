"""The activation function for every code of its input; the code is found from the value."""

import numpy as np

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, x: str) -> str:
    graph, source, output = converter.graph, converter.tensors[op.inputs[0]], op.output
    index = graph.node("Div", x, graph.constant("index_scale", source.scale))
    index = graph.node("Add", index, graph.constant("index_zeropt", source.zero_point))
    index = graph.node("Clip", graph.node("Round", index),
                       *(graph.shared(f"index/{limit}", limit) for limit in source.limits()))
    index = graph.node("Cast", index, to=7)
    y = graph.node("Gather", graph.constant("table", op.tensors["table"], np.uint8), index)
    y = graph.node("Cast", y, to=graph.type)
    y = graph.node("Sub", y, graph.constant("table_zeropt", output.zero_point))
    y = graph.node("Mul", y, graph.constant("table_scale", output.scale))
    return converter.quantizers.activation(y, output)
