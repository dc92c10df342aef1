"""Tokens in another order: Gather, between Reshapes where they have more than one axis."""

from math import prod

import numpy as np

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, x: str) -> str:
    if "pad" in op.tensors:
        raise ValueError(f"op {op.name!r}: tokens that are filled up have no form in ONNX")
    shape = converter.tensors[op.inputs[0]].shape
    if len(shape) > 2:
        x = converter.reshape(x, prod(shape[:-1]), shape[-1])
    index = converter.graph.constant("index", op.tensors["index"].reshape(-1), np.int64)
    return converter.reshape(converter.graph.node("Gather", x, index, axis=1), *op.output.shape)
