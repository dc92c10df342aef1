"""Class tokens in front, position embedding on top: Pad and Add."""

import numpy as np

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, tokens: str) -> str:
    graph = converter.graph
    constants = op.tensors["constants"] * op.attributes["constant_scale"]
    missing = len(constants) - converter.tensors[op.inputs[0]].shape[0]
    if missing:
        tokens = graph.node("Pad", tokens,
                            graph.constant("pads", [0, missing, 0, 0, 0, 0], np.int64))
    return graph.node("Add", tokens, graph.constant("constants", constants[np.newaxis]))
