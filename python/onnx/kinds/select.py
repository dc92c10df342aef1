"""Some of the tokens: Gather."""

import numpy as np

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, x: str) -> str:
    index = converter.graph.constant("tokens", op.attributes["tokens"], np.int64)
    return converter.graph.node("Gather", x, index, axis=1)
