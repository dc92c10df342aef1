"""Cuts the image: Reshape and Transpose."""

from vit2rtl.golden.program.program import Op
from vit2rtl.onnx.converter import Converter


def nodes(converter: Converter, op: Op, image: str) -> str:
    channels, height, width = converter.program.image.shape
    ph, pw = op.attributes["patch"]
    cut = converter.reshape(image, channels, height // ph, ph, width // pw, pw)
    cut = converter.graph.node("Transpose", cut, perm=[0, 2, 4, 1, 3, 5])
    return converter.reshape(cut, *op.output.shape)
