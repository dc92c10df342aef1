"""Cuts the image: Slice where there is more than whole patches, Reshape and Transpose."""

import numpy as np

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, image: str) -> str:
    channels, height, width = converter.program.image.shape
    ph, pw = op.attributes["patch"]
    whole = height // ph * ph, width // pw * pw
    if whole != (height, width):
        corners = {"starts": (0, 0), "ends": whole, "axes": (2, 3)}
        image = converter.graph.node("Slice", image, *(
            converter.graph.constant(role, sizes, np.int64) for role, sizes in corners.items()))
    cut = converter.reshape(image, channels, height // ph, ph, width // pw, pw)
    cut = converter.graph.node("Transpose", cut, perm=[0, 2, 4, 1, 3, 5])
    return converter.reshape(cut, *op.output.shape)
